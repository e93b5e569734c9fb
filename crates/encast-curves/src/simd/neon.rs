//! NEON: eight floats in two registers.

use std::arch::aarch64::*;

use super::{Isa, LANES};

/// The proof that the processor has NEON.
#[derive(Clone, Copy)]
pub struct Neon(());

impl Neon {
    pub fn detect() -> Option<Neon> {
        std::arch::is_aarch64_feature_detected!("neon").then_some(Neon(()))
    }
}

#[derive(Clone, Copy)]
pub struct Floats(float32x4_t, float32x4_t);

// SAFETY of every block below: `self` proves that the processor has the instructions, and what is read or written is an
// array of eight.
impl Isa for Neon {
    type Floats = Floats;

    #[inline(always)]
    fn splat(self, value: f32) -> Floats {
        // SAFETY: see above the implementation.
        unsafe { Floats(vdupq_n_f32(value), vdupq_n_f32(value)) }
    }
    #[inline(always)]
    fn load(self, from: &[f32; LANES]) -> Floats {
        // SAFETY: see above the implementation.
        unsafe { Floats(vld1q_f32(from.as_ptr()), vld1q_f32(from[4..].as_ptr())) }
    }
    #[inline(always)]
    fn store(self, value: Floats, to: &mut [f32; LANES]) {
        // SAFETY: see above the implementation.
        unsafe {
            vst1q_f32(to.as_mut_ptr(), value.0);
            vst1q_f32(to[4..].as_mut_ptr(), value.1);
        }
    }
    #[inline(always)]
    fn add(self, a: Floats, b: Floats) -> Floats {
        // SAFETY: see above the implementation.
        unsafe { Floats(vaddq_f32(a.0, b.0), vaddq_f32(a.1, b.1)) }
    }
    #[inline(always)]
    fn sub(self, a: Floats, b: Floats) -> Floats {
        // SAFETY: see above the implementation.
        unsafe { Floats(vsubq_f32(a.0, b.0), vsubq_f32(a.1, b.1)) }
    }
    #[inline(always)]
    fn mul(self, a: Floats, b: Floats) -> Floats {
        // SAFETY: see above the implementation.
        unsafe { Floats(vmulq_f32(a.0, b.0), vmulq_f32(a.1, b.1)) }
    }
    #[inline(always)]
    fn div(self, a: Floats, b: Floats) -> Floats {
        // SAFETY: see above the implementation.
        unsafe { Floats(vdivq_f32(a.0, b.0), vdivq_f32(a.1, b.1)) }
    }
    #[inline(always)]
    fn max(self, a: Floats, b: Floats) -> Floats {
        // SAFETY: see above the implementation.
        unsafe { Floats(vmaxq_f32(a.0, b.0), vmaxq_f32(a.1, b.1)) }
    }
}
