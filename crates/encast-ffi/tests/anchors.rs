//! Anchors and comparisons over C: the C test programs, and the bits of the Rust API.
#![allow(clippy::expect_used, clippy::panic, reason = "helpers of tests")]

mod common;

use std::{fmt::Write as _, process::Command};

use common::{LINKS, bits, build, estimate_bits, line_of, passes, run, temporary};
use encast_core::{
    Anchor, Codec, Encoder, Given, LadderOptions, Model, PredictOptions, PredictionFeatures, RecommendOptions,
    Recommendation, Target,
};

#[test]
fn anchors() {
    passes("anchors");
}

#[test]
fn comparisons() {
    passes("compare");
}

fn or_nan(value: Option<f64>) -> String {
    value.map_or("nan".to_owned(), |value| value.to_string())
}

/// The line of an anchor; see anchored_bits.c.
fn line_of_anchor(a: &Anchor) -> String {
    format!(
        "a {} {} {} {} {} {} {} {} {} {}\n",
        or_nan(a.bitrate_kbps),
        or_nan(a.crf),
        or_nan(a.resolution_width),
        or_nan(a.resolution_height),
        a.codec.map_or("-", Codec::name),
        a.encoder.map_or("-", Encoder::name),
        a.preset.as_deref().unwrap_or("-"),
        or_nan(a.vmaf),
        or_nan(a.psnr),
        or_nan(a.ssim),
    )
}

/// The anchors of a request, 0 to 20, each of which says something else.
fn anchors_of(request: usize) -> Vec<Anchor> {
    let others = [(Encoder::Libx264, "slow"), (Encoder::Libx265, "fast"), (Encoder::Libsvtav1, "6")];
    let anchor = |i: usize| {
        let (encoder, preset) = others[(request + i) % 3];
        let sized = i % 4 == 1;
        let named = i % 3 == 2;
        let from_crf = i % 5 == 3;
        Anchor {
            bitrate_kbps: (!from_crf || i.is_multiple_of(2)).then_some(300.7 * 1.4_f64.powi((i % 14) as i32)),
            crf: (from_crf || i.is_multiple_of(7)).then_some(20.0 + (i % 23) as f64),
            resolution_width: sized.then_some(960.0),
            resolution_height: sized.then_some(540.0),
            codec: (named && i.is_multiple_of(2)).then_some(encoder.codec()),
            encoder: named.then_some(encoder),
            preset: (named && !i.is_multiple_of(4)).then(|| preset.to_owned()),
            vmaf: (i % 6 != 4).then_some(41.3 + 2.9 * (i % 17) as f64),
            psnr: (i % 6 == 4 || i.is_multiple_of(2)).then_some(31.7 + 0.7 * (i % 13) as f64),
            ssim: (i.is_multiple_of(3)).then_some(0.9 + 0.004 * (i % 11) as f64),
        }
    };
    (0..[0, 1, 2, 3, 5, 20][request % 6]).map(anchor).collect()
}

/// Requests as the C program reads them, and as the Rust API takes them.
fn requests() -> (String, Vec<PredictionFeatures>) {
    let codecs = [(Codec::H264, "medium"), (Codec::Hevc, "slow"), (Codec::Av1, "8")];
    let (mut text, mut requests) = (String::new(), Vec::new());
    for i in 0..24 {
        let (codec, preset) = codecs[i % 3];
        let (width, height) = [(1280.0, 720.0), (1920.0, 1080.0)][i / 3 % 2];
        let mut request =
            PredictionFeatures::new(517.3 * 1.06_f64.powi(i as i32), width, height, 30.0, 0.0, 0.01 * i as f64);
        if i % 4 == 2 {
            (request.bitrate_kbps, request.crf) = (None, Some(22.0 + (i % 17) as f64));
        }
        (request.codec, request.preset) = (Some(codec), Some(preset.to_owned()));
        request.anchors = anchors_of(i);
        let (bitrate, crf) = (or_nan(request.bitrate_kbps), or_nan(request.crf));
        let motion = or_nan(request.motion_intensity);
        writeln!(text, "r {bitrate} {width} {height} 30 0 {motion} {crf} {codec} {preset}").expect("a string grows");
        request.anchors.iter().for_each(|anchor| text += &line_of_anchor(anchor));
        requests.push(request);
    }
    (text, requests)
}

/// The line of a search.
fn line_of_search(model: &Model, request: &PredictionFeatures, given: Given) -> String {
    let recommend = RecommendOptions { target_vmaf: 80.0, ..RecommendOptions::default() };
    let options = PredictOptions { recommend, ..PredictOptions::default() };
    match encast_core::recommend(request, model, given, &options) {
        Err(error) => format!("error {error}"),
        Ok(answer) => {
            let outcome = match &answer {
                Recommendation::Reached(_) => 1,
                Recommendation::Unreachable(_) => 2,
                Recommendation::OverLimit(_) => 3,
            };
            let best = answer.best();
            let numbers = bits([best.map(|best| best.setting), best.map(|best| best.assured_vmaf)]);
            format!("search {outcome}{numbers}{}", estimate_bits(best.map(|best| best.vmaf)))
        }
    }
}

/// All that the C program prints.
fn due(model: &Model, requests: &[PredictionFeatures]) -> Vec<String> {
    let mut lines = Vec::new();
    let options = PredictOptions::default();
    for (i, request) in requests.iter().enumerate() {
        let answer = encast_core::predict_with(request, model, &options).expect("an answer");
        lines.push(format!("answer{}", line_of(&answer)));
        lines.push(line_of_search(model, request, Given::Bitrate));
        lines.push(line_of_search(model, request, Given::Crf));
        if i > 0 {
            let compared = encast_core::compare(&requests[i - 1], request, model, &options).expect("a comparison");
            lines.push(Target::ALL.iter().fold("change".to_owned(), |line, &target| {
                let difference = compared.difference(target);
                line + &estimate_bits(difference.map(|d| d.difference))
                    + &estimate_bits(difference.and_then(|d| d.ratio))
            }));
        }
        if i % 12 == 2 {
            let ladder = encast_core::ladder(request, model, &LadderOptions::default()).expect("a ladder");
            lines.push(ladder.rungs.iter().fold("ladder".to_owned(), |line, rung| {
                let numbers = bits([Some(rung.bitrate_kbps), rung.crf]);
                let estimates = estimate_bits(Some(rung.vmaf)) + &estimate_bits(rung.psnr);
                format!("{line} {}x{}{numbers}{estimates}", rung.size.width, rung.size.height)
            }));
        }
    }
    lines
}

#[test]
fn answers_have_the_bits_of_the_rust_api() {
    let dir = temporary();
    let model = Model::embedded().expect("the default model");
    let (model_file, request_file) = (dir.path().join("model.encast"), dir.path().join("requests.txt"));
    encast_core::save_model(&model, &model_file).expect("saved");
    let (text, requests) = requests();
    std::fs::write(&request_file, text).expect("a file");
    let due = due(&model, &requests);
    for link in LINKS {
        let output = run(Command::new(build("anchored_bits", link, dir.path())).args([&model_file, &request_file]));
        let lines: Vec<String> = String::from_utf8(output.stdout).expect("UTF-8").lines().map(str::to_owned).collect();
        for (row, (line, due)) in lines.iter().zip(&due).enumerate() {
            assert_eq!(line, due, "line {row}, {link:?}");
        }
        assert_eq!(lines.len(), due.len());
    }
    // The anchors count: without them most answers are others.
    let plain = |request: &PredictionFeatures| PredictionFeatures { anchors: Vec::new(), ..request.clone() };
    let without: Vec<PredictionFeatures> = requests.iter().map(plain).collect();
    let changed = |(with, without): (&PredictionFeatures, &PredictionFeatures)| {
        line_of(&encast_core::predict(with, &model).expect("an answer"))
            != line_of(&encast_core::predict(without, &model).expect("an answer"))
    };
    let changed = requests.iter().zip(&without).filter(|&pair| changed(pair)).count();
    assert!(changed > requests.len() / 2, "{changed} of {} answers are others", requests.len());
}
