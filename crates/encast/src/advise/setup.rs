//! What is chosen from: encoders, their presets, sizes.

use std::fmt;

use crate::{
    bundle::Model,
    codec::{Codec, Encoder, Preset},
    error::{Error, Result},
    features::PredictionFeatures,
    ladder::{Size, usual_sizes},
};

use super::options::AdviseOptions;

/// An encoder with its preset, and a size.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Setup {
    /// Codec; `None` where the model knows of none.
    pub codec: Option<Codec>,
    /// Encoder; `None` where the model knows codecs only.
    pub encoder: Option<Encoder>,
    /// The encoder's own preset name; `None` where the model knows none of it.
    pub preset: Option<String>,
    /// Encoded size.
    pub size: Size,
}

impl Setup {
    /// The request of a source with this setup; its rate setting is left as it is.
    pub fn request(&self, source: &PredictionFeatures) -> PredictionFeatures {
        PredictionFeatures {
            codec: self.codec,
            encoder: self.encoder,
            preset: self.preset.clone(),
            ..self.size.of(source)
        }
    }

    /// Encoder (or codec) and preset, as `libx264 medium`.
    pub fn encoder_and_preset(&self) -> String {
        let codec = self.encoder.map(Encoder::name).or(self.codec.map(Codec::name));
        [codec, self.preset.as_deref()].into_iter().flatten().collect::<Vec<_>>().join(" ")
    }

    /// Why the model can't tell anything of it, where it was never taught one of the names.
    pub(super) fn never_seen(&self, model: &Model) -> Option<String> {
        let seen = model.metadata();
        let unknown = |what: &str, name: &str, known: Vec<&str>| {
            (!known.is_empty() && !known.contains(&name))
                .then(|| format!("the model was never taught the {what} {name}; it was taught {}", known.join(", ")))
        };
        let codecs = || seen.codecs.iter().map(|codec| codec.name()).collect();
        let encoders = || seen.encoders.iter().map(|encoder| encoder.name()).collect();
        let presets = || {
            let of_encoder = self.encoder.and_then(|encoder| seen.presets_of.get(&encoder));
            of_encoder.unwrap_or(&seen.presets).iter().map(String::as_str).collect()
        };
        self.codec
            .and_then(|codec| unknown("codec", codec.name(), codecs()))
            .or_else(|| self.encoder.and_then(|encoder| unknown("encoder", encoder.name(), encoders())))
            .or_else(|| self.preset.as_deref().and_then(|preset| unknown("preset", preset, presets())))
    }
}

impl fmt::Display for Setup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.encoder_and_preset();
        if name.is_empty() { write!(f, "{}", self.size) } else { write!(f, "{name} {}", self.size) }
    }
}

/// Most setups that are tried.
const MOST: usize = 4096;

/// All setups to try, in their order.
pub(super) fn setups(
    features: &PredictionFeatures,
    model: &Model,
    options: &AdviseOptions,
    source: Size,
) -> Result<Vec<Setup>> {
    let sizes = if options.sizes.is_empty() { usual_sizes(source) } else { options.sizes.clone() };
    let mut setups = Vec::new();
    for (codec, encoder, preset) in with_presets(features, model, options)? {
        for &size in &sizes {
            setups.push(Setup { codec, encoder, preset: preset.clone(), size });
        }
    }
    setups.sort();
    setups.dedup();
    if setups.len() > MOST {
        let (value, bound) = (setups.len().to_string(), format!("at most {MOST} of encoder, preset and size"));
        return Err(Error::InvalidField { field: "setups", value, bound });
    }
    Ok(setups)
}

type Named = (Option<Codec>, Option<Encoder>, Option<String>);

fn with_presets(features: &PredictionFeatures, model: &Model, options: &AdviseOptions) -> Result<Vec<Named>> {
    let encoders = encoders(features, model, options)?;
    let chosen = match options.presets.as_slice() {
        [] => features.preset.as_slice(),
        presets => presets,
    };
    // A preset that no chosen encoder has is a mistake; one that some have narrows the choice to these.
    for preset in chosen {
        let found = encoders.iter().map(|&(codec, encoder)| Preset::find(preset, encoder, codec));
        let mut errors = Vec::new();
        if !found.into_iter().any(|found| found.map_err(|error| errors.push(error)).is_ok())
            && let Some(error) = errors.into_iter().next()
        {
            return Err(error);
        }
    }
    let metadata = model.metadata();
    let presets = if chosen.is_empty() { metadata.presets.as_slice() } else { chosen };
    let mut named = Vec::new();
    for (codec, encoder) in encoders {
        // What was asked for is answered, with a reason where it was never seen; what was not is not proposed.
        let seen = |preset: &str| !chosen.is_empty() || metadata.saw_preset(encoder, preset);
        let fits = |preset: &&String| Preset::find(preset, encoder, codec).is_ok() && seen(preset);
        let mut fitting: Vec<Option<String>> = presets.iter().filter(fits).cloned().map(Some).collect();
        if fitting.is_empty() && chosen.is_empty() {
            fitting.push(None);
        }
        named.extend(fitting.into_iter().map(|preset| (codec, encoder, preset)));
    }
    Ok(named)
}

fn encoders(
    features: &PredictionFeatures,
    model: &Model,
    options: &AdviseOptions,
) -> Result<Vec<(Option<Codec>, Option<Encoder>)>> {
    let (seen, codec) = (model.metadata(), features.codec);
    let of_codec = |encoder: &&Encoder| codec.is_none_or(|codec| encoder.codec() == codec);
    let encoders: Vec<Encoder> = match (options.encoders.as_slice(), features.encoder) {
        ([], Some(encoder)) => vec![encoder],
        ([], None) => seen.encoders.iter().filter(of_codec).copied().collect(),
        (chosen, _) => chosen.to_vec(),
    };
    if let (Some(codec), Some(other)) = (codec, encoders.iter().find(|encoder| !of_codec(encoder))) {
        let (value, other) = (other.to_string(), format!("codec = {codec}"));
        return Err(Error::Contradiction { field: "encoder", value, other });
    }
    if !encoders.is_empty() {
        return Ok(encoders.into_iter().map(|encoder| (Some(encoder.codec()), Some(encoder))).collect());
    }
    Ok(match (codec, seen.codecs.as_slice()) {
        (Some(codec), _) => vec![(Some(codec), None)],
        (None, []) => vec![(None, None)],
        (None, codecs) => codecs.iter().map(|&codec| (Some(codec), None)).collect(),
    })
}
