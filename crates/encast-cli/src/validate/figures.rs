//! How far forecasts lay off, and the thresholds that they must keep.

use std::collections::BTreeMap;

use encast::{Scale, Target};
use serde::Serialize;

use super::Pair;

/// Worst scenarios that are shown for each target.
const WORST: usize = 5;

/// Errors of one target. A figure that makes no sense, or that too few scenarios give, is null.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figures {
    pub count: usize,
    pub mae: f64,
    pub rmse: f64,
    /// Mean of measured minus forecast: above 0 where forecasts are too low.
    pub bias: f64,
    /// Absolute error that nine of ten scenarios keep.
    pub p90: f64,
    pub r2: Option<f64>,
    /// Share of scenarios within ±2 (VMAF).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub within_2: Option<f64>,
    /// Share of scenarios within ±0.5 dB (PSNR).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub within_half_db: Option<f64>,
    /// Mean absolute error relative to the measured value, of amounts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mape: Option<f64>,
    /// Share of scenarios in their interval, of those whose forecast has one.
    pub coverage: Option<f64>,
    pub with_interval: usize,
    pub worst: Vec<Worst>,
}

/// A scenario that errs much.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Worst {
    pub scenario: String,
    pub measured: f64,
    pub forecast: f64,
    pub covered: Option<bool>,
}

/// The figures of a target; `None` without pairs.
pub fn figures(target: Target, pairs: &[Pair]) -> Option<Figures> {
    let count = pairs.len();
    let n = count as f64;
    let errors: Vec<f64> = pairs.iter().map(|pair| pair.measured - pair.forecast.value).collect();
    let mut sorted: Vec<f64> = errors.iter().map(|error| error.abs()).collect();
    sorted.sort_by(f64::total_cmp);
    // The smallest error that at least nine of ten do not exceed.
    let p90 = *sorted.get(((0.9 * n).ceil() as usize).max(1) - 1)?;
    let squares: f64 = errors.iter().map(|error| error * error).sum();
    let mean = pairs.iter().map(|pair| pair.measured).sum::<f64>() / n;
    let spread: f64 = pairs.iter().map(|pair| (pair.measured - mean).powi(2)).sum();
    let within = |bound: f64| sorted.iter().filter(|&&error| error <= bound).count() as f64 / n;
    let covered = |pair: &Pair| pair.forecast.ends.map(|(lower, upper)| (lower..=upper).contains(&pair.measured));
    let known: Vec<bool> = pairs.iter().filter_map(covered).collect();
    let coverage = known.iter().filter(|&&covered| covered).count() as f64 / known.len() as f64;
    let relative = pairs.iter().filter(|pair| pair.measured > 0.0);
    let relative: Vec<f64> = relative.map(|pair| (pair.measured - pair.forecast.value).abs() / pair.measured).collect();
    let amounts = target.scale() != Scale::Linear && !relative.is_empty();
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by(|&a, &b| errors[b].abs().total_cmp(&errors[a].abs()));
    let worst = order.into_iter().take(WORST).map(|at| Worst {
        scenario: pairs[at].scenario.clone(),
        measured: pairs[at].measured,
        forecast: pairs[at].forecast.value,
        covered: covered(&pairs[at]),
    });
    Some(Figures {
        count,
        mae: sorted.iter().sum::<f64>() / n,
        rmse: (squares / n).sqrt(),
        bias: errors.iter().sum::<f64>() / n,
        p90,
        r2: (count >= 2 && spread > 0.0).then(|| 1.0 - squares / spread),
        within_2: (target == Target::Vmaf).then(|| within(2.0)),
        within_half_db: (target == Target::Psnr).then(|| within(0.5)),
        mape: amounts.then(|| relative.iter().sum::<f64>() / relative.len() as f64),
        coverage: (!known.is_empty()).then_some(coverage),
        with_interval: known.len(),
        worst: worst.collect(),
    })
}

/// A bound on a figure: of one target, or of all.
#[derive(Debug, Clone, PartialEq)]
pub struct Threshold {
    pub target: Option<Target>,
    pub bound: f64,
}

impl Threshold {
    /// `vmaf=3`: of one target.
    pub fn of_target(text: &str) -> Result<Threshold, String> {
        let form = || "must be target=value, as vmaf=3".to_owned();
        let (target, bound) = text.split_once('=').ok_or_else(form)?;
        let target = Target::from_name(target.trim()).map_err(|error| error.to_string())?;
        let bound = bound.trim().parse().ok().filter(|bound: &f64| bound.is_finite()).ok_or_else(form)?;
        Ok(Threshold { target: Some(target), bound })
    }

    /// `vmaf=0.8`, or `0.8` for all targets; from 0 to 1.
    pub fn of_share(text: &str) -> Result<Threshold, String> {
        let threshold = match text.contains('=') {
            true => Threshold::of_target(text)?,
            false => {
                let bound = text.trim().parse().map_err(|_| "must be a share, or target=share".to_owned())?;
                Threshold { target: None, bound }
            }
        };
        match (0.0..=1.0).contains(&threshold.bound) {
            true => Ok(threshold),
            false => Err(format!("{}: a share is from 0 to 1", threshold.bound)),
        }
    }

    /// Each target that the bound is on, with its figure.
    pub fn on<'a>(
        &'a self,
        figures: &'a BTreeMap<Target, Figures>,
        figure: impl Fn(&Figures) -> Option<f64> + 'a,
    ) -> Vec<(Target, Option<f64>)> {
        match self.target {
            Some(target) => vec![(target, figures.get(&target).and_then(&figure))],
            None => figures.iter().filter_map(|(&target, of)| Some((target, Some(figure(of)?)))).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::Interval;

    #[test]
    fn figures_by_hand() {
        let pair = |measured: f64, value: f64, reach: f64| Pair {
            scenario: measured.to_string(),
            measured,
            forecast: Interval { value, ends: (reach > 0.0).then_some((value - reach, value + reach)) },
        };
        let pairs = [pair(90.0, 91.0, 2.0), pair(80.0, 76.0, 2.0), pair(70.0, 70.0, 0.0)];
        let all = figures(Target::Vmaf, &pairs).unwrap();
        assert_eq!((all.count, all.p90, all.bias), (3, 4.0, 1.0));
        assert!((all.mae - 5.0 / 3.0).abs() < 1e-12 && (all.rmse - (17.0f64 / 3.0).sqrt()).abs() < 1e-12);
        assert!((all.r2.unwrap() - (1.0 - 17.0 / 200.0)).abs() < 1e-12);
        assert_eq!((all.coverage, all.with_interval), (Some(0.5), 2));
        assert_eq!((all.within_2, all.within_half_db, all.mape), (Some(2.0 / 3.0), None, None));
        assert_eq!((all.worst[0].scenario.as_str(), all.worst[0].covered), ("80", Some(false)));
        let one = figures(Target::EnergyKwh, &[pair(2.0, 1.0, 0.0)]).unwrap();
        assert_eq!((one.r2, one.coverage, one.mape), (None, None, Some(0.5)));
        assert!(figures(Target::Vmaf, &[]).is_none());
    }

    #[test]
    fn thresholds_are_read() {
        assert_eq!(Threshold::of_target("vmaf=3").unwrap(), Threshold { target: Some(Target::Vmaf), bound: 3.0 });
        assert_eq!(Threshold::of_share(".8").unwrap(), Threshold { target: None, bound: 0.8 });
        for bad in ["vmaf", "nope=3", "vmaf=x", "vmaf=inf"] {
            assert!(Threshold::of_target(bad).is_err(), "{bad}");
        }
        assert!(Threshold::of_share("1.5").is_err() && Threshold::of_share("x").is_err());
    }
}
