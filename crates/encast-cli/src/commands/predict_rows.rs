//! The rows of one chunk of a table, forecast: all there is to say of each, or chosen targets by columns.

use std::path::Path;

use csv::ByteRecord;
use encast::{
    BulkInputs, BulkOutput, Error, Field, Given, InputColumn, Model, Names, Numbers, PredictOptions,
    PredictionFeatures, PredictionResult, RequestColumns, Scorer, Target, Tier, passes_of, predict_batch, predict_with,
};

use super::predict::{Args, names};
use crate::{
    failure::Failure,
    request::masked,
    table::{Cells, ParquetColumn},
};

/// A column that is added to the table.
pub enum Added {
    /// NaN is not known.
    Numbers(Vec<f64>),
    Texts(Vec<String>),
}

/// What is asked of every row.
pub struct Question<'a> {
    pub args: &'a Args,
    pub model: &'a Model,
    pub options: &'a PredictOptions,
    /// The targets whose columns are added.
    pub targets: &'a [Target],
    /// The place of the table in errors.
    pub data: &'a Path,
    /// The machine of rows that name none.
    pub machine: Option<String>,
}

/// The requests of a chunk, column by column.
#[derive(Default)]
struct Requests {
    rows: usize,
    numbers: Vec<(Field, Vec<f64>)>,
    names: Vec<(Field, Vec<u32>, Vec<String>)>,
    /// Rows that are no request, and why.
    bad: Vec<(usize, String)>,
}

/// Forecasts chunks; each thread has its own.
pub struct Forecaster<'a> {
    question: &'a Question<'a>,
    /// There when targets were chosen.
    scorer: Option<Scorer<'a>>,
}

impl<'a> Forecaster<'a> {
    pub fn new(question: &'a Question<'a>) -> Result<Forecaster<'a>, Failure> {
        let Question { args, model, options, .. } = question;
        let chosen = || Scorer::new(model, &args.target, args.intervals, options);
        let scorer = if args.target.is_empty() { None } else { Some(chosen()?) };
        Ok(Forecaster { question, scorer })
    }

    /// Forecasts rows of CSV; the second of the answers is how many could not be forecast.
    pub fn csv(
        &mut self,
        columns: &RequestColumns,
        rows: &[(ByteRecord, u64)],
    ) -> Result<(Vec<Added>, usize), Failure> {
        let (args, mut bad) = (self.question.args, Vec::new());
        let requests: Vec<PredictionFeatures> = rows
            .iter()
            .enumerate()
            .map(|(row, (record, line))| {
                let request = columns.request(record, *line).and_then(|features| {
                    let mut features = masked(features, args.tier, args.given);
                    args.place.name_in(&mut features);
                    features.check().map(|()| features)
                });
                request.unwrap_or_else(|error| {
                    bad.push((row, columns.at(*line, error).to_string()));
                    PredictionFeatures::default()
                })
            })
            .collect();
        let at = |row: usize, error: Error| columns.at(rows[row].1, error).to_string();
        match self.scorer {
            Some(_) => self.score(Requests { bad, ..Requests::of(&requests) }, &at),
            None => self.all(&requests, bad, &at),
        }
    }

    /// Forecasts rows of Parquet, of which `first` came before.
    pub fn parquet(
        &mut self,
        columns: &[(InputColumn, &ParquetColumn, &Cells)],
        rows: usize,
        first: usize,
    ) -> Result<(Vec<Added>, usize), Failure> {
        let requests = self.requests(columns, rows)?;
        let data = self.question.data.display();
        let at = |row: usize, error: Error| format!("{data}: row {}: {error}", first + row + 1);
        if self.scorer.is_some() {
            return self.score(requests, &at);
        }
        let mut bad = Vec::new();
        let features = requests.with(|inputs| {
            let mut features = vec![PredictionFeatures::default(); rows];
            for (row, features) in features.iter_mut().enumerate() {
                if let Err(error) = inputs.request(row, features).and_then(|()| features.check()) {
                    bad.push((row, at(row, error)));
                }
            }
            Ok(features)
        })?;
        self.all(&features, bad, &at)
    }

    fn requests(&self, columns: &[(InputColumn, &ParquetColumn, &Cells)], rows: usize) -> Result<Requests, Failure> {
        let mut requests = Requests { rows, ..Requests::default() };
        let refuse = |column: &ParquetColumn, what: &str| {
            Failure::of_file(self.question.data, format!("column '{}' {what}", column.name))
        };
        let mut passes = None;
        for &(input, column, cells) in columns {
            let field = match input {
                InputColumn::Field(field) if !field.is_name() => {
                    let numbers = cells.numbers(column.scale, column.unsigned);
                    requests.numbers.push((field, numbers.ok_or_else(|| refuse(column, "holds no numbers"))?));
                    continue;
                }
                InputColumn::Field(field) => Some(field),
                InputColumn::RateControl => None,
            };
            let (codes, names) = cells.coded().map_err(|what| refuse(column, &what))?;
            match field {
                Some(field) => requests.names.push((field, codes, names)),
                None => {
                    let told: Vec<f64> = names.iter().map(|name| passes_of(name).unwrap_or(f64::NAN)).collect();
                    let of = |&code: &u32| told.get(code as usize).copied().unwrap_or(f64::NAN);
                    passes = Some(codes.iter().map(of).collect::<Vec<f64>>());
                }
            }
        }
        if let Some(told) = passes {
            match requests.numbers.iter_mut().find(|(field, _)| *field == Field::Passes) {
                Some((_, given)) => {
                    given
                        .iter_mut()
                        .zip(told)
                        .filter(|(given, _)| given.is_nan())
                        .for_each(|(given, told)| *given = told);
                }
                None => requests.numbers.push((Field::Passes, told)),
            }
        }
        if let Some(machine) = &self.question.machine {
            requests.fill(Field::Machine, machine);
        }
        Ok(requests)
    }

    /// Chosen targets, by columns.
    fn score(
        &mut self,
        requests: Requests,
        at: &dyn Fn(usize, Error) -> String,
    ) -> Result<(Vec<Added>, usize), Failure> {
        let Some(scorer) = &mut self.scorer else { return Ok((Vec::new(), 0)) };
        let Question { targets, args, .. } = self.question;
        let (mut bad, rows) = (requests.bad.clone(), requests.rows);
        let column = || vec![0.0; rows];
        let mut values: Vec<Vec<f64>> = targets.iter().map(|_| column()).collect();
        let mut ends: Vec<(Vec<f64>, Vec<f64>)> = match args.intervals {
            true => targets.iter().map(|_| (column(), column())).collect(),
            false => Vec::new(),
        };
        let mut bounds = ends.iter_mut().map(|(lower, upper)| (lower.as_mut_slice(), upper.as_mut_slice()));
        let mut outputs: Vec<BulkOutput<'_>> =
            values.iter_mut().map(|value| BulkOutput { value, bounds: bounds.next() }).collect();
        let mut refused = Vec::new();
        requests.with(|inputs| scorer.score_good(inputs, &mut outputs, |row, error| refused.push((row, error))))?;
        let known: Vec<usize> = bad.iter().map(|(row, _)| *row).collect();
        let new = refused.into_iter().filter(|(row, _)| known.binary_search(row).is_err());
        bad.extend(new.map(|(row, error)| (row, at(row, error))));
        let errors = self.errors(bad, rows)?;
        let mut added: Vec<Added> = values.into_iter().map(Added::Numbers).collect();
        added.extend(ends.into_iter().flat_map(|(lower, upper)| [Added::Numbers(lower), Added::Numbers(upper)]));
        Ok(with_errors(added, errors))
    }

    /// All that can be said of each request.
    fn all(
        &self,
        requests: &[PredictionFeatures],
        mut bad: Vec<(usize, String)>,
        at: &dyn Fn(usize, Error) -> String,
    ) -> Result<(Vec<Added>, usize), Failure> {
        let Question { model, options, targets, .. } = self.question;
        let mut answers: Vec<Option<PredictionResult>> = vec![None; requests.len()];
        let whole = if bad.is_empty() { predict_batch(requests, model, options).ok() } else { None };
        match whole {
            Some(whole) => answers = whole.into_iter().map(Some).collect(),
            None => {
                let known: Vec<usize> = bad.iter().map(|(row, _)| *row).collect();
                for row in (0..requests.len()).filter(|row| known.binary_search(row).is_err()) {
                    match predict_with(&requests[row], model, options) {
                        Ok(answer) => answers[row] = Some(answer),
                        Err(error) => bad.push((row, at(row, error))),
                    }
                }
            }
        }
        let errors = self.errors(bad, requests.len())?;
        let numbers = |of: &dyn Fn(&PredictionResult) -> Option<f64>| {
            Added::Numbers(answers.iter().map(|answer| answer.as_ref().and_then(of).unwrap_or(f64::NAN)).collect())
        };
        let mut added: Vec<Added> =
            targets.iter().map(|&target| numbers(&|answer| answer.estimate(target).map(|e| e.value))).collect();
        for &target in *targets {
            added.push(numbers(&|answer| answer.estimate(target).map(|e| e.lower)));
            added.push(numbers(&|answer| answer.estimate(target).map(|e| e.upper)));
        }
        added.push(numbers(&|answer| Some(answer.confidence)));
        added.push(numbers(&|answer| answer.recommended_bitrate_kbps));
        added.push(numbers(&|answer| answer.size_mb));
        added.push(numbers(&|answer| answer.bandwidth_mbps));
        let outside = |answer: &Option<PredictionResult>| answer.as_ref().map(|a| names(a.out_of_range).join(";"));
        added.push(Added::Texts(answers.iter().map(|answer| outside(answer).unwrap_or_default()).collect()));
        Ok(with_errors(added, errors))
    }

    /// What the column of errors says, where there is one; without it the first bad row ends all.
    fn errors(&self, mut bad: Vec<(usize, String)>, rows: usize) -> Result<Option<(Vec<String>, usize)>, Failure> {
        bad.sort_by_key(|(row, _)| *row);
        if !self.question.args.keep_going {
            let Some((_, error)) = bad.first() else { return Ok(None) };
            let masked = if self.question.args.given.is_some() { "--given masks the other rate setting; " } else { "" };
            return Err(Failure::Bad(format!("{error} ({masked}with --keep-going such a row stays empty)")));
        }
        let failed = bad.len();
        let mut errors = vec![String::new(); rows];
        bad.into_iter().for_each(|(row, error)| errors[row] = error);
        Ok(Some((errors, failed)))
    }
}

fn with_errors(mut added: Vec<Added>, errors: Option<(Vec<String>, usize)>) -> (Vec<Added>, usize) {
    let Some((errors, failed)) = errors else { return (added, 0) };
    added.push(Added::Texts(errors));
    (added, failed)
}

impl Requests {
    fn of(requests: &[PredictionFeatures]) -> Requests {
        let rows = requests.len();
        let mut columns = Requests { rows, ..Requests::default() };
        for &field in Field::ALL.iter().filter(|field| !field.is_name()) {
            if requests.iter().any(|request| request.get(field).is_some()) {
                let numbers = requests.iter().map(|request| request.get(field).unwrap_or(f64::NAN)).collect();
                columns.numbers.push((field, numbers));
            }
        }
        columns.name(Field::Codec, requests, |request| request.codec.map(|codec| codec.name()));
        columns.name(Field::Encoder, requests, |request| request.encoder.map(|encoder| encoder.name()));
        columns.name(Field::Preset, requests, |request| request.preset.as_deref());
        columns.name(Field::Machine, requests, |request| request.machine.as_deref());
        columns
    }

    fn name(&mut self, field: Field, requests: &[PredictionFeatures], of: fn(&PredictionFeatures) -> Option<&str>) {
        let mut names: Vec<String> = Vec::new();
        let code = |name: Option<&str>| {
            let Some(name) = name else { return Names::UNKNOWN };
            let at = names.iter().position(|known| known == name).unwrap_or_else(|| {
                names.push(name.to_owned());
                names.len() - 1
            });
            at as u32
        };
        let codes = requests.iter().map(of).map(code).collect();
        if !names.is_empty() {
            self.names.push((field, codes, names));
        }
    }

    /// Gives a name to the rows that have none.
    fn fill(&mut self, field: Field, name: &str) {
        let place = self.names.iter().position(|(named, _, _)| *named == field).unwrap_or_else(|| {
            self.names.push((field, vec![Names::UNKNOWN; self.rows], Vec::new()));
            self.names.len() - 1
        });
        let (_, codes, names) = &mut self.names[place];
        names.push(name.to_owned());
        let new = names.len() as u32 - 1;
        codes.iter_mut().filter(|code| **code == Names::UNKNOWN).for_each(|code| *code = new);
    }

    fn with<T>(&self, work: impl FnOnce(&BulkInputs<'_>) -> encast::Result<T>) -> encast::Result<T> {
        let texts: Vec<Vec<&str>> =
            self.names.iter().map(|(_, _, names)| names.iter().map(String::as_str).collect()).collect();
        let mut inputs = BulkInputs::new(self.rows);
        for (field, numbers) in &self.numbers {
            inputs.set(*field, Numbers::F64(numbers))?;
        }
        for ((field, codes, _), names) in self.names.iter().zip(&texts) {
            inputs.set_names(*field, Names::Coded { codes, names })?;
        }
        work(&inputs)
    }
}

/// Whether a column is one that the forecast may know.
pub fn may_know(input: InputColumn, tier: Option<Tier>, given: Option<Given>) -> bool {
    let InputColumn::Field(field) = input else { return true };
    let masked = match given {
        Some(Given::Bitrate) => field == Field::Crf,
        Some(Given::Crf) => field == Field::BitrateKbps,
        None => false,
    };
    !masked && tier.is_none_or(|tier| tier.knows(field.group()))
}
