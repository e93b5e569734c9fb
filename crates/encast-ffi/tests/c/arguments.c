/* How the functions may be called: null pointers, sizes of structs, arrays, numbers, texts. */
#include "check.h"

/* A struct of a caller with a newer header: the known part, and fields that this library has never heard of. */
typedef struct {
    EncastFeatures known;
    double later[4];
} LaterFeatures;

typedef struct {
    EncastResult known;
    double later[4];
} LaterResult;

static void null_pointers(const EncastModel *model) {
    EncastFeatures features = check_request();
    EncastResult result = check_result();
    EncastModel *out = NULL;
    EncastTargets targets;
    EncastModelInfo info;
    EncastRecommendation recommendation;
    EncastLadderOptions ladder;
    EncastRung rung;
    unsigned char byte = '{';
    int32_t number = 77;
    size_t length = 77, row = 77;
    CHECK_OK(encast_targets_init(&targets, sizeof targets));
    CHECK_OK(encast_model_info_init(&info, sizeof info));
    CHECK_OK(encast_recommendation_init(&recommendation, sizeof recommendation));
    CHECK_OK(encast_ladder_options_init(&ladder, sizeof ladder));
    CHECK_OK(encast_rung_init(&rung, sizeof rung));

    CHECK_NULL(encast_load_model(NULL, &out), "path");
    CHECK_NULL(encast_load_model("model.encast", NULL), "out_model");
    CHECK_NULL(encast_load_default_model(NULL), "out_model");
    CHECK_NULL(encast_load_model_from_memory(NULL, 1, &out), "bytes");
    CHECK_NULL(encast_load_model_from_memory(&byte, 1, NULL), "out_model");
    CHECK_NULL(encast_save_model(NULL, "model.encast"), "model");
    CHECK_NULL(encast_save_model(model, NULL), "path");
    CHECK_NULL(encast_predict(NULL, &features, NULL, &result), "model");
    CHECK_NULL(encast_predict(model, NULL, NULL, &result), "features");
    CHECK_NULL(encast_predict(model, &features, NULL, NULL), "result");
    CHECK_NULL(encast_predict_batch(NULL, &features, 1, NULL, &result, &row), "model");
    CHECK_NULL(encast_predict_batch(model, NULL, 1, NULL, &result, &row), "features");
    CHECK_NULL(encast_predict_batch(model, &features, 1, NULL, NULL, &row), "results");
    CHECK_NULL(encast_recommend_bitrate(NULL, &features, NULL, &recommendation), "model");
    CHECK_NULL(encast_recommend_bitrate(model, NULL, NULL, &recommendation), "features");
    CHECK_NULL(encast_recommend_bitrate(model, &features, NULL, NULL), "recommendation");
    CHECK_NULL(encast_recommend_crf(NULL, &features, NULL, &recommendation), "model");
    CHECK_NULL(encast_recommend_crf(model, NULL, NULL, &recommendation), "features");
    CHECK_NULL(encast_recommend_crf(model, &features, NULL, NULL), "recommendation");
    CHECK_NULL(encast_ladder(NULL, &features, NULL, NULL, &rung, 1, &length), "model");
    CHECK_NULL(encast_ladder(model, NULL, NULL, NULL, &rung, 1, &length), "features");
    CHECK_NULL(encast_ladder(model, &features, NULL, NULL, NULL, 1, &length), "rungs");
    CHECK_NULL(encast_ladder(model, &features, NULL, NULL, &rung, 1, NULL), "out_count");
    ladder.size_count = 1;
    CHECK_NULL(encast_ladder(model, &features, &ladder, NULL, &rung, 1, &length), "sizes");
    ladder.size_count = 0;
    ladder.bitrate_count = 1;
    CHECK_NULL(encast_ladder(model, &features, &ladder, NULL, &rung, 1, &length), "bitrates_kbps");
    CHECK_NULL(encast_retrain(NULL, &targets, 1, NULL, &out), "features");
    CHECK_NULL(encast_retrain(&features, NULL, 1, NULL, &out), "targets");
    CHECK_NULL(encast_retrain(&features, &targets, 1, NULL, NULL), "out_model");
    CHECK_NULL(encast_model_info(NULL, &info), "model");
    CHECK_NULL(encast_model_info(model, NULL), "info");
    CHECK_NULL(encast_model_metadata_json(NULL, NULL, 0, &length), "model");
    CHECK_NULL(encast_model_metadata_json(model, NULL, 1, &length), "buffer");
    CHECK_NULL(encast_model_metadata_json(model, (char *)&byte, 1, NULL), "out_length");
    CHECK_NULL(encast_codec_from_name(NULL, &number), "name");
    CHECK_NULL(encast_codec_from_name("h264", NULL), "out");
    CHECK_NULL(encast_encoder_from_name(NULL, &number), "name");
    CHECK_NULL(encast_encoder_from_name("libx264", NULL), "out");
    CHECK_NULL(encast_features_init(NULL, sizeof(EncastFeatures)), "features");
    CHECK_NULL(encast_anchor_init(NULL, sizeof(EncastAnchor)), "anchor");
    CHECK_NULL(encast_targets_init(NULL, sizeof(EncastTargets)), "targets");
    CHECK_NULL(encast_result_init(NULL, sizeof(EncastResult)), "result");
    CHECK_NULL(encast_recommendation_init(NULL, sizeof(EncastRecommendation)), "recommendation");
    CHECK_NULL(encast_model_info_init(NULL, sizeof(EncastModelInfo)), "info");
    CHECK_NULL(encast_predict_options_init(NULL, sizeof(EncastPredictOptions)), "options");
    CHECK_NULL(encast_ladder_options_init(NULL, sizeof(EncastLadderOptions)), "options");
    CHECK_NULL(encast_rung_init(NULL, sizeof(EncastRung)), "rung");
    CHECK_NULL(encast_retrain_options_init(NULL, sizeof(EncastRetrainOptions)), "options");
    CHECK(out == NULL && number == 77 && length == 77 && row == 77 && byte == '{');

    encast_free_model(NULL);
    CHECK_OK(encast_predict_batch(model, NULL, 0, NULL, NULL, NULL));
    CHECK_OK(encast_predict(model, &features, NULL, &result));
}

/* Every _init function: refuses what is no size or less than the first released one, sets the size that it is told,
   touches nothing behind it. */
#define CHECK_INIT(type, init, first)                                                                                  \
    do {                                                                                                               \
        union {                                                                                                        \
            type value;                                                                                                \
            unsigned char bytes[70000];                                                                                \
        } *memory = malloc(sizeof *memory);                                                                            \
        size_t bad[] = {0, 4, (first) - 8, sizeof(type) + 4, 65544, (size_t)-8};                                       \
        memset(memory, 0xA5, sizeof *memory);                                                                          \
        for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {                                                        \
            CHECK_ERROR(init(&memory->value, bad[i]), ENCAST_STATUS_BAD_STRUCT_SIZE, "struct_size", #type,             \
                        "struct_size = ", END);                                                                        \
        }                                                                                                              \
        CHECK(check_all_bytes(memory, sizeof *memory, 0xA5));                                                          \
        CHECK_OK(init(&memory->value, sizeof(type)));                                                                  \
        CHECK(memory->value.struct_size == sizeof(type));                                                              \
        CHECK(check_all_bytes(memory->bytes + sizeof(type), sizeof *memory - sizeof(type), 0xA5));                     \
        CHECK_OK(init(&memory->value, sizeof(type) + 64));                                                             \
        CHECK(memory->value.struct_size == sizeof(type) + 64);                                                         \
        CHECK(check_all_bytes(memory->bytes + sizeof(type), 64, 0));                                                   \
        CHECK(check_all_bytes(memory->bytes + sizeof(type) + 64, sizeof *memory - sizeof(type) - 64, 0xA5));           \
        free(memory);                                                                                                  \
    } while (0)

static void init_functions(void) {
    EncastPredictOptions predict;
    EncastRetrainOptions retrain;
    CHECK_INIT(EncastFeatures, encast_features_init, 232);
    CHECK_INIT(EncastAnchor, encast_anchor_init, sizeof(EncastAnchor));
    CHECK_INIT(EncastComparison, encast_comparison_init, sizeof(EncastComparison));
    CHECK_INIT(EncastTargets, encast_targets_init, sizeof(EncastTargets));
    CHECK_INIT(EncastResult, encast_result_init, 384);
    CHECK_INIT(EncastRecommendation, encast_recommendation_init, 40);
    CHECK_INIT(EncastModelInfo, encast_model_info_init, sizeof(EncastModelInfo));
    CHECK_INIT(EncastPredictOptions, encast_predict_options_init, 384);
    CHECK_INIT(EncastLadderOptions, encast_ladder_options_init, sizeof(EncastLadderOptions));
    CHECK_INIT(EncastRung, encast_rung_init, sizeof(EncastRung));
    CHECK_INIT(EncastAdviseOptions, encast_advise_options_init, sizeof(EncastAdviseOptions));
    CHECK_INIT(EncastProposal, encast_proposal_init, sizeof(EncastProposal));
    CHECK_INIT(EncastRetrainOptions, encast_retrain_options_init, sizeof(EncastRetrainOptions));

    CHECK_OK(encast_predict_options_init(&predict, sizeof predict));
    CHECK(predict.target_vmaf == 93 && predict.min_bitrate_kbps == 100 && predict.max_bitrate_kbps == 50000);
    CHECK(predict.level == 0.9 && isnan(predict.assurance) && isnan(predict.min_crf) && isnan(predict.max_crf));
    CHECK(isnan(predict.max_encode_seconds) && isnan(predict.max_cost_usd));
    CHECK(isnan(predict.max_energy_kwh) && isnan(predict.max_co2_kg) && predict.site == NULL);
    CHECK(predict.months_stored == 0 && predict.deliveries == 0 && predict.whole_machine == 0);
    CHECK(isnan(predict.profile.pue) && predict.profile.name[0] == '\0');
    CHECK_OK(encast_retrain_options_init(&retrain, sizeof retrain));
    CHECK(retrain.seed == 1 && retrain.threads == 0 && retrain.targets == 0 && retrain.model_kind == 0);
    CHECK(retrain.trained_at == 0 && strcmp(retrain.version, "0") == 0 && retrain.licence[0] == '\0');
}

/* Sizes in structs that are handed to calls; outputs of failed calls stay as they were. */
static void sizes(const EncastModel *model) {
    static const uint32_t bad[] = {0, 1, 4, 8, 65544, 0xFFFFFFF8u, 0xFFFFFFFFu};
    EncastFeatures features = check_request();
    EncastResult result, before;
    EncastPredictOptions options;
    EncastRecommendation recommendation;
    EncastModelInfo info;
    memset(&result, 0x5A, sizeof result);
    result.struct_size = sizeof result;
    before = result;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        features.struct_size = bad[i];
        CHECK_ERROR(encast_predict(model, &features, NULL, &result), ENCAST_STATUS_BAD_STRUCT_SIZE, "struct_size",
                    "EncastFeatures.struct_size", END);
        features.struct_size = sizeof features;
        result.struct_size = bad[i];
        CHECK_ERROR(encast_predict(model, &features, NULL, &result), ENCAST_STATUS_BAD_STRUCT_SIZE, "struct_size",
                    "EncastResult.struct_size", END);
        CHECK_ERROR(encast_predict_batch(model, &features, 1, NULL, &result, NULL), ENCAST_STATUS_BAD_STRUCT_SIZE,
                    "struct_size", "EncastResult.struct_size", END);
        result.struct_size = sizeof result;
        encast_predict_options_init(&options, sizeof options);
        options.struct_size = bad[i];
        CHECK_ERROR(encast_predict(model, &features, &options, &result), ENCAST_STATUS_BAD_STRUCT_SIZE, "struct_size",
                    "EncastPredictOptions.struct_size", END);
        encast_recommendation_init(&recommendation, sizeof recommendation);
        recommendation.struct_size = bad[i];
        CHECK_ERROR(encast_recommend_bitrate(model, &features, NULL, &recommendation), ENCAST_STATUS_BAD_STRUCT_SIZE,
                    "struct_size", "EncastRecommendation.struct_size", END);
        encast_model_info_init(&info, sizeof info);
        info.struct_size = bad[i];
        CHECK_ERROR(encast_model_info(model, &info), ENCAST_STATUS_BAD_STRUCT_SIZE, "struct_size",
                    "EncastModelInfo.struct_size", END);
    }
    CHECK(memcmp(&result, &before, sizeof result) == 0);
    CHECK_OK(encast_predict(model, &features, NULL, &result));
    CHECK(memcmp(&result, &before, sizeof result) != 0 && result.struct_size == sizeof result);
}

/* A caller with a newer header: what this library does not know is neither read nor written. */
static void later_header(const EncastModel *model) {
    LaterFeatures features[3];
    LaterResult results[3];
    EncastFeatures plain = check_request();
    EncastResult due = check_result();
    CHECK_OK(encast_predict(model, &plain, NULL, &due));
    for (int i = 0; i < 3; i++) {
        features[i].known = plain;
        features[i].known.struct_size = sizeof(LaterFeatures);
        memset(features[i].later, 0xC3, sizeof features[i].later);
        CHECK_OK(encast_result_init(&results[i].known, sizeof(LaterResult)));
        memset(results[i].later, 0xC3, sizeof results[i].later);
    }
    CHECK_OK(encast_predict(model, &features[0].known, NULL, &results[0].known));
    CHECK(results[0].known.struct_size == sizeof(LaterResult));
    CHECK(check_all_bytes(results[0].later, sizeof results[0].later, 0xC3));
    results[0].known.struct_size = sizeof due;
    CHECK(memcmp(&results[0].known, &due, sizeof due) == 0);

    results[0].known.struct_size = sizeof(LaterResult);
    CHECK_OK(encast_predict_batch(model, &features[0].known, 3, NULL, &results[0].known, NULL));
    for (int i = 0; i < 3; i++) {
        CHECK(check_all_bytes(results[i].later, sizeof results[i].later, 0xC3));
        results[i].known.struct_size = sizeof due;
        CHECK(memcmp(&results[i].known, &due, sizeof due) == 0);
    }
}

/* Arrays: one size for all elements, no more elements than memory can hold, and the bad row is named. */
static void arrays(const EncastModel *model) {
    EncastFeatures features[4];
    EncastTargets targets[4];
    EncastResult results[4], before[4];
    EncastModel *out = NULL;
    size_t row = 77;
    for (int i = 0; i < 4; i++) {
        features[i] = check_request();
        results[i] = check_result();
        encast_targets_init(&targets[i], sizeof targets[i]);
    }
    memcpy(before, results, sizeof results);

    features[2].struct_size += 8;
    CHECK_ERROR(encast_predict_batch(model, features, 4, NULL, results, &row), ENCAST_STATUS_BAD_STRUCT_SIZE,
                "struct_size", "row 2", "EncastFeatures.struct_size", "as in the first", END);
    CHECK(row == 2);
    CHECK_ERROR(encast_retrain(features, targets, 4, NULL, &out), ENCAST_STATUS_BAD_STRUCT_SIZE, "struct_size",
                "row 2", "EncastFeatures", END);
    features[2].struct_size -= 8;
    results[3].struct_size -= 8;
    CHECK_ERROR(encast_predict_batch(model, features, 4, NULL, results, &row), ENCAST_STATUS_BAD_STRUCT_SIZE,
                "struct_size", "row 3", "EncastResult.struct_size", END);
    CHECK(row == 3);
    results[3].struct_size += 8;
    targets[1].struct_size = 0;
    CHECK_ERROR(encast_retrain(features, targets, 4, NULL, &out), ENCAST_STATUS_BAD_STRUCT_SIZE, "struct_size",
                "row 1", "EncastTargets", END);

    features[1].resolution_width = -5;
    features[3].resolution_width = -5;
    CHECK_ERROR(encast_predict_batch(model, features, 4, NULL, results, &row), ENCAST_STATUS_INVALID_FIELD,
                "resolution_width", "row 1", "resolution_width", "-5", END);
    CHECK(row == 1);
    CHECK_ERROR(encast_predict_batch(model, features, 4, NULL, results, NULL), ENCAST_STATUS_INVALID_FIELD,
                "resolution_width", "row 1", END);
    features[1] = check_request();
    features[3] = check_request();
    features[3].codec = 99;
    CHECK_ERROR(encast_predict_batch(model, features, 4, NULL, results, &row), ENCAST_STATUS_BAD_NUMBER, "codec",
                "row 3", "codec = 99", END);
    CHECK(row == 3);

    row = 77;
    CHECK_ERROR(encast_predict_batch(model, features, SIZE_MAX / 2, NULL, results, &row), ENCAST_STATUS_BAD_COUNT,
                "count", "count = ", END);
    CHECK_ERROR(encast_retrain(features, targets, SIZE_MAX, NULL, &out), ENCAST_STATUS_BAD_COUNT, "count", END);
    CHECK_ERROR(encast_load_model_from_memory((const uint8_t *)features, SIZE_MAX, &out), ENCAST_STATUS_BAD_COUNT,
                "length", END);
    CHECK(row == 77 && out == NULL && memcmp(before, results, sizeof results) == 0);
}

static void numbers_and_names(void) {
    int32_t number = 0;
    int fields = 0, targets = 0;
    for (int32_t codec = -3; codec < 300; codec++) {
        const char *name = encast_codec_name(codec);
        CHECK((name != NULL) == (codec >= ENCAST_CODEC_H264 && codec <= ENCAST_CODEC_VVC));
        if (name != NULL) {
            CHECK_OK(encast_codec_from_name(name, &number));
            CHECK(number == codec);
        }
    }
    for (int32_t encoder = -3; encoder < 300; encoder++) {
        const char *name = encast_encoder_name(encoder);
        CHECK((name != NULL) == (encoder >= ENCAST_ENCODER_LIBX264 && encoder <= ENCAST_ENCODER_LIBVVENC));
        if (name != NULL) {
            CHECK_OK(encast_encoder_from_name(name, &number));
            CHECK(number == encoder);
        }
    }
    CHECK(strcmp(encast_encoder_name(ENCAST_ENCODER_LIBVPX_VP9), "libvpx-vp9") == 0);
    CHECK_OK(encast_codec_from_name("h265", &number));
    CHECK(number == ENCAST_CODEC_HEVC);
    number = 77;
    CHECK_ERROR(encast_codec_from_name("theora", &number), ENCAST_STATUS_UNKNOWN_NAME, "codec", "theora", "h264",
                "hevc", "vp9", "av1", "vvc", END);
    CHECK_ERROR(encast_encoder_from_name("", &number), ENCAST_STATUS_UNKNOWN_NAME, "encoder", "libx264", "libvvenc",
                END);
    CHECK_ERROR(encast_codec_from_name("\xff", &number), ENCAST_STATUS_BAD_TEXT, "codec", "UTF-8", END);
    CHECK(number == 77);
    while (encast_field_name((uint32_t)fields) != NULL) {
        fields++;
    }
    while (encast_target_name((uint32_t)targets) != NULL) {
        targets++;
    }
    CHECK(fields == ENCAST_FIELD_MACHINE + 1 && targets == ENCAST_TARGET_CO2_KG + 1);
    CHECK(encast_field_name(UINT32_MAX) == NULL && encast_target_name(UINT32_MAX) == NULL);
    CHECK(strcmp(encast_field_name(ENCAST_FIELD_MOTION_INTENSITY), "motion_intensity") == 0);
    CHECK(strcmp(encast_target_name(ENCAST_TARGET_PEAK_MEMORY_MB), "peak_memory_mb") == 0);
    CHECK(strcmp(encast_status_name(ENCAST_STATUS_CHECKSUM), "checksum") == 0);
    CHECK(strcmp(encast_status_name(-1), "unknown status") == 0);
    CHECK(encast_abi_version() == ENCAST_ABI_VERSION && strchr(encast_version(), '.') != NULL);
}

/* AddressSanitizer's allocator ends the program where the system's says no. */
const char *__asan_default_options(void);
const char *__asan_default_options(void) {
    return "allocator_may_return_null=1";
}

/* Arrays of a size that cannot be: refused before anything but the first element is looked at. */
static void too_many(const EncastModel *model) {
    EncastFeatures features = check_request();
    EncastResult result = check_result();
    EncastRung rung;
    size_t count = 77, row = 77;
    CHECK_OK(encast_rung_init(&rung, sizeof rung));
    CHECK_ERROR(encast_predict_batch(model, &features, (size_t)1 << 42, NULL, &result, &row),
                ENCAST_STATUS_OUT_OF_MEMORY, "", "4398046511104 elements", END);
    CHECK_ERROR(encast_ladder(model, &features, NULL, NULL, &rung, (size_t)1 << 42, &count),
                ENCAST_STATUS_OUT_OF_MEMORY, "", "EncastRung", END);
    CHECK_ERROR(encast_predict_batch(model, &features, SIZE_MAX / 2, NULL, &result, &row), ENCAST_STATUS_BAD_COUNT,
                "count", "cannot be in memory", END);
    CHECK(row == 77 && count == 77 && isnan(result.predicted_vmaf));
}

int main(void) {
    EncastModel *model = check_default_model();
    null_pointers(model);
    init_functions();
    sizes(model);
    later_header(model);
    arrays(model);
    too_many(model);
    numbers_and_names();
    encast_free_model(model);
    return check_end(300);
}
