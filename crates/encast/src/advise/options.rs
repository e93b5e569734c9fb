//! What the advisor is asked.

use std::fmt;

use crate::{
    codec::Encoder,
    error::{Error, Result},
    field::Field,
    ladder::Size,
    options::{DEFAULT_TARGET_VMAF, PredictOptions},
    recommend::Limit,
};

/// What proposals are ranked by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum RankBy {
    /// The time of the encode: `encode_seconds`, or `cpu_seconds` where the model forecasts no other.
    Time = 0,
    /// `cost_usd`.
    Cost = 1,
    /// `energy_kwh`.
    Energy = 2,
    /// `co2_kg`.
    Co2 = 3,
    /// `size_mb`.
    Size = 4,
}

impl RankBy {
    /// All of them.
    pub const ALL: [RankBy; 5] = [RankBy::Time, RankBy::Cost, RankBy::Energy, RankBy::Co2, RankBy::Size];

    /// `time`, `cost`, `energy`, `co2` or `size`.
    pub const fn name(self) -> &'static str {
        match self {
            RankBy::Time => "time",
            RankBy::Cost => "cost",
            RankBy::Energy => "energy",
            RankBy::Co2 => "co2",
            RankBy::Size => "size",
        }
    }

    /// From its name; an error lists the known ones.
    pub fn from_name(name: &str) -> Result<RankBy> {
        RankBy::ALL.into_iter().find(|by| by.name() == name).ok_or_else(|| Error::UnknownName {
            field: "rank_by",
            value: name.to_owned(),
            known: RankBy::ALL.map(RankBy::name).join(", "),
        })
    }
}

impl fmt::Display for RankBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Goal, limits, and what to choose from.
#[derive(Debug, Clone, PartialEq)]
pub struct AdviseOptions {
    /// VMAF to reach, above 0 and at most 100. Default 93. `None`: the best VMAF within the limits.
    pub target_vmaf: Option<f64>,
    /// The forecast size of the encode is at most this, MB (10⁶ bytes). Default `None`: any.
    pub max_size_mb: Option<f64>,
    /// What proposals are ranked by. Default `None`: the cost; without a forecast of it the time; without that the size.
    pub rank_by: Option<RankBy>,
    /// Encoders to choose from. Empty, the default: the request's; without one all that the model was taught (of the
    /// request's codec, where it names one).
    pub encoders: Vec<Encoder>,
    /// Presets to choose from, by the encoders' own names; each is tried with every encoder that has it. Empty, the
    /// default: the request's; without one all that the model was taught, each of its encoder (a bundle of an earlier version does
    /// not tell: there one that was taught for libx264 alone is tried with libx265 too).
    pub presets: Vec<String>,
    /// Encoded sizes to choose from, at most 64. Empty, the default: [`crate::usual_sizes`] of the source.
    pub sizes: Vec<Size>,
    /// VMAF from one of `steps` to the next, 0.1–50. Default 2.
    pub step_vmaf: f64,
    /// How many steps above the goal are looked at, at most 20; the one that leads up to it is always. Default 3.
    pub steps: usize,
    /// Level, profile, and in `recommend` the range of bitrates and CRFs, the assurance of the target, and the limits on
    /// time, cost, energy and carbon. Its `target_vmaf` is not looked at.
    pub predict: PredictOptions,
}

impl Default for AdviseOptions {
    fn default() -> Self {
        AdviseOptions {
            target_vmaf: Some(DEFAULT_TARGET_VMAF),
            max_size_mb: None,
            rank_by: None,
            encoders: Vec::new(),
            presets: Vec::new(),
            sizes: Vec::new(),
            step_vmaf: 2.0,
            steps: 3,
            predict: PredictOptions::default(),
        }
    }
}

/// Most sizes.
const MOST_SIZES: usize = 64;
/// Most steps.
const MOST_STEPS: usize = 20;

impl AdviseOptions {
    /// Checks every value.
    ///
    /// # Errors
    /// [`Error::InvalidField`]; [`Error::MissingField`] when there is neither a target nor a limit: then the answer would
    /// be the highest bitrate of all.
    pub fn check(&self) -> Result<()> {
        self.predict.check()?;
        let check = |field, value: f64, holds: bool, bound: &str| match holds && value.is_finite() {
            true => Ok(()),
            false => Err(Error::InvalidField { field, value: value.to_string(), bound: bound.to_owned() }),
        };
        if let Some(target) = self.target_vmaf {
            check("target_vmaf", target, target > 0.0 && target <= 100.0, "above 0 and at most 100")?;
        }
        if let Some(most) = self.max_size_mb {
            check("max_size_mb", most, most > 0.0, "a finite number above 0")?;
        }
        let step = self.step_vmaf;
        check("step_vmaf", step, (0.1..=50.0).contains(&step), "from 0.1 to 50")?;
        check("steps", self.steps as f64, self.steps <= MOST_STEPS, "at most 20")?;
        check("sizes", self.sizes.len() as f64, self.sizes.len() <= MOST_SIZES, "at most 64 sizes")?;
        for size in &self.sizes {
            for (field, side) in [(Field::ResolutionWidth, size.width), (Field::ResolutionHeight, size.height)] {
                let (lowest, highest) = field.hard_bounds();
                let side = f64::from(side);
                check(field.name(), side, (lowest..=highest).contains(&side), &format!("from {lowest} to {highest}"))?;
            }
        }
        let limits = &self.predict.recommend;
        let limited = self.max_size_mb.is_some()
            || limits.max_bitrate_kbps < PredictOptions::default().recommend.max_bitrate_kbps
            || Limit::ALL.into_iter().any(|limit| limit.allowed(limits).is_some());
        match self.target_vmaf.is_some() || limited {
            true => Ok(()),
            false => Err(Error::MissingField {
                field: "target_vmaf",
                needed: "give a VMAF to reach, or a limit on time, cost, energy, carbon, size or bitrate",
            }),
        }
    }
}
