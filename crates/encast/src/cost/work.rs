//! What a job asks of a machine.

use serde::{Deserialize, Serialize};

use super::bounds::{Bound, Fault, number};
use crate::error::{Error, Result};

/// A job, before it is known where it runs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Work {
    /// CPU time of the job on the reference vCPU, seconds, 0–10¹².
    pub cpu_seconds: f64,
    /// Time from start to end on the machine at hand, seconds, 0–10¹², when it is known; absent: it follows from the CPU
    /// time, as far as that can be said.
    #[serde(default)]
    pub encode_seconds: Option<f64>,
    /// Threads of the encoder, 1–4096; absent: one for each vCPU of the machine. More than the machine has count as all.
    #[serde(default)]
    pub threads: Option<u32>,
    /// Highest memory use, MB (10⁶ bytes), 0–10⁹; absent: no more than the job's share of the machine.
    #[serde(default)]
    pub memory_mb: Option<f64>,
    /// Size of the encode, MB (10⁶ bytes), 0–10¹²; absent: what storage and deliveries cost is absent too.
    #[serde(default)]
    pub size_mb: Option<f64>,
    /// Length of what is encoded, minutes, above 0, at most 10⁹: the functional unit of the carbon intensity.
    pub content_minutes: f64,
    /// Energy of the job that was measured or learnt, kWh, at the machine, before the data centre's overhead, 0–10⁹. It
    /// takes the place of the modelled energy.
    #[serde(default)]
    pub energy_kwh: Option<f64>,
    /// How long the encode is kept, months, 0–10⁴; default 0.
    #[serde(default)]
    pub months_stored: f64,
    /// How many times the whole encode is sent to the internet, 0–10¹²; default 0.
    #[serde(default)]
    pub deliveries: f64,
    /// Share of the CPU time that runs on all threads at once, 0–1, such as [`Site::parallel_share`] of the encoder;
    /// absent: the time on several threads can't be said.
    ///
    /// [`Site::parallel_share`]: crate::Site::parallel_share
    #[serde(default)]
    pub parallel_share: Option<f64>,
    /// Whether the job is charged the whole machine, as when nothing else runs beside it, instead of the share
    /// `threads / vcpus`; default false.
    #[serde(default)]
    pub whole_machine: bool,
}

impl Work {
    /// A job of which only the CPU time (seconds on the reference vCPU) and the content's length (minutes) are known.
    pub const fn of_cpu_seconds(cpu_seconds: f64, content_minutes: f64) -> Work {
        Work {
            cpu_seconds,
            encode_seconds: None,
            threads: None,
            memory_mb: None,
            size_mb: None,
            content_minutes,
            energy_kwh: None,
            months_stored: 0.0,
            deliveries: 0.0,
            parallel_share: None,
            whole_machine: false,
        }
    }

    /// Checks that every number is in its bound.
    ///
    /// # Errors
    /// [`Error::InvalidField`] names field, value and bound.
    pub fn check(&self) -> Result<()> {
        let threads = self.threads.map(f64::from);
        [
            number("cpu_seconds", self.cpu_seconds, Bound::Within(0.0, 1e12)),
            number("encode_seconds", self.encode_seconds, Bound::Within(0.0, 1e12)),
            number("threads", threads, Bound::Within(1.0, 4096.0)),
            number("memory_mb", self.memory_mb, Bound::Within(0.0, 1e9)),
            number("size_mb", self.size_mb, Bound::Within(0.0, 1e12)),
            number("content_minutes", self.content_minutes, Bound::AboveZero(1e9)),
            number("energy_kwh", self.energy_kwh, Bound::Within(0.0, 1e9)),
            number("months_stored", self.months_stored, Bound::Within(0.0, 1e4)),
            number("deliveries", self.deliveries, Bound::Within(0.0, 1e12)),
            number("parallel_share", self.parallel_share, Bound::Within(0.0, 1.0)),
        ]
        .into_iter()
        .collect::<std::result::Result<(), Fault>>()
        .map_err(|Fault { field, value, bound }| Error::InvalidField { field, value, bound })
    }
}
