//! The smallest bitrate by the forecast alone: part of every answer, so that it takes no more than it must.

use encast_trees::Crossing;

use crate::{
    anchored::AnchoredCurve,
    columns::BitrateColumns,
    error::Result,
    options::{Given, PredictOptions, RecommendOptions},
    predict::Asked,
    recommend::{Choice, Recommendation, recommend},
    target::Target,
    variant::Variant,
};

/// The search stops when the bracket's ends are closer than this ratio.
pub(crate) const PRECISION: f64 = 1.0005;

/// The recommended bitrate of an answer.
pub(crate) struct InAnswer {
    /// The smallest bitrate that reaches the target, kbit/s.
    pub reached: Option<f64>,
    /// Without one: the best VMAF that is reachable.
    pub best_vmaf: Option<f64>,
}

/// The recommended bitrate of an answer; `None` when the model forecasts no VMAF from a bitrate.
pub(crate) fn in_answer(asked: &Asked, options: &PredictOptions) -> Result<Option<InAnswer>> {
    let limits = &options.recommend;
    let Some(variant) = asked.model.best(Target::Vmaf, Given::Bitrate, asked.known) else { return Ok(None) };
    if limits.of_forecast_alone() && asked.features.anchors.is_empty() {
        let (bitrate_kbps, value) = smallest(asked, variant, limits);
        let reached = reaches(asked, value, limits).then_some(bitrate_kbps);
        let best_vmaf = if reached.is_none() { Some(asked.in_unit(Target::Vmaf, value)) } else { None };
        return Ok(Some(InAnswer { reached, best_vmaf }));
    }
    let found = match limits.of_forecast_alone() {
        true => by_forecast(asked, limits)?,
        false => Some(recommend(asked.features, asked.model, Given::Bitrate, options)?),
    };
    Ok(found.map(|found| InAnswer {
        reached: found.reached().map(|choice| choice.setting),
        best_vmaf: match found {
            Recommendation::Reached(_) => None,
            _ => found.best().map(|choice| choice.vmaf.value),
        },
    }))
}

/// The search by the forecast alone; `None` when the model forecasts no VMAF from a bitrate.
pub(crate) fn by_forecast(asked: &Asked, options: &RecommendOptions) -> Result<Option<Recommendation>> {
    let Some(variant) = asked.model.best(Target::Vmaf, Given::Bitrate, asked.known) else { return Ok(None) };
    if !asked.features.anchors.is_empty()
        && let Some(curve) = AnchoredCurve::of(asked, variant)?
    {
        return Ok(Some(curve.search(options)));
    }
    let (bitrate_kbps, value) = smallest(asked, variant, options);
    let mut row = asked.row;
    BitrateColumns::of(asked.features).set(&mut row, bitrate_kbps.log2());
    let trees = variant.flat.predict_with_spread(&row);
    let vmaf = asked.estimate_of(&variant.forecast(&row, (asked.quality(variant), asked.shared()), trees));
    let choice = Choice { setting: bitrate_kbps, vmaf, assured_vmaf: vmaf.value };
    Ok(Some(match reaches(asked, value, options) {
        true => Recommendation::Reached(choice),
        false => Recommendation::Unreachable(choice),
    }))
}

fn reaches(asked: &Asked, value: f64, options: &RecommendOptions) -> bool {
    (value + asked.shift(Target::Vmaf)).min(Target::Vmaf.bounds().1) >= options.target_vmaf
}

/// The smallest bitrate whose forecast reaches the target, or the highest allowed one; with the forecast there, on the
/// learning scale.
fn smallest<'a>(asked: &Asked<'a>, variant: &'a Variant, options: &RecommendOptions) -> (f64, f64) {
    let columns = BitrateColumns::of(asked.features);
    let along = asked.quality(variant);
    let mut row = asked.row;
    let mut forecast = |bitrate_kbps: f64| {
        columns.set(&mut row, bitrate_kbps.log2());
        match along {
            Some(along) if !along.needs_trees() => along.value(&row, 0.0),
            Some(along) => along.value(&row, variant.flat.predict(&row)),
            None => variant.flat.predict(&row),
        }
    };
    let (lowest, highest) = (options.min_bitrate_kbps, options.max_bitrate_kbps);
    let bracket = (lowest.log2(), highest.log2());
    let mut scratch = asked.row;
    let set = |position: f64, row: &mut [f32]| columns.set(row, position);
    let crossing = variant.crossing(
        along,
        options.target_vmaf - asked.shift(Target::Vmaf),
        bracket,
        PRECISION.log2(),
        &mut scratch,
        set,
    );
    let mut bitrate_kbps = match crossing {
        Crossing::Beyond => highest,
        Crossing::Before => lowest,
        Crossing::Between { high, .. } => high.exp2().clamp(lowest, highest),
    };
    let mut value = forecast(bitrate_kbps);
    // Rounding may leave the forecast a hair below the target: step up until it is reached.
    while !reaches(asked, value, options) && bitrate_kbps < highest {
        bitrate_kbps = (bitrate_kbps * PRECISION).min(highest);
        value = forecast(bitrate_kbps);
    }
    (bitrate_kbps, value)
}
