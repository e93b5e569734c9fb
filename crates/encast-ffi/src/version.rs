//! Versions of the library and of its ABI.

use std::ffi::c_char;

/// The ABI that this header describes. It grows when a struct gets fields or a function is added; what was there
/// stays as it was. Compare with encast_abi_version() to learn what the loaded library knows.
pub const ENCAST_ABI_VERSION: u32 = 1;

const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), "\0");

/// The version of the loaded library, such as "0.1.0".
///
/// Returns static text: never null, never to be freed. May be called from any thread.
#[unsafe(no_mangle)]
pub extern "C" fn encast_version() -> *const c_char {
    VERSION.as_ptr().cast()
}

/// The ABI version of the loaded library; see ENCAST_ABI_VERSION.
///
/// A library with a larger number than the header serves the header's programs. May be called from any thread.
#[unsafe(no_mangle)]
pub extern "C" fn encast_abi_version() -> u32 {
    ENCAST_ABI_VERSION
}
