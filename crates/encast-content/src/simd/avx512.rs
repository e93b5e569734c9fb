//! AVX-512: 16 floats, 32 whole numbers side by side.

use std::{
    arch::x86_64::*,
    ops::{Add, Mul, Sub},
};

use super::Isa;

/// The proof that the processor has AVX-512 F, BW, DQ and VL.
#[derive(Clone, Copy)]
pub struct Avx512(());

impl Avx512 {
    pub fn detect() -> Option<Avx512> {
        let has = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("avx2");
        has.then_some(Avx512(()))
    }
}

#[derive(Clone, Copy)]
pub struct Floats(__m512);
#[derive(Clone, Copy)]
pub struct Ints(__m512i);
#[derive(Clone, Copy)]
pub struct Counts(__m512i);

macro_rules! lanewise {
    ($vector:ident, $operator:ident, $name:ident, $instruction:ident) => {
        impl $operator for $vector {
            type Output = $vector;
            #[inline(always)]
            fn $name(self, other: $vector) -> $vector {
                // SAFETY: vectors come from `Avx512`, which proves that the processor has the instruction.
                $vector(unsafe { $instruction(self.0, other.0) })
            }
        }
    };
}

lanewise!(Floats, Add, add, _mm512_add_ps);
lanewise!(Floats, Sub, sub, _mm512_sub_ps);
lanewise!(Floats, Mul, mul, _mm512_mul_ps);
lanewise!(Ints, Add, add, _mm512_add_epi16);
lanewise!(Ints, Sub, sub, _mm512_sub_epi16);
lanewise!(Counts, Add, add, _mm512_add_epi32);

/// Four columns of rows j, 4 + j, 8 + j and 12 + j in the four quarters: what is left to turn is 4×4 in each quarter.
#[inline(always)]
fn quarters(rows: &[[f32; 32]], left: usize, j: usize) -> __m512 {
    let (first, second) = (&rows[j][left..][..4], &rows[4 + j][left..][..4]);
    let (third, fourth) = (&rows[8 + j][left..][..4], &rows[12 + j][left..][..4]);
    // SAFETY: called with the proof at hand only; four floats are there to be read at each place.
    unsafe {
        let one = _mm512_castps128_ps512(_mm_loadu_ps(first.as_ptr()));
        let two = _mm512_mask_broadcast_f32x4(one, 0x00F0, _mm_loadu_ps(second.as_ptr()));
        let three = _mm512_mask_broadcast_f32x4(two, 0x0F00, _mm_loadu_ps(third.as_ptr()));
        _mm512_mask_broadcast_f32x4(three, 0xF000, _mm_loadu_ps(fourth.as_ptr()))
    }
}

// SAFETY of every block below: `self` proves that the processor has the instructions, and what is read or written of a
// slice is checked to be within it first.
impl Isa for Avx512 {
    const FLOATS: usize = 16;
    type Floats = Floats;
    type Ints = Ints;
    type Counts = Counts;

    #[inline(always)]
    fn splat(self, value: f32) -> Floats {
        // SAFETY: see above the implementation.
        Floats(unsafe { _mm512_set1_ps(value) })
    }
    #[inline(always)]
    fn abs(self, value: Floats) -> Floats {
        // SAFETY: see above the implementation.
        Floats(unsafe { _mm512_abs_ps(value.0) })
    }
    #[inline(always)]
    fn sqrt(self, value: Floats) -> Floats {
        // SAFETY: see above the implementation.
        Floats(unsafe { _mm512_sqrt_ps(value.0) })
    }
    #[inline(always)]
    fn load(self, from: &[f32]) -> Floats {
        let from = &from[..16];
        // SAFETY: see above the implementation.
        Floats(unsafe { _mm512_loadu_ps(from.as_ptr()) })
    }
    #[inline(always)]
    fn store(self, value: Floats, to: &mut [f32]) {
        let to = &mut to[..16];
        // SAFETY: see above the implementation.
        unsafe { _mm512_storeu_ps(to.as_mut_ptr(), value.0) }
    }
    #[inline(always)]
    fn widen(self, from: &[i16]) -> Floats {
        let from = &from[..16];
        // SAFETY: see above the implementation.
        Floats(unsafe { _mm512_cvtepi32_ps(_mm512_cvtepi16_epi32(_mm256_loadu_si256(from.as_ptr().cast()))) })
    }
    #[inline(always)]
    fn columns(self, rows: &[[f32; 32]], left: usize) -> [Floats; 4] {
        let rows = &rows[..16];
        let (a, b, c, d) =
            (quarters(rows, left, 0), quarters(rows, left, 1), quarters(rows, left, 2), quarters(rows, left, 3));
        // SAFETY: see above the implementation.
        unsafe {
            let (ab, cd) = (_mm512_unpacklo_ps(a, b), _mm512_unpacklo_ps(c, d));
            let (ab_high, cd_high) = (_mm512_unpackhi_ps(a, b), _mm512_unpackhi_ps(c, d));
            [
                Floats(_mm512_shuffle_ps::<0b01_00_01_00>(ab, cd)),
                Floats(_mm512_shuffle_ps::<0b11_10_11_10>(ab, cd)),
                Floats(_mm512_shuffle_ps::<0b01_00_01_00>(ab_high, cd_high)),
                Floats(_mm512_shuffle_ps::<0b11_10_11_10>(ab_high, cd_high)),
            ]
        }
    }

    #[inline(always)]
    fn ints(self, from: &[i16]) -> Ints {
        let from = &from[..32];
        // SAFETY: see above the implementation.
        Ints(unsafe { _mm512_loadu_si512(from.as_ptr().cast()) })
    }
    #[inline(always)]
    fn of_bytes(self, from: &[u8]) -> Ints {
        let from = &from[..32];
        // SAFETY: see above the implementation.
        Ints(unsafe { _mm512_cvtepu8_epi16(_mm256_loadu_si256(from.as_ptr().cast())) })
    }
    #[inline(always)]
    fn of_words(self, from: &[u16]) -> Ints {
        let from = &from[..32];
        // SAFETY: see above the implementation.
        Ints(unsafe { _mm512_loadu_si512(from.as_ptr().cast()) })
    }
    #[inline(always)]
    fn store_ints(self, value: Ints, to: &mut [i16]) {
        let to = &mut to[..32];
        // SAFETY: see above the implementation.
        unsafe { _mm512_storeu_si512(to.as_mut_ptr().cast(), value.0) }
    }
    #[inline(always)]
    fn and(self, a: Ints, b: Ints) -> Ints {
        // SAFETY: see above the implementation.
        Ints(unsafe { _mm512_and_si512(a.0, b.0) })
    }
    #[inline(always)]
    fn sums_of_squares(self, a: Ints, b: Ints) -> [Counts; 2] {
        // SAFETY: see above the implementation.
        unsafe {
            let (low, high) = (_mm512_unpacklo_epi16(a.0, b.0), _mm512_unpackhi_epi16(a.0, b.0));
            [Counts(_mm512_madd_epi16(low, low)), Counts(_mm512_madd_epi16(high, high))]
        }
    }
    #[inline(always)]
    fn dot(self, a: Ints, b: Ints) -> Counts {
        // SAFETY: see above the implementation.
        Counts(unsafe { _mm512_madd_epi16(a.0, b.0) })
    }

    #[inline(always)]
    fn zero_counts(self) -> Counts {
        // SAFETY: see above the implementation.
        Counts(unsafe { _mm512_setzero_si512() })
    }
    #[inline(always)]
    fn store_counts(self, value: Counts, to: &mut [i32]) {
        let to = &mut to[..16];
        // SAFETY: see above the implementation.
        unsafe { _mm512_storeu_si512(to.as_mut_ptr().cast(), value.0) }
    }
    #[inline(always)]
    fn to_floats(self, value: Counts) -> Floats {
        // SAFETY: see above the implementation.
        Floats(unsafe { _mm512_cvtepi32_ps(value.0) })
    }
}
