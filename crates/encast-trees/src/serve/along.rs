//! A row along a line: only the ranks that move are found anew.

use super::kernels::One;
use super::lanes::Lanes;
use super::ranks::RowRanks;
use super::simd::Line;
use crate::model::MOST_PLACES;

/// Most places whose ranks are told apart.
const MOST_MOVING: usize = 32;

/// A line of rows of which a model looks at some places only.
pub(super) struct Along<'a> {
    lanes: &'a Lanes,
    ranks: RowRanks,
    moving: [u8; MOST_MOVING],
    /// How many places move; more than there is room for when all are looked at each time.
    count: usize,
    /// What the trees say at the high end.
    pub at_end: f64,
}

impl<'a> Along<'a> {
    /// The places that move are those of the columns that differ between the ends.
    pub(super) fn new(
        lanes: &'a Lanes,
        bracket: (f64, f64),
        row: &mut [f32],
        set: &mut impl FnMut(f64, &mut [f32]),
    ) -> Self {
        let mut along = Along { lanes, ranks: [Line::ZERO; _], moving: [0; MOST_MOVING], count: 0, at_end: 0.0 };
        set(bracket.0, row);
        let mut first = [0u32; MOST_PLACES];
        let value = |row: &[f32], column: u16| row.get(usize::from(column)).map_or(0, |value| value.to_bits());
        for (first, place) in first.iter_mut().zip(lanes.places.as_slice()) {
            *first = value(row, place.column);
        }
        set(bracket.1, row);
        for (number, (&first, place)) in first.iter().zip(lanes.places.as_slice()).enumerate() {
            if first != value(row, place.column) {
                if let Some(to) = along.moving.get_mut(along.count) {
                    *to = number as u8;
                }
                along.count += 1;
            }
        }
        let (ranks, mut answer) = (&mut along.ranks, (0.0, 0.0));
        lanes.instructions.one(One { lanes, row, ranks, moved: None, answer: &mut answer });
        along.at_end = answer.0;
        along
    }

    pub(super) fn at(&mut self, position: f64, row: &mut [f32], set: &mut impl FnMut(f64, &mut [f32])) -> f64 {
        set(position, row);
        let (lanes, moved) = (self.lanes, self.moving.get(..self.count));
        let mut answer = (0.0, 0.0);
        lanes.instructions.one(One { lanes, row, ranks: &mut self.ranks, moved, answer: &mut answer });
        answer.0
    }
}
