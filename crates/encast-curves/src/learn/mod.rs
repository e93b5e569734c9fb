//! Learning: lengths of the kernel by marginal likelihood, then the weights by generalized least squares.

mod centres;
mod fit;
mod lengths;
mod sample;
mod weights;

pub use fit::{CurveFit, CurveParams};
pub use sample::Sample;
