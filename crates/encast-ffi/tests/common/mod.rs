//! What the tests share: the built libraries, the C and C++ compilers, a place for files.
#![allow(dead_code, clippy::expect_used, clippy::panic, reason = "helpers of tests, each of which uses its part")]

use std::{
    ffi::OsStr,
    fmt::Write as _,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::OnceLock,
};

use encast_core::{Estimate, PredictionResult, Target};

/// The folder of this crate.
pub fn crate_dir() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The root of the repository.
pub fn root() -> PathBuf {
    crate_dir().join("../..").canonicalize().expect("the repository's root")
}

/// The libraries as a C program gets them.
pub struct Libraries {
    pub shared: PathBuf,
    pub archive: PathBuf,
}

/// How the libraries are compiled.
#[derive(Clone, Copy, Debug)]
pub enum Profile {
    Dev,
    Release,
}

/// Builds the libraries once for each test program, and asks cargo where they are.
pub fn libraries(profile: Profile) -> &'static Libraries {
    static BUILT: [OnceLock<Libraries>; 2] = [OnceLock::new(), OnceLock::new()];
    BUILT[profile as usize].get_or_init(|| {
        let name = match profile {
            Profile::Dev => "dev",
            Profile::Release => "release",
        };
        let output = run(Command::new(env!("CARGO"))
            .current_dir(crate_dir())
            .args(["build", "--quiet", "-p", "encast-ffi", "--lib", "--message-format=json-render-diagnostics"])
            .args(["--profile", name]));
        let text = String::from_utf8(output.stdout).expect("cargo writes UTF-8");
        let files: Vec<PathBuf> = text
            .lines()
            .map(|line| serde_json::from_str::<serde_json::Value>(line).expect("a JSON message a line"))
            .filter(|message| message["manifest_path"].as_str().is_some_and(|path| path.contains("encast-ffi")))
            .filter_map(|message| message["filenames"].as_array().cloned())
            .flatten()
            .map(|file| PathBuf::from(file.as_str().expect("a path")))
            .collect();
        let with = |extension: &str| {
            let fits = |file: &&PathBuf| file.extension() == Some(OsStr::new(extension));
            files.iter().find(fits).unwrap_or_else(|| panic!("no .{extension} among {files:?}")).clone()
        };
        Libraries { shared: with("so"), archive: with("a") }
    })
}

/// The system's libraries that a Rust archive needs, as the compiler tells them.
pub fn native_libraries() -> Vec<String> {
    let dir = temporary();
    let source = dir.path().join("empty.rs");
    std::fs::write(&source, "").expect("a temporary file");
    let output = run(Command::new("rustc")
        .current_dir(crate_dir())
        .args(["--crate-type", "staticlib", "--print", "native-static-libs", "--out-dir"])
        .args([dir.path(), &source]));
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let list = text.split("native-static-libs:").nth(1).unwrap_or_else(|| panic!("no list in {text}"));
    list.lines().next().unwrap_or_default().split_whitespace().map(str::to_owned).collect()
}

/// How a program gets the library.
#[derive(Clone, Copy, Debug)]
pub enum Link {
    Shared,
    Archive,
    /// The shared library, and memory errors and leaks end the program.
    Sanitized,
}

/// All ways to get it.
pub const LINKS: [Link; 3] = [Link::Shared, Link::Archive, Link::Sanitized];

/// The language of a program.
#[derive(Clone, Copy, Debug)]
pub enum Language {
    C(&'static str),
    Cpp(&'static str),
}

impl Language {
    /// The compiler with warnings as errors.
    pub fn compiler(self) -> Command {
        let (program, standard) = match self {
            Language::C(standard) => ("cc", standard),
            Language::Cpp(standard) => ("c++", standard),
        };
        let mut command = Command::new(program);
        command.arg(format!("-std={standard}")).args(["-Wall", "-Wextra", "-Werror", "-pedantic"]);
        command.arg("-I").arg(root().join("include"));
        command
    }
}

/// Compiles and links a program; its sources are relative to the root of the repository.
pub fn compile(language: Language, sources: &[&str], link: Link, program: &Path) {
    compile_with(Profile::Dev, language, sources, link, program);
}

/// The same with a choice of how the library is compiled.
pub fn compile_with(profile: Profile, language: Language, sources: &[&str], link: Link, program: &Path) {
    let mut command = language.compiler();
    command.arg("-O1").arg("-o").arg(program).args(sources.iter().map(|source| root().join(source)));
    link_with(&mut command, profile, link);
    run(&mut command);
}

/// Adds the library, and the sanitizers where they are asked for, to a compiler's command.
pub fn link_with(command: &mut Command, profile: Profile, link: Link) {
    let libraries = libraries(profile);
    match link {
        Link::Shared | Link::Sanitized => {
            let folder = libraries.shared.parent().expect("a folder");
            command.arg("-L").arg(folder).arg("-lencast").arg(format!("-Wl,-rpath,{}", folder.display()));
            command.args(["-lpthread", "-lm"]);
            if matches!(link, Link::Sanitized) {
                command.args(["-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]);
            }
        }
        Link::Archive => {
            command.arg(&libraries.archive).args(native_libraries());
        }
    }
}

/// Compiles `tests/c/<name>.c` into a folder.
pub fn build(name: &str, link: Link, folder: &Path) -> PathBuf {
    let program = folder.join(format!("{name}-{link:?}"));
    compile(Language::C("c11"), &[&format!("crates/encast-ffi/tests/c/{name}.c")], link, &program);
    program
}

/// Compiles a C test program in every way, and runs it.
pub fn passes(name: &str) {
    let dir = temporary();
    for link in LINKS {
        run(&mut Command::new(build(name, link, dir.path())));
    }
}

/// The bits of numbers as the C programs print them.
pub fn bits<const N: usize>(values: [Option<f64>; N]) -> String {
    values.map(|value| value.map_or(" nan".to_owned(), |value| format!(" {:016x}", value.to_bits()))).concat()
}

/// The bits of an estimate.
pub fn estimate_bits(estimate: Option<Estimate>) -> String {
    bits([estimate.map(|e| e.value), estimate.map(|e| e.lower), estimate.map(|e| e.upper)])
}

/// The line that the C programs print for an answer.
pub fn line_of(result: &PredictionResult) -> String {
    let mut line = bits([
        result.predicted_vmaf,
        result.predicted_psnr,
        result.predicted_cost_usd,
        result.predicted_co2_kg,
        Some(result.confidence),
        result.recommended_bitrate_kbps,
        result.best_reachable_vmaf,
        result.size_mb,
        result.bandwidth_mbps,
    ]);
    let flags = (i32::from(result.target_unreachable), result.out_of_range.bits(), result.ignored.bits());
    write!(line, " {} {:x} {:x}", flags.0, flags.1, flags.2).expect("a string grows");
    Target::ALL.iter().fold(line, |line, &target| line + &estimate_bits(result.estimate(target)))
}

/// Runs a command that has to succeed.
pub fn run(command: &mut Command) -> Output {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(
        output.status.success(),
        "{command:?}: {}\n{}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

/// A folder that goes away with the value.
pub fn temporary() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

/// Compares a committed file with what it should be; with ENCAST_UPDATE=1 in the environment it is rewritten instead.
pub fn compare_committed(path: &Path, fresh: &str) {
    if std::env::var_os("ENCAST_UPDATE").is_some_and(|value| value == "1") {
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("the folder");
        std::fs::write(path, fresh).expect("the file is rewritten");
        return;
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    let differing = committed.lines().zip(fresh.lines()).position(|(old, new)| old != new);
    assert!(
        committed == fresh,
        "{} differs from the source (first in line {}): ENCAST_UPDATE=1 cargo test -p encast-ffi rewrites it",
        path.display(),
        differing.map_or(committed.lines().count().min(fresh.lines().count()), |line| line) + 1
    );
}
