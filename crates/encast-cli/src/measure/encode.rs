//! One encode: what it takes, and the file that it makes.

use std::{
    fs,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use super::{
    encoders::{EncoderSpec, Pass, RateControl},
    energy::EnergyMeter,
    engine::Engine,
    gstreamer,
    load::{Load, Share},
    process::{Children, ProcessError},
    source::Source,
    tools::Tools,
};

/// No encode takes longer.
const ENCODING: Duration = Duration::from_secs(12 * 3600);
/// The encode's file in the working folder.
pub const ENCODE: &str = "encode.mkv";

/// What an encode took.
#[derive(Debug, Clone, PartialEq)]
pub struct Taken {
    /// Wall time of all passes, seconds.
    pub wall_seconds: f64,
    /// User and system time of all passes, seconds.
    pub cpu_seconds: f64,
    /// Largest resident size, MB of 10⁶ bytes.
    pub peak_memory_mb: f64,
    /// Energy of the processor package, kWh, where the machine tells it.
    pub energy_kwh: Option<f64>,
    /// How others used the machine meanwhile.
    pub share: Share,
}

/// How to encode.
pub struct Encoding<'a> {
    /// What runs it.
    pub engine: Engine,
    /// What encodes.
    pub encoder: &'static EncoderSpec,
    /// The encoder's preset.
    pub preset: &'a str,
    /// How its rate is controlled.
    pub rate: RateControl,
    /// Encoded size.
    pub size: (usize, usize),
    /// Share of frames that are dropped before.
    pub frame_drop: f64,
    /// Frames of the source to take, as an expression of FFmpeg's select filter; all when none.
    pub selected: Option<&'a str>,
    /// Threads of the encoder.
    pub threads: u32,
    /// Frames between keyframes.
    pub gop: u64,
}

impl Encoding<'_> {
    /// Encodes into [`ENCODE`] in the working folder.
    pub fn run(
        &self,
        source: &Source,
        work: &Path,
        cores: &[usize],
        tools: &Tools,
        children: &Children,
    ) -> Result<Taken, String> {
        let passes: &[Pass] = match self.rate {
            RateControl::AbrTwoPass(_) => &[Pass::First, Pass::Second],
            _ => &[Pass::Only],
        };
        let (meter, load, started) = (EnergyMeter::start(), Load::start(cores), Instant::now());
        let (mut cpu, mut peak) = (Duration::ZERO, 0);
        for &pass in passes {
            let mut command = match self.engine {
                Engine::Ffmpeg => self.ffmpeg(source, pass, tools),
                Engine::Gstreamer => gstreamer::command(self, source),
            };
            let finished = children.run(command.current_dir(work), ENCODING).map_err(|error| match error {
                ProcessError::Stopped => error.to_string(),
                other => format!("encoding: {other}"),
            })?;
            cpu += finished.cpu;
            peak = peak.max(finished.peak_memory);
        }
        let taken = Taken {
            wall_seconds: started.elapsed().as_secs_f64(),
            cpu_seconds: cpu.as_secs_f64(),
            peak_memory_mb: peak as f64 / 1e6,
            energy_kwh: meter.and_then(EnergyMeter::finish),
            share: load.finish(cpu),
        };
        match fs::metadata(work.join(ENCODE)) {
            Ok(about) if about.len() > 0 => Ok(taken),
            _ => Err("encoding: the encoder wrote nothing".to_owned()),
        }
    }

    /// What comes before the encoder: frames chosen, frames dropped, size.
    fn filters(&self, source: &Source) -> String {
        let (n, d) = source.info.rate;
        let mut filters = String::new();
        if let Some(frames) = self.selected {
            filters.push_str(&format!("select='{frames}',settb={d}/{n},setpts=N,"));
        }
        if self.frame_drop > 0.0 {
            filters.push_str(&format!("select='{}',", kept(self.frame_drop)));
        }
        if self.size != (source.info.width, source.info.height) {
            filters.push_str(&format!("scale={}:{}:flags=bicubic,", self.size.0, self.size.1));
        }
        filters.push_str(&format!("format={}{}", source.info.pixel_format(), self.encoder.device().1));
        filters
    }

    fn ffmpeg(&self, source: &Source, pass: Pass, tools: &Tools) -> Command {
        let mut command = Command::new(&tools.ffmpeg);
        let threads = self.threads.to_string();
        command.args(["-hide_banner", "-nostdin", "-nostats", "-y", "-loglevel", "error"]);
        command.args(self.encoder.device().0).args(["-filter_threads", &threads, "-i"]).arg(&source.file);
        command.args(["-vf", &self.filters(source), "-fps_mode", "passthrough"]);
        command.args(self.encoder.ffmpeg_args(self.preset, self.rate, self.threads, self.gop, pass));
        match pass {
            Pass::First => command.args(["-f", "null", "-"]),
            Pass::Only | Pass::Second => command.args(["-f", "matroska", ENCODE]),
        };
        command
    }
}

/// The expression that keeps all but a share of the frames, spread evenly; the first one stays.
fn kept(drop: f64) -> String {
    format!("eq(floor((n+1)*{drop}+1e-9),floor(n*{drop}+1e-9))")
}
