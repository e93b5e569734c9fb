//! `--search` of `train` and `evaluate`: every trial is told, the first is always tried, and what won is trained.

use std::fs;

use serde_json::Value;

use crate::common::{TABLE, folder, keys, run, sh, write};

/// The rows of six titles, half of the table: a search over all candidates takes a while.
fn six_titles(folder: &tempfile::TempDir) -> String {
    let text = fs::read_to_string(TABLE).unwrap();
    let title = |line: &str| line.split(',').next().unwrap().to_owned();
    let mut titles: Vec<String> = text.lines().skip(1).map(title).collect();
    titles.sort();
    titles.dedup();
    let rows = text.lines().enumerate().filter(|(line, row)| *line == 0 || titles[..6].contains(&title(row)));
    write(folder, "six.csv", rows.map(|(_, row)| format!("{row}\n")).collect::<String>())
}

fn inspect(model: &str) -> Value {
    run(&["inspect", model, "--json"]).done().json()
}

#[test]
fn every_trial_is_reported_and_the_winner_is_trained() {
    let folder = folder();
    let table = six_titles(&folder);
    let (out, report) = (folder.path().join("m.json"), folder.path().join("r.json"));
    let (out, report) = (out.display().to_string(), report.display().to_string());
    let said = run(&[
        "train",
        "--data",
        &table,
        "--out",
        &out,
        "--targets",
        "psnr",
        "--search",
        "--search-folds",
        "2",
        "--search-report",
        &report,
        "--json",
        "--quiet",
    ])
    .done();
    assert_eq!(said.err, "");
    let (printed, written) = (&said.json()["search"], fs::read_to_string(&report).unwrap());
    assert_eq!(*printed, serde_json::from_str::<Value>(&written).unwrap());
    let trials = printed["trials"].as_array().unwrap();
    assert_eq!(printed["candidates"].as_u64(), Some(trials.len() as u64));
    assert!(trials.len() > 10);
    assert_eq!(
        (&printed["complete"], &printed["folds"], &printed["tier"]),
        (&true.into(), &2.into(), &"content".into())
    );
    let scores: Vec<f64> = trials.iter().map(|trial| trial["score"].as_f64().unwrap()).collect();
    let lowest = scores.iter().copied().fold(f64::INFINITY, f64::min);
    let winner = scores.iter().position(|&score| score == lowest).unwrap();
    assert_eq!(printed["winner"].as_u64(), Some(winner as u64 + 1));
    for (place, trial) in trials.iter().enumerate() {
        assert_eq!(keys(trial), ["figures", "model_kind", "number", "score", "seconds", "tuning"]);
        assert_eq!(trial["number"].as_u64(), Some(place as u64 + 1));
        // The score by hand: the geometric mean of the errors as shares of that of the mean.
        let figures = trial["figures"].as_array().unwrap();
        let share = |of: &Value| of["mae"].as_f64().unwrap() / of["mae_of_mean"].as_f64().unwrap();
        let product: f64 = figures.iter().map(share).product();
        assert!((product.powf(1.0 / figures.len() as f64) - scores[place]).abs() < 1e-9);
    }
    let (chosen, about) = (&printed["chosen"], inspect(&out));
    assert_eq!(chosen["model_kind"], trials[winner]["model_kind"]);
    assert_eq!(chosen["tuning"], trials[winner]["tuning"]);
    assert_eq!(about["model_kind"], chosen["model_kind"]);
    let usual = about.get("tuning").is_none();
    assert!(usual && winner < 3 || about["tuning"] == chosen["tuning"], "{about}");
}

#[test]
fn without_time_the_default_is_judged_and_trained() {
    let folder = folder();
    let table = six_titles(&folder);
    let (searched, plain) = (folder.path().join("s.json"), folder.path().join("p.json"));
    let (searched, plain) = (searched.display().to_string(), plain.display().to_string());
    let line = ["train", "--data", &table, "--targets", "psnr", "--version", "1", "--out"];
    let said =
        run(&[&line[..], &[&searched, "--search", "--search-seconds", "0", "--search-folds", "2"]].concat()).done();
    let trials: Vec<&str> = said.out.lines().filter(|line| line.trim_start().starts_with("1  ")).collect();
    assert_eq!(trials.len(), 1, "{}", said.out);
    assert!(trials[0].ends_with("blend"), "{}", said.out);
    assert!(said.out.contains("chosen: blend: score "), "{}", said.out);
    assert!(said.out.contains("trial 1 of 1 tried, 13 in the list"), "{}", said.out);
    assert!(said.out.contains("written: "), "{}", said.out);
    run(&[&line[..], &[&plain]].concat()).done();
    let model = |path: &str| {
        let mut model: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
        model.as_object_mut().unwrap().remove("trained_at");
        model
    };
    assert!(model(&searched) == model(&plain), "the default won: the same model");
}

#[test]
fn each_fold_of_an_evaluation_searches_for_itself() {
    let line = ["evaluate", "--data", TABLE, "--folds", "2", "--targets", "psnr", "--search"];
    let said = run(&[&line[..], &["--search-seconds", "0", "--search-folds", "2", "--json"]].concat()).done();
    let report = said.json();
    assert_eq!(report["split"], "title-2-fold");
    let searches = report["searches"].as_array().unwrap();
    assert_eq!(searches.len(), 2);
    let mut judged = 0;
    for search in searches {
        assert_eq!((&search["winner"], &search["complete"]), (&1.into(), &false.into()));
        assert_eq!(search["chosen"]["model_kind"], "blend");
        let trials = search["trials"].as_array().unwrap();
        assert_eq!(trials.len(), 1);
        judged += trials[0]["figures"][0]["rows"].as_u64().unwrap();
    }
    // With two folds each row is trained on once: the searches together judged every row once, none twice.
    assert_eq!(report["targets"]["psnr"]["rows"].as_u64(), Some(judged));
    assert!(said.err.contains("fold 2 of 2"), "{}", said.err);
    assert!(said.err.contains("1  "), "{}", said.err);
}

#[test]
fn a_search_goes_only_with_what_it_can_choose() {
    sh("train --data $T --out no.json --search --model-kind forest").is_bad(&["--model-kind", "--search"]);
    sh("train --data $T --out no.json --search-seconds 5").is_bad(&["--search"]);
    sh("train --data $T --out no.json --search --search-seconds=-1").is_bad(&["--search-seconds"]);
    sh("train --data $T --out no.json --search --search-report no/such/r.json").is_bad(&["no/such"]);
    sh("evaluate --data $T --search").is_bad(&["--folds"]);
}
