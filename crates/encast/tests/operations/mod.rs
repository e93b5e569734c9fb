//! Cases of every operation, for testdata/operations.json: what is asked, and the answers as flat lists of numbers under the
//! names of the fields of include/encast.h (of an estimate three: `vmaf`, `vmaf_lower`, `vmaf_upper`). What is not known
//! is absent.
use encast::*;
use serde_json::{Map, Value, json};

use crate::made;

/// The status of include/encast.h for an error, and the input and the row that it blames.
pub fn blame(error: &Error) -> (&'static str, String, Option<usize>) {
    let (status, field) = match error {
        Error::InvalidField { field, .. } => ("invalid field", (*field).to_owned()),
        Error::MissingField { field, .. } => ("missing field", (*field).to_owned()),
        Error::UnknownName { field, .. } => ("unknown name", (*field).to_owned()),
        Error::Contradiction { field, .. } => ("contradiction", (*field).to_owned()),
        Error::NotPredicted { target, .. } => ("not predicted", target.name().to_owned()),
        Error::Anchor { index, source } => {
            let (status, field, _) = blame(source);
            (status, format!("anchors[{index}].{field}"))
        }
        Error::Row { row, source } => {
            let (status, field, _) = blame(source);
            return (status, field, Some(*row));
        }
        Error::WrongMagic { .. } => ("wrong magic", String::new()),
        Error::Truncated { .. } => ("truncated", String::new()),
        Error::Checksum { .. } => ("checksum", String::new()),
        Error::Corrupt { .. } => ("corrupt", String::new()),
        Error::NewerFormat { .. } => ("newer format", String::new()),
        other => panic!("the corpus has no such error: {other}"),
    };
    (status, field, None)
}

/// An error as the corpus has it.
pub fn error_of(error: &Error) -> Map<String, Value> {
    let (status, field, row) = blame(error);
    let mut all = Map::new();
    all.insert("error".to_owned(), error.to_string().into());
    all.insert("status".to_owned(), status.into());
    all.insert("field".to_owned(), field.into());
    if let Some(row) = row {
        all.insert("row".to_owned(), row.into());
    }
    all
}

/// A machine with made-up numbers.
const PROFILES: &str = "[machines.box]
vcpus = 4
speed = 0.5
idle_watts_per_vcpu = 2
busy_watts_per_vcpu = 12
memory_gb = 8
watts_per_gb = 0.5
embodied_kg_per_vcpu = 40
lifetime_years = 4
cpu_model = \"made up\"
source = \"made up\"
[regions.here]
grid_g_per_kwh = 400
pue = 1.5
source = \"made up\"
[prices.here.box]
usd_per_hour = 0.36
source = \"made up\"
[data_prices.here]
usd_per_gb_egress = 0.1
usd_per_gb_month_storage = 0.02
source = \"made up\"
";

fn with(more: Value) -> Value {
    let mut request = serde_json::to_value(made::request()).unwrap();
    request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    request.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    request
}

/// What is asked: v1 forecasts CPU time and with it cost, v3 bitrates from CRFs.
fn questions() -> Vec<Value> {
    let (v1, v3) = ("bundles/v1.encast", "bundles/v3.encast");
    let no_rate = || with(json!({"bitrate_kbps": null}));
    let anchored = |vmaf: f64| {
        with(json!({"anchors": [{"bitrate_kbps": 1500.0, "vmaf": 58.5}, {"bitrate_kbps": 3200.0, "vmaf": vmaf}]}))
    };
    let sited = json!({"site": true, "deliveries": 20.0, "months_stored": 3.0});
    vec![
        json!({"name": "level 0.5", "bundle": v3, "operation": "predict", "requests": [with(json!({}))],
            "options": {"level": 0.5}}),
        json!({"name": "anchors", "bundle": v3, "operation": "predict", "requests": [anchored(71.25)]}),
        json!({"name": "anchor beyond its bound", "bundle": v3, "operation": "predict", "requests": [anchored(171.0)]}),
        json!({"name": "site", "bundle": v1, "operation": "predict", "requests": [with(json!({"threads": 2.0}))],
            "options": sited}),
        json!({"name": "level beyond its bound", "bundle": v3, "operation": "predict", "requests": [with(json!({}))],
            "options": {"level": 1.5}}),
        json!({"name": "batch", "bundle": v3, "operation": "batch", "requests": [with(json!({})),
            with(json!({"bitrate_kbps": 450.5})), with(json!({"bitrate_kbps": null, "crf": 27.0})),
            with(json!({"codec": "hevc", "si_mean": null}))]}),
        json!({"name": "batch with a bad row", "bundle": v3, "operation": "batch", "requests": [with(json!({})),
            with(json!({"frame_rate": -30.0})), with(json!({"preset": "warp"}))]}),
        json!({"name": "bitrate", "bundle": v3, "operation": "recommend_bitrate", "requests": [no_rate()],
            "options": {"target_vmaf": 60.0}}),
        json!({"name": "bitrate, assured", "bundle": v3, "operation": "recommend_bitrate", "requests": [no_rate()],
            "options": {"target_vmaf": 60.0, "assurance": 0.75, "max_bitrate_kbps": 20000.0}}),
        json!({"name": "bitrate, unreachable", "bundle": v3, "operation": "recommend_bitrate", "requests": [no_rate()],
            "options": {"target_vmaf": 99.5, "max_bitrate_kbps": 3000.0}}),
        json!({"name": "bitrate, cost within its limit", "bundle": v1, "operation": "recommend_bitrate",
            "requests": [no_rate()], "options": {"target_vmaf": 60.0, "max_cost_usd": 1.0}}),
        json!({"name": "bitrate, over the limit", "bundle": v1, "operation": "recommend_bitrate",
            "requests": [no_rate()], "options": {"target_vmaf": 60.0, "max_cost_usd": 1e-6}}),
        json!({"name": "bitrate, limit that is not forecast", "bundle": v3, "operation": "recommend_bitrate",
            "requests": [no_rate()], "options": {"target_vmaf": 60.0, "max_encode_seconds": 10.0}}),
        json!({"name": "bitrate beyond its range", "bundle": v3, "operation": "recommend_bitrate",
            "requests": [no_rate()], "options": {"min_bitrate_kbps": 500.0, "max_bitrate_kbps": 400.0}}),
        json!({"name": "CRF", "bundle": v3, "operation": "recommend_crf", "requests": [no_rate()],
            "options": {"target_vmaf": 60.0}}),
        json!({"name": "CRF, in a range and assured", "bundle": v3, "operation": "recommend_crf",
            "requests": [no_rate()],
            "options": {"target_vmaf": 50.0, "min_crf": 26.0, "max_crf": 40.0, "assurance": 0.6}}),
        json!({"name": "CRF without a codec", "bundle": v3, "operation": "recommend_crf",
            "requests": [with(json!({"codec": null, "preset": null}))]}),
        json!({"name": "CRF of a model of bitrates", "bundle": v1, "operation": "recommend_crf",
            "requests": [no_rate()]}),
        json!({"name": "compare", "bundle": v1, "operation": "compare",
            "requests": [with(json!({})), with(json!({"bitrate_kbps": 900.0, "resolution_width": 1920.0,
            "resolution_height": 1080.0}))]}),
        json!({"name": "compare at a site", "bundle": v1, "operation": "compare",
            "requests": [with(json!({})), with(json!({"codec": "hevc"}))], "options": sited}),
        json!({"name": "compare with a bad second", "bundle": v1, "operation": "compare",
            "requests": [with(json!({})), with(json!({"encoder": "libx265"}))]}),
        json!({"name": "ladder by steps", "bundle": v3, "operation": "ladder", "requests": [no_rate()],
            "ladder": {"step_vmaf": 12.0, "top_vmaf": 90.0, "bottom_vmaf": 25.0}}),
        json!({"name": "ladder of bitrates", "bundle": v3, "operation": "ladder", "requests": [no_rate()],
            "ladder": {"bitrates_kbps": [400.0, 1200.0, 3600.0], "sizes": [[1280, 720], [1920, 1080]]}}),
        json!({"name": "ladder, step beyond its bound", "bundle": v3, "operation": "ladder", "requests": [no_rate()],
            "ladder": {"step_vmaf": -1.0}}),
    ]
}

fn estimate(into: &mut Map<String, Value>, name: &str, estimate: Option<Estimate>) {
    if let Some(estimate) = estimate {
        into.insert(name.to_owned(), estimate.value.into());
        into.insert(format!("{name}_lower"), estimate.lower.into());
        into.insert(format!("{name}_upper"), estimate.upper.into());
    }
}

/// A whole number as a number like the others.
fn whole(number: u64) -> Value {
    Value::from(number as f64)
}

fn result(answer: &PredictionResult) -> Map<String, Value> {
    let mut all = Map::new();
    for &target in Target::ALL {
        estimate(&mut all, target.name(), answer.estimate(target));
    }
    let job = answer.resources.as_ref();
    let numbers = [
        ("predicted_vmaf", answer.predicted_vmaf),
        ("predicted_psnr", answer.predicted_psnr),
        ("predicted_cost_usd", answer.predicted_cost_usd),
        ("predicted_co2_kg", answer.predicted_co2_kg),
        ("confidence", Some(answer.confidence)),
        ("recommended_bitrate_kbps", answer.recommended_bitrate_kbps),
        ("best_reachable_vmaf", answer.best_reachable_vmaf),
        ("size_mb", answer.size_mb),
        ("bandwidth_mbps", answer.bandwidth_mbps),
        ("energy_cpu_kwh", job.and_then(|job| job.energy_cpu_kwh)),
        ("energy_idle_kwh", job.and_then(|job| job.energy_idle_kwh)),
        ("energy_memory_kwh", job.and_then(|job| job.energy_memory_kwh)),
        ("cost_compute_usd", job.and_then(|job| job.cost_compute_usd)),
        ("cost_egress_usd", job.and_then(|job| job.cost_egress_usd)),
        ("cost_storage_usd", job.and_then(|job| job.cost_storage_usd)),
        ("co2_operational_kg", job.and_then(|job| job.co2_operational_kg)),
        ("co2_embodied_kg", job.and_then(|job| job.co2_embodied_kg)),
        ("sci_g_per_minute", job.and_then(|job| job.sci_g_per_minute)),
    ];
    all.extend(numbers.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.into()))));
    all.insert("target_unreachable".to_owned(), whole(answer.target_unreachable.into()));
    all.insert("out_of_range".to_owned(), whole(answer.out_of_range.bits()));
    all.insert("ignored".to_owned(), whole(answer.ignored.bits()));
    all
}

fn recommendation(answer: &Recommendation, given: Given) -> Map<String, Value> {
    let mut all = Map::new();
    let outcome = match answer {
        Recommendation::Reached(_) => 1,
        Recommendation::Unreachable(_) => 2,
        Recommendation::OverLimit(_) => 3,
    };
    all.insert("unreachable".to_owned(), whole(answer.reached().is_none().into()));
    all.insert("outcome".to_owned(), whole(outcome));
    all.insert("limit".to_owned(), whole(0));
    if let Some(choice) = answer.best() {
        let name = if given == Given::Crf { "crf" } else { "bitrate_kbps" };
        all.insert(name.to_owned(), choice.setting.into());
        all.insert("assured_vmaf".to_owned(), choice.assured_vmaf.into());
        estimate(&mut all, "vmaf", Some(choice.vmaf));
    }
    if let Recommendation::OverLimit(over) = answer {
        all.insert("limit".to_owned(), whole(over.limit as u64 + 1));
        all.insert("limit_allowed".to_owned(), over.allowed.into());
        all.insert("limit_forecast".to_owned(), over.forecast.into());
        all.insert("needed".to_owned(), over.needed.setting.into());
        estimate(&mut all, "needed_vmaf", Some(over.needed.vmaf));
    }
    all
}

fn comparison(answer: &Comparison) -> Map<String, Value> {
    let mut all = Map::new();
    for (target, change) in answer.differences() {
        estimate(&mut all, &format!("{}_difference", target.name()), Some(change.difference));
        estimate(&mut all, &format!("{}_ratio", target.name()), change.ratio);
    }
    all
}

fn rung(rung: &Rung) -> Map<String, Value> {
    let mut all = Map::new();
    all.insert("width".to_owned(), whole(rung.size.width.into()));
    all.insert("height".to_owned(), whole(rung.size.height.into()));
    all.insert("bitrate_kbps".to_owned(), rung.bitrate_kbps.into());
    if let Some(crf) = rung.crf {
        all.insert("crf".to_owned(), crf.into());
    }
    all.insert("assured_vmaf".to_owned(), rung.assured_vmaf.into());
    all.insert("size_mb".to_owned(), rung.size_mb.into());
    all.insert("confidence".to_owned(), rung.confidence.into());
    all.insert("out_of_range".to_owned(), whole(rung.out_of_range.bits()));
    estimate(&mut all, "vmaf", Some(rung.vmaf));
    estimate(&mut all, "psnr", rung.psnr);
    estimate(&mut all, "encode_seconds", rung.encode_seconds);
    estimate(&mut all, "cost_usd", rung.cost_usd);
    all
}

fn options(given: &Value) -> PredictOptions {
    let mut options = PredictOptions::default();
    for (name, value) in given.as_object().into_iter().flatten() {
        if name == "site" {
            let profiles = Profiles::shipped().unwrap().overlay(Profiles::from_toml(PROFILES).unwrap());
            options.site = Some(profiles.site("box", "here").unwrap());
            continue;
        }
        let value = value.as_f64().unwrap();
        match name.as_str() {
            "level" => options.level = value,
            "deliveries" => options.deliveries = value,
            "months_stored" => options.months_stored = value,
            "target_vmaf" => options.recommend.target_vmaf = value,
            "min_bitrate_kbps" => options.recommend.min_bitrate_kbps = value,
            "max_bitrate_kbps" => options.recommend.max_bitrate_kbps = value,
            "min_crf" => options.recommend.min_crf = Some(value),
            "max_crf" => options.recommend.max_crf = Some(value),
            "assurance" => options.recommend.assurance = Some(value),
            "max_cost_usd" => options.recommend.max_cost_usd = Some(value),
            "max_encode_seconds" => options.recommend.max_encode_seconds = Some(value),
            _ => panic!("{name} is no option"),
        }
    }
    options
}

fn ladder_options(given: &Value, predict: PredictOptions) -> LadderOptions {
    let mut options = LadderOptions { predict, ..Default::default() };
    for (name, value) in given.as_object().into_iter().flatten() {
        let numbers = || value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect();
        match name.as_str() {
            "step_vmaf" => options.step_vmaf = value.as_f64().unwrap(),
            "top_vmaf" => options.top_vmaf = value.as_f64().unwrap(),
            "bottom_vmaf" => options.bottom_vmaf = value.as_f64().unwrap(),
            "bitrates_kbps" => options.bitrates_kbps = numbers(),
            "sizes" => {
                let size = |pair: &Value| Size {
                    width: pair[0].as_u64().unwrap() as u32,
                    height: pair[1].as_u64().unwrap() as u32,
                };
                options.sizes = value.as_array().unwrap().iter().map(size).collect();
            }
            _ => panic!("{name} is no option of a ladder"),
        }
    }
    options
}

fn answers(case: &Value, model: &Model) -> Result<Vec<Map<String, Value>>> {
    let requests: Vec<PredictionFeatures> = serde_json::from_value(case["requests"].clone()).unwrap();
    let options = options(&case["options"]);
    Ok(match case["operation"].as_str().unwrap() {
        "predict" => vec![result(&predict_with(&requests[0], model, &options)?)],
        "batch" => predict_batch(&requests, model, &options)?.iter().map(result).collect(),
        "recommend_bitrate" => {
            let answer = recommend(&requests[0], model, Given::Bitrate, &options)?;
            vec![recommendation(&answer, Given::Bitrate)]
        }
        "recommend_crf" => vec![recommendation(&recommend(&requests[0], model, Given::Crf, &options)?, Given::Crf)],
        "compare" => vec![comparison(&compare(&requests[0], &requests[1], model, &options)?)],
        "ladder" => {
            ladder(&requests[0], model, &ladder_options(&case["ladder"], options))?.rungs.iter().map(rung).collect()
        }
        other => panic!("{other} is no operation"),
    })
}

/// A case with what a model answers.
fn answered(case: &Value, model: &Model) -> Value {
    let mut case = case.clone();
    let all = case.as_object_mut().unwrap();
    match answers(&Value::Object(all.clone()), model) {
        Ok(answers) => drop(all.insert("answers".to_owned(), json!(answers))),
        Err(error) => all.extend(error_of(&error)),
    }
    case
}

/// The whole file, as this build answers it; `load` loads a bundle by its name in testdata/.
pub fn corpus(load: impl Fn(&str) -> Model) -> Value {
    let cases: Vec<Value> =
        questions().iter().map(|case| answered(case, &load(case["bundle"].as_str().unwrap()))).collect();
    json!({"profiles": PROFILES, "machine": "box", "region": "here", "cases": cases})
}
