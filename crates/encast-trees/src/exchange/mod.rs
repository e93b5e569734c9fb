//! Models of other libraries as [`Ensemble`]s, and ensembles as ONNX; behind the feature `exchange`.
//!
//! [`read`] takes a LightGBM text model, an XGBoost model (JSON or UBJSON) or an ONNX model of one TreeEnsembleRegressor,
//! told apart by their content. What is read decides as its origin does for every row of single-precision numbers, missing
//! ones included: thresholds are moved to the nearest number at which a comparison of this crate says the same. Only sums
//! differ by rounding: they are of double precision here (XGBoost and ONNX Runtime sum in single precision), over leaves of
//! single precision (LightGBM's are of double precision).
//!
//! Readers are functions of the bytes alone. They never panic, reserve no memory for a count that the bytes only claim, and
//! every error says where in the file it is, or in which tree and node.

mod decision;
mod error;
mod graph;
pub mod lightgbm;
pub mod onnx;
mod ubjson;
mod value;
pub mod xgboost;

use std::fmt;

pub use error::{ExchangeError, Position};

use crate::Ensemble;

/// Largest file that is read, bytes.
pub const MOST_BYTES: usize = 256 << 20;

/// What wrote a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// LightGBM's text model.
    LightGbm,
    /// XGBoost's model as JSON.
    XgboostJson,
    /// XGBoost's model as UBJSON.
    XgboostUbjson,
    /// An ONNX model of one TreeEnsembleRegressor.
    Onnx,
}

impl Format {
    /// `lightgbm`, `xgboost-json`, `xgboost-ubjson` or `onnx`.
    pub const fn name(self) -> &'static str {
        match self {
            Format::LightGbm => "lightgbm",
            Format::XgboostJson => "xgboost-json",
            Format::XgboostUbjson => "xgboost-ubjson",
            Format::Onnx => "onnx",
        }
    }

    /// The format of these bytes, by how they begin.
    ///
    /// # Errors
    /// [`ExchangeError::UnknownFormat`].
    pub fn of(bytes: &[u8]) -> Result<Format, ExchangeError> {
        let start = bytes.trim_ascii_start();
        match start {
            [b'{', b'i' | b'U' | b'I' | b'l' | b'L' | b'#' | b'$', ..] => Ok(Format::XgboostUbjson),
            [b'{', ..] => Ok(Format::XgboostJson),
            [b't', b'r', b'e', b'e', b'\n' | b'\r', ..] => Ok(Format::LightGbm),
            // The first field of a model in ONNX is the version of its representation.
            [0x08, ..] => Ok(Format::Onnx),
            _ => Err(ExchangeError::UnknownFormat),
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A model of another library.
#[derive(Debug, Clone, PartialEq)]
pub struct ForeignModel {
    /// What wrote it.
    pub format: Format,
    /// The names of its features, in the order of the ensemble's columns; made up by the library (`Column_0`, `f0`) or by
    /// the reader (`x0`, ONNX) where it was trained without names.
    pub feature_names: Vec<String>,
    /// What it was trained for, by the library's name; empty where the format does not tell. The forecast is the sum of the
    /// trees for all that are read.
    pub objective: String,
    /// The trees; predicts in the unit that the model was trained on.
    pub ensemble: Ensemble,
    /// What the caller should know, in words.
    pub notes: Vec<String>,
}

/// Reads a model of any of the formats.
///
/// # Errors
/// [`ExchangeError::UnknownFormat`], [`ExchangeError::TooLarge`] above [`MOST_BYTES`], and those of the readers.
pub fn read(bytes: &[u8]) -> Result<ForeignModel, ExchangeError> {
    if bytes.len() > MOST_BYTES {
        return Err(ExchangeError::TooLarge { found: bytes.len(), most: MOST_BYTES });
    }
    match Format::of(bytes)? {
        Format::LightGbm => lightgbm::read(bytes.trim_ascii_start()),
        Format::XgboostJson => xgboost::read_json(bytes),
        Format::XgboostUbjson => xgboost::read_ubjson(bytes.trim_ascii_start()),
        Format::Onnx => onnx::read(bytes),
    }
}
