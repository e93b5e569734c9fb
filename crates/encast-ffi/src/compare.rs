//! Two encodes of one source side by side.

use encast_core::{Comparison, Difference, Target};

use crate::{
    boundary::enter,
    features::{self, EncastFeatures},
    handles,
    model::EncastModel,
    options::{self, EncastPredictOptions},
    result::{self, EncastEstimate, EncastResult},
    status::Failure,
    structs::{self, CStruct, Output, read, read_or_defaults},
};

/// What changes of one quantity from encode a to encode b, with intervals that hold with the probability
/// EncastPredictOptions.level. The change has a clear direction when difference.lower is above 0 or difference.upper
/// below 0. All are NaN when one of the two encodes has no such forecast. This struct has no size and never grows.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct EncastDifference {
    /// The forecast of b minus that of a, in the quantity's unit.
    pub difference: EncastEstimate,
    /// The forecast of b over that of a, above 0. NaN for quantities that are no amounts: vmaf, psnr, ssim, cpu_percent
    /// and gpu_percent.
    pub ratio: EncastEstimate,
}

impl EncastDifference {
    const UNKNOWN: Self = EncastDifference { difference: EncastEstimate::UNKNOWN, ratio: EncastEstimate::UNKNOWN };
}

impl From<Difference> for EncastDifference {
    fn from(d: Difference) -> Self {
        EncastDifference {
            difference: d.difference.into(),
            ratio: d.ratio.map_or(EncastEstimate::UNKNOWN, EncastEstimate::from),
        }
    }
}

/// What changes from one encode of a source to another. Set up by encast_comparison_init().
#[repr(C)]
#[derive(Clone, Copy)]
pub struct EncastComparison {
    /// Set by encast_comparison_init().
    pub struct_size: u32,
    /// Always 0.
    pub reserved: u32,
    /// VMAF.
    pub vmaf: EncastDifference,
    /// PSNR of the luma, dB.
    pub psnr: EncastDifference,
    /// SSIM.
    pub ssim: EncastDifference,
    /// Bitrate, kbit/s: what a request gives, or what is forecast from its CRF.
    pub bitrate_kbps: EncastDifference,
    /// Elapsed time of the encode, seconds.
    pub encode_seconds: EncastDifference,
    /// CPU time of the encode, over all cores, seconds.
    pub cpu_seconds: EncastDifference,
    /// Mean CPU load, percent of one core.
    pub cpu_percent: EncastDifference,
    /// Mean GPU load, percent.
    pub gpu_percent: EncastDifference,
    /// Peak resident memory, MB (10^6 bytes).
    pub peak_memory_mb: EncastDifference,
    /// Energy of the whole job, kWh.
    pub energy_kwh: EncastDifference,
    /// Cost of the whole job, USD.
    pub cost_usd: EncastDifference,
    /// Carbon of the whole job, kg CO2e.
    pub co2_kg: EncastDifference,
}

// SAFETY: repr(C), struct_size first, numbers and structs of numbers only.
unsafe impl CStruct for EncastComparison {
    const NAME: &'static str = "EncastComparison";
    const FIRST_SIZE: usize = 584;

    fn defaults() -> Self {
        of(|_| None)
    }
}

/// The comparison with the difference of each target.
fn of(difference: impl Fn(Target) -> Option<Difference>) -> EncastComparison {
    let difference = |target| difference(target).map_or(EncastDifference::UNKNOWN, EncastDifference::from);
    EncastComparison {
        struct_size: size_of::<EncastComparison>() as u32,
        reserved: 0,
        vmaf: difference(Target::Vmaf),
        psnr: difference(Target::Psnr),
        ssim: difference(Target::Ssim),
        bitrate_kbps: difference(Target::BitrateKbps),
        encode_seconds: difference(Target::EncodeSeconds),
        cpu_seconds: difference(Target::CpuSeconds),
        cpu_percent: difference(Target::CpuPercent),
        gpu_percent: difference(Target::GpuPercent),
        peak_memory_mb: difference(Target::PeakMemoryMb),
        energy_kwh: difference(Target::EnergyKwh),
        cost_usd: difference(Target::CostUsd),
        co2_kg: difference(Target::Co2Kg),
    }
}

/// Makes every value NaN.
///
/// comparison: a struct of the caller, not null. struct_size: sizeof(EncastComparison).
///
/// Returns ENCAST_STATUS_OK, ENCAST_STATUS_NULL_POINTER or ENCAST_STATUS_BAD_STRUCT_SIZE; on failure nothing is
/// written. May be called from any thread.
///
/// # Safety
/// comparison points to struct_size writable bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn encast_comparison_init(comparison: *mut EncastComparison, struct_size: usize) -> i32 {
    // SAFETY: the caller's promise.
    enter(|| unsafe { structs::init(comparison, struct_size, "comparison") })
}

/// Where an answer is to be written that not everybody wants.
///
/// # Safety
/// As for [`Output::new`].
unsafe fn wanted(result: *mut EncastResult, what: &str) -> Result<Option<Output<EncastResult>>, Failure> {
    if result.is_null() {
        return Ok(None);
    }
    // SAFETY: the same promise.
    unsafe { Output::new(result, what).map(Some) }
}

/// Forecasts two encodes of one source, and what changes from the first to the second. The errors of the two forecasts
/// go the same way, as most of an error is what is not known of the source: the intervals of the differences count on
/// that, and do not hold for encodes of two different sources.
///
/// model: a live handle, not null. a, b: the two encodes, each set up by encast_features_init(), not null. options: set
/// up by encast_predict_options_init(), or null for the defaults. result_a, result_b: what encast_predict() says of
/// each, set up by encast_result_init(), or null when not wanted. comparison: set up by encast_comparison_init(), not
/// null. All are written on success only, and may overlap neither the inputs nor each other.
///
/// Returns as encast_predict(). May be called from any thread, also with one model at the same time.
///
/// # Safety
/// model is a live handle; each struct has as many bytes as its struct_size says, and each array of anchors as many
/// elements as its count says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn encast_compare(
    model: *const EncastModel,
    a: *const EncastFeatures,
    b: *const EncastFeatures,
    options: *const EncastPredictOptions,
    result_a: *mut EncastResult,
    result_b: *mut EncastResult,
    comparison: *mut EncastComparison,
) -> i32 {
    enter(|| {
        // SAFETY: the caller's promise.
        let (model, a, b, options) =
            unsafe { (handles::get(model)?, read(a, "a")?, read(b, "b")?, read_or_defaults(options, "options")?) };
        // SAFETY: the caller's promise.
        let (first, second, output) = unsafe {
            (wanted(result_a, "result_a")?, wanted(result_b, "result_b")?, Output::new(comparison, "comparison")?)
        };
        // SAFETY: the caller's promise.
        let (a, b) = unsafe { (features::from_c(&a)?, features::from_c(&b)?) };
        let options = options::from_c(&options)?;
        let compared = encast_core::compare(&a, &b, &model, &options)?;
        for (output, answer) in [(first, &compared.a), (second, &compared.b)] {
            if let Some(output) = output {
                // SAFETY: the caller's promise.
                unsafe { output.write(&result::to_c(answer)) };
            }
        }
        // SAFETY: the caller's promise.
        unsafe { output.write(&to_c(&compared)) };
        Ok(())
    })
}

fn to_c(comparison: &Comparison) -> EncastComparison {
    of(|target| comparison.difference(target))
}
