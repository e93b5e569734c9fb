//! ONNX models of one `ai.onnx.ml` TreeEnsembleRegressor: read and written without a library for protocol buffers, of which
//! a model needs a dozen messages.

mod attributes;
mod read;
mod wire;
mod write;

pub use read::read;
pub use write::{OnnxLabels, write};

/// The domain of the operator, and its name.
const DOMAIN: &str = "ai.onnx.ml";
const OPERATOR: &str = "TreeEnsembleRegressor";
