//! What a fit learns from: a binned table, targets, weights, and which rows and columns count.

use std::borrow::Cow;

use super::binning::BinnedRows;
use crate::TreeError;

/// The material of a fit. Targets and weights have one entry for every row of the binned table.
#[derive(Debug, Clone, Copy)]
pub struct Sample<'a> {
    /// The table.
    pub binned: &'a BinnedRows,
    /// The target of every row of the table; finite for the rows that are used.
    pub targets: &'a [f32],
    /// The weight of every row of the table, finite and at least 0; a row of weight 0 is not used. `None`: all 1.
    pub weights: Option<&'a [f32]>,
    /// The rows to learn from; a row named twice counts twice. `None`: all.
    pub rows: Option<&'a [u32]>,
    /// The columns that may be split on; a column named twice counts once. `None`: all.
    pub columns: Option<&'a [u16]>,
}

/// One column that may be split on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Column<'a> {
    /// Its number in the table.
    pub(crate) index: u16,
    /// Its thresholds; there is one bin more.
    pub(crate) thresholds: &'a [f32],
}

impl Column<'_> {
    /// The number of the bin for missing values, which is also the number of the other bins.
    pub(crate) fn missing(&self) -> usize {
        self.thresholds.len() + 1
    }
}

/// The rows and columns that a fit uses, checked: borrowed where they are the whole binned table, else a compact copy.
#[derive(Debug)]
pub(crate) struct Table<'a> {
    /// The columns that may be split on, by their number in the table.
    pub(crate) columns: Vec<Column<'a>>,
    /// The bins of those columns, row after row.
    pub(crate) bins: Cow<'a, [u8]>,
    /// Where each row stands in the binned table; empty when all stand where they stood.
    origin: Vec<u32>,
    targets: Cow<'a, [f32]>,
    /// Empty when all weights are 1.
    pub(crate) weights: Vec<f64>,
    /// How many of the rows, the first ones, are to be learned from; the others are for validation.
    pub(crate) training: usize,
}

impl Table<'_> {
    /// The bins of one row.
    pub(crate) fn row(&self, row: usize) -> &[u8] {
        &self.bins[row * self.columns.len()..][..self.columns.len()]
    }

    /// The number of rows, those for validation included.
    pub(crate) fn rows(&self) -> usize {
        self.targets.len()
    }

    /// Where a row stands in the binned table.
    pub(crate) fn origin(&self, row: usize) -> u32 {
        self.origin.get(row).copied().unwrap_or(row as u32)
    }

    /// The target of one row.
    pub(crate) fn target(&self, row: usize) -> f64 {
        f64::from(self.targets[row])
    }

    /// The targets of all rows.
    pub(crate) fn targets(&self) -> &[f32] {
        &self.targets
    }

    /// The weight of one row.
    pub(crate) fn weight(&self, row: usize) -> f64 {
        self.weights.get(row).copied().unwrap_or(1.0)
    }

    /// The weighted mean of `values` over the rows of `range`.
    pub(crate) fn mean(&self, range: std::ops::Range<usize>, value: impl Fn(usize) -> f64) -> f64 {
        let (mut sum, mut total) = (0.0, 0.0);
        for row in range {
            sum += self.weight(row) * value(row);
            total += self.weight(row);
        }
        sum / total
    }
}

impl<'a> Sample<'a> {
    /// Checks the sample, and the rows for validation, and copies what the fit uses.
    pub(crate) fn table(&self, validation: &[u32]) -> Result<Table<'a>, TreeError> {
        let rows = self.binned.rows();
        if self.targets.len() != rows {
            let found = self.targets.len();
            return Err(TreeError::LengthMismatch { name: "targets", expected: rows, found });
        }
        if let Some(weights) = self.weights.filter(|weights| weights.len() != rows) {
            return Err(TreeError::LengthMismatch { name: "weights", expected: rows, found: weights.len() });
        }
        check_indices("rows", self.rows.unwrap_or_default().iter().map(|&row| row as usize), rows)?;
        check_indices("validation", validation.iter().map(|&row| row as usize), rows)?;
        let columns = self.check_columns()?;
        if self.rows.is_none()
            && self.weights.is_none()
            && validation.is_empty()
            && columns.len() == self.binned.columns()
        {
            return self.whole(columns);
        }
        let mut copy = Copied::default();
        match self.rows {
            Some(chosen) => chosen.iter().try_for_each(|&row| self.copy(row as usize, &columns, &mut copy))?,
            None => (0..rows).try_for_each(|row| self.copy(row, &columns, &mut copy))?,
        }
        let training = copy.origin.len();
        check_enough(training)?;
        if !validation.is_empty() {
            let mut trained = vec![false; rows];
            copy.origin.iter().for_each(|&row| trained[row as usize] = true);
            if let Some(&row) = validation.iter().find(|&&row| trained[row as usize]) {
                return Err(TreeError::OverlappingRows { row: row as usize });
            }
            validation.iter().try_for_each(|&row| self.copy(row as usize, &columns, &mut copy))?;
            if copy.origin.len() == training {
                return Err(TreeError::TooFewRows { name: "validation", found: 0, needed: 1 });
            }
        }
        if copy.origin.len() > u32::MAX as usize {
            return Err(TreeError::TooManyRows { found: copy.origin.len(), most: u32::MAX as usize });
        }
        let Copied { bins, origin, targets, mut weights } = copy;
        if weights.iter().all(|&weight| weight == 1.0) {
            weights = Vec::new();
        }
        Ok(Table { columns, bins: Cow::Owned(bins), origin, targets: Cow::Owned(targets), weights, training })
    }

    /// The binned table as it is.
    fn whole(&self, columns: Vec<Column<'a>>) -> Result<Table<'a>, TreeError> {
        if let Some((row, &value)) = self.targets.iter().enumerate().find(|(_, value)| !value.is_finite()) {
            return Err(TreeError::NonFiniteTarget { row, value });
        }
        let training = self.targets.len();
        check_enough(training)?;
        let (bins, targets) = (Cow::Borrowed(self.binned.bins()), Cow::Borrowed(self.targets));
        Ok(Table { columns, bins, origin: Vec::new(), targets, weights: Vec::new(), training })
    }

    fn check_columns(&self) -> Result<Vec<Column<'a>>, TreeError> {
        let mut indices: Vec<u16> = match self.columns {
            Some(chosen) => chosen.to_vec(),
            None => (0..self.binned.columns()).map(|column| column as u16).collect(),
        };
        check_indices("columns", indices.iter().map(|&column| usize::from(column)), self.binned.columns())?;
        if indices.is_empty() {
            return Err(TreeError::NoColumns);
        }
        indices.sort_unstable();
        indices.dedup();
        let binned = self.binned;
        let column = |index| Column { index, thresholds: binned.thresholds(usize::from(index)) };
        Ok(indices.into_iter().map(column).collect())
    }

    fn copy(&self, row: usize, columns: &[Column<'_>], copy: &mut Copied) -> Result<(), TreeError> {
        let value = self.targets[row];
        if !value.is_finite() {
            return Err(TreeError::NonFiniteTarget { row, value });
        }
        if let Some(weights) = self.weights {
            let value = weights[row];
            if !(value.is_finite() && value >= 0.0) {
                return Err(TreeError::InvalidWeight { row, value });
            }
            if value == 0.0 {
                return Ok(());
            }
            copy.weights.push(f64::from(value));
        }
        let bins = self.binned.row(row);
        copy.bins.extend(columns.iter().map(|column| bins[usize::from(column.index)]));
        copy.origin.push(row as u32);
        copy.targets.push(value);
        Ok(())
    }
}

/// Rows that were copied so far.
#[derive(Default)]
struct Copied {
    bins: Vec<u8>,
    origin: Vec<u32>,
    targets: Vec<f32>,
    weights: Vec<f64>,
}

fn check_enough(found: usize) -> Result<(), TreeError> {
    if found < 2 { Err(TreeError::TooFewRows { name: "sample", found, needed: 2 }) } else { Ok(()) }
}

fn check_indices(name: &'static str, mut indices: impl Iterator<Item = usize>, limit: usize) -> Result<(), TreeError> {
    let mut position = 0;
    match indices.find(|&index| {
        position += 1;
        index >= limit
    }) {
        Some(index) => Err(TreeError::IndexOutOfRange { name, position: position - 1, index, limit }),
        None => Ok(()),
    }
}
