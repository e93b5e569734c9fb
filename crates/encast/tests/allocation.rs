//! A forecast takes no memory: neither the trees, nor the curves, nor the search for a bitrate, nor the options' checks.
#![allow(clippy::unwrap_used)]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
};

use encast::*;

thread_local! {
    static COUNT: Cell<usize> = const { Cell::new(0) };
    static BYTES: Cell<isize> = const { Cell::new(0) };
}

/// Counts what this thread asks for, and what of it is still there.
struct Counting;

// SAFETY: every call goes to the system's allocator unchanged.
#[allow(unsafe_code)]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _ = COUNT.try_with(|count| count.set(count.get() + 1));
        let _ = BYTES.try_with(|bytes| bytes.set(bytes.get() + layout.size() as isize));
        // SAFETY: the caller's promise is the system's demand.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        let _ = BYTES.try_with(|bytes| bytes.set(bytes.get() - layout.size() as isize));
        // SAFETY: as above.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn allocations(work: impl FnOnce()) -> usize {
    let before = COUNT.get();
    work();
    COUNT.get() - before
}

/// From the six fields to everything that a request can know.
fn requests() -> Vec<PredictionFeatures> {
    let settings = PredictionFeatures::new(2500.0, 1280.0, 720.0, 30.0, 0.01, 0.5);
    let encoder = PredictionFeatures {
        encoder: Some(Encoder::Libx264),
        preset: Some("medium".to_owned()),
        threads: Some(4.0),
        passes: Some(1.0),
        ..settings.clone()
    };
    let content = PredictionFeatures {
        source_width: Some(1920.0),
        source_height: Some(1080.0),
        source_frame_rate: Some(30.0),
        bit_depth: Some(8.0),
        si_mean: Some(40.0),
        si_std: Some(4.0),
        ti_mean: Some(12.0),
        ti_std: Some(3.0),
        spatial_energy: Some(10.0),
        temporal_energy: Some(0.8),
        luminance: Some(60.0),
        static_share: Some(0.2),
        ..encoder.clone()
    };
    let probe = PredictionFeatures {
        probe_bitrate_kbps: Some(800.0),
        probe_psnr: Some(38.0),
        probe_vmaf: Some(70.0),
        ..content.clone()
    };
    let by_crf = PredictionFeatures { bitrate_kbps: None, crf: Some(27.0), ..probe.clone() };
    let beyond = PredictionFeatures { bitrate_kbps: Some(90_000.0), ..settings.clone() };
    vec![settings, encoder, content, probe, by_crf, beyond]
}

#[test]
fn a_forecast_takes_no_memory() {
    let model = Model::embedded().unwrap();
    for request in requests() {
        // The first call asks the processor what it has, and keeps it.
        let first = predict(&request, &model).unwrap();
        let options = PredictOptions::default();
        let mut answer = PredictionResult::default();
        let count = allocations(|| answer = predict_with(&request, &model, &options).unwrap());
        assert_eq!(count, 0, "{request:?}");
        assert_eq!(answer, first);
        let limits = RecommendOptions::default();
        let count = allocations(|| _ = recommend_bitrate(&request, &model, &limits).unwrap());
        // The search keeps a copy of the request: its preset's name, where it has one.
        assert!(count <= 4, "{count} allocations of a search for {request:?}");
    }
}

#[test]
fn the_counter_counts() {
    assert_eq!(allocations(|| drop(std::hint::black_box(vec![1u8; 100]))), 1);
}

#[test]
fn a_loaded_model_takes_at_most_twice_its_bundle() {
    if encast_trees::Instructions::default().name() == "plain" {
        // Without vectors trees are walked, which takes nodes.
        return;
    }
    let bundle = Model::embedded_bytes().len();
    let before = BYTES.get();
    let model = Model::embedded().unwrap();
    let taken = (BYTES.get() - before) as f64 / bundle as f64;
    assert!((0.5..2.0).contains(&taken), "{taken} times the {bundle} bytes of the bundle");
    drop(model);
    assert_eq!(BYTES.get(), before);
}
