//! The C++ wrapper: every standard takes its headers without a warning, nothing of the C header is missing in it, and
//! its test programs pass with and without exceptions.
#![allow(clippy::expect_used, clippy::panic, reason = "helpers of tests")]

mod common;

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    process::Command,
};

use common::{Language, Link, Profile, link_with, root, run, temporary};

const WARNINGS: [&str; 4] = ["-Wshadow", "-Wconversion", "-Wold-style-cast", "-Wextra-semi"];
const NO_EXCEPTIONS: [&str; 2] = ["-fno-exceptions", "-fno-rtti"];

fn headers() -> Vec<PathBuf> {
    let folder = root().join("include/encast").read_dir().expect("the wrapper's folder");
    let mut headers: Vec<PathBuf> = folder.map(|entry| entry.expect("an entry").path()).collect();
    headers.push(root().join("include/encast.hpp"));
    assert!(headers.len() > 8, "{headers:?}");
    headers
}

fn wrapper() -> String {
    headers().iter().map(|header| std::fs::read_to_string(header).expect("a header")).collect()
}

fn c_header() -> String {
    std::fs::read_to_string(root().join("include/encast.h")).expect("include/encast.h")
}

/// A C++ source of the tests as an object or a program of its own.
fn compiler(standard: &'static str) -> Command {
    let mut command = Language::Cpp(standard).compiler();
    command.args(WARNINGS);
    command
}

fn source(name: &str) -> PathBuf {
    root().join("crates/encast-ffi/tests/cpp").join(name)
}

/// Compiles a test program, and runs it with a folder of its own and the test data as its arguments.
fn passes(name: &str, standard: &'static str, link: Link, flags: &[&str]) {
    let dir = temporary();
    let program = dir.path().join("program");
    let mut command = compiler(standard);
    command.arg("-O1").args(flags).arg("-o").arg(&program).arg(source(name));
    link_with(&mut command, Profile::Dev, link);
    run(&mut command);
    run(Command::new(&program).arg(dir.path()).arg(root().join("testdata")));
}

#[test]
fn operations_give_the_bits_of_c() {
    passes("operations.cpp", "c++17", Link::Sanitized, &[]);
    passes("operations.cpp", "c++20", Link::Archive, &NO_EXCEPTIONS);
}

#[test]
fn bundles_and_training_give_the_bits_of_c() {
    passes("bundles.cpp", "c++17", Link::Archive, &NO_EXCEPTIONS);
    passes("bundles.cpp", "c++20", Link::Sanitized, &[]);
}

#[test]
fn owners_move_and_are_never_freed_twice() {
    passes("owners.cpp", "c++17", Link::Sanitized, &NO_EXCEPTIONS);
    passes("owners.cpp", "c++20", Link::Archive, &[]);
}

#[test]
fn throwing_forms_throw_the_error() {
    passes("throwing.cpp", "c++17", Link::Shared, &[]);
    passes("throwing.cpp", "c++23", Link::Sanitized, &[]);
}

#[test]
fn threads_share_a_model() {
    passes("threads.cpp", "c++17", Link::Sanitized, &["-pthread"]);
}

/// Two parts of one program, of the same standard and of different ones, with and without exceptions.
#[test]
fn parts_link_together() {
    for (a, b, flags) in [("c++17", "c++17", &[][..]), ("c++17", "c++23", &[]), ("c++20", "c++17", &NO_EXCEPTIONS)] {
        let dir = temporary();
        let objects = [("linked_a.cpp", a, &[][..]), ("linked_b.cpp", b, flags)].map(|(name, standard, flags)| {
            let object = dir.path().join(name).with_extension("o");
            run(compiler(standard).args(flags).args(["-O1", "-c", "-o"]).args([object.clone(), source(name)]));
            object
        });
        let program = dir.path().join("program");
        let mut command = compiler("c++17");
        command.arg("-o").arg(&program).args(objects);
        link_with(&mut command, Profile::Dev, Link::Shared);
        run(&mut command);
        run(&mut Command::new(&program));
    }
}

/// Without exceptions there is no form that throws.
#[test]
fn throwing_forms_are_absent_without_exceptions() {
    let dir = temporary();
    let source = dir.path().join("throwing_form.cpp");
    std::fs::write(&source, "#include <encast.hpp>\nauto *form = &encast::Model::load_default;\n").expect("the source");
    run(compiler("c++17").arg("-fsyntax-only").arg(&source));
    for flag in ["-fno-exceptions", "-DENCAST_NO_EXCEPTIONS"] {
        let output = compiler("c++17").arg("-fsyntax-only").arg(flag).arg(&source).output().expect("the compiler");
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && text.contains("load_default"), "{flag}: {text}");
    }
}

/// Each header alone, by each compiler that is there.
#[test]
fn every_header_compiles_alone() {
    let dir = temporary();
    let alone = dir.path().join("alone.cpp");
    let includes = |header: &Path| {
        let name = header.strip_prefix(root().join("include")).expect("a path");
        format!("#include <{0}>\n#include <{0}>\n", name.display())
    };
    for header in headers() {
        std::fs::write(&alone, includes(&header)).expect("the source");
        run(compiler("c++17").arg("-fsyntax-only").arg(&alone));
    }
    std::fs::write(&alone, includes(&root().join("include/encast.hpp"))).expect("the source");
    let clang = Command::new("clang++").arg("--version").output().is_ok_and(|output| output.status.success());
    for program in ["c++", "clang++"].into_iter().take(if clang { 2 } else { 1 }) {
        for standard in ["-std=c++17", "-std=c++20", "-std=c++2b"] {
            for flags in [&[][..], &NO_EXCEPTIONS] {
                let mut command = Command::new(program);
                command.args([standard, "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only"]).args(WARNINGS);
                run(command.args(flags).arg("-I").arg(root().join("include")).arg(&alone));
            }
        }
    }
    if !clang {
        println!("clang++ is not installed: its warnings were not looked for");
    }
}

/// Words of a text that start with a prefix.
fn words(text: &str, prefix: &str) -> BTreeSet<String> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.split(|c| !is_part(c)).filter(|word| word.starts_with(prefix)).map(str::to_owned).collect()
}

fn code(text: &str) -> String {
    let comment = |line: &&str| !line.trim_start().starts_with("//") && !line.starts_with(" *");
    text.lines().filter(comment).collect::<Vec<_>>().join("\n")
}

/// Every number is an enumerator of the same name, set by its macro.
#[test]
fn every_number_of_the_c_header_has_its_enumerator() {
    let wrapper = code(&wrapper());
    let groups =
        ["CODEC", "ENCODER", "FIELD", "TARGET", "STATUS", "OUTCOME", "LIMIT", "MODEL_KIND", "SEGMENTATION", "RANK_BY"];
    let mut checked = 0;
    for line in c_header().lines().filter_map(|line| line.strip_prefix("#define ENCAST_")) {
        let name = line.split_whitespace().next().expect("a name");
        let group = groups.iter().find_map(|group| name.strip_prefix(group)?.strip_prefix('_'));
        let plain = ["H", "PRESET_CAPACITY", "TEXT_CAPACITY", "LONG_TEXT_CAPACITY", "TITLE_CAPACITY"];
        match group {
            Some(word) => {
                // `unsigned` is a word of the language.
                let word = if word == "UNSIGNED" { "NOT_SIGNED" } else { word };
                let due = format!("    {} = ENCAST_{name},\n", word.to_lowercase());
                assert!(wrapper.contains(&due), "numbers.hpp has no `{}`", due.trim());
                checked += 1;
            }
            None => assert!(
                plain.contains(&name)
                    || ["LADDER_MOST", "COLUMN_NAMES_MOST", "UNKNOWN_NAME", "CORRECTION_CODECS", "ABI_VERSION"]
                        .contains(&name),
                "ENCAST_{name} is of no group that this test knows"
            ),
        }
    }
    assert!(checked > 100, "only {checked} numbers");
}

/// Every function and every struct of the C header is used by the wrapper.
#[test]
fn everything_of_the_c_header_is_wrapped() {
    let (c, wrapper) = (code(&c_header()), code(&wrapper()));
    for (prefix, least) in [("encast_", 50), ("Encast", 20)] {
        let (due, used) = (words(&c, prefix), words(&wrapper, prefix));
        let missing: Vec<_> = due.difference(&used).collect();
        assert!(missing.is_empty() && due.len() > least, "not wrapped: {missing:?}");
    }
}

/// Every class, function and enumerator has its comment, and no line is too wide.
#[test]
fn everything_is_documented() {
    let mut checked = 0;
    for header in headers() {
        let text = std::fs::read_to_string(&header).expect("a header");
        let lines: Vec<&str> = text.lines().collect();
        let mut hidden = false; // behind `private:`
        for (number, pair) in lines.windows(2).enumerate() {
            let (before, line) = (pair[0].trim_start(), pair[1]);
            let place = format!("{}:{}", header.display(), number + 2);
            assert!(line.chars().count() <= 120, "{place}: wider than 120");
            hidden = match line.trim() {
                "private:" => true,
                "};" | "public:" => false,
                _ => hidden && !line.starts_with("class "),
            };
            let word = line.trim_start();
            let indent = line.len() - word.len();
            let starts = |words: &[&str]| words.iter().any(|start| word.starts_with(start));
            let declares = starts(&["[[nodiscard]]", "class ", "struct ", "enum class ", "using ", "inline constexpr"])
                || indent == 4 && (starts(&["void ", "bool ", "explicit "]) || word.contains(" = ENCAST_"));
            if declares && !hidden && !word.starts_with("using Owner") && !word.contains("ENCAST_CPP_VARIANT") {
                let documented =
                    before.starts_with("///") || before.starts_with("template <") || word.contains("operator()");
                let local = word.starts_with("using Data")
                    || word.starts_with("using Options")
                    || word.starts_with("using Signature");
                assert!(documented || local, "{place}: no comment before: {line}");
                checked += 1;
            }
        }
    }
    assert!(checked > 200, "only {checked} declarations found");
}
