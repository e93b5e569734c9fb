//! Smooth curves over a rate, learnt from few groups of many rows: Gaussian-process regression, served in microseconds.
//!
//! Measured curves (quality against bitrate, size against CRF) are smooth, and differ between sources by few
//! parameters. Rows of one source are far from independent: a learner that takes them for independent believes in its
//! few sources too much. Here each source (*group*) has a smooth deviation of its own in the model, so that what is
//! learnt is what the sources share.
//!
//! Three parts are kept apart. *Learning*: [`Sample`] and [`CurveParams`] turn a table into a model, with a forecast of
//! every row by a model that had not seen its group. *Meaning*: [`Curves`] is what was learnt, in the form in which it
//! is kept. *Serving*: [`Curves::curve`] gives the whole curve of one set of inputs, never falling (or never rising)
//! where that was asked for; [`Curve::at`] reads it at a rate, [`Curve::reaches`] inverts it exactly.
//!
//! ```
//! use encast_curves::{CurveParams, Direction, Sample};
//!
//! // Ten groups whose curves are shifted by their only input.
//! let (mut inputs, mut rates, mut targets, mut groups) = (vec![], vec![], vec![], vec![]);
//! for group in 0..10u32 {
//!     for step in 0..12 {
//!         let (shift, rate) = (f64::from(group) / 3.0, f64::from(step));
//!         inputs.push(shift);
//!         rates.push(rate);
//!         targets.push(100.0 / (1.0 + (-(rate - 4.0 - shift)).exp()));
//!         groups.push(group);
//!     }
//! }
//! let sample = Sample { columns: 1, inputs: &inputs, rates: &rates, targets: &targets, groups: &groups, settings: &[] };
//! let fit = CurveParams::new(Direction::Rising).fit(&sample)?;
//! let curve = fit.curves.curve(&[1.5]);
//! assert!((curve.at(5.5) - 50.0).abs() < 3.0);
//! assert!((curve.at(curve.reaches(80.0).unwrap()) - 80.0).abs() < 1e-6);
//! # Ok::<(), encast_curves::CurveError>(())
//! ```
//!
//! Everything is deterministic: the same sample and parameters give the same bits. Nothing panics on bad input.
#![deny(unsafe_code)]

mod error;
mod evaluate;
mod learn;
mod matrix;
mod model;
mod serve;
mod simd;

pub use error::CurveError;
pub use learn::{CENTRES, CurveFit, CurveParams, ROWS_PER_GROUP, ROWS_PER_STEP, STEPS, Sample};
pub use model::{Curves, Direction, KNOTS, MAX_CENTRES, MAX_COLUMNS};
pub use serve::Curve;
