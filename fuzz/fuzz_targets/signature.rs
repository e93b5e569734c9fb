//! Any public keys and signatures for a model, through the C ABI.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| encast_fuzz::signature::run(bytes));
