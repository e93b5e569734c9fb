//! The search: a fixed list of learners and sizes, each judged by title-disjoint folds of the rows that it is given.

use std::{collections::BTreeSet, fmt};

use serde::{Deserialize, Serialize};

use crate::{
    error::{Error, Result},
    evaluate::{Judge, Split, judge_folds},
    features::PredictionFeatures,
    field::{Field, Group},
    figures::Judged,
    options::{Given, ModelKind, Progress, Tier, TrainOptions},
    target::{PredictionTargets, Scale, Target},
    train::Wanted,
    tuning::Tuning,
};

/// Deals titles to other folds than [`crate::cross_validate`] does.
const SALT: &str = "search: ";
/// No forecast counts as better than this share of the error of the mean: one perfect target must not decide alone.
const BEST_RATIO: f64 = 1e-6;

/// A learner and its sizes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// The learner.
    pub model_kind: ModelKind,
    /// Its sizes.
    pub tuning: Tuning,
}

impl Candidate {
    /// What training with these options uses.
    pub fn of(options: &TrainOptions) -> Candidate {
        Candidate { model_kind: options.model_kind, tuning: options.tuning }
    }

    /// The options with this learner and these sizes.
    pub fn options(&self, base: &TrainOptions) -> TrainOptions {
        TrainOptions { model_kind: self.model_kind, tuning: self.tuning, ..base.clone() }
    }
}

/// The learner, and the sizes that are not the default.
impl fmt::Display for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.tuning.is_default() {
            true => self.model_kind.fmt(f),
            false => write!(f, "{}, {}", self.model_kind, self.tuning),
        }
    }
}

/// How a candidate forecasts one target on titles that it had not seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrialFigures {
    /// What is forecast.
    pub target: Target,
    /// Which rate setting was given.
    pub given: Given,
    /// Rows judged.
    pub rows: usize,
    /// Mean absolute error: in the target's unit, for amounts (bitrate, seconds, memory, cost …) in base-2 logarithms.
    pub mae: f64,
    /// The same of always answering the mean of the judged rows.
    pub mae_of_mean: f64,
}

/// One candidate, judged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// Its place in the list, from 1.
    pub number: usize,
    /// What was tried.
    #[serde(flatten)]
    pub candidate: Candidate,
    /// Geometric mean of `mae / mae_of_mean` over the figures: lower is better, 1 is no better than the mean. `None`
    /// where it could not be trained.
    pub score: Option<f64>,
    /// The figures behind it, by target and rate setting.
    pub figures: Vec<TrialFigures>,
    /// Why it could not be trained.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
}

/// What a search found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SearchReport {
    /// Title-disjoint folds that each candidate was judged by.
    pub folds: usize,
    /// What forecasts knew.
    pub tier: Tier,
    /// Candidates in the list.
    pub candidates: usize,
    /// Whether all of them were tried. The trials of a search that was stopped early are the first ones of the list,
    /// and the same as without a stop.
    pub complete: bool,
    /// The trial with the lowest score; of equal ones the first.
    pub winner: usize,
    /// What that trial tried.
    pub chosen: Candidate,
    /// The trials, in order.
    pub trials: Vec<Trial>,
}

impl SearchReport {
    /// The options with what won.
    pub fn options(&self, base: &TrainOptions) -> TrainOptions {
        self.chosen.options(base)
    }
}

/// What [`search`] tries, in order: `base` as it is, the other learners, then one or two sizes at a time.
pub fn candidates(base: &TrainOptions) -> Vec<Candidate> {
    let first = Candidate::of(base);
    let mut all = vec![first];
    let kinds = [ModelKind::Blend, ModelKind::Boosting, ModelKind::Forest];
    all.extend(kinds.map(|model_kind| Candidate { model_kind, ..first }));
    let usual = base.tuning;
    let boosted =
        |trees, leaves, rate| Tuning { trees: Some(trees), leaves: Some(leaves), learning_rate: Some(rate), ..usual };
    let (shallow, slow) = (boosted(80, 4, 0.2), boosted(120, 8, 0.1));
    // Boosting alone takes a tenth of the time of curves: its sizes come first.
    let of_boosting = [shallow, slow, boosted(80, 15, 0.1), boosted(300, 15, 0.05)];
    let of_curves = [
        shallow,
        slow,
        Tuning { centres: 50, ..usual },
        Tuning { centres: 128, rows_per_group: 48, ..usual },
        Tuning { rows_per_group: 48, ..usual },
        Tuning { steps: 20, rows_per_step: 200, ..usual },
    ];
    all.extend(of_boosting.map(|tuning| Candidate { model_kind: ModelKind::Boosting, tuning }));
    all.extend(of_curves.map(|tuning| Candidate { model_kind: ModelKind::Blend, tuning }));
    let mut different: Vec<Candidate> = Vec::with_capacity(all.len());
    for candidate in all {
        if !different.contains(&candidate) {
            different.push(candidate);
        }
    }
    different
}

/// The richest tier of which any row knows an input.
pub fn richest_tier(rows: &[PredictionFeatures]) -> Tier {
    let any = |group: Group| {
        let fields: Vec<Field> = Field::ALL.iter().copied().filter(|field| field.group() == group).collect();
        rows.iter().any(|row| fields.iter().any(|&field| row.get(field).is_some()))
    };
    if any(Group::Probe) || any(Group::ProbeVmaf) {
        Tier::Probe
    } else if any(Group::Content) {
        Tier::Content
    } else {
        Tier::Settings
    }
}

/// Tries learners and sizes ([`candidates`]) on measured rows, and says which forecasts unseen titles best.
///
/// Each candidate is judged by `folds` title-disjoint folds at the richest tier that the rows know, from either rate
/// setting that they give. Figures of the winner are figures of what was chosen by them: they are too good. To judge a
/// training with a search, search anew within each fold ([`crate::cross_validate_with`]).
///
/// `go_on` is asked after each trial whether to try another: this crate reads no clock. The first candidate, `base`
/// itself, is always tried. `progress` is called from several threads; its total is that of the whole list. But for how
/// many trials `go_on` allows, the same rows, options and seed give the same report.
///
/// # Errors
/// As [`crate::cross_validate`], of `base`; a later candidate that can't be trained is a trial without a score.
pub fn search(
    features: &[PredictionFeatures],
    targets: &[PredictionTargets],
    base: &TrainOptions,
    folds: usize,
    go_on: &mut dyn FnMut(&Trial) -> bool,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<SearchReport> {
    let (candidates, tier) = (candidates(base), richest_tier(features));
    let mut trials: Vec<Trial> = Vec::new();
    for (place, &candidate) in candidates.iter().enumerate() {
        let step = |step: Progress| {
            let total = step.total * candidates.len();
            progress(Progress { done: step.total * place + step.done, total });
        };
        let judged = judge((features, targets), &candidate.options(base), folds, tier, &step);
        let (figures, failure) = match judged {
            Ok(figures) => (figures, None),
            Err(error) if place == 0 => return Err(error),
            Err(error) => (Vec::new(), Some(error.to_string())),
        };
        let trial = Trial { number: place + 1, candidate, score: score(&figures), figures, failure };
        let more = go_on(&trial);
        trials.push(trial);
        if !more {
            break;
        }
    }
    let complete = trials.len() == candidates.len();
    let (winner, chosen) = winner(&trials).map_or((1, Candidate::of(base)), |best| (best.number, best.candidate));
    Ok(SearchReport { folds, tier, candidates: candidates.len(), complete, winner, chosen, trials })
}

/// One candidate on the inner folds.
fn judge(
    (features, targets): (&[PredictionFeatures], &[PredictionTargets]),
    options: &TrainOptions,
    folds: usize,
    tier: Tier,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<Vec<TrialFigures>> {
    let mut judges = Vec::new();
    for given in Given::ALL {
        judges.push(Judge::new(features, targets, tier, given, 0)?.only_answered());
    }
    let wanted = Wanted { tier, given: None };
    judge_folds(&mut judges, Split { folds, salt: SALT }, wanted, &mut |_| Ok(options.clone()), progress)?;
    let mut all = Vec::new();
    for judge in &judges {
        let figures = judge.judged.iter().filter_map(|(&target, rows)| trial_figures(target, judge.given, rows));
        all.extend(figures);
    }
    if all.is_empty() {
        let what = "rows of unseen titles that measure a target and differ in it".to_owned();
        return Err(Error::TooFew { what, found: 0, needed: 2 });
    }
    all.sort_by_key(|figures| (figures.target, figures.given));
    Ok(all)
}

/// `None` where all rows measure the same: the mean is right, and no error can be put beside it.
fn trial_figures(target: Target, given: Given, rows: &[Judged]) -> Option<TrialFigures> {
    let scaled = |value: f64| match target.scale() {
        Scale::Linear => value,
        Scale::Log | Scale::LogPerMegapixel => value.max(f64::MIN_POSITIVE).log2(),
    };
    let n = rows.len() as f64;
    let mean = rows.iter().map(|row| scaled(row.measured)).sum::<f64>() / n;
    let mean_of = |f: &dyn Fn(&Judged) -> f64| rows.iter().map(|row| f(row).abs()).sum::<f64>() / n;
    let mae = mean_of(&|row| scaled(row.estimate.value) - scaled(row.measured));
    let mae_of_mean = mean_of(&|row| scaled(row.measured) - mean);
    (mae_of_mean > 0.0).then_some(TrialFigures { target, given, rows: rows.len(), mae, mae_of_mean })
}

/// The geometric mean of the errors, each as a share of that of the mean.
fn score(figures: &[TrialFigures]) -> Option<f64> {
    let logs = figures.iter().map(|of| (of.mae / of.mae_of_mean).max(BEST_RATIO).ln());
    (!figures.is_empty()).then(|| (logs.sum::<f64>() / figures.len() as f64).exp())
}

/// Number of the trial with the lowest score, of equal ones the first. Trials that judged other targets than the first
/// can't be compared with it.
fn winner(trials: &[Trial]) -> Option<&Trial> {
    let judged = |trial: &Trial| trial.figures.iter().map(|of| (of.target, of.given, of.rows)).collect::<BTreeSet<_>>();
    let mut best: Option<&Trial> = None;
    for trial in trials {
        let better = match best {
            None => true,
            Some(best) => trial.score < best.score && trial.score.is_some() && judged(trial) == judged(best),
        };
        if better {
            best = Some(trial);
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{cell::Cell, result::Estimate};

    fn figures(mae: f64, mae_of_mean: f64) -> TrialFigures {
        TrialFigures { target: Target::Vmaf, given: Given::Bitrate, rows: 10, mae, mae_of_mean }
    }

    fn trial(number: usize, mae: f64) -> Trial {
        let figures = vec![figures(mae, 10.0)];
        let candidate = Candidate::of(&TrainOptions::default());
        Trial { number, candidate, score: score(&figures), figures, failure: None }
    }

    #[test]
    fn the_score_is_the_geometric_mean_of_shares() {
        // 2/10 and 8/10: √0.16 = 0.4.
        let found = score(&[figures(2.0, 10.0), figures(8.0, 10.0)]).unwrap();
        assert!((found - 0.4).abs() < 1e-12, "{found}");
        assert_eq!(score(&[]), None);
    }

    #[test]
    fn the_lowest_score_wins_and_of_equal_ones_the_first() {
        let winner = |trials: &[Trial]| super::winner(trials).unwrap().number;
        assert_eq!(winner(&[trial(1, 3.0), trial(2, 2.0), trial(3, 2.0), trial(4, 2.5)]), 2);
        let failed = Trial { score: None, figures: Vec::new(), failure: Some("no".to_owned()), ..trial(2, 1.0) };
        assert_eq!(winner(&[trial(1, 3.0), failed]), 1);
        // Judged on fewer rows: not the same task.
        let mut fewer = trial(2, 1.0);
        fewer.figures[0].rows = 9;
        assert_eq!(winner(&[trial(1, 3.0), fewer]), 1);
    }

    #[test]
    fn errors_of_amounts_are_logarithms() {
        let judged = |measured: f64, value: f64| {
            let estimate = Estimate { value, lower: value, upper: value };
            Judged { title: 0, cell: Cell::of(None, 720.0), measured, estimate, confidence: 0.5 }
        };
        // Measured 2 and 8, forecast 4 and 8: off by 1 and 0 doublings; the mean, 4, by 1 and 1.
        let of = trial_figures(Target::BitrateKbps, Given::Crf, &[judged(2.0, 4.0), judged(8.0, 8.0)]).unwrap();
        assert_eq!((of.mae, of.mae_of_mean), (0.5, 1.0));
        assert!(trial_figures(Target::Vmaf, Given::Crf, &[judged(2.0, 4.0), judged(2.0, 8.0)]).is_none());
    }

    #[test]
    fn the_list_begins_with_what_would_be_trained_and_repeats_nothing() {
        for model_kind in ModelKind::ALL {
            let base = TrainOptions { model_kind, ..TrainOptions::default() };
            let all = candidates(&base);
            assert_eq!(all[0], Candidate::of(&base));
            assert_eq!(all.len(), 13);
            for (place, candidate) in all.iter().enumerate() {
                assert!(!all[..place].contains(candidate), "{candidate}");
                candidate.tuning.check().unwrap();
            }
            let kinds: Vec<ModelKind> = all[..3].iter().map(|candidate| candidate.model_kind).collect();
            assert!(ModelKind::ALL.iter().all(|kind| kinds.contains(kind)), "{kinds:?}");
        }
    }
}
