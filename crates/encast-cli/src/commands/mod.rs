//! One file a subcommand: its arguments and help, and what it does.

pub mod advise;
mod advise_plot;
mod advise_report;
mod advise_table;
pub mod analyze;
mod analyze_curve;
mod analyze_ffmpeg;
mod analyze_input;
mod analyze_log;
mod analyze_plot;
#[cfg(target_os = "linux")]
pub mod calibrate;
mod clip;
pub mod columns;
mod columns_parquet;
pub mod compare;
pub mod converge;
pub mod evaluate;
pub mod export;
pub mod export_model;
pub mod import;
pub mod inspect;
pub mod ladder;
mod ladder_judge;
mod ladder_plot;
#[cfg(target_os = "linux")]
pub mod measure;
#[cfg(target_os = "linux")]
mod measure_plan;
pub mod pages;
pub mod predict;
pub mod predict_out;
mod predict_rows;
mod predict_table;
pub mod predict_total;
pub mod profiles;
pub mod recommend;
pub mod retrain;
pub mod train;
pub mod validate;
