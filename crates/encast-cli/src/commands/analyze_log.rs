//! What ffmpeg's log says, of `-loglevel level+info` with the filter showinfo: complaints, and each frame's time.

use std::io::{BufRead, BufReader, Read};

use super::analyze_curve::{Thinned, Times};

/// Of a line, the start is looked at: bytes.
const LONGEST_LINE: u64 = 2048;
/// Of a complaint, the start is kept: characters.
const LONGEST_COMPLAINT: usize = 300;
/// Intervals between frames count as equal when the longest is at most so many times the shortest …
const EQUAL_RATIO: f64 = 1.5;
/// … and so many seconds: containers round to milliseconds.
const EQUAL_SECONDS: f64 = 0.0025;
/// Before time 0 by more than this is before the clip's start.
const EARLY_SECONDS: f64 = 0.0005;

/// A log.
#[derive(Default)]
pub struct Log {
    /// How often ffmpeg said that something could not be read or decoded.
    pub errors: u64,
    first_error: Option<String>,
    warnings: u64,
    first_warning: Option<String>,
    clock: Clock,
    size: Option<String>,
    resized: Option<String>,
}

/// The frames' times.
#[derive(Default)]
struct Clock {
    frames: u64,
    /// Frames without a time.
    without: u64,
    first: f64,
    last: f64,
    /// The last interval.
    interval: f64,
    shortest: Option<f64>,
    longest: f64,
    times: Option<Thinned<1>>,
    /// Frames before time 0, where a clip starts.
    early: u64,
}

/// How far a stream's frame rate tells when frames are shown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Timing {
    /// Nothing tells the times.
    Unknown,
    /// The frame rate is true.
    Nominal,
    /// It is not. Length in seconds; whether the intervals vary.
    Own { duration_s: f64, variable: bool },
    /// Later frames have earlier times: there is no length.
    Backwards,
}

impl Log {
    /// Reads it to its end.
    pub fn read(from: impl Read) -> Log {
        let (mut log, mut from, mut line) = (Log::default(), BufReader::new(from), Vec::new());
        let mut within = false;
        loop {
            line.clear();
            match (&mut from).take(LONGEST_LINE).read_until(b'\n', &mut line) {
                Ok(0) | Err(_) => break log,
                Ok(_) => {
                    // What is behind the start of a long line is no line of its own.
                    if !within {
                        log.line(String::from_utf8_lossy(&line).trim_end());
                    }
                    within = line.last() != Some(&b'\n');
                }
            }
        }
    }

    fn line(&mut self, line: &str) {
        let Line { context, level, message } = Line::of(line);
        if context.starts_with("Parsed_showinfo") {
            return self.frame(message);
        }
        match level {
            "error" | "fatal" | "panic" if harmless(context, message) => self.warn(message),
            "error" | "fatal" | "panic" => self.fail(message),
            "warning" if message.contains("corrupt decoded frame") || message.contains("corrupt input packet") => {
                self.fail(message);
            }
            "warning" if !usual(message) => self.warn(message),
            // Before it has read the log level, ffmpeg complains without one.
            "" if message.starts_with("Unrecognized option") => self.fail(message),
            _ => {}
        }
    }

    fn fail(&mut self, message: &str) {
        self.errors += 1;
        self.first_error.get_or_insert_with(|| start_of(message));
    }

    fn warn(&mut self, message: &str) {
        self.warnings += 1;
        self.first_warning.get_or_insert_with(|| start_of(message));
    }

    /// `n:   1 pts:    512 pts_time:0.04 … s:160x90 …`
    fn frame(&mut self, message: &str) {
        if !message.starts_with("n:") {
            return;
        }
        let field = |name: &str| {
            let words = message.split_whitespace();
            words.filter_map(|word| word.strip_prefix(name)?.strip_prefix(':')).find(|value| !value.is_empty())
        };
        let frame = self.clock.frames;
        self.clock.push(field("pts_time").and_then(|time| time.parse().ok()));
        match (field("s"), &self.size) {
            (Some(size), None) => self.size = Some(size.to_owned()),
            (Some(size), Some(first)) if size != first && self.resized.is_none() => {
                self.resized =
                    Some(format!("its picture changes from {first} to {size} at frame {frame}: scaled to {first}"));
            }
            _ => {}
        }
    }

    /// The first error.
    pub fn why(&self) -> &str {
        self.first_error.as_deref().unwrap_or("it did not say why")
    }

    /// What does no harm, but should be known.
    pub fn notes(&self) -> Vec<String> {
        let warning = self.first_warning.as_ref().map(|first| match self.warnings {
            1 => format!("ffmpeg warns: {first}"),
            count => format!("ffmpeg warns {count} times, first: {first}"),
        });
        // ffmpeg 5 does so with AV1.
        let early = (self.clock.early > 0).then(|| {
            let count = self.clock.early;
            format!(
                "the figures include {count} frames that the clip cuts off before its start: this ffmpeg decodes them"
            )
        });
        self.resized.iter().cloned().chain(early).chain(warning).collect()
    }

    /// Whether the times agree with a frame rate.
    pub fn timing(&self, frames: u64, nominal: Option<f64>) -> Timing {
        self.clock.timing(frames, nominal)
    }

    /// When the frames are shown, from the first.
    pub fn times(&self) -> Times {
        Times::of(self.clock.times.as_ref().unwrap_or(&Thinned::new()))
    }
}

impl Clock {
    fn push(&mut self, time: Option<f64>) {
        self.frames += 1;
        let Some(time) = time.filter(|time| time.is_finite()) else {
            self.without += 1;
            return;
        };
        let times = self.times.get_or_insert_with(|| {
            self.first = time;
            Thinned::new()
        });
        times.push([Some(time - self.first)]);
        self.early += u64::from(time < -EARLY_SECONDS);
        if self.frames - self.without > 1 {
            self.interval = time - self.last;
            self.shortest = Some(self.shortest.map_or(self.interval, |shortest| shortest.min(self.interval)));
            self.longest = self.longest.max(self.interval);
        }
        self.last = time;
    }

    fn timing(&self, frames: u64, nominal: Option<f64>) -> Timing {
        let (Some(shortest), true) = (self.shortest, self.without == 0 && self.frames == frames) else {
            // One frame has no interval: its rate is all there is.
            return if frames == 1 { Timing::Nominal } else { Timing::Unknown };
        };
        if shortest < 0.0 {
            return Timing::Backwards;
        }
        let variable = self.longest > EQUAL_RATIO * shortest && self.longest > shortest + EQUAL_SECONDS;
        // Clips that were cut without encoding often end with a gap: it says nothing of how long the last frame stays.
        let last = nominal.filter(|_| variable).map_or(self.interval, |rate| 1.0 / rate);
        let duration_s = self.last - self.first + last;
        if duration_s <= 0.0 {
            return Timing::Unknown;
        }
        let agrees = nominal.is_some_and(|rate| {
            let by_rate = frames as f64 / rate;
            (by_rate - duration_s).abs() <= (1.5 / rate).max(0.005 * by_rate)
        });
        if agrees && !variable { Timing::Nominal } else { Timing::Own { duration_s, variable } }
    }
}

/// `[context @ 0x…] [inner @ 0x…] [level] message`, contexts being optional.
struct Line<'a> {
    /// The first context's name.
    context: &'a str,
    level: &'a str,
    message: &'a str,
}

impl<'a> Line<'a> {
    fn of(line: &'a str) -> Line<'a> {
        let (mut context, mut rest) = ("", line);
        while let Some((inside, behind)) = rest.strip_prefix('[').and_then(|rest| rest.split_once("] ")) {
            match inside.split_once(" @ 0x") {
                Some((name, _)) => context = if context.is_empty() { name } else { context },
                None => return Line { context, level: inside, message: behind },
            }
            rest = behind;
        }
        Line { context, level: "", message: rest }
    }
}

/// Errors that leave the picture whole: of what is written, of streams beside the video, of messages beside the picture.
fn harmless(context: &str, message: &str) -> bool {
    const BESIDE: [&str; 14] = [
        "yuv4mpegpipe",
        "aist#",
        "sist#",
        "dist#",
        "aac",
        "ac3",
        "eac3",
        "mp2",
        "mp3",
        "opus",
        "vorbis",
        "flac",
        "pcm_",
        "mov_text",
    ];
    let of_output = message.contains("non monotonically increasing dts");
    let is_beside = BESIDE.iter().any(|name| context.starts_with(name));
    of_output || message.contains("SEI type") || (is_beside && !message.contains("can only handle"))
}

/// Warnings that say nothing about the clip, or what the frames' times say better: of Y4M with more than 8 bits, of the
/// order of what is written, of the sound, and of full-range formats.
fn usual(message: &str) -> bool {
    ["generating non standard YUV stream", "Non-monoton", "Guessed Channel Layout", "deprecated pixel format used"]
        .iter()
        .any(|known| message.contains(known))
}

fn start_of(message: &str) -> String {
    message.trim().chars().take(LONGEST_COMPLAINT).collect()
}

#[cfg(test)]
#[allow(clippy::panic)]
mod tests {
    use super::*;

    fn frames(times: impl IntoIterator<Item = f64>) -> Log {
        let line =
            |time: f64| format!("[Parsed_showinfo_0 @ 0x1] [info] n: 1 pts: 7 pts_time:{time} fmt:gray s:64x48 i:P\n");
        Log::read(times.into_iter().map(line).collect::<String>().as_bytes())
    }

    #[test]
    fn times_beside_a_rate() {
        let even = |count: i32, step: f64| (0..count).map(move |n| 100.0 + f64::from(n) * step);
        let rounded = even(240, 1.0 / 60.0).map(|time| (time * 1000.0).round() / 1000.0);
        assert_eq!(frames(rounded).timing(240, Some(60.0)), Timing::Nominal);
        assert_eq!(frames([5.0]).timing(1, Some(25.0)), Timing::Nominal);
        // A header that is wrong, and one that does not say.
        for nominal in [Some(25.0), None] {
            match frames(even(100, 0.05)).timing(100, nominal) {
                Timing::Own { duration_s, variable: false } => assert!((duration_s - 5.0).abs() < 1e-9),
                other => panic!("{other:?}"),
            }
        }
        match frames([0.0, 0.04, 0.08, 0.2]).timing(4, Some(25.0)) {
            Timing::Own { duration_s, variable: true } => assert!((duration_s - 0.24).abs() < 1e-9),
            other => panic!("{other:?}"),
        }
        assert_eq!(frames([0.0, 0.08, 0.04]).timing(3, Some(25.0)), Timing::Backwards);
        assert_eq!(frames([-0.08, -0.04, 0.0]).notes().len(), 1);
        // A time is missing; a frame is missing.
        assert_eq!(frames([0.0, f64::NAN, 0.08]).timing(3, Some(25.0)), Timing::Unknown);
        assert_eq!(frames([0.0, 0.04]).timing(3, Some(25.0)), Timing::Unknown);
    }

    #[test]
    fn complaints() {
        let of = |text: &str| Log::read(text.as_bytes());
        for error in [
            "[h264 @ 0x5586] [error] error while decoding MB 5 0, bytestream -21",
            "[in#0/matroska,webm @ 0x55bb] [error] File ended prematurely",
            "[vist#0:0/h264 @ 0x5568] [dec:h264 @ 0x55a] [warning] corrupt decoded frame",
            "[warning] file:a.ts: corrupt decoded frame in stream 0",
            "[fatal] Stream map '0:V:0' matches no streams.",
            "Unrecognized option 'fps_mode'.",
        ] {
            let log = of(error);
            assert!(log.errors == 1 && error.ends_with(log.why()) && log.notes().is_empty(), "{error}");
        }
        for warning in [
            "[aac @ 0x55] [error] channel element 0.0 is not allocated",
            "[h264 @ 0x55] [error] SEI type 5 size 64 truncated at 32",
            "[mpegts @ 0x56] [warning] Packet corrupt (stream = 1, dts = 244800).",
        ] {
            let log = of(warning);
            assert!(log.errors == 0 && log.notes().len() == 1, "{warning}");
        }
        let silent =
            "[info]     title : [error] no\n[yuv4mpegpipe @ 0x1] [warning] generating non standard YUV stream\n";
        assert!(of(silent).errors == 0 && of(silent).notes().is_empty());
        // Long lines and broken text are no obstacle.
        let long = format!("[warning] {}[error] x\n\u{0}\n[error] y", "z".repeat(100_000));
        let log = of(&long);
        assert!(log.errors == 1 && log.why() == "y" && log.notes()[0].len() < 400);
        let sizes = |size: &str| format!("[Parsed_showinfo_0 @ 0x1] [info] n: 0 pts_time:0 s:{size} i:P\n");
        let log = of(&[sizes("64x48"), sizes("64x48"), sizes("128x96")].concat());
        assert_eq!(log.notes(), ["its picture changes from 64x48 to 128x96 at frame 2: scaled to 64x48"]);
    }
}
