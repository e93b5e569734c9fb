//! The judge: a model on measured rows, or the training itself by title-disjoint folds.

use std::collections::BTreeMap;

use crate::{
    anchor_rows,
    bundle::Model,
    error::{Error, Result},
    evaluation::Evaluation,
    features::PredictionFeatures,
    field::{Field, Group},
    figures::{Judged, figures},
    folds::Titles,
    options::{Given, PredictOptions, Progress, Tier, TrainOptions},
    predict::predict_with,
    target::{PredictionTargets, Target},
    train::train_variants,
};

/// Judges a model on rows that it should not have been trained on.
///
/// Inputs above `tier` are masked; `given` says which rate setting stays, the other is masked (and with
/// [`Given::Crf`] the bitrate is judged as a forecast). Rows without the rate setting are left out and counted.
///
/// # Errors
/// [`Error::LengthMismatch`], [`Error::TooFew`] rows to judge, [`Error::Row`] for a bad request.
pub fn evaluate(
    features: &[PredictionFeatures],
    targets: &[PredictionTargets],
    model: &Model,
    tier: Tier,
    given: Given,
) -> Result<Evaluation> {
    evaluate_anchored(features, targets, model, tier, given, 0)
}

/// As [`evaluate`], with the tier [`Tier::Anchor`]: of each title and codec, `anchors` measured rows are given to all its
/// other rows as anchors, beside what `tier` knows; they themselves are not judged.
///
/// They are rows without dropped frames at the most common size, encoder and preset, nearest to the middle of the rates
/// there (two: to the ends of the middle third, and so on). Rows of a title and codec with fewer are left out and counted.
///
/// # Errors
/// As [`evaluate`].
pub fn evaluate_anchored(
    features: &[PredictionFeatures],
    targets: &[PredictionTargets],
    model: &Model,
    tier: Tier,
    given: Given,
    anchors: usize,
) -> Result<Evaluation> {
    let titles = Titles::new(targets.iter().map(|row| row.title.as_str()));
    let mut judge = Judge::new(features, targets, tier, given, anchors)?;
    let rows: Vec<usize> = (0..features.len()).collect();
    judge.add(&rows, model, &titles)?;
    judge.verdict("model".to_owned(), &titles)
}

/// Judges the training by `folds` title-disjoint folds: every row is forecast by a model that saw no row of its title.
///
/// The fold of a title follows from its name alone: titles in order of the SHA-256 of their names are dealt out in
/// turn. Only the models that answer `tier` and `given` are trained.
///
/// # Errors
/// As [`evaluate`] and [`crate::retrain`]; [`Error::InvalidField`] for fewer than 2 folds, [`Error::TooFew`] when
/// there are fewer titles than folds.
pub fn cross_validate(
    features: &[PredictionFeatures],
    targets: &[PredictionTargets],
    folds: usize,
    tier: Tier,
    given: Given,
    options: &TrainOptions,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<Evaluation> {
    cross_validate_anchored(features, targets, folds, (tier, given, 0), options, progress)
}

/// As [`cross_validate`], with anchors as [`evaluate_anchored`] gives them: `tier`, `given` and how many.
///
/// # Errors
/// As [`cross_validate`].
pub fn cross_validate_anchored(
    features: &[PredictionFeatures],
    targets: &[PredictionTargets],
    folds: usize,
    (tier, given, anchors): (Tier, Given, usize),
    options: &TrainOptions,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<Evaluation> {
    if folds < 2 {
        return Err(Error::InvalidField { field: "folds", value: folds.to_string(), bound: "at least 2".to_owned() });
    }
    let mut judge = Judge::new(features, targets, tier, given, anchors)?;
    let titles = Titles::new(targets.iter().map(|row| row.title.as_str()));
    if titles.count < folds {
        return Err(Error::TooFew { what: "titles for the folds".to_owned(), found: titles.count, needed: folds });
    }
    let fold_of_title = titles.folds(folds, "");
    for fold in 0..folds {
        let (held_out, training): (Vec<usize>, Vec<usize>) =
            (0..features.len()).partition(|&row| fold_of_title[titles.of_row[row] as usize] == fold as u32);
        let train_features: Vec<_> = training.iter().map(|&row| features[row].clone()).collect();
        let train_targets: Vec<_> = training.iter().map(|&row| targets[row].clone()).collect();
        let model = train_variants(&train_features, &train_targets, options, Some((given, tier)), &|step| {
            progress(Progress { done: fold * step.total + step.done, total: folds * step.total });
        });
        let row_of_table = |error| match error {
            Error::Row { row, source } => Error::Row { row: training[row], source },
            other => other,
        };
        judge.add(&held_out, &model.map_err(row_of_table)?, &titles)?;
    }
    judge.verdict(format!("title-{folds}-fold"), &titles)
}

/// Forecasts and measurements so far.
struct Judge<'a> {
    features: &'a [PredictionFeatures],
    targets: &'a [PredictionTargets],
    tier: Tier,
    given: Given,
    judged: BTreeMap<Target, Vec<Judged>>,
    without_rate: usize,
    anchors: usize,
    /// Measured rows that each row is given.
    given_rows: Vec<anchor_rows::Given>,
    without_anchors: usize,
}

impl<'a> Judge<'a> {
    fn new(
        features: &'a [PredictionFeatures],
        targets: &'a [PredictionTargets],
        tier: Tier,
        given: Given,
        anchors: usize,
    ) -> Result<Judge<'a>> {
        if features.len() != targets.len() {
            return Err(Error::LengthMismatch { what: "targets", found: targets.len(), expected: features.len() });
        }
        let given_rows = if anchors == 0 { Vec::new() } else { anchor_rows::choose(features, targets, given, anchors) };
        let (judged, without_rate, without_anchors) = (BTreeMap::new(), 0, 0);
        Ok(Judge { features, targets, tier, given, judged, without_rate, anchors, given_rows, without_anchors })
    }

    fn add(&mut self, rows: &[usize], model: &Model, titles: &Titles) -> Result<()> {
        let options = PredictOptions::default();
        for &row in rows {
            let mut masked = mask(&self.features[row], self.tier, self.given);
            if masked.bitrate_kbps.is_none() && masked.crf.is_none() {
                self.without_rate += 1;
                continue;
            }
            match self.given_rows.get(row) {
                None => {}
                Some(anchor_rows::Given::Anchors(rows)) => {
                    let of_row = |&row: &usize| anchor_rows::anchor(&self.features[row], &self.targets[row]);
                    masked.anchors = rows.iter().map(of_row).collect();
                }
                Some(anchor_rows::Given::IsAnchor) => continue,
                Some(anchor_rows::Given::TooFew) => {
                    self.without_anchors += 1;
                    continue;
                }
            }
            let answer = predict_with(&masked, model, &options).map_err(|error| error.at_row(row))?;
            for (target, estimate) in answer.estimates() {
                let measured = match target {
                    Target::BitrateKbps => self.features[row].bitrate_kbps,
                    _ => self.targets[row].get(target),
                };
                if let Some(measured) = measured {
                    let judged = Judged { title: titles.of_row[row], measured, estimate };
                    self.judged.entry(target).or_default().push(judged);
                }
            }
        }
        Ok(())
    }

    fn verdict(self, split: String, titles: &Titles) -> Result<Evaluation> {
        if self.judged.is_empty() {
            let what = format!("rows that give {} and measure a target of the model", self.given);
            return Err(Error::TooFew { what, found: 0, needed: 1 });
        }
        let mut excluded = BTreeMap::new();
        if self.without_rate > 0 {
            excluded.insert(format!("no {}", rate(self.given).name()), self.without_rate);
        }
        if self.without_anchors > 0 {
            excluded.insert("too few rows to be anchors".to_owned(), self.without_anchors);
        }
        let anchored = self.anchors > 0;
        Ok(Evaluation {
            rows: self.features.len(),
            titles: titles.count,
            split,
            tier: if anchored { Tier::Anchor } else { self.tier },
            anchors: anchored.then_some(self.anchors),
            beside: anchored.then_some(self.tier),
            given: self.given,
            targets: self
                .judged
                .iter()
                .filter_map(|(&target, rows)| Some((target.name().to_owned(), figures(target, rows, true)?)))
                .collect(),
            excluded,
        })
    }
}

fn rate(given: Given) -> Field {
    match given {
        Given::Bitrate => Field::BitrateKbps,
        Given::Crf => Field::Crf,
    }
}

/// A request as a caller of that tier would make it, with that rate setting.
pub fn mask(features: &PredictionFeatures, tier: Tier, given: Given) -> PredictionFeatures {
    let mut masked = features.clone();
    for group in [Group::Content, Group::Probe, Group::ProbeVmaf] {
        if !tier.knows(group) {
            masked = masked.without(group);
        }
    }
    if tier < Tier::Anchor {
        masked.anchors.clear();
    }
    match given {
        Given::Bitrate => masked.crf = None,
        Given::Crf => masked.bitrate_kbps = None,
    }
    masked
}
