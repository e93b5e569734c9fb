//! What boosting minimises.

use super::sample::Table;

/// The loss that boosting minimises.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Loss {
    /// (target − prediction)²; predicts the mean.
    #[default]
    SquaredError,
}

impl Loss {
    /// The best constant prediction for the rows that are learned from.
    pub(crate) fn base(self, table: &Table<'_>) -> f64 {
        match self {
            Self::SquaredError => table.mean(0..table.training, |row| table.targets[row]),
        }
    }

    /// The direction in which a prediction should move, for a row of weight 1.
    pub(crate) fn pull(self, target: f64, prediction: f64) -> f64 {
        match self {
            Self::SquaredError => target - prediction,
        }
    }

    /// What a prediction costs, for a row of weight 1.
    pub(crate) fn cost(self, target: f64, prediction: f64) -> f64 {
        match self {
            Self::SquaredError => (target - prediction) * (target - prediction),
        }
    }
}
