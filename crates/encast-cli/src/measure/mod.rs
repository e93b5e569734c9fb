//! Measuring real encodes into the encode table.

pub mod campaign;
pub mod curves;
pub mod encode;
pub mod encoders;
pub mod energy;
pub mod engine;
pub mod forecast;
pub mod grid;
pub mod gstreamer;
pub mod load;
pub mod parquet;
pub mod plan;
pub mod prepared;
pub mod probe;
pub mod process;
pub mod push;
pub mod row;
pub mod score;
pub mod series;
pub mod source;
pub mod steer;
pub mod store;
pub mod tools;
pub mod workbench;
