//! Forecasts: monotone, honest about what is unknown or out of range, and clear about bad input.
#![allow(clippy::unwrap_used)]

mod made;

use encast::*;
use made::{model, profile, request};
use proptest::prelude::*;

fn error_of(change: impl Fn(&mut PredictionFeatures)) -> String {
    let mut features = request();
    change(&mut features);
    predict(&features, model()).unwrap_err().to_string()
}

#[test]
fn bad_numbers_name_field_value_and_bound() {
    for &field in Field::ALL.iter().filter(|field| !field.is_name()) {
        let (lowest, highest) = field.hard_bounds();
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0, highest * 2.0] {
            let text = error_of(|features| {
                features.set(field, Some(bad));
            });
            let bound = format!("{field} = {bad}: must be a finite number from {lowest} to {highest}");
            assert_eq!(text, bound);
        }
        if lowest > 0.0 {
            let text = error_of(|features| {
                features.set(field, Some(0.0));
            });
            assert!(text.starts_with(&format!("{field} = 0: must be")), "{text}");
        }
    }
}

#[test]
fn unknown_names_list_the_known_ones() {
    assert!(Codec::from_name("mpeg2").unwrap_err().to_string().contains("h264, hevc, vp9, av1, vvc"));
    assert!(Encoder::from_name("nvenc").unwrap_err().to_string().contains("libx264, libx265"));
    let text = error_of(|features| features.preset = Some("warp".to_owned()));
    assert!(text.contains("unknown preset 'warp'") && text.contains("medium, fast, faster"), "{text}");
    let text = error_of(|features| {
        features.encoder = Some(Encoder::Libsvtav1);
        features.codec = None;
    });
    assert!(text.contains("unknown preset 'medium'") && text.contains("12, 13"), "{text}");
    let text = error_of(|features| features.encoder = Some(Encoder::Libx265));
    assert_eq!(text, "encoder = libx265 does not go with codec = h264");
}

#[test]
fn a_preset_of_another_encoder_is_out_of_range() {
    let model = Model::embedded().unwrap();
    let of = |encoder, preset: &str| {
        let request =
            PredictionFeatures { codec: None, encoder: Some(encoder), preset: Some(preset.to_owned()), ..request() };
        predict(&request, &model).unwrap().out_of_range.contains(Field::Preset)
    };
    // The default model was taught slow of x264, not of x265.
    assert!(!of(Encoder::Libx264, "slow") && of(Encoder::Libx265, "slow") && !of(Encoder::Libx265, "medium"));
}

#[test]
fn a_rate_is_needed() {
    let text = error_of(|features| (features.bitrate_kbps, features.crf) = (None, None));
    assert_eq!(text, "bitrate_kbps is missing: a request gives bitrate_kbps or crf");
}

#[test]
fn a_request_that_nothing_can_be_said_of_is_an_error() {
    let no_codec = PredictionFeatures { bitrate_kbps: None, crf: Some(30.0), codec: None, ..request() };
    let text = predict(&no_codec, model()).unwrap_err().to_string();
    assert!(text.starts_with("codec is missing: a CRF is on the encoder's own scale"), "{text}");
    let (features, targets) = made::table(6);
    let by_bitrate: Vec<_> = features.iter().map(|row| PredictionFeatures { crf: None, ..row.clone() }).collect();
    let model = retrain(&by_bitrate, &targets, &TrainOptions::default()).unwrap();
    let by_crf = PredictionFeatures { bitrate_kbps: None, crf: Some(30.0), ..request() };
    let text = predict(&by_crf, &model).unwrap_err().to_string();
    assert!(text.contains("vmaf is not predicted") && text.contains("give bitrate_kbps"), "{text}");
    let error = predict_batch(&[request(), by_crf], &model, &PredictOptions::default()).unwrap_err();
    assert!(matches!(error, Error::Row { row: 1, .. }));
}

#[test]
fn out_of_range_is_answered_flagged_wider_and_less_confident() {
    let inside = predict(&request(), model()).unwrap();
    assert!(inside.out_of_range.is_empty(), "{:?}", inside.out_of_range);
    // A preset without its codec says nothing that the model could use.
    let preset_alone = predict(&PredictionFeatures { codec: None, ..request() }, model()).unwrap();
    assert!(preset_alone.ignored.contains(Field::Preset));
    let far = PredictionFeatures { bitrate_kbps: Some(40_000.0), ti_mean: Some(60.0), ..request() };
    let outside = predict(&far, model()).unwrap();
    let named: Vec<_> = outside.out_of_range.iter().map(Field::name).collect();
    assert_eq!(named, ["bitrate_kbps", "ti_mean"]);
    let width = |answer: &PredictionResult| {
        let estimate = answer.estimate(Target::CpuSeconds).unwrap();
        (estimate.upper / estimate.lower).ln()
    };
    assert!(width(&outside) > 1.5 * width(&inside));
    assert!(outside.confidence < inside.confidence / 2.0);
    let unseen = PredictionFeatures { codec: Some(Codec::Av1), preset: None, ..request() };
    let answer = predict(&unseen, model()).unwrap();
    assert!(answer.out_of_range.contains(Field::Codec));
    assert!(answer.confidence < 0.1);
}

#[test]
fn garbage_is_never_trusted() {
    for features in [
        PredictionFeatures::new(90_000_000.0, 16384.0, 16384.0, 1000.0, 0.0, 0.5),
        PredictionFeatures::new(0.01, 16.0, 16.0, 0.5, 0.0, 1.0),
        PredictionFeatures::new(2000.0, 1280.0, 720.0, 30.0, 1.0, 0.5),
        PredictionFeatures { si_mean: Some(9000.0), ti_mean: Some(9000.0), ..request() },
    ] {
        let answer = predict(&features, model()).unwrap();
        assert!(answer.confidence <= 0.3, "{} for {features:?}", answer.confidence);
    }
}

#[test]
fn what_is_not_predicted_is_none() {
    let answer = predict(&request(), model()).unwrap();
    for target in [Target::Ssim, Target::EncodeSeconds, Target::PeakMemoryMb, Target::GpuPercent] {
        assert!(answer.estimate(target).is_none(), "{target}");
    }
    assert!(answer.estimate(Target::BitrateKbps).is_none(), "a given bitrate is not forecast");
    assert_eq!(answer.size_mb, Some(2000.0 * 60.0 / 8000.0));
    assert_eq!(answer.bandwidth_mbps, Some(2.0));
}

#[test]
fn a_crf_forecasts_its_bitrate_and_size() {
    let asked = PredictionFeatures { bitrate_kbps: None, crf: Some(33.0), ..request() };
    let answer = predict(&asked, model()).unwrap();
    let bitrate = answer.estimate(Target::BitrateKbps).unwrap();
    assert!((800.0..6000.0).contains(&bitrate.value), "{bitrate:?}");
    assert!(bitrate.lower < bitrate.value && bitrate.value < bitrate.upper);
    assert_eq!(answer.size_mb, Some(bitrate.value * 60.0 / 8000.0));
    assert!(answer.predicted_vmaf.is_some());
}

#[test]
fn cost_and_carbon_follow_from_the_profile_by_hand() {
    let answer = predict(&request(), model()).unwrap();
    let cpu = answer.estimate(Target::CpuSeconds).unwrap().value;
    // 0.036 USD an hour; 10 W · PUE 1.5 = 15 W; 400 g a kWh.
    let close = |found: f64, expected: f64| assert!((found / expected - 1.0).abs() < 1e-12, "{found} {expected}");
    close(answer.predicted_cost_usd.unwrap(), cpu * 1e-5);
    close(answer.estimate(Target::EnergyKwh).unwrap().value, cpu * 15.0 / 3.6e6);
    close(answer.predicted_co2_kg.unwrap(), cpu * 15.0 / 3.6e6 * 0.4);
    // Another place, another answer, at once.
    let profile = ResourceProfile { grid_g_per_kwh: 40.0, ..profile() };
    let options = PredictOptions { profile: Some(profile), ..Default::default() };
    let elsewhere = predict_with(&request(), model(), &options).unwrap();
    close(elsewhere.predicted_co2_kg.unwrap(), answer.predicted_co2_kg.unwrap() / 10.0);
    close(elsewhere.predicted_cost_usd.unwrap(), answer.predicted_cost_usd.unwrap());
    // The job's length scales it.
    let longer = PredictionFeatures { duration_s: Some(120.0), ..request() };
    close(predict(&longer, model()).unwrap().predicted_cost_usd.unwrap(), answer.predicted_cost_usd.unwrap() * 2.0);
    // One hour when none is given.
    let hour = PredictionFeatures { duration_s: None, ..request() };
    close(predict(&hour, model()).unwrap().predicted_cost_usd.unwrap(), answer.predicted_cost_usd.unwrap() * 60.0);
}

#[test]
fn a_bad_profile_is_refused() {
    for (pue, watts) in [(0.5, 10.0), (f64::NAN, 10.0), (1.2, -1.0), (1.2, f64::INFINITY)] {
        let profile = ResourceProfile { pue, watts_per_cpu: watts, ..profile() };
        let options = PredictOptions { profile: Some(profile), ..Default::default() };
        assert!(matches!(predict_with(&request(), model(), &options), Err(Error::InvalidField { .. })));
    }
}

#[test]
fn inputs_that_no_forecast_uses_are_named() {
    let asked = PredictionFeatures { luminance: Some(60.0), bit_depth: Some(8.0), ..request() };
    let answer = predict(&asked, model()).unwrap();
    let ignored: Vec<_> = answer.ignored.iter().map(Field::name).collect();
    assert_eq!(ignored, ["bit_depth", "luminance"]);
    assert!(predict(&request(), model()).unwrap().ignored.is_empty());
}

#[test]
fn a_batch_names_its_bad_row() {
    let bad = PredictionFeatures { frame_rate: Some(-1.0), ..request() };
    let rows = [request(), request(), bad];
    let error = predict_batch(&rows, model(), &PredictOptions::default()).unwrap_err();
    assert!(error.to_string().starts_with("row 2: frame_rate = -1"), "{error}");
    let good = predict_batch(&rows[..2], model(), &PredictOptions::default()).unwrap();
    assert_eq!(good, [predict(&request(), model()).unwrap(); 2]);
}

/// Together or one by one: the same bits, also where neighbours know different things.
#[test]
fn a_batch_answers_as_single_requests_do() {
    let rows: Vec<_> = (0..700)
        .map(|i| {
            let mut row = request();
            row.bitrate_kbps = Some(150.0 + 37.0 * f64::from(i));
            if i % 3 == 0 {
                row = row.without(Group::Content);
            }
            if i % 5 == 0 {
                row = row.without(Group::Encoder);
            } else if i % 7 == 0 {
                (row.bitrate_kbps, row.crf) = (None, Some(20.0 + f64::from(i % 20)));
            }
            row
        })
        .collect();
    let together = predict_batch(&rows, model(), &PredictOptions::default()).unwrap();
    for (row, answer) in rows.iter().zip(&together) {
        assert_eq!(answer, &predict(row, model()).unwrap());
    }
}

#[test]
fn unreachable_tells_the_best_reachable() {
    let options = RecommendOptions { target_vmaf: 99.9, ..Default::default() };
    match recommend_bitrate(&request(), model(), &options).unwrap() {
        Recommendation::Unreachable(Choice { setting, vmaf: best, .. }) => {
            assert_eq!(setting, 50_000.0);
            let there = PredictionFeatures { bitrate_kbps: Some(50_000.0), ..request() };
            assert_eq!(Some(best.value), predict(&there, model()).unwrap().predicted_vmaf);
            assert!(best.value < 99.9);
        }
        reached => panic!("{reached:?}"),
    }
    let options = PredictOptions { recommend: options, ..Default::default() };
    let answer = predict_with(&request(), model(), &options).unwrap();
    assert!(answer.target_unreachable && answer.recommended_bitrate_kbps.is_none());
    assert!(answer.best_reachable_vmaf.unwrap() < 99.9);
}

#[test]
fn bad_searches_are_refused() {
    let default = RecommendOptions::default();
    for options in [
        RecommendOptions { target_vmaf: 0.0, ..default },
        RecommendOptions { target_vmaf: f64::NAN, ..default },
        RecommendOptions { target_vmaf: 101.0, ..default },
        RecommendOptions { min_bitrate_kbps: -5.0, ..default },
        RecommendOptions { max_bitrate_kbps: 50.0, ..default },
        RecommendOptions { max_bitrate_kbps: f64::INFINITY, ..default },
        RecommendOptions { assurance: Some(0.4), ..default },
        RecommendOptions { assurance: Some(0.995), ..default },
        RecommendOptions { assurance: Some(f64::NAN), ..default },
        RecommendOptions { max_encode_seconds: Some(0.0), ..default },
        RecommendOptions { max_cost_usd: Some(f64::INFINITY), ..default },
        RecommendOptions { min_crf: Some(-1.0), ..default },
        RecommendOptions { min_crf: Some(30.0), max_crf: Some(29.0), ..default },
    ] {
        assert!(matches!(recommend_bitrate(&request(), model(), &options), Err(Error::InvalidField { .. })));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    /// Whatever is known, more bitrate never forecasts less VMAF or PSNR, and a lower CRF never less.
    #[test]
    fn quality_never_falls_with_bitrate(
        low in 50.0f64..60_000.0, factor in 1.0f64..3.0, wide in any::<bool>(), codec in 0usize..3,
        ti in proptest::option::of(0.0f64..80.0), probe in proptest::option::of(50.0f64..3000.0),
        embedded in any::<bool>(), fps in 10.0f64..120.0,
    ) {
        static EMBEDDED: std::sync::OnceLock<Model> = std::sync::OnceLock::new();
        let model = if embedded { EMBEDDED.get_or_init(|| Model::embedded().unwrap()) } else { model() };
        let asked = |bitrate_kbps, crf| PredictionFeatures {
            bitrate_kbps,
            crf,
            resolution_width: if wide { 1920.0 } else { 1280.0 },
            resolution_height: if wide { 1080.0 } else { 720.0 },
            codec: [None, Some(Codec::H264), Some(Codec::Hevc)][codec],
            ti_mean: ti,
            si_mean: ti.map(|ti| 20.0 + ti),
            probe_bitrate_kbps: probe,
            probe_psnr: probe.map(|_| 35.0),
            frame_rate: Some(fps),
            ..Default::default()
        };
        let answer = |bitrate, crf| predict(&asked(bitrate, crf), model).unwrap();
        let (a, b) = (answer(Some(low), None), answer(Some(low * factor), None));
        prop_assert!(b.predicted_vmaf >= a.predicted_vmaf, "{:?} {:?}", a.predicted_vmaf, b.predicted_vmaf);
        prop_assert!(b.predicted_psnr >= a.predicted_psnr);
        prop_assume!(codec != 0);
        let (a, b) = (answer(None, Some(51.0 / factor)), answer(None, Some(51.0)));
        prop_assert!(a.predicted_vmaf >= b.predicted_vmaf);
        prop_assert!(a.estimate(Target::BitrateKbps).map(|e| e.value) >= b.estimate(Target::BitrateKbps).map(|e| e.value));
    }

    /// The recommendation is the inverse of the forecast: it reaches the target, and a little less does not.
    #[test]
    fn the_recommended_bitrate_is_the_smallest(target_vmaf in 20.0f64..97.0, si in 15.0f64..60.0) {
        let asked = PredictionFeatures { si_mean: Some(si), ..request() };
        let options = RecommendOptions { target_vmaf, ..Default::default() };
        let vmaf = |bitrate_kbps| {
            predict(&PredictionFeatures { bitrate_kbps: Some(bitrate_kbps), ..asked.clone() }, model()).unwrap().predicted_vmaf.unwrap()
        };
        match recommend_bitrate(&asked, model(), &options).unwrap() {
            Recommendation::Reached(Choice { setting: bitrate_kbps, vmaf: estimate, assured_vmaf }) => {
                prop_assert_eq!(assured_vmaf, estimate.value);
                prop_assert_eq!(vmaf(bitrate_kbps), estimate.value);
                prop_assert!(estimate.value >= target_vmaf);
                prop_assert!(bitrate_kbps == 100.0 || vmaf(bitrate_kbps / 1.001) < target_vmaf);
                let options = PredictOptions { recommend: options, ..Default::default() };
                let in_answer = predict_with(&asked, model(), &options).unwrap().recommended_bitrate_kbps;
                prop_assert_eq!(in_answer, Some(bitrate_kbps));
            }
            Recommendation::Unreachable(best) => prop_assert!(best.vmaf.value < target_vmaf),
            over => prop_assert!(false, "{over:?}"),
        }
    }

    /// The interval holds its forecast, whatever is asked.
    #[test]
    fn intervals_hold_their_forecast(bitrate in 10.0f64..1e6, ti in 0.0f64..200.0, crf in 0.0f64..63.0, by_crf in any::<bool>()) {
        let asked = PredictionFeatures {
            bitrate_kbps: (!by_crf).then_some(bitrate), crf: Some(crf), ti_mean: Some(ti), ..request()
        };
        let answer = predict(&asked, model()).unwrap();
        for (target, e) in answer.estimates() {
            prop_assert!(e.lower <= e.value && e.value <= e.upper, "{target} {e:?}");
            prop_assert!(e.lower.is_finite() && e.upper.is_finite());
        }
        prop_assert!((0.0..=1.0).contains(&answer.confidence));
    }
}
