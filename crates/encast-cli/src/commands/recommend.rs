//! `encast recommend`: the cheapest bitrate or CRF that reaches a VMAF.

use std::path::PathBuf;

use encast::{
    Choice, Estimate, Given, OverLimit, PredictOptions, PredictionResult, RecommendOptions, Recommendation, Target,
    predict_with, recommend,
};
use serde::Serialize;

use crate::{
    failure::{Outcome, Verdict},
    model::{Loaded, ModelArg},
    output,
    place::PlaceArgs,
    request::{RequestArgs, SearchArgs},
    show,
};

use super::predict::{Bounds, names};

/// Recommend the cheapest bitrate or CRF that reaches a VMAF
///
/// Takes the same request as `predict`; a bitrate or CRF in it is not looked at. The answer is the smallest bitrate, or
/// with --for crf the highest whole CRF. When none that is allowed reaches the target the exit code is 1, and the best
/// reachable VMAF, or the limit that stands in the way, is told.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    encast recommend --resolution 1920x1080 --fps 30 --codec h264\n  \
    encast recommend --for crf --resolution 1920x1080 --fps 30 --encoder libx265 --assurance 0.9\n  \
    encast recommend --resolution 1280x720 --fps 60 --target-vmaf 95 --max-bitrate 8000 --max-cost 0.05 --json")]
pub struct Args {
    #[command(flatten)]
    place: PlaceArgs,
    #[command(flatten)]
    model: ModelArg,
    /// What to recommend: bitrate or crf
    #[arg(long = "for", value_name = "RATE", value_parser = Given::from_name, default_value_t = Given::Bitrate)]
    what: Given,
    /// With --for crf: the lowest CRF that may be recommended [default: the encoder's, as far as the model saw it]
    #[arg(long, value_name = "Q", allow_negative_numbers = true)]
    min_crf: Option<f64>,
    /// With --for crf: the highest CRF that may be recommended [default: the encoder's, as far as the model saw it]
    #[arg(long, value_name = "Q", allow_negative_numbers = true)]
    max_crf: Option<f64>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    request: RequestArgs,
    #[command(flatten)]
    search: SearchArgs,
}

/// The contract of `--json`.
#[derive(Serialize)]
struct Report {
    target_vmaf: f64,
    #[serde(rename = "for")]
    what: Given,
    assurance: Option<f64>,
    reached: bool,
    recommended_bitrate_kbps: Option<f64>,
    recommended_crf: Option<f64>,
    predicted_vmaf: Option<f64>,
    interval: Option<Bounds>,
    assured_vmaf: Option<f64>,
    best_reachable_vmaf: Option<f64>,
    best_reachable_interval: Option<Bounds>,
    best_reachable_at_kbps: Option<f64>,
    best_reachable_at_crf: Option<f64>,
    limit: Option<LimitReport>,
    resolution: String,
    min_bitrate_kbps: f64,
    max_bitrate_kbps: f64,
    min_crf: Option<f64>,
    max_crf: Option<f64>,
    max_encode_seconds: Option<f64>,
    max_cost_usd: Option<f64>,
    confidence: f64,
    size_mb: Option<f64>,
    bandwidth_mbps: Option<f64>,
    encode_seconds: Option<f64>,
    cost_usd: Option<f64>,
    out_of_range: Vec<&'static str>,
    model: Option<PathBuf>,
    model_version: String,
}

/// The limit that stands in the way.
#[derive(Serialize)]
struct LimitReport {
    name: &'static str,
    allowed: f64,
    forecast: f64,
    needed_bitrate_kbps: Option<f64>,
    needed_crf: Option<f64>,
    needed_vmaf: f64,
}

/// Runs the subcommand.
pub fn run(args: &Args) -> Outcome {
    let mut features = args.request.features()?;
    let limits = RecommendOptions { min_crf: args.min_crf, max_crf: args.max_crf, ..args.search.options() };
    let options = args.place.over(PredictOptions { recommend: limits, ..Default::default() })?;
    args.place.name_in(&mut features);
    let loaded = args.model.load()?;
    let found = recommend(&features, &loaded.model, args.what, &options)?;
    let over = match &found {
        Recommendation::OverLimit(over) => Some(*over),
        _ => None,
    };
    // What else is to be said of the encode there.
    let of = found.best().or(over.map(|over| over.needed));
    (features.bitrate_kbps, features.crf) = match args.what {
        Given::Bitrate => (of.map(|choice| choice.setting), None),
        Given::Crf => (None, of.map(|choice| choice.setting)),
    };
    let plain = PredictOptions { recommend: RecommendOptions::default(), ..options };
    let there = predict_with(&features, &loaded.model, &plain)?;
    let resolution = format!("{}x{}", features.resolution_width, features.resolution_height);
    let report = report(args, &limits, &found, over, &there, resolution, &loaded);
    if args.json {
        output::print_json(&report)?;
    } else if let Some(choice) = found.reached() {
        output::print_text(&for_people(&report, choice))?;
    }
    Ok(match found {
        Recommendation::Reached(_) => Verdict::Done,
        Recommendation::Unreachable(best) => Verdict::No(unreachable(args.what, &limits, best)),
        Recommendation::OverLimit(over) => Verdict::No(over_limit(args.what, &limits, &over)),
    })
}

fn report(
    args: &Args,
    limits: &RecommendOptions,
    found: &Recommendation,
    over: Option<OverLimit>,
    there: &PredictionResult,
    resolution: String,
    loaded: &Loaded,
) -> Report {
    let (reached, what) = (found.reached(), args.what);
    let best = if reached.is_some() { None } else { found.best() };
    let kbps = |choice: Choice| (what == Given::Bitrate).then_some(choice.setting);
    let crf = |choice: Choice| (what == Given::Crf).then_some(choice.setting);
    let limit = |over: OverLimit| LimitReport {
        name: over.limit.name(),
        allowed: over.allowed,
        forecast: over.forecast,
        needed_bitrate_kbps: kbps(over.needed),
        needed_crf: crf(over.needed),
        needed_vmaf: over.needed.vmaf.value,
    };
    let value = |target| there.estimate(target).map(|estimate: Estimate| estimate.value);
    Report {
        target_vmaf: limits.target_vmaf,
        what,
        assurance: limits.assurance,
        reached: reached.is_some(),
        recommended_bitrate_kbps: reached.and_then(kbps),
        recommended_crf: reached.and_then(crf),
        predicted_vmaf: reached.map(|choice| choice.vmaf.value),
        interval: reached.map(|choice| Bounds::of(choice.vmaf)),
        assured_vmaf: found.best().map(|choice| choice.assured_vmaf),
        best_reachable_vmaf: best.map(|choice| choice.vmaf.value),
        best_reachable_interval: best.map(|choice| Bounds::of(choice.vmaf)),
        best_reachable_at_kbps: best.and_then(kbps),
        best_reachable_at_crf: best.and_then(crf),
        limit: over.map(limit),
        resolution,
        min_bitrate_kbps: limits.min_bitrate_kbps,
        max_bitrate_kbps: limits.max_bitrate_kbps,
        min_crf: limits.min_crf,
        max_crf: limits.max_crf,
        max_encode_seconds: limits.max_encode_seconds,
        max_cost_usd: limits.max_cost_usd,
        confidence: there.confidence,
        size_mb: there.size_mb,
        bandwidth_mbps: there.bandwidth_mbps,
        encode_seconds: value(Target::EncodeSeconds),
        cost_usd: value(Target::CostUsd),
        out_of_range: names(there.out_of_range),
        model: loaded.path.clone(),
        model_version: loaded.model.metadata().version.clone(),
    }
}

/// A setting in words.
fn setting(what: Given, choice: Choice) -> String {
    match what {
        Given::Bitrate => format!("{} kbit/s", show::number(choice.setting)),
        Given::Crf => format!("CRF {}", choice.setting),
    }
}

fn target(limits: &RecommendOptions) -> String {
    match limits.assurance {
        None => format!("VMAF {}", limits.target_vmaf),
        Some(p) => format!("VMAF {} with probability {p}", limits.target_vmaf),
    }
}

fn of_choice(limits: &RecommendOptions, choice: Choice) -> String {
    match limits.assurance {
        None => show::with_interval(&choice.vmaf),
        Some(_) => format!("{} (forecast {})", show::number(choice.assured_vmaf), show::number(choice.vmaf.value)),
    }
}

fn unreachable(what: Given, limits: &RecommendOptions, best: Choice) -> String {
    let range = match what {
        Given::Bitrate => format!(" between {} and {} kbit/s", limits.min_bitrate_kbps, limits.max_bitrate_kbps),
        Given::Crf => String::new(),
    };
    format!(
        "{} is unreachable{range}: the best is {} at {}",
        target(limits),
        of_choice(limits, best),
        setting(what, best)
    )
}

fn over_limit(what: Given, limits: &RecommendOptions, over: &OverLimit) -> String {
    let best = match over.best {
        Some(best) => format!("the best within the limits is {} at {}", of_choice(limits, best), setting(what, best)),
        None => "nothing keeps the limits".to_owned(),
    };
    format!(
        "{} is out of reach: at {} {} is {}, more than the {} allowed; {best}",
        target(limits),
        setting(what, over.needed),
        over.limit.name(),
        show::number(over.forecast),
        show::number(over.allowed)
    )
}

fn for_people(report: &Report, choice: Choice) -> String {
    let what = match report.what {
        Given::Bitrate => "recommended bitrate",
        Given::Crf => "recommended CRF",
    };
    let there = match report.what {
        Given::Bitrate => setting(report.what, choice),
        Given::Crf => format!("{}", choice.setting),
    };
    let mut pairs = vec![
        ("VMAF to reach", show::number(report.target_vmaf)),
        (what, there),
        ("VMAF forecast there", show::with_interval(&choice.vmaf)),
    ];
    if let Some(p) = report.assurance {
        pairs.push(("VMAF assured", format!("{} with probability {p}", show::number(choice.assured_vmaf))));
    }
    pairs.extend([
        ("resolution", report.resolution.clone()),
        ("confidence (0-1)", format!("{:.2}", report.confidence)),
        ("size", format!("{} MB", show::number_or_dash(report.size_mb))),
    ]);
    if report.max_encode_seconds.is_some() {
        pairs.push(("encode time", format!("{} s", show::number_or_dash(report.encode_seconds))));
    }
    if report.max_cost_usd.is_some() {
        pairs.push(("cost", format!("{} USD", show::number_or_dash(report.cost_usd))));
    }
    let mut text = show::pairs(&pairs);
    if !report.out_of_range.is_empty() {
        text.push_str(&format!("outside of what the model saw: {}\n", report.out_of_range.join(", ")));
    }
    text
}
