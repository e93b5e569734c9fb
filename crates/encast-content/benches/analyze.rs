//! Frames per second of the whole feature set on 1080p, 8 and 10 bits, one thread and two.
#![allow(missing_docs, clippy::unwrap_used)]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use encast_content::{Analyzer, Luma};

const WIDTH: usize = 1920;
const HEIGHT: usize = 1080;

/// Textured frames that move and carry noise.
fn frame(n: usize, largest: u32) -> Vec<u16> {
    let mut noise = 1_u32;
    (0..WIDTH * HEIGHT)
        .map(|i| {
            let (x, y) = (i % WIDTH + 3 * n, i / WIDTH + n);
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let value = 0.5 + 0.3 * (x as f32 * 0.05).sin() * (y as f32 * 0.03).cos() + (noise >> 24) as f32 / 1500.0;
            (value * largest as f32) as u16
        })
        .collect()
}

fn analyze(c: &mut Criterion) {
    let mut group = c.benchmark_group("1080p");
    group.throughput(Throughput::Elements(1)).sample_size(20);
    let deep = [frame(0, 1023), frame(1, 1023)];
    let eight: Vec<Vec<u8>> = (0..2).map(|n| frame(n, 255).into_iter().map(|v| v as u8).collect()).collect();
    for threads in [1, 2] {
        let mut analyzer = Analyzer::new(WIDTH, HEIGHT, 8, Some(30.0)).unwrap().threads(threads);
        let mut n = 0;
        group.bench_function(format!("8 bit, {threads} thread(s)"), |b| {
            b.iter(|| {
                n += 1;
                analyzer.push(&Luma::Eight { samples: &eight[n % 2], stride: WIDTH }).unwrap()
            });
        });
        let mut analyzer = Analyzer::new(WIDTH, HEIGHT, 10, Some(30.0)).unwrap().threads(threads);
        group.bench_function(format!("10 bit, {threads} thread(s)"), |b| {
            b.iter(|| {
                n += 1;
                analyzer.push(&Luma::Sixteen { samples: &deep[n % 2], stride: WIDTH }).unwrap()
            });
        });
    }
}

criterion_group!(benches, analyze);
criterion_main!(benches);
