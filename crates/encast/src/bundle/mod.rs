//! The model bundle: what it holds, loading and saving. Two encodings of the same thing: JSON and compact binary.

mod binary;
mod file;
mod json;
mod metadata;
mod model;

pub use file::{MAX_BUNDLE_BYTES, load_model, save_model};
pub(crate) use metadata::trained_at_text;
pub use metadata::{HeadlineMetrics, ImportedModel, Metadata, NotLearnt, Range, TierFigures};
pub use model::Model;

/// The newest format that this build reads. It writes the oldest one that can hold a model: 1 without curves.
pub const FORMAT_VERSION: u32 = 2;
/// The first format that holds curves.
pub(crate) const FORMAT_WITH_CURVES: u32 = 2;
