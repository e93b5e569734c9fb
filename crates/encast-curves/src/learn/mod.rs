//! Learning: lengths of the kernel by marginal likelihood, then the weights by generalized least squares.

mod centres;
mod factors;
mod fit;
mod lengths;
mod sample;
mod weights;

pub use fit::{CENTRES, CurveFit, CurveParams, ROWS_PER_GROUP, ROWS_PER_STEP, STEPS};
pub use sample::Sample;
