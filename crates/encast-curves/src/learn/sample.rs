//! The table that curves are learnt from, checked and standardized.

use crate::{
    error::CurveError,
    matrix::Matrix,
    model::{Direction, MAX_COLUMNS},
};

/// Fewest rows that curves are learnt from.
const MIN_ROWS: usize = 20;
/// Fewest groups.
const MIN_GROUPS: usize = 3;

/// Rows to learn from. Everything is finite; groups are any numbers.
#[derive(Debug, Clone, Copy)]
pub struct Sample<'a> {
    /// Inputs of a row.
    pub columns: usize,
    /// The inputs, row after row.
    pub inputs: &'a [f64],
    /// Each row's place along its curve.
    pub rates: &'a [f64],
    /// What was measured there.
    pub targets: &'a [f64],
    /// Which source each row is of: rows of one source deviate together.
    pub groups: &'a [u32],
    /// The inputs that differ between rows of one group (its settings), by number.
    pub settings: &'a [usize],
}

/// A sample with mean 0 and standard deviation 1 in every column.
pub(crate) struct Standardized {
    pub inputs: Matrix,
    pub rates: Vec<f64>,
    pub targets: Vec<f64>,
    /// Mean and standard deviation of each input, of the rates, of the targets.
    pub input_scales: Vec<(f64, f64)>,
    pub rate_scale: (f64, f64),
    pub target_scale: (f64, f64),
    /// For each group: its rows.
    pub groups: Vec<Vec<usize>>,
    pub settings: Vec<usize>,
    pub direction: Direction,
}

impl Standardized {
    pub(crate) fn new(sample: &Sample, direction: Direction) -> Result<Standardized, CurveError> {
        let rows = sample.targets.len();
        check(sample, rows)?;
        let mut inputs = Matrix { rows, columns: sample.columns, values: sample.inputs.to_vec() };
        let mut input_scales = Vec::with_capacity(sample.columns);
        for column in 0..sample.columns {
            let (mean, deviation) = moments((0..rows).map(|row| inputs.at(row, column)));
            // A column that does not vary tells nothing; it is kept at 0.
            let factor = if deviation > 1e-12 * mean.abs().max(1e-12) { 1.0 / deviation } else { 0.0 };
            for row in 0..rows {
                let value = &mut inputs.row_mut(row)[column];
                *value = (*value - mean) * factor;
            }
            input_scales.push((mean, if factor == 0.0 { f64::INFINITY } else { deviation }));
        }
        let rate_scale = moments(sample.rates.iter().copied());
        let target_scale = moments(sample.targets.iter().copied());
        for (name, scale) in [("rates", rate_scale), ("targets", target_scale)] {
            if scale.1.is_nan() || scale.1 <= 1e-12 * scale.0.abs().max(1e-300) {
                return Err(CurveError::Constant { name, value: scale.0 });
            }
        }
        let standard = |values: &[f64], (mean, deviation): (f64, f64)| {
            values.iter().map(|value| (value - mean) / deviation).collect::<Vec<f64>>()
        };
        let mut names = sample.groups.to_vec();
        names.sort_unstable();
        names.dedup();
        let mut groups = vec![Vec::new(); names.len()];
        for (row, group) in sample.groups.iter().enumerate() {
            groups[names.partition_point(|name| name < group)].push(row);
        }
        if groups.len() < MIN_GROUPS {
            return Err(CurveError::TooFew { name: "groups", found: groups.len(), needed: MIN_GROUPS });
        }
        Ok(Standardized {
            rates: standard(sample.rates, rate_scale),
            targets: standard(sample.targets, target_scale),
            inputs,
            input_scales,
            rate_scale,
            target_scale,
            groups,
            settings: sample.settings.to_vec(),
            direction,
        })
    }

    pub(crate) fn rows(&self) -> usize {
        self.targets.len()
    }

    pub(crate) fn columns(&self) -> usize {
        self.inputs.columns
    }
}

fn check(sample: &Sample, rows: usize) -> Result<(), CurveError> {
    if sample.columns == 0 || sample.columns > MAX_COLUMNS {
        let value = sample.columns as f64;
        return Err(CurveError::ParameterOutOfRange { name: "columns", value, bound: "1 to 64" });
    }
    if rows < MIN_ROWS {
        return Err(CurveError::TooFew { name: "rows", found: rows, needed: MIN_ROWS });
    }
    for (name, found, expected) in [
        ("inputs", sample.inputs.len(), rows * sample.columns),
        ("rates", sample.rates.len(), rows),
        ("groups", sample.groups.len(), rows),
    ] {
        if found != expected {
            return Err(CurveError::LengthMismatch { name, expected, found });
        }
    }
    if let Some(&column) = sample.settings.iter().find(|&&column| column >= sample.columns) {
        let (name, bound) = ("settings", "a number of an input");
        return Err(CurveError::ParameterOutOfRange { name, value: column as f64, bound });
    }
    for (name, values, columns) in
        [("inputs", sample.inputs, sample.columns), ("rates", sample.rates, 1), ("targets", sample.targets, 1)]
    {
        if let Some(at) = values.iter().position(|value| !value.is_finite()) {
            return Err(CurveError::NotFinite { name, row: at / columns, value: values[at] });
        }
    }
    Ok(())
}

/// Mean and standard deviation.
fn moments(values: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
    let count = values.clone().count().max(1) as f64;
    let mean = values.clone().sum::<f64>() / count;
    (mean, (values.map(|value| (value - mean).powi(2)).sum::<f64>() / count).sqrt())
}
