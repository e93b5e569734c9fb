//! How long an encode will take, before it runs: encast's own forecast, corrected by what was measured so far.

use std::collections::HashMap;

use encast::{Model, PredictionFeatures, Target, predict};

use super::{plan::Job, source::SourceInfo};

/// Pixels that are scored in a second of one core, until measured: 42 million.
const SCORED_PER_SECOND: f64 = 42e6;
/// Pixels that an encoder of which nothing is known encodes in a second.
const ENCODED_PER_SECOND: f64 = 30e6;
/// Starting, reading and cleaning up, seconds.
const AROUND: f64 = 0.1;

/// Forecasts seconds.
pub struct Forecaster {
    model: Option<Model>,
}

impl Forecaster {
    /// With the embedded model.
    pub fn new() -> Forecaster {
        Forecaster { model: Model::embedded().ok() }
    }

    /// Seconds of encoding and scoring a job.
    pub fn seconds(&self, job: &Job, source: &SourceInfo, duration: f64) -> f64 {
        let frames = duration * source.frame_rate;
        let encoded = frames * (job.width * job.height) as f64;
        let scored = frames * (source.width * source.height) as f64;
        let encode = self.encode_seconds(job, source, duration).unwrap_or(encoded / ENCODED_PER_SECOND);
        AROUND + encode + scored / SCORED_PER_SECOND
    }

    fn encode_seconds(&self, job: &Job, source: &SourceInfo, duration: f64) -> Option<f64> {
        let features = PredictionFeatures {
            resolution_width: job.width as f64,
            resolution_height: job.height as f64,
            frame_rate: Some(source.frame_rate),
            bitrate_kbps: job.rate.bitrate_kbps(),
            crf: job.rate.crf(),
            codec: Some(job.encoder.codec),
            encoder: encast::Encoder::from_name(job.encoder.name).ok(),
            preset: Some(job.preset.clone()),
            duration_s: Some(duration),
            ..PredictionFeatures::default()
        };
        let answer = predict(&features, self.model.as_ref()?).ok()?;
        answer.estimate(Target::CpuSeconds).map(|estimate| estimate.value)
    }
}

/// The ratio of measured to forecast seconds, by encoder and preset, as it becomes known.
#[derive(Default)]
pub struct Correction {
    seen: HashMap<(&'static str, String), (f64, f64)>,
    all: (f64, f64),
}

impl Correction {
    /// Takes a measured job.
    pub fn add(&mut self, job: &Job, forecast: f64, measured: f64) {
        let of_preset = self.seen.entry((job.encoder.name, job.preset.clone())).or_default();
        for sums in [of_preset, &mut self.all] {
            sums.0 += forecast;
            sums.1 += measured;
        }
    }

    /// A forecast, corrected.
    pub fn of(&self, job: &Job, forecast: f64) -> f64 {
        let sums = self.seen.get(&(job.encoder.name, job.preset.clone())).unwrap_or(&self.all);
        if sums.0 > 0.0 { forecast * sums.1 / sums.0 } else { forecast }
    }
}
