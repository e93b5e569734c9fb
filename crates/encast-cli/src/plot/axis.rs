//! What an axis says and covers.

/// An axis.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Axis {
    /// Name and unit.
    pub label: String,
    /// Logarithmic; values that are not above 0 are then left out.
    pub log: bool,
    /// The axis reaches at least down to here, and stops here unless a value lies below.
    pub from: Option<f64>,
    /// The axis reaches at least up to here, and stops here unless a value lies above.
    pub to: Option<f64>,
}

impl Axis {
    /// A linear axis over the values.
    pub fn linear(label: impl Into<String>) -> Axis {
        Axis { label: label.into(), ..Axis::default() }
    }

    /// A logarithmic axis over the values.
    pub fn log(label: impl Into<String>) -> Axis {
        Axis { label: label.into(), log: true, ..Axis::default() }
    }

    /// Begins at a value.
    pub fn from(mut self, value: f64) -> Axis {
        self.from = Some(value);
        self
    }

    /// Ends at a value.
    pub fn to(mut self, value: f64) -> Axis {
        self.to = Some(value);
        self
    }

    /// Whether a value has a place on the axis.
    pub fn holds(&self, value: f64) -> bool {
        value.is_finite() && (!self.log || value > 0.0)
    }
}
