//! Runs the command, and trains the one model that most tests share.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Output,
    sync::OnceLock,
};

use assert_cmd::Command;
use serde_json::Value;
use tempfile::TempDir;

/// A part of the project's own measured table: 12 titles.
pub const TABLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/measured_small.csv");

/// What a run said.
pub struct Said {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Said {
    /// Standard output as the one JSON object that it has to be.
    #[track_caller]
    pub fn json(&self) -> Value {
        let value: Value = serde_json::from_str(&self.out)
            .unwrap_or_else(|e| panic!("not one JSON object: {e}\nout: {}\nerr: {}", self.out, self.err));
        assert!(value.is_object(), "{value}");
        value
    }

    /// Checks that it is bad input: exit code 2, nothing on standard output, and an error of one line that says all
    /// of `parts`.
    #[track_caller]
    pub fn is_bad(&self, parts: &[&str]) {
        assert_eq!(self.code, 2, "out: {}\nerr: {}", self.out, self.err);
        assert_eq!(self.out, "");
        let errors: Vec<&str> = self.err.lines().filter(|line| line.starts_with("encast: error: ")).collect();
        assert_eq!(errors.len(), 1, "{}", self.err);
        assert_eq!(self.err.lines().last(), Some(errors[0]), "{}", self.err);
        for part in parts {
            assert!(errors[0].contains(part), "'{part}' is not in: {}", errors[0]);
        }
    }

    /// Checks that it is done.
    #[track_caller]
    pub fn done(self) -> Said {
        assert_eq!(self.code, 0, "out: {}\nerr: {}", self.out, self.err);
        self
    }
}

/// The command, with nothing from the environment of whoever runs the tests.
pub fn command() -> Command {
    let mut command = Command::cargo_bin("encast").unwrap();
    command.env_remove("ENCAST_MODEL").env_remove("ENCAST_REQUIRE_SIGNATURE").env_remove("SOURCE_DATE_EPOCH");
    command
}

/// Runs the command.
pub fn run<S: AsRef<std::ffi::OsStr>>(args: &[S]) -> Said {
    said(command().args(args).output().unwrap())
}

/// Runs the command with a shell-like line; `$T` is the table, `$M` the shared model.
pub fn sh(line: &str) -> Said {
    let words: Vec<String> = line
        .split_whitespace()
        .map(|word| match word {
            "$T" => TABLE.to_owned(),
            "$M" => model().display().to_string(),
            _ => word.to_owned(),
        })
        .collect();
    run(&words)
}

pub fn said(output: Output) -> Said {
    Said {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A folder of the test's own.
pub fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// Writes a file and returns its path as text.
pub fn write(folder: &TempDir, name: &str, text: impl AsRef<[u8]>) -> String {
    let path = folder.path().join(name);
    fs::write(&path, text).unwrap();
    path.display().to_string()
}

/// Names in a folder, sorted.
pub fn names_in(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Keys of a JSON object.
#[track_caller]
pub fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

/// A model of VMAF, PSNR, bitrate and CPU time, trained once on the table; and what the training said.
pub fn trained() -> &'static (TempDir, PathBuf, Value) {
    static TRAINED: OnceLock<(TempDir, PathBuf, Value)> = OnceLock::new();
    TRAINED.get_or_init(|| {
        let folder = folder();
        let path = folder.path().join("model.json");
        let out = path.display().to_string();
        let said = said(
            command()
                .env("SOURCE_DATE_EPOCH", "1795224660")
                .args(["train", "--data", TABLE, "--out", &out, "--json"])
                .args(["--targets", "vmaf,psnr,bitrate_kbps,cpu_seconds"])
                .args(["--vmaf-model", "vmaf_v0.6.1", "--licence", "MIT OR Apache-2.0"])
                .output()
                .unwrap(),
        )
        .done();
        let report = said.json();
        (folder, path, report)
    })
}

/// Its file.
pub fn model() -> &'static Path {
    &trained().1
}
