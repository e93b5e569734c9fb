//! Everything that can go wrong, with names, values and bounds.

/// Why a table, a parameter or a model was refused.
///
/// Rows, columns and nodes are counted from 0.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TreeError {
    /// A training parameter lies outside its range.
    #[error("parameter {name} is {value}, but must be {bound}")]
    ParameterOutOfRange {
        /// The parameter's name, as its setter is called.
        name: &'static str,
        /// The value that was given.
        value: f64,
        /// The values that are allowed, in words.
        bound: &'static str,
    },
    /// Two things that must be equally long are not.
    #[error("{name} has length {found}, but must have {expected}")]
    LengthMismatch {
        /// What has the wrong length.
        name: &'static str,
        /// The length that is needed.
        expected: usize,
        /// The length that was found.
        found: usize,
    },
    /// A target is NaN or infinite.
    #[error("the target of row {row} is {value}, but must be finite")]
    NonFiniteTarget {
        /// The row in the table.
        row: usize,
        /// The target.
        value: f32,
    },
    /// A weight is NaN, infinite or negative.
    #[error("the weight of row {row} is {value}, but must be finite and at least 0")]
    InvalidWeight {
        /// The row in the table.
        row: usize,
        /// The weight.
        value: f32,
    },
    /// A feature of the training table is infinite (NaN is allowed: it means missing).
    #[error("column {column} of row {row} is {value}, but must be finite, or NaN for missing")]
    InfiniteFeature {
        /// The row in the table.
        row: usize,
        /// The column in the table.
        column: usize,
        /// The value.
        value: f32,
    },
    /// Too few rows, after rows of weight 0 are left out.
    #[error("{name} has {found} usable rows, but needs at least {needed}")]
    TooFewRows {
        /// Which set of rows: `table`, `sample` or `validation`.
        name: &'static str,
        /// The rows that can be used.
        found: usize,
        /// The rows that are needed.
        needed: usize,
    },
    /// The table has more rows than can be indexed.
    #[error("the table has {found} rows, but at most {most} are possible")]
    TooManyRows {
        /// The rows of the table.
        found: usize,
        /// The largest number of rows.
        most: usize,
    },
    /// No columns: the table has none, or the sample allows none.
    #[error("there are no columns")]
    NoColumns,
    /// More columns than a node can name.
    #[error("there are {found} columns, but at most {most} are possible")]
    TooManyColumns {
        /// The columns that were found.
        found: usize,
        /// The largest number of columns.
        most: usize,
    },
    /// A row or column index points outside the table.
    #[error("{name}[{position}] is {index}, but must be below {limit}")]
    IndexOutOfRange {
        /// Which list of indices: `rows`, `columns` or `validation`.
        name: &'static str,
        /// The position in the list.
        position: usize,
        /// The index found there.
        index: usize,
        /// The first index that is too large.
        limit: usize,
    },
    /// A row is both in the sample and in the validation set.
    #[error("row {row} is both in the sample and in the validation rows")]
    OverlappingRows {
        /// The row in the table.
        row: usize,
    },
    /// Early stopping was asked for without rows to judge by.
    #[error("early stopping needs validation rows")]
    MissingValidation,
    /// A tree has more nodes than can be indexed.
    #[error("a tree has {found} nodes, but at most {most} are possible")]
    TooManyNodes {
        /// The nodes that were found.
        found: usize,
        /// The largest number of nodes.
        most: usize,
    },
    /// The nodes do not make up a tree.
    #[error("corrupt tree: node {node} {reason}")]
    CorruptTree {
        /// The node at fault.
        node: usize,
        /// What is wrong with it, in words.
        reason: &'static str,
    },
    /// The arrays of a serialised tree hold a value that has no meaning.
    #[error("corrupt tree: {name}[{node}] is {value}")]
    CorruptArray {
        /// The array.
        name: &'static str,
        /// The position in the array.
        node: usize,
        /// The value.
        value: i64,
    },
    /// The base of a member is NaN or infinite.
    #[error("the base of member {member} is {value}, but must be finite")]
    NonFiniteBase {
        /// The member.
        member: usize,
        /// Its base.
        value: f64,
    },
    /// An ensemble without members predicts nothing.
    #[error("an ensemble needs at least one member")]
    NoMembers,
    /// A worker thread died; this is a defect of this crate.
    #[error("a training thread died")]
    Worker,
}
