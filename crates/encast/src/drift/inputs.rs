//! Do requests still look like the rows that the model was trained on? The population stability index of each input.
//!
//! `PSI = Σ (p − q) · ln(p / q)` over bins, `q` being the training's shares and `p` those of the window. Inputs that describe the
//! source count each title once. Without drift, PSI · n is about χ² distributed with one degree of freedom less than there are
//! bins, `1/n = 1/observed + 1/trained` (Yurdakul and Naranjo, 2020): an alarm is a PSI that is both large and beyond what the
//! counts let expect.

use std::collections::BTreeSet;

use crate::{
    bundle::{Model, NumberShares, TrainingShares, name_in, of_source},
    drift::{titles::Titles, window::Window},
    features::PredictionFeatures,
    field::Field,
};

/// Fewest values that a PSI is taken over.
const FEWEST: usize = 50;
/// Normal quantile of the probability of a false alarm of one input: 1 in 10,000.
const QUANTILE: f64 = 3.719;

/// How one input of the window compares with the training rows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct InputDrift {
    /// The input.
    pub field: Field,
    /// Population stability index; `None` for a model without training shares of it, and for fewer than 50 values.
    pub psi: Option<f64>,
    /// PSI from which on the input counts as drifted, at this count.
    pub threshold: f64,
    /// Values in the window: titles for inputs that describe the source, else encodes.
    pub count: u64,
    /// Share of them outside of the range, or of the names, that the model saw in training.
    pub out_of_range: f64,
}

impl InputDrift {
    /// Whether the input has drifted.
    pub fn alarm(&self) -> bool {
        self.psi.is_some_and(|psi| psi >= self.threshold)
    }
}

/// Inputs of one observation: numbers by field, and the places of names in the training's shares.
#[derive(Debug, Clone, Copy)]
struct Inputs {
    title: Option<u64>,
    numbers: [f32; Field::COUNT],
    /// 1 for the first name; 0: none given; [`OTHER`]: not in training.
    names: [u16; TrainingShares::NAMES.len()],
}

const OTHER: u16 = u16::MAX;

#[derive(Debug)]
pub(super) struct InputWindow {
    window: Window<Inputs>,
    shares: TrainingShares,
    ranges: [Option<(f64, f64)>; Field::COUNT],
    rows: f64,
    titles: f64,
    alarm_from: f64,
}

impl InputWindow {
    pub fn new(model: &Model, window: usize, alarm_from: f64) -> InputWindow {
        let metadata = model.metadata();
        InputWindow {
            window: Window::new(window),
            shares: metadata.shares.clone(),
            ranges: model.ranges,
            rows: metadata.rows.max(1) as f64,
            titles: metadata.titles.max(1) as f64,
            alarm_from,
        }
    }

    pub fn add(&mut self, features: &PredictionFeatures, title: &str) {
        let mut numbers = [f32::NAN; Field::COUNT];
        for &field in Field::ALL {
            let value = match field {
                Field::MotionIntensity => features.motion_known(),
                _ => features.get(field),
            };
            numbers[field as usize] = value.map_or(f32::NAN, |value| value as f32);
        }
        let names = TrainingShares::NAMES.map(|field| {
            let known = self.shares.names.get(field.name());
            match name_in(features, field) {
                None => 0,
                Some(name) => {
                    let place = known.and_then(|known| known.keys().position(|other| other == name));
                    place.map_or(OTHER, |place| place as u16 + 1)
                }
            }
        });
        self.window.push(Inputs { title: Titles::key(title), numbers, names });
    }

    pub fn list(&self) -> Vec<InputDrift> {
        // Of each title the newest observation alone; those without a title all.
        let mut seen = BTreeSet::new();
        let newest: Vec<&Inputs> = self.window.iter().collect();
        let of_titles: Vec<&Inputs> =
            newest.iter().rev().filter(|inputs| inputs.title.is_none_or(|title| seen.insert(title))).copied().collect();
        let mut list = Vec::new();
        for &field in Field::ALL.iter().filter(|field| !field.is_name()) {
            let inputs = if of_source(field) { &of_titles } else { &newest };
            let values = inputs.iter().map(|inputs| inputs.numbers[field as usize]).filter(|value| !value.is_nan());
            let values: Vec<f32> = values.collect();
            list.extend(self.number(field, &values));
        }
        for (at, field) in TrainingShares::NAMES.into_iter().enumerate() {
            let names: Vec<u16> = newest.iter().map(|inputs| inputs.names[at]).filter(|&name| name != 0).collect();
            list.extend(self.name(field, &names));
        }
        list.sort_by_key(|input| input.field);
        list
    }

    fn number(&self, field: Field, values: &[f32]) -> Option<InputDrift> {
        let (min, max) = self.ranges[field as usize].filter(|_| !values.is_empty())?;
        // As single precision: the window's values were rounded, too.
        let (min, max) = (min as f32, max as f32);
        let (below, above) = (
            values.iter().filter(|&&value| value < min).count() as f64,
            values.iter().filter(|&&value| value > max).count() as f64,
        );
        let shares = self.shares.numbers.get(field.name()).map(|NumberShares { ends, shares }| {
            let mut counts = vec![0.0; shares.len()];
            for &value in values.iter().filter(|value| (min..=max).contains(value)) {
                counts[ends.partition_point(|&end| (end as f32) < value)] += 1.0;
            }
            let inside = shares.iter().copied().zip(counts);
            inside.chain([(0.0, below), (0.0, above)]).collect::<Vec<_>>()
        });
        Some(self.compared(field, values.len(), (below + above) / values.len() as f64, shares))
    }

    fn name(&self, field: Field, names: &[u16]) -> Option<InputDrift> {
        if names.is_empty() {
            return None;
        }
        // A bundle without shares does not tell which names it saw.
        let shares = self.shares.names.get(field.name())?;
        let others = names.iter().filter(|&&name| name == OTHER).count() as f64;
        let count = |place: usize| names.iter().filter(|&&name| usize::from(name) == place + 1).count() as f64;
        let known = shares.values().enumerate().map(|(place, &share)| (share, count(place)));
        let bins = known.chain([(0.0, others)]).collect();
        Some(self.compared(field, names.len(), others / names.len() as f64, Some(bins)))
    }

    /// `bins`: the training's share and the window's count of each.
    fn compared(&self, field: Field, count: usize, out_of_range: f64, bins: Option<Vec<(f64, f64)>>) -> InputDrift {
        let trained = if of_source(field) { self.titles } else { self.rows };
        let counted = count as f64;
        // A bin in which nothing is has half a row.
        let share = |share: f64, of: f64| share.max(0.5 / of);
        let used = bins.iter().flatten().filter(|(trained, found)| *trained > 0.0 || *found > 0.0);
        let freedom = (used.clone().count().max(2) - 1) as f64;
        let psi = used
            .map(|&(of_training, found)| {
                let (q, p) = (share(of_training, trained), share(found / counted, counted));
                (p - q) * (p / q).ln()
            })
            .sum();
        let expected = chi_square(freedom) * (1.0 / counted + 1.0 / trained);
        InputDrift {
            field,
            psi: (bins.is_some() && count >= FEWEST).then_some(psi),
            threshold: self.alarm_from.max(expected),
            count: count as u64,
            out_of_range,
        }
    }
}

/// The value that a χ² variable exceeds once in 10,000 times (Wilson and Hilferty, 1931).
fn chi_square(freedom: f64) -> f64 {
    let spread = 2.0 / (9.0 * freedom);
    freedom * (1.0 - spread + QUANTILE * spread.sqrt()).powi(3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_of_chi_square() {
        // R: qchisq(1 - 1e-4, c(1, 9, 20)) = 15.137, 33.720, 52.386.
        for (freedom, known, within) in [(1.0, 15.137, 0.08), (9.0, 33.720, 0.02), (20.0, 52.386, 0.01)] {
            assert!((chi_square(freedom) / known - 1.0).abs() < within, "{freedom}: {}", chi_square(freedom));
        }
    }
}
