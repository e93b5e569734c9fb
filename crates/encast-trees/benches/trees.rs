//! Training and prediction; throughput counts rows in training, and trees times rows in prediction.
#![allow(clippy::unwrap_used, missing_docs)]

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use encast_trees::{BinnedRows, BoostingParams, Ensemble, FlatEnsemble, ForestParams, Rows, Sample};

const ROWS: usize = 17_700;
const COLUMNS: usize = 11;

/// A table of the size of a real one: smooth targets with noise, some columns of few values.
fn table() -> (Vec<f32>, Vec<f32>) {
    let mut state = 1u64;
    let mut unit = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1 << 24) as f32
    };
    let (mut values, mut targets) = (Vec::new(), Vec::new());
    for _ in 0..ROWS {
        let row: [f32; COLUMNS] =
            std::array::from_fn(|column| if column < 3 { (unit() * 6.0).floor() } else { unit() * 10.0 });
        let smooth = (row[3] * 0.7).sin() * row[4] + row[5] * row[0] + (row[6] - row[7]).abs();
        targets.push(smooth + unit());
        values.extend(row);
    }
    (values, targets)
}

fn train(c: &mut Criterion) {
    let (values, targets) = table();
    let rows = Rows::new(&values, COLUMNS).unwrap();
    let binned = BinnedRows::new(rows, 255).unwrap();
    let sample = Sample { binned: &binned, targets: &targets, weights: None, rows: None, columns: None };
    let mut group = c.benchmark_group("train");
    group.sample_size(10).measurement_time(Duration::from_secs(6)).throughput(Throughput::Elements(ROWS as u64));
    group.bench_function("bins", |b| b.iter(|| BinnedRows::new(black_box(rows), 255).unwrap()));
    let boosting = BoostingParams::new().threads(1).check().unwrap();
    group.bench_function("boosting/400x31", |b| b.iter(|| boosting.fit(black_box(&sample), None).unwrap()));
    let forest = ForestParams::new().threads(1).check().unwrap();
    group.bench_function("forest/100x256", |b| b.iter(|| forest.fit(black_box(&sample), None).unwrap()));
    group.finish();
}

fn predict(c: &mut Criterion) {
    let (values, targets) = table();
    let rows = Rows::new(&values, COLUMNS).unwrap();
    let binned = BinnedRows::new(rows, 255).unwrap();
    let sample = Sample { binned: &binned, targets: &targets, weights: None, rows: None, columns: None };
    let boosted = BoostingParams::new().check().unwrap().fit(&sample, None).unwrap().ensemble;
    let grown = ForestParams::new().check().unwrap().fit(&sample, None).unwrap().ensemble;
    for (name, ensemble) in [("boosting/400x31", &boosted), ("forest/100x256", &grown)] {
        predict_one(c, name, ensemble, rows);
    }
}

/// The reported elements are trees × rows: their time is the ns per tree and row.
fn predict_one(c: &mut Criterion, name: &str, ensemble: &Ensemble, rows: Rows<'_>) {
    let flat = FlatEnsemble::new(ensemble);
    let trees = flat.trees() as u64;
    let mut group = c.benchmark_group(format!("predict/{name}"));
    let mut at = 0;
    let mut next = move || {
        at = (at + 7919) % ROWS;
        rows.row(at)
    };
    group.throughput(Throughput::Elements(trees));
    group.bench_function("single/plain", |b| b.iter(|| ensemble.predict(black_box(next()))));
    group.bench_function("single/flat", |b| b.iter(|| flat.predict(black_box(next()))));
    group.bench_function("single/flat_spread", |b| b.iter(|| flat.predict_with_spread(black_box(next()))));
    for count in [1, 100, 10_000] {
        let part = Rows::new(&rows.values()[..count * COLUMNS], COLUMNS).unwrap();
        let mut out = vec![0.0; count];
        group.throughput(Throughput::Elements(trees * count as u64));
        group.bench_function(BenchmarkId::new("batch", count), |b| {
            b.iter(|| flat.predict_batch(black_box(part), &mut out).unwrap());
        });
    }
    group.finish();
}

criterion_group!(benches, train, predict);
criterion_main!(benches);
