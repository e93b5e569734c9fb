//! Rows at a site: each on its own, by the whole chain from the forecasts to cost and carbon.

use std::ops::Range;

use crate::{
    bulk::{block::Block, inputs::BulkInputs},
    bundle::Model,
    error::{Error, Result},
    features::PredictionFeatures,
    options::PredictOptions,
    predict::Asked,
    resources::Estimates,
    target::Target,
};

/// What the chain of a site starts from.
const CHAIN: [Target; 5] =
    [Target::BitrateKbps, Target::EncodeSeconds, Target::CpuSeconds, Target::PeakMemoryMb, Target::EnergyKwh];

/// Forecasts some rows into a block.
pub(super) fn score(
    model: &Model,
    options: &PredictOptions,
    targets: &[Target],
    (inputs, rows): (&BulkInputs<'_>, Range<usize>),
    block: &mut Block,
    bad: &mut dyn FnMut(usize, Error) -> Result<()>,
) -> Result<()> {
    block.clear(rows.len());
    let mut features = PredictionFeatures::default();
    for (at, row) in rows.enumerate() {
        let answer = inputs.request(row, &mut features).and_then(|()| one(&features, model, options, targets));
        match answer {
            Ok(estimates) => block.set_all(at, &estimates),
            Err(error) => bad(row, error)?,
        }
    }
    Ok(())
}

fn one(
    features: &PredictionFeatures,
    model: &Model,
    options: &PredictOptions,
    targets: &[Target],
) -> Result<Estimates> {
    features.check()?;
    let asked = Asked::new(features, model, options)?;
    if Target::ALL.iter().all(|&target| asked.variant(target).is_none()) {
        return Err(asked.why_nothing());
    }
    let mut estimates: Estimates = [None; Target::COUNT];
    for &target in Target::ALL.iter().filter(|target| CHAIN.contains(target) || targets.contains(target)) {
        if let Some(variant) = asked.variant(target) {
            estimates[target as usize] = Some(asked.estimate_of(&asked.forecast_by(variant)?));
        }
    }
    asked.complete(&mut estimates, options);
    Ok(estimates)
}
