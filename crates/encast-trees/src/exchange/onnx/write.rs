//! From an ensemble to ONNX.

use super::{DOMAIN, OPERATOR, read::COLUMNS_KEY, wire::Message};
use crate::{
    Ensemble, Tree,
    exchange::error::{ExchangeError, Result},
};

/// Types of attributes, and of elements of a tensor.
const INT: i64 = 2;
const STRING: i64 = 3;
const FLOATS: i64 = 6;
const INTS: i64 = 7;
const STRINGS: i64 = 8;
const ELEMENT_FLOAT: i64 = 1;

/// What a written model says of itself.
#[derive(Debug, Clone, Copy)]
pub struct OnnxLabels<'a> {
    /// The names of the columns, in their order; without commas.
    pub columns: &'a [&'a str],
    /// Name and version of the program that writes it.
    pub producer: (&'a str, &'a str),
    /// Further metadata, key and value.
    pub metadata: &'a [(&'a str, &'a str)],
}

/// An ensemble as an ONNX model: input `columns` (float, rows × columns; NaN is missing), output `forecast` (float, rows × 1).
///
/// The mean over members is written as a sum: leaves and bases are divided by the number of members and rounded to single
/// precision, and a runtime adds them up in single precision. With one tree in each member and equal bases (a forest) the
/// average is written as such, and leaves stay as they are.
///
/// # Errors
/// [`ExchangeError::Unsupported`] when there are not as many names as columns.
pub fn write(ensemble: &Ensemble, labels: &OnnxLabels) -> Result<Vec<u8>> {
    let columns = ensemble.columns();
    if labels.columns.len() != columns || labels.columns.iter().any(|name| name.contains(',')) {
        let what = format!("{} names of {columns} columns", labels.columns.len());
        return Err(ExchangeError::unsupported(what, "every column needs a name without commas"));
    }
    let node =
        Message::default().bytes(1, b"columns").bytes(2, b"forecast").bytes(3, b"trees").bytes(4, OPERATOR.as_bytes());
    let node = Lists::of(ensemble).attributes().into_iter().fold(node, |node, attribute| node.message(5, attribute));
    let node = node.bytes(7, DOMAIN.as_bytes());
    let graph = Message::default()
        .message(1, node)
        .bytes(2, b"encast")
        .message(11, tensor("columns", columns))
        .message(12, tensor("forecast", 1));
    let operators = |domain: &str, version: i64| Message::default().bytes(1, domain.as_bytes()).int(2, version);
    let mut model = Message::default()
        .int(1, 8)
        .bytes(2, labels.producer.0.as_bytes())
        .bytes(3, labels.producer.1.as_bytes())
        .message(7, graph)
        .message(8, operators("", 15))
        .message(8, operators(DOMAIN, 3));
    let names = labels.columns.join(",");
    for (key, value) in [(COLUMNS_KEY, names.as_str())].iter().chain(labels.metadata) {
        let entry = Message::default().bytes(1, key.as_bytes()).bytes(2, value.as_bytes());
        model = model.message(14, entry);
    }
    Ok(model.into_bytes())
}

/// A ValueInfoProto: a tensor of floats, of any number of rows.
fn tensor(name: &str, columns: usize) -> Message {
    let rows = Message::default().bytes(2, b"rows");
    let shape = Message::default().message(1, rows).message(1, Message::default().int(1, columns as i64));
    let kind = Message::default().message(1, Message::default().int(1, ELEMENT_FLOAT).message(2, shape));
    Message::default().bytes(1, name.as_bytes()).message(2, kind)
}

/// The operator's attributes under construction.
#[derive(Default)]
struct Lists {
    average: bool,
    base: f32,
    trees: Vec<i64>,
    nodes: Vec<i64>,
    features: Vec<i64>,
    values: Vec<f32>,
    leaves: Vec<bool>,
    trues: Vec<i64>,
    falses: Vec<i64>,
    missing: Vec<i64>,
    leaf_trees: Vec<i64>,
    leaf_nodes: Vec<i64>,
    weights: Vec<f32>,
}

impl Lists {
    fn of(ensemble: &Ensemble) -> Lists {
        let members = ensemble.members();
        let count = members.len() as f64;
        let base = members.iter().map(|member| member.base).sum::<f64>() / count;
        let average = members.iter().all(|member| member.trees.len() == 1 && member.base == members[0].base);
        let mut lists = Lists { average, base: base as f32, ..Lists::default() };
        let share = if average { 1.0 } else { count };
        for (number, tree) in members.iter().flat_map(|member| &member.trees).enumerate() {
            lists.add(tree, number as i64, share);
        }
        lists
    }

    fn add(&mut self, tree: &Tree, number: i64, share: f64) {
        for (at, node) in tree.nodes().iter().enumerate() {
            let at = at as i64;
            self.trees.push(number);
            self.nodes.push(at);
            self.leaves.push(node.is_leaf());
            let leaf = node.is_leaf();
            self.features.push(if leaf { 0 } else { i64::from(node.column) });
            self.values.push(if leaf { 0.0 } else { node.value });
            self.trues.push(if leaf { 0 } else { at + 1 });
            self.falses.push(if leaf { 0 } else { i64::from(node.right) });
            self.missing.push(i64::from(!leaf && node.missing_left));
            if leaf {
                self.leaf_trees.push(number);
                self.leaf_nodes.push(at);
                self.weights.push((f64::from(node.value) / share) as f32);
            }
        }
    }

    fn attributes(&self) -> Vec<Message> {
        let named = |name: &str, kind: i64| Message::default().bytes(1, name.as_bytes()).int(20, kind);
        let ints = |name: &str, values: &[i64]| named(name, INTS).ints(8, values);
        let floats = |name: &str, values: &[f32]| named(name, FLOATS).floats(7, values);
        let mode = |leaf: &bool| if *leaf { &b"LEAF"[..] } else { b"BRANCH_LEQ" };
        let modes = self.leaves.iter().fold(named("nodes_modes", STRINGS), |list, leaf| list.bytes(9, mode(leaf)));
        let aggregate = if self.average { &b"AVERAGE"[..] } else { b"SUM" };
        vec![
            named("aggregate_function", STRING).bytes(4, aggregate),
            floats("base_values", &[self.base]),
            named("n_targets", INT).int(3, 1),
            ints("nodes_falsenodeids", &self.falses),
            ints("nodes_featureids", &self.features),
            ints("nodes_missing_value_tracks_true", &self.missing),
            modes,
            ints("nodes_nodeids", &self.nodes),
            ints("nodes_treeids", &self.trees),
            ints("nodes_truenodeids", &self.trues),
            floats("nodes_values", &self.values),
            named("post_transform", STRING).bytes(4, b"NONE"),
            ints("target_ids", &vec![0; self.weights.len()]),
            ints("target_nodeids", &self.leaf_nodes),
            ints("target_treeids", &self.leaf_trees),
            floats("target_weights", &self.weights),
        ]
    }
}
