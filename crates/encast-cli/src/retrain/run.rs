//! One run: rows, candidate, gates, place, status.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use encast::{Model, Target, TrainOptions, load_model, retrain_with_progress};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{
    data::{self, Rows},
    holdout::{self, Compared, HoldOut, TooLittle},
    place::Place,
    reload::Reload,
    status::{self, Runs, Status},
};
use crate::{
    export::SourceArgs,
    failure::Failure,
    gate::{self, Checked, Gate},
    output,
    progress::Meter,
    time,
};

/// What a run does.
pub struct Job<'a> {
    pub place: Place,
    pub data: &'a [PathBuf],
    pub source: &'a SourceArgs,
    /// What is compared with; the bundle at the place, or the embedded one, where there is none.
    pub serving: Option<PathBuf>,
    pub require: &'a [Gate],
    pub compare: &'a [Target],
    pub tolerance: f64,
    pub hold_out: HoldOut,
    /// Fewer new rows are no reason to train.
    pub min_new: usize,
    pub options: TrainOptions,
    pub version: Option<String>,
    pub reload: Option<Reload>,
    pub quiet: bool,
    /// Seconds between the starts of two runs, where there is a schedule.
    pub every: Option<i64>,
}

/// How a run came out: the contract of `encast retrain --json`.
#[derive(Debug, Serialize)]
pub struct Report {
    #[serde(flatten)]
    pub status: Status,
    pub out: PathBuf,
    /// Tables trained on, as they stand in the bundle.
    pub tables: Vec<encast::TableProvenance>,
    /// Rows that were observed after the serving model was trained, and after a rollback to it.
    pub new_rows: usize,
    /// Rows that were left out, by reason.
    pub excluded: BTreeMap<String, usize>,
    /// Candidate and serving model on the newest titles.
    pub compared: Vec<Compared>,
    pub seconds: f64,
    /// Whether the status file says so, too.
    #[serde(skip)]
    pub written: bool,
}

/// What is known of a run while it goes on.
#[derive(Default)]
struct Progress {
    serving_version: Option<String>,
    candidate_version: Option<String>,
    rows: usize,
    titles: usize,
    tables: Vec<encast::TableProvenance>,
    new_rows: usize,
    excluded: BTreeMap<String, usize>,
    compared: Vec<Compared>,
    gates: Vec<Checked>,
}

/// How it ends: outcome, code of the reason, message.
struct End(status::Result, &'static str, String);

fn failed(code: &'static str) -> impl Fn(Failure) -> End {
    move |failure| match failure {
        Failure::Bad(message) => End(status::Result::Failed, code, message),
        Failure::ReaderGone => End(status::Result::Failed, code, "standard output was closed".to_owned()),
    }
}

/// Runs once, unless another program is at work on the bundle.
pub fn once(job: &Job) -> Result<Report, Failure> {
    job.place.check_status()?;
    let Some(_lock) = job.place.lock(Duration::ZERO)? else { return Err(job.place.is_busy()) };
    Ok(run(job, Status::read(&job.place.status).as_ref()))
}

/// Runs once, after the run that is told; the place must be locked. Whatever happens is in the report, and in the status
/// file where that can be written.
pub fn run(job: &Job, before: Option<&Status>) -> Report {
    let started_at = time::unix_now();
    let begun = std::time::Instant::now();
    let mut progress = Progress::default();
    let End(outcome, reason, message) = match attempt(job, before, &mut progress) {
        Ok(end) | Err(end) => end,
    };
    let status = Status {
        started_at,
        finished_at: time::unix_now(),
        outcome,
        reason: reason.to_owned(),
        message,
        serving_version: progress.serving_version,
        candidate_version: progress.candidate_version,
        rows: progress.rows,
        titles: progress.titles,
        gates: progress.gates.iter().map(Checked::kept_form).collect(),
        runs: Runs::default(),
        last_success_at: None,
        rolled_back_at: None,
        every: job.every,
    };
    let (status, written) = told(job, status, before);
    Report {
        status,
        out: job.place.out.clone(),
        tables: progress.tables,
        new_rows: progress.new_rows,
        excluded: progress.excluded,
        compared: progress.compared,
        seconds: begun.elapsed().as_secs_f64(),
        written,
    }
}

/// Counts a run and writes the status file. A file that can't be written changes nothing of what the run did.
fn told(job: &Job, status: Status, before: Option<&Status>) -> (Status, bool) {
    let status = status.counted(before);
    let written = status.text().and_then(|text| job.place.write_status(&text));
    if let Err(Failure::Bad(why)) = &written {
        output::note(&format!("warning: {why}: the status file does not tell of this run"));
    }
    (status, written.is_ok())
}

fn serving(job: &Job) -> Result<Model, Failure> {
    let of_file = |path: &PathBuf| load_model(path).map_err(|error| Failure::of_file(path, error));
    match &job.serving {
        Some(path) => of_file(path),
        None if job.place.out.exists() => of_file(&job.place.out),
        None => Ok(Model::embedded()?),
    }
}

fn attempt(job: &Job, before: Option<&Status>, progress: &mut Progress) -> Result<End, End> {
    let unchanged = |code, message| Ok(End(status::Result::Unchanged, code, message));
    job.place.check_signing().map_err(failed("placing"))?;
    let serving = serving(job).map_err(failed("serving_model_unusable"))?;
    let about = serving.metadata();
    progress.serving_version = Some(about.version.clone());
    let rows = gather(job)?;
    (progress.rows, progress.titles) = (rows.features.len(), rows.titles());
    (progress.tables, progress.excluded) = (rows.tables.clone(), rows.excluded.clone());
    let trained_at = about.trained_at_unix();
    // What made the model that was taken back is no reason to make it again.
    let rolled_back_at = before.and_then(|before| before.rolled_back_at).filter(|&at| at > trained_at);
    progress.new_rows = rows.newer_than(rolled_back_at.unwrap_or(trained_at));
    if progress.new_rows < job.min_new {
        let (found, needed) = (progress.new_rows, job.min_new);
        let than = if rolled_back_at.is_some() { "the rollback to the serving model" } else { "the serving model" };
        let message = format!("{found} rows are newer than {than}, {needed} are needed (--min-new)");
        return unchanged("too_few_new_rows", message);
    }
    let held_out = match holdout::newest_titles(&rows, trained_at, job.compare, job.hold_out) {
        Ok(titles) => titles,
        Err(TooLittle { rows, titles }) => {
            let HoldOut { fewest_titles, fewest_rows, .. } = job.hold_out;
            let message = format!(
                "new titles to compare on: {titles} with {rows} rows; at least {fewest_titles} with {fewest_rows} are \
                 needed, of which nothing is older than the serving model"
            );
            return unchanged("too_little_new_data", message);
        }
    };

    let options = options(job, &serving, &rows).map_err(failed("options"))?;
    progress.candidate_version = Some(options.version.clone());
    let judged = rows.only(|at| held_out.contains(&rows.targets[at].title));
    let others = rows.only(|at| !held_out.contains(&rows.targets[at].title));
    let twin = train(&others, &options, "training without the newest titles", job.quiet)?;
    progress.compared = holdout::compare(&judged, &serving, &twin, job.compare);
    progress.gates = holdout::gates(&progress.compared, job.compare, job.tolerance);
    if let Some(missed) = gate::missed(&progress.gates) {
        return Ok(End(status::Result::Refused, "worse_on_newest_data", missed));
    }
    let candidate = train(&rows, &options, "training", job.quiet)?;
    let of_bundle: Vec<Checked> =
        job.require.iter().map(|gate| gate.check_bundle(&candidate.metadata().figures)).collect();
    let missed = gate::missed(&of_bundle);
    progress.gates.extend(of_bundle);
    if let Some(missed) = missed {
        return Ok(End(status::Result::Refused, "gate_missed", missed));
    }
    job.place.put(&candidate).map_err(failed("placing"))?;
    progress.serving_version = Some(options.version.clone());
    let mut message = format!("{} is in place of {}", options.version, about.version);
    if let Some(reload) = &job.reload {
        message.push_str(&format!("; {}", reload.ask()));
    }
    Ok(End(status::Result::Placed, "gates_kept", message))
}

/// All rows: of the tables, and of what was collected from the source, now and before.
fn gather(job: &Job) -> Result<Rows, End> {
    let mut paths = job.data.to_vec();
    if job.source.is_named() {
        let (sheet, summary) = job.source.collect(time::unix_now(), job.quiet).map_err(failed("export_failed"))?;
        summary.warn();
        if !sheet.rows.is_empty() {
            data::add_to_collected(&job.place, sheet).map_err(failed("export_failed"))?;
        }
        if job.place.collected.exists() {
            paths.push(job.place.collected.clone());
        }
    }
    if paths.is_empty() {
        return Err(End(status::Result::Unchanged, "no_rows", "the source holds nothing measured yet".to_owned()));
    }
    Rows::read(&paths).map_err(failed("data"))
}

/// The options of the training: what is not said is as the serving model has it.
fn options(job: &Job, serving: &Model, rows: &Rows) -> Result<TrainOptions, Failure> {
    let about = serving.metadata();
    // What it is trained on is not new to it, though another machine's clock may be ahead.
    let trained_at = time::trained_at()?.max(rows.newest().unwrap_or(0));
    let mut options = job.options.clone();
    (options.trained_at, options.tables) = (trained_at, rows.tables.clone());
    if options.targets.is_empty() {
        options.targets = serving.targets();
    }
    options.vmaf_model = about.vmaf_model.clone();
    options.probe_recipe = about.probe_recipe.clone();
    options.profile = about.profile.clone();
    options.licence = about.licence.clone();
    // Two of one minute differ by what they were trained on.
    let mut hash = Sha256::new();
    rows.tables.iter().for_each(|table| hash.update(table.sha256.as_bytes()));
    hash.update(format!("{} {} {:?}", options.seed, options.model_kind, options.targets));
    let hash: String = hash.finalize().iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    options.version = job.version.clone().unwrap_or_else(|| format!("{}-{hash}", time::version_of(trained_at)));
    Ok(options)
}

fn train(rows: &Rows, options: &TrainOptions, what: &'static str, quiet: bool) -> Result<Model, End> {
    let meter = Meter::start(what, "fits", quiet);
    let trained = retrain_with_progress(&rows.features, &rows.targets, options, &|step| meter.report(step));
    meter.finish(trained.is_ok());
    trained.map_err(|error| failed("training")(error.into()))
}

/// Puts the bundle before back, and says so in the status file. A run that is at work is waited for; where it placed another
/// bundle, nothing is put back: it would be the one that was to go.
pub fn roll_back(job: &Job, wait: Duration) -> Result<Report, Failure> {
    let started_at = time::unix_now();
    let to_go = job.place.current()?;
    let Some(_lock) = job.place.lock(wait)? else { return Err(job.place.is_busy()) };
    if job.place.current()? != to_go {
        let why = "another bundle was placed while its run was waited for; nothing was put back: look at it first";
        return Err(Failure::of_file(&job.place.out, why));
    }
    let version = job.place.roll_back()?;
    let mut message = format!("{version} serves again");
    if let Some(reload) = &job.reload {
        message.push_str(&format!("; {}", reload.ask()));
    }
    output::note(&message);
    let now = time::unix_now();
    let status = Status {
        started_at,
        finished_at: now,
        outcome: status::Result::Placed,
        reason: "rolled_back".to_owned(),
        message,
        serving_version: Some(version),
        candidate_version: None,
        rows: 0,
        titles: 0,
        gates: Vec::new(),
        runs: Runs::default(),
        last_success_at: None,
        rolled_back_at: Some(now),
        every: None,
    };
    let (status, written) = told(job, status, Status::read(&job.place.status).as_ref());
    Ok(Report {
        status,
        out: job.place.out.clone(),
        tables: Vec::new(),
        new_rows: 0,
        excluded: BTreeMap::new(),
        compared: Vec::new(),
        seconds: 0.0,
        written,
    })
}
