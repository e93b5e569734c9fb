//! `encast predict --data`: one row in, one row out, with constant memory.

use std::{
    fs::File,
    io::{self, BufWriter, Read, Write},
    path::Path,
};

use csv::ByteRecord;
use encast::{Model, PredictOptions, PredictionResult, RequestReader, Target, predict_with};
use serde::Serialize;

use crate::{
    failure::{Failure, Outcome, Verdict},
    output::{self, Replacement},
    request::masked,
};

use super::predict::{ALWAYS, Args, names};

/// Columns after those of the targets.
const LAST_COLUMNS: [&str; 5] =
    ["confidence", "recommended_bitrate_kbps", "predicted_size_mb", "predicted_bandwidth_mbps", "out_of_range"];

/// The contract of `--data --out --json`.
#[derive(Serialize)]
struct Report<'a> {
    out: &'a Path,
    rows: usize,
    failed: usize,
    columns: Vec<String>,
    model_version: String,
}

/// Forecasts every row of `data`.
pub fn run(args: &Args, data: &Path, model: &Model, options: &PredictOptions) -> Outcome {
    let out = args.out.as_deref().filter(|path| *path != Path::new("-"));
    if args.json && out.is_none() {
        return Err(Failure::Bad("--json needs --out: standard output can't hold the rows and the JSON".to_owned()));
    }
    let mut requests = open(data)?;
    let plan = Plan::of(&requests, model, args.place.has_prices(), options.site.is_some(), args.keep_going);
    for name in &plan.replaced {
        output::note(&format!("warning: column '{name}' of {} is replaced by the forecast", data.display()));
    }
    let (rows, failed) = match out {
        None => {
            let mut writer = csv::Writer::from_writer(BufWriter::new(io::stdout().lock()));
            write_all(args, &mut requests, &plan, model, options, &mut writer, &|error| error.into())?
        }
        Some(path) => {
            let failure = |error| Failure::of_file(path, error);
            let mut file = BufWriter::new(Replacement::of(path)?);
            let mut writer = csv::Writer::from_writer(&mut file);
            let counts = write_all(args, &mut requests, &plan, model, options, &mut writer, &failure)?;
            drop(writer);
            file.into_inner().map_err(|error| failure(error.into_error()))?.finish()?;
            counts
        }
    };
    if failed > 0 {
        output::note(&format!("warning: {failed} of {rows} rows could not be forecast: column 'error' says why"));
    }
    if let (true, Some(out)) = (args.json, out) {
        let model_version = model.metadata().version.clone();
        output::print_json(&Report { out, rows, failed, columns: plan.names, model_version })?;
    }
    Ok(Verdict::Done)
}

type Requests = RequestReader<Box<dyn Read>>;

/// Opens a file of requests, `-` is standard input, and reads its header.
fn open(path: &Path) -> Result<Requests, Failure> {
    let file: Box<dyn Read> = if path == Path::new("-") {
        Box::new(io::stdin())
    } else {
        Box::new(File::open(path).map_err(|error| Failure::of_file(path, error))?)
    };
    Ok(RequestReader::new(file, &path.to_string_lossy())?)
}

/// Which columns are copied, and which are added.
struct Plan {
    kept: Vec<usize>,
    replaced: Vec<String>,
    targets: Vec<Target>,
    names: Vec<String>,
    keep_going: bool,
}

impl Plan {
    fn of(requests: &Requests, model: &Model, with_prices: bool, at_site: bool, keep_going: bool) -> Plan {
        // Those of the shortest answer are always there, so that a reader of the file can count on them.
        let mut told = [model.targets(), ALWAYS.to_vec()].concat();
        if told.contains(&Target::CpuSeconds) && (with_prices || model.metadata().profile.is_some()) {
            told.push(Target::EnergyKwh);
        }
        if at_site {
            told.push(Target::EncodeSeconds);
        }
        if [Target::CpuSeconds, Target::EncodeSeconds].iter().all(|target| told.contains(target)) {
            told.push(Target::CpuPercent);
        }
        let targets: Vec<Target> = Target::ALL.iter().copied().filter(|target| told.contains(target)).collect();
        let mut names: Vec<String> = targets.iter().map(|target| format!("predicted_{target}")).collect();
        names.extend(targets.iter().flat_map(|target| [format!("{target}_lower"), format!("{target}_upper")]));
        names.extend(LAST_COLUMNS.map(str::to_owned));
        if keep_going {
            names.push("error".to_owned());
        }
        let (mut kept, mut replaced) = (Vec::new(), Vec::new());
        for (i, bytes) in requests.header().iter().enumerate() {
            let name = String::from_utf8_lossy(bytes);
            if names.iter().any(|added| added == name.trim()) {
                replaced.push(name.into_owned());
            } else {
                kept.push(i);
            }
        }
        Plan { kept, replaced, targets, names, keep_going }
    }

    /// The input columns of a row that go on unchanged.
    fn copied<'a>(&'a self, row: &'a ByteRecord) -> impl Iterator<Item = &'a [u8]> {
        self.kept.iter().filter_map(|&i| row.get(i))
    }

    /// The cells of a forecast.
    fn cells(&self, result: &PredictionResult, into: &mut Vec<String>) {
        let text = |value: Option<f64>| value.map_or_else(String::new, |v| v.to_string());
        into.extend(self.targets.iter().map(|&target| text(result.estimate(target).map(|e| e.value))));
        for &target in &self.targets {
            let estimate = result.estimate(target);
            into.extend([text(estimate.map(|e| e.lower)), text(estimate.map(|e| e.upper))]);
        }
        into.push(text(Some(result.confidence)));
        into.extend([result.recommended_bitrate_kbps, result.size_mb, result.bandwidth_mbps].map(text));
        into.push(names(result.out_of_range).join(";"));
        if self.keep_going {
            into.push(String::new());
        }
    }

    /// The cells of a row that could not be forecast.
    fn empty_cells(&self, error: &str, into: &mut Vec<String>) {
        into.resize(self.names.len() - 1, String::new());
        into.push(error.to_owned());
    }
}

/// Reads, forecasts and writes row by row; returns how many rows there were, and how many could not be forecast.
fn write_all<W: Write>(
    args: &Args,
    requests: &mut Requests,
    plan: &Plan,
    model: &Model,
    options: &PredictOptions,
    writer: &mut csv::Writer<W>,
    failure: &dyn Fn(io::Error) -> Failure,
) -> Result<(usize, usize), Failure> {
    let write = |error: csv::Error| match error.into_kind() {
        csv::ErrorKind::Io(error) => failure(error),
        other => Failure::Bad(format!("writing CSV: {other:?}")),
    };
    let header: Vec<&[u8]> = plan.copied(requests.header()).chain(plan.names.iter().map(|n| n.as_bytes())).collect();
    writer.write_byte_record(&ByteRecord::from(header)).map_err(write)?;

    let (mut row, mut out, mut cells) = (ByteRecord::new(), ByteRecord::new(), Vec::new());
    let (mut rows, mut failed) = (0, 0);
    while let Some(line) = requests.read(&mut row)? {
        cells.clear();
        let forecast = requests
            .request(&row, line)
            .and_then(|features| {
                let mut features = masked(features, args.tier, args.given);
                args.place.name_in(&mut features);
                predict_with(&features, model, options)
            })
            .map_err(|error| requests.at(line, error));
        match forecast {
            Ok(result) => plan.cells(&result, &mut cells),
            Err(error) if plan.keep_going => {
                failed += 1;
                plan.empty_cells(&error.to_string(), &mut cells);
            }
            Err(error) => {
                let masked = if args.given.is_some() { "--given masks the other rate setting; " } else { "" };
                return Err(Failure::Bad(format!("{error} ({masked}with --keep-going such a row stays empty)")));
            }
        }
        rows += 1;
        out.clear();
        plan.copied(&row).for_each(|field| out.push_field(field));
        cells.iter().for_each(|cell| out.push_field(cell.as_bytes()));
        writer.write_byte_record(&out).map_err(write)?;
    }
    writer.flush().map_err(failure)?;
    Ok((rows, failed))
}
