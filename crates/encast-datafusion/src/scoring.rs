//! Scoring of rows for SQL functions: which number is asked for, and the model that gives it.

use std::{
    hash::{Hash, Hasher},
    sync::Arc,
};

use datafusion_common::{DataFusionError, Result, arrow::array::Float64Array};
use encast::{BulkOutput, Model, PredictOptions, Scorer, Target};

use crate::columns::Columns;

/// What the functions of one model share; told apart by their place in memory.
#[derive(Debug)]
pub(crate) struct Shared {
    pub model: Arc<Model>,
    pub options: PredictOptions,
    pub null_for_bad_rows: bool,
}

/// Which number of a forecast.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Asked {
    target: Target,
    end: End,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum End {
    Value,
    Lower,
    Upper,
}

impl Asked {
    pub(crate) fn of(what: &str) -> Result<Asked> {
        let end_of = |end: &str| what.strip_suffix(end);
        let (target, end) = match (end_of("_lower"), end_of("_upper")) {
            (Some(target), _) => (target, End::Lower),
            (_, Some(target)) => (target, End::Upper),
            _ => (what, End::Value),
        };
        let target = Target::from_name(target).map_err(|error| DataFusionError::Plan(error.to_string()))?;
        Ok(Asked { target, end })
    }
}

impl Shared {
    pub(crate) fn scorer(&self, asked: Asked) -> Result<Scorer<'_>> {
        Scorer::new(&self.model, &[asked.target], asked.end != End::Value, &self.options)
            .map_err(|error| DataFusionError::Plan(error.to_string()))
    }

    /// Forecasts some rows.
    pub(crate) fn score(&self, name: &str, asked: Asked, columns: &Columns) -> Result<Float64Array> {
        let bad = |error: encast::Error| DataFusionError::Execution(format!("{name}: {error}"));
        let mut scorer = self.scorer(asked)?;
        let rows = columns.rows();
        let (mut value, mut lower, mut upper) = (vec![0.0; rows], Vec::new(), Vec::new());
        if asked.end != End::Value {
            (lower, upper) = (vec![0.0; rows], vec![0.0; rows]);
        }
        let bounds = (asked.end != End::Value).then_some((lower.as_mut_slice(), upper.as_mut_slice()));
        let mut outputs = [BulkOutput { value: &mut value, bounds }];
        columns
            .with(|inputs| match self.null_for_bad_rows {
                true => scorer.score_good(inputs, &mut outputs, |_, _| ()),
                false => scorer.score(inputs, &mut outputs),
            })
            .map_err(bad)?;
        let numbers = match asked.end {
            End::Value => value,
            End::Lower => lower,
            End::Upper => upper,
        };
        Ok(numbers.into_iter().map(|number| Some(number).filter(|number| !number.is_nan())).collect())
    }
}

impl PartialEq for Shared {
    fn eq(&self, other: &Shared) -> bool {
        std::ptr::eq(self, other)
    }
}

impl Eq for Shared {}

impl Hash for Shared {
    fn hash<H: Hasher>(&self, state: &mut H) {
        std::ptr::from_ref(self).hash(state);
    }
}
