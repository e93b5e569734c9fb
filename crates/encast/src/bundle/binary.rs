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
//! | … | – | for each model: members (u32); for each member: base (f64), trees (u32); for each tree: nodes (u32), then 12 bytes a node: value (f32), right child (u32), column (u16), missing goes left (u8), 0 (u8); then, where the head names curves, for those of values and those of errors: count (u32) and numbers (f32) of the centres, count (u32) and numbers (f32) of the table |

use encast_trees::{Ensemble, Member, Node, Tree};
use serde::{Deserialize, Serialize};

use crate::{
    bundle::{
        FORMAT_VERSION, Metadata, Model,
        json::{SmoothTables, Tables, VariantHead, check_schema, schema},
    },
    error::{Error, Result},
};

const MAGIC: &[u8; 8] = b"\x89ENCAST\n";
const NODE_BYTES: usize = 12;

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
    for variant in model.variants() {
        let members = variant.ensemble.members();
        out.extend_from_slice(&(members.len() as u32).to_le_bytes());
        for member in members {
            out.extend_from_slice(&member.base.to_le_bytes());
            out.extend_from_slice(&(member.trees.len() as u32).to_le_bytes());
            for tree in &member.trees {
                out.extend_from_slice(&(tree.nodes().len() as u32).to_le_bytes());
                for node in tree.nodes() {
                    out.extend_from_slice(&node.value.to_le_bytes());
                    out.extend_from_slice(&node.right.to_le_bytes());
                    out.extend_from_slice(&node.column.to_le_bytes());
                    out.extend_from_slice(&[u8::from(node.missing_left), 0]);
                }
            }
        }
        if let Some(smooth) = &variant.smooth {
            let tables = [&smooth.direct.curves, &smooth.errors].map(|curves| [&curves.centres, &curves.table]);
            for numbers in tables.into_iter().flatten() {
                out.extend_from_slice(&(numbers.len() as u32).to_le_bytes());
                numbers.iter().for_each(|number| out.extend_from_slice(&number.to_le_bytes()));
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
            let ensemble = reader.ensemble(head.schema.len())?;
            let tables = match variant.curves.is_some() {
                true => Some(SmoothTables { values: reader.tables()?, errors: reader.tables()? }),
                false => None,
            };
            variant.with(ensemble, tables)
        })
        .collect::<Result<Vec<_>>>()?;
    if reader.at != bytes.len() {
        return Err(Error::corrupt(format!("{} bytes behind the last model", bytes.len() - reader.at)));
    }
    Model::new(head.metadata, variants)
}

/// Reads forward; never past the end, and never allocates for more than what is there.
struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8]> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let taken = rest.get(..count).ok_or(Error::Truncated {
            needed: (self.at as u64).saturating_add(count as u64),
            found: self.bytes.len() as u64,
        })?;
        self.at += count;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    fn u32(&mut self) -> Result<u32> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    fn u64(&mut self) -> Result<u64> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    /// A count of things that take at least `least` bytes each.
    fn count(&mut self, least: usize) -> Result<usize> {
        let count = self.u32()? as usize;
        let needed = (count as u64) * least as u64 + self.at as u64;
        if needed > self.bytes.len() as u64 {
            return Err(Error::Truncated { needed, found: self.bytes.len() as u64 });
        }
        Ok(count)
    }

    fn tables(&mut self) -> Result<Tables> {
        Ok(Tables { centres: self.numbers()?, table: self.numbers()? })
    }

    fn numbers(&mut self) -> Result<Vec<f32>> {
        let count = self.count(4)?;
        let bytes = self.take(count * 4)?.as_chunks::<4>().0;
        Ok(bytes.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect())
    }

    fn ensemble(&mut self, columns: usize) -> Result<Ensemble> {
        let members = self.count(12)?;
        let members = (0..members).map(|_| self.member(columns)).collect::<Result<Vec<_>>>()?;
        Ok(Ensemble::new(columns, members)?)
    }

    fn member(&mut self, columns: usize) -> Result<Member> {
        let base = f64::from_le_bytes(self.array()?);
        let trees = self.count(4 + NODE_BYTES)?;
        let trees = (0..trees).map(|_| self.tree(columns)).collect::<Result<Vec<_>>>()?;
        Ok(Member { base, trees })
    }

    fn tree(&mut self, columns: usize) -> Result<Tree> {
        let nodes = self.count(NODE_BYTES)?;
        let nodes = self
            .take(nodes * NODE_BYTES)?
            .chunks_exact(NODE_BYTES)
            .map(|node| Node {
                value: f32::from_le_bytes([node[0], node[1], node[2], node[3]]),
                right: u32::from_le_bytes([node[4], node[5], node[6], node[7]]),
                column: u16::from_le_bytes([node[8], node[9]]),
                missing_left: node[10] != 0,
            })
            .collect();
        Tree::new(nodes, columns).map_err(|error| Error::corrupt(error.to_string()))
    }
}
