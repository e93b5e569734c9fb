//! The archive beside another Rust archive in one program, as cgo programs and plugins have it: their copies of the
//! standard library may not collide.
#![allow(clippy::expect_used, clippy::panic, reason = "helpers of tests")]

mod common;

use std::process::Command;

use common::{Language, Profile, libraries, native_libraries, run, temporary};

const OTHER: &str = r#"
#[unsafe(no_mangle)]
pub extern "C" fn other_sum(n: u64) -> u64 {
    let caught = std::panic::catch_unwind(|| panic!("in the other archive")).is_err();
    let numbers: Vec<u64> = (0..n).collect();
    std::thread::spawn(move || numbers.iter().sum::<u64>()).join().unwrap() + u64::from(caught)
}
"#;

const PROGRAM: &str = r#"
#include <encast.h>
uint64_t other_sum(uint64_t n);
int main(void) {
    EncastModel *model;
    if (encast_load_default_model(&model) != ENCAST_STATUS_OK || other_sum(10) != 46) {
        return 1;
    }
    encast_free_model(model);
    return encast_load_model("not there", &model) == ENCAST_STATUS_MODEL_MISSING ? 0 : 1;
}
"#;

#[test]
fn links_with_another_rust_archive() {
    let dir = temporary();
    let (other, source, main) = (dir.path().join("libother.a"), dir.path().join("other.rs"), dir.path().join("main.c"));
    std::fs::write(&source, OTHER).expect("a file");
    std::fs::write(&main, PROGRAM).expect("a file");
    let mut rustc = Command::new("rustc");
    // In the repository, so that its toolchain file counts.
    rustc.current_dir(common::crate_dir()).args(["--edition", "2024", "-O", "--crate-type", "staticlib", "-o"]);
    run(rustc.arg(&other).arg(&source));
    let archive = &libraries(Profile::Dev).archive;
    for (name, order) in [("first", [archive, &other]), ("second", [&other, archive])] {
        let program = dir.path().join(name);
        let mut command = Language::C("c11").compiler();
        run(command.arg("-o").arg(&program).arg(&main).args(order).args(native_libraries()));
        run(&mut Command::new(&program));
    }
}
