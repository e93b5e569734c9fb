//! The fast evaluator: packed nodes, several trees or rows walked at once, no allocation while predicting.

use super::narrow::{Crossing, MOST_TREES, narrow};
use super::packed::{Features, Packed, load};
use crate::model::{Ensemble, Member, Tally};
use crate::{Rows, TreeError};

/// Trees that are walked side by side for one row.
const TREES: usize = 8;
/// Rows that are walked side by side through one tree.
const ROWS: usize = 8;
/// Rows that go through the trees together in a batch; a multiple of [`ROWS`].
const BLOCK: usize = 64;
/// Room for the features of narrow and of wide ensembles: two places for each used column.
const NARROW: usize = 32;
const WIDE: usize = 256;

/// An ensemble laid out for speed. It predicts what the [`Ensemble`] predicts, bit for bit.
///
/// Predicting allocates nothing. Rows may hold NaN (missing) and infinities.
///
/// ```
/// use encast_trees::{Ensemble, FlatEnsemble, Member, Node, Rows, Tree};
/// let split = Node { value: 0.5, right: 2, column: 0, missing_left: true };
/// let tree = Tree::new(vec![split, Node::leaf(1.0), Node::leaf(2.0)], 1)?;
/// let ensemble = Ensemble::new(1, vec![Member { base: 10.0, trees: vec![tree] }])?;
/// let flat = FlatEnsemble::new(&ensemble);
/// assert_eq!(flat.predict(&[0.7]), 12.0);
/// let mut out = [0.0; 2];
/// flat.predict_batch(Rows::new(&[0.5, f32::NAN], 1)?, &mut out)?;
/// assert_eq!(out, [11.0, 11.0]);
/// # Ok::<(), encast_trees::TreeError>(())
/// ```
#[derive(Debug, Clone)]
pub struct FlatEnsemble {
    columns: usize,
    trees: usize,
    form: Form,
}

/// How the trees are laid out.
#[derive(Debug, Clone)]
enum Form {
    /// The usual one.
    Packed { packed: Packed, members: Vec<Chain>, used: Vec<u16> },
    /// For ensembles that use more columns, or hold more nodes, than the packed form can number.
    Plain(Ensemble),
}

/// A member whose trees stand in the packed form, after those of the members before it.
#[derive(Debug, Clone, Copy)]
struct Chain {
    base: f64,
    trees: usize,
}

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

impl FlatEnsemble {
    /// Lays out `ensemble` for speed.
    pub fn new(ensemble: &Ensemble) -> Self {
        let members = ensemble.members();
        let trees = members.iter().map(|member| member.trees.len()).sum();
        let form = pack(members).unwrap_or_else(|| Form::Plain(ensemble.clone()));
        Self { columns: ensemble.columns(), trees, form }
    }

    /// The number of features of a row.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// The number of trees of all members together.
    pub fn trees(&self) -> usize {
        self.trees
    }

    /// The memory the model takes, in bytes.
    pub fn size_bytes(&self) -> usize {
        size_of::<Self>()
            + match &self.form {
                Form::Packed { packed, members, used } => {
                    packed.size_bytes() + size_of_val(members.as_slice()) + size_of_val(used.as_slice())
                }
                Form::Plain(ensemble) => {
                    let trees = ensemble.members().iter().flat_map(|member| &member.trees);
                    trees.map(|tree| size_of_val(tree) + size_of_val(tree.nodes())).sum()
                }
            }
    }

    /// The mean over the members, in the unit of the target, as [`Ensemble::predict`] gives it.
    /// Features beyond the end of `row` count as missing.
    pub fn predict(&self, row: &[f32]) -> f64 {
        self.one::<false>(row).0
    }

    /// The mean over the members and their population standard deviation, as [`Ensemble::predict_with_spread`] gives
    /// them. Features beyond the end of `row` count as missing.
    pub fn predict_with_spread(&self, row: &[f32]) -> (f64, f64) {
        self.one::<true>(row)
    }

    /// Predicts every row into `out`, each as [`FlatEnsemble::predict`] would.
    ///
    /// # Errors
    /// [`TreeError::LengthMismatch`] when the rows have another number of columns than the model, or `out` another
    /// length than there are rows; `out` is untouched then.
    pub fn predict_batch(&self, rows: Rows<'_>, out: &mut [f64]) -> Result<(), TreeError> {
        self.check(rows, "out", out.len())?;
        self.many::<false>(rows, |i, (mean, _)| out[i] = mean);
        Ok(())
    }

    /// Predicts mean and population standard deviation over the members for every row, each as
    /// [`FlatEnsemble::predict_with_spread`] would.
    ///
    /// # Errors
    /// As [`FlatEnsemble::predict_batch`].
    pub fn predict_batch_with_spread(
        &self,
        rows: Rows<'_>,
        means: &mut [f64],
        spreads: &mut [f64],
    ) -> Result<(), TreeError> {
        self.check(rows, "means", means.len())?;
        self.check(rows, "spreads", spreads.len())?;
        self.many::<true>(rows, |i, (mean, spread)| {
            means[i] = mean;
            spreads[i] = spread;
        });
        Ok(())
    }

    /// Finds where along a line of rows the prediction reaches `target(position)`, by halving `bracket` until it is no
    /// wider than `precision` (above 0).
    ///
    /// `set` writes the row at a position into `row`. Along the line the prediction must not fall, the target must not
    /// rise, and every feature must move one way: then a tree that arrives at one leaf from both ends is settled, and
    /// the search takes about as long as four predictions. Values are summed in another order than by [`predict`](Self::predict): within
    /// rounding of the target the two may disagree, so a caller that must not miss it predicts at the high end. With
    /// more than 1024 trees every step predicts anew.
    pub fn crossing(
        &self,
        mut target: impl FnMut(f64) -> f64,
        bracket: (f64, f64),
        precision: f64,
        row: &mut [f32],
        mut set: impl FnMut(f64, &mut [f32]),
    ) -> Crossing {
        match &self.form {
            Form::Packed { packed, members, used } if packed.roots.len() <= MOST_TREES => {
                let bases: f64 = members.iter().map(|chain| chain.base).sum();
                let count = members.len() as f64;
                let reached = |position: f64| target(position) * count - bases;
                if used.len() * 2 <= NARROW {
                    narrow::<NARROW>(packed, used, reached, bracket, precision, row, set)
                } else {
                    narrow::<WIDE>(packed, used, reached, bracket, precision, row, set)
                }
            }
            _ => {
                let (mut low, mut high) = bracket;
                let mut reaches = |position: f64| {
                    set(position, row);
                    self.predict(row) >= target(position)
                };
                if !reaches(high) {
                    return Crossing::Beyond;
                }
                if reaches(low) {
                    return Crossing::Before;
                }
                while high - low > precision {
                    let middle = low + (high - low) / 2.0;
                    if reaches(middle) { high = middle } else { low = middle }
                }
                Crossing::Between { low, high }
            }
        }
    }

    fn check(&self, rows: Rows<'_>, name: &'static str, found: usize) -> Result<(), TreeError> {
        if rows.columns() != self.columns {
            let found = rows.columns();
            return Err(TreeError::LengthMismatch { name: "columns", expected: self.columns, found });
        }
        if found != rows.len() {
            return Err(TreeError::LengthMismatch { name, expected: rows.len(), found });
        }
        Ok(())
    }

    fn one<const SPREAD: bool>(&self, row: &[f32]) -> (f64, f64) {
        match &self.form {
            Form::Packed { packed, members, used } if used.len() * 2 <= NARROW => {
                single::<SPREAD, NARROW>(packed, members, used, row)
            }
            Form::Packed { packed, members, used } => single::<SPREAD, WIDE>(packed, members, used, row),
            Form::Plain(ensemble) => ensemble.predict_with_spread(row),
        }
    }

    fn many<const SPREAD: bool>(&self, rows: Rows<'_>, mut put: impl FnMut(usize, (f64, f64))) {
        // A few rows that do not fill the lanes are quicker on their own.
        let tail = rows.len() % ROWS;
        let whole = if tail <= ROWS / 2 { rows.len() - tail } else { rows.len() };
        match &self.form {
            Form::Packed { packed, members, used } if used.len() * 2 <= NARROW => {
                blocks::<SPREAD, NARROW, BLOCK>(packed, members, used, rows, whole, &mut put);
            }
            Form::Packed { packed, members, used } => {
                blocks::<SPREAD, WIDE, ROWS>(packed, members, used, rows, whole, &mut put);
            }
            Form::Plain(ensemble) => (0..whole).for_each(|i| put(i, ensemble.predict_with_spread(rows.row(i)))),
        }
        (whole..rows.len()).for_each(|i| put(i, self.one::<SPREAD>(rows.row(i))));
    }
}

/// The packed form, or `None` when the members use too many columns or nodes for it.
fn pack(members: &[Member]) -> Option<Form> {
    let trees = || members.iter().flat_map(|member| &member.trees);
    let splits = trees().flat_map(|tree| tree.nodes()).filter(|node| !node.is_leaf());
    let mut seen = vec![false; usize::from(u16::MAX)];
    splits.for_each(|node| seen[usize::from(node.column)] = true);
    let used: Vec<u16> = (0..u16::MAX).filter(|&column| seen[usize::from(column)]).collect();
    if used.len() * 2 > WIDE {
        return None;
    }
    let mut packed = Packed::default();
    if !trees().all(|tree| packed.push(tree, &used)) {
        return None;
    }
    let chain = |member: &Member| Chain { base: member.base, trees: member.trees.len() };
    Some(Form::Packed { packed, members: members.iter().map(chain).collect(), used })
}

/// One row through all trees, several trees at a time.
fn single<const SPREAD: bool, const W: usize>(
    packed: &Packed,
    members: &[Chain],
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
fn blocks<const SPREAD: bool, const W: usize, const B: usize>(
    packed: &Packed,
    members: &[Chain],
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
