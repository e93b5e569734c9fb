//! An encode's labels as the inputs of a row; what can't be read is told, never guessed.

use std::collections::BTreeMap;

use encast::{Codec, Encoder, Field, PredictionFeatures, Target};

use super::encodes::Encode;
use crate::reading;

/// Labels of numbers that are written in more than one way.
const READ: [&str; 6] = ["bitrate", "resolution", "fps", "frame_rate", "width", "height"];

/// Whether a label tells something that a forecast takes.
pub fn tells_an_input(name: &str) -> bool {
    READ.contains(&name) || ["title", "codec", "encoder", "preset"].contains(&name) || Field::from_name(name).is_some()
}

/// A row of the table that is made.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Row {
    pub title: String,
    pub config: String,
    pub id: String,
    pub features: PredictionFeatures,
    /// The bitrate that the labels name, where another one was measured.
    pub target_bitrate_kbps: Option<f64>,
    /// Measured and forecast values by column.
    pub values: BTreeMap<String, f64>,
    pub observed_at: i64,
}

/// Why a row or a value was left out, for counting: what it is of, and an example.
pub type Reason = (String, String);

/// A row from an encode. `renamed` has the labels of a deployment by the usual names. Single values that can't be used are
/// given to `dropped`; the row stays.
pub fn row(
    encode: &Encode,
    renamed: &BTreeMap<String, String>,
    dropped: &mut dyn FnMut(Reason),
) -> Result<Row, Reason> {
    let mut labels: BTreeMap<&str, &str> = BTreeMap::new();
    for (name, value) in encode.labels.iter().filter(|(_, value)| !value.trim().is_empty()) {
        if !renamed.values().any(|label| label == name) {
            labels.insert(name, value.trim());
        }
    }
    for (name, label) in renamed {
        if let Some(value) = encode.labels.get(label).filter(|value| !value.trim().is_empty()) {
            labels.insert(name, value.trim());
        }
    }
    if let Some(name) = encode.contradicts.first() {
        return Err((
            format!("series of one id differ in label {name}"),
            labels.get("id").copied().unwrap_or("").into(),
        ));
    }
    let get = |name: &str| labels.get(name).copied();
    let unread = |name: &str, value: &str| (format!("label {name} can't be read"), value.to_owned());
    let mut features = PredictionFeatures::default();
    // Labels that are written in more than one way are read below.
    for &field in Field::ALL.iter().filter(|field| !field.is_name() && !READ.contains(&field.name())) {
        if let Some(text) = get(field.name()) {
            let value = text.parse::<f64>().ok().filter(|v| v.is_finite()).ok_or_else(|| unread(field.name(), text))?;
            features.set(field, Some(value));
        }
    }
    if let Some(text) = get("resolution") {
        let (width, height) = reading::size(text).ok_or_else(|| unread("resolution", text))?;
        features.set(Field::ResolutionWidth, Some(width)).set(Field::ResolutionHeight, Some(height));
    }
    for (name, field) in [("width", Field::ResolutionWidth), ("height", Field::ResolutionHeight)] {
        if let Some(text) = get(name) {
            let value = text.parse::<u32>().map_err(|_| unread(name, text))?;
            features.set(field, Some(f64::from(value)));
        }
    }
    for name in ["fps", "frame_rate"] {
        if let Some(text) = get(name) {
            let rate = reading::frame_rate(text).ok_or_else(|| unread(name, text))?;
            features.set(Field::FrameRate, Some(rate));
        }
    }
    if let Some(text) = get("bitrate") {
        let rate = reading::bitrate_kbps(text).ok_or_else(|| unread("bitrate", text))?;
        features.set(Field::BitrateKbps, Some(rate));
    }
    if let Some(text) = get("codec") {
        features.codec = Some(Codec::from_name(text).map_err(|_| unread("codec", text))?);
    }
    if let Some(text) = get("encoder") {
        features.encoder = Some(Encoder::from_name(text).map_err(|_| unread("encoder", text))?);
    }
    features.preset = get("preset").map(str::to_owned);
    features.machine = get("machine").map(str::to_owned);
    if features.passes.is_none() {
        features.passes = get("rate_control").and_then(encast::passes_of);
    }
    for (name, &value) in &encode.inputs {
        match Field::from_name(name).filter(|field| !field.is_name()) {
            // A label was written for the encode; what was scraped beside it tells the same, or more digits.
            Some(field) => {
                features.set(field, Some(value));
            }
            None => dropped((format!("input {name} is not known"), value.to_string())),
        }
    }
    let title = get("title").ok_or_else(|| ("no label title".to_owned(), described(&labels)))?;
    let mut row = Row {
        title: title.to_owned(),
        config: get("config").unwrap_or_default().to_owned(),
        id: get("id").unwrap_or_default().to_owned(),
        observed_at: encode.seen as i64,
        ..Row::default()
    };
    for (column, &value) in &encode.values {
        let target = Target::from_name(column.strip_prefix("predicted_").unwrap_or(column)).ok();
        let (lowest, highest) = target.map_or((f64::MIN, f64::MAX), Target::bounds);
        if !(lowest..=highest).contains(&value) {
            dropped((format!("{column} not from {lowest} to {highest}"), value.to_string()));
        } else if column == Target::BitrateKbps.name() {
            // What came out is what quality depends on; what was asked for stays beside it.
            row.target_bitrate_kbps = features.bitrate_kbps;
            features.bitrate_kbps = Some(value);
        } else {
            row.values.insert(column.clone(), value);
        }
    }
    // One reason for all values of a field, so that counts stay readable.
    features.check().map_err(|error| match error {
        encast::Error::InvalidField { field, bound, value } => (format!("{field} not {bound}"), value),
        encast::Error::MissingField { .. } => ("neither bitrate nor crf".to_owned(), described(&labels)),
        other => (other.to_string(), described(&labels)),
    })?;
    row.features = features;
    Ok(row)
}

/// Labels as they are written in queries.
fn described(labels: &BTreeMap<&str, &str>) -> String {
    let pairs: Vec<String> = labels.iter().map(|(name, value)| format!("{name}={value:?}")).collect();
    format!("{{{}}}", pairs.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encode(labels: &[(&str, &str)], values: &[(&str, f64)]) -> Encode {
        Encode {
            labels: labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            values: values.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect(),
            seen: 1000.0,
            ..Encode::default()
        }
    }

    fn read(encode: &Encode) -> Result<Row, Reason> {
        row(encode, &BTreeMap::new(), &mut |_| ())
    }

    const USUAL: [(&str, &str); 5] =
        [("title", "t"), ("bitrate", "4M"), ("resolution", "1080p"), ("fps", "30000/1001"), ("codec", "h264")];

    #[test]
    fn labels_become_inputs() {
        let mut found = encode(&USUAL, &[("vmaf", 93.0), ("bitrate_kbps", 3950.0)]);
        found.inputs.insert("duration_s".to_owned(), 60.0);
        let row = read(&found).unwrap();
        let features = &row.features;
        assert_eq!((features.resolution_width, features.resolution_height), (1920.0, 1080.0));
        assert_eq!(features.frame_rate, Some(30000.0 / 1001.0));
        assert_eq!((features.bitrate_kbps, row.target_bitrate_kbps), (Some(3950.0), Some(4000.0)));
        let mut found = found.clone();
        found.labels.remove("fps");
        found.labels.insert("frame_rate".to_owned(), "24000/1001".to_owned());
        assert_eq!(read(&found).unwrap().features.frame_rate, Some(24000.0 / 1001.0), "by the field's own name, too");
        assert_eq!((features.duration_s, features.encoder), (Some(60.0), None), "what is not told stays unknown");
        assert_eq!(row.values, [("vmaf".to_owned(), 93.0)].into());
    }

    #[test]
    fn what_can_not_be_read_is_named() {
        for (name, value, reason) in [
            ("bitrate", "fast", "label bitrate can't be read"),
            ("resolution", "big", "label resolution can't be read"),
            ("fps", "x", "label fps can't be read"),
            ("codec", "mjpeg", "label codec can't be read"),
            ("resolution", "4x4", "resolution_width not"),
            ("bitrate", "", "neither bitrate nor crf"),
            ("title", "", "no label title"),
        ] {
            let mut found = encode(&USUAL, &[("vmaf", 93.0)]);
            found.labels.insert(name.to_owned(), value.to_owned());
            let told = read(&found).unwrap_err();
            assert!(told.0.contains(reason), "{told:?}");
        }
        // One label may tell two things.
        let renamed = ["title", "config"].map(|name| (name.to_owned(), "asset".to_owned())).into();
        let mut found = encode(&USUAL, &[("vmaf", 193.0)]);
        found.labels.insert("asset".to_owned(), "mine".to_owned());
        let mut dropped = Vec::new();
        let row = row(&found, &renamed, &mut |reason| dropped.push(reason)).unwrap();
        assert_eq!((row.title.as_str(), row.config.as_str(), row.values.len()), ("mine", "mine", 0));
        assert_eq!(dropped, [("vmaf not from 0 to 100".to_owned(), "193".to_owned())]);
    }
}
