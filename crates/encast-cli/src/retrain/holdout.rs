//! A candidate beside the model that serves, on the newest titles, which neither of them was trained on.

use std::collections::{BTreeMap, HashSet};

use encast::{Given, Model, PredictOptions, Target, Tier, mask, predict_with};
use serde::Serialize;

use super::data::Rows;
use crate::{export::TITLE_PREFIX, gate::Checked};

/// How much of the newest data is held out, and how little is too little.
#[derive(Debug, Clone, Copy)]
pub struct HoldOut {
    /// Share of the new titles.
    pub share: f64,
    pub fewest_titles: usize,
    pub fewest_rows: usize,
}

/// New data that is too little to judge by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLittle {
    pub rows: usize,
    pub titles: usize,
}

/// The titles to hold out: those observed last, of which every row is newer than the serving model. So it was not trained on
/// them, as far as the tables that are given tell, nor is the candidate that is judged.
pub fn newest_titles(
    rows: &Rows,
    trained_at: i64,
    targets: &[Target],
    how: HoldOut,
) -> Result<HashSet<String>, TooLittle> {
    struct Title {
        newest: i64,
        rows: usize,
        all_new: bool,
    }
    let mut titles: BTreeMap<&str, Title> = BTreeMap::new();
    for (row, observed) in rows.targets.iter().zip(&rows.observed_at) {
        let title = titles.entry(&row.title).or_insert(Title { newest: i64::MIN, rows: 0, all_new: true });
        title.all_new &= observed.is_some_and(|at| at > trained_at);
        title.newest = title.newest.max(observed.unwrap_or(i64::MIN));
        title.rows += usize::from(targets.iter().any(|&target| row.get(target).is_some()));
    }
    let mut new: Vec<(&str, Title)> = titles
        .into_iter()
        .filter(|(name, title)| title.all_new && title.rows > 0 && !name.starts_with(TITLE_PREFIX))
        .collect();
    new.sort_by(|a, b| b.1.newest.cmp(&a.1.newest).then(a.0.cmp(b.0)));
    let wanted = ((new.len() as f64 * how.share).ceil() as usize).max(how.fewest_titles);
    let (mut chosen, mut count) = (HashSet::new(), 0);
    for (name, title) in &new {
        if chosen.len() >= wanted && count >= how.fewest_rows {
            break;
        }
        chosen.insert((*name).to_owned());
        count += title.rows;
    }
    match chosen.len() >= how.fewest_titles && count >= how.fewest_rows {
        true => Ok(chosen),
        false => Err(TooLittle { rows: count, titles: chosen.len() }),
    }
}

/// Both models on the same rows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Compared {
    pub target: Target,
    pub rows: usize,
    pub titles: usize,
    pub serving_mae: f64,
    pub candidate_mae: f64,
    /// Titles on which the candidate errs less.
    pub titles_better: usize,
    /// Mean over titles of the candidate's mean absolute error minus the serving model's, and its standard error.
    pub mean_difference: f64,
    pub standard_error: Option<f64>,
}

/// Compares on rows that neither knows. A row that one of them can't answer counts for neither.
pub fn compare(rows: &Rows, serving: &Model, candidate: &Model, targets: &[Target]) -> Vec<Compared> {
    type Errors<'a> = BTreeMap<&'a str, Vec<(f64, f64)>>;
    let mut errors: BTreeMap<Target, Errors> = BTreeMap::new();
    let options = PredictOptions::default();
    for (features, row) in rows.features.iter().zip(&rows.targets) {
        let given = if features.bitrate_kbps.is_some() { Given::Bitrate } else { Given::Crf };
        let request = mask(features, Tier::Probe, given);
        let answers = (predict_with(&request, serving, &options), predict_with(&request, candidate, &options));
        let (Ok(old), Ok(new)) = answers else { continue };
        for &target in targets {
            let forecasts = old.estimate(target).zip(new.estimate(target));
            if let (Some(measured), Some((old, new))) = (row.get(target), forecasts) {
                let pair = ((old.value - measured).abs(), (new.value - measured).abs());
                errors.entry(target).or_default().entry(&row.title).or_default().push(pair);
            }
        }
    }
    errors.iter().map(|(&target, by_title)| compared(target, by_title)).collect()
}

fn compared(target: Target, by_title: &BTreeMap<&str, Vec<(f64, f64)>>) -> Compared {
    let rows: usize = by_title.values().map(Vec::len).sum();
    let all = || by_title.values().flatten();
    let differences: Vec<f64> = by_title
        .values()
        .map(|errors| errors.iter().map(|(old, new)| new - old).sum::<f64>() / errors.len() as f64)
        .collect();
    let n = differences.len() as f64;
    let mean = differences.iter().sum::<f64>() / n;
    let variance = differences.iter().map(|difference| (difference - mean).powi(2)).sum::<f64>() / (n - 1.0);
    Compared {
        target,
        rows,
        titles: by_title.len(),
        serving_mae: all().map(|pair| pair.0).sum::<f64>() / rows as f64,
        candidate_mae: all().map(|pair| pair.1).sum::<f64>() / rows as f64,
        titles_better: differences.iter().filter(|&&difference| difference < 0.0).count(),
        mean_difference: mean,
        standard_error: (by_title.len() > 1).then(|| (variance / n).sqrt()),
    }
}

/// The candidate's error on held-out titles must be at most the serving model's, and a tolerance of its share more. A target
/// that could not be compared is a miss: it was not shown to be no worse.
pub fn gates(compared: &[Compared], targets: &[Target], tolerance: f64) -> Vec<Checked> {
    let gate = |&target: &Target| match compared.iter().find(|of| of.target == target) {
        Some(of) => {
            let bound = of.serving_mae * (1.0 + tolerance);
            Checked::at_most(format!("newest:{target}.mae<={bound:.4}"), Some(of.candidate_mae), bound)
        }
        None => Checked::at_most(format!("newest:{target}.mae"), None, 0.0),
    };
    targets.iter().map(gate).collect()
}

#[cfg(test)]
mod tests {
    use encast::{PredictionFeatures, PredictionTargets};

    use super::*;

    fn rows(of: &[(&str, Option<i64>)]) -> Rows {
        let target = |title: &str| {
            let mut row = PredictionTargets::of_title(title);
            row.set(Target::Vmaf, Some(50.0));
            row
        };
        Rows {
            features: vec![PredictionFeatures::default(); of.len()],
            targets: of.iter().map(|(title, _)| target(title)).collect(),
            observed_at: of.iter().map(|(_, at)| *at).collect(),
            ..Rows::default()
        }
    }

    #[test]
    fn only_titles_that_nobody_was_trained_on_are_held_out() {
        let all = rows(&[
            ("base", None),
            ("old", Some(50)),
            ("old and new", Some(50)),
            ("old and new", Some(400)),
            ("in the base too", None),
            ("in the base too", Some(500)),
            ("synthetic-1", Some(600)),
            ("a", Some(200)),
            ("b", Some(300)),
            ("c", Some(250)),
            ("c", Some(150)),
        ]);
        let how = HoldOut { share: 0.5, fewest_titles: 1, fewest_rows: 2 };
        let chosen = newest_titles(&all, 100, &[Target::Vmaf], how).unwrap();
        let mut chosen: Vec<&str> = chosen.iter().map(String::as_str).collect();
        chosen.sort_unstable();
        assert_eq!(chosen, ["b", "c"], "half of three, the newest, and enough rows");
        let how = HoldOut { share: 0.5, fewest_titles: 4, fewest_rows: 2 };
        let too_little = newest_titles(&all, 100, &[Target::Vmaf], how).unwrap_err();
        assert_eq!(too_little, TooLittle { rows: 4, titles: 3 });
        assert!(newest_titles(&all, 100, &[Target::Psnr], how).is_err(), "nothing measured PSNR");
    }

    #[test]
    fn titles_are_compared_in_pairs() {
        let by_title = [("a", vec![(2.0, 1.0), (4.0, 1.0)]), ("b", vec![(1.0, 2.0)])].into();
        let of = compared(Target::Vmaf, &by_title);
        assert_eq!((of.rows, of.titles, of.titles_better), (3, 2, 1));
        assert!((of.serving_mae - 7.0 / 3.0).abs() < 1e-12 && (of.candidate_mae - 4.0 / 3.0).abs() < 1e-12);
        assert_eq!((of.mean_difference, of.standard_error), (-0.5, Some(1.5)));
        let gates = gates(&[of], &[Target::Vmaf, Target::Psnr], 0.02);
        assert!(gates[0].passed && !gates[1].passed, "what was not compared is a miss");
    }
}
