//! The parameters of a random forest, and their check.

use super::split::Monotone;
use crate::TreeError;

/// Parameters of a random forest, not yet checked: set them, then call [`check`](ForestParams::check).
///
/// ```
/// use encast_trees::{ForestParams, TreeError};
/// assert!(ForestParams::new().trees(50).seed(1).check().is_ok());
/// let refused = ForestParams::new().row_share(0.0).check();
/// assert!(matches!(refused, Err(TreeError::ParameterOutOfRange { name: "row_share", .. })));
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ForestParams(ForestValidParams);

/// Checked parameters of a random forest; see [`ForestParams`].
#[derive(Debug, Clone, PartialEq)]
pub struct ForestValidParams {
    pub(crate) trees: usize,
    pub(crate) max_leaves: usize,
    pub(crate) max_depth: Option<usize>,
    pub(crate) min_leaf_rows: usize,
    pub(crate) columns_per_split: f64,
    pub(crate) row_share: f64,
    pub(crate) bootstrap: bool,
    pub(crate) monotone: Vec<Monotone>,
    pub(crate) seed: u64,
    pub(crate) threads: usize,
}

impl Default for ForestValidParams {
    fn default() -> Self {
        Self {
            trees: 100,
            max_leaves: 256,
            max_depth: None,
            min_leaf_rows: 5,
            columns_per_split: 0.6,
            row_share: 1.0,
            bootstrap: true,
            monotone: Vec::new(),
            seed: 0,
            threads: 0,
        }
    }
}

impl ForestParams {
    /// The defaults: 100 trees of up to 256 leaves.
    pub fn new() -> Self {
        Self::default()
    }

    /// The number of trees, at least 1. Default 100.
    pub fn trees(mut self, trees: usize) -> Self {
        self.0.trees = trees;
        self
    }

    /// The most leaves of a tree, from 2 to 2²². Default 256.
    pub fn max_leaves(mut self, leaves: usize) -> Self {
        self.0.max_leaves = leaves;
        self
    }

    /// The most splits on the way to a leaf, at least 1; `None` for no limit. Default `None`.
    pub fn max_depth(mut self, depth: impl Into<Option<usize>>) -> Self {
        self.0.max_depth = depth.into();
        self
    }

    /// The fewest rows in a leaf, at least 1; a row drawn twice counts twice. Default 5.
    pub fn min_leaf_rows(mut self, rows: usize) -> Self {
        self.0.min_leaf_rows = rows;
        self
    }

    /// The share of columns drawn for each split, above 0 and up to 1. Default 0.6.
    ///
    /// When none of them has a gain, further columns are drawn until one has.
    pub fn columns_per_split(mut self, share: f64) -> Self {
        self.0.columns_per_split = share;
        self
    }

    /// How many rows (or groups) a tree draws, as a share of all, above 0 and up to 1. Default 1.
    pub fn row_share(mut self, share: f64) -> Self {
        self.0.row_share = share;
        self
    }

    /// Whether rows (or groups) are drawn with replacement. Default `true`.
    pub fn bootstrap(mut self, bootstrap: bool) -> Self {
        self.0.bootstrap = bootstrap;
        self
    }

    /// One constraint for each column of the table; empty for none. Default empty.
    pub fn monotone(mut self, monotone: Vec<Monotone>) -> Self {
        self.0.monotone = monotone;
        self
    }

    /// The seed of all draws. Default 0.
    pub fn seed(mut self, seed: u64) -> Self {
        self.0.seed = seed;
        self
    }

    /// The number of threads, 0 for one a core. The model does not depend on it. Default 0.
    pub fn threads(mut self, threads: usize) -> Self {
        self.0.threads = threads;
        self
    }

    /// Checks every parameter.
    ///
    /// # Errors
    /// [`TreeError::ParameterOutOfRange`] with the first that lies outside its range.
    pub fn check(self) -> Result<ForestValidParams, TreeError> {
        self.check_ref()?;
        Ok(self.0)
    }

    /// Checks every parameter, without giving them away.
    ///
    /// # Errors
    /// As [`ForestParams::check`].
    pub fn check_ref(&self) -> Result<&ForestValidParams, TreeError> {
        let p = &self.0;
        check_count("trees", p.trees, 1, 1 << 20, "from 1 to 2^20")?;
        check_shape(p.max_leaves, p.max_depth, p.min_leaf_rows)?;
        check_share("columns_per_split", p.columns_per_split)?;
        check_share("row_share", p.row_share)?;
        Ok(p)
    }
}

/// Checks that a count lies between `least` and `most`.
pub(super) fn check_count(
    name: &'static str,
    value: usize,
    least: usize,
    most: usize,
    bound: &'static str,
) -> Result<(), TreeError> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    Err(TreeError::ParameterOutOfRange { name, value: value as f64, bound })
}

/// Checks that a share lies above 0 and not above 1.
pub(super) fn check_share(name: &'static str, value: f64) -> Result<(), TreeError> {
    if value > 0.0 && value <= 1.0 {
        return Ok(());
    }
    Err(TreeError::ParameterOutOfRange { name, value, bound: "above 0 and at most 1" })
}

/// Checks what limits the shape of a tree.
pub(super) fn check_shape(leaves: usize, depth: Option<usize>, rows: usize) -> Result<(), TreeError> {
    check_count("max_leaves", leaves, 2, 1 << 22, "from 2 to 2^22")?;
    check_count("max_depth", depth.unwrap_or(1), 1, usize::MAX, "at least 1")?;
    check_count("min_leaf_rows", rows, 1, u32::MAX as usize, "from 1 to 2^32 - 1")
}

/// The constraints of the columns that are used, from those of all columns of the table.
pub(super) fn monotone_of(
    given: &[Monotone],
    columns: &[super::sample::Column<'_>],
    expected: usize,
) -> Result<Vec<Monotone>, TreeError> {
    if !given.is_empty() && given.len() != expected {
        return Err(TreeError::LengthMismatch { name: "monotone", expected, found: given.len() });
    }
    let of = |column: &super::sample::Column<'_>| given.get(usize::from(column.index)).copied().unwrap_or_default();
    Ok(columns.iter().map(of).collect())
}
