//! The answer.

use encast_core::{Estimate, JobResources, PredictionResult, Target};

use crate::{
    boundary::enter,
    structs::{self, CStruct, or_nan},
};

/// A forecast and the interval that holds the true value with the probability EncastPredictOptions.level. All three are
/// NaN when the model does not forecast the quantity. This struct has no size and never grows.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct EncastEstimate {
    /// The forecast.
    pub value: f64,
    /// Lower end of the interval, at most value.
    pub lower: f64,
    /// Upper end of the interval, at least value.
    pub upper: f64,
}

impl EncastEstimate {
    pub(crate) const UNKNOWN: Self = EncastEstimate { value: f64::NAN, lower: f64::NAN, upper: f64::NAN };
}

impl From<Estimate> for EncastEstimate {
    fn from(estimate: Estimate) -> Self {
        EncastEstimate { value: estimate.value, lower: estimate.lower, upper: estimate.upper }
    }
}

/// The answer to one request. Set up by encast_result_init(), so that the library knows how much room there is; then
/// written by encast_predict() and encast_predict_batch(). What the model does not forecast is NaN, never 0.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct EncastResult {
    /// Set by encast_result_init().
    pub struct_size: u32,
    /// 1 when no bitrate within the limits of the options reaches their target_vmaf, else 0.
    pub target_unreachable: i32,
    /// Forecast VMAF, 0 to 100; the same as vmaf.value.
    pub predicted_vmaf: f64,
    /// Forecast PSNR, dB; the same as psnr.value.
    pub predicted_psnr: f64,
    /// Cost of the whole job, USD.
    pub predicted_cost_usd: f64,
    /// Carbon of the whole job, kg CO2e.
    pub predicted_co2_kg: f64,
    /// How far the forecast of quality can be trusted, 0 to 1.
    pub confidence: f64,
    /// Smallest bitrate, kbit/s, whose forecast VMAF reaches the target of the options; NaN when none does, or when
    /// the model forecasts no VMAF from a bitrate.
    pub recommended_bitrate_kbps: f64,
    /// When the target is unreachable: the forecast VMAF at the highest bitrate allowed, 0 to 100. Else NaN.
    pub best_reachable_vmaf: f64,
    /// Size of the encode, MB (10^6 bytes): bitrate, given or forecast from the CRF, times duration.
    pub size_mb: f64,
    /// Network rate of the stream, Mbit/s: bitrate, given or forecast from the CRF, by 1000.
    pub bandwidth_mbps: f64,
    /// Inputs outside of what the model saw in training: bit i stands for ENCAST_FIELD_... number i, whose name is
    /// encast_field_name(i). 0 = none.
    pub out_of_range: u64,
    /// Inputs that were given but that no forecast used: bits as in out_of_range.
    pub ignored: u64,
    /// VMAF of the encode: 0 to 100.
    pub vmaf: EncastEstimate,
    /// PSNR of the luma: dB, 0 to 120.
    pub psnr: EncastEstimate,
    /// SSIM: 0 to 1.
    pub ssim: EncastEstimate,
    /// Bitrate that a CRF comes out with: kbit/s, above 0. NaN when the request gives the bitrate.
    pub bitrate_kbps: EncastEstimate,
    /// Elapsed time of the encode: seconds, above 0.
    pub encode_seconds: EncastEstimate,
    /// CPU time of the encode, over all cores: seconds, above 0.
    pub cpu_seconds: EncastEstimate,
    /// Mean CPU load: percent of one core, at least 0.
    pub cpu_percent: EncastEstimate,
    /// Mean GPU load: percent, 0 to 100.
    pub gpu_percent: EncastEstimate,
    /// Peak resident memory: MB (10^6 bytes), above 0.
    pub peak_memory_mb: EncastEstimate,
    /// Energy of the whole job: kWh, above 0.
    pub energy_kwh: EncastEstimate,
    /// Cost of the whole job: USD, above 0.
    pub cost_usd: EncastEstimate,
    /// Carbon of the whole job: kg CO2e, above 0.
    pub co2_kg: EncastEstimate,
    /// Of energy_kwh: processors at work, above idling, kWh. Like all that follows it is known with a site only, and of
    /// the forecast itself, without an interval.
    pub energy_cpu_kwh: f64,
    /// Of energy_kwh: the job's share of the idling machine, kWh.
    pub energy_idle_kwh: f64,
    /// Of energy_kwh: memory, kWh.
    pub energy_memory_kwh: f64,
    /// Of cost_usd: the job's share of the machine, USD.
    pub cost_compute_usd: f64,
    /// Of cost_usd: sending the encode to the internet, USD.
    pub cost_egress_usd: f64,
    /// Of cost_usd: keeping the encode, USD.
    pub cost_storage_usd: f64,
    /// Of co2_kg: the electricity, kg CO2e.
    pub co2_operational_kg: f64,
    /// Of co2_kg: the job's share of making the machine, kg CO2e.
    pub co2_embodied_kg: f64,
    /// Software Carbon Intensity (ISO/IEC 21031): g CO2e per minute of content.
    pub sci_g_per_minute: f64,
}

// SAFETY: repr(C), struct_size first, numbers and structs of numbers only.
unsafe impl CStruct for EncastResult {
    const NAME: &'static str = "EncastResult";
    const FIRST_SIZE: usize = 384;

    fn defaults() -> Self {
        EncastResult {
            struct_size: size_of::<Self>() as u32,
            target_unreachable: 0,
            predicted_vmaf: f64::NAN,
            predicted_psnr: f64::NAN,
            predicted_cost_usd: f64::NAN,
            predicted_co2_kg: f64::NAN,
            confidence: f64::NAN,
            recommended_bitrate_kbps: f64::NAN,
            best_reachable_vmaf: f64::NAN,
            size_mb: f64::NAN,
            bandwidth_mbps: f64::NAN,
            out_of_range: 0,
            ignored: 0,
            vmaf: EncastEstimate::UNKNOWN,
            psnr: EncastEstimate::UNKNOWN,
            ssim: EncastEstimate::UNKNOWN,
            bitrate_kbps: EncastEstimate::UNKNOWN,
            encode_seconds: EncastEstimate::UNKNOWN,
            cpu_seconds: EncastEstimate::UNKNOWN,
            cpu_percent: EncastEstimate::UNKNOWN,
            gpu_percent: EncastEstimate::UNKNOWN,
            peak_memory_mb: EncastEstimate::UNKNOWN,
            energy_kwh: EncastEstimate::UNKNOWN,
            cost_usd: EncastEstimate::UNKNOWN,
            co2_kg: EncastEstimate::UNKNOWN,
            energy_cpu_kwh: f64::NAN,
            energy_idle_kwh: f64::NAN,
            energy_memory_kwh: f64::NAN,
            cost_compute_usd: f64::NAN,
            cost_egress_usd: f64::NAN,
            cost_storage_usd: f64::NAN,
            co2_operational_kg: f64::NAN,
            co2_embodied_kg: f64::NAN,
            sci_g_per_minute: f64::NAN,
        }
    }
}

/// The core's answer in C's terms.
pub(crate) fn to_c(result: &PredictionResult) -> EncastResult {
    let estimate = |target: Target| result.estimate(target).map_or(EncastEstimate::UNKNOWN, EncastEstimate::from);
    let part = |part: fn(&JobResources) -> Option<f64>| or_nan(result.resources.as_ref().and_then(part));
    EncastResult {
        struct_size: size_of::<EncastResult>() as u32,
        target_unreachable: result.target_unreachable.into(),
        predicted_vmaf: or_nan(result.predicted_vmaf),
        predicted_psnr: or_nan(result.predicted_psnr),
        predicted_cost_usd: or_nan(result.predicted_cost_usd),
        predicted_co2_kg: or_nan(result.predicted_co2_kg),
        confidence: result.confidence,
        recommended_bitrate_kbps: or_nan(result.recommended_bitrate_kbps),
        best_reachable_vmaf: or_nan(result.best_reachable_vmaf),
        size_mb: or_nan(result.size_mb),
        bandwidth_mbps: or_nan(result.bandwidth_mbps),
        out_of_range: result.out_of_range.bits(),
        ignored: result.ignored.bits(),
        vmaf: estimate(Target::Vmaf),
        psnr: estimate(Target::Psnr),
        ssim: estimate(Target::Ssim),
        bitrate_kbps: estimate(Target::BitrateKbps),
        encode_seconds: estimate(Target::EncodeSeconds),
        cpu_seconds: estimate(Target::CpuSeconds),
        cpu_percent: estimate(Target::CpuPercent),
        gpu_percent: estimate(Target::GpuPercent),
        peak_memory_mb: estimate(Target::PeakMemoryMb),
        energy_kwh: estimate(Target::EnergyKwh),
        cost_usd: estimate(Target::CostUsd),
        co2_kg: estimate(Target::Co2Kg),
        energy_cpu_kwh: part(|job| job.energy_cpu_kwh),
        energy_idle_kwh: part(|job| job.energy_idle_kwh),
        energy_memory_kwh: part(|job| job.energy_memory_kwh),
        cost_compute_usd: part(|job| job.cost_compute_usd),
        cost_egress_usd: part(|job| job.cost_egress_usd),
        cost_storage_usd: part(|job| job.cost_storage_usd),
        co2_operational_kg: part(|job| job.co2_operational_kg),
        co2_embodied_kg: part(|job| job.co2_embodied_kg),
        sci_g_per_minute: part(|job| job.sci_g_per_minute),
    }
}

/// Makes every value NaN and every flag 0.
///
/// result: a struct of the caller, not null. struct_size: sizeof(EncastResult). Needed once; the struct may then be
/// used for any number of calls.
///
/// Returns ENCAST_STATUS_OK, ENCAST_STATUS_NULL_POINTER or ENCAST_STATUS_BAD_STRUCT_SIZE; on failure nothing is
/// written. May be called from any thread.
///
/// # Safety
/// result points to struct_size writable bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn encast_result_init(result: *mut EncastResult, struct_size: usize) -> i32 {
    // SAFETY: the caller's promise.
    enter(|| unsafe { structs::init(result, struct_size, "result") })
}
