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
            Self::SquaredError | Self::Huber(_) => table.mean(0..table.training, |row| table.targets[row]),
        }
    }

    /// The directions in which the predictions should move, for rows of weight 1.
    pub(crate) fn pull(self, targets: &[f64], scores: &[f64], pulls: &mut [f64]) {
        for (pull, (&target, &score)) in pulls.iter_mut().zip(targets.iter().zip(scores)) {
            *pull = target - score;
        }
        if let Self::Huber(share) = self {
            let mut distances: Vec<f64> = pulls.iter().map(|pull| pull.abs()).collect();
            let at = ((share * distances.len() as f64) as usize).min(distances.len() - 1);
            let (_, &mut bend, _) = distances.select_nth_unstable_by(at, f64::total_cmp);
            pulls.iter_mut().for_each(|pull| *pull = pull.clamp(-bend, bend));
        }
    }

    /// What a prediction costs, for a row of weight 1.
    pub(crate) fn cost(self, target: f64, prediction: f64) -> f64 {
        match self {
            Self::SquaredError => (target - prediction) * (target - prediction),
            Self::Huber(_) => (target - prediction).abs(),
        }
    }
}
