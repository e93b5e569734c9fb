//! Vectors of eight numbers of the processor at hand, chosen at run time. The only module with `unsafe`.
//!
//! The evaluation (`evaluate.rs`) is written once over [`Isa`] and compiled for each set of instructions. No multiplication is
//! fused with an addition and lanes are independent, so that all sets give the same bits.
#![allow(unsafe_code)]

use crate::evaluate::Evaluation;

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "aarch64")]
mod neon;
mod plain;

/// Numbers of a vector.
pub(crate) const LANES: usize = 8;

/// Vectors of one set of instructions. A value of the implementing type is the proof that the processor has it, and no
/// vector comes to be without such a value.
pub(crate) trait Isa: Copy {
    /// Eight numbers of single precision.
    type Floats: Copy;

    fn splat(self, value: f32) -> Self::Floats;
    fn load(self, from: &[f32; LANES]) -> Self::Floats;
    fn store(self, value: Self::Floats, to: &mut [f32; LANES]);
    fn add(self, a: Self::Floats, b: Self::Floats) -> Self::Floats;
    fn sub(self, a: Self::Floats, b: Self::Floats) -> Self::Floats;
    fn mul(self, a: Self::Floats, b: Self::Floats) -> Self::Floats;
    fn div(self, a: Self::Floats, b: Self::Floats) -> Self::Floats;
    /// The greater of each pair, neither of which is NaN.
    fn max(self, a: Self::Floats, b: Self::Floats) -> Self::Floats;
}

/// Evaluates with the best vectors that the processor has.
pub(crate) fn with_vectors(evaluation: Evaluation<'_>) {
    #[cfg(target_arch = "x86_64")]
    if let Some(isa) = avx2::Avx2::detect() {
        // SAFETY: the value proves that the processor has what the function is compiled for.
        return unsafe { with_avx2(isa, evaluation) };
    }
    #[cfg(target_arch = "aarch64")]
    if let Some(isa) = neon::Neon::detect() {
        // SAFETY: the value proves that the processor has what the function is compiled for.
        return unsafe { with_neon(isa, evaluation) };
    }
    evaluation.run(plain::Plain);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn with_avx2(isa: avx2::Avx2, evaluation: Evaluation<'_>) {
    evaluation.run(isa);
}

#[cfg(target_arch = "aarch64")]
#[target_feature(enable = "neon")]
fn with_neon(isa: neon::Neon, evaluation: Evaluation<'_>) {
    evaluation.run(isa);
}

/// Evaluates with plain arrays, whatever the processor has.
#[cfg(test)]
pub(crate) fn without_vectors(evaluation: Evaluation<'_>) {
    evaluation.run(plain::Plain);
}
