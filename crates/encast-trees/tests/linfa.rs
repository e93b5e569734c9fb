//! linfa's datasets and traits, with records of both float types.
#![allow(clippy::unwrap_used)]

mod common;

use common::Data;
use encast_trees::linfa::{Error, TreeModel};
use encast_trees::{BoostingParams, ForestParams, TreeError};
use linfa::prelude::SingleTargetRegression;
use linfa::traits::{Fit, Predict, PredictInplace};
use linfa::{Dataset, DatasetBase, ParamGuard};
use ndarray::{Array1, Array2};

fn dataset(data: &Data) -> Dataset<f64, f64, ndarray::Ix1> {
    let values = data.values.iter().map(|&x| f64::from(x)).collect();
    let records = Array2::from_shape_vec((data.targets.len(), data.columns), values).unwrap();
    Dataset::new(records, data.targets.iter().map(|&y| f64::from(y)).collect())
}

#[test]
fn linfa_fits_what_the_crate_fits() {
    let data = Data::random(1, 500, 4, 0.1);
    let dataset = dataset(&data);
    let binned = data.binned();
    let boosting = BoostingParams::new().trees(50).seed(3);
    let own = boosting.clone().check().unwrap().fit(&data.sample(&binned), None).unwrap().ensemble;
    let model: TreeModel = Fit::fit(&boosting, &dataset).unwrap();
    assert_eq!(model.ensemble(), &own);
    let forest = ForestParams::new().trees(20).seed(3);
    let own = forest.clone().check().unwrap().fit(&data.sample(&binned), None).unwrap().ensemble;
    let checked = ParamGuard::check(forest).unwrap();
    let model: TreeModel = Fit::fit(&checked, &dataset).unwrap();
    assert_eq!(model.ensemble(), &own);
    let predicted: Array1<f64> = model.predict(&dataset);
    for (row, value) in data.values.chunks(4).zip(&predicted) {
        assert_eq!(own.predict(row), *value);
    }
    let mut again = model.default_target(&dataset.records);
    model.predict_inplace(&dataset.records, &mut again);
    assert_eq!(again, predicted);
    assert!(predicted.r2(&dataset).unwrap() > 0.8);
}

#[test]
fn narrow_floats_and_weights() {
    let data = Data::random(2, 300, 3, 0.0);
    let records = Array2::from_shape_vec((300, 3), data.values.clone()).unwrap();
    let targets = Array1::from(data.targets.clone());
    let weights: Vec<f32> = (0..300).map(|row| (row % 3) as f32).collect();
    let plain = DatasetBase::new(records.view(), targets.view());
    let weighted = DatasetBase::new(records.view(), targets.view()).with_weights(Array1::from(weights.clone()));
    let params = BoostingParams::new().trees(30);
    let free: TreeModel = Fit::fit(&params, &plain).unwrap();
    let bound: TreeModel = Fit::fit(&params, &weighted).unwrap();
    assert_ne!(free.ensemble(), bound.ensemble());
    let binned = data.binned();
    let mut sample = data.sample(&binned);
    sample.weights = Some(&weights);
    let own = params.check().unwrap().fit(&sample, None).unwrap().ensemble;
    assert_eq!(bound.ensemble(), &own);
    let predicted: Array1<f32> = bound.predict(&records);
    assert_eq!(predicted[5], own.predict(data.rows().row(5)) as f32);
}

#[test]
fn parameters_and_datasets_are_checked() {
    let data = Data::random(3, 50, 2, 0.0);
    let mut dataset = dataset(&data);
    let refused: Result<TreeModel, Error> = Fit::fit(&ForestParams::new().trees(0), &dataset);
    assert!(matches!(refused, Err(Error::Trees(TreeError::ParameterOutOfRange { name: "trees", .. }))));
    assert!(ParamGuard::check_ref(&BoostingParams::new().l2(-1.0)).is_err());
    dataset.records[[7, 1]] = 1e300;
    let refused: Result<TreeModel, Error> = Fit::fit(&ForestParams::new(), &dataset);
    assert!(matches!(refused, Err(Error::Trees(TreeError::InfiniteFeature { row: 7, column: 1, .. }))));
}
