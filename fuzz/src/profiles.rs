//! Any text as machines, regions and prices: what is read makes sites, and forecasts with them are sane.

use std::{ffi::CString, mem::offset_of};

use encast_face::{
    features::{EncastFeatures, encast_features_init},
    handles::encast_live_handles,
    options::{EncastPredictOptions, encast_predict_options_init},
    predict::encast_predict,
    profiles::{encast_free_profiles, encast_parse_profiles},
    result::encast_result_init,
    site::{encast_free_site, encast_new_site},
    status::ENCAST_STATUS_OK,
};

use crate::{calls, input::Input, memory::Structs, models, oracle};

pub fn run(bytes: &[u8]) {
    // The model of the requests below is made once, and stays.
    models::model(0);
    let live = encast_live_handles();
    let text = bytes.to_vec().into_boxed_slice();
    let mut profiles = std::ptr::null_mut();
    // SAFETY: the bytes are there, and the place is ours.
    let ok = oracle::status(unsafe { encast_parse_profiles(text.as_ptr().cast(), text.len(), &mut profiles) });
    assert_eq!(ok, !profiles.is_null());
    if !ok {
        return;
    }
    let machine = entry(bytes, "[machines.").unwrap_or(c"c5.2xlarge".to_owned());
    let region = entry(bytes, "[regions.").unwrap_or(c"eu-central-1".to_owned());
    let mut site = std::ptr::null_mut();
    // SAFETY: a live handle, C strings and a place of ours.
    let made = oracle::status(unsafe { encast_new_site(profiles, machine.as_ptr(), region.as_ptr(), &mut site) });
    assert_eq!(made, !site.is_null());
    // The site does not need them.
    assert_eq!(encast_free_profiles(profiles), ENCAST_STATUS_OK);
    if made {
        for (threads, whole) in [(f64::NAN, 0), (2.0, 1)] {
            let mut request = Structs::<EncastFeatures>::new(&mut Input::new(&[]), 1, encast_features_init);
            request.put(0, offset_of!(EncastFeatures, encoder), 1);
            request.put(0, offset_of!(EncastFeatures, bitrate_kbps), 4000.0);
            request.put(0, offset_of!(EncastFeatures, resolution_width), 1280.0);
            request.put(0, offset_of!(EncastFeatures, resolution_height), 720.0);
            request.put(0, offset_of!(EncastFeatures, threads), threads);
            let mut options = Structs::new(&mut Input::new(&[]), 1, encast_predict_options_init);
            options.put(0, offset_of!(EncastPredictOptions, site), site);
            options.put(0, offset_of!(EncastPredictOptions, whole_machine), whole);
            options.put(0, offset_of!(EncastPredictOptions, months_stored), 12.0);
            options.put(0, offset_of!(EncastPredictOptions, deliveries), 1e6);
            let mut answer = Structs::new(&mut Input::new(&[]), 1, encast_result_init);
            // SAFETY: live handles, and structs of the size that they say.
            let status =
                unsafe { encast_predict(models::model(0), request.pointer(), options.pointer(), answer.pointer()) };
            if oracle::status(status) {
                calls::result(&answer.value(0, encast_result_init));
            }
        }
    }
    assert_eq!(encast_free_site(site), ENCAST_STATUS_OK);
    assert_eq!(encast_live_handles(), live, "every handle was freed");
}

/// The name of the first entry of a kind, as far as it can be told without reading TOML.
fn entry(bytes: &[u8], start: &str) -> Option<CString> {
    let text = std::str::from_utf8(bytes).ok()?;
    let name = text.split_once(start)?.1.split(['.', ']', '\n']).next()?;
    CString::new(name.trim_matches('"')).ok()
}
