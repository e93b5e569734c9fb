//! Anchors: measured encodes of the same title draw the forecast to them, near them, and nothing else breaks.
#![allow(clippy::unwrap_used)]

mod made;

use encast::*;
use made::{model, request, table};
use proptest::prelude::*;

fn vmaf(request: &PredictionFeatures) -> Estimate {
    predict(request, model()).unwrap().estimate(Target::Vmaf).unwrap()
}

fn anchor(bitrate_kbps: f64, vmaf: f64) -> Anchor {
    Anchor { bitrate_kbps: Some(bitrate_kbps), vmaf: Some(vmaf), ..Anchor::default() }
}

fn with(anchors: impl IntoIterator<Item = Anchor>) -> PredictionFeatures {
    PredictionFeatures { anchors: anchors.into_iter().collect(), ..request() }
}

/// The request by its CRF, with the same title's probe unknown.
fn by_crf(crf: f64, anchors: Vec<Anchor>) -> PredictionFeatures {
    PredictionFeatures { bitrate_kbps: None, crf: Some(crf), anchors, ..request() }
}

#[test]
fn a_measured_encode_is_forecast_as_measured() {
    let alone = vmaf(&request());
    let measured = alone.value - 7.0;
    let near = vmaf(&with([anchor(2000.0, measured)]));
    assert!((near.value - measured).abs() < 0.6, "{near:?}, measured {measured}");
    let (before, after) = (alone.upper - alone.lower, near.upper - near.lower);
    assert!(after < before * 0.5, "width {before} became {after}");
}

#[test]
fn a_measured_encode_adds_confidence() {
    let confidence = |anchors: Vec<Anchor>| {
        // Without content a forecast is wide enough for its confidence not to be at its end.
        let blind = PredictionFeatures { si_mean: None, ti_mean: None, anchors, ..request() };
        predict(&blind, model()).unwrap().confidence
    };
    let (before, after) = (confidence(vec![]), confidence(vec![anchor(2000.0, vmaf(&request()).value)]));
    assert!(after > before + 0.01, "confidence {before} became {after}");
}

#[test]
fn the_nearer_the_anchor_the_more_it_says() {
    let alone = vmaf(&request());
    let moved = |anchor_kbps: f64| {
        // A residual of 6 wherever the anchor lies.
        let there = vmaf(&PredictionFeatures { bitrate_kbps: Some(anchor_kbps), ..request() });
        let answer = vmaf(&with([anchor(anchor_kbps, there.value + 6.0)]));
        (answer.value - alone.value, answer.upper - answer.lower)
    };
    let steps: Vec<(f64, f64)> = [2000.0, 1000.0, 250.0, 30.0].into_iter().map(moved).collect();
    assert!(steps.windows(2).all(|pair| pair[0].1 < pair[1].1), "{steps:?}");
    assert!(steps[0].0 > 5.5 && steps[3].0 < 3.0 && steps[3].0 > 0.0, "{steps:?}");
}

#[test]
fn far_away_the_forecast_is_left_alone() {
    let far = anchor(0.01, 60.0);
    let (alone, answer) = (vmaf(&request()), vmaf(&with([far])));
    assert!((alone.value - answer.value).abs() < 1e-9, "{alone:?} {answer:?}");
    assert!((alone.upper - answer.upper).abs() < 1e-6 && (alone.lower - answer.lower).abs() < 1e-6);
}

#[test]
fn another_encoder_or_size_says_less() {
    let measured = vmaf(&request()).value - 8.0;
    let moved = |change: &dyn Fn(&mut Anchor)| {
        let mut other = anchor(2000.0, measured);
        change(&mut other);
        // What the anchor's own settings would be forecast as, so that the residual is −8 for all.
        let own = PredictionFeatures {
            codec: other.codec.or(request().codec),
            preset: other.codec.map_or(request().preset, |_| None),
            resolution_width: other.resolution_width.unwrap_or(1280.0),
            resolution_height: other.resolution_height.unwrap_or(720.0),
            ..request()
        };
        other.vmaf = Some(vmaf(&own).value - 8.0);
        let answer = vmaf(&with([other]));
        answer.upper - answer.lower
    };
    let same = moved(&|_| ());
    let codec = moved(&|anchor| anchor.codec = Some(Codec::Hevc));
    let size = moved(&|anchor| (anchor.resolution_width, anchor.resolution_height) = (Some(640.0), Some(360.0)));
    assert!(same < codec && same < size, "{same} {codec} {size}");
}

#[test]
fn a_crf_learns_quality_and_bitrate() {
    let alone = predict(&by_crf(30.0, vec![]), model()).unwrap();
    let (quality, rate) = (alone.predicted_vmaf.unwrap(), alone.estimate(Target::BitrateKbps).unwrap().value);
    let measured = Anchor {
        crf: Some(30.0),
        bitrate_kbps: Some(rate * 2.0),
        vmaf: Some(quality - 5.0),
        psnr: Some(alone.predicted_psnr.unwrap() + 1.0),
        ..Anchor::default()
    };
    let answer = predict(&by_crf(30.0, vec![measured]), model()).unwrap();
    assert!((answer.predicted_vmaf.unwrap() - quality + 5.0).abs() < 0.6);
    assert!((answer.predicted_psnr.unwrap() - alone.predicted_psnr.unwrap() - 1.0).abs() < 0.2);
    let ratio = answer.estimate(Target::BitrateKbps).unwrap().value / rate;
    assert!((1.85..=2.05).contains(&ratio), "{ratio}");
    assert!((answer.size_mb.unwrap() / alone.size_mb.unwrap() - ratio).abs() < 1e-9, "the size follows");
    assert_eq!(answer.estimate(Target::CpuSeconds), alone.estimate(Target::CpuSeconds), "times are left alone");
}

#[test]
fn the_recommended_bitrate_follows() {
    let options = RecommendOptions { target_vmaf: 75.0, ..RecommendOptions::default() };
    let recommend = |request: &PredictionFeatures| match recommend_bitrate(request, model(), &options).unwrap() {
        Recommendation::Reached(choice) => (choice.setting, choice.vmaf),
        other => panic!("{other:?}"),
    };
    let (alone, _) = recommend(&request());
    let there = vmaf(&PredictionFeatures { bitrate_kbps: Some(alone), ..request() }).value;
    let worse = with([anchor(alone, there - 6.0)]);
    let (kbps, estimate) = recommend(&worse);
    assert!(kbps > alone * 1.05, "{alone} became {kbps}");
    let at = |bitrate: f64| vmaf(&PredictionFeatures { bitrate_kbps: Some(bitrate), ..worse.clone() });
    assert_eq!(at(kbps), estimate);
    assert!(at(kbps).value >= 75.0 && at(kbps * 0.999).value < 75.0);
    assert_eq!(
        predict_with(&worse, model(), &PredictOptions { recommend: options, ..PredictOptions::default() })
            .unwrap()
            .recommended_bitrate_kbps,
        Some(kbps)
    );
    let none = RecommendOptions { target_vmaf: 99.9, max_bitrate_kbps: 300.0, ..options };
    let unreached = recommend_bitrate(&worse, model(), &none).unwrap();
    assert!(matches!(unreached, Recommendation::Unreachable(best) if best.setting == 300.0 && best.vmaf == at(300.0)));
}

#[test]
fn errors_name_the_anchor_and_its_field() {
    let error = |change: &dyn Fn(&mut Anchor)| {
        let mut bad = anchor(1000.0, 80.0);
        change(&mut bad);
        predict(&with([anchor(500.0, 70.0), bad]), model()).unwrap_err().to_string()
    };
    for (text, start) in [
        (error(&|a| a.vmaf = Some(101.0)), "anchors[1].vmaf = 101: must be a finite number from 0 to 100"),
        (error(&|a| a.psnr = Some(f64::NAN)), "anchors[1].psnr = NaN: must be a finite number from 0 to 120"),
        (error(&|a| a.bitrate_kbps = Some(-3.0)), "anchors[1].bitrate_kbps = -3: must be a finite number from"),
        (error(&|a| a.crf = Some(64.0)), "anchors[1].crf = 64: must be a finite number from 0 to 63"),
        (
            error(&|a| a.resolution_width = Some(640.0)),
            "anchors[1].resolution_height is missing: a size has both sides",
        ),
        (error(&|a| a.bitrate_kbps = None), "anchors[1].bitrate_kbps is missing: an anchor gives bitrate_kbps or crf"),
        (error(&|a| a.vmaf = None), "anchors[1].vmaf is missing: an anchor gives vmaf, psnr or ssim"),
        (error(&|a| a.preset = Some("warp".to_owned())), "anchors[1]: unknown preset 'warp'"),
        (
            error(&|a| (a.codec, a.encoder) = (Some(Codec::Hevc), Some(Encoder::Libx264))),
            "anchors[1].encoder = libx264 does not go with codec = hevc",
        ),
    ] {
        assert!(text.starts_with(start), "{text}");
    }
    // An encoder that is the request's own contradicts the anchor's codec all the same.
    let contradicting = Anchor { codec: Some(Codec::Av1), encoder: Some(Encoder::Libx264), ..anchor(1000.0, 80.0) };
    let asked = PredictionFeatures { encoder: Some(Encoder::Libx264), ..with([contradicting]) };
    let text = predict(&asked, model()).unwrap_err().to_string();
    assert_eq!(text, "anchors[0].encoder = libx264 does not go with codec = av1");
}

#[test]
fn anchors_travel_as_json() {
    let text = r#"{"bitrate_kbps":2000.0,"resolution_width":1280.0,"resolution_height":720.0,
                   "anchors":[{"crf":28.0,"bitrate_kbps":900.0,"encoder":"libx264","preset":"medium","vmaf":91.5}]}"#;
    let features: PredictionFeatures = serde_json::from_str(text).unwrap();
    assert_eq!(features.anchors[0].encoder, Some(Encoder::Libx264));
    assert_eq!(features.anchors[0].vmaf, Some(91.5));
    let again: PredictionFeatures = serde_json::from_str(&serde_json::to_string(&features).unwrap()).unwrap();
    assert_eq!(again, features);
    assert!(!serde_json::to_string(&request()).unwrap().contains("anchors"));
    let unknown = text.replace("\"crf\"", "\"qp\"");
    assert!(
        serde_json::from_str::<PredictionFeatures>(&unknown).unwrap_err().to_string().contains("unknown field `qp`")
    );
}

#[test]
fn batches_and_masks_know_anchors() {
    let requests = [request(), with([anchor(1000.0, 60.0)]), by_crf(30.0, vec![anchor(1000.0, 60.0)])];
    let options = PredictOptions::default();
    let batch = predict_batch(&requests, model(), &options).unwrap();
    for (request, answer) in requests.iter().zip(&batch) {
        assert_eq!(predict_with(request, model(), &options).unwrap(), *answer);
    }
    assert!(mask(&requests[1], Tier::Probe, Given::Bitrate).anchors.is_empty());
    assert_eq!(mask(&requests[1], Tier::Anchor, Given::Bitrate).anchors.len(), 1);
}

#[test]
fn many_anchors_are_as_good_as_the_nearest() {
    let near: Vec<Anchor> = (0..16).map(|i| anchor(500.0 * 1.2f64.powi(i), 40.0 + 3.0 * f64::from(i))).collect();
    let other = Anchor { codec: Some(Codec::Hevc), ..anchor(2000.0, 1.0) };
    let many = std::iter::repeat_n(other, 100).chain(near.clone());
    let (many, near) = (vmaf(&with(many)), vmaf(&with(near)));
    // Not to the bit: the order in which residuals are conditioned on differs.
    assert!((many.value - near.value).abs() < 1e-9 && (many.upper - near.upper).abs() < 1e-9, "{many:?} {near:?}");
}

#[test]
fn the_judge_gives_a_titles_rows_to_its_others() {
    let (features, targets) = table(24);
    let known = (Tier::Settings, Given::Bitrate);
    let judge = |anchors: usize| {
        let options = TrainOptions { targets: vec![Target::Vmaf], ..TrainOptions::default() };
        cross_validate_anchored(&features, &targets, 4, (known.0, known.1, anchors), &options, &|_| ()).unwrap()
    };
    let (none, one, two) = (judge(0), judge(1), judge(2));
    assert_eq!((none.tier, none.anchors, none.beside), (Tier::Settings, None, None));
    assert_eq!((one.tier, one.anchors, one.beside), (Tier::Anchor, Some(1), Some(Tier::Settings)));
    let (none, one, two) = (&none.targets["vmaf"], &one.targets["vmaf"], &two.targets["vmaf"]);
    // Of each of 24 titles and 2 codecs the anchors are not judged.
    assert_eq!((none.rows, one.rows, two.rows), (576, 576 - 48, 576 - 96));
    assert!(one.mae < 0.8 * none.mae && two.mae < one.mae, "{} {} {}", none.mae, one.mae, two.mae);
}

fn some_anchor() -> impl Strategy<Value = Anchor> {
    let size = prop_oneof![Just(None), Just(Some((1280.0, 720.0))), Just(Some((1920.0, 1080.0)))];
    let codec = prop_oneof![Just(None), Just(Some(Codec::H264)), Just(Some(Codec::Hevc))];
    (4.0..16.0, 0.0..63.0, 0.0..100.0, size, codec).prop_map(|(octave, crf, vmaf, size, codec): (f64, _, _, _, _)| {
        Anchor {
            bitrate_kbps: Some(octave.exp2()),
            crf: Some(crf),
            resolution_width: size.map(|(width, _)| width),
            resolution_height: size.map(|(_, height)| height),
            codec,
            vmaf: Some(vmaf),
            psnr: Some(20.0 + vmaf / 4.0),
            ..Anchor::default()
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever was measured, in whatever contradiction: quality never falls with the bitrate.
    #[test]
    fn quality_never_falls_with_the_bitrate(
        anchors in prop::collection::vec(some_anchor(), 1..8),
        octaves in prop::collection::vec(-6.0..22.0f64, 12),
    ) {
        let mut octaves = octaves;
        octaves.sort_by(f64::total_cmp);
        let mut last = (f64::NEG_INFINITY, f64::NEG_INFINITY);
        for octave in octaves {
            let request = PredictionFeatures { bitrate_kbps: Some(octave.exp2()), ..with(anchors.clone()) };
            let answer = predict(&request, model()).unwrap();
            let now = (answer.predicted_vmaf.unwrap(), answer.predicted_psnr.unwrap());
            prop_assert!(now.0 >= last.0 && now.1 >= last.1, "{now:?} after {last:?} at {octave}");
            prop_assert!(now.0.is_finite() && (0.0..=100.0).contains(&now.0));
            for (_, estimate) in answer.estimates() {
                prop_assert!(estimate.lower <= estimate.value && estimate.value <= estimate.upper, "{estimate:?}");
            }
            last = now;
        }
    }

    /// Nor does quality or the bitrate rise with the CRF.
    #[test]
    fn quality_never_rises_with_the_crf(
        anchors in prop::collection::vec(some_anchor(), 1..8),
        crfs in prop::collection::vec(0.0..63.0f64, 12),
    ) {
        let mut crfs = crfs;
        crfs.sort_by(f64::total_cmp);
        let mut last = (f64::INFINITY, f64::INFINITY);
        for crf in crfs {
            let answer = predict(&by_crf(crf, anchors.clone()), model()).unwrap();
            let now = (answer.predicted_vmaf.unwrap(), answer.estimate(Target::BitrateKbps).unwrap().value);
            prop_assert!(now.0 <= last.0 && now.1 <= last.1, "{now:?} after {last:?} at {crf}");
            last = now;
        }
    }

    /// A recommended bitrate reaches the target, and a little less does not.
    #[test]
    fn what_is_recommended_reaches_the_target(
        anchors in prop::collection::vec(some_anchor(), 1..6),
        target in 20.0..99.0f64,
    ) {
        let options = RecommendOptions { target_vmaf: target, ..RecommendOptions::default() };
        let request = with(anchors);
        let at = |kbps: f64| vmaf(&PredictionFeatures { bitrate_kbps: Some(kbps), ..request.clone() }).value;
        match recommend_bitrate(&request, model(), &options).unwrap() {
            Recommendation::Reached(Choice { setting, .. }) => {
                prop_assert!(at(setting) >= target);
                prop_assert!(setting <= 100.0 || at(setting * 0.999) < target);
            }
            Recommendation::Unreachable(Choice { setting, .. }) => prop_assert!(at(setting) < target),
            other => prop_assert!(false, "{:?}", other),
        }
    }
}
