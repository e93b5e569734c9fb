//! One request by flags, or from a JSON file; and the limits of the search for a bitrate.

use std::path::PathBuf;

use encast::{Codec, DEFAULT_TARGET_VMAF, Encoder, Field, Given, PredictionFeatures, RecommendOptions, Tier};

use crate::{failure::Failure, input};

/// What `encast analyze --json` prints is no request, but holds one.
fn of_analyze(failure: Failure) -> Failure {
    match failure {
        Failure::Bad(what) if what.contains("unknown field `title`") => {
            Failure::Bad(format!("{what}; of what encast analyze --json prints, the object `request` is meant"))
        }
        other => other,
    }
}

/// The flags of one request. What is not given is unknown; nothing is guessed.
#[derive(clap::Args)]
#[command(next_help_heading = "The encode (what is not given is unknown, and the interval tells)")]
pub struct RequestArgs {
    /// Request as JSON, field names as in tables; `-` is standard input. Flags beat what it says
    #[arg(long, value_name = "R.json")]
    request: Option<PathBuf>,
    /// Video bitrate, kbit/s
    #[arg(long, visible_alias = "bitrate-kbps", value_name = "KBPS", allow_negative_numbers = true)]
    bitrate: Option<f64>,
    /// Constant-quality setting (CRF or QP), on the encoder's scale
    #[arg(long, value_name = "Q", allow_negative_numbers = true)]
    crf: Option<f64>,
    /// Encoded size, pixels
    #[arg(long, value_name = "WIDTHxHEIGHT", value_parser = size)]
    resolution: Option<(f64, f64)>,
    /// Encoded frame rate, frames/s
    #[arg(long, visible_alias = "frame-rate", value_name = "FPS", allow_negative_numbers = true)]
    fps: Option<f64>,
    /// Codec: h264, hevc, vp9, av1 or vvc
    #[arg(long, value_name = "NAME", value_parser = Codec::from_name)]
    codec: Option<Codec>,
    /// Encoder: libx264, libx265, libvpx-vp9, libsvtav1, libaom-av1 or libvvenc
    #[arg(long, value_name = "NAME", value_parser = Encoder::from_name)]
    encoder: Option<Encoder>,
    /// The encoder's own preset name
    #[arg(long, value_name = "NAME", allow_hyphen_values = true)]
    preset: Option<String>,
    /// Encoder threads
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    threads: Option<f64>,
    /// How often the encoder goes over the source: 1, or 2 for two-pass rate control
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    passes: Option<f64>,
    /// Share of source frames that never reach the viewer, 0-1
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true)]
    frame_drop: Option<f64>,
    /// Motion, 0-1
    #[arg(long, visible_alias = "motion-intensity", value_name = "0-1", allow_negative_numbers = true)]
    motion: Option<f64>,
    /// Length of the content, seconds [default: 3600]
    #[arg(long, visible_alias = "duration-s", value_name = "S", allow_negative_numbers = true)]
    duration: Option<f64>,
    /// Size of the source, pixels
    #[arg(long, value_name = "WIDTHxHEIGHT", value_parser = size)]
    source_resolution: Option<(f64, f64)>,
    /// Frame rate of the source, frames/s
    #[arg(long, visible_alias = "source-frame-rate", value_name = "FPS", allow_negative_numbers = true)]
    source_fps: Option<f64>,
    /// Bits per sample of the source
    #[arg(long, value_name = "BITS", allow_negative_numbers = true)]
    bit_depth: Option<f64>,
    /// Mean spatial information, ITU-T P.910
    #[arg(long, value_name = "SI", allow_negative_numbers = true)]
    si_mean: Option<f64>,
    /// Standard deviation of spatial information
    #[arg(long, value_name = "SI", allow_negative_numbers = true)]
    si_std: Option<f64>,
    /// Mean temporal information, ITU-T P.910
    #[arg(long, value_name = "TI", allow_negative_numbers = true)]
    ti_mean: Option<f64>,
    /// Standard deviation of temporal information
    #[arg(long, value_name = "TI", allow_negative_numbers = true)]
    ti_std: Option<f64>,
    /// VCA's E
    #[arg(long, value_name = "E", allow_negative_numbers = true)]
    spatial_energy: Option<f64>,
    /// VCA's h
    #[arg(long, value_name = "H", allow_negative_numbers = true)]
    temporal_energy: Option<f64>,
    /// VCA's L
    #[arg(long, value_name = "L", allow_negative_numbers = true)]
    luminance: Option<f64>,
    /// Share of 32x32 blocks that hardly change from frame to frame, 0-1
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true)]
    static_share: Option<f64>,
    /// Bitrate of the trial encode, kbit/s (`encast inspect` shows the model's recipe)
    #[arg(long, visible_alias = "probe-bitrate-kbps", value_name = "KBPS", allow_negative_numbers = true)]
    probe_bitrate: Option<f64>,
    /// PSNR of the trial encode, dB
    #[arg(long, value_name = "DB", allow_negative_numbers = true)]
    probe_psnr: Option<f64>,
    /// VMAF of the trial encode
    #[arg(long, value_name = "VMAF", allow_negative_numbers = true)]
    probe_vmaf: Option<f64>,
}

impl RequestArgs {
    /// The numbers that were given as flags.
    fn numbers(&self) -> impl Iterator<Item = (Field, f64)> {
        let (size, source) = (self.resolution, self.source_resolution);
        [
            (Field::BitrateKbps, self.bitrate),
            (Field::Crf, self.crf),
            (Field::ResolutionWidth, size.map(|s| s.0)),
            (Field::ResolutionHeight, size.map(|s| s.1)),
            (Field::FrameRate, self.fps),
            (Field::Passes, self.passes),
            (Field::FrameDrop, self.frame_drop),
            (Field::MotionIntensity, self.motion),
            (Field::Threads, self.threads),
            (Field::SourceWidth, source.map(|s| s.0)),
            (Field::SourceHeight, source.map(|s| s.1)),
            (Field::SourceFrameRate, self.source_fps),
            (Field::BitDepth, self.bit_depth),
            (Field::DurationS, self.duration),
            (Field::SiMean, self.si_mean),
            (Field::SiStd, self.si_std),
            (Field::TiMean, self.ti_mean),
            (Field::TiStd, self.ti_std),
            (Field::SpatialEnergy, self.spatial_energy),
            (Field::TemporalEnergy, self.temporal_energy),
            (Field::Luminance, self.luminance),
            (Field::StaticShare, self.static_share),
            (Field::ProbeBitrateKbps, self.probe_bitrate),
            (Field::ProbePsnr, self.probe_psnr),
            (Field::ProbeVmaf, self.probe_vmaf),
        ]
        .into_iter()
        .filter_map(|(field, value)| Some((field, value?)))
    }

    /// Whether anything was given at all.
    pub fn is_empty(&self) -> bool {
        self.request.is_none()
            && self.codec.is_none()
            && self.encoder.is_none()
            && self.preset.is_none()
            && self.numbers().next().is_none()
    }

    /// The request: the JSON file, with the flags over it. Bounds are checked where it is used.
    pub fn features(&self) -> Result<PredictionFeatures, Failure> {
        if self.request.is_none() && self.resolution.is_none() {
            return Err(Failure::Bad("resolution_width is missing: give --resolution WIDTHxHEIGHT".to_owned()));
        }
        self.features_over(PredictionFeatures::default())
    }

    /// As [`features`](Self::features), over what is known anyway, and without asking for a size.
    pub fn features_over(&self, known: PredictionFeatures) -> Result<PredictionFeatures, Failure> {
        let mut features = match &self.request {
            Some(path) => over(known, &input::read_json::<PredictionFeatures>(path).map_err(of_analyze)?),
            None => known,
        };
        for (field, value) in self.numbers() {
            features.set(field, Some(value));
        }
        features.codec = self.codec.or(features.codec);
        features.encoder = self.encoder.or(features.encoder);
        features.preset = self.preset.clone().or(features.preset);
        Ok(features)
    }
}

/// What is known of a request, with all that another one gives in its place.
fn over(mut known: PredictionFeatures, request: &PredictionFeatures) -> PredictionFeatures {
    for &field in Field::ALL {
        if let Some(value) = request.get(field) {
            known.set(field, Some(value));
        }
    }
    known.codec = request.codec.or(known.codec);
    known.encoder = request.encoder.or(known.encoder);
    known.preset = request.preset.clone().or(known.preset);
    known.machine = request.machine.clone().or(known.machine);
    if !request.anchors.is_empty() {
        known.anchors.clone_from(&request.anchors);
    }
    known
}

/// `1920x1080` as width and height.
pub fn size(text: &str) -> Result<(f64, f64), String> {
    let number = |part: &str| part.parse::<f64>().ok();
    text.split_once(['x', 'X'])
        .and_then(|(width, height)| Some((number(width)?, number(height)?)))
        .ok_or_else(|| "must be WIDTHxHEIGHT in pixels, as 1920x1080".to_owned())
}

/// Target and limits of the search for a bitrate or a CRF.
#[derive(clap::Args)]
#[command(next_help_heading = "The recommendation")]
pub struct SearchArgs {
    /// VMAF to reach
    #[arg(long, value_name = "VMAF", default_value_t = DEFAULT_TARGET_VMAF, allow_negative_numbers = true)]
    target_vmaf: f64,
    #[command(flatten)]
    limits: LimitArgs,
}

impl SearchArgs {
    /// As the core takes them; it checks them.
    pub fn options(&self) -> RecommendOptions {
        RecommendOptions { target_vmaf: self.target_vmaf, ..self.limits.options() }
    }
}

/// What a recommended encode has to keep.
#[derive(clap::Args)]
pub struct LimitArgs {
    /// Lowest bitrate that may be recommended, kbit/s
    #[arg(long, value_name = "KBPS", default_value_t = RecommendOptions::default().min_bitrate_kbps,
          allow_negative_numbers = true)]
    min_bitrate: f64,
    /// Highest bitrate that may be recommended, kbit/s
    #[arg(long, value_name = "KBPS", default_value_t = RecommendOptions::default().max_bitrate_kbps,
          allow_negative_numbers = true)]
    max_bitrate: f64,
    /// Probability, 0.5-0.99, with which VMAF shall be as high as asked for: its lower bound counts, not the forecast
    #[arg(long, value_name = "P", allow_negative_numbers = true)]
    assurance: Option<f64>,
    /// Most seconds that the encode may take, by the forecast
    #[arg(long, visible_alias = "max-encode-seconds", value_name = "S", allow_negative_numbers = true)]
    max_seconds: Option<f64>,
    /// Most that the encode may cost, USD, by the forecast
    #[arg(long, visible_alias = "max-cost-usd", value_name = "USD", allow_negative_numbers = true)]
    max_cost: Option<f64>,
}

impl LimitArgs {
    /// As the core takes them; it checks them.
    pub fn options(&self) -> RecommendOptions {
        RecommendOptions {
            min_bitrate_kbps: self.min_bitrate,
            max_bitrate_kbps: self.max_bitrate,
            assurance: self.assurance,
            max_encode_seconds: self.max_seconds,
            max_cost_usd: self.max_cost,
            ..RecommendOptions::default()
        }
    }
}

/// Makes unknown what a forecast shall not know: the groups above the tier, and the other rate setting.
pub fn masked(mut features: PredictionFeatures, tier: Option<Tier>, given: Option<Given>) -> PredictionFeatures {
    let rates = (features.bitrate_kbps, features.crf);
    features = encast::mask(&features, tier.unwrap_or(Tier::Anchor), given.unwrap_or_default());
    if given.is_none() {
        (features.bitrate_kbps, features.crf) = rates;
    }
    features
}
