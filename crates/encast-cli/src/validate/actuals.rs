//! Measured scenarios: JSON files, each an array, or an object with `scenarios` or `results`.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use encast::{Codec, Encoder, Field, PredictionFeatures, Target};
use serde_json::{Map, Value};

use crate::{failure::Failure, reading};

/// No file of scenarios is larger.
const LARGEST: u64 = 256 << 20;
/// Joules of a kilowatt-hour.
const JOULES: f64 = 3.6e6;

/// One measured encode.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Scenario {
    /// File and place in it, for people.
    pub place: String,
    pub name: Option<String>,
    /// What it tells of the encode.
    pub features: PredictionFeatures,
    pub measured: BTreeMap<Target, f64>,
    /// What `encoder_type` says, where that is no encoder or codec that is known.
    pub unknown_encoder: Option<String>,
}

/// Files that the arguments name: paths, or patterns with `*`, `?` and `[…]`. A pattern without any file is an error.
fn files(patterns: &[String]) -> Result<Vec<PathBuf>, Failure> {
    let mut found = Vec::new();
    for pattern in patterns {
        if Path::new(pattern).is_file() {
            found.push(PathBuf::from(pattern));
            continue;
        }
        let bad = |why: String| Failure::Bad(format!("--actuals {pattern}: {why}"));
        let paths = glob::glob(pattern).map_err(|error| bad(error.to_string()))?;
        let before = found.len();
        for path in paths {
            let path = path.map_err(|error| bad(error.to_string()))?;
            if path.is_file() {
                found.push(path);
            }
        }
        if found.len() == before {
            return Err(bad("there is no such file".to_owned()));
        }
    }
    found.sort();
    found.dedup();
    Ok(found)
}

/// Reads all scenarios; an error names file, place and field.
pub fn read(patterns: &[String]) -> Result<Vec<Scenario>, Failure> {
    let mut all = Vec::new();
    for path in files(patterns)? {
        let bad = |what: String| Failure::of_file(&path, what);
        let size = path.metadata().map_err(|error| Failure::of_file(&path, error))?.len();
        if size > LARGEST {
            return Err(bad(format!("{size} bytes, at most {LARGEST} are read")));
        }
        let text = std::fs::read(&path).map_err(|error| Failure::of_file(&path, error))?;
        let value: Value = serde_json::from_slice(&text).map_err(|error| bad(error.to_string()))?;
        let list = match value {
            Value::Array(list) => list,
            Value::Object(mut object) => match object.remove("scenarios").or_else(|| object.remove("results")) {
                Some(Value::Array(list)) => list,
                _ => return Err(bad("must be an array, or have scenarios or results as one".to_owned())),
            },
            _ => return Err(bad("must be an array, or an object with scenarios or results".to_owned())),
        };
        for (at, value) in list.into_iter().enumerate() {
            let place = format!("{}[{at}]", path.display());
            let Value::Object(object) = value else {
                return Err(Failure::Bad(format!("{place}: must be an object")));
            };
            all.push(scenario(&object, &place).map_err(|why| Failure::Bad(format!("{place}: {why}")))?);
        }
    }
    Ok(all)
}

fn scenario(object: &Map<String, Value>, place: &str) -> Result<Scenario, String> {
    let mut scenario = Scenario { place: place.to_owned(), ..Scenario::default() };
    let features = &mut scenario.features;
    for (key, value) in object.iter().filter(|(_, value)| !value.is_null()) {
        let number =
            || value.as_f64().filter(|v| v.is_finite()).ok_or_else(|| format!("{key} = {value}: must be a number"));
        let text = || value.as_str().map(str::trim).ok_or_else(|| format!("{key} = {value}: must be a text"));
        match key.as_str() {
            "name" | "config" => scenario.name = Some(text()?.to_owned()),
            "bitrate" => {
                let kbps = match value.as_str() {
                    Some(text) => reading::bitrate_kbps(text),
                    None => value.as_f64().filter(|rate| *rate > 0.0).map(reading::bare_bitrate_kbps),
                };
                features.bitrate_kbps = Some(kbps.ok_or_else(|| {
                    format!("bitrate = {value}: must be as \"2500k\", \"2.5M\" or 2500 (kbit/s; from 100000 on bit/s)")
                })?);
            }
            "resolution" => {
                let size = reading::size(text()?);
                (features.resolution_width, features.resolution_height) =
                    size.ok_or_else(|| format!("resolution = {value}: must be as \"1280x720\" or \"720p\""))?;
            }
            "fps" => {
                let rate = match value.as_str() {
                    Some(text) => reading::frame_rate(text),
                    None => value.as_f64().filter(|rate| *rate > 0.0),
                };
                features.frame_rate =
                    Some(rate.ok_or_else(|| format!("fps = {value}: must be above 0, as 30 or \"30000/1001\""))?);
            }
            "duration" | "duration_s" => {
                let (seconds, (lowest, highest)) = (number()?, Field::DurationS.hard_bounds());
                if !(lowest..=highest).contains(&seconds) {
                    return Err(format!("{key} = {value}: must be from {lowest} to {highest}"));
                }
                features.duration_s = features.duration_s.or(Some(seconds));
            }
            "encoder_type" => match (Encoder::from_name(text()?), Codec::from_name(text()?)) {
                (Ok(encoder), _) => features.encoder = features.encoder.or(Some(encoder)),
                (_, Ok(codec)) => features.codec = features.codec.or(Some(codec)),
                _ => scenario.unknown_encoder = Some(text()?.to_owned()),
            },
            "codec" => features.codec = Some(Codec::from_name(text()?).map_err(|error| error.to_string())?),
            "encoder" => features.encoder = Some(Encoder::from_name(text()?).map_err(|error| error.to_string())?),
            "preset" => features.preset = Some(text()?.to_owned()),
            "width" => features.resolution_width = number()?,
            "height" => features.resolution_height = number()?,
            _ => {
                let target = Target::from_name(key.strip_suffix("_score").unwrap_or(key)).ok();
                let target = target.filter(|&target| target != Target::BitrateKbps);
                if let Some(target) = target {
                    let (value, (lowest, highest)) = (number()?, target.bounds());
                    if !(lowest..=highest).contains(&value) {
                        return Err(format!("{key} = {value}: must be from {lowest} to {highest}"));
                    }
                    scenario.measured.insert(target, value);
                } else if let Some(field) = Field::from_name(key).filter(|field| !field.is_name()) {
                    features.set(field, Some(number()?));
                }
            }
        }
    }
    let seconds = object.get("duration").or_else(|| object.get("duration_s")).and_then(Value::as_f64);
    let watts = object.get("power_watts").filter(|value| !value.is_null());
    if let Some(watts) = watts {
        let watts = watts.as_f64().filter(|watts| *watts >= 0.0);
        let watts = watts.ok_or_else(|| format!("power_watts = {}: must be 0 or more", object["power_watts"]))?;
        if let Some(seconds) = seconds {
            let (energy, (lowest, highest)) = (watts * seconds / JOULES, Target::EnergyKwh.bounds());
            if !(lowest..=highest).contains(&energy) {
                return Err(format!(
                    "power_watts = {watts} for {seconds} s: energy_kwh = {energy}: must be from {lowest} to {highest}"
                ));
            }
            scenario.measured.entry(Target::EnergyKwh).or_insert(energy);
        }
    }
    Ok(scenario)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Result<Scenario, String> {
        let value: Value = serde_json::from_str(text).unwrap();
        scenario(value.as_object().unwrap(), "f[0]")
    }

    #[test]
    fn spellings_of_one_scenario() {
        let one = of(r#"{"name": "a", "bitrate": "2500k", "resolution": "1280x720", "fps": 30, "vmaf_score": 85.3,
            "psnr_score": 38.2, "duration": 120, "power_watts": 150, "encoder_type": "libx264", "unknown": {"x": 1}}"#);
        let one = one.unwrap();
        assert_eq!((one.features.bitrate_kbps, one.features.frame_rate), (Some(2500.0), Some(30.0)));
        assert_eq!((one.features.resolution_height, one.features.encoder), (720.0, Some(Encoder::Libx264)));
        assert_eq!(one.measured[&Target::Vmaf], 85.3);
        assert!((one.measured[&Target::EnergyKwh] - 0.005).abs() < 1e-12, "150 W for 120 s");
        let other = of(r#"{"bitrate": "2.5M", "fps": "30", "vmaf": 85, "encoder_type": "gpu", "psnr": null}"#).unwrap();
        assert_eq!((other.features.bitrate_kbps, other.unknown_encoder.as_deref()), (Some(2500.0), Some("gpu")));
        assert!(!other.measured.contains_key(&Target::Psnr));
        assert_eq!(of(r#"{"bitrate": 2500}"#).unwrap().features.bitrate_kbps, Some(2500.0));
        for (bad, part) in [
            (r#"{"bitrate": "fast"}"#, "bitrate = \"fast\": must be as"),
            (r#"{"vmaf_score": 101}"#, "vmaf_score = 101: must be from 0 to 100"),
            (r#"{"fps": 0}"#, "fps = 0: must be above 0"),
            (r#"{"psnr": "x"}"#, "psnr = \"x\": must be a number"),
            (r#"{"power_watts": -1, "duration": 3}"#, "power_watts = -1"),
            (r#"{"power_watts": 1, "duration": -60}"#, "duration = -60: must be from 0.001 to 100000000"),
            (r#"{"power_watts": 1e12, "duration_s": 1e8}"#, "energy_kwh = 27777777777777.777: must be from"),
        ] {
            assert!(of(bad).unwrap_err().contains(part), "{bad}: {}", of(bad).unwrap_err());
        }
    }
}
