//! The model bundle: what it holds, loading and saving. Two encodings of the same thing: JSON and compact binary.

mod binary;
mod file;
mod json;
mod metadata;
mod model;
mod shares;
mod trees;

pub use file::{MAX_BUNDLE_BYTES, load_model, load_model_with, save_model};
pub(crate) use metadata::trained_at_text;
pub use metadata::{HeadlineMetrics, ImportedModel, Metadata, NotLearnt, Range, TierFigures};
pub use model::Model;
pub use shares::{NumberShares, TrainingShares};
pub(crate) use shares::{name_in, of_source};

/// The newest format that this build reads. A model is written in the format that it was read in; what is trained here
/// is written in format 1 without curves, which older builds read, and in format 3 with them.
pub const FORMAT_VERSION: u32 = 3;
/// The first format that holds curves.
pub(crate) const FORMAT_WITH_CURVES: u32 = 2;
/// The first format whose curves may have a basis, and whose small trees are kept in short.
pub(crate) const FORMAT_WITH_BASIS: u32 = 3;
