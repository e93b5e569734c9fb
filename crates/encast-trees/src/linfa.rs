//! linfa's traits for the forest, for boosting and for what they fit; behind the feature `linfa`.
//!
//! Records may be `f32` or `f64` (they are learned from as `f32`), targets the same. Weights of the dataset count.
//! NaN in the records means missing.
//!
//! ```
//! use encast_trees::{BoostingParams, linfa::TreeModel};
//! use linfa::Dataset;
//! use linfa::traits::{Fit, Predict};
//! use ndarray::{Array1, Array2};
//!
//! let records = Array2::from_shape_fn((200, 2), |(row, column)| (row * (column + 3) % 101) as f64);
//! let targets: Array1<f64> = records.column(0).mapv(|x| 2.0 * x);
//! let dataset = Dataset::new(records, targets);
//! let model: TreeModel = Fit::fit(&BoostingParams::new().min_leaf_rows(5), &dataset)?;
//! let predicted: Array1<f64> = model.predict(&dataset);
//! assert!((predicted[7] - dataset.targets[7]).abs() < 5.0);
//! # Ok::<(), encast_trees::linfa::Error>(())
//! ```

use ::linfa::dataset::AsSingleTargets;
use ::linfa::traits::{Fit, PredictInplace};
use ::linfa::{DatasetBase, Float, ParamGuard};
use ndarray::{Array1, ArrayBase, Data, Ix2};

use crate::{
    BinnedRows, BoostingParams, BoostingValidParams, Ensemble, FlatEnsemble, ForestParams, ForestValidParams, Rows,
    Sample, TreeError,
};

/// Bins of each column; as many as there can be.
const BINS: u16 = 255;

/// Why a fit on a linfa dataset failed.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// This crate refused the parameters or the dataset.
    #[error(transparent)]
    Trees(#[from] TreeError),
    /// linfa failed.
    #[error(transparent)]
    Linfa(#[from] ::linfa::Error),
}

/// A model fitted on a linfa dataset, with linfa's `Predict` and `PredictInplace`.
#[derive(Debug, Clone)]
pub struct TreeModel {
    ensemble: Ensemble,
    flat: FlatEnsemble,
}

impl TreeModel {
    /// The trees.
    pub fn ensemble(&self) -> &Ensemble {
        &self.ensemble
    }
}

impl From<Ensemble> for TreeModel {
    fn from(ensemble: Ensemble) -> Self {
        let flat = FlatEnsemble::new(&ensemble);
        Self { ensemble, flat }
    }
}

impl ParamGuard for ForestParams {
    type Checked = ForestValidParams;
    type Error = TreeError;

    fn check_ref(&self) -> Result<&Self::Checked, TreeError> {
        ForestParams::check_ref(self)
    }

    fn check(self) -> Result<Self::Checked, TreeError> {
        ForestParams::check(self)
    }
}

impl ParamGuard for BoostingParams {
    type Checked = BoostingValidParams;
    type Error = TreeError;

    fn check_ref(&self) -> Result<&Self::Checked, TreeError> {
        BoostingParams::check_ref(self)
    }

    fn check(self) -> Result<Self::Checked, TreeError> {
        BoostingParams::check(self)
    }
}

impl<F: Float, D: Data<Elem = F>, T: AsSingleTargets<Elem = F>> Fit<ArrayBase<D, Ix2>, T, Error> for ForestValidParams {
    type Object = TreeModel;

    fn fit(&self, dataset: &DatasetBase<ArrayBase<D, Ix2>, T>) -> Result<TreeModel, Error> {
        with_sample(dataset, |sample| Ok(self.fit(sample, None)?.ensemble.into()))
    }
}

impl<F: Float, D: Data<Elem = F>, T: AsSingleTargets<Elem = F>> Fit<ArrayBase<D, Ix2>, T, Error>
    for BoostingValidParams
{
    type Object = TreeModel;

    fn fit(&self, dataset: &DatasetBase<ArrayBase<D, Ix2>, T>) -> Result<TreeModel, Error> {
        with_sample(dataset, |sample| Ok(self.fit(sample, None)?.ensemble.into()))
    }
}

impl<F: Float, D: Data<Elem = F>> PredictInplace<ArrayBase<D, Ix2>, Array1<F>> for TreeModel {
    /// Predicts every row of `records`; columns that the model has and the records lack count as missing.
    fn predict_inplace(&self, records: &ArrayBase<D, Ix2>, targets: &mut Array1<F>) {
        let mut features = Vec::with_capacity(records.ncols());
        for (row, target) in records.rows().into_iter().zip(targets) {
            features.clear();
            features.extend(row.iter().map(|&x| <f32 as Float>::cast(x)));
            *target = F::cast(self.flat.predict(&features));
        }
    }

    fn default_target(&self, records: &ArrayBase<D, Ix2>) -> Array1<F> {
        Array1::zeros(records.nrows())
    }
}

/// Bins a dataset and hands it to `fit`.
fn with_sample<F: Float, D: Data<Elem = F>, T: AsSingleTargets<Elem = F>>(
    dataset: &DatasetBase<ArrayBase<D, Ix2>, T>,
    fit: impl FnOnce(&Sample<'_>) -> Result<TreeModel, Error>,
) -> Result<TreeModel, Error> {
    let values: Vec<f32> = dataset.records.iter().map(|&x| <f32 as Float>::cast(x)).collect();
    let targets: Vec<f32> = dataset.targets.as_single_targets().iter().map(|&y| <f32 as Float>::cast(y)).collect();
    let weights: Vec<f32> = dataset.weights.iter().copied().collect();
    let binned = BinnedRows::new(Rows::new(&values, dataset.records.ncols())?, BINS)?;
    let weights = (!weights.is_empty()).then_some(weights.as_slice());
    fit(&Sample { binned: &binned, targets: &targets, weights, rows: None, columns: None })
}
