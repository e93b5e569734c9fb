// The numbers of encast.h as enums with a type, and sets of them. Each value is that of its macro: there is no second
// list of numbers.
#ifndef ENCAST_NUMBERS_HPP
#define ENCAST_NUMBERS_HPP

#include "config.hpp"

#include <encast.h>

#include <cmath>
#include <cstdint>
#include <limits>

namespace encast {
inline namespace ENCAST_CPP_VARIANT {

/// What stands in a number that is not known: NaN. It differs from itself; ask with is_known().
inline constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

/// Whether a number is known, that is, not NaN.
[[nodiscard]] inline bool is_known(double value) noexcept {
    return !std::isnan(value);
}

/// How a call ended. A number, once released, keeps its meaning for ever; a later library may return others.
enum class Status : std::int32_t {
    /// Done.
    ok = ENCAST_STATUS_OK,
    /// A pointer that must be given is null.
    null_pointer = ENCAST_STATUS_NULL_POINTER,
    /// A struct_size is not one that the library can work with: the struct was not initialised, or the elements of
    /// an array differ in it.
    bad_struct_size = ENCAST_STATUS_BAD_STRUCT_SIZE,
    /// A number that stands for a codec, an encoder, a target, a learner or a segmentation is not one of the known
    /// numbers.
    bad_number = ENCAST_STATUS_BAD_NUMBER,
    /// A text is not valid UTF-8, or a fixed array holds no terminating NUL.
    bad_text = ENCAST_STATUS_BAD_TEXT,
    /// The caller's buffer or array does not hold the answer; the needed length or count was written.
    buffer_too_small = ENCAST_STATUS_BUFFER_TOO_SMALL,
    /// An array of that many elements cannot exist in memory.
    bad_count = ENCAST_STATUS_BAD_COUNT,
    /// An analyzer is not where the call needs it: a frame after the end, or a segment before it.
    bad_state = ENCAST_STATUS_BAD_STATE,
    /// There is no element of that index. The text says how many there are.
    bad_index = ENCAST_STATUS_BAD_INDEX,
    /// A handle that was freed before, or was never made by this library.
    bad_handle = ENCAST_STATUS_BAD_HANDLE,
    /// There is no memory for what the caller asked for. A program that runs out of memory elsewhere ends.
    out_of_memory = ENCAST_STATUS_OUT_OF_MEMORY,
    /// An input is not a finite number, or outside its bound. The text names field, value and bound.
    invalid_field = ENCAST_STATUS_INVALID_FIELD,
    /// An input that has to be there is unknown, such as both bitrate_kbps and crf.
    missing_field = ENCAST_STATUS_MISSING_FIELD,
    /// A codec, encoder or preset name is not known. The text lists the known ones.
    unknown_name = ENCAST_STATUS_UNKNOWN_NAME,
    /// Two inputs contradict each other, such as an encoder of another codec.
    contradiction = ENCAST_STATUS_CONTRADICTION,
    /// The model has no forecast of what was asked for.
    not_predicted = ENCAST_STATUS_NOT_PREDICTED,
    /// Two arrays that belong together differ in length.
    length_mismatch = ENCAST_STATUS_LENGTH_MISMATCH,
    /// A table of encodes cannot be read.
    table = ENCAST_STATUS_TABLE,
    /// An analyzer was given no frame: there is nothing to say of the clip.
    no_frame = ENCAST_STATUS_NO_FRAME,
    /// A text of machines, regions and prices is no such TOML. The text names the line.
    profile_syntax = ENCAST_STATUS_PROFILE_SYNTAX,
    /// A number or a text of a machine, a region or a price is outside its bound. The text names line, entry, value
    /// and bound.
    profile_value = ENCAST_STATUS_PROFILE_VALUE,
    /// A file could not be read or written.
    io = ENCAST_STATUS_IO,
    /// The model file does not exist.
    model_missing = ENCAST_STATUS_MODEL_MISSING,
    /// The bytes are no model bundle.
    wrong_magic = ENCAST_STATUS_WRONG_MAGIC,
    /// The bundle ends too early.
    truncated = ENCAST_STATUS_TRUNCATED,
    /// The bytes of the bundle are not those that were written.
    checksum = ENCAST_STATUS_CHECKSUM,
    /// The content of the bundle breaks a rule of the format.
    corrupt = ENCAST_STATUS_CORRUPT,
    /// The bundle is larger than any may be.
    too_large = ENCAST_STATUS_TOO_LARGE,
    /// The bundle was written by a later version of encast.
    newer_format = ENCAST_STATUS_NEWER_FORMAT,
    /// The model is not signed, and a signature is required.
    not_signed = ENCAST_STATUS_UNSIGNED,
    /// The signature is none of a trusted key for these bytes.
    bad_signature = ENCAST_STATUS_BAD_SIGNATURE,
    /// A text of public keys holds no key, or something else; or a signature is required and there is no key.
    bad_key = ENCAST_STATUS_BAD_KEY,
    /// Too few rows or titles to train on.
    too_few = ENCAST_STATUS_TOO_FEW,
    /// A target has the same value in every row: nothing can be learnt.
    constant_target = ENCAST_STATUS_CONSTANT_TARGET,
    /// The tree learner refused. The text says why.
    learner = ENCAST_STATUS_LEARNER,
    /// A defect of the library was caught before it could reach the caller. Model handles stay usable, an analyzer
    /// that it happened to is of no more use; please report it with the text.
    panic = ENCAST_STATUS_PANIC,
    /// An error that has no number of its own yet. The text says what happened.
    other = ENCAST_STATUS_OTHER,
};

/// A codec. The numbers are those of EncastFeatures.codec.
enum class Codec : std::int32_t {
    /// Not known.
    none = 0,
    /// h264.
    h264 = ENCAST_CODEC_H264,
    /// hevc.
    hevc = ENCAST_CODEC_HEVC,
    /// vp9.
    vp9 = ENCAST_CODEC_VP9,
    /// av1.
    av1 = ENCAST_CODEC_AV1,
    /// vvc.
    vvc = ENCAST_CODEC_VVC,
};

/// An encoder. The numbers are those of EncastFeatures.encoder.
enum class Encoder : std::int32_t {
    /// Not known.
    none = 0,
    /// libx264.
    libx264 = ENCAST_ENCODER_LIBX264,
    /// libx265.
    libx265 = ENCAST_ENCODER_LIBX265,
    /// libvpx-vp9.
    libvpx_vp9 = ENCAST_ENCODER_LIBVPX_VP9,
    /// libsvtav1.
    libsvtav1 = ENCAST_ENCODER_LIBSVTAV1,
    /// libaom-av1.
    libaom_av1 = ENCAST_ENCODER_LIBAOM_AV1,
    /// libvvenc.
    libvvenc = ENCAST_ENCODER_LIBVVENC,
};

/// What is forecast. The numbers are the bits of EncastModelInfo.targets and EncastRetrainOptions.targets.
enum class Target : std::uint32_t {
    /// Vmaf, 0-100.
    vmaf = ENCAST_TARGET_VMAF,
    /// Psnr, dB.
    psnr = ENCAST_TARGET_PSNR,
    /// Ssim, 0-1.
    ssim = ENCAST_TARGET_SSIM,
    /// Bitrate_kbps, kbit/s.
    bitrate_kbps = ENCAST_TARGET_BITRATE_KBPS,
    /// Encode_seconds, seconds.
    encode_seconds = ENCAST_TARGET_ENCODE_SECONDS,
    /// Cpu_seconds, seconds.
    cpu_seconds = ENCAST_TARGET_CPU_SECONDS,
    /// Cpu_percent, percent of one core.
    cpu_percent = ENCAST_TARGET_CPU_PERCENT,
    /// Gpu_percent, percent.
    gpu_percent = ENCAST_TARGET_GPU_PERCENT,
    /// Peak_memory_mb, MB.
    peak_memory_mb = ENCAST_TARGET_PEAK_MEMORY_MB,
    /// EncastResult.energy_kwh. kWh.
    energy_kwh = ENCAST_TARGET_ENERGY_KWH,
    /// EncastResult.cost_usd. USD.
    cost_usd = ENCAST_TARGET_COST_USD,
    /// EncastResult.co2_kg. kg CO2e.
    co2_kg = ENCAST_TARGET_CO2_KG,
};

/// An input of a forecast. The numbers are the bits of EncastResult.out_of_range and EncastResult.ignored.
enum class Field : std::uint32_t {
    /// EncastFeatures.bitrate_kbps.
    bitrate_kbps = ENCAST_FIELD_BITRATE_KBPS,
    /// EncastFeatures.crf.
    crf = ENCAST_FIELD_CRF,
    /// EncastFeatures.resolution_width.
    resolution_width = ENCAST_FIELD_RESOLUTION_WIDTH,
    /// EncastFeatures.resolution_height.
    resolution_height = ENCAST_FIELD_RESOLUTION_HEIGHT,
    /// EncastFeatures.frame_rate.
    frame_rate = ENCAST_FIELD_FRAME_RATE,
    /// EncastFeatures.frame_drop.
    frame_drop = ENCAST_FIELD_FRAME_DROP,
    /// EncastFeatures.motion_intensity.
    motion_intensity = ENCAST_FIELD_MOTION_INTENSITY,
    /// EncastFeatures.threads.
    threads = ENCAST_FIELD_THREADS,
    /// EncastFeatures.source_width.
    source_width = ENCAST_FIELD_SOURCE_WIDTH,
    /// EncastFeatures.source_height.
    source_height = ENCAST_FIELD_SOURCE_HEIGHT,
    /// EncastFeatures.source_frame_rate.
    source_frame_rate = ENCAST_FIELD_SOURCE_FRAME_RATE,
    /// EncastFeatures.bit_depth.
    bit_depth = ENCAST_FIELD_BIT_DEPTH,
    /// EncastFeatures.duration_s.
    duration_s = ENCAST_FIELD_DURATION_S,
    /// EncastFeatures.si_mean.
    si_mean = ENCAST_FIELD_SI_MEAN,
    /// EncastFeatures.si_std.
    si_std = ENCAST_FIELD_SI_STD,
    /// EncastFeatures.ti_mean.
    ti_mean = ENCAST_FIELD_TI_MEAN,
    /// EncastFeatures.ti_std.
    ti_std = ENCAST_FIELD_TI_STD,
    /// EncastFeatures.spatial_energy.
    spatial_energy = ENCAST_FIELD_SPATIAL_ENERGY,
    /// EncastFeatures.temporal_energy.
    temporal_energy = ENCAST_FIELD_TEMPORAL_ENERGY,
    /// EncastFeatures.luminance.
    luminance = ENCAST_FIELD_LUMINANCE,
    /// EncastFeatures.probe_bitrate_kbps.
    probe_bitrate_kbps = ENCAST_FIELD_PROBE_BITRATE_KBPS,
    /// EncastFeatures.probe_psnr.
    probe_psnr = ENCAST_FIELD_PROBE_PSNR,
    /// EncastFeatures.probe_vmaf.
    probe_vmaf = ENCAST_FIELD_PROBE_VMAF,
    /// EncastFeatures.codec.
    codec = ENCAST_FIELD_CODEC,
    /// EncastFeatures.encoder.
    encoder = ENCAST_FIELD_ENCODER,
    /// EncastFeatures.preset.
    preset = ENCAST_FIELD_PRESET,
    /// EncastFeatures.static_share.
    static_share = ENCAST_FIELD_STATIC_SHARE,
    /// EncastFeatures.passes.
    passes = ENCAST_FIELD_PASSES,
    /// EncastFeatures.machine.
    machine = ENCAST_FIELD_MACHINE,
};

/// What became of a search.
enum class Outcome : std::int32_t {
    /// There was no search yet.
    none = 0,
    /// A setting within the limits reaches the target.
    reached = ENCAST_OUTCOME_REACHED,
    /// No allowed setting reaches the target.
    unreachable = ENCAST_OUTCOME_UNREACHABLE,
    /// A setting would reach the target, or at least be allowed, but for a limit on time, cost, energy or carbon.
    over_limit = ENCAST_OUTCOME_OVER_LIMIT,
    /// The model cannot forecast such a setup, or not what it is ranked by.
    not_forecast = ENCAST_OUTCOME_NOT_FORECAST,
};

/// A limit that stands against a target.
enum class Limit : std::int32_t {
    /// None.
    none = 0,
    /// EncastPredictOptions.max_encode_seconds.
    encode_seconds = ENCAST_LIMIT_ENCODE_SECONDS,
    /// EncastPredictOptions.max_cost_usd.
    cost_usd = ENCAST_LIMIT_COST_USD,
    /// EncastPredictOptions.max_energy_kwh.
    energy_kwh = ENCAST_LIMIT_ENERGY_KWH,
    /// EncastPredictOptions.max_co2_kg.
    co2_kg = ENCAST_LIMIT_CO2_KG,
    /// EncastAdviseOptions.max_size_mb.
    size_mb = ENCAST_LIMIT_SIZE_MB,
};

/// What a model is made of.
enum class ModelKind : std::int32_t {
    /// The default: blend.
    standard = 0,
    /// Gradient boosting.
    boosting = ENCAST_MODEL_KIND_BOOSTING,
    /// Random forest.
    forest = ENCAST_MODEL_KIND_FOREST,
    /// Smooth curves over the rate beside gradient boosting, each weighed by its error on unseen titles.
    blend = ENCAST_MODEL_KIND_BLEND,
};

/// How a clip is cut into segments.
enum class Segmentation : std::int32_t {
    /// Not at all.
    none = 0,
    /// Segments of segment_seconds each.
    seconds = ENCAST_SEGMENTATION_SECONDS,
    /// Scenes, from cut to cut.
    scenes = ENCAST_SEGMENTATION_SCENES,
};

/// What proposals are ranked by, less being better.
enum class RankBy : std::int32_t {
    /// The cost; without a forecast of it the time; without that the size.
    standard = 0,
    /// The time: encode_seconds, or cpu_seconds where the model forecasts no other.
    time = ENCAST_RANK_BY_TIME,
    /// EncastResult.cost_usd.
    cost = ENCAST_RANK_BY_COST,
    /// EncastResult.energy_kwh.
    energy = ENCAST_RANK_BY_ENERGY,
    /// EncastResult.co2_kg.
    co2 = ENCAST_RANK_BY_CO2,
    /// EncastResult.size_mb.
    size = ENCAST_RANK_BY_SIZE,
};

/// A set of fields or of targets: bit i stands for the one of number i. Bits of fields that only a later library knows
/// are kept.
template <class Number>
class Set {
public:
    /// None.
    constexpr Set() noexcept = default;
    /// Those of some bits, as the structs of encast.h hold them.
    constexpr explicit Set(std::uint64_t bits) noexcept : bits_(bits) {}
    /// The bits, as the structs of encast.h take them.
    [[nodiscard]] constexpr std::uint64_t bits() const noexcept { return bits_; }
    /// Whether there are none.
    [[nodiscard]] constexpr bool empty() const noexcept { return bits_ == 0; }
    /// Whether one is in it.
    [[nodiscard]] constexpr bool contains(Number number) const noexcept { return (bits_ & bit(number)) != 0; }
    /// Puts one in, and gives the set for more.
    constexpr Set &insert(Number number) noexcept {
        bits_ |= bit(number);
        return *this;
    }
    /// Whether two sets are the same.
    [[nodiscard]] friend constexpr bool operator==(Set a, Set b) noexcept { return a.bits_ == b.bits_; }
    /// Whether two sets differ.
    [[nodiscard]] friend constexpr bool operator!=(Set a, Set b) noexcept { return a.bits_ != b.bits_; }

private:
    static constexpr std::uint64_t bit(Number number) noexcept {
        return static_cast<std::uint32_t>(number) < 64 ? std::uint64_t{1} << static_cast<std::uint32_t>(number) : 0;
    }
    std::uint64_t bits_ = 0;
};

/// A set of inputs.
using FieldSet = Set<Field>;
/// A set of targets.
using TargetSet = Set<Target>;

}  // namespace ENCAST_CPP_VARIANT
}  // namespace encast

#endif  // ENCAST_NUMBERS_HPP
