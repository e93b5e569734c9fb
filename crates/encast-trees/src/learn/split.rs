//! The best split of one leaf: gains, monotone bounds and the side of missing values.

use super::histogram::Histogram;
use super::sample::Column;

/// How the prediction may move when a column grows, with all others fixed.
///
/// The constraint holds exactly for the fitted function, between any two finite values of the column. It says nothing
/// about missing or infinite values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Monotone {
    /// In any way.
    #[default]
    None,
    /// Never down.
    Increasing,
    /// Never up.
    Decreasing,
}

/// Sums over some rows.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Sums {
    pub(crate) sum: f64,
    pub(crate) weight: f64,
    pub(crate) rows: u32,
}

impl Sums {
    fn plus(self, other: Self) -> Self {
        Self { sum: self.sum + other.sum, weight: self.weight + other.weight, rows: self.rows + other.rows }
    }

    fn minus(self, other: Self) -> Self {
        Self { sum: self.sum - other.sum, weight: self.weight - other.weight, rows: self.rows - other.rows }
    }
}

/// The values a leaf may take.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Bounds {
    pub(crate) low: f64,
    pub(crate) high: f64,
}

impl Bounds {
    /// Any value.
    pub(crate) const FREE: Self = Self { low: f64::NEG_INFINITY, high: f64::INFINITY };
}

/// What limits the splits of a tree.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) min_leaf_rows: u32,
    pub(crate) l2: f64,
}

impl Limits {
    /// The best value for a leaf of `sums`, within `bounds`.
    pub(crate) fn value(&self, sums: Sums, bounds: Bounds) -> f64 {
        let weight = sums.weight + self.l2;
        let value = if weight > 0.0 { sums.sum / weight } else { 0.0 };
        value.max(bounds.low).min(bounds.high)
    }

    /// How much a leaf of `sums` lowers the loss when it takes `value`.
    fn worth(&self, sums: Sums, value: f64) -> f64 {
        value * (2.0 * sums.sum - (sums.weight + self.l2) * value)
    }
}

/// A way to part a leaf in two.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Split {
    pub(crate) gain: f64,
    /// The position among the table's columns.
    pub(crate) column: usize,
    /// The last bin that goes left. The last of all bins: missing goes right, everything else left.
    pub(crate) bin: u8,
    pub(crate) missing_left: bool,
    pub(crate) left: Sums,
    pub(crate) right: Sums,
}

/// Looks for the best split of one leaf, column by column.
pub(crate) struct Search<'a, H> {
    histogram: &'a H,
    limits: Limits,
    total: Sums,
    bounds: Bounds,
    /// The worth of the leaf as it is.
    before: f64,
    pub(crate) best: Option<Split>,
}

impl<'a, H: Histogram> Search<'a, H> {
    /// A search that has found nothing yet.
    pub(crate) fn new(histogram: &'a H, limits: Limits, total: Sums, bounds: Bounds) -> Self {
        let before = limits.worth(total, limits.value(total, bounds));
        Self { histogram, limits, total, bounds, before, best: None }
    }

    /// Tries all splits on one column.
    pub(crate) fn column(&mut self, position: usize, column: &Column<'_>, monotone: Monotone) {
        let bins = column.missing();
        let missing = self.histogram.column(position)(bins);
        if missing.rows == 0 {
            self.scan(position, bins, monotone, Sums::default(), None);
            return;
        }
        self.scan(position, bins, monotone, Sums::default(), Some(false));
        self.scan(position, bins, monotone, missing, Some(true));
        // Everything that is present against everything that is missing.
        self.offer(position, bins - 1, Monotone::None, self.total.minus(missing), Some(false));
    }

    fn scan(&mut self, column: usize, bins: usize, monotone: Monotone, start: Sums, missing: Option<bool>) {
        let mut left = start;
        let least = self.limits.min_leaf_rows;
        let sums = self.histogram.column(column);
        for bin in 0..bins - 1 {
            let here = sums(bin);
            if here.rows == 0 {
                continue;
            }
            left = left.plus(here);
            if left.rows < least {
                continue;
            }
            if self.total.rows - left.rows < least {
                return;
            }
            self.offer(column, bin, monotone, left, missing);
        }
    }

    #[inline]
    fn offer(&mut self, column: usize, bin: usize, monotone: Monotone, left: Sums, missing: Option<bool>) {
        let right = self.total.minus(left);
        let least = self.limits.min_leaf_rows;
        if left.rows < least || right.rows < least || !(left.weight > 0.0 && right.weight > 0.0) {
            return;
        }
        let gain = if self.bounds == Bounds::FREE {
            self.free_gain(monotone, left, right)
        } else {
            self.bounded_gain(monotone, left, right)
        };
        if gain > self.best.map_or(0.0, |best| best.gain) {
            let missing_left = missing.unwrap_or(left.weight > right.weight);
            self.best = Some(Split { gain, column, bin: bin as u8, missing_left, left, right });
        }
    }

    /// What a split gains over the leaf as it is, when children may take any value; -1 for what must not be made.
    fn free_gain(&self, monotone: Monotone, left: Sums, right: Sums) -> f64 {
        let (of_left, of_right) = (left.weight + self.limits.l2, right.weight + self.limits.l2);
        let (up, down) = (right.sum * of_left, left.sum * of_right);
        let wrong = match monotone {
            Monotone::None => false,
            Monotone::Increasing => down > up,
            Monotone::Decreasing => down < up,
        };
        if wrong {
            return -1.0;
        }
        // left.sum² / of_left + right.sum² / of_right is `worth / size`: most splits are ruled out without dividing.
        let (worth, size) = (left.sum * down + right.sum * up, of_left * of_right);
        let best = self.best.map_or(0.0, |best| best.gain);
        if worth <= (self.before + best) * size {
            return -1.0;
        }
        self.net(worth / size)
    }

    /// The same when the children's values are bounded.
    fn bounded_gain(&self, monotone: Monotone, left: Sums, right: Sums) -> f64 {
        let limits = self.limits;
        let of_left = limits.value(left, self.bounds);
        let of_right = limits.value(right, self.bounds);
        let wrong = match monotone {
            Monotone::None => false,
            Monotone::Increasing => of_left > of_right,
            Monotone::Decreasing => of_left < of_right,
        };
        if wrong {
            return -1.0;
        }
        self.net(limits.worth(left, of_left) + limits.worth(right, of_right))
    }

    /// What `after` is worth above the leaf as it is; a gain that is nothing but rounding counts as none.
    fn net(&self, after: f64) -> f64 {
        let gain = after - self.before;
        if gain > 1e-11 * after.abs().max(self.before.abs()) { gain } else { -1.0 }
    }
}

impl Split {
    /// The bounds of the two children of a leaf with `bounds`.
    ///
    /// Under a constraint the midpoint between the two values parts them for good: whatever is grown below, the one
    /// side stays at or below it and the other at or above.
    pub(crate) fn bounds(&self, monotone: Monotone, bounds: Bounds, limits: &Limits, bins: usize) -> (Bounds, Bounds) {
        if usize::from(self.bin) + 1 == bins {
            return (bounds, bounds);
        }
        let middle = (limits.value(self.left, bounds) + limits.value(self.right, bounds)) / 2.0;
        let below = Bounds { high: middle, ..bounds };
        let above = Bounds { low: middle, ..bounds };
        match monotone {
            Monotone::None => (bounds, bounds),
            Monotone::Increasing => (below, above),
            Monotone::Decreasing => (above, below),
        }
    }
}
