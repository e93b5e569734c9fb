//! Serving: the fast evaluators, equal to the plain one bit for bit.

mod along;
mod crossing;
mod flat;
mod kernels;
mod lanes;
mod narrow;
mod packed;
mod ranks;
mod simd;
mod walk;

pub use crossing::{Crossing, crossing};
pub use flat::FlatEnsemble;
pub use simd::Instructions;
