//! Sums over the samples of one row: Sobel gradients and differences between frames.

use crate::plane::Sample;

/// Samples side by side in a partial sum.
const LANES: usize = 16;
/// Samples after which partial sums move to wider numbers. 64 squares of 12-bit differences fit `i32`.
const CHUNK: usize = 64;

/// Sums over gradient magnitudes.
#[derive(Clone, Copy, Default)]
pub struct GradientSums {
    /// Sum of magnitudes.
    pub magnitude: f64,
    /// Sum of their squares: a whole number.
    pub square: u64,
}

/// Sums over differences between two frames: whole numbers.
#[derive(Clone, Copy, Default)]
pub struct DifferenceSums {
    /// Sum of differences.
    pub difference: i64,
    /// Sum of their squares.
    pub square: u64,
}

#[inline(always)]
fn squared_gradient<T: Sample>(above: &[T], row: &[T], below: &[T], x: usize) -> i32 {
    let at = |row: &[T], x: usize| -> i32 { row[x].into() };
    let gx = at(above, x + 2) - at(above, x) + 2 * (at(row, x + 2) - at(row, x)) + at(below, x + 2) - at(below, x);
    let gy =
        at(below, x) + 2 * at(below, x + 1) + at(below, x + 2) - at(above, x) - 2 * at(above, x + 1) - at(above, x + 2);
    gx * gx + gy * gy
}

/// Sobel gradients of the interior of `row`. The three rows have the same length, at least 3.
#[inline(always)]
pub fn gradients<T: Sample>(above: &[T], row: &[T], below: &[T], sums: &mut GradientSums) {
    let interior = row.len() - 2;
    let mut x = 0;
    let (mut totals, mut square_totals) = ([0.0_f64; LANES], [0_u64; LANES]);
    while x + CHUNK <= interior {
        let (a, r, b) = (&above[x..][..CHUNK + 2], &row[x..][..CHUNK + 2], &below[x..][..CHUNK + 2]);
        let mut magnitudes = [0.0_f32; LANES];
        // A 12-bit square has up to 30 bits: four of them fill `u32`.
        let mut squares = [0_u32; LANES];
        for i in (0..CHUNK).step_by(LANES) {
            for lane in 0..LANES {
                let square = squared_gradient(a, r, b, i + lane);
                squares[lane] += square as u32;
                magnitudes[lane] += (square as f32).sqrt();
            }
        }
        for lane in 0..LANES {
            totals[lane] += f64::from(magnitudes[lane]);
            square_totals[lane] += u64::from(squares[lane]);
        }
        x += CHUNK;
    }
    while x < interior {
        let square = squared_gradient(above, row, below, x);
        square_totals[0] += square as u64;
        totals[0] += f64::from((square as f32).sqrt());
        x += 1;
    }
    sums.magnitude += totals.iter().sum::<f64>();
    sums.square += square_totals.iter().sum::<u64>();
}

/// Differences between the same row of two frames. Both have the same length.
#[inline(always)]
pub fn differences<T: Sample>(row: &[T], before: &[T], sums: &mut DifferenceSums) {
    for (row, before) in row.chunks(CHUNK).zip(before.chunks(CHUNK)) {
        let (mut difference, mut square) = (0_i32, 0_i32);
        for (&now, &then) in row.iter().zip(before) {
            let d: i32 = now.into() - then.into();
            difference += d;
            square += d * d;
        }
        sums.difference += i64::from(difference);
        sums.square += square as u64;
    }
}
