//! Grows one tree: best-first by gain, with histograms that siblings share.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use super::grown::{Grown, Step};
use super::histogram::Histogram;
use super::random::Random;
use super::sample::Table;
use super::split::{Bounds, Limits, Monotone, Search, Split, Sums};
use crate::{Node, Tree, TreeError};

/// Histograms are kept for subtraction as long as they take no more bytes than this.
const KEPT_BYTES: usize = 64 << 20;

/// What shapes a tree.
#[derive(Debug, Clone)]
pub(crate) struct Shape {
    pub(crate) max_leaves: usize,
    pub(crate) max_depth: usize,
    pub(crate) limits: Limits,
    /// Leaf values are multiplied by this.
    pub(crate) scale: f64,
    /// The share of columns tried at each split.
    pub(crate) columns_per_split: f64,
    /// By position among the table's columns.
    pub(crate) monotone: Vec<Monotone>,
}

/// A node as it is grown.
#[derive(Debug, Clone, Copy)]
struct Bud {
    start: usize,
    end: usize,
    depth: usize,
    sums: Sums,
    bounds: Bounds,
    split: Option<Split>,
    children: Option<(usize, usize)>,
}

/// A leaf that can be split, ordered by gain and then by age.
struct Candidate {
    gain: f64,
    bud: usize,
    histogram: Option<Histogram>,
}

impl Ord for Candidate {
    fn cmp(&self, other: &Self) -> Ordering {
        self.gain.total_cmp(&other.gain).then(other.bud.cmp(&self.bud))
    }
}
impl PartialOrd for Candidate {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl PartialEq for Candidate {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}
impl Eq for Candidate {}

/// Grows trees over one table, and keeps its buffers from tree to tree.
pub(crate) struct Grower<'t> {
    table: &'t Table<'t>,
    shape: &'t Shape,
    rows: Vec<u32>,
    spare: Vec<u32>,
    buds: Vec<Bud>,
    pool: Vec<Histogram>,
    live: usize,
    kept: usize,
    columns: Vec<usize>,
    threads: usize,
}

impl<'t> Grower<'t> {
    /// A grower that may use so many threads for one histogram; trees do not depend on their number.
    pub(crate) fn new(table: &'t Table<'t>, shape: &'t Shape, threads: usize) -> Self {
        let kept = (KEPT_BYTES / Histogram::size(table)).max(2);
        Self {
            table,
            shape,
            rows: Vec::new(),
            spare: Vec::new(),
            buds: Vec::new(),
            pool: Vec::new(),
            live: 0,
            kept,
            columns: Vec::new(),
            threads,
        }
    }

    /// Grows a tree on `rows` (rows of the table; a row named twice counts twice), splitting on `columns` only.
    pub(crate) fn grow(
        &mut self,
        rows: impl Iterator<Item = u32>,
        columns: &[u32],
        pulls: &[f64],
        random: &mut Random,
    ) -> Result<Grown, TreeError> {
        self.rows.clear();
        self.rows.extend(rows);
        self.spare.clear();
        self.spare.resize(self.rows.len(), 0);
        self.columns.clear();
        self.columns.extend(columns.iter().map(|&column| column as usize));
        self.buds.clear();
        let mut sums = Sums { rows: self.rows.len() as u32, ..Sums::default() };
        for &row in &self.rows {
            let weight = self.table.weight(row as usize);
            sums.sum += weight * pulls[row as usize];
            sums.weight += weight;
        }
        let end = self.rows.len();
        self.buds.push(Bud { start: 0, end, depth: 0, sums, bounds: Bounds::FREE, split: None, children: None });
        let mut heap = BinaryHeap::new();
        if self.splittable(0) {
            let histogram = self.sum(0, pulls);
            self.judge(0, histogram, &mut heap, random);
        }
        let mut leaves = 1;
        while leaves < self.shape.max_leaves {
            let Some(candidate) = heap.pop() else { break };
            leaves += 1;
            self.split(candidate, pulls, &mut heap, random);
        }
        for candidate in heap {
            self.give(candidate.histogram);
        }
        self.finish()
    }

    /// The rows of every leaf of the last tree, with the leaf's value as it is in the tree.
    pub(crate) fn leaves(&self) -> impl Iterator<Item = (&[u32], f32)> {
        let leaf = |bud: &&Bud| bud.children.is_none();
        self.buds.iter().filter(leaf).map(|bud| (&self.rows[bud.start..bud.end], self.value(bud)))
    }

    fn splittable(&self, bud: usize) -> bool {
        let bud = &self.buds[bud];
        bud.depth < self.shape.max_depth && u64::from(bud.sums.rows) >= 2 * u64::from(self.shape.limits.min_leaf_rows)
    }

    /// The histogram of one leaf.
    fn sum(&mut self, bud: usize, pulls: &[f64]) -> Histogram {
        self.live += 1;
        let mut histogram = self.pool.pop().unwrap_or_else(|| Histogram::new(self.table));
        let Bud { start, end, .. } = self.buds[bud];
        histogram.fill(self.table, &self.rows[start..end], pulls, self.threads);
        histogram
    }

    fn give(&mut self, histogram: Option<Histogram>) {
        if let Some(histogram) = histogram {
            self.live -= 1;
            self.pool.push(histogram);
        }
    }

    /// Finds the best split of a leaf and queues it.
    fn judge(&mut self, bud: usize, histogram: Histogram, heap: &mut BinaryHeap<Candidate>, random: &mut Random) {
        let split = self.search(bud, &histogram, random);
        self.buds[bud].split = split;
        match split {
            Some(split) if self.live <= self.kept => {
                heap.push(Candidate { gain: split.gain, bud, histogram: Some(histogram) });
            }
            Some(split) => {
                self.give(Some(histogram));
                heap.push(Candidate { gain: split.gain, bud, histogram: None });
            }
            None => self.give(Some(histogram)),
        }
    }

    fn search(&mut self, bud: usize, histogram: &Histogram, random: &mut Random) -> Option<Split> {
        let Bud { sums: total, bounds, .. } = self.buds[bud];
        let mut search = Search::new(histogram, self.shape.limits, total, bounds);
        let count = self.columns.len();
        let share = self.shape.columns_per_split;
        let drawn = if share >= 1.0 { count } else { ((count as f64 * share).ceil() as usize).clamp(1, count) };
        for i in 0..count {
            // A draw without gain is no reason to stop: the columns left over may have one.
            if i >= drawn && search.best.is_some() {
                break;
            }
            if drawn < count {
                let j = i + random.below(count - i);
                self.columns.swap(i, j);
            }
            let position = self.columns[i];
            search.column(position, &self.table.columns[position], self.shape.monotone[position]);
        }
        search.best
    }

    /// Parts a leaf in two and judges both.
    fn split(&mut self, candidate: Candidate, pulls: &[f64], heap: &mut BinaryHeap<Candidate>, random: &mut Random) {
        let bud = self.buds[candidate.bud];
        let Some(split) = bud.split else {
            return self.give(candidate.histogram);
        };
        let middle = self.part(&bud, &split);
        let monotone = self.shape.monotone[split.column];
        let bins = self.table.columns[split.column].missing();
        let bounds = split.bounds(monotone, bud.bounds, &self.shape.limits, bins);
        let depth = bud.depth + 1;
        let left = self.buds.len();
        let right = left + 1;
        self.buds[candidate.bud].children = Some((left, right));
        let child = |start, end, sums, bounds| Bud { start, end, depth, sums, bounds, split: None, children: None };
        self.buds.push(child(bud.start, middle, split.left, bounds.0));
        self.buds.push(child(middle, bud.end, split.right, bounds.1));
        let (small, large) = if middle - bud.start <= bud.end - middle { (left, right) } else { (right, left) };
        if !self.splittable(large) {
            return self.give(candidate.histogram);
        }
        let mut of_large = candidate.histogram;
        if of_large.is_some() || self.splittable(small) {
            let of_small = self.sum(small, pulls);
            if let Some(histogram) = &mut of_large {
                histogram.subtract(&of_small);
            }
            if self.splittable(small) {
                self.judge(small, of_small, heap, random);
            } else {
                self.give(Some(of_small));
            }
        }
        let of_large = match of_large {
            Some(histogram) => histogram,
            None => self.sum(large, pulls),
        };
        self.judge(large, of_large, heap, random);
    }

    /// Moves the rows of a leaf so that those that go left come first, both in their old order.
    fn part(&mut self, bud: &Bud, split: &Split) -> usize {
        let width = self.table.columns.len();
        let missing = self.table.columns[split.column].missing() as u8;
        let rows = &mut self.rows[bud.start..bud.end];
        let spare = &mut self.spare[..rows.len()];
        let (mut lefts, mut rights) = (0, 0);
        for i in 0..rows.len() {
            let row = rows[i];
            let bin = self.table.bins[row as usize * width + split.column];
            let left = bin <= split.bin || (split.missing_left && bin == missing);
            rows[lefts] = row;
            spare[rights] = row;
            lefts += usize::from(left);
            rights += usize::from(!left);
        }
        rows[lefts..].copy_from_slice(&spare[..rights]);
        bud.start + lefts
    }

    fn value(&self, bud: &Bud) -> f32 {
        let value = self.shape.limits.value(bud.sums, bud.bounds) * self.shape.scale;
        // Rounding to f32 keeps the order of values, so constraints survive it.
        value.clamp(f64::from(f32::MIN), f64::from(f32::MAX)) as f32
    }

    /// Lays the grown nodes out in preorder.
    fn finish(&mut self) -> Result<Grown, TreeError> {
        let mut nodes: Vec<Node> = Vec::with_capacity(self.buds.len());
        let mut steps: Vec<Step> = Vec::with_capacity(self.buds.len());
        // Buds still to be laid out, with the node whose right child they are.
        let mut pending = vec![(0, None)];
        while let Some((bud, parent)) = pending.pop() {
            let here = nodes.len() as u32;
            if let Some(parent) = parent {
                let parent: usize = parent;
                nodes[parent].right = here;
                steps[parent].right = here;
            }
            let bud = &self.buds[bud];
            let (Some(split), Some((left, right))) = (bud.split, bud.children) else {
                nodes.push(Node::leaf(self.value(bud)));
                steps.push(Step::leaf(here));
                continue;
            };
            let column = &self.table.columns[split.column];
            // Beyond the last threshold, all finite values go left, and only missing ones go right.
            let value = column.thresholds.get(usize::from(split.bin)).copied().unwrap_or(f32::MAX);
            let missing_left = split.missing_left;
            nodes.push(Node { value, right: 0, column: column.index, missing_left });
            steps.push(Step::split(here, &split, column));
            pending.push((right, Some(here as usize)));
            pending.push((left, None));
        }
        let columns = self.table.columns.iter().map(|column| usize::from(column.index) + 1).max().unwrap_or(1);
        Ok(Grown::new(Tree::new(nodes, columns)?, steps))
    }
}
