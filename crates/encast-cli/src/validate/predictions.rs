//! Forecasts to check: the exporter's metrics, a table or JSON of `encast predict`, or the model itself.

use std::collections::BTreeMap;

use encast::{Model, PredictOptions, PredictionFeatures, Target, predict_with};
use serde_json::Value;

use super::Scenario;
use crate::{export::Sheet, failure::Failure, reading};

/// A forecast value and, where there is one, its interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    pub value: f64,
    pub ends: Option<(f64, f64)>,
}

/// What was forecast for one encode.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Prediction {
    /// What it may be found by; the first one is for people.
    pub names: Vec<String>,
    pub bitrate_kbps: Option<f64>,
    pub size: Option<(f64, f64)>,
    pub frame_rate: Option<f64>,
    /// Length of the job that amounts are of, seconds.
    pub duration_s: Option<f64>,
    pub estimates: BTreeMap<Target, Interval>,
}

/// The exporter's series of forecasts, and their factor to the target's unit.
const SERIES: [(&str, Target, f64); 10] = [
    ("qoe_predicted_vmaf", Target::Vmaf, 1.0),
    ("qoe_predicted_psnr", Target::Psnr, 1.0),
    ("qoe_predicted_ssim", Target::Ssim, 1.0),
    ("cost_predicted_usd", Target::CostUsd, 1.0),
    ("cost_predicted_co2_kg", Target::Co2Kg, 1.0),
    ("resource_predicted_encode_seconds", Target::EncodeSeconds, 1.0),
    ("resource_predicted_cpu_seconds", Target::CpuSeconds, 1.0),
    ("resource_predicted_peak_memory_bytes", Target::PeakMemoryMb, 1e-6),
    ("resource_predicted_energy_joules", Target::EnergyKwh, 1.0 / 3.6e6),
    ("resource_predicted_bitrate_bytes_per_second", Target::BitrateKbps, 0.008),
];
/// What names an encode, in tables and JSON.
const NAMES: [&str; 3] = ["config", "name", "id"];
/// Size over rate is the length of the job.
const SIZE: &str = "resource_predicted_size_bytes";
const RATE: &str = "resource_predicted_bandwidth_bytes_per_second";

/// Forecasts of a text: JSON, Prometheus's text format or CSV, by what it looks like. `name` is for errors.
pub fn of_text(text: &str, name: &str) -> Result<Vec<Prediction>, Failure> {
    let bad = |what: String| Failure::Bad(format!("{name}: {what}"));
    let start = text.trim_start_matches('\u{feff}').trim_start();
    if start.starts_with(['{', '[']) {
        return of_json(&serde_json::from_str(start).map_err(|error| bad(error.to_string()))?).map_err(bad);
    }
    let header = start.lines().next().unwrap_or_default();
    if !header.starts_with('#') && header.split(',').any(|column| column.trim().starts_with("predicted_")) {
        return of_table(&Sheet::from_csv(start.as_bytes(), name)?, name);
    }
    of_metrics(start).map_err(|(line, what)| Failure::Bad(format!("{name}:{line}: {what}")))
}

/// What the series of one encode say.
#[derive(Default)]
struct Told {
    prediction: Prediction,
    ends: BTreeMap<Target, [Option<f64>; 2]>,
    size: Option<f64>,
    rate: Option<f64>,
}

fn of_metrics(text: &str) -> Result<Vec<Prediction>, (usize, String)> {
    let mut found: BTreeMap<[String; 4], Told> = BTreeMap::new();
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (name, labels, value) =
            sample(line).ok_or_else(|| (at + 1, format!("'{line}' is no sample of a metric")))?;
        let (family, end) = match (name.strip_suffix("_lower"), name.strip_suffix("_upper")) {
            (Some(family), _) => (family, Some(0)),
            (_, Some(family)) => (family, Some(1)),
            _ => (name, None),
        };
        let series = SERIES.iter().find(|(known, ..)| *known == family);
        if !value.is_finite() || series.is_none() && family != SIZE && family != RATE {
            continue;
        }
        let label = |name: &str| labels.get(name).cloned().unwrap_or_default();
        let key = ["config", "bitrate", "resolution", "fps"].map(label);
        let Told { prediction, ends, size, rate } = found.entry(key.clone()).or_default();
        if prediction.estimates.is_empty() {
            prediction.names = Some(key[0].clone()).filter(|name| !name.is_empty()).into_iter().collect();
            prediction.bitrate_kbps = reading::bitrate_kbps(&key[1]);
            prediction.size = reading::size(&key[2]);
            prediction.frame_rate = reading::frame_rate(&key[3]);
        }
        match (series, end) {
            (Some(&(_, target, factor)), None) => {
                prediction.estimates.insert(target, Interval { value: value * factor, ends: None });
            }
            (Some(&(_, target, factor)), Some(end)) => ends.entry(target).or_default()[end] = Some(value * factor),
            (None, _) if family == SIZE => *size = Some(value),
            (None, _) => *rate = Some(value),
        }
    }
    let finished = found.into_values().filter(|told| !told.prediction.estimates.is_empty());
    Ok(finished
        .map(|Told { mut prediction, ends, size, rate }| {
            if let Some((size, rate)) = size.zip(rate) {
                prediction.duration_s = Some(size / rate).filter(|length| length.is_finite() && *length > 0.0);
            }
            for (target, ends) in ends {
                if let ([Some(lower), Some(upper)], Some(estimate)) = (ends, prediction.estimates.get_mut(&target)) {
                    estimate.ends = Some((lower, upper));
                }
            }
            prediction
        })
        .collect())
}

/// Name, labels and value of a line `name{label="value",…} 1.5 [time]`.
fn sample(line: &str) -> Option<(&str, BTreeMap<String, String>, f64)> {
    let end = line.find(|c: char| c == '{' || c.is_whitespace())?;
    let (name, mut rest) = line.split_at(end);
    let mut labels = BTreeMap::new();
    if let Some(inside) = rest.strip_prefix('{') {
        rest = inside.trim_start();
        while !rest.starts_with('}') {
            let (label, after) = rest.split_once('=')?;
            let mut value = String::new();
            let mut letters = after.trim_start().strip_prefix('"')?.char_indices();
            let quoted = after.trim_start().strip_prefix('"')?;
            let close = loop {
                match letters.next()? {
                    (at, '"') => break at,
                    (_, '\\') => match letters.next()?.1 {
                        'n' => value.push('\n'),
                        other => value.push(other),
                    },
                    (_, letter) => value.push(letter),
                }
            };
            labels.insert(label.trim().to_owned(), value);
            rest = quoted[close + 1..].trim_start();
            rest = rest.strip_prefix(',').unwrap_or(rest).trim_start();
        }
        rest = &rest[1..];
    }
    let value = rest.split_whitespace().next()?;
    Some((name, labels, value.parse().ok()?))
}

fn of_table(sheet: &Sheet, name: &str) -> Result<Vec<Prediction>, Failure> {
    let mut all = Vec::new();
    for (at, row) in sheet.rows.iter().enumerate() {
        let cell = |column: &str| sheet.column(column).map(|at| row[at].trim()).filter(|cell| !cell.is_empty());
        let number = |column: &str| match cell(column) {
            None => Ok(None),
            Some(text) => text
                .parse::<f64>()
                .map(|value| Some(value).filter(|value| value.is_finite()))
                .map_err(|_| Failure::Bad(format!("{name}: row {}: {column}: '{text}' is not a number", at + 1))),
        };
        let either = |one: &str, other: &str| Ok::<_, Failure>(number(one)?.or(number(other)?));
        let (width, height) = (either("resolution_width", "width")?, either("resolution_height", "height")?);
        let mut prediction = Prediction {
            names: NAMES.iter().filter_map(|name| cell(name)).map(str::to_owned).collect(),
            bitrate_kbps: number("bitrate_kbps")?,
            size: width.zip(height),
            frame_rate: either("frame_rate", "fps")?,
            duration_s: number("duration_s")?,
            ..Prediction::default()
        };
        for &target in Target::ALL {
            if let Some(value) = number(&format!("predicted_{target}"))? {
                let ends = number(&format!("{target}_lower"))?.zip(number(&format!("{target}_upper"))?);
                prediction.estimates.insert(target, Interval { value, ends });
            }
        }
        all.push(prediction);
    }
    Ok(all)
}

/// `encast predict --builtin --json`, or a list of answers with their `name`, `config` or `id`.
fn of_json(value: &Value) -> Result<Vec<Prediction>, String> {
    let list = match value {
        Value::Array(list) => list.as_slice(),
        Value::Object(object) => match object.get("encodes") {
            Some(Value::Array(list)) => list.as_slice(),
            _ => std::slice::from_ref(value),
        },
        _ => return Err("must be forecasts: an array, or an object with encodes".to_owned()),
    };
    let mut all = Vec::new();
    for (at, entry) in list.iter().enumerate() {
        let forecast = entry.get("forecast").unwrap_or(entry);
        let Some(estimates) = forecast.get("estimates").and_then(Value::as_object) else {
            return Err(format!("[{at}]: estimates: is missing; forecasts are what encast predict --json prints"));
        };
        let text = |key: &str| entry.get(key).and_then(Value::as_str).map(str::to_owned);
        let request = entry.get("request").unwrap_or(entry);
        let number = |key: &str| request.get(key).and_then(Value::as_f64);
        let mut prediction = Prediction {
            names: NAMES.iter().filter_map(|name| text(name)).collect(),
            bitrate_kbps: number("bitrate_kbps"),
            size: number("resolution_width").zip(number("resolution_height")),
            frame_rate: number("frame_rate"),
            duration_s: number("duration_s"),
            ..Prediction::default()
        };
        for (name, value) in estimates {
            let (Ok(target), Some(value)) = (Target::from_name(name), value.as_f64()) else { continue };
            let end = |end: &str| forecast.get("intervals")?.get(name)?.get(end)?.as_f64();
            prediction.estimates.insert(target, Interval { value, ends: end("lower").zip(end("upper")) });
        }
        all.push(prediction);
    }
    Ok(all)
}

/// The model's own forecast of a scenario; an error says why it has none.
pub fn of_model(scenario: &Scenario, model: &Model) -> Result<Prediction, String> {
    let request: &PredictionFeatures = &scenario.features;
    let answer = predict_with(request, model, &PredictOptions::default()).map_err(|error| error.to_string())?;
    let interval = |e: encast::Estimate| Interval { value: e.value, ends: Some((e.lower, e.upper)) };
    Ok(Prediction {
        names: scenario.name.iter().cloned().collect(),
        bitrate_kbps: request.bitrate_kbps,
        size: Some((request.resolution_width, request.resolution_height)),
        frame_rate: request.frame_rate,
        duration_s: request.duration_s,
        estimates: answer.estimates().map(|(target, estimate)| (target, interval(estimate))).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_are_forecasts_by_encode() {
        let text = "# HELP x\nqoe_predicted_vmaf{config=\"a \\\"b\\\\\",bitrate=\"2000kbps\",resolution=\"1280x720\",fps=\"30\"} 90.5\n\
            qoe_predicted_vmaf_lower{config=\"a \\\"b\\\\\",bitrate=\"2000kbps\",resolution=\"1280x720\",fps=\"30\"} 80\n\
            qoe_predicted_vmaf_upper{config=\"a \\\"b\\\\\",bitrate=\"2000kbps\",resolution=\"1280x720\",fps=\"30\",} 95 1234\n\
            resource_predicted_size_bytes{config=\"a \\\"b\\\\\",bitrate=\"2000kbps\",resolution=\"1280x720\",fps=\"30\"} 1e8\n\
            resource_predicted_bandwidth_bytes_per_second{config=\"a \\\"b\\\\\",bitrate=\"2000kbps\",resolution=\"1280x720\",fps=\"30\"} 250000\n\
            qoe_predicted_psnr{config=\"c\"} NaN\nml_exporter_up 1\n";
        let found = of_text(text, "m").unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].names, ["a \"b\\"]);
        assert_eq!((found[0].bitrate_kbps, found[0].duration_s), (Some(2000.0), Some(400.0)));
        assert_eq!(found[0].estimates[&Target::Vmaf], Interval { value: 90.5, ends: Some((80.0, 95.0)) });
        let broken = of_text("up 1\nqoe_predicted_vmaf{config=\"a} 3\n", "m").unwrap_err();
        assert!(matches!(&broken, Failure::Bad(what) if what.starts_with("m:2: ")), "{broken:?}");
    }

    #[test]
    fn tables_and_json_are_forecasts_too() {
        let csv = "id,config,bitrate_kbps,width,height,fps,predicted_vmaf,vmaf_lower,vmaf_upper,predicted_psnr\n\
            7,a,2000,1280,720,30,90,80,95,\n";
        let found = of_text(csv, "t").unwrap();
        assert_eq!(found[0].names, ["a", "7"]);
        assert_eq!((found[0].size, found[0].estimates.len()), (Some((1280.0, 720.0)), 1));
        let json = r#"{"encodes": [{"name": "a", "request": {"bitrate_kbps": 2000}, "forecast":
            {"estimates": {"vmaf": 90}, "intervals": {"vmaf": {"lower": 80, "upper": 95}}}}]}"#;
        assert_eq!(of_text(json, "j").unwrap()[0].estimates, found[0].estimates);
        assert!(of_text("[{\"id\": \"a\"}]", "j").is_err());
    }
}
