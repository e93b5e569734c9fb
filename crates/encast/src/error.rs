//! The one error type: every variant carries the field, the value and the bound.

use std::path::PathBuf;

use crate::{field::Field, target::Target};

/// Everything that can go wrong in this crate. Nothing here panics instead.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An input outside its documented bound, or not a finite number.
    #[error("{field} = {value}: must be {bound}")]
    InvalidField {
        /// Name of the input, as in requests and tables.
        field: &'static str,
        /// What was given.
        value: String,
        /// What is allowed.
        bound: String,
    },
    /// An input that has to be there is not.
    #[error("{field} is missing: {needed}")]
    MissingField {
        /// Name of the input.
        field: &'static str,
        /// What has to be given.
        needed: &'static str,
    },
    /// A codec, encoder, preset, target … name that is not known.
    #[error("unknown {field} '{value}': known are {known}")]
    UnknownName {
        /// What kind of name.
        field: &'static str,
        /// What was given.
        value: String,
        /// The known names, separated by commas.
        known: String,
    },
    /// Two given names that do not belong together (an encoder of another codec).
    #[error("{field} = {value} does not go with {other}")]
    Contradiction {
        /// Name of the input.
        field: &'static str,
        /// What was given.
        value: String,
        /// The other input and its value.
        other: String,
    },
    /// The model holds no forecast of this target for such a request.
    #[error("{target} is not predicted by this model: {reason}")]
    NotPredicted {
        /// The target asked for.
        target: Target,
        /// Why not, and what to do.
        reason: String,
    },
    /// One of a request's anchors is bad.
    #[error("anchors[{index}]{}{source}", if matches!(**source, Error::UnknownName { .. }) { ": " } else { "." })]
    Anchor {
        /// Index of the anchor, from 0.
        index: usize,
        /// What is wrong with it.
        source: Box<Error>,
    },
    /// One row of a batch or of a training set is bad.
    #[error("row {row}: {source}")]
    Row {
        /// Index of the row, from 0.
        row: usize,
        /// What is wrong with it.
        source: Box<Error>,
    },
    /// A file could not be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },
    /// The model file does not exist.
    #[error("model file {} does not exist", path.display())]
    ModelMissing {
        /// The file.
        path: PathBuf,
    },
    /// The model file is neither a binary nor a JSON bundle.
    #[error("not an encast model bundle: it starts with {found}, not with {expected}")]
    WrongMagic {
        /// The first bytes, printable.
        found: String,
        /// The magic number, and JSON's opening brace.
        expected: &'static str,
    },
    /// The model file ends too early.
    #[error("model bundle is truncated: {needed} bytes needed, {found} found")]
    Truncated {
        /// Bytes that should be there.
        needed: u64,
        /// Bytes that are there.
        found: u64,
    },
    /// The bytes of the model file are not those that were written.
    #[error("model bundle is damaged: checksum {found:08x}, written as {expected:08x}")]
    Checksum {
        /// The checksum in the file.
        expected: u32,
        /// The checksum of the bytes.
        found: u32,
    },
    /// The content of the model file breaks a rule of the format.
    #[error("model bundle is corrupt: {what}")]
    Corrupt {
        /// Which rule, where.
        what: String,
    },
    /// The model file is larger than any bundle may be.
    #[error("model bundle is too large: {found} bytes, at most {bound} allowed")]
    TooLarge {
        /// Size found.
        found: u64,
        /// Size allowed.
        bound: u64,
    },
    /// The model file was written by a later version of encast.
    #[error("model bundle has format version {found}; this build reads up to {supported}")]
    NewerFormat {
        /// Version in the file.
        found: u32,
        /// Newest version that this build reads.
        supported: u32,
    },
    /// The bundle has no signature, and one is required.
    #[error("model bundle is not signed, and a signature is required")]
    Unsigned,
    /// The signature of the bundle is not one of a trusted key for these bytes.
    #[error("signature of the model bundle: {reason}")]
    BadSignature {
        /// What is wrong with it.
        reason: String,
    },
    /// A text of public keys holds no key, or something else.
    #[error("public keys, line {line}: {reason}")]
    BadKey {
        /// Line in the text, from 1.
        line: usize,
        /// What is wrong.
        reason: String,
    },
    /// There is no memory for what was asked for.
    #[error("no memory for {bytes} bytes of {what}")]
    OutOfMemory {
        /// What it was to hold.
        what: &'static str,
        /// How much was asked for.
        bytes: u64,
    },
    /// A table could not be read.
    #[error("{file}:{line}: {}{reason}", field.as_deref().map(|f| format!("{f}: ")).unwrap_or_default())]
    Table {
        /// The file's name as given.
        file: String,
        /// Line in the file, from 1.
        line: u64,
        /// Column, where one is to blame.
        field: Option<String>,
        /// What is wrong, with value and bound.
        reason: String,
    },
    /// A text of machines, regions and prices is not of the form.
    #[error("line {line}: {reason}")]
    ProfileSyntax {
        /// Line in the text, from 1.
        line: usize,
        /// What is wrong.
        reason: String,
    },
    /// A number or text of a machine, a region or a price is out of its bound.
    #[error("{}{path} = {value}: must be {bound}", line.map(|l| format!("line {l}: ")).unwrap_or_default())]
    ProfileValue {
        /// Line in the text, from 1, when it was read from a text.
        line: Option<usize>,
        /// Where it stands, such as `machines."c5.2xlarge".speed`.
        path: String,
        /// What stands there.
        value: String,
        /// What is allowed.
        bound: String,
    },
    /// Two arrays that belong together differ in length.
    #[error("{what}: {found} given, {expected} needed")]
    LengthMismatch {
        /// Which array.
        what: &'static str,
        /// Its length.
        found: usize,
        /// The length it must have.
        expected: usize,
    },
    /// Too few rows or titles to train on, or to split by title.
    #[error("too few {what}: {found} found, at least {needed} needed")]
    TooFew {
        /// `rows` or `titles`, and of which target.
        what: String,
        /// How many there are.
        found: usize,
        /// How many there must be.
        needed: usize,
    },
    /// A target that has the same value in every row cannot be learnt.
    #[error("target {target} has the same value {value} in all {rows} rows: nothing can be learnt")]
    ConstantTarget {
        /// The target.
        target: Target,
        /// Its value.
        value: f64,
        /// Rows that have it.
        rows: usize,
    },
    /// A model of another library could not be read.
    #[error("the model to import: {0}")]
    Foreign(#[from] encast_trees::exchange::ExchangeError),
    /// A model of another library splits on a feature that stands for no column here.
    #[error("feature '{feature}' of the model to import {reason}; columns are {known}")]
    Feature {
        /// The feature, as the model calls it.
        feature: String,
        /// Why it can't be taken.
        reason: String,
        /// The names of all columns, separated by commas.
        known: String,
    },
    /// A model of another library may forecast less quality for more bitrate, or more for a higher CRF.
    #[error(
        "tree {tree} of the model to import splits on {column}, and forecasts of {target} may {way} along it: train with \
         LightGBM's monotone_constraints=[{constraints}] or XGBoost's monotone_constraints=({constraints})"
    )]
    NotMonotone {
        /// The tree, from 0.
        tree: usize,
        /// The column along which it is not monotone.
        column: &'static str,
        /// What it forecasts.
        target: Target,
        /// `fall` or `rise`.
        way: &'static str,
        /// A constraint for each feature of the model, in its order, separated by commas.
        constraints: String,
    },
    /// A model can't be written in another library's format.
    #[error("{target} can't be exported: {reason}")]
    NotExportable {
        /// The target asked for.
        target: Target,
        /// Why not, and what to do.
        reason: String,
    },
    /// The tree learner or evaluator refused.
    #[error(transparent)]
    Trees(#[from] encast_trees::TreeError),
    /// The learner or the reader of curves refused.
    #[error(transparent)]
    Curves(#[from] encast_curves::CurveError),
}

impl Error {
    pub(crate) fn invalid(field: Field, value: impl ToString, bound: impl Into<String>) -> Self {
        Error::InvalidField { field: field.name(), value: value.to_string(), bound: bound.into() }
    }

    pub(crate) fn corrupt(what: impl Into<String>) -> Self {
        Error::Corrupt { what: what.into() }
    }

    /// Room for so many elements, or an error. For sizes that come from outside: elsewhere running out of memory ends
    /// the process.
    pub(crate) fn reserve<T>(list: &mut Vec<T>, count: usize, what: &'static str) -> Result<()> {
        let bytes = (count as u64).saturating_mul(size_of::<T>() as u64);
        list.try_reserve_exact(count).map_err(|_| Error::OutOfMemory { what, bytes })
    }

    pub(crate) fn at_row(self, row: usize) -> Self {
        Error::Row { row, source: Box::new(self) }
    }
}

/// Shorthand for results of this crate.
pub type Result<T> = std::result::Result<T, Error>;
