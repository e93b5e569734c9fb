//! Any calls with structs of callers of every version, through the C ABI.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| encast_fuzz::calls::run(bytes));
