//! Weighted energy of the DCT of one 32×32 block.
//!
//! Two separable passes in single precision. The first takes a row's sums and differences around its middle and
//! multiplies them with the even and odd basis; the second runs down the columns, 32 side by side, with the same
//! folding at four levels. Neither needs a transpose. Nothing is contracted to fused multiply-add and every sum has
//! one fixed order, so all processors get the same bits.

#![allow(clippy::needless_range_loop)] // Loops over places in fixed arrays are what vectorises.

use std::f64::consts::PI;

/// Samples along one side of a block.
pub const BLOCK: usize = 32;
const HALF: usize = BLOCK / 2;
/// Rows, or coefficients, worked on at once: as many as registers hold.
const TOGETHER: usize = 4;

/// What the passes multiply with. The basis is not normalised: that is part of the weights.
pub struct Tables {
    /// Even and odd coefficients of a row: `[sample][coefficient]`.
    even: [[f32; HALF]; HALF],
    odd: [[f32; HALF]; HALF],
    /// Odd coefficients of a column of 32, 16, 8 and 4: `[coefficient][sample]`.
    odd16: [[f32; 16]; 16],
    odd8: [[f32; 8]; 8],
    odd4: [[f32; 4]; 4],
    odd2: [[f32; 2]; 2],
    /// Weight by place of the result: `[vertical frequency][place in a row]`, even horizontal frequencies first.
    weights: [[f32; BLOCK]; BLOCK],
}

/// Weight of the coefficient with vertical frequency `v` and horizontal frequency `u`, both from 0.
///
/// `exp(((u + 1)(v + 1) / 32²)² − 1)`; 0 for the mean, and 27/255 for the two lowest frequencies, as VCA has it.
pub fn frequency_weight(v: usize, u: usize) -> f64 {
    match (v, u) {
        (0, 0) => 0.0,
        (0, 1) | (1, 0) => 27.0 / 255.0,
        _ => {
            let product = ((u + 1) * (v + 1)) as f64 / (BLOCK * BLOCK) as f64;
            (product * product - 1.0).exp()
        }
    }
}

/// `cos((2n + 1) k π / 2N)`.
fn cosine(n: usize, k: usize, length: usize) -> f64 {
    // Reduced before the division, so that equal angles give equal cosines.
    let turn = ((2 * n + 1) * k) % (4 * length);
    (turn as f64 * PI / (2 * length) as f64).cos()
}

fn odd_of<const N: usize>() -> [[f32; N]; N] {
    std::array::from_fn(|k| std::array::from_fn(|n| cosine(n, 2 * k + 1, 2 * N) as f32))
}

impl Tables {
    pub fn new() -> Tables {
        // Orthonormal scale, times 4: the scale of the integer transform that VCA takes from HEVC.
        let norm = |k: usize| if k == 0 { (1.0 / 32.0_f64).sqrt() } else { (2.0 / 32.0_f64).sqrt() };
        Tables {
            even: std::array::from_fn(|n| std::array::from_fn(|k| cosine(n, 2 * k, BLOCK) as f32)),
            odd: std::array::from_fn(|n| std::array::from_fn(|k| cosine(n, 2 * k + 1, BLOCK) as f32)),
            odd16: odd_of(),
            odd8: odd_of(),
            odd4: odd_of(),
            odd2: odd_of(),
            weights: std::array::from_fn(|v| {
                std::array::from_fn(|place| {
                    let u = if place < HALF { 2 * place } else { 2 * (place - HALF) + 1 };
                    (4.0 * norm(u) * norm(v) * frequency_weight(v, u)) as f32
                })
            }),
        }
    }
}

/// A row of results: 32 columns side by side.
type Row = [f32; BLOCK];

/// Sums and differences of the rows of a block around their middle: `[row][sample]`.
pub struct Folded {
    pub sums: [[f32; HALF]; BLOCK],
    pub differences: [[f32; HALF]; BLOCK],
}

impl Folded {
    pub fn new() -> Folded {
        Folded { sums: [[0.0; HALF]; BLOCK], differences: [[0.0; HALF]; BLOCK] }
    }

    /// Takes one row of the block, less an offset that keeps the numbers small.
    #[inline(always)]
    pub fn set<T: Copy + Into<i32>>(&mut self, y: usize, row: &[T; BLOCK], offset: i32) {
        let mut left = [0.0_f32; HALF];
        let mut right = [0.0_f32; HALF];
        for j in 0..HALF {
            left[j] = (row[j].into() - offset) as f32;
            right[j] = (row[BLOCK - 1 - j].into() - offset) as f32;
        }
        for j in 0..HALF {
            self.sums[y][j] = left[j] + right[j];
            self.differences[y][j] = left[j] - right[j];
        }
    }
}

/// Sum of the weighted magnitudes of the coefficients.
#[inline(always)]
pub fn energy(folded: &Folded, tables: &Tables) -> f32 {
    let mut rows = [[0.0_f32; BLOCK]; BLOCK];
    for top in (0..BLOCK).step_by(TOGETHER) {
        let even = multiply(&folded.sums, top, &tables.even);
        let odd = multiply(&folded.differences, top, &tables.odd);
        for y in 0..TOGETHER {
            rows[top + y][..HALF].copy_from_slice(&even[y]);
            rows[top + y][HALF..].copy_from_slice(&odd[y]);
        }
    }
    columns(&mut rows, tables)
}

/// Four rows of samples times a basis: what is loaded of the basis serves all four.
#[inline(always)]
fn multiply(samples: &[[f32; HALF]; BLOCK], top: usize, basis: &[[f32; HALF]; HALF]) -> [[f32; HALF]; TOGETHER] {
    let mut results = [[0.0_f32; HALF]; TOGETHER];
    for n in 0..HALF {
        for y in 0..TOGETHER {
            let sample = samples[top + y][n];
            for k in 0..HALF {
                results[y][k] += sample * basis[n][k];
            }
        }
    }
    results
}

/// Folds rows around their middle: the first half becomes sums, `differences` takes the rest.
#[inline(always)]
fn fold<const N: usize>(rows: &mut [Row; BLOCK], differences: &mut [Row; N]) {
    for n in 0..N {
        for x in 0..BLOCK {
            let (a, b) = (rows[n][x], rows[2 * N - 1 - n][x]);
            rows[n][x] = a + b;
            differences[n][x] = a - b;
        }
    }
}

/// Adds the weighted magnitudes of the odd coefficients of one level.
#[inline(always)]
fn odd_level<const N: usize>(
    differences: &[Row; N],
    basis: &[[f32; N]; N],
    step: usize,
    tables: &Tables,
    sum: &mut Row,
) {
    let together = N.min(TOGETHER);
    for first in (0..N).step_by(together) {
        for left in (0..BLOCK).step_by(HALF) {
            let mut coefficients = [[0.0_f32; HALF]; TOGETHER];
            for n in 0..N {
                for k in 0..together {
                    let factor = basis[first + k][n];
                    for x in 0..HALF {
                        coefficients[k][x] += differences[n][left + x] * factor;
                    }
                }
            }
            for k in 0..together {
                let weights = &tables.weights[(2 * (first + k) + 1) * step];
                for x in 0..HALF {
                    sum[left + x] += coefficients[k][x].abs() * weights[left + x];
                }
            }
        }
    }
}

#[inline(always)]
fn add(coefficient: &Row, weights: &Row, sum: &mut Row) {
    for x in 0..BLOCK {
        sum[x] += coefficient[x].abs() * weights[x];
    }
}

/// The second pass, with the weighted sum.
#[inline(always)]
fn columns(rows: &mut [Row; BLOCK], tables: &Tables) -> f32 {
    let mut sum = [0.0_f32; BLOCK];
    let mut sixteen = [[0.0_f32; BLOCK]; 16];
    fold(rows, &mut sixteen);
    odd_level(&sixteen, &tables.odd16, 1, tables, &mut sum);
    let mut eight = [[0.0_f32; BLOCK]; 8];
    fold(rows, &mut eight);
    odd_level(&eight, &tables.odd8, 2, tables, &mut sum);
    let mut four = [[0.0_f32; BLOCK]; 4];
    fold(rows, &mut four);
    odd_level(&four, &tables.odd4, 4, tables, &mut sum);
    let mut two = [[0.0_f32; BLOCK]; 2];
    fold(rows, &mut two);
    odd_level(&two, &tables.odd2, 8, tables, &mut sum);
    // Frequencies 0 and 16.
    let mut low = [0.0_f32; BLOCK];
    let mut high = [0.0_f32; BLOCK];
    let half = std::f32::consts::FRAC_1_SQRT_2;
    for x in 0..BLOCK {
        low[x] = rows[0][x] + rows[1][x];
        high[x] = (rows[0][x] - rows[1][x]) * half;
    }
    add(&low, &tables.weights[0], &mut sum);
    add(&high, &tables.weights[16], &mut sum);
    let mut width = HALF;
    while width > 0 {
        for x in 0..width {
            sum[x] += sum[x + width];
        }
        width /= 2;
    }
    sum[0]
}
