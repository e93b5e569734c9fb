//! Where the frames of a clip come from: Y4M as it is, anything else through ffmpeg.

use std::{
    fs::File,
    io::{self, Read, Seek},
    path::Path,
};

use encast_content::{ContentError, Segmentation, Summary, Y4mReader};

use super::{
    analyze_curve::{Curve, Times},
    analyze_ffmpeg,
};
use crate::failure::Failure;

const MAGIC: &[u8] = b"YUV4MPEG2";

/// How to analyse.
pub struct How {
    pub by: Option<Segmentation>,
    pub threads: usize,
    /// Keep the figures of the frames, for a plot.
    pub curve: bool,
}

/// One clip, analysed.
pub struct Analysed {
    pub summary: Summary,
    /// Whether the time from frame to frame varies; `None` when nothing tells the frames' times.
    pub variable_frame_rate: Option<bool>,
    /// With [`How::curve`].
    pub curve: Option<Curve>,
    /// When the frames are shown, where that is not the frame rate's doing.
    pub times: Option<Times>,
    /// What the user should know, one line each.
    pub notes: Vec<String>,
}

/// Analyses one clip; `-` is Y4M from standard input.
pub fn analyze(path: &Path, how: &How) -> Result<Analysed, Failure> {
    let bad = |error: ContentError| Failure::of_file(path, error);
    if path == Path::new("-") {
        return stream(Y4mReader::new(io::stdin().lock()), how).map_err(|error| match error {
            ContentError::NotY4m => Failure::of_file(
                path,
                format!("{error}; decode it first (ffmpeg -i … -f yuv4mpegpipe -strict -1 -), or give the file's name"),
            ),
            other => bad(other),
        });
    }
    let mut file = File::open(path).map_err(|error| Failure::of_file(path, error))?;
    let about = file.metadata().map_err(|error| Failure::of_file(path, error))?;
    if about.is_dir() {
        return Err(Failure::of_file(path, "is a folder"));
    }
    if about.is_file() && about.len() == 0 {
        return Err(Failure::of_file(path, "is empty"));
    }
    let mut start = Vec::new();
    let most = MAGIC.len() as u64;
    (&mut file).take(most).read_to_end(&mut start).map_err(|error| Failure::of_file(path, error))?;
    if !about.is_file() {
        return stream(Y4mReader::new(start.chain(file)), how).map_err(bad);
    }
    if start.starts_with(MAGIC) {
        file.rewind().map_err(|error| Failure::of_file(path, error))?;
        return stream(Y4mReader::seekable(file), how).map_err(bad);
    }
    analyze_ffmpeg::decode(path, how)
}

/// Analyses a Y4M stream. Its frame rate is taken at its word.
pub fn stream<R: Read>(reader: Result<Y4mReader<R>, ContentError>, how: &How) -> Result<Analysed, ContentError> {
    let mut reader = reader?;
    let mut analyzer = reader.analyzer()?.threads(how.threads);
    if let Some(by) = how.by {
        analyzer = analyzer.segments(by)?;
    }
    let mut curve = how.curve.then(Curve::new);
    reader.analyze_each(&mut analyzer, |frame| {
        if let Some(curve) = &mut curve {
            curve.push(frame);
        }
    })?;
    Ok(Analysed { summary: analyzer.finish()?, variable_frame_rate: None, curve, times: None, notes: Vec::new() })
}
