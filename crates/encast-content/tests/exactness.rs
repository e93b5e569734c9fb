//! Every figure against a slow implementation in double precision, straight from the definitions.
#![allow(clippy::unwrap_used)]

use std::f64::consts::PI;

use encast_content::{Analyzer, FrameComplexity, Luma, frequency_weight};

struct Clip {
    width: usize,
    height: usize,
    bit_depth: u8,
    frames: Vec<Vec<u16>>,
}

impl Clip {
    fn new(width: usize, height: usize, bit_depth: u8, count: usize) -> Clip {
        let largest = f64::from((1_u32 << bit_depth) - 1);
        let mut noise = 7_u32;
        let frame = |n: usize, noise: &mut u32| {
            (0..width * height)
                .map(|i| {
                    let (x, y) = ((i % width + 2 * n) as f64, (i / width + n) as f64);
                    *noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    let grain = f64::from(*noise >> 16) / 65536.0 - 0.5;
                    let value = 0.5 + 0.35 * (x * 0.11).sin() * (y * 0.07 + n as f64 * 0.3).cos() + 0.1 * grain;
                    (value.clamp(0.0, 1.0) * largest).round() as u16
                })
                .collect()
        };
        Clip { width, height, bit_depth, frames: (0..count).map(|n| frame(n, &mut noise)).collect() }
    }

    fn analyze(&self, threads: usize) -> Vec<FrameComplexity> {
        let mut analyzer = Analyzer::new(self.width, self.height, self.bit_depth, None).unwrap().threads(threads);
        let push = |samples: &Vec<u16>| {
            // Rows with a gap between them.
            let stride = self.width + 5;
            let mut padded = vec![0xFFFF_u16; stride * self.height];
            for (to, from) in padded.chunks_mut(stride).zip(samples.chunks(self.width)) {
                to[..self.width].copy_from_slice(from);
            }
            let bytes: Vec<u8> = padded.iter().map(|&v| v as u8).collect();
            let luma = match self.bit_depth {
                8 => Luma::Eight { samples: &bytes, stride },
                _ => Luma::Sixteen { samples: &padded, stride },
            };
            analyzer.push(&luma).unwrap()
        };
        self.frames.iter().map(push).collect()
    }

    /// Frame `n` on the 8-bit scale; beyond the picture its edge goes on.
    fn at(&self, n: usize, x: usize, y: usize) -> f64 {
        let sample = self.frames[n][y.min(self.height - 1) * self.width + x.min(self.width - 1)];
        f64::from(sample) * 255.0 / f64::from((1_u32 << self.bit_depth) - 1)
    }

    fn si(&self, n: usize) -> f64 {
        let mut magnitudes = Vec::new();
        for y in 1..self.height - 1 {
            for x in 1..self.width - 1 {
                let p = |dx: usize, dy: usize| self.at(n, x + dx - 1, y + dy - 1);
                let gx = p(2, 0) + 2.0 * p(2, 1) + p(2, 2) - p(0, 0) - 2.0 * p(0, 1) - p(0, 2);
                let gy = p(0, 2) + 2.0 * p(1, 2) + p(2, 2) - p(0, 0) - 2.0 * p(1, 0) - p(2, 0);
                magnitudes.push(gx.hypot(gy));
            }
        }
        std(&magnitudes)
    }

    fn ti(&self, n: usize) -> f64 {
        let difference = |i: usize| {
            let (x, y) = (i % self.width, i / self.width);
            self.at(n, x, y) - self.at(n - 1, x, y)
        };
        std(&(0..self.width * self.height).map(difference).collect::<Vec<f64>>())
    }

    /// Energy and root of the lowest coefficient of each block.
    fn blocks(&self, n: usize) -> Vec<(f64, f64)> {
        let mut blocks = Vec::new();
        for top in (0..self.height).step_by(32) {
            for left in (0..self.width).step_by(32) {
                let block: Vec<Vec<f64>> =
                    (0..32).map(|y| (0..32).map(|x| self.at(n, left + x, top + y)).collect()).collect();
                let dct = transpose(&rows_dct(&transpose(&rows_dct(&block))));
                let weighted = |v: usize, u: usize| 4.0 * frequency_weight(v, u) * dct[v][u].abs();
                let energy = (0..1024).map(|i| weighted(i / 32, i % 32)).sum();
                blocks.push((energy, (4.0 * dct[0][0]).sqrt()));
            }
        }
        blocks
    }
}

/// Orthonormal DCT-II of each row.
fn rows_dct(block: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let of_row = |row: &Vec<f64>| {
        let coefficient = |k: usize| {
            let norm = if k == 0 { 1.0_f64 / 32.0 } else { 2.0 / 32.0 };
            let term = |(n, x): (usize, &f64)| x * ((2 * n + 1) as f64 * k as f64 * PI / 64.0).cos();
            norm.sqrt() * row.iter().enumerate().map(term).sum::<f64>()
        };
        (0..32).map(coefficient).collect()
    };
    block.iter().map(of_row).collect()
}

fn transpose(block: &[Vec<f64>]) -> Vec<Vec<f64>> {
    (0..32).map(|x| block.iter().map(|row| row[x]).collect()).collect()
}

fn std(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n).sqrt()
}

#[track_caller]
fn close(name: &str, fast: f64, slow: f64) {
    assert!((fast - slow).abs() <= 1e-6 * slow.abs(), "{name}: {fast} against {slow}");
}

#[test]
fn every_figure_agrees_with_the_definition() {
    for (width, height, bit_depth) in
        [(160, 96, 8), (161, 97, 8), (100, 35, 10), (64, 64, 12), (75, 200, 9), (31, 3, 8), (3, 40, 11)]
    {
        let clip = Clip::new(width, height, bit_depth, 3);
        let fast = clip.analyze(1);
        assert_eq!(fast, clip.analyze(2), "two threads give the same bits");
        let blocks: Vec<Vec<(f64, f64)>> = (0..3).map(|n| clip.blocks(n)).collect();
        for (n, figures) in fast.iter().enumerate() {
            let count = blocks[n].len() as f64;
            close("si", figures.si, clip.si(n));
            close("E", figures.spatial_energy, blocks[n].iter().map(|b| b.0).sum::<f64>() / (90.0 * count));
            close("L", figures.luminance, blocks[n].iter().map(|b| b.1).sum::<f64>() / count);
            if n == 0 {
                assert_eq!((figures.ti, figures.temporal_energy, figures.static_share), (None, None, None));
                continue;
            }
            close("ti", figures.ti.unwrap(), clip.ti(n));
            let change: f64 = blocks[n].iter().zip(&blocks[n - 1]).map(|(now, then)| (now.0 - then.0).abs()).sum();
            // A difference of two energies: it can be no more exact than they are.
            let (h, slow) = (figures.temporal_energy.unwrap(), change / (18.0 * count));
            let scale = slow.max(figures.spatial_energy * 90.0 / 18.0);
            assert!((h - slow).abs() <= 1e-6 * scale, "h: {h} against {slow}");
            assert_eq!(figures.static_share.unwrap(), static_share(&blocks[n], &blocks[n - 1]));
        }
    }
}

/// The share of blocks whose mean changed by less than 2 and energy by less than 8 · 18. None may be so near a bound
/// that single precision could put it on the other side.
fn static_share(now: &[(f64, f64)], then: &[(f64, f64)]) -> f64 {
    let is_static = |(now, then): (&(f64, f64), &(f64, f64))| {
        let mean = (now.1.powi(2) - then.1.powi(2)).abs() / 128.0;
        let change = (now.0 - then.0).abs() / 18.0;
        assert!((mean - 2.0).abs() > 1e-4 && (change - 8.0).abs() > 1e-6 * now.0.max(then.0), "{mean} {change}");
        mean < 2.0 && change < 8.0
    };
    now.iter().zip(then).map(is_static).filter(|is| *is).count() as f64 / now.len() as f64
}

#[test]
fn the_static_share_agrees_with_its_definition() {
    // Contrast and brightness drift at another pace in each block, from not at all to much.
    for (width, height, bit_depth) in [(352, 288, 8), (350, 130, 10), (200, 200, 12)] {
        let largest = f64::from((1_u32 << bit_depth) - 1);
        let frame = |n: usize| -> Vec<u16> {
            let sample = |i: usize| {
                let (x, y) = (i % width, i / width);
                let (across, down) = ((x / 32) as f64, (y / 32) as f64);
                let texture = (x as f64 * 0.4).sin() * (y as f64 * 0.3).cos();
                let value = 0.4 + 0.003 * across * n as f64 + (0.1 + 0.004 * down * n as f64) * texture;
                (value * largest).round() as u16
            };
            (0..width * height).map(sample).collect()
        };
        let clip = Clip { width, height, bit_depth, frames: (0..3).map(frame).collect() };
        let blocks: Vec<Vec<(f64, f64)>> = (0..3).map(|n| clip.blocks(n)).collect();
        for (n, figures) in clip.analyze(1).iter().enumerate().skip(1) {
            let (fast, slow) = (figures.static_share.unwrap(), static_share(&blocks[n], &blocks[n - 1]));
            assert_eq!(fast, slow, "{width}x{height}, {bit_depth} bits, frame {n}");
            assert!((0.05..0.95).contains(&slow), "{slow}: both kinds of blocks are there");
        }
    }
}

#[test]
fn the_weights_are_those_that_vca_publishes() {
    // The reference rounds 255 times the weight down.
    for (v, u, published) in
        [(0, 0, 0), (0, 1, 27), (1, 0, 27), (1, 1, 93), (31, 31, 255), (31, 30, 239), (15, 31, 120)]
    {
        assert_eq!((255.0 * frequency_weight(v, u)) as u32, published, "{v} {u}");
    }
}

#[test]
fn extremes_stay_exact() {
    // The steepest edges of 12 bits, and a flat frame.
    let stripes: Vec<u16> = (0..640 * 8).map(|i| if i % 640 / 3 % 2 == 0 { 4095 } else { 0 }).collect();
    let inverse: Vec<u16> = stripes.iter().map(|v| 4095 - v).collect();
    let clip = Clip { width: 640, height: 8, bit_depth: 12, frames: vec![stripes, inverse, vec![2000; 640 * 8]] };
    let figures = clip.analyze(1);
    for (n, figures) in figures.iter().enumerate().take(2) {
        close("si", figures.si, clip.si(n));
    }
    close("ti", figures[1].ti.unwrap(), clip.ti(1));
    assert_eq!((figures[2].si, figures[2].spatial_energy), (0.0, 0.0));
    close("L", figures[2].luminance, (128.0 * 2000.0 * 255.0 / 4095.0_f64).sqrt());
}
