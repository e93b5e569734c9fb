//! The C ABI of encast: one file for each C type or subject, the one panic boundary in `boundary`, the rules for
//! structs that grow in `structs`. No forecast is computed here, and the core knows nothing of C.
//!
//! The modules are public for the fuzz targets alone, which compile this file as a Rust library (`fuzz/face`); what C
//! sees are the `#[unsafe(no_mangle)]` functions.

#[cfg(not(panic = "unwind"))]
compile_error!("the C ABI turns panics into statuses: build it with panic = \"unwind\"");

pub mod boundary;
pub mod features;
pub mod last_error;
pub mod model;
pub mod names;
pub mod numbers;
pub mod options;
pub mod predict;
pub mod recommend;
pub mod result;
pub mod retrain;
pub mod status;
pub mod structs;
pub mod targets;
pub mod version;

// Last, as the header has the order of the modules.
pub mod analyzer;
pub mod analyzer_options;
pub mod anchor;
pub mod compare;
pub mod complexity;
pub mod ladder;
pub mod profiles;
pub mod site;

pub mod advise;
pub mod handles;
pub mod load_options;

pub mod score;

pub mod monitor;
pub mod monitor_rows;

#[cfg(test)]
mod tests;
