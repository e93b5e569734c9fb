//! Earlier encodes of a title, and what was measured of them.

use std::ffi::c_char;

use encast_core::{Anchor, Codec, Encoder};

use crate::{
    boundary::enter,
    features::ENCAST_PRESET_CAPACITY,
    names,
    status::Failure,
    structs::{self, CStruct, Rows, known, text},
};

/// One earlier encode of the title that a request is about: its settings, and what was measured of it. Set up by
/// encast_anchor_init(), then filled in, and given in EncastFeatures.anchors.
///
/// NaN means unknown in every number. Settings that are not given are those of the request. Needed are bitrate_kbps or
/// crf, and one measured value: vmaf, psnr, ssim, or the bitrate beside a crf. A forecast from a bitrate learns from
/// anchors that have a bitrate, one from a CRF from those that have a CRF: an anchor with both serves both. Frame rate
/// and dropped frames are taken to be the request's.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct EncastAnchor {
    /// Set by encast_anchor_init().
    pub struct_size: u32,
    /// One of ENCAST_CODEC_..., 0 = as in the request. Follows from the encoder when that is given. Another codec than
    /// the request's leaves its encoder and preset unknown.
    pub codec: i32,
    /// One of ENCAST_ENCODER_..., 0 = as in the request. Another encoder than the request's leaves its preset unknown.
    pub encoder: i32,
    /// The encoder's own name of its preset: UTF-8, NUL-terminated. Empty = as in the request.
    pub preset: [c_char; ENCAST_PRESET_CAPACITY],
    /// Leave it 0.
    pub reserved: i32,
    /// Bitrate that the encode came to, kbit/s: 0.001 to 1e8.
    pub bitrate_kbps: f64,
    /// Constant-quality setting (CRF or QP) that it was made with, on its encoder's scale: 0 to 63.
    pub crf: f64,
    /// Encoded width, pixels: 16 to 16384. Given together with the height; NaN = as in the request.
    pub resolution_width: f64,
    /// Encoded height, pixels: 16 to 16384. NaN = as in the request.
    pub resolution_height: f64,
    /// Measured VMAF: 0 to 100.
    pub vmaf: f64,
    /// Measured PSNR of the luma: dB, 0 to 120.
    pub psnr: f64,
    /// Measured SSIM: 0 to 1.
    pub ssim: f64,
}

// SAFETY: repr(C), struct_size first, numbers and arrays of numbers only.
unsafe impl CStruct for EncastAnchor {
    const NAME: &'static str = "EncastAnchor";
    const FIRST_SIZE: usize = 96;

    fn defaults() -> Self {
        EncastAnchor {
            struct_size: size_of::<Self>() as u32,
            codec: 0,
            encoder: 0,
            preset: [0; ENCAST_PRESET_CAPACITY],
            reserved: 0,
            bitrate_kbps: f64::NAN,
            crf: f64::NAN,
            resolution_width: f64::NAN,
            resolution_height: f64::NAN,
            vmaf: f64::NAN,
            psnr: f64::NAN,
            ssim: f64::NAN,
        }
    }
}

fn one(c: &EncastAnchor) -> Result<Anchor, Failure> {
    Ok(Anchor {
        bitrate_kbps: known(c.bitrate_kbps),
        crf: known(c.crf),
        resolution_width: known(c.resolution_width),
        resolution_height: known(c.resolution_height),
        codec: names::from_number(c.codec, "codec", Codec::from_number, Codec::ALL, Codec::name)?,
        encoder: names::from_number(c.encoder, "encoder", Encoder::from_number, Encoder::ALL, Encoder::name)?,
        preset: text(&c.preset, "preset")?.map(str::to_owned),
        vmaf: known(c.vmaf),
        psnr: known(c.psnr),
        ssim: known(c.ssim),
    })
}

/// The anchors of a request in the core's terms; the core checks the values when it uses them.
///
/// # Safety
/// `first` is null, or points to `count` structs of as many readable bytes as the first one's `struct_size` says.
pub(crate) unsafe fn from_c(first: *const EncastAnchor, count: usize) -> Result<Vec<Anchor>, Failure> {
    // SAFETY: our caller's promise.
    let anchors = unsafe { Rows::new(first, count, "anchors", "anchor_count") };
    let anchors = anchors.map_err(|failure| match &*failure.field {
        "struct_size" => failure.at_anchor(0),
        _ => failure,
    })?;
    // SAFETY: our caller's promise.
    unsafe { anchors.read(Failure::at_anchor, one) }
}

/// Makes every field unknown: NaN, 0 or empty.
///
/// anchor: a struct of the caller, not null. struct_size: sizeof(EncastAnchor).
///
/// Returns ENCAST_STATUS_OK, ENCAST_STATUS_NULL_POINTER or ENCAST_STATUS_BAD_STRUCT_SIZE; on failure nothing is
/// written. May be called from any thread.
///
/// # Safety
/// anchor points to struct_size writable bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn encast_anchor_init(anchor: *mut EncastAnchor, struct_size: usize) -> i32 {
    // SAFETY: the caller's promise.
    enter(|| unsafe { structs::init(anchor, struct_size, "anchor") })
}
