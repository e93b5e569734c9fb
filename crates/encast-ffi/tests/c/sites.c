/* Machines in regions: what a job takes there, by hand; bad profiles; handles that outlive others, and many threads. */
#include "check.h"
#include "table.h"
#include "box.h"
#include <pthread.h>

enum { THREADS = 4, ROUNDS = 500 };

/* The options and the result as they were before there were sites. */
enum { EARLIER_OPTIONS = 432, EARLIER_RESULT = 384 };

static int close_to(double found, double due) {
    return fabs(found / due - 1) < 1e-12;
}

static double cpu_seconds_on_the_reference(const EncastModel *model, const EncastFeatures *features) {
    EncastResult plain = check_result();
    CHECK_OK(encast_predict(model, features, NULL, &plain));
    CHECK(plain.cpu_seconds.value > 0 && isnan(plain.encode_seconds.value));
    CHECK(isnan(plain.energy_cpu_kwh) && isnan(plain.cost_egress_usd) && isnan(plain.sci_g_per_minute));
    return plain.cpu_seconds.value;
}

/* The formulas of docs/cost-and-carbon.md with the box's numbers. */
static void by_hand(const EncastModel *model, const EncastSite *site) {
    EncastFeatures features = box_request();
    EncastPredictOptions options = box_options(site);
    EncastResult all = check_result(), half = check_result(), whole = check_result();
    double cpu = cpu_seconds_on_the_reference(model, &features) / 0.5;
    double seconds = cpu * (0.1 + 0.9 / 4), gb = 4000.0 * 60 / 8000 / 1000;
    double year = 365.25 * 24 * 3600;
    CHECK_OK(encast_predict(model, &features, &options, &all));
    CHECK(close_to(all.cpu_seconds.value, cpu) && close_to(all.encode_seconds.value, seconds));
    CHECK(close_to(all.cpu_percent.value, 100 * cpu / seconds));
    CHECK(close_to(all.energy_cpu_kwh, (12 - 2) * cpu * 1.5 / 3.6e6));
    CHECK(close_to(all.energy_idle_kwh, 2 * 4 * seconds * 1.5 / 3.6e6));
    CHECK(close_to(all.energy_memory_kwh, 0.5 * 8 * seconds * 1.5 / 3.6e6));
    CHECK(close_to(all.energy_kwh.value, all.energy_cpu_kwh + all.energy_idle_kwh + all.energy_memory_kwh));
    CHECK(close_to(all.cost_compute_usd, seconds / 3600 * 0.36));
    CHECK(close_to(all.cost_egress_usd, gb * 20 * 0.1) && close_to(all.cost_storage_usd, gb * 3 * 0.02));
    CHECK(close_to(all.cost_usd.value, all.cost_compute_usd + all.cost_egress_usd + all.cost_storage_usd));
    CHECK(all.predicted_cost_usd == all.cost_usd.value && all.predicted_co2_kg == all.co2_kg.value);
    CHECK(close_to(all.co2_operational_kg, all.energy_kwh.value * 0.4));
    CHECK(close_to(all.co2_embodied_kg, 40 * 4 * seconds / (4 * year)));
    CHECK(close_to(all.co2_kg.value, all.co2_operational_kg + all.co2_embodied_kg));
    CHECK(close_to(all.sci_g_per_minute, all.co2_kg.value * 1000));
    CHECK(all.cost_usd.lower <= all.cost_usd.value && all.cost_usd.value < all.cost_usd.upper);

    features.threads = 2;
    CHECK_OK(encast_predict(model, &features, &options, &half));
    cpu = half.cpu_seconds.value;
    CHECK(close_to(half.encode_seconds.value, cpu * (0.1 + 0.9 / 2)));
    CHECK(close_to(half.cost_compute_usd, half.encode_seconds.value / 3600 * 0.18));
    options.whole_machine = 1;
    CHECK_OK(encast_predict(model, &features, &options, &whole));
    CHECK(close_to(whole.cost_compute_usd, 2 * half.cost_compute_usd));
    CHECK(close_to(whole.co2_embodied_kg, 2 * half.co2_embodied_kg) && whole.energy_cpu_kwh == half.energy_cpu_kwh);
}

/* What is not known there is NaN, and so is every sum of it. */
static void without_prices(const EncastModel *model) {
    EncastSite *there = box_site("there");
    EncastFeatures features = box_request();
    EncastPredictOptions options = box_options(there);
    EncastResult result = check_result();
    CHECK_OK(encast_predict(model, &features, &options, &result));
    CHECK(isnan(result.cost_compute_usd) && isnan(result.cost_egress_usd) && isnan(result.cost_usd.value));
    CHECK(result.co2_kg.value > 0 && close_to(result.co2_operational_kg, result.energy_kwh.value * 0.04));
    options.deliveries = options.months_stored = 0;
    CHECK_OK(encast_predict(model, &features, &options, &result));
    CHECK(result.cost_egress_usd == 0 && result.cost_storage_usd == 0 && isnan(result.predicted_cost_usd));
    /* No parallel share of libaom is known: no time, and nothing that needs one. */
    features.encoder = ENCAST_ENCODER_LIBAOM_AV1;
    features.preset[0] = '\0';
    CHECK_OK(encast_predict(model, &features, &options, &result));
    CHECK(result.cpu_seconds.value > 0 && isnan(result.encode_seconds.value) && isnan(result.co2_kg.value));
    CHECK(isnan(result.energy_cpu_kwh) && isnan(result.sci_g_per_minute));
    encast_free_site(there);
}

static void limits(const EncastModel *model, const EncastSite *site) {
    EncastFeatures features = box_request();
    EncastPredictOptions options = box_options(site);
    EncastResult at = check_result();
    EncastRecommendation answer;
    encast_recommendation_init(&answer, sizeof answer);
    options.target_vmaf = 60;
    CHECK_OK(encast_recommend_bitrate(model, &features, &options, &answer));
    CHECK(answer.outcome == ENCAST_OUTCOME_REACHED);
    features.bitrate_kbps = answer.bitrate_kbps;
    CHECK_OK(encast_predict(model, &features, &options, &at));
    options.max_energy_kwh = at.energy_kwh.value / 1e3;
    CHECK_OK(encast_recommend_bitrate(model, &features, &options, &answer));
    CHECK(answer.outcome == ENCAST_OUTCOME_OVER_LIMIT && answer.limit == ENCAST_LIMIT_ENERGY_KWH);
    CHECK(answer.limit_allowed == options.max_energy_kwh && answer.limit_forecast > answer.limit_allowed);
    options.max_energy_kwh = NAN;
    options.max_co2_kg = at.co2_kg.value / 1e3;
    CHECK_OK(encast_recommend_bitrate(model, &features, &options, &answer));
    CHECK(answer.outcome == ENCAST_OUTCOME_OVER_LIMIT && answer.limit == ENCAST_LIMIT_CO2_KG);
    options.max_co2_kg = at.co2_kg.value * 1e3;
    CHECK_OK(encast_recommend_bitrate(model, &features, &options, &answer));
    CHECK(answer.outcome == ENCAST_OUTCOME_REACHED);
    options.max_co2_kg = NAN;
    options.site = NULL; /* nothing says what energy it takes */
    options.max_energy_kwh = 1;
    CHECK_ERROR(encast_recommend_bitrate(model, &features, &options, &answer), ENCAST_STATUS_NOT_PREDICTED,
                "energy_kwh", END);
}

static void bad_options(const EncastModel *model, const EncastSite *site) {
    EncastFeatures features = box_request();
    EncastResult result = check_result(), before = result;
    EncastPredictOptions options;
#define CHECK_BAD(change, status, ...)                                                                                 \
    do {                                                                                                               \
        options = box_options(site);                                                                                   \
        change;                                                                                                        \
        CHECK_ERROR(encast_predict(model, &features, &options, &result), status, __VA_ARGS__, END);                    \
    } while (0)
    CHECK_BAD(options.whole_machine = 2, ENCAST_STATUS_BAD_NUMBER, "whole_machine", "= 2", "0 or 1");
    CHECK_BAD(options.whole_machine = -1, ENCAST_STATUS_BAD_NUMBER, "whole_machine", "= -1");
    CHECK_BAD(options.reserved = 1, ENCAST_STATUS_BAD_NUMBER, "reserved", "must be 0");
    CHECK_BAD(options.months_stored = -1, ENCAST_STATUS_INVALID_FIELD, "months_stored", "-1", "10000");
    CHECK_BAD(options.months_stored = NAN, ENCAST_STATUS_INVALID_FIELD, "months_stored", "NaN");
    CHECK_BAD(options.deliveries = 1e13, ENCAST_STATUS_INVALID_FIELD, "deliveries", "10000000000000");
    CHECK_BAD(options.max_energy_kwh = 0, ENCAST_STATUS_INVALID_FIELD, "max_energy_kwh", "above 0");
    CHECK_BAD(options.max_co2_kg = INFINITY, ENCAST_STATUS_INVALID_FIELD, "max_co2_kg", "inf");
    CHECK(memcmp(&result, &before, sizeof result) == 0);
}

/* What lies behind the structs of a caller of before is neither read nor written, and there is no site. */
static void earlier_caller(const EncastModel *model, const EncastSite *site) {
    EncastPredictOptions options = box_options(site);
    EncastFeatures features = box_request();
    EncastResult due = check_result(), out;
    CHECK(offsetof(EncastPredictOptions, site) == EARLIER_OPTIONS);
    CHECK(offsetof(EncastResult, energy_cpu_kwh) == EARLIER_RESULT);
    options.struct_size = EARLIER_OPTIONS;
    options.whole_machine = 77;
    memset(&out, 0xA5, sizeof out);
    CHECK_OK(encast_result_init((EncastResult *)(void *)&out, EARLIER_RESULT));
    CHECK_OK(encast_predict(model, &features, &options, &out));
    CHECK_OK(encast_predict(model, &features, NULL, &due));
    CHECK(out.cpu_seconds.value == due.cpu_seconds.value && isnan(out.encode_seconds.value));
    CHECK(check_all_bytes((unsigned char *)&out + EARLIER_RESULT, sizeof out - EARLIER_RESULT, 0xA5));
}

static void shipped_profiles(void) {
    EncastProfiles *profiles = NULL, *same = NULL;
    EncastSite *site = NULL, *untouched = (EncastSite *)(void *)&site;
    CHECK_OK(encast_load_profiles(NULL, &profiles));
    CHECK_OK(encast_parse_profiles(NULL, 0, &same));
    CHECK_OK(encast_new_site(same, "c5.2xlarge", "eu-central-1", &site));
    encast_free_site(site);
    site = untouched;
    CHECK_ERROR(encast_new_site(profiles, "c5.2xlarg", "eu-central-1", &site), ENCAST_STATUS_UNKNOWN_NAME, "machine",
                "'c5.2xlarg'", "c5.2xlarge", "m5.xlarge", END);
    CHECK_ERROR(encast_new_site(profiles, "c5.2xlarge", "", &site), ENCAST_STATUS_UNKNOWN_NAME, "region", "''",
                "eu-central-1", "us-east-1", END);
    CHECK_ERROR(encast_new_site(profiles, "box", "here", &site), ENCAST_STATUS_UNKNOWN_NAME, "machine", "box", END);
    CHECK_ERROR(encast_new_site(profiles, "\xff", "eu-central-1", &site), ENCAST_STATUS_BAD_TEXT, "machine", "UTF-8",
                END);
    CHECK_ERROR(encast_new_site(profiles, "c5.2xlarge", "\xff", &site), ENCAST_STATUS_BAD_TEXT, "region", "UTF-8", END);
    CHECK_NULL(encast_new_site(NULL, "box", "here", &site), "profiles");
    CHECK_NULL(encast_new_site(profiles, NULL, "here", &site), "machine");
    CHECK_NULL(encast_new_site(profiles, "box", NULL, &site), "region");
    CHECK_NULL(encast_new_site(profiles, "c5.2xlarge", "eu-central-1", NULL), "out_site");
    CHECK(site == untouched);
    encast_free_profiles(profiles);
    encast_free_profiles(same);
    encast_free_profiles(NULL);
    encast_free_site(NULL);
}

static void bad_profiles(const char *folder) {
    EncastProfiles *untouched = (EncastProfiles *)(void *)&untouched, *profiles = untouched;
    char path[4096], text[256];
    FILE *file;
#define CHECK_TEXT(text, status, ...)                                                                                  \
    CHECK_ERROR(encast_parse_profiles(text, strlen(text), &profiles), status, __VA_ARGS__, END)
    CHECK_TEXT("[regions.here]\npue = \n", ENCAST_STATUS_PROFILE_SYNTAX, "", "line 2");
    CHECK_TEXT("# one\n[regions.here]\ncolour = 1\n", ENCAST_STATUS_PROFILE_SYNTAX, "", "line ", "colour");
    CHECK_TEXT("[regions.here]\ngrid_g_per_kwh = 400\npue = 0.5\nsource = \"made up\"\n", ENCAST_STATUS_PROFILE_VALUE,
               "regions.here.pue", "line 3", "0.5", "must be");
    CHECK_TEXT("\n# \xff\n", ENCAST_STATUS_BAD_TEXT, "", "line 2", "UTF-8");
    CHECK_NULL(encast_parse_profiles(NULL, 5, &profiles), "text");
    CHECK_NULL(encast_parse_profiles("", 0, NULL), "out_profiles");
    CHECK_NULL(encast_load_profiles(NULL, NULL), "out_profiles");
    CHECK_ERROR(encast_parse_profiles("", SIZE_MAX, &profiles), ENCAST_STATUS_BAD_COUNT, "length", END);

    snprintf(path, sizeof path, "%s/none.toml", folder);
    CHECK_ERROR(encast_load_profiles(path, &profiles), ENCAST_STATUS_IO, "", "none.toml", END);
    CHECK_ERROR(encast_load_profiles(folder, &profiles), ENCAST_STATUS_IO, "", END);
    snprintf(path, sizeof path, "%s/bad.toml", folder);
    file = fopen(path, "w");
    fputs("[prices.here.box]\nusd_per_hour = -1\nsource = \"made up\"\n", file);
    fclose(file);
    CHECK_ERROR(encast_load_profiles(path, &profiles), ENCAST_STATUS_PROFILE_VALUE, "prices.here.box.usd_per_hour",
                "bad.toml: line 2", "-1", END);
    /* More than is read. */
    snprintf(path, sizeof path, "%s/large.toml", folder);
    file = fopen(path, "w");
    memset(text, '#', sizeof text);
    text[sizeof text - 1] = '\n';
    for (int i = 0; i < 5000; i++) {
        fwrite(text, 1, sizeof text, file);
    }
    fclose(file);
    CHECK_ERROR(encast_load_profiles(path, &profiles), ENCAST_STATUS_PROFILE_SYNTAX, "", "large.toml", "1048576", END);
    CHECK(profiles == untouched);

    snprintf(path, sizeof path, "%s/box.toml", folder);
    file = fopen(path, "w");
    fputs(BOX, file);
    fclose(file);
    CHECK_OK(encast_load_profiles(path, &profiles));
    EncastSite *own = NULL, *mixed = NULL;
    CHECK_OK(encast_new_site(profiles, "box", "here", &own));
    CHECK_OK(encast_new_site(profiles, "box", "eu-central-1", &mixed)); /* the shipped ones are there too */
    encast_free_profiles(profiles);
    encast_free_site(own);
    encast_free_site(mixed);
}

typedef struct {
    const EncastModel *model;
    const EncastSite *site;
    EncastResult due;
    int index, failures;
} Work;

static void *hammer(void *pointer) {
    Work *work = pointer;
    for (int round = 0; round < ROUNDS; round++) {
        EncastFeatures features = box_request();
        EncastPredictOptions options = box_options(work->site);
        EncastResult result = check_result();
        features.bitrate_kbps = 1000 * (work->index + 1);
        if (encast_predict(work->model, &features, &options, &result) != ENCAST_STATUS_OK ||
            memcmp(&result, &work->due, sizeof result) != 0) {
            work->failures++;
        }
    }
    return NULL;
}

static void threads(const EncastModel *model, const EncastSite *site) {
    pthread_t threads[THREADS];
    Work works[THREADS];
    for (int i = 0; i < THREADS; i++) {
        EncastFeatures features = box_request();
        EncastPredictOptions options = box_options(site);
        works[i] = (Work){.model = model, .site = site, .due = check_result(), .index = i, .failures = 0};
        features.bitrate_kbps = 1000 * (i + 1);
        CHECK_OK(encast_predict(model, &features, &options, &works[i].due));
    }
    CHECK(works[0].due.cost_egress_usd < works[1].due.cost_egress_usd);
    for (int i = 0; i < THREADS; i++) {
        CHECK(pthread_create(&threads[i], NULL, hammer, &works[i]) == 0);
    }
    for (int i = 0; i < THREADS; i++) {
        CHECK(pthread_join(threads[i], NULL) == 0);
        CHECK(works[i].failures == 0);
    }
}

int main(int count, char **arguments) {
    EncastModel *model = box_model();
    EncastSite *site = box_site("here");
    if (count != 2) {
        return 1;
    }
    by_hand(model, site);
    without_prices(model);
    limits(model, site);
    bad_options(model, site);
    earlier_caller(model, site);
    shipped_profiles();
    bad_profiles(arguments[1]);
    threads(model, site);
    encast_free_site(site);
    encast_free_model(model);
    return check_end(90);
}
