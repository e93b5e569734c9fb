// What is known of an encode, and what was measured of one: encast::Features, Anchor, Targets.
#ifndef ENCAST_FEATURES_HPP
#define ENCAST_FEATURES_HPP

#include "error.hpp"
#include "names.hpp"
#include "numbers.hpp"
#include "span.hpp"

#include <encast.h>

#include <cstdint>
#include <string_view>
#include <type_traits>

namespace encast {
inline namespace ENCAST_CPP_VARIANT {

namespace detail {

/// Makes sure that an array of a wrapper's structs is an array of those of encast.h.
template <class Wrapper, class Struct>
inline constexpr bool same_layout = sizeof(Wrapper) == sizeof(Struct) && alignof(Wrapper) == alignof(Struct) &&
                                    std::is_standard_layout_v<Wrapper> && std::is_trivially_copyable_v<Wrapper>;

/// The numeric input of a field; null for one that is no number.
[[nodiscard]] constexpr double EncastFeatures::*member(Field field) noexcept {
    switch (field) {
    case Field::bitrate_kbps:
        return &EncastFeatures::bitrate_kbps;
    case Field::resolution_width:
        return &EncastFeatures::resolution_width;
    case Field::resolution_height:
        return &EncastFeatures::resolution_height;
    case Field::frame_rate:
        return &EncastFeatures::frame_rate;
    case Field::frame_drop:
        return &EncastFeatures::frame_drop;
    case Field::motion_intensity:
        return &EncastFeatures::motion_intensity;
    case Field::crf:
        return &EncastFeatures::crf;
    case Field::threads:
        return &EncastFeatures::threads;
    case Field::source_width:
        return &EncastFeatures::source_width;
    case Field::source_height:
        return &EncastFeatures::source_height;
    case Field::source_frame_rate:
        return &EncastFeatures::source_frame_rate;
    case Field::bit_depth:
        return &EncastFeatures::bit_depth;
    case Field::duration_s:
        return &EncastFeatures::duration_s;
    case Field::si_mean:
        return &EncastFeatures::si_mean;
    case Field::si_std:
        return &EncastFeatures::si_std;
    case Field::ti_mean:
        return &EncastFeatures::ti_mean;
    case Field::ti_std:
        return &EncastFeatures::ti_std;
    case Field::spatial_energy:
        return &EncastFeatures::spatial_energy;
    case Field::temporal_energy:
        return &EncastFeatures::temporal_energy;
    case Field::luminance:
        return &EncastFeatures::luminance;
    case Field::probe_bitrate_kbps:
        return &EncastFeatures::probe_bitrate_kbps;
    case Field::probe_psnr:
        return &EncastFeatures::probe_psnr;
    case Field::probe_vmaf:
        return &EncastFeatures::probe_vmaf;
    case Field::static_share:
        return &EncastFeatures::static_share;
    case Field::passes:
        return &EncastFeatures::passes;
    case Field::codec:
    case Field::encoder:
    case Field::preset:
    case Field::machine:
        return nullptr;
    }
    return nullptr;
}

/// The measured value of a target; null for a number that is none.
[[nodiscard]] constexpr double EncastTargets::*member(Target target) noexcept {
    switch (target) {
    case Target::vmaf:
        return &EncastTargets::vmaf;
    case Target::psnr:
        return &EncastTargets::psnr;
    case Target::ssim:
        return &EncastTargets::ssim;
    case Target::bitrate_kbps:
        return &EncastTargets::bitrate_kbps;
    case Target::encode_seconds:
        return &EncastTargets::encode_seconds;
    case Target::cpu_seconds:
        return &EncastTargets::cpu_seconds;
    case Target::cpu_percent:
        return &EncastTargets::cpu_percent;
    case Target::gpu_percent:
        return &EncastTargets::gpu_percent;
    case Target::peak_memory_mb:
        return &EncastTargets::peak_memory_mb;
    case Target::energy_kwh:
        return &EncastTargets::energy_kwh;
    case Target::cost_usd:
        return &EncastTargets::cost_usd;
    case Target::co2_kg:
        return &EncastTargets::co2_kg;
    }
    return nullptr;
}

}  // namespace detail

/// One earlier encode of the title that a request is about: its settings, and what was measured of it. All fields are
/// those of EncastAnchor, with its units and ranges, and may be set as they are; all start unknown.
struct Anchor : EncastAnchor {
    /// Every field unknown.
    Anchor() noexcept : EncastAnchor{} { static_cast<void>(encast_anchor_init(this, sizeof(EncastAnchor))); }

    /// Sets the codec; Codec::none = as in the request.
    void set_codec(Codec number) noexcept { codec = static_cast<std::int32_t>(number); }
    /// Sets the encoder; Encoder::none = as in the request.
    void set_encoder(Encoder number) noexcept { encoder = static_cast<std::int32_t>(number); }
    /// Sets the encoder's own name of its preset, of at most ENCAST_PRESET_CAPACITY - 1 bytes; empty = as in the
    /// request. Status::bad_text, and no change, for one that is longer or holds a NUL.
    [[nodiscard]] Expected<void> try_set_preset(std::string_view name) {
        return detail::assign(preset, name, "preset");
    }
#if ENCAST_CPP_EXCEPTIONS
    /// As try_set_preset(); throws its Error.
    void set_preset(std::string_view name) { detail::value(try_set_preset(name)); }
#endif
};
static_assert(detail::same_layout<Anchor, EncastAnchor>);

/// What is known of an encode before it runs. All fields are those of EncastFeatures, with its units and ranges, and
/// may be set as they are: features.bitrate_kbps = 4000. All start unknown (NaN, 0 or empty): never write 0, or a
/// guess, for what is not known. Needed are the encoded size, and bitrate_kbps or crf.
///
/// It is a value: copies share nothing but the anchors and are cheap. An array of these is an array of EncastFeatures.
struct Features : EncastFeatures {
    /// Every field unknown.
    Features() noexcept : EncastFeatures{} { static_cast<void>(encast_features_init(this, sizeof(EncastFeatures))); }

    /// Sets the codec. It follows from the encoder when that is given.
    void set_codec(Codec number) noexcept { codec = static_cast<std::int32_t>(number); }
    /// Sets the encoder.
    void set_encoder(Encoder number) noexcept { encoder = static_cast<std::int32_t>(number); }
    /// The codec as it was set.
    [[nodiscard]] Codec get_codec() const noexcept { return static_cast<Codec>(codec); }
    /// The encoder as it was set.
    [[nodiscard]] Encoder get_encoder() const noexcept { return static_cast<Encoder>(encoder); }
    /// Sets the encoder's own name of its preset, such as "medium" or "8", of at most ENCAST_PRESET_CAPACITY - 1 bytes;
    /// empty = unknown. Status::bad_text, and no change, for one that is longer or holds a NUL. Whether the encoder has
    /// such a preset is found by the forecast.
    [[nodiscard]] Expected<void> try_set_preset(std::string_view name) {
        return detail::assign(preset, name, "preset");
    }
    /// Sets the machine that encodes, by the name that the model or the site knows, of at most
    /// ENCAST_TEXT_CAPACITY - 1 bytes; empty = the model's reference machine. Errors as try_set_preset().
    [[nodiscard]] Expected<void> try_set_machine(std::string_view name) {
        return detail::assign(machine, name, "machine");
    }
    /// Gives earlier encodes of the same title, which sharpen every forecast near them. They are not copied: they have
    /// to outlive the calls that these features are used in.
    void set_anchors(Span<const Anchor> earlier) noexcept {
        anchors = earlier.data();
        anchor_count = earlier.size();
    }
    /// Fills in what an analyzer measured: the source's size, frame rate, depth and length, and its complexity. All of
    /// these are replaced, and what the complexity does not know becomes unknown; every other field stays. Set what is
    /// to differ, such as the duration_s of the whole job, after it. Fails only for a struct that is damaged.
    [[nodiscard]] Expected<void> try_set_content(const EncastComplexity &complexity) {
        return detail::checked(encast_features_set_content(this, &complexity));
    }
    /// A numeric input by its field; unknown (NaN) for one that is no number.
    [[nodiscard]] double get(Field field) const noexcept {
        const auto place = detail::member(field);
        return place == nullptr ? unknown : this->*place;
    }
    /// Sets a numeric input by its field; false, and no change, for one that is no number.
    bool set(Field field, double value) noexcept {
        const auto place = detail::member(field);
        if (place == nullptr) {
            return false;
        }
        this->*place = value;
        return true;
    }
#if ENCAST_CPP_EXCEPTIONS
    /// As try_set_preset(); throws its Error.
    void set_preset(std::string_view name) { detail::value(try_set_preset(name)); }
    /// As try_set_machine(); throws its Error.
    void set_machine(std::string_view name) { detail::value(try_set_machine(name)); }
    /// As try_set_content(); throws its Error.
    void set_content(const EncastComplexity &complexity) { detail::value(try_set_content(complexity)); }
#endif
};
static_assert(detail::same_layout<Features, EncastFeatures>);

/// What was measured of one encode, to train on. All fields are those of EncastTargets, with its units and ranges, and
/// may be set as they are; all start as not measured (NaN). The title must be given.
struct Targets : EncastTargets {
    /// Nothing measured, no title.
    Targets() noexcept : EncastTargets{} { static_cast<void>(encast_targets_init(this, sizeof(EncastTargets))); }

    /// Sets which source it was, in at most ENCAST_TITLE_CAPACITY - 1 bytes: encodes of one source carry the same title
    /// and are never split between training and judging. Status::bad_text, and no change, for one that is longer or
    /// holds a NUL.
    [[nodiscard]] Expected<void> try_set_title(std::string_view name) { return detail::assign(title, name, "title"); }
    /// A measured value by its target; unknown (NaN) when it was not measured.
    [[nodiscard]] double get(Target target) const noexcept {
        const auto place = detail::member(target);
        return place == nullptr ? unknown : this->*place;
    }
    /// Sets a measured value by its target; false, and no change, for a number that is no target.
    bool set(Target target, double value) noexcept {
        const auto place = detail::member(target);
        if (place == nullptr) {
            return false;
        }
        this->*place = value;
        return true;
    }
#if ENCAST_CPP_EXCEPTIONS
    /// As try_set_title(); throws its Error.
    void set_title(std::string_view name) { detail::value(try_set_title(name)); }
#endif
};
static_assert(detail::same_layout<Targets, EncastTargets>);

}  // namespace ENCAST_CPP_VARIANT
}  // namespace encast

#endif  // ENCAST_FEATURES_HPP
