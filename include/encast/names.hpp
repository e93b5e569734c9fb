// Names of the numbers, and numbers of the names.
#ifndef ENCAST_NAMES_HPP
#define ENCAST_NAMES_HPP

#include "error.hpp"
#include "numbers.hpp"

#include <encast.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace encast {
inline namespace ENCAST_CPP_VARIANT {

namespace detail {

/// A static text of the library; empty for null.
[[nodiscard]] inline std::string_view or_empty(const char *text) noexcept {
    return text == nullptr ? std::string_view() : std::string_view(text);
}

/// The number of a name, by the function of encast.h that knows it.
template <class Number>
[[nodiscard]] Expected<Number> number_of(std::string_view name,
                                         std::int32_t (*from_name)(const char *, std::int32_t *)) {
    std::int32_t number = 0;
    if (auto done = whole(name, "name"); !done) {
        return Unexpected(done.error());
    }
    if (const std::int32_t status = from_name(std::string(name).c_str(), &number); status != ENCAST_STATUS_OK) {
        return failed(status);
    }
    return static_cast<Number>(number);
}

}  // namespace detail

/// The name of a status, such as "invalid field"; "unknown status" for one that the library does not know. Static text.
[[nodiscard]] inline std::string_view name(Status status) noexcept {
    return encast_status_name(static_cast<std::int32_t>(status));
}

/// The name of a codec, such as "h264"; empty for Codec::none. Static text.
[[nodiscard]] inline std::string_view name(Codec codec) noexcept {
    return detail::or_empty(encast_codec_name(static_cast<std::int32_t>(codec)));
}

/// The name of an encoder, such as "libx264"; empty for Encoder::none. Static text.
[[nodiscard]] inline std::string_view name(Encoder encoder) noexcept {
    return detail::or_empty(encast_encoder_name(static_cast<std::int32_t>(encoder)));
}

/// The name of an input, such as "bitrate_kbps"; empty for a number that the library does not know. Static text.
[[nodiscard]] inline std::string_view name(Field field) noexcept {
    return detail::or_empty(encast_field_name(static_cast<std::uint32_t>(field)));
}

/// The name of a target, such as "vmaf"; empty for a number that the library does not know. Static text.
[[nodiscard]] inline std::string_view name(Target target) noexcept {
    return detail::or_empty(encast_target_name(static_cast<std::uint32_t>(target)));
}

/// The name of an outcome, such as "over limit"; empty for Outcome::none. Static text.
[[nodiscard]] constexpr std::string_view name(Outcome outcome) noexcept {
    switch (outcome) {
    case Outcome::none:
        return {};
    case Outcome::reached:
        return "reached";
    case Outcome::unreachable:
        return "unreachable";
    case Outcome::over_limit:
        return "over limit";
    case Outcome::not_forecast:
        return "not forecast";
    }
    return {};
}

/// The name of what a limit is on, such as "encode_seconds"; empty for Limit::none. Static text.
[[nodiscard]] constexpr std::string_view name(Limit limit) noexcept {
    switch (limit) {
    case Limit::none:
        return {};
    case Limit::encode_seconds:
        return "encode_seconds";
    case Limit::cost_usd:
        return "cost_usd";
    case Limit::energy_kwh:
        return "energy_kwh";
    case Limit::co2_kg:
        return "co2_kg";
    case Limit::size_mb:
        return "size_mb";
    }
    return {};
}

/// The codec of a name: "h264" (also "avc"), "hevc" ("h265"), "vp9", "av1", "vvc" ("h266"). Status::unknown_name with a
/// text that lists them for any other.
[[nodiscard]] inline Expected<Codec> try_codec_from_name(std::string_view name) {
    return detail::number_of<Codec>(name, encast_codec_from_name);
}

/// The encoder of a name: "libx264" (also "x264"), "libx265" ("x265"), "libvpx-vp9", "libsvtav1" ("svtav1"),
/// "libaom-av1" ("aom"), "libvvenc" ("vvenc"). Status::unknown_name with a text that lists them for any other.
[[nodiscard]] inline Expected<Encoder> try_encoder_from_name(std::string_view name) {
    return detail::number_of<Encoder>(name, encast_encoder_from_name);
}

#if ENCAST_CPP_EXCEPTIONS
/// As try_codec_from_name(); throws its Error.
[[nodiscard]] inline Codec codec_from_name(std::string_view name) {
    return detail::value(try_codec_from_name(name));
}

/// As try_encoder_from_name(); throws its Error.
[[nodiscard]] inline Encoder encoder_from_name(std::string_view name) {
    return detail::value(try_encoder_from_name(name));
}
#endif

/// The version of the loaded library, such as "0.1.0". Static text.
[[nodiscard]] inline std::string_view version() noexcept {
    return encast_version();
}

/// The ABI version of the loaded library. One larger than ENCAST_ABI_VERSION serves programs of this header.
[[nodiscard]] inline std::uint32_t abi_version() noexcept {
    return encast_abi_version();
}

/// How many handles of the library, in the whole process, were made and not freed yet: for tests of leaks.
[[nodiscard]] inline std::size_t live_handles() noexcept {
    return encast_live_handles();
}

}  // namespace ENCAST_CPP_VARIANT
}  // namespace encast

#endif  // ENCAST_NAMES_HPP
