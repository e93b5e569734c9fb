//! What boosting minimises.

use super::sample::Table;

/// The loss that boosting minimises.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[non_exhaustive]
pub enum Loss {
    /// (target − prediction)²; predicts the mean.
    #[default]
    SquaredError,
    /// Squared up to a distance, straight beyond it, where the distance is the one that this share of the errors stays
    /// below, anew for each tree: a few rows far off pull no harder than those at the distance (M-regression, Friedman,
    /// *Annals of Statistics*, 2001). From above 0 to 1, 1 being the squared error. Predicts something between median
    /// and mean. The validation error is the mean absolute one.
    Huber(f64),
}

impl Loss {
    /// The best constant prediction for the rows that are learned from.
    pub(crate) fn base(self, table: &Table<'_>) -> f64 {
        match self {
            Self::SquaredError | Self::Huber(_) => table.mean(0..table.training, |row| table.target(row)),
        }
    }

    /// How far errors pull at the current scores.
    pub(crate) fn bend(self, table: &Table<'_>, scores: &[f64]) -> Bend {
        let Self::Huber(share) = self else { return Bend(f64::INFINITY) };
        let distance = |row| (table.target(row) - scores[row]).abs();
        let mut distances: Vec<f64> = (0..table.training).map(distance).collect();
        let at = ((share * distances.len() as f64) as usize).min(distances.len() - 1);
        let (_, &mut bend, _) = distances.select_nth_unstable_by(at, f64::total_cmp);
        Bend(bend)
    }

    /// What a prediction costs, for a row of weight 1.
    pub(crate) fn cost(self, target: f64, prediction: f64) -> f64 {
        match self {
            Self::SquaredError => (target - prediction) * (target - prediction),
            Self::Huber(_) => (target - prediction).abs(),
        }
    }
}

/// The distance from which on errors pull no harder.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bend(f64);

impl Bend {
    /// The direction in which the prediction should move, for a row of weight 1.
    #[inline]
    pub(crate) fn pull(self, target: f64, score: f64) -> f64 {
        (target - score).clamp(-self.0, self.0)
    }
}
