//! Walking packed trees: several trees or rows side by side.

use super::packed::{Features, Packed, load};
use crate::Rows;
use crate::model::{RankedMember, Tally};

/// Trees that are walked side by side for one row.
const TREES: usize = 8;
/// Rows that are walked side by side through one tree.
pub(super) const ROWS: usize = 8;
/// Rows that go through the trees together in a batch; a multiple of [`ROWS`].
pub(super) const BLOCK: usize = 64;

/// Adds leaves to the chain of one row and, at the end of each chain, chains to the tally.
///
/// With `SPREAD` off, only the mean is asked for, and the division that the spread costs for each member is saved.
#[derive(Clone, Copy)]
struct Sum<const SPREAD: bool> {
    chain: f64,
    total: f64,
    tally: Tally,
}

impl<const SPREAD: bool> Sum<SPREAD> {
    fn new() -> Self {
        Self { chain: 0.0, total: 0.0, tally: Tally::default() }
    }

    #[inline(always)]
    fn close(&mut self) {
        if SPREAD { self.tally.add(self.chain) } else { self.total += self.chain }
    }

    fn result(&self, members: usize) -> (f64, f64) {
        if SPREAD { (self.tally.mean(), self.tally.spread()) } else { (self.total / members as f64, 0.0) }
    }
}

/// One row through all trees, several trees at a time.
pub(super) fn single<const SPREAD: bool, const W: usize>(
    packed: &Packed,
    members: &[RankedMember],
    used: &[u16],
    row: &[f32],
) -> (f64, f64) {
    let mut features: Features<W> = [0; W];
    load(&mut features, row, used);
    let mut sum = Sum::<SPREAD>::new();
    let mut chains = members.iter();
    // Trees still to come of the chain that is being summed; chains without trees are closed on the way.
    let mut left = 0;
    let mut open = false;
    let mut add = |leaf: f32| {
        while left == 0 {
            if open {
                sum.close();
            }
            let Some(chain) = chains.next() else { return };
            (left, open, sum.chain) = (chain.trees, true, chain.base);
        }
        sum.chain += f64::from(leaf);
        left -= 1;
    };
    let (groups, rest) = packed.roots.as_chunks::<TREES>();
    for &roots in groups {
        for leaf in packed.walk(roots, |_| &features) {
            add(leaf);
        }
    }
    for &root in rest {
        let [leaf] = packed.walk([root], |_| &features);
        add(leaf);
    }
    if open {
        sum.close();
    }
    for chain in chains {
        sum.chain = chain.base;
        sum.close();
    }
    sum.result(members.len())
}

/// The first `end` rows, a block at a time: each tree takes the whole block while its nodes are in the nearest cache.
pub(super) fn blocks<const SPREAD: bool, const W: usize, const B: usize>(
    packed: &Packed,
    members: &[RankedMember],
    used: &[u16],
    rows: Rows<'_>,
    end: usize,
    put: &mut impl FnMut(usize, (f64, f64)),
) {
    let mut features: [Features<W>; B] = [[0; W]; B];
    for start in (0..end).step_by(B) {
        let count = B.min(end - start);
        for (i, features) in features.iter_mut().enumerate().take(count) {
            load(features, rows.row(start + i), used);
        }
        let mut sums = [Sum::<SPREAD>::new(); B];
        let mut roots = packed.roots.iter();
        for member in members {
            sums[..count].iter_mut().for_each(|sum| sum.chain = member.base);
            for &root in roots.by_ref().take(member.trees) {
                // The last lanes of the last block walk with features of rows long done; nobody reads their sums.
                let lanes = features.as_chunks::<ROWS>().0.iter().zip(sums.as_chunks_mut::<ROWS>().0);
                for (features, sums) in lanes.take(count.div_ceil(ROWS)) {
                    let leaves = packed.walk([root; ROWS], |lane| &features[lane]);
                    for (sum, leaf) in sums.iter_mut().zip(leaves) {
                        sum.chain += f64::from(leaf);
                    }
                }
            }
            sums[..count].iter_mut().for_each(Sum::close);
        }
        for (i, sum) in sums.iter().enumerate().take(count) {
            put(start + i, sum.result(members.len()));
        }
    }
}
