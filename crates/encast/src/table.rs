//! The encode table: CSV with the project's column names, one row an encode, read with bounded trust.

use std::{
    collections::{BTreeMap, HashSet},
    fs::File,
    io::Read,
    path::Path,
};

use csv::{ByteRecord, ReaderBuilder};
use sha2::{Digest, Sha256};

use crate::{
    codec::{Codec, Encoder},
    error::{Error, Result},
    features::PredictionFeatures,
    field::Field,
    options::TableProvenance,
    target::{PredictionTargets, Target},
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

/// What a column of the file means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Meaning {
    Title,
    Codec,
    Encoder,
    Preset,
    Input(Field),
    /// A measured value, and what to multiply it with.
    Measured(Target, Milli),
    Ignored,
}

/// A factor in thousandths, so that meanings can be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Milli(u32);

const AS_IT_IS: Milli = Milli(1000);

/// Other spellings that are read.
const SPELLINGS: &[(&str, Meaning)] = &[
    ("width", Meaning::Input(Field::ResolutionWidth)),
    ("height", Meaning::Input(Field::ResolutionHeight)),
    ("fps", Meaning::Input(Field::FrameRate)),
    ("si", Meaning::Input(Field::SiMean)),
    ("ti", Meaning::Input(Field::TiMean)),
    ("vmaf_score", Meaning::Measured(Target::Vmaf, AS_IT_IS)),
    ("psnr_score", Meaning::Measured(Target::Psnr, AS_IT_IS)),
    ("psnr_db", Meaning::Measured(Target::Psnr, AS_IT_IS)),
    ("ssim_score", Meaning::Measured(Target::Ssim, AS_IT_IS)),
    ("cpu_utilization_pct", Meaning::Measured(Target::CpuPercent, AS_IT_IS)),
    ("co2_g", Meaning::Measured(Target::Co2Kg, Milli(1))),
];

fn meaning(name: &str) -> Meaning {
    match name {
        "title" => Meaning::Title,
        "codec" => Meaning::Codec,
        "encoder" => Meaning::Encoder,
        "preset" => Meaning::Preset,
        _ => {
            let spelling = SPELLINGS.iter().find(|(spelling, _)| *spelling == name).map(|&(_, meaning)| meaning);
            // The bitrate is an input that is measured too: it is read as an input.
            let input = || Field::from_name(name).map(Meaning::Input);
            let measured = || Target::from_name(name).ok().map(|target| Meaning::Measured(target, AS_IT_IS));
            spelling.or_else(input).or_else(measured).unwrap_or(Meaning::Ignored)
        }
    }
}

/// What a row that cannot be used does.
#[derive(Clone, Copy, PartialEq)]
enum Bad {
    /// It is left out and counted.
    Excluded,
    /// It is an error.
    Refused,
}

impl EncodeTable {
    /// Reads a CSV file to train or judge on.
    ///
    /// The header names the columns, in any order; unknown ones are ignored; an empty cell is unknown. Rows with an
    /// input out of bounds or an unknown codec, encoder or preset are left out and counted in `excluded`, as are
    /// measured values that are not finite or out of bounds (only the value, not the row).
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Table`] with file and line for malformed CSV, a cell that is no number, a column that
    /// stands twice, or a missing column (`title`, `resolution_width`, `resolution_height`, and one of
    /// `bitrate_kbps`, `crf`).
    pub fn read(path: impl AsRef<Path>) -> Result<EncodeTable> {
        let path = path.as_ref();
        let file = File::open(path).map_err(|source| Error::Io { path: path.to_owned(), source })?;
        EncodeTable::parse(file, &path.to_string_lossy(), Bad::Excluded)
    }

    /// Reads a CSV file of requests: as [`read`](Self::read), but every row must be good, and titles are not needed.
    ///
    /// # Errors
    /// As [`read`](Self::read); a bad row is an [`Error::Table`] with its line.
    pub fn read_requests(path: impl AsRef<Path>) -> Result<EncodeTable> {
        let path = path.as_ref();
        let file = File::open(path).map_err(|source| Error::Io { path: path.to_owned(), source })?;
        EncodeTable::parse(file, &path.to_string_lossy(), Bad::Refused)
    }

    /// Reads CSV from anywhere, as [`read`](Self::read); `name` stands for the file in errors.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn from_reader(reader: impl Read, name: &str) -> Result<EncodeTable> {
        EncodeTable::parse(reader, name, Bad::Excluded)
    }

    fn parse(reader: impl Read, file: &str, bad: Bad) -> Result<EncodeTable> {
        let mut hashing = Hashing { inner: reader, hash: Sha256::new() };
        let mut csv = ReaderBuilder::new().from_reader(&mut hashing);
        let header = csv.byte_headers().map_err(|error| csv_error(file, &error))?.clone();
        let columns = Columns::of(&header, file, bad)?;
        let mut table = EncodeTable {
            features: Vec::new(),
            targets: Vec::new(),
            lines: Vec::new(),
            excluded: BTreeMap::new(),
            provenance: Vec::new(),
        };
        let mut record = ByteRecord::new();
        let mut rows = 0;
        while csv.read_byte_record(&mut record).map_err(|error| csv_error(file, &error))? {
            rows += 1;
            let line = record.position().map_or(0, csv::Position::line);
            match columns.row(&record, &mut table.excluded, bad) {
                Ok((features, targets)) => {
                    table.features.push(features);
                    table.targets.push(targets);
                    table.lines.push(line);
                }
                Err(Cell::Excluded(reason)) if bad == Bad::Excluded => {
                    *table.excluded.entry(reason).or_default() += 1;
                }
                Err(Cell::Excluded(reason)) => {
                    return Err(Error::Table { file: file.to_owned(), line, field: None, reason });
                }
                Err(Cell::Malformed { field, reason }) => {
                    return Err(Error::Table { file: file.to_owned(), line, field: Some(field), reason });
                }
            }
        }
        drop(csv);
        // The reader may have stopped at the last line's end; the hash is of the whole file.
        std::io::copy(&mut hashing, &mut std::io::sink()).map_err(|source| Error::Io { path: file.into(), source })?;
        let sha256 = hashing.hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        let name = Path::new(file).file_name().map_or_else(|| file.to_owned(), |n| n.to_string_lossy().into_owned());
        table.provenance.push(TableProvenance { name, rows, titles: table.titles(), sha256 });
        Ok(table)
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

/// The columns of one file.
struct Columns {
    meanings: Vec<(Meaning, String)>,
}

/// Why a row cannot be used.
enum Cell {
    Excluded(String),
    Malformed { field: String, reason: String },
}

impl Columns {
    fn of(header: &ByteRecord, file: &str, bad: Bad) -> Result<Columns> {
        let refuse = |field: &str, reason: String| {
            Err(Error::Table { file: file.to_owned(), line: 1, field: Some(field.to_owned()), reason })
        };
        let mut meanings: Vec<(Meaning, String)> = Vec::new();
        for (at, name) in header.iter().enumerate() {
            let Ok(name) = std::str::from_utf8(name) else {
                return refuse(&format!("column {}", at + 1), "its name is not UTF-8".to_owned());
            };
            let name = name.trim_start_matches('\u{feff}').trim();
            let found = meaning(name);
            let twice = meanings.iter().find(|(other, _)| *other == found && found != Meaning::Ignored);
            if let Some((_, other)) = twice {
                return refuse(name, format!("stands twice: '{other}' means the same"));
            }
            meanings.push((found, name.to_owned()));
        }
        let has = |meaning: Meaning| meanings.iter().any(|(found, _)| *found == meaning);
        let has_field = |field: Field| has(Meaning::Input(field));
        if bad == Bad::Excluded && !has(Meaning::Title) {
            return refuse("title", "the column is missing: every row names its source".to_owned());
        }
        for field in [Field::ResolutionWidth, Field::ResolutionHeight] {
            if !has_field(field) {
                return refuse(field.name(), "the column is missing".to_owned());
            }
        }
        if !has_field(Field::BitrateKbps) && !has_field(Field::Crf) {
            return refuse(Field::BitrateKbps.name(), "the column is missing, and so is crf: one is needed".to_owned());
        }
        Ok(Columns { meanings })
    }

    fn row(
        &self,
        record: &ByteRecord,
        excluded: &mut BTreeMap<String, usize>,
        bad: Bad,
    ) -> std::result::Result<(PredictionFeatures, PredictionTargets), Cell> {
        let mut features = PredictionFeatures::default();
        let mut targets = PredictionTargets::default();
        for ((meaning, name), cell) in self.meanings.iter().zip(record) {
            let malformed = |reason: String| Cell::Malformed { field: name.clone(), reason };
            if *meaning == Meaning::Ignored {
                continue;
            }
            let text = std::str::from_utf8(cell).map_err(|_| malformed("not UTF-8".to_owned()))?.trim();
            if text.is_empty() {
                continue;
            }
            let number = || text.parse::<f64>().map_err(|_| malformed(format!("'{text}' is not a number")));
            let named = |error: Error| Cell::Excluded(error.to_string());
            match *meaning {
                Meaning::Title => targets.title = text.to_owned(),
                Meaning::Codec => features.codec = Some(Codec::from_name(text).map_err(named)?),
                Meaning::Encoder => features.encoder = Some(Encoder::from_name(text).map_err(named)?),
                Meaning::Preset => features.preset = Some(text.to_owned()),
                Meaning::Input(field) => {
                    features.set(field, Some(number()?));
                }
                Meaning::Measured(target, Milli(factor)) => {
                    let value = number()? * f64::from(factor) / 1000.0;
                    let (lowest, highest) = target.bounds();
                    if value.is_finite() && (lowest..=highest).contains(&value) {
                        targets.set(target, Some(value));
                    } else if bad == Bad::Excluded {
                        *excluded.entry(format!("value of {target} not finite or out of bounds")).or_default() += 1;
                    }
                }
                Meaning::Ignored => (),
            }
        }
        if bad == Bad::Excluded && targets.title.is_empty() {
            return Err(Cell::Excluded("no title".to_owned()));
        }
        match features.check() {
            Ok(()) => Ok((features, targets)),
            // One reason for all values of a field, so that the counts stay readable.
            Err(Error::InvalidField { field, bound, .. }) if bad == Bad::Excluded => {
                Err(Cell::Excluded(format!("{field} not {bound}")))
            }
            Err(Error::MissingField { .. }) if bad == Bad::Excluded => {
                Err(Cell::Excluded("neither bitrate_kbps nor crf".to_owned()))
            }
            Err(error) => Err(Cell::Excluded(error.to_string())),
        }
    }
}

fn csv_error(file: &str, error: &csv::Error) -> Error {
    let line = error.position().map_or(1, csv::Position::line);
    let reason = match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("{len} cells, but the header has {expected_len}")
        }
        _ => error.to_string(),
    };
    Error::Table { file: file.to_owned(), line, field: None, reason }
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
