//! `encast ladder`: sizes and bitrates for adaptive streaming.

use std::path::PathBuf;

use encast::{Dropped, Ladder, LadderOptions, PredictOptions, RecommendOptions, Rung, Size, Tier, ladder};
use serde::Serialize;

use crate::{
    commands::{clip, ladder_judge, ladder_plot},
    failure::{Failure, Outcome, Verdict},
    input,
    model::{Loaded, ModelArg},
    output, plot,
    request::{LimitArgs, RequestArgs, size},
    show,
};

use super::predict::{Bounds, names};

/// Choose sizes and bitrates for adaptive streaming
///
/// Forecasts the curve of VMAF over the bitrate for every size, takes the best size at each bitrate, and puts rungs at
/// least one just noticeable difference of VMAF apart, or at given bitrates. The source is told by the flags of `predict`
/// or measured by --clip; a bitrate or CRF is not looked at. Exit code 1 when there is no rung.
///
/// With --judge, ladders are judged instead: for every title of a measured table by a model that did not see it.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    encast ladder --source-resolution 1920x1080 --fps 30 --codec h264\n  \
    encast ladder --clip clip.mp4 --encoder libx265 --preset medium --plot ladder.png\n  \
    encast ladder --source-resolution 1920x1080 --fps 30 --bitrates 500,1000,2000,4000 --csv\n  \
    encast ladder --judge T.csv --folds 5")]
pub struct Args {
    #[command(flatten)]
    model: ModelArg,
    /// Measure the source: any clip that `encast analyze` takes. Flags beat what it tells; without --fps the encodes have
    /// its frame rate
    #[arg(long, value_name = "FILE")]
    clip: Option<PathBuf>,
    /// Sizes to choose from [default: 288, 360, 480, 540, 720, 1080, 1440, 2160 lines, up to the source's own]
    #[arg(long, value_name = "WIDTHxHEIGHT,…", value_delimiter = ',', value_parser = whole_size)]
    sizes: Vec<Size>,
    /// One rung at each of these bitrates, kbit/s, instead of steps of VMAF
    #[arg(long, value_name = "KBPS,…", value_delimiter = ',', allow_negative_numbers = true,
          conflicts_with_all = ["step", "min_ratio", "top_vmaf", "bottom_vmaf"])]
    bitrates: Vec<f64>,
    /// Least VMAF between two rungs [default: 6, one just noticeable difference]
    #[arg(long, value_name = "VMAF", allow_negative_numbers = true)]
    step: Option<f64>,
    /// Least ratio of the bitrates of two rungs [default: 1.2]
    #[arg(long, value_name = "RATIO", allow_negative_numbers = true)]
    min_ratio: Option<f64>,
    /// The highest rung is the cheapest that reaches this VMAF, or the best there is [default: 95]
    #[arg(long, value_name = "VMAF", allow_negative_numbers = true)]
    top_vmaf: Option<f64>,
    /// No rung has less VMAF [default: 40]
    #[arg(long, value_name = "VMAF", allow_negative_numbers = true)]
    bottom_vmaf: Option<f64>,
    /// Prices and carbon factors, JSON, instead of the bundle's
    #[arg(long, value_name = "P.json")]
    profile: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long, conflicts_with = "csv")]
    pub json: bool,
    /// Print CSV: one row a rung
    #[arg(long)]
    csv: bool,
    /// Also draw the curves, the hull with its intervals and the rungs, as SVG or PNG by the name's ending
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,
    #[command(flatten)]
    limits: LimitArgs,
    #[command(flatten)]
    pub judging: JudgeArgs,
    #[command(flatten)]
    request: RequestArgs,
}

/// Flags of the judge.
#[derive(clap::Args)]
#[command(next_help_heading = "The judge")]
pub struct JudgeArgs {
    /// Judge forecast ladders on this table of measured encodes, beside a fixed one: BD-rate against the measured hull
    #[arg(long, value_name = "T.csv", conflicts_with_all = ["model", "clip", "plot", "csv", "sizes", "bitrates"])]
    pub judge: Option<PathBuf>,
    /// With --judge: title-disjoint folds
    #[arg(long, value_name = "K", requires = "judge", value_parser = clap::value_parser!(u32).range(2..=1000))]
    pub folds: Option<u32>,
    /// With --judge: what forecasts may know, settings, content or probe [default: each of them in turn]
    #[arg(long, value_name = "TIER", requires = "judge", value_parser = Tier::from_name)]
    pub tier: Option<Tier>,
    /// With --judge: seed of the training [default: 1]
    #[arg(long, value_name = "N", requires = "judge")]
    pub seed: Option<u64>,
    /// With --judge: no progress on standard error
    #[arg(long, requires = "judge")]
    pub quiet: bool,
}

/// `1920x1080` as a size.
pub fn whole_size(text: &str) -> Result<Size, String> {
    let (width, height) = size(text)?;
    let whole = |side: f64| (side >= 1.0 && side <= f64::from(u32::MAX) && side.fract() == 0.0).then_some(side as u32);
    match (whole(width), whole(height)) {
        (Some(width), Some(height)) => Ok(Size { width, height }),
        _ => Err("must be WIDTHxHEIGHT in whole pixels, as 1920x1080".to_owned()),
    }
}

/// The contract of `--json`.
#[derive(Serialize)]
struct Report {
    rungs: Vec<RungReport>,
    dropped: Vec<DroppedReport>,
    sizes: Vec<String>,
    best_vmaf: Option<f64>,
    step_vmaf: f64,
    min_bitrate_ratio: f64,
    top_vmaf: f64,
    bottom_vmaf: f64,
    assurance: Option<f64>,
    min_bitrate_kbps: f64,
    max_bitrate_kbps: f64,
    max_encode_seconds: Option<f64>,
    max_cost_usd: Option<f64>,
    model: Option<PathBuf>,
    model_version: String,
}

#[derive(Serialize)]
struct RungReport {
    resolution_width: u32,
    resolution_height: u32,
    bitrate_kbps: f64,
    crf: Option<f64>,
    predicted_vmaf: f64,
    vmaf_interval: Bounds,
    assured_vmaf: f64,
    predicted_psnr: Option<f64>,
    psnr_interval: Option<Bounds>,
    size_mb: f64,
    encode_seconds: Option<f64>,
    cost_usd: Option<f64>,
    confidence: f64,
    out_of_range: Vec<&'static str>,
}

#[derive(Serialize)]
struct DroppedReport {
    bitrate_kbps: f64,
    reason: &'static str,
}

impl RungReport {
    fn of(rung: &Rung) -> RungReport {
        RungReport {
            resolution_width: rung.size.width,
            resolution_height: rung.size.height,
            bitrate_kbps: rung.bitrate_kbps,
            crf: rung.crf,
            predicted_vmaf: rung.vmaf.value,
            vmaf_interval: Bounds::of(rung.vmaf),
            assured_vmaf: rung.assured_vmaf,
            predicted_psnr: rung.psnr.map(|psnr| psnr.value),
            psnr_interval: rung.psnr.map(Bounds::of),
            size_mb: rung.size_mb,
            encode_seconds: rung.encode_seconds.map(|time| time.value),
            cost_usd: rung.cost_usd.map(|cost| cost.value),
            confidence: rung.confidence,
            out_of_range: names(rung.out_of_range),
        }
    }
}

/// Why a bitrate has no rung.
fn reason(dropped: Dropped) -> &'static str {
    match dropped {
        Dropped::Dominated => "dominated",
        Dropped::OverLimit => "over_limit",
    }
}

/// Runs the subcommand.
pub fn run(args: &Args) -> Outcome {
    let default = LadderOptions::default();
    let options = LadderOptions {
        sizes: args.sizes.clone(),
        bitrates_kbps: args.bitrates.clone(),
        step_vmaf: args.step.unwrap_or(default.step_vmaf),
        min_bitrate_ratio: args.min_ratio.unwrap_or(default.min_bitrate_ratio),
        top_vmaf: args.top_vmaf.unwrap_or(default.top_vmaf),
        bottom_vmaf: args.bottom_vmaf.unwrap_or(default.bottom_vmaf),
        predict: PredictOptions {
            recommend: args.limits.options(),
            profile: input::read_profile(args.profile.as_deref())?,
            ..Default::default()
        },
    };
    if let Some(table) = &args.judging.judge {
        if !args.request.is_empty() {
            return Err(Failure::Bad("--judge takes no flags of one encode (--help shows the forms)".to_owned()));
        }
        return ladder_judge::run(args, table, &options);
    }
    if let Some(out) = &args.plot {
        plot::check_place(out)?;
    }
    let features = args.request.features_over(clip::source(args.clip.as_deref())?)?;
    let loaded = args.model.load()?;
    let made = ladder(&features, &loaded.model, &options)?;
    if let Some(out) = &args.plot {
        plot::write(out, &ladder_plot::figure(&made, options.predict.recommend.assurance))?;
    }
    if args.json {
        output::print_json(&report(&made, &options, &loaded))?;
    } else if args.csv {
        output::print_text(&csv_of(&made)?)?;
    } else if !made.rungs.is_empty() {
        output::print_text(&for_people(&made, &options.predict.recommend))?;
    }
    if made.rungs.is_empty() {
        return Ok(Verdict::No(why_empty(&made, &options)));
    }
    Ok(Verdict::Done)
}

fn report(made: &Ladder, options: &LadderOptions, loaded: &Loaded) -> Report {
    let limits = &options.predict.recommend;
    let dropped =
        |(bitrate_kbps, why): &(f64, Dropped)| DroppedReport { bitrate_kbps: *bitrate_kbps, reason: reason(*why) };
    Report {
        rungs: made.rungs.iter().map(RungReport::of).collect(),
        dropped: made.dropped.iter().map(dropped).collect(),
        sizes: made.curves.iter().map(|curve| curve.size.to_string()).collect(),
        best_vmaf: made.best_vmaf,
        step_vmaf: options.step_vmaf,
        min_bitrate_ratio: options.min_bitrate_ratio,
        top_vmaf: options.top_vmaf,
        bottom_vmaf: options.bottom_vmaf,
        assurance: limits.assurance,
        min_bitrate_kbps: limits.min_bitrate_kbps,
        max_bitrate_kbps: limits.max_bitrate_kbps,
        max_encode_seconds: limits.max_encode_seconds,
        max_cost_usd: limits.max_cost_usd,
        model: loaded.path.clone(),
        model_version: loaded.model.metadata().version.clone(),
    }
}

fn why_empty(made: &Ladder, options: &LadderOptions) -> String {
    match made.best_vmaf {
        Some(best) if options.bitrates_kbps.is_empty() => {
            format!("no rung: the best VMAF is {}, the lowest wanted {}", show::number(best), options.bottom_vmaf)
        }
        _ => "no rung: no encode keeps the limits on time and cost".to_owned(),
    }
}

/// Names of the CSV's columns, in the words of the encode table and of `predict --data`.
const COLUMNS: [&str; 16] = [
    "resolution_width",
    "resolution_height",
    "bitrate_kbps",
    "crf",
    "predicted_vmaf",
    "vmaf_lower",
    "vmaf_upper",
    "assured_vmaf",
    "predicted_psnr",
    "psnr_lower",
    "psnr_upper",
    "predicted_size_mb",
    "predicted_encode_seconds",
    "predicted_cost_usd",
    "confidence",
    "out_of_range",
];

fn csv_of(made: &Ladder) -> Result<String, Failure> {
    let bad = |error: &dyn std::fmt::Display| Failure::Bad(format!("writing CSV: {error}"));
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(COLUMNS).map_err(|error| bad(&error))?;
    for rung in &made.rungs {
        let text = |value: Option<f64>| value.map_or_else(String::new, |value| value.to_string());
        let mut cells = vec![rung.size.width.to_string(), rung.size.height.to_string()];
        cells.extend(
            [
                Some(rung.bitrate_kbps),
                rung.crf,
                Some(rung.vmaf.value),
                Some(rung.vmaf.lower),
                Some(rung.vmaf.upper),
                Some(rung.assured_vmaf),
                rung.psnr.map(|psnr| psnr.value),
                rung.psnr.map(|psnr| psnr.lower),
                rung.psnr.map(|psnr| psnr.upper),
                Some(rung.size_mb),
                rung.encode_seconds.map(|time| time.value),
                rung.cost_usd.map(|cost| cost.value),
                Some(rung.confidence),
            ]
            .map(text),
        );
        cells.push(names(rung.out_of_range).join(";"));
        writer.write_record(cells).map_err(|error| bad(&error))?;
    }
    let bytes = writer.into_inner().map_err(|error| bad(&error))?;
    String::from_utf8(bytes).map_err(|error| bad(&error))
}

fn for_people(made: &Ladder, limits: &RecommendOptions) -> String {
    let assured = limits.assurance.map(|p| format!("VMAF at {p}")).unwrap_or_default();
    let mut header = vec!["size", "kbit/s", "CRF", "VMAF", "PSNR, dB", "MB", "seconds", "USD", "confidence"];
    if limits.assurance.is_some() {
        header.insert(4, assured.as_str());
    }
    let row = |rung: &Rung| {
        let dash = show::number_or_dash;
        let mut cells = vec![
            rung.size.to_string(),
            show::number(rung.bitrate_kbps),
            dash(rung.crf),
            show::with_interval(&rung.vmaf),
            rung.psnr.map_or_else(|| dash(None), |psnr| show::with_interval(&psnr)),
            show::number(rung.size_mb),
            dash(rung.encode_seconds.map(|time| time.value)),
            dash(rung.cost_usd.map(|cost| cost.value)),
            format!("{:.2}", rung.confidence),
        ];
        if limits.assurance.is_some() {
            cells.insert(4, show::number(rung.assured_vmaf));
        }
        cells
    };
    let mut text = show::table(&header, 1, made.rungs.iter().rev().map(row).collect());
    for (bitrate, why) in &made.dropped {
        let why = match why {
            Dropped::Dominated => "a cheaper rung is as good",
            Dropped::OverLimit => "no size keeps the limits",
        };
        text.push_str(&format!("no rung at {} kbit/s: {why}\n", show::number(*bitrate)));
    }
    let mut outside: Vec<&str> = made.rungs.iter().flat_map(|rung| names(rung.out_of_range)).collect();
    outside.sort_unstable();
    outside.dedup();
    if !outside.is_empty() {
        text.push_str(&format!("outside of what the model saw: {}\n", outside.join(", ")));
    }
    text
}
