//! What a caller may choose: tiers, what is given, targets to reach, limits, training settings — with their defaults.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    calibration::NOMINAL,
    correction::Correction,
    cost::{ResourceProfile, Site},
    error::{Error, Result},
    field::Group,
    recommend::Limit,
    target::Target,
    tuning::Tuning,
};

/// What a forecast may know; each tier includes the ones before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, Default)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    /// Codec, preset, size, rate, bitrate or CRF, frame drop, motion intensity.
    Settings,
    /// Also the complexity of the source.
    Content,
    /// Also one short trial encode.
    #[default]
    Probe,
    /// Also measured results of earlier encodes of the same title. No model is trained for it: anchors correct the
    /// forecast of whichever model answers.
    Anchor,
}

impl Tier {
    /// The tiers that models are trained for, from the least known.
    pub const ALL: [Tier; 3] = [Tier::Settings, Tier::Content, Tier::Probe];

    /// `settings`, `content`, `probe` or `anchor`.
    pub const fn name(self) -> &'static str {
        match self {
            Tier::Settings => "settings",
            Tier::Content => "content",
            Tier::Probe => "probe",
            Tier::Anchor => "anchor",
        }
    }

    /// The tier with that name; an error lists the known ones.
    pub fn from_name(name: &str) -> Result<Tier> {
        Tier::ALL.into_iter().chain([Tier::Anchor]).find(|tier| tier.name() == name).ok_or_else(|| Error::UnknownName {
            field: "tier",
            value: name.to_owned(),
            known: "settings, content, probe, anchor".to_owned(),
        })
    }

    /// Whether the tier knows this group of inputs.
    pub const fn knows(self, group: Group) -> bool {
        match group {
            Group::Job | Group::Encoder | Group::Motion => true,
            Group::Content => !matches!(self, Tier::Settings),
            Group::Probe | Group::ProbeVmaf => matches!(self, Tier::Probe | Tier::Anchor),
        }
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Which rate setting a forecast starts from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, Default)]
#[serde(rename_all = "lowercase")]
pub enum Given {
    /// The bitrate; CRF unknown.
    #[default]
    Bitrate,
    /// The CRF; the bitrate is forecast.
    Crf,
}

impl Given {
    /// Both.
    pub const ALL: [Given; 2] = [Given::Bitrate, Given::Crf];

    /// `bitrate` or `crf`.
    pub const fn name(self) -> &'static str {
        match self {
            Given::Bitrate => "bitrate",
            Given::Crf => "crf",
        }
    }

    /// From its name; an error lists the known ones.
    pub fn from_name(name: &str) -> Result<Given> {
        Given::ALL.into_iter().find(|given| given.name() == name).ok_or_else(|| Error::UnknownName {
            field: "given",
            value: name.to_owned(),
            known: "bitrate, crf".to_owned(),
        })
    }
}

impl fmt::Display for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// VMAF that [`crate::recommend_bitrate`] aims at when none is asked for.
pub const DEFAULT_TARGET_VMAF: f64 = 93.0;

/// Limits and target of a search for a bitrate or a CRF.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RecommendOptions {
    /// VMAF to reach, above 0 and at most 100. Default [`DEFAULT_TARGET_VMAF`].
    pub target_vmaf: f64,
    /// Lowest bitrate that may be recommended, kbit/s. Default 100.
    pub min_bitrate_kbps: f64,
    /// Highest bitrate that may be recommended, kbit/s. Default 50000.
    pub max_bitrate_kbps: f64,
    /// Lowest CRF that may be recommended, on the encoder's scale. Default `None`: the lowest that the encoder has,
    /// no lower than the model saw.
    pub min_crf: Option<f64>,
    /// Highest CRF that may be recommended. Default `None`: the highest that the encoder has, no higher than the model
    /// saw.
    pub max_crf: Option<f64>,
    /// Probability, 0.5–0.99, with which the true VMAF shall reach the target: then the lower bound that holds with
    /// this probability has to reach it, not the forecast. Default `None`: the forecast. Such a search, like one with a
    /// limit on time, cost, energy or carbon, takes some hundred forecasts instead of about four.
    pub assurance: Option<f64>,
    /// The forecast `encode_seconds` of the job at the recommended setting is at most this. Default `None`: any.
    pub max_encode_seconds: Option<f64>,
    /// The forecast `cost_usd` of the job at the recommended setting is at most this. Default `None`: any.
    pub max_cost_usd: Option<f64>,
    /// The forecast `energy_kwh` of the job at the recommended setting is at most this. Default `None`: any.
    pub max_energy_kwh: Option<f64>,
    /// The forecast `co2_kg` of the job at the recommended setting is at most this. Default `None`: any.
    pub max_co2_kg: Option<f64>,
}

impl Default for RecommendOptions {
    fn default() -> Self {
        RecommendOptions {
            target_vmaf: DEFAULT_TARGET_VMAF,
            min_bitrate_kbps: 100.0,
            max_bitrate_kbps: 50_000.0,
            min_crf: None,
            max_crf: None,
            assurance: None,
            max_encode_seconds: None,
            max_cost_usd: None,
            max_energy_kwh: None,
            max_co2_kg: None,
        }
    }
}

impl RecommendOptions {
    /// Whether only the forecast VMAF counts: no assurance, and no limit on time, cost, energy or carbon.
    pub(crate) fn of_forecast_alone(&self) -> bool {
        self.assurance.is_none() && Limit::ALL.into_iter().all(|limit| limit.allowed(self).is_none())
    }
}

/// How a forecast is made.
#[derive(Debug, Clone, PartialEq)]
pub struct PredictOptions {
    /// Probability that the intervals promise, 0.1 to 0.98. Default [`NOMINAL`], 0.9.
    pub level: f64,
    /// For `recommended_bitrate_kbps`.
    pub recommend: RecommendOptions,
    /// Prices and carbon factors instead of those that the bundle carries. Only used where the bundle has no learnt
    /// model of the cost or the carbon.
    pub profile: Option<ResourceProfile>,
    /// Where the job runs: a machine in a region with its prices. Times, CPU percent, energy, cost and carbon are those of
    /// the site then, whatever the bundle learnt of cost and carbon; `profile` is not looked at. Default `None`.
    pub site: Option<Site>,
    /// Months that the encode is kept, 0 to 10⁴: a site charges for them. Default 0.
    pub months_stored: f64,
    /// How often the whole encode is sent to the internet, 0 to 10¹²: a site charges for it. Default 0.
    pub deliveries: f64,
    /// Whether a site charges the job its whole machine instead of the vCPUs that it has threads for. Default false.
    pub whole_machine: bool,
    /// What is added to forecasts before anything is made of them. Default: nothing.
    pub correction: Correction,
}

impl Default for PredictOptions {
    fn default() -> Self {
        PredictOptions {
            level: NOMINAL,
            recommend: RecommendOptions::default(),
            profile: None,
            site: None,
            months_stored: 0.0,
            deliveries: 0.0,
            whole_machine: false,
            correction: Correction::default(),
        }
    }
}

/// Which learner models the targets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
#[serde(rename_all = "lowercase")]
pub enum ModelKind {
    /// Gradient boosting, five members by title.
    Boosting,
    /// Random forest, bootstrapped by title.
    Forest,
    /// Smooth curves over the rate beside gradient boosting, each weighed by its error on unseen titles. Lowest error
    /// on unseen titles on every table measured so far.
    #[default]
    Blend,
}

impl ModelKind {
    /// All kinds.
    pub const ALL: [ModelKind; 3] = [ModelKind::Boosting, ModelKind::Forest, ModelKind::Blend];

    /// `boosting`, `forest` or `blend`.
    pub const fn name(self) -> &'static str {
        match self {
            ModelKind::Boosting => "boosting",
            ModelKind::Forest => "forest",
            ModelKind::Blend => "blend",
        }
    }

    /// From its name; an error lists the known ones.
    pub fn from_name(name: &str) -> Result<ModelKind> {
        ModelKind::ALL.into_iter().find(|kind| kind.name() == name).ok_or_else(|| Error::UnknownName {
            field: "model-kind",
            value: name.to_owned(),
            known: ModelKind::ALL.map(ModelKind::name).join(", "),
        })
    }
}

impl fmt::Display for ModelKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Where training rows came from; kept in the bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableProvenance {
    /// File name, without folders.
    pub name: String,
    /// Rows in it.
    pub rows: usize,
    /// Titles in it.
    pub titles: usize,
    /// SHA-256 of the file, hexadecimal.
    pub sha256: String,
}

/// How a model is trained, and what its bundle says of itself.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainOptions {
    /// Same rows, options and seed: the same model, whatever the number of threads. Default 1.
    pub seed: u64,
    /// Threads to train on; 0, the default, is all cores.
    pub threads: usize,
    /// The learner. Default [`ModelKind::Blend`].
    pub model_kind: ModelKind,
    /// Its sizes. The default is the rule by rows.
    pub tuning: Tuning,
    /// Targets to learn; empty, the default, is all that the rows measure.
    pub targets: Vec<Target>,
    /// The bundle's version. Default `0`.
    pub version: String,
    /// When the model was trained, Unix seconds. This crate reads no clock. Default 0.
    pub trained_at: i64,
    /// The tables that the rows came from.
    pub tables: Vec<TableProvenance>,
    /// Name of the VMAF model that the labels were made with.
    pub vmaf_model: Option<String>,
    /// How the probe was encoded.
    pub probe_recipe: Option<String>,
    /// Prices and carbon factors for models that learnt time but no cost.
    pub profile: Option<ResourceProfile>,
    /// Licence of the bundle.
    pub licence: Option<String>,
}

impl Default for TrainOptions {
    fn default() -> Self {
        TrainOptions {
            seed: 1,
            threads: 0,
            model_kind: ModelKind::default(),
            tuning: Tuning::default(),
            targets: Vec::new(),
            version: "0".to_owned(),
            trained_at: 0,
            tables: Vec::new(),
            vmaf_model: None,
            probe_recipe: None,
            profile: None,
            licence: None,
        }
    }
}

/// How far a training or an evaluation has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Fits done.
    pub done: usize,
    /// Fits in all.
    pub total: usize,
}
