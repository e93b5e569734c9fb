//! `encast measure`: real encodes into the encode table.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    failure::{Failure, Outcome, Verdict},
    measure::{
        campaign::{Campaign, Planned, allowed_cores},
        curves,
        encoders::EncoderSpec,
        engine::Engine,
        forecast::Forecaster,
        grid::{Grid, ProbeRecipe},
        plan::{self, hash},
        process::Children,
        source::{self, SourceInfo},
        store::{self, Store},
        tools::Tools,
    },
    output, plot,
    progress::Meter,
    show,
};

/// Run real encodes and write what they took and what came out
///
/// A TOML grid of clips, encoders, presets, rates, sizes and frame drops is run by FFmpeg; every encode becomes one row of
/// the encode table. Rows are on the disk as soon as they are measured: after Ctrl-C, a crash or a power cut the same
/// command goes on where it was.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  encast measure grid.toml --out measured.csv --dry-run\n  \
    encast measure grid.toml --out measured.csv --jobs 2\n  \
    encast measure grid.toml --clips ~/clips --out measured.csv --retry-failed")]
pub struct Args {
    /// The grid: what to measure
    #[arg(value_name = "GRID.toml")]
    grid: PathBuf,
    /// The table that rows are appended to
    #[arg(long, value_name = "T.csv")]
    out: PathBuf,
    /// Folder of the clips [default: the grid's folder]
    #[arg(long, value_name = "FOLDER")]
    clips: Option<PathBuf>,
    /// Encodes at a time, each on cores of its own
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=256))]
    jobs: u16,
    /// Cores to use [default: those that this program may use]
    #[arg(long, value_name = "CORE", value_delimiter = ',')]
    cores: Option<Vec<usize>>,
    /// Do not keep encodes on their cores
    #[arg(long)]
    no_pin: bool,
    /// An FFmpeg with libvmaf [default: the one that ENCAST_FFMPEG names, otherwise ffmpeg]
    #[arg(long, value_name = "PROGRAM")]
    ffmpeg: Option<PathBuf>,
    /// Name of this machine in the table [default: its host name]
    #[arg(long, value_name = "NAME")]
    host: Option<String>,
    /// Folder for sources and encodes while they are needed [default: the system's for temporary files]
    #[arg(long, value_name = "FOLDER")]
    work: Option<PathBuf>,
    /// Most space of all sources on the disk at a time
    #[arg(long, value_name = "MB", default_value_t = 8192, value_parser = clap::value_parser!(u32).range(1..))]
    max_disk_mb: u32,
    /// Try again what failed before
    #[arg(long)]
    retry_failed: bool,
    /// Measure nothing but what is the same on each row of a clip, content and trial encode, and set it anew
    #[arg(long, conflicts_with = "dry_run")]
    refresh: bool,
    /// Draw the table's rate–quality curves at the end, SVG or PNG by the name's ending
    #[arg(long, value_name = "F.svg|png", conflicts_with = "dry_run")]
    plot: Option<PathBuf>,
    /// Print the plan and how long it will take, and run nothing
    #[arg(long)]
    dry_run: bool,
    /// No progress on standard error
    #[arg(long)]
    quiet: bool,
}

/// Runs the subcommand.
pub fn run(args: &Args) -> Outcome {
    let grid = Grid::read(&args.grid)?;
    if let Some(path) = &args.plot {
        plot::check_place(path)?;
    }
    let workers = workers(args, &grid)?;
    let children = Children::new();
    let on_signal = Arc::clone(&children);
    ctrlc::set_handler(move || on_signal.stop()).map_err(|error| Failure::Bad(format!("signals: {error}")))?;
    let mut tools = Tools::find(args.ffmpeg.as_deref(), args.host.as_deref(), &children).map_err(Failure::Bad)?;
    let scratch = tempfile::tempdir().map_err(|error| Failure::Bad(format!("temporary folder: {error}")))?;
    check_encoders(&grid, &mut tools, scratch.path(), &children)?;
    let own = args.grid.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let clips = args.clips.as_deref().unwrap_or(own);
    let infos = inspect(&grid, clips, scratch.path(), (&tools, &children));
    if children.stopped() {
        return Ok(Verdict::No("stopped".to_owned()));
    }
    let all = plan(&grid, &infos)?;
    if args.dry_run {
        return show_plan(&grid, &all, workers.len());
    }
    output::check_place(&args.out)?;
    let store = Store::open(&args.out, args.retry_failed)?;
    let count = all.len();
    let queue: Vec<Planned> = all.into_iter().filter(|planned| !store.has(&planned.job.id)).collect();
    if !args.quiet {
        let (left, done) = (show::count(queue.len()), show::count(count - queue.len()));
        output::note(&format!("{left} encodes to measure, {done} have their row"));
    }
    check_disk(&grid, &infos, &queue, workers.len(), args.max_disk_mb)?;
    if !args.refresh {
        same_recipe(&grid, &store)?;
    }
    let campaign = Campaign {
        grid: &grid,
        clips,
        infos: &infos,
        queue,
        tools: &tools,
        children: &children,
        store: &store,
        work: work_folder(args)?,
        workers,
        pinned: !args.no_pin,
    };
    if args.refresh {
        return refresh(&campaign, &store, args.quiet);
    }
    let meter = Meter::start("measuring", "encodes", args.quiet);
    let tally = campaign.run(&meter, &|_| ());
    meter.finish(tally.as_ref().is_ok_and(|tally| !tally.stopped));
    let tally = tally?;
    if let Some(path) = &args.plot {
        draw(path, &args.out)?;
    }
    if tally.stopped {
        let out = args.out.display();
        return Ok(Verdict::No(format!(
            "stopped: {} rows were added to {out}; the same command goes on from here",
            tally.measured + tally.failed
        )));
    }
    let failed = tally.failed + store.failed();
    if failed > 0 {
        return Ok(Verdict::No(format!(
            "{failed} encodes failed: their rows say why, --retry-failed tries them again"
        )));
    }
    match infos.iter().filter(|info| info.is_none()).count() {
        0 => Ok(Verdict::Done),
        unread => Ok(Verdict::No(format!("{unread} clips could not be read"))),
    }
}

fn draw(path: &Path, table: &Path) -> Result<(), Failure> {
    let (figure, left_out) = curves::figure(&store::read(table)?);
    if figure.panels.is_empty() {
        output::note("nothing was measured: no plot");
        return Ok(());
    }
    if left_out > 0 {
        output::note(&format!("the plot has no room for {left_out} more titles"));
    }
    plot::write(path, &figure)
}

/// A table has the trial encodes of one recipe only.
fn same_recipe(grid: &Grid, store: &Store) -> Result<(), Failure> {
    let asked = grid.probe.as_ref().map(ProbeRecipe::describe);
    let measured = store.rows().iter().filter(|row| row.status == "ok");
    match measured.map(|row| &row.probe_recipe).find(|recipe| **recipe != asked) {
        None => Ok(()),
        Some(other) => Err(Failure::Bad(format!(
            "the grid's probe ({}) is not the one of the table ({}): --refresh measures the table's probes anew",
            asked.as_deref().unwrap_or("none"),
            other.as_deref().unwrap_or("none")
        ))),
    }
}

fn refresh(campaign: &Campaign<'_>, store: &Store, quiet: bool) -> Outcome {
    let mut rows = store.rows().to_vec();
    let meter = Meter::start("renewing", "clips", quiet);
    let failed = campaign.renew(&mut rows, &meter);
    meter.finish(failed.is_ok());
    let failed = failed?;
    if campaign.children.stopped() {
        return Ok(Verdict::No("stopped: the table is as it was".to_owned()));
    }
    store.replace(&rows)?;
    match failed {
        0 => Ok(Verdict::Done),
        some => Ok(Verdict::No(format!("{some} clips could not be measured: their rows are as they were"))),
    }
}

/// The cores of each worker.
fn workers(args: &Args, grid: &Grid) -> Result<Vec<Vec<usize>>, Failure> {
    let allowed = allowed_cores();
    let cores = args.cores.clone().unwrap_or_else(|| allowed.clone());
    if let Some(core) = cores.iter().find(|core| !allowed.contains(core)) {
        return Err(Failure::Bad(format!("--cores {core}: this program may use {allowed:?}")));
    }
    let (jobs, threads) = (usize::from(args.jobs), grid.threads as usize);
    if args.no_pin {
        return Ok(vec![cores; jobs]);
    }
    if jobs * threads > cores.len() {
        return Err(Failure::Bad(format!(
            "--jobs {jobs} of {threads} threads each: must fit on {} cores (--no-pin shares them, and leaves \
             encode_seconds empty where that shows)",
            cores.len()
        )));
    }
    Ok(cores.chunks(threads).take(jobs).map(<[usize]>::to_vec).collect())
}

/// Every encoder of the grid works here, or it is an error that names those that do not.
fn check_encoders(grid: &Grid, tools: &mut Tools, scratch: &Path, children: &Children) -> Result<(), Failure> {
    let of_probe = grid.probe.iter().map(|probe| (Engine::Ffmpeg, probe.encoder.as_str()));
    for (engine, name) in grid.encodes.iter().map(|encode| (encode.engine, encode.encoder.as_str())).chain(of_probe) {
        tools.try_encoder(engine, EncoderSpec::find(name)?, scratch, children);
    }
    let software = |name: &str| EncoderSpec::find(name).is_ok_and(|spec| !spec.hardware);
    if let Some(((engine, name), why)) = tools.missing.iter().find(|((_, name), _)| software(name)) {
        let with = match engine {
            Engine::Ffmpeg => "with this FFmpeg",
            Engine::Gstreamer => "through gstreamer",
        };
        return Err(Failure::Bad(format!("{name} does not work {with}: {why}")));
    }
    for ((_, name), why) in &tools.missing {
        output::note(&format!("warning: {name} is left out, it does not work here: {why}"));
    }
    Ok(())
}

/// What is known of each clip; what can't be read is told, and becomes rows that say so.
fn inspect(grid: &Grid, clips: &Path, scratch: &Path, tools: (&Tools, &Children)) -> Vec<Option<SourceInfo>> {
    let look = |clip| match source::inspect(clip, grid, clips, scratch, tools) {
        Ok(info) => Some(info),
        Err(why) => {
            output::note(&format!("warning: {} is left out: {why}", clip.title()));
            None
        }
    };
    grid.clips.iter().map(look).collect()
}

fn plan(grid: &Grid, infos: &[Option<SourceInfo>]) -> Result<Vec<Planned>, Failure> {
    let forecaster = Forecaster::new();
    let mut all = Vec::new();
    for (index, (clip, info)) in grid.clips.iter().zip(infos).enumerate() {
        let Some(info) = info else { continue };
        if grid.encodes.iter().any(|encode| !encode.engine.reads(info.bit_depth)) {
            let (title, bits) = (clip.title(), info.bit_depth);
            output::note(&format!("warning: {title} is not encoded through gstreamer, which reads no {bits} bits"));
        }
        for job in plan::jobs_of(grid, index, clip, info)? {
            let seconds = forecaster.seconds(&job, info, clip.seconds.unwrap_or(grid.seconds));
            all.push(Planned { job, seconds });
        }
    }
    Ok(all)
}

fn show_plan(grid: &Grid, all: &[Planned], workers: usize) -> Outcome {
    let mut rows: Vec<Vec<String>> = Vec::new();
    let mut of: Vec<(String, usize, f64)> = Vec::new();
    for planned in all {
        let job = &planned.job;
        let name = format!("{} {} {}", job.encoder.name, job.preset, job.rate.name());
        match of.iter_mut().find(|(other, ..)| *other == name) {
            Some((_, count, seconds)) => {
                *count += 1;
                *seconds += planned.seconds;
            }
            None => of.push((name, 1, planned.seconds)),
        }
    }
    for (name, count, seconds) in of {
        let mut cells: Vec<String> = name.split(' ').map(str::to_owned).collect();
        cells.extend([show::count(count), show::number(seconds.round())]);
        rows.push(cells);
    }
    let seconds: f64 = all.iter().map(|planned| planned.seconds).sum::<f64>() / workers as f64;
    let text = show::table(&["encoder", "preset", "rate", "encodes", "core seconds"], 3, rows);
    output::print_text(&format!(
        "{text}\n{} encodes of {} clips, about {:.0} min with {workers} at a time\n",
        show::count(all.len()),
        grid.clips.len(),
        (seconds / 60.0).ceil()
    ))?;
    Ok(Verdict::Done)
}

/// Sources that are on the disk at a time must fit.
fn check_disk(
    grid: &Grid,
    infos: &[Option<SourceInfo>],
    queue: &[Planned],
    workers: usize,
    most_mb: u32,
) -> Result<(), Failure> {
    let largest = queue.iter().filter_map(|planned| {
        let (clip, info) = (&grid.clips[planned.job.clip], infos[planned.job.clip].as_ref()?);
        let bytes = 1.5 * (info.width * info.height) as f64 * if info.bit_depth > 8 { 2.0 } else { 1.0 };
        Some((clip.seconds.unwrap_or(grid.seconds) * info.frame_rate * bytes / 1e6, clip))
    });
    let Some((mb, clip)) = largest.max_by(|(a, _), (b, _)| a.total_cmp(b)) else { return Ok(()) };
    // One clip's source may be needed by the last of its encodes while the next one's is there already.
    let needed = mb * (workers + 1) as f64;
    if needed > f64::from(most_mb) {
        return Err(Failure::Bad(format!(
            "--max-disk-mb {most_mb}: {needed:.0} MB are needed at a time ({} takes {mb:.0} MB)",
            clip.title()
        )));
    }
    Ok(())
}

/// A folder that the next run of the same table finds again.
fn work_folder(args: &Args) -> Result<PathBuf, Failure> {
    let out = std::fs::canonicalize(&args.out).map_err(|error| Failure::of_file(&args.out, error))?;
    let within = args.work.clone().unwrap_or_else(std::env::temp_dir);
    let within = std::path::absolute(&within).map_err(|error| Failure::of_file(&within, error))?;
    Ok(within.join(format!("encast-measure-{}", hash(&out.to_string_lossy()))))
}
