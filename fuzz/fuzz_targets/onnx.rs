//! Any bytes as an ONNX model: reading never panics, and what is read forecasts the same by every evaluator and after a round trip.
#![no_main]

use encast_fuzz::forests::agrees;
use encast_trees::exchange::onnx::read;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(model) = read(bytes) {
        agrees(&model);
    }
});
