//! The trial encode: short samples, a fast preset, constant quality; its result stands on every row of its clip.

use std::path::Path;

use super::{
    encode::{ENCODE, Encoding},
    encoders::{EncoderSpec, RateControl},
    engine::Engine,
    grid::{ProbeRecipe, Size},
    process::Children,
    score::Comparison,
    source::Source,
    tools::Tools,
};

/// The recipe that a bundle names, in the words of [`ProbeRecipe::describe`].
pub fn recipe_of(text: &str) -> Result<ProbeRecipe, String> {
    let read = || -> Option<ProbeRecipe> {
        let words: Vec<&str> = text.split([' ', ',']).filter(|word| !word.is_empty()).collect();
        let [encoder, preset, "crf", crf, "at", "most", lines, "lines", samples, "sample" | "samples", "of", each, "s"] =
            words[..]
        else {
            return None;
        };
        let recipe = ProbeRecipe {
            encoder: encoder.to_owned(),
            preset: preset.to_owned(),
            crf: crf.parse().ok()?,
            lines: lines.parse().ok()?,
            samples: samples.parse().ok()?,
            sample_seconds: each.parse().ok()?,
        };
        recipe.check().is_ok().then_some(recipe)
    };
    read().ok_or_else(|| format!("the model's probe recipe is not one that encast can run: {text}"))
}

/// What a trial encode says.
#[derive(Debug, Clone, PartialEq)]
pub struct Probe {
    /// Bitrate of the samples, kbit/s.
    pub bitrate_kbps: f64,
    /// All planes, dB; none when the samples came back unchanged.
    pub psnr: Option<f64>,
    /// Mean over frames.
    pub vmaf: f64,
    /// CPU time of encoding and scoring, seconds.
    pub cpu_seconds: f64,
}

/// Where a trial runs.
pub struct Place<'a> {
    /// Working folder.
    pub work: &'a Path,
    /// Cores.
    pub cores: &'a [usize],
    /// Programs.
    pub tools: &'a Tools,
    /// Register of children.
    pub children: &'a Children,
}

/// Runs the trial encode of a source.
pub fn run(
    recipe: &ProbeRecipe,
    source: &Source,
    (vmaf_model, threads, gop): (&str, u32, u64),
    place: &Place<'_>,
) -> Result<Probe, String> {
    let selected = samples(source.frames, source.info.frame_rate, recipe);
    let info = &source.info;
    let size = Size::Lines(recipe.lines).of(info.width, info.height).unwrap_or((info.width, info.height));
    let encoding = Encoding {
        engine: Engine::Ffmpeg,
        encoder: EncoderSpec::find(&recipe.encoder)?,
        preset: &recipe.preset,
        rate: RateControl::Crf(recipe.crf),
        size,
        frame_drop: 0.0,
        selected: selected.as_deref(),
        threads,
        gop,
    };
    let taken = encoding.run(source, place.work, place.cores, place.tools, place.children)?;
    let comparison =
        Comparison { encode: ENCODE, source, dropped: false, selected: selected.as_deref(), vmaf_model, threads };
    let score = comparison.score(place.work, place.tools, place.children)?;
    let seconds = score.frames as f64 / info.frame_rate;
    Ok(Probe {
        bitrate_kbps: score.bytes as f64 * 8.0 / 1000.0 / seconds,
        psnr: score.psnr,
        vmaf: score.vmaf,
        cpu_seconds: taken.cpu_seconds + score.cpu_seconds,
    })
}

/// The frames of the samples, as an expression of FFmpeg's select filter; none when they are all there are.
fn samples(frames: u64, frame_rate: f64, recipe: &ProbeRecipe) -> Option<String> {
    let (samples, length) = (u64::from(recipe.samples), ((recipe.sample_seconds * frame_rate).round() as u64).max(1));
    if samples * length >= frames {
        return None;
    }
    // Each in the middle of its share of the clip.
    let start = |sample: u64| ((2 * sample + 1) * frames / samples).saturating_sub(length) / 2;
    let parts: Vec<String> = (0..samples).map(start).map(|at| format!("between(n,{at},{})", at + length - 1)).collect();
    Some(parts.join("+"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recipe_is_read_as_it_is_described() {
        for (samples, crf) in [(1, 28.0), (3, 30.5)] {
            let (encoder, preset) = ("libx264".to_owned(), "veryfast".to_owned());
            let recipe = ProbeRecipe { encoder, preset, crf, lines: 360, samples, sample_seconds: 0.5 };
            assert_eq!(recipe_of(&recipe.describe()).unwrap(), recipe);
        }
        for bad in ["", "a short x264 encode", "libx264 warp crf 28, at most 360 lines, 2 samples of 0.5 s"] {
            assert!(recipe_of(bad).unwrap_err().contains("not one that encast can run"), "{bad}");
        }
    }

    #[test]
    fn samples_lie_in_the_middle_of_their_shares() {
        let recipe = |samples, sample_seconds| ProbeRecipe {
            encoder: "libx264".to_owned(),
            preset: "ultrafast".to_owned(),
            crf: 28.0,
            lines: 360,
            samples,
            sample_seconds,
        };
        assert_eq!(samples(100, 25.0, &recipe(1, 1.0)).unwrap(), "between(n,37,61)");
        assert_eq!(samples(100, 25.0, &recipe(2, 1.0)).unwrap(), "between(n,12,36)+between(n,62,86)");
        assert_eq!(samples(50, 25.0, &recipe(2, 1.0)), None);
        assert_eq!(samples(100, 25.0, &recipe(1, 10.0)), None);
    }
}
