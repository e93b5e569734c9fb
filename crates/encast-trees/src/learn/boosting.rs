//! Gradient boosting: trees grown one after another, each on what the others left over.

use super::boosting_params::BoostingValidParams;
use super::forest_params::monotone_of;
use super::grower::{Grower, Shape};
use super::parallel;
use super::random::Random;
use super::sample::Sample;
use super::split::Limits;
use crate::{Ensemble, Member, TreeError};

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
        let columns = sample.binned.columns();
        let shape = Shape {
            max_leaves: self.max_leaves,
            max_depth: self.max_depth.unwrap_or(usize::MAX),
            limits: Limits { min_leaf_rows: self.min_leaf_rows as u32, l2: self.l2 },
            scale: self.learning_rate,
            columns_per_split: 1.0,
            monotone: monotone_of(&self.monotone, &table.columns, columns)?,
        };
        let total = table.origin.len();
        let base = self.loss.base(&table);
        let mut scores = vec![base; total];
        let mut pulls = vec![0.0; table.training];
        let mut grower = Grower::new(&table, &shape, parallel::resolve(self.threads));
        let mut random = Random::new(self.seed, 0);
        let training = table.training as u32;
        let (mut seen, mut unseen): (Vec<u32>, Vec<u32>) = ((0..training).collect(), Vec::new());
        unseen.extend(training..total as u32);
        let width = table.columns.len();
        let (mut chosen, mut others): (Vec<u32>, Vec<u32>) = ((0..width as u32).collect(), Vec::new());
        let mut trees = Vec::new();
        let mut validation_error: Vec<f64> = Vec::new();
        let mut best = (0, f64::INFINITY);
        for i in 0..self.trees {
            self.loss.pull(&table.targets, &scores, &mut pulls);
            if self.row_share < 1.0 && i % self.row_resample_every == 0 {
                random.part(table.training, share_of(table.training, self.row_share), &mut seen, &mut unseen);
                unseen.extend(training..total as u32);
            }
            if self.column_share < 1.0 {
                random.part(width, share_of(width, self.column_share), &mut chosen, &mut others);
            }
            let grown = grower.grow(seen.iter().copied(), &chosen, &pulls, &mut random)?;
            for (rows, value) in grower.leaves() {
                rows.iter().for_each(|&row| scores[row as usize] += f64::from(value));
            }
            grown.add_to(&mut scores, &table, &unseen);
            let nodes = grown.tree.nodes();
            let (idle, last) = (nodes.len() == 1, nodes[0].value == 0.0);
            trees.push(grown.tree);
            if table.training < total {
                let cost = |row: usize| self.loss.cost(table.targets[row], scores[row]);
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
            if idle && (last || (self.row_share >= 1.0 && self.column_share >= 1.0)) {
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
