//! Any text as machines, regions and prices, through the C ABI.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| encast_fuzz::profiles::run(bytes));
