//! `encast converge`: real encodes until the measured VMAF is the wanted one.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command as Program, Stdio},
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use crate::common::{Said, command, folder, model, names_in, run, said, write};
use crate::real_encodes::ffmpeg;

/// A clip that zooms, of a second, and where the command may work.
struct Place {
    folder: TempDir,
    ffmpeg: PathBuf,
}

impl Place {
    fn new() -> Option<Place> {
        let place = Place { ffmpeg: ffmpeg()?, folder: folder() };
        fs::create_dir(place.folder.path().join("work")).unwrap();
        film(&place.ffmpeg, &place.folder.path().join("film.mkv"));
        Some(place)
    }

    fn args(&self, more: &str) -> Vec<String> {
        let mut args = vec!["converge".to_owned(), self.path("film.mkv"), "--model".to_owned()];
        args.extend([model().display().to_string(), "--ffmpeg".to_owned(), self.ffmpeg.display().to_string()]);
        args.extend(["--work".to_owned(), self.path("work")]);
        args.extend(more.split_whitespace().map(str::to_owned));
        args
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn run(&self, more: &str) -> Said {
        let told = said(command().current_dir(self.folder.path()).args(self.args(more)).output().unwrap());
        assert!(names_in(&self.folder.path().join("work")).is_empty(), "nothing is left behind");
        told
    }
}

/// Makes the clip.
pub fn film(ffmpeg: &Path, file: &Path) {
    let made = Program::new(ffmpeg)
        .args(["-v", "error", "-f", "lavfi", "-i", "mandelbrot=size=320x180:rate=20:end_scale=0.05:end_pts=100"])
        .args(["-t", "1", "-pix_fmt", "yuv420p", "-c:v", "ffv1"])
        .arg(file)
        .status();
    assert!(made.unwrap().success());
}

#[test]
fn the_measured_vmaf_is_the_wanted_one() {
    let Some(place) = Place::new() else { return };
    let report = place.run("--target-vmaf 88 --max-encodes 8 --out best.mp4 --json").done().json();
    assert_eq!(report["reached"], true);
    let vmaf = report["vmaf"].as_f64().unwrap();
    assert!((vmaf - 88.0).abs() <= 1.0, "{report}");
    let steps = report["steps"].as_array().unwrap();
    assert_eq!(report["encodes"].as_u64().unwrap() as usize, steps.len());
    let last = steps.last().unwrap();
    assert_eq!((&last["crf"], &last["vmaf"]), (&report["crf"], &report["vmaf"]));
    // What was measured sharpens the next forecast.
    let width = |step: &serde_json::Value| {
        step["interval"]["upper"].as_f64().unwrap() - step["interval"]["lower"].as_f64().unwrap()
    };
    assert!(steps.windows(2).all(|pair| width(&pair[1]) < width(&steps[0])), "{report}");
    // The file holds the encode of the report: its size, within what the container adds.
    let bytes = fs::metadata(place.folder.path().join("best.mp4")).unwrap().len() as f64;
    let stream = report["size_mb"].as_f64().unwrap() * 1e6;
    assert!(bytes >= stream && bytes < stream + 4096.0, "{bytes} {stream}");
    // Scored anew, with nothing of the search known, it is the same encode.
    let crf = &report["crf"];
    let again = place.run(&format!("--target-vmaf 88 --min {crf} --max {crf} --json")).done().json();
    assert!((again["vmaf"].as_f64().unwrap() - vmaf).abs() < 1e-6);
}

#[test]
fn bitrates_and_sizes_converge_too() {
    let Some(place) = Place::new() else { return };
    let line =
        "--target-vmaf 80 --by bitrate --encoder libx265 --preset ultrafast --resolution 240x136 --max-encodes 10";
    let report = place.run(&format!("{line} --tolerance 2 --json")).done().json();
    assert!((report["vmaf"].as_f64().unwrap() - 80.0).abs() <= 2.0, "{report}");
    assert!(report["crf"].is_null() && report["asked_bitrate_kbps"].as_f64().unwrap() > 50.0);
    let text = place.run(&format!("{line} --tolerance 2")).done().out;
    assert!(
        text.starts_with("1: ") && text.contains(" kbit/s, forecast VMAF ") && text.contains("\nreached "),
        "{text}"
    );
}

#[test]
fn what_is_out_of_reach_is_a_no() {
    let Some(place) = Place::new() else { return };
    let told = place.run("--target-vmaf 99 --min 40 --max 42 --out best.mkv");
    assert_eq!(told.code, 1, "{}", told.err);
    assert!(told.err.contains("VMAF 99 ± 1: no setting within the limits comes nearer; CRF 40 gives "), "{}", told.err);
    assert!(told.out.contains("nearest"), "{}", told.out);
    assert!(place.folder.path().join("best.mkv").exists(), "the nearest is kept");
    let told = place.run("--target-vmaf 60 --min 18 --max 50 --tolerance 0.01 --max-encodes 1 --json");
    assert_eq!((told.code, &told.json()["reached"]), (1, &serde_json::Value::Bool(false)));
    assert!(told.err.contains("1 encodes did not reach it"), "{}", told.err);
}

#[test]
fn ctrl_c_leaves_nothing() {
    let Some(place) = Place::new() else { return };
    // Seconds of work.
    let mut program = Program::new(assert_cmd::cargo::cargo_bin("encast"));
    let args = place.args("--preset placebo --target-vmaf 93.123 --tolerance 0.01 --max-encodes 16 --out best.mkv");
    let child = program.current_dir(place.folder.path()).args(args).stdout(Stdio::null()).stderr(Stdio::piped());
    let child = child.spawn().unwrap();
    let work = place.folder.path().join("work");
    let since = Instant::now();
    while names_in(&work).is_empty() {
        assert!(since.elapsed() < Duration::from_secs(60));
        thread::sleep(Duration::from_millis(5));
    }
    assert!(Program::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.ends_with("encast: stopped: nothing was kept\n"), "{told}");
    assert_eq!(names_in(&work), Vec::<String>::new());
    assert!(!place.folder.path().join("best.mkv").exists());
}

#[test]
fn bad_input_is_told_before_any_work() {
    let folder = folder();
    let clip = write(&folder, "clip.mp4", "no video");
    let bad = |more: &[&str], parts: &[&str]| run(&[&["converge", clip.as_str()], more].concat()).is_bad(parts);
    bad(&["--target-vmaf", "101"], &["--target-vmaf 101: must be a finite number from 1 to 100"]);
    bad(&["--tolerance", "NaN"], &["--tolerance NaN"]);
    bad(&["--encoder", "libx266"], &["unknown encoder \"libx266\"", "libx264"]);
    bad(&["--preset", "warp"], &["unknown preset \"warp\" of libx264", "medium"]);
    bad(&["--max", "60"], &["--max 60", "51"]);
    bad(&["--min", "30", "--max", "20"], &["--max 20: must be a finite number from 30 to 51"]);
    bad(&["--resolution", "641x360"], &["even numbers"]);
    bad(&["--out", "/no/such/folder/best.mkv"], &["/no/such/folder"]);
    bad(&["--ffmpeg", "/no/such/ffmpeg"], &["/no/such/ffmpeg is not installed", "libvmaf"]);
    bad(&["--probe", "--model", &model().display().to_string()], &["the model names no probe recipe"]);
    let Some(ffmpeg) = ffmpeg() else { return };
    let ffmpeg = ffmpeg.display().to_string();
    bad(&["--ffmpeg", &ffmpeg], &["clip.mp4: "]);
    run(&["converge", "/no/such/clip.mp4", "--ffmpeg", &ffmpeg]).is_bad(&["/no/such/clip.mp4", "no such file"]);
}
