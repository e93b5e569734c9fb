//! The table on the disk while it grows: whole rows only, none twice, whatever ends the program.

use std::{
    collections::HashSet,
    fs::{File, TryLockError},
    io::{Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use super::row::Row;
use crate::{failure::Failure, output::Replacement};

/// An encode table that rows are appended to.
pub struct Store {
    path: PathBuf,
    file: Mutex<File>,
    done: HashSet<String>,
    failed: usize,
}

impl Store {
    /// Opens a table, or starts one. The end of a row that was being written when the program was killed is cut off;
    /// a file that is no such table, or is being written by another program, is an error.
    pub fn open(path: &Path, retry_failed: bool) -> Result<Store, Failure> {
        let bad = |error: std::io::Error| Failure::of_file(path, error);
        if path.is_dir() {
            return Err(Failure::of_file(path, "is a folder"));
        }
        let mut file = File::options().read(true).append(true).create(true).open(path).map_err(bad)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Failure::of_file(path, "is being written by another encast measure"));
            }
            Err(TryLockError::Error(error)) => return Err(bad(error)),
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(bad)?;
        let whole = bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
        let rows = rows_of(&bytes[..whole], path)?;
        if whole < bytes.len() {
            file.set_len(whole as u64).map_err(bad)?;
        }
        if whole == 0 {
            let header = Row::columns().join(",") + "\n";
            file.write_all(header.as_bytes()).map_err(bad)?;
            file.sync_all().map_err(bad)?;
        }
        file.seek(SeekFrom::End(0)).map_err(bad)?;
        let failed = rows.iter().filter(|row| row.status == "failed").count();
        let done = rows.iter().map(|row| row.job.clone()).collect();
        let store = Store { path: path.to_owned(), file: Mutex::new(file), done, failed };
        if !(retry_failed && failed > 0) {
            return Ok(store);
        }
        let worked: Vec<Row> = rows.into_iter().filter(|row| row.status != "failed").collect();
        store.replace(&worked)?;
        // The lock is on the file that was replaced.
        drop(store);
        Store::open(path, false)
    }

    /// Whether a job has its row.
    pub fn has(&self, job: &str) -> bool {
        self.done.contains(job)
    }

    /// Puts other rows in the place of all rows, at once or not at all.
    pub fn replace(&self, rows: &[Row]) -> Result<(), Failure> {
        let bad = |error: csv::Error| Failure::of_file(&self.path, error);
        let mut writer = csv::Writer::from_writer(Replacement::of(&self.path)?);
        rows.iter().try_for_each(|row| writer.serialize(row)).map_err(bad)?;
        let file = writer.into_inner().map_err(|error| Failure::of_file(&self.path, error.error()))?;
        file.finish()
    }

    /// Rows of encodes that failed, when the table was opened.
    pub fn failed(&self) -> usize {
        self.failed
    }

    /// All rows as they are on the disk now.
    pub fn rows(&self) -> Result<Vec<Row>, Failure> {
        read(&self.path)
    }

    /// Appends a row, and returns when it is on the disk.
    pub fn append(&self, row: &Row) -> Result<(), Failure> {
        let bad = |error: std::io::Error| Failure::of_file(&self.path, error);
        let mut writer = csv::WriterBuilder::new().has_headers(false).from_writer(Vec::new());
        writer.serialize(row).map_err(|error| Failure::of_file(&self.path, error))?;
        let line = writer.into_inner().map_err(|error| Failure::of_file(&self.path, error.error()))?;
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        // In one piece: what is killed in between leaves a line without an end, which the next start cuts off.
        file.write_all(&line).map_err(bad)?;
        file.sync_data().map_err(bad)
    }
}

/// Reads the rows of a table that this program wrote.
fn read(path: &Path) -> Result<Vec<Row>, Failure> {
    let bytes = std::fs::read(path).map_err(|error| Failure::of_file(path, error))?;
    rows_of(&bytes, path)
}

fn rows_of(bytes: &[u8], path: &Path) -> Result<Vec<Row>, Failure> {
    if bytes.is_empty() {
        return Ok(Vec::new());
    }
    let mut reader = csv::Reader::from_reader(bytes);
    let header = reader.headers().map_err(|error| Failure::of_file(path, error))?;
    if !header.iter().eq(Row::columns().iter().map(String::as_str)) {
        return Err(Failure::of_file(path, "is not a table of this version of encast measure: its columns differ"));
    }
    reader.deserialize().collect::<Result<_, _>>().map_err(|error| Failure::of_file(path, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(job: &str, status: &str) -> Row {
        Row {
            title: "a, \"b\"".to_owned(),
            job: job.to_owned(),
            status: status.to_owned(),
            vmaf: Some(93.25),
            ..Row::default()
        }
    }

    #[test]
    fn what_was_cut_short_is_measured_again_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.csv");
        let store = Store::open(&path, false).unwrap();
        store.append(&row("one", "ok")).unwrap();
        store.append(&row("two", "failed")).unwrap();
        assert!(Store::open(&path, false).is_err(), "two programs at once");
        drop(store);
        let whole = std::fs::read(&path).unwrap();
        // As if killed at each byte of a third row.
        for cut in 1..20 {
            let mut bytes = whole.clone();
            bytes.extend_from_slice(&b"\"a, \"\"b\"\"\",natural,ffmpeg"[..cut]);
            std::fs::write(&path, &bytes).unwrap();
            let store = Store::open(&path, false).unwrap();
            assert!(store.has("one") && store.has("two") && store.failed() == 1);
            assert_eq!(std::fs::read(&path).unwrap(), whole, "cut at {cut}");
        }
        let store = Store::open(&path, true).unwrap();
        assert!(store.has("one") && !store.has("two"), "what failed is tried again when asked for");
        drop(store);
        assert_eq!(read(&path).unwrap()[0], row("one", "ok"));
        std::fs::write(&path, "title,vmaf\na,3\n").unwrap();
        assert!(Store::open(&path, false).is_err(), "another table is not appended to");
        assert_eq!(std::fs::read(&path).unwrap(), b"title,vmaf\na,3\n");
    }
}
