//! Anchors: earlier encodes of the same title, with what was measured of them.

use serde::{Deserialize, Serialize};

use crate::{
    codec::{Codec, Encoder},
    error::{Error, Result},
    features::{PredictionFeatures, check_bounds},
    field::Field,
    target::Target,
};

/// One earlier encode of the same title: its settings, and what was measured.
///
/// Settings that are not given are those of the request. Needed are `bitrate_kbps` or `crf`, and one measured value:
/// `vmaf`, `psnr`, `ssim`, or the bitrate beside a CRF. A forecast from a bitrate learns from anchors that have a
/// bitrate, one from a CRF from those that have a CRF: an anchor with both serves both. Frame rate and dropped frames are
/// taken to be the request's.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Anchor {
    /// Bitrate that the encode came to, kbit/s; bounds as in a request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bitrate_kbps: Option<f64>,
    /// Constant-quality setting (CRF or QP) that it was made with, on its encoder's scale.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crf: Option<f64>,
    /// Encoded width, pixels; given together with the height.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolution_width: Option<f64>,
    /// Encoded height, pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolution_height: Option<f64>,
    /// Codec; follows from `encoder`. Another codec than the request's leaves its encoder and preset unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub codec: Option<Codec>,
    /// Encoder implementation. Another encoder than the request's leaves its preset unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encoder: Option<Encoder>,
    /// The encoder's own preset name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preset: Option<String>,
    /// Measured VMAF, 0–100.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vmaf: Option<f64>,
    /// Measured PSNR, dB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub psnr: Option<f64>,
    /// Measured SSIM, 0–1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ssim: Option<f64>,
}

impl Anchor {
    /// What was measured of a target; a bitrate is a result where a CRF was set.
    pub fn measured(&self, target: Target) -> Option<f64> {
        match target {
            Target::Vmaf => self.vmaf,
            Target::Psnr => self.psnr,
            Target::Ssim => self.ssim,
            Target::BitrateKbps => self.crf.and(self.bitrate_kbps),
            _ => None,
        }
    }

    /// The request that would have forecast this encode.
    pub(crate) fn as_request(&self, request: &PredictionFeatures) -> PredictionFeatures {
        let mut asked = PredictionFeatures { anchors: Vec::new(), ..request.clone() };
        (asked.bitrate_kbps, asked.crf) = (self.bitrate_kbps, self.crf);
        if let (Some(width), Some(height)) = (self.resolution_width, self.resolution_height) {
            (asked.resolution_width, asked.resolution_height) = (width, height);
        }
        if let Some(codec) = self.codec.filter(|&codec| request.codec_known() != Some(codec)) {
            (asked.codec, asked.encoder, asked.preset) = (Some(codec), None, None);
        }
        if let Some(encoder) = self.encoder.filter(|&encoder| asked.encoder != Some(encoder)) {
            // What only the codec was known of may well be this encoder's preset.
            let same_codec = request.encoder.is_none() && request.codec_known() == Some(encoder.codec());
            asked.preset = asked.preset.filter(|_| same_codec);
            (asked.codec, asked.encoder) = (Some(self.codec.unwrap_or(encoder.codec())), Some(encoder));
        }
        if self.preset.is_some() {
            asked.preset.clone_from(&self.preset);
        }
        asked
    }

    /// Checks what is given, and that it says something.
    fn check(&self, request: &PredictionFeatures) -> Result<()> {
        for (target, value) in [(Target::Vmaf, self.vmaf), (Target::Psnr, self.psnr), (Target::Ssim, self.ssim)] {
            let (lowest, highest) = target.bounds();
            if let Some(value) = value.filter(|value| !(lowest..=highest).contains(value)) {
                let bound = format!("a finite number from {lowest} to {highest}");
                return Err(Error::InvalidField { field: target.name(), value: value.to_string(), bound });
            }
        }
        let numbers = [
            (Field::BitrateKbps, self.bitrate_kbps),
            (Field::Crf, self.crf),
            (Field::ResolutionWidth, self.resolution_width),
            (Field::ResolutionHeight, self.resolution_height),
        ];
        for (field, value) in numbers {
            value.map_or(Ok(()), |value| check_bounds(field, value))?;
        }
        let missing = |field: Field, needed| Err(Error::MissingField { field: field.name(), needed });
        match (self.resolution_width, self.resolution_height) {
            (Some(_), None) => return missing(Field::ResolutionHeight, "a size has both sides"),
            (None, Some(_)) => return missing(Field::ResolutionWidth, "a size has both sides"),
            _ => {}
        }
        if self.bitrate_kbps.is_none() && self.crf.is_none() {
            return missing(Field::BitrateKbps, "an anchor gives bitrate_kbps or crf");
        }
        if Target::ALL.iter().all(|&target| self.measured(target).is_none()) {
            let needed = "an anchor gives vmaf, psnr or ssim, or bitrate_kbps beside its crf";
            return Err(Error::MissingField { field: Target::Vmaf.name(), needed });
        }
        self.as_request(request).check()
    }
}

/// Checks the anchors of a request; errors name `anchors[i].field`.
pub(crate) fn check_all(request: &PredictionFeatures) -> Result<()> {
    request.anchors.iter().enumerate().try_for_each(|(index, anchor)| {
        anchor.check(request).map_err(|source| Error::Anchor { index, source: Box::new(source) })
    })
}
