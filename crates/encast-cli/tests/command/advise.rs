//! `encast advise`: ranking, limits, plots, FOCUS, clips, and wrong flags.

use std::fs;

use serde_json::{Value, json};

use crate::{
    analyze::clip,
    common::{folder, keys, run, sh, write},
};

const SOURCE: &str = "--source-resolution 1280x720 --fps 30 --si-mean 40 --ti-mean 8 --duration 60";

fn list<'a>(report: &'a Value, key: &str) -> &'a [Value] {
    report[key].as_array().unwrap()
}

fn cost(one: &Value) -> f64 {
    one["estimates"]["cost_usd"].as_f64().unwrap()
}

#[test]
fn proposals_are_ranked_and_are_what_recommend_and_predict_say() {
    let report = sh(&format!("advise {SOURCE} --target-vmaf 90 --json")).done().json();
    assert_eq!(
        keys(&report),
        [
            "against",
            "assurance",
            "best_reachable_vmaf",
            "duration_s",
            "limits",
            "max_bitrate_kbps",
            "min_bitrate_kbps",
            "model",
            "model_version",
            "notes",
            "proposals",
            "ranked_by",
            "rejected",
            "step_vmaf",
            "steps",
            "target_vmaf"
        ]
    );
    assert_eq!((&report["ranked_by"], &report["against"]), (&json!("cost_usd"), &json!("size_mb")));
    let proposals = list(&report, "proposals");
    assert!(proposals.len() > 10);
    assert!(proposals.windows(2).all(|pair| cost(&pair[0]) <= cost(&pair[1])));
    for one in [&proposals[0], &proposals[proposals.len() / 2]] {
        let of = |key: &str| one[key].as_str().unwrap().to_owned();
        let size = format!("{}x{}", one["resolution_width"], one["resolution_height"]);
        let same = format!("{SOURCE} --encoder {} --preset {} --resolution {size}", of("encoder"), of("preset"));
        let found = sh(&format!("recommend {same} --target-vmaf 90 --json")).done().json();
        assert_eq!(found["recommended_bitrate_kbps"], one["bitrate_kbps"]);
        let forecast = sh(&format!("predict {same} --bitrate {} --json", one["bitrate_kbps"])).done().json();
        for key in ["estimates", "intervals", "confidence", "size_mb", "out_of_range"] {
            assert_eq!(forecast[key], one[key], "{key}");
        }
    }
    // Along the front, a smaller encode costs more.
    let front: Vec<&Value> = proposals.iter().filter(|one| one["pareto"] == true).collect();
    assert!(front.len() > 1);
    assert!(front.windows(2).all(|pair| pair[1]["size_mb"].as_f64() < pair[0]["size_mb"].as_f64()));
    let steps = list(&report, "steps");
    assert_eq!(steps.len(), front.len());
    let step = &steps[0]["steps"][0];
    assert_eq!((&step["from_vmaf"], &step["to_vmaf"]), (&json!(88.0), &json!(90.0)));
    assert!(step["differences"]["bitrate_kbps"]["value"].as_f64().unwrap() > 0.0);

    let people = sh(&format!("advise {SOURCE} --target-vmaf 90 --top 3")).done();
    let rows = people.out.lines().take_while(|line| !line.starts_with('*')).filter(|line| line.contains("lib"));
    assert_eq!(rows.count(), 3, "{}", people.out);
    for part in ["The price of quality", "prices and carbon factors: one vCPU of aws", "more (--top)", "90 % interval"]
    {
        assert!(people.out.contains(part), "{part}: {}", people.out);
    }
    let csv = sh(&format!("advise {SOURCE} --target-vmaf 90 --csv")).done();
    assert_eq!(csv.out.lines().count(), proposals.len() + 1);
}

#[test]
fn encoders_presets_and_sizes_are_chosen_from() {
    let line = format!(
        "advise {SOURCE} --target-vmaf 80 --encoder libx264 --encoder libsvtav1 --preset medium --preset 8 \
         --sizes 960x540,1280x720 --by size --steps 0 --json"
    );
    let report = sh(&line).done().json();
    let names: Vec<String> = list(&report, "proposals")
        .iter()
        .map(|one| format!("{} {}", one["encoder"].as_str().unwrap(), one["preset"].as_str().unwrap()))
        .collect();
    assert_eq!(names.len() + list(&report, "rejected").len(), 4);
    assert!(names.iter().all(|name| name == "libx264 medium" || name == "libsvtav1 8"), "{names:?}");
    assert_eq!((&report["ranked_by"], &report["against"]), (&json!("size_mb"), &json!("cost_usd")));
    let codec = sh(&format!("advise {SOURCE} --target-vmaf 80 --codec vp9 --json")).done().json();
    assert!(list(&codec, "proposals").iter().all(|one| one["encoder"] == "libvpx-vp9"));
}

#[test]
fn limits_are_kept_and_no_is_exit_code_1() {
    let report = sh(&format!("advise {SOURCE} --deadline 20s --max-size 12 --max-co2 0.01 --json")).done().json();
    assert_eq!((&report["target_vmaf"], &report["against"]), (&Value::Null, &json!("vmaf")));
    assert_eq!(report["limits"]["max_encode_seconds"], 20.0);
    let proposals = list(&report, "proposals");
    for one in proposals {
        assert!(one["estimates"]["encode_seconds"].as_f64().unwrap() <= 20.0);
        assert!(one["size_mb"].as_f64().unwrap() <= 12.0 + 1e-9);
    }
    let vmaf = |one: &Value| one["assured_vmaf"].as_f64().unwrap();
    assert!(proposals.windows(2).all(|pair| vmaf(&pair[0]) >= vmaf(&pair[1])));

    let no = sh(&format!("advise {SOURCE} --target-vmaf 99.9 --max-bitrate 400 --json"));
    assert_eq!(no.code, 1);
    assert!(no.err.contains("nothing reaches VMAF 99.9: the best is"), "{}", no.err);
    let report = no.json();
    assert!(list(&report, "proposals").is_empty() && report["best_reachable_vmaf"].as_f64().unwrap() < 99.9);
    assert!(list(&report, "rejected").iter().all(|one| one["reason"] == "unreachable"));
    let dear = sh(&format!("advise {SOURCE} --target-vmaf 90 --budget 1e-9 --json"));
    assert_eq!(dear.code, 1);
    assert_eq!(list(&dear.json(), "rejected")[0]["limit"]["name"], "cost_usd");
    let unknown = sh(&format!("advise {SOURCE} --target-vmaf 90 --encoder libaom-av1"));
    assert_eq!(unknown.code, 1);
    assert!(unknown.out.contains("was never taught the encoder libaom-av1"), "{}", unknown.out);
    assert!(unknown.err.contains("can forecast none of it"), "{}", unknown.err);
}

#[test]
fn a_model_without_prices_says_how_to_get_them() {
    let said = sh(&format!("advise {SOURCE} --model $M --target-vmaf 70 --encoder libx264")).done();
    assert!(said.out.contains("--machine and --region, or --profile"), "{}", said.out);
    sh(&format!("advise {SOURCE} --model $M --target-vmaf 70 --by cost")).is_bad(&["cost_usd", "profile"]);
    sh(&format!("advise {SOURCE} --model $M --target-vmaf 70 --deadline 5")).is_bad(&["encode_seconds"]);
}

#[test]
fn clips_plots_and_focus() {
    let folder = folder();
    let clip = write(&folder, "clip.y4m", clip());
    let place = |name: &str| folder.path().join(name).display().to_string();
    let (svg, png, focus) = (place("a.svg"), place("a.png"), place("f.csv"));
    let shared = ["advise", clip.as_str(), "--target-vmaf", "40", "--encoder", "libx264"];
    let with = |more: &[&str]| run(&[&shared[..], more].concat());
    let report = with(&["--plot", &svg, "--focus", &focus, "--json"]).done().json();
    with(&["--plot", &png]).done();
    let drawn = fs::read_to_string(&svg).unwrap();
    for label in ["Pareto front", "Ways to VMAF 40: clip.y4m", "libx264 ", "cost_usd (USD)", "size_mb (MB)"] {
        assert!(drawn.contains(label), "{label}");
    }
    assert!(fs::read(&png).unwrap().starts_with(b"\x89PNG"));
    let mut reader = csv::Reader::from_path(&focus).unwrap();
    let names = reader.headers().unwrap().clone();
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let proposals = list(&report, "proposals");
    assert_eq!(rows.len(), proposals.len());
    let cell = |name: &str| rows[0].get(names.iter().position(|other| other == name).unwrap()).unwrap();
    assert_eq!(cell("EffectiveCost").parse::<f64>().unwrap(), cost(&proposals[0]));
    assert_eq!((cell("x_EncastRank"), cell("BillingCurrency"), cell("ChargePeriodStart")), ("1", "USD", ""));
    let tags: Value = serde_json::from_str(cell("Tags")).unwrap();
    assert_eq!((&tags["encoder"], &tags["title"]), (&json!("libx264"), &json!("clip.y4m")));
    let (hours, quantity) = (cell("ConsumedQuantity"), cell("PricingQuantity"));
    assert_eq!(hours.parse::<f64>().unwrap() * 3600.0, proposals[0]["estimates"]["cpu_seconds"].as_f64().unwrap());
    assert_eq!(quantity, hours);
}

#[test]
fn advice_at_a_site_is_priced_there() {
    let folder = folder();
    let focus = folder.path().join("f.csv").display().to_string();
    let line = format!("advise {SOURCE} --target-vmaf 80 --encoder libx264 --machine c5.2xlarge --region eu-north-1");
    let people = sh(&format!("{line} --focus {focus}")).done();
    assert!(people.out.contains("at c5.2xlarge in eu-north-1"), "{}", people.out);
    let report = sh(&format!("{line} --json")).done().json();
    let best = &list(&report, "proposals")[0];
    let mut reader = csv::Reader::from_path(&focus).unwrap();
    let names = reader.headers().unwrap().clone();
    let row = reader.records().next().unwrap().unwrap();
    let cell = |name: &str| row.get(names.iter().position(|other| other == name).unwrap()).unwrap();
    assert_eq!((cell("RegionId"), cell("ResourceType"), cell("PricingUnit")), ("eu-north-1", "c5.2xlarge", "Hours"));
    let price = cost(best) / cell("PricingQuantity").parse::<f64>().unwrap();
    let prices = sh("profiles prices --json").done().json();
    let of = |one: &&Value| one["region"] == "eu-north-1" && one["machine"] == "c5.2xlarge";
    let list_price = prices["prices"].as_array().unwrap().iter().find(of).unwrap()["usd_per_hour"].as_f64().unwrap();
    assert!((price / list_price - 1.0).abs() < 1e-9, "{price} beside {list_price}");
    // Nothing is fast enough there for a tenth of a second.
    let said = sh(&format!("{line} --deadline 0.1"));
    assert_eq!(said.code, 1, "{}", said.err);
}

#[test]
fn wrong_questions_are_bad_input() {
    for (line, parts) in [
        (format!("advise {SOURCE}"), &["target_vmaf", "limit"][..]),
        ("advise --fps 30 --target-vmaf 90".to_owned(), &["source_width"]),
        (format!("advise {SOURCE} --target-vmaf 101"), &["target_vmaf = 101", "at most 100"]),
        (format!("advise {SOURCE} --target-vmaf 90 --deadline soon"), &["--deadline", "2h"]),
        (format!("advise {SOURCE} --target-vmaf 90 --max-co2 -1"), &["max_co2_kg = -1", "above 0"]),
        (format!("advise {SOURCE} --target-vmaf 90 --by price"), &["known are time, cost, energy, co2, size"]),
        (format!("advise {SOURCE} --target-vmaf 90 --preset quickest"), &["preset 'quickest'"]),
        (format!("advise {SOURCE} --target-vmaf 90 --codec vp9 --encoder libx264"), &["encoder = libx264", "vp9"]),
        (format!("advise {SOURCE} --target-vmaf 90 --plot a.pdf"), &[".svg or .png"]),
        ("advise none.mp4 --target-vmaf 90".to_owned(), &["none.mp4"]),
    ] {
        sh(&line).is_bad(parts);
    }
}
