//! One setup: its cheapest setting that reaches the goal and what is forecast there, or why there is none.

use crate::{
    bundle::Model,
    error::{Error, Result},
    features::PredictionFeatures,
    options::{Given, PredictOptions, RecommendOptions},
    point::Line,
    predict::predict_with,
    recommend::{Choice, Recommendation, crf_range, recommend},
    result::{Estimate, PredictionResult},
    target::Target,
};

use super::{options::AdviseOptions, setup::Setup};

/// A setup that reaches the goal.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposal {
    /// Encoder, preset, size.
    pub setup: Setup,
    /// Whether `setting` is a bitrate or a CRF: a CRF where the model learnt no VMAF from a bitrate.
    pub given: Given,
    /// The bitrate, kbit/s, or the CRF.
    pub setting: f64,
    /// The lower bound of VMAF that holds with the assurance asked for; without one, the forecast.
    pub assured_vmaf: f64,
    /// The bitrate, kbit/s: known where it is the setting, otherwise forecast, where the model can.
    pub bitrate_kbps: Option<Estimate>,
    /// Size of the encode, MB (10⁶ bytes).
    pub size_mb: Option<Estimate>,
    /// All forecasts there, as [`crate::predict_with`] gives them: VMAF, times, energy, cost and carbon with intervals,
    /// confidence, and which numbers lie outside of what the model saw.
    pub answer: PredictionResult,
    /// Whether no other proposal is as good in both axes of the Pareto front and better in one.
    pub on_front: bool,
}

/// A setup that does not reach the goal.
#[derive(Debug, Clone, PartialEq)]
pub struct Rejected {
    /// Encoder, preset, size.
    pub setup: Setup,
    /// Why not.
    pub reason: Rejection,
}

/// Why a setup is no proposal.
#[derive(Debug, Clone, PartialEq)]
pub enum Rejection {
    /// The model can't forecast it: it was never taught the encoder or the preset, or not what is needed.
    NotForecast {
        /// What is missing, in words.
        reason: String,
    },
    /// No allowed setting reaches the target.
    Unreachable {
        /// The best that is reachable.
        best: Choice,
    },
    /// A limit stands in the way.
    OverLimit {
        /// `encode_seconds`, `cost_usd`, `energy_kwh`, `co2_kg` or `size_mb`.
        limit: &'static str,
        /// What it allows, in its unit.
        allowed: f64,
        /// What is forecast at `needed`, or at the setting that exceeds the limit least.
        forecast: f64,
        /// The cheapest setting that would reach the target; `None` where none does.
        needed: Option<Choice>,
        /// The best setting within the limits; `None` when none keeps them.
        best: Option<Choice>,
    },
}

impl Rejection {
    /// The best setting within the limits, where there is one.
    pub fn best(&self) -> Option<Choice> {
        match self {
            Rejection::NotForecast { .. } => None,
            Rejection::Unreachable { best } => Some(*best),
            Rejection::OverLimit { best, .. } => *best,
        }
    }
}

/// What becomes of a setup.
pub(super) enum Tried {
    Proposed(Box<Proposal>),
    Rejected(Rejected),
}

/// The source, without a setup, and what is asked of it.
pub(super) struct Question<'a> {
    pub source: &'a PredictionFeatures,
    pub model: &'a Model,
    pub options: &'a AdviseOptions,
}

/// The name of the limit on the size.
const SIZE: &str = "size_mb";

impl<'a> Question<'a> {
    pub fn new(source: &'a PredictionFeatures, model: &'a Model, options: &'a AdviseOptions) -> Question<'a> {
        Question { source, model, options }
    }

    /// Options of a search for a VMAF.
    pub fn search(&self, target_vmaf: f64, limits: RecommendOptions) -> PredictOptions {
        PredictOptions { recommend: RecommendOptions { target_vmaf, ..limits }, ..self.options.predict.clone() }
    }

    /// Options of a plain forecast.
    pub fn forecast(&self) -> PredictOptions {
        PredictOptions { recommend: RecommendOptions::default(), ..self.options.predict.clone() }
    }

    /// MB of an encode of this bitrate, kbit/s.
    fn size_mb(&self, bitrate_kbps: f64) -> f64 {
        bitrate_kbps * self.source.duration_or_default() / 8000.0
    }

    /// The proposal of a setup, or why there is none; an error comes with its setup.
    pub fn try_setup(&self, setup: Setup) -> std::result::Result<Tried, Box<(Setup, Error)>> {
        if let Some(reason) = setup.never_seen(self.model) {
            return Ok(Tried::Rejected(Rejected { setup, reason: Rejection::NotForecast { reason } }));
        }
        let request = setup.request(self.source);
        let tried = match self.find(&request, Given::Bitrate) {
            Err(Error::NotPredicted { target: Target::Vmaf, .. }) => {
                self.find(&request, Given::Crf).map(|found| (found, Given::Crf))
            }
            found => found.map(|found| (found, Given::Bitrate)),
        };
        match tried.and_then(|(found, given)| match found {
            Ok(choice) => self.proposal(&setup, &request, given, choice).map(Ok),
            Err(reason) => Ok(Err(reason)),
        }) {
            Ok(Ok(proposal)) => Ok(Tried::Proposed(Box::new(proposal))),
            Ok(Err(reason)) => Ok(Tried::Rejected(Rejected { setup, reason })),
            Err(error) => Err(Box::new((setup, error))),
        }
    }

    /// The cheapest setting that reaches the goal.
    fn find(&self, request: &PredictionFeatures, given: Given) -> Result<std::result::Result<Choice, Rejection>> {
        let whole = self.options.predict.recommend;
        let limits = match self.within_size(request, given)? {
            Ok(limits) => limits,
            Err(reason) => return Ok(Err(reason)),
        };
        let target = self.options.target_vmaf.unwrap_or(Target::Vmaf.bounds().1);
        let search = |target, limits| recommend(request, self.model, given, &self.search(target, limits));
        let found = search(target, limits)?;
        if let Some(choice) = found.reached() {
            return Ok(Ok(choice));
        }
        if self.options.target_vmaf.is_none()
            && let Some(best) = found.best()
        {
            // The cheapest setting that has it.
            let same = (best.assured_vmaf > 0.0).then(|| search(best.assured_vmaf, limits)).transpose()?;
            return Ok(Ok(same.and_then(|found| found.reached()).unwrap_or(best)));
        }
        Ok(Err(match found {
            Recommendation::OverLimit(over) => Rejection::OverLimit {
                limit: over.limit.name(),
                allowed: over.allowed,
                forecast: over.forecast,
                needed: (over.needed.assured_vmaf >= target).then_some(over.needed),
                best: over.best,
            },
            Recommendation::Unreachable(best) | Recommendation::Reached(best) => {
                let without = if limits == whole { None } else { search(target, whole)?.reached() };
                match (without, self.options.max_size_mb) {
                    (Some(needed), Some(allowed)) => Rejection::OverLimit {
                        limit: SIZE,
                        allowed,
                        forecast: self.size_at(request, given, needed.setting)?,
                        needed: Some(needed),
                        best: Some(best),
                    },
                    _ => Rejection::Unreachable { best },
                }
            }
        }))
    }

    /// The limits of the search, with the range of settings that keep the limit on the size.
    fn within_size(
        &self,
        request: &PredictionFeatures,
        given: Given,
    ) -> Result<std::result::Result<RecommendOptions, Rejection>> {
        let limits = self.options.predict.recommend;
        let Some(allowed) = self.options.max_size_mb else { return Ok(Ok(limits)) };
        let over =
            |forecast| Ok(Err(Rejection::OverLimit { limit: SIZE, allowed, forecast, needed: None, best: None }));
        match given {
            Given::Bitrate => {
                let most = allowed * 8000.0 / self.source.duration_or_default();
                if most < limits.min_bitrate_kbps {
                    return over(self.size_mb(limits.min_bitrate_kbps));
                }
                Ok(Ok(RecommendOptions { max_bitrate_kbps: limits.max_bitrate_kbps.min(most), ..limits }))
            }
            Given::Crf => {
                let (lowest, highest) = crf_range(request, self.model, &limits)?;
                let mut keeps = None;
                for crf in (lowest..=highest).rev().map(f64::from) {
                    let size = self.size_at(request, given, crf)?;
                    if size > allowed {
                        return match keeps {
                            None => over(size),
                            Some(crf) => Ok(Ok(RecommendOptions { min_crf: Some(crf), ..limits })),
                        };
                    }
                    keeps = Some(crf);
                }
                Ok(Ok(limits))
            }
        }
    }

    /// MB at a setting.
    fn size_at(&self, request: &PredictionFeatures, given: Given, setting: f64) -> Result<f64> {
        if given == Given::Bitrate {
            return Ok(self.size_mb(setting));
        }
        let options = self.forecast();
        let kbps = Line::new(request, self.model, given, &options)?.bitrate(setting)?;
        let reason = "the size can't be limited; train on rows with crf and bitrate_kbps";
        kbps.map(|kbps| self.size_mb(kbps))
            .ok_or_else(|| Error::NotPredicted { target: Target::BitrateKbps, reason: reason.to_owned() })
    }

    fn proposal(&self, setup: &Setup, request: &PredictionFeatures, given: Given, choice: Choice) -> Result<Proposal> {
        let answer = predict_with(&at(request, given, choice.setting), self.model, &self.forecast())?;
        let bitrate_kbps = match given {
            Given::Bitrate => Some(Estimate { value: choice.setting, lower: choice.setting, upper: choice.setting }),
            Given::Crf => answer.estimate(Target::BitrateKbps),
        };
        let size_mb = bitrate_kbps.map(|e| Estimate {
            value: self.size_mb(e.value),
            lower: self.size_mb(e.lower),
            upper: self.size_mb(e.upper),
        });
        Ok(Proposal {
            setup: setup.clone(),
            given,
            setting: choice.setting,
            assured_vmaf: choice.assured_vmaf,
            bitrate_kbps,
            size_mb,
            answer,
            on_front: false,
        })
    }
}

/// The request at a rate setting.
pub(super) fn at(request: &PredictionFeatures, given: Given, setting: f64) -> PredictionFeatures {
    let (bitrate_kbps, crf) = match given {
        Given::Bitrate => (Some(setting), None),
        Given::Crf => (None, Some(setting)),
    };
    PredictionFeatures { bitrate_kbps, crf, ..request.clone() }
}
