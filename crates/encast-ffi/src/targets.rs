//! Measured values of one encode, to train on.

use std::ffi::c_char;

use encast_core::{PredictionTargets, Target};

use crate::{
    boundary::enter,
    status::Failure,
    structs::{self, CStruct, known, text},
};

/// Bytes of EncastTargets.title, with the terminating NUL.
pub const ENCAST_TITLE_CAPACITY: usize = 128;

/// What was measured of one encode. Set up by encast_targets_init(), then filled in.
///
/// NaN means not measured: never write 0 for it.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct EncastTargets {
    /// Set by encast_targets_init().
    pub struct_size: u32,
    /// Which source it was: UTF-8, NUL-terminated. Encodes of one source carry the same title and are never split
    /// between training and judging. Must be given.
    pub title: [c_char; ENCAST_TITLE_CAPACITY],
    /// 1 = it ran at a site: encast_monitor_observe() says what that means. Nothing else looks at it. Default 0.
    pub at_site: i32,
    /// VMAF of the encode: 0 to 100.
    pub vmaf: f64,
    /// PSNR of the luma: dB, 0 to 120.
    pub psnr: f64,
    /// SSIM: 0 to 1.
    pub ssim: f64,
    /// Bitrate that the encode came out with: kbit/s, above 0.
    pub bitrate_kbps: f64,
    /// Elapsed time of the encode: seconds, above 0.
    pub encode_seconds: f64,
    /// CPU time of the encode, over all cores: seconds, above 0.
    pub cpu_seconds: f64,
    /// Mean CPU load: percent of one core, at least 0.
    pub cpu_percent: f64,
    /// Mean GPU load: percent, 0 to 100.
    pub gpu_percent: f64,
    /// Peak resident memory: MB (10^6 bytes), above 0.
    pub peak_memory_mb: f64,
    /// Energy of the whole job: kWh, above 0.
    pub energy_kwh: f64,
    /// Cost of the whole job: USD, above 0.
    pub cost_usd: f64,
    /// Carbon of the whole job: kg CO2e, above 0.
    pub co2_kg: f64,
}

// SAFETY: repr(C), struct_size first, numbers and arrays of numbers only.
unsafe impl CStruct for EncastTargets {
    const NAME: &'static str = "EncastTargets";
    const FIRST_SIZE: usize = 232;

    fn defaults() -> Self {
        EncastTargets {
            struct_size: size_of::<Self>() as u32,
            title: [0; ENCAST_TITLE_CAPACITY],
            at_site: 0,
            vmaf: f64::NAN,
            psnr: f64::NAN,
            ssim: f64::NAN,
            bitrate_kbps: f64::NAN,
            encode_seconds: f64::NAN,
            cpu_seconds: f64::NAN,
            cpu_percent: f64::NAN,
            gpu_percent: f64::NAN,
            peak_memory_mb: f64::NAN,
            energy_kwh: f64::NAN,
            cost_usd: f64::NAN,
            co2_kg: f64::NAN,
        }
    }
}

fn number(c: &EncastTargets, target: Target) -> f64 {
    match target {
        Target::Vmaf => c.vmaf,
        Target::Psnr => c.psnr,
        Target::Ssim => c.ssim,
        Target::BitrateKbps => c.bitrate_kbps,
        Target::EncodeSeconds => c.encode_seconds,
        Target::CpuSeconds => c.cpu_seconds,
        Target::CpuPercent => c.cpu_percent,
        Target::GpuPercent => c.gpu_percent,
        Target::PeakMemoryMb => c.peak_memory_mb,
        Target::EnergyKwh => c.energy_kwh,
        Target::CostUsd => c.cost_usd,
        Target::Co2Kg => c.co2_kg,
    }
}

/// The measured values in the core's terms; the core checks them when it trains.
pub(crate) fn from_c(c: &EncastTargets) -> Result<PredictionTargets, Failure> {
    let mut targets = PredictionTargets::of_title(text(&c.title, "title")?.unwrap_or_default());
    for &target in Target::ALL {
        targets.set(target, known(number(c, target)));
    }
    Ok(targets)
}

/// Makes every value not measured (NaN) and the title empty.
///
/// targets: a struct of the caller, not null. struct_size: sizeof(EncastTargets).
///
/// Returns ENCAST_STATUS_OK, ENCAST_STATUS_NULL_POINTER or ENCAST_STATUS_BAD_STRUCT_SIZE; on failure nothing is
/// written. May be called from any thread.
///
/// # Safety
/// targets points to struct_size writable bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn encast_targets_init(targets: *mut EncastTargets, struct_size: usize) -> i32 {
    // SAFETY: the caller's promise.
    enter(|| unsafe { structs::init(targets, struct_size, "targets") })
}
