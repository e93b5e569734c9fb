// The same as forecast.c from C++, with the wrapper.
#include <encast.hpp>

#include <cstdio>

int main() {
    try {
        const encast::Model model = encast::Model::load_default();
        encast::Features features;
        features.bitrate_kbps = 4000;
        features.resolution_width = 1920;
        features.resolution_height = 1080;
        features.frame_rate = 30;
        features.frame_drop = 0.01;
        features.motion_intensity = 0.5;
        std::printf("encast %s, VMAF %.17g\n", encast_version(), model.predict(features).vmaf.value);
        // An error goes all the way: across the boundary, with its status.
        (void)encast::Model::load("/nowhere.encast");
    } catch (const encast::Error &error) {
        return error.status() == encast::Status::model_missing ? 0 : 1;
    }
    return 1;
}
