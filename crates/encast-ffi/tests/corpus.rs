//! The corpus in testdata/, run by C and by C++: the bits and the errors that Rust and Go are held to.
#![allow(clippy::expect_used, clippy::panic, reason = "helpers of tests")]

mod common;

use std::process::Command;

use common::{Language, Link, Profile, link_with, root, run, temporary};

fn runs(language: Language, source: &str, link: Link, libraries: &[&str]) {
    let dir = temporary();
    let program = dir.path().join("corpus");
    let mut command = language.compiler();
    // Not optimized: the JSON library of C++ takes the compiler longer than the corpus takes the program.
    command.arg("-o").arg(&program).arg(root().join("crates/encast-ffi/tests").join(source));
    link_with(&mut command, Profile::Dev, link);
    run(command.args(libraries));
    let output = run(Command::new(&program).arg(root().join("testdata")));
    println!("{language:?}: {}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn in_c() {
    for link in [Link::Sanitized, Link::Archive] {
        runs(Language::C("c11"), "c/corpus.c", link, &["-lcjson"]);
    }
}

#[test]
fn in_cpp() {
    runs(Language::Cpp("c++17"), "cpp/corpus.cpp", Link::Sanitized, &[]);
}
