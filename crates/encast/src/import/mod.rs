//! Models that other libraries trained, as models of a bundle: features mapped to columns, intervals calibrated on a table.

mod mapping;
mod monotone;

use std::collections::{BTreeMap, HashSet};

use encast_trees::{
    Ensemble, FlatEnsemble, Monotone,
    exchange::{self, ForeignModel},
};
use sha2::{Digest, Sha256};

use self::mapping::Mapping;
use crate::{
    bundle::{ImportedModel, Metadata, Model, TierFigures},
    calibration::{Calibration, Unseen},
    cell::Cell,
    columns::{Column, Row, derive},
    error::{Error, Result},
    evaluation::TargetFigures,
    features::PredictionFeatures,
    figures::{Judged, figures},
    folds::Titles,
    machines::Machines,
    options::{Given, ModelKind, TableProvenance, Tier, TrainOptions},
    scale,
    target::{PredictionTargets, Target},
    train::{self, MIN_ROWS, MIN_TITLES, TrainingData, constraints},
    training_table::learning_value,
    variant::{Known, Variant, VariantKey},
};

/// How the figures of an imported model were made.
const SPLIT: &str = "calibration-table";

/// What a model of another library is imported as.
#[derive(Debug, Clone, PartialEq)]
pub struct ImportOptions {
    /// What it forecasts, on the target's learning scale ([`crate::learning_name`]).
    pub target: Target,
    /// The rate setting that it knows.
    pub given: Given,
    /// Names of columns for the model's features, in their order, in place of the names that the model has; empty: its own.
    pub columns: Vec<String>,
    /// Columns for features by name, where the two are not called alike.
    pub map: BTreeMap<String, String>,
    /// Name of the file, for the bundle's metadata.
    pub file: String,
    /// Version of the bundle.
    pub version: String,
    /// When it is put together, Unix seconds.
    pub trained_at: i64,
    /// Tables that the calibration rows came from.
    pub tables: Vec<TableProvenance>,
}

/// A bundle with an imported model.
#[derive(Debug)]
pub struct Imported {
    /// The bundle.
    pub model: Model,
    /// What was imported.
    pub about: ImportedModel,
    /// Features of the model that no tree looks at.
    pub unused: Vec<String>,
    /// What the reader of the model has to say, in words.
    pub notes: Vec<String>,
    /// Rows and titles of the calibration.
    pub rows: usize,
    /// Titles of the calibration.
    pub titles: usize,
    /// Its errors on the calibration rows.
    pub figures: TargetFigures,
}

/// Takes a model of LightGBM, XGBoost or ONNX into a bundle: into `into`, where it replaces the model of the same target, rate
/// setting and known inputs, or into a new one.
///
/// The rows calibrate its intervals and are what its figures stand on: their titles must be ones that the model was not
/// trained on, which nothing here can check. Rows that lack the target, the rate setting or a group of inputs that the model
/// looks at are left out. A bundle's machines ([`Metadata::machines`]) count: forecasts are taken for those of its reference machine.
///
/// # Errors
/// [`Error::Foreign`] for a model that can't be read; [`Error::Feature`] for a feature that it splits on and that is no column,
/// or one that is not known when `given` is; [`Error::NotMonotone`]; [`Error::TooFew`] rows (40) or titles (2);
/// [`Error::NotPredicted`] for a bitrate from a bitrate, and where another model of `into` goes over the curves of the one
/// that would be replaced; [`Error::Row`] and [`Error::LengthMismatch`] as [`crate::retrain`].
pub fn import_model(
    bytes: &[u8],
    features: &[PredictionFeatures],
    targets: &[PredictionTargets],
    into: Option<Model>,
    options: &ImportOptions,
) -> Result<Imported> {
    let (target, given) = (options.target, options.given);
    if target == Target::BitrateKbps && given == Given::Bitrate {
        let reason = "a bitrate that is given is not forecast: import it from a CRF".to_owned();
        return Err(Error::NotPredicted { target, reason });
    }
    let foreign = exchange::read(bytes)?;
    let mapping = Mapping::new(&foreign, options)?;
    let schema = into.as_ref().map_or(Column::COUNT, Model::columns);
    let columns = mapping.columns(schema)?;
    check_monotone(&foreign, &mapping, options)?;
    let ensemble = mapping.renumbered(&foreign, schema)?;

    train::check(features, targets)?;
    let known = known_of(&columns);
    let none = Machines::default();
    let machines = into.as_ref().map_or(&none, |model| &model.metadata().machines);
    let calibrated = Calibrated::new(&ensemble, known, (features, targets), machines, options)?;
    let key = VariantKey { target, given, known };
    let variant = Variant::new(key, columns.clone(), FlatEnsemble::new(&ensemble), None, calibrated.calibration)?;

    let sha256 = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    let about = ImportedModel {
        target,
        given,
        known: known.names().into_iter().map(str::to_owned).collect(),
        format: foreign.format.name().to_owned(),
        file: options.file.clone(),
        sha256,
        objective: foreign.objective.clone(),
        columns: mapping.names(),
        calibrated_on: options.tables.clone(),
    };
    let (mut metadata, variants) = match into {
        Some(model) => model.into_parts(),
        None => (of_nothing(features, targets, options)?, Vec::new()),
    };
    let variants = put(variants, variant)?;
    metadata.imported.retain(|other| (other.target, other.given, &other.known) != (target, given, &about.known));
    metadata.imported.push(about.clone());
    metadata.version = options.version.clone();
    metadata.trained_at = crate::bundle::trained_at_text(options.trained_at);
    put_figures(&mut metadata, &variants, key, &calibrated.figures);
    Ok(Imported {
        model: Model::new(metadata, variants)?,
        about,
        unused: mapping.unused,
        notes: foreign.notes,
        rows: calibrated.rows,
        titles: calibrated.titles,
        figures: calibrated.figures,
    })
}

/// The groups of inputs behind the columns. What motion tells is content where content is known.
fn known_of(columns: &[Column]) -> Known {
    let known = columns.iter().fold(Known::NOTHING, |known, column| known.and(Known::of_group(column.group())));
    if known.has(Known::CONTENT) { known.without(Known::MOTION) } else { known }
}

/// Quality must follow the bitrate and the CRF in every tree; times need not.
fn check_monotone(foreign: &ForeignModel, mapping: &Mapping, options: &ImportOptions) -> Result<()> {
    let of_column = constraints(options.target);
    let of_feature: Vec<Monotone> =
        mapping.of.iter().map(|column| column.map_or(Monotone::None, |column| of_column[column as usize])).collect();
    let trees = foreign.ensemble.members().iter().flat_map(|member| &member.trees);
    for (tree, of_tree) in trees.enumerate() {
        let Some(feature) = monotone::violation(of_tree, &of_feature) else { continue };
        let sign = |constraint: &Monotone| match constraint {
            Monotone::None => "0",
            Monotone::Increasing => "1",
            Monotone::Decreasing => "-1",
        };
        let feature = usize::from(feature);
        return Err(Error::NotMonotone {
            tree,
            column: mapping.of[feature].map_or("", Column::name),
            target: options.target,
            way: if of_feature[feature] == Monotone::Decreasing { "rise" } else { "fall" },
            constraints: of_feature.iter().map(sign).collect::<Vec<_>>().join(","),
        });
    }
    Ok(())
}

/// An ensemble on the rows of a table that it was not trained on.
struct Calibrated {
    calibration: Calibration,
    figures: TargetFigures,
    rows: usize,
    titles: usize,
}

impl Calibrated {
    fn new(
        ensemble: &Ensemble,
        known: Known,
        (features, targets): (&[PredictionFeatures], &[PredictionTargets]),
        machines: &Machines,
        options: &ImportOptions,
    ) -> Result<Calibrated> {
        let target = options.target;
        let flat = FlatEnsemble::new(ensemble);
        let titles = Titles::new(targets.iter().map(|row| row.title.as_str()));
        let (mut unseen, mut judged) = (Vec::new(), Vec::new());
        for (at, (features, measured)) in features.iter().zip(targets).enumerate() {
            let row: Row = derive(features).map_err(|error| error.at_row(at))?;
            let rate = match options.given {
                Given::Bitrate => features.bitrate_kbps,
                Given::Crf => features.crf,
            };
            let value = learning_value(target, features, measured).filter(|_| rate.is_some());
            let Some(value) = value.filter(|_| Known::of_row(&row, ensemble.columns()).has(known)) else { continue };
            let shift = machines.shift(features.machine.as_deref(), target);
            let (forecast, spread) = flat.predict_with_spread(&row);
            let (title, cell) = (titles.of_row[at], Cell::of_request(features));
            unseen.push(Unseen { title, cell, forecast, measured: value - shift, spread, scale: 1.0 });
            let megapixels = features.megapixels();
            judged.push(Judged {
                title,
                cell,
                confidence: 0.0,
                measured: scale::from_learning(target, value, megapixels),
                estimate: scale::estimate(target, forecast + shift, (0.0, 0.0), megapixels),
            });
        }
        let titles = unseen.iter().map(|row| row.title).collect::<HashSet<_>>().len();
        let what = |of: &str| {
            let known = if known == Known::NOTHING { "the job alone".to_owned() } else { known.to_string() };
            format!("{of} that measure {target}, give the {} and know {known}", options.given)
        };
        for (of, found, needed) in [("rows", unseen.len(), MIN_ROWS), ("titles", titles, MIN_TITLES)] {
            if found < needed {
                return Err(Error::TooFew { what: what(of), found, needed });
            }
        }
        let figures = figures(target, &judged, false);
        let figures = figures.ok_or_else(|| Error::TooFew { what: what("rows"), found: 0, needed: MIN_ROWS })?;
        Ok(Calibrated { calibration: Calibration::fit(&unseen), figures, rows: unseen.len(), titles })
    }
}

/// What a bundle says of itself that was trained on nothing here: the ranges are those of the calibration rows.
fn of_nothing(
    features: &[PredictionFeatures],
    targets: &[PredictionTargets],
    options: &ImportOptions,
) -> Result<Metadata> {
    let data = TrainingData::new(features, targets, 0)?;
    let options = TrainOptions {
        model_kind: ModelKind::Boosting,
        seed: 0,
        version: options.version.clone(),
        trained_at: options.trained_at,
        ..TrainOptions::default()
    };
    let metadata = train::describe(&data, &options, Vec::new(), Vec::new());
    Ok(Metadata { rows: 0, titles: 0, machines: Machines::default(), ..metadata })
}

/// Puts a model in the place of the one that answers the same requests, or where it belongs.
fn put(mut variants: Vec<Variant>, variant: Variant) -> Result<Vec<Variant>> {
    let key = variant.key;
    match variants.binary_search_by_key(&key, |variant| variant.key) {
        Ok(at) => {
            let over = |other: &Variant| {
                let goes_over = other.smooth.as_ref().is_some_and(|smooth| smooth.crf_share > 0.0);
                let same = other.key.target == key.target || key.target == Target::BitrateKbps;
                goes_over && same && other.key.given == Given::Bitrate && other.key.known == key.known
            };
            if key.given == Given::Crf
                && let Some(other) = variants.iter().find(|other| over(other))
            {
                let reason = format!(
                    "the bundle's model of {} from a bitrate ({}) goes over the curves of the one that would be replaced; \
                     import that one first, or into a new bundle",
                    other.key.target, key.known
                );
                return Err(Error::NotPredicted { target: key.target, reason });
            }
            variants[at] = variant;
        }
        Err(at) => variants.insert(at, variant),
    }
    Ok(variants)
}

/// The figures of the tiers that the imported model answers now, and the headline with them.
fn put_figures(metadata: &mut Metadata, variants: &[Variant], key: VariantKey, of_model: &TargetFigures) {
    let (target, given) = (key.target, key.given);
    let rivals = |tier: Tier| {
        let of_key = variants.iter().filter(|v| (v.key.target, v.key.given) == (target, given));
        of_key.filter(|v| Known::of_tier(tier).has(v.key.known)).map(|v| v.key.known).max()
    };
    let mut first = true;
    for tier in Tier::ALL.into_iter().filter(|&tier| rivals(tier) == Some(key.known)) {
        let place = metadata.figures.iter().position(|f| (f.target, f.tier, f.given) == (target, tier, given));
        let figures = TierFigures { target, tier, given, split: SPLIT.to_owned(), figures: of_model.clone() };
        match place {
            Some(place) => metadata.figures[place] = figures,
            None if first => metadata.figures.push(figures),
            None => (),
        }
        first = false;
    }
    metadata.figures.sort_by_key(|f| (f.target, f.tier, f.given));
    let headline = |target: Target| {
        let of_target = metadata.figures.iter().filter(|f| f.target == target && f.given == Given::Bitrate);
        of_target.max_by_key(|f| f.tier).map(|f| f.figures.r2)
    };
    let (vmaf_r2, psnr_r2) = (headline(Target::Vmaf), headline(Target::Psnr));
    (metadata.metrics.vmaf_r2, metadata.metrics.psnr_r2) = (vmaf_r2, psnr_r2);
}
