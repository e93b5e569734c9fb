//! `encast retrain`: the gates, the place, going back, signatures, kills at any moment, and the watch.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;
use tempfile::TempDir;

use crate::common::{Said, TABLE, command, folder, names_in, said};
use crate::real_encodes::program;

/// When the serving model was trained; all observations are newer.
const TRAINED_AT: i64 = 1_700_000_000;

/// A folder with a base table of seven titles, observations of five others, and a bundle of the base that serves.
struct Loop {
    folder: TempDir,
}

impl Loop {
    fn new(bundle: &str) -> Loop {
        let new = Loop { folder: folder() };
        let text = fs::read_to_string(TABLE).unwrap();
        let header = text.lines().next().unwrap();
        let (mut titles, mut base, mut observed) =
            (Vec::new(), format!("{header}\n"), format!("{header},id,observed_at\n"));
        for (at, line) in text.lines().skip(1).enumerate() {
            let title = line.split(',').next().unwrap();
            if !titles.contains(&title) {
                titles.push(title);
            }
            if titles.iter().position(|known| *known == title) < Some(7) {
                base.push_str(&format!("{line}\n"));
            } else {
                observed.push_str(&format!("{line},job-{at},{}\n", TRAINED_AT + 100 + at as i64));
            }
        }
        fs::write(new.path("base.csv"), base).unwrap();
        fs::write(new.path("obs.csv"), observed).unwrap();
        let args = ["train", "--data", "base.csv", "--targets", "psnr", "--quiet", "--out", bundle];
        let trained = new.run_at(TRAINED_AT, &args);
        trained.done();
        new
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn run_at(&self, moment: i64, args: &[&str]) -> Said {
        let mut command = command();
        command.current_dir(self.folder.path()).env("SOURCE_DATE_EPOCH", moment.to_string()).args(args);
        said(command.output().unwrap())
    }

    /// The usual run: PSNR alone, which learns fast, and gates that so few titles can keep.
    fn retrain(&self, more: &[&str]) -> Said {
        self.run_at(TRAINED_AT + 1000, &[&USUAL[..], more].concat())
    }

    fn status(&self) -> Value {
        serde_json::from_slice(&fs::read(self.path("m.encast.retrain.json")).unwrap()).unwrap()
    }
}

const USUAL: [&str; 13] = [
    "retrain",
    "--data",
    "base.csv",
    "--from",
    "obs.csv",
    "--out",
    "m.encast",
    "--compare",
    "psnr",
    "--require",
    "psnr.r2=0",
    "--quiet",
    "--json",
];

fn version(path: &Path) -> String {
    let inspected = said(command().arg("inspect").arg(path).arg("--json").output().unwrap()).done().json();
    inspected["version"].as_str().unwrap().to_owned()
}

#[test]
fn a_better_model_takes_the_place_and_the_old_one_can_be_put_back() {
    let new = Loop::new("m.encast");
    let old = fs::read(new.path("m.encast")).unwrap();
    let report = new.retrain(&[]).done().json();
    assert_eq!((&report["outcome"], &report["reason"]), (&"placed".into(), &"gates_kept".into()), "{report:#}");
    assert_eq!((&report["rows"], &report["titles"]), (&394.into(), &12.into()));
    let compared = &report["compared"][0];
    assert!(compared["candidate_mae"].as_f64().unwrap() < compared["serving_mae"].as_f64().unwrap(), "{report:#}");
    assert_eq!(compared["titles"], 3, "of five new ones");
    let placed = report["candidate_version"].as_str().unwrap();
    // Date and time, and what it was trained on.
    assert!(placed.starts_with("2023.11.14-2230-") && placed.len() == 24, "{placed}");
    assert_eq!(version(&new.path("m.encast")), placed);
    let names = [
        "base.csv",
        "m.encast",
        "m.encast.collected.csv",
        "m.encast.previous",
        "m.encast.retrain.json",
        "m.encast.retrain.lock",
        "obs.csv",
    ];
    assert_eq!(names_in(new.folder.path()), names);
    let status = new.status();
    assert_eq!((&status["outcome"], &status["serving_version"]), (&"placed".into(), &placed.into()));
    for key in [
        "started_at",
        "finished_at",
        "outcome",
        "reason",
        "message",
        "serving_version",
        "candidate_version",
        "rows",
        "titles",
        "gates",
        "runs",
        "last_success_at",
        "rolled_back_at",
        "every",
    ] {
        assert!(status.get(key).is_some(), "{key}");
    }
    assert_eq!(status["runs"], serde_json::json!({"placed": 1, "refused": 0, "failed": 0, "unchanged": 0}));

    // Nothing is newer than what serves now.
    let again = new.retrain(&[]);
    assert_eq!(again.code, 1, "{}", again.err);
    assert_eq!(again.json()["reason"], "too_few_new_rows");
    assert_eq!(version(&new.path("m.encast")), placed);

    let back = ["retrain", "--rollback", "--out", "m.encast"];
    // What can't be asked is told before anything is put back, as before a run.
    let wrong = ["--reload-url", "reload"];
    new.run_at(0, &[&back[..], &wrong].concat()).is_bad(&["--reload-url", "must be a URL"]);
    new.retrain(&wrong).is_bad(&["--reload-url", "must be a URL"]);
    assert_eq!(version(&new.path("m.encast")), placed);
    // Who can't be reached changes nothing of what was done.
    let gone = new.run_at(0, &[&back[..], &["--reload-url", "http://127.0.0.1:1/reload"]].concat()).done();
    assert!(gone.err.contains("was not asked to load it"), "{}", gone.err);
    assert!(fs::read(new.path("m.encast")).unwrap() == old);
    assert_eq!(new.status()["reason"], "rolled_back");
    let back_at = new.status()["rolled_back_at"].clone();
    assert!(back_at.is_i64());
    assert_eq!(new.status()["runs"]["placed"], 2);
    assert_eq!(names_in(&new.path("m.encast.previous")), ["rolled-back.encast"]);
    // The rows that made it are no longer new: the model that was taken back is not made again.
    assert_eq!(new.retrain(&[]).json()["reason"], "too_few_new_rows");
    assert_eq!(new.status()["rolled_back_at"], back_at);
    new.run_at(0, &back).is_bad(&["no earlier bundle"]);
}

#[test]
fn on_a_miss_nothing_changes_and_the_reason_is_told() {
    let new = Loop::new("m.encast");
    let old = fs::read(new.path("m.encast")).unwrap();
    let refused = |more: &[&str], reason: &str, outcome: &str| {
        let said = new.retrain(more);
        assert_eq!(said.code, 1, "{}", said.err);
        let report = said.json();
        assert_eq!((&report["reason"], &report["outcome"]), (&reason.into(), &outcome.into()), "{report:#}");
        assert_eq!(new.status()["reason"], reason);
        assert!(fs::read(new.path("m.encast")).unwrap() == old);
        assert!(!new.path("m.encast.previous").exists());
        report
    };
    let report = refused(&["--require", "psnr.r2=0.9999"], "gate_missed", "refused");
    assert_eq!(report["gates"].as_array().unwrap().iter().filter(|gate| gate["passed"] == false).count(), 1);
    refused(&["--min-new", "10000"], "too_few_new_rows", "unchanged");
    refused(&["--holdout-titles", "6"], "too_little_new_data", "unchanged");
    // A target that the serving model does not forecast can't be shown to be no worse.
    refused(&["--compare", "vmaf"], "worse_on_newest_data", "refused");
    // Observations whose PSNR is another one: what is learnt without them errs as much as before, which the tolerance of a
    // share of nothing refuses, or by luck keeps; what is learnt from shuffled labels must not pass.
    let shuffled = shuffled(&fs::read_to_string(new.path("base.csv")).unwrap());
    fs::write(new.path("base.csv"), shuffled).unwrap();
    refused(&[], "worse_on_newest_data", "refused");
    assert_eq!(new.status()["runs"], serde_json::json!({"placed": 0, "refused": 3, "failed": 0, "unchanged": 2}));
}

/// The same rows with the PSNR of others: three quarters of what a model learns from is noise.
fn shuffled(table: &str) -> String {
    let rows: Vec<Vec<&str>> = table.lines().map(|line| line.split(',').collect()).collect();
    let psnr = rows[0].iter().position(|name| *name == "psnr").unwrap();
    let count = rows.len() - 1;
    let cell =
        |row: usize, at: usize| if row > 0 && at == psnr { rows[1 + (row * 97) % count][at] } else { rows[row][at] };
    (0..rows.len())
        .map(|row| (0..rows[row].len()).map(|at| cell(row, at)).collect::<Vec<_>>().join(",") + "\n")
        .collect()
}

#[test]
fn what_does_not_work_is_failed_and_told_in_the_status() {
    let new = Loop::new("m.encast");
    let gone = said(
        command()
            .current_dir(new.folder.path())
            .args(["retrain", "--from", "http://127.0.0.1:1/observations", "--retries", "0", "--out", "m.encast"])
            .output()
            .unwrap(),
    );
    assert_eq!(gone.code, 2);
    assert_eq!((&new.status()["outcome"], &new.status()["reason"]), (&"failed".into(), &"export_failed".into()));
    fs::write(new.path("m.encast.retrain.json"), "{ damaged").unwrap();
    fs::write(new.path("m.encast"), "damaged").unwrap();
    assert_eq!(new.retrain(&[]).code, 2);
    assert_eq!(new.status()["reason"], "serving_model_unusable");
    assert_eq!(new.status()["runs"]["failed"], 1, "a damaged status file is no obstacle");
    new.run_at(0, &["retrain", "--out", "m.encast"]).is_bad(&["no rows"]);
}

fn minisign(new: &Loop, args: &[&str]) {
    let done = Command::new("minisign").current_dir(new.folder.path()).args(args).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

fn sign(new: &Loop, bundle: &str) {
    minisign(new, &["-S", "-s", "k.key", "-m", bundle]);
}

/// A loop whose bundle is signed; none without minisign.
fn signed() -> Option<Loop> {
    program("minisign")?;
    let new = Loop::new("m.encast");
    minisign(&new, &["-G", "-W", "-p", "k.pub", "-s", "k.key"]);
    sign(&new, "m.encast");
    Some(new)
}

#[test]
fn signed_bundles_stay_signed() {
    let Some(new) = signed() else { return };
    let verified = || new.run_at(0, &["inspect", "m.encast", "--require-signature", "k.pub"]).done();
    verified();
    new.retrain(&[]).is_bad(&["m.encast.minisig", "--sign-with"]);
    let key = new.retrain(&["--sign-with", "none.key"]);
    assert_eq!(key.code, 2, "{}", key.err);
    verified();
    assert_eq!(new.status()["reason"], "placing");
    new.retrain(&["--sign-with", "k.key"]).done();
    verified();
    new.run_at(0, &["retrain", "--rollback", "--out", "m.encast"]).done();
    verified();
}

#[test]
fn a_status_that_can_not_be_written_ends_nothing() {
    let new = Loop::new("m.encast");
    // Where nobody can write is told before any work.
    fs::create_dir(new.path(".encast-retrain-trial-m.encast.retrain.json")).unwrap();
    new.retrain(&[]).is_bad(&["m.encast.retrain.json"]);
    fs::remove_dir(new.path(".encast-retrain-trial-m.encast.retrain.json")).unwrap();
    // Later it only is a warning: what the run did is told as it is.
    fs::create_dir(new.path(".encast-retrain-small-m.encast.retrain.json")).unwrap();
    let few = new.retrain(&["--min-new", "10000"]);
    assert_eq!((few.code, &few.json()["outcome"]), (1, &"unchanged".into()), "{}", few.err);
    assert!(few.err.contains("the status file does not tell of this run"), "{}", few.err);
    let mut command = Command::new(assert_cmd::cargo::cargo_bin("encast"));
    command.current_dir(new.folder.path()).args(USUAL).args(["--watch", "--every", "1s", "--min-new", "10000"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    for runs in 1..3 {
        let report: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
        assert_eq!(report["runs"]["unchanged"], runs, "what was not written is remembered");
    }
    killed(child);
    assert!(!new.path("m.encast.retrain.json").exists());
}

fn killed(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

/// How many kills; the suite does a few.
fn kills(usual: u32) -> u32 {
    std::env::var("ENCAST_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

/// Runs that are killed, and what is found after each.
struct Campaign {
    new: Loop,
    more: Vec<&'static str>,
    /// Versions of the bundle before and after a run.
    versions: [String; 2],
    whole: Duration,
}

impl Campaign {
    fn of(new: Loop, more: &[&'static str]) -> Campaign {
        fs::copy(new.path("m.encast"), new.path("first.encast")).unwrap();
        let first = version(&new.path("first.encast"));
        let mut campaign =
            Campaign { new, more: more.to_vec(), versions: [first, String::new()], whole: Duration::ZERO };
        let begun = Instant::now();
        assert!(campaign.start().wait().unwrap().success());
        campaign.whole = begun.elapsed();
        campaign.versions[1] = version(&campaign.new.path("m.encast"));
        campaign
    }

    fn start(&self) -> Child {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin("encast"));
        command.current_dir(self.new.folder.path()).args(USUAL).args(&self.more);
        // All that is measured is newer than what serves, whatever was placed before.
        command.args(["--model", "first.encast"]).env("SOURCE_DATE_EPOCH", (TRAINED_AT + 1000).to_string());
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    /// Which of the two versions is in place: whole, and no other.
    fn found(&self) -> usize {
        let found = version(&self.new.path("m.encast"));
        if let Ok(text) = fs::read(self.new.path("m.encast.retrain.json")) {
            serde_json::from_slice::<Value>(&text).unwrap();
        }
        self.versions.iter().position(|version| *version == found).unwrap_or_else(|| panic!("{found}"))
    }

    /// The next run works, and takes away what was left, also among the earlier bundles.
    fn ends_clean(&self) {
        assert!(self.start().wait().unwrap().success());
        let mut left = names_in(self.new.folder.path());
        left.extend(names_in(&self.new.path("m.encast.previous")));
        assert!(!left.iter().any(|name| name.starts_with(".encast") || name.ends_with(".placing")), "{left:?}");
    }
}

/// kill -9 at moments spread over a run: what is in place always loads, and is the old or a new bundle.
#[test]
fn killed_at_any_moment_the_bundle_is_old_or_new() {
    let kills = kills(6);
    let campaign = Campaign::of(Loop::new("m.encast"), &[]);
    let (new, mut counts) = (&campaign.new, [0; 2]);
    for kill in 0..kills {
        fs::copy(new.path("first.encast"), new.path("m.encast")).unwrap();
        let child = campaign.start();
        // The last third, where files are written, gets half of the kills.
        let share = if kill % 2 == 0 {
            f64::from(kill) / f64::from(kills)
        } else {
            0.7 + 0.35 * f64::from(kill) / f64::from(kills)
        };
        thread::sleep(campaign.whole.mul_f64(share));
        killed(child);
        counts[campaign.found()] += 1;
    }
    let [old, later] = counts;
    eprintln!("{kills} kills in runs of {:?}: {old} times the old bundle, {later} times the new one", campaign.whole);
    campaign.ends_clean();
}

/// The same of signed bundles, killed while files are put in place: from the moment on when something stands beside the
/// bundle. The next start, whatever it does, makes the signature that of the bundle again.
#[test]
fn killed_while_it_places_a_signed_bundle_bundle_and_signature_agree() {
    let Some(new) = signed() else { return };
    let kills = kills(2);
    let campaign = Campaign::of(new, &["--sign-with", "k.key"]);
    let new = &campaign.new;
    sign(new, "first.encast");
    let (mut counts, mut journals) = ([0; 2], 0);
    for kill in 0..kills {
        for suffix in ["", ".minisig"] {
            fs::copy(new.path(&format!("first.encast{suffix}")), new.path(&format!("m.encast{suffix}"))).unwrap();
        }
        let mut child = campaign.start();
        // From the bundle's first byte, the signature's or the journal's on, and some microseconds later each time.
        let seen = [".encast-retrain-new-m.encast", ".encast-retrain-new-m.encast.minisig", "m.encast.retrain.placing"];
        let seen = new.path(seen[[2, 1, 2, 0][kill as usize % 4]]);
        while !seen.exists() && child.try_wait().unwrap().is_none() {
            std::hint::spin_loop();
        }
        thread::sleep(Duration::from_micros(u64::from(kill / 4) * 20));
        killed(child);
        counts[campaign.found()] += 1;
        journals += u32::from(new.path("m.encast.retrain.placing").exists());
        let few = new.retrain(&["--sign-with", "k.key", "--min-new", "10000"]);
        assert_eq!(few.code, 1, "{}", few.err);
        assert!(!new.path("m.encast.retrain.placing").exists());
        new.run_at(0, &["inspect", "m.encast", "--require-signature", "k.pub"]).done();
    }
    let [old, later] = counts;
    eprintln!("{kills} kills: {old} times the old bundle, {later} times the new one, {journals} journals");
    campaign.ends_clean();
}

/// An exporter's /drift and /reload for the watch: a real socket, and the answers of the contract.
fn drift_server(alarm: Arc<AtomicBool>, reloads: Arc<AtomicUsize>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 1024];
            let read = stream.read(&mut request).unwrap_or(0);
            let body = if request[..read].starts_with(b"POST /reload") {
                reloads.fetch_add(1, Ordering::SeqCst);
                "{\"status\":\"ok\"}".to_owned()
            } else {
                format!("{{\"alarm\":{},\"residual\":[]}}", alarm.load(Ordering::SeqCst))
            };
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
            let _ = stream.write_all((head + &body).as_bytes());
        }
    });
    port
}

#[test]
fn the_watch_runs_on_drift_beside_others_and_stops_on_a_signal() {
    let new = Loop::new("m.encast");
    let old = fs::read(new.path("m.encast")).unwrap();
    let (alarm, reloads) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let port = drift_server(Arc::clone(&alarm), Arc::clone(&reloads));
    // A run that was just now: the schedule has none due, so that drift is what starts one.
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let status = format!(
        "{{\"started_at\":{now},\"finished_at\":{now},\"outcome\":\"unchanged\",\"reason\":\"x\",\"message\":\"\",\
         \"serving_version\":null,\"candidate_version\":null,\"rows\":0,\"titles\":0,\"gates\":[],\
         \"runs\":{{\"placed\":0,\"refused\":0,\"failed\":0,\"unchanged\":7}}}}"
    );
    fs::write(new.path("m.encast.retrain.json"), status).unwrap();
    let mut command = Command::new(assert_cmd::cargo::cargo_bin("encast"));
    command.current_dir(new.folder.path()).args(USUAL).args(["--watch", "--every", "24h", "--min-new", "10"]);
    command.args(["--poll", "1s", "--debounce", "2", "--cooldown", "1s"]);
    command.args(["--on-drift", &format!("http://127.0.0.1:{port}/drift")]);
    command.args(["--reload-url", &format!("http://127.0.0.1:{port}/reload")]);
    command.env("SOURCE_DATE_EPOCH", (TRAINED_AT + 1000).to_string()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    thread::sleep(Duration::from_millis(2500));
    assert_eq!(new.status()["runs"]["unchanged"], 7, "no alarm, no run");
    // The place is the watch's while it runs, not while it waits.
    let few = new.retrain(&["--min-new", "10000"]);
    assert_eq!((few.code, &new.status()["runs"]["unchanged"]), (1, &8.into()), "{}", few.err);
    alarm.store(true, Ordering::SeqCst);
    let report: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
    alarm.store(false, Ordering::SeqCst);
    assert_eq!(report["outcome"], "placed", "{report:#}");
    assert_eq!(report["runs"], serde_json::json!({"placed": 1, "refused": 0, "failed": 0, "unchanged": 8}));
    assert_eq!(reloads.load(Ordering::SeqCst), 1);
    assert_eq!(version(&new.path("m.encast")), report["candidate_version"]);
    assert_eq!(report["every"], 86_400);
    // Back to the one before, beside the watch; what made the other one starts no run that makes it again.
    let url = format!("http://127.0.0.1:{port}/reload");
    new.run_at(0, &["retrain", "--rollback", "--out", "m.encast", "--reload-url", &url]).done();
    assert!(fs::read(new.path("m.encast")).unwrap() == old);
    assert_eq!(reloads.load(Ordering::SeqCst), 2);
    alarm.store(true, Ordering::SeqCst);
    let report: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
    assert_eq!((&report["reason"], &report["new_rows"]), (&"too_few_new_rows".into(), &0.into()), "{report:#}");
    assert!(report["message"].as_str().unwrap().contains("newer than the rollback"), "{report:#}");
    assert!(fs::read(new.path("m.encast")).unwrap() == old);
    let stopped = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    assert!(stopped.success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
