//! Every set of instructions and any number of threads give the same bits.
#![allow(clippy::unwrap_used)]

use encast_content::{Analyzer, FrameComplexity, Instructions, Luma, Segmentation, Summary};

/// What fills the frames: each finds other faults.
#[derive(Clone, Copy, Debug)]
enum Content {
    Noise,
    /// Only the least and the largest sample: the steepest edges, the largest sums.
    Extremes,
    /// Slow waves with a little noise.
    Smooth,
}

/// Frames of one size with a gap between rows; what stands in the gap is beyond every bound.
fn frames(size: (usize, usize), stride: usize, bit_depth: u8, content: Content) -> Vec<Vec<u16>> {
    let (width, height) = size;
    let largest = (1_u32 << bit_depth) - 1;
    let mut state = 12_345_u32;
    let mut random = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state >> 16
    };
    let frame = |n: usize| {
        let mut samples = vec![0xFFFF_u16; stride * height];
        for y in 0..height {
            for x in 0..width {
                let value = match content {
                    Content::Noise => random() % (largest + 1),
                    Content::Extremes => largest * (random() & 1),
                    Content::Smooth => {
                        let wave = (x as f64 * 0.05 + n as f64).sin() * (y as f64 * 0.03).cos();
                        ((0.5 + 0.4 * wave) * f64::from(largest)) as u32 + random() % 3
                    }
                };
                samples[y * stride + x] = value as u16;
            }
        }
        samples
    };
    (0..4).map(frame).collect()
}

/// Every figure as it is in memory.
fn bits(frames: &[FrameComplexity], summary: &Summary) -> (Vec<[u64; 6]>, String) {
    let of = |f: &FrameComplexity| {
        let optional = |value: Option<f64>| value.map_or(u64::MAX, f64::to_bits);
        let whole = [f.si, f.spatial_energy, f.luminance].map(f64::to_bits);
        let of_time = [f.ti, f.temporal_energy, f.static_share].map(optional);
        [whole[0], whole[1], whole[2], of_time[0], of_time[1], of_time[2]]
    };
    // `Debug` prints as many digits as tell two numbers apart.
    (frames.iter().map(of).collect(), format!("{summary:?}"))
}

fn analyze(
    mut analyzer: Analyzer,
    frames: &[Vec<u16>],
    stride: usize,
    bit_depth: u8,
) -> (Vec<FrameComplexity>, Summary) {
    let mut push = |samples: &Vec<u16>| {
        let bytes: Vec<u8> = samples.iter().map(|&v| v as u8).collect();
        let luma = match bit_depth {
            8 => Luma::Eight { samples: &bytes, stride },
            _ => Luma::Sixteen { samples, stride },
        };
        analyzer.push(&luma).unwrap()
    };
    let figures = frames.iter().map(&mut push).collect();
    (figures, analyzer.finish().unwrap())
}

#[test]
fn every_set_of_instructions_and_threads_give_the_same_bits() {
    let sets = Instructions::available();
    assert_eq!(sets.last().unwrap().name(), "plain");
    // Widths around the 32 columns of a group and of a block, heights around the 32 rows of a strip.
    let sizes = [(3, 3), (31, 33), (32, 32), (33, 31), (34, 65), (35, 4), (66, 34), (97, 100), (200, 3), (641, 67)];
    for size in sizes {
        for bit_depth in [8, 10, 12] {
            for content in [Content::Noise, Content::Extremes, Content::Smooth] {
                let stride = size.0 + 3;
                let frames = frames(size, stride, bit_depth, content);
                let new = || {
                    let analyzer = Analyzer::new(size.0, size.1, bit_depth, Some(25.0)).unwrap();
                    analyzer.segments(Segmentation::Seconds(0.05)).unwrap()
                };
                let run = |analyzer: Analyzer| {
                    let (figures, summary) = analyze(analyzer, &frames, stride, bit_depth);
                    bits(&figures, &summary)
                };
                let plain = run(new().instructions(*sets.last().unwrap()));
                for &instructions in &sets {
                    let what = format!("{} {size:?} {bit_depth} bits {content:?}", instructions.name());
                    assert_eq!(run(new().instructions(instructions)), plain, "{what}");
                }
                for threads in [2, 5] {
                    assert_eq!(run(new().threads(threads)), plain, "{threads} threads {size:?} {bit_depth} bits");
                }
            }
        }
    }
}

#[test]
fn long_rows_of_extremes_overflow_nothing() {
    // The longest row there can be, with the largest differences and gradients of 12 bits and of 8.
    let (width, height) = (16_384, 9);
    for bit_depth in [8, 12] {
        let largest = (1_u16 << bit_depth) - 1;
        // Black and white in turn, three samples each: every interior gradient of a column beside an edge is largest.
        let stripes: Vec<u16> = (0..width * height).map(|i| if i % width / 3 % 2 == 0 { largest } else { 0 }).collect();
        let inverse: Vec<u16> = stripes.iter().map(|v| largest - v).collect();
        let frames = [stripes, inverse];
        for instructions in Instructions::available() {
            let analyzer = Analyzer::new(width, height, bit_depth, None).unwrap().instructions(instructions);
            let (figures, _) = analyze(analyzer, &frames, width, bit_depth);
            // Differences of ±255 steps on the 8-bit scale, half of them each but for the odd rest of the row.
            assert!((figures[1].ti.unwrap() - 255.0).abs() < 0.001, "{} {:?}", instructions.name(), figures[1]);
            // Of 3 columns 2 have the gradient 4 · 255, of which 2 in 3 columns each: its spread is 1020 · √(2/9).
            assert!((figures[0].si - 1020.0 * (2.0_f64 / 9.0).sqrt()).abs() < 0.1, "{:?}", figures[0]);
        }
    }
}
