//! The curve of one set of inputs: evaluated at all knots at once, mended to be monotone, read at any rate, inverted.

use crate::model::{Curves, Direction, KNOTS, MAX_CENTRES};

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
        let columns = self.columns();
        let mut distances = [0.0f32; MAX_CENTRES];
        let count = self.centre_count().min(MAX_CENTRES);
        let distances = &mut distances[..count];
        let mut values = [0.0f32; KNOTS];
        let rows = self.table.as_chunks::<KNOTS>().0;
        if let Some(constant) = rows.first() {
            values = *constant;
        }
        for column in 0..columns {
            let scaled = inputs.get(column).map_or(0.0, |input| (input - self.mean[column]) * self.scale[column]);
            let clamped = scaled.clamp(self.low[column], self.high[column]);
            let z = if clamped.is_nan() { 0.0 } else { clamped as f32 };
            for (distance, centre) in distances.iter_mut().zip(&self.centres[column * count..]) {
                *distance += (z - centre) * (z - centre);
            }
            for (value, weight) in values.iter_mut().zip(&rows[1 + column]) {
                *value += z * weight;
            }
        }
        let mut nearest = 0.0f32;
        for (distance, weights) in distances.iter().zip(&rows[1 + columns..]) {
            let root = 1.0 + distance * 0.25;
            let kernel = 1.0 / (root * root);
            nearest = nearest.max(kernel);
            for (value, weight) in values.iter_mut().zip(weights) {
                *value += kernel * weight;
            }
        }
        let mut values = values.map(f64::from);
        match self.direction {
            Direction::Rising => mend(&mut values),
            Direction::Falling => {
                values.iter_mut().for_each(|value| *value = -*value);
                mend(&mut values);
                values.iter_mut().for_each(|value| *value = -*value);
            }
            Direction::Free => (),
        }
        let nearness = f64::from(nearest);
        Curve { first: self.first, step: self.step, direction: self.direction, nearness, values }
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
    /// The value at a rate.
    pub fn at(&self, rate: f64) -> f64 {
        let place = ((rate - self.first) / self.step).clamp(0.0, (KNOTS - 1) as f64);
        let knot = (place as usize).min(KNOTS - 2);
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
