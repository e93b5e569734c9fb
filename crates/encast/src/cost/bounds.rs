//! The bounds of every number of a profile, and the one way of checking them.

/// A number that is not within its bound.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Fault {
    /// The field.
    pub(crate) field: &'static str,
    /// What it holds.
    pub(crate) value: String,
    /// What is allowed.
    pub(crate) bound: String,
}

/// Which numbers are allowed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Bound {
    /// From the first to the second, both included.
    Within(f64, f64),
    /// Above zero, up to the number.
    AboveZero(f64),
}

impl Bound {
    fn allows(self, value: f64) -> bool {
        match self {
            Bound::Within(lowest, highest) => value >= lowest && value <= highest,
            Bound::AboveZero(highest) => value > 0.0 && value <= highest,
        }
    }

    fn text(self) -> String {
        match self {
            Bound::Within(lowest, highest) => format!("a finite number from {lowest} to {highest}"),
            Bound::AboveZero(highest) => format!("a finite number above 0, at most {highest}"),
        }
    }
}

/// Checks one number; a number that is absent is allowed.
pub(crate) fn number(field: &'static str, value: impl Into<Option<f64>>, bound: Bound) -> Result<(), Fault> {
    match value.into() {
        // NaN fails both comparisons.
        Some(value) if !bound.allows(value) => Err(Fault { field, value: value.to_string(), bound: bound.text() }),
        _ => Ok(()),
    }
}

/// Checks that a text says something.
pub(crate) fn text(field: &'static str, value: &str) -> Result<(), Fault> {
    if value.trim().is_empty() {
        return Err(Fault { field, value: format!("{value:?}"), bound: "a text that is not empty".to_owned() });
    }
    Ok(())
}
