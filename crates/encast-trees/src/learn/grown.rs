//! A grown tree, and its evaluation on binned rows.

use super::sample::{Column, Table};
use super::split::Split;
use crate::Tree;

/// Rows that are walked side by side.
const LANES: usize = 8;

/// A grown tree, with what is needed to evaluate it on binned rows.
#[derive(Debug)]
pub(crate) struct Grown {
    pub(crate) tree: Tree,
    steps: Vec<Step>,
}

/// One node of a grown tree, in terms of bins. A leaf steps to itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step {
    left: u32,
    pub(crate) right: u32,
    /// The position among the table's columns.
    column: u16,
    /// The bin of missing values where they go left, and a number that no bin has where they go right.
    missing: u16,
    /// The last bin that goes left.
    bin: u8,
}

impl Step {
    /// The step at leaf `here`.
    pub(crate) fn leaf(here: u32) -> Self {
        Self { left: here, right: here, column: 0, missing: u16::MAX, bin: 0 }
    }

    /// The step at split `here`; the right child is not known yet.
    pub(crate) fn split(here: u32, split: &Split, column: &Column<'_>) -> Self {
        let missing = if split.missing_left { column.missing() as u16 } else { u16::MAX };
        Self { left: here + 1, right: 0, column: split.column as u16, missing, bin: split.bin }
    }
}

impl Grown {
    /// A tree and its steps, one for each node.
    pub(crate) fn new(tree: Tree, steps: Vec<Step>) -> Self {
        Self { tree, steps }
    }

    /// The value of the leaf that a row of bins falls into.
    pub(crate) fn evaluate(&self, bins: &[u8]) -> f32 {
        let [leaf] = self.walk([bins]);
        leaf
    }

    /// Adds to the score of each of `rows` the value of the leaf it falls into.
    pub(crate) fn add_to(&self, scores: &mut [f64], table: &Table<'_>, rows: &[u32]) {
        let (groups, rest) = rows.as_chunks::<LANES>();
        for group in groups {
            let leaves = self.walk(group.map(|row| table.row(row as usize)));
            for (&row, leaf) in group.iter().zip(leaves) {
                scores[row as usize] += f64::from(leaf);
            }
        }
        for &row in rest {
            scores[row as usize] += f64::from(self.evaluate(table.row(row as usize)));
        }
    }

    /// Walks several rows side by side, without branches that depend on the data.
    fn walk<const N: usize>(&self, rows: [&[u8]; N]) -> [f32; N] {
        let mut at = [0u32; N];
        loop {
            let mut moved = 0;
            for (at, bins) in at.iter_mut().zip(rows) {
                let step = self.steps[*at as usize];
                let bin = bins[usize::from(step.column)];
                let left = (bin <= step.bin) | (u16::from(bin) == step.missing);
                let next = if left { step.left } else { step.right };
                moved |= next ^ *at;
                *at = next;
            }
            if moved == 0 {
                return at.map(|at| self.tree.nodes()[at as usize].value);
            }
        }
    }
}
