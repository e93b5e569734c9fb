//! `encast measure`: real encodes by a real FFmpeg, and what an interruption, a bad clip or a bad grid does to them.

use std::{
    collections::{HashMap, HashSet},
    ffi::OsString,
    fs,
    path::Path,
    process::{Command as Program, Stdio},
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use crate::common::{Said, command, folder, names_in, run, said, write};
use crate::documentation::blocks;

/// An FFmpeg with libvmaf. Tests that need it are left out where there is none, but never in CI.
fn ffmpeg() -> Option<OsString> {
    let named = std::env::var_os("ENCAST_FFMPEG_VMAF").filter(|path| !path.is_empty());
    if named.is_none() {
        assert!(std::env::var_os("CI").is_none(), "ENCAST_FFMPEG_VMAF must name an FFmpeg with libvmaf");
        println!("left out: ENCAST_FFMPEG_VMAF names no FFmpeg with libvmaf");
    }
    named
}

const SOURCE: &str = "
seconds = 1
[[clip]]
generate = \"testsrc2=size=320x180:rate=10,format=yuv420p,noise=alls=6:allf=t:all_seed=3\"
title = \"bars\"
kind = \"generated\"
";

type Row = HashMap<String, String>;

fn rows(table: &Path) -> Vec<Row> {
    csv::Reader::from_path(table).unwrap().deserialize().map(Result::unwrap).collect()
}

fn number(row: &Row, column: &str) -> f64 {
    row[column].parse().unwrap_or_else(|_| panic!("{column} = '{}' in {row:?}", row[column]))
}

struct Campaign {
    folder: TempDir,
    ffmpeg: OsString,
}

impl Campaign {
    fn new(grid: &str) -> Option<Campaign> {
        let campaign = Campaign { folder: folder(), ffmpeg: ffmpeg()? };
        write(&campaign.folder, "grid.toml", grid);
        fs::create_dir(campaign.folder.path().join("work")).unwrap();
        Some(campaign)
    }

    fn args(&self) -> Vec<OsString> {
        let path = |name: &str| self.folder.path().join(name).into_os_string();
        let mut args: Vec<OsString> = vec!["measure".into(), path("grid.toml"), "--out".into(), path("t.csv")];
        args.extend(["--work".into(), path("work"), "--ffmpeg".into(), self.ffmpeg.clone()]);
        args
    }

    fn run(&self, more: &[&str]) -> Said {
        said(command().args(self.args()).args(more).output().unwrap())
    }

    fn table(&self) -> std::path::PathBuf {
        self.folder.path().join("t.csv")
    }

    /// Makes a file of the test's folder with FFmpeg.
    fn make(&self, args: &str, name: &str) {
        let words = args.split_whitespace();
        let mut program = Program::new(&self.ffmpeg);
        program.current_dir(self.folder.path()).args(["-v", "error", "-y"]).args(words).arg(name);
        assert!(program.status().unwrap().success(), "{args} {name}");
    }

    fn nothing_left_behind(&self) {
        assert_eq!(names_in(&self.folder.path().join("work")), [""; 0]);
    }
}

#[test]
fn a_grid_becomes_rows_that_make_sense() {
    let grid = format!(
        "{SOURCE}
        [probe]
        encoder = \"libx264\"
        preset = \"ultrafast\"
        crf = 30
        lines = 90
        samples = 2
        sample_seconds = 0.3
        [[encode]]
        encoder = \"libx264\"
        presets = [\"ultrafast\"]
        sizes = [1.0, 0.5]
        frame_drop = [0.0, 0.5]
        crf = [18, 40]
        [[encode]]
        encoder = \"libx265\"
        presets = [\"ultrafast\"]
        bitrate_kbps = [100, 800]
        bits_per_pixel_two_pass = [0.5]
        [[encode]]
        encoder = \"libsvtav1\"
        presets = [\"12\"]
        crf = [40]
        [[encode]]
        encoder = \"libvpx-vp9\"
        presets = [\"rt-cpu8\"]
        crf = [40]"
    );
    let Some(campaign) = Campaign::new(&grid) else { return };
    let plan = campaign.run(&["--dry-run"]).done().out;
    let parts = ["13 encodes of 1 clips", "libsvtav1", " s of encoding with 1 at"];
    assert!(parts.iter().all(|part| plan.contains(part)), "{plan}");
    assert!(!campaign.table().exists(), "a dry run writes nothing");
    let parallel = thread::available_parallelism().map_or(1, usize::from);
    campaign.run(if parallel > 1 { &["--jobs", "2", "--host", "here"] } else { &["--host", "here"] }).done();
    campaign.nothing_left_behind();
    let rows = rows(&campaign.table());
    assert_eq!(rows.len(), 13);
    assert!(rows.iter().all(|row| row["status"] == "ok" && row["title"] == "bars" && row["host"] == "here"));

    let find = |encoder: &str, height: &str, drop: &str, rate: (&str, &str)| -> &Row {
        let fits = |row: &&Row| {
            row["encoder"] == encoder
                && row["resolution_height"] == height
                && number(row, "frame_drop") == drop.parse::<f64>().unwrap()
                && row[rate.0].parse::<f64>() == rate.1.parse::<f64>()
        };
        rows.iter().find(fits).unwrap_or_else(|| panic!("{encoder} {height} {drop} {rate:?}"))
    };
    let best = find("libx264", "180", "0", ("crf", "18"));
    let worst = find("libx264", "180", "0", ("crf", "40"));
    let small = find("libx264", "90", "0", ("crf", "18"));
    let dropped = find("libx264", "180", "0.5", ("crf", "18"));
    for worse in [worst, small, dropped] {
        for quality in ["vmaf", "psnr", "ssim", "vmaf_p5", "vmaf_harmonic_mean", "bitrate_kbps"] {
            assert!(number(worse, quality) < number(best, quality), "{quality}: {worse:?}");
        }
    }
    // Every second frame is shown twice: those are as good as without the drop, the others are not.
    assert!(number(dropped, "vmaf_p5") < number(dropped, "vmaf") && number(best, "vmaf") > 90.0);
    let (slow, fast) = (find("libx265", "180", "0", ("target_bitrate_kbps", "100")), ("target_bitrate_kbps", "800"));
    assert!(number(slow, "bitrate_kbps") < 0.6 * number(find("libx265", "180", "0", fast), "bitrate_kbps"));
    let two = rows.iter().find(|row| row["rate_control"] == "abr2").unwrap();
    assert_eq!(number(two, "target_bitrate_kbps"), 288.0, "0.5 bits for each of 320x180 pixels, 10 times a second");
    for row in &rows {
        assert!(number(row, "vmaf_p5") <= number(row, "vmaf") && number(row, "cpu_seconds") > 0.0, "{row:?}");
        assert_eq!((row["frames"].as_str(), number(row, "duration_s")), ("10", 1.0));
        assert_eq!((row["vmaf_model"].as_str(), row["source_width"].as_str()), ("vmaf_v0.6.1", "320"));
        assert!((5.0..2000.0).contains(&number(row, "peak_memory_mb")), "{row:?}");
        assert!(
            !row["encoder_version"].is_empty() && !row["engine_version"].is_empty() && !row["cpu_model"].is_empty()
        );
        assert_eq!(row["probe_recipe"], "libx264 ultrafast crf 30, at most 90 lines, 2 samples of 0.3 s");
        for same in ["si_mean", "ti_mean", "temporal_energy", "probe_vmaf", "probe_psnr", "probe_bitrate_kbps"] {
            assert_eq!(number(row, same), number(best, same), "{same}");
        }
    }
    let energy = rows.iter().all(|row| row["energy_kwh"].is_empty() || number(row, "energy_kwh") > 0.0);
    assert!(energy, "absent or measured, never 0");

    // What `analyze` says of the same source.
    campaign.make(
        "-f lavfi -i testsrc2=size=320x180:rate=10,format=yuv420p,noise=alls=6:allf=t:all_seed=3 -t 1 -pix_fmt yuv420p",
        "s.y4m",
    );
    let source = campaign.folder.path().join("s.y4m").display().to_string();
    let content = run(&["analyze", &source, "--json"]).done().json();
    for column in ["si_mean", "ti_std", "spatial_energy", "luminance", "motion_intensity", "static_share"] {
        let (measured, analysed) = (number(best, column), content[column].as_f64().unwrap());
        assert!((measured - analysed).abs() <= 1e-5 * analysed, "{column}: {measured}, {analysed}");
    }

    // The rows are an encode table: another run has nothing to do, and another recipe is not mixed in.
    let before = fs::read(campaign.table()).unwrap();
    campaign.run(&[]).done();
    assert_eq!(fs::read(campaign.table()).unwrap(), before);
    write(&campaign.folder, "grid.toml", grid.replace("crf = 30", "crf = 33"));
    campaign.run(&[]).is_bad(&["crf 30", "crf 33", "--refresh"]);
    assert_eq!(fs::read(campaign.table()).unwrap(), before);
    campaign.run(&["--refresh"]).done();
    for (new, old) in self::rows(&campaign.table()).iter().zip(&rows) {
        assert!(number(new, "probe_vmaf") < number(old, "probe_vmaf") && new["probe_recipe"].contains("crf 33"));
        assert_eq!((&new["job"], &new["vmaf"], &new["si_mean"]), (&old["job"], &old["vmaf"], &old["si_mean"]));
    }
    campaign.nothing_left_behind();
}

const LONGER: &str = "
[[encode]]
encoder = \"libx264\"
presets = [\"ultrafast\", \"veryfast\"]
crf = [18, 22, 26, 30, 34, 38]
";

/// Starts a run and waits until its table has some rows.
fn started(campaign: &Campaign, rows: usize) -> std::process::Child {
    let program = assert_cmd::cargo::cargo_bin("encast");
    let mut started = Program::new(program);
    let child = started.args(campaign.args()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let since = Instant::now();
    let lines = || fs::read_to_string(campaign.table()).map_or(0, |text| text.lines().count());
    while lines() < rows + 1 {
        assert!(since.elapsed() < Duration::from_secs(120), "no row after two minutes");
        thread::sleep(Duration::from_millis(5));
    }
    child
}

#[test]
fn what_is_killed_goes_on_where_it_was() {
    let Some(campaign) = Campaign::new(&format!("{SOURCE}{LONGER}")) else { return };
    let mut kept = Vec::new();
    for rows in [1, 3, 6] {
        let mut child = started(&campaign, rows);
        child.kill().unwrap();
        child.wait().unwrap();
        // The end of a row that was being written may be missing; whole rows are not.
        let bytes = fs::read(campaign.table()).unwrap();
        let whole = bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
        assert!(bytes.starts_with(&kept), "rows of before are as they were");
        kept = bytes[..whole].to_vec();
    }
    campaign.run(&[]).done();
    assert!(fs::read(campaign.table()).unwrap().starts_with(&kept));
    let jobs: HashSet<String> = rows(&campaign.table()).iter().map(|row| row["job"].clone()).collect();
    assert_eq!((jobs.len(), rows(&campaign.table()).len()), (12, 12), "no row lost, none twice");
    campaign.nothing_left_behind();
}

#[test]
fn ctrl_c_ends_it_at_once_and_cleanly() {
    let Some(campaign) = Campaign::new(&format!("{SOURCE}{LONGER}")) else { return };
    let child = started(&campaign, 2);
    // A second program must not write into the same table meanwhile.
    campaign.run(&[]).is_bad(&["t.csv", "another encast measure"]);
    let asked = Instant::now();
    let kill = Program::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(kill.success());
    let output = child.wait_with_output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("the same command goes on from here"), "{told}");
    assert!(asked.elapsed() < Duration::from_secs(20));
    campaign.nothing_left_behind();
    assert!(rows(&campaign.table()).iter().all(|row| row["status"] == "ok"), "what was interrupted did not fail");
    campaign.run(&[]).done();
    assert_eq!(rows(&campaign.table()).len(), 12);
}

#[test]
fn what_fails_is_a_row_and_not_the_end() {
    let Some(mut campaign) = Campaign::new(&format!("{SOURCE}{LONGER}")) else { return };
    // FFmpeg, but for one of the encodes.
    let real = campaign.ffmpeg.to_str().unwrap();
    let script = format!(
        "#!/bin/sh\ncase \"$*\" in *ultrafast*'-crf 26'*) echo 'Error: out of luck' >&2; exit 3;; esac\nexec {real} \"$@\"\n"
    );
    let path = write(&campaign.folder, "ffmpeg.sh", script);
    fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let whole = std::mem::replace(&mut campaign.ffmpeg, path.into());
    let told = campaign.run(&[]);
    assert_eq!(told.code, 1, "{}", told.err);
    assert!(
        told.err.contains("1 encodes failed") && told.err.contains("bars libx264 ultrafast failed"),
        "{}",
        told.err
    );
    let of =
        |status: &str| rows(&campaign.table()).into_iter().filter(|row| row["status"] == status).collect::<Vec<_>>();
    let failed = of("failed");
    assert_eq!((failed.len(), of("ok").len()), (1, 11));
    assert_eq!((number(&failed[0], "crf"), failed[0]["vmaf"].as_str()), (26.0, ""));
    assert!(failed[0]["error"].ends_with("Error: out of luck"), "{}", failed[0]["error"]);
    assert_eq!(campaign.run(&[]).code, 1, "it stays said");
    assert_eq!(campaign.run(&["--retry-failed"]).code, 1);
    assert_eq!((of("failed").len(), of("ok").len()), (1, 11), "tried again, not noted twice");
    campaign.ffmpeg = whole;
    campaign.run(&["--retry-failed"]).done();
    assert_eq!(rows(&campaign.table()).iter().filter(|row| row["status"] == "ok").count(), 12);
    campaign.nothing_left_behind();
}

#[test]
fn odd_clips_are_measured_or_told_of() {
    let names =
        ["odd.mkv", "one.mkv", "ten.mkv", "uneven.mkv", "444.mkv", "sound.mka", "cut.mp4", "zero.mp4", "text.mp4"];
    let clips: String = names.iter().map(|name| format!("[[clip]]\nfile = \"{name}\"\n")).collect();
    let grid = format!(
        "seconds = 1\n{clips}[[clip]]\nfile = \"none.mp4\"\n[[clip]]\nfile = \"odd.mkv\"\ntitle = \"late\"\n\
         start_seconds = 9\n[[encode]]\nencoder = \"libx264\"\n\
         presets = [\"ultrafast\"]\ncrf = [30]\n"
    );
    let Some(campaign) = Campaign::new(&grid) else { return };
    let source = "-f lavfi -i testsrc2=size=321x181:rate=10 -t 1";
    campaign.make(&format!("{source} -c:v ffv1 -pix_fmt yuv444p"), "odd.mkv");
    campaign.make(&format!("{source} -frames:v 1 -c:v ffv1"), "one.mkv");
    campaign.make(&format!("{source} -vf scale=320:180,format=yuv420p10le -c:v ffv1 -color_trc smpte2084"), "ten.mkv");
    campaign.make(&format!("{source} -vf setpts=N*N/100/TB,scale=320:180 -fps_mode vfr -c:v ffv1"), "uneven.mkv");
    campaign.make(&format!("{source} -vf scale=320:180 -c:v libx264 -pix_fmt yuv444p -qp 0"), "444.mkv");
    campaign.make("-f lavfi -i sine -t 1", "sound.mka");
    campaign.make(&format!("{source} -c:v libx264 -pix_fmt yuv444p"), "whole.mp4");
    let whole = fs::read(campaign.folder.path().join("whole.mp4")).unwrap();
    fs::write(campaign.folder.path().join("cut.mp4"), &whole[..whole.len() / 2]).unwrap();
    fs::write(campaign.folder.path().join("zero.mp4"), "").unwrap();
    fs::write(campaign.folder.path().join("text.mp4"), "no video at all\n".repeat(100)).unwrap();
    let told = campaign.run(&[]);
    assert_eq!(told.code, 1, "{}", told.err);
    for name in ["sound", "cut", "zero", "text", "none", "late"] {
        assert!(told.err.contains(&format!("warning: {name} is left out")), "{name}: {}", told.err);
    }
    assert!(["6 clips could not be read", "no frame from"].iter().all(|part| told.err.contains(part)), "{}", told.err);
    let rows: HashMap<String, Row> =
        rows(&campaign.table()).into_iter().map(|row| (row["title"].clone(), row)).collect();
    assert_eq!(rows.len(), 5, "{:?}", rows.keys());
    assert!(rows.values().all(|row| row["status"] == "ok"), "{rows:?}");
    assert_eq!((rows["odd"]["source_width"].as_str(), rows["odd"]["source_height"].as_str()), ("320", "180"));
    assert_eq!((rows["one"]["frames"].as_str(), rows["one"]["ti_mean"].as_str()), ("1", ""), "unknown, not 0");
    assert_eq!((rows["ten"]["bit_depth"].as_str(), rows["444"]["bit_depth"].as_str()), ("10", "8"));
    assert!(number(&rows["ten"], "vmaf") > 50.0 && number(&rows["uneven"], "vmaf") > 50.0);
    campaign.nothing_left_behind();
}

#[test]
fn bad_grids_are_refused_by_field_value_and_bound() {
    let folder = folder();
    let encode = "[[encode]]\nencoder = \"libx264\"\npresets = [\"medium\"]\ncrf = [23]\n";
    let good = format!("{SOURCE}{encode}");
    let out = folder.path().join("t.csv").display().to_string();
    let refuse = |grid: &str, parts: &[&str]| {
        let path = write(&folder, "g.toml", grid);
        run(&["measure", &path, "--out", &out]).is_bad(parts);
        assert!(!Path::new(&out).exists());
    };
    refuse(&good.replace("seconds = 1", "seconds = 0"), &["seconds = 0", "0.1 to 3600"]);
    refuse(&good.replace("crf = [23]", "crf = [52]"), &["encode[0].crf = 52", "0 to 51"]);
    refuse(&good.replace("crf = [23]", ""), &["encode[0]", "needs crf, bitrate_kbps or bits_per_pixel"]);
    refuse(&good.replace("libx264", "h264"), &["encode[0].encoder", "\"h264\"", "libx264, libx265"]);
    refuse(&good.replace("medium", "middling"), &["\"middling\"", "ultrafast"]);
    refuse(&good.replace("crf = [23]", "crf = [23]\nsizes = [0]"), &["encode[0].sizes = 0"]);
    refuse(&good.replace("crf = [23]", "crf = [23]\nsizes = [1.5]"), &["encode[0].sizes = 1.5", "0.05 to 1"]);
    refuse(&good.replace("crf = [23]", "crf = [23]\nframe_drop = [1.0]"), &["encode[0].frame_drop = 1", "0.9"]);
    refuse(&good.replace("crf = [23]", "crf = [23]\ncolour = 1"), &["g.toml:11", "colour", "presets"]);
    refuse(&good.replace("title =", "file = \"a\"\ntitle ="), &["clip[0]", "either file or generate"]);
    refuse(&good.replace("seconds = 1", "seconds = nan"), &["seconds = NaN"]);
    refuse(&good.replace("crf = [23]", "crf = [23]\nsizes = [\"720p\"]"), &["g.toml:", "lines (360)"]);
    refuse(SOURCE, &["no [[encode]]"]);
    refuse(encode, &["no [[clip]]"]);
    refuse("][", &["g.toml:1"]);
    let vp9 = "[[encode]]\nencoder = \"libvpx-vp9\"\npresets = [\"rt-cpu8\"]\nbitrate_kbps_two_pass = [100]\n";
    refuse(&format!("{SOURCE}{vp9}"), &["rt-cpu8", "no two passes"]);
    run(&["measure", "/no/such/grid.toml", "--out", &out]).is_bad(&["/no/such/grid.toml"]);
    let path = write(&folder, "g.toml", good);
    let parts = ["/no/such/ffmpeg", "is not installed", "imageio-ffmpeg"];
    run(&["measure", &path, "--out", &out, "--ffmpeg", "/no/such/ffmpeg"]).is_bad(&parts);
    run(&["measure", &path, "--out", &out, "--cores", "100000"]).is_bad(&["--cores 100000"]);
}

#[test]
fn a_table_of_another_kind_is_not_touched() {
    let Some(campaign) = Campaign::new(&format!("{SOURCE}{LONGER}")) else { return };
    fs::write(campaign.table(), "title,vmaf\na,93\n").unwrap();
    campaign.run(&[]).is_bad(&["t.csv", "columns differ"]);
    assert_eq!(fs::read_to_string(campaign.table()).unwrap(), "title,vmaf\na,93\n");
    let full = campaign.run(&["--max-disk-mb", "1"]);
    full.is_bad(&["t.csv"]);
    fs::remove_file(campaign.table()).unwrap();
    campaign.run(&["--max-disk-mb", "1"]).is_bad(&["--max-disk-mb 1", "bars takes 1 MB"]);
}

#[test]
fn the_first_run_of_its_page_works() {
    let Some(ffmpeg) = ffmpeg() else { return };
    let folder = folder();
    let page = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/measure.md")).unwrap();
    let blocks = blocks(&page);
    let first = |info: &str| &blocks.iter().find(|block| block.info == info).unwrap().text;
    write(&folder, "grid.toml", first("toml"));
    for line in first("sh").lines() {
        let words = line.strip_prefix("encast ").unwrap().split_whitespace();
        said(command().current_dir(folder.path()).env("ENCAST_FFMPEG", &ffmpeg).args(words).output().unwrap()).done();
    }
    assert_eq!(names_in(folder.path()), ["curves.svg", "grid.toml", "measured.csv"]);
    assert_eq!(rows(&folder.path().join("measured.csv")).len(), 12);
    let drawn = fs::read_to_string(folder.path().join("curves.svg")).unwrap();
    for text in ["testsrc2", "bitrate, kbit/s", "VMAF", "libx264 veryfast", "libx264 medium"] {
        assert!(drawn.contains(text), "{text} is not in the plot");
    }
}
