//! LightGBM's text model (`Booster.save_model`, versions v2 to v4), which is the same from Spark, Dask and Ray.

use std::{collections::HashMap, str::FromStr};

use super::{
    ForeignModel, Format,
    decision::{Decision, MOST_CATEGORIES, at_most},
    error::{ExchangeError, Position, Result},
    graph::{ForeignNode, tree},
};
use crate::{Ensemble, Member, Tree, rows::check_columns};

/// LightGBM takes what is nearer to 0 for 0, when it predicts.
const ZERO: f32 = 1e-35;

/// Bits of `decision_type`.
const CATEGORICAL: u8 = 1;
const DEFAULT_LEFT: u8 = 2;

/// Objectives whose forecast is the sum of the trees itself.
const IDENTITY: [&str; 9] =
    ["regression", "regression_l2", "regression_l1", "huber", "fair", "quantile", "mape", "custom", "none"];

/// Lines `key=value` of the header, or of one tree, each with its line.
struct Section<'a> {
    line: usize,
    values: HashMap<&'a str, (usize, &'a str)>,
}

impl<'a> Section<'a> {
    fn new(line: usize) -> Self {
        Section { line, values: HashMap::new() }
    }

    fn add(&mut self, line: usize, text: &'a str) -> Result<()> {
        let (key, value) = text.split_once('=').unwrap_or((text, ""));
        match self.values.insert(key, (line, value)) {
            None => Ok(()),
            Some((first, _)) => Err(malformed(line, format!("{key} stands in line {first} already"))),
        }
    }

    fn text(&self, key: &str) -> Result<(usize, &'a str)> {
        self.values.get(key).copied().ok_or_else(|| malformed(self.line, format!("{key} is missing")))
    }

    fn number<T: FromStr>(&self, key: &str) -> Result<T> {
        let (line, text) = self.text(key)?;
        parse(line, key, text.trim())
    }

    /// Exactly so many numbers. Nothing is reserved for a count that the file only claims.
    fn numbers<T: FromStr>(&self, key: &str, count: usize) -> Result<Vec<T>> {
        let (line, text) = self.text(key)?;
        let numbers: Vec<T> =
            text.split_ascii_whitespace().map(|word| parse(line, key, word)).collect::<Result<_>>()?;
        match numbers.len() == count {
            true => Ok(numbers),
            false => Err(malformed(line, format!("{key} has {} values, but must have {count}", numbers.len()))),
        }
    }
}

fn malformed(line: usize, reason: String) -> ExchangeError {
    ExchangeError::at(Position::Line(line), reason)
}

fn parse<T: FromStr>(line: usize, key: &str, word: &str) -> Result<T> {
    word.parse().map_err(|_| {
        let word: String = word.chars().take(40).collect();
        malformed(line, format!("{key} has the value '{word}', which is not a number of its kind"))
    })
}

/// Reads a text model.
///
/// # Errors
/// [`ExchangeError::Malformed`] with the line, [`ExchangeError::Tree`] with tree and node (nodes as LightGBM counts them;
/// leaf `k` of `n` counts as node `n - 1 + k`), [`ExchangeError::Unsupported`] for linear trees, several outputs and
/// objectives with a link.
pub fn read(bytes: &[u8]) -> Result<ForeignModel> {
    let text = std::str::from_utf8(bytes)
        .map_err(|error| ExchangeError::at(Position::Byte(error.valid_up_to()), "not UTF-8"))?;
    let mut header = Section::new(1);
    let mut sections: Vec<Section> = Vec::new();
    let (mut ended, mut last) = (false, 0);
    for (line, text) in text.lines().enumerate().map(|(at, text)| (at + 1, text.trim_end())) {
        last = line;
        match text {
            "" => (),
            "tree" if line == 1 => (),
            "end of trees" => {
                ended = true;
                break;
            }
            text => match text.strip_prefix("Tree=") {
                Some(number) if number.trim() == sections.len().to_string() => sections.push(Section::new(line)),
                Some(number) => {
                    return Err(malformed(line, format!("tree {number} stands where tree {} is due", sections.len())));
                }
                None => sections.last_mut().unwrap_or(&mut header).add(line, text)?,
            },
        }
    }
    if !ended {
        return Err(malformed(last, "the model ends before 'end of trees'".to_owned()));
    }
    let objective = check_header(&header)?;
    let (line, names) = header.text("feature_names")?;
    let feature_names: Vec<String> = names.split_ascii_whitespace().map(str::to_owned).collect();
    let columns = feature_names.len();
    if header.number::<usize>("max_feature_idx")?.checked_add(1) != Some(columns) {
        return Err(malformed(line, format!("{columns} feature names do not go with max_feature_idx")));
    }
    check_columns(columns)?;
    if let Some(&(line, sizes)) = header.values.get("tree_sizes") {
        let (told, found) = (sizes.split_ascii_whitespace().count(), sections.len());
        if told != found {
            return Err(malformed(line, format!("tree_sizes tells of {told} trees, {found} are there")));
        }
    }
    let trees: Vec<Tree> =
        sections.iter().enumerate().map(|(at, section)| one_tree(section, at, columns)).collect::<Result<_>>()?;
    let members = match header.values.contains_key("average_output") && !trees.is_empty() {
        true => trees.into_iter().map(|tree| Member { base: 0.0, trees: vec![tree] }).collect(),
        false => vec![Member { base: 0.0, trees }],
    };
    let ensemble = Ensemble::new(columns, members)?;
    Ok(ForeignModel { format: Format::LightGbm, feature_names, objective, ensemble, notes: Vec::new() })
}

/// One output, and a forecast that is the sum of the trees; the objective.
fn check_header(header: &Section) -> Result<String> {
    for key in ["num_class", "num_tree_per_iteration"] {
        let count: usize = header.number(key)?;
        if count != 1 {
            return Err(ExchangeError::unsupported(format!("{key}={count}"), "a model of one output is needed"));
        }
    }
    // A model that was trained with an objective of its own may have no such line.
    let objective = header.values.get("objective").map_or("none", |(_, text)| text.trim());
    let mut words = objective.split_ascii_whitespace();
    let name = words.next().unwrap_or("none");
    if !IDENTITY.contains(&name) || words.any(|word| word == "sqrt") {
        let reason = "its forecast is not the sum of its trees; train on the learning scale with objective=regression";
        return Err(ExchangeError::unsupported(format!("objective={objective}"), reason));
    }
    Ok(objective.to_owned())
}

fn one_tree(section: &Section, number: usize, columns: usize) -> Result<Tree> {
    if section.values.contains_key("is_linear") && section.number::<i32>("is_linear")? != 0 {
        let what = format!("is_linear={} (tree {number})", section.number::<i32>("is_linear")?);
        return Err(ExchangeError::unsupported(what, "leaves hold linear models; train with linear_tree=false"));
    }
    let leaves: usize = section.number("num_leaves")?;
    let values: Vec<f64> = section.numbers("leaf_value", leaves)?;
    let leaf = |&value: &f64| ForeignNode::Leaf(value as f32);
    let Some(splits) = leaves.checked_sub(1) else {
        return Err(malformed(section.line, "num_leaves is 0, but must be at least 1".to_owned()));
    };
    if splits == 0 {
        return tree(&[leaf(&values[0])], 0, columns, number, true);
    }
    let features: Vec<usize> = section.numbers("split_feature", splits)?;
    let thresholds: Vec<f64> = section.numbers("threshold", splits)?;
    let kinds: Vec<u8> = section.numbers("decision_type", splits)?;
    let lefts: Vec<i64> = section.numbers("left_child", splits)?;
    let rights: Vec<i64> = section.numbers("right_child", splits)?;
    let categories = Categories::of(section)?;
    let mut nodes = Vec::with_capacity(splits + leaves);
    for node in 0..splits {
        let refuse = |reason: String| ExchangeError::Tree { tree: number, node, reason };
        let column = u16::try_from(features[node]).ok().filter(|&column| usize::from(column) < columns);
        let column = column.ok_or_else(|| refuse(format!("splits on feature {} of {columns}", features[node])))?;
        let decision = match kinds[node] & CATEGORICAL != 0 {
            true => categories.decision(thresholds[node]),
            false => numeric(thresholds[node], kinds[node]),
        };
        let decision = decision.map_err(refuse)?;
        // Leaves are counted backwards from -1, and stand behind the splits here.
        let place = |child: i64| match usize::try_from(child) {
            Ok(split) if split < splits => Some(split),
            Ok(_) => None,
            Err(_) => usize::try_from(!child).ok().filter(|&leaf| leaf < leaves).map(|leaf| splits + leaf),
        };
        let child = |child: i64| place(child).ok_or_else(|| refuse(format!("has child {child}, which is not there")));
        nodes.push(ForeignNode::Split { column, decision, left: child(lefts[node])?, right: child(rights[node])? });
    }
    nodes.extend(values.iter().map(leaf));
    tree(&nodes, 0, columns, number, true)
}

/// `x <= threshold` goes left; bits 2 and 3 of the kind say what counts as missing: nothing, 0, or NaN.
fn numeric(threshold: f64, kind: u8) -> std::result::Result<Decision, String> {
    if threshold.is_nan() {
        return Err("has the threshold NaN".to_owned());
    }
    let zero = f64::from(ZERO);
    let default_left = kind & DEFAULT_LEFT != 0;
    let of_zero = 0.0 <= threshold;
    // What is taken for 0 goes where 0 goes.
    let bound = match (-zero..=zero).contains(&threshold) {
        true if of_zero => Some(ZERO),
        true => Some((-ZERO).next_down()),
        false => at_most(threshold),
    };
    match kind >> 2 & 3 {
        0 => Ok(Decision::up_to(bound, true, of_zero)),
        2 => Ok(Decision::up_to(bound, true, default_left)),
        1 => {
            let before = (Some((-ZERO).next_down()), true);
            let around = (Some(ZERO), default_left);
            let rest = (bound, true);
            Ok(match of_zero {
                true => Decision::of_ranges([before, around, rest], false, default_left),
                false => Decision::of_ranges([rest, (before.0, false), around], false, default_left),
            })
        }
        other => Err(format!("has the missing type {other}, which is unknown")),
    }
}

/// Sets of categories that go left: bits of 32-bit words.
#[derive(Default)]
struct Categories {
    boundaries: Vec<usize>,
    words: Vec<u32>,
}

impl Categories {
    fn of(section: &Section) -> Result<Categories> {
        let count = if section.values.contains_key("num_cat") { section.number::<usize>("num_cat")? } else { 0 };
        if count == 0 {
            return Ok(Categories::default());
        }
        let too_many = || malformed(section.line, format!("num_cat is {count}"));
        let boundaries: Vec<usize> = section.numbers("cat_boundaries", count.checked_add(1).ok_or_else(too_many)?)?;
        let words = section.numbers("cat_threshold", boundaries.last().copied().unwrap_or(0))?;
        Ok(Categories { boundaries, words })
    }

    /// A category is the value's whole part; one of the set goes left, all others and missing go right.
    fn decision(&self, set: f64) -> std::result::Result<Decision, String> {
        let set = if set >= 0.0 && set.fract() == 0.0 { set as usize } else { usize::MAX };
        let ends = self.boundaries.get(set).zip(self.boundaries.get(set.saturating_add(1)));
        let words = ends.and_then(|(&from, &to)| self.words.get(from..to));
        let words = words.ok_or("splits on a set of categories that is not there")?;
        let bits = words.iter().enumerate().flat_map(|(at, &word)| {
            (0..32u32).filter(move |bit| word >> bit & 1 == 1).map(move |bit| at as u64 * 32 + u64::from(bit))
        });
        let mut ranges = Vec::new();
        for category in bits {
            if category >= u64::from(MOST_CATEGORIES) {
                return Err(format!("splits on category {category}, but at most {MOST_CATEGORIES} are possible"));
            }
            let from = category as f32;
            // The whole part of what is above -1 is 0.
            ranges.push(if category == 0 { (-1.0, false, 1.0) } else { (from, true, from + 1.0) });
        }
        Ok(Decision::within(ranges, true, false))
    }
}
