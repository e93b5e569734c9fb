//! What is read from files: encode tables, small JSON documents.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use encast::{EncodeTable, Error, MAX_PROFILES_BYTES, Profiles, ResourceProfile};
use serde::de::DeserializeOwned;

use crate::{failure::Failure, output};

/// No request or profile is longer.
const LARGEST_JSON: u64 = 1 << 20;

/// The rows of one or several tables.
pub struct Tables {
    /// The rows of all of them.
    pub table: EncodeTable,
    /// File of each run of rows, and how many rows it has.
    files: Vec<(PathBuf, usize)>,
}

impl Tables {
    /// Reads all tables; an error names file, line and field.
    pub fn read(paths: &[PathBuf]) -> Result<Tables, Failure> {
        let mut all: Option<Tables> = None;
        for path in paths {
            let table = EncodeTable::read(path)?;
            let file = (path.clone(), table.len());
            match &mut all {
                None => all = Some(Tables { table, files: vec![file] }),
                Some(all) => {
                    all.table.append(table);
                    all.files.push(file);
                }
            }
        }
        all.ok_or_else(|| Failure::Bad("no table given: --data T.csv".to_owned()))
    }

    /// An error of one row, told by its file and line.
    pub fn failure(&self, error: Error) -> Failure {
        let Error::Row { row, source } = &error else {
            return error.into();
        };
        let mut first = 0;
        for (path, rows) in &self.files {
            if (first..first + rows).contains(row) {
                let line = self.table.lines.get(*row).copied().unwrap_or(0);
                return Failure::Bad(format!("{}:{line}: {source}", path.display()));
            }
            first += rows;
        }
        error.into()
    }

    /// Tells people what was left out, and why.
    pub fn warn_of_excluded(&self) {
        for (reason, count) in &self.table.excluded {
            output::note(&format!("warning: left out {count} times: {reason}"));
        }
    }
}

/// Reads a small JSON document, `-` from standard input; an error names file, line and column.
pub fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, Failure> {
    let mut text = Vec::new();
    let read = if path == Path::new("-") {
        io::stdin().take(LARGEST_JSON + 1).read_to_end(&mut text)
    } else {
        File::open(path).and_then(|file| file.take(LARGEST_JSON + 1).read_to_end(&mut text))
    };
    read.map_err(|error| Failure::of_file(path, error))?;
    if text.len() as u64 > LARGEST_JSON {
        return Err(Failure::of_file(path, format!("is larger than {LARGEST_JSON} bytes")));
    }
    serde_json::from_slice(&text).map_err(|error| {
        // serde_json ends its message with the place; it belongs in front.
        let (line, column) = (error.line(), error.column());
        let text = error.to_string();
        let what = text.strip_suffix(&format!(" at line {line} column {column}")).unwrap_or(&text);
        Failure::Bad(format!("{}:{line}:{column}: {what}", path.display()))
    })
}

/// Reads and checks a profile of prices and carbon factors.
pub fn read_profile(path: Option<&Path>) -> Result<Option<ResourceProfile>, Failure> {
    let Some(path) = path else { return Ok(None) };
    let profile: ResourceProfile = read_json(path)?;
    profile.check().map_err(|error| Failure::of_file(path, error))?;
    Ok(Some(profile))
}

/// The shipped machines, regions, prices and encoders, with those of a TOML file laid over them.
pub fn read_profiles(path: Option<&Path>) -> Result<Profiles, Failure> {
    let shipped = Profiles::shipped()?;
    let Some(path) = path else { return Ok(shipped) };
    let mut text = String::new();
    // One byte more than is allowed, so that the reader can refuse it.
    let most = MAX_PROFILES_BYTES as u64 + 1;
    let read = File::open(path).and_then(|file| file.take(most).read_to_string(&mut text));
    read.map_err(|error| Failure::of_file(path, error))?;
    let own = Profiles::from_toml(&text).map_err(|error| Failure::of_file(path, error))?;
    Ok(shipped.overlay(own))
}
