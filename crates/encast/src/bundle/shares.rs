//! How training rows are spread over the values of their inputs: what later requests are held against.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    error::{Error, Result},
    features::PredictionFeatures,
    field::{Field, Group},
};

/// Bins of a number, by training rows: tenths.
const BINS: usize = 10;
/// Most bins that a bundle may have of a number, and most names of an input.
const MOST: usize = 1024;

/// Shares of training rows by the values of their inputs. Inputs that describe the source count every title once, others
/// every row once.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct TrainingShares {
    /// Of numbers, by the input's name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub numbers: BTreeMap<String, NumberShares>,
    /// Of names (`codec`, `encoder`, `preset`): the share of each name, by the input's name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub names: BTreeMap<String, BTreeMap<String, f64>>,
}

/// Shares of a number's bins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NumberShares {
    /// The largest value of each bin but the last, rising.
    pub ends: Vec<f64>,
    /// The share of each bin, one more than there are ends.
    pub shares: Vec<f64>,
}

impl NumberShares {
    /// The bin of a value.
    pub fn bin(&self, value: f64) -> usize {
        self.ends.partition_point(|&end| end < value)
    }

    /// About even bins of weighed values; equal values are never torn apart.
    fn of(mut values: Vec<(f64, f64)>) -> Option<NumberShares> {
        values.sort_by(|a, b| a.0.total_cmp(&b.0));
        let total: f64 = values.iter().map(|(_, weight)| weight).sum();
        let (mut ends, mut shares) = (Vec::new(), Vec::new());
        let (mut before, mut sum) = (0.0, 0.0);
        for (at, &(value, weight)) in values.iter().enumerate() {
            sum += weight / total;
            let last_of_value = values.get(at + 1).is_some_and(|&(next, _)| next > value);
            let tenths = ((before * BINS as f64 + 1e-9).floor() + 1.0) / BINS as f64;
            if last_of_value && sum >= tenths - 1e-9 {
                ends.push(value);
                shares.push(sum - before);
                before = sum;
            }
        }
        shares.push(1.0 - before);
        (!values.is_empty()).then_some(NumberShares { ends, shares })
    }

    fn check(&self) -> bool {
        let rising = self.ends.iter().all(|end| end.is_finite()) && self.ends.windows(2).all(|pair| pair[0] < pair[1]);
        rising
            && self.shares.len() == self.ends.len() + 1
            && self.shares.len() <= MOST
            && are_shares(self.shares.iter())
    }
}

fn are_shares<'a>(shares: impl Iterator<Item = &'a f64> + Clone) -> bool {
    shares.clone().all(|share| (0.0..=1.0).contains(share)) && (shares.sum::<f64>() - 1.0).abs() < 1e-6
}

/// Whether an input says something of the source, and thus is the same in all encodes of a title.
pub(crate) fn of_source(field: Field) -> bool {
    match field {
        Field::SourceWidth | Field::SourceHeight | Field::SourceFrameRate | Field::BitDepth | Field::DurationS => true,
        _ => matches!(field.group(), Group::Motion | Group::Content | Group::Probe | Group::ProbeVmaf),
    }
}

/// The name that a request gives for an input of names.
pub(crate) fn name_in(features: &PredictionFeatures, field: Field) -> Option<&str> {
    match field {
        Field::Codec => features.codec_known().map(|codec| codec.name()),
        Field::Encoder => features.encoder.map(|encoder| encoder.name()),
        Field::Preset => features.preset.as_deref(),
        _ => None,
    }
}

impl TrainingShares {
    /// The inputs of names that have shares.
    pub(crate) const NAMES: [Field; 3] = [Field::Codec, Field::Encoder, Field::Preset];

    /// Whether there are none, as in bundles of earlier versions.
    pub fn is_empty(&self) -> bool {
        self.numbers.is_empty() && self.names.is_empty()
    }

    /// Of training rows and the number of the title of each.
    pub(crate) fn of(features: &[PredictionFeatures], title_of_row: &[u32]) -> TrainingShares {
        let mut shares = TrainingShares::default();
        let titles = title_of_row.iter().max().map_or(0, |&last| last as usize + 1);
        for &field in Field::ALL.iter().filter(|field| !field.is_name()) {
            let value = |features: &PredictionFeatures| match field {
                Field::MotionIntensity => features.motion_known(),
                _ => features.get(field),
            };
            let mut rows = vec![0.0; titles];
            let given: Vec<(u32, f64)> =
                features.iter().zip(title_of_row).filter_map(|(row, &title)| Some((title, value(row)?))).collect();
            given.iter().for_each(|(title, _)| rows[*title as usize] += 1.0);
            let weight = |title: u32| if of_source(field) { 1.0 / rows[title as usize] } else { 1.0 };
            let weighed = given.iter().map(|&(title, value)| (value, weight(title))).collect();
            if let Some(of_field) = NumberShares::of(weighed) {
                shares.numbers.insert(field.name().to_owned(), of_field);
            }
        }
        for field in TrainingShares::NAMES {
            let mut counts: BTreeMap<String, f64> = BTreeMap::new();
            for name in features.iter().filter_map(|row| name_in(row, field)) {
                *counts.entry(name.to_owned()).or_default() += 1.0;
            }
            let total: f64 = counts.values().sum();
            counts.values_mut().for_each(|count| *count /= total);
            if !counts.is_empty() {
                shares.names.insert(field.name().to_owned(), counts);
            }
        }
        shares
    }

    /// Checks what was loaded.
    pub(crate) fn check(&self) -> Result<()> {
        let numbers = self.numbers.iter().find(|(_, shares)| !shares.check()).map(|(name, _)| name);
        let bad_names =
            |names: &BTreeMap<String, f64>| names.is_empty() || names.len() > MOST || !are_shares(names.values());
        let names = self.names.iter().find(|(_, names)| bad_names(names)).map(|(name, _)| name);
        match numbers.or(names) {
            Some(name) => Err(Error::corrupt(format!("shares of {name} are no shares of bins that rise"))),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_are_even_and_keep_equal_values_together() {
        let even = NumberShares::of((0..100).map(|i| (f64::from(i), 1.0)).collect()).unwrap();
        assert_eq!(even.ends, [9.0, 19.0, 29.0, 39.0, 49.0, 59.0, 69.0, 79.0, 89.0]);
        assert!(even.shares.iter().all(|share| (share - 0.1).abs() < 1e-9) && even.check());
        let ties = NumberShares::of([(30.0, 7.0), (25.0, 2.0), (60.0, 1.0)].to_vec()).unwrap();
        assert_eq!(ties.ends, [25.0, 30.0]);
        assert_eq!((ties.bin(24.0), ties.bin(25.0), ties.bin(25.1), ties.bin(61.0)), (0, 0, 1, 2));
        assert!((ties.shares[0] - 0.2).abs() < 1e-12 && (ties.shares[2] - 0.1).abs() < 1e-12);
        assert_eq!(NumberShares::of(vec![(8.0, 3.0)]).unwrap(), NumberShares { ends: vec![], shares: vec![1.0] });
        assert!(NumberShares::of(vec![]).is_none());
    }

    /// Title 0 has three rows, title 1 one: of the source each counts once.
    #[test]
    fn titles_count_once_where_the_source_is_described() {
        let row = |si: f64, height: f64| PredictionFeatures {
            si_mean: Some(si),
            resolution_width: 640.0,
            resolution_height: height,
            ..Default::default()
        };
        let rows = [row(20.0, 360.0), row(20.0, 360.0), row(20.0, 480.0), row(50.0, 480.0)];
        let shares = TrainingShares::of(&rows, &[0, 0, 0, 1]);
        assert_eq!(shares.numbers["si_mean"].shares, [0.5, 0.5]);
        assert_eq!(shares.numbers["resolution_height"].shares, [0.5, 0.5]);
        assert_eq!(shares.numbers["resolution_height"].ends, [360.0]);
        assert!(shares.names.is_empty());
    }

    #[test]
    fn what_is_no_share_is_refused() {
        let of = |ends: &[f64], shares: &[f64]| {
            let shares = NumberShares { ends: ends.to_vec(), shares: shares.to_vec() };
            TrainingShares { numbers: [("crf".to_owned(), shares)].into(), ..Default::default() }.check().is_ok()
        };
        assert!(of(&[1.0], &[0.5, 0.5]));
        for (ends, shares) in [
            (&[1.0, 1.0][..], &[0.2, 0.3, 0.5][..]),
            (&[f64::NAN], &[0.5, 0.5]),
            (&[1.0], &[0.5]),
            (&[1.0], &[0.5, 0.6]),
            (&[1.0], &[-0.5, 1.5]),
            (&[1.0], &[f64::NAN, 1.0]),
        ] {
            assert!(!of(ends, shares), "{ends:?} {shares:?}");
        }
    }
}
