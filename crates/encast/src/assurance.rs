//! How low the truth may lie below a forecast, with a given probability.

use crate::{predict::Asked, variant::Forecast};

/// Lowest and highest assurance that may be asked for.
pub(crate) const ASSURANCES: (f64, f64) = (0.5, 0.99);

/// The value, in the target's unit, that the truth reaches with the probability `assurance` (0.5–0.99), by the errors on
/// unseen titles; without an assurance the forecast itself.
pub(crate) fn lower_bound(asked: &Asked, forecast: &Forecast, assurance: Option<f64>) -> f64 {
    match assurance {
        None => asked.estimate_of(forecast).value,
        Some(probability) => asked.lower_bound(forecast, probability),
    }
}
