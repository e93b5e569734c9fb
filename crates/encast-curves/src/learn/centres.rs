//! Where the kernel's centres lie: inputs far from each other, and the rates between the sample's ends.

use crate::matrix::Matrix;

/// At most `most` distinct rows of `scaled`, each the farthest from those before it, from the one nearest to 0 on
/// (Gonzalez, Clustering to minimize the maximum intercluster distance, 1985).
pub(crate) fn spread_out(scaled: &Matrix, most: usize) -> Matrix {
    let length = |row: usize| scaled.row(row).iter().map(|value| value * value).sum::<f64>();
    let first = (0..scaled.rows).min_by(|&a, &b| length(a).total_cmp(&length(b))).unwrap_or(0);
    let mut chosen = vec![first];
    let mut nearest = vec![f64::INFINITY; scaled.rows];
    while chosen.len() < most {
        let last = chosen[chosen.len() - 1];
        for (row, nearest) in nearest.iter_mut().enumerate() {
            let pairs = scaled.row(row).iter().zip(scaled.row(last));
            *nearest = nearest.min(pairs.map(|(a, b)| (a - b) * (a - b)).sum());
        }
        let farthest = (0..scaled.rows).max_by(|&a, &b| nearest[a].total_cmp(&nearest[b]).then(b.cmp(&a)));
        match farthest {
            Some(row) if nearest[row] > 1e-9 => chosen.push(row),
            _ => break,
        }
    }
    let mut centres = Matrix::zeros(chosen.len(), scaled.columns);
    for (at, &row) in chosen.iter().enumerate() {
        centres.row_mut(at).copy_from_slice(scaled.row(row));
    }
    centres
}
