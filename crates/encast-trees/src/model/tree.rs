//! One regression tree: its nodes, their validation and their plain evaluation.

use crate::TreeError;
use crate::rows::check_columns;

/// The largest number of nodes of one tree.
pub(crate) const MOST_NODES: usize = 1 << 24;

/// One node of a [`Tree`], 12 bytes.
///
/// Nodes stand in preorder: the left child of node `i` is node `i + 1`, the right child is node `right`.
/// `x <= value` goes left, `x > value` goes right, NaN goes to the missing side.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Node {
    /// The threshold of a split, or the value of a leaf; finite.
    pub value: f32,
    /// The right child of a split, above `i + 1`; 0 for a leaf.
    pub right: u32,
    /// The column a split looks at; [`Node::LEAF`] for a leaf.
    pub column: u16,
    /// Whether a missing value goes left.
    pub missing_left: bool,
}

impl Node {
    /// The column number that marks a leaf.
    pub const LEAF: u16 = u16::MAX;

    /// A leaf of the given value.
    pub fn leaf(value: f32) -> Self {
        Self { value, right: 0, column: Self::LEAF, missing_left: false }
    }

    /// Whether this node is a leaf.
    pub fn is_leaf(&self) -> bool {
        self.column == Self::LEAF
    }
}

/// A validated regression tree.
#[derive(Debug, Clone, PartialEq)]
pub struct Tree {
    nodes: Vec<Node>,
    leaves: usize,
    depth: usize,
}

impl Tree {
    /// Checks that `nodes` are one tree in exact preorder over `columns` features.
    ///
    /// Time and memory are linear in the number of nodes, and no recursion takes place, whatever the nodes hold.
    ///
    /// # Errors
    /// [`TreeError::CorruptTree`] with the first node at fault, [`TreeError::TooManyNodes`] above 2²⁴ nodes, and
    /// [`TreeError::NoColumns`] or [`TreeError::TooManyColumns`] for a number of columns no table can have.
    pub fn new(nodes: Vec<Node>, columns: usize) -> Result<Self, TreeError> {
        check_columns(columns)?;
        if nodes.len() > MOST_NODES {
            return Err(TreeError::TooManyNodes { found: nodes.len(), most: MOST_NODES });
        }
        let corrupt = |node, reason| Err(TreeError::CorruptTree { node, reason });
        // Right children that are still to come, with their depth; the next one due is last.
        let mut pending: Vec<(usize, usize)> = Vec::new();
        let (mut leaves, mut deepest, mut depth) = (0, 0, 0);
        for (i, node) in nodes.iter().enumerate() {
            if !node.value.is_finite() {
                return corrupt(i, "has a value that is not finite");
            }
            if !node.is_leaf() {
                let right = node.right as usize;
                if usize::from(node.column) >= columns {
                    return corrupt(i, "splits on a column that does not exist");
                }
                if right <= i + 1 {
                    return corrupt(i, "has a right child that does not come after its left child");
                }
                if right >= nodes.len() {
                    return corrupt(i, "has a right child beyond the last node");
                }
                depth += 1;
                pending.push((right, depth));
                continue;
            }
            if node.right != 0 {
                return corrupt(i, "is a leaf with a right child");
            }
            leaves += 1;
            deepest = deepest.max(depth);
            match pending.pop() {
                Some((right, below)) if right == i + 1 => depth = below,
                Some(_) => return corrupt(i, "is not followed by the right child that is due"),
                None if i + 1 == nodes.len() => {
                    return Ok(Self { nodes, leaves, depth: deepest });
                }
                None => return corrupt(i + 1, "is not reached from the root"),
            }
        }
        corrupt(nodes.len(), "is missing")
    }

    /// The nodes, in preorder.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The number of leaves; at least 1.
    pub fn leaves(&self) -> usize {
        self.leaves
    }

    /// The number of splits on the longest way from the root to a leaf; 0 for a single leaf.
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// The value of the leaf that `row` falls into. Features beyond the end of `row` count as missing.
    pub fn evaluate(&self, row: &[f32]) -> f32 {
        let mut i = 0;
        loop {
            let node = &self.nodes[i];
            if node.is_leaf() {
                return node.value;
            }
            let x = row.get(usize::from(node.column)).copied().unwrap_or(f32::NAN);
            let left = if x.is_nan() { node.missing_left } else { x <= node.value };
            i = if left { i + 1 } else { node.right as usize };
        }
    }
}
