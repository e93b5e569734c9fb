//! The sanitizers of the C test programs are really at work: programs that go wrong on purpose end as failures, each
//! with the report that is due.
#![allow(clippy::expect_used, clippy::panic, reason = "helpers of tests")]

mod common;

use std::process::Command;

use common::{Link, build, temporary};

#[test]
fn each_defect_is_reported() {
    let dir = temporary();
    let program = build("defects", Link::Sanitized, dir.path());
    for (defect, report) in [
        ("heap-overflow", "AddressSanitizer: heap-buffer-overflow"),
        ("use-after-free", "AddressSanitizer: heap-use-after-free"),
        ("stack-overflow", "AddressSanitizer: stack-buffer-overflow"),
        // The copy is of the C library, whose functions the sanitizer replaces: also those that Rust calls.
        ("library-reads-beyond", "AddressSanitizer: heap-buffer-overflow"),
        ("leak", "LeakSanitizer: detected memory leaks"),
        ("signed-overflow", "runtime error: signed integer overflow"),
        ("bad-shift", "runtime error: shift exponent 32"),
    ] {
        let output = Command::new(&program).arg(defect).output().expect("the program runs");
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{defect} passed: {text}");
        assert!(text.contains(report), "{defect}: {text}");
    }
    let sane = Command::new(&program).arg("none").output().expect("the program runs");
    assert!(sane.status.success(), "{}", String::from_utf8_lossy(&sane.stderr));
}
