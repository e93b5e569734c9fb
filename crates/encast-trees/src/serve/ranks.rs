//! Features as ranks: a byte says which of the thresholds that a model asks for lie below a value.
#![allow(clippy::needless_range_loop, reason = "lane by lane, as the vectors that come of it")]

use super::simd::{Isa, Line};
use crate::Rows;
use crate::model::{MOST_PLACES, RankedPlace};

/// Rows that are scored together.
pub(super) const BLOCK: usize = 64;
/// Thresholds that are compared at once.
const GROUP: usize = 16;
/// Up to so many thresholds, comparing a block of rows with each is quicker than searching for each row.
const FEW: usize = 64;
/// The rank of a missing value that goes right: above the rank of every threshold.
const MISSING_RIGHT: u8 = u8::MAX;

/// The ranks of a row, or of a block of rows: one line a place.
pub(super) type BlockRanks = [Line; MOST_PLACES];
/// The ranks of one row, a byte a place.
pub(super) type RowRanks = [Line; MOST_PLACES / BLOCK];

/// A column's thresholds, or a stretch of them, for one way of a missing value.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub column: u16,
    /// Where a missing value goes; the splits of a column that send it left have a place of their own.
    missing_left: bool,
    /// Rising, without repeats; filled up with infinity, which is below nothing, to whole groups.
    thresholds: Box<[f32]>,
    count: usize,
    /// The last threshold of each group.
    pivots: [f32; GROUP],
}

/// All places of a model, those of a column together.
#[derive(Debug, Clone, Default)]
pub(super) struct Places(Vec<Place>);

impl Places {
    pub(super) fn new(places: &[RankedPlace]) -> Places {
        let place = |place: &RankedPlace| {
            let count = place.thresholds.len();
            let mut thresholds = vec![f32::INFINITY; count.next_multiple_of(GROUP)];
            thresholds[..count].copy_from_slice(&place.thresholds);
            let mut pivots = [f32::INFINITY; GROUP];
            pivots.iter_mut().zip(thresholds.chunks(GROUP)).for_each(|(pivot, group)| *pivot = group[GROUP - 1]);
            let (column, missing_left) = (place.column, place.missing_left);
            Place { column, missing_left, thresholds: thresholds.into(), count, pivots }
        };
        Places(places.iter().map(place).collect())
    }

    pub(super) fn as_slice(&self) -> &[Place] {
        &self.0
    }

    /// The bytes that the places take.
    pub(super) fn size_bytes(&self) -> usize {
        self.0.iter().map(|place| size_of::<Place>() + size_of_val(&*place.thresholds)).sum()
    }

    /// The ranks of one row in all places; columns beyond its end are missing.
    #[inline(always)]
    pub(super) fn of_row<I: Isa>(&self, isa: I, row: &[f32], ranks: &mut RowRanks) {
        for (places, ranks) in self.0.chunks(BLOCK).zip(ranks) {
            for (place, rank) in places.iter().zip(&mut ranks.0) {
                *rank = place.rank(isa, row.get(usize::from(place.column)).copied().unwrap_or(f32::NAN));
            }
        }
    }

    /// The ranks of one row in some places; the others stay.
    #[inline(always)]
    pub(super) fn of_moved<I: Isa>(&self, isa: I, row: &[f32], moved: &[u8], ranks: &mut RowRanks) {
        for &number in moved.iter() {
            let Some(place) = self.0.get(usize::from(number)) else { continue };
            let rank = place.rank(isa, row.get(usize::from(place.column)).copied().unwrap_or(f32::NAN));
            ranks[usize::from(number) / BLOCK].0[usize::from(number) % BLOCK] = rank;
        }
    }

    /// The ranks of up to [`BLOCK`] rows from `start` on; what stands in the lanes of others means nothing.
    #[inline(always)]
    pub(super) fn of_block<I: Isa>(&self, isa: I, rows: Rows<'_>, start: usize, count: usize, ranks: &mut BlockRanks) {
        let values = &rows.values()[start * rows.columns()..][..count * rows.columns()];
        let mut column = None;
        let mut block = [f32::NAN; BLOCK];
        for (place, ranks) in self.0.iter().zip(ranks) {
            if column != Some(place.column) {
                column = Some(place.column);
                for (to, row) in block.iter_mut().zip(values.chunks_exact(rows.columns())) {
                    *to = row.get(usize::from(place.column)).copied().unwrap_or(f32::NAN);
                }
            }
            place.of_block(isa, &block, ranks);
        }
    }
}

impl Place {
    /// How many thresholds are below `x`; a missing value has none or all of them below it.
    #[inline(always)]
    fn rank<I: Isa>(&self, isa: I, x: f32) -> u8 {
        let groups = self.thresholds.as_chunks::<GROUP>().0;
        // Comparing with NaN is false, so that a missing value has rank 0: it goes left.
        let rank = match groups {
            [only] => isa.below(only, x),
            // The last group ends with infinity, or with a threshold that has no group behind it.
            _ => {
                let whole = isa.below(&self.pivots, x).min(groups.len() as u32 - 1);
                whole * GROUP as u32 + isa.below(&groups[whole as usize], x)
            }
        };
        if x.is_nan() && !self.missing_left { MISSING_RIGHT } else { rank as u8 }
    }

    #[inline(always)]
    fn of_block<I: Isa>(&self, isa: I, block: &[f32; BLOCK], ranks: &mut Line) {
        if self.count > FEW {
            for i in 0..BLOCK {
                ranks.0[i] = self.rank(isa, block[i]);
            }
            return;
        }
        // Sixteen rows at a time, so that their counts stay in registers.
        for i in 0..BLOCK / GROUP {
            let (ranks, block) = (&mut ranks.0.as_chunks_mut::<GROUP>().0[i], &block.as_chunks::<GROUP>().0[i]);
            let mut counts = [0u32; GROUP];
            for &threshold in &self.thresholds[..self.count] {
                for lane in 0..GROUP {
                    counts[lane] += u32::from(threshold < block[lane]);
                }
            }
            for lane in 0..GROUP {
                let missing_right = block[lane].is_nan() && !self.missing_left;
                ranks[lane] = if missing_right { MISSING_RIGHT } else { counts[lane] as u8 };
            }
        }
    }
}
