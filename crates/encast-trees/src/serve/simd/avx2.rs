//! AVX2: 32 bytes side by side.

use std::arch::x86_64::*;

use super::{Abreast, Isa, Line};

/// The proof that the processor has AVX2 and POPCNT.
#[derive(Clone, Copy)]
pub struct Avx2(());

impl Avx2 {
    pub fn detect() -> Option<Avx2> {
        (is_x86_feature_detected!("avx2") && is_x86_feature_detected!("popcnt")).then_some(Avx2(()))
    }
}

#[derive(Clone, Copy)]
pub struct Bytes(__m256i);

// SAFETY of every block below: `self` proves that the processor has the instructions, and what is read or written is a
// slice whose length is checked first.
impl Isa for Avx2 {
    const LANES: usize = 32;
    type Bytes = Bytes;

    #[inline(always)]
    fn splat(self, value: u8) -> Bytes {
        // SAFETY: see above the implementation.
        Bytes(unsafe { _mm256_set1_epi8(value as i8) })
    }
    #[inline(always)]
    fn repeat(self, word: u32) -> Bytes {
        // SAFETY: see above the implementation.
        Bytes(unsafe { _mm256_set1_epi32(word as i32) })
    }
    #[inline(always)]
    fn load(self, from: &Line, at: usize) -> Bytes {
        let from = &from.0[at..at + 32];
        // SAFETY: see above the implementation.
        Bytes(unsafe { _mm256_loadu_si256(from.as_ptr().cast()) })
    }
    #[inline(always)]
    fn store(self, value: Bytes, to: &mut [u8; 64], at: usize) {
        let to = &mut to[at..at + 32];
        // SAFETY: see above the implementation.
        unsafe { _mm256_storeu_si256(to.as_mut_ptr().cast(), value.0) }
    }
    #[inline(always)]
    fn at_most(self, a: Bytes, b: Bytes) -> Bytes {
        // SAFETY: see above the implementation.
        Bytes(unsafe { _mm256_cmpeq_epi8(_mm256_min_epu8(a.0, b.0), a.0) })
    }
    #[inline(always)]
    fn and(self, a: Bytes, b: Bytes) -> Bytes {
        // SAFETY: see above the implementation.
        Bytes(unsafe { _mm256_and_si256(a.0, b.0) })
    }
    #[inline(always)]
    fn or(self, a: Bytes, b: Bytes) -> Bytes {
        // SAFETY: see above the implementation.
        Bytes(unsafe { _mm256_or_si256(a.0, b.0) })
    }
    #[inline(always)]
    fn lowest(self, bits: Bytes, base: u8, otherwise: Bytes) -> Bytes {
        // SAFETY: see above the implementation.
        unsafe {
            let zero = _mm256_setzero_si256();
            // The lowest bit alone, then its number from the half of the byte that has it.
            let alone = _mm256_and_si256(bits.0, _mm256_sub_epi8(zero, bits.0));
            let low = _mm256_setr_epi8(
                0, 0, 1, 0, 2, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 2, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0,
            );
            let high = _mm256_setr_epi8(
                0, 4, 5, 0, 6, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0, 4, 5, 0, 6, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0,
            );
            let nibble = _mm256_set1_epi8(15);
            let upper = _mm256_and_si256(_mm256_srli_epi16(alone, 4), nibble);
            let number = _mm256_or_si256(
                _mm256_shuffle_epi8(low, _mm256_and_si256(alone, nibble)),
                _mm256_shuffle_epi8(high, upper),
            );
            let found = _mm256_add_epi8(number, _mm256_set1_epi8(base as i8));
            Bytes(_mm256_blendv_epi8(found, otherwise.0, _mm256_cmpeq_epi8(bits.0, zero)))
        }
    }
    #[inline(always)]
    fn look_up<const SIXTEENS: usize>(self, table: &[Line; 4], at: Bytes) -> Bytes {
        // SAFETY: see above the implementation.
        unsafe {
            let mut found = _mm256_setzero_si256();
            for number in 0..SIXTEENS {
                let sixteen = &table[number / 4].0.as_chunks::<16>().0[number % 4];
                let sixteen = _mm256_broadcastsi128_si256(_mm_loadu_si128(sixteen.as_ptr().cast()));
                // A place in another sixteen gets its highest bit set, for which the shuffle gives 0.
                let here = _mm256_xor_si256(at.0, _mm256_set1_epi8((16 * number) as i8));
                let here = _mm256_adds_epu8(here, _mm256_set1_epi8(0x70));
                found = _mm256_or_si256(found, _mm256_shuffle_epi8(sixteen, here));
            }
            Bytes(found)
        }
    }
    #[inline(always)]
    fn below(self, thresholds: &[f32; 16], x: f32) -> u32 {
        // SAFETY: see above the implementation.
        let lanes = unsafe {
            let x = _mm256_set1_ps(x);
            let below = |at: &[f32]| _mm256_movemask_ps(_mm256_cmp_ps::<_CMP_LT_OQ>(_mm256_loadu_ps(at.as_ptr()), x));
            below(&thresholds[..8]) << 8 | below(&thresholds[8..])
        };
        lanes.count_ones()
    }
    #[inline(always)]
    fn add_leaves<const LEAVES: usize>(self, leaves: &[f32; LEAVES], which: &[u8; 64], sums: &mut [f64; 64]) {
        if LEAVES != 8 {
            for (sum, &leaf) in sums.iter_mut().zip(which) {
                *sum += f64::from(leaves[usize::from(leaf) % LEAVES]);
            }
            return;
        }
        for (sums, which) in sums.as_chunks_mut::<8>().0.iter_mut().zip(which.as_chunks::<8>().0) {
            // SAFETY: see above the implementation.
            unsafe {
                let which = _mm256_cvtepu8_epi32(_mm_loadl_epi64(which.as_ptr().cast()));
                let values = _mm256_permutevar8x32_ps(_mm256_loadu_ps(leaves.as_ptr()), which);
                let (low, high) = (_mm256_castps256_ps128(values), _mm256_extractf128_ps::<1>(values));
                let at = sums.as_mut_ptr();
                _mm256_storeu_pd(at, _mm256_add_pd(_mm256_loadu_pd(at), _mm256_cvtps_pd(low)));
                let at = sums[4..].as_mut_ptr();
                _mm256_storeu_pd(at, _mm256_add_pd(_mm256_loadu_pd(at), _mm256_cvtps_pd(high)));
            }
        }
    }
    #[inline(always)]
    fn select_leaves(self, leaves: &Abreast, which: &[u8; 64], values: &mut [f32; 64]) {
        let leaves = leaves.as_flattened();
        let parts = which.as_chunks::<8>().0.iter().zip(values.as_chunks_mut::<8>().0);
        for (part, (which, values)) in parts.enumerate() {
            // SAFETY: see above the implementation; a byte's lowest three bits, times 64, and a lane stay within the leaves.
            unsafe {
                let which = _mm256_cvtepu8_epi32(_mm_loadl_epi64(which.as_ptr().cast()));
                let line = _mm256_slli_epi32::<6>(_mm256_and_si256(which, _mm256_set1_epi32(7)));
                let lane =
                    _mm256_add_epi32(_mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7), _mm256_set1_epi32(8 * part as i32));
                let found = _mm256_i32gather_ps::<4>(leaves.as_ptr(), _mm256_add_epi32(line, lane));
                _mm256_storeu_ps(values.as_mut_ptr(), found);
            }
        }
    }
    #[inline(always)]
    fn add_eight(self, values: &[f32; 8], sums: &mut [f64; 8]) {
        let (low, high) = sums.split_at_mut(4);
        // SAFETY: see above the implementation.
        unsafe {
            let four = _mm256_cvtps_pd(_mm_loadu_ps(values.as_ptr()));
            _mm256_storeu_pd(low.as_mut_ptr(), _mm256_add_pd(_mm256_loadu_pd(low.as_ptr()), four));
            let four = _mm256_cvtps_pd(_mm_loadu_ps(values[4..].as_ptr()));
            _mm256_storeu_pd(high.as_mut_ptr(), _mm256_add_pd(_mm256_loadu_pd(high.as_ptr()), four));
        }
    }
}
