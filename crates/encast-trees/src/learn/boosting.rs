//! Gradient boosting: trees grown one after another, each on what the others left over.

use super::boosting_params::BoostingValidParams;
use super::forest_params::monotone_of;
use super::grower::{Grower, Shape};
use super::histogram::{Exact, Histogram};
use super::packed::Packed;
use super::parallel::Crew;
use super::random::Random;
use super::sample::{Sample, Table};
use super::split::Limits;
use crate::{Ensemble, Member, TreeError};

/// With so many rows, without weights, histograms are summed in whole numbers. Beyond, units would be too coarse.
const LARGE: std::ops::RangeInclusive<usize> = 1 << 16..=1 << 26;

/// A fitted chain of boosted trees.
#[derive(Debug, Clone, PartialEq)]
pub struct BoostingFit {
    /// The model: one member.
    pub ensemble: Ensemble,
    /// The number of trees at the smallest validation error; without validation, the number of trees.
    pub best_trees: usize,
    /// The weighted mean loss over the validation rows after each tree that was grown; empty without validation.
    pub validation_error: Vec<f64>,
}

impl BoostingValidParams {
    /// Fits a chain of trees.
    ///
    /// `validation` names rows of the binned table, none of them in the sample. With early stopping, the model keeps
    /// the trees up to the smallest validation error; without, it keeps all.
    ///
    /// # Errors
    /// [`TreeError::MissingValidation`] for early stopping without validation rows, [`TreeError::OverlappingRows`],
    /// [`TreeError::LengthMismatch`] for targets, weights or monotone constraints, [`TreeError::IndexOutOfRange`],
    /// [`TreeError::NonFiniteTarget`], [`TreeError::InvalidWeight`], [`TreeError::TooFewRows`],
    /// [`TreeError::TooManyRows`], [`TreeError::NoColumns`].
    pub fn fit(&self, sample: &Sample<'_>, validation: Option<&[u32]>) -> Result<BoostingFit, TreeError> {
        let validation = validation.unwrap_or_default();
        if self.early_stopping_rounds.is_some() && validation.is_empty() {
            return Err(TreeError::MissingValidation);
        }
        let table = sample.table(validation)?;
        let crew = Crew::new(self.threads);
        if LARGE.contains(&table.training) && table.weights.is_empty() {
            crew.run(|| self.chain::<Packed>(&table, sample.binned.columns(), &crew))
        } else {
            crew.run(|| self.chain::<Exact>(&table, sample.binned.columns(), &crew))
        }
    }

    /// Fits the trees, with histograms of a kind.
    fn chain<H: Histogram>(&self, table: &Table<'_>, columns: usize, crew: &Crew) -> Result<BoostingFit, TreeError> {
        let shape = Shape {
            max_leaves: self.max_leaves,
            max_depth: self.max_depth.unwrap_or(usize::MAX),
            limits: Limits { min_leaf_rows: self.min_leaf_rows as u32, l2: self.l2 },
            scale: self.learning_rate,
            columns_per_split: 1.0,
            monotone: monotone_of(&self.monotone, &table.columns, columns)?,
        };
        let total = table.rows();
        let base = self.loss.base(table);
        let mut scores = vec![base; total];
        let mut grower = Grower::<H>::new(table, &shape, crew);
        let mut random = Random::new(self.seed, 0);
        let training = table.training as u32;
        let sampled = self.row_share < 1.0;
        let (mut seen, mut unseen): (Vec<u32>, Vec<u32>) = (Vec::new(), (training..total as u32).collect());
        let width = table.columns.len();
        let (mut chosen, mut others): (Vec<u32>, Vec<u32>) = ((0..width as u32).collect(), Vec::new());
        let mut trees = Vec::new();
        let mut validation_error: Vec<f64> = Vec::new();
        let mut best = (0, f64::INFINITY);
        for i in 0..self.trees {
            if sampled && i % self.row_resample_every == 0 {
                random.part(table.training, share_of(table.training, self.row_share), &mut seen, &mut unseen);
                unseen.extend(training..total as u32);
            }
            if self.column_share < 1.0 {
                random.part(width, share_of(width, self.column_share), &mut chosen, &mut others);
            }
            let seen = sampled.then_some(seen.as_slice());
            let pulls = H::pull(self.loss, table, &scores, seen, grower.entries(), crew);
            let grown = grower.grow(&chosen, &pulls, &mut random)?;
            grower.add_to(&mut scores);
            grown.add_to(&mut scores, table, &unseen);
            let nodes = grown.tree.nodes();
            let (idle, last) = (nodes.len() == 1, nodes[0].value == 0.0);
            trees.push(grown.tree);
            if table.training < total {
                let cost = |row: usize| self.loss.cost(table.target(row), scores[row]);
                let error = table.mean(table.training..total, cost);
                validation_error.push(error);
                if error < best.1 {
                    best = (trees.len(), error);
                }
                if self.early_stopping_rounds.is_some_and(|rounds| trees.len() - best.0 >= rounds) {
                    break;
                }
            }
            // Nothing is left to learn when a tree on all rows and columns, or one without any pull, has no split.
            if idle && (last || (!sampled && self.column_share >= 1.0)) {
                break;
            }
        }
        if table.training == total {
            best.0 = trees.len();
        }
        if self.early_stopping_rounds.is_some() {
            trees.truncate(best.0);
        }
        let ensemble = Ensemble::new(columns, vec![Member { base, trees }])?;
        Ok(BoostingFit { ensemble, best_trees: best.0, validation_error })
    }
}

/// A share of `total`, at least 1.
fn share_of(total: usize, share: f64) -> usize {
    ((total as f64 * share).round() as usize).clamp(1, total)
}
