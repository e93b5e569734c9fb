/*
 * A program of someone else: one forecast, checked, with the version of the library it runs with.
 *
 * The folders beside this file build it with pkg-config, CMake, Meson and a plain compiler.
 */
#include <encast.h>

#include <stdio.h>

int main(void) {
    EncastModel *model = NULL;
    EncastFeatures features;
    EncastResult result;
    if (encast_load_default_model(&model) != ENCAST_STATUS_OK ||
        encast_features_init(&features, sizeof features) != ENCAST_STATUS_OK ||
        encast_result_init(&result, sizeof result) != ENCAST_STATUS_OK) {
        fprintf(stderr, "%s\n", encast_last_error());
        return 1;
    }
    features.bitrate_kbps = 4000;
    features.resolution_width = 1920;
    features.resolution_height = 1080;
    features.frame_rate = 30;
    features.frame_drop = 0.01;
    features.motion_intensity = 0.5;
    if (encast_predict(model, &features, NULL, &result) != ENCAST_STATUS_OK) {
        fprintf(stderr, "%s\n", encast_last_error());
        return 1;
    }
    printf("encast %s, VMAF %.17g\n", encast_version(), result.vmaf.value);
    encast_free_model(model);
    /* An error goes all the way: across the boundary, with its text. */
    return encast_load_model("/nowhere.encast", &model) == ENCAST_STATUS_MODEL_MISSING && encast_last_error()[0] != 0 ? 0 : 1;
}
