//! `encast converge`: encodes a clip until its measured VMAF is the wanted one.

use std::{
    ffi::OsStr,
    fs::File,
    io,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    time::{Duration, Instant},
};

use encast::{DEFAULT_TARGET_VMAF, Estimate, Given, RecommendOptions};
use serde::Serialize;

use super::predict::Bounds;
use crate::{
    failure::{Failure, Outcome, Verdict},
    measure::{
        encoders::{EncoderSpec, RateControl},
        engine::Engine,
        probe,
        process::Children,
        steer::{Knob, Steering, Tried},
        tools::Tools,
        workbench::{Task, Workbench},
    },
    model::{Loaded, ModelArg},
    output, show,
};

/// Encode a clip until its measured VMAF is the wanted one
///
/// Measures the clip's complexity, forecasts the setting that reaches the target, encodes, measures VMAF, and forecasts
/// again with what was measured as an anchor, until the measured VMAF is within the tolerance. The encode nearest to the
/// target is kept with --out. Exit code 1 when none came within the tolerance.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  encast converge clip.mp4 --out clip-93.mkv\n  \
    encast converge clip.mp4 --target-vmaf 95 --encoder libsvtav1 --preset 8 --json\n  \
    encast converge clip.mp4 --encoder libx265 --by bitrate --resolution 1280x720 --start 10 --seconds 5")]
pub struct Args {
    /// Video file
    #[arg(value_name = "CLIP")]
    clip: PathBuf,
    #[command(flatten)]
    model: ModelArg,
    /// VMAF to reach, above 0 to 100
    #[arg(long, value_name = "VMAF", default_value_t = DEFAULT_TARGET_VMAF, allow_negative_numbers = true)]
    target_vmaf: f64,
    /// Distance from the target that is near enough, VMAF
    #[arg(long, value_name = "VMAF", default_value_t = 1.0, allow_negative_numbers = true)]
    tolerance: f64,
    /// Most encodes
    #[arg(long, value_name = "N", default_value_t = 6, value_parser = clap::value_parser!(u8).range(1..=16))]
    max_encodes: u8,
    /// Encoder, as FFmpeg calls it
    #[arg(long, value_name = "NAME", default_value = "libx264", value_parser = EncoderSpec::find)]
    encoder: &'static EncoderSpec,
    /// Its preset [default: medium; libsvtav1: 8; libvpx-vp9: good-cpu4]
    #[arg(long, value_name = "NAME", allow_hyphen_values = true)]
    preset: Option<String>,
    /// What is set: crf or bitrate (two passes where the encoder has them)
    #[arg(long, value_name = "RATE", value_parser = Given::from_name, default_value_t = Given::Crf)]
    by: Given,
    /// Lowest setting that may be tried [default: CRF 1, or 100 kbit/s]
    #[arg(long, value_name = "CRF|KBPS", allow_negative_numbers = true)]
    min: Option<f64>,
    /// Highest setting that may be tried [default: the top of the encoder's scale, or 50000 kbit/s]
    #[arg(long, value_name = "CRF|KBPS", allow_negative_numbers = true)]
    max: Option<f64>,
    /// Encoded size, even numbers of pixels [default: the source's]
    #[arg(long, value_name = "WIDTHxHEIGHT", value_parser = size)]
    resolution: Option<(usize, usize)>,
    /// Where the part that is encoded starts, seconds
    #[arg(long, value_name = "S", default_value_t = 0.0, allow_negative_numbers = true)]
    start: f64,
    /// Its length, seconds [default: to the end]
    #[arg(long, value_name = "S", allow_negative_numbers = true)]
    seconds: Option<f64>,
    /// Seconds between keyframes
    #[arg(long, value_name = "S", default_value_t = 2.0, allow_negative_numbers = true)]
    keyframe_seconds: f64,
    /// Make the model's trial encode first: a better first forecast, for a second of work
    #[arg(long)]
    probe: bool,
    /// Threads of the encoder and of VMAF [default: all cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=256))]
    threads: Option<u32>,
    /// VMAF model
    #[arg(long, value_name = "NAME", default_value = "vmaf_v0.6.1")]
    vmaf_model: String,
    /// Where the best encode goes: Matroska, or what the name's ending says (video only)
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// An FFmpeg with libvmaf [default: the one that ENCAST_FFMPEG names, otherwise ffmpeg]
    #[arg(long, value_name = "PROGRAM")]
    ffmpeg: Option<PathBuf>,
    /// Folder for the decoded part and the encodes [default: the system's for temporary files]
    #[arg(long, value_name = "FOLDER")]
    work: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// One encode of the contract.
#[derive(Serialize)]
struct Step {
    #[serde(skip_serializing_if = "Option::is_none")]
    crf: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    asked_bitrate_kbps: Option<f64>,
    predicted_vmaf: f64,
    interval: Bounds,
    vmaf: f64,
    psnr: Option<f64>,
    bitrate_kbps: f64,
    encode_seconds: f64,
}

/// The contract of `--json`.
#[derive(Serialize)]
struct Report {
    target_vmaf: f64,
    tolerance: f64,
    reached: bool,
    encodes: usize,
    encoder: &'static str,
    preset: String,
    by: &'static str,
    crf: Option<f64>,
    asked_bitrate_kbps: Option<f64>,
    vmaf: f64,
    bitrate_kbps: f64,
    size_mb: f64,
    steps: Vec<Step>,
    probe: bool,
    seconds: f64,
    out: Option<PathBuf>,
    model: Option<PathBuf>,
    model_version: String,
}

/// `1920x1080` as width and height, even and not smaller than any encoder takes.
fn size(text: &str) -> Result<(usize, usize), String> {
    let side = |part: &str| part.parse::<usize>().ok().filter(|n| (16..=16384).contains(n) && n.is_multiple_of(2));
    text.split_once(['x', 'X'])
        .and_then(|(width, height)| Some((side(width)?, side(height)?)))
        .ok_or_else(|| "must be WIDTHxHEIGHT, even numbers of pixels from 16 to 16384, as 1280x720".to_owned())
}

fn within(flag: &str, value: f64, lowest: f64, highest: f64) -> Result<f64, Failure> {
    match (lowest..=highest).contains(&value) {
        true => Ok(value),
        false => Err(Failure::Bad(format!("{flag} {value}: must be a finite number from {lowest} to {highest}"))),
    }
}

impl Args {
    /// Checks the numbers; the task, the knob and its limits.
    fn task(&self) -> Result<(Task, Knob, (f64, f64)), Failure> {
        within("--target-vmaf", self.target_vmaf, 1.0, 100.0)?;
        within("--tolerance", self.tolerance, 0.01, 50.0)?;
        within("--start", self.start, 0.0, 1e6)?;
        within("--keyframe-seconds", self.keyframe_seconds, 0.01, 600.0)?;
        self.seconds.map_or(Ok(0.0), |seconds| within("--seconds", seconds, 0.1, 86_400.0))?;
        let preset = self.preset.clone().unwrap_or_else(|| self.encoder.usual_preset().to_owned());
        self.encoder.check_preset(&preset)?;
        let (knob, ends) = match self.by {
            Given::Crf => (Knob::Crf { step: self.encoder.crf_step() }, (1.0, self.encoder.highest_crf)),
            Given::Bitrate => {
                let usual = RecommendOptions::default();
                (Knob::Bitrate, (usual.min_bitrate_kbps, usual.max_bitrate_kbps))
            }
        };
        let hard = if self.by == Given::Crf { (0.0, self.encoder.highest_crf) } else { (1.0, 1e6) };
        let min = within("--min", self.min.unwrap_or(ends.0), hard.0, hard.1)?;
        let max = within("--max", self.max.unwrap_or(ends.1), min, hard.1)?;
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let task = Task {
            clip: self.clip.clone(),
            start_seconds: self.start,
            seconds: self.seconds,
            encoder: self.encoder,
            preset,
            size: self.resolution,
            threads: self.threads.unwrap_or(cores as u32),
            keyframe_seconds: self.keyframe_seconds,
            vmaf_model: self.vmaf_model.clone(),
        };
        Ok((task, knob, (min, max)))
    }

    fn rate(&self, setting: f64, preset: &str) -> RateControl {
        match self.by {
            Given::Crf => RateControl::Crf(setting),
            Given::Bitrate if self.encoder.has_two_passes(preset) => RateControl::AbrTwoPass(setting),
            Given::Bitrate => RateControl::Abr(setting),
        }
    }

    /// For people, as it comes; with `--json` on standard error.
    fn tell(&self, line: &str) -> Result<(), Failure> {
        if self.json {
            output::note(line);
            return Ok(());
        }
        output::print_text(&format!("{line}\n"))
    }

    fn setting_in_words(&self, setting: f64) -> String {
        match self.by {
            Given::Crf => format!("CRF {setting}"),
            Given::Bitrate => format!("{setting} kbit/s"),
        }
    }
}

/// Runs the subcommand.
pub fn run(args: &Args) -> Outcome {
    let started = Instant::now();
    let (task, knob, limits) = args.task()?;
    if let Some(out) = &args.out {
        output::check_place(out)?;
    }
    let loaded = args.model.load()?;
    let recipe = match (args.probe, &loaded.model.metadata().probe_recipe) {
        (false, _) => None,
        (true, Some(text)) => Some(probe::recipe_of(text)?),
        (true, None) => return Err(Failure::Bad("--probe: the model names no probe recipe".to_owned())),
    };
    let children = Children::new();
    let on_signal = Arc::clone(&children);
    ctrlc::set_handler(move || on_signal.stop()).map_err(|error| Failure::Bad(format!("signals: {error}")))?;
    let mut folder = tempfile::Builder::new();
    folder.prefix("encast-converge-");
    let work = match &args.work {
        Some(within) => folder.tempdir_in(within).map_err(|error| Failure::of_file(within, error))?,
        None => folder.tempdir().map_err(|error| Failure::Bad(format!("temporary folder: {error}")))?,
    };
    let work = work.path().canonicalize().map(|path| (path, work)).map_err(|e| Failure::Bad(e.to_string()))?;
    let outcome = converge(args, (task, knob, limits), recipe.as_ref(), &loaded, (&work.0, &children), started);
    // Whatever went wrong after Ctrl-C went wrong by it; the folder goes with `work`.
    if children.stopped() { Ok(Verdict::No("stopped: nothing was kept".to_owned())) } else { outcome }
}

fn converge(
    args: &Args,
    (task, knob, limits): (Task, Knob, (f64, f64)),
    recipe: Option<&crate::measure::grid::ProbeRecipe>,
    loaded: &Loaded,
    (work, children): (&Path, &Children),
    started: Instant,
) -> Outcome {
    let mut tools = Tools::find(args.ffmpeg.as_deref(), None, children)?;
    tools.try_encoder(Engine::Ffmpeg, task.encoder, work, children);
    if let Some(why) = tools.missing.values().next() {
        return Err(Failure::Bad(format!("{} does not work with this FFmpeg: {why}", task.encoder.name)));
    }
    let preset = task.preset.clone();
    let bench = Workbench::prepare(task, work, &tools, children).map_err(|why| Failure::of_file(&args.clip, why))?;
    let probe = recipe.map(|recipe| bench.probe(recipe)).transpose()?;
    let request = bench.request(probe.as_ref());
    let target = args.target_vmaf;
    let mut steering = Steering { model: &loaded.model, request, knob, limits, target, tried: Vec::new() };
    let (mut steps, mut best_file) = (Vec::new(), None);
    let near = |tried: &Tried| (tried.vmaf - target).abs() <= args.tolerance;
    let mut ended = None;
    while !steering.best().is_some_and(near) {
        if steps.len() >= usize::from(args.max_encodes) {
            ended = Some(format!("{} encodes did not reach it", steps.len()));
            break;
        }
        let Some(setting) = steering.next()? else {
            ended = Some("no setting within the limits comes nearer".to_owned());
            break;
        };
        let forecast = steering.forecast(setting)?;
        let (taken, score) = bench.encode(args.rate(setting, &preset))?;
        let bitrate_kbps = bench.bitrate_kbps(&score);
        let tried = Tried { setting, bitrate_kbps, vmaf: score.vmaf, psnr: score.psnr, ssim: score.ssim };
        steering.add(tried);
        if steering.best() == Some(&tried) {
            best_file = Some(bench.keep()?);
        }
        steps.push(step(args, &tried, forecast, taken.wall_seconds));
        args.tell(&format!(
            "{}: {}, forecast VMAF {}, measured {} at {} kbit/s",
            steps.len(),
            args.setting_in_words(setting),
            show::with_interval(&forecast),
            show::number(tried.vmaf),
            show::number(bitrate_kbps)
        ))?;
    }
    let best = *steering.best().ok_or_else(|| Failure::Bad("nothing could be tried within the limits".to_owned()))?;
    if let (Some(out), Some(best)) = (&args.out, &best_file) {
        save(best, out, work, &tools, children)?;
    }
    let report = Report {
        target_vmaf: target,
        tolerance: args.tolerance,
        reached: near(&best),
        encodes: steps.len(),
        encoder: args.encoder.name,
        preset,
        by: args.by.name(),
        crf: (args.by == Given::Crf).then_some(best.setting),
        asked_bitrate_kbps: (args.by == Given::Bitrate).then_some(best.setting),
        vmaf: best.vmaf,
        bitrate_kbps: best.bitrate_kbps,
        size_mb: best.bitrate_kbps * bench.source.duration / 8000.0,
        steps,
        probe: probe.is_some(),
        seconds: started.elapsed().as_secs_f64(),
        out: args.out.clone(),
        model: loaded.path.clone(),
        model_version: loaded.model.metadata().version.clone(),
    };
    if args.json {
        output::print_json(&report)?;
    } else {
        output::print_text(&for_people(args, &report, &best))?;
    }
    let nearest = || format!("{} gives {}", args.setting_in_words(best.setting), show::number(best.vmaf));
    Ok(match ended {
        Some(why) if !report.reached => {
            Verdict::No(format!("VMAF {target} ± {}: {why}; {}", args.tolerance, nearest()))
        }
        _ => Verdict::Done,
    })
}

fn step(args: &Args, tried: &Tried, forecast: Estimate, encode_seconds: f64) -> Step {
    Step {
        crf: (args.by == Given::Crf).then_some(tried.setting),
        asked_bitrate_kbps: (args.by == Given::Bitrate).then_some(tried.setting),
        predicted_vmaf: forecast.value,
        interval: Bounds::of(forecast),
        vmaf: tried.vmaf,
        psnr: tried.psnr,
        bitrate_kbps: tried.bitrate_kbps,
        encode_seconds,
    }
}

fn for_people(args: &Args, report: &Report, best: &Tried) -> String {
    let kept =
        report.out.as_ref().map_or_else(|| "not kept (--out keeps it)".to_owned(), |out| out.display().to_string());
    show::pairs(&[
        (if report.reached { "reached" } else { "nearest" }, args.setting_in_words(best.setting)),
        ("VMAF measured", show::number(best.vmaf)),
        ("bitrate", format!("{} kbit/s", show::number(best.bitrate_kbps))),
        ("size", format!("{} MB", show::number(report.size_mb))),
        ("encodes", report.encodes.to_string()),
        ("seconds in all", show::number(report.seconds)),
        ("encode", kept),
    ])
}

/// Puts the best encode in its place; anything but Matroska is written by FFmpeg, without encoding again.
fn save(best: &Path, out: &Path, work: &Path, tools: &Tools, children: &Children) -> Result<(), Failure> {
    let ending = out.extension().and_then(OsStr::to_str).unwrap_or("mkv");
    let mut file = best.to_owned();
    if !ending.eq_ignore_ascii_case("mkv") {
        file = work.join("muxed").with_extension(ending);
        let mut command = Command::new(&tools.ffmpeg);
        command.args(["-hide_banner", "-nostdin", "-y", "-loglevel", "error", "-i"]).arg(best);
        command.args(["-c", "copy"]).arg(&file);
        children.run(&mut command, Duration::from_secs(3600)).map_err(|error| Failure::of_file(out, error))?;
    }
    let mut read = File::open(&file).map_err(|error| Failure::of_file(&file, error))?;
    let mut place = output::Replacement::of(out)?;
    io::copy(&mut read, &mut place).map_err(|error| Failure::of_file(out, error))?;
    place.finish()
}
