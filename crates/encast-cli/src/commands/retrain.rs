//! `encast retrain`: a new model from all that was measured, put in place when it is no worse; once, or for good.

use std::{path::PathBuf, time::Duration};

use encast::{ModelKind, Target, TrainOptions};

use crate::{
    export::SourceArgs,
    failure::{Failure, Outcome, Verdict},
    gate::Gate,
    output, reading,
    retrain::{self, COLLECTED_SUFFIX, HoldOut, Job, Place, Reload, Report, STATUS_SUFFIX, Schedule, exit_on_signal},
    show,
};

/// R² by title that VMAF and PSNR must have at the probe tier when nothing is required.
const USUAL_GATES: [&str; 2] = ["probe:vmaf.r2=0.85", "probe:psnr.r2=0.85"];
/// New rows without which --watch does not train.
const MIN_NEW: usize = 200;

/// Train anew, and replace the serving model when no worse
///
/// Two gates: --require on the bundle's own title-disjoint figures, and a comparison with the serving model on the newest
/// titles, which neither was trained on. A bundle that keeps both replaces --out at once; on a miss nothing changes. How a run
/// came out is in the status file beside the bundle. --watch does so on a schedule or when the exporter reports drift.
#[derive(clap::Args)]
#[command(
    after_help = "Exit codes: 0 placed (or stopped, with --watch); 1 refused, or unchanged for lack of new data; 2 failed.\n\
    Files beside the bundle M: M.retrain.json (status), M.collected.csv (rows read from the source), M.previous/ (earlier\n\
    bundles), M.retrain.lock. Without --require: probe:vmaf.r2=0.85 and probe:psnr.r2=0.85.\n\n\
    Examples:\n  \
    encast retrain --data base.csv --from http://localhost:9505/observations --out M.encast\n  \
    encast retrain --data base.csv --vm-url http://localhost:8428 --start 30d --out M.encast --sign-with encast.key\n  \
    encast retrain --rollback --out M.encast --reload-url http://localhost:9505/reload\n  \
    encast retrain --watch --every 24h --on-drift http://localhost:9505/drift --data base.csv \\\n    \
    --from http://localhost:9505/observations --out M.encast"
)]
pub struct Args {
    /// Encode table, CSV or Parquet: measured before, or exported; repeatable, later rows of one id replace earlier ones
    #[arg(long, visible_alias = "new", value_name = "T")]
    data: Vec<PathBuf>,
    #[command(flatten)]
    source: SourceArgs,
    /// Where rows from the source are collected, so that they stay when the source forgets them [default: OUT.collected.csv]
    #[arg(long, value_name = "T.csv")]
    collect: Option<PathBuf>,
    /// The bundle that serves, and that is replaced: JSON when the name ends in .json, otherwise binary
    #[arg(long, value_name = "M")]
    out: PathBuf,
    /// Model to compare with [default: OUT; the embedded model where there is none]
    #[arg(long, value_name = "M")]
    model: Option<PathBuf>,
    /// Bound that the bundle's own figures must keep, as vmaf.r2=0.85; in place of the usual two
    #[arg(long, value_name = "GATE")]
    require: Vec<Gate>,
    /// Targets that are compared on the newest titles
    #[arg(long, value_name = "T,…", value_delimiter = ',', value_parser = Target::from_name, default_value = "vmaf,psnr")]
    compare: Vec<Target>,
    /// How much larger than the serving model's the new model's error may be there, as a share of it, 0 to 1
    #[arg(long, value_name = "SHARE", default_value_t = 0.02, value_parser = share)]
    tolerance: f64,
    /// Share of the new titles that is held out to compare on, 0 to 1
    #[arg(long, value_name = "SHARE", default_value_t = 0.5, value_parser = share)]
    holdout: f64,
    /// Fewest titles that are compared on: with fewer new ones nothing changes
    #[arg(long, value_name = "N", default_value_t = 3)]
    holdout_titles: usize,
    /// Fewest rows that are compared on
    #[arg(long, value_name = "N", default_value_t = 30)]
    holdout_rows: usize,
    /// Fewest rows newer than the serving model, and than a rollback to it: with fewer nothing changes [default: 1; with
    /// --watch 200]
    #[arg(long, value_name = "N")]
    min_new: Option<usize>,
    /// How many earlier bundles are kept
    #[arg(long, value_name = "N", default_value_t = 5)]
    keep: usize,
    /// minisign's secret key, without a password: the new bundle is signed
    #[arg(long, value_name = "KEY")]
    sign_with: Option<PathBuf>,
    /// Where the outcome is written [default: OUT.retrain.json]
    #[arg(long, value_name = "S.json")]
    status: Option<PathBuf>,
    /// The exporter's /reload, told when a bundle is in place; it also watches the file
    #[arg(long, value_name = "URL")]
    reload_url: Option<String>,
    /// Put the bundle that served before back; also beside a --watch
    #[arg(long, conflicts_with_all = ["watch", "data", "vm_url", "from"])]
    rollback: bool,
    /// How long --rollback waits for a run that is at work
    #[arg(long, value_name = "LENGTH", default_value = "15m", value_parser = reading::seconds_argument, requires = "rollback")]
    wait: i64,
    /// Go on until a signal: run on a schedule, and when drift is reported
    #[arg(long)]
    watch: bool,
    /// Between the starts of two runs; runs before a restart count
    #[arg(long, value_name = "LENGTH", default_value = "24h", value_parser = reading::seconds_argument, requires = "watch")]
    every: i64,
    /// The exporter's /drift: an alarm starts a run
    #[arg(long, value_name = "URL", requires = "watch")]
    on_drift: Option<String>,
    /// Between two looks at --on-drift
    #[arg(long, value_name = "LENGTH", default_value = "60s", value_parser = reading::seconds_argument, requires = "watch")]
    poll: i64,
    /// Looks in a row that must see the alarm
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=1000), requires = "watch")]
    debounce: u32,
    /// After a run, alarms start none for so long
    #[arg(long, value_name = "LENGTH", default_value = "6h", value_parser = reading::seconds_argument, requires = "watch")]
    cooldown: i64,
    /// Seed of the training
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Threads; 0 is all cores
    #[arg(long, value_name = "N", default_value_t = 0)]
    threads: usize,
    /// Learner: blend, boosting or forest
    #[arg(long, value_name = "KIND", value_parser = ModelKind::from_name, default_value_t)]
    model_kind: ModelKind,
    /// Targets to learn, separated by commas [default: those of the serving model]
    #[arg(long, value_name = "T,…", value_delimiter = ',', value_parser = Target::from_name)]
    targets: Vec<Target>,
    /// Version of the bundle [default: UTC date and time, and what it was trained on, as 2026.11.21-0130-1f0c88aa]
    #[arg(long, value_name = "V", conflicts_with = "watch")]
    version: Option<String>,
    /// Print one JSON object; with --watch one line of JSON a run
    #[arg(long)]
    json: bool,
    /// No progress on standard error
    #[arg(long)]
    quiet: bool,
}

fn share(text: &str) -> Result<f64, String> {
    text.parse().ok().filter(|value| (0.0..=1.0).contains(value)).ok_or_else(|| "must be from 0 to 1".to_owned())
}

/// Runs the subcommand.
pub fn run(args: &Args) -> Outcome {
    let beside = |named: &Option<PathBuf>, suffix| named.clone().unwrap_or_else(|| retrain::with(&args.out, suffix));
    let place = Place {
        out: args.out.clone(),
        status: beside(&args.status, STATUS_SUFFIX),
        collected: beside(&args.collect, COLLECTED_SUFFIX),
        keep: args.keep,
        sign_with: args.sign_with.clone(),
    };
    let http = args.source.http.for_another();
    let usual = || USUAL_GATES.iter().map(|gate| gate.parse()).collect::<Result<Vec<Gate>, String>>();
    let require = if args.require.is_empty() { usual()? } else { args.require.clone() };
    let job = Job {
        data: &args.data,
        source: &args.source,
        serving: args.model.clone(),
        require: &require,
        compare: &args.compare,
        tolerance: args.tolerance,
        hold_out: HoldOut {
            share: args.holdout,
            fewest_titles: args.holdout_titles.max(1),
            fewest_rows: args.holdout_rows.max(1),
        },
        min_new: args.min_new.unwrap_or(if args.watch { MIN_NEW } else { 1 }),
        options: TrainOptions {
            seed: args.seed,
            threads: args.threads,
            model_kind: args.model_kind,
            targets: args.targets.clone(),
            ..TrainOptions::default()
        },
        version: args.version.clone(),
        reload: args.reload_url.as_deref().map(|url| Reload::new(url, &http)).transpose()?,
        quiet: args.quiet,
        every: args.watch.then_some(args.every),
        place,
    };
    if !args.rollback && args.data.is_empty() && !args.source.is_named() {
        return Err(Failure::Bad("no rows: give --data T, --from URL|FILE or --vm-url URL".to_owned()));
    }
    job.place.check()?;
    exit_on_signal(i32::from(!args.watch))?;
    if args.rollback {
        return told(args, &retrain::roll_back(&job, Duration::from_secs(args.wait.unsigned_abs()))?);
    }
    job.place.check_signing()?;
    if !args.watch {
        return told(args, &retrain::once(&job)?);
    }
    let schedule = Schedule {
        every: args.every,
        on_drift: args.on_drift.as_deref(),
        http: &http,
        poll: args.poll,
        debounce: args.debounce,
        cooldown: args.cooldown,
    };
    retrain::watch(&job, &schedule, &mut |report| {
        if args.json {
            let line = serde_json::to_string(report).map_err(|e| Failure::Bad(format!("writing JSON: {e}")))?;
            return output::print_text(&format!("{line}\n"));
        }
        output::print_text(&format!("{}\n", in_a_line(report)))
    })?;
    Ok(Verdict::Done)
}

fn in_a_line(report: &Report) -> String {
    let status = &report.status;
    format!("{}: {} ({})", status.outcome.name(), status.message, status.reason)
}

fn told(args: &Args, report: &Report) -> Outcome {
    if args.json {
        output::print_json(report)?;
    } else if report.status.outcome.is_no() || !report.tables.is_empty() {
        output::print_text(&for_people(report))?;
    }
    match (report.status.outcome.is_failure(), report.status.outcome.is_no()) {
        (true, _) => Err(Failure::Bad(report.status.message.clone())),
        (_, true) => Ok(Verdict::No(format!("{}; {} stays as it was", in_a_line(report), report.out.display()))),
        _ => Ok(Verdict::Done),
    }
}

fn for_people(report: &Report) -> String {
    let status = &report.status;
    let none = || show::NONE.to_owned();
    let mut text = show::pairs(&[
        ("outcome", in_a_line(report)),
        ("serves now", status.serving_version.clone().unwrap_or_else(none)),
        ("candidate", status.candidate_version.clone().unwrap_or_else(none)),
        ("rows", format!("{}, of them new {}", show::count(status.rows), show::count(report.new_rows))),
        ("titles", show::count(status.titles)),
    ]);
    let rows = report.compared.iter().map(|of| {
        let mut cells = vec![of.target.name().to_owned()];
        cells.extend([of.rows, of.titles].map(show::count));
        cells.extend([of.serving_mae, of.candidate_mae].map(show::number));
        cells.push(format!("{} of {}", of.titles_better, of.titles));
        cells
    });
    if !report.compared.is_empty() {
        let header = ["newest titles", "rows", "titles", "serving MAE", "candidate MAE", "titles better"];
        text.push_str(&format!("\n{}", show::table(&header, 1, rows.collect())));
    }
    for gate in &status.gates {
        let value = gate.value.map_or_else(none, show::number);
        text.push_str(&format!("{}: {value}, {}\n", gate.gate, if gate.passed { "kept" } else { "missed" }));
    }
    for (reason, count) in &report.excluded {
        text.push_str(&format!("left out {} times: {reason}\n", show::count(*count)));
    }
    text
}
