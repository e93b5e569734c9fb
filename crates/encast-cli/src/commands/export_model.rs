//! `encast export-model`: a bundle's trees in a format of other runtimes.

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use encast::{ExportOptions, Given, Target, export_onnx, learning_name};
use serde::Serialize;

use crate::{
    failure::{Failure, Outcome, Verdict},
    model::{self, SignatureArg},
    output::{self, Replacement},
    show,
};

/// Write the trees of one of a bundle's models as ONNX
///
/// Input: all columns of the bundle's schema in their order, as `encast columns` writes them, NaN where unknown. Output: the
/// forecast on the scale that models learn. The file's metadata names columns, target, scale and version.
#[derive(clap::Args)]
#[command(
    after_help = "Leaves are rounded to single precision, and runtimes sum in it: forecasts differ by some 1e-6 of their size.\n\
    A model with curves (the default learner, blend) is refused: curves are no trees.\n\n\
    Examples:\n  encast export-model M.encast --onnx vmaf.onnx\n  \
    encast export-model M.encast --onnx time.onnx --target encode_seconds --given crf --known encoder,content"
)]
pub struct Args {
    /// Model bundle, JSON or binary [default: the file that ENCAST_MODEL names, otherwise the embedded model]
    #[arg(value_name = "M")]
    model: Option<PathBuf>,
    #[command(flatten)]
    signature: SignatureArg,
    /// Where the ONNX model goes
    #[arg(long, value_name = "OUT")]
    onnx: PathBuf,
    /// What it forecasts
    #[arg(long, value_name = "T", value_parser = Target::from_name, default_value = "vmaf")]
    target: Target,
    /// The rate setting that it knows: bitrate or crf
    #[arg(long, value_name = "G", value_parser = Given::from_name, default_value = "bitrate")]
    given: Given,
    /// Groups of inputs that it knows, exactly: of motion, encoder, content, probe, probe_vmaf; '' is none
    /// [default: the best-informed model]
    #[arg(long, value_name = "GROUP,…")]
    known: Option<String>,
    /// Leave the curves of a model out that has them: its trees alone forecast worse than the bundle
    #[arg(long)]
    trees_only: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// The contract of `--json`.
#[derive(Serialize)]
struct Report<'a> {
    onnx: &'a Path,
    target: Target,
    scale: String,
    given: Given,
    model_version: &'a str,
    bytes: usize,
}

/// Runs the subcommand.
pub fn run(args: &Args) -> Outcome {
    output::check_place(&args.onnx)?;
    let loaded = model::load(args.model.as_deref(), &args.signature)?;
    let groups =
        |text: &String| text.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect();
    let options = ExportOptions {
        target: args.target,
        given: args.given,
        known: args.known.as_ref().map(groups),
        trees_only: args.trees_only,
    };
    let bytes = export_onnx(&loaded.model, &options)?;
    let mut file = Replacement::of(&args.onnx)?;
    file.write_all(&bytes).map_err(|error| Failure::of_file(&args.onnx, error))?;
    file.finish()?;
    let (scale, model_version) = (learning_name(args.target), loaded.model.metadata().version.as_str());
    let report =
        Report { onnx: &args.onnx, target: args.target, scale, given: args.given, model_version, bytes: bytes.len() };
    match args.json {
        true => output::print_json(&report)?,
        false => output::print_text(&format!(
            "written: {} ({} bytes): {} from a {}\n",
            args.onnx.display(),
            show::count(report.bytes),
            report.scale,
            report.given
        ))?,
    }
    Ok(Verdict::Done)
}
