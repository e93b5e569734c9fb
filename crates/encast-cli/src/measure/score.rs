//! Quality of an encode against its source: VMAF, PSNR, SSIM, and the bytes of its video stream, in one pass of FFmpeg.

use std::{fs, path::Path, process::Command, time::Duration};

use serde::Deserialize;

use super::{
    process::{Children, Finished},
    source::Source,
    tools::Tools,
};

/// No scoring takes longer.
const SCORING: Duration = Duration::from_secs(3 * 3600);

/// Quality and size.
#[derive(Debug, Clone, PartialEq)]
pub struct Score {
    /// Mean over frames.
    pub vmaf: f64,
    /// Harmonic mean over frames, of VMAF + 1, less 1, as libvmaf pools it.
    pub vmaf_harmonic_mean: f64,
    /// 5th percentile over frames.
    pub vmaf_p5: f64,
    /// All planes, dB; none when the pictures are the same.
    pub psnr: Option<f64>,
    /// All planes.
    pub ssim: f64,
    /// Bytes of the video stream, without its container.
    pub bytes: u64,
    /// Frames that were compared.
    pub frames: u64,
    /// CPU time it took, seconds.
    pub cpu_seconds: f64,
}

#[derive(Deserialize)]
struct VmafLog {
    frames: Vec<VmafFrame>,
}

#[derive(Deserialize)]
struct VmafFrame {
    metrics: VmafMetrics,
}

#[derive(Deserialize)]
struct VmafMetrics {
    vmaf: f64,
}

/// What to compare, and how.
pub struct Comparison<'a> {
    /// The encode's file, in the working folder.
    pub encode: &'a str,
    /// What it was made of.
    pub source: &'a Source,
    /// Whether frames are missing in the encode and the ones before stand for them.
    pub dropped: bool,
    /// Frames of the source that were encoded, as an expression of FFmpeg's select filter; all when none.
    pub selected: Option<&'a str>,
    /// VMAF model.
    pub vmaf_model: &'a str,
    /// Threads.
    pub threads: u32,
}

impl Comparison<'_> {
    /// Scores; `work` holds the encode and takes the logs.
    pub fn score(&self, work: &Path, tools: &Tools, children: &Children) -> Result<Score, String> {
        let log = work.join("vmaf.json");
        let bytes = work.join("stream.bin");
        let mut command = Command::new(&tools.ffmpeg);
        let threads = self.threads.to_string();
        command.current_dir(work).args(["-hide_banner", "-nostdin", "-nostats", "-y", "-loglevel", "info"]);
        command.args(["-filter_threads", &threads, "-filter_complex_threads", &threads]);
        command.args(["-threads", &threads, "-i", self.encode, "-threads", &threads, "-i"]).arg(&self.source.file);
        command.args(["-lavfi", &self.filters()]);
        for output in ["[vmaf]", "[psnr]", "[ssim]"] {
            command.args(["-map", output, "-f", "null", "-"]);
        }
        command.args(["-map", "0:v:0", "-c", "copy", "-f", "data"]).arg(&bytes);
        let finished = children.run(&mut command, SCORING).map_err(|error| format!("scoring: {error}"))?;
        let text = fs::read_to_string(&log).map_err(|error| format!("scoring: {}: {error}", log.display()))?;
        let of_stream = fs::metadata(&bytes).map_err(|error| format!("scoring: {}: {error}", bytes.display()))?;
        read(&text, &finished, of_stream.len())
    }

    fn filters(&self) -> String {
        let info = &self.source.info;
        let (n, d) = info.rate;
        let (width, height, format) = (info.width, info.height, info.pixel_format());
        // Frame for frame: containers round time stamps, and the filters would pair a frame with its neighbour.
        let count = format!("settb={d}/{n},setpts=N");
        let filled =
            if self.dropped { format!("fps={n}/{d},tpad=stop_mode=clone:stop_duration=60,") } else { String::new() };
        let selected = self.selected.map_or_else(String::new, |frames| format!("select='{frames}',"));
        let model = self.vmaf_model;
        let threads = self.threads;
        format!(
            "[0:v]{filled}{count},scale={width}:{height}:flags=bicubic,format={format},split=3[a][b][c];\
             [1:v]{selected}{count},format={format},split=3[r][s][t];\
             [a][r]libvmaf=model=version={model}:n_threads={threads}:log_fmt=json:log_path=vmaf.json:shortest=1[vmaf];\
             [b][s]psnr=shortest=1[psnr];[c][t]ssim=shortest=1[ssim]"
        )
    }
}

fn read(vmaf: &str, finished: &Finished, bytes: u64) -> Result<Score, String> {
    let log: VmafLog = serde_json::from_str(vmaf).map_err(|error| format!("scoring: VMAF's log: {error}"))?;
    let mut values: Vec<f64> = log.frames.iter().map(|frame| frame.metrics.vmaf).collect();
    if values.is_empty() {
        return Err("scoring: no frame was compared".to_owned());
    }
    values.sort_by(f64::total_cmp);
    let count = values.len() as f64;
    let after = |line: &str, word: &str| -> Option<f64> {
        line.split_whitespace().find_map(|part| part.strip_prefix(word)).and_then(|number| number.parse().ok())
    };
    let find = |mark: &str, word: &str| {
        finished.log.lines().rev().find(|line| line.contains(mark)).and_then(|line| after(line, word))
    };
    let psnr = find("PSNR y:", "average:").ok_or("scoring: FFmpeg gave no PSNR")?;
    let ssim = find("SSIM Y:", "All:").ok_or("scoring: FFmpeg gave no SSIM")?;
    Ok(Score {
        vmaf: values.iter().sum::<f64>() / count,
        vmaf_harmonic_mean: count / values.iter().map(|v| 1.0 / (v + 1.0)).sum::<f64>() - 1.0,
        vmaf_p5: percentile(&values, 0.05),
        psnr: Some(psnr).filter(|psnr| psnr.is_finite()),
        ssim,
        bytes,
        frames: log.frames.len() as u64,
        cpu_seconds: finished.cpu.as_secs_f64(),
    })
}

/// Between the two nearest of sorted values, in proportion.
fn percentile(sorted: &[f64], share: f64) -> f64 {
    let at = share * (sorted.len() - 1) as f64;
    let (below, above) = (at.floor() as usize, at.ceil() as usize);
    sorted[below] + (sorted[above] - sorted[below]) * (at - below as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_lie_between_neighbours() {
        let values: Vec<f64> = (0..=100).map(f64::from).collect();
        assert_eq!(percentile(&values, 0.05), 5.0);
        assert_eq!(percentile(&[1.0, 2.0], 0.05), 1.05);
        assert_eq!(percentile(&[7.0], 0.05), 7.0);
    }
}
