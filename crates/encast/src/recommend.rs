//! The cheapest bitrate or CRF whose forecast VMAF reaches a target: the exact inverse of the forecast.

use crate::{
    assurance::ASSURANCES,
    bundle::Model,
    cost::Work,
    error::{Error, Result},
    features::PredictionFeatures,
    field::Field,
    options::{Given, PredictOptions, RecommendOptions},
    point::{Line, Point},
    predict::Asked,
    result::Estimate,
    scan::{Scan, beyond_limits, bitrates, halve, scan},
    smallest_bitrate::{PRECISION, by_forecast},
    target::Target,
};

/// A setting, and what is forecast there.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Choice {
    /// The bitrate, kbit/s, or the CRF: what was searched for.
    pub setting: f64,
    /// The forecast VMAF there.
    pub vmaf: Estimate,
    /// What is held against the target: the lower bound that holds with the assurance asked for; without one, the
    /// forecast.
    pub assured_vmaf: f64,
}

/// What an encode may not exceed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Limit {
    /// `max_encode_seconds`.
    EncodeSeconds = 0,
    /// `max_cost_usd`.
    CostUsd = 1,
    /// `max_energy_kwh`.
    EnergyKwh = 2,
    /// `max_co2_kg`.
    Co2Kg = 3,
}

impl Limit {
    /// All limits.
    pub const ALL: [Limit; Limit::COUNT] = [Limit::EncodeSeconds, Limit::CostUsd, Limit::EnergyKwh, Limit::Co2Kg];

    /// How many limits there are.
    pub const COUNT: usize = 4;

    /// What is limited.
    pub const fn target(self) -> Target {
        match self {
            Limit::EncodeSeconds => Target::EncodeSeconds,
            Limit::CostUsd => Target::CostUsd,
            Limit::EnergyKwh => Target::EnergyKwh,
            Limit::Co2Kg => Target::Co2Kg,
        }
    }

    /// `encode_seconds`, `cost_usd`, `energy_kwh` or `co2_kg`.
    pub const fn name(self) -> &'static str {
        self.target().name()
    }

    pub(crate) fn allowed(self, options: &RecommendOptions) -> Option<f64> {
        match self {
            Limit::EncodeSeconds => options.max_encode_seconds,
            Limit::CostUsd => options.max_cost_usd,
            Limit::EnergyKwh => options.max_energy_kwh,
            Limit::Co2Kg => options.max_co2_kg,
        }
    }

    pub(crate) fn forecast(self, point: &Point) -> Option<f64> {
        point.limited[self as usize]
    }
}

/// A limit on time, cost, energy or carbon that stands against the target.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OverLimit {
    /// The limit that is exceeded (of several, the one by the greatest factor).
    pub limit: Limit,
    /// What it allows, in the unit of its target.
    pub allowed: f64,
    /// What is forecast at `needed`.
    pub forecast: f64,
    /// The cheapest setting that reaches the target, were it not for the limits. Where none does and no setting keeps
    /// the limits: the one that exceeds them least.
    pub needed: Choice,
    /// The best setting within the limits; `None` when none keeps them.
    pub best: Option<Choice>,
}

/// The answer of a search.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Recommendation {
    /// A setting within the limits reaches the target. This is the cheapest: the smallest bitrate, to 0.1 % or better, or
    /// the highest CRF.
    Reached(Choice),
    /// No allowed setting reaches the target. This is the best that is reachable: without assurance and limits at the
    /// highest allowed bitrate; otherwise, and of a CRF, at the cheapest setting that has it.
    Unreachable(Choice),
    /// A setting would reach the target, or at least be allowed, but for a limit on time, cost, energy or carbon.
    OverLimit(OverLimit),
}

impl Recommendation {
    /// The recommended setting, where there is one.
    pub fn reached(&self) -> Option<Choice> {
        match self {
            Recommendation::Reached(choice) => Some(*choice),
            _ => None,
        }
    }

    /// The recommended setting; without one the best that is reachable within the limits, where there is one.
    pub fn best(&self) -> Option<Choice> {
        match self {
            Recommendation::Reached(choice) | Recommendation::Unreachable(choice) => Some(*choice),
            Recommendation::OverLimit(over) => over.best,
        }
    }
}

impl Choice {
    fn of(point: &Point) -> Choice {
        Choice { setting: point.setting, vmaf: point.vmaf, assured_vmaf: point.assured }
    }
}

/// Finds the smallest bitrate whose forecast VMAF reaches `options.target_vmaf`.
///
/// `bitrate_kbps` and `crf` of the request are not looked at; everything else is. The forecast never falls when the
/// bitrate rises, so the answer is exact: the forecast at the recommended bitrate reaches the target, and 0.1 % below
/// it does not (unless that is the lowest allowed bitrate). With an assurance or a limit see [`recommend`].
///
/// # Errors
/// As [`recommend`].
pub fn recommend_bitrate(
    features: &PredictionFeatures,
    model: &Model,
    options: &RecommendOptions,
) -> Result<Recommendation> {
    let options = PredictOptions { recommend: *options, ..PredictOptions::default() };
    recommend(features, model, Given::Bitrate, &options)
}

/// Finds the highest whole CRF whose forecast VMAF reaches `options.target_vmaf`: VMAF never rises with the CRF, and the
/// bitrate falls. Exact: every allowed CRF above the answer misses.
///
/// # Errors
/// As [`recommend`].
pub fn recommend_crf(
    features: &PredictionFeatures,
    model: &Model,
    options: &RecommendOptions,
) -> Result<Recommendation> {
    recommend(features, model, Given::Crf, &PredictOptions { recommend: *options, ..PredictOptions::default() })
}

/// Finds the cheapest bitrate or CRF that reaches the target with the assurance asked for, within the limits.
///
/// A lower bound, a time or a cost need not be monotone in the setting, though the forecast VMAF is. So CRFs are all
/// tried, from the highest. Bitrates are tried from the lowest, 64 to an octave; between the first that holds and the
/// one before it, which does not, the search halves until they are 0.1 % apart: the answer holds, and a bitrate 0.1 %
/// lower does not. (A stretch of bitrates that hold which is narrower than 1.1 % may be passed over.)
///
/// # Errors
/// Those of [`PredictOptions::check`], of [`PredictionFeatures::check`] but for the missing bitrate;
/// [`Error::NotPredicted`] when the model forecasts no VMAF from this rate setting, or not what is limited;
/// [`Error::MissingField`] for a CRF without a codec; [`Error::InvalidField`] when no whole CRF is allowed, or one that
/// the encoder does not have.
pub fn recommend(
    features: &PredictionFeatures,
    model: &Model,
    given: Given,
    options: &PredictOptions,
) -> Result<Recommendation> {
    let mut line = Line::new(features, model, given, options)?;
    let limits = &options.recommend;
    match given {
        Given::Bitrate if limits.of_forecast_alone() => {
            let features = PredictionFeatures { bitrate_kbps: None, crf: None, ..features.clone() };
            // The interval there is widened by the bitrate's own distance too.
            match by_forecast(&Asked::new(&features, model, options)?, limits)? {
                Some(Recommendation::Reached(choice)) => {
                    Ok(Recommendation::Reached(Choice::of(&line.at(choice.setting)?)))
                }
                _ => Ok(Recommendation::Unreachable(Choice::of(&line.at(limits.max_bitrate_kbps)?))),
            }
        }
        Given::Bitrate => by_bitrate(&mut line, limits),
        Given::Crf => {
            let (lowest, highest) = crf_range(features, model, limits)?;
            let whole = (lowest..=highest).rev().map(f64::from);
            let found = scan(whole, limits, |crf| line.at(crf))?;
            verdict(found, limits, |point, _, _| Ok(point))
        }
    }
}

/// Bitrates that are tried in an octave where the forecast alone does not decide.
const IN_AN_OCTAVE: f64 = 64.0;

fn by_bitrate(line: &mut Line, limits: &RecommendOptions) -> Result<Recommendation> {
    let tried = bitrates(limits.min_bitrate_kbps, limits.max_bitrate_kbps, IN_AN_OCTAVE);
    let found = scan(tried, limits, |kbps| line.at(kbps))?;
    verdict(found, limits, |point, before, holds| match before {
        Some(low) => halve(low, point, PRECISION, |kbps| line.at(kbps), holds),
        None => Ok(point),
    })
}

/// What a scan's findings mean. `refine` moves a point that holds towards the setting before it, which does not.
fn verdict(
    found: Scan,
    limits: &RecommendOptions,
    mut refine: impl FnMut(Point, Option<f64>, &dyn Fn(&Point) -> bool) -> Result<Point>,
) -> Result<Recommendation> {
    let reaches = |point: &Point| point.assured >= limits.target_vmaf;
    if let Some((point, before)) = found.first {
        let holds = |point: &Point| reaches(point) && beyond_limits(point, limits).is_none();
        return Ok(Recommendation::Reached(Choice::of(&refine(point, before, &holds)?)));
    }
    let needed = match (found.without_limits, found.best, found.nearest) {
        (Some((point, before)), _, _) => Some(refine(point, before, &reaches)?),
        (None, None, nearest) => nearest,
        (None, Some(_), _) => None,
    };
    let best = found.best.map(|point| Choice::of(&point));
    let over = needed.and_then(|needed| Some((needed, beyond_limits(&needed, limits)?.0)));
    match (over, best) {
        (Some((needed, limit)), best) => Ok(Recommendation::OverLimit(OverLimit {
            limit,
            allowed: limit.allowed(limits).unwrap_or(f64::NAN),
            forecast: limit.forecast(&needed).unwrap_or(f64::NAN),
            needed: Choice::of(&needed),
            best,
        })),
        (None, Some(best)) => Ok(Recommendation::Unreachable(best)),
        // Every point keeps the limits or does not, and there is one at least: bounds were checked.
        (None, None) => Err(Error::NotPredicted { target: Target::Vmaf, reason: "no setting is allowed".to_owned() }),
    }
}

/// The lowest and highest whole CRF that may be recommended.
pub(crate) fn crf_range(features: &PredictionFeatures, model: &Model, options: &RecommendOptions) -> Result<(u8, u8)> {
    let of_codec = features.codec_known().map(|codec| codec.crf_range());
    let (lowest, highest) = features.encoder.map(|encoder| encoder.crf_range()).or(of_codec).unwrap_or((0.0, 63.0));
    let seen = model.ranges[Field::Crf as usize].unwrap_or((lowest, highest));
    for (field, asked) in [("min_crf", options.min_crf), ("max_crf", options.max_crf)] {
        if let Some(value) = asked.filter(|value| !(lowest..=highest).contains(value)) {
            let bound = format!("from {lowest} to {highest}, the encoder's range");
            return Err(Error::InvalidField { field, value: value.to_string(), bound });
        }
    }
    let min = options.min_crf.unwrap_or(lowest.max(seen.0).min(highest)).ceil();
    let max = options.max_crf.unwrap_or(highest.min(seen.1).max(lowest)).floor();
    if min > max {
        let bound = format!("at least {min}: a whole CRF is needed from min_crf to max_crf");
        return Err(Error::InvalidField { field: "max_crf", value: max.to_string(), bound });
    }
    Ok((min as u8, max as u8))
}

impl RecommendOptions {
    /// Checks target, assurance and limits.
    ///
    /// # Errors
    /// [`Error::InvalidField`].
    pub fn check(&self) -> Result<()> {
        let (lowest, highest) = Field::BitrateKbps.hard_bounds();
        let check = |field, value: f64, holds: bool, bound: std::fmt::Arguments| match holds && value.is_finite() {
            true => Ok(()),
            false => Err(Error::InvalidField { field, value: value.to_string(), bound: bound.to_string() }),
        };
        let target = self.target_vmaf;
        check("target_vmaf", target, target > 0.0 && target <= 100.0, format_args!("above 0 and at most 100"))?;
        let (min, max) = (self.min_bitrate_kbps, self.max_bitrate_kbps);
        let within = format_args!("a finite number from {lowest} to {highest}");
        check("min_bitrate_kbps", min, (lowest..=highest).contains(&min), within)?;
        let within = format_args!("a finite number from min_bitrate_kbps = {min} to {highest}");
        check("max_bitrate_kbps", max, max >= min && max <= highest, within)?;
        let (lowest, highest) = Field::Crf.hard_bounds();
        for (field, crf) in [("min_crf", self.min_crf), ("max_crf", self.max_crf)] {
            let within = format_args!("a finite number from {lowest} to {highest}");
            crf.map_or(Ok(()), |crf| check(field, crf, (lowest..=highest).contains(&crf), within))?;
        }
        if let (Some(min), Some(max)) = (self.min_crf, self.max_crf) {
            check("max_crf", max, max >= min, format_args!("at least min_crf = {min}"))?;
        }
        if let Some(assurance) = self.assurance {
            let (lowest, highest) = ASSURANCES;
            let within = format_args!("a probability from {lowest} to {highest}");
            check("assurance", assurance, (lowest..=highest).contains(&assurance), within)?;
        }
        let limits = [
            ("max_encode_seconds", self.max_encode_seconds),
            ("max_cost_usd", self.max_cost_usd),
            ("max_energy_kwh", self.max_energy_kwh),
            ("max_co2_kg", self.max_co2_kg),
        ];
        for (field, limit) in limits {
            let above = format_args!("a finite number above 0");
            limit.map_or(Ok(()), |limit| check(field, limit, limit > 0.0, above))?;
        }
        Ok(())
    }
}

/// Probabilities that an interval may promise.
const LEVELS: (f64, f64) = (0.1, 0.98);

impl PredictOptions {
    /// Checks the search's target and limits, the profile, the correction, and what a site charges for.
    ///
    /// # Errors
    /// [`Error::InvalidField`].
    pub fn check(&self) -> Result<()> {
        if !(LEVELS.0..=LEVELS.1).contains(&self.level) {
            let bound = format!("a probability from {} to {}", LEVELS.0, LEVELS.1);
            return Err(Error::InvalidField { field: "level", value: self.level.to_string(), bound });
        }
        self.recommend.check()?;
        Work { months_stored: self.months_stored, deliveries: self.deliveries, ..Work::of_cpu_seconds(0.0, 1.0) }
            .check()?;
        self.correction.check()?;
        self.profile.as_ref().map_or(Ok(()), |profile| profile.check())
    }
}
