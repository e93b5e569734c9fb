//! Kriging: what measured residuals of a title say of its other encodes (Rasmussen and Williams, 2006, eqs 2.25–2.26).
//!
//! Residuals come divided by an amplitude that follows the calibration, so that the process has variance 1 wherever it is
//! looked at. Between two encodes their correlation is
//!
//! `exp(−½ ((Δ rate / length_rate)² + (Δ size / length_size)²)) · {1, other_preset, other_encoder}`.

use crate::variant::Known;

/// Most anchors that are conditioned on.
pub(crate) const MOST: usize = 16;

/// Least share of the variance that is left, however near an anchor lies: repeated encodes, other samples of a clip and
/// the next version of an encoder differ, too.
const LEAST_LEFT: f64 = 0.01;

/// Power of the share of the variance that is left which gives the interval's width. Half would be right for Gaussian
/// residuals; measured ones have wider tails near an anchor than their correlation tells.
const WIDTH_POWER: f64 = 0.35;

/// Factor of an interval's width for a share of the variance that is left.
pub(crate) fn width(left: f64) -> f64 {
    left.powf(WIDTH_POWER)
}

/// Correlation of residuals within a title.
///
/// Chosen by title-disjoint folds on BVI-DVC (x265, 17,732 rows, 143 titles) and on the project's own table (four encoders,
/// 105 titles): one, two and three measured encodes of a curve given, the title's others judged.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct ResidualKernel {
    /// Length scale over the rate: octaves of bitrate, or sixths of a CRF on a scale that ends at 51.
    pub length_rate: f64,
    /// Length scale over the encoded size: octaves of pixels.
    pub length_size: f64,
    /// Correlation between presets of one encoder.
    pub other_preset: f64,
    /// Correlation between encoders.
    pub other_encoder: f64,
    /// Variance of what no neighbour shares, relative to the process's.
    pub noise: f64,
}

impl Default for ResidualKernel {
    /// For forecasts that know no probe: their residuals are mostly one offset of the whole title.
    fn default() -> Self {
        ResidualKernel { length_rate: 3.5, length_size: 5.0, other_preset: 0.9, other_encoder: 0.75, noise: 0.03 }
    }
}

impl ResidualKernel {
    /// A probe has taken most of the title's offset away; what is left reaches less far.
    const PROBED: ResidualKernel =
        ResidualKernel { length_rate: 2.0, length_size: 3.0, other_preset: 0.9, other_encoder: 0.75, noise: 0.05 };

    /// The kernel for what a model knows.
    pub(crate) fn of(known: Known) -> ResidualKernel {
        if known.has(Known::PROBE) { ResidualKernel::PROBED } else { ResidualKernel::default() }
    }

    fn correlation(&self, a: &Place, b: &Place) -> f64 {
        let rate = (a.rate - b.rate) / self.length_rate;
        let size = (a.size - b.size) / self.length_size;
        let settings = match (a.encoder == b.encoder, a.preset == b.preset) {
            (true, true) => 1.0,
            (true, false) => self.other_preset,
            (false, _) => self.other_encoder,
        };
        (-0.5 * (rate * rate + size * size)).exp() * settings
    }
}

/// Where an encode lies. Encoder and preset are numbers that stand for their names within one request.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Place {
    pub rate: f64,
    pub size: f64,
    pub encoder: u32,
    pub preset: u32,
}

/// A process conditioned on residuals.
#[derive(Debug)]
pub(crate) struct Conditioned {
    kernel: ResidualKernel,
    places: [Place; MOST],
    count: usize,
    /// Lower triangle L of `K + noise · I = L Lᵀ`.
    factor: [[f64; MOST]; MOST],
    /// `(K + noise · I)⁻¹ residuals`.
    weights: [f64; MOST],
}

impl Conditioned {
    /// Conditions on the first [`MOST`] residuals.
    pub(crate) fn on(kernel: ResidualKernel, residuals: &[(Place, f64)]) -> Conditioned {
        let count = residuals.len().min(MOST);
        let mut new = Conditioned {
            kernel,
            places: [Place::default(); MOST],
            count,
            factor: [[0.0; MOST]; MOST],
            weights: [0.0; MOST],
        };
        for (i, (place, _)) in residuals.iter().take(MOST).enumerate() {
            new.places[i] = *place;
        }
        for i in 0..count {
            for j in 0..=i {
                let inner: f64 = (0..j).map(|k| new.factor[i][k] * new.factor[j][k]).sum();
                let element = kernel.correlation(&new.places[i], &new.places[j]) - inner;
                new.factor[i][j] = match i == j {
                    // The kernel is positive definite: only rounding could come below the noise.
                    true => (element + kernel.noise).max(kernel.noise / 2.0).sqrt(),
                    false => element / new.factor[j][j],
                };
            }
        }
        let mut values = [0.0; MOST];
        for (value, (_, residual)) in values.iter_mut().zip(residuals) {
            *value = *residual;
        }
        new.forward(&mut values);
        for i in (0..count).rev() {
            let inner: f64 = (i + 1..count).map(|k| new.factor[k][i] * new.weights[k]).sum();
            new.weights[i] = (values[i] - inner) / new.factor[i][i];
        }
        new
    }

    /// Solves `L x = values` in place.
    fn forward(&self, values: &mut [f64; MOST]) {
        for i in 0..self.count {
            let inner: f64 = (0..i).map(|k| self.factor[i][k] * values[k]).sum();
            values[i] = (values[i] - inner) / self.factor[i][i];
        }
    }

    /// Mean of the residual at a place, in amplitudes, and the share of its variance that is left, above 0 to 1.
    pub(crate) fn at(&self, place: &Place) -> (f64, f64) {
        let mut near = [0.0; MOST];
        for (near, anchor) in near.iter_mut().zip(&self.places[..self.count]) {
            *near = self.kernel.correlation(anchor, place);
        }
        let mean = near.iter().zip(&self.weights).map(|(near, weight)| near * weight).sum();
        self.forward(&mut near);
        let explained: f64 = near.iter().map(|value| value * value).sum();
        (mean, (1.0 - explained).clamp(LEAST_LEFT, 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(rate: f64) -> Place {
        Place { rate, size: 20.0, ..Place::default() }
    }

    /// By hand: one residual r at distance d gives r ρ / (1 + noise), and leaves 1 − ρ² / (1 + noise).
    #[test]
    fn one_residual_by_hand() {
        let kernel = ResidualKernel { noise: 0.25, length_rate: 2.0, ..ResidualKernel::default() };
        let process = Conditioned::on(kernel, &[(at(10.0), 3.0)]);
        let rho = (-0.5f64).exp();
        let (mean, left) = process.at(&at(12.0));
        assert!((mean - 3.0 * rho / 1.25).abs() < 1e-12, "{mean}");
        assert!((left - (1.0 - rho * rho / 1.25)).abs() < 1e-12, "{left}");
        let other = Place { encoder: 1, ..at(12.0) };
        assert!((process.at(&other).0 - 3.0 * rho * kernel.other_encoder / 1.25).abs() < 1e-12);
    }

    #[test]
    fn measured_places_are_kept_and_far_ones_left_alone() {
        let kernel = ResidualKernel { noise: 1e-9, ..ResidualKernel::default() };
        let residuals: Vec<(Place, f64)> =
            (0..MOST + 4).map(|i| (at(8.0 + 3.0 * i as f64), (i as f64 * 1.7).sin())).collect();
        let process = Conditioned::on(kernel, &residuals);
        for (place, residual) in &residuals[..MOST] {
            let (mean, left) = process.at(place);
            assert!((mean - residual).abs() < 1e-5, "{mean} at {place:?}, measured {residual}");
            assert!((left - LEAST_LEFT).abs() < 1e-12);
        }
        let (mean, left) = process.at(&at(200.0));
        assert_eq!((mean, left), (0.0, 1.0));
    }

    #[test]
    fn the_same_place_twice_counts_as_its_mean() {
        let kernel = ResidualKernel::default();
        let process = Conditioned::on(kernel, &[(at(10.0), 1.0), (at(10.0), 2.0)]);
        let (mean, _) = process.at(&at(10.0));
        assert!((mean - 1.5 / (1.0 + kernel.noise / 2.0)).abs() < 1e-9, "{mean}");
    }
}
