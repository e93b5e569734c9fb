//! The judge of ladders: forecast ones against measured curves of titles that the training had not seen.

use std::collections::BTreeMap;

use crate::{
    bundle::Model,
    error::{Error, Result},
    evaluate::mask,
    features::PredictionFeatures,
    folds::Titles,
    options::{Given, Progress, Tier, TrainOptions},
    scan::bitrates,
    target::{PredictionTargets, Target},
    train::{Wanted, train_variants},
};

use super::{
    IN_AN_OCTAVE, LadderOptions,
    bd_rate::{bd_rate, rising},
    ladder,
    measured::{Measured, Realised},
    sizes::Size,
};

const fn rung(width: u32, height: u32, kbps: f64) -> (Size, f64) {
    (Size { width, height }, kbps)
}

/// A fixed ladder to compare with: the HEVC bitrates for 16:9 and 30 frames/s of Apple's *HLS authoring specification for
/// Apple devices* (SDR).
pub const HLS_HEVC: [(Size, f64); 12] = [
    rung(640, 360, 145.0),
    rung(768, 432, 300.0),
    rung(960, 540, 600.0),
    rung(960, 540, 900.0),
    rung(960, 540, 1600.0),
    rung(1280, 720, 2400.0),
    rung(1280, 720, 3400.0),
    rung(1920, 1080, 4500.0),
    rung(1920, 1080, 5800.0),
    rung(2560, 1440, 8100.0),
    rung(3840, 2160, 11600.0),
    rung(3840, 2160, 16800.0),
];

/// How good the ladders of one kind are, over sources (a title with one encoder and preset counts as one).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LadderFigures {
    /// Sources that have a BD-rate; a ladder of fewer than two rungs that were of use has none.
    pub sources: usize,
    /// Rungs of a ladder, mean.
    pub rungs: f64,
    /// Of them, rungs that turned out to have no more VMAF than a cheaper one, mean.
    pub dominated: f64,
    /// Share of all rungs whose bitrate lies outside of what was measured of their size: the nearest end stands for it.
    pub clamped: f64,
    /// BD-rate of the realised rungs against the measured convex hull, as a share; mean over sources.
    pub bd_rate_mean: f64,
    /// Its median.
    pub bd_rate_median: f64,
    /// Bitrate of a rung above the hull's at the same VMAF, as a share: mean over a source's rungs, then over sources.
    pub excess_mean: f64,
    /// Median over sources.
    pub excess_median: f64,
    /// Measured VMAF of the highest rung, mean.
    pub top_vmaf: f64,
    /// Mean absolute error of the rungs' forecast VMAF; `None` of ladders that forecast none.
    pub vmaf_error: Option<f64>,
}

/// The figures of a run: all ladders on the same sources.
#[derive(Debug, Clone, PartialEq)]
pub struct LadderJudgement {
    /// Sources with measured curves.
    pub sources: usize,
    /// Sources left out: measured at too few bitrates.
    pub left_out: usize,
    /// Titles of the table.
    pub titles: usize,
    /// Title-disjoint folds.
    pub folds: usize,
    /// The forecast ladders at each tier asked for.
    pub forecast: Vec<(Tier, LadderFigures)>,
    /// The fixed ladder [`HLS_HEVC`], each rung at the measured size with the nearest number of lines.
    pub fixed: LadderFigures,
    /// The ladder that is placed in the same way on the measured curves: what a perfect forecast would get.
    pub measured: LadderFigures,
}

/// A source: its request without a rate, and its measured curves.
struct Source {
    title: u32,
    request: PredictionFeatures,
    measured: Measured,
}

/// Judges forecast ladders by title-disjoint folds: the ladder of every source is forecast by a model that saw no row of
/// its title, from what each tier knows; its rungs are realised on the measured curves of their size (VMAF over the
/// logarithm of the bitrate, PCHIP) and compared with the convex hull of all measured points.
///
/// Sizes to choose from are the measured ones, whatever `options.sizes` says. `progress` counts folds and tiers.
///
/// # Errors
/// As [`crate::cross_validate`] and [`ladder`]; [`Error::TooFew`] when no source is measured at enough bitrates.
pub fn judge_ladders(
    features: &[PredictionFeatures],
    targets: &[PredictionTargets],
    folds: usize,
    tiers: &[Tier],
    options: &LadderOptions,
    training: &TrainOptions,
    progress: &dyn Fn(Progress),
) -> Result<LadderJudgement> {
    options.check()?;
    if folds < 2 {
        return Err(Error::InvalidField { field: "folds", value: folds.to_string(), bound: "at least 2".to_owned() });
    }
    if features.len() != targets.len() {
        return Err(Error::LengthMismatch { what: "targets", found: targets.len(), expected: features.len() });
    }
    let titles = Titles::new(targets.iter().map(|row| row.title.as_str()));
    if titles.count < folds {
        return Err(Error::TooFew { what: "titles for the folds".to_owned(), found: titles.count, needed: folds });
    }
    let (sources, left_out) = sources(features, targets, &titles);
    if sources.is_empty() {
        return Err(Error::TooFew { what: "sources with a measured curve".to_owned(), found: 0, needed: 1 });
    }
    let fold_of_title = titles.folds(folds, "");
    let mut forecast = Vec::new();
    for (index, &tier) in tiers.iter().enumerate() {
        let mut tally = Tally::default();
        for fold in 0..folds {
            progress(Progress { done: index * folds + fold, total: tiers.len() * folds });
            let model = train_without(features, targets, tier, training, |row| {
                fold_of_title[titles.of_row[row] as usize] == fold as u32
            })?;
            for source in sources.iter().filter(|source| fold_of_title[source.title as usize] == fold as u32) {
                let request = mask(&source.request, tier, Given::Bitrate);
                let options = LadderOptions { sizes: source.measured.sizes(), ..options.clone() };
                let made = ladder(&request, &model, &options)?;
                let rungs = made.rungs.iter().map(|rung| (rung.size, rung.bitrate_kbps, Some(rung.vmaf.value)));
                tally.add(&source.measured, rungs.collect());
            }
        }
        forecast.push((tier, tally.figures()));
    }
    let limits = &options.predict.recommend;
    let grid: Vec<f64> = bitrates(limits.min_bitrate_kbps, limits.max_bitrate_kbps, IN_AN_OCTAVE).collect();
    let (mut fixed, mut perfect) = (Tally::default(), Tally::default());
    for source in &sources {
        let unforecast = |ladder: &[(Size, f64)]| ladder.iter().map(|&(size, kbps)| (size, kbps, None)).collect();
        fixed.add(&source.measured, unforecast(&HLS_HEVC));
        if let Some(steps) = options.steps() {
            perfect.add(&source.measured, unforecast(&source.measured.ladder(&grid, &steps)));
        }
    }
    let (fixed, measured) = (fixed.figures(), perfect.figures());
    Ok(LadderJudgement { sources: sources.len(), left_out, titles: titles.count, folds, forecast, fixed, measured })
}

/// A model of VMAF from the bitrate at this tier, trained on the rows that are not held out.
fn train_without(
    features: &[PredictionFeatures],
    targets: &[PredictionTargets],
    tier: Tier,
    training: &TrainOptions,
    held_out: impl Fn(usize) -> bool,
) -> Result<Model> {
    let rows: Vec<usize> = (0..features.len()).filter(|&row| !held_out(row)).collect();
    let train_features: Vec<_> = rows.iter().map(|&row| features[row].clone()).collect();
    let train_targets: Vec<_> = rows.iter().map(|&row| targets[row].clone()).collect();
    let options = TrainOptions { targets: vec![Target::Vmaf], ..training.clone() };
    train_variants(
        &train_features,
        &train_targets,
        &options,
        Some(Wanted { tier, given: Some(Given::Bitrate) }),
        &|_| (),
    )
    .map_err(|error| match error {
        Error::Row { row, source } => Error::Row { row: rows[row], source },
        other => other,
    })
}

/// The sources of a table, and how many could not be used.
fn sources(features: &[PredictionFeatures], targets: &[PredictionTargets], titles: &Titles) -> (Vec<Source>, usize) {
    let mut rows_of: BTreeMap<(u32, String), Vec<usize>> = BTreeMap::new();
    for (row, f) in features.iter().enumerate() {
        let encoder = format!("{:?} {:?} {:?} {:?}", f.codec, f.encoder, f.preset, f.frame_rate);
        rows_of.entry((titles.of_row[row], encoder)).or_default().push(row);
    }
    let (mut sources, mut left_out) = (Vec::new(), 0);
    for ((title, _), rows) in rows_of {
        let point = |&row: &usize| {
            let f = &features[row];
            let size = Size { width: f.resolution_width.round() as u32, height: f.resolution_height.round() as u32 };
            Some((size, f.bitrate_kbps?, targets[row].get(Target::Vmaf)?))
        };
        let points: Vec<_> = rows.iter().filter_map(point).collect();
        match Measured::of(&points) {
            Some(measured) => {
                let request = PredictionFeatures { bitrate_kbps: None, crf: None, ..features[rows[0]].clone() };
                sources.push(Source { title, request, measured });
            }
            None => left_out += 1,
        }
    }
    (sources, left_out)
}

/// Figures so far.
#[derive(Default)]
struct Tally {
    ladders: usize,
    rungs: usize,
    dominated: usize,
    clamped: usize,
    bd_rates: Vec<f64>,
    excesses: Vec<f64>,
    tops: Vec<f64>,
    errors: Vec<f64>,
}

impl Tally {
    /// Adds a ladder: size, bitrate and forecast VMAF of each rung.
    fn add(&mut self, measured: &Measured, rungs: Vec<(Size, f64, Option<f64>)>) {
        let realised: Vec<(Realised, Option<f64>)> = rungs
            .iter()
            .filter_map(|&(size, bitrate, forecast)| Some((measured.realise(size, bitrate)?, forecast)))
            .collect();
        let points: Vec<(f64, f64)> = realised.iter().map(|(rung, _)| (rung.bitrate_kbps, rung.vmaf)).collect();
        self.ladders += 1;
        self.rungs += points.len();
        self.dominated += points.len() - rising(&points).len();
        self.clamped += realised.iter().filter(|(rung, _)| rung.clamped).count();
        self.bd_rates.extend(bd_rate(&measured.hull, &points));
        let excesses: Vec<f64> = realised.iter().filter_map(|(rung, _)| measured.excess(rung)).collect();
        self.excesses.extend((!excesses.is_empty()).then(|| mean(&excesses)));
        self.tops.extend(points.iter().map(|point| point.1).max_by(f64::total_cmp));
        self.errors.extend(realised.iter().filter_map(|(rung, forecast)| Some((rung.vmaf - (*forecast)?).abs())));
    }

    fn figures(&self) -> LadderFigures {
        let of_ladders = |count: usize| count as f64 / self.ladders.max(1) as f64;
        LadderFigures {
            sources: self.bd_rates.len(),
            rungs: of_ladders(self.rungs),
            dominated: of_ladders(self.dominated),
            clamped: self.clamped as f64 / self.rungs.max(1) as f64,
            bd_rate_mean: mean(&self.bd_rates),
            bd_rate_median: median(&self.bd_rates),
            excess_mean: mean(&self.excesses),
            excess_median: median(&self.excesses),
            top_vmaf: mean(&self.tops),
            vmaf_error: (!self.errors.is_empty()).then(|| mean(&self.errors)),
        }
    }
}

/// NaN of nothing.
fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// NaN of nothing.
fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => sorted[n / 2],
        n => (sorted[n / 2 - 1] + sorted[n / 2]) / 2.0,
    }
}
