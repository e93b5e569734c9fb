//! Which signature a model must have to be loaded.

use std::ffi::c_char;

use encast_core::{LoadOptions, TrustedKeys};

use crate::{
    boundary::enter,
    handles::hand_out,
    model::{EncastModel, path_of},
    status::{ENCAST_STATUS_BAD_NUMBER, Failure},
    structs::{self, CStruct, c_text, read_or_defaults},
};

/// Which signature a model must have to be loaded: one of minisign (Ed25519), made of the very bytes of the bundle. Set
/// up by encast_load_options_init(), then changed where the defaults do not fit.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct EncastLoadOptions {
    /// Set by encast_load_options_init().
    pub struct_size: u32,
    /// 1 = a model without a signature of one of the public keys is refused. 0 = it is loaded; a signature that is there
    /// is still checked when there are keys, but whoever can change the model can take its signature away. Default 0.
    pub require_signature: i32,
    /// The public keys that count: the content of a .pub file of minisign, or of several one after another, or keys by
    /// themselves, one a line; UTF-8, NUL-terminated, at most 64 KiB. Lines that are empty or start with # say nothing.
    /// Read during the call only. Default null = none, and no signature is looked at.
    pub public_keys: *const c_char,
    /// The signature: the content of a .minisig file, UTF-8, NUL-terminated, at most 64 KiB. Read during the call only.
    /// Default null: encast_load_model_with() looks for the file beside the model, of its name and ".minisig";
    /// encast_load_model_from_memory_with() takes the model as not signed.
    pub signature: *const c_char,
}

// SAFETY: repr(C), struct_size first, numbers and raw pointers only.
unsafe impl CStruct for EncastLoadOptions {
    const NAME: &'static str = "EncastLoadOptions";
    const FIRST_SIZE: usize = size_of::<u32>() * 2 + size_of::<*const c_char>() * 2;

    fn defaults() -> Self {
        EncastLoadOptions {
            struct_size: size_of::<Self>() as u32,
            require_signature: 0,
            public_keys: std::ptr::null(),
            signature: std::ptr::null(),
        }
    }
}

/// Runs `load` with the options in the core's terms.
///
/// # Safety
/// `options` is null, or points to a struct of as many bytes as its `struct_size` says, whose texts are null or C
/// strings.
unsafe fn with<T>(
    options: *const EncastLoadOptions,
    load: impl FnOnce(&LoadOptions) -> Result<T, Failure>,
) -> Result<T, Failure> {
    // SAFETY: our caller's promise.
    let options = unsafe { read_or_defaults(options, "options") }?;
    let require_signature = match options.require_signature {
        0 => false,
        1 => true,
        number => {
            let text = format!("require_signature = {number}: must be 0 or 1 (was encast_load_options_init called?)");
            return Err(Failure::new(ENCAST_STATUS_BAD_NUMBER, text).of_field("require_signature"));
        }
    };
    let given = |text: *const c_char, field| match text.is_null() {
        true => Ok(None),
        // SAFETY: our caller's promise, for both texts.
        false => unsafe { c_text(text, field) }.map(Some),
    };
    let keys = given(options.public_keys, "public_keys")?.map(TrustedKeys::parse).transpose()?;
    let signature = given(options.signature, "signature")?;
    load(&LoadOptions { trusted_keys: keys.as_ref(), require_signature, signature })
}

/// Loads a model from a file as encast_load_model() does, once its signature is as the options ask. What was checked is
/// what is loaded: the file is read once.
///
/// path: the file, NUL-terminated, not null; on Unix any bytes, elsewhere UTF-8. options: set up by
/// encast_load_options_init(), or null for the defaults, which ask for no signature. out_model: receives the handle, not
/// null; the caller owns it and frees it with encast_free_model().
///
/// Returns as encast_load_model(), or ENCAST_STATUS_UNSIGNED, ENCAST_STATUS_BAD_SIGNATURE (another key, other bytes,
/// or no signature at all in the text), ENCAST_STATUS_BAD_KEY (also when a signature is required and no key is given),
/// ENCAST_STATUS_BAD_STRUCT_SIZE, _BAD_NUMBER or _BAD_TEXT. On failure *out_model is not touched. May be called from
/// any thread.
///
/// # Safety
/// path is a C string; options has as many bytes as its struct_size says, and its texts are null or C strings; out_model
/// may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn encast_load_model_with(
    path: *const c_char,
    options: *const EncastLoadOptions,
    out_model: *mut *mut EncastModel,
) -> i32 {
    enter(|| {
        // SAFETY: the caller's promise.
        let path = unsafe { path_of(path) }?;
        // SAFETY: the caller's promise.
        let load = || unsafe { with(options, |options| Ok(encast_core::load_model_with(&path, options)?)) };
        // SAFETY: the caller's promise.
        unsafe { hand_out(out_model, "out_model", load) }
    })
}

/// Loads a model from the bytes of a bundle as encast_load_model_from_memory() does, once its signature is as the
/// options ask.
///
/// bytes: length bytes, may be null when length is 0; the model keeps no reference to them. options: as for
/// encast_load_model_with(). out_model: receives the handle, not null; the caller owns it and frees it with
/// encast_free_model().
///
/// Returns as encast_load_model_with(), without the codes of the file system. On failure *out_model is not touched.
/// May be called from any thread.
///
/// # Safety
/// bytes points to length readable bytes; options has as many bytes as its struct_size says, and its texts are null or C
/// strings; out_model may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn encast_load_model_from_memory_with(
    bytes: *const u8,
    length: usize,
    options: *const EncastLoadOptions,
    out_model: *mut *mut EncastModel,
) -> i32 {
    enter(|| {
        // SAFETY: the caller's promise.
        let bytes = unsafe { structs::bytes(bytes, length, "bytes") }?;
        // SAFETY: the caller's promise.
        let load = || unsafe { with(options, |options| Ok(encast_core::Model::from_bytes_with(bytes, options)?)) };
        // SAFETY: the caller's promise.
        unsafe { hand_out(out_model, "out_model", load) }
    })
}

/// Sets the defaults.
///
/// options: a struct of the caller, not null. struct_size: sizeof(EncastLoadOptions).
///
/// Returns ENCAST_STATUS_OK, ENCAST_STATUS_NULL_POINTER or ENCAST_STATUS_BAD_STRUCT_SIZE; on failure nothing is
/// written. May be called from any thread.
///
/// # Safety
/// options points to struct_size writable bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn encast_load_options_init(options: *mut EncastLoadOptions, struct_size: usize) -> i32 {
    // SAFETY: the caller's promise.
    enter(|| unsafe { structs::init(options, struct_size, "options") })
}
