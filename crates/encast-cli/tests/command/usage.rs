//! Wrong command lines, help, and the default model.

use crate::common::{command, folder, run, said, sh, write};

#[test]
fn wrong_command_lines_are_one_line_and_exit_code_2() {
    for (line, said) in [
        ("frobnicate", "frobnicate"),
        ("train", "--data"),
        ("train --data T.csv --out M.json --seed x", "--seed"),
        ("train --data T.csv --out M.json --model-kind net", "known are boosting, forest"),
        ("train --data T.csv --out M.json --targets vmaf,quality", "known are vmaf"),
        ("train --data T.csv --out M.json --require vmaf", "--require"),
        ("evaluate --data T.csv --folds 1", "2..=1000"),
        ("evaluate --data T.csv --folds 5 --model M.json", "--model"),
        ("evaluate --data T.csv --tier anchors", "known are settings, content, probe"),
        ("evaluate --data T.csv --given size", "known are bitrate, crf"),
        ("predict --resolution 1080p", "WIDTHxHEIGHT"),
        ("predict --resolution 1920x1080 --codec h263", "known are h264, hevc, vp9, av1, vvc"),
        ("predict --builtin --bitrate 4000", "--builtin"),
        ("predict --data T.csv --bitrate 4000", "--data"),
        ("predict --out P.csv", "--data"),
        ("predict --bitrate 4000", "resolution_width"),
        ("inspect --tier settings", "--tier"),
    ] {
        sh(line).is_bad(&[said]);
    }
}

#[test]
fn every_subcommand_explains_itself_with_examples() {
    for subcommand in ["train", "evaluate", "predict", "recommend", "advise", "inspect", "profiles", "calibrate"] {
        let said = run(&[subcommand, "--help"]).done();
        assert!(said.out.contains("Examples:\n"), "{}", said.out);
        assert!(said.out.contains("--json"), "{}", said.out);
        assert_eq!(said.err, "");
    }
    let said = run::<&str>(&[]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("Usage: encast"));
}

#[test]
fn a_model_that_is_named_is_used_or_an_error() {
    let folder = folder();
    let missing = folder.path().join("none.json").display().to_string();
    let broken = write(&folder, "broken.encast", "this is no model");
    let empty = write(&folder, "empty.json", "");
    let cut = {
        let whole = std::fs::read(crate::common::model()).unwrap();
        write(&folder, "cut.json", &whole[..whole.len() / 2])
    };
    for named in [&missing, &broken, &empty, &cut] {
        run(&["inspect", named]).is_bad(&[named]);
        run(&["predict", "--model", named, "--builtin"]).is_bad(&[named]);
        said(command().env("ENCAST_MODEL", named).args(["predict", "--builtin"]).output().unwrap()).is_bad(&[named]);
    }
    // The flag beats the environment.
    let model = crate::common::model().display().to_string();
    let inspected =
        said(command().env("ENCAST_MODEL", &missing).args(["inspect", &model, "--json"]).output().unwrap()).done();
    assert_eq!(inspected.json()["path"], model.as_str());
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let mut child = std::process::Command::new(assert_cmd::cargo::cargo_bin("encast"))
        .args(["predict", "--model"])
        .arg(crate::common::model())
        .args(["--data", crate::common::TABLE])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}
