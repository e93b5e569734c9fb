//! Requests from a CSV file, one row at a time: constant memory however long the file is.

use std::{
    cell::Cell,
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
    rc::Rc,
};

use csv::ByteRecord;
use encast::{Codec, Encoder, Field, PredictionFeatures};

use crate::failure::Failure;

/// No row of a table is longer: a file without line ends is an error, not a full memory.
const LONGEST_ROW: usize = 1 << 20;

/// What a column says about the request.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    Number(Field),
    Codec,
    Encoder,
    Preset,
    Other,
}

impl Place {
    fn of(name: &str) -> Place {
        match name {
            "codec" => Place::Codec,
            "encoder" => Place::Encoder,
            "preset" => Place::Preset,
            "width" => Place::Number(Field::ResolutionWidth),
            "height" => Place::Number(Field::ResolutionHeight),
            "fps" => Place::Number(Field::FrameRate),
            "si" => Place::Number(Field::SiMean),
            "ti" => Place::Number(Field::TiMean),
            _ => Field::from_name(name).map_or(Place::Other, Place::Number),
        }
    }
}

/// Reads requests row by row.
pub struct Requests {
    path: PathBuf,
    reader: csv::Reader<Limited<Box<dyn Read>>>,
    budget: Rc<Cell<usize>>,
    header: ByteRecord,
    places: Vec<Place>,
}

impl Requests {
    /// Opens the file, `-` is standard input, and reads its header.
    pub fn open(path: &Path) -> Result<Requests, Failure> {
        let file: Box<dyn Read> = if path == Path::new("-") {
            Box::new(io::stdin())
        } else {
            Box::new(File::open(path).map_err(|error| Failure::of_file(path, error))?)
        };
        let budget = Rc::new(Cell::new(LONGEST_ROW));
        let limited = Limited { inner: file, budget: Rc::clone(&budget) };
        let mut reader = csv::ReaderBuilder::new().from_reader(limited);
        let header = reader.byte_headers().map_err(|error| csv_failure(path, 1, &error))?.clone();
        let names: Vec<String> = header.iter().map(|name| String::from_utf8_lossy(name).trim().to_owned()).collect();
        let places: Vec<Place> = names.iter().map(|name| Place::of(name)).collect();
        for (i, place) in places.iter().enumerate() {
            if let Some(j) = places[..i].iter().position(|p| p == place && *place != Place::Other) {
                return Err(Failure::Bad(format!(
                    "{}:1: columns '{}' and '{}' both say the same",
                    path.display(),
                    names[j],
                    names[i]
                )));
            }
        }
        for field in [Field::ResolutionWidth, Field::ResolutionHeight] {
            if !places.contains(&Place::Number(field)) {
                return Err(Failure::Bad(format!("{}:1: {field}: the column is missing", path.display())));
            }
        }
        Ok(Requests { path: path.to_owned(), reader, budget, header, places })
    }

    /// The header as it stands in the file.
    pub fn header(&self) -> &ByteRecord {
        &self.header
    }

    /// Reads the next row; `None` at the end.
    pub fn read(&mut self, row: &mut ByteRecord) -> Result<Option<u64>, Failure> {
        self.budget.set(LONGEST_ROW);
        let line = self.reader.position().line();
        if !self.reader.read_byte_record(row).map_err(|error| csv_failure(&self.path, line, &error))? {
            return Ok(None);
        }
        Ok(Some(row.position().map_or(line, csv::Position::line)))
    }

    /// What is wrong in one line of the file.
    pub fn failure(&self, line: u64, what: &str) -> Failure {
        Failure::Bad(format!("{}:{line}: {what}", self.path.display()))
    }

    /// The request of a row; an error tells the column and what is wrong with it.
    pub fn request(&self, row: &ByteRecord) -> Result<PredictionFeatures, String> {
        let mut features = PredictionFeatures::default();
        for ((place, name), bytes) in self.places.iter().zip(&self.header).zip(row) {
            if *place == Place::Other {
                continue;
            }
            let name = || String::from_utf8_lossy(name).trim().to_owned();
            let text = std::str::from_utf8(bytes).map_err(|_| format!("{}: is not UTF-8", name()))?.trim();
            if text.is_empty() {
                continue;
            }
            match place {
                Place::Number(field) => {
                    let value = text.parse().map_err(|_| format!("{} = {text}: must be a number, or empty", name()))?;
                    features.set(*field, Some(value));
                }
                Place::Codec => features.codec = Some(Codec::from_name(text).map_err(|e| e.to_string())?),
                Place::Encoder => features.encoder = Some(Encoder::from_name(text).map_err(|e| e.to_string())?),
                Place::Preset => features.preset = Some(text.to_owned()),
                Place::Other => {}
            }
        }
        for field in [Field::ResolutionWidth, Field::ResolutionHeight] {
            if features.get(field).is_none() {
                return Err(format!("{field} is missing"));
            }
        }
        Ok(features)
    }
}

/// What went wrong in the file, with the line.
fn csv_failure(path: &Path, line: u64, error: &csv::Error) -> Failure {
    let line = error.position().map_or(line, csv::Position::line);
    let what = match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("{len} fields found, the header has {expected_len}")
        }
        csv::ErrorKind::Io(error) => error.to_string(),
        _ => error.to_string(),
    };
    Failure::Bad(format!("{}:{line}: {what}", path.display()))
}

/// A reader that gives out no more than its budget between two refills.
struct Limited<R> {
    inner: R,
    budget: Rc<Cell<usize>>,
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.budget.get() == 0 {
            return Err(io::Error::other(format!("the row is longer than {LONGEST_ROW} bytes")));
        }
        let most = into.len().min(self.budget.get());
        let read = self.inner.read(&mut into[..most])?;
        self.budget.set(self.budget.get() - read);
        Ok(read)
    }
}
