//! `encast analyze` through a real ffmpeg: odd, damaged and dishonest inputs. Left out where there is no ffmpeg
//! (ENCAST_FFMPEG, or `ffmpeg` on PATH); scripts/setup.sh --test installs one.

use std::{ffi::OsString, fs, process::Command as Program, time::Duration};

use serde_json::Value;
use tempfile::TempDir;

use crate::common::{Said, command, folder, run, said, write};

/// Makes clips.
struct Maker {
    ffmpeg: OsString,
    folder: TempDir,
}

/// Two seconds of a moving pattern.
const PATTERN: &str = "testsrc2=size=96x64:rate=25:duration=2";

impl Maker {
    fn new() -> Option<Maker> {
        let ffmpeg = std::env::var_os("ENCAST_FFMPEG").unwrap_or_else(|| "ffmpeg".into());
        if Program::new(&ffmpeg).arg("-version").output().is_err() {
            eprintln!("left out: no ffmpeg");
            return None;
        }
        Some(Maker { ffmpeg, folder: folder() })
    }

    /// A clip of a lavfi source, with further arguments.
    #[track_caller]
    fn make(&self, name: &str, source: &str, arguments: &str) -> String {
        let path = self.folder.path().join(name);
        let mut program = Program::new(&self.ffmpeg);
        program.args(["-v", "error", "-nostdin", "-y", "-f", "lavfi", "-i", source]).args(arguments.split_whitespace());
        let made = program.arg(&path).output().unwrap();
        assert!(made.status.success(), "{name}: {}", String::from_utf8_lossy(&made.stderr));
        path.display().to_string()
    }

    /// A copy of a file with other bytes.
    fn damaged(&self, path: &str, name: &str, damage: impl Fn(&mut Vec<u8>)) -> String {
        let mut bytes = fs::read(path).unwrap();
        damage(&mut bytes);
        write(&self.folder, name, bytes)
    }
}

/// Analyses within a minute: nothing hangs.
fn analyze(path: &str, more: &[&str]) -> Said {
    said(command().timeout(Duration::from_secs(60)).args(["analyze", path, "--json"]).args(more).output().unwrap())
}

fn of<'a>(report: &'a Value, name: &str) -> &'a Value {
    report.get(name).unwrap_or_else(|| panic!("no {name} in {report}"))
}

#[test]
fn decoding_agrees_with_y4m() {
    let Some(maker) = Maker::new() else { return };
    // Odd sizes, which 4:2:0 rounds up; even ones where ffmpeg 5 writes Y4M of odd widths wrong.
    for (name, size, format) in [
        ("a", "97x75", "yuv420p"),
        ("b", "98x75", "yuv420p10le"),
        ("c", "97x75", "yuv422p"),
        ("d", "97x75", "yuv444p12le"),
        ("e", "97x75", "gray"),
        ("f", "97x75", "yuvj420p"),
    ] {
        let source = format!("testsrc=size={size}:duration=1:rate=12");
        let codec = if name == "f" { "mjpeg" } else { "ffv1" };
        let video = maker.make(&format!("{name}.mkv"), &source, &format!("-pix_fmt {format} -c:v {codec}"));
        let plain = maker.folder.path().join(format!("{name}.y4m")).display().to_string();
        let made = Program::new(&maker.ffmpeg).args(["-v", "error", "-i", &video, "-strict", "-1", &plain]).status();
        assert!(made.unwrap().success());
        let decoded = analyze(&video, &[]).done();
        assert_eq!(decoded.err, "");
        let (mut decoded, mut plain) = (decoded.json(), analyze(&plain, &[]).done().json());
        assert_eq!((of(&decoded, "frames"), of(&decoded, "source_height")), (&12.into(), &75.into()));
        assert_eq!(decoded["variable_frame_rate"].take(), Value::Bool(false));
        assert_eq!(plain["variable_frame_rate"].take(), Value::Null);
        assert_eq!(decoded, plain);
    }
    let source = "testsrc=size=97x75:duration=1:rate=12";
    let odd = maker.make("odd.mkv", source, "-pix_fmt yuv420p10le -c:v ffv1");
    let eight = maker.make("eight.mkv", source, "-pix_fmt yuv420p -c:v ffv1");
    let (odd, eight) = (analyze(&odd, &[]).done().json(), analyze(&eight, &[]).done().json());
    let near = |name: &str| (of(&odd, name).as_f64().unwrap() / of(&eight, name).as_f64().unwrap() - 1.0).abs() < 0.01;
    assert!(
        of(&odd, "bit_depth") == 10 && near("si_mean") && near("spatial_energy") && near("ti_mean"),
        "{odd} {eight}"
    );
}

#[test]
fn inputs_without_a_picture_are_errors() {
    let Some(maker) = Maker::new() else { return };
    let sound = maker.make("a.wav", "sine=duration=1", "");
    analyze(&sound, &[]).is_bad(&["a.wav: ffmpeg found no video", "matches no streams"]);
    // A cover picture is no video.
    let covered = maker.folder.path().join("cover.mkv").display().to_string();
    let cover = maker.make("cover.png", PATTERN, "-frames:v 1");
    let made = Program::new(&maker.ffmpeg)
        .args(["-v", "error", "-y", "-i", &sound, "-attach", &cover, "-metadata:s:t", "mimetype=image/png"])
        .args(["-metadata:s:t", "filename=cover.png", "-c:a", "flac", &covered])
        .status()
        .unwrap();
    assert!(made.success());
    analyze(&covered, &[]).is_bad(&["cover.mkv: ffmpeg found no video"]);
    let noise = write(&maker.folder, "noise.mp4", vec![7_u8; 5000]);
    analyze(&noise, &[]).is_bad(&["noise.mp4: ffmpeg found no video", "moov atom not found"]);
    let nothing = write(&maker.folder, "nothing.mp4", "");
    analyze(&nothing, &[]).is_bad(&["nothing.mp4: is empty"]);
    let colours = maker.make("rgb.mkv", PATTERN, "-pix_fmt bgr0 -c:v ffv1");
    analyze(&colours, &[]).is_bad(&["rgb.mkv: its pixels hold no plane of luma", "-pix_fmt yuv444p"]);
    let interlaced = maker.make("i.mkv", PATTERN, "-vf setfield=tff,format=yuv420p -c:v ffv1");
    analyze(&interlaced, &[]).is_bad(&["i.mkv", "interlaced"]);
}

#[test]
fn truncated_and_corrupt_clips_are_errors() {
    let Some(maker) = Maker::new() else { return };
    let start = maker.make("start.mp4", PATTERN, "-pix_fmt yuv420p -c:v mpeg4 -movflags +faststart");
    let end = maker.make("end.mp4", PATTERN, "-pix_fmt yuv420p -c:v mpeg4");
    let blocks = maker.make("whole.mkv", PATTERN, "-pix_fmt yuv420p -c:v ffv1 -slicecrc 1 -level 3");
    for path in [&start, &end, &blocks] {
        assert_eq!(of(&analyze(path, &[]).done().json(), "frames"), &50);
    }
    let half = |bytes: &mut Vec<u8>| bytes.truncate(bytes.len() / 2);
    analyze(&maker.damaged(&start, "half_start.mp4", half), &[]).is_bad(&["half_start.mp4: ffmpeg could not decode"]);
    analyze(&maker.damaged(&end, "half_end.mp4", half), &[]).is_bad(&["half_end.mp4: ffmpeg found no video", "moov"]);
    analyze(&maker.damaged(&blocks, "half.mkv", half), &[]).is_bad(&["half.mkv: ffmpeg could not decode"]);
    let holes = |bytes: &mut Vec<u8>| {
        let third = bytes.len() / 3;
        bytes[third..].chunks_mut(997).for_each(|chunk| chunk[0] ^= 0x5a);
    };
    analyze(&maker.damaged(&blocks, "holes.mkv", holes), &[]).is_bad(&["holes.mkv: ffmpeg could not decode"]);
    // Whatever the damage: an answer or an error, and no panic.
    for n in 0..12_usize {
        let path = [&start, &end, &blocks][n % 3];
        let seven = |bytes: &mut Vec<u8>| {
            let length = bytes.len();
            (0..7).for_each(|k| bytes[(n * 7919 + k * 104_729) % length] = (n * 31 + k) as u8);
        };
        let ending = path.rsplit('.').next().unwrap();
        let said = analyze(&maker.damaged(path, &format!("d{n}.{ending}"), seven), &[]);
        match said.code {
            0 => assert!(of(&said.json(), "frames").as_u64() > Some(0)),
            _ => said.is_bad(&[&format!("d{n}.{ending}")]),
        }
    }
}

#[test]
fn one_frame_and_high_dynamic_range() {
    let Some(maker) = Maker::new() else { return };
    let one = maker.make("one.mp4", PATTERN, "-frames:v 1 -pix_fmt yuv420p -c:v mpeg4");
    let report = analyze(&one, &[]).done().json();
    assert_eq!(
        (of(&report, "frames"), of(&report, "ti_mean"), of(&report, "duration_s")),
        (&1.into(), &Value::Null, &0.04.into())
    );
    let plain = maker.make("plain.mkv", PATTERN, "-pix_fmt yuv420p10le -c:v ffv1");
    let plain = analyze(&plain, &[]).done().json();
    for transfer in ["smpte2084", "arib-std-b67"] {
        let tags = format!("setparams=color_primaries=bt2020:colorspace=bt2020nc:color_trc={transfer}");
        let path = maker.make("plain.mkv", PATTERN, &format!("-vf format=yuv420p10le,{tags} -c:v ffv1"));
        let said = analyze(&path, &[]).done();
        // Code values are measured as they are, and nothing needs saying.
        assert_eq!((said.json(), said.err.as_str()), (plain.clone(), ""));
    }
    assert_eq!(of(&plain, "bit_depth"), 10);
}

#[test]
fn a_portrait_clip_is_measured_as_it_is_shown() {
    let Some(maker) = Maker::new() else { return };
    let flat = maker.make("flat.mp4", PATTERN, "-pix_fmt yuv420p -c:v mpeg4");
    let turned = maker.damaged(&flat, "turned.mp4", |bytes| {
        // The track's matrix: a quarter turn.
        let track = bytes.windows(4).position(|name| name == b"tkhd").unwrap() + 44;
        let matrix = [0, 0x1_0000, 0, -0x1_0000, 0, 0, 64 << 16, 0, 0x4000_0000_i32];
        let matrix: Vec<u8> = matrix.into_iter().flat_map(i32::to_be_bytes).collect();
        bytes[track..track + 36].copy_from_slice(&matrix);
    });
    let (flat, turned) = (analyze(&flat, &[]).done().json(), analyze(&turned, &[]).done().json());
    assert_eq!((of(&flat, "source_width"), of(&turned, "source_width")), (&96.into(), &64.into()));
    let (flat, turned) = (of(&flat, "ti_mean").as_f64().unwrap(), of(&turned, "ti_mean").as_f64().unwrap());
    assert!((flat - turned).abs() < 1e-9, "{flat} {turned}");
}

#[test]
fn a_variable_frame_rate_is_told_and_timed() {
    let Some(maker) = Maker::new() else { return };
    // 25 frames of 0.04 s, then 5 of 0.2 s; Y4M would say 30 frames at 25 a second.
    let path = maker.make(
        "v.mkv",
        PATTERN,
        "-vf select='if(lt(n,25),1,not(mod(n,5)))',format=yuv420p -fps_mode passthrough -c:v ffv1",
    );
    let said = analyze(&path, &["--scenes"]).done();
    assert!(
        said.err.starts_with("encast: warning: ") && said.err.contains("v.mkv: has a variable frame rate"),
        "{}",
        said.err
    );
    let report = said.json();
    assert_eq!((of(&report, "frames"), of(&report, "variable_frame_rate")), (&30.into(), &true.into()));
    let number = |name: &str| of(&report, name).as_f64().unwrap();
    // The last frame is shown at 1.8 s, and stays for 0.04 s.
    assert!(
        (number("duration_s") - 1.84).abs() < 0.002 && (number("source_frame_rate") - 30.0 / 1.84).abs() < 0.02,
        "{report}"
    );
    assert!(report["segments"][0]["duration_s"].is_null());
    analyze(&path, &["--segment", "1"]).is_bad(&["v.mkv", "constant rate", "--scenes"]);
    let out = maker.folder.path().join("v.svg").display().to_string();
    run(&["analyze", &path, "--plot", &out]).done();
    // The axis reaches to the last frame, at 1.8 s, not to 1.16 s.
    assert!(fs::read_to_string(&out).unwrap().contains(">1.8</text>"));
    // One gap: its place in time is told, and segments still count frames.
    let gap =
        maker.make("gap.mkv", PATTERN, "-vf select='not(eq(n,48))',format=yuv420p -fps_mode passthrough -c:v ffv1");
    let report = analyze(&gap, &["--segment", "1"]).done().json();
    assert!((of(&report, "duration_s").as_f64().unwrap() - 2.0).abs() < 0.002, "{report}");
    assert_eq!((of(&report, "frames"), report["segments"].as_array().unwrap().len()), (&49.into(), 2));
    // Milliseconds, to which the container rounds, are no variation.
    let steady = maker.make("s.mkv", "testsrc2=size=96x64:rate=60000/1001:duration=2", "-pix_fmt yuv420p -c:v ffv1");
    let said = analyze(&steady, &[]).done();
    assert_eq!((of(&said.json(), "variable_frame_rate"), said.err.as_str()), (&false.into(), ""));
    let rate = of(&said.json(), "source_frame_rate").as_f64().unwrap();
    assert!((rate - 60000.0 / 1001.0).abs() < 1e-4, "{rate}");
}
