//! Tables of all sizes: large ones are learned from in another way, and small ones in the way they always were.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Data, r2};
use encast_trees::{BinnedRows, BoostingParams, Ensemble, Loss, Sample};

fn boosting() -> BoostingParams {
    BoostingParams::new().min_leaf_rows(3)
}

#[test]
fn large_tables_learn_as_well_as_small_ones_and_whatever_the_threads() {
    // Just below and just above the number of rows from which sums are taken in whole numbers.
    let data = Data::random(31, 65_536, 6, 0.1);
    let binned = data.binned();
    let fit = |rows: &[u32], loss, share, threads| {
        let params = boosting().trees(12).max_leaves(12).row_share(share).loss(loss).threads(threads).check().unwrap();
        params.fit(&Sample { rows: Some(rows), ..data.sample(&binned) }, None).unwrap().ensemble
    };
    let all: Vec<u32> = (0..65_536).collect();
    for loss in [Loss::SquaredError, Loss::Huber(0.8)] {
        let (whole, floating) = (fit(&all, loss, 1.0, 1), fit(&all[..65_535], loss, 1.0, 1));
        let of = |ensemble: &Ensemble| r2(&data, |row| ensemble.predict(row));
        let (whole_r2, floating_r2) = (of(&whole), of(&floating));
        assert!(whole_r2 > 0.3 && (whole_r2 - floating_r2).abs() < 0.01, "{whole_r2} and {floating_r2}");
        for share in [1.0, 0.6] {
            // Half of the rows would be too few for whole numbers: the sample decides, not the draw.
            let one = fit(&all, loss, share, 1);
            for threads in [2, 3, 5] {
                assert_eq!(fit(&all, loss, share, threads), one);
            }
        }
    }
}

#[test]
fn borrowed_and_copied_tables_give_the_same_model() {
    for rows in [500, 70_000] {
        let data = Data::random(8, rows, 4, 0.05);
        let binned = data.binned();
        let all: Vec<u32> = (0..rows as u32).collect();
        let params = boosting().trees(5).threads(2).check().unwrap();
        let borrowed = params.fit(&data.sample(&binned), None).unwrap();
        let copied = params.fit(&Sample { rows: Some(&all), ..data.sample(&binned) }, None).unwrap();
        assert_eq!(borrowed, copied);
    }
}

#[test]
fn long_tables_are_binned_alike_whatever_the_threads() {
    // Above the number of rows from which thresholds are placed by a draw.
    let data = Data::random(5, 230_000, 3, 0.1);
    let params = boosting().trees(3).threads(2).check().unwrap();
    let fit = |threads| {
        let binned = BinnedRows::with_threads(data.rows(), 255, threads).unwrap();
        params.fit(&data.sample(&binned), None).unwrap().ensemble
    };
    let one = fit(1);
    assert_eq!(fit(2), one);
    assert_eq!(fit(3), one);
    let binned = BinnedRows::new(data.rows(), 255).unwrap();
    assert_eq!(params.fit(&data.sample(&binned), None).unwrap().ensemble, one);
}

/// Models of tables that are not large stay as they are: shipped figures rest on them.
#[test]
fn small_models_are_what_they_have_always_been() {
    let data = Data::random(77, 6_000, 12, 0.05);
    let binned = data.binned();
    let weights: Vec<f32> = (0..6_000).map(|i| 1.0 + (i % 3) as f32).collect();
    let sum = |weights, share| {
        let params = boosting().trees(60).max_leaves(31).row_share(share).seed(9).threads(2).check().unwrap();
        let sample = Sample { weights, ..data.sample(&binned) };
        let ensemble = params.fit(&sample, None).unwrap().ensemble;
        let mut hash = 0xcbf2_9ce4_8422_2325u64;
        for node in ensemble.members().iter().flat_map(|member| &member.trees).flat_map(|tree| tree.nodes()) {
            for part in [node.value.to_bits(), node.right, u32::from(node.column), u32::from(node.missing_left)] {
                hash = (hash ^ u64::from(part)).wrapping_mul(0x0100_0000_01b3);
            }
        }
        hash
    };
    let found = [sum(None, 1.0), sum(None, 0.5), sum(Some(weights.as_slice()), 0.7)];
    assert_eq!(found, [0xb514_a22c_a14e_addf, 0x742c_5101_c1bd_9c83, 0x3e5f_8e1b_f290_3b57], "{found:x?}");
}
