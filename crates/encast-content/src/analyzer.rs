//! Frames in, complexity out: one pass, constant memory.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::{
    ContentError, Luma, Segmentation, Summary,
    cuts::CutDetector,
    dct::{BLOCK, Tables},
    plane::{Rows, Sample, check_bit_depth, check_size},
    simd::Instructions,
    strip::{BlockFigures, Strip, StripSums},
    summary::Collector,
    workers::Workers,
};

/// What VCA divides the block energies by.
const ENERGY_SCALE: f64 = 90.0;
/// What VCA divides the changes of block energies by.
const CHANGE_SCALE: f64 = 18.0;
/// A block is static when its mean changed by less than this, in steps of 8-bit luma, …
const STATIC_MEAN: f64 = 2.0;
/// … and its energy by less than this, on the scale of h.
const STATIC_ENERGY: f64 = 8.0;
/// The lowest coefficient of a block over its mean: 32 of an orthonormal transform, times HEVC's 4.
const LOWEST_OVER_MEAN: f64 = 128.0;

/// Complexity of one frame. Everything on the scale of 8-bit luma as coded.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FrameComplexity {
    /// Number of the frame, from 0.
    pub frame: u64,
    /// Spatial information, ITU-T P.910: standard deviation of the Sobel magnitude.
    pub si: f64,
    /// Temporal information, ITU-T P.910: standard deviation of the difference from the frame before; none of frame 0.
    pub ti: Option<f64>,
    /// VCA's E: mean weighted DCT energy of the 32×32 blocks.
    pub spatial_energy: f64,
    /// VCA's h: mean change of the blocks' energies; none of frame 0.
    pub temporal_energy: Option<f64>,
    /// VCA's L: mean root of the blocks' lowest coefficient.
    pub luminance: f64,
    /// Share of the 32×32 blocks that hardly changed, 0–1: mean by less than 2 steps, energy by less than 8 on the scale
    /// of h; none of frame 0.
    pub static_share: Option<f64>,
}

/// Takes frames one by one. Holds one previous frame and a few numbers a block, however long the clip is.
pub struct Analyzer {
    width: usize,
    height: usize,
    bit_depth: u8,
    instructions: Instructions,
    workers: Workers,
    tables: Tables,
    before: Before,
    blocks: Vec<BlockFigures>,
    blocks_before: Vec<BlockFigures>,
    sums: Vec<StripSums>,
    means: Vec<f32>,
    cuts: CutDetector,
    collector: Collector,
    frames: u64,
}

/// The previous frame, without gaps; empty before the first.
enum Before {
    Eight(Vec<u8>),
    Sixteen(Vec<u16>),
}

impl Analyzer {
    /// An analyzer of one clip: size in samples (3 to 16384 a side), bits per sample (8 to 12), frames per second
    /// (positive, or `None` when unknown). Fails when one is out of these bounds.
    pub fn new(width: usize, height: usize, bit_depth: u8, frame_rate: Option<f64>) -> Result<Analyzer, ContentError> {
        check_size(width, height)?;
        check_bit_depth(bit_depth)?;
        if let Some(rate) = frame_rate.filter(|rate| !(rate.is_finite() && *rate > 0.0)) {
            return Err(ContentError::bounds("frame_rate", rate, "finite and above 0"));
        }
        let (across, down) = (width.div_ceil(BLOCK), height.div_ceil(BLOCK));
        let before = if bit_depth == 8 { Before::Eight(Vec::new()) } else { Before::Sixteen(Vec::new()) };
        Ok(Analyzer {
            width,
            height,
            bit_depth,
            instructions: Instructions::default(),
            workers: Workers::new(1),
            tables: Tables::new(),
            before,
            blocks: vec![BlockFigures::default(); across * down],
            blocks_before: Vec::new(),
            sums: vec![StripSums::default(); down],
            means: vec![0.0; across * down],
            cuts: CutDetector::new(),
            collector: Collector::new(width, height, bit_depth, frame_rate),
            frames: 0,
        })
    }

    /// Cuts the clip into segments, each with a summary of its own. Before the first frame. Fails when the length is
    /// not positive, or is in seconds and the frame rate is unknown.
    pub fn segments(mut self, by: Segmentation) -> Result<Analyzer, ContentError> {
        self.collector.segment_by(by)?;
        Ok(self)
    }

    /// Shares the work on each frame between threads, 1 to 64 (beyond is cut down). The figures stay the same, bit for
    /// bit.
    pub fn threads(mut self, threads: usize) -> Analyzer {
        self.workers = Workers::new(threads.clamp(1, 64));
        self
    }

    /// Uses other instructions than the fastest. The figures stay the same, bit for bit.
    pub fn instructions(mut self, instructions: Instructions) -> Analyzer {
        self.instructions = instructions;
        self
    }

    /// Takes the next frame, and returns its complexity. After an error the frame counts as not given.
    pub fn push(&mut self, luma: &Luma<'_>) -> Result<FrameComplexity, ContentError> {
        self.push_beside(luma, &mut || ())
    }

    /// Takes the next frame, and does something else meanwhile; not after an error.
    pub(crate) fn push_beside(
        &mut self,
        luma: &Luma<'_>,
        beside: &mut dyn FnMut(),
    ) -> Result<FrameComplexity, ContentError> {
        let (size, frame) = ((self.width, self.height), self.frames);
        let work = Work {
            instructions: self.instructions,
            workers: &self.workers,
            tables: &self.tables,
            first: frame == 0,
            blocks: &mut self.blocks,
            sums: &mut self.sums,
        };
        match (luma, &mut self.before) {
            (Luma::Eight { samples, stride }, Before::Eight(before)) => {
                work.measure(Rows::check(samples, *stride, size, frame)?, before, beside);
            }
            (Luma::Sixteen { samples, stride }, Before::Sixteen(before)) => {
                let plane = Rows::check(samples, *stride, size, frame)?;
                let (bit_depth, bound) = (self.bit_depth, (1_u16 << self.bit_depth) - 1);
                if let Some(value) = larger(plane, bound, &self.workers) {
                    return Err(ContentError::Sample { frame, value, bit_depth, bound });
                }
                work.measure(plane, before, beside);
            }
            (Luma::Eight { .. }, Before::Sixteen(_)) => {
                return Err(ContentError::SampleType { frame, given: 8, bit_depth: self.bit_depth });
            }
            (Luma::Sixteen { .. }, Before::Eight(_)) => {
                return Err(ContentError::SampleType { frame, given: 16, bit_depth: self.bit_depth });
            }
        }
        Ok(self.figures())
    }

    /// Whether threads share the work.
    pub(crate) fn is_shared(&self) -> bool {
        self.workers.are_several()
    }

    /// Puts the sums of a frame together.
    fn figures(&mut self) -> FrameComplexity {
        let scale = 255.0 / f64::from((1_u32 << self.bit_depth) - 1);
        let blocks = self.blocks.len() as f64;
        let (mut magnitude, mut square, mut difference, mut difference_square) = (0.0, 0_u64, 0_i64, 0_u64);
        for sums in &self.sums {
            magnitude += sums.gradients.magnitudes.iter().sum::<f64>();
            square += sums.gradients.squares.iter().sum::<u64>();
            difference += sums.differences.difference;
            difference_square += sums.differences.square;
        }
        let interior = ((self.width - 2) * (self.height - 2)) as f64;
        let samples = (self.width * self.height) as f64;
        let (mut energy, mut luminance) = (0.0, 0.0);
        for (block, mean) in self.blocks.iter().zip(&mut self.means) {
            energy += f64::from(block.energy);
            luminance += (LOWEST_OVER_MEAN * scale * f64::from(block.mean)).sqrt();
            *mean = block.mean * scale as f32;
        }
        let temporal = (self.frames > 0).then(|| {
            let (mut changes, mut still) = (0.0, 0_u32);
            for (now, then) in self.blocks.iter().zip(&self.blocks_before) {
                let change = (f64::from(now.energy) - f64::from(then.energy)).abs();
                let step = (f64::from(now.mean) - f64::from(then.mean)).abs();
                changes += change;
                still += u32::from(scale * step < STATIC_MEAN && scale * change / CHANGE_SCALE < STATIC_ENERGY);
            }
            let ti = scale * deviation(difference as f64, difference_square as f64, samples);
            (ti, scale * changes / (blocks * CHANGE_SCALE), f64::from(still) / blocks)
        });
        let complexity = FrameComplexity {
            frame: self.frames,
            si: scale * deviation(magnitude, square as f64, interior),
            ti: temporal.map(|(ti, ..)| ti),
            spatial_energy: scale * energy / (blocks * ENERGY_SCALE),
            temporal_energy: temporal.map(|(_, h, _)| h),
            luminance: luminance / blocks,
            static_share: temporal.map(|(.., share)| share),
        };
        self.blocks_before.clone_from(&self.blocks);
        let cut = self.cuts.push(&self.means);
        self.collector.push(complexity, cut);
        self.frames += 1;
        complexity
    }

    /// The summary of all frames. Fails when there was none.
    pub fn finish(self) -> Result<Summary, ContentError> {
        self.collector.finish()
    }
}

/// Standard deviation of a population from its sums.
fn deviation(sum: f64, square: f64, count: f64) -> f64 {
    let mean = sum / count;
    (square / count - mean * mean).max(0.0).sqrt()
}

/// The largest sample if it is beyond the bound, all ones in binary.
fn larger(plane: Rows<u16>, bound: u16, workers: &Workers) -> Option<u16> {
    let beyond = AtomicBool::new(false);
    let strips = (0..plane.height).step_by(BLOCK).collect();
    let look = |top: usize| {
        let rows = (top..plane.height.min(top + BLOCK)).map(|y| plane.row(y));
        let bits = rows.fold(0, |bits, row| row.iter().fold(bits, |bits, sample| bits | sample));
        if bits > bound {
            beyond.store(true, Ordering::Relaxed);
        }
    };
    workers.share(strips, look, &mut || ());
    let largest = || (0..plane.height).flat_map(|y| plane.row(y)).copied().max();
    beyond.into_inner().then(largest).flatten()
}

/// How a frame is worked on, and the places for its results.
struct Work<'a> {
    instructions: Instructions,
    workers: &'a Workers,
    tables: &'a Tables,
    first: bool,
    blocks: &'a mut [BlockFigures],
    sums: &'a mut [StripSums],
}

impl Work<'_> {
    fn measure<T: Sample>(self, plane: Rows<T>, before: &mut Vec<T>, beside: &mut dyn FnMut()) {
        let Work { instructions, tables, first, .. } = self;
        before.resize(plane.width * plane.height, T::default());
        let blocks = self.blocks.chunks_mut(plane.width.div_ceil(BLOCK));
        let places = before.chunks_mut(plane.width * BLOCK).zip(blocks.zip(self.sums)).enumerate();
        let strip = |(index, (before, (blocks, sums)))| Strip { plane, before, first, index, blocks, sums };
        let strips: Vec<Strip<T>> = places.map(strip).collect();
        self.workers.share(strips, |mut strip| instructions.measure(&mut strip, tables), beside);
    }
}
