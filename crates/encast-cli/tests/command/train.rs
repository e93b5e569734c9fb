//! `encast train`: the report, the gates, and what is never written.

use std::fs;

use crate::common::{TABLE, command, folder, keys, names_in, run, said, trained, write};

/// The table cut to its first `rows` rows.
fn head(rows: usize) -> String {
    fs::read_to_string(TABLE).unwrap().lines().take(rows + 1).map(|line| format!("{line}\n")).collect()
}

#[test]
fn the_report_is_the_contract() {
    let (folder, path, report) = trained();
    assert_eq!(
        keys(report),
        [
            "bytes",
            "excluded",
            "figures",
            "gates",
            "metrics",
            "not_learnt",
            "out",
            "rows",
            "seconds",
            "targets",
            "titles",
            "trained_at",
            "version",
            "written"
        ]
    );
    assert_eq!(report["out"], path.display().to_string().as_str());
    assert_eq!(report["version"], "2026.11.21-0131");
    assert_eq!(report["trained_at"], "2026-11-21T01:31:00Z");
    assert_eq!((report["rows"].as_u64(), report["titles"].as_u64()), (Some(394), Some(12)));
    assert_eq!(report["targets"], serde_json::json!(["vmaf", "psnr", "bitrate_kbps", "cpu_seconds"]));
    assert_eq!(report["bytes"].as_u64(), Some(fs::metadata(path).unwrap().len()));
    assert_eq!(report["written"], true);
    // A small table errs a lot; the figure must be the one that stands in the bundle, and a real one.
    let r2 = report["metrics"]["vmaf_r2"].as_f64().unwrap();
    assert!((-1.0..1.0).contains(&r2) && r2 != 0.0);
    // Nothing temporary is left beside the bundle.
    assert_eq!(names_in(folder.path()), ["model.json"]);
    for figure in report["figures"].as_array().unwrap() {
        assert_eq!(keys(figure), ["figures", "given", "split", "target", "tier"]);
        let (settings_or_content, split) = (figure["tier"].as_str().unwrap(), figure["split"].as_str().unwrap());
        assert!(["settings", "content"].contains(&settings_or_content), "the table has no probe: {figure}");
        assert!(split.starts_with("title-"), "{figure}");
    }
    // The seed form stands at the top level of the JSON.
    let bundle: serde_json::Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    assert_eq!(bundle["version"], report["version"]);
    assert_eq!(bundle["trained_at"], report["trained_at"]);
    assert_eq!(bundle["metrics"]["vmaf_r2"], report["metrics"]["vmaf_r2"]);
}

#[test]
fn a_missed_gate_writes_nothing_and_leaves_what_is_there() {
    let folder = folder();
    let out = write(&folder, "model.json", "what stood here before");
    let args = ["train", "--data", TABLE, "--targets", "vmaf", "--seed", "3", "--json", "--out", &out];
    let missed = said(
        command().args(args).args(["--require", "vmaf.r2=0.99999", "--require", "vmaf.mae<=50"]).output().unwrap(),
    );
    assert_eq!(missed.code, 1, "{}", missed.err);
    let report = missed.json();
    assert_eq!((&report["written"], &report["bytes"]), (&false.into(), &serde_json::Value::Null));
    let gates = report["gates"].as_array().unwrap();
    assert_eq!(keys(&gates[0]), ["gate", "passed", "value"]);
    assert_eq!((&gates[0]["gate"], &gates[0]["passed"]), (&"vmaf.r2=0.99999".into(), &false.into()));
    assert_eq!(gates[1]["passed"], true);
    assert!(missed.err.contains("vmaf.r2=0.99999: is 0."), "{}", missed.err);
    assert!(missed.err.contains("misses by"), "{}", missed.err);
    assert!(missed.err.contains("was not written"), "{}", missed.err);
    assert_eq!(fs::read_to_string(&out).unwrap(), "what stood here before");
    assert_eq!(names_in(folder.path()), ["model.json"]);
}

#[test]
fn kept_gates_write_and_a_figure_that_is_not_there_is_missed() {
    let folder = folder();
    let out = folder.path().join("m.encast").display().to_string();
    let args = ["train", "--data", TABLE, "--targets", "vmaf", "--out", &out, "--quiet"];
    let gates = ["--require", "probe:vmaf.r2=0", "--require", "psnr.r2=0"];
    let missed = said(command().args(args).args(gates).output().unwrap());
    assert_eq!(missed.code, 1);
    assert!(missed.err.contains("probe:vmaf.r2=0: there is no such figure"), "{}", missed.err);
    assert!(missed.err.contains("psnr.r2=0: there is no such figure"), "{}", missed.err);
    assert!(names_in(folder.path()).is_empty());

    let kept = said(command().args(args).args(["--require", "settings:vmaf.mae<=60"]).output().unwrap()).done();
    assert!(kept.out.contains("written: "), "{}", kept.out);
    assert_eq!(kept.err, "", "--quiet");
    assert_eq!(names_in(folder.path()), ["m.encast"]);
}

#[test]
fn the_same_seed_gives_the_same_bytes_whatever_the_threads() {
    let folder = folder();
    let bundle = |name: &str, threads: &str| {
        let out = folder.path().join(name);
        let args = ["train", "--data", TABLE, "--targets", "vmaf", "--seed", "7", "--threads", threads, "--out"];
        said(command().env("SOURCE_DATE_EPOCH", "0").args(args).arg(&out).output().unwrap()).done();
        fs::read(out).unwrap()
    };
    let one = bundle("one.json", "1");
    assert!(one == bundle("two.json", "2"));
    assert!(String::from_utf8(one).unwrap().contains("1970-01-01T00:00:00Z"));
}

#[test]
fn tables_that_can_not_be_trained_on_are_errors() {
    let folder = folder();
    let out = folder.path().join("m.json").display().to_string();
    let train = |data: &str| run(&["train", "--data", data, "--out", &out, "--targets", "vmaf"]);

    let missing = folder.path().join("none.csv").display().to_string();
    train(&missing).is_bad(&[&missing]);
    let word = write(&folder, "word.csv", head(60).replacen(",1280,", ",wide,", 1));
    train(&word).is_bad(&["word.csv:", "_width: ", "'wide' is not a number"]);
    let short = write(&folder, "short.csv", head(60) + "carnd_lane,h264\n");
    train(&short).is_bad(&["short.csv:62"]);
    let of_one_title = |line: &str| {
        let (title, rest) = line.split_once(',').unwrap();
        format!("{},{rest}\n", if title == "title" { title } else { "a" })
    };
    let one_title: String = head(60).lines().map(of_one_title).collect();
    let one_title = write(&folder, "one_title.csv", one_title);
    train(&one_title).is_bad(&["titles"]);
    let only_header = write(&folder, "only_header.csv", head(0));
    train(&only_header).is_bad(&["too few"]);
    let empty = write(&folder, "empty.csv", "");
    train(&empty).is_bad(&["empty.csv"]);
    let binary = write(&folder, "binary.csv", [0u8, 159, 146, 150].repeat(100));
    train(&binary).is_bad(&["binary.csv"]);
    assert!(!folder.path().join("m.json").exists());
}

#[test]
fn what_can_not_be_written_or_read_is_found_before_training() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let train = |out: &str, more: &[&str]| {
        said(command().args(["train", "--data", TABLE, "--out", out]).args(more).output().unwrap())
    };
    train(&path("no/such/folder/m.json"), &[]).is_bad(&["no/such/folder"]);
    train(&folder.path().display().to_string(), &[]).is_bad(&["is a folder"]);
    train("/dev/null", &[]).is_bad(&["/dev/null", "not a regular file"]);
    let out = path("m.json");
    let profile = write(&folder, "p.json", "{\"name\":\"x\",\n\"usd\":1}");
    train(&out, &["--profile", &profile]).is_bad(&["p.json:2:", "usd"]);
    let text = r#"{"name":"x","usd_per_cpu_hour":0.04,"watts_per_cpu":5,"pue":0.5,"grid_g_per_kwh":400,"source":"t"}"#;
    let profile = write(&folder, "p.json", text);
    train(&out, &["--profile", &profile]).is_bad(&["p.json", "pue = 0.5", "at least 1"]);
    let epoch = said(
        command().env("SOURCE_DATE_EPOCH", "soon").args(["train", "--data", TABLE, "--out", &out]).output().unwrap(),
    );
    epoch.is_bad(&["SOURCE_DATE_EPOCH = soon"]);
}
