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
    /// Where its groups of thresholds begin and end. They rise without repeats; the last is filled up with infinity, which is
    /// below nothing.
    groups: (u32, u32),
    count: usize,
    /// The last threshold of each group.
    pivots: [f32; GROUP],
}

/// All places of a model, those of a column together.
#[derive(Debug, Clone)]
pub(super) struct Places {
    places: Vec<Place>,
    thresholds: Vec<[f32; GROUP]>,
}

impl Places {
    pub(super) fn new(ranked: &[RankedPlace]) -> Places {
        let groups = ranked.iter().map(|place| place.thresholds.len().div_ceil(GROUP)).sum();
        let (mut places, mut thresholds) = (Vec::with_capacity(ranked.len()), Vec::with_capacity(groups));
        for place in ranked {
            let (from, mut pivots) = (thresholds.len() as u32, [f32::INFINITY; GROUP]);
            for (pivot, part) in pivots.iter_mut().zip(place.thresholds.chunks(GROUP)) {
                let mut group = [f32::INFINITY; GROUP];
                group[..part.len()].copy_from_slice(part);
                *pivot = group[GROUP - 1];
                thresholds.push(group);
            }
            let (groups, count) = ((from, thresholds.len() as u32), place.thresholds.len());
            places.push(Place { column: place.column, missing_left: place.missing_left, groups, count, pivots });
        }
        Places { places, thresholds }
    }

    pub(super) fn as_slice(&self) -> &[Place] {
        &self.places
    }

    #[inline(always)]
    fn groups(&self, place: &Place) -> &[[f32; GROUP]] {
        &self.thresholds[place.groups.0 as usize..place.groups.1 as usize]
    }

    /// The bytes that the places take.
    pub(super) fn size_bytes(&self) -> usize {
        size_of_val(self.places.as_slice()) + size_of_val(self.thresholds.as_slice())
    }

    /// The ranks of one row in all places; columns beyond its end are missing.
    #[inline(always)]
    pub(super) fn of_row<I: Isa>(&self, isa: I, row: &[f32], ranks: &mut RowRanks) {
        for (places, ranks) in self.places.chunks(BLOCK).zip(ranks) {
            for (place, rank) in places.iter().zip(&mut ranks.0) {
                *rank = place.rank(
                    isa,
                    self.groups(place),
                    row.get(usize::from(place.column)).copied().unwrap_or(f32::NAN),
                );
            }
        }
    }

    /// The ranks of one row in some places; the others stay.
    #[inline(always)]
    pub(super) fn of_moved<I: Isa>(&self, isa: I, row: &[f32], moved: &[u8], ranks: &mut RowRanks) {
        for &number in moved.iter() {
            let Some(place) = self.places.get(usize::from(number)) else { continue };
            let rank =
                place.rank(isa, self.groups(place), row.get(usize::from(place.column)).copied().unwrap_or(f32::NAN));
            ranks[usize::from(number) / BLOCK].0[usize::from(number) % BLOCK] = rank;
        }
    }

    /// The ranks of up to [`BLOCK`] rows from `start` on; what stands in the lanes of others means nothing.
    #[inline(always)]
    pub(super) fn of_block<I: Isa>(&self, isa: I, rows: Rows<'_>, start: usize, count: usize, ranks: &mut BlockRanks) {
        let values = &rows.values()[start * rows.columns()..][..count * rows.columns()];
        let mut column = None;
        let mut block = [f32::NAN; BLOCK];
        for (place, ranks) in self.places.iter().zip(ranks) {
            if column != Some(place.column) {
                column = Some(place.column);
                for (to, row) in block.iter_mut().zip(values.chunks_exact(rows.columns())) {
                    *to = row.get(usize::from(place.column)).copied().unwrap_or(f32::NAN);
                }
            }
            place.of_block(isa, self.groups(place), &block, ranks);
        }
    }
}

impl Place {
    /// How many thresholds are below `x`; a missing value has none or all of them below it.
    #[inline(always)]
    fn rank<I: Isa>(&self, isa: I, groups: &[[f32; GROUP]], x: f32) -> u8 {
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
    fn of_block<I: Isa>(&self, isa: I, groups: &[[f32; GROUP]], block: &[f32; BLOCK], ranks: &mut Line) {
        if self.count > FEW {
            for i in 0..BLOCK {
                ranks.0[i] = self.rank(isa, groups, block[i]);
            }
            return;
        }
        // Sixteen rows at a time, so that their counts stay in registers.
        for i in 0..BLOCK / GROUP {
            let (ranks, block) = (&mut ranks.0.as_chunks_mut::<GROUP>().0[i], &block.as_chunks::<GROUP>().0[i]);
            let mut counts = [0u32; GROUP];
            for &threshold in &groups.as_flattened()[..self.count] {
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
