//! Curves beside the trees: the columns they may use, their fit, and the share that serves unseen titles best.

use encast_curves::{CurveError, CurveParams, Direction, Sample};

use super::{
    data::{FitData, TrainingData},
    fit::UnseenRow,
};
use crate::{
    columns::Column,
    error::Result,
    options::{Given, TrainOptions},
    smooth::{Smooth, input_of},
    target::Target,
    variant::{Known, VariantKey},
};

/// Share of rows that must have all inputs of the curves.
const MOST_MISSING: f64 = 0.2;
/// Shares are tried in these steps.
const SHARE_STEPS: u32 = 20;
/// A share below this is not worth its time.
const LEAST_SHARE: f64 = 0.1;

/// Fits curves, and replaces the forecasts on unseen titles by those of curves and trees together. `None` where curves
/// can't be learnt or do not help.
pub(super) fn add(
    data: &TrainingData,
    fit: &FitData,
    key: VariantKey,
    options: &TrainOptions,
    unseen: &mut [UnseenRow],
) -> Result<Option<Smooth>> {
    let Some(rate) = rate_column(data, fit, key) else { return Ok(None) };
    let columns: Vec<Column> = fit.columns.iter().copied().filter(|column| column.is_curve_input()).collect();
    if columns.is_empty() {
        return Ok(None);
    }
    // Rows whose inputs are all known, by their place among the unseen ones.
    let mut places = Vec::new();
    let mut inputs = Vec::new();
    for (place, unseen) in unseen.iter().enumerate() {
        let row = data.row(unseen.row);
        let known: Option<Vec<f64>> = columns.iter().map(|&column| input_of(row, column)).collect();
        if let Some(known) = known.filter(|_| !row[rate as usize].is_nan()) {
            places.push(place);
            inputs.extend(known);
        }
    }
    if (places.len() as f64) < (1.0 - MOST_MISSING) * unseen.len() as f64 {
        return Ok(None);
    }
    fill(&mut inputs, columns.len());
    let of_rows = |f: &dyn Fn(&UnseenRow) -> f64| places.iter().map(|&place| f(&unseen[place])).collect::<Vec<f64>>();
    let rates = of_rows(&|row| f64::from(data.row(row.row)[rate as usize]));
    let targets = of_rows(&|row| row.unseen.measured);
    let groups: Vec<u32> = places.iter().map(|&place| unseen[place].unseen.title).collect();
    let settings = settings_of(&columns, &inputs, &groups);
    let sample = Sample {
        columns: columns.len(),
        inputs: &inputs,
        rates: &rates,
        targets: &targets,
        groups: &groups,
        settings: &settings,
    };
    let fitted = match CurveParams::new(direction(key)).seed(options.seed).fit(&sample) {
        Ok(fitted) => fitted,
        // Too little to learn curves from: the trees do without.
        Err(CurveError::TooFew { .. } | CurveError::Constant { .. } | CurveError::Unsolvable) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let trees = of_rows(&|row| row.unseen.forecast);
    let share = best_share(&fitted.unseen, &trees, &targets);
    if share < LEAST_SHARE {
        return Ok(None);
    }
    for ((&place, curve), tree) in places.iter().zip(&fitted.unseen).zip(&trees) {
        unseen[place].unseen.forecast = share * curve + (1.0 - share) * tree;
    }
    Ok(Some(Smooth { rate, columns, share, curves: fitted.curves }))
}

/// What runs along the curves: the bitrate relative to the probe's where it is known, else bits per pixel.
fn rate_column(data: &TrainingData, fit: &FitData, key: VariantKey) -> Option<Column> {
    let known = |column: Column| fit.columns.contains(&column) && known_in_most(data, fit, column);
    match key.given {
        Given::Crf => Some(Column::Crf),
        Given::Bitrate if key.known.has(Known::PROBE) => Some(Column::Log2BitratePerProbe),
        Given::Bitrate => Some(Column::Log2BitsPerPixel),
    }
    .filter(|&column| known(column))
    .or(Some(Column::Log2Bitrate).filter(|&column| key.given == Given::Bitrate && known(column)))
}

fn known_in_most(data: &TrainingData, fit: &FitData, column: Column) -> bool {
    let missing = fit.originals.iter().filter(|&&row| data.row(row)[column as usize].is_nan()).count();
    (missing as f64) < MOST_MISSING * fit.originals.len() as f64
}

/// More bitrate never forecasts less quality, a lower CRF never less quality nor fewer bits.
fn direction(key: VariantKey) -> Direction {
    match (key.target, key.given) {
        (Target::Vmaf | Target::Psnr | Target::Ssim, Given::Bitrate) => Direction::Rising,
        (Target::Vmaf | Target::Psnr | Target::Ssim | Target::BitrateKbps, Given::Crf) => Direction::Falling,
        _ => Direction::Free,
    }
}

/// Puts each input's mean where it is not known.
fn fill(inputs: &mut [f64], columns: usize) {
    for column in 0..columns {
        let values = inputs.iter().skip(column).step_by(columns).filter(|value| !value.is_nan());
        let (count, sum) = values.fold((0.0f64, 0.0), |(count, sum), value| (count + 1.0, sum + value));
        let mean = sum / count.max(1.0);
        inputs.iter_mut().skip(column).step_by(columns).filter(|value| value.is_nan()).for_each(|value| *value = mean);
    }
}

/// The inputs that differ between rows of one title.
fn settings_of(columns: &[Column], inputs: &[f64], groups: &[u32]) -> Vec<usize> {
    let width = columns.len();
    (0..width)
        .filter(|&column| {
            let mut first = std::collections::HashMap::new();
            groups.iter().enumerate().any(|(row, group)| {
                let value = inputs[row * width + column];
                *first.entry(group).or_insert(value) != value
            })
        })
        .collect()
}

/// The share of the curves with the least squared error on unseen titles.
fn best_share(curves: &[f64], trees: &[f64], targets: &[f64]) -> f64 {
    let error = |share: f64| -> f64 {
        let forecasts = curves.iter().zip(trees).map(|(curve, tree)| share * curve + (1.0 - share) * tree);
        forecasts.zip(targets).map(|(forecast, target)| (forecast - target).powi(2)).sum()
    };
    let shares = (0..=SHARE_STEPS).map(|step| f64::from(step) / f64::from(SHARE_STEPS));
    shares.map(|share| (share, error(share))).min_by(|a, b| a.1.total_cmp(&b.1)).map_or(0.0, |(share, _)| share)
}
