//! Weighted energy of the DCT of one 32×32 block.
//!
//! Two passes of the fast transform in `transform`, columns side by side; between them the block is turned while it is
//! loaded. The first three foldings of the first pass are whole numbers in 16 bits. Every sum and difference of samples
//! is exact, so flat parts give exact zeros and the mean needs no sum of its own.

#![allow(clippy::needless_range_loop)] // Loops over places in fixed arrays are what is unrolled.

mod transform;

use std::array::from_fn;

use crate::{plane::Sample, simd::Isa};
use transform::Turns;

/// Samples along one side of a block.
pub const BLOCK: usize = 32;

/// What the transform multiplies with. Its basis is not normalised: that is part of the weights.
pub struct Tables {
    turns: Turns,
    /// Weight of a coefficient; the table is symmetric.
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

impl Tables {
    pub fn new() -> Tables {
        // Orthonormal scale, times 4: the scale of the integer transform that VCA takes from HEVC.
        let norm = |k: usize| if k == 0 { (1.0 / 32.0_f64).sqrt() } else { (2.0 / 32.0_f64).sqrt() };
        Tables {
            turns: Turns::new(),
            weights: from_fn(|v| from_fn(|u| (4.0 * norm(u) * norm(v) * frequency_weight(v, u)) as f32)),
        }
    }
}

/// What stands between the steps, kept from block to block.
#[repr(align(64))]
pub struct Workspace {
    /// Of each column: 16 differences of the first folding, 8 of the second, 4 of the third, and its 4 sums.
    folded: [[i16; BLOCK]; BLOCK],
    /// Coefficients of each column: `[vertical frequency][column]`.
    columns: [[f32; BLOCK]; BLOCK],
    /// Weighted sums of each vertical frequency.
    sums: [f32; BLOCK],
}

impl Workspace {
    pub fn new() -> Workspace {
        Workspace { folded: [[0; BLOCK]; BLOCK], columns: [[0.0; BLOCK]; BLOCK], sums: [0.0; BLOCK] }
    }
}

/// Sum of the weighted magnitudes of the coefficients of the block at `left` in 32 rows, and the sum of its samples.
#[inline(always)]
pub fn energy<S: Isa, T: Sample>(
    isa: S,
    rows: &[&[T]; BLOCK],
    left: usize,
    tables: &Tables,
    work: &mut Workspace,
) -> (f32, f32) {
    for part in (0..BLOCK).step_by(S::INTS) {
        fold(isa, rows, left + part, part, &mut work.folded);
    }
    for left in (0..BLOCK).step_by(S::FLOATS) {
        columns(isa, &work.folded, left, &tables.turns, &mut work.columns);
    }
    let mut sum = 0.0;
    for top in (0..BLOCK).step_by(S::FLOATS) {
        let lowest = weighted_rows(isa, &work.columns, top, tables, &mut work.sums);
        if top == 0 {
            sum = lowest;
        }
    }
    (total(&work.sums), sum)
}

/// Sum of all lanes, by halves.
#[inline(always)]
fn total(sums: &[f32; BLOCK]) -> f32 {
    let (mut sixteen, mut eight, mut four) = ([0.0_f32; 16], [0.0_f32; 8], [0.0_f32; 4]);
    for i in 0..16 {
        sixteen[i] = sums[i] + sums[i + 16];
    }
    for i in 0..8 {
        eight[i] = sixteen[i] + sixteen[i + 8];
    }
    for i in 0..4 {
        four[i] = eight[i] + eight[i + 4];
    }
    (four[0] + four[2]) + (four[1] + four[3])
}

/// Folds columns three times around their middle. Eight samples of 12 bits still fit 16 bits.
#[inline(always)]
fn fold<S: Isa, T: Sample>(isa: S, rows: &[&[T]; BLOCK], left: usize, part: usize, folded: &mut [[i16; BLOCK]; BLOCK]) {
    let mut sixteen = [T::load(isa, &rows[0][left..]); 16];
    for n in 0..16 {
        let (a, b) = (T::load(isa, &rows[n][left..]), T::load(isa, &rows[31 - n][left..]));
        sixteen[n] = a + b;
        isa.store_ints(a - b, &mut folded[n][part..]);
    }
    let mut eight = [sixteen[0]; 8];
    for n in 0..8 {
        let (a, b) = (sixteen[n], sixteen[15 - n]);
        eight[n] = a + b;
        isa.store_ints(a - b, &mut folded[16 + n][part..]);
    }
    for n in 0..4 {
        let (a, b) = (eight[n], eight[7 - n]);
        isa.store_ints(a - b, &mut folded[24 + n][part..]);
        isa.store_ints(a + b, &mut folded[28 + n][part..]);
    }
}

/// `N` rows of what was folded, from `first` on.
#[inline(always)]
fn widened<S: Isa, const N: usize>(
    isa: S,
    folded: &[[i16; BLOCK]; BLOCK],
    left: usize,
    first: usize,
) -> [S::Floats; N] {
    let mut rows = [isa.splat(0.0); N];
    for n in 0..N {
        rows[n] = isa.widen(&folded[first + n][left..]);
    }
    rows
}

/// The first pass: coefficients of columns.
#[inline(always)]
fn columns<S: Isa>(
    isa: S,
    folded: &[[i16; BLOCK]; BLOCK],
    left: usize,
    turns: &Turns,
    columns: &mut [[f32; BLOCK]; BLOCK],
) {
    let odd = transform::odd16(isa, widened(isa, folded, left, 0), turns);
    for k in 0..16 {
        isa.store(odd[k], &mut columns[2 * k + 1][left..]);
    }
    let odd = transform::odd8(isa, widened(isa, folded, left, 16), turns);
    for k in 0..8 {
        isa.store(odd[k], &mut columns[4 * k + 2][left..]);
    }
    let odd = transform::odd4(isa, widened(isa, folded, left, 24), turns);
    for k in 0..4 {
        isa.store(odd[k], &mut columns[8 * k + 4][left..]);
    }
    let all = transform::all4(isa, widened(isa, folded, left, 28), turns);
    for k in 0..4 {
        isa.store(all[k], &mut columns[8 * k][left..]);
    }
}

/// Four columns from `LEFT` on, turned and folded with the four opposite.
#[inline(always)]
fn fold_turned<S: Isa, const LEFT: usize>(
    isa: S,
    columns: &[[f32; BLOCK]],
    low: &mut [S::Floats; 16],
    high: &mut [S::Floats; 16],
) {
    let left = isa.columns(columns, LEFT);
    let right = isa.columns(columns, BLOCK - 4 - LEFT);
    for i in 0..4 {
        low[LEFT + i] = left[i] + right[3 - i];
        high[LEFT + i] = left[i] - right[3 - i];
    }
}

/// The second pass: of the rows from `top` on, side by side, the weighted sums. Returns the first row's lowest
/// coefficient.
#[inline(always)]
fn weighted_rows<S: Isa>(
    isa: S,
    columns: &[[f32; BLOCK]; BLOCK],
    top: usize,
    tables: &Tables,
    sums: &mut [f32; BLOCK],
) -> f32 {
    let zero = isa.splat(0.0);
    let (mut low, mut high) = ([zero; 16], [zero; 16]);
    // Written out: a loop that is not unrolled would keep all of it in memory.
    fold_turned::<S, 0>(isa, &columns[top..], &mut low, &mut high);
    fold_turned::<S, 4>(isa, &columns[top..], &mut low, &mut high);
    fold_turned::<S, 8>(isa, &columns[top..], &mut low, &mut high);
    fold_turned::<S, 12>(isa, &columns[top..], &mut low, &mut high);
    let (turns, weights) = (&tables.turns, &tables.weights);
    let (mut sum, mut even_sum) = (zero, zero);
    let odd = transform::odd16(isa, high, turns);
    for k in 0..16 {
        sum = sum + isa.abs(odd[k]) * isa.load(&weights[2 * k + 1][top..]);
    }
    let even = transform::all16(isa, low, turns);
    for k in 0..16 {
        even_sum = even_sum + isa.abs(even[k]) * isa.load(&weights[2 * k][top..]);
    }
    isa.store(sum + even_sum, &mut sums[top..]);
    let mut lowest = [0.0; 16];
    isa.store(even[0], &mut lowest);
    lowest[0]
}
