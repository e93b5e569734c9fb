// The same as forecast.c from C++, through the C header alone.
#include <encast.h>

#include <cstdio>
#include <memory>

int main() {
    EncastModel *loaded = nullptr;
    if (encast_load_default_model(&loaded) != ENCAST_STATUS_OK) {
        std::fprintf(stderr, "%s\n", encast_last_error());
        return 1;
    }
    const auto free_model = [](EncastModel *model) { encast_free_model(model); };
    const std::unique_ptr<EncastModel, decltype(free_model)> model(loaded, free_model);
    EncastFeatures features;
    EncastResult result;
    if (encast_features_init(&features, sizeof features) != ENCAST_STATUS_OK ||
        encast_result_init(&result, sizeof result) != ENCAST_STATUS_OK) {
        return 1;
    }
    features.bitrate_kbps = 4000;
    features.resolution_width = 1920;
    features.resolution_height = 1080;
    features.frame_rate = 30;
    features.frame_drop = 0.01;
    features.motion_intensity = 0.5;
    if (encast_predict(model.get(), &features, nullptr, &result) != ENCAST_STATUS_OK) {
        std::fprintf(stderr, "%s\n", encast_last_error());
        return 1;
    }
    std::printf("encast %s, VMAF %.17g\n", encast_version(), result.vmaf.value);
    return 0;
}
