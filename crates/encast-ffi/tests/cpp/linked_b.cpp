// The other part: of Expected alone, so that it also builds without exceptions.
#include "linked.hpp"

#include <encast.hpp>

double part_b_vmaf(double bitrate_kbps) {
    encast::Features features;
    features.bitrate_kbps = bitrate_kbps;
    features.resolution_width = 1920;
    features.resolution_height = 1080;
    features.frame_rate = 30;
    features.motion_intensity = 0.5;
    features.set_encoder(encast::Encoder::libx264);
    const auto model = encast::Model::try_load_default();
    const auto result = model ? model->try_predict(features) : encast::Unexpected(model.error());
    return result ? result->predicted_vmaf : -static_cast<double>(result.error().status());
}
