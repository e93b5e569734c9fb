//! `encast predict --data`: one row in, one row out, and a file that is replaced as a whole or not at all.

use std::{collections::HashMap, fs};

use crate::common::{TABLE, command, folder, keys, model, names_in, run, said, sh, write};

/// Header and rows of a CSV file, by column.
fn rows(text: &str) -> (Vec<String>, Vec<HashMap<String, String>>) {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    let rows = reader.deserialize().map(|row| row.unwrap()).collect();
    (header, rows)
}

/// Forecasts a table to standard output.
fn forecast(text: &str, more: &[&str]) -> crate::common::Said {
    let folder = folder();
    let data = write(&folder, "t.csv", text);
    let model = model().display().to_string();
    let mut args = vec!["predict", "--model", &model, "--data", &data];
    args.extend(more);
    run(&args)
}

#[test]
fn one_row_in_one_row_out() {
    let folder = folder();
    let out = folder.path().join("p.csv").display().to_string();
    let model = model().display().to_string();
    let report = run(&["predict", "--model", &model, "--data", TABLE, "--out", &out, "--json"]).done().json();
    assert_eq!(keys(&report), ["columns", "failed", "model_version", "out", "rows"]);
    assert_eq!((&report["rows"], &report["failed"]), (&394.into(), &0.into()));
    assert_eq!(names_in(folder.path()), ["p.csv"]);

    let (header_in, rows_in) = rows(&fs::read_to_string(TABLE).unwrap());
    let text = fs::read_to_string(&out).unwrap();
    let (header_out, rows_out) = rows(&text);
    assert_eq!(header_out[..header_in.len()], header_in);
    let added = [
        "predicted_vmaf",
        "predicted_psnr",
        "predicted_bitrate_kbps",
        "predicted_cpu_seconds",
        "predicted_cost_usd",
        "predicted_co2_kg",
        "vmaf_lower",
        "vmaf_upper",
        "psnr_lower",
        "psnr_upper",
        "bitrate_kbps_lower",
        "bitrate_kbps_upper",
        "cpu_seconds_lower",
        "cpu_seconds_upper",
        "cost_usd_lower",
        "cost_usd_upper",
        "co2_kg_lower",
        "co2_kg_upper",
        "confidence",
        "recommended_bitrate_kbps",
        "predicted_size_mb",
        "predicted_bandwidth_mbps",
        "out_of_range",
    ];
    assert_eq!(header_out[header_in.len()..], added);
    assert_eq!(report["columns"], serde_json::json!(added));
    assert_eq!(rows_out.len(), rows_in.len());
    for (before, after) in rows_in.iter().zip(&rows_out) {
        for name in &header_in {
            assert_eq!(before[name], after[name], "{name}");
        }
        let value = |name: &str| after[name].parse::<f64>().unwrap();
        assert!(value("vmaf_lower") <= value("predicted_vmaf") && value("predicted_vmaf") <= value("vmaf_upper"));
        assert!((0.0..=1.0).contains(&value("confidence")));
        assert_eq!(after["predicted_cost_usd"], "", "not predicted is empty");
    }
    // The same to standard output.
    assert_eq!(sh("predict --model $M --data $T").done().out, text);
    // And from standard input.
    let mut piped = command();
    piped.args(["predict", "--data", "-", "--model", &model]).write_stdin(fs::read(TABLE).unwrap());
    assert_eq!(said(piped.output().unwrap()).done().out, text);

    // The file says what one request says.
    let first = &rows_out[0];
    let size = format!("{}x{}", first["resolution_width"], first["resolution_height"]);
    let source = format!("{}x{}", first["source_width"], first["source_height"]);
    let one = sh(&format!(
        "predict --model $M --json --resolution {size} --source-resolution {source} --codec {} --encoder {} --preset {} \
         --bitrate {} --fps {} --duration {} --threads {} --si-mean {} --ti-mean {}{}",
        first["codec"], first["encoder"], first["preset"], first["bitrate_kbps"], first["frame_rate"],
        first["duration_s"], first["threads"], first["si_mean"], first["ti_mean"],
        if first["crf"].is_empty() { String::new() } else { format!(" --crf {}", first["crf"]) },
    ))
    .done()
    .json();
    assert_eq!(one["predicted_vmaf"].as_f64().unwrap().to_string(), first["predicted_vmaf"]);
}

#[test]
fn masks_hold_for_every_row() {
    let text = "encoder,preset,resolution_width,resolution_height,frame_rate,bitrate_kbps,crf,si_mean,ti_mean\n\
                libx264,medium,1280,720,30,2000,30,40,8\nlibx264,medium,1280,720,30,2000,20,80,20\n";
    let (_, plain) = rows(&forecast(text, &[]).done().out);
    assert_ne!(plain[0]["predicted_vmaf"], plain[1]["predicted_vmaf"]);
    let (_, masked) = rows(&forecast(text, &["--tier", "settings", "--given", "bitrate"]).done().out);
    assert_eq!(masked[0]["predicted_vmaf"], masked[1]["predicted_vmaf"]);
    assert_eq!(masked[0]["si_mean"], "40", "the column itself stays");
    let (_, by_crf) = rows(&forecast(text, &["--given", "crf"]).done().out);
    assert_ne!(by_crf[0]["predicted_bitrate_kbps"], by_crf[1]["predicted_bitrate_kbps"]);
}

#[test]
fn other_spellings_quoting_and_old_forecasts() {
    let text = "\u{feff}title,width,height,fps,bitrate_kbps,timestamp,predicted_vmaf\n\
                \"a, \"\"b\"\"\nc\",1280,720,30,2000,yesterday,12\n\nd,1280,720,30,2000,,13\n";
    let said = forecast(text, &[]).done();
    assert!(said.err.contains("column 'predicted_vmaf'"), "{}", said.err);
    let (header, rows) = rows(&said.out);
    assert_eq!(header.iter().filter(|name| *name == "predicted_vmaf").count(), 1);
    assert_eq!((rows[0]["title"].as_str(), rows[1]["title"].as_str()), ("a, \"b\"\nc", "d"));
    assert_eq!(rows[0]["timestamp"], "yesterday");
    assert_eq!(rows[0]["predicted_vmaf"], rows[1]["predicted_vmaf"]);
    assert_ne!(rows[0]["predicted_vmaf"], "12");
}

#[test]
fn bad_rows_name_file_line_and_field() {
    let header = "resolution_width,resolution_height,bitrate_kbps,encoder,preset\n";
    let good = "1280,720,2000,libx264,medium\n";
    for (row, parts) in [
        ("1280,720,NaN,libx264,medium", vec!["t.csv:3: ", "bitrate_kbps", "NaN"]),
        ("1280,720,-1,libx264,medium", vec!["t.csv:3: ", "bitrate_kbps", "-1"]),
        ("1280,720,2e3x,libx264,medium", vec!["t.csv:3: ", "bitrate_kbps", "2e3x"]),
        ("1280,720,,libx264,medium", vec!["t.csv:3: ", "bitrate_kbps"]),
        (",720,2000,libx264,medium", vec!["t.csv:3: ", "resolution_width"]),
        ("1280,720,2000,libx264,turbo", vec!["t.csv:3: ", "turbo", "veryfast"]),
        ("1280,720,2000,x266,medium", vec!["t.csv:3: ", "x266", "libx264"]),
        ("1280,720,2000", vec!["t.csv:3: ", "3 cells", "5"]),
    ] {
        let folder = folder();
        let data = write(&folder, "t.csv", format!("{header}{good}{row}\n{good}"));
        let out = write(&folder, "p.csv", "what stood here before");
        let model = model().display().to_string();
        run(&["predict", "--model", &model, "--data", &data, "--out", &out]).is_bad(&parts);
        assert_eq!(fs::read_to_string(&out).unwrap(), "what stood here before");
        assert_eq!(names_in(folder.path()), ["p.csv", "t.csv"]);
    }
    forecast("", &[]).is_bad(&["t.csv:1: "]);
    forecast("title,colour\na,red\n", &[]).is_bad(&["t.csv:1: ", "resolution_width"]);
    forecast("fps,frame_rate\n30,30\n", &[]).is_bad(&["t.csv:1: ", "'fps'", "frame_rate"]);
    forecast(header, &["--json"]).is_bad(&["--out"]);
    let endless = format!("{header}{}", "1".repeat(3 << 20));
    let said = forecast(&endless, &[]);
    assert_eq!((said.code, said.out.lines().count()), (2, 1), "the header was written before the row was read");
    assert!(said.err.contains("t.csv:2: ") && said.err.contains("longer than"), "{}", said.err);
}

#[test]
fn keep_going_leaves_bad_rows_empty_and_says_why() {
    let text = "resolution_width,resolution_height,bitrate_kbps\n1280,720,2000\n1280,720,\n1280,720,x\n1280,720,3000\n";
    let said = forecast(text, &["--keep-going"]).done();
    let (_, rows) = rows(&said.out);
    assert_eq!(rows.len(), 4);
    assert!(rows[0]["error"].is_empty() && !rows[0]["predicted_vmaf"].is_empty());
    for (row, why) in [(&rows[1], "bitrate_kbps is missing"), (&rows[2], "bitrate_kbps: 'x' is not a number")] {
        assert!(row["error"].contains(why), "{}", row["error"]);
        assert!(row["predicted_vmaf"].is_empty() && row["confidence"].is_empty());
    }
    assert!(said.err.contains("2 of 4 rows"), "{}", said.err);
}

#[test]
fn an_empty_table_gives_an_empty_table() {
    let (header, rows) = rows(&forecast("resolution_width,resolution_height,bitrate_kbps\n", &[]).done().out);
    assert!(header.contains(&"predicted_vmaf".to_owned()));
    assert!(rows.is_empty());
}

#[cfg(unix)]
#[test]
fn a_kill_in_the_middle_leaves_the_old_file() {
    use std::{
        io::Write,
        os::unix::process::ExitStatusExt,
        process::{Command, Stdio},
        time::Duration,
    };
    let folder = folder();
    let out = write(&folder, "p.csv", "what stood here before");
    let pipe = folder.path().join("t.csv");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let mut child = Command::new(assert_cmd::cargo::cargo_bin("encast"))
        .args(["predict", "--out", &out, "--data"])
        .arg(&pipe)
        .arg("--model")
        .arg(model())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut writer = fs::File::options().write(true).open(&pipe).unwrap();
    writer.write_all(b"resolution_width,resolution_height,bitrate_kbps\n1280,720,2000\n").unwrap();
    // It is at work as soon as its temporary file is there.
    let temporary = || names_in(folder.path()).into_iter().find(|name| name.ends_with(".tmp"));
    let mut waited = 0;
    while temporary().is_none() && waited < 500 {
        std::thread::sleep(Duration::from_millis(20));
        waited += 1;
    }
    assert!(temporary().is_some());
    child.kill().unwrap();
    assert_eq!(child.wait().unwrap().signal(), Some(9));
    assert_eq!(fs::read_to_string(&out).unwrap(), "what stood here before");
}

#[cfg(unix)]
#[test]
fn output_through_a_link_or_to_a_device_leaves_them_what_they_are() {
    use std::os::unix::fs::{FileTypeExt, PermissionsExt};
    let folder = folder();
    let target = write(&folder, "real.csv", "old");
    let link = folder.path().join("link.csv");
    std::os::unix::fs::symlink(&target, &link).unwrap();
    let model = model().display().to_string();
    let predict = |out: &str| {
        said(command().args(["predict", "--model", &model, "--data", TABLE, "--out", out]).output().unwrap()).done()
    };
    predict(&link.display().to_string());
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert!(fs::read_to_string(&target).unwrap().contains("predicted_vmaf"));
    // As readable as any new file.
    let plain = write(&folder, "plain", "");
    let mode = |path: &str| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&target), mode(&plain));
    predict("/dev/null");
    assert!(fs::metadata("/dev/null").unwrap().file_type().is_char_device());
}
