//! What can be wrong with frames and Y4M streams.

use std::io;

/// Errors of this crate. Frames count from 0, bytes from the start of the stream.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ContentError {
    /// A parameter is out of its bounds.
    #[error("{field} is {value}, must be {bound}")]
    OutOfBounds {
        /// Which parameter.
        field: &'static str,
        /// What was given.
        value: f64,
        /// What is allowed.
        bound: String,
    },
    /// A plane holds fewer samples than its size and stride ask for.
    #[error("frame {frame}: the plane holds {samples} samples, {needed} are needed")]
    ShortPlane {
        /// Number of the frame.
        frame: u64,
        /// Samples given.
        samples: usize,
        /// Samples that size and stride ask for.
        needed: usize,
    },
    /// The stride is smaller than the width.
    #[error("frame {frame}: the stride is {stride} samples, must be at least the width, {width}")]
    Stride {
        /// Number of the frame.
        frame: u64,
        /// Stride given, samples.
        stride: usize,
        /// Width, samples.
        width: usize,
    },
    /// 8-bit samples were given to an analyzer of more bits, or the other way round.
    #[error("frame {frame}: {given}-bit samples given to an analyzer of bit depth {bit_depth}")]
    SampleType {
        /// Number of the frame.
        frame: u64,
        /// Bits of the sample type given: 8 or 16.
        given: u8,
        /// Bit depth of the analyzer.
        bit_depth: u8,
    },
    /// A sample is larger than its bit depth allows.
    #[error("frame {frame}: a sample is {value}, the largest of {bit_depth} bits is {bound}")]
    Sample {
        /// Number of the frame.
        frame: u64,
        /// The sample.
        value: u16,
        /// Bits per sample.
        bit_depth: u8,
        /// The largest allowed.
        bound: u16,
    },
    /// No frame was analysed.
    #[error("holds no frame")]
    NoFrame,
    /// The stream is empty.
    #[error("is empty: no Y4M header")]
    Empty,
    /// The stream does not start as Y4M does.
    #[error("is not Y4M: does not start with YUV4MPEG2")]
    NotY4m,
    /// The stream's header can't be used.
    #[error("Y4M header: {what}")]
    Header {
        /// What is wrong, with value and bound.
        what: String,
    },
    /// A frame does not start with `FRAME`, or its parameters don't end.
    #[error("frame {frame} (byte {byte}): {what}")]
    FrameHeader {
        /// Number of the frame.
        frame: u64,
        /// Where the frame starts.
        byte: u64,
        /// What is wrong.
        what: &'static str,
    },
    /// The stream ends within a frame.
    #[error("frame {frame} (byte {byte}): truncated: {got} of {needed} bytes")]
    Truncated {
        /// Number of the frame.
        frame: u64,
        /// Where the frame's samples start.
        byte: u64,
        /// Bytes of samples that are there.
        got: u64,
        /// Bytes of samples that a frame has.
        needed: u64,
    },
    /// Reading failed.
    #[error("frame {frame}: {source}")]
    Read {
        /// Number of the frame being read.
        frame: u64,
        /// What the reader said.
        #[source]
        source: io::Error,
    },
}

impl ContentError {
    pub(crate) fn bounds(field: &'static str, value: f64, bound: impl Into<String>) -> ContentError {
        ContentError::OutOfBounds { field, value, bound: bound.into() }
    }
}
