//! The trees of a model in the binary bundle: node by node, or in short.
//!
//! Node by node (formats 1 and 2, and in format 3 behind the number 0, u32): members (u32); for each member: base (f64), trees
//! (u32); for each tree: nodes (u32), then 12 bytes a node: value (f32), right child (u32), column (u16), missing goes left
//! (u8), 0 (u8).
//!
//! In short (format 3, behind the number 1, u32): members (u32), for each: base (f64), trees (u32); places (u32), for each:
//! column (u16), missing goes left (u8), thresholds (u8) and these (f32); for each tree its leaves (u8); for each split its
//! place, for each its rank, for each its first leaf on the left (u8); for each leaf its value (f32).

use encast_trees::{
    Ensemble, FlatEnsemble, Member, Node, RankedMember, RankedPlace, RankedSplit, RankedTrees, Tree, TreeError,
};

use super::{FORMAT_WITH_BASIS, binary::Reader};
use crate::error::{Error, Result};

const NODE_BYTES: usize = 12;
const NODE_BY_NODE: u32 = 0;
const IN_SHORT: u32 = 1;

pub(super) fn write(flat: &FlatEnsemble, version: u32, out: &mut Vec<u8>) -> Result<()> {
    let mut put = |bytes: &[u8]| out.extend_from_slice(bytes);
    let short = flat.ranked().filter(|_| version >= FORMAT_WITH_BASIS);
    if let Some(ranked) = short {
        put(&IN_SHORT.to_le_bytes());
        put(&(ranked.members.len() as u32).to_le_bytes());
        for member in &ranked.members {
            put(&member.base.to_le_bytes());
            put(&(member.trees as u32).to_le_bytes());
        }
        put(&(ranked.places.len() as u32).to_le_bytes());
        for place in &ranked.places {
            put(&place.column.to_le_bytes());
            put(&[u8::from(place.missing_left), place.thresholds.len() as u8]);
            place.thresholds.iter().for_each(|threshold| put(&threshold.to_le_bytes()));
        }
        put(&ranked.leaf_counts);
        ranked.splits.iter().for_each(|split| put(&[split.place]));
        ranked.splits.iter().for_each(|split| put(&[split.rank]));
        ranked.splits.iter().for_each(|split| put(&[split.first]));
        ranked.leaves.iter().for_each(|leaf| put(&leaf.to_le_bytes()));
        return Ok(());
    }
    if version >= FORMAT_WITH_BASIS {
        put(&NODE_BY_NODE.to_le_bytes());
    }
    let ensemble = flat.ensemble()?;
    put(&(ensemble.members().len() as u32).to_le_bytes());
    for member in ensemble.members() {
        put(&member.base.to_le_bytes());
        put(&(member.trees.len() as u32).to_le_bytes());
        for tree in &member.trees {
            put(&(tree.nodes().len() as u32).to_le_bytes());
            for node in tree.nodes() {
                put(&node.value.to_le_bytes());
                put(&node.right.to_le_bytes());
                put(&node.column.to_le_bytes());
                put(&[u8::from(node.missing_left), 0]);
            }
        }
    }
    Ok(())
}

pub(super) fn read(reader: &mut Reader<'_>, version: u32, columns: usize) -> Result<FlatEnsemble> {
    if version >= FORMAT_WITH_BASIS {
        match reader.u32()? {
            NODE_BY_NODE => (),
            IN_SHORT => {
                let corrupt = |error: TreeError| Error::corrupt(error.to_string());
                return FlatEnsemble::from_ranked(in_short(reader, columns)?).map_err(corrupt);
            }
            other => return Err(Error::corrupt(format!("trees in form {other}, 0 and 1 are known"))),
        }
    }
    let members = reader.count(12)?;
    let members = (0..members).map(|_| member(reader, columns)).collect::<Result<Vec<_>>>()?;
    Ok(FlatEnsemble::new(&Ensemble::new(columns, members)?))
}

fn in_short(reader: &mut Reader<'_>, columns: usize) -> Result<RankedTrees> {
    let count = reader.count(12)?;
    let mut members = Vec::with_capacity(count);
    for _ in 0..count {
        let base = f64::from_le_bytes(reader.array()?);
        members.push(RankedMember { base, trees: reader.u32()? as usize });
    }
    let count = reader.count(4)?;
    let mut places = Vec::with_capacity(count);
    for _ in 0..count {
        let column = u16::from_le_bytes(reader.array()?);
        let [missing_left, count] = reader.array()?;
        let thresholds = reader.floats(usize::from(count))?;
        places.push(RankedPlace { column, missing_left: missing_left != 0, thresholds });
    }
    let trees = members.iter().fold(0usize, |sum, member| sum.saturating_add(member.trees));
    let leaf_counts = reader.take(trees)?.to_vec();
    let leaves = leaf_counts.iter().map(|&leaves| usize::from(leaves)).sum::<usize>();
    let count = leaves.saturating_sub(trees);
    let (of_place, ranks, firsts) = (reader.take(count)?, reader.take(count)?, reader.take(count)?);
    let split = |((&place, &rank), &first)| RankedSplit { place, rank, first };
    let splits = of_place.iter().zip(ranks).zip(firsts).map(split).collect();
    Ok(RankedTrees { columns, places, members, leaf_counts, splits, leaves: reader.floats(leaves)? })
}

fn member(reader: &mut Reader<'_>, columns: usize) -> Result<Member> {
    let base = f64::from_le_bytes(reader.array()?);
    let trees = reader.count(4 + NODE_BYTES)?;
    let trees = (0..trees).map(|_| tree(reader, columns)).collect::<Result<Vec<_>>>()?;
    Ok(Member { base, trees })
}

fn tree(reader: &mut Reader<'_>, columns: usize) -> Result<Tree> {
    let nodes = reader.count(NODE_BYTES)?;
    let nodes = reader
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
