//! The weights of centres and linear terms by generalized least squares, and the same without each group in turn.
//!
//! Subset of regressors (Rasmussen & Williams 2006, section 8.3.1) with a group's rows correlated as in
//! [`super::lengths`]: each group's rows are whitened by the Cholesky factor of their covariance, the weights solve the
//! regularized normal equations. Leaving a group out is a change of low rank, solved exactly without a second fit.

use super::{centres::spread_out, factors::Factors, lengths::Lengths, sample::Standardized};
use crate::{
    error::CurveError,
    learn::lengths::CONSTANT,
    matrix::{Cholesky, Matrix, dot},
    model::{Curves, KNOTS},
};

/// Fewest and most rates at which the kernel is centred, and how many of them go on one of its lengths.
const RATES: (usize, usize) = (4, 12);
const RATES_PER_LENGTH: f64 = 1.7;
/// Added to the diagonals, relative to their mean, so that the equations stay solvable.
const JITTER: f64 = 1e-6;
/// Columns of the normal equations that are gathered before they are multiplied.
const GATHERED: usize = 384;
/// How far beyond the sample's edges an input still counts, in widths of the sample.
const MARGIN: f64 = 0.1;

/// The functions whose weighted sum is a curve.
pub(crate) struct Basis<'a> {
    sample: &'a Standardized,
    lengths: &'a Lengths,
    /// The inputs of all rows, and of the centres, scaled by the lengths.
    scaled: Matrix,
    centres: Matrix,
    rates: Vec<f64>,
}

/// Weights, with and without each group.
pub(crate) struct Weights {
    pub all: Vec<f64>,
    /// For each group: the weights learnt from the others.
    pub without: Vec<Vec<f64>>,
}

impl<'a> Basis<'a> {
    pub(crate) fn new(sample: &'a Standardized, lengths: &'a Lengths, centres: usize) -> Basis<'a> {
        let mut scaled = sample.inputs.clone();
        for row in 0..scaled.rows {
            for (column, value) in scaled.row_mut(row).iter_mut().enumerate() {
                *value *= lengths.scale(column);
            }
        }
        let (low, high) = span(&sample.rates);
        let wanted = ((high - low) / lengths.rate() * RATES_PER_LENGTH).ceil() as usize + 1;
        let count = wanted.clamp(RATES.0, RATES.1);
        let rates = (0..count).map(|at| low + (high - low) * at as f64 / (count - 1) as f64).collect();
        let centres = spread_out(&scaled, centres);
        Basis { sample, lengths, scaled, centres, rates }
    }

    fn smooth(&self) -> usize {
        self.centres.rows * self.rates.len()
    }

    fn count(&self) -> usize {
        self.smooth() + 2 + 2 * self.sample.columns()
    }

    fn along_rate(&self, a: f64, b: f64) -> f64 {
        (-0.5 * ((a - b) / self.lengths.rate()).powi(2)).exp()
    }

    /// The functions at one row.
    fn at(&self, row: usize, out: &mut [f64]) {
        let (inputs, rate) = (self.sample.inputs.row(row), self.sample.rates[row]);
        let rates: Vec<f64> = self.rates.iter().map(|&other| self.along_rate(rate, other)).collect();
        for (centre, out) in (0..self.centres.rows).zip(out.chunks_exact_mut(rates.len())) {
            let kernel = rational(self.scaled.row(row), self.centres.row(centre));
            out.iter_mut().zip(&rates).for_each(|(out, rate)| *out = kernel * rate);
        }
        let (linear, slope, product) = self.lengths.linear();
        let rest = &mut out[self.smooth()..];
        (rest[0], rest[1]) = (CONSTANT, slope * rate);
        for (column, &input) in inputs.iter().enumerate() {
            rest[2 + 2 * column] = linear * input;
            rest[3 + 2 * column] = product * input * rate;
        }
    }

    /// The prior's precision of the weights.
    fn prior(&self) -> Matrix {
        let (rates, count) = (self.rates.len(), self.count());
        let mut precision = Matrix::zeros(count, count);
        let shape = self.lengths.shape();
        for i in 0..self.smooth() {
            for j in 0..=i {
                let kernel = rational(self.centres.row(i / rates), self.centres.row(j / rates));
                let along = self.along_rate(self.rates[i % rates], self.rates[j % rates]);
                precision.row_mut(i)[j] = (kernel * along + if i == j { JITTER } else { 0.0 }) / shape;
            }
        }
        for i in self.smooth()..count {
            precision.row_mut(i)[i] = 1.0;
        }
        precision
    }

    /// Solves for the weights. Of each group at most `most` rows are used, evenly taken.
    pub(crate) fn solve(&self, most: usize) -> Result<Weights, CurveError> {
        let count = self.count();
        let mut normal = self.prior();
        let mut right = vec![0.0; count];
        // For each group: its whitened functions, a row for each function, and its whitened targets.
        let mut groups = Vec::with_capacity(self.sample.groups.len());
        let (mut gathered, mut waiting) = (0, Vec::new());
        for (number, rows) in self.sample.groups.iter().enumerate() {
            let taken = rows.len().min(most);
            let rows: Vec<usize> = (0..taken).map(|at| rows[at * rows.len() / taken]).collect();
            let covariance = Cholesky::new(self.covariance(&rows)).ok_or(CurveError::Unsolvable)?;
            let mut functions = Matrix::zeros(taken, count);
            rows.iter().enumerate().for_each(|(at, &row)| self.at(row, functions.row_mut(at)));
            covariance.forward(&mut functions);
            let mut targets: Vec<f64> = rows.iter().map(|&row| self.sample.targets[row]).collect();
            covariance.forward_vector(&mut targets);
            let sums = functions.transposed_times(&targets);
            right.iter_mut().zip(sums).for_each(|(right, sum)| *right += sum);
            groups.push((functions.transposed(), targets));
            gathered += taken;
            waiting.push(number);
            if gathered >= GATHERED || number + 1 == self.sample.groups.len() {
                normal.add_outer_product(&side_by_side(&groups, &waiting, gathered, count));
                (gathered, waiting) = (0, Vec::new());
            }
        }
        let mean = (0..count).map(|i| normal.at(i, i)).sum::<f64>() / count as f64;
        (0..count).for_each(|i| normal.row_mut(i)[i] += 1e-9 * mean);
        let cholesky = Cholesky::new(normal).ok_or(CurveError::Unsolvable)?;
        let all = cholesky.solve(&right);
        let without = groups.into_iter().map(|(functions, targets)| leave_out(&cholesky, &all, functions, &targets));
        Ok(Weights { without: without.collect::<Option<_>>().ok_or(CurveError::Unsolvable)?, all })
    }

    /// The covariance of rows of one group: what they deviate together, and noise.
    fn covariance(&self, rows: &[usize]) -> Matrix {
        let (variance, scale, length) = self.lengths.group();
        let mut covariance = Matrix::zeros(rows.len(), rows.len());
        for (i, &a) in rows.iter().enumerate() {
            for (j, &b) in rows.iter().enumerate().take(i + 1) {
                let of_settings = self.sample.settings.iter().map(|&column| {
                    let gap = self.scaled.at(a, column) - self.scaled.at(b, column);
                    gap * gap * scale * scale
                });
                let gap = (self.sample.rates[a] - self.sample.rates[b]) / length;
                let together = variance * (-(of_settings.sum::<f64>() + gap * gap).sqrt()).exp();
                covariance.row_mut(i)[j] = together + if i == j { self.lengths.noise() } else { 0.0 };
            }
        }
        covariance
    }

    /// The curves that these weights make, in the units of the sample.
    pub(crate) fn curves(&self, weights: &[f64]) -> Curves {
        let sample = self.sample;
        let columns = sample.columns();
        let (low, high) = span(&sample.rates);
        let knots: Vec<f64> = (0..KNOTS).map(|at| low + (high - low) * at as f64 / (KNOTS - 1) as f64).collect();
        let (mean, deviation) = sample.target_scale;
        let mut table = Vec::with_capacity(KNOTS * (1 + columns + self.centres.rows));
        let (linear, slope, product) = self.lengths.linear();
        let rest = &weights[self.smooth()..];
        table.extend(knots.iter().map(|rate| mean + deviation * (CONSTANT * rest[0] + slope * rate * rest[1])));
        for column in 0..columns {
            // The table is read with inputs that are scaled by the lengths; the linear part was learnt without.
            let back = deviation / self.lengths.scale(column);
            let (level, tilt) = (linear * rest[2 + 2 * column], product * rest[3 + 2 * column]);
            table.extend(knots.iter().map(|rate| back * (level + tilt * rate)));
        }
        let along: Vec<Vec<f64>> =
            knots.iter().map(|&knot| self.rates.iter().map(|&rate| self.along_rate(knot, rate)).collect()).collect();
        for weights in weights[..self.smooth()].chunks_exact(self.rates.len()) {
            table.extend(along.iter().map(|along| deviation * dot(along, weights)));
        }
        let factors = Factors::of(&table, self.functions(&knots));
        let scale = |column: usize| self.lengths.scale(column) / sample.input_scales[column].1;
        let edges: Vec<(f64, f64)> = (0..columns)
            .map(|column| {
                let (low, high) = span(&(0..sample.rows()).map(|row| self.scaled.at(row, column)).collect::<Vec<_>>());
                (low - MARGIN * (high - low), high + MARGIN * (high - low))
            })
            .collect();
        let (rate_mean, rate_deviation) = sample.rate_scale;
        Curves {
            direction: sample.direction,
            mean: sample.input_scales.iter().map(|scale| scale.0).collect(),
            scale: (0..columns).map(scale).collect(),
            low: edges.iter().map(|edge| edge.0).collect(),
            high: edges.iter().map(|edge| edge.1).collect(),
            first: rate_mean + rate_deviation * low,
            step: rate_deviation * (high - low) / (KNOTS - 1) as f64,
            centres: (0..columns)
                .flat_map(|column| (0..self.centres.rows).map(move |centre| (centre, column)))
                .map(|(centre, column)| self.centres.at(centre, column) as f32)
                .collect(),
            table: factors.table,
            basis: factors.basis,
        }
    }

    /// The functions of the rate of which all rows of the table are made: at the knots, a row each.
    fn functions(&self, knots: &[f64]) -> Vec<Vec<f64>> {
        let bells = self.rates.iter().map(|&rate| knots.iter().map(|&knot| self.along_rate(knot, rate)).collect());
        [vec![1.0; knots.len()], knots.to_vec()].into_iter().chain(bells).collect()
    }
}

fn rational(a: &[f64], b: &[f64]) -> f64 {
    let root = 1.0 + a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f64>() * 0.25;
    1.0 / (root * root)
}

fn span(values: &[f64]) -> (f64, f64) {
    values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &value| (low.min(value), high.max(value)))
}

/// The functions of some groups in one matrix.
fn side_by_side(groups: &[(Matrix, Vec<f64>)], which: &[usize], width: usize, height: usize) -> Matrix {
    let mut out = Matrix::zeros(height, width);
    for row in 0..height {
        let mut at = 0;
        for &group in which {
            let part = groups[group].0.row(row);
            out.row_mut(row)[at..at + part.len()].copy_from_slice(part);
            at += part.len();
        }
    }
    out
}

/// The weights without a group: with `U` its whitened rows, `e` their residuals and `H = U·A⁻¹·Uᵀ`, they are
/// `w − A⁻¹·Uᵀ·(I − H)⁻¹·e` (Woodbury).
fn leave_out(cholesky: &Cholesky, all: &[f64], functions: Matrix, targets: &[f64]) -> Option<Vec<f64>> {
    let fitted = functions.transposed_times(all);
    let residuals: Vec<f64> = targets.iter().zip(&fitted).map(|(target, fitted)| target - fitted).collect();
    let mut half = functions;
    cholesky.forward(&mut half);
    let columns = half.transposed();
    let mut rest = Matrix::zeros(columns.rows, columns.rows);
    for i in 0..columns.rows {
        for j in 0..=i {
            rest.row_mut(i)[j] = f64::from(i == j) - dot(columns.row(i), columns.row(j));
        }
    }
    let pull = Cholesky::new(rest)?.solve(&residuals);
    let mut change = half.times(&pull);
    cholesky.backward_vector(&mut change);
    Some(all.iter().zip(&change).map(|(all, change)| all - change).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{learn::Sample, model::Direction};

    #[test]
    fn leaving_a_group_out_is_fitting_without_it() {
        let number = |i: usize, salt: f64| ((i as f64 + 1.0) * salt).sin();
        let n = 60;
        let inputs: Vec<f64> = (0..n).flat_map(|i| [number(i / 6, 1.7), number(i % 3, 2.9)]).collect();
        let rates: Vec<f64> = (0..n).map(|i| (i % 6) as f64 + 0.1 * number(i, 3.0)).collect();
        let targets: Vec<f64> = (0..n).map(|i| rates[i] * 2.0 + number(i / 6, 0.7)).collect();
        let groups: Vec<u32> = (0..n as u32).map(|i| i / 6).collect();
        let sample =
            Sample { columns: 2, inputs: &inputs, rates: &rates, targets: &targets, groups: &groups, settings: &[1] };
        let mut sample = Standardized::new(&sample, Direction::Rising).unwrap();
        let lengths = Lengths::start(2);
        let basis = Basis::new(&sample, &lengths, 10);
        let (centres, nodes) = (basis.centres.clone(), basis.rates.clone());
        let weights = basis.solve(48).unwrap();
        // The same functions, and the group's rows really gone.
        let gone = sample.groups.remove(4);
        assert_eq!(gone.len(), 6);
        let mut other = Basis::new(&sample, &lengths, 10);
        (other.centres, other.rates) = (centres, nodes);
        let without = other.solve(48).unwrap().all;
        let (a, b) = (other.curves(&without), other.curves(&weights.without[4]));
        let inputs = [0.3, -0.4];
        for (a, b) in a.curve(&inputs).values().iter().zip(b.curve(&inputs).values()) {
            assert!((a - b).abs() < 1e-3, "{a} {b}");
        }
    }
}
