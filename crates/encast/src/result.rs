//! The answer: forecasts with intervals, confidence, the recommended bitrate, and flags.

use crate::{cost::JobResources, field::FieldSet, target::Target};

/// A forecast and the interval that holds the true value with the promised probability.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The forecast, in the target's unit.
    pub value: f64,
    /// Lower end of the interval.
    pub lower: f64,
    /// Upper end of the interval.
    pub upper: f64,
}

impl Estimate {
    pub(crate) fn value(&self) -> f64 {
        self.value
    }

    pub(crate) fn lower(&self) -> f64 {
        self.lower
    }

    pub(crate) fn upper(&self) -> f64 {
        self.upper
    }
}

/// The answer to one request. What the model does not predict is `None`, never 0.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct PredictionResult {
    /// Forecast VMAF, 0–100.
    pub predicted_vmaf: Option<f64>,
    /// Forecast PSNR, dB.
    pub predicted_psnr: Option<f64>,
    /// Cost of the whole job, USD.
    pub predicted_cost_usd: Option<f64>,
    /// Carbon of the whole job, kg CO2e.
    pub predicted_co2_kg: Option<f64>,
    /// 0–1: how far the forecast of quality can be trusted. See [`crate::confidence`].
    pub confidence: f64,
    /// Smallest bitrate, kbit/s, whose forecast VMAF reaches the target of the options; `None` when none does, or
    /// when the model forecasts no VMAF from a bitrate.
    pub recommended_bitrate_kbps: Option<f64>,
    /// No bitrate within the limits reaches the target: then `best_reachable_vmaf` tells what is reachable.
    pub target_unreachable: bool,
    /// The forecast VMAF at the highest allowed bitrate, when the target is unreachable.
    pub best_reachable_vmaf: Option<f64>,
    /// Inputs outside of what the model saw in training.
    pub out_of_range: FieldSet,
    /// Inputs that were given but that no forecast of this answer used (the model did not learn from them).
    pub ignored: FieldSet,
    /// Size of the encode, MB (10⁶ bytes): bitrate (given, or forecast from the CRF) times duration.
    pub size_mb: Option<f64>,
    /// Network rate of the stream, Mbit/s: bitrate (given, or forecast from the CRF) / 1000.
    pub bandwidth_mbps: Option<f64>,
    /// The parts of time, energy, cost and carbon, when the options name a site.
    pub resources: Option<JobResources>,
    pub(crate) estimates: [Option<Estimate>; Target::COUNT],
}

impl PredictionResult {
    /// The forecast of a target with its interval, when the model predicts it.
    pub fn estimate(&self, target: Target) -> Option<Estimate> {
        self.estimates[target as usize]
    }

    /// All forecasts that there are.
    pub fn estimates(&self) -> impl Iterator<Item = (Target, Estimate)> + '_ {
        Target::ALL.iter().filter_map(|&target| Some((target, self.estimate(target)?)))
    }
}
