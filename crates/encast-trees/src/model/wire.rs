//! The serialised form of trees and ensembles: plain arrays, exact and short in text formats.

use serde::ser::SerializeStruct;
use serde::{Deserialize, Serialize, Serializer};

use super::{Ensemble, Member, Node, Tree};
use crate::TreeError;
use crate::rows::check_columns;

impl Serialize for Tree {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let nodes = self.nodes();
        let column = |node: &Node| {
            if node.is_leaf() { -1 } else { i32::from(node.column) }
        };
        let mut form = serializer.serialize_struct("Tree", 4)?;
        form.serialize_field("column", &nodes.iter().map(column).collect::<Vec<_>>())?;
        form.serialize_field("value", &nodes.iter().map(|node| node.value).collect::<Vec<f32>>())?;
        form.serialize_field("right", &nodes.iter().map(|node| node.right).collect::<Vec<u32>>())?;
        form.serialize_field("missing", &nodes.iter().map(|node| u8::from(node.missing_left)).collect::<Vec<u8>>())?;
        form.end()
    }
}

impl Serialize for Member {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut form = serializer.serialize_struct("Member", 2)?;
        form.serialize_field("base", &self.base)?;
        form.serialize_field("trees", &self.trees)?;
        form.end()
    }
}

/// A tree as it is read, before anything is believed.
#[derive(Deserialize)]
#[serde(rename = "Tree")]
struct WireTree {
    column: Vec<i32>,
    value: Vec<f32>,
    right: Vec<u32>,
    missing: Vec<u8>,
}

/// A member as it is read.
#[derive(Deserialize)]
#[serde(rename = "Member")]
struct WireMember {
    base: f64,
    trees: Vec<WireTree>,
}

/// An ensemble as it is read.
#[derive(Deserialize)]
#[serde(rename = "Ensemble")]
pub(super) struct WireEnsemble {
    columns: usize,
    members: Vec<WireMember>,
}

impl WireTree {
    fn check(self, columns: usize) -> Result<Tree, TreeError> {
        let expected = self.column.len();
        for (name, found) in [("value", self.value.len()), ("right", self.right.len()), ("missing", self.missing.len())]
        {
            if found != expected {
                return Err(TreeError::LengthMismatch { name, expected, found });
            }
        }
        let mut nodes = Vec::with_capacity(expected);
        for (i, &column) in self.column.iter().enumerate() {
            let name = match column {
                -1 => Node::LEAF,
                _ => u16::try_from(column).ok().filter(|&name| name != Node::LEAF).ok_or(TreeError::CorruptArray {
                    name: "column",
                    node: i,
                    value: column.into(),
                })?,
            };
            let missing = self.missing[i];
            if missing > 1 {
                return Err(TreeError::CorruptArray { name: "missing", node: i, value: missing.into() });
            }
            let (value, right) = (self.value[i], self.right[i]);
            nodes.push(Node { value, right, column: name, missing_left: missing == 1 });
        }
        Tree::new(nodes, columns)
    }
}

impl TryFrom<WireEnsemble> for Ensemble {
    type Error = TreeError;

    fn try_from(wire: WireEnsemble) -> Result<Self, TreeError> {
        check_columns(wire.columns)?;
        let mut members = Vec::with_capacity(wire.members.len());
        for member in wire.members {
            let trees = member.trees.into_iter().map(|tree| tree.check(wire.columns)).collect::<Result<_, _>>()?;
            members.push(Member { base: member.base, trees });
        }
        Ensemble::new(wire.columns, members)
    }
}
