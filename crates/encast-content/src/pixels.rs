//! Sums over the samples of one strip: Sobel gradients, and differences between frames.

use crate::{
    plane::{Rows, Sample},
    simd::Isa,
};

/// Columns of gradients worked on together.
const GROUP: usize = 32;
/// f32 lanes over a group: lane 4k + i sums columns 8k + i and 8k + 4 + i. That is how vectors of any width unpack.
const LANES: usize = 16;
/// Rows after which sums of lanes move to wider numbers: the squares of eight 12-bit gradients fill `u32`.
const ROWS: usize = 4;

/// Samples of a row after which sums of differences do: 256 squares of 12-bit differences fit `u32`, and the narrowest
/// vectors have four lanes.
const CHUNK: usize = 512;

/// Sums over gradients, lane by lane.
#[derive(Clone, Copy, Default)]
pub struct GradientSums {
    /// Of magnitudes.
    pub magnitudes: [f64; LANES],
    /// Of their squares: whole numbers.
    pub squares: [u64; LANES],
}

/// Sums over differences between two frames: whole numbers.
#[derive(Clone, Copy, Default)]
pub struct DifferenceSums {
    /// Sum of differences.
    pub difference: i64,
    /// Sum of their squares.
    pub square: u64,
}

/// Which columns of a group count: the last group of a row overlaps the one before it.
struct Mask([i16; GROUP]);

/// Sobel gradients of the picture's rows from `top` to before `bottom`; both have a row above and below.
#[inline(always)]
pub fn gradients<S: Isa, T: Sample>(isa: S, plane: &Rows<T>, top: usize, bottom: usize, sums: &mut GradientSums) {
    let interior = plane.width - 2;
    let whole = interior / GROUP;
    for group in 0..whole {
        columns::<S, T, false>(isa, plane, group * GROUP, top..bottom, &Mask([-1; GROUP]), sums);
    }
    let done = whole * GROUP;
    if done == interior {
        return;
    }
    if interior >= GROUP {
        let left = interior - GROUP;
        let mask = Mask(std::array::from_fn(|i| if left + i < done { 0 } else { -1 }));
        return columns::<S, T, true>(isa, plane, left, top..bottom, &mask, sums);
    }
    // A picture narrower than a group, made wider.
    let mut wide = vec![T::default(); (GROUP + 2) * (bottom + 1)];
    for y in top - 1..bottom + 1 {
        wide[y * (GROUP + 2)..][..plane.width].copy_from_slice(plane.row(y));
    }
    let wide = Rows { samples: &wide, stride: GROUP + 2, width: GROUP + 2, height: bottom + 1 };
    let mask = Mask(std::array::from_fn(|i| if i < interior { -1 } else { 0 }));
    columns::<S, T, true>(isa, &wide, 0, top..bottom, &mask, sums);
}

/// Along a row the differences, and the sums weighted 1 2 1.
#[inline(always)]
fn across<S: Isa, T: Sample>(isa: S, plane: &Rows<T>, left: usize, y: usize) -> (S::Ints, S::Ints) {
    let row = &plane.row(y)[left..][..S::INTS + 2];
    let (a, b, c) = (T::load(isa, row), T::load(isa, &row[1..]), T::load(isa, &row[2..]));
    (c - a, (a + b) + (b + c))
}

/// One group of columns, from row to row: what a row adds to the rows above and below it is computed once.
#[inline(always)]
fn columns<S: Isa, T: Sample, const MASKED: bool>(
    isa: S,
    plane: &Rows<T>,
    left: usize,
    rows: std::ops::Range<usize>,
    mask: &Mask,
    sums: &mut GradientSums,
) {
    for part in (0..GROUP).step_by(S::INTS) {
        let x = left + part;
        let mask = isa.ints(&mask.0[part..]);
        let (mut above, mut here) = (across(isa, plane, x, rows.start - 1), across(isa, plane, x, rows.start));
        let mut y = rows.start;
        while y < rows.end {
            let until = (y + ROWS).min(rows.end);
            let mut magnitude = isa.splat(0.0);
            let mut square = isa.zero_counts();
            while y < until {
                let below = across(isa, plane, x, y + 1);
                let mut gx = (above.0 + here.0) + (here.0 + below.0);
                let mut gy = below.1 - above.1;
                if MASKED {
                    (gx, gy) = (isa.and(gx, mask), isa.and(gy, mask));
                }
                let [low, high] = isa.sums_of_squares(gx, gy);
                square = square + low + high;
                magnitude = magnitude + isa.sqrt(isa.to_floats(low));
                magnitude = magnitude + isa.sqrt(isa.to_floats(high));
                (above, here) = (here, below);
                y += 1;
            }
            let (mut magnitudes, mut squares) = ([0.0_f32; LANES], [0_i32; LANES]);
            isa.store(magnitude, &mut magnitudes);
            isa.store_counts(square, &mut squares);
            for lane in 0..S::FLOATS {
                sums.magnitudes[part / 2 + lane] += f64::from(magnitudes[lane]);
                sums.squares[part / 2 + lane] += u64::from(squares[lane] as u32);
            }
        }
    }
}

/// Differences between the same row of two frames of the same length; the row takes the place of the one before.
#[inline(always)]
pub fn differences<S: Isa, T: Sample>(isa: S, row: &[T], before: &mut [T], sums: &mut DifferenceSums) {
    let ones = isa.ints(&[1; GROUP]);
    for (row, before) in row.chunks(CHUNK).zip(before.chunks_mut(CHUNK)) {
        let whole = row.len() / GROUP * GROUP;
        let (mut difference, mut square) = (isa.zero_counts(), isa.zero_counts());
        for x in (0..whole).step_by(S::INTS) {
            let d = T::load(isa, &row[x..]) - T::load(isa, &before[x..]);
            difference = difference + isa.dot(d, ones);
            square = square + isa.dot(d, d);
        }
        let (mut lanes, mut squares) = ([0_i32; LANES], [0_i32; LANES]);
        isa.store_counts(difference, &mut lanes);
        isa.store_counts(square, &mut squares);
        for lane in 0..S::FLOATS {
            sums.difference += i64::from(lanes[lane]);
            sums.square += u64::from(squares[lane] as u32);
        }
        for (&now, &then) in row[whole..].iter().zip(&before[whole..]) {
            let d = i64::from(now.into() - then.into());
            sums.difference += d;
            sums.square += (d * d) as u64;
        }
        before.copy_from_slice(row);
    }
}
