//! Where the rows of `encast predict --data` go: CSV or Parquet, made by the threads that forecast as far as that goes.

use std::{
    io::{self, Write},
    path::Path,
};

use encast::Target;
use parquet::{errors::ParquetError, schema::types::TypePtr};

use super::{predict_rows::Added, predict_table::Plan};
use crate::{
    failure::Failure,
    output::Replacement,
    table::{Cells, CsvChunk, ParquetWriter, Table, number_column, same_column, text_column},
};

/// Some rows, ready to be written.
#[derive(Default)]
pub struct Piece {
    pub rows: usize,
    pub failed: usize,
    text: Vec<u8>,
    cells: Vec<Cells>,
}

/// What the rows are made into.
pub enum Form {
    Csv,
    Parquet {
        /// For a CSV table: which of the columns that are kept hold numbers.
        numbers: Vec<bool>,
        names: Vec<String>,
    },
}

impl Form {
    /// Rows of CSV with the columns that are added.
    pub fn of_csv(&self, plan: &Plan, chunk: &CsvChunk, added: Vec<Added>, failed: usize) -> Result<Piece, Failure> {
        let rows = chunk.rows.len();
        let field = |row: usize, at: usize| chunk.rows[row].0.get(at).unwrap_or_default();
        match self {
            Form::Csv => {
                let text = text(rows, plan.kept.len(), |row, at| field(row, plan.kept[at]), &added)?;
                Ok(Piece { rows, failed, text, cells: Vec::new() })
            }
            Form::Parquet { numbers, names } => {
                let mut cells = Vec::new();
                for ((&at, &number), name) in plan.kept.iter().zip(numbers).zip(names) {
                    let texts = (0..rows).map(|row| field(row, at));
                    cells.push(match number {
                        false => Cells::of_texts(texts),
                        true => Cells::of_numbers(
                            texts
                                .zip(&chunk.rows)
                                .map(|(text, row)| parsed(name, text, row.1))
                                .collect::<Result<_, _>>()?,
                        ),
                    });
                }
                cells.extend(added.into_iter().map(of_added));
                Ok(Piece { rows, failed, cells, text: Vec::new() })
            }
        }
    }

    /// Rows of Parquet: the columns that are kept, and those that are added.
    pub fn of_cells(
        &self,
        rows: usize,
        mut kept: Vec<Cells>,
        added: Vec<Added>,
        failed: usize,
    ) -> Result<Piece, Failure> {
        match self {
            Form::Csv => {
                let mut texts: Vec<(Vec<u8>, Vec<usize>)> = Vec::new();
                for cells in &kept {
                    let (mut bytes, mut ends) = (Vec::new(), Vec::with_capacity(rows));
                    cells.texts(|_, text| {
                        bytes.extend_from_slice(text);
                        ends.push(bytes.len());
                    });
                    texts.push((bytes, ends));
                }
                let cell = |row: usize, at: usize| {
                    let (bytes, ends) = &texts[at];
                    &bytes[row.checked_sub(1).map_or(0, |before| ends[before])..ends[row]]
                };
                let text = text(rows, kept.len(), cell, &added)?;
                Ok(Piece { rows, failed, text, cells: Vec::new() })
            }
            Form::Parquet { .. } => {
                kept.extend(added.into_iter().map(of_added));
                Ok(Piece { rows, failed, cells: kept, text: Vec::new() })
            }
        }
    }
}

/// Rows as CSV.
fn text<'a>(
    rows: usize,
    kept: usize,
    cell: impl Fn(usize, usize) -> &'a [u8],
    added: &[Added],
) -> Result<Vec<u8>, Failure> {
    let bad = |error: &dyn std::fmt::Display| Failure::Bad(format!("writing CSV: {error}"));
    let mut writer = csv::Writer::from_writer(Vec::with_capacity(rows * 64));
    let mut number = Vec::new();
    for row in 0..rows {
        for at in 0..kept {
            writer.write_field(cell(row, at)).map_err(|error| bad(&error))?;
        }
        for column in added {
            let field = match column {
                Added::Texts(texts) => texts[row].as_bytes(),
                Added::Numbers(numbers) => {
                    number.clear();
                    if !numbers[row].is_nan() {
                        write!(number, "{}", numbers[row]).map_err(|error| bad(&error))?;
                    }
                    &number
                }
            };
            writer.write_field(field).map_err(|error| bad(&error))?;
        }
        writer.write_record(None::<&[u8]>).map_err(|error| bad(&error))?;
    }
    writer.into_inner().map_err(|error| bad(&error))
}

fn of_added(column: Added) -> Cells {
    match column {
        Added::Numbers(numbers) => Cells::of_numbers(numbers),
        Added::Texts(texts) => Cells::of_texts(texts.into_iter()),
    }
}

fn parsed(name: &str, text: &[u8], line: u64) -> Result<f64, Failure> {
    let text = String::from_utf8_lossy(text);
    match text.trim() {
        "" => Ok(f64::NAN),
        text => text.parse().map_err(|_| Failure::Bad(format!("line {line}: {name}: '{text}' is not a number"))),
    }
}

/// The file or stream that rows go to.
pub struct Out<'a, W: Write> {
    sink: Sink<'a, W>,
    /// Of CSV tables, which of the columns that are kept hold numbers.
    numbers: Vec<bool>,
    names: Vec<String>,
}

enum Sink<'a, W> {
    Csv {
        into: W,
        /// Written with the first rows: a table whose first rows are bad puts nothing out.
        header: Vec<u8>,
        failure: Box<dyn Fn(io::Error) -> Failure + 'a>,
    },
    Parquet {
        writer: Box<ParquetWriter>,
        path: &'a Path,
    },
}

fn kept_names(plan: &Plan, table: &Table) -> Vec<Vec<u8>> {
    let name = |&at: &usize| match table {
        Table::Csv(table) => table.header().get(at).unwrap_or_default().to_vec(),
        Table::Parquet(table) => table.columns()[at].name.clone().into_bytes(),
    };
    plan.kept.iter().map(name).collect()
}

impl<'a, W: Write> Out<'a, W> {
    /// Writes CSV, the header first.
    pub fn csv(
        into: W,
        plan: &Plan,
        table: &Table,
        failure: impl Fn(io::Error) -> Failure + 'a,
    ) -> Result<Self, Failure> {
        let mut header = csv::Writer::from_writer(Vec::new());
        let names = kept_names(plan, table).into_iter().chain(plan.names.iter().map(|name| name.clone().into_bytes()));
        header.write_record(names).map_err(|error| Failure::Bad(format!("writing CSV: {error}")))?;
        let header = header.into_inner().map_err(|error| Failure::Bad(format!("writing CSV: {error}")))?;
        Ok(Out { sink: Sink::Csv { into, header, failure: Box::new(failure) }, numbers: Vec::new(), names: Vec::new() })
    }

    /// Rows of this form are taken.
    pub fn form(&self) -> Form {
        match self.sink {
            Sink::Csv { .. } => Form::Csv,
            Sink::Parquet { .. } => Form::Parquet { numbers: self.numbers.clone(), names: self.names.clone() },
        }
    }

    /// Writes rows.
    pub fn put(&mut self, piece: Piece) -> Result<(), Failure> {
        match &mut self.sink {
            Sink::Csv { into, header, failure } => {
                into.write_all(&std::mem::take(header)).and_then(|()| into.write_all(&piece.text)).map_err(failure)
            }
            Sink::Parquet { writer, path } => {
                writer.write(piece.rows, piece.cells).map_err(|error| Failure::of_file(path, error))
            }
        }
    }

    /// Writes what is left; gives the file of Parquet, which is to be put in place.
    pub fn finish(self) -> Result<Option<Replacement>, Failure> {
        match self.sink {
            Sink::Csv { mut into, header, failure } => {
                into.write_all(&header).and_then(|()| into.flush()).map(|()| None).map_err(failure)
            }
            Sink::Parquet { writer, path } => writer.finish().map(Some).map_err(|error| Failure::of_file(path, error)),
        }
    }
}

impl<'a> Out<'a, io::Empty> {
    /// Writes Parquet: columns of a Parquet table keep their types, of a CSV table those that encast knows as numbers are
    /// numbers, all others text.
    pub fn parquet(file: Replacement, path: &'a Path, plan: &Plan, table: &Table) -> Result<Self, Failure> {
        let failure = |error: ParquetError| Failure::of_file(path, error);
        let names: Vec<String> =
            kept_names(plan, table).iter().map(|name| String::from_utf8_lossy(name).trim().to_owned()).collect();
        let (mut columns, mut numbers): (Vec<TypePtr>, Vec<bool>) = (Vec::new(), Vec::new());
        for (&at, name) in plan.kept.iter().zip(&names) {
            columns.push(match table {
                Table::Parquet(table) => same_column(&table.columns()[at].kind).map_err(failure)?,
                Table::Csv(table) => {
                    let input = table.columns().input(at);
                    let number = matches!(input, Some(encast::InputColumn::Field(field)) if !field.is_name())
                        || Target::from_name(name).is_ok();
                    numbers.push(number);
                    if number { number_column(name) } else { text_column(name) }.map_err(failure)?
                }
            });
        }
        for name in &plan.names {
            let text = ["error", "out_of_range"].contains(&name.as_str());
            columns.push(if text { text_column(name) } else { number_column(name) }.map_err(failure)?);
        }
        let writer = Box::new(ParquetWriter::new(columns, plan.kept.len(), file).map_err(failure)?);
        Ok(Out { sink: Sink::Parquet { writer, path }, numbers, names })
    }
}
