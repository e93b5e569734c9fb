//! Training: it learns, it is honest about titles, it is deterministic, and it refuses what can't be learnt.
#![allow(clippy::unwrap_used)]

mod made;

use encast::*;
use made::{request, table};

fn options() -> TrainOptions {
    TrainOptions { targets: vec![Target::Vmaf], ..Default::default() }
}

#[test]
fn the_same_seed_gives_the_same_bytes_on_any_number_of_threads() {
    let (features, targets) = table(6);
    for model_kind in [ModelKind::Boosting, ModelKind::Forest] {
        let train = |threads, seed| {
            let options = TrainOptions { threads, seed, model_kind, ..options() };
            retrain(&features, &targets, &options).unwrap().to_binary().unwrap()
        };
        let one = train(1, 7);
        assert!(one == train(3, 7), "{model_kind:?}: threads change the model");
        assert!(one != train(1, 8), "{model_kind:?}: the seed changes nothing");
    }
}

#[test]
fn retraining_heeds_its_arguments() {
    let (features, targets) = table(8);
    let mut darker = targets.clone();
    for row in &mut darker {
        let vmaf = row.get(Target::Vmaf).unwrap();
        row.set(Target::Vmaf, Some(vmaf / 2.0));
    }
    let forecast = |targets: &[PredictionTargets]| {
        predict(&request(), &retrain(&features, targets, &options()).unwrap()).unwrap().predicted_vmaf.unwrap()
    };
    let (before, after) = (forecast(&targets), forecast(&darker));
    assert!((after - before / 2.0).abs() < 2.0, "{before} then {after}");
}

#[test]
fn both_kinds_learn_a_curve_that_is_no_line() {
    let (features, targets) = table(16);
    for model_kind in [ModelKind::Boosting, ModelKind::Forest] {
        let options = TrainOptions { model_kind, ..options() };
        let verdict = cross_validate(&features, &targets, 4, Tier::Content, Given::Bitrate, &options, &|_| ()).unwrap();
        let vmaf = &verdict.targets["vmaf"];
        assert!(vmaf.r2 > 0.8, "{model_kind:?}: R² {}", vmaf.r2);
        assert!(vmaf.mae < vmaf.mae_of_mean / 2.0);
        assert_eq!(verdict.split, "title-4-fold");
        assert_eq!(vmaf.rows, features.len());
    }
}

/// Targets that are pure chance, but the same for all rows of a title, and a feature that tells the title. Whoever lets
/// a title sit on both sides scores near 1; by title there is nothing to know.
#[test]
fn no_title_sits_on_both_sides() {
    let (mut features, mut targets) = table(40);
    for row in 0..features.len() {
        let title: f64 = targets[row].title.trim_start_matches("made ").parse().unwrap();
        features[row].si_mean = Some(title);
        targets[row].set(Target::Vmaf, Some(100.0 * ((title * 12.9898).sin() * 43758.5453).abs().fract()));
    }
    for model_kind in [ModelKind::Boosting, ModelKind::Forest] {
        let options = TrainOptions { model_kind, ..options() };
        let folds = cross_validate(&features, &targets, 5, Tier::Content, Given::Bitrate, &options, &|_| ()).unwrap();
        let by_folds = folds.targets["vmaf"].r2;
        let model = retrain(&features, &targets, &options).unwrap();
        let in_bundle = model.metadata().metrics.vmaf_r2.unwrap();
        let of_the_seen =
            evaluate(&features, &targets, &model, Tier::Content, Given::Bitrate).unwrap().targets["vmaf"].r2;
        assert!(by_folds < 0.3, "{model_kind:?}: R² by folds {by_folds}");
        assert!(in_bundle < 0.3, "{model_kind:?}: R² in the bundle {in_bundle}");
        assert!(of_the_seen > 0.8, "{model_kind:?}: the trap must catch: R² {of_the_seen} on seen titles");
    }
}

#[test]
fn more_knowledge_errs_less() {
    let (features, targets) = table(24);
    let mae = |tier| {
        cross_validate(&features, &targets, 4, tier, Given::Bitrate, &options(), &|_| ()).unwrap().targets["vmaf"].mae
    };
    let (settings, content) = (mae(Tier::Settings), mae(Tier::Content));
    assert!(content < 0.7 * settings, "settings {settings}, content {content}");
}

#[test]
fn bad_training_rows_are_refused() {
    let (features, targets) = table(8);
    let train = |features: &[PredictionFeatures], targets: &[PredictionTargets]| {
        retrain(features, targets, &options()).unwrap_err()
    };
    let error = train(&features[1..], &targets);
    assert!(matches!(error, Error::LengthMismatch { found: 192, expected: 191, .. }), "{error}");

    for bad in [f64::NAN, f64::INFINITY, -1.0, 100.5] {
        let mut spoilt = targets.clone();
        spoilt[17].set(Target::Vmaf, Some(bad));
        let text = train(&features, &spoilt).to_string();
        assert!(text.contains("row 17: vmaf") && text.contains("from 0 to 100"), "{text}");
    }

    let mut spoilt = features.clone();
    spoilt[3].bitrate_kbps = Some(f64::NAN);
    let text = train(&spoilt, &targets).to_string();
    assert!(text.contains("row 3: bitrate_kbps = NaN"), "{text}");

    let mut untitled = targets.clone();
    untitled[5].title.clear();
    assert!(train(&features, &untitled).to_string().contains("row 5: title is missing"));

    let mut one = targets.clone();
    one.iter_mut().for_each(|row| row.title = "one".to_owned());
    let error = train(&features, &one);
    assert!(matches!(&error, Error::TooFew { what, found: 1, needed: 2 } if what == "titles"), "{error}");

    let error = train(&features[..20], &targets[..20]);
    assert!(matches!(error, Error::TooFew { found: 20, needed: 40, .. }), "{error}");
    let error = train(&[], &[]);
    assert!(matches!(error, Error::TooFew { found: 0, needed: 40, .. }), "{error}");

    let mut constant = targets.clone();
    constant.iter_mut().for_each(|row| {
        row.set(Target::Vmaf, Some(80.0));
    });
    let error = train(&features, &constant);
    assert!(matches!(error, Error::ConstantTarget { target: Target::Vmaf, rows: 192, .. }), "{error}");

    let mut unmeasured = targets.clone();
    unmeasured.iter_mut().for_each(|row| {
        row.set(Target::Vmaf, None);
    });
    assert!(matches!(train(&features, &unmeasured), Error::TooFew { .. }));
}

#[test]
fn a_target_with_few_rows_is_named_not_learnt() {
    let (features, mut targets) = table(8);
    targets.iter_mut().skip(30).for_each(|row| {
        row.set(Target::Psnr, None);
    });
    let model = retrain(&features, &targets, &TrainOptions::default()).unwrap();
    assert!(!model.targets().contains(&Target::Psnr));
    let named = &model.metadata().not_learnt;
    assert!(named.iter().any(|n| n.target == Target::Psnr && n.reason.contains("30")), "{named:?}");
    let answer = predict(&request(), &model).unwrap();
    assert_eq!(answer.predicted_psnr, None);
    assert!(answer.predicted_vmaf.is_some());
}

#[test]
fn progress_ends_at_its_total() {
    let (features, targets) = table(6);
    let seen = std::sync::Mutex::new(Vec::new());
    retrain_with_progress(&features, &targets, &options(), &|step| seen.lock().unwrap().push(step)).unwrap();
    let seen = seen.into_inner().unwrap();
    assert_eq!(seen.iter().map(|step| step.done).max(), Some(seen[0].total));
    assert_eq!(seen.len(), seen[0].total);
}

#[test]
fn folds_need_titles() {
    let (features, targets) = table(3);
    let judge = |folds| {
        cross_validate(&features, &targets, folds, Tier::Content, Given::Bitrate, &options(), &|_| ()).unwrap_err()
    };
    assert!(matches!(judge(5), Error::TooFew { found: 3, needed: 5, .. }));
    assert!(matches!(judge(1), Error::InvalidField { field: "folds", .. }));
}
