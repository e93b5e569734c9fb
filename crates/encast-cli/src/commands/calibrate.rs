//! `encast calibrate`: how fast this machine is, by a few short encodes on it or by a table of encodes from it.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use encast::{
    Error, Machine, MachineSpeed, PredictionFeatures, PredictionTargets, Price, Profiles, Target, machine_speed,
    machine_speed_beside,
};
use serde::Serialize;

use crate::{
    failure::{Failure, Outcome, Verdict},
    input::Tables,
    measure::{
        encoders::{EncoderSpec, RateControl},
        engine::Engine,
        process::Children,
        tools::Tools,
        workbench::{Task, Workbench},
    },
    model::{Loaded, ModelArg},
    output, show, time,
};

/// Measure how fast a machine is, for the forecasts of its times and costs
///
/// Encodes a part of each clip twice: by one thread on one core, for the speed of a vCPU, and by all threads, for that of a
/// whole encode. Both are told relative to the model's reference machine. The result is an entry of profiles in TOML, as
/// --profiles takes it. With --data nothing is encoded: the table's times are this machine's.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  encast calibrate clip.mp4 --name build-box --out mine.toml\n  \
    encast calibrate a.mp4 b.mp4 --name build-box --like x86-cloud-vcpu --json\n  \
    encast calibrate --data measured-here.csv --name build-box --vcpus 8 --memory-gb 32\n  \
    encast predict --machine build-box --region eu-central-1 --profiles mine.toml --bitrate 4000 --resolution 1920x1080")]
pub struct Args {
    /// Video files: content like what will be encoded; two or three tell more than one
    #[arg(value_name = "CLIP", required_unless_present = "data", conflicts_with = "data")]
    clips: Vec<PathBuf>,
    /// Encodes that were measured on this machine, instead of encoding clips
    #[arg(long, value_name = "T.csv")]
    data: Vec<PathBuf>,
    /// The same encodes, measured on the model's reference machine: they are compared with, instead of forecasts
    #[arg(long, value_name = "T.csv", requires = "data")]
    beside: Vec<PathBuf>,
    /// Name of the machine
    #[arg(long, value_name = "NAME")]
    name: String,
    #[command(flatten)]
    model: ModelArg,
    /// Encoder, as FFmpeg calls it
    #[arg(long, value_name = "NAME", default_value = "libx264", value_parser = EncoderSpec::find)]
    encoder: &'static EncoderSpec,
    /// Its preset [default: medium; libsvtav1: 8; libvpx-vp9: good-cpu4]
    #[arg(long, value_name = "NAME", allow_hyphen_values = true)]
    preset: Option<String>,
    /// Constant-quality setting of the encodes
    #[arg(long, value_name = "Q", default_value_t = 28.0, allow_negative_numbers = true)]
    crf: f64,
    /// Where the part of a clip starts, seconds
    #[arg(long, value_name = "S", default_value_t = 0.0, allow_negative_numbers = true)]
    start: f64,
    /// Its length, seconds
    #[arg(long, value_name = "S", default_value_t = 3.0, allow_negative_numbers = true)]
    seconds: f64,
    /// A known machine whose power, memory and making count for this one, too (`encast profiles machines`)
    #[arg(long, value_name = "MACHINE")]
    like: Option<String>,
    /// Processors of the machine [default: of this one]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=4096))]
    vcpus: Option<u32>,
    /// Memory of the machine, GB [default: of this one]
    #[arg(long, value_name = "GB", allow_negative_numbers = true)]
    memory_gb: Option<f64>,
    /// What an hour of the whole machine costs in --region, USD
    #[arg(long, value_name = "USD", requires = "region", allow_negative_numbers = true)]
    usd_per_hour: Option<f64>,
    /// The region of that price
    #[arg(long, value_name = "NAME", requires = "usd_per_hour")]
    region: Option<String>,
    /// Where the entry goes, a file that is not there yet [default: standard output]
    #[arg(long, value_name = "MY.toml")]
    out: Option<PathBuf>,
    /// Replace the file
    #[arg(long, requires = "out")]
    force: bool,
    /// An FFmpeg [default: the one that ENCAST_FFMPEG names, otherwise ffmpeg]
    #[arg(long, value_name = "PROGRAM")]
    ffmpeg: Option<PathBuf>,
    /// Folder for the decoded parts and the encodes [default: the system's for temporary files]
    #[arg(long, value_name = "FOLDER")]
    work: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// The contract of `--json`.
#[derive(Serialize)]
struct Report<'a> {
    machine: &'a Machine,
    toml: &'a str,
    cpu: Option<Speed>,
    wall: Option<Speed>,
    encodes: &'a [Timing],
    out: Option<&'a Path>,
    model: Option<&'a Path>,
    model_version: &'a str,
}

#[derive(Serialize)]
struct Speed {
    speed: f64,
    encodes: usize,
    titles: usize,
    spread_octaves: Option<f64>,
}

impl Speed {
    fn of(speed: &MachineSpeed) -> Speed {
        let &MachineSpeed { speed, encodes, titles, spread } = speed;
        Speed { speed, encodes, titles, spread_octaves: spread }
    }
}

/// One encode.
#[derive(Serialize)]
struct Timing {
    clip: PathBuf,
    threads: usize,
    cpu_seconds: f64,
    encode_seconds: f64,
    /// Others used the encode's cores meanwhile: its time says nothing of the machine.
    disturbed: bool,
}

/// Encodes on the machine, by how many threads they had.
#[derive(Default)]
struct Measured {
    /// For the speed of a vCPU.
    single: (Vec<PredictionFeatures>, Vec<PredictionTargets>),
    /// For the speed of a whole encode.
    whole: (Vec<PredictionFeatures>, Vec<PredictionTargets>),
    timings: Vec<Timing>,
}

/// Runs the subcommand.
pub fn run(args: &Args) -> Outcome {
    if let Some(out) = &args.out {
        output::check_place(out)?;
        if out.exists() && !args.force {
            return Err(Failure::of_file(out, "is there already; --force replaces it"));
        }
    }
    let loaded = args.model.load()?;
    let shipped = Profiles::shipped()?;
    let like = args.like.as_deref().map(|name| shipped.machine(name)).transpose()?;
    let vcpus = args.vcpus.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, |n| n.get() as u32));
    let measured = if args.data.is_empty() { by_clips(args)? } else { by_tables(args, vcpus)? };
    let Some(measured) = measured else { return Ok(Verdict::No("stopped: nothing was written".to_owned())) };
    let (cpu, wall) = speeds(args, &loaded, &measured)?;
    let machine = machine(args, vcpus, like, (cpu, wall), &loaded)?;
    let mut profiles = Profiles::default();
    profiles.machines.insert(machine.name.clone(), machine.clone());
    if let (Some(region), Some(usd_per_hour)) = (&args.region, args.usd_per_hour) {
        let price = Price { usd_per_hour, source: format!("as given to encast calibrate, {}", time::now()) };
        profiles.prices.entry(region.clone()).or_default().insert(machine.name.clone(), price);
    }
    profiles.check()?;
    let toml = profiles.to_toml(&machine.name)?;
    if let Some(out) = &args.out {
        let mut place = output::Replacement::of(out)?;
        std::io::Write::write_all(&mut place, toml.as_bytes()).map_err(|error| Failure::of_file(out, error))?;
        place.finish()?;
    }
    if args.json {
        output::print_json(&Report {
            machine: &machine,
            toml: &toml,
            cpu: cpu.as_ref().map(Speed::of),
            wall: wall.as_ref().map(Speed::of),
            encodes: &measured.timings,
            out: args.out.as_deref(),
            model: loaded.path.as_deref(),
            model_version: &loaded.model.metadata().version,
        })?;
    } else if args.out.is_none() {
        output::print_text(&toml)?;
    } else {
        output::print_text(&for_people(&machine, &measured, (cpu, wall)))?;
    }
    Ok(Verdict::Done)
}

/// Encodes every clip by one thread and by all. `None` when it was stopped.
fn by_clips(args: &Args) -> Result<Option<Measured>, Failure> {
    let preset = args.preset.clone().unwrap_or_else(|| args.encoder.usual_preset().to_owned());
    args.encoder.check_preset(&preset)?;
    for (flag, value, lowest, highest) in [
        ("--crf", args.crf, 0.0, args.encoder.highest_crf),
        ("--start", args.start, 0.0, 1e6),
        ("--seconds", args.seconds, 0.1, 3600.0),
    ] {
        if !(lowest..=highest).contains(&value) {
            return Err(Failure::Bad(format!("{flag} {value}: must be a finite number from {lowest} to {highest}")));
        }
    }
    let children = Children::new();
    let on_signal = Arc::clone(&children);
    ctrlc::set_handler(move || on_signal.stop()).map_err(|error| Failure::Bad(format!("signals: {error}")))?;
    let measured = encode_all(args, &preset, &children);
    if children.stopped() { Ok(None) } else { measured.map(Some) }
}

fn encode_all(args: &Args, preset: &str, children: &Children) -> Result<Measured, Failure> {
    let mut folder = tempfile::Builder::new();
    folder.prefix("encast-calibrate-");
    let folder = match &args.work {
        Some(within) => folder.tempdir_in(within).map_err(|error| Failure::of_file(within, error))?,
        None => folder.tempdir().map_err(|error| Failure::Bad(format!("temporary folder: {error}")))?,
    };
    let work = folder.path().canonicalize().map_err(|error| Failure::of_file(folder.path(), error))?;
    let mut tools = Tools::find_to_encode(args.ffmpeg.as_deref(), children)?;
    tools.try_encoder(Engine::Ffmpeg, args.encoder, &work, children);
    if let Some(why) = tools.missing.values().next() {
        return Err(Failure::Bad(format!("{} does not work with this FFmpeg: {why}", args.encoder.name)));
    }
    let mut measured = Measured::default();
    for (at, clip) in args.clips.iter().enumerate() {
        let task = Task {
            clip: clip.clone(),
            start_seconds: args.start,
            seconds: Some(args.seconds),
            encoder: args.encoder,
            preset: preset.to_owned(),
            size: None,
            threads: 1,
            keyframe_seconds: 2.0,
            vmaf_model: String::new(),
        };
        let bench = Workbench::prepare(task, &work, &tools, children).map_err(|why| Failure::of_file(clip, why))?;
        let cores = bench.cores().to_vec();
        // One core twice says nothing more where there is no other.
        let ways: &[usize] = if cores.len() > 1 { &[1, cores.len()] } else { &[1] };
        for &threads in ways {
            output::note(&format!("{}: {} thread{}", clip.display(), threads, if threads > 1 { "s" } else { "" }));
            let taken = bench.time(RateControl::Crf(args.crf), &cores[cores.len() - threads..])?;
            let disturbed = !taken.share.is_quiet(taken.wall_seconds);
            if disturbed {
                let others = 100.0 * taken.share.own_cores;
                output::note(&format!("warning: others used {others:.0} % of the cores meanwhile: times are too long"));
            }
            let mut request = bench.request(None);
            (request.crf, request.threads) = (Some(args.crf), Some(1.0));
            let mut targets = PredictionTargets::of_title(at.to_string());
            let (part, target, seconds) = match threads {
                1 => (&mut measured.single, Target::CpuSeconds, taken.cpu_seconds),
                _ => (&mut measured.whole, Target::EncodeSeconds, taken.wall_seconds),
            };
            targets.set(target, Some(seconds));
            part.0.push(request);
            part.1.push(targets);
            let (cpu_seconds, encode_seconds) = (taken.cpu_seconds, taken.wall_seconds);
            measured.timings.push(Timing { clip: clip.clone(), threads, cpu_seconds, encode_seconds, disturbed });
        }
    }
    Ok(measured)
}

/// The rows of tables: their CPU times, and the times of those that used all processors.
fn by_tables(args: &Args, vcpus: u32) -> Result<Option<Measured>, Failure> {
    let tables = Tables::read(&args.data)?;
    tables.warn_of_excluded();
    let mut measured = Measured::default();
    for (features, targets) in tables.table.features.iter().zip(&tables.table.targets) {
        measured.single.0.push(features.clone());
        measured.single.1.push(targets.clone());
        if features.threads.is_none_or(|threads| threads >= f64::from(vcpus)) {
            measured.whole.0.push(features.clone());
            measured.whole.1.push(targets.clone());
        }
    }
    Ok(Some(measured))
}

type Speeds = (Option<MachineSpeed>, Option<MachineSpeed>);

/// The speeds of a vCPU and of whole encodes, as far as they were measured.
fn speeds(args: &Args, loaded: &Loaded, measured: &Measured) -> Result<Speeds, Failure> {
    let there = if args.beside.is_empty() { None } else { Some(Tables::read(&args.beside)?.table) };
    let of = |(features, targets): &(Vec<PredictionFeatures>, Vec<PredictionTargets>), target| {
        let speed = match &there {
            Some(there) => machine_speed_beside((features, targets), (&there.features, &there.targets), target),
            None => machine_speed(features, targets, &loaded.model, target),
        };
        match speed {
            Ok(speed) => Ok(Some(speed)),
            Err(Error::TooFew { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    };
    let cpu = match of(&measured.single, Target::CpuSeconds) {
        // A model of whole times alone can be told of whole times alone.
        Err(Error::NotPredicted { .. }) => None,
        other => other?,
    };
    let wall = of(&measured.whole, Target::EncodeSeconds)?;
    if cpu.is_none() && wall.is_none() {
        let what = if there.is_some() { "no encode was measured on both machines" } else { "no encode measures" };
        return Err(Failure::Bad(format!("{what}: cpu_seconds or encode_seconds is needed")));
    }
    Ok((cpu, wall))
}

fn machine(
    args: &Args,
    vcpus: u32,
    like: Option<&Machine>,
    (cpu, wall): Speeds,
    loaded: &Loaded,
) -> Result<Machine, Failure> {
    let told = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kib =
        told.lines().find_map(|line| line.strip_prefix("MemTotal:")?.split_whitespace().next()?.parse::<f64>().ok());
    let memory_gb = args.memory_gb.or_else(|| kib.map(|kib| (kib * 1.024e-6 * 100.0).round() / 100.0));
    let memory_gb =
        memory_gb.ok_or_else(|| Failure::Bad("this system does not tell its memory: --memory-gb".to_owned()))?;
    let round = |value: f64| format!("{value:.4e}").parse().unwrap_or(value);
    let measured = cpu.or(wall).map_or((0, 0), |speed| (speed.encodes, speed.titles));
    let what = if args.data.is_empty() { format!("{} encodes", args.encoder.name) } else { "encodes".to_owned() };
    let mut source = format!(
        "encast calibrate, {}: {} {what} of {} titles beside model {}",
        time::now(),
        measured.0,
        measured.1,
        loaded.model.metadata().version
    );
    if let Some(like) = like {
        source.push_str(&format!("; power and making as of {}", like.name));
    }
    let cpu_model = match args.data.is_empty() {
        true => cpu_model(),
        false => "as the table's".to_owned(),
    };
    Ok(Machine {
        name: args.name.clone(),
        vcpus,
        // Where only whole encodes were measured, the share of one vCPU is the best that can be said.
        speed: round(cpu.map_or_else(|| wall.map_or(1.0, |wall| wall.speed / f64::from(vcpus)), |cpu| cpu.speed)),
        wall_speed: wall.map(|wall| round(wall.speed)),
        idle_watts_per_vcpu: like.and_then(|like| like.idle_watts_per_vcpu),
        busy_watts_per_vcpu: like.and_then(|like| like.busy_watts_per_vcpu),
        memory_gb,
        watts_per_gb: like.and_then(|like| like.watts_per_gb),
        embodied_kg_per_vcpu: like.and_then(|like| like.embodied_kg_per_vcpu),
        lifetime_years: like.and_then(|like| like.lifetime_years),
        cpu_model,
        source,
    })
}

fn cpu_model() -> String {
    let name = crate::measure::tools::cpu_model();
    if name.is_empty() { "not told by the system".to_owned() } else { name }
}

fn for_people(machine: &Machine, measured: &Measured, (cpu, wall): Speeds) -> String {
    let speed = |speed: Option<MachineSpeed>| match speed {
        None => "not measured".to_owned(),
        Some(MachineSpeed { speed, titles: 1, .. }) => {
            format!("{} times the reference's, by one title", show::number(speed))
        }
        Some(MachineSpeed { speed, titles, spread, .. }) => format!(
            "{} times the reference's, by {titles} titles that differ by {:.0} %",
            show::number(speed),
            100.0 * (spread.unwrap_or(0.0).exp2() - 1.0)
        ),
    };
    let mut pairs = vec![
        ("machine", format!("{}, {} vCPUs, {} GB", machine.name, machine.vcpus, show::number(machine.memory_gb))),
        ("speed of a vCPU", speed(cpu)),
        ("speed of whole encodes", speed(wall)),
    ];
    if measured.timings.iter().any(|timing| timing.disturbed) {
        pairs.push(("warning", "others used the cores: calibrate again on a quiet machine".to_owned()));
    }
    show::pairs(&pairs)
}
