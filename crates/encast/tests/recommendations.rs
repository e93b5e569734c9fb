//! Recommendations are the inverse of the forecast: what is recommended holds, and one step cheaper does not.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::sync::OnceLock;

use encast::*;
use proptest::prelude::*;

fn model() -> &'static Model {
    static MODEL: OnceLock<Model> = OnceLock::new();
    MODEL.get_or_init(|| Model::embedded().unwrap())
}

const ENCODERS: [(Encoder, &str); 4] = [
    (Encoder::Libx264, "medium"),
    (Encoder::Libx265, "veryfast"),
    (Encoder::LibvpxVp9, "good-cpu2"),
    (Encoder::Libsvtav1, "8"),
];

fn request(encoder: usize, height: f64, si: Option<f64>, probe: Option<f64>) -> PredictionFeatures {
    let (encoder, preset) = ENCODERS[encoder];
    PredictionFeatures {
        resolution_width: (height * 16.0 / 9.0).round(),
        resolution_height: height,
        frame_rate: Some(30.0),
        encoder: Some(encoder),
        preset: Some(preset.to_owned()),
        source_width: Some(1920.0),
        source_height: Some(1080.0),
        duration_s: Some(10.0),
        si_mean: si,
        ti_mean: si.map(|si| si / 4.0),
        probe_bitrate_kbps: probe,
        probe_psnr: probe.map(|_| 36.0),
        ..Default::default()
    }
}

/// The answer of `predict` at a setting: independent of the search.
fn there(features: &PredictionFeatures, given: Given, setting: f64) -> PredictionResult {
    let mut features = features.clone();
    (features.bitrate_kbps, features.crf) = match given {
        Given::Bitrate => (Some(setting), None),
        Given::Crf => (None, Some(setting)),
    };
    predict(&features, model()).unwrap()
}

/// Whether an encode holds, by `predict` alone; of assurances only 0.95, the lower end of the interval, and 0.5.
fn holds(answer: &PredictionResult, options: &RecommendOptions) -> bool {
    let vmaf = answer.estimate(Target::Vmaf).unwrap();
    let reached = match options.assurance {
        Some(0.95) => vmaf.lower,
        None | Some(0.5) => vmaf.value,
        other => panic!("{other:?}"),
    };
    let kept = |limit: Option<f64>, target| limit.is_none_or(|most| answer.estimate(target).unwrap().value <= most);
    reached >= options.target_vmaf
        && kept(options.max_encode_seconds, Target::EncodeSeconds)
        && kept(options.max_cost_usd, Target::CostUsd)
}

/// Checks an answer against `predict`, both ways.
fn check(features: &PredictionFeatures, given: Given, options: &RecommendOptions) {
    let found =
        recommend(features, model(), given, &PredictOptions { recommend: *options, ..Default::default() }).unwrap();
    let ok = |setting| holds(&there(features, given, setting), options);
    let best = |choice: Choice| {
        assert_eq!(there(features, given, choice.setting).estimate(Target::Vmaf), Some(choice.vmaf));
        assert!(choice.assured_vmaf < options.target_vmaf, "{choice:?}");
    };
    let crfs = || {
        (0..=63).map(f64::from).filter(|&crf| {
            let (lowest, highest) = features.encoder.unwrap().crf_range();
            let seen = model().metadata().ranges["crf"];
            (lowest.max(seen.min)..=highest.min(seen.max)).contains(&crf)
        })
    };
    match found {
        Recommendation::Reached(choice) => {
            assert_eq!(there(features, given, choice.setting).estimate(Target::Vmaf), Some(choice.vmaf));
            assert!(choice.assured_vmaf >= options.target_vmaf);
            assert!(ok(choice.setting), "{choice:?}");
            match given {
                Given::Bitrate if choice.setting > options.min_bitrate_kbps => assert!(!ok(choice.setting / 1.001)),
                Given::Bitrate => {}
                Given::Crf => assert!(crfs().filter(|&crf| crf > choice.setting).all(|crf| !ok(crf))),
            }
        }
        Recommendation::Unreachable(choice) => {
            best(choice);
            if given == Given::Crf {
                assert!(crfs().all(|crf| !ok(crf)));
                let most = crfs().map(|crf| there(features, given, crf).estimate(Target::Vmaf).unwrap());
                let most = most.map(|e| if options.assurance == Some(0.95) { e.lower } else { e.value });
                if options.max_encode_seconds.is_none() && options.max_cost_usd.is_none() {
                    assert_eq!(most.fold(0.0, f64::max), choice.assured_vmaf);
                }
            }
        }
        Recommendation::OverLimit(over) => {
            let answer = there(features, given, over.needed.setting);
            assert_eq!(answer.estimate(over.limit.target()).unwrap().value, over.forecast);
            assert!(over.forecast > over.allowed);
            let free = RecommendOptions { max_encode_seconds: None, max_cost_usd: None, ..*options };
            assert!(holds(&answer, &free) || over.best.is_none());
            if let Some(choice) = over.best {
                best(choice);
            }
            if given == Given::Crf {
                assert!(crfs().all(|crf| !ok(crf)));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn the_inverse_of_the_forecast(
        encoder in 0usize..4, height in 200.0f64..1100.0, si in proptest::option::of(12.0f64..90.0),
        probe in proptest::option::of(40.0f64..900.0), target_vmaf in 20.0f64..99.0, crf in any::<bool>(),
        assurance in 0usize..3, limited in proptest::option::of(0.02f64..40.0), cost in proptest::option::of(1e-6f64..1e-3),
    ) {
        let options = RecommendOptions {
            target_vmaf,
            assurance: [None, Some(0.95), Some(0.5)][assurance],
            max_encode_seconds: limited,
            max_cost_usd: cost,
            ..Default::default()
        };
        check(&request(encoder, height.round(), si, probe), if crf { Given::Crf } else { Given::Bitrate }, &options);
    }

    /// More assurance never asks for less.
    #[test]
    fn assurance_costs(encoder in 0usize..4, si in 12.0f64..90.0, target_vmaf in 20.0f64..90.0, crf in any::<bool>()) {
        let asked = request(encoder, 720.0, Some(si), Some(300.0));
        let search = if crf { recommend_crf } else { recommend_bitrate };
        let found = [None, Some(0.5), Some(0.8), Some(0.95), Some(0.99)].map(|assurance| {
            search(&asked, model(), &RecommendOptions { target_vmaf, assurance, ..Default::default() }).unwrap()
        });
        let settings = found.map(|found| found.reached().map(|choice| choice.setting));
        // An assurance of one half is the forecast itself, found by the other search.
        match (settings[0], settings[1]) {
            (Some(a), Some(b)) => prop_assert!((a / b - 1.0).abs() < 1e-3, "{settings:?}"),
            (a, b) => prop_assert_eq!(a, b),
        }
        for pair in settings[1..].windows(2) {
            match (pair[0], pair[1]) {
                (Some(less), Some(more)) if crf => prop_assert!(more <= less, "{settings:?}"),
                (Some(less), Some(more)) => prop_assert!(more >= less / 1.001, "{settings:?}"),
                (less, more) => prop_assert!(more.is_none() || less.is_some(), "{settings:?}"),
            }
        }
    }
}

#[test]
fn a_crf_needs_a_codec_and_a_range() {
    let asked = request(1, 720.0, None, None);
    let no_codec = PredictionFeatures { encoder: None, preset: None, ..asked.clone() };
    let default = RecommendOptions::default();
    let error = recommend_crf(&no_codec, model(), &default).unwrap_err();
    assert!(matches!(error, Error::MissingField { field: "codec", .. }), "{error}");
    for (options, field) in [
        (RecommendOptions { max_crf: Some(55.0), ..default }, "max_crf"),
        (RecommendOptions { min_crf: Some(30.2), max_crf: Some(30.8), ..default }, "max_crf"),
    ] {
        let error = recommend_crf(&asked, model(), &options).unwrap_err();
        assert!(matches!(error, Error::InvalidField { field: found, .. } if found == field), "{error}");
    }
    let only = RecommendOptions { target_vmaf: 1.0, min_crf: Some(29.4), max_crf: Some(31.6), ..default };
    let found = recommend_crf(&asked, model(), &only).unwrap().reached().unwrap();
    assert_eq!(found.setting, 31.0);
}

#[test]
fn a_limit_that_stands_in_the_way_is_named() {
    let asked = request(0, 720.0, Some(40.0), None);
    let target_vmaf = 60.0;
    let default = RecommendOptions { target_vmaf, ..Default::default() };
    let free = recommend_bitrate(&asked, model(), &default).unwrap().reached().unwrap();
    let seconds = there(&asked, Given::Bitrate, free.setting).estimate(Target::EncodeSeconds).unwrap().value;

    let roomy = RecommendOptions { max_encode_seconds: Some(seconds * 1.01), ..default };
    let found = recommend_bitrate(&asked, model(), &roomy).unwrap().reached().unwrap();
    assert!((found.setting / free.setting - 1.0).abs() < 1e-3);

    let none = RecommendOptions { max_encode_seconds: Some(1e-6), ..default };
    match recommend_bitrate(&asked, model(), &none).unwrap() {
        Recommendation::OverLimit(over) => {
            assert_eq!((over.limit, over.allowed, over.best), (Limit::EncodeSeconds, 1e-6, None));
            assert!((over.needed.setting / free.setting - 1.0).abs() < 1e-3);
        }
        other => panic!("{other:?}"),
    }
    // Of two limits the one that is missed by more.
    let both = RecommendOptions { max_encode_seconds: Some(seconds * 0.9), max_cost_usd: Some(1e-12), ..default };
    let found = recommend_bitrate(&asked, model(), &both).unwrap();
    assert!(matches!(found, Recommendation::OverLimit(OverLimit { limit: Limit::CostUsd, .. })), "{found:?}");
    // The answer of a forecast says so, too.
    let asked = PredictionFeatures { bitrate_kbps: Some(1000.0), ..asked };
    let options = PredictOptions { recommend: none, ..Default::default() };
    let answer = predict_with(&asked, model(), &options).unwrap();
    assert!(answer.target_unreachable && answer.recommended_bitrate_kbps.is_none());
    assert_eq!(answer.best_reachable_vmaf, None);
    let options = PredictOptions { recommend: roomy, ..Default::default() };
    let answer = predict_with(&asked, model(), &options).unwrap();
    assert_eq!(answer.recommended_bitrate_kbps, Some(found_setting(&asked, &roomy)));
}

fn found_setting(asked: &PredictionFeatures, options: &RecommendOptions) -> f64 {
    recommend_bitrate(asked, model(), options).unwrap().reached().unwrap().setting
}
