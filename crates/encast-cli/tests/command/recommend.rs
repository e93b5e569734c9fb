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
            "assurance",
            "assured_vmaf",
            "bandwidth_mbps",
            "best_reachable_at_crf",
            "best_reachable_at_kbps",
            "best_reachable_interval",
            "best_reachable_vmaf",
            "confidence",
            "cost_usd",
            "encode_seconds",
            "for",
            "interval",
            "limit",
            "max_bitrate_kbps",
            "max_cost_usd",
            "max_crf",
            "max_encode_seconds",
            "min_bitrate_kbps",
            "min_crf",
            "model",
            "model_version",
            "out_of_range",
            "predicted_vmaf",
            "reached",
            "recommended_bitrate_kbps",
            "recommended_crf",
            "resolution",
            "size_mb",
            "target_vmaf",
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
        ("--assurance 0.3", ["assurance", "0.3"]),
        ("--max-seconds 0", ["max_encode_seconds", "0"]),
        ("--max-cost NaN", ["max_cost_usd", "NaN"]),
        ("--for crf", ["codec", "missing"]),
        ("--for crf --codec h264 --max-crf 60", ["max_crf", "60"]),
        ("--for size", ["--for", "size"]),
        ("--max-seconds 5", ["encode_seconds", "not predicted"]),
    ] {
        sh(&format!("recommend --model $M --resolution 1280x720 --fps 30 {flags}")).is_bad(&parts);
    }
}

#[test]
fn a_crf_is_the_highest_that_reaches() {
    let line = format!("recommend --model $M {ENCODE} --for crf --target-vmaf 60 --json");
    let report = sh(&line).done().json();
    assert_eq!((&report["for"], &report["reached"]), (&"crf".into(), &true.into()));
    assert!(report["recommended_bitrate_kbps"].is_null());
    let crf = report["recommended_crf"].as_f64().unwrap();
    let vmaf = |crf: f64| {
        let line = format!("predict --model $M {ENCODE} --crf {crf} --json");
        sh(&line).done().json()["predicted_vmaf"].as_f64().unwrap()
    };
    assert_eq!(report["predicted_vmaf"].as_f64(), Some(vmaf(crf)));
    assert!(vmaf(crf) >= 60.0 && (crf == 51.0 || vmaf(crf + 1.0) < 60.0));
    // Of the model's own bitrate at that CRF.
    assert!(report["bandwidth_mbps"].as_f64().unwrap() > 0.0);
    let people = sh(line.trim_end_matches(" --json")).done();
    assert!(people.out.contains("recommended CRF"), "{}", people.out);
}

#[test]
fn an_assurance_holds_the_lower_bound_against_the_target() {
    let ask = |more: &str| sh(&format!("recommend {ENCODE} --encoder libx264 --target-vmaf 70 {more} --json"));
    let free = ask("").done().json();
    let sure = ask("--assurance 0.95").done().json();
    let bitrate = |report: &serde_json::Value| report["recommended_bitrate_kbps"].as_f64().unwrap();
    assert!(bitrate(&sure) > bitrate(&free));
    // 0.95 is the lower end of the 90 % interval.
    let lower = sure["interval"]["lower"].as_f64().unwrap();
    assert!(lower >= 70.0 && (sure["assured_vmaf"].as_f64().unwrap() - lower).abs() < 1e-9);
    assert_eq!(free["assured_vmaf"], free["predicted_vmaf"]);
    let said = ask("--assurance 0.99 --max-bitrate 200");
    assert_eq!((said.code, said.json()["reached"].as_bool()), (1, Some(false)));
    assert!(said.err.contains("probability 0.99") && said.err.contains("forecast"), "{}", said.err);
}

#[test]
fn a_limit_in_the_way_is_named() {
    let ask =
        |more: &str| sh(&format!("recommend {ENCODE} --encoder libx264 --duration 10 --target-vmaf 70 {more} --json"));
    let roomy = ask("--max-seconds 10000 --max-cost 1000").done().json();
    assert!(roomy["limit"].is_null() && roomy["encode_seconds"].as_f64().unwrap() <= 10_000.0);
    let said = ask("--max-cost 1e-9");
    assert_eq!(said.code, 1, "{}", said.err);
    let limit = &said.json()["limit"];
    assert_eq!((&limit["name"], &limit["allowed"]), (&"cost_usd".into(), &1e-9.into()));
    assert!(limit["forecast"].as_f64().unwrap() > 1e-9 && limit["needed_vmaf"].as_f64().unwrap() >= 70.0);
    assert!(limit["needed_bitrate_kbps"].as_f64().unwrap() >= 100.0 && limit["needed_crf"].is_null());
    assert!(said.err.contains("cost_usd") && said.err.contains("nothing keeps the limits"), "{}", said.err);
    // The recommendation of a forecast heeds the same limits.
    let line = format!("predict {ENCODE} --encoder libx264 --bitrate 500 --target-vmaf 70 --max-cost 1e-9 --json");
    let forecast = sh(&line).done().json();
    assert_eq!((&forecast["target_unreachable"], &forecast["recommended_bitrate_kbps"]), (&true.into(), &().into()));
}
