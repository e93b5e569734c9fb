//! What only the inside can test: panics, and the mapping of the core's errors.

mod allocation;
mod analyzer;
mod small_model;

use std::{
    collections::BTreeSet,
    ffi::{CStr, c_char},
    path::PathBuf,
};

use encast_core::{Error, Target};

use crate::{
    advise::{EncastProposal, encast_advise},
    boundary::{enter, tests::arm},
    compare::{EncastComparison, encast_compare},
    features::{EncastFeatures, encast_features_init},
    ladder::{EncastRung, encast_ladder},
    last_error::{encast_last_error, encast_last_error_field},
    model::{EncastModel, encast_free_model, encast_load_default_model},
    names::encast_codec_from_name,
    predict::{encast_predict, encast_predict_batch},
    profiles::{encast_free_profiles, encast_load_profiles, encast_parse_profiles},
    recommend::{EncastRecommendation, encast_recommend_bitrate, encast_recommend_crf},
    result::EncastResult,
    retrain::encast_retrain,
    site::{encast_free_site, encast_new_site},
    status::*,
    structs::{CStruct, put_text, text},
    targets::EncastTargets,
};

fn read(pointer: *const c_char) -> String {
    // SAFETY: the library hands out C strings.
    unsafe { CStr::from_ptr(pointer) }.to_str().expect("UTF-8").to_owned()
}

pub(crate) fn last() -> String {
    read(encast_last_error())
}

#[test]
fn panics_become_statuses_with_their_text() {
    assert_eq!(enter(|| panic!("number {}", 7)), ENCAST_STATUS_PANIC);
    assert!(last().ends_with("number 7"), "{}", last());
    assert_eq!(enter(|| panic!("plain")), ENCAST_STATUS_PANIC);
    assert!(last().ends_with("plain"), "{}", last());
    assert_eq!(enter(|| std::panic::panic_any(7_u8)), ENCAST_STATUS_PANIC);
    assert!(!last().is_empty());
    assert_eq!(enter(|| Ok(())), ENCAST_STATUS_OK);
    assert_eq!(last(), "");
}

/// A payload whose destructor panics too.
struct Vicious;

impl Drop for Vicious {
    fn drop(&mut self) {
        panic!("again");
    }
}

#[test]
#[cfg_attr(miri, ignore = "what panics while it is dropped is leaked, and Miri tells")]
fn payloads_that_panic_do_not_get_out() {
    assert_eq!(enter(|| std::panic::panic_any(Vicious)), ENCAST_STATUS_PANIC);
}

/// After a panic in a call the output is untouched, and the model and the thread go on.
#[test]
#[cfg_attr(miri, ignore = "the default model is too large for Miri")]
fn model_stays_usable_after_a_panic() {
    let mut model: *mut EncastModel = std::ptr::null_mut();
    let mut features = EncastFeatures::defaults();
    let (mut result, mut recommendation) = (EncastResult::defaults(), EncastRecommendation::defaults());
    let targets = EncastTargets::defaults();
    features.bitrate_kbps = 4000.0;
    (features.resolution_width, features.resolution_height) = (1920.0, 1080.0);
    result.confidence = 77.0;
    recommendation.bitrate_kbps = 77.0;
    let mut row = 77;
    // SAFETY: live structs of this test, set up with their sizes.
    unsafe {
        arm();
        assert_eq!(encast_load_default_model(&mut model), ENCAST_STATUS_PANIC);
        assert!(model.is_null());
        assert_eq!(encast_load_default_model(&mut model), ENCAST_STATUS_OK, "{}", last());
        arm();
        assert_eq!(encast_predict(model, &features, std::ptr::null(), &mut result), ENCAST_STATUS_PANIC);
        assert!(last().contains("armed by a test"));
        arm();
        assert_eq!(
            encast_predict_batch(model, &features, 1, std::ptr::null(), &mut result, &mut row),
            ENCAST_STATUS_PANIC
        );
        assert_eq!((result.confidence, row), (77.0, 77));
        arm();
        assert_eq!(
            encast_recommend_bitrate(model, &features, std::ptr::null(), &mut recommendation),
            ENCAST_STATUS_PANIC
        );
        arm();
        assert_eq!(encast_recommend_crf(model, &features, std::ptr::null(), &mut recommendation), ENCAST_STATUS_PANIC);
        assert_eq!(recommendation.bitrate_kbps, 77.0);
        let (mut rung, mut count) = (EncastRung::defaults(), 77);
        arm();
        assert_eq!(
            encast_ladder(model, &features, std::ptr::null(), std::ptr::null(), &mut rung, 1, &mut count),
            ENCAST_STATUS_PANIC
        );
        assert_eq!((rung.width, count), (0, 77));
        let mut comparison = EncastComparison::defaults();
        comparison.vmaf.ratio.value = 77.0;
        arm();
        assert_eq!(
            encast_compare(
                model,
                &features,
                &features,
                std::ptr::null(),
                &mut result,
                std::ptr::null_mut(),
                &mut comparison
            ),
            ENCAST_STATUS_PANIC
        );
        assert_eq!((result.confidence, comparison.vmaf.ratio.value), (77.0, 77.0));
        let (mut proposal, mut setups) = (EncastProposal::defaults(), 77);
        arm();
        assert_eq!(
            encast_advise(model, &features, std::ptr::null(), std::ptr::null(), &mut proposal, 1, &mut setups),
            ENCAST_STATUS_PANIC
        );
        assert_eq!((proposal.width, setups), (0, 77));
        arm();
        let mut trained = std::ptr::null_mut();
        assert_eq!(encast_retrain(&features, &targets, 1, std::ptr::null(), &mut trained), ENCAST_STATUS_PANIC);
        assert!(trained.is_null());
        arm();
        assert_eq!(encast_features_init(&mut features, size_of::<EncastFeatures>()), ENCAST_STATUS_PANIC);
        assert_eq!(features.bitrate_kbps, 4000.0);
        assert_eq!(encast_predict(model, &features, std::ptr::null(), &mut result), ENCAST_STATUS_OK, "{}", last());
        assert!(result.predicted_vmaf > 0.0 && result.confidence <= 1.0);
        encast_free_model(model);
    }
}

/// Handles that a panic kept from being made are not handed out.
#[test]
#[cfg_attr(miri, ignore = "the profiles of the library are too long for Miri")]
fn profiles_and_sites_after_a_panic() {
    let (mut profiles, mut site) = (std::ptr::null_mut(), std::ptr::null_mut());
    // SAFETY: C strings and live handles of this test.
    unsafe {
        arm();
        assert_eq!(encast_load_profiles(std::ptr::null(), &mut profiles), ENCAST_STATUS_PANIC);
        arm();
        assert_eq!(encast_parse_profiles(std::ptr::null(), 0, &mut profiles), ENCAST_STATUS_PANIC);
        assert!(profiles.is_null());
        assert_eq!(encast_load_profiles(std::ptr::null(), &mut profiles), ENCAST_STATUS_OK, "{}", last());
        let (machine, region) = (c"c5.2xlarge".as_ptr(), c"eu-central-1".as_ptr());
        arm();
        assert_eq!(encast_new_site(profiles, machine, region, &mut site), ENCAST_STATUS_PANIC);
        assert!(site.is_null());
        assert_eq!(encast_new_site(profiles, machine, region, &mut site), ENCAST_STATUS_OK, "{}", last());
        encast_free_profiles(profiles);
        encast_free_site(site);
    }
}

/// One of each error that can reach a C program.
fn errors() -> Vec<(Error, i32, &'static str)> {
    let path = PathBuf::from("model.encast");
    let row = Box::new(Error::InvalidField { field: "crf", value: "-1".into(), bound: "more".into() });
    vec![
        (
            Error::InvalidField { field: "crf", value: "-1".into(), bound: "more".into() },
            ENCAST_STATUS_INVALID_FIELD,
            "crf",
        ),
        (Error::MissingField { field: "crf", needed: "it" }, ENCAST_STATUS_MISSING_FIELD, "crf"),
        (
            Error::UnknownName { field: "codec", value: "x".into(), known: "y".into() },
            ENCAST_STATUS_UNKNOWN_NAME,
            "codec",
        ),
        (
            Error::Contradiction { field: "encoder", value: "x".into(), other: "y".into() },
            ENCAST_STATUS_CONTRADICTION,
            "encoder",
        ),
        (Error::NotPredicted { target: Target::Vmaf, reason: "no rows".into() }, ENCAST_STATUS_NOT_PREDICTED, "vmaf"),
        (Error::Row { row: 3, source: row }, ENCAST_STATUS_INVALID_FIELD, "crf"),
        (
            Error::Anchor { index: 1, source: Box::new(Error::MissingField { field: "vmaf", needed: "it" }) },
            ENCAST_STATUS_MISSING_FIELD,
            "anchors[1].vmaf",
        ),
        (Error::ProfileSyntax { line: 3, reason: "no equals sign".into() }, ENCAST_STATUS_PROFILE_SYNTAX, ""),
        (
            Error::ProfileValue {
                line: Some(3),
                path: "regions.here.pue".into(),
                value: "0".into(),
                bound: "1".into(),
            },
            ENCAST_STATUS_PROFILE_VALUE,
            "regions.here.pue",
        ),
        (Error::Io { path: path.clone(), source: std::io::ErrorKind::StorageFull.into() }, ENCAST_STATUS_IO, ""),
        (Error::ModelMissing { path }, ENCAST_STATUS_MODEL_MISSING, ""),
        (Error::WrongMagic { found: "GIF".into(), expected: "ENCAST" }, ENCAST_STATUS_WRONG_MAGIC, ""),
        (Error::Truncated { needed: 2, found: 1 }, ENCAST_STATUS_TRUNCATED, ""),
        (Error::Checksum { expected: 1, found: 2 }, ENCAST_STATUS_CHECKSUM, ""),
        (Error::Corrupt { what: "tree 7".into() }, ENCAST_STATUS_CORRUPT, ""),
        (Error::TooLarge { found: 2, bound: 1 }, ENCAST_STATUS_TOO_LARGE, ""),
        (Error::NewerFormat { found: 2, supported: 1 }, ENCAST_STATUS_NEWER_FORMAT, ""),
        (Error::Unsigned, ENCAST_STATUS_UNSIGNED, ""),
        (Error::BadSignature { reason: "another key".into() }, ENCAST_STATUS_BAD_SIGNATURE, "signature"),
        (Error::BadKey { line: 1, reason: "no key".into() }, ENCAST_STATUS_BAD_KEY, "public_keys"),
        (Error::OutOfMemory { what: "answers", bytes: 1 }, ENCAST_STATUS_OUT_OF_MEMORY, ""),
        (Error::Table { file: "a.csv".into(), line: 1, field: None, reason: "bad".into() }, ENCAST_STATUS_TABLE, ""),
        (Error::LengthMismatch { what: "targets", found: 1, expected: 2 }, ENCAST_STATUS_LENGTH_MISMATCH, ""),
        (Error::TooFew { what: "rows".into(), found: 1, needed: 2 }, ENCAST_STATUS_TOO_FEW, ""),
        (Error::ConstantTarget { target: Target::Psnr, value: 1.0, rows: 9 }, ENCAST_STATUS_CONSTANT_TARGET, "psnr"),
    ]
}

#[test]
fn each_error_of_the_core_has_its_own_status() {
    let mut seen = BTreeSet::new();
    for (error, status, field) in errors() {
        let (text, row) = (error.to_string(), matches!(error, Error::Row { .. }));
        // The status of what is wrong inside of it.
        let nested = row || matches!(error, Error::Anchor { .. });
        let failure = Failure::from(error);
        assert_eq!((failure.status, &*failure.field), (status, field), "{text}");
        assert_eq!(failure.row, row.then_some(3));
        assert!(seen.insert(status) || nested, "{status} twice");
        assert_eq!(enter(|| Err(failure)), status);
        assert_eq!((last(), read(encast_last_error_field())), (text, field.to_owned()));
    }
}

#[test]
fn statuses_are_distinct_and_named() {
    let codes: BTreeSet<i32> = STATUSES.iter().map(|(code, _)| *code).collect();
    let names: BTreeSet<&str> = STATUSES.iter().map(|(_, name)| *name).collect();
    assert_eq!((codes.len(), names.len()), (STATUSES.len(), STATUSES.len()));
    for (code, name) in STATUSES {
        assert_eq!(read(encast_status_name(*code)), name.trim_end_matches('\0'));
        assert_eq!(name.matches('\0').count(), 1, "{name:?} ends with one NUL");
    }
    let source = include_str!("status.rs");
    assert_eq!(source.matches("pub const ENCAST_STATUS_").count(), STATUSES.len(), "every code is in the table");
}

#[test]
fn texts_with_a_nul_stay_whole() {
    let failure = Failure::new(ENCAST_STATUS_OTHER, "before\0after");
    assert_eq!(enter(|| Err(failure)), ENCAST_STATUS_OTHER);
    assert_eq!(last(), "before\u{fffd}after");
}

#[test]
fn the_next_call_replaces_the_error() {
    let mut number = 0;
    // SAFETY: C strings and a live number.
    unsafe {
        assert_eq!(encast_codec_from_name(c"theora".as_ptr(), &mut number), ENCAST_STATUS_UNKNOWN_NAME);
        assert_eq!(read(encast_last_error_field()), "codec");
        assert_eq!(encast_codec_from_name(std::ptr::null(), &mut number), ENCAST_STATUS_NULL_POINTER);
        assert_eq!((last(), read(encast_last_error_field())), ("name is null".into(), String::new()));
        assert_eq!(encast_codec_from_name(c"av1".as_ptr(), &mut number), ENCAST_STATUS_OK);
        assert_eq!((last(), number), (String::new(), 4));
    }
}

#[test]
fn texts_are_cut_at_characters() {
    let mut array = [0x55 as c_char; 8];
    put_text(&mut array, "abcdef\u{e9}");
    assert_eq!(text(&array, "t").expect("text"), Some("abcdef"));
    put_text(&mut array, "abcde\u{e9}");
    assert_eq!(text(&array, "t").expect("text"), Some("abcde\u{e9}"));
    put_text(&mut array, "");
    assert_eq!(text(&array, "t").expect("text"), None);
    assert_eq!(array, [0; 8]);
}
