//! `encast evaluate`: the judge's contract.

use crate::common::{keys, model, sh};

#[test]
fn the_json_is_the_contract() {
    let said = sh("evaluate --data $T --model $M --json").done();
    // The table is the one that the model learnt from, and people are told.
    assert!(said.err.contains("not figures of unseen titles"), "{}", said.err);
    let report = said.json();
    for key in ["rows", "titles", "split", "tier", "given", "targets"] {
        assert!(!report[key].is_null(), "{key}: {report}");
    }
    assert!(report.get("gates").is_none());
    assert_eq!((report["rows"].as_u64(), report["titles"].as_u64()), (Some(394), Some(12)));
    assert_eq!((&report["split"], &report["given"]), (&"model".into(), &"bitrate".into()));
    // The table has content columns, no probe.
    assert_eq!(report["tier"], "content");
    let vmaf = &report["targets"]["vmaf"];
    assert_eq!(vmaf["rows"].as_u64(), Some(394));
    for key in ["r2", "mae", "rmse", "within_2", "mae_of_mean"] {
        assert!(vmaf[key].as_f64().unwrap().is_finite(), "{key}: {vmaf}");
    }
    assert!(vmaf["mae"].as_f64() < vmaf["mae_of_mean"].as_f64());
    let interval = ["coverage", "mean_width", "nominal", "title_coverage_min", "worst_cell"];
    assert_eq!(keys(&vmaf["interval"]), interval);
    assert_eq!(vmaf["interval"]["nominal"], 0.9);
    let seconds = &report["targets"]["cpu_seconds"];
    for key in ["r2_log", "mape", "median_ape"] {
        assert!(seconds[key].as_f64().unwrap().is_finite(), "{key}: {seconds}");
    }
    assert!(seconds.get("within_2").is_none());
}

#[test]
fn folds_judge_the_training_by_title() {
    let report = sh("evaluate --data $T --folds 4 --targets vmaf --tier settings --seed 2 --json").done().json();
    assert_eq!((&report["split"], &report["tier"]), (&"title-4-fold".into(), &"settings".into()));
    assert_eq!(keys(&report["targets"]), ["vmaf"]);
    assert_eq!(report["targets"]["vmaf"]["rows"].as_u64(), Some(394));
    // Unseen titles are harder than those that were learnt from.
    let seen = sh("evaluate --data $T --model $M --tier settings --targets vmaf --json").done().json();
    assert_eq!(keys(&seen["targets"]), ["vmaf"]);
    assert!(seen["targets"]["vmaf"]["mae"].as_f64() < report["targets"]["vmaf"]["mae"].as_f64());
}

#[test]
fn with_the_crf_given_the_bitrate_is_forecast_and_rows_without_one_are_left_out() {
    let report = sh("evaluate --data $T --model $M --given crf --json").done().json();
    assert_eq!(report["given"], "crf");
    let with_crf = csv_rows_with_crf();
    assert!(with_crf > 0 && with_crf < 394);
    assert_eq!(report["targets"]["bitrate_kbps"]["rows"].as_u64(), Some(with_crf));
    assert_eq!(report["targets"]["vmaf"]["rows"].as_u64(), Some(with_crf));
    let left_out: u64 = report["excluded"].as_object().unwrap().values().filter_map(|v| v.as_u64()).sum();
    assert_eq!(left_out, 394 - with_crf);
    // The other way round the bitrate is known.
    let report = sh("evaluate --data $T --model $M --json").done().json();
    assert!(report["targets"].get("bitrate_kbps").is_none());
}

fn csv_rows_with_crf() -> u64 {
    let text = std::fs::read_to_string(crate::common::TABLE).unwrap();
    let at = text.lines().next().unwrap().split(',').position(|name| name == "crf").unwrap();
    text.lines().skip(1).filter(|line| line.split(',').nth(at).is_some_and(|crf| !crf.is_empty())).count() as u64
}

#[test]
fn people_read_a_table() {
    let said = sh("evaluate --data $T --model $M --given crf").done();
    for part in ["394 rows, 12 titles", "split model", "tier content", "crf given", "vmaf (0-100)", "psnr (dB)", "R²"]
    {
        assert!(said.out.contains(part), "'{part}' is not in:\n{}", said.out);
    }
    assert!(said.out.contains("left out "), "{}", said.out);
}

#[test]
fn gates_decide_the_exit_code() {
    let kept = sh("evaluate --data $T --model $M --json --require vmaf.mae<=40 --require content:psnr.r2=-1").done();
    assert_eq!(kept.json()["gates"][1]["passed"], true);
    let missed = sh("evaluate --data $T --model $M --json --require vmaf.mae<=0.001");
    assert_eq!(missed.code, 1);
    assert_eq!(missed.json()["gates"][0]["passed"], false);
    assert!(missed.err.contains("gate missed: vmaf.mae<=0.001: is "), "{}", missed.err);
    sh("evaluate --data $T --model $M --require probe:vmaf.mae<=40").is_bad(&["another tier"]);
}

#[test]
fn a_tier_that_the_table_does_not_hold_is_told() {
    let said = sh("evaluate --data $T --model $M --tier probe --json").done();
    assert_eq!(said.json()["tier"], "probe");
    assert!(said.err.contains("no inputs above tier content"), "{}", said.err);
    assert!(model().exists());
}
