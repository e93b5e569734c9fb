//! Structs of older, newer and wrong callers, in memory of exactly as many bytes as they say, so that Miri sees one byte
//! too many.

use super::*;
use crate::status::{ENCAST_STATUS_NULL_POINTER, ENCAST_STATUS_OK};

/// A struct that has grown twice: by `new`, and by `newer`.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq)]
struct Grown {
    struct_size: u32,
    number: i32,
    old: f64,
    new: f64,
    newer: u64,
}

const OWN: usize = size_of::<Grown>();

// SAFETY: repr(C), struct_size first, numbers only.
unsafe impl CStruct for Grown {
    const NAME: &'static str = "Grown";
    const FIRST_SIZE: usize = 16;

    fn defaults() -> Self {
        Grown { struct_size: OWN as u32, number: 0, old: -1.0, new: -2.0, newer: 3 }
    }
}

/// A caller's memory, that starts at any address.
struct Memory {
    bytes: Box<[u8]>,
    at: usize,
}

impl Memory {
    fn new(size: usize, at: usize) -> Self {
        Memory { bytes: vec![0x55; at + size].into_boxed_slice(), at }
    }

    /// Structs of a size each, whose fields are the number of the element, as far as they reach.
    fn of(size: usize, count: usize, at: usize) -> Self {
        let mut memory = Memory::new(size * count, at);
        for row in 0..count {
            let n = row as i32 + 10;
            let fields = Grown {
                struct_size: size as u32,
                number: n,
                old: f64::from(n),
                new: f64::from(n) + 0.5,
                newer: n as u64,
            };
            let start = at + row * size;
            // SAFETY: any struct of numbers is bytes; this one has no padding.
            let source = unsafe { std::slice::from_raw_parts((&raw const fields).cast::<u8>(), OWN) };
            let reach = size.min(OWN);
            memory.bytes[start..start + reach].copy_from_slice(&source[..reach]);
        }
        memory
    }

    fn pointer(&mut self) -> *mut Grown {
        self.bytes[self.at..].as_mut_ptr().cast()
    }

    fn own(&self) -> &[u8] {
        &self.bytes[self.at..]
    }
}

/// Sizes of callers: of the first version, of the second, of this one, and of later ones.
const SIZES: [usize; 5] = [16, 24, OWN, OWN + 8, OWN + 4096];
/// Addresses: a multiple of eight, and none.
const PLACES: [usize; 4] = [0, 1, 4, 7];

fn due(size: usize, n: i32) -> Grown {
    let defaults = Grown::defaults();
    Grown {
        struct_size: size as u32,
        number: n,
        old: f64::from(n),
        new: if size >= 24 { f64::from(n) + 0.5 } else { defaults.new },
        newer: if size >= 32 { n as u64 } else { defaults.newer },
    }
}

#[test]
fn callers_of_every_version_are_read() {
    for size in SIZES {
        for at in PLACES {
            let mut memory = Memory::of(size, 1, at);
            // SAFETY: the memory has as many bytes as its struct_size says.
            let found = unsafe { read::<Grown>(memory.pointer(), "grown") }.unwrap();
            assert_eq!(found, due(size, 10), "{size} at {at}");
        }
    }
}

#[test]
fn what_is_missing_is_default_or_an_error() {
    // SAFETY: null is allowed.
    unsafe {
        assert_eq!(read_or_defaults::<Grown>(std::ptr::null(), "grown").unwrap(), Grown::defaults());
        assert_eq!(read::<Grown>(std::ptr::null(), "grown").unwrap_err().status, ENCAST_STATUS_NULL_POINTER);
        assert!(Output::<Grown>::new(std::ptr::null_mut(), "grown").is_err());
        assert_eq!(init::<Grown>(std::ptr::null_mut(), OWN, "grown").unwrap_err().status, ENCAST_STATUS_NULL_POINTER);
    }
}

/// Only the four bytes of the size are there: more must not be looked at.
#[test]
fn wrong_sizes_are_refused_by_four_bytes() {
    let odd = [1, 4, 8, 15, 17, 20, 31, 33, 36, LARGEST + 1, LARGEST + 8, u32::MAX as usize, 0];
    for size in odd {
        for at in PLACES {
            let mut memory = Memory::new(4, at);
            memory.bytes[at..].copy_from_slice(&(size as u32).to_ne_bytes());
            let before = memory.bytes.clone();
            let pointer = memory.pointer();
            // SAFETY: four bytes are readable, and a size that is refused promises no more.
            unsafe {
                let refused = |result: Result<(), Failure>| {
                    let failure = result.unwrap_err();
                    assert_eq!((failure.status, &*failure.field), (ENCAST_STATUS_BAD_STRUCT_SIZE, "struct_size"));
                    assert!(failure.text.contains(&format!("Grown.struct_size = {size}")), "{}", failure.text);
                };
                refused(read::<Grown>(pointer, "grown").map(|_| ()));
                refused(read_or_defaults::<Grown>(pointer, "grown").map(|_| ()));
                refused(Output::<Grown>::new(pointer, "grown").map(|_| ()));
                refused(Rows::<Grown>::new(pointer, 1, "grown", "count").map(|_| ()));
                refused(init::<Grown>(pointer, size, "grown"));
            }
            assert_eq!(memory.bytes, before, "nothing is written");
        }
    }
}

#[test]
fn callers_of_every_version_are_set_up() {
    for size in SIZES {
        for at in PLACES {
            let mut memory = Memory::new(size, at);
            // SAFETY: the memory has as many bytes.
            unsafe { init::<Grown>(memory.pointer(), size, "grown") }.unwrap();
            // SAFETY: the same, and they were just set up.
            let found = unsafe { read::<Grown>(memory.pointer(), "grown") }.unwrap();
            assert_eq!(found, Grown { struct_size: size as u32, ..Grown::defaults() });
            assert!(memory.own().iter().skip(OWN).all(|&byte| byte == 0), "what is not known is 0");
            assert!(memory.bytes[..at].iter().all(|&byte| byte == 0x55), "what stands before stays");
        }
    }
}

#[test]
fn answers_are_written_as_far_as_the_caller_has_room() {
    let answer = Grown { struct_size: 77, number: 1, old: 2.0, new: 3.0, newer: 4 };
    for size in SIZES {
        for at in PLACES {
            let mut memory = Memory::of(size, 1, at);
            // SAFETY: the memory has as many bytes as its struct_size says.
            unsafe { Output::<Grown>::new(memory.pointer(), "grown").unwrap().write(&answer) };
            // SAFETY: as above.
            let found = unsafe { read::<Grown>(memory.pointer(), "grown") }.unwrap();
            let defaults = Grown::defaults();
            let due = Grown {
                struct_size: size as u32,
                new: if size >= 24 { 3.0 } else { defaults.new },
                newer: if size >= 32 { 4 } else { defaults.newer },
                ..answer
            };
            assert_eq!(found, due);
            assert!(memory.own().iter().skip(OWN).all(|&byte| byte == 0x55), "what is not known stays");
        }
    }
}

#[test]
fn the_first_size_is_the_stride_of_an_array() {
    for size in SIZES {
        for at in PLACES {
            let mut memory = Memory::of(size, 3, at);
            // SAFETY: three structs of the size.
            let (rows, outputs) = unsafe {
                let rows = Rows::<Grown>::new(memory.pointer(), 3, "rows", "count").unwrap();
                (rows.read(Failure::at_row, |row| Ok(*row)).unwrap(), rows.outputs().unwrap())
            };
            assert_eq!(rows, [due(size, 10), due(size, 11), due(size, 12)]);
            // SAFETY: as above.
            unsafe { outputs[1].write(&Grown { number: -5, ..due(size, 11) }) };
            // SAFETY: as above.
            let rows = unsafe {
                let rows = Rows::<Grown>::new(memory.pointer(), 3, "rows", "count").unwrap();
                rows.read(Failure::at_row, |row| Ok(row.number)).unwrap()
            };
            assert_eq!(rows, [10, -5, 12]);
        }
    }
}

#[test]
fn elements_of_another_size_are_blamed() {
    let mut memory = Memory::of(OWN, 3, 1);
    memory.bytes[1 + 2 * OWN..][..4].copy_from_slice(&16_u32.to_ne_bytes());
    // SAFETY: three structs of the first one's size.
    unsafe {
        let rows = Rows::<Grown>::new(memory.pointer(), 3, "rows", "count").unwrap();
        for failure in [
            rows.read(Failure::at_row, |_| Ok(())).unwrap_err(),
            rows.outputs().map(|_| ()).unwrap_err(),
            // What is wrong with an element before comes first.
            rows.read(Failure::at_row, |row| if row.number < 12 { Ok(()) } else { unreachable!() }).unwrap_err(),
        ] {
            assert_eq!((failure.status, failure.row), (ENCAST_STATUS_BAD_STRUCT_SIZE, Some(2)));
        }
    }
}

#[test]
fn counts_that_memory_cannot_hold_are_refused() {
    let mut memory = Memory::of(OWN, 1, 0);
    let pointer = memory.pointer().cast_const();
    // SAFETY: one struct is there, and no more is looked at; with a count of 0 none is.
    unsafe {
        for count in [usize::MAX, usize::MAX / OWN, isize::MAX as usize / OWN + 1] {
            let failure = Rows::<Grown>::new(pointer, count, "rows", "count").map(|_| ()).unwrap_err();
            assert_eq!((failure.status, &*failure.field), (ENCAST_STATUS_BAD_COUNT, "count"));
        }
        assert!(Rows::<Grown>::new(std::ptr::null(), 0, "rows", "count").unwrap().outputs().unwrap().is_empty());
        assert!(Rows::<Grown>::new(std::ptr::null(), 1, "rows", "count").is_err());
        assert_eq!(bytes(std::ptr::null(), 0, "bytes").unwrap(), b"");
        assert!(bytes(std::ptr::null(), 1, "bytes").is_err());
        let byte = 7;
        let failure = bytes(&byte, isize::MAX as usize + 1, "bytes").unwrap_err();
        assert_eq!((failure.status, &*failure.field), (ENCAST_STATUS_BAD_COUNT, "length"));
        assert_eq!(bytes(&byte, 1, "bytes").unwrap(), [7]);
    }
}

#[test]
fn texts_of_any_bytes() {
    let array = |bytes: &[u8]| bytes.iter().map(|&byte| byte as c_char).collect::<Vec<_>>();
    let status = |bytes: &[u8]| text(&array(bytes), "t").map_or_else(|failure| failure.status, |_| ENCAST_STATUS_OK);
    assert_eq!(text(&array(b"abc\0\xff"), "t").unwrap(), Some("abc"));
    assert_eq!(text(&array(b"\0abc"), "t").unwrap(), None);
    assert_eq!(status(b"abcd"), ENCAST_STATUS_BAD_TEXT);
    assert_eq!(status(b""), ENCAST_STATUS_BAD_TEXT);
    assert_eq!(status(b"\xc3\0"), ENCAST_STATUS_BAD_TEXT);
    // SAFETY: C strings, or null.
    unsafe {
        assert_eq!(c_text(c"caf\xc3\xa9".as_ptr(), "t").unwrap(), "caf\u{e9}");
        assert_eq!(c_text(c"\xff".as_ptr(), "t").unwrap_err().status, ENCAST_STATUS_BAD_TEXT);
        assert_eq!(c_text(std::ptr::null(), "t").unwrap_err().status, ENCAST_STATUS_NULL_POINTER);
    }
    // Every cut of a text whose characters have one to four bytes is at a character.
    let long = "a\u{e9}\u{20ac}\u{1f600}".repeat(2);
    for room in 0..=long.len() + 1 {
        let mut array = vec![0x55 as c_char; room];
        put_text(&mut array, &long);
        if room > 0 {
            assert!(long.starts_with(text(&array, "t").unwrap().unwrap_or_default()));
        }
    }
}
