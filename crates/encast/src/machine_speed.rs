//! How fast a machine is, from a few encodes on it: measured times beside what the model forecasts for its reference machine.

use crate::{
    bundle::Model,
    error::{Error, Result},
    features::PredictionFeatures,
    options::PredictOptions,
    predict::predict_with,
    target::{PredictionTargets, Target},
    train::machines::beside,
};

/// A speed relative to the model's reference machine.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MachineSpeed {
    /// How many times as fast as the reference machine: the geometric mean over encodes, each title weighing the same.
    pub speed: f64,
    /// Encodes that it comes from.
    pub encodes: usize,
    /// Titles of these encodes.
    pub titles: usize,
    /// Standard deviation between titles, octaves; `None` with one title. Mostly the error of the forecasts.
    pub spread: Option<f64>,
}

/// The speed of a machine by a time: [`Target::CpuSeconds`] for the speed of one vCPU, [`Target::EncodeSeconds`] for that of
/// whole encodes. Rows are encodes on this machine; those that do not measure the target are not looked at, names of machines
/// in them are not either. Where the model forecasts no `encode_seconds`, they are compared with its `cpu_seconds`: the time
/// on one reference vCPU.
///
/// # Errors
/// [`Error::LengthMismatch`]; [`Error::Row`] for a request that can't be forecast; [`Error::NotPredicted`] when the model
/// forecasts no such time; [`Error::TooFew`] when no row measures it.
pub fn machine_speed(
    features: &[PredictionFeatures],
    targets: &[PredictionTargets],
    model: &Model,
    target: Target,
) -> Result<MachineSpeed> {
    if features.len() != targets.len() {
        return Err(Error::LengthMismatch { what: "targets", found: targets.len(), expected: features.len() });
    }
    let options = PredictOptions::default();
    let mut octaves: Vec<(&str, f64)> = Vec::new();
    for (row, (features, targets)) in features.iter().zip(targets).enumerate() {
        let Some(measured) = targets.get(target).filter(|&seconds| seconds > 0.0) else { continue };
        let request = PredictionFeatures { machine: None, ..features.clone() };
        let answer = predict_with(&request, model, &options).map_err(|error| error.at_row(row))?;
        let instead = (target == Target::EncodeSeconds).then(|| answer.estimate(Target::CpuSeconds)).flatten();
        let forecast = answer.estimate(target).or(instead).ok_or_else(|| Error::NotPredicted {
            target,
            reason: "a machine's speed is measured against it; train on rows that measure it".to_owned(),
        })?;
        octaves.push((targets.title.as_str(), (forecast.value / measured).log2()));
    }
    of_titles(&octaves).ok_or_else(|| Error::TooFew {
        what: format!("rows that measure {target}"),
        found: 0,
        needed: 1,
    })
}

/// As [`machine_speed`], beside the reference machine's own times instead of forecasts of them: `there` are encodes that were
/// measured on it. Rows are compared that agree in title, encoder, preset, size and rate, so that nothing of the model's error
/// is in the speed.
///
/// # Errors
/// [`Error::LengthMismatch`]; [`Error::TooFew`] when no encode was measured on both machines.
pub fn machine_speed_beside(
    here: (&[PredictionFeatures], &[PredictionTargets]),
    there: (&[PredictionFeatures], &[PredictionTargets]),
    target: Target,
) -> Result<MachineSpeed> {
    for (features, targets) in [here, there] {
        if features.len() != targets.len() {
            return Err(Error::LengthMismatch { what: "targets", found: targets.len(), expected: features.len() });
        }
    }
    let slower = beside(here, there, target);
    let octaves: Vec<(&str, f64)> = slower.iter().map(|(title, octaves)| (title.as_str(), -octaves)).collect();
    let what = || format!("encodes whose {target} was measured on both machines");
    of_titles(&octaves).ok_or_else(|| Error::TooFew { what: what(), found: 0, needed: 1 })
}

/// The speed of the mean title; `None` without any.
fn of_titles(octaves: &[(&str, f64)]) -> Option<MachineSpeed> {
    let mut titles: Vec<(&str, Vec<f64>)> = Vec::new();
    for &(title, octaves) in octaves {
        match titles.iter_mut().find(|(found, _)| *found == title) {
            Some((_, all)) => all.push(octaves),
            None => titles.push((title, vec![octaves])),
        }
    }
    if titles.is_empty() {
        return None;
    }
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let means: Vec<f64> = titles.iter().map(|(_, octaves)| mean(octaves)).collect();
    let middle = mean(&means);
    let squares: f64 = means.iter().map(|octaves| (octaves - middle).powi(2)).sum();
    Some(MachineSpeed {
        speed: middle.exp2(),
        encodes: titles.iter().map(|(_, octaves)| octaves.len()).sum(),
        titles: titles.len(),
        spread: (means.len() > 1).then(|| (squares / (means.len() - 1) as f64).sqrt()),
    })
}
