//! Intervals: from the errors on unseen titles, by the height of the forecast and by codec and size.

use serde::{Deserialize, Serialize};

use crate::{
    cell::Cell,
    error::{Error, Result},
    levels::Levels,
};

/// The probability that intervals promise where no other is asked for.
pub const NOMINAL: f64 = 0.9;

/// Most bins of the forecast that quantiles are taken in.
const MAX_BINS: usize = 10;
/// Fewest titles that a bin stands on.
const TITLES_PER_BIN: usize = 8;
/// Fewest titles, and rows, that a cell's own factor stands on.
const TITLES_PER_CELL: usize = 15;
const ROWS_PER_CELL: usize = 60;
/// A cell's factor stays within these.
const CELL_FACTOR: (f64, f64) = (0.5, 2.5);

/// How far below and above the forecast the interval reaches, on the scale that the target is learnt on. Between the
/// centers it runs linearly, beyond the outermost it stays. Where the model forecasts the size of its errors too, all
/// reaches are in units of that size.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Calibration {
    /// The promised probability.
    pub nominal: f64,
    /// Titles that it stands on.
    pub titles: usize,
    /// Forecasts, rising.
    pub center: Vec<f64>,
    /// At each center: lower end minus forecast, never above 0.
    pub lower: Vec<f64>,
    /// At each center: upper end minus forecast, never below 0.
    pub upper: Vec<f64>,
    /// Typical disagreement of the ensemble's members.
    pub spread: f64,
    /// Reaches at other probabilities than the nominal one; in bundles of format 1 those of normal errors.
    #[serde(default, skip_serializing_if = "Levels::is_normal")]
    pub levels: Levels,
    /// Factors of codecs and sizes that err more, or less, than the rest.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cells: Vec<CellFactor>,
}

/// What the reaches of one cell are multiplied by.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct CellFactor {
    pub cell: Cell,
    pub factor: f64,
}

/// One forecast of a title that the model had not seen.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Unseen {
    pub title: u32,
    pub cell: Cell,
    pub forecast: f64,
    pub measured: f64,
    pub spread: f64,
    /// The size of error that was forecast; 1 where none is.
    pub scale: f64,
}

impl Unseen {
    fn error(&self) -> f64 {
        (self.measured - self.forecast) / self.scale
    }
}

impl Calibration {
    /// From forecasts on unseen titles; every title weighs the same, however many rows it has.
    pub(crate) fn fit(unseen: &[Unseen]) -> Calibration {
        let mut rows = unseen.to_vec();
        rows.sort_by(|a, b| a.forecast.total_cmp(&b.forecast));
        let weights = title_weights(&rows);
        let titles = count_titles(&rows);
        let bins = (titles / TITLES_PER_BIN).clamp(1, MAX_BINS).min(rows.len().max(1));
        let mut calibration = Calibration {
            nominal: NOMINAL,
            titles,
            center: Vec::new(),
            lower: Vec::new(),
            upper: Vec::new(),
            spread: rows.iter().map(|row| row.spread).sum::<f64>() / rows.len().max(1) as f64,
            levels: Levels::default(),
            cells: Vec::new(),
        };
        for bin in 0..bins {
            let (from, to) = (rows.len() * bin / bins, rows.len() * (bin + 1) / bins);
            let (part, part_weights) = (&rows[from..to], &weights[from..to]);
            let center = part.iter().map(|row| row.forecast).sum::<f64>() / part.len().max(1) as f64;
            if calibration.center.last().is_some_and(|&last| center <= last) {
                continue;
            }
            let titles = count_titles(part) as f64;
            let tail = ((1.0 - NOMINAL) / 2.0 - NOMINAL / (2.0 * (titles + 1.0))).max(0.0);
            let (lower, upper) = tails(part, part_weights, tail);
            calibration.center.push(center);
            calibration.lower.push(lower.min(0.0));
            calibration.upper.push(upper.max(0.0));
        }
        calibration.by_cell(&rows);
        calibration.stretch(&rows, &weights);
        let relative = calibration.relative(&rows, &weights);
        calibration.levels = Levels::fit(relative, titles);
        calibration
    }

    /// Gives a factor to each cell that stands on enough titles.
    fn by_cell(&mut self, rows: &[Unseen]) {
        let mut cells: Vec<Cell> = rows.iter().map(|row| row.cell).collect();
        cells.sort();
        cells.dedup();
        if cells.len() < 2 {
            return;
        }
        for cell in cells {
            let part: Vec<Unseen> = rows.iter().copied().filter(|row| row.cell == cell).collect();
            let titles = count_titles(&part);
            if part.len() < ROWS_PER_CELL || titles < TITLES_PER_CELL {
                continue;
            }
            if let Some(factor) = self.needed(&part, &title_weights(&part), titles) {
                let factor = factor.clamp(CELL_FACTOR.0, CELL_FACTOR.1);
                self.cells.push(CellFactor { cell, factor });
            }
        }
    }

    /// Widens or narrows all intervals by one factor, so that they hold the promise on the rows they came from.
    fn stretch(&mut self, rows: &[Unseen], weights: &[f64]) {
        if let Some(factor) = self.needed(rows, weights, self.titles) {
            self.lower.iter_mut().chain(&mut self.upper).for_each(|reach| *reach *= factor);
        }
    }

    /// Errors in units of the reach on their side (below 0: below the forecast), and their weights.
    fn relative(&self, rows: &[Unseen], weights: &[f64]) -> Vec<(f64, f64)> {
        let pairs = rows.iter().zip(weights).map(|(row, &weight)| {
            let (lower, upper) = self.around(row.forecast, row.cell);
            let error = row.error();
            let reach = if error < 0.0 { -lower } else { upper };
            (if error == 0.0 { 0.0 } else { error / reach }, weight)
        });
        pairs.filter(|(relative, _)| relative.is_finite()).collect()
    }

    /// The factor by which the intervals of these rows hold the promise, with the finite-sample correction of split
    /// conformal prediction (Vovk et al., 2005) counted in titles.
    fn needed(&self, rows: &[Unseen], weights: &[f64], titles: usize) -> Option<f64> {
        let level = (NOMINAL * (1.0 + 1.0 / titles.max(1) as f64)).min(1.0);
        let mut needed = self.relative(rows, weights);
        needed.iter_mut().for_each(|(relative, _)| *relative = relative.abs());
        needed.sort_by(|a, b| a.0.total_cmp(&b.0));
        let total: f64 = needed.iter().map(|(_, weight)| weight).sum();
        let mut below = 0.0;
        let factor = needed.iter().find(|(_, weight)| {
            below += weight;
            below >= level * total
        });
        factor.map(|&(factor, _)| factor).filter(|&factor| factor > 0.0)
    }

    /// The size of error with which these forecasts would hold the promise.
    pub(crate) fn scale_for(&self, unseen: &[Unseen]) -> f64 {
        self.needed(unseen, &title_weights(unseen), self.titles).unwrap_or(1.0)
    }

    /// Lower and upper end relative to a forecast, at the nominal probability.
    pub(crate) fn around(&self, forecast: f64, cell: Cell) -> (f64, f64) {
        let factor = self.cells.iter().find(|of| of.cell == cell).map_or(1.0, |of| of.factor);
        let after = self.center.partition_point(|&center| center <= forecast);
        if after == 0 {
            return (self.lower[0] * factor, self.upper[0] * factor);
        }
        if after == self.center.len() {
            return (self.lower[after - 1] * factor, self.upper[after - 1] * factor);
        }
        let (left, right) = (self.center[after - 1], self.center[after]);
        let share = (forecast - left) / (right - left);
        let mix = |ends: &[f64]| (ends[after - 1] + share * (ends[after] - ends[after - 1])) * factor;
        (mix(&self.lower), mix(&self.upper))
    }

    /// Checks what was loaded.
    pub(crate) fn check(&self) -> Result<()> {
        let n = self.center.len();
        let finite = |values: &[f64]| values.iter().all(|value| value.is_finite());
        if n == 0 || self.lower.len() != n || self.upper.len() != n {
            return Err(Error::corrupt("calibration: center, lower and upper must have the same length, at least 1"));
        }
        if !(finite(&self.center) && finite(&self.lower) && finite(&self.upper)) {
            return Err(Error::corrupt("calibration: a number is not finite"));
        }
        if self.center.windows(2).any(|pair| pair[0] >= pair[1]) {
            return Err(Error::corrupt("calibration: centers do not rise"));
        }
        if self.lower.iter().any(|&value| value > 0.0) || self.upper.iter().any(|&value| value < 0.0) {
            return Err(Error::corrupt("calibration: an interval does not hold its forecast"));
        }
        if !(self.nominal > 0.0 && self.nominal < 1.0 && self.spread.is_finite() && self.spread >= 0.0) {
            return Err(Error::corrupt("calibration: nominal or spread is out of bounds"));
        }
        if self.cells.iter().any(|of| !(of.factor > 0.0 && of.factor.is_finite())) {
            return Err(Error::corrupt("calibration: a cell's factor is not a positive number"));
        }
        self.levels.check()
    }
}

fn count_titles(rows: &[Unseen]) -> usize {
    rows.iter().map(|row| row.title).collect::<std::collections::HashSet<_>>().len()
}

fn title_weights(rows: &[Unseen]) -> Vec<f64> {
    let mut counts = std::collections::HashMap::new();
    rows.iter().for_each(|row| *counts.entry(row.title).or_insert(0u32) += 1);
    rows.iter().map(|row| 1.0 / f64::from(counts[&row.title])).collect()
}

/// The weighted quantiles of the errors that leave `tail` on either side.
fn tails(rows: &[Unseen], weights: &[f64], tail: f64) -> (f64, f64) {
    let mut errors: Vec<(f64, f64)> = rows.iter().zip(weights).map(|(row, &weight)| (row.error(), weight)).collect();
    errors.sort_by(|a, b| a.0.total_cmp(&b.0));
    let total: f64 = weights.iter().sum();
    let at = |share: f64| {
        let mut below = 0.0;
        errors
            .iter()
            .find(|(_, weight)| {
                below += weight;
                below > share * total
            })
            .or(errors.last())
            .map_or(0.0, |&(error, _)| error)
    };
    (at(tail), at(1.0 - tail))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Errors that grow with the forecast, many rows a title.
    fn rows(titles: u32, shift: u64) -> Vec<Unseen> {
        let mut state = 88172645463325252u64 + shift;
        let mut random = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state as f64 / u64::MAX as f64 - 0.5
        };
        (0..titles * 20)
            .map(|i| {
                let forecast = f64::from(i % 100);
                let measured = forecast + random() * (1.0 + forecast / 10.0);
                Unseen { title: i / 20, cell: Cell::of(None, 720.0), forecast, measured, spread: 1.0, scale: 1.0 }
            })
            .collect()
    }

    fn coverage(calibration: &Calibration, rows: &[Unseen]) -> f64 {
        let held = rows.iter().filter(|row| {
            let (lower, upper) = calibration.around(row.forecast, row.cell);
            (row.forecast + lower..=row.forecast + upper).contains(&row.measured)
        });
        held.count() as f64 / rows.len() as f64
    }

    #[test]
    fn holds_the_promise_on_fresh_titles_and_follows_the_error() {
        let calibration = Calibration::fit(&rows(100, 0));
        calibration.check().unwrap();
        let fresh = coverage(&calibration, &rows(400, 17));
        assert!((0.88..0.95).contains(&fresh), "coverage {fresh}");
        let (_, low) = calibration.around(5.0, Cell::of(None, 720.0));
        let (_, high) = calibration.around(95.0, Cell::of(None, 720.0));
        assert!(high > 3.0 * low, "width at 5: {low}, at 95: {high}");
    }

    #[test]
    fn few_titles_widen() {
        let few = Calibration::fit(&rows(5, 3));
        let many = Calibration::fit(&rows(500, 3));
        assert!(few.around(50.0, Cell::of(None, 720.0)).1 > many.around(50.0, Cell::of(None, 720.0)).1);
        assert!(coverage(&few, &rows(5, 3)) >= 0.9);
    }

    #[test]
    fn loading_refuses_nonsense() {
        let good = Calibration::fit(&rows(30, 1));
        for spoil in [
            |c: &mut Calibration| c.lower[0] = 1.0,
            |c: &mut Calibration| c.upper[0] = f64::NAN,
            |c: &mut Calibration| c.center.clear(),
            |c: &mut Calibration| c.nominal = 1.5,
            |c: &mut Calibration| c.center.reverse(),
            |c: &mut Calibration| c.lower.push(0.0),
        ] {
            let mut bad = good.clone();
            spoil(&mut bad);
            assert!(bad.check().is_err(), "{bad:?}");
        }
    }
}
