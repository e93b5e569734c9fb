//! The site handle: one machine in one region with its prices.

use std::ffi::c_char;

use encast_core::Site;

use crate::{
    boundary::enter,
    profiles::{self, EncastProfiles},
    status::Failure,
    structs::c_text,
};

/// A machine in a region with its prices: what EncastPredictOptions.site takes. Made by encast_new_site(), freed by
/// encast_free_site(). It never changes: any number of threads may use one handle at the same time. It needs its
/// profiles no more, and must not be freed while another thread still uses it.
pub struct EncastSite {
    site: Site,
}

/// The site behind a handle, where there is one.
///
/// # Safety
/// `site` is null, or a live handle that outlives `'a`.
pub(crate) unsafe fn borrow<'a>(site: *const EncastSite) -> Option<&'a Site> {
    // SAFETY: null, or a live handle by our caller's promise; sites are never written to.
    unsafe { site.as_ref() }.map(|handle| &handle.site)
}

/// Makes the site of a machine in a region. A price that is not known there is no error: costs that need it are NaN.
///
/// profiles: a live handle, not null. machine, region: their names in the profiles, NUL-terminated, not null. out_site:
/// receives the handle, not null; the caller owns it and frees it with encast_free_site().
///
/// Returns ENCAST_STATUS_OK, ENCAST_STATUS_NULL_POINTER, ENCAST_STATUS_BAD_TEXT, or ENCAST_STATUS_UNKNOWN_NAME with a
/// text that lists the known machines or regions. On failure *out_site is not touched. May be called from any thread,
/// also with the same profiles at the same time.
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
        // SAFETY: the caller's promise.
        let (profiles, machine, region) =
            unsafe { (profiles::borrow(profiles)?, c_text(machine, "machine")?, c_text(region, "region")?) };
        if out_site.is_null() {
            return Err(Failure::null("out_site"));
        }
        let handle = Box::into_raw(Box::new(EncastSite { site: profiles.site(machine, region)? }));
        // SAFETY: not null, hence writable by the caller's promise.
        unsafe { out_site.write(handle) };
        Ok(())
    })
}

/// Frees a site. Null is allowed and does nothing.
///
/// site: a handle that is not used by any thread any more, and not freed before. It is dead after the call.
///
/// # Safety
/// site is null or a live handle that nobody else uses.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn encast_free_site(site: *mut EncastSite) {
    if site.is_null() {
        return;
    }
    // A panic while freeing is a leak at worst: there is no status to tell it by.
    let _ = std::panic::catch_unwind(|| {
        // SAFETY: every handle comes from Box::into_raw in encast_new_site, and the caller gives it back once.
        drop(unsafe { Box::from_raw(site) });
    });
}
