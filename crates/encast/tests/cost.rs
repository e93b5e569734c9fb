//! The chain from compute to time, energy, cost and carbon: by hand, one change at a time, and monotone.
#![allow(clippy::unwrap_used)]

use encast::*;
use proptest::prelude::*;

/// Round numbers, so that a hand can follow.
const ROUND: &str = r#"
[machines.box]
vcpus = 4
speed = 0.5
idle_watts_per_vcpu = 2
busy_watts_per_vcpu = 12
memory_gb = 8
watts_per_gb = 0.5
embodied_kg_per_vcpu = 40
lifetime_years = 4
cpu_model = "made up"
source = "made up for the tests"

[machines.calibrated]
vcpus = 4
speed = 0.5
wall_speed = 1.6
memory_gb = 8
cpu_model = "made up"
source = "made up for the tests"

[regions.here]
grid_g_per_kwh = 400
pue = 1.5
source = "made up for the tests"

[regions.there]
grid_g_per_kwh = 40
pue = 1.2
source = "made up for the tests"

[prices.here.box]
usd_per_hour = 0.36
source = "made up for the tests"

[prices.there.box]
usd_per_hour = 0.72
source = "made up for the tests"

[data_prices.here]
usd_per_gb_egress = 0.1
usd_per_gb_month_storage = 0.02
source = "made up for the tests"
"#;

fn site(machine: &str, region: &str) -> Site {
    Profiles::from_toml(ROUND).unwrap().site(machine, region).unwrap()
}

/// 900 s of reference CPU time, 0.9 of it on all threads, ten minutes, half a GB.
fn work() -> Work {
    Work {
        parallel_share: Some(0.9),
        size_mb: Some(500.0),
        months_stored: 3.0,
        deliveries: 20.0,
        ..Work::of_cpu_seconds(900.0, 10.0)
    }
}

#[track_caller]
fn close(found: Option<f64>, expected: f64) {
    let found = found.unwrap();
    assert!((found / expected - 1.0).abs() < 1e-12, "{found} is not {expected}");
}

#[test]
fn a_job_by_hand() {
    let job = site("box", "here").of_job(&work());
    // 900 / 0.5 = 1800 s of CPU; 1800 · (0.1 + 0.9 / 4) = 585 s.
    close(Some(job.cpu_seconds), 1800.0);
    close(job.encode_seconds, 585.0);
    close(job.cpu_percent, 100.0 * 1800.0 / 585.0);
    // (12 − 2) W · 1800 s · 1.5; 2 W · 4 · 585 s · 1.5; 0.5 W · 8 · 585 s · 1.5, over 3.6 MJ a kWh.
    close(job.energy_cpu_kwh, 27_000.0 / 3.6e6);
    close(job.energy_idle_kwh, 7_020.0 / 3.6e6);
    close(job.energy_memory_kwh, 3_510.0 / 3.6e6);
    close(job.energy_kwh, 37_530.0 / 3.6e6);
    // 585 / 3600 · 0.36; 0.5 GB · 20 · 0.1; 0.5 GB · 3 · 0.02.
    close(job.cost_compute_usd, 0.0585);
    close(job.cost_egress_usd, 1.0);
    close(job.cost_storage_usd, 0.03);
    close(job.cost_usd, 1.0885);
    // 0.010425 kWh · 0.4 kg; 40 kg · 4 · 585 s of 4 · 31557600 s.
    close(job.co2_operational_kg, 0.00417);
    close(job.co2_embodied_kg, 160.0 * 585.0 / 126_230_400.0);
    let total = 0.00417 + 160.0 * 585.0 / 126_230_400.0;
    close(job.co2_kg, total);
    close(job.sci_g_per_minute, total * 100.0);
}

#[test]
fn a_job_pays_its_share_of_the_machine() {
    let site = site("box", "here");
    let half = site.of_job(&Work { threads: Some(2), ..work() });
    // 1800 · (0.1 + 0.9 / 2) = 990 s on half of the machine.
    close(half.encode_seconds, 990.0);
    close(half.energy_cpu_kwh, 27_000.0 / 3.6e6);
    close(half.energy_idle_kwh, 2.0 * 2.0 * 990.0 * 1.5 / 3.6e6);
    close(half.energy_memory_kwh, 0.5 * 4.0 * 990.0 * 1.5 / 3.6e6);
    close(half.cost_compute_usd, 990.0 / 3600.0 * 0.18);
    close(half.co2_embodied_kg, 80.0 * 990.0 / 126_230_400.0);
    let whole = site.of_job(&Work { threads: Some(2), whole_machine: true, ..work() });
    close(whole.encode_seconds, 990.0);
    close(whole.energy_cpu_kwh, 27_000.0 / 3.6e6);
    for (of_whole, of_half) in [
        (whole.energy_idle_kwh, half.energy_idle_kwh),
        (whole.energy_memory_kwh, half.energy_memory_kwh),
        (whole.cost_compute_usd, half.cost_compute_usd),
        (whole.co2_embodied_kg, half.co2_embodied_kg),
    ] {
        close(of_whole, 2.0 * of_half.unwrap());
    }
    // More threads than the machine has are as many as it has.
    assert_eq!(site.of_job(&Work { threads: Some(64), ..work() }), site.of_job(&work()));
    // Memory beyond the share is the job's too.
    let large = site.of_job(&Work { threads: Some(2), memory_mb: Some(6000.0), ..work() });
    close(large.energy_memory_kwh, 0.5 * 6.0 * 990.0 * 1.5 / 3.6e6);
    let small = site.of_job(&Work { threads: Some(2), memory_mb: Some(1000.0), ..work() });
    assert_eq!(small, half);
}

#[test]
fn a_known_time_or_energy_takes_the_place_of_the_modelled() {
    let site = site("box", "here");
    let timed = site.of_job(&Work { encode_seconds: Some(700.0), parallel_share: None, ..work() });
    close(timed.encode_seconds, 700.0);
    close(timed.cost_compute_usd, 0.07);
    close(timed.energy_idle_kwh, 2.0 * 4.0 * 700.0 * 1.5 / 3.6e6);
    let metered = site.of_job(&Work { energy_kwh: Some(0.02), ..work() });
    close(metered.energy_kwh, 0.03);
    assert_eq!((metered.energy_cpu_kwh, metered.energy_idle_kwh, metered.energy_memory_kwh), (None, None, None));
    close(metered.co2_operational_kg, 0.012);
}

#[test]
fn a_calibrated_machine_answers_by_its_measured_speed() {
    let site = site("calibrated", "here");
    close(site.of_job(&work()).encode_seconds, 900.0 / 1.6);
    // On a part of it, by Amdahl's law; on one thread, the CPU time.
    close(site.of_job(&Work { threads: Some(2), ..work() }).encode_seconds, 990.0);
    close(site.of_job(&Work { threads: Some(1), parallel_share: None, ..work() }).encode_seconds, 1800.0);
    // Never sooner than the CPU time on all threads: 4 · 0.5 = 2 is as fast as it gets.
    let mut machine = Profiles::from_toml(ROUND).unwrap();
    machine.machines.get_mut("calibrated").unwrap().wall_speed = Some(50.0);
    close(machine.site("calibrated", "here").unwrap().of_job(&work()).encode_seconds, 450.0);
}

#[test]
fn what_is_not_known_is_absent_and_so_is_its_sum() {
    // No parallel share: no time on several threads, and nothing that hangs on it.
    let unscaled = site("box", "here").of_job(&Work { parallel_share: None, ..work() });
    assert_eq!(unscaled.encode_seconds, None);
    assert_eq!((unscaled.cpu_percent, unscaled.energy_kwh, unscaled.co2_kg), (None, None, None));
    assert_eq!((unscaled.cost_compute_usd, unscaled.cost_usd), (None, None));
    close(unscaled.cost_egress_usd, 1.0);
    // No watts, no making: no energy, no carbon; the price of that machine is not known either.
    let bare = site("calibrated", "here").of_job(&work());
    assert_eq!((bare.energy_kwh, bare.co2_operational_kg, bare.co2_embodied_kg), (None, None, None));
    assert_eq!((bare.cost_compute_usd, bare.cost_usd, bare.sci_g_per_minute), (None, None, None));
    // No prices of data there: a delivery has no cost, no delivery costs nothing.
    let there = site("box", "there");
    let job = there.of_job(&work());
    assert_eq!((job.cost_egress_usd, job.cost_storage_usd, job.cost_usd), (None, None, None));
    let kept = there.of_job(&Work { deliveries: 0.0, months_stored: 0.0, size_mb: None, ..work() });
    assert_eq!((kept.cost_egress_usd, kept.cost_storage_usd), (Some(0.0), Some(0.0)));
    close(kept.cost_usd, kept.cost_compute_usd.unwrap());
    // No size.
    let unsized_job = site("box", "here").of_job(&Work { size_mb: None, ..work() });
    assert_eq!((unsized_job.cost_egress_usd, unsized_job.cost_usd), (None, None));
}

#[test]
fn another_region_or_price_changes_what_it_should_and_nothing_else() {
    let work = Work { deliveries: 0.0, months_stored: 0.0, ..work() };
    let (here, there) = (site("box", "here").of_job(&work), site("box", "there").of_job(&work));
    // Energy by the PUE (1.5 to 1.2), operational carbon by PUE and grid (400 to 40), compute by the price (0.36 to 0.72).
    for (before, after) in [
        (here.energy_cpu_kwh, there.energy_cpu_kwh),
        (here.energy_idle_kwh, there.energy_idle_kwh),
        (here.energy_memory_kwh, there.energy_memory_kwh),
        (here.energy_kwh, there.energy_kwh),
    ] {
        close(after, before.unwrap() * 0.8);
    }
    close(there.co2_operational_kg, here.co2_operational_kg.unwrap() * 0.08);
    close(there.cost_compute_usd, here.cost_compute_usd.unwrap() * 2.0);
    assert_eq!(there.encode_seconds, here.encode_seconds);
    assert_eq!(there.cpu_seconds, here.cpu_seconds);
    assert_eq!(there.cpu_percent, here.cpu_percent);
    assert_eq!(there.co2_embodied_kg, here.co2_embodied_kg);
    // The price alone.
    let mut dearer = Profiles::from_toml(ROUND).unwrap();
    dearer.prices.get_mut("here").unwrap().get_mut("box").unwrap().usd_per_hour = 3.6;
    let job = dearer.site("box", "here").unwrap().of_job(&work);
    close(job.cost_compute_usd, here.cost_compute_usd.unwrap() * 10.0);
    let but_cost = |job: JobResources| JobResources { cost_usd: None, cost_compute_usd: None, ..job };
    assert_eq!(but_cost(job), but_cost(here));
}

#[test]
fn work_out_of_bounds_is_named() {
    assert!(work().check().is_ok());
    let check = |work: Work| work.check().unwrap_err().to_string();
    assert!(
        check(Work { cpu_seconds: -1.0, ..work() }).starts_with("cpu_seconds = -1: must be a finite number from 0")
    );
    assert!(check(Work { content_minutes: 0.0, ..work() }).starts_with("content_minutes = 0: must be"));
    assert!(check(Work { encode_seconds: Some(f64::NAN), ..work() }).starts_with("encode_seconds = NaN"));
    assert!(check(Work { size_mb: Some(f64::INFINITY), ..work() }).starts_with("size_mb = inf"));
    assert!(check(Work { threads: Some(0), ..work() }).starts_with("threads = 0"));
    assert!(check(Work { parallel_share: Some(1.1), ..work() }).starts_with("parallel_share = 1.1"));
}

#[test]
fn a_site_goes_between_threads() {
    fn shared<T: Clone + Send + Sync + 'static>(_: &T) {}
    shared(&site("box", "here"));
}

/// `docs/cost-and-carbon.md` works one job by hand; the page must hold what the code says.
#[test]
fn the_worked_example_of_the_page() {
    let page = include_str!("../../../docs/cost-and-carbon.md");
    let site = Profiles::shipped().unwrap().site("c5.2xlarge", "eu-central-1").unwrap();
    let work = Work {
        parallel_share: site.parallel_share(Encoder::Libx264),
        size_mb: Some(300.0),
        deliveries: 100.0,
        months_stored: 12.0,
        ..Work::of_cpu_seconds(1000.0, 10.0)
    };
    let job = site.of_job(&work);
    // By the shipped numbers, written out.
    let cpu = 1000.0 / 0.24;
    let time = cpu * (0.018 + 0.982 / 8.0);
    close(job.encode_seconds, time);
    close(job.energy_kwh, ((4.115 - 0.645) * cpu + (0.645 * 8.0 + 0.392 * 16.0) * time) * 1.35 / 3.6e6);
    close(job.cost_usd, time / 3600.0 * 0.388 + 0.3 * 100.0 * 0.09 + 0.3 * 12.0 * 0.0245);
    close(job.co2_embodied_kg, 14.0 * 8.0 * time / (4.0 * 31_557_600.0));
    for (name, value) in [
        ("cpu_seconds", Some(job.cpu_seconds)),
        ("encode_seconds", job.encode_seconds),
        ("cpu_percent", job.cpu_percent),
        ("energy_cpu_kwh", job.energy_cpu_kwh),
        ("energy_idle_kwh", job.energy_idle_kwh),
        ("energy_memory_kwh", job.energy_memory_kwh),
        ("energy_kwh", job.energy_kwh),
        ("cost_compute_usd", job.cost_compute_usd),
        ("cost_egress_usd", job.cost_egress_usd),
        ("cost_storage_usd", job.cost_storage_usd),
        ("cost_usd", job.cost_usd),
        ("co2_operational_kg", job.co2_operational_kg),
        ("co2_embodied_kg", job.co2_embodied_kg),
        ("co2_kg", job.co2_kg),
        ("sci_g_per_minute", job.sci_g_per_minute),
    ] {
        let value = value.unwrap();
        let places = usize::try_from(4 - value.log10().floor() as i32).unwrap_or(0);
        let line = format!("| `{name}` | {value:.places$} |");
        assert!(page.contains(&line), "the page lacks: {line}");
    }
}

/// All outputs that promise never to fall.
fn rising(job: &JobResources) -> Vec<Option<f64>> {
    vec![
        Some(job.cpu_seconds),
        job.encode_seconds,
        job.energy_kwh,
        job.energy_cpu_kwh,
        job.energy_idle_kwh,
        job.energy_memory_kwh,
        job.cost_usd,
        job.cost_compute_usd,
        job.cost_egress_usd,
        job.cost_storage_usd,
        job.co2_kg,
        job.co2_operational_kg,
        job.co2_embodied_kg,
        job.sci_g_per_minute,
    ]
}

prop_compose! {
    fn any_work()(
        cpu_seconds in 0.0..1e7f64,
        encode_seconds in prop::option::of(0.0..1e7f64),
        threads in prop::option::of(1..40u32),
        memory_mb in prop::option::of(0.0..1e6f64),
        size_mb in prop::option::of(0.0..1e7f64),
        energy_kwh in prop::option::of(0.0..100.0f64),
        (months_stored, deliveries) in (0.0..100.0f64, 0.0..1e6f64),
        parallel_share in prop::option::of(0.0..=1.0f64),
        whole_machine: bool,
    ) -> Work {
        Work {
            encode_seconds, threads, memory_mb, size_mb, energy_kwh, months_stored, deliveries, parallel_share, whole_machine,
            ..Work::of_cpu_seconds(cpu_seconds, 10.0)
        }
    }
}

proptest! {
    /// More work, time, memory or size: nothing falls, and what was known stays known.
    #[test]
    fn nothing_falls_when_the_job_grows(
        work in any_work(),
        wall_speed in prop::option::of(0.01..100.0f64),
        (cpu, time, memory, size) in (1.0..3.0f64, 1.0..3.0f64, 1.0..3.0f64, 1.0..3.0f64),
    ) {
        let mut profiles = Profiles::from_toml(ROUND).unwrap();
        profiles.machines.get_mut("box").unwrap().wall_speed = wall_speed;
        let site = profiles.site("box", "here").unwrap();
        let grown = Work {
            cpu_seconds: work.cpu_seconds * cpu,
            encode_seconds: work.encode_seconds.map(|s| s * time),
            memory_mb: work.memory_mb.map(|m| m * memory),
            size_mb: work.size_mb.map(|m| m * size),
            ..work
        };
        for (before, after) in rising(&site.of_job(&work)).into_iter().zip(rising(&site.of_job(&grown))) {
            prop_assert_eq!(before.is_some(), after.is_some());
            prop_assert!(before <= after, "{:?} falls to {:?}", before, after);
            prop_assert!(before.is_none_or(|value| value.is_finite() && value >= 0.0));
        }
    }
}
