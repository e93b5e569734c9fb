//! Test programs under Valgrind's memcheck, which sees what the compiled library does to memory, byte by byte: reads of
//! what was never written, and leaks. `make valgrind` runs all of them.
#![allow(clippy::expect_used, clippy::panic, reason = "helpers of tests")]

mod common;

use std::{path::Path, process::Command};

use common::{Link, build, root, run, temporary};

/// Any error ends with this status, which no test program has.
const ERROR: &str = "--error-exitcode=77";

fn memcheck(program: &Path) -> Command {
    let mut command = Command::new("valgrind");
    command.args(["--quiet", ERROR, "--leak-check=full", "--errors-for-leak-kinds=definite", "--num-callers=30"]);
    command.arg(program);
    command
}

/// Programs without arguments.
fn pass(names: &[&str]) {
    let dir = temporary();
    for name in names {
        run(&mut memcheck(&build(name, Link::Shared, dir.path())));
    }
}

#[test]
fn defects_are_seen() {
    let dir = temporary();
    let program = build("defects", Link::Shared, dir.path());
    for (defect, report) in [
        ("library-reads-beyond", "Invalid read"),
        ("use-after-free", "Invalid read"),
        ("leak", "77 bytes in 1 blocks are definitely lost"),
    ] {
        let output =
            memcheck(&program).arg(defect).output().expect("valgrind runs: scripts/setup.sh --test installs it");
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(77), "{defect}: {text}");
        assert!(text.contains(report), "{defect}: {text}");
    }
}

/// A quick subset: every kind of handle, structs of every version, wrong arguments.
#[test]
fn quick_programs() {
    pass(&["arguments", "handles"]);
}

#[test]
#[ignore = "minutes: make valgrind"]
fn all_programs() {
    pass(&["inputs", "search", "training", "threads", "anchors", "compare", "advise", "analyzer"]);
    let (programs, folder) = (temporary(), temporary());
    run(memcheck(&build("sites", Link::Shared, programs.path())).arg(folder.path()));
    let folder = temporary();
    run(memcheck(&build("garbage", Link::Shared, programs.path())).arg(folder.path()));
    let (folder, other) = (temporary(), temporary());
    let model = root().join("fuzz/seeds/bundle/boosting.encast");
    run(memcheck(&build("failing_files", Link::Shared, programs.path())).args([folder.path(), &model, other.path()]));
}
