//! The encoders that can be measured: their names, presets, ranges and arguments.

use encast::Codec;

/// What is known of one encoder.
#[derive(Debug)]
pub struct EncoderSpec {
    /// As FFmpeg calls it.
    pub name: &'static str,
    /// What it writes.
    pub codec: Codec,
    /// Presets, as the tables call them.
    presets: &'static [&'static str],
    /// Top of its constant-quality scale.
    pub highest_crf: f64,
    /// Whether it offers an average bitrate in two passes.
    two_pass: bool,
    /// Whether it needs hardware that a machine may not have.
    pub hardware: bool,
    /// What introduces its version in what it says of itself.
    version_marks: &'static [&'static str],
}

const X26X: &[&str] =
    &["ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow", "placebo"];
const VP9: &[&str] = &[
    "best",
    "good-cpu0",
    "good-cpu1",
    "good-cpu2",
    "good-cpu3",
    "good-cpu4",
    "good-cpu5",
    "rt-cpu4",
    "rt-cpu5",
    "rt-cpu6",
    "rt-cpu7",
    "rt-cpu8",
];
const SVT: &[&str] = &["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13"];
const NVENC: &[&str] = &["p1", "p2", "p3", "p4", "p5", "p6", "p7"];
const QSV: &[&str] = &["veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow"];
const ONE: &[&str] = &["default"];

const fn software(
    name: &'static str,
    codec: Codec,
    presets: &'static [&'static str],
    highest_crf: f64,
    two_pass: bool,
    version_marks: &'static [&'static str],
) -> EncoderSpec {
    EncoderSpec { name, codec, presets, highest_crf, two_pass, hardware: false, version_marks }
}

const fn hardware(name: &'static str, codec: Codec, presets: &'static [&'static str], top: f64) -> EncoderSpec {
    EncoderSpec { name, codec, presets, highest_crf: top, two_pass: false, hardware: true, version_marks: &[] }
}

/// All of them.
pub const ENCODERS: &[EncoderSpec] = &[
    software("libx264", Codec::H264, X26X, 51.0, true, &["- core "]),
    software("libx265", Codec::Hevc, X26X, 51.0, true, &["HEVC encoder version "]),
    software("libsvtav1", Codec::Av1, SVT, 63.0, false, &["SVT-AV1 Encoder Lib "]),
    software("libvpx-vp9", Codec::Vp9, VP9, 63.0, true, &["[libvpx-vp9 @", "v1."]),
    hardware("h264_nvenc", Codec::H264, NVENC, 51.0),
    hardware("hevc_nvenc", Codec::Hevc, NVENC, 51.0),
    hardware("av1_nvenc", Codec::Av1, NVENC, 63.0),
    hardware("h264_qsv", Codec::H264, QSV, 51.0),
    hardware("hevc_qsv", Codec::Hevc, QSV, 51.0),
    hardware("av1_qsv", Codec::Av1, QSV, 63.0),
    hardware("h264_vaapi", Codec::H264, ONE, 51.0),
    hardware("hevc_vaapi", Codec::Hevc, ONE, 51.0),
    hardware("av1_vaapi", Codec::Av1, ONE, 255.0),
];

/// How the rate of an encode is controlled.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum RateControl {
    /// Constant quality.
    Crf(f64),
    /// Average bitrate, one pass, kbit/s.
    Abr(f64),
    /// Average bitrate, two passes, kbit/s.
    AbrTwoPass(f64),
}

impl RateControl {
    /// The word in the table.
    pub fn name(self) -> &'static str {
        match self {
            RateControl::Crf(_) => "crf",
            RateControl::Abr(_) => "abr",
            RateControl::AbrTwoPass(_) => "abr2",
        }
    }

    /// The constant-quality setting.
    pub fn crf(self) -> Option<f64> {
        match self {
            RateControl::Crf(crf) => Some(crf),
            _ => None,
        }
    }

    /// The bitrate that is asked for, kbit/s.
    pub fn bitrate_kbps(self) -> Option<f64> {
        match self {
            RateControl::Crf(_) => None,
            RateControl::Abr(kbps) | RateControl::AbrTwoPass(kbps) => Some(kbps),
        }
    }
}

/// Which of two passes; the only one counts as the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pass {
    /// The only one.
    Only,
    /// The first of two.
    First,
    /// The second of two.
    Second,
}

impl EncoderSpec {
    /// Looks an encoder up; an error lists the known ones.
    pub fn find(name: &str) -> Result<&'static EncoderSpec, String> {
        ENCODERS.iter().find(|spec| spec.name == name).ok_or_else(|| {
            let known: Vec<&str> = ENCODERS.iter().map(|spec| spec.name).collect();
            format!("unknown encoder \"{name}\"; known: {}", known.join(", "))
        })
    }

    /// Checks a preset's name; an error lists the known ones.
    pub fn check_preset(&self, preset: &str) -> Result<(), String> {
        if self.presets.contains(&preset) {
            return Ok(());
        }
        Err(format!("unknown preset \"{preset}\" of {}; known: {}", self.name, self.presets.join(", ")))
    }

    /// The preset that is taken when none is named: in the middle of what is used on servers.
    pub fn usual_preset(&self) -> &'static str {
        match self.name {
            "libsvtav1" => "8",
            "libvpx-vp9" => "good-cpu4",
            _ if self.presets.contains(&"medium") => "medium",
            _ => self.presets[self.presets.len() / 2],
        }
    }

    /// Steps of the constant-quality scale that the encoder tells apart.
    pub fn crf_step(&self) -> f64 {
        if matches!(self.name, "libx264" | "libx265") { 0.1 } else { 1.0 }
    }

    /// Whether a preset offers an average bitrate in two passes.
    pub fn has_two_passes(&self, preset: &str) -> bool {
        // libvpx refuses a first pass in real time.
        self.two_pass && !preset.starts_with("rt-")
    }

    /// FFmpeg's arguments for one pass. Statistics of two passes go to the working folder.
    pub fn ffmpeg_args(&self, preset: &str, rate: RateControl, threads: u32, gop: u64, pass: Pass) -> Vec<String> {
        let mut args: Vec<String> = vec!["-c:v".to_owned(), self.name.to_owned()];
        let mut add = |more: &[&str]| args.extend(more.iter().map(|&s| s.to_owned()));
        let (gop, threads_text) = (gop.to_string(), threads.to_string());
        let rate_text = |value: f64| format!("{}", (value * 1000.0).round() as u64);
        add(&["-g", &gop]);
        match self.name {
            "libx265" => {
                let pools = if threads == 1 { "none".to_owned() } else { threads_text.clone() };
                let frames = threads.min(16);
                let mut params =
                    format!("pools={pools}:frame-threads={frames}:keyint={gop}:min-keyint=1:log-level=info");
                match pass {
                    Pass::Only => {}
                    Pass::First => params.push_str(":pass=1:stats=x265.stats"),
                    Pass::Second => params.push_str(":pass=2:stats=x265.stats"),
                }
                add(&["-preset", preset, "-threads", &threads_text, "-x265-params", &params]);
            }
            "libsvtav1" => {
                let params = format!("lp={threads}");
                add(&["-preset", preset, "-svtav1-params", &params, "-threads", &threads_text]);
            }
            "libvpx-vp9" => {
                let (deadline, speed) = preset.split_once("-cpu").unwrap_or((preset, "0"));
                let deadline = if deadline == "rt" { "realtime" } else { deadline };
                let row_mt = if threads > 1 { "1" } else { "0" };
                add(&["-deadline", deadline, "-cpu-used", speed, "-row-mt", row_mt, "-threads", &threads_text]);
            }
            "libx264" => add(&["-preset", preset, "-threads", &threads_text]),
            name if name.ends_with("_vaapi") => {}
            _ => add(&["-preset", preset]),
        }
        if matches!(self.name, "libx264" | "libvpx-vp9") {
            match pass {
                Pass::Only => {}
                Pass::First => add(&["-pass", "1", "-passlogfile", "passes"]),
                Pass::Second => add(&["-pass", "2", "-passlogfile", "passes"]),
            }
        }
        match (rate, self.name) {
            (RateControl::Crf(crf), "libvpx-vp9") => add(&["-crf", &crf.to_string(), "-b:v", "0"]),
            (RateControl::Crf(crf), name) if name.ends_with("_nvenc") => {
                add(&["-rc", "vbr", "-cq", &crf.to_string(), "-b:v", "0"]);
            }
            (RateControl::Crf(crf), name) if name.ends_with("_qsv") => add(&["-global_quality", &crf.to_string()]),
            (RateControl::Crf(crf), name) if name.ends_with("_vaapi") => {
                add(&["-rc_mode", "CQP", "-qp", &crf.to_string()]);
            }
            (RateControl::Crf(crf), _) => add(&["-crf", &crf.to_string()]),
            (RateControl::Abr(kbps) | RateControl::AbrTwoPass(kbps), _) => add(&["-b:v", &rate_text(kbps)]),
        }
        args
    }

    /// FFmpeg's arguments before the inputs, and the end of the filters: what hardware needs.
    pub fn device(&self) -> (&'static [&'static str], &'static str) {
        if self.name.ends_with("_vaapi") {
            (&["-vaapi_device", "/dev/dri/renderD128"], ",format=nv12,hwupload")
        } else {
            (&[], "")
        }
    }

    /// The encoder's version, from what FFmpeg logs of it.
    pub fn version_in(&self, log: &str) -> Option<String> {
        let (line, mark) =
            log.lines().find_map(|line| self.version_marks.iter().find(|m| line.contains(**m)).map(|m| (line, *m)))?;
        let rest = match mark {
            "[libvpx-vp9 @" => line.split(']').nth(1)?.trim(),
            _ => &line[line.find(mark)? + mark.len()..],
        };
        let version: String =
            rest.split_whitespace().take(if mark == "- core " { 2 } else { 1 }).collect::<Vec<_>>().join(" ");
        let version = version.trim_matches(['-', ' ']).to_owned();
        (!version.is_empty()).then_some(version)
    }
}
