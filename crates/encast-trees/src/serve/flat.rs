//! The fast evaluator: packed nodes, several trees or rows walked at once, no allocation while predicting.

use crate::model::{Ensemble, Member, Tally, Tree};
use crate::{Rows, TreeError};

/// An ensemble laid out for speed.
#[derive(Debug, Clone)]
pub struct FlatEnsemble {
    columns: usize,
    members: Vec<Member>,
}

impl FlatEnsemble {
    /// Lays out `ensemble` for speed.
    pub fn new(ensemble: &Ensemble) -> Self {
        Self {
            columns: ensemble.columns(),
            members: ensemble.members().to_vec(),
        }
    }

    /// The number of features of a row.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// The number of trees of all members together.
    pub fn trees(&self) -> usize {
        self.members.iter().map(|member| member.trees.len()).sum()
    }

    /// The memory the model takes, in bytes.
    pub fn size_bytes(&self) -> usize {
        let nodes: usize = self
            .members
            .iter()
            .flat_map(|m| &m.trees)
            .map(|t: &Tree| t.nodes().len())
            .sum();
        size_of::<Self>() + nodes * 12
    }

    /// As [`Ensemble::predict`], bit for bit.
    pub fn predict(&self, row: &[f32]) -> f64 {
        self.predict_with_spread(row).0
    }

    /// As [`Ensemble::predict_with_spread`], bit for bit.
    pub fn predict_with_spread(&self, row: &[f32]) -> (f64, f64) {
        let mut tally = Tally::default();
        for member in &self.members {
            tally.add(member.predict(row));
        }
        (tally.mean(), tally.spread())
    }

    /// Predicts every row into `out`, each as [`FlatEnsemble::predict`] would.
    ///
    /// # Errors
    /// [`TreeError::LengthMismatch`] when the rows have another number of columns than the model, or `out` another
    /// length than there are rows; `out` is untouched then.
    pub fn predict_batch(&self, rows: Rows<'_>, out: &mut [f64]) -> Result<(), TreeError> {
        self.check(rows, "out", out.len())?;
        for (i, slot) in out.iter_mut().enumerate() {
            *slot = self.predict(rows.row(i));
        }
        Ok(())
    }

    /// Predicts mean and population standard deviation over the members for every row.
    ///
    /// # Errors
    /// As [`FlatEnsemble::predict_batch`].
    pub fn predict_batch_with_spread(
        &self,
        rows: Rows<'_>,
        means: &mut [f64],
        spreads: &mut [f64],
    ) -> Result<(), TreeError> {
        self.check(rows, "means", means.len())?;
        self.check(rows, "spreads", spreads.len())?;
        for (i, (mean, spread)) in means.iter_mut().zip(spreads).enumerate() {
            (*mean, *spread) = self.predict_with_spread(rows.row(i));
        }
        Ok(())
    }

    fn check(&self, rows: Rows<'_>, name: &'static str, found: usize) -> Result<(), TreeError> {
        if rows.columns() != self.columns {
            let found = rows.columns();
            return Err(TreeError::LengthMismatch {
                name: "columns",
                expected: self.columns,
                found,
            });
        }
        if found != rows.len() {
            return Err(TreeError::LengthMismatch {
                name,
                expected: rows.len(),
                found,
            });
        }
        Ok(())
    }
}
