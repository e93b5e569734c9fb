//! The C and C++ examples: they compile without a warning, run, and say what they should.
#![allow(clippy::expect_used, clippy::panic, reason = "helpers of tests")]

mod common;

use std::process::Command;

use common::{Language, Link, compile, run, temporary};

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
        says(&text, &["a mistake: frame_rate = -30", "trained made-up-1 on 160 made-up rows of 10 titles"]);
        says(&text, &["made-up.json: saved, reloaded, same bits", "made-up.encast: saved, reloaded, same bits"]);
        assert!(dir.path().join("made-up.json").exists() && dir.path().join("made-up.encast").exists());
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
        says(&text, &["a mistake: bitrate_kbps = -1", "(field bitrate_kbps)"]);
    }
}
