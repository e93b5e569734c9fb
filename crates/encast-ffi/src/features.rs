//! The request.

use std::{cell::Cell, ffi::c_char};

use encast_core::{Codec, Encoder, Field, PredictionFeatures};

use crate::{
    anchor::{self, EncastAnchor},
    boundary::enter,
    complexity::EncastComplexity,
    names,
    options::ENCAST_TEXT_CAPACITY,
    status::Failure,
    structs::{self, CStruct, Output, known, text},
};

/// Bytes of EncastFeatures.preset, with the terminating NUL.
pub const ENCAST_PRESET_CAPACITY: usize = 24;

/// What is known of an encode before it runs. Set up by encast_features_init(), then filled in.
///
/// NaN means unknown in every number: never write 0, or a guess, for what is not known. Needed are the encoded size,
/// and bitrate_kbps or crf; everything else sharpens the answer. A value within its bounds but outside what the model
/// saw in training gets an answer, and is flagged in EncastResult.out_of_range.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct EncastFeatures {
    /// Set by encast_features_init().
    pub struct_size: u32,
    /// One of ENCAST_CODEC_..., 0 = unknown. Follows from the encoder when that is given.
    pub codec: i32,
    /// One of ENCAST_ENCODER_..., 0 = unknown.
    pub encoder: i32,
    /// The encoder's own name of its preset, such as "medium" or "8": UTF-8, NUL-terminated. Empty = unknown. An
    /// unknown name is an error whose text lists the known ones.
    pub preset: [c_char; ENCAST_PRESET_CAPACITY],
    /// Leave it 0.
    pub reserved: i32,
    /// Video bitrate, kbit/s: 0.001 to 1e8, documented for 100 to 50000. A request gives this or crf; when it
    /// gives both, quality is forecast from the bitrate.
    pub bitrate_kbps: f64,
    /// Encoded width, pixels: 16 to 16384, documented for 640 to 7680. Must be given.
    pub resolution_width: f64,
    /// Encoded height, pixels: 16 to 16384, documented for 360 to 4320. Must be given.
    pub resolution_height: f64,
    /// Encoded frame rate, frames/s: 0.1 to 1000, documented for 15 to 120.
    pub frame_rate: f64,
    /// Share of source frames that never reach the viewer: 0 to 1.
    pub frame_drop: f64,
    /// Motion of the content, 0 to 1: 0 is a still picture, 0.5 a typical clip. Follows from ti_mean when only that is
    /// given: ti / (ti + 10).
    pub motion_intensity: f64,
    /// Constant-quality setting (CRF or QP) on the encoder's own scale: 0 to 63.
    pub crf: f64,
    /// Encoder threads: 1 to 1024, documented for 1 to 128.
    pub threads: f64,
    /// Width of the source, pixels: 16 to 16384, documented for 640 to 7680.
    pub source_width: f64,
    /// Height of the source, pixels: 16 to 16384, documented for 360 to 4320.
    pub source_height: f64,
    /// Frame rate of the source, frames/s: 0.1 to 1000, documented for 15 to 120.
    pub source_frame_rate: f64,
    /// Bits per sample of the source: 8 to 16, documented for 8 to 12.
    pub bit_depth: f64,
    /// Length of the content, seconds: 0.001 to 1e8, documented for 0.1 to 86400. Default 3600: one hour of
    /// content.
    pub duration_s: f64,
    /// Mean spatial information (ITU-T P.910) of the luma, 8-bit scale: 0 to 10000, documented for 0 to 255.
    pub si_mean: f64,
    /// Standard deviation of the spatial information over frames, 8-bit scale: 0 to 10000, documented for 0 to
    /// 255.
    pub si_std: f64,
    /// Mean temporal information (ITU-T P.910) of the luma, 8-bit scale: 0 to 10000, documented for 0 to 255.
    pub ti_mean: f64,
    /// Standard deviation of the temporal information over frames, 8-bit scale: 0 to 10000, documented for 0 to
    /// 255.
    pub ti_std: f64,
    /// VCA's E: mean DCT energy: 0 to 1000000, documented for 0 to 1000.
    pub spatial_energy: f64,
    /// VCA's h: mean change of the DCT energy: 0 to 1000000, documented for 0 to 1000.
    pub temporal_energy: f64,
    /// VCA's L: mean luminance: 0 to 1000000, documented for 0 to 1000.
    pub luminance: f64,
    /// Bitrate of the short trial encode that the model's probe recipe describes, kbit/s: 0.001 to 1e8,
    /// documented for 1 to 50000.
    pub probe_bitrate_kbps: f64,
    /// PSNR of the trial encode, dB: 0.001 to 120, documented for 15 to 60.
    pub probe_psnr: f64,
    /// VMAF of the trial encode: 0 to 100.
    pub probe_vmaf: f64,
    /// Mean share of the 32x32 blocks that hardly changed from the frame before: 0 to 1.
    pub static_share: f64,
    /// Earlier encodes of the same title with what was measured of them: anchor_count of them, each set up by
    /// encast_anchor_init(), read during the call only. They sharpen every forecast near them. May be null when
    /// anchor_count is 0. encast_retrain() checks them, but learns nothing from them.
    pub anchors: *const EncastAnchor,
    /// How many anchors. Default 0 = none. Of more than 16 those nearest in encoder, preset and size are used.
    pub anchor_count: usize,
    /// How often the encoder goes over the source: 1 to 4, documented for 1 to 2 (2 = two-pass rate control).
    pub passes: f64,
    /// The machine that encodes, by the name that the model was taught it by, or that the site of the options has: it
    /// scales times and what follows from them. UTF-8, NUL-terminated. Empty = the model's reference machine. An unknown
    /// name is an error whose text lists the known ones.
    pub machine: [c_char; ENCAST_TEXT_CAPACITY],
}

// SAFETY: repr(C), struct_size first, numbers, arrays of numbers and a raw pointer only, which may have any value.
unsafe impl CStruct for EncastFeatures {
    const NAME: &'static str = "EncastFeatures";
    const FIRST_SIZE: usize = 232;

    fn defaults() -> Self {
        EncastFeatures {
            struct_size: size_of::<Self>() as u32,
            codec: 0,
            encoder: 0,
            preset: [0; ENCAST_PRESET_CAPACITY],
            reserved: 0,
            bitrate_kbps: f64::NAN,
            resolution_width: f64::NAN,
            resolution_height: f64::NAN,
            frame_rate: f64::NAN,
            frame_drop: f64::NAN,
            motion_intensity: f64::NAN,
            crf: f64::NAN,
            threads: f64::NAN,
            source_width: f64::NAN,
            source_height: f64::NAN,
            source_frame_rate: f64::NAN,
            bit_depth: f64::NAN,
            duration_s: f64::NAN,
            si_mean: f64::NAN,
            si_std: f64::NAN,
            ti_mean: f64::NAN,
            ti_std: f64::NAN,
            spatial_energy: f64::NAN,
            temporal_energy: f64::NAN,
            luminance: f64::NAN,
            probe_bitrate_kbps: f64::NAN,
            probe_psnr: f64::NAN,
            probe_vmaf: f64::NAN,
            static_share: f64::NAN,
            anchors: std::ptr::null(),
            anchor_count: 0,
            passes: f64::NAN,
            machine: [0; ENCAST_TEXT_CAPACITY],
        }
    }
}

/// The value of a numeric field.
fn number(c: &EncastFeatures, field: Field) -> f64 {
    match field {
        Field::BitrateKbps => c.bitrate_kbps,
        Field::Crf => c.crf,
        Field::ResolutionWidth => c.resolution_width,
        Field::ResolutionHeight => c.resolution_height,
        Field::FrameRate => c.frame_rate,
        Field::FrameDrop => c.frame_drop,
        Field::MotionIntensity => c.motion_intensity,
        Field::Threads => c.threads,
        Field::SourceWidth => c.source_width,
        Field::SourceHeight => c.source_height,
        Field::SourceFrameRate => c.source_frame_rate,
        Field::BitDepth => c.bit_depth,
        Field::DurationS => c.duration_s,
        Field::SiMean => c.si_mean,
        Field::SiStd => c.si_std,
        Field::TiMean => c.ti_mean,
        Field::TiStd => c.ti_std,
        Field::SpatialEnergy => c.spatial_energy,
        Field::TemporalEnergy => c.temporal_energy,
        Field::Luminance => c.luminance,
        Field::ProbeBitrateKbps => c.probe_bitrate_kbps,
        Field::ProbePsnr => c.probe_psnr,
        Field::ProbeVmaf => c.probe_vmaf,
        Field::StaticShare => c.static_share,
        Field::Passes => c.passes,
        Field::Codec | Field::Encoder | Field::Preset | Field::Machine => f64::NAN,
    }
}

/// The request in the core's terms; the core checks the values when it uses them.
///
/// # Safety
/// `anchors` of `c` is null, or points to `anchor_count` structs of as many bytes as the first one's `struct_size` says.
pub(crate) unsafe fn from_c(c: &EncastFeatures) -> Result<PredictionFeatures, Failure> {
    // SAFETY: our caller's promise.
    unsafe {
        with_names(c, text(&c.preset, "preset")?.map(str::to_owned), text(&c.machine, "machine")?.map(str::to_owned))
    }
}

thread_local! {
    /// Room for the preset and the machine of the next request: one request after another needs no memory.
    static SPARE: Cell<[String; 2]> = const { Cell::new([String::new(), String::new()]) };
}

/// As [`from_c`], for as long as `ask` takes.
///
/// # Safety
/// As [`from_c`].
pub(crate) unsafe fn borrow<T>(
    c: &EncastFeatures,
    ask: impl FnOnce(&PredictionFeatures) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let (preset, machine) = (text(&c.preset, "preset")?, text(&c.machine, "machine")?);
    // A thread that is ending has no room left.
    let mut spare = SPARE.try_with(Cell::take).unwrap_or_default();
    let owned = |text: Option<&str>, room: &mut String| {
        text.map(|text| {
            let mut name = std::mem::take(room);
            name.clear();
            name.push_str(text);
            name
        })
    };
    let [of_preset, of_machine] = &mut spare;
    let (preset, machine) = (owned(preset, of_preset), owned(machine, of_machine));
    // SAFETY: our caller's promise.
    let mut features = unsafe { with_names(c, preset, machine) }?;
    let answer = ask(&features);
    for (room, name) in spare.iter_mut().zip([features.preset.take(), features.machine.take()]) {
        name.into_iter().for_each(|name| *room = name);
    }
    let _ = SPARE.try_with(|cell| cell.set(spare));
    answer
}

/// # Safety
/// As [`from_c`].
unsafe fn with_names(
    c: &EncastFeatures,
    preset: Option<String>,
    machine: Option<String>,
) -> Result<PredictionFeatures, Failure> {
    let mut features = PredictionFeatures {
        codec: names::from_number(c.codec, "codec", Codec::from_number, Codec::ALL, Codec::name)?,
        encoder: names::from_number(c.encoder, "encoder", Encoder::from_number, Encoder::ALL, Encoder::name)?,
        preset,
        machine,
        // SAFETY: our caller's promise.
        anchors: unsafe { anchor::from_c(c.anchors, c.anchor_count)? },
        ..PredictionFeatures::default()
    };
    for &field in Field::ALL {
        features.set(field, known(number(c, field)));
    }
    // Needed, so that NaN is an error that shows what was given.
    features.resolution_width = c.resolution_width;
    features.resolution_height = c.resolution_height;
    Ok(features)
}

/// Makes every field unknown: NaN, 0 or empty.
///
/// features: a struct of the caller, not null. struct_size: sizeof(EncastFeatures), so that a library newer than the
/// header writes no more than the caller has room for.
///
/// Returns ENCAST_STATUS_OK, ENCAST_STATUS_NULL_POINTER or ENCAST_STATUS_BAD_STRUCT_SIZE; on failure nothing is
/// written. May be called from any thread.
///
/// # Safety
/// features points to struct_size writable bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn encast_features_init(features: *mut EncastFeatures, struct_size: usize) -> i32 {
    // SAFETY: the caller's promise.
    enter(|| unsafe { structs::init(features, struct_size, "features") })
}

/// Fills in what an analyzer measured, so that encast_predict() and encast_recommend_bitrate() can use it:
/// source_width, source_height, source_frame_rate, bit_depth, duration_s, motion_intensity, si_mean, si_std, ti_mean,
/// ti_std, spatial_energy, temporal_energy, luminance and static_share. All of these are replaced, and what the
/// complexity does not know becomes unknown (NaN); every other field stays as it is. Set what is to differ, such as the
/// duration_s of the whole job, after this call.
///
/// features: set up by encast_features_init(), not null; written on success only. complexity: of a clip or a segment,
/// as encast_analyzer_finish() and encast_analyzer_segment() write it, not null. The two may not overlap.
///
/// Returns ENCAST_STATUS_OK, ENCAST_STATUS_NULL_POINTER or ENCAST_STATUS_BAD_STRUCT_SIZE. May be called from any
/// thread.
///
/// # Safety
/// features and complexity have as many bytes as their struct_size says, and those of features may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn encast_features_set_content(
    features: *mut EncastFeatures,
    complexity: *const EncastComplexity,
) -> i32 {
    enter(|| {
        // SAFETY: the caller's promise.
        let (output, mut filled, c) = unsafe {
            (
                Output::new(features, "features")?,
                structs::read(features.cast_const(), "features")?,
                structs::read(complexity, "complexity")?,
            )
        };
        // A size of 0 is what encast_complexity_init() leaves.
        let size = |samples: u32| if samples == 0 { f64::NAN } else { f64::from(samples) };
        filled.source_width = size(c.width);
        filled.source_height = size(c.height);
        filled.source_frame_rate = c.frame_rate;
        filled.bit_depth = size(c.bit_depth);
        filled.duration_s = c.duration_s;
        filled.motion_intensity = c.motion_intensity;
        (filled.si_mean, filled.si_std) = (c.si.mean, c.si.std);
        (filled.ti_mean, filled.ti_std) = (c.ti.mean, c.ti.std);
        filled.spatial_energy = c.spatial_energy.mean;
        filled.temporal_energy = c.temporal_energy.mean;
        filled.luminance = c.luminance.mean;
        filled.static_share = c.static_share.mean;
        // SAFETY: the caller's promise.
        unsafe { output.write(&filled) };
        Ok(())
    })
}
