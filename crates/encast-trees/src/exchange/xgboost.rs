//! XGBoost's models (`Booster.save_model`): JSON, and UBJSON, which holds the same.

use super::{
    ForeignModel, Format,
    decision::{Decision, MOST_CATEGORIES, below},
    error::{ExchangeError, Result},
    graph::{ForeignNode, tree},
    ubjson,
    value::{Place, Value, of_json},
};
use crate::{Ensemble, Member, Tree, rows::check_columns};

/// Objectives whose forecast is the sum of the trees itself.
const IDENTITY: [&str; 6] = [
    "reg:squarederror",
    "reg:linear",
    "reg:absoluteerror",
    "reg:pseudohubererror",
    "reg:quantileerror",
    "reg:squaredlogerror",
];

/// Reads a model that is JSON.
///
/// # Errors
/// [`ExchangeError::Malformed`] with line and column, or with the path of keys; [`ExchangeError::Tree`] with tree and node;
/// [`ExchangeError::Unsupported`] for linear boosters, several outputs and objectives with a link.
pub fn read_json(bytes: &[u8]) -> Result<ForeignModel> {
    model(&of_json(bytes)?, Format::XgboostJson)
}

/// Reads a model that is UBJSON.
///
/// # Errors
/// As [`read_json`], with the byte in place of line and column.
pub fn read_ubjson(bytes: &[u8]) -> Result<ForeignModel> {
    model(&ubjson::read(bytes)?, Format::XgboostUbjson)
}

fn model(value: &Value, format: Format) -> Result<ForeignModel> {
    let learner = Place::root(value).get("learner")?;
    let objective = objective(&learner)?;
    let params = learner.get("learner_model_param")?;
    for key in ["num_class", "num_target"] {
        let count = params.find(key).map_or(Ok(1.0), |place| place.number())?;
        if count > 1.0 {
            return Err(ExchangeError::unsupported(format!("{key}={count}"), "a model of one output is needed"));
        }
    }
    let features = whole(&params.get("num_feature")?)?;
    let feature_names = names(&learner, features)?;
    check_columns(features)?;
    let booster = learner.get("gradient_booster")?;
    let name = booster.get("name")?.text()?;
    let (trees_of, weights) = match name {
        "gbtree" => (booster.get("model")?, None),
        "dart" => (booster.get("gbtree")?.get("model")?, Some(booster.get("weight_drop")?)),
        other => {
            return Err(ExchangeError::unsupported(format!("booster {other}"), "trees are needed: gbtree or dart"));
        }
    };
    let trees_of = trees_of.get("trees")?;
    let count = trees_of.len()?;
    let weights = weights.map(|place| place.numbers(count)).transpose()?;
    let mut trees = Vec::new();
    for (number, place) in trees_of.list()?.enumerate() {
        let weight = weights.as_ref().map_or(1.0, |weights| weights[number] as f32);
        trees.push(one_tree(&place, number, features, weight)?);
    }
    let rounds = learner.find("attributes").and_then(|place| place.find("best_iteration"));
    let notes = rounds.and_then(|place| place.text().ok()).map(|best| {
        format!(
            "best_iteration is {best}: all {count} trees are taken, as Booster.predict does without iteration_range"
        )
    });
    let base = base_score(&params.get("base_score")?)?;
    let ensemble = Ensemble::new(features, vec![Member { base, trees }])?;
    Ok(ForeignModel { format, feature_names, objective, ensemble, notes: notes.into_iter().collect() })
}

fn objective(learner: &Place) -> Result<String> {
    let name = learner.get("objective")?.get("name")?.text()?;
    match IDENTITY.contains(&name) {
        true => Ok(name.to_owned()),
        false => {
            let reason = "its forecast is not the sum of its trees; train on the learning scale with reg:squarederror";
            Err(ExchangeError::unsupported(format!("objective {name}"), reason))
        }
    }
}

/// The names of the features; `f0`, `f1`, … where the model has none, as XGBoost calls them then.
fn names(learner: &Place, features: usize) -> Result<Vec<String>> {
    let of_model = match learner.find("feature_names") {
        Some(place) => place.list()?.map(|name| name.text().map(str::to_owned)).collect::<Result<Vec<_>>>()?,
        None => Vec::new(),
    };
    match of_model.len() {
        // Before names are made up for them: no model may claim more than can be.
        0 => check_columns(features).map(|()| (0..features).map(|at| format!("f{at}")).collect()).map_err(Into::into),
        count if count == features => Ok(of_model),
        count => Err(learner.refuse(format!("{count} feature_names of {features} features"))),
    }
}

/// A number, as text in brackets since 3.1.
fn base_score(place: &Place) -> Result<f64> {
    let base = match place.value {
        Value::Text(text) => {
            let inner = text.trim().trim_start_matches('[').trim_end_matches(']');
            inner.trim().parse::<f32>().map_err(|_| place.refuse(format!("'{text}' is not one number")))?
        }
        _ => place.number()? as f32,
    };
    Ok(f64::from(base))
}

fn whole(place: &Place) -> Result<usize> {
    let number = place.number()?;
    match number >= 0.0 && number.fract() == 0.0 && number <= f64::from(u32::MAX) {
        true => Ok(number as usize),
        false => Err(place.refuse(format!("{number} is no count"))),
    }
}

fn one_tree(place: &Place, number: usize, columns: usize, weight: f32) -> Result<Tree> {
    if let Some(size) = place.find("tree_param").and_then(|params| params.find("size_leaf_vector"))
        && size.number()? > 1.0
    {
        let what = format!("size_leaf_vector={} (tree {number})", size.number()?);
        return Err(ExchangeError::unsupported(what, "a model of one output is needed"));
    }
    let lefts = place.get("left_children")?;
    let count = lefts.len()?;
    let lefts = lefts.numbers(count)?;
    let numbers = |key: &str| place.get(key)?.numbers(count);
    let (rights, conditions) = (numbers("right_children")?, numbers("split_conditions")?);
    let (features, defaults) = (numbers("split_indices")?, numbers("default_left")?);
    let categories = Categories::of(place, count)?;
    let mut nodes = Vec::with_capacity(count);
    for node in 0..count {
        let refuse = |reason: String| ExchangeError::Tree { tree: number, node, reason };
        let condition = conditions[node] as f32;
        if lefts[node] == -1.0 && rights[node] == -1.0 {
            nodes.push(ForeignNode::Leaf(condition * weight));
            continue;
        }
        let child = |child: f64| match child >= 0.0 && child.fract() == 0.0 && child < count as f64 {
            true => Ok(child as usize),
            false => Err(refuse(format!("has child {child}, but there are {count} nodes"))),
        };
        let feature = features[node];
        if !(feature >= 0.0 && feature.fract() == 0.0 && feature < columns as f64) {
            // What was pruned stays in the lists, without meaning.
            nodes.push(ForeignNode::Pruned);
            continue;
        }
        let missing = defaults[node] != 0.0;
        let decision = match categories.of_node(node) {
            Some(set) => of_categories(set, missing).map_err(refuse)?,
            None if condition.is_nan() => return Err(refuse("has the threshold NaN".to_owned())),
            None => Decision::up_to(below(condition), true, missing),
        };
        let (left, right) = (child(lefts[node])?, child(rights[node])?);
        nodes.push(ForeignNode::Split { column: feature as u16, decision, left, right });
    }
    if nodes.is_empty() {
        return Err(place.refuse("a tree without nodes"));
    }
    tree(&nodes, 0, columns, number, false)
}

/// Sets of categories that go right.
#[derive(Default)]
struct Categories {
    /// The node of each set, and where it starts and ends; by node.
    sets: Vec<(usize, usize, usize)>,
    values: Vec<f64>,
}

impl Categories {
    fn of(place: &Place, nodes: usize) -> Result<Categories> {
        let Some(of_nodes) = place.find("categories_nodes") else { return Ok(Categories::default()) };
        let count = of_nodes.len()?;
        if count == 0 {
            return Ok(Categories::default());
        }
        let values = place.get("categories")?;
        let values = values.numbers(values.len()?)?;
        let starts = place.get("categories_segments")?.numbers(count)?;
        let sizes = place.get("categories_sizes")?.numbers(count)?;
        let mut sets = Vec::with_capacity(count);
        for ((node, start), size) in of_nodes.numbers(count)?.into_iter().zip(starts).zip(sizes) {
            let good = |value: f64| value >= 0.0 && value.fract() == 0.0 && value <= values.len() as f64;
            let node = Some(node).filter(|&node| node >= 0.0 && node.fract() == 0.0 && node < nodes as f64);
            let (Some(node), true, true) = (node, good(start) && good(size), start + size <= values.len() as f64)
            else {
                return Err(of_nodes.refuse("names nodes or categories that are not there"));
            };
            sets.push((node as usize, start as usize, (start + size) as usize));
        }
        sets.sort_unstable();
        Ok(Categories { sets, values })
    }

    fn of_node(&self, node: usize) -> Option<&[f64]> {
        let at = self.sets.binary_search_by_key(&node, |&(of, ..)| of).ok()?;
        let (_, from, to) = self.sets[at];
        self.values.get(from..to)
    }
}

fn of_categories(set: &[f64], missing: bool) -> std::result::Result<Decision, String> {
    let mut set = set.to_vec();
    set.sort_by(f64::total_cmp);
    if let Some(category) = set.iter().find(|&&c| !(c >= 0.0 && c.fract() == 0.0 && c < f64::from(MOST_CATEGORIES))) {
        return Err(format!("splits on category {category}, but they are counted from 0 to {MOST_CATEGORIES}"));
    }
    let ranges = set.into_iter().map(|category| (category as f32, true, category as f32 + 1.0));
    Ok(Decision::within(ranges, false, missing))
}
