//! Calls of the system that fail while the library works: files, and memory.
#![allow(clippy::expect_used, clippy::panic, reason = "helpers of tests")]

mod common;

use std::process::Command;

use common::{Link, build, root, run, temporary};

/// A small model, so that each of many saves and loads is quick.
fn small_model() -> std::path::PathBuf {
    root().join("fuzz/seeds/bundle/boosting.encast")
}

/// Each call on a file fails once with each kind of fault.
#[test]
fn files() {
    let (programs, folder, other) = (temporary(), temporary(), temporary());
    let program = build("failing_files", Link::Shared, programs.path());
    run(Command::new(program).args([folder.path(), &small_model(), other.path()]));
}

/// Allocations are refused, one in each process.
#[test]
fn memory() {
    // Some of each call; ENCAST_FAULTS tries more.
    let most = std::env::var("ENCAST_FAULTS").unwrap_or_else(|_| "2".to_owned());
    let (programs, folder) = (temporary(), temporary());
    let program = build("failing_memory", Link::Shared, programs.path());
    let output = run(Command::new(program).args([folder.path(), &small_model()]).arg(most));
    let text = String::from_utf8_lossy(&output.stdout);
    // Shown by `cargo test -- --nocapture`.
    println!("{text}");
    assert!(text.contains(" aborts"), "no allocation was refused: {text}");
}
