//! What is remembered of titles: the first encodes that were observed of each, in bounded memory.

use std::collections::BTreeMap;

use crate::{features::PredictionFeatures, target::Target};

/// Most titles that are remembered; of more the one that was longest not observed is forgotten.
const TITLES: usize = 1024;
/// Most encodes of a title that are remembered: the first ones, which tell most of the time before a shift.
const ENCODES: usize = 48;
/// Most of them by one encoder.
const OF_ENCODER: usize = 24;

/// Where an encode lies among those of its title.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Settings {
    /// Octaves of bitrate.
    pub rate: f32,
    /// Octaves of pixels.
    pub size: f32,
    /// Forecast quality, tens of VMAF.
    pub quality: f32,
    /// Codec and encoder, as one number.
    pub encoder: u16,
    /// Of the preset's name.
    pub preset: u32,
    /// Constant quality, or a bitrate in so many passes.
    pub control: u8,
}

impl Settings {
    /// `kbps`: the bitrate, given, measured or forecast; without one the CRF stands for it. `quality`: tens of VMAF.
    pub fn of(features: &PredictionFeatures, kbps: Option<f64>, quality: f64) -> Settings {
        let rate = kbps.map_or_else(|| -features.crf.unwrap_or(0.0) / 6.0, f64::log2);
        let size = (features.resolution_width * features.resolution_height).log2();
        let codec = features.codec_known().map_or(0, |codec| codec as u16);
        let encoder = features.encoder.map_or(0, |encoder| encoder as u16);
        let passes = features.passes.map_or(1, |passes| passes as u8);
        Settings {
            rate: rate as f32,
            size: size as f32,
            quality: quality as f32,
            encoder: codec << 8 | encoder,
            preset: features.preset.as_deref().map_or(0, |preset| hash(preset) as u32),
            control: if features.crf.is_some() { 0 } else { passes },
        }
    }
}

/// FNV-1a (Fowler, Noll, Vo).
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// One encode that was observed.
#[derive(Debug, Clone)]
pub(super) struct Encode {
    /// Of the observation.
    pub number: u64,
    pub settings: Settings,
    /// Residual and the half width of the forecast's interval, on the learning scale; NaN where there is none.
    pub residuals: [(f32, f32); Target::COUNT],
}

#[derive(Debug)]
struct Title {
    key: u64,
    observed: u64,
    encodes: Vec<Encode>,
}

/// Titles by a hash of their names.
#[derive(Debug, Default)]
pub(super) struct Titles {
    places: BTreeMap<u64, usize>,
    titles: Vec<Title>,
}

impl Titles {
    /// The key of a title; `None` for one without a name, of which nothing is remembered.
    pub fn key(title: &str) -> Option<u64> {
        (!title.is_empty()).then(|| hash(title))
    }

    /// What is remembered of a title.
    pub fn encodes(&self, key: Option<u64>) -> &[Encode] {
        let place = key.and_then(|key| self.places.get(&key));
        place.map_or(&[], |&place| &self.titles[place].encodes)
    }

    /// Remembers an encode, as long as there is room for its title and encoder.
    pub fn remember(&mut self, key: Option<u64>, encode: Encode) {
        let Some(key) = key else { return };
        let place = self.places.get(&key).copied().unwrap_or_else(|| self.room_for(key));
        let title = &mut self.titles[place];
        title.observed = encode.number;
        let same = title.encodes.iter().filter(|other| other.settings.encoder == encode.settings.encoder).count();
        if title.encodes.len() < ENCODES && same < OF_ENCODER {
            title.encodes.push(encode);
        }
    }

    /// Forgets what encodes by an encoder after an observation showed of the target at this index.
    pub fn forget(&mut self, target: usize, encoder: u16, after: u64) {
        for title in &mut self.titles {
            let shifted = |encode: &&mut Encode| encode.number > after && encode.settings.encoder == encoder;
            title.encodes.iter_mut().filter(shifted).for_each(|encode| encode.residuals[target].0 = f32::NAN);
            title.encodes.retain(|encode| encode.residuals.iter().any(|(residual, _)| !residual.is_nan()));
        }
    }

    fn room_for(&mut self, key: u64) -> usize {
        let new = Title { key, observed: 0, encodes: Vec::new() };
        let place = if self.titles.len() < TITLES {
            self.titles.push(new);
            self.titles.len() - 1
        } else {
            let oldest = (0..TITLES).min_by_key(|&at| self.titles[at].observed).unwrap_or(0);
            self.places.remove(&self.titles[oldest].key);
            self.titles[oldest] = new;
            oldest
        };
        self.places.insert(key, place);
        place
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encode(number: u64, encoder: u16) -> Encode {
        let settings = Settings { rate: 10.0, size: 20.0, quality: 8.0, encoder, preset: 0, control: 0 };
        Encode { number, settings, residuals: [(0.0, 1.0); Target::COUNT] }
    }

    #[test]
    fn memory_is_bounded_and_the_title_longest_ago_goes_first() {
        let mut titles = Titles::default();
        let key = |i: u64| Titles::key(&format!("title {i}"));
        for i in 0..TITLES as u64 {
            titles.remember(key(i), encode(i + 1, 1));
        }
        titles.remember(key(0), encode(5000, 1));
        titles.remember(key(9999), encode(5001, 1));
        assert_eq!(titles.titles.len(), TITLES);
        assert_eq!(titles.places.len(), TITLES);
        assert_eq!((titles.encodes(key(0)).len(), titles.encodes(key(1)).len()), (2, 0));
        for i in 0..1000 {
            titles.remember(key(0), encode(6000 + i, 1 + (i % 4) as u16));
        }
        assert_eq!(titles.encodes(key(0)).len(), ENCODES);
        titles.remember(key(2), encode(8000, 1));
        (0..100).for_each(|i| titles.remember(key(2), encode(8001 + i, 1)));
        assert_eq!(titles.encodes(key(2)).len(), OF_ENCODER);
        titles.forget(0, 1, 8050);
        let known = titles.encodes(key(2)).iter().filter(|encode| !encode.residuals[0].0.is_nan()).count();
        assert_eq!(known, OF_ENCODER, "only the first are remembered, and they stay");
        (0..Target::COUNT).for_each(|target| titles.forget(target, 1, 8010));
        assert_eq!(titles.encodes(key(2)).len(), 12);
        titles.remember(None, encode(9000, 1));
        assert!(titles.encodes(None).is_empty());
    }
}
