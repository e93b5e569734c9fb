//! The total of a batch of jobs: what those still to run will take, corrected by those that have run.

use std::collections::HashMap;

use crate::{
    bundle::Model,
    error::{Error, Result},
    features::PredictionFeatures,
    options::PredictOptions,
    predict::predict_batch,
    result::{Estimate, PredictionResult},
    target::{PredictionTargets, Scale, Target},
};

/// Standard deviations of the half of an interval of the probability 0.9.
const HALF_OF_90: f64 = 1.645;
/// Probabilities of the intervals whose ends tell how a forecast's error is distributed; the third is that of `HALF_OF_90`.
const LEVELS: [f64; 5] = [0.98, 0.95, 0.9, 0.8, 0.5];
/// What a batch as a whole is off by, octaves: errors that all its titles share (an encoder's version, a kind of content).
/// This much is taken for granted; more when what the finished jobs say can't be chance.
const SHARED: f64 = 0.04;
/// Finished titles from which on they tell how much that is.
const FEWEST: f64 = 5.0;

/// The total of one amount over a batch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Total {
    /// The sum over all jobs, with its interval. Finished jobs count as measured.
    pub amount: Estimate,
    /// Jobs of the batch.
    pub jobs: usize,
    /// Those that had been measured.
    pub finished: usize,
    /// What finished jobs say of the others: their forecasts are multiplied with it.
    pub correction: f64,
}

/// The total of a batch: an amount that grows with the job, such as [`Target::EncodeSeconds`] or [`Target::CostUsd`].
///
/// A forecast is a median, and amounts err by factors, so that their mean lies higher: each forecast counts with the mean of
/// the distribution that the ends of its intervals at several levels describe. Jobs of one title err together (their titles
/// are in `targets`; an empty title is one of its own), titles apart. Jobs whose `targets` hold the measured value are finished; what they
/// differ from their forecasts by, each title weighing the same, corrects the jobs of the same title and, less, all others.
/// The interval has the probability `options.level`, by a normal distribution of the sum.
///
/// # Errors
/// [`Error::LengthMismatch`]; [`Error::Row`] for a job that can't be forecast; [`Error::NotPredicted`] for an amount that
/// is not forecast, or that has no sum, such as VMAF; [`Error::TooFew`] jobs.
pub fn total(
    features: &[PredictionFeatures],
    targets: &[PredictionTargets],
    model: &Model,
    target: Target,
    options: &PredictOptions,
) -> Result<Total> {
    if target.scale() != Scale::LogPerMegapixel {
        let reason = "it has no sum over jobs; times, energy, cost and carbon have".to_owned();
        return Err(Error::NotPredicted { target, reason });
    }
    of_target(&answers(features, targets, model, options)?, targets, target, options.level)
}

/// The totals of all amounts that are forecast of every job, in the order of [`Target::ALL`]: as [`total`], with the forecasts
/// made once for all of them.
///
/// # Errors
/// As [`total`], but for amounts that are not forecast: they are left out.
pub fn totals(
    features: &[PredictionFeatures],
    targets: &[PredictionTargets],
    model: &Model,
    options: &PredictOptions,
) -> Result<Vec<(Target, Total)>> {
    let answers = answers(features, targets, model, options)?;
    let amounts = Target::ALL.iter().filter(|target| target.scale() == Scale::LogPerMegapixel);
    let of = |&target: &Target| Some((target, of_target(&answers, targets, target, options.level).ok()?));
    Ok(amounts.filter_map(of).collect())
}

/// The answers to all jobs at each of [`LEVELS`].
fn answers(
    features: &[PredictionFeatures],
    targets: &[PredictionTargets],
    model: &Model,
    options: &PredictOptions,
) -> Result<Vec<Vec<PredictionResult>>> {
    if features.len() != targets.len() {
        return Err(Error::LengthMismatch { what: "targets", found: targets.len(), expected: features.len() });
    }
    if features.is_empty() {
        return Err(Error::TooFew { what: "jobs".to_owned(), found: 0, needed: 1 });
    }
    let at = |&level: &f64| predict_batch(features, model, &PredictOptions { level, ..options.clone() });
    LEVELS.iter().map(at).collect()
}

/// The total of one amount; the only error is [`Error::NotPredicted`] of a row.
fn of_target(
    answers: &[Vec<PredictionResult>],
    targets: &[PredictionTargets],
    target: Target,
    level: f64,
) -> Result<Total> {
    let rows = targets.len();
    let mut jobs = Vec::with_capacity(rows);
    let mut titles: HashMap<&str, usize> = HashMap::new();
    for (row, targets) in targets.iter().enumerate() {
        let mut estimates = [Estimate { value: 0.0, lower: 0.0, upper: 0.0 }; LEVELS.len()];
        for (estimate, answers) in estimates.iter_mut().zip(answers) {
            *estimate = answers[row].estimate(target).filter(|estimate| estimate.lower > 0.0).ok_or_else(|| {
                let reason = "train on rows that measure it, or name a site or a profile".to_owned();
                Error::NotPredicted { target, reason }.at_row(row)
            })?;
        }
        let of_90 = estimates[2];
        let new = titles.len();
        let title = match targets.title.as_str() {
            "" => rows + row,
            title => *titles.entry(title).or_insert(new),
        };
        let deviation = (of_90.upper / of_90.lower).log2() / (2.0 * HALF_OF_90);
        let (mean, spread) = moments(&estimates);
        jobs.push(Job { title, deviation, mean, spread, forecast: of_90.value, measured: targets.get(target) });
    }
    Ok(sum(&jobs, level))
}

struct Job {
    title: usize,
    /// Octaves.
    deviation: f64,
    /// Of the true amount, as multiples of the forecast.
    mean: f64,
    /// Its standard deviation, as such a multiple.
    spread: f64,
    /// The median.
    forecast: f64,
    measured: Option<f64>,
}

/// What the finished jobs of a title say: octaves that they lie above their forecasts, and how many there are.
#[derive(Default)]
struct Finished {
    octaves: f64,
    weight: f64,
}

fn sum(jobs: &[Job], level: f64) -> Total {
    let mut of_titles: HashMap<usize, Finished> = HashMap::new();
    for job in jobs {
        if let Some(measured) = job.measured.filter(|&measured| measured > 0.0) {
            let title = of_titles.entry(job.title).or_default();
            title.octaves += (measured / job.forecast).log2();
            title.weight += 1.0;
        }
    }
    // The mean of the titles, drawn to 0 as far as they are few: what they share against what each has of its own.
    let deviation = jobs.iter().map(|job| job.deviation).sum::<f64>() / jobs.len() as f64;
    let own = (deviation * deviation).max(1e-6);
    let mut seen: Vec<(&usize, &Finished)> = of_titles.iter().collect();
    seen.sort_by_key(|(title, _)| **title);
    let means: f64 = seen.iter().map(|(_, title)| title.octaves / title.weight).sum();
    let count = seen.len() as f64;
    let found = if count < FEWEST { 0.0 } else { (means / count).powi(2) - own / count };
    let shared = found.max(SHARED * SHARED);
    let shift = means / (count + own / shared);
    let shift_variance = shared / (1.0 + count * shared / own);

    let (mut finished, mut left, mut amount) = (0, 0.0, 0.0);
    // Errors of one title add up, those of different ones as squares do.
    let mut of_title: HashMap<usize, f64> = HashMap::new();
    for job in jobs {
        if let Some(measured) = job.measured {
            amount += measured;
            finished += 1;
            continue;
        }
        // A finished job of the same title tells half of what this one errs by.
        let known = of_titles.get(&job.title);
        let told = known.map_or(0.0, |title| {
            let above = title.octaves / title.weight - shift;
            above * title.weight / (title.weight + 1.0)
        });
        // What variance is left, as a share.
        let open = known.map_or(1.0, |title| 1.0 / (1.0 + title.weight));
        let median = job.forecast * (shift + told).exp2();
        left += median * (1.0 + (job.mean - 1.0) * open);
        *of_title.entry(job.title).or_default() += median * job.spread * open.sqrt();
    }
    let mut own_errors: Vec<(usize, f64)> = of_title.into_iter().collect();
    own_errors.sort_by_key(|(title, _)| *title);
    let own_variance: f64 = own_errors.iter().map(|(_, error)| error * error).sum();
    let shared_variance = shift_variance * (left * std::f64::consts::LN_2).powi(2);
    let reach = quantile((1.0 + level) / 2.0) * (own_variance + shared_variance).sqrt();
    let value = amount + left;
    let estimate = Estimate { value, lower: (value - reach).max(amount), upper: value + reach };
    Total { amount: estimate, jobs: jobs.len(), finished, correction: shift.exp2() }
}

/// Mean and standard deviation of the true amount as multiples of the forecast, from the quantiles that the ends of the
/// intervals are: straight between them, and none beyond the outermost.
fn moments(estimates: &[Estimate; LEVELS.len()]) -> (f64, f64) {
    let below = estimates.iter().zip(LEVELS).map(|(e, level)| ((1.0 - level) / 2.0, e.lower / e.value));
    let above = estimates.iter().zip(LEVELS).rev().map(|(e, level)| ((1.0 + level) / 2.0, e.upper / e.value));
    let points: Vec<(f64, f64)> = below.chain([(0.5, 1.0)]).chain(above).collect();
    let (first, last) = (estimates[0].lower / estimates[0].value, estimates[0].upper / estimates[0].value);
    let tail = (1.0 - LEVELS[0]) / 2.0;
    let (mut mean, mut square) = (tail * (first + last), tail * (first * first + last * last));
    for pair in points.windows(2) {
        let ((p, a), (q, b)) = (pair[0], pair[1]);
        mean += (q - p) * (a + b) / 2.0;
        square += (q - p) * (a * a + a * b + b * b) / 3.0;
    }
    (mean, (square - mean * mean).max(0.0).sqrt())
}

/// The quantile of the standard normal distribution, by bisection of its tail (Abramowitz and Stegun, 26.2.17, to 7.5e-8).
fn quantile(probability: f64) -> f64 {
    let tail = |x: f64| {
        let t = 1.0 / (1.0 + 0.231_641_9 * x);
        let terms = [0.319_381_530, -0.356_563_782, 1.781_477_937, -1.821_255_978, 1.330_274_429];
        let series = terms.iter().rev().fold(0.0, |sum, term| (sum + term) * t);
        (-x * x / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt() * series
    };
    let (mut low, mut high) = (0.0, 8.0);
    for _ in 0..60 {
        let middle = (low + high) / 2.0;
        if tail(middle) > 1.0 - probability { low = middle } else { high = middle }
    }
    low
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(title: usize, forecast: f64, measured: Option<f64>) -> Job {
        Job { title, deviation: 0.3, mean: 1.02, spread: 0.2, forecast, measured }
    }

    #[test]
    fn quantiles_are_those_of_tables() {
        for (probability, expected) in [(0.95, 1.644_853_6), (0.975, 1.959_964), (0.55, 0.125_661_3)] {
            assert!((quantile(probability) - expected).abs() < 1e-5, "{probability}: {}", quantile(probability));
        }
    }

    #[test]
    fn moments_are_those_of_the_distribution() {
        // A log-normal amount of 0.3 nepers: mean and deviation by its closed forms.
        let sigma = 0.3;
        let of = |level: f64| {
            let reach = (sigma * quantile((1.0 + level) / 2.0)).exp();
            Estimate { value: 7.0, lower: 7.0 / reach, upper: 7.0 * reach }
        };
        let (mean, spread) = moments(&LEVELS.map(of));
        let expected: f64 = (sigma * sigma / 2.0f64).exp();
        assert!((mean / expected - 1.0).abs() < 0.005, "{mean} instead of {expected}");
        let expected = expected * ((sigma * sigma).exp() - 1.0f64).sqrt();
        assert!((spread / expected - 1.0).abs() < 0.06, "{spread} instead of {expected}");
        // One that is certain.
        assert_eq!(moments(&[Estimate { value: 2.0, lower: 2.0, upper: 2.0 }; LEVELS.len()]), (1.0, 0.0));
    }

    #[test]
    fn a_finished_batch_is_what_was_measured() {
        let jobs: Vec<Job> = (0..5).map(|title| job(title, 10.0, Some(7.0))).collect();
        let all = sum(&jobs, 0.9);
        assert_eq!(all.amount, Estimate { value: 35.0, lower: 35.0, upper: 35.0 });
        assert_eq!((all.jobs, all.finished), (5, 5));
    }

    #[test]
    fn finished_jobs_correct_the_others_and_narrow_the_interval() {
        let of = |finished: usize| {
            let jobs: Vec<Job> = (0..100).map(|i| job(i, 10.0, (i < finished).then_some(15.0))).collect();
            sum(&jobs, 0.9)
        };
        let (none, some, many) = (of(0), of(20), of(60));
        assert_eq!(none.correction, 1.0);
        assert!(some.correction > 1.3 && many.correction > some.correction && many.correction < 1.5);
        let width = |total: &Total| (total.amount.upper - total.amount.lower) / total.amount.value;
        assert!(width(&some) > width(&many));
    }

    #[test]
    fn jobs_of_one_title_err_together() {
        let of = |titles: usize| {
            let jobs: Vec<Job> = (0..100).map(|i| job(i % titles, 10.0, None)).collect();
            let amount = sum(&jobs, 0.9).amount;
            amount.upper - amount.lower
        };
        assert!(of(1) > 2.5 * of(100), "{} {}", of(1), of(100));
    }

    #[test]
    fn a_finished_job_tells_more_of_its_own_title() {
        let jobs = [job(0, 10.0, Some(20.0)), job(0, 10.0, None), job(1, 10.0, None)];
        let alone = |at: usize| {
            let jobs: Vec<Job> = [0, at].map(|i| job(jobs[i].title, 10.0, jobs[i].measured)).into();
            sum(&jobs, 0.9).amount.value - 20.0
        };
        assert!(alone(1) > 1.2 * alone(2), "{} {}", alone(1), alone(2));
    }
}
