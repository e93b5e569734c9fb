//! What proposals are ranked by, and drawn over.

use crate::{
    error::{Error, Result},
    result::Estimate,
    target::Target,
};

use super::{has, options::RankBy, proposal::Proposal};

/// An amount that every proposal has, or none. Less is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Quantity {
    /// `encode_seconds`.
    EncodeSeconds = 0,
    /// `cpu_seconds`.
    CpuSeconds = 1,
    /// `cost_usd`.
    CostUsd = 2,
    /// `energy_kwh`.
    EnergyKwh = 3,
    /// `co2_kg`.
    Co2Kg = 4,
    /// `size_mb`: MB, 10⁶ bytes.
    SizeMb = 5,
}

impl Quantity {
    /// All of them.
    pub const ALL: [Quantity; 6] = [
        Quantity::EncodeSeconds,
        Quantity::CpuSeconds,
        Quantity::CostUsd,
        Quantity::EnergyKwh,
        Quantity::Co2Kg,
        Quantity::SizeMb,
    ];

    /// The target that it is; `None` for the size.
    pub const fn target(self) -> Option<Target> {
        match self {
            Quantity::EncodeSeconds => Some(Target::EncodeSeconds),
            Quantity::CpuSeconds => Some(Target::CpuSeconds),
            Quantity::CostUsd => Some(Target::CostUsd),
            Quantity::EnergyKwh => Some(Target::EnergyKwh),
            Quantity::Co2Kg => Some(Target::Co2Kg),
            Quantity::SizeMb => None,
        }
    }

    /// The name, as in requests and tables.
    pub const fn name(self) -> &'static str {
        match self.target() {
            Some(target) => target.name(),
            None => "size_mb",
        }
    }

    /// The unit, in words.
    pub const fn unit(self) -> &'static str {
        match self.target() {
            Some(target) => target.unit(),
            None => "MB",
        }
    }

    /// What a proposal has of it.
    pub fn of(self, proposal: &Proposal) -> Option<Estimate> {
        match self.target() {
            Some(target) => proposal.answer.estimate(target),
            None => proposal.size_mb,
        }
    }

    /// The forecast of it, or infinity.
    pub(super) fn value(self, proposal: &Proposal) -> f64 {
        self.of(proposal).map_or(f64::INFINITY, |estimate| estimate.value)
    }
}

/// The wall time, where there is one, or the CPU time.
fn time(proposals: &[Proposal]) -> Quantity {
    let (wall, cpu) = (has(proposals, Target::EncodeSeconds), has(proposals, Target::CpuSeconds));
    if cpu && !wall { Quantity::CpuSeconds } else { Quantity::EncodeSeconds }
}

/// What to rank by.
///
/// # Errors
/// [`Error::NotPredicted`] when something was asked for that no proposal has.
pub(super) fn choose(asked: Option<RankBy>, proposals: &[Proposal]) -> Result<Quantity> {
    let there = |quantity: Quantity| proposals.iter().any(|one| quantity.of(one).is_some());
    let chosen = match asked {
        Some(RankBy::Time) => time(proposals),
        Some(RankBy::Cost) => Quantity::CostUsd,
        Some(RankBy::Energy) => Quantity::EnergyKwh,
        Some(RankBy::Co2) => Quantity::Co2Kg,
        Some(RankBy::Size) => Quantity::SizeMb,
        None => {
            let order = [Quantity::CostUsd, time(proposals), Quantity::SizeMb];
            return Ok(order.into_iter().find(|&quantity| there(quantity)).unwrap_or(Quantity::CostUsd));
        }
    };
    if proposals.is_empty() || there(chosen) {
        return Ok(chosen);
    }
    let reason =
        "nothing can be ranked by it; train on rows that have it, or name a profile for energy, cost and carbon";
    let target = chosen.target().unwrap_or(Target::BitrateKbps);
    Err(Error::NotPredicted { target, reason: reason.to_owned() })
}

/// What the Pareto front weighs against it at a target: the size, or against the size the cost or the time.
pub(super) fn against(ranked_by: Quantity, proposals: &[Proposal]) -> Quantity {
    match ranked_by {
        Quantity::SizeMb if has(proposals, Target::CostUsd) => Quantity::CostUsd,
        Quantity::SizeMb => time(proposals),
        _ => Quantity::SizeMb,
    }
}
