//! The C and C++ examples: they compile without a warning, run, and say what they should.
#![allow(clippy::expect_used, clippy::panic, reason = "helpers of tests")]

mod common;

use std::process::Command;

use common::{Language, Link, compile, run, temporary};
use encast_content::{Statistics, Y4mReader};

fn says(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "no \"{part}\" in:\n{text}");
    }
}

#[test]
fn c_example_runs() {
    for (link, standard) in [(Link::Shared, "c11"), (Link::Archive, "c11"), (Link::Shared, "c99")] {
        let dir = temporary();
        let program = dir.path().join("example");
        compile(Language::C(standard), &["examples/c/encast_example.c"], link, &program);
        let output = run(Command::new(&program).arg(dir.path()));
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        says(&text, &["720p30_2mbps", "1080p30_4mbps", "1080p60_6mbps", "4k30_15mbps", "1080p30 at VMAF 80: "]);
        says(&text, &["1080p30 in ", " rungs:\n", " kbit/s  VMAF "]);
        says(&text, &["half the bitrate, veryfast:\n  vmaf ", "0.500  [0.500, 0.500] times\n"]);
        says(&text, &["1080p30 beside two measured encodes:\n  vmaf "]);
        says(&text, &["a mistake: frame_rate = -30", "trained made-up-1 on 160 made-up rows of 10 titles"]);
        says(&text, &["made-up.json: saved, reloaded, same bits", "made-up.encast: saved, reloaded, same bits"]);
        assert!(dir.path().join("made-up.json").exists() && dir.path().join("made-up.encast").exists());
    }
}

#[test]
fn c_sites_run() {
    for (link, standard) in [(Link::Sanitized, "c11"), (Link::Archive, "c99")] {
        let dir = temporary();
        let program = dir.path().join("sites");
        compile(Language::C(standard), &["examples/c/sites.c"], link, &program);
        let text = String::from_utf8(run(&mut Command::new(&program)).stdout).expect("UTF-8");
        says(
            &text,
            &["on a c5.2xlarge in eu-central-1:\n  time ", "  100 deliveries", "on a workstation in the cellar:\n"],
        );
        assert_eq!(text.matches("not known").count(), 6, "a machine without a price or a making: {text}");
        says(&text, &["VMAF 80 within an hour, by carbon, of ", " kbit/s: VMAF 8"]);
    }
}

/// The example's own frames: two scenes, the second of which is still.
#[test]
fn c_analysis_runs() {
    for (link, standard) in [(Link::Sanitized, "c11"), (Link::Archive, "c99")] {
        let dir = temporary();
        let program = dir.path().join("analyze");
        compile(Language::C(standard), &["examples/c/analyze.c"], link, &program);
        let text = String::from_utf8(run(&mut Command::new(&program)).stdout).expect("UTF-8");
        says(&text, &["640x360, 8 bits: 100 frames, 4.000 s, motion 0.", "scene 1: frames 0 to 49, "]);
        says(&text, &["scene 2: frames 50 to 99, ", "TI 0.000\n", "libx264 medium for VMAF 93: "]);
        says(&text, &["at that bitrate: VMAF 9", " MB, confidence 0."]);
    }
}

/// A Y4M stream in and its figures out: what the Rust reader says of the same bytes.
#[test]
fn c_analysis_reads_y4m() {
    let dir = temporary();
    let (program, clip) = (dir.path().join("analyze"), dir.path().join("clip.y4m"));
    compile(Language::C("c11"), &["examples/c/analyze.c"], Link::Sanitized, &program);
    for (colour, planes) in [("420jpeg", 2), ("mono", 0), ("444p10", 8), ("mono12", 0)] {
        let (width, height) = (52, 34);
        let wide = colour.ends_with("10") || colour.ends_with("12");
        let mut stream = format!("YUV4MPEG2 W{width} H{height} F30:1 Ip C{colour}\n").into_bytes();
        for n in 0..12 {
            stream.extend_from_slice(b"FRAME\n");
            for i in 0..width * height {
                let sample = ((i * 7 + n * 11) % 251) as u8;
                stream.push(sample);
                if wide {
                    stream.push(sample % 4);
                }
            }
            // Chroma of 4:2:0 is a quarter twice, of 4:4:4 with two bytes four times the samples.
            stream.resize(stream.len() + planes * width * height / if wide { 2 } else { 4 }, 0x55);
        }
        std::fs::write(&clip, &stream).expect("a file");
        let mut reader = Y4mReader::new(stream.as_slice()).expect("a header");
        let mut analyzer = reader.analyzer().expect("an analyzer");
        reader.analyze(&mut analyzer).expect("frames");
        let summary = analyzer.finish().expect("a summary");
        let text = String::from_utf8(run(Command::new(&program).arg(&clip)).stdout).expect("UTF-8");
        let line = |name: &str, s: Statistics| {
            format!("  {name:<16} mean {:8.3}  std {:8.3}  max {:8.3}  median {:8.3}\n", s.mean, s.std, s.max, s.median)
        };
        let bits = summary.bit_depth;
        says(&text, &[&format!("52x34, {bits} bits: 12 frames, 0.400 s"), &line("SI", summary.clip.si)]);
        says(&text, &[&line("TI", summary.clip.ti.expect("TI")), &line("luminance", summary.clip.luminance)]);
    }
}

#[test]
fn cpp_example_runs() {
    for (link, standard) in [(Link::Shared, "c++17"), (Link::Archive, "c++17"), (Link::Shared, "c++20")] {
        let dir = temporary();
        let program = dir.path().join("example");
        compile(Language::Cpp(standard), &["examples/cpp/encast_example.cpp"], link, &program);
        let output = run(&mut Command::new(&program));
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        assert_eq!(text.matches("kbit/s: VMAF").count(), 5, "{text}");
        says(&text, &["stripes at speed 0: ", "TI 0.0, motion 0.00; VMAF ", "stripes at speed 3: "]);
        says(&text, &["a mistake: bitrate_kbps = -1", "(field bitrate_kbps)"]);
    }
}
