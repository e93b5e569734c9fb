//! Analyzers after a panic, and the mapping of the content crate's errors.

use encast_content::{ContentError, Luma};

use super::{last, read};
use crate::{
    analyzer::*,
    analyzer_options::{EncastAnalyzerOptions, encast_analyzer_options_init},
    boundary::tests::arm,
    complexity::{EncastComplexity, EncastFrameComplexity},
    features::{EncastFeatures, encast_features_set_content},
    handles,
    last_error::encast_last_error_field,
    status::*,
    structs::CStruct,
};

const SIZE: (u32, u32) = (16, 8);

fn options() -> EncastAnalyzerOptions {
    EncastAnalyzerOptions { width: SIZE.0, height: SIZE.1, bit_depth: 8, ..CStruct::defaults() }
}

fn new(options: &EncastAnalyzerOptions) -> *mut EncastAnalyzer {
    let mut handle = std::ptr::null_mut();
    // SAFETY: live structs of this test.
    assert_eq!(unsafe { encast_analyzer_new(options, &mut handle) }, ENCAST_STATUS_OK, "{}", last());
    handle
}

/// The boundary's panics come before the work: nothing is written, and the analyzer goes on as if there was no call.
#[test]
fn an_analyzer_goes_on_after_a_panic_before_the_work() {
    let luma: Vec<u8> = (0..SIZE.0 * SIZE.1).map(|i| (i * 37 % 251) as u8).collect();
    let (mut frame, mut clip) = (EncastFrameComplexity::defaults(), EncastComplexity::defaults());
    let mut features = EncastFeatures::defaults();
    let (mut handle, mut cut) = (std::ptr::null_mut(), 77);
    let stride = SIZE.0 as usize;
    frame.si = -77.0;
    clip.duration_s = -77.0;
    // SAFETY: live structs and handles of this test; a plane of the size.
    unsafe {
        arm();
        assert_eq!(encast_analyzer_new(&options(), &mut handle), ENCAST_STATUS_PANIC);
        assert!(handle.is_null());
        let handle = new(&options());
        arm();
        assert_eq!(encast_analyzer_push_frame(handle, luma.as_ptr().cast(), stride, &mut frame), ENCAST_STATUS_PANIC);
        assert_eq!((frame.frame, frame.si), (0, -77.0));
        assert_eq!(encast_analyzer_push_frame(handle, luma.as_ptr().cast(), stride, &mut frame), ENCAST_STATUS_OK);
        assert!(frame.frame == 0 && frame.si > 0.0 && frame.ti.is_nan());
        arm();
        assert_eq!(encast_analyzer_finish(handle, &mut clip), ENCAST_STATUS_PANIC);
        assert_eq!(clip.duration_s, -77.0);
        assert_eq!(encast_analyzer_finish(handle, &mut clip), ENCAST_STATUS_OK, "{}", last());
        assert_eq!((clip.frames, clip.si.mean), (1, frame.si));
        for index in [0, usize::MAX] {
            arm();
            assert_eq!(encast_analyzer_segment(handle, index, &mut clip), ENCAST_STATUS_PANIC);
            arm();
            assert_eq!(encast_analyzer_cut(handle, index, &mut cut), ENCAST_STATUS_PANIC);
        }
        arm();
        assert_eq!(encast_features_set_content(&mut features, &clip), ENCAST_STATUS_PANIC);
        assert!(cut == 77 && features.si_mean.is_nan());
        encast_analyzer_free(handle);
    }
}

/// What a panic in the work leaves behind: every call says so, and the handle can be freed.
#[test]
fn a_broken_analyzer_says_so() {
    let luma = [0_u8; (SIZE.0 * SIZE.1) as usize];
    let mut clip = EncastComplexity::defaults();
    let mut cut = 77;
    let handle = new(&options());
    handles::get(handle).expect("live").write().expect("not poisoned").state = State::Broken;
    // SAFETY: a live handle of this test; a plane of the size.
    unsafe {
        let statuses = [
            encast_analyzer_push_frame(handle, luma.as_ptr().cast(), 16, std::ptr::null_mut()),
            encast_analyzer_finish(handle, &mut clip),
            encast_analyzer_segment(handle, 0, &mut clip),
            encast_analyzer_cut(handle, 0, &mut cut),
        ];
        assert_eq!(statuses, [ENCAST_STATUS_BAD_STATE; 4]);
        assert!(last().contains("broken by an internal error") && clip.frames == 0 && cut == 77, "{}", last());
        encast_analyzer_free(handle);
    }
}

/// No more of the caller's memory is claimed than the rows need: the last one ends at the width.
#[test]
fn a_plane_ends_with_its_last_row() {
    let memory = [0_u16; 20 * SIZE.1 as usize];
    let last = SIZE.1 as usize - 1;
    for (bit_depth, stride_bytes, due) in [(8, 16, 16 * last + 16), (8, 21, 21 * last + 16), (12, 40, 20 * last + 16)] {
        let handle = new(&EncastAnalyzerOptions { bit_depth, ..options() });
        // SAFETY: a live handle of this test; memory of 20 samples of two bytes for each row.
        unsafe {
            let object = handles::get(handle).expect("live");
            let clip = object.read().expect("not poisoned");
            let (length, stride) = match clip.plane(memory.as_ptr().cast(), stride_bytes).expect("a plane") {
                Luma::Eight { samples, stride } => (samples.len(), stride),
                Luma::Sixteen { samples, stride } => (samples.len(), 2 * stride),
            };
            assert_eq!((length, stride), (due, stride_bytes));
            encast_analyzer_free(handle);
        }
    }
}

/// While one thread changes an analyzer, a call of another is an error, and threads may look at a finished one together.
#[test]
fn one_thread_at_a_time() {
    let luma = [0_u8; (SIZE.0 * SIZE.1) as usize];
    let (mut clip, mut cut) = (EncastComplexity::defaults(), 77);
    let handle = new(&options());
    let object = handles::get(handle).expect("live");
    // SAFETY: a live handle of this test; a plane of the size.
    unsafe {
        let changing = object.write().expect("not poisoned");
        let statuses = [
            encast_analyzer_push_frame(handle, luma.as_ptr().cast(), 16, std::ptr::null_mut()),
            encast_analyzer_finish(handle, &mut clip),
            encast_analyzer_segment(handle, 0, &mut clip),
            encast_analyzer_cut(handle, 0, &mut cut),
        ];
        assert_eq!(statuses, [ENCAST_STATUS_BAD_STATE; 4]);
        assert!(last().contains("in use by a call on another thread"), "{}", last());
        drop(changing);
        assert_eq!(
            encast_analyzer_push_frame(handle, luma.as_ptr().cast(), 16, std::ptr::null_mut()),
            ENCAST_STATUS_OK
        );
        assert_eq!(encast_analyzer_finish(handle, &mut clip), ENCAST_STATUS_OK);
        let looking = object.read().expect("not poisoned");
        assert_eq!(encast_analyzer_cut(handle, 0, &mut cut), ENCAST_STATUS_BAD_INDEX);
        assert_eq!(encast_analyzer_finish(handle, &mut clip), ENCAST_STATUS_BAD_STATE);
        drop(looking);
    }
    // Freed while a call still has it: it lives until that ends.
    assert_eq!(encast_analyzer_free(handle), ENCAST_STATUS_OK);
    assert_eq!(object.read().expect("not poisoned").width, SIZE.0 as usize);
    assert_eq!(encast_analyzer_free(handle), ENCAST_STATUS_BAD_HANDLE);
}

#[test]
fn errors_of_content_have_a_status_and_a_field() {
    let out = |field, value| ContentError::OutOfBounds { field, value, bound: "more".to_owned() };
    let errors = [
        (out("frame_rate", 0.0), ENCAST_STATUS_INVALID_FIELD, "frame_rate", "frame_rate = 0: must be more"),
        (out("segment", -1.0), ENCAST_STATUS_INVALID_FIELD, "segment_seconds", "segment_seconds = -1: must be more"),
        (out("width x height", 9.0), ENCAST_STATUS_INVALID_FIELD, "height", "height = 9 samples a frame: must be more"),
        (
            ContentError::Sample { frame: 3, value: 1024, bit_depth: 10, bound: 1023 },
            ENCAST_STATUS_INVALID_FIELD,
            "luma",
            "luma: frame 3: a sample is 1024, the largest of 10 bits is 1023",
        ),
        (ContentError::NoFrame, ENCAST_STATUS_NO_FRAME, "", "the analyzer was given no frame"),
        (ContentError::Empty, ENCAST_STATUS_OTHER, "", "is empty: no Y4M header"),
    ];
    for (error, status, field, text) in errors {
        let failure = Failure::from(error);
        assert_eq!((failure.status, &*failure.field, failure.text.as_str()), (status, field, text));
    }
}

#[test]
fn bounds_are_named() {
    type Change = fn(&mut EncastAnalyzerOptions);
    let cases: [(Change, i32, &str); 19] = [
        (|o| o.width = 0, ENCAST_STATUS_INVALID_FIELD, "width"),
        (|o| o.width = 2, ENCAST_STATUS_INVALID_FIELD, "width"),
        (|o| o.width = 16_385, ENCAST_STATUS_INVALID_FIELD, "width"),
        (|o| o.height = u32::MAX, ENCAST_STATUS_INVALID_FIELD, "height"),
        (|o| (o.width, o.height) = (16_384, 16_384), ENCAST_STATUS_INVALID_FIELD, "height"),
        (|o| o.bit_depth = 0, ENCAST_STATUS_INVALID_FIELD, "bit_depth"),
        (|o| o.bit_depth = 7, ENCAST_STATUS_INVALID_FIELD, "bit_depth"),
        (|o| o.bit_depth = 13, ENCAST_STATUS_INVALID_FIELD, "bit_depth"),
        (|o| o.bit_depth = 256 + 8, ENCAST_STATUS_INVALID_FIELD, "bit_depth"),
        (|o| o.frame_rate = 0.0, ENCAST_STATUS_INVALID_FIELD, "frame_rate"),
        (|o| o.frame_rate = f64::INFINITY, ENCAST_STATUS_INVALID_FIELD, "frame_rate"),
        (|o| o.threads = 0, ENCAST_STATUS_INVALID_FIELD, "threads"),
        (|o| o.threads = 65, ENCAST_STATUS_INVALID_FIELD, "threads"),
        (|o| o.segmentation = 3, ENCAST_STATUS_BAD_NUMBER, "segmentation"),
        (|o| o.segmentation = -1, ENCAST_STATUS_BAD_NUMBER, "segmentation"),
        (|o| o.segmentation = 1, ENCAST_STATUS_MISSING_FIELD, "segment_seconds"),
        (|o| (o.segmentation, o.segment_seconds) = (1, 2.0), ENCAST_STATUS_MISSING_FIELD, "frame_rate"),
        (
            |o| (o.segmentation, o.segment_seconds, o.frame_rate) = (1, 0.0, 25.0),
            ENCAST_STATUS_INVALID_FIELD,
            "segment_seconds",
        ),
        (|o| (o.segmentation, o.segment_seconds) = (2, 2.0), ENCAST_STATUS_CONTRADICTION, "segment_seconds"),
    ];
    let mut handle = std::ptr::null_mut();
    for (row, (change, status, field)) in cases.into_iter().enumerate() {
        let mut bad = options();
        change(&mut bad);
        // SAFETY: live structs of this test.
        assert_eq!(unsafe { encast_analyzer_new(&bad, &mut handle) }, status, "case {row}: {}", last());
        assert_eq!(read(encast_last_error_field()), field, "case {row}: {}", last());
        assert!(last().starts_with(field) && handle.is_null(), "case {row}: {}", last());
    }
    let mut init = options();
    // SAFETY: a live struct of this test.
    assert_eq!(unsafe { encast_analyzer_options_init(&mut init, size_of_val(&init)) }, ENCAST_STATUS_OK);
    assert_eq!((init.width, init.height, init.bit_depth, init.segmentation, init.threads), (0, 0, 0, 0, 1));
    assert!(init.frame_rate.is_nan() && init.segment_seconds.is_nan());
}
