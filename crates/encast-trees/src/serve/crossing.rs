//! Where a function that never falls changes its sign: between halving and interpolating, never slower than halving.

/// Where along a line a prediction reaches a target.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Crossing {
    /// Not even at the high end.
    Beyond,
    /// Already at the low end.
    Before,
    /// Missed at `low`, reached at `high`, and no room for another step between.
    Between {
        /// The last position that misses.
        low: f64,
        /// The first position found that reaches.
        high: f64,
    },
}

/// Steps that may be spent beyond those of halving.
const SPARE: f64 = 1.0;
/// How far an interpolated position is moved towards the middle, relative to the bracket: the constant of the method.
const TRUNCATION: f64 = 0.2;

/// Finds where `excess`, which must not fall, reaches 0 within a bracket: to a stretch no wider than `precision` (above 0).
///
/// The ITP method (Oliveira and Takahashi, ACM TOMS 47(1), 2021): interpolates, moves the position towards the middle
/// by an amount that vanishes quadratically, and keeps it where halving could still finish in time. On smooth functions it
/// takes a third of the steps of halving, on staircases at most one more.
pub fn crossing(mut excess: impl FnMut(f64) -> f64, bracket: (f64, f64), precision: f64) -> Crossing {
    let (mut low, mut high) = bracket;
    let mut above = excess(high);
    if above < 0.0 || above.is_nan() {
        return Crossing::Beyond;
    }
    let mut below = excess(low);
    if below >= 0.0 {
        return Crossing::Before;
    }
    let width = high - low;
    let mut allowed = precision / 2.0 * (width / precision).log2().ceil().max(0.0).exp2() * SPARE.exp2();
    while high - low > precision {
        let (middle, half) = (low + (high - low) / 2.0, (high - low) / 2.0);
        // Minus infinity is what a target that can't be reached leaves.
        let share = if below.is_finite() && above.is_finite() { below / (below - above) } else { 0.5 };
        let interpolated = low + (high - low) * share;
        let truncation = TRUNCATION / width * (high - low) * (high - low);
        let towards = (middle - interpolated).signum();
        let moved = match truncation <= (middle - interpolated).abs() {
            true => interpolated + towards * truncation,
            false => middle,
        };
        let reach = (allowed - half).max(0.0);
        let position = match (moved - middle).abs() <= reach {
            true => moved,
            false => middle - towards * reach,
        };
        // Never at an end again.
        let least = (precision / 4.0).min(half / 2.0);
        let position = position.clamp(low + least, high - least);
        let value = excess(position);
        if value >= 0.0 {
            (high, above) = (position, value)
        } else {
            (low, below) = (position, value)
        }
        allowed /= 2.0;
    }
    Crossing::Between { low, high }
}
