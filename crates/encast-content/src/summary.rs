//! What is said of a whole clip and of its segments.

use crate::{ContentError, FrameComplexity, Statistics, stats::Series};

/// How a clip is cut into segments.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Segmentation {
    /// Segments of so many seconds, above 0, each rounded to a whole frame; the last may be shorter.
    Seconds(f64),
    /// Scenes, from cut to cut.
    Scenes,
}

/// Complexity of a clip or a segment. `None` is what is not known: the temporal figures of one frame, a duration
/// without a frame rate.
#[derive(Clone, Debug, PartialEq)]
pub struct Complexity {
    /// First frame, from 0.
    pub first_frame: u64,
    /// Frames, at least 1.
    pub frames: u64,
    /// Length, seconds: frames over frame rate.
    pub duration_s: Option<f64>,
    /// Spatial information, ITU-T P.910, 8-bit scale.
    pub si: Statistics,
    /// Temporal information, ITU-T P.910, 8-bit scale. In a segment, of all frames but its first.
    pub ti: Option<Statistics>,
    /// VCA's E.
    pub spatial_energy: Statistics,
    /// VCA's h. In a segment, of all frames but its first.
    pub temporal_energy: Option<Statistics>,
    /// VCA's L.
    pub luminance: Statistics,
    /// Share of blocks that hardly changed, 0–1. In a segment, of all frames but its first.
    pub static_share: Option<Statistics>,
}

/// What an [`Analyzer`](crate::Analyzer) found.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// Width, samples.
    pub width: usize,
    /// Height, samples.
    pub height: usize,
    /// Bits per sample.
    pub bit_depth: u8,
    /// Frames per second.
    pub frame_rate: Option<f64>,
    /// The whole clip.
    pub clip: Complexity,
    /// Frames that start a scene, from 0; never frame 0. At most [`MOST_CUTS`] are kept.
    pub cuts: Vec<u64>,
    /// Segments in order; empty when none were asked for. At most [`MOST_SEGMENTS`].
    pub segments: Vec<Complexity>,
}

/// Cuts kept: bounds the memory on endless input.
pub const MOST_CUTS: usize = 1 << 16;
/// Segments kept; all frames behind belong to the last one.
pub const MOST_SEGMENTS: usize = 1 << 16;

/// Series of one stretch of frames.
struct Stretch {
    first_frame: u64,
    frames: u64,
    series: [Series; 6],
}

impl Stretch {
    fn new() -> Stretch {
        Stretch { first_frame: 0, frames: 0, series: std::array::from_fn(|_| Series::new()) }
    }

    fn push(&mut self, frame: &FrameComplexity) {
        let first = self.frames == 0;
        if first {
            self.first_frame = frame.frame;
        }
        self.frames += 1;
        let [si, ti, spatial, temporal, luminance, still] = &mut self.series;
        si.push(frame.si);
        spatial.push(frame.spatial_energy);
        luminance.push(frame.luminance);
        if !first {
            let of_time = [(ti, frame.ti), (temporal, frame.temporal_energy), (still, frame.static_share)];
            for (series, value) in of_time {
                value.into_iter().for_each(|value| series.push(value));
            }
        }
    }

    fn finish(&self, frame_rate: Option<f64>) -> Option<Complexity> {
        let [si, ti, spatial, temporal, luminance, still] = &self.series;
        Some(Complexity {
            first_frame: self.first_frame,
            frames: self.frames,
            duration_s: frame_rate.map(|rate| self.frames as f64 / rate),
            si: si.finish()?,
            ti: ti.finish(),
            spatial_energy: spatial.finish()?,
            temporal_energy: temporal.finish(),
            luminance: luminance.finish()?,
            static_share: still.finish(),
        })
    }
}

/// Collects frames into the clip and its segments.
pub(crate) struct Collector {
    width: usize,
    height: usize,
    bit_depth: u8,
    frame_rate: Option<f64>,
    by: Option<Segmentation>,
    clip: Stretch,
    segment: Stretch,
    segments: Vec<Complexity>,
    cuts: Vec<u64>,
    /// The last frame: whether it starts a scene is known one frame later.
    undecided: Option<FrameComplexity>,
}

impl Collector {
    pub fn new(width: usize, height: usize, bit_depth: u8, frame_rate: Option<f64>) -> Collector {
        Collector {
            width,
            height,
            bit_depth,
            frame_rate,
            by: None,
            clip: Stretch::new(),
            segment: Stretch::new(),
            segments: Vec::new(),
            cuts: Vec::new(),
            undecided: None,
        }
    }

    pub fn segment_by(&mut self, by: Segmentation) -> Result<(), ContentError> {
        if let Segmentation::Seconds(seconds) = by {
            if !(seconds.is_finite() && seconds > 0.0) {
                return Err(ContentError::bounds("segment", seconds, "a finite number of seconds above 0"));
            }
            if self.frame_rate.is_none() {
                return Err(ContentError::bounds("frame_rate", f64::NAN, "known for segments in seconds"));
            }
        }
        self.by = Some(by);
        Ok(())
    }

    /// Takes a frame; `cut` says whether the frame before it starts a scene.
    pub fn push(&mut self, frame: FrameComplexity, cut: bool) {
        self.clip.push(&frame);
        if let Some(decided) = self.undecided.replace(frame) {
            self.settle(decided, cut);
        }
    }

    fn settle(&mut self, frame: FrameComplexity, cut: bool) {
        if cut && self.cuts.len() < MOST_CUTS {
            self.cuts.push(frame.frame);
        }
        let starts = match (self.by, self.frame_rate) {
            (None, _) => return,
            (Some(Segmentation::Scenes), _) => cut,
            (Some(Segmentation::Seconds(seconds)), Some(rate)) => {
                // Segment k starts at frame round(k · seconds · rate): no drift, and at least one frame each.
                let next = (self.segments.len() + 1) as f64 * seconds * rate;
                frame.frame >= 1 && frame.frame as f64 >= next.round()
            }
            (Some(Segmentation::Seconds(_)), None) => false,
        };
        if starts && self.segments.len() + 1 < MOST_SEGMENTS {
            self.close();
        }
        self.segment.push(&frame);
    }

    fn close(&mut self) {
        if let Some(done) = std::mem::replace(&mut self.segment, Stretch::new()).finish(self.frame_rate) {
            self.segments.push(done);
        }
    }

    pub fn finish(mut self) -> Result<Summary, ContentError> {
        if let Some(last) = self.undecided.take() {
            self.settle(last, false);
        }
        self.close();
        let clip = self.clip.finish(self.frame_rate).ok_or(ContentError::NoFrame)?;
        let Collector { width, height, bit_depth, frame_rate, cuts, segments, .. } = self;
        Ok(Summary { width, height, bit_depth, frame_rate, clip, cuts, segments })
    }
}
