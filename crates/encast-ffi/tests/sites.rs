//! Sites and advice over C: the C test programs, and the bits of the Rust API.
#![allow(clippy::expect_used, clippy::panic, reason = "helpers of tests")]

mod common;

use std::process::Command;

use common::{LINKS, bits, build, crate_dir, estimate_bits, line_of, passes, run, temporary};
use encast_core::{
    AdviseOptions, Encoder, Model, PredictOptions, PredictionFeatures, Profiles, Proposal, RankBy, Site, Target,
};

#[test]
fn sites() {
    for link in LINKS {
        let (programs, folder) = (temporary(), temporary());
        run(Command::new(build("sites", link, programs.path())).arg(folder.path()));
    }
}

#[test]
fn advice() {
    passes("advise");
}

/// The text of box.h.
fn profiles() -> Profiles {
    let header = std::fs::read_to_string(crate_dir().join("tests/c/box.h")).expect("box.h");
    let quoted = header.split("BOX[] = ").nth(1).and_then(|rest| rest.split(";\n").next()).expect("a text");
    let lines = quoted.lines().map(|line| line.trim().trim_matches('"').replace("\\n", "\n").replace("\\\"", "\""));
    let own = Profiles::from_toml(&lines.collect::<String>()).expect("profiles");
    Profiles::shipped().expect("the shipped ones").overlay(own)
}

fn request() -> PredictionFeatures {
    PredictionFeatures {
        encoder: Some(Encoder::Libx264),
        preset: Some("medium".to_owned()),
        duration_s: Some(60.0),
        ..PredictionFeatures::new(4000.0, 1920.0, 1080.0, 30.0, 0.0, 0.5)
    }
}

fn options(site: Site) -> PredictOptions {
    PredictOptions { site: Some(site), months_stored: 3.0, deliveries: 20.0, ..PredictOptions::default() }
}

/// The line of answer `i`; see site_bits.c.
fn answer(model: &Model, profiles: &Profiles, i: u32) -> String {
    let site = profiles.site("box", ["here", "there"][i as usize % 2]).expect("a site");
    let options =
        PredictOptions { whole_machine: i.is_multiple_of(3), months_stored: f64::from(i % 4), ..options(site) };
    let request = PredictionFeatures {
        threads: Some(f64::from(i % 5)).filter(|&threads| threads > 0.0),
        bitrate_kbps: Some(500.0 + 333.3 * f64::from(i)),
        ..request()
    };
    let answer = encast_core::predict_with(&request, model, &options).expect("an answer");
    let job = answer.resources.expect("a site has resources");
    line_of(&answer)
        + &bits([
            job.energy_cpu_kwh,
            job.energy_idle_kwh,
            job.energy_memory_kwh,
            job.cost_compute_usd,
            job.cost_egress_usd,
            job.cost_storage_usd,
            job.co2_operational_kg,
            job.co2_embodied_kg,
            job.sci_g_per_minute,
        ])
}

fn proposal(one: &Proposal) -> String {
    let estimates =
        [Target::Vmaf, Target::EncodeSeconds, Target::Co2Kg].map(|target| estimate_bits(one.answer.estimate(target)));
    let [vmaf, seconds, co2] = estimates;
    let rate = estimate_bits(one.bitrate_kbps);
    let size = estimate_bits(one.size_mb);
    let (encoder, preset) = (one.setup.encoder.expect("an encoder"), one.setup.preset.as_deref().expect("a preset"));
    format!("1 {encoder} {preset} {} {}{rate}{vmaf}{size}{seconds}{co2}", one.setup.size, i32::from(one.on_front))
}

fn due(model: &Model) -> Vec<String> {
    let profiles = profiles();
    let mut lines: Vec<String> = (0..24).map(|i| answer(model, &profiles, i)).collect();
    let advise = AdviseOptions {
        target_vmaf: Some(60.0),
        rank_by: Some(RankBy::Co2),
        predict: options(profiles.site("box", "here").expect("a site")),
        ..AdviseOptions::default()
    };
    let source = PredictionFeatures { encoder: None, preset: None, ..request() };
    let advice = encast_core::advise(&source, model, &advise).expect("an advice");
    assert!(advice.proposals.len() > 2, "{advice:?}");
    lines.extend(advice.proposals.iter().map(proposal));
    lines
}

#[test]
fn answers_have_the_bits_of_the_rust_api() {
    let dir = temporary();
    let file = dir.path().join("model.encast");
    for link in LINKS {
        let output = run(Command::new(build("site_bits", link, dir.path())).arg(&file));
        let due = due(&encast_core::load_model(&file).expect("the model"));
        let lines: Vec<String> = String::from_utf8(output.stdout).expect("UTF-8").lines().map(str::to_owned).collect();
        assert!(lines.len() >= due.len());
        for (row, (line, due)) in lines.iter().zip(&due).enumerate() {
            assert_eq!(line, due, "line {row}, {link:?}");
        }
        assert!(lines[due.len()..].iter().all(|line| !line.starts_with("1 ")), "only rejected ones are left");
    }
}
