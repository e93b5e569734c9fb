//! `encast columns`: the model's columns of measured rows, to train on them elsewhere.

use std::{
    fs,
    io::{BufWriter, Write},
    path::{Path, PathBuf},
};

use encast::{Column, Target, TrainingRow, learning_name, training_table};
use serde::Serialize;

use super::columns_parquet as parquet;
use crate::{
    failure::{Failure, Outcome, Verdict},
    input::Tables,
    output::{self, Replacement},
    show,
};

/// Write the model's columns of measured rows, to train on them elsewhere
///
/// One row in, one row out: the title, its fold, the columns of a bundle's schema, and each measured target on the scale that
/// models learn (target_vmaf, target_log2_encode_seconds_per_megapixel, …). What is unknown is empty, or null.
#[derive(clap::Args)]
#[command(
    after_help = "Train on the columns that the rate setting knows: without crf where the bitrate will be given, without\n\
    log2_bitrate_kbps, log2_bits_per_pixel and log2_bitrate_per_probe where the CRF will be. Split by title or by fold,\n\
    never by row. `encast import` takes the trained model.\n\n\
    Examples:\n  encast columns --data T.csv --out X.csv\n  encast columns --data A.csv --data B.csv --out X.parquet --folds 10"
)]
pub struct Args {
    /// Encode table, CSV; may be given several times
    #[arg(long, value_name = "T.csv", required = true)]
    data: Vec<PathBuf>,
    /// Where the rows go: Parquet when the name ends in .parquet, otherwise CSV
    #[arg(long, value_name = "X")]
    out: PathBuf,
    /// Folds that titles are dealt to, as by encast evaluate --folds
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u32).range(2..=1000), default_value_t = 5)]
    folds: u32,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// The contract of `--json`.
#[derive(Serialize)]
struct Report<'a> {
    out: &'a Path,
    rows: usize,
    titles: usize,
    folds: u32,
    columns: Vec<&'static str>,
    targets: Vec<String>,
    bytes: u64,
}

/// What is written, in columns.
pub struct Written<'a> {
    /// Titles, by row.
    pub titles: Vec<&'a str>,
    /// Everything else.
    pub rows: Vec<TrainingRow>,
    /// The targets that some row measures.
    pub targets: Vec<Target>,
}

impl Written<'_> {
    /// The names of all that is written, in order.
    pub fn names(&self) -> Vec<String> {
        let first = ["title", "fold"].map(str::to_owned);
        let columns = Column::ALL.iter().map(|column| column.name().to_owned());
        first.into_iter().chain(columns).chain(self.target_names()).collect()
    }

    fn target_names(&self) -> Vec<String> {
        self.targets.iter().map(|&target| format!("target_{}", learning_name(target))).collect()
    }
}

/// Runs the subcommand.
pub fn run(args: &Args) -> Outcome {
    output::check_place(&args.out)?;
    let tables = Tables::read(&args.data)?;
    tables.warn_of_excluded();
    let table = &tables.table;
    let rows = training_table(&table.features, &table.targets, args.folds as usize);
    let rows = rows.map_err(|error| tables.failure(error))?;
    let measured = |target: &Target| rows.iter().any(|row| row.targets[*target as usize].is_some());
    let targets = Target::ALL.iter().copied().filter(measured).collect();
    let titles = table.targets.iter().map(|row| row.title.as_str()).collect();
    let written = Written { titles, rows, targets };
    match args.out.extension().is_some_and(|extension| extension == "parquet") {
        true => parquet::write(&written, &args.out)?,
        false => write_csv(&written, &args.out)?,
    }
    let bytes = fs::metadata(&args.out).map_err(|error| Failure::of_file(&args.out, error))?.len();
    let (rows, titles, columns) =
        (table.len(), table.titles(), Column::ALL.iter().map(|column| column.name()).collect());
    let report =
        Report { out: &args.out, rows, titles, folds: args.folds, columns, targets: written.target_names(), bytes };
    if args.json {
        output::print_json(&report)?;
    } else {
        output::print_text(&format!(
            "written: {}: {} rows of {} titles in {} folds, {} columns, {}\n",
            args.out.display(),
            show::count(rows),
            show::count(titles),
            args.folds,
            report.columns.len(),
            report.targets.join(", ")
        ))?;
    }
    Ok(Verdict::Done)
}

fn write_csv(written: &Written, path: &Path) -> Result<(), Failure> {
    let failure = |error| Failure::of_file(path, error);
    let mut file = BufWriter::new(Replacement::of(path)?);
    let mut writer = csv::Writer::from_writer(&mut file);
    writer.write_record(written.names()).map_err(|error| Failure::of_file(path, error))?;
    for (title, row) in written.titles.iter().zip(&written.rows) {
        let columns = row.columns.iter().map(|value| if value.is_nan() { String::new() } else { value.to_string() });
        let target =
            |target: &Target| row.targets[*target as usize].map_or_else(String::new, |value| value.to_string());
        let cells = [(*title).to_owned(), row.fold.to_string()].into_iter().chain(columns);
        let cells = cells.chain(written.targets.iter().map(target));
        writer.write_record(cells.collect::<Vec<_>>()).map_err(|error| Failure::of_file(path, error))?;
    }
    writer.flush().map_err(failure)?;
    drop(writer);
    file.flush().map_err(failure)?;
    file.into_inner().map_err(|error| failure(error.into_error()))?.finish()
}
