//! The smallest bitrate whose forecast VMAF reaches a target: a search over a forecast that never falls with the bitrate.

use encast_trees::Crossing;

use crate::{
    anchored::AnchoredCurve,
    bundle::Model,
    columns::BitrateColumns,
    error::{Error, Result},
    features::PredictionFeatures,
    field::Field,
    options::{Given, PredictOptions, RecommendOptions},
    predict::Asked,
    result::Estimate,
    target::Target,
};

/// The answer of a search for a bitrate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Recommendation {
    /// A bitrate within the limits reaches the target.
    Reached {
        /// The smallest such bitrate, kbit/s, to 0.1 % or better; the forecast there does reach the target.
        bitrate_kbps: f64,
        /// The forecast VMAF there.
        estimate: Estimate,
    },
    /// No bitrate within the limits reaches the target.
    Unreachable {
        /// The highest allowed bitrate, kbit/s.
        bitrate_kbps: f64,
        /// The forecast VMAF there: the best that is reachable.
        best: Estimate,
    },
}

/// Finds the smallest bitrate whose forecast VMAF reaches `options.target_vmaf`.
///
/// `bitrate_kbps` and `crf` of the request are not looked at; everything else is. The forecast never falls when the
/// bitrate rises, so the answer is exact: the forecast at the recommended bitrate reaches the target, and 0.1 % below
/// it does not (unless that is the lowest allowed bitrate).
///
/// # Errors
/// Those of [`RecommendOptions::check`], of [`PredictionFeatures::check`] but for the missing bitrate, and
/// [`Error::NotPredicted`] when the model forecasts no VMAF from a bitrate.
pub fn recommend_bitrate(
    features: &PredictionFeatures,
    model: &Model,
    options: &RecommendOptions,
) -> Result<Recommendation> {
    features.check_values()?;
    options.check()?;
    let features = PredictionFeatures { bitrate_kbps: None, crf: None, ..features.clone() };
    search(&Asked::new(&features, model)?, options)?.ok_or_else(|| Error::NotPredicted {
        target: Target::Vmaf,
        reason: "no model of it from a bitrate was trained; train on rows with bitrate_kbps and vmaf".to_owned(),
    })
}

/// The search stops when the bracket's ends are closer than this ratio.
const PRECISION: f64 = 1.0005;

/// The search itself; `None` when the model forecasts no VMAF from a bitrate.
pub(crate) fn search(asked: &Asked, options: &RecommendOptions) -> Result<Option<Recommendation>> {
    let Some(variant) = asked.model.best(Target::Vmaf, Given::Bitrate, asked.known) else { return Ok(None) };
    if !asked.features.anchors.is_empty()
        && let Some(curve) = AnchoredCurve::of(asked, variant)?
    {
        return Ok(Some(curve.search(options)));
    }
    let columns = BitrateColumns::of(asked.features);
    let mut row = asked.row;
    let mut forecast = |bitrate_kbps: f64| {
        columns.set(&mut row, bitrate_kbps.log2());
        variant.flat.predict(&row)
    };
    let reaches = |value: f64| value.min(Target::Vmaf.bounds().1) >= options.target_vmaf;
    let (lowest, highest) = (options.min_bitrate_kbps, options.max_bitrate_kbps);
    let estimate = |value: f64| asked.estimate_of(variant, value, asked.distance.sum);
    let bracket = (lowest.log2(), highest.log2());
    let mut scratch = asked.row;
    let set = |position: f64, row: &mut [f32]| columns.set(row, position);
    let crossing = variant.flat.crossing(options.target_vmaf, bracket, PRECISION.log2(), &mut scratch, set);
    let mut bitrate_kbps = match crossing {
        Crossing::Beyond => highest,
        Crossing::Before => lowest,
        Crossing::Between { high, .. } => high.exp2().clamp(lowest, highest),
    };
    let mut value = forecast(bitrate_kbps);
    // Rounding may leave the forecast a hair below the target: step up until it is reached.
    while !reaches(value) && bitrate_kbps < highest {
        bitrate_kbps = (bitrate_kbps * PRECISION).min(highest);
        value = forecast(bitrate_kbps);
    }
    Ok(Some(match reaches(value) {
        true => Recommendation::Reached { bitrate_kbps, estimate: estimate(value) },
        false => Recommendation::Unreachable { bitrate_kbps, best: estimate(value) },
    }))
}

impl RecommendOptions {
    /// Checks target and limits.
    ///
    /// # Errors
    /// [`Error::InvalidField`].
    pub fn check(&self) -> Result<()> {
        let (lowest, highest) = Field::BitrateKbps.hard_bounds();
        let check = |field, value: f64, holds: bool, bound: String| match holds && value.is_finite() {
            true => Ok(()),
            false => Err(Error::InvalidField { field, value: value.to_string(), bound }),
        };
        let target = self.target_vmaf;
        check("target_vmaf", target, target > 0.0 && target <= 100.0, "above 0 and at most 100".to_owned())?;
        let (min, max) = (self.min_bitrate_kbps, self.max_bitrate_kbps);
        let within = format!("a finite number from {lowest} to {highest}");
        check("min_bitrate_kbps", min, (lowest..=highest).contains(&min), within)?;
        let within = format!("a finite number from min_bitrate_kbps = {min} to {highest}");
        check("max_bitrate_kbps", max, max >= min && max <= highest, within)
    }
}

impl PredictOptions {
    /// Checks the search's target and limits, and the profile.
    ///
    /// # Errors
    /// [`Error::InvalidField`].
    pub fn check(&self) -> Result<()> {
        self.recommend.check()?;
        self.profile.as_ref().map_or(Ok(()), |profile| profile.check())
    }
}
