//! Any rows to train on, through the C ABI.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| encast_fuzz::retrain::run(bytes));
