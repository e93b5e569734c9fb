//! AVX2: 8 floats, 16 whole numbers side by side.

use std::{
    arch::x86_64::*,
    ops::{Add, Mul, Sub},
};

use super::Isa;

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
#[derive(Clone, Copy)]
pub struct Ints(__m256i);
#[derive(Clone, Copy)]
pub struct Counts(__m256i);

macro_rules! lanewise {
    ($vector:ident, $operator:ident, $name:ident, $instruction:ident) => {
        impl $operator for $vector {
            type Output = $vector;
            #[inline(always)]
            fn $name(self, other: $vector) -> $vector {
                // SAFETY: vectors come from `Avx2`, which proves that the processor has the instruction.
                $vector(unsafe { $instruction(self.0, other.0) })
            }
        }
    };
}

lanewise!(Floats, Add, add, _mm256_add_ps);
lanewise!(Floats, Sub, sub, _mm256_sub_ps);
lanewise!(Floats, Mul, mul, _mm256_mul_ps);
lanewise!(Ints, Add, add, _mm256_add_epi16);
lanewise!(Ints, Sub, sub, _mm256_sub_epi16);
lanewise!(Counts, Add, add, _mm256_add_epi32);

/// Four columns of rows j and 4 + j in the two halves: what is left to turn is 4×4 in each half.
#[inline(always)]
fn halves(rows: &[[f32; 32]], left: usize, j: usize) -> __m256 {
    let (first, second) = (&rows[j][left..][..4], &rows[4 + j][left..][..4]);
    // SAFETY: called with the proof at hand only; four floats are there to be read at each place.
    unsafe {
        let one = _mm256_castps128_ps256(_mm_loadu_ps(first.as_ptr()));
        _mm256_insertf128_ps::<1>(one, _mm_loadu_ps(second.as_ptr()))
    }
}

// SAFETY of every block below: `self` proves that the processor has the instructions, and what is read or written of a
// slice is checked to be within it first.
impl Isa for Avx2 {
    const FLOATS: usize = 8;
    type Floats = Floats;
    type Ints = Ints;
    type Counts = Counts;

    #[inline(always)]
    fn splat(self, value: f32) -> Floats {
        // SAFETY: see above the implementation.
        Floats(unsafe { _mm256_set1_ps(value) })
    }
    #[inline(always)]
    fn abs(self, value: Floats) -> Floats {
        // SAFETY: see above the implementation.
        Floats(unsafe { _mm256_andnot_ps(_mm256_set1_ps(-0.0), value.0) })
    }
    #[inline(always)]
    fn sqrt(self, value: Floats) -> Floats {
        // SAFETY: see above the implementation.
        Floats(unsafe { _mm256_sqrt_ps(value.0) })
    }
    #[inline(always)]
    fn load(self, from: &[f32]) -> Floats {
        let from = &from[..8];
        // SAFETY: see above the implementation.
        Floats(unsafe { _mm256_loadu_ps(from.as_ptr()) })
    }
    #[inline(always)]
    fn store(self, value: Floats, to: &mut [f32]) {
        let to = &mut to[..8];
        // SAFETY: see above the implementation.
        unsafe { _mm256_storeu_ps(to.as_mut_ptr(), value.0) }
    }
    #[inline(always)]
    fn widen(self, from: &[i16]) -> Floats {
        let from = &from[..8];
        // SAFETY: see above the implementation.
        Floats(unsafe { _mm256_cvtepi32_ps(_mm256_cvtepi16_epi32(_mm_loadu_si128(from.as_ptr().cast()))) })
    }
    #[inline(always)]
    fn columns(self, rows: &[[f32; 32]], left: usize) -> [Floats; 4] {
        let rows = &rows[..8];
        let (a, b, c, d) = (halves(rows, left, 0), halves(rows, left, 1), halves(rows, left, 2), halves(rows, left, 3));
        // SAFETY: see above the implementation.
        unsafe {
            let (ab, cd) = (_mm256_unpacklo_ps(a, b), _mm256_unpacklo_ps(c, d));
            let (ab_high, cd_high) = (_mm256_unpackhi_ps(a, b), _mm256_unpackhi_ps(c, d));
            [
                Floats(_mm256_shuffle_ps::<0b01_00_01_00>(ab, cd)),
                Floats(_mm256_shuffle_ps::<0b11_10_11_10>(ab, cd)),
                Floats(_mm256_shuffle_ps::<0b01_00_01_00>(ab_high, cd_high)),
                Floats(_mm256_shuffle_ps::<0b11_10_11_10>(ab_high, cd_high)),
            ]
        }
    }

    #[inline(always)]
    fn ints(self, from: &[i16]) -> Ints {
        let from = &from[..16];
        // SAFETY: see above the implementation.
        Ints(unsafe { _mm256_loadu_si256(from.as_ptr().cast()) })
    }
    #[inline(always)]
    fn of_bytes(self, from: &[u8]) -> Ints {
        let from = &from[..16];
        // SAFETY: see above the implementation.
        Ints(unsafe { _mm256_cvtepu8_epi16(_mm_loadu_si128(from.as_ptr().cast())) })
    }
    #[inline(always)]
    fn of_words(self, from: &[u16]) -> Ints {
        let from = &from[..16];
        // SAFETY: see above the implementation.
        Ints(unsafe { _mm256_loadu_si256(from.as_ptr().cast()) })
    }
    #[inline(always)]
    fn store_ints(self, value: Ints, to: &mut [i16]) {
        let to = &mut to[..16];
        // SAFETY: see above the implementation.
        unsafe { _mm256_storeu_si256(to.as_mut_ptr().cast(), value.0) }
    }
    #[inline(always)]
    fn and(self, a: Ints, b: Ints) -> Ints {
        // SAFETY: see above the implementation.
        Ints(unsafe { _mm256_and_si256(a.0, b.0) })
    }
    #[inline(always)]
    fn sums_of_squares(self, a: Ints, b: Ints) -> [Counts; 2] {
        // SAFETY: see above the implementation.
        unsafe {
            let (low, high) = (_mm256_unpacklo_epi16(a.0, b.0), _mm256_unpackhi_epi16(a.0, b.0));
            [Counts(_mm256_madd_epi16(low, low)), Counts(_mm256_madd_epi16(high, high))]
        }
    }
    #[inline(always)]
    fn dot(self, a: Ints, b: Ints) -> Counts {
        // SAFETY: see above the implementation.
        Counts(unsafe { _mm256_madd_epi16(a.0, b.0) })
    }

    #[inline(always)]
    fn zero_counts(self) -> Counts {
        // SAFETY: see above the implementation.
        Counts(unsafe { _mm256_setzero_si256() })
    }
    #[inline(always)]
    fn store_counts(self, value: Counts, to: &mut [i32]) {
        let to = &mut to[..8];
        // SAFETY: see above the implementation.
        unsafe { _mm256_storeu_si256(to.as_mut_ptr().cast(), value.0) }
    }
    #[inline(always)]
    fn to_floats(self, value: Counts) -> Floats {
        // SAFETY: see above the implementation.
        Floats(unsafe { _mm256_cvtepi32_ps(value.0) })
    }
}
