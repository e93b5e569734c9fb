//! Vectors of bytes of the processor at hand, chosen at run time. The only module with `unsafe`.
//!
//! The kernels are written once over [`Isa`] and compiled for each set of instructions; every set gives the same bits.
#![allow(unsafe_code)]

use std::fmt;

use super::kernels::{self, Batch, One};
use super::lanes::Abreast;

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "aarch64")]
mod neon;

/// 64 bytes that begin where a cache line does.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
pub(super) struct Line(pub [u8; 64]);

impl Line {
    pub(super) const ZERO: Line = Line([0; 64]);
}

/// Vectors of one set of instructions. A value of the implementing type is the proof that the processor has it, and no
/// vector comes to be without such a value.
pub(super) trait Isa: Copy {
    /// Bytes of a vector: a divisor of 64.
    const LANES: usize;
    /// A vector of bytes.
    type Bytes: Copy;

    fn splat(self, value: u8) -> Self::Bytes;
    /// The four bytes of a word, again and again.
    fn repeat(self, word: u32) -> Self::Bytes;
    /// The part of a line that begins with the given byte.
    fn load(self, from: &Line, at: usize) -> Self::Bytes;
    fn store(self, value: Self::Bytes, to: &mut [u8; 64], at: usize);
    /// All bits of the lanes in which `a <= b`.
    fn at_most(self, a: Self::Bytes, b: Self::Bytes) -> Self::Bytes;
    fn and(self, a: Self::Bytes, b: Self::Bytes) -> Self::Bytes;
    fn or(self, a: Self::Bytes, b: Self::Bytes) -> Self::Bytes;
    /// `base` plus the number of the lowest bit that is set in each lane; `otherwise` in lanes without one.
    fn lowest(self, bits: Self::Bytes, base: u8, otherwise: Self::Bytes) -> Self::Bytes;
    /// The bytes that the lanes of `at` name; they name none behind the first `SIXTEENS` (1, 2, 4, 8 or 16) times sixteen.
    fn look_up<const SIXTEENS: usize>(self, table: &[Line; 4], at: Self::Bytes) -> Self::Bytes;
    /// How many of the thresholds are below `x`; none when it is NaN.
    #[inline(always)]
    fn below(self, thresholds: &[f32; 16], x: f32) -> u32 {
        let mut count = 0;
        for &threshold in thresholds {
            count += u32::from(threshold < x);
        }
        count
    }
    /// Adds to each sum the leaf that its byte names. `leaves` holds `LEAVES` (8, 16, 32 or 64).
    #[inline(always)]
    fn add_leaves<const LEAVES: usize>(self, leaves: &[f32; LEAVES], which: &[u8; 64], sums: &mut [f64; 64]) {
        for (sum, &leaf) in sums.iter_mut().zip(which) {
            *sum += f64::from(leaves[usize::from(leaf) % LEAVES]);
        }
    }
    /// Of each lane the leaf that its byte names, 0 to 7.
    #[inline(always)]
    fn select_leaves(self, leaves: &Abreast, which: &[u8; 64], values: &mut [f32; 64]) {
        for (lane, (value, &leaf)) in values.iter_mut().zip(which).enumerate() {
            *value = leaves[usize::from(leaf) % leaves.len()][lane];
        }
    }
    /// Adds each value to its sum.
    #[inline(always)]
    fn add_eight(self, values: &[f32; 8], sums: &mut [f64; 8]) {
        for (sum, &value) in sums.iter_mut().zip(values) {
            *sum += f64::from(value);
        }
    }
}

/// A set of instructions that this processor has. All give the same predictions, bit for bit; the default is the fastest.
#[derive(Clone, Copy)]
pub struct Instructions(Kind);

#[derive(Clone, Copy)]
enum Kind {
    Plain,
    #[cfg(target_arch = "x86_64")]
    Avx2(avx2::Avx2),
    #[cfg(target_arch = "x86_64")]
    Avx512(avx512::Avx512),
    #[cfg(target_arch = "aarch64")]
    Neon(neon::Neon),
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
        #[cfg(target_arch = "aarch64")]
        sets.extend(neon::Neon::detect().map(|isa| Instructions(Kind::Neon(isa))));
        sets.push(Instructions(Kind::Plain));
        sets
    }

    /// `AVX-512`, `AVX2`, `NEON` or `plain`.
    pub fn name(&self) -> &'static str {
        match self.0 {
            Kind::Plain => "plain",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2(_) => "AVX2",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512(_) => "AVX-512",
            #[cfg(target_arch = "aarch64")]
            Kind::Neon(_) => "NEON",
        }
    }

    /// Lines of ranks of one row that it looks up at once. 0 for plain instructions: walking trees is quicker there.
    pub(super) fn lines_of_row(self) -> usize {
        match self.0 {
            Kind::Plain => 0,
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2(_) => 1,
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512(_) => 4,
            #[cfg(target_arch = "aarch64")]
            Kind::Neon(_) => 1,
        }
    }

    /// Scores rows, a block at a time.
    pub(super) fn batch(self, work: Batch<'_, '_>) {
        match self.0 {
            // Nothing is laid out for it.
            Kind::Plain => (),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: the value proves that the processor has what the function is compiled for.
            Kind::Avx2(isa) => unsafe { batch_avx2(isa, work) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: the value proves that the processor has what the function is compiled for.
            Kind::Avx512(isa) => unsafe { batch_avx512(isa, work) },
            #[cfg(target_arch = "aarch64")]
            // SAFETY: the value proves that the processor has what the function is compiled for.
            Kind::Neon(isa) => unsafe { batch_neon(isa, work) },
        }
    }

    /// Finds the leaves of one row.
    pub(super) fn one(self, work: One<'_, '_>) {
        match self.0 {
            Kind::Plain => (),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: the value proves that the processor has what the function is compiled for.
            Kind::Avx2(isa) => unsafe { one_avx2(isa, work) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: the value proves that the processor has what the function is compiled for.
            Kind::Avx512(isa) => unsafe { one_avx512(isa, work) },
            #[cfg(target_arch = "aarch64")]
            // SAFETY: the value proves that the processor has what the function is compiled for.
            Kind::Neon(isa) => unsafe { one_neon(isa, work) },
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

macro_rules! compiled_for {
    ($arch:literal, $features:literal, $isa:ty, $batch:ident, $one:ident) => {
        #[cfg(target_arch = $arch)]
        #[target_feature(enable = $features)]
        fn $batch(isa: $isa, work: Batch<'_, '_>) {
            kernels::batch(isa, work);
        }

        #[cfg(target_arch = $arch)]
        #[target_feature(enable = $features)]
        fn $one(isa: $isa, work: One<'_, '_>) {
            kernels::one(isa, work);
        }
    };
}

compiled_for!("x86_64", "avx2,popcnt", avx2::Avx2, batch_avx2, one_avx2);
compiled_for!(
    "x86_64",
    "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512bitalg,avx2,popcnt",
    avx512::Avx512,
    batch_avx512,
    one_avx512
);
compiled_for!("aarch64", "neon", neon::Neon, batch_neon, one_neon);
