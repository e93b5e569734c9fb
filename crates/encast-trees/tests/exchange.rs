//! Models that LightGBM, XGBoost and scikit-learn trained, against what these (and ONNX Runtime) forecast with them.
//!
//! `testdata/exchange` holds small ones; `ENCAST_EXCHANGE_MODELS` may name a folder with more of them.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::{
    fs,
    path::{Path, PathBuf},
};

use encast_trees::{
    FlatEnsemble,
    exchange::{ExchangeError, ForeignModel, onnx, read},
};

fn folders() -> Vec<PathBuf> {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/exchange");
    [Some(shipped), std::env::var_os("ENCAST_EXCHANGE_MODELS").map(PathBuf::from)].into_iter().flatten().collect()
}

fn models(folder: &Path) -> Vec<PathBuf> {
    let known = ["txt", "json", "ubj", "onnx"];
    let mut found: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.file_name().unwrap() != "requirements.txt")
        .filter(|path| path.extension().is_some_and(|e| known.iter().any(|known| e == *known)))
        .collect();
    found.sort();
    found
}

/// The rows beside a model, and what its origin forecasts for them.
fn rows(model: &Path) -> Vec<(Vec<f32>, f64)> {
    let text = fs::read_to_string(model.with_extension("csv")).unwrap();
    let row = |line: &str| {
        let cells: Vec<&str> = line.split(',').collect();
        let (expected, features) = cells.split_last().unwrap();
        let cell = |cell: &&str| if cell.is_empty() { f32::NAN } else { cell.parse().unwrap() };
        (features.iter().map(cell).collect(), expected.parse().unwrap())
    };
    text.lines().skip(1).map(row).collect()
}

/// Sum of the magnitudes of all that is added up: what rounding errors are relative to.
fn magnitude(model: &ForeignModel, row: &[f32]) -> f64 {
    let members = model.ensemble.members();
    let of =
        |m: &encast_trees::Member| m.base.abs() + m.trees.iter().map(|t| f64::from(t.evaluate(row).abs())).sum::<f64>();
    members.iter().map(of).sum::<f64>() / members.len() as f64
}

/// Rounding of a sum in single precision: half a unit of the last place for each tree.
fn tolerance(model: &ForeignModel) -> f64 {
    let trees: usize = model.ensemble.members().iter().map(|member| member.trees.len()).sum();
    (trees as f64 * f64::from(f32::EPSILON) / 2.0).max(1e-6)
}

fn in_single_precision(model: &ForeignModel, row: &[f32]) -> f32 {
    let member = &model.ensemble.members()[0];
    member.trees.iter().fold(member.base as f32, |sum, tree| sum + tree.evaluate(row))
}

#[test]
fn forecasts_are_those_of_the_origin() {
    for folder in folders() {
        let mut count = 0;
        for path in models(&folder) {
            let model = read(&fs::read(&path).unwrap()).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            let flat = FlatEnsemble::new(&model.ensemble);
            let rows = rows(&path);
            let (mut worst, mut relative) = (0.0f64, 0.0f64);
            for (row, expected) in &rows {
                let found = model.ensemble.predict(row);
                assert_eq!(found, flat.predict(row), "{}", path.display());
                if path.extension().is_some_and(|e| e == "json" || e == "ubj") {
                    // Summed as XGBoost does, not a bit is left.
                    assert_eq!(in_single_precision(&model, row), *expected as f32, "{} {row:?}", path.display());
                }
                let error = (found - expected).abs();
                assert!(
                    error <= tolerance(&model) * magnitude(&model, row).max(1e-3),
                    "{}: {found} instead of {expected} for {row:?}",
                    path.display()
                );
                (worst, relative) = (worst.max(error), relative.max(error / expected.abs()));
            }
            assert!(
                rows.len() >= 100 && !rows.iter().all(|(_, y)| *y == rows[0].1)
                    || path.to_string_lossy().contains("constant")
            );
            let name = path.file_name().unwrap().to_string_lossy();
            println!(
                "{name}: {} rows, {} trees, largest error {worst:.2e} ({relative:.2e} relative)",
                rows.len(),
                model.ensemble.members().iter().map(|m| m.trees.len()).sum::<usize>()
            );
            count += 1;
        }
        assert!(count >= 25, "{}: {count} models", folder.display());
    }
}

#[test]
fn what_no_sum_of_trees_can_mean_is_refused_by_name() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/exchange/refused");
    let named = [
        ("gamma.json", "objective reg:gamma"),
        ("gblinear.json", "booster gblinear"),
        ("linear.txt", "is_linear=1 (tree 0)"),
        ("multiclass.txt", "num_class=2"),
        ("poisson.txt", "objective=poisson"),
        ("softmax.json", "objective multi:softmax"),
        ("sqrt.txt", "objective=regression sqrt"),
    ];
    assert_eq!(models(&folder).len(), named.len());
    for (file, name) in named {
        let error = read(&fs::read(folder.join(file)).unwrap()).unwrap_err();
        assert!(matches!(&error, ExchangeError::Unsupported { what, .. } if what == name), "{file}: {error}");
    }
}

#[test]
fn cut_off_anywhere_is_an_error_with_a_position() {
    for path in models(&folders()[0]) {
        let bytes = fs::read(&path).unwrap();
        let whole = read(&bytes).unwrap();
        // What follows the trees in a text model says nothing of them.
        let needed = match bytes.starts_with(b"tree") {
            true => bytes.windows(12).position(|window| window == b"end of trees").unwrap() + 12,
            false => bytes.len(),
        };
        let step = if needed > 8000 { 7 } else { 1 };
        for length in (0..needed).step_by(step) {
            match read(&bytes[..length]) {
                // A field of a message that may be missing, at its very end.
                Ok(model) => {
                    assert!(path.extension().is_some_and(|e| e == "onnx"), "{} {length}: {model:?}", path.display())
                }
                Err(ExchangeError::Malformed { at, reason }) => {
                    assert!(!at.to_string().is_empty() && !reason.is_empty());
                }
                Err(ExchangeError::UnknownFormat) => assert!(length < 6, "{} {length}", path.display()),
                Err(ExchangeError::Unsupported { .. } | ExchangeError::Tree { .. })
                    if path.extension().is_some_and(|e| e == "onnx") => {}
                Err(other) => panic!("{} {length}: {other}", path.display()),
            }
        }
        assert_eq!(read(&bytes[..needed]).unwrap().ensemble, whole.ensemble);
    }
}

#[test]
fn flipped_bits_never_panic() {
    let mut state = 0x2545_F491_4F6C_DD1Du64;
    let mut random = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    };
    let (mut refused, mut read_all) = (0, 0);
    for path in models(&folders()[0]) {
        let bytes = fs::read(&path).unwrap();
        for _ in 0..400 {
            let mut bad = bytes.clone();
            for _ in 0..=random(3) {
                bad[random(bytes.len())] ^= 1 << random(8);
            }
            match read(&bad) {
                Ok(model) => {
                    model.ensemble.predict(&[0.5; 5]);
                    read_all += 1;
                }
                Err(error) => {
                    assert!(!error.to_string().is_empty());
                    refused += 1;
                }
            }
        }
    }
    assert!(refused > 1000 && read_all > 100, "{refused} refused, {read_all} read");
}

#[test]
fn what_is_written_as_onnx_is_read_back() {
    for path in models(&folders()[0]) {
        let model = read(&fs::read(&path).unwrap()).unwrap();
        let columns: Vec<&str> = model.feature_names.iter().map(String::as_str).collect();
        let labels = onnx::OnnxLabels { columns: &columns, producer: ("test", "1"), metadata: &[("key", "value")] };
        let again = onnx::read(&onnx::write(&model.ensemble, &labels).unwrap()).unwrap();
        assert_eq!(again.feature_names, model.feature_names);
        for (row, _) in rows(&path) {
            let (a, b) = (model.ensemble.predict(&row), again.ensemble.predict(&row));
            assert!((a - b).abs() <= 1e-7 * magnitude(&model, &row).max(1e-3), "{}: {a} {b}", path.display());
        }
        if model.ensemble.members().len() == 1
            && model.ensemble.members()[0].base as f32 as f64 == model.ensemble.members()[0].base
        {
            let trees = |model: &ForeignModel| model.ensemble.members()[0].trees.clone();
            assert_eq!(trees(&model), trees(&again), "{}", path.display());
        }
        let few = onnx::OnnxLabels { columns: &columns[1..], ..labels };
        assert!(onnx::write(&model.ensemble, &few).is_err());
    }
}

#[test]
fn errors_name_place_or_node() {
    let text = fs::read_to_string(folders()[0].join("lightgbm_missing.txt")).unwrap();
    for (from, to, message) in [
        ("num_class=1", "num_class=one", "line 3: num_class has the value 'one', which is not a number of its kind"),
        ("Tree=1", "Tree=2", "tree 2 stands where tree 1 is due"),
        ("left_child=1 ", "left_child=0 ", "node 0: has child 0, which another node has, too"),
        ("left_child=1 ", "left_child=77 ", "tree 1, node 0: has child 77, which is not there"),
        ("left_child=1 ", "left_child= ", "left_child has 4 values, but must have 5"),
        ("num_leaves=6", "num_leaves=4000000000", "leaf_value has 6 values, but must have 4000000000"),
        ("Tree=1", "num_cat=0\nTree=1", "num_cat stands in line"),
        ("feature_names=rate", "feature_names=", "4 feature names do not go with max_feature_idx"),
        ("split_feature=", "split_feature=9 ", "split_feature has 6 values, but must have 5"),
    ] {
        let bad = text.replacen(from, to, 1);
        assert_ne!(bad, text, "{from}");
        let error = read(bad.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(message), "{from} -> {to}: {error}");
    }
    let json = fs::read_to_string(folders()[0].join("xgboost_hist.json")).unwrap();
    for (from, to, message) in [
        ("\"left_children\":[1,", "\"left_children\":[0,", "node 0: has child 0, which another node has, too"),
        ("\"left_children\":[1,", "\"left_children\":[99,", "tree 0, node 0: has child 99, but there are"),
        (
            "\"left_children\":[1,",
            "\"left_children\":[null,",
            "learner.gradient_booster.model.trees[0].left_children: must be a list of numbers",
        ),
        ("\"left_children\":[1,", "\"left_children\":[", "learner.gradient_booster.model.trees[0].right_children: has"),
        (
            "\"num_class\":\"0\",\"num_feature\":\"5\"",
            "\"num_class\":\"0\",\"num_feature\":\"-5\"",
            "learner.learner_model_param.num_feature: -5 is no count",
        ),
        ("{", "{{", "line 1, column 2: key must be a string"),
    ] {
        let bad = json.replacen(from, to, 1);
        assert_ne!(bad, json, "{from}");
        let error = read(bad.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(message), "{from} -> {to}: {error}");
    }
    assert_eq!(read(b"hello").unwrap_err(), ExchangeError::UnknownFormat);
}
