//! Structs of a caller in memory of exactly as many bytes as they say, so that the sanitizer sees one byte too many.

use std::marker::PhantomData;

use encast_face::status::{ENCAST_STATUS_BAD_STRUCT_SIZE, ENCAST_STATUS_OK};

use crate::{input::Input, oracle};

/// The largest struct_size that the library works with.
const LARGEST: usize = 1 << 16;

pub type Init<T> = unsafe extern "C" fn(*mut T, usize) -> i32;

/// One or more structs, one after the other, each with the size that a caller of some version gives it.
pub struct Structs<T> {
    memory: Box<[u8]>,
    at: usize,
    size: usize,
    count: usize,
    null: bool,
    kind: PhantomData<T>,
}

/// What a caller says the size is: mostly this version's, else that of an older or a newer one, or rubbish.
fn size_of_caller(input: &mut Input, usual: usize) -> usize {
    match input.below(20) {
        0..=12 => usual,
        13 => usual + 8 * (1 + input.below(32)),
        14 => usual.saturating_sub(8 * (1 + input.below(16))),
        15 => 8 * input.below(1 + usual / 8),
        16 => usual + input.below(8),
        17 => usize::from(input.u16()),
        18 => input.u32() as usize,
        _ => LARGEST - 8 + input.below(16),
    }
}

impl<T: Copy> Structs<T> {
    /// Structs set up by their `_init` function, where it accepts the size.
    pub fn new(input: &mut Input, count: usize, init: Init<T>) -> Self {
        let size = size_of_caller(input, size_of::<T>());
        let null = input.one_in(32);
        let at = if input.one_in(8) { input.below(8) } else { 0 };
        let room = if (4..=LARGEST).contains(&size) { size } else { 4 };
        let memory = vec![0xa5; at + room * count].into_boxed_slice();
        let mut structs = Structs { memory, at, size: room, count, null, kind: PhantomData };
        for row in 0..count {
            let said = if row > 0 && input.one_in(64) { size + 8 } else { size };
            structs.put(row, 0, said as u32);
            if room != size || said != size {
                continue;
            }
            let before = structs.memory.clone();
            // SAFETY: the row has as many bytes as its size says.
            let status = unsafe { init(structs.row(row), size) };
            oracle::status(status);
            assert!(matches!(status, ENCAST_STATUS_OK | ENCAST_STATUS_BAD_STRUCT_SIZE));
            assert!(status == ENCAST_STATUS_OK || before == structs.memory, "written on failure");
        }
        structs
    }

    /// Writes a value into a row, where the row reaches that far.
    pub fn put<F: Copy>(&mut self, row: usize, offset: usize, value: F) {
        if offset + size_of::<F>() <= self.size {
            let to = self.at + row * self.size + offset;
            // SAFETY: within the row, and the field may be unaligned.
            unsafe { self.memory.as_mut_ptr().add(to).cast::<F>().write_unaligned(value) };
        }
    }

    /// Overwrites some fields, whichever they are. Pointers have to be put anew after it.
    pub fn scribble(&mut self, input: &mut Input) {
        for row in 0..self.count {
            for _ in 0..input.below(8) {
                let at = usize::from(input.u16()) % self.size;
                match input.below(4) {
                    0 => self.put(row, at.max(4), input.u8()),
                    1 => self.put(row, (at & !3).max(4), i32::from(input.u8() as i8)),
                    _ => self.put(row, (at & !7).max(8), input.number()),
                }
            }
        }
    }

    fn row(&mut self, row: usize) -> *mut T {
        // SAFETY: within the memory.
        unsafe { self.memory.as_mut_ptr().add(self.at + row * self.size).cast() }
    }

    pub fn count(&self) -> usize {
        self.count
    }

    /// Whether the structs have all fields of this version.
    pub fn reaches_all(&self) -> bool {
        self.size >= size_of::<T>()
    }

    pub fn is_null(&self) -> bool {
        self.null
    }

    /// The first struct, also where a null pointer would be passed.
    pub fn first(&mut self) -> *mut T {
        self.row(0)
    }

    pub fn pointer(&mut self) -> *mut T {
        if self.null { std::ptr::null_mut() } else { self.row(0) }
    }

    /// All bytes as they are.
    pub fn bytes(&self) -> Box<[u8]> {
        self.memory.clone()
    }

    /// Nothing was written to it.
    pub fn assert_same(&self, before: &[u8]) {
        assert!(*before == *self.memory, "written on failure");
    }

    /// After success: nothing was written beyond what this version knows, and neither to a struct_size.
    pub fn assert_within(&self, before: &[u8]) {
        assert_eq!(before[..self.at], self.memory[..self.at]);
        for row in 0..self.count {
            let from = self.at + row * self.size;
            assert_eq!(before[from..][..4], self.memory[from..][..4], "struct_size was written");
            let known = self.size.min(size_of::<T>());
            assert_eq!(before[from + known..from + self.size], self.memory[from + known..from + self.size]);
        }
    }

    /// The struct of a row, over the defaults where the caller's is shorter.
    pub fn value(&self, row: usize, init: Init<T>) -> T {
        let mut value = std::mem::MaybeUninit::<T>::zeroed();
        let from = self.at + row * self.size;
        // SAFETY: the value is as large as it says, and both copies stay within their memory; T is one of the ABI's
        // structs, of which all bits are values.
        unsafe {
            assert_eq!(init(value.as_mut_ptr(), size_of::<T>()), ENCAST_STATUS_OK);
            let known = self.size.min(size_of::<T>());
            value.as_mut_ptr().cast::<u8>().copy_from_nonoverlapping(self.memory.as_ptr().add(from), known);
            value.assume_init()
        }
    }
}
