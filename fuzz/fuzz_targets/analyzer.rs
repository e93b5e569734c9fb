//! Any clip for the analyzer handle, through the C ABI.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| encast_fuzz::analyzer::run(bytes));
