//! `encast inspect`: the metadata, and the two encodings of the same bundle.

use std::fs;

use crate::common::{folder, model, run, sh, trained};

/// `sha256sum tests/data/measured_small.csv`
const SHA256_OF_TABLE: &str = "a278ae61971a2d4de1f8f1c8d12bf695d2a01546cd835f4d0528576646f450e9";

#[test]
fn the_json_is_the_metadata() {
    let report = sh("inspect $M --json").done().json();
    for key in [
        "format_version",
        "version",
        "trained_at",
        "metrics",
        "rows",
        "titles",
        "tables",
        "model_kind",
        "seed",
        "ranges",
        "codecs",
        "figures",
        "probe_recipe",
        "vmaf_model",
        "profile",
        "licence",
        "targets",
        "trees",
        "path",
        "json_bytes",
        "binary_bytes",
        "converted",
    ] {
        assert!(report.get(key).is_some(), "{key}: {report}");
    }
    assert_eq!((&report["version"], &report["seed"]), (&"2026.11.21-0131".into(), &1.into()));
    assert_eq!((&report["rows"], &report["titles"]), (&394.into(), &12.into()));
    assert_eq!(report["vmaf_model"], "vmaf_v0.6.1");
    assert_eq!(report["licence"], "MIT OR Apache-2.0");
    assert_eq!(report["figures"], trained().2["figures"]);
    assert_eq!(report["json_bytes"].as_u64(), Some(fs::metadata(model()).unwrap().len()));
    let table = &report["tables"][0];
    assert_eq!((&table["name"], &table["rows"]), (&"measured_small.csv".into(), &394.into()));
    assert_eq!(table["sha256"].as_str().unwrap(), SHA256_OF_TABLE);
    assert_eq!(report["ranges"]["resolution_height"]["max"], 1080.0);
    assert!(report["trees"].as_u64().unwrap() > 10);
}

#[test]
fn people_read_tables() {
    let said = sh("inspect $M").done();
    for part in
        ["2026.11.21-0131", "measured_small.csv", "vmaf (0-100)", "title-", "resolution_height", "bytes as JSON"]
    {
        assert!(said.out.contains(part), "'{part}' is not in:\n{}", said.out);
    }
}

#[test]
fn json_to_binary_and_back_is_the_same_bundle() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (binary, back) = (path("m.encast"), path("back.json"));
    let report = run(&["inspect", &model().display().to_string(), "--convert", &binary, "--json"]).done().json();
    assert_eq!(report["converted"]["out"], binary.as_str());
    assert_eq!(report["converted"]["bytes"].as_u64(), Some(fs::metadata(&binary).unwrap().len()));
    assert_eq!(report["converted"]["bytes"], report["binary_bytes"]);
    run(&["inspect", &binary, "--convert", &back]).done();
    assert!(fs::read(model()).unwrap() == fs::read(&back).unwrap());
    assert!(fs::metadata(&binary).unwrap().len() < fs::metadata(&back).unwrap().len());

    let forecast = |model: &str| run(&["predict", "--builtin", "--json", "--model", model]).done().out;
    assert_eq!(forecast(&binary), forecast(&back));

    run(&["inspect", &binary, "--convert", "/dev/null"]).is_bad(&["not a regular file"]);
    run(&["inspect", &binary, "--convert", &path("none/m.json")]).is_bad(&["none"]);
}

/// Killed at any moment of writing, what stands under the name is the old bundle or the whole new one.
#[test]
fn a_kill_while_saving_leaves_a_whole_bundle() {
    let folder = folder();
    let out = folder.path().join("m.encast");
    let source = model().display().to_string();
    run(&["inspect", &source, "--convert", &out.display().to_string()]).done();
    let good = fs::read(&out).unwrap();
    let mut killed = 0;
    for round in 0..40u64 {
        let mut writer = std::process::Command::new(env!("CARGO_BIN_EXE_encast"))
            .args(["inspect", &source, "--convert"])
            .arg(&out)
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(std::time::Duration::from_micros(700 * round));
        writer.kill().unwrap();
        killed += u32::from(!writer.wait().unwrap().success());
        assert!(fs::read(&out).unwrap() == good, "round {round}");
    }
    assert!(killed > 0, "no round was killed before its end");
}
