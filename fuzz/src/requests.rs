//! Requests, options and what they point to, out of the fuzzer's bytes.

use std::{ffi::c_char, mem::offset_of};

use encast_face::{
    anchor::{EncastAnchor, encast_anchor_init},
    features::{EncastFeatures, encast_features_init},
    options::{EncastPredictOptions, encast_predict_options_init},
};

use crate::{input::Input, memory::Structs, models};

const PRESETS: [&str; 10] =
    ["", "medium", "slow", "veryfast", "8", "4", "good", "ultrafast", "\u{e9}", "no preset of any"];
/// As long as the array, so that no NUL is in it.
const ENDLESS: [c_char; 24] = [b'm' as c_char; 24];

fn put_texts<T: Copy>(structs: &mut Structs<T>, row: usize, offset: usize, input: &mut Input) {
    if input.one_in(16) {
        structs.put(row, offset, ENDLESS);
    } else if input.one_in(16) {
        let mut array = [0_u8; 24];
        let bytes = input.take(24);
        array[..bytes.len()].copy_from_slice(bytes);
        structs.put(row, offset, array);
    } else {
        for (at, &byte) in PRESETS[input.below(PRESETS.len())].as_bytes().iter().enumerate() {
            structs.put(row, offset + at, byte);
        }
    }
}

/// A pointer and a count: mostly true, and where not, such that the library has to refuse before it reads.
pub struct Array {
    pub pointer: usize,
    pub count: usize,
}

impl Array {
    pub fn of(input: &mut Input, pointer: usize, count: usize, refused: usize) -> Self {
        match input.below(24) {
            0 => Array { pointer: 0, count },
            1 => Array { pointer, count: refused },
            2 => Array { pointer, count: 0 },
            _ => Array { pointer, count },
        }
    }
}

/// Requests with their anchors, which live as long.
pub struct Requests {
    pub features: Structs<EncastFeatures>,
    _anchors: Option<Structs<EncastAnchor>>,
}

impl Requests {
    pub fn new(input: &mut Input, count: usize) -> Self {
        let mut features = Structs::new(input, count, encast_features_init);
        let usual = !input.one_in(8);
        for row in 0..count {
            if usual {
                let rates = [300.0, 1000.0, 4000.0, 12000.0];
                let sizes = [(640.0, 360.0), (1280.0, 720.0), (1920.0, 1080.0), (3840.0, 2160.0)];
                let (width, height) = sizes[input.below(4)];
                features.put(row, offset_of!(EncastFeatures, bitrate_kbps), rates[input.below(4)]);
                features.put(row, offset_of!(EncastFeatures, resolution_width), width);
                features.put(row, offset_of!(EncastFeatures, resolution_height), height);
                match input.below(12) {
                    at @ 0..7 => features.put(row, offset_of!(EncastFeatures, encoder), at as i32),
                    at => features.put(row, offset_of!(EncastFeatures, codec), at as i32 - 7),
                }
                if input.one_in(2) {
                    put_texts(&mut features, row, offset_of!(EncastFeatures, preset), input);
                }
            }
        }
        features.scribble(input);
        let mut anchors = input.one_in(3).then(|| anchors(input));
        let array = match &mut anchors {
            Some(anchors) => Array::of(input, anchors.first() as usize, anchors.count(), usize::MAX / 8),
            None => Array { pointer: 0, count: 0 },
        };
        for row in 0..count {
            features.put(row, offset_of!(EncastFeatures, anchors), array.pointer);
            features.put(row, offset_of!(EncastFeatures, anchor_count), array.count);
        }
        Requests { features, _anchors: anchors }
    }
}

fn anchors(input: &mut Input) -> Structs<EncastAnchor> {
    let count = 1 + input.below(20);
    let mut anchors = Structs::new(input, count, encast_anchor_init);
    for row in 0..count {
        anchors.put(row, offset_of!(EncastAnchor, bitrate_kbps), 500.0 * (1.0 + f64::from(input.u8())));
        anchors.put(row, offset_of!(EncastAnchor, vmaf), f64::from(input.u8()) / 2.55);
    }
    anchors.scribble(input);
    anchors
}

/// Options of a forecast; half the time none.
pub fn options(input: &mut Input) -> Option<Structs<EncastPredictOptions>> {
    if !input.one_in(2) {
        return None;
    }
    let mut options = Structs::new(input, 1, encast_predict_options_init);
    options.scribble(input);
    let site = match input.below(32) {
        0..16 => std::ptr::null(),
        16..31 => models::site(),
        // A handle of another kind, or none at all: told, and never read through.
        _ => [models::model(0).cast(), input.u64() as usize as *const _][input.below(2)],
    };
    options.put(0, offset_of!(EncastPredictOptions, site), site);
    if !input.one_in(8) {
        options.put(0, offset_of!(EncastPredictOptions, reserved), 0_i32);
    }
    Some(options)
}

/// The pointer to pass for something optional.
pub fn or_null<T: Copy>(structs: &mut Option<Structs<T>>) -> *const T {
    structs.as_mut().map_or(std::ptr::null(), |structs| structs.pointer().cast_const())
}
