//! From ONNX to an ensemble.

use std::collections::HashMap;

use super::{DOMAIN, OPERATOR, attributes::Attributes, wire::Bytes};
use crate::{
    Ensemble, Member, Tree,
    exchange::{
        ForeignModel, Format,
        decision::{Decision, at_most, below},
        error::{ExchangeError, Result},
        graph::{ForeignNode, tree},
    },
    rows::check_columns,
};

/// The key of the metadata that holds the names of the columns, separated by commas.
pub(super) const COLUMNS_KEY: &str = "encast.columns";

/// What is kept of a model.
#[derive(Default)]
struct Model<'a> {
    graph: Option<Bytes<'a>>,
    columns: Option<&'a str>,
}

/// What is kept of a graph.
#[derive(Default)]
struct Graph<'a> {
    ensemble: Option<Attributes<'a>>,
    /// Features of the first input, when its shape tells.
    features: Option<usize>,
}

/// Reads a model whose graph is one TreeEnsembleRegressor with one target; nodes that only hand on are passed over.
///
/// Features are named by the metadata `encast.columns` where it is there, otherwise `x0`, `x1`, ….
///
/// # Errors
/// [`ExchangeError::Malformed`] with the byte; [`ExchangeError::Tree`] with tree and node, as the operator numbers them;
/// [`ExchangeError::Unsupported`] for other operators, several targets, the aggregates MIN and MAX and other transforms.
pub fn read(bytes: &[u8]) -> Result<ForeignModel> {
    let file = Bytes { bytes, start: 0 };
    let model = model(file)?;
    let graph = graph(model.graph.ok_or_else(|| file.refuse("a model without a graph"))?)?;
    let attributes = graph.ensemble.ok_or_else(|| {
        ExchangeError::unsupported("a graph without TreeEnsembleRegressor", "one of the domain ai.onnx.ml is needed")
    })?;
    let named: Option<Vec<String>> = model.columns.map(|names| names.split(',').map(str::to_owned).collect());
    let told = named.as_ref().map(Vec::len).or(graph.features);
    let (ensemble, columns) = ensemble(&attributes, told)?;
    let feature_names = named.unwrap_or_else(|| (0..columns).map(|at| format!("x{at}")).collect());
    Ok(ForeignModel { format: Format::Onnx, feature_names, objective: String::new(), ensemble, notes: Vec::new() })
}

/// Reads a ModelProto.
fn model(mut message: Bytes) -> Result<Model> {
    let mut model = Model::default();
    while let Some(field) = message.field()? {
        match field.number {
            7 => model.graph = Some(field.bytes()?),
            14 => {
                let (mut entry, mut key, mut value) = (field.bytes()?, "", "");
                while let Some(field) = entry.field()? {
                    match field.number {
                        1 => key = field.bytes()?.text()?,
                        2 => value = field.bytes()?.text()?,
                        _ => (),
                    }
                }
                if key == COLUMNS_KEY {
                    model.columns = Some(value);
                }
            }
            _ => (),
        }
    }
    Ok(model)
}

/// Reads a GraphProto.
fn graph(mut message: Bytes) -> Result<Graph> {
    let mut graph = Graph::default();
    let mut inputs = 0;
    while let Some(field) = message.field()? {
        match field.number {
            1 => {
                let place = field.bytes()?;
                if let Some(attributes) = node(place)?
                    && graph.ensemble.replace(attributes).is_some()
                {
                    return Err(ExchangeError::unsupported("more than one TreeEnsembleRegressor", "one is needed"));
                }
            }
            11 => {
                inputs += 1;
                graph.features = last_dimension(field.bytes()?)?;
            }
            _ => (),
        }
    }
    if inputs > 1 {
        return Err(ExchangeError::unsupported(format!("{inputs} inputs"), "one tensor of all features is needed"));
    }
    Ok(graph)
}

/// Reads a NodeProto: the attributes of the ensemble, or nothing for a node that only hands on.
fn node(mut message: Bytes) -> Result<Option<Attributes>> {
    let mut attributes = Attributes::new(message.start);
    let (mut operator, mut domain) = ("", "");
    while let Some(field) = message.field()? {
        match field.number {
            4 => operator = field.bytes()?.text()?,
            5 => attributes.add(field.bytes()?)?,
            7 => domain = field.bytes()?.text()?,
            _ => (),
        }
    }
    match (domain, operator) {
        (DOMAIN, OPERATOR) => Ok(Some(attributes)),
        ("" | "ai.onnx", "Identity" | "Cast" | "Reshape") => Ok(None),
        _ => {
            let reason =
                "one TreeEnsembleRegressor of the domain ai.onnx.ml is needed, and nothing that computes beside it";
            Err(ExchangeError::unsupported(format!("operator {operator} (domain '{domain}')"), reason))
        }
    }
}

/// The last dimension of a ValueInfoProto's tensor, where it is a number: type, tensor_type, shape, dim, dim_value.
fn last_dimension(message: Bytes) -> Result<Option<usize>> {
    let mut within = vec![message];
    for number in [2, 1, 2] {
        let mut inner = Vec::new();
        for mut message in within {
            while let Some(field) = message.field()? {
                if field.number == number {
                    inner.push(field.bytes()?);
                }
            }
        }
        within = inner;
    }
    let mut last = None;
    for mut message in within {
        while let Some(field) = message.field()? {
            if field.number == 1 {
                let mut dimension = field.bytes()?;
                last = None;
                while let Some(field) = dimension.field()? {
                    if field.number == 1 {
                        last = usize::try_from(field.int()?).ok();
                    }
                }
            }
        }
    }
    Ok(last.filter(|&features| features > 0))
}

/// The ensemble and how many features it has: as many as are told of, or as its splits need.
fn ensemble(attributes: &Attributes, told: Option<usize>) -> Result<(Ensemble, usize)> {
    let n_targets = attributes.int("n_targets", 1);
    if n_targets != 1 {
        return Err(ExchangeError::unsupported(format!("n_targets={n_targets}"), "a model of one output is needed"));
    }
    let transform = attributes.text("post_transform", "NONE");
    if transform != "NONE" {
        return Err(ExchangeError::unsupported(format!("post_transform={transform}"), "NONE is needed"));
    }
    let aggregate = attributes.text("aggregate_function", "SUM");
    if !matches!(aggregate, "SUM" | "AVERAGE") {
        let what = format!("aggregate_function={aggregate}");
        return Err(ExchangeError::unsupported(what, "SUM or AVERAGE is needed"));
    }
    let base = attributes.maybe_numbers("base_values", 1)?.map_or(0.0, |values| values[0]);
    let count = attributes.count("nodes_treeids");
    let of_tree = attributes.ints("nodes_treeids", count)?;
    let ids = attributes.ints("nodes_nodeids", count)?;
    let features = attributes.ints("nodes_featureids", count)?;
    let values = attributes.numbers("nodes_values", count)?;
    let modes = attributes.texts("nodes_modes", count)?;
    let trues = attributes.ints("nodes_truenodeids", count)?;
    let falses = attributes.ints("nodes_falsenodeids", count)?;
    let missing = attributes.maybe_ints("nodes_missing_value_tracks_true", count)?.unwrap_or_else(|| vec![0; count]);
    let weights = Weights::of(attributes)?;
    let needed = (0..count)
        .filter(|&at| modes[at] != "LEAF")
        .map(|at| features[at])
        .max()
        .map_or(1, |last| last.saturating_add(1));
    let columns = told.unwrap_or(usize::try_from(needed).unwrap_or(0));
    check_columns(columns)?;

    // The nodes of a tree, in the order of the file: the first one is the root.
    let mut places: HashMap<(i64, i64), usize> = HashMap::with_capacity(count);
    let mut trees: Vec<(i64, Vec<usize>)> = Vec::new();
    let mut tree_at: HashMap<i64, usize> = HashMap::new();
    for at in 0..count {
        let number = *tree_at.entry(of_tree[at]).or_insert_with(|| {
            trees.push((of_tree[at], Vec::new()));
            trees.len() - 1
        });
        if places.insert((of_tree[at], ids[at]), trees[number].1.len()).is_some() {
            return Err(refuse(of_tree[at], ids[at], "stands twice".to_owned()));
        }
        trees[number].1.push(at);
    }
    if let Some((tree, node)) = weights.of.keys().find(|key| !places.contains_key(key)) {
        return Err(refuse(*tree, *node, "has a weight, but is not there".to_owned()));
    }
    let one = |(id, nodes): &(i64, Vec<usize>)| -> Result<Tree> {
        let node = |&at: &usize| -> Result<ForeignNode> {
            if modes[at] == "LEAF" {
                return Ok(ForeignNode::Leaf(weights.of.get(&(*id, ids[at])).copied().unwrap_or(0.0) as f32));
            }
            let refuse = |reason: String| refuse(*id, ids[at], reason);
            let decision = decision(modes[at], values[at], missing[at] != 0).map_err(refuse)?;
            let column = u16::try_from(features[at]).ok().filter(|&column| usize::from(column) < columns);
            let column = column.ok_or_else(|| refuse(format!("splits on feature {} of {columns}", features[at])))?;
            let child = |child: i64| {
                let place = places.get(&(*id, child)).copied();
                place.ok_or_else(|| refuse(format!("has child {child}, which is not there")))
            };
            Ok(ForeignNode::Split { column, decision, left: child(trues[at])?, right: child(falses[at])? })
        };
        let built = nodes.iter().map(node).collect::<Result<Vec<_>>>()?;
        // Nodes are named by their number in the file.
        tree(&built, 0, columns, usize::try_from(*id).unwrap_or(0), true).map_err(|error| match error {
            ExchangeError::Tree { tree, node, reason } => {
                let number = nodes.get(node).and_then(|&at| usize::try_from(ids[at]).ok());
                ExchangeError::Tree { tree, node: number.unwrap_or(node), reason }
            }
            other => other,
        })
    };
    let trees = trees.iter().map(one).collect::<Result<Vec<Tree>>>()?;
    let members = match aggregate == "AVERAGE" && !trees.is_empty() {
        true => trees.into_iter().map(|tree| Member { base, trees: vec![tree] }).collect(),
        false => vec![Member { base, trees }],
    };
    Ok((Ensemble::new(columns, members)?, columns))
}

fn refuse(tree: i64, node: i64, reason: String) -> ExchangeError {
    let number = |id: i64| usize::try_from(id).unwrap_or(usize::MAX);
    ExchangeError::Tree { tree: number(tree), node: number(node), reason }
}

/// What leaves weigh, by tree and node.
struct Weights {
    of: HashMap<(i64, i64), f64>,
}

impl Weights {
    fn of(attributes: &Attributes) -> Result<Weights> {
        let count = attributes.count("target_treeids");
        let trees = attributes.ints("target_treeids", count)?;
        let nodes = attributes.ints("target_nodeids", count)?;
        let targets = attributes.ints("target_ids", count)?;
        let weights = attributes.numbers("target_weights", count)?;
        let mut of = HashMap::with_capacity(count);
        for (at, &weight) in weights.iter().enumerate() {
            if targets[at] != 0 {
                return Err(refuse(trees[at], nodes[at], format!("has a weight for target {} of 1", targets[at])));
            }
            if of.insert((trees[at], nodes[at]), weight).is_some() {
                return Err(refuse(trees[at], nodes[at], "has two weights".to_owned()));
            }
        }
        Ok(Weights { of })
    }
}

/// What goes to the true node is left. A comparison with a missing value is false but for `!=`.
fn decision(mode: &str, value: f64, tracks_true: bool) -> std::result::Result<Decision, String> {
    if value.is_nan() {
        return Err("has the threshold NaN".to_owned());
    }
    let upto = at_most(value);
    // The largest number below: that of `at_most` itself where the value lies between two numbers.
    let under = upto.and_then(|near| if f64::from(near) < value { Some(near) } else { below(near) });
    Ok(match mode {
        "BRANCH_LEQ" => Decision::up_to(upto, true, tracks_true),
        "BRANCH_LT" => Decision::up_to(under, true, tracks_true),
        "BRANCH_GT" => Decision::up_to(upto, false, tracks_true),
        "BRANCH_GTE" => Decision::up_to(under, false, tracks_true),
        "BRANCH_EQ" => Decision::of_ranges([(under, false), (upto, true)], false, tracks_true),
        "BRANCH_NEQ" => Decision::of_ranges([(under, true), (upto, false)], true, true),
        other => return Err(format!("has the mode {other}, which is unknown")),
    })
}
