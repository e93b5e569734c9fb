//! Signed bundles: what minisign signed is loaded, and nothing else when a signature is required.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use encast::{Error, LoadOptions, Model, TrustedKeys, load_model_with};

fn testdata(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata").join(name)
}

fn text(name: &str) -> String {
    std::fs::read_to_string(testdata("signed").join(name)).unwrap()
}

fn keys(name: &str) -> TrustedKeys {
    TrustedKeys::parse(&text(name)).unwrap()
}

fn bundle() -> Vec<u8> {
    std::fs::read(testdata("bundles/v1.encast")).unwrap()
}

/// A folder with a bundle, and with one of the signatures beside it where one is named.
fn folder(bundle: &[u8], signature: Option<&str>) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.encast");
    std::fs::write(&path, bundle).unwrap();
    if let Some(name) = signature {
        std::fs::write(folder.path().join("model.encast.minisig"), text(name)).unwrap();
    }
    (folder, path)
}

fn required(keys: &TrustedKeys) -> LoadOptions<'_> {
    LoadOptions { trusted_keys: Some(keys), require_signature: true, signature: None }
}

#[test]
fn signatures_of_minisign_verify() {
    let one = keys("one.pub");
    for (name, comment) in [("v1.encast.minisig", "version 1, made for tests"), ("v1.encast.legacy.minisig", "legacy")]
    {
        let (_folder, path) = folder(&bundle(), Some(name));
        let model = load_model_with(&path, &required(&one)).unwrap();
        assert_eq!(model.trusted_comment(), Some(comment));
        let signature = text(name);
        let given = LoadOptions { signature: Some(&signature), ..required(&one) };
        assert_eq!(Model::from_bytes_with(&bundle(), &given).unwrap().trusted_comment(), Some(comment));
    }
    let json = std::fs::read(testdata("bundles/v1.json")).unwrap();
    let signature = text("v1.json.minisig");
    assert!(Model::from_bytes_with(&json, &LoadOptions { signature: Some(&signature), ..required(&one) }).is_ok());
}

#[test]
fn any_of_several_keys_counts() {
    let both = TrustedKeys::parse(&format!("# the team's\n{}\n\n{}", text("two.pub"), text("one.pub"))).unwrap();
    assert_eq!(both.count(), 2);
    for name in ["v1.encast.minisig", "v1.encast.two.minisig"] {
        let (_folder, path) = folder(&bundle(), Some(name));
        assert!(load_model_with(&path, &required(&both)).is_ok(), "{name}");
    }
}

#[test]
fn what_is_not_signed_is_refused_where_it_has_to_be() {
    let one = keys("one.pub");
    let (_folder, path) = folder(&bundle(), None);
    assert!(matches!(load_model_with(&path, &required(&one)), Err(Error::Unsigned)));
    assert!(matches!(Model::from_bytes_with(&bundle(), &required(&one)), Err(Error::Unsigned)));
    // Not required: loaded, and nothing was verified.
    let model = load_model_with(&path, &LoadOptions { trusted_keys: Some(&one), ..LoadOptions::default() }).unwrap();
    assert_eq!(model.trusted_comment(), None);
    // Without a key no signature is looked at.
    let (_folder, path) = folder(&bundle(), Some("two.pub"));
    assert_eq!(load_model_with(&path, &LoadOptions::default()).unwrap().trusted_comment(), None);
    let without_keys = LoadOptions { require_signature: true, ..LoadOptions::default() };
    assert!(matches!(load_model_with(&path, &without_keys), Err(Error::BadKey { .. })));
}

/// A wrong signature is refused, required or not.
#[test]
fn wrong_signatures_are_refused() {
    let one = keys("one.pub");
    let good = text("v1.encast.minisig");
    let mut tampered = bundle();
    let middle = tampered.len() / 2;
    tampered[middle] ^= 1;
    let other_comment = good.replace("version 1", "version 2");
    let cases: [(&[u8], &str, &str); 6] = [
        (&tampered, &good, "is not what was signed"),
        (&bundle(), &other_comment, "is not what was signed"),
        (&bundle(), &text("v1.encast.two.minisig"), "another key than the 1 trusted"),
        (&bundle(), &text("one.pub"), "no signature of minisign"),
        (&bundle(), "", "no signature of minisign"),
        (&bundle(), &"x".repeat(70_000), "larger than a signature"),
    ];
    for (bytes, signature, says) in cases {
        for require_signature in [true, false] {
            let options = LoadOptions { require_signature, signature: Some(signature), ..required(&one) };
            let error = Model::from_bytes_with(bytes, &options).unwrap_err();
            assert!(matches!(error, Error::BadSignature { .. }) && error.to_string().contains(says), "{error}");
        }
    }
    let (_folder, path) = folder(&tampered, Some("v1.encast.minisig"));
    assert!(matches!(load_model_with(&path, &required(&one)), Err(Error::BadSignature { .. })));
    // A signature that can't be read is no missing one.
    let (folder, path) = folder(&bundle(), None);
    std::fs::write(folder.path().join("model.encast.minisig"), [0xFF, 0xFE]).unwrap();
    assert!(matches!(load_model_with(&path, &required(&one)), Err(Error::BadSignature { .. })));
    std::fs::remove_file(folder.path().join("model.encast.minisig")).unwrap();
    std::fs::create_dir(folder.path().join("model.encast.minisig")).unwrap();
    assert!(matches!(load_model_with(&path, &required(&one)), Err(Error::Io { .. })));
}

#[test]
fn texts_that_are_no_keys_are_refused() {
    let one = text("one.pub");
    let key = one.lines().nth(1).unwrap();
    assert_eq!(TrustedKeys::parse(key).unwrap().count(), 1);
    let cases = [
        ("", 1, "no public key"),
        ("# nothing\n", 1, "no public key"),
        ("untrusted comment: but no key\n", 1, "no public key"),
        ("hello", 1, "'hello' is no public key of minisign"),
        (&format!("{key}\n{}", &key[..40]), 2, "is no public key of minisign"),
        (&" ".repeat(70_000), 1, "70000 bytes of keys"),
    ];
    for (text, due, says) in cases {
        match TrustedKeys::parse(text) {
            Err(Error::BadKey { line, reason }) => assert!(line == due && reason.contains(says), "{line}: {reason}"),
            other => panic!("{other:?}"),
        }
    }
}
