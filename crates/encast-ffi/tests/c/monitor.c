/* A monitor over C: a shift that is made is found and corrected, lists and their room, bad input, threads, earlier
 * callers. */
#include "check.h"
#include <pthread.h>

enum { BEFORE = 60, AFTER = 100, TITLES = 20, THREADS = 4, ROUNDS = 50 };
static const double SHIFT = -4;

/* The options as they were before there was a correction. */
enum { EARLIER_OPTIONS = 480 };

static EncastFeatures by_x264(double bitrate_kbps) {
    EncastFeatures features = check_request();
    features.bitrate_kbps = bitrate_kbps;
    features.encoder = ENCAST_ENCODER_LIBX264;
    strcpy(features.preset, "medium");
    return features;
}

static EncastTargets measured_as(double vmaf, int title) {
    EncastTargets measured;
    CHECK_OK(encast_targets_init(&measured, sizeof measured));
    measured.vmaf = fmin(vmaf, 100);
    snprintf(measured.title, sizeof measured.title, "title %d", title);
    return measured;
}

static EncastMonitor *new_monitor(const EncastModel *model) {
    EncastMonitor *monitor = NULL;
    CHECK_OK(encast_monitor_new(model, NULL, &monitor));
    return monitor;
}

/* Observes encodes that came out as forecast, and then so much better. */
static void shifted(const EncastModel *model, const EncastMonitor *monitor) {
    EncastObserved seen;
    CHECK_OK(encast_observed_init(&seen, sizeof seen));
    CHECK(isnan(seen.score) && seen.number == 0);
    for (int i = 0; i < BEFORE + AFTER; i++) {
        EncastFeatures features = by_x264(800 + 100 * (i % 13));
        EncastResult forecast = check_result();
        CHECK_OK(encast_predict(model, &features, NULL, &forecast));
        double by = (i % 2 ? 0.3 : -0.3) + (i < BEFORE ? 0 : SHIFT);
        EncastTargets measured = measured_as(forecast.vmaf.value + by, i % TITLES);
        CHECK_OK(encast_monitor_observe(monitor, &features, &measured, i % 3 ? &forecast : NULL, 0.9, &seen));
        CHECK(seen.number == (uint64_t)i + 1 && seen.targets == 1 && (i >= BEFORE || !seen.alarm));
    }
    CHECK(seen.alarm == 1 && seen.score >= 1);
}

static void lists(const EncastMonitor *monitor) {
    EncastDriftStream stream, two[2];
    EncastForecastErrors errors;
    EncastOffset offset;
    EncastInputDrift inputs[64];
    size_t count = 77;
    CHECK_OK(encast_drift_stream_init(&stream, sizeof stream));
    CHECK_OK(encast_forecast_errors_init(&errors, sizeof errors));
    CHECK_OK(encast_offset_init(&offset, sizeof offset));
    for (int i = 0; i < 64; i++) {
        CHECK_OK(encast_input_drift_init(&inputs[i], sizeof inputs[i]));
    }
    CHECK_OK(encast_monitor_streams(monitor, &stream, 1, &count));
    CHECK(count == 1 && stream.target == ENCAST_TARGET_VMAF && stream.codec == ENCAST_CODEC_H264);
    CHECK(stream.encoder == ENCAST_ENCODER_LIBX264 && stream.count == BEFORE + AFTER && stream.score >= 1);
    CHECK(stream.score == stream.statistic / stream.threshold && fabs(stream.shift - SHIFT) < 0.3);
    CHECK(stream.since > BEFORE - 5 && stream.since < BEFORE + 5 && stream.bias < 0);
    CHECK_OK(encast_monitor_errors(monitor, &errors, 1, &count));
    CHECK(count == 1 && errors.count == BEFORE + AFTER && errors.total == errors.count && errors.covered <= errors.count);
    CHECK(errors.p50 <= errors.p90 && errors.p90 <= errors.p99 && errors.mae >= fabs(errors.bias));
    CHECK(fabs(errors.nominal - 0.9) < 1e-6);
    CHECK_OK(encast_monitor_offsets(monitor, &offset, 1, &count));
    CHECK(count == 1 && offset.codec == ENCAST_CODEC_H264 && fabs(offset.offset - SHIFT) < 0.3);
    CHECK_OK(encast_monitor_inputs(monitor, inputs, 64, &count));
    CHECK(count > 5 && inputs[0].field == ENCAST_FIELD_BITRATE_KBPS && inputs[0].count == BEFORE + AFTER);

    /* No room: the count is told, nothing is written. */
    count = 77;
    CHECK_ERROR(encast_monitor_streams(monitor, NULL, 0, &count), ENCAST_STATUS_BUFFER_TOO_SMALL, "capacity",
                "at least 1", END);
    CHECK(count == 1);
    inputs[0].count = 77;
    CHECK_ERROR(encast_monitor_inputs(monitor, inputs, 1, &count), ENCAST_STATUS_BUFFER_TOO_SMALL, "capacity", END);
    CHECK(inputs[0].count == 77);
    memset(two, 0, sizeof two);
    CHECK_OK(encast_drift_stream_init(&two[0], sizeof two[0]));
    CHECK_ERROR(encast_monitor_streams(monitor, two, 2, &count), ENCAST_STATUS_BAD_STRUCT_SIZE, "struct_size", END);
    CHECK_NULL(encast_monitor_streams(monitor, NULL, 1, &count), "rows");
    CHECK_NULL(encast_monitor_streams(monitor, &stream, 1, NULL), "out_count");
    CHECK_NULL(encast_monitor_errors(NULL, &errors, 1, &count), "monitor");
}

static void correction(const EncastModel *model, const EncastMonitor *monitor) {
    EncastPredictOptions options, plain;
    EncastFeatures features = by_x264(1500);
    EncastResult before = check_result(), after = check_result(), again = check_result();
    CHECK_OK(encast_predict_options_init(&plain, sizeof plain));
    options = plain;
    options.target_vmaf = 80;
    CHECK_OK(encast_monitor_correction(monitor, &options));
    double offset = options.vmaf_offsets[ENCAST_CODEC_H264];
    CHECK(options.target_vmaf == 80 && fabs(offset - SHIFT) < 0.3);
    for (int codec = 0; codec < ENCAST_CORRECTION_CODECS; codec++) {
        CHECK(options.psnr_offsets[codec] == 0 && options.cpu_octaves[codec] == 0);
        CHECK(codec == ENCAST_CODEC_H264 || options.vmaf_offsets[codec] == 0);
    }
    plain.target_vmaf = 80;
    CHECK_OK(encast_predict(model, &features, &plain, &before));
    CHECK_OK(encast_predict(model, &features, &options, &after));
    CHECK(fabs(after.vmaf.value - before.vmaf.value - offset) < 1e-9);
    CHECK(after.vmaf.lower <= after.vmaf.value && after.vmaf.value <= after.vmaf.upper);
    CHECK(after.recommended_bitrate_kbps > before.recommended_bitrate_kbps);
    CHECK(memcmp(&after.psnr, &before.psnr, sizeof after.psnr) == 0);
    /* At what is recommended the corrected forecast reaches the target. */
    features.bitrate_kbps = after.recommended_bitrate_kbps;
    CHECK_OK(encast_predict(model, &features, &options, &again));
    CHECK(again.vmaf.value >= 80 && again.vmaf.value < 80.2);
    options.bitrate_octaves[ENCAST_CODEC_AV1] = 11;
    CHECK_ERROR(encast_predict(model, &features, &options, &again), ENCAST_STATUS_INVALID_FIELD, "bitrate_octaves",
                "= 11", "from -10 to 10", END);
    options.bitrate_octaves[ENCAST_CODEC_AV1] = NAN;
    CHECK_ERROR(encast_predict(model, &features, &options, &again), ENCAST_STATUS_INVALID_FIELD, "bitrate_octaves",
                "NaN", END);

    /* What lies behind the options of a caller of before is neither read nor written. */
    CHECK(offsetof(EncastPredictOptions, vmaf_offsets) == EARLIER_OPTIONS);
    options = plain;
    options.struct_size = EARLIER_OPTIONS;
    memset(options.vmaf_offsets, 0xA5, sizeof options.vmaf_offsets);
    CHECK_OK(encast_monitor_correction(monitor, &options));
    CHECK(check_all_bytes(options.vmaf_offsets, sizeof options.vmaf_offsets, 0xA5));
    features = by_x264(1500);
    CHECK_OK(encast_predict(model, &features, &options, &again));
    CHECK(memcmp(&again, &before, sizeof again) == 0);
}

static void bad_input(const EncastModel *model, const EncastMonitor *monitor) {
    EncastFeatures features = by_x264(4000), bad = features;
    EncastTargets measured = measured_as(80, 0), none = measured_as(NAN, 0), beyond = measured_as(80, 0);
    EncastResult forecast = check_result();
    EncastObserved seen;
    EncastMonitorOptions options;
    EncastMonitor *made = NULL;
    EncastDriftStream stream;
    size_t count = 0;
    none.vmaf = NAN;
    beyond.vmaf = 100.5;
    bad.frame_drop = 2;
    CHECK_OK(encast_observed_init(&seen, sizeof seen));
    CHECK_OK(encast_drift_stream_init(&stream, sizeof stream));
    CHECK_ERROR(encast_monitor_observe(monitor, &features, &none, NULL, 0, &seen), ENCAST_STATUS_MISSING_FIELD, "vmaf",
                END);
    CHECK_ERROR(encast_monitor_observe(monitor, &features, &beyond, NULL, 0, &seen), ENCAST_STATUS_INVALID_FIELD,
                "vmaf", "100.5", END);
    CHECK_ERROR(encast_monitor_observe(monitor, &bad, &measured, NULL, 0, &seen), ENCAST_STATUS_INVALID_FIELD,
                "frame_drop", END);
    CHECK_ERROR(encast_monitor_observe(monitor, &features, &measured, &forecast, 1.5, &seen),
                ENCAST_STATUS_INVALID_FIELD, "level", "1.5", END);
    measured.at_site = 2;
    CHECK_ERROR(encast_monitor_observe(monitor, &features, &measured, NULL, 0, &seen), ENCAST_STATUS_BAD_NUMBER, "at_site",
                "0 or 1", END);
    measured.at_site = 0;
    CHECK_NULL(encast_monitor_observe(NULL, &features, &measured, NULL, 0, &seen), "monitor");
    CHECK_NULL(encast_monitor_observe(monitor, NULL, &measured, NULL, 0, &seen), "features");
    CHECK_NULL(encast_monitor_observe(monitor, &features, NULL, NULL, 0, &seen), "measured");
    CHECK(isnan(seen.score) && seen.number == 0);
    CHECK_OK(encast_monitor_streams(monitor, &stream, 1, &count));
    CHECK(stream.count == BEFORE + AFTER);

    CHECK_OK(encast_monitor_options_init(&options, sizeof options));
    CHECK(options.window == 200 && options.inputs == 500 && options.threshold == 1 && options.psi_alarm == 0.25);
    options.window = 0;
    CHECK_ERROR(encast_monitor_new(model, &options, &made), ENCAST_STATUS_INVALID_FIELD, "window", "from 1 to 10000",
                END);
    CHECK_OK(encast_monitor_options_init(&options, sizeof options));
    options.threshold = NAN;
    CHECK_ERROR(encast_monitor_new(model, &options, &made), ENCAST_STATUS_INVALID_FIELD, "threshold", "NaN", END);
    options.threshold = 1;
    options.reserved = 1;
    CHECK_ERROR(encast_monitor_new(model, &options, &made), ENCAST_STATUS_BAD_NUMBER, "reserved", END);
    CHECK_NULL(encast_monitor_new(NULL, NULL, &made), "model");
    CHECK_NULL(encast_monitor_new(model, NULL, NULL), "out_monitor");
    CHECK(made == NULL);
}

/* At a site a time has an error, of what was told, and no residual. */
static void at_site(const EncastModel *model) {
    EncastMonitor *monitor = new_monitor(model);
    EncastFeatures features = by_x264(4000);
    EncastTargets measured;
    EncastResult forecast = check_result();
    EncastForecastErrors errors[2];
    EncastDriftStream stream[2];
    size_t count = 0, streams = 0;
    CHECK_OK(encast_targets_init(&measured, sizeof measured));
    CHECK(measured.at_site == 0);
    measured.at_site = 1;
    measured.encode_seconds = 62;
    forecast.encode_seconds = (EncastEstimate){60, 50, 70};
    CHECK_OK(encast_monitor_observe(monitor, &features, &measured, &forecast, 0, NULL));
    CHECK_OK(encast_forecast_errors_init(&errors[0], sizeof errors[0]));
    CHECK_OK(encast_forecast_errors_init(&errors[1], sizeof errors[1]));
    CHECK_OK(encast_drift_stream_init(&stream[0], sizeof stream[0]));
    CHECK_OK(encast_drift_stream_init(&stream[1], sizeof stream[1]));
    CHECK_OK(encast_monitor_errors(monitor, errors, 2, &count));
    CHECK(count == 1 && errors[0].target == ENCAST_TARGET_ENCODE_SECONDS && errors[0].bias == 2 && errors[0].covered == 1);
    CHECK_OK(encast_monitor_streams(monitor, stream, 2, &streams));
    CHECK(streams == 0);
    measured.at_site = 0;
    CHECK_OK(encast_monitor_observe(monitor, &features, &measured, &forecast, 0, NULL));
    CHECK_OK(encast_monitor_streams(monitor, stream, 2, &streams));
    CHECK(streams == 1);
    CHECK(encast_monitor_free(monitor) == ENCAST_STATUS_OK);
}

struct shared {
    EncastMonitor *monitor;
    int failures;
};

static void *observe_often(void *argument) {
    struct shared *shared = argument;
    EncastFeatures features = by_x264(4000);
    EncastTargets measured;
    encast_targets_init(&measured, sizeof measured);
    measured.vmaf = 80;
    for (int round = 0; round < ROUNDS; round++) {
        EncastPredictOptions options;
        encast_predict_options_init(&options, sizeof options);
        shared->failures += encast_monitor_observe(shared->monitor, &features, &measured, NULL, 0, NULL) != ENCAST_STATUS_OK;
        shared->failures += encast_monitor_correction(shared->monitor, &options) != ENCAST_STATUS_OK;
    }
    return NULL;
}

/* The model goes first; several threads observe at once; freed twice is an error. */
static void threads(void) {
    EncastModel *model = check_default_model();
    EncastMonitor *monitor = new_monitor(model);
    struct shared shared[THREADS];
    pthread_t thread[THREADS];
    EncastDriftStream stream;
    size_t count = 0;
    CHECK(encast_free_model(model) == ENCAST_STATUS_OK);
    for (int i = 0; i < THREADS; i++) {
        shared[i] = (struct shared){monitor, 0};
        CHECK(pthread_create(&thread[i], NULL, observe_often, &shared[i]) == 0);
    }
    for (int i = 0; i < THREADS; i++) {
        CHECK(pthread_join(thread[i], NULL) == 0 && shared[i].failures == 0);
    }
    CHECK_OK(encast_drift_stream_init(&stream, sizeof stream));
    CHECK_OK(encast_monitor_streams(monitor, &stream, 1, &count));
    CHECK(stream.count == THREADS * ROUNDS);
    CHECK(encast_live_handles() == 1);
    CHECK(encast_monitor_free(monitor) == ENCAST_STATUS_OK && encast_monitor_free(NULL) == ENCAST_STATUS_OK);
    CHECK_ERROR(encast_monitor_free(monitor), ENCAST_STATUS_BAD_HANDLE, "monitor", END);
    CHECK_ERROR(encast_monitor_streams(monitor, &stream, 1, &count), ENCAST_STATUS_BAD_HANDLE, "monitor", END);
    CHECK_ERROR(encast_monitor_streams((EncastMonitor *)model, &stream, 1, &count), ENCAST_STATUS_BAD_HANDLE, "monitor",
                END);
}

int main(void) {
    EncastModel *model = check_default_model();
    EncastMonitor *monitor = new_monitor(model);
    shifted(model, monitor);
    lists(monitor);
    correction(model, monitor);
    bad_input(model, monitor);
    at_site(model);
    encast_monitor_free(monitor);
    encast_free_model(model);
    threads();
    return check_end(500);
}
