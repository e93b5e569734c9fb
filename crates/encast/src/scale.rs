//! Between a target's own unit and the scale it is learnt on.

use crate::{
    features::PredictionFeatures,
    result::Estimate,
    target::{Scale, Target},
};

/// A measured value on the scale that the target is learnt on.
pub(crate) fn to_learning(target: Target, value: f64, features: &PredictionFeatures) -> f64 {
    match target.scale() {
        Scale::Linear => value,
        Scale::Log => value.log2(),
        Scale::LogPerMegapixel => (value / features.megapixels()).log2(),
    }
}

/// The value of a point of the learning scale, within the target's bounds. Monotone.
pub(crate) fn from_learning(target: Target, value: f64, megapixels: f64) -> f64 {
    let (lowest, highest) = target.bounds();
    let value = match target.scale() {
        Scale::Linear => value,
        Scale::Log => value.exp2(),
        Scale::LogPerMegapixel => value.exp2() * megapixels,
    };
    value.clamp(lowest, highest)
}

/// A forecast with its interval, from the learning scale.
pub(crate) fn estimate(target: Target, forecast: f64, around: (f64, f64), megapixels: f64) -> Estimate {
    let back = |value| from_learning(target, value, megapixels);
    Estimate { value: back(forecast), lower: back(forecast + around.0), upper: back(forecast + around.1) }
}
