//! Meaning: what a tree and an ensemble are, and the plain way to evaluate them.

mod ensemble;
mod ranked;
mod tally;
mod tree;
mod wire;

pub use ensemble::{Ensemble, Member};
pub(crate) use ranked::MOST_PLACES;
pub use ranked::{RankedMember, RankedPlace, RankedSplit, RankedTrees};
pub(crate) use tally::Tally;
#[cfg(feature = "exchange")]
pub(crate) use tree::MOST_NODES;
pub use tree::{Node, Tree};
