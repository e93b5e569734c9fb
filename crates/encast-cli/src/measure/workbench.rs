//! One clip on the bench: decoded and measured once, then encoded and scored as often as it takes.

use std::{
    fs,
    path::{Path, PathBuf},
};

use encast::{Encoder, PredictionFeatures, motion_intensity_of_ti};

use super::{
    campaign::{allowed_cores, pin},
    encode::{ENCODE, Encoding, Taken},
    encoders::{EncoderSpec, RateControl},
    engine::Engine,
    grid::{Clip, Grid, ProbeRecipe, Size},
    probe::{self, Place, Probe},
    process::Children,
    score::{Comparison, Score},
    source::{self, Source},
    tools::Tools,
};

/// The best encode's file in the working folder.
const BEST: &str = "best.mkv";

/// What is done with the clip.
pub struct Task {
    /// Video file.
    pub clip: PathBuf,
    /// Where the part starts, seconds.
    pub start_seconds: f64,
    /// Its length, seconds; all that there is when none.
    pub seconds: Option<f64>,
    /// What encodes.
    pub encoder: &'static EncoderSpec,
    /// Its preset.
    pub preset: String,
    /// Encoded size; the source's when none.
    pub size: Option<(usize, usize)>,
    /// Threads of the encoder and the scorer.
    pub threads: u32,
    /// Seconds between keyframes.
    pub keyframe_seconds: f64,
    /// VMAF model that scores.
    pub vmaf_model: String,
}

/// A clip that is ready to be encoded.
pub struct Workbench<'a> {
    task: Task,
    /// The source with its complexity.
    pub source: Source,
    size: (usize, usize),
    cores: Vec<usize>,
    tools: &'a Tools,
    children: &'a Children,
    work: &'a Path,
}

/// The longest part that is read when none is named: a day.
const ALL: f64 = 86_400.0;

impl<'a> Workbench<'a> {
    /// Decodes the part and measures its complexity; `work` takes it.
    pub fn prepare(task: Task, work: &'a Path, tools: &'a Tools, children: &'a Children) -> Result<Self, String> {
        let clip = Clip {
            file: Some(task.clip.clone()),
            generate: None,
            title: None,
            kind: None,
            start_seconds: task.start_seconds,
            seconds: Some(task.seconds.unwrap_or(ALL)),
        };
        let grid = Grid {
            seconds: ALL,
            keyframe_seconds: task.keyframe_seconds,
            threads: task.threads,
            vmaf_model: task.vmaf_model.clone(),
            sizes: vec![Size::Share(1.0)],
            frame_drop: vec![0.0],
            sample: None,
            probe: None,
            clips: Vec::new(),
            encodes: Vec::new(),
        };
        let here = Path::new(".");
        let info = source::inspect(&clip, &grid, here, work, (tools, children))?;
        let source = source::prepare(&clip, &grid, &info, here, work, (tools, children))?;
        let size = task.size.unwrap_or((info.width, info.height));
        Ok(Workbench { task, source, size, cores: allowed_cores(), tools, children, work })
    }

    fn gop(&self) -> u64 {
        ((self.task.keyframe_seconds * self.source.info.frame_rate).round() as u64).max(1)
    }

    /// Runs the trial encode of a recipe.
    pub fn probe(&self, recipe: &ProbeRecipe) -> Result<Probe, String> {
        let place = Place { work: self.work, cores: &self.cores, tools: self.tools, children: self.children };
        let how = (self.task.vmaf_model.as_str(), self.task.threads, self.gop());
        probe::run(recipe, &self.source, how, &place).map_err(|why| format!("probe: {why}"))
    }

    /// What a forecast knows of the encode, but for its rate.
    pub fn request(&self, probe: Option<&Probe>) -> PredictionFeatures {
        let (info, clip) = (&self.source.info, &self.source.content.clip);
        let encoder = Encoder::from_name(self.task.encoder.name).ok();
        PredictionFeatures {
            resolution_width: self.size.0 as f64,
            resolution_height: self.size.1 as f64,
            frame_rate: Some(info.frame_rate),
            frame_drop: Some(0.0),
            codec: Some(self.task.encoder.codec),
            encoder,
            // The presets of hardware encoders are not known to models.
            preset: encoder.map(|_| self.task.preset.clone()),
            threads: Some(f64::from(self.task.threads)),
            source_width: Some(info.width as f64),
            source_height: Some(info.height as f64),
            source_frame_rate: Some(info.frame_rate),
            bit_depth: Some(f64::from(info.bit_depth)),
            duration_s: Some(self.source.duration),
            si_mean: Some(clip.si.mean),
            si_std: Some(clip.si.std),
            ti_mean: clip.ti.map(|ti| ti.mean),
            ti_std: clip.ti.map(|ti| ti.std),
            motion_intensity: clip.ti.map(|ti| motion_intensity_of_ti(ti.mean)),
            spatial_energy: Some(clip.spatial_energy.mean),
            temporal_energy: clip.temporal_energy.map(|h| h.mean),
            luminance: Some(clip.luminance.mean),
            static_share: clip.static_share.map(|share| share.mean),
            probe_bitrate_kbps: probe.map(|probe| probe.bitrate_kbps),
            probe_psnr: probe.and_then(|probe| probe.psnr),
            probe_vmaf: probe.map(|probe| probe.vmaf),
            ..PredictionFeatures::default()
        }
    }

    /// Encodes on some cores, with a thread for each, and does not score.
    pub fn time(&self, rate: RateControl, cores: &[usize]) -> Result<Taken, String> {
        let encoding = Encoding { threads: cores.len() as u32, ..self.encoding(rate) };
        pin(cores)?;
        let taken = encoding.run(&self.source, self.work, cores, self.tools, self.children);
        pin(&self.cores)?;
        taken
    }

    /// The cores that may be used.
    pub fn cores(&self) -> &[usize] {
        &self.cores
    }

    fn encoding(&self, rate: RateControl) -> Encoding<'_> {
        Encoding {
            engine: Engine::Ffmpeg,
            encoder: self.task.encoder,
            preset: &self.task.preset,
            rate,
            size: self.size,
            frame_drop: 0.0,
            selected: None,
            threads: self.task.threads,
            gop: self.gop(),
        }
    }

    /// Encodes and scores.
    pub fn encode(&self, rate: RateControl) -> Result<(Taken, Score), String> {
        let task = &self.task;
        let taken = self.encoding(rate).run(&self.source, self.work, &self.cores, self.tools, self.children)?;
        let comparison = Comparison {
            encode: ENCODE,
            source: &self.source,
            dropped: false,
            selected: None,
            vmaf_model: &task.vmaf_model,
            threads: task.threads,
        };
        let score = comparison.score(self.work, self.tools, self.children)?;
        match score.frames == self.source.frames {
            true => Ok((taken, score)),
            false => Err(format!("{} of {} frames could be compared", score.frames, self.source.frames)),
        }
    }

    /// Bitrate of what was scored, kbit/s.
    pub fn bitrate_kbps(&self, score: &Score) -> f64 {
        score.bytes as f64 * 8.0 / 1000.0 / self.source.duration
    }

    /// Keeps the last encode as the best one; returns its place.
    pub fn keep(&self) -> Result<PathBuf, String> {
        let best = self.work.join(BEST);
        fs::rename(self.work.join(ENCODE), &best).map_err(|error| format!("{}: {error}", best.display()))?;
        Ok(best)
    }
}
