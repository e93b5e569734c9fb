//! The `encast` command from outside: real tables, real models, exit codes, and the JSON contracts.
#![allow(clippy::unwrap_used, clippy::panic)]

mod advise;
mod analyze;
mod analyze_formats;
mod analyze_memory;
mod common;
mod compare;
#[cfg(target_os = "linux")]
mod converge;
mod documentation;
mod evaluate;
#[cfg(target_os = "linux")]
mod export;
mod import;
mod inspect;
mod ladder;
#[cfg(target_os = "linux")]
mod measure;
#[cfg(target_os = "linux")]
mod measure_gstreamer;
#[cfg(target_os = "linux")]
mod measure_push;
mod pages;
mod place;
mod predict;
mod predict_bulk;
mod predict_table;
mod profiles;
#[cfg(target_os = "linux")]
mod real_encodes;
mod recommend;
#[cfg(target_os = "linux")]
mod retrain;
mod search;
mod signed;
mod train;
mod usage;
mod validate;
