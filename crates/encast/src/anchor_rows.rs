//! Which measured rows of a table are given to the other rows of their title as anchors, to judge what anchors are worth.

use std::collections::BTreeMap;

use crate::{
    anchor::Anchor,
    codec::Codec,
    features::PredictionFeatures,
    options,
    target::{PredictionTargets, Target},
};

/// What a row is given.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Given {
    /// These rows.
    Anchors(Vec<usize>),
    /// It is an anchor itself.
    IsAnchor,
    /// Its title has too few rows that could be anchors of it.
    TooFew,
}

/// A row as an anchor of others.
pub(crate) fn anchor(features: &PredictionFeatures, targets: &PredictionTargets) -> Anchor {
    Anchor {
        bitrate_kbps: features.bitrate_kbps,
        crf: features.crf,
        resolution_width: Some(features.resolution_width),
        resolution_height: Some(features.resolution_height),
        codec: features.codec,
        encoder: features.encoder,
        preset: features.preset.clone(),
        vmaf: targets.get(Target::Vmaf),
        psnr: targets.get(Target::Psnr),
        ssim: targets.get(Target::Ssim),
    }
}

/// Rows of one title, codec, frame rate and share of dropped frames: an anchor says nothing of the latter two.
type Group<'a> = (&'a str, Option<Codec>, u64, u64);

/// For every row the anchors that it is given, `count` of them or none.
pub(crate) fn choose(
    features: &[PredictionFeatures],
    targets: &[PredictionTargets],
    given: options::Given,
    count: usize,
) -> Vec<Given> {
    let mut groups: BTreeMap<Group<'_>, Vec<usize>> = BTreeMap::new();
    for (row, (asked, measured)) in features.iter().zip(targets).enumerate() {
        let rate = asked.frame_rate.unwrap_or(f64::NAN).to_bits();
        let dropped = asked.frame_drop.unwrap_or(0.0).to_bits();
        groups.entry((&measured.title, asked.codec_known(), rate, dropped)).or_default().push(row);
    }
    let mut all = vec![Given::TooFew; features.len()];
    for rows in groups.values() {
        let usable = |&&row: &&usize| {
            rate(&features[row], given).is_some()
                && anchor(&features[row], &targets[row]).measured(Target::Vmaf).is_some()
        };
        // Rows of one curve, in order of their rates.
        let mut curves: BTreeMap<_, Vec<usize>> = BTreeMap::new();
        for &row in rows.iter().filter(usable) {
            let f = &features[row];
            let key = (f.resolution_width.to_bits(), f.resolution_height.to_bits(), f.encoder, f.preset.clone());
            curves.entry(key).or_default().push(row);
        }
        // The longest; of equals the first in the order of the keys, the smallest.
        let mut longest: Vec<usize> = Vec::new();
        for curve in curves.into_values() {
            if curve.len() > longest.len().max(count) {
                longest = curve;
            }
        }
        if longest.is_empty() {
            continue;
        }
        let rate_of = |row: usize| rate(&features[row], given).unwrap_or_default();
        longest.sort_by(|&a, &b| rate_of(a).total_cmp(&rate_of(b)).then(a.cmp(&b)));
        // Of n rows the ones at 1/(count + 1), 2/(count + 1) … of the way; all differ, as n is larger than count.
        let chosen: Vec<usize> = (1..=count).map(|part| longest[part * longest.len() / (count + 1)]).collect();
        for &row in rows {
            all[row] = if chosen.contains(&row) { Given::IsAnchor } else { Given::Anchors(chosen.clone()) };
        }
    }
    all
}

fn rate(features: &PredictionFeatures, given: options::Given) -> Option<f64> {
    match given {
        options::Given::Bitrate => features.bitrate_kbps.map(f64::log2),
        options::Given::Crf => features.crf,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two titles; the first has a curve of five rows and one of two, the second only one row.
    #[test]
    fn anchors_come_from_the_middle_of_the_longest_curve() {
        let row = |title: &str, height: f64, bitrate: f64| {
            let asked = PredictionFeatures {
                bitrate_kbps: Some(bitrate),
                resolution_width: 640.0,
                resolution_height: height,
                ..Default::default()
            };
            let mut measured = PredictionTargets::of_title(title);
            measured.set(Target::Vmaf, Some(80.0));
            (asked, measured)
        };
        let rows = [
            row("a", 360.0, 900.0),
            row("a", 360.0, 100.0),
            row("a", 360.0, 300.0),
            row("a", 360.0, 2700.0),
            row("a", 360.0, 200.0),
            row("a", 480.0, 300.0),
            row("a", 480.0, 350.0),
            row("b", 360.0, 300.0),
        ];
        let (features, targets): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
        let one = choose(&features, &targets, options::Given::Bitrate, 1);
        assert_eq!(one[2], Given::IsAnchor);
        assert_eq!((&one[0], &one[6]), (&Given::Anchors(vec![2]), &Given::Anchors(vec![2])));
        assert_eq!(one[7], Given::TooFew);
        let two = choose(&features, &targets, options::Given::Bitrate, 2);
        assert_eq!(two[5], Given::Anchors(vec![4, 0]));
    }
}
