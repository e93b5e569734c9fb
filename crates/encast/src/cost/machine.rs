//! Machines that encode, and how far encoders spread over their cores.

use serde::{Deserialize, Serialize};

use super::bounds::{Bound, Fault, number, text};

/// A machine, real or rented: how fast it is, what it draws, what its making emitted. No price: that is of a place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Machine {
    /// Name of the entry, such as `c5.2xlarge`. In TOML it is the table's name.
    #[serde(skip_deserializing)]
    pub name: String,
    /// Processors that the operating system shows (hardware threads, where cores have several), 1–4096.
    pub vcpus: u32,
    /// Work that one vCPU does in a CPU second while all vCPUs are busy, as a multiple of what the reference vCPU does:
    /// above 0, at most 100. The reference vCPU, of speed 1, is the one that `cpu_seconds` of the embedded model were
    /// measured on.
    pub speed: f64,
    /// How many times faster than on one reference vCPU a whole encode is that uses all threads, as measured by a
    /// calibration: above 0, at most 10000. Absent: never calibrated, and times follow from `speed` and the encoder's
    /// parallel share.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wall_speed: Option<f64>,
    /// Electric power of the idle machine per vCPU, watts, 0–1000. Given together with `busy_watts_per_vcpu`, or absent:
    /// then energy is absent, unless it was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle_watts_per_vcpu: Option<f64>,
    /// Electric power of the fully busy machine per vCPU, watts, at least `idle_watts_per_vcpu`, at most 1000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub busy_watts_per_vcpu: Option<f64>,
    /// Memory of the machine, GB (what providers give as GiB is taken as GB), above 0, at most 100000.
    pub memory_gb: f64,
    /// Electric power of memory, W per GB, 0–10; absent: memory draws what the watts per vCPU say already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub watts_per_gb: Option<f64>,
    /// Emissions of making the machine, and of bringing it there, per vCPU and for its whole life, kg CO2e, 0–10000.
    /// Given together with `lifetime_years`, or absent: then embodied carbon is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub embodied_kg_per_vcpu: Option<f64>,
    /// Years over which `embodied_kg_per_vcpu` are spread, 0.1–50.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifetime_years: Option<f64>,
    /// Which processor it is.
    pub cpu_model: String,
    /// Where the numbers come from, and of which date; which are modelled.
    pub source: String,
}

impl Machine {
    pub(crate) fn check(&self) -> Result<(), Fault> {
        number("vcpus", f64::from(self.vcpus), Bound::Within(1.0, 4096.0))?;
        number("speed", self.speed, Bound::AboveZero(100.0))?;
        number("wall_speed", self.wall_speed, Bound::AboveZero(1e4))?;
        number("idle_watts_per_vcpu", self.idle_watts_per_vcpu, Bound::Within(0.0, 1e3))?;
        let idle = self.idle_watts_per_vcpu.unwrap_or(0.0);
        number("busy_watts_per_vcpu", self.busy_watts_per_vcpu, Bound::Within(idle, 1e3))?;
        number("memory_gb", self.memory_gb, Bound::AboveZero(1e5))?;
        number("watts_per_gb", self.watts_per_gb, Bound::Within(0.0, 10.0))?;
        number("embodied_kg_per_vcpu", self.embodied_kg_per_vcpu, Bound::Within(0.0, 1e4))?;
        number("lifetime_years", self.lifetime_years, Bound::Within(0.1, 50.0))?;
        together(("idle_watts_per_vcpu", self.idle_watts_per_vcpu), ("busy_watts_per_vcpu", self.busy_watts_per_vcpu))?;
        together(("embodied_kg_per_vcpu", self.embodied_kg_per_vcpu), ("lifetime_years", self.lifetime_years))?;
        text("cpu_model", &self.cpu_model)?;
        text("source", &self.source)
    }
}

/// Half of such a pair says nothing.
fn together(one: (&'static str, Option<f64>), other: (&'static str, Option<f64>)) -> Result<(), Fault> {
    let (missing, given) = match (one.1, other.1) {
        (None, Some(_)) => (one.0, other.0),
        (Some(_), None) => (other.0, one.0),
        _ => return Ok(()),
    };
    Err(Fault { field: missing, value: "absent".to_owned(), bound: format!("given together with {given}") })
}

/// How far an encoder spreads over threads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EncoderScaling {
    /// Share of the CPU time that can run on all threads at once, 0–1. The rest runs on one: an encode of `c` CPU seconds
    /// takes `c · ((1 − p) + p / n)` seconds on `n` threads.
    pub parallel_share: f64,
    /// Where the number comes from, of which date, and for how many threads it was measured.
    pub source: String,
}

impl EncoderScaling {
    pub(crate) fn check(&self) -> Result<(), Fault> {
        number("parallel_share", self.parallel_share, Bound::Within(0.0, 1.0))?;
        text("source", &self.source)
    }
}
