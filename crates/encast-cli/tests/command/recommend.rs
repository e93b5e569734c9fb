//! `encast recommend`: reached, unreachable, and wrong limits.

use crate::common::{keys, sh};

const ENCODE: &str = "--resolution 1280x720 --fps 30 --codec h264 --si-mean 40 --ti-mean 8";

#[test]
fn a_target_that_is_reached() {
    let said = sh(&format!("recommend --model $M {ENCODE} --target-vmaf 70 --json")).done();
    let report = said.json();
    assert_eq!(
        keys(&report),
        [
            "bandwidth_mbps",
            "best_reachable_at_kbps",
            "best_reachable_interval",
            "best_reachable_vmaf",
            "confidence",
            "interval",
            "max_bitrate_kbps",
            "min_bitrate_kbps",
            "model",
            "model_version",
            "out_of_range",
            "predicted_vmaf",
            "reached",
            "recommended_bitrate_kbps",
            "resolution",
            "size_mb",
            "target_vmaf"
        ]
    );
    assert_eq!(report["reached"], true);
    assert_eq!((&report["target_vmaf"], &report["resolution"]), (&70.0.into(), &"1280x720".into()));
    let bitrate = report["recommended_bitrate_kbps"].as_f64().unwrap();
    assert!((100.0..=50_000.0).contains(&bitrate));
    assert!(report["predicted_vmaf"].as_f64().unwrap() >= 70.0);
    assert!(report["best_reachable_vmaf"].is_null());

    // predict agrees, there and with the recommendation of its own.
    let line = format!("predict --model $M {ENCODE} --bitrate {bitrate} --target-vmaf 70 --json");
    let forecast = sh(&line).done().json();
    assert!(forecast["predicted_vmaf"].as_f64().unwrap() >= 70.0 - 1e-9);
    assert_eq!(forecast["recommended_bitrate_kbps"].as_f64(), Some(bitrate));
    // And it is the smallest.
    let line = format!("predict --model $M {ENCODE} --bitrate {} --json", bitrate * 0.98);
    assert!(bitrate < 102.0 || sh(&line).json()["predicted_vmaf"].as_f64().unwrap() < 70.0);

    let people = sh(&format!("recommend --model $M {ENCODE} --target-vmaf 70")).done();
    assert!(people.out.contains("recommended bitrate"), "{}", people.out);
}

#[test]
fn a_target_that_no_allowed_bitrate_reaches_is_no() {
    let line = format!("recommend --model $M {ENCODE} --target-vmaf 99 --max-bitrate 110 --json");
    let said = sh(&line);
    assert_eq!(said.code, 1, "{}", said.err);
    let report = said.json();
    assert_eq!(report["reached"], false);
    assert!(report["recommended_bitrate_kbps"].is_null() && report["predicted_vmaf"].is_null());
    let best = report["best_reachable_vmaf"].as_f64().unwrap();
    assert!(best > 0.0 && best < 99.0);
    assert!(said.err.contains("unreachable") && said.err.contains("the best is"), "{}", said.err);
    let people = sh(line.trim_end_matches(" --json"));
    assert_eq!((people.code, people.out.as_str()), (1, ""));
}

#[test]
fn wrong_targets_and_limits_are_errors() {
    for (flags, parts) in [
        ("--target-vmaf 0", ["target_vmaf", "0"]),
        ("--target-vmaf 101", ["target_vmaf", "101"]),
        ("--target-vmaf NaN", ["target_vmaf", "NaN"]),
        ("--min-bitrate -1", ["min_bitrate_kbps", "-1"]),
        ("--max-bitrate inf", ["max_bitrate_kbps", "inf"]),
        ("--min-bitrate 2000 --max-bitrate 1000", ["bitrate_kbps", "1000"]),
        ("--si-mean -3", ["si_mean", "-3"]),
    ] {
        sh(&format!("recommend --model $M --resolution 1280x720 --fps 30 {flags}")).is_bad(&parts);
    }
}
