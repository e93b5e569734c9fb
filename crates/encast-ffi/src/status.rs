//! Status codes: every call that can fail returns one. A number, once released, keeps its meaning for ever.
//! 1-99 how the library was called, 100-199 the input, 200-299 model files, 300-399 training, 900-999 the library.

use std::{borrow::Cow, ffi::c_char, fmt::Display};

use encast_content::ContentError;
use encast_core::Error;

/// Done.
pub const ENCAST_STATUS_OK: i32 = 0;

// 1-99: the call itself is wrong.

/// A pointer that must be given is null.
pub const ENCAST_STATUS_NULL_POINTER: i32 = 1;
/// A struct_size is not one that the library can work with: the struct was not initialised, or the elements of an
/// array differ in it.
pub const ENCAST_STATUS_BAD_STRUCT_SIZE: i32 = 2;
/// A number that stands for a codec, an encoder, a target, a learner or a segmentation is not one of the known numbers.
pub const ENCAST_STATUS_BAD_NUMBER: i32 = 3;
/// A text is not valid UTF-8, or a fixed array holds no terminating NUL.
pub const ENCAST_STATUS_BAD_TEXT: i32 = 4;
/// The caller's buffer or array does not hold the answer; the needed length or count was written.
pub const ENCAST_STATUS_BUFFER_TOO_SMALL: i32 = 5;
/// An array of that many elements cannot exist in memory.
pub const ENCAST_STATUS_BAD_COUNT: i32 = 6;
/// An analyzer is not where the call needs it: a frame after the end, or a segment before it. A monitor that a defect
/// happened to.
pub const ENCAST_STATUS_BAD_STATE: i32 = 7;
/// There is no element of that index. The text says how many there are.
pub const ENCAST_STATUS_BAD_INDEX: i32 = 8;
/// A handle that was freed before, or was never made by this library.
pub const ENCAST_STATUS_BAD_HANDLE: i32 = 9;
/// There is no memory for what the caller asked for. A program that runs out of memory elsewhere ends.
pub const ENCAST_STATUS_OUT_OF_MEMORY: i32 = 10;

// 100-199: the input is wrong.

/// An input is not a finite number, or outside its bound. The text names field, value and bound.
pub const ENCAST_STATUS_INVALID_FIELD: i32 = 100;
/// An input that has to be there is unknown, such as both bitrate_kbps and crf.
pub const ENCAST_STATUS_MISSING_FIELD: i32 = 101;
/// A codec, encoder or preset name is not known. The text lists the known ones.
pub const ENCAST_STATUS_UNKNOWN_NAME: i32 = 102;
/// Two inputs contradict each other, such as an encoder of another codec.
pub const ENCAST_STATUS_CONTRADICTION: i32 = 103;
/// The model has no forecast of what was asked for.
pub const ENCAST_STATUS_NOT_PREDICTED: i32 = 104;
/// Two arrays that belong together differ in length.
pub const ENCAST_STATUS_LENGTH_MISMATCH: i32 = 105;
/// A table of encodes cannot be read.
pub const ENCAST_STATUS_TABLE: i32 = 106;
/// An analyzer was given no frame: there is nothing to say of the clip.
pub const ENCAST_STATUS_NO_FRAME: i32 = 107;
/// A text of machines, regions and prices is no such TOML. The text names the line.
pub const ENCAST_STATUS_PROFILE_SYNTAX: i32 = 108;
/// A number or a text of a machine, a region or a price is outside its bound. The text names line, entry, value and
/// bound.
pub const ENCAST_STATUS_PROFILE_VALUE: i32 = 109;

// 200-299: a model file.

/// A file could not be read or written.
pub const ENCAST_STATUS_IO: i32 = 200;
/// The model file does not exist.
pub const ENCAST_STATUS_MODEL_MISSING: i32 = 201;
/// The bytes are no model bundle.
pub const ENCAST_STATUS_WRONG_MAGIC: i32 = 202;
/// The bundle ends too early.
pub const ENCAST_STATUS_TRUNCATED: i32 = 203;
/// The bytes of the bundle are not those that were written.
pub const ENCAST_STATUS_CHECKSUM: i32 = 204;
/// The content of the bundle breaks a rule of the format.
pub const ENCAST_STATUS_CORRUPT: i32 = 205;
/// The bundle is larger than any may be.
pub const ENCAST_STATUS_TOO_LARGE: i32 = 206;
/// The bundle was written by a later version of encast.
pub const ENCAST_STATUS_NEWER_FORMAT: i32 = 207;
/// The model is not signed, and a signature is required.
pub const ENCAST_STATUS_UNSIGNED: i32 = 208;
/// The signature is none of a trusted key for these bytes.
pub const ENCAST_STATUS_BAD_SIGNATURE: i32 = 209;
/// A text of public keys holds no key, or something else; or a signature is required and there is no key.
pub const ENCAST_STATUS_BAD_KEY: i32 = 210;

// 300-399: training.

/// Too few rows or titles to train on.
pub const ENCAST_STATUS_TOO_FEW: i32 = 300;
/// A target has the same value in every row: nothing can be learnt.
pub const ENCAST_STATUS_CONSTANT_TARGET: i32 = 301;
/// The tree learner refused. The text says why.
pub const ENCAST_STATUS_LEARNER: i32 = 302;

// 900-999: the library itself.

/// A defect of the library was caught before it could reach the caller. Model handles stay usable, an analyzer that it
/// happened to is of no more use; please report it with the text.
pub const ENCAST_STATUS_PANIC: i32 = 900;
/// An error that has no number of its own yet. The text says what happened.
pub const ENCAST_STATUS_OTHER: i32 = 901;

/// Every code with its name.
pub(crate) const STATUSES: &[(i32, &str)] = &[
    (ENCAST_STATUS_OK, "ok\0"),
    (ENCAST_STATUS_NULL_POINTER, "null pointer\0"),
    (ENCAST_STATUS_BAD_STRUCT_SIZE, "bad struct size\0"),
    (ENCAST_STATUS_BAD_NUMBER, "bad number\0"),
    (ENCAST_STATUS_BAD_TEXT, "bad text\0"),
    (ENCAST_STATUS_BUFFER_TOO_SMALL, "buffer too small\0"),
    (ENCAST_STATUS_BAD_COUNT, "bad count\0"),
    (ENCAST_STATUS_BAD_STATE, "bad state\0"),
    (ENCAST_STATUS_BAD_INDEX, "bad index\0"),
    (ENCAST_STATUS_BAD_HANDLE, "bad handle\0"),
    (ENCAST_STATUS_OUT_OF_MEMORY, "out of memory\0"),
    (ENCAST_STATUS_INVALID_FIELD, "invalid field\0"),
    (ENCAST_STATUS_MISSING_FIELD, "missing field\0"),
    (ENCAST_STATUS_UNKNOWN_NAME, "unknown name\0"),
    (ENCAST_STATUS_CONTRADICTION, "contradiction\0"),
    (ENCAST_STATUS_NOT_PREDICTED, "not predicted\0"),
    (ENCAST_STATUS_LENGTH_MISMATCH, "length mismatch\0"),
    (ENCAST_STATUS_TABLE, "bad table\0"),
    (ENCAST_STATUS_NO_FRAME, "no frame\0"),
    (ENCAST_STATUS_PROFILE_SYNTAX, "profile syntax\0"),
    (ENCAST_STATUS_PROFILE_VALUE, "profile value\0"),
    (ENCAST_STATUS_IO, "input/output\0"),
    (ENCAST_STATUS_MODEL_MISSING, "model missing\0"),
    (ENCAST_STATUS_WRONG_MAGIC, "wrong magic\0"),
    (ENCAST_STATUS_TRUNCATED, "truncated\0"),
    (ENCAST_STATUS_CHECKSUM, "checksum\0"),
    (ENCAST_STATUS_CORRUPT, "corrupt\0"),
    (ENCAST_STATUS_TOO_LARGE, "too large\0"),
    (ENCAST_STATUS_NEWER_FORMAT, "newer format\0"),
    (ENCAST_STATUS_UNSIGNED, "unsigned\0"),
    (ENCAST_STATUS_BAD_SIGNATURE, "bad signature\0"),
    (ENCAST_STATUS_BAD_KEY, "bad key\0"),
    (ENCAST_STATUS_TOO_FEW, "too few\0"),
    (ENCAST_STATUS_CONSTANT_TARGET, "constant target\0"),
    (ENCAST_STATUS_LEARNER, "learner\0"),
    (ENCAST_STATUS_PANIC, "panic\0"),
    (ENCAST_STATUS_OTHER, "other\0"),
];

/// A short name of a status code, such as "invalid field"; "unknown status" for a number that is none.
///
/// Returns static text: never null, never to be freed. May be called from any thread.
#[unsafe(no_mangle)]
pub extern "C" fn encast_status_name(status: i32) -> *const c_char {
    let name = STATUSES.iter().find(|(code, _)| *code == status).map_or("unknown status\0", |(_, name)| name);
    name.as_ptr().cast()
}

/// Why a call did not succeed.
#[derive(Debug)]
pub(crate) struct Failure {
    pub status: i32,
    pub text: String,
    /// Name of the input to blame; empty when none is.
    pub field: Cow<'static, str>,
    /// Row of a batch to blame.
    pub row: Option<usize>,
}

impl Failure {
    pub fn new(status: i32, text: impl Into<String>) -> Self {
        Failure { status, text: text.into(), field: Cow::Borrowed(""), row: None }
    }

    /// Blames an input.
    pub fn of_field(mut self, field: &'static str) -> Self {
        self.field = field.into();
        self
    }

    /// Blames an element of EncastFeatures.anchors, in the words of the core.
    pub fn at_anchor(mut self, index: usize) -> Self {
        // Texts start with the field, but for those about a struct's size.
        let joint = if self.text.starts_with(&*self.field) { "." } else { ": " };
        self.text = format!("anchors[{index}]{joint}{}", self.text);
        self.field = format!("anchors[{index}].{}", self.field).into();
        self
    }

    /// Blames a row of an array.
    pub fn at_row(mut self, row: usize) -> Self {
        self.text = format!("row {row}: {}", self.text);
        self.row = Some(row);
        self
    }

    /// An input beyond its bound.
    pub fn bound(field: &'static str, value: impl Display, bound: impl Display) -> Self {
        Failure::new(ENCAST_STATUS_INVALID_FIELD, format!("{field} = {value}: must be {bound}")).of_field(field)
    }

    pub fn no_memory(what: &str, count: usize, size: usize) -> Self {
        let text = format!("{what}: no memory for {count} elements of {size} bytes");
        Failure::new(ENCAST_STATUS_OUT_OF_MEMORY, text)
    }

    pub fn null(what: &str) -> Self {
        Failure::new(ENCAST_STATUS_NULL_POINTER, format!("{what} is null"))
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let text = error.to_string();
        let (status, field, row) = blame(&error);
        Failure { status, text, field, row }
    }
}

impl From<ContentError> for Failure {
    fn from(error: ContentError) -> Self {
        match &error {
            // Named as in EncastAnalyzerOptions.
            ContentError::OutOfBounds { field, value, bound } => match *field {
                "segment" => Failure::bound("segment_seconds", value, bound),
                "width x height" => Failure::bound("height", format_args!("{value} samples a frame"), bound),
                field => Failure::bound(field, value, bound),
            },
            ContentError::Sample { .. } => {
                Failure::new(ENCAST_STATUS_INVALID_FIELD, format!("luma: {error}")).of_field("luma")
            }
            ContentError::NoFrame => Failure::new(ENCAST_STATUS_NO_FRAME, "the analyzer was given no frame"),
            _ => Failure::new(ENCAST_STATUS_OTHER, error.to_string()),
        }
    }
}

/// Status, field and row of an error of the core.
fn blame(error: &Error) -> (i32, Cow<'static, str>, Option<usize>) {
    let (status, field) = match error {
        Error::InvalidField { field, .. } => (ENCAST_STATUS_INVALID_FIELD, *field),
        Error::MissingField { field, .. } => (ENCAST_STATUS_MISSING_FIELD, *field),
        Error::UnknownName { field, .. } => (ENCAST_STATUS_UNKNOWN_NAME, *field),
        Error::Contradiction { field, .. } => (ENCAST_STATUS_CONTRADICTION, *field),
        Error::NotPredicted { target, .. } => (ENCAST_STATUS_NOT_PREDICTED, target.name()),
        Error::Row { row, source } => {
            let (status, field, _) = blame(source);
            return (status, field, Some(*row));
        }
        Error::Anchor { index, source } => {
            let (status, field, _) = blame(source);
            return (status, format!("anchors[{index}].{field}").into(), None);
        }
        Error::ProfileValue { path, .. } => return (ENCAST_STATUS_PROFILE_VALUE, path.clone().into(), None),
        Error::ProfileSyntax { .. } => (ENCAST_STATUS_PROFILE_SYNTAX, ""),
        Error::Io { .. } => (ENCAST_STATUS_IO, ""),
        Error::ModelMissing { .. } => (ENCAST_STATUS_MODEL_MISSING, ""),
        Error::WrongMagic { .. } => (ENCAST_STATUS_WRONG_MAGIC, ""),
        Error::Truncated { .. } => (ENCAST_STATUS_TRUNCATED, ""),
        Error::Checksum { .. } => (ENCAST_STATUS_CHECKSUM, ""),
        Error::Corrupt { .. } => (ENCAST_STATUS_CORRUPT, ""),
        Error::TooLarge { .. } => (ENCAST_STATUS_TOO_LARGE, ""),
        Error::NewerFormat { .. } => (ENCAST_STATUS_NEWER_FORMAT, ""),
        Error::Unsigned => (ENCAST_STATUS_UNSIGNED, ""),
        Error::BadSignature { .. } => (ENCAST_STATUS_BAD_SIGNATURE, "signature"),
        Error::BadKey { .. } => (ENCAST_STATUS_BAD_KEY, "public_keys"),
        Error::OutOfMemory { .. } => (ENCAST_STATUS_OUT_OF_MEMORY, ""),
        Error::Table { .. } => (ENCAST_STATUS_TABLE, ""),
        Error::LengthMismatch { .. } => (ENCAST_STATUS_LENGTH_MISMATCH, ""),
        Error::TooFew { .. } => (ENCAST_STATUS_TOO_FEW, ""),
        Error::ConstantTarget { target, .. } => (ENCAST_STATUS_CONSTANT_TARGET, target.name()),
        Error::Trees(_) => (ENCAST_STATUS_LEARNER, ""),
        _ => (ENCAST_STATUS_OTHER, ""),
    };
    (status, field.into(), None)
}
