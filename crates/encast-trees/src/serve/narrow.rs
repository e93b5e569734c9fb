//! Bisection along a line of rows: trees that can no longer change their answer drop out on the way.

use super::crossing::Crossing;
use super::packed::{Features, Packed, load};

/// Room for the trees of one search; ensembles with more are searched by plain prediction.
pub(super) const MOST_TREES: usize = 1024;
/// Trees that are walked side by side.
const TREES: usize = 8;

/// A tree whose leaf is not the same at both ends of the bracket.
#[derive(Debug, Clone, Copy, Default)]
struct Open {
    root: u32,
    /// The nodes where the walks from either end arrive.
    low: u32,
    high: u32,
}

/// Halves `bracket` until it is no wider than `precision`. `reached` is the sum over all trees that counts as reached
/// at a position.
///
/// Where a tree arrives at the same leaf from both ends, it arrives there from everywhere between, because each feature
/// moves one way along the line: its value is added once and it is not walked again.
pub(super) fn narrow<const W: usize>(
    packed: &Packed,
    used: &[u16],
    mut reached: impl FnMut(f64) -> f64,
    bracket: (f64, f64),
    precision: f64,
    row: &mut [f32],
    mut set: impl FnMut(f64, &mut [f32]),
) -> Crossing {
    let (mut low, mut high) = bracket;
    let mut open = [Open::default(); MOST_TREES];
    let mut count = packed.roots.len();
    for (open, &root) in open.iter_mut().zip(&packed.roots) {
        open.root = root;
    }
    let mut features: Features<W> = [0; W];
    let mut at = |position: f64, features: &mut Features<W>| {
        set(position, row);
        load(features, row, used);
    };
    let mut sum = 0.0;
    at(high, &mut features);
    arrive(packed, &mut open[..count], &features, |open, leaf| {
        sum += f64::from(packed.leaf(leaf));
        open.high = leaf;
    });
    if sum < reached(high) {
        return Crossing::Beyond;
    }
    sum = 0.0;
    at(low, &mut features);
    arrive(packed, &mut open[..count], &features, |open, leaf| {
        sum += f64::from(packed.leaf(leaf));
        open.low = leaf;
    });
    if sum >= reached(low) {
        return Crossing::Before;
    }
    let mut settled = settle(packed, &mut open, &mut count);
    let mut middles = [0; MOST_TREES];
    while high - low > precision {
        let middle = low + (high - low) / 2.0;
        at(middle, &mut features);
        let mut sum = settled;
        let mut lane = 0;
        arrive(packed, &mut open[..count], &features, |_, leaf| {
            sum += f64::from(packed.leaf(leaf));
            middles[lane] = leaf;
            lane += 1;
        });
        if sum >= reached(middle) {
            high = middle;
            open[..count].iter_mut().zip(&middles).for_each(|(open, &leaf)| open.high = leaf);
        } else {
            low = middle;
            open[..count].iter_mut().zip(&middles).for_each(|(open, &leaf)| open.low = leaf);
        }
        settled += settle(packed, &mut open, &mut count);
    }
    Crossing::Between { low, high }
}

/// Walks each tree to its leaf, in order.
fn arrive<const W: usize>(
    packed: &Packed,
    open: &mut [Open],
    features: &Features<W>,
    mut put: impl FnMut(&mut Open, u32),
) {
    let (groups, rest) = open.as_chunks_mut::<TREES>();
    for group in groups {
        let leaves = packed.walk_to(group.map(|open| open.root), |_| features);
        group.iter_mut().zip(leaves).for_each(|(open, leaf)| put(open, leaf));
    }
    for open in rest {
        let [leaf] = packed.walk_to([open.root], |_| features);
        put(open, leaf);
    }
}

/// Drops the trees whose leaf is the same at both ends, and returns the sum of their values.
fn settle(packed: &Packed, open: &mut [Open; MOST_TREES], count: &mut usize) -> f64 {
    let (mut sum, mut kept) = (0.0, 0);
    for i in 0..*count {
        let tree = open[i];
        if tree.low == tree.high {
            sum += f64::from(packed.leaf(tree.low));
        } else {
            open[kept] = tree;
            kept += 1;
        }
    }
    *count = kept;
    sum
}
