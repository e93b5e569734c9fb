//! `encast recommend`: the smallest bitrate that reaches a VMAF.

use std::path::PathBuf;

use encast::{Estimate, PredictOptions, Recommendation, predict_with, recommend_bitrate};
use serde::Serialize;

use crate::{
    failure::{Outcome, Verdict},
    model::ModelArg,
    output,
    request::{RequestArgs, SearchArgs},
    show,
};

use super::predict::{Bounds, names};

/// Recommend the smallest bitrate that reaches a VMAF
///
/// Takes the same request as `predict`; a bitrate or CRF in it is not looked at. When no allowed bitrate reaches the
/// target the exit code is 1, and the best reachable VMAF is told.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    encast recommend --resolution 1920x1080 --fps 30 --codec h264\n  \
    encast recommend --resolution 1280x720 --fps 60 --target-vmaf 95 --max-bitrate 8000 --json")]
pub struct Args {
    #[command(flatten)]
    model: ModelArg,
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
    reached: bool,
    recommended_bitrate_kbps: Option<f64>,
    predicted_vmaf: Option<f64>,
    interval: Option<Bounds>,
    best_reachable_vmaf: Option<f64>,
    best_reachable_interval: Option<Bounds>,
    best_reachable_at_kbps: Option<f64>,
    resolution: String,
    min_bitrate_kbps: f64,
    max_bitrate_kbps: f64,
    confidence: f64,
    size_mb: Option<f64>,
    bandwidth_mbps: Option<f64>,
    out_of_range: Vec<&'static str>,
    model: Option<PathBuf>,
    model_version: String,
}

/// Runs the subcommand.
pub fn run(args: &Args) -> Outcome {
    let mut features = args.request.features()?;
    let options = args.search.options();
    let loaded = args.model.load()?;
    let found = recommend_bitrate(&features, &loaded.model, &options)?;
    let (bitrate, estimate, reached) = match found {
        Recommendation::Reached { bitrate_kbps, estimate } => (bitrate_kbps, estimate, true),
        Recommendation::Unreachable { bitrate_kbps, best } => (bitrate_kbps, best, false),
    };
    // What else is to be said of the encode at that bitrate.
    (features.bitrate_kbps, features.crf) = (Some(bitrate), None);
    let there = predict_with(&features, &loaded.model, &PredictOptions { recommend: options, ..Default::default() })?;
    let when = |wanted: bool, value: f64| (wanted == reached).then_some(value);
    let interval = |wanted: bool, of: Estimate| (wanted == reached).then_some(Bounds::of(of));
    let report = Report {
        target_vmaf: options.target_vmaf,
        reached,
        recommended_bitrate_kbps: when(true, bitrate),
        predicted_vmaf: when(true, estimate.value),
        interval: interval(true, estimate),
        best_reachable_vmaf: when(false, estimate.value),
        best_reachable_interval: interval(false, estimate),
        best_reachable_at_kbps: when(false, bitrate),
        resolution: format!("{}x{}", features.resolution_width, features.resolution_height),
        min_bitrate_kbps: options.min_bitrate_kbps,
        max_bitrate_kbps: options.max_bitrate_kbps,
        confidence: there.confidence,
        size_mb: there.size_mb,
        bandwidth_mbps: there.bandwidth_mbps,
        out_of_range: names(there.out_of_range),
        model: loaded.path.clone(),
        model_version: loaded.model.metadata().version.clone(),
    };
    if args.json {
        output::print_json(&report)?;
    } else if reached {
        output::print_text(&for_people(&report, estimate, bitrate))?;
    }
    Ok(if reached {
        Verdict::Done
    } else {
        Verdict::No(format!(
            "VMAF {} is unreachable between {} and {} kbit/s: the best is {} at {} kbit/s",
            options.target_vmaf,
            options.min_bitrate_kbps,
            options.max_bitrate_kbps,
            show::with_interval(&estimate),
            show::number(bitrate)
        ))
    })
}

fn for_people(report: &Report, estimate: Estimate, bitrate: f64) -> String {
    let mut text = show::pairs(&[
        ("VMAF to reach", show::number(report.target_vmaf)),
        ("recommended bitrate", format!("{} kbit/s", show::number(bitrate))),
        ("VMAF forecast there", show::with_interval(&estimate)),
        ("resolution", report.resolution.clone()),
        ("confidence (0-1)", format!("{:.2}", report.confidence)),
        ("size", format!("{} MB", show::number_or_dash(report.size_mb))),
    ]);
    if !report.out_of_range.is_empty() {
        text.push_str(&format!("outside of what the model saw: {}\n", report.out_of_range.join(", ")));
    }
    text
}
