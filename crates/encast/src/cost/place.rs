//! Where machines stand: the grid that feeds them, and what providers charge there.

use serde::{Deserialize, Serialize};

use super::bounds::{Bound, Fault, number, text};

/// A place with data centres.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Region {
    /// Name of the entry, such as `eu-central-1`. In TOML it is the table's name.
    #[serde(skip_deserializing)]
    pub name: String,
    /// Carbon intensity of the grid there, yearly average by location, not by what a provider bought, g CO2e per kWh,
    /// 0–2000.
    pub grid_g_per_kwh: f64,
    /// Power usage effectiveness: energy of the data centre per energy of its machines, 1–5.
    pub pue: f64,
    /// Where the numbers come from, and of which year.
    pub source: String,
}

impl Region {
    pub(crate) fn check(&self) -> Result<(), Fault> {
        number("grid_g_per_kwh", self.grid_g_per_kwh, Bound::Within(0.0, 2e3))?;
        number("pue", self.pue, Bound::Within(1.0, 5.0))?;
        text("source", &self.source)
    }
}

/// Price of one machine in one region.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// The whole machine for one hour, USD, 0–10000.
    pub usd_per_hour: f64,
    /// Where the number comes from, of which date, and on which terms.
    pub source: String,
}

impl Price {
    pub(crate) fn check(&self) -> Result<(), Fault> {
        number("usd_per_hour", self.usd_per_hour, Bound::Within(0.0, 1e4))?;
        text("source", &self.source)
    }
}

/// Prices of data in one region.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataPrices {
    /// One GB (10⁹ bytes) sent to the internet, USD, 0–100. Absent: not known, and so is the cost of deliveries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usd_per_gb_egress: Option<f64>,
    /// One GB (10⁹ bytes) kept for one month, USD, 0–100. Absent: not known, and so is the cost of storage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usd_per_gb_month_storage: Option<f64>,
    /// Where the numbers come from, of which date, and of which tier.
    pub source: String,
}

impl DataPrices {
    pub(crate) fn check(&self) -> Result<(), Fault> {
        number("usd_per_gb_egress", self.usd_per_gb_egress, Bound::Within(0.0, 100.0))?;
        number("usd_per_gb_month_storage", self.usd_per_gb_month_storage, Bound::Within(0.0, 100.0))?;
        text("source", &self.source)
    }
}
