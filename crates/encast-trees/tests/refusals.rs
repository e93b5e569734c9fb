//! Every table, sample and parameter that cannot be used is refused by name.
#![allow(clippy::unwrap_used)]

mod common;

use common::Data;
use encast_trees::{BinnedRows, BoostingParams, ForestParams, Loss, Rows, Sample, TreeError};

#[test]
fn tables() {
    let mismatch = TreeError::LengthMismatch { name: "values", expected: 6, found: 5 };
    assert_eq!(Rows::new(&[0.0; 5], 2).unwrap_err(), mismatch);
    assert_eq!(Rows::new(&[0.0; 5], 0).unwrap_err(), TreeError::NoColumns);
    let many = TreeError::TooManyColumns { found: 65_535, most: 65_534 };
    assert_eq!(Rows::new(&[], 65_535).unwrap_err(), many);
    let rows = Rows::new(&[1.0, 2.0, 3.0, 4.0], 2).unwrap();
    assert_eq!((rows.row(1), rows.row(2), rows.row(usize::MAX)), (&[3.0, 4.0][..], &[][..], &[][..]));
    for max_bins in [0, 1, 256, u16::MAX] {
        let error = BinnedRows::new(rows, max_bins).unwrap_err();
        let bound = "from 2 to 255";
        assert_eq!(error, TreeError::ParameterOutOfRange { name: "max_bins", value: max_bins.into(), bound });
    }
    let empty = BinnedRows::new(Rows::new(&[], 2).unwrap(), 255).unwrap_err();
    assert_eq!(empty, TreeError::TooFewRows { name: "table", found: 0, needed: 1 });
    let infinite = [1.0, 2.0, 3.0, f32::NEG_INFINITY];
    let error = BinnedRows::new(Rows::new(&infinite, 2).unwrap(), 255).unwrap_err();
    assert_eq!(error, TreeError::InfiniteFeature { row: 1, column: 1, value: f32::NEG_INFINITY });
}

#[test]
fn samples() {
    let data = Data::random(1, 30, 2, 0.1);
    let binned = data.binned();
    let good = data.sample(&binned);
    let refuse = |sample: Sample<'_>, expected: TreeError| {
        let boosting = BoostingParams::new().check().unwrap().fit(&sample, None).unwrap_err();
        let forest = ForestParams::new().check().unwrap().fit(&sample, None).unwrap_err();
        assert_eq!((boosting, forest), (expected.clone(), expected.clone()));
        assert!(!expected.to_string().is_empty());
    };
    let mismatch = |name| TreeError::LengthMismatch { name, expected: 30, found: 29 };
    refuse(Sample { targets: &data.targets[1..], ..good }, mismatch("targets"));
    refuse(Sample { weights: Some(&[1.0; 29]), ..good }, mismatch("weights"));
    let index = |name, position, index, limit| TreeError::IndexOutOfRange { name, position, index, limit };
    refuse(Sample { rows: Some(&[0, 1, 30]), ..good }, index("rows", 2, 30, 30));
    refuse(Sample { columns: Some(&[2]), ..good }, index("columns", 0, 2, 2));
    refuse(Sample { columns: Some(&[]), ..good }, TreeError::NoColumns);
    let few = |found| TreeError::TooFewRows { name: "sample", found, needed: 2 };
    refuse(Sample { rows: Some(&[]), ..good }, few(0));
    refuse(Sample { rows: Some(&[3]), ..good }, few(1));
    let mut weights = [0.0; 30];
    weights[4] = 1.0;
    refuse(Sample { weights: Some(&weights), ..good }, few(1));
    for value in [f32::INFINITY, -1.0] {
        weights[9] = value;
        refuse(Sample { weights: Some(&weights), ..good }, TreeError::InvalidWeight { row: 9, value });
    }
    let mut targets = data.targets.clone();
    targets[7] = f32::INFINITY;
    refuse(Sample { targets: &targets, ..good }, TreeError::NonFiniteTarget { row: 7, value: f32::INFINITY });
    targets[7] = f32::NAN;
    let nan = BoostingParams::new().check().unwrap().fit(&Sample { targets: &targets, ..good }, None).unwrap_err();
    assert!(matches!(nan, TreeError::NonFiniteTarget { row: 7, value } if value.is_nan()));
    let groups = ForestParams::new().check().unwrap().fit(&good, Some(&[0; 29])).unwrap_err();
    assert_eq!(groups, mismatch("groups"));
}

#[test]
fn validation_rows() {
    let data = Data::random(2, 30, 2, 0.1);
    let binned = data.binned();
    let rows: Vec<u32> = (0..20).collect();
    let sample = Sample { rows: Some(&rows), ..data.sample(&binned) };
    let params = BoostingParams::new().early_stopping_rounds(5).check().unwrap();
    assert_eq!(params.fit(&sample, None).unwrap_err(), TreeError::MissingValidation);
    assert_eq!(params.fit(&sample, Some(&[])).unwrap_err(), TreeError::MissingValidation);
    assert_eq!(params.fit(&sample, Some(&[25, 19])).unwrap_err(), TreeError::OverlappingRows { row: 19 });
    let beyond = TreeError::IndexOutOfRange { name: "validation", position: 1, index: 30, limit: 30 };
    assert_eq!(params.fit(&sample, Some(&[25, 30])).unwrap_err(), beyond);
    let mut weights = [1.0; 30];
    weights[25] = 0.0;
    let none = params.fit(&Sample { weights: Some(&weights), ..sample }, Some(&[25])).unwrap_err();
    assert_eq!(none, TreeError::TooFewRows { name: "validation", found: 0, needed: 1 });
}

#[test]
fn parameters() {
    fn refuses<T>(found: Result<T, TreeError>, expected: &'static str) {
        match found.map(|_| ()) {
            Err(TreeError::ParameterOutOfRange { name, .. }) => assert_eq!(name, expected),
            other => panic!("{expected}: {other:?}"),
        }
    }
    let forest = ForestParams::new;
    refuses(forest().trees(0).check(), "trees");
    refuses(forest().max_leaves(1).check(), "max_leaves");
    refuses(forest().max_depth(0).check(), "max_depth");
    refuses(forest().min_leaf_rows(0).check(), "min_leaf_rows");
    for share in [0.0, -0.5, 1.5, f64::NAN, f64::INFINITY] {
        refuses(forest().columns_per_split(share).check(), "columns_per_split");
        refuses(forest().row_share(share).check(), "row_share");
        refuses(BoostingParams::new().learning_rate(share).check(), "learning_rate");
        refuses(BoostingParams::new().row_share(share).check(), "row_share");
        refuses(BoostingParams::new().column_share(share).check(), "column_share");
        refuses(BoostingParams::new().loss(Loss::Huber(share)).check(), "loss");
    }
    let boosting = BoostingParams::new;
    refuses(boosting().trees(0).check(), "trees");
    refuses(boosting().max_leaves(1).check(), "max_leaves");
    refuses(boosting().max_depth(0).check(), "max_depth");
    refuses(boosting().min_leaf_rows(0).check(), "min_leaf_rows");
    refuses(boosting().l2(-1.0).check(), "l2");
    refuses(boosting().l2(f64::NAN).check(), "l2");
    refuses(boosting().row_resample_every(0).check(), "row_resample_every");
    refuses(boosting().early_stopping_rounds(0).check(), "early_stopping_rounds");
    assert!(forest().check().is_ok() && boosting().check().is_ok());
    let text = forest().row_share(1.5).check().unwrap_err().to_string();
    assert_eq!(text, "parameter row_share is 1.5, but must be above 0 and at most 1");
}
