//! What the fuzz targets do with their bytes. Here and not in the targets, so that tests can replay seeds without a fuzzer.

pub mod analyzer;
pub mod bundle;
pub mod calls;
pub mod forests;
pub mod input;
pub mod memory;
pub mod models;
pub mod oracle;
pub mod profiles;
pub mod requests;
pub mod retrain;
pub mod signature;
