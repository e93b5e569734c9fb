//! Scoring with vectors of bytes, written once for all sets of instructions.
#![allow(clippy::needless_range_loop, reason = "lane by lane, as the vectors that come of it")]

use super::lanes::{ABREAST, Abreast, GROUP, Group, Lanes, OF_BYTE};
use super::ranks::{BLOCK, BlockRanks, RowRanks};
use super::simd::{Isa, Line};
use crate::Rows;
use crate::model::{MOST_PLACES, Tally};

/// Groups of trees whose leaves are found before they are summed.
const GROUPS: usize = 16;

/// Rows to be scored: the first `means.len()`.
pub(super) struct Batch<'a, 'b> {
    pub lanes: &'a Lanes,
    pub rows: Rows<'a>,
    pub means: &'b mut [f64],
    /// As many, or none.
    pub spreads: &'b mut [f64],
}

/// One row to be scored.
pub(super) struct One<'a, 'b> {
    pub lanes: &'a Lanes,
    pub row: &'a [f32],
    /// What is known of it, to be kept from row to row of a search.
    pub ranks: &'b mut RowRanks,
    /// The places whose ranks are out of date; all of them without.
    pub moved: Option<&'a [u8]>,
    /// Receives mean and spread.
    pub answer: &'b mut (f64, f64),
}

#[inline(always)]
pub(super) fn batch<I: Isa>(isa: I, work: Batch<'_, '_>) {
    match work.lanes.bytes {
        1 => batch_of::<I, 1, 8>(isa, work),
        2 => batch_of::<I, 2, 16>(isa, work),
        4 => batch_of::<I, 4, 32>(isa, work),
        _ => batch_of::<I, 8, 64>(isa, work),
    }
}

#[inline(always)]
pub(super) fn one<I: Isa>(isa: I, work: One<'_, '_>) {
    match work.lanes.bytes {
        1 => one_of::<I, 1, 8>(isa, work),
        2 => one_of::<I, 2, 16>(isa, work),
        4 => one_of::<I, 4, 32>(isa, work),
        _ => one_of::<I, 8, 64>(isa, work),
    }
}

/// [`Tally`] for a block of rows: the same operations in the same order.
struct Tallies {
    count: f64,
    sum: [f64; BLOCK],
    centre: [f64; BLOCK],
    squares: [f64; BLOCK],
}

impl Tallies {
    #[inline(always)]
    fn add(&mut self, values: &[f64; BLOCK]) {
        self.count += 1.0;
        for i in 0..BLOCK {
            self.sum[i] += values[i];
            let step = values[i] - self.centre[i];
            self.centre[i] += step / self.count;
            self.squares[i] += step * (values[i] - self.centre[i]);
        }
    }
}

#[inline(always)]
fn batch_of<I: Isa, const BYTES: usize, const LEAVES: usize>(isa: I, work: Batch<'_, '_>) {
    let Batch { lanes, rows, means, spreads } = work;
    let mut ranks: BlockRanks = [Line::ZERO; MOST_PLACES];
    let mut which = [0u8; BLOCK];
    let leaves = lanes.leaves.as_chunks::<LEAVES>().0;
    for start in (0..means.len()).step_by(BLOCK) {
        let count = BLOCK.min(means.len() - start);
        lanes.places.of_block(isa, rows, start, count, &mut ranks);
        let zero = [0.0; BLOCK];
        let mut tallies = Tallies { count: 0.0, sum: zero, centre: zero, squares: zero };
        let (mut trees, mut from) = (lanes.ends.iter().zip(leaves), 0);
        for chain in &lanes.ranked.members {
            let mut sums = [chain.base; BLOCK];
            for (&end, leaves) in trees.by_ref().take(chain.trees) {
                let end = end as usize;
                arrive_rows::<I, BYTES>(isa, &ranks, &lanes.words[from..end], &mut which);
                from = end;
                isa.add_leaves::<LEAVES>(leaves, &which, &mut sums);
            }
            if spreads.is_empty() {
                tallies.sum.iter_mut().zip(&sums).for_each(|(total, sum)| *total += sum);
            } else {
                tallies.add(&sums);
            }
        }
        let members = lanes.ranked.members.len() as f64;
        for (mean, sum) in means[start..].iter_mut().zip(&tallies.sum[..count]) {
            *mean = sum / members;
        }
        if !spreads.is_empty() {
            for (spread, squares) in spreads[start..].iter_mut().zip(&tallies.squares[..count]) {
                *spread = (squares / members).max(0.0).sqrt();
            }
        }
    }
}

/// The leaves of a block of rows in one tree.
#[inline(always)]
fn arrive_rows<I: Isa, const BYTES: usize>(isa: I, ranks: &BlockRanks, words: &[u32], which: &mut [u8; BLOCK]) {
    for at in (0..BLOCK).step_by(I::LANES) {
        let mut sets = [isa.splat(u8::MAX); BYTES];
        let mut rest = words;
        macro_rules! section {
            ($touched:literal) => {
                if $touched <= BYTES {
                    let (these, later) = rest.split_at(rest.len().min(OF_BYTE * (2 + $touched)));
                    rest = later;
                    for words in these.as_chunks::<{ 2 + $touched }>().0 {
                        let rank = isa.load(&ranks[words[0] as usize % MOST_PLACES], at);
                        let left = isa.at_most(rank, isa.repeat(words[1]));
                        for (set, &stay) in sets.iter_mut().zip(&words[2..]) {
                            *set = isa.and(*set, isa.or(left, isa.repeat(stay)));
                        }
                    }
                }
            };
        }
        section!(1);
        section!(2);
        section!(3);
        section!(4);
        section!(5);
        section!(6);
        section!(7);
        section!(8);
        let _ = rest;
        isa.store(leftmost(isa, sets), which, at);
    }
}

/// The number of the lowest leaf that stays.
#[inline(always)]
fn leftmost<I: Isa, const BYTES: usize>(isa: I, sets: [I::Bytes; BYTES]) -> I::Bytes {
    let mut found = isa.splat(0);
    for (byte, &set) in sets.iter().enumerate().rev() {
        found = isa.lowest(set, (byte * OF_BYTE) as u8, found);
    }
    found
}

#[inline(always)]
fn one_of<I: Isa, const BYTES: usize, const LEAVES: usize>(isa: I, work: One<'_, '_>) {
    let One { lanes, row, ranks, moved, answer } = work;
    match moved {
        None => lanes.places.of_row(isa, row, ranks),
        Some(moved) => lanes.places.of_moved(isa, row, moved, ranks),
    }
    if BYTES == 1
        && let Some(abreast) = &lanes.abreast
    {
        return *answer = sum_abreast(isa, lanes, abreast, ranks);
    }
    let mut which = [0u8; GROUPS * GROUP];
    let mut sum = Sum { lanes, chain: None, next: 0, left: 0, tally: Tally::default() };
    let leaves = lanes.leaves.as_chunks::<LEAVES>().0;
    let mut first = 0;
    for groups in lanes.groups.chunks(GROUPS) {
        for (group, which) in groups.iter().zip(which.as_chunks_mut::<GROUP>().0) {
            arrive_trees::<I, BYTES>(isa, lanes, ranks, *group, which);
        }
        let trees = (leaves.len() - first).min(GROUPS * GROUP);
        sum.add(&leaves[first..first + trees], &which);
        first += trees;
    }
    *answer = sum.finish();
}

/// The leaves of one row in 64 trees.
#[inline(always)]
fn arrive_trees<I: Isa, const BYTES: usize>(
    isa: I,
    lanes: &Lanes,
    ranks: &RowRanks,
    group: Group,
    which: &mut [u8; GROUP],
) {
    let (lines, splits) = (&lanes.lines[group.first_line..], group.splits);
    match lanes.places.as_slice().len() {
        0..=16 => arrive_among::<I, BYTES, 1>(isa, ranks, lines, splits, which),
        17..=32 => arrive_among::<I, BYTES, 2>(isa, ranks, lines, splits, which),
        33..=64 => arrive_among::<I, BYTES, 4>(isa, ranks, lines, splits, which),
        65..=128 => arrive_among::<I, BYTES, 8>(isa, ranks, lines, splits, which),
        _ => arrive_among::<I, BYTES, 16>(isa, ranks, lines, splits, which),
    }
}

/// As [`arrive_trees`], for so many times sixteen places at most.
#[inline(always)]
fn arrive_among<I: Isa, const BYTES: usize, const SIXTEENS: usize>(
    isa: I,
    ranks: &RowRanks,
    lines: &[Line],
    splits: usize,
    which: &mut [u8; GROUP],
) {
    for at in (0..GROUP).step_by(I::LANES) {
        let mut sets = [isa.splat(u8::MAX); BYTES];
        let (mut rest, mut left_over) = (lines, splits);
        macro_rules! section {
            ($touched:literal) => {
                if $touched <= BYTES {
                    let these = left_over.min(OF_BYTE);
                    left_over -= these;
                    let (now, later) = rest.split_at(these * (2 + $touched));
                    rest = later;
                    for lines in now.as_chunks::<{ 2 + $touched }>().0 {
                        let rank = isa.look_up::<SIXTEENS>(ranks, isa.load(&lines[0], at));
                        let left = isa.at_most(rank, isa.load(&lines[1], at));
                        for (set, stay) in sets.iter_mut().zip(&lines[2..]) {
                            *set = isa.and(*set, isa.or(left, isa.load(stay, at)));
                        }
                    }
                }
            };
        }
        section!(1);
        section!(2);
        section!(3);
        section!(4);
        section!(5);
        section!(6);
        section!(7);
        section!(8);
        let _ = (rest, left_over);
        isa.store(leftmost(isa, sets), which, at);
    }
}

/// Leaves to be added to their chains, tree after tree.
struct Sum<'a> {
    lanes: &'a Lanes,
    /// The chain that is being summed.
    chain: Option<f64>,
    next: usize,
    /// Trees still to come of it.
    left: usize,
    tally: Tally,
}

impl Sum<'_> {
    #[inline(always)]
    fn add<const LEAVES: usize>(&mut self, leaves: &[[f32; LEAVES]], which: &[u8]) {
        let mut which = which.iter();
        let mut leaves = leaves.iter();
        while leaves.len() > 0 {
            while self.left == 0 {
                self.open();
            }
            let count = self.left.min(leaves.len());
            let start = self.chain.unwrap_or(0.0);
            let these = leaves.by_ref().take(count).zip(which.by_ref());
            let mut sum = start;
            for (leaves, &leaf) in these {
                sum += f64::from(leaves[usize::from(leaf) % LEAVES]);
            }
            self.chain = Some(sum);
            self.left -= count;
        }
    }

    /// Closes the chain that is summed, and opens the next one.
    fn open(&mut self) {
        if let Some(sum) = self.chain {
            self.tally.add(sum);
        }
        let next = self.lanes.ranked.members.get(self.next);
        self.next += 1;
        (self.chain, self.left) = (next.map(|next| next.base), next.map_or(usize::MAX, |next| next.trees));
    }

    fn finish(mut self) -> (f64, f64) {
        while self.next <= self.lanes.ranked.members.len() {
            self.open();
        }
        (self.tally.mean(), self.tally.spread())
    }
}

/// One row, where the members' chains are summed side by side.
#[inline(always)]
fn sum_abreast<I: Isa>(isa: I, lanes: &Lanes, abreast: &[Abreast], ranks: &RowRanks) -> (f64, f64) {
    let members = &lanes.ranked.members;
    let mut sums = [0.0; ABREAST];
    sums.iter_mut().zip(members).for_each(|(sum, member)| *sum = member.base);
    let (mut which, mut values) = ([0; GROUP], [0.0; GROUP]);
    for (group, leaves) in lanes.groups.iter().zip(abreast) {
        arrive_trees::<I, 1>(isa, lanes, ranks, *group, &mut which);
        isa.select_leaves(leaves, &which, &mut values);
        for values in values.as_chunks().0 {
            isa.add_eight(values, &mut sums);
        }
    }
    let mut tally = Tally::default();
    for &sum in &sums[..members.len().min(ABREAST)] {
        tally.add(sum);
    }
    (tally.mean(), tally.spread())
}
