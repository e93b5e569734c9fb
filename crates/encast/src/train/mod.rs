//! Training: measured rows in, a model out — every variant by title-disjoint fits, on all cores, the same for any thread count.

mod curves;
mod data;
mod fit;
pub(crate) mod machines;

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use crate::{
    bundle::{
        FORMAT_VERSION, HeadlineMetrics, Metadata, Model, NotLearnt, Range, TierFigures, TrainingShares,
        trained_at_text,
    },
    error::{Error, Result},
    features::PredictionFeatures,
    field::Field,
    figures::{Judged, figures},
    options::{Given, ModelKind, Progress, Tier, TrainOptions},
    scale,
    target::{PredictionTargets, Target},
    variant::{Known, VariantKey, teachable},
};
pub(crate) use data::TrainingData;
pub(crate) use fit::constraints;
use fit::{Fitted, fit};

/// Fewest measured rows that a target is learnt from.
pub const MIN_ROWS: usize = 40;
/// Fewest titles that a target is learnt from: one to learn on and one to judge on.
pub const MIN_TITLES: usize = 2;

/// Trains a model on measured rows.
///
/// `features[i]` and `targets[i]` describe the same encode; the title in `targets[i]` says which source it was. For
/// every target that the rows measure one model is trained for each set of inputs that a request may know. The error
/// figures in the bundle and its intervals come from titles that the judged fit had not seen.
///
/// # Errors
/// [`Error::LengthMismatch`]; [`Error::Row`] for a row with a bad input, a missing title or a target that is not
/// finite or out of bounds; [`Error::TooFew`] rows (40) or titles (2); [`Error::ConstantTarget`].
pub fn retrain(
    features: &[PredictionFeatures],
    targets: &[PredictionTargets],
    options: &TrainOptions,
) -> Result<Model> {
    retrain_with_progress(features, targets, options, &|_| ())
}

/// As [`retrain`], and tells how far it is. `progress` is called from several threads.
///
/// # Errors
/// As [`retrain`].
pub fn retrain_with_progress(
    features: &[PredictionFeatures],
    targets: &[PredictionTargets],
    options: &TrainOptions,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<Model> {
    train_variants(features, targets, options, None, progress)
}

/// Which variants are wanted: what answers at a tier, from one rate setting or from either.
#[derive(Clone, Copy)]
pub(crate) struct Wanted {
    pub tier: Tier,
    pub given: Option<Given>,
}

/// Trains all variants, or only those wanted.
pub(crate) fn train_variants(
    features: &[PredictionFeatures],
    targets: &[PredictionTargets],
    options: &TrainOptions,
    only: Option<Wanted>,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<Model> {
    if let Some(profile) = &options.profile {
        profile.check()?;
    }
    options.tuning.check()?;
    check(features, targets)?;
    let data = TrainingData::new(features, targets, options.seed)?;
    let (learnt, not_learnt) = learnable(targets, &data, options)?;
    let keys = plan(&data, &learnt, only);
    if keys.is_empty() {
        return Err(Error::TooFew { what: "rows that give a bitrate or CRF".into(), found: 0, needed: MIN_ROWS });
    }
    // Models from a bitrate may go over those from a CRF, which come first.
    let (from_crf, from_bitrate): (Vec<_>, Vec<_>) = keys.iter().partition(|key| key.given == Given::Crf);
    let total = keys.len();
    let step = |before: usize| move |step: Progress| progress(Progress { done: before + step.done, total });
    let mut fitted = fit_all(&data, &from_crf, &[], options, &step(0))?;
    let more = fit_all(&data, &from_bitrate, &fitted, options, &step(from_crf.len()))?;
    fitted.extend(more);
    fitted.sort_by_key(|fitted| fitted.variant.key);
    let figures = tier_figures(&data, &fitted);
    let mut metadata = describe(&data, options, figures, not_learnt);
    metadata.format_version = match fitted.iter().any(|fitted| fitted.variant.smooth.is_some()) {
        true => FORMAT_VERSION,
        false => 1,
    };
    Model::new(metadata, fitted.into_iter().map(|fitted| fitted.variant).collect())
}

/// Every row is good, and rows and titles are there.
pub(crate) fn check(features: &[PredictionFeatures], targets: &[PredictionTargets]) -> Result<()> {
    if features.len() != targets.len() {
        return Err(Error::LengthMismatch { what: "targets", found: targets.len(), expected: features.len() });
    }
    for (row, (features, targets)) in features.iter().zip(targets).enumerate() {
        features.check().map_err(|error| error.at_row(row))?;
        if targets.title.is_empty() {
            let error = Error::MissingField { field: "title", needed: "every training row names its source" };
            return Err(error.at_row(row));
        }
        for &target in Target::ALL {
            let (lowest, highest) = target.bounds();
            if let Some(value) = targets.get(target)
                && !(value.is_finite() && (lowest..=highest).contains(&value))
            {
                let bound = format!("a finite number from {lowest} to {highest}");
                let error = Error::InvalidField { field: target.name(), value: value.to_string(), bound };
                return Err(error.at_row(row));
            }
        }
    }
    Ok(())
}

/// The targets to learn, and those that the rows measure but that can't be learnt from them. A target that was asked
/// for by name and can't be learnt is an error, as is a table without any.
fn learnable(
    targets: &[PredictionTargets],
    data: &TrainingData,
    options: &TrainOptions,
) -> Result<(Vec<Target>, Vec<NotLearnt>)> {
    let titles = data.titles.count;
    if targets.len() < MIN_ROWS {
        return Err(Error::TooFew { what: "rows".into(), found: targets.len(), needed: MIN_ROWS });
    }
    if titles < MIN_TITLES {
        return Err(Error::TooFew { what: "titles".into(), found: titles, needed: MIN_TITLES });
    }
    let asked = if options.targets.is_empty() { Target::ALL } else { &options.targets };
    let (mut learnt, mut not_learnt) = (Vec::new(), Vec::new());
    let mut first_refusal = None;
    for &target in asked {
        match data.check_target(target) {
            Ok(()) if !learnt.contains(&target) => learnt.push(target),
            Ok(()) => (),
            Err(refusal @ Error::ConstantTarget { .. }) => return Err(refusal),
            Err(refusal) if !options.targets.is_empty() => return Err(refusal),
            Err(refusal) => {
                // A bitrate is learnt from a CRF; where no row has one, nothing was missed.
                let asked_for = target != Target::BitrateKbps || data.features.iter().any(|row| row.crf.is_some());
                if asked_for && data.measured(target) > 0 {
                    not_learnt.push(NotLearnt { target, reason: refusal.to_string() });
                }
                first_refusal.get_or_insert(refusal);
            }
        }
    }
    learnt.sort();
    match first_refusal {
        Some(refusal) if learnt.is_empty() => Err(refusal),
        _ => Ok((learnt, not_learnt)),
    }
}

/// One key for each model that these rows can teach.
fn plan(data: &TrainingData, learnt: &[Target], only: Option<Wanted>) -> Vec<VariantKey> {
    let mut keys = Vec::new();
    for &target in learnt {
        for given in Given::ALL {
            let answers_itself = target == Target::BitrateKbps && given == Given::Bitrate;
            if answers_itself || data.rows_with(target, given) < MIN_ROWS {
                continue;
            }
            let sets = teachable(target, given, data.known);
            let best = only.map(|only| {
                let known = data.known_at(only.tier);
                sets.iter().copied().filter(|&set| known.has(set)).max()
            });
            for known in sets {
                // A model from a bitrate may go over those from a CRF.
                let leads = matches!(target, Target::Vmaf | Target::Psnr | Target::Ssim | Target::BitrateKbps);
                let wanted = only
                    .and_then(|only| only.given)
                    .is_none_or(|wanted| wanted == given || wanted == Given::Bitrate && leads);
                if wanted && best.is_none_or(|best| best == Some(known)) {
                    keys.push(VariantKey { target, given, known });
                }
            }
        }
    }
    keys
}

/// Fits every key, several at a time. The result does not depend on the number of threads.
fn fit_all(
    data: &TrainingData,
    keys: &[VariantKey],
    before: &[Fitted],
    options: &TrainOptions,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<Vec<Fitted>> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let left_out = |target: Target, known: Known| {
        let wanted = VariantKey { target, given: Given::Crf, known };
        before.iter().find(|fitted| fitted.variant.key == wanted)?.left_out.as_ref()
    };
    let over_crf = |key: VariantKey| {
        let of_quality = matches!(key.target, Target::Vmaf | Target::Psnr | Target::Ssim);
        let over = left_out(Target::BitrateKbps, key.known).zip(left_out(key.target, key.known));
        over.filter(|_| of_quality && key.given == Given::Bitrate)
    };
    let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get());
    let threads = if options.threads == 0 { cores } else { options.threads }.clamp(1, keys.len());
    let (next, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let results = Mutex::new(Vec::with_capacity(keys.len()));
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(&key) = keys.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let fitted = fit(data, key, over_crf(key), options);
                    let failed = fitted.is_err();
                    results.lock().unwrap_or_else(PoisonError::into_inner).push(fitted);
                    let done = done.fetch_add(1, Ordering::Relaxed) + 1;
                    progress(Progress { done, total: keys.len() });
                    if failed {
                        next.store(keys.len(), Ordering::Relaxed);
                    }
                }
            });
        }
    });
    results.into_inner().unwrap_or_else(PoisonError::into_inner).into_iter().collect()
}

/// Figures by target, tier and rate setting, on titles that the judged fit had not seen.
fn tier_figures(data: &TrainingData, fitted: &[Fitted]) -> Vec<TierFigures> {
    let mut all = Vec::new();
    for tier in Tier::ALL {
        let known = data.known_at(tier);
        let adds = match tier {
            Tier::Settings => true,
            Tier::Content => known.has(Known::CONTENT),
            Tier::Probe | Tier::Anchor => known.has(Known::PROBE),
        };
        if !adds {
            continue;
        }
        for (&target, given) in Target::ALL.iter().flat_map(|t| Given::ALL.map(|given| (t, given))) {
            let best = fitted
                .iter()
                .filter(|f| f.variant.key.target == target && f.variant.key.given == given)
                .filter(|f| known.has(f.variant.key.known))
                .max_by_key(|f| f.variant.key.known);
            let Some(best) = best else { continue };
            let judged: Vec<Judged> = best
                .unseen
                .iter()
                .map(|unseen| {
                    let megapixels = data.megapixels[unseen.row as usize];
                    let shift = data.machine_shift(unseen.row, target);
                    let back = |value| scale::from_learning(target, value + shift, megapixels);
                    Judged {
                        title: unseen.unseen.title,
                        cell: unseen.unseen.cell,
                        confidence: 0.0,
                        measured: back(unseen.unseen.measured),
                        estimate: scale::estimate(target, unseen.unseen.forecast + shift, (0.0, 0.0), megapixels),
                    }
                })
                .collect();
            if let Some(figures) = figures(target, &judged, false) {
                all.push(TierFigures { target, tier, given, split: best.split.to_owned(), figures });
            }
        }
    }
    all.sort_by_key(|f| (f.target, f.tier, f.given));
    all
}

/// What the bundle says of itself.
pub(crate) fn describe(
    data: &TrainingData,
    options: &TrainOptions,
    figures: Vec<TierFigures>,
    not_learnt: Vec<NotLearnt>,
) -> Metadata {
    let headline = |target: Target| {
        let of_target = figures.iter().filter(|f| f.target == target && f.given == Given::Bitrate);
        of_target.max_by_key(|f| f.tier).map(|f| f.figures.r2)
    };
    let mut ranges = BTreeMap::new();
    for &field in Field::ALL {
        let mut values = data.features.iter().filter_map(|features| features.get(field)).peekable();
        if values.peek().is_some() {
            let (min, max) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), v| (lo.min(v), hi.max(v)));
            ranges.insert(field.name().to_owned(), Range { min, max });
        }
    }
    if !ranges.contains_key(Field::MotionIntensity.name()) {
        let motions = data.features.iter().filter_map(PredictionFeatures::motion_known);
        let (min, max) = motions.fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), v| (lo.min(v), hi.max(v)));
        if min <= max {
            ranges.insert(Field::MotionIntensity.name().to_owned(), Range { min, max });
        }
    }
    let mut codecs: Vec<_> = data.features.iter().filter_map(PredictionFeatures::codec_known).collect();
    codecs.sort();
    codecs.dedup();
    let mut encoders: Vec<_> = data.features.iter().filter_map(|features| features.encoder).collect();
    encoders.sort();
    encoders.dedup();
    let mut presets: Vec<_> = data.features.iter().filter_map(|features| features.preset.clone()).collect();
    presets.sort();
    presets.dedup();
    let mut presets_of: BTreeMap<_, Vec<String>> = BTreeMap::new();
    for features in data.features {
        if let (Some(encoder), Some(preset)) = (features.encoder, &features.preset) {
            presets_of.entry(encoder).or_default().push(preset.clone());
        }
    }
    for presets in presets_of.values_mut() {
        presets.sort();
        presets.dedup();
    }
    Metadata {
        format_version: 1,
        version: options.version.clone(),
        trained_at: trained_at_text(options.trained_at),
        metrics: HeadlineMetrics { vmaf_r2: headline(Target::Vmaf), psnr_r2: headline(Target::Psnr) },
        rows: data.features.len(),
        titles: data.titles.count,
        tables: options.tables.clone(),
        model_kind: options.model_kind,
        tuning: options.tuning,
        seed: options.seed,
        ranges,
        codecs,
        encoders,
        presets,
        presets_of,
        figures,
        not_learnt,
        probe_recipe: options.probe_recipe.clone(),
        vmaf_model: options.vmaf_model.clone(),
        profile: options.profile.clone(),
        licence: options.licence.clone(),
        machines: data.machines.clone(),
        imported: Vec::new(),
        shares: TrainingShares::of(data.features, &data.titles.of_row),
    }
}

impl ModelKind {
    /// How the figures in a bundle were split.
    pub(crate) fn split(self) -> &'static str {
        match self {
            ModelKind::Boosting => "title-out-of-member",
            ModelKind::Blend => "title-out-of-fit",
            ModelKind::Forest => "title-out-of-bag",
        }
    }
}
