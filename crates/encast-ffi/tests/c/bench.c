/* Time of a call, as a C program sees it: the default model, one request at a time and in batches.
   Prints one line for each way, nanoseconds a request. */
#define _POSIX_C_SOURCE 199309L
#include "check.h"
#include <time.h>

enum { ROUNDS = 21, MOST = 10000 };

static EncastFeatures features[MOST];
static EncastResult results[MOST];
static double sink;

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static int ascending(const void *a, const void *b) {
    double difference = *(const double *)a - *(const double *)b;
    return (difference > 0) - (difference < 0);
}

static void report(const char *name, double *nanoseconds) {
    qsort(nanoseconds, ROUNDS, sizeof *nanoseconds, ascending);
    printf("%-28s median %9.0f ns, fastest %9.0f ns a request\n", name, nanoseconds[ROUNDS / 2], nanoseconds[0]);
}

enum knowledge { SIX_FIELDS, CONTENT, PROBE };

/* Every call by itself: half of the calls take at most the median, one in a hundred longer than the 99th percentile. The
   clock's own cost, about 20 ns, is in it. */
static void single(const EncastModel *model, const char *name, enum knowledge known) {
    enum { CALLS = 2000 };
    static double times[ROUNDS * CALLS];
    for (int i = 0; i < CALLS; i++) {
        features[i] = check_request();
        features[i].bitrate_kbps = 300 + 5 * i;
        if (known >= CONTENT) {
            features[i].encoder = ENCAST_ENCODER_LIBX264;
            strcpy(features[i].preset, "medium");
            features[i].threads = 4;
            features[i].passes = 1;
            features[i].source_width = 1920;
            features[i].source_height = 1080;
            features[i].source_frame_rate = 30;
            features[i].bit_depth = 8;
            features[i].si_mean = 20 + i % 50;
            features[i].si_std = 2 + i % 5;
            features[i].ti_mean = 2 + i % 20;
            features[i].ti_std = 1 + i % 7;
            features[i].spatial_energy = 3 + i % 20;
            features[i].temporal_energy = 0.1 + 0.1 * (i % 30);
            features[i].luminance = 40 + i % 30;
            features[i].static_share = 0.01 * (i % 60);
        }
        if (known >= PROBE) {
            features[i].probe_bitrate_kbps = 400 + 7 * (i % 300);
            features[i].probe_psnr = 32 + 0.1 * (i % 100);
            features[i].probe_vmaf = 50 + 0.3 * (i % 100);
        }
    }
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < CALLS; i++) {
            double start = seconds();
            int32_t status = encast_predict(model, &features[i], NULL, &results[0]);
            times[round * CALLS + i] = (seconds() - start) * 1e9;
            if (status != ENCAST_STATUS_OK) {
                fprintf(stderr, "%s\n", encast_last_error());
                exit(1);
            }
            sink += results[0].predicted_vmaf;
        }
    }
    qsort(times, ROUNDS * CALLS, sizeof *times, ascending);
    printf("%-28s p50 %9.0f ns, p99 %9.0f ns, fastest %9.0f ns a request\n", name, times[ROUNDS * CALLS / 2],
           times[ROUNDS * CALLS / 100 * 99], times[0]);
}

static void batch(const EncastModel *model, size_t count) {
    double times[ROUNDS];
    char name[64];
    for (size_t i = 0; i < count; i++) {
        features[i] = check_request();
        features[i].bitrate_kbps = 300 + (double)(i % 4000);
        results[i] = check_result();
    }
    for (int round = 0; round < ROUNDS; round++) {
        size_t repeats = 2000 / count + 1;
        double start = seconds();
        for (size_t i = 0; i < repeats; i++) {
            if (encast_predict_batch(model, features, count, NULL, results, NULL) != ENCAST_STATUS_OK) {
                exit(1);
            }
            sink += results[count - 1].predicted_vmaf;
        }
        times[round] = (seconds() - start) / (double)(repeats * count) * 1e9;
    }
    snprintf(name, sizeof name, "encast_predict_batch %zu", count);
    report(name, times);
}

static void cheap_calls(const EncastModel *model) {
    double times[ROUNDS];
    EncastFeatures bad = check_request();
    for (int round = 0; round < ROUNDS; round++) {
        double start = seconds();
        for (int i = 0; i < 100000; i++) {
            encast_features_init(&features[i % MOST], sizeof features[0]);
        }
        times[round] = (seconds() - start) / 100000 * 1e9;
    }
    report("encast_features_init", times);
    bad.frame_rate = -1;
    for (int round = 0; round < ROUNDS; round++) {
        double start = seconds();
        for (int i = 0; i < 10000; i++) {
            encast_predict(model, &bad, NULL, &results[0]);
        }
        times[round] = (seconds() - start) / 10000 * 1e9;
    }
    report("encast_predict, bad input", times);
}

int main(void) {
    EncastModel *model = check_default_model();
    encast_result_init(&results[0], sizeof results[0]);
    single(model, "encast_predict, six fields", SIX_FIELDS);
    single(model, "encast_predict, content", CONTENT);
    single(model, "encast_predict, probe", PROBE);
    batch(model, 1);
    batch(model, 100);
    batch(model, MOST);
    cheap_calls(model);
    encast_free_model(model);
    return sink > 0 ? 0 : 1;
}
