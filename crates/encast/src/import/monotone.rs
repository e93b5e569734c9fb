//! Whether trees are monotone along columns: what search by bisection relies on, and other libraries do only when asked.

use encast_trees::{Monotone, Tree};

/// Pairs of leaves that are compared for one tree at most; a tree with more counts as not monotone.
const MOST_PAIRS: usize = 1 << 24;

/// What rows that reach a leaf have in one column: above `low`, not above `high`, or missing.
#[derive(Clone, Copy)]
struct Side {
    column: u16,
    low: f32,
    high: f32,
    missing: bool,
}

/// A leaf and what its rows have, each column at most once.
struct Leaf {
    node: usize,
    value: f32,
    sides: Vec<Side>,
}

/// The first column along which a tree may move against its constraint.
///
/// A split on such a column is good when no leaf on its lower side lies above one on its upper side; otherwise its leaves
/// are compared in pairs, and only those count between which a row can move by that column and others of the kind alone
/// (bounds of all other columns overlap). So nothing that is not monotone passes, and hardly anything that is gets refused:
/// only moves in several constrained columns that no row can make at once. Trees of LightGBM (all methods) and XGBoost that
/// were trained with constraints pass.
pub(super) fn violation(tree: &Tree, constraints: &[Monotone]) -> Option<u16> {
    let nodes = tree.nodes();
    let constraint = |column: u16| constraints.get(usize::from(column)).copied().unwrap_or(Monotone::None);
    // Least and greatest leaf below each node, and the end of what is below it: children stand behind their parents.
    let mut below: Vec<(f32, f32, usize)> = nodes.iter().map(|node| (node.value, node.value, 0)).collect();
    let mut suspects = Vec::new();
    for at in (0..nodes.len()).rev() {
        let node = &nodes[at];
        if node.is_leaf() {
            below[at].2 = at + 1;
            continue;
        }
        let (left, right) = (below[at + 1], below[node.right as usize]);
        below[at] = (left.0.min(right.0), left.1.max(right.1), right.2);
        let good = match constraint(node.column) {
            Monotone::None => true,
            Monotone::Increasing => left.1 <= right.0,
            Monotone::Decreasing => left.0 >= right.1,
        };
        if !good {
            suspects.push(at);
        }
    }
    if suspects.is_empty() {
        return None;
    }
    let leaves = leaves(tree);
    let mut pairs = 0usize;
    for at in suspects {
        let column = nodes[at].column;
        let place = |node: usize| leaves.partition_point(|leaf| leaf.node < node);
        let (from, middle, to) = (place(at), place(nodes[at].right as usize), place(below[at].2));
        pairs = pairs.saturating_add((middle - from).saturating_mul(to - middle));
        if pairs > MOST_PAIRS {
            return Some(column);
        }
        let rises = constraint(column) == Monotone::Increasing;
        for lower in &leaves[from..middle] {
            for upper in &leaves[middle..to] {
                let wrong = if rises { lower.value > upper.value } else { lower.value < upper.value };
                if wrong && comparable(lower, upper, &constraint) {
                    return Some(column);
                }
            }
        }
    }
    None
}

/// Whether a row of the lower leaf can get to the upper one by moving up in constrained columns alone.
fn comparable(lower: &Leaf, upper: &Leaf, constraint: &impl Fn(u16) -> Monotone) -> bool {
    let any = |column: u16| Side { column, low: f32::NEG_INFINITY, high: f32::INFINITY, missing: true };
    let of = |leaf: &Leaf, column: u16| {
        leaf.sides.iter().find(|side| side.column == column).copied().unwrap_or_else(|| any(column))
    };
    lower.sides.iter().chain(&upper.sides).all(|side| {
        let (a, b) = (of(lower, side.column), of(upper, side.column));
        let meet = match constraint(side.column) {
            Monotone::None => a.low.max(b.low) < a.high.min(b.high),
            // Whichever way quality goes, the column itself goes up from the lower to the upper leaf.
            Monotone::Increasing | Monotone::Decreasing => a.low < a.high && b.low < b.high && a.low < b.high,
        };
        meet || a.missing && b.missing
    })
}

/// All leaves in order.
fn leaves(tree: &Tree) -> Vec<Leaf> {
    let nodes = tree.nodes();
    let mut leaves = Vec::with_capacity(tree.leaves());
    let mut next: Vec<(usize, Vec<Side>)> = vec![(0, Vec::new())];
    while let Some((at, sides)) = next.pop() {
        let node = &nodes[at];
        if node.is_leaf() {
            leaves.push(Leaf { node: at, value: node.value, sides });
            continue;
        }
        let with = |left: bool| {
            let mut sides = sides.clone();
            let place = sides.iter().position(|side| side.column == node.column).unwrap_or_else(|| {
                let any = Side { column: node.column, low: f32::NEG_INFINITY, high: f32::INFINITY, missing: true };
                sides.push(any);
                sides.len() - 1
            });
            let side = &mut sides[place];
            match left {
                true => side.high = side.high.min(node.value),
                false => side.low = side.low.max(node.value),
            }
            side.missing &= node.missing_left == left;
            sides
        };
        next.push((node.right as usize, with(false)));
        next.push((at + 1, with(true)));
    }
    leaves
}

#[cfg(test)]
mod tests {
    use encast_trees::Node;

    use super::*;

    const UP: [Monotone; 2] = [Monotone::Increasing, Monotone::None];
    const DOWN: [Monotone; 2] = [Monotone::Decreasing, Monotone::None];

    fn split(column: u16, value: f32, right: u32, missing_left: bool) -> Node {
        Node { value, right, column, missing_left }
    }

    #[test]
    fn single_splits() {
        let tree = |left: f32, right: f32| {
            Tree::new(vec![split(0, 1.0, 2, false), Node::leaf(left), Node::leaf(right)], 2).unwrap()
        };
        assert_eq!(violation(&tree(1.0, 2.0), &UP), None);
        assert_eq!(violation(&tree(2.0, 1.0), &UP), Some(0));
        assert_eq!(violation(&tree(2.0, 1.0), &DOWN), None);
        assert_eq!(violation(&tree(1.0, 2.0), &DOWN), Some(0));
        assert_eq!(violation(&tree(2.0, 1.0), &[Monotone::None; 2]), None);
    }

    #[test]
    fn leaves_that_no_row_joins_may_be_in_any_order() {
        // On either side of the rate a split on the size: 1 and 5 below, 2 and 6 above.
        let tree = |low: f32, high: f32| {
            let nodes = vec![
                split(0, 1.0, 4, false),
                split(1, 0.0, 3, true),
                Node::leaf(1.0),
                Node::leaf(5.0),
                split(1, 0.0, 6, true),
                Node::leaf(low),
                Node::leaf(high),
            ];
            Tree::new(nodes, 2).unwrap()
        };
        assert_eq!(violation(&tree(2.0, 6.0), &UP), None, "5 and 2 are of other sizes");
        assert_eq!(violation(&tree(2.0, 4.0), &UP), Some(0));
        assert_eq!(violation(&tree(0.0, 6.0), &UP), Some(0));
    }

    #[test]
    fn missing_sizes_join_leaves() {
        let nodes = vec![
            split(0, 1.0, 4, false),
            split(1, 0.0, 3, true),
            Node::leaf(1.0),
            Node::leaf(5.0),
            split(1, 0.0, 6, false),
            Node::leaf(2.0),
            Node::leaf(6.0),
        ];
        let tree = Tree::new(nodes.clone(), 2).unwrap();
        assert_eq!(violation(&tree, &UP), None, "missing goes from 1 to 6");
        let mut other = nodes;
        (other[1].missing_left, other[4].missing_left) = (false, true);
        assert_eq!(violation(&Tree::new(other, 2).unwrap(), &UP), Some(0), "missing falls from 5 to 2");
    }
}
