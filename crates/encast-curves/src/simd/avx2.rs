//! AVX2: eight floats in one register.

use std::arch::x86_64::*;

use super::{Isa, LANES};

/// The proof that the processor has AVX2.
#[derive(Clone, Copy)]
pub struct Avx2(());

impl Avx2 {
    pub fn detect() -> Option<Avx2> {
        is_x86_feature_detected!("avx2").then_some(Avx2(()))
    }
}

#[derive(Clone, Copy)]
pub struct Floats(__m256);

// SAFETY of every block below: `self` proves that the processor has the instructions, and what is read or written is an
// array of eight.
impl Isa for Avx2 {
    type Floats = Floats;

    #[inline(always)]
    fn splat(self, value: f32) -> Floats {
        // SAFETY: see above the implementation.
        Floats(unsafe { _mm256_set1_ps(value) })
    }
    #[inline(always)]
    fn load(self, from: &[f32; LANES]) -> Floats {
        // SAFETY: see above the implementation.
        Floats(unsafe { _mm256_loadu_ps(from.as_ptr()) })
    }
    #[inline(always)]
    fn store(self, value: Floats, to: &mut [f32; LANES]) {
        // SAFETY: see above the implementation.
        unsafe { _mm256_storeu_ps(to.as_mut_ptr(), value.0) }
    }
    #[inline(always)]
    fn add(self, a: Floats, b: Floats) -> Floats {
        // SAFETY: see above the implementation.
        Floats(unsafe { _mm256_add_ps(a.0, b.0) })
    }
    #[inline(always)]
    fn sub(self, a: Floats, b: Floats) -> Floats {
        // SAFETY: see above the implementation.
        Floats(unsafe { _mm256_sub_ps(a.0, b.0) })
    }
    #[inline(always)]
    fn mul(self, a: Floats, b: Floats) -> Floats {
        // SAFETY: see above the implementation.
        Floats(unsafe { _mm256_mul_ps(a.0, b.0) })
    }
    #[inline(always)]
    fn div(self, a: Floats, b: Floats) -> Floats {
        // SAFETY: see above the implementation.
        Floats(unsafe { _mm256_div_ps(a.0, b.0) })
    }
    #[inline(always)]
    fn max(self, a: Floats, b: Floats) -> Floats {
        // SAFETY: see above the implementation.
        Floats(unsafe { _mm256_max_ps(a.0, b.0) })
    }
}
