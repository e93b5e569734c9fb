//! A machine in a region, and what jobs take there.

use std::{collections::BTreeMap, sync::Arc};

use super::{job::JobResources, machine::Machine, place::Region, work::Work};
use crate::codec::Encoder;

/// Seconds of an hour.
const HOUR: f64 = 3600.0;
/// Seconds of a year of 365.25 days.
const YEAR: f64 = 365.25 * 24.0 * HOUR;
/// Watt seconds of a kWh.
const KWH: f64 = 3.6e6;

/// A machine in a region with its prices: all numbers of the chain, resolved. Cheap to clone.
#[derive(Debug, Clone, PartialEq)]
pub struct Site {
    pub(crate) machine: Arc<Machine>,
    pub(crate) region: Arc<Region>,
    pub(crate) usd_per_hour: Option<f64>,
    pub(crate) usd_per_gb_egress: Option<f64>,
    pub(crate) usd_per_gb_month_storage: Option<f64>,
    pub(crate) parallel_shares: Arc<BTreeMap<Encoder, f64>>,
}

impl Site {
    /// The machine.
    pub fn machine(&self) -> &Machine {
        &self.machine
    }

    /// The region.
    pub fn region(&self) -> &Region {
        &self.region
    }

    /// Price of the whole machine for an hour, USD.
    pub fn usd_per_hour(&self) -> Option<f64> {
        self.usd_per_hour
    }

    /// Price of one GB sent to the internet, USD.
    pub fn usd_per_gb_egress(&self) -> Option<f64> {
        self.usd_per_gb_egress
    }

    /// Price of one GB kept for a month, USD.
    pub fn usd_per_gb_month_storage(&self) -> Option<f64> {
        self.usd_per_gb_month_storage
    }

    /// Share of an encoder's CPU time that runs on all threads at once, 0–1; absent where nobody measured it.
    pub fn parallel_share(&self, encoder: Encoder) -> Option<f64> {
        self.parallel_shares.get(&encoder).copied()
    }

    /// The smallest of all encoders' shares: the longest time that one of them takes on several threads.
    pub fn least_parallel_share(&self) -> Option<f64> {
        self.parallel_shares.values().copied().min_by(f64::total_cmp)
    }

    /// What a job takes here. Numbers outside of their bounds ([`Work::check`]) give results without a meaning.
    pub fn of_job(&self, work: &Work) -> JobResources {
        let machine = &*self.machine;
        let threads = work.threads.unwrap_or(machine.vcpus).clamp(1, machine.vcpus.max(1));
        // The job's part of all that the machine is, costs and draws while it idles.
        let vcpus = if work.whole_machine { machine.vcpus } else { threads };
        let share = f64::from(vcpus) / f64::from(machine.vcpus.max(1));
        let cpu_seconds = work.cpu_seconds / machine.speed;
        let encode_seconds = work.encode_seconds.or_else(|| self.encode_seconds(work, threads));
        let mut job = JobResources { cpu_seconds, encode_seconds, ..Default::default() };
        job.cpu_percent = encode_seconds.filter(|&s| s > 0.0).map(|seconds| 100.0 * cpu_seconds / seconds);
        self.energy(&mut job, work, f64::from(vcpus), share);
        self.cost(&mut job, work, share);
        self.carbon(&mut job, work, f64::from(vcpus));
        job
    }

    /// The time from the CPU time: by the measured speed of a whole encode where the machine was calibrated and all of it
    /// is used, otherwise by Amdahl's law.
    fn encode_seconds(&self, work: &Work, threads: u32) -> Option<f64> {
        let n = f64::from(threads);
        let cpu_seconds = work.cpu_seconds / self.machine.speed;
        if threads == 1 {
            return Some(cpu_seconds);
        }
        match self.machine.wall_speed {
            // No encode ends before its threads have done its CPU time.
            Some(speed) if threads == self.machine.vcpus => Some((work.cpu_seconds / speed).max(cpu_seconds / n)),
            _ => work.parallel_share.map(|parallel| cpu_seconds * ((1.0 - parallel) + parallel / n)),
        }
    }

    fn energy(&self, job: &mut JobResources, work: &Work, vcpus: f64, share: f64) {
        let (machine, pue) = (&*self.machine, self.region.pue);
        if let Some(measured) = work.energy_kwh {
            job.energy_kwh = Some(measured * pue);
            return;
        }
        let (Some(seconds), Some(idle), Some(busy)) =
            (job.encode_seconds, machine.idle_watts_per_vcpu, machine.busy_watts_per_vcpu)
        else {
            return;
        };
        let memory_gb = (share * machine.memory_gb).max(work.memory_mb.unwrap_or(0.0) / 1000.0);
        let cpu = (busy - idle) * job.cpu_seconds * pue / KWH;
        let idling = idle * vcpus * seconds * pue / KWH;
        let memory = machine.watts_per_gb.unwrap_or(0.0) * memory_gb * seconds * pue / KWH;
        job.energy_cpu_kwh = Some(cpu);
        job.energy_idle_kwh = Some(idling);
        job.energy_memory_kwh = Some(memory);
        job.energy_kwh = Some(cpu + idling + memory);
    }

    fn cost(&self, job: &mut JobResources, work: &Work, share: f64) {
        job.cost_compute_usd = job.encode_seconds.zip(self.usd_per_hour).map(|(s, usd)| s / HOUR * usd * share);
        // What is neither sent nor kept costs nothing there, whatever the price.
        let of_data = |amount: f64, usd: Option<f64>| {
            if amount == 0.0 { Some(0.0) } else { work.size_mb.zip(usd).map(|(mb, usd)| mb / 1000.0 * amount * usd) }
        };
        job.cost_egress_usd = of_data(work.deliveries, self.usd_per_gb_egress);
        job.cost_storage_usd = of_data(work.months_stored, self.usd_per_gb_month_storage);
        let parts = [job.cost_compute_usd, job.cost_egress_usd, job.cost_storage_usd];
        job.cost_usd = parts.into_iter().sum();
    }

    fn carbon(&self, job: &mut JobResources, work: &Work, vcpus: f64) {
        let machine = &*self.machine;
        job.co2_operational_kg = job.energy_kwh.map(|kwh| kwh * self.region.grid_g_per_kwh / 1000.0);
        let making = machine.embodied_kg_per_vcpu.zip(machine.lifetime_years);
        job.co2_embodied_kg =
            job.encode_seconds.zip(making).map(|(seconds, (kg, years))| kg * vcpus * (seconds / (years * YEAR)));
        job.co2_kg = job.co2_operational_kg.zip(job.co2_embodied_kg).map(|(o, m)| o + m);
        job.sci_g_per_minute = job.co2_kg.map(|kg| kg * 1000.0 / work.content_minutes);
    }
}
