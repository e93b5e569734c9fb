//! What is learnt, in the form in which it is kept: centres, knots and the table between them.

use serde::{Deserialize, Serialize};

use crate::error::CurveError;

/// Rates at which a curve is evaluated; between them it runs straight.
pub const KNOTS: usize = 48;
/// Most centres of a model.
pub const MAX_CENTRES: usize = 128;
/// Most inputs of a model.
pub const MAX_COLUMNS: usize = 64;
/// Functions that a basis may have.
pub(crate) const WIDTHS: [usize; 2] = [8, 16];
/// No kept number is larger: sums of them stay finite.
const LARGEST: f64 = 1e12;

/// Which way a curve may run along the rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Never falls.
    Rising,
    /// Never rises.
    Falling,
    /// Either way.
    Free,
}

/// Learnt curves: for any inputs, a value at each of [`KNOTS`] rates.
///
/// With `z` = the inputs, centred and scaled, the weight of function `f` is
/// `w_f = table[0][f] + Σ_c z_c · table[1+c][f] + Σ_j k(z, centre_j) · table[1+columns+j][f]`, where
/// `k(z, c) = (1 + |z − c|² / 4)⁻²` is the rational quadratic kernel with α = 2 (Rasmussen & Williams, Gaussian
/// Processes for Machine Learning, 2006, equation 4.19), and the value at knot `m` is `Σ_f w_f · basis[f][m]`. Without a
/// basis there is a function for each knot, 1 there and 0 elsewhere. Only +, −, ×, / are needed, so that every machine
/// gets the same bits. A curve that must be monotone is then the mean of its smallest rising majorant and its largest
/// rising minorant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Curves {
    /// Which way the curves may run.
    pub direction: Direction,
    /// Of each input: what becomes 0.
    pub mean: Vec<f64>,
    /// Of each input: the factor after that. 0 for an input that tells nothing.
    pub scale: Vec<f64>,
    /// Of each input, scaled: values beyond these count as these.
    pub low: Vec<f64>,
    /// As `low`.
    pub high: Vec<f64>,
    /// Rate of the first knot.
    pub first: f64,
    /// Between two knots.
    pub step: f64,
    /// Scaled inputs of the centres: for each input, its value at every centre.
    pub centres: Vec<f32>,
    /// One row of weights, of each function one, for the constant, for each input, for each centre.
    pub table: Vec<f32>,
    /// The functions of the rate, 8 or 16, by their values at the [`KNOTS`] knots, one function after another. Empty where
    /// the table's rows hold a number for each knot.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub basis: Vec<f32>,
}

impl Curves {
    /// Inputs of a curve.
    pub fn columns(&self) -> usize {
        self.mean.len()
    }

    /// Centres of the kernel.
    pub fn centre_count(&self) -> usize {
        (self.table.len() / self.width()).saturating_sub(1 + self.columns())
    }

    /// Numbers in a row of the table: functions of the basis, or knots.
    pub fn width(&self) -> usize {
        match self.basis.len() / KNOTS {
            0 => KNOTS,
            functions => functions,
        }
    }

    /// The rates of the first and the last knot; beyond them a curve stays as it is there.
    pub fn rates(&self) -> (f64, f64) {
        (self.first, self.first + self.step * (KNOTS - 1) as f64)
    }

    /// Checks what was read from outside.
    ///
    /// # Errors
    /// [`CurveError::Invalid`].
    pub fn check(&self) -> Result<(), CurveError> {
        let invalid = |reason: String| Err(CurveError::Invalid { reason });
        let columns = self.columns();
        if columns == 0 || columns > MAX_COLUMNS {
            return invalid(format!("{columns} inputs, 1 to {MAX_COLUMNS} are possible"));
        }
        for (name, values) in [("scale", &self.scale), ("low", &self.low), ("high", &self.high)] {
            if values.len() != columns {
                return invalid(format!("{} numbers in {name}, {columns} inputs", values.len()));
            }
        }
        let numbers = self.mean.iter().chain(&self.scale).chain(&self.low).chain(&self.high);
        let small = numbers.copied().chain([self.first, self.step]);
        let fine = |value: f32| value.abs() <= LARGEST as f32;
        let kept = [&self.centres, &self.table, &self.basis].map(|numbers| (numbers, numbers.iter().all(|&v| fine(v))));
        let worst =
            kept.into_iter().filter(|(_, all)| !all).find_map(|(numbers, _)| numbers.iter().find(|&&v| !fine(v)));
        let small = small.into_iter().find(|value| value.is_nan() || value.abs() > LARGEST);
        if let Some(value) = small.or(worst.map(|&value| f64::from(value))) {
            return invalid(format!("the number {value} is not within ±{LARGEST:e}"));
        }
        if self.low.iter().zip(&self.high).any(|(low, high)| low > high) {
            return invalid("the lower edge of an input lies above its upper edge".to_owned());
        }
        if self.step <= 0.0 {
            return invalid(format!("knots {} apart, but they must rise", self.step));
        }
        if ![0, WIDTHS[0] * KNOTS, WIDTHS[1] * KNOTS].contains(&self.basis.len()) {
            return invalid(format!(
                "a basis of {} numbers, 8 or 16 functions of {KNOTS} are possible",
                self.basis.len()
            ));
        }
        let width = self.width();
        if !self.table.len().is_multiple_of(width) || self.table.len() < width * (1 + columns) {
            return invalid(format!("a table of {} numbers does not fit {columns} inputs", self.table.len()));
        }
        let centres = self.centre_count();
        if centres > MAX_CENTRES || self.centres.len() != centres * columns {
            return invalid(format!(
                "{} numbers of centres, but {columns} inputs and {centres} centres of at most {MAX_CENTRES}",
                self.centres.len()
            ));
        }
        Ok(())
    }
}
