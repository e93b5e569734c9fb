//! A source with all that is the same on each row of its clip.

use super::{probe::Probe, source::Source};

/// A source on the disk, measured.
pub struct Prepared {
    /// The source with its complexity.
    pub source: Source,
    /// The trial encode's recipe and result.
    pub probe: Option<(String, Probe)>,
    /// Where the source lies; removed with it.
    pub _folder: tempfile::TempDir,
}
