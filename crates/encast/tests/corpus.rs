//! The shared corpus in testdata/: the same cases are run through Rust, C, C++ and Go. `ENCAST_UPDATE=1` writes the answers
//! anew; a bundle that is there stays as it is, as bundles of old are what the test is about.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

mod bad_bundles;
mod made;
mod operations;

use std::{fs, path::PathBuf};

use encast::*;
use serde_json::{Map, Value, json};

fn testdata(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../testdata").join(name)
}

/// A small model of few titles, without probe and CRF.
fn train() -> Model {
    let (mut features, targets) = made::table(3);
    for row in &mut features {
        *row = row.without(Group::Probe).without(Group::ProbeVmaf);
        row.crf = None;
    }
    let options = TrainOptions {
        targets: vec![Target::Vmaf, Target::CpuSeconds],
        version: "testdata-1".to_owned(),
        trained_at: 1_763_683_200,
        profile: Some(made::profile()),
        ..Default::default()
    };
    retrain(&features, &targets, &options).unwrap()
}

/// A small model with curves, from bitrates and from CRFs.
fn train_curves() -> Model {
    let (mut features, targets) = made::table(6);
    for row in &mut features {
        *row = row.without(Group::ProbeVmaf).without(Group::Motion);
        row.ti_mean = None;
    }
    let options = TrainOptions {
        targets: vec![Target::Vmaf, Target::BitrateKbps],
        version: "testdata-2".to_owned(),
        trained_at: 1_763_683_200,
        ..Default::default()
    };
    retrain(&features, &targets, &options).unwrap()
}

/// What the bundles of both formats are asked; the second set has a probe and CRFs.
fn requests_of(bundle: &str) -> Vec<(&'static str, Value)> {
    let probed = |more: Value| {
        let mut request = serde_json::to_value(made::request()).unwrap();
        request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        request
    };
    match bundle {
        "v1" => requests(),
        _ => vec![
            ("content known", probed(json!({}))),
            ("probe known", probed(json!({"probe_bitrate_kbps": 700.0, "probe_psnr": 36.0, "probe_vmaf": 50.0}))),
            ("probe without its VMAF", probed(json!({"probe_bitrate_kbps": 700.0, "probe_psnr": 36.0}))),
            ("CRF given", probed(json!({"bitrate_kbps": null, "crf": 30.0}))),
            (
                "CRF and probe",
                probed(json!({"bitrate_kbps": null, "crf": 30.0, "probe_bitrate_kbps": 700.0, "probe_psnr": 36.0,
                "probe_vmaf": 50.0})),
            ),
            ("bitrate beyond the curves", probed(json!({"bitrate_kbps": 90000.0}))),
            ("content partly unknown", probed(json!({"si_mean": null}))),
            ("source of unknown size", probed(json!({"source_width": null, "source_height": null}))),
            (
                "six fields",
                json!({"bitrate_kbps": 4000.0, "resolution_width": 1920.0, "resolution_height": 1080.0,
                "frame_rate": 30.0, "frame_drop": 0.01, "motion_intensity": 0.5}),
            ),
            ("codec never seen", probed(json!({"codec": "av1", "preset": "8"}))),
        ],
    }
}

fn requests() -> Vec<(&'static str, Value)> {
    let with = |more: Value| {
        let mut request = serde_json::to_value(made::request()).unwrap();
        request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        request
    };
    vec![
        ("content known", with(json!({}))),
        ("low bitrate", with(json!({"bitrate_kbps": 300.0}))),
        ("other codec", with(json!({"codec": "hevc", "preset": "veryfast"}))),
        (
            "six fields",
            json!({"bitrate_kbps": 4000.0, "resolution_width": 1920.0, "resolution_height": 1080.0,
            "frame_rate": 30.0, "frame_drop": 0.01, "motion_intensity": 0.5}),
        ),
        (
            "size and bitrate only",
            json!({"bitrate_kbps": 900.0, "resolution_width": 1280.0, "resolution_height": 720.0}),
        ),
        (
            "preset unknown",
            json!({"bitrate_kbps": 900.0, "resolution_width": 1280.0, "resolution_height": 720.0,
            "frame_rate": 25.0, "codec": "h264", "motion_intensity": 0.4}),
        ),
        ("out of range", with(json!({"bitrate_kbps": 60000.0, "si_mean": 200.0}))),
        ("codec never seen", with(json!({"codec": "av1", "preset": "8"}))),
        ("inputs that are ignored", with(json!({"luminance": 60.0, "bit_depth": 10.0, "crf": 23.0}))),
        ("a column that the bundle does not have", with(json!({"static_share": 0.75}))),
        (
            "only a column that the bundle does not have",
            json!({"bitrate_kbps": 900.0, "resolution_width": 1280.0, "resolution_height": 720.0, "static_share": 0.25}),
        ),
        ("static share above 1", with(json!({"static_share": 1.25}))),
        ("half an hour", with(json!({"duration_s": 1800.0}))),
        ("neither bitrate nor CRF", with(json!({"bitrate_kbps": null, "crf": null}))),
        ("negative bitrate", with(json!({"bitrate_kbps": -4.0}))),
        ("zero width", with(json!({"resolution_width": 0.0}))),
        ("frame drop above 1", with(json!({"frame_drop": 1.5}))),
        ("unknown preset", with(json!({"preset": "warp"}))),
        ("encoder of another codec", with(json!({"encoder": "libx265"}))),
        ("CRF without its codec", with(json!({"bitrate_kbps": null, "crf": 30.0, "codec": null, "preset": null}))),
        ("CRF beyond every scale", with(json!({"crf": 99.0}))),
    ]
}

/// The VMAF that the cases aim at: one that some reach and some do not.
const TARGET_VMAF: f64 = 70.0;

/// Either `expected`, or `error` with `status` and `field`.
fn answer(request: &Value, model: &Model) -> Map<String, Value> {
    let features: PredictionFeatures = serde_json::from_value(request.clone()).unwrap();
    let recommend = RecommendOptions { target_vmaf: TARGET_VMAF, ..Default::default() };
    let answer = match predict_with(&features, model, &PredictOptions { recommend, ..Default::default() }) {
        Ok(answer) => answer,
        Err(error) => return operations::error_of(&error),
    };
    let estimates: Map<String, Value> = answer
        .estimates()
        .map(|(t, e)| (t.name().to_owned(), json!({"value": e.value, "lower": e.lower, "upper": e.upper})))
        .collect();
    let names = |set: FieldSet| set.iter().map(Field::name).collect::<Vec<_>>();
    let expected = json!({
        "estimates": estimates,
        "confidence": answer.confidence,
        "recommended_bitrate_kbps": answer.recommended_bitrate_kbps,
        "target_unreachable": answer.target_unreachable,
        "best_reachable_vmaf": answer.best_reachable_vmaf,
        "size_mb": answer.size_mb,
        "bandwidth_mbps": answer.bandwidth_mbps,
        "out_of_range": names(answer.out_of_range),
        "ignored": names(answer.ignored),
    });
    Map::from_iter([("expected".to_owned(), expected)])
}

/// Equal, numbers by their bits.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.as_f64().unwrap().to_bits() == b.as_f64().unwrap().to_bits(),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, value)| b.get(key).is_some_and(|other| same(value, other)))
        }
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        _ => a == b,
    }
}

fn updating() -> bool {
    std::env::var_os("ENCAST_UPDATE").is_some_and(|value| value == "1")
}

fn write(name: &str, corpus: &Value) {
    fs::write(testdata(name), serde_json::to_string_pretty(corpus).unwrap() + "\n").unwrap();
}

fn read(name: &str) -> Value {
    serde_json::from_slice(&fs::read(testdata(name)).unwrap()).unwrap()
}

/// The corpus of each format version.
const CORPORA: [(&str, &str); 3] = [("v1", "cases.json"), ("v2", "cases-v2.json"), ("v3", "cases-v3.json")];

#[test]
fn every_bundle_ever_released_answers_the_corpus() {
    for (bundle, file) in CORPORA {
        let (binary, text) = (format!("bundles/{bundle}.encast"), format!("bundles/{bundle}.json"));
        if updating() {
            if !testdata(&binary).exists() {
                let model = if bundle == "v1" { train() } else { train_curves() };
                fs::create_dir_all(testdata("bundles")).unwrap();
                save_model(&model, testdata(&binary)).unwrap();
                save_model(&model, testdata(&text)).unwrap();
            }
            let model = load_model(testdata(&binary)).unwrap();
            let cases: Vec<Value> = requests_of(bundle)
                .into_iter()
                .map(|(name, request)| {
                    let mut case = answer(&request, &model);
                    case.insert("name".to_owned(), name.into());
                    case.insert("request".to_owned(), request);
                    Value::Object(case)
                })
                .collect();
            write(file, &json!({"bundle": binary, "target_vmaf": TARGET_VMAF, "cases": cases}));
        }
        let corpus = read(file);
        let cases = corpus["cases"].as_array().unwrap();
        assert_eq!(cases.len(), requests_of(bundle).len());
        for bundle in [&binary, &text] {
            let model = load_model(testdata(bundle)).unwrap();
            for case in cases {
                for (kind, answer) in answer(&case["request"], &model) {
                    let due = &case[&kind];
                    assert!(same(due, &answer), "{bundle}, {}: {kind}\n{due:#}\nnow\n{answer:#}", case["name"]);
                }
            }
        }
    }
}

#[test]
fn every_operation_answers_the_corpus() {
    for encoding in ["encast", "json"] {
        let load = |bundle: &str| load_model(testdata(bundle).with_extension(encoding)).unwrap();
        let now = operations::corpus(load);
        if updating() && encoding == "encast" {
            write("operations.json", &now);
        }
        let due = read("operations.json");
        assert_eq!(due["profiles"], now["profiles"]);
        let (due, now) = (due["cases"].as_array().unwrap().clone(), now["cases"].as_array().unwrap().clone());
        assert_eq!(due.len(), now.len());
        for (due, now) in due.iter().zip(&now) {
            assert!(same(due, now), "{encoding}, {}:\n{due:#}\nnow\n{now:#}", due["name"]);
        }
    }
}

#[test]
fn bad_bundles_are_refused_as_the_corpus_says() {
    let good = |name: &str| fs::read(testdata(name)).unwrap();
    if updating() {
        fs::create_dir_all(testdata("bad")).unwrap();
        let files = bad_bundles::files(&good("bundles/v1.encast"), &good("bundles/v1.json"));
        let cases: Vec<Value> = files.iter().map(|(name, bytes)| bad_bundles::case(name, bytes)).collect();
        for (name, bytes) in files {
            fs::write(testdata("bad").join(name), bytes).unwrap();
        }
        write("bad/cases.json", &json!({"cases": cases}));
    }
    let cases = read("bad/cases.json")["cases"].as_array().unwrap().clone();
    for case in &cases {
        let file = case["file"].as_str().unwrap();
        let bytes = good(&format!("bad/{file}"));
        assert_eq!(&bad_bundles::case(file, &bytes), case);
        assert_eq!(load_model(testdata("bad").join(file)).unwrap_err().to_string(), case["error"], "{file}");
    }
    let kinds: std::collections::BTreeSet<_> = cases.iter().map(|case| case["status"].as_str().unwrap()).collect();
    assert_eq!(Vec::from_iter(kinds), ["checksum", "corrupt", "newer format", "truncated", "wrong magic"]);
}

/// The bundles were written before the schema's last column came: they are read, written again to the byte, and a request
/// that gives what they do not know is answered as if it did not.
#[test]
fn a_bundle_with_fewer_columns_stays_what_it_is() {
    for name in ["bundles/v1.encast", "bundles/v1.json"] {
        let bytes = fs::read(testdata(name)).unwrap();
        let model = Model::from_bytes(&bytes).unwrap();
        let again = if name.ends_with("json") { model.to_json() } else { model.to_binary() }.unwrap();
        assert!(bytes == again, "{name} is written again otherwise than it was read");
        let json: Value = serde_json::from_slice(&model.to_json().unwrap()).unwrap();
        let schema = json["schema"].as_array().unwrap();
        assert!(schema.len() == 31 && schema.iter().all(|column| column != "static_share"), "{schema:?}");
        let plain = PredictionFeatures {
            bitrate_kbps: Some(900.0),
            resolution_width: 1280.0,
            resolution_height: 720.0,
            ..Default::default()
        };
        for asked in [plain, made::request()] {
            let more = PredictionFeatures { static_share: Some(0.25), ..asked.clone() };
            let (without, with) = (predict(&asked, &model).unwrap(), predict(&more, &model).unwrap());
            assert!(with.ignored.contains(Field::StaticShare));
            let mut same = with;
            same.ignored = without.ignored;
            assert_eq!(same, without);
            let both = predict_batch(&[asked, more], &model, &PredictOptions::default()).unwrap();
            assert_eq!(both, [without, with]);
        }
    }
}
