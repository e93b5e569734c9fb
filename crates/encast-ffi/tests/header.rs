//! The committed header: it is what the source says, every language standard takes it without a warning, and the
//! libraries hold exactly its functions.
#![allow(clippy::expect_used, clippy::panic, reason = "helpers of tests")]

mod common;

use std::{collections::BTreeSet, process::Command};

use common::{Language, Profile, compare_committed, crate_dir, libraries, root, run, temporary};

fn committed() -> String {
    std::fs::read_to_string(root().join("include/encast.h")).expect("include/encast.h")
}

#[test]
fn is_what_the_source_says() {
    let config = cbindgen::Config::from_file(crate_dir().join("cbindgen.toml")).expect("cbindgen.toml");
    let bindings =
        cbindgen::Builder::new().with_crate(crate_dir()).with_config(config).generate().expect("cbindgen reads it");
    let mut fresh = Vec::new();
    bindings.write(&mut fresh);
    compare_committed(&root().join("include/encast.h"), &String::from_utf8(fresh).expect("UTF-8"));
}

#[test]
fn compiles_alone_in_every_standard() {
    let dir = temporary();
    let standards = [
        Language::C("c99"),
        Language::C("c11"),
        Language::C("c17"),
        Language::Cpp("c++11"),
        Language::Cpp("c++17"),
        Language::Cpp("c++20"),
    ];
    for language in standards {
        let name = if matches!(language, Language::C(_)) { "alone.c" } else { "alone.cpp" };
        let source = dir.path().join(name);
        std::fs::write(&source, "#include <encast.h>\n#include <encast.h>\nint encast_used = ENCAST_STATUS_OK;\n")
            .expect("the source");
        run(language.compiler().args(["-Wshadow", "-Wconversion", "-fsyntax-only"]).arg(&source));
    }
}

/// The functions that the header declares.
fn declared() -> BTreeSet<String> {
    let header = committed();
    let code = header.lines().filter(|line| !line.trim_start().starts_with("//") && !line.starts_with(" *"));
    code.filter_map(|line| {
        let before = &line[..line.find('(')?];
        let name = before.rsplit([' ', '*']).next()?;
        name.starts_with("encast_").then(|| name.to_owned())
    })
    .collect()
}

/// Symbols that a library defines for others to link with.
fn defined(arguments: &[&str], library: &std::path::Path) -> BTreeSet<String> {
    let output = run(Command::new("nm").args(arguments).arg("--defined-only").arg(library));
    String::from_utf8(output.stdout)
        .expect("names")
        .lines()
        .filter_map(|line| line.split_whitespace().nth(2).map(str::to_owned))
        .collect()
}

#[test]
fn shared_library_exports_what_is_declared_and_nothing_else() {
    let declared = declared();
    assert!(declared.contains("encast_predict") && declared.len() >= 20, "{declared:?}");
    assert_eq!(defined(&["-D"], &libraries(Profile::Dev).shared), declared);
}

#[test]
fn archive_defines_what_is_declared() {
    let defined = defined(&["-g", "--no-sort"], &libraries(Profile::Dev).archive);
    let ours: BTreeSet<String> = defined.into_iter().filter(|name| name.starts_with("encast_")).collect();
    assert_eq!(ours, declared());
}

#[test]
fn lines_fit_a_screen() {
    let header = committed();
    let wide: Vec<&str> = header.lines().filter(|line| line.chars().count() > 120).collect();
    assert!(wide.is_empty(), "wider than 120: {wide:#?}");
}

/// What a reader needs is there: every function and every field has its comment.
#[test]
fn everything_is_documented() {
    let header = committed();
    let lines: Vec<&str> = header.lines().collect();
    let mut checked = 0;
    for pair in lines.windows(2) {
        let (before, line) = (pair[0].trim_start(), pair[1]);
        let field = line.starts_with("    ") && line.ends_with(';') && !line.trim_start().starts_with("//");
        let function = line.contains(" encast_") && line.contains('(') && !line.trim_start().starts_with(['/', '*']);
        let constant = line.starts_with("#define ENCAST_") && line.split_whitespace().count() == 3;
        if field && !line.contains("struct Encast") && !line.contains(')') || function || constant {
            assert!(before.starts_with("//"), "no comment before: {line}");
            checked += 1;
        }
    }
    assert!(checked > 150, "only {checked} declarations found");
}
