//! What a job takes: time, energy, cost and carbon from the forecasts, by a site or by the short profile.

use crate::{
    bundle::Model,
    cost::{JobResources, Site, Work},
    options::PredictOptions,
    predict::Asked,
    result::{Estimate, PredictionResult},
    target::Target,
};

/// What the chain of a site answers; forecasts of these are replaced by it.
const OF_SITE: [Target; 6] =
    [Target::EncodeSeconds, Target::CpuSeconds, Target::CpuPercent, Target::EnergyKwh, Target::CostUsd, Target::Co2Kg];

/// Estimates by target.
pub(crate) type Estimates = [Option<Estimate>; Target::COUNT];

impl Asked<'_> {
    /// Completes an answer whose estimates are those that were learnt, and whose size is set.
    pub(crate) fn add_resources(&self, result: &mut PredictionResult, options: &PredictOptions) {
        match &options.site {
            Some(site) => {
                result.resources = self.at_site(site, &mut result.estimates, options);
            }
            None => by_profile(self.model, &mut result.estimates, options),
        }
    }

    /// Completes estimates of which some are absent.
    pub(crate) fn complete(&self, estimates: &mut Estimates, options: &PredictOptions) {
        match &options.site {
            Some(site) => {
                self.at_site(site, estimates, options);
            }
            None => by_profile(self.model, estimates, options),
        }
    }

    /// Replaces what depends on machine and place by what the site's chain makes of it, each end of an interval going
    /// through the chain; gives the parts for the forecast itself.
    fn at_site(&self, site: &Site, estimates: &mut Estimates, options: &PredictOptions) -> Option<JobResources> {
        let jobs = [Estimate::value, Estimate::lower, Estimate::upper].map(|end| {
            let of = |target: Target| estimates[target as usize].as_ref().map(end);
            Some(self.job_at(site, self.work(site, &of, options)?))
        });
        OF_SITE.iter().for_each(|&target| estimates[target as usize] = None);
        let [Some(job), Some(low), Some(high)] = jobs else { return None };
        for target in OF_SITE {
            let ends = [&job, &low, &high].map(|job| of_job(job, target));
            if let [Some(value), Some(low), Some(high)] = ends {
                // A ratio, such as the CPU percent, need not rise with its parts.
                let (lower, upper) = (value.min(low).min(high), value.max(low).max(high));
                estimates[target as usize] = Some(Estimate { value, lower, upper });
            }
        }
        Some(job)
    }

    /// What the forecasts say of the job; `None` when they say neither its CPU time nor its time.
    fn work(&self, site: &Site, of: &dyn Fn(Target) -> Option<f64>, options: &PredictOptions) -> Option<Work> {
        let machine = site.machine();
        let machines = &self.model.metadata().machines;
        let (cpu, encode) = (of(Target::CpuSeconds), of(Target::EncodeSeconds));
        // Where the model was taught the machine, its times are of this machine already.
        let taught = |target: Target| machines.factor(&machine.name, target).is_some();
        let cpu = cpu.map(|cpu| if taught(Target::CpuSeconds) { cpu * machine.speed } else { cpu });
        let threads = self.features.threads.map(|threads| threads as u32);
        let all_threads = threads.is_none_or(|threads| threads >= machine.vcpus);
        let encode = match (encode, machine.wall_speed) {
            (Some(encode), _) if taught(Target::EncodeSeconds) => Some(encode),
            (Some(encode), Some(speed)) if all_threads => Some(encode / speed),
            _ => None,
        };
        if cpu.is_none() && encode.is_none() {
            return None;
        }
        let duration = self.features.duration_or_default();
        let bitrate = self.features.bitrate_kbps.or_else(|| of(Target::BitrateKbps));
        let encoder = self.features.encoder.or_else(|| self.features.codec_known().map(|codec| codec.usual_encoder()));
        Some(Work {
            encode_seconds: encode,
            threads,
            memory_mb: of(Target::PeakMemoryMb),
            size_mb: bitrate.map(|kbps| kbps * duration / 8000.0),
            energy_kwh: of(Target::EnergyKwh).filter(|_| taught(Target::EnergyKwh)),
            months_stored: options.months_stored,
            deliveries: options.deliveries,
            // Who does not tell the encoder is answered for the one that spreads worst.
            parallel_share: encoder.map_or(site.least_parallel_share(), |encoder| site.parallel_share(encoder)),
            whole_machine: options.whole_machine,
            ..Work::of_cpu_seconds(cpu.unwrap_or(f64::NAN), duration / 60.0)
        })
    }

    /// The chain, without what needs a CPU time where none is known.
    fn job_at(&self, site: &Site, work: Work) -> JobResources {
        if !work.cpu_seconds.is_nan() {
            return site.of_job(&work);
        }
        let job = site.of_job(&Work { cpu_seconds: 0.0, ..work });
        JobResources {
            cpu_seconds: f64::NAN,
            encode_seconds: job.encode_seconds,
            cost_usd: job.cost_usd,
            cost_compute_usd: job.cost_compute_usd,
            cost_egress_usd: job.cost_egress_usd,
            cost_storage_usd: job.cost_storage_usd,
            co2_embodied_kg: job.co2_embodied_kg,
            ..Default::default()
        }
    }
}

/// Energy, cost and carbon of the CPU time, where they were not learnt and a profile says how; and how busy it keeps
/// the processors, where both times are known.
pub(crate) fn by_profile(model: &Model, estimates: &mut Estimates, options: &PredictOptions) {
    let Some(cpu) = estimates[Target::CpuSeconds as usize] else { return };
    if let Some(encode) = estimates[Target::EncodeSeconds as usize].filter(|encode| encode.lower > 0.0) {
        let ratios = [cpu.value / encode.value, cpu.lower / encode.lower, cpu.upper / encode.upper];
        let [value, low, high] = ratios.map(|ratio| 100.0 * ratio);
        let (lower, upper) = (value.min(low).min(high), value.max(low).max(high));
        estimates[Target::CpuPercent as usize].get_or_insert(Estimate { value, lower, upper });
    }
    let Some(profile) = options.profile.as_ref().or(model.metadata().profile.as_ref()) else { return };
    let [value, lower, upper] = [cpu.value, cpu.lower, cpu.upper].map(|s| profile.of_cpu_seconds(s));
    for (target, value, lower, upper) in [
        (Target::EnergyKwh, value.energy_kwh, lower.energy_kwh, upper.energy_kwh),
        (Target::CostUsd, value.cost_usd, lower.cost_usd, upper.cost_usd),
        (Target::Co2Kg, value.co2_kg, lower.co2_kg, upper.co2_kg),
    ] {
        estimates[target as usize].get_or_insert(Estimate { value, lower, upper });
    }
}

fn of_job(job: &JobResources, target: Target) -> Option<f64> {
    match target {
        Target::EncodeSeconds => job.encode_seconds,
        Target::CpuSeconds => Some(job.cpu_seconds).filter(|seconds| !seconds.is_nan()),
        Target::CpuPercent => job.cpu_percent,
        Target::EnergyKwh => job.energy_kwh,
        Target::CostUsd => job.cost_usd,
        Target::Co2Kg => job.co2_kg,
        _ => None,
    }
}
