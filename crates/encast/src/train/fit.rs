//! One model of one target: members that each leave out some titles, forecasts on those titles, and the calibration.

use encast_trees::{BoostingParams, Ensemble, FlatEnsemble, ForestParams, Loss, Monotone, Sample};

use super::{
    curves::{self, LeftOut, OverCrf},
    data::{FitData, TrainingData},
};
use crate::{
    calibration::{Calibration, Unseen},
    cell::Cell,
    columns::Column,
    error::{Error, Result},
    options::{ModelKind, TrainOptions},
    target::{Scale, Target},
    tuning::Tuning,
    variant::{Variant, VariantKey},
};

/// Members of a boosted model: each leaves out a fifth of the titles, the model is their mean.
const MEMBERS: usize = 5;
/// Below so many rows a boosted member is smaller: its error on unseen titles is the same, and it is served faster.
const SMALL_TABLE_ROWS: usize = 6000;
/// Trees and leaves of a forest.
const FOREST_TREES: usize = 100;
const FOREST_LEAVES: usize = 256;
/// Share of the rows below whose error the loss of times bends: rows farther off say no more than on which side they lie.
const BEND: f64 = 0.65;

pub(crate) struct Fitted {
    pub variant: Variant,
    /// Forecasts of rows whose title the forecasting trees had not seen.
    pub unseen: Vec<UnseenRow>,
    /// How the titles were split for them.
    pub split: &'static str,
    /// The curves without each title, where there are curves.
    pub left_out: Option<LeftOut>,
}

/// A forecast on an unseen title, and the row it belongs to.
#[derive(Clone, Copy)]
pub(crate) struct UnseenRow {
    pub row: u32,
    pub unseen: Unseen,
}

/// Fits one model.
pub(crate) fn fit(data: &TrainingData, key: VariantKey, over_crf: OverCrf, options: &TrainOptions) -> Result<Fitted> {
    let fit_data = data.for_fit(key);
    let monotone = constraints(key.target);
    let (ensemble, mut unseen, split) = match options.model_kind {
        ModelKind::Boosting | ModelKind::Blend => boosting(data, &fit_data, key, monotone, options)?,
        ModelKind::Forest => forest(data, &fit_data, monotone, options)?,
    };
    if unseen.is_empty() {
        return Err(Error::TooFew { what: format!("unseen titles that measure {}", key.target), found: 0, needed: 1 });
    }
    let of_trees: Vec<Unseen> = unseen.iter().map(|row| row.unseen).collect();
    let added = match options.model_kind {
        ModelKind::Blend => curves::add(data, &fit_data, key, over_crf, options, &mut unseen)?,
        ModelKind::Boosting | ModelKind::Forest => None,
    };
    let calibration = Calibration::fit(&unseen.iter().map(|row| row.unseen).collect::<Vec<_>>());
    let (smooth, left_out) = match added {
        Some(mut added) => {
            added.smooth.fallback = calibration.scale_for(&of_trees);
            (Some(added.smooth), Some(added.left_out))
        }
        None => (None, None),
    };
    let variant = Variant::new(key, fit_data.columns, FlatEnsemble::new(&ensemble), smooth, calibration)?;
    Ok(Fitted { variant, unseen, split, left_out })
}

/// More bitrate never forecasts less quality, a lower CRF never less quality nor fewer bits.
pub(crate) fn constraints(target: Target) -> Vec<Monotone> {
    Column::ALL
        .iter()
        .map(|&column| match target {
            Target::Vmaf | Target::Psnr | Target::Ssim | Target::BitrateKbps => column.monotone_for_quality(),
            _ => Monotone::None,
        })
        .collect()
}

/// Fewest rows of a leaf: 20 as usual, fewer in small tables.
fn min_leaf_rows(rows: usize) -> usize {
    (rows / 100).clamp(3, 20)
}

/// Size of a boosted member.
struct BoostingSize {
    trees: usize,
    learning_rate: f64,
    leaves: usize,
}

fn boosting_size(rows: usize, tuning: &Tuning) -> BoostingSize {
    let usual = match rows < SMALL_TABLE_ROWS {
        true => BoostingSize { trees: 40, learning_rate: 0.2, leaves: 8 },
        false => BoostingSize { trees: 150, learning_rate: 0.1, leaves: 15 },
    };
    BoostingSize {
        trees: tuning.trees.unwrap_or(usual.trees),
        learning_rate: tuning.learning_rate.unwrap_or(usual.learning_rate),
        leaves: tuning.leaves.unwrap_or(usual.leaves),
    }
}

type Parts = (Ensemble, Vec<UnseenRow>, &'static str);

/// Times err by a factor, and some encodes by a large one (a machine that was busy, a source that was slow to decode).
fn loss(target: Target) -> Loss {
    match target.scale() {
        Scale::LogPerMegapixel => Loss::Huber(BEND),
        Scale::Linear | Scale::Log => Loss::SquaredError,
    }
}

fn boosting(
    data: &TrainingData,
    fit: &FitData,
    key: VariantKey,
    monotone: Vec<Monotone>,
    options: &TrainOptions,
) -> Result<Parts> {
    let columns: Vec<u16> = fit.columns.iter().map(|&column| column as u16).collect();
    let titles = {
        let mut titles: Vec<u32> = fit.originals.iter().map(|&row| data.title(row)).collect();
        titles.sort_unstable();
        titles.dedup();
        titles
    };
    let folds = MEMBERS.min(titles.len());
    let fold_of_title = data.titles.folds_of(&titles, folds, &format!("member {}: ", options.seed));
    let fold = |row: u32| fold_of_title[data.title(row) as usize];
    let (mut members, mut unseen) = (Vec::with_capacity(folds), Vec::new());
    for member in 0..folds as u32 {
        let rows: Vec<u32> =
            fit.originals.iter().chain(&fit.copies).copied().filter(|&row| fold(row) != member).collect();
        let size = boosting_size(rows.len(), &options.tuning);
        let params = BoostingParams::new()
            .trees(size.trees)
            .learning_rate(size.learning_rate)
            .max_leaves(size.leaves)
            .min_leaf_rows(min_leaf_rows(rows.len()))
            .monotone(monotone.clone())
            .loss(loss(key.target))
            .seed(options.seed.wrapping_mul(31).wrapping_add(u64::from(member)))
            .threads(1)
            .check()?;
        let sample = Sample {
            binned: &data.binned,
            targets: &fit.values,
            weights: Some(&fit.weights),
            rows: Some(&rows),
            columns: Some(&columns),
        };
        members.push(params.fit(&sample, None)?.ensemble);
    }
    let ensemble = Ensemble::average(members.clone())?;
    for &row in &fit.originals {
        let values = data.row(row);
        let forecast = members[fold(row) as usize].predict(values);
        let (_, spread) = ensemble.predict_with_spread(values);
        unseen.push(unseen_row(data, fit, row, forecast, spread));
    }
    Ok((ensemble, unseen, options.model_kind.split()))
}

fn forest(data: &TrainingData, fit: &FitData, monotone: Vec<Monotone>, options: &TrainOptions) -> Result<Parts> {
    let columns: Vec<u16> = fit.columns.iter().map(|&column| column as u16).collect();
    let rows: Vec<u32> = fit.originals.iter().chain(&fit.copies).copied().collect();
    let groups: Vec<u32> = (0..data.len() as u32).map(|row| data.title(row)).collect();
    let params = ForestParams::new()
        .trees(FOREST_TREES)
        .max_leaves(FOREST_LEAVES)
        .min_leaf_rows(min_leaf_rows(rows.len()).min(5))
        .monotone(monotone)
        .seed(options.seed)
        .threads(1)
        .check()?;
    let sample = Sample {
        binned: &data.binned,
        targets: &fit.values,
        weights: Some(&fit.weights),
        rows: Some(&rows),
        columns: Some(&columns),
    };
    let fitted = params.fit(&sample, Some(&groups))?;
    let unseen = fit
        .originals
        .iter()
        .filter_map(|&row| {
            let forecast = fitted.out_of_bag[row as usize]?;
            let (_, spread) = fitted.ensemble.predict_with_spread(data.row(row));
            Some(unseen_row(data, fit, row, forecast, spread))
        })
        .collect();
    Ok((fitted.ensemble, unseen, options.model_kind.split()))
}

fn unseen_row(data: &TrainingData, fit: &FitData, row: u32, forecast: f64, spread: f64) -> UnseenRow {
    let measured = f64::from(fit.values[row as usize]);
    let cell = Cell::of_request(&data.features[row as usize]);
    UnseenRow { row, unseen: Unseen { title: data.title(row), cell, forecast, measured, spread, scale: 1.0 } }
}
