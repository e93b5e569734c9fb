//! The short form of trees: nothing is lost on the way there and back, and nothing corrupt gets through.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Dice, random_ensemble, random_rows};
use encast_trees::{Ensemble, FlatEnsemble, Instructions, Member, Node, RankedTrees, Rows, Tree, TreeError};
use proptest::prelude::*;

/// With thresholds of -0 made 0.
fn plus_zero(ensemble: &Ensemble) -> Ensemble {
    let node = |node: &Node| Node { value: if node.is_leaf() { node.value } else { node.value + 0.0 }, ..*node };
    let tree = |tree: &Tree| Tree::new(tree.nodes().iter().map(node).collect(), ensemble.columns()).unwrap();
    let member = |member: &Member| Member { base: member.base, trees: member.trees.iter().map(tree).collect() };
    Ensemble::new(ensemble.columns(), ensemble.members().iter().map(member).collect()).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn there_and_back(seed: u64, columns in 1usize..12, members in 1usize..7, trees in 0usize..30, leaves in 1usize..=64) {
        let ensemble = random_ensemble(seed, columns, members, trees, leaves);
        let ranked = RankedTrees::of(&ensemble).unwrap();
        ranked.check().unwrap();
        let again = ranked.ensemble().unwrap();
        prop_assert_eq!(&again, &plus_zero(&ensemble));
        let bits = |ensemble: &Ensemble| serde_json::to_string(ensemble).unwrap();
        prop_assert_eq!(bits(&again), bits(&plus_zero(&ensemble)));
        let flat = FlatEnsemble::from_ranked(ranked.clone()).unwrap();
        prop_assert_eq!(flat.ensemble().unwrap(), again);
        prop_assert_eq!(flat.ranked(), Some(ranked.clone()));
        // What is saved must not depend on the processor.
        for instructions in Instructions::available() {
            prop_assert_eq!(FlatEnsemble::with_instructions(&ensemble, instructions).ranked(), Some(ranked.clone()));
        }
        let values = random_rows(seed, 20, columns);
        for row in values.chunks(columns) {
            prop_assert_eq!(flat.predict(row).to_bits(), ensemble.predict(row).to_bits());
        }
    }

    /// One number is changed: it is refused, or it is another ensemble that every evaluator agrees on.
    #[test]
    fn what_is_changed_is_refused_or_means_something(seed: u64, which in 0usize..9, to: u8) {
        let mut ranked = RankedTrees::of(&random_ensemble(seed, 4, 3, 9, 20)).unwrap();
        let mut dice = Dice(seed);
        let mut at = |count: usize| if count == 0 { 0 } else { dice.below(count) };
        let splits = at(ranked.splits.len());
        match which {
            0 => ranked.splits.get_mut(splits).into_iter().for_each(|split| split.first = to),
            1 => ranked.splits.get_mut(splits).into_iter().for_each(|split| split.rank = to),
            2 => ranked.splits.get_mut(splits).into_iter().for_each(|split| split.place = to),
            3 => {
                let tree = at(ranked.leaf_counts.len());
                ranked.leaf_counts.get_mut(tree).into_iter().for_each(|count| *count = to);
            }
            4 => ranked.members[0].trees = usize::from(to),
            5 => ranked.columns = usize::from(to),
            6 => ranked.leaves.truncate(usize::from(to)),
            7 => ranked.places.iter_mut().take(1).for_each(|place| place.column = u16::from(to)),
            _ => ranked.places.iter_mut().take(1).for_each(|place| place.thresholds[0] = f32::from(to) - 9.0),
        }
        if ranked.check().is_err() {
            prop_assert_eq!(ranked.ensemble().err(), ranked.check().err());
            prop_assert!(FlatEnsemble::from_ranked(ranked).is_err());
        } else {
            let ensemble = ranked.ensemble().unwrap();
            let flat = FlatEnsemble::from_ranked(ranked.clone()).unwrap();
            let columns = ensemble.columns();
            let values = random_rows(seed, 30, columns);
            let mut out = vec![0.0; 30];
            flat.predict_batch(Rows::new(&values, columns).unwrap(), &mut out).unwrap();
            for (row, out) in values.chunks(columns).zip(&out) {
                prop_assert_eq!(out.to_bits(), ensemble.predict(row).to_bits());
                prop_assert_eq!(flat.predict(row).to_bits(), ensemble.predict(row).to_bits());
            }
        }
    }
}

#[test]
fn what_does_not_fit_has_no_short_form() {
    let leaves = |count: usize| {
        let mut nodes = Vec::new();
        for i in 0..count as u32 - 1 {
            nodes.push(Node { value: i as f32, right: 2 * count as u32 - 2 - i, column: 0, missing_left: true });
        }
        nodes.extend((0..count).map(|i| Node::leaf(i as f32)));
        Ensemble::new(1, vec![Member { base: 0.0, trees: vec![Tree::new(nodes, 1).unwrap()] }]).unwrap()
    };
    assert!(RankedTrees::of(&leaves(64)).is_some());
    assert!(RankedTrees::of(&leaves(65)).is_none());
    let stump = |value: f32| {
        let nodes = vec![Node { value, right: 2, column: 0, missing_left: true }, Node::leaf(0.0), Node::leaf(1.0)];
        Tree::new(nodes, 1).unwrap()
    };
    let stumps = |count: usize| {
        let trees = (0..count).map(|i| stump(i as f32)).collect();
        RankedTrees::of(&Ensemble::new(1, vec![Member { base: 0.0, trees }]).unwrap())
    };
    assert_eq!(stumps(255 * 256).map(|ranked| ranked.places.len()), Some(256));
    assert!(stumps(255 * 256 + 1).is_none());
}

#[test]
fn errors_name_the_place() {
    let good = RankedTrees::of(&random_ensemble(5, 3, 2, 6, 9)).unwrap();
    let broken = |change: &dyn Fn(&mut RankedTrees)| {
        let mut ranked = good.clone();
        change(&mut ranked);
        ranked.check().unwrap_err()
    };
    assert_eq!(broken(&|r| r.members.clear()), TreeError::NoMembers);
    assert_eq!(broken(&|r| r.leaf_counts[1] = 65), TreeError::CorruptArray { name: "leaf_counts", node: 1, value: 65 });
    assert_eq!(broken(&|r| r.splits[2].place = 200), TreeError::CorruptArray { name: "place", node: 2, value: 200 });
    assert_eq!(broken(&|r| r.splits[0].first = 9), TreeError::CorruptArray { name: "first", node: 0, value: 9 });
    assert!(matches!(broken(&|r| r.leaves[3] = f32::NAN), TreeError::CorruptTree { node: 3, .. }));
    assert!(matches!(broken(&|r| r.places[0].thresholds[0] = f32::INFINITY), TreeError::CorruptTree { .. }));
    assert!(matches!(broken(&|r| r.places.swap(0, 1)), TreeError::CorruptArray { name: "places", .. }));
    assert!(matches!(broken(&|r| r.members[0].base = f64::NAN), TreeError::NonFiniteBase { member: 0, .. }));
}
