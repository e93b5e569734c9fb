//! The fast evaluator: the form that suits an ensemble and the processor, no allocation while predicting.

use super::crossing::{Crossing, search};
use super::kernels::{Batch, One};
use super::lanes::{Chain, Lanes};
use super::narrow::{MOST_TREES, narrow};
use super::packed::Packed;
use super::ranks::{BLOCK, RowRanks};
use super::simd::{Instructions, Line};
use super::walk::{self, ROWS, blocks, single};
use crate::model::{Ensemble, Member};
use crate::{Rows, TreeError};

/// Room for the features of narrow and of wide ensembles: two places for each used column.
const NARROW: usize = 32;
const WIDE: usize = 256;
/// So few rows at the end of a batch are quicker on their own than as a block.
const FEW_ROWS: usize = 12;
/// Most places whose ranks are told apart when a line of rows is searched.
const MOST_MOVING: usize = 32;

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
    /// For what `lanes` leaves.
    walked: Option<Walked>,
}

/// Trees that are walked.
#[derive(Debug, Clone)]
enum Walked {
    Packed {
        packed: Packed,
        members: Vec<Chain>,
        used: Vec<u16>,
    },
    /// For ensembles that use more columns, or hold more nodes, than the packed form can number.
    Plain(Ensemble),
}

impl FlatEnsemble {
    /// Lays out `ensemble` for speed.
    pub fn new(ensemble: &Ensemble) -> Self {
        Self::with_instructions(ensemble, Instructions::default())
    }

    /// As [`FlatEnsemble::new`], with a given set of instructions; the predictions are the same.
    pub fn with_instructions(ensemble: &Ensemble, instructions: Instructions) -> Self {
        let members = ensemble.members();
        let trees = members.iter().map(|member| member.trees.len()).sum();
        let lanes = Lanes::new(members, instructions);
        let walked = match lanes.as_ref().is_some_and(Lanes::has_groups) {
            true => None,
            false => Some(pack(members).unwrap_or_else(|| Walked::Plain(ensemble.clone()))),
        };
        Self { columns: ensemble.columns(), trees, lanes, walked }
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
        let walked = match &self.walked {
            None => 0,
            Some(Walked::Packed { packed, members, used }) => {
                packed.size_bytes() + size_of_val(members.as_slice()) + size_of_val(used.as_slice())
            }
            Some(Walked::Plain(ensemble)) => {
                let trees = ensemble.members().iter().flat_map(|member| &member.trees);
                trees.map(|tree| size_of_val(tree) + size_of_val(tree.nodes())).sum()
            }
        };
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
                search(|position| line.at(position, row, &mut set) - target(position), bracket, precision)
            }
            (_, Some(Walked::Packed { packed, members, used })) if packed.roots.len() <= MOST_TREES => {
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
                search(at, bracket, precision)
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
            (Some(Walked::Packed { packed, members, used }), _) if used.len() * 2 <= NARROW => {
                single::<SPREAD, NARROW>(packed, members, used, row)
            }
            (Some(Walked::Packed { packed, members, used }), _) => single::<SPREAD, WIDE>(packed, members, used, row),
            (Some(Walked::Plain(ensemble)), _) => ensemble.predict_with_spread(row),
            (None, Some(lanes)) => {
                let (mut ranks, mut answer) = ([Line::ZERO; _], (0.0, 0.0));
                lanes.instructions.one(One { lanes, row, ranks: &mut ranks, moved: None, answer: &mut answer });
                answer
            }
            // One of both is always there.
            (None, None) => (f64::NAN, f64::NAN),
        }
    }

    fn many(&self, rows: Rows<'_>, means: &mut [f64], spreads: &mut [f64]) {
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
            (None, Some(Walked::Packed { packed, members, used })) => {
                // A few rows that do not fill the lanes are quicker on their own.
                let tail = rows.len() % ROWS;
                let whole = if tail <= ROWS / 2 { rows.len() - tail } else { rows.len() };
                let mut put = |i, answer| put(means, spreads, i, answer);
                if used.len() * 2 <= NARROW {
                    blocks::<true, NARROW, { walk::BLOCK }>(packed, members, used, rows, whole, &mut put);
                } else {
                    blocks::<true, WIDE, ROWS>(packed, members, used, rows, whole, &mut put);
                }
                whole
            }
            _ => 0,
        };
        (whole..rows.len()).for_each(|i| put(means, spreads, i, self.one::<true>(rows.row(i))));
    }
}

/// The packed form, or `None` when the members use too many columns or nodes for it.
fn pack(members: &[Member]) -> Option<Walked> {
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
    Some(Walked::Packed { packed, members: members.iter().map(chain).collect(), used })
}

/// A line of rows of which a model looks at some places only.
struct Along<'a> {
    lanes: &'a Lanes,
    ranks: RowRanks,
    moving: [u8; MOST_MOVING],
    /// How many places move; more than there is room for when all are looked at each time.
    count: usize,
}

impl<'a> Along<'a> {
    /// The places that move are those of the columns that differ between the ends.
    fn new(lanes: &'a Lanes, bracket: (f64, f64), row: &mut [f32], set: &mut impl FnMut(f64, &mut [f32])) -> Self {
        let mut along = Along { lanes, ranks: [Line::ZERO; _], moving: [0; MOST_MOVING], count: 0 };
        let mut ends = [[0.0f32; super::ranks::MOST_PLACES]; 2];
        for (end, position) in ends.iter_mut().zip([bracket.0, bracket.1]) {
            set(position, row);
            for (to, place) in end.iter_mut().zip(lanes.places.as_slice()) {
                *to = row.get(usize::from(place.column)).copied().unwrap_or(f32::NAN);
            }
        }
        let [first, last] = ends;
        for (number, (first, last)) in first.iter().zip(&last).take(lanes.places.as_slice().len()).enumerate() {
            if first.to_bits() != last.to_bits() {
                along.moving.get_mut(along.count).into_iter().for_each(|to| *to = number as u8);
                along.count += 1;
            }
        }
        let mut unused = (0.0, 0.0);
        let ranks = &mut along.ranks;
        lanes.instructions.one(One { lanes, row, ranks, moved: None, answer: &mut unused });
        along
    }

    fn at(&mut self, position: f64, row: &mut [f32], set: &mut impl FnMut(f64, &mut [f32])) -> f64 {
        set(position, row);
        let (lanes, moved) = (self.lanes, self.moving.get(..self.count));
        let mut answer = (0.0, 0.0);
        lanes.instructions.one(One { lanes, row, ranks: &mut self.ranks, moved, answer: &mut answer });
        answer.0
    }
}
