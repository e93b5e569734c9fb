//! CSV row by row, in bounded memory: what encode tables and files of requests are read through.

use std::{
    io::Read,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use csv::{ByteRecord, ReaderBuilder};

use super::columns::{Columns, InputColumn, Unusable};
use crate::{
    error::{Error, Result},
    features::PredictionFeatures,
};

/// No row is longer: a file without line ends is an error, not a full memory.
pub const MAX_ROW_BYTES: usize = 1 << 20;

/// Reads requests from CSV, one row at a time: constant memory, however long the file is.
///
/// The header names the columns, in any order, in the spellings that encode tables may use; unknown columns are
/// ignored, an empty cell is unknown.
pub struct RequestReader<R> {
    reader: csv::Reader<Bounded<R>>,
    budget: Arc<AtomicUsize>,
    header: ByteRecord,
    pub(super) columns: RequestColumns,
}

impl<R: Read> RequestReader<R> {
    /// Reads the header; `file` stands for the file in errors.
    ///
    /// # Errors
    /// [`Error::Table`] for malformed CSV, a column that stands twice, or missing `resolution_width` or
    /// `resolution_height`.
    pub fn new(reader: R, file: &str) -> Result<Self> {
        let budget = Arc::new(AtomicUsize::new(MAX_ROW_BYTES));
        let bounded = Bounded { inner: reader, budget: Arc::clone(&budget) };
        let mut reader = ReaderBuilder::new().from_reader(bounded);
        let header = reader.byte_headers().map_err(|error| csv_error(file, 1, &error))?.clone();
        let columns = RequestColumns { columns: Columns::of(&header, file)?, file: file.to_owned() };
        Ok(RequestReader { reader, budget, header, columns })
    }

    /// The header as it stands in the file.
    pub fn header(&self) -> &ByteRecord {
        &self.header
    }

    /// Reads the next row into `row` and gives its line; `None` at the end.
    ///
    /// # Errors
    /// [`Error::Table`] for a row that has not as many cells as the header, or more than 1 MiB.
    pub fn read(&mut self, row: &mut ByteRecord) -> Result<Option<u64>> {
        self.budget.store(MAX_ROW_BYTES, Ordering::Relaxed);
        let line = self.reader.position().line();
        let more = self.reader.read_byte_record(row).map_err(|error| csv_error(&self.columns.file, line, &error))?;
        Ok(more.then(|| row.position().map_or(line, csv::Position::line)))
    }

    /// The request that a row makes, names looked up, numbers not yet checked against their bounds.
    ///
    /// # Errors
    /// [`Error::Table`] for a cell that is no number, or an unknown codec or encoder.
    pub fn request(&self, row: &ByteRecord, line: u64) -> Result<PredictionFeatures> {
        self.columns.request(row, line)
    }

    /// An error of a row's forecast, told by file and line.
    pub fn at(&self, line: u64, error: Error) -> Error {
        self.columns.at(line, error)
    }

    /// What the columns mean, for threads that make requests of rows that this one reads.
    pub fn columns(&self) -> &RequestColumns {
        &self.columns
    }

    pub(super) fn into_inner(self) -> R {
        self.reader.into_inner().inner
    }
}

/// What the columns of a table mean.
#[derive(Debug, Clone)]
pub struct RequestColumns {
    pub(super) columns: Columns,
    file: String,
}

impl RequestColumns {
    /// Of a table that is no CSV: the names of its columns, in the spellings that encode tables may use; `file` stands
    /// for the file in errors.
    ///
    /// # Errors
    /// [`Error::Table`] for a column that stands twice, or missing `resolution_width` or `resolution_height`.
    pub fn new<'a>(names: impl IntoIterator<Item = &'a str>, file: &str) -> Result<RequestColumns> {
        let header: ByteRecord = names.into_iter().map(str::as_bytes).collect();
        Ok(RequestColumns { columns: Columns::of(&header, file)?, file: file.to_owned() })
    }

    /// What a column tells of requests; `None` where it tells nothing.
    pub fn input(&self, column: usize) -> Option<InputColumn> {
        self.columns.input(column)
    }

    /// As [`RequestReader::request`].
    ///
    /// # Errors
    /// As [`RequestReader::request`].
    pub fn request(&self, row: &ByteRecord, line: u64) -> Result<PredictionFeatures> {
        self.columns.request(row).map_err(|unusable| self.refuse(line, unusable))
    }

    /// As [`RequestReader::at`].
    pub fn at(&self, line: u64, error: Error) -> Error {
        match error {
            Error::Table { .. } => error,
            other => self.refuse(line, Unusable { field: None, reason: other.to_string(), malformed: false }),
        }
    }

    pub(super) fn refuse(&self, line: u64, unusable: Unusable) -> Error {
        Error::Table { file: self.file.clone(), line, field: unusable.field, reason: unusable.reason }
    }
}

fn csv_error(file: &str, line: u64, error: &csv::Error) -> Error {
    let line = error.position().map_or(line, csv::Position::line);
    let reason = match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("{len} cells, but the header has {expected_len}")
        }
        csv::ErrorKind::Io(error) => error.to_string(),
        _ => error.to_string(),
    };
    Error::Table { file: file.to_owned(), line, field: None, reason }
}

/// Gives out no more than its budget between two refills.
struct Bounded<R> {
    inner: R,
    budget: Arc<AtomicUsize>,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let budget = self.budget.load(Ordering::Relaxed);
        if budget == 0 {
            return Err(std::io::Error::other(format!("the row is longer than {MAX_ROW_BYTES} bytes")));
        }
        let most = into.len().min(budget);
        let read = self.inner.read(&mut into[..most])?;
        self.budget.store(budget - read, Ordering::Relaxed);
        Ok(read)
    }
}
