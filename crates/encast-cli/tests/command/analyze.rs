//! `encast analyze`: figures that `predict` takes, segments, and what bad clips get.

use std::fs;

use crate::common::{command, folder, run, said, write};

/// A Y4M clip of 64×48 luma with two scenes of 20 frames.
pub fn clip() -> Vec<u8> {
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
    assert_eq!(job.len(), 14, "{job:?}");
    let share = job["static_share"].as_f64().unwrap();
    assert!((0.0..1.0).contains(&share), "{share}: the scenes move, and the cut changes every block");
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
    for name in
        ["title", "si_mean", "si_std", "ti_mean", "spatial_energy", "luminance", "static_share", "source_frame_rate"]
    {
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
    assert!(one["static_share"].is_null() && one["request"].get("static_share").is_none());
    assert!(!run(&["analyze", &path]).done().out.contains("TI"));
}

#[test]
fn a_plot_shows_each_figure_and_cut() {
    let folder = folder();
    let path = write(&folder, "two scenes.y4m", clip());
    let svg = folder.path().join("a.svg");
    let draw = |clips: &[&str], out: &std::path::Path| {
        let mut command = command();
        said(command.arg("analyze").args(clips).arg("--plot").arg(out).output().unwrap()).done()
    };
    let table = draw(&[&path], &svg).out;
    assert_eq!(table, run(&["analyze", &path]).done().out);
    let text = fs::read_to_string(&svg).unwrap();
    for part in [
        "Complexity of two scenes.y4m",
        ">SI (8-bit luma)<",
        ">TI ",
        ">E (VCA)<",
        ">h (VCA)<",
        ">time (s)<",
        ">scene cut<",
    ] {
        assert!(text.contains(part), "{part}");
    }
    // Its one cut in four panels and the legend; a line of 40 points and three of 39.
    assert_eq!(text.matches("stroke-dasharray").count(), 5);
    let points = |line: &str| {
        line.split_once("points=\"").map_or(0, |(_, rest)| rest.split('"').next().unwrap().split(' ').count())
    };
    let lines: Vec<usize> = text.lines().filter(|line| line.starts_with("<polyline")).map(points).collect();
    assert_eq!(lines.iter().filter(|count| **count == 40).count(), 2);
    assert_eq!(lines.iter().filter(|count| **count == 39).count(), 2);
    let again = folder.path().join("b.svg");
    draw(&[&path], &again);
    assert_eq!(text, fs::read_to_string(&again).unwrap());
    draw(&[&path, &path], &again);
    let both = fs::read_to_string(&again).unwrap();
    assert!(both.contains("Complexity of 2 clips") && both.contains(">two scenes.y4m (2)<"));
    let png = folder.path().join("a.PNG");
    draw(&[&path], &png);
    assert!(fs::read(&png).unwrap().starts_with(b"\x89PNG"));
}

#[test]
fn a_plot_that_can_not_be_written_is_told_before_the_work() {
    let folder = folder();
    let path = write(&folder, "a.y4m", clip());
    run(&["analyze", &path, "--plot", "a.pdf"]).is_bad(&["a.pdf", ".svg or .png"]);
    run(&["analyze", "nowhere.y4m", "--plot", "/nowhere/a.svg"]).is_bad(&["/nowhere", "No such"]);
    let many = vec![path.as_str(); 13];
    run(&[&["analyze", "--plot", "a.svg"][..], &many].concat()).is_bad(&["at most 12 clips, 13"]);
    let out = folder.path().join("kept.svg");
    fs::write(&out, "old").unwrap();
    let cut = write(&folder, "cut.y4m", &clip()[..5000]);
    run(&["analyze", &cut, "--plot", &out.display().to_string()]).is_bad(&["cut.y4m"]);
    assert_eq!(fs::read_to_string(&out).unwrap(), "old");
}
