//! `docs/command.md`: every example runs, in order, and every JSON contract shown has the keys that the command prints.

use std::fs;

use serde_json::Value;

use crate::analyze::clip;
use crate::common::{TABLE, command, folder, keys, said};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/command.md");

/// A fenced block: what stands behind the fence, the text, and its line.
pub struct Block {
    pub info: String,
    pub text: String,
    line: usize,
}

pub fn blocks(page: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut open = false;
    for (line, text) in page.lines().enumerate() {
        if let Some(info) = text.strip_prefix("```") {
            open = !open;
            if open {
                blocks.push(Block { info: info.to_owned(), text: String::new(), line: line + 1 });
            }
        } else if open {
            blocks.last_mut().unwrap().text.push_str(&format!("{text}\n"));
        }
    }
    blocks
}

/// `NAME=value … encast arguments… [| reader] [> file] [# exit code N]`: runs it and returns what it printed.
fn run_line(line: &str, folder: &std::path::Path) -> String {
    let (line, expected) = match line.split_once("# exit code ") {
        Some((line, code)) => (line.trim(), code.trim().parse().unwrap()),
        None => (line, 0),
    };
    let (line, file) = line.split_once(" > ").map_or((line, None), |(line, file)| (line, Some(file)));
    let words: Vec<&str> = line.split_whitespace().collect();
    let at = words.iter().position(|word| *word == "encast").unwrap();
    let mut command = command();
    command.current_dir(folder).args(words[at + 1..].iter().map(|word| word.trim_matches('\'')));
    for setting in &words[..at] {
        let (name, value) = setting.split_once('=').unwrap();
        command.env(name, value);
    }
    let said = said(command.output().unwrap());
    assert_eq!(said.code, expected, "{line}\n{}\n{}", said.out, said.err);
    if let Some(file) = file {
        fs::write(folder.join(file), &said.out).unwrap();
    }
    said.out
}

/// Runs a line in a shell, as it stands, the command being first on PATH.
fn run_in_shell(line: &str, folder: &std::path::Path) {
    let mut paths = vec![assert_cmd::cargo::cargo_bin("encast").parent().unwrap().to_owned()];
    paths.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", line]).current_dir(folder).env("PATH", std::env::join_paths(paths).unwrap());
    let said = said(shell.stdin(std::process::Stdio::null()).output().unwrap());
    assert!(said.code == 0 && said.out.contains("clip"), "{line}\n{}\n{}", said.out, said.err);
}

/// An FFmpeg with libvmaf, when there is one, and the clip that its examples take.
#[cfg(target_os = "linux")]
fn with_vmaf(folder: &std::path::Path) -> Option<String> {
    let ffmpeg = crate::real_encodes::ffmpeg()?;
    crate::converge::film(&ffmpeg, &folder.join("film.mkv"));
    Some(ffmpeg.display().to_string())
}

#[cfg(not(target_os = "linux"))]
fn with_vmaf(_: &std::path::Path) -> Option<String> {
    None
}

#[test]
fn every_example_runs_and_every_contract_is_kept() {
    let folder = folder();
    fs::copy(TABLE, folder.path().join("T.csv")).unwrap();
    fs::write(folder.path().join("clip.y4m"), clip()).unwrap();
    fs::write(folder.path().join("other.y4m"), clip()).unwrap();
    let make = ["-v", "error", "-i", "clip.y4m", "-pix_fmt", "yuv420p", "-c:v", "mpeg4", "clip.mp4"];
    let made = std::process::Command::new("ffmpeg").args(make).current_dir(folder.path()).status();
    let ffmpeg = made.is_ok_and(|status| status.success());
    if !ffmpeg {
        eprintln!("left out: no ffmpeg");
    }
    let vmaf = with_vmaf(folder.path());
    let (mut printed, mut runs, mut contracts) = (String::new(), 0, 0);
    for block in blocks(&fs::read_to_string(PAGE).unwrap()) {
        match block.info.split_once(' ') {
            Some(("sh", "ffmpeg")) if ffmpeg => block.text.lines().for_each(|line| run_in_shell(line, folder.path())),
            Some(("sh", "ffmpeg")) => {}
            // Examples that need an FFmpeg with libvmaf, and the contracts behind them.
            Some(("sh", "vmaf")) => {
                for line in block.text.lines().filter(|_| vmaf.is_some()) {
                    printed =
                        run_line(&format!("ENCAST_FFMPEG={} {line}", vmaf.as_deref().unwrap_or("")), folder.path());
                }
            }
            Some(("json", "vmaf")) => {
                let shown: Value = serde_json::from_str(&block.text).unwrap();
                if vmaf.is_some() {
                    let real: Value = serde_json::from_str(&printed).unwrap();
                    assert_eq!(keys(&shown), keys(&real), "docs/command.md:{}", block.line);
                    assert_eq!(keys(&shown["steps"][0]), keys(&real["steps"][0]), "docs/command.md:{}", block.line);
                }
            }
            Some(("json" | "toml", name)) => fs::write(folder.path().join(name), &block.text).unwrap(),
            _ if block.info == "sh" => {
                for line in block.text.lines().filter(|line| line.contains("encast ")) {
                    printed = run_line(line, folder.path());
                    runs += 1;
                }
            }
            // A contract stands right behind the example that prints it.
            _ if block.info == "json" => {
                let shown: Value =
                    serde_json::from_str(&block.text).unwrap_or_else(|e| panic!("docs/command.md:{}: {e}", block.line));
                let real: Value = serde_json::from_str(&printed).unwrap();
                assert_eq!(keys(&shown), keys(&real), "docs/command.md:{}", block.line);
                contracts += 1;
            }
            _ => {}
        }
    }
    assert!(runs >= 22 && contracts >= 7, "{runs} examples, {contracts} contracts");
}
