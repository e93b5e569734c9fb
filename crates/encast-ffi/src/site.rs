//! The site handle: one machine in one region with its prices.

use std::ffi::c_char;

use encast_core::Site;

use crate::{
    boundary::enter,
    handles::{self, Handle, Table},
    profiles::EncastProfiles,
    structs::c_text,
};

/// A machine in a region with its prices: what EncastPredictOptions.site takes. Made by encast_new_site(), freed by
/// encast_free_site(). The pointer is a number: there is nothing to read behind it. It never changes: any number of
/// threads may use one handle at the same time. It needs its profiles no more.
pub struct EncastSite {
    _number: (),
}

impl Handle for EncastSite {
    type Object = Site;
    const KIND: usize = 2;
    const NAME: &'static str = "site";

    fn table() -> &'static Table<Site> {
        static SITES: Table<Site> = Table::new();
        &SITES
    }
}

/// Makes the site of a machine in a region. A price that is not known there is no error: costs that need it are NaN.
///
/// profiles: a live handle, not null. machine, region: their names in the profiles, NUL-terminated, not null. out_site:
/// receives the handle, not null; the caller owns it and frees it with encast_free_site().
///
/// Returns ENCAST_STATUS_OK, ENCAST_STATUS_NULL_POINTER, _BAD_HANDLE, _BAD_TEXT, or _UNKNOWN_NAME with a text that
/// lists the known machines or regions. On failure *out_site is not touched. May be called from any thread, also with
/// the same profiles at the same time.
///
/// # Safety
/// profiles is a live handle; machine and region are C strings; out_site may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn encast_new_site(
    profiles: *const EncastProfiles,
    machine: *const c_char,
    region: *const c_char,
    out_site: *mut *mut EncastSite,
) -> i32 {
    enter(|| {
        let profiles = handles::get(profiles)?;
        // SAFETY: the caller's promise.
        let (machine, region) = unsafe { (c_text(machine, "machine")?, c_text(region, "region")?) };
        // SAFETY: the caller's promise.
        unsafe { handles::hand_out(out_site, "out_site", || Ok(profiles.site(machine, region)?)) }
    })
}

/// Frees a site. Null is allowed and does nothing.
///
/// site: a live handle, which is dead after the call. A call that still uses it on another thread goes on undisturbed.
///
/// Returns ENCAST_STATUS_OK, which leaves the text of the last error as it was, or ENCAST_STATUS_BAD_HANDLE when it
/// was freed before. May be called from any thread.
#[unsafe(no_mangle)]
pub extern "C" fn encast_free_site(site: *mut EncastSite) -> i32 {
    handles::free(site)
}
