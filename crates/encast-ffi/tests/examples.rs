//! The C and C++ examples: they compile without a warning, run, and say what they should.
#![allow(clippy::expect_used, clippy::panic, reason = "helpers of tests")]

mod common;

use std::{path::PathBuf, process::Command};

use common::{Language, Link, Profile, compile, link_with, root, run, temporary};
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
        let text = String::from_utf8(run(&mut Command::new(&program)).stdout).expect("UTF-8");
        says(&text, &["720p30_2mbps", "1080p30_4mbps", "1080p60_6mbps", "4k30_15mbps", "1080p30 at VMAF 80: "]);
        says(&text, &["1080p30 in ", " rungs:\n", " kbit/s  VMAF "]);
        says(&text, &["half the bitrate, veryfast:\n  vmaf ", "0.500  [0.500, 0.500] times\n"]);
        says(&text, &["1080p30 beside two measured encodes:\n  vmaf "]);
        says(&text, &["a mistake: frame_rate = -30"]);
    }
}

#[test]
fn c_minimal_runs() {
    for (link, standard) in [(Link::Sanitized, "c99"), (Link::Archive, "c11")] {
        let dir = temporary();
        let program = dir.path().join("minimal");
        compile(Language::C(standard), &["examples/c/minimal.c"], link, &program);
        let text = String::from_utf8(run(&mut Command::new(&program)).stdout).expect("UTF-8");
        says(&text, &["VMAF 9", " CPU seconds, 1800 MB\n"]);
    }
}

#[test]
fn c_retraining_runs() {
    let dir = temporary();
    let program = dir.path().join("retrain");
    compile(Language::C("c11"), &["examples/c/retrain.c"], Link::Sanitized, &program);
    let (json, binary) = (dir.path().join("made-up.json"), dir.path().join("made-up.encast"));
    for path in [&json, &binary] {
        let text = String::from_utf8(run(Command::new(&program).arg(path)).stdout).expect("UTF-8");
        says(&text, &["trained made-up-1 on 160 rows of 10 titles: ", "forecasts vmaf psnr cpu_seconds\n"]);
        says(&text, &["on unseen titles: R2 ", ": same bits\n", "before   1080 lines", "reloaded 1080 lines"]);
    }
    assert!(std::fs::read(&json).expect("JSON").starts_with(b"{"));
    // A model that is not good enough is not written: what was there stays.
    let before = std::fs::read(&binary).expect("the model");
    let output = Command::new(&program).arg(&binary).arg("1.01").output().expect("the program runs");
    assert_eq!(output.status.code(), Some(2));
    says(&String::from_utf8_lossy(&output.stdout), &["not good enough: ", "nothing was written"]);
    assert!(before == std::fs::read(&binary).expect("the model"));
}

/// An FFmpeg with libvmaf, where there is one.
fn vmaf_ffmpeg() -> Option<PathBuf> {
    let path = std::env::var_os("ENCAST_FFMPEG_VMAF").map(PathBuf::from);
    path.or_else(|| Some(root().join("build/tools/bin/ffmpeg-vmaf"))).filter(|path| path.exists())
}

/// 48 frames of a made-up scene, 4:2:0: stripes that move over a still grain.
fn made_up_clip(width: usize, height: usize) -> Vec<u8> {
    let mut stream = format!("YUV4MPEG2 W{width} H{height} F24:1 Ip C420jpeg\n").into_bytes();
    for n in 0..48 {
        stream.extend_from_slice(b"FRAME\n");
        for i in 0..width * height {
            let (x, y) = (i % width, i / width);
            stream.push((60 + 70 * ((x + 3 * n) / 20 % 2) + (x * 31 + y * 17) % 13 + y / 4) as u8);
        }
        stream.resize(stream.len() + width * height / 2, 0x70);
    }
    stream
}

/// libx264 behind a forecast: from a file and from standard input, in one pass and in two, measured where that can be.
#[test]
fn c_encoding_with_x264_runs() {
    let dir = temporary();
    let (program, clip) = (dir.path().join("x264_encode"), dir.path().join("clip.y4m"));
    let mut command = Language::C("c11").compiler();
    command.arg("-O1").arg("-o").arg(&program).arg(root().join("examples/c/x264_encode.c"));
    link_with(&mut command, Profile::Dev, Link::Sanitized);
    run(command.arg("-lx264"));
    let stream = made_up_clip(192, 108);
    std::fs::write(&clip, &stream).expect("a file");
    let vmaf = vmaf_ffmpeg();
    if vmaf.is_none() {
        println!("no FFmpeg with libvmaf: the encode is not measured");
    }
    let numbers = |text: &str, line: &str| -> (f64, f64) {
        let found = text.lines().find_map(|one| one.strip_prefix(line)).unwrap_or_else(|| panic!("{line}: {text}"));
        let mut words = found.split_whitespace().map(|word| word.parse().unwrap_or(f64::NAN));
        (words.next().expect("a bitrate"), words.next().expect("a VMAF"))
    };
    for (name, flags) in [("one.264", &["-q", "80", "-n", "20"][..]), ("two.264", &["-2", "-p", "veryfast"])] {
        let output = dir.path().join(name);
        let mut command = Command::new(&program);
        command.env_remove("ENCAST_FFMPEG_VMAF").args(flags).arg("-o").arg(&output);
        if let Some(vmaf) = &vmaf {
            command.arg("-m").arg(vmaf);
        }
        if name == "one.264" {
            command.arg(&clip);
        } else {
            command.arg("-").stdin(std::fs::File::open(&clip).expect("the clip"));
        }
        let text = String::from_utf8(run(&mut command).stdout).expect("UTF-8");
        let (asked, _) = numbers(&text, "recommended");
        let (bitrate, forecast) = numbers(&text, "encoded");
        let bytes = std::fs::read(&output).expect("the encode");
        assert!(bytes.starts_with(&[0, 0, 0, 1]), "a stream of NAL units");
        let due = bytes.len() as f64 * 8.0 / 2.0 / 1000.0; // 48 frames are two seconds
        assert!((bitrate - due).abs() <= 0.5 && asked > 0.0 && (0.0..=100.0).contains(&forecast), "{due}: {text}");
        if vmaf.is_some() {
            let (_, measured) = numbers(&text, "measured");
            assert!((1.0..=100.0).contains(&measured), "{text}");
        }
    }
    let mut left: Vec<_> =
        dir.path().read_dir().expect("the folder").map(|e| e.expect("an entry").file_name()).collect();
    left.sort();
    assert_eq!(left, ["clip.y4m", "one.264", "two.264", "x264_encode"], "statistics of two passes are removed");
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
    for (link, standard) in [(Link::Shared, "c++17"), (Link::Sanitized, "c++20")] {
        let dir = temporary();
        let program = dir.path().join("example");
        compile(Language::Cpp(standard), &["examples/cpp/encast_example.cpp"], link, &program);
        let output = run(&mut Command::new(&program));
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        assert_eq!(text.matches("kbit/s: VMAF").count(), 5, "{text}");
        says(&text, &["stripes at speed 0: ", "TI 0.0, motion 0.00; VMAF ", "stripes at speed 3: "]);
        says(&text, &["VMAF 80 by libx264: ", "rungs: ", "a mistake: bitrate_kbps = -1", "(field bitrate_kbps)"]);
    }
}
