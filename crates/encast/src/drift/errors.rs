//! Errors of the forecasts that were told, by target and codec, and how many of their intervals held.

use std::collections::BTreeMap;

use crate::{codec::Codec, drift::window::Window, result::Estimate, target::Target};

/// Errors of the told forecasts of one target and codec over the window, in the target's own unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ForecastErrors {
    /// What was forecast.
    pub target: Target,
    /// The codec, when it is known.
    pub codec: Option<Codec>,
    /// Observations in the window.
    pub count: u64,
    /// Observations so far.
    pub total: u64,
    /// Mean of measured minus forecast.
    pub bias: f64,
    /// Mean absolute error.
    pub mae: f64,
    /// Absolute error that half of the forecasts keep.
    pub p50: f64,
    /// That 90 % keep.
    pub p90: f64,
    /// That 99 % keep.
    pub p99: f64,
    /// How many of `count` were measured within the forecast's interval.
    pub covered: u64,
    /// What the intervals promised, on average: a probability.
    pub nominal: f64,
}

#[derive(Debug, Clone, Copy)]
struct Told {
    error: f64,
    level: f32,
    covered: bool,
}

#[derive(Debug)]
struct Stream {
    total: u64,
    window: Window<Told>,
}

/// By target and codec.
#[derive(Debug)]
pub(super) struct Errors {
    streams: BTreeMap<(Target, Option<Codec>), Stream>,
    window: usize,
}

impl Errors {
    pub fn new(window: usize) -> Errors {
        Errors { streams: BTreeMap::new(), window }
    }

    pub fn add(&mut self, key: (Target, Option<Codec>), measured: f64, told: Estimate, level: f64) {
        let new = || Stream { total: 0, window: Window::new(self.window) };
        let stream = self.streams.entry(key).or_insert_with(new);
        stream.total += 1;
        let covered = (told.lower..=told.upper).contains(&measured);
        stream.window.push(Told { error: measured - told.value, level: level as f32, covered });
    }

    pub fn list(&self) -> Vec<ForecastErrors> {
        let describe = |(&(target, codec), stream): (&(Target, Option<Codec>), &Stream)| {
            let mut errors: Vec<f64> = stream.window.iter().map(|told| told.error.abs()).collect();
            errors.sort_by(f64::total_cmp);
            let mean = |of: &dyn Fn(&Told) -> f64| stream.window.iter().map(of).sum::<f64>() / errors.len() as f64;
            ForecastErrors {
                target,
                codec,
                count: errors.len() as u64,
                total: stream.total,
                bias: mean(&|told| told.error),
                mae: mean(&|told| told.error.abs()),
                p50: quantile(&errors, 0.5),
                p90: quantile(&errors, 0.9),
                p99: quantile(&errors, 0.99),
                covered: stream.window.iter().filter(|told| told.covered).count() as u64,
                nominal: mean(&|told| f64::from(told.level)),
            }
        };
        self.streams.iter().map(describe).collect()
    }
}

/// Of sorted values, linearly between them (Hyndman and Fan, type 7).
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let at = share * (sorted.len() - 1) as f64;
    let (below, above) = (at.floor() as usize, at.ceil() as usize);
    sorted[below] + (at - below as f64) * (sorted[above] - sorted[below])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_by_hand() {
        let mut errors = Errors::new(4);
        for measured in [99.0, 81.0, 78.0, 84.0, 80.5] {
            let told = Estimate { value: 80.0, lower: 77.0, upper: 83.0 };
            errors.add((Target::Vmaf, Some(Codec::Av1)), measured, told, 0.9);
        }
        let [found] = errors.list()[..] else { panic!("one target") };
        assert_eq!((found.count, found.total, found.covered), (4, 5, 3));
        assert_eq!((found.bias, found.mae), (0.875, 1.875));
        assert!(found.p50 == 1.5 && (found.p90 - (2.0 + 0.7 * 2.0)).abs() < 1e-12);
        assert!((found.nominal - 0.9).abs() < 1e-7);
    }
}
