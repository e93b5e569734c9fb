//! What forests and boosting learn, and that they learn the same thing every time.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Data, Dice, r2};
use encast_trees::{BinnedRows, BoostingParams, Ensemble, ForestParams, Loss, Monotone, Node, Sample, TreeError};
use proptest::prelude::*;

fn boosting() -> BoostingParams {
    BoostingParams::new().min_leaf_rows(3).threads(1)
}

fn forest() -> ForestParams {
    ForestParams::new().min_leaf_rows(2).threads(1)
}

/// R² on unseen rows of the best straight plane through the training rows of two columns.
fn linear_r2(train: &Data, test: &Data) -> f64 {
    // Features are centred at 0 and independent, so each slope is a ratio of two moments.
    let moment = |f: &dyn Fn(&[f32], f64) -> f64| {
        let rows = train.values.chunks(train.columns).zip(&train.targets);
        rows.map(|(row, &y)| f(row, f64::from(y))).sum::<f64>() / train.targets.len() as f64
    };
    let mean = moment(&|_, y| y);
    let slope =
        |c: usize| moment(&|row, y| f64::from(row[c]) * (y - mean)) / moment(&|row, _| f64::from(row[c]).powi(2));
    let slopes = [slope(0), slope(1)];
    r2(test, |row| mean + slopes[0] * f64::from(row[0]) + slopes[1] * f64::from(row[1]))
}

#[test]
fn both_learn_a_function_that_no_line_can() {
    let function = |row: &[f32]| row[0].sin() * row[1];
    let (train, test) = (Data::of(1, 4000, 2, function), Data::of(2, 1000, 2, function));
    let line = linear_r2(&train, &test);
    assert!(line < 0.3, "{line}");
    let binned = train.binned();
    let sample = train.sample(&binned);
    let grown = forest().check().unwrap().fit(&sample, None).unwrap();
    let boosted = boosting().check().unwrap().fit(&sample, None).unwrap();
    let grown_r2 = r2(&test, |row| grown.ensemble.predict(row));
    let boosted_r2 = r2(&test, |row| boosted.ensemble.predict(row));
    assert!(grown_r2 > 0.95 && boosted_r2 > 0.98, "{grown_r2} {boosted_r2}");
    assert_eq!((grown.ensemble.members().len(), boosted.ensemble.members().len()), (100, 1));
    assert_eq!((boosted.best_trees, boosted.validation_error.len()), (400, 0));
    // Out-of-bag error estimates the error on unseen rows.
    let variance = test.targets.iter().map(|y| f64::from(y * y)).sum::<f64>() / 1000.0;
    let unseen = (1.0 - grown_r2) * variance;
    let ratio = grown.out_of_bag_mse().unwrap() / unseen;
    assert!((0.6..1.7).contains(&ratio), "{ratio}");
    assert!(grown.out_of_bag.iter().all(Option::is_some));
}

#[test]
fn the_bent_loss_is_not_led_astray_by_a_few_rows_far_off() {
    let function = |row: &[f32]| row[0] + row[1];
    let (mut train, test) = (Data::of(5, 3000, 2, function), Data::of(6, 1000, 2, function));
    train.targets.iter_mut().step_by(10).for_each(|target| *target += 40.0);
    let binned = train.binned();
    let fit = |loss: Loss| boosting().loss(loss).check().unwrap().fit(&train.sample(&binned), None).unwrap().ensemble;
    let of = |loss: Loss| {
        let ensemble = fit(loss);
        r2(&test, |row| ensemble.predict(row))
    };
    let (squared, bent) = (of(Loss::SquaredError), of(Loss::Huber(0.65)));
    assert!(squared < 0.0 && bent > 0.9, "{squared} {bent}");
    // Where all errors count in full it is the squared error, bit for bit.
    assert_eq!(fit(Loss::Huber(1.0)), fit(Loss::SquaredError));
}

#[test]
fn training_error_falls_tree_by_tree() {
    let data = Data::random(4, 1500, 5, 0.1);
    let binned = data.binned();
    let fit = boosting().row_share(1.0).trees(60).check().unwrap().fit(&data.sample(&binned), None).unwrap();
    let member = &fit.ensemble.members()[0];
    let mut before = f64::INFINITY;
    for trees in 0..=60 {
        let predict =
            |row: &[f32]| member.base + member.trees[..trees].iter().map(|t| f64::from(t.evaluate(row))).sum::<f64>();
        let error = 1.0 - r2(&data, predict);
        assert!(error < before, "{trees}: {error} after {before}");
        before = error;
    }
    assert!(before < 0.1, "{before}");
}

#[test]
fn sampled_rows_and_columns_still_learn() {
    let data = Data::random(5, 1500, 6, 0.1);
    let binned = data.binned();
    let fit = boosting().row_share(0.3).row_resample_every(4).column_share(0.5).check().unwrap();
    let fit = fit.fit(&data.sample(&binned), None).unwrap();
    assert!(r2(&data, |row| fit.ensemble.predict(row)) > 0.97);
    for tree in &fit.ensemble.members()[0].trees {
        let mut used: Vec<u16> = tree.nodes().iter().filter(|node| !node.is_leaf()).map(|node| node.column).collect();
        used.sort_unstable();
        used.dedup();
        assert!(used.len() <= 3);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_seed_decides_and_the_threads_do_not(seed: u64, rows in 40usize..300, columns in 1usize..5) {
        let data = Data::random(seed, rows, columns, 0.2);
        let binned = data.binned();
        let sample = data.sample(&binned);
        let groups: Vec<u32> = (0..rows as u32).map(|row| row / 7).collect();
        let grow = |threads, seed, groups| {
            let params = forest().trees(13).columns_per_split(0.4).seed(seed).threads(threads).check().unwrap();
            params.fit(&sample, groups).unwrap()
        };
        let boost = |threads, seed| {
            let params = boosting().trees(13).column_share(0.7).seed(seed).threads(threads).check().unwrap();
            params.fit(&sample, None).unwrap()
        };
        for groups in [None, Some(groups.as_slice())] {
            let one = grow(1, seed, groups);
            for threads in [2, 4, 0] {
                prop_assert_eq!(&grow(threads, seed, groups), &one);
            }
            prop_assert_ne!(grow(1, seed ^ 1, groups).ensemble, one.ensemble);
        }
        let one = boost(1, seed);
        for threads in [2, 4, 0] {
            prop_assert_eq!(&boost(threads, seed), &one);
        }
        prop_assert_ne!(boost(1, seed ^ 1).ensemble, one.ensemble);
    }

    #[test]
    fn trees_keep_to_their_limits(
        seed: u64, leaves in 2usize..40, depth in 1usize..8, least in 1usize..30, missing in 0.0f32..0.5,
    ) {
        let data = Data::random(seed, 300, 3, missing);
        let binned = data.binned();
        let sample = data.sample(&binned);
        let boosted = BoostingParams::new().trees(5).row_share(1.0).max_leaves(leaves).max_depth(depth).min_leaf_rows(least);
        let boosted = boosted.threads(1).check().unwrap().fit(&sample, None).unwrap().ensemble;
        let grown = ForestParams::new().trees(5).bootstrap(false).max_leaves(leaves).max_depth(depth).min_leaf_rows(least);
        let grown = grown.threads(1).check().unwrap().fit(&sample, None).unwrap().ensemble;
        for tree in boosted.members().iter().chain(grown.members()).flat_map(|member| &member.trees) {
            prop_assert!(tree.leaves() <= leaves && tree.depth() <= depth);
            let mut reached = std::collections::BTreeMap::new();
            for row in data.values.chunks(3) {
                *reached.entry(tree.evaluate(row).to_bits()).or_insert(0) += 1;
            }
            // Leaves of equal value merge here, so there may be fewer, but none below the limit.
            prop_assert!(reached.values().all(|&rows| rows >= least), "{:?}", reached);
        }
    }
}

#[test]
fn threads_do_not_decide_on_large_tables_either() {
    let data = Data::random(17, 40_000, 7, 0.1);
    let binned = data.binned();
    let weights: Vec<f32> = (0..40_000).map(|row| 0.1 + (row % 9) as f32).collect();
    for weights in [None, Some(weights.as_slice())] {
        let sample = Sample { weights, ..data.sample(&binned) };
        let fit = |threads| {
            let params = boosting().trees(4).row_share(1.0).threads(threads).check().unwrap();
            params.fit(&sample, None).unwrap()
        };
        let one = fit(1);
        for threads in [2, 3, 4, 20] {
            assert_eq!(fit(threads), one);
        }
    }
}

#[test]
fn a_whole_weight_equals_that_many_rows() {
    let mut data = Data::of(6, 600, 3, |row| row[0].sin() * 3.0 + row[1] * row[2]);
    data.values.iter_mut().step_by(7).for_each(|x| *x = f32::NAN);
    let mut dice = Dice(60);
    let weights: Vec<f32> = (0..600).map(|_| dice.below(4) as f32).collect();
    let binned = data.binned();
    let repeated: Vec<u32> =
        (0..600u32).flat_map(|row| std::iter::repeat_n(row, weights[row as usize] as usize)).collect();
    let weighted = Sample { weights: Some(&weights), ..data.sample(&binned) };
    let repeated = Sample { rows: Some(&repeated), ..data.sample(&binned) };
    let one = boosting().min_leaf_rows(1).trees(30).max_leaves(6).row_share(1.0).l2(2.0).check().unwrap();
    let (a, b) = (one.fit(&weighted, None).unwrap(), one.fit(&repeated, None).unwrap());
    for row in data.values.chunks(3) {
        let (a, b) = (a.ensemble.predict(row), b.ensemble.predict(row));
        assert!((a - b).abs() < 1e-4 * (1.0 + a.abs()), "{a} {b}");
    }
    let ones = vec![1.0; 600];
    let plain = one.fit(&data.sample(&binned), None).unwrap();
    assert_eq!(one.fit(&Sample { weights: Some(&ones), ..data.sample(&binned) }, None).unwrap(), plain);
    let twos = vec![2.0; 600];
    let free = boosting().trees(30).check().unwrap();
    let plain = free.fit(&data.sample(&binned), None).unwrap();
    let doubled = free.fit(&Sample { weights: Some(&twos), ..data.sample(&binned) }, None).unwrap();
    assert_eq!(doubled, plain, "doubling all weights changes nothing without l2");
}

#[test]
fn missing_goes_where_it_was_learned_to_go() {
    // Missing rows behave like the low rows in the first column, and like the high ones in the second.
    let mut data = Data::of(7, 600, 2, |row| if row[0] < 0.0 { -1.0 } else { 1.0 });
    for row in 0..200 {
        data.values[2 * row] = f32::NAN;
        data.targets[row] = -1.0;
    }
    let one = boosting().trees(1).learning_rate(1.0).row_share(1.0).max_leaves(2).check().unwrap();
    let binned = data.binned();
    let root = |fit: Ensemble| fit.members()[0].trees[0].nodes()[0];
    let low = root(one.fit(&data.sample(&binned), None).unwrap().ensemble);
    assert!(low.column == 0 && low.missing_left && low.value.abs() < 0.1, "{low:?}");
    data.targets[..200].fill(1.0);
    let high = root(one.fit(&data.sample(&binned), None).unwrap().ensemble);
    assert!(high.column == 0 && !high.missing_left, "{high:?}");
    // Only missing or present counts: every finite value goes left.
    for row in 0..600 {
        data.targets[row] = if row < 200 { 5.0 } else { 2.0 };
    }
    let fit = one.fit(&data.sample(&binned), None).unwrap().ensemble;
    assert_eq!(root(fit.clone()).value, f32::MAX);
    assert!((fit.predict(&[f32::NAN, 0.0]) - 5.0).abs() < 1e-6);
    for x in [f32::MIN, -3.0, 0.0, 3.0, f32::MAX] {
        assert!((fit.predict(&[x, 0.0]) - 2.0).abs() < 1e-6);
    }
}

#[test]
fn a_side_that_never_saw_missing_takes_it_to_the_larger_child() {
    let data = Data::of(8, 500, 1, |row| if row[0] < 2.0 { 0.0 } else { 1.0 });
    let binned = data.binned();
    let one = boosting().trees(1).max_leaves(2).check().unwrap().fit(&data.sample(&binned), None).unwrap();
    assert!(one.ensemble.members()[0].trees[0].nodes()[0].missing_left);
}

#[test]
fn drawing_goes_on_after_columns_without_gain() {
    // Nine constant columns and one that matters: a draw of one column would nearly always come up empty.
    let mut data = Data::of(9, 400, 10, |row| row[7]);
    data.values.iter_mut().enumerate().for_each(|(i, x)| *x = if i % 10 == 7 { *x } else { 1.0 });
    let binned = data.binned();
    let fit = forest().trees(20).columns_per_split(0.1).check().unwrap().fit(&data.sample(&binned), None).unwrap();
    assert!(r2(&data, |row| fit.ensemble.predict(row)) > 0.98);
}

#[test]
fn out_of_bag_uses_only_trees_that_did_not_see_the_row() {
    // The target is noise, and a column gives each row away: seen rows would be predicted perfectly.
    let mut dice = Dice(10);
    let values: Vec<f32> = (0..300).map(|row| row as f32).collect();
    let targets: Vec<f32> = (0..300).map(|_| if dice.chance(0.5) { 1.0 } else { -1.0 }).collect();
    let data = Data { columns: 1, values, targets };
    let binned = BinnedRows::new(data.rows(), 255).unwrap();
    let fit = forest().min_leaf_rows(1).max_leaves(1000).trees(60).check().unwrap();
    let fit = fit.fit(&data.sample(&binned), None).unwrap();
    assert!(r2(&data, |row| fit.ensemble.predict(row)) > 0.5);
    assert!(fit.out_of_bag_mse().unwrap() > 1.0);
    // Rows outside the sample have none; with one tree, about 1 - 1/e of the others have none either.
    let half: Vec<u32> = (0..150).collect();
    let sample = Sample { rows: Some(&half), ..data.sample(&binned) };
    let one = forest().trees(1).check().unwrap().fit(&sample, None).unwrap();
    assert!(one.out_of_bag[150..].iter().all(Option::is_none));
    let unseen = one.out_of_bag[..150].iter().flatten().count();
    assert!((35..75).contains(&unseen), "{unseen}");
    // Without replacement and with a share of 1, every tree sees every row.
    let all = forest().trees(3).bootstrap(false).check().unwrap().fit(&sample, None).unwrap();
    assert!(all.out_of_bag.iter().all(Option::is_none) && all.out_of_bag_mse().is_none());
}

#[test]
fn out_of_bag_by_group_leaves_out_whole_groups() {
    // Each title has its own random level, told by a column that names the title: a tree that saw any row of the
    // title knows the level of all.
    let mut dice = Dice(11);
    let levels: Vec<f32> = (0..40).map(|_| if dice.chance(0.5) { 10.0 } else { -10.0 }).collect();
    let groups: Vec<u32> = (0..400).map(|row| 1000 - row % 40).collect();
    let values: Vec<f32> = (0..400).map(|row| (row % 40) as f32).collect();
    let targets: Vec<f32> = (0..400).map(|row| levels[row % 40]).collect();
    let data = Data { columns: 1, values, targets };
    let binned = data.binned();
    let params = forest().min_leaf_rows(1).trees(80).check().unwrap();
    let leaky = params.fit(&data.sample(&binned), None).unwrap();
    let honest = params.fit(&data.sample(&binned), Some(&groups)).unwrap();
    assert!(leaky.out_of_bag_mse().unwrap() < 5.0, "{:?}", leaky.out_of_bag_mse());
    assert!(honest.out_of_bag_mse().unwrap() > 80.0, "{:?}", honest.out_of_bag_mse());
    // Rows of a group are predicted by the same trees, and look the same here, so they get the same prediction.
    for row in 40..400 {
        assert_eq!(honest.out_of_bag[row], honest.out_of_bag[row % 40]);
    }
}

#[test]
fn copies_of_a_row_are_never_split_between_bag_and_out_of_bag() {
    let mut dice = Dice(12);
    let values: Vec<f32> = (0..60).map(|row| row as f32).collect();
    let targets: Vec<f32> = (0..60).map(|_| if dice.chance(0.5) { 1.0 } else { -1.0 }).collect();
    let data = Data { columns: 1, values, targets };
    let binned = data.binned();
    let copies: Vec<u32> = (0..600).map(|i| i % 60).collect();
    let sample = Sample { rows: Some(&copies), ..data.sample(&binned) };
    let fit = forest().min_leaf_rows(1).trees(60).check().unwrap().fit(&sample, None).unwrap();
    assert!(fit.out_of_bag_mse().unwrap() > 0.8, "{:?}", fit.out_of_bag_mse());
}

#[test]
fn early_stopping_keeps_the_trees_up_to_the_minimum() {
    let mut data = Data::of(13, 800, 3, |row| row[0] + row[1] * 0.5);
    let mut dice = Dice(130);
    data.targets.iter_mut().for_each(|y| *y += dice.unit() * 8.0 - 4.0);
    let binned = data.binned();
    let (train, held): (Vec<u32>, Vec<u32>) = (0..800).partition(|row| row % 4 != 0);
    let sample = Sample { rows: Some(&train), ..data.sample(&binned) };
    let params = boosting().learning_rate(0.2).trees(300);
    let whole = params.clone().check().unwrap().fit(&sample, Some(&held)).unwrap();
    let stopped = params.early_stopping_rounds(20).check().unwrap().fit(&sample, Some(&held)).unwrap();
    let errors = &stopped.validation_error;
    let best = stopped.best_trees;
    assert!(best < 200 && errors.len() == best + 20, "{best} {}", errors.len());
    assert_eq!(stopped.ensemble.members()[0].trees.len(), best);
    assert!(errors.iter().all(|&error| error >= errors[best - 1]));
    assert!(errors[..best - 1].iter().all(|&error| error > errors[best - 1]));
    // The same trees as without stopping, which keeps all of them; and the errors are those of the model itself.
    assert_eq!(whole.validation_error[..errors.len()], errors[..]);
    assert_eq!(whole.ensemble.members()[0].trees.len(), 300);
    let mean = held.iter().map(|&row| {
        let error = f64::from(data.targets[row as usize]) - stopped.ensemble.predict(data.rows().row(row as usize));
        error * error
    });
    let mean = mean.sum::<f64>() / held.len() as f64;
    assert!((mean - errors[best - 1]).abs() < 1e-9 * mean, "{mean} {}", errors[best - 1]);
}

#[test]
fn only_allowed_rows_and_columns_are_used() {
    let mut data = Data::of(14, 400, 4, |row| row[0] + row[2]);
    let chosen: Vec<u32> = (0..300).collect();
    let binned = data.binned();
    // What the other rows hold must not matter, not even when it is no number.
    let before = Sample { rows: Some(&chosen), columns: Some(&[2, 1, 2]), ..data.sample(&binned) };
    let params = boosting().trees(20).check().unwrap();
    let before = params.fit(&before, None).unwrap();
    data.targets[300..].fill(f32::NAN);
    let after = Sample { rows: Some(&chosen), columns: Some(&[1, 2]), ..data.sample(&binned) };
    let after = params.fit(&after, None).unwrap();
    assert_eq!(before, after);
    let nodes = after.ensemble.members()[0].trees.iter().flat_map(|tree| tree.nodes());
    assert!(nodes.filter(|node| !node.is_leaf()).all(|node| [1, 2].contains(&node.column)));
    assert_eq!(after.ensemble.columns(), 4);
}

#[test]
fn wide_tables_learn_without_keeping_every_histogram() {
    // 500 columns: the histograms of 100 leaves would take 200 MB.
    let data = Data::of(18, 500, 500, |row| row[3] + row[400].sin() * 2.0);
    let binned = data.binned();
    let params = boosting().trees(3).learning_rate(1.0).row_share(1.0).min_leaf_rows(2).max_leaves(100);
    let fit = params.check().unwrap().fit(&data.sample(&binned), None).unwrap();
    assert!(fit.ensemble.members()[0].trees[0].leaves() > 60);
    assert!(r2(&data, |row| fit.ensemble.predict(row)) > 0.99);
}

#[test]
fn constant_and_extreme_targets_give_finite_models() {
    let mut data = Data::random(15, 100, 2, 0.1);
    let binned = data.binned();
    data.targets.fill(42.5);
    let flat = boosting().check().unwrap().fit(&data.sample(&binned), None).unwrap().ensemble;
    assert_eq!((flat.predict(&[1.0, 2.0]), flat.members()[0].trees.len()), (42.5, 1));
    let flat = forest().check().unwrap().fit(&data.sample(&binned), None).unwrap().ensemble;
    assert_eq!(flat.predict_with_spread(&[1.0, 2.0]), (42.5, 0.0));
    for (i, y) in data.targets.iter_mut().enumerate() {
        *y = if i % 2 == 0 { f32::MAX } else { f32::MIN };
    }
    let wild = boosting().trees(5).learning_rate(1.0).check().unwrap().fit(&data.sample(&binned), None).unwrap();
    assert!(wild.ensemble.predict(&[1.0, 2.0]).is_finite());
    let wild = forest().trees(5).min_leaf_rows(1).check().unwrap().fit(&data.sample(&binned), None).unwrap();
    assert!(wild.ensemble.predict(&[1.0, 2.0]).is_finite());
}

#[test]
fn thresholds_separate_neighbours_exactly() {
    let ulp = |steps: u32| f32::from_bits(1.0f32.to_bits() + steps);
    for pair in [[1.0, ulp(1)], [ulp(1), ulp(2)], [-ulp(1), -1.0], [0.0, f32::from_bits(1)], [f32::MIN, f32::MAX]] {
        let values: Vec<f32> = (0..20).map(|row| pair[row % 2]).collect();
        let targets: Vec<f32> = (0..20).map(|row| (row % 2) as f32).collect();
        let data = Data { columns: 1, values, targets };
        let binned = data.binned();
        let fit = boosting().trees(1).learning_rate(1.0).row_share(1.0).check().unwrap();
        let fit = fit.fit(&data.sample(&binned), None).unwrap().ensemble;
        let Node { value, .. } = fit.members()[0].trees[0].nodes()[0];
        assert!(pair[0] <= value && value < pair[1], "{pair:?} {value}");
        assert_eq!((fit.predict(&pair[..1]), fit.predict(&pair[1..])), (0.0, 1.0));
    }
}

#[test]
fn a_monotone_list_of_the_wrong_length_is_refused() {
    let data = Data::random(16, 50, 3, 0.0);
    let binned = data.binned();
    let wrong = TreeError::LengthMismatch { name: "monotone", expected: 3, found: 2 };
    let params = boosting().monotone(vec![Monotone::None; 2]).check().unwrap();
    assert_eq!(params.fit(&data.sample(&binned), None).unwrap_err(), wrong);
    let params = forest().monotone(vec![Monotone::None; 2]).check().unwrap();
    assert_eq!(params.fit(&data.sample(&binned), None).unwrap_err(), wrong);
}
