//! Bitrate ladders: for each size the forecast curve of VMAF over the bitrate, their hull, and rungs on it.
//!
//! The curves are sampled on a grid of bitrates, 32 to an octave. The hull is the best size at each bitrate under the
//! condition that the size never falls when the bitrate rises: of all such choices the one with the greatest sum of VMAF
//! over the grid. Without the condition a learnt forecast changes its mind about the size where two curves nearly touch.
//! With an assurance, curves are of the lower bound that holds with it; where a limit is exceeded, a curve has a gap.

mod bd_rate;
mod hull;
mod interpolate;
mod judge;
mod measured;
mod options;
mod rungs;
mod sizes;

use crate::{
    bundle::Model,
    error::{Error, Result},
    features::PredictionFeatures,
    field::FieldSet,
    options::Given,
    point::Line,
    predict::predict_with,
    recommend::crf_range,
    result::Estimate,
    scan::{beyond_limits, bitrates},
    target::Target,
};

pub use bd_rate::bd_rate;
pub use judge::{HLS_HEVC, LadderFigures, LadderJudgement, judge_ladders};
pub use options::LadderOptions;
pub use sizes::{Size, usual_sizes};
pub(crate) use sizes::{of_source, with_source};

use hull::{Candidate, hull};
use rungs::{at_bitrates, by_steps};

/// Bitrates in an octave at which curves are sampled.
const IN_AN_OCTAVE: f64 = 32.0;

/// Most bitrates at which a curve is sampled.
const MOST_BITRATES: usize = 4096;

/// One rung of a ladder: an encode and what is forecast of it. What the model does not forecast is `None`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rung {
    /// Encoded size.
    pub size: Size,
    /// Video bitrate, kbit/s.
    pub bitrate_kbps: f64,
    /// The whole CRF whose forecast bitrate is nearest to `bitrate_kbps`; `None` when the model forecasts no bitrate from
    /// a CRF, or no allowed CRF gives such a bitrate.
    pub crf: Option<f64>,
    /// Forecast VMAF.
    pub vmaf: Estimate,
    /// The lower bound that holds with the assurance asked for; without one, the forecast. Rungs are placed by it.
    pub assured_vmaf: f64,
    /// Forecast PSNR, dB.
    pub psnr: Option<Estimate>,
    /// Size of the encode, MB (10⁶ bytes).
    pub size_mb: f64,
    /// Forecast time of the encode, seconds.
    pub encode_seconds: Option<Estimate>,
    /// Forecast cost of the encode, USD.
    pub cost_usd: Option<Estimate>,
    /// 0–1, see [`crate::confidence`].
    pub confidence: f64,
    /// Inputs of this rung outside of what the model saw in training.
    pub out_of_range: FieldSet,
}

/// The forecast of one size over the bitrate.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// Encoded size.
    pub size: Size,
    /// Its points, in order of the bitrate.
    pub points: Vec<CurvePoint>,
}

/// A point of a curve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CurvePoint {
    /// Video bitrate, kbit/s.
    pub bitrate_kbps: f64,
    /// Forecast VMAF.
    pub vmaf: Estimate,
    /// The lower bound that holds with the assurance asked for; without one, the forecast.
    pub assured_vmaf: f64,
    /// Whether the encode keeps the limits on time and cost.
    pub allowed: bool,
    /// Whether the hull is of this size here.
    pub on_hull: bool,
}

/// Why a bitrate that was asked for got no rung.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Dropped {
    /// A rung of less bitrate has as much VMAF.
    Dominated = 0,
    /// No size keeps the limits on time and cost.
    OverLimit = 1,
}

/// A ladder.
#[derive(Debug, Clone, PartialEq)]
pub struct Ladder {
    /// Its rungs, from the lowest: each has more bitrate and more VMAF than the one before. Empty when no allowed
    /// encode reaches `bottom_vmaf`.
    pub rungs: Vec<Rung>,
    /// Bitrates that were asked for and got no rung, kbit/s, and why.
    pub dropped: Vec<(f64, Dropped)>,
    /// The curves, from the smallest size.
    pub curves: Vec<Curve>,
    /// The highest (assured) VMAF on the hull; `None` when nothing keeps the limits.
    pub best_vmaf: Option<f64>,
}

/// Makes the ladder of a source.
///
/// Of the request, bitrate, CRF and encoded size are not looked at (the size stands for the source's where that is not
/// given); everything else is.
///
/// # Errors
/// Those of [`LadderOptions::check`]; of [`crate::recommend`] for a bitrate; [`Error::MissingField`] when no sizes are
/// given and neither the source's nor the encoded size is known.
pub fn ladder(features: &PredictionFeatures, model: &Model, options: &LadderOptions) -> Result<Ladder> {
    options.check()?;
    let features = &with_source(features);
    let mut sizes = match options.sizes.as_slice() {
        [] => usual_sizes(of_source(features)?),
        given => given.to_vec(),
    };
    sizes.sort_by_key(|size| (size.pixels(), size.width));
    sizes.dedup();
    let limits = &options.predict.recommend;
    let mut grid: Vec<f64> = bitrates(limits.min_bitrate_kbps, limits.max_bitrate_kbps, IN_AN_OCTAVE).collect();
    grid.extend(&options.bitrates_kbps);
    grid.sort_by(f64::total_cmp);
    grid.dedup();
    if grid.len() > MOST_BITRATES {
        let bound = format!("so that at most {MOST_BITRATES} bitrates are tried, {IN_AN_OCTAVE} to an octave");
        let value = limits.max_bitrate_kbps.to_string();
        return Err(Error::InvalidField { field: "max_bitrate_kbps", value, bound });
    }
    let mut curves = Vec::with_capacity(sizes.len());
    for &size in &sizes {
        let mut line = Line::new(&size.of(features), model, Given::Bitrate, &options.predict)?;
        let points = grid.iter().map(|&bitrate_kbps| {
            let point = line.at(bitrate_kbps)?;
            Ok(CurvePoint {
                bitrate_kbps,
                vmaf: point.vmaf,
                assured_vmaf: point.assured,
                allowed: beyond_limits(&point, limits).is_none(),
                on_hull: false,
            })
        });
        curves.push(Curve { size, points: points.collect::<Result<Vec<_>>>()? });
    }
    let values = |curve: &Curve| curve.points.iter().map(|p| p.allowed.then_some(p.assured_vmaf)).collect();
    let values: Vec<Vec<Option<f64>>> = curves.iter().map(values).collect();
    let steps = options.steps();
    let path = hull(&grid, &values, steps.as_ref().map(|steps| (steps.bottom, steps.top)));
    for candidate in &path {
        curves[candidate.curve].points[candidate.at].on_hull = true;
    }
    let (chosen, dropped) = match steps {
        Some(steps) => (by_steps(&path, &steps), Vec::new()),
        None => at_bitrates(&path, &options.bitrates_kbps),
    };
    let rung = |candidate: &Candidate| rung(features, model, options, sizes[candidate.curve], candidate);
    Ok(Ladder {
        rungs: chosen.iter().map(rung).collect::<Result<Vec<_>>>()?,
        dropped,
        curves,
        best_vmaf: path.iter().map(|candidate| candidate.value).max_by(f64::total_cmp),
    })
}

/// All that is forecast of a rung.
fn rung(
    features: &PredictionFeatures,
    model: &Model,
    options: &LadderOptions,
    size: Size,
    candidate: &Candidate,
) -> Result<Rung> {
    let sized = size.of(features);
    let request = PredictionFeatures { bitrate_kbps: Some(candidate.bitrate_kbps), crf: None, ..sized.clone() };
    let answer = predict_with(
        &request,
        model,
        &crate::PredictOptions { recommend: crate::RecommendOptions::default(), ..options.predict.clone() },
    )?;
    let none = || Error::NotPredicted { target: Target::Vmaf, reason: "not from a bitrate".to_owned() };
    Ok(Rung {
        size,
        bitrate_kbps: candidate.bitrate_kbps,
        crf: crf_of(&sized, model, options, candidate.bitrate_kbps)?,
        vmaf: answer.estimate(Target::Vmaf).ok_or_else(none)?,
        assured_vmaf: candidate.value,
        psnr: answer.estimate(Target::Psnr),
        size_mb: candidate.bitrate_kbps * request.duration_or_default() / 8000.0,
        encode_seconds: answer.estimate(Target::EncodeSeconds),
        cost_usd: answer.estimate(Target::CostUsd),
        confidence: answer.confidence,
        out_of_range: answer.out_of_range,
    })
}

/// The whole CRF whose forecast bitrate is nearest to this one, by their ratio.
fn crf_of(sized: &PredictionFeatures, model: &Model, options: &LadderOptions, bitrate: f64) -> Result<Option<f64>> {
    let mut line = Line::new(sized, model, Given::Crf, &options.predict)?;
    let (lowest, highest) = crf_range(sized, model, &options.predict.recommend)?;
    let mut forecasts = Vec::new();
    for crf in (lowest..=highest).map(f64::from) {
        match line.bitrate(crf)? {
            Some(kbps) => forecasts.push((crf, kbps)),
            None => return Ok(None),
        }
    }
    let within = |a: &f64| forecasts.iter().any(|(_, kbps)| kbps <= a) && forecasts.iter().any(|(_, kbps)| kbps >= a);
    let away = |kbps: f64| (kbps / bitrate).log2().abs();
    let nearest = forecasts.iter().min_by(|a, b| away(a.1).total_cmp(&away(b.1)));
    Ok(nearest.filter(|_| within(&bitrate)).map(|(crf, _)| *crf))
}
