//! Nodes of another library, in whatever order they stand there, as one checked tree in preorder.

use super::{
    decision::Decision,
    error::{ExchangeError, Result},
};
use crate::{Node, Tree, model::MOST_NODES};

/// A split on several ranges becomes a chain of splits and repeats what is below it: at most so many nodes for one of the
/// file, and some for a small tree.
const MOST_COPIES: usize = 64;
const SMALL: usize = 4096;

/// A node as another library means it.
#[derive(Debug, Clone)]
pub(super) enum ForeignNode {
    Leaf(f32),
    /// Left over by its library; nothing may lead to it.
    Pruned,
    Split {
        column: u16,
        decision: Decision,
        left: usize,
        right: usize,
    },
}

/// What is still to be written.
enum Task {
    /// A node and all below it, and what is known of a row that comes there.
    Below(usize, Option<usize>),
    /// A split whose left child follows.
    Split(Node),
    /// The right child of the split that was opened last begins here.
    Right,
}

/// What a row's way tells of one column: the value lies above `low` and not above `high`, or may be missing.
struct Known {
    before: Option<usize>,
    column: u16,
    low: f32,
    high: f32,
    missing: bool,
}

/// The tree of these nodes from the root on. `whole` asks that the root leads to every node.
///
/// Time and memory are linear in the nodes and what ranges add; nothing recurses.
pub(super) fn tree(nodes: &[ForeignNode], root: usize, columns: usize, number: usize, whole: bool) -> Result<Tree> {
    check(nodes, root, number, whole)?;
    // Copies are cut where the way to them decides already; trees without copies stay as they are.
    let several = |node: &ForeignNode| matches!(node, ForeignNode::Split { decision, .. } if decision.ranges.len() > 1);
    let cut = nodes.iter().any(several);
    let most = (nodes.len() * MOST_COPIES + SMALL).min(MOST_NODES);
    let mut written: Vec<Node> = Vec::with_capacity(nodes.len());
    let (mut known, mut open): (Vec<Known>, Vec<usize>) = (Vec::new(), Vec::new());
    let mut tasks = vec![Task::Below(root, None)];
    while let Some(task) = tasks.pop() {
        let (at, knows) = match task {
            Task::Below(at, knows) => (at, knows),
            Task::Split(node) => {
                open.push(written.len());
                written.push(node);
                continue;
            }
            Task::Right => {
                if let Some(split) = open.pop() {
                    written[split].right = written.len() as u32;
                }
                continue;
            }
        };
        match &nodes[at] {
            ForeignNode::Leaf(value) => written.push(Node::leaf(*value)),
            // Never reached: checked above.
            ForeignNode::Pruned => (),
            ForeignNode::Split { column, decision, left, right } => {
                let seen = Seen::of(&known, knows, *column);
                let chain = seen.left_of(decision);
                let (mut low, mut missing) = (seen.low, seen.missing);
                let first = tasks.len();
                let ends = chain.ranges.iter().map(|&(end, way)| (Some(end), way)).chain([(None, chain.last)]);
                for (end, way) in ends {
                    let here = missing && way == chain.missing;
                    if let Some(value) = end {
                        tasks.push(Task::Split(Node { value, right: 0, column: *column, missing_left: here }));
                    }
                    let mut below = knows;
                    if cut {
                        let high = end.unwrap_or(seen.high);
                        known.push(Known { before: knows, column: *column, low, high, missing: here });
                        below = Some(known.len() - 1);
                    }
                    tasks.push(Task::Below(if way { *left } else { *right }, below));
                    if let Some(value) = end {
                        tasks.push(Task::Right);
                        low = value;
                    }
                    missing &= !here;
                }
                tasks[first..].reverse();
            }
        }
        if written.len() + tasks.len() > most {
            let reason = format!("splits on several ranges would make more than {most} nodes of {}", nodes.len());
            return Err(ExchangeError::Tree { tree: number, node: root, reason });
        }
    }
    Ok(Tree::new(written, columns)?)
}

/// What is known of a value before it is compared.
struct Seen {
    low: f32,
    high: f32,
    missing: bool,
}

impl Seen {
    fn of(known: &[Known], mut at: Option<usize>, column: u16) -> Seen {
        while let Some(known) = at.and_then(|at| known.get(at)) {
            if known.column == column {
                return Seen { low: known.low, high: known.high, missing: known.missing };
            }
            at = known.before;
        }
        Seen { low: f32::NEG_INFINITY, high: f32::INFINITY, missing: true }
    }

    /// What is left to decide.
    fn left_of(&self, decision: &Decision) -> Decision {
        let reached = decision.ranges.iter().copied().filter(|&(end, _)| end > self.low);
        let ranges: Vec<(f32, bool)> = reached.take_while(|&(end, _)| end < self.high).collect();
        let last = decision.ranges.iter().find(|&&(end, _)| end >= self.high).map_or(decision.last, |&(_, way)| way);
        let missing = if self.missing { decision.missing } else { last };
        Decision::of_ranges(ranges.into_iter().map(|(end, way)| (Some(end), way)), last, missing)
    }
}

/// Every node is met at most once on the way from the root.
fn check(nodes: &[ForeignNode], root: usize, number: usize, whole: bool) -> Result<()> {
    let refuse = |node: usize, reason: String| Err(ExchangeError::Tree { tree: number, node, reason });
    let mut met = vec![false; nodes.len()];
    let mut next = vec![(root, root)];
    while let Some((at, parent)) = next.pop() {
        match met.get_mut(at) {
            None => return refuse(parent, format!("has child {at}, but there are {} nodes", nodes.len())),
            Some(true) => return refuse(parent, format!("has child {at}, which another node has, too")),
            Some(met) => *met = true,
        }
        match &nodes[at] {
            ForeignNode::Leaf(value) if !value.is_finite() => {
                return refuse(at, format!("is a leaf of {value}, but must be finite in single precision"));
            }
            ForeignNode::Leaf(_) => (),
            ForeignNode::Pruned => return refuse(at, "splits on a feature that is not there".to_owned()),
            ForeignNode::Split { left, right, .. } => next.extend([(*right, at), (*left, at)]),
        }
    }
    match met.iter().position(|&met| !met) {
        Some(node) if whole => refuse(node, "is not reached from the root".to_owned()),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(decision: Decision, left: usize, right: usize) -> ForeignNode {
        ForeignNode::Split { column: 0, decision, left, right }
    }

    #[test]
    fn ranges_become_a_chain() {
        let decision = Decision::within([(1.0, true, 2.0), (4.0, true, 5.0)], true, true);
        let nodes = [split(decision, 2, 1), ForeignNode::Leaf(-1.0), ForeignNode::Leaf(1.0)];
        let tree = tree(&nodes, 0, 1, 0, true).unwrap();
        for (x, value) in [(0.0, -1.0), (1.0, 1.0), (1.9, 1.0), (2.0, -1.0), (4.0, 1.0), (5.0, -1.0), (f32::NAN, 1.0)] {
            assert_eq!(tree.evaluate(&[x]), value, "{x}");
        }
    }

    #[test]
    fn a_split_that_never_parts_is_left_out() {
        let nodes = [
            split(Decision::up_to(None, true, false), 1, 2),
            ForeignNode::Leaf(1.0),
            split(Decision::up_to(None, true, true), 3, 4),
            ForeignNode::Leaf(3.0),
            ForeignNode::Leaf(4.0),
        ];
        let tree = tree(&nodes, 0, 1, 0, true).unwrap();
        assert_eq!(
            (tree.evaluate(&[f32::MIN]), tree.evaluate(&[f32::MAX]), tree.evaluate(&[f32::NAN])),
            (4.0, 4.0, 3.0)
        );
    }

    #[test]
    fn what_is_no_tree_is_refused_by_tree_and_node() {
        let at = |left, right| split(Decision::up_to(Some(0.0), true, true), left, right);
        let leaf = || ForeignNode::Leaf(0.0);
        for (nodes, node) in [
            (vec![at(0, 1), leaf()], 0),
            (vec![at(1, 1), leaf()], 0),
            (vec![at(1, 2), at(0, 2), leaf()], 1),
            (vec![at(1, 7), leaf()], 0),
            (vec![at(1, 2), leaf(), ForeignNode::Leaf(f32::INFINITY)], 2),
            (vec![leaf(), leaf()], 1),
        ] {
            let error = tree(&nodes, 0, 1, 3, true).unwrap_err();
            assert!(matches!(&error, ExchangeError::Tree { tree: 3, node: n, .. } if *n == node), "{error}");
        }
    }

    #[test]
    fn copies_are_cut_where_the_way_decides() {
        // The same question forty times over: one answer is enough.
        let decision = || Decision::within([(1.0, true, 2.0), (4.0, true, 5.0), (7.0, true, 8.0)], true, true);
        let splits = (0..40).map(|k| split(decision(), 2 * k + 2, 2 * k + 1));
        let nodes: Vec<ForeignNode> = splits
            .enumerate()
            .flat_map(|(k, node)| [node, ForeignNode::Leaf(-1.0 - k as f32)])
            .chain([ForeignNode::Leaf(1.0)])
            .collect();
        let tree = tree(&nodes, 0, 1, 0, true).unwrap();
        assert_eq!(tree.leaves(), 7);
        for (x, value) in [(0.5, -1.0), (1.5, 1.0), (7.0, 1.0), (9.0, -1.0), (f32::NAN, 1.0)] {
            assert_eq!(tree.evaluate(&[x]), value, "{x}");
        }
    }

    #[test]
    fn copies_are_bounded() {
        // Each split repeats what is below it: 2^k nodes without a bound.
        let decision = || Decision::within([(1.0, true, 2.0), (4.0, true, 5.0), (7.0, true, 8.0)], true, true);
        let on = |column: u16, left, right| ForeignNode::Split { column, decision: decision(), left, right };
        let nodes: Vec<ForeignNode> = (0..40)
            .flat_map(|k| [on(k as u16, 2 * k + 2, 2 * k + 1), ForeignNode::Leaf(0.0)])
            .chain([ForeignNode::Leaf(1.0)])
            .collect();
        let error = tree(&nodes, 0, 40, 0, true).unwrap_err();
        assert!(error.to_string().contains("more than"), "{error}");
    }
}
