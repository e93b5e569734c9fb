//! Two encodes of one source side by side: forecasts, and the differences with intervals.
//!
//! The interval of a difference is made from the two forecasts' own. Let `a` and `b` be the forecasts on the scale that the
//! target is learnt on (VMAF and the like as they are, amounts as logarithms), and `a₋, a₊, b₋, b₊` how far their intervals
//! reach below and above. The difference `b − a` then lies from
//!
//! `b − a − √(b₋² + a₊² − b₋a₊/2)` to `b − a + √(b₊² + a₋² − b₊a₋/2)`:
//!
//! the reach of a difference of two errors with the correlation ¼ (its variance is `σa² + σb² − 2ρσaσb`). Errors at two settings
//! of one source go the same way, because most of an error is what the forecast does not know of the source. Measured
//! on unseen titles their correlation is 0.2 to 0.7, and an interval with ¼ holds at least the promised 90 % of the
//! differences in every case looked at (docs/ladder.md); as if independent it would hold 95 to 99 %. It is no interval for
//! encodes of two different sources.

use crate::{
    bundle::Model,
    error::Result,
    features::PredictionFeatures,
    options::PredictOptions,
    predict::predict_with,
    result::{Estimate, PredictionResult},
    target::{Scale, Target},
};

/// What changes from one encode to the other, of one target.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Difference {
    /// The second forecast minus the first, in the target's unit, and its interval.
    pub difference: Estimate,
    /// The second forecast over the first, and its interval; `None` of targets that are no amounts (VMAF, PSNR, SSIM,
    /// shares).
    pub ratio: Option<Estimate>,
}

impl Difference {
    /// Whether the interval leaves only one direction: the second is surely more, or surely less, as far as intervals are
    /// sure.
    pub fn is_clear(&self) -> bool {
        self.difference.lower > 0.0 || self.difference.upper < 0.0
    }
}

/// Two encodes side by side.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// The answer for the first.
    pub a: PredictionResult,
    /// The answer for the second.
    pub b: PredictionResult,
    differences: [Option<Difference>; Target::COUNT],
}

impl Comparison {
    /// What changes in a target, when both encodes forecast it.
    pub fn difference(&self, target: Target) -> Option<Difference> {
        self.differences[target as usize]
    }

    /// All differences that there are.
    pub fn differences(&self) -> impl Iterator<Item = (Target, Difference)> + '_ {
        Target::ALL.iter().filter_map(|&target| Some((target, self.difference(target)?)))
    }
}

/// Forecasts two encodes of one source and what changes from the first to the second.
///
/// A bitrate that a request gives is compared with the other's, given or forecast.
///
/// # Errors
/// As [`predict_with`].
pub fn compare(
    a: &PredictionFeatures,
    b: &PredictionFeatures,
    model: &Model,
    options: &PredictOptions,
) -> Result<Comparison> {
    let (first, second) = (predict_with(a, model, options)?, predict_with(b, model, options)?);
    let of = |request: &PredictionFeatures, answer: &PredictionResult, target: Target| match target {
        Target::BitrateKbps => {
            let given = request.bitrate_kbps.map(|value| Estimate { value, lower: value, upper: value });
            given.or(answer.estimate(target))
        }
        _ => answer.estimate(target),
    };
    let differences = std::array::from_fn(|number| {
        let target = Target::ALL[number];
        Some(difference(target, of(a, &first, target)?, of(b, &second, target)?))
    });
    Ok(Comparison { a: first, b: second, differences })
}

/// The correlation that is assumed of the errors of two encodes of one source.
const CORRELATION: f64 = 0.25;

/// The two reaches as one.
fn together(one: f64, other: f64) -> f64 {
    (one * one + other * other - 2.0 * CORRELATION * one * other).max(0.0).sqrt()
}

fn difference(target: Target, a: Estimate, b: Estimate) -> Difference {
    if target.scale() == Scale::Linear {
        let value = b.value - a.value;
        let lower = value - together(b.value - b.lower, a.upper - a.value);
        let upper = value + together(b.upper - b.value, a.value - a.lower);
        return Difference { difference: Estimate { value, lower, upper }, ratio: None };
    }
    let [(a_value, a_lower, a_upper), (b_value, b_lower, b_upper)] =
        [a, b].map(|e| (e.value.ln(), e.lower.ln(), e.upper.ln()));
    let value = b_value - a_value;
    let lower = value - together(b_value - b_lower, a_upper - a_value);
    let upper = value + together(b_upper - b_value, a_value - a_lower);
    // Rounding may put an end beyond a value that it is as near to as that.
    let around =
        |value: f64, lower: f64, upper: f64| Estimate { value, lower: lower.min(value), upper: upper.max(value) };
    let ratio = around(b.value / a.value, lower.exp(), upper.exp());
    // In the unit, of the first as forecast: the same sign as the ratio's distance from 1.
    let in_unit = |ratio: f64| (ratio - 1.0) * a.value;
    let difference = around(b.value - a.value, in_unit(ratio.lower), in_unit(ratio.upper));
    Difference { difference, ratio: Some(ratio) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn e(value: f64, lower: f64, upper: f64) -> Estimate {
        Estimate { value, lower, upper }
    }

    #[test]
    fn differences_by_hand() {
        let vmaf = difference(Target::Vmaf, e(80.0, 76.0, 83.0), e(90.0, 86.0, 95.0));
        // 10 − √(4² + 3² − 4·3/2) and 10 + √(5² + 4² − 5·4/2).
        assert_eq!((vmaf.difference.value, vmaf.difference.lower), (10.0, 10.0 - 19f64.sqrt()));
        assert!((vmaf.difference.upper - (10.0 + 31f64.sqrt())).abs() < 1e-12);
        assert!(vmaf.is_clear() && vmaf.ratio.is_none());
        // A factor of 2 either way on both: 2^√1.5 either way together.
        let time = difference(Target::EncodeSeconds, e(10.0, 5.0, 20.0), e(30.0, 15.0, 60.0));
        let ratio = time.ratio.unwrap();
        let reach = 1.5f64.sqrt().exp2();
        assert!((ratio.value - 3.0).abs() < 1e-12 && (ratio.lower - 3.0 / reach).abs() < 1e-12);
        assert!((ratio.upper - 3.0 * reach).abs() < 1e-9);
        assert_eq!(time.difference.value, 20.0);
        assert!((time.difference.lower - 10.0 * (3.0 / reach - 1.0)).abs() < 1e-9 && time.is_clear());
        // A given bitrate has no reach.
        let rate = difference(Target::BitrateKbps, e(1000.0, 1000.0, 1000.0), e(500.0, 250.0, 1000.0));
        assert!((rate.ratio.unwrap().upper - 1.0).abs() < 1e-12 && (rate.difference.upper).abs() < 1e-9);
    }

    /// Given rates have intervals of no width: a fuzzer found one whose rounded ends left the value out.
    #[test]
    fn ends_stand_around_the_value() {
        let exact = |value| Estimate { value, lower: value, upper: value };
        for (a, b) in [(4000.0, 1000.0), (12000.0, 300.0), (300.0, 12000.0), (1000.0, 3000.0)] {
            let found = difference(Target::BitrateKbps, exact(a), exact(b));
            for Estimate { value, lower, upper } in [found.difference, found.ratio.unwrap()] {
                assert!(lower <= value && value <= upper, "{lower} {value} {upper}");
            }
        }
    }
}
