//! The curve of one set of inputs: evaluated at all knots at once, mended to be monotone, read at any rate, inverted.
#![allow(clippy::needless_range_loop, reason = "lane by lane, as the vectors that come of it")]

use crate::{
    model::{Curves, Direction, KNOTS, MAX_CENTRES, MAX_COLUMNS},
    simd,
};

/// One curve: straight between its knots, level beyond them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Curve {
    first: f64,
    step: f64,
    direction: Direction,
    nearness: f64,
    values: [f64; KNOTS],
}

impl Curves {
    /// The curve of these inputs. An input that is NaN counts as the mean of the training, one beyond the edge of
    /// what was seen as the edge. Missing places at the end of `inputs` count as NaN. Allocates nothing.
    pub fn curve(&self, inputs: &[f64]) -> Curve {
        let mut curve = self.unread();
        self.evaluate(inputs, Read::Whole(&mut curve));
        match self.direction {
            Direction::Free => (),
            // What runs the right way already, as most does, is left alone: mending would not change it.
            Direction::Rising if curve.values.windows(2).all(|pair| pair[0] <= pair[1]) => (),
            Direction::Falling if curve.values.windows(2).all(|pair| pair[0] >= pair[1]) => (),
            Direction::Rising => mend(&mut curve.values),
            Direction::Falling => {
                curve.values.iter_mut().for_each(|value| *value = -*value);
                mend(&mut curve.values);
                curve.values.iter_mut().for_each(|value| *value = -*value);
            }
        }
        curve
    }

    /// The value at one rate, the same as `curve(inputs).at(rate)`; quicker for curves that may run either way.
    pub fn value(&self, inputs: &[f64], rate: f64) -> f64 {
        if self.direction != Direction::Free {
            return self.curve(inputs).at(rate);
        }
        let mut curve = self.unread();
        self.evaluate(inputs, Read::Around(&mut curve, rate));
        curve.at(rate)
    }

    fn unread(&self) -> Curve {
        Curve { first: self.first, step: self.step, direction: self.direction, nearness: 0.0, values: [0.0; KNOTS] }
    }

    fn evaluate(&self, inputs: &[f64], read: Read<'_>) {
        simd::with_vectors(Evaluation { curves: self, inputs, read });
    }
}

/// What is asked of an evaluation: all knots, or those that the value at a rate depends on.
enum Read<'a> {
    Whole(&'a mut Curve),
    Around(&'a mut Curve, f64),
}

/// The work that is compiled for each set of instructions: lanes are independent, so that all give the same bits.
pub(crate) struct Evaluation<'a> {
    curves: &'a Curves,
    inputs: &'a [f64],
    read: Read<'a>,
}

/// Centres whose distances are summed side by side, and rows of factors.
const ABREAST: usize = 32;
const ACCUMULATORS: usize = 4;
/// What stands behind the last centre: so far away that its kernel is 0.
const NOWHERE: f32 = 1e16;

impl Evaluation<'_> {
    #[inline(always)]
    pub(crate) fn run(self) {
        let Evaluation { curves, inputs, read } = self;
        // What each row of the table is multiplied with: 1, the scaled inputs, the kernels.
        let mut factors = [0.0f32; 1 + MAX_COLUMNS + MAX_CENTRES];
        let columns = curves.columns().min(MAX_COLUMNS);
        let count = curves.centre_count().min(MAX_CENTRES);
        factors[0] = 1.0;
        let (scaled, kernels) = factors[1..].split_at_mut(columns);
        for (column, scaled) in scaled.iter_mut().enumerate() {
            let value = inputs.get(column).map_or(0.0, |input| (input - curves.mean[column]) * curves.scale[column]);
            let clamped = value.clamp(curves.low[column], curves.high[column]);
            *scaled = if clamped.is_nan() { 0.0 } else { clamped as f32 };
        }
        let mut nearest = [0.0f32; ABREAST];
        for start in (0..count).step_by(ABREAST) {
            let here = ABREAST.min(count - start);
            let mut distances = [0.0f32; ABREAST];
            for (column, &z) in scaled.iter().enumerate() {
                let centres = &curves.centres[column * count + start..][..here];
                match centres.try_into() {
                    Ok(centres) => add_squares(&mut distances, z, centres),
                    Err(_) => {
                        let mut padded = [NOWHERE; ABREAST];
                        padded[..here].copy_from_slice(centres);
                        add_squares(&mut distances, z, &padded);
                    }
                }
            }
            for lane in 0..ABREAST {
                let root = 1.0 + distances[lane] * 0.25;
                distances[lane] = 1.0 / (root * root);
                nearest[lane] = nearest[lane].max(distances[lane]);
            }
            kernels[start..start + here].copy_from_slice(&distances[..here]);
        }
        let factors = &factors[..1 + columns + count];
        let (curve, knots) = match read {
            Read::Whole(curve) => (curve, 0..KNOTS),
            Read::Around(curve, rate) => {
                let knot = curve.knot(rate).0;
                (curve, knot..knot + 2)
            }
        };
        curve.nearness = f64::from(nearest.iter().fold(0.0f32, |most, &kernel| most.max(kernel)));
        match curves.width() {
            8 => products::<8>(&sums::<8>(factors, &curves.table), &curves.basis, knots, &mut curve.values),
            16 => products::<16>(&sums::<16>(factors, &curves.table), &curves.basis, knots, &mut curve.values),
            _ => {
                let mut values = [0.0f32; KNOTS];
                for (row, (&factor, weights)) in factors.iter().zip(curves.table.as_chunks::<KNOTS>().0).enumerate() {
                    for knot in 0..KNOTS {
                        let part = factor * weights[knot];
                        values[knot] = if row == 0 { part } else { values[knot] + part };
                    }
                }
                curve.values = values.map(f64::from);
            }
        }
    }
}

#[inline(always)]
fn add_squares(distances: &mut [f32; ABREAST], z: f32, centres: &[f32; ABREAST]) {
    for lane in 0..ABREAST {
        distances[lane] += (z - centres[lane]) * (z - centres[lane]);
    }
}

/// The sum of the table's rows, each times its factor: every fourth row by itself, so that sums do not wait for sums.
#[inline(always)]
fn sums<const WIDTH: usize>(factors: &[f32], table: &[f32]) -> [f32; WIDTH] {
    let mut sums = [[0.0f32; WIDTH]; ACCUMULATORS];
    let (rows, factors) = (table.as_chunks::<WIDTH>().0, factors.as_chunks::<ACCUMULATORS>());
    let (fours, rest) = rows.as_chunks::<ACCUMULATORS>();
    for (rows, factors) in fours.iter().zip(factors.0) {
        for ((sums, row), factor) in sums.iter_mut().zip(rows).zip(factors) {
            for lane in 0..WIDTH {
                sums[lane] += factor * row[lane];
            }
        }
    }
    for ((sums, row), factor) in sums.iter_mut().zip(rest).zip(factors.1) {
        for lane in 0..WIDTH {
            sums[lane] += factor * row[lane];
        }
    }
    std::array::from_fn(|lane| (sums[0][lane] + sums[1][lane]) + (sums[2][lane] + sums[3][lane]))
}

/// The values at some knots: the weights, each times its function there.
#[inline(always)]
fn products<const WIDTH: usize>(
    weights: &[f32; WIDTH],
    basis: &[f32],
    knots: std::ops::Range<usize>,
    values: &mut [f64; KNOTS],
) {
    let functions = basis.as_chunks::<KNOTS>().0;
    if knots.len() < KNOTS {
        for knot in knots {
            let sum =
                weights.iter().zip(functions).fold(0.0f32, |sum, (weight, function)| sum + weight * function[knot]);
            values[knot] = f64::from(sum);
        }
        return;
    }
    let mut sums = [0.0f32; KNOTS];
    for (weight, function) in weights.iter().zip(functions) {
        for knot in 0..KNOTS {
            sums[knot] += weight * function[knot];
        }
    }
    *values = sums.map(f64::from);
}

/// Makes the values rise: the mean of the running maximum from the left and the running minimum from the right, both
/// of which rise, and which enclose what was there.
fn mend(values: &mut [f64; KNOTS]) {
    let mut least = *values;
    for knot in (0..KNOTS - 1).rev() {
        least[knot] = least[knot].min(least[knot + 1]);
    }
    let mut most = f64::NEG_INFINITY;
    for (value, least) in values.iter_mut().zip(&least) {
        most = most.max(*value);
        *value = 0.5 * (most + least);
    }
}

impl Curve {
    /// The last knot that has one behind it and does not lie beyond a rate, and where the rate lies, counted in knots.
    #[inline(always)]
    fn knot(&self, rate: f64) -> (usize, f64) {
        let place = ((rate - self.first) / self.step).clamp(0.0, (KNOTS - 1) as f64);
        ((place as usize).min(KNOTS - 2), place)
    }

    /// The value at a rate.
    pub fn at(&self, rate: f64) -> f64 {
        let (knot, place) = self.knot(rate);
        let (left, right) = (self.values[knot], self.values[knot + 1]);
        let value = left + (place - knot as f64) * (right - left);
        // Rounding must not carry the value beyond the knots: the curve would not be monotone across them.
        value.clamp(left.min(right), left.max(right))
    }

    /// Where the curve meets `target` at the least cost: for a rising curve the lowest rate at which it is at least
    /// `target`, for a falling one the highest. `None` when it never is, or when it may run either way. A curve that
    /// is at least `target` everywhere answers its first (last) knot.
    pub fn reaches(&self, target: f64) -> Option<f64> {
        let at = |place: f64| self.first + self.step * place;
        let between = |from: usize, to: usize| {
            let (low, high) = (self.values[from], self.values[to]);
            let share = ((target - low) / (high - low)).clamp(0.0, 1.0);
            at(from as f64 + share * (to as f64 - from as f64))
        };
        match self.direction {
            Direction::Free => None,
            Direction::Rising => {
                let knot = self.values.partition_point(|&value| value < target);
                match knot {
                    0 => Some(self.first),
                    KNOTS => None,
                    _ => Some(between(knot - 1, knot)),
                }
            }
            Direction::Falling => {
                let knot = self.values.partition_point(|&value| value >= target);
                match knot {
                    0 => None,
                    KNOTS => Some(at((KNOTS - 1) as f64)),
                    _ => Some(between(knot, knot - 1)),
                }
            }
        }
    }

    /// The rate at which the curve has this value: of a level stretch the middle, beyond its ends the end.
    pub fn rate_of(&self, value: f64) -> f64 {
        let rising = !matches!(self.direction, Direction::Falling);
        let before = |of: f64| if rising { of < value } else { of > value };
        let up_to = |of: f64| if rising { of <= value } else { of >= value };
        let (from, to) = (self.values.partition_point(|&of| before(of)), self.values.partition_point(|&of| up_to(of)));
        let place = if from < to {
            // At some knots exactly.
            (from + to - 1) as f64 / 2.0
        } else if from == 0 {
            0.0
        } else if from == KNOTS {
            (KNOTS - 1) as f64
        } else {
            let (left, right) = (self.values[from - 1], self.values[from]);
            (from - 1) as f64 + ((value - left) / (right - left)).clamp(0.0, 1.0)
        };
        self.first + self.step * place
    }

    /// How near its inputs are to what was seen: the kernel's largest value over the centres, above 0, at most 1.
    pub fn nearness(&self) -> f64 {
        self.nearness
    }

    /// The values at the knots, from the lowest rate on.
    pub fn values(&self) -> &[f64; KNOTS] {
        &self.values
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(direction: Direction, values: [f64; KNOTS]) -> Curve {
        Curve { first: 2.0, step: 0.5, direction, nearness: 1.0, values }
    }

    #[test]
    fn mending_rises_and_leaves_what_rises() {
        let mut values: [f64; KNOTS] = std::array::from_fn(|i| (i as f64 * 0.9).sin() + i as f64 * 0.1);
        mend(&mut values);
        assert!(values.windows(2).all(|pair| pair[0] <= pair[1]));
        let rising: [f64; KNOTS] = std::array::from_fn(|i| i as f64);
        let mut same = rising;
        mend(&mut same);
        assert_eq!(same, rising);
    }

    #[test]
    fn reading_and_inverting_agree() {
        let rising = curve(Direction::Rising, std::array::from_fn(|i| (i * i) as f64));
        assert_eq!(rising.at(2.0), 0.0);
        assert_eq!(rising.at(-100.0), 0.0);
        assert_eq!(rising.at(1e9), 2209.0);
        assert_eq!(rising.at(2.75), 2.5);
        assert_eq!(rising.reaches(2.5), Some(2.75));
        assert_eq!(rising.reaches(-1.0), Some(2.0));
        assert_eq!(rising.reaches(1e4), None);
        let falling = curve(Direction::Falling, std::array::from_fn(|i| -((i * i) as f64)));
        assert_eq!(falling.reaches(-2.5), Some(2.75));
        assert_eq!(falling.reaches(1.0), None);
        assert_eq!(falling.reaches(-1e4), Some(25.5));
        for curve in [rising, falling] {
            for rate in [2.0, 2.25, 7.1, 25.5] {
                assert!((curve.rate_of(curve.at(rate)) - rate).abs() < 1e-9, "{rate}");
            }
        }
        assert_eq!((falling.rate_of(5.0), falling.rate_of(-1e9)), (2.0, 25.5));
        let level = super::Curve { values: [1.0; KNOTS], ..rising };
        assert_eq!(level.rate_of(1.0), 2.0 + 0.5 * 23.5);
    }
}
