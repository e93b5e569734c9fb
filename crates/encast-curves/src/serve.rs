//! The curve of one set of inputs: evaluated at all knots at once, mended to be monotone, read at any rate, inverted.

use crate::{
    evaluate::{Evaluation, Read},
    model::{Curves, Direction, KNOTS},
    simd,
};

/// One curve: straight between its knots, level beyond them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Curve {
    first: f64,
    step: f64,
    direction: Direction,
    pub(crate) nearness: f64,
    pub(crate) values: [f64; KNOTS],
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
    pub(crate) fn knot(&self, rate: f64) -> (usize, f64) {
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
