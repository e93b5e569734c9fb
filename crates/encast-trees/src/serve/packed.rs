//! Packed trees: eight bytes a node, siblings side by side, walked without branches.

use crate::model::Tree;

/// One node. A step from node `i` goes to `i + (link >> 8)`, one further when the feature's key is above `key`.
///
/// The low byte of `link` is the feature's place in a [`Features`] buffer. A leaf steps to itself: its offset is 0, and
/// its key is one that nothing is above.
#[derive(Debug, Clone, Copy)]
struct PackedNode {
    key: u32,
    link: u32,
}

impl PackedNode {
    /// Until its children are known, and for good when it has none.
    const LEAF: Self = Self { key: u32::MAX, link: 0 };
}

/// A number that orders as `x` does among numbers, and equals the key of another only if they are equal.
/// Integers compare and add up in fewer instructions than floats. `x` must not be NaN.
fn key(x: f32) -> u32 {
    // Adding 0 makes -0 the same as 0.
    let bits = (x + 0.0).to_bits();
    if bits >> 31 == 0 { bits | 1 << 31 } else { !bits }
}

/// Trees one after another.
#[derive(Debug, Clone, Default)]
pub(super) struct Packed {
    nodes: Vec<PackedNode>,
    /// The value of each node that is a leaf; 0 for others.
    leaves: Vec<f32>,
    /// The root of each tree.
    pub(super) roots: Vec<u32>,
}

/// The keys of one row's features as packed nodes read them: twice each, so that no step needs to ask for NaN.
///
/// At `2k` stands the `k`-th used feature with missing above all numbers (it goes right), at `2k + 1` with missing
/// below all numbers (it goes left).
pub(super) type Features<const W: usize> = [u32; W];

/// Copies the `used` features of `row`; those beyond its end are missing.
pub(super) fn load<const W: usize>(features: &mut Features<W>, row: &[f32], used: &[u16]) {
    for (pair, &column) in features.chunks_exact_mut(2).zip(used) {
        let x = row.get(usize::from(column)).copied().unwrap_or(f32::NAN);
        (pair[0], pair[1]) = if x.is_nan() { (u32::MAX, 0) } else { (key(x), key(x)) };
    }
}

impl Packed {
    /// Appends a tree. `used` are the columns that any tree uses, ascending and at most 128.
    /// Returns `false`, and appends nothing, when the nodes would be too many to number.
    pub(super) fn push(&mut self, tree: &Tree, used: &[u16]) -> bool {
        let root = self.nodes.len();
        let nodes = tree.nodes();
        if root + nodes.len() > u32::MAX as usize {
            return false;
        }
        self.roots.push(root as u32);
        self.nodes.resize(root + nodes.len(), PackedNode::LEAF);
        self.leaves.resize(root + nodes.len(), 0.0);
        // Nodes in breadth-first order, so that siblings are neighbours and the upper levels share cache lines.
        let mut order: Vec<usize> = vec![0];
        let mut i = 0;
        while let Some(&from) = order.get(i) {
            let node = nodes[from];
            let to = root + i;
            if node.is_leaf() {
                self.leaves[to] = node.value;
            } else {
                let place = used.partition_point(|&column| column < node.column) * 2 + usize::from(node.missing_left);
                let offset = order.len() - i;
                self.nodes[to] = PackedNode { key: key(node.value), link: (offset << 8 | place) as u32 };
                order.push(from + 1);
                order.push(node.right as usize);
            }
            i += 1;
        }
        true
    }

    /// The bytes the trees take.
    pub(super) fn size_bytes(&self) -> usize {
        self.nodes.len() * size_of::<PackedNode>()
            + self.leaves.len() * size_of::<f32>()
            + self.roots.len() * size_of::<u32>()
    }

    /// Walks from `N` roots side by side; `features` gives the features for each. Returns the values of the leaves.
    ///
    /// The walks do not wait for one another's memory: that, and the absence of branches that depend on the data, is
    /// where the speed comes from.
    #[inline(always)]
    pub(super) fn walk<'f, const N: usize, const W: usize>(
        &self,
        roots: [u32; N],
        features: impl Fn(usize) -> &'f Features<W>,
    ) -> [f32; N] {
        self.walk_to(roots, features).map(|at| self.leaf(at))
    }

    /// The value of a leaf.
    #[inline(always)]
    pub(super) fn leaf(&self, node: u32) -> f32 {
        self.leaves[node as usize]
    }

    /// As [`walk`](Self::walk), giving the leaves' nodes.
    #[inline(always)]
    pub(super) fn walk_to<'f, const N: usize, const W: usize>(
        &self,
        roots: [u32; N],
        features: impl Fn(usize) -> &'f Features<W>,
    ) -> [u32; N] {
        let nodes = self.nodes.as_slice();
        let mut at = roots;
        let step = |at: &mut u32, lane: usize| {
            let node = nodes[*at as usize];
            let offset = node.link >> 8;
            *at += offset + u32::from(node.key < features(lane)[node.link as usize % W]);
            offset
        };
        loop {
            let lanes = at.iter_mut().enumerate();
            let moved = lanes.fold(0, |moved, (lane, at)| moved | step(at, lane));
            if moved == 0 {
                return at;
            }
        }
    }
}
