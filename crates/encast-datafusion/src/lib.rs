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
mod scoring;

use std::sync::Arc;

use datafusion_common::Result;
use datafusion_expr::ScalarUDF;
use encast::{Field, Model, PredictOptions};

use crate::{
    by_name::ByName,
    positional::Positional,
    scoring::{Asked, Shared},
};

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
    /// [`datafusion_common::DataFusionError::Plan`] for what is no target of the model.
    pub fn function(&self, name: &str, what: &str, inputs: &[Field]) -> Result<ScalarUDF> {
        let asked = Asked::of(what)?;
        // Whether the model has it is found out now.
        drop(self.shared.scorer(asked)?);
        Ok(ScalarUDF::new_from_impl(Positional::new(Arc::clone(&self.shared), name, asked, inputs)))
    }
}
