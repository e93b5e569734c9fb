//! Tables that come in, CSV or Parquet, a chunk of rows at a time, and tables that go out.

mod as_csv;
mod cells;
mod csv_rows;
mod parquet_read;
mod parquet_write;

use std::{
    fs::File,
    io::{Read, Seek, SeekFrom},
    path::Path,
};

pub use self::{
    as_csv::AsCsv,
    cells::Cells,
    csv_rows::{CsvChunk, CsvTable},
    parquet_read::{ParquetColumn, ParquetTable},
    parquet_write::{ParquetWriter, number_column, same_column, text_column},
};
use crate::failure::Failure;

/// A table that is read.
pub enum Table {
    Csv(CsvTable),
    Parquet(ParquetTable),
}

/// Opens a table; `-` is standard input, which holds CSV.
pub fn open(path: &Path) -> Result<Table, Failure> {
    if path == Path::new("-") {
        return Ok(Table::Csv(CsvTable::new(Box::new(std::io::stdin()), path, None)?));
    }
    let failure = |error: std::io::Error| Failure::of_file(path, error);
    let mut file = File::open(path).map_err(failure)?;
    if is_parquet(&mut file).map_err(failure)? {
        return Ok(Table::Parquet(ParquetTable::open(file, path)?));
    }
    let bytes = file.metadata().ok().filter(std::fs::Metadata::is_file).map(|about| about.len());
    Ok(Table::Csv(CsvTable::new(Box::new(file), path, bytes)?))
}

/// Whether a file starts as Parquet does; what is no regular file is not looked into.
pub fn is_parquet(file: &mut File) -> std::io::Result<bool> {
    if !file.metadata()?.is_file() {
        return Ok(false);
    }
    let mut start = [0; 4];
    let mut read = 0;
    while read < start.len() {
        match file.read(&mut start[read..])? {
            0 => break,
            more => read += more,
        }
    }
    file.seek(SeekFrom::Start(0))?;
    Ok(&start[..read] == b"PAR1")
}

/// Whether a file that goes out is Parquet, by its name.
pub fn named_parquet(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| ["parquet", "pq"].iter().any(|known| extension.eq_ignore_ascii_case(known)))
}
