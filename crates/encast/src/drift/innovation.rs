//! What an observation says beyond what earlier encodes of its title told: a mixed model of residuals.
//!
//! Residuals of a title are one Gaussian process: `residual = reach · s · (process + noise)`, `reach` being the half width of
//! the forecast's interval. Encodes of a title are correlated by their distance in rate, size and forecast quality, and less across presets,
//! encoders and rate controls (a title's random effects). The innovation is the residual less what the remembered encodes of
//! the title let expect (kriging), in standard deviations: nearly independent from one observation to the next, which
//! residuals themselves are far from.

use crate::drift::titles::{Encode, Settings};

/// Most remembered encodes that an observation is held against: those nearest by their correlation.
const NEAREST: usize = 24;

/// Correlation of residuals within a title. Chosen by likelihood on half of the titles of the project's own table, forecast by
/// models that had not seen them.
struct Kernel;

impl Kernel {
    /// Octaves of bitrate.
    const RATE: f64 = 3.76;
    /// Octaves of pixels.
    const SIZE: f64 = 2.65;
    /// Tens of VMAF.
    const QUALITY: f64 = 4.18;
    const OTHER_PRESET: f64 = 0.90;
    const OTHER_ENCODER: f64 = 0.85;
    const OTHER_CONTROL: f64 = 0.95;
    /// Variance that no neighbour shares, relative to the process's.
    const NOISE: f64 = 0.018;
    /// Scale of the process, in half widths of the intervals.
    const SCALE: f64 = 0.43;

    fn correlation(a: &Settings, b: &Settings) -> f64 {
        let rate = f64::from(a.rate - b.rate) / Kernel::RATE;
        let size = f64::from(a.size - b.size) / Kernel::SIZE;
        let quality = f64::from(a.quality - b.quality) / Kernel::QUALITY;
        let names = match (a.encoder == b.encoder, a.preset == b.preset) {
            (true, true) => 1.0,
            (true, false) => Kernel::OTHER_PRESET,
            (false, _) => Kernel::OTHER_ENCODER,
        };
        let control = if a.control == b.control { 1.0 } else { Kernel::OTHER_CONTROL };
        // Matérn's with the smoothness 5/2 (Rasmussen and Williams, 2006, eq. 4.17).
        let squared = 5.0 * (rate * rate + size * size + quality * quality);
        let distance = squared.sqrt();
        (1.0 + distance + squared / 3.0) * (-distance).exp() * names * control
    }
}

/// What one observation says of one target.
#[derive(Debug, Clone)]
pub(super) struct Innovation {
    /// In standard deviations of what was expected.
    pub value: f64,
    /// By how much it rises when this encode's residual rises by 1.
    unit: f64,
    /// By how much it falls when an earlier residual by the same encoder rises by 1; with the observations' numbers.
    own: [(u64, f64); NEAREST],
}

impl Innovation {
    /// By how much it rises when all residuals of the encoder after observation `since` rise by 1.
    pub fn slope(&self, since: u64) -> f64 {
        self.unit - self.own.iter().filter(|(number, _)| *number > since).map(|(_, weight)| weight).sum::<f64>()
    }
}

/// The remembered encodes near one that is observed, and how they hang together.
pub(super) struct Near<'a> {
    /// The nearest first, each with its correlation.
    encodes: Vec<(&'a Encode, f64)>,
    settings: Settings,
    weights: Option<(u32, Vec<f64>)>,
}

impl<'a> Near<'a> {
    pub fn of(encodes: &'a [Encode], settings: Settings) -> Near<'a> {
        let mut near: Vec<_> =
            encodes.iter().map(|encode| (encode, Kernel::correlation(&encode.settings, &settings))).collect();
        near.sort_by(|a, b| b.1.total_cmp(&a.1));
        near.truncate(NEAREST);
        Near { encodes: near, settings, weights: None }
    }

    /// The innovation of a residual with the reach of its interval, of the target at this index.
    pub fn innovation(&mut self, target: usize, residual: f64, reach: f64) -> Innovation {
        let known = |encode: &Encode| !encode.residuals[target].0.is_nan();
        let mask =
            self.encodes.iter().enumerate().fold(0, |mask, (at, (encode, _))| mask | u32::from(known(encode)) << at);
        let weights = match self.weights.take() {
            Some((of, weights)) if of == mask => weights,
            _ => self.solve(mask),
        };
        let used = || self.encodes.iter().enumerate().filter(|(at, _)| mask >> at & 1 == 1).map(|(_, near)| near);
        let (mut mean, mut explained) = (0.0, 0.0);
        for ((encode, correlation), weight) in used().zip(&weights) {
            let (residual, reach) = encode.residuals[target];
            mean += weight * f64::from(residual) / f64::from(reach);
            explained += weight * correlation;
        }
        let left = (1.0 + Kernel::NOISE - explained).max(Kernel::NOISE);
        let deviation = Kernel::SCALE * left.sqrt();
        let mut own = [(0, 0.0); NEAREST];
        for (((encode, _), weight), place) in used().zip(&weights).zip(&mut own) {
            if encode.settings.encoder == self.settings.encoder {
                *place = (encode.number, weight / f64::from(encode.residuals[target].1) / deviation);
            }
        }
        self.weights = Some((mask, weights));
        Innovation { value: (residual / reach - mean) / deviation, unit: 1.0 / (reach * deviation), own }
    }

    /// Weights of the encodes in the mask: `(K + noise · I)⁻¹ k`, by Cholesky's factor.
    fn solve(&self, mask: u32) -> Vec<f64> {
        let used: Vec<_> =
            self.encodes.iter().enumerate().filter(|(at, _)| mask >> at & 1 == 1).map(|(_, near)| near).collect();
        let count = used.len();
        let mut factor = [[0.0; NEAREST]; NEAREST];
        for i in 0..count {
            for j in 0..=i {
                let inner: f64 = (0..j).map(|k| factor[i][k] * factor[j][k]).sum();
                let element = Kernel::correlation(&used[i].0.settings, &used[j].0.settings) - inner;
                factor[i][j] = match i == j {
                    // Positive definite: only rounding could come below the noise.
                    true => (element + Kernel::NOISE).max(Kernel::NOISE / 2.0).sqrt(),
                    false => element / factor[j][j],
                };
            }
        }
        let mut weights: Vec<f64> = used.iter().map(|(_, correlation)| *correlation).collect();
        for i in 0..count {
            let inner: f64 = (0..i).map(|k| factor[i][k] * weights[k]).sum();
            weights[i] = (weights[i] - inner) / factor[i][i];
        }
        for i in (0..count).rev() {
            let inner: f64 = (i + 1..count).map(|k| factor[k][i] * weights[k]).sum();
            weights[i] = (weights[i] - inner) / factor[i][i];
        }
        weights
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::Target;

    fn settings(rate: f32, encoder: u16) -> Settings {
        Settings { rate, size: 20.0, quality: 8.0, encoder, preset: 7, control: 1 }
    }

    fn encode(number: u64, settings: Settings, residual: f32, reach: f32) -> Encode {
        Encode { number, settings, residuals: [(residual, reach); Target::COUNT] }
    }

    /// By hand: one neighbour at correlation ρ predicts ρ / (1 + noise) of its own residual.
    #[test]
    fn one_neighbour_by_hand() {
        let earlier = [encode(3, settings(10.0, 1), 4.0, 8.0)];
        let mut near = Near::of(&earlier, settings(11.9, 1));
        let found = near.innovation(0, 3.0, 6.0);
        let distance = 5f64.sqrt() * f64::from(11.9f32 - 10.0) / Kernel::RATE;
        let rho = (1.0 + distance + distance * distance / 3.0) * (-distance).exp();
        let weight = rho / (1.0 + Kernel::NOISE);
        let deviation = Kernel::SCALE * (1.0 + Kernel::NOISE - weight * rho).sqrt();
        assert!((found.value - (0.5 - weight * 0.5) / deviation).abs() < 1e-6);
        // A shift after observation 2 moved both encodes, one after observation 3 this one alone.
        assert!((found.slope(3) - 1.0 / 6.0 / deviation).abs() < 1e-6);
        assert!((found.slope(2) - (1.0 / 6.0 - weight / 8.0) / deviation).abs() < 1e-6);
        let other = Near::of(&earlier, settings(11.9, 2)).innovation(0, 3.0, 6.0);
        assert_eq!(other.slope(2), other.slope(3));
        let fresh = Near::of(&[], settings(11.9, 1)).innovation(0, 3.0, 6.0);
        assert!((fresh.value - 0.5 / Kernel::SCALE / (1.0 + Kernel::NOISE).sqrt()).abs() < 1e-12);
    }

    /// A shift of all of a title's residuals moves innovations by as much as `slope` says.
    #[test]
    fn slopes_are_derivatives() {
        let shifted = |by: f32| {
            let earlier: Vec<_> = (0..20)
                .map(|i| {
                    let shift = if i >= 12 { by } else { 0.0 };
                    let mut encode =
                        encode(i + 1, settings(8.0 + 0.3 * i as f32, 1), 1.0 + shift, 5.0 + 0.1 * i as f32);
                    if i == 14 {
                        encode.residuals[1].0 = f32::NAN;
                    }
                    encode
                })
                .collect();
            let mut near = Near::of(&earlier, settings(13.0, 1));
            [0, 1].map(|target| near.innovation(target, 2.0 + f64::from(by), 4.0))
        };
        let (before, after) = (shifted(0.0), shifted(1.0));
        for (before, after) in before.iter().zip(&after) {
            assert!((after.value - before.value - before.slope(12)).abs() < 1e-5);
        }
        assert!(before[0].slope(12) != before[1].slope(12), "the second target knows one neighbour less");
    }
}
