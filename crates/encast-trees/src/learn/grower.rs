//! Grows one tree: best-first by gain, with histograms that siblings share.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use super::grown::{Grown, Step};
use super::histogram::Histogram;
use super::parallel::Crew;
use super::parting::{CHUNK, Parting};
use super::random::Random;
use super::sample::Table;
use super::split::{Bounds, Limits, Monotone, Search, Split, Sums};
use crate::{Node, Tree, TreeError};

/// Histograms are kept for subtraction as long as they take no more bytes than this.
const KEPT_BYTES: usize = 64 << 20;

/// From so many columns on, two leaves are searched side by side.
const WIDE: usize = 8;

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
    /// Which of the two lists holds the leaf's rows.
    side: usize,
    start: usize,
    end: usize,
    depth: usize,
    sums: Sums,
    bounds: Bounds,
    split: Option<Split>,
    children: Option<(usize, usize)>,
}

/// A leaf that can be split, ordered by gain and then by age.
struct Candidate<H> {
    gain: f64,
    bud: usize,
    histogram: Option<H>,
}

impl<H> Ord for Candidate<H> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.gain.total_cmp(&other.gain).then(other.bud.cmp(&self.bud))
    }
}
impl<H> PartialOrd for Candidate<H> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl<H> PartialEq for Candidate<H> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}
impl<H> Eq for Candidate<H> {}

/// Grows trees over one table, and keeps its buffers from tree to tree.
pub(crate) struct Grower<'t, H: Histogram> {
    table: &'t Table<'t>,
    shape: &'t Shape,
    /// Two lists of rows: a large leaf's move from one to the other when it is split.
    entries: [Vec<H::Entry>; 2],
    buds: Vec<Bud>,
    pool: Vec<H>,
    live: usize,
    kept: usize,
    columns: Vec<usize>,
    crew: &'t Crew,
}

impl<'t, H: Histogram> Grower<'t, H> {
    /// A grower that may use the crew within one tree; trees do not depend on its number.
    pub(crate) fn new(table: &'t Table<'t>, shape: &'t Shape, crew: &'t Crew) -> Self {
        let kept = (KEPT_BYTES / H::size(table)).max(2);
        Self {
            table,
            shape,
            entries: [Vec::new(), Vec::new()],
            buds: Vec::new(),
            pool: Vec::new(),
            live: 0,
            kept,
            columns: Vec::new(),
            crew,
        }
    }

    /// The list of the rows to grow the next tree on; to be filled before.
    pub(crate) fn entries(&mut self) -> &mut Vec<H::Entry> {
        &mut self.entries[0]
    }

    /// Grows a tree on the listed entries (a row named twice counts twice), splitting on `columns` only.
    pub(crate) fn grow(&mut self, columns: &[u32], pulls: &H::Pulls, random: &mut Random) -> Result<Grown, TreeError> {
        let end = self.entries[0].len();
        self.entries[1].resize(end, H::Entry::default());
        self.columns.clear();
        self.columns.extend(columns.iter().map(|&column| column as usize));
        self.buds.clear();
        let sums = H::total(self.table, &self.entries[0], pulls);
        let bounds = Bounds::FREE;
        self.buds.push(Bud { side: 0, start: 0, end, depth: 0, sums, bounds, split: None, children: None });
        let mut heap = BinaryHeap::new();
        if self.splittable(0) {
            self.judge(0, pulls, &mut heap, random);
        }
        let mut leaves = 1;
        while leaves < self.shape.max_leaves {
            let Some(candidate) = heap.pop() else { break };
            leaves += 1;
            self.split(candidate, pulls, leaves == self.shape.max_leaves, &mut heap, random);
        }
        for candidate in heap {
            self.give(candidate.histogram);
        }
        self.finish()
    }

    /// Adds the value of each leaf of the last tree to the scores of its rows.
    pub(crate) fn add_to(&self, scores: &mut [f64]) {
        let leaves: Vec<_> = self.leaves().filter(|(rows, _)| !rows.is_empty()).collect();
        let training = self.table.training;
        if self.crew.threads() == 1 || training < 2 * CHUNK {
            for (entries, value) in leaves {
                entries.iter().for_each(|&entry| scores[H::row(entry)] += value);
            }
            return;
        }
        // The rows of a leaf ascend, so each thread finds those of its part of the scores.
        self.crew.each(scores[..training].chunks_mut(CHUNK).enumerate(), |(chunk, scores)| {
            let first = chunk * CHUNK;
            for &(entries, value) in &leaves {
                let from = entries.partition_point(|&entry| H::row(entry) < first);
                for &entry in &entries[from..] {
                    let Some(score) = scores.get_mut(H::row(entry) - first) else { break };
                    *score += value;
                }
            }
        });
    }

    /// The rows of every leaf of the last tree, with the leaf's value as it is in the tree.
    fn leaves(&self) -> impl Iterator<Item = (&[H::Entry], f64)> {
        let leaf = |bud: &&Bud| bud.children.is_none();
        self.buds.iter().filter(leaf).map(|bud| (self.rows_of(bud), f64::from(self.value(bud))))
    }

    fn rows_of(&self, bud: &Bud) -> &[H::Entry] {
        &self.entries[bud.side][bud.start..bud.end]
    }

    fn splittable(&self, bud: usize) -> bool {
        let bud = &self.buds[bud];
        bud.depth < self.shape.max_depth && u64::from(bud.sums.rows) >= 2 * u64::from(self.shape.limits.min_leaf_rows)
    }

    /// The histogram of one leaf.
    fn sum(&mut self, bud: usize, pulls: &H::Pulls) -> H {
        self.live += 1;
        let mut histogram = self.pool.pop().unwrap_or_else(|| H::new(self.table));
        histogram.fill(self.table, self.rows_of(&self.buds[bud]), pulls, self.crew);
        histogram
    }

    fn give(&mut self, histogram: Option<H>) {
        if let Some(histogram) = histogram {
            self.live -= 1;
            self.pool.push(histogram);
        }
    }

    /// Queues a leaf with its best split.
    fn queue(&mut self, bud: usize, split: Option<Split>, histogram: H, heap: &mut BinaryHeap<Candidate<H>>) {
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

    /// How many columns are tried at a split.
    fn drawn(&self) -> usize {
        let (count, share) = (self.columns.len(), self.shape.columns_per_split);
        if share >= 1.0 { count } else { ((count as f64 * share).ceil() as usize).clamp(1, count) }
    }

    /// The best split of a leaf.
    fn search(&mut self, bud: usize, histogram: &H, random: &mut Random) -> Option<Split> {
        let (count, drawn) = (self.columns.len(), self.drawn());
        if drawn == count {
            return self.search_all(bud, histogram);
        }
        let Bud { sums: total, bounds, .. } = self.buds[bud];
        let mut search = Search::new(histogram, self.shape.limits, total, bounds);
        for i in 0..count {
            // A draw without gain is no reason to stop: the columns left over may have one.
            if i >= drawn && search.best.is_some() {
                break;
            }
            let j = i + random.below(count - i);
            self.columns.swap(i, j);
            let position = self.columns[i];
            search.column(position, &self.table.columns[position], self.shape.monotone[position]);
        }
        search.best
    }

    /// The best split of a leaf on any column.
    fn search_all(&self, bud: usize, histogram: &H) -> Option<Split> {
        let Bud { sums: total, bounds, .. } = self.buds[bud];
        let mut search = Search::new(histogram, self.shape.limits, total, bounds);
        for &position in &self.columns {
            search.column(position, &self.table.columns[position], self.shape.monotone[position]);
        }
        search.best
    }

    /// Parts a leaf in two, and looks for the best splits of both unless they are the `last` leaves.
    fn split(
        &mut self,
        candidate: Candidate<H>,
        pulls: &H::Pulls,
        last: bool,
        heap: &mut BinaryHeap<Candidate<H>>,
        random: &mut Random,
    ) {
        let bud = self.buds[candidate.bud];
        let Some(split) = bud.split else {
            return self.give(candidate.histogram);
        };
        let (side, middle) = self.part(&bud, &split);
        let monotone = self.shape.monotone[split.column];
        let bins = self.table.columns[split.column].missing();
        let bounds = split.bounds(monotone, bud.bounds, &self.shape.limits, bins);
        let depth = bud.depth + 1;
        let left = self.buds.len();
        let right = left + 1;
        self.buds[candidate.bud].children = Some((left, right));
        let child =
            |start, end, sums, bounds| Bud { side, start, end, depth, sums, bounds, split: None, children: None };
        self.buds.push(child(bud.start, middle, split.left, bounds.0));
        self.buds.push(child(middle, bud.end, split.right, bounds.1));
        let (small, large) = if middle - bud.start <= bud.end - middle { (left, right) } else { (right, left) };
        // What is drawn for one tree depends on what was drawn for those before it.
        let all = self.drawn() == self.columns.len();
        if !self.splittable(large) || (last && all) {
            return self.give(candidate.histogram);
        }
        let Some(mut of_large) = candidate.histogram else {
            if self.splittable(small) {
                self.judge(small, pulls, heap, random);
            }
            return self.judge(large, pulls, heap, random);
        };
        let of_small = self.sum(small, pulls);
        let (grower, splittable) = (&*self, self.splittable(small));
        let (found_small, found_large) = if all {
            self.crew.both(
                splittable && self.columns.len() >= WIDE,
                || if splittable { grower.search_all(small, &of_small) } else { None },
                || {
                    of_large.subtract(&of_small);
                    grower.search_all(large, &of_large)
                },
            )
        } else {
            of_large.subtract(&of_small);
            let found = if splittable { self.search(small, &of_small, random) } else { None };
            (found, self.search(large, &of_large, random))
        };
        self.queue(small, found_small, of_small, heap);
        self.queue(large, found_large, of_large, heap);
    }

    /// Sums a leaf and queues it with its best split.
    fn judge(&mut self, bud: usize, pulls: &H::Pulls, heap: &mut BinaryHeap<Candidate<H>>, random: &mut Random) {
        let histogram = self.sum(bud, pulls);
        let found = self.search(bud, &histogram, random);
        self.queue(bud, found, histogram, heap);
    }

    /// Parts the rows of a leaf; says which list holds them then, and where the first right one is.
    fn part(&mut self, bud: &Bud, split: &Split) -> (usize, usize) {
        let [a, b] = &mut self.entries;
        let (from, to) = if bud.side == 0 { (a, b) } else { (b, a) };
        let (from, to) = (&mut from[bud.start..bud.end], &mut to[bud.start..bud.end]);
        let (lefts, moved) = Parting::new(self.table, split).spread::<H>(from, to, self.crew);
        (if moved { 1 - bud.side } else { bud.side }, bud.start + lefts)
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
