//! `encast evaluate`: the judge.

use std::path::PathBuf;

use encast::{
    Evaluation, Given, ModelKind, Target, Tier, TrainOptions, TrainingFold, cross_validate_anchored,
    cross_validate_with, richest_tier,
};
use serde::Serialize;

use crate::{
    failure::{Failure, Outcome, Verdict},
    gate::{self, Checked, Gate},
    input::Tables,
    model::{self, SignatureArg},
    output,
    progress::Meter,
    search::{self, Budget, Searched},
    show,
};

/// Judge a model, or the training itself, on measured encodes
///
/// With --model the model forecasts every row; with --folds the training is judged by title-disjoint folds: rows of one
/// title never sit on both sides. With neither, the embedded model is judged (or the one that ENCAST_MODEL names).
/// Figures of different tiers and of what was given are not comparable; both are part of the answer.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    encast evaluate --data T.csv --model M.json\n  \
    encast evaluate --data T.csv --folds 5 --tier content --given crf --json\n  \
    encast evaluate --data T.csv --folds 5 --tier content --anchors 2\n  \
    encast evaluate --data T.csv --folds 5 --targets vmaf,psnr --require vmaf.r2=0.85 --require vmaf.mae<=6")]
pub struct Args {
    /// Encode table, CSV; may be given several times
    #[arg(long, value_name = "T.csv", required = true)]
    data: Vec<PathBuf>,
    /// Model to judge [default: the file that ENCAST_MODEL names, otherwise the embedded model]
    #[arg(long, value_name = "M", conflicts_with = "folds")]
    model: Option<PathBuf>,
    #[command(flatten)]
    signature: SignatureArg,
    /// Judge the training instead, by this many title-disjoint folds
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u32).range(2..=1000))]
    folds: Option<u32>,
    /// What forecasts may know; columns above are masked: settings, content or probe; anchor is the richest with
    /// --anchors 1 [default: the richest in the tables]
    #[arg(long, value_name = "TIER", value_parser = Tier::from_name)]
    tier: Option<Tier>,
    /// Judge the tier anchor: give so many measured rows of each title and codec to its other rows, beside what --tier
    /// knows
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=16))]
    anchors: Option<u8>,
    /// Rate setting that forecasts start from; the other is masked: bitrate or crf
    #[arg(long, value_name = "RATE", value_parser = Given::from_name, default_value_t = Given::Bitrate)]
    given: Given,
    /// Learner of the folds: blend, boosting or forest [default: blend]
    #[arg(long, value_name = "KIND", value_parser = ModelKind::from_name, requires = "folds")]
    model_kind: Option<ModelKind>,
    /// Search anew within each fold, as train --search does: what is judged is the training with its search
    #[arg(long, requires = "folds", conflicts_with = "model_kind")]
    search: bool,
    /// After so many seconds, in each fold, no further candidate is tried; the first always is
    #[arg(long, value_name = "S", value_parser = search::seconds, default_value_t = 600.0, requires = "search")]
    search_seconds: f64,
    /// Folds of a fold's training rows that the candidates are judged by
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u32).range(2..=1000), default_value_t = 3,
        requires = "search")]
    search_folds: u32,
    /// Targets to judge, separated by commas [default: all that the rows measure]
    #[arg(long, value_name = "T,…", value_delimiter = ',', value_parser = Target::from_name)]
    targets: Vec<Target>,
    /// Bound that must be kept, as vmaf.r2=0.85 (at least) or vmaf.mae<=6 (at most); exit code 1 when missed
    #[arg(long, value_name = "GATE")]
    require: Vec<Gate>,
    /// Seed of the folds and their training
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Threads; 0 is all cores
    #[arg(long, value_name = "N", default_value_t = 0)]
    threads: usize,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    /// No progress on standard error
    #[arg(long)]
    quiet: bool,
}

/// The contract: the evaluation itself; `gates` only where `--require` was given, `searches` only with `--search`.
#[derive(Serialize)]
struct Report<'a> {
    #[serde(flatten)]
    evaluation: &'a Evaluation,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    searches: Vec<Searched>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    gates: Vec<Checked>,
}

/// Runs the subcommand.
pub fn run(args: &Args) -> Outcome {
    let tables = Tables::read(&args.data)?;
    let table = &tables.table;
    let richest = richest_tier(&table.features);
    let tier = args.tier.filter(|&tier| tier != Tier::Anchor).unwrap_or(richest);
    let anchors = args.anchors.map_or(usize::from(args.tier == Some(Tier::Anchor)), usize::from);
    check_gates(args, if anchors > 0 { Tier::Anchor } else { tier })?;
    if tier > richest {
        output::note(&format!("warning: the tables hold no inputs above tier {richest}: the figures are of that tier"));
    }
    let known = (tier, args.given, anchors);
    let (mut evaluation, searches) = match args.folds {
        Some(folds) => by_folds(args, &tables, folds as usize, known)?,
        None => (by_model(args, &tables, known)?, Vec::new()),
    };
    if !args.targets.is_empty() {
        evaluation.targets.retain(|name, _| args.targets.iter().any(|target| target.name() == name));
    }
    for (reason, rows) in &table.excluded {
        *evaluation.excluded.entry(reason.clone()).or_default() += rows;
    }
    let gates: Vec<Checked> = args.require.iter().map(|gate| gate.check(&evaluation.targets)).collect();
    let verdict = gate::missed(&gates).map_or(Verdict::Done, Verdict::No);
    if args.json {
        output::print_json(&Report { evaluation: &evaluation, searches, gates })?;
    } else {
        output::print_text(&for_people(&evaluation, &searches))?;
    }
    Ok(verdict)
}

/// A gate of another tier or rate setting than is judged can't be answered.
fn check_gates(args: &Args, tier: Tier) -> Result<(), Failure> {
    for gate in &args.require {
        if gate.tier.is_some_and(|t| t != tier) || gate.given.is_some_and(|g| g != args.given) {
            return Err(Failure::Bad(format!(
                "--require names another tier or rate setting than is judged ({tier}, {} given)",
                args.given
            )));
        }
    }
    Ok(())
}

/// Figures, and the search of each fold.
type Judged = (Evaluation, Vec<Searched>);

/// What forecasts know: the tier, the rate setting, and how many anchors.
type Known = (Tier, Given, usize);

fn by_folds(args: &Args, tables: &Tables, folds: usize, known: Known) -> Result<Judged, Failure> {
    let options = TrainOptions {
        seed: args.seed,
        threads: args.threads,
        model_kind: args.model_kind.unwrap_or_default(),
        targets: args.targets.clone(),
        ..TrainOptions::default()
    };
    let rows = &tables.table;
    if args.search {
        return by_search(args, tables, folds, known.0, &options);
    }
    let meter = Meter::start("folds", "fits", args.quiet);
    let judged = cross_validate_anchored(&rows.features, &rows.targets, folds, known, &options, &|p| meter.report(p));
    meter.finish(judged.is_ok());
    Ok((judged.map_err(|error| tables.failure(error))?, Vec::new()))
}

/// The training with its search: no search sees a title that its fold is judged on.
fn by_search(args: &Args, tables: &Tables, folds: usize, tier: Tier, base: &TrainOptions) -> Result<Judged, Failure> {
    let (rows, mut searches) = (&tables.table, Vec::with_capacity(folds));
    let budget = Budget { seconds: args.search_seconds, folds: args.search_folds as usize };
    let mut tell = |line: String| {
        if !args.quiet {
            output::note(&line);
        }
    };
    let mut choose = |fold: TrainingFold| {
        tell(format!("fold {} of {folds}", fold.fold + 1));
        let rows = (fold.features, fold.targets);
        let (searched, options) = search::run(rows, base, budget, args.quiet, &mut tell)?;
        searches.push(searched);
        Ok(options)
    };
    // The searches tell how far they are; between them little is left to do.
    let judged = cross_validate_with(&rows.features, &rows.targets, folds, tier, args.given, &mut choose, &|_| ());
    Ok((judged.map_err(|error| tables.failure(error))?, searches))
}

fn by_model(args: &Args, tables: &Tables, (tier, given, anchors): Known) -> Result<Evaluation, Failure> {
    let loaded = model::load(args.model.as_deref(), &args.signature)?;
    let known = &loaded.model.metadata().tables;
    for table in tables.table.provenance.iter().filter(|t| known.iter().any(|k| k.sha256 == t.sha256)) {
        output::note(&format!(
            "warning: {} was trained on {}: these are not figures of unseen titles (--folds 5 gives those)",
            loaded.origin(),
            table.name
        ));
    }
    let rows = &tables.table;
    encast::evaluate_anchored(&rows.features, &rows.targets, &loaded.model, tier, given, anchors)
        .map_err(|error| tables.failure(error))
}

/// The evaluation as a table.
fn for_people(evaluation: &Evaluation, searches: &[Searched]) -> String {
    let mut text = format!(
        "{} rows, {} titles, split {}, tier {}{}, {} given\n",
        show::count(evaluation.rows),
        show::count(evaluation.titles),
        evaluation.split,
        evaluation.tier,
        match (evaluation.anchors, evaluation.beside) {
            (Some(anchors), Some(beside)) => format!(" ({beside} + {anchors})"),
            _ => String::new(),
        },
        evaluation.given
    );
    let mut header = vec!["target (unit)"];
    header.extend(show::FIGURE_COLUMNS);
    let mut rows = Vec::new();
    for target in Target::ALL {
        if let Some(figures) = evaluation.targets.get(target.name()) {
            let mut cells = vec![show::target_with_unit(*target)];
            cells.extend(show::figure_cells(figures));
            rows.push(cells);
        }
    }
    text.push_str(&show::table(&header, 1, rows));
    text.push_str("MAE and width in the target's unit; mean's MAE: always answering the mean of the judged rows.\n");
    for (fold, searched) in searches.iter().enumerate() {
        text.push_str(&format!("fold {}: {}\n", fold + 1, searched.verdict()));
    }
    for (reason, count) in &evaluation.excluded {
        text.push_str(&format!("left out {} times: {reason}\n", show::count(*count)));
    }
    text
}
