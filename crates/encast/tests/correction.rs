//! A correction moves all that is made of a forecast together; none changes nothing, to the bit.
#![allow(clippy::unwrap_used, clippy::panic)]

mod made;

use encast::*;
use made::{model, request};

fn corrected(target: Target, codec: Codec, offset: f64) -> PredictOptions {
    let mut correction = Correction::default();
    correction.set(target, Some(codec), offset);
    PredictOptions { correction, ..Default::default() }
}

fn vmaf(request: &PredictionFeatures, options: &PredictOptions) -> Estimate {
    predict_with(request, model(), options).unwrap().estimate(Target::Vmaf).unwrap()
}

#[test]
fn forecast_and_interval_move_within_bounds() {
    let plain = vmaf(&request(), &PredictOptions::default());
    let moved = vmaf(&request(), &corrected(Target::Vmaf, Codec::H264, -3.0));
    for (before, after) in [(plain.value, moved.value), (plain.lower, moved.lower), (plain.upper, moved.upper)] {
        assert!((after - before + 3.0).abs() < 1e-9, "{plain:?} became {moved:?}");
    }
    let high = vmaf(&request(), &corrected(Target::Vmaf, Codec::H264, 90.0));
    assert_eq!((high.value, high.upper), (100.0, 100.0));
    let other = predict_with(&request(), model(), &corrected(Target::Vmaf, Codec::Hevc, -3.0)).unwrap();
    assert_eq!(other, predict(&request(), model()).unwrap());
    let unknown = PredictionFeatures { codec: None, preset: None, ..request() };
    let mut options = PredictOptions::default();
    options.correction.set(Target::Psnr, None, 0.5);
    let psnr = |options| predict_with(&unknown, model(), options).unwrap().predicted_psnr.unwrap();
    assert!((psnr(&options) - psnr(&PredictOptions::default()) - 0.5).abs() < 1e-9);
}

/// Up and down, with searches, an assurance, batches, whole tables and ladders.
#[test]
fn searches_ladders_and_tables_follow() {
    for offset in [-4.0, 2.5] {
        let mut options = corrected(Target::Vmaf, Codec::H264, offset);
        options.recommend.target_vmaf = 70.0;
        let answer = predict_with(&request(), model(), &options).unwrap();
        let kbps = answer.recommended_bitrate_kbps.unwrap();
        let at = |kbps: f64| vmaf(&PredictionFeatures { bitrate_kbps: Some(kbps), ..request() }, &options).value;
        assert!(at(kbps) >= 70.0 && at(kbps / 1.001) < 70.0, "{offset}: {} at {kbps}", at(kbps));
        let Recommendation::Reached(choice) = recommend(&request(), model(), Given::Bitrate, &options).unwrap() else {
            panic!("{offset}: not reached")
        };
        assert_eq!(choice.setting, kbps);
        assert_eq!(choice.vmaf, vmaf(&PredictionFeatures { bitrate_kbps: Some(kbps), ..request() }, &options));
        let sure = PredictOptions {
            recommend: RecommendOptions { assurance: Some(0.9), ..options.recommend },
            ..options.clone()
        };
        let assured = recommend(&request(), model(), Given::Bitrate, &sure).unwrap().reached().unwrap();
        assert!(assured.setting > kbps && assured.assured_vmaf >= 70.0 && assured.vmaf.value == at(assured.setting));

        let sweep: Vec<f64> = (0..60).map(|step| at(100.0 * 1.1f64.powi(step))).collect();
        assert!(sweep.windows(2).all(|pair| pair[0] <= pair[1]), "{offset}: {sweep:?}");
        let requests = [request(), PredictionFeatures { bitrate_kbps: Some(900.0), ..request() }];
        let batch = predict_batch(&requests, model(), &options).unwrap();
        let kbps: Vec<f64> = requests.iter().map(|request| request.bitrate_kbps.unwrap()).collect();
        let (mut value, mut lower, mut upper) = ([0.0; 2], [0.0; 2], [0.0; 2]);
        let (mut alone, targets) = ([0.0; 2], [Target::Vmaf]);
        let mut of_rows = BulkInputs::new(2);
        for field in request().given().iter().filter(|field| !field.is_name()) {
            of_rows.set(field, Numbers::Same(request().get(field).unwrap())).unwrap();
        }
        of_rows.set(Field::BitrateKbps, Numbers::F64(&kbps)).unwrap();
        of_rows.set_names(Field::Codec, Names::Same("h264")).unwrap();
        of_rows.set_names(Field::Preset, Names::Same("medium")).unwrap();
        let mut outputs = [BulkOutput { value: &mut value, bounds: Some((&mut lower, &mut upper)) }];
        Scorer::new(model(), &targets, true, &options).unwrap().score(&of_rows, &mut outputs).unwrap();
        let mut outputs = [BulkOutput { value: &mut alone, bounds: None }];
        Scorer::new(model(), &targets, false, &options).unwrap().score(&of_rows, &mut outputs).unwrap();
        for row in 0..2 {
            let found = Estimate { value: value[row], lower: lower[row], upper: upper[row] };
            assert_eq!((Some(found), alone[row]), (batch[row].estimate(Target::Vmaf), found.value));
            assert_eq!(found, vmaf(&requests[row], &options));
        }

        let ladder_of = |predict: PredictOptions| {
            ladder(&request(), model(), &LadderOptions { predict, ..Default::default() }).unwrap()
        };
        for rung in ladder_of(options.clone()).rungs {
            let there = PredictionFeatures {
                bitrate_kbps: Some(rung.bitrate_kbps),
                resolution_width: f64::from(rung.size.width),
                resolution_height: f64::from(rung.size.height),
                ..request()
            };
            assert_eq!(rung.vmaf, vmaf(&there, &options));
        }
        let lowest = |predict| ladder_of(predict).rungs[0].bitrate_kbps;
        assert_eq!(lowest(options.clone()) > lowest(PredictOptions::default()), offset < 0.0);
    }
}

/// What an anchor measured counts beside the corrected forecast: as forecast, it moves nothing; the offset isn't added twice.
#[test]
fn anchors_are_held_against_the_corrected_forecast() {
    let options = corrected(Target::Vmaf, Codec::H264, -4.0);
    let expected = vmaf(&request(), &options).value;
    let anchor = |vmaf: f64| Anchor { bitrate_kbps: Some(2000.0), vmaf: Some(vmaf), ..Default::default() };
    let with = |vmaf: f64| PredictionFeatures { anchors: vec![anchor(vmaf)], ..request() };
    let as_expected = vmaf(&with(expected), &options).value;
    assert!((as_expected - expected).abs() < 0.1, "{as_expected}, without {expected}");
    let above = vmaf(&with(expected + 5.0), &options).value;
    assert!((above - expected - 5.0).abs() < 0.6, "{above}, measured {}", expected + 5.0);
    let mut search = options.clone();
    search.recommend.target_vmaf = 70.0;
    let kbps = predict_with(&with(expected), model(), &search).unwrap().recommended_bitrate_kbps.unwrap();
    let there = PredictionFeatures { bitrate_kbps: Some(kbps), ..with(expected) };
    assert!((vmaf(&there, &search).value - 70.0).abs() < 0.05);
}

#[test]
fn octaves_are_factors() {
    let by_crf = PredictionFeatures { bitrate_kbps: None, crf: Some(30.0), ..request() };
    let value = |request: &PredictionFeatures, options: &PredictOptions, target: Target| {
        predict_with(request, model(), options).unwrap().estimate(target).unwrap().value
    };
    for (target, asked) in [(Target::CpuSeconds, &request()), (Target::CostUsd, &request())] {
        let options = corrected(Target::CpuSeconds, Codec::H264, 0.5);
        let ratio = value(asked, &options, target) / value(asked, &PredictOptions::default(), target);
        assert!((ratio - 0.5f64.exp2()).abs() < 1e-9, "{target}: {ratio}");
    }
    let made = predict(&by_crf, model()).unwrap();
    if let Some(plain) = made.estimate(Target::BitrateKbps) {
        let moved = value(&by_crf, &corrected(Target::BitrateKbps, Codec::H264, -1.0), Target::BitrateKbps);
        assert!((moved / plain.value - 0.5).abs() < 1e-9);
    }
}

#[test]
fn offsets_have_bounds() {
    for (target, offset) in [(Target::Vmaf, 100.5), (Target::Psnr, -61.0), (Target::CpuSeconds, f64::NAN)] {
        let error = predict_with(&request(), model(), &corrected(target, Codec::Av1, offset)).unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("correction") && text.contains(target.name()) && text.contains(&offset.to_string()),
            "{text}"
        );
    }
    let mut correction = Correction::default();
    assert!(correction.is_zero() && correction.set(Target::Ssim, None, 1.0).is_zero());
    assert!(!correction.set(Target::Psnr, None, 1.0).is_zero());
}
