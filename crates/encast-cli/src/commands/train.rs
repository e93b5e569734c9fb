//! `encast train`: learns a model from measured encodes, and writes it only when it keeps what is required of it.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use encast::{
    HeadlineMetrics, Metadata, ModelKind, NotLearnt, Target, TierFigures, TrainOptions, retrain_with_progress,
};
use serde::Serialize;

use crate::{
    failure::{Failure, Outcome, Verdict},
    gate::{self, Checked, Gate},
    input::{self, Tables},
    output,
    progress::Meter,
    search::{self, Budget, Searched},
    show, time,
};

/// Train a model on measured encodes
///
/// The bundle carries its own title-disjoint figures for every tier. Each --require is checked on them: one that is
/// missed means exit code 1 and no file written; a bundle that stood there before stays as it was.
#[derive(clap::Args)]
#[command(after_help = "Gates: [tier:][given:]target.metric=value. At least: r2, r2_log, within_2, within_half_db, \
    coverage,\ntitle_coverage_min. At most: mae, rmse, mape, median_ape, mae_log2, mean_width. Without a tier the \
    richest\nthat was trained is meant; without bitrate: or crf:, the bitrate is given.\n\n\
    Examples:\n  \
    encast train --data A.csv --data B.csv --out M.json\n  \
    encast train --data A.csv --out M.encast --require vmaf.r2=0.85 --require 'content:vmaf.mae<=9.3'\n  \
    SOURCE_DATE_EPOCH=0 encast train --data A.csv --out M.json --seed 7 --targets vmaf,psnr --json\n  \
    encast train --data A.csv --out M.encast --search --search-seconds 1800 --search-report R.json")]
pub struct Args {
    /// Encode table, CSV; may be given several times
    #[arg(long, value_name = "T.csv", required = true)]
    data: Vec<PathBuf>,
    /// Where the bundle goes: JSON when the name ends in .json, otherwise binary
    #[arg(long, value_name = "M")]
    out: PathBuf,
    /// Bound that the bundle's own figures must keep, as vmaf.r2=0.85 or content:vmaf.mae<=9.3
    #[arg(long, value_name = "GATE")]
    require: Vec<Gate>,
    /// Same rows, options and seed: the same model, whatever the number of threads
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Threads; 0 is all cores
    #[arg(long, value_name = "N", default_value_t = 0)]
    threads: usize,
    /// Learner: blend, boosting or forest
    #[arg(long, value_name = "KIND", value_parser = ModelKind::from_name, default_value_t)]
    model_kind: ModelKind,
    /// Try learners and their sizes by title-disjoint folds of the rows, and train with what forecasts unseen titles best
    #[arg(long, conflicts_with = "model_kind")]
    search: bool,
    /// After so many seconds no further candidate is tried; the first always is
    #[arg(long, value_name = "S", value_parser = search::seconds, default_value_t = 600.0, requires = "search")]
    search_seconds: f64,
    /// Folds that the candidates are judged by
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u32).range(2..=1000), default_value_t = 3,
        requires = "search")]
    search_folds: u32,
    /// Write every trial of the search here, JSON
    #[arg(long, value_name = "R.json", requires = "search")]
    search_report: Option<PathBuf>,
    /// Targets to learn, separated by commas [default: all that the rows measure]
    #[arg(long, value_name = "T,…", value_delimiter = ',', value_parser = Target::from_name)]
    targets: Vec<Target>,
    /// Version of the bundle [default: UTC date and time of training, as 2026.11.21-0130]
    #[arg(long, value_name = "V")]
    version: Option<String>,
    /// Name of the VMAF model that the labels were made with
    #[arg(long, value_name = "NAME")]
    vmaf_model: Option<String>,
    /// How the trial encodes of the probe columns were made
    #[arg(long, value_name = "TEXT")]
    probe_recipe: Option<String>,
    /// Prices and carbon factors, JSON
    #[arg(long, value_name = "P.json")]
    profile: Option<PathBuf>,
    /// Licence of the bundle
    #[arg(long, value_name = "L")]
    licence: Option<String>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    /// No progress on standard error
    #[arg(long)]
    quiet: bool,
}

/// The contract of `--json`.
#[derive(Serialize)]
struct Report<'a> {
    out: &'a Path,
    version: &'a str,
    trained_at: &'a str,
    rows: usize,
    titles: usize,
    excluded: &'a BTreeMap<String, usize>,
    targets: Vec<Target>,
    not_learnt: &'a [NotLearnt],
    figures: &'a [TierFigures],
    metrics: HeadlineMetrics,
    gates: Vec<Checked>,
    #[serde(skip_serializing_if = "Option::is_none")]
    search: Option<&'a Searched>,
    seconds: f64,
    bytes: Option<u64>,
    written: bool,
}

/// Runs the subcommand.
pub fn run(args: &Args) -> Outcome {
    output::check_place(&args.out)?;
    args.search_report.as_deref().map_or(Ok(()), output::check_place)?;
    let profile = input::read_profile(args.profile.as_deref())?;
    let trained_at = time::trained_at()?;
    let tables = Tables::read(&args.data)?;
    let rows = &tables.table;
    tables.warn_of_excluded();
    let options = TrainOptions {
        seed: args.seed,
        threads: args.threads,
        model_kind: args.model_kind,
        targets: args.targets.clone(),
        version: args.version.clone().unwrap_or_else(|| time::version_of(trained_at)),
        trained_at,
        tables: rows.provenance.clone(),
        vmaf_model: args.vmaf_model.clone(),
        probe_recipe: args.probe_recipe.clone(),
        profile,
        licence: args.licence.clone(),
        ..TrainOptions::default()
    };
    let (searched, options) = match args.search {
        true => {
            let (searched, options) = by_search(args, &tables, &options)?;
            (Some(searched), options)
        }
        false => (None, options),
    };
    let meter = Meter::start("training", "fits", args.quiet);
    let trained = retrain_with_progress(&rows.features, &rows.targets, &options, &|p| meter.report(p));
    let seconds = meter.finish(trained.is_ok());
    let model = trained.map_err(|error| tables.failure(error))?;

    let about = model.metadata();
    for not in &about.not_learnt {
        output::note(&format!("warning: {} was measured, but not learnt: {}", not.target, not.reason));
    }
    let gates: Vec<Checked> = args.require.iter().map(|gate| gate.check_bundle(&about.figures)).collect();
    let missed = gate::missed(&gates);
    let bytes = match missed {
        Some(_) => None,
        None => {
            encast::save_model(&model, &args.out)?;
            Some(fs::metadata(&args.out).map_err(|error| Failure::of_file(&args.out, error))?.len())
        }
    };
    if args.json {
        output::print_json(&Report {
            out: &args.out,
            version: &about.version,
            trained_at: &about.trained_at,
            rows: about.rows,
            titles: about.titles,
            excluded: &rows.excluded,
            targets: model.targets(),
            not_learnt: &about.not_learnt,
            figures: &about.figures,
            metrics: about.metrics,
            gates,
            search: searched.as_ref(),
            seconds,
            bytes,
            written: bytes.is_some(),
        })?;
    } else {
        output::print_text(&for_people(about, &args.out, bytes, seconds))?;
    }
    Ok(match missed {
        Some(missed) => Verdict::No(format!("{missed}; {} was not written", args.out.display())),
        None => Verdict::Done,
    })
}

/// Searches, tells people of each trial as it ends, and writes the report.
fn by_search(args: &Args, tables: &Tables, base: &TrainOptions) -> Result<(Searched, TrainOptions), Failure> {
    let rows = (&tables.table.features[..], &tables.table.targets[..]);
    let budget = Budget { seconds: args.search_seconds, folds: args.search_folds as usize };
    let mut closed = Ok(());
    let mut tell = |line: String| {
        if !args.json && closed.is_ok() {
            closed = output::print_text(&format!("{line}\n"));
        }
    };
    tell(search::HEADER.to_owned());
    let found = search::run(rows, base, budget, args.quiet, &mut tell);
    closed?;
    let (searched, options) = found.map_err(|error| tables.failure(error))?;
    if !args.json {
        output::print_text(&format!("chosen: {}\n", searched.verdict()))?;
    }
    args.search_report.as_deref().map_or(Ok(()), |path| search::save(&searched, path))?;
    Ok((searched, options))
}

fn for_people(about: &Metadata, out: &Path, bytes: Option<u64>, seconds: f64) -> String {
    let mut text = format!(
        "model {}: {} rows, {} titles, {} in {seconds:.1} s\n",
        about.version,
        show::count(about.rows),
        show::count(about.titles),
        about.model_kind.name()
    );
    text.push_str(&super::inspect::figures_table(&about.figures));
    match bytes {
        Some(bytes) => text.push_str(&format!("written: {} ({} bytes)\n", out.display(), show::count(bytes as usize))),
        None => text.push_str(&format!("not written: {}\n", out.display())),
    }
    text
}
