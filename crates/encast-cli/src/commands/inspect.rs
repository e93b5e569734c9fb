//! `encast inspect`: what a bundle says of itself, and the same bundle in the other encoding.

use std::{
    fs,
    path::{Path, PathBuf},
};

use encast::{Field, Metadata, Range, TableProvenance, Target, TierFigures};
use serde::Serialize;

use crate::{
    failure::{Failure, Outcome, Verdict},
    model::{self, Loaded, SignatureArg},
    output, show,
};

/// Show what a model bundle says of itself
///
/// Version, training data, figures by tier, ranges of the inputs seen, profile, sizes. --convert writes the same
/// bundle in the other encoding.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  encast inspect\n  encast inspect M.encast --json\n  \
    encast inspect M.json --convert M.encast")]
pub struct Args {
    /// Model bundle, JSON or binary [default: the file that ENCAST_MODEL names, otherwise the embedded model]
    #[arg(value_name = "M")]
    model: Option<PathBuf>,
    #[command(flatten)]
    signature: SignatureArg,
    /// Write the bundle here too: JSON when the name ends in .json, otherwise binary
    #[arg(long, value_name = "OUT")]
    convert: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// The contract of `--json`: the metadata, and what the file is.
#[derive(Serialize)]
struct Report<'a> {
    #[serde(flatten)]
    about: &'a Metadata,
    targets: Vec<Target>,
    trees: usize,
    path: Option<&'a Path>,
    /// Trusted comment of the signature that --require-signature verified.
    signed: Option<&'a str>,
    json_bytes: usize,
    binary_bytes: usize,
    converted: Option<Converted<'a>>,
}

#[derive(Serialize)]
struct Converted<'a> {
    out: &'a Path,
    bytes: u64,
}

/// Runs the subcommand.
pub fn run(args: &Args) -> Outcome {
    let loaded = model::load(args.model.as_deref(), &args.signature)?;
    let (json_bytes, binary_bytes) = (loaded.model.to_json()?.len(), loaded.model.to_binary()?.len());
    let converted = match &args.convert {
        Some(out) => Some(convert(&loaded, out)?),
        None => None,
    };
    if args.json {
        output::print_json(&Report {
            about: loaded.model.metadata(),
            targets: loaded.model.targets(),
            trees: loaded.model.tree_count(),
            path: loaded.path.as_deref(),
            signed: loaded.model.trusted_comment(),
            json_bytes,
            binary_bytes,
            converted,
        })?;
    } else {
        let mut text = for_people(&loaded);
        text.push_str(&format!(
            "\nsize: {} bytes as JSON, {} bytes as binary, {} trees\n",
            show::count(json_bytes),
            show::count(binary_bytes),
            show::count(loaded.model.tree_count())
        ));
        if let Some(done) = converted {
            text.push_str(&format!("written: {} ({} bytes)\n", done.out.display(), show::count(done.bytes as usize)));
        }
        output::print_text(&text)?;
    }
    Ok(Verdict::Done)
}

fn convert<'a>(loaded: &Loaded, out: &'a Path) -> Result<Converted<'a>, Failure> {
    output::check_place(out)?;
    encast::save_model(&loaded.model, out)?;
    let bytes = fs::metadata(out).map_err(|error| Failure::of_file(out, error))?.len();
    Ok(Converted { out, bytes })
}

/// Figures by tier and rate setting, one line each.
pub fn figures_table(figures: &[TierFigures]) -> String {
    let mut header = vec!["target (unit)", "tier", "given", "split"];
    header.extend(show::FIGURE_COLUMNS);
    let cells = |f: &TierFigures| {
        let mut cells =
            vec![show::target_with_unit(f.target), f.tier.to_string(), f.given.to_string(), f.split.clone()];
        cells.extend(show::figure_cells(&f.figures));
        cells
    };
    show::table(&header, 4, figures.iter().map(cells).collect())
}

fn for_people(loaded: &Loaded) -> String {
    let about = loaded.model.metadata();
    let stated = |text: &Option<String>| text.clone().unwrap_or_else(|| "not stated".to_owned());
    let codecs: Vec<&str> = about.codecs.iter().map(|codec| codec.name()).collect();
    let encoders: Vec<&str> = about.encoders.iter().map(|encoder| encoder.name()).collect();
    let targets: Vec<&str> = loaded.model.targets().iter().map(|target| target.name()).collect();
    let profile = about.profile.as_ref().map_or_else(
        || "none".to_owned(),
        |p| {
            format!(
                "{}: {} USD a vCPU hour, {} W a vCPU, PUE {}, {} g CO2e a kWh ({})",
                p.name, p.usd_per_cpu_hour, p.watts_per_cpu, p.pue, p.grid_g_per_kwh, p.source
            )
        },
    );
    let mut text = show::pairs(&[
        ("model", loaded.origin()),
        ("version", about.version.clone()),
        ("trained at", about.trained_at.clone()),
        ("format", about.format_version.to_string()),
        ("signature", loaded.model.trusted_comment().map_or("not looked at".to_owned(), |c| format!("verified: {c}"))),
        ("learner", format!("{}, seed {}", about.model_kind.name(), about.seed)),
        ("tuning", about.tuning.to_string()),
        ("trained on", format!("{} rows, {} titles", show::count(about.rows), show::count(about.titles))),
        ("targets", targets.join(", ")),
        ("codecs", codecs.join(", ")),
        ("encoders", encoders.join(", ")),
        ("presets", about.presets.join(", ")),
        ("VMAF model", stated(&about.vmaf_model)),
        ("probe recipe", stated(&about.probe_recipe)),
        ("profile", profile),
        ("licence", stated(&about.licence)),
    ]);
    for not in &about.not_learnt {
        text.push_str(&format!("not learnt: {}: {}\n", not.target, not.reason));
    }

    for of in &about.imported {
        let known = if of.known.is_empty() { "the job alone".to_owned() } else { of.known.join("+") };
        let calibrated = of.calibrated_on.iter().map(|table| table.name.as_str()).collect::<Vec<_>>().join(", ");
        text.push_str(&format!(
            "imported: {} from a {} ({known}): {}, {}, SHA-256 {}, calibrated on {calibrated}\n",
            of.target, of.given, of.file, of.format, of.sha256
        ));
    }

    let table_row =
        |t: &TableProvenance| vec![t.name.clone(), t.sha256.clone(), show::count(t.rows), show::count(t.titles)];
    let tables = show::table(&["table", "SHA-256", "rows", "titles"], 2, about.tables.iter().map(table_row).collect());
    let range_row = |(name, range): (&String, &Range)| {
        let unit = Field::from_name(name).map_or("", Field::unit);
        vec![name.clone(), unit.to_owned(), show::number(range.min), show::number(range.max)]
    };
    let ranges =
        show::table(&["input", "unit", "lowest seen", "highest seen"], 2, about.ranges.iter().map(range_row).collect());
    for (title, body, empty) in [
        ("Tables trained on", tables, about.tables.is_empty()),
        ("Figures on unseen titles", figures_table(&about.figures), about.figures.is_empty()),
        ("Inputs seen", ranges, about.ranges.is_empty()),
    ] {
        let body = if empty { "none stated\n".to_owned() } else { body };
        text.push_str(&format!("\n{title}\n{body}"));
    }
    text
}
