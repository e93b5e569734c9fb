//! Is a model still right? Observations of encodes are held against what was forecast of them.
//!
//! A [`Monitor`] belongs to one model and takes observations one by one, in the order in which they became known. It keeps the
//! errors of what was told (`errors`), looks for shifts of the model's own forecasts (`streams`), learns what would correct them,
//! and compares inputs with those of the training (`inputs`). Shifts are looked for in innovations (`innovation`): what an observation
//! says beyond what earlier encodes of its title (`titles`) let expect, because most of a residual is the title's own.
//! docs/drift.md has the formulas and what they achieve.

mod cusum;
mod errors;
mod innovation;
mod inputs;
mod streams;
mod titles;
mod window;

pub use errors::ForecastErrors;
pub use inputs::InputDrift;
pub use streams::{DriftStream, Offset};

use errors::Errors;
use innovation::Near;
use inputs::InputWindow;
use streams::Streams;
use titles::{Encode, Settings, Titles};

use crate::{
    bundle::Model,
    calibration::NOMINAL,
    correction::Correction,
    error::{Error, Result},
    features::PredictionFeatures,
    options::PredictOptions,
    predict::{Asked, predict_with},
    result::{Estimate, PredictionResult},
    scale,
    target::{PredictionTargets, Scale, Target},
};

/// What a monitor keeps, and when it warns.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MonitorOptions {
    /// Newest observations of a target and codec that errors, coverage and bias are taken over: 1 to 10,000. Default 200.
    pub window: usize,
    /// Newest observations whose inputs are compared with the training: 1 to 10,000. Default 500.
    pub inputs: usize,
    /// Factor of every drift threshold, 0.1 to 100: above 1 there are fewer alarms, and later ones. Default 1.
    pub threshold: f64,
    /// Population stability index from which on an input counts as drifted, above 0 to 100. Default 0.25.
    pub psi_alarm: f64,
}

impl Default for MonitorOptions {
    fn default() -> Self {
        MonitorOptions { window: 200, inputs: 500, threshold: 1.0, psi_alarm: 0.25 }
    }
}

impl MonitorOptions {
    /// Checks every number against its bound.
    ///
    /// # Errors
    /// [`Error::InvalidField`].
    pub fn check(&self) -> Result<()> {
        let checks = [
            ("window", self.window as f64, 1.0, 1e4),
            ("inputs", self.inputs as f64, 1.0, 1e4),
            ("threshold", self.threshold, 0.1, 100.0),
            ("psi_alarm", self.psi_alarm, f64::MIN_POSITIVE, 100.0),
        ];
        for (field, value, lowest, highest) in checks {
            if !(lowest..=highest).contains(&value) {
                let bound = format!("a finite number from {lowest} to {highest}");
                return Err(Error::InvalidField { field, value: value.to_string(), bound });
            }
        }
        Ok(())
    }
}

/// One measured encode.
#[derive(Debug, Clone, Copy)]
pub struct Observation<'a> {
    /// The request, as it was forecast; anchors in it are not looked at.
    pub features: &'a PredictionFeatures,
    /// What was measured, and the title; without a title the encode counts as one of a title of its own.
    pub measured: &'a PredictionTargets,
    /// What was told of it: errors and coverage are of this. `None`: the model's own forecast.
    pub told: Option<&'a Told>,
    /// Whether it ran at a [`Site`](crate::Site). Times and loads, energy, cost and carbon are those of the site's machine and place then,
    /// which the model's own forecast knows nothing of: they have errors where they were told, and no drift and no offset.
    pub at_site: bool,
}

/// Forecasts that were told of an encode.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// Probability that their intervals promise.
    pub level: f64,
    /// By target, in the target's unit.
    pub estimates: [Option<Estimate>; Target::COUNT],
}

impl Told {
    /// Of an answer whose options asked for intervals of this probability.
    pub fn of(answer: &PredictionResult, level: f64) -> Told {
        Told { level, estimates: answer.estimates }
    }
}

/// What one observation came to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Observed {
    /// Its number, from 1, in the order of calls.
    pub number: u64,
    /// Measured values that could be held against a forecast of the model's own.
    pub targets: usize,
    /// The largest drift score of the streams that it belongs to, after it; 1 and more is an alarm.
    pub score: f64,
}

/// Watches the forecasts of one model. Deterministic, without a clock; its memory is bounded: 1,024 titles with at most 48
/// encodes each (at most 9 MB), and windows as the options say.
#[derive(Debug)]
pub struct Monitor {
    number: u64,
    titles: Titles,
    streams: Streams,
    errors: Errors,
    inputs: InputWindow,
    plain: PredictOptions,
}

/// The model's own forecast of a target, on the learning scale.
#[derive(Clone, Copy)]
struct Own {
    value: f64,
    /// Half the width of its interval.
    reach: f64,
}

impl Monitor {
    /// A monitor that has seen nothing yet, of a model.
    ///
    /// # Errors
    /// Those of [`MonitorOptions::check`].
    pub fn new(model: &Model, options: &MonitorOptions) -> Result<Monitor> {
        options.check()?;
        Ok(Monitor {
            number: 0,
            titles: Titles::default(),
            streams: Streams::new(options.window, options.threshold),
            errors: Errors::new(options.window),
            inputs: InputWindow::new(model, options.inputs, options.psi_alarm),
            plain: PredictOptions::default(),
        })
    }

    /// Takes an observation. The model is the one that the monitor was made for; one trained on another part of the same
    /// table has residuals of the same kind, which is how the monitor is tried on titles that no model saw.
    ///
    /// # Errors
    /// As [`predict_with`]; [`Error::InvalidField`] for a measured value that is not finite or out of its target's bounds
    /// and for a level that is no probability; [`Error::MissingField`] when nothing was measured. On an error the monitor
    /// is as it was.
    pub fn observe(&mut self, model: &Model, observation: &Observation) -> Result<Observed> {
        let Observation { features, measured, told, at_site } = *observation;
        check_measured(measured)?;
        let plain_request;
        let features = match features.anchors.is_empty() {
            true => features,
            false => {
                plain_request = PredictionFeatures { anchors: Vec::new(), ..features.clone() };
                &plain_request
            }
        };
        features.check()?;
        let own = own_forecasts(features, model, &self.plain)?;
        let elsewhere = |target: Target| at_site && of_machine(target);
        let own_told;
        let told_of_site = told.is_some();
        let told = match told {
            Some(told) if !(told.level > 0.0 && told.level < 1.0) => {
                let bound = "a probability above 0 and below 1".to_owned();
                return Err(Error::InvalidField { field: "level", value: told.level.to_string(), bound });
            }
            Some(told) => told,
            None => {
                own_told = Told::of(&predict_with(features, model, &self.plain)?, NOMINAL);
                &own_told
            }
        };
        // Nothing below fails.
        self.number += 1;
        let number = self.number;
        let codec = features.codec_known();
        for (target, measured) in all(measured) {
            if elsewhere(target) && !told_of_site {
                continue;
            }
            if let Some(estimate) = told.estimates[target as usize] {
                self.errors.add((target, codec), measured, estimate, told.level);
            }
        }
        self.inputs.add(features, &measured.title);
        let kbps = features.bitrate_kbps.or(measured.get(Target::BitrateKbps));
        let kbps = kbps.or(own[Target::BitrateKbps as usize].map(|own| own.value.exp2()));
        let of = |target: Target| own[target as usize].map(|own| own.value);
        // Ten points of VMAF are about 3 dB.
        let quality = of(Target::Vmaf).map(|vmaf| vmaf / 10.0).or(of(Target::Psnr).map(|psnr| psnr / 3.0));
        let settings = Settings::of(features, kbps, quality.unwrap_or(0.0));
        let key = Titles::key(&measured.title);
        let mut near = Near::of(self.titles.encodes(key), settings);
        let mut residuals = [(f32::NAN, f32::NAN); Target::COUNT];
        let (mut targets, mut score, mut ended) = (0, 0.0f64, [None; Target::COUNT]);
        for (target, measured) in all(measured) {
            let Some(Own { value, reach }) = own[target as usize].filter(|_| !elsewhere(target)) else { continue };
            let residual = scale::to_learning(target, measured, features) - value;
            let innovation = near.innovation(target as usize, residual, reach);
            let (of_stream, ended_here) =
                self.streams.add((target, codec, features.encoder), (number, key), residual, &innovation);
            residuals[target as usize] = (residual as f32, reach as f32);
            ended[target as usize] = ended_here;
            targets += 1;
            score = score.max(of_stream);
        }
        for (target, after) in ended.into_iter().enumerate() {
            if let Some(after) = after {
                self.titles.forget(target, settings.encoder, after);
            }
        }
        if targets > 0 {
            self.titles.remember(key, Encode { number, settings, residuals });
        }
        Ok(Observed { number, targets, score })
    }

    /// How many observations were taken.
    pub fn observations(&self) -> u64 {
        self.number
    }

    /// Bias and drift of the model's own forecasts, by target, codec and encoder.
    pub fn streams(&self) -> Vec<DriftStream> {
        self.streams.list()
    }

    /// Errors and coverage of what was told, by target and codec.
    pub fn errors(&self) -> Vec<ForecastErrors> {
        self.errors.list()
    }

    /// The inputs of the window beside those of the training, by field.
    pub fn inputs(&self) -> Vec<InputDrift> {
        self.inputs.list()
    }

    /// What a correction would add, by target and codec.
    pub fn offsets(&self) -> Vec<Offset> {
        self.streams.offsets()
    }

    /// What a correction would add, as [`PredictOptions`] take it.
    pub fn correction(&self) -> Correction {
        let mut correction = Correction::default();
        for Offset { target, codec, offset, .. } in self.offsets() {
            correction.set(target, codec, offset);
        }
        correction
    }
}

/// Whether a target is another one on another machine.
const fn of_machine(target: Target) -> bool {
    target.depends_on_machine() || matches!(target, Target::CpuPercent | Target::GpuPercent)
}

/// What was measured.
fn all(measured: &PredictionTargets) -> impl Iterator<Item = (Target, f64)> + '_ {
    Target::ALL.iter().filter_map(|&target| Some((target, measured.get(target)?)))
}

fn check_measured(measured: &PredictionTargets) -> Result<()> {
    if measured.is_empty() {
        let needed = "an observation gives at least one measured value";
        return Err(Error::MissingField { field: Target::Vmaf.name(), needed });
    }
    for (target, value) in all(measured) {
        let (lowest, highest) = target.bounds();
        if !(lowest..=highest).contains(&value) {
            let bound = format!("a finite number from {lowest} to {highest}");
            return Err(Error::InvalidField { field: target.name(), value: value.to_string(), bound });
        }
    }
    Ok(())
}

/// The model's forecasts without anchors and correction.
fn own_forecasts(
    features: &PredictionFeatures,
    model: &Model,
    options: &PredictOptions,
) -> Result<[Option<Own>; Target::COUNT]> {
    let asked = Asked::new(features, model, options)?;
    let forecasts = asked.forecasts();
    if forecasts.iter().all(Option::is_none) {
        return Err(asked.why_nothing());
    }
    let mut all = [None; Target::COUNT];
    for forecast in forecasts.iter().flatten() {
        let target = forecast.variant.key.target;
        let (lower, upper) = forecast.around(asked.cell);
        let (lowest, highest) = target.bounds();
        let value = forecast.value + asked.shift(target);
        let value = if target.scale() == Scale::Linear { value.clamp(lowest, highest) } else { value };
        // Of what is learnt without any error the least reach that can be divided by.
        let reach = ((upper - lower) / 2.0 * (1.0 + asked.distance.sum)).max(least_reach(target));
        all[target as usize] = Some(Own { value, reach });
    }
    Ok(all)
}

/// The least reach of an interval that counts: below, rounding of what was measured would decide.
const fn least_reach(target: Target) -> f64 {
    match target {
        Target::Ssim => 0.0005,
        Target::Psnr => 0.1,
        _ => match target.scale() {
            Scale::Linear => 0.5,
            _ => 0.01,
        },
    }
}
