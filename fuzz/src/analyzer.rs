//! An analyzer of any options, frames of any stride and samples, and calls in any order.

use std::mem::offset_of;

use encast_face::{
    analyzer::{
        EncastAnalyzer, encast_analyzer_cut, encast_analyzer_finish, encast_analyzer_free, encast_analyzer_new,
        encast_analyzer_push_frame, encast_analyzer_segment,
    },
    analyzer_options::{EncastAnalyzerOptions, encast_analyzer_options_init},
    complexity::{
        EncastComplexity, EncastFrameComplexity, EncastStatistics, encast_complexity_init, encast_frame_complexity_init,
    },
    handles::encast_live_handles,
    status::{ENCAST_STATUS_BAD_STATE, ENCAST_STATUS_OK},
};

use crate::{input::Input, memory::Structs, oracle};

/// Larger frames only cost time.
const LARGEST: usize = 4096;

pub fn run(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let mut options = Structs::<EncastAnalyzerOptions>::new(&mut input, 1, encast_analyzer_options_init);
    let (width, height) = (usize::from(input.u8()), usize::from(input.u8()) % 96);
    let depth = 8 + input.below(6);
    options.put(0, offset_of!(EncastAnalyzerOptions, width), width as u32);
    options.put(0, offset_of!(EncastAnalyzerOptions, height), height as u32);
    options.put(0, offset_of!(EncastAnalyzerOptions, bit_depth), depth as u32);
    if input.one_in(2) {
        options.put(0, offset_of!(EncastAnalyzerOptions, frame_rate), 25.0);
        options.put(0, offset_of!(EncastAnalyzerOptions, segmentation), input.below(4) as i32);
    }
    if input.one_in(2) {
        options.put(0, offset_of!(EncastAnalyzerOptions, segment_seconds), 0.1);
    }
    if input.one_in(4) {
        options.scribble(&mut input);
        // A picture that is much larger than what the frames have would be read beyond them.
        options.put(0, offset_of!(EncastAnalyzerOptions, width), width as u32);
        options.put(0, offset_of!(EncastAnalyzerOptions, height), height as u32);
        options.put(0, offset_of!(EncastAnalyzerOptions, bit_depth), depth as u32);
    }
    // Threads cost more than all the rest: for some inputs only.
    let threads = if input.one_in(64) { 2 } else { u32::from(!input.one_in(64)) };
    options.put(0, offset_of!(EncastAnalyzerOptions, threads), threads);
    let mut analyzer = std::ptr::null_mut();
    // SAFETY: the struct has as many bytes as it says, and the place is ours.
    let ok = oracle::status(unsafe { encast_analyzer_new(options.pointer(), &mut analyzer) });
    assert_eq!(ok, !analyzer.is_null());
    if ok && width * height <= LARGEST {
        use_it(analyzer, &mut input, width, height, depth);
    }
    assert_eq!(encast_analyzer_free(analyzer), ENCAST_STATUS_OK);
    assert_eq!(encast_live_handles(), 0, "every handle was freed");
}

fn use_it(analyzer: *mut EncastAnalyzer, input: &mut Input, width: usize, height: usize, depth: usize) {
    let mut finished = false;
    for _ in 0..24 {
        if input.is_empty() {
            break;
        }
        match input.below(16) {
            0..12 => push(analyzer, input, width, height, depth, finished),
            12 => finished |= finish(analyzer, input, finished),
            13 => finished |= ask(analyzer, input, finished),
            // SAFETY: a live handle, and null is allowed to be refused.
            14 => assert!(!oracle::status(unsafe {
                encast_analyzer_push_frame(analyzer, std::ptr::null(), width, std::ptr::null_mut())
            })),
            _ => ask_more(analyzer, input, finished),
        }
    }
    let mut alone = Input::new(&[]);
    finished |= finish(analyzer, &mut alone, finished);
    ask_more(analyzer, &mut alone, finished);
}

/// A frame in memory of exactly its bytes.
fn push(analyzer: *mut EncastAnalyzer, input: &mut Input, width: usize, height: usize, depth: usize, finished: bool) {
    let sample = if depth > 8 { 2 } else { 1 };
    let row = width * sample;
    let said = match input.below(16) {
        0 => row + input.below(64),
        1 => row.saturating_sub(1 + input.below(8)),
        2 => usize::MAX - input.below(256),
        3 => usize::MAX / 2,
        _ => row,
    };
    // What the library has to refuse needs no memory.
    let stride = if (row..=row + 64).contains(&said) { said } else { row };
    let mut frame = vec![input.u8(); stride * (height - 1) + row].into_boxed_slice();
    if depth > 8 {
        let most = if input.one_in(16) { 0xff } else { (1_u16 << (depth - 8)) as u8 - 1 };
        frame.iter_mut().skip(1).step_by(2).for_each(|high| *high &= most);
    }
    let samples = input.take(64);
    if !samples.is_empty() {
        let every = if depth > 8 { 2 } else { 1 };
        let start = input.below(64) * every;
        for (place, at) in frame.iter_mut().skip(start).step_by(every).zip(0..) {
            *place ^= samples[at % samples.len()];
        }
    }
    let mut figures = Structs::<EncastFrameComplexity>::new(input, 1, encast_frame_complexity_init);
    let before = figures.bytes();
    // SAFETY: the frame has the rows that the library may read, and the struct as many bytes as it says.
    let status = unsafe { encast_analyzer_push_frame(analyzer, frame.as_ptr().cast(), said, figures.pointer()) };
    if !oracle::status(status) || figures.is_null() {
        return figures.assert_same(&before);
    }
    assert!(!finished, "a frame after the end");
    figures.assert_within(&before);
    let figures = figures.value(0, encast_frame_complexity_init);
    for figure in [figures.si, figures.ti, figures.spatial_energy, figures.temporal_energy, figures.luminance] {
        oracle::within(figure, 0.0, 1e6);
    }
    oracle::within(figures.static_share, 0.0, 1.0);
}

fn statistics(all: &[EncastStatistics]) {
    for figure in all {
        for value in [figure.mean, figure.std, figure.min, figure.max, figure.median] {
            oracle::within(value, 0.0, 1e6);
        }
        assert!(figure.mean.is_nan() || figure.min <= figure.max);
    }
}

fn complexity(found: &EncastComplexity) {
    let EncastComplexity { si, ti, spatial_energy, temporal_energy, luminance, static_share, .. } = *found;
    statistics(&[si, ti, spatial_energy, temporal_energy, luminance, static_share]);
    oracle::within(found.motion_intensity, 0.0, 1.0);
}

/// Whether it is finished now.
fn finish(analyzer: *mut EncastAnalyzer, input: &mut Input, finished: bool) -> bool {
    let mut found = Structs::<EncastComplexity>::new(input, 1, encast_complexity_init);
    let before = found.bytes();
    // SAFETY: a live handle, and a struct of as many bytes as it says.
    let status = unsafe { encast_analyzer_finish(analyzer, found.pointer()) };
    assert!(!finished || status != ENCAST_STATUS_BAD_STATE);
    if !oracle::status(status) {
        found.assert_same(&before);
        return false;
    }
    found.assert_within(&before);
    complexity(&found.value(0, encast_complexity_init));
    true
}

/// Twice the same.
fn ask(analyzer: *mut EncastAnalyzer, input: &mut Input, finished: bool) -> bool {
    let first = finish(analyzer, input, finished);
    let again = finish(analyzer, &mut Input::new(&[]), finished || first);
    assert!(!first || again);
    again
}

fn ask_more(analyzer: *const EncastAnalyzer, input: &mut Input, finished: bool) {
    for index in [0, usize::from(input.u8()), usize::MAX] {
        let mut found = Structs::<EncastComplexity>::new(input, 1, encast_complexity_init);
        let before = found.bytes();
        // SAFETY: a live handle, and a struct of as many bytes as it says.
        let ok = oracle::status(unsafe { encast_analyzer_segment(analyzer, index, found.pointer()) });
        assert!(finished || !ok);
        match ok {
            true => complexity(&found.value(0, encast_complexity_init)),
            false => found.assert_same(&before),
        }
        let mut frame = u64::MAX;
        // SAFETY: a live handle, and a place of ours.
        let ok = oracle::status(unsafe { encast_analyzer_cut(analyzer, index, &mut frame) });
        assert_eq!(ok, frame != u64::MAX);
        assert!(finished && frame > 0 || !ok);
    }
}
