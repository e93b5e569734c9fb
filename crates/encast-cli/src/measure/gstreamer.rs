//! The second engine: the same encode through GStreamer's pipeline.

use std::process::Command;

use super::{encode::Encoding, source::Source};

/// The command of one encode.
pub fn command(_encoding: &Encoding<'_>, _source: &Source) -> Command {
    Command::new("gst-launch-1.0")
}
