//! `encast predict --data` over Parquet and CSV: chosen targets, the same values in every form, damage, interruptions.

use std::{fs, path::Path, sync::Arc};

use parquet::{
    basic::Compression,
    data_type::{ByteArray, ByteArrayType, DoubleType, FloatType, Int32Type, Int64Type},
    file::{
        properties::WriterProperties,
        reader::{FileReader, SerializedFileReader},
        writer::SerializedFileWriter,
    },
    record::Field,
    schema::parser::parse_message_type,
};

use crate::common::{TABLE, folder, model, names_in, run, write};

const HEADER: &str =
    "note,resolution_width,resolution_height,frame_rate,bitrate_kbps,encoder,preset,si_mean,timestamp\n";

/// Cells of a row in the order of the columns.
type Cells = (String, i32, i64, f32, f64, Option<&'static str>, Option<&'static str>, Option<f64>);

/// What row `row` of the table says: some cells unknown, several kinds of columns.
fn cells(row: usize) -> Cells {
    let encoder = ["libx264", "libx265"][row / 3 % 2];
    let si = (row % 4 != 1).then_some(20.0 + (row % 90) as f64);
    let (width, height) = if row.is_multiple_of(2) { (1280, 720) } else { (1920, 1080) };
    let named = !row.is_multiple_of(5);
    let rate = 300.0 + 7.25 * row as f64;
    (format!("n {row}"), width, height, 29.5, rate, named.then_some(encoder), named.then_some("medium"), si)
}

fn as_csv(rows: usize) -> String {
    let mut text = HEADER.to_owned();
    for row in 0..rows {
        let (note, width, height, rate, bitrate, encoder, preset, si) = cells(row);
        let si = si.map_or(String::new(), |si| si.to_string());
        let (encoder, preset) = (encoder.unwrap_or_default(), preset.unwrap_or_default());
        text.push_str(&format!("{note},{width},{height},{rate},{bitrate},{encoder},{preset},{si},17\n"));
    }
    text
}

/// The same as Parquet, in row groups of 100 rows, or in large ones when there are many.
fn as_parquet(rows: usize, path: &Path, compression: Compression) {
    let schema = "message t { required binary note (STRING); required int32 resolution_width; \
                  optional int64 resolution_height; required float frame_rate; optional double bitrate_kbps; \
                  optional binary encoder (STRING); optional binary preset (STRING); optional double si_mean; \
                  required int64 timestamp (TIMESTAMP(MILLIS,true)); }";
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let properties = WriterProperties::builder().set_compression(compression).build();
    let file = fs::File::create(path).unwrap();
    let mut writer = SerializedFileWriter::new(file, schema, Arc::new(properties)).unwrap();
    let text = |value: &str| ByteArray::from(value.as_bytes().to_vec());
    let size = if rows < 10_000 { 100 } else { 50_000 };
    for start in (0..rows).step_by(size) {
        let all: Vec<_> = (start..rows.min(start + size)).map(cells).collect();
        let every = vec![1; all.len()];
        let mut group = writer.next_row_group().unwrap();
        macro_rules! column {
            ($type:ty, $values:expr, $known:expr) => {{
                let mut column = group.next_column().unwrap().unwrap();
                column.typed::<$type>().write_batch(&$values, $known, None).unwrap();
                column.close().unwrap();
            }};
        }
        macro_rules! unknown {
            ($place:tt) => {
                all.iter().map(|row| i16::from(row.$place.is_some())).collect::<Vec<_>>()
            };
        }
        column!(ByteArrayType, all.iter().map(|row| text(&row.0)).collect::<Vec<_>>(), None);
        column!(Int32Type, all.iter().map(|row| row.1).collect::<Vec<_>>(), None);
        column!(Int64Type, all.iter().map(|row| row.2).collect::<Vec<_>>(), Some(&every));
        column!(FloatType, all.iter().map(|row| row.3).collect::<Vec<_>>(), None);
        column!(DoubleType, all.iter().map(|row| row.4).collect::<Vec<_>>(), Some(&every));
        column!(ByteArrayType, all.iter().filter_map(|row| row.5.map(text)).collect::<Vec<_>>(), Some(&unknown!(5)));
        column!(ByteArrayType, all.iter().filter_map(|row| row.6.map(text)).collect::<Vec<_>>(), Some(&unknown!(6)));
        column!(DoubleType, all.iter().filter_map(|row| row.7).collect::<Vec<_>>(), Some(&unknown!(7)));
        column!(Int64Type, vec![17; all.len()], None);
        group.close().unwrap();
    }
    writer.close().unwrap();
}

fn predict(data: &str, more: &[&str]) -> crate::common::Said {
    let model = model().display().to_string();
    run(&[&["predict", "--model", &model, "--data", data][..], more].concat())
}

/// The named columns of CSV.
fn columns(text: &str, names: &[&str]) -> Vec<Vec<String>> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header = reader.headers().unwrap().clone();
    let places: Vec<usize> = names.iter().map(|name| header.iter().position(|h| h == *name).unwrap()).collect();
    reader.records().map(|row| places.iter().map(|&at| row.as_ref().unwrap()[at].to_owned()).collect()).collect()
}

#[test]
fn chosen_targets_are_those_of_the_whole_answer_in_every_form() {
    let folder = folder();
    let rows = 1500;
    let csv = write(&folder, "t.csv", as_csv(rows));
    let whole = predict(&csv, &[]).done().out;
    let names = ["note", "predicted_vmaf", "vmaf_lower", "vmaf_upper", "predicted_psnr", "timestamp"];
    let expected = columns(&whole, &names);
    assert_eq!(expected.len(), rows);
    assert!(expected.iter().enumerate().all(|(row, cells)| cells[0] == format!("n {row}")), "order is kept");
    let chosen = ["--target", "vmaf,psnr", "--intervals"];
    let parquet = folder.path().join("t.parquet");
    let parquet = parquet.to_str().unwrap();
    for cores in ["1", "3"] {
        let more = [&chosen[..], &["--cores", cores]].concat();
        assert_eq!(columns(&predict(&csv, &more).done().out, &names), expected);
    }
    for compression in [
        Compression::UNCOMPRESSED,
        Compression::SNAPPY,
        Compression::LZ4_RAW,
        Compression::GZIP(Default::default()),
        Compression::ZSTD(Default::default()),
    ] {
        as_parquet(rows, Path::new(parquet), compression);
        assert_eq!(columns(&predict(parquet, &chosen).done().out, &names), expected, "{compression}");
    }
    // The whole answer, of Parquet.
    assert_eq!(columns(&predict(parquet, &[]).done().out, &names), expected);
    // And as Parquet, with the types that the columns had.
    let out = folder.path().join("p.parquet");
    for (data, timestamp) in [(parquet, Field::TimestampMillis(17)), (csv.as_str(), Field::Str("17".to_owned()))] {
        predict(data, &[&chosen[..], &["--out", out.to_str().unwrap()]].concat()).done();
        let reader = SerializedFileReader::new(fs::File::open(&out).unwrap()).unwrap();
        let read: Vec<_> = reader.get_row_iter(None).unwrap().map(Result::unwrap).collect();
        assert_eq!(read.len(), rows);
        for (row, expected) in read.iter().zip(&expected) {
            let cell = |name: &str| row.get_column_iter().find(|(other, _)| *other == name).unwrap().1.clone();
            assert_eq!(cell("note"), Field::Str(expected[0].clone()));
            assert_eq!(cell("predicted_vmaf"), Field::Double(expected[1].parse().unwrap()));
            assert_eq!(cell("vmaf_upper"), Field::Double(expected[3].parse().unwrap()));
            assert_eq!(cell("timestamp"), timestamp);
        }
    }
    assert_eq!(names_in(folder.path()), ["p.parquet", "t.csv", "t.parquet"]);
    // Columns that are asked for, and no others.
    let few = predict(parquet, &["--target", "vmaf", "--keep", "note,preset"]).done().out;
    assert_eq!(few.lines().next(), Some("note,preset,predicted_vmaf"));
    let none = predict(&csv, &["--target", "vmaf", "--keep", "none"]).done().out;
    assert_eq!(none.lines().next(), Some("predicted_vmaf"));
    assert_eq!(none.lines().count(), rows + 1);
    predict(parquet, &["--target", "vmaf", "--keep", "notes"]).is_bad(&["--keep notes", "no such column"]);
    // Masks hold, too.
    let masked = ["--tier", "settings", "--target", "vmaf", "--keep", "none"];
    let (a, b) = (predict(&csv, &masked).done().out, predict(parquet, &masked).done().out);
    assert_eq!(a, b);
    assert_ne!(a, none);
}

#[test]
fn bad_rows_stop_it_or_are_told() {
    let folder = folder();
    // Rows 25 and 26 stand on lines 27 and 28.
    let bad = as_csv(40).replace(",481.25,", ",-481.25,").replace(",488.5,libx264", ",488.5,x266");
    let data = write(&folder, "bad.csv", &bad);
    predict(&data, &["--target", "vmaf"]).is_bad(&["bad.csv:27: bitrate_kbps = -481.25: must be", "--keep-going"]);
    let said = predict(&data, &["--target", "vmaf", "--keep-going", "--keep", "note"]).done();
    assert!(said.err.contains("2 of 40 rows"), "{}", said.err);
    let told = columns(&said.out, &["note", "predicted_vmaf", "error"]);
    assert_eq!(told.len(), 40);
    for (row, cells) in told.iter().enumerate() {
        assert_eq!(cells[0], format!("n {row}"));
        assert_eq!(cells[1].is_empty(), [25, 26].contains(&row), "{cells:?}");
        assert_eq!(cells[2].is_empty(), !cells[1].is_empty(), "{cells:?}");
    }
    assert!(told[25][2].contains("bad.csv:27: bitrate_kbps = -481.25"), "{:?}", told[25]);
    assert!(told[26][2].contains("bad.csv:28: ") && told[26][2].contains("x266"), "{:?}", told[26]);

    // In Parquet the row is told.
    let out = folder.path().join("bad.parquet").display().to_string();
    let good = write(&folder, "good.csv", as_csv(300).replace(",1170,", ",1e12,"));
    // Written by the command itself: nothing is forecast of rows that are bad.
    predict(&good, &["--target", "vmaf", "--keep-going", "--out", &out]).done();
    predict(&out, &["--target", "psnr"]).is_bad(&["bad.parquet: row 121: bitrate_kbps = 1000000000000"]);
}

#[test]
fn damaged_parquet_is_an_error_and_never_a_panic() {
    let folder = folder();
    let path = folder.path().join("t.parquet");
    as_parquet(250, &path, Compression::SNAPPY);
    let good = fs::read(&path).unwrap();
    let damaged = folder.path().join("d.parquet");
    let data = damaged.to_str().unwrap();
    let out = folder.path().join("p.csv");
    let mut refused = 0;
    let cuts = (0..12).map(|part| good[..good.len() * part / 12].to_vec());
    let flips = (0..60).map(|part| {
        let mut bytes = good.clone();
        let at = 4 + (bytes.len() - 8) * part / 60;
        bytes[at] ^= 0xFF;
        bytes
    });
    for bytes in cuts.chain(flips) {
        fs::write(&damaged, &bytes).unwrap();
        let said = predict(data, &["--target", "vmaf", "--out", out.to_str().unwrap()]);
        assert!(!said.err.contains("panicked"), "{}", said.err);
        match said.code {
            // What was flipped may be a value.
            0 => fs::remove_file(&out).unwrap(),
            2 => {
                refused += 1;
                assert_eq!(names_in(folder.path()), ["d.parquet", "t.parquet"], "nothing is left behind");
            }
            other => panic!("exit code {other}: {}", said.err),
        }
    }
    assert!(refused > 30, "{refused}");
}

#[test]
fn other_commands_read_parquet_too() {
    let folder = folder();
    let parquet = folder.path().join("t.parquet").display().to_string();
    // A copy of the table by the command; the forecast is no column of an encode table, and ignored.
    run(&["predict", "--data", TABLE, "--target", "vmaf", "--out", &parquet]).done();
    let model = model().display().to_string();
    let judged =
        |data: &str| run(&["evaluate", "--model", &model, "--data", data, "--targets", "vmaf", "--json"]).done().json();
    let (csv, other) = (judged(TABLE), judged(&parquet));
    assert_eq!(csv["targets"], other["targets"]);
    assert_eq!(csv["rows"], other["rows"]);
    let total = |data: &str| run(&["predict", "--data", data, "--total", "--json"]).done().json();
    assert_eq!(total(TABLE), total(&parquet));
}

#[cfg(target_os = "linux")]
#[test]
fn interrupted_it_leaves_nothing_behind() {
    use std::{io::Write, process::Stdio, time::Duration};

    let folder = folder();
    let out = folder.path().join("p.csv");
    fs::write(&out, "the old one").unwrap();
    let mut child = std::process::Command::new(assert_cmd::cargo::cargo_bin("encast"))
        .args(["predict", "--data", "-", "--target", "vmaf", "--out", out.to_str().unwrap()])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.as_mut().unwrap().write_all(as_csv(20_000).as_bytes()).unwrap();
    let started = std::time::Instant::now();
    while names_in(folder.path()).len() < 2 {
        assert!(started.elapsed() < Duration::from_secs(20));
        std::thread::sleep(Duration::from_millis(20));
    }
    let killed = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(killed.success());
    let said = child.wait_with_output().unwrap();
    assert_eq!(said.status.code(), Some(1), "{}", String::from_utf8_lossy(&said.stderr));
    assert_eq!(names_in(folder.path()), ["p.csv"]);
    assert_eq!(fs::read_to_string(&out).unwrap(), "the old one");
}

/// The most memory that forecasting so many rows took, in MB.
#[cfg(target_os = "linux")]
fn peak_mb(rows: usize, path: &Path) -> f64 {
    as_parquet(rows, path, Compression::SNAPPY);
    let out = path.with_extension("out.csv");
    let mut child = std::process::Command::new(assert_cmd::cargo::cargo_bin("encast"))
        .args(["predict", "--data", path.to_str().unwrap(), "--target", "vmaf", "--keep", "note", "--cores", "2"])
        .args(["--out", out.to_str().unwrap()])
        .spawn()
        .unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0.0f64;
    loop {
        if let Ok(text) = fs::read_to_string(&status)
            && let Some(line) = text.lines().find(|line| line.starts_with("VmHWM:"))
        {
            peak = peak.max(line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1024.0);
        }
        if let Some(status) = child.try_wait().unwrap() {
            assert!(status.success());
            return peak;
        }
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn memory_does_not_grow_with_the_table() {
    let folder = folder();
    let path = folder.path().join("t.parquet");
    // Enough rows for all pieces that may be on their way, then three times as many.
    let (some, many) = (peak_mb(200_000, &path), peak_mb(600_000, &path));
    assert!(some > 5.0 && many < 1.25 * some + 4.0, "{some} MB, then {many} MB");
}
