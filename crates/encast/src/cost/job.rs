//! What a job takes at a site.

use serde::Serialize;

/// Time, energy, cost and carbon of a job at a site. What can't be said is absent, and so is every sum that it is part
/// of.
///
/// Every number but `cpu_percent` never falls when CPU time, encoding time, memory or size of the job rises, so that the
/// ends of an interval go through the chain end by end; `cpu_percent`, a ratio, rises with the first and falls with the
/// second.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct JobResources {
    /// CPU time on this machine, seconds.
    pub cpu_seconds: f64,
    /// Time from start to end, seconds.
    pub encode_seconds: Option<f64>,
    /// Mean use of processors, percent of one vCPU: 800 is eight busy ones.
    pub cpu_percent: Option<f64>,
    /// Energy with the data centre's overhead (PUE), kWh: the sum of the three parts, or what was measured times PUE.
    pub energy_kwh: Option<f64>,
    /// Of it: processors at work, above idling, kWh.
    pub energy_cpu_kwh: Option<f64>,
    /// Of it: the job's share of the idling machine, kWh.
    pub energy_idle_kwh: Option<f64>,
    /// Of it: memory, kWh.
    pub energy_memory_kwh: Option<f64>,
    /// Cost, USD: the sum of the three parts.
    pub cost_usd: Option<f64>,
    /// Of it: the job's share of the machine, USD.
    pub cost_compute_usd: Option<f64>,
    /// Of it: sending the encode to the internet, USD.
    pub cost_egress_usd: Option<f64>,
    /// Of it: keeping the encode, USD.
    pub cost_storage_usd: Option<f64>,
    /// Emissions, kg CO2e: the sum of the two parts.
    pub co2_kg: Option<f64>,
    /// Of it: of the electricity, kg CO2e.
    pub co2_operational_kg: Option<f64>,
    /// Of it: the job's share of making the machine, kg CO2e.
    pub co2_embodied_kg: Option<f64>,
    /// Software Carbon Intensity (ISO/IEC 21031), g CO2e per minute of content.
    pub sci_g_per_minute: Option<f64>,
}
