//! `encast validate`: forecasts beside what really came out.

use std::{collections::BTreeMap, path::Path};

use encast::{NOMINAL, Target};
use serde::Serialize;

use crate::{
    failure::{Failure, Outcome, Verdict},
    gate::Checked,
    http::{self, Client, HttpArgs},
    model::ModelArg,
    output, show,
    validate::{
        Figures, Matched, Prediction, Scenario, Threshold, Unmatched, figures, of_model, of_text, pair_up, read_actuals,
    },
};

/// Highest mean absolute errors that are allowed when nothing is said: of VMAF half a just-noticeable difference.
const MAX_MAE: [(Target, f64); 2] = [(Target::Vmaf, 3.0), (Target::Psnr, 1.5)];
/// Lowest share in the intervals that is allowed when nothing is said, and the scenarios that it takes: of fewer, chance
/// decides.
const MIN_COVERAGE: f64 = 0.8;
const COVERAGE_FROM: usize = 10;

/// Check forecasts against measured results
///
/// Forecasts come from the exporter's /metrics, from a file, or from the model itself, which is the default. Scenarios are
/// JSON: an array, or an object with scenarios or results, of objects with name, bitrate ("2500k", "2.5M", 2500), resolution,
/// fps, vmaf_score, psnr_score, duration, power_watts, encoder_type. They are matched by name, then by bitrate, resolution
/// and fps; what finds no partner is named.
#[derive(clap::Args)]
#[command(
    after_help = "Exit codes: 0 all thresholds are kept; 1 one is missed, or nothing could be compared; 2 bad input.\n\
    Default thresholds: --max-mae vmaf=3 --max-mae psnr=1.5, and --min-coverage 0.8 where ten scenarios or more have intervals.\n\n\
    Examples:\n  \
    encast validate --predictions http://localhost:9505/metrics --actuals 'test_results_*.json'\n  \
    encast validate --actuals results.json --model M.json --max-mae vmaf=5 --min-r2 vmaf=0.85 --json\n  \
    encast predict --data T.csv --out P.csv && encast validate --predictions P.csv --actuals results.json"
)]
pub struct Args {
    /// Forecasts: the exporter's /metrics, or a file of that text, or CSV or JSON of encast predict
    #[arg(long, value_name = "URL|FILE", conflicts_with = "model")]
    predictions: Option<String>,
    /// Measured scenarios: a file, or a pattern in quotes; repeatable
    #[arg(long, value_name = "FILE|PATTERN", required = true, num_args = 1..)]
    actuals: Vec<String>,
    #[command(flatten)]
    model: ModelArg,
    /// Highest mean absolute error of a target, as vmaf=3; repeatable, in place of that target's default
    #[arg(long, value_name = "TARGET=VALUE", value_parser = Threshold::of_target)]
    max_mae: Vec<Threshold>,
    /// Lowest share of scenarios in their intervals: of all targets (0.8), or of one (vmaf=0.8); repeatable
    #[arg(long, value_name = "SHARE", value_parser = Threshold::of_share)]
    min_coverage: Vec<Threshold>,
    /// Lowest R² of a target, as vmaf=0.85; repeatable
    #[arg(long, value_name = "TARGET=VALUE", value_parser = Threshold::of_target)]
    min_r2: Vec<Threshold>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    http: HttpArgs,
}

/// The contract of `--json`.
#[derive(Serialize)]
struct Report<'a> {
    /// Where the forecasts come from.
    predictions: String,
    scenarios: usize,
    matched: usize,
    nominal: f64,
    targets: BTreeMap<&'static str, &'a Figures>,
    thresholds: Vec<Checked>,
    unmatched_scenarios: &'a [Unmatched],
    unmatched_predictions: &'a [String],
    unmatched_values: &'a [Unmatched],
}

/// Runs the subcommand.
pub fn run(args: &Args) -> Outcome {
    let scenarios = read_actuals(&args.actuals)?;
    let (matched, source) = compare(args, &scenarios)?;
    let by_target: BTreeMap<Target, Figures> =
        matched.by_target.iter().filter_map(|(&target, pairs)| Some((target, figures(target, pairs)?))).collect();
    let checked = check(args, &by_target);
    warn(&scenarios, &matched);
    let report = Report {
        predictions: source,
        scenarios: scenarios.len(),
        matched: matched.scenarios,
        nominal: NOMINAL,
        targets: by_target.iter().map(|(target, figures)| (target.name(), figures)).collect(),
        thresholds: checked,
        unmatched_scenarios: &matched.scenarios_left,
        unmatched_predictions: &matched.predictions_left,
        unmatched_values: &matched.values_left,
    };
    if args.json {
        output::print_json(&report)?;
    } else {
        output::print_text(&for_people(&report, &by_target))?;
    }
    let missed: Vec<String> = report.thresholds.iter().filter_map(Checked::missed).collect();
    Ok(match (matched.scenarios, missed.as_slice()) {
        (0, _) => Verdict::No("no scenario could be compared with a forecast".to_owned()),
        (_, []) => Verdict::Done,
        _ => Verdict::No(format!("threshold missed: {}", missed.join("; "))),
    })
}

fn compare(args: &Args, scenarios: &[Scenario]) -> Result<(Matched, String), Failure> {
    let Some(from) = &args.predictions else {
        let loaded = args.model.load()?;
        let own = |scenario: &Scenario| of_model(scenario, &loaded.model);
        let source = format!("{}, version {}", loaded.origin(), loaded.model.metadata().version);
        return Ok((pair_up(scenarios, &[], Some(&own)), source));
    };
    let (bytes, source) = match http::is_url(from) {
        true => {
            let client = Client::new(from, &args.http)?;
            let source = http::shown(from);
            let answer = client.get(from).map_err(|trouble| Failure::Bad(format!("{source}: {trouble}")))?;
            (answer, source)
        }
        false => (std::fs::read(from).map_err(|error| Failure::of_file(Path::new(from), error))?, from.clone()),
    };
    let text = String::from_utf8(bytes).map_err(|_| Failure::Bad(format!("{source}: is not UTF-8")))?;
    let predictions: Vec<Prediction> = of_text(&text, &source)?;
    if predictions.is_empty() {
        return Err(Failure::Bad(format!("{source}: holds no forecasts")));
    }
    Ok((pair_up(scenarios, &predictions, None), source))
}

fn warn(scenarios: &[Scenario], matched: &Matched) {
    for left in &matched.scenarios_left {
        output::note(&format!("warning: not compared: {}: {}", left.what, left.reason));
    }
    for left in &matched.predictions_left {
        output::note(&format!("warning: not compared: no scenario for the forecast of {left}"));
    }
    for left in &matched.values_left {
        output::note(&format!("warning: one value not compared: {}: {}", left.what, left.reason));
    }
    for scenario in scenarios {
        if let Some(name) = &scenario.unknown_encoder {
            let place = &scenario.place;
            output::note(&format!("warning: {place}: encoder_type \"{name}\" is no encoder or codec that is known"));
        }
    }
}

fn check(args: &Args, figures: &BTreeMap<Target, Figures>) -> Vec<Checked> {
    let mut all = Vec::new();
    let named = |target: Target| args.max_mae.iter().any(|threshold| threshold.target == Some(target));
    let usual = MAX_MAE.iter().filter(|(target, _)| figures.contains_key(target) && !named(*target));
    let usual = usual.map(|&(target, bound)| Threshold { target: Some(target), bound });
    for threshold in usual.chain(args.max_mae.iter().cloned()) {
        for (target, value) in threshold.on(figures, |f| Some(f.mae)) {
            all.push(Checked::at_most(format!("{target}.mae<={}", threshold.bound), value, threshold.bound));
        }
    }
    for threshold in &args.min_coverage {
        for (target, value) in threshold.on(figures, |f| f.coverage) {
            all.push(Checked::at_least(format!("{target}.coverage>={}", threshold.bound), value, threshold.bound));
        }
    }
    if args.min_coverage.is_empty() {
        for (target, of) in figures.iter().filter(|(_, of)| of.with_interval >= COVERAGE_FROM) {
            all.push(Checked::at_least(format!("{target}.coverage>={MIN_COVERAGE}"), of.coverage, MIN_COVERAGE));
        }
    }
    for threshold in &args.min_r2 {
        for (target, value) in threshold.on(figures, |f| f.r2) {
            all.push(Checked::at_least(format!("{target}.r2>={}", threshold.bound), value, threshold.bound));
        }
    }
    all
}

fn for_people(report: &Report, figures: &BTreeMap<Target, Figures>) -> String {
    let mut text = format!(
        "{} of {} scenarios compared with {}\n\n",
        show::count(report.matched),
        show::count(report.scenarios),
        report.predictions
    );
    let number = |value: Option<f64>| value.map_or_else(|| show::NONE.to_owned(), show::number);
    let share = |value: Option<f64>| value.map_or_else(|| show::NONE.to_owned(), |v| format!("{:.0} %", 100.0 * v));
    let row = |(target, of): (&Target, &Figures)| {
        let mut cells = vec![show::target_with_unit(*target), show::count(of.count)];
        cells.extend([of.mae, of.rmse, of.bias, of.p90].map(show::number));
        cells.push(number(of.r2));
        cells.push(share(of.within_2.or(of.within_half_db)));
        cells.extend([share(of.mape), share(of.coverage)]);
        cells
    };
    let header = ["target (unit)", "scenarios", "MAE", "RMSE", "bias", "p90", "R²", "close", "MAPE", "in interval"];
    text.push_str(&show::table(&header, 1, figures.iter().map(row).collect()));
    text.push_str("bias: measured minus forecast; close: within ±2 VMAF, ±0.5 dB; intervals mean to hold 90 %.\n\n");
    let worst = figures.iter().flat_map(|(target, of)| {
        of.worst.iter().map(move |worst| {
            let inside = worst.covered.map_or(show::NONE, |covered| if covered { "yes" } else { "no" });
            let off = worst.measured - worst.forecast;
            vec![
                target.name().to_owned(),
                worst.scenario.clone(),
                show::number(worst.measured),
                show::number(worst.forecast),
                show::number(off),
                inside.to_owned(),
            ]
        })
    });
    let header = ["target", "worst scenarios", "measured", "forecast", "off by", "in interval"];
    text.push_str(&show::table(&header, 2, worst.collect()));
    for checked in &report.thresholds {
        text.push_str(&format!("{}\n", checked.told()));
    }
    text
}
