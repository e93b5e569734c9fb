//! The fast evaluator: the form that suits an ensemble and the processor, no allocation while predicting.

use super::along::Along;
use super::crossing::{Crossing, crossing};
use super::kernels::{Batch, One};
use super::lanes::Lanes;
use super::narrow::{MOST_TREES, narrow};
use super::packed::Packed;
use super::ranks::BLOCK;
use super::simd::{Instructions, Line};
use super::walk::{self, ROWS, blocks, single};
use crate::model::{Ensemble, Member, RankedMember, RankedTrees};
use crate::{Rows, TreeError};

/// Room for the features of narrow and of wide ensembles: two places for each used column.
const NARROW: usize = 32;
const WIDE: usize = 256;
/// So few rows at the end of a batch are quicker on their own than as a block.
const FEW_ROWS: usize = 12;

/// An ensemble laid out for speed. It predicts what the [`Ensemble`] predicts, bit for bit.
///
/// Trees of up to 64 leaves are scored with vectors of bytes, many rows or many trees at a time, with AVX-512, AVX2 or NEON
/// where the processor has them; larger ones are walked, several side by side. Predicting allocates nothing. Rows may
/// hold NaN (missing) and infinities.
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
    /// For trees of few leaves.
    lanes: Option<Lanes>,
    /// For what `lanes` leaves: batches when it is not there, single rows when it can't score them.
    walked: Option<Walked>,
}

/// Trees that are walked.
#[derive(Debug, Clone)]
struct Walked {
    ensemble: Ensemble,
    /// None for ensembles that use more columns, or hold more nodes, than the packed form can number.
    packed: Option<Walk>,
}

/// The packed form.
#[derive(Debug, Clone)]
struct Walk {
    packed: Packed,
    members: Vec<RankedMember>,
    used: Vec<u16>,
}

impl FlatEnsemble {
    /// Lays out `ensemble` for speed.
    pub fn new(ensemble: &Ensemble) -> Self {
        Self::with_instructions(ensemble, Instructions::default())
    }

    /// As [`FlatEnsemble::new`], with a given set of instructions; the predictions are the same.
    pub fn with_instructions(ensemble: &Ensemble, instructions: Instructions) -> Self {
        let ranked = RankedTrees::of(ensemble).filter(|ranked| Lanes::suit(ranked, instructions));
        let lanes = ranked.map(|ranked| Lanes::new(ranked, instructions));
        match lanes {
            Some(lanes) if lanes.has_groups() => {
                Self { columns: ensemble.columns(), trees: lanes.ends.len(), lanes: Some(lanes), walked: None }
            }
            lanes => Self::with_walked(ensemble.clone(), lanes),
        }
    }

    /// Lays out trees that are in their short form already, which takes no sorting.
    ///
    /// # Errors
    /// As [`RankedTrees::check`].
    pub fn from_ranked(ranked: RankedTrees) -> Result<Self, TreeError> {
        ranked.check()?;
        let instructions = Instructions::default();
        if !Lanes::suit(&ranked, instructions) {
            return Ok(Self::with_walked(ranked.ensemble()?, None));
        }
        let lanes = Lanes::new(ranked, instructions);
        if lanes.has_groups() {
            let (columns, trees) = (lanes.ranked.columns, lanes.ends.len());
            return Ok(Self { columns, trees, lanes: Some(lanes), walked: None });
        }
        Ok(Self::with_walked(lanes.ranked().ensemble()?, Some(lanes)))
    }

    fn with_walked(ensemble: Ensemble, lanes: Option<Lanes>) -> Self {
        let (columns, members) = (ensemble.columns(), ensemble.members());
        let (trees, packed) = (members.iter().map(|member| member.trees.len()).sum(), pack(members));
        Self { columns, trees, lanes, walked: Some(Walked { ensemble, packed }) }
    }

    /// The short form of its trees, where they have one, whatever the processor has; it is put together anew.
    pub fn ranked(&self) -> Option<RankedTrees> {
        match (&self.lanes, &self.walked) {
            (Some(lanes), _) => Some(lanes.ranked()),
            (None, Some(walked)) => RankedTrees::of(&walked.ensemble),
            (None, None) => None,
        }
    }

    /// The ensemble that it was made of; a threshold of -0 may have become 0, which decides the same.
    ///
    /// # Errors
    /// None: what is here was checked.
    pub fn ensemble(&self) -> Result<Ensemble, TreeError> {
        match (&self.walked, &self.lanes) {
            (Some(walked), _) => Ok(walked.ensemble.clone()),
            (None, Some(lanes)) => lanes.ranked().ensemble(),
            (None, None) => Err(TreeError::NoMembers),
        }
    }

    /// Whether a split looks at a column.
    pub fn uses(&self, column: u16) -> bool {
        match (&self.lanes, &self.walked) {
            (Some(lanes), _) => lanes.ranked.places.iter().any(|place| place.column == column),
            (None, Some(walked)) => {
                let trees = walked.ensemble.members().iter().flat_map(|member| &member.trees);
                trees.flat_map(|tree| tree.nodes()).any(|node| node.column == column)
            }
            (None, None) => false,
        }
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
        let of_walk = |walk: &Walk| {
            walk.packed.size_bytes() + size_of_val(walk.members.as_slice()) + size_of_val(walk.used.as_slice())
        };
        let walked = self.walked.as_ref().map_or(0, |walked| {
            let trees = walked.ensemble.members().iter().flat_map(|member| &member.trees);
            let nodes: usize = trees.map(|tree| size_of_val(tree) + size_of_val(tree.nodes())).sum();
            nodes + walked.packed.as_ref().map_or(0, of_walk)
        });
        size_of::<Self>() + walked + self.lanes.as_ref().map_or(0, Lanes::size_bytes)
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
        self.many(rows, out, &mut []);
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
        self.many(rows, means, spreads);
        Ok(())
    }

    /// Finds where along a line of rows the prediction reaches `target(position)`, within `bracket`, to a stretch no wider
    /// than `precision` (above 0).
    ///
    /// `set` writes the row at a position into `row`, whatever stood there before. Along the line the prediction must not
    /// fall, the target must not rise, and every feature must move one way. It takes about as long as ten predictions, less
    /// where the target is smooth. Large trees that arrive at one leaf from both ends are settled; their values are
    /// summed in another order than by [`predict`](Self::predict): within rounding of the target the two may disagree, so
    /// a caller that must not miss it predicts at the high end.
    pub fn crossing(
        &self,
        mut target: impl FnMut(f64) -> f64,
        bracket: (f64, f64),
        precision: f64,
        row: &mut [f32],
        mut set: impl FnMut(f64, &mut [f32]),
    ) -> Crossing {
        match (&self.lanes, &self.walked) {
            (Some(lanes), _) if lanes.has_groups() => {
                let mut line = Along::new(lanes, bracket, row, &mut set);
                // The search begins at the high end, which is known.
                let mut known = Some(line.at_end);
                let mut at = |position| known.take().unwrap_or_else(|| line.at(position, row, &mut set));
                crossing(|position| at(position) - target(position), bracket, precision)
            }
            (_, Some(Walked { packed: Some(Walk { packed, members, used }), .. }))
                if packed.roots.len() <= MOST_TREES =>
            {
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
                let at = |position: f64| {
                    set(position, row);
                    self.predict(row) - target(position)
                };
                crossing(at, bracket, precision)
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
        match (&self.walked, &self.lanes) {
            (Some(walked), _) => match &walked.packed {
                Some(Walk { packed, members, used }) if used.len() * 2 <= NARROW => {
                    single::<SPREAD, NARROW>(packed, members, used, row)
                }
                Some(Walk { packed, members, used }) => single::<SPREAD, WIDE>(packed, members, used, row),
                None => walked.ensemble.predict_with_spread(row),
            },
            (None, Some(lanes)) => {
                let (mut ranks, mut answer) = ([Line::ZERO; _], (0.0, 0.0));
                lanes.instructions.one(One { lanes, row, ranks: &mut ranks, moved: None, answer: &mut answer });
                answer
            }
            // One of both is always there.
            (None, None) => (f64::NAN, f64::NAN),
        }
    }

    /// Without `spreads` only the means are found, which saves walked forests a division for each member.
    fn many(&self, rows: Rows<'_>, means: &mut [f64], spreads: &mut [f64]) {
        match spreads.is_empty() {
            true => self.score::<false>(rows, means, spreads),
            false => self.score::<true>(rows, means, spreads),
        }
    }

    fn score<const SPREAD: bool>(&self, rows: Rows<'_>, means: &mut [f64], spreads: &mut [f64]) {
        let put = |means: &mut [f64], spreads: &mut [f64], i: usize, (mean, spread)| {
            means[i] = mean;
            spreads.get_mut(i).into_iter().for_each(|to| *to = spread);
        };
        let whole = match (&self.lanes, &self.walked) {
            (Some(lanes), _) => {
                let tail = rows.len() % BLOCK;
                let whole = if tail <= FEW_ROWS { rows.len() - tail } else { rows.len() };
                let asked = whole.min(spreads.len());
                let spreads = &mut spreads[..asked];
                lanes.instructions.batch(Batch { lanes, rows, means: &mut means[..whole], spreads });
                whole
            }
            (None, Some(Walked { packed: Some(Walk { packed, members, used }), .. })) => {
                // A few rows that do not fill the lanes are quicker on their own.
                let tail = rows.len() % ROWS;
                let whole = if tail <= ROWS / 2 { rows.len() - tail } else { rows.len() };
                let mut put = |i, answer| put(means, spreads, i, answer);
                if used.len() * 2 <= NARROW {
                    blocks::<SPREAD, NARROW, { walk::BLOCK }>(packed, members, used, rows, whole, &mut put);
                } else {
                    blocks::<SPREAD, WIDE, ROWS>(packed, members, used, rows, whole, &mut put);
                }
                whole
            }
            _ => 0,
        };
        (whole..rows.len()).for_each(|i| put(means, spreads, i, self.one::<SPREAD>(rows.row(i))));
    }
}

/// The packed form, or `None` when the members use too many columns or nodes for it.
fn pack(members: &[Member]) -> Option<Walk> {
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
    let chain = |member: &Member| RankedMember { base: member.base, trees: member.trees.len() };
    Some(Walk { packed, members: members.iter().map(chain).collect(), used })
}
