//! Bitrate ladders, into an array of the caller.

use encast_core::{Estimate, LadderOptions, Rung, Size};

use crate::{
    boundary::enter,
    features::{self, EncastFeatures},
    handles,
    model::EncastModel,
    options::{self, EncastPredictOptions},
    result::EncastEstimate,
    status::{ENCAST_STATUS_BAD_NUMBER, ENCAST_STATUS_BUFFER_TOO_SMALL, Failure},
    structs::{self, CStruct, Rows, or_nan, read, read_or_defaults},
};

/// Most sizes, and most bitrates, that a ladder takes.
pub const ENCAST_LADDER_MOST: usize = 64;

/// A size of pictures. This struct has no size of its own and never grows.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct EncastSize {
    /// Pixels in a line.
    pub width: u32,
    /// Lines.
    pub height: u32,
}

/// What a ladder shall be. Set up by encast_ladder_options_init(), then changed where the defaults do not fit.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct EncastLadderOptions {
    /// Set by encast_ladder_options_init().
    pub struct_size: u32,
    /// Leave it 0.
    pub reserved: u32,
    /// Encoded sizes to choose from: size_count of them, read during the call only. May be null when size_count is 0.
    pub sizes: *const EncastSize,
    /// How many sizes, at most ENCAST_LADDER_MOST. Default 0 = the usual ones that are no larger than the source.
    pub size_count: usize,
    /// Bitrates that get a rung each, kbit/s: bitrate_count of them, read during the call only. May be null when
    /// bitrate_count is 0. One that gives no more VMAF than a lower one, or that no size allows, gets no rung.
    pub bitrates_kbps: *const f64,
    /// How many bitrates, at most ENCAST_LADDER_MOST. Default 0 = rungs by steps of VMAF.
    pub bitrate_count: usize,
    /// Least VMAF between two rungs, above 0 and at most 100. Default 6. With bitrates not looked at, like the next
    /// three.
    pub step_vmaf: f64,
    /// Least ratio of the bitrates of two rungs, 1 to 16. Default 1.2.
    pub min_bitrate_ratio: f64,
    /// The highest rung is the cheapest that reaches this VMAF, or the best that there is, 0 to 100. Default 95.
    pub top_vmaf: f64,
    /// No rung has less VMAF than this, 0 to top_vmaf. Default 40.
    pub bottom_vmaf: f64,
}

// SAFETY: repr(C), struct_size first, numbers and raw pointers only, which may have any value.
unsafe impl CStruct for EncastLadderOptions {
    const NAME: &'static str = "EncastLadderOptions";
    const FIRST_SIZE: usize = 72;

    fn defaults() -> Self {
        let defaults = LadderOptions::default();
        EncastLadderOptions {
            struct_size: size_of::<Self>() as u32,
            reserved: 0,
            sizes: std::ptr::null(),
            size_count: 0,
            bitrates_kbps: std::ptr::null(),
            bitrate_count: 0,
            step_vmaf: defaults.step_vmaf,
            min_bitrate_ratio: defaults.min_bitrate_ratio,
            top_vmaf: defaults.top_vmaf,
            bottom_vmaf: defaults.bottom_vmaf,
        }
    }
}

/// One rung of a ladder: an encode, and what is forecast of it. Set up by encast_rung_init(). What the model does not
/// forecast is NaN.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct EncastRung {
    /// Set by encast_rung_init().
    pub struct_size: u32,
    /// Encoded width, pixels.
    pub width: u32,
    /// Encoded height, pixels.
    pub height: u32,
    /// Always 0.
    pub reserved: u32,
    /// Video bitrate, kbit/s.
    pub bitrate_kbps: f64,
    /// The whole CRF whose forecast bitrate is nearest to bitrate_kbps. NaN when the model forecasts no bitrate from a
    /// CRF, or no allowed CRF gives such a bitrate.
    pub crf: f64,
    /// Forecast VMAF, 0 to 100.
    pub vmaf: EncastEstimate,
    /// The lower bound of VMAF that holds with the assurance asked for; without one, the forecast. Rungs are placed by
    /// it.
    pub assured_vmaf: f64,
    /// Forecast PSNR of the luma, dB.
    pub psnr: EncastEstimate,
    /// Size of the encode, MB (10^6 bytes).
    pub size_mb: f64,
    /// Forecast elapsed time of the encode, seconds.
    pub encode_seconds: EncastEstimate,
    /// Forecast cost of the encode, USD.
    pub cost_usd: EncastEstimate,
    /// How far the forecast of quality can be trusted, 0 to 1.
    pub confidence: f64,
    /// Inputs of this rung outside of what the model saw in training: bits as in EncastResult.out_of_range.
    pub out_of_range: u64,
}

// SAFETY: repr(C), struct_size first, numbers and structs of numbers only.
unsafe impl CStruct for EncastRung {
    const NAME: &'static str = "EncastRung";
    const FIRST_SIZE: usize = 160;

    fn defaults() -> Self {
        EncastRung {
            struct_size: size_of::<Self>() as u32,
            width: 0,
            height: 0,
            reserved: 0,
            bitrate_kbps: f64::NAN,
            crf: f64::NAN,
            vmaf: EncastEstimate::UNKNOWN,
            assured_vmaf: f64::NAN,
            psnr: EncastEstimate::UNKNOWN,
            size_mb: f64::NAN,
            encode_seconds: EncastEstimate::UNKNOWN,
            cost_usd: EncastEstimate::UNKNOWN,
            confidence: f64::NAN,
            out_of_range: 0,
        }
    }
}

fn to_c(rung: &Rung) -> EncastRung {
    let or_unknown = |estimate: Option<Estimate>| estimate.map_or(EncastEstimate::UNKNOWN, EncastEstimate::from);
    EncastRung {
        struct_size: size_of::<EncastRung>() as u32,
        width: rung.size.width,
        height: rung.size.height,
        reserved: 0,
        bitrate_kbps: rung.bitrate_kbps,
        crf: or_nan(rung.crf),
        vmaf: rung.vmaf.into(),
        assured_vmaf: rung.assured_vmaf,
        psnr: or_unknown(rung.psnr),
        size_mb: rung.size_mb,
        encode_seconds: or_unknown(rung.encode_seconds),
        cost_usd: or_unknown(rung.cost_usd),
        confidence: rung.confidence,
        out_of_range: rung.out_of_range.bits(),
    }
}

/// The elements of a short array of the caller.
///
/// # Safety
/// `first` is null, or points to `count` readable elements of which every bit pattern is a value.
pub(crate) unsafe fn elements<T: Copy>(first: *const T, count: usize, field: &'static str) -> Result<Vec<T>, Failure> {
    if count > ENCAST_LADDER_MOST {
        return Err(Failure::bound(field, count, format_args!("at most {ENCAST_LADDER_MOST}")));
    }
    if count != 0 && first.is_null() {
        return Err(Failure::null(field));
    }
    // SAFETY: not null where there are any, hence readable by our caller's promise.
    Ok((0..count).map(|index| unsafe { first.add(index).read_unaligned() }).collect())
}

/// The options in the core's terms; the core checks them.
///
/// # Safety
/// Each array of `c` is null, or has as many elements as its count says; the site of `predict` is null or live.
unsafe fn from_c(c: &EncastLadderOptions, predict: &EncastPredictOptions) -> Result<LadderOptions, Failure> {
    if c.reserved != 0 {
        let text = format!("reserved = {}: must be 0 (was encast_ladder_options_init called?)", c.reserved);
        return Err(Failure::new(ENCAST_STATUS_BAD_NUMBER, text).of_field("reserved"));
    }
    // SAFETY: our caller's promise.
    let (sizes, bitrates_kbps) = unsafe {
        (elements(c.sizes, c.size_count, "sizes")?, elements(c.bitrates_kbps, c.bitrate_count, "bitrates_kbps")?)
    };
    Ok(LadderOptions {
        sizes: sizes.iter().map(|size| Size { width: size.width, height: size.height }).collect(),
        bitrates_kbps,
        step_vmaf: c.step_vmaf,
        min_bitrate_ratio: c.min_bitrate_ratio,
        top_vmaf: c.top_vmaf,
        bottom_vmaf: c.bottom_vmaf,
        // SAFETY: our caller's promise.
        predict: options::from_c(predict)?,
    })
}

/// Sets the defaults.
///
/// options: a struct of the caller, not null. struct_size: sizeof(EncastLadderOptions).
///
/// Returns ENCAST_STATUS_OK, ENCAST_STATUS_NULL_POINTER or ENCAST_STATUS_BAD_STRUCT_SIZE; on failure nothing is
/// written. May be called from any thread.
///
/// # Safety
/// options points to struct_size writable bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn encast_ladder_options_init(options: *mut EncastLadderOptions, struct_size: usize) -> i32 {
    // SAFETY: the caller's promise.
    enter(|| unsafe { structs::init(options, struct_size, "options") })
}

/// Makes every value NaN and every number that cannot be NaN 0.
///
/// rung: a struct of the caller, not null. struct_size: sizeof(EncastRung).
///
/// Returns ENCAST_STATUS_OK, ENCAST_STATUS_NULL_POINTER or ENCAST_STATUS_BAD_STRUCT_SIZE; on failure nothing is
/// written. May be called from any thread.
///
/// # Safety
/// rung points to struct_size writable bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn encast_rung_init(rung: *mut EncastRung, struct_size: usize) -> i32 {
    // SAFETY: the caller's promise.
    enter(|| unsafe { structs::init(rung, struct_size, "rung") })
}

/// Makes the bitrate ladder of a source: encodes, from the lowest, each of which has more bitrate and more VMAF than
/// the one before, and the size that is forecast to look best at its bitrate.
///
/// model: a live handle, not null. features: set up by encast_features_init(), not null; bitrate_kbps, crf and the
/// encoded size are not looked at (the encoded size stands for the source's where that is not known). ladder: set up by
/// encast_ladder_options_init(), or null for the defaults. options: the bitrates to look at, the range of CRFs,
/// assurance and limits of each rung, level and profile, or null for the defaults; target_vmaf is checked but not used.
/// rungs: capacity structs, each set up by encast_rung_init(), may be null when capacity is 0; as many as there are
/// rungs are written, on success only. The struct_size of the first is the stride, and must be the same in all.
/// capacity: how many structs; bitrate_count, or else (top_vmaf - bottom_vmaf) / step_vmaf + 2, is always enough.
/// out_count: receives the number of rungs, not null; 0 when no allowed encode reaches bottom_vmaf. It is also written
/// when there are more than capacity.
///
/// Returns ENCAST_STATUS_OK; ENCAST_STATUS_BUFFER_TOO_SMALL when there are more rungs than capacity: no struct is
/// written then; ENCAST_STATUS_OUT_OF_MEMORY; or as encast_recommend_bitrate(). ENCAST_STATUS_MISSING_FIELD when
/// neither sizes nor the source's size are given. May be called from any thread, also with one model at the same time.
///
/// # Safety
/// model is a live handle; each struct has as many bytes as its struct_size says; sizes, bitrates_kbps, anchors and
/// rungs have as many elements as their counts say; out_count may be written, and rungs overlaps no input.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn encast_ladder(
    model: *const EncastModel,
    features: *const EncastFeatures,
    ladder: *const EncastLadderOptions,
    options: *const EncastPredictOptions,
    rungs: *mut EncastRung,
    capacity: usize,
    out_count: *mut usize,
) -> i32 {
    enter(|| {
        // SAFETY: the caller's promise.
        let (model, features, ladder, options, rungs) = unsafe {
            (
                handles::get(model)?,
                read(features, "features")?,
                read_or_defaults(ladder, "ladder")?,
                read_or_defaults(options, "options")?,
                Rows::new(rungs.cast_const(), capacity, "rungs", "capacity")?,
            )
        };
        if out_count.is_null() {
            return Err(Failure::null("out_count"));
        }
        // SAFETY: the caller's promise.
        let (outputs, options, features) =
            unsafe { (rungs.outputs()?, from_c(&ladder, &options)?, features::from_c(&features)?) };
        let made = encast_core::ladder(&features, &model, &options)?.rungs;
        // SAFETY: not null, hence writable by the caller's promise.
        unsafe { out_count.write(made.len()) };
        if made.len() > capacity {
            let text = format!("capacity = {capacity}: must be at least {}, the number of rungs", made.len());
            return Err(Failure::new(ENCAST_STATUS_BUFFER_TOO_SMALL, text).of_field("capacity"));
        }
        for (output, rung) in outputs.iter().zip(&made) {
            // SAFETY: the caller's promise.
            unsafe { output.write(&to_c(rung)) };
        }
        Ok(())
    })
}
