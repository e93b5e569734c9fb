//! The price of quality: what a step of VMAF changes in everything else, with the encoder, preset and size kept.

use crate::{
    compare::{Comparison, compare},
    error::Result,
    options::RecommendOptions,
    recommend::recommend,
    target::Target,
};

use super::proposal::{Proposal, Question, at};

/// The steps of one proposal.
#[derive(Debug, Clone, PartialEq)]
pub struct StepsOf {
    /// Its index in [`super::Advice::proposals`].
    pub proposal: usize,
    /// From the step that leads up to the goal, each from where the one before ends. They end where no setting reaches
    /// more; limits other than the range of bitrates or CRFs are not looked at.
    pub steps: Vec<QualityStep>,
}

/// From one VMAF to the next.
#[derive(Debug, Clone, PartialEq)]
pub struct QualityStep {
    /// The VMAF that the first encode is asked for.
    pub from_vmaf: f64,
    /// The VMAF that the second encode is asked for.
    pub to_vmaf: f64,
    /// The first encode's bitrate, kbit/s, or CRF.
    pub from_setting: f64,
    /// The second encode's.
    pub to_setting: f64,
    /// Both encodes, and the differences with intervals: in bitrate, times, energy, cost, carbon, VMAF.
    pub comparison: Comparison,
}

/// The steps of a proposal. A step that takes no other setting is left out.
pub(super) fn of_proposal(question: &Question, proposal: &Proposal) -> Result<Vec<QualityStep>> {
    let (step, most) = (question.options.step_vmaf, Target::Vmaf.bounds().1);
    let goal = question.options.target_vmaf.unwrap_or(proposal.assured_vmaf);
    let request = proposal.setup.request(question.source);
    let whole = RecommendOptions {
        max_encode_seconds: None,
        max_cost_usd: None,
        max_energy_kwh: None,
        max_co2_kg: None,
        ..question.options.predict.recommend
    };
    let setting = |vmaf: f64| -> Result<Option<f64>> {
        if !(vmaf > 0.0 && vmaf <= most) {
            return Ok(None);
        }
        let found = recommend(&request, question.model, proposal.given, &question.search(vmaf, whole))?;
        Ok(found.reached().map(|choice| choice.setting))
    };
    let mut levels = Vec::with_capacity(question.options.steps + 2);
    levels.extend(setting(goal - step)?.map(|setting| (goal - step, setting)));
    levels.push((goal, proposal.setting));
    for number in 1..=question.options.steps {
        let vmaf = goal + step * number as f64;
        match setting(vmaf)? {
            Some(setting) => levels.push((vmaf, setting)),
            None => break,
        }
    }
    levels.dedup_by(|next, before| next.1 == before.1);
    let options = question.forecast();
    let between = |pair: &[(f64, f64)]| {
        let ((from_vmaf, from_setting), (to_vmaf, to_setting)) = (pair[0], pair[1]);
        let encode = |setting| at(&request, proposal.given, setting);
        let comparison = compare(&encode(from_setting), &encode(to_setting), question.model, &options)?;
        Ok(QualityStep { from_vmaf, to_vmaf, from_setting, to_setting, comparison })
    };
    levels.windows(2).map(between).collect()
}
