//! Bundles: saved and reloaded they forecast the same bits; damaged, they are refused with the right reason.
#![allow(clippy::unwrap_used)]

mod made;

use std::{fs, path::Path};

use encast::*;
use made::{model, request, table};
use proptest::prelude::*;

/// Every forecast of some rows, to the bit.
fn fingerprint(model: &Model) -> Vec<u64> {
    let (features, _) = table(5);
    let answers = predict_batch(&features, model, &PredictOptions::default()).unwrap();
    answers
        .iter()
        .flat_map(|answer| {
            let estimates = answer.estimates().flat_map(|(_, e)| [e.value, e.lower, e.upper]).collect::<Vec<_>>();
            let others = [answer.confidence, answer.recommended_bitrate_kbps.unwrap_or(f64::NAN)];
            estimates.into_iter().chain(others).map(f64::to_bits).collect::<Vec<_>>()
        })
        .collect()
}

#[test]
fn both_encodings_forecast_the_same_bits() {
    let folder = tempfile::tempdir().unwrap();
    let before = fingerprint(model());
    for name in ["m.json", "m.encast"] {
        let path = folder.path().join(name);
        save_model(model(), &path).unwrap();
        let reloaded = load_model(&path).unwrap();
        assert!(fingerprint(&reloaded) == before, "{name}");
        assert_eq!(reloaded.metadata(), model().metadata());
        // Written again, it is the same file.
        let again = folder.path().join(format!("again.{name}"));
        save_model(&reloaded, &again).unwrap();
        assert!(fs::read(&path).unwrap() == fs::read(&again).unwrap(), "{name}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 4, "temporary files stay behind");
}

#[test]
fn the_seed_form_stands_at_the_top_of_the_json() {
    let json: serde_json::Value = serde_json::from_slice(&model().to_json().unwrap()).unwrap();
    assert_eq!(json["version"], "made-up");
    assert_eq!(json["trained_at"], "2025-11-21T00:00:00Z");
    assert_eq!(model().metadata().trained_at_unix(), 1_763_683_200);
    for metric in ["vmaf_r2", "psnr_r2"] {
        let r2 = json["metrics"][metric].as_f64().unwrap();
        assert!((0.5..1.0).contains(&r2), "{metric} {r2}");
    }
    assert_eq!(json["format_version"], 3);
    assert_eq!(json["ranges"]["bitrate_kbps"]["min"], 250.0);
}

/// The schema in a bundle's JSON, with its brackets.
fn schema_of(json: &str) -> &str {
    let from = json.find("\"schema\":").unwrap() + "\"schema\":".len();
    &json[from..=from + json[from..].find(']').unwrap()]
}

#[test]
fn each_damage_has_its_own_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m");
    let load = |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        load_model(&path).map(|_| "a model").unwrap_err()
    };
    let good = model().to_binary().unwrap();

    let error = load_model(folder.path().join("none")).unwrap_err();
    assert!(matches!(error, Error::ModelMissing { .. }), "{error}");
    assert!(matches!(load_model(folder.path()).unwrap_err(), Error::Io { .. }));
    assert!(matches!(load(b""), Error::Truncated { .. }));
    assert!(matches!(load(b"hello, world"), Error::WrongMagic { .. }));
    assert!(matches!(load(b"{\"a\":1}"), Error::WrongMagic { .. }));
    assert!(matches!(load(&good[..good.len() - 1]), Error::Truncated { .. }));
    assert!(matches!(load(&good[..5]), Error::Truncated { .. }));
    let longer = [&good[..], b"x"].concat();
    assert!(matches!(load(&longer), Error::Corrupt { .. }));
    let mut flipped = good.clone();
    flipped[good.len() / 2] ^= 4;
    assert!(matches!(load(&flipped), Error::Checksum { .. }));
    let mut newer = good.clone();
    newer[8] = 4;
    assert!(matches!(load(&newer), Error::NewerFormat { found: 4, supported: 3 }));

    let json = String::from_utf8(model().to_json().unwrap()).unwrap();
    assert!(matches!(load(&json.as_bytes()[..json.len() / 2]), Error::Truncated { .. }));
    let newer = json.replacen("\"format_version\":3", "\"format_version\":9", 1);
    assert!(matches!(load(newer.as_bytes()), Error::NewerFormat { found: 9, .. }));
    let other = json.replacen("\"log2_bitrate_kbps\"", "\"log2_bitrate\"", 1);
    assert!(matches!(load(other.as_bytes()), Error::Corrupt { .. }));
    for (from, to) in [
        // More columns than this version knows, none, one fewer than the trees were made for, one that a model lists.
        ("\"passes\"]", "\"passes\",\"more\"]"),
        (schema_of(&json), "[]"),
        (",\"passes\"]", "]"),
        ("\"columns\":33,", "\"columns\":32,"),
        ("\"columns\":33,", "\"columns\":34,"),
    ] {
        assert!(json.contains(from), "{from}");
        assert!(matches!(load(json.replacen(from, to, 1).as_bytes()), Error::Corrupt { .. }), "{from} to {to}");
    }
    for (from, to) in [
        // Curves in a format that has none, shares that are none, an input that curves do not take, a rate that runs
        // the other way, knots that do not rise, a table and a list of centres that do not fit.
        ("\"format_version\":3", "\"format_version\":1"),
        // A basis in a format that has none, and one that is too short.
        ("\"format_version\":3", "\"format_version\":2"),
        ("\"basis\":[", "\"basis\":[0.0,"),
        ("\"share\":", "\"share\":7,\"was\":"),
        ("\"columns\":[\"log2_pixels\"", "\"columns\":[\"resolution_height\""),
        ("\"rate\":\"crf\"", "\"rate\":\"log2_bits_per_pixel\""),
        ("\"step\":", "\"step\":-1,\"was\":"),
        ("\"table\":[", "\"table\":[0.0,"),
        ("\"centres\":[", "\"centres\":[0.0,"),
        ("\"fallback\":", "\"fallback\":0,\"was\":"),
    ] {
        assert!(json.contains(from), "{from}");
        assert!(load(json.replacen(from, to, 1).as_bytes()).to_string().len() > 10, "{from} to {to}");
    }
    let spoilt = json.replacen("\"nominal\":0.9", "\"nominal\":9.0", 1);
    assert!(matches!(load(spoilt.as_bytes()), Error::Corrupt { .. }));

    let huge = fs::File::create(&path).unwrap();
    huge.set_len(MAX_BUNDLE_BYTES + 1).unwrap();
    assert!(matches!(load_model(&path).unwrap_err(), Error::TooLarge { .. }));
}

/// With the checksum made right, splits that ask for a place or a threshold that is not there are still refused.
#[test]
fn consistent_bytes_of_a_broken_short_tree_are_refused() {
    let good = model().to_binary().unwrap();
    let head = u64::from_le_bytes(good[24..32].try_into().unwrap()) as usize;
    // Behind the head: the form (4), members (4), for each base (8) and trees (4), then places (4).
    let number = |at: usize| u32::from_le_bytes(good[at..at + 4].try_into().unwrap()) as usize;
    let members = number(32 + head + 4);
    let trees: usize = (0..members).map(|member| number(32 + head + 8 + 12 * member + 8)).sum();
    let mut at = 32 + head + 8 + 12 * members;
    let places = number(at);
    at += 4;
    for _ in 0..places {
        at += 4 + 4 * usize::from(good[at + 3]);
    }
    let leaves: usize = good[at..at + trees].iter().map(|&leaves| usize::from(leaves)).sum();
    let (splits, count) = (at + trees, leaves - trees);
    assert!(count > 0 && number(32 + head) == 1);
    for broken in [at, splits, splits + count, splits + 2 * count] {
        let mut bytes = good.clone();
        bytes[broken] = 255;
        let checksum = crc32fast::hash(&bytes[16..]);
        bytes[12..16].copy_from_slice(&checksum.to_le_bytes());
        let error = Model::from_bytes(&bytes).unwrap_err();
        assert!(matches!(error, Error::Corrupt { .. } | Error::Truncated { .. }), "byte {broken}: {error}");
    }
}

/// A node that points backwards or beyond its tree, written with a right checksum, is still refused.
#[test]
fn consistent_bytes_of_a_broken_tree_are_refused() {
    let good = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/bundles/v2.encast")).unwrap();
    let head = u64::from_le_bytes(good[24..32].try_into().unwrap()) as usize;
    // Behind the head: members (4), base (8), trees (4), nodes (4), then the first node's right child at +4.
    let right = 32 + head + 4 + 8 + 4 + 4 + 4;
    for child in [0u32, 1, 0xFFFF_FFFF, 1_000_000] {
        let mut bytes = good.clone();
        bytes[right..right + 4].copy_from_slice(&child.to_le_bytes());
        let checksum = crc32fast::hash(&bytes[16..]);
        bytes[12..16].copy_from_slice(&checksum.to_le_bytes());
        let error = Model::from_bytes(&bytes).unwrap_err();
        assert!(matches!(error, Error::Corrupt { .. } | Error::Trees(_)), "right child {child}: {error}");
    }
}

#[test]
fn a_save_that_fails_leaves_the_old_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.encast");
    save_model(model(), &path).unwrap();
    let before = fs::read(&path).unwrap();
    // A folder of that name can't be replaced by a file: the rename fails after everything was written.
    let blocked = folder.path().join("blocked.encast");
    fs::create_dir_all(blocked.join("inside")).unwrap();
    assert!(matches!(save_model(model(), &blocked).unwrap_err(), Error::Io { .. }));
    assert!(matches!(save_model(model(), folder.path().join("no/such/m.encast")).unwrap_err(), Error::Io { .. }));
    assert!(fs::read(&path).unwrap() == before);
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "{left:?}");
}

#[test]
fn the_embedded_model_answers() {
    let model = Model::embedded().unwrap();
    let answer = predict(&PredictionFeatures::new(4000.0, 1920.0, 1080.0, 30.0, 0.01, 0.5), &model).unwrap();
    assert!((50.0..=100.0).contains(&answer.predicted_vmaf.unwrap()));
    assert!(answer.predicted_cost_usd.unwrap() > 0.0);
    assert!(answer.predicted_co2_kg.unwrap() > 0.0);
    assert!((0.1..1.0).contains(&answer.confidence));
    assert!(model.metadata().vmaf_model.is_some());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    /// Saved and reloaded, in either encoding, a bundle forecasts the same bits, whatever is asked.
    #[test]
    fn a_reloaded_bundle_forecasts_the_same_bits(
        bitrate in 10.0f64..1e5, ti in proptest::option::of(0.0f64..100.0), si in proptest::option::of(0.0f64..200.0),
        height in 100.0f64..3000.0, fps in proptest::option::of(5.0f64..120.0), crf in 0.0f64..63.0, by_crf in any::<bool>(),
        probe in proptest::option::of((50.0f64..5000.0, 20.0f64..50.0, 0.0f64..100.0)),
    ) {
        static RELOADED: std::sync::OnceLock<[Model; 2]> = std::sync::OnceLock::new();
        let reloaded = RELOADED.get_or_init(|| {
            [model().to_json().unwrap(), model().to_binary().unwrap()].map(|bytes| Model::from_bytes(&bytes).unwrap())
        });
        let asked = PredictionFeatures {
            bitrate_kbps: (!by_crf).then_some(bitrate),
            crf: by_crf.then_some(crf),
            resolution_height: height,
            frame_rate: fps,
            ti_mean: ti,
            si_mean: si,
            probe_bitrate_kbps: probe.map(|probe| probe.0),
            probe_psnr: probe.map(|probe| probe.1),
            probe_vmaf: probe.map(|probe| probe.2),
            ..request()
        };
        let bits = |model: &Model| {
            let answer = predict(&asked, model).unwrap();
            let estimates = answer.estimates().flat_map(|(_, e)| [e.value, e.lower, e.upper]);
            let others = [answer.confidence, answer.recommended_bitrate_kbps.unwrap_or(f64::NAN)];
            estimates.chain(others).map(f64::to_bits).collect::<Vec<_>>()
        };
        for reloaded in reloaded {
            prop_assert_eq!(bits(reloaded), bits(model()));
        }
    }

    #[test]
    fn random_bytes_never_crash_the_loader(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(Model::from_bytes(&bytes).is_err());
    }

    /// Random bytes behind a right magic, length and checksum get further in.
    #[test]
    fn random_bytes_in_a_good_frame_never_crash_the_loader(
        body in proptest::collection::vec(any::<u8>(), 0..300), head in 0u64..400,
    ) {
        let mut bytes = b"\x89ENCAST\n\x01\0\0\0\0\0\0\0".to_vec();
        bytes.extend_from_slice(&(32 + body.len() as u64).to_le_bytes());
        bytes.extend_from_slice(&head.to_le_bytes());
        bytes.extend_from_slice(&body);
        let checksum = crc32fast::hash(&bytes[16..]);
        bytes[12..16].copy_from_slice(&checksum.to_le_bytes());
        prop_assert!(Model::from_bytes(&bytes).is_err());
    }

    /// Damage of a good bundle: the checksum always finds it; with the checksum mended the loader still never crashes,
    /// and what it lets through answers without a crash.
    #[test]
    fn damaged_bundles_never_crash(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        static GOOD: std::sync::OnceLock<Vec<u8>> = std::sync::OnceLock::new();
        let good = GOOD.get_or_init(|| model().to_binary().unwrap());
        let at = 16 + at.index(good.len() - 16);
        prop_assume!(good[at] != byte);
        let mut bytes = good.clone();
        bytes[at] = byte;
        prop_assert!(Model::from_bytes(&bytes).is_err());
        let checksum = crc32fast::hash(&bytes[16..]);
        bytes[12..16].copy_from_slice(&checksum.to_le_bytes());
        if let Ok(model) = Model::from_bytes(&bytes) {
            let _ = predict(&request(), &model);
        }
    }
}
