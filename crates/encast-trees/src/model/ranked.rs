//! Small trees in short: thresholds once, splits as ranks among them, three bytes a split.

use super::{Ensemble, Member, Node, Tree};
use crate::TreeError;
use crate::rows::check_columns;

/// A column's thresholds, or a stretch of them, for one way of a missing value.
#[derive(Debug, Clone, PartialEq)]
pub struct RankedPlace {
    /// The column that the splits look at.
    pub column: u16,
    /// Whether a missing value goes left.
    pub missing_left: bool,
    /// Rising, finite, 1 to 255.
    pub thresholds: Vec<f32>,
}

/// A member whose trees follow those of the members before it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RankedMember {
    /// What it predicts before any tree; finite.
    pub base: f64,
    /// The number of its trees.
    pub trees: usize,
}

/// A split. Those of a tree stand in the order of the last leaf on their left, which is a different one for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RankedSplit {
    /// The place whose thresholds it looks at.
    pub place: u8,
    /// The threshold, by its number in the place: a value goes left when it is at most this one.
    pub rank: u8,
    /// The first leaf on its left. Leaves are counted from left to right.
    pub first: u8,
}

/// An ensemble of trees of up to 64 leaves with up to 256 places, without a word that could be left out: the form in which
/// it is kept and from which it is laid out for serving.
#[derive(Debug, Clone, PartialEq)]
pub struct RankedTrees {
    /// Features of a row.
    pub columns: usize,
    /// Rising by column, then missing right before missing left, then threshold; 256 at most.
    pub places: Vec<RankedPlace>,
    /// At least one.
    pub members: Vec<RankedMember>,
    /// Leaves of each tree, 1 to 64.
    pub leaf_counts: Vec<u8>,
    /// The splits of each tree, one less than its leaves.
    pub splits: Vec<RankedSplit>,
    /// The values of the leaves of each tree, from left to right; finite.
    pub leaves: Vec<f32>,
}

/// Most leaves of a tree in this form.
pub(crate) const MOST_LEAVES: usize = 64;
/// Most places: a place is numbered by a byte.
pub(crate) const MOST_PLACES: usize = 256;
/// Most thresholds of a place: a rank, and one above all of them, fit a byte.
const MOST_THRESHOLDS: usize = 255;

/// A number that orders as `x` does among numbers that are not NaN; the same for -0 and 0.
fn key(x: f32) -> u32 {
    let bits = (x + 0.0).to_bits();
    if bits >> 31 == 0 { bits | 1 << 31 } else { !bits }
}

impl RankedTrees {
    /// The short form of an ensemble; `None` when a tree has too many leaves or all of them too many thresholds. A
    /// threshold of -0 becomes 0, which decides the same.
    pub fn of(ensemble: &Ensemble) -> Option<RankedTrees> {
        let trees = || ensemble.members().iter().flat_map(|member| &member.trees);
        if trees().any(|tree| tree.leaves() > MOST_LEAVES) {
            return None;
        }
        let mut ranked = RankedTrees {
            columns: ensemble.columns(),
            places: Vec::new(),
            members: Vec::with_capacity(ensemble.members().len()),
            leaf_counts: Vec::with_capacity(trees().count()),
            splits: Vec::new(),
            leaves: Vec::new(),
        };
        for member in ensemble.members() {
            ranked.members.push(RankedMember { base: member.base, trees: member.trees.len() });
        }
        // What each split compares with, and its number.
        let mut asked: Vec<(u64, u32)> = Vec::new();
        for tree in trees() {
            ranked.leaf_counts.push(tree.leaves() as u8);
            let (first, before) = (ranked.splits.len(), leaves_before(tree, &mut ranked.leaves));
            ranked.splits.resize(first + tree.leaves() - 1, RankedSplit { place: 0, rank: 0, first: 0 });
            for (i, node) in tree.nodes().iter().enumerate().filter(|(_, node)| !node.is_leaf()) {
                let at = first + usize::from(before[node.right as usize]) - 1;
                ranked.splits[at].first = before[i];
                let way = u64::from(node.column) << 1 | u64::from(node.missing_left);
                asked.push((way << 32 | u64::from(key(node.value)), u32::try_from(at).ok()?));
            }
        }
        asked.sort_unstable();
        let mut previous = None;
        for (key, at) in asked {
            let way = key >> 32;
            if previous != Some(key) {
                let threshold = threshold_of(key as u32);
                let room = |place: &&mut RankedPlace| place.thresholds.len() < MOST_THRESHOLDS;
                let same_way = previous.is_some_and(|key| key >> 32 == way);
                if let Some(place) = ranked.places.last_mut().filter(room).filter(|_| same_way) {
                    place.thresholds.push(threshold);
                } else if ranked.places.len() == MOST_PLACES {
                    return None;
                } else {
                    let (column, missing_left) = ((way >> 1) as u16, way & 1 == 1);
                    ranked.places.push(RankedPlace { column, missing_left, thresholds: vec![threshold] });
                }
                previous = Some(key);
            }
            let split = &mut ranked.splits[at as usize];
            split.place = (ranked.places.len() - 1) as u8;
            split.rank = (ranked.places.last()?.thresholds.len() - 1) as u8;
        }
        Some(ranked)
    }

    /// Checks what was read from outside, in time linear in its size.
    ///
    /// # Errors
    /// [`TreeError`]: as [`Tree::new`] and [`Ensemble::new`]; [`TreeError::LengthMismatch`] when counts do not fit what
    /// they count, [`TreeError::CorruptArray`] with the first number that has no meaning.
    pub fn check(&self) -> Result<(), TreeError> {
        check_columns(self.columns)?;
        if self.members.is_empty() {
            return Err(TreeError::NoMembers);
        }
        let unfit = |member: &RankedMember| !member.base.is_finite();
        if let Some(member) = self.members.iter().position(unfit) {
            return Err(TreeError::NonFiniteBase { member, value: self.members[member].base });
        }
        let same = |name, expected, found| match found == expected {
            true => Ok(()),
            false => Err(TreeError::LengthMismatch { name, expected, found }),
        };
        let trees = self.members.iter().fold(0usize, |sum, member| sum.saturating_add(member.trees));
        same("leaf_counts", trees, self.leaf_counts.len())?;
        let corrupt = |name, node, value: usize| Err(TreeError::CorruptArray { name, node, value: value as i64 });
        let count = |&leaves: &u8| (1..=MOST_LEAVES).contains(&usize::from(leaves));
        if let Some(tree) = self.leaf_counts.iter().position(|leaves| !count(leaves)) {
            return corrupt("leaf_counts", tree, self.leaf_counts[tree].into());
        }
        let leaves = self.leaf_counts.iter().map(|&leaves| usize::from(leaves)).sum::<usize>();
        same("leaves", leaves, self.leaves.len())?;
        same("splits", leaves - trees, self.splits.len())?;
        if let Some(node) = self.leaves.iter().position(|leaf| !leaf.is_finite()) {
            return Err(TreeError::CorruptTree { node, reason: "has a value that is not finite" });
        }
        self.check_places()?;
        let thresholds: Vec<usize> = self.places.iter().map(|place| place.thresholds.len()).collect();
        let mut from = 0;
        for &leaves in &self.leaf_counts {
            let splits = &self.splits[from..from + usize::from(leaves) - 1];
            for (i, split) in splits.iter().enumerate() {
                match thresholds.get(usize::from(split.place)) {
                    None => return corrupt("place", from + i, split.place.into()),
                    Some(&count) if usize::from(split.rank) >= count => {
                        return corrupt("rank", from + i, split.rank.into());
                    }
                    Some(_) => (),
                }
            }
            if let Some(at) = out_of_shape(splits) {
                return corrupt("first", from + at, splits[at].first.into());
            }
            from += splits.len();
        }
        Ok(())
    }

    fn check_places(&self) -> Result<(), TreeError> {
        let corrupt = |name, node, value: usize| Err(TreeError::CorruptArray { name, node, value: value as i64 });
        if self.places.len() > MOST_PLACES {
            return corrupt("places", 0, self.places.len());
        }
        for (i, place) in self.places.iter().enumerate() {
            if usize::from(place.column) >= self.columns {
                return corrupt("column", i, place.column.into());
            }
            if !(1..=MOST_THRESHOLDS).contains(&place.thresholds.len()) {
                return corrupt("thresholds", i, place.thresholds.len());
            }
            let rise = place.thresholds.windows(2).all(|pair| pair[0] < pair[1]);
            if !rise || !place.thresholds.iter().all(|threshold| threshold.is_finite()) {
                return Err(TreeError::CorruptTree {
                    node: i,
                    reason: "has thresholds that do not rise or are not finite",
                });
            }
        }
        let order = |place: &RankedPlace| (place.column, place.missing_left, key(place.thresholds[0]));
        let last =
            |place: &RankedPlace| (place.column, place.missing_left, key(place.thresholds[place.thresholds.len() - 1]));
        match self.places.windows(2).position(|pair| last(&pair[0]) >= order(&pair[1])) {
            Some(at) => corrupt("places", at + 1, at + 1),
            None => Ok(()),
        }
    }

    /// The same ensemble in full.
    ///
    /// # Errors
    /// As [`check`](Self::check).
    pub fn ensemble(&self) -> Result<Ensemble, TreeError> {
        self.check()?;
        let (mut splits, mut leaves) = (self.splits.as_slice(), self.leaves.as_slice());
        let mut counts = self.leaf_counts.iter().map(|&count| usize::from(count));
        let mut members = Vec::with_capacity(self.members.len());
        for member in &self.members {
            let mut trees = Vec::with_capacity(member.trees);
            for count in counts.by_ref().take(member.trees) {
                let (own_splits, later_splits) = splits.split_at(count - 1);
                let (own_leaves, later_leaves) = leaves.split_at(count);
                trees.push(Tree::new(self.nodes(own_splits, own_leaves), self.columns)?);
                (splits, leaves) = (later_splits, later_leaves);
            }
            members.push(Member { base: member.base, trees });
        }
        Ensemble::new(self.columns, members)
    }

    /// The nodes of a tree in preorder.
    fn nodes(&self, splits: &[RankedSplit], leaves: &[f32]) -> Vec<Node> {
        let mut nodes: Vec<Node> = Vec::with_capacity(2 * leaves.len() - 1);
        // Stretches of leaves whose subtrees are still to come, and the node whose right child each is.
        let mut pending = vec![(0, leaves.len() - 1, None)];
        while let Some((from, to, parent)) = pending.pop() {
            let here = nodes.len();
            if let Some(parent) = parent {
                let parent: &mut Node = &mut nodes[parent];
                parent.right = here as u32;
            }
            if from == to {
                nodes.push(Node::leaf(leaves[from]));
                continue;
            }
            // The root of a stretch has all its leaves before the root's last one on its left.
            let root = (from..to).rfind(|&at| usize::from(splits[at].first) == from).unwrap_or(from);
            let (split, place) = (splits[root], &self.places[usize::from(splits[root].place)]);
            let value = place.thresholds[usize::from(split.rank)];
            nodes.push(Node { value, right: 0, column: place.column, missing_left: place.missing_left });
            pending.push((root + 1, to, Some(here)));
            pending.push((from, root, None));
        }
        nodes
    }
}

/// The threshold of a key.
fn threshold_of(key: u32) -> f32 {
    f32::from_bits(if key >> 31 == 1 { key & !(1 << 31) } else { !key })
}

/// For each node of a tree the leaves to the left of it; appends the leaves' values.
fn leaves_before(tree: &Tree, leaves: &mut Vec<f32>) -> Vec<u8> {
    let mut count = 0;
    let of_node = |node: &Node| {
        let before = count;
        if node.is_leaf() {
            leaves.push(node.value);
            count += 1;
        }
        before
    };
    tree.nodes().iter().map(of_node).collect()
}

/// The first split whose leaves on the left are not what a tree has: of two splits, the leaves on the left of the later
/// one hold all of the earlier one's, or none of them and nothing before.
fn out_of_shape(splits: &[RankedSplit]) -> Option<usize> {
    // The first leaves of the finished subtrees so far: each split joins the subtrees from its first leaf on.
    let mut starts = [0u8; MOST_LEAVES];
    let mut count = 0;
    for (at, split) in splits.iter().enumerate() {
        // The leaf just before the split begins a subtree of its own.
        (starts[count], count) = (at as u8, count + 1);
        while count > 0 && starts[count - 1] > split.first {
            count -= 1;
        }
        if count == 0 || starts[count - 1] != split.first {
            return Some(at);
        }
        // Everything from here to this leaf is one subtree now; what follows is on its right.
    }
    None
}
