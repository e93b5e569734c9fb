//! Serving: the fast evaluator, equal to the plain one bit for bit.

mod flat;
mod narrow;
mod packed;

pub use flat::FlatEnsemble;
pub use narrow::Crossing;
