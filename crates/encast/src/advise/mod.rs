//! The advisor: which encoder, preset, size and rate reach a goal, ranked by cost, time, energy, carbon or size.
//!
//! Every setup (encoder, preset, size) gets the cheapest rate setting that reaches the target, as [`crate::recommend`]
//! finds it, and all that [`crate::predict_with`] forecasts there. Setups that reach the goal are ranked; of the others
//! it is told why. What no other beats in both the ranked quantity and the size (or the VMAF) is the Pareto front; along
//! it `steps` tell what more or less VMAF costs.

mod front;
mod options;
mod proposal;
mod quantity;
mod setup;
mod steps;

use std::cmp::Ordering;

use crate::{
    bundle::Model,
    error::{Error, Result},
    features::PredictionFeatures,
    ladder::{of_source, with_source},
    recommend::Choice,
    target::Target,
};

pub use options::{AdviseOptions, RankBy};
pub use proposal::{Proposal, Rejected, Rejection};
pub use quantity::Quantity;
pub use setup::Setup;
pub use steps::{QualityStep, StepsOf};

use proposal::{Question, Tried};

/// What the advisor says.
#[derive(Debug, Clone, PartialEq)]
pub struct Advice {
    /// The setups that reach the goal, best first. Equal ones stand in the order of their size, encoder and preset.
    pub proposals: Vec<Proposal>,
    /// The setups that do not, and why not, in the order of encoder, preset and size.
    pub rejected: Vec<Rejected>,
    /// What proposals are ranked by; without a target VMAF among equals of VMAF only.
    pub ranked_by: Quantity,
    /// The other axis of the Pareto front; `None` is VMAF.
    pub against: Option<Quantity>,
    /// What steps of VMAF cost, for the best proposal and for each on the Pareto front, in their order.
    pub steps: Vec<StepsOf>,
}

impl Advice {
    /// The best proposal.
    pub fn winner(&self) -> Option<&Proposal> {
        self.proposals.first()
    }

    /// The proposals on the Pareto front, best first.
    pub fn front(&self) -> impl Iterator<Item = &Proposal> {
        self.proposals.iter().filter(|proposal| proposal.on_front)
    }

    /// Of the rejected setups that can be forecast the one that comes nearest to the target within the limits, and its
    /// setting.
    pub fn best_reachable(&self) -> Option<(&Rejected, Choice)> {
        let mut best: Option<(&Rejected, Choice)> = None;
        for rejected in &self.rejected {
            if let Some(choice) = rejected.reason.best()
                && best.is_none_or(|(_, other)| choice.assured_vmaf > other.assured_vmaf)
            {
                best = Some((rejected, choice));
            }
        }
        best
    }
}

/// Ranks setups of an encode of one source.
///
/// Of the request, bitrate, CRF and encoded size are not looked at (the size stands for the source's where that is not
/// given). Its codec, encoder and preset narrow what is chosen from, unless the options name others.
///
/// With a target VMAF, proposals reach it within all limits and are ranked by one quantity. Without one, each has the
/// best VMAF that the limits allow, and the best VMAF stands first.
///
/// ```
/// use encast::{AdviseOptions, Model, PredictionFeatures, Size, advise};
///
/// let model = Model::embedded()?;
/// let source = PredictionFeatures {
///     source_width: Some(1280.0),
///     source_height: Some(720.0),
///     frame_rate: Some(30.0),
///     ..Default::default()
/// };
/// let sizes = vec![Size { width: 1280, height: 720 }];
/// let advice = advise(&source, &model, &AdviseOptions { target_vmaf: Some(90.0), sizes, ..Default::default() })?;
/// if let Some(best) = advice.winner() {
///     println!("{} at {:.0} kbit/s", best.setup, best.setting);
/// }
/// # Ok::<(), encast::Error>(())
/// ```
///
/// # Errors
/// Those of [`AdviseOptions::check`] and, but for the missing rate setting, of [`PredictionFeatures::check`];
/// [`Error::MissingField`] when there is neither a target nor a limit, or no size to choose sizes by;
/// [`Error::UnknownName`] and [`Error::Contradiction`] when a chosen preset or the codec goes with no chosen encoder;
/// [`Error::NotPredicted`] when the model forecasts no setup at all, or not what is limited or ranked by.
pub fn advise(features: &PredictionFeatures, model: &Model, options: &AdviseOptions) -> Result<Advice> {
    options.check()?;
    let features = &with_source(features);
    let source = of_source(features)?;
    let bare = PredictionFeatures { codec: None, encoder: None, preset: None, ..source.of(features) };
    bare.check_values()?;
    let setups = setup::setups(features, model, options, source)?;
    let question = Question::new(&bare, model, options);
    let (mut proposals, mut rejected, mut first_error) = (Vec::new(), Vec::new(), None);
    for setup in setups {
        match question.try_setup(setup) {
            Ok(Tried::Proposed(proposal)) => proposals.push(*proposal),
            Ok(Tried::Rejected(reason)) => rejected.push(reason),
            Err(failed) if of_one_setup(&failed.1) => {
                let (setup, error) = *failed;
                rejected.push(Rejected { setup, reason: Rejection::NotForecast { reason: error.to_string() } });
                first_error.get_or_insert(error);
            }
            Err(failed) => return Err(failed.1),
        }
    }
    let forecast = |one: &Rejected| !matches!(one.reason, Rejection::NotForecast { .. });
    if let Some(error) = first_error
        && proposals.is_empty()
        && !rejected.iter().any(forecast)
    {
        return Err(error);
    }
    let ranked_by = quantity::choose(options.rank_by, &proposals)?;
    let proposals = keep_ranked(proposals, ranked_by, &mut rejected);
    rejected.sort_by(|a, b| a.setup.cmp(&b.setup));
    finish(&question, options, ranked_by, proposals, rejected)
}

/// Whether an error says something of one setup, not of the whole request.
fn of_one_setup(error: &Error) -> bool {
    matches!(error, Error::NotPredicted { .. } | Error::MissingField { .. } | Error::InvalidField { .. })
}

/// Moves what has no forecast of the ranked quantity to the rejected.
fn keep_ranked(proposals: Vec<Proposal>, by: Quantity, rejected: &mut Vec<Rejected>) -> Vec<Proposal> {
    let (kept, without): (Vec<_>, Vec<_>) = proposals.into_iter().partition(|one| by.of(one).is_some());
    rejected.extend(without.into_iter().map(|one| Rejected {
        setup: one.setup,
        reason: Rejection::NotForecast { reason: format!("{} is not predicted by this model", by.name()) },
    }));
    kept
}

fn finish(
    question: &Question,
    options: &AdviseOptions,
    ranked_by: Quantity,
    mut proposals: Vec<Proposal>,
    rejected: Vec<Rejected>,
) -> Result<Advice> {
    let to_target = options.target_vmaf.is_some();
    let against = to_target.then(|| quantity::against(ranked_by, &proposals));
    proposals.sort_by(|a, b| {
        let by_vmaf = if to_target { Ordering::Equal } else { b.assured_vmaf.total_cmp(&a.assured_vmaf) };
        by_vmaf
            .then_with(|| ranked_by.value(a).total_cmp(&ranked_by.value(b)))
            .then_with(|| Quantity::SizeMb.value(a).total_cmp(&Quantity::SizeMb.value(b)))
            .then_with(|| a.setup.cmp(&b.setup))
    });
    let other = |one: &Proposal| against.map_or(-one.assured_vmaf, |quantity| quantity.value(one));
    let points: Vec<(f64, f64)> = proposals.iter().map(|one| (ranked_by.value(one), other(one))).collect();
    for (proposal, on_front) in proposals.iter_mut().zip(front::front(&points)) {
        proposal.on_front = on_front;
    }
    let mut steps = Vec::new();
    for (at, proposal) in proposals.iter().enumerate() {
        if at == 0 || proposal.on_front {
            steps.push(StepsOf { proposal: at, steps: steps::of_proposal(question, proposal)? });
        }
    }
    Ok(Advice { proposals, rejected, ranked_by, against, steps })
}

/// Whether a target is among the forecasts of any proposal.
fn has(proposals: &[Proposal], target: Target) -> bool {
    proposals.iter().any(|one| one.answer.estimate(target).is_some())
}
