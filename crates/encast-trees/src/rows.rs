//! A row-major view of a table of features.

use crate::TreeError;

/// A borrowed table: rows of `f32` features, stored one row after another. NaN means missing.
///
/// ```
/// use encast_trees::Rows;
/// let rows = Rows::new(&[1.0, 2.0, 3.0, f32::NAN], 2)?;
/// assert_eq!((rows.len(), rows.columns()), (2, 2));
/// assert_eq!(rows.row(0), &[1.0, 2.0]);
/// # Ok::<(), encast_trees::TreeError>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a> {
    values: &'a [f32],
    columns: usize,
}

impl<'a> Rows<'a> {
    /// Looks at `values` as rows of `columns` features each.
    ///
    /// # Errors
    /// [`TreeError::NoColumns`] when `columns` is 0, [`TreeError::TooManyColumns`] when it is `u16::MAX` or more,
    /// [`TreeError::LengthMismatch`] when the values do not fill whole rows.
    pub fn new(values: &'a [f32], columns: usize) -> Result<Self, TreeError> {
        check_columns(columns)?;
        let rest = values.len() % columns;
        if rest != 0 {
            let expected = values.len() - rest + columns;
            return Err(TreeError::LengthMismatch { name: "values", expected, found: values.len() });
        }
        Ok(Self { values, columns })
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.values.len() / self.columns
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The number of features of each row; at least 1.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// The features of row `index`, or an empty slice when there is no such row.
    pub fn row(&self, index: usize) -> &'a [f32] {
        let start = index.saturating_mul(self.columns);
        self.values.get(start..start.saturating_add(self.columns)).unwrap_or(&[])
    }

    /// All values, row after row.
    pub fn values(&self) -> &'a [f32] {
        self.values
    }
}

/// The largest number of columns: `u16::MAX` itself marks leaves.
pub(crate) const MOST_COLUMNS: usize = u16::MAX as usize - 1;

/// Checks that a number of columns is between 1 and [`MOST_COLUMNS`].
pub(crate) fn check_columns(columns: usize) -> Result<(), TreeError> {
    match columns {
        0 => Err(TreeError::NoColumns),
        1..=MOST_COLUMNS => Ok(()),
        found => Err(TreeError::TooManyColumns { found, most: MOST_COLUMNS }),
    }
}
