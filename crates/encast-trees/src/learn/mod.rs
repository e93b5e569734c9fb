//! Learning: from a binned table to an ensemble.

mod binning;
mod boosting;
mod boosting_params;
mod forest;
mod forest_params;
mod grower;
mod grown;
mod histogram;
mod loss;
mod packed;
mod parallel;
mod parting;
mod random;
mod sample;
mod split;

pub use binning::BinnedRows;
pub use boosting::BoostingFit;
pub use boosting_params::{BoostingParams, BoostingValidParams};
pub use forest::ForestFit;
pub use forest_params::{ForestParams, ForestValidParams};
pub use loss::Loss;
pub use sample::Sample;
pub use split::Monotone;
