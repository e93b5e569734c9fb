//! What a monitor tells: drift of streams, errors of forecasts, drift of inputs, offsets of a correction.

use encast_core::{Codec, DriftStream, Encoder, ForecastErrors, InputDrift, Observed, Offset};

use crate::{
    boundary::enter,
    structs::{self, CStruct, or_nan},
};

/// What one observation came to. Set up by encast_observed_init().
#[repr(C)]
#[derive(Clone, Copy)]
pub struct EncastObserved {
    /// Set by encast_observed_init().
    pub struct_size: u32,
    /// 1 when one of the streams that the observation belongs to is in alarm after it, else 0.
    pub alarm: i32,
    /// The observation's number, from 1, in the order of calls.
    pub number: u64,
    /// The largest drift score of the streams that it belongs to, after it: 1 and more is an alarm.
    pub score: f64,
    /// Measured values that could be held against a forecast of the model's own.
    pub targets: u64,
}

/// Residuals, measured minus the model's own forecast, of one target, codec and encoder. Set up by
/// encast_drift_stream_init(), written by encast_monitor_streams().
#[repr(C)]
#[derive(Clone, Copy)]
pub struct EncastDriftStream {
    /// Set by encast_drift_stream_init().
    pub struct_size: u32,
    /// What is forecast: ENCAST_TARGET_....
    pub target: i32,
    /// ENCAST_CODEC_..., 0 = not known.
    pub codec: i32,
    /// ENCAST_ENCODER_..., 0 = not known.
    pub encoder: i32,
    /// Observations so far.
    pub count: u64,
    /// Number of the first observation of the shift, from 1; 0 while nothing speaks for one.
    pub since: u64,
    /// Mean residual over the window: in the target's unit for VMAF, PSNR, SSIM and percentages; of amounts (bitrate,
    /// times, memory, energy, cost, carbon) the base-2 logarithm of the ratio.
    pub bias: f64,
    /// The estimated shift since then, as bias; shrunk towards 0, with titles as random effects.
    pub shift: f64,
    /// The drift statistic, at least 0.
    pub statistic: f64,
    /// Statistic from which on the stream is in alarm.
    pub threshold: f64,
    /// statistic / threshold: 1 and more is an alarm.
    pub score: f64,
}

/// Errors of the forecasts that were told, of one target and codec, over the window. Set up by
/// encast_forecast_errors_init(), written by encast_monitor_errors().
#[repr(C)]
#[derive(Clone, Copy)]
pub struct EncastForecastErrors {
    /// Set by encast_forecast_errors_init().
    pub struct_size: u32,
    /// What was forecast: ENCAST_TARGET_....
    pub target: i32,
    /// ENCAST_CODEC_..., 0 = not known.
    pub codec: i32,
    /// Always 0.
    pub reserved: i32,
    /// Observations in the window.
    pub count: u64,
    /// Observations so far.
    pub total: u64,
    /// How many of count were measured within the interval of their forecast.
    pub covered: u64,
    /// What the intervals promised, on average: a probability.
    pub nominal: f64,
    /// Mean of measured minus forecast, in the target's unit, like all that follow.
    pub bias: f64,
    /// Mean absolute error.
    pub mae: f64,
    /// Absolute error that half of the forecasts keep.
    pub p50: f64,
    /// Absolute error that 90 % keep.
    pub p90: f64,
    /// Absolute error that 99 % keep.
    pub p99: f64,
}

/// How one input of the newest observations compares with the training rows. Set up by encast_input_drift_init(),
/// written by encast_monitor_inputs().
#[repr(C)]
#[derive(Clone, Copy)]
pub struct EncastInputDrift {
    /// Set by encast_input_drift_init().
    pub struct_size: u32,
    /// The input: ENCAST_FIELD_....
    pub field: i32,
    /// 1 when psi is at least threshold, else 0.
    pub alarm: i32,
    /// Always 0.
    pub reserved: i32,
    /// Values in the window: titles for inputs that describe the source, else encodes.
    pub count: u64,
    /// Population stability index; NaN for a model that does not know the shares of its training rows, and for fewer
    /// than 50 values.
    pub psi: f64,
    /// PSI from which on the input counts as drifted, at this count.
    pub threshold: f64,
    /// Share of the values outside of the range, or of the names, that the model saw in training, 0 to 1.
    pub out_of_range: f64,
}

/// What a correction would add to the forecasts of a target for a codec. Set up by encast_offset_init(), written by
/// encast_monitor_offsets().
#[repr(C)]
#[derive(Clone, Copy)]
pub struct EncastOffset {
    /// Set by encast_offset_init().
    pub struct_size: u32,
    /// What is corrected: ENCAST_TARGET_....
    pub target: i32,
    /// ENCAST_CODEC_..., 0 = not known.
    pub codec: i32,
    /// Always 0.
    pub reserved: i32,
    /// Observations since the shift began.
    pub count: u64,
    /// What is added: VMAF points, dB, or of amounts the base-2 logarithm of a factor. 0 where too little speaks for
    /// anything else.
    pub offset: f64,
}

// SAFETY: repr(C), struct_size first, numbers only.
unsafe impl CStruct for EncastObserved {
    const NAME: &'static str = "EncastObserved";
    const FIRST_SIZE: usize = 32;

    fn defaults() -> Self {
        EncastObserved { struct_size: size_of::<Self>() as u32, alarm: 0, number: 0, score: f64::NAN, targets: 0 }
    }
}

// SAFETY: repr(C), struct_size first, numbers only.
unsafe impl CStruct for EncastDriftStream {
    const NAME: &'static str = "EncastDriftStream";
    const FIRST_SIZE: usize = 72;

    fn defaults() -> Self {
        EncastDriftStream {
            struct_size: size_of::<Self>() as u32,
            target: 0,
            codec: 0,
            encoder: 0,
            count: 0,
            since: 0,
            bias: f64::NAN,
            shift: f64::NAN,
            statistic: f64::NAN,
            threshold: f64::NAN,
            score: f64::NAN,
        }
    }
}

// SAFETY: repr(C), struct_size first, numbers only.
unsafe impl CStruct for EncastForecastErrors {
    const NAME: &'static str = "EncastForecastErrors";
    const FIRST_SIZE: usize = 88;

    fn defaults() -> Self {
        EncastForecastErrors {
            struct_size: size_of::<Self>() as u32,
            target: 0,
            codec: 0,
            reserved: 0,
            count: 0,
            total: 0,
            covered: 0,
            nominal: f64::NAN,
            bias: f64::NAN,
            mae: f64::NAN,
            p50: f64::NAN,
            p90: f64::NAN,
            p99: f64::NAN,
        }
    }
}

// SAFETY: repr(C), struct_size first, numbers only.
unsafe impl CStruct for EncastInputDrift {
    const NAME: &'static str = "EncastInputDrift";
    const FIRST_SIZE: usize = 48;

    fn defaults() -> Self {
        EncastInputDrift {
            struct_size: size_of::<Self>() as u32,
            field: 0,
            alarm: 0,
            reserved: 0,
            count: 0,
            psi: f64::NAN,
            threshold: f64::NAN,
            out_of_range: f64::NAN,
        }
    }
}

// SAFETY: repr(C), struct_size first, numbers only.
unsafe impl CStruct for EncastOffset {
    const NAME: &'static str = "EncastOffset";
    const FIRST_SIZE: usize = 32;

    fn defaults() -> Self {
        EncastOffset {
            struct_size: size_of::<Self>() as u32,
            target: 0,
            codec: 0,
            reserved: 0,
            count: 0,
            offset: f64::NAN,
        }
    }
}

fn codec_number(codec: Option<Codec>) -> i32 {
    codec.map_or(0, |codec| codec as i32)
}

impl From<Observed> for EncastObserved {
    fn from(observed: Observed) -> Self {
        EncastObserved {
            alarm: i32::from(observed.score >= 1.0),
            number: observed.number,
            score: observed.score,
            targets: observed.targets as u64,
            ..Self::defaults()
        }
    }
}

impl From<DriftStream> for EncastDriftStream {
    fn from(stream: DriftStream) -> Self {
        EncastDriftStream {
            target: stream.target as i32,
            codec: codec_number(stream.codec),
            encoder: stream.encoder.map_or(0, |encoder: Encoder| encoder as i32),
            count: stream.count,
            since: stream.since,
            bias: stream.bias,
            shift: stream.shift,
            statistic: stream.statistic,
            threshold: stream.threshold,
            score: stream.score(),
            ..Self::defaults()
        }
    }
}

impl From<ForecastErrors> for EncastForecastErrors {
    fn from(errors: ForecastErrors) -> Self {
        EncastForecastErrors {
            target: errors.target as i32,
            codec: codec_number(errors.codec),
            count: errors.count,
            total: errors.total,
            covered: errors.covered,
            nominal: errors.nominal,
            bias: errors.bias,
            mae: errors.mae,
            p50: errors.p50,
            p90: errors.p90,
            p99: errors.p99,
            ..Self::defaults()
        }
    }
}

impl From<InputDrift> for EncastInputDrift {
    fn from(input: InputDrift) -> Self {
        EncastInputDrift {
            field: input.field as i32,
            alarm: input.alarm().into(),
            count: input.count,
            psi: or_nan(input.psi),
            threshold: input.threshold,
            out_of_range: input.out_of_range,
            ..Self::defaults()
        }
    }
}

impl From<Offset> for EncastOffset {
    fn from(offset: Offset) -> Self {
        EncastOffset {
            target: offset.target as i32,
            codec: codec_number(offset.codec),
            count: offset.count,
            offset: offset.offset,
            ..Self::defaults()
        }
    }
}

/// Makes every value NaN and every number that cannot be NaN 0.
///
/// observed: a struct of the caller, not null. struct_size: sizeof(EncastObserved).
///
/// Returns ENCAST_STATUS_OK, ENCAST_STATUS_NULL_POINTER or ENCAST_STATUS_BAD_STRUCT_SIZE; on failure nothing is
/// written. May be called from any thread.
///
/// # Safety
/// observed points to struct_size writable bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn encast_observed_init(observed: *mut EncastObserved, struct_size: usize) -> i32 {
    // SAFETY: the caller's promise.
    enter(|| unsafe { structs::init(observed, struct_size, "observed") })
}

/// Makes every value NaN and every number that cannot be NaN 0.
///
/// stream: a struct of the caller, not null. struct_size: sizeof(EncastDriftStream).
///
/// Returns ENCAST_STATUS_OK, ENCAST_STATUS_NULL_POINTER or ENCAST_STATUS_BAD_STRUCT_SIZE; on failure nothing is
/// written. May be called from any thread.
///
/// # Safety
/// stream points to struct_size writable bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn encast_drift_stream_init(stream: *mut EncastDriftStream, struct_size: usize) -> i32 {
    // SAFETY: the caller's promise.
    enter(|| unsafe { structs::init(stream, struct_size, "stream") })
}

/// Makes every value NaN and every number that cannot be NaN 0.
///
/// errors: a struct of the caller, not null. struct_size: sizeof(EncastForecastErrors).
///
/// Returns ENCAST_STATUS_OK, ENCAST_STATUS_NULL_POINTER or ENCAST_STATUS_BAD_STRUCT_SIZE; on failure nothing is
/// written. May be called from any thread.
///
/// # Safety
/// errors points to struct_size writable bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn encast_forecast_errors_init(errors: *mut EncastForecastErrors, struct_size: usize) -> i32 {
    // SAFETY: the caller's promise.
    enter(|| unsafe { structs::init(errors, struct_size, "errors") })
}

/// Makes every value NaN and every number that cannot be NaN 0.
///
/// input: a struct of the caller, not null. struct_size: sizeof(EncastInputDrift).
///
/// Returns ENCAST_STATUS_OK, ENCAST_STATUS_NULL_POINTER or ENCAST_STATUS_BAD_STRUCT_SIZE; on failure nothing is
/// written. May be called from any thread.
///
/// # Safety
/// input points to struct_size writable bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn encast_input_drift_init(input: *mut EncastInputDrift, struct_size: usize) -> i32 {
    // SAFETY: the caller's promise.
    enter(|| unsafe { structs::init(input, struct_size, "input") })
}

/// Makes every value NaN and every number that cannot be NaN 0.
///
/// offset: a struct of the caller, not null. struct_size: sizeof(EncastOffset).
///
/// Returns ENCAST_STATUS_OK, ENCAST_STATUS_NULL_POINTER or ENCAST_STATUS_BAD_STRUCT_SIZE; on failure nothing is
/// written. May be called from any thread.
///
/// # Safety
/// offset points to struct_size writable bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn encast_offset_init(offset: *mut EncastOffset, struct_size: usize) -> i32 {
    // SAFETY: the caller's promise.
    enter(|| unsafe { structs::init(offset, struct_size, "offset") })
}
