// Checks of the C++ tests: each failure is told with its place, and the program then ends with status 1. No exception is
// needed, so that it serves programs that are built without.
#ifndef CHECK_HPP
#define CHECK_HPP

#include <encast.hpp>

#include <cmath>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace check {

inline int made = 0;
inline int failures = 0;

inline void that(bool holds, const char *what, const char *file, int line) {
    made++;
    if (!holds) {
        failures++;
        std::fprintf(stderr, "%s:%d: does not hold: %s (last error: \"%s\")\n", file, line, what, encast_last_error());
    }
}

// An error with its status, the field that it blames and a part of its text.
inline void error(const encast::Error &error, encast::Status status, std::string_view field, std::string_view part,
                  const char *file, int line) {
    made++;
    if (error.status() != status || error.field() != field || error.text().find(part) == std::string_view::npos) {
        failures++;
        std::fprintf(stderr, "%s:%d: status %d, field \"%s\": \"%s\"; must be %d, \"%s\", \"%s\"\n", file, line,
                     static_cast<int>(error.status()), std::string(error.field()).c_str(), error.what(),
                     static_cast<int>(status), std::string(field).c_str(), std::string(part).c_str());
    }
}

// The bytes of a struct. Three have a gap behind a text, whose bytes mean nothing.
template <class Struct>
std::vector<unsigned char> bytes(const Struct &plain) {
    std::vector<unsigned char> all(sizeof plain);
    std::memcpy(all.data(), &plain, sizeof plain);
    std::size_t gap = sizeof plain;
    if constexpr (std::is_same_v<Struct, EncastFeatures>) {
        gap = offsetof(EncastFeatures, preset) + ENCAST_PRESET_CAPACITY;
    } else if constexpr (std::is_same_v<Struct, EncastAnchor>) {
        gap = offsetof(EncastAnchor, preset) + ENCAST_PRESET_CAPACITY;
    } else if constexpr (std::is_same_v<Struct, EncastTargets>) {
        gap = offsetof(EncastTargets, title) + ENCAST_TITLE_CAPACITY;
    }
    for (std::size_t i = gap; i < sizeof plain && i % alignof(double) != 0; i++) {
        all[i] = 0;
    }
    return all;
}

// Whether two structs have the same bits, NaN with NaN too.
template <class Wrapper, class Struct>
bool same_bits(const Wrapper &wrapper, const Struct &plain) {
    return bytes<Struct>(wrapper) == bytes(plain);
}

// The answer of an Expected; without one the program ends.
template <class T>
T must(encast::Expected<T> expected, const char *file, int line) {
    if (!expected) {
        std::fprintf(stderr, "%s:%d: %s\n", file, line, expected.error().what());
        std::exit(1);
    }
    if constexpr (!std::is_void_v<T>) {
        return *std::move(expected);
    }
}

inline int end(int least) {
    if (made < least) {
        std::fprintf(stderr, "only %d checks were made, %d are due\n", made, least);
        return 1;
    }
    std::printf("%d checks, %d failures\n", made, failures);
    return failures == 0 ? 0 : 1;
}

// A usual request.
inline encast::Features request(double bitrate_kbps = 4000) {
    encast::Features features;
    features.bitrate_kbps = bitrate_kbps;
    features.resolution_width = 1920;
    features.resolution_height = 1080;
    features.frame_rate = 30;
    features.motion_intensity = 0.5;
    features.set_encoder(encast::Encoder::libx264);
    return features;
}

// A made-up table to train on: closed formulas, no measurement.
struct Table {
    std::vector<encast::Features> features;
    std::vector<encast::Targets> targets;
};

inline Table table() {
    Table all;
    for (int title = 0; title < 6; title++) {
        for (int step = 0; step < 12; step++) {
            encast::Features features;
            encast::Targets targets;
            const double height = step % 2 == 0 ? 720 : 1080, motion = 0.1 + 0.1 * title;
            features.bitrate_kbps = 400 * std::pow(2, step * 0.5);
            features.resolution_width = height / 9 * 16;
            features.resolution_height = height;
            features.frame_rate = 30;
            features.motion_intensity = motion;
            features.duration_s = 60;
            features.set_codec(encast::Codec::h264);
            must(targets.try_set_title("title " + std::to_string(title)), __FILE__, __LINE__);
            targets.vmaf = 98 * (1 - std::exp(-std::pow(features.bitrate_kbps / height / (0.3 + motion), 0.6)));
            targets.cpu_seconds = height * height * 1e-4 * (1 + motion);
            all.features.push_back(features);
            all.targets.push_back(targets);
        }
    }
    return all;
}

}  // namespace check

#define CHECK(condition) check::that(static_cast<bool>(condition), #condition, __FILE__, __LINE__)
#define CHECK_ERROR(expected, status, field, part) \
    check::error((expected).error(), encast::Status::status, field, part, __FILE__, __LINE__)
#define MUST(call) check::must(call, __FILE__, __LINE__)

#endif
