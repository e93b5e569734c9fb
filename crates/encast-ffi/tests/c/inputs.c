/* What requests get: every bad value is an error that names field, value and bound; odd but possible ones are flagged. */
#include "check.h"
#include <float.h>

typedef struct {
    double lowest, highest; /* what is accepted at all */
    size_t offset;
} Bounds;

#define BOUNDS(field, lowest, highest) {lowest, highest, offsetof(EncastFeatures, field)}

/* In the order of ENCAST_FIELD_...; names have none. */
static const Bounds BOUNDS_OF[] = {
    BOUNDS(bitrate_kbps, 1e-3, 1e8),      BOUNDS(crf, 0, 63),
    BOUNDS(resolution_width, 16, 16384),  BOUNDS(resolution_height, 16, 16384),
    BOUNDS(frame_rate, 0.1, 1000),        BOUNDS(frame_drop, 0, 1),
    BOUNDS(motion_intensity, 0, 1),       BOUNDS(threads, 1, 1024),
    BOUNDS(source_width, 16, 16384),      BOUNDS(source_height, 16, 16384),
    BOUNDS(source_frame_rate, 0.1, 1000), BOUNDS(bit_depth, 8, 16),
    BOUNDS(duration_s, 1e-3, 1e8),        BOUNDS(si_mean, 0, 1e4),
    BOUNDS(si_std, 0, 1e4),               BOUNDS(ti_mean, 0, 1e4),
    BOUNDS(ti_std, 0, 1e4),               BOUNDS(spatial_energy, 0, 1e6),
    BOUNDS(temporal_energy, 0, 1e6),      BOUNDS(luminance, 0, 1e6),
    BOUNDS(probe_bitrate_kbps, 1e-3, 1e8), BOUNDS(probe_psnr, 1e-3, 120),
    BOUNDS(probe_vmaf, 0, 100),
    [ENCAST_FIELD_STATIC_SHARE] = BOUNDS(static_share, 0, 1),
};
enum { FIELDS = sizeof BOUNDS_OF / sizeof *BOUNDS_OF };

static int is_name(int field) {
    return field == ENCAST_FIELD_CODEC || field == ENCAST_FIELD_ENCODER || field == ENCAST_FIELD_PRESET;
}

static void set(EncastFeatures *features, int field, double value) {
    memcpy((char *)features + BOUNDS_OF[field].offset, &value, sizeof value);
}

static void values(const EncastModel *model) {
    EncastResult result, before;
    memset(&result, 0x5A, sizeof result);
    result.struct_size = sizeof result;
    before = result;
    for (int field = 0; field < FIELDS; field++) {
        if (is_name(field)) {
            continue;
        }
        const Bounds *bounds = &BOUNDS_OF[field];
        const char *name = encast_field_name((uint32_t)field);
        double bad[] = {INFINITY, -INFINITY, -1, -DBL_MAX, DBL_MAX, bounds->highest * 1.01, bounds->lowest * 0.99};
        int count = bounds->lowest > 0 ? 7 : 6; /* 0 is allowed where the lowest is 0 */
        for (int i = 0; i < count; i++) {
            EncastFeatures features = check_request();
            char value[400];
            if (fabs(bad[i]) < 1e7 && bad[i] == floor(bad[i])) {
                snprintf(value, sizeof value, "%s = %.0f", name, bad[i]);
            } else {
                snprintf(value, sizeof value, "%s = %s", name, isinf(bad[i]) ? (bad[i] > 0 ? "inf" : "-inf") : "");
            }
            set(&features, field, bad[i]);
            CHECK_ERROR(encast_predict(model, &features, NULL, &result), ENCAST_STATUS_INVALID_FIELD, name, value,
                        "must be a finite number from ", END);
        }
        if (bounds->lowest > 0) {
            EncastFeatures features = check_request();
            set(&features, field, 0);
            CHECK_ERROR(encast_predict(model, &features, NULL, &result), ENCAST_STATUS_INVALID_FIELD, name, END);
        }
    }
    CHECK(memcmp(&result, &before, sizeof result) == 0);

    /* NaN is unknown: fine where the field may be unknown, an error where it may not. */
    for (int field = 0; field < FIELDS; field++) {
        if (is_name(field)) {
            continue;
        }
        EncastFeatures features = check_request();
        set(&features, field, NAN);
        if (field == ENCAST_FIELD_BITRATE_KBPS) {
            CHECK_ERROR(encast_predict(model, &features, NULL, &before), ENCAST_STATUS_MISSING_FIELD, "bitrate_kbps",
                        "bitrate_kbps or crf", END);
        } else if (field == ENCAST_FIELD_RESOLUTION_WIDTH || field == ENCAST_FIELD_RESOLUTION_HEIGHT) {
            CHECK_ERROR(encast_predict(model, &features, NULL, &before), ENCAST_STATUS_INVALID_FIELD,
                        encast_field_name((uint32_t)field), "NaN", "16 to 16384", END);
        } else {
            CHECK_OK(encast_predict(model, &features, NULL, &result));
        }
    }
}

static void names(const EncastModel *model) {
    static const int32_t bad[] = {-1, 7, 1000, INT32_MIN, INT32_MAX};
    EncastFeatures features = check_request();
    EncastResult result = check_result();
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char value[32];
        features = check_request();
        features.codec = bad[i];
        snprintf(value, sizeof value, "codec = %ld", (long)bad[i]);
        CHECK_ERROR(encast_predict(model, &features, NULL, &result), ENCAST_STATUS_BAD_NUMBER, "codec", value,
                    "1 (h264)", "2 (hevc)", "3 (vp9)", "4 (av1)", "5 (vvc)", END);
        features = check_request();
        features.encoder = bad[i];
        CHECK_ERROR(encast_predict(model, &features, NULL, &result), ENCAST_STATUS_BAD_NUMBER, "encoder",
                    "1 (libx264)", "6 (libvvenc)", END);
    }
    features = check_request();
    features.encoder = ENCAST_ENCODER_LIBX264;
    strcpy(features.preset, "medium");
    CHECK_OK(encast_predict(model, &features, NULL, &result));
    strcpy(features.preset, "warp");
    CHECK_ERROR(encast_predict(model, &features, NULL, &result), ENCAST_STATUS_UNKNOWN_NAME, "preset", "'warp'",
                "veryslow", "medium", "ultrafast", END);
    memset(features.preset, 'a', sizeof features.preset);
    CHECK_ERROR(encast_predict(model, &features, NULL, &result), ENCAST_STATUS_BAD_TEXT, "preset", "NUL", "24", END);
    strcpy(features.preset, "\xc3\x28");
    CHECK_ERROR(encast_predict(model, &features, NULL, &result), ENCAST_STATUS_BAD_TEXT, "preset", "UTF-8", END);
    features.preset[0] = '\0';
    features.codec = ENCAST_CODEC_AV1;
    CHECK_ERROR(encast_predict(model, &features, NULL, &result), ENCAST_STATUS_CONTRADICTION, "encoder", "libx264",
                "av1", END);
}

static void out_of_range(const EncastModel *model) {
    EncastFeatures features = check_request();
    EncastResult usual = check_result(), odd = check_result();
    CHECK_OK(encast_predict(model, &features, NULL, &usual));
    CHECK(usual.out_of_range == 0);
    CHECK(usual.predicted_vmaf > 0 && usual.predicted_vmaf <= 100);
    CHECK(usual.vmaf.lower <= usual.vmaf.value && usual.vmaf.value <= usual.vmaf.upper);
    CHECK(usual.predicted_vmaf == usual.vmaf.value);
    CHECK(usual.confidence >= 0 && usual.confidence <= 1);
    CHECK(fabs(usual.bandwidth_mbps - 4) < 1e-9 && fabs(usual.size_mb - 4000.0 * 3600 / 8000) < 1e-6);
    features.frame_rate = 900;
    CHECK_OK(encast_predict(model, &features, NULL, &odd));
    CHECK(odd.out_of_range == (uint64_t)1 << ENCAST_FIELD_FRAME_RATE);
    CHECK(odd.confidence < usual.confidence);
    features.bitrate_kbps = 9e7;
    CHECK_OK(encast_predict(model, &features, NULL, &odd));
    CHECK(odd.out_of_range >> ENCAST_FIELD_BITRATE_KBPS & 1);
    CHECK(odd.out_of_range >> ENCAST_FIELD_FRAME_RATE & 1);
    CHECK(!(odd.out_of_range >> ENCAST_FIELD_RESOLUTION_WIDTH & 1));
}

static void recommendation(const EncastModel *model) {
    EncastFeatures features = check_request();
    EncastResult result = check_result();
    EncastPredictOptions options;
    EncastRecommendation answer;
    CHECK_OK(encast_predict_options_init(&options, sizeof options));
    CHECK_OK(encast_recommendation_init(&answer, sizeof answer));

    options.target_vmaf = 70;
    features.bitrate_kbps = NAN; /* not looked at */
    CHECK_OK(encast_recommend_bitrate(model, &features, &options, &answer));
    CHECK(answer.unreachable == 0 && answer.vmaf.value >= 70);
    CHECK(answer.bitrate_kbps >= 100 && answer.bitrate_kbps <= 50000);
    features.bitrate_kbps = answer.bitrate_kbps;
    CHECK_OK(encast_predict(model, &features, &options, &result));
    CHECK(result.predicted_vmaf >= 70 && result.predicted_vmaf == answer.vmaf.value);
    CHECK(result.recommended_bitrate_kbps == answer.bitrate_kbps);
    CHECK(result.target_unreachable == 0 && isnan(result.best_reachable_vmaf));

    features.resolution_width = 3840;
    features.resolution_height = 2160;
    options.target_vmaf = 99.9;
    options.max_bitrate_kbps = 150;
    CHECK_OK(encast_recommend_bitrate(model, &features, &options, &answer));
    CHECK(answer.unreachable == 1 && answer.bitrate_kbps == 150 && answer.vmaf.value < 99.9 && answer.vmaf.value >= 0);
    CHECK_OK(encast_predict(model, &features, &options, &result));
    CHECK(result.target_unreachable == 1 && isnan(result.recommended_bitrate_kbps));
    CHECK(result.best_reachable_vmaf == answer.vmaf.value);
}

static void bad_options(const EncastModel *model) {
    static const double bad_target[] = {NAN, INFINITY, -1, 0, 100.5};
    static const double bad_limit[] = {NAN, INFINITY, -1, 0};
    EncastFeatures features = check_request();
    EncastResult result = check_result();
    EncastRecommendation answer;
    EncastPredictOptions options;
    encast_recommendation_init(&answer, sizeof answer);
    for (size_t i = 0; i < sizeof bad_target / sizeof *bad_target; i++) {
        encast_predict_options_init(&options, sizeof options);
        options.target_vmaf = bad_target[i];
        CHECK_ERROR(encast_predict(model, &features, &options, &result), ENCAST_STATUS_INVALID_FIELD, "target_vmaf",
                    "target_vmaf = ", END);
        CHECK_ERROR(encast_recommend_bitrate(model, &features, &options, &answer), ENCAST_STATUS_INVALID_FIELD,
                    "target_vmaf", END);
    }
    for (size_t i = 0; i < sizeof bad_limit / sizeof *bad_limit; i++) {
        encast_predict_options_init(&options, sizeof options);
        options.min_bitrate_kbps = bad_limit[i];
        CHECK_ERROR(encast_predict(model, &features, &options, &result), ENCAST_STATUS_INVALID_FIELD,
                    "min_bitrate_kbps", END);
        encast_predict_options_init(&options, sizeof options);
        options.max_bitrate_kbps = bad_limit[i];
        CHECK_ERROR(encast_predict(model, &features, &options, &result), ENCAST_STATUS_INVALID_FIELD,
                    "max_bitrate_kbps", END);
    }
    encast_predict_options_init(&options, sizeof options);
    options.profile.pue = 1.1; /* the other three are unknown */
    CHECK_ERROR(encast_predict(model, &features, &options, &result), ENCAST_STATUS_INVALID_FIELD, "usd_per_cpu_hour",
                "NaN", END);
    options.profile.usd_per_cpu_hour = options.profile.watts_per_cpu = options.profile.grid_g_per_kwh = 1;
    options.profile.pue = 0.5;
    CHECK_ERROR(encast_predict(model, &features, &options, &result), ENCAST_STATUS_INVALID_FIELD, "pue", "0.5",
                "at least 1", END);
    options.profile.pue = 1.5;
    memset(options.profile.name, 'x', sizeof options.profile.name);
    CHECK_ERROR(encast_predict(model, &features, &options, &result), ENCAST_STATUS_BAD_TEXT, "profile.name", "NUL",
                END);
    options.profile.name[1] = '\0';
    CHECK_OK(encast_predict(model, &features, &options, &result));
}

static void rate_settings(const EncastModel *model) {
    EncastFeatures features = check_request();
    EncastResult result = check_result();
    features.bitrate_kbps = NAN;
    CHECK_ERROR(encast_predict(model, &features, NULL, &result), ENCAST_STATUS_MISSING_FIELD, "bitrate_kbps",
                "bitrate_kbps or crf", END);
    CHECK_ERROR(encast_predict_batch(model, &features, 1, NULL, &result, NULL), ENCAST_STATUS_MISSING_FIELD,
                "bitrate_kbps", "row 0", END);
    features.crf = 28;
    features.codec = ENCAST_CODEC_H264;
    CHECK_OK(encast_predict(model, &features, NULL, &result));
    CHECK(result.predicted_vmaf > 0 && result.predicted_vmaf <= 100);
    CHECK(result.bitrate_kbps.value > 0 && result.bandwidth_mbps == result.bitrate_kbps.value / 1000);
    features.bitrate_kbps = 3000; /* what is given is not forecast */
    CHECK_OK(encast_predict(model, &features, NULL, &result));
    CHECK(isnan(result.bitrate_kbps.value) && result.bandwidth_mbps == 3);
}

int main(void) {
    EncastModel *model = check_default_model();
    values(model);
    names(model);
    out_of_range(model);
    recommendation(model);
    bad_options(model);
    rate_settings(model);
    encast_free_model(model);
    return check_end(200);
}
