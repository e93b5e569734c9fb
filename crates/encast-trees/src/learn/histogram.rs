//! Sums of targets, weights and rows for every bin of every column.

use super::loss::Loss;
use super::parallel::Crew;
use super::sample::Table;
use super::split::Sums;

/// Bins of one column, padded a little beyond the 256 so that the columns do not share cache sets.
pub(super) const STRIDE: usize = 260;

/// Below so many cells (rows × columns), threads cost more than they save.
pub(super) const SPREAD_CELLS: usize = 1 << 16;

/// The sums of all bins of all columns over the rows of one leaf.
///
/// Whatever the number of threads, the sums are the same to the bit.
pub(crate) trait Histogram: Sized + Send + Sync {
    /// A row, and what travels with it from leaf to leaf.
    type Entry: Copy + Default + Send + Sync;
    /// What the entries mean together.
    type Pulls: Default + Send + Sync;

    /// The number of the row in the table.
    fn row(entry: Self::Entry) -> usize;

    /// The entries of the rows `seen`, or of all rows to learn from, ascending, for the next tree of a chain.
    fn pull(
        loss: Loss,
        table: &Table<'_>,
        scores: &[f64],
        seen: Option<&[u32]>,
        entries: &mut Vec<Self::Entry>,
        crew: &Crew,
    ) -> Self::Pulls;

    /// A histogram of zeros for the columns of `table`.
    fn new(table: &Table<'_>) -> Self;

    /// The bytes that a histogram for `table` takes.
    fn size(table: &Table<'_>) -> usize;

    /// The sums over all of `entries`.
    fn total(table: &Table<'_>, entries: &[Self::Entry], pulls: &Self::Pulls) -> Sums;

    /// Sums over `entries`.
    fn fill(&mut self, table: &Table<'_>, entries: &[Self::Entry], pulls: &Self::Pulls, crew: &Crew);

    /// Takes away what `part` counts.
    fn subtract(&mut self, part: &Self);

    /// The sums of the bins of one column.
    fn column(&self, column: usize) -> impl Fn(usize) -> Sums + '_;
}

/// The sums of one bin.
#[derive(Debug, Clone, Copy, Default)]
struct Bin {
    /// Σ weight · pull.
    sum: f64,
    /// Σ weight.
    weight: f64,
}

/// Sums in floating point, each taken in the order of the rows; for tables that are not large, and for weights.
#[derive(Debug, Clone)]
pub(crate) struct Exact {
    columns: Vec<[Bin; STRIDE]>,
    /// Rows of each bin; empty when all weights are 1, as the weights count the rows then.
    rows: Vec<[u32; STRIDE]>,
}

impl Histogram for Exact {
    type Entry = u32;
    /// The pull of each row of the table.
    type Pulls = Vec<f64>;

    fn row(entry: u32) -> usize {
        entry as usize
    }

    fn pull(
        loss: Loss,
        table: &Table<'_>,
        scores: &[f64],
        seen: Option<&[u32]>,
        entries: &mut Vec<u32>,
        _: &Crew,
    ) -> Vec<f64> {
        entries.clear();
        match seen {
            Some(seen) => entries.extend_from_slice(seen),
            None => entries.extend(0..table.training as u32),
        }
        let bend = loss.bend(table, scores);
        (0..table.training).map(|row| bend.pull(table.target(row), scores[row])).collect()
    }

    fn new(table: &Table<'_>) -> Self {
        let columns = table.columns.len();
        let rows = if table.weights.is_empty() { 0 } else { columns };
        Self { columns: vec![[Bin::default(); STRIDE]; columns], rows: vec![[0; STRIDE]; rows] }
    }

    fn size(table: &Table<'_>) -> usize {
        let counts = if table.weights.is_empty() { 0 } else { size_of::<u32>() };
        table.columns.len() * STRIDE * (size_of::<Bin>() + counts)
    }

    fn total(table: &Table<'_>, entries: &[u32], pulls: &Vec<f64>) -> Sums {
        let mut sums = Sums { rows: entries.len() as u32, ..Sums::default() };
        for &row in entries {
            let weight = table.weight(row as usize);
            sums.sum += weight * pulls[row as usize];
            sums.weight += weight;
        }
        sums
    }

    /// When there is much to do, the columns are spread over threads: each sum is still taken by one thread alone and
    /// in the order of the rows.
    fn fill(&mut self, table: &Table<'_>, entries: &[u32], pulls: &Vec<f64>, crew: &Crew) {
        self.columns.fill([Bin::default(); STRIDE]);
        self.rows.fill([0; STRIDE]);
        let width = self.columns.len();
        let parts = if entries.len().saturating_mul(width) < SPREAD_CELLS { 1 } else { crew.threads().clamp(1, width) };
        let size = width.div_ceil(parts);
        // Without weights there are no counts, and every part has the empty slice.
        let mut counts = self.rows.chunks_mut(size);
        let chunks: Vec<_> =
            self.columns.chunks_mut(size).map(|part| (part, counts.next().unwrap_or_default())).collect();
        crew.each(chunks.into_iter().enumerate(), |(i, (columns, counts))| {
            fill_columns(columns, counts, i * size, table, entries, pulls);
        });
    }

    fn subtract(&mut self, part: &Self) {
        for (column, other) in self.columns.iter_mut().zip(&part.columns) {
            for (bin, other) in column.iter_mut().zip(other) {
                bin.sum -= other.sum;
                bin.weight -= other.weight;
            }
        }
        for (column, other) in self.rows.iter_mut().zip(&part.rows) {
            for (bin, other) in column.iter_mut().zip(other) {
                *bin -= other;
            }
        }
    }

    #[inline]
    fn column(&self, column: usize) -> impl Fn(usize) -> Sums + '_ {
        let bins = &self.columns[column];
        let rows = self.rows.get(column);
        move |bin| {
            let Bin { sum, weight } = bins[bin];
            let rows = rows.map_or(weight as u32, |rows| rows[bin]);
            Sums { sum, weight, rows }
        }
    }
}

/// Sums over `rows` for the columns from `first` on; without weights, `counts` is empty.
fn fill_columns(
    columns: &mut [[Bin; STRIDE]],
    counts: &mut [[u32; STRIDE]],
    first: usize,
    table: &Table<'_>,
    rows: &[u32],
    pulls: &[f64],
) {
    let range = first..first + columns.len();
    if table.weights.is_empty() {
        for &row in rows {
            let row = row as usize;
            let pull = pulls[row];
            for (column, &bin) in columns.iter_mut().zip(&table.row(row)[range.clone()]) {
                let bin = &mut column[usize::from(bin)];
                bin.sum += pull;
                bin.weight += 1.0;
            }
        }
        return;
    }
    for &row in rows {
        let row = row as usize;
        let weight = table.weights[row];
        let pull = pulls[row] * weight;
        for ((column, counts), &bin) in columns.iter_mut().zip(&mut *counts).zip(&table.row(row)[range.clone()]) {
            let bin = usize::from(bin);
            column[bin].sum += pull;
            column[bin].weight += weight;
            counts[bin] += 1;
        }
    }
}
