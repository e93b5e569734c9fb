//! The C ABI of encast: one file for each C type or subject, the one panic boundary in `boundary`, the rules for
//! structs that grow in `structs`. No forecast is computed here, and the core knows nothing of C.

#[cfg(not(panic = "unwind"))]
compile_error!("the C ABI turns panics into statuses: build it with panic = \"unwind\"");

mod boundary;
mod features;
mod last_error;
mod model;
mod names;
mod numbers;
mod options;
mod predict;
mod recommend;
mod result;
mod retrain;
mod status;
mod structs;
mod targets;
mod version;

// Last, as the header has the order of the modules.
mod analyzer;
mod analyzer_options;
mod anchor;
mod compare;
mod complexity;
mod ladder;
mod profiles;
mod site;

mod advise;
mod handles;
mod load_options;

#[cfg(test)]
mod tests;
