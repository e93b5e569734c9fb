//! What tests that run real encodes need: the programs, a small grid, the rows of a table.

use std::{
    collections::HashMap,
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::common::{Said, command, said};

/// A row by the names of its columns.
pub type Row = HashMap<String, String>;

/// Says why a test does not run here. On the forge every test runs.
fn skip<T>(why: &str) -> Option<T> {
    assert!(env::var_os("CI").is_none(), "{why}");
    println!("SKIPPED: {why}");
    None
}

/// The FFmpeg with libvmaf that scripts/setup.sh --test gets.
pub fn ffmpeg() -> Option<PathBuf> {
    match env::var_os("ENCAST_FFMPEG_VMAF").map(PathBuf::from).filter(|path| path.exists()) {
        Some(path) => Some(path),
        None => skip("ENCAST_FFMPEG_VMAF names no FFmpeg with libvmaf (scripts/setup.sh --test gets one)"),
    }
}

/// A program on the PATH.
pub fn program(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    match env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file()) {
        Some(file) => Some(file),
        None => skip(&format!("{name} is not installed (scripts/setup.sh --test gets it)")),
    }
}

/// A key and a certificate of localhost that signed itself, as files in the folder; what skips the test when openssl is missing.
pub fn certificate(folder: &Path) -> Option<(String, String)> {
    let openssl = program("openssl")?;
    let path = |name: &str| folder.join(name).display().to_string();
    let (key, certificate) = (path("key.pem"), path("ca.pem"));
    let made = Command::new(openssl)
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"])
        .args(["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"])
        .args(["-addext", "basicConstraints=CA:FALSE", "-keyout", &key, "-out", &certificate])
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    Some((key, certificate))
}

/// The start of a grid: one moving clip of a second and a half, 320x180.
pub const CLIP: &str = "seconds = 1.5\nkeyframe_seconds = 1\n[[clip]]\n\
    generate = \"mandelbrot=size=320x180:rate=20:end_scale=0.05:end_pts=100\"\ntitle = \"zoom\"\nkind = \"generated\"\n";

/// Writes a grid and runs it; the table is `t.csv` in the folder.
pub fn measure(folder: &Path, grid: &str, ffmpeg: &Path, more: &[&str]) -> Said {
    measure_trusting(folder, grid, ffmpeg, more, None)
}

/// The same, with the certificates of another file than the system's.
pub fn measure_trusting(folder: &Path, grid: &str, ffmpeg: &Path, more: &[&str], certificates: Option<&str>) -> Said {
    fs::write(folder.join("grid.toml"), grid).unwrap();
    let mut command = command();
    command.current_dir(folder).args(["measure", "grid.toml", "--out", "t.csv", "--quiet", "--ffmpeg"]).arg(ffmpeg);
    command.envs(certificates.map(|file| ("SSL_CERT_FILE", file)));
    said(command.args(more).output().unwrap())
}

/// The rows of `t.csv`.
pub fn rows(folder: &Path) -> Vec<Row> {
    csv::Reader::from_path(folder.join("t.csv")).unwrap().deserialize().map(Result::unwrap).collect()
}

/// A number of a row.
pub fn number(row: &Row, column: &str) -> f64 {
    row[column].parse().unwrap_or_else(|_| panic!("{column} = \"{}\"", row[column]))
}
