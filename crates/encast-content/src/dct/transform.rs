//! The DCT by halves, without normalisation.
//!
//! `all` is the DCT-II: sums around the middle give its even coefficients, differences its odd ones, by `odd`, the
//! DCT-IV `y(k) = Σ x(n) cos((2n + 1)(2k + 1) π / 4N)`. That turns pairs of samples and takes two DCT-IIs of half the
//! length. All factors are sines and cosines, so rounding errors do not grow (Plonka and Tasche, "Fast and numerically
//! stable algorithms for discrete cosine transforms", 2005).

#![allow(clippy::needless_range_loop)] // Loops over places in fixed arrays are what is unrolled.

use std::{
    array::from_fn,
    f64::consts::{FRAC_1_SQRT_2, PI},
};

use crate::simd::Isa;

/// Cosine and sine of one turn.
#[derive(Clone, Copy)]
struct Turn {
    cosine: f32,
    sine: f32,
}

/// The turns of odd coefficients by length, and the cosine of π/4.
pub struct Turns {
    of16: [Turn; 8],
    of8: [Turn; 4],
    of4: [Turn; 2],
    of2: [Turn; 1],
    half: f32,
}

fn turns<const HALF: usize>() -> [Turn; HALF] {
    from_fn(|n| {
        let angle = (2 * n + 1) as f64 * PI / (8 * HALF) as f64;
        Turn { cosine: angle.cos() as f32, sine: angle.sin() as f32 }
    })
}

impl Turns {
    pub fn new() -> Turns {
        Turns { of16: turns(), of8: turns(), of4: turns(), of2: turns(), half: FRAC_1_SQRT_2 as f32 }
    }
}

/// Turns the pairs of samples with equal distance from the ends; every other result of the second kind is negated.
#[inline(always)]
fn turn<S: Isa, const N: usize, const HALF: usize>(
    isa: S,
    x: &[S::Floats; N],
    turns: &[Turn; HALF],
) -> ([S::Floats; HALF], [S::Floats; HALF]) {
    let (mut first, mut second) = ([x[0]; HALF], [x[0]; HALF]);
    for n in 0..HALF {
        let (a, b) = (x[n], x[N - 1 - n]);
        let (cosine, sine) = (isa.splat(turns[n].cosine), isa.splat(turns[n].sine));
        first[n] = a * cosine + b * sine;
        second[n] = if n % 2 == 0 { a * sine - b * cosine } else { b * cosine - a * sine };
    }
    (first, second)
}

/// Odd coefficients from the two halves' transforms.
#[inline(always)]
fn interleave<F, const N: usize, const HALF: usize>(first: &[F; HALF], second: &[F; HALF]) -> [F; N]
where
    F: Copy + std::ops::Add<Output = F> + std::ops::Sub<Output = F>,
{
    let mut y = [first[0]; N];
    for k in 1..HALF {
        let (a, b) = (first[k], second[HALF - k]);
        y[2 * k - 1] = a + b;
        y[2 * k] = a - b;
    }
    y[N - 1] = second[0];
    y
}

/// Sums and differences around the middle.
#[inline(always)]
fn fold<F, const N: usize, const HALF: usize>(x: &[F; N]) -> ([F; HALF], [F; HALF])
where
    F: Copy + std::ops::Add<Output = F> + std::ops::Sub<Output = F>,
{
    let (mut sums, mut differences) = ([x[0]; HALF], [x[0]; HALF]);
    for n in 0..HALF {
        sums[n] = x[n] + x[N - 1 - n];
        differences[n] = x[n] - x[N - 1 - n];
    }
    (sums, differences)
}

#[inline(always)]
fn join<F: Copy, const N: usize, const HALF: usize>(even: &[F; HALF], odd: &[F; HALF]) -> [F; N] {
    let mut y = [even[0]; N];
    for k in 0..HALF {
        y[2 * k] = even[k];
        y[2 * k + 1] = odd[k];
    }
    y
}

#[inline(always)]
fn all2<S: Isa>(isa: S, x: [S::Floats; 2], turns: &Turns) -> [S::Floats; 2] {
    [x[0] + x[1], (x[0] - x[1]) * isa.splat(turns.half)]
}

#[inline(always)]
pub fn all4<S: Isa>(isa: S, x: [S::Floats; 4], turns: &Turns) -> [S::Floats; 4] {
    let (sums, differences) = fold(&x);
    join(&all2(isa, sums, turns), &odd2(isa, differences, turns))
}

#[inline(always)]
fn all8<S: Isa>(isa: S, x: [S::Floats; 8], turns: &Turns) -> [S::Floats; 8] {
    let (sums, differences) = fold(&x);
    join(&all4(isa, sums, turns), &odd4(isa, differences, turns))
}

#[inline(always)]
pub fn all16<S: Isa>(isa: S, x: [S::Floats; 16], turns: &Turns) -> [S::Floats; 16] {
    let (sums, differences) = fold(&x);
    join(&all8(isa, sums, turns), &odd8(isa, differences, turns))
}

#[inline(always)]
fn odd2<S: Isa>(isa: S, x: [S::Floats; 2], turns: &Turns) -> [S::Floats; 2] {
    let (first, second) = turn(isa, &x, &turns.of2);
    [first[0], second[0]]
}

#[inline(always)]
pub fn odd4<S: Isa>(isa: S, x: [S::Floats; 4], turns: &Turns) -> [S::Floats; 4] {
    let (first, second) = turn(isa, &x, &turns.of4);
    interleave(&all2(isa, first, turns), &all2(isa, second, turns))
}

#[inline(always)]
pub fn odd8<S: Isa>(isa: S, x: [S::Floats; 8], turns: &Turns) -> [S::Floats; 8] {
    let (first, second) = turn(isa, &x, &turns.of8);
    interleave(&all4(isa, first, turns), &all4(isa, second, turns))
}

#[inline(always)]
pub fn odd16<S: Isa>(isa: S, x: [S::Floats; 16], turns: &Turns) -> [S::Floats; 16] {
    let (first, second) = turn(isa, &x, &turns.of16);
    interleave(&all8(isa, first, turns), &all8(isa, second, turns))
}
