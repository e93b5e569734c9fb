//! `encast ladder --judge`: forecast ladders on measured curves.

use std::path::{Path, PathBuf};

use encast::{LadderFigures, LadderJudgement, LadderOptions, Tier, TrainOptions, judge_ladders};
use serde::Serialize;

use crate::{
    failure::{Outcome, Verdict},
    input::Tables,
    output,
    progress::Meter,
    show,
};

use super::ladder::Args;

/// The contract of `--judge --json`.
#[derive(Serialize)]
struct Report {
    table: PathBuf,
    sha256: Option<String>,
    rows: usize,
    titles: usize,
    sources: usize,
    left_out: usize,
    split: String,
    step_vmaf: f64,
    min_bitrate_ratio: f64,
    top_vmaf: f64,
    bottom_vmaf: f64,
    min_bitrate_kbps: f64,
    max_bitrate_kbps: f64,
    ladders: Vec<Line>,
}

/// The figures of one kind of ladder.
#[derive(Serialize)]
struct Line {
    ladder: String,
    sources: usize,
    rungs: f64,
    dominated: f64,
    clamped: f64,
    bd_rate_mean: Option<f64>,
    bd_rate_median: Option<f64>,
    excess_mean: Option<f64>,
    excess_median: Option<f64>,
    top_vmaf: Option<f64>,
    vmaf_error: Option<f64>,
}

impl Line {
    fn of(ladder: impl Into<String>, figures: &LadderFigures) -> Line {
        let finite = |value: f64| value.is_finite().then_some(value);
        Line {
            ladder: ladder.into(),
            sources: figures.sources,
            rungs: figures.rungs,
            dominated: figures.dominated,
            clamped: figures.clamped,
            bd_rate_mean: finite(figures.bd_rate_mean),
            bd_rate_median: finite(figures.bd_rate_median),
            excess_mean: finite(figures.excess_mean),
            excess_median: finite(figures.excess_median),
            top_vmaf: finite(figures.top_vmaf),
            vmaf_error: figures.vmaf_error,
        }
    }
}

/// Folds when none are asked for.
const FOLDS: u32 = 5;

/// Judges on a table.
pub fn run(args: &Args, table: &Path, options: &LadderOptions) -> Outcome {
    let tables = Tables::read(&[table.to_owned()])?;
    tables.warn_of_excluded();
    let rows = &tables.table;
    let training = TrainOptions { seed: args.judging.seed.unwrap_or(1), ..TrainOptions::default() };
    let folds = args.judging.folds.unwrap_or(FOLDS) as usize;
    let tiers = args.judging.tier.map_or(Tier::ALL.to_vec(), |tier| vec![tier]);
    let meter = Meter::start("ladders", "folds", args.judging.quiet);
    let judged =
        judge_ladders(&rows.features, &rows.targets, folds, &tiers, options, &training, &|done| meter.report(done));
    meter.finish(judged.is_ok());
    let judged = judged.map_err(|error| tables.failure(error))?;
    let report = report(table, &tables, &judged, options);
    if args.json {
        output::print_json(&report)?;
    } else {
        output::print_text(&for_people(&report))?;
    }
    Ok(Verdict::Done)
}

fn report(table: &Path, tables: &Tables, judged: &LadderJudgement, options: &LadderOptions) -> Report {
    let forecast = judged.forecast.iter().map(|(tier, figures)| Line::of(format!("forecast, {tier}"), figures));
    let others = [
        Line::of("fixed, HLS authoring specification (HEVC)", &judged.fixed),
        Line::of("from the measured curves", &judged.measured),
    ];
    let limits = &options.predict.recommend;
    Report {
        table: table.to_owned(),
        sha256: tables.table.provenance.first().map(|table| table.sha256.clone()),
        rows: tables.table.features.len(),
        titles: judged.titles,
        sources: judged.sources,
        left_out: judged.left_out,
        split: format!("title-{}-fold", judged.folds),
        step_vmaf: options.step_vmaf,
        min_bitrate_ratio: options.min_bitrate_ratio,
        top_vmaf: options.top_vmaf,
        bottom_vmaf: options.bottom_vmaf,
        min_bitrate_kbps: limits.min_bitrate_kbps,
        max_bitrate_kbps: limits.max_bitrate_kbps,
        ladders: forecast.chain(others).collect(),
    }
}

fn for_people(report: &Report) -> String {
    let mut text = format!(
        "{} rows, {} titles, {} sources judged, {} left out, split {}\n",
        show::count(report.rows),
        show::count(report.titles),
        show::count(report.sources),
        show::count(report.left_out),
        report.split
    );
    let header = [
        "ladder",
        "sources",
        "rungs",
        "dominated",
        "clamped",
        "BD-rate",
        "median",
        "excess of rungs",
        "median ",
        "top VMAF",
        "VMAF error",
    ];
    let percent =
        |share: Option<f64>| share.map_or_else(|| show::number_or_dash(None), |s| format!("{:.1} %", 100.0 * s));
    let row = |line: &Line| {
        vec![
            line.ladder.clone(),
            line.sources.to_string(),
            show::number(line.rungs),
            show::number(line.dominated),
            percent(Some(line.clamped)),
            percent(line.bd_rate_mean),
            percent(line.bd_rate_median),
            percent(line.excess_mean),
            percent(line.excess_median),
            show::number_or_dash(line.top_vmaf),
            show::number_or_dash(line.vmaf_error),
        ]
    };
    text.push_str(&show::table(&header, 1, report.ladders.iter().map(row).collect()));
    text.push_str(
        "BD-rate and excess: bitrate above the measured convex hull at the same VMAF; means over sources, and medians.\n",
    );
    text
}
