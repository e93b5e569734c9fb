//! The cheapest setting that keeps a target and limits, where neither need be monotone: a scan from the cheapest, then halving.

use crate::{error::Result, options::RecommendOptions, point::Point, recommend::Limit};

/// How far a point misses the limits: which limit the most, and by which factor; `None` when it keeps them.
pub(crate) fn beyond_limits(point: &Point, options: &RecommendOptions) -> Option<(Limit, f64)> {
    Limit::ALL
        .into_iter()
        .filter_map(|limit| {
            let (allowed, forecast) = (limit.allowed(options)?, limit.forecast(point)?);
            (forecast > allowed).then_some((limit, forecast / allowed))
        })
        .max_by(|a, b| a.1.total_cmp(&b.1))
}

/// What a scan found.
pub(crate) struct Scan {
    /// The cheapest point that reaches the target within the limits, and the setting before it, which does not.
    pub first: Option<(Point, Option<f64>)>,
    /// The cheapest point that reaches the target whatever the limits say, and the setting before it.
    pub without_limits: Option<(Point, Option<f64>)>,
    /// The best point within the limits; of equal ones the cheapest.
    pub best: Option<Point>,
    /// The point that misses the limits least.
    pub nearest: Option<Point>,
}

/// Goes through settings from the cheapest until one reaches the target within the limits.
pub(crate) fn scan(
    settings: impl Iterator<Item = f64>,
    options: &RecommendOptions,
    mut at: impl FnMut(f64) -> Result<Point>,
) -> Result<Scan> {
    let mut found = Scan { first: None, without_limits: None, best: None, nearest: None };
    let (mut before, mut least) = (None, f64::INFINITY);
    for setting in settings {
        let point = at(setting)?;
        let reaches = point.assured >= options.target_vmaf;
        if reaches && found.without_limits.is_none() {
            found.without_limits = Some((point, before));
        }
        match beyond_limits(&point, options) {
            None if reaches => {
                found.first = Some((point, before));
                return Ok(found);
            }
            None if found.best.is_none_or(|best| point.assured > best.assured) => found.best = Some(point),
            None => {}
            Some((_, factor)) if factor < least => (least, found.nearest) = (factor, Some(point)),
            Some(_) => {}
        }
        before = Some(setting);
    }
    Ok(found)
}

/// Halves, on the logarithm, between a setting that does not hold and a point that does, until their ratio is `precision`.
pub(crate) fn halve(
    mut low: f64,
    mut high: Point,
    precision: f64,
    mut at: impl FnMut(f64) -> Result<Point>,
    holds: impl Fn(&Point) -> bool,
) -> Result<Point> {
    while high.setting / low > precision {
        let middle = (low * high.setting).sqrt();
        let point = at(middle)?;
        if holds(&point) { high = point } else { low = middle }
    }
    Ok(high)
}

/// Bitrates from `lowest` to `highest`, both among them, evenly spaced on the logarithm, `an_octave` to a doubling at least.
pub(crate) fn bitrates(lowest: f64, highest: f64, an_octave: f64) -> impl Iterator<Item = f64> {
    let octaves = (highest / lowest).log2();
    let steps = (octaves * an_octave).ceil().max(if octaves > 0.0 { 1.0 } else { 0.0 }) as usize;
    (0..=steps).map(move |step| match step {
        0 => lowest,
        step if step == steps => highest,
        step => lowest * (octaves * step as f64 / steps as f64).exp2(),
    })
}
