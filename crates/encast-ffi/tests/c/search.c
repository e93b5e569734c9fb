/* Searches within limits, ladders, and callers that were built before there were any. */
#include "check.h"
#include "table.h"

enum { CAPACITY = 32 };

/* The options and the recommendation as their first release had them. */
typedef struct {
    uint32_t struct_size;
    double target_vmaf, min_bitrate_kbps, max_bitrate_kbps;
    EncastProfile profile;
} FirstOptions;

typedef struct {
    uint32_t struct_size;
    int32_t unreachable;
    double bitrate_kbps;
    EncastEstimate vmaf;
} FirstRecommendation;

/* A small model that has learnt quality, bitrate, time and cost, so that answers do not hang on the default model. */
static EncastModel *trained(void) {
    static EncastFeatures features[TABLE_ROWS];
    static EncastTargets targets[TABLE_ROWS];
    EncastRetrainOptions options;
    EncastModel *model = NULL;
    table_fill(features, targets);
    for (int row = 0; row < TABLE_ROWS; row++) {
        targets[row].encode_seconds = features[row].bitrate_kbps / 100;
        targets[row].cost_usd = features[row].bitrate_kbps / 1e5;
    }
    CHECK_OK(encast_retrain_options_init(&options, sizeof options));
    options.model_kind = ENCAST_MODEL_KIND_BLEND;
    options.targets = (uint64_t)1 << ENCAST_TARGET_VMAF | (uint64_t)1 << ENCAST_TARGET_ENCODE_SECONDS |
                      (uint64_t)1 << ENCAST_TARGET_COST_USD;
    CHECK_OK(encast_retrain(features, targets, TABLE_ROWS, &options, &model));
    if (model == NULL) {
        exit(1);
    }
    return model;
}

static EncastPredictOptions default_options(void) {
    EncastPredictOptions options;
    encast_predict_options_init(&options, sizeof options);
    return options;
}

static EncastRecommendation no_answer(void) {
    EncastRecommendation answer;
    encast_recommendation_init(&answer, sizeof answer);
    return answer;
}

/* What lies behind the structs of an old caller is neither read nor written, and the answer is the same. */
static void old_caller(const EncastModel *model) {
    struct {
        FirstOptions options;
        double behind[6];
    } old;
    struct {
        FirstRecommendation answer;
        unsigned char behind[sizeof(EncastRecommendation)];
    } out;
    EncastFeatures features = check_request();
    EncastResult before = check_result(), after = check_result();
    EncastPredictOptions options = default_options();
    EncastRecommendation due = no_answer();
    CHECK(sizeof(FirstOptions) == 384 && sizeof(FirstRecommendation) == 40);
    CHECK_OK(encast_predict_options_init((EncastPredictOptions *)(void *)&old, sizeof(FirstOptions)));
    for (int i = 0; i < 6; i++) {
        old.behind[i] = -1; /* an error, if it were looked at */
    }
    memset(&out, 0xA5, sizeof out);
    CHECK_OK(encast_recommendation_init((EncastRecommendation *)(void *)&out, sizeof(FirstRecommendation)));
    old.options.target_vmaf = options.target_vmaf = 60;

    CHECK_OK(encast_recommend_bitrate(model, &features, &options, &due));
    CHECK_OK(encast_recommend_bitrate(model, &features, (EncastPredictOptions *)(void *)&old,
                                      (EncastRecommendation *)(void *)&out));
    CHECK(out.answer.bitrate_kbps == due.bitrate_kbps && out.answer.vmaf.lower == due.vmaf.lower);
    CHECK(out.answer.struct_size == 40 && out.answer.unreachable == 0);
    CHECK(check_all_bytes(out.behind, sizeof out.behind, 0xA5));

    CHECK_OK(encast_predict(model, &features, &options, &before));
    CHECK_OK(encast_predict(model, &features, (EncastPredictOptions *)(void *)&old, &after));
    CHECK(before.vmaf.lower == after.vmaf.lower && before.vmaf.upper == after.vmaf.upper);
}

static void levels(const EncastModel *model) {
    static const double bad[] = {-1, 0.05, 0.99, 1, INFINITY, NAN};
    EncastFeatures features = check_request();
    EncastPredictOptions options = default_options();
    EncastResult narrow = check_result(), usual = check_result(), zero = check_result();
    options.level = 0.5;
    CHECK_OK(encast_predict(model, &features, &options, &narrow));
    CHECK_OK(encast_predict(model, &features, NULL, &usual));
    options.level = 0;
    CHECK_OK(encast_predict(model, &features, &options, &zero));
    CHECK(narrow.vmaf.value == usual.vmaf.value);
    CHECK(narrow.vmaf.upper - narrow.vmaf.lower < usual.vmaf.upper - usual.vmaf.lower);
    CHECK(zero.vmaf.lower == usual.vmaf.lower && zero.vmaf.upper == usual.vmaf.upper);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        options.level = bad[i];
        CHECK_ERROR(encast_predict(model, &features, &options, &zero), ENCAST_STATUS_INVALID_FIELD, "level",
                    "0.1 to 0.98", END);
    }
}

static void bitrates(const EncastModel *model) {
    EncastFeatures features = check_request();
    EncastPredictOptions options = default_options();
    EncastRecommendation plain = no_answer(), assured = no_answer(), limited = no_answer();
    features.duration_s = 60; /* as in the table */
    options.target_vmaf = 60;
    CHECK_OK(encast_recommend_bitrate(model, &features, &options, &plain));
    CHECK(plain.outcome == ENCAST_OUTCOME_REACHED && plain.limit == 0 && plain.unreachable == 0);
    CHECK(isnan(plain.crf) && plain.assured_vmaf == plain.vmaf.value && plain.assured_vmaf >= 60);
    CHECK(isnan(plain.limit_allowed) && isnan(plain.limit_forecast) && isnan(plain.needed));
    CHECK(isnan(plain.needed_vmaf.value));

    options.assurance = 0.8;
    CHECK_OK(encast_recommend_bitrate(model, &features, &options, &assured));
    CHECK(assured.bitrate_kbps > plain.bitrate_kbps && assured.vmaf.value > assured.assured_vmaf);
    CHECK((assured.outcome == ENCAST_OUTCOME_REACHED) == (assured.assured_vmaf >= 60));
    options.assurance = NAN;

    /* Time grows with the bitrate: a limit below what the target takes stands against it. */
    features.bitrate_kbps = plain.bitrate_kbps;
    options.max_encode_seconds = plain.bitrate_kbps / 100 / 3;
    CHECK_OK(encast_recommend_bitrate(model, &features, &options, &limited));
    CHECK(limited.outcome == ENCAST_OUTCOME_OVER_LIMIT && limited.limit == ENCAST_LIMIT_ENCODE_SECONDS);
    CHECK(limited.unreachable == 1 && limited.limit_allowed == options.max_encode_seconds);
    CHECK(limited.limit_forecast > limited.limit_allowed && limited.needed_vmaf.value >= 60);
    CHECK(limited.needed > 0 && (isnan(limited.bitrate_kbps) || limited.bitrate_kbps < limited.needed));
    options.max_encode_seconds = NAN;
    options.max_cost_usd = plain.bitrate_kbps / 1e5 / 3;
    CHECK_OK(encast_recommend_bitrate(model, &features, &options, &limited));
    CHECK(limited.outcome == ENCAST_OUTCOME_OVER_LIMIT && limited.limit == ENCAST_LIMIT_COST_USD);
    options.max_cost_usd = 1e-12; /* no bitrate at all */
    CHECK_OK(encast_recommend_bitrate(model, &features, &options, &limited));
    CHECK(limited.outcome == ENCAST_OUTCOME_OVER_LIMIT && isnan(limited.bitrate_kbps) && isnan(limited.vmaf.value));
    options.max_cost_usd = 1e9;
    CHECK_OK(encast_recommend_bitrate(model, &features, &options, &limited));
    CHECK(limited.outcome == ENCAST_OUTCOME_REACHED);

    options = default_options();
    options.target_vmaf = 99.9;
    options.max_bitrate_kbps = 150;
    CHECK_OK(encast_recommend_bitrate(model, &features, &options, &limited));
    CHECK(limited.outcome == ENCAST_OUTCOME_UNREACHABLE && limited.unreachable == 1 && limited.limit == 0);
    CHECK(limited.bitrate_kbps == 150 && isnan(limited.needed));
}

/* On the default model, which forecasts from a CRF too. */
static void crfs(const EncastModel *model) {
    EncastFeatures features = check_request();
    EncastResult at = check_result();
    EncastPredictOptions options = default_options();
    EncastRecommendation answer = no_answer(), low = no_answer();
    CHECK_ERROR(encast_recommend_crf(model, &features, &options, &answer), ENCAST_STATUS_MISSING_FIELD, "codec", END);
    features.encoder = ENCAST_ENCODER_LIBX264;
    options.target_vmaf = 60;
    CHECK_OK(encast_recommend_crf(model, &features, &options, &low));
    options.target_vmaf = 85;
    CHECK_OK(encast_recommend_crf(model, &features, &options, &answer));
    CHECK(answer.outcome == ENCAST_OUTCOME_REACHED && isnan(answer.bitrate_kbps));
    CHECK(answer.crf == floor(answer.crf) && answer.crf >= 0 && answer.crf <= 51 && answer.crf <= low.crf);
    features.crf = answer.crf;
    features.bitrate_kbps = NAN;
    CHECK_OK(encast_predict(model, &features, NULL, &at));
    CHECK(at.vmaf.value == answer.vmaf.value && at.vmaf.value >= 85);
    features.crf = answer.crf + 1;
    CHECK_OK(encast_predict(model, &features, NULL, &at));
    CHECK(at.vmaf.value < 85);

    options.min_crf = options.max_crf = 51;
    options.target_vmaf = 99;
    CHECK_OK(encast_recommend_crf(model, &features, &options, &answer));
    CHECK(answer.outcome == ENCAST_OUTCOME_UNREACHABLE && answer.crf == 51 && answer.vmaf.value < 99);
    options.max_crf = 50;
    CHECK_ERROR(encast_recommend_crf(model, &features, &options, &answer), ENCAST_STATUS_INVALID_FIELD, "max_crf",
                "min_crf = 51", END);
    options.max_crf = 63;
    CHECK_ERROR(encast_recommend_crf(model, &features, &options, &answer), ENCAST_STATUS_INVALID_FIELD, "max_crf",
                "0 to 51", END);
}

static void bad_options(const EncastModel *model) {
    static const double bad[] = {-1, 0, INFINITY};
    EncastFeatures features = check_request();
    EncastRecommendation answer = no_answer();
    EncastPredictOptions options;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        options = default_options();
        options.assurance = bad[i];
        CHECK_ERROR(encast_recommend_bitrate(model, &features, &options, &answer), ENCAST_STATUS_INVALID_FIELD,
                    "assurance", "0.5 to 0.99", END);
        options = default_options();
        options.max_encode_seconds = bad[i];
        CHECK_ERROR(encast_recommend_bitrate(model, &features, &options, &answer), ENCAST_STATUS_INVALID_FIELD,
                    "max_encode_seconds", "above 0", END);
        options = default_options();
        options.max_cost_usd = bad[i];
        CHECK_ERROR(encast_recommend_bitrate(model, &features, &options, &answer), ENCAST_STATUS_INVALID_FIELD,
                    "max_cost_usd", "above 0", END);
    }
    CHECK(answer.outcome == 0 && isnan(answer.bitrate_kbps));
}

static void init_rungs(EncastRung *rungs) {
    for (int i = 0; i < CAPACITY; i++) {
        CHECK_OK(encast_rung_init(&rungs[i], sizeof rungs[i]));
    }
}

/* Whether rungs rise, are forecasts of the model, and nothing behind them was written. */
static void rungs_rise(const EncastModel *model, const EncastFeatures *source, const EncastRung *rungs, size_t count) {
    CHECK(count >= 1 && count < CAPACITY);
    for (size_t i = 0; i < count; i++) {
        EncastFeatures features = *source;
        EncastResult result = check_result();
        if (isnan(features.source_width)) { /* the encoded size stands for it */
            features.source_width = source->resolution_width;
            features.source_height = source->resolution_height;
        }
        features.bitrate_kbps = rungs[i].bitrate_kbps;
        features.crf = NAN;
        features.resolution_width = rungs[i].width;
        features.resolution_height = rungs[i].height;
        CHECK_OK(encast_predict(model, &features, NULL, &result));
        CHECK(result.vmaf.value == rungs[i].vmaf.value && result.vmaf.lower == rungs[i].vmaf.lower);
        CHECK(result.size_mb == rungs[i].size_mb && result.confidence == rungs[i].confidence);
        CHECK(result.out_of_range == rungs[i].out_of_range && rungs[i].reserved == 0);
        CHECK(rungs[i].struct_size == sizeof *rungs && rungs[i].assured_vmaf == rungs[i].vmaf.value);
        CHECK(i == 0 || rungs[i].bitrate_kbps > rungs[i - 1].bitrate_kbps);
        CHECK(i == 0 || rungs[i].vmaf.value > rungs[i - 1].vmaf.value);
        CHECK(i == 0 || rungs[i].height >= rungs[i - 1].height);
    }
    CHECK(rungs[count].width == 0 && isnan(rungs[count].bitrate_kbps));
}

static void ladders(const EncastModel *model) {
    static const EncastSize sizes[] = {{1280, 720}, {640, 360}};
    static const double kbps[] = {6000, 400, 1500};
    static EncastRung rungs[CAPACITY], before[CAPACITY];
    EncastFeatures features = check_request();
    EncastLadderOptions ladder;
    EncastPredictOptions options = default_options();
    size_t count = 77, needed = 77;
    features.encoder = ENCAST_ENCODER_LIBX264;
    init_rungs(rungs);
    memcpy(before, rungs, sizeof rungs);
    CHECK_OK(encast_ladder_options_init(&ladder, sizeof ladder));
    CHECK(ladder.step_vmaf == 6 && ladder.min_bitrate_ratio == 1.2 && ladder.top_vmaf == 95);
    CHECK(ladder.bottom_vmaf == 40 && ladder.size_count == 0 && ladder.bitrate_count == 0);
    CHECK_OK(encast_ladder(model, &features, NULL, NULL, rungs, CAPACITY, &count));
    rungs_rise(model, &features, rungs, count);
    for (size_t i = 1; i < count; i++) {
        CHECK(rungs[i].vmaf.value - rungs[i - 1].vmaf.value >= 6 - 1e-9);
        CHECK(rungs[i].bitrate_kbps / rungs[i - 1].bitrate_kbps >= 1.2 - 1e-9);
    }
    CHECK(count <= (95 - 40) / 6 + 2);

    /* Too little room: the count is told, no rung is written. */
    CHECK_ERROR(encast_ladder(model, &features, NULL, NULL, NULL, 0, &needed), ENCAST_STATUS_BUFFER_TOO_SMALL,
                "capacity", "capacity = 0", END);
    CHECK(needed == count);
    memcpy(rungs, before, sizeof rungs);
    needed = 77;
    CHECK_ERROR(encast_ladder(model, &features, NULL, NULL, rungs, count - 1, &needed),
                ENCAST_STATUS_BUFFER_TOO_SMALL, "capacity", "must be at least", END);
    CHECK(needed == count && memcmp(rungs, before, sizeof rungs) == 0);
    CHECK_OK(encast_ladder(model, &features, NULL, NULL, rungs, count, &needed));

    /* Sizes and bitrates of the caller. */
    init_rungs(rungs);
    ladder.sizes = sizes;
    ladder.size_count = 2;
    ladder.bitrates_kbps = kbps;
    ladder.bitrate_count = 3;
    CHECK_OK(encast_ladder(model, &features, &ladder, &options, rungs, CAPACITY, &count));
    rungs_rise(model, &features, rungs, count);
    CHECK(count <= 3);
    for (size_t i = 0; i < count; i++) {
        CHECK(rungs[i].bitrate_kbps == 400 || rungs[i].bitrate_kbps == 1500 || rungs[i].bitrate_kbps == 6000);
        CHECK((rungs[i].width == 640 && rungs[i].height == 360) || (rungs[i].width == 1280 && rungs[i].height == 720));
        CHECK(isnan(rungs[i].crf) || (rungs[i].crf == floor(rungs[i].crf) && rungs[i].crf <= 51));
    }
    CHECK_OK(encast_ladder_options_init(&ladder, sizeof ladder));
    ladder.bottom_vmaf = ladder.top_vmaf = 100; /* out of reach */
    options.max_bitrate_kbps = 200;
    CHECK_OK(encast_ladder(model, &features, &ladder, &options, NULL, 0, &count));
    CHECK(count == 0);
}

static void bad_ladders(const EncastModel *model) {
    static EncastRung rungs[CAPACITY];
    static const double bad_bitrate[] = {1000, -1};
    EncastFeatures features = check_request();
    EncastLadderOptions ladder;
    EncastPredictOptions options = default_options();
    EncastSize size = {1280, 0};
    size_t count = 77;
    init_rungs(rungs);
#define CHECK_BAD(change, status, ...)                                                                                 \
    do {                                                                                                               \
        encast_ladder_options_init(&ladder, sizeof ladder);                                                            \
        change;                                                                                                        \
        CHECK_ERROR(encast_ladder(model, &features, &ladder, &options, rungs, CAPACITY, &count), status, __VA_ARGS__,  \
                    END);                                                                                              \
    } while (0)
    CHECK_BAD(ladder.step_vmaf = 0, ENCAST_STATUS_INVALID_FIELD, "step_vmaf", "above 0");
    CHECK_BAD(ladder.step_vmaf = NAN, ENCAST_STATUS_INVALID_FIELD, "step_vmaf", "NaN");
    CHECK_BAD(ladder.min_bitrate_ratio = 0.5, ENCAST_STATUS_INVALID_FIELD, "min_bitrate_ratio", "from 1 to 16");
    CHECK_BAD(ladder.top_vmaf = 101, ENCAST_STATUS_INVALID_FIELD, "top_vmaf", "101");
    CHECK_BAD(ladder.bottom_vmaf = 96, ENCAST_STATUS_INVALID_FIELD, "bottom_vmaf", "top_vmaf = 95");
    CHECK_BAD(ladder.reserved = 1, ENCAST_STATUS_BAD_NUMBER, "reserved", "must be 0");
    CHECK_BAD(ladder.struct_size = 8, ENCAST_STATUS_BAD_STRUCT_SIZE, "struct_size", "EncastLadderOptions");
    CHECK_BAD((ladder.sizes = &size, ladder.size_count = 1), ENCAST_STATUS_INVALID_FIELD, "resolution_height", "= 0");
    CHECK_BAD((ladder.sizes = &size, ladder.size_count = 65), ENCAST_STATUS_INVALID_FIELD, "sizes", "at most 64");
    CHECK_BAD((ladder.bitrates_kbps = bad_bitrate, ladder.bitrate_count = 2), ENCAST_STATUS_INVALID_FIELD,
              "bitrates_kbps", "-1");
    CHECK_BAD(ladder.bitrate_count = (size_t)-1, ENCAST_STATUS_INVALID_FIELD, "bitrates_kbps", "at most 64");
    CHECK_BAD(features.frame_rate = -1, ENCAST_STATUS_INVALID_FIELD, "frame_rate", "-1");
    features.frame_rate = 30;
    CHECK_BAD(features.resolution_width = NAN, ENCAST_STATUS_MISSING_FIELD, "source_width", "size");
    features.resolution_width = 1920;
    CHECK_BAD(rungs[3].struct_size = 8, ENCAST_STATUS_BAD_STRUCT_SIZE, "struct_size", "EncastRung", "row 3");
    rungs[3].struct_size = sizeof *rungs;
    CHECK_BAD(options.level = 2, ENCAST_STATUS_INVALID_FIELD, "level", "2");
    CHECK(count == 77 && rungs[0].width == 0);
    CHECK_ERROR(encast_ladder(model, &features, NULL, NULL, rungs, SIZE_MAX / 2, &count), ENCAST_STATUS_BAD_COUNT,
                "capacity", "capacity = ", END);
}

int main(void) {
    EncastModel *model = check_default_model(), *small = trained();
    old_caller(model);
    levels(model);
    bitrates(small);
    crfs(model);
    bad_options(small);
    ladders(model);
    bad_ladders(model);
    encast_free_model(small);
    encast_free_model(model);
    return check_end(150);
}
