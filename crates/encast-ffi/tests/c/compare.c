/* Two encodes of one source side by side. */
#include "check.h"
#include "table.h"

/* A comparison of a caller with a newer header. */
typedef struct {
    EncastComparison known;
    double later[4];
} LaterComparison;

static EncastFeatures encode(const char *preset, double crf) {
    EncastFeatures features = check_request();
    features.encoder = ENCAST_ENCODER_LIBX264;
    features.bitrate_kbps = NAN;
    features.crf = crf;
    strcpy(features.preset, preset);
    return features;
}

static EncastComparison no_comparison(void) {
    EncastComparison comparison;
    CHECK_OK(encast_comparison_init(&comparison, sizeof comparison));
    return comparison;
}

static EncastComparison compared(const EncastModel *model, const EncastFeatures *a, const EncastFeatures *b) {
    EncastComparison comparison = no_comparison();
    CHECK_OK(encast_compare(model, a, b, NULL, NULL, NULL, &comparison));
    return comparison;
}

static int near(double one, double other) {
    return fabs(one - other) <= 1e-9 * (fabs(one) + fabs(other));
}

/* The difference is that of the forecasts, and lies in its interval. */
static void fits(EncastDifference d, EncastEstimate a, EncastEstimate b, int amount) {
    if (isnan(a.value) || isnan(b.value)) {
        CHECK(isnan(d.difference.value) && isnan(d.difference.lower) && isnan(d.difference.upper));
        CHECK(isnan(d.ratio.value) && isnan(d.ratio.lower) && isnan(d.ratio.upper));
        return;
    }
    CHECK(d.difference.value == b.value - a.value);
    CHECK(d.difference.lower <= d.difference.value && d.difference.value <= d.difference.upper);
    if (!amount) {
        CHECK(isnan(d.ratio.value) && isnan(d.ratio.lower) && isnan(d.ratio.upper));
        return;
    }
    CHECK(d.ratio.value == b.value / a.value && d.ratio.lower > 0);
    CHECK(d.ratio.lower <= d.ratio.value && d.ratio.value <= d.ratio.upper);
    CHECK((d.ratio.lower > 1) == (d.difference.lower > 0) && (d.ratio.upper < 1) == (d.difference.upper < 0));
}

static void all_fit(const EncastComparison *c, const EncastResult *a, const EncastResult *b) {
    fits(c->vmaf, a->vmaf, b->vmaf, 0);
    fits(c->psnr, a->psnr, b->psnr, 0);
    fits(c->ssim, a->ssim, b->ssim, 0);
    fits(c->encode_seconds, a->encode_seconds, b->encode_seconds, 1);
    fits(c->cpu_seconds, a->cpu_seconds, b->cpu_seconds, 1);
    fits(c->cpu_percent, a->cpu_percent, b->cpu_percent, 0);
    fits(c->gpu_percent, a->gpu_percent, b->gpu_percent, 0);
    fits(c->peak_memory_mb, a->peak_memory_mb, b->peak_memory_mb, 1);
    fits(c->energy_kwh, a->energy_kwh, b->energy_kwh, 1);
    fits(c->cost_usd, a->cost_usd, b->cost_usd, 1);
    fits(c->co2_kg, a->co2_kg, b->co2_kg, 1);
}

static void forecasts(const EncastModel *model) {
    EncastFeatures a = encode("medium", 23), b = encode("ultrafast", 45);
    EncastResult due_a = check_result(), due_b = check_result(), result_a = check_result(), result_b = check_result();
    EncastComparison c = no_comparison(), back, same, narrow = no_comparison();
    EncastPredictOptions options;
    CHECK_OK(encast_predict(model, &a, NULL, &due_a));
    CHECK_OK(encast_predict(model, &b, NULL, &due_b));
    CHECK_OK(encast_compare(model, &a, &b, NULL, &result_a, &result_b, &c));
    CHECK(memcmp(&result_a, &due_a, sizeof due_a) == 0 && memcmp(&result_b, &due_b, sizeof due_b) == 0);
    all_fit(&c, &due_a, &due_b);
    fits(c.bitrate_kbps, due_a.bitrate_kbps, due_b.bitrate_kbps, 1);
    CHECK(c.struct_size == sizeof c && c.reserved == 0);
    /* A far higher CRF and the fastest preset: surely worse, smaller and faster. */
    CHECK(c.vmaf.difference.upper < 0 && c.bitrate_kbps.ratio.upper < 1 && c.cpu_seconds.ratio.upper < 1);

    back = compared(model, &b, &a);
    CHECK(back.vmaf.difference.value == -c.vmaf.difference.value);
    CHECK(near(back.vmaf.difference.lower, -c.vmaf.difference.upper));
    CHECK(near(back.cpu_seconds.ratio.upper, 1 / c.cpu_seconds.ratio.lower));
    same = compared(model, &a, &a);
    CHECK(same.vmaf.difference.value == 0 && same.cpu_seconds.ratio.value == 1);
    CHECK(same.vmaf.difference.lower < 0 && same.vmaf.difference.upper > 0);

    encast_predict_options_init(&options, sizeof options);
    options.level = 0.5;
    CHECK_OK(encast_compare(model, &a, &b, &options, NULL, &result_b, &narrow));
    CHECK(narrow.vmaf.difference.value == c.vmaf.difference.value);
    CHECK(narrow.vmaf.difference.lower > c.vmaf.difference.lower && narrow.psnr.difference.upper < c.psnr.difference.upper);
    CHECK(result_b.vmaf.lower > due_b.vmaf.lower);

    /* A bitrate that is given is compared with one that is forecast. */
    a.crf = NAN;
    a.bitrate_kbps = 4000;
    c = compared(model, &a, &b);
    CHECK(c.bitrate_kbps.ratio.value == due_b.bitrate_kbps.value / 4000);
    b = a;
    b.bitrate_kbps = 1000;
    c = compared(model, &a, &b);
    CHECK(c.bitrate_kbps.ratio.value == 0.25 && c.bitrate_kbps.difference.value == -3000);
    CHECK(near(c.bitrate_kbps.ratio.lower, 0.25) && near(c.bitrate_kbps.ratio.upper, 0.25));
}

/* A model of quality alone: what it does not forecast is NaN. */
static void not_forecast(void) {
    static EncastFeatures features[TABLE_ROWS];
    static EncastTargets targets[TABLE_ROWS];
    EncastRetrainOptions options;
    EncastModel *model = NULL;
    EncastFeatures a = check_request(), b = check_request();
    EncastResult result_a = check_result(), result_b = check_result();
    EncastComparison c = no_comparison();
    table_fill(features, targets);
    encast_retrain_options_init(&options, sizeof options);
    options.targets = (uint64_t)1 << ENCAST_TARGET_VMAF;
    CHECK_OK(encast_retrain(features, targets, TABLE_ROWS, &options, &model));
    b.bitrate_kbps = 8000;
    CHECK_OK(encast_compare(model, &a, &b, NULL, &result_a, &result_b, &c));
    all_fit(&c, &result_a, &result_b);
    CHECK(c.vmaf.difference.value >= 0 && c.bitrate_kbps.ratio.value == 2 && isnan(c.cpu_seconds.difference.value));
    encast_free_model(model);
}

static void sizes(const EncastModel *model) {
    static const uint32_t bad[] = {0, 8, 576, 65544, 0xFFFFFFFFu};
    EncastFeatures a = encode("medium", 23), b = encode("slow", 23);
    EncastComparison c, due = compared(model, &a, &b);
    EncastResult result = check_result(), before = result;
    LaterComparison later;
    memset(&c, 0x5A, sizeof c);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        c.struct_size = bad[i];
        CHECK_ERROR(encast_compare(model, &a, &b, NULL, &result, NULL, &c), ENCAST_STATUS_BAD_STRUCT_SIZE,
                    "struct_size", "EncastComparison.struct_size", END);
        c.struct_size = sizeof c;
        result.struct_size = bad[i] == 576 ? 376 : bad[i];
        CHECK_ERROR(encast_compare(model, &a, &b, NULL, NULL, &result, &c), ENCAST_STATUS_BAD_STRUCT_SIZE,
                    "struct_size", "EncastResult.struct_size", END);
        result.struct_size = sizeof result;
    }
    CHECK(memcmp(&result, &before, sizeof result) == 0);
    CHECK(check_all_bytes((unsigned char *)&c + 4, sizeof c - 4, 0x5A));
    memset(&later, 0xC3, sizeof later);
    later.known.struct_size = sizeof later;
    CHECK_OK(encast_compare(model, &a, &b, NULL, NULL, NULL, &later.known));
    CHECK(later.known.struct_size == sizeof later && check_all_bytes(later.later, sizeof later.later, 0xC3));
    later.known.struct_size = sizeof due;
    CHECK(memcmp(&later.known, &due, sizeof due) == 0);
}

static void errors(const EncastModel *model) {
    EncastFeatures good = encode("medium", 23), bad = encode("medium", -1);
    EncastComparison c = no_comparison(), before = c;
    EncastResult result = check_result(), untouched = result;
    EncastPredictOptions options;
    CHECK_NULL(encast_compare(NULL, &good, &good, NULL, &result, &result, &c), "model");
    CHECK_NULL(encast_compare(model, NULL, &good, NULL, &result, &result, &c), "a");
    CHECK_NULL(encast_compare(model, &good, NULL, NULL, &result, &result, &c), "b");
    CHECK_NULL(encast_compare(model, &good, &good, NULL, &result, &result, NULL), "comparison");
    CHECK_NULL(encast_comparison_init(NULL, sizeof c), "comparison");
    CHECK_ERROR(encast_compare(model, &bad, &good, NULL, &result, NULL, &c), ENCAST_STATUS_INVALID_FIELD, "crf",
                "crf = -1", END);
    CHECK_ERROR(encast_compare(model, &good, &bad, NULL, &result, NULL, &c), ENCAST_STATUS_INVALID_FIELD, "crf",
                "crf = -1", END);
    bad = encode("warp", 23);
    CHECK_ERROR(encast_compare(model, &good, &bad, NULL, &result, NULL, &c), ENCAST_STATUS_UNKNOWN_NAME, "preset",
                "warp", END);
    bad.struct_size = 8;
    CHECK_ERROR(encast_compare(model, &good, &bad, NULL, &result, NULL, &c), ENCAST_STATUS_BAD_STRUCT_SIZE,
                "struct_size", "EncastFeatures", END);
    encast_predict_options_init(&options, sizeof options);
    options.level = 2;
    CHECK_ERROR(encast_compare(model, &good, &good, &options, &result, NULL, &c), ENCAST_STATUS_INVALID_FIELD, "level",
                "2", END);
    CHECK(memcmp(&c, &before, sizeof c) == 0 && memcmp(&result, &untouched, sizeof result) == 0);
}

int main(void) {
    EncastModel *model = check_default_model();
    forecasts(model);
    not_forecast();
    sizes(model);
    errors(model);
    encast_free_model(model);
    return check_end(100);
}
