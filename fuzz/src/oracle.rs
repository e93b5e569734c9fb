//! What must hold of every call, whatever it was given.

use std::ffi::{CStr, c_char};

use encast_face::{
    last_error::{encast_last_error, encast_last_error_field},
    result::EncastEstimate,
    status::{ENCAST_STATUS_OK, ENCAST_STATUS_PANIC, encast_status_name},
};

/// A text that the library hands out.
pub fn text(pointer: *const c_char) -> &'static str {
    assert!(!pointer.is_null());
    // SAFETY: the library hands out C strings; it is used before the next call.
    unsafe { CStr::from_ptr(pointer) }.to_str().expect("texts are UTF-8")
}

/// The status is a known one, no panic was caught, and the thread's error fits it. Whether the call succeeded.
pub fn status(status: i32) -> bool {
    let error = text(encast_last_error());
    assert_ne!(status, ENCAST_STATUS_PANIC, "{error}");
    assert_ne!(text(encast_status_name(status)), "unknown status", "{status}");
    assert_eq!(error.is_empty(), status == ENCAST_STATUS_OK, "{status}: {error:?}");
    let field = text(encast_last_error_field());
    assert!(field.is_empty() || status != ENCAST_STATUS_OK, "{field}");
    status == ENCAST_STATUS_OK
}

/// Not known, or a forecast within its interval.
pub fn estimate(estimate: &EncastEstimate) {
    let EncastEstimate { value, lower, upper } = *estimate;
    let unknown = value.is_nan() && lower.is_nan() && upper.is_nan();
    let ordered = value.is_finite() && lower.is_finite() && upper.is_finite() && lower <= value && value <= upper;
    assert!(unknown || ordered, "{lower} {value} {upper}");
}

/// Not known, or finite and within bounds.
pub fn within(value: f64, low: f64, high: f64) {
    assert!(value.is_nan() || value.is_finite() && (low..=high).contains(&value), "{value} is not in {low}..={high}");
}
