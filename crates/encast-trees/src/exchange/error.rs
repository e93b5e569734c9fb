//! Why a model of another library was refused, and where in its file.

use std::fmt;

use crate::TreeError;

/// Where in a file something stands.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Position {
    /// A line, from 1.
    Line(usize),
    /// A line and a column, both from 1.
    LineColumn(usize, usize),
    /// A byte, from 0.
    Byte(usize),
    /// A path of keys, such as `learner.gradient_booster.model.trees[3].left_children`.
    Path(String),
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Position::Line(line) => write!(f, "line {line}"),
            Position::LineColumn(line, column) => write!(f, "line {line}, column {column}"),
            Position::Byte(byte) => write!(f, "byte {byte}"),
            Position::Path(path) => f.write_str(path),
        }
    }
}

/// Why a model of another library was refused.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ExchangeError {
    /// The bytes are of no format that is known.
    #[error("byte 0: neither a LightGBM text model, nor an XGBoost model (JSON, UBJSON), nor an ONNX model")]
    UnknownFormat,
    /// The file is larger than any model may be.
    #[error("{found} bytes, at most {most} allowed")]
    TooLarge {
        /// Bytes found.
        found: usize,
        /// Bytes allowed.
        most: usize,
    },
    /// The bytes break a rule of the format.
    #[error("{at}: {reason}")]
    Malformed {
        /// Where.
        at: Position,
        /// Which rule, with the value.
        reason: String,
    },
    /// A tree whose nodes do not make up a tree, or hold what no node here can hold.
    #[error("tree {tree}, node {node}: {reason}")]
    Tree {
        /// The tree, from 0.
        tree: usize,
        /// The node, by its number in the file.
        node: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// The model is well formed, but means something that sums of trees with one output can't mean.
    #[error("{what} is not supported: {reason}")]
    Unsupported {
        /// What it is, by its name in the format.
        what: String,
        /// Why not, and what to do.
        reason: String,
    },
    /// The trees were refused.
    #[error(transparent)]
    Trees(#[from] TreeError),
}

impl ExchangeError {
    pub(super) fn at(at: Position, reason: impl Into<String>) -> Self {
        ExchangeError::Malformed { at, reason: reason.into() }
    }

    pub(super) fn unsupported(what: impl Into<String>, reason: impl Into<String>) -> Self {
        ExchangeError::Unsupported { what: what.into(), reason: reason.into() }
    }
}

pub(super) type Result<T> = std::result::Result<T, ExchangeError>;
