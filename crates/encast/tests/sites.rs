//! Forecasts at a site, of machines that a model was taught, and of machines that were calibrated.
#![allow(clippy::unwrap_used)]

mod made;

use std::sync::OnceLock;

use encast::*;
use made::{model, request};

/// One machine in two regions, and another at twice the price, all with round numbers.
const PLACES: &str = r#"
    [machines.big]
    vcpus = 4
    speed = 0.5
    idle_watts_per_vcpu = 1.0
    busy_watts_per_vcpu = 5.0
    memory_gb = 16.0
    watts_per_gb = 0.25
    embodied_kg_per_vcpu = 20.0
    lifetime_years = 4.0
    cpu_model = "made up"
    source = "made up"
    [regions.here]
    grid_g_per_kwh = 500.0
    pue = 1.2
    source = "made up"
    [regions.there]
    grid_g_per_kwh = 50.0
    pue = 1.2
    source = "made up"
    [prices.here.big]
    usd_per_hour = 0.4
    source = "made up"
    [prices.there.big]
    usd_per_hour = 0.8
    source = "made up"
"#;

fn profiles() -> Profiles {
    Profiles::shipped().unwrap().overlay(Profiles::from_toml(PLACES).unwrap())
}

fn at(machine: &str, region: &str) -> PredictOptions {
    PredictOptions { site: Some(profiles().site(machine, region).unwrap()), ..Default::default() }
}

fn value(result: &PredictionResult, target: Target) -> f64 {
    result.estimate(target).unwrap().value
}

fn near(found: f64, expected: f64) {
    assert!((found / expected - 1.0).abs() < 1e-12, "{found} instead of {expected}");
}

#[test]
fn a_site_answers_by_the_formulas() {
    let plain = predict(&request(), model()).unwrap();
    let cpu = value(&plain, Target::CpuSeconds);
    let request = PredictionFeatures { threads: Some(2.0), ..request() };
    let placed = predict_with(&request, model(), &at("big", "here")).unwrap();
    let parallel = profiles().encoders[&Encoder::Libx264].parallel_share;
    let busy = cpu / 0.5;
    let seconds = busy * (1.0 - parallel + parallel / 2.0);
    near(value(&placed, Target::CpuSeconds), busy);
    near(value(&placed, Target::EncodeSeconds), seconds);
    near(value(&placed, Target::CpuPercent), 100.0 * busy / seconds);
    // Two of four vCPUs: half of the memory, the idling and the price are the job's.
    let energy = 1.2 * (4.0 * busy + (2.0 * 1.0 + 8.0 * 0.25) * seconds) / 3.6e6;
    near(value(&placed, Target::EnergyKwh), energy);
    near(value(&placed, Target::CostUsd), 0.4 / 2.0 * seconds / 3600.0);
    let making = 20.0 * 2.0 * seconds / (4.0 * 365.25 * 86_400.0);
    near(value(&placed, Target::Co2Kg), energy * 0.5 + making);
    let parts = placed.resources.unwrap();
    near(parts.co2_embodied_kg.unwrap(), making);
    near(
        parts.sci_g_per_minute.unwrap(),
        1000.0 * value(&placed, Target::Co2Kg) / (request.duration_or_default() / 60.0),
    );
    assert_eq!(placed.predicted_cost_usd, placed.estimate(Target::CostUsd).map(|cost| cost.value));
    // Quality is none of the site's business, and threads are no input that the model has not seen.
    assert_eq!(placed.estimate(Target::Vmaf), plain.estimate(Target::Vmaf));
    assert_eq!((placed.confidence, placed.out_of_range), (plain.confidence, plain.out_of_range));
    assert!(!placed.ignored.contains(Field::Threads));
    for (_, estimate) in placed.estimates() {
        assert!(estimate.lower <= estimate.value && estimate.value <= estimate.upper, "{estimate:?}");
    }
}

#[test]
fn another_region_changes_what_depends_on_it_and_nothing_else() {
    let of = |region| predict_with(&request(), model(), &at("big", region)).unwrap();
    let (here, there) = (of("here"), of("there"));
    for (target, estimate) in here.estimates() {
        let other = there.estimate(target).unwrap();
        match target {
            Target::CostUsd => near(other.value, 2.0 * estimate.value),
            Target::Co2Kg => {
                let made = here.resources.unwrap().co2_embodied_kg.unwrap();
                near(other.value - made, (estimate.value - made) / 10.0);
            }
            _ => assert_eq!(other, estimate, "{target}"),
        }
    }
}

#[test]
fn data_is_charged_where_it_is_kept_and_sent() {
    let options =
        |months_stored, deliveries| PredictOptions { months_stored, deliveries, ..at("c5.2xlarge", "us-east-1") };
    let of = |options| predict_with(&request(), model(), &options).unwrap();
    let site = at("c5.2xlarge", "us-east-1").site.unwrap();
    let gigabytes = of(options(0.0, 0.0)).size_mb.unwrap() / 1000.0;
    let more = |options| {
        value(&of(options), Target::CostUsd) - value(&of(self::at("c5.2xlarge", "us-east-1")), Target::CostUsd)
    };
    let egress = 3.0 * gigabytes * site.usd_per_gb_egress().unwrap();
    assert!((more(options(0.0, 3.0)) / egress - 1.0).abs() < 1e-9);
    let storage = 2.0 * gigabytes * site.usd_per_gb_month_storage().unwrap();
    assert!((more(options(2.0, 0.0)) / storage - 1.0).abs() < 1e-9);
    let error = predict_with(&request(), model(), &options(-1.0, 0.0)).unwrap_err().to_string();
    assert!(error.starts_with("months_stored = -1: must be a finite number from 0"), "{error}");
}

#[test]
fn a_price_that_is_not_known_is_no_price_of_nothing() {
    let mut mine = profiles();
    mine.prices.remove("here");
    let options = PredictOptions { site: Some(mine.site("big", "here").unwrap()), ..Default::default() };
    let placed = predict_with(&request(), model(), &options).unwrap();
    // The model's own profile has prices, but not those of this place.
    assert_eq!(placed.estimate(Target::CostUsd), None);
    assert!(placed.estimate(Target::EnergyKwh).is_some());
}

#[test]
fn an_encoder_that_is_not_told_is_the_one_that_spreads_worst() {
    let of =
        |codec| predict_with(&PredictionFeatures { codec, preset: None, ..request() }, model(), &at("big", "here"));
    let known = profiles().encoders;
    let least = known.values().map(|scaling| scaling.parallel_share).fold(1.0, f64::min);
    let told = of(None).unwrap();
    near(value(&told, Target::CpuPercent), 100.0 / (1.0 - least + least / 4.0));
    // One that is told, but that nobody measured, is no guess.
    assert_eq!(of(Some(Codec::Vvc)).unwrap().estimate(Target::CostUsd), None);
}

#[test]
fn limits_are_of_the_site() {
    let options = at("big", "here");
    let request = PredictionFeatures { bitrate_kbps: None, ..request() };
    let target = |max_cost_usd| RecommendOptions { target_vmaf: 60.0, max_cost_usd, ..Default::default() };
    let of = |max| {
        let options = PredictOptions { recommend: target(max), ..options.clone() };
        recommend(&request, model(), Given::Bitrate, &options).unwrap()
    };
    let free = of(None).reached().unwrap();
    let there = PredictionFeatures { bitrate_kbps: Some(free.setting), ..request.clone() };
    let cost = value(&predict_with(&there, model(), &options).unwrap(), Target::CostUsd);
    assert!(of(Some(cost * 1.01)).reached().is_some());
    assert!(matches!(of(Some(cost * 0.5)), Recommendation::OverLimit(over) if over.limit == Limit::CostUsd));
}

/// The made-up encodes, each title on two machines; `slow` takes three times as long.
fn two_machines() -> &'static Model {
    static MODEL: OnceLock<Model> = OnceLock::new();
    MODEL.get_or_init(|| {
        let (features, targets) = made::table(16);
        let (mut all_features, mut all_targets) = (Vec::new(), Vec::new());
        for (row, (features, targets)) in features.iter().zip(&targets).enumerate() {
            for (machine, factor) in [("fast", 1.0), ("slow", 3.0)] {
                // One more row there, so that it is the reference.
                if machine == "slow" && row == 0 {
                    continue;
                }
                let mut measured = targets.clone();
                let cpu = targets.get(Target::CpuSeconds).unwrap();
                measured.set(Target::CpuSeconds, Some(cpu * factor));
                all_features.push(PredictionFeatures { machine: Some(machine.to_owned()), ..features.clone() });
                all_targets.push(measured);
            }
        }
        let targets = vec![Target::Vmaf, Target::CpuSeconds];
        retrain(&all_features, &all_targets, &TrainOptions { targets, ..Default::default() }).unwrap()
    })
}

fn on(machine: Option<&str>) -> PredictionFeatures {
    PredictionFeatures { machine: machine.map(str::to_owned), ..request() }
}

#[test]
fn a_machine_that_was_taught_has_its_own_times() {
    let of = |machine| predict(&on(machine), two_machines()).unwrap();
    let (fast, slow) = (of(Some("fast")), of(Some("slow")));
    let factor = value(&slow, Target::CpuSeconds) / value(&fast, Target::CpuSeconds);
    assert!((factor / 3.0 - 1.0).abs() < 0.01, "{factor}");
    assert_eq!(of(None).estimate(Target::CpuSeconds), fast.estimate(Target::CpuSeconds));
    assert_eq!(fast.estimate(Target::Vmaf), slow.estimate(Target::Vmaf));
    assert!(!slow.ignored.contains(Field::Machine));
    let machines = &two_machines().metadata().machines;
    assert_eq!(machines.reference.as_deref(), Some("fast"));
    assert_eq!(machines.known["slow"].rows, machines.known["fast"].rows - 1);
    let again = Model::from_bytes(&two_machines().to_json().unwrap()).unwrap();
    assert_eq!(predict(&on(Some("slow")), &again).unwrap(), slow);
}

#[test]
fn an_unknown_machine_is_an_error_that_lists_the_known_ones() {
    let text = predict(&on(Some("quick")), two_machines()).unwrap_err().to_string();
    assert_eq!(text, "unknown machine 'quick': known are fast, slow");
    let text = predict(&on(Some("quick")), model()).unwrap_err().to_string();
    assert!(text.contains("taught without the names of machines"), "{text}");
    let text = predict_with(&on(Some("slow")), two_machines(), &at("big", "here")).unwrap_err().to_string();
    assert_eq!(text, "machine = slow does not go with site.machine = big");
}

#[test]
fn what_a_model_was_taught_of_a_machine_beats_its_profile() {
    let slow = PLACES.replace("machines.big", "machines.slow").replace(".big]", ".slow]");
    let mine = profiles().overlay(Profiles::from_toml(&slow).unwrap());
    let options = PredictOptions { site: Some(mine.site("slow", "here").unwrap()), ..Default::default() };
    let placed = predict_with(&on(None), two_machines(), &options).unwrap();
    let taught = predict(&on(Some("slow")), two_machines()).unwrap();
    near(value(&placed, Target::CpuSeconds), value(&taught, Target::CpuSeconds));
    // Another machine goes by its speed beside the reference.
    let other = predict_with(&on(None), two_machines(), &at("big", "here")).unwrap();
    let reference = predict(&on(None), two_machines()).unwrap();
    near(value(&other, Target::CpuSeconds), value(&reference, Target::CpuSeconds) / 0.5);
}

#[test]
fn a_few_encodes_tell_a_machines_speed() {
    let (features, targets) = made::table(16);
    let slower: Vec<PredictionTargets> = targets
        .iter()
        .map(|row| {
            let mut measured = row.clone();
            measured.set(Target::CpuSeconds, row.get(Target::CpuSeconds).map(|seconds| 4.0 * seconds));
            measured.set(Target::EncodeSeconds, row.get(Target::CpuSeconds));
            measured
        })
        .collect();
    let of = |rows: usize, target| machine_speed(&features[..rows], &slower[..rows], model(), target).unwrap();
    let one = of(1, Target::CpuSeconds);
    assert_eq!((one.encodes, one.titles, one.spread), (1, 1, None));
    assert!((one.speed / 0.25 - 1.0).abs() < 0.2, "{}", one.speed);
    let many = of(features.len(), Target::CpuSeconds);
    assert_eq!((many.encodes, many.titles), (features.len(), 16));
    assert!((many.speed / 0.25 - 1.0).abs() < 0.03 && many.spread.unwrap() < 0.2, "{many:?}");
    // The model forecasts no whole times: they go beside its CPU times.
    assert!((of(features.len(), Target::EncodeSeconds).speed - 1.0).abs() < 0.03);
    let none = machine_speed(&features[..1], &targets[..1], model(), Target::EncodeSeconds).unwrap_err();
    assert_eq!(none.to_string(), "too few rows that measure encode_seconds: 0 found, at least 1 needed");
}

#[test]
fn the_same_encodes_tell_a_machines_speed_without_the_models_error() {
    let (features, targets) = made::table(4);
    let slower: Vec<PredictionTargets> = targets
        .iter()
        .map(|row| {
            let mut measured = row.clone();
            measured.set(Target::CpuSeconds, row.get(Target::CpuSeconds).map(|seconds| 4.0 * seconds));
            measured
        })
        .collect();
    let there = (&features[..], &targets[..]);
    let one = machine_speed_beside((&features[5..6], &slower[5..6]), there, Target::CpuSeconds).unwrap();
    near(one.speed, 0.25);
    assert_eq!((one.encodes, one.titles), (1, 1));
    let all = machine_speed_beside((&features, &slower), there, Target::CpuSeconds).unwrap();
    near(all.speed, 0.25);
    assert_eq!((all.encodes, all.titles), (features.len(), 4));
    let other = PredictionFeatures { bitrate_kbps: Some(77.0), ..features[0].clone() };
    let error = machine_speed_beside((&[other], &slower[..1]), there, Target::CpuSeconds).unwrap_err();
    assert!(matches!(error, Error::TooFew { found: 0, .. }), "{error}");
}

#[test]
fn totals_of_a_batch() {
    let (features, targets) = made::table(16);
    let untimed: Vec<PredictionTargets> =
        targets.iter().map(|row| PredictionTargets::of_title(row.title.clone())).collect();
    let options = PredictOptions::default();
    let truth: f64 = targets.iter().filter_map(|row| row.get(Target::CpuSeconds)).sum();
    let before = total(&features, &untimed, model(), Target::CpuSeconds, &options).unwrap();
    assert!((before.amount.value / truth - 1.0).abs() < 0.05, "{before:?} of {truth}");
    assert!(before.amount.lower < truth && truth < before.amount.upper);
    assert_eq!((before.jobs, before.finished), (features.len(), 0));
    let after = total(&features, &targets, model(), Target::CpuSeconds, &options).unwrap();
    near(after.amount.value, truth);
    let all = totals(&features, &untimed, model(), &options).unwrap();
    assert!(all.contains(&(Target::CpuSeconds, before)) && all.iter().any(|(target, _)| *target == Target::CostUsd));
    assert!(all.iter().all(|(target, _)| *target != Target::Vmaf));
    // Cost has a total by the model's profile, VMAF has none.
    assert!(total(&features, &untimed, model(), Target::CostUsd, &options).is_ok());
    let error = total(&features, &untimed, model(), Target::Vmaf, &options).unwrap_err().to_string();
    assert!(error.contains("no sum"), "{error}");
}
