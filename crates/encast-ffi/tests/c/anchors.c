/* Measured encodes of the title in a request: what they do, how they may be given, and callers that were built before
   there were any. */
#include "check.h"
#include "table.h"

/* The request as its first release had it. */
typedef struct {
    uint32_t struct_size;
    int32_t codec, encoder;
    char preset[ENCAST_PRESET_CAPACITY];
    double numbers[24];
} FirstFeatures;

/* An anchor of a caller with a newer header. */
typedef struct {
    EncastAnchor known;
    double later[3];
} LaterAnchor;

static EncastFeatures anchored_request(void) {
    EncastFeatures features = check_request();
    features.encoder = ENCAST_ENCODER_LIBX264;
    strcpy(features.preset, "medium");
    return features;
}

static EncastAnchor anchor_of(double bitrate_kbps, double vmaf) {
    EncastAnchor anchor;
    CHECK_OK(encast_anchor_init(&anchor, sizeof anchor));
    anchor.bitrate_kbps = bitrate_kbps;
    anchor.vmaf = vmaf;
    return anchor;
}

static EncastResult predicted(const EncastModel *model, const EncastFeatures *features) {
    EncastResult result = check_result();
    CHECK_OK(encast_predict(model, features, NULL, &result));
    return result;
}

/* All calls that take a request count on its anchors, and keep nothing of them. */
static void every_call(const EncastModel *model) {
    EncastFeatures plain = anchored_request(), features = plain;
    EncastResult before = predicted(model, &plain), after, row[2] = {check_result(), check_result()};
    /* In memory of its own, so that the sanitizer sees what is read behind it, or after it was freed. */
    EncastAnchor *anchors = malloc(2 * sizeof *anchors);
    EncastFeatures both[2];
    EncastPredictOptions options;
    EncastRecommendation without, with;
    EncastRung rungs[2][32];
    EncastComparison comparison;
    size_t counts[2] = {0, 0};
    double measured = before.vmaf.value - 8;
    anchors[0] = anchor_of(4000, measured);
    anchors[1] = anchor_of(6000, measured + 3);
    anchors[0].psnr = before.psnr.value - 2;
    anchors[0].crf = 26;
    features.anchors = anchors;
    features.anchor_count = 2;

    after = predicted(model, &features);
    CHECK(fabs(after.vmaf.value - measured) < 2 && fabs(after.psnr.value - anchors[0].psnr) < 0.5);
    CHECK(after.vmaf.upper - after.vmaf.lower < before.vmaf.upper - before.vmaf.lower);
    CHECK(after.encode_seconds.value == before.encode_seconds.value && after.ignored == before.ignored);

    both[0] = plain;
    both[1] = features;
    CHECK_OK(encast_predict_batch(model, both, 2, NULL, row, NULL));
    CHECK(memcmp(&row[0], &before, sizeof before) == 0 && memcmp(&row[1], &after, sizeof after) == 0);

    encast_comparison_init(&comparison, sizeof comparison);
    CHECK_OK(encast_compare(model, &plain, &features, NULL, NULL, NULL, &comparison));
    CHECK(comparison.vmaf.difference.value == after.vmaf.value - before.vmaf.value);

    encast_predict_options_init(&options, sizeof options);
    options.target_vmaf = measured + 1;
    encast_recommendation_init(&without, sizeof without);
    encast_recommendation_init(&with, sizeof with);
    CHECK_OK(encast_recommend_bitrate(model, &plain, &options, &without));
    CHECK_OK(encast_recommend_bitrate(model, &features, &options, &with));
    CHECK(with.bitrate_kbps > without.bitrate_kbps && with.vmaf.value >= measured + 1);
    CHECK_OK(encast_recommend_crf(model, &plain, &options, &without));
    CHECK_OK(encast_recommend_crf(model, &features, &options, &with));
    CHECK(with.vmaf.value != without.vmaf.value);

    for (int i = 0; i < 64; i++) {
        encast_rung_init(&rungs[i / 32][i % 32], sizeof rungs[0][0]);
    }
    CHECK_OK(encast_ladder(model, &plain, NULL, NULL, rungs[0], 32, &counts[0]));
    CHECK_OK(encast_ladder(model, &features, NULL, NULL, rungs[1], 32, &counts[1]));
    CHECK(counts[0] != counts[1] || memcmp(rungs[0], rungs[1], sizeof rungs[0]) != 0);

    /* With a count of 0 the pointer is not looked at. */
    features.anchor_count = 0;
    free(anchors);
    after = predicted(model, &features);
    CHECK(memcmp(&after, &before, sizeof after) == 0);
    encast_features_init(&features, sizeof features);
    CHECK(features.anchors == NULL && features.anchor_count == 0);
}

/* Settings of an anchor: each that is given counts. */
static void settings(const EncastModel *model) {
    EncastFeatures features = anchored_request();
    EncastAnchor anchor = anchor_of(2000, 60);
    EncastResult same, other;
    features.anchors = &anchor;
    features.anchor_count = 1;
    same = predicted(model, &features);
#define CHECK_COUNTS(change)                                                                                           \
    do {                                                                                                               \
        anchor = anchor_of(2000, 60);                                                                                  \
        change;                                                                                                        \
        other = predicted(model, &features);                                                                           \
        CHECK(other.vmaf.value != same.vmaf.value || other.psnr.value != same.psnr.value);                             \
    } while (0)
    CHECK_COUNTS(anchor.bitrate_kbps = 2500);
    CHECK_COUNTS((anchor.resolution_width = 640, anchor.resolution_height = 360));
    CHECK_COUNTS(anchor.codec = ENCAST_CODEC_HEVC);
    CHECK_COUNTS(anchor.encoder = ENCAST_ENCODER_LIBX265);
    CHECK_COUNTS(strcpy(anchor.preset, "veryfast"));
    CHECK_COUNTS(anchor.vmaf = 70);
    CHECK_COUNTS(anchor.psnr = 30);
    /* What is said again is as if it were not said. */
    anchor = anchor_of(2000, 60);
    anchor.codec = ENCAST_CODEC_H264;
    anchor.encoder = ENCAST_ENCODER_LIBX264;
    anchor.resolution_width = 1920;
    anchor.resolution_height = 1080;
    strcpy(anchor.preset, "medium");
    other = predicted(model, &features);
    CHECK(memcmp(&other, &same, sizeof same) == 0);
    /* From a CRF. */
    features.crf = 26;
    features.bitrate_kbps = NAN;
    same = predicted(model, &features);
    anchor.crf = 26;
    other = predicted(model, &features);
    CHECK(fabs(other.bitrate_kbps.value / 2000 - 1) < 0.2 && other.bitrate_kbps.value != same.bitrate_kbps.value);
}

/* A caller that was built before there were anchors: what lies behind its struct is neither read nor written. */
static void old_caller(const EncastModel *model) {
    struct {
        FirstFeatures features;
        unsigned char behind[sizeof(EncastFeatures)];
    } one;
    FirstFeatures many[3];
    EncastFeatures features = anchored_request();
    EncastResult due = predicted(model, &features), result = check_result(), results[3];
    EncastComplexity complexity;
    EncastComparison comparison;
    const EncastFeatures *old = (const EncastFeatures *)(const void *)&one;
    CHECK(sizeof(FirstFeatures) == 232 && offsetof(EncastFeatures, anchors) == 232);
    memset(&one, 0xA5, sizeof one); /* no pointer and no count */
    CHECK_OK(encast_features_init((EncastFeatures *)(void *)&one, sizeof one.features));
    CHECK(one.features.struct_size == 232 && check_all_bytes(one.behind, sizeof one.behind, 0xA5));
    memcpy((char *)&one.features + 4, (char *)&features + 4, sizeof one.features - 4);
    CHECK_OK(encast_predict(model, old, NULL, &result));
    CHECK(memcmp(&result, &due, sizeof due) == 0);
    for (int i = 0; i < 3; i++) {
        many[i] = one.features;
        results[i] = check_result();
    }
    CHECK_OK(encast_predict_batch(model, (const EncastFeatures *)(const void *)many, 3, NULL, results, NULL));
    CHECK(memcmp(&results[0], &due, sizeof due) == 0 && memcmp(&results[2], &due, sizeof due) == 0);
    /* An old request beside a new one. */
    encast_comparison_init(&comparison, sizeof comparison);
    CHECK_OK(encast_compare(model, old, &features, NULL, NULL, &result, &comparison));
    CHECK(comparison.vmaf.difference.value == 0 && memcmp(&result, &due, sizeof due) == 0);
    encast_complexity_init(&complexity, sizeof complexity);
    CHECK_OK(encast_features_set_content((EncastFeatures *)(void *)&one, &complexity));
    CHECK(check_all_bytes(one.behind, sizeof one.behind, 0xA5));
}

/* Content is filled in beside the anchors. */
static void content(void) {
    EncastFeatures features = anchored_request();
    EncastAnchor anchor = anchor_of(2000, 60);
    EncastComplexity complexity;
    features.anchors = &anchor;
    features.anchor_count = 1;
    encast_complexity_init(&complexity, sizeof complexity);
    CHECK_OK(encast_features_set_content(&features, &complexity));
    CHECK(features.anchors == &anchor && features.anchor_count == 1);
}

static void later_header(const EncastModel *model) {
    LaterAnchor later[3];
    EncastAnchor plain[3];
    EncastFeatures features = anchored_request();
    EncastResult due, result;
    for (int i = 0; i < 3; i++) {
        plain[i] = anchor_of(1000 * (i + 1), 60 + 5 * i);
        memset(later[i].later, 0xC3, sizeof later[i].later);
        later[i].known = plain[i];
        later[i].known.struct_size = sizeof later[i];
    }
    features.anchor_count = 3;
    features.anchors = plain;
    due = predicted(model, &features);
    features.anchors = &later[0].known;
    result = predicted(model, &features);
    CHECK(memcmp(&result, &due, sizeof due) == 0);
}

static void errors(const EncastModel *model) {
    EncastAnchor anchors[3];
    EncastFeatures features = anchored_request(), rows[3];
    EncastTargets targets[3];
    EncastResult result = check_result(), results[3], before;
    EncastRecommendation recommendation;
    EncastModel *out = NULL;
    size_t row = 77;
    before = result;
    encast_recommendation_init(&recommendation, sizeof recommendation);
#define CHECK_BAD(change, status, name, ...)                                                                           \
    do {                                                                                                               \
        for (int i = 0; i < 3; i++) {                                                                                  \
            anchors[i] = anchor_of(1000 * (i + 1), 60 + 5 * i);                                                        \
        }                                                                                                              \
        features.anchors = anchors;                                                                                    \
        features.anchor_count = 3;                                                                                     \
        change;                                                                                                        \
        CHECK_ERROR(encast_predict(model, &features, NULL, &result), status, name, __VA_ARGS__, END);                  \
    } while (0)
    CHECK_BAD(anchors[1].vmaf = 101, ENCAST_STATUS_INVALID_FIELD, "anchors[1].vmaf", "anchors[1].vmaf = 101: must be");
    CHECK_ERROR(encast_recommend_bitrate(model, &features, NULL, &recommendation), ENCAST_STATUS_INVALID_FIELD,
                "anchors[1].vmaf", "anchors[1].vmaf = 101", END);
    CHECK_BAD(anchors[0].psnr = -1, ENCAST_STATUS_INVALID_FIELD, "anchors[0].psnr", "anchors[0].psnr = -1", "120");
    CHECK_BAD(anchors[2].ssim = 2, ENCAST_STATUS_INVALID_FIELD, "anchors[2].ssim", "anchors[2].ssim = 2");
    CHECK_BAD(anchors[2].vmaf = INFINITY, ENCAST_STATUS_INVALID_FIELD, "anchors[2].vmaf", "inf");
    CHECK_BAD(anchors[0].bitrate_kbps = 0, ENCAST_STATUS_INVALID_FIELD, "anchors[0].bitrate_kbps", "= 0: must be");
    CHECK_BAD(anchors[0].crf = 99, ENCAST_STATUS_INVALID_FIELD, "anchors[0].crf", "anchors[0].crf = 99");
    CHECK_BAD(anchors[0].resolution_width = 1280, ENCAST_STATUS_MISSING_FIELD, "anchors[0].resolution_height",
              "anchors[0].resolution_height");
    CHECK_BAD(anchors[0].resolution_height = 720, ENCAST_STATUS_MISSING_FIELD, "anchors[0].resolution_width", "size");
    CHECK_BAD((anchors[0].resolution_width = 8, anchors[0].resolution_height = 8), ENCAST_STATUS_INVALID_FIELD,
              "anchors[0].resolution_width", "= 8: must be");
    CHECK_BAD(anchors[1].vmaf = NAN, ENCAST_STATUS_MISSING_FIELD, "anchors[1].vmaf", "anchors[1].vmaf", "psnr");
    CHECK_BAD(anchors[1].bitrate_kbps = NAN, ENCAST_STATUS_MISSING_FIELD, "anchors[1].bitrate_kbps", "crf");
    CHECK_BAD(anchors[1].codec = 99, ENCAST_STATUS_BAD_NUMBER, "anchors[1].codec", "anchors[1].codec = 99: known are");
    CHECK_BAD(anchors[1].encoder = -1, ENCAST_STATUS_BAD_NUMBER, "anchors[1].encoder", "anchors[1].encoder = -1");
    CHECK_BAD((anchors[1].codec = ENCAST_CODEC_AV1, anchors[1].encoder = ENCAST_ENCODER_LIBX265),
              ENCAST_STATUS_CONTRADICTION, "anchors[1].encoder", "anchors[1].encoder = libx265", "av1");
    CHECK_BAD(strcpy(anchors[2].preset, "warp"), ENCAST_STATUS_UNKNOWN_NAME, "anchors[2].preset", "warp", "medium");
    CHECK_BAD(strcpy(anchors[2].preset, "\xff"), ENCAST_STATUS_BAD_TEXT, "anchors[2].preset", "anchors[2].preset: ",
              "UTF-8");
    CHECK_BAD(memset(anchors[2].preset, 'x', sizeof anchors[2].preset), ENCAST_STATUS_BAD_TEXT, "anchors[2].preset",
              "no terminating NUL within its 24 bytes");
    CHECK_BAD(anchors[0].struct_size = 0, ENCAST_STATUS_BAD_STRUCT_SIZE, "anchors[0].struct_size",
              "anchors[0]: EncastAnchor.struct_size = 0", "_init");
    CHECK_BAD(anchors[2].struct_size += 8, ENCAST_STATUS_BAD_STRUCT_SIZE, "anchors[2].struct_size",
              "anchors[2]: EncastAnchor.struct_size = ", "as in the first element");
    CHECK_BAD(features.anchor_count = SIZE_MAX / 8, ENCAST_STATUS_BAD_COUNT, "anchor_count", "anchor_count = ");
    CHECK_BAD(features.anchors = NULL, ENCAST_STATUS_NULL_POINTER, "", "anchors is null");
    CHECK(memcmp(&result, &before, sizeof result) == 0);

    /* In an array both indices are told. */
    anchors[1] = anchor_of(1000, -1);
    for (int i = 0; i < 3; i++) {
        rows[i] = anchored_request();
        results[i] = check_result();
        encast_targets_init(&targets[i], sizeof targets[i]);
        strcpy(targets[i].title, "title");
    }
    rows[2].anchors = anchors;
    rows[2].anchor_count = 2;
    CHECK_ERROR(encast_predict_batch(model, rows, 3, NULL, results, &row), ENCAST_STATUS_INVALID_FIELD,
                "anchors[1].vmaf", "row 2: anchors[1].vmaf = -1", END);
    CHECK(row == 2 && memcmp(&results[0], &before, sizeof before) == 0);
    CHECK_ERROR(encast_retrain(rows, targets, 3, NULL, &out), ENCAST_STATUS_INVALID_FIELD, "anchors[1].vmaf",
                "row 2: anchors[1].vmaf = -1", END);
    anchors[1].encoder = 77;
    CHECK_ERROR(encast_predict_batch(model, rows, 3, NULL, results, &row), ENCAST_STATUS_BAD_NUMBER,
                "anchors[1].encoder", "row 2: anchors[1].encoder = 77", END);
    CHECK(row == 2 && out == NULL);
}

/* Nothing is learnt from anchors. */
static void training(void) {
    static EncastFeatures features[TABLE_ROWS];
    static EncastTargets targets[TABLE_ROWS];
    EncastRetrainOptions options;
    EncastModel *models[2] = {NULL, NULL};
    EncastResult results[2];
    EncastAnchor anchor = anchor_of(2000, 60);
    EncastFeatures request = check_request();
    encast_retrain_options_init(&options, sizeof options);
    options.targets = (uint64_t)1 << ENCAST_TARGET_VMAF;
    for (int with = 0; with < 2; with++) {
        table_fill(features, targets);
        for (int row = 0; row < TABLE_ROWS; row++) {
            features[row].anchors = &anchor;
            features[row].anchor_count = (size_t)with;
        }
        CHECK_OK(encast_retrain(features, targets, TABLE_ROWS, &options, &models[with]));
        results[with] = predicted(models[with], &request);
        encast_free_model(models[with]);
    }
    CHECK(memcmp(&results[0], &results[1], sizeof results[0]) == 0);
}

int main(void) {
    EncastModel *model = check_default_model();
    every_call(model);
    settings(model);
    old_caller(model);
    content();
    later_header(model);
    errors(model);
    training();
    encast_free_model(model);
    return check_end(120);
}
