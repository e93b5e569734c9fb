//! `encast predict`: one request, the four built-in encodes, or a table of requests.

use std::{collections::BTreeMap, path::PathBuf};

use encast::{
    Estimate, FieldSet, Given, JobResources, Model, NOMINAL, PredictOptions, PredictionFeatures, PredictionResult,
    Target, Tier, predict_with,
};
use serde::Serialize;

use crate::{
    failure::{Failure, Outcome, Verdict},
    model::ModelArg,
    output,
    place::PlaceArgs,
    request::{RequestArgs, SearchArgs, masked},
    show,
};

use super::{predict_table, predict_total};

/// Forecast one encode, the built-in ones, or every row of a table
///
/// One request by flags or --request; the four built-in encodes with --builtin; or --data: one row in, one row out,
/// in the same order, every column as it was, followed by the predicted ones. A bitrate or a CRF is needed; when both
/// are known, quality is forecast from the bitrate. What the model does not predict is empty, never 0.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    encast predict --builtin\n  \
    encast predict --bitrate 4000 --resolution 1920x1080 --fps 30 --codec h264 --preset medium\n  \
    encast predict --crf 28 --resolution 1280x720 --encoder libx265 --si-mean 32 --ti-mean 10\n  \
    encast predict --model M.json --data T.csv --out P.csv\n  \
    encast predict --data T.csv --given crf --tier content > P.csv\n  \
    encast predict --data T.parquet --target vmaf --out P.parquet\n  \
    encast predict --data T.csv --total --machine c5.2xlarge --region eu-central-1")]
pub struct Args {
    #[command(flatten)]
    pub place: PlaceArgs,
    #[command(flatten)]
    model: ModelArg,
    /// Forecast every row of this table, CSV or Parquet; `-` is standard input (CSV)
    #[arg(long, value_name = "TABLE", conflicts_with = "builtin")]
    pub data: Option<PathBuf>,
    /// With --data: where the forecasts go, written as a whole or not at all: Parquet when it ends in .parquet, otherwise
    /// CSV [default: standard output]
    #[arg(long, value_name = "OUT", requires = "data")]
    pub out: Option<PathBuf>,
    /// With --data: forecast only these targets, several times faster; repeat, or separate by commas
    #[arg(long, value_name = "TARGET", value_delimiter = ',', value_parser = Target::from_name, requires = "data",
          conflicts_with = "total")]
    pub target: Vec<Target>,
    /// With --target: the ends of the intervals, too
    #[arg(long, requires = "target")]
    pub intervals: bool,
    /// With --data: columns of the table that go on into the output, separated by commas, or `none` [default: all]
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',', requires = "data", conflicts_with = "total")]
    pub keep: Option<Vec<String>>,
    /// With --data: cores to forecast on; 0 is all
    #[arg(long, value_name = "N", requires = "data", default_value_t = 0)]
    pub cores: usize,
    /// With --data: go on after a row that can't be forecast; its forecasts stay empty, `error` says why
    #[arg(long, requires = "data")]
    pub keep_going: bool,
    /// With --data: add up all jobs of the table; jobs with measured values are finished, and correct the others
    #[arg(long, requires = "data", conflicts_with_all = ["out", "keep_going", "builtin"])]
    total: bool,
    /// The four built-in encodes
    #[arg(long)]
    builtin: bool,
    /// Mask what is known above this tier: settings, content or probe
    #[arg(long, value_name = "TIER", value_parser = Tier::from_name)]
    pub tier: Option<Tier>,
    /// Rate setting to start from; the other is masked: bitrate or crf
    #[arg(long, value_name = "RATE", value_parser = Given::from_name)]
    pub given: Option<Given>,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
    /// Probability that the intervals hold the true value, 0.1 to 0.98
    #[arg(long, value_name = "P", default_value_t = encast::NOMINAL)]
    level: f64,
    #[command(flatten)]
    request: RequestArgs,
    #[command(flatten)]
    search: SearchArgs,
}

/// Ends of an interval.
#[derive(Serialize)]
pub struct Bounds {
    lower: f64,
    upper: f64,
}

impl Bounds {
    /// Of a forecast.
    pub fn of(estimate: Estimate) -> Bounds {
        Bounds { lower: estimate.lower, upper: estimate.upper }
    }
}

/// Forecasts of the shortest answer: always told, if only as not predicted.
pub const ALWAYS: [Target; 4] = [Target::Vmaf, Target::Psnr, Target::CostUsd, Target::Co2Kg];

/// The contract of `--json` for one encode.
#[derive(Serialize)]
pub struct Forecast {
    predicted_vmaf: Option<f64>,
    predicted_psnr: Option<f64>,
    predicted_cost_usd: Option<f64>,
    predicted_co2_kg: Option<f64>,
    confidence: f64,
    recommended_bitrate_kbps: Option<f64>,
    estimates: BTreeMap<&'static str, f64>,
    intervals: BTreeMap<&'static str, Bounds>,
    /// Only at a site.
    #[serde(skip_serializing_if = "Option::is_none")]
    resources: Option<JobResources>,
    size_mb: Option<f64>,
    bandwidth_mbps: Option<f64>,
    target_vmaf: f64,
    target_unreachable: bool,
    best_reachable_vmaf: Option<f64>,
    out_of_range: Vec<&'static str>,
    ignored: Vec<&'static str>,
    model_version: String,
}

impl Forecast {
    /// Of an answer.
    pub fn of(result: &PredictionResult, target_vmaf: f64, model: &Model) -> Forecast {
        Forecast {
            predicted_vmaf: result.predicted_vmaf,
            predicted_psnr: result.predicted_psnr,
            predicted_cost_usd: result.predicted_cost_usd,
            predicted_co2_kg: result.predicted_co2_kg,
            confidence: result.confidence,
            recommended_bitrate_kbps: result.recommended_bitrate_kbps,
            estimates: result.estimates().map(|(t, e)| (t.name(), e.value)).collect(),
            intervals: result.estimates().map(|(t, e)| (t.name(), Bounds::of(e))).collect(),
            resources: result.resources,
            size_mb: result.size_mb,
            bandwidth_mbps: result.bandwidth_mbps,
            target_vmaf,
            target_unreachable: result.target_unreachable,
            best_reachable_vmaf: result.best_reachable_vmaf,
            out_of_range: names(result.out_of_range),
            ignored: names(result.ignored),
            model_version: model.metadata().version.clone(),
        }
    }
}

/// The contract of `--builtin --json`.
#[derive(Serialize)]
struct Builtin {
    encodes: Vec<BuiltinEncode>,
}

#[derive(Serialize)]
struct BuiltinEncode {
    name: &'static str,
    request: PredictionFeatures,
    forecast: Forecast,
}

/// Names of flagged inputs.
pub fn names(fields: FieldSet) -> Vec<&'static str> {
    fields.iter().map(|field| field.name()).collect()
}

/// The encodes that every face of encast has built in.
fn builtin() -> [(&'static str, PredictionFeatures); 4] {
    let encode = PredictionFeatures::new;
    [
        ("720p30_2mbps", encode(2000.0, 1280.0, 720.0, 30.0, 0.01, 0.5)),
        ("1080p30_4mbps", encode(4000.0, 1920.0, 1080.0, 30.0, 0.01, 0.5)),
        ("1080p60_6mbps", encode(6000.0, 1920.0, 1080.0, 60.0, 0.01, 0.6)),
        ("4k30_15mbps", encode(15000.0, 3840.0, 2160.0, 30.0, 0.005, 0.7)),
    ]
}

/// Runs the subcommand.
pub fn run(args: &Args) -> Outcome {
    if (args.builtin || args.data.is_some()) && !args.request.is_empty() {
        let form = if args.builtin { "--builtin" } else { "--data" };
        return Err(Failure::Bad(format!("{form} takes no flags of one encode (--help shows the forms)")));
    }
    let recommend = args.search.options();
    let options = args.place.over(PredictOptions { level: args.level, recommend, ..PredictOptions::default() })?;
    if let Some(data) = args.data.as_ref().filter(|_| args.total) {
        return predict_total::run(args, data, &args.model.load()?.model, &options);
    }
    if let Some(data) = &args.data {
        return predict_table::run(args, data, &args.model.load()?.model, &options);
    }
    if args.builtin {
        return run_builtin(args, &options);
    }
    let mut features = masked(args.request.features()?, args.tier, args.given);
    args.place.name_in(&mut features);
    let model = args.model.load()?.model;
    let result = predict_with(&features, &model, &options)?;
    if args.json {
        output::print_json(&Forecast::of(&result, recommend.target_vmaf, &model))?;
    } else {
        output::print_text(&for_people(&result, recommend.target_vmaf))?;
    }
    Ok(Verdict::Done)
}

fn run_builtin(args: &Args, options: &PredictOptions) -> Outcome {
    let model = args.model.load()?.model;
    let mut encodes = Vec::new();
    for (name, request) in builtin() {
        let mut request = masked(request, args.tier, args.given);
        args.place.name_in(&mut request);
        let result = predict_with(&request, &model, options)?;
        encodes.push((name, request, result));
    }
    if args.json {
        let encode = |(name, request, result)| {
            let forecast = Forecast::of(&result, options.recommend.target_vmaf, &model);
            BuiltinEncode { name, request, forecast }
        };
        output::print_json(&Builtin { encodes: encodes.into_iter().map(encode).collect() })?;
        return Ok(Verdict::Done);
    }
    let recommended = format!("kbit/s for VMAF {}", options.recommend.target_vmaf);
    let header = ["encode", "VMAF", "PSNR, dB", "cost, USD", "CO2e, kg", "confidence", recommended.as_str()];
    let row = |(name, _, result): &(&str, PredictionFeatures, PredictionResult)| {
        let mut cells = vec![(*name).to_owned()];
        cells.extend(ALWAYS.map(|target| forecast_cell(result, target)));
        cells.extend([format!("{:.2}", result.confidence), recommended_bitrate(result)]);
        cells
    };
    let rows = encodes.iter().map(row).collect();
    let about = model.metadata();
    let mut text = format!(
        "model {}, trained {}; in brackets the {:.0} % interval; cost and CO2e of one hour of content\n\n{}",
        about.version,
        about.trained_at,
        100.0 * NOMINAL,
        show::table(&header, 1, rows)
    );
    for (name, _, result) in encodes.iter().filter(|(_, _, result)| !result.out_of_range.is_empty()) {
        text.push_str(&format!("{name}: outside of what the model saw: {}\n", names(result.out_of_range).join(", ")));
    }
    output::print_text(&text)?;
    Ok(Verdict::Done)
}

fn forecast_cell(result: &PredictionResult, target: Target) -> String {
    result.estimate(target).map_or_else(|| "not predicted".to_owned(), |e| show::with_interval(&e))
}

/// The parts of energy, cost and carbon at a site.
fn parts(job: &JobResources) -> Vec<Vec<String>> {
    [
        ("of energy: processors", "kWh", job.energy_cpu_kwh),
        ("of energy: idling", "kWh", job.energy_idle_kwh),
        ("of energy: memory", "kWh", job.energy_memory_kwh),
        ("of cost: machine", "USD", job.cost_compute_usd),
        ("of cost: sending", "USD", job.cost_egress_usd),
        ("of cost: keeping", "USD", job.cost_storage_usd),
        ("of CO2e: electricity", "kg CO2e", job.co2_operational_kg),
        ("of CO2e: making the machine", "kg CO2e", job.co2_embodied_kg),
        ("carbon intensity (SCI)", "g CO2e/min", job.sci_g_per_minute),
    ]
    .into_iter()
    .filter_map(|(name, unit, value)| {
        Some([name, unit, &show::number(value.filter(|&value| value != 0.0)?), "", ""].map(str::to_owned).to_vec())
    })
    .collect()
}

fn recommended_bitrate(result: &PredictionResult) -> String {
    match (result.recommended_bitrate_kbps, result.best_reachable_vmaf) {
        (Some(kbps), _) => show::number(kbps),
        (None, Some(best)) => format!("unreachable, best VMAF {}", show::number(best)),
        (None, None) if result.target_unreachable => "unreachable".to_owned(),
        (None, None) => "not predicted".to_owned(),
    }
}

fn for_people(result: &PredictionResult, target_vmaf: f64) -> String {
    let mut rows = Vec::new();
    for &target in Target::ALL {
        let numbers = match result.estimate(target) {
            Some(e) => [e.value, e.lower, e.upper].map(show::number),
            None if ALWAYS.contains(&target) => ["not predicted", "", ""].map(str::to_owned),
            None => continue,
        };
        rows.push([vec![target.name().to_owned(), target.unit().to_owned()], numbers.to_vec()].concat());
    }
    for (name, unit, value) in [("size", "MB", result.size_mb), ("bandwidth", "Mbit/s", result.bandwidth_mbps)] {
        if let Some(value) = value {
            rows.push([name, unit, &show::number(value), "", ""].map(str::to_owned).to_vec());
        }
    }
    if let Some(job) = &result.resources {
        rows.extend(parts(job));
    }
    let interval = format!("{:.0} % from", 100.0 * NOMINAL);
    let mut text = show::table(&["forecast", "unit", "value", interval.as_str(), "to"], 2, rows);
    text.push('\n');
    text.push_str(&format!("confidence (0-1): {:.2}\n", result.confidence));
    text.push_str(&format!(
        "recommended bitrate for VMAF {}: {}{}\n",
        target_vmaf,
        recommended_bitrate(result),
        if result.recommended_bitrate_kbps.is_some() { " kbit/s" } else { "" }
    ));
    for (what, fields) in [
        ("outside of what the model saw", names(result.out_of_range)),
        ("not used by any forecast", names(result.ignored)),
    ] {
        if !fields.is_empty() {
            text.push_str(&format!("{what}: {}\n", fields.join(", ")));
        }
    }
    text
}
