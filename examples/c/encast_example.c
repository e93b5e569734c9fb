/*
 * encast from C: forecasts, a recommended bitrate, a ladder, two encodes side by side, measured encodes that sharpen a
 * forecast. minimal.c is shorter; retrain.c trains, analyze.c measures frames, sites.c asks where a job runs,
 * x264_encode.c encodes.
 *
 *     cargo build --release -p encast-ffi
 *     cc -std=c11 -I include examples/c/encast_example.c -L target/release -lencast -Wl,-rpath,$PWD/target/release \
 *        -lm -o encast_example
 *     ./encast_example
 */
#include "try.h"

#include <math.h>
#include <string.h>

typedef struct {
    const char *name;
    double width, height, frame_rate, bitrate_kbps, frame_drop, motion_intensity;
} Encode;

static const Encode ENCODES[] = {
    {"720p30_2mbps", 1280, 720, 30, 2000, 0.01, 0.5},
    {"1080p30_4mbps", 1920, 1080, 30, 4000, 0.01, 0.5},
    {"1080p60_6mbps", 1920, 1080, 60, 6000, 0.01, 0.6},
    {"4k30_15mbps", 3840, 2160, 30, 15000, 0.005, 0.7},
};
enum { ENCODE_COUNT = sizeof ENCODES / sizeof *ENCODES };

/* What is not set stays unknown. */
static EncastFeatures features_of(const Encode *encode) {
    EncastFeatures features;
    TRY(encast_features_init(&features, sizeof features));
    features.bitrate_kbps = encode->bitrate_kbps;
    features.resolution_width = encode->width;
    features.resolution_height = encode->height;
    features.frame_rate = encode->frame_rate;
    features.frame_drop = encode->frame_drop;
    features.motion_intensity = encode->motion_intensity;
    return features;
}

/* A forecast with its interval, or "-" for what the model does not forecast. */
static void print_estimate(const char *name, EncastEstimate estimate, const char *unit) {
    if (isnan(estimate.value)) {
        printf("  %-15s -\n", name);
    } else {
        printf("  %-15s %10.3f  [%.3f, %.3f] %s\n", name, estimate.value, estimate.lower, estimate.upper, unit);
    }
}

static void print_result(const char *name, const EncastResult *result) {
    printf("%s\n", name);
    print_estimate("vmaf", result->vmaf, "");
    print_estimate("psnr", result->psnr, "dB");
    print_estimate("cpu_seconds", result->cpu_seconds, "s");
    printf("  %-15s %10.4f USD\n", "cost", result->predicted_cost_usd);
    printf("  %-15s %10.4f kg\n", "co2", result->predicted_co2_kg);
    printf("  %-15s %10.3f MB\n", "size", result->size_mb);
    printf("  %-15s %10.3f\n", "confidence", result->confidence);
    if (result->target_unreachable) {
        printf("  no bitrate reaches the target; best VMAF %.1f\n", result->best_reachable_vmaf);
    } else {
        printf("  %-15s %10.0f kbit/s\n", "recommended", result->recommended_bitrate_kbps);
    }
    for (uint32_t bit = 0; encast_field_name(bit) != NULL; bit++) {
        if (result->out_of_range >> bit & 1) {
            printf("  beyond what the model saw: %s\n", encast_field_name(bit));
        }
    }
}

/* One call for all four: an error would name the row. */
static void predict_all(const EncastModel *model, EncastResult results[ENCODE_COUNT]) {
    EncastFeatures features[ENCODE_COUNT];
    size_t bad_row = 0;
    for (size_t i = 0; i < ENCODE_COUNT; i++) {
        features[i] = features_of(&ENCODES[i]);
        TRY(encast_result_init(&results[i], sizeof results[i]));
    }
    TRY(encast_predict_batch(model, features, ENCODE_COUNT, NULL, results, &bad_row));
}

static void recommend(const EncastModel *model) {
    EncastFeatures features = features_of(&ENCODES[1]);
    EncastPredictOptions options;
    EncastRecommendation answer;
    TRY(encast_predict_options_init(&options, sizeof options));
    TRY(encast_recommendation_init(&answer, sizeof answer));
    options.target_vmaf = 80;
    options.max_bitrate_kbps = 20000;
    features.bitrate_kbps = NAN; /* it is asked for */
    TRY(encast_recommend_bitrate(model, &features, &options, &answer));
    printf("1080p30 at VMAF 80: %s%.0f kbit/s, VMAF %.2f [%.2f, %.2f]\n",
           answer.unreachable ? "not reached, even at " : "", answer.bitrate_kbps, answer.vmaf.value,
           answer.vmaf.lower, answer.vmaf.upper);
}

/* A bitrate ladder of the 1080p source; the array is the program's own. */
static void ladder(const EncastModel *model) {
    enum { CAPACITY = 16 };
    EncastFeatures features = features_of(&ENCODES[1]);
    EncastLadderOptions options;
    EncastRung rungs[CAPACITY];
    size_t count = 0;
    TRY(encast_ladder_options_init(&options, sizeof options));
    options.step_vmaf = 10;
    for (size_t i = 0; i < CAPACITY; i++) {
        TRY(encast_rung_init(&rungs[i], sizeof rungs[i]));
    }
    TRY(encast_ladder(model, &features, &options, NULL, rungs, CAPACITY, &count));
    printf("1080p30 in %lu rungs:\n", (unsigned long)count);
    for (size_t i = 0; i < count; i++) {
        printf("  %4" PRIu32 "x%-4" PRIu32 " %6.0f kbit/s  VMAF %.1f [%.1f, %.1f]\n", rungs[i].width, rungs[i].height,
               rungs[i].bitrate_kbps, rungs[i].vmaf.value, rungs[i].vmaf.lower, rungs[i].vmaf.upper);
    }
}

/* What a lower bitrate and a faster preset change, and how sure that is. */
static void compare(const EncastModel *model) {
    EncastFeatures a = features_of(&ENCODES[1]), b = features_of(&ENCODES[1]);
    EncastComparison change;
    TRY(encast_comparison_init(&change, sizeof change));
    a.encoder = b.encoder = ENCAST_ENCODER_LIBX264;
    strcpy(a.preset, "medium");
    strcpy(b.preset, "veryfast");
    b.bitrate_kbps = 2000;
    TRY(encast_compare(model, &a, &b, NULL, NULL, NULL, &change)); /* the two forecasts themselves are not wanted */
    printf("half the bitrate, veryfast:\n");
    print_estimate("vmaf", change.vmaf.difference, "");
    print_estimate("bitrate", change.bitrate_kbps.ratio, "times");
    print_estimate("cpu_seconds", change.cpu_seconds.ratio, "times");
}

/* The title was encoded before: what was measured then corrects the forecast near it. */
static void learn_from_earlier(const EncastModel *model) {
    EncastFeatures features = features_of(&ENCODES[1]);
    EncastAnchor earlier[2];
    EncastResult result;
    for (size_t i = 0; i < 2; i++) {
        TRY(encast_anchor_init(&earlier[i], sizeof earlier[i])); /* what is not set is as in the request */
    }
    earlier[0].bitrate_kbps = 3100;
    earlier[0].vmaf = 81.4;
    earlier[1].bitrate_kbps = 6300;
    earlier[1].vmaf = 90.2;
    features.anchors = earlier;
    features.anchor_count = 2;
    TRY(encast_result_init(&result, sizeof result));
    TRY(encast_predict(model, &features, NULL, &result));
    printf("1080p30 beside two measured encodes:\n");
    print_estimate("vmaf", result.vmaf, "");
}

/* How a mistake looks like. */
static void mistake(const EncastModel *model) {
    EncastFeatures features = features_of(&ENCODES[0]);
    EncastResult result;
    TRY(encast_result_init(&result, sizeof result));
    features.frame_rate = -30;
    if (encast_predict(model, &features, NULL, &result) != ENCAST_STATUS_INVALID_FIELD) {
        exit(EXIT_FAILURE);
    }
    printf("a mistake: %s\n", encast_last_error());
}

int main(void) {
    EncastModel *model = NULL;
    EncastResult results[ENCODE_COUNT];
    printf("encast %s, ABI %" PRIu32 "\n", encast_version(), encast_abi_version());

    TRY(encast_load_default_model(&model));
    predict_all(model, results);
    for (size_t i = 0; i < ENCODE_COUNT; i++) {
        print_result(ENCODES[i].name, &results[i]);
    }
    recommend(model);
    ladder(model);
    compare(model);
    learn_from_earlier(model);
    mistake(model);
    encast_free_model(model);
    return EXIT_SUCCESS;
}
