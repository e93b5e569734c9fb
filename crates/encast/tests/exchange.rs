//! Models of LightGBM, XGBoost and ONNX in bundles: forecasts are the origin's, what is not monotone stays out.
#![allow(clippy::unwrap_used)]

mod made;

use std::{collections::BTreeMap, fs, path::PathBuf};

use encast::*;

type Rows = (Vec<PredictionFeatures>, Vec<PredictionTargets>);

fn shipped(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../testdata/exchange/bundle").join(name)
}

fn bytes(name: &str) -> Vec<u8> {
    fs::read(shipped(name)).unwrap()
}

/// The project's own table, and the rows of the fold that the models of `testdata/exchange/bundle` were not trained on.
fn measured() -> (EncodeTable, Rows) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../data/measured.csv");
    let table = EncodeTable::read(path).unwrap();
    let rows = training_table(&table.features, &table.targets, 5).unwrap();
    let kept: Vec<usize> = (0..table.len()).filter(|&at| rows[at].fold == 1).collect();
    let features = kept.iter().map(|&at| table.features[at].clone()).collect();
    let targets = kept.iter().map(|&at| table.targets[at].clone()).collect();
    (table, (features, targets))
}

fn options(target: Target, given: Given) -> ImportOptions {
    ImportOptions {
        target,
        given,
        columns: Vec::new(),
        map: BTreeMap::new(),
        file: "model.txt".to_owned(),
        version: "imported-1".to_owned(),
        trained_at: 1_763_683_200,
        tables: Vec::new(),
    }
}

fn import(name: &str, calibration: &Rows, into: Option<Model>, options: &ImportOptions) -> Result<Imported> {
    import_model(&bytes(name), &calibration.0, &calibration.1, into, options)
}

/// The rows of the table and what the origin forecasts for them.
fn expected(name: &str) -> Vec<(usize, f64)> {
    let text = fs::read_to_string(shipped(&format!("{name}.csv"))).unwrap();
    let row = |line: &str| {
        let (row, value) = line.split_once(',').unwrap();
        (row.parse().unwrap(), value.parse().unwrap())
    };
    text.lines().skip(1).map(row).collect()
}

#[test]
fn forecasts_of_a_bundle_are_those_of_the_origin() {
    let (table, calibration) = measured();
    for (name, format) in [("vmaf.txt", "lightgbm"), ("vmaf.json", "xgboost-json")] {
        let imported = import(name, &calibration, None, &options(Target::Vmaf, Given::Bitrate)).unwrap();
        assert_eq!(
            (imported.about.format.as_str(), imported.about.known.join("+")),
            (format, "encoder+content".into())
        );
        assert!(imported.rows > 1000 && imported.titles > 15 && imported.figures.r2 > 0.3, "{imported:?}");
        // Saved and loaded again, it is the same.
        let model = Model::from_bytes(&imported.model.to_binary().unwrap()).unwrap();
        let model = Model::from_bytes(&model.to_json().unwrap()).unwrap();
        assert_eq!(model.metadata().imported, [imported.about]);
        assert_eq!((model.metadata().rows, model.metadata().format_version), (0, 1));
        let rows = expected(name);
        assert!(rows.len() > 200);
        let mut held = 0;
        for (at, forecast) in &rows {
            let request = mask(&table.features[*at], Tier::Content, Given::Bitrate);
            let answer = predict(&request, &model).unwrap();
            let expected = forecast.clamp(0.0, 100.0);
            let found = answer.predicted_vmaf.unwrap();
            assert!((found - expected).abs() <= 2e-5, "{name}, row {at}: {found} instead of {expected}");
            let estimate = answer.estimate(Target::Vmaf).unwrap();
            let vmaf = table.targets[*at].get(Target::Vmaf).unwrap();
            held += usize::from((estimate.lower..=estimate.upper).contains(&vmaf));
        }
        let share = held as f64 / rows.len() as f64;
        assert!((0.8..=1.0).contains(&share), "{name}: 90 % intervals hold {share} of unseen titles");
    }
}

#[test]
fn amounts_come_back_in_their_own_unit() {
    let (table, calibration) = measured();
    let imported = import("seconds.txt", &calibration, None, &options(Target::EncodeSeconds, Given::Crf)).unwrap();
    assert!(imported.figures.r2_log.unwrap() > 0.5, "{:?}", imported.figures);
    for (at, forecast) in expected("seconds.txt") {
        let request = mask(&table.features[at], Tier::Content, Given::Crf);
        let found = predict(&request, &imported.model).unwrap().estimate(Target::EncodeSeconds).unwrap().value;
        let expected = forecast.exp2() * request.megapixels();
        assert!((found / expected - 1.0).abs() <= 2e-6, "row {at}: {found} instead of {expected}");
    }
}

#[test]
fn quality_never_falls_with_the_bitrate_and_the_search_finds_it() {
    let (table, calibration) = measured();
    let model = import("vmaf.txt", &calibration, None, &options(Target::Vmaf, Given::Bitrate)).unwrap().model;
    for features in table.features.iter().step_by(200) {
        let mut request = mask(features, Tier::Content, Given::Bitrate);
        let mut last = 0.0;
        for step in 0..60 {
            request.bitrate_kbps = Some(20.0 * 1.15f64.powi(step));
            let vmaf = predict(&request, &model).unwrap().predicted_vmaf.unwrap();
            assert!(vmaf >= last, "{vmaf} after {last}");
            last = vmaf;
        }
    }
    let calibrated = |name: &str| import(name, &calibration, None, &options(Target::Vmaf, Given::Bitrate));
    let error = calibrated("unconstrained.txt").unwrap_err();
    assert!(matches!(error, Error::NotMonotone { way: "fall", .. }), "{error}");
    let text = error.to_string();
    assert!(
        text.contains("monotone_constraints=[1,1,0,0,") && text.contains("monotone_constraints=(1,1,0,0,"),
        "{text}"
    );
}

#[test]
fn features_are_columns_by_name_by_map_or_by_list() {
    let (_, calibration) = measured();
    let base = options(Target::Vmaf, Given::Bitrate);
    let import = |options: &ImportOptions| import("nameless.txt", &calibration, None, options);
    let refused = import(&base).unwrap_err().to_string();
    assert!(refused.contains("'Column_") && refused.contains("log2_bitrate_kbps"), "{refused}");
    let columns: Vec<String> = fs::read_to_string(shipped("columns.txt")).unwrap().lines().map(str::to_owned).collect();
    let listed = import(&ImportOptions { columns: columns.clone(), ..base.clone() }).unwrap();
    let map: BTreeMap<String, String> =
        columns.iter().enumerate().map(|(at, name)| (format!("Column_{at}"), name.clone())).collect();
    let mapped = import(&ImportOptions { map: map.clone(), ..base.clone() }).unwrap();
    assert_eq!(listed.model.to_json().unwrap(), mapped.model.to_json().unwrap());
    assert_eq!(listed.about.columns["log2_bitrate_kbps"], "Column_0");
    for (feature, column, reason) in [
        ("Column_0", "no_such", "is mapped to 'no_such', which is no column"),
        ("Column_99", "crf", "is mapped, but the model has no such feature"),
        ("Column_0", "crf", "is the column crf, which is not known where the bitrate is given"),
        ("Column_0", "log2_bits_per_pixel", "is the second one for the column log2_bits_per_pixel"),
    ] {
        let mut map = map.clone();
        map.insert(feature.to_owned(), column.to_owned());
        let error = import(&ImportOptions { map, ..base.clone() }).unwrap_err().to_string();
        assert!(error.contains(reason), "{feature}={column}: {error}");
    }
    let error = import(&ImportOptions { columns: columns[1..].to_vec(), ..base.clone() }).unwrap_err();
    assert!(matches!(error, Error::LengthMismatch { .. }), "{error}");
}

#[test]
fn a_bundle_keeps_what_is_not_replaced() {
    let (table, calibration) = measured();
    let default = Model::embedded().unwrap();
    let options = options(Target::Vmaf, Given::Bitrate);
    let imported = import("vmaf.txt", &calibration, Some(Model::embedded().unwrap()), &options).unwrap();
    let model = imported.model;
    assert_eq!((model.targets(), &*model.metadata().version), (default.targets(), "imported-1"));
    let figures = |model: &Model, tier: Tier| {
        let of = |f: &&TierFigures| (f.target, f.tier, f.given) == (Target::Vmaf, tier, Given::Bitrate);
        model.metadata().figures.iter().find(of).cloned().unwrap()
    };
    assert_eq!(figures(&model, Tier::Content).figures, imported.figures);
    assert_eq!(figures(&model, Tier::Content).split, "calibration-table");
    assert_eq!(figures(&model, Tier::Probe), figures(&default, Tier::Probe));
    assert_eq!(model.metadata().metrics, default.metadata().metrics);
    let (at, forecast) = expected("vmaf.txt")[0];
    let (content, probe) = (Tier::Content, Tier::Probe);
    let vmaf = |model: &Model, tier: Tier| {
        predict(&mask(&table.features[at], tier, Given::Bitrate), model).unwrap().predicted_vmaf.unwrap()
    };
    assert!((vmaf(&model, content) - forecast.clamp(0.0, 100.0)).abs() < 2e-5);
    assert_ne!(vmaf(&model, content), vmaf(&default, content));
    assert_eq!(vmaf(&model, probe), vmaf(&default, probe), "a probe is answered by the bundle's own model");
    // Once more in the same place: one entry, not two.
    let again = import("vmaf.json", &calibration, Some(model), &options).unwrap().model;
    assert_eq!(again.metadata().imported.len(), 1);
    assert_eq!(again.metadata().imported[0].format, "xgboost-json");
}

#[test]
fn what_cannot_be_calibrated_is_refused() {
    let (_, (features, targets)) = measured();
    let options = options(Target::Vmaf, Given::Bitrate);
    let few = import("vmaf.txt", &(features[..30].to_vec(), targets[..30].to_vec()), None, &options).unwrap_err();
    assert!(matches!(few, Error::TooFew { .. }), "{few}");
    let one: Vec<usize> = (0..targets.len()).filter(|&at| targets[at].title == targets[0].title).collect();
    let of_one =
        (one.iter().map(|&i| features[i].clone()).collect(), one.iter().map(|&i| targets[i].clone()).collect());
    assert!(matches!(import("vmaf.txt", &of_one, None, &options).unwrap_err(), Error::TooFew { .. }));
    let settings: Vec<_> = features.iter().map(|row| mask(row, Tier::Settings, Given::Bitrate)).collect();
    let error = import("vmaf.txt", &(settings, targets.clone()), None, &options).unwrap_err().to_string();
    assert!(error.contains("know encoder+content"), "{error}");
    let of_bitrate = ImportOptions { target: Target::BitrateKbps, ..options.clone() };
    assert!(matches!(import("vmaf.txt", &(features, targets), None, &of_bitrate), Err(Error::NotPredicted { .. })));
    assert!(matches!(import_model(b"tree\n", &[], &[], None, &options), Err(Error::Foreign(_))));
}

#[test]
fn exported_trees_forecast_the_same_when_they_are_imported() {
    let (features, targets) = made::table(24);
    let base = TrainOptions { model_kind: ModelKind::Boosting, targets: vec![Target::Vmaf], ..TrainOptions::default() };
    let model = retrain(&features, &targets, &base).unwrap();
    let export = ExportOptions { target: Target::Vmaf, given: Given::Bitrate, known: None, trees_only: false };
    let onnx = export_onnx(&model, &export).unwrap();
    let imported = import_model(&onnx, &features, &targets, None, &options(Target::Vmaf, Given::Bitrate)).unwrap();
    assert_eq!((imported.about.format.as_str(), imported.notes.len()), ("onnx", 0));
    for row in features.iter().step_by(17) {
        let request = mask(row, Tier::Probe, Given::Bitrate);
        let (own, back) = (predict(&request, &model).unwrap(), predict(&request, &imported.model).unwrap());
        assert!((own.predicted_vmaf.unwrap() - back.predicted_vmaf.unwrap()).abs() < 1e-4);
    }
    let known = Some(vec!["content".to_owned(), "encoder".to_owned()]);
    let less = export_onnx(&model, &ExportOptions { known, ..export.clone() }).unwrap();
    let less = import_model(&less, &features, &targets, None, &options(Target::Vmaf, Given::Bitrate)).unwrap();
    assert_eq!(less.about.known, ["encoder", "content"]);

    let refused = |model: &Model, options: &ExportOptions| export_onnx(model, options).unwrap_err().to_string();
    let nowhere = ExportOptions { known: Some(vec!["probe".to_owned()]), ..export.clone() };
    assert!(refused(&model, &nowhere).contains("known are "), "{}", refused(&model, &nowhere));
    let misnamed = ExportOptions { known: Some(vec!["colour".to_owned()]), ..export.clone() };
    assert!(refused(&model, &misnamed).contains("unknown known 'colour'"), "{}", refused(&model, &misnamed));
    let default = Model::embedded().unwrap();
    assert!(refused(&default, &export).contains("curves make a share"));
    assert!(export_onnx(&default, &ExportOptions { trees_only: true, ..export }).is_ok());
}

#[test]
fn a_table_to_train_on_has_what_models_see() {
    let (features, targets) = made::table(12);
    let rows = training_table(&features, &targets, 4).unwrap();
    assert_eq!(rows.len(), features.len());
    let at = |column: Column| column as usize;
    let (row, request) = (&rows[5], &features[5]);
    assert_eq!(row.columns.len(), Column::COUNT);
    assert_eq!(row.columns[at(Column::Log2Bitrate)], request.bitrate_kbps.unwrap().log2() as f32);
    assert!(row.columns[at(Column::BitDepth)].is_nan());
    assert_eq!(row.targets[Target::Vmaf as usize], targets[5].get(Target::Vmaf));
    let seconds = targets[5].get(Target::CpuSeconds).unwrap() / request.megapixels();
    assert_eq!(row.targets[Target::CpuSeconds as usize], Some(seconds.log2()));
    assert_eq!(row.targets[Target::EncodeSeconds as usize], None);
    assert_eq!(learning_name(Target::CpuSeconds), "log2_cpu_seconds_per_megapixel");
    for (a, b) in rows.iter().zip(&targets).zip(rows.iter().zip(&targets).skip(1)) {
        let ((a, title), (b, other)) = (a, b);
        assert!(title.title != other.title || a.fold == b.fold);
    }
    assert!(rows.iter().any(|row| row.fold == 3) && rows.iter().all(|row| row.fold < 4));
}
