//! Tree ensembles for regression: random forests and gradient boosting over small, dense tables.
//!
//! Three parts are kept apart. *Meaning*: [`Tree`], [`Member`] and [`Ensemble`] say what a model is and evaluate it
//! plainly. *Learning*: [`BinnedRows`], [`Sample`], [`ForestParams`] and [`BoostingParams`] turn a table into an
//! ensemble. *Serving*: [`FlatEnsemble`] evaluates the same ensemble fast, and agrees with it bit for bit.
//!
//! Features are `f32`, NaN means missing. Sums are `f64`, always taken in the order of the trees. The same data,
//! parameters and seed give the same model bit for bit, whatever the number of threads.
//!
//! With the feature `exchange`, models of LightGBM, XGBoost and ONNX are read as ensembles, and ensembles are written as
//! ONNX. With the feature `linfa`, the parameters implement linfa's `ParamGuard` and `Fit`, and what they fit implements
//! `Predict`.
//!
//! ```
//! use encast_trees::{BinnedRows, BoostingParams, FlatEnsemble, Monotone, Rows, Sample};
//!
//! // y = 3·a, with b as noise; one value of a is missing.
//! let mut values: Vec<f32> = (0..200).flat_map(|i| [i as f32 / 10.0, (i * 7 % 13) as f32]).collect();
//! let targets: Vec<f32> = values.chunks(2).map(|row| 3.0 * row[0]).collect();
//! values[20] = f32::NAN;
//!
//! let rows = Rows::new(&values, 2)?;
//! let binned = BinnedRows::new(rows, 255)?;
//! let sample = Sample { binned: &binned, targets: &targets, weights: None, rows: None, columns: None };
//! let fit = BoostingParams::new()
//!     .trees(200)
//!     .min_leaf_rows(5)
//!     .monotone(vec![Monotone::Increasing, Monotone::None])
//!     .seed(7)
//!     .check()?
//!     .fit(&sample, None)?;
//!
//! let model = FlatEnsemble::new(&fit.ensemble);
//! assert!((model.predict(&[10.0, 4.0]) - 30.0).abs() < 1.5);
//! assert_eq!(model.predict(&[10.0, 4.0]), fit.ensemble.predict(&[10.0, 4.0]));
//! # Ok::<(), encast_trees::TreeError>(())
//! ```
#![deny(unsafe_code)]

mod error;
#[cfg(feature = "exchange")]
pub mod exchange;
mod learn;
#[cfg(feature = "linfa")]
pub mod linfa;
mod model;
mod rows;
mod serve;

pub use error::TreeError;
pub use learn::{
    BinnedRows, BoostingFit, BoostingParams, BoostingValidParams, ForestFit, ForestParams, ForestValidParams, Loss,
    Monotone, Sample,
};
pub use model::{Ensemble, Member, Node, RankedMember, RankedPlace, RankedSplit, RankedTrees, Tree};
pub use rows::Rows;
pub use serve::{Crossing, FlatEnsemble, Instructions, crossing};
