//! `encast import`: a model that LightGBM, XGBoost or an ONNX exporter wrote, as a model of a bundle.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::Read,
    path::{Path, PathBuf},
};

use encast::{Given, ImportOptions, Imported, ImportedModel, Target, TargetFigures, import_model, learning_name};
use serde::Serialize;

use crate::{
    failure::{Failure, Outcome, Verdict},
    input::Tables,
    model::{self, SignatureArg},
    output, show, time,
};

/// Larger files are no models that a bundle could hold.
const LARGEST: u64 = 256 << 20;

/// Take a model of LightGBM, XGBoost or ONNX into a bundle
///
/// The format is told by the content. Features are matched to a bundle's columns by name. The table calibrates the intervals
/// and is what the figures stand on: its titles must be ones that the model was not trained on.
#[derive(clap::Args)]
#[command(
    after_help = "The model forecasts the target on the scale that `encast columns` writes (target_…). For quality it must be\n\
    monotone in the rate: an error names the monotone_constraints to train with.\n\n\
    Examples:\n  \
    encast import model.txt --target vmaf --given bitrate --calibrate HELD_OUT.csv --out M.encast\n  \
    encast import model.ubj --target encode_seconds --given crf --calibrate HELD_OUT.csv --into M.encast --out M.encast\n  \
    encast import model.onnx --target vmaf --given bitrate --calibrate HELD_OUT.csv --out M.json --map x0=log2_bitrate_kbps"
)]
pub struct Args {
    /// LightGBM text model, XGBoost model (JSON, UBJSON), or ONNX model of one TreeEnsembleRegressor
    #[arg(value_name = "MODEL")]
    model: PathBuf,
    /// What it forecasts
    #[arg(long, value_name = "T", value_parser = Target::from_name)]
    target: Target,
    /// The rate setting that it was trained with: bitrate or crf
    #[arg(long, value_name = "G", value_parser = Given::from_name)]
    given: Given,
    /// Encode table of titles that the model has not seen, CSV; may be given several times
    #[arg(long, value_name = "T.csv", required = true)]
    calibrate: Vec<PathBuf>,
    /// Bundle to put it into, in place of its model for the same requests [default: a new bundle]
    #[arg(long, value_name = "M")]
    into: Option<PathBuf>,
    #[command(flatten)]
    signature: SignatureArg,
    /// The column that a feature stands for, where the two are not called alike; may be given several times
    #[arg(long, value_name = "FEATURE=COLUMN", value_parser = pair)]
    map: Vec<(String, String)>,
    /// Names of columns for all features in their order, one a line, for a model without names of its own
    #[arg(long, value_name = "FILE")]
    columns: Option<PathBuf>,
    /// Where the bundle goes: JSON when the name ends in .json, otherwise binary
    #[arg(long, value_name = "M")]
    out: PathBuf,
    /// Version of the bundle [default: UTC date and time, as 2026.11.21-0130]
    #[arg(long, value_name = "V")]
    version: Option<String>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// The contract of `--json`.
#[derive(Serialize)]
struct Report<'a> {
    out: &'a Path,
    version: &'a str,
    imported: &'a ImportedModel,
    unused: &'a [String],
    notes: &'a [String],
    rows: usize,
    titles: usize,
    figures: &'a TargetFigures,
    bytes: u64,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (feature, column) = text.split_once('=').ok_or_else(|| format!("'{text}' is not FEATURE=COLUMN"))?;
    Ok((feature.to_owned(), column.to_owned()))
}

/// Runs the subcommand.
pub fn run(args: &Args) -> Outcome {
    output::check_place(&args.out)?;
    let bytes = read(&args.model)?;
    let trained_at = time::trained_at()?;
    let columns = args.columns.as_deref().map_or(Ok(Vec::new()), names)?;
    let mut map = BTreeMap::new();
    for (feature, column) in &args.map {
        if map.insert(feature.clone(), column.clone()).is_some() {
            return Err(Failure::Bad(format!("--map {feature}={column}: {feature} is mapped twice")));
        }
    }
    let into = match &args.into {
        Some(path) => Some(model::load(Some(path), &args.signature)?.model),
        None => None,
    };
    let tables = Tables::read(&args.calibrate)?;
    tables.warn_of_excluded();
    let file = args.model.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let options = ImportOptions {
        target: args.target,
        given: args.given,
        columns,
        map,
        file,
        version: args.version.clone().unwrap_or_else(|| time::version_of(trained_at)),
        trained_at,
        tables: tables.table.provenance.clone(),
    };
    let imported = import_model(&bytes, &tables.table.features, &tables.table.targets, into, &options);
    let imported = imported.map_err(|error| match error {
        encast::Error::Foreign(error) => Failure::of_file(&args.model, error),
        error => tables.failure(error),
    })?;
    for note in &imported.notes {
        output::note(&format!("warning: {}: {note}", args.model.display()));
    }
    encast::save_model(&imported.model, &args.out)?;
    let bytes = fs::metadata(&args.out).map_err(|error| Failure::of_file(&args.out, error))?.len();
    if args.json {
        output::print_json(&Report {
            out: &args.out,
            version: &options.version,
            imported: &imported.about,
            unused: &imported.unused,
            notes: &imported.notes,
            rows: imported.rows,
            titles: imported.titles,
            figures: &imported.figures,
            bytes,
        })?;
    } else {
        output::print_text(&for_people(&imported, args, bytes))?;
    }
    Ok(Verdict::Done)
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes));
    read.map_err(|error| Failure::of_file(path, error))?;
    Ok(bytes)
}

/// Names of columns, one a line.
fn names(path: &Path) -> Result<Vec<String>, Failure> {
    let text = fs::read_to_string(path).map_err(|error| Failure::of_file(path, error))?;
    Ok(text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect())
}

fn for_people(imported: &Imported, args: &Args, bytes: u64) -> String {
    let about = &imported.about;
    let renamed = |(column, feature): (&String, &String)| match column == feature {
        true => column.clone(),
        false => format!("{column} ({feature})"),
    };
    let mut text = show::pairs(&[
        ("model", format!("{}, {}, SHA-256 {}", about.file, about.format, about.sha256)),
        ("forecasts", format!("{} from a {}, learnt as {}", about.target, about.given, learning_name(about.target))),
        ("needs", if about.known.is_empty() { "the job alone".to_owned() } else { about.known.join(", ") }),
        ("columns", about.columns.iter().map(renamed).collect::<Vec<_>>().join(", ")),
        ("unused", if imported.unused.is_empty() { "none".to_owned() } else { imported.unused.join(", ") }),
        ("calibrated on", format!("{} rows, {} titles", show::count(imported.rows), show::count(imported.titles))),
    ]);
    let mut header = vec!["target (unit)"];
    header.extend(show::FIGURE_COLUMNS);
    let mut cells = vec![show::target_with_unit(about.target)];
    cells.extend(show::figure_cells(&imported.figures));
    text.push_str(&show::table(&header, 1, vec![cells]));
    text.push_str(&format!("written: {} ({} bytes)\n", args.out.display(), show::count(bytes as usize)));
    text
}
