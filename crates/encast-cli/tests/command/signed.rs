//! `--require-signature`: what minisign signed is used, and nothing else.

use std::{path::PathBuf, process::Command};

use crate::common::{command, folder, run, said};

fn testdata(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../testdata").join(name)
}

/// A bundle in a folder, with a signature beside it where one is named.
fn bundle(folder: &tempfile::TempDir, name: &str, signature: Option<&str>) -> String {
    let path = folder.path().join(name);
    std::fs::copy(testdata("bundles/v1.encast"), &path).unwrap();
    if let Some(signature) = signature {
        std::fs::copy(testdata("signed").join(signature), folder.path().join(format!("{name}.minisig"))).unwrap();
    }
    path.display().to_string()
}

#[test]
fn a_signed_model_is_used_and_others_are_not() {
    let folder = folder();
    let signed = bundle(&folder, "signed.encast", Some("v1.encast.minisig"));
    let bare = bundle(&folder, "bare.encast", None);
    let other = bundle(&folder, "other.encast", Some("v1.encast.two.minisig"));
    let keys = testdata("signed/one.pub").display().to_string();
    let text = std::fs::read_to_string(&keys).unwrap();
    let key = text.lines().nth(1).unwrap();
    for keys in [keys.as_str(), key] {
        let inspected = run(&["inspect", &signed, "--json", "--require-signature", keys]).done();
        assert_eq!(inspected.json()["signed"], "version 1, made for tests");
        run(&["inspect", &bare, "--require-signature", keys]).is_bad(&[&bare, "not signed"]);
        run(&["inspect", &other, "--require-signature", keys]).is_bad(&[&other, "another key"]);
    }
    assert!(
        run(&["inspect", &signed, "--require-signature", key])
            .done()
            .out
            .contains("verified: version 1, made for tests")
    );
    assert_eq!(run(&["inspect", &signed, "--json"]).done().json()["signed"], serde_json::Value::Null);

    let evaluated = ["evaluate", "--data", crate::common::TABLE, "--model", &bare, "--require-signature", key];
    run(&evaluated).is_bad(&["not signed"]);
    for subcommand in ["predict", "recommend"] {
        let request = ["--bitrate-kbps", "4000", "--resolution", "1280x720"];
        let asked = |model: &str| {
            let mut command = command();
            command.env("ENCAST_REQUIRE_SIGNATURE", key).arg(subcommand).args(["--model", model]);
            command.args(if subcommand == "predict" { &request[..] } else { &request[2..] });
            said(command.output().unwrap())
        };
        asked(&bare).is_bad(&[&bare, "not signed"]);
        asked(&other).is_bad(&[&other, "another key"]);
        assert!(asked(&signed).code != 2);
    }
    // The embedded model is part of the program.
    run(&["inspect", "--require-signature", key]).done();
}

#[test]
fn keys_that_are_none_are_named() {
    let folder = folder();
    let signed = bundle(&folder, "signed.encast", Some("v1.encast.minisig"));
    run(&["inspect", &signed, "--require-signature", "none.pub"])
        .is_bad(&["'none.pub': neither a file nor a public key"]);
    let empty = folder.path().join("empty.pub").display().to_string();
    std::fs::write(&empty, "untrusted comment: nothing\n").unwrap();
    run(&["inspect", &signed, "--require-signature", &empty]).is_bad(&[&empty, "no public key of minisign"]);
    std::fs::write(&empty, "x".repeat(70_000)).unwrap();
    run(&["inspect", &signed, "--require-signature", &empty]).is_bad(&[&empty, "more than 65536 bytes"]);
}

/// Whoever asks for a signature gets the check or an error; an empty variable asks for nothing.
#[test]
fn an_empty_key_is_no_key() {
    let folder = folder();
    let bare = bundle(&folder, "bare.encast", None);
    run(&["inspect", &bare, "--require-signature", ""]).is_bad(&["--require-signature", "value is required"]);
    let mut command = command();
    said(command.env("ENCAST_REQUIRE_SIGNATURE", "").args(["inspect", &bare]).output().unwrap()).done();
    run(&["inspect", &bare, "--require-signature", "/dev/zero"]).is_bad(&["/dev/zero", "more than 65536 bytes"]);
}

/// The usual tool makes a signature that counts, and verifies the one of this test's data.
#[test]
fn minisign_and_encast_agree() {
    if Command::new("minisign").arg("-v").output().is_err() {
        eprintln!("left out: minisign is not installed");
        return;
    }
    let folder = folder();
    let model = bundle(&folder, "model.encast", None);
    let (public, secret) = (folder.path().join("a.pub").display().to_string(), folder.path().join("a.key"));
    let minisign = |arguments: &[&str]| {
        let output = Command::new("minisign").args(arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    };
    let secret = secret.display().to_string();
    minisign(&["-G", "-W", "-p", &public, "-s", &secret]);
    minisign(&["-S", "-s", &secret, "-m", &model, "-t", "of today"]);
    minisign(&["-V", "-p", &public, "-m", &model]);
    let inspected = run(&["inspect", &model, "--json", "--require-signature", &public]).done();
    assert_eq!(inspected.json()["signed"], "of today");
    // What another key signed, or what was changed afterwards.
    let keys = testdata("signed/one.pub").display().to_string();
    run(&["inspect", &model, "--require-signature", &keys]).is_bad(&["another key"]);
    let mut bytes = std::fs::read(&model).unwrap();
    bytes[100] ^= 1;
    std::fs::write(&model, bytes).unwrap();
    run(&["inspect", &model, "--require-signature", &public]).is_bad(&["not what was signed"]);
    let signed = bundle(&folder, "signed.encast", Some("v1.encast.minisig"));
    minisign(&["-V", "-p", &keys, "-m", &signed]);
}
