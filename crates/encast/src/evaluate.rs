//! The judge: a model on measured rows, or the training itself by title-disjoint folds.

use std::collections::BTreeMap;

use crate::{
    anchor_rows,
    breakdown::breakdown,
    bundle::Model,
    cell::Cell,
    error::{Error, Result},
    evaluation::Evaluation,
    features::PredictionFeatures,
    field::{Field, Group},
    figures::{Judged, figures},
    folds::Titles,
    options::{Given, PredictOptions, Progress, Tier, TrainOptions},
    predict::predict_with,
    target::{PredictionTargets, Target},
    train::{Wanted, train_variants},
};

/// Judges a model on rows that it should not have been trained on.
///
/// Inputs above `tier` are masked; `given` says which rate setting stays, the other is masked (and with
/// [`Given::Crf`] the bitrate is judged as a forecast). Rows without the rate setting are left out and counted, and
/// at the probe tier those that are the probe itself.
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
    known: (Tier, Given, usize),
    options: &TrainOptions,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<Evaluation> {
    judge_by_folds(features, targets, folds, known, &mut |_| Ok(options.clone()), progress)
}

/// The rows that one fold is trained on: none of a title that it is judged on.
#[derive(Debug, Clone, Copy)]
pub struct TrainingFold<'a> {
    /// Which fold is held out, from 0.
    pub fold: usize,
    /// The inputs.
    pub features: &'a [PredictionFeatures],
    /// What was measured.
    pub targets: &'a [PredictionTargets],
}

/// As [`cross_validate`], with options that are chosen anew for each fold from the rows that it is trained on. So a
/// choice that is made on measured rows, such as that of [`crate::search`], is judged on titles that it had not seen.
///
/// # Errors
/// As [`cross_validate`], and those of `choose`; a row that they name is counted in the fold's rows.
pub fn cross_validate_with(
    features: &[PredictionFeatures],
    targets: &[PredictionTargets],
    folds: usize,
    tier: Tier,
    given: Given,
    choose: &mut dyn FnMut(TrainingFold) -> Result<TrainOptions>,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<Evaluation> {
    judge_by_folds(features, targets, folds, (tier, given, 0), choose, progress)
}

fn judge_by_folds(
    features: &[PredictionFeatures],
    targets: &[PredictionTargets],
    folds: usize,
    (tier, given, anchors): (Tier, Given, usize),
    choose: &mut dyn FnMut(TrainingFold) -> Result<TrainOptions>,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<Evaluation> {
    let mut judges = [Judge::new(features, targets, tier, given, anchors)?];
    let wanted = Wanted { tier, given: Some(given) };
    let titles = judge_folds(&mut judges, Split { folds, salt: "" }, wanted, choose, progress)?;
    let [judge] = judges;
    judge.verdict(format!("title-{folds}-fold"), &titles)
}

/// A split by title: how many folds, and what is put before the titles' names when they are dealt out.
#[derive(Clone, Copy)]
pub(crate) struct Split<'a> {
    pub folds: usize,
    pub salt: &'a str,
}

/// Lets every judge see forecasts of each row by a model that saw no row of its title.
pub(crate) fn judge_folds(
    judges: &mut [Judge],
    Split { folds, salt }: Split,
    wanted: Wanted,
    choose: &mut dyn FnMut(TrainingFold) -> Result<TrainOptions>,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<Titles> {
    if folds < 2 {
        return Err(Error::InvalidField { field: "folds", value: folds.to_string(), bound: "at least 2".to_owned() });
    }
    let Some((features, targets)) = judges.first().map(|judge| (judge.features, judge.targets)) else {
        return Err(Error::TooFew { what: "judges".to_owned(), found: 0, needed: 1 });
    };
    let titles = Titles::new(targets.iter().map(|row| row.title.as_str()));
    if titles.count < folds {
        return Err(Error::TooFew { what: "titles for the folds".to_owned(), found: titles.count, needed: folds });
    }
    let fold_of_title = titles.folds(folds, salt);
    for fold in 0..folds {
        let (held_out, training): (Vec<usize>, Vec<usize>) =
            (0..features.len()).partition(|&row| fold_of_title[titles.of_row[row] as usize] == fold as u32);
        let train_features: Vec<_> = training.iter().map(|&row| features[row].clone()).collect();
        let train_targets: Vec<_> = training.iter().map(|&row| targets[row].clone()).collect();
        let options = choose(TrainingFold { fold, features: &train_features, targets: &train_targets });
        let model = options.and_then(|options| {
            train_variants(&train_features, &train_targets, &options, Some(wanted), &|step| {
                progress(Progress { done: fold * step.total + step.done, total: folds * step.total });
            })
        });
        let row_of_table = |error| match error {
            Error::Row { row, source } => Error::Row { row: training.get(row).copied().unwrap_or(row), source },
            other => other,
        };
        let model = model.map_err(row_of_table)?;
        for judge in judges.iter_mut() {
            judge.add(&held_out, &model, &titles)?;
        }
    }
    Ok(titles)
}

/// Forecasts and measurements so far.
pub(crate) struct Judge<'a> {
    features: &'a [PredictionFeatures],
    targets: &'a [PredictionTargets],
    tier: Tier,
    pub given: Given,
    pub judged: BTreeMap<Target, Vec<Judged>>,
    without_rate: usize,
    own_probes: usize,
    unknown_machines: usize,
    only_answered: bool,
    anchors: usize,
    /// Measured rows that each row is given.
    given_rows: Vec<anchor_rows::Given>,
    without_anchors: usize,
}

impl<'a> Judge<'a> {
    pub(crate) fn new(
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
        Ok(Judge {
            features,
            targets,
            tier,
            given,
            judged: BTreeMap::new(),
            without_rate: 0,
            own_probes: 0,
            unknown_machines: 0,
            only_answered: false,
            anchors,
            given_rows,
            without_anchors: 0,
        })
    }

    /// Leaves out rows that the model can't answer, instead of failing.
    pub(crate) fn only_answered(self) -> Self {
        Judge { only_answered: true, ..self }
    }

    fn add(&mut self, rows: &[usize], model: &Model, titles: &Titles) -> Result<()> {
        let options = PredictOptions::default();
        for &row in rows {
            let mut masked = mask(&self.features[row], self.tier, self.given);
            if masked.bitrate_kbps.is_none() && masked.crf.is_none() {
                self.without_rate += 1;
                continue;
            }
            if self.tier.knows(Group::Probe) && is_own_probe(&self.features[row], &self.targets[row]) {
                self.own_probes += 1;
                continue;
            }
            let machines = &model.metadata().machines;
            if masked.machine.as_deref().is_some_and(|machine| machines.check_name(machine).is_err()) {
                self.unknown_machines += 1;
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
            let answer = match predict_with(&masked, model, &options) {
                Err(Error::MissingField { .. } | Error::NotPredicted { .. }) if self.only_answered => continue,
                answer => answer.map_err(|error| error.at_row(row))?,
            };
            for (target, estimate) in answer.estimates() {
                let measured = match target {
                    Target::BitrateKbps => self.features[row].bitrate_kbps,
                    _ => self.targets[row].get(target),
                };
                if let Some(measured) = measured {
                    let judged = Judged {
                        title: titles.of_row[row],
                        cell: Cell::of_request(&masked),
                        measured,
                        estimate,
                        confidence: answer.confidence,
                    };
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
        if self.own_probes > 0 {
            excluded.insert("the probe itself".to_owned(), self.own_probes);
        }
        if self.unknown_machines > 0 {
            excluded.insert("a machine that the model was not taught".to_owned(), self.unknown_machines);
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
                .filter_map(|(&target, rows)| {
                    let mut of_target = figures(target, rows, true)?;
                    of_target.breakdown = Some(breakdown(target, rows, &titles.names));
                    Some((target.name().to_owned(), of_target))
                })
                .collect(),
            excluded,
        })
    }
}

/// Whether a row is the trial encode whose result stands among its inputs: nothing is left to forecast.
fn is_own_probe(features: &PredictionFeatures, targets: &PredictionTargets) -> bool {
    let same = |measured: Option<f64>, probed: Option<f64>| measured.is_some() && measured == probed;
    same(features.bitrate_kbps, features.probe_bitrate_kbps)
        && same(targets.get(Target::Psnr), features.probe_psnr)
        && (features.probe_vmaf.is_none() || same(targets.get(Target::Vmaf), features.probe_vmaf))
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
