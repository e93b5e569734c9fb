//! The request: what is known of an encode before it runs.

use serde::{Deserialize, Serialize};

use crate::{
    anchor::{self, Anchor},
    codec::{Codec, Encoder, Preset},
    error::{Error, Result},
    field::{Field, FieldSet, Group},
};

/// The length that is assumed when a request gives none: one hour of content.
pub const DEFAULT_DURATION_S: f64 = 3600.0;

/// What is known of an encode. Unknown is `None`: never 0, never a guess.
///
/// Needed are the encoded size, and `bitrate_kbps` or `crf`. When both are given, quality is forecast from the
/// bitrate. Everything else sharpens the answer. As JSON the groups are flattened: one object with the field names.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PredictionFeatures {
    /// Video bitrate, kbit/s; documented range 100–50000.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bitrate_kbps: Option<f64>,
    /// Encoded width, pixels; documented range 640–7680.
    pub resolution_width: f64,
    /// Encoded height, pixels; documented range 360–4320.
    pub resolution_height: f64,
    /// Encoded frame rate, frames/s; documented range 15–120.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frame_rate: Option<f64>,
    /// Share of source frames that never reach the viewer, 0–1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frame_drop: Option<f64>,
    /// Motion, 0–1; see [`motion_intensity_of_ti`] for its scale.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub motion_intensity: Option<f64>,
    /// Constant-quality setting (CRF or QP) on the encoder's own scale.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crf: Option<f64>,
    /// Codec; follows from `encoder` when only that is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub codec: Option<Codec>,
    /// Encoder implementation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encoder: Option<Encoder>,
    /// The encoder's own preset name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preset: Option<String>,
    /// Encoder threads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threads: Option<f64>,
    /// Width of the source, pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_width: Option<f64>,
    /// Height of the source, pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_height: Option<f64>,
    /// Frame rate of the source, frames/s.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_frame_rate: Option<f64>,
    /// Bits per sample of the source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bit_depth: Option<f64>,
    /// Length of the content, seconds. Default [`DEFAULT_DURATION_S`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_s: Option<f64>,
    /// Mean spatial information (ITU-T P.910) on luma as coded, 8-bit scale.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub si_mean: Option<f64>,
    /// Standard deviation of spatial information over frames.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub si_std: Option<f64>,
    /// Mean temporal information (ITU-T P.910) on luma as coded, 8-bit scale.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ti_mean: Option<f64>,
    /// Standard deviation of temporal information over frames.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ti_std: Option<f64>,
    /// VCA's E: mean DCT energy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spatial_energy: Option<f64>,
    /// VCA's h: mean change of DCT energy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temporal_energy: Option<f64>,
    /// VCA's L: mean luminance.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub luminance: Option<f64>,
    /// Mean share of 32×32 blocks that hardly changed from the frame before, 0–1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub static_share: Option<f64>,
    /// Bitrate of the trial encode that the model's probe recipe describes, kbit/s.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probe_bitrate_kbps: Option<f64>,
    /// PSNR of the trial encode, dB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probe_psnr: Option<f64>,
    /// VMAF of the trial encode.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probe_vmaf: Option<f64>,
    /// How often the encoder goes over the source: 1, or 2 for two-pass rate control.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub passes: Option<f64>,
    /// The machine that encodes, by the name that the model was taught it by: it scales times and what follows from them.
    /// Unknown: the model's reference machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub machine: Option<String>,
    /// Earlier encodes of the same title with what was measured of them: they sharpen the forecast near them. At most 16
    /// are used, those nearest in encoder, preset and size.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub anchors: Vec<Anchor>,
}

/// `motion_intensity` of a mean temporal information: `ti / (ti + 10)`, so that TI 10, a typical clip, is 0.5.
/// Monotone, 0 for a still picture, towards 1 for noise. Fixed for all versions of the bundle's schema.
pub fn motion_intensity_of_ti(ti_mean: f64) -> f64 {
    ti_mean / (ti_mean + 10.0)
}

/// Gives each numeric field its place in the struct: read and write by [`Field`].
macro_rules! places {
    ($($field:ident => $name:ident),* $(,)?) => {
        impl PredictionFeatures {
            /// The value of a numeric field, when known. A size of 0 in a default struct counts as not given.
            pub fn get(&self, field: Field) -> Option<f64> {
                match field {
                    Field::ResolutionWidth => (self.resolution_width != 0.0).then_some(self.resolution_width),
                    Field::ResolutionHeight => (self.resolution_height != 0.0).then_some(self.resolution_height),
                    $(Field::$field => self.$name,)*
                    Field::Codec | Field::Encoder | Field::Preset | Field::Machine => None,
                }
            }

            /// Sets a numeric field, or makes it unknown; names are not set by this. It is checked when it is used.
            pub fn set(&mut self, field: Field, value: Option<f64>) -> &mut Self {
                match field {
                    Field::ResolutionWidth => self.resolution_width = value.unwrap_or(0.0),
                    Field::ResolutionHeight => self.resolution_height = value.unwrap_or(0.0),
                    $(Field::$field => self.$name = value,)*
                    Field::Codec | Field::Encoder | Field::Preset | Field::Machine => (),
                }
                self
            }
        }
    };
}

places! {
    BitrateKbps => bitrate_kbps, Crf => crf, FrameRate => frame_rate, FrameDrop => frame_drop,
    MotionIntensity => motion_intensity, Threads => threads, SourceWidth => source_width,
    SourceHeight => source_height, SourceFrameRate => source_frame_rate, BitDepth => bit_depth,
    DurationS => duration_s, SiMean => si_mean, SiStd => si_std, TiMean => ti_mean, TiStd => ti_std,
    SpatialEnergy => spatial_energy, TemporalEnergy => temporal_energy, Luminance => luminance,
    ProbeBitrateKbps => probe_bitrate_kbps, ProbePsnr => probe_psnr, ProbeVmaf => probe_vmaf,
    StaticShare => static_share, Passes => passes,
}

impl PredictionFeatures {
    /// The six fields of the shortest request; everything else unknown.
    pub fn new(
        bitrate_kbps: f64,
        resolution_width: f64,
        resolution_height: f64,
        frame_rate: f64,
        frame_drop: f64,
        motion_intensity: f64,
    ) -> Self {
        PredictionFeatures {
            bitrate_kbps: Some(bitrate_kbps),
            resolution_width,
            resolution_height,
            frame_rate: Some(frame_rate),
            frame_drop: Some(frame_drop),
            motion_intensity: Some(motion_intensity),
            ..Default::default()
        }
    }

    /// Checks every given value against its bound, the names against each other, and that size and rate are there.
    ///
    /// # Errors
    /// [`Error::InvalidField`], [`Error::MissingField`], [`Error::UnknownName`], [`Error::Contradiction`].
    pub fn check(&self) -> Result<()> {
        self.check_values()?;
        if self.bitrate_kbps.is_none() && self.crf.is_none() {
            return Err(Error::MissingField {
                field: Field::BitrateKbps.name(),
                needed: "a request gives bitrate_kbps or crf",
            });
        }
        Ok(())
    }

    /// As [`check`](Self::check), without asking for a bitrate or CRF (a search finds them).
    pub(crate) fn check_values(&self) -> Result<()> {
        for (field, value) in
            [(Field::ResolutionWidth, self.resolution_width), (Field::ResolutionHeight, self.resolution_height)]
        {
            check_bounds(field, value)?;
        }
        for &field in Field::ALL {
            if let Some(value) = self.get(field) {
                check_bounds(field, value)?;
            }
        }
        if let (Some(codec), Some(encoder)) = (self.codec, self.encoder)
            && encoder.codec() != codec
        {
            return Err(Error::Contradiction {
                field: "encoder",
                value: encoder.to_string(),
                other: format!("codec = {codec}"),
            });
        }
        self.preset_found()?;
        anchor::check_all(self)
    }

    /// The codec, given or following from the encoder.
    pub fn codec_known(&self) -> Option<Codec> {
        self.codec.or(self.encoder.map(Encoder::codec))
    }

    /// The preset among those that are known, when one is given.
    pub(crate) fn preset_found(&self) -> Result<Option<Preset>> {
        self.preset.as_deref().map(|name| Preset::find(name, self.encoder, self.codec_known())).transpose()
    }

    /// `motion_intensity` as given, or from TI.
    pub fn motion_known(&self) -> Option<f64> {
        self.motion_intensity.or(self.ti_mean.map(motion_intensity_of_ti))
    }

    /// The inputs that are given, names included.
    pub fn given(&self) -> FieldSet {
        let mut set = FieldSet::EMPTY;
        for &field in Field::ALL {
            if self.get(field).is_some() {
                set.insert(field);
            }
        }
        for (field, there) in [
            (Field::Codec, self.codec.is_some()),
            (Field::Encoder, self.encoder.is_some()),
            (Field::Preset, self.preset.is_some()),
            (Field::Machine, self.machine.is_some()),
        ] {
            if there {
                set.insert(field);
            }
        }
        set
    }

    /// Megapixels of encoded frames in the whole job: the amount of work that time and cost scale with. Without a
    /// frame rate it counts one frame a second, in training as in forecasts.
    pub fn megapixels(&self) -> f64 {
        let frames = self.duration_or_default() * self.frame_rate.unwrap_or(1.0);
        self.resolution_width * self.resolution_height * frames / 1e6
    }

    /// The length of the content: given, or [`DEFAULT_DURATION_S`].
    pub fn duration_or_default(&self) -> f64 {
        self.duration_s.unwrap_or(DEFAULT_DURATION_S)
    }

    /// A copy in which the fields of a group are unknown.
    pub fn without(&self, group: Group) -> Self {
        let mut copy = self.clone();
        for &field in Field::ALL.iter().filter(|field| field.group() == group) {
            copy.set(field, None);
        }
        if group == Group::Encoder {
            (copy.codec, copy.encoder, copy.preset) = (None, None, None);
        }
        copy
    }
}

pub(crate) fn check_bounds(field: Field, value: f64) -> Result<()> {
    let (lo, hi) = field.hard_bounds();
    if value.is_finite() && (lo..=hi).contains(&value) {
        Ok(())
    } else {
        Err(Error::invalid(field, value, format!("a finite number from {lo} to {hi}")))
    }
}
