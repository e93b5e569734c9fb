//! Everything that can go wrong, with names, values and bounds.

/// Why a sample, a parameter or a model was refused. Rows and columns are counted from 0.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CurveError {
    /// A parameter lies outside its range.
    #[error("parameter {name} is {value}, but must be {bound}")]
    ParameterOutOfRange {
        /// The parameter's name, as its setter is called.
        name: &'static str,
        /// The value that was given.
        value: f64,
        /// The values that are allowed, in words.
        bound: &'static str,
    },
    /// Two things that must be equally long are not.
    #[error("{name} has length {found}, but must have {expected}")]
    LengthMismatch {
        /// What has the wrong length.
        name: &'static str,
        /// The length that is needed.
        expected: usize,
        /// The length that was found.
        found: usize,
    },
    /// A number is NaN or infinite.
    #[error("{name} of row {row} is {value}, but must be finite")]
    NotFinite {
        /// What it is: `inputs`, `rates` or `targets`.
        name: &'static str,
        /// The row.
        row: usize,
        /// The number.
        value: f64,
    },
    /// Too few rows or groups to learn from.
    #[error("{found} {name}, but at least {needed} are needed")]
    TooFew {
        /// What there is too little of.
        name: &'static str,
        /// How much there is.
        found: usize,
        /// How much is needed.
        needed: usize,
    },
    /// The rates or the targets are all the same.
    #[error("all {name} are {value}: there is no curve to learn")]
    Constant {
        /// `rates` or `targets`.
        name: &'static str,
        /// The one value.
        value: f64,
    },
    /// The equations could not be solved: the sample's numbers are too far apart in size.
    #[error("the equations of the fit could not be solved; a column may hold numbers of very different size")]
    Unsolvable,
    /// Parts of a model do not fit together, or hold numbers that can't be.
    #[error("invalid curves: {reason}")]
    Invalid {
        /// What is wrong.
        reason: String,
    },
}
