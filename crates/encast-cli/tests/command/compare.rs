//! `encast compare`: two encodes over shared flags.

use crate::common::{folder, keys, run, sh, write};

const SHARED: &str = "--resolution 1280x720 --fps 30 --encoder libx264 --si-mean 40 --ti-mean 8 --duration 10";

#[test]
fn differences_of_two_forecasts() {
    let report = sh(&format!("compare crf=23,preset=medium crf=32,preset=veryfast {SHARED} --json")).done().json();
    assert_eq!(keys(&report), ["a", "b", "differences", "model", "model_version"]);
    assert_eq!(report["a"]["request"]["preset"], "medium");
    let forecast = sh(&format!("predict {SHARED} --crf 32 --preset veryfast --json")).done().json();
    assert_eq!(report["b"]["forecast"], forecast);
    let vmaf = &report["differences"]["vmaf"];
    assert_eq!(keys(vmaf), ["clear", "lower", "ratio", "ratio_lower", "ratio_upper", "upper", "value"]);
    let value = |side: &str| report[side]["forecast"]["predicted_vmaf"].as_f64().unwrap();
    assert_eq!(vmaf["value"].as_f64(), Some(value("b") - value("a")));
    assert!(vmaf["ratio"].is_null());
    let time = &report["differences"]["cpu_seconds"];
    assert!(time["ratio"].as_f64().unwrap() < 1.0, "{time}");
    let people = sh(&format!("compare crf=23,preset=medium crf=32,preset=veryfast {SHARED}")).done();
    assert!(people.out.contains("B / A") && people.out.contains("cpu_seconds"), "{}", people.out);
}

#[test]
fn sides_are_lists_objects_or_files() {
    let folder = folder();
    let file = write(&folder, "b.json", r#"{"bitrate_kbps": 1500, "encoder": "libsvtav1", "preset": "8"}"#);
    let shared: Vec<&str> = SHARED.split_whitespace().chain(["--crf", "28", "--json"]).collect();
    let report = run(&[&["compare", r#"{"preset": "slow"}"#, &file], shared.as_slice()].concat()).done().json();
    let (a, b) = (&report["a"]["request"], &report["b"]["request"]);
    assert_eq!((&a["crf"], &a["preset"], &a["encoder"]), (&28.0.into(), &"slow".into(), &"libx264".into()));
    // A rate takes the place of the shared one, an encoder that of the shared encoder.
    assert!(b["crf"].is_null());
    assert_eq!((&b["bitrate_kbps"], &b["encoder"], &b["preset"]), (&1500.0.into(), &"libsvtav1".into(), &"8".into()));
    // The given bitrate is compared with the forecast one.
    assert!(report["differences"]["bitrate_kbps"]["ratio"].as_f64().is_some());
    let list = "encoder=libsvtav1,preset=8,bitrate=1500,resolution=640x360,fps=25";
    let report = run(&[&["compare", list, &file], shared.as_slice()].concat()).done().json();
    let a = &report["a"]["request"];
    assert_eq!((&a["resolution_width"], &a["frame_rate"], &a["preset"]), (&640.0.into(), &25.0.into(), &"8".into()));
}

#[test]
fn wrong_sides_are_errors() {
    for (sides, parts) in [
        ("crf=23 crf=oops", ["B", "oops"]),
        ("crf=23,speed=3 crf=28", ["A", "speed"]),
        ("crf=23,crf=24 crf=28", ["A", "twice"]),
        ("crf=23,medium crf=28", ["A", "medium"]),
        ("crf=23 crf=99", ["B", "99"]),
        ("crf=23 preset=slow", ["B", "bitrate_kbps"]),
        ("crf=23 resolution=big", ["B", "resolution"]),
        ("missing.json crf=23", ["missing.json", "No such"]),
        ("crf=23", ["<B>", "required"]),
    ] {
        sh(&format!("compare {sides} {SHARED}")).is_bad(&parts);
    }
    sh("compare crf=23 crf=28 --encoder libx264").is_bad(&["A", "resolution_width"]);
}
