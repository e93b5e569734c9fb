//! How far a forecast can be trusted: distance from the trained range, and one number from 0 to 1.
//!
//! `confidence = exp(−e / 25) · exp(−2 d) · (1 − frame_drop)`, where
//!
//! - `e` is the expected reach of the error in VMAF points: half the width of the 90 % interval before it was widened
//!   for distance, times `max(1, spread / typical spread)^½`, the disagreement of the ensemble's members;
//! - `d` is the distance from the trained range, summed over the inputs: octaves for rates and sizes, halved; shares
//!   of the range's width for the others; 2 for a codec, 1 for an encoder or preset that was never seen;
//! - `frame_drop` counts fully, because frames that never arrive are in no quality score.
//!
//! A bundle without VMAF is judged by PSNR (1 dB counts as 4 points), without both by its first target, on the scale it
//! is learnt on (1 octave counts as 25 points). Intervals are widened by the factor `1 + d`.

use crate::{
    bundle::Model,
    features::PredictionFeatures,
    field::{Field, FieldSet},
    target::{Scale, Target},
};

/// Where a request lies relative to what the model saw.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Distance {
    pub out_of_range: FieldSet,
    pub sum: f64,
}

/// The least distance of an input that is out of range at all.
const LEAST: f64 = 0.1;

pub(crate) fn distance(features: &PredictionFeatures, model: &Model) -> Distance {
    let mut distance = Distance::default();
    let mut add = |field: Field, by: f64| {
        distance.out_of_range.insert(field);
        distance.sum += by.max(LEAST);
    };
    for &field in Field::ALL {
        // The length of the job scales an answer, it does not change the kind of encode.
        if field == Field::DurationS {
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
        && !metadata.presets.contains(preset)
    {
        add(Field::Preset, LEAST);
    }
    distance
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

/// One forecast's own reach of error, on the scale it is learnt on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reach {
    pub target: Target,
    /// Half the width of the interval.
    pub half_width: f64,
    pub spread: f64,
    pub typical_spread: f64,
}

pub(crate) fn confidence(reach: Reach, distance: Distance, frame_drop: f64) -> f64 {
    let points = match (reach.target, reach.target.scale()) {
        (Target::Vmaf, _) => 1.0,
        (Target::Psnr, _) => 4.0,
        (Target::Ssim, _) => 100.0,
        (_, Scale::Linear) => 1.0,
        (_, Scale::Log | Scale::LogPerMegapixel) => 25.0,
    };
    let disagreement = if reach.typical_spread > 0.0 { (reach.spread / reach.typical_spread).max(1.0) } else { 1.0 };
    let expected = reach.half_width * points * disagreement.sqrt();
    let confidence = (-expected / 25.0).exp() * (-2.0 * distance.sum).exp() * (1.0 - frame_drop);
    confidence.clamp(0.0, 1.0)
}
