//! Figures of a model on measured rows: the numbers that `encast evaluate` prints, in its JSON's form.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::options::{Given, Tier};

/// How the intervals of one target did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IntervalFigures {
    /// The promised probability.
    pub nominal: f64,
    /// Share of rows whose measured value lies in the interval.
    pub coverage: f64,
    /// The same share in the worst title.
    pub title_coverage_min: f64,
    /// Mean width, in the target's unit.
    pub mean_width: f64,
    /// Of amounts (size, times, memory …): the mean width of the base-2 logarithm, in octaves; every row weighs the same.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub mean_width_log2: Option<f64>,
    /// Smallest share of the cells (codec × size) with at least 100 rows, and which one; absent without such a cell.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub worst_cell: Option<CellFigures>,
}

/// Errors and intervals of one cell: a codec and a range of sizes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CellFigures {
    /// The codec and the encoded heights, in words.
    pub cell: String,
    /// Rows judged in it.
    pub rows: usize,
    /// Titles that they are of.
    pub titles: usize,
    /// Mean absolute error.
    pub mae: f64,
    /// Share of rows whose measured value lies in the interval.
    pub coverage: f64,
}

/// Errors of one title.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TitleFigures {
    /// The title.
    pub title: String,
    /// Rows judged.
    pub rows: usize,
    /// Mean absolute error.
    pub mae: f64,
    /// Mean error: above 0 where forecasts are too high.
    pub bias: f64,
}

/// Errors of a tenth of the rows, by confidence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConfidenceFigures {
    /// Mean confidence.
    pub confidence: f64,
    /// Rows.
    pub rows: usize,
    /// Mean absolute error.
    pub mae: f64,
    /// Share of rows within one just-noticeable difference: ±6 VMAF.
    pub within_6: f64,
}

/// Where the errors lie: by cell, by title, by confidence.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Breakdown {
    /// By codec and size.
    pub cells: Vec<CellFigures>,
    /// The titles with the largest mean error, worst first, at most ten.
    pub worst_titles: Vec<TitleFigures>,
    /// Tenths of the rows from the least to the most confident; VMAF alone.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub by_confidence: Vec<ConfidenceFigures>,
}

/// Error of one target. Figures that make no sense for a target are absent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TargetFigures {
    /// Rows judged: those that measure the target and got a forecast.
    pub rows: usize,
    /// Coefficient of determination.
    pub r2: f64,
    /// Mean absolute error.
    pub mae: f64,
    /// Root of the mean squared error.
    pub rmse: f64,
    /// Mean absolute error of always answering the mean of the judged rows.
    pub mae_of_mean: f64,
    /// Share of rows within ±2 (VMAF).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub within_2: Option<f64>,
    /// Share of rows within ±0.5 dB (PSNR).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub within_half_db: Option<f64>,
    /// Coefficient of determination of the logarithm.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub r2_log: Option<f64>,
    /// Mean absolute error of the base-2 logarithm.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub mae_log2: Option<f64>,
    /// Mean absolute error relative to the measured value.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub mape: Option<f64>,
    /// Median absolute error relative to the measured value.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub median_ape: Option<f64>,
    /// How the intervals did.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub interval: Option<IntervalFigures>,
    /// Where the errors lie.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub breakdown: Option<Breakdown>,
}

/// The judge's verdict: figures by target. Serialises to the JSON of `encast evaluate`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Rows read.
    pub rows: usize,
    /// Titles read.
    pub titles: usize,
    /// `model`, or `title-5-fold`.
    pub split: String,
    /// The tier that inputs were masked to.
    pub tier: Tier,
    /// With the tier `anchor`: how many measured rows of a title its other rows were given.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub anchors: Option<usize>,
    /// With the tier `anchor`: the tier of what was known beside the anchors.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub beside: Option<Tier>,
    /// The rate setting that was given; the other was masked.
    pub given: Given,
    /// Figures by name of target.
    pub targets: BTreeMap<String, TargetFigures>,
    /// Rows left out, with the reason and how many.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub excluded: BTreeMap<String, usize>,
}
