//! Vectors as small arrays: for every processor, and the meaning of all others.

use std::{
    array::from_fn,
    ops::{Add, Mul, Sub},
};

use super::Isa;

/// No instructions beyond those of the target.
#[derive(Clone, Copy)]
pub struct Plain;

#[derive(Clone, Copy)]
pub struct Floats([f32; 4]);
#[derive(Clone, Copy)]
pub struct Ints([i16; 8]);
#[derive(Clone, Copy)]
pub struct Counts([i32; 4]);

macro_rules! lanewise {
    ($vector:ident, $operator:ident, $name:ident, $lane:expr) => {
        impl $operator for $vector {
            type Output = $vector;
            #[inline(always)]
            fn $name(self, other: $vector) -> $vector {
                $vector(from_fn(|i| $lane(self.0[i], other.0[i])))
            }
        }
    };
}

lanewise!(Floats, Add, add, |a: f32, b: f32| a + b);
lanewise!(Floats, Sub, sub, |a: f32, b: f32| a - b);
lanewise!(Floats, Mul, mul, |a: f32, b: f32| a * b);
lanewise!(Ints, Add, add, i16::wrapping_add);
lanewise!(Ints, Sub, sub, i16::wrapping_sub);
lanewise!(Counts, Add, add, i32::wrapping_add);

#[inline(always)]
fn product(a: i16, b: i16) -> i32 {
    i32::from(a) * i32::from(b)
}

impl Isa for Plain {
    const FLOATS: usize = 4;
    type Floats = Floats;
    type Ints = Ints;
    type Counts = Counts;

    #[inline(always)]
    fn splat(self, value: f32) -> Floats {
        Floats([value; 4])
    }
    #[inline(always)]
    fn abs(self, value: Floats) -> Floats {
        Floats(value.0.map(f32::abs))
    }
    #[inline(always)]
    fn sqrt(self, value: Floats) -> Floats {
        Floats(value.0.map(f32::sqrt))
    }
    #[inline(always)]
    fn load(self, from: &[f32]) -> Floats {
        Floats(from_fn(|i| from[i]))
    }
    #[inline(always)]
    fn store(self, value: Floats, to: &mut [f32]) {
        to[..4].copy_from_slice(&value.0);
    }
    #[inline(always)]
    fn widen(self, from: &[i16]) -> Floats {
        Floats(from_fn(|i| f32::from(from[i])))
    }
    #[inline(always)]
    fn columns(self, rows: &[[f32; 32]], left: usize) -> [Floats; 4] {
        from_fn(|j| Floats(from_fn(|i| rows[i][left + j])))
    }

    #[inline(always)]
    fn ints(self, from: &[i16]) -> Ints {
        Ints(from_fn(|i| from[i]))
    }
    #[inline(always)]
    fn of_bytes(self, from: &[u8]) -> Ints {
        let from = &from[..8];
        Ints(from_fn(|i| i16::from(from[i])))
    }
    #[inline(always)]
    fn of_words(self, from: &[u16]) -> Ints {
        let from = &from[..8];
        Ints(from_fn(|i| from[i] as i16))
    }
    #[inline(always)]
    fn store_ints(self, value: Ints, to: &mut [i16]) {
        to[..8].copy_from_slice(&value.0);
    }
    #[inline(always)]
    fn and(self, a: Ints, b: Ints) -> Ints {
        Ints(from_fn(|i| a.0[i] & b.0[i]))
    }
    #[inline(always)]
    fn sums_of_squares(self, a: Ints, b: Ints) -> [Counts; 2] {
        let square = |i: usize| product(a.0[i], a.0[i]).wrapping_add(product(b.0[i], b.0[i]));
        [Counts(from_fn(square)), Counts(from_fn(|i| square(4 + i)))]
    }
    #[inline(always)]
    fn dot(self, a: Ints, b: Ints) -> Counts {
        let lane = |i: usize| product(a.0[i], b.0[i]);
        Counts(from_fn(|i| lane(2 * i).wrapping_add(lane(2 * i + 1))))
    }

    #[inline(always)]
    fn zero_counts(self) -> Counts {
        Counts([0; 4])
    }
    #[inline(always)]
    fn store_counts(self, value: Counts, to: &mut [i32]) {
        to[..4].copy_from_slice(&value.0);
    }
    #[inline(always)]
    fn to_floats(self, value: Counts) -> Floats {
        Floats(value.0.map(|v| v as f32))
    }
}
