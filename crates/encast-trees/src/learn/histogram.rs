//! Sums of targets, weights and rows for every bin of every column.

use std::sync::{Mutex, PoisonError};

use super::sample::Table;
use super::split::Sums;

/// Bins of one column, padded a little beyond the 256 so that the columns do not share cache sets.
const STRIDE: usize = 260;

/// Below so many cells (rows × columns), threads cost more than they save.
const SPREAD_CELLS: usize = 1 << 18;

/// The sums of one bin.
#[derive(Debug, Clone, Copy, Default)]
struct Bin {
    /// Σ weight · pull.
    sum: f64,
    /// Σ weight.
    weight: f64,
}

/// The sums of all bins of all columns over the rows of one leaf.
#[derive(Debug, Clone)]
pub(crate) struct Histogram {
    columns: Vec<[Bin; STRIDE]>,
    /// Rows of each bin; empty when all weights are 1, as the weights count the rows then.
    rows: Vec<[u32; STRIDE]>,
}

impl Histogram {
    /// A histogram of zeros for the columns of `table`.
    pub(crate) fn new(table: &Table<'_>) -> Self {
        let columns = table.columns.len();
        let rows = if table.weights.is_empty() { 0 } else { columns };
        Self { columns: vec![[Bin::default(); STRIDE]; columns], rows: vec![[0; STRIDE]; rows] }
    }

    /// The bytes that a histogram for `table` takes.
    pub(crate) fn size(table: &Table<'_>) -> usize {
        let counts = if table.weights.is_empty() { 0 } else { size_of::<u32>() };
        table.columns.len() * STRIDE * (size_of::<Bin>() + counts)
    }

    /// Sums over `rows`, in their order; each row has its place in `pulls`.
    ///
    /// When there is much to do, the columns are spread over threads: each sum is still taken by one thread alone and
    /// in the order of the rows, so the result does not depend on their number.
    pub(crate) fn fill(&mut self, table: &Table<'_>, rows: &[u32], pulls: &[f64], threads: usize) {
        self.columns.fill([Bin::default(); STRIDE]);
        self.rows.fill([0; STRIDE]);
        let width = self.columns.len();
        let parts = if rows.len().saturating_mul(width) < SPREAD_CELLS { 1 } else { threads.clamp(1, width) };
        if parts == 1 {
            return fill_columns(&mut self.columns, &mut self.rows, 0, table, rows, pulls);
        }
        let size = width.div_ceil(parts);
        // Without weights there are no counts, and every part has the empty slice.
        let mut counts = self.rows.chunks_mut(size);
        let chunks = self.columns.chunks_mut(size).enumerate();
        let chunks = Mutex::new(chunks.map(|(i, columns)| (i * size, columns, counts.next().unwrap_or_default())));
        let work = || {
            loop {
                let next = chunks.lock().unwrap_or_else(PoisonError::into_inner).next();
                let Some((first, columns, counts)) = next else {
                    return;
                };
                fill_columns(columns, counts, first, table, rows, pulls);
            }
        };
        std::thread::scope(|scope| {
            for _ in 1..parts {
                // A thread that the system refuses is not missed: the others take over its part.
                _ = std::thread::Builder::new().spawn_scoped(scope, work);
            }
            work();
        });
    }

    /// Takes away what `part` counts.
    pub(crate) fn subtract(&mut self, part: &Self) {
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

    /// The sums of the bins of one column.
    #[inline]
    pub(crate) fn column(&self, column: usize) -> impl Fn(usize) -> Sums + '_ {
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
