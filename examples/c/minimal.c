/*
 * encast from C, as short as it gets: what libx264 makes of an hour of 1080p at 4 Mbit/s.
 *
 *     cc -std=c11 minimal.c $(pkg-config --cflags --libs encast) -o minimal
 */
#include <encast.h>

#include <stdio.h>
#include <string.h>

int main(void) {
    EncastModel *model = NULL;
    EncastFeatures features;
    EncastResult result;
    int32_t status = encast_load_default_model(&model);
    encast_features_init(&features, sizeof features); /* everything unknown */
    encast_result_init(&result, sizeof result);
    features.encoder = ENCAST_ENCODER_LIBX264;
    strcpy(features.preset, "medium");
    features.bitrate_kbps = 4000;
    features.resolution_width = 1920;
    features.resolution_height = 1080;
    features.frame_rate = 25;
    if (status == ENCAST_STATUS_OK) {
        status = encast_predict(model, &features, NULL, &result); /* NULL: the default options */
    }
    if (status != ENCAST_STATUS_OK) {
        fprintf(stderr, "%s\n", encast_last_error());
        return 1;
    }
    printf("VMAF %.1f [%.1f, %.1f], %.0f CPU seconds, %.0f MB\n", result.vmaf.value, result.vmaf.lower,
           result.vmaf.upper, result.cpu_seconds.value, result.size_mb);
    encast_free_model(model);
    return 0;
}
