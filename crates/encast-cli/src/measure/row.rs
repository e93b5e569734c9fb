//! One row of the encode table: what was asked for, what came out, and where.

use encast::motion_intensity_of_ti;
use encast_content::Summary;
use serde::{Deserialize, Serialize};

use super::{
    encode::Taken,
    grid::{Clip, Grid},
    plan::Job,
    prepared::Prepared,
    score::Score,
    tools::Tools,
};

/// A row; the columns are the fields, in this order. What is not known is empty.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Row {
    pub title: String,
    pub title_kind: Option<String>,
    pub clip: String,
    pub engine: String,
    pub codec: String,
    pub encoder: String,
    pub preset: String,
    pub rate_control: String,
    pub crf: Option<f64>,
    pub target_bitrate_kbps: Option<f64>,
    pub bitrate_kbps: Option<f64>,
    pub resolution_width: Option<u64>,
    pub resolution_height: Option<u64>,
    pub frame_rate: Option<f64>,
    pub frame_drop: Option<f64>,
    pub source_width: Option<u64>,
    pub source_height: Option<u64>,
    pub source_frame_rate: Option<f64>,
    pub bit_depth: Option<u8>,
    pub frames: Option<u64>,
    pub duration_s: Option<f64>,
    pub threads: Option<u32>,
    pub si_mean: Option<f64>,
    pub si_std: Option<f64>,
    pub ti_mean: Option<f64>,
    pub ti_std: Option<f64>,
    pub spatial_energy: Option<f64>,
    pub temporal_energy: Option<f64>,
    pub luminance: Option<f64>,
    pub motion_intensity: Option<f64>,
    pub static_share: Option<f64>,
    pub probe_bitrate_kbps: Option<f64>,
    pub probe_psnr: Option<f64>,
    pub probe_vmaf: Option<f64>,
    pub probe_cpu_seconds: Option<f64>,
    pub probe_recipe: Option<String>,
    pub vmaf_model: String,
    pub vmaf: Option<f64>,
    pub vmaf_harmonic_mean: Option<f64>,
    pub vmaf_p5: Option<f64>,
    pub psnr: Option<f64>,
    pub ssim: Option<f64>,
    pub encode_seconds: Option<f64>,
    pub cpu_seconds: Option<f64>,
    pub peak_memory_mb: Option<f64>,
    pub energy_kwh: Option<f64>,
    pub own_cores_shared: Option<f64>,
    pub other_cores_busy: Option<f64>,
    pub engine_version: String,
    pub encoder_version: String,
    pub cpu_model: String,
    pub cpu_cores: Option<usize>,
    pub host: String,
    pub measured_at: String,
    pub job: String,
    pub status: String,
    pub error: Option<String>,
}

/// A number as it is worth writing: `digits` significant ones.
fn rounded(value: f64, digits: i32) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return value;
    }
    let places = (digits - 1 - value.abs().log10().floor() as i32).max(0) as usize;
    format!("{value:.places$}").parse().unwrap_or(value)
}

fn six(value: f64) -> f64 {
    rounded(value, 6)
}

impl Row {
    /// What was asked for.
    pub fn asked(job: &Job, clip: &Clip, grid: &Grid, tools: &Tools, measured_at: &str) -> Row {
        Row {
            title: clip.title(),
            title_kind: clip.kind.clone(),
            clip: clip.name(),
            engine: job.engine.name().to_owned(),
            codec: job.encoder.codec.name().to_owned(),
            encoder: job.encoder.name.to_owned(),
            preset: job.preset.clone(),
            rate_control: job.rate.name().to_owned(),
            crf: job.rate.crf(),
            target_bitrate_kbps: job.rate.bitrate_kbps(),
            resolution_width: Some(job.width as u64),
            resolution_height: Some(job.height as u64),
            frame_drop: Some(job.frame_drop),
            threads: Some(grid.threads),
            vmaf_model: grid.vmaf_model.clone(),
            engine_version: tools.version_of(job.engine),
            encoder_version: tools.encoder_version(job.engine, job.encoder.name),
            cpu_model: tools.cpu_model.clone(),
            cpu_cores: Some(tools.cpu_cores),
            host: tools.host.clone(),
            measured_at: measured_at.to_owned(),
            job: job.id.clone(),
            ..Row::default()
        }
    }

    /// Adds what is known of the source.
    pub fn of_source(mut self, prepared: &Prepared) -> Row {
        let (source, info) = (&prepared.source, &prepared.source.info);
        self.frame_rate = Some(six(info.frame_rate));
        self.source_width = Some(info.width as u64);
        self.source_height = Some(info.height as u64);
        self.source_frame_rate = Some(six(info.frame_rate));
        self.bit_depth = Some(info.bit_depth);
        self.frames = Some(source.frames);
        self.duration_s = Some(six(source.duration));
        self.renew(prepared);
        self
    }

    /// Sets what is the same on each row of a clip: its complexity and its trial encode.
    pub fn renew(&mut self, prepared: &Prepared) {
        self.set_content(&prepared.source.content);
        let probe = prepared.probe.as_ref();
        self.probe_bitrate_kbps = probe.map(|(_, probe)| six(probe.bitrate_kbps));
        self.probe_psnr = probe.and_then(|(_, probe)| probe.psnr).map(six);
        self.probe_vmaf = probe.map(|(_, probe)| six(probe.vmaf));
        self.probe_cpu_seconds = probe.map(|(_, probe)| rounded(probe.cpu_seconds, 4));
        self.probe_recipe = probe.map(|(recipe, _)| recipe.clone());
    }

    /// Complexity of the source.
    fn set_content(&mut self, content: &Summary) {
        let clip = &content.clip;
        self.si_mean = Some(six(clip.si.mean));
        self.si_std = Some(six(clip.si.std));
        self.ti_mean = clip.ti.map(|ti| six(ti.mean));
        self.ti_std = clip.ti.map(|ti| six(ti.std));
        self.spatial_energy = Some(six(clip.spatial_energy.mean));
        self.temporal_energy = clip.temporal_energy.map(|h| six(h.mean));
        self.luminance = Some(six(clip.luminance.mean));
        self.motion_intensity = clip.ti.map(|ti| six(motion_intensity_of_ti(ti.mean)));
        self.static_share = clip.static_share.map(|share| six(share.mean));
    }

    /// Adds what came out.
    pub fn measured(mut self, taken: &Taken, score: &Score, duration: f64) -> Row {
        self.bitrate_kbps = Some(six(score.bytes as f64 * 8.0 / 1000.0 / duration));
        self.vmaf = Some(six(score.vmaf));
        self.vmaf_harmonic_mean = Some(six(score.vmaf_harmonic_mean));
        self.vmaf_p5 = Some(six(score.vmaf_p5));
        self.psnr = score.psnr.map(six);
        self.ssim = Some(six(score.ssim));
        let quiet = taken.share.is_quiet(taken.wall_seconds);
        self.encode_seconds = quiet.then_some(rounded(taken.wall_seconds, 4));
        self.cpu_seconds = Some(rounded(taken.cpu_seconds, 4));
        self.peak_memory_mb = Some(rounded(taken.peak_memory_mb, 5));
        self.energy_kwh = taken.energy_kwh.filter(|_| quiet).map(six);
        self.own_cores_shared = Some(rounded(taken.share.own_cores, 2));
        self.other_cores_busy = Some(rounded(taken.share.other_cores, 2));
        self.status = "ok".to_owned();
        self
    }

    /// Says why nothing came out.
    pub fn failed(mut self, why: &str) -> Row {
        self.status = "failed".to_owned();
        self.error = Some(why.replace(['\n', '\r'], " "));
        self
    }

    /// The columns in order.
    pub fn columns() -> Vec<String> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        // Writing to memory does not fail, and the header comes with the first row.
        let _ = writer.serialize(Row::default());
        let bytes = writer.into_inner().unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        text.lines().next().unwrap_or_default().split(',').map(str::to_owned).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_significant_digits() {
        assert_eq!(rounded(123.456_789, 6), 123.457);
        assert_eq!(rounded(0.000_123_456_789, 6), 0.000_123_457);
        assert_eq!(rounded(1_234_567.8, 4), 1_234_568.0);
        assert_eq!(rounded(0.0, 4), 0.0);
    }
}
