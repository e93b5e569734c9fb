//! How low the truth may lie below a forecast, with a given probability.

use crate::{calibration::NOMINAL, predict::Asked, scale, variant::Variant};

/// Lowest and highest assurance that may be asked for.
pub(crate) const ASSURANCES: (f64, f64) = (0.5, 0.99);

/// The value, in the target's unit, that the truth reaches with the probability `assurance` (0.5–0.99); without an
/// assurance the forecast itself. `value` is the forecast of `variant` on the scale that it is learnt on.
///
/// The lower end of the two-sided 90 % interval is a one-sided 95 % bound. Other probabilities stretch its distance from
/// the forecast by the ratio of the normal quantiles, `z(assurance) / z(0.95)`: 0 at 0.5, 0.78 at 0.9, 1.41 at 0.99. That
/// the errors have a normal distribution's shape is assumed for this ratio alone; their size is the calibrated one.
pub(crate) fn lower_bound(asked: &Asked, variant: &Variant, value: f64, assurance: Option<f64>) -> f64 {
    let reach = match assurance {
        None => 0.0,
        Some(probability) => {
            let (lower, _) = variant.calibration.around(value);
            let stretch = normal_quantile(probability) / normal_quantile((1.0 + NOMINAL) / 2.0);
            lower * (1.0 + asked.distance.sum) * stretch
        }
    };
    scale::from_learning(variant.key.target, value + reach, asked.megapixels)
}

/// The value that a standard normal variable stays below with the probability `p`, 0.5 ≤ p < 1: Abramowitz and Stegun
/// 26.2.23, refined by one Newton step on the distribution function.
fn normal_quantile(p: f64) -> f64 {
    let t = (-2.0 * (1.0 - p).ln()).sqrt();
    let numerator = 2.515517 + t * (0.802853 + t * 0.010328);
    let denominator = 1.0 + t * (1.432788 + t * (0.189269 + t * 0.001308));
    let mut z = t - numerator / denominator;
    // Without the error function: the distribution's integral from 0, by Simpson's rule.
    for _ in 0..2 {
        let density = |x: f64| (-x * x / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
        const STEPS: usize = 64;
        let width = z / STEPS as f64;
        let weight = |i: usize| match i {
            0 | STEPS => 1.0,
            i if i % 2 == 1 => 4.0,
            _ => 2.0,
        };
        let sum: f64 = (0..=STEPS).map(|i| weight(i) * density(i as f64 * width)).sum();
        z -= (0.5 + sum * width / 3.0 - p) / density(z);
    }
    z
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_of_the_normal_distribution() {
        for (p, z) in [(0.5, 0.0), (0.75, 0.674489750), (0.9, 1.281551566), (0.95, 1.644853627), (0.99, 2.326347874)] {
            assert!((normal_quantile(p) - z).abs() < 1e-7, "{p}: {}", normal_quantile(p));
        }
    }
}
