//! Where a job runs, by flags: a machine in a region, or the short profile of prices.

use std::path::PathBuf;

use encast::{PredictOptions, PredictionFeatures};

use crate::{failure::Failure, input};

/// Machine, region, prices.
#[derive(clap::Args)]
#[command(next_help_heading = "Where it runs (`encast profiles` lists machines and regions)")]
pub struct PlaceArgs {
    /// Machine that encodes: with --region one of the profiles, without it one that the model was taught
    #[arg(long, value_name = "NAME")]
    machine: Option<String>,
    /// Region of the machine: time, energy, cost and carbon are of this place then
    #[arg(long, value_name = "NAME", requires = "machine", conflicts_with = "profile")]
    region: Option<String>,
    /// Machines, regions and prices over the built-in ones
    #[arg(long, value_name = "MY.toml", requires = "region")]
    profiles: Option<PathBuf>,
    /// Months that the encode is kept
    #[arg(long, value_name = "N", requires = "region", default_value_t = 0.0, allow_negative_numbers = true)]
    months_stored: f64,
    /// How often the whole encode is sent to the internet
    #[arg(long, value_name = "N", requires = "region", default_value_t = 0.0, allow_negative_numbers = true)]
    deliveries: f64,
    /// Charge the whole machine, not the share that the encode has threads for
    #[arg(long, requires = "region")]
    whole_machine: bool,
    /// Prices and carbon factors of CPU time, instead of the bundle's own
    #[arg(long, value_name = "P.json")]
    profile: Option<PathBuf>,
}

impl PlaceArgs {
    /// The options with the place in them.
    pub fn over(&self, options: PredictOptions) -> Result<PredictOptions, Failure> {
        let profile = input::read_profile(self.profile.as_deref())?;
        let site = match (&self.machine, &self.region) {
            (Some(machine), Some(region)) => {
                Some(input::read_profiles(self.profiles.as_deref())?.site(machine, region)?)
            }
            _ => None,
        };
        let (months_stored, deliveries) = (self.months_stored, self.deliveries);
        Ok(PredictOptions { profile, site, months_stored, deliveries, whole_machine: self.whole_machine, ..options })
    }

    /// Puts the machine into a request that names none, where no region makes a site of it.
    pub fn name_in(&self, features: &mut PredictionFeatures) {
        if self.region.is_none() && features.machine.is_none() {
            features.machine.clone_from(&self.machine);
        }
    }

    /// Whether costs can be said where the model itself has no prices.
    pub fn has_prices(&self) -> bool {
        self.region.is_some() || self.profile.is_some()
    }
}
