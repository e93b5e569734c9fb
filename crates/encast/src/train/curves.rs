//! Curves beside the trees: the columns they may use, their fit, and the shares that serve unseen titles best.

use std::{collections::HashMap, sync::Arc};

use encast_curves::{CurveError, CurveFit, CurveParams, Curves, Direction, Sample};

use super::{
    data::{FitData, TrainingData},
    fit::UnseenRow,
};
use crate::{
    columns::{Column, Row},
    error::Result,
    options::{Given, TrainOptions},
    smooth::{ColumnCurves, CurveInputs, Smooth, Warp, disagreement, input_of},
    target::Target,
    variant::{Known, VariantKey},
};

/// Share of rows that must have all inputs of the curves.
const MOST_MISSING: f64 = 0.2;
/// Shares are tried in these steps.
const SHARE_STEPS: u32 = 20;
/// A share below this is not worth its time.
const LEAST_SHARE: f64 = 0.1;
/// Errors below this share of the mean error all count as small.
const FLOOR: f64 = 0.2;
/// The curves of errors are coarser: what they forecast is mostly noise.
const ERROR_CENTRES: usize = 32;
const ERROR_STEPS: usize = 30;
const ERROR_ROWS: usize = 250;
const ERROR_ROWS_PER_GROUP: usize = 32;

/// Curves of one model, and the same learnt without each title.
pub(super) struct LeftOut {
    direct: Arc<ColumnCurves>,
    without: HashMap<u32, Curves>,
}

impl LeftOut {
    /// The curve of a row by curves that had not seen its title.
    fn curve(&self, row: &Row, title: u32) -> Option<encast_curves::Curve> {
        let inputs = self.direct.inputs(&CurveInputs::of(row))?;
        let curves = self.without.get(&title).unwrap_or(&self.direct.curves);
        Some(curves.curve(&inputs[..self.direct.columns.len()]))
    }
}

/// The models from a CRF that one from a bitrate may go over: of the bitrate, and of the target.
pub(super) type OverCrf<'a> = Option<(&'a LeftOut, &'a LeftOut)>;

/// What curves add to a model.
pub(super) struct Added {
    pub smooth: Smooth,
    pub left_out: LeftOut,
}

/// The rows that curves can learn from, by their place among the unseen ones.
struct Learnable {
    places: Vec<usize>,
    inputs: Vec<f64>,
    rates: Vec<f64>,
    groups: Vec<u32>,
    settings: Vec<usize>,
}

/// Fits curves, and replaces the forecasts on unseen titles by those of curves and trees together. `None` where curves
/// can't be learnt or do not help.
pub(super) fn add(
    data: &TrainingData,
    fit: &FitData,
    key: VariantKey,
    over_crf: OverCrf,
    options: &TrainOptions,
    unseen: &mut [UnseenRow],
) -> Result<Option<Added>> {
    let Some(rate) = rate_column(data, fit, key) else { return Ok(None) };
    let columns: Vec<Column> = fit.columns.iter().copied().filter(|column| column.is_curve_input()).collect();
    let Some(rows) = learnable(data, rate, &columns, unseen) else { return Ok(None) };
    let of_rows =
        |f: &dyn Fn(&UnseenRow) -> f64| rows.places.iter().map(|&place| f(&unseen[place])).collect::<Vec<f64>>();
    let warp = Warp::of(key.target);
    let targets = of_rows(&|row| row.unseen.measured);
    let warped: Vec<f64> = targets.iter().map(|&target| warp.forward(target)).collect();
    let tuning = &options.tuning;
    let params = CurveParams::new(direction(key))
        .centres(tuning.centres)
        .steps(tuning.steps)
        .rows_per_step(tuning.rows_per_step)
        .rows_per_group(tuning.rows_per_group)
        .seed(options.seed);
    let Some(fitted) = learn(&params, &rows.sample(columns.len(), &rows.inputs, &warped))? else { return Ok(None) };
    let trees = of_rows(&|row| row.unseen.forecast);
    let direct: Vec<f64> = fitted.unseen.iter().map(|&value| warp.back(value)).collect();
    let over: Option<Vec<f64>> = over_crf.and_then(|over| {
        rows.places.iter().map(|&place| go_over_crf(data, over, &unseen[place])).collect::<Option<Vec<f64>>>()
    });
    let (share, crf_share) = best_shares(&direct, over.as_deref(), &trees, &targets);
    if share + crf_share < LEAST_SHARE {
        return Ok(None);
    }
    let over = over.unwrap_or_else(|| vec![0.0; direct.len()]);
    let curves: Vec<f64> =
        direct.iter().zip(&over).map(|(a, b)| (share * a + crf_share * b) / (share + crf_share)).collect();
    let left = 1.0 - share - crf_share;
    let values: Vec<f64> = curves.iter().zip(&trees).map(|(curve, tree)| (1.0 - left) * curve + left * tree).collect();
    let errors: Vec<f64> = values.iter().zip(&targets).map(|(value, target)| (value - target).abs()).collect();
    let floor = FLOOR * errors.iter().sum::<f64>() / errors.len() as f64;
    if floor <= 0.0 {
        return Ok(None);
    }
    // The size of the errors, from the same inputs, and from what the forecast itself tells of it.
    let mut wider = Vec::with_capacity(rows.inputs.len() + 2 * values.len());
    for (row, inputs) in rows.inputs.chunks_exact(columns.len()).enumerate() {
        wider.extend_from_slice(inputs);
        wider.extend([disagreement(curves[row], trees[row], floor), values[row]]);
    }
    let sizes: Vec<f64> = errors.iter().map(|error| (error + floor).ln()).collect();
    let params = CurveParams::new(Direction::Free)
        .centres(ERROR_CENTRES)
        .steps(ERROR_STEPS)
        .rows_per_step(ERROR_ROWS)
        .rows_per_group(ERROR_ROWS_PER_GROUP)
        .seed(options.seed);
    let Some(of_errors) = learn(&params, &rows.sample(columns.len() + 2, &wider, &sizes))? else { return Ok(None) };
    for ((&place, &value), &size) in rows.places.iter().zip(&values).zip(&of_errors.unseen) {
        let row = &mut unseen[place].unseen;
        (row.forecast, row.scale) = (value, size.exp().max(floor));
    }
    let near = usual_nearness(&fitted.curves, &rows.inputs, columns.len());
    let direct = Arc::new(ColumnCurves { rate, columns, warp, curves: fitted.curves });
    let left_out = LeftOut { direct: Arc::clone(&direct), without: fitted.without.into_iter().collect() };
    let errors = of_errors.curves;
    let smooth = Smooth { direct, share, crf_share, over_crf: None, errors, floor, fallback: 1.0, near };
    Ok(Some(Added { smooth, left_out }))
}

impl Learnable {
    fn sample<'a>(&'a self, columns: usize, inputs: &'a [f64], targets: &'a [f64]) -> Sample<'a> {
        Sample { columns, inputs, rates: &self.rates, targets, groups: &self.groups, settings: &self.settings }
    }
}

/// `None` where there is too little to learn curves from: the trees do without.
fn learn(params: &CurveParams, sample: &Sample) -> Result<Option<CurveFit>> {
    match params.fit(sample) {
        Ok(fitted) => Ok(Some(fitted)),
        Err(CurveError::TooFew { .. } | CurveError::Constant { .. } | CurveError::Unsolvable) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Rows whose inputs are all known; `None` when they are too few.
fn learnable(data: &TrainingData, rate: Column, columns: &[Column], unseen: &[UnseenRow]) -> Option<Learnable> {
    let (mut places, mut inputs, mut rates) = (Vec::new(), Vec::new(), Vec::new());
    for (place, unseen) in unseen.iter().enumerate() {
        let row = data.row(unseen.row);
        let known: Option<Vec<f64>> = columns.iter().map(|&column| input_of(row, column)).collect();
        let at = f64::from(row[rate as usize]);
        if let Some(known) = known.filter(|_| !at.is_nan()) {
            places.push(place);
            inputs.extend(known);
            rates.push(at);
        }
    }
    if columns.is_empty() || (places.len() as f64) < (1.0 - MOST_MISSING) * unseen.len() as f64 {
        return None;
    }
    fill(&mut inputs, columns.len());
    let groups: Vec<u32> = places.iter().map(|&place| unseen[place].unseen.title).collect();
    let settings = settings_of(columns, &inputs, &groups);
    Some(Learnable { places, inputs, rates, groups, settings })
}

/// What curves over the CRF say to a row, none of them having seen its title.
fn go_over_crf(data: &TrainingData, (size, value): (&LeftOut, &LeftOut), unseen: &UnseenRow) -> Option<f64> {
    let (row, title) = (data.row(unseen.row), unseen.unseen.title);
    let crf = size.curve(row, title)?.rate_of(f64::from(row[Column::Log2Bitrate as usize]));
    Some(value.direct.warp.back(value.curve(row, title)?.at(crf)))
}

/// The nearness that 95 % of the rows have.
fn usual_nearness(curves: &Curves, inputs: &[f64], columns: usize) -> f64 {
    let mut all: Vec<f64> = inputs.chunks_exact(columns).map(|inputs| curves.curve(inputs).nearness()).collect();
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 20).copied().unwrap_or(1.0).max(f64::MIN_POSITIVE)
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

/// The shares of direct curves and of the way over the CRF with the least absolute error on unseen titles (a forecast is
/// meant to be the median); the trees make the rest.
fn best_shares(direct: &[f64], over: Option<&[f64]>, trees: &[f64], targets: &[f64]) -> (f64, f64) {
    let mut best = (f64::INFINITY, 0.0, 0.0);
    for a in 0..=SHARE_STEPS {
        for b in 0..=if over.is_some() { SHARE_STEPS - a } else { 0 } {
            let share = |steps: u32| f64::from(steps) / f64::from(SHARE_STEPS);
            let (a, b, rest) = (share(a), share(b), share(SHARE_STEPS - a - b));
            let of_row = |row: usize| {
                let over = over.map_or(0.0, |over| over[row]);
                (a * direct[row] + b * over + rest * trees[row] - targets[row]).abs()
            };
            let error = (0..targets.len()).map(of_row).sum();
            if error < best.0 {
                best = (error, a, b);
            }
        }
    }
    (best.1, best.2)
}
