//! The numbers of the learners that a search may choose, with the defaults that training has without one.

use std::fmt;

use encast_curves::{CENTRES, MAX_CENTRES, ROWS_PER_GROUP, ROWS_PER_STEP, STEPS};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// Sizes of the learners. The default is what training does without a search. A forest has none of these.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tuning {
    /// Trees of a boosted member, 1 to 2000. Default `None`: 40 below 6000 rows, otherwise 150.
    pub trees: Option<usize>,
    /// Most leaves of such a tree, 2 to 256. Default `None`: 8 below 6000 rows, otherwise 15.
    pub leaves: Option<usize>,
    /// Share of each tree's correction that is applied, above 0 and up to 1. Default `None`: 0.2 below 6000 rows,
    /// otherwise 0.1.
    pub learning_rate: Option<f64>,
    /// Most centres of the curves' kernel, 1 to 128. Default [`CENTRES`].
    pub centres: usize,
    /// Steps of the search for the kernel's lengths, 0 to 1000. Default [`STEPS`].
    pub steps: usize,
    /// Rows that one step looks at, 20 to 2000; time goes with the cube. Default [`ROWS_PER_STEP`].
    pub rows_per_step: usize,
    /// Most rows of a title that the curves' weights are learnt from, 2 to 500. Default [`ROWS_PER_GROUP`].
    pub rows_per_group: usize,
}

impl Default for Tuning {
    fn default() -> Self {
        Tuning {
            trees: None,
            leaves: None,
            learning_rate: None,
            centres: CENTRES,
            steps: STEPS,
            rows_per_step: ROWS_PER_STEP,
            rows_per_group: ROWS_PER_GROUP,
        }
    }
}

impl Tuning {
    /// Whether every number is the default.
    pub fn is_default(&self) -> bool {
        *self == Tuning::default()
    }

    /// Checks the range of every number.
    ///
    /// # Errors
    /// [`Error::InvalidField`].
    pub fn check(&self) -> Result<()> {
        let within = |field, value: usize, low: usize, high: usize| match (low..=high).contains(&value) {
            true => Ok(()),
            false => {
                let bound = format!("from {low} to {high}");
                Err(Error::InvalidField { field, value: value.to_string(), bound })
            }
        };
        within("trees", self.trees.unwrap_or(1), 1, 2000)?;
        within("leaves", self.leaves.unwrap_or(2), 2, 256)?;
        let rate = self.learning_rate.unwrap_or(1.0);
        if !(rate > 0.0 && rate <= 1.0) {
            let bound = "above 0 and at most 1".to_owned();
            return Err(Error::InvalidField { field: "learning_rate", value: rate.to_string(), bound });
        }
        within("centres", self.centres, 1, MAX_CENTRES)?;
        within("steps", self.steps, 0, 1000)?;
        within("rows_per_step", self.rows_per_step, 20, 2000)?;
        within("rows_per_group", self.rows_per_group, 2, 500)
    }
}

/// The numbers that are not the default, in words; `default` when all are.
impl fmt::Display for Tuning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let usual = Tuning::default();
        let mut parts = Vec::new();
        parts.extend(self.trees.map(|trees| format!("{trees} trees")));
        parts.extend(self.leaves.map(|leaves| format!("{leaves} leaves")));
        parts.extend(self.learning_rate.map(|rate| format!("learning rate {rate}")));
        for (value, usual, what) in [
            (self.centres, usual.centres, "centres"),
            (self.steps, usual.steps, "steps"),
            (self.rows_per_step, usual.rows_per_step, "rows a step"),
            (self.rows_per_group, usual.rows_per_group, "rows a title"),
        ] {
            if value != usual {
                parts.push(format!("{value} {what}"));
            }
        }
        match parts.is_empty() {
            true => f.write_str("default"),
            false => f.write_str(&parts.join(", ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_told() {
        assert_eq!(Tuning::default().to_string(), "default");
        let tuning = Tuning { trees: Some(80), learning_rate: Some(0.1), centres: 50, ..Tuning::default() };
        assert_eq!(tuning.to_string(), "80 trees, learning rate 0.1, 50 centres");
        assert!(!tuning.is_default());
    }

    #[test]
    fn numbers_out_of_range_are_named() {
        let refused = |tuning: Tuning| tuning.check().unwrap_err().to_string();
        assert_eq!(refused(Tuning { trees: Some(0), ..Tuning::default() }), "trees = 0: must be from 1 to 2000");
        assert_eq!(refused(Tuning { centres: 129, ..Tuning::default() }), "centres = 129: must be from 1 to 128");
        let nan = Tuning { learning_rate: Some(f64::NAN), ..Tuning::default() };
        assert_eq!(refused(nan), "learning_rate = NaN: must be above 0 and at most 1");
        assert!(Tuning::default().check().is_ok());
    }
}
