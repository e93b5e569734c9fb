//! Monotone constraints hold exactly, for every fitted function.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Data, Dice};
use encast_trees::{BoostingParams, Ensemble, FlatEnsemble, ForestParams, Monotone};
use proptest::prelude::*;

/// Varies every constrained column over all its thresholds, their neighbours and the extremes.
fn holds(ensemble: &Ensemble, monotone: &[Monotone], data: &Data, dice: &mut Dice) {
    let flat = FlatEnsemble::new(ensemble);
    for (column, &direction) in monotone.iter().enumerate().filter(|&(_, &direction)| direction != Monotone::None) {
        let trees = ensemble.members().iter().flat_map(|member| &member.trees);
        let nodes = trees.flat_map(|tree| tree.nodes()).filter(|node| usize::from(node.column) == column);
        let mut steps: Vec<f32> = nodes.flat_map(|node| [node.value, node.value.next_up()]).collect();
        steps.extend([f32::MIN, f32::MAX, 0.0]);
        steps.retain(|x| x.is_finite());
        steps.sort_by(f32::total_cmp);
        steps.dedup();
        for _ in 0..12 {
            let at = dice.below(data.targets.len());
            let mut row = data.rows().row(at).to_vec();
            row.iter_mut().for_each(|x| {
                if dice.chance(0.1) {
                    *x = f32::NAN
                }
            });
            let mut before: Option<f64> = None;
            for &x in &steps {
                row[column] = x;
                let here = flat.predict(&row);
                match (direction, before) {
                    (Monotone::Increasing, Some(before)) => {
                        assert!(here >= before, "{column} {x}: {before} {here}")
                    }
                    (Monotone::Decreasing, Some(before)) => {
                        assert!(here <= before, "{column} {x}: {before} {here}")
                    }
                    _ => {}
                }
                before = Some(here);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn for_any_table_direction_and_seed(
        seed: u64, rows in 50usize..400, columns in 1usize..6, missing in 0.0f32..0.5,
        directions in prop::collection::vec(0u8..3, 6), weighted: bool, l2 in 0.0f64..3.0,
    ) {
        // The targets follow no constraint, so that nearly every split has to be bent to it.
        let data = Data::random(seed, rows, columns, missing);
        let binned = data.binned();
        let mut dice = Dice(seed);
        let weights: Vec<f32> = (0..rows).map(|_| dice.unit() + 0.01).collect();
        let mut sample = data.sample(&binned);
        sample.weights = weighted.then_some(weights.as_slice());
        let direction = |&d: &u8| [Monotone::None, Monotone::Increasing, Monotone::Decreasing][usize::from(d)];
        let monotone: Vec<Monotone> = directions.iter().take(columns).map(direction).collect();
        let boosted = BoostingParams::new().trees(25).learning_rate(0.3).min_leaf_rows(2).l2(l2).seed(seed).threads(1);
        let boosted = boosted.monotone(monotone.clone()).check().unwrap().fit(&sample, None).unwrap();
        holds(&boosted.ensemble, &monotone, &data, &mut dice);
        let grown = ForestParams::new().trees(12).min_leaf_rows(1).seed(seed).threads(1).monotone(monotone.clone());
        let grown = grown.check().unwrap().fit(&sample, None).unwrap();
        holds(&grown.ensemble, &monotone, &data, &mut dice);
    }
}

#[test]
fn a_constraint_that_fits_the_data_costs_little() {
    let function = |row: &[f32]| row[0].exp() - row[1] + row[2].sin();
    let (train, test) = (Data::of(1, 4000, 3, function), Data::of(2, 1000, 3, function));
    let binned = train.binned();
    let fit = |monotone| {
        let params = BoostingParams::new().threads(1).monotone(monotone).check().unwrap();
        let ensemble = params.fit(&train.sample(&binned), None).unwrap().ensemble;
        common::r2(&test, |row| ensemble.predict(row))
    };
    let free = fit(vec![]);
    let bound = fit(vec![Monotone::Increasing, Monotone::Decreasing, Monotone::None]);
    assert!(free > 0.99 && bound > free - 0.01, "{free} {bound}");
}
