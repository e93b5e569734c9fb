//! `encast measure`: real encodes into the encode table.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use super::measure_plan as plan;
use crate::measure::parquet;
use crate::{
    failure::{Failure, Outcome, Verdict},
    measure::{
        campaign::{Campaign, Planned, Tally},
        curves,
        grid::{Grid, ProbeRecipe},
        plan::hash,
        process::Children,
        push::{Endpoint, Pusher},
        row::Row,
        store::Store,
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
    encast measure grid.toml --clips ~/clips --out measured.csv --retry-failed\n  \
    encast measure grid.toml --out measured.csv --parquet measured.parquet --push http://localhost:8428")]
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
    pub(super) jobs: u16,
    /// Numbers of the cores to use, separated by commas [default: those that this program may use]
    #[arg(long, value_name = "CORE,…", value_delimiter = ',')]
    pub(super) cores: Option<Vec<usize>>,
    /// Do not keep encodes on their cores
    #[arg(long)]
    pub(super) no_pin: bool,
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
    /// Send measured values to VictoriaMetrics as they come in: its base address, such as http://localhost:8428
    #[arg(long, value_name = "URL", value_parser = Endpoint::parse)]
    push: Option<Endpoint>,
    /// Send what the table holds already, too
    #[arg(long, requires = "push")]
    push_all: bool,
    /// Write the whole table as Parquet, too, when all is measured or it is stopped
    #[arg(long, value_name = "T.parquet")]
    parquet: Option<PathBuf>,
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
    let workers = plan::workers(args, &grid)?;
    let children = Children::new();
    let on_signal = Arc::clone(&children);
    ctrlc::set_handler(move || on_signal.stop()).map_err(|error| Failure::Bad(format!("signals: {error}")))?;
    let mut tools = Tools::find(args.ffmpeg.as_deref(), args.host.as_deref(), &children).map_err(Failure::Bad)?;
    let scratch = tempfile::tempdir().map_err(|error| Failure::Bad(format!("temporary folder: {error}")))?;
    plan::check_encoders(&grid, &mut tools, scratch.path(), &children)?;
    let own = args.grid.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let clips = args.clips.as_deref().unwrap_or(own);
    let infos = plan::inspect(&grid, clips, scratch.path(), (&tools, &children));
    if children.stopped() {
        return Ok(Verdict::No("stopped".to_owned()));
    }
    let all = plan::plan(&grid, &infos, &tools)?;
    if args.dry_run {
        return plan::show(&grid, &all, workers.len());
    }
    output::check_place(&args.out)?;
    check_parquet(args)?;
    let store = Store::open(&args.out, args.retry_failed)?;
    let count = all.len();
    let queue: Vec<Planned> = all.into_iter().filter(|planned| !store.has(&planned.job.id)).collect();
    if !args.quiet {
        let (left, done) = (show::count(queue.len()), show::count(count - queue.len()));
        output::note(&format!("{left} encodes to measure, {done} have their row"));
    }
    plan::check_disk(&grid, &infos, workers.len(), args.max_disk_mb)?;
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
    let backlog = if args.push_all { store.rows()? } else { Vec::new() };
    let pusher = args.push.as_ref().map(|endpoint| Pusher::start(endpoint, backlog)).transpose()?;
    let meter = Meter::start("measuring", "encodes", args.quiet);
    let tally = campaign.run(&meter, &|row| pusher.iter().for_each(|pusher| pusher.send(row)));
    meter.finish(tally.as_ref().is_ok_and(|tally| !tally.stopped));
    let delivered = pusher.map(Pusher::finish).unwrap_or_default();
    let not_delivered = args.push.as_ref().and_then(|endpoint| delivered.complaint(endpoint));
    let tally = tally.inspect_err(|_| not_delivered.iter().for_each(|told| output::note(told)))?;
    if let Some(path) = &args.parquet {
        parquet::write(&store.rows()?, path)?;
    }
    if let Some(path) = &args.plot {
        draw(path, &store)?;
    }
    if !args.quiet {
        tell_of_times(&store.rows()?);
    }
    let unread = infos.iter().filter(|info| info.is_none()).count();
    Ok(verdict(args, &tally, &store, unread, not_delivered))
}

/// How it went, with all that is not as it was asked for.
fn verdict(args: &Args, tally: &Tally, store: &Store, unread: usize, not_delivered: Option<String>) -> Verdict {
    let mut told = Vec::new();
    let failed = tally.failed + store.failed();
    if tally.stopped {
        let (rows, out) = (tally.measured + tally.failed, args.out.display());
        told.push(format!("stopped: {rows} rows were added to {out}; the same command goes on from here"));
    } else {
        if failed > 0 {
            told.push(format!("{failed} encodes failed: their rows say why, --retry-failed tries them again"));
        }
        if unread > 0 {
            told.push(format!("{unread} clips could not be read"));
        }
    }
    told.extend(not_delivered);
    if told.is_empty() { Verdict::Done } else { Verdict::No(told.join("; ")) }
}

/// Times that are empty are found too late when only the training tells of them.
fn tell_of_times(rows: &[Row]) {
    let measured = rows.iter().filter(|row| row.status == "ok");
    let (all, empty) =
        measured.fold((0, 0), |(all, empty), row| (all + 1, empty + u64::from(row.encode_seconds.is_none())));
    if empty > 0 {
        output::note(&format!("encode_seconds is empty in {empty} of {all} rows: others used the encodes' cores"));
    }
}

fn check_parquet(args: &Args) -> Result<(), Failure> {
    let Some(path) = &args.parquet else { return Ok(()) };
    if path == &args.out {
        return Err(Failure::Bad("--parquet and --out name the same file".to_owned()));
    }
    output::check_place(path)
}

fn draw(path: &Path, store: &Store) -> Result<(), Failure> {
    let (figure, left_out) = curves::figure(&store.rows()?);
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
    let rows = store.rows()?;
    let measured = rows.iter().filter(|row| row.status == "ok");
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
    let mut rows = store.rows()?;
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

/// A folder that the next run of the same table finds again.
fn work_folder(args: &Args) -> Result<PathBuf, Failure> {
    let out = std::fs::canonicalize(&args.out).map_err(|error| Failure::of_file(&args.out, error))?;
    let within = args.work.clone().unwrap_or_else(std::env::temp_dir);
    let within = std::path::absolute(&within).map_err(|error| Failure::of_file(&within, error))?;
    Ok(within.join(format!("encast-measure-{}", hash(&out.to_string_lossy()))))
}
