//! What the fuzz targets do with their bytes: a library, so that the targets are one line each.

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
