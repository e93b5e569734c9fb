//! Lengths and variances of the kernel: those under which the sample is likeliest, by stochastic gradient.
//!
//! The covariance of two rows is
//! `s · kx · kr + linear + [same group] · g · exp(−√(e + (Δrate / t)²)) + [same row] · noise`, where `kx` is the rational
//! quadratic kernel over the scaled inputs, `kr` the squared exponential over the rates, and `e` the squared distance over
//! the settings alone. A group's deviation is rough (the exponential kernel, Rasmussen & Williams 2006, equation 4.18):
//! were it taken to be smooth, the small differences between neighbouring rows of a group would decide the weights, and
//! those are no better known than the kernel is right. The negative log marginal likelihood and its gradient are those of
//! their equations 5.8 and 5.9; each step sees its own random rows (Adam: Kingma & Ba, 2015).

use super::sample::Standardized;
use crate::matrix::{Cholesky, Matrix};

/// Added to the variance of the noise, so that the equations stay solvable.
const LEAST_NOISE: f64 = 1e-4;
/// Standard deviation of the constant.
pub(crate) const CONSTANT: f64 = 10.0;

/// Where each parameter behind the inputs' lengths stands, counted from their end.
const SHAPE: usize = 0;
const RATE: usize = 1;
const LINEAR: usize = 2;
const SLOPE: usize = 3;
const PRODUCT: usize = 4;
const GROUP_SCALE: usize = 5;
const GROUP: usize = 6;
const GROUP_RATE: usize = 7;
const NOISE: usize = 8;
const SCALARS: usize = 9;
/// Natural logarithms: start and bounds of each.
const START: [f64; SCALARS] = [-0.7, 0.0, -1.2, -0.7, -3.0, -0.35, -3.0, 0.0, -5.8];
const BOUNDS: [(f64, f64); SCALARS] = [
    (-7.0, 3.0),
    (-1.6, 2.0),
    (-6.0, 1.0),
    (-6.0, 1.5),
    (-7.0, 1.0),
    (-2.0, 3.0),
    (-9.0, 2.0),
    (-2.5, 2.5),
    (-12.0, 0.5),
];
const START_LENGTH: f64 = 0.92;
const LENGTH_BOUNDS: (f64, f64) = (-1.2, 4.5);
const RATE_OF_LEARNING: f64 = 0.1;
/// Share of the steps that look at fewer rows.
const COARSE: (usize, usize) = (3, 4);

/// Natural logarithms of the lengths of the inputs, then of the scalars.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Lengths {
    columns: usize,
    values: Vec<f64>,
}

impl Lengths {
    pub(crate) fn start(columns: usize) -> Lengths {
        let mut values = vec![START_LENGTH; columns];
        values.extend(START);
        Lengths { columns, values }
    }

    fn scalar(&self, which: usize) -> f64 {
        self.values[self.columns + which].exp()
    }

    /// 1 / length of an input.
    pub(crate) fn scale(&self, column: usize) -> f64 {
        (-self.values[column]).exp()
    }

    /// Variance of the smooth part.
    pub(crate) fn shape(&self) -> f64 {
        self.scalar(SHAPE)
    }

    pub(crate) fn rate(&self) -> f64 {
        self.scalar(RATE)
    }

    /// Standard deviations of the linear part: of the inputs, of the rate, of their products.
    pub(crate) fn linear(&self) -> (f64, f64, f64) {
        (self.scalar(LINEAR), self.scalar(SLOPE), self.scalar(PRODUCT))
    }

    /// Of a group's own deviation: variance, the factor on the scales of the settings, the length along the rate.
    pub(crate) fn group(&self) -> (f64, f64, f64) {
        (self.scalar(GROUP), 1.0 / self.scalar(GROUP_SCALE), self.scalar(GROUP_RATE))
    }

    pub(crate) fn noise(&self) -> f64 {
        self.scalar(NOISE) + LEAST_NOISE
    }

    /// Searches from `self` on. Most steps look at half of `rows` only: they cost an eighth, and find the way as well.
    pub(crate) fn search(mut self, sample: &Standardized, rows: usize, steps: usize, seed: u64) -> Lengths {
        let count = self.values.len();
        let (mut first, mut second) = (vec![0.0; count], vec![0.0; count]);
        let group_of_row = {
            let mut of_row = vec![0u32; sample.rows()];
            for (group, rows) in sample.groups.iter().enumerate() {
                rows.iter().for_each(|&row| of_row[row] = group as u32);
            }
            of_row
        };
        for step in 1..=steps {
            let coarse = step * COARSE.1 <= steps * COARSE.0;
            let count = if coarse { rows / 2 } else { rows };
            let chosen = choose(sample.rows(), count, seed.wrapping_add(step as u64));
            let part = Part::new(sample, &group_of_row, &chosen);
            // Too ill-conditioned to factor: these rows teach nothing, others may.
            let Some(gradient) = self.gradient(&part) else { continue };
            let along = step as f64;
            let rate = RATE_OF_LEARNING * (2.0 * (1.0 - along / (steps as f64 + 1.0))).min(1.0);
            for (at, slope) in gradient.into_iter().enumerate() {
                first[at] = 0.9 * first[at] + 0.1 * slope;
                second[at] = 0.95 * second[at] + 0.05 * slope * slope;
                let mean = first[at] / (1.0 - 0.9f64.powi(step as i32));
                let size = (second[at] / (1.0 - 0.95f64.powi(step as i32))).sqrt();
                let (low, high) = match at.checked_sub(self.columns) {
                    Some(scalar) => BOUNDS[scalar],
                    None => LENGTH_BOUNDS,
                };
                self.values[at] = (self.values[at] - rate * mean / (size + 1e-8)).clamp(low, high);
            }
        }
        self
    }

    /// The gradient of the negative log marginal likelihood of a row.
    fn gradient(&self, part: &Part) -> Option<Vec<f64>> {
        let n = part.targets.len();
        let kernel = self.kernel(part);
        let cholesky = Cholesky::new(kernel.sum.clone())?;
        let weights = cholesky.solve(&part.targets);
        let inverse = cholesky.inverse();
        let mut gradient = vec![0.0; self.values.len()];
        let (lengths, scalars) = gradient.split_at_mut(self.columns);
        let (rate, (linear, slope, product)) = (self.rate(), self.linear());
        let (_, group_scale, group_rate) = self.group();
        let (mut of_all, mut of_settings) = (vec![0.0; n], vec![0.0; n]);
        for i in 0..n {
            let row = i * n;
            for j in 0..=i {
                // Both halves of the symmetric matrix at once.
                let both = if i == j { 0.5 } else { 1.0 };
                let g = both * (inverse.values[row + j] - weights[i] * weights[j]);
                let (smooth, group) = (kernel.smooth[row + j], kernel.group[row + j]);
                let gap = part.rates[i] - part.rates[j];
                let (rates, inputs) = (part.rates[i] * part.rates[j], kernel.products[row + j]);
                scalars[SHAPE] += g * smooth;
                scalars[RATE] += g * smooth * (gap / rate).powi(2);
                scalars[LINEAR] += g * 2.0 * linear * linear * inputs;
                scalars[SLOPE] += g * 2.0 * slope * slope * rates;
                scalars[PRODUCT] += g * 2.0 * product * product * rates * inputs;
                let mut by_distance = 0.0;
                // Most rows are of different groups.
                if group > 0.0 {
                    let distance = (kernel.settings[row + j] + (gap / group_rate).powi(2)).sqrt();
                    by_distance = if distance > 0.0 { g * group / distance } else { 0.0 };
                    scalars[GROUP_SCALE] += by_distance * kernel.settings[row + j];
                    scalars[GROUP] += g * group;
                    scalars[GROUP_RATE] += by_distance * (gap / group_rate).powi(2);
                }
                if i == j {
                    scalars[NOISE] += g * self.scalar(NOISE);
                }
                // (1 + d/4)⁻³ is the kernel over the root of (1 + d/4)².
                of_all[j] = g * smooth / (1.0 + kernel.distances[row + j] * 0.25);
                of_settings[j] = by_distance * group_scale * group_scale;
            }
            for (column, length) in lengths.iter_mut().enumerate() {
                let scale = self.scale(column).powi(2);
                let values = part.inputs.row(column);
                let here = values[i];
                let mut sum = 0.0;
                if part.settings[column] {
                    for j in 0..i {
                        sum += (of_all[j] + of_settings[j]) * (here - values[j]) * (here - values[j]);
                    }
                } else {
                    for j in 0..i {
                        sum += of_all[j] * (here - values[j]) * (here - values[j]);
                    }
                }
                *length += sum * scale;
            }
        }
        gradient.iter_mut().for_each(|slope| *slope /= n as f64);
        gradient.iter().all(|slope| slope.is_finite()).then_some(gradient)
    }

    /// The covariance of the rows of a part, and what it is made of; lower triangles.
    fn kernel(&self, part: &Part) -> Kernel {
        let n = part.targets.len();
        let mut kernel = Kernel {
            sum: Matrix::zeros(n, n),
            smooth: vec![0.0; n * n],
            group: vec![0.0; n * n],
            distances: vec![0.0; n * n],
            settings: vec![0.0; n * n],
            products: vec![0.0; n * n],
        };
        let (shape, rate, (linear, slope, product)) = (self.shape(), self.rate(), self.linear());
        let (group_variance, group_scale, group_rate) = self.group();
        for i in 0..n {
            let row = i * n;
            let distances = &mut kernel.distances[row..row + i + 1];
            let settings = &mut kernel.settings[row..row + i + 1];
            let products = &mut kernel.products[row..row + i + 1];
            for column in 0..self.columns {
                let scale = self.scale(column).powi(2);
                let values = &part.inputs.row(column)[..=i];
                let here = values[i];
                for j in 0..=i {
                    let squared = (here - values[j]) * (here - values[j]);
                    distances[j] += squared * scale;
                    products[j] += here * values[j];
                }
                if part.settings[column] {
                    let of_settings = scale * group_scale * group_scale;
                    for j in 0..=i {
                        settings[j] += (here - values[j]) * (here - values[j]) * of_settings;
                    }
                }
            }
            for j in 0..=i {
                let root = 1.0 + distances[j] * 0.25;
                let gap = part.rates[i] - part.rates[j];
                let smooth = shape / (root * root) * (-0.5 * (gap / rate).powi(2)).exp();
                let group = if part.groups[i] == part.groups[j] {
                    group_variance * (-(settings[j] + (gap / group_rate).powi(2)).sqrt()).exp()
                } else {
                    0.0
                };
                let rates = part.rates[i] * part.rates[j];
                let linear = CONSTANT * CONSTANT
                    + linear * linear * products[j]
                    + slope * slope * rates
                    + product * product * rates * products[j];
                let noise = if i == j { self.noise() } else { 0.0 };
                kernel.smooth[row + j] = smooth;
                kernel.group[row + j] = group;
                kernel.sum.values[row + j] = smooth + group + linear + noise;
            }
        }
        kernel
    }

    /// The negative log marginal likelihood of a row, for the tests of the gradient.
    #[cfg(test)]
    fn loss(&self, part: &Part) -> f64 {
        let cholesky = Cholesky::new(self.kernel(part).sum).unwrap();
        let weights = cholesky.solve(&part.targets);
        let fit: f64 = weights.iter().zip(&part.targets).map(|(a, b)| a * b).sum();
        (0.5 * fit + cholesky.half_log_determinant()) / part.targets.len() as f64
    }
}

struct Kernel {
    sum: Matrix,
    smooth: Vec<f64>,
    group: Vec<f64>,
    /// Scaled squared distances: over all inputs, and over the settings.
    distances: Vec<f64>,
    settings: Vec<f64>,
    /// Dot products of the inputs.
    products: Vec<f64>,
}

/// The rows of one step.
struct Part {
    /// A row for each input.
    inputs: Matrix,
    rates: Vec<f64>,
    targets: Vec<f64>,
    groups: Vec<u32>,
    settings: Vec<bool>,
}

impl Part {
    fn new(sample: &Standardized, group_of_row: &[u32], chosen: &[usize]) -> Part {
        let mut inputs = Matrix::zeros(sample.columns(), chosen.len());
        for (at, &row) in chosen.iter().enumerate() {
            for (column, &value) in sample.inputs.row(row).iter().enumerate() {
                inputs.row_mut(column)[at] = value;
            }
        }
        Part {
            inputs,
            rates: chosen.iter().map(|&row| sample.rates[row]).collect(),
            targets: chosen.iter().map(|&row| sample.targets[row]).collect(),
            groups: chosen.iter().map(|&row| group_of_row[row]).collect(),
            settings: (0..sample.columns()).map(|column| sample.settings.contains(&column)).collect(),
        }
    }
}

/// `count` different rows of `rows`, in rising order (Floyd's algorithm; Bentley & Floyd, 1987).
fn choose(rows: usize, count: usize, seed: u64) -> Vec<usize> {
    if count >= rows {
        return (0..rows).collect();
    }
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mut chosen = std::collections::BTreeSet::new();
    for last in rows - count..rows {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        let drawn = ((z ^ (z >> 31)) % (last as u64 + 1)) as usize;
        if !chosen.insert(drawn) {
            chosen.insert(last);
        }
    }
    chosen.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{learn::Sample, model::Direction};

    #[test]
    fn the_gradient_is_the_slope_of_the_loss() {
        let n = 40;
        let number = |i: usize, salt: f64| ((i as f64 + 1.0) * salt).sin() * 1.3;
        let inputs: Vec<f64> = (0..n).flat_map(|i| [number(i / 5, 1.7), number(i % 5, 2.9), number(i, 0.3)]).collect();
        let rates: Vec<f64> = (0..n).map(|i| number(i, 3.1)).collect();
        let targets: Vec<f64> = (0..n).map(|i| number(i, 0.77) + rates[i]).collect();
        let groups: Vec<u32> = (0..n as u32).map(|i| i / 5).collect();
        let sample = Sample {
            columns: 3,
            inputs: &inputs,
            rates: &rates,
            targets: &targets,
            groups: &groups,
            settings: &[1, 2],
        };
        let sample = Standardized::new(&sample, Direction::Free).unwrap();
        let part = Part::new(&sample, &groups, &(0..n).collect::<Vec<_>>());
        let lengths = Lengths::start(3);
        let gradient = lengths.gradient(&part).unwrap();
        for (at, slope) in gradient.iter().enumerate() {
            let step = 1e-5;
            let moved = |by: f64| {
                let mut other = lengths.clone();
                other.values[at] += by;
                other.loss(&part)
            };
            let measured = (moved(step) - moved(-step)) / (2.0 * step);
            assert!((measured - slope).abs() < 1e-6 + 1e-5 * slope.abs(), "{at}: {slope} but measured {measured}");
        }
    }

    #[test]
    fn rows_are_chosen_once() {
        let chosen = choose(1000, 300, 5);
        assert_eq!(chosen.len(), 300);
        assert!(chosen.windows(2).all(|pair| pair[0] < pair[1]) && chosen[299] < 1000);
        assert_ne!(chosen, choose(1000, 300, 6));
    }
}
