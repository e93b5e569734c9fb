//! A search for the learner and its sizes, within a budget of seconds.

use std::{
    cell::RefCell,
    fmt::Display,
    io::Write,
    path::Path,
    time::{Duration, Instant},
};

use encast::{
    Candidate, PredictionFeatures, PredictionTargets, Progress, SearchReport, Tier, TrainOptions, Trial, search,
};
use serde::Serialize;

use crate::{failure::Failure, output::Replacement, progress::Meter, show};

/// How long a search may last, and by how many folds it judges.
#[derive(Clone, Copy)]
pub struct Budget {
    /// After so many seconds no further candidate is tried.
    pub seconds: f64,
    /// Title-disjoint folds of the rows that the search is given.
    pub folds: usize,
}

/// What was found: part of the JSON of `train` and `evaluate`.
#[derive(Serialize)]
pub struct Searched {
    folds: usize,
    tier: Tier,
    seconds_allowed: f64,
    candidates: usize,
    /// Whether the budget allowed all of them.
    complete: bool,
    winner: usize,
    chosen: Candidate,
    trials: Vec<TimedTrial>,
}

#[derive(Serialize)]
struct TimedTrial {
    #[serde(flatten)]
    trial: Trial,
    seconds: f64,
}

impl Searched {
    /// One line that tells what won.
    pub fn verdict(&self) -> String {
        let score =
            self.trials.iter().find(|timed| timed.trial.number == self.winner).and_then(|timed| timed.trial.score);
        format!(
            "{}: score {}, trial {} of {} tried, {} in the list",
            self.chosen,
            show::share(score),
            self.winner,
            self.trials.len(),
            self.candidates
        )
    }
}

/// The line above [`trial_line`].
pub const HEADER: &str =
    "trial  score  seconds  candidate (score: geometric mean of MAE / mean's MAE on unseen titles)";

/// One trial for people.
pub fn trial_line(trial: &Trial, seconds: f64) -> String {
    let failed = trial.failure.as_ref().map(|why| format!(": not trained: {why}")).unwrap_or_default();
    let score = show::share(trial.score);
    format!("{:>5}  {score:>5}  {seconds:>7.1}  {}{failed}", trial.number, trial.candidate)
}

/// Searches. `tell` takes the trials' lines as they finish.
pub fn run(
    (features, targets): (&[PredictionFeatures], &[PredictionTargets]),
    base: &TrainOptions,
    budget: Budget,
    quiet: bool,
    tell: &mut dyn FnMut(String),
) -> encast::Result<(Searched, TrainOptions)> {
    let (meter, started) = (Meter::start("search", "fits", quiet), Instant::now());
    let seconds = RefCell::new(Vec::new());
    let mut before = 0.0;
    let mut go_on = |trial: &Trial| {
        let now = started.elapsed().as_secs_f64();
        meter.aside(|| tell(trial_line(trial, now - before)));
        seconds.borrow_mut().push(now - before);
        before = now;
        now < budget.seconds
    };
    // The budget may end the search before the end of the list.
    let report = |step: Progress| {
        let gone = started.elapsed().as_secs_f64();
        let left = gone * step.total.saturating_sub(step.done) as f64 / step.done.max(1) as f64;
        let left = left.min((budget.seconds - gone).max(0.0));
        meter.report_left(step.done, step.total, Duration::try_from_secs_f64(left).unwrap_or_default());
    };
    let found = search(features, targets, base, budget.folds, &mut go_on, &report);
    meter.finish(found.is_ok());
    let found = found?;
    let options = found.options(base);
    Ok((searched(found, &seconds.into_inner(), budget), options))
}

fn searched(found: SearchReport, seconds: &[f64], budget: Budget) -> Searched {
    let timed = |(trial, &seconds)| TimedTrial { trial, seconds };
    Searched {
        folds: found.folds,
        tier: found.tier,
        seconds_allowed: budget.seconds,
        candidates: found.candidates,
        complete: found.complete,
        winner: found.winner,
        chosen: found.chosen,
        trials: found.trials.into_iter().zip(seconds).map(timed).collect(),
    }
}

/// Reads a budget of seconds: finite, at least 0.
pub fn seconds(text: &str) -> Result<f64, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    match seconds.is_finite() && seconds >= 0.0 {
        true => Ok(seconds),
        false => Err("must be finite and at least 0".to_owned()),
    }
}

/// Writes a report as JSON, as a whole or not at all.
pub fn save(searched: &Searched, path: &Path) -> Result<(), Failure> {
    let failure = |error: &dyn Display| Failure::of_file(path, error);
    let mut file = Replacement::of(path)?;
    let mut text = serde_json::to_vec_pretty(searched).map_err(|error| failure(&error))?;
    text.push(b'\n');
    file.write_all(&text).map_err(|error| failure(&error))?;
    file.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn budgets_are_seconds() {
        assert_eq!(seconds("0"), Ok(0.0));
        assert_eq!(seconds("1.5"), Ok(1.5));
        for text in ["-1", "NaN", "inf", "soon"] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }
}
