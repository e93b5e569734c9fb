//! Sums of targets, weights and rows for every bin of every column.

use super::sample::Table;
use super::split::Sums;

/// Bins of one column, padded a little beyond the 256 so that the columns do not share cache sets.
const STRIDE: usize = 260;

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
        Self {
            columns: vec![[Bin::default(); STRIDE]; columns],
            rows: vec![[0; STRIDE]; rows],
        }
    }

    /// The bytes that a histogram for `table` takes.
    pub(crate) fn size(table: &Table<'_>) -> usize {
        let counts = if table.weights.is_empty() {
            0
        } else {
            size_of::<u32>()
        };
        table.columns.len() * STRIDE * (size_of::<Bin>() + counts)
    }

    /// Sums over `rows`, in their order; each row has its place in `pulls`.
    pub(crate) fn fill(&mut self, table: &Table<'_>, rows: &[u32], pulls: &[f64]) {
        self.columns.fill([Bin::default(); STRIDE]);
        self.rows.fill([0; STRIDE]);
        if self.rows.is_empty() {
            for &row in rows {
                let row = row as usize;
                let pull = pulls[row];
                for (column, &bin) in self.columns.iter_mut().zip(table.row(row)) {
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
            for ((column, counts), &bin) in self
                .columns
                .iter_mut()
                .zip(&mut self.rows)
                .zip(table.row(row))
            {
                let bin = usize::from(bin);
                column[bin].sum += pull;
                column[bin].weight += weight;
                counts[bin] += 1;
            }
        }
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

    /// The sums of one bin.
    #[inline]
    pub(crate) fn sums(&self, column: usize, bin: usize) -> Sums {
        let Bin { sum, weight } = self.columns[column][bin];
        let rows = self
            .rows
            .get(column)
            .map_or(weight as u32, |rows| rows[bin]);
        Sums { sum, weight, rows }
    }
}
