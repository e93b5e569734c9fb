//! A Parquet table as the text of a CSV, for readers of encode tables: exact, as numbers are written in full.

use std::io::{self, Read};

use super::ParquetTable;
use crate::failure::Failure;

/// Rows that are turned to text together.
const ROWS: usize = 1024;

/// Reads as CSV.
pub struct AsCsv {
    table: ParquetTable,
    text: io::Cursor<Vec<u8>>,
    begun: bool,
}

impl AsCsv {
    pub fn new(table: ParquetTable) -> AsCsv {
        AsCsv { table, text: io::Cursor::default(), begun: false }
    }

    fn next(&mut self) -> io::Result<Vec<u8>> {
        let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
        if !self.begun {
            self.begun = true;
            writer.write_record(self.table.columns().iter().map(|column| &column.name))?;
        } else {
            let chunk = self.table.next(ROWS).map_err(|failure| match failure {
                Failure::Bad(message) => io::Error::other(message),
                Failure::ReaderGone => io::ErrorKind::BrokenPipe.into(),
            })?;
            let Some((rows, columns)) = chunk else { return Ok(Vec::new()) };
            let mut lines = vec![csv::ByteRecord::new(); rows];
            for (cells, column) in columns.into_iter().zip(self.table.columns()) {
                cells.plain(column.scale, column.unsigned).texts(|row, text| lines[row].push_field(text));
            }
            lines.iter().try_for_each(|line| writer.write_byte_record(line))?;
        }
        writer.into_inner().map_err(|error| io::Error::other(error.to_string()))
    }
}

impl Read for AsCsv {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            let count = self.text.read(into)?;
            if count > 0 || into.is_empty() {
                return Ok(count);
            }
            let more = self.next()?;
            if more.is_empty() {
                return Ok(0);
            }
            self.text = io::Cursor::new(more);
        }
    }
}
