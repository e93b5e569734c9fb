//! Has a stream shifted? A CUSUM (Page, 1954) of log-likelihood ratios of innovations, with Student's t for their tails.

use std::collections::VecDeque;

use crate::drift::innovation::Innovation;

/// Degrees of freedom of Student's t: innovations have heavier tails than a normal distribution, and one odd encode shall
/// not make an alarm.
const TAILS: f64 = 4.0;
/// What a statistic may reach, in thresholds: a shift that ends is forgotten soon.
const MOST: f64 = 3.0;
/// What one title may add to a statistic: an alarm needs several titles that say the same, not many encodes of an odd one.
const OF_TITLE: f64 = 3.0;
/// Most titles whose shares of a statistic are kept.
const TITLES: usize = 64;
/// How much of the sums behind an estimate is kept from one observation to the next.
pub(super) const KEPT: f64 = 1.0 - 1.0 / 256.0;

/// The standard deviation of shifts, in the least that is looked for: estimates are shrunk by it.
const PRIOR: f64 = 3.0;
/// The largest shift that is tried, in the least.
const LARGEST: f64 = 6.0;

/// The log-likelihood ratio of a shift that raises an innovation by `rise`, against none.
fn log_ratio(value: f64, rise: f64) -> f64 {
    let log = |value: f64| (value * value / TAILS).ln_1p();
    (TAILS + 1.0) / 2.0 * (log(value) - log(value - rise))
}

/// One direction.
#[derive(Debug, Clone, Default)]
struct Side {
    statistic: f64,
    /// The observation after which the statistic began to rise.
    since: u64,
    /// Observations since then.
    count: u64,
    /// Weighed sums of slope · innovation and slope² since then.
    product: f64,
    square: f64,
    /// It has been in alarm since then.
    alarmed: bool,
    /// What titles have added since then, the newest last.
    titles: VecDeque<(u64, f64)>,
}

impl Side {
    fn estimate(&self, prior: f64) -> f64 {
        self.product / (self.square + 1.0 / (prior * prior))
    }

    fn reset(&mut self, number: u64) {
        self.titles.clear();
        *self = Side { since: number, titles: std::mem::take(&mut self.titles), ..Side::default() };
    }

    /// What is left of an increment that a title may still add.
    fn capped(&mut self, title: Option<u64>, increment: f64) -> f64 {
        let Some(title) = title else { return increment.min(OF_TITLE) };
        let place = self.titles.iter().rposition(|(other, _)| *other == title).unwrap_or_else(|| {
            if self.titles.len() == TITLES {
                self.titles.pop_front();
            }
            self.titles.push_back((title, 0.0));
            self.titles.len() - 1
        });
        let of_title = &mut self.titles[place].1;
        let increment = increment.min(OF_TITLE - *of_title);
        *of_title += increment;
        increment
    }

    /// `least`: the least shift that is looked for, below 0 for one downwards. The larger the shift has turned out to be, the
    /// larger is the one that the next observation is tried for (an adaptive CUSUM; Sparks, 2000).
    fn add(&mut self, (number, title): (u64, Option<u64>), innovation: &Innovation, least: f64, threshold: f64) {
        let slope = innovation.slope(self.since);
        let estimate = self.estimate(PRIOR * least) * least.signum();
        let shift = estimate.clamp(least.abs(), LARGEST * least.abs()) * least.signum();
        self.statistic += self.capped(title, log_ratio(innovation.value, shift * slope));
        if self.statistic <= 0.0 {
            self.reset(number);
            return;
        }
        self.count += 1;
        self.statistic = self.statistic.min(MOST * threshold);
        self.alarmed |= self.statistic >= threshold;
        let rest = innovation.value - slope * self.estimate(PRIOR * least);
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
    /// Observations since then.
    pub count: u64,
}

impl Cusum {
    pub fn new(shift: f64, threshold: f64) -> Cusum {
        Cusum { shift, threshold, up: Side::default(), down: Side::default() }
    }

    /// Adds an innovation. When a shift that was in alarm has ended, tells after which observation it had begun: what was
    /// remembered since then says nothing of what comes. It ends when nothing is left of it, or when the other direction comes into
    /// alarm, which is a way back (or further) from the level that the shift had led to: then both start anew.
    pub fn add(&mut self, number: u64, title: Option<u64>, innovation: &Innovation) -> Option<u64> {
        let before = [&self.up, &self.down].map(|side| (side.alarmed, side.since));
        self.up.add((number, title), innovation, self.shift, self.threshold);
        self.down.add((number, title), innovation, -self.shift, self.threshold);
        for (place, (was, since)) in before.into_iter().enumerate() {
            let (side, other) = if place == 0 { (&self.up, &self.down) } else { (&self.down, &self.up) };
            if was && other.alarmed {
                self.up.reset(number);
                self.down.reset(number);
                return Some(since);
            }
            if was && !side.alarmed {
                return Some(since);
            }
        }
        None
    }

    pub fn found(&self) -> Found {
        let (side, sign) = if self.up.statistic >= self.down.statistic { (&self.up, 1.0) } else { (&self.down, -1.0) };
        let shift = side.estimate(PRIOR * self.shift);
        // A side may have begun with odd values that went the other way.
        let shift = if shift * sign > 0.0 { shift } else { 0.0 };
        Found { statistic: side.statistic, since: side.since, shift, count: side.count }
    }
}
