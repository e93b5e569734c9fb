//! Names of the numbers, and back.

use std::ffi::{CStr, c_char};

use encast_core::{Codec, Encoder, Error, Field, Target};

use crate::{
    boundary::enter,
    status::{ENCAST_STATUS_BAD_NUMBER, ENCAST_STATUS_BAD_TEXT, Failure},
};

/// Longer than any name.
const WIDTH: usize = 32;

type Name = [u8; WIDTH];

/// A name with NULs behind it, as a C string.
const fn terminated(name: &str) -> Name {
    let mut padded = [0; WIDTH];
    let bytes = name.as_bytes();
    assert!(bytes.len() < WIDTH);
    let mut i = 0;
    while i < bytes.len() {
        padded[i] = bytes[i];
        i += 1;
    }
    padded
}

macro_rules! table {
    ($name:ident, $type:ident, $all:expr) => {
        static $name: [Name; $all.len()] = {
            let mut table = [[0; WIDTH]; $all.len()];
            let mut i = 0;
            while i < table.len() {
                table[i] = terminated($type::name($all[i]));
                i += 1;
            }
            table
        };
    };
}

table!(CODECS, Codec, Codec::ALL);
table!(ENCODERS, Encoder, Encoder::ALL);
table!(FIELDS, Field, Field::ALL);
table!(TARGETS, Target, Target::ALL);

fn entry(table: &'static [Name], index: Option<usize>) -> *const c_char {
    index.and_then(|index| table.get(index)).map_or(std::ptr::null(), |name| name.as_ptr().cast())
}

/// The codec or encoder of a number, 0 being unknown; an error lists the known ones.
pub(crate) fn from_number<T: Copy>(
    number: i32,
    field: &'static str,
    find: fn(i32) -> Option<T>,
    all: &[T],
    name: fn(T) -> &'static str,
) -> Result<Option<T>, Failure> {
    if number == 0 {
        return Ok(None);
    }
    find(number).map(Some).ok_or_else(|| {
        let known: Vec<String> =
            (0..=i32::from(u8::MAX)).filter_map(|n| find(n).map(|value| format!("{n} ({})", name(value)))).collect();
        debug_assert_eq!(known.len(), all.len());
        let text = format!("{field} = {number}: known are 0 (unknown), {}", known.join(", "));
        Failure::new(ENCAST_STATUS_BAD_NUMBER, text).of_field(field)
    })
}

/// The number of a name.
///
/// # Safety
/// `name` is null or a C string; `out` is null or may be written.
unsafe fn number_of_name(
    name: *const c_char,
    out: *mut i32,
    field: &'static str,
    find: impl Fn(&str) -> Result<i32, Error>,
) -> Result<(), Failure> {
    if name.is_null() {
        return Err(Failure::null("name"));
    }
    if out.is_null() {
        return Err(Failure::null("out"));
    }
    // SAFETY: not null, hence a C string by our caller's promise.
    let name = unsafe { CStr::from_ptr(name) };
    let name = name.to_str().map_err(|error| {
        Failure::new(ENCAST_STATUS_BAD_TEXT, format!("{field}: not UTF-8 ({error})")).of_field(field)
    })?;
    let number = find(name)?;
    // SAFETY: not null, hence writable by our caller's promise.
    unsafe { out.write(number) };
    Ok(())
}

/// The number of a codec's name: "h264" (also "avc"), "hevc" ("h265"), "vp9", "av1", "vvc" ("h266").
///
/// name: UTF-8, NUL-terminated, not null. out: receives one of ENCAST_CODEC_..., not null.
///
/// Returns ENCAST_STATUS_OK, ENCAST_STATUS_NULL_POINTER, ENCAST_STATUS_BAD_TEXT, or ENCAST_STATUS_UNKNOWN_NAME with a
/// text that lists the known names; on failure nothing is written. May be called from any thread.
///
/// # Safety
/// name is a C string; out may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn encast_codec_from_name(name: *const c_char, out: *mut i32) -> i32 {
    // SAFETY: the caller's promise.
    enter(|| unsafe { number_of_name(name, out, "codec", |name| Codec::from_name(name).map(|codec| codec as i32)) })
}

/// The number of an encoder's name: "libx264" (also "x264"), "libx265" ("x265"), "libvpx-vp9", "libsvtav1"
/// ("svtav1"), "libaom-av1" ("aom"), "libvvenc" ("vvenc").
///
/// name: UTF-8, NUL-terminated, not null. out: receives one of ENCAST_ENCODER_..., not null.
///
/// Returns ENCAST_STATUS_OK, ENCAST_STATUS_NULL_POINTER, ENCAST_STATUS_BAD_TEXT, or ENCAST_STATUS_UNKNOWN_NAME with a
/// text that lists the known names; on failure nothing is written. May be called from any thread.
///
/// # Safety
/// name is a C string; out may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn encast_encoder_from_name(name: *const c_char, out: *mut i32) -> i32 {
    // SAFETY: the caller's promise.
    enter(|| unsafe {
        number_of_name(name, out, "encoder", |name| Encoder::from_name(name).map(|encoder| encoder as i32))
    })
}

/// The name of a codec's number, such as "h264"; null for 0 and for a number that is none.
///
/// Returns static text, never to be freed. May be called from any thread.
#[unsafe(no_mangle)]
pub extern "C" fn encast_codec_name(codec: i32) -> *const c_char {
    entry(&CODECS, Codec::ALL.iter().position(|&known| known as i32 == codec))
}

/// The name of an encoder's number, such as "libx264"; null for 0 and for a number that is none.
///
/// Returns static text, never to be freed. May be called from any thread.
#[unsafe(no_mangle)]
pub extern "C" fn encast_encoder_name(encoder: i32) -> *const c_char {
    entry(&ENCODERS, Encoder::ALL.iter().position(|&known| known as i32 == encoder))
}

/// The name of the input that a bit of EncastResult.out_of_range or EncastResult.ignored stands for, such as
/// "bitrate_kbps"; null for a number that is none, so that a loop from 0 ends at the first null.
///
/// Returns static text, never to be freed. May be called from any thread.
#[unsafe(no_mangle)]
pub extern "C" fn encast_field_name(bit: u32) -> *const c_char {
    entry(&FIELDS, usize::try_from(bit).ok())
}

/// The name of a target, such as "vmaf"; null for a number that is none, so that a loop from 0 ends at the first null.
///
/// Returns static text, never to be freed. May be called from any thread.
#[unsafe(no_mangle)]
pub extern "C" fn encast_target_name(target: u32) -> *const c_char {
    entry(&TARGETS, usize::try_from(target).ok())
}
