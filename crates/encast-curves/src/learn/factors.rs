//! A table over the knots as weights of a few functions, orthonormal over the knots: a third of the numbers.

use crate::{
    matrix::dot,
    model::{KNOTS, WIDTHS},
};

/// What is left of a function beside those before it, relative to its length, for it to count as one more.
const NOTHING: f64 = 1e-10;

/// A table and its basis, as [`crate::Curves`] keeps them.
pub(super) struct Factors {
    pub table: Vec<f32>,
    pub basis: Vec<f32>,
}

impl Factors {
    /// Of a table whose rows are sums of the functions, at most 16 of them. Exact but for rounding to single precision.
    pub(super) fn of(table: &[f64], functions: Vec<Vec<f64>>) -> Factors {
        let mut basis: Vec<Vec<f64>> = Vec::with_capacity(functions.len());
        for mut function in functions {
            let length = dot(&function, &function).sqrt();
            // Gram and Schmidt, twice: once leaves rounding errors where functions are almost alike.
            for _ in 0..2 {
                for other in &basis {
                    let share = dot(&function, other);
                    function.iter_mut().zip(other).for_each(|(value, other)| *value -= share * other);
                }
            }
            let left = dot(&function, &function).sqrt();
            if left > NOTHING * length {
                function.iter_mut().for_each(|value| *value /= left);
                basis.push(function);
            }
        }
        let width = WIDTHS.into_iter().find(|&width| width >= basis.len()).unwrap_or(WIDTHS[1]);
        basis.truncate(width);
        let mut weights = Vec::with_capacity(table.len() / KNOTS * width);
        for row in table.chunks_exact(KNOTS) {
            weights.extend(basis.iter().map(|function| dot(row, function) as f32));
            weights.resize(weights.len() + width - basis.len(), 0.0);
        }
        let mut flat: Vec<f32> = basis.iter().flatten().map(|&value| value as f32).collect();
        flat.resize(width * KNOTS, 0.0);
        Factors { table: weights, basis: flat }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factors_make_the_table_again() {
        let knots: Vec<f64> = (0..KNOTS).map(|knot| knot as f64 / 10.0 - 2.4).collect();
        for bells in [4, 6, 12] {
            let bell = |at: usize| {
                let centre = -2.4 + 4.7 * at as f64 / (bells - 1) as f64;
                knots.iter().map(|knot| (-0.5 * ((knot - centre) / 1.3).powi(2)).exp()).collect::<Vec<f64>>()
            };
            let functions: Vec<Vec<f64>> =
                [vec![1.0; KNOTS], knots.clone()].into_iter().chain((0..bells).map(bell)).collect();
            let row = |salt: f64| {
                let value = |knot: usize| {
                    let parts = functions.iter().enumerate();
                    parts.map(|(f, function)| ((f as f64 + 1.0) * salt).sin() * function[knot]).sum::<f64>()
                };
                (0..KNOTS).map(value).collect::<Vec<f64>>()
            };
            let table: Vec<f64> = [1.7, 2.9, 0.3].into_iter().flat_map(row).collect();
            let factors = Factors::of(&table, functions.clone());
            let width = factors.basis.len() / KNOTS;
            assert_eq!(width, if bells <= 6 { 8 } else { 16 });
            for (row, weights) in table.chunks(KNOTS).zip(factors.table.chunks(width)) {
                for (knot, value) in row.iter().enumerate() {
                    let again: f32 = weights.iter().zip(factors.basis.chunks(KNOTS)).map(|(w, f)| w * f[knot]).sum();
                    assert!((f64::from(again) - value).abs() < 2e-6, "{again} {value}");
                }
            }
        }
    }
}
