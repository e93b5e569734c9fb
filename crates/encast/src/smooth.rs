//! The smooth part of a model: curves over the rate, the way over the CRF, and how both are weighed with the trees.

use std::{cell::OnceCell, sync::Arc};

use encast_curves::{Curve, Curves, MAX_COLUMNS};
use serde::{Deserialize, Serialize};

use crate::{
    columns::{Column, Row},
    error::{Error, Result},
    field::{FieldSet, Group},
    options::Given,
    target::Target,
};

/// The scale on which curves are learnt, where it is not the target's learning scale: one on which curves saturate
/// evenly at both ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Warp {
    /// As it is.
    None,
    /// `ln((v + 3) / (106 − v))`: VMAF.
    Logit,
    /// `−ln(1.001 − v)`: SSIM.
    Complement,
}

impl Warp {
    pub(crate) fn of(target: Target) -> Warp {
        match target {
            Target::Vmaf => Warp::Logit,
            Target::Ssim => Warp::Complement,
            _ => Warp::None,
        }
    }

    pub(crate) fn forward(self, value: f64) -> f64 {
        match self {
            Warp::None => value,
            Warp::Logit => ((value + 3.0) / (106.0 - value)).ln(),
            Warp::Complement => -(1.001 - value).ln(),
        }
    }

    pub(crate) fn back(self, value: f64) -> f64 {
        match self {
            Warp::None => value,
            // Written so that a large value does not overflow.
            Warp::Logit => 106.0 - 109.0 / (1.0 + value.exp()),
            Warp::Complement => 1.001 - (-value).exp(),
        }
    }
}

/// Curves and the columns that they look at.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ColumnCurves {
    /// What runs along the curves.
    pub rate: Column,
    /// The inputs, in their order.
    pub columns: Vec<Column>,
    pub warp: Warp,
    pub curves: Curves,
}

impl ColumnCurves {
    /// The curve of a request; `None` when it lacks what the curves can't do without.
    pub(crate) fn curve(&self, known: &CurveInputs) -> Option<Curve> {
        let inputs = self.inputs(known)?;
        Some(self.curves.curve(&inputs[..self.columns.len()]))
    }

    pub(crate) fn inputs(&self, known: &CurveInputs) -> Option<[f64; MAX_COLUMNS]> {
        let mut inputs = [0.0; MAX_COLUMNS];
        let mut lacking = false;
        for (input, &column) in inputs.iter_mut().zip(&self.columns) {
            *input = known.values[column as usize];
            lacking |= known.lacking >> column as u8 & 1 == 1;
        }
        if lacking { None } else { Some(inputs) }
    }

    fn check(&self, given: Given) -> Result<()> {
        self.curves.check().map_err(|error| Error::corrupt(error.to_string()))?;
        let fits = match given {
            Given::Bitrate => self.rate.rises_with_bitrate(),
            Given::Crf => self.rate == Column::Crf,
        };
        if !fits {
            return Err(Error::corrupt(format!("curves over {} in a model from a {given}", self.rate.name())));
        }
        if self.columns.len() != self.curves.columns() {
            let (listed, used) = (self.columns.len(), self.curves.columns());
            return Err(Error::corrupt(format!("curves of {used} inputs list {listed} columns")));
        }
        match self.columns.iter().find(|column| !column.is_curve_input()) {
            Some(column) => Err(Error::corrupt(format!("{} is no input of curves", column.name()))),
            None => Ok(()),
        }
    }
}

/// From a bitrate to the CRF that would give it, and from there to the target: the curves of two other models.
#[derive(Debug, Clone)]
pub(crate) struct OverCrf {
    /// log2 of the bitrate against CRF.
    pub size: Arc<ColumnCurves>,
    /// The target against CRF.
    pub value: Arc<ColumnCurves>,
}

/// Curves, and how much of the forecast they make.
#[derive(Debug, Clone)]
pub(crate) struct Smooth {
    pub direct: Arc<ColumnCurves>,
    /// Share of the direct curves in the forecast, 0–1.
    pub share: f64,
    /// Share of the way over the CRF, 0–1; the trees make the rest.
    pub crf_share: f64,
    /// There when it has a share: put in when the model is put together.
    pub over_crf: Option<OverCrf>,
    /// Forecasts the size of the forecast's error: the natural logarithm of its magnitude plus `floor`, from the inputs
    /// of the curves, from how far curves and trees disagree, and from the forecast itself.
    pub errors: Curves,
    /// Errors and disagreements below this are all the same; above 0.
    pub floor: f64,
    /// The size of error of a request that the curves can't answer.
    pub fallback: f64,
    /// Nearness that is usual: 95 % of the training rows are at least as near.
    pub near: f64,
}

/// What curves and trees say together.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Blend {
    pub value: f64,
    /// The size of its error.
    pub scale: f64,
    /// Octaves by which the request is farther from what was seen than usual.
    pub novelty: f64,
}

impl Smooth {
    /// Checks what was trained or loaded.
    pub(crate) fn check(&self, given: Given) -> Result<()> {
        self.direct.check(given)?;
        self.errors.check().map_err(|error| Error::corrupt(error.to_string()))?;
        let positive = |value: f64| value > 0.0 && value.is_finite();
        if !(positive(self.floor) && positive(self.fallback) && positive(self.near)) {
            return Err(Error::corrupt("curves whose floor, fallback or near is not a positive number"));
        }
        if self.errors.columns() != self.direct.columns.len() + 2 {
            let (found, needed) = (self.errors.columns(), self.direct.columns.len() + 2);
            return Err(Error::corrupt(format!("curves of errors with {found} inputs, not {needed}")));
        }
        let shares = [self.share, self.crf_share, self.share + self.crf_share];
        if !shares.iter().all(|share| (0.0..=1.0 + 1e-9).contains(share)) {
            return Err(Error::corrupt(format!("curves with the shares {} and {}", self.share, self.crf_share)));
        }
        Ok(())
    }

    /// The curves of a request, to be read at any rate; `None` when it lacks what they can't do without. `shared` belongs
    /// to the request.
    pub(crate) fn along(&self, row: &Row, shared: &Shared) -> Option<Along<'_>> {
        let known = shared.inputs(row);
        let direct = self.direct.curve(known)?;
        let over_crf = match &self.over_crf {
            Some(over) => {
                let size = shared.with_size(&over.size, known, |size| Some(*size))?;
                Some((size, over.value.curve(known)?, over.value.warp))
            }
            None => None,
        };
        Some(Along { smooth: self, direct, over_crf })
    }

    /// The whole answer to a row whose trees were asked already; `None` when curves can't answer it.
    pub(crate) fn answer(&self, shared: &Shared, row: &Row, trees: f64) -> Option<Blend> {
        let known = shared.inputs(row);
        let direct = self.direct.curve(known)?;
        let weighed = match &self.over_crf {
            Some(over) => shared.with_size(&over.size, known, |size| {
                let value = over.value.curve(known)?;
                Some(self.weighed(&direct, Some((size, &value, over.value.warp)), row))
            })?,
            None => self.weighed(&direct, None, row),
        };
        self.blended(direct.nearness(), weighed, shared, row, trees)
    }

    /// As [`answer`](Self::answer), where the curves are there already.
    pub(crate) fn blend(&self, along: &Along<'_>, shared: &Shared, row: &Row, trees: f64) -> Option<Blend> {
        self.blended(along.direct.nearness(), along.weighed(row), shared, row, trees)
    }

    fn blended(&self, nearness: f64, weighed: f64, shared: &Shared, row: &Row, trees: f64) -> Option<Blend> {
        let rate = self.rate_of(row);
        if rate.is_nan() {
            return None;
        }
        let shares = self.share + self.crf_share;
        let curves = weighed / if shares > 0.0 { shares } else { 1.0 };
        let value = weighed + self.of_trees() * trees;
        let mut inputs = self.direct.inputs(shared.inputs(row))?;
        let count = self.direct.columns.len();
        (inputs[count], inputs[count + 1]) = (disagreement(curves, trees, self.floor), value);
        let scale = self.errors.value(&inputs[..count + 2], rate).exp().max(self.floor);
        let novelty = (self.near / nearness.max(f64::MIN_POSITIVE)).log2().max(0.0);
        Some(Blend { value, scale, novelty })
    }

    /// Where a row lies on the direct curve; NaN when it is not known.
    fn rate_of(&self, row: &Row) -> f64 {
        f64::from(row[self.direct.rate as usize])
    }

    /// The share of the forecast that the curves make, times what they say at the rate of a row.
    fn weighed(&self, direct: &Curve, over_crf: Option<(&Curve, &Curve, Warp)>, row: &Row) -> f64 {
        let direct = match self.share > 0.0 {
            true => self.direct.warp.back(direct.at(self.rate_of(row))),
            false => 0.0,
        };
        let over_crf = over_crf.map_or(0.0, |(size, value, warp)| {
            let crf = size.rate_of(f64::from(row[Column::Log2Bitrate as usize]));
            self.crf_share * warp.back(value.at(crf))
        });
        self.share * direct + over_crf
    }

    /// The share of the trees.
    fn of_trees(&self) -> f64 {
        let share = 1.0 - self.share - self.crf_share;
        // What is left of 1 by rounding is nothing.
        if share > 1e-9 { share } else { 0.0 }
    }

    pub(crate) fn fields(&self) -> FieldSet {
        Column::fields_of(self.direct.columns.iter().copied().chain([self.direct.rate]))
    }
}

/// What each column gives to curves. None of these moves with the rate.
pub(crate) struct CurveInputs {
    values: [f64; Column::COUNT],
    /// Columns, a bit each, that are unknown and can't be replaced.
    lacking: u64,
}

impl CurveInputs {
    pub(crate) fn of(row: &Row) -> CurveInputs {
        let mut inputs = CurveInputs { values: [f64::NAN; Column::COUNT], lacking: 0 };
        for (value, &column) in inputs.values.iter_mut().zip(Column::ALL) {
            match input_of(row, column) {
                Some(input) => *value = input,
                None => inputs.lacking |= 1 << column as u8,
            }
        }
        inputs
    }
}

/// What the models of one request have in common: the inputs of curves, and of several that go over it, the curve of the
/// bitrate against CRF.
#[derive(Default)]
pub(crate) struct Shared {
    inputs: OnceCell<CurveInputs>,
    size: OnceCell<(*const ColumnCurves, Option<Curve>)>,
}

impl Shared {
    fn inputs(&self, row: &Row) -> &CurveInputs {
        self.inputs.get_or_init(|| CurveInputs::of(row))
    }

    /// Looks at the curve of the bitrate against CRF; `None` when it can't be had.
    fn with_size<T>(
        &self,
        curves: &Arc<ColumnCurves>,
        known: &CurveInputs,
        look: impl FnOnce(&Curve) -> Option<T>,
    ) -> Option<T> {
        let (of, curve) = self.size.get_or_init(|| (Arc::as_ptr(curves), curves.curve(known)));
        match *of == Arc::as_ptr(curves) {
            true => look(curve.as_ref()?),
            false => look(&curves.curve(known)?),
        }
    }
}

/// The curves of one request.
pub(crate) struct Along<'a> {
    smooth: &'a Smooth,
    direct: Curve,
    over_crf: Option<(Curve, Curve, Warp)>,
}

impl Along<'_> {
    /// Where a row lies on the direct curve; NaN when it is not known.
    pub(crate) fn rate_of(&self, row: &Row) -> f64 {
        self.smooth.rate_of(row)
    }

    fn weighed(&self, row: &Row) -> f64 {
        let over_crf = self.over_crf.as_ref().map(|(size, value, warp)| (size, value, *warp));
        self.smooth.weighed(&self.direct, over_crf, row)
    }

    /// The forecast at the rate of a row, beside what the trees say there.
    pub(crate) fn value(&self, row: &Row, trees: f64) -> f64 {
        self.weighed(row) + self.smooth.of_trees() * trees
    }

    /// What the trees must say at the rate of a row for the forecast to reach a target; they have a share.
    pub(crate) fn left_to_trees(&self, row: &Row, target: f64) -> f64 {
        (target - self.weighed(row)) / self.smooth.of_trees()
    }

    /// Whether the trees have a share of the forecast.
    pub(crate) fn needs_trees(&self) -> bool {
        self.smooth.of_trees() > 0.0
    }
}

/// How far curves and trees disagree, as an input of the curves of errors.
pub(crate) fn disagreement(curves: f64, trees: f64, floor: f64) -> f64 {
    ((curves - trees).abs() + floor).ln()
}

/// The input that a column gives to curves. What is unknown of content and probe can't be replaced: `None`. A source
/// of unknown size counts as unscaled; of the rest the training's mean stands in (NaN says so to the curves).
pub(crate) fn input_of(row: &Row, column: Column) -> Option<f64> {
    let value = row[column as usize];
    if !value.is_nan() {
        return Some(column.curve_input(value));
    }
    match (column, column.group()) {
        (Column::Log2Downscale, _) => Some(0.0),
        (_, Group::Content | Group::Probe | Group::ProbeVmaf) => None,
        (column, Group::Encoder) if !matches!(column, Column::PresetSpeed | Column::Log2Threads) => None,
        _ => Some(f64::NAN),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warps_are_inverse_and_rise() {
        for (warp, top) in [(Warp::Logit, 100.0), (Warp::Complement, 1.0), (Warp::None, 60.0)] {
            let values: Vec<f64> = (0..=50).map(|step| top * f64::from(step) / 50.0).collect();
            for &value in &values {
                assert!((warp.back(warp.forward(value)) - value).abs() < 1e-9 * top, "{warp:?} {value}");
            }
            assert!(values.windows(2).all(|pair| warp.forward(pair[0]) < warp.forward(pair[1])));
            assert!(warp.back(1e6).is_finite() && warp.back(50.0) > warp.back(0.0));
        }
    }
}
