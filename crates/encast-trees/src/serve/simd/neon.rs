//! NEON: 16 bytes side by side.

use std::arch::aarch64::*;

use super::{Isa, Line};

/// The proof that the processor has NEON.
#[derive(Clone, Copy)]
pub struct Neon(());

impl Neon {
    pub fn detect() -> Option<Neon> {
        std::arch::is_aarch64_feature_detected!("neon").then_some(Neon(()))
    }
}

#[derive(Clone, Copy)]
pub struct Bytes(uint8x16_t);

// SAFETY of every block below: `self` proves that the processor has the instructions, and what is read or written is a
// slice whose length is checked first.
impl Isa for Neon {
    const LANES: usize = 16;
    type Bytes = Bytes;

    #[inline(always)]
    fn splat(self, value: u8) -> Bytes {
        // SAFETY: see above the implementation.
        Bytes(unsafe { vdupq_n_u8(value) })
    }
    #[inline(always)]
    fn repeat(self, word: u32) -> Bytes {
        // SAFETY: see above the implementation.
        Bytes(unsafe { vreinterpretq_u8_u32(vdupq_n_u32(word)) })
    }
    #[inline(always)]
    fn load(self, from: &Line, at: usize) -> Bytes {
        let from = &from.0[at..at + 16];
        // SAFETY: see above the implementation.
        Bytes(unsafe { vld1q_u8(from.as_ptr()) })
    }
    #[inline(always)]
    fn store(self, value: Bytes, to: &mut [u8; 64], at: usize) {
        let to = &mut to[at..at + 16];
        // SAFETY: see above the implementation.
        unsafe { vst1q_u8(to.as_mut_ptr(), value.0) }
    }
    #[inline(always)]
    fn at_most(self, a: Bytes, b: Bytes) -> Bytes {
        // SAFETY: see above the implementation.
        Bytes(unsafe { vcleq_u8(a.0, b.0) })
    }
    #[inline(always)]
    fn and(self, a: Bytes, b: Bytes) -> Bytes {
        // SAFETY: see above the implementation.
        Bytes(unsafe { vandq_u8(a.0, b.0) })
    }
    #[inline(always)]
    fn or(self, a: Bytes, b: Bytes) -> Bytes {
        // SAFETY: see above the implementation.
        Bytes(unsafe { vorrq_u8(a.0, b.0) })
    }
    #[inline(always)]
    fn lowest(self, bits: Bytes, base: u8, otherwise: Bytes) -> Bytes {
        // SAFETY: see above the implementation.
        unsafe {
            // Zeros in front of the byte read backwards.
            let found = vaddq_u8(vclzq_u8(vrbitq_u8(bits.0)), vdupq_n_u8(base));
            Bytes(vbslq_u8(vtstq_u8(bits.0, bits.0), found, otherwise.0))
        }
    }
    #[inline(always)]
    fn look_up<const SIXTEENS: usize>(self, table: &[Line; 4], at: Bytes) -> Bytes {
        // SAFETY: see above the implementation.
        unsafe {
            let mut found = vdupq_n_u8(0);
            for (i, line) in table[..SIXTEENS.div_ceil(4)].iter().enumerate() {
                // Places beyond the line give 0.
                let here = vsubq_u8(at.0, vdupq_n_u8((64 * i) as u8));
                found = vorrq_u8(found, vqtbl4q_u8(vld1q_u8_x4(line.0.as_ptr()), here));
            }
            Bytes(found)
        }
    }
}
