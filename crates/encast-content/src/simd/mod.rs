//! Vectors of the processor at hand, chosen at run time. The only module with `unsafe`.
//!
//! The kernels (`dct`, `pixels`) are written once over [`Isa`] and compiled for each set of instructions. Every set gives
//! the same bits: nothing is contracted to fused multiply-add, f32 square roots are exact, and each sum is kept in
//! lanes whose place in the picture does not depend on the vectors' width.
#![allow(unsafe_code)]

use std::{
    fmt,
    ops::{Add, Mul, Sub},
};

use crate::{dct::Tables, plane::Sample, strip::Strip};

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod plain;

/// Vectors of one set of instructions. A value of the implementing type is the proof that the processor has it, and no
/// vector comes to be without such a value.
pub(crate) trait Isa: Copy {
    /// Lanes of [`Isa::Floats`] and [`Isa::Counts`]: 4, 8 or 16.
    const FLOATS: usize;
    /// Lanes of [`Isa::Ints`]: twice as many.
    const INTS: usize = 2 * Self::FLOATS;
    /// f32 lanes.
    type Floats: Copy + Add<Output = Self::Floats> + Sub<Output = Self::Floats> + Mul<Output = Self::Floats>;
    /// i16 lanes; sums wrap.
    type Ints: Copy + Add<Output = Self::Ints> + Sub<Output = Self::Ints>;
    /// 32-bit whole lanes; sums wrap.
    type Counts: Copy + Add<Output = Self::Counts>;

    fn splat(self, value: f32) -> Self::Floats;
    fn abs(self, value: Self::Floats) -> Self::Floats;
    fn sqrt(self, value: Self::Floats) -> Self::Floats;
    /// The first lanes of a slice, which holds at least as many; so do all that load and store.
    fn load(self, from: &[f32]) -> Self::Floats;
    fn store(self, value: Self::Floats, to: &mut [f32]);
    /// Whole numbers as floats.
    fn widen(self, from: &[i16]) -> Self::Floats;
    /// Four columns of the rows from the first on, as many rows as there are lanes: lane `i` of column `j` is
    /// `rows[i][left + j]`.
    fn columns(self, rows: &[[f32; 32]], left: usize) -> [Self::Floats; 4];

    fn ints(self, from: &[i16]) -> Self::Ints;
    fn of_bytes(self, from: &[u8]) -> Self::Ints;
    fn of_words(self, from: &[u16]) -> Self::Ints;
    fn store_ints(self, value: Self::Ints, to: &mut [i16]);
    fn and(self, a: Self::Ints, b: Self::Ints) -> Self::Ints;
    /// `a² + b²` of each lane: of the first four of every eight lanes, then of the last four.
    fn sums_of_squares(self, a: Self::Ints, b: Self::Ints) -> [Self::Counts; 2];
    /// `a · b` of each lane, summed in neighbouring pairs.
    fn dot(self, a: Self::Ints, b: Self::Ints) -> Self::Counts;

    fn zero_counts(self) -> Self::Counts;
    fn store_counts(self, value: Self::Counts, to: &mut [i32]);
    fn to_floats(self, value: Self::Counts) -> Self::Floats;
}

/// A set of instructions that this processor has. All give the same figures, bit for bit; the default is the fastest.
#[derive(Clone, Copy)]
pub struct Instructions(Kind);

#[derive(Clone, Copy)]
enum Kind {
    Plain(plain::Plain),
    #[cfg(target_arch = "x86_64")]
    Avx2(avx2::Avx2),
    #[cfg(target_arch = "x86_64")]
    Avx512(avx512::Avx512),
}

impl Instructions {
    /// All sets that this processor has, the fastest first.
    pub fn available() -> Vec<Instructions> {
        let mut sets = Vec::new();
        #[cfg(target_arch = "x86_64")]
        {
            sets.extend(avx512::Avx512::detect().map(|isa| Instructions(Kind::Avx512(isa))));
            sets.extend(avx2::Avx2::detect().map(|isa| Instructions(Kind::Avx2(isa))));
        }
        sets.push(Instructions(Kind::Plain(plain::Plain)));
        sets
    }

    /// `AVX-512`, `AVX2` or `plain`.
    pub fn name(&self) -> &'static str {
        match self.0 {
            Kind::Plain(_) => "plain",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2(_) => "AVX2",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512(_) => "AVX-512",
        }
    }

    /// Measures a strip.
    pub(crate) fn measure<T: Sample>(self, strip: &mut Strip<T>, tables: &Tables) {
        match self.0 {
            Kind::Plain(isa) => strip.measure(isa, tables),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: the value proves that the processor has what the function is compiled for.
            Kind::Avx2(isa) => unsafe { measure_avx2(isa, strip, tables) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: the value proves that the processor has what the function is compiled for.
            Kind::Avx512(isa) => unsafe { measure_avx512(isa, strip, tables) },
        }
    }
}

impl Default for Instructions {
    fn default() -> Instructions {
        Instructions::available()[0]
    }
}

impl fmt::Debug for Instructions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Instructions({})", self.name())
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn measure_avx2<T: Sample>(isa: avx2::Avx2, strip: &mut Strip<T>, tables: &Tables) {
    strip.measure(isa, tables);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2")]
fn measure_avx512<T: Sample>(isa: avx512::Avx512, strip: &mut Strip<T>, tables: &Tables) {
    strip.measure(isa, tables);
}
