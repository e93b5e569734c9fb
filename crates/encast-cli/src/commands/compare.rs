//! `encast compare`: two encodes of one source side by side.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use encast::{
    Comparison, Difference, Estimate, Given, NOMINAL, PredictOptions, PredictionFeatures, Target, Tier, compare,
};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::{
    failure::{Failure, Outcome, Verdict},
    input,
    model::ModelArg,
    output,
    place::PlaceArgs,
    request::{RequestArgs, masked, size},
    show,
};

use super::predict::{Forecast, names};

/// Put two encodes of one source side by side
///
/// A and B say what differs, over what the flags say of both: as preset=medium,crf=23, as JSON, or as the name of a JSON
/// file, with the field names of the encode table (bitrate, fps, resolution, duration and motion are understood too).
/// The interval of a difference holds for encodes of one source, whose errors go the same way.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    encast compare crf=23,preset=medium crf=28,preset=veryfast --resolution 1280x720 --fps 30 --encoder libx264\n  \
    encast compare '{\"encoder\":\"libx264\"}' '{\"encoder\":\"libx265\"}' --bitrate 2000 --resolution 1920x1080 --fps 30\n  \
    encast compare a.json b.json --json")]
pub struct Args {
    /// The first encode
    #[arg(value_name = "A")]
    a: String,
    /// The second encode
    #[arg(value_name = "B")]
    b: String,
    #[command(flatten)]
    place: PlaceArgs,
    #[command(flatten)]
    model: ModelArg,
    /// Mask what is known above this tier: settings, content or probe
    #[arg(long, value_name = "TIER", value_parser = Tier::from_name)]
    tier: Option<Tier>,
    /// Rate setting to start from; the other is masked: bitrate or crf
    #[arg(long, value_name = "RATE", value_parser = Given::from_name)]
    given: Option<Given>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    request: RequestArgs,
}

/// The contract of `--json`.
#[derive(Serialize)]
struct Report {
    a: Side,
    b: Side,
    differences: BTreeMap<&'static str, DifferenceReport>,
    model: Option<PathBuf>,
    model_version: String,
}

#[derive(Serialize)]
struct Side {
    request: PredictionFeatures,
    forecast: Forecast,
}

/// A difference in JSON.
#[derive(Serialize)]
pub struct DifferenceReport {
    value: f64,
    lower: f64,
    upper: f64,
    ratio: Option<f64>,
    ratio_lower: Option<f64>,
    ratio_upper: Option<f64>,
    clear: bool,
}

impl DifferenceReport {
    /// Of a difference.
    pub fn of(difference: &Difference) -> DifferenceReport {
        let Estimate { value, lower, upper } = difference.difference;
        let ratio = difference.ratio;
        DifferenceReport {
            value,
            lower,
            upper,
            ratio: ratio.map(|ratio| ratio.value),
            ratio_lower: ratio.map(|ratio| ratio.lower),
            ratio_upper: ratio.map(|ratio| ratio.upper),
            clear: difference.is_clear(),
        }
    }
}

/// Runs the subcommand.
pub fn run(args: &Args) -> Outcome {
    let shared = args.request.features_over(PredictionFeatures::default())?;
    let side = |name: &str, text: &str| {
        let request = over(&shared, given(name, text)?).map_err(|what| Failure::Bad(format!("{name}: {what}")))?;
        let mut request = masked(request, args.tier, args.given);
        args.place.name_in(&mut request);
        Ok::<_, Failure>(request)
    };
    let (a, b) = (side("A", &args.a)?, side("B", &args.b)?);
    let options = args.place.over(PredictOptions::default())?;
    let loaded = args.model.load()?;
    let compared = compare(&a, &b, &loaded.model, &options)?;
    if args.json {
        let target = options.recommend.target_vmaf;
        let side = |request, answer| Side { request, forecast: Forecast::of(answer, target, &loaded.model) };
        output::print_json(&Report {
            a: side(a, &compared.a),
            b: side(b, &compared.b),
            differences: compared.differences().map(|(t, d)| (t.name(), DifferenceReport::of(&d))).collect(),
            model_version: loaded.model.metadata().version.clone(),
            model: loaded.path,
        })?;
    } else {
        output::print_text(&for_people(&compared))?;
    }
    Ok(Verdict::Done)
}

/// What A or B says, as a JSON object.
fn given(name: &str, text: &str) -> Result<Map<String, Value>, Failure> {
    let bad = |what: String| Failure::Bad(format!("{name}: {what}"));
    if text.trim_start().starts_with('{') {
        return serde_json::from_str(text).map_err(|error| bad(error.to_string()));
    }
    if !text.contains('=') || Path::new(text).is_file() {
        return input::read_json(Path::new(text));
    }
    let mut fields = Map::new();
    for pair in text.split(',') {
        let (key, value) = pair.split_once('=').ok_or_else(|| bad(format!("'{pair}' is not KEY=VALUE")))?;
        let (key, value) = (key.trim(), value.trim());
        if key == "resolution" {
            let (width, height) = size(value).map_err(|what| bad(format!("resolution {what}")))?;
            fields.insert("resolution_width".to_owned(), width.into());
            fields.insert("resolution_height".to_owned(), height.into());
            continue;
        }
        let key = match key {
            "bitrate" => "bitrate_kbps",
            "fps" => "frame_rate",
            "duration" => "duration_s",
            "motion" => "motion_intensity",
            "width" => "resolution_width",
            "height" => "resolution_height",
            other => other,
        };
        let value = match value.parse::<f64>() {
            // Presets may be numbers, and are names all the same.
            Ok(number) if key != "preset" => serde_json::Number::from_f64(number)
                .map(Value::Number)
                .ok_or_else(|| bad(format!("{pair}: not a number")))?,
            _ => Value::String(value.to_owned()),
        };
        if fields.insert(key.to_owned(), value).is_some() {
            return Err(bad(format!("{key} stands twice")));
        }
    }
    Ok(fields)
}

/// The shared request with these fields in their place. A rate setting takes the place of the other one.
fn over(shared: &PredictionFeatures, fields: Map<String, Value>) -> Result<PredictionFeatures, String> {
    let mut shared = shared.clone();
    if fields.contains_key("bitrate_kbps") || fields.contains_key("crf") {
        (shared.bitrate_kbps, shared.crf) = (None, None);
    }
    // An encoder of another codec brings its own presets.
    if fields.contains_key("encoder") {
        shared.codec = None;
    }
    let mut all = match serde_json::to_value(&shared) {
        Ok(Value::Object(all)) => all,
        _ => Map::new(),
    };
    all.extend(fields);
    let request: PredictionFeatures = serde_json::from_value(Value::Object(all)).map_err(|error| error.to_string())?;
    if request.resolution_width == 0.0 || request.resolution_height == 0.0 {
        return Err("resolution_width is missing: give --resolution WIDTHxHEIGHT".to_owned());
    }
    request.check().map_err(|error| error.to_string())?;
    Ok(request)
}

fn for_people(compared: &Comparison) -> String {
    let rows = Target::ALL.iter().filter_map(|&target| {
        let (a, b) = (compared.a.estimate(target), compared.b.estimate(target));
        let difference = compared.difference(target);
        if a.is_none() && b.is_none() && difference.is_none() {
            return None;
        }
        let of = |estimate: Option<Estimate>| {
            estimate.map_or_else(|| show::number_or_dash(None), |e| show::with_interval(&e))
        };
        Some(vec![
            show::target_with_unit(target),
            of(a),
            of(b),
            of(difference.map(|d| d.difference)),
            of(difference.and_then(|d| d.ratio)),
            difference.map_or("", |d| if d.is_clear() { "yes" } else { "no" }).to_owned(),
        ])
    });
    let mut rows: Vec<Vec<String>> = rows.collect();
    let dash = show::number_or_dash;
    let (a, b) = (&compared.a, &compared.b);
    let change = a.size_mb.zip(b.size_mb).map(|(a, b)| b - a);
    rows.push(vec!["size (MB)".to_owned(), dash(a.size_mb), dash(b.size_mb), dash(change), dash(None), String::new()]);
    let confidence = |value: f64| format!("{value:.2}");
    rows.push(vec![
        "confidence (0-1)".to_owned(),
        confidence(a.confidence),
        confidence(b.confidence),
        dash(None),
        dash(None),
        String::new(),
    ]);
    let mut text = show::table(&["forecast (unit)", "A", "B", "B − A", "B / A", "clear"], 1, rows);
    text.push_str(&format!(
        "in brackets the {:.0} % interval; that of a difference holds for encodes of one source\n",
        100.0 * NOMINAL
    ));
    for (name, answer) in [("A", a), ("B", b)] {
        if !answer.out_of_range.is_empty() {
            text.push_str(&format!(
                "{name}: outside of what the model saw: {}\n",
                names(answer.out_of_range).join(", ")
            ));
        }
    }
    text
}
