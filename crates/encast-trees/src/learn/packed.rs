//! Histograms in whole numbers, for large tables: pull and count in one, so that a cell costs one addition.

use std::hint::black_box;
use std::sync::{Mutex, PoisonError};

use super::histogram::{Histogram, SPREAD_CELLS, STRIDE};
use super::loss::Loss;
use super::parallel::Crew;
use super::sample::Table;
use super::split::Sums;

/// Rows that one thread takes at a time.
const CHUNK: usize = 1 << 13;

/// Rows whose bins are touched together, before they are counted: the reads from memory then overlap.
const GATHER: usize = 32;

/// Bytes that come from memory together.
const LINE: usize = 64;

/// A row with its pull as a whole number of units.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Pulled {
    row: u32,
    pull: i32,
}

/// How pulls are written as whole numbers.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Scale {
    /// The pull that one unit stands for; a power of two.
    unit: f64,
    /// The low bits, which count rows; the sum of pulls lies above them.
    shift: u32,
}

impl Scale {
    fn sums(self, cell: u64) -> Sums {
        let rows = cell & ((1 << self.shift) - 1);
        Sums { sum: (cell as i64 >> self.shift) as f64 * self.unit, weight: rows as f64, rows: rows as u32 }
    }
}

/// Sums in whole numbers, which no order changes: rows can be spread over threads in any way.
///
/// A pull is rounded to a multiple of a unit, anew for each tree. The unit is as small as the sum of all pulls allows:
/// with a million rows of like pulls, one pull is over a million units.
#[derive(Debug, Clone)]
pub(crate) struct Packed {
    columns: Vec<[u64; STRIDE]>,
    scale: Scale,
}

impl Histogram for Packed {
    type Entry = Pulled;
    type Pulls = Scale;

    fn row(entry: Pulled) -> usize {
        entry.row as usize
    }

    fn pull(
        loss: Loss,
        table: &Table<'_>,
        scores: &[f64],
        seen: Option<&[u32]>,
        entries: &mut Vec<Pulled>,
        crew: &Crew,
    ) -> Scale {
        let bend = loss.bend(table, scores);
        let count = seen.map_or(table.training, <[u32]>::len);
        entries.resize(count, Pulled::default());
        let row = |i: usize| seen.map_or(i, |seen| seen[i] as usize);
        let pull = |row: usize| bend.pull(table.target(row), scores[row]);
        // Parts are added up in their order, so that the scale does not depend on the threads either.
        let mut parts = vec![(0.0f64, 0.0f64); count.div_ceil(CHUNK)];
        crew.each(parts.iter_mut().enumerate(), |(i, part)| {
            for i in i * CHUNK..((i + 1) * CHUNK).min(count) {
                let size = pull(row(i)).abs();
                *part = (part.0 + size, part.1.max(size));
            }
        });
        let (all, most) = parts.iter().fold((0.0, 0.0f64), |(all, most), part| (all + part.0, most.max(part.1)));
        let shift = u64::BITS - (count as u64).leading_zeros();
        // Half a unit of rounding for each row comes on top of the sum: count / 2 is less than 2^(shift - 1).
        let room = 2f64.powi(62 - shift as i32) - 2f64.powi(shift as i32);
        let least = (all / room).max(most / 2f64.powi(30)).max(f64::MIN_POSITIVE);
        // The next power of two above, without a logarithm, which machines round differently.
        let unit = f64::from_bits(((least.to_bits() >> 52) + 1) << 52);
        let per = 1.0 / unit;
        crew.each(entries.chunks_mut(CHUNK).enumerate(), |(chunk, entries)| {
            for (i, entry) in entries.iter_mut().enumerate() {
                let row = row(chunk * CHUNK + i);
                *entry = Pulled { row: row as u32, pull: (pull(row) * per).round_ties_even() as i32 };
            }
        });
        Scale { unit, shift }
    }

    fn new(table: &Table<'_>) -> Self {
        Self { columns: vec![[0; STRIDE]; table.columns.len()], scale: Scale::default() }
    }

    fn size(table: &Table<'_>) -> usize {
        table.columns.len() * STRIDE * size_of::<u64>()
    }

    fn total(_: &Table<'_>, entries: &[Pulled], scale: &Scale) -> Sums {
        let sum: i64 = entries.iter().map(|entry| i64::from(entry.pull)).sum();
        Sums { sum: sum as f64 * scale.unit, weight: entries.len() as f64, rows: entries.len() as u32 }
    }

    fn fill(&mut self, table: &Table<'_>, entries: &[Pulled], scale: &Scale, crew: &Crew) {
        self.scale = *scale;
        self.columns.fill([0; STRIDE]);
        let width = self.columns.len();
        if crew.threads() == 1 || entries.len().saturating_mul(width) < SPREAD_CELLS {
            return count(&mut self.columns, table, entries, scale.shift);
        }
        let sums = Mutex::new(&mut self.columns);
        let size = CHUNK.min(entries.len().div_ceil(4 * crew.threads()));
        let empty = || vec![[0; STRIDE]; width];
        let merge = |part: Vec<[u64; STRIDE]>| {
            let mut sums = sums.lock().unwrap_or_else(PoisonError::into_inner);
            let cells = sums.as_flattened_mut().iter_mut().zip(part.as_flattened());
            cells.for_each(|(cell, other)| *cell = cell.wrapping_add(*other));
        };
        crew.each_with(entries.chunks(size), empty, |part, entries| count(part, table, entries, scale.shift), merge);
    }

    fn subtract(&mut self, part: &Self) {
        let cells = self.columns.as_flattened_mut().iter_mut().zip(part.columns.as_flattened());
        cells.for_each(|(cell, other)| *cell = cell.wrapping_sub(*other));
    }

    #[inline]
    fn column(&self, column: usize) -> impl Fn(usize) -> Sums + '_ {
        let (cells, scale) = (&self.columns[column], self.scale);
        move |bin| scale.sums(cells[bin])
    }
}

/// Counts rows in.
fn count(columns: &mut [[u64; STRIDE]], table: &Table<'_>, entries: &[Pulled], shift: u32) {
    for entries in entries.chunks(GATHER) {
        let mut touched = 0;
        for entry in entries {
            let bins = table.row(entry.row as usize);
            touched = bins.iter().step_by(LINE).chain(bins.last()).fold(touched, |touched, bin| touched ^ bin);
        }
        black_box(touched);
        for entry in entries {
            let cell = ((i64::from(entry.pull) << shift) as u64).wrapping_add(1);
            for (column, &bin) in columns.iter_mut().zip(table.row(entry.row as usize)) {
                let sum = &mut column[usize::from(bin)];
                *sum = sum.wrapping_add(cell);
            }
        }
    }
}
