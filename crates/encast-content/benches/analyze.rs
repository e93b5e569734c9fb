//! Frames per second of the whole feature set: by instructions, by threads, by size.
#![allow(missing_docs, clippy::unwrap_used)]

use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main, measurement::WallTime};
use encast_content::{Analyzer, Instructions, Luma};

const SIZES: [(usize, usize); 3] = [(854, 480), (1920, 1080), (3840, 2160)];

/// Textured frames that move and carry noise.
fn frame((width, height): (usize, usize), n: usize, largest: u32) -> Vec<u16> {
    let mut noise = 1_u32;
    (0..width * height)
        .map(|i| {
            let (x, y) = (i % width + 3 * n, i / width + n);
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let value = 0.5 + 0.3 * (x as f32 * 0.05).sin() * (y as f32 * 0.03).cos() + (noise >> 24) as f32 / 1500.0;
            (value * largest as f32) as u16
        })
        .collect()
}

/// One benchmark of two frames in turn.
fn bench(group: &mut BenchmarkGroup<WallTime>, name: String, size: (usize, usize), bits: u8, analyzer: Analyzer) {
    let deep = [0, 1].map(|n| frame(size, n, (1 << bits) - 1));
    let eight = deep.each_ref().map(|frame| frame.iter().map(|&v| v as u8).collect::<Vec<u8>>());
    let (mut analyzer, mut n) = (analyzer, 0);
    group.bench_function(name, |b| {
        b.iter(|| {
            n += 1;
            let stride = size.0;
            let luma = match bits {
                8 => Luma::Eight { samples: &eight[n % 2], stride },
                _ => Luma::Sixteen { samples: &deep[n % 2], stride },
            };
            analyzer.push(&luma).unwrap()
        });
    });
}

fn analyzer((width, height): (usize, usize), bits: u8, threads: usize) -> Analyzer {
    Analyzer::new(width, height, bits, Some(30.0)).unwrap().threads(threads)
}

/// Frames a second at 1080p.
fn frames(c: &mut Criterion) {
    let mut group = c.benchmark_group("1080p");
    group.throughput(Throughput::Elements(1)).sample_size(20);
    let size = SIZES[1];
    for bits in [8, 10] {
        for instructions in Instructions::available() {
            let name = format!("{bits} bit, 1 thread, {}", instructions.name());
            bench(&mut group, name, size, bits, analyzer(size, bits, 1).instructions(instructions));
        }
        bench(&mut group, format!("{bits} bit, 2 threads"), size, bits, analyzer(size, bits, 2));
    }
}

/// Samples a second by size: the same when the time is linear in them.
fn sizes(c: &mut Criterion) {
    let mut group = c.benchmark_group("8 bit");
    group.sample_size(20);
    for size in SIZES {
        group.throughput(Throughput::Elements((size.0 * size.1) as u64));
        for threads in [1, 2] {
            bench(
                &mut group,
                format!("{}x{}, {threads} thread(s)", size.0, size.1),
                size,
                8,
                analyzer(size, 8, threads),
            );
        }
    }
}

criterion_group!(benches, frames, sizes);
criterion_main!(benches);
