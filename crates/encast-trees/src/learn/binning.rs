//! Quantile bins: every feature as one byte, built once and shared by many fits.

use super::parallel::Crew;
use super::random::Random;
use crate::{Rows, TreeError};

/// The fewest and the most bins of a column, without the one for missing values.
const BINS: std::ops::RangeInclusive<u16> = 2..=255;

/// The rows whose values place the thresholds; of a longer table, that many are drawn.
const DRAWN_ROWS: usize = 200_000;

/// Rows that are binned together: their values and bins stay in the nearest caches from column to column.
const BLOCK: usize = 256;

/// A table whose features are replaced by the numbers of quantile bins.
///
/// Each column has its own bins, of about equally many rows; a column with no more than `max_bins` distinct values has
/// one bin for each. Above 200 000 rows, that many, spread evenly over the table and drawn by a fixed seed, stand for all
/// when the bins are chosen. Missing values have a bin of their own. A threshold between two bins is the midpoint between the
/// neighbouring values `lo` and `hi`, and separates them exactly in `f32`: `lo <= threshold < hi`.
#[derive(Debug, Clone)]
pub struct BinnedRows {
    rows: usize,
    bins: Vec<u8>,
    thresholds: Vec<Vec<f32>>,
}

impl BinnedRows {
    /// Bins every column of `rows` into at most `max_bins` (2 to 255) bins.
    ///
    /// # Errors
    /// [`TreeError::ParameterOutOfRange`] for `max_bins`, [`TreeError::TooFewRows`] for an empty table,
    /// [`TreeError::TooManyRows`] above `u32::MAX` rows, [`TreeError::InfiniteFeature`].
    pub fn new(rows: Rows<'_>, max_bins: u16) -> Result<Self, TreeError> {
        Self::with_threads(rows, max_bins, 1)
    }

    /// The same on `threads` threads, 0 for one a core. The bins do not depend on their number.
    ///
    /// # Errors
    /// As [`BinnedRows::new`].
    pub fn with_threads(rows: Rows<'_>, max_bins: u16, threads: usize) -> Result<Self, TreeError> {
        if !BINS.contains(&max_bins) {
            let value = f64::from(max_bins);
            return Err(TreeError::ParameterOutOfRange { name: "max_bins", value, bound: "from 2 to 255" });
        }
        if rows.is_empty() {
            return Err(TreeError::TooFewRows { name: "table", found: 0, needed: 1 });
        }
        if rows.len() > u32::MAX as usize {
            return Err(TreeError::TooManyRows { found: rows.len(), most: u32::MAX as usize });
        }
        let columns = rows.columns();
        if let Some(i) = rows.values().iter().position(|x| x.is_infinite()) {
            let (row, column, value) = (i / columns, i % columns, rows.values()[i]);
            return Err(TreeError::InfiniteFeature { row, column, value });
        }
        let crew = Crew::new(threads);
        let drawn = drawn(rows.len());
        let mut thresholds = vec![Vec::new(); columns];
        let task = |values: &mut Vec<f32>, (column, cuts_of): (usize, &mut Vec<f32>)| {
            values.clear();
            match &drawn {
                Some(drawn) => values.extend(drawn.iter().map(|&row| rows.values()[row as usize * columns + column])),
                None => values.extend(rows.values().iter().skip(column).step_by(columns)),
            }
            values.retain(|x| !x.is_nan());
            values.sort_unstable_by(f32::total_cmp);
            *cuts_of = cuts(values, usize::from(max_bins));
        };
        crew.each_with(thresholds.iter_mut().enumerate(), Vec::new, task, drop);
        let searches: Vec<Search> = thresholds.iter().map(|cuts| Search::new(cuts)).collect();
        let mut bins = vec![0; rows.values().len()];
        let blocks = bins.chunks_mut(BLOCK * columns).zip(rows.values().chunks(BLOCK * columns));
        crew.each(blocks, |(bins, values)| {
            for (column, search) in searches.iter().enumerate() {
                let values = values.iter().skip(column).step_by(columns);
                bins.iter_mut().skip(column).step_by(columns).zip(values).for_each(|(bin, &x)| *bin = search.bin(x));
            }
        });
        Ok(Self { rows: rows.len(), bins, thresholds })
    }

    /// The number of rows; at least 1.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The number of columns; at least 1.
    pub fn columns(&self) -> usize {
        self.thresholds.len()
    }

    /// The bins of one row. `row` must be a row of the table.
    pub(crate) fn row(&self, row: usize) -> &[u8] {
        &self.bins[row * self.columns()..][..self.columns()]
    }

    /// The bins of all rows, row after row.
    pub(crate) fn bins(&self) -> &[u8] {
        &self.bins
    }

    /// The thresholds between the bins of `column`, ascending; bin `b` holds what is above `b - 1` and not above `b`.
    /// The bin for missing values is numbered `thresholds.len() + 1`.
    pub(crate) fn thresholds(&self, column: usize) -> &[f32] {
        &self.thresholds[column]
    }
}

/// The rows that place the thresholds, ascending; `None` for all. One is drawn of each of equally long stretches.
fn drawn(rows: usize) -> Option<Vec<u32>> {
    if rows <= DRAWN_ROWS {
        return None;
    }
    let mut random = Random::new(0, 0);
    let start = |i: usize| (i as u128 * rows as u128 / DRAWN_ROWS as u128) as usize;
    Some((0..DRAWN_ROWS).map(|i| (start(i) + random.below(start(i + 1) - start(i))) as u32).collect())
}

/// The bins of one column, padded to a size that is searched without branches.
struct Search {
    cuts: [f32; 256],
    missing: u8,
}

impl Search {
    fn new(given: &[f32]) -> Self {
        let mut cuts = [f32::INFINITY; 256];
        cuts[..given.len()].copy_from_slice(given);
        // The bin for missing comes after the others: the number of bins is one more than that of cuts.
        Self { cuts, missing: (given.len() + 1) as u8 }
    }

    /// The number of cuts that `x` is above; the last bin for NaN.
    #[inline]
    fn bin(&self, x: f32) -> u8 {
        let mut below = 0;
        for step in [128, 64, 32, 16, 8, 4, 2, 1] {
            below += if x > self.cuts[(below + step - 1) & 255] { step } else { 0 };
        }
        if x.is_nan() { self.missing } else { below as u8 }
    }
}

/// The thresholds that part `sorted` values into at most `most` bins of about equally many rows.
fn cuts(sorted: &[f32], most: usize) -> Vec<f32> {
    let distinct = sorted.chunk_by(|a, b| a == b).count();
    let mut cuts = Vec::new();
    let mut rows_left = sorted.len();
    let mut values_left = distinct;
    let mut filled = 0;
    let mut below: Option<f32> = None;
    for run in sorted.chunk_by(|a, b| a == b) {
        let bins_left = most - cuts.len();
        // `rows_left` and `bins_left` still count the bin that is being filled.
        let due = rows_left as f64 / bins_left as f64;
        let close =
            filled > 0 && bins_left > 1 && (values_left < bins_left || filled as f64 + run.len() as f64 / 2.0 > due);
        if let (true, Some(lo)) = (close, below) {
            cuts.push(midpoint(lo, run[0]));
            rows_left -= filled;
            filled = 0;
        }
        filled += run.len();
        values_left -= 1;
        below = Some(run[0]);
    }
    cuts
}

/// A threshold halfway between `lo` and `hi`, with `lo <= threshold < hi` in `f32`. Needs `lo < hi`.
fn midpoint(lo: f32, hi: f32) -> f32 {
    let middle = ((f64::from(lo) + f64::from(hi)) / 2.0) as f32;
    if middle < hi { middle.max(lo) } else { lo }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(values: &[f32], most: u16) -> Vec<usize> {
        let rows = Rows::new(values, 1).unwrap();
        let binned = BinnedRows::new(rows, most).unwrap();
        let thresholds = binned.thresholds(0);
        assert!(thresholds.is_sorted_by(|a, b| a < b));
        let mut counts = vec![0; thresholds.len() + 2];
        for (row, x) in values.iter().enumerate() {
            let bin = usize::from(binned.row(row)[0]);
            counts[bin] += 1;
            // A bin and its thresholds say the same.
            match x.is_nan() {
                true => assert_eq!(bin, thresholds.len() + 1),
                false => assert_eq!(bin, thresholds.iter().filter(|&t| x > t).count()),
            }
        }
        counts
    }

    #[test]
    fn few_values_have_a_bin_each() {
        assert_eq!(counts(&[1.0, 2.0, 2.0, 7.0, f32::NAN, -0.0, 0.0], 255), [2, 1, 2, 1, 1]);
        assert_eq!(counts(&[f32::NAN; 3], 2), [0, 3]);
        assert_eq!(counts(&[4.0; 3], 2), [3, 0]);
        let all: Vec<f32> = (0..255).map(|x| x as f32).collect();
        assert_eq!(counts(&all, 255)[..255], [1; 255]);
    }

    #[test]
    fn many_values_share_bins_evenly() {
        let values: Vec<f32> = (0..10_000).map(|x| (x * 7919 % 10_000) as f32).collect();
        let counts = counts(&values, 100);
        assert_eq!(counts.len(), 101);
        assert!(counts[..100].iter().all(|count| (95..=105).contains(count)), "{counts:?}");
    }

    #[test]
    fn a_heavy_value_leaves_bins_for_the_others() {
        let values: Vec<f32> = (0..1000).map(|x| if x < 900 { 0.0 } else { x as f32 }).collect();
        let counts = counts(&values, 11);
        assert_eq!((counts.len(), counts[0]), (12, 900));
        assert!(counts[1..11].iter().all(|count| (9..=11).contains(count)), "{counts:?}");
    }
}
