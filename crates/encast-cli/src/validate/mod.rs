//! Forecasts beside what really came out: reading both, finding what belongs together, figures, thresholds.

mod actuals;
mod figures;
mod matching;
mod predictions;

pub use self::{
    actuals::{Scenario, read as read_actuals},
    figures::{Figures, Threshold, figures},
    matching::{Matched, Pair, Unmatched, pair_up},
    predictions::{Interval, Prediction, of_model, of_text},
};
