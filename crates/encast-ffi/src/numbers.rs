//! The numbers that stand for codecs, encoders, inputs and targets. A number, once released, keeps its meaning; the
//! compiler checks each against the core's.

use encast_core::{Codec, Encoder, Field, Target};

// Values of EncastFeatures.codec; 0 is unknown.

/// h264.
pub const ENCAST_CODEC_H264: i32 = 1;
/// hevc.
pub const ENCAST_CODEC_HEVC: i32 = 2;
/// vp9.
pub const ENCAST_CODEC_VP9: i32 = 3;
/// av1.
pub const ENCAST_CODEC_AV1: i32 = 4;
/// vvc.
pub const ENCAST_CODEC_VVC: i32 = 5;

// Values of EncastFeatures.encoder; 0 is unknown.

/// libx264.
pub const ENCAST_ENCODER_LIBX264: i32 = 1;
/// libx265.
pub const ENCAST_ENCODER_LIBX265: i32 = 2;
/// libvpx-vp9.
pub const ENCAST_ENCODER_LIBVPX_VP9: i32 = 3;
/// libsvtav1.
pub const ENCAST_ENCODER_LIBSVTAV1: i32 = 4;
/// libaom-av1.
pub const ENCAST_ENCODER_LIBAOM_AV1: i32 = 5;
/// libvvenc.
pub const ENCAST_ENCODER_LIBVVENC: i32 = 6;

// Bits of EncastResult.out_of_range and EncastResult.ignored.

/// EncastFeatures.bitrate_kbps.
pub const ENCAST_FIELD_BITRATE_KBPS: i32 = 0;
/// EncastFeatures.crf.
pub const ENCAST_FIELD_CRF: i32 = 1;
/// EncastFeatures.resolution_width.
pub const ENCAST_FIELD_RESOLUTION_WIDTH: i32 = 2;
/// EncastFeatures.resolution_height.
pub const ENCAST_FIELD_RESOLUTION_HEIGHT: i32 = 3;
/// EncastFeatures.frame_rate.
pub const ENCAST_FIELD_FRAME_RATE: i32 = 4;
/// EncastFeatures.frame_drop.
pub const ENCAST_FIELD_FRAME_DROP: i32 = 5;
/// EncastFeatures.motion_intensity.
pub const ENCAST_FIELD_MOTION_INTENSITY: i32 = 6;
/// EncastFeatures.threads.
pub const ENCAST_FIELD_THREADS: i32 = 7;
/// EncastFeatures.source_width.
pub const ENCAST_FIELD_SOURCE_WIDTH: i32 = 8;
/// EncastFeatures.source_height.
pub const ENCAST_FIELD_SOURCE_HEIGHT: i32 = 9;
/// EncastFeatures.source_frame_rate.
pub const ENCAST_FIELD_SOURCE_FRAME_RATE: i32 = 10;
/// EncastFeatures.bit_depth.
pub const ENCAST_FIELD_BIT_DEPTH: i32 = 11;
/// EncastFeatures.duration_s.
pub const ENCAST_FIELD_DURATION_S: i32 = 12;
/// EncastFeatures.si_mean.
pub const ENCAST_FIELD_SI_MEAN: i32 = 13;
/// EncastFeatures.si_std.
pub const ENCAST_FIELD_SI_STD: i32 = 14;
/// EncastFeatures.ti_mean.
pub const ENCAST_FIELD_TI_MEAN: i32 = 15;
/// EncastFeatures.ti_std.
pub const ENCAST_FIELD_TI_STD: i32 = 16;
/// EncastFeatures.spatial_energy.
pub const ENCAST_FIELD_SPATIAL_ENERGY: i32 = 17;
/// EncastFeatures.temporal_energy.
pub const ENCAST_FIELD_TEMPORAL_ENERGY: i32 = 18;
/// EncastFeatures.luminance.
pub const ENCAST_FIELD_LUMINANCE: i32 = 19;
/// EncastFeatures.probe_bitrate_kbps.
pub const ENCAST_FIELD_PROBE_BITRATE_KBPS: i32 = 20;
/// EncastFeatures.probe_psnr.
pub const ENCAST_FIELD_PROBE_PSNR: i32 = 21;
/// EncastFeatures.probe_vmaf.
pub const ENCAST_FIELD_PROBE_VMAF: i32 = 22;
/// EncastFeatures.codec.
pub const ENCAST_FIELD_CODEC: i32 = 23;
/// EncastFeatures.encoder.
pub const ENCAST_FIELD_ENCODER: i32 = 24;
/// EncastFeatures.preset.
pub const ENCAST_FIELD_PRESET: i32 = 25;
/// EncastFeatures.static_share.
pub const ENCAST_FIELD_STATIC_SHARE: i32 = 26;
/// EncastFeatures.passes.
pub const ENCAST_FIELD_PASSES: i32 = 27;
/// EncastFeatures.machine.
pub const ENCAST_FIELD_MACHINE: i32 = 28;

// Bits of EncastRetrainOptions.targets and EncastModelInfo.targets.

/// vmaf, 0-100.
pub const ENCAST_TARGET_VMAF: i32 = 0;
/// psnr, dB.
pub const ENCAST_TARGET_PSNR: i32 = 1;
/// ssim, 0-1.
pub const ENCAST_TARGET_SSIM: i32 = 2;
/// bitrate_kbps, kbit/s.
pub const ENCAST_TARGET_BITRATE_KBPS: i32 = 3;
/// encode_seconds, seconds.
pub const ENCAST_TARGET_ENCODE_SECONDS: i32 = 4;
/// cpu_seconds, seconds.
pub const ENCAST_TARGET_CPU_SECONDS: i32 = 5;
/// cpu_percent, percent of one core.
pub const ENCAST_TARGET_CPU_PERCENT: i32 = 6;
/// gpu_percent, percent.
pub const ENCAST_TARGET_GPU_PERCENT: i32 = 7;
/// peak_memory_mb, MB.
pub const ENCAST_TARGET_PEAK_MEMORY_MB: i32 = 8;
/// energy_kwh, kWh.
pub const ENCAST_TARGET_ENERGY_KWH: i32 = 9;
/// cost_usd, USD.
pub const ENCAST_TARGET_COST_USD: i32 = 10;
/// co2_kg, kg CO2e.
pub const ENCAST_TARGET_CO2_KG: i32 = 11;

const _: () = {
    assert!(ENCAST_CODEC_H264 == Codec::H264 as i32);
    assert!(ENCAST_CODEC_HEVC == Codec::Hevc as i32);
    assert!(ENCAST_CODEC_VP9 == Codec::Vp9 as i32);
    assert!(ENCAST_CODEC_AV1 == Codec::Av1 as i32);
    assert!(ENCAST_CODEC_VVC == Codec::Vvc as i32);
    assert!(ENCAST_ENCODER_LIBX264 == Encoder::Libx264 as i32);
    assert!(ENCAST_ENCODER_LIBX265 == Encoder::Libx265 as i32);
    assert!(ENCAST_ENCODER_LIBVPX_VP9 == Encoder::LibvpxVp9 as i32);
    assert!(ENCAST_ENCODER_LIBSVTAV1 == Encoder::Libsvtav1 as i32);
    assert!(ENCAST_ENCODER_LIBAOM_AV1 == Encoder::Libaom as i32);
    assert!(ENCAST_ENCODER_LIBVVENC == Encoder::Libvvenc as i32);
    assert!(ENCAST_FIELD_BITRATE_KBPS == Field::BitrateKbps as i32);
    assert!(ENCAST_FIELD_CRF == Field::Crf as i32);
    assert!(ENCAST_FIELD_RESOLUTION_WIDTH == Field::ResolutionWidth as i32);
    assert!(ENCAST_FIELD_RESOLUTION_HEIGHT == Field::ResolutionHeight as i32);
    assert!(ENCAST_FIELD_FRAME_RATE == Field::FrameRate as i32);
    assert!(ENCAST_FIELD_FRAME_DROP == Field::FrameDrop as i32);
    assert!(ENCAST_FIELD_MOTION_INTENSITY == Field::MotionIntensity as i32);
    assert!(ENCAST_FIELD_THREADS == Field::Threads as i32);
    assert!(ENCAST_FIELD_SOURCE_WIDTH == Field::SourceWidth as i32);
    assert!(ENCAST_FIELD_SOURCE_HEIGHT == Field::SourceHeight as i32);
    assert!(ENCAST_FIELD_SOURCE_FRAME_RATE == Field::SourceFrameRate as i32);
    assert!(ENCAST_FIELD_BIT_DEPTH == Field::BitDepth as i32);
    assert!(ENCAST_FIELD_DURATION_S == Field::DurationS as i32);
    assert!(ENCAST_FIELD_SI_MEAN == Field::SiMean as i32);
    assert!(ENCAST_FIELD_SI_STD == Field::SiStd as i32);
    assert!(ENCAST_FIELD_TI_MEAN == Field::TiMean as i32);
    assert!(ENCAST_FIELD_TI_STD == Field::TiStd as i32);
    assert!(ENCAST_FIELD_SPATIAL_ENERGY == Field::SpatialEnergy as i32);
    assert!(ENCAST_FIELD_TEMPORAL_ENERGY == Field::TemporalEnergy as i32);
    assert!(ENCAST_FIELD_LUMINANCE == Field::Luminance as i32);
    assert!(ENCAST_FIELD_PROBE_BITRATE_KBPS == Field::ProbeBitrateKbps as i32);
    assert!(ENCAST_FIELD_PROBE_PSNR == Field::ProbePsnr as i32);
    assert!(ENCAST_FIELD_PROBE_VMAF == Field::ProbeVmaf as i32);
    assert!(ENCAST_FIELD_CODEC == Field::Codec as i32);
    assert!(ENCAST_FIELD_ENCODER == Field::Encoder as i32);
    assert!(ENCAST_FIELD_PRESET == Field::Preset as i32);
    assert!(ENCAST_FIELD_STATIC_SHARE == Field::StaticShare as i32);
    assert!(ENCAST_FIELD_PASSES == Field::Passes as i32);
    assert!(ENCAST_FIELD_MACHINE == Field::Machine as i32);
    assert!(ENCAST_TARGET_VMAF == Target::Vmaf as i32);
    assert!(ENCAST_TARGET_PSNR == Target::Psnr as i32);
    assert!(ENCAST_TARGET_SSIM == Target::Ssim as i32);
    assert!(ENCAST_TARGET_BITRATE_KBPS == Target::BitrateKbps as i32);
    assert!(ENCAST_TARGET_ENCODE_SECONDS == Target::EncodeSeconds as i32);
    assert!(ENCAST_TARGET_CPU_SECONDS == Target::CpuSeconds as i32);
    assert!(ENCAST_TARGET_CPU_PERCENT == Target::CpuPercent as i32);
    assert!(ENCAST_TARGET_GPU_PERCENT == Target::GpuPercent as i32);
    assert!(ENCAST_TARGET_PEAK_MEMORY_MB == Target::PeakMemoryMb as i32);
    assert!(ENCAST_TARGET_ENERGY_KWH == Target::EnergyKwh as i32);
    assert!(ENCAST_TARGET_COST_USD == Target::CostUsd as i32);
    assert!(ENCAST_TARGET_CO2_KG == Target::Co2Kg as i32);
    assert!(Codec::ALL.len() == 5 && Encoder::ALL.len() == 6 && Field::COUNT == 29 && Target::COUNT == 12);
};
