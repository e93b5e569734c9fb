//! Ladders and comparisons on the embedded model, and the judge on made-up curves.
#![allow(clippy::unwrap_used, clippy::panic)]

mod made;

use std::sync::OnceLock;

use encast::*;
use proptest::prelude::*;

fn embedded() -> &'static Model {
    static MODEL: OnceLock<Model> = OnceLock::new();
    MODEL.get_or_init(|| Model::embedded().unwrap())
}

fn source() -> PredictionFeatures {
    PredictionFeatures {
        encoder: Some(Encoder::Libx264),
        preset: Some("medium".to_owned()),
        frame_rate: Some(30.0),
        source_width: Some(1920.0),
        source_height: Some(1080.0),
        duration_s: Some(10.0),
        ..Default::default()
    }
}

/// What every ladder keeps.
fn check(made: &Ladder, features: &PredictionFeatures, options: &LadderOptions) {
    let by_steps = options.bitrates_kbps.is_empty();
    let limits = &options.predict.recommend;
    for pair in made.rungs.windows(2) {
        assert!(pair[1].bitrate_kbps > pair[0].bitrate_kbps);
        assert!(pair[1].assured_vmaf > pair[0].assured_vmaf);
        assert!(pair[1].size.pixels() >= pair[0].size.pixels());
        assert!(!by_steps || pair[1].assured_vmaf - pair[0].assured_vmaf >= options.step_vmaf);
        assert!(!by_steps || pair[1].bitrate_kbps >= pair[0].bitrate_kbps * options.min_bitrate_ratio);
    }
    for rung in &made.rungs {
        assert!(!by_steps || rung.assured_vmaf >= options.bottom_vmaf);
        assert!(rung.assured_vmaf <= rung.vmaf.value);
        let request = PredictionFeatures {
            resolution_width: f64::from(rung.size.width),
            resolution_height: f64::from(rung.size.height),
            bitrate_kbps: Some(rung.bitrate_kbps),
            crf: None,
            ..features.clone()
        };
        let answer = predict(&request, embedded()).unwrap();
        assert_eq!(answer.estimate(Target::Vmaf), Some(rung.vmaf));
        assert_eq!((answer.size_mb, answer.out_of_range), (Some(rung.size_mb), rung.out_of_range));
        assert!(limits.max_encode_seconds.is_none_or(|most| rung.encode_seconds.unwrap().value <= most));
        if let Some(crf) = rung.crf {
            // No whole CRF's forecast bitrate is nearer.
            let away = |crf| {
                let by_crf = PredictionFeatures { bitrate_kbps: None, crf: Some(crf), ..request.clone() };
                let kbps = predict(&by_crf, embedded()).unwrap().estimate(Target::BitrateKbps).unwrap().value;
                (kbps / rung.bitrate_kbps).log2().abs()
            };
            assert!(away(crf) <= away(crf + 1.0).min(away(crf - 1.0)) + 1e-12);
        }
    }
    // Hull: at each bitrate one size at most, never going back.
    let mut last = 0;
    for at in 0..made.curves[0].points.len() {
        let on: Vec<usize> = (0..made.curves.len()).filter(|&c| made.curves[c].points[at].on_hull).collect();
        assert!(on.len() <= 1 && on.iter().all(|&c| c >= last));
        last = on.first().copied().unwrap_or(last);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 30, ..ProptestConfig::default() })]

    #[test]
    fn every_ladder_rises(
        si in proptest::option::of(12.0f64..90.0), probe in proptest::option::of(40.0f64..900.0),
        step in 1.0f64..15.0, top in 70.0f64..99.0, assured in proptest::option::of(0.5f64..0.99),
        seconds in proptest::option::of(0.1f64..30.0), given in any::<bool>(), tall in any::<bool>(),
    ) {
        let mut features = PredictionFeatures {
            si_mean: si, ti_mean: si.map(|si| si / 4.0), probe_bitrate_kbps: probe, probe_psnr: probe.map(|_| 36.0), ..source()
        };
        if tall {
            (features.source_width, features.source_height) = (features.source_height, features.source_width);
        }
        let recommend = RecommendOptions { assurance: assured, max_encode_seconds: seconds, ..Default::default() };
        let options = LadderOptions {
            step_vmaf: step,
            top_vmaf: top,
            bitrates_kbps: if given { vec![3000.0, 150.0, 700.0, 701.0, 12_000.0] } else { Vec::new() },
            predict: PredictOptions { recommend, ..Default::default() },
            ..Default::default()
        };
        let made = ladder(&features, embedded(), &options).unwrap();
        check(&made, &features, &options);
        prop_assert!(!given || made.rungs.len() + made.dropped.len() == 5);
    }
}

#[test]
fn the_top_rung_is_the_cheapest_that_reaches_the_top() {
    let features = PredictionFeatures { si_mean: Some(60.0), ti_mean: Some(15.0), ..source() };
    let options = LadderOptions::default();
    let made = ladder(&features, embedded(), &options).unwrap();
    check(&made, &features, &options);
    assert!(made.rungs.len() >= 4, "{:?}", made.rungs);
    let top = made.rungs.last().unwrap();
    assert!(top.vmaf.value >= options.top_vmaf || Some(top.vmaf.value) == made.best_vmaf);
    // No single size reaches the same VMAF with 5 % less.
    for size in usual_sizes(Size { width: 1920, height: 1080 }) {
        let request = PredictionFeatures {
            resolution_width: f64::from(size.width),
            resolution_height: f64::from(size.height),
            ..features.clone()
        };
        let target = RecommendOptions { target_vmaf: top.vmaf.value, ..Default::default() };
        if let Some(found) = recommend_bitrate(&request, embedded(), &target).unwrap().reached() {
            assert!(found.setting > top.bitrate_kbps * 0.95, "{size} {found:?} {top:?}");
        }
    }
    // Nothing is good enough.
    let none = LadderOptions { bottom_vmaf: 99.9, top_vmaf: 100.0, ..options.clone() };
    assert!(ladder(&features, embedded(), &none).unwrap().rungs.is_empty());
    let mut slow = options;
    slow.predict.recommend.max_encode_seconds = Some(1e-6);
    let made = ladder(&features, embedded(), &slow).unwrap();
    assert_eq!((made.rungs.len(), made.best_vmaf), (0, None));
}

/// An encoded size stands for a source's that is not known, in what is forecast too: small sizes count as scaled.
#[test]
fn the_encoded_size_stands_for_the_sources() {
    let told = source();
    let encoded = PredictionFeatures {
        source_width: None,
        source_height: None,
        resolution_width: 1920.0,
        resolution_height: 1080.0,
        ..source()
    };
    let options = LadderOptions::default();
    assert_eq!(ladder(&encoded, embedded(), &options).unwrap(), ladder(&told, embedded(), &options).unwrap());
    let goal = AdviseOptions { target_vmaf: Some(90.0), ..Default::default() };
    let of = |features| advise(features, embedded(), &goal).unwrap();
    assert_eq!(of(&encoded), of(&told));
}

#[test]
fn bad_ladders_are_refused() {
    let default = LadderOptions::default;
    let huge = Size { width: 20_000, height: 720 };
    for (options, field) in [
        (LadderOptions { step_vmaf: 0.0, ..default() }, "step_vmaf"),
        (LadderOptions { top_vmaf: f64::NAN, ..default() }, "top_vmaf"),
        (LadderOptions { min_bitrate_ratio: 0.9, ..default() }, "min_bitrate_ratio"),
        (LadderOptions { bottom_vmaf: 96.0, ..default() }, "bottom_vmaf"),
        (LadderOptions { sizes: vec![huge], ..default() }, "resolution_width"),
        (LadderOptions { bitrates_kbps: vec![500.0, -1.0], ..default() }, "bitrates_kbps"),
        (LadderOptions { bitrates_kbps: vec![500.0; 65], ..default() }, "bitrates_kbps"),
    ] {
        let error = ladder(&source(), embedded(), &options).unwrap_err();
        assert!(matches!(error, Error::InvalidField { field: found, .. } if found == field), "{error}");
    }
    let nameless = PredictionFeatures { source_width: None, ..source() };
    let error = ladder(&nameless, embedded(), &default()).unwrap_err();
    assert!(matches!(error, Error::MissingField { field: "source_width", .. }), "{error}");
}

/// On curves of a closed form, forecast ladders come close to the hull: closer than a fixed one, and no closer than the
/// one that knows the curves.
#[test]
fn the_judge_tells_good_ladders_from_a_fixed_one() {
    let (features, targets) = made::table(20);
    let training = TrainOptions { threads: 1, ..Default::default() };
    let tiers = [Tier::Settings, Tier::Content];
    let judge =
        || judge_ladders(&features, &targets, 4, &tiers, &LadderOptions::default(), &training, &|_| ()).unwrap();
    let judged = judge();
    assert_eq!(judged, judge());
    assert_eq!((judged.titles, judged.sources, judged.left_out, judged.folds), (20, 40, 0, 4));
    let [(Tier::Settings, settings), (Tier::Content, content)] = judged.forecast.as_slice() else {
        panic!("{judged:?}");
    };
    assert!(judged.measured.excess_mean < 0.05, "{:?}", judged.measured);
    assert!(content.excess_mean < judged.fixed.excess_mean, "{content:?} {:?}", judged.fixed);
    assert!(content.excess_mean >= judged.measured.excess_mean - 1e-2);
    assert!(content.vmaf_error.unwrap() < settings.vmaf_error.unwrap());
    assert!(judged.fixed.vmaf_error.is_none());
    for folds in [1, 21] {
        let error = judge_ladders(&features, &targets, folds, &tiers, &LadderOptions::default(), &training, &|_| ());
        assert!(error.is_err());
    }
}

#[test]
fn comparisons_are_of_forecasts() {
    let at = |crf: f64, preset: &str| PredictionFeatures {
        crf: Some(crf),
        preset: Some(preset.to_owned()),
        resolution_width: 1280.0,
        resolution_height: 720.0,
        ..source()
    };
    let options = PredictOptions::default();
    let compared = compare(&at(35.0, "medium"), &at(23.0, "veryfast"), embedded(), &options).unwrap();
    assert_eq!(compared.a, predict(&at(35.0, "medium"), embedded()).unwrap());
    let vmaf = compared.difference(Target::Vmaf).unwrap();
    let value = |answer: &PredictionResult, target| answer.estimate(target).unwrap().value;
    let change = value(&compared.b, Target::Vmaf) - value(&compared.a, Target::Vmaf);
    assert_eq!(vmaf.difference.value, change);
    assert!(vmaf.difference.lower < change && change < vmaf.difference.upper);
    let bitrate = compared.difference(Target::BitrateKbps).unwrap().ratio.unwrap();
    assert!(bitrate.value > 1.0 && bitrate.lower < bitrate.value && bitrate.value < bitrate.upper);
    // The other way round is the same with the other sign.
    let back = compare(&at(23.0, "veryfast"), &at(35.0, "medium"), embedded(), &options).unwrap();
    let turned = back.difference(Target::Vmaf).unwrap().difference;
    assert_eq!(
        (turned.value, turned.lower, turned.upper),
        (-vmaf.difference.value, -vmaf.difference.upper, -vmaf.difference.lower)
    );
    // A bitrate that is given is compared with one that is forecast.
    let given = PredictionFeatures { crf: None, bitrate_kbps: Some(900.0), ..at(0.0, "medium") };
    let mixed = compare(&given, &at(23.0, "medium"), embedded(), &options).unwrap();
    let ratio = mixed.difference(Target::BitrateKbps).unwrap().ratio.unwrap();
    assert_eq!(ratio.value, value(&mixed.b, Target::BitrateKbps) / 900.0);
}
