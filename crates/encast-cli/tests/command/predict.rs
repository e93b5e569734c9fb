//! `encast predict` of one encode and of the built-in ones.

use crate::common::{command, folder, keys, said, sh, write};

const KEYS: [&str; 16] = [
    "best_reachable_vmaf",
    "confidence",
    "estimates",
    "ignored",
    "intervals",
    "model_version",
    "out_of_range",
    "predicted_co2_kg",
    "predicted_cost_usd",
    "predicted_psnr",
    "predicted_vmaf",
    "recommended_bitrate_kbps",
    "size_mb",
    "bandwidth_mbps",
    "target_unreachable",
    "target_vmaf",
];

fn sorted_keys() -> Vec<&'static str> {
    let mut keys = KEYS.to_vec();
    keys.sort_unstable();
    keys
}

const ENCODE: &str = "--resolution 1280x720 --fps 30 --encoder libx264 --preset medium --si-mean 40 --ti-mean 8";

#[test]
fn one_encode_as_json() {
    let line = format!("predict --model $M --bitrate 2000 --duration 60 {ENCODE} --json");
    let report = sh(&line).done().json();
    assert_eq!(keys(&report), sorted_keys());
    let vmaf = report["predicted_vmaf"].as_f64().unwrap();
    assert!((0.0..=100.0).contains(&vmaf));
    assert_eq!(report["estimates"]["vmaf"].as_f64(), Some(vmaf));
    let bounds = &report["intervals"]["vmaf"];
    assert_eq!(keys(bounds), ["lower", "upper"]);
    assert!(bounds["lower"].as_f64().unwrap() <= vmaf && vmaf <= bounds["upper"].as_f64().unwrap());
    assert!((0.0..=1.0).contains(&report["confidence"].as_f64().unwrap()));
    // 2000 kbit/s for 60 s.
    assert_eq!((&report["size_mb"], &report["bandwidth_mbps"]), (&15.0.into(), &2.0.into()));
    // The model learnt no cost and has no profile: unknown, not 0.
    assert!(report["predicted_cost_usd"].is_null() && report["predicted_co2_kg"].is_null());
    assert!(report["estimates"]["cpu_seconds"].as_f64().unwrap() > 0.0);
}

#[test]
fn a_profile_gives_cost_and_carbon() {
    let folder = folder();
    let text = r#"{"name":"x","usd_per_cpu_hour":3.6,"watts_per_cpu":10,"pue":1.5,"grid_g_per_kwh":400,"source":"t"}"#;
    let profile = write(&folder, "p.json", text);
    let line = format!("predict --model $M --bitrate 2000 {ENCODE} --profile {profile} --json");
    let report = sh(&line).done().json();
    let seconds = report["estimates"]["cpu_seconds"].as_f64().unwrap();
    let cost = report["predicted_cost_usd"].as_f64().unwrap();
    assert!((cost / (seconds / 1000.0) - 1.0).abs() < 1e-9, "{cost} USD for {seconds} s at 0.001 USD a second");
    assert!(report["predicted_co2_kg"].as_f64().unwrap() > 0.0);
}

#[test]
fn people_read_a_table() {
    let said = sh(&format!("predict --model $M --bitrate 90000 {ENCODE} --bit-depth 8")).done();
    for part in ["vmaf", "psnr", "not predicted", "confidence (0-1): ", "recommended bitrate for VMAF 93: "] {
        assert!(said.out.contains(part), "'{part}' is not in:\n{}", said.out);
    }
    let flagged = said.out.lines().find(|line| line.starts_with("outside of what the model saw: ")).unwrap();
    assert!(flagged.contains("bitrate_kbps"), "{flagged}");
    let cost = said.out.lines().find(|line| line.contains("cost_usd")).unwrap();
    assert!(cost.contains("not predicted") && !cost.contains('0'), "{cost}");
}

#[test]
fn the_builtin_encodes() {
    let said = sh("predict --model $M --builtin").done();
    let names = ["720p30_2mbps", "1080p30_4mbps", "1080p60_6mbps", "4k30_15mbps"];
    for name in names {
        assert!(said.out.contains(name), "{}", said.out);
    }
    let report = sh("predict --model $M --builtin --json").done().json();
    let encodes = report["encodes"].as_array().unwrap();
    assert_eq!(encodes.len(), 4);
    for (encode, name) in encodes.iter().zip(names) {
        assert_eq!(keys(encode), ["forecast", "name", "request"]);
        assert_eq!(encode["name"], name);
        assert_eq!(keys(&encode["forecast"]), sorted_keys());
    }
    assert_eq!(encodes[3]["request"]["resolution_width"], 3840.0);
    assert_eq!(encodes[3]["request"]["frame_drop"], 0.005);
    // The first of them by flags.
    let flags = "--bitrate 2000 --resolution 1280x720 --fps 30 --frame-drop 0.01 --motion 0.5";
    assert_eq!(sh(&format!("predict --model $M {flags} --json")).done().json(), encodes[0]["forecast"]);
}

#[test]
fn a_request_from_a_file_or_standard_input_and_flags_over_it() {
    let folder = folder();
    let text = r#"{"bitrate_kbps":900,"resolution_width":1280,"resolution_height":720,"frame_rate":30,"codec":"h264"}"#;
    let file = write(&folder, "r.json", text);
    let by_flags = sh("predict --model $M --bitrate 900 --resolution 1280x720 --fps 30 --codec h264 --json").done();
    assert_eq!(sh(&format!("predict --model $M --request {file} --json")).done().out, by_flags.out);
    let over = sh(&format!("predict --model $M --request {file} --bitrate 4000 --json")).done().json();
    assert_eq!(over["bandwidth_mbps"], 4.0);
    let mut command = command();
    command.args(["predict", "--request", "-", "--json", "--model"]).arg(crate::common::model()).write_stdin(text);
    assert_eq!(said(command.output().unwrap()).out, by_flags.out);

    for (text, parts) in [
        ("{\"bitrate_kbps\":900,\n\"colour\":1}", vec!["r.json:2:", "colour"]),
        ("{\"bitrate_kbps\":", vec!["r.json:1:", "EOF"]),
        ("{\"codec\":\"h263\"}", vec!["r.json:1:", "known are h264"]),
        ("{\"title\":\"a\"}", vec!["r.json:1:", "the object `request`"]),
        ("{\"bitrate_kbps\":900}", vec!["resolution_width"]),
    ] {
        let file = write(&folder, "r.json", text);
        sh(&format!("predict --model $M --request {file}")).is_bad(&parts);
    }
    let large = write(&folder, "large.json", vec![b' '; (1 << 20) + 1]);
    sh(&format!("predict --model $M --request {large}")).is_bad(&["large.json", "larger than"]);
}

#[test]
fn wrong_values_name_field_value_and_bound() {
    for (flags, parts) in [
        ("--bitrate NaN", vec!["bitrate_kbps", "NaN", "finite"]),
        ("--bitrate inf", vec!["bitrate_kbps", "inf"]),
        ("--bitrate -5", vec!["bitrate_kbps", "-5"]),
        ("--bitrate 0", vec!["bitrate_kbps", "0"]),
        ("--bitrate many", vec!["--bitrate", "many"]),
        ("--bitrate 2000 --fps 0", vec!["frame_rate", "0"]),
        ("--bitrate 2000 --frame-drop 1.5", vec!["frame_drop", "1.5", "1"]),
        ("--bitrate 2000 --motion -0.1", vec!["motion_intensity", "-0.1"]),
        ("--bitrate 2000 --static-share 1.5", vec!["static_share", "1.5"]),
        ("--crf -1", vec!["crf", "-1"]),
        ("--fps 30", vec!["bitrate_kbps", "crf"]),
        ("--bitrate 2000 --encoder libx264 --codec hevc", vec!["libx264", "hevc"]),
        ("--bitrate 2000 --encoder libx264 --preset turbo", vec!["turbo", "known are placebo", "ultrafast"]),
        ("--bitrate 2000 --encoder x266", vec!["x266", "libx265"]),
        ("--bitrate 2000 --target-vmaf 200", vec!["target_vmaf", "200"]),
    ] {
        sh(&format!("predict --model $M --resolution 1280x720 {flags}")).is_bad(&parts);
    }
    sh("predict --model $M --resolution 0x720 --bitrate 2000").is_bad(&["resolution_width", "0"]);
}

#[test]
fn masks_make_inputs_unknown() {
    let plain = sh("predict --model $M --bitrate 2000 --resolution 1280x720 --fps 30 --json").done();
    let masked = "--bitrate 2000 --resolution 1280x720 --fps 30 --si-mean 40 --ti-mean 8 --crf 30";
    let masked = sh(&format!("predict --model $M {masked} --tier settings --given bitrate --json")).done();
    assert_eq!(plain.out, masked.out);
    let line = format!("predict --model $M {ENCODE} --bitrate 2000 --crf 30 --given crf --json");
    let report = sh(&line).done().json();
    let bitrate = report["estimates"]["bitrate_kbps"].as_f64().unwrap();
    assert!((report["bandwidth_mbps"].as_f64().unwrap() - bitrate / 1000.0).abs() < 1e-9);
    sh("predict --model $M --resolution 1280x720 --bitrate 2000 --given crf").is_bad(&["bitrate_kbps", "crf"]);
}

/// Anchors of a request's file are used: a measured encode pulls the forecast towards it.
#[test]
fn anchors_of_a_request_count() {
    let folder = folder();
    let vmaf = |anchors: &str| {
        let setting = r#""bitrate_kbps":3000,"resolution_width":1280,"resolution_height":720,"encoder":"libx264""#;
        let file = write(&folder, "r.json", format!("{{{setting}{anchors}}}"));
        sh(&format!("predict --request {file} --json")).done().json()["predicted_vmaf"].as_f64().unwrap()
    };
    let (plain, anchored) = (vmaf(""), vmaf(r#","anchors":[{"bitrate_kbps":3000,"vmaf":60}]"#));
    assert!((anchored - 60.0).abs() < 3.0 && plain - anchored > 15.0, "{plain}, with an anchor {anchored}");
}
