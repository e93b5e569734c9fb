//! The analyzer over C: how it may be called, and that its figures have the bits of the Rust API.
#![allow(clippy::expect_used, clippy::panic, reason = "helpers of tests")]

mod common;

use std::{fmt::Write as _, path::Path, process::Command};

use common::{Language, Link, compile, run, temporary};
use encast_content::{Analyzer, Complexity, Luma, Segmentation, Statistics, Summary};

const LINKS: [Link; 3] = [Link::Shared, Link::Archive, Link::Sanitized];

fn build(name: &str, standard: &'static str, link: Link, program: &Path) {
    compile(Language::C(standard), &[&format!("crates/encast-ffi/tests/c/{name}.c")], link, program);
}

#[test]
fn calls() {
    let dir = temporary();
    let program = dir.path().join("analyzer");
    for (link, standard) in LINKS.into_iter().zip(["c11", "c99", "c11"]) {
        build("analyzer", standard, link, &program);
        run(&mut Command::new(&program));
    }
}

/// A clip and how it is analysed.
struct Case {
    width: usize,
    height: usize,
    bit_depth: u8,
    /// Samples from one row to the next.
    stride: usize,
    frame_rate: Option<f64>,
    by: Option<Segmentation>,
    threads: usize,
}

const FRAMES: usize = 40;

impl Case {
    fn frame_rate(&self) -> f64 {
        self.frame_rate.unwrap_or(f64::NAN)
    }

    /// The samples of a frame: a texture that moves, noise, another level from frame 17 on; rubbish between the rows.
    fn frame(&self, n: usize) -> Vec<u16> {
        let largest = (1_u32 << self.bit_depth) - 1;
        let mut state = n as u32 * 7919 + 1;
        (0..self.stride * self.height)
            .map(|i| {
                let (x, y) = (i % self.stride, i / self.stride);
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let level = if n < 17 { largest / 8 } else { largest / 2 };
                let texture = ((x + 2 * n) * (y + 3) % 53) as u32 * largest / 200;
                let sample = (level + texture + (state >> 20) * largest / (4096 * 9)) as u16;
                if x < self.width { sample } else { state as u16 }
            })
            .collect()
    }

    fn analyzer(&self) -> Analyzer {
        let analyzer = Analyzer::new(self.width, self.height, self.bit_depth, self.frame_rate).expect("an analyzer");
        let analyzer = analyzer.threads(self.threads);
        match self.by {
            Some(by) => analyzer.segments(by).expect("segments"),
            None => analyzer,
        }
    }
}

fn bits(value: Option<f64>) -> String {
    value.map_or(" nan".to_owned(), |value| format!(" {:016x}", value.to_bits()))
}

fn of_statistics(s: Option<Statistics>) -> String {
    [s.map(|s| s.mean), s.map(|s| s.std), s.map(|s| s.min), s.map(|s| s.max), s.map(|s| s.median)].map(bits).concat()
}

/// The line that the C program prints for a clip or a segment.
fn line_of(name: &str, summary: &Summary, part: &Complexity, segments: usize) -> String {
    let frames = part.first_frame..part.first_frame + part.frames;
    let cuts = summary.cuts.iter().filter(|cut| frames.contains(cut)).count();
    let mut line = format!("{name} {} {} {}", summary.bit_depth, summary.width, summary.height);
    write!(line, " {cuts} {segments} {} {}", part.first_frame, part.frames).expect("a string grows");
    line += &bits(summary.frame_rate);
    line += &bits(part.duration_s);
    line += &bits(part.ti.map(|ti| ti.mean / (ti.mean + 10.0)));
    let of_picture = [Some(part.si), part.ti, Some(part.spatial_energy), part.temporal_energy, Some(part.luminance)];
    for statistics in of_picture.into_iter().chain([part.static_share]) {
        line += &of_statistics(statistics);
    }
    line + "\n"
}

/// What the C program prints, computed through the Rust API from planes without gaps.
fn due(case: &Case) -> String {
    let (mut analyzer, mut text) = (case.analyzer(), String::new());
    for n in 0..FRAMES {
        let wide: Vec<u16> =
            case.frame(n).chunks(case.stride).flat_map(|row| row[..case.width].iter().copied()).collect();
        let narrow: Vec<u8> = wide.iter().map(|&sample| sample as u8).collect();
        let luma = match case.bit_depth {
            8 => Luma::Eight { samples: &narrow, stride: case.width },
            _ => Luma::Sixteen { samples: &wide, stride: case.width },
        };
        let frame = analyzer.push(&luma).expect("figures");
        write!(text, "frame {n}").expect("a string grows");
        let (spatial, luminance) = (Some(frame.spatial_energy), Some(frame.luminance));
        for value in [Some(frame.si), frame.ti, spatial, frame.temporal_energy, luminance, frame.static_share] {
            text += &bits(value);
        }
        text += "\n";
    }
    let summary = analyzer.finish().expect("a summary");
    text += &line_of("clip", &summary, &summary.clip, summary.segments.len());
    for segment in &summary.segments {
        text += &line_of("segment", &summary, segment, 0);
    }
    for cut in &summary.cuts {
        writeln!(text, "cut {cut}").expect("a string grows");
    }
    text
}

#[test]
fn figures_have_the_bits_of_the_rust_api() {
    let seconds = Some(Segmentation::Seconds(0.4));
    let case = |width, height, bit_depth, stride, frame_rate, by, threads| Case {
        width,
        height,
        bit_depth,
        stride,
        frame_rate,
        by,
        threads,
    };
    let cases = [
        case(176, 144, 8, 176, Some(30.0), None, 1),
        case(165, 97, 8, 192, Some(30_000.0 / 1001.0), Some(Segmentation::Scenes), 1),
        case(165, 97, 8, 165, None, Some(Segmentation::Scenes), 3),
        case(128, 66, 10, 128, Some(25.0), seconds, 1),
        case(129, 67, 10, 160, Some(25.0), seconds, 2),
        case(70, 40, 12, 71, None, None, 1),
    ];
    let dir = temporary();
    let frames = dir.path().join("frames");
    let mut all = std::collections::BTreeSet::new();
    for link in LINKS {
        let program = dir.path().join("bits");
        build("analyzer_bits", "c11", link, &program);
        for case in &cases {
            let sample = if case.bit_depth == 8 { 1 } else { 2 };
            let samples = (0..FRAMES).flat_map(|n| case.frame(n));
            let bytes: Vec<u8> = match sample {
                1 => samples.map(|value| value as u8).collect(),
                _ => samples.flat_map(u16::to_ne_bytes).collect(),
            };
            std::fs::write(&frames, bytes).expect("a file");
            let (by, length) = match case.by {
                None => (0, f64::NAN),
                Some(Segmentation::Seconds(seconds)) => (1, seconds),
                Some(Segmentation::Scenes) => (2, f64::NAN),
            };
            let mut command = Command::new(&program);
            command.arg(&frames);
            command.args([case.width, case.height, case.bit_depth.into(), case.stride * sample].map(|n| n.to_string()));
            command.args([case.frame_rate().to_string(), by.to_string(), length.to_string()]);
            let output = run(command.arg(case.threads.to_string()));
            let (text, due) = (String::from_utf8(output.stdout).expect("UTF-8"), due(case));
            assert!(due.contains("cut 17"), "{due}");
            assert_eq!(text, due, "{link:?}, {} x {}", case.width, case.height);
            all.extend(due.lines().map(str::to_owned));
        }
    }
    assert!(all.len() > 200, "the figures differ: {}", all.len());
}
