//! Mean, spread, largest and median of a series, in constant memory.

/// What is said of a series of one figure a frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Statistics {
    /// Values in the series, at least 1.
    pub count: u64,
    /// Mean.
    pub mean: f64,
    /// Standard deviation of the population.
    pub std: f64,
    /// Smallest value.
    pub min: f64,
    /// Largest value.
    pub max: f64,
    /// Median, within 0.5 % (exact for 0): what one black frame or one cut does not move.
    pub median: f64,
}

/// Smallest value with a bin of its own; below it everything is 0.
const FLOOR: f64 = 1e-4;
/// Width of a bin: the natural logarithm of the ratio of its ends. Its middle is within 0.5 % of either.
const BIN: f64 = 0.009;
/// Up to `FLOOR · exp(2600 · BIN)`, about 1.4e6; larger values share the last bin.
const BINS: usize = 2600;

/// Takes a series value by value. 11 KiB, however long it is.
#[derive(Clone, Debug)]
pub(crate) struct Series {
    count: u64,
    mean: f64,
    squares: f64,
    min: f64,
    max: f64,
    zeros: u64,
    bins: Vec<u32>,
}

impl Series {
    pub fn new() -> Series {
        let (min, max) = (f64::INFINITY, f64::NEG_INFINITY);
        Series { count: 0, mean: 0.0, squares: 0.0, min, max, zeros: 0, bins: vec![0; BINS] }
    }

    /// Takes a value, at least 0.
    pub fn push(&mut self, value: f64) {
        self.count += 1;
        // Welford: stable however long the series is.
        let step = value - self.mean;
        self.mean += step / self.count as f64;
        self.squares += step * (value - self.mean);
        self.min = self.min.min(value);
        self.max = self.max.max(value);
        if value < FLOOR {
            self.zeros += 1;
        } else {
            let bin = (((value / FLOOR).ln() / BIN) as usize).min(BINS - 1);
            self.bins[bin] = self.bins[bin].saturating_add(1);
        }
    }

    /// The statistics; `None` of an empty series.
    pub fn finish(&self) -> Option<Statistics> {
        if self.count == 0 {
            return None;
        }
        let std = (self.squares / self.count as f64).max(0.0).sqrt();
        Some(Statistics {
            count: self.count,
            mean: self.mean,
            std,
            min: self.min,
            max: self.max,
            median: self.median(),
        })
    }

    fn median(&self) -> f64 {
        let middle = self.count.div_ceil(2);
        let mut seen = self.zeros;
        if seen >= middle {
            return 0.0;
        }
        for (bin, &count) in self.bins.iter().enumerate() {
            seen += u64::from(count);
            if seen >= middle {
                let value = FLOOR * ((bin as f64 + 0.5) * BIN).exp();
                return value.clamp(self.min, self.max);
            }
        }
        self.max
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_series_has_its_textbook_statistics() {
        assert_eq!(Series::new().finish(), None);
        let values: Vec<f64> = (0..1001).map(|i| f64::from(i * i % 997) / 7.0 + 0.3).collect();
        let mut series = Series::new();
        values.iter().for_each(|&v| series.push(v));
        let s = series.finish().unwrap();
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let std = (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n).sqrt();
        let mut sorted = values.clone();
        sorted.sort_by(f64::total_cmp);
        assert!((s.mean / mean - 1.0).abs() < 1e-12 && (s.std / std - 1.0).abs() < 1e-12);
        assert_eq!((s.min, s.max, s.count), (sorted[0], sorted[1000], 1001));
        assert!((s.median / sorted[500] - 1.0).abs() < 0.005, "{} {}", s.median, sorted[500]);
    }

    #[test]
    fn a_still_series_is_exactly_still_and_one_outlier_leaves_the_median() {
        let mut series = Series::new();
        for _ in 0..50 {
            series.push(12.25);
        }
        let s = series.finish().unwrap();
        assert_eq!((s.mean, s.std, s.median), (12.25, 0.0, 12.25));
        series.push(0.0);
        series.push(9e9);
        let s = series.finish().unwrap();
        assert!((s.median / 12.25 - 1.0).abs() < 0.005);
        let mut zeros = Series::new();
        zeros.push(0.0);
        assert_eq!(zeros.finish().unwrap().median, 0.0);
    }
}
