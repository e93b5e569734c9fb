//! The text of the last error, one for each thread.

use std::{
    cell::RefCell,
    ffi::{CString, c_char},
};

use crate::status::Failure;

const NONE: *const c_char = c"".as_ptr();

/// What `encast_last_error` and `encast_last_error_field` point into.
#[derive(Default)]
struct LastError {
    text: CString,
    field: CString,
}

thread_local! {
    static LAST: RefCell<LastError> = RefCell::default();
}

fn c_string(text: &str) -> CString {
    CString::new(text.replace('\0', "\u{fffd}")).unwrap_or_default()
}

/// Keeps what went wrong for the calling thread.
pub(crate) fn set(failure: &Failure) {
    let last = LastError { text: c_string(&failure.text), field: c_string(&failure.field) };
    // A thread that is ending has no place left for it: then the text is lost, and the status still tells.
    let _ = LAST.try_with(|cell| cell.replace(last));
}

/// After success there is no error.
pub(crate) fn clear() {
    let _ = LAST.try_with(|cell| {
        if !cell.borrow().text.is_empty() {
            cell.take();
        }
    });
}

/// What went wrong in the last call on this thread that returned a status: one line of UTF-8 that names field, value
/// and bound where there are such; "" when that call succeeded, or when there was none.
///
/// Returns text that belongs to the library: never null, never to be freed, valid until the next call on the same
/// thread that returns a status. Each thread has its own. For the text of a file name or a title that holds a NUL,
/// U+FFFD stands in its place.
#[unsafe(no_mangle)]
pub extern "C" fn encast_last_error() -> *const c_char {
    LAST.try_with(|cell| cell.borrow().text.as_ptr()).unwrap_or(NONE)
}

/// The name of the input that the last error on this thread blames, such as "bitrate_kbps" or "anchors[1].vmaf"; ""
/// when it blames none.
///
/// Ownership and validity as for encast_last_error().
#[unsafe(no_mangle)]
pub extern "C" fn encast_last_error_field() -> *const c_char {
    LAST.try_with(|cell| cell.borrow().field.as_ptr()).unwrap_or(NONE)
}
