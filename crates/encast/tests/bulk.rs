//! Bulk scoring gives what single forecasts give, bit for bit, and blames the same rows for the same reasons.
#![allow(clippy::unwrap_used, clippy::panic)]

mod made;

use std::{fs, path::PathBuf};

use encast::*;

/// The columns of some requests.
struct Table {
    rows: usize,
    numbers: Vec<(Field, Vec<f64>)>,
    names: Vec<(Field, Vec<u32>, Vec<String>)>,
}

fn name_of(features: &PredictionFeatures, field: Field) -> Option<String> {
    match field {
        Field::Codec => features.codec.map(|codec| codec.to_string()),
        Field::Encoder => features.encoder.map(|encoder| encoder.to_string()),
        Field::Preset => features.preset.clone(),
        _ => features.machine.clone(),
    }
}

impl Table {
    fn of(requests: &[PredictionFeatures]) -> Table {
        let (mut numbers, mut names) = (Vec::new(), Vec::new());
        for &field in Field::ALL {
            if field.is_name() {
                let mut known: Vec<String> = Vec::new();
                let codes = requests.iter().map(|request| {
                    let Some(name) = name_of(request, field) else { return Names::UNKNOWN };
                    let found = known.iter().position(|other| *other == name);
                    found.unwrap_or_else(|| {
                        known.push(name);
                        known.len() - 1
                    }) as u32
                });
                let codes: Vec<u32> = codes.collect();
                if !known.is_empty() {
                    names.push((field, codes, known));
                }
            } else if requests.iter().any(|request| request.get(field).is_some()) {
                numbers.push((field, requests.iter().map(|r| r.get(field).unwrap_or(f64::NAN)).collect()));
            }
        }
        Table { rows: requests.len(), numbers, names }
    }

    fn score(&self, scorer: &mut Scorer<'_>, mut bad: impl FnMut(usize, Error)) -> Vec<(Vec<f64>, Vec<f64>, Vec<f64>)> {
        let names: Vec<Vec<&str>> =
            self.names.iter().map(|(_, _, names)| names.iter().map(String::as_str).collect()).collect();
        let mut inputs = BulkInputs::new(self.rows);
        for (field, values) in &self.numbers {
            inputs.set(*field, Numbers::F64(values)).unwrap();
        }
        for ((field, codes, _), names) in self.names.iter().zip(&names) {
            inputs.set_names(*field, Names::Coded { codes, names }).unwrap();
        }
        let intervals = scorer.intervals();
        let empty = || vec![7.0; self.rows];
        let mut columns: Vec<_> = scorer.targets().iter().map(|_| (empty(), empty(), empty())).collect();
        let mut outputs: Vec<BulkOutput<'_>> = columns
            .iter_mut()
            .map(|(value, lower, upper)| BulkOutput {
                value,
                bounds: intervals.then_some((lower.as_mut_slice(), upper.as_mut_slice())),
            })
            .collect();
        scorer.score_good(&inputs, &mut outputs, &mut bad).unwrap();
        columns
    }
}

/// Compares all targets, with and without intervals, one by one and together; gives how many rows were good.
fn agree(requests: &[PredictionFeatures], model: &Model, options: &PredictOptions) -> usize {
    let table = Table::of(requests);
    let single: Vec<_> = requests.iter().map(|request| predict_with(request, model, options)).collect();
    let there = |target: &&Target| Scorer::new(model, &[**target], false, options).is_ok();
    let targets: Vec<Target> = Target::ALL.iter().filter(there).copied().collect();
    assert!(targets.len() >= 2);
    // What no scorer gives, no forecast gives.
    let predicted = |target: &Target| single.iter().flatten().any(|answer| answer.estimate(*target).is_some());
    assert!(Target::ALL.iter().all(|target| targets.contains(target) || !predicted(target)));
    let alone = targets.iter().map(|&target| vec![target]);
    for asked in alone.chain([targets.iter().rev().copied().collect()]) {
        for intervals in [false, true] {
            let mut scorer = Scorer::new(model, &asked, intervals, options).unwrap();
            let mut errors = Vec::new();
            let columns = table.score(&mut scorer, |row, error| errors.push((row, error.to_string())));
            // Once more with the groups that are known by now.
            let again = table.score(&mut scorer, |_, _| ());
            for (row, answer) in single.iter().enumerate() {
                if let Err(error) = answer {
                    assert!(errors.contains(&(row, error.to_string())), "row {row}: {error} not in {errors:?}");
                }
                for (target, (columns, again)) in asked.iter().zip(columns.iter().zip(&again)) {
                    let estimate = answer.as_ref().ok().and_then(|answer| answer.estimate(*target));
                    let of = |end: fn(&Estimate) -> f64| estimate.as_ref().map_or(f64::NAN, end).to_bits();
                    let what = || format!("row {row}, {target}: {:?}", requests[row]);
                    assert_eq!(columns.0[row].to_bits(), of(|e| e.value), "{}", what());
                    assert_eq!(again.0[row].to_bits(), of(|e| e.value), "{}", what());
                    if intervals {
                        assert_eq!(columns.1[row].to_bits(), of(|e| e.lower), "{}", what());
                        assert_eq!(columns.2[row].to_bits(), of(|e| e.upper), "{}", what());
                    }
                }
            }
            assert_eq!(errors.len(), single.iter().filter(|answer| answer.is_err()).count());
            assert!(errors.is_sorted_by_key(|(row, _)| *row));
        }
    }
    single.iter().flatten().count()
}

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    fn one_of<T: Copy>(&mut self, among: &[T]) -> T {
        among[(self.roll() * among.len() as f64) as usize]
    }

    fn maybe(&mut self, often: f64) -> bool {
        self.roll() < often
    }
}

/// A request of any kind: tiers, unknowns, values out of range, and every twentieth time something that is refused.
fn any_request(dice: &mut Dice) -> PredictionFeatures {
    let (width, height) = dice.one_of(&[(640.0, 360.0), (1280.0, 720.0), (1920.0, 1080.0), (3840.0, 2160.0)]);
    let bitrate = 2f64.powf(6.0 + 9.0 * dice.roll());
    let mut request = PredictionFeatures::new(bitrate, width, height, dice.one_of(&[24.0, 30.0, 60.0]), 0.0, 0.4);
    let (content, probe) = (dice.maybe(0.6), dice.maybe(0.3));
    for &field in Field::ALL {
        let there = match field.group() {
            Group::Content => content && dice.maybe(0.97),
            Group::Probe | Group::ProbeVmaf => probe && dice.maybe(0.8),
            _ => dice.maybe(0.5),
        };
        let (low, high) = field.documented_range();
        let kept = matches!(field, Field::ResolutionWidth | Field::ResolutionHeight | Field::BitrateKbps);
        if !kept && !field.is_name() {
            request.set(field, there.then(|| low + (high.min(200.0) - low).max(0.0) * dice.roll()));
        }
    }
    request.threads = request.threads.map(f64::round);
    if dice.maybe(0.7) {
        request.encoder = dice.maybe(0.5).then(|| dice.one_of(&[Encoder::Libx264, Encoder::Libx265]));
        request.codec = request.encoder.map(Encoder::codec).or(Some(dice.one_of(&[Codec::H264, Codec::Av1])));
        let named = dice.maybe(0.7) && request.codec != Some(Codec::Av1);
        request.preset = named.then(|| dice.one_of(&["medium", "veryfast", "slow"]).to_owned());
    }
    match (dice.roll() * 30.0) as u32 {
        0 => request.bitrate_kbps = Some(-1.0),
        1 => request.crf = Some(f64::INFINITY),
        2 => request.preset = Some("turbo".to_owned()),
        3 => request.si_mean = Some(-2.0),
        4 => request.resolution_height = 1e9,
        5 => request.codec = Some(Codec::Vp9),
        6 => request.machine = Some("nowhere".to_owned()),
        7..12 => request.bitrate_kbps = None,
        _ => (),
    }
    request
}

/// Requests with runs that differ in the rate alone, runs of one row, and groups that come again.
fn any_table(rows: usize, seed: u64) -> Vec<PredictionFeatures> {
    let mut dice = Dice(seed);
    let mut table: Vec<PredictionFeatures> = Vec::new();
    while table.len() < rows {
        let back = (dice.roll() * 40.0) as usize;
        let again = table.len().checked_sub(back + 1).filter(|_| dice.maybe(0.3)).map(|at| table[at].clone());
        let mut request = again.unwrap_or_else(|| any_request(&mut dice));
        for _ in 0..(dice.roll() * 4.0) as usize + 1 {
            if dice.maybe(0.9) {
                request.bitrate_kbps = request.bitrate_kbps.map(|bitrate| bitrate * 1.3);
            } else {
                request.crf = dice.maybe(0.8).then(|| dice.one_of(&[20.0, 28.5, 35.0]));
            }
            table.push(request.clone());
        }
    }
    table
}

#[test]
fn random_rows_of_the_default_model() {
    let model = Model::embedded().unwrap();
    let good = agree(&any_table(900, 7), &model, &PredictOptions::default());
    assert!((500..900).contains(&good), "{good}");
    agree(
        &any_table(300, 8),
        &model,
        &PredictOptions { level: 0.8, profile: Some(made::profile()), ..Default::default() },
    );
}

#[test]
fn random_rows_of_models_of_both_formats() {
    for name in ["v1.encast", "v1.json", "v2.encast"] {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../testdata/bundles").join(name);
        let good = agree(&any_table(300, 9), &load_model(&path).unwrap(), &PredictOptions::default());
        assert!(good > 100, "{name}: {good}");
    }
}

#[test]
fn all_cases_of_testdata() {
    for (cases, bundle) in [("cases.json", "v1.encast"), ("cases-v2.json", "v2.encast")] {
        let testdata = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../testdata");
        let text = fs::read(testdata.join(cases)).unwrap();
        let all: serde_json::Value = serde_json::from_slice(&text).unwrap();
        let requests: Vec<PredictionFeatures> = all["cases"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|case| serde_json::from_value::<PredictionFeatures>(case["request"].clone()).ok())
            // Anchors are no columns; what is not a number stands for what is not known there.
            .filter(|request| request.anchors.is_empty())
            .filter(|request| !Field::ALL.iter().any(|&field| request.get(field).is_some_and(f64::is_nan)))
            .collect();
        assert!(requests.len() > 5);
        let model = load_model(testdata.join("bundles").join(bundle)).unwrap();
        assert!(agree(&requests, &model, &PredictOptions::default()) > 4);
    }
}

#[test]
fn measured_rows_of_the_default_model() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../encast-cli/tests/data/measured_small.csv");
    let table = EncodeTable::read(path).unwrap();
    let model = Model::embedded().unwrap();
    assert_eq!(agree(&table.features, &model, &PredictOptions::default()), table.len());
}

#[test]
fn rows_at_a_site() {
    let site = Profiles::shipped().unwrap().site("c5.2xlarge", "us-east-1").unwrap();
    let options = PredictOptions { site: Some(site), deliveries: 100.0, ..Default::default() };
    assert!(agree(&any_table(120, 10), &Model::embedded().unwrap(), &options) > 60);
}

#[test]
fn more_groups_than_are_kept() {
    let model = Model::embedded().unwrap();
    let request = |row: usize| PredictionFeatures {
        si_mean: None,
        // 1700 groups that take turns.
        ..PredictionFeatures::new(500.0 + row as f64, 1280.0, 720.0, 30.0, 0.0, (row % 1700) as f64 / 1700.0)
    };
    let requests: Vec<PredictionFeatures> = (0..4000).map(request).collect();
    let table = Table::of(&requests);
    let mut scorer = Scorer::new(&model, &[Target::Vmaf], false, &PredictOptions::default()).unwrap();
    let columns = table.score(&mut scorer, |_, error| panic!("{error}"));
    let single = predict_batch(&requests, &model, &PredictOptions::default()).unwrap();
    for (value, answer) in columns[0].0.iter().zip(&single) {
        assert_eq!(value.to_bits(), answer.predicted_vmaf.unwrap().to_bits());
    }
}

#[test]
fn single_precision_and_constants_are_columns_too() {
    let model = Model::embedded().unwrap();
    let rates: Vec<f32> = (0..50).map(|row| 300.0 + 77.7 * row as f32).collect();
    let mut inputs = BulkInputs::new(rates.len());
    inputs.set(Field::BitrateKbps, Numbers::F32(&rates)).unwrap();
    inputs.set(Field::ResolutionWidth, Numbers::Same(1280.0)).unwrap();
    inputs.set(Field::ResolutionHeight, Numbers::Same(720.0)).unwrap();
    inputs.set(Field::FrameRate, Numbers::Same(30.0)).unwrap();
    inputs.set_names(Field::Encoder, Names::Same("libx265")).unwrap();
    let mut scorer = Scorer::new(&model, &[Target::Vmaf], false, &PredictOptions::default()).unwrap();
    let mut value = vec![0.0; rates.len()];
    scorer.score(&inputs, &mut [BulkOutput { value: &mut value, bounds: None }]).unwrap();
    for (&rate, value) in rates.iter().zip(value) {
        let request = PredictionFeatures {
            bitrate_kbps: Some(f64::from(rate)),
            resolution_width: 1280.0,
            resolution_height: 720.0,
            frame_rate: Some(30.0),
            encoder: Some(Encoder::Libx265),
            ..Default::default()
        };
        assert_eq!(predict(&request, &model).unwrap().predicted_vmaf.unwrap().to_bits(), value.to_bits());
    }
}

#[test]
fn what_does_not_fit_is_an_error() {
    let model = Model::embedded().unwrap();
    let options = PredictOptions::default();
    let no_gpu = Scorer::new(&model, &[Target::GpuPercent], false, &options).err().unwrap();
    assert!(matches!(no_gpu, Error::NotPredicted { target: Target::GpuPercent, .. }));
    let mut inputs = BulkInputs::new(2);
    assert!(matches!(inputs.set(Field::Crf, Numbers::F64(&[1.0])), Err(Error::LengthMismatch { what: "crf", .. })));
    assert!(inputs.set(Field::Codec, Numbers::Same(1.0)).is_err());
    assert!(inputs.set_names(Field::Crf, Names::Same("x")).is_err());
    let names = Names::Coded { codes: &[0, 1], names: &["h264"] };
    assert!(inputs.set_names(Field::Codec, names).unwrap_err().to_string().contains("code 1"));
    for field in [Field::ResolutionWidth, Field::ResolutionHeight] {
        inputs.set(field, Numbers::Same(720.0)).unwrap();
    }
    inputs.set(Field::BitrateKbps, Numbers::F64(&[1000.0, -3.0])).unwrap();
    let mut scorer = Scorer::new(&model, &[Target::Vmaf], false, &options).unwrap();
    let mut value = [0.0; 2];
    let error = scorer.score(&inputs, &mut [BulkOutput { value: &mut value, bounds: None }]).unwrap_err();
    assert!(error.to_string().starts_with("row 1: bitrate_kbps = -3: must be"), "{error}");
    assert!(scorer.score(&inputs, &mut []).is_err());
    let mut with_intervals = Scorer::new(&model, &[Target::Vmaf], true, &options).unwrap();
    let error = with_intervals.score(&inputs, &mut [BulkOutput { value: &mut value, bounds: None }]).unwrap_err();
    assert!(matches!(error, Error::LengthMismatch { what: "lower", .. }));
}
