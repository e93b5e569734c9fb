//! AVX-512: 64 bytes side by side.

use std::arch::x86_64::*;

use super::{Abreast, Isa, Line};

/// The proof that the processor has AVX-512 F, BW, DQ, VL, VBMI and BITALG, and what comes with them.
#[derive(Clone, Copy)]
pub struct Avx512(());

impl Avx512 {
    pub fn detect() -> Option<Avx512> {
        let has = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("avx512vbmi")
            && is_x86_feature_detected!("avx512bitalg")
            && is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("popcnt");
        has.then_some(Avx512(()))
    }
}

#[derive(Clone, Copy)]
pub struct Bytes(__m512i);

// SAFETY of every block below: `self` proves that the processor has the instructions, and what is read or written is an
// array, or a slice whose length is checked first.
impl Isa for Avx512 {
    const LANES: usize = 64;
    type Bytes = Bytes;

    #[inline(always)]
    fn splat(self, value: u8) -> Bytes {
        // SAFETY: see above the implementation.
        Bytes(unsafe { _mm512_set1_epi8(value as i8) })
    }
    #[inline(always)]
    fn repeat(self, word: u32) -> Bytes {
        // SAFETY: see above the implementation.
        Bytes(unsafe { _mm512_set1_epi32(word as i32) })
    }
    #[inline(always)]
    fn load(self, from: &Line, at: usize) -> Bytes {
        let from = &from.0[at..at + 64];
        // SAFETY: see above the implementation.
        Bytes(unsafe { _mm512_loadu_si512(from.as_ptr().cast()) })
    }
    #[inline(always)]
    fn store(self, value: Bytes, to: &mut [u8; 64], at: usize) {
        let to = &mut to[at..at + 64];
        // SAFETY: see above the implementation.
        unsafe { _mm512_storeu_si512(to.as_mut_ptr().cast(), value.0) }
    }
    #[inline(always)]
    fn at_most(self, a: Bytes, b: Bytes) -> Bytes {
        // SAFETY: see above the implementation.
        Bytes(unsafe { _mm512_movm_epi8(_mm512_cmple_epu8_mask(a.0, b.0)) })
    }
    #[inline(always)]
    fn and(self, a: Bytes, b: Bytes) -> Bytes {
        // SAFETY: see above the implementation.
        Bytes(unsafe { _mm512_and_si512(a.0, b.0) })
    }
    #[inline(always)]
    fn or(self, a: Bytes, b: Bytes) -> Bytes {
        // SAFETY: see above the implementation.
        Bytes(unsafe { _mm512_or_si512(a.0, b.0) })
    }
    #[inline(always)]
    fn lowest(self, bits: Bytes, base: u8, otherwise: Bytes) -> Bytes {
        // SAFETY: see above the implementation.
        unsafe {
            // As many bits are below the lowest one as are set in (bits − 1) and not in bits.
            let below = _mm512_andnot_si512(bits.0, _mm512_sub_epi8(bits.0, _mm512_set1_epi8(1)));
            let found = _mm512_add_epi8(_mm512_popcnt_epi8(below), _mm512_set1_epi8(base as i8));
            Bytes(_mm512_mask_mov_epi8(otherwise.0, _mm512_test_epi8_mask(bits.0, bits.0), found))
        }
    }
    #[inline(always)]
    fn look_up<const SIXTEENS: usize>(self, table: &[Line; 4], at: Bytes) -> Bytes {
        let line = |i: usize| self.load(&table[i], 0).0;
        // SAFETY: see above the implementation.
        Bytes(unsafe {
            match SIXTEENS {
                1..=4 => _mm512_permutexvar_epi8(at.0, line(0)),
                8 => _mm512_permutex2var_epi8(line(0), at.0, line(1)),
                _ => {
                    let low = _mm512_permutex2var_epi8(line(0), at.0, line(1));
                    let high = _mm512_permutex2var_epi8(line(2), at.0, line(3));
                    _mm512_mask_mov_epi8(low, _mm512_movepi8_mask(at.0), high)
                }
            }
        })
    }
    #[inline(always)]
    fn below(self, thresholds: &[f32; 16], x: f32) -> u32 {
        // SAFETY: see above the implementation.
        unsafe { _mm512_cmplt_ps_mask(_mm512_loadu_ps(thresholds.as_ptr()), _mm512_set1_ps(x)) }.count_ones()
    }
    #[inline(always)]
    fn add_leaves<const LEAVES: usize>(self, leaves: &[f32; LEAVES], which: &[u8; 64], sums: &mut [f64; 64]) {
        // SAFETY: see above the implementation; of the leaves, what is there is loaded.
        unsafe {
            let sixteen = |i: usize| _mm512_loadu_ps(leaves[16 * i..16 * i + 16].as_ptr());
            for (sums, which) in sums.as_chunks_mut::<16>().0.iter_mut().zip(which.as_chunks::<16>().0) {
                let which = _mm512_cvtepu8_epi32(_mm_loadu_si128(which.as_ptr().cast()));
                let values = match LEAVES {
                    8 => _mm512_permutexvar_ps(which, _mm512_castps256_ps512(_mm256_loadu_ps(leaves.as_ptr()))),
                    16 => _mm512_permutexvar_ps(which, sixteen(0)),
                    32 => _mm512_permutex2var_ps(sixteen(0), which, sixteen(1)),
                    _ => {
                        let low = _mm512_permutex2var_ps(sixteen(0), which, sixteen(1));
                        let high = _mm512_permutex2var_ps(sixteen(2), which, sixteen(3));
                        let upper = _mm512_test_epi32_mask(which, _mm512_set1_epi32(32));
                        _mm512_mask_mov_ps(low, upper, high)
                    }
                };
                let (low, high) = (_mm512_castps512_ps256(values), _mm512_extractf32x8_ps::<1>(values));
                let at = sums.as_mut_ptr();
                _mm512_storeu_pd(at, _mm512_add_pd(_mm512_loadu_pd(at), _mm512_cvtps_pd(low)));
                let at = sums[8..].as_mut_ptr();
                _mm512_storeu_pd(at, _mm512_add_pd(_mm512_loadu_pd(at), _mm512_cvtps_pd(high)));
            }
        }
    }
    #[inline(always)]
    fn select_leaves(self, leaves: &Abreast, which: &[u8; 64], values: &mut [f32; 64]) {
        // SAFETY: see above the implementation.
        unsafe {
            let which = _mm512_loadu_si512(which.as_ptr().cast());
            let mut found = [_mm512_setzero_ps(); 4];
            for (number, leaves) in leaves.iter().enumerate() {
                let mut here = _mm512_cmpeq_epi8_mask(which, _mm512_set1_epi8(number as i8));
                for (found, leaves) in found.iter_mut().zip(leaves.as_chunks::<16>().0) {
                    *found = _mm512_mask_mov_ps(*found, here as u16, _mm512_loadu_ps(leaves.as_ptr()));
                    here >>= 16;
                }
            }
            for (found, values) in found.iter().zip(values.as_chunks_mut::<16>().0) {
                _mm512_storeu_ps(values.as_mut_ptr(), *found);
            }
        }
    }
    #[inline(always)]
    fn add_eight(self, values: &[f32; 8], sums: &mut [f64; 8]) {
        // SAFETY: see above the implementation.
        unsafe {
            let values = _mm512_cvtps_pd(_mm256_loadu_ps(values.as_ptr()));
            _mm512_storeu_pd(sums.as_mut_ptr(), _mm512_add_pd(_mm512_loadu_pd(sums.as_ptr()), values));
        }
    }
}
