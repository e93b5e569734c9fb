//! The analyzer handle: frames of the caller in, complexity out.

use std::{
    mem,
    sync::{RwLock, RwLockReadGuard, RwLockWriteGuard, TryLockError},
};

use encast_content::{Analyzer, ContentError, Luma, Summary};

use crate::{
    analyzer_options::{self, EncastAnalyzerOptions},
    boundary::enter,
    complexity::{self, EncastComplexity, EncastFrameComplexity},
    handles::{self, Handle, Table},
    status::{ENCAST_STATUS_BAD_INDEX, ENCAST_STATUS_BAD_STATE, ENCAST_STATUS_INVALID_FIELD, Failure},
    structs::{Output, read},
};

/// Measures the complexity of one clip, frame by frame. Made by encast_analyzer_new(), freed by encast_analyzer_free().
///
/// One thread at a time may use an analyzer, any thread; a second at the same time gets ENCAST_STATUS_BAD_STATE.
/// Different analyzers are independent. It holds one previous frame and a few numbers a block, however long the clip
/// is. The pointer is a number: there is nothing to read behind it.
pub struct EncastAnalyzer {
    _number: (),
}

impl Handle for EncastAnalyzer {
    type Object = RwLock<Clip>;
    const KIND: usize = 4;
    const NAME: &'static str = "analyzer";

    fn table() -> &'static Table<RwLock<Clip>> {
        static ANALYZERS: Table<RwLock<Clip>> = Table::new();
        &ANALYZERS
    }
}

/// What an analyzer knows of its clip.
pub(crate) struct Clip {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) bit_depth: u32,
    pub(crate) state: State,
}

/// How far an analyzer is.
pub(crate) enum State {
    /// Takes frames; `frames` were taken.
    Open { analyzer: Box<Analyzer>, frames: u64 },
    /// The clip has ended.
    Finished(Box<Summary>),
    /// A call on it panicked.
    Broken,
}

impl Clip {
    /// The summary, once the clip has ended.
    fn summary(&self) -> Result<&Summary, Failure> {
        match &self.state {
            State::Finished(summary) => Ok(summary),
            State::Open { .. } => Err(state("the analyzer is not finished: call encast_analyzer_finish() first")),
            State::Broken => Err(broken()),
        }
    }

    /// Takes the analyzer out to work with it; who does puts a state back. A panic leaves [`State::Broken`] behind.
    fn take(&mut self) -> Result<(Box<Analyzer>, u64), Failure> {
        match mem::replace(&mut self.state, State::Broken) {
            State::Open { analyzer, frames } => Ok((analyzer, frames)),
            State::Finished(summary) => {
                self.state = State::Finished(summary);
                Err(state("the analyzer is finished: it takes no more frames"))
            }
            State::Broken => Err(broken()),
        }
    }

    /// A plane of the caller, every row of it checked to be within what one object can be.
    ///
    /// # Safety
    /// `luma` is null, or points to the rows of a plane of the analyzer's size, `stride_bytes` apart, readable and
    /// unchanged for `'a`.
    pub(crate) unsafe fn plane<'a>(&self, luma: *const u8, stride_bytes: usize) -> Result<Luma<'a>, Failure> {
        if luma.is_null() {
            return Err(Failure::null("luma"));
        }
        let sample = if self.bit_depth > 8 { size_of::<u16>() } else { size_of::<u8>() };
        let row = self.width * sample;
        let largest = (isize::MAX as usize - row) / (self.height - 1);
        if !(row..=largest).contains(&stride_bytes) {
            let bound = format!("{row} ({} samples of {} bits) to {largest}", self.width, self.bit_depth);
            return Err(Failure::bound("stride_bytes", stride_bytes, bound));
        }
        let stride = stride_bytes / sample;
        let count = stride * (self.height - 1) + self.width;
        if self.bit_depth == 8 {
            // SAFETY: not null; the last row may end at the width, so that `count` is what the caller promised; at most
            // isize::MAX bytes, as the stride was just checked.
            return Ok(Luma::Eight { samples: unsafe { std::slice::from_raw_parts(luma, count) }, stride });
        }
        if !stride_bytes.is_multiple_of(sample) {
            return Err(Failure::bound("stride_bytes", stride_bytes, "even: samples have two bytes"));
        }
        let wide = luma.cast::<u16>();
        if !wide.is_aligned() {
            let text = format!("luma: is at an odd address, must be aligned as uint16_t: {} bits", self.bit_depth);
            return Err(Failure::new(ENCAST_STATUS_INVALID_FIELD, text).of_field("luma"));
        }
        // SAFETY: as above, and aligned; the stride is even, so that `count` samples are what the caller promised.
        Ok(Luma::Sixteen { samples: unsafe { std::slice::from_raw_parts(wide, count) }, stride })
    }
}

fn state(text: &str) -> Failure {
    Failure::new(ENCAST_STATUS_BAD_STATE, text)
}

fn broken() -> Failure {
    state("the analyzer is broken by an internal error of an earlier call: only encast_analyzer_free() is left")
}

/// What stands at an index of a list.
fn at<'a, T>(list: &'a [T], index: usize, what: &str) -> Result<&'a T, Failure> {
    list.get(index).ok_or_else(|| {
        let text = format!("index = {index}: must be below {}, the number of {what}", list.len());
        Failure::new(ENCAST_STATUS_BAD_INDEX, text).of_field("index")
    })
}

fn in_use() -> Failure {
    state("the analyzer is in use by a call on another thread: one thread at a time")
}

// A panic leaves State::Broken behind, which tells more than a poisoned lock.
fn look(clip: &RwLock<Clip>) -> Result<RwLockReadGuard<'_, Clip>, Failure> {
    match clip.try_read() {
        Ok(clip) => Ok(clip),
        Err(TryLockError::Poisoned(poisoned)) => Ok(poisoned.into_inner()),
        Err(TryLockError::WouldBlock) => Err(in_use()),
    }
}

fn change(clip: &RwLock<Clip>) -> Result<RwLockWriteGuard<'_, Clip>, Failure> {
    match clip.try_write() {
        Ok(clip) => Ok(clip),
        Err(TryLockError::Poisoned(poisoned)) => Ok(poisoned.into_inner()),
        Err(TryLockError::WouldBlock) => Err(in_use()),
    }
}

/// Makes an analyzer of one clip.
///
/// options: set up by encast_analyzer_options_init() and filled in, not null; no reference to it is kept. out_analyzer:
/// receives the handle, not null; the caller owns it and frees it with encast_analyzer_free().
///
/// Returns ENCAST_STATUS_OK, or ENCAST_STATUS_NULL_POINTER, _BAD_STRUCT_SIZE, _INVALID_FIELD (width, height,
/// bit_depth, frame_rate, threads or segment_seconds beyond its bounds), _BAD_NUMBER (segmentation), _MISSING_FIELD
/// (segments in seconds without their length or without a frame rate) or _CONTRADICTION (a length, but no segments in
/// seconds). On failure *out_analyzer is not touched. May be called from any thread.
///
/// # Safety
/// options has as many bytes as its struct_size says; out_analyzer may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn encast_analyzer_new(
    options: *const EncastAnalyzerOptions,
    out_analyzer: *mut *mut EncastAnalyzer,
) -> i32 {
    enter(|| {
        // SAFETY: the caller's promise.
        let options = unsafe { read(options, "options") }?;
        let make = || {
            let analyzer = Box::new(analyzer_options::analyzer(&options)?);
            Ok(RwLock::new(Clip {
                width: options.width as usize,
                height: options.height as usize,
                bit_depth: options.bit_depth,
                state: State::Open { analyzer, frames: 0 },
            }))
        };
        // SAFETY: the caller's promise.
        unsafe { handles::hand_out(out_analyzer, "out_analyzer", make) }
    })
}

/// Takes the next frame of the clip, in the order of display. Only progressive luma is meant: fields have to be
/// deinterlaced before.
///
/// analyzer: a live handle, not null. luma: the first sample of the first row, not null; the samples are read during
/// the call and not kept. With a bit_depth of 8 they are uint8_t; above, they are uint16_t of this machine's byte
/// order, aligned to 2 bytes, with the value in the low bits. stride_bytes: bytes from the start of a row to the start
/// of the next, at least the bytes of a row, and even above 8 bits; what stands between is not looked at, and the last
/// row may end at the width. out: the figures of the frame, set up by encast_frame_complexity_init(), or null when they
/// are not wanted; written on success only.
///
/// Returns ENCAST_STATUS_OK, or ENCAST_STATUS_NULL_POINTER, _BAD_HANDLE, _BAD_STRUCT_SIZE, _INVALID_FIELD
/// (stride_bytes; luma when it is not aligned or a sample is larger than its bit depth allows) or _BAD_STATE (after
/// encast_analyzer_finish()). After an error the frame counts as not given, and the next may follow. One thread at a
/// time.
///
/// # Safety
/// analyzer is a live handle that no other thread uses; luma points to as many rows as the analyzer's height, of its
/// width, stride_bytes apart; out is null or has as many bytes as its struct_size says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn encast_analyzer_push_frame(
    analyzer: *mut EncastAnalyzer,
    luma: *const core::ffi::c_void,
    stride_bytes: usize,
    out: *mut EncastFrameComplexity,
) -> i32 {
    enter(|| {
        let object = handles::get(analyzer)?;
        let mut clip = change(&object)?;
        // SAFETY: the caller's promise.
        let plane = unsafe { clip.plane(luma.cast(), stride_bytes) }?;
        // SAFETY: the caller's promise.
        let output = if out.is_null() { None } else { Some(unsafe { Output::new(out, "out") }?) };
        let (mut analyzer, mut frames) = clip.take()?;
        let pushed = analyzer.push(&plane);
        frames += u64::from(pushed.is_ok());
        clip.state = State::Open { analyzer, frames };
        let frame = pushed?;
        if let Some(output) = output {
            // SAFETY: the caller's promise.
            unsafe { output.write(&complexity::frame_to_c(&frame)) };
        }
        Ok(())
    })
}

/// Ends the clip and tells its complexity. Called again, it tells the same again.
///
/// analyzer: a live handle, not null; it still has to be freed. out: set up by encast_complexity_init(), not null;
/// written on success only.
///
/// Returns ENCAST_STATUS_OK, or ENCAST_STATUS_NULL_POINTER, _BAD_HANDLE, _BAD_STRUCT_SIZE, _NO_FRAME when no frame was
/// taken, or _BAD_STATE after an internal error. After a failure the clip has not ended. One thread at a time.
///
/// # Safety
/// analyzer is a live handle that no other thread uses; out has as many bytes as its struct_size says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn encast_analyzer_finish(analyzer: *mut EncastAnalyzer, out: *mut EncastComplexity) -> i32 {
    enter(|| {
        let object = handles::get(analyzer)?;
        // SAFETY: the caller's promise.
        let output = unsafe { Output::new(out, "out") }?;
        let mut clip = change(&object)?;
        match clip.state {
            State::Open { frames: 0, .. } => return Err(ContentError::NoFrame.into()),
            State::Open { .. } => clip.state = State::Finished(Box::new(clip.take()?.0.finish()?)),
            State::Finished(_) | State::Broken => {}
        }
        let whole = complexity::clip_to_c(clip.summary()?);
        // SAFETY: the caller's promise.
        unsafe { output.write(&whole) };
        Ok(())
    })
}

/// Tells the complexity of one segment of a finished clip.
///
/// analyzer: a live handle, not null, after encast_analyzer_finish(). index: 0 to EncastComplexity.segments - 1, in the
/// order of the clip. out: set up by encast_complexity_init(), not null; written on success only.
///
/// Returns ENCAST_STATUS_OK, or ENCAST_STATUS_NULL_POINTER, _BAD_HANDLE, _BAD_STRUCT_SIZE, _BAD_STATE (not finished)
/// or _BAD_INDEX. Threads may ask a finished analyzer at the same time.
///
/// # Safety
/// analyzer is a live handle that no other thread changes; out has as many bytes as its struct_size says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn encast_analyzer_segment(
    analyzer: *const EncastAnalyzer,
    index: usize,
    out: *mut EncastComplexity,
) -> i32 {
    enter(|| {
        let object = handles::get(analyzer)?;
        // SAFETY: the caller's promise.
        let output = unsafe { Output::new(out, "out") }?;
        let clip = look(&object)?;
        let summary = clip.summary()?;
        let segment = complexity::part_to_c(summary, at(&summary.segments, index, "segments")?);
        // SAFETY: the caller's promise.
        unsafe { output.write(&segment) };
        Ok(())
    })
}

/// Tells one scene cut of a finished clip: the number of a frame that starts a scene, from 0; never 0.
///
/// analyzer: a live handle, not null, after encast_analyzer_finish(). index: 0 to EncastComplexity.cuts - 1, in the
/// order of the clip. out_frame: receives the number, not null; written on success only.
///
/// Returns ENCAST_STATUS_OK, or ENCAST_STATUS_NULL_POINTER, _BAD_HANDLE, _BAD_STATE (not finished) or _BAD_INDEX.
/// Threads may ask a finished analyzer at the same time.
///
/// # Safety
/// analyzer is a live handle that no other thread changes; out_frame may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn encast_analyzer_cut(
    analyzer: *const EncastAnalyzer,
    index: usize,
    out_frame: *mut u64,
) -> i32 {
    enter(|| {
        let object = handles::get(analyzer)?;
        if out_frame.is_null() {
            return Err(Failure::null("out_frame"));
        }
        let frame = *at(&look(&object)?.summary()?.cuts, index, "cuts")?;
        // SAFETY: not null, hence writable by the caller's promise.
        unsafe { out_frame.write(frame) };
        Ok(())
    })
}

/// Frees an analyzer, finished or not. Null is allowed and does nothing.
///
/// analyzer: a live handle, which is dead after the call. A call that still uses it on another thread goes on
/// undisturbed.
///
/// Returns ENCAST_STATUS_OK, which leaves the text of the last error as it was, or ENCAST_STATUS_BAD_HANDLE when it
/// was freed before. May be called from any thread.
#[unsafe(no_mangle)]
pub extern "C" fn encast_analyzer_free(analyzer: *mut EncastAnalyzer) -> i32 {
    handles::free(analyzer)
}
