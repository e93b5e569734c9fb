//! The bundle as compact binary: fixed little-endian layout, lengths and checksum checked before anything is read.
//!
//! | offset | bytes | what |
//! |---|---|---|
//! | 0 | 8 | magic `\x89ENCAST\n` |
//! | 8 | 4 | format version |
//! | 12 | 4 | CRC-32 (IEEE) of every byte from offset 16 on |
//! | 16 | 8 | length of the whole file |
//! | 24 | 8 | length of the head: JSON, at offset 32 |
//! | 32 | – | head: metadata, schema, and each model without its trees |
//! | … | – | for each model: its trees (`trees.rs`); then, where the head names curves, for those of values and those of errors: count (u32) and numbers (f32) of the centres, count and numbers of the table and, from format 3 on, count and numbers of the basis |

use serde::{Deserialize, Serialize};

use crate::{
    bundle::{
        FORMAT_VERSION, FORMAT_WITH_BASIS, Metadata, Model,
        json::{SmoothTables, Tables, VariantHead, check_schema, schema},
        trees,
    },
    error::{Error, Result},
};

const MAGIC: &[u8; 8] = b"\x89ENCAST\n";

#[derive(Serialize, Deserialize)]
struct Head {
    metadata: Metadata,
    schema: Vec<String>,
    models: Vec<VariantHead>,
}

pub(crate) fn write(model: &Model) -> Result<Vec<u8>> {
    let head = Head {
        metadata: model.metadata().clone(),
        schema: schema(model),
        models: model.variants().iter().map(VariantHead::of).collect(),
    };
    let head = serde_json::to_vec(&head).map_err(|error| Error::corrupt(error.to_string()))?;
    let mut out = Vec::new();
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(&model.metadata().format_version.to_le_bytes());
    out.extend_from_slice(&[0; 4 + 8]);
    out.extend_from_slice(&(head.len() as u64).to_le_bytes());
    out.extend_from_slice(&head);
    let version = model.metadata().format_version;
    for variant in model.variants() {
        trees::write(&variant.flat, version, &mut out)?;
        if let Some(smooth) = &variant.smooth {
            for curves in [&smooth.direct.curves, &smooth.errors] {
                let parts = [&curves.centres, &curves.table, &curves.basis];
                for numbers in &parts[..parts_of_curves(version)] {
                    out.extend_from_slice(&(numbers.len() as u32).to_le_bytes());
                    numbers.iter().for_each(|number| out.extend_from_slice(&number.to_le_bytes()));
                }
            }
        }
    }
    let length = out.len() as u64;
    out[16..24].copy_from_slice(&length.to_le_bytes());
    let checksum = crc32fast::hash(&out[16..]);
    out[12..16].copy_from_slice(&checksum.to_le_bytes());
    Ok(out)
}

pub(crate) fn read(bytes: &[u8]) -> Result<Model> {
    let start = &bytes[..bytes.len().min(MAGIC.len())];
    if start != &MAGIC[..start.len()] {
        return Err(Error::WrongMagic { found: start.escape_ascii().to_string(), expected: "\\x89ENCAST\\n or {" });
    }
    let mut reader = Reader { bytes, at: MAGIC.len() };
    let version = reader.u32()?;
    if version > FORMAT_VERSION {
        return Err(Error::NewerFormat { found: version, supported: FORMAT_VERSION });
    }
    if version == 0 {
        return Err(Error::corrupt("format version 0"));
    }
    let expected = reader.u32()?;
    let length = reader.u64()?;
    let head_length = reader.u64()?;
    if length > bytes.len() as u64 {
        return Err(Error::Truncated { needed: length, found: bytes.len() as u64 });
    }
    if length < bytes.len() as u64 {
        return Err(Error::corrupt(format!("{} bytes behind the end of the bundle", bytes.len() as u64 - length)));
    }
    let found = crc32fast::hash(&bytes[16..]);
    if found != expected {
        return Err(Error::Checksum { expected, found });
    }
    let head = reader.take(usize::try_from(head_length).map_err(|_| Error::corrupt("length of the head"))?)?;
    let head: Head = serde_json::from_slice(head).map_err(|error| Error::corrupt(format!("head: {error}")))?;
    if head.metadata.format_version != version {
        let inside = head.metadata.format_version;
        return Err(Error::corrupt(format!("format version {version} outside, {inside} inside")));
    }
    check_schema(&head.schema)?;
    let variants = head
        .models
        .into_iter()
        .map(|variant| {
            let flat = trees::read(&mut reader, version, head.schema.len())?;
            let tables = match variant.curves.is_some() {
                true => Some(SmoothTables { values: reader.tables(version)?, errors: reader.tables(version)? }),
                false => None,
            };
            variant.with(flat, tables)
        })
        .collect::<Result<Vec<_>>>()?;
    if reader.at != bytes.len() {
        return Err(Error::corrupt(format!("{} bytes behind the last model", bytes.len() - reader.at)));
    }
    Model::new(head.metadata, variants)
}

/// Arrays of numbers of one model's curves.
fn parts_of_curves(version: u32) -> usize {
    if version >= FORMAT_WITH_BASIS { 3 } else { 2 }
}

/// Reads forward; never past the end, and never allocates for more than what is there.
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn take(&mut self, count: usize) -> Result<&'a [u8]> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let taken = rest.get(..count).ok_or(Error::Truncated {
            needed: (self.at as u64).saturating_add(count as u64),
            found: self.bytes.len() as u64,
        })?;
        self.at += count;
        Ok(taken)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    pub(super) fn u32(&mut self) -> Result<u32> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    fn u64(&mut self) -> Result<u64> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    /// A count of things that take at least `least` bytes each.
    pub(super) fn count(&mut self, least: usize) -> Result<usize> {
        let count = self.u32()? as usize;
        let needed = (count as u64) * least as u64 + self.at as u64;
        if needed > self.bytes.len() as u64 {
            return Err(Error::Truncated { needed, found: self.bytes.len() as u64 });
        }
        Ok(count)
    }

    fn tables(&mut self, version: u32) -> Result<Tables> {
        let (centres, table) = (self.numbers()?, self.numbers()?);
        let basis = if parts_of_curves(version) > 2 { self.numbers()? } else { Vec::new() };
        Ok(Tables { centres, table, basis })
    }

    fn numbers(&mut self) -> Result<Vec<f32>> {
        let count = self.count(4)?;
        self.floats(count)
    }

    /// So many numbers.
    pub(super) fn floats(&mut self, count: usize) -> Result<Vec<f32>> {
        let bytes = self.take(count.saturating_mul(4))?.as_chunks::<4>().0;
        Ok(bytes.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect())
    }
}
