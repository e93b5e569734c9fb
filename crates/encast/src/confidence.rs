//! How far a forecast can be trusted: distance from the trained range, and one number from 0 to 1.
//!
//! `confidence = p · 2^(−n/2) · exp(−d²) · (1 − frame_drop)`, where
//!
//! - `p` is the probability, by the errors on unseen titles, that the forecast VMAF is within ±6 points of the measured
//!   one: one just-noticeable difference (Ozer, 2017, after Netflix's own tests). The size of the errors follows the
//!   request: its inputs, the forecast, how far curves and trees (or the ensemble's members) disagree. So it falls as the
//!   expected error rises, and where nothing else is wrong a confidence of 0.85 says that 85 of 100 such forecasts are
//!   within ±6;
//! - `n` is the novelty: octaves by which the inputs are farther from all that was seen than 95 % of the training rows;
//! - `d` is the distance from the trained range, summed over the inputs: octaves for rates and sizes, halved; shares
//!   of the range's width for the others; 2 for a codec, 1 for an encoder, 0.1 for a preset that was never seen. A little
//!   beyond costs next to nothing, because there a forecast is hardly worse (docs/accuracy.md); far beyond leaves nothing;
//! - `frame_drop` counts fully, because frames that never arrive are in no quality score.
//!
//! A bundle without VMAF is judged by PSNR (±1.5 dB), without both by its first target (SSIM ±0.02, other linear ones
//! ±6, logarithmic ones a quarter of an octave). Intervals are widened by the factor `1 + d`.

use crate::{
    bundle::Model,
    cell::Cell,
    features::PredictionFeatures,
    field::{Field, FieldSet},
    target::{Scale, Target},
    variant::Forecast,
};

/// Where a request lies relative to what the model saw.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Distance {
    pub out_of_range: FieldSet,
    pub sum: f64,
}

/// The least distance of an input that is out of range at all.
const LEAST: f64 = 0.1;

/// At a site threads are not the model's concern: the site's chain spreads the work over them.
pub(crate) fn distance(features: &PredictionFeatures, model: &Model, at_site: bool) -> Distance {
    let mut distance = Distance::default();
    let mut add = |field: Field, by: f64| {
        distance.out_of_range.insert(field);
        distance.sum += by.max(LEAST);
    };
    for &field in Field::ALL {
        // The length of the job scales an answer, it does not change the kind of encode.
        if field == Field::DurationS || field == Field::Threads && at_site {
            continue;
        }
        let value = match field {
            Field::MotionIntensity => features.motion_intensity,
            _ => features.get(field),
        };
        if let (Some(value), Some((min, max))) = (value, model.ranges[field as usize])
            && !(min..=max).contains(&value)
        {
            add(field, beyond(field, value, min, max));
        }
    }
    let metadata = model.metadata();
    if let Some(codec) = features.codec_known()
        && !metadata.codecs.is_empty()
        && !metadata.codecs.contains(&codec)
    {
        add(Field::Codec, 2.0);
    }
    if let Some(encoder) = features.encoder
        && !metadata.encoders.is_empty()
        && !metadata.encoders.contains(&encoder)
    {
        add(Field::Encoder, 1.0);
    }
    if let Some(preset) = &features.preset
        && !metadata.presets.is_empty()
        && !metadata.saw_preset(features.encoder, preset)
    {
        add(Field::Preset, LEAST);
    }
    distance
}

/// What one number adds to the distance; 0 within what was seen.
pub(crate) fn distance_of(model: &Model, field: Field, value: f64) -> f64 {
    match model.ranges[field as usize] {
        Some((min, max)) if !(min..=max).contains(&value) => beyond(field, value, min, max).max(LEAST),
        _ => 0.0,
    }
}

/// How far a value lies outside of what was seen.
fn beyond(field: Field, value: f64, min: f64, max: f64) -> f64 {
    let edge = if value < min { min } else { max };
    let by_ratio = matches!(
        field,
        Field::BitrateKbps
            | Field::ProbeBitrateKbps
            | Field::ResolutionWidth
            | Field::ResolutionHeight
            | Field::SourceWidth
            | Field::SourceHeight
            | Field::FrameRate
            | Field::SourceFrameRate
            | Field::Threads
    );
    if by_ratio && edge > 0.0 {
        return (value / edge).log2().abs() / 2.0;
    }
    let (lowest, highest) = field.documented_range();
    (value - edge).abs() / (max - min).max((highest - lowest) / 10.0)
}

/// The error within which a forecast counts as right, on the scale that it is learnt on.
fn close(target: Target) -> f64 {
    match (target, target.scale()) {
        (Target::Psnr, _) => 1.5,
        (Target::Ssim, _) => 0.02,
        (_, Scale::Linear) => 6.0,
        (_, Scale::Log | Scale::LogPerMegapixel) => 0.25,
    }
}

pub(crate) fn confidence(forecast: &Forecast, cell: Cell, distance: Distance, frame_drop: f64) -> f64 {
    let calibration = &forecast.variant.calibration;
    let typical = calibration.spread;
    let disagreement = if typical > 0.0 { (forecast.spread / typical).max(1.0).sqrt() } else { 1.0 };
    let (lower, upper) = forecast.around(cell);
    let close = close(forecast.variant.key.target) / disagreement;
    // A reach of 0 holds everything that is at all close.
    let units = |reach: f64| if reach > 0.0 { close / reach } else { f64::MAX };
    let probability = calibration.levels.probability(units(-lower), units(upper));
    let (novelty, away) = (forecast.novelty, distance.sum);
    let confidence = probability * (-0.5 * novelty).exp2() * (-away * away).exp() * (1.0 - frame_drop);
    confidence.clamp(0.0, 1.0)
}
