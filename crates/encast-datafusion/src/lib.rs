//! encast's forecasts as scalar functions of DataFusion: vectorised over Arrow arrays, NULL is unknown.
//!
//! ```
//! use std::sync::Arc;
//!
//! use encast::{Field, Model, Target};
//! use encast_datafusion::Forecasts;
//!
//! let forecasts = Forecasts::of(Arc::new(Model::embedded()?));
//! // For `context.register_udf(…)`: encast_predict('vmaf', 'bitrate_kbps', b, 'resolution_width', w, …), any inputs by name.
//! let any = forecasts.by_name();
//! // encast_vmaf(bitrate_kbps, resolution_width, resolution_height, frame_rate, codec, preset), and its lower end.
//! let vmaf = forecasts.usual("vmaf")?;
//! let lower = forecasts.usual("vmaf_lower")?;
//! // A function of any name over any inputs in any order.
//! let seconds = forecasts.function("my_seconds", "encode_seconds", &[Field::Crf, Field::Encoder, Field::ResolutionWidth]);
//! # assert!(seconds.is_ok());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod by_name;
mod columns;
mod positional;

use std::{
    hash::{Hash, Hasher},
    sync::Arc,
};

use datafusion_common::{DataFusionError, Result, arrow::array::Float64Array};
use datafusion_expr::ScalarUDF;
use encast::{BulkOutput, Field, Model, PredictOptions, Scorer, Target};

use crate::{by_name::ByName, columns::Columns, positional::Positional};

/// The inputs of [`Forecasts::usual`], in the order of its arguments.
pub const USUAL: [Field; 6] = [
    Field::BitrateKbps,
    Field::ResolutionWidth,
    Field::ResolutionHeight,
    Field::FrameRate,
    Field::Codec,
    Field::Preset,
];

/// Makes functions of one model.
#[derive(Debug, Clone)]
pub struct Forecasts {
    shared: Arc<Shared>,
}

/// What the functions of one model share; told apart by their place in memory.
#[derive(Debug)]
pub(crate) struct Shared {
    model: Arc<Model>,
    options: PredictOptions,
    null_for_bad_rows: bool,
}

impl Forecasts {
    /// With the default options: intervals of 0.9, the model's own prices; a row that can't be forecast ends the query.
    pub fn of(model: Arc<Model>) -> Forecasts {
        Forecasts::with(model, PredictOptions::default())
    }

    /// With other options, such as a site or other prices.
    pub fn with(model: Arc<Model>, options: PredictOptions) -> Forecasts {
        Forecasts { shared: Arc::new(Shared { model, options, null_for_bad_rows: false }) }
    }

    /// The same, but with NULL for a row that can't be forecast.
    pub fn null_for_bad_rows(self) -> Forecasts {
        let Shared { model, options, .. } = &*self.shared;
        let (model, options) = (Arc::clone(model), options.clone());
        Forecasts { shared: Arc::new(Shared { model, options, null_for_bad_rows: true }) }
    }

    /// `encast_predict(what, 'input', value, 'input', value, …)`: what is asked for (a target, or a target and `_lower` or
    /// `_upper` for an end of its interval) and the names of the inputs are literals.
    pub fn by_name(&self) -> ScalarUDF {
        ScalarUDF::new_from_impl(ByName::new(Arc::clone(&self.shared)))
    }

    /// `encast_<what>(bitrate_kbps, resolution_width, resolution_height, frame_rate, codec, preset)`.
    ///
    /// # Errors
    /// As [`function`](Self::function).
    pub fn usual(&self, what: &str) -> Result<ScalarUDF> {
        self.function(&format!("encast_{what}"), what, &USUAL)
    }

    /// A function with this name that gives `what` (a target, or a target and `_lower` or `_upper`) of these inputs, in
    /// this order. All are needed; NULL is unknown.
    ///
    /// # Errors
    /// [`DataFusionError::Plan`] for what is no target of the model.
    pub fn function(&self, name: &str, what: &str, inputs: &[Field]) -> Result<ScalarUDF> {
        let asked = Asked::of(what)?;
        // Whether the model has it is found out now.
        drop(self.shared.scorer(asked)?);
        Ok(ScalarUDF::new_from_impl(Positional::new(Arc::clone(&self.shared), name, asked, inputs)))
    }
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
