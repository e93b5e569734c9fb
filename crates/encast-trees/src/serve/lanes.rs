//! Small trees laid out for vectors of bytes: rows side by side for batches, trees side by side for single rows.
//!
//! A split is a byte compared with a byte (`ranks.rs`), a tree a set of leaves, one bit each: every split that a row
//! goes right at takes the leaves on its left away, and of those that stay the leftmost is where the row arrives
//! (QuickScorer: Lucchese et al., SIGIR 2015). The order of the splits does not matter, so nothing waits for memory and
//! nothing branches on data. Splits are kept in the order of their leaves: the first eight touch only the first byte
//! of the set, the next eight the first two, and so on.

use super::ranks::{BLOCK, Places};
use super::simd::{Instructions, Line};
use crate::model::{Member, Tree};

/// Most leaves of a tree in this form: above, walking the tree takes fewer steps.
const MOST_LEAVES: usize = 64;
/// Leaves to a byte of a set.
pub(super) const OF_BYTE: usize = 8;
/// Trees of a group.
pub(super) const GROUP: usize = BLOCK;
/// A rank that is not above this one is any rank: a split that all rows go left at.
const ALWAYS: u8 = u8::MAX;

/// A split while the forms are made.
#[derive(Debug, Clone, Copy)]
struct Split {
    /// The leaves that stay when a row goes right, a bit each.
    stay: [u8; OF_BYTE],
    place: u8,
    /// A row goes left when its rank is at most this.
    rank: u8,
}

/// A member whose trees follow those of the members before it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Chain {
    pub base: f64,
    pub trees: usize,
}

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
    pub places: Places,
    pub members: Vec<Chain>,
    /// Bytes of a set of leaves: 1, 2, 4 or 8.
    pub bytes: usize,
    /// For each tree as many leaves as a set can hold.
    pub leaves: Vec<f32>,
    /// For rows side by side, for each split: the place, and, four times as a byte, the rank and the bytes of the set of
    /// leaves that it can touch.
    pub words: Vec<u32>,
    /// For each tree, the end of its words.
    pub ends: Vec<u32>,
    /// None where this processor is quicker at walking trees.
    pub groups: Vec<Group>,
    pub lines: Vec<Line>,
    /// Trees of each member, where all have as many.
    pub even: Option<usize>,
}

impl Lanes {
    /// `None` when a tree has too many leaves, all of them too many thresholds, or the processor no vectors.
    pub(super) fn new(members: &[Member], instructions: Instructions) -> Option<Lanes> {
        let trees = || members.iter().flat_map(|member| &member.trees);
        let most = trees().map(Tree::leaves).max().unwrap_or(1);
        if most > MOST_LEAVES || instructions.lines_of_row() == 0 {
            return None;
        }
        let places = Places::of(members)?;
        let bytes = most.div_ceil(OF_BYTE).next_power_of_two();
        let count = trees().count();
        let (mut leaves, mut words, mut ends) = (vec![0.0; count * bytes * OF_BYTE], Vec::new(), Vec::new());
        let mut of_trees = Vec::with_capacity(count);
        for (tree, leaves) in trees().zip(leaves.chunks_exact_mut(bytes * OF_BYTE)) {
            let splits = splits_of(tree, &places, leaves);
            for (number, split) in splits.iter().enumerate() {
                words.extend([u32::from(split.place), four_times(split.rank)]);
                words.extend(split.stay[..=number / OF_BYTE].iter().map(|&stay| four_times(stay)));
            }
            ends.push(u32::try_from(words.len()).ok()?);
            of_trees.push(splits);
        }
        let lines_of_row = places.as_slice().len().div_ceil(BLOCK);
        let (groups, lines) = match lines_of_row <= instructions.lines_of_row() {
            true => side_by_side(&of_trees),
            false => (Vec::new(), Vec::new()),
        };
        let each = members.first().map_or(0, |member| member.trees.len());
        let even = members.iter().all(|member| member.trees.len() == each).then_some(each);
        let members = members.iter().map(|member| Chain { base: member.base, trees: member.trees.len() }).collect();
        Some(Lanes { instructions, places, members, bytes, leaves, words, ends, groups, lines, even })
    }

    /// Whether it can score single rows.
    pub(super) fn has_groups(&self) -> bool {
        !self.groups.is_empty() || self.ends.is_empty()
    }

    pub(super) fn size_bytes(&self) -> usize {
        self.places.size_bytes()
            + size_of_val(self.members.as_slice())
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

/// Writes the leaves of a tree from left to right; gives its splits in the order of the last leaf on their left.
fn splits_of(tree: &Tree, places: &Places, leaves: &mut [f32]) -> Vec<Split> {
    let nodes = tree.nodes();
    // Leaves before each node.
    let mut before = Vec::with_capacity(nodes.len());
    let mut count = 0;
    for node in nodes {
        before.push(count);
        if node.is_leaf() {
            leaves[count] = node.value;
            count += 1;
        }
    }
    let mut splits = vec![Split { stay: [0; OF_BYTE], place: 0, rank: 0 }; count - 1];
    for (i, node) in nodes.iter().enumerate().filter(|(_, node)| !node.is_leaf()) {
        let (from, to) = (before[i], before[node.right as usize]);
        let gone = (u64::MAX >> (u64::BITS as usize - (to - from))) << from;
        let (place, rank) = places.find(node.column, node.missing_left, node.value);
        splits[to - 1] = Split { stay: (!gone).to_le_bytes(), place, rank };
    }
    splits
}

/// The splits of 64 trees each, turned so that those of the same number are neighbours.
fn side_by_side(trees: &[Vec<Split>]) -> (Vec<Group>, Vec<Line>) {
    let (mut groups, mut lines) = (Vec::new(), Vec::new());
    for trees in trees.chunks(GROUP) {
        let most = trees.iter().map(|tree| tree.len()).max().unwrap_or(0);
        groups.push(Group { first_line: lines.len(), splits: most });
        for number in 0..most {
            let of_trees = |value: &dyn Fn(&Split) -> u8, otherwise: u8| {
                let mut line = Line([otherwise; GROUP]);
                line.0.iter_mut().zip(trees).for_each(|(to, tree)| *to = tree.get(number).map_or(otherwise, value));
                line
            };
            lines.push(of_trees(&|split| split.place, 0));
            lines.push(of_trees(&|split| split.rank, ALWAYS));
            lines.extend((0..=number / OF_BYTE).map(|byte| of_trees(&|split| split.stay[byte], u8::MAX)));
        }
    }
    (groups, lines)
}
