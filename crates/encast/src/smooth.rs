//! The smooth part of a model: which columns its curves look at, what stands in for an unknown one, and its share.

use encast_curves::{Curve, Curves, MAX_COLUMNS};

use crate::{
    columns::{Column, Row},
    error::{Error, Result},
    field::{FieldSet, Group},
    options::Given,
};

/// Curves over one rate column, and how much of the forecast they make.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Smooth {
    /// What runs along the curves.
    pub rate: Column,
    /// The inputs of the curves, in their order.
    pub columns: Vec<Column>,
    /// Share of the forecast, 0–1; the trees make the rest.
    pub share: f64,
    pub curves: Curves,
}

impl Smooth {
    /// Checks what was trained or loaded.
    pub(crate) fn check(&self, given: Given) -> Result<()> {
        self.curves.check()?;
        let fits = match given {
            Given::Bitrate => self.rate.rises_with_bitrate(),
            Given::Crf => self.rate == Column::Crf,
        };
        if !fits {
            return Err(Error::corrupt(format!("curves over {} in a model from a {given}", self.rate.name())));
        }
        if self.columns.len() != self.curves.columns() {
            let (listed, used) = (self.columns.len(), self.curves.columns());
            return Err(Error::corrupt(format!("curves of {used} inputs list {listed} columns")));
        }
        if let Some(column) = self.columns.iter().find(|column| !column.is_curve_input()) {
            return Err(Error::corrupt(format!("{} is no input of curves", column.name())));
        }
        match (0.0..=1.0).contains(&self.share) {
            true => Ok(()),
            false => Err(Error::corrupt(format!("curves with the share {}", self.share))),
        }
    }

    /// The curve of a request; `None` when it lacks what the curves can't do without.
    pub(crate) fn curve(&self, row: &Row) -> Option<Curve> {
        let mut inputs = [0.0; MAX_COLUMNS];
        let inputs = &mut inputs[..self.columns.len()];
        for (input, &column) in inputs.iter_mut().zip(&self.columns) {
            *input = input_of(row, column)?;
        }
        Some(self.curves.curve(inputs))
    }

    /// How near a request is to what was seen, 0–1.
    pub(crate) fn nearness(&self, row: &Row) -> Option<f64> {
        let mut inputs = [0.0; MAX_COLUMNS];
        let inputs = &mut inputs[..self.columns.len()];
        for (input, &column) in inputs.iter_mut().zip(&self.columns) {
            *input = input_of(row, column)?;
        }
        Some(self.curves.nearness(inputs))
    }

    /// The request's place on the curve; NaN when it is not known.
    pub(crate) fn rate_of(&self, row: &Row) -> f64 {
        f64::from(row[self.rate as usize])
    }

    pub(crate) fn fields(&self) -> FieldSet {
        Column::fields_of(self.columns.iter().copied().chain([self.rate]))
    }
}

/// The input that a column gives to curves. What is unknown of content and probe can't be replaced: `None`. A source
/// of unknown size counts as unscaled; of the rest the training's mean stands in (NaN says so to the curves).
pub(crate) fn input_of(row: &Row, column: Column) -> Option<f64> {
    let value = row[column as usize];
    if !value.is_nan() {
        return Some(column.curve_input(value));
    }
    match (column, column.group()) {
        (Column::Log2Downscale, _) => Some(0.0),
        (_, Group::Content | Group::Probe | Group::ProbeVmaf) => None,
        (column, Group::Encoder) if !matches!(column, Column::PresetSpeed | Column::Log2Threads) => None,
        _ => Some(f64::NAN),
    }
}
