//! Some hundred rows at a time: groups found, trees walked together, curves read, estimates put out.

use std::ops::Range;

use encast_trees::Rows;

use crate::{
    bulk::{
        BulkOutput,
        groups::{Groups, is_rate},
        inputs::{BulkInputs, Names, Numbers},
        log2::Log2,
    },
    bundle::Model,
    columns::{Column, Row},
    confidence::distance_of,
    error::{Error, Result},
    field::Field,
    options::PredictOptions,
    predict::{Surroundings, estimate},
    resources::{Estimates, by_profile},
    result::Estimate,
    scale,
    target::Target,
    variant::Variant,
};

/// Rows of a block: their columns, 132 bytes each, stay in the nearest caches.
pub(super) const BLOCK: usize = 256;
/// In place of the group of a row that can't be forecast.
const BAD: u32 = u32::MAX;

/// The rows at hand and all that is worked out of them; its memory is used again for the next ones.
pub(super) struct Block {
    intervals: bool,
    log2: Log2,
    /// Whether a row differs from the one before in more than its rate.
    head: Vec<bool>,
    group: Vec<u32>,
    columns: Vec<Row>,
    /// Distance from the trained range; only where there are intervals.
    away: Vec<f64>,
    /// What the trees say of the rows they were asked for.
    trees: Vec<f64>,
    asked: Vec<usize>,
    left: Vec<usize>,
    gathered: Vec<f32>,
    answers: Vec<f64>,
    /// By target, then by row.
    estimates: Vec<[Option<Estimate>; BLOCK]>,
}

impl Block {
    pub(super) fn new(intervals: bool) -> Block {
        Block {
            intervals,
            log2: Log2::new(),
            head: vec![true; BLOCK],
            group: Vec::with_capacity(BLOCK),
            columns: Vec::with_capacity(BLOCK),
            away: Vec::with_capacity(BLOCK),
            trees: vec![0.0; BLOCK],
            asked: Vec::with_capacity(BLOCK),
            left: Vec::with_capacity(BLOCK),
            gathered: Vec::new(),
            answers: Vec::with_capacity(BLOCK),
            estimates: vec![[None; BLOCK]; Target::COUNT],
        }
    }

    pub(super) fn intervals(&self) -> bool {
        self.intervals
    }

    /// Forgets the estimates of the rows before.
    pub(super) fn clear(&mut self, rows: usize) {
        self.estimates.iter_mut().for_each(|of_target| of_target[..rows].fill(None));
    }

    /// Takes all estimates of one row.
    pub(super) fn set_all(&mut self, row: usize, estimates: &Estimates) {
        self.estimates.iter_mut().zip(estimates).for_each(|(of_target, estimate)| of_target[row] = *estimate);
    }

    /// Forecasts some rows.
    pub(super) fn score(
        &mut self,
        groups: &mut Groups<'_>,
        inputs: &BulkInputs<'_>,
        rows: Range<usize>,
        options: &PredictOptions,
        bad: &mut dyn FnMut(usize, Error) -> Result<()>,
    ) -> Result<()> {
        self.mark_heads(inputs, rows.clone());
        self.derive(groups, inputs, rows, options, bad)?;
        for place in 0..groups.targets().len() {
            self.ask_trees(groups, place)?;
            self.estimate(groups, place, options.level);
        }
        Ok(())
    }

    /// Marks the rows that start a run of rows that differ in the rate alone.
    fn mark_heads(&mut self, inputs: &BulkInputs<'_>, rows: Range<usize>) {
        let head = &mut self.head[..rows.len()];
        head.fill(false);
        let Some((first, head)) = head.split_first_mut() else { return };
        *first = true;
        for (&field, numbers) in Field::ALL.iter().zip(&inputs.numbers) {
            match numbers {
                Some(Numbers::F64(values)) => match is_rate(field) {
                    true => differ(&values[rows.clone()], head, |a, b| a.is_nan() != b.is_nan()),
                    false => differ(&values[rows.clone()], head, |a, b| a.to_bits() != b.to_bits()),
                },
                Some(Numbers::F32(values)) => match is_rate(field) {
                    true => differ(&values[rows.clone()], head, |a, b| a.is_nan() != b.is_nan()),
                    false => differ(&values[rows.clone()], head, |a, b| a.to_bits() != b.to_bits()),
                },
                Some(Numbers::Same(_)) | None => (),
            }
        }
        for names in inputs.names.iter().flatten() {
            if let Names::Coded { codes, .. } = names {
                differ(&codes[rows.clone()], head, |a, b| a != b);
            }
        }
    }

    /// Finds each row's group, checks its rate and derives its columns.
    fn derive(
        &mut self,
        groups: &mut Groups<'_>,
        inputs: &BulkInputs<'_>,
        rows: Range<usize>,
        options: &PredictOptions,
        bad: &mut dyn FnMut(usize, Error) -> Result<()>,
    ) -> Result<()> {
        groups.make_room(inputs, rows.len());
        self.group.clear();
        self.columns.clear();
        self.away.clear();
        let mut group = BAD;
        for (at, row) in rows.enumerate() {
            let (bitrate, crf) = (inputs.number(Field::BitrateKbps, row), inputs.number(Field::Crf, row));
            let found = if self.head[at] || group == BAD { groups.find(inputs, row, options) } else { Ok(group) };
            let rates_good = within(Field::BitrateKbps, bitrate) && within(Field::Crf, crf);
            let found = match found {
                // A group that was known already says nothing of this row's rate.
                Ok(_) if !rates_good => groups.check(inputs, row).map(|()| BAD),
                found => found,
            };
            group = match found {
                Ok(group) => group,
                Err(error) => {
                    bad(row, error)?;
                    BAD
                }
            };
            self.group.push(group);
            if group == BAD {
                self.columns.push([f32::NAN; Column::COUNT]);
                self.away.push(0.0);
                continue;
            }
            let shared = groups.group(group);
            let mut columns = shared.row;
            if !bitrate.is_nan() {
                shared.bitrate.set(&mut columns, self.log2.of(bitrate));
            }
            if !crf.is_nan() {
                columns[Column::Crf as usize] = crf as f32;
            }
            self.columns.push(columns);
            if self.intervals {
                let away = groups.away(inputs, row, group, [(Field::BitrateKbps, bitrate), (Field::Crf, crf)]);
                self.away.push(away);
            }
        }
        Ok(())
    }

    /// Walks the trees of one target: model by model, each over all rows that it answers.
    fn ask_trees(&mut self, groups: &Groups<'_>, place: usize) -> Result<()> {
        let needs = |&at: &usize| self.group[at] != BAD && groups.answerer(self.group[at], place).trees;
        self.left.clear();
        self.left.extend((0..self.group.len()).filter(needs));
        let variant_of = |at: usize| groups.answerer(self.group[at], place).variant;
        while let Some(&first) = self.left.first() {
            let variant = variant_of(first);
            let same = |at: usize| match (variant_of(at), variant) {
                (Some(one), Some(other)) => std::ptr::eq(one, other),
                (one, other) => one.is_none() && other.is_none(),
            };
            self.asked.clear();
            self.asked.extend(self.left.iter().copied().filter(|&at| same(at)));
            self.left.retain(|&at| !same(at));
            if let Some(variant) = variant {
                let (columns, asked) = (&self.columns, &self.asked);
                walk(variant, columns, asked, &mut self.gathered, &mut self.answers)?;
                asked.iter().zip(&self.answers).for_each(|(&at, &answer)| self.trees[at] = answer);
            }
        }
        Ok(())
    }

    /// Makes the estimates of one target of what trees and curves say.
    fn estimate(&mut self, groups: &Groups<'_>, place: usize, level: f64) {
        let target = groups.targets()[place];
        let estimates = &mut self.estimates[target as usize];
        for (at, (&group, columns)) in self.group.iter().zip(&self.columns).enumerate() {
            estimates[at] = None;
            if group == BAD {
                continue;
            }
            let answerer = groups.answerer(group, place);
            let Some(variant) = answerer.variant else { continue };
            let (cell, megapixels) = (groups.group(group).cell, groups.group(group).megapixels);
            let (trees, shift) = (if answerer.trees { self.trees[at] } else { 0.0 }, answerer.shift);
            let along = answerer.along.as_ref();
            estimates[at] = Some(if self.intervals {
                let smooth = variant.smooth.as_ref().zip(along);
                let blended =
                    smooth.and_then(|(smooth, along)| smooth.blend(along, &groups.group(group).shared, columns, trees));
                let at = Surroundings { cell, level, away: self.away[at], shift, megapixels };
                estimate(&variant.blended((trees, 0.0), blended), &at)
            } else {
                let value = match along.filter(|along| !along.rate_of(columns).is_nan()) {
                    Some(along) => along.value(columns, trees),
                    None => trees,
                };
                let value = scale::from_learning(target, value + shift, megapixels);
                Estimate { value, lower: value, upper: value }
            });
        }
    }

    /// Adds what was not learnt but follows from what was.
    pub(super) fn complete(&mut self, model: &Model, asked: &[Target], options: &PredictOptions, learnt: &[Target]) {
        let derived = |target: &Target| {
            matches!(target, Target::CpuPercent | Target::EnergyKwh | Target::CostUsd | Target::Co2Kg)
        };
        if !asked.iter().any(derived) {
            return;
        }
        for at in 0..self.group.len() {
            let mut of_row: Estimates = [None; Target::COUNT];
            learnt.iter().for_each(|&target| of_row[target as usize] = self.estimates[target as usize][at]);
            by_profile(model, &mut of_row, options);
            asked.iter().for_each(|&target| self.estimates[target as usize][at] = of_row[target as usize]);
        }
    }

    /// Puts the estimates of the block where they belong.
    pub(super) fn put(&self, targets: &[Target], rows: Range<usize>, outputs: &mut [BulkOutput<'_>]) {
        for (&target, output) in targets.iter().zip(outputs) {
            let estimates = &self.estimates[target as usize][..rows.len()];
            let fill = |into: &mut [f64], of: fn(&Estimate) -> f64| {
                for (into, estimate) in into[rows.clone()].iter_mut().zip(estimates) {
                    *into = estimate.as_ref().map_or(f64::NAN, of);
                }
            };
            fill(output.value, |estimate| estimate.value);
            if let (true, Some((lower, upper))) = (self.intervals, output.bounds.as_mut()) {
                fill(lower, |estimate| estimate.lower);
                fill(upper, |estimate| estimate.upper);
            }
        }
    }
}

/// Marks where neighbours differ.
fn differ<T: Copy>(values: &[T], head: &mut [bool], differ: impl Fn(T, T) -> bool) {
    for (head, pair) in head.iter_mut().zip(values.windows(2)) {
        *head |= differ(pair[0], pair[1]);
    }
}

/// Whether a number is unknown or within its bounds.
fn within(field: Field, value: f64) -> bool {
    let (lowest, highest) = field.hard_bounds();
    value.is_nan() || (lowest..=highest).contains(&value)
}

/// What the trees of a model say of some rows.
fn walk(
    variant: &Variant,
    columns: &[Row],
    rows: &[usize],
    gathered: &mut Vec<f32>,
    answers: &mut Vec<f64>,
) -> Result<()> {
    let width = variant.flat.columns();
    answers.resize(rows.len(), 0.0);
    let values = if rows.len() == columns.len() && width == Column::COUNT {
        columns.as_flattened()
    } else {
        gathered.clear();
        rows.iter().for_each(|&at| gathered.extend_from_slice(&columns[at][..width]));
        gathered
    };
    Ok(variant.flat.predict_batch(Rows::new(values, width)?, answers)?)
}

impl Groups<'_> {
    /// The distance of a row from the trained range, of which the rates' come first in the sum.
    fn away(&mut self, inputs: &BulkInputs<'_>, row: usize, group: u32, rates: [(Field, f64); 2]) -> f64 {
        let [bitrate, crf] = rates.map(|(field, value)| match value.is_nan() {
            true => 0.0,
            false => distance_of(self.model(), field, value),
        });
        let away = self.group(group).away;
        match (bitrate + crf, away) {
            (of_rates, 0.0) => of_rates,
            (0.0, away) => away,
            _ => self.whole_distance(inputs, row),
        }
    }
}
