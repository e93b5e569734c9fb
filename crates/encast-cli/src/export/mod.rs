//! Measurements that come back as an encode table: from time series, from the exporter's store, or made up for a start.

mod encodes;
mod families;
mod labels;
mod observations;
mod query;
mod record;
mod sheet;
mod source;
mod synthetic;

pub use self::{
    families::OBSERVED_AT_COLUMN,
    record::Record,
    sheet::{Sheet, check_place},
    source::{SourceArgs, Summary},
    synthetic::{TITLE_PREFIX, make},
};
