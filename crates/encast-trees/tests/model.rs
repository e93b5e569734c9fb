//! Trees and ensembles: what is refused, and that serialising changes nothing.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Dice, random_ensemble, random_nodes, random_rows};
use encast_trees::{Ensemble, Member, Node, Tree, TreeError};
use proptest::prelude::*;

fn split(value: f32, right: u32, column: u16) -> Node {
    Node { value, right, column, missing_left: false }
}

/// The plain way to say whether nodes are a tree: recursive, and only for small inputs.
fn is_tree(nodes: &[Node], columns: usize) -> bool {
    fn end(nodes: &[Node], at: usize, columns: usize) -> Option<usize> {
        let node = nodes.get(at).filter(|node| node.value.is_finite())?;
        if node.column == Node::LEAF {
            return (node.right == 0).then_some(at + 1);
        }
        let middle = end(nodes, at + 1, columns)?;
        (usize::from(node.column) < columns && middle == node.right as usize).then_some(())?;
        end(nodes, middle, columns)
    }
    end(nodes, 0, columns) == Some(nodes.len())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn accepts_every_tree_and_judges_every_mutation(seed: u64, leaves in 1usize..20, columns in 1usize..5) {
        let mut dice = Dice(seed);
        let nodes = random_nodes(&mut dice, columns, leaves);
        let tree = Tree::new(nodes.clone(), columns).unwrap();
        prop_assert_eq!(tree.leaves(), leaves);
        prop_assert_eq!(tree.nodes(), nodes.as_slice());
        for at in 0..nodes.len() {
            let mut mutant = nodes.clone();
            match dice.below(7) {
                0 => mutant[at].right = dice.below(nodes.len() + 3) as u32,
                1 => mutant[at].column = dice.below(columns + 2) as u16,
                2 => mutant[at].column = Node::LEAF,
                3 => mutant[at].value = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY][dice.below(3)],
                4 => mutant.truncate(at),
                5 => mutant.insert(at, nodes[dice.below(nodes.len())]),
                _ => mutant[at].right = [u32::MAX, at as u32, at as u32 + 1][dice.below(3)],
            }
            prop_assert_eq!(Tree::new(mutant.clone(), columns).is_ok(), is_tree(&mutant, columns), "{:?}", mutant);
        }
    }

    #[test]
    fn random_nodes_are_judged_and_what_is_accepted_can_be_evaluated(
        raw in prop::collection::vec((0u32..8, 0u16..4, any::<bool>(), any::<bool>()), 0..9), columns in 1usize..4,
    ) {
        let node = |&(right, column, leaf, missing_left): &(u32, u16, bool, bool)| Node {
            value: right as f32,
            right: if leaf { 0 } else { right },
            column: if leaf { Node::LEAF } else { column },
            missing_left,
        };
        let nodes: Vec<Node> = raw.iter().map(node).collect();
        let tree = Tree::new(nodes.clone(), columns);
        prop_assert_eq!(tree.is_ok(), is_tree(&nodes, columns));
        if let Ok(tree) = tree {
            prop_assert!(tree.evaluate(&[1.0, f32::NAN]).is_finite());
        }
    }

    #[test]
    fn serialising_changes_no_bit(seed: u64, columns in 1usize..6, members in 1usize..5) {
        let ensemble = random_ensemble(seed, columns, members, 6, 20);
        let text = serde_json::to_string(&ensemble).unwrap();
        let read: Ensemble = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(&read, &ensemble);
        prop_assert_eq!(serde_json::to_string(&read).unwrap(), text);
        for row in random_rows(seed, 20, columns).chunks(columns) {
            prop_assert_eq!(read.predict(row).to_bits(), ensemble.predict(row).to_bits());
        }
    }

    #[test]
    fn every_leaf_value_survives_serialising(bits: u32) {
        let value = f32::from_bits(bits);
        prop_assume!(value.is_finite());
        let tree = Tree::new(vec![Node::leaf(value)], 1).unwrap();
        let ensemble = Ensemble::new(1, vec![Member { base: f64::from(value) / 3.0, trees: vec![tree] }]).unwrap();
        let read: Ensemble = serde_json::from_str(&serde_json::to_string(&ensemble).unwrap()).unwrap();
        prop_assert_eq!(read.members()[0].trees[0].nodes()[0].value.to_bits(), bits);
        prop_assert_eq!(read.members()[0].base.to_bits(), (f64::from(value) / 3.0).to_bits());
    }
}

#[test]
fn corrupt_trees_are_named_by_node_and_reason() {
    let leaf = Node::leaf;
    let fails = |nodes: &[Node], at: usize, words: &str| match Tree::new(nodes.to_vec(), 2) {
        Err(TreeError::CorruptTree { node, reason }) => {
            assert!(node == at && reason.contains(words), "node {node} {reason}");
        }
        other => panic!("{other:?}"),
    };
    fails(&[], 0, "missing");
    fails(&[split(0.0, 2, 0), leaf(1.0)], 0, "beyond the last");
    fails(&[split(0.0, 1, 0), leaf(1.0), leaf(1.0)], 0, "does not come after");
    fails(&[split(0.0, 0, 0), leaf(1.0), leaf(1.0)], 0, "does not come after");
    fails(&[split(0.0, 2, 2), leaf(1.0), leaf(1.0)], 0, "column that does not exist");
    fails(&[split(f32::NAN, 2, 0), leaf(1.0), leaf(1.0)], 0, "not finite");
    fails(&[split(0.0, 2, 0), leaf(1.0), leaf(f32::INFINITY)], 2, "not finite");
    fails(&[split(0.0, 3, 0), leaf(1.0), leaf(1.0), leaf(1.0)], 1, "right child that is due");
    fails(&[leaf(1.0), leaf(2.0)], 1, "not reached");
    fails(&[split(0.0, 2, 0), leaf(1.0), leaf(2.0), leaf(3.0)], 3, "not reached");
    fails(&[split(0.0, 2, 0), leaf(1.0), Node { right: 1, ..leaf(2.0) }], 2, "leaf with a right child");
    assert_eq!(size_of::<Node>(), 12);
}

#[test]
fn evaluation_follows_thresholds_and_the_missing_side() {
    let nodes =
        |missing_left| vec![Node { value: 0.1, right: 2, column: 1, missing_left }, Node::leaf(1.0), Node::leaf(2.0)];
    for missing_left in [false, true] {
        let tree = Tree::new(nodes(missing_left), 2).unwrap();
        assert_eq!(tree.evaluate(&[0.0, 0.1]), 1.0);
        assert_eq!(tree.evaluate(&[0.0, 0.1f32.next_up()]), 2.0);
        assert_eq!(tree.evaluate(&[0.0, f32::NAN]), if missing_left { 1.0 } else { 2.0 });
    }
}

#[test]
fn the_serialised_form_is_short_and_as_documented() {
    let nodes = vec![Node { value: 0.1, right: 2, column: 1, missing_left: true }, Node::leaf(0.7), Node::leaf(-2.0)];
    let member = Member { base: 0.5, trees: vec![Tree::new(nodes, 2).unwrap()] };
    let text = serde_json::to_string(&Ensemble::new(2, vec![member]).unwrap()).unwrap();
    let expected = r#"{"columns":2,"members":[{"base":0.5,"trees":[{"column":[1,-1,-1],"value":[0.1,0.7,-2.0],"right":[2,0,0],"missing":[1,0,0]}]}]}"#;
    assert_eq!(text, expected);
}

#[test]
fn reading_refuses_what_is_no_ensemble() {
    let read = |tree: &str| {
        let text = format!(r#"{{"columns":2,"members":[{{"base":0.5,"trees":[{tree}]}}]}}"#);
        serde_json::from_str::<Ensemble>(&text).map_err(|error| error.to_string())
    };
    let fails = |tree: &str, words: &str| {
        let error = read(tree).unwrap_err();
        assert!(error.contains(words), "{error}");
    };
    assert!(read(r#"{"column":[-1],"value":[1.5],"right":[0],"missing":[0]}"#).is_ok());
    fails(r#"{"column":[-1],"value":[],"right":[0],"missing":[0]}"#, "value has length 0, but must have 1");
    fails(r#"{"column":[-2],"value":[1],"right":[0],"missing":[0]}"#, "column[0] is -2");
    fails(r#"{"column":[65535],"value":[1],"right":[0],"missing":[0]}"#, "column[0] is 65535");
    fails(r#"{"column":[-1],"value":[1],"right":[0],"missing":[2]}"#, "missing[0] is 2");
    fails(r#"{"column":[2,-1,-1],"value":[1,1,1],"right":[2,0,0],"missing":[0,0,0]}"#, "node 0 splits on a column");
    fails(r#"{"column":[],"value":[],"right":[],"missing":[]}"#, "node 0 is missing");
    fails(r#"{"column":[-1],"value":[1e60],"right":[0],"missing":[0]}"#, "");
    assert!(serde_json::from_str::<Ensemble>(r#"{"columns":2,"members":[]}"#).is_err());
    assert!(serde_json::from_str::<Ensemble>(r#"{"columns":0,"members":[{"base":0,"trees":[]}]}"#).is_err());
}

#[test]
fn ensembles_refuse_what_does_not_fit() {
    let member = |base, column| Member {
        base,
        trees: vec![Tree::new(vec![split(0.0, 2, column), Node::leaf(0.0), Node::leaf(0.0)], 9).unwrap()],
    };
    assert_eq!(Ensemble::new(2, vec![]), Err(TreeError::NoMembers));
    assert_eq!(Ensemble::average(vec![]), Err(TreeError::NoMembers));
    let nan = Ensemble::new(2, vec![member(0.0, 1), member(f64::INFINITY, 1)]);
    assert_eq!(nan, Err(TreeError::NonFiniteBase { member: 1, value: f64::INFINITY }));
    assert!(matches!(Ensemble::new(2, vec![member(0.0, 2)]), Err(TreeError::CorruptTree { node: 0, .. })));
    assert_eq!(Ensemble::new(0, vec![member(0.0, 1)]), Err(TreeError::NoColumns));
    let many = usize::from(u16::MAX);
    assert_eq!(Ensemble::new(many, vec![]), Err(TreeError::TooManyColumns { found: many, most: many - 1 }));
    let two = Ensemble::new(2, vec![member(0.0, 1)]).unwrap();
    let three = Ensemble::new(3, vec![member(1.0, 1)]).unwrap();
    let wrong = Ensemble::average(vec![two.clone(), three]);
    assert_eq!(wrong, Err(TreeError::LengthMismatch { name: "columns", expected: 2, found: 3 }));
    let both = Ensemble::average(vec![two.clone(), two]).unwrap();
    assert_eq!(both.members().len(), 2);
}
