//! The values of curves at their knots, from inputs: kernels, weights, functions of the rate.

use crate::{
    model::{Curves, KNOTS, MAX_CENTRES, MAX_COLUMNS},
    serve::Curve,
    simd::{Isa, LANES},
};

/// What is asked of an evaluation: all knots, or those that the value at a rate depends on.
pub(crate) enum Read<'a> {
    Whole(&'a mut Curve),
    Around(&'a mut Curve, f64),
}

/// The work that is compiled for each set of instructions: lanes are independent, so that all give the same bits.
pub(crate) struct Evaluation<'a> {
    pub curves: &'a Curves,
    pub inputs: &'a [f64],
    pub read: Read<'a>,
}

/// What stands behind the last centre: so far away that its kernel is 0.
const NOWHERE: f32 = 1e16;

impl Evaluation<'_> {
    #[inline(always)]
    pub(crate) fn run<I: Isa>(self, isa: I) {
        let Evaluation { curves, inputs, read } = self;
        // What each row of the table is multiplied with: 1, the scaled inputs, the kernels.
        let mut factors = [0.0f32; 1 + MAX_COLUMNS + MAX_CENTRES];
        let columns = curves.columns().min(MAX_COLUMNS);
        let count = curves.centre_count().min(MAX_CENTRES);
        factors[0] = 1.0;
        let (scaled, kernels) = factors[1..].split_at_mut(columns);
        let edges = curves.low.iter().zip(&curves.high);
        let scales = curves.mean.iter().zip(&curves.scale).zip(edges);
        let inputs = inputs.iter().chain(std::iter::repeat(&f64::NAN));
        for ((scaled, ((mean, scale), (&low, &high))), input) in scaled.iter_mut().zip(scales).zip(inputs) {
            let value = (input - mean) * scale;
            let clamped = if value < low { low } else { value };
            let clamped = if clamped > high { high } else { clamped };
            *scaled = if clamped.is_nan() { 0.0 } else { clamped as f32 };
        }
        let mut nearest = isa.splat(0.0);
        let (vectors, rest) = kernels[..count].as_chunks_mut::<LANES>();
        let mut first = 0;
        while first < vectors.len() {
            // Side by side, so that sums do not wait for sums; in as few rounds as possible.
            let (scaled, vectors) = (&*scaled, &mut vectors[first..]);
            let at = (curves.centres.as_slice(), count, first * LANES);
            first += match vectors.len() {
                left if left.is_multiple_of(5) => nearer::<I, 5>(isa, at, scaled, vectors, &mut nearest),
                4.. => nearer::<I, 4>(isa, at, scaled, vectors, &mut nearest),
                3 => nearer::<I, 3>(isa, at, scaled, vectors, &mut nearest),
                2 => nearer::<I, 2>(isa, at, scaled, vectors, &mut nearest),
                _ => nearer::<I, 1>(isa, at, scaled, vectors, &mut nearest),
            };
        }
        if !rest.is_empty() {
            let mut distance = isa.splat(0.0);
            for (centres, &z) in curves.centres.chunks_exact(count).zip(&*scaled) {
                let mut padded = [NOWHERE; LANES];
                padded[..rest.len()].copy_from_slice(&centres[count - rest.len()..]);
                let gap = isa.sub(isa.splat(z), isa.load(&padded));
                distance = isa.add(distance, isa.mul(gap, gap));
            }
            let kernel = kernel(isa, distance);
            nearest = isa.max(nearest, kernel);
            let mut lanes = [0.0; LANES];
            isa.store(kernel, &mut lanes);
            rest.copy_from_slice(&lanes[..rest.len()]);
        }
        let factors = &factors[..1 + columns + count];
        let (curve, knots) = match read {
            Read::Whole(curve) => (curve, 0..KNOTS),
            Read::Around(curve, rate) => {
                let knot = curve.knot(rate).0;
                (curve, knot..knot + 2)
            }
        };
        let mut lanes = [0.0f32; LANES];
        isa.store(nearest, &mut lanes);
        curve.nearness = f64::from(lanes.iter().fold(0.0f32, |most, &kernel| most.max(kernel)));
        match curves.width() {
            8 => products(isa, &sums::<I, 1>(isa, factors, &curves.table), &curves.basis, knots, &mut curve.values),
            16 => products(isa, &sums::<I, 2>(isa, factors, &curves.table), &curves.basis, knots, &mut curve.values),
            _ => whole_rows(isa, factors, &curves.table, &mut curve.values),
        }
    }
}

#[inline(always)]
fn kernel<I: Isa>(isa: I, distance: I::Floats) -> I::Floats {
    let root = isa.add(isa.splat(1.0), isa.mul(distance, isa.splat(0.25)));
    isa.div(isa.splat(1.0), isa.mul(root, root))
}

/// The kernels of `N` vectors of centres; gives `N`. The centres stand column by column, `count` of them in each.
#[inline(always)]
fn nearer<I: Isa, const N: usize>(
    isa: I,
    (centres, count, from): (&[f32], usize, usize),
    scaled: &[f32],
    kernels: &mut [[f32; LANES]],
    nearest: &mut I::Floats,
) -> usize {
    let mut distances = [isa.splat(0.0); N];
    for (centres, &z) in centres.chunks_exact(count).zip(scaled) {
        let z = isa.splat(z);
        let Some(centres) = centres[from..].as_chunks::<LANES>().0.first_chunk::<N>() else { continue };
        for (distance, centres) in distances.iter_mut().zip(centres) {
            let gap = isa.sub(z, isa.load(centres));
            *distance = isa.add(*distance, isa.mul(gap, gap));
        }
    }
    for (distance, kernels) in distances.iter().zip(kernels) {
        let kernel = kernel(isa, *distance);
        *nearest = isa.max(*nearest, kernel);
        isa.store(kernel, kernels);
    }
    N
}

/// The sum of the table's rows of `VECTORS` vectors, each times its factor: every fourth row by itself, so that sums do not
/// wait for sums.
#[inline(always)]
fn sums<I: Isa, const VECTORS: usize>(isa: I, factors: &[f32], table: &[f32]) -> [[f32; LANES]; VECTORS] {
    let mut sums = [[isa.splat(0.0); VECTORS]; 4];
    let rows = table.as_chunks::<LANES>().0.as_chunks::<VECTORS>().0;
    let (fours, rest) = rows.as_chunks::<4>();
    let (of_fours, of_rest) = factors.as_chunks::<4>();
    let add = |sum: &mut [I::Floats; VECTORS], row: &[[f32; LANES]; VECTORS], factor: f32| {
        let factor = isa.splat(factor);
        for (sum, row) in sum.iter_mut().zip(row) {
            *sum = isa.add(*sum, isa.mul(factor, isa.load(row)));
        }
    };
    for (rows, factors) in fours.iter().zip(of_fours) {
        for ((sum, row), &factor) in sums.iter_mut().zip(rows).zip(factors) {
            add(sum, row, factor);
        }
    }
    for ((sum, row), &factor) in sums.iter_mut().zip(rest).zip(of_rest) {
        add(sum, row, factor);
    }
    let mut out = [[0.0; LANES]; VECTORS];
    for (vector, out) in out.iter_mut().enumerate() {
        let pairs = [(0, 1), (2, 3)].map(|(a, b): (usize, usize)| isa.add(sums[a][vector], sums[b][vector]));
        isa.store(isa.add(pairs[0], pairs[1]), out);
    }
    out
}

/// Vectors of a row of knots.
const ROW: usize = KNOTS / LANES;

/// The values at some knots: the weights, each times its function there.
#[inline(always)]
fn products<I: Isa, const VECTORS: usize>(
    isa: I,
    weights: &[[f32; LANES]; VECTORS],
    basis: &[f32],
    knots: std::ops::Range<usize>,
    values: &mut [f64; KNOTS],
) {
    let functions = basis.as_chunks::<KNOTS>().0;
    let weights = weights.as_flattened();
    if knots.len() < KNOTS {
        for knot in knots {
            let sum =
                weights.iter().zip(functions).fold(0.0f32, |sum, (weight, function)| sum + weight * function[knot]);
            values[knot] = f64::from(sum);
        }
        return;
    }
    let mut sums = [isa.splat(0.0); ROW];
    for (&weight, function) in weights.iter().zip(functions) {
        let weight = isa.splat(weight);
        for (sum, function) in sums.iter_mut().zip(function.as_chunks().0) {
            *sum = isa.add(*sum, isa.mul(weight, isa.load(function)));
        }
    }
    put(isa, &sums, values);
}

/// The sum of the table's rows of knots, each times its factor, in their order.
#[inline(always)]
fn whole_rows<I: Isa>(isa: I, factors: &[f32], table: &[f32], values: &mut [f64; KNOTS]) {
    let mut sums = [isa.splat(0.0); ROW];
    for (row, (&factor, weights)) in factors.iter().zip(table.as_chunks::<KNOTS>().0).enumerate() {
        let factor = isa.splat(factor);
        for (sum, weights) in sums.iter_mut().zip(weights.as_chunks().0) {
            let part = isa.mul(factor, isa.load(weights));
            *sum = if row == 0 { part } else { isa.add(*sum, part) };
        }
    }
    put(isa, &sums, values);
}

#[inline(always)]
fn put<I: Isa>(isa: I, sums: &[I::Floats; ROW], values: &mut [f64; KNOTS]) {
    for (sum, values) in sums.iter().zip(values.as_chunks_mut::<LANES>().0) {
        let mut lanes = [0.0f32; LANES];
        isa.store(*sum, &mut lanes);
        *values = lanes.map(f64::from);
    }
}
