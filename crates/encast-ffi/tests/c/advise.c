/* The advisor: proposals are forecasts in their order, limits reject, and bad options are told. */
#include "check.h"
#include "table.h"
#include "box.h"

enum { CAPACITY = 64 };

static EncastProposal blank(void) {
    EncastProposal proposal;
    encast_proposal_init(&proposal, sizeof proposal);
    return proposal;
}

static void blank_all(EncastProposal *proposals) {
    for (int i = 0; i < CAPACITY; i++) {
        proposals[i] = blank();
    }
}

static EncastAdviseOptions goal(double target_vmaf) {
    EncastAdviseOptions options;
    encast_advise_options_init(&options, sizeof options);
    options.target_vmaf = target_vmaf;
    return options;
}

static EncastFeatures source(void) {
    EncastFeatures features = box_request();
    features.encoder = 0;
    features.preset[0] = '\0';
    return features;
}

static size_t reached(const EncastProposal *proposals, size_t count) {
    size_t first = 0;
    while (first < count && proposals[first].outcome == ENCAST_OUTCOME_REACHED) {
        first++;
    }
    for (size_t i = first; i < count; i++) {
        CHECK(proposals[i].outcome != ENCAST_OUTCOME_REACHED && proposals[i].outcome != 0);
        CHECK(isnan(proposals[i].bitrate_kbps.value) && isnan(proposals[i].crf) && proposals[i].on_front == 0);
        CHECK(proposals[i].width > 0 && isnan(proposals[i].confidence) && isnan(proposals[i].co2_kg.value));
    }
    return first;
}

/* Each proposal is what encast_predict() says at its setting. */
static void are_forecasts(const EncastModel *model, const EncastPredictOptions *options,
                          const EncastProposal *proposals, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const EncastProposal *p = &proposals[i];
        EncastFeatures features = source();
        EncastResult result = check_result();
        features.encoder = p->encoder;
        features.codec = p->codec;
        strcpy(features.preset, p->preset);
        features.resolution_width = p->width;
        features.resolution_height = p->height;
        features.source_width = 1920;
        features.source_height = 1080;
        features.bitrate_kbps = p->bitrate_kbps.value;
        CHECK(p->struct_size == sizeof *p && isnan(p->crf) && p->bitrate_kbps.lower == p->bitrate_kbps.upper);
        CHECK_OK(encast_predict(model, &features, options, &result));
        CHECK(result.vmaf.value == p->vmaf.value && result.vmaf.lower == p->vmaf.lower);
        CHECK(result.cost_usd.value == p->cost_usd.value && result.cost_usd.upper == p->cost_usd.upper);
        CHECK(result.co2_kg.value == p->co2_kg.value && result.energy_kwh.value == p->energy_kwh.value);
        CHECK(result.encode_seconds.value == p->encode_seconds.value && result.confidence == p->confidence);
        CHECK(fabs(result.size_mb / p->size_mb.value - 1) < 1e-12 && result.out_of_range == p->out_of_range);
        CHECK(p->limit == 0 && isnan(p->limit_allowed) && p->assured_vmaf == p->vmaf.value);
    }
}

static void ranking(const EncastModel *model, const EncastSite *site) {
    static EncastProposal proposals[CAPACITY];
    EncastProposal best = blank();
    EncastFeatures features = source();
    EncastAdviseOptions advise = goal(60);
    EncastPredictOptions options = box_options(site);
    size_t count = 0, only = 0, front = 0;
    blank_all(proposals);
    CHECK_OK(encast_advise(model, &features, &advise, &options, proposals, CAPACITY, &count));
    CHECK(count >= 8 && count < CAPACITY && proposals[count].outcome == 0); /* 2 encoders, 2 presets, sizes */
    size_t good = reached(proposals, count);
    CHECK(good >= 4);
    are_forecasts(model, &options, proposals, good);
    for (size_t i = 0; i < good; i++) {
        CHECK(proposals[i].vmaf.value >= 60 && (i == 0 || proposals[i].cost_usd.value >= proposals[i - 1].cost_usd.value));
        front += (size_t)proposals[i].on_front;
    }
    CHECK(proposals[0].on_front == 1 && front >= 1 && front <= good);

    CHECK_OK(encast_advise(model, &features, &advise, &options, &best, 1, &only));
    CHECK(only == count && memcmp(&best, &proposals[0], sizeof best) == 0);
    CHECK_OK(encast_advise(model, &features, &advise, &options, NULL, 0, &only));
    CHECK(only == count);

    blank_all(proposals);
    advise.rank_by = ENCAST_RANK_BY_SIZE;
    CHECK_OK(encast_advise(model, &features, &advise, &options, proposals, CAPACITY, &count));
    good = reached(proposals, count);
    for (size_t i = 1; i < good; i++) {
        CHECK(proposals[i].size_mb.value >= proposals[i - 1].size_mb.value);
    }
}

static void choices(const EncastModel *model, const EncastSite *site) {
    static const int32_t encoders[] = {ENCAST_ENCODER_LIBX265};
    static const char *const presets[] = {"fast", "medium"};
    static const EncastSize sizes[] = {{1280, 720}};
    static EncastProposal proposals[CAPACITY];
    EncastFeatures features = source();
    EncastAdviseOptions advise = goal(50);
    EncastPredictOptions options = box_options(site);
    size_t count = 0;
    blank_all(proposals);
    advise.encoders = encoders;
    advise.encoder_count = 1;
    advise.presets = presets;
    advise.preset_count = 2;
    advise.sizes = sizes;
    advise.size_count = 1;
    options.site = NULL;
    CHECK_OK(encast_advise(model, &features, &advise, &options, proposals, CAPACITY, &count));
    CHECK(count == 2 && strcmp(proposals[0].preset, proposals[1].preset) != 0);
    for (size_t i = 0; i < count; i++) {
        CHECK(proposals[i].encoder == ENCAST_ENCODER_LIBX265 && proposals[i].codec == ENCAST_CODEC_HEVC);
        CHECK(proposals[i].width == 1280 && proposals[i].height == 720 && isnan(proposals[i].cost_usd.value));
    }
    /* No limit leaves a setup: each says which stands against it. */
    advise.max_size_mb = 1;
    CHECK_OK(encast_advise(model, &features, &advise, &options, proposals, CAPACITY, &count));
    CHECK(count == 2 && reached(proposals, count) == 0);
    CHECK(proposals[0].outcome == ENCAST_OUTCOME_OVER_LIMIT && proposals[0].limit == ENCAST_LIMIT_SIZE_MB);
    CHECK(proposals[0].limit_allowed == 1 && proposals[0].limit_forecast > 1);
    advise.max_size_mb = NAN;
    options = box_options(box_site("here"));
    options.max_co2_kg = 1e-9;
    CHECK_OK(encast_advise(model, &features, &advise, &options, proposals, CAPACITY, &count));
    CHECK(count == 2 && proposals[1].outcome == ENCAST_OUTCOME_OVER_LIMIT && proposals[1].limit == ENCAST_LIMIT_CO2_KG);
    encast_free_site((EncastSite *)(uintptr_t)options.site);
    /* Without a target the best VMAF that a limit allows. */
    options = box_options(site);
    advise = goal(NAN);
    advise.max_size_mb = 10;
    blank_all(proposals);
    CHECK_OK(encast_advise(model, &features, &advise, &options, proposals, CAPACITY, &count));
    size_t good = reached(proposals, count);
    CHECK(good >= 4);
    for (size_t i = 0; i < good; i++) {
        CHECK(proposals[i].size_mb.value <= 10 * (1 + 1e-9));
        CHECK(i == 0 || proposals[i].assured_vmaf <= proposals[i - 1].assured_vmaf);
    }
    /* An encoder that the model was never taught. */
    features.encoder = ENCAST_ENCODER_LIBVVENC;
    advise = goal(60);
    CHECK_OK(encast_advise(model, &features, &advise, NULL, proposals, CAPACITY, &count));
    CHECK(count >= 1 && proposals[0].outcome == ENCAST_OUTCOME_NOT_FORECAST);
}

static void bad_calls(const EncastModel *model) {
    static EncastProposal proposals[CAPACITY];
    static const int32_t encoders[] = {ENCAST_ENCODER_LIBX265, 0, 99};
    static const char *const presets[] = {"fast", NULL, "warp", "\xff"};
    EncastFeatures features = source();
    EncastAdviseOptions advise;
    size_t count = 77;
    blank_all(proposals);
#define CHECK_BAD(change, status, ...)                                                                                 \
    do {                                                                                                               \
        advise = goal(60);                                                                                             \
        change;                                                                                                        \
        CHECK_ERROR(encast_advise(model, &features, &advise, NULL, proposals, CAPACITY, &count), status, __VA_ARGS__,  \
                    END);                                                                                              \
    } while (0)
    CHECK_BAD(advise.rank_by = 6, ENCAST_STATUS_BAD_NUMBER, "rank_by", "= 6", "1 to 5");
    CHECK_BAD(advise.rank_by = INT32_MIN, ENCAST_STATUS_BAD_NUMBER, "rank_by", "-2147483648");
    CHECK_BAD(advise.rank_by = ENCAST_RANK_BY_COST, ENCAST_STATUS_NOT_PREDICTED, "cost_usd");
    CHECK_BAD(advise.target_vmaf = 101, ENCAST_STATUS_INVALID_FIELD, "target_vmaf", "101");
    CHECK_BAD(advise.target_vmaf = NAN, ENCAST_STATUS_MISSING_FIELD, "target_vmaf", "limit");
    CHECK_BAD(advise.max_size_mb = -1, ENCAST_STATUS_INVALID_FIELD, "max_size_mb", "-1");
    CHECK_BAD((advise.encoders = encoders, advise.encoder_count = 2), ENCAST_STATUS_BAD_NUMBER, "encoders", "= 0");
    CHECK_BAD((advise.encoders = encoders + 2, advise.encoder_count = 1), ENCAST_STATUS_BAD_NUMBER, "encoders", "99",
              "libx264");
    CHECK_BAD(advise.encoder_count = 65, ENCAST_STATUS_INVALID_FIELD, "encoders", "at most 64");
    CHECK_BAD((advise.presets = presets + 2, advise.preset_count = 1), ENCAST_STATUS_UNKNOWN_NAME, "preset", "warp");
    CHECK_BAD((advise.presets = presets + 3, advise.preset_count = 1), ENCAST_STATUS_BAD_TEXT, "presets", "UTF-8");
    CHECK_BAD((advise.presets = presets, advise.preset_count = 2), ENCAST_STATUS_NULL_POINTER, "", "presets is null");
    CHECK_BAD(advise.preset_count = 1, ENCAST_STATUS_NULL_POINTER, "", "presets is null");
    CHECK_BAD(advise.size_count = 1, ENCAST_STATUS_NULL_POINTER, "", "sizes is null");
    CHECK_BAD(advise.struct_size = 8, ENCAST_STATUS_BAD_STRUCT_SIZE, "struct_size", "EncastAdviseOptions");
    CHECK_BAD(proposals[2].struct_size -= 8, ENCAST_STATUS_BAD_STRUCT_SIZE, "struct_size", "EncastProposal", "row 2");
    proposals[2] = blank();
    CHECK_BAD(features.frame_rate = -1, ENCAST_STATUS_INVALID_FIELD, "frame_rate", "-1");
    features = source();
    CHECK_NULL(encast_advise(NULL, &features, NULL, NULL, proposals, CAPACITY, &count), "model");
    CHECK_NULL(encast_advise(model, NULL, NULL, NULL, proposals, CAPACITY, &count), "features");
    CHECK_NULL(encast_advise(model, &features, NULL, NULL, NULL, 1, &count), "proposals");
    CHECK_NULL(encast_advise(model, &features, NULL, NULL, proposals, CAPACITY, NULL), "out_count");
    CHECK_NULL(encast_advise_options_init(NULL, sizeof advise), "options");
    CHECK_NULL(encast_proposal_init(NULL, sizeof *proposals), "proposal");
    CHECK(count == 77 && proposals[0].outcome == 0 && proposals[0].width == 0);
}

int main(void) {
    EncastModel *model = box_model();
    EncastSite *site = box_site("here");
    ranking(model, site);
    choices(model, site);
    bad_calls(model);
    encast_free_site(site);
    encast_free_model(model);
    return check_end(120);
}
