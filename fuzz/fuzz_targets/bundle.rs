//! Any bytes as a model bundle, through the C ABI.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| encast_fuzz::bundle::run(bytes));
