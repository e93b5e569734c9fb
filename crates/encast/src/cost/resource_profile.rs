//! Cost, energy and carbon of a job from its CPU time, by a profile of prices and factors.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// Prices and factors of one machine in one place. They are data, never learnt: another profile changes the answer
/// at once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResourceProfile {
    /// What the profile describes.
    pub name: String,
    /// Price of one vCPU for one hour, USD.
    pub usd_per_cpu_hour: f64,
    /// Electric power of one busy vCPU with its share of the machine, watts.
    pub watts_per_cpu: f64,
    /// Power usage effectiveness of the data centre, at least 1.
    pub pue: f64,
    /// Carbon intensity of the grid, g CO2e per kWh.
    pub grid_g_per_kwh: f64,
    /// Where the numbers come from, and of which date.
    pub source: String,
}

/// Energy, cost and carbon of a job.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct JobCost {
    /// kWh: `cpu_seconds / 3600 · watts_per_cpu · pue / 1000`.
    pub energy_kwh: f64,
    /// USD: `cpu_seconds / 3600 · usd_per_cpu_hour`.
    pub cost_usd: f64,
    /// kg CO2e: `energy_kwh · grid_g_per_kwh / 1000`.
    pub co2_kg: f64,
}

impl ResourceProfile {
    /// Checks that every number is finite and in its bound.
    pub fn check(&self) -> Result<()> {
        let fields = [
            ("usd_per_cpu_hour", self.usd_per_cpu_hour, 0.0),
            ("watts_per_cpu", self.watts_per_cpu, 0.0),
            ("pue", self.pue, 1.0),
            ("grid_g_per_kwh", self.grid_g_per_kwh, 0.0),
        ];
        for (field, value, lowest) in fields {
            if !(value.is_finite() && value >= lowest) {
                return Err(Error::InvalidField {
                    field,
                    value: value.to_string(),
                    bound: format!("a finite number of at least {lowest}"),
                });
            }
        }
        Ok(())
    }

    /// What `cpu_seconds` of work cost here.
    pub fn of_cpu_seconds(&self, cpu_seconds: f64) -> JobCost {
        let hours = cpu_seconds / 3600.0;
        let energy_kwh = hours * self.watts_per_cpu * self.pue / 1000.0;
        JobCost {
            energy_kwh,
            cost_usd: hours * self.usd_per_cpu_hour,
            co2_kg: energy_kwh * self.grid_g_per_kwh / 1000.0,
        }
    }
}
