//! The fast evaluator agrees with the plain one, bit for bit, on everything.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Data, Dice, random_ensemble, random_nodes, random_rows};
use encast_trees::{
    BoostingParams, Crossing, Ensemble, FlatEnsemble, ForestParams, Instructions, Member, Monotone, Rows, Tree,
    TreeError,
};
use proptest::prelude::*;

/// With every set of instructions that this machine has.
fn agree(ensemble: &Ensemble, rows: Rows<'_>) {
    for instructions in Instructions::available() {
        agree_with(&FlatEnsemble::with_instructions(ensemble, instructions), ensemble, rows);
    }
}

fn agree_with(flat: &FlatEnsemble, ensemble: &Ensemble, rows: Rows<'_>) {
    let trees: usize = ensemble.members().iter().map(|member| member.trees.len()).sum();
    assert_eq!((flat.columns(), flat.trees()), (ensemble.columns(), trees));
    assert!(flat.size_bytes() > 0);
    let count = rows.len();
    let (mut batch, mut means, mut spreads) = (vec![0.0; count], vec![0.0; count], vec![0.0; count]);
    flat.predict_batch(rows, &mut batch).unwrap();
    flat.predict_batch_with_spread(rows, &mut means, &mut spreads).unwrap();
    for i in 0..count {
        let row = rows.row(i);
        let (mean, spread) = ensemble.predict_with_spread(row);
        assert_eq!(ensemble.predict(row).to_bits(), mean.to_bits());
        assert_eq!(flat.predict(row).to_bits(), mean.to_bits());
        let (fast_mean, fast_spread) = flat.predict_with_spread(row);
        assert_eq!((fast_mean.to_bits(), fast_spread.to_bits()), (mean.to_bits(), spread.to_bits()));
        assert_eq!(batch[i].to_bits(), mean.to_bits());
        assert_eq!((means[i].to_bits(), spreads[i].to_bits()), (mean.to_bits(), spread.to_bits()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn on_random_ensembles(
        seed: u64, columns in 1usize..40, members in 1usize..12, trees in 0usize..30, leaves in 1usize..80, rows in 0usize..150,
    ) {
        let values = random_rows(seed, rows, columns);
        agree(&random_ensemble(seed, columns, members, trees, leaves), Rows::new(&values, columns).unwrap());
    }

    #[test]
    fn on_trained_ensembles(seed: u64, rows in 30usize..200, columns in 1usize..6, missing in 0.0f32..0.6) {
        let data = Data::random(seed, rows, columns, missing);
        let binned = data.binned();
        let sample = data.sample(&binned);
        let forest = ForestParams::new().trees(9).min_leaf_rows(2).seed(seed).threads(1).check().unwrap();
        let forest = forest.fit(&sample, None).unwrap().ensemble;
        agree(&forest, data.rows());
        let boosted = BoostingParams::new().trees(21).min_leaf_rows(2).seed(seed).threads(1).check().unwrap();
        let boosted = boosted.fit(&sample, None).unwrap().ensemble;
        agree(&boosted, data.rows());
        agree(&Ensemble::average(vec![boosted, forest]).unwrap(), data.rows());
    }
}

#[test]
fn on_wide_ensembles() {
    // Up to 16 used columns the narrow form, up to 128 the wide one, above that the plain one.
    for columns in [15, 16, 17, 100, 127, 128, 129, 300, 5000] {
        let values = random_rows(columns as u64, 70, columns);
        agree(&random_ensemble(columns as u64, columns, 3, 40, 300), Rows::new(&values, columns).unwrap());
    }
}

/// Members of as many trees each, of exactly so many leaves.
fn even_ensemble(seed: u64, columns: usize, members: usize, trees: usize, leaves: usize) -> Ensemble {
    let mut dice = Dice(seed);
    let mut tree = || Tree::new(random_nodes(&mut dice, columns, leaves), columns).unwrap();
    let members = (0..members).map(|i| Member { base: i as f64, trees: (0..trees).map(|_| tree()).collect() });
    Ensemble::new(columns, members.collect()).unwrap()
}

#[test]
fn at_the_edges_of_sets_of_leaves() {
    for leaves in [1, 2, 7, 8, 9, 16, 17, 31, 32, 33, 63, 64, 65, 255, 256, 257] {
        let values = random_rows(leaves as u64, 130, 5);
        agree(&even_ensemble(leaves as u64, 5, 2, 7, leaves), Rows::new(&values, 5).unwrap());
    }
}

#[test]
fn at_the_edges_of_groups_of_trees() {
    // Groups hold 64 trees; 1024 are summed at a time; five members are summed side by side when all have as many.
    for (members, trees) in
        [(5, 0), (5, 1), (5, 12), (5, 13), (5, 204), (5, 205), (1, 64), (1, 65), (3, 1025), (2, 2048)]
    {
        let values = random_rows(trees as u64, 80, 4);
        agree(&even_ensemble(trees as u64, 4, members, trees, 9), Rows::new(&values, 4).unwrap());
    }
}

#[test]
fn at_the_edges_of_places() {
    // A column takes a place for each way of missing values and for every 255 thresholds; there are lines of 64 of them.
    for (columns, trees, leaves) in
        [(32, 200, 2), (33, 200, 2), (64, 500, 2), (65, 500, 2), (128, 900, 2), (129, 900, 2)]
    {
        let values = random_rows(trees as u64, 70, columns);
        agree(&even_ensemble(columns as u64, columns, 1, trees, leaves), Rows::new(&values, columns).unwrap());
    }
    for (columns, trees) in [(1, 17), (1, 1000), (2, 2000), (3, 4000)] {
        let values = random_rows(trees as u64, 70, columns);
        agree(&even_ensemble(7, columns, 1, trees, 31), Rows::new(&values, columns).unwrap());
    }
}

#[test]
fn at_structural_limits() {
    // A tree of 65,537 leaves, and some thousand trees.
    let values = random_rows(1, 40, 6);
    let rows = Rows::new(&values, 6).unwrap();
    agree(&even_ensemble(11, 6, 1, 2, 65_537), rows);
    agree(&even_ensemble(12, 6, 4, 2_000, 6), rows);
}

#[test]
fn on_a_deep_tree() {
    let count = 100_000u32;
    let mut nodes = Vec::new();
    for i in 0..count {
        nodes.push(encast_trees::Node {
            value: -(i as f32),
            right: 2 * count - i,
            column: 0,
            missing_left: i % 2 == 0,
        });
    }
    nodes.extend((0..=count).map(|i| encast_trees::Node::leaf(i as f32)));
    let tree = encast_trees::Tree::new(nodes, 1).unwrap();
    assert_eq!((tree.depth(), tree.leaves()), (100_000, 100_001));
    let ensemble = Ensemble::new(1, vec![encast_trees::Member { base: 0.0, trees: vec![tree] }]).unwrap();
    agree(&ensemble, Rows::new(&[5.0, -50_000.5, -1e9, f32::NAN, f32::NEG_INFINITY], 1).unwrap());
}

#[test]
fn short_rows_count_as_missing_and_long_ones_are_cut() {
    let ensemble = random_ensemble(3, 6, 4, 20, 30);
    let flat = FlatEnsemble::new(&ensemble);
    let row = [0.5, -1.0, 2.0, 0.1, -0.3, 1.0, 9.0, 9.0];
    for length in 0..=8 {
        let mut full = [f32::NAN; 6];
        let kept = length.min(6);
        full[..kept].copy_from_slice(&row[..kept]);
        assert_eq!(ensemble.predict(&row[..length]), ensemble.predict(&full));
        assert_eq!(flat.predict(&row[..length]), ensemble.predict(&full));
    }
}

#[test]
fn batch_refuses_wrong_lengths_and_leaves_the_output_alone() {
    let flat = FlatEnsemble::new(&random_ensemble(3, 2, 2, 5, 8));
    let values = [0.0; 6];
    let mut out = [7.0; 4];
    let wrong = flat.predict_batch(Rows::new(&values, 2).unwrap(), &mut out);
    assert_eq!(wrong, Err(TreeError::LengthMismatch { name: "out", expected: 3, found: 4 }));
    let wrong = flat.predict_batch(Rows::new(&values, 3).unwrap(), &mut out[..2]);
    assert_eq!(wrong, Err(TreeError::LengthMismatch { name: "columns", expected: 2, found: 3 }));
    let mut means = [7.0; 3];
    let wrong = flat.predict_batch_with_spread(Rows::new(&values, 2).unwrap(), &mut means, &mut out);
    assert_eq!(wrong, Err(TreeError::LengthMismatch { name: "spreads", expected: 3, found: 4 }));
    assert_eq!((out, means), ([7.0; 4], [7.0; 3]));
}

#[test]
fn spread_is_the_population_standard_deviation() {
    let member = |base| encast_trees::Member { base, trees: Vec::new() };
    let ensemble = Ensemble::new(1, vec![member(2.0), member(4.0), member(6.0), member(8.0)]).unwrap();
    let (mean, spread) = FlatEnsemble::new(&ensemble).predict_with_spread(&[0.0]);
    assert_eq!(mean, 5.0);
    assert!((spread - 5.0f64.sqrt()).abs() < 1e-12);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// What is found along a line holds for the plain evaluator.
    #[test]
    fn a_crossing_is_missed_below_and_reached_above(
        seed: u64,
        share in 0.02f64..0.98,
        slope in 0.0f64..0.2,
        trees in 1usize..60,
    ) {
        let data = Data::random(seed, 300, 4, 0.1);
        let binned = data.binned();
        let params = BoostingParams::new().trees(trees).min_leaf_rows(3).seed(seed).threads(1);
        let rising = params.monotone(vec![Monotone::Increasing, Monotone::Increasing, Monotone::None, Monotone::None]);
        let ensemble = rising.check().unwrap().fit(&data.sample(&binned), None).unwrap().ensemble;
        let flat = FlatEnsemble::new(&ensemble);
        // Two features move along the line, one of them beyond the trees' thresholds; the others stay.
        let set = |position: f64, row: &mut [f32]| {
            row[0] = position as f32;
            row[1] = (position * 2.0 + 1.0) as f32;
        };
        let row = [0.0, 0.0, data.values[2], data.values[3]];
        let at = |position: f64| {
            let mut row = row;
            set(position, &mut row);
            ensemble.predict(&row)
        };
        let (lowest, highest) = (at(-12.0), at(12.0));
        prop_assume!(highest > lowest);
        let target = lowest + share * (highest - lowest);
        let find = |target| flat.crossing(|_| target, (-12.0, 12.0), 1e-3, &mut row.clone(), set);
        prop_assert_eq!(find(highest + 1e-6), Crossing::Beyond);
        prop_assert_eq!(find(lowest - 1e-6), Crossing::Before);
        let Crossing::Between { low, high } = find(target) else { panic!("missed at one end, reached at the other") };
        // Sums are taken in another order: within rounding of the target the two may part.
        prop_assert!(high - low <= 1e-3, "{low} {high}");
        prop_assert!(at(low) < target + 1e-9 && at(high) >= target - 1e-9, "{} {target} {}", at(low), at(high));
        // A target that falls along the line is found as well.
        let falling = |position: f64| target - slope * position;
        let found = flat.crossing(falling, (-12.0, 12.0), 1e-3, &mut row.clone(), set);
        match found {
            Crossing::Before => prop_assert!(at(-12.0) >= falling(-12.0) - 1e-9),
            Crossing::Beyond => prop_assert!(at(12.0) < falling(12.0) + 1e-9),
            Crossing::Between { low, high } => {
                prop_assert!(at(low) < falling(low) + 1e-9 && at(high) >= falling(high) - 1e-9);
            }
        }
    }
}
