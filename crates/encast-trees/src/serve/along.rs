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
}

impl<'a> Along<'a> {
    /// The places that move are those of the columns that differ between the ends.
    pub(super) fn new(
        lanes: &'a Lanes,
        bracket: (f64, f64),
        row: &mut [f32],
        set: &mut impl FnMut(f64, &mut [f32]),
    ) -> Self {
        let mut along = Along { lanes, ranks: [Line::ZERO; _], moving: [0; MOST_MOVING], count: 0 };
        let mut ends = [[0.0f32; MOST_PLACES]; 2];
        for (end, position) in ends.iter_mut().zip([bracket.0, bracket.1]) {
            set(position, row);
            for (to, place) in end.iter_mut().zip(lanes.places.as_slice()) {
                *to = row.get(usize::from(place.column)).copied().unwrap_or(f32::NAN);
            }
        }
        let [first, last] = ends;
        for (number, (first, last)) in first.iter().zip(&last).take(lanes.places.as_slice().len()).enumerate() {
            if first.to_bits() != last.to_bits() {
                along.moving.get_mut(along.count).into_iter().for_each(|to| *to = number as u8);
                along.count += 1;
            }
        }
        let mut unused = (0.0, 0.0);
        let ranks = &mut along.ranks;
        lanes.instructions.one(One { lanes, row, ranks, moved: None, answer: &mut unused });
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
