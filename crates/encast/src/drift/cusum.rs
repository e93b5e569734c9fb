//! Has a stream shifted? A CUSUM (Page, 1954) of log-likelihood ratios of innovations, with Student's t for their tails.

use crate::drift::innovation::Innovation;

/// Degrees of freedom of Student's t: innovations have heavier tails than a normal distribution, and one odd encode shall
/// not make an alarm.
const TAILS: f64 = 4.0;
/// What a statistic may reach, in thresholds: a shift that ends is forgotten soon.
const MOST: f64 = 3.0;
/// How much of the sums behind an estimate is kept from one observation to the next.
const KEPT: f64 = 1.0 - 1.0 / 256.0;

/// The log-likelihood ratio of a shift that raises an innovation by `rise`, against none.
fn log_ratio(value: f64, rise: f64) -> f64 {
    let log = |value: f64| (value * value / TAILS).ln_1p();
    (TAILS + 1.0) / 2.0 * (log(value) - log(value - rise))
}

/// One direction.
#[derive(Debug, Clone, Copy, Default)]
struct Side {
    statistic: f64,
    /// The observation after which the statistic began to rise.
    since: u64,
    /// Weighed sums of slope · innovation and slope² since then.
    product: f64,
    square: f64,
}

impl Side {
    fn estimate(&self, prior: f64) -> f64 {
        self.product / (self.square + 1.0 / (prior * prior))
    }

    fn add(&mut self, number: u64, innovation: &Innovation, shift: f64, threshold: f64) {
        let slope = innovation.slope(self.since);
        self.statistic += log_ratio(innovation.value, shift * slope);
        if self.statistic <= 0.0 {
            *self = Side { since: number, ..Side::default() };
            return;
        }
        self.statistic = self.statistic.min(MOST * threshold);
        let rest = innovation.value - slope * self.estimate(2.0 * shift.abs());
        let weight = (TAILS + 1.0) / (TAILS + rest * rest);
        self.product = self.product * KEPT + weight * slope * innovation.value;
        self.square = self.square * KEPT + weight * slope * slope;
    }
}

/// Both directions of one stream.
#[derive(Debug, Clone)]
pub(super) struct Cusum {
    /// Shift that is looked for, on the target's learning scale, above 0.
    shift: f64,
    pub threshold: f64,
    up: Side,
    down: Side,
}

/// What has been found of a stream.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Found {
    pub statistic: f64,
    /// The observation after which the statistic began to rise.
    pub since: u64,
    /// The estimated shift since then, shrunk.
    pub shift: f64,
    /// How much is known of it: the inverse of its variance.
    pub information: f64,
}

impl Cusum {
    pub fn new(shift: f64, threshold: f64) -> Cusum {
        Cusum { shift, threshold, up: Side::default(), down: Side::default() }
    }

    pub fn add(&mut self, number: u64, innovation: &Innovation) {
        self.up.add(number, innovation, self.shift, self.threshold);
        self.down.add(number, innovation, -self.shift, self.threshold);
    }

    pub fn found(&self) -> Found {
        let (side, sign) = if self.up.statistic >= self.down.statistic { (&self.up, 1.0) } else { (&self.down, -1.0) };
        let shift = side.estimate(2.0 * self.shift);
        // A side may have begun with odd values that went the other way.
        let shift = if shift * sign > 0.0 { shift } else { 0.0 };
        Found { statistic: side.statistic, since: side.since, shift, information: side.square }
    }
}
