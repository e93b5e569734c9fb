/*
 * encast from C++: the handle in a unique_ptr, statuses as exceptions.
 *
 *     cargo build --release -p encast-ffi
 *     c++ -std=c++17 -I include examples/cpp/encast_example.cpp -L target/release -lencast \
 *         -Wl,-rpath,$PWD/target/release -o encast_example
 */
#include <encast.h>

#include <cmath>
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
};
using Model = std::unique_ptr<EncastModel, Free>;

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
