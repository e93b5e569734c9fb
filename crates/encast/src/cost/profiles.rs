//! Everything that is known of machines, regions and prices: read from TOML, checked, laid over what is shipped.

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize};

use super::{
    bounds::Fault,
    locate::{line_of, line_of_path},
    machine::{EncoderScaling, Machine},
    place::{DataPrices, Price, Region},
    site::Site,
    write,
};
use crate::{
    codec::Encoder,
    error::{Error, Result},
};

/// The longest TOML text that is read, bytes.
pub const MAX_PROFILES_BYTES: usize = 1 << 20;

/// What is shipped, one subject a file.
const SHIPPED: [&str; 4] = [
    include_str!("../../profiles/machines.toml"),
    include_str!("../../profiles/regions.toml"),
    include_str!("../../profiles/prices.toml"),
    include_str!("../../profiles/encoders.toml"),
];

/// Machines, regions, prices and how encoders scale. Data, never learnt.
///
/// ```
/// use encast::{Profiles, Work};
///
/// let mine = Profiles::from_toml(
///     r#"
///     [regions.cellar]
///     grid_g_per_kwh = 300
///     pue = 1.0
///     source = "meter and utility's label, 2026"
///     "#,
/// )?;
/// let profiles = Profiles::shipped()?.overlay(mine);
/// let site = profiles.site("c5.2xlarge", "cellar")?;
/// let job = site.of_job(&Work { parallel_share: Some(0.98), ..Work::of_cpu_seconds(3600.0, 10.0) });
/// assert!(job.co2_kg.is_some());
/// // No price of that machine in that region is known: no cost, rather than none.
/// assert_eq!(job.cost_usd, None);
/// # Ok::<(), encast::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profiles {
    /// Machines by name: `[machines."c5.2xlarge"]`.
    #[serde(default)]
    pub machines: BTreeMap<String, Machine>,
    /// Regions by name: `[regions."eu-central-1"]`.
    #[serde(default)]
    pub regions: BTreeMap<String, Region>,
    /// Prices of machines, by region and machine: `[prices."eu-central-1"."c5.2xlarge"]`.
    #[serde(default)]
    pub prices: BTreeMap<String, BTreeMap<String, Price>>,
    /// Prices of data, by region: `[data_prices."eu-central-1"]`.
    #[serde(default)]
    pub data_prices: BTreeMap<String, DataPrices>,
    /// How encoders scale over threads, by encoder: `[encoders.libx264]`.
    #[serde(default)]
    pub encoders: BTreeMap<Encoder, EncoderScaling>,
}

impl Profiles {
    /// What is shipped with this build. Every entry says its source.
    ///
    /// # Errors
    /// None in a build whose tests passed; it is a `Result` because it is read like any other text.
    pub fn shipped() -> Result<Profiles> {
        SHIPPED.iter().try_fold(Profiles::default(), |all, text| Ok(all.overlay(Profiles::from_toml(text)?)))
    }

    /// Reads and checks a TOML text.
    ///
    /// # Errors
    /// [`Error::ProfileSyntax`] with the line: not TOML, an unknown key, a field that is missing or of the wrong type,
    /// a text longer than [`MAX_PROFILES_BYTES`]. [`Error::ProfileValue`] with the line: a number out of its bound, a
    /// source that is empty.
    pub fn from_toml(text: &str) -> Result<Profiles> {
        if text.len() > MAX_PROFILES_BYTES {
            let reason = format!("{} bytes, at most {MAX_PROFILES_BYTES} are read", text.len());
            return Err(Error::ProfileSyntax { line: 1, reason });
        }
        let mut profiles: Profiles = toml::from_str(text).map_err(|error| Error::ProfileSyntax {
            line: error.span().map_or(1, |span| line_of(text, span.start)),
            reason: error.message().replace('\n', " "),
        })?;
        for (name, machine) in &mut profiles.machines {
            machine.name.clone_from(name);
        }
        for (name, region) in &mut profiles.regions {
            region.name.clone_from(name);
        }
        profiles.check_with(|path, fault| Error::ProfileValue {
            line: line_of_path(text, &[path, &[fault.field]].concat()),
            path: write::path(&[path, &[fault.field]].concat()),
            value: fault.value,
            bound: fault.bound,
        })?;
        Ok(profiles)
    }

    /// Checks that every number is in its bound and every entry says its source; [`Profiles::from_toml`] does it.
    ///
    /// # Errors
    /// [`Error::ProfileValue`] without a line.
    pub fn check(&self) -> Result<()> {
        self.check_with(|path, fault| Error::ProfileValue {
            line: None,
            path: write::path(&[path, &[fault.field]].concat()),
            value: fault.value,
            bound: fault.bound,
        })
    }

    fn check_with(&self, error: impl Fn(&[&str], Fault) -> Error) -> Result<()> {
        for (name, machine) in &self.machines {
            machine.check().map_err(|fault| error(&["machines", name], fault))?;
        }
        for (name, region) in &self.regions {
            region.check().map_err(|fault| error(&["regions", name], fault))?;
        }
        for (region, machines) in &self.prices {
            for (machine, price) in machines {
                price.check().map_err(|fault| error(&["prices", region, machine], fault))?;
            }
        }
        for (region, prices) in &self.data_prices {
            prices.check().map_err(|fault| error(&["data_prices", region], fault))?;
        }
        for (encoder, scaling) in &self.encoders {
            scaling.check().map_err(|fault| error(&["encoders", encoder.name()], fault))?;
        }
        Ok(())
    }

    /// Lays `other` over this: an entry of the same name is replaced as a whole, all others stay.
    pub fn overlay(mut self, other: Profiles) -> Profiles {
        self.machines.extend(other.machines);
        self.regions.extend(other.regions);
        for (region, machines) in other.prices {
            self.prices.entry(region).or_default().extend(machines);
        }
        self.data_prices.extend(other.data_prices);
        self.encoders.extend(other.encoders);
        self
    }

    /// A machine by its name.
    ///
    /// # Errors
    /// [`Error::UnknownName`] lists the machines that are known.
    pub fn machine(&self, name: &str) -> Result<&Machine> {
        self.machines.get(name).ok_or_else(|| unknown("machine", name, self.machines.keys()))
    }

    /// A region by its name.
    ///
    /// # Errors
    /// [`Error::UnknownName`] lists the regions that are known.
    pub fn region(&self, name: &str) -> Result<&Region> {
        self.regions.get(name).ok_or_else(|| unknown("region", name, self.regions.keys()))
    }

    /// A machine in a region with all that is known of both. A price that is not known stays absent.
    ///
    /// # Errors
    /// [`Error::UnknownName`] lists the machines or regions that are known.
    pub fn site(&self, machine: &str, region: &str) -> Result<Site> {
        let data = self.data_prices.get(region);
        Ok(Site {
            machine: Arc::new(self.machine(machine)?.clone()),
            region: Arc::new(self.region(region)?.clone()),
            usd_per_hour: self.prices.get(region).and_then(|prices| prices.get(machine)).map(|p| p.usd_per_hour),
            usd_per_gb_egress: data.and_then(|prices| prices.usd_per_gb_egress),
            usd_per_gb_month_storage: data.and_then(|prices| prices.usd_per_gb_month_storage),
            parallel_shares: Arc::new(self.encoders.iter().map(|(&e, scaling)| (e, scaling.parallel_share)).collect()),
        })
    }

    /// One machine with its prices as TOML, as [`Profiles::from_toml`] reads it: what a calibration writes.
    ///
    /// # Errors
    /// [`Error::UnknownName`] lists the machines that are known.
    pub fn to_toml(&self, machine: &str) -> Result<String> {
        let mut text = write::machine(self.machine(machine)?);
        for (region, prices) in &self.prices {
            if let Some(price) = prices.get(machine) {
                text.push_str(&write::price(region, machine, price));
            }
        }
        Ok(text)
    }
}

fn unknown<'a>(field: &'static str, value: &str, known: impl Iterator<Item = &'a String>) -> Error {
    let known: Vec<&str> = known.map(String::as_str).collect();
    let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
    Error::UnknownName { field, value: value.to_owned(), known }
}
