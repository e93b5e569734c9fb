//! Error figures of forecasts against measurements.

use std::collections::HashMap;

use crate::{
    breakdown::worst_cell,
    calibration::NOMINAL,
    cell::Cell,
    evaluation::{IntervalFigures, TargetFigures},
    result::Estimate,
    target::{Scale, Target},
};

/// One judged forecast.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Judged {
    pub title: u32,
    pub cell: Cell,
    pub measured: f64,
    pub estimate: Estimate,
    pub confidence: f64,
}

impl Judged {
    /// Whether the interval holds the measured value.
    pub(crate) fn held(&self) -> bool {
        (self.estimate.lower..=self.estimate.upper).contains(&self.measured)
    }
}

/// The figures of one target; `None` without a row. `intervals` says whether the intervals may be judged on these
/// rows (not when they were calibrated on them).
pub(crate) fn figures(target: Target, rows: &[Judged], intervals: bool) -> Option<TargetFigures> {
    if rows.is_empty() {
        return None;
    }
    let n = rows.len() as f64;
    let mean_of = |f: &dyn Fn(&Judged) -> f64| rows.iter().map(f).sum::<f64>() / n;
    let mean = mean_of(&|row| row.measured);
    let errors = |row: &Judged| row.estimate.value - row.measured;
    let squared = mean_of(&|row| errors(row).powi(2));
    let within = |bound: f64| mean_of(&|row| f64::from(errors(row).abs() <= bound));
    let logarithmic = target.scale() != Scale::Linear;
    let relative = |row: &Judged| (errors(row) / row.measured).abs();
    Some(TargetFigures {
        rows: rows.len(),
        r2: r2(squared, mean_of(&|row| (row.measured - mean).powi(2))),
        mae: mean_of(&|row| errors(row).abs()),
        rmse: squared.sqrt(),
        mae_of_mean: mean_of(&|row| (row.measured - mean).abs()),
        within_2: (target == Target::Vmaf).then(|| within(2.0)),
        within_half_db: (target == Target::Psnr).then(|| within(0.5)),
        r2_log: logarithmic.then(|| {
            let mean_log = mean_of(&|row| log2(row.measured));
            r2(
                mean_of(&|row| (log2(row.estimate.value) - log2(row.measured)).powi(2)),
                mean_of(&|row| (log2(row.measured) - mean_log).powi(2)),
            )
        }),
        mae_log2: logarithmic.then(|| mean_of(&|row| (log2(row.estimate.value) - log2(row.measured)).abs())),
        mape: logarithmic.then(|| mean_of(&relative)),
        median_ape: logarithmic.then(|| median(rows.iter().map(relative).collect())),
        interval: intervals.then(|| interval_figures(rows, logarithmic)),
        breakdown: None,
    })
}

fn log2(value: f64) -> f64 {
    value.max(f64::MIN_POSITIVE).log2()
}

/// 1 − error / variance; a table without variance gives 1 only to perfect forecasts.
fn r2(squared_error: f64, variance: f64) -> f64 {
    if variance > 0.0 {
        1.0 - squared_error / variance
    } else if squared_error == 0.0 {
        1.0
    } else {
        0.0
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let half = values.len() / 2;
    if values.len() % 2 == 1 { values[half] } else { (values[half - 1] + values[half]) / 2.0 }
}

fn interval_figures(rows: &[Judged], logarithmic: bool) -> IntervalFigures {
    let mut by_title: HashMap<u32, (f64, f64)> = HashMap::new();
    for row in rows {
        let title = by_title.entry(row.title).or_default();
        title.0 += f64::from(row.held());
        title.1 += 1.0;
    }
    let n = rows.len() as f64;
    IntervalFigures {
        nominal: NOMINAL,
        coverage: rows.iter().filter(|row| row.held()).count() as f64 / n,
        title_coverage_min: by_title.values().map(|(held, rows)| held / rows).fold(1.0, f64::min),
        mean_width: rows.iter().map(|row| row.estimate.upper - row.estimate.lower).sum::<f64>() / n,
        mean_width_log2: logarithmic
            .then(|| rows.iter().map(|row| log2(row.estimate.upper) - log2(row.estimate.lower)).sum::<f64>() / n),
        worst_cell: worst_cell(rows),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(title: u32, measured: f64, value: f64) -> Judged {
        let estimate = Estimate { value, lower: value - 2.0, upper: value + 2.0 };
        Judged { title, cell: Cell::of(None, 720.0), measured, estimate, confidence: 0.5 }
    }

    #[test]
    fn figures_by_hand() {
        let rows = [judged(0, 90.0, 91.0), judged(0, 80.0, 77.0), judged(1, 70.0, 70.0), judged(1, 60.0, 62.0)];
        let f = figures(Target::Vmaf, &rows, true).unwrap();
        // Errors 1, −3, 0, 2: squares sum to 14; the measured values deviate by 15, 5, −5, −15: squares sum to 500.
        assert_eq!(f.rows, 4);
        assert!((f.r2 - (1.0 - 14.0 / 500.0)).abs() < 1e-12);
        assert!((f.mae - 1.5).abs() < 1e-12);
        assert!((f.rmse - 3.5f64.sqrt()).abs() < 1e-12);
        assert!((f.mae_of_mean - 10.0).abs() < 1e-12);
        assert_eq!(f.within_2, Some(0.75));
        let interval = f.interval.unwrap();
        assert_eq!(interval.coverage, 0.75);
        assert_eq!(interval.title_coverage_min, 0.5);
        assert_eq!((interval.mean_width, interval.mean_width_log2), (4.0, None));
        assert_eq!(f.median_ape, None);
    }

    #[test]
    fn relative_figures_of_times() {
        let rows = [judged(0, 10.0, 20.0), judged(1, 40.0, 10.0), judged(2, 8.0, 8.0)];
        let f = figures(Target::EncodeSeconds, &rows, false).unwrap();
        assert!((f.mape.unwrap() - (1.0 + 0.75 + 0.0) / 3.0).abs() < 1e-12);
        assert!((f.median_ape.unwrap() - 0.75).abs() < 1e-12);
        assert!((f.mae_log2.unwrap() - 1.0).abs() < 1e-12);
        assert!(f.interval.is_none());
        let octaves = ((22.0f64 / 18.0).log2() + (12.0f64 / 8.0).log2() + (10.0f64 / 6.0).log2()) / 3.0;
        let interval = figures(Target::EncodeSeconds, &rows, true).and_then(|f| f.interval).unwrap();
        assert!((interval.mean_width_log2.unwrap() - octaves).abs() < 1e-12);
    }

    #[test]
    fn nothing_judged_gives_nothing() {
        assert!(figures(Target::Vmaf, &[], true).is_none());
    }
}
