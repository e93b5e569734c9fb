//! `encast measure --push` against a real VictoriaMetrics, and the same rows as Parquet.

use std::{
    collections::BTreeMap,
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::common::{command, said};
use crate::real_encodes::{CLIP, Row, certificate, ffmpeg, measure, measure_trusting, number, program, rows};

/// Labels, then values with their times.
type Series = (BTreeMap<String, String>, Vec<(i64, f64)>);

struct Server {
    child: Child,
    base: String,
}

impl Server {
    fn start(program: &Path, port: u16, data: &Path) -> Server {
        Server::start_with(program, port, data, &[])
    }

    fn start_with(program: &Path, port: u16, data: &Path, more: &[&str]) -> Server {
        let mut command = Command::new(program);
        command.arg(format!("-httpListenAddr=127.0.0.1:{port}")).arg("-storageDataPath").arg(data);
        // Values of the last half a minute are left out of queries otherwise. A second is the least: a query that
        // counts the newest values must be asked again until they are there.
        command.arg("-search.latencyOffset=1ms").args(more);
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        Server { child, base: format!("http://127.0.0.1:{port}") }
    }

    fn get(&self, path: &str) -> String {
        let answer = ureq::get(format!("{}{path}", self.base)).call();
        answer.unwrap().body_mut().read_to_string().unwrap()
    }

    /// Every series.
    fn series(&self) -> Vec<Series> {
        self.get("/internal/force_flush");
        let text = self.get("/api/v1/export?match[]=%7B__name__!=%22%22,job!=%22%22%7D");
        let read = |line: &str| {
            let value: Value = serde_json::from_str(line).unwrap();
            let labels = value["metric"].as_object().unwrap().iter();
            let labels = labels.map(|(name, label)| (name.clone(), label.as_str().unwrap().to_owned())).collect();
            let times = value["timestamps"].as_array().unwrap().iter().map(|t| t.as_i64().unwrap());
            let values = value["values"].as_array().unwrap().iter().map(|v| v.as_f64().unwrap());
            (labels, times.zip(values).collect())
        };
        text.lines().map(read).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn grid(crfs: &str) -> String {
    format!(
        "{CLIP}[[encode]]\nencoder = \"libx264\"\npresets = [\"ultrafast\"]\ncrf = [{crfs}]\nbitrate_kbps = [250]\n"
    )
}

/// The metrics, the columns that they come from, and the factor between them.
const METRICS: [(&str, &str, f64); 9] = [
    ("qoe_vmaf_score", "vmaf", 1.0),
    ("qoe_vmaf_harmonic_mean_score", "vmaf_harmonic_mean", 1.0),
    ("qoe_vmaf_p5_score", "vmaf_p5", 1.0),
    ("qoe_psnr_score", "psnr", 1.0),
    ("qoe_ssim_score", "ssim", 1.0),
    ("encode_measured_bitrate_kbps", "bitrate_kbps", 1.0),
    ("encode_measured_seconds", "encode_seconds", 1.0),
    ("encode_measured_cpu_seconds", "cpu_seconds", 1.0),
    ("encode_measured_peak_memory_bytes", "peak_memory_mb", 1e6),
];

#[test]
fn what_is_measured_arrives_even_when_the_server_comes_late() {
    let (Some(ffmpeg), Some(victoria)) = (ffmpeg(), program("victoria-metrics")) else { return };
    let folder = tempfile::tempdir().unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let base = format!("http://127.0.0.1:{port}");

    // Nobody is there: the encodes are measured all the same, and what is missing is told.
    let said = measure(folder.path(), &grid("24"), &ffmpeg, &["--push", &base]);
    assert_eq!(said.code, 1, "{}", said.err);
    assert_eq!(rows(folder.path()).len(), 2, "{}", said.err);
    let last = said.err.lines().last().unwrap();
    assert!(last.contains("2 rows are in the table but not at http://127.0.0.1:"), "{last}");
    assert!(last.contains("--push-all"), "{last}");

    // It comes up while the next run is under way: the rows of before and the new ones arrive.
    let server = thread::scope(|scope| {
        let late = scope.spawn(|| {
            let started = Instant::now();
            // Two new encodes: by then the first attempts have failed.
            while rows(folder.path()).len() < 3 && started.elapsed() < Duration::from_secs(60) {
                thread::sleep(Duration::from_millis(20));
            }
            Server::start(&victoria, port, &folder.path().join("data"))
        });
        let more = ["--push", &base, "--push-all", "--parquet", "t.parquet"];
        let said = measure(folder.path(), &grid("24, 30, 36"), &ffmpeg, &more).done();
        assert!(said.err.contains("warning: --push http://127.0.0.1:"), "the first attempts failed: {}", said.err);
        late.join().unwrap()
    });
    let rows = rows(folder.path());
    assert_eq!(rows.len(), 4);
    compare(&server.series(), &rows);
    let query = "/api/v1/query?query=count(last_over_time(qoe_vmaf_score%7Bencoder=%22libx264%22%7D%5B1h%5D))";
    let asked = Instant::now();
    let answer = loop {
        let answer: Value = serde_json::from_str(&server.get(query)).unwrap();
        if answer["data"]["result"][0]["value"][1] == "4" || asked.elapsed() > Duration::from_secs(30) {
            break answer;
        }
        thread::sleep(Duration::from_millis(100));
    };
    assert_eq!(answer["data"]["result"][0]["value"][1], "4", "{answer}");

    compare_parquet(&folder.path().join("t.parquet"), &rows);
}

fn compare(series: &[Series], rows: &[Row]) {
    let mut samples = 0;
    for row in rows {
        for (metric, column, factor) in METRICS {
            let found = series.iter().find(|(labels, _)| labels["__name__"] == metric && labels["job"] == row["job"]);
            if row[column].is_empty() {
                assert!(found.is_none(), "{metric}: what is not known is not sent");
                continue;
            }
            let (labels, values) = found.unwrap_or_else(|| panic!("{metric} of {row:?}"));
            let expected = number(row, column) * factor;
            assert_eq!(values.len(), 1, "{metric}: {values:?}");
            assert!((values[0].1 - expected).abs() <= 1e-9 * expected.abs(), "{metric}: {values:?}, {expected}");
            for same in ["title", "codec", "encoder", "preset", "rate_control", "engine", "host"] {
                assert_eq!(labels[same], row[same]);
            }
            assert_eq!((labels["resolution"].as_str(), labels["fps"].as_str()), ("320x180", "20"));
            match row["crf"].as_str() {
                "" => assert_eq!((labels["bitrate"].as_str(), labels.get("crf")), ("250kbps", None)),
                crf => assert_eq!((format!("{}.0", labels["crf"]).as_str(), labels.get("bitrate")), (crf, None)),
            }
            samples += 1;
        }
    }
    // Seconds are not known where others used the cores; each row says whether it worked.
    assert!(samples >= rows.len() * (METRICS.len() - 1), "{samples}");
    let worked = series.iter().filter(|(labels, _)| labels["__name__"] == "encode_measured_success");
    assert_eq!(worked.map(|(_, values)| values[0].1).collect::<Vec<_>>(), vec![1.0; rows.len()]);
    assert_eq!(series.len(), samples + rows.len(), "nothing else is sent");
}

fn compare_parquet(path: &Path, rows: &[Row]) {
    use std::fs::File;

    use parquet::{
        file::reader::{FileReader, SerializedFileReader},
        record::Field,
    };
    let reader = SerializedFileReader::new(File::open(path).unwrap()).unwrap();
    let read: Vec<_> = reader.get_row_iter(None).unwrap().map(Result::unwrap).collect();
    assert_eq!(read.len(), rows.len());
    for (read, row) in read.iter().zip(rows) {
        assert_eq!(read.get_column_iter().count(), row.len());
        for (name, field) in read.get_column_iter() {
            let cell = &row[name];
            match field {
                Field::Null => assert_eq!(cell, "", "{name}"),
                Field::Str(text) => assert_eq!(cell, text, "{name}"),
                Field::Double(value) => assert_eq!(number(row, name), *value, "{name}"),
                Field::Long(value) => assert_eq!(cell, &value.to_string(), "{name}"),
                Field::TimestampMillis(_) => assert_eq!(name, "measured_at"),
                other => panic!("{name}: {other:?}"),
            }
        }
    }
}

#[test]
fn rows_go_over_tls_to_a_server_that_is_trusted() {
    let (Some(ffmpeg), Some(victoria)) = (ffmpeg(), program("victoria-metrics")) else { return };
    let folder = tempfile::tempdir().unwrap();
    let Some((key, certificate)) = certificate(folder.path()) else { return };
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let more = ["-tls", "-tlsCertFile", &certificate, "-tlsKeyFile", &key];
    let _server = Server::start_with(&victoria, port, &folder.path().join("data"), &more);
    let started = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(started.elapsed() < Duration::from_secs(60));
        thread::sleep(Duration::from_millis(50));
    }
    let base = format!("https://me:secret@localhost:{port}");
    let strange = measure(folder.path(), &grid("24"), &ffmpeg, &["--push", &base]);
    assert_eq!(strange.code, 1, "{}", strange.err);
    assert!(strange.err.to_lowercase().contains("certificate") && !strange.err.contains("secret"), "{}", strange.err);
    let all = ["--push", &base, "--push-all"];
    measure_trusting(folder.path(), &grid("24"), &ffmpeg, &all, Some(&certificate)).done();
    let file = folder.path().join("back.csv");
    let address = format!("https://localhost:{port}");
    // What was sent is there for queries a moment later.
    let started = Instant::now();
    loop {
        let mut export = command();
        export.args(["export", "--vm-url", &address, "--vm-ca", &certificate, "--start", "1h", "--output"]).arg(&file);
        let said = said(export.output().unwrap());
        if said.code == 0 || started.elapsed() > Duration::from_secs(30) {
            said.done();
            break;
        }
        thread::sleep(Duration::from_millis(100));
    }
    let mut back: Vec<String> =
        csv::Reader::from_path(&file).unwrap().deserialize::<Row>().map(|row| row.unwrap()["vmaf"].clone()).collect();
    let mut sent: Vec<String> = rows(folder.path()).iter().map(|row| row["vmaf"].clone()).collect();
    back.sort();
    sent.sort();
    assert_eq!(back, sent);
}

#[test]
fn bad_addresses_and_places_are_usage_errors() {
    let folder = tempfile::tempdir().unwrap();
    let said = |more: &[&str]| measure(folder.path(), &grid("24"), Path::new("no-ffmpeg"), more);
    for (url, part) in [("ftp://host:8428", "http"), ("host:8428", "http://localhost:8428"), ("http://h/?a=b", "?")] {
        let said = said(&["--push", url]);
        assert!(said.code == 2 && said.err.contains(part), "{url}: {}", said.err);
    }
    let said = said(&["--push-all"]);
    assert!(said.code == 2 && said.err.contains("--push"), "{}", said.err);
    assert!(!folder.path().join("t.csv").exists());
}
