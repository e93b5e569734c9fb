//! `encast ladder`: rungs, plots, clips, the judge, and wrong flags.

use serde_json::Value;

use crate::{
    analyze::clip,
    common::{TABLE, folder, keys, run, sh, write},
};

const SOURCE: &str = "--source-resolution 1280x720 --fps 30 --encoder libx264 --si-mean 40 --ti-mean 8 --duration 10";

fn numbers(report: &Value, key: &str) -> Vec<f64> {
    report["rungs"].as_array().unwrap().iter().map(|rung| rung[key].as_f64().unwrap()).collect()
}

#[test]
fn rungs_rise_by_at_least_a_step() {
    let report = sh(&format!("ladder {SOURCE} --json")).done().json();
    assert_eq!(
        keys(&report),
        [
            "assurance",
            "best_vmaf",
            "bottom_vmaf",
            "dropped",
            "max_bitrate_kbps",
            "max_cost_usd",
            "max_encode_seconds",
            "min_bitrate_kbps",
            "min_bitrate_ratio",
            "model",
            "model_version",
            "rungs",
            "sizes",
            "step_vmaf",
            "top_vmaf"
        ]
    );
    assert_eq!(report["sizes"], serde_json::json!(["512x288", "640x360", "854x480", "960x540", "1280x720"]));
    let (vmaf, bitrates) = (numbers(&report, "predicted_vmaf"), numbers(&report, "bitrate_kbps"));
    assert!(vmaf.len() >= 3, "{vmaf:?}");
    assert!(vmaf.windows(2).all(|pair| pair[1] - pair[0] >= 6.0) && vmaf[0] >= 40.0, "{vmaf:?}");
    assert!(bitrates.windows(2).all(|pair| pair[1] > pair[0]));
    let heights = numbers(&report, "resolution_height");
    assert!(heights.windows(2).all(|pair| pair[1] >= pair[0]));
    // A rung is what predict says of it.
    let last = report["rungs"].as_array().unwrap().last().unwrap();
    let line = format!(
        "predict {SOURCE} --resolution {}x{} --bitrate {} --json",
        last["resolution_width"], last["resolution_height"], last["bitrate_kbps"]
    );
    let forecast = sh(&line).done().json();
    for key in ["predicted_vmaf", "predicted_psnr", "size_mb", "confidence", "out_of_range"] {
        assert_eq!(forecast[key], last[key], "{key}");
    }
    let people = sh(&format!("ladder {SOURCE}")).done();
    let rows = people.out.lines().filter(|line| line.starts_with(|first: char| first.is_ascii_digit()));
    assert!(people.out.contains("kbit/s") && rows.count() == vmaf.len(), "{}", people.out);
    let csv = sh(&format!("ladder {SOURCE} --csv")).done();
    assert_eq!(csv.out.lines().count(), vmaf.len() + 1);
    assert!(csv.out.starts_with("resolution_width,resolution_height,bitrate_kbps,crf,predicted_vmaf,"));
}

#[test]
fn given_bitrates_and_sizes() {
    let line = format!("ladder {SOURCE} --sizes 640x360,1280x720 --bitrates 300,900,900.5,3000 --assurance 0.8 --json");
    let report = sh(&line).done().json();
    assert_eq!(report["sizes"], serde_json::json!(["640x360", "1280x720"]));
    let rungs = numbers(&report, "bitrate_kbps");
    let dropped = report["dropped"].as_array().unwrap();
    assert_eq!(rungs.len() + dropped.len(), 4);
    assert!(dropped.iter().all(|dropped| dropped["reason"] == "dominated"), "{dropped:?}");
    let (assured, vmaf) = (numbers(&report, "assured_vmaf"), numbers(&report, "predicted_vmaf"));
    assert!(assured.iter().zip(&vmaf).all(|(assured, vmaf)| assured < vmaf));
}

#[test]
fn a_clip_tells_the_source_and_a_plot_is_drawn() {
    let folder = folder();
    let path = write(&folder, "clip.y4m", clip());
    let plot = folder.path().join("ladder.svg");
    let plot = plot.to_str().unwrap();
    let said =
        run(&["ladder", "--clip", &path, "--encoder", "libx265", "--plot", plot, "--bottom-vmaf", "10", "--json"]);
    let report = said.done().json();
    assert_eq!(report["sizes"].as_array().unwrap().len(), 1, "{report}");
    let svg = std::fs::read_to_string(plot).unwrap();
    for text in ["Bitrate ladder", "hull", "rung", "bitrate (kbit/s)", report["sizes"][0].as_str().unwrap()] {
        assert!(svg.contains(text), "{text}");
    }
}

#[test]
fn no_rung_is_no() {
    let said = sh(&format!("ladder {SOURCE} --top-vmaf 100 --bottom-vmaf 99.9 --json"));
    assert_eq!((said.code, said.json()["rungs"].as_array().unwrap().len()), (1, 0));
    assert!(said.err.contains("no rung: the best VMAF is"), "{}", said.err);
    let said = sh(&format!("ladder {SOURCE} --max-seconds 1e-6"));
    assert_eq!((said.code, said.out.as_str()), (1, ""));
    assert!(said.err.contains("limits"), "{}", said.err);
}

#[test]
fn wrong_flags_are_errors() {
    for (flags, parts) in [
        ("--fps 30", ["source_width", "missing"]),
        ("--source-resolution 1280x720 --step 0", ["step_vmaf", "0"]),
        ("--source-resolution 1280x720 --min-ratio 0.5", ["min_bitrate_ratio", "0.5"]),
        ("--source-resolution 1280x720 --bitrates 500,-3", ["bitrates_kbps", "-3"]),
        ("--source-resolution 1280x720 --sizes 640x360.5", ["640x360.5", "whole"]),
        ("--source-resolution 1280x720 --bitrates 500 --step 3", ["--bitrates", "--step"]),
        ("--source-resolution 1280x720 --plot l.pdf", ["l.pdf", ".svg"]),
        ("--source-resolution 1280x720 --folds 5", ["--judge", "required"]),
        ("--judge $T --fps 30", ["--judge", "flags"]),
        ("--judge $T --folds 13 --quiet", ["titles", "13"]),
    ] {
        sh(&format!("ladder {flags}")).is_bad(&parts);
    }
}

#[test]
fn the_judge_compares_with_a_fixed_ladder() {
    let report =
        run(&["ladder", "--judge", TABLE, "--folds", "2", "--tier", "settings", "--quiet", "--json"]).done().json();
    assert_eq!((&report["titles"], &report["split"]), (&12.into(), &"title-2-fold".into()));
    let ladders = report["ladders"].as_array().unwrap();
    let names: Vec<&str> = ladders.iter().map(|ladder| ladder["ladder"].as_str().unwrap()).collect();
    assert_eq!(names[0], "forecast, settings");
    assert_eq!(names.len(), 3);
    assert!(names[1].starts_with("fixed") && names[2].contains("measured"));
    let excess = |ladder: usize| ladders[ladder]["excess_mean"].as_f64().unwrap();
    assert!(excess(2) < excess(1), "{report}");
    let people = run(&["ladder", "--judge", TABLE, "--folds", "2", "--tier", "settings", "--quiet"]).done();
    assert!(people.out.contains("BD-rate") && people.out.contains("forecast, settings"), "{}", people.out);
}
