//! `encast analyze`: figures that `predict` takes, segments, and what bad clips get.

use std::process::Command as Program;

use crate::common::{command, folder, run, said, write};

/// A Y4M clip of 64×48 luma with two scenes of 20 frames.
fn clip() -> Vec<u8> {
    let mut bytes = b"YUV4MPEG2 W64 H48 F10:1 Ip Cmono\n".to_vec();
    for n in 0..40 {
        bytes.extend_from_slice(b"FRAME\n");
        let base = if n < 20 { 40 } else { 160 };
        bytes.extend((0..64 * 48).map(|i| (base + ((i % 64 + n) * 3 + i / 64 * 5) % 50) as u8));
    }
    bytes
}

#[test]
fn its_json_is_a_request_once_the_job_is_added() {
    let folder = folder();
    let path = write(&folder, "two scenes.y4m", clip());
    let mut report = run(&["analyze", &path, "--json"]).done().json();
    assert_eq!((report["title"].as_str(), report["frames"].as_u64()), (Some("two scenes"), Some(40)));
    assert_eq!((report["duration_s"].as_f64(), report["source_width"].as_u64()), (Some(4.0), Some(64)));
    assert_eq!(report["scene_cuts"], serde_json::json!([20]));
    let (ti, motion) = (report["ti_mean"].as_f64().unwrap(), report["motion_intensity"].as_f64().unwrap());
    assert!((motion - ti / (ti + 10.0)).abs() < 1e-12);
    let job = report["request"].as_object_mut().unwrap();
    assert_eq!(job.len(), 13, "{job:?}");
    job.insert("bitrate_kbps".to_owned(), 2000.into());
    job.insert("resolution_width".to_owned(), 1280.into());
    job.insert("resolution_height".to_owned(), 720.into());
    job.insert("frame_rate".to_owned(), 30.into());
    let request = write(&folder, "request.json", report["request"].to_string());
    run(&["predict", "--request", &request, "--json"]).done();
}

#[test]
fn segments_scenes_csv_and_standard_input() {
    let folder = folder();
    let path = write(&folder, "a.y4m", clip());
    let scenes = run(&["analyze", &path, "--scenes", "--json"]).done().json();
    let of = |name: &str| -> Vec<u64> {
        scenes["segments"].as_array().unwrap().iter().map(|s| s[name].as_u64().unwrap()).collect()
    };
    assert_eq!((of("first_frame"), of("frames")), (vec![0, 20], vec![20, 20]));
    let csv = run(&["analyze", &path, &path, "--segment", "1.5", "--csv"]).done().out;
    assert_eq!(csv.lines().count(), 1 + 2 * 4);
    for name in ["title", "si_mean", "si_std", "ti_mean", "spatial_energy", "luminance", "source_frame_rate"] {
        assert!(csv.lines().next().unwrap().split(',').any(|column| column == name), "{name}");
    }
    let both = run(&["analyze", &path, &path, "--json", "--threads", "2"]).done().json();
    assert_eq!(both["clips"].as_array().unwrap().len(), 2);
    let table = run(&["analyze", &path]).done().out;
    assert!(table.contains("64x48") && table.lines().count() == 3, "{table}");
    let piped = said(command().args(["analyze", "-", "--json"]).write_stdin(clip()).output().unwrap()).done().json();
    assert_eq!((&piped["title"], &piped["si_mean"]), (&"stdin".into(), &both["clips"][0]["si_mean"]));
}

#[test]
fn bad_clips_are_told_apart() {
    let folder = folder();
    let whole = clip();
    let empty = write(&folder, "empty.y4m", "");
    let cut = write(&folder, "cut.y4m", &whole[..whole.len() - 100]);
    let none = write(&folder, "none.y4m", "YUV4MPEG2 W64 H48 F10:1\n");
    let interlaced = write(&folder, "i.y4m", "YUV4MPEG2 W64 H48 F10:1 It\n");
    for (path, parts) in [
        (empty.as_str(), &["empty.y4m: is empty"][..]),
        (&cut, &["cut.y4m: frame 39", "truncated", "of 3072"]),
        (&none, &["none.y4m: holds no frame"]),
        (&interlaced, &["i.y4m", "interlaced"]),
        ("nowhere.mp4", &["nowhere.mp4", "No such file"]),
    ] {
        run(&["analyze", path]).is_bad(parts);
    }
    said(command().args(["analyze", "-"]).write_stdin("RIFF").output().unwrap()).is_bad(&["-: is not Y4M"]);
    let good = write(&folder, "good.y4m", &whole);
    run(&["analyze", &good, "--segment", "0"]).is_bad(&["--segment is 0"]);
    run(&["analyze", &good, "--segment", "1", "--scenes"]).is_bad(&["--scenes"]);
    let other = write(&folder, "other.mp4", "not a video");
    let missing = command().env("ENCAST_FFMPEG", "/nowhere/ffmpeg").args(["analyze", &other]).output().unwrap();
    said(missing).is_bad(&["other.mp4: is not Y4M", "apt-get install ffmpeg"]);
}

#[test]
fn one_frame_has_no_temporal_figures() {
    let folder = folder();
    let frame = "YUV4MPEG2 W64 H48 F10:1 Ip Cmono\n".len() + 6 + 64 * 48;
    let path = write(&folder, "one.y4m", &clip()[..frame]);
    let one = run(&["analyze", &path, "--json"]).done().json();
    assert!(one["ti_mean"].is_null() && one["motion_intensity"].is_null() && one["si_mean"].is_f64(), "{one}");
    assert!(!run(&["analyze", &path]).done().out.contains("TI"));
}

/// Runs where ffmpeg is installed (or named by ENCAST_FFMPEG): decoding agrees with Y4M, and bad files are errors.
#[test]
fn other_formats_go_through_ffmpeg() {
    let ffmpeg = std::env::var_os("ENCAST_FFMPEG").unwrap_or_else(|| "ffmpeg".into());
    let folder = folder();
    let make = |name: &str, arguments: &[&str]| {
        let path = folder.path().join(name);
        Program::new(&ffmpeg).args(arguments).arg("-y").arg(&path).output().ok().filter(|o| o.status.success())?;
        Some(path.display().to_string())
    };
    let test = ["-f", "lavfi", "-i", "testsrc=size=98x74:duration=1:rate=12", "-pix_fmt", "yuv420p10le"];
    let Some(video) = make("v.mkv", &[&test[..], &["-c:v", "ffv1"]].concat()) else {
        eprintln!("left out: no ffmpeg");
        return;
    };
    let plain = make("v.y4m", &["-i", &video, "-strict", "-1"]).unwrap();
    let decoded = run(&["analyze", &video, "--json"]).done().json();
    assert_eq!((decoded["bit_depth"].as_u64(), decoded["frames"].as_u64()), (Some(10), Some(12)));
    assert_eq!(decoded, run(&["analyze", &plain, "--json"]).done().json());
    let audio = make("a.wav", &["-f", "lavfi", "-i", "sine=duration=1"]).unwrap();
    run(&["analyze", &audio]).is_bad(&["a.wav: ffmpeg found no video"]);
    let corrupt = write(&folder, "corrupt.mp4", vec![7_u8; 5000]);
    run(&["analyze", &corrupt]).is_bad(&["corrupt.mp4: ffmpeg found no video"]);
}
