//! What runs an encode: FFmpeg or GStreamer.

use serde::{Deserialize, Serialize};

use super::{encoders::EncoderSpec, gstreamer};

/// The program that runs an encode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    /// The `ffmpeg` command.
    #[default]
    Ffmpeg,
    /// `gst-launch-1.0`.
    Gstreamer,
}

impl Engine {
    /// The word in the table.
    pub fn name(self) -> &'static str {
        match self {
            Engine::Ffmpeg => "ffmpeg",
            Engine::Gstreamer => "gstreamer",
        }
    }

    /// Whether two passes can be run.
    pub fn two_pass(self) -> bool {
        self == Engine::Ffmpeg
    }

    /// Whether it reads sources of so many bits per sample.
    pub fn reads(self, bit_depth: u8) -> bool {
        self == Engine::Ffmpeg || bit_depth <= gstreamer::BIT_DEPTH
    }

    /// Whether it can run an encoder; an error names what it can.
    pub fn check(self, encoder: &EncoderSpec) -> Result<(), String> {
        match self {
            Engine::Ffmpeg => Ok(()),
            Engine::Gstreamer if matches!(encoder.name, "libx264" | "libx265") => Ok(()),
            Engine::Gstreamer => Err(format!("{} is not run through gstreamer; libx264 and libx265 are", encoder.name)),
        }
    }
}
