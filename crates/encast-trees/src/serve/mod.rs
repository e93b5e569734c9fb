//! Serving: the fast evaluator, equal to the plain one bit for bit.

mod flat;

pub use flat::FlatEnsemble;
