//! The bitrate that reaches a target.

use encast_core::Recommendation;

use crate::{
    boundary::enter,
    features::{self, EncastFeatures},
    model::{EncastModel, borrow},
    options::{self, EncastPredictOptions},
    result::EncastEstimate,
    structs::{self, CStruct, Output, read, read_or_defaults},
};

/// The answer to a search for a bitrate. Set up by encast_recommendation_init().
#[repr(C)]
#[derive(Clone, Copy)]
pub struct EncastRecommendation {
    /// Set by encast_recommendation_init().
    pub struct_size: u32,
    /// 1 when no bitrate within the limits reaches the target, else 0.
    pub unreachable: i32,
    /// The smallest bitrate, kbit/s, whose forecast VMAF reaches the target; when it is unreachable, the highest
    /// bitrate that was tried.
    pub bitrate_kbps: f64,
    /// The forecast VMAF at bitrate_kbps, 0 to 100; when the target is unreachable, the best that can be reached.
    pub vmaf: EncastEstimate,
}

// SAFETY: repr(C), struct_size first, numbers and structs of numbers only.
unsafe impl CStruct for EncastRecommendation {
    const NAME: &'static str = "EncastRecommendation";
    const FIRST_SIZE: usize = 40;

    fn defaults() -> Self {
        EncastRecommendation {
            struct_size: size_of::<Self>() as u32,
            unreachable: 0,
            bitrate_kbps: f64::NAN,
            vmaf: EncastEstimate::UNKNOWN,
        }
    }
}

/// Makes every value NaN and the flag 0.
///
/// recommendation: a struct of the caller, not null. struct_size: sizeof(EncastRecommendation).
///
/// Returns ENCAST_STATUS_OK, ENCAST_STATUS_NULL_POINTER or ENCAST_STATUS_BAD_STRUCT_SIZE; on failure nothing is
/// written. May be called from any thread.
///
/// # Safety
/// recommendation points to struct_size writable bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn encast_recommendation_init(
    recommendation: *mut EncastRecommendation,
    struct_size: usize,
) -> i32 {
    // SAFETY: the caller's promise.
    enter(|| unsafe { structs::init(recommendation, struct_size, "recommendation") })
}

/// Finds the smallest bitrate whose forecast VMAF reaches a target.
///
/// model: a live handle, not null. features: set up by encast_features_init(), not null; bitrate_kbps and crf are not
/// looked at. options: target_vmaf and the limits of the bitrate, or null for the defaults. recommendation: set up by
/// encast_recommendation_init(), not null; written on success only. An unreachable target is a success that says so.
///
/// Returns as encast_predict(); ENCAST_STATUS_NOT_PREDICTED when the model forecasts no VMAF from a bitrate. May be
/// called from any thread, also with one model at the same time.
///
/// # Safety
/// model is a live handle; each struct has as many bytes as its struct_size says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn encast_recommend_bitrate(
    model: *const EncastModel,
    features: *const EncastFeatures,
    options: *const EncastPredictOptions,
    recommendation: *mut EncastRecommendation,
) -> i32 {
    enter(|| {
        // SAFETY: the caller's promise.
        let (model, features, options, output) = unsafe {
            (
                borrow(model)?,
                read(features, "features")?,
                read_or_defaults(options, "options")?,
                Output::new(recommendation, "recommendation")?,
            )
        };
        let (features, options) = (features::from_c(&features)?, options::from_c(&options)?);
        let (unreachable, choice) = match encast_core::recommend_bitrate(&features, model, &options.recommend)? {
            Recommendation::Reached(choice) => (0, choice),
            Recommendation::Unreachable(choice) => (1, choice),
            // These options hold no limit on time or cost yet.
            Recommendation::OverLimit(over) => (1, over.best.unwrap_or(over.needed)),
        };
        let answer = EncastRecommendation {
            unreachable,
            bitrate_kbps: choice.setting,
            vmaf: choice.vmaf.into(),
            ..EncastRecommendation::defaults()
        };
        // SAFETY: the caller's promise.
        unsafe { output.write(&answer) };
        Ok(())
    })
}
