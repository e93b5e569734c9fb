//! The bitrate, or the CRF, that reaches a target.

use encast_core::{Choice, Given, Limit, Recommendation};

use crate::{
    boundary::enter,
    features::{self, EncastFeatures},
    handles,
    model::EncastModel,
    options::{self, EncastPredictOptions},
    result::EncastEstimate,
    structs::{self, CStruct, Output, read, read_or_defaults},
};

/// EncastRecommendation.outcome: a setting within the limits reaches the target.
pub const ENCAST_OUTCOME_REACHED: i32 = 1;
/// EncastRecommendation.outcome: no allowed setting reaches the target.
pub const ENCAST_OUTCOME_UNREACHABLE: i32 = 2;
/// EncastRecommendation.outcome: a setting would reach the target, or at least be allowed, but for a limit on time,
/// cost, energy or carbon.
pub const ENCAST_OUTCOME_OVER_LIMIT: i32 = 3;

/// EncastRecommendation.limit: EncastPredictOptions.max_encode_seconds.
pub const ENCAST_LIMIT_ENCODE_SECONDS: i32 = 1;
/// EncastRecommendation.limit: EncastPredictOptions.max_cost_usd.
pub const ENCAST_LIMIT_COST_USD: i32 = 2;
/// EncastRecommendation.limit: EncastPredictOptions.max_energy_kwh.
pub const ENCAST_LIMIT_ENERGY_KWH: i32 = 3;
/// EncastRecommendation.limit: EncastPredictOptions.max_co2_kg.
pub const ENCAST_LIMIT_CO2_KG: i32 = 4;

/// The answer to a search for a bitrate or a CRF. Set up by encast_recommendation_init().
#[repr(C)]
#[derive(Clone, Copy)]
pub struct EncastRecommendation {
    /// Set by encast_recommendation_init().
    pub struct_size: u32,
    /// 1 when no setting within the limits reaches the target, else 0; outcome tells more.
    pub unreachable: i32,
    /// The smallest bitrate, kbit/s, that reaches the target; without one, the bitrate that comes nearest within the
    /// limits, NaN when none keeps them. NaN when a CRF was searched for.
    pub bitrate_kbps: f64,
    /// The forecast VMAF at bitrate_kbps or crf, 0 to 100; when the target is not reached, the best within the limits.
    pub vmaf: EncastEstimate,
    /// One of ENCAST_OUTCOME_..., 0 before a call.
    pub outcome: i32,
    /// When the outcome is ENCAST_OUTCOME_OVER_LIMIT, the limit that stands against the target: one of ENCAST_LIMIT_...
    /// (of several, the one that is exceeded by the greatest factor). Else 0.
    pub limit: i32,
    /// The highest whole CRF that reaches the target; without one, the CRF that comes nearest within the limits, NaN
    /// when none keeps them. NaN when a bitrate was searched for.
    pub crf: f64,
    /// What is held against the target, 0 to 100: the lower bound of VMAF that holds with the assurance asked for;
    /// without one, the forecast.
    pub assured_vmaf: f64,
    /// What the limit allows, seconds, USD, kWh or kg CO2e. NaN unless over a limit, like all that follows.
    pub limit_allowed: f64,
    /// What is forecast at `needed`, in the unit of limit_allowed.
    pub limit_forecast: f64,
    /// The bitrate, kbit/s, or the CRF that would reach the target but for the limits; where none would, the one that
    /// exceeds them least.
    pub needed: f64,
    /// The forecast VMAF at `needed`, 0 to 100.
    pub needed_vmaf: EncastEstimate,
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
            outcome: 0,
            limit: 0,
            crf: f64::NAN,
            assured_vmaf: f64::NAN,
            limit_allowed: f64::NAN,
            limit_forecast: f64::NAN,
            needed: f64::NAN,
            needed_vmaf: EncastEstimate::UNKNOWN,
        }
    }
}

/// The number of a limit.
pub(crate) fn number_of(limit: Limit) -> i32 {
    match limit {
        Limit::EncodeSeconds => ENCAST_LIMIT_ENCODE_SECONDS,
        Limit::CostUsd => ENCAST_LIMIT_COST_USD,
        Limit::EnergyKwh => ENCAST_LIMIT_ENERGY_KWH,
        Limit::Co2Kg => ENCAST_LIMIT_CO2_KG,
    }
}

fn to_c(answer: &Recommendation, given: Given) -> EncastRecommendation {
    let outcome = match answer {
        Recommendation::Reached(_) => ENCAST_OUTCOME_REACHED,
        Recommendation::Unreachable(_) => ENCAST_OUTCOME_UNREACHABLE,
        Recommendation::OverLimit(_) => ENCAST_OUTCOME_OVER_LIMIT,
    };
    let mut c = EncastRecommendation {
        unreachable: answer.reached().is_none().into(),
        outcome,
        ..EncastRecommendation::defaults()
    };
    if let Some(Choice { setting, vmaf, assured_vmaf }) = answer.best() {
        match given {
            Given::Bitrate => c.bitrate_kbps = setting,
            Given::Crf => c.crf = setting,
        }
        (c.vmaf, c.assured_vmaf) = (vmaf.into(), assured_vmaf);
    }
    if let Recommendation::OverLimit(over) = answer {
        c.limit = number_of(over.limit);
        (c.limit_allowed, c.limit_forecast) = (over.allowed, over.forecast);
        (c.needed, c.needed_vmaf) = (over.needed.setting, over.needed.vmaf.into());
    }
    c
}

/// Makes every value NaN and every flag 0.
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

/// The search for a bitrate or a CRF.
///
/// # Safety
/// `model` is null or a live handle; each struct is null or has as many bytes as its `struct_size` says, and the array
/// of anchors as many elements as its count.
unsafe fn search(
    model: *const EncastModel,
    features: *const EncastFeatures,
    given: Given,
    options: *const EncastPredictOptions,
    recommendation: *mut EncastRecommendation,
) -> i32 {
    enter(|| {
        // SAFETY: our caller's promise.
        let (model, features, options, output) = unsafe {
            (
                handles::get(model)?,
                read(features, "features")?,
                read_or_defaults(options, "options")?,
                Output::new(recommendation, "recommendation")?,
            )
        };
        // SAFETY: our caller's promise.
        let features = unsafe { features::from_c(&features) }?;
        let options = options::from_c(&options)?;
        let answer = to_c(&encast_core::recommend(&features, &model, given, &options)?, given);
        // SAFETY: our caller's promise.
        unsafe { output.write(&answer) };
        Ok(())
    })
}

/// Finds the smallest bitrate that reaches a target of VMAF.
///
/// model: a live handle, not null. features: set up by encast_features_init(), not null; bitrate_kbps and crf are not
/// looked at. options: target_vmaf, the limits and the assurance, or null for the defaults. recommendation: set up by
/// encast_recommendation_init(), not null; written on success only. An unreachable target is a success that says so,
/// and so is one beyond a limit.
///
/// Returns as encast_predict(); ENCAST_STATUS_NOT_PREDICTED when the model forecasts no VMAF from a bitrate, or not
/// what is limited. May be called from any thread, also with one model at the same time.
///
/// # Safety
/// model is a live handle; each struct has as many bytes as its struct_size says, and the array of anchors as many
/// elements as its count says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn encast_recommend_bitrate(
    model: *const EncastModel,
    features: *const EncastFeatures,
    options: *const EncastPredictOptions,
    recommendation: *mut EncastRecommendation,
) -> i32 {
    // SAFETY: the caller's promise.
    unsafe { search(model, features, Given::Bitrate, options, recommendation) }
}

/// Finds the highest whole CRF that reaches a target of VMAF.
///
/// Everything is as with encast_recommend_bitrate(), but codec or encoder have to be known
/// (ENCAST_STATUS_MISSING_FIELD), and a min_crf or max_crf that the encoder does not have, or without a whole CRF
/// between them, is ENCAST_STATUS_INVALID_FIELD.
///
/// # Safety
/// model is a live handle; each struct has as many bytes as its struct_size says, and the array of anchors as many
/// elements as its count says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn encast_recommend_crf(
    model: *const EncastModel,
    features: *const EncastFeatures,
    options: *const EncastPredictOptions,
    recommendation: *mut EncastRecommendation,
) -> i32 {
    // SAFETY: the caller's promise.
    unsafe { search(model, features, Given::Crf, options, recommendation) }
}
