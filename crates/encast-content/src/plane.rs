//! One luma plane in memory, and the bounds of what can be analysed.

use crate::{ContentError, simd::Isa};

/// Smallest width and height, samples: the Sobel operator needs an interior.
pub const SMALLEST_SIDE: usize = 3;
/// Largest width and height, samples.
pub const LARGEST_SIDE: usize = 16_384;
/// Largest number of samples in a plane: twice 8K.
pub const LARGEST_PLANE: usize = 1 << 26;
/// Bits per sample that can be analysed.
pub const BIT_DEPTHS: std::ops::RangeInclusive<u8> = 8..=12;

/// The luma samples of one frame, row by row. The stride is in samples, at least the width; what stands between the
/// width and the stride is not looked at, and the last row may end at the width.
#[derive(Clone, Copy, Debug)]
pub enum Luma<'a> {
    /// 8 bits per sample.
    Eight {
        /// The samples.
        samples: &'a [u8],
        /// Samples from one row to the next.
        stride: usize,
    },
    /// 9 to 12 bits per sample, in the low bits.
    Sixteen {
        /// The samples.
        samples: &'a [u16],
        /// Samples from one row to the next.
        stride: usize,
    },
}

/// A sample type: `u8` or `u16`.
pub(crate) trait Sample: Copy + Default + Into<i32> + Send + Sync {
    /// The first samples of a slice as lanes.
    fn load<S: Isa>(isa: S, from: &[Self]) -> S::Ints;
}

impl Sample for u8 {
    #[inline(always)]
    fn load<S: Isa>(isa: S, from: &[u8]) -> S::Ints {
        isa.of_bytes(from)
    }
}

impl Sample for u16 {
    #[inline(always)]
    fn load<S: Isa>(isa: S, from: &[u16]) -> S::Ints {
        isa.of_words(from)
    }
}

/// A checked plane: every row of the size is there.
#[derive(Clone, Copy)]
pub(crate) struct Rows<'a, T> {
    pub samples: &'a [T],
    pub stride: usize,
    pub width: usize,
    pub height: usize,
}

impl<'a, T: Sample> Rows<'a, T> {
    pub fn check(
        samples: &'a [T],
        stride: usize,
        (width, height): (usize, usize),
        frame: u64,
    ) -> Result<Rows<'a, T>, ContentError> {
        if stride < width {
            return Err(ContentError::Stride { frame, stride, width });
        }
        let needed = stride.saturating_mul(height - 1).saturating_add(width);
        if samples.len() < needed {
            return Err(ContentError::ShortPlane { frame, samples: samples.len(), needed });
        }
        Ok(Rows { samples, stride, width, height })
    }

    #[inline(always)]
    pub fn row(&self, y: usize) -> &'a [T] {
        &self.samples[y * self.stride..][..self.width]
    }
}

/// Checks a frame size.
pub(crate) fn check_size(width: usize, height: usize) -> Result<(), ContentError> {
    for (field, side) in [("width", width), ("height", height)] {
        if !(SMALLEST_SIDE..=LARGEST_SIDE).contains(&side) {
            return Err(ContentError::bounds(field, side as f64, format!("{SMALLEST_SIDE} to {LARGEST_SIDE}")));
        }
    }
    if width * height > LARGEST_PLANE {
        let samples = (width * height) as f64;
        return Err(ContentError::bounds("width x height", samples, format!("at most {LARGEST_PLANE}")));
    }
    Ok(())
}

/// Checks a bit depth.
pub(crate) fn check_bit_depth(bit_depth: u8) -> Result<(), ContentError> {
    if BIT_DEPTHS.contains(&bit_depth) {
        return Ok(());
    }
    Err(ContentError::bounds("bit_depth", f64::from(bit_depth), "8 to 12"))
}
