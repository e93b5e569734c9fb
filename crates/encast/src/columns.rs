//! The derived inputs of the trees: names, order, and how each follows from a request.

use crate::{
    codec::Codec,
    error::Result,
    features::PredictionFeatures,
    field::{Field, FieldSet, Group},
};
use encast_trees::Monotone;

macro_rules! columns {
    ($($variant:ident $name:literal $group:ident [$($field:ident),*];)*) => {
        /// A derived input. The order is the order of the model's columns; new ones come at the end.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[repr(u8)]
        #[allow(missing_docs)]
        pub enum Column { $($variant),* }

        impl Column {
            /// All columns in order.
            pub const ALL: &'static [Column] = &[$(Column::$variant),*];

            /// The name in bundles.
            pub const fn name(self) -> &'static str {
                match self { $(Column::$variant => $name),* }
            }

            /// The group of inputs without which the column is missing.
            pub const fn group(self) -> Group {
                match self { $(Column::$variant => Group::$group),* }
            }

            /// The inputs that it is made of.
            pub const fn fields(self) -> &'static [Field] {
                match self { $(Column::$variant => &[$(Field::$field),*]),* }
            }
        }
    };
}

columns! {
    Log2Bitrate "log2_bitrate_kbps" Job [BitrateKbps];
    Log2BitsPerPixel "log2_bits_per_pixel" Job [BitrateKbps, ResolutionWidth, ResolutionHeight, FrameRate];
    Crf "crf" Job [Crf];
    Log2Pixels "log2_pixels" Job [ResolutionWidth, ResolutionHeight];
    Height "resolution_height" Job [ResolutionHeight];
    FrameRate "frame_rate" Job [FrameRate];
    Log2PixelRate "log2_pixel_rate" Job [ResolutionWidth, ResolutionHeight, FrameRate];
    FrameDrop "frame_drop" Job [FrameDrop];
    Log2SourcePixels "log2_source_pixels" Job [SourceWidth, SourceHeight];
    Log2Downscale "log2_downscale" Job [SourceWidth, SourceHeight, ResolutionWidth, ResolutionHeight];
    FrameRateRatio "frame_rate_ratio" Job [SourceFrameRate, FrameRate];
    BitDepth "bit_depth" Job [BitDepth];
    MotionIntensity "motion_intensity" Motion [MotionIntensity];
    CodecH264 "codec_h264" Encoder [Codec];
    CodecHevc "codec_hevc" Encoder [Codec];
    CodecVp9 "codec_vp9" Encoder [Codec];
    CodecAv1 "codec_av1" Encoder [Codec];
    CodecVvc "codec_vvc" Encoder [Codec];
    PresetSpeed "preset_speed" Encoder [Preset];
    Log2Threads "log2_threads" Encoder [Threads];
    SiMean "si_mean" Content [SiMean];
    SiStd "si_std" Content [SiStd];
    TiMean "ti_mean" Content [TiMean];
    TiStd "ti_std" Content [TiStd];
    SpatialEnergy "spatial_energy" Content [SpatialEnergy];
    TemporalEnergy "temporal_energy" Content [TemporalEnergy];
    Luminance "luminance" Content [Luminance];
    Log2ProbeBitrate "log2_probe_bitrate_kbps" Probe [ProbeBitrateKbps];
    Log2BitratePerProbe "log2_bitrate_per_probe" Probe [BitrateKbps, ProbeBitrateKbps];
    ProbePsnr "probe_psnr" Probe [ProbePsnr];
    ProbeVmaf "probe_vmaf" ProbeVmaf [ProbeVmaf];
    StaticShare "static_share" Content [StaticShare];
    Passes "passes" Job [Passes];
}

impl Column {
    /// How many columns a row has.
    pub const COUNT: usize = Column::ALL.len();

    /// Whether more bitrate makes the column larger, everything else fixed.
    pub const fn rises_with_bitrate(self) -> bool {
        matches!(self, Column::Log2Bitrate | Column::Log2BitsPerPixel | Column::Log2BitratePerProbe)
    }

    /// Whether a smooth curve takes the column as an input: not what another input says already, and not the rate.
    pub(crate) const fn is_curve_input(self) -> bool {
        let rate = self.rises_with_bitrate() || matches!(self, Column::Crf);
        !rate && !matches!(self, Column::Height | Column::Log2PixelRate | Column::Log2SourcePixels)
    }

    /// The value on the scale on which curves differ evenly: energies and rates by their ratio.
    pub(crate) fn curve_input(self, value: f32) -> f64 {
        let value = f64::from(value);
        match self {
            Column::SiMean | Column::SiStd | Column::TiMean | Column::TiStd => (value + 0.5).log2(),
            Column::SpatialEnergy | Column::TemporalEnergy => (value + 0.5).log2(),
            Column::FrameRate => value.log2(),
            _ => value,
        }
    }

    /// The direction in which quality may move with the column.
    pub(crate) fn monotone_for_quality(self) -> Monotone {
        match self {
            Column::Crf => Monotone::Decreasing,
            column if column.rises_with_bitrate() => Monotone::Increasing,
            _ => Monotone::None,
        }
    }

    /// The set of inputs behind some columns.
    pub(crate) fn fields_of(columns: impl Iterator<Item = Column>) -> FieldSet {
        let mut set = FieldSet::EMPTY;
        for field in columns.flat_map(|column| column.fields().iter().copied()) {
            set.insert(field);
        }
        set
    }
}

/// The columns of one request; NaN = not known.
pub(crate) type Row = [f32; Column::COUNT];

/// Derives the columns of a checked request.
pub(crate) fn derive(features: &PredictionFeatures) -> Result<Row> {
    let mut row = [f32::NAN; Column::COUNT];
    let mut put = |column: Column, value: Option<f64>| {
        if let Some(value) = value {
            row[column as usize] = value as f32;
        }
    };
    let f = features;
    let pixels = f.resolution_width * f.resolution_height;
    let source_pixels = f.source_width.zip(f.source_height).map(|(w, h)| w * h);
    put(Column::Crf, f.crf);
    put(Column::Log2Pixels, Some(pixels.log2()));
    put(Column::Height, Some(f.resolution_height));
    put(Column::FrameRate, f.frame_rate);
    put(Column::Log2PixelRate, f.frame_rate.map(|fps| (pixels * fps).log2()));
    put(Column::FrameDrop, f.frame_drop);
    put(Column::Log2SourcePixels, source_pixels.map(f64::log2));
    put(Column::Log2Downscale, source_pixels.map(|source| (source / pixels).log2()));
    put(Column::FrameRateRatio, f.source_frame_rate.zip(f.frame_rate).map(|(source, encoded)| encoded / source));
    put(Column::BitDepth, f.bit_depth);
    put(Column::MotionIntensity, f.motion_known());
    if let Some(codec) = f.codec_known() {
        for (column, of) in [
            (Column::CodecH264, Codec::H264),
            (Column::CodecHevc, Codec::Hevc),
            (Column::CodecVp9, Codec::Vp9),
            (Column::CodecAv1, Codec::Av1),
            (Column::CodecVvc, Codec::Vvc),
        ] {
            put(column, Some(if codec == of { 1.0 } else { 0.0 }));
        }
    }
    put(Column::PresetSpeed, f.preset_found()?.map(|preset| f64::from(preset.speed())));
    put(Column::Log2Threads, f.threads.map(f64::log2));
    put(Column::SiMean, f.si_mean);
    put(Column::SiStd, f.si_std);
    put(Column::TiMean, f.ti_mean);
    put(Column::TiStd, f.ti_std);
    put(Column::SpatialEnergy, f.spatial_energy);
    put(Column::TemporalEnergy, f.temporal_energy);
    put(Column::Luminance, f.luminance);
    put(Column::StaticShare, f.static_share);
    put(Column::Passes, f.passes);
    put(Column::Log2ProbeBitrate, f.probe_bitrate_kbps.map(f64::log2));
    put(Column::ProbePsnr, f.probe_psnr);
    put(Column::ProbeVmaf, f.probe_vmaf);
    if let Some(bitrate) = f.bitrate_kbps {
        set_bitrate(&mut row, f, bitrate);
    }
    Ok(row)
}

/// Sets the columns that depend on the bitrate.
pub(crate) fn set_bitrate(row: &mut Row, features: &PredictionFeatures, bitrate_kbps: f64) {
    BitrateColumns::of(features).set(row, bitrate_kbps.log2());
}

/// The columns that depend on the bitrate: each is its logarithm less something that does not depend on it, so all
/// rise with it, also after rounding.
pub(crate) struct BitrateColumns {
    /// Base-2 logarithms; NaN where unknown.
    kilopixel_rate: f64,
    probe_bitrate: f64,
}

impl BitrateColumns {
    pub(crate) fn of(features: &PredictionFeatures) -> BitrateColumns {
        let pixel_rate = |fps| features.resolution_width * features.resolution_height * fps;
        BitrateColumns {
            kilopixel_rate: features.frame_rate.map_or(f64::NAN, |fps| (pixel_rate(fps) / 1000.0).log2()),
            probe_bitrate: features.probe_bitrate_kbps.map_or(f64::NAN, f64::log2),
        }
    }

    pub(crate) fn set(&self, row: &mut [f32], log2_bitrate: f64) {
        row[Column::Log2Bitrate as usize] = log2_bitrate as f32;
        row[Column::Log2BitsPerPixel as usize] = (log2_bitrate - self.kilopixel_rate) as f32;
        row[Column::Log2BitratePerProbe as usize] = (log2_bitrate - self.probe_bitrate) as f32;
    }
}
