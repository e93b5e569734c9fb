//! Small trees laid out for vectors of bytes: rows side by side for batches, trees side by side for single rows.
//!
//! A split is a byte compared with a byte (`ranks.rs`), a tree a set of leaves, one bit each: every split that a row
//! goes right at takes the leaves on its left away, and of those that stay the leftmost is where the row arrives
//! (QuickScorer: Lucchese et al., SIGIR 2015). The order of the splits does not matter, so nothing waits for memory and
//! nothing branches on data. Splits are kept in the order of their leaves: the first eight touch only the first byte
//! of the set, the next eight the first two, and so on.

use super::ranks::{BLOCK, Places};
use super::simd::{Instructions, Line};
use crate::model::RankedTrees;

/// Leaves to a byte of a set.
pub(super) const OF_BYTE: usize = 8;
/// Trees of a group.
pub(super) const GROUP: usize = BLOCK;
/// A rank that is not above this one is any rank: a split that all rows go left at.
const ALWAYS: u8 = u8::MAX;

/// 64 trees for one row: for each split of theirs a line of places, one of ranks, and those of the sets of leaves that
/// it can touch.
#[derive(Debug, Clone, Copy)]
pub(super) struct Group {
    pub first_line: usize,
    pub splits: usize,
}

#[derive(Debug, Clone)]
pub(super) struct Lanes {
    pub instructions: Instructions,
    /// What the rest is made of.
    pub ranked: RankedTrees,
    pub places: Places,
    /// Bytes of a set of leaves: 1, 2, 4 or 8.
    pub bytes: usize,
    /// For each tree as many leaves as a set can hold.
    pub leaves: Vec<f32>,
    /// For rows side by side, for each split: the place, and, four times as a byte, the rank and the bytes of the set of
    /// leaves that it can touch.
    pub words: Vec<u32>,
    /// For each tree, the end of its words.
    pub ends: Vec<u32>,
    /// For trees side by side. None where there are more places than this processor can look up.
    pub groups: Vec<Group>,
    pub lines: Vec<Line>,
    /// Trees of each member, where all have as many.
    pub even: Option<usize>,
}

/// What each split compares with, and the leaves that stay when a row goes right, a bit each.
struct Split {
    place: u8,
    rank: u8,
    stay: [u8; OF_BYTE],
}

impl Lanes {
    /// Lays out checked trees; `None` when the processor has no vectors, or they are too many to number.
    pub(super) fn new(ranked: &RankedTrees, instructions: Instructions) -> Option<Lanes> {
        // Words of a split, at most.
        let most_words = ranked.splits.len().saturating_mul(2 + OF_BYTE);
        if instructions.lines_of_row() == 0 || u32::try_from(most_words).is_err() {
            return None;
        }
        let most = ranked.leaf_counts.iter().copied().max().unwrap_or(1);
        let bytes = usize::from(most).div_ceil(OF_BYTE).next_power_of_two();
        let mut leaves = vec![0.0; ranked.leaf_counts.len() * bytes * OF_BYTE];
        let (mut words, mut ends) = (Vec::new(), Vec::with_capacity(ranked.leaf_counts.len()));
        let sides = ranked.places.len().div_ceil(BLOCK) <= instructions.lines_of_row();
        let (mut groups, mut lines) = (Vec::new(), Vec::new());
        let (mut next_leaf, mut next_split) = (0, 0);
        for (tree, &count) in ranked.leaf_counts.iter().enumerate() {
            let count = usize::from(count);
            let own = &ranked.splits[next_split..next_split + count - 1];
            leaves[tree * bytes * OF_BYTE..][..count].copy_from_slice(&ranked.leaves[next_leaf..][..count]);
            (next_leaf, next_split) = (next_leaf + count, next_split + count - 1);
            if sides && tree % GROUP == 0 {
                let group = &ranked.leaf_counts[tree..ranked.leaf_counts.len().min(tree + GROUP)];
                let splits = usize::from(group.iter().copied().max().unwrap_or(1)) - 1;
                groups.push(Group { first_line: lines.len(), splits });
                for number in 0..splits {
                    lines.push(Line([0; GROUP]));
                    lines.push(Line([ALWAYS; GROUP]));
                    lines.resize(lines.len() + 1 + number / OF_BYTE, Line([u8::MAX; GROUP]));
                }
            }
            let mut line = groups.last().map_or(0, |group| group.first_line);
            for (number, split) in own.iter().enumerate() {
                let gone = (u64::MAX >> (u64::BITS as usize - 1 - (number - usize::from(split.first)))) << split.first;
                let split = Split { place: split.place, rank: split.rank, stay: (!gone).to_le_bytes() };
                let stay = &split.stay[..=number / OF_BYTE];
                words.extend([u32::from(split.place), four_times(split.rank)]);
                words.extend(stay.iter().map(|&stay| four_times(stay)));
                if sides {
                    let lane = tree % GROUP;
                    lines[line].0[lane] = split.place;
                    lines[line + 1].0[lane] = split.rank;
                    lines[line + 2..].iter_mut().zip(stay).for_each(|(line, &stay)| line.0[lane] = stay);
                    line += 2 + stay.len();
                }
            }
            ends.push(words.len() as u32);
        }
        let each = ranked.members.first().map_or(0, |member| member.trees);
        let even = ranked.members.iter().all(|member| member.trees == each).then_some(each);
        let places = Places::new(&ranked.places);
        Some(Lanes { instructions, ranked: ranked.clone(), places, bytes, leaves, words, ends, groups, lines, even })
    }

    /// Whether it can score single rows.
    pub(super) fn has_groups(&self) -> bool {
        !self.groups.is_empty() || self.ends.is_empty()
    }

    pub(super) fn size_bytes(&self) -> usize {
        let ranked = &self.ranked;
        let thresholds: usize = ranked.places.iter().map(|place| size_of_val(place.thresholds.as_slice())).sum();
        self.places.size_bytes()
            + thresholds
            + size_of_val(ranked.places.as_slice())
            + size_of_val(ranked.members.as_slice())
            + size_of_val(ranked.leaf_counts.as_slice())
            + size_of_val(ranked.splits.as_slice())
            + size_of_val(ranked.leaves.as_slice())
            + size_of_val(self.leaves.as_slice())
            + size_of_val(self.words.as_slice())
            + size_of_val(self.ends.as_slice())
            + size_of_val(self.groups.as_slice())
            + size_of_val(self.lines.as_slice())
    }
}

/// A byte in all four bytes of a word: processors repeat words as they load them.
fn four_times(byte: u8) -> u32 {
    u32::from_ne_bytes([byte; 4])
}
