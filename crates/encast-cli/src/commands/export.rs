//! `encast export`: measurements back as an encode table, to train and judge on.

use std::path::{Path, PathBuf};

use encast::Target;
use serde::Serialize;

use crate::{
    export::{self, Sheet, SourceArgs, Summary, check_place},
    failure::{Failure, Outcome, Verdict},
    model::ModelArg,
    output, show, time,
};

/// Read measurements back as an encode table
///
/// From time series (--vm-url: VictoriaMetrics or Prometheus), from the exporter's store of observations (--from), or made
/// up for a start (--synthetic). One row an encode: by its label id, otherwise by all labels, a new row where a value
/// changes. What can't be read is named with its count and left out; nothing is ever filled in.
#[derive(clap::Args)]
#[command(
    after_help = "Labels that are read: title, bitrate (4000kbps, 4M, 2.5Mbps; a bare number is kbit/s below 100000, bit/s from there),\n\
    resolution (1920x1080, 1080p: 16:9), fps (30, 29.97, 30000/1001), codec, encoder, preset, config, id, and inputs by name.\n\n\
    Examples:\n  \
    encast export --vm-url http://localhost:8428 --start 7d --end now --output T.csv\n  \
    encast export --vm-url https://vm.example --vm-user me --vm-password-file pw --metric vmaf=my_vmaf_score --output T.parquet\n  \
    encast export --from http://localhost:9505/observations --output T.csv\n  \
    encast export --synthetic 2000 --seed 7 --output start.csv"
)]
pub struct Args {
    #[command(flatten)]
    source: SourceArgs,
    /// Make so many rows up: forecasts of the model with the noise of its intervals; titles begin with synthetic-
    #[arg(long, value_name = "N", conflicts_with_all = ["vm_url", "from"], value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    synthetic: Option<u32>,
    /// With --synthetic: the same seed gives the same rows
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    #[command(flatten)]
    model: ModelArg,
    /// Where the table goes, as a whole or not at all: Parquet when it ends in .parquet, otherwise CSV; `-` is standard output
    #[arg(long, short, visible_alias = "out", value_name = "T")]
    output: PathBuf,
    /// Print one JSON object: what was read, and what was left out
    #[arg(long)]
    json: bool,
    /// No progress on standard error
    #[arg(long)]
    quiet: bool,
}

/// The contract of `--json`.
#[derive(Serialize)]
struct Report<'a> {
    output: &'a Path,
    synthetic: bool,
    #[serde(flatten)]
    summary: &'a Summary,
    written: bool,
}

/// Runs the subcommand.
pub fn run(args: &Args) -> Outcome {
    check_place(&args.output)?;
    let to_stdout = args.output == Path::new("-");
    if args.json && to_stdout {
        return Err(Failure::Bad("--json and --output - both write to standard output".to_owned()));
    }
    let (sheet, summary) = match args.synthetic {
        Some(rows) => synthetic(args, rows as usize)?,
        None => args.source.collect(time::unix_now(), args.quiet)?,
    };
    summary.warn();
    let written = !sheet.rows.is_empty();
    if written {
        sheet.write(&args.output)?;
    }
    if args.json {
        let report = Report { output: &args.output, synthetic: args.synthetic.is_some(), summary: &summary, written };
        output::print_json(&report)?;
    } else if !to_stdout && written {
        output::print_text(&for_people(&summary, &args.output))?;
    }
    Ok(match written {
        true => Verdict::Done,
        false => Verdict::No(format!(
            "no encode with anything measured at {}; {} was not written",
            summary.source,
            args.output.display()
        )),
    })
}

fn synthetic(args: &Args, rows: usize) -> Result<(Sheet, Summary), Failure> {
    let loaded = args.model.load()?;
    let sheet = export::make(&loaded.model, rows, args.seed)?;
    let mut summary = Summary {
        source: format!("synthetic: model {}, seed {}", loaded.model.metadata().version, args.seed),
        encodes: rows,
        ..Summary::default()
    };
    summary.look_at(&sheet);
    // Rows by bitrate have no CRF, and that is all that is missing.
    output::note("warning: the rows are synthetic: forecasts of a model with noise, not measurements");
    Ok((sheet, summary))
}

fn for_people(summary: &Summary, path: &Path) -> String {
    let measured: Vec<String> =
        summary.measured.iter().map(|(name, count)| format!("{name} {}", show::count(*count))).collect();
    let left: usize = summary.left_out.values().map(|left| left.count).sum();
    let mut pairs = vec![
        ("source", summary.source.clone()),
        ("encodes found", show::count(summary.encodes)),
        ("left out", show::count(left)),
        ("rows", show::count(summary.rows)),
        ("titles", show::count(summary.titles)),
        ("measured", measured.join(", ")),
    ];
    if let Some(at) = summary.measured.get(Target::Vmaf.name()).filter(|&&at| at < summary.rows) {
        pairs.push(("rows without VMAF", show::count(summary.rows - at)));
    }
    pairs.push(("written", path.display().to_string()));
    show::pairs(&pairs)
}
