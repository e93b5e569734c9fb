/*
 * encast from C++: the handles in unique_ptrs, statuses as exceptions; forecasts, and the analysis of own frames.
 *
 *     cargo build --release -p encast-ffi
 *     c++ -std=c++17 -I include examples/cpp/encast_example.cpp -L target/release -lencast \
 *         -Wl,-rpath,$PWD/target/release -o encast_example
 */
#include <encast.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

struct Free {
    void operator()(EncastModel *model) const noexcept { encast_free_model(model); }
    void operator()(EncastAnalyzer *analyzer) const noexcept { encast_analyzer_free(analyzer); }
};
using Model = std::unique_ptr<EncastModel, Free>;
using Analyzer = std::unique_ptr<EncastAnalyzer, Free>;

// An error of the library: its status, its text, and the input that it blames ("" = none).
class Error : public std::runtime_error {
public:
    explicit Error(std::int32_t status)
        : std::runtime_error(encast_last_error()), status(status), field(encast_last_error_field()) {}
    std::int32_t status;
    std::string field;
};

void check(std::int32_t status) {
    if (status != ENCAST_STATUS_OK) {
        throw Error(status);
    }
}

Model default_model() {
    EncastModel *model = nullptr;
    check(encast_load_default_model(&model));
    return Model(model);
}

EncastFeatures full_hd(double bitrate_kbps) {
    EncastFeatures features;
    check(encast_features_init(&features, sizeof features));
    features.bitrate_kbps = bitrate_kbps;
    features.resolution_width = 1920;
    features.resolution_height = 1080;
    features.frame_rate = 30;
    features.frame_drop = 0.01;
    features.motion_intensity = 0.5;
    return features;
}

EncastResult predict(const Model &model, const EncastFeatures &features) {
    EncastResult result;
    check(encast_result_init(&result, sizeof result));
    check(encast_predict(model.get(), &features, nullptr, &result));
    return result;
}

// Complexity of a second of made-up frames: stripes that move by so many samples a frame.
EncastComplexity moving_stripes(int speed) {
    EncastAnalyzerOptions options;
    check(encast_analyzer_options_init(&options, sizeof options));
    options.width = 640;
    options.height = 360;
    options.bit_depth = 8;
    options.frame_rate = 30;
    EncastAnalyzer *handle = nullptr;
    check(encast_analyzer_new(&options, &handle));
    const Analyzer analyzer(handle);
    std::vector<std::uint8_t> luma(640 * 360);
    for (int frame = 0; frame < 30; frame++) {
        for (int i = 0; i < 640 * 360; i++) {
            luma[static_cast<std::size_t>(i)] = (i % 640 + frame * speed) / 16 % 2 == 0 ? 70 : 150;
        }
        check(encast_analyzer_push_frame(analyzer.get(), luma.data(), 640, nullptr));
    }
    EncastComplexity clip;
    check(encast_complexity_init(&clip, sizeof clip));
    check(encast_analyzer_finish(analyzer.get(), &clip));
    return clip;
}

}  // namespace

int main() try {
    const Model model = default_model();
    std::vector<double> bitrates = {1000, 2000, 4000, 8000, 16000};
    double before = 0;
    for (double bitrate : bitrates) {
        const EncastResult result = predict(model, full_hd(bitrate));
        std::printf("%6.0f kbit/s: VMAF %5.1f [%5.1f, %5.1f], confidence %.2f\n", bitrate, result.predicted_vmaf,
                    result.vmaf.lower, result.vmaf.upper, result.confidence);
        if (result.predicted_vmaf < before) {
            throw std::logic_error("more bitrate, less quality");
        }
        before = result.predicted_vmaf;
    }
    for (int speed : {0, 3}) {
        const EncastComplexity clip = moving_stripes(speed);
        EncastFeatures features = full_hd(4000);
        check(encast_features_set_content(&features, &clip));
        std::printf("stripes at speed %d: SI %.1f, TI %.1f, motion %.2f; VMAF %.1f\n", speed, clip.si.mean,
                    clip.ti.mean, clip.motion_intensity, predict(model, features).predicted_vmaf);
        if ((speed > 0) != (clip.ti.mean > 0)) {
            throw std::logic_error("only what moves has temporal information");
        }
    }
    try {
        predict(model, full_hd(-1));
        throw std::logic_error("a negative bitrate was accepted");
    } catch (const Error &error) {
        std::printf("a mistake: %s (field %s)\n", error.what(), error.field.c_str());
        if (error.status != ENCAST_STATUS_INVALID_FIELD || error.field != "bitrate_kbps") {
            throw std::logic_error("another error than expected");
        }
    }
    return EXIT_SUCCESS;
} catch (const std::exception &error) {
    std::fprintf(stderr, "%s\n", error.what());
    return EXIT_FAILURE;
}
