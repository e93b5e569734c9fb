//! The grid: what to measure, as a TOML file says it, checked before anything runs.

use std::{
    collections::{BTreeMap, HashSet},
    fs,
    path::{Path, PathBuf},
};

use serde::Deserialize;

use super::{encoders::EncoderSpec, engine::Engine, gstreamer};
use crate::failure::Failure;

/// No grid is longer, bytes.
const LARGEST: u64 = 1 << 20;

/// A whole grid.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grid {
    /// Seconds of every clip that are encoded.
    #[serde(default = "default_seconds")]
    pub seconds: f64,
    /// Seconds between keyframes.
    #[serde(default = "default_keyframe_seconds")]
    pub keyframe_seconds: f64,
    /// Threads of an encoder; as many cores are taken for each job.
    #[serde(default = "one")]
    pub threads: u32,
    /// VMAF model that scores.
    #[serde(default = "default_vmaf_model")]
    pub vmaf_model: String,
    /// Encoded sizes.
    #[serde(default = "source_size")]
    pub sizes: Vec<Size>,
    /// Shares of source frames that are dropped before the encode.
    #[serde(default = "nothing_dropped")]
    pub frame_drop: Vec<f64>,
    /// Takes a part of the grid for each clip.
    pub sample: Option<Sample>,
    /// The trial encode whose result stands on every row of its clip.
    pub probe: Option<ProbeRecipe>,
    /// Sources.
    #[serde(rename = "clip", default)]
    pub clips: Vec<Clip>,
    /// What is done with each of them.
    #[serde(rename = "encode", default)]
    pub encodes: Vec<Encode>,
}

/// One source.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clip {
    /// Video file, relative to the grid's folder or to `--clips`.
    pub file: Option<PathBuf>,
    /// A source of FFmpeg's lavfi instead of a file.
    pub generate: Option<String>,
    /// Name in the table; default: the file's name without its ending.
    pub title: Option<String>,
    /// What kind of content it is: free text for the table's `title_kind`.
    pub kind: Option<String>,
    /// Where the measured part starts, seconds.
    #[serde(default)]
    pub start_seconds: f64,
    /// Seconds of this clip, in place of the grid's.
    pub seconds: Option<f64>,
}

/// Encodes with one encoder.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Encode {
    /// Encoder, as FFmpeg calls it.
    pub encoder: String,
    /// Presets, as the tables call them.
    pub presets: Vec<String>,
    /// What runs it.
    #[serde(default)]
    pub engine: Engine,
    /// Constant-quality settings.
    #[serde(default)]
    pub crf: Vec<f64>,
    /// Average bitrates, one pass.
    #[serde(default)]
    pub bitrate_kbps: Vec<f64>,
    /// Average bitrates as bits per pixel and frame, one pass.
    #[serde(default)]
    pub bits_per_pixel: Vec<f64>,
    /// Average bitrates as bits per pixel and frame, two passes.
    #[serde(default)]
    pub bits_per_pixel_two_pass: Vec<f64>,
    /// Average bitrates, two passes.
    #[serde(default)]
    pub bitrate_kbps_two_pass: Vec<f64>,
    /// Sizes in place of the grid's.
    pub sizes: Option<Vec<Size>>,
    /// Frame drops in place of the grid's.
    pub frame_drop: Option<Vec<f64>>,
}

/// An encoded size.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(
    untagged,
    expecting = "a size must be a share of the source's sides (1.0, 0.5) or an even number of lines (360)"
)]
pub enum Size {
    /// Lines; the width follows from the source's shape. Sources with fewer lines leave it out.
    Lines(u32),
    /// Share of the source's sides.
    Share(f64),
}

/// A part of the grid: whole rate–quality curves, the same ones each time, spread over encoders.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sample {
    /// Curves for each clip. More of them later keep those of before.
    pub curves_per_clip: usize,
    /// Which ones.
    #[serde(default)]
    pub seed: u64,
}

/// A short trial encode at constant quality.
#[derive(Debug, Clone, PartialEq, Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields)]
pub struct ProbeRecipe {
    /// Encoder.
    pub encoder: String,
    /// Its preset.
    pub preset: String,
    /// Its constant-quality setting.
    pub crf: f64,
    /// Most lines of the encode; smaller sources keep their own size.
    pub lines: u32,
    /// Samples, spread evenly over the measured part.
    #[serde(default = "one")]
    pub samples: u32,
    /// Length of each, seconds.
    pub sample_seconds: f64,
}

fn default_seconds() -> f64 {
    5.0
}
fn default_keyframe_seconds() -> f64 {
    2.0
}
fn one() -> u32 {
    1
}
fn default_vmaf_model() -> String {
    "vmaf_v0.6.1".to_owned()
}
fn source_size() -> Vec<Size> {
    vec![Size::Share(1.0)]
}
fn nothing_dropped() -> Vec<f64> {
    vec![0.0]
}

impl Clip {
    /// The name in the table.
    pub fn title(&self) -> String {
        let of_file = || self.file.as_ref().and_then(|f| f.file_stem()).map(|s| s.to_string_lossy().into_owned());
        self.title.clone().or_else(of_file).or_else(|| self.generate.clone()).unwrap_or_default()
    }
}

impl Clip {
    /// What the rows say of where they come from: the file's name, or the generator.
    pub fn name(&self) -> String {
        let file = self.file.as_ref().and_then(|f| f.file_name()).map(|s| s.to_string_lossy().into_owned());
        file.or_else(|| self.generate.clone()).unwrap_or_default()
    }
}

impl Size {
    /// Width and height for a source, even numbers; none when the source is smaller.
    pub fn of(self, width: usize, height: usize) -> Option<(usize, usize)> {
        let even = |x: f64| (((x / 2.0).round() as usize) * 2).max(16);
        match self {
            Size::Share(share) => Some((even(width as f64 * share), even(height as f64 * share))),
            Size::Lines(lines) if lines as usize <= height => {
                Some((even(width as f64 * f64::from(lines) / height as f64), lines as usize))
            }
            Size::Lines(_) => None,
        }
    }
}

impl Grid {
    /// Reads and checks a grid; an error names file, line or field, value and bound.
    pub fn read(path: &Path) -> Result<Grid, Failure> {
        let about = fs::metadata(path).map_err(|error| Failure::of_file(path, error))?;
        if about.len() > LARGEST {
            return Err(Failure::of_file(path, format!("is larger than {LARGEST} bytes")));
        }
        let text = fs::read_to_string(path).map_err(|error| Failure::of_file(path, error))?;
        let grid: Grid = toml::from_str(&text).map_err(|error| {
            let line = error.span().map_or(1, |span| text[..span.start].matches('\n').count() + 1);
            Failure::Bad(format!("{}:{line}: {}", path.display(), error.message().replace('\n', " ")))
        })?;
        grid.check().map_err(|what| Failure::of_file(path, what))?;
        Ok(grid)
    }

    fn check(&self) -> Result<(), String> {
        within("seconds", self.seconds, 0.1, 3600.0)?;
        within("keyframe_seconds", self.keyframe_seconds, 0.1, 60.0)?;
        within("threads", f64::from(self.threads), 1.0, 256.0)?;
        let known = self.vmaf_model.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_'));
        if self.vmaf_model.is_empty() || !known {
            return Err(format!("vmaf_model = \"{}\": must be a name of letters, digits, . and _", self.vmaf_model));
        }
        check_sizes("sizes", &self.sizes)?;
        check_drops("frame_drop", &self.frame_drop)?;
        if self.sample.as_ref().is_some_and(|s| s.curves_per_clip == 0) {
            return Err("sample.curves_per_clip = 0: must be at least 1".to_owned());
        }
        if let Some(probe) = &self.probe {
            probe.check()?;
        }
        self.check_clips()?;
        if self.encodes.is_empty() {
            return Err("no [[encode]]: at least one is needed".to_owned());
        }
        self.encodes
            .iter()
            .enumerate()
            .try_for_each(|(at, encode)| encode.check(&format!("encode[{at}]"), &self.frame_drop))
    }

    fn check_clips(&self) -> Result<(), String> {
        if self.clips.is_empty() {
            return Err("no [[clip]]: at least one is needed".to_owned());
        }
        let mut parts = HashSet::new();
        let mut kinds: BTreeMap<String, Option<&str>> = BTreeMap::new();
        for (at, clip) in self.clips.iter().enumerate() {
            let at = format!("clip[{at}]");
            match (&clip.file, &clip.generate) {
                (Some(_), None) | (None, Some(_)) => {}
                _ => return Err(format!("{at}: needs either file or generate")),
            }
            if clip.title().trim().is_empty() {
                return Err(format!("{at}.title is empty: a name is needed"));
            }
            within(&format!("{at}.start_seconds"), clip.start_seconds, 0.0, 1e6)?;
            if let Some(seconds) = clip.seconds {
                within(&format!("{at}.seconds"), seconds, 0.1, 3600.0)?;
            }
            if !parts.insert((clip.file.clone(), clip.generate.clone(), clip.start_seconds.to_bits())) {
                return Err(format!("{at}: the same part of the same source stands twice"));
            }
            let kind = kinds.entry(clip.title()).or_insert(clip.kind.as_deref());
            if *kind != clip.kind.as_deref() {
                return Err(format!("{at}.kind: title {} has another kind elsewhere", clip.title()));
            }
        }
        Ok(())
    }
}

impl ProbeRecipe {
    /// The recipe in words: what stands in the table and in a model that learns from it.
    pub fn describe(&self) -> String {
        let (encoder, preset, crf, lines) = (&self.encoder, &self.preset, self.crf, self.lines);
        let (samples, seconds) = (self.samples, self.sample_seconds);
        let samples = if samples == 1 { "1 sample".to_owned() } else { format!("{samples} samples") };
        format!("{encoder} {preset} crf {crf}, at most {lines} lines, {samples} of {seconds} s")
    }

    /// Checks names and bounds.
    pub fn check(&self) -> Result<(), String> {
        let spec = EncoderSpec::find(&self.encoder).map_err(|e| format!("probe.encoder: {e}"))?;
        spec.check_preset(&self.preset).map_err(|e| format!("probe.preset: {e}"))?;
        within("probe.crf", self.crf, 0.0, spec.highest_crf)?;
        within("probe.lines", f64::from(self.lines), 64.0, 4320.0)?;
        within("probe.samples", f64::from(self.samples), 1.0, 100.0)?;
        within("probe.sample_seconds", self.sample_seconds, 0.1, 600.0)
    }
}

impl Encode {
    /// `drops` are the grid's frame drops, `at` is this entry's name.
    fn check(&self, at: &str, drops: &[f64]) -> Result<(), String> {
        let spec = EncoderSpec::find(&self.encoder).map_err(|e| format!("{at}.encoder: {e}"))?;
        if self.presets.is_empty() {
            return Err(format!("{at}.presets is empty: at least one is needed"));
        }
        for preset in &self.presets {
            spec.check_preset(preset).map_err(|e| format!("{at}.presets: {e}"))?;
        }
        self.engine.check(spec).map_err(|e| format!("{at}.engine: {e}"))?;
        for &crf in &self.crf {
            within(&format!("{at}.crf"), crf, 0.0, spec.highest_crf)?;
        }
        for (name, values) in
            [("bitrate_kbps", &self.bitrate_kbps), ("bitrate_kbps_two_pass", &self.bitrate_kbps_two_pass)]
        {
            values.iter().try_for_each(|&value| within(&format!("{at}.{name}"), value, 1.0, 1e6))?;
        }
        for (name, values) in
            [("bits_per_pixel", &self.bits_per_pixel), ("bits_per_pixel_two_pass", &self.bits_per_pixel_two_pass)]
        {
            values.iter().try_for_each(|&value| within(&format!("{at}.{name}"), value, 1e-5, 12.0))?;
        }
        if !(self.bitrate_kbps_two_pass.is_empty() && self.bits_per_pixel_two_pass.is_empty()) {
            let without = |preset: &&String| !(spec.has_two_passes(preset) && self.engine.two_pass());
            if let Some(preset) = self.presets.iter().find(without) {
                let engine = self.engine.name();
                return Err(format!("{at}: {} {preset} offers no two passes through {engine}", self.encoder));
            }
        }
        let rates = [
            &self.crf,
            &self.bitrate_kbps,
            &self.bitrate_kbps_two_pass,
            &self.bits_per_pixel,
            &self.bits_per_pixel_two_pass,
        ];
        if rates.iter().all(|values| values.is_empty()) {
            return Err(format!("{at}: needs crf, bitrate_kbps or bits_per_pixel, or one of their _two_pass forms"));
        }
        if let Some(sizes) = &self.sizes {
            check_sizes(&format!("{at}.sizes"), sizes)?;
        }
        if let Some(drops) = &self.frame_drop {
            check_drops(&format!("{at}.frame_drop"), drops)?;
        }
        if self.engine == Engine::Gstreamer {
            gstreamer::check(spec, self, self.frame_drop.as_deref().unwrap_or(drops), at)?;
        }
        Ok(())
    }
}

fn within(name: &str, value: f64, lowest: f64, highest: f64) -> Result<(), String> {
    if (lowest..=highest).contains(&value) {
        return Ok(());
    }
    Err(format!("{name} = {value}: must be from {lowest} to {highest}"))
}

fn check_sizes(name: &str, sizes: &[Size]) -> Result<(), String> {
    if sizes.is_empty() {
        return Err(format!("{name} is empty: at least one is needed"));
    }
    for size in sizes {
        match *size {
            // A whole number is a number of lines, but 1 can only mean the source's size.
            Size::Lines(lines) if lines >= 16 => {
                within(name, f64::from(lines), 16.0, 8640.0)?;
                if lines % 2 == 1 {
                    return Err(format!("{name} = {lines}: lines must be even"));
                }
            }
            Size::Lines(other) => {
                return Err(format!("{name} = {other}: lines are at least 16; a share of the source is written 1.0"));
            }
            Size::Share(share) => within(name, share, 0.05, 1.0)?,
        }
    }
    Ok(())
}

fn check_drops(name: &str, drops: &[f64]) -> Result<(), String> {
    if drops.is_empty() {
        return Err(format!("{name} is empty: 0.0 stands for none"));
    }
    drops.iter().try_for_each(|&drop| within(name, drop, 0.0, 0.9))
}
