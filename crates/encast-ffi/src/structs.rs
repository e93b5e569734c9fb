//! Structs that may grow at their end: how they are read from, and written to, callers built against an older or a
//! newer header. Only bytes are copied, so the caller's alignment does not matter.

use std::{
    ffi::{CStr, c_char},
    mem::MaybeUninit,
};

use crate::status::{ENCAST_STATUS_BAD_COUNT, ENCAST_STATUS_BAD_STRUCT_SIZE, ENCAST_STATUS_BAD_TEXT, Failure};

/// No struct of any version is larger: more than this is not a size but rubbish.
const LARGEST: usize = 1 << 16;

/// A struct that starts with its `uint32_t struct_size`.
///
/// # Safety
/// The type is `repr(C)`, its first field is a `u32` that holds the size, and every bit pattern of its other fields
/// is a value (numbers, arrays of numbers and raw pointers only: no reference, no `bool`, no enum).
pub(crate) unsafe trait CStruct: Copy {
    /// The name in the header.
    const NAME: &'static str;
    /// Its size when it was first released: no caller's struct is smaller.
    const FIRST_SIZE: usize;

    /// Every field unknown or at its default, `struct_size` that of this build.
    fn defaults() -> Self;
}

/// Checks a `struct_size`.
fn check_size<T: CStruct>(size: usize) -> Result<(), Failure> {
    if (T::FIRST_SIZE..=LARGEST).contains(&size) && size.is_multiple_of(align_of::<T>()) {
        return Ok(());
    }
    Err(Failure::new(
        ENCAST_STATUS_BAD_STRUCT_SIZE,
        format!(
            "{}.struct_size = {size}: must be {} or more, as the struct's _init function sets it (largest {LARGEST}, a \
             multiple of {})",
            T::NAME,
            T::FIRST_SIZE,
            align_of::<T>()
        ),
    )
    .of_field("struct_size"))
}

/// The caller's `struct_size`, checked.
///
/// # Safety
/// `pointer` is not null and points to at least four readable bytes.
pub(crate) unsafe fn size_of_callers<T: CStruct>(pointer: *const T) -> Result<usize, Failure> {
    // SAFETY: the caller promises four readable bytes; every bit pattern is a u32.
    let size = unsafe { pointer.cast::<u32>().read_unaligned() } as usize;
    check_size::<T>(size).map(|()| size)
}

/// Reads the caller's struct: what it does not reach keeps its default, what this build does not know is not looked at.
///
/// # Safety
/// `pointer` is not null and points to `size` readable, initialised bytes.
unsafe fn read_sized<T: CStruct>(pointer: *const T, size: usize) -> T {
    let mut copy = MaybeUninit::new(T::defaults());
    // SAFETY: both sides have min(size, size_of::<T>()) bytes, and `copy` is a local that nobody else sees.
    unsafe { pointer.cast::<u8>().copy_to_nonoverlapping(copy.as_mut_ptr().cast::<u8>(), size.min(size_of::<T>())) };
    // SAFETY: it was initialised with the defaults, and by CStruct's promise any bytes written over them are a value.
    unsafe { copy.assume_init() }
}

/// Reads one struct.
///
/// # Safety
/// `pointer` is null, or points to a struct whose `struct_size` bytes are readable.
pub(crate) unsafe fn read<T: CStruct>(pointer: *const T, what: &str) -> Result<T, Failure> {
    if pointer.is_null() {
        return Err(Failure::null(what));
    }
    // SAFETY: not null, hence by our caller's promise readable for its struct_size, which is at least four bytes.
    unsafe { Ok(read_sized(pointer, size_of_callers(pointer)?)) }
}

/// Reads one struct, or takes the defaults when the pointer is null.
///
/// # Safety
/// As for [`read`].
pub(crate) unsafe fn read_or_defaults<T: CStruct>(pointer: *const T, what: &str) -> Result<T, Failure> {
    if pointer.is_null() {
        return Ok(T::defaults());
    }
    // SAFETY: the same promise.
    unsafe { read(pointer, what) }
}

/// Where a struct is to be written: checked before the work, used after it.
pub(crate) struct Output<T: CStruct> {
    pointer: *mut T,
    size: usize,
}

impl<T: CStruct> Output<T> {
    /// # Safety
    /// `pointer` is null, or points to a struct whose `struct_size` bytes may be read and written until the call ends.
    pub unsafe fn new(pointer: *mut T, what: &str) -> Result<Self, Failure> {
        if pointer.is_null() {
            return Err(Failure::null(what));
        }
        // SAFETY: not null, hence by our caller's promise at least four bytes are readable.
        let size = unsafe { size_of_callers(pointer.cast_const())? };
        Ok(Output { pointer, size })
    }

    /// Writes as much as the caller has room for; the caller's `struct_size` stays.
    ///
    /// # Safety
    /// The promise made to [`Output::new`] still holds.
    pub unsafe fn write(&self, value: &T) {
        let skipped = size_of::<u32>();
        let source = std::ptr::from_ref(value).cast::<u8>();
        let length = self.size.min(size_of::<T>()) - skipped;
        // SAFETY: both sides have the length; `value` lives in this library and cannot overlap the caller's struct;
        // size is at least FIRST_SIZE, which is more than `skipped`.
        unsafe { source.add(skipped).copy_to_nonoverlapping(self.pointer.cast::<u8>().add(skipped), length) };
    }
}

/// An array of structs of the caller: the `struct_size` of the first element is the stride, and all have the same.
#[derive(Clone, Copy)]
pub(crate) struct Rows<T: CStruct> {
    first: *const T,
    stride: usize,
    count: usize,
}

impl<T: CStruct> Rows<T> {
    /// # Safety
    /// `first` is null, or points to `count` structs of as many readable bytes as the first one's `struct_size` says,
    /// until the call ends. With a count of 0 it is not looked at. `counted` is the name of the count.
    pub unsafe fn new(first: *const T, count: usize, what: &str, counted: &'static str) -> Result<Self, Failure> {
        if count == 0 {
            return Ok(Rows { first, stride: size_of::<T>(), count });
        }
        if first.is_null() {
            return Err(Failure::null(what));
        }
        // SAFETY: not null, hence by our caller's promise at least one element is there.
        let stride = unsafe { size_of_callers(first)? };
        if stride.checked_mul(count).is_none_or(|bytes| bytes > isize::MAX as usize) {
            let text = format!("{counted} = {count}: so many {} cannot be in memory", T::NAME);
            return Err(Failure::new(ENCAST_STATUS_BAD_COUNT, text).of_field(counted));
        }
        Ok(Rows { first, stride, count })
    }

    fn at(&self, row: usize) -> *const T {
        self.first.wrapping_byte_add(row * self.stride)
    }

    /// Checks that the element has the size of the first. A failure does not tell the row.
    ///
    /// # Safety
    /// The promise made to [`Rows::new`] still holds, and `row` is below `count`.
    unsafe fn check(&self, row: usize) -> Result<(), Failure> {
        // SAFETY: a row below count lies in the array.
        let size = unsafe { self.at(row).cast::<u32>().read_unaligned() } as usize;
        if size == self.stride {
            return Ok(());
        }
        let text = format!("{}.struct_size = {size}: must be {} as in the first element", T::NAME, self.stride);
        Err(Failure::new(ENCAST_STATUS_BAD_STRUCT_SIZE, text).of_field("struct_size"))
    }

    /// Reads all elements through `convert`; `blame` tells a failure which element it is about.
    ///
    /// # Safety
    /// The promise made to [`Rows::new`] still holds.
    pub unsafe fn read<U>(
        &self,
        blame: impl Fn(Failure, usize) -> Failure,
        convert: impl Fn(&T) -> Result<U, Failure>,
    ) -> Result<Vec<U>, Failure> {
        let mut converted = self.room()?;
        for row in 0..self.count {
            // SAFETY: row is below count, hence the element has `stride` readable bytes once its size is checked.
            let element = unsafe { self.check(row).map(|()| read_sized(self.at(row), self.stride)) };
            let value = element.and_then(|element| convert(&element));
            converted.push(value.map_err(|failure| blame(failure, row))?);
        }
        Ok(converted)
    }

    /// The places to write to.
    ///
    /// # Safety
    /// The promise made to [`Rows::new`] still holds, and the array may be written until the call ends.
    pub unsafe fn outputs(&self) -> Result<Vec<Output<T>>, Failure> {
        let mut outputs = self.room()?;
        for row in 0..self.count {
            // SAFETY: row is below count.
            unsafe { self.check(row).map_err(|failure| failure.at_row(row))? };
            outputs.push(Output { pointer: self.at(row).cast_mut(), size: self.stride });
        }
        Ok(outputs)
    }

    /// Room for something of each element: how much is the caller's choice, so that there may be too little memory.
    fn room<U>(&self) -> Result<Vec<U>, Failure> {
        let mut list = Vec::new();
        let no_memory = |_| Failure::no_memory(T::NAME, self.count, size_of::<U>());
        list.try_reserve_exact(self.count).map_err(no_memory)?;
        Ok(list)
    }
}

/// Body of an `_init` function: writes the defaults into a struct of the size that the caller's header gives it.
///
/// # Safety
/// `pointer` is null, or points to `size` writable bytes.
pub(crate) unsafe fn init<T: CStruct>(pointer: *mut T, size: usize, what: &str) -> Result<(), Failure> {
    if pointer.is_null() {
        return Err(Failure::null(what));
    }
    check_size::<T>(size)?;
    // SAFETY: `size` writable bytes, by our caller's promise; those that this build does not know become zero.
    unsafe { pointer.cast::<u8>().write_bytes(0, size) };
    // SAFETY: the first four bytes; LARGEST fits a u32.
    unsafe { pointer.cast::<u32>().write_unaligned(size as u32) };
    // SAFETY: the pointer and the size were just checked.
    unsafe { Output { pointer, size }.write(&T::defaults()) };
    Ok(())
}

/// The text in a fixed array; empty is `None`.
pub(crate) fn text<'a>(array: &'a [c_char], field: &'static str) -> Result<Option<&'a str>, Failure> {
    // SAFETY: c_char and u8 have the same size and alignment, and every bit pattern is a value of both.
    let bytes: &'a [u8] = unsafe { std::slice::from_raw_parts(array.as_ptr().cast(), array.len()) };
    let bad = |why: String| Failure::new(ENCAST_STATUS_BAD_TEXT, format!("{field}: {why}")).of_field(field);
    let Some(end) = bytes.iter().position(|&byte| byte == 0) else {
        return Err(bad(format!("no terminating NUL within its {} bytes", array.len())));
    };
    match std::str::from_utf8(&bytes[..end]) {
        Ok("") => Ok(None),
        Ok(text) => Ok(Some(text)),
        Err(error) => Err(bad(format!("not UTF-8 ({error})"))),
    }
}

/// The bytes of a memory of the caller.
///
/// # Safety
/// `first` is null, or points to `length` readable bytes that outlive `'a`.
pub(crate) unsafe fn bytes<'a>(first: *const u8, length: usize, what: &str) -> Result<&'a [u8], Failure> {
    match length {
        0 => Ok(&[]),
        _ if first.is_null() => Err(Failure::null(what)),
        _ if isize::try_from(length).is_err() => {
            let text = format!("length = {length}: so many bytes cannot be in memory");
            Err(Failure::new(ENCAST_STATUS_BAD_COUNT, text).of_field("length"))
        }
        // SAFETY: not null and no longer than an object may be, hence readable by our caller's promise.
        _ => Ok(unsafe { std::slice::from_raw_parts(first, length) }),
    }
}

/// A text of the caller that has to be there.
///
/// # Safety
/// `pointer` is null, or a C string that outlives `'a`.
pub(crate) unsafe fn c_text<'a>(pointer: *const c_char, field: &'static str) -> Result<&'a str, Failure> {
    if pointer.is_null() {
        return Err(Failure::null(field));
    }
    // SAFETY: not null, hence a C string by our caller's promise.
    unsafe { CStr::from_ptr(pointer) }
        .to_str()
        .map_err(|error| Failure::new(ENCAST_STATUS_BAD_TEXT, format!("{field}: not UTF-8 ({error})")).of_field(field))
}

/// Puts a text into a fixed array, cut at a character's boundary when it is too long, NUL-terminated always.
pub(crate) fn put_text(array: &mut [c_char], text: &str) {
    array.fill(0);
    let mut room = text.len().min(array.len().saturating_sub(1));
    while !text.is_char_boundary(room) {
        room -= 1;
    }
    for (place, &byte) in array.iter_mut().zip(&text.as_bytes()[..room]) {
        *place = byte as c_char;
    }
}

/// NaN stands for unknown.
pub(crate) fn known(value: f64) -> Option<f64> {
    (!value.is_nan()).then_some(value)
}

/// Unknown stands for NaN.
pub(crate) fn or_nan(value: Option<f64>) -> f64 {
    value.unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests;
