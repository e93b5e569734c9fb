//! The curve of one set of inputs: evaluated at all knots at once, mended to be monotone, read at any rate, inverted.

use crate::{
    model::{Curves, Direction, KNOTS, MAX_CENTRES, MAX_COLUMNS},
    simd::{self, Isa, LANES},
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

/// Vectors of centres whose distances are summed side by side, so that sums do not wait for sums.
const ABREAST: usize = 4;
/// Centres that are looked at together.
const BLOCK: usize = ABREAST * LANES;
/// What stands behind the last centre: so far away that its kernel is 0.
const NOWHERE: f32 = 1e16;

impl Evaluation<'_> {
    #[inline(always)]
    pub(crate) fn run<I: Isa>(self, isa: I) {
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
        let mut nearest = isa.splat(0.0);
        let kernel = |distance: I::Floats| {
            let root = isa.add(isa.splat(1.0), isa.mul(distance, isa.splat(0.25)));
            isa.div(isa.splat(1.0), isa.mul(root, root))
        };
        let (blocks, rest) = kernels[..count].as_chunks_mut::<BLOCK>();
        let (vectors, rest) = rest.as_chunks_mut::<LANES>();
        for (block, kernels) in blocks.iter_mut().enumerate() {
            let mut distances = [isa.splat(0.0); ABREAST];
            for (centres, &z) in curves.centres.chunks_exact(count).zip(&*scaled) {
                let Some(centres) = centres.as_chunks::<BLOCK>().0.get(block) else { continue };
                add_squares(isa, &mut distances, z, centres.as_chunks().0);
            }
            for (distance, kernels) in distances.iter().zip(kernels.as_chunks_mut().0) {
                let kernel = kernel(*distance);
                nearest = isa.max(nearest, kernel);
                isa.store(kernel, kernels);
            }
        }
        let first = count - vectors.len() * LANES - rest.len();
        for (vector, kernels) in vectors.iter_mut().enumerate() {
            let mut distance = [isa.splat(0.0)];
            for (centres, &z) in curves.centres.chunks_exact(count).zip(&*scaled) {
                let Some(centres) = centres[first..].as_chunks::<LANES>().0.get(vector) else { continue };
                add_squares(isa, &mut distance, z, &[*centres]);
            }
            let kernel = kernel(distance[0]);
            nearest = isa.max(nearest, kernel);
            isa.store(kernel, kernels);
        }
        if !rest.is_empty() {
            let mut distance = [isa.splat(0.0)];
            for (centres, &z) in curves.centres.chunks_exact(count).zip(&*scaled) {
                let mut padded = [NOWHERE; LANES];
                padded[..rest.len()].copy_from_slice(&centres[count - rest.len()..]);
                add_squares(isa, &mut distance, z, &[padded]);
            }
            let kernel = kernel(distance[0]);
            nearest = isa.max(nearest, kernel);
            let mut lanes = [0.0; LANES];
            isa.store(kernel, &mut lanes);
            rest.copy_from_slice(&lanes[..rest.len()]);
        }
        let factors = &factors[..1 + columns + count];
        let (curve, knots) = match read {
            Read::Whole(curve) => (curve, 0..KNOTS),
            Read::Around(curve, rate) => {
                let knot = curve.knot(rate).0;
                (curve, knot..knot + 2)
            }
        };
        let mut lanes = [0.0f32; LANES];
        isa.store(nearest, &mut lanes);
        curve.nearness = f64::from(lanes.iter().fold(0.0f32, |most, &kernel| most.max(kernel)));
        match curves.width() {
            8 => products(isa, &sums::<I, 1>(isa, factors, &curves.table), &curves.basis, knots, &mut curve.values),
            16 => products(isa, &sums::<I, 2>(isa, factors, &curves.table), &curves.basis, knots, &mut curve.values),
            _ => whole_rows(isa, factors, &curves.table, &mut curve.values),
        }
    }
}

#[inline(always)]
fn add_squares<I: Isa>(isa: I, distances: &mut [I::Floats], z: f32, centres: &[[f32; LANES]]) {
    let z = isa.splat(z);
    for (distance, centres) in distances.iter_mut().zip(centres) {
        let gap = isa.sub(z, isa.load(centres));
        *distance = isa.add(*distance, isa.mul(gap, gap));
    }
}

/// The sum of the table's rows of `VECTORS` vectors, each times its factor: every fourth row by itself, so that sums do not
/// wait for sums.
#[inline(always)]
fn sums<I: Isa, const VECTORS: usize>(isa: I, factors: &[f32], table: &[f32]) -> [[f32; LANES]; VECTORS] {
    let mut sums = [[isa.splat(0.0); VECTORS]; 4];
    let rows = table.as_chunks::<LANES>().0.as_chunks::<VECTORS>().0;
    let (fours, rest) = rows.as_chunks::<4>();
    let (of_fours, of_rest) = factors.as_chunks::<4>();
    let add = |sum: &mut [I::Floats; VECTORS], row: &[[f32; LANES]; VECTORS], factor: f32| {
        let factor = isa.splat(factor);
        for (sum, row) in sum.iter_mut().zip(row) {
            *sum = isa.add(*sum, isa.mul(factor, isa.load(row)));
        }
    };
    for (rows, factors) in fours.iter().zip(of_fours) {
        for ((sum, row), &factor) in sums.iter_mut().zip(rows).zip(factors) {
            add(sum, row, factor);
        }
    }
    for ((sum, row), &factor) in sums.iter_mut().zip(rest).zip(of_rest) {
        add(sum, row, factor);
    }
    let mut out = [[0.0; LANES]; VECTORS];
    for (vector, out) in out.iter_mut().enumerate() {
        let pairs = [(0, 1), (2, 3)].map(|(a, b): (usize, usize)| isa.add(sums[a][vector], sums[b][vector]));
        isa.store(isa.add(pairs[0], pairs[1]), out);
    }
    out
}

/// Vectors of a row of knots.
const ROW: usize = KNOTS / LANES;

/// The values at some knots: the weights, each times its function there.
#[inline(always)]
fn products<I: Isa, const VECTORS: usize>(
    isa: I,
    weights: &[[f32; LANES]; VECTORS],
    basis: &[f32],
    knots: std::ops::Range<usize>,
    values: &mut [f64; KNOTS],
) {
    let functions = basis.as_chunks::<KNOTS>().0;
    let weights = weights.as_flattened();
    if knots.len() < KNOTS {
        for knot in knots {
            let sum =
                weights.iter().zip(functions).fold(0.0f32, |sum, (weight, function)| sum + weight * function[knot]);
            values[knot] = f64::from(sum);
        }
        return;
    }
    let mut sums = [isa.splat(0.0); ROW];
    for (&weight, function) in weights.iter().zip(functions) {
        let weight = isa.splat(weight);
        for (sum, function) in sums.iter_mut().zip(function.as_chunks().0) {
            *sum = isa.add(*sum, isa.mul(weight, isa.load(function)));
        }
    }
    put(isa, &sums, values);
}

/// The sum of the table's rows of knots, each times its factor, in their order.
#[inline(always)]
fn whole_rows<I: Isa>(isa: I, factors: &[f32], table: &[f32], values: &mut [f64; KNOTS]) {
    let mut sums = [isa.splat(0.0); ROW];
    for (row, (&factor, weights)) in factors.iter().zip(table.as_chunks::<KNOTS>().0).enumerate() {
        let factor = isa.splat(factor);
        for (sum, weights) in sums.iter_mut().zip(weights.as_chunks().0) {
            let part = isa.mul(factor, isa.load(weights));
            *sum = if row == 0 { part } else { isa.add(*sum, part) };
        }
    }
    put(isa, &sums, values);
}

#[inline(always)]
fn put<I: Isa>(isa: I, sums: &[I::Floats; ROW], values: &mut [f64; KNOTS]) {
    for (sum, values) in sums.iter().zip(values.as_chunks_mut::<LANES>().0) {
        let mut lanes = [0.0f32; LANES];
        isa.store(*sum, &mut lanes);
        *values = lanes.map(f64::from);
    }
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

    /// Curves of any numbers, with and without a basis.
    fn made(columns: usize, centres: usize, width: usize, direction: Direction) -> Curves {
        let numbers =
            |count: usize, salt: f32| (0..count).map(|i| ((i as f32 + 1.0) * salt).sin()).collect::<Vec<f32>>();
        Curves {
            direction,
            mean: vec![0.5; columns],
            scale: vec![1.5; columns],
            low: vec![-2.0; columns],
            high: vec![2.0; columns],
            first: -3.0,
            step: 0.25,
            centres: numbers(centres * columns, 1.7),
            table: numbers((1 + columns + centres) * width, 0.9),
            basis: if width == KNOTS { Vec::new() } else { numbers(width * KNOTS, 2.3) },
        }
    }

    #[test]
    fn vectors_give_the_bits_of_plain_arrays() {
        for width in [8, 16, KNOTS] {
            for (columns, centres) in [(1, 0), (1, 1), (3, 31), (4, 32), (7, 33), (26, 120), (64, 128)] {
                let curves = made(columns, centres, width, Direction::Free);
                curves.check().unwrap();
                let inputs: Vec<f64> =
                    (0..columns).map(|i| if i % 5 == 4 { f64::NAN } else { (i as f64).cos() * 2.0 }).collect();
                let curve = curves.curve(&inputs);
                let mut plain = curves.unread();
                let read = Read::Whole(&mut plain);
                simd::without_vectors(Evaluation { curves: &curves, inputs: &inputs, read });
                assert_eq!(curve, plain, "{width} {columns} {centres}");
                for rate in [-9.0, -3.0, 1.1, 8.74, 8.75, 20.0] {
                    assert_eq!(curves.value(&inputs, rate).to_bits(), curve.at(rate).to_bits(), "{rate}");
                }
            }
        }
    }

    #[test]
    fn what_runs_right_is_not_mended() {
        for direction in [Direction::Rising, Direction::Falling] {
            let curves = made(3, 20, 16, direction);
            let curve = curves.curve(&[0.1, 0.2, 0.3]);
            let sign = if direction == Direction::Rising { 1.0 } else { -1.0 };
            assert!(curve.values.windows(2).all(|pair| sign * pair[0] <= sign * pair[1]));
            let mut again = curve.values.map(|value| sign * value);
            mend(&mut again);
            assert_eq!(again.map(|value| sign * value), curve.values);
        }
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
