//! The encode table: CSV with the project's column names, one row an encode, read with bounded trust.

mod columns;
mod rows;

use std::{
    collections::{BTreeMap, HashSet},
    fs::File,
    io::Read,
    path::Path,
};

use csv::ByteRecord;
use sha2::{Digest, Sha256};

use self::columns::Meaning;
pub use self::{
    columns::{InputColumn, passes_of, usual_column},
    rows::{MAX_ROW_BYTES, RequestColumns, RequestReader},
};
use crate::{
    error::{Error, Result},
    features::PredictionFeatures,
    field::Field,
    options::TableProvenance,
    target::PredictionTargets,
};

/// Rows of an encode table.
#[derive(Debug, Clone, PartialEq)]
pub struct EncodeTable {
    /// Inputs, one a row.
    pub features: Vec<PredictionFeatures>,
    /// Measured values and the title, one a row; the title is empty when the table has none.
    pub targets: Vec<PredictionTargets>,
    /// The line of its file that each row stood on.
    pub lines: Vec<u64>,
    /// Rows and cells left out: the reason, and how many.
    pub excluded: BTreeMap<String, usize>,
    /// The files that the rows came from.
    pub provenance: Vec<TableProvenance>,
}

impl EncodeTable {
    /// Reads a CSV file to train or judge on.
    ///
    /// The header names the columns, in any order; unknown ones are ignored; an empty cell is unknown. Rows with an
    /// input out of bounds or an unknown codec, encoder or preset are left out and counted in `excluded`, as are
    /// measured values that are not finite or out of bounds (only the value, not the row).
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Table`] with file and line for malformed CSV, a cell that is no number, a row of more
    /// than 1 MiB, a column that stands twice, or a missing column (`title`, `resolution_width`,
    /// `resolution_height`, and one of `bitrate_kbps`, `crf`).
    pub fn read(path: impl AsRef<Path>) -> Result<EncodeTable> {
        let path = path.as_ref();
        let io = |source| Error::Io { path: path.to_owned(), source };
        let file = File::open(path).map_err(io)?;
        if file.metadata().map_err(io)?.is_dir() {
            return Err(io(std::io::ErrorKind::IsADirectory.into()));
        }
        EncodeTable::from_reader(file, &path.to_string_lossy())
    }

    /// Reads CSV from anywhere, as [`read`](Self::read); `file` stands for the file in errors.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn from_reader(reader: impl Read, file: &str) -> Result<EncodeTable> {
        let mut rows = RequestReader::new(Hashing { inner: reader, hash: Sha256::new() }, file)?;
        let refuse = |field: &str, reason: &str| {
            let (field, reason) = (Some(field.to_owned()), reason.to_owned());
            Err(Error::Table { file: file.to_owned(), line: 1, field, reason })
        };
        if !rows.columns.columns.has(Meaning::Title) {
            return refuse("title", "the column is missing: every row names its source");
        }
        let rates = [Field::BitrateKbps, Field::Crf];
        if !rates.iter().any(|&rate| rows.columns.columns.has(Meaning::Input(rate))) {
            return refuse(Field::BitrateKbps.name(), "the column is missing, and so is crf: one is needed");
        }
        let mut table = EncodeTable {
            features: Vec::new(),
            targets: Vec::new(),
            lines: Vec::new(),
            excluded: BTreeMap::new(),
            provenance: Vec::new(),
        };
        let (mut record, mut count) = (ByteRecord::new(), 0);
        while let Some(line) = rows.read(&mut record)? {
            count += 1;
            match table.usable(&rows, &record, line)? {
                Ok((features, targets)) => {
                    table.features.push(features);
                    table.targets.push(targets);
                    table.lines.push(line);
                }
                Err(reason) => *table.excluded.entry(reason).or_default() += 1,
            }
        }
        // The reader may have stopped at the last line's end; the hash is of the whole file.
        let mut hashing = rows.into_inner();
        std::io::copy(&mut hashing, &mut std::io::sink()).map_err(|source| Error::Io { path: file.into(), source })?;
        let sha256 = hashing.hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        let name = Path::new(file).file_name().map_or_else(|| file.to_owned(), |n| n.to_string_lossy().into_owned());
        table.provenance.push(TableProvenance { name, rows: count, titles: table.titles(), sha256 });
        Ok(table)
    }

    /// What a row says, or the reason why it is left out. A malformed cell is an error.
    fn usable<R: Read>(
        &mut self,
        rows: &RequestReader<R>,
        record: &ByteRecord,
        line: u64,
    ) -> Result<std::result::Result<(PredictionFeatures, PredictionTargets), String>> {
        let features = match rows.columns.columns.request(record) {
            Ok(features) => features,
            Err(unusable) if unusable.malformed => return Err(rows.columns.refuse(line, unusable)),
            Err(unusable) => return Ok(Err(unusable.reason)),
        };
        let reason = match features.check() {
            Ok(()) => None,
            // One reason for all values of a field, so that the counts stay readable.
            Err(Error::InvalidField { field, bound, .. }) => Some(format!("{field} not {bound}")),
            Err(Error::MissingField { .. }) => Some("neither bitrate_kbps nor crf".to_owned()),
            Err(error) => Some(error.to_string()),
        };
        if let Some(reason) = reason {
            return Ok(Err(reason));
        }
        let targets =
            rows.columns.columns.measured(record, &mut self.excluded).map_err(|u| rows.columns.refuse(line, u))?;
        Ok(if targets.title.is_empty() { Err("no title".to_owned()) } else { Ok((features, targets)) })
    }

    /// Appends the rows of another table.
    pub fn append(&mut self, other: EncodeTable) {
        self.features.extend(other.features);
        self.targets.extend(other.targets);
        self.lines.extend(other.lines);
        self.provenance.extend(other.provenance);
        for (reason, count) in other.excluded {
            *self.excluded.entry(reason).or_default() += count;
        }
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.features.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.features.is_empty()
    }

    /// Number of different titles.
    pub fn titles(&self) -> usize {
        self.targets.iter().map(|row| row.title.as_str()).collect::<HashSet<_>>().len()
    }
}

/// Hashes what is read through it.
struct Hashing<R> {
    inner: R,
    hash: Sha256,
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.hash.update(&buffer[..count]);
        Ok(count)
    }
}
