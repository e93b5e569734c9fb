//! Any bytes as XGBoost's UBJSON: reading never panics, and what is read forecasts the same by every evaluator and after a round trip.
#![no_main]

use encast_fuzz::forests::agrees;
use encast_trees::exchange::xgboost::read_ubjson;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(model) = read_ubjson(bytes) {
        agrees(&model);
    }
});
