//! A forecast over C takes no memory once its thread has asked before.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
};

use crate::{
    features::EncastFeatures,
    model::{encast_free_model, encast_load_default_model},
    predict::encast_predict,
    result::EncastResult,
    status::ENCAST_STATUS_OK,
    structs::{CStruct, put_text},
};

thread_local! {
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

/// Counts what this thread asks for.
struct Counting;

// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _ = COUNT.try_with(|count| count.set(count.get() + 1));
        // SAFETY: the caller's promise is the system's demand.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
#[cfg_attr(miri, ignore = "the default model is too large for Miri")]
fn forecasts_after_the_first_take_no_memory() {
    let mut model = std::ptr::null_mut();
    // SAFETY: the place is ours.
    assert_eq!(unsafe { encast_load_default_model(&mut model) }, ENCAST_STATUS_OK);
    let mut features = EncastFeatures { bitrate_kbps: 3000.0, codec: 1, ..EncastFeatures::defaults() };
    (features.resolution_width, features.resolution_height, features.frame_rate) = (1280.0, 720.0, 30.0);
    let mut result = EncastResult::defaults();
    for (round, preset) in ["medium", "slow", "medium", "", "slow"].into_iter().enumerate() {
        put_text(&mut features.preset, preset);
        let before = COUNT.get();
        // SAFETY: a live handle, and structs that were set up.
        let status = unsafe { encast_predict(model, &features, std::ptr::null(), &mut result) };
        assert_eq!(status, ENCAST_STATUS_OK);
        assert!(round == 0 || COUNT.get() == before, "{} allocations in round {round}", COUNT.get() - before);
        assert!(result.predicted_vmaf > 0.0);
    }
    assert_eq!(encast_free_model(model), ENCAST_STATUS_OK);
}
