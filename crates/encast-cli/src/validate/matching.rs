//! Which forecast belongs to which scenario: by name, otherwise by bitrate, size and frame rate.

use std::collections::BTreeMap;

use encast::Target;
use serde::Serialize;

use super::{Interval, Prediction, Scenario};

/// Relative difference up to which rates are the same: 29.97 and 30000/1001 are, 29.97 and 30 are not.
const SAME: f64 = 5e-4;

/// Quality, of which a scenario has to measure one.
const QUALITY: [Target; 3] = [Target::Vmaf, Target::Psnr, Target::Ssim];

/// A measured value beside its forecast.
#[derive(Debug, Clone, PartialEq)]
pub struct Pair {
    pub scenario: String,
    pub measured: f64,
    pub forecast: Interval,
}

/// What found nothing to be compared with, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unmatched {
    pub what: String,
    pub reason: String,
}

/// What belongs together, and what is left.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Matched {
    pub scenarios: usize,
    pub by_target: BTreeMap<Target, Vec<Pair>>,
    pub scenarios_left: Vec<Unmatched>,
    pub predictions_left: Vec<String>,
    /// Values of scenarios that were compared otherwise.
    pub values_left: Vec<Unmatched>,
}

fn same(one: f64, other: f64) -> bool {
    (one - other).abs() <= SAME * one.abs().max(other.abs())
}

/// How people find a scenario.
pub fn described(scenario: &Scenario) -> String {
    match &scenario.name {
        Some(name) => format!("{name} ({})", scenario.place),
        None => scenario.place.clone(),
    }
}

impl Prediction {
    fn described(&self) -> String {
        let number = |value: Option<f64>, unit: &str| value.map(|value| format!("{value} {unit}"));
        let size = self.size.map(|(width, height)| format!("{width}x{height}"));
        let settings = [number(self.bitrate_kbps, "kbit/s"), size, number(self.frame_rate, "fps")];
        self.names.iter().cloned().chain(settings.into_iter().flatten()).collect::<Vec<_>>().join(", ")
    }

    /// The first setting in which a scenario differs, as far as both tell.
    fn contradiction(&self, scenario: &Scenario) -> Option<String> {
        let features = &scenario.features;
        let differs = |name: &str, forecast: Option<f64>, measured: Option<f64>| {
            let (forecast, measured) = forecast.zip(measured)?;
            (!same(forecast, measured)).then(|| format!("{name} {measured} is not {forecast}"))
        };
        let known = |pixels: f64| Some(pixels).filter(|&pixels| pixels > 0.0);
        differs("bitrate", self.bitrate_kbps, features.bitrate_kbps)
            .or_else(|| differs("width", self.size.map(|s| s.0), known(features.resolution_width)))
            .or_else(|| differs("height", self.size.map(|s| s.1), known(features.resolution_height)))
            .or_else(|| differs("fps", self.frame_rate, features.frame_rate))
    }
}

/// The only one of several; an error names them.
fn only(found: &[usize], predictions: &[Prediction], what: &str) -> Option<Result<usize, String>> {
    match found {
        [] => None,
        [at] => Some(Ok(*at)),
        several => {
            let names: Vec<String> = several.iter().map(|&at| predictions[at].described()).collect();
            Some(Err(format!("several forecasts {what}: {}", names.join("; "))))
        }
    }
}

/// The forecast of a scenario.
fn find(scenario: &Scenario, predictions: &[Prediction]) -> Result<usize, String> {
    let has_name = |at: &usize| scenario.name.as_ref().is_some_and(|name| predictions[*at].names.contains(name));
    let named: Vec<usize> = (0..predictions.len()).filter(has_name).collect();
    if let Some(&first) = named.first() {
        // Several encodes may share a name, such as a config: what they were made with tells them apart, or nothing does.
        let fitting: Vec<usize> =
            named.iter().copied().filter(|&at| predictions[at].contradiction(scenario).is_none()).collect();
        return only(&fitting, predictions, "have its name").unwrap_or_else(|| {
            let what = predictions[first].contradiction(scenario).unwrap_or_default();
            Err(match named.len() {
                1 => format!("a forecast has its name, but {what}"),
                count => format!("{count} forecasts have its name, but none its settings: of the first, {what}"),
            })
        });
    }
    let features = &scenario.features;
    let (Some(bitrate), Some(rate), true) =
        (features.bitrate_kbps, features.frame_rate, features.resolution_width > 0.0)
    else {
        return Err("no forecast has its name, and it lacks bitrate, resolution or fps".to_owned());
    };
    let size = (features.resolution_width, features.resolution_height);
    let fits = |p: &Prediction| {
        p.size == Some(size)
            && p.bitrate_kbps.is_some_and(|other| same(other, bitrate))
            && p.frame_rate.is_some_and(|other| same(other, rate))
    };
    let fitting: Vec<usize> = (0..predictions.len()).filter(|&at| fits(&predictions[at])).collect();
    only(&fitting, predictions, "fit")
        .unwrap_or_else(|| Err(format!("no forecast for {bitrate} kbit/s, {}x{}, {rate} fps", size.0, size.1)))
}

/// Forecasts a scenario, or says why it can't.
pub type OwnForecast<'a> = dyn Fn(&Scenario) -> Result<Prediction, String> + 'a;

/// Puts scenarios and forecasts together. `own` gives a scenario's own forecast, in place of those of a list.
pub fn pair_up(scenarios: &[Scenario], predictions: &[Prediction], own: Option<&OwnForecast>) -> Matched {
    let mut matched = Matched::default();
    let mut used = vec![false; predictions.len()];
    for scenario in scenarios {
        let leave = |reason: String| Unmatched { what: described(scenario), reason };
        if !QUALITY.iter().any(|target| scenario.measured.contains_key(target)) {
            matched.scenarios_left.push(leave("no vmaf_score, psnr_score or ssim_score".to_owned()));
            continue;
        }
        let found = match own {
            Some(forecast) => forecast(scenario),
            None => find(scenario, predictions).map(|at| {
                used[at] = true;
                predictions[at].clone()
            }),
        };
        let prediction = match found {
            Ok(prediction) => prediction,
            Err(reason) => {
                matched.scenarios_left.push(leave(reason));
                continue;
            }
        };
        matched.scenarios += 1;
        for (&target, &measured) in &scenario.measured {
            let Some(&forecast) = prediction.estimates.get(&target) else {
                matched.values_left.push(leave(format!("{target} is not forecast")));
                continue;
            };
            // Amounts of a job grow with its length; the forecast's may be another one.
            let factor = match target.depends_on_machine() {
                false => Some(1.0),
                true => scenario.features.duration_s.zip(prediction.duration_s).map(|(ours, its)| ours / its),
            };
            let Some(factor) = factor else {
                matched.values_left.push(leave(format!("{target}: the length of the job is not known")));
                continue;
            };
            let ends = forecast.ends.map(|(lower, upper)| (lower * factor, upper * factor));
            let forecast = Interval { value: forecast.value * factor, ends };
            let pair = Pair { scenario: described(scenario), measured, forecast };
            matched.by_target.entry(target).or_default().push(pair);
        }
    }
    let left = predictions.iter().zip(&used).filter(|(_, used)| !**used);
    matched.predictions_left = left.map(|(prediction, _)| prediction.described()).collect();
    matched
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prediction(name: &str, bitrate: f64) -> Prediction {
        Prediction {
            names: vec![name.to_owned()],
            bitrate_kbps: Some(bitrate),
            size: Some((1280.0, 720.0)),
            frame_rate: Some(30000.0 / 1001.0),
            duration_s: Some(3600.0),
            estimates: [Target::Vmaf, Target::EnergyKwh]
                .map(|target| (target, Interval { value: 90.0, ends: Some((80.0, 95.0)) }))
                .into(),
        }
    }

    fn scenario(name: Option<&str>, bitrate: f64, fps: f64) -> Scenario {
        let mut scenario = Scenario { place: "f[0]".to_owned(), name: name.map(str::to_owned), ..Scenario::default() };
        let features = &mut scenario.features;
        (features.resolution_width, features.resolution_height) = (1280.0, 720.0);
        (features.bitrate_kbps, features.frame_rate, features.duration_s) = (Some(bitrate), Some(fps), Some(60.0));
        scenario.measured = [(Target::Vmaf, 88.0), (Target::EnergyKwh, 1.0), (Target::Psnr, 40.0)].into();
        scenario
    }

    #[test]
    fn names_first_then_settings_and_nothing_is_dropped_in_silence() {
        let all = [prediction("a", 2000.0), prediction("b", 4000.0), prediction("c", 4000.0), prediction("d", 9.0)];
        let scenarios = [
            scenario(Some("a"), 2000.0, 29.97),
            scenario(Some("b"), 4000.0, 29.97),
            scenario(None, 2000.0, 29.97),
            scenario(Some("a"), 2500.0, 29.97),
            scenario(Some("unknown"), 4000.0, 29.97),
            scenario(None, 2000.0, 30.0),
            Scenario { measured: [(Target::EnergyKwh, 1.0)].into(), ..scenario(Some("a"), 2000.0, 29.97) },
        ];
        let matched = pair_up(&scenarios, &all, None);
        assert_eq!((matched.scenarios, matched.by_target[&Target::Vmaf].len()), (3, 3));
        // An hour was forecast, a minute was measured.
        let energy = &matched.by_target[&Target::EnergyKwh][0].forecast;
        assert_eq!((energy.value, energy.ends), (1.5, Some((80.0 / 60.0, 95.0 / 60.0))));
        let reasons: Vec<&str> = matched.scenarios_left.iter().map(|left| left.reason.as_str()).collect();
        assert_eq!(reasons[0], "a forecast has its name, but bitrate 2500 is not 2000");
        assert!(reasons[1].starts_with("several forecasts fit: b, 4000 kbit/s"), "{reasons:?}");
        assert_eq!(reasons[2], "no forecast for 2000 kbit/s, 1280x720, 30 fps");
        assert!(reasons[3].starts_with("no vmaf_score"));
        assert_eq!(matched.predictions_left.len(), 2, "{:?}", matched.predictions_left);
        assert_eq!(matched.values_left.len(), 3, "PSNR is not forecast");
    }

    #[test]
    fn a_name_of_several_forecasts_is_none() {
        let named = |id: &str, bitrate: f64| {
            let mut prediction = prediction("ladder", bitrate);
            prediction.names.push(id.to_owned());
            prediction
        };
        let all = [named("film-a", 2000.0), named("film-b", 2000.0), named("film-a-4", 4000.0)];
        let scenarios = [
            // Films A and B were forecast with the same settings: which one was measured?
            scenario(Some("ladder"), 2000.0, 29.97),
            scenario(Some("film-b"), 2000.0, 29.97),
            scenario(Some("ladder"), 4000.0, 29.97),
            scenario(Some("ladder"), 500.0, 29.97),
        ];
        let found: Vec<Result<usize, String>> = scenarios.iter().map(|scenario| find(scenario, &all)).collect();
        let several = found[0].as_ref().unwrap_err();
        assert!(several.starts_with("several forecasts have its name: ladder, film-a, 2000 kbit/s"), "{several}");
        assert_eq!((&found[1], &found[2]), (&Ok(1), &Ok(2)));
        let none = found[3].as_ref().unwrap_err();
        assert_eq!(none, "3 forecasts have its name, but none its settings: of the first, bitrate 500 is not 2000");
    }
}
