/* What training rows get: a model, or an error that says what is wrong; never a silently wrong model. */
#include "check.h"
#include "table.h"

static EncastFeatures features[TABLE_ROWS];
static EncastTargets targets[TABLE_ROWS];

static EncastModel *trained(const EncastRetrainOptions *options) {
    EncastModel *model = NULL;
    table_fill(features, targets);
    CHECK_OK(encast_retrain(features, targets, TABLE_ROWS, options, &model));
    if (model == NULL) {
        exit(1);
    }
    return model;
}

/* Trains on the first rows of the table as it stands, and expects no model. */
#define CHECK_NO_MODEL(count, options, ...)                                                                            \
    do {                                                                                                               \
        EncastModel *none = NULL;                                                                                      \
        CHECK_ERROR(encast_retrain(features, targets, (count), (options), &none), __VA_ARGS__);                        \
        CHECK(none == NULL);                                                                                           \
        table_fill(features, targets);                                                                                 \
    } while (0)

static void good(void) {
    EncastRetrainOptions options;
    EncastModelInfo info;
    EncastModel *model, *again;
    EncastResult result = check_result(), same = check_result(), worse = check_result();
    CHECK_OK(encast_retrain_options_init(&options, sizeof options));
    strcpy(options.version, "made-up-1");
    strcpy(options.vmaf_model, "none");
    strcpy(options.licence, "CC0-1.0");
    options.trained_at = 1700000000;
    options.seed = 7;
    model = trained(&options);
    CHECK_OK(encast_model_info_init(&info, sizeof info));
    CHECK_OK(encast_model_info(model, &info));
    CHECK(strcmp(info.version, "made-up-1") == 0 && strcmp(info.vmaf_model, "none") == 0);
    CHECK(strcmp(info.licence, "CC0-1.0") == 0 && info.trained_at == 1700000000);
    CHECK(info.rows == TABLE_ROWS && info.titles == TABLE_TITLES && info.trees > 0 && info.format_version >= 1);
    CHECK(info.targets >> ENCAST_TARGET_VMAF & 1 && info.targets >> ENCAST_TARGET_CPU_SECONDS & 1);
    CHECK(!(info.targets >> ENCAST_TARGET_SSIM & 1) && info.struct_size == sizeof info);

    CHECK_OK(encast_predict(model, &features[7], NULL, &result));
    CHECK(fabs(result.predicted_vmaf - targets[7].vmaf) < 15 && fabs(result.predicted_psnr - targets[7].psnr) < 5);
    CHECK(isnan(result.ssim.value) && isnan(result.ssim.lower) && isnan(result.ssim.upper));
    features[0] = features[7];
    features[0].bitrate_kbps /= 4;
    CHECK_OK(encast_predict(model, &features[0], NULL, &worse));
    CHECK(worse.predicted_vmaf <= result.predicted_vmaf);

    options.threads = 1;
    again = trained(&options);
    CHECK_OK(encast_predict(again, &features[7], NULL, &same));
    CHECK(memcmp(&result, &same, sizeof result) == 0);
    encast_free_model(again);
    encast_free_model(model);

    options.model_kind = ENCAST_MODEL_KIND_FOREST;
    options.targets = (uint64_t)1 << ENCAST_TARGET_PSNR;
    model = trained(&options);
    CHECK_OK(encast_model_info(model, &info));
    CHECK(info.targets == (uint64_t)1 << ENCAST_TARGET_PSNR);
    CHECK_OK(encast_predict(model, &features[7], NULL, &result));
    CHECK(isnan(result.predicted_vmaf) && !isnan(result.predicted_psnr) && isnan(result.recommended_bitrate_kbps));
    encast_free_model(model);
}

static void metadata(void) {
    EncastModel *model = trained(NULL);
    size_t length = 0, written = 0;
    char *text;
    CHECK_ERROR(encast_model_metadata_json(model, NULL, 0, &length), ENCAST_STATUS_BUFFER_TOO_SMALL, "capacity", END);
    CHECK(length > 100);
    text = malloc(length + 1);
    memset(text, 0x5A, length + 1);
    CHECK_ERROR(encast_model_metadata_json(model, text, length, &written), ENCAST_STATUS_BUFFER_TOO_SMALL, "capacity",
                "must be at least", END);
    CHECK(check_all_bytes(text, length + 1, 0x5A) && written == length);
    CHECK_OK(encast_model_metadata_json(model, text, length + 1, &written));
    CHECK(written == length && strlen(text) == length && text[0] == '{' && text[length - 1] == '}');
    CHECK(strstr(text, "\"ranges\"") != NULL && strstr(text, "\"trained_at\"") != NULL);
    free(text);
    encast_free_model(model);
}

static void bad_rows(void) {
    table_fill(features, targets);
    CHECK_NO_MODEL(0, NULL, ENCAST_STATUS_TOO_FEW, "", "rows", END);
    CHECK_NO_MODEL(3, NULL, ENCAST_STATUS_TOO_FEW, "", "3", END);
    for (int row = 0; row < TABLE_ROWS; row++) {
        strcpy(targets[row].title, "the same");
    }
    CHECK_NO_MODEL(TABLE_ROWS, NULL, ENCAST_STATUS_TOO_FEW, "", "titles", "1", END);
    for (int row = 0; row < TABLE_ROWS; row++) {
        targets[row].vmaf = 50;
    }
    CHECK_NO_MODEL(TABLE_ROWS, NULL, ENCAST_STATUS_CONSTANT_TARGET, "vmaf", "vmaf", "50", END);
    for (int row = 0; row < TABLE_ROWS; row++) {
        targets[row].vmaf = targets[row].psnr = targets[row].cpu_seconds = NAN;
    }
    CHECK_NO_MODEL(TABLE_ROWS, NULL, ENCAST_STATUS_TOO_FEW, "", END);

    targets[5].vmaf = INFINITY;
    CHECK_NO_MODEL(TABLE_ROWS, NULL, ENCAST_STATUS_INVALID_FIELD, "vmaf", "row 5", "vmaf", "inf", END);
    targets[6].vmaf = 100.5;
    CHECK_NO_MODEL(TABLE_ROWS, NULL, ENCAST_STATUS_INVALID_FIELD, "vmaf", "row 6", "100.5", END);
    targets[6].cpu_seconds = -1;
    CHECK_NO_MODEL(TABLE_ROWS, NULL, ENCAST_STATUS_INVALID_FIELD, "cpu_seconds", "row 6", "-1", END);
    features[9].frame_rate = 0;
    CHECK_NO_MODEL(TABLE_ROWS, NULL, ENCAST_STATUS_INVALID_FIELD, "frame_rate", "row 9", "frame_rate = 0", END);
    features[9].codec = 44;
    CHECK_NO_MODEL(TABLE_ROWS, NULL, ENCAST_STATUS_BAD_NUMBER, "codec", "row 9", "44", END);
    memset(targets[8].title, 'x', sizeof targets[8].title);
    CHECK_NO_MODEL(TABLE_ROWS, NULL, ENCAST_STATUS_BAD_TEXT, "title", "row 8", "128", END);
    strcpy(targets[8].title, "\xff");
    CHECK_NO_MODEL(TABLE_ROWS, NULL, ENCAST_STATUS_BAD_TEXT, "title", "row 8", "UTF-8", END);
}

/* Each target is checked under its own name: the values of EncastTargets arrive where they belong. */
static void bad_targets(void) {
    static const size_t offsets[] = {
        offsetof(EncastTargets, vmaf),           offsetof(EncastTargets, psnr),
        offsetof(EncastTargets, ssim),           offsetof(EncastTargets, bitrate_kbps),
        offsetof(EncastTargets, encode_seconds), offsetof(EncastTargets, cpu_seconds),
        offsetof(EncastTargets, cpu_percent),    offsetof(EncastTargets, gpu_percent),
        offsetof(EncastTargets, peak_memory_mb), offsetof(EncastTargets, energy_kwh),
        offsetof(EncastTargets, cost_usd),       offsetof(EncastTargets, co2_kg),
    };
    static const double bad[] = {-2, INFINITY, -INFINITY, 1e300};
    CHECK(sizeof offsets / sizeof *offsets == ENCAST_TARGET_CO2_KG + 1);
    for (uint32_t target = 0; target < sizeof offsets / sizeof *offsets; target++) {
        for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
            memcpy((char *)&targets[4] + offsets[target], &bad[i], sizeof bad[i]);
            CHECK_NO_MODEL(TABLE_ROWS, NULL, ENCAST_STATUS_INVALID_FIELD, encast_target_name(target), "row 4",
                           encast_target_name(target), END);
        }
    }
}

/* Prices turn the forecast CPU time into cost, and travel in the bundle. */
static void prices(void) {
    EncastRetrainOptions options;
    EncastPredictOptions other;
    EncastResult result = check_result(), dearer = check_result();
    EncastModel *model;
    size_t length;
    char *text;
    double hours;
    encast_retrain_options_init(&options, sizeof options);
    options.seed = 4711;
    strcpy(options.probe_recipe, "none was made");
    strcpy(options.profile.name, "made-up machine");
    strcpy(options.profile.source, "made-up prices");
    options.profile.usd_per_cpu_hour = 0.05;
    options.profile.watts_per_cpu = 10;
    options.profile.pue = 1.5;
    options.profile.grid_g_per_kwh = 300;
    model = trained(&options);
    CHECK_OK(encast_predict(model, &features[7], NULL, &result));
    hours = result.cpu_seconds.value / 3600;
    CHECK(hours > 0 && fabs(result.predicted_cost_usd / (hours * 0.05) - 1) < 1e-12);
    CHECK(fabs(result.energy_kwh.value / (hours * 10 * 1.5 / 1000) - 1) < 1e-12);
    CHECK(fabs(result.predicted_co2_kg / (result.energy_kwh.value * 0.3) - 1) < 1e-12);
    CHECK(result.cost_usd.value == result.predicted_cost_usd && result.co2_kg.value == result.predicted_co2_kg);

    encast_predict_options_init(&other, sizeof other);
    other.profile = options.profile;
    other.profile.usd_per_cpu_hour = 0.5;
    CHECK_OK(encast_predict(model, &features[7], &other, &dearer));
    CHECK(fabs(dearer.predicted_cost_usd / result.predicted_cost_usd - 10) < 1e-9);
    CHECK(dearer.predicted_co2_kg == result.predicted_co2_kg);

    CHECK(encast_model_metadata_json(model, NULL, 0, &length) == ENCAST_STATUS_BUFFER_TOO_SMALL);
    text = malloc(length + 1);
    CHECK_OK(encast_model_metadata_json(model, text, length + 1, &length));
    CHECK(strstr(text, "none was made") != NULL && strstr(text, "made-up machine") != NULL);
    CHECK(strstr(text, "made-up prices") != NULL && strstr(text, "\"seed\":4711") != NULL);
    free(text);
    encast_free_model(model);
}

static void bad_options(void) {
    EncastRetrainOptions options;
    encast_retrain_options_init(&options, sizeof options);
    options.model_kind = 4;
    CHECK_NO_MODEL(TABLE_ROWS, &options, ENCAST_STATUS_BAD_NUMBER, "model_kind", "4", "boosting", "forest", "3 (blend)",
                   END);
    encast_retrain_options_init(&options, sizeof options);
    options.targets = (uint64_t)1 << (ENCAST_TARGET_CO2_KG + 1);
    CHECK_NO_MODEL(TABLE_ROWS, &options, ENCAST_STATUS_BAD_NUMBER, "targets", "0x1000", "0xfff", END);
    encast_retrain_options_init(&options, sizeof options);
    options.reserved = 1;
    CHECK_NO_MODEL(TABLE_ROWS, &options, ENCAST_STATUS_BAD_NUMBER, "reserved", END);
    encast_retrain_options_init(&options, sizeof options);
    options.struct_size = 8;
    CHECK_NO_MODEL(TABLE_ROWS, &options, ENCAST_STATUS_BAD_STRUCT_SIZE, "struct_size", "EncastRetrainOptions", END);
    encast_retrain_options_init(&options, sizeof options);
    memset(options.version, 'v', sizeof options.version);
    CHECK_NO_MODEL(TABLE_ROWS, &options, ENCAST_STATUS_BAD_TEXT, "version", "64", END);
    encast_retrain_options_init(&options, sizeof options);
    options.profile.pue = 0;
    CHECK_NO_MODEL(TABLE_ROWS, &options, ENCAST_STATUS_INVALID_FIELD, "usd_per_cpu_hour", END);
    encast_retrain_options_init(&options, sizeof options);
    options.targets = (uint64_t)1 << ENCAST_TARGET_SSIM; /* not measured by any row */
    CHECK_NO_MODEL(TABLE_ROWS, &options, ENCAST_STATUS_TOO_FEW, "", "ssim", END);
}

int main(void) {
    good();
    metadata();
    bad_rows();
    bad_targets();
    prices();
    bad_options();
    return check_end(160);
}
