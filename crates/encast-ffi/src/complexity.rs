//! What an analyzer says of a frame, of a clip and of its segments.

use encast_content::{Complexity, FrameComplexity, Statistics, Summary};
use encast_core::motion_intensity_of_ti;

use crate::{
    boundary::enter,
    structs::{self, CStruct, or_nan},
};

/// One figure over the frames of a clip or a segment. All five are NaN when it is not known. This struct has no size
/// and never grows.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct EncastStatistics {
    /// Mean over the frames.
    pub mean: f64,
    /// Standard deviation over the frames (of the population): at least 0.
    pub std: f64,
    /// Smallest value.
    pub min: f64,
    /// Largest value.
    pub max: f64,
    /// Median, within 0.5 %: what one black frame or one cut does not move.
    pub median: f64,
}

impl EncastStatistics {
    const UNKNOWN: Self =
        EncastStatistics { mean: f64::NAN, std: f64::NAN, min: f64::NAN, max: f64::NAN, median: f64::NAN };

    fn of(s: Option<Statistics>) -> Self {
        s.map_or(Self::UNKNOWN, |s| EncastStatistics {
            mean: s.mean,
            std: s.std,
            min: s.min,
            max: s.max,
            median: s.median,
        })
    }
}

/// Complexity of one frame, on the scale of 8-bit luma as coded. Set up by encast_frame_complexity_init(), so that the
/// library knows how much room there is; then written by encast_analyzer_push_frame().
#[repr(C)]
#[derive(Clone, Copy)]
pub struct EncastFrameComplexity {
    /// Set by encast_frame_complexity_init().
    pub struct_size: u32,
    /// Always 0.
    pub reserved: u32,
    /// Number of the frame, from 0.
    pub frame: u64,
    /// Spatial information (ITU-T P.910): standard deviation of the Sobel magnitude. At least 0.
    pub si: f64,
    /// Temporal information (ITU-T P.910): standard deviation of the difference from the frame before. At least 0; NaN
    /// of the first frame.
    pub ti: f64,
    /// VCA's E: mean weighted DCT energy of the 32x32 blocks. At least 0.
    pub spatial_energy: f64,
    /// VCA's h: mean change of the blocks' energies from the frame before. At least 0; NaN of the first frame.
    pub temporal_energy: f64,
    /// VCA's L: mean root of the blocks' lowest coefficient. At least 0.
    pub luminance: f64,
    /// Share of the 32x32 blocks that hardly changed from the frame before: mean by less than 2 steps, energy by less
    /// than 8 on the scale of h. 0 to 1; NaN of the first frame.
    pub static_share: f64,
}

// SAFETY: repr(C), struct_size first, numbers only.
unsafe impl CStruct for EncastFrameComplexity {
    const NAME: &'static str = "EncastFrameComplexity";
    const FIRST_SIZE: usize = 64;

    fn defaults() -> Self {
        EncastFrameComplexity {
            struct_size: size_of::<Self>() as u32,
            reserved: 0,
            frame: 0,
            si: f64::NAN,
            ti: f64::NAN,
            spatial_energy: f64::NAN,
            temporal_energy: f64::NAN,
            luminance: f64::NAN,
            static_share: f64::NAN,
        }
    }
}

/// A frame's figures in C's terms.
pub(crate) fn frame_to_c(frame: &FrameComplexity) -> EncastFrameComplexity {
    EncastFrameComplexity {
        frame: frame.frame,
        si: frame.si,
        ti: or_nan(frame.ti),
        spatial_energy: frame.spatial_energy,
        temporal_energy: or_nan(frame.temporal_energy),
        luminance: frame.luminance,
        static_share: or_nan(frame.static_share),
        ..CStruct::defaults()
    }
}

/// Complexity of a clip, or of one of its segments, on the scale of 8-bit luma as coded. Set up by
/// encast_complexity_init(), so that the library knows how much room there is; then written by encast_analyzer_finish()
/// and encast_analyzer_segment(). The figures of time (ti, temporal_energy, motion_intensity, static_share) leave out
/// the first frame, and are NaN when there is no other.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct EncastComplexity {
    /// Set by encast_complexity_init().
    pub struct_size: u32,
    /// Bits per luma sample, 8 to 12.
    pub bit_depth: u32,
    /// Width of the luma plane, samples.
    pub width: u32,
    /// Height of the luma plane, samples.
    pub height: u32,
    /// Frames in it that start a scene; frame 0 of the clip is none. At most 65536 of a clip are kept.
    /// encast_analyzer_cut() tells each cut of a clip.
    pub cuts: u32,
    /// Segments of the clip, at most 65536; encast_analyzer_segment() tells each. 0 when none were asked for, and of a
    /// segment.
    pub segments: u32,
    /// Number of its first frame in the clip, from 0.
    pub first_frame: u64,
    /// Frames, at least 1.
    pub frames: u64,
    /// Frames per second as given; NaN = unknown.
    pub frame_rate: f64,
    /// Length, seconds: frames over frame_rate. NaN = unknown.
    pub duration_s: f64,
    /// Motion, 0 to 1: t / (t + 10) of the mean t of ti. NaN = unknown.
    pub motion_intensity: f64,
    /// Spatial information (ITU-T P.910): at least 0.
    pub si: EncastStatistics,
    /// Temporal information (ITU-T P.910): at least 0, or NaN.
    pub ti: EncastStatistics,
    /// VCA's E: at least 0.
    pub spatial_energy: EncastStatistics,
    /// VCA's h: at least 0, or NaN.
    pub temporal_energy: EncastStatistics,
    /// VCA's L: at least 0.
    pub luminance: EncastStatistics,
    /// Share of the 32x32 blocks that hardly changed from the frame before: 0 to 1, or NaN.
    pub static_share: EncastStatistics,
}

// SAFETY: repr(C), struct_size first, numbers and structs of numbers only.
unsafe impl CStruct for EncastComplexity {
    const NAME: &'static str = "EncastComplexity";
    const FIRST_SIZE: usize = 304;

    fn defaults() -> Self {
        EncastComplexity {
            struct_size: size_of::<Self>() as u32,
            bit_depth: 0,
            width: 0,
            height: 0,
            cuts: 0,
            segments: 0,
            first_frame: 0,
            frames: 0,
            frame_rate: f64::NAN,
            duration_s: f64::NAN,
            motion_intensity: f64::NAN,
            si: EncastStatistics::UNKNOWN,
            ti: EncastStatistics::UNKNOWN,
            spatial_energy: EncastStatistics::UNKNOWN,
            temporal_energy: EncastStatistics::UNKNOWN,
            luminance: EncastStatistics::UNKNOWN,
            static_share: EncastStatistics::UNKNOWN,
        }
    }
}

/// The figures of the clip in C's terms.
pub(crate) fn clip_to_c(summary: &Summary) -> EncastComplexity {
    EncastComplexity { segments: summary.segments.len() as u32, ..part_to_c(summary, &summary.clip) }
}

/// The figures of the clip or of a segment in C's terms. Sizes and counts fit: a side has at most 2^14 samples, and at
/// most 2^16 cuts and segments are kept.
pub(crate) fn part_to_c(summary: &Summary, part: &Complexity) -> EncastComplexity {
    let before = |frame: u64| summary.cuts.partition_point(|&cut| cut < frame);
    let cuts = before(part.first_frame.saturating_add(part.frames)) - before(part.first_frame);
    EncastComplexity {
        bit_depth: summary.bit_depth.into(),
        width: summary.width as u32,
        height: summary.height as u32,
        cuts: cuts as u32,
        first_frame: part.first_frame,
        frames: part.frames,
        frame_rate: or_nan(summary.frame_rate),
        duration_s: or_nan(part.duration_s),
        motion_intensity: or_nan(part.ti.map(|ti| motion_intensity_of_ti(ti.mean))),
        si: EncastStatistics::of(Some(part.si)),
        ti: EncastStatistics::of(part.ti),
        spatial_energy: EncastStatistics::of(Some(part.spatial_energy)),
        temporal_energy: EncastStatistics::of(part.temporal_energy),
        luminance: EncastStatistics::of(Some(part.luminance)),
        static_share: EncastStatistics::of(part.static_share),
        ..CStruct::defaults()
    }
}

/// Makes every number NaN or 0.
///
/// complexity: a struct of the caller, not null. struct_size: sizeof(EncastFrameComplexity).
///
/// Returns ENCAST_STATUS_OK, ENCAST_STATUS_NULL_POINTER or ENCAST_STATUS_BAD_STRUCT_SIZE; on failure nothing is
/// written. May be called from any thread.
///
/// # Safety
/// complexity points to struct_size writable bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn encast_frame_complexity_init(
    complexity: *mut EncastFrameComplexity,
    struct_size: usize,
) -> i32 {
    // SAFETY: the caller's promise.
    enter(|| unsafe { structs::init(complexity, struct_size, "complexity") })
}

/// Makes every number NaN or 0.
///
/// complexity: a struct of the caller, not null. struct_size: sizeof(EncastComplexity).
///
/// Returns ENCAST_STATUS_OK, ENCAST_STATUS_NULL_POINTER or ENCAST_STATUS_BAD_STRUCT_SIZE; on failure nothing is
/// written. May be called from any thread.
///
/// # Safety
/// complexity points to struct_size writable bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn encast_complexity_init(complexity: *mut EncastComplexity, struct_size: usize) -> i32 {
    // SAFETY: the caller's promise.
    enter(|| unsafe { structs::init(complexity, struct_size, "complexity") })
}
