//! Reaches of an interval at any probability, relative to the nominal one, and probabilities of any reach.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// Probabilities that an error stays on this side of the reach; between them reaches run linearly. The nominal
/// two-sided interval leaves 5 % on either side.
const PROBABILITIES: [f64; 11] = [0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.925, 0.95, 0.975, 0.99, 0.995];
/// Where the nominal one stands among them.
const UNIT: usize = 7;
/// The same for normal errors: quantiles of the standard normal distribution over that of 0.95.
const NORMAL: [f64; 11] = [0.0, 0.15402, 0.31881, 0.51167, 0.63010, 0.77913, 0.87517, 1.0, 1.19158, 1.41433, 1.56599];

/// Reaches in units of the nominal one, below and above the forecast, at each of the probabilities.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Levels {
    pub below: [f64; 11],
    pub above: [f64; 11],
}

impl Default for Levels {
    fn default() -> Self {
        Levels { below: NORMAL, above: NORMAL }
    }
}

impl Levels {
    pub(crate) fn is_normal(&self) -> bool {
        *self == Levels::default()
    }

    /// From errors in units of the nominal reach on their side, and their weights; `titles` for the finite-sample
    /// correction.
    pub(crate) fn fit(mut errors: Vec<(f64, f64)>, titles: usize) -> Levels {
        errors.sort_by(|a, b| a.0.total_cmp(&b.0));
        let total: f64 = errors.iter().map(|(_, weight)| weight).sum();
        let correction = 1.0 + 1.0 / titles.max(1) as f64;
        // The least error that leaves no more than the rest of the weight beyond it.
        let quantile = |probability: f64| {
            let mut below = 0.0;
            let found = errors.iter().find(|(_, weight)| {
                below += weight;
                below >= probability * total
            });
            found.or(errors.last()).map_or(0.0, |&(error, _)| error)
        };
        let mut levels = Levels::default();
        let mut least = (0.0f64, 0.0f64);
        for (at, &probability) in PROBABILITIES.iter().enumerate() {
            let tail = (1.0 - (0.5 + (probability - 0.5) * correction)).max(0.0);
            least = (least.0.max(-quantile(tail)), least.1.max(quantile(1.0 - tail)));
            (levels.below[at], levels.above[at]) = least;
        }
        // An even chance is the forecast itself.
        (levels.below[0], levels.above[0]) = (0.0, 0.0);
        // The nominal interval was calibrated as a whole: it is the unit, and all others are narrower or wider.
        for (reaches, normal) in [(&mut levels.below, NORMAL), (&mut levels.above, NORMAL)] {
            let unit = reaches[UNIT];
            match unit > 0.0 {
                true => reaches.iter_mut().for_each(|reach| *reach /= unit),
                false => *reaches = normal,
            }
        }
        levels
    }

    /// The reaches of a two-sided interval, in units of the nominal one.
    pub(crate) fn two_sided(&self, level: f64) -> (f64, f64) {
        let side = 0.5 + level / 2.0;
        (reach_at(&self.below, side), reach_at(&self.above, side))
    }

    /// The reach below the forecast that holds with a probability (0.5–1), in units of the nominal one.
    pub(crate) fn lower(&self, probability: f64) -> f64 {
        reach_at(&self.below, probability)
    }

    /// The probability that the error stays within these reaches, in units of the nominal ones.
    pub(crate) fn probability(&self, below: f64, above: f64) -> f64 {
        (probability_of(&self.below, below) - 0.5) + (probability_of(&self.above, above) - 0.5)
    }

    pub(crate) fn check(&self) -> Result<()> {
        for reaches in [&self.below, &self.above] {
            let rising = reaches.windows(2).all(|pair| pair[0] <= pair[1]);
            if !(rising && reaches[0] >= 0.0 && reaches.iter().all(|reach| reach.is_finite())) {
                return Err(Error::corrupt("calibration: reaches at other probabilities do not rise from 0"));
            }
        }
        Ok(())
    }
}

fn reach_at(reaches: &[f64; 11], probability: f64) -> f64 {
    // To the bit, and also in a bundle whose reaches are not in units of the nominal one.
    if probability == PROBABILITIES[UNIT] {
        return 1.0;
    }
    let after = PROBABILITIES.partition_point(|&known| known <= probability);
    match after {
        0 => reaches[0],
        11 => reaches[10],
        _ => {
            let share = (probability - PROBABILITIES[after - 1]) / (PROBABILITIES[after] - PROBABILITIES[after - 1]);
            reaches[after - 1] + share * (reaches[after] - reaches[after - 1])
        }
    }
}

fn probability_of(reaches: &[f64; 11], reach: f64) -> f64 {
    let after = reaches.partition_point(|&known| known <= reach);
    match after {
        0 => PROBABILITIES[0],
        11 => PROBABILITIES[10],
        _ => {
            let share = (reach - reaches[after - 1]) / (reaches[after] - reaches[after - 1]);
            PROBABILITIES[after - 1] + share * (PROBABILITIES[after] - PROBABILITIES[after - 1])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calibration::NOMINAL;

    #[test]
    fn reaches_and_probabilities_are_inverse() {
        let errors: Vec<(f64, f64)> = (0..2000).map(|i| (f64::from(i - 1000) / 1000.0, 1.0)).collect();
        let levels = Levels::fit(errors, 1000);
        levels.check().unwrap();
        assert!((levels.lower(0.9) - 0.8 / 0.9).abs() < 0.01, "{levels:?}");
        assert_eq!(levels.two_sided(NOMINAL), (1.0, 1.0));
        let (below, above) = levels.two_sided(0.6);
        assert!((levels.probability(below, above) - 0.6).abs() < 1e-9);
        assert!(levels.probability(0.0, 0.0) < 0.01 && levels.probability(9.0, 9.0) > 0.98);
    }

    #[test]
    fn nominal_reach_is_the_unit_of_uneven_errors_too() {
        let errors: Vec<(f64, f64)> = (0..2000).map(|i| (f64::from(i - 500) / 700.0, 1.0)).collect();
        let levels = Levels::fit(errors, 1000);
        levels.check().unwrap();
        assert_eq!((levels.below[UNIT], levels.above[UNIT]), (1.0, 1.0));
        assert_eq!((levels.two_sided(NOMINAL), levels.lower(0.95)), ((1.0, 1.0), 1.0));
        assert!(levels.two_sided(0.899).1 < 1.0 && levels.two_sided(0.901).1 > 1.0);
    }

    #[test]
    fn normal_errors_where_nothing_is_known() {
        let levels = Levels::default();
        assert!(levels.is_normal());
        assert_eq!(levels.lower(0.95), 1.0);
        assert!((levels.two_sided(0.8).0 - 0.77913).abs() < 1e-9);
    }
}
