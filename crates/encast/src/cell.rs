//! The cells in which intervals are calibrated and judged: codec and size.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{codec::Codec, features::PredictionFeatures};

/// Sizes of a cell end below these numbers of lines.
const ENDS: [f64; 6] = [320.0, 420.0, 620.0, 900.0, 1300.0, 1900.0];

/// A codec, where it is known, and a range of encoded heights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct Cell {
    pub codec: Option<Codec>,
    /// How many of [`ENDS`] the height reaches.
    pub size: u8,
}

impl Cell {
    pub(crate) fn of(codec: Option<Codec>, height: f64) -> Cell {
        Cell { codec, size: ENDS.iter().filter(|&&end| height >= end).count() as u8 }
    }

    pub(crate) fn of_request(features: &PredictionFeatures) -> Cell {
        Cell::of(features.codec_known(), features.resolution_height)
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = usize::from(self.size).min(ENDS.len());
        write!(f, "{}", self.codec.map_or("any codec", Codec::name))?;
        match (size.checked_sub(1).map(|before| ENDS[before]), ENDS.get(size)) {
            (None, Some(end)) => write!(f, ", below {end} lines"),
            (Some(start), Some(end)) => write!(f, ", {start} to {} lines", end - 1.0),
            (start, None) => write!(f, ", {} lines and more", start.unwrap_or(0.0)),
        }
    }
}
