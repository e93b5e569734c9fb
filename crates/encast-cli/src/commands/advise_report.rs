//! What `encast advise` gives to programs: JSON, CSV, and rows for FOCUS.

use std::{collections::BTreeMap, path::PathBuf};

use encast::{
    Advice, Choice, Estimate, Given, Proposal, QualityStep, Quantity, Rejected, Rejection, Setup, StepsOf, Target,
};
use serde::Serialize;

use super::{
    advise::Asked,
    compare::DifferenceReport,
    predict::{Bounds, names},
};
use crate::{failure::Failure, focus::Charge, show};

/// The contract of `--json`.
#[derive(Serialize)]
pub struct Report {
    target_vmaf: Option<f64>,
    assurance: Option<f64>,
    ranked_by: &'static str,
    against: &'static str,
    limits: Limits,
    min_bitrate_kbps: f64,
    max_bitrate_kbps: f64,
    duration_s: f64,
    proposals: Vec<ProposalReport>,
    rejected: Vec<RejectedReport>,
    best_reachable_vmaf: Option<f64>,
    step_vmaf: f64,
    steps: Vec<StepsReport>,
    notes: Vec<String>,
    model: Option<PathBuf>,
    model_version: String,
}

#[derive(Serialize)]
struct Limits {
    max_encode_seconds: Option<f64>,
    max_cost_usd: Option<f64>,
    max_energy_kwh: Option<f64>,
    max_co2_kg: Option<f64>,
    max_size_mb: Option<f64>,
}

/// Encoder, preset and size.
#[derive(Serialize)]
struct SetupReport {
    codec: Option<&'static str>,
    encoder: Option<&'static str>,
    preset: Option<String>,
    resolution_width: u32,
    resolution_height: u32,
}

#[derive(Serialize)]
struct ProposalReport {
    rank: usize,
    #[serde(flatten)]
    setup: SetupReport,
    bitrate_kbps: Option<f64>,
    crf: Option<f64>,
    assured_vmaf: f64,
    size_mb: Option<f64>,
    pareto: bool,
    confidence: f64,
    estimates: BTreeMap<&'static str, f64>,
    intervals: BTreeMap<&'static str, Bounds>,
    out_of_range: Vec<&'static str>,
}

#[derive(Serialize)]
struct RejectedReport {
    #[serde(flatten)]
    setup: SetupReport,
    reason: &'static str,
    message: String,
    limit: Option<LimitReport>,
    best_vmaf: Option<f64>,
    best_setting: Option<f64>,
}

#[derive(Serialize)]
struct LimitReport {
    name: &'static str,
    allowed: f64,
    forecast: f64,
}

#[derive(Serialize)]
struct StepsReport {
    rank: usize,
    #[serde(flatten)]
    setup: SetupReport,
    setting: &'static str,
    steps: Vec<StepReport>,
}

#[derive(Serialize)]
struct StepReport {
    from_vmaf: f64,
    to_vmaf: f64,
    from_setting: f64,
    to_setting: f64,
    differences: BTreeMap<&'static str, DifferenceReport>,
}

impl SetupReport {
    fn of(setup: &Setup) -> SetupReport {
        SetupReport {
            codec: setup.codec.map(|codec| codec.name()),
            encoder: setup.encoder.map(|encoder| encoder.name()),
            preset: setup.preset.clone(),
            resolution_width: setup.size.width,
            resolution_height: setup.size.height,
        }
    }
}

impl ProposalReport {
    fn of(rank: usize, one: &Proposal) -> ProposalReport {
        ProposalReport {
            rank,
            setup: SetupReport::of(&one.setup),
            bitrate_kbps: one.bitrate_kbps.map(|kbps| kbps.value),
            crf: crf(one),
            assured_vmaf: one.assured_vmaf,
            size_mb: one.size_mb.map(|size| size.value),
            pareto: one.on_front,
            confidence: one.answer.confidence,
            estimates: one.answer.estimates().map(|(t, e)| (t.name(), e.value)).collect(),
            intervals: one.answer.estimates().map(|(t, e)| (t.name(), Bounds::of(e))).collect(),
            out_of_range: names(one.answer.out_of_range),
        }
    }
}

/// The CRF, where that is the setting.
fn crf(one: &Proposal) -> Option<f64> {
    (one.given == Given::Crf).then_some(one.setting)
}

impl RejectedReport {
    fn of(one: &Rejected) -> RejectedReport {
        let best = one.reason.best();
        let limit = match &one.reason {
            Rejection::OverLimit { limit, allowed, forecast, .. } => {
                Some(LimitReport { name: limit, allowed: *allowed, forecast: *forecast })
            }
            _ => None,
        };
        RejectedReport {
            setup: SetupReport::of(&one.setup),
            reason: match one.reason {
                Rejection::NotForecast { .. } => "not_forecast",
                Rejection::Unreachable { .. } => "unreachable",
                Rejection::OverLimit { .. } => "over_limit",
            },
            message: why(one),
            limit,
            best_vmaf: best.map(|choice: Choice| choice.assured_vmaf),
            best_setting: best.map(|choice| choice.setting),
        }
    }
}

/// Why a setup is no proposal, in words.
pub fn why(one: &Rejected) -> String {
    match &one.reason {
        Rejection::NotForecast { reason } => reason.clone(),
        Rejection::Unreachable { best } => format!("reaches VMAF {} at most", show::number(best.assured_vmaf)),
        Rejection::OverLimit { limit, allowed, forecast, .. } => {
            format!("{limit} would be {}, more than the {} allowed", show::number(*forecast), show::number(*allowed))
        }
    }
}

impl StepsReport {
    fn of(advice: &Advice, of: &StepsOf) -> StepsReport {
        let one = &advice.proposals[of.proposal];
        let step = |step: &QualityStep| StepReport {
            from_vmaf: step.from_vmaf,
            to_vmaf: step.to_vmaf,
            from_setting: step.from_setting,
            to_setting: step.to_setting,
            differences: step.comparison.differences().map(|(t, d)| (t.name(), DifferenceReport::of(&d))).collect(),
        };
        StepsReport {
            rank: of.proposal + 1,
            setup: SetupReport::of(&one.setup),
            setting: match one.given {
                Given::Bitrate => "bitrate_kbps",
                Given::Crf => "crf",
            },
            steps: of.steps.iter().map(step).collect(),
        }
    }
}

/// The object of `--json`.
pub fn report(advice: &Advice, asked: &Asked<'_>) -> Report {
    let limits = &asked.options.predict.recommend;
    Report {
        target_vmaf: asked.options.target_vmaf,
        assurance: limits.assurance,
        ranked_by: advice.ranked_by.name(),
        against: advice.against.map_or(Target::Vmaf.name(), Quantity::name),
        limits: Limits {
            max_encode_seconds: limits.max_encode_seconds,
            max_cost_usd: limits.max_cost_usd,
            max_energy_kwh: limits.max_energy_kwh,
            max_co2_kg: limits.max_co2_kg,
            max_size_mb: asked.options.max_size_mb,
        },
        min_bitrate_kbps: limits.min_bitrate_kbps,
        max_bitrate_kbps: limits.max_bitrate_kbps,
        duration_s: asked.duration_s,
        proposals: advice.proposals.iter().enumerate().map(|(at, one)| ProposalReport::of(at + 1, one)).collect(),
        rejected: advice.rejected.iter().map(RejectedReport::of).collect(),
        best_reachable_vmaf: advice.best_reachable().map(|(_, choice)| choice.assured_vmaf),
        step_vmaf: asked.options.step_vmaf,
        steps: advice.steps.iter().map(|of| StepsReport::of(advice, of)).collect(),
        notes: asked.notes.clone(),
        model: asked.loaded.path.clone(),
        model_version: asked.loaded.model.metadata().version.clone(),
    }
}

/// Forecasts in the CSV, each with its interval.
const FORECASTS: [Target; 8] = [
    Target::Vmaf,
    Target::Psnr,
    Target::EncodeSeconds,
    Target::CpuSeconds,
    Target::PeakMemoryMb,
    Target::EnergyKwh,
    Target::CostUsd,
    Target::Co2Kg,
];

/// One row a proposal, in the words of the encode table and of `predict --data`.
pub fn csv(advice: &Advice) -> Result<String, Failure> {
    let bad = |error: &dyn std::fmt::Display| Failure::Bad(format!("writing CSV: {error}"));
    let mut writer = csv::Writer::from_writer(Vec::new());
    let first = ["rank", "pareto", "codec", "encoder", "preset", "resolution_width", "resolution_height"];
    let second = ["bitrate_kbps", "crf", "assured_vmaf", "predicted_size_mb"];
    let mut header: Vec<String> = first.into_iter().chain(second).map(str::to_owned).collect();
    for target in FORECASTS {
        header.extend([format!("predicted_{target}"), format!("{target}_lower"), format!("{target}_upper")]);
    }
    header.extend(["confidence".to_owned(), "out_of_range".to_owned()]);
    writer.write_record(header).map_err(|error| bad(&error))?;
    let text = |value: Option<f64>| value.map_or_else(String::new, |value| value.to_string());
    for (at, one) in advice.proposals.iter().enumerate() {
        let setup = SetupReport::of(&one.setup);
        let mut cells = vec![
            (at + 1).to_string(),
            one.on_front.to_string(),
            setup.codec.unwrap_or_default().to_owned(),
            setup.encoder.unwrap_or_default().to_owned(),
            setup.preset.unwrap_or_default(),
            setup.resolution_width.to_string(),
            setup.resolution_height.to_string(),
            text(one.bitrate_kbps.map(|kbps| kbps.value)),
            text(crf(one)),
            one.assured_vmaf.to_string(),
            text(one.size_mb.map(|size| size.value)),
        ];
        for target in FORECASTS {
            let estimate: Option<Estimate> = one.answer.estimate(target);
            cells.extend([estimate.map(|e| e.value), estimate.map(|e| e.lower), estimate.map(|e| e.upper)].map(text));
        }
        cells.extend([one.answer.confidence.to_string(), names(one.answer.out_of_range).join(";")]);
        writer.write_record(cells).map_err(|error| bad(&error))?;
    }
    let bytes = writer.into_inner().map_err(|error| bad(&error))?;
    String::from_utf8(bytes).map_err(|error| bad(&error))
}

/// The proposals as charges.
pub fn charges<'a>(advice: &'a Advice, asked: &'a Asked<'_>) -> Vec<Charge<'a>> {
    let metadata = asked.loaded.model.metadata();
    let profile = asked.options.predict.profile.as_ref().or(metadata.profile.as_ref());
    let site = asked.options.predict.site.as_ref();
    let charge = |(at, one): (usize, &'a Proposal)| {
        let rate = match one.given {
            Given::Bitrate => format!("{} kbit/s", show::number(one.setting)),
            Given::Crf => format!("CRF {}", one.setting),
        };
        let title = asked.title.as_deref().map(|title| format!(" of {title}")).unwrap_or_default();
        let mut tags = BTreeMap::from([("resolution", one.setup.size.to_string())]);
        tags.extend(one.setup.encoder.map(|encoder| ("encoder", encoder.to_string())));
        tags.extend(one.setup.codec.map(|codec| ("codec", codec.to_string())));
        tags.extend(one.setup.preset.clone().map(|preset| ("preset", preset)));
        tags.extend(asked.title.clone().map(|title| ("title", title)));
        Charge {
            description: format!("Forecast of an encode{title}: {} at {rate}", one.setup),
            tags,
            rank: Some(at + 1),
            pareto: Some(one.on_front),
            bitrate_kbps: one.bitrate_kbps.map(|kbps| kbps.value),
            crf: crf(one),
            answer: &one.answer,
            model_version: &metadata.version,
            profile: profile.filter(|_| site.is_none()).map(|profile| profile.name.as_str()),
            site,
        }
    };
    advice.proposals.iter().enumerate().map(charge).collect()
}
