//! Decoding by ffmpeg: its frames are analysed, its log tells whether all was decoded and when the frames are shown.

use std::{
    env,
    ffi::{OsStr, OsString},
    io,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
};

use encast_content::{ContentError, Segmentation, Y4mReader};

use super::{
    analyze_input::{self, Analysed, How},
    analyze_log::{Log, Timing},
};
use crate::failure::Failure;

/// What ffmpeg says of pixel formats without a plane of luma.
const NO_LUMA: [&str; 3] =
    ["Requested planes not available", "could not choose their formats", "yuv4mpeg can only handle"];

/// Segments of seconds, which count frames at the nominal rate, may end so far off, as a share of the clip's length.
const SEGMENTS_NEAR: f64 = 0.05;

/// Ends ffmpeg when the analysis ends early.
struct Decoder(Child);

impl Drop for Decoder {
    fn drop(&mut self) {
        // Both fail only when it has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Decodes a clip and analyses it.
pub fn decode(path: &Path, how: &How) -> Result<Analysed, Failure> {
    let program = env::var_os("ENCAST_FFMPEG").filter(|name| !name.is_empty()).unwrap_or_else(|| "ffmpeg".into());
    // A path is never read as an option or a protocol.
    let input = std::path::absolute(path).map_err(|error| Failure::of_file(path, error))?;
    let mut source = OsString::from("file:");
    source.push(&input);
    let child = Command::new(&program)
        .args(["-hide_banner", "-nostdin", "-nostats", "-loglevel", "level+info", "-i"])
        .arg(&source)
        // V: a cover picture is no video. showinfo logs each frame's time, which Y4M can't carry. Luma alone is less to
        // pipe, and goes around what ffmpeg before 6 does wrong: it cuts the chroma of odd widths of more than 8 bits.
        .args(["-map", "0:V:0", "-an", "-sn", "-dn", "-vf", "showinfo=checksum=0,extractplanes=y"])
        .args(["-fps_mode", "passthrough"])
        .args(["-f", "yuv4mpegpipe", "-strict", "-1", "-"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| not_started(&program, path, &error))?;
    let mut decoder = Decoder(child);
    let (Some(frames), Some(log)) = (decoder.0.stdout.take(), decoder.0.stderr.take()) else {
        return Err(Failure::of_file(path, "ffmpeg has no output"));
    };
    // Beside the frames, so that neither waits for the other.
    let log = thread::spawn(move || Log::read(log));
    let analysed = analyze_input::stream(Y4mReader::new(frames), how);
    if matches!(&analysed, Err(error) if !matches!(error, ContentError::Empty | ContentError::Truncated { .. })) {
        // It would go on writing to nobody.
        let _ = decoder.0.kill();
    }
    let status = decoder.0.wait().map_err(|error| Failure::of_file(path, error))?;
    let log = log.join().unwrap_or_default();
    let bad = |what: String| Err(Failure::of_file(path, what));
    match analysed {
        Ok(_) if !status.success() || log.errors > 0 => {
            bad(format!("ffmpeg could not decode all of it: {}", log.why()))
        }
        Ok(analysed) => timed(analysed, &log, how).map_err(|what| Failure::of_file(path, what)),
        Err(ContentError::Empty) if !status.success() && log.errors == 0 => bad(format!("ffmpeg failed: {status}")),
        Err(ContentError::Empty) => bad(without_frames(&log)),
        Err(error) if log.errors > 0 => bad(format!("{error}; ffmpeg: {}", log.why())),
        Err(error) => bad(error.to_string()),
    }
}

/// Puts what the log says about time into the figures.
fn timed(mut analysed: Analysed, log: &Log, how: &How) -> Result<Analysed, String> {
    analysed.notes = log.notes();
    let summary = &mut analysed.summary;
    let timing = log.timing(summary.clip.frames, summary.frame_rate);
    analysed.variable_frame_rate = match timing {
        Timing::Unknown => None,
        Timing::Nominal => Some(false),
        Timing::Own { variable, .. } => Some(variable),
        Timing::Backwards => Some(true),
    };
    if matches!(timing, Timing::Unknown | Timing::Nominal) {
        return Ok(analysed);
    }
    let near = match (timing, summary.clip.duration_s) {
        (Timing::Own { duration_s, .. }, Some(by_rate)) => (by_rate - duration_s).abs() <= SEGMENTS_NEAR * duration_s,
        _ => false,
    };
    if let (Some(Segmentation::Seconds(_)), false) = (how.by, near) {
        return Err("its frames don't follow one another at a constant rate: segments of seconds can't be cut; take \
                    --scenes, or give it a constant rate first (ffmpeg -i … -fps_mode cfr)"
            .to_owned());
    }
    summary.segments.iter_mut().for_each(|part| part.duration_s = None);
    if let Timing::Own { duration_s, variable } = timing {
        let rate = summary.clip.frames as f64 / duration_s;
        let nominal = summary.frame_rate.map_or("none".to_owned(), |nominal| format!("{nominal:.3}"));
        let what = if variable { "has a variable frame rate" } else { "has another frame rate than it says" };
        analysed.notes.push(format!(
            "{what}: duration_s ({duration_s:.3} s) and source_frame_rate ({rate:.3}, on average; nominal {nominal}) \
             are from the frames' timestamps"
        ));
        (summary.frame_rate, summary.clip.duration_s) = (Some(rate), Some(duration_s));
        analysed.times = Some(log.times());
    } else {
        analysed.notes.push("its timestamps go back: duration_s and source_frame_rate are not known".to_owned());
        (summary.frame_rate, summary.clip.duration_s) = (None, None);
    }
    Ok(analysed)
}

/// Why there is nothing to analyse.
fn without_frames(log: &Log) -> String {
    let why = log.why();
    if why.contains("fps_mode") {
        return "ffmpeg is too old to decode it: 5.1 or newer is needed".to_owned();
    }
    if NO_LUMA.iter().any(|known| why.contains(known)) {
        return "its pixels hold no plane of luma (RGB, a palette, or packed): convert it first \
                (ffmpeg -i … -pix_fmt yuv444p out.y4m)"
            .to_owned();
    }
    format!("ffmpeg found no video in it: {why}")
}

fn not_started(program: &OsStr, path: &Path, error: &io::Error) -> Failure {
    if error.kind() == io::ErrorKind::NotFound {
        let program = program.display();
        let what = format!(
            "is not Y4M, and {program} to decode it is not installed: apt-get install ffmpeg (Debian, Ubuntu), \
             brew install ffmpeg (macOS), or name one by ENCAST_FFMPEG"
        );
        return Failure::of_file(path, what);
    }
    Failure::of_file(path, format!("{}: {error}", program.display()))
}
