//! What a compiled program depends on: offsets and sizes of the structs, numbers of the constants. Once released, a
//! line of `tests/abi/v1.txt` never changes; new ones may come.
#![allow(clippy::expect_used, clippy::panic, reason = "helpers of tests")]

mod common;

use std::{fmt::Write as _, process::Command};

use common::{Language, compare_committed, crate_dir, root, run, temporary};

/// A program that prints every constant and the place of every field of the header.
fn program(header: &str) -> String {
    let mut source = "#include <encast.h>\n#include <stdio.h>\nint main(void) {\n".to_owned();
    let mut name = None;
    for line in header.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            ["#define", constant, _] => {
                writeln!(source, "printf(\"{constant} %ld\\n\", (long)({constant}));").expect("grows");
            }
            ["typedef", "struct", opened, "{"] => name = Some(opened.to_owned()),
            ["}", ..] if name.is_some() => {
                let name = name.take().expect("an open struct");
                writeln!(source, "printf(\"{name} size %zu\\n\", sizeof({name}));").expect("grows");
            }
            [.., field] if line.ends_with(';') && !line.contains("//") => {
                let Some(name) = &name else { continue };
                let field = field.trim_start_matches('*').trim_end_matches(';').split('[').next().expect("a name");
                writeln!(
                    source,
                    "printf(\"{name}.{field} at %zu size %zu\\n\", offsetof({name}, {field}), sizeof((({name} *)0)->{field}));"
                )
                .expect("grows");
            }
            _ => {}
        }
    }
    source + "return 0;\n}\n"
}

/// The declarations of the functions, one a line: argument names and comments are no part of the ABI, but programs are
/// read by them.
fn functions(header: &str) -> String {
    let mut lines = String::new();
    let mut open = false;
    for line in header.lines() {
        open |= !line.starts_with(['/', '#', ' ']) && line.contains(" encast_") | line.contains(" *encast_");
        if open {
            lines += &line.split_whitespace().collect::<Vec<_>>().join(" ");
            open = !line.ends_with(';');
            lines.push(if open { ' ' } else { '\n' });
        }
    }
    lines
}

/// Bytes between fields would be filled with whatever the library's stack held.
fn holes(layout: &str) -> Vec<String> {
    let mut end = 0;
    let mut holes = Vec::new();
    for line in layout.lines() {
        match line.split_whitespace().collect::<Vec<_>>()[..] {
            [field, "at", at, "size", size] => {
                let (at, size): (usize, usize) = (at.parse().expect("a number"), size.parse().expect("a number"));
                if at != 0 && at != end {
                    holes.push(format!("{} bytes before {field}", at - end));
                }
                end = at + size;
            }
            [name, "size", size] if size != end.to_string() => holes.push(format!("behind the last field of {name}")),
            _ => {}
        }
    }
    holes
}

#[test]
fn layout_is_the_released_one() {
    let dir = temporary();
    let header = std::fs::read_to_string(root().join("include/encast.h")).expect("include/encast.h");
    let (source, binary) = (dir.path().join("layout.c"), dir.path().join("layout"));
    std::fs::write(&source, program(&header)).expect("the source");
    run(Language::C("c11").compiler().arg(&source).arg("-o").arg(&binary));
    let output = run(&mut Command::new(&binary));
    let layout = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(layout.lines().count() > 150 && layout.contains("EncastFeatures.preset at 12 size 24"), "{layout}");
    assert_eq!(holes(&layout), Vec::<String>::new());
    let functions = functions(&header);
    assert!(functions.contains("int32_t encast_free_model(struct EncastModel *model);\n"), "{functions}");
    assert!(functions.contains("const char *encast_version(void);\n"), "{functions}");
    compare_committed(&crate_dir().join("tests/abi/v1.txt"), &(layout + &functions));
}
