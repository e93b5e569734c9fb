//! Features of another library's model as columns of a bundle.

use std::collections::{BTreeMap, HashSet};

use encast_trees::{Ensemble, Member, Node, Tree, exchange::ForeignModel};

use super::ImportOptions;
use crate::{
    columns::Column,
    error::{Error, Result},
    options::Given,
};

/// Which column each feature stands for.
pub(super) struct Mapping {
    /// By feature; `None` where no tree looks at it and it is no column.
    pub of: Vec<Option<Column>>,
    used: Vec<bool>,
    features: Vec<String>,
    pub unused: Vec<String>,
    given: Given,
}

impl Mapping {
    pub(super) fn new(foreign: &ForeignModel, options: &ImportOptions) -> Result<Mapping> {
        let features = foreign.feature_names.clone();
        if !options.columns.is_empty() && options.columns.len() != features.len() {
            let (what, found, expected) = ("names of columns", options.columns.len(), features.len());
            return Err(Error::LengthMismatch { what, found, expected });
        }
        if let Some(feature) = options.map.keys().find(|name| !features.contains(name)) {
            return Err(refuse(feature, "is mapped, but the model has no such feature"));
        }
        let trees = foreign.ensemble.members().iter().flat_map(|member| &member.trees);
        let mut used = vec![false; features.len()];
        trees
            .flat_map(Tree::nodes)
            .filter(|node| !node.is_leaf())
            .for_each(|node| used[usize::from(node.column)] = true);
        let mut mapping =
            Mapping { of: Vec::new(), used, features: features.clone(), unused: Vec::new(), given: options.given };
        let mut taken = HashSet::new();
        for (at, feature) in features.iter().enumerate() {
            let listed = options.columns.get(at);
            let name = options.map.get(feature).or(listed).unwrap_or(feature);
            let column = Column::ALL.iter().copied().find(|column| column.name() == name);
            match column {
                None if options.map.contains_key(feature) => {
                    return Err(refuse(feature, &format!("is mapped to '{name}', which is no column")));
                }
                None if mapping.used[at] => {
                    return Err(refuse(feature, "is no column of a bundle: map it to one"));
                }
                Some(column) if mapping.used[at] && !taken.insert(column as u8) => {
                    return Err(refuse(feature, &format!("is the second one for the column {name}")));
                }
                _ => (),
            }
            if !mapping.used[at] {
                mapping.unused.push(feature.clone());
            }
            mapping.of.push(column);
        }
        Ok(mapping)
    }

    fn pairs(&self) -> impl Iterator<Item = (&String, Column)> {
        let used = self.features.iter().zip(&self.of).zip(&self.used).filter(|(_, used)| **used);
        used.filter_map(|((feature, column), _)| column.map(|column| (feature, column)))
    }

    /// The columns that the trees look at, in their order, all of the schema and known when the rate setting is.
    pub(super) fn columns(&self, schema: usize) -> Result<Vec<Column>> {
        for (feature, column) in self.pairs() {
            let name = column.name();
            if column as usize >= schema {
                return Err(refuse(feature, &format!("is the column {name}, which the bundle's schema does not have")));
            }
            let other = match self.given {
                Given::Bitrate => column == Column::Crf,
                Given::Crf => column.rises_with_bitrate(),
            };
            if other {
                let given = self.given;
                return Err(refuse(
                    feature,
                    &format!("is the column {name}, which is not known where the {given} is given"),
                ));
            }
        }
        let mut columns: Vec<Column> = self.pairs().map(|(_, column)| column).collect();
        columns.sort_by_key(|&column| column as u8);
        Ok(columns)
    }

    pub(super) fn names(&self) -> BTreeMap<String, String> {
        self.pairs().map(|(feature, column)| (column.name().to_owned(), feature.clone())).collect()
    }

    /// The trees over the bundle's columns.
    pub(super) fn renumbered(&self, foreign: &ForeignModel, schema: usize) -> Result<Ensemble> {
        let node = |node: &Node| match self.of.get(usize::from(node.column)) {
            Some(Some(column)) if !node.is_leaf() => Node { column: *column as u16, ..*node },
            _ => *node,
        };
        let member = |member: &Member| {
            let trees = member.trees.iter().map(|tree| Tree::new(tree.nodes().iter().map(node).collect(), schema));
            Ok(Member { base: member.base, trees: trees.collect::<std::result::Result<_, _>>()? })
        };
        let members = foreign.ensemble.members().iter().map(member).collect::<Result<_>>()?;
        Ok(Ensemble::new(schema, members)?)
    }
}

fn refuse(feature: &str, reason: &str) -> Error {
    let known = Column::ALL.iter().map(|column| column.name()).collect::<Vec<_>>().join(", ");
    Error::Feature { feature: feature.to_owned(), reason: reason.to_owned(), known }
}
