//! `encast predict --data`: one row in, one row out, in order, on all cores, with bounded memory.

use std::{
    io::{self, BufWriter, Write},
    path::Path,
    time::Duration,
};

use encast::{InputColumn, Model, PredictOptions, PredictionFeatures, Target};
use serde::Serialize;

use super::{
    predict::{ALWAYS, Args},
    predict_out::{Form, Out, Piece},
    predict_rows::{Forecaster, Question, may_know},
};
use crate::{
    failure::{Failure, Outcome, Verdict},
    output::{self, Replacement},
    pipeline,
    progress::Meter,
    table::{self, Cells, CsvChunk, ParquetTable, Table},
};

/// Columns after those of the targets, where none were chosen.
const LAST_COLUMNS: [&str; 5] =
    ["confidence", "recommended_bitrate_kbps", "predicted_size_mb", "predicted_bandwidth_mbps", "out_of_range"];

/// Rows of a chunk: a few milliseconds of work.
const CHUNK: usize = 16_384;
/// The same where all is forecast of each row, which takes longer.
const CHUNK_OF_ALL: usize = 512;

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
    let mut table = table::open(data)?;
    let plan = Plan::of(&mut table, args, data, model, options)?;
    for name in &plan.replaced {
        output::note(&format!("warning: column '{name}' of {} is replaced by the forecast", data.display()));
    }
    let machine = {
        let mut without = PredictionFeatures::default();
        args.place.name_in(&mut without);
        without.machine
    };
    let question = Question { args, model, options, targets: &plan.targets, data, machine };
    // What cannot be asked is told before a file is made.
    drop(Forecaster::new(&question)?);
    let (rows, failed) = match out {
        None => {
            let into = BufWriter::new(io::stdout().lock());
            let mut out = Out::csv(into, &plan, &table, |error| error.into())?;
            let counts = forecast(&question, table, &plan, &mut out)?;
            out.finish()?;
            counts
        }
        Some(path) => {
            let file = Replacement::of(path)?;
            file.remove_on_signal()?;
            match table::named_parquet(path) {
                true => {
                    let mut out = Out::parquet(file, path, &plan, &table)?;
                    let counts = forecast(&question, table, &plan, &mut out)?;
                    out.finish()?.map_or(Ok(()), Replacement::finish)?;
                    counts
                }
                false => {
                    let failure = |error| Failure::of_file(path, error);
                    let mut file = BufWriter::with_capacity(1 << 20, file);
                    let mut out = Out::csv(&mut file, &plan, &table, failure)?;
                    let counts = forecast(&question, table, &plan, &mut out)?;
                    out.finish()?;
                    file.into_inner().map_err(|error| failure(error.into_error()))?.finish()?;
                    counts
                }
            }
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

/// Which columns are copied, and which are added.
pub struct Plan {
    /// Places in the table, and in the chunks of a Parquet table.
    pub kept: Vec<usize>,
    replaced: Vec<String>,
    pub targets: Vec<Target>,
    /// Of the columns that are added.
    pub names: Vec<String>,
    /// The inputs of a Parquet table: what each is, its place in the table, and that in its chunks.
    inputs: Vec<(InputColumn, usize, usize)>,
}

impl Plan {
    fn of(
        table: &mut Table,
        args: &Args,
        data: &Path,
        model: &Model,
        options: &PredictOptions,
    ) -> Result<Plan, Failure> {
        let targets = match args.target.as_slice() {
            [] => told(model, args.place.has_prices(), options.site.is_some()),
            chosen => chosen.to_vec(),
        };
        let mut names: Vec<String> = targets.iter().map(|target| format!("predicted_{target}")).collect();
        if args.target.is_empty() || args.intervals {
            names.extend(targets.iter().flat_map(|target| [format!("{target}_lower"), format!("{target}_upper")]));
        }
        if args.target.is_empty() {
            names.extend(LAST_COLUMNS.map(str::to_owned));
        }
        if args.keep_going {
            names.push("error".to_owned());
        }
        let header: Vec<String> = match table {
            Table::Csv(table) => table.header().iter().map(|name| String::from_utf8_lossy(name).into_owned()).collect(),
            Table::Parquet(table) => table.columns().iter().map(|column| column.name.clone()).collect(),
        };
        let plain = |name: &str| name.trim_start_matches('\u{feff}').trim().to_owned();
        if let Some(keep) = &args.keep
            && let Some(unknown) =
                keep.iter().find(|name| *name != "none" && !header.iter().any(|h| plain(h) == **name))
        {
            return Err(Failure::of_file(data, format!("--keep {unknown}: there is no such column")));
        }
        let wanted = |name: &str| args.keep.as_ref().is_none_or(|keep| keep.contains(&plain(name)));
        let (mut kept, mut replaced) = (Vec::new(), Vec::new());
        for (at, name) in header.iter().enumerate().filter(|(_, name)| wanted(name)) {
            match names.iter().any(|added| *added == plain(name)) {
                true => replaced.push(name.clone()),
                false => kept.push(at),
            }
        }
        let mut plan = Plan { kept, replaced, targets, names, inputs: Vec::new() };
        if let Table::Parquet(table) = table {
            plan.choose(table, args, data)?;
        }
        Ok(plan)
    }

    /// Has only those columns read that are copied or inputs.
    fn choose(&mut self, table: &mut ParquetTable, args: &Args, data: &Path) -> Result<(), Failure> {
        for name in &table.nested {
            output::note(&format!("warning: column '{name}' of {} is left out: it is nested or INT96", data.display()));
        }
        let file = data.to_string_lossy();
        let columns = encast::RequestColumns::new(table.columns().iter().map(|column| column.name.as_str()), &file)
            .map_err(|error| match error {
                encast::Error::Table { field: Some(field), reason, .. } => {
                    Failure::of_file(data, format!("{field}: {reason}"))
                }
                other => other.into(),
            })?;
        let mut read = self.kept.clone();
        for at in 0..table.columns().len() {
            let Some(input) = columns.input(at).filter(|&input| may_know(input, args.tier, args.given)) else {
                continue;
            };
            let place = read.iter().position(|&other| other == at).unwrap_or_else(|| {
                read.push(at);
                read.len() - 1
            });
            self.inputs.push((input, at, place));
        }
        table.want(read);
        Ok(())
    }
}

/// The targets that are told where none were chosen. Those of the shortest answer are always there, so that a reader of the
/// file can count on them.
fn told(model: &Model, with_prices: bool, at_site: bool) -> Vec<Target> {
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
    Target::ALL.iter().copied().filter(|target| told.contains(target)).collect()
}

/// A chunk of the table, and how many rows came before it.
enum Chunk {
    Csv(CsvChunk),
    Parquet { first: usize, rows: usize, cells: Vec<Cells> },
}

/// Reads, forecasts and writes; returns how many rows there were, and how many could not be forecast.
fn forecast<W: Write>(
    question: &Question<'_>,
    mut table: Table,
    plan: &Plan,
    out: &mut Out<'_, W>,
) -> Result<(usize, usize), Failure> {
    let args = question.args;
    let threads = match args.cores {
        0 => std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        cores => cores,
    };
    let most = if args.target.is_empty() { CHUNK_OF_ALL } else { CHUNK };
    let columns = match &table {
        Table::Csv(table) => Some(table.columns().clone()),
        Table::Parquet(_) => None,
    };
    let parquet: Vec<(InputColumn, table::ParquetColumn, usize)> = match &table {
        Table::Csv(_) => Vec::new(),
        Table::Parquet(table) => {
            plan.inputs.iter().map(|&(input, at, place)| (input, table.columns()[at].clone(), place)).collect()
        }
    };
    // Scale and sign of the columns that are kept.
    let kinds: Vec<(i32, bool)> = match &table {
        Table::Csv(_) => Vec::new(),
        Table::Parquet(table) => {
            let kind = |&at: &usize| (table.columns()[at].scale, table.columns()[at].unsigned);
            plan.kept.iter().map(kind).collect()
        }
    };
    let total = match &table {
        Table::Parquet(table) => Some(table.rows()),
        Table::Csv(_) => None,
    };
    let share = std::sync::Mutex::new(None);
    let (mut first, mut late) = (0, None);
    let read = || {
        if let Some(failure) = late.take() {
            return Err(failure);
        }
        match &mut table {
            Table::Csv(table) => {
                let chunk = match table.next(most) {
                    Ok(chunk) => chunk,
                    // What came before the bad row is forecast first: an error of a row before it is told.
                    Err((chunk, failure)) => {
                        late = Some(failure);
                        Some(chunk)
                    }
                };
                if let Ok(mut share) = share.lock() {
                    *share = table.share();
                }
                Ok(chunk.map(Chunk::Csv))
            }
            Table::Parquet(table) => {
                let Some((rows, cells)) = table.next(most)? else { return Ok(None) };
                let chunk = Chunk::Parquet { first, rows, cells };
                first += rows;
                Ok(Some(chunk))
            }
        }
    };
    let form = out.form();
    let worker = || {
        let mut forecaster = Forecaster::new(question)?;
        let (columns, parquet, kinds, form) = (&columns, &parquet, &kinds, &form);
        Ok(move |chunk: Chunk| match (chunk, columns) {
            (Chunk::Csv(chunk), Some(columns)) => {
                let (added, failed) = forecaster.csv(columns, &chunk.rows)?;
                form.of_csv(plan, &chunk, added, failed)
            }
            (Chunk::Parquet { first, rows, mut cells }, _) => {
                let inputs: Vec<_> =
                    parquet.iter().map(|(input, column, place)| (*input, column, &cells[*place])).collect();
                let (added, failed) = forecaster.parquet(&inputs, rows, first)?;
                cells.truncate(plan.kept.len());
                if matches!(form, Form::Csv) {
                    let plain = |(cells, &(scale, unsigned)): (Cells, &(i32, bool))| cells.plain(scale, unsigned);
                    cells = cells.into_iter().zip(kinds).map(plain).collect();
                }
                form.of_cells(rows, cells, added, failed)
            }
            (Chunk::Csv(_), None) => Ok(Piece::default()),
        })
    };
    let meter = Meter::start("forecasting", "rows", false);
    let started = std::time::Instant::now();
    let (mut rows, mut failed) = (0, 0);
    let done = pipeline::run(threads, read, worker, |piece: Piece| {
        rows += piece.rows;
        failed += piece.failed;
        let read = share.lock().ok().and_then(|share| *share);
        if let Some(total) = total.or(read.map(|share| (rows as f64 / share.clamp(1e-9, 1.0)) as usize)) {
            let left = started.elapsed().as_secs_f64() * total.saturating_sub(rows) as f64 / rows.max(1) as f64;
            meter.report_left(rows, total, Duration::from_secs_f64(left));
        }
        out.put(piece)
    });
    meter.finish_with_speed(rows, done.is_ok());
    done.map(|()| (rows, failed))
}
