//! A source made ready to be measured: the part of a clip as Y4M of constant frame rate, and its complexity.

use std::{
    fs::File,
    io::BufReader,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use encast_content::{Summary, Y4mReader};

use super::{
    grid::{Clip, Grid},
    process::Children,
    tools::Tools,
};

/// No decoding takes longer.
const DECODING: Duration = Duration::from_secs(3600);
/// Frame rates beyond are a container's time base, not a rate.
const HIGHEST_RATE: f64 = 300.0;

/// Pixel formats that Y4M holds; anything else is turned into the nearest of them.
const READABLE: &str =
    "gray|yuv420p|yuv422p|yuv444p|gray10|yuv420p10|yuv422p10|yuv444p10|yuv420p12|yuv422p12|yuv444p12";

/// Frames whose times tell the frame rate.
const LOOKED_AT: &str = "60";

/// What is known of a source before it is decoded as a whole.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceInfo {
    /// Luma size, even.
    pub width: usize,
    /// Luma size, even.
    pub height: usize,
    /// Frames per second.
    pub frame_rate: f64,
    /// The same as FFmpeg writes it: `30000/1001`.
    pub rate: (u32, u32),
    /// Bits per sample that are measured: 8 or 10.
    pub bit_depth: u8,
}

impl SourceInfo {
    /// FFmpeg's name of the pixel format.
    pub fn pixel_format(&self) -> &'static str {
        if self.bit_depth > 8 { "yuv420p10le" } else { "yuv420p" }
    }
}

/// A source on the disk.
pub struct Source {
    /// Size, rate, depth.
    pub info: SourceInfo,
    /// The Y4M file.
    pub file: PathBuf,
    /// Its complexity.
    pub content: Summary,
    /// Frames.
    pub frames: u64,
    /// Length, seconds.
    pub duration: f64,
}

/// FFmpeg's arguments that read a clip's part.
fn input(clip: &Clip, seconds: f64, folder: &Path) -> Result<Vec<std::ffi::OsString>, String> {
    let mut args: Vec<std::ffi::OsString> = Vec::new();
    // Not even a start of 0: FFmpeg then leaves out the first frame of a generated source.
    if clip.start_seconds > 0.0 {
        args.extend(["-ss", &clip.start_seconds.to_string()].map(Into::into));
    }
    args.extend(["-t", &seconds.to_string()].map(Into::into));
    if let Some(filter) = &clip.generate {
        args.extend(["-f", "lavfi", "-i", filter].map(Into::into));
        return Ok(args);
    }
    let file = super::plan::file_of(clip, folder).unwrap_or_default();
    let file = std::path::absolute(&file).map_err(|error| format!("{}: {error}", file.display()))?;
    if !file.is_file() {
        return Err(format!("{}: no such file", file.display()));
    }
    let mut of_file = std::ffi::OsString::from("file:");
    of_file.push(&file);
    args.extend(["-i".into(), of_file]);
    Ok(args)
}

fn decode(
    (clip, grid, clips): (&Clip, &Grid, &Path),
    more: &[&str],
    into: &Path,
    (tools, children): (&Tools, &Children),
) -> Result<(), String> {
    let seconds = clip.seconds.unwrap_or(grid.seconds);
    let mut command = Command::new(&tools.ffmpeg);
    command.args(["-hide_banner", "-nostdin", "-y", "-loglevel", "error"]);
    command.args(input(clip, seconds, clips)?);
    command.args(["-map", "0:v:0", "-an", "-sn", "-dn"]).args(more);
    command.args(["-f", "yuv4mpegpipe", "-strict", "-1"]).arg(into);
    children.run(&mut command, DECODING).map(|_| ()).map_err(|error| error.to_string())
}

/// Looks at a clip's first frame.
pub fn inspect(
    clip: &Clip,
    grid: &Grid,
    clips: &Path,
    work: &Path,
    tools: (&Tools, &Children),
) -> Result<SourceInfo, String> {
    let first = work.join("first.y4m");
    let formats = format!("format={READABLE}");
    decode((clip, grid, clips), &["-vf", &formats, "-frames:v", "1"], &first, tools)?;
    let read = || -> Result<SourceInfo, String> {
        let file = File::open(&first).map_err(|error| format!("FFmpeg decoded nothing: {error}"))?;
        let line = first_line(&first)?;
        // A header alone, whose rate means nothing.
        if file.metadata().is_ok_and(|about| about.len() <= line.len() as u64 + 1) {
            return Err(format!("start_seconds = {}: the clip has no frame from there on", clip.start_seconds));
        }
        let reader = Y4mReader::new(BufReader::new(file)).map_err(|error| error.to_string())?;
        let header = reader.header();
        let nominal = rate_of(&line).ok_or("its frame rate is unknown")?;
        let rate = true_rate(nominal, &frame_times(clip, grid, clips, tools)?);
        let frame_rate = f64::from(rate.0) / f64::from(rate.1);
        if !(1.0..=HIGHEST_RATE).contains(&frame_rate) {
            return Err(format!("frame_rate = {frame_rate}: must be from 1 to {HIGHEST_RATE}"));
        }
        let bit_depth = if header.bit_depth > 8 { 10 } else { 8 };
        let (width, height) = (header.width / 2 * 2, header.height / 2 * 2);
        if width < 32 || height < 32 {
            return Err(format!("size = {}x{}: must be at least 32x32", header.width, header.height));
        }
        Ok(SourceInfo { width, height, frame_rate, rate, bit_depth })
    };
    let info = read();
    // Of no use any more; when it stays behind, the working folder goes as a whole.
    let _ = std::fs::remove_file(&first);
    info
}

fn first_line(file: &Path) -> Result<String, String> {
    use std::io::{BufRead, Read};
    let mut line = Vec::new();
    let file = File::open(file).map_err(|error| error.to_string())?;
    BufReader::new(file.take(4096)).read_until(b'\n', &mut line).map_err(|error| error.to_string())?;
    Ok(String::from_utf8_lossy(&line).trim_end().to_owned())
}

/// The ratio that a Y4M header gives.
fn rate_of(header: &str) -> Option<(u32, u32)> {
    let (n, d) = header.split(' ').find_map(|word| word.strip_prefix('F'))?.split_once(':')?;
    let (n, d) = (n.parse().ok()?, d.parse().ok()?);
    (n > 0 && d > 0).then_some((n, d))
}

/// When the first frames of a clip's part are shown, seconds.
fn frame_times(
    clip: &Clip,
    grid: &Grid,
    clips: &Path,
    (tools, children): (&Tools, &Children),
) -> Result<Vec<f64>, String> {
    let mut command = Command::new(&tools.ffmpeg);
    command.args(["-hide_banner", "-nostdin", "-nostats", "-loglevel", "info"]);
    command.args(input(clip, clip.seconds.unwrap_or(grid.seconds), clips)?);
    command.args(["-map", "0:v:0", "-vf", "showinfo", "-fps_mode", "passthrough", "-frames:v", LOOKED_AT]);
    let shown = children.run(command.args(["-f", "null", "-"]), DECODING).map_err(|error| error.to_string())?;
    let time = |line: &str| line.split_once("pts_time:")?.1.split_whitespace().next()?.parse().ok();
    Ok(shown.log.lines().filter_map(time).collect())
}

/// The frame rate by the frames' own times where the stream's header gives a higher one (twice the real one in some
/// H.264 streams): encodes of frames that stand twice would be measured.
fn true_rate((n, d): (u32, u32), times: &[f64]) -> (u32, u32) {
    let mut gaps: Vec<f64> = times.windows(2).map(|pair| pair[1] - pair[0]).filter(|gap| *gap > 0.0).collect();
    gaps.sort_by(f64::total_cmp);
    let Some(median) = gaps.get(gaps.len() / 2) else { return (n, d) };
    let times_as_long = median * f64::from(n) / f64::from(d);
    if times_as_long < 1.05 {
        return (n, d);
    }
    let whole = times_as_long.round();
    if (times_as_long / whole - 1.0).abs() < 0.02 {
        return (n, d.saturating_mul(whole as u32));
    }
    ((1000.0 / median).round().max(1.0) as u32, 1000)
}

/// Decodes a clip's part and measures its complexity. `work` takes the file.
pub fn prepare(
    clip: &Clip,
    grid: &Grid,
    info: &SourceInfo,
    clips: &Path,
    work: &Path,
    tools: (&Tools, &Children),
) -> Result<Source, String> {
    let file = work.join("source.y4m");
    let filters = format!("setpts=PTS-STARTPTS,crop={}:{}:0:0,format={}", info.width, info.height, info.pixel_format());
    // The part starts at its first frame: otherwise constant rate fills the time before by repeating it.
    let rate = format!("{}/{}", info.rate.0, info.rate.1);
    let most = (clip.seconds.unwrap_or(grid.seconds) * info.frame_rate).round().max(1.0).to_string();
    decode((clip, grid, clips), &["-vf", &filters, "-fps_mode", "cfr", "-r", &rate, "-frames:v", &most], &file, tools)?;
    let read = File::open(&file).map_err(|error| error.to_string())?;
    let analyse = || {
        let mut reader = Y4mReader::new(BufReader::with_capacity(1 << 20, read))?;
        let mut analyzer = reader.analyzer()?;
        reader.analyze(&mut analyzer)?;
        analyzer.finish()
    };
    let content = analyse().map_err(|error| error.to_string())?;
    let frames = content.clip.frames;
    let duration = frames as f64 / info.frame_rate;
    Ok(Source { info: info.clone(), file, content, frames, duration })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_read_as_it_is_written() {
        assert_eq!(rate_of("YUV4MPEG2 W720 H480 F30000:1001 Ip"), Some((30000, 1001)));
        assert_eq!(rate_of("YUV4MPEG2 W720 H480 F0:0 Ip"), None);
        assert_eq!(rate_of("YUV4MPEG2 W720 H480"), None);
    }

    #[test]
    fn frame_times_correct_a_rate_that_is_too_high() {
        let every = |gap: f64| -> Vec<f64> { (0..20).map(|n| f64::from(n) * gap).collect() };
        assert_eq!(true_rate((30000, 1001), &every(0.0334)), (30000, 1001));
        assert_eq!(true_rate((48000, 1001), &every(1001.0 / 24000.0)), (48000, 2002), "each frame would stand twice");
        assert_eq!(true_rate((60, 1), &every(1.0 / 22.0)), (22000, 1000));
        assert_eq!(true_rate((25, 1), &[0.0]), (25, 1), "one frame says nothing");
        assert_eq!(true_rate((25, 1), &every(0.01)), (25, 1), "timestamps in bursts don't raise it");
    }
}
