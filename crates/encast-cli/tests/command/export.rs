//! `encast export`: from a real VictoriaMetrics, a real Prometheus, tables of a store, and made up.

use std::{
    fmt::Write as _,
    fs,
    io::{Read as _, Write as _},
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use serde_json::Value;

use crate::common::{Said, command, folder, said, write};
use crate::real_encodes::{Row, certificate, program};

struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn spawn(command: &mut Command) -> Server {
    Server(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
}

fn wait_for(port: u16) {
    let begun = Instant::now();
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(begun.elapsed() < Duration::from_secs(60), "no server on port {port}");
        thread::sleep(Duration::from_millis(50));
    }
}

fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() as i64
}

/// Samples every 15 seconds: name, labels, value, Unix seconds.
#[derive(Default)]
struct Samples(Vec<(String, String, f64, i64)>);

impl Samples {
    fn add(&mut self, name: &str, labels: &str, value: f64, from: i64, times: i64) {
        self.0.extend((0..times).map(|time| (name.to_owned(), labels.to_owned(), value, from + 15 * time)));
    }

    /// For VictoriaMetrics's import.
    fn lines(&self) -> String {
        let mut text = String::new();
        for (name, labels, value, at) in &self.0 {
            writeln!(text, "{name}{{{labels}}} {value} {}", at * 1000).unwrap();
        }
        text
    }

    /// For promtool: a family together, its samples in order.
    fn open_metrics(&self) -> String {
        let mut sorted = self.0.clone();
        sorted.sort_by(|a, b| (&a.0, &a.1, a.3).cmp(&(&b.0, &b.1, b.3)));
        let mut text = String::new();
        for (name, labels, value, at) in &sorted {
            writeln!(text, "{name}{{{labels}}} {value} {at}").unwrap();
        }
        text + "# EOF\n"
    }
}

/// Two encodes with ids, three without, four that can't be used. The newest is ten minutes old.
fn samples(end: i64) -> Samples {
    let mut samples = Samples::default();
    let begin = end - 3600;
    let of = |title: &str, id: &str, bitrate: &str, size: &str, fps: &str| {
        format!(
            "config=\"c\",title=\"{title}\",id=\"{id}\",bitrate=\"{bitrate}\",resolution=\"{size}\",fps=\"{fps}\",\
             codec=\"h264\",encoder=\"libx264\",preset=\"medium\""
        )
    };
    let a = of("a \\\"b\\\"", "job-1", "4000kbps", "1920x1080", "30000/1001");
    samples.add("qoe_vmaf_score", &a, 93.25, begin, 8);
    samples.add("qoe_vmaf_forecast", &a, 92.0, begin, 8);
    samples.add("qoe_psnr_score", &a, 41.5, begin, 8);
    samples.add("resource_bitrate_bytes_per_second", &a, 492_500.0, begin, 8);
    samples.add("resource_energy_joules", &a, 7200.0, begin, 8);
    samples.add("resource_peak_memory_bytes", &a, 512e6, begin, 8);
    samples.add("observation_input", "id=\"job-1\",field=\"duration_s\"", 60.0, begin, 8);
    samples.add("observation_input", "id=\"job-1\",field=\"si_mean\"", 41.5, begin, 8);
    samples.add("observation_timestamp_seconds", "id=\"job-1\"", 1_795_000_000.0, begin, 8);
    let b = of("b", "job-2", "2.5M", "720p", "59.94");
    samples.add("qoe_vmaf_score", &b, 88.0, begin + 60, 4);
    samples.add("cost_usd", &b, 0.125, begin + 60, 4);
    // Without ids: a new value is a new encode. Between the first two runs the series is away.
    let c = "title=\"c\",config=\"d\",bitrate=\"1500000\",resolution=\"1280x720\",fps=\"25\",codec=\"hevc\"";
    for (at, vmaf, psnr) in [(0, 80.0, 35.0), (600, 80.0, 35.0), (900, 81.0, 35.0), (1200, 82.0, 36.0)] {
        samples.add("qoe_vmaf_score", c, vmaf, begin + at, 8);
        samples.add("qoe_psnr_score", c, psnr, begin + at, 8);
    }
    samples.add("qoe_vmaf_score", &of("x", "bad-1", "fast", "1920x1080", "30"), 50.0, begin, 2);
    samples.add("qoe_vmaf_score", &of("", "bad-2", "4000k", "1920x1080", "30"), 50.0, begin, 2);
    samples.add("qoe_vmaf_forecast", &of("x", "bad-3", "4000k", "1920x1080", "30"), 50.0, begin, 2);
    samples.add("qoe_vmaf_score", &of("x", "bad-4", "4000k", "1920x1080", "30"), f64::NAN, begin, 2);
    // Of another deployment, by other names.
    samples.add("my_vmaf_ratio", "asset=\"mine\",id=\"m\",bitrate=\"4M\",resolution=\"4k\",fps=\"24\"", 0.75, begin, 2);
    samples
}

fn export(base: &str, folder: &Path, more: &[&str]) -> (Said, Vec<Row>) {
    let out = folder.join("t.csv");
    let _ = fs::remove_file(&out);
    let mut command = command();
    command.args(["export", "--vm-url", base, "--start", "2h", "--output"]).arg(&out).args(more);
    let said = said(command.output().unwrap());
    let rows = csv::Reader::from_path(out).map(|mut read| read.deserialize().map(Result::unwrap).collect());
    (said, rows.unwrap_or_default())
}

fn row<'a>(rows: &'a [Row], column: &str, value: &str) -> &'a Row {
    rows.iter().find(|row| row[column] == value).unwrap_or_else(|| panic!("{column} = {value}: {rows:#?}"))
}

/// What both servers have to give for these samples.
fn comes_back(base: &str) {
    let folder = folder();
    let (said, rows) = export(base, folder.path(), &["--json"]);
    let report = said.done().json();
    assert_eq!(rows.len(), 5, "{report:#}\n{rows:#?}");
    assert_eq!((&report["rows"], &report["titles"], &report["written"]), (&5.into(), &3.into(), &true.into()));
    let one = row(&rows, "id", "job-1");
    for (column, value) in [
        ("title", "a \"b\""),
        ("config", "c"),
        ("bitrate_kbps", "3940"),
        ("target_bitrate_kbps", "4000"),
        ("resolution_width", "1920"),
        ("frame_rate", "29.97002997002997"),
        ("encoder", "libx264"),
        ("preset", "medium"),
        ("duration_s", "60"),
        ("si_mean", "41.5"),
        ("vmaf", "93.25"),
        ("psnr", "41.5"),
        ("peak_memory_mb", "512"),
        ("energy_kwh", "0.002"),
        ("predicted_vmaf", "92"),
        ("observed_at", "1795000000"),
        ("cost_usd", ""),
    ] {
        assert_eq!(one[column], value, "{column}");
    }
    let two = row(&rows, "id", "job-2");
    assert_eq!((two["resolution_height"].as_str(), two["bitrate_kbps"].as_str()), ("720", "2500"));
    assert_eq!((two["duration_s"].as_str(), two["psnr"].as_str(), two["cost_usd"].as_str()), ("", "", "0.125"));
    let pairs: Vec<(&str, &str)> =
        rows.iter().filter(|row| row["title"] == "c").map(|row| (row["vmaf"].as_str(), row["psnr"].as_str())).collect();
    assert_eq!(pairs, [("80", "35"), ("81", "35"), ("82", "36")]);
    let c = row(&rows, "vmaf", "81");
    assert_eq!((c["bitrate_kbps"].as_str(), c["encoder"].as_str()), ("1500", ""), "nothing is filled in");

    let left = |reason: &str| report["left_out"][reason]["count"].as_u64();
    assert_eq!(left("label bitrate can't be read"), Some(1), "{report:#}");
    assert_eq!(left("no label title"), Some(1));
    assert_eq!(left("nothing measured"), Some(1), "a forecast alone is no measurement");
    assert_eq!(report["left_out"]["label bitrate can't be read"]["example"], "fast");
    assert_eq!(report["missing"]["encoder"], 3);
    // Before the first change c is away for more than a step, in both of its series.
    assert!(report["gaps"].as_u64().unwrap() >= 2, "{report:#}");
    for told in ["left out 1 encodes: label bitrate can't be read, as fast", "3 of 5 rows have no encoder", "gaps"] {
        assert!(export(base, folder.path(), &["--quiet"]).0.err.contains(told), "{told}");
    }

    // A span of 20 seconds, one step and a cut one: what was there before keeps its moment, and none is after the end.
    let seen = |row: &Row| row["observed_at"].parse::<i64>().unwrap();
    let begun = seen(row(&rows, "vmaf", "82"));
    let (start, end) = ((begun + 45).to_string(), (begun + 65).to_string());
    let out = folder.path().join("short.csv").display().to_string();
    said_of(command().args(["export", "--vm-url", base, "--start", &start, "--end", &end, "--output", &out])).done();
    let short: Vec<Row> = csv::Reader::from_path(out).unwrap().deserialize().map(Result::unwrap).collect();
    assert_eq!((short.len(), short[0]["vmaf"].as_str()), (1, "82"));
    assert!((seen(&short[0]) - begun).abs() <= 15, "{} is not {begun}", seen(&short[0]));

    // Many small pieces see the same as few large ones.
    let (_, again) = export(base, folder.path(), &["--step", "16s"]);
    assert_eq!(again.len(), 5);
    let parquet = folder.path().join("t.parquet");
    let mut other = command();
    other.args(["export", "--vm-url", base, "--start", "2h", "--metric", "vmaf=my_vmaf_ratio*100"]);
    let other = said_of(other.args(["--label", "title=asset", "--json", "--output"]).arg(&parquet));
    let rows = other.done().json();
    assert_eq!(rows["measured"]["vmaf"], 1, "{rows:#}");
    assert_eq!(rows["missing"]["codec"], 1);
    assert_eq!(&fs::read(&parquet).unwrap()[..4], b"PAR1");

    // The table is one that training and judging take.
    let table = folder.path().join("t.csv").display().to_string();
    let judged = said_of(command().args(["evaluate", "--data", &table, "--json"])).done().json();
    assert_eq!(judged["targets"]["vmaf"]["rows"], 5);

    let nothing = export(base, folder.path(), &["--end", "110m"]);
    assert_eq!((nothing.0.code, nothing.1.len()), (1, 0), "{}", nothing.0.err);
    assert!(nothing.0.err.contains("was not written"), "{}", nothing.0.err);
    assert!(!folder.path().join("t.csv").exists());
}

fn said_of(command: &mut assert_cmd::Command) -> Said {
    said(command.output().unwrap())
}

#[test]
fn measurements_come_back_from_victoria_metrics() {
    let Some(victoria) = program("victoria-metrics") else { return };
    let (folder, port) = (folder(), free_port());
    let _server = spawn(
        Command::new(victoria)
            .args(["-search.latencyOffset=1ms", "-retentionPeriod=12"])
            .arg(format!("-httpListenAddr=127.0.0.1:{port}"))
            .arg("-storageDataPath")
            .arg(folder.path().join("data")),
    );
    wait_for(port);
    let base = format!("http://127.0.0.1:{port}");
    let lines = samples(now() - 600).lines();
    ureq::post(format!("{base}/api/v1/import/prometheus")).send(&lines).unwrap();
    ureq::get(format!("{base}/internal/force_flush")).call().unwrap();
    comes_back(&base);
}

#[test]
fn measurements_come_back_from_prometheus() {
    let (Some(prometheus), Some(promtool)) = (program("prometheus"), program("promtool")) else { return };
    let (folder, port) = (folder(), free_port());
    let text = write(&folder, "samples.txt", samples(now() - 600).open_metrics());
    let config = write(&folder, "prometheus.yml", "global: {}\n");
    let data = folder.path().join("data");
    let made = Command::new(promtool).args(["tsdb", "create-blocks-from", "openmetrics", &text]).arg(&data).output();
    let made = made.unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let _server = spawn(
        Command::new(prometheus)
            .args([format!("--config.file={config}"), format!("--web.listen-address=127.0.0.1:{port}")])
            .arg(format!("--storage.tsdb.path={}", data.display())),
    );
    wait_for(port);
    let base = format!("http://127.0.0.1:{port}");
    let begun = Instant::now();
    while ureq::get(format!("{base}/-/ready")).call().is_err() {
        assert!(begun.elapsed() < Duration::from_secs(60), "prometheus is not ready");
        thread::sleep(Duration::from_millis(50));
    }
    comes_back(&base);
}

#[test]
fn servers_that_ask_for_a_password_over_tls() {
    let Some(victoria) = program("victoria-metrics") else { return };
    let (folder, port) = (folder(), free_port());
    let Some((key, certificate)) = certificate(folder.path()) else { return };
    let _server = spawn(
        Command::new(victoria)
            .args(["-tls", "-tlsCertFile", &certificate, "-tlsKeyFile", &key, "-httpAuth.username=me"])
            .arg("-httpAuth.password=it's secret")
            .arg(format!("-httpListenAddr=127.0.0.1:{port}"))
            .arg("-storageDataPath")
            .arg(folder.path().join("data")),
    );
    wait_for(port);
    let base = format!("https://localhost:{port}");
    let password = write(&folder, "password", "it's secret\n");
    let (right, _) =
        export(&base, folder.path(), &["--vm-ca", &certificate, "--vm-user", "me", "--vm-password-file", &password]);
    assert_eq!(right.code, 1, "it answers, and holds nothing: {}", right.err);
    let wrong = write(&folder, "wrong", "another\n");
    let (refused, _) = export(
        &base,
        folder.path(),
        &["--vm-ca", &certificate, "--vm-user", "me", "--vm-password-file", &wrong, "--retries", "0"],
    );
    refused.is_bad(&[&base, "401"]);
    let (strange, _) =
        export(&base, folder.path(), &["--retries", "0", "--vm-user", "me", "--vm-password-file", &password]);
    strange.is_bad(&[&base]);
    assert!(strange.err.to_lowercase().contains("certificate"), "{}", strange.err);
}

#[test]
fn servers_that_are_not_there_or_something_else_are_errors() {
    let folder = folder();
    let (gone, _) =
        export(&format!("http://user:secret@127.0.0.1:{}", free_port()), folder.path(), &["--retries", "0"]);
    gone.is_bad(&["http://127.0.0.1:"]);
    assert!(!gone.err.contains("secret"), "{}", gone.err);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = thread::spawn(move || {
        let mut stream = listener.accept().unwrap().0;
        let _ = stream.read(&mut [0; 1024]).unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}").unwrap();
    });
    let (other, _) = export(&format!("http://user:secret@127.0.0.1:{port}"), folder.path(), &["--retries", "0"]);
    server.join().unwrap();
    other.is_bad(&["is not that of Prometheus's API", &format!("http://127.0.0.1:{port}/api/v1/query_range")]);
    let (unescaped, _) = export("http://user:sec/ret@127.0.0.1:1", folder.path(), &["--retries", "0"]);
    unescaped.is_bad(&["127.0.0.1:1"]);
    for said in [other, unescaped] {
        assert!(!said.err.contains("user") && !said.err.contains("sec"), "{}", said.err);
    }
    for (args, parts) in [
        (&["--vm-url", "ftp://x"][..], &["must be a URL"][..]),
        (&["--vm-url", "http://x", "--start", "1h", "--end", "2h"], &["--start", "before --end"]),
        (&["--vm-url", "http://x", "--metric", "nope=y"], &["unknown target", "nope"]),
        (&["--vm-url", "http://x", "--step", "0s"], &["length of time"]),
        (&["--vm-url", "http://x", "--label", "title=a", "--label", "title=b"], &["--label title", "a and as b"]),
        (&["--vm-url", "http://x", "--start", "9000000000", "--end", "9000000001"], &["--start", "before now"]),
        (&[], &["no source"]),
    ] {
        let out = folder.path().join("t.csv");
        said_of(command().args(["export", "--output"]).arg(&out).args(args)).is_bad(parts);
        assert!(!out.exists());
    }
}

#[test]
fn a_store_gives_one_row_an_id() {
    let folder = folder();
    // A column without any value is none of the table.
    let store = "title,id,observed_at,config,model_version,bitrate_kbps,crf,resolution_width,resolution_height,vmaf,predicted_vmaf,region\n\
        a,007,1000,c,v,4000,,1920,1080,90,91,\n\
        b,2,2000,c,v,4000,,1920,1080,,91,\n\
        a,007,3000,c,v,4000,,1920,1080,92,91,\n\
        ,4,3000,c,v,4000,,1920,1080,92,91,\n\
        c,5,9000,c,v,4000,,1920,1080,92,91,\n";
    let from = write(&folder, "store.csv", store);
    let out = folder.path().join("t.csv");
    let args = ["export", "--from", &from, "--end", "5000", "--json", "--output"];
    let report = said_of(command().args(args).arg(&out)).done().json();
    assert_eq!(
        fs::read_to_string(&out).unwrap(),
        "title,id,observed_at,config,model_version,bitrate_kbps,crf,resolution_width,resolution_height,vmaf,predicted_vmaf\n\
         a,007,3000,c,v,4000,,1920,1080,92,91\n"
    );
    let left = report["left_out"].as_object().unwrap();
    assert_eq!(left.len(), 4, "{report:#}");
    assert!(left.values().all(|left| left["count"] == 1), "{report:#}");
    let no_title = write(&folder, "no.csv", "id,vmaf\n1,2\n");
    said_of(command().args(["export", "--from", &no_title, "--output"]).arg(&out)).is_bad(&["no.csv:1", "title"]);
}

#[test]
fn what_is_made_up_says_so_everywhere() {
    let folder = folder();
    let out = folder.path().join("start.csv").display().to_string();
    let make = |seed: &str| {
        let said = said_of(command().args(["export", "--synthetic", "240", "--seed", seed, "--output", &out])).done();
        assert!(said.err.contains("synthetic"), "{}", said.err);
        fs::read_to_string(&out).unwrap()
    };
    let (one, other, again) = (make("1"), make("2"), make("1"));
    assert!(one == again && one != other);
    let rows: Vec<Row> = csv::Reader::from_reader(one.as_bytes()).deserialize().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 240);
    assert!(rows.iter().all(|row| row["title"].starts_with("synthetic-") && row["synthetic"] == "1"));
    fs::write(&out, &one).unwrap();
    let bundle = folder.path().join("m.json").display().to_string();
    let trained =
        said_of(command().args(["train", "--data", &out, "--out", &bundle, "--targets", "vmaf", "--quiet"])).done();
    assert!(trained.err.contains("start.csv (synthetic: 240 of 240 rows)"), "{}", trained.err);
    let bundle: Value = serde_json::from_slice(&fs::read(bundle).unwrap()).unwrap();
    assert_eq!(bundle["tables"][0]["name"], "start.csv (synthetic: 240 of 240 rows)");
}
