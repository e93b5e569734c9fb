//! From a grid to the list of encodes: which there are, in which order, and what each is called.

use std::{collections::HashMap, path::PathBuf};

use sha2::{Digest, Sha256};

use super::{
    encoders::{EncoderSpec, RateControl},
    engine::Engine,
    grid::{Clip, Encode, Grid, Size},
    source::SourceInfo,
};

/// One encode.
#[derive(Debug, Clone)]
pub struct Job {
    /// Its name: a hash of everything that makes it what it is.
    pub id: String,
    /// Index of its clip in the grid.
    pub clip: usize,
    /// What runs it.
    pub engine: Engine,
    /// What encodes.
    pub encoder: &'static EncoderSpec,
    /// The encoder's preset.
    pub preset: String,
    /// How its rate is controlled.
    pub rate: RateControl,
    /// Encoded size.
    pub width: usize,
    /// Encoded size.
    pub height: usize,
    /// Share of frames dropped before the encode.
    pub frame_drop: f64,
}

/// Encodes that differ in nothing but their rate: a rate–quality curve.
struct Curve {
    key: String,
    encoder: &'static str,
    jobs: Vec<Job>,
}

/// All encodes of one clip. Nothing of the order or of other clips changes a job's name.
pub fn jobs_of(grid: &Grid, index: usize, clip: &Clip, source: &SourceInfo) -> Result<Vec<Job>, String> {
    let identity = format!(
        "{}|{}|{}|{}|{}|{}|{}",
        clip.title(),
        clip.file.as_ref().map_or_else(String::new, |f| f.display().to_string()),
        clip.generate.as_deref().unwrap_or(""),
        clip.start_seconds,
        clip.seconds.unwrap_or(grid.seconds),
        grid.threads,
        grid.keyframe_seconds,
    );
    let mut curves = Vec::new();
    // An engine that can't read the source would fail on each of them.
    for encode in grid.encodes.iter().filter(|encode| encode.engine.reads(source.bit_depth)) {
        curves.extend(curves_of(grid, encode, index, &identity, source)?);
    }
    if let Some(sample) = &grid.sample {
        curves = sampled(curves, sample.curves_per_clip, sample.seed, &identity);
    }
    Ok(curves.into_iter().flat_map(|curve| curve.jobs).collect())
}

fn curves_of(
    grid: &Grid,
    encode: &Encode,
    index: usize,
    identity: &str,
    source: &SourceInfo,
) -> Result<Vec<Curve>, String> {
    let encoder = EncoderSpec::find(&encode.encoder)?;
    let mut sizes: Vec<(usize, usize)> = encode
        .sizes
        .as_ref()
        .unwrap_or(&grid.sizes)
        .iter()
        .filter_map(|size: &Size| size.of(source.width, source.height))
        .collect();
    // Two ways of naming a size may mean the same one.
    let mut seen = std::collections::HashSet::new();
    sizes.retain(|size| seen.insert(*size));
    let mut curves = Vec::new();
    for preset in &encode.presets {
        for &(width, height) in &sizes {
            for &frame_drop in encode.frame_drop.as_ref().unwrap_or(&grid.frame_drop) {
                let of_pixels = |&bits: &f64| bits * (width * height) as f64 * source.frame_rate / 1000.0;
                let abr = encode.bitrate_kbps.iter().copied().chain(encode.bits_per_pixel.iter().map(of_pixels));
                let two = encode
                    .bitrate_kbps_two_pass
                    .iter()
                    .copied()
                    .chain(encode.bits_per_pixel_two_pass.iter().map(of_pixels));
                let rates: [Vec<RateControl>; 3] = [
                    encode.crf.iter().map(|&crf| RateControl::Crf(crf)).collect(),
                    // Whole kbit/s, as encoders take them.
                    abr.map(|kbps| RateControl::Abr(kbps.round().max(1.0))).collect(),
                    two.map(|kbps| RateControl::AbrTwoPass(kbps.round().max(1.0))).collect(),
                ];
                for rates in rates.into_iter().filter(|rates| !rates.is_empty()) {
                    let key = format!(
                        "{identity}|{}|{}|{preset}|{}|{width}x{height}|{frame_drop}",
                        encode.engine.name(),
                        encode.encoder,
                        rates[0].name(),
                    );
                    let job = |rate: RateControl| {
                        let value = rate.crf().or(rate.bitrate_kbps()).unwrap_or(0.0);
                        let id = hash(&format!("{key}|{value}"));
                        let (engine, preset) = (encode.engine, preset.clone());
                        Job { id, clip: index, engine, encoder, preset, rate, width, height, frame_drop }
                    };
                    let mut jobs: Vec<Job> = rates.into_iter().map(job).collect();
                    jobs.dedup_by(|a, b| a.id == b.id);
                    curves.push(Curve { key, encoder: encoder.name, jobs });
                }
            }
        }
    }
    Ok(curves)
}

/// Takes as many curves as asked for, from each encoder in turn; which ones of an encoder, a hash of seed and name says.
fn sampled(curves: Vec<Curve>, count: usize, seed: u64, identity: &str) -> Vec<Curve> {
    let mut encoders: Vec<&'static str> = Vec::new();
    let mut of_encoder: HashMap<&'static str, Vec<(String, Curve)>> = HashMap::new();
    for curve in curves {
        if !encoders.contains(&curve.encoder) {
            encoders.push(curve.encoder);
        }
        of_encoder.entry(curve.encoder).or_default().push((hash(&format!("{seed}|{}", curve.key)), curve));
    }
    for list in of_encoder.values_mut() {
        // The last of the list is taken first.
        list.sort_by(|(a, _), (b, _)| b.cmp(a));
    }
    // Where the count is no multiple of the encoders, it is not always the same ones that get more.
    encoders.sort_by_key(|encoder| hash(&format!("{seed}|{identity}|{encoder}")));
    let mut taken = Vec::new();
    while taken.len() < count {
        let before = taken.len();
        for encoder in &encoders {
            if taken.len() < count
                && let Some((_, curve)) = of_encoder.get_mut(encoder).and_then(Vec::pop)
            {
                taken.push(curve);
            }
        }
        if taken.len() == before {
            break;
        }
    }
    taken
}

/// The first 16 digits of the SHA-256 of a text.
pub fn hash(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// Where a clip's file is.
pub fn file_of(clip: &Clip, folder: &std::path::Path) -> Option<PathBuf> {
    clip.file.as_ref().map(|file| folder.join(file))
}
