//! What can be forecast: names, units, bounds, and the scale on which each is learnt.

use std::fmt;

use crate::error::{Error, Result};

/// The scale on which a target is learnt and its error is roughly even.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// As it is.
    Linear,
    /// Base-2 logarithm.
    Log,
    /// Base-2 logarithm of the amount for one megapixel of encoded frames: forecasts scale with the job's length.
    LogPerMegapixel,
}

macro_rules! targets {
    ($($variant:ident = $number:literal $name:literal $unit:literal $scale:ident ($lo:expr, $hi:expr);)*) => {
        /// A quantity that a model may forecast.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Target { $(#[doc = concat!("`", $name, "` (", $unit, ")")] $variant = $number),* }

        impl Target {
            /// All targets, in the order of their numbers.
            pub const ALL: &'static [Target] = &[$(Target::$variant),*];

            /// The name in Rust, C, Go, CSV, JSON and metrics.
            pub const fn name(self) -> &'static str {
                match self { $(Target::$variant => $name),* }
            }

            /// The unit, in words.
            pub const fn unit(self) -> &'static str {
                match self { $(Target::$variant => $unit),* }
            }

            /// The scale on which it is learnt.
            pub const fn scale(self) -> Scale {
                match self { $(Target::$variant => Scale::$scale),* }
            }

            /// Smallest and largest value that exists.
            pub const fn bounds(self) -> (f64, f64) {
                match self { $(Target::$variant => ($lo, $hi)),* }
            }
        }
    };
}

targets! {
    Vmaf = 0 "vmaf" "0-100" Linear (0.0, 100.0);
    Psnr = 1 "psnr" "dB" Linear (0.0, 120.0);
    Ssim = 2 "ssim" "0-1" Linear (0.0, 1.0);
    BitrateKbps = 3 "bitrate_kbps" "kbit/s" Log (1e-3, 1e8);
    EncodeSeconds = 4 "encode_seconds" "seconds" LogPerMegapixel (1e-9, 1e12);
    CpuSeconds = 5 "cpu_seconds" "seconds" LogPerMegapixel (1e-9, 1e12);
    CpuPercent = 6 "cpu_percent" "percent of one core" Linear (0.0, 1e5);
    GpuPercent = 7 "gpu_percent" "percent" Linear (0.0, 100.0);
    PeakMemoryMb = 8 "peak_memory_mb" "MB" Log (1e-3, 1e9);
    EnergyKwh = 9 "energy_kwh" "kWh" LogPerMegapixel (1e-15, 1e12);
    CostUsd = 10 "cost_usd" "USD" LogPerMegapixel (1e-15, 1e12);
    Co2Kg = 11 "co2_kg" "kg CO2e" LogPerMegapixel (1e-15, 1e12);
}

impl Target {
    /// How many targets there are.
    pub const COUNT: usize = Target::ALL.len();

    /// Whether it differs from machine to machine by a factor.
    pub const fn depends_on_machine(self) -> bool {
        matches!(self.scale(), Scale::LogPerMegapixel)
    }

    /// The target with that name; an error lists the known ones.
    pub fn from_name(name: &str) -> Result<Target> {
        Target::ALL.iter().copied().find(|t| t.name() == name).ok_or_else(|| Error::UnknownName {
            field: "target",
            value: name.to_owned(),
            known: Target::ALL.iter().map(|t| t.name()).collect::<Vec<_>>().join(", "),
        })
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl serde::Serialize for Target {
    fn serialize<S: serde::Serializer>(&self, s: S) -> std::result::Result<S::Ok, S::Error> {
        s.serialize_str(self.name())
    }
}

impl<'de> serde::Deserialize<'de> for Target {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> std::result::Result<Self, D::Error> {
        let name = <std::borrow::Cow<'de, str>>::deserialize(d)?;
        Target::from_name(&name).map_err(serde::de::Error::custom)
    }
}

/// Measured values of one encode. Unknown is `None`, never 0.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PredictionTargets {
    /// Which source it was: rows of one title never sit on both sides of a split.
    pub title: String,
    values: [Option<f64>; Target::COUNT],
}

impl PredictionTargets {
    /// Nothing measured yet, of this title.
    pub fn of_title(title: impl Into<String>) -> Self {
        PredictionTargets { title: title.into(), ..Default::default() }
    }

    /// The measured value, when there is one.
    pub fn get(&self, target: Target) -> Option<f64> {
        self.values[target as usize]
    }

    /// Sets or removes a measured value. It is checked when it is trained on.
    pub fn set(&mut self, target: Target, value: Option<f64>) -> &mut Self {
        self.values[target as usize] = value;
        self
    }

    /// Whether nothing was measured.
    pub fn is_empty(&self) -> bool {
        self.values.iter().all(Option::is_none)
    }
}
