//! Live handles that many inputs share: models of every kind, and a site.

use std::sync::OnceLock;

use encast_face::{
    model::{EncastModel, encast_load_default_model, encast_load_model_from_memory},
    profiles::encast_load_profiles,
    site::{EncastSite, encast_new_site},
    status::ENCAST_STATUS_OK,
};

/// Small ones come first, as they make more inputs a second.
const BUNDLES: [&[u8]; 3] = [
    include_bytes!("../seeds/bundle/blend.encast"),
    include_bytes!("../seeds/bundle/boosting.json"),
    include_bytes!("../../testdata/bundles/v1.encast"),
];

fn load(bytes: &[u8]) -> usize {
    let mut model = std::ptr::null_mut();
    // SAFETY: the bytes are there, and the place is ours.
    let status = unsafe { encast_load_model_from_memory(bytes.as_ptr(), bytes.len(), &mut model) };
    assert_eq!(status, ENCAST_STATUS_OK);
    model as usize
}

/// One of the models: a small one below 8, the default model for one byte in 16.
pub fn model(which: u8) -> *const EncastModel {
    static MODELS: OnceLock<Vec<usize>> = OnceLock::new();
    let models = MODELS.get_or_init(|| {
        let mut default = std::ptr::null_mut();
        // SAFETY: the place is ours.
        assert_eq!(unsafe { encast_load_default_model(&mut default) }, ENCAST_STATUS_OK);
        BUNDLES.into_iter().map(load).chain([default as usize]).collect()
    });
    let at = match which % 16 {
        0..=2 => 0,
        3..=11 => 1,
        12..=14 => 2,
        _ => 3,
    };
    models[at] as *const EncastModel
}

/// A machine that has everything known of it.
pub fn site() -> *const EncastSite {
    static SITE: OnceLock<usize> = OnceLock::new();
    *SITE.get_or_init(|| {
        let (mut profiles, mut site) = (std::ptr::null_mut(), std::ptr::null_mut());
        // SAFETY: C strings, and places of ours.
        unsafe {
            assert_eq!(encast_load_profiles(std::ptr::null(), &mut profiles), ENCAST_STATUS_OK);
            let (machine, region) = (c"c5.2xlarge".as_ptr(), c"eu-central-1".as_ptr());
            assert_eq!(encast_new_site(profiles, machine, region, &mut site), ENCAST_STATUS_OK);
            assert_eq!(encast_face::profiles::encast_free_profiles(profiles), ENCAST_STATUS_OK);
        }
        site as usize
    }) as *const EncastSite
}
