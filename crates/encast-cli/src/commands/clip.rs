//! What a clip tells of a source, where a subcommand takes one in the place of the source's flags.

use std::path::Path;

use encast::PredictionFeatures;

use super::{
    analyze,
    analyze_input::{self, How},
};
use crate::{failure::Failure, output};

/// What is measured of the clip; the encodes have its frame rate. Without a clip nothing is known.
pub fn source(clip: Option<&Path>) -> Result<PredictionFeatures, Failure> {
    let Some(path) = clip else {
        return Ok(PredictionFeatures::default());
    };
    let analysed = analyze_input::analyze(path, &How { by: None, threads: 1, curve: false })?;
    for note in &analysed.notes {
        output::note(&format!("warning: {}: {note}", path.display()));
    }
    let known = analyze::request_of(&analysed)?;
    Ok(PredictionFeatures { frame_rate: known.source_frame_rate, ..known })
}
