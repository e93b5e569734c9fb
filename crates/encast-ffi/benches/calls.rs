//! `cargo bench -p encast-ffi`: builds the release library, compiles `tests/c/bench.c` against it, and runs it.
#![allow(clippy::expect_used, clippy::panic, reason = "a bench has nobody to hand an error to")]

#[path = "../tests/common/mod.rs"]
mod common;

use std::process::Command;

use common::{Language, Link, Profile, compile_with, temporary};

fn main() {
    // cargo test --benches runs this too, without the argument.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let dir = temporary();
    for link in [Link::Shared, Link::Archive] {
        let program = dir.path().join("bench");
        compile_with(Profile::Release, Language::C("c11"), &["crates/encast-ffi/tests/c/bench.c"], link, &program);
        println!("{link:?}:");
        let status = Command::new(&program).status().expect("the bench runs");
        assert!(status.success(), "{status}");
    }
}
