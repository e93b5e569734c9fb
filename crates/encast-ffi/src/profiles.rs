//! The profiles handle: machines, regions and prices, shipped and the caller's own.

use std::{
    ffi::c_char,
    fs::File,
    io::Read as _,
    path::{Path, PathBuf},
};

use encast_core::{Error, MAX_PROFILES_BYTES, Profiles};

use crate::{
    boundary::enter,
    handles::{self, Handle, Table},
    model::path_of,
    status::{ENCAST_STATUS_BAD_TEXT, Failure},
    structs,
};

/// Machines, regions, prices and how encoders scale. Made by encast_load_profiles() and encast_parse_profiles(); freed
/// by encast_free_profiles(). The pointer is a number: there is nothing to read behind it. It never changes: any number
/// of threads may use one handle at the same time.
pub struct EncastProfiles {
    _number: (),
}

impl Handle for EncastProfiles {
    type Object = Profiles;
    const KIND: usize = 3;
    const NAME: &'static str = "profiles";

    fn table() -> &'static Table<Profiles> {
        static PROFILES: Table<Profiles> = Table::new();
        &PROFILES
    }
}

/// Lays a text, if there is one, over what is shipped, and hands it out.
///
/// # Safety
/// `out_profiles` is null, or may be written.
unsafe fn hand_out(
    out_profiles: *mut *mut EncastProfiles,
    own: impl FnOnce() -> Result<Profiles, Failure>,
) -> Result<(), Failure> {
    // SAFETY: our caller's promise.
    unsafe {
        handles::hand_out(out_profiles, "out_profiles", || {
            // The caller's first: what is refused need not wait for what is shipped to be read.
            let own = own()?;
            Ok(Profiles::shipped()?.overlay(own))
        })
    }
}

fn parse(bytes: &[u8]) -> Result<Profiles, Failure> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let line = bytes[..error.valid_up_to()].iter().filter(|&&byte| byte == b'\n').count() + 1;
        Failure::new(ENCAST_STATUS_BAD_TEXT, format!("line {line}: not UTF-8 ({error})"))
    })?;
    Ok(Profiles::from_toml(text)?)
}

fn read(path: &Path) -> Result<Profiles, Failure> {
    let failed = |source| Failure::from(Error::Io { path: PathBuf::from(path), source });
    let mut bytes = Vec::new();
    // One byte more than may be tells that there is too much, without reading all of it.
    let file = File::open(path).map_err(failed)?;
    file.take(MAX_PROFILES_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(failed)?;
    parse(&bytes).map_err(|failure| Failure { text: format!("{}: {}", path.display(), failure.text), ..failure })
}

/// Reads machines, regions and prices from a TOML file and lays them over those that are part of the library: an entry
/// of the same name is replaced as a whole, all others stay.
///
/// path: the file, NUL-terminated; on Unix any bytes, elsewhere UTF-8; at most 1 MiB is read. Null = what is part of
/// the library alone. out_profiles: receives the handle, not null; the caller owns it and frees it with
/// encast_free_profiles().
///
/// Returns ENCAST_STATUS_OK, ENCAST_STATUS_NULL_POINTER, ENCAST_STATUS_IO, ENCAST_STATUS_BAD_TEXT,
/// ENCAST_STATUS_PROFILE_SYNTAX or ENCAST_STATUS_PROFILE_VALUE, whose field is the entry, such as
/// machines."c5.2xlarge".speed. On failure *out_profiles is not touched. May be called from any thread.
///
/// # Safety
/// path is null or a C string; out_profiles may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn encast_load_profiles(path: *const c_char, out_profiles: *mut *mut EncastProfiles) -> i32 {
    enter(|| {
        if path.is_null() {
            // SAFETY: the caller's promise.
            return unsafe { hand_out(out_profiles, || Ok(Profiles::default())) };
        }
        // SAFETY: the caller's promise.
        let path = unsafe { path_of(path) }?;
        // SAFETY: the caller's promise.
        unsafe { hand_out(out_profiles, || read(&path)) }
    })
}

/// Reads machines, regions and prices from a TOML text, laid over those that are part of the library as
/// encast_load_profiles() does.
///
/// text: length bytes of UTF-8, at most 1 MiB, may be null when length is 0; the handle keeps no reference to them.
/// out_profiles: receives the handle, not null; the caller owns it and frees it with encast_free_profiles().
///
/// Returns as encast_load_profiles(), without ENCAST_STATUS_IO, or ENCAST_STATUS_BAD_COUNT. May be called from any
/// thread.
///
/// # Safety
/// text points to length readable bytes; out_profiles may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn encast_parse_profiles(
    text: *const c_char,
    length: usize,
    out_profiles: *mut *mut EncastProfiles,
) -> i32 {
    enter(|| {
        // SAFETY: the caller's promise.
        let bytes = unsafe { structs::bytes(text.cast(), length, "text") }?;
        // SAFETY: the caller's promise.
        unsafe { hand_out(out_profiles, || parse(bytes)) }
    })
}

/// Frees profiles. Null is allowed and does nothing. Sites that were made of them stay as they are.
///
/// profiles: a live handle, which is dead after the call. A call that still uses it on another thread goes on
/// undisturbed.
///
/// Returns ENCAST_STATUS_OK, which leaves the text of the last error as it was, or ENCAST_STATUS_BAD_HANDLE when it
/// was freed before. May be called from any thread.
#[unsafe(no_mangle)]
pub extern "C" fn encast_free_profiles(profiles: *mut EncastProfiles) -> i32 {
    handles::free(profiles)
}
