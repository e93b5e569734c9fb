//! Small trees laid out for vectors of bytes: rows side by side for batches, trees side by side for single rows.
//!
//! A split is a byte compared with a byte (`ranks.rs`), a tree a set of leaves, one bit each: every split that a row
//! goes right at takes the leaves on its left away, and of those that stay the leftmost is where the row arrives
//! (QuickScorer: Lucchese et al., SIGIR 2015). The order of the splits does not matter, so nothing waits for memory and
//! nothing branches on data. Splits are kept in the order of their leaves: the first eight touch only the first byte
//! of the set, the next eight the first two, and so on.

use super::ranks::{BLOCK, Places};
use super::simd::{Instructions, Line};
use crate::model::{RankedSplit, RankedTrees};

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
    /// What the rest is made of, but for splits and leaves: those stand in `words` and `leaves`.
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
    /// For each group its leaves, where the trees of members stand side by side.
    pub abreast: Option<Vec<Abreast>>,
}

/// Members that stand side by side.
pub(super) const ABREAST: usize = 8;
/// The leaves of 64 trees of up to 8 leaves: for each number of a leaf one of each tree. Eight neighbours are the next
/// tree of each of up to eight members, so that the members' chains are summed as one vector.
pub(super) type Abreast = [[f32; GROUP]; OF_BYTE];
/// What a place without a tree adds: nothing, to -0 too.
const NOTHING: f32 = -0.0;

impl Lanes {
    /// Whether the processor has vectors, and the trees can be numbered.
    pub(super) fn suit(ranked: &RankedTrees, instructions: Instructions) -> bool {
        // Words of a split, at most.
        let most_words = ranked.splits.len().saturating_mul(2 + OF_BYTE);
        instructions.lines_of_row() > 0 && u32::try_from(most_words).is_ok()
    }

    /// Lays out checked trees that suit.
    pub(super) fn new(mut ranked: RankedTrees, instructions: Instructions) -> Lanes {
        let most = ranked.leaf_counts.iter().copied().max().unwrap_or(1);
        let bytes = usize::from(most).div_ceil(OF_BYTE).next_power_of_two();
        let sides = ranked.places.len().div_ceil(BLOCK) <= instructions.lines_of_row();
        let each = ranked.members.first().map_or(0, |member| member.trees);
        let even = ranked.members.iter().all(|member| member.trees == each);
        let abreast = sides && even && bytes == 1 && (2..=ABREAST).contains(&ranked.members.len());
        // The lane of a tree, counted over all groups.
        let lane_of = |tree: usize| match abreast {
            true => tree % each * ABREAST + tree / each,
            false => tree,
        };
        let lanes = if abreast { each * ABREAST } else { ranked.leaf_counts.len() };
        let mut leaves = vec![0.0; ranked.leaf_counts.len() * bytes * OF_BYTE];
        let mut side = vec![[[NOTHING; GROUP]; OF_BYTE]; if abreast { lanes.div_ceil(GROUP) } else { 0 }];
        let mut words = Vec::with_capacity(ranked.splits.len() * (2 + bytes));
        let mut ends = Vec::with_capacity(ranked.leaf_counts.len());
        let (groups, mut lines) = match sides {
            true => empty_groups(&ranked.leaf_counts, lanes, lane_of),
            false => (Vec::new(), Vec::new()),
        };
        let (mut next_leaf, mut next_split) = (0, 0);
        for (tree, &count) in ranked.leaf_counts.iter().enumerate() {
            let (count, lane) = (usize::from(count), lane_of(tree));
            let own = &ranked.splits[next_split..next_split + count - 1];
            let own_leaves = &ranked.leaves[next_leaf..][..count];
            leaves[tree * bytes * OF_BYTE..][..count].copy_from_slice(own_leaves);
            (next_leaf, next_split) = (next_leaf + count, next_split + count - 1);
            let (group, lane) = (lane / GROUP, lane % GROUP);
            if abreast {
                side[group].iter_mut().zip(own_leaves).for_each(|(line, &leaf)| line[lane] = leaf);
            }
            let mut line = groups.get(group).map_or(0, |group| group.first_line);
            for (number, split) in own.iter().enumerate() {
                let gone = (u64::MAX >> (u64::BITS as usize - 1 - (number - usize::from(split.first)))) << split.first;
                let stay = &(!gone).to_le_bytes()[..=number / OF_BYTE];
                words.extend([u32::from(split.place), four_times(split.rank)]);
                words.extend(stay.iter().map(|&stay| four_times(stay)));
                if sides {
                    lines[line].0[lane] = split.place;
                    lines[line + 1].0[lane] = split.rank;
                    lines[line + 2..].iter_mut().zip(stay).for_each(|(line, &stay)| line.0[lane] = stay);
                    line += 2 + stay.len();
                }
            }
            ends.push(words.len() as u32);
        }
        let places = Places::new(&ranked.places);
        let abreast = abreast.then_some(side);
        (ranked.splits, ranked.leaves) = (Vec::new(), Vec::new());
        Lanes { instructions, ranked, places, bytes, leaves, words, ends, groups, lines, abreast }
    }

    /// The trees in short.
    pub(super) fn ranked(&self) -> RankedTrees {
        let mut ranked = self.ranked.clone();
        let mut words = self.words.as_slice();
        for (&count, leaves) in ranked.leaf_counts.iter().zip(self.leaves.chunks_exact(self.bytes * OF_BYTE)) {
            ranked.leaves.extend_from_slice(&leaves[..usize::from(count)]);
            for number in 0..usize::from(count) - 1 {
                let (split, later) = words.split_at(3 + number / OF_BYTE);
                words = later;
                let mut stay = [u8::MAX; OF_BYTE];
                stay.iter_mut().zip(&split[2..]).for_each(|(stay, &word)| *stay = word as u8);
                // The leaves on the left begin with the first one that goes.
                let first = u64::from_le_bytes(stay).trailing_ones() as u8;
                ranked.splits.push(RankedSplit { place: split[0] as u8, rank: split[1] as u8, first });
            }
        }
        ranked
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
            + size_of_val(self.leaves.as_slice())
            + size_of_val(self.words.as_slice())
            + size_of_val(self.ends.as_slice())
            + size_of_val(self.groups.as_slice())
            + size_of_val(self.lines.as_slice())
            + self.abreast.as_ref().map_or(0, |abreast| size_of_val(abreast.as_slice()))
    }
}

/// A byte in all four bytes of a word: processors repeat words as they load them.
fn four_times(byte: u8) -> u32 {
    u32::from_ne_bytes([byte; 4])
}

/// Groups with room for the trees in their lanes, in which every split sends every row to the left.
fn empty_groups(leaf_counts: &[u8], lanes: usize, lane_of: impl Fn(usize) -> usize) -> (Vec<Group>, Vec<Line>) {
    let mut most = vec![1u8; lanes.div_ceil(GROUP)];
    for (tree, &count) in leaf_counts.iter().enumerate() {
        let most = &mut most[lane_of(tree) / GROUP];
        *most = (*most).max(count);
    }
    let mut lines = Vec::new();
    let group = |leaves: u8| {
        let group = Group { first_line: lines.len(), splits: usize::from(leaves) - 1 };
        for number in 0..group.splits {
            lines.push(Line([0; GROUP]));
            lines.push(Line([ALWAYS; GROUP]));
            lines.resize(lines.len() + 1 + number / OF_BYTE, Line([u8::MAX; GROUP]));
        }
        group
    };
    (most.into_iter().map(group).collect(), lines)
}
