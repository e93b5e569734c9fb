//! What an analyzer has to know before the first frame.

use encast_content::{Analyzer, BIT_DEPTHS, Segmentation};

use crate::{
    boundary::enter,
    status::{ENCAST_STATUS_BAD_NUMBER, ENCAST_STATUS_CONTRADICTION, ENCAST_STATUS_MISSING_FIELD, Failure},
    structs::{self, CStruct, known},
};

/// EncastAnalyzerOptions.segmentation: segments of segment_seconds each.
pub const ENCAST_SEGMENTATION_SECONDS: i32 = 1;
/// EncastAnalyzerOptions.segmentation: scenes, from cut to cut.
pub const ENCAST_SEGMENTATION_SCENES: i32 = 2;

/// Most threads that share the work on a frame.
const MOST_THREADS: u32 = 64;

/// What an analyzer has to know of a clip before its first frame. Set up by encast_analyzer_options_init(), then filled
/// in.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct EncastAnalyzerOptions {
    /// Set by encast_analyzer_options_init().
    pub struct_size: u32,
    /// Width of the luma plane, samples: 3 to 16384. Must be given; 0 after encast_analyzer_options_init().
    pub width: u32,
    /// Height of the luma plane, samples: 3 to 16384, and at most 2^26 samples a frame. Must be given; 0 after
    /// encast_analyzer_options_init().
    pub height: u32,
    /// Bits per luma sample: 8 to 12. Must be given; 0 after encast_analyzer_options_init(). Samples of 8 bits are
    /// uint8_t, those of more are uint16_t with the value in the low bits.
    pub bit_depth: u32,
    /// Frames per second: finite and above 0. Default NaN = unknown; then durations are unknown too.
    pub frame_rate: f64,
    /// Length of a segment, seconds: finite and above 0, rounded to whole frames; needs frame_rate. Only with
    /// ENCAST_SEGMENTATION_SECONDS. Default NaN.
    pub segment_seconds: f64,
    /// How the clip is cut into segments: one of ENCAST_SEGMENTATION_..., 0 = the default, not at all.
    pub segmentation: i32,
    /// Threads that share the work on each frame: 1 to 64. The figures do not depend on it. Default 1.
    pub threads: u32,
}

// SAFETY: repr(C), struct_size first, numbers only.
unsafe impl CStruct for EncastAnalyzerOptions {
    const NAME: &'static str = "EncastAnalyzerOptions";
    const FIRST_SIZE: usize = 40;

    fn defaults() -> Self {
        EncastAnalyzerOptions {
            struct_size: size_of::<Self>() as u32,
            width: 0,
            height: 0,
            bit_depth: 0,
            frame_rate: f64::NAN,
            segment_seconds: f64::NAN,
            segmentation: 0,
            threads: 1,
        }
    }
}

/// The analyzer that the options ask for; it checks their bounds.
pub(crate) fn analyzer(c: &EncastAnalyzerOptions) -> Result<Analyzer, Failure> {
    let depth = u8::try_from(c.bit_depth).ok().filter(|depth| BIT_DEPTHS.contains(depth)).ok_or_else(|| {
        Failure::bound("bit_depth", c.bit_depth, format_args!("{} to {}", BIT_DEPTHS.start(), BIT_DEPTHS.end()))
    })?;
    if !(1..=MOST_THREADS).contains(&c.threads) {
        return Err(Failure::bound("threads", c.threads, format_args!("1 to {MOST_THREADS}")));
    }
    let analyzer =
        Analyzer::new(c.width as usize, c.height as usize, depth, known(c.frame_rate))?.threads(c.threads as usize);
    match segmentation(c)? {
        Some(by) => Ok(analyzer.segments(by)?),
        None => Ok(analyzer),
    }
}

fn segmentation(c: &EncastAnalyzerOptions) -> Result<Option<Segmentation>, Failure> {
    let missing = |field: &'static str| {
        let text = format!("{field} is unknown: ENCAST_SEGMENTATION_SECONDS needs it");
        Err(Failure::new(ENCAST_STATUS_MISSING_FIELD, text).of_field(field))
    };
    match (c.segmentation, known(c.segment_seconds)) {
        (0, None) => Ok(None),
        (ENCAST_SEGMENTATION_SCENES, None) => Ok(Some(Segmentation::Scenes)),
        (ENCAST_SEGMENTATION_SECONDS, None) => missing("segment_seconds"),
        (ENCAST_SEGMENTATION_SECONDS, Some(_)) if c.frame_rate.is_nan() => missing("frame_rate"),
        (ENCAST_SEGMENTATION_SECONDS, Some(seconds)) => Ok(Some(Segmentation::Seconds(seconds))),
        (0 | ENCAST_SEGMENTATION_SCENES, Some(seconds)) => {
            let text = format!(
                "segment_seconds = {seconds}: contradicts segmentation = {}, only {ENCAST_SEGMENTATION_SECONDS} \
                 (ENCAST_SEGMENTATION_SECONDS) takes a length",
                c.segmentation
            );
            Err(Failure::new(ENCAST_STATUS_CONTRADICTION, text).of_field("segment_seconds"))
        }
        (number, _) => {
            let text = format!(
                "segmentation = {number}: known are 0 (none), {ENCAST_SEGMENTATION_SECONDS} (seconds), \
                 {ENCAST_SEGMENTATION_SCENES} (scenes)"
            );
            Err(Failure::new(ENCAST_STATUS_BAD_NUMBER, text).of_field("segmentation"))
        }
    }
}

/// Sets the defaults; width, height and bit_depth have none and become 0.
///
/// options: a struct of the caller, not null. struct_size: sizeof(EncastAnalyzerOptions).
///
/// Returns ENCAST_STATUS_OK, ENCAST_STATUS_NULL_POINTER or ENCAST_STATUS_BAD_STRUCT_SIZE; on failure nothing is
/// written. May be called from any thread.
///
/// # Safety
/// options points to struct_size writable bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn encast_analyzer_options_init(options: *mut EncastAnalyzerOptions, struct_size: usize) -> i32 {
    // SAFETY: the caller's promise.
    enter(|| unsafe { structs::init(options, struct_size, "options") })
}
