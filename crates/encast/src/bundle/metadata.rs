//! What a bundle says of itself.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::{
    bundle::TrainingShares,
    codec::{Codec, Encoder},
    cost::ResourceProfile,
    error::{Error, Result},
    evaluation::TargetFigures,
    machines::Machines,
    options::{Given, ModelKind, TableProvenance, Tier},
    target::Target,
    tuning::Tuning,
};

/// Range of one input over the training rows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Range {
    /// Smallest value seen.
    pub min: f64,
    /// Largest value seen.
    pub max: f64,
}

/// The two figures that stand at the top of every bundle: by title, richest tier, bitrate given.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct HeadlineMetrics {
    /// R² of VMAF; `None` when the bundle does not predict it from a bitrate.
    pub vmaf_r2: Option<f64>,
    /// R² of PSNR.
    pub psnr_r2: Option<f64>,
}

/// Figures of one target at one tier, on titles that the judged fit had not seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TierFigures {
    /// What is forecast.
    pub target: Target,
    /// What was known.
    pub tier: Tier,
    /// Which rate setting was given.
    pub given: Given,
    /// `title-out-of-member` (each row judged by the one member that left its title out: somewhat worse than the mean
    /// of all members, which folds judge), `title-out-of-fit` (the same beside curves that were learnt without the title) or
    /// `title-out-of-bag`.
    pub split: String,
    /// The figures.
    pub figures: TargetFigures,
}

/// A target that the training rows measured, but that could not be learnt from them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotLearnt {
    /// The target.
    pub target: Target,
    /// Why not.
    pub reason: String,
}

/// A model that another library trained, and that was taken into a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportedModel {
    /// What it forecasts.
    pub target: Target,
    /// From which rate setting.
    pub given: Given,
    /// Groups of inputs that a request must know to be answered by it.
    pub known: Vec<String>,
    /// `lightgbm`, `xgboost-json`, `xgboost-ubjson` or `onnx`.
    pub format: String,
    /// Name of the file that it was read from.
    pub file: String,
    /// SHA-256 of that file.
    pub sha256: String,
    /// What it was trained for, by its library's name; empty where its format does not tell.
    pub objective: String,
    /// The columns that its trees look at, each with the name that its library has for it.
    pub columns: BTreeMap<String, String>,
    /// Tables that its intervals were calibrated on, and its figures judged on.
    pub calibrated_on: Vec<TableProvenance>,
}

/// What a bundle says of itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Metadata {
    /// Format version of the bundle.
    pub format_version: u32,
    /// Version of the model.
    pub version: String,
    /// When it was trained: RFC 3339, UTC.
    pub trained_at: String,
    /// Headline figures.
    pub metrics: HeadlineMetrics,
    /// Rows trained on.
    pub rows: usize,
    /// Titles trained on.
    pub titles: usize,
    /// Tables trained on.
    pub tables: Vec<TableProvenance>,
    /// The learner.
    pub model_kind: ModelKind,
    /// Its sizes; not written where they are the default.
    #[serde(default, skip_serializing_if = "Tuning::is_default")]
    pub tuning: Tuning,
    /// Seed of the training.
    pub seed: u64,
    /// Range of each numeric input over the training rows, by name; an input without one was never seen.
    pub ranges: BTreeMap<String, Range>,
    /// Codecs seen.
    pub codecs: Vec<Codec>,
    /// Encoders seen.
    pub encoders: Vec<Encoder>,
    /// Presets seen, by name.
    pub presets: Vec<String>,
    /// Presets seen of each encoder; not written where no row named both, and in bundles of earlier versions.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub presets_of: BTreeMap<Encoder, Vec<String>>,
    /// Figures by target, tier and rate setting.
    pub figures: Vec<TierFigures>,
    /// Targets that were measured, but not learnt.
    pub not_learnt: Vec<NotLearnt>,
    /// How the probe was encoded.
    pub probe_recipe: Option<String>,
    /// Name of the VMAF model behind the labels.
    pub vmaf_model: Option<String>,
    /// Prices and carbon factors, used where cost and carbon were not learnt.
    pub profile: Option<ResourceProfile>,
    /// Licence of the bundle.
    pub licence: Option<String>,
    /// Machines that the tables named, and how they compare; not written where there were none.
    #[serde(default, skip_serializing_if = "Machines::is_empty")]
    pub machines: Machines,
    /// Models that other libraries trained; not written where there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub imported: Vec<ImportedModel>,
    /// How the training rows are spread over the values of their inputs; not written where it is not known, as in
    /// bundles of earlier versions.
    #[serde(default, skip_serializing_if = "TrainingShares::is_empty")]
    pub shares: TrainingShares,
}

impl Metadata {
    /// `trained_at` as Unix seconds.
    pub fn trained_at_unix(&self) -> i64 {
        OffsetDateTime::parse(&self.trained_at, &Rfc3339).map_or(0, OffsetDateTime::unix_timestamp)
    }

    /// Whether a preset was seen: of this encoder, as far as the bundle tells them apart.
    pub fn saw_preset(&self, encoder: Option<Encoder>, preset: &str) -> bool {
        let seen = encoder.filter(|_| !self.presets_of.is_empty()).map(|encoder| self.presets_of.get(&encoder));
        let seen = seen.map_or(self.presets.as_slice(), |of| of.map_or(&[], Vec::as_slice));
        seen.iter().any(|name| name == preset)
    }

    /// Checks what was loaded.
    pub(crate) fn check(&self) -> Result<()> {
        if OffsetDateTime::parse(&self.trained_at, &Rfc3339).is_err() {
            return Err(Error::corrupt(format!("trained_at = '{}' is not an RFC 3339 time", self.trained_at)));
        }
        for (name, range) in &self.ranges {
            if !(range.min.is_finite() && range.max.is_finite() && range.min <= range.max) {
                return Err(Error::corrupt(format!("range of {name}: {} to {}", range.min, range.max)));
            }
        }
        self.machines.check()?;
        self.shares.check()?;
        self.profile
            .as_ref()
            .map_or(Ok(()), |profile| profile.check().map_err(|error| Error::corrupt(format!("profile: {error}"))))
    }
}

/// Unix seconds as RFC 3339; seconds outside of the years 0–9999 count as the epoch.
pub(crate) fn trained_at_text(unix: i64) -> String {
    OffsetDateTime::from_unix_timestamp(unix)
        .ok()
        .and_then(|time| time.format(&Rfc3339).ok())
        .unwrap_or_else(|| "1970-01-01T00:00:00Z".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_as_text() {
        assert_eq!(trained_at_text(1_763_683_200), "2025-11-21T00:00:00Z");
        assert_eq!(trained_at_text(i64::MAX), "1970-01-01T00:00:00Z");
    }
}
