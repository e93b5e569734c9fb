//! The model handle: loading, saving, freeing, and what a model says of itself.

use std::{
    ffi::{CStr, c_char},
    path::{Path, PathBuf},
};

use encast_core::Model;

use crate::{
    boundary::enter,
    handles::{self, Handle, Table},
    options::ENCAST_TEXT_CAPACITY,
    status::{ENCAST_STATUS_BUFFER_TOO_SMALL, ENCAST_STATUS_OTHER, Failure},
    structs::{self, CStruct, Output, or_nan, put_text},
};

/// A trained model. Made by encast_load_model(), encast_load_default_model(), encast_load_model_from_memory() and
/// encast_retrain(); freed by encast_free_model(). The pointer is a number: there is nothing to read behind it.
///
/// A model never changes: any number of threads may use one handle at the same time without a lock. A call on another
/// thread that is still running when it is freed ends as if it was not.
pub struct EncastModel {
    _number: (),
}

impl Handle for EncastModel {
    type Object = Model;
    const KIND: usize = 1;
    const NAME: &'static str = "model";

    fn table() -> &'static Table<Model> {
        static MODELS: Table<Model> = Table::new();
        &MODELS
    }
}

/// A path from C.
///
/// # Safety
/// `path` is null, or a C string.
pub(crate) unsafe fn path_of(path: *const c_char) -> Result<PathBuf, Failure> {
    if path.is_null() {
        return Err(Failure::null("path"));
    }
    // SAFETY: not null, hence a C string by our caller's promise.
    let path = unsafe { CStr::from_ptr(path) };
    #[cfg(unix)]
    {
        use std::{ffi::OsStr, os::unix::ffi::OsStrExt};
        Ok(Path::new(OsStr::from_bytes(path.to_bytes())).to_owned())
    }
    #[cfg(not(unix))]
    {
        let bad = |error| {
            let text = format!("path: not UTF-8 ({error})");
            Failure::new(crate::status::ENCAST_STATUS_BAD_TEXT, text).of_field("path")
        };
        Ok(Path::new(path.to_str().map_err(bad)?).to_owned())
    }
}

/// Loads a model from a file, JSON or binary by its content. Everything in it is checked before the call returns.
///
/// path: the file, NUL-terminated, not null; on Unix any bytes, elsewhere UTF-8. out_model: receives the handle, not
/// null; the caller owns it and frees it with encast_free_model().
///
/// Returns ENCAST_STATUS_OK, ENCAST_STATUS_NULL_POINTER, or why the file is no usable model, each with a code of its
/// own: ENCAST_STATUS_MODEL_MISSING, _IO, _WRONG_MAGIC, _TRUNCATED, _CHECKSUM, _CORRUPT, _TOO_LARGE, _NEWER_FORMAT. On
/// failure *out_model is not touched and nothing has to be freed. May be called from any thread.
///
/// # Safety
/// path is a C string; out_model may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn encast_load_model(path: *const c_char, out_model: *mut *mut EncastModel) -> i32 {
    enter(|| {
        // SAFETY: the caller's promise.
        let path = unsafe { path_of(path) }?;
        // SAFETY: the caller's promise.
        unsafe { handles::hand_out(out_model, "out_model", || Ok(encast_core::load_model(&path)?)) }
    })
}

/// Loads the default model, which is part of the library: no file is read.
///
/// out_model: receives the handle, not null; the caller owns it and frees it with encast_free_model().
///
/// Returns ENCAST_STATUS_OK or ENCAST_STATUS_NULL_POINTER. On failure *out_model is not touched. May be called from
/// any thread.
///
/// # Safety
/// out_model may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn encast_load_default_model(out_model: *mut *mut EncastModel) -> i32 {
    // SAFETY: the caller's promise.
    enter(|| unsafe { handles::hand_out(out_model, "out_model", || Ok(Model::embedded()?)) })
}

/// Loads a model from the bytes of a bundle, JSON or binary by their content.
///
/// bytes: length bytes, may be null when length is 0; the model keeps no reference to them. out_model: receives the
/// handle, not null; the caller owns it and frees it with encast_free_model().
///
/// Returns as encast_load_model(), without the codes of the file system. On failure *out_model is not touched. May be
/// called from any thread.
///
/// # Safety
/// bytes points to length readable bytes; out_model may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn encast_load_model_from_memory(
    bytes: *const u8,
    length: usize,
    out_model: *mut *mut EncastModel,
) -> i32 {
    enter(|| {
        // SAFETY: the caller's promise.
        let bytes = unsafe { structs::bytes(bytes, length, "bytes") }?;
        // SAFETY: the caller's promise.
        unsafe { handles::hand_out(out_model, "out_model", || Ok(Model::from_bytes(bytes)?)) }
    })
}

/// Saves a model: as JSON when the name ends in ".json", else as compact binary. The file appears whole or not at all:
/// it is written beside its place, synced and renamed.
///
/// model: a live handle, not null. path: the file, NUL-terminated, not null; an existing file is replaced.
///
/// Returns ENCAST_STATUS_OK, ENCAST_STATUS_NULL_POINTER, _BAD_HANDLE, _BAD_TEXT or _IO; on failure an existing file is
/// as it was, or, when only the sync of its folder failed, the whole new one. May be called from any thread.
///
/// # Safety
/// model is a live handle; path is a C string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn encast_save_model(model: *const EncastModel, path: *const c_char) -> i32 {
    enter(|| {
        let model = handles::get(model)?;
        // SAFETY: the caller's promise.
        let path = unsafe { path_of(path) }?;
        Ok(encast_core::save_model(&model, path)?)
    })
}

/// Frees a model. Null is allowed and does nothing.
///
/// model: a live handle, which is dead after the call. A call that still uses it on another thread goes on undisturbed.
///
/// Returns ENCAST_STATUS_OK, which leaves the text of the last error as it was, or ENCAST_STATUS_BAD_HANDLE when it
/// was freed before. May be called from any thread.
#[unsafe(no_mangle)]
pub extern "C" fn encast_free_model(model: *mut EncastModel) -> i32 {
    handles::free(model)
}

/// What a model says of itself, in short; encast_model_metadata_json() tells all. Set up by encast_model_info_init().
#[repr(C)]
#[derive(Clone, Copy)]
pub struct EncastModelInfo {
    /// Set by encast_model_info_init().
    pub struct_size: u32,
    /// Version of the bundle's format.
    pub format_version: u32,
    /// When it was trained, seconds since 1970-01-01 UTC.
    pub trained_at: i64,
    /// Rows that it was trained on.
    pub rows: u64,
    /// Titles that it was trained on.
    pub titles: u64,
    /// Trees in it.
    pub trees: u64,
    /// What it forecasts: bit i stands for ENCAST_TARGET_... number i, whose name is encast_target_name(i).
    pub targets: u64,
    /// R2 of VMAF on unseen titles, richest tier, bitrate given; NaN when it was not measured.
    pub vmaf_r2: f64,
    /// R2 of PSNR on unseen titles, richest tier, bitrate given; NaN when it was not measured.
    pub psnr_r2: f64,
    /// Version of the model: UTF-8, NUL-terminated, cut at a character's boundary when it is longer.
    pub version: [c_char; ENCAST_TEXT_CAPACITY],
    /// Name of the VMAF model of its labels; UTF-8, NUL-terminated, cut as version is; empty when it does not say.
    pub vmaf_model: [c_char; ENCAST_TEXT_CAPACITY],
    /// Licence of the bundle; UTF-8, NUL-terminated, cut as version is; empty when it does not say.
    pub licence: [c_char; ENCAST_TEXT_CAPACITY],
}

// SAFETY: repr(C), struct_size first, numbers and arrays of numbers only.
unsafe impl CStruct for EncastModelInfo {
    const NAME: &'static str = "EncastModelInfo";
    const FIRST_SIZE: usize = 256;

    fn defaults() -> Self {
        EncastModelInfo {
            struct_size: size_of::<Self>() as u32,
            format_version: 0,
            trained_at: 0,
            rows: 0,
            titles: 0,
            trees: 0,
            targets: 0,
            vmaf_r2: f64::NAN,
            psnr_r2: f64::NAN,
            version: [0; ENCAST_TEXT_CAPACITY],
            vmaf_model: [0; ENCAST_TEXT_CAPACITY],
            licence: [0; ENCAST_TEXT_CAPACITY],
        }
    }
}

fn info_of(model: &Model) -> EncastModelInfo {
    let metadata = model.metadata();
    let mut info = EncastModelInfo {
        format_version: metadata.format_version,
        trained_at: metadata.trained_at_unix(),
        rows: metadata.rows as u64,
        titles: metadata.titles as u64,
        trees: model.tree_count() as u64,
        targets: model.targets().iter().fold(0, |bits, &target| bits | 1 << target as u32),
        vmaf_r2: or_nan(metadata.metrics.vmaf_r2),
        psnr_r2: or_nan(metadata.metrics.psnr_r2),
        ..CStruct::defaults()
    };
    put_text(&mut info.version, &metadata.version);
    put_text(&mut info.vmaf_model, metadata.vmaf_model.as_deref().unwrap_or_default());
    put_text(&mut info.licence, metadata.licence.as_deref().unwrap_or_default());
    info
}

/// Makes every number 0 or NaN and every text empty.
///
/// info: a struct of the caller, not null. struct_size: sizeof(EncastModelInfo).
///
/// Returns ENCAST_STATUS_OK, ENCAST_STATUS_NULL_POINTER or ENCAST_STATUS_BAD_STRUCT_SIZE; on failure nothing is
/// written. May be called from any thread.
///
/// # Safety
/// info points to struct_size writable bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn encast_model_info_init(info: *mut EncastModelInfo, struct_size: usize) -> i32 {
    // SAFETY: the caller's promise.
    enter(|| unsafe { structs::init(info, struct_size, "info") })
}

/// Tells what a model says of itself.
///
/// model: a live handle, not null. info: set up by encast_model_info_init(), not null; written on success.
///
/// Returns ENCAST_STATUS_OK, ENCAST_STATUS_NULL_POINTER, _BAD_HANDLE or _BAD_STRUCT_SIZE. May be called from any
/// thread.
///
/// # Safety
/// model is a live handle; info points to a struct of info->struct_size bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn encast_model_info(model: *const EncastModel, info: *mut EncastModelInfo) -> i32 {
    enter(|| {
        let model = handles::get(model)?;
        // SAFETY: the caller's promise.
        let output = unsafe { Output::new(info, "info") }?;
        let info = info_of(&model);
        // SAFETY: the caller's promise.
        unsafe { output.write(&info) };
        Ok(())
    })
}

/// Copies all that a model says of itself as one JSON object: the metadata of the bundle's JSON form, among it the
/// accuracy of each target by tier, the ranges of the inputs seen, the tables trained on, the probe recipe.
///
/// model: a live handle, not null. buffer: capacity bytes, may be null when capacity is 0; receives UTF-8 and a
/// terminating NUL. out_length: receives the length without the NUL, not null; it is also written when the buffer is
/// too small, so that a first call with a capacity of 0 tells how much is needed.
///
/// Returns ENCAST_STATUS_OK, ENCAST_STATUS_NULL_POINTER, _BAD_HANDLE, or _BUFFER_TOO_SMALL with an untouched buffer.
/// May be called from any thread.
///
/// # Safety
/// model is a live handle; buffer points to capacity writable bytes; out_length may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn encast_model_metadata_json(
    model: *const EncastModel,
    buffer: *mut c_char,
    capacity: usize,
    out_length: *mut usize,
) -> i32 {
    enter(|| {
        let model = handles::get(model)?;
        if buffer.is_null() && capacity != 0 {
            return Err(Failure::null("buffer"));
        }
        if out_length.is_null() {
            return Err(Failure::null("out_length"));
        }
        let json = serde_json::to_string(model.metadata())
            .map_err(|error| Failure::new(ENCAST_STATUS_OTHER, format!("metadata: {error}")))?;
        // SAFETY: not null, hence writable by the caller's promise.
        unsafe { out_length.write(json.len()) };
        if capacity <= json.len() {
            let text = format!("capacity = {capacity}: must be at least {}", json.len() + 1);
            return Err(Failure::new(ENCAST_STATUS_BUFFER_TOO_SMALL, text).of_field("capacity"));
        }
        // SAFETY: not null, as capacity is above 0, and room for the text and its NUL was just checked.
        unsafe {
            buffer.cast::<u8>().copy_from_nonoverlapping(json.as_ptr(), json.len());
            buffer.add(json.len()).write(0);
        }
        Ok(())
    })
}
