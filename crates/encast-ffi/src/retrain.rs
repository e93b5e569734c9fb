//! Training in process.

use std::ffi::c_char;

use encast_core::{ModelKind, Target, TrainOptions, Tuning};

use crate::{
    boundary::enter,
    features::{self, EncastFeatures},
    handles::hand_out,
    model::EncastModel,
    options::{ENCAST_LONG_TEXT_CAPACITY, ENCAST_TEXT_CAPACITY, EncastProfile},
    status::{ENCAST_STATUS_BAD_NUMBER, Failure},
    structs::{self, CStruct, Rows, read_or_defaults, text},
    targets::{self, EncastTargets},
};

/// EncastRetrainOptions.model_kind: gradient boosting.
pub const ENCAST_MODEL_KIND_BOOSTING: i32 = 1;
/// EncastRetrainOptions.model_kind: random forest.
pub const ENCAST_MODEL_KIND_FOREST: i32 = 2;
/// EncastRetrainOptions.model_kind: smooth curves over the rate beside gradient boosting, each weighed by its error on
/// unseen titles.
pub const ENCAST_MODEL_KIND_BLEND: i32 = 3;

/// How a model is trained, and what it says of itself. Set up by encast_retrain_options_init().
#[repr(C)]
#[derive(Clone, Copy)]
pub struct EncastRetrainOptions {
    /// Set by encast_retrain_options_init().
    pub struct_size: u32,
    /// One of ENCAST_MODEL_KIND_..., 0 = the default, blend.
    pub model_kind: i32,
    /// The same rows, options and seed make the same model, whatever the number of threads. Default 1.
    pub seed: u64,
    /// What to learn: bit i stands for ENCAST_TARGET_... number i. Default 0 = all that the rows measure.
    pub targets: u64,
    /// When the model is trained, seconds since 1970-01-01 UTC: the library reads no clock. Default 0.
    pub trained_at: i64,
    /// Threads to train on. Default 0 = all cores.
    pub threads: u32,
    /// Leave it 0.
    pub reserved: u32,
    /// Version of the model: UTF-8, NUL-terminated. Default "0".
    pub version: [c_char; ENCAST_TEXT_CAPACITY],
    /// Name of the VMAF model that the labels were made with: UTF-8, NUL-terminated. Default empty = not told.
    pub vmaf_model: [c_char; ENCAST_TEXT_CAPACITY],
    /// Licence of the model: UTF-8, NUL-terminated. Default empty = not told.
    pub licence: [c_char; ENCAST_TEXT_CAPACITY],
    /// How the trial encodes were made: UTF-8, NUL-terminated. Default empty = not told.
    pub probe_recipe: [c_char; ENCAST_LONG_TEXT_CAPACITY],
    /// Prices and carbon factors for a model that learns time but no cost. Default none.
    pub profile: EncastProfile,
}

// SAFETY: repr(C), struct_size first, numbers, arrays of numbers and structs of both only.
unsafe impl CStruct for EncastRetrainOptions {
    const NAME: &'static str = "EncastRetrainOptions";
    const FIRST_SIZE: usize = 840;

    fn defaults() -> Self {
        let defaults = TrainOptions::default();
        let mut options = EncastRetrainOptions {
            struct_size: size_of::<Self>() as u32,
            model_kind: 0,
            seed: defaults.seed,
            targets: 0,
            trained_at: defaults.trained_at,
            threads: 0,
            reserved: 0,
            version: [0; ENCAST_TEXT_CAPACITY],
            vmaf_model: [0; ENCAST_TEXT_CAPACITY],
            licence: [0; ENCAST_TEXT_CAPACITY],
            probe_recipe: [0; ENCAST_LONG_TEXT_CAPACITY],
            profile: EncastProfile::NONE,
        };
        structs::put_text(&mut options.version, &defaults.version);
        options
    }
}

fn model_kind(number: i32) -> Result<ModelKind, Failure> {
    match number {
        0 => Ok(ModelKind::default()),
        ENCAST_MODEL_KIND_BOOSTING => Ok(ModelKind::Boosting),
        ENCAST_MODEL_KIND_FOREST => Ok(ModelKind::Forest),
        ENCAST_MODEL_KIND_BLEND => Ok(ModelKind::Blend),
        _ => {
            let text = format!("model_kind = {number}: known are 0 (default), 1 (boosting), 2 (forest), 3 (blend)");
            Err(Failure::new(ENCAST_STATUS_BAD_NUMBER, text).of_field("model_kind"))
        }
    }
}

/// The targets of a bit mask.
fn targets_of(bits: u64) -> Result<Vec<Target>, Failure> {
    let known = (1 << Target::COUNT) - 1;
    if bits & !known != 0 {
        let text = format!("targets = {bits:#x}: known are the bits of {known:#x}");
        return Err(Failure::new(ENCAST_STATUS_BAD_NUMBER, text).of_field("targets"));
    }
    Ok(Target::ALL.iter().copied().filter(|&target| bits >> target as u32 & 1 == 1).collect())
}

fn from_c(c: &EncastRetrainOptions) -> Result<TrainOptions, Failure> {
    if c.reserved != 0 {
        let text = format!("reserved = {}: must be 0 (was encast_retrain_options_init called?)", c.reserved);
        return Err(Failure::new(ENCAST_STATUS_BAD_NUMBER, text).of_field("reserved"));
    }
    Ok(TrainOptions {
        seed: c.seed,
        threads: c.threads as usize,
        model_kind: model_kind(c.model_kind)?,
        tuning: Tuning::default(),
        targets: targets_of(c.targets)?,
        version: text(&c.version, "version")?.unwrap_or_default().to_owned(),
        trained_at: c.trained_at,
        tables: Vec::new(),
        vmaf_model: text(&c.vmaf_model, "vmaf_model")?.map(str::to_owned),
        probe_recipe: text(&c.probe_recipe, "probe_recipe")?.map(str::to_owned),
        profile: c.profile.known()?,
        licence: text(&c.licence, "licence")?.map(str::to_owned),
    })
}

/// Sets the defaults.
///
/// options: a struct of the caller, not null. struct_size: sizeof(EncastRetrainOptions).
///
/// Returns ENCAST_STATUS_OK, ENCAST_STATUS_NULL_POINTER or ENCAST_STATUS_BAD_STRUCT_SIZE; on failure nothing is
/// written. May be called from any thread.
///
/// # Safety
/// options points to struct_size writable bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn encast_retrain_options_init(options: *mut EncastRetrainOptions, struct_size: usize) -> i32 {
    // SAFETY: the caller's promise.
    enter(|| unsafe { structs::init(options, struct_size, "options") })
}

/// Trains a model on measured encodes, in this process; it takes seconds to minutes, and the rows are not kept.
///
/// features, targets: count structs each, set up by encast_features_init() and encast_targets_init(); row i of the one
/// belongs to row i of the other. The struct_size of an array's first element is its stride, and must be the same in
/// all its elements. count: how many; several titles of several rows each are needed. options: set up by
/// encast_retrain_options_init(), or null for the defaults. out_model: receives the handle, not null; the caller owns
/// it and frees it with encast_free_model().
///
/// Returns ENCAST_STATUS_OK, or why there is no model: ENCAST_STATUS_NULL_POINTER, _BAD_STRUCT_SIZE, _BAD_NUMBER,
/// _BAD_TEXT, _BAD_COUNT, _OUT_OF_MEMORY, _INVALID_FIELD, _MISSING_FIELD, _UNKNOWN_NAME, _CONTRADICTION, _TOO_FEW,
/// _CONSTANT_TARGET, _LEARNER; the text names the row where one is to blame. On failure *out_model is not touched. May
/// be called from any thread.
///
/// # Safety
/// Each array has count elements of as many bytes as the first one's struct_size says, and each array of anchors as many
/// as its count says; options is null or has as many
/// bytes as its struct_size says; out_model may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn encast_retrain(
    features: *const EncastFeatures,
    targets: *const EncastTargets,
    count: usize,
    options: *const EncastRetrainOptions,
    out_model: *mut *mut EncastModel,
) -> i32 {
    enter(|| {
        // SAFETY: the caller's promise.
        let (features, targets, options) = unsafe {
            (
                Rows::new(features, count, "features", "count")?,
                Rows::new(targets, count, "targets", "count")?,
                read_or_defaults(options, "options")?,
            )
        };
        let options = from_c(&options)?;
        let train = || {
            // SAFETY: the caller's promise.
            let features = unsafe { features.read(Failure::at_row, |row| features::from_c(row))? };
            // SAFETY: the caller's promise.
            let targets = unsafe { targets.read(Failure::at_row, targets::from_c)? };
            Ok(encast_core::retrain(&features, &targets, &options)?)
        };
        // SAFETY: the caller's promise.
        unsafe { hand_out(out_model, "out_model", train) }
    })
}
