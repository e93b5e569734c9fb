//! The monitor handle: observations of encodes held against what one model forecasts of them.

use std::sync::{Arc, Mutex};

use encast_core::{Estimate, Model, Monitor, MonitorOptions, Observation, Target, Told};

use crate::{
    boundary::enter,
    features::{self, EncastFeatures},
    handles::{self, Handle, Table},
    model::EncastModel,
    monitor_rows::{EncastDriftStream, EncastForecastErrors, EncastInputDrift, EncastObserved, EncastOffset},
    options::{EncastPredictOptions, corrected_codecs},
    result::{EncastEstimate, EncastResult},
    status::{ENCAST_STATUS_BAD_NUMBER, ENCAST_STATUS_BAD_STATE, ENCAST_STATUS_BUFFER_TOO_SMALL, Failure},
    structs::{self, CStruct, Output, Rows, read, read_or_defaults},
    targets::{self, EncastTargets},
};

/// Watches the forecasts of one model: errors, coverage and drift, and what would correct them. Made by
/// encast_monitor_new(), freed by encast_monitor_free(). The pointer is a number: there is nothing to read behind it.
/// Calls of several threads with one monitor wait for one another. It keeps the model that it was made for, whose handle
/// may be freed, and no file: a program that starts anew makes a new monitor and gives it the stored observations again.
pub struct EncastMonitor {
    _number: (),
}

/// A monitor and its model.
pub struct Watched {
    model: Arc<Model>,
    monitor: Mutex<Monitor>,
}

impl Handle for EncastMonitor {
    type Object = Watched;
    const KIND: usize = 5;
    const NAME: &'static str = "monitor";

    fn table() -> &'static Table<Watched> {
        static MONITORS: Table<Watched> = Table::new();
        &MONITORS
    }
}

impl Watched {
    /// Runs what needs the monitor alone.
    fn with<T>(&self, work: impl FnOnce(&mut Monitor) -> Result<T, Failure>) -> Result<T, Failure> {
        let mut monitor = self.monitor.lock().map_err(|_| {
            let text = "monitor: a defect of the library was caught in an earlier call; make a new one";
            Failure::new(ENCAST_STATUS_BAD_STATE, text).of_field("monitor")
        })?;
        work(&mut monitor)
    }
}

/// What a monitor keeps, and when it warns. Set up by encast_monitor_options_init(), then changed where the defaults do
/// not fit.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct EncastMonitorOptions {
    /// Set by encast_monitor_options_init().
    pub struct_size: u32,
    /// Leave it 0.
    pub reserved: i32,
    /// Newest observations of a target and codec that errors, coverage and bias are taken over: 1 to 10000. Default 200.
    pub window: u32,
    /// Newest observations whose inputs are compared with the training: 1 to 10000. Default 500.
    pub inputs: u32,
    /// Factor of every drift threshold, 0.1 to 100: above 1 there are fewer alarms, and later ones. Default 1.
    pub threshold: f64,
    /// Population stability index from which on an input counts as drifted, above 0 to 100. Default 0.25.
    pub psi_alarm: f64,
}

// SAFETY: repr(C), struct_size first, numbers only.
unsafe impl CStruct for EncastMonitorOptions {
    const NAME: &'static str = "EncastMonitorOptions";
    const FIRST_SIZE: usize = 32;

    fn defaults() -> Self {
        let MonitorOptions { window, inputs, threshold, psi_alarm } = MonitorOptions::default();
        EncastMonitorOptions {
            struct_size: size_of::<Self>() as u32,
            reserved: 0,
            window: window as u32,
            inputs: inputs as u32,
            threshold,
            psi_alarm,
        }
    }
}

/// Sets the defaults.
///
/// options: a struct of the caller, not null. struct_size: sizeof(EncastMonitorOptions).
///
/// Returns ENCAST_STATUS_OK, ENCAST_STATUS_NULL_POINTER or ENCAST_STATUS_BAD_STRUCT_SIZE; on failure nothing is
/// written. May be called from any thread.
///
/// # Safety
/// options points to struct_size writable bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn encast_monitor_options_init(options: *mut EncastMonitorOptions, struct_size: usize) -> i32 {
    // SAFETY: the caller's promise.
    enter(|| unsafe { structs::init(options, struct_size, "options") })
}

/// Makes a monitor that has seen nothing yet.
///
/// model: a live handle, not null. options: set up by encast_monitor_options_init(), or null for the defaults.
/// out_monitor: receives the handle, not null; the caller owns it and frees it with encast_monitor_free().
///
/// Returns ENCAST_STATUS_OK, ENCAST_STATUS_NULL_POINTER, _BAD_HANDLE, _BAD_STRUCT_SIZE, _BAD_NUMBER or _INVALID_FIELD.
/// On failure *out_monitor is not touched. May be called from any thread.
///
/// # Safety
/// model is a live handle; options has as many bytes as its struct_size says; out_monitor may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn encast_monitor_new(
    model: *const EncastModel,
    options: *const EncastMonitorOptions,
    out_monitor: *mut *mut EncastMonitor,
) -> i32 {
    enter(|| {
        let model = handles::get(model)?;
        // SAFETY: the caller's promise.
        let c = unsafe { read_or_defaults(options, "options")? };
        if c.reserved != 0 {
            let text = format!("reserved = {}: must be 0 (was encast_monitor_options_init called?)", c.reserved);
            return Err(Failure::new(ENCAST_STATUS_BAD_NUMBER, text).of_field("reserved"));
        }
        let options = MonitorOptions {
            window: c.window as usize,
            inputs: c.inputs as usize,
            threshold: c.threshold,
            psi_alarm: c.psi_alarm,
        };
        let make = || {
            let monitor = Mutex::new(Monitor::new(&model, &options)?);
            Ok(Watched { model, monitor })
        };
        // SAFETY: the caller's promise.
        unsafe { handles::hand_out(out_monitor, "out_monitor", make) }
    })
}

/// Frees a monitor. Null is allowed and does nothing.
///
/// monitor: a live handle, which is dead after the call. A call that still uses it on another thread goes on.
///
/// Returns ENCAST_STATUS_OK, which leaves the text of the last error as it was, or ENCAST_STATUS_BAD_HANDLE when it was
/// freed before. May be called from any thread.
#[unsafe(no_mangle)]
pub extern "C" fn encast_monitor_free(monitor: *mut EncastMonitor) -> i32 {
    handles::free(monitor)
}

/// What was told of an encode, in the core's terms.
fn told(c: &EncastResult, level: f64) -> Told {
    let mut told = Told { level, estimates: [None; Target::COUNT] };
    for &target in Target::ALL {
        let EncastEstimate { value, lower, upper } = match target {
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
        };
        told.estimates[target as usize] = (!value.is_nan()).then_some(Estimate { value, lower, upper });
    }
    told
}

fn at_site(measured: &EncastTargets) -> Result<bool, Failure> {
    match measured.at_site {
        0 | 1 => Ok(measured.at_site == 1),
        other => {
            let text = format!("at_site = {other}: must be 0 or 1 (was encast_targets_init called?)");
            Err(Failure::new(ENCAST_STATUS_BAD_NUMBER, text).of_field("at_site"))
        }
    }
}

/// Takes one observation: a measured encode. Observations are given in the order in which they became known.
///
/// monitor: a live handle, not null. features: the request as it was forecast, set up by encast_features_init(), not
/// null; its anchors are not looked at. measured: what was measured, and the title, set up by encast_targets_init(), not
/// null; an empty title stands for a title of its own. forecast: what was told of the encode, as encast_predict() wrote
/// it: errors and coverage are of this. Null = the model's own forecast. Drift and offsets are of the model's own
/// forecast, which the monitor makes itself, always. level: the probability that the intervals of forecast promise; 0 =
/// 0.9. observed: set up by encast_observed_init(), or null.
///
/// Where measured->at_site is 1, forecast was made at a site (EncastPredictOptions.site): times and loads, energy, cost
/// and carbon are those of another machine than the model's, so they have errors and coverage, where forecast is given,
/// and no part in drift and offsets.
///
/// Returns ENCAST_STATUS_OK, or as encast_predict(); ENCAST_STATUS_MISSING_FIELD when nothing was measured,
/// ENCAST_STATUS_INVALID_FIELD also for a measured value beyond its bounds, ENCAST_STATUS_BAD_NUMBER for an at_site that
/// is neither 0 nor 1. On failure the monitor is as it was. May be called from any thread.
///
/// # Safety
/// monitor is a live handle; each struct has as many bytes as its struct_size says, observed may be written, and the
/// array of anchors has as many elements as its count says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn encast_monitor_observe(
    monitor: *const EncastMonitor,
    features: *const EncastFeatures,
    measured: *const EncastTargets,
    forecast: *const EncastResult,
    level: f64,
    observed: *mut EncastObserved,
) -> i32 {
    enter(|| {
        let watched = handles::get(monitor)?;
        // SAFETY: the caller's promise.
        let (c_features, measured) = unsafe { (read(features, "features")?, read(measured, "measured")?) };
        let at_site = at_site(&measured)?;
        let measured = targets::from_c(&measured)?;
        let told = match forecast.is_null() {
            true => None,
            // SAFETY: the caller's promise.
            false => Some(told(&unsafe { read(forecast, "forecast")? }, if level == 0.0 { 0.9 } else { level })),
        };
        let output = match observed.is_null() {
            true => None,
            // SAFETY: the caller's promise.
            false => Some(unsafe { Output::new(observed, "observed")? }),
        };
        // SAFETY: the caller's promise.
        let features = unsafe { features::from_c(&c_features)? };
        let observation = Observation { features: &features, measured: &measured, told: told.as_ref(), at_site };
        let seen = watched.with(|monitor| Ok(monitor.observe(&watched.model, &observation)?))?;
        if let Some(output) = output {
            // SAFETY: the caller's promise.
            unsafe { output.write(&seen.into()) };
        }
        Ok(())
    })
}

/// Body of the functions that write a list into an array of the caller.
///
/// # Safety
/// `rows` is null, or points to `capacity` structs that may be written; `out_count` is null or may be written.
unsafe fn list<T: CStruct, U: Into<T>>(
    monitor: *const EncastMonitor,
    rows: *mut T,
    capacity: usize,
    out_count: *mut usize,
    tell: impl FnOnce(&Monitor) -> Vec<U>,
) -> i32 {
    enter(|| {
        let watched = handles::get(monitor)?;
        // SAFETY: our caller's promise.
        let rows = unsafe { Rows::new(rows.cast_const(), capacity, "rows", "capacity")? };
        if out_count.is_null() {
            return Err(Failure::null("out_count"));
        }
        // SAFETY: our caller's promise.
        let outputs = unsafe { rows.outputs()? };
        let told = watched.with(|monitor| Ok(tell(monitor)))?;
        // SAFETY: not null, hence writable by our caller's promise.
        unsafe { out_count.write(told.len()) };
        if told.len() > capacity {
            let text = format!("capacity = {capacity}: must be at least {}, the number of rows", told.len());
            return Err(Failure::new(ENCAST_STATUS_BUFFER_TOO_SMALL, text).of_field("capacity"));
        }
        for (output, row) in outputs.iter().zip(told) {
            // SAFETY: our caller's promise.
            unsafe { output.write(&row.into()) };
        }
        Ok(())
    })
}

/// Tells bias and drift of the model's own forecasts, by target, codec and encoder.
///
/// monitor: a live handle, not null. rows: capacity structs, each set up by encast_drift_stream_init(), may be null when
/// capacity is 0; as many as there are streams are written, on success only. The struct_size of the first is the
/// stride, and must be the same in all. out_count: receives the number of streams, not null; it is also written when
/// there are more than capacity.
///
/// Returns ENCAST_STATUS_OK; ENCAST_STATUS_BUFFER_TOO_SMALL when there are more streams than capacity: no struct is
/// written then; ENCAST_STATUS_NULL_POINTER, _BAD_HANDLE, _BAD_STRUCT_SIZE or _BAD_COUNT. May be called from any thread.
///
/// # Safety
/// monitor is a live handle; rows has capacity elements of as many bytes as the first one's struct_size says; out_count
/// may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn encast_monitor_streams(
    monitor: *const EncastMonitor,
    rows: *mut EncastDriftStream,
    capacity: usize,
    out_count: *mut usize,
) -> i32 {
    // SAFETY: the caller's promise.
    unsafe { list(monitor, rows, capacity, out_count, Monitor::streams) }
}

/// Tells errors and coverage of the forecasts that were told, by target and codec, over the window.
///
/// Arguments and statuses are those of encast_monitor_streams(); each row is set up by encast_forecast_errors_init().
///
/// # Safety
/// As encast_monitor_streams().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn encast_monitor_errors(
    monitor: *const EncastMonitor,
    rows: *mut EncastForecastErrors,
    capacity: usize,
    out_count: *mut usize,
) -> i32 {
    // SAFETY: the caller's promise.
    unsafe { list(monitor, rows, capacity, out_count, Monitor::errors) }
}

/// Compares the inputs of the newest observations with the rows that the model was trained on, input by input.
///
/// Arguments and statuses are those of encast_monitor_streams(); each row is set up by encast_input_drift_init().
///
/// # Safety
/// As encast_monitor_streams().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn encast_monitor_inputs(
    monitor: *const EncastMonitor,
    rows: *mut EncastInputDrift,
    capacity: usize,
    out_count: *mut usize,
) -> i32 {
    // SAFETY: the caller's promise.
    unsafe { list(monitor, rows, capacity, out_count, Monitor::inputs) }
}

/// Tells what a correction would add to forecasts, by target and codec.
///
/// Arguments and statuses are those of encast_monitor_streams(); each row is set up by encast_offset_init().
///
/// # Safety
/// As encast_monitor_streams().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn encast_monitor_offsets(
    monitor: *const EncastMonitor,
    rows: *mut EncastOffset,
    capacity: usize,
    out_count: *mut usize,
) -> i32 {
    // SAFETY: the caller's promise.
    unsafe { list(monitor, rows, capacity, out_count, Monitor::offsets) }
}

/// Writes what a correction would add into the options of forecasts: vmaf_offsets, psnr_offsets, bitrate_octaves,
/// encode_octaves and cpu_octaves are replaced, every other field stays as it is.
///
/// monitor: a live handle, not null. options: set up by encast_predict_options_init(), not null; written on success
/// only.
///
/// Returns ENCAST_STATUS_OK, ENCAST_STATUS_NULL_POINTER, _BAD_HANDLE or _BAD_STRUCT_SIZE. May be called from any thread.
///
/// # Safety
/// monitor is a live handle; options has as many bytes as its struct_size says, and may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn encast_monitor_correction(
    monitor: *const EncastMonitor,
    options: *mut EncastPredictOptions,
) -> i32 {
    enter(|| {
        let watched = handles::get(monitor)?;
        // SAFETY: the caller's promise.
        let (output, mut filled) =
            unsafe { (Output::new(options, "options")?, read(options.cast_const(), "options")?) };
        let correction = watched.with(|monitor| Ok(monitor.correction()))?;
        for &target in Target::ALL {
            let Some(offsets) = filled.offsets(target) else { continue };
            for (number, codec) in corrected_codecs() {
                offsets[number] = correction.get(target, codec);
            }
        }
        // SAFETY: the caller's promise.
        unsafe { output.write(&filled) };
        Ok(())
    })
}
