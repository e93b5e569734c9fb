//! `encast measure` through GStreamer: as good and as large as FFmpeg's encodes with the same settings.

use std::{ffi::OsStr, fs};

use crate::common::{command, said};
use crate::real_encodes::{CLIP, Row, ffmpeg, measure, number, program, rows};

const ENCODES: &str = r#"
[[encode]]
encoder = "libx264"
presets = ["veryfast"]
crf = [22, 33]
bitrate_kbps = [300]
sizes = [1.0, 0.5]
ENGINE

[[encode]]
encoder = "libx265"
presets = ["ultrafast"]
crf = [24.5, 34]
bitrate_kbps = [200]
sizes = [1.0]
ENGINE
"#;

#[test]
fn encodes_of_both_engines_are_much_the_same() {
    let (Some(ffmpeg), Some(_)) = (ffmpeg(), program("gst-launch-1.0")) else { return };
    let folder = tempfile::tempdir().unwrap();
    // Nothing of a path's name may be taken for a part of the pipeline.
    let work = folder.path().join("a \"b\" ! c\\d");
    fs::create_dir(&work).unwrap();
    let through = |engine: &str| ENCODES.replace("ENGINE", &format!("engine = \"{engine}\""));
    let grid = format!("{CLIP}{}{}", through("ffmpeg"), through("gstreamer"));
    measure(folder.path(), &grid, &ffmpeg, &["--work", work.to_str().unwrap()]).done();
    let (ours, theirs): (Vec<_>, Vec<_>) =
        rows(folder.path()).into_iter().partition(|row| row["engine"] == "gstreamer");
    assert_eq!((ours.len(), theirs.len()), (9, 9));
    for row in &ours {
        let key = ["encoder", "preset", "rate_control", "crf", "target_bitrate_kbps", "resolution_height"];
        let twin = theirs.iter().find(|twin| key.iter().all(|&column| twin[column] == row[column]));
        let twin = twin.unwrap_or_else(|| panic!("{row:?}"));
        let name = key.map(|column| row[column].as_str()).join(" ");
        let (vmaf, bitrate) =
            (number(row, "vmaf") - number(twin, "vmaf"), number(row, "bitrate_kbps") / number(twin, "bitrate_kbps"));
        println!(
            "{name}: VMAF {} {vmaf:+.2}, {} kbit/s x{bitrate:.3}, {} s CPU, FFmpeg {} s, {} MB, FFmpeg {} MB",
            row["vmaf"],
            row["bitrate_kbps"],
            row["cpu_seconds"],
            twin["cpu_seconds"],
            row["peak_memory_mb"],
            twin["peak_memory_mb"]
        );
        assert!(vmaf.abs() < 3.0, "{name}: VMAF {vmaf:+}");
        assert!((0.87..1.15).contains(&bitrate), "{name}: bitrate x{bitrate}");
        assert!(number(row, "cpu_seconds") > 0.0 && number(row, "peak_memory_mb") > 5.0, "{row:?}");
        assert!(row["engine_version"].starts_with("1."), "{}", row["engine_version"]);
        assert_ne!(row["engine_version"], twin["engine_version"]);
        // Each engine brings a library of its own, and both say which.
        assert!(!row["encoder_version"].is_empty() && !twin["encoder_version"].is_empty(), "{row:?}");
    }
    // More quality takes more bits: no cap of the element's own is in the way.
    let bitrate = |crf: &str| {
        let of = |row: &&Row| row["crf"] == crf && row["resolution_height"] == "180";
        number(ours.iter().find(of).unwrap(), "bitrate_kbps")
    };
    assert!(bitrate("22.0") > 2.0 * bitrate("33.0"));
    assert!(fs::read_dir(&work).unwrap().next().is_none(), "the working folder is left empty");
}

#[test]
fn what_gstreamer_can_not_do_is_said_before_anything_runs() {
    let Some(ffmpeg) = ffmpeg() else { return };
    let folder = tempfile::tempdir().unwrap();
    let encode = "[[encode]]\nengine = \"gstreamer\"\nencoder = \"libx264\"\npresets = [\"veryfast\"]\n";
    let bad = |more: &str, parts: &[&str]| {
        measure(folder.path(), &format!("{CLIP}{encode}{more}\n"), &ffmpeg, &[]).is_bad(parts);
        assert!(!folder.path().join("t.csv").exists());
    };
    bad("crf = [23.5]", &["encode[0].crf = 23.5", "0 to 50"]);
    bad("crf = [51]", &["encode[0].crf = 51"]);
    bad("crf = [23]\nframe_drop = [0.0, 0.2]", &["encode[0].frame_drop = 0.2", "gstreamer"]);
    bad("bitrate_kbps_two_pass = [300]", &["encode[0]", "two passes", "gstreamer"]);
    let of_grid = format!("frame_drop = [0.1]\n{CLIP}{encode}crf = [23]\n");
    measure(folder.path(), &of_grid, &ffmpeg, &[]).is_bad(&["encode[0].frame_drop = 0.1"]);
}

#[test]
fn a_missing_gstreamer_is_told_with_the_way_to_get_it() {
    let Some(ffmpeg) = ffmpeg() else { return };
    let folder = tempfile::tempdir().unwrap();
    let encode = "[[encode]]\nengine = \"gstreamer\"\nencoder = \"libx264\"\npresets = [\"veryfast\"]\ncrf = [23]\n";
    fs::write(folder.path().join("grid.toml"), format!("{CLIP}{encode}")).unwrap();
    let run = |name: &str, value: &OsStr| {
        let mut command = command();
        command.current_dir(folder.path()).env(name, value);
        command.args(["measure", "grid.toml", "--out", "t.csv", "--ffmpeg"]).arg(&ffmpeg);
        said(command.output().unwrap())
    };
    let empty = folder.path().join("empty");
    fs::create_dir(&empty).unwrap();
    run("PATH", empty.as_os_str()).is_bad(&["libx264", "gst-launch-1.0 is not installed", "apt-get install gstr"]);
    if program("gst-launch-1.0").is_some() {
        // No plugin is to be found: the program is there, its elements are not.
        run("GST_PLUGIN_SYSTEM_PATH", empty.as_os_str()).is_bad(&[
            "libx264",
            "no element",
            "gstreamer1.0-plugins-ugly",
        ]);
    }
    assert!(!folder.path().join("t.csv").exists());
}
