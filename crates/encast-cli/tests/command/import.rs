//! `encast columns`, `encast import` and `encast export-model`: files, errors that name them, and nothing half-written.

use std::fs;

use crate::common::{TABLE, folder, run, sh};

const MODELS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/exchange");
const MEASURED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/measured.csv");

#[test]
fn columns_are_those_of_the_schema() {
    let folder = folder();
    let out = folder.path().join("X.csv");
    let report = run(&["columns", "--data", TABLE, "--out", out.to_str().unwrap(), "--folds", "3", "--json"]);
    let report = report.done().json();
    assert_eq!((&report["rows"], &report["titles"], &report["folds"]), (&394.into(), &12.into(), &3.into()));
    let mut rows = csv::Reader::from_path(&out).unwrap();
    let header = rows.headers().unwrap().clone();
    assert_eq!((&header[0], &header[1], &header[2]), ("title", "fold", "log2_bitrate_kbps"));
    let place = |name: &str| header.iter().position(|column| column == name).unwrap();
    let (vmaf, cpu) = (place("target_vmaf"), place("target_log2_cpu_seconds_per_megapixel"));
    let rows: Vec<csv::StringRecord> = rows.records().map(Result::unwrap).collect();
    // The table's first row: 4175.45 kbit/s, 854x480 at 30 fps for 2.1667 s in 0.5741 s.
    assert_eq!((rows.len(), &rows[0][0], &rows[0][vmaf]), (394, "monst_lady", "99.924"));
    assert_eq!(rows[0][2].parse::<f32>().unwrap(), 4175.45f64.log2() as f32);
    let megapixels = 854.0 * 480.0 * 30.0 * 2.1667 / 1e6;
    assert!((rows[0][cpu].parse::<f64>().unwrap() - (0.5741f64 / megapixels).log2()).abs() < 1e-12);
    assert!(rows[0][place("bit_depth")].is_empty());
    for row in &rows {
        let same = |other: &&csv::StringRecord| other[0] == row[0];
        assert!(rows.iter().filter(same).all(|other| other[1] == row[1]) && row[1].parse::<u32>().unwrap() < 3);
    }
}

#[test]
fn a_model_of_lightgbm_is_served() {
    let folder = folder();
    let out = folder.path().join("I.encast");
    let (model, out) = (format!("{MODELS}/bundle/vmaf.txt"), out.to_str().unwrap());
    let import = ["import", &model, "--target", "vmaf", "--given", "bitrate", "--calibrate", MEASURED, "--out", out];
    let report = run(&[&import[..], &["--json", "--version", "v7"]].concat()).done().json();
    let imported = &report["imported"];
    assert_eq!((&imported["format"], &imported["file"]), (&"lightgbm".into(), &"vmaf.txt".into()));
    assert_eq!(imported["sha256"].as_str().unwrap().len(), 64);
    assert_eq!(imported["calibrated_on"][0]["name"], "measured.csv");
    let inspected = run(&["inspect", out]).done().out;
    assert!(inspected.contains("imported: vmaf from a bitrate (encoder+content): vmaf.txt, lightgbm"), "{inspected}");
    let people = run(&import).done().out;
    assert!(people.contains("needs          encoder, content") && people.contains("written: "), "{people}");
}

#[test]
fn what_is_refused_names_the_file_and_leaves_what_was_there() {
    let folder = folder();
    let out = folder.path().join("I.encast");
    fs::write(&out, "the old one").unwrap();
    let import = |model: &str, more: &[&str]| {
        let words = ["import", model, "--target", "vmaf", "--given", "bitrate", "--calibrate", MEASURED, "--out"];
        run(&[&words[..], &[out.to_str().unwrap()], more].concat())
    };
    let of = |name: &str| format!("{MODELS}/{name}");
    import(&of("refused/gamma.json"), &[]).is_bad(&["gamma.json: objective reg:gamma is not supported"]);
    import(&of("bundle/unconstrained.txt"), &[]).is_bad(&["monotone_constraints=[1,1,0"]);
    import(&of("bundle/nameless.txt"), &[]).is_bad(&["feature 'Column_0'", "map it to one"]);
    import(&of("bundle/vmaf.txt"), &["--map", "crf"]).is_bad(&["'crf' is not FEATURE=COLUMN"]);
    import(&of("bundle/vmaf.txt"), &["--map", "a=b", "--map", "a=c"]).is_bad(&["a is mapped twice"]);
    import(&of("no_such.txt"), &[]).is_bad(&["no_such.txt"]);
    import(TABLE, &[]).is_bad(&["measured_small.csv: byte 0: neither a LightGBM text model"]);
    let cut = folder.path().join("cut.txt");
    let text = fs::read_to_string(of("bundle/vmaf.txt")).unwrap();
    fs::write(&cut, &text[..text.len() / 2]).unwrap();
    import(cut.to_str().unwrap(), &[]).is_bad(&["cut.txt: line ", "the model ends before 'end of trees'"]);
    assert_eq!(fs::read(&out).unwrap(), b"the old one");
    import(&of("bundle/nameless.txt"), &["--columns", &of("bundle/columns.txt")]).done();
    assert_ne!(fs::read(&out).unwrap(), b"the old one");
}

#[test]
fn curves_are_not_exported_unless_told_to_be_left_out() {
    let folder = folder();
    let out = folder.path().join("M.onnx");
    let out = out.to_str().unwrap();
    sh(&format!("export-model $M --onnx {out}")).is_bad(&["vmaf can't be exported: curves make a share"]);
    assert!(!folder.path().join("M.onnx").exists());
    let report = sh(&format!("export-model $M --onnx {out} --trees-only --known encoder --json")).done().json();
    assert_eq!((&report["scale"], &report["given"]), (&"vmaf".into(), &"bitrate".into()));
    let bytes = fs::read(folder.path().join("M.onnx")).unwrap();
    assert_eq!(report["bytes"], bytes.len());
    let text = String::from_utf8_lossy(&bytes);
    assert!(text.contains("TreeEnsembleRegressor") && text.contains("trees without the bundle's curves"));
    sh(&format!("export-model $M --onnx {out} --target ssim --known probe")).is_bad(&["ssim is not predicted"]);
}
