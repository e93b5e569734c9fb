//! Dense symmetric systems: products, Cholesky factors and solves, each sum in a fixed order.
//!
//! Written here and not taken from a library because the same table must give the same bits on every machine: libraries
//! choose their kernels, and with them the order of their sums, by the processor they run on.

/// Sums that run side by side in a dot product, so that it fills vector registers; part of the result's definition.
const LANES: usize = 8;
/// Columns that are solved together.
const WIDE: usize = 24;
const NARROW: usize = 8;

/// A matrix in rows.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Matrix {
    pub rows: usize,
    pub columns: usize,
    pub values: Vec<f64>,
}

impl Matrix {
    pub(crate) fn zeros(rows: usize, columns: usize) -> Matrix {
        Matrix { rows, columns, values: vec![0.0; rows * columns] }
    }

    pub(crate) fn row(&self, row: usize) -> &[f64] {
        &self.values[row * self.columns..(row + 1) * self.columns]
    }

    pub(crate) fn row_mut(&mut self, row: usize) -> &mut [f64] {
        &mut self.values[row * self.columns..(row + 1) * self.columns]
    }

    pub(crate) fn at(&self, row: usize, column: usize) -> f64 {
        self.values[row * self.columns + column]
    }

    /// The matrix times a vector.
    pub(crate) fn times(&self, vector: &[f64]) -> Vec<f64> {
        (0..self.rows).map(|row| dot(self.row(row), vector)).collect()
    }

    /// The transposed matrix times a vector.
    pub(crate) fn transposed_times(&self, vector: &[f64]) -> Vec<f64> {
        let mut out = vec![0.0; self.columns];
        for (row, &factor) in vector.iter().enumerate() {
            add_scaled(&mut out, factor, self.row(row));
        }
        out
    }

    pub(crate) fn transposed(&self) -> Matrix {
        let mut out = Matrix::zeros(self.columns, self.rows);
        for row in 0..self.rows {
            for (column, &value) in self.row(row).iter().enumerate() {
                out.values[column * self.rows + row] = value;
            }
        }
        out
    }

    /// Adds `other · otherᵀ` to the lower triangle.
    pub(crate) fn add_outer_product(&mut self, other: &Matrix) {
        let mut row = 0;
        while row < other.rows {
            let block = (other.rows - row).min(4);
            for column in 0..row + block {
                let sums = dots(other, row, block, column, other.columns);
                for (i, sum) in sums.into_iter().enumerate().take(block) {
                    if column <= row + i {
                        self.values[(row + i) * self.columns + column] += sum;
                    }
                }
            }
            row += block;
        }
    }
}

/// Dot products of up to four rows, from `row` on, with the row `with`, over the first `length` columns.
fn dots(matrix: &Matrix, row: usize, block: usize, with: usize, length: usize) -> [f64; 4] {
    let right = &matrix.row(with)[..length];
    let left: [&[f64]; 4] = std::array::from_fn(|i| &matrix.row(row + i.min(block - 1))[..length]);
    dots_of(left, right)
}

fn dots_of(left: [&[f64]; 4], right: &[f64]) -> [f64; 4] {
    // Two at a time: the sums of four do not fit the vector registers that every processor has.
    let ([a, b], [c, d]) = (dots_of_two([left[0], left[1]], right), dots_of_two([left[2], left[3]], right));
    [a, b, c, d]
}

fn dots_of_two(left: [&[f64]; 2], right: &[f64]) -> [f64; 2] {
    let mut sums = [[0.0; LANES]; 2];
    let (chunks, rest) = right.as_chunks::<LANES>();
    let parts = left.map(|row| row[..right.len()].as_chunks::<LANES>());
    for (at, chunk) in chunks.iter().enumerate() {
        for (sum, part) in sums.iter_mut().zip(&parts) {
            let values = &part.0[at];
            for lane in 0..LANES {
                sum[lane] += values[lane] * chunk[lane];
            }
        }
    }
    std::array::from_fn(|i| {
        let tail: f64 = parts[i].1.iter().zip(rest).map(|(a, b)| a * b).sum();
        sums[i].iter().sum::<f64>() + tail
    })
}

/// The dot product, over the shorter length.
pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let length = a.len().min(b.len());
    let (a, b) = (a[..length].as_chunks::<LANES>(), b[..length].as_chunks::<LANES>());
    let mut sums = [0.0; LANES];
    for (a, b) in a.0.iter().zip(b.0) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    sums.iter().sum::<f64>() + a.1.iter().zip(b.1).map(|(a, b)| a * b).sum::<f64>()
}

/// `out += factor · row`.
pub(crate) fn add_scaled(out: &mut [f64], factor: f64, row: &[f64]) {
    for (out, value) in out.iter_mut().zip(row) {
        *out += factor * value;
    }
}

/// The lower triangle `L` with `L·Lᵀ` = the matrix.
#[derive(Debug, Clone)]
pub(crate) struct Cholesky {
    pub lower: Matrix,
}

impl Cholesky {
    /// Of a symmetric matrix of which only the lower triangle is read; `None` when it is not positive definite.
    pub(crate) fn new(mut matrix: Matrix) -> Option<Cholesky> {
        let n = matrix.rows;
        let mut row = 0;
        while row < n {
            let block = (n - row).min(4);
            // What stands left of the block's own triangle, four rows at a time.
            for column in 0..row {
                let sums = dots(&matrix, row, block, column, column);
                let pivot = matrix.at(column, column);
                for (i, sum) in sums.into_iter().enumerate().take(block) {
                    let value = &mut matrix.values[(row + i) * n + column];
                    *value = (*value - sum) / pivot;
                }
            }
            for i in row..row + block {
                for column in row..=i {
                    let sum = dot(&matrix.row(i)[..column], &matrix.row(column)[..column]);
                    let value = matrix.at(i, column) - sum;
                    matrix.values[i * n + column] = if column < i {
                        value / matrix.at(column, column)
                    } else if value > 0.0 && value.is_finite() {
                        value.sqrt()
                    } else {
                        return None;
                    };
                }
            }
            row += block;
        }
        Some(Cholesky { lower: matrix })
    }

    /// `L⁻¹` times each column of `right`, in place.
    pub(crate) fn forward(&self, right: &mut Matrix) {
        // As many columns at a time as fit the vector registers; columns do not meet, so this changes no bit.
        let mut start = 0;
        while right.columns - start >= WIDE {
            self.forward_strip::<WIDE>(right, start, WIDE);
            start += WIDE;
        }
        while start < right.columns {
            let width = (right.columns - start).min(NARROW);
            self.forward_strip::<NARROW>(right, start, width);
            start += width;
        }
    }

    fn forward_strip<const STRIP: usize>(&self, right: &mut Matrix, start: usize, width: usize) {
        let columns = right.columns;
        for row in 0..right.rows {
            let (above, below) = right.values.split_at_mut(row * columns);
            let factors = &self.lower.row(row)[..row];
            let mut sum = [0.0; STRIP];
            sum[..width].copy_from_slice(&below[start..start + width]);
            if width == STRIP {
                for (&factor, solved) in factors.iter().zip(above.chunks_exact(columns)) {
                    if let Some(solved) = solved[start..].first_chunk::<STRIP>() {
                        sum.iter_mut().zip(solved).for_each(|(sum, solved)| *sum -= factor * solved);
                    }
                }
            } else {
                for (&factor, solved) in factors.iter().zip(above.chunks_exact(columns)) {
                    let solved = &solved[start..start + width];
                    sum.iter_mut().zip(solved).for_each(|(sum, solved)| *sum -= factor * solved);
                }
            }
            let pivot = self.lower.at(row, row);
            below[start..start + width].iter_mut().zip(&sum).for_each(|(out, sum)| *out = sum / pivot);
        }
    }

    /// `L⁻¹` times a vector, in place.
    pub(crate) fn forward_vector(&self, vector: &mut [f64]) {
        for row in 0..self.lower.rows {
            let sum = dot(&self.lower.row(row)[..row], &vector[..row]);
            vector[row] = (vector[row] - sum) / self.lower.at(row, row);
        }
    }

    /// `L⁻ᵀ` times a vector, in place.
    pub(crate) fn backward_vector(&self, vector: &mut [f64]) {
        for row in (0..self.lower.rows).rev() {
            let value = vector[row] / self.lower.at(row, row);
            vector[row] = value;
            add_scaled(&mut vector[..row], -value, &self.lower.row(row)[..row]);
        }
    }

    /// Solves the system for one right side.
    pub(crate) fn solve(&self, right: &[f64]) -> Vec<f64> {
        let mut vector = right.to_vec();
        self.forward_vector(&mut vector);
        self.backward_vector(&mut vector);
        vector
    }

    /// The inverse of the matrix, whole.
    pub(crate) fn inverse(&self) -> Matrix {
        let n = self.lower.rows;
        // Rows of L⁻ᵀ: row c holds column c of L⁻¹, which is 0 above place c.
        let mut columns = Matrix::zeros(n, n);
        for column in 0..n {
            let out = columns.row_mut(column);
            out[column] = 1.0 / self.lower.at(column, column);
            for row in column + 1..n {
                let sum = dot(&self.lower.row(row)[column..row], &out[column..row]);
                out[row] = -sum / self.lower.at(row, row);
            }
        }
        let mut inverse = Matrix::zeros(n, n);
        for i in 0..n {
            for j in 0..=i {
                let sum = dot(&columns.row(i)[i..], &columns.row(j)[i..]);
                inverse.values[i * n + j] = sum;
                inverse.values[j * n + i] = sum;
            }
        }
        inverse
    }

    /// Half the logarithm of the determinant.
    #[cfg(test)]
    pub(crate) fn half_log_determinant(&self) -> f64 {
        (0..self.lower.rows).map(|i| self.lower.at(i, i).ln()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example(n: usize) -> Matrix {
        let mut state = 7u64;
        let mut root = Matrix::zeros(n, n + 3);
        for value in &mut root.values {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            *value = (state >> 40) as f64 / (1u64 << 24) as f64 - 0.5;
        }
        let mut matrix = Matrix::zeros(n, n);
        matrix.add_outer_product(&root);
        for i in 0..n {
            matrix.values[i * n + i] += 0.1;
            for j in 0..i {
                matrix.values[j * n + i] = matrix.values[i * n + j];
            }
        }
        matrix
    }

    #[test]
    fn factors_solve_and_invert() {
        for n in [1, 3, 4, 5, 29] {
            let matrix = example(n);
            let cholesky = Cholesky::new(matrix.clone()).unwrap();
            let right: Vec<f64> = (0..n).map(|i| i as f64 - 2.0).collect();
            let product = matrix.times(&cholesky.solve(&right));
            assert!(product.iter().zip(&right).all(|(a, b)| (a - b).abs() < 1e-8), "{n}");
            let inverse = cholesky.inverse();
            for i in 0..n {
                let unit = matrix.times(inverse.row(i));
                assert!(unit.iter().enumerate().all(|(j, v)| (v - f64::from(i == j)).abs() < 1e-7), "{n}");
            }
            let mut many = matrix.clone();
            cholesky.forward(&mut many);
            let transposed = matrix.transposed();
            for column in 0..n {
                let mut one = transposed.row(column).to_vec();
                cholesky.forward_vector(&mut one);
                assert!(one.iter().enumerate().all(|(row, v)| (v - many.at(row, column)).abs() < 1e-8), "{n}");
            }
        }
    }

    #[test]
    fn indefinite_matrices_have_no_factor() {
        let matrix = Matrix { rows: 2, columns: 2, values: vec![1.0, 2.0, 2.0, 1.0] };
        assert!(Cholesky::new(matrix).is_none());
    }
}
