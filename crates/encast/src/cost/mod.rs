//! From compute to time, energy, cost and carbon: machines, regions and prices are data, the chain between them is a few
//! formulas. `docs/cost-and-carbon.md` has every formula with its unit and source.
//!
//! [`ResourceProfile`] is the short form, four numbers that a bundle carries; [`Profiles`] is the long one.

mod bounds;
mod job;
mod locate;
mod machine;
mod place;
mod profiles;
mod resource_profile;
mod site;
mod work;
mod write;

pub use job::JobResources;
pub use machine::{EncoderScaling, Machine};
pub use place::{DataPrices, Price, Region};
pub use profiles::{MAX_PROFILES_BYTES, Profiles};
pub use resource_profile::{JobCost, ResourceProfile};
pub use site::Site;
pub use work::Work;
