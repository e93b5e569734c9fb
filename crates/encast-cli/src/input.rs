//! What is read from files: encode tables, small JSON documents.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

use encast::{EncodeTable, Error, MAX_PROFILES_BYTES, Profiles, ResourceProfile};
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use crate::{
    export::TITLE_PREFIX,
    failure::Failure,
    output,
    table::{self, AsCsv, ParquetTable},
};

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
            let mut table = read_table(path)?;
            name_synthetic(&mut table);
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

/// Says of a table with rows that were made up what it is, wherever its name goes: into bundles, and to people.
fn name_synthetic(table: &mut EncodeTable) {
    let made_up = table.targets.iter().filter(|row| row.title.starts_with(TITLE_PREFIX)).count();
    if made_up == 0 {
        return;
    }
    let rows = table.len();
    for provenance in &mut table.provenance {
        provenance.name = format!("{} (synthetic: {made_up} of {rows} rows)", provenance.name);
        let name = &provenance.name;
        output::note(&format!("warning: {name}: forecasts of a model with noise, not measurements"));
    }
}

/// Reads an encode table, CSV or Parquet.
fn read_table(path: &Path) -> Result<EncodeTable, Failure> {
    let failure = |error: io::Error| Failure::of_file(path, error);
    let Ok(mut file) = File::open(path) else { return Ok(EncodeTable::read(path)?) };
    if file.metadata().is_ok_and(|about| about.is_dir()) || !table::is_parquet(&mut file).map_err(failure)? {
        return Ok(EncodeTable::read(path)?);
    }
    let name = path.to_string_lossy();
    let parquet = AsCsv::new(ParquetTable::open(file.try_clone().map_err(failure)?, path)?);
    let mut table = EncodeTable::from_reader(parquet, &name)?;
    // The hash is that of the file, not of the text it was read as.
    file.seek(SeekFrom::Start(0)).map_err(failure)?;
    let mut hash = Sha256::new();
    let mut part = vec![0; 1 << 16];
    loop {
        match file.read(&mut part).map_err(failure)? {
            0 => break,
            count => hash.update(&part[..count]),
        }
    }
    let sha256: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    table.provenance.iter_mut().for_each(|provenance| provenance.sha256.clone_from(&sha256));
    Ok(table)
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
