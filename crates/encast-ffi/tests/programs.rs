//! The C test programs, each linked with the shared library, with the archive, and with the
//! sanitizers for memory.
#![allow(clippy::expect_used, clippy::panic, reason = "helpers of tests")]

mod common;

use std::{fmt::Write as _, fs::File, path::Path, process::Command};

use common::{LINKS, Link, build, line_of, passes, run, temporary};
use encast_core::{FORMAT_VERSION, Model, PredictOptions, PredictionFeatures};

#[test]
fn arguments() {
    passes("arguments");
}

#[test]
fn handles() {
    passes("handles");
}

#[test]
fn inputs() {
    passes("inputs");
}

#[test]
fn score() {
    passes("score");
}

#[test]
fn monitor() {
    passes("monitor");
}

#[test]
fn search() {
    passes("search");
}

#[test]
fn threads() {
    passes("threads");
}

#[test]
fn training() {
    passes("training");
}

#[test]
fn garbage() {
    for link in [Link::Shared, Link::Sanitized] {
        let (programs, folder) = (temporary(), temporary());
        run(Command::new(build("garbage", link, programs.path())).arg(folder.path()));
    }
}

/// Puts the bad files there whose making needs the format; the C program makes the others.
fn bad_files(folder: &Path) {
    let model = Model::embedded().expect("the default model");
    let json = String::from_utf8(model.to_json().expect("JSON")).expect("UTF-8");
    let mut document: serde_json::Value = serde_json::from_str(&json).expect("an object");
    document["format_version"] = (FORMAT_VERSION + 1).into();
    std::fs::write(folder.join("newer.json"), document.to_string()).expect("a file");
    document["format_version"] = model.metadata().format_version.into();
    document["trained_at"] = "not a time".into();
    std::fs::write(folder.join("corrupt.json"), document.to_string()).expect("a file");

    let mut binary = model.to_binary().expect("binary");
    let version = binary[8..12].try_into().map(u32::from_le_bytes).expect("four bytes");
    assert_eq!(version, model.metadata().format_version, "the version stands behind the magic number");
    binary[8..12].copy_from_slice(&(FORMAT_VERSION + 1).to_le_bytes());
    std::fs::write(folder.join("newer.encast"), &binary).expect("a file");
    // Sparse: no disk is used.
    File::create(folder.join("large.encast")).and_then(|file| file.set_len(1 << 40)).expect("a sparse file");
}

#[test]
fn files() {
    for link in LINKS {
        let (programs, folder) = (temporary(), temporary());
        bad_files(folder.path());
        run(Command::new(build("files", link, programs.path())).arg(folder.path()));
        let mut left: Vec<_> =
            folder.path().read_dir().expect("the folder").map(|e| e.expect("an entry").file_name()).collect();
        left.sort();
        let due = [
            "corrupt.json",
            "damaged.encast",
            "large.encast",
            "newer.encast",
            "newer.json",
            "saved.encast",
            "saved.json",
            "truncated.encast",
            "wrong.encast",
        ];
        assert_eq!(left, due, "saving leaves no temporary file");
    }
}

#[test]
fn signed() {
    for link in LINKS {
        let (programs, folder) = (temporary(), temporary());
        let testdata = common::root().join("testdata");
        run(Command::new(build("signed", link, programs.path())).args([testdata.as_path(), folder.path()]));
    }
}

/// Requests as the C program reads them, and as the Rust API takes them.
fn requests() -> (String, Vec<PredictionFeatures>) {
    let presets = [("-", "-"), ("h264", "medium"), ("hevc", "slow"), ("av1", "8"), ("vp9", "-")];
    let sizes = [(640.0, 360.0), (1280.0, 720.0), (1920.0, 1080.0), (3840.0, 2160.0)];
    let (mut text, mut features) = (String::new(), Vec::new());
    for (i, (codec, preset)) in presets.iter().cycle().take(200).enumerate() {
        let (width, height) = sizes[i / 5 % 4];
        let mut request = PredictionFeatures::new(
            137.3 * 1.033_f64.powi(i as i32),
            width,
            height,
            [24.0, 30.0, 60.0][i % 3],
            0.003 * (i % 7) as f64,
            0.013 * (i % 71) as f64,
        );
        request.crf = (i % 9 == 0).then_some(20.0 + (i % 25) as f64);
        // A CRF alone says nothing without its codec.
        if i % 18 == 0 && *codec != "-" {
            request.bitrate_kbps = None;
        }
        if i % 11 == 0 {
            request.motion_intensity = None;
        }
        let of = |value: Option<f64>| value.map_or("nan".to_owned(), |value| value.to_string());
        writeln!(
            text,
            "{} {width} {height} {} {} {} {} {codec} {preset}",
            of(request.bitrate_kbps),
            of(request.frame_rate),
            of(request.frame_drop),
            of(request.motion_intensity),
            of(request.crf),
        )
        .expect("a string grows");
        request.codec = (*codec != "-").then(|| encast_core::Codec::from_name(codec).expect("a codec"));
        request.preset = (*preset != "-").then(|| (*preset).to_owned());
        features.push(request);
    }
    (text, features)
}

#[test]
fn answers_have_the_bits_of_the_rust_api() {
    let dir = temporary();
    let model = Model::embedded().expect("the default model");
    let (model_file, request_file) = (dir.path().join("model.encast"), dir.path().join("requests.txt"));
    encast_core::save_model(&model, &model_file).expect("saved");
    let (text, features) = requests();
    std::fs::write(&request_file, text).expect("a file");
    let due: Vec<String> = features
        .iter()
        .map(|request| {
            line_of(&encast_core::predict_with(request, &model, &PredictOptions::default()).expect("an answer"))
        })
        .collect();
    for link in LINKS {
        let output = run(Command::new(build("same_bits", link, dir.path())).args([&model_file, &request_file]));
        let lines: Vec<String> = String::from_utf8(output.stdout).expect("UTF-8").lines().map(str::to_owned).collect();
        assert_eq!(lines.len(), due.len());
        for (row, (line, due)) in lines.iter().zip(&due).enumerate() {
            assert_eq!(line, due, "request {row}, {link:?}");
        }
    }
    assert!(due.iter().collect::<std::collections::BTreeSet<_>>().len() > 150, "the requests differ");
}
