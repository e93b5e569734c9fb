//! An ensemble: the mean over members, each a base and a sum of trees.

use serde::{Deserialize, Serialize};

use super::wire::WireEnsemble;
use super::{Tally, Tree};
use crate::TreeError;
use crate::rows::check_columns;

/// A chain of trees: predicts `base` plus the sum of the leaves that a row falls into.
///
/// A forest has one tree in each of many members; boosting has one member with many trees.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    /// What the member predicts before any tree; finite, in the unit of the target.
    pub base: f64,
    /// The trees, in the order in which their leaves are added; may be empty.
    pub trees: Vec<Tree>,
}

impl Member {
    /// `base` plus the leaves of all trees for `row`, added in tree order.
    pub fn predict(&self, row: &[f32]) -> f64 {
        self.trees.iter().fold(self.base, |sum, tree| sum + f64::from(tree.evaluate(row)))
    }
}

/// A validated model: predicts the mean over its members.
///
/// This is the plain evaluator that says what a model means; [`FlatEnsemble`](crate::FlatEnsemble) is the fast one.
///
/// Serialised, it is `{"columns", "members": [{"base", "trees": [{"column", "value", "right", "missing"}]}]}`: the
/// arrays of a tree hold one entry a node, `column` is -1 for a leaf, `missing` is 1 where missing goes left.
/// Reading one back validates it as [`Ensemble::new`] does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "WireEnsemble")]
pub struct Ensemble {
    columns: usize,
    members: Vec<Member>,
}

impl Ensemble {
    /// An ensemble over `columns` features.
    ///
    /// # Errors
    /// [`TreeError::NoMembers`], [`TreeError::NonFiniteBase`], [`TreeError::CorruptTree`] when a tree splits on a
    /// column that does not exist, [`TreeError::NoColumns`], [`TreeError::TooManyColumns`].
    pub fn new(columns: usize, members: Vec<Member>) -> Result<Self, TreeError> {
        check_columns(columns)?;
        if members.is_empty() {
            return Err(TreeError::NoMembers);
        }
        for (i, member) in members.iter().enumerate() {
            if !member.base.is_finite() {
                return Err(TreeError::NonFiniteBase { member: i, value: member.base });
            }
            for tree in &member.trees {
                let beyond = |node: &super::Node| !node.is_leaf() && usize::from(node.column) >= columns;
                if let Some(node) = tree.nodes().iter().position(beyond) {
                    return Err(TreeError::CorruptTree { node, reason: "splits on a column that does not exist" });
                }
            }
        }
        Ok(Self { columns, members })
    }

    /// The number of features of a row.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// The members; at least one.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// The mean over the members, in the unit of the target. Features beyond the end of `row` count as missing.
    pub fn predict(&self, row: &[f32]) -> f64 {
        self.predict_with_spread(row).0
    }

    /// The mean over the members and their population standard deviation, both in the unit of the target.
    pub fn predict_with_spread(&self, row: &[f32]) -> (f64, f64) {
        let mut tally = Tally::default();
        for member in &self.members {
            tally.add(member.predict(row));
        }
        (tally.mean(), tally.spread())
    }

    /// One ensemble that predicts the mean over all members of all given ensembles, in the given order.
    ///
    /// # Errors
    /// [`TreeError::NoMembers`] when nothing is given, [`TreeError::LengthMismatch`] when the numbers of columns
    /// differ.
    pub fn average(ensembles: Vec<Ensemble>) -> Result<Ensemble, TreeError> {
        let expected = ensembles.first().ok_or(TreeError::NoMembers)?.columns;
        if let Some(other) = ensembles.iter().find(|ensemble| ensemble.columns != expected) {
            return Err(TreeError::LengthMismatch { name: "columns", expected, found: other.columns });
        }
        let members = ensembles.into_iter().flat_map(|ensemble| ensemble.members).collect();
        Ok(Ensemble { columns: expected, members })
    }
}
