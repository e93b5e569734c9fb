//! `encast predict --data --total`: what all jobs of a table take together.

use std::path::{Path, PathBuf};

use encast::{Model, PredictOptions, Target, Total, totals};
use serde::Serialize;

use super::predict::{Args, Bounds};
use crate::{
    failure::{Failure, Outcome, Verdict},
    input::Tables,
    output,
    request::masked,
    show,
};

/// The contract of `--total --json`.
#[derive(Serialize)]
struct Report {
    jobs: usize,
    level: f64,
    totals: Vec<OfTarget>,
    model_version: String,
}

#[derive(Serialize)]
struct OfTarget {
    target: &'static str,
    unit: &'static str,
    total: f64,
    interval: Bounds,
    finished: usize,
    correction: f64,
}

/// Adds up the jobs of `data`. Jobs with a measured value are finished: they count as measured, and correct the others.
pub fn run(args: &Args, data: &Path, model: &Model, options: &PredictOptions) -> Outcome {
    let mut tables = Tables::read(&[PathBuf::from(data)])?;
    tables.warn_of_excluded();
    for features in &mut tables.table.features {
        *features = masked(std::mem::take(features), args.tier, args.given);
        args.place.name_in(features);
    }
    let table = &tables.table;
    let totals = totals(&table.features, &table.targets, model, options).map_err(|error| tables.failure(error))?;
    if totals.is_empty() {
        return Err(Failure::Bad("the model forecasts no time, energy, cost or carbon of these jobs".to_owned()));
    }
    if !args.json {
        output::print_text(&for_people(&totals, options.level))?;
        return Ok(Verdict::Done);
    }
    let of_target = |(target, total): &(Target, Total)| OfTarget {
        target: target.name(),
        unit: target.unit(),
        total: total.amount.value,
        interval: Bounds::of(total.amount),
        finished: total.finished,
        correction: total.correction,
    };
    output::print_json(&Report {
        jobs: table.len(),
        level: options.level,
        totals: totals.iter().map(of_target).collect(),
        model_version: model.metadata().version.clone(),
    })?;
    Ok(Verdict::Done)
}

fn for_people(totals: &[(Target, Total)], level: f64) -> String {
    let interval = format!("{:.0} % from", 100.0 * level);
    let row = |(target, total): &(Target, Total)| {
        let [value, lower, upper] = [total.amount.value, total.amount.lower, total.amount.upper].map(show::number);
        let finished = format!("{} of {}", total.finished, total.jobs);
        let cells = [target.name(), target.unit(), &value, &lower, &upper, &finished, &show::number(total.correction)];
        cells.map(str::to_owned).to_vec()
    };
    let header = ["total", "unit", "value", interval.as_str(), "to", "finished", "correction"];
    show::table(&header, 2, totals.iter().map(row).collect())
}
