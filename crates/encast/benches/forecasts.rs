//! Loading the default bundle, one forecast, and a batch: the figures that the README quotes.
#![allow(clippy::expect_used)] // a bench may stop at what the tests have shown not to happen

use std::{hint::black_box, time::Duration};

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use encast::{
    Encoder, Model, PredictOptions, PredictionFeatures, RecommendOptions, predict, predict_batch, recommend_bitrate,
};

/// The shortest request: six fields.
fn settings(row: usize) -> PredictionFeatures {
    PredictionFeatures::new(1000.0 + row as f64, 1280.0, 720.0, 30.0, 0.01, 0.5)
}

/// The encoder and the content's complexity are known too.
fn content(row: usize) -> PredictionFeatures {
    PredictionFeatures {
        encoder: Some(Encoder::Libx264),
        preset: Some("medium".to_owned()),
        threads: Some(4.0),
        passes: Some(1.0),
        source_width: Some(1920.0),
        source_height: Some(1080.0),
        source_frame_rate: Some(30.0),
        bit_depth: Some(8.0),
        si_mean: Some(40.0),
        si_std: Some(4.0),
        ti_mean: Some(12.0 + (row % 16) as f64),
        ti_std: Some(3.0),
        spatial_energy: Some(10.0),
        temporal_energy: Some(0.8),
        luminance: Some(60.0),
        static_share: Some(0.2),
        ..settings(row)
    }
}

/// A trial encode, too.
fn probe(row: usize) -> PredictionFeatures {
    PredictionFeatures {
        probe_bitrate_kbps: Some(800.0),
        probe_psnr: Some(38.0),
        probe_vmaf: Some(70.0),
        ..content(row)
    }
}

fn loading(c: &mut Criterion) {
    let model = Model::embedded().expect("the embedded model is good");
    let (json, binary) = (model.to_json().expect("writes"), model.to_binary().expect("writes"));
    let mut group = c.benchmark_group("load the default bundle");
    group.bench_function("binary", |b| b.iter(|| Model::from_bytes(black_box(&binary))));
    group.bench_function("json", |b| b.iter(|| Model::from_bytes(black_box(&json))));
    group.finish();
}

fn forecasting(c: &mut Criterion) {
    let model = Model::embedded().expect("the embedded model is good");
    let mut group = c.benchmark_group("one forecast, all targets, intervals, confidence, recommended bitrate");
    let (short, long, probed) = (settings(0), content(0), probe(0));
    group.bench_function("six fields", |b| b.iter(|| predict(black_box(&short), &model)));
    group.bench_function("content", |b| b.iter(|| predict(black_box(&long), &model)));
    group.bench_function("probe", |b| b.iter(|| predict(black_box(&probed), &model)));
    let options = RecommendOptions::default();
    group.bench_function("recommended bitrate alone", |b| {
        b.iter(|| recommend_bitrate(black_box(&short), &model, &options));
    });
    group.finish();

    let mut group = c.benchmark_group("batch of 1000, one core");
    group.throughput(Throughput::Elements(1000));
    for (name, request) in [("six fields", settings as fn(usize) -> _), ("content", content), ("probe", probe)] {
        let rows: Vec<PredictionFeatures> = (0..1000).map(request).collect();
        let options = PredictOptions::default();
        group.bench_function(name, |b| {
            b.iter_batched(|| (), |()| predict_batch(black_box(&rows), &model, &options), BatchSize::SmallInput);
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().measurement_time(Duration::from_secs(4)).warm_up_time(Duration::from_secs(1));
    targets = loading, forecasting
}
criterion_main!(benches);
