//! CSV a chunk of rows at a time.

use std::{
    io::Read,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use csv::ByteRecord;
use encast::{RequestColumns, RequestReader};

use crate::failure::Failure;

/// Bytes of a chunk, about: rows may be long.
const CHUNK_BYTES: usize = 4 << 20;

/// A CSV file that is read.
pub struct CsvTable {
    reader: RequestReader<Counted>,
    read: Arc<AtomicU64>,
    bytes: Option<u64>,
}

/// Rows with their lines.
pub struct CsvChunk {
    pub rows: Vec<(ByteRecord, u64)>,
}

impl CsvTable {
    /// Reads the header. `bytes` is how long the file is, where that is known.
    pub fn new(file: Box<dyn Read + Send>, path: &Path, bytes: Option<u64>) -> Result<CsvTable, Failure> {
        let read = Arc::new(AtomicU64::new(0));
        let counted = Counted { inner: file, read: Arc::clone(&read) };
        Ok(CsvTable { reader: RequestReader::new(counted, &path.to_string_lossy())?, read, bytes })
    }

    pub fn header(&self) -> &ByteRecord {
        self.reader.header()
    }

    pub fn columns(&self) -> &RequestColumns {
        self.reader.columns()
    }

    /// The share of the file that was read, where its length is known.
    pub fn share(&self) -> Option<f64> {
        self.bytes.filter(|&bytes| bytes > 0).map(|bytes| self.read.load(Ordering::Relaxed) as f64 / bytes as f64)
    }

    /// The next rows, at most so many; `None` at the end. Rows that were read before an error are lost.
    pub fn next(&mut self, most: usize) -> Result<Option<CsvChunk>, (CsvChunk, Failure)> {
        let (mut rows, mut bytes) = (Vec::with_capacity(most), 0);
        while rows.len() < most && bytes < CHUNK_BYTES {
            let mut row = ByteRecord::new();
            match self.reader.read(&mut row) {
                Ok(Some(line)) => {
                    bytes += row.as_slice().len();
                    rows.push((row, line));
                }
                Ok(None) => break,
                Err(error) => return Err((CsvChunk { rows }, error.into())),
            }
        }
        Ok((!rows.is_empty()).then_some(CsvChunk { rows }))
    }
}

/// Counts what is read through it.
struct Counted {
    inner: Box<dyn Read + Send>,
    read: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let count = self.inner.read(into)?;
        self.read.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}
