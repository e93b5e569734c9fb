//! The search: it finds what is better, on titles that are not judged, and what it found goes into the bundle.
#![allow(clippy::unwrap_used)]

mod made;

use std::collections::BTreeSet;

use encast::*;
use made::table;

type Table = (Vec<PredictionFeatures>, Vec<PredictionTargets>);

fn options() -> TrainOptions {
    TrainOptions { targets: vec![Target::Vmaf], ..Default::default() }
}

/// The titles from `first` on, and those before.
fn split((features, targets): Table, first: usize) -> (Table, Table) {
    let rows = features.into_iter().zip(targets);
    let number = |title: &str| title.trim_start_matches("made ").parse::<usize>().unwrap();
    let (late, early): (Vec<_>, Vec<_>) = rows.partition(|(_, row)| number(&row.title) >= first);
    (late.into_iter().unzip(), early.into_iter().unzip())
}

fn first_trials((features, targets): &Table, base: &TrainOptions, trials: usize) -> SearchReport {
    search(features, targets, base, 2, &mut |trial| trial.number < trials, &|_| ()).unwrap()
}

/// Error of a training on titles that neither it nor the search saw.
fn error_on(fresh: &Table, table: &Table, options: &TrainOptions) -> f64 {
    let model = retrain(&table.0, &table.1, options).unwrap();
    evaluate(&fresh.0, &fresh.1, &model, Tier::Probe, Given::Bitrate).unwrap().targets["vmaf"].mae
}

/// Checks that the search leaves `base`, for what has the lowest score and is better on fresh titles too.
fn finds_better(fresh: &Table, table: &Table, base: &TrainOptions, trials: usize) -> Candidate {
    let report = first_trials(table, base, trials);
    assert_eq!(report.trials.len(), trials);
    assert!(!report.complete && report.candidates > trials);
    let scores: Vec<f64> = report.trials.iter().map(|trial| trial.score.unwrap()).collect();
    let lowest = scores.iter().copied().fold(f64::INFINITY, f64::min);
    assert_eq!(scores[report.winner - 1], lowest, "{scores:?}");
    assert!(lowest < 0.8 * scores[0], "{scores:?}");
    let (before, after) = (error_on(fresh, table, base), error_on(fresh, table, &report.options(base)));
    assert!(after < before, "MAE {before} before the search, {after} after it");
    report.chosen
}

#[test]
fn on_smooth_curves_it_leaves_the_forest() {
    let (fresh, table) = split(table(12), 9);
    let base = TrainOptions { model_kind: ModelKind::Forest, ..options() };
    assert_eq!(finds_better(&fresh, &table, &base, 3).model_kind, ModelKind::Blend);
}

/// VMAF that jumps with two settings that only count together: nothing that is smooth, or a tree of two leaves, sees it.
#[test]
fn on_jumps_it_leaves_curves_and_stumps() {
    let (features, mut targets) = table(9);
    for (row, measured) in features.iter().zip(&mut targets) {
        let (hevc, large) = (row.codec == Some(Codec::Hevc), row.resolution_height > 1000.0);
        let base = if hevc == large { 80.0 } else { 20.0 };
        measured.set(Target::Vmaf, Some(base + row.bitrate_kbps.unwrap().log2() / 4.0));
    }
    let (fresh, table) = split((features, targets), 7);
    let stumps = Tuning { trees: Some(2), leaves: Some(2), learning_rate: Some(0.1), ..Tuning::default() };
    let base = TrainOptions { model_kind: ModelKind::Boosting, tuning: stumps, ..options() };
    let best = finds_better(&fresh, &table, &base, 4);
    assert_ne!(best, Candidate::of(&base));
}

#[test]
fn the_trials_do_not_depend_on_how_many_the_budget_allows() {
    let table = table(6);
    let base = TrainOptions { model_kind: ModelKind::Forest, ..options() };
    let (one, two) = (first_trials(&table, &base, 1), first_trials(&table, &TrainOptions { threads: 1, ..base }, 2));
    assert_eq!((one.trials.len(), two.trials.len()), (1, 2));
    assert_eq!(one.trials[0], two.trials[0]);
    assert_eq!((one.winner, one.tier, one.folds), (1, Tier::Probe, 2));
    // The table has both rate settings, and both count.
    let figures: Vec<_> = one.trials[0].figures.iter().map(|of| (of.target, of.given, of.rows)).collect();
    assert_eq!(figures, [(Target::Vmaf, Given::Bitrate, 144), (Target::Vmaf, Given::Crf, 144)]);
}

/// What is chosen for a fold must not depend on what was measured of the titles that it is judged on.
#[test]
fn nested_searches_never_see_the_judged_titles() {
    let (features, targets) = table(6);
    let base = TrainOptions { model_kind: ModelKind::Forest, ..options() };
    let nested = |targets: &[PredictionTargets]| {
        let mut seen: Vec<(BTreeSet<String>, SearchReport)> = Vec::new();
        let mut choose = |fold: TrainingFold| {
            let titles = fold.targets.iter().map(|row| row.title.clone()).collect();
            let report = search(fold.features, fold.targets, &base, 2, &mut |_| false, &|_| ())?;
            assert_eq!(fold.fold, seen.len());
            let options = report.options(&base);
            seen.push((titles, report));
            Ok(options)
        };
        let (tier, given) = (Tier::Content, Given::Bitrate);
        let verdict = cross_validate_with(&features, targets, 3, tier, given, &mut choose, &|_| ()).unwrap();
        assert_eq!(verdict.targets["vmaf"].rows, features.len());
        seen
    };
    let seen = nested(&targets);
    let all: BTreeSet<String> = targets.iter().map(|row| row.title.clone()).collect();
    let mut held_out: Vec<String> = seen.iter().flat_map(|(titles, _)| all.difference(titles).cloned()).collect();
    held_out.sort();
    assert_eq!(held_out, all.iter().cloned().collect::<Vec<_>>(), "each title is held out once");

    let mut other = targets.clone();
    for row in other.iter_mut().filter(|row| row.title == "made 0") {
        let vmaf = row.get(Target::Vmaf).unwrap();
        row.set(Target::Vmaf, Some(100.0 - vmaf));
    }
    for ((titles, before), (_, after)) in seen.iter().zip(nested(&other)) {
        assert_eq!(*before != after, titles.contains("made 0"), "{titles:?}");
    }
}

#[test]
fn the_bundle_tells_its_tuning() {
    let (features, targets) = table(4);
    let tuning = Tuning { trees: Some(7), leaves: Some(3), centres: 20, ..Tuning::default() };
    let train = |tuning| retrain(&features, &targets, &TrainOptions { tuning, ..options() }).unwrap();
    let (tuned, usual) = (train(tuning), train(Tuning::default()));
    assert!(tuned.tree_count() < usual.tree_count());
    for bytes in [tuned.to_binary().unwrap(), tuned.to_json().unwrap()] {
        assert_eq!(Model::from_bytes(&bytes).unwrap().metadata().tuning, tuning);
    }
    let json = String::from_utf8(usual.to_json().unwrap()).unwrap();
    assert!(!json.contains("tuning"));
    assert!(Model::from_bytes(json.as_bytes()).unwrap().metadata().tuning.is_default());
}

#[test]
fn what_can_not_be_searched_is_an_error() {
    let (features, targets) = table(4);
    let refused = |base: TrainOptions, folds| {
        search(&features, &targets, &base, folds, &mut |_| false, &|_| ()).unwrap_err().to_string()
    };
    assert!(refused(options(), 1).contains("folds = 1"));
    assert!(refused(options(), 5).contains("titles for the folds"));
    let tuning = Tuning { leaves: Some(1), ..Tuning::default() };
    assert!(refused(TrainOptions { tuning, ..options() }, 2).contains("leaves = 1"));
}
