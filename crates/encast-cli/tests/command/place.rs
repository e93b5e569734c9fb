//! Where a job runs: machines, regions, calibration, and the totals of batches.

use std::fs;

use serde_json::Value;

use crate::common::{TABLE, folder, run, sh, write};

const JOB: &str = "predict --bitrate 2000 --resolution 1280x720 --fps 30 --encoder libx264 --preset medium";

fn json(line: &str) -> Value {
    serde_json::from_str(&sh(&format!("{line} --json")).done().out).unwrap()
}

#[test]
fn another_region_changes_cost_and_carbon_alone() {
    let at = |region: &str| json(&format!("{JOB} --machine c5.2xlarge --region {region}"));
    let (frankfurt, stockholm) = (at("eu-central-1"), at("eu-north-1"));
    for same in ["vmaf", "psnr", "cpu_seconds", "encode_seconds", "cpu_percent", "peak_memory_mb"] {
        assert_eq!(frankfurt["estimates"][same], stockholm["estimates"][same], "{same}");
    }
    let carbon = |answer: &Value| answer["resources"]["co2_operational_kg"].as_f64().unwrap();
    assert!(carbon(&frankfurt) > 10.0 * carbon(&stockholm));
    assert_ne!(frankfurt["estimates"]["cost_usd"], stockholm["estimates"]["cost_usd"]);
    // Without a site there are no parts.
    assert_eq!(json(JOB).get("resources"), None);
    let said = sh(&format!("{JOB} --machine c5.2xlarge --region eu-central-1 --deliveries 10")).done();
    assert!(said.out.contains("of cost: sending") && said.out.contains("carbon intensity (SCI)"), "{}", said.out);
}

#[test]
fn wrong_places_are_named() {
    sh(&format!("{JOB} --machine c5.2xlarge --region mars")).is_bad(&["unknown region 'mars'", "eu-central-1"]);
    sh(&format!("{JOB} --machine abacus --region eu-central-1")).is_bad(&["unknown machine 'abacus'", "c5.2xlarge"]);
    sh(&format!("{JOB} --machine c5.2xlarge")).is_bad(&["unknown machine 'c5.2xlarge'"]);
    sh(&format!("{JOB} --region eu-central-1")).is_bad(&["--machine"]);
    sh(&format!("{JOB} --deliveries 3")).is_bad(&["--region"]);
    sh(&format!("{JOB} --machine c5.2xlarge --region eu-central-1 --deliveries -3")).is_bad(&["deliveries = -3"]);
    let folder = folder();
    let mine = write(&folder, "mine.toml", "[regions.cellar]\ngrid_g_per_kwh = 300\npue = 0.9\nsource = \"x\"\n");
    sh(&format!("{JOB} --machine c5.2xlarge --region cellar --profiles {mine}")).is_bad(&["regions.cellar.pue", "0.9"]);
}

#[test]
fn a_table_is_forecast_at_a_site() {
    let folder = folder();
    let out = folder.path().join("P.csv").display().to_string();
    sh(&format!("predict --data {TABLE} --out {out} --machine m5.2xlarge --region us-east-1")).done();
    let text = fs::read_to_string(&out).unwrap();
    let header = text.lines().next().unwrap();
    for column in ["predicted_encode_seconds", "predicted_cpu_percent", "predicted_energy_kwh", "predicted_cost_usd"] {
        let at = header.split(',').position(|name| name == column).unwrap();
        assert!(
            text.lines().skip(1).all(|row| row.split(',').nth(at).is_some_and(|cell| !cell.is_empty())),
            "{column}"
        );
    }
}

#[test]
fn totals_are_corrected_by_what_has_run() {
    let told = json(&format!("predict --data {TABLE} --total"));
    let of = |name: &str| told["totals"].as_array().unwrap().iter().find(|total| total["target"] == name).unwrap();
    // The table measures CPU seconds: all of these jobs have run.
    assert_eq!(of("cpu_seconds")["finished"], told["jobs"]);
    assert_eq!(of("cpu_seconds")["interval"]["lower"], of("cpu_seconds")["total"]);
    assert_eq!((of("cost_usd")["finished"].as_u64(), of("cost_usd")["correction"].as_f64()), (Some(0), Some(1.0)));
    let said = sh(&format!("predict --data {TABLE} --total")).done();
    assert!(said.out.contains("394 of 394") && !said.out.contains("vmaf"), "{}", said.out);
    sh("predict --builtin --total").is_bad(&["--total"]);
}

#[test]
fn a_table_calibrates_a_machine() {
    let folder = folder();
    let out = folder.path().join("box.toml").display().to_string();
    let line = format!(
        "calibrate --data {TABLE} --name box --vcpus 4 --memory-gb 8 --like x86-cloud-vcpu --usd-per-hour 0.5 \
         --region eu-central-1 --out {out}"
    );
    let said = sh(&line).done();
    assert!(said.out.contains("speed of a vCPU"), "{}", said.out);
    let placed = json(&format!("{JOB} --threads 1 --machine box --region eu-central-1 --profiles {out}"));
    let speed: f64 = fs::read_to_string(&out)
        .unwrap()
        .lines()
        .find_map(|line| line.strip_prefix("speed = ").map(|speed| speed.parse().unwrap()))
        .unwrap();
    let cpu = |answer: &Value| answer["estimates"]["cpu_seconds"].as_f64().unwrap();
    assert!((cpu(&json(JOB)) / speed / cpu(&placed) - 1.0).abs() < 1e-9);
    // A quarter of the machine for the hours that it takes.
    let seconds = placed["estimates"]["encode_seconds"].as_f64().unwrap();
    let cost = placed["estimates"]["cost_usd"].as_f64().unwrap();
    assert!((cost / (seconds / 3600.0 * 0.5 / 4.0) - 1.0).abs() < 1e-9);
    // The same encodes on the reference are the reference.
    let same = json(&format!("calibrate --data {TABLE} --beside {TABLE} --name box --vcpus 4 --memory-gb 8"));
    assert_eq!(same["machine"]["speed"].as_f64(), Some(1.0));
    sh(&line).is_bad(&["is there already", "--force"]);
    sh(&format!("{line} --force")).done();
    run(&["calibrate", "--name", "box"]).is_bad(&["CLIP"]);
    sh("calibrate no.mp4 --name box --like abacus").is_bad(&["unknown machine 'abacus'"]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_clip_calibrates_this_machine() {
    let Some(ffmpeg) = crate::real_encodes::ffmpeg() else { return };
    let folder = folder();
    let film = folder.path().join("film.mkv");
    crate::converge::film(&ffmpeg, &film);
    let work = folder.path().join("work");
    fs::create_dir(&work).unwrap();
    let line = format!(
        "calibrate {} --name here --seconds 1 --ffmpeg {} --work {}",
        film.display(),
        ffmpeg.display(),
        work.display()
    );
    let told = json(&line);
    let speed = told["machine"]["speed"].as_f64().unwrap();
    // Any machine that runs this is within a factor of fifty of the reference.
    assert!((0.02..50.0).contains(&speed), "{speed}");
    let cores = std::thread::available_parallelism().unwrap().get();
    assert_eq!(told["encodes"].as_array().unwrap().len(), if cores > 1 { 2 } else { 1 });
    assert_eq!(told["wall"].is_null(), cores == 1);
    assert_eq!(fs::read_dir(&work).unwrap().count(), 0, "nothing is left behind");
    sh(&format!("{line} --encoder libx264 --preset warp")).is_bad(&["unknown preset"]);
    sh(&format!("calibrate {}/none.mkv --name here --ffmpeg {}", folder.path().display(), ffmpeg.display()))
        .is_bad(&["none.mkv"]);
}
