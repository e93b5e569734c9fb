//! Mean and spread over the members of an ensemble, in one pass.

/// Sums the predictions of members one at a time. Every evaluator uses it, so that all agree bit for bit.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Tally {
    count: f64,
    sum: f64,
    centre: f64,
    squares: f64,
}

impl Tally {
    /// Adds one member's prediction.
    pub(crate) fn add(&mut self, value: f64) {
        self.count += 1.0;
        self.sum += value;
        let step = value - self.centre;
        self.centre += step / self.count;
        self.squares += step * (value - self.centre);
    }

    /// The mean of what was added.
    pub(crate) fn mean(&self) -> f64 {
        self.sum / self.count
    }

    /// The population standard deviation of what was added.
    pub(crate) fn spread(&self) -> f64 {
        (self.squares / self.count).max(0.0).sqrt()
    }
}
