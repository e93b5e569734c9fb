/* Checks of the C tests: each failure is told with its place, and the program then ends with status 1. */
#ifndef CHECK_H
#define CHECK_H

#include <encast.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int check_failures = 0;
static int check_count = 0;

static inline void check_true(int holds, const char *what, const char *file, int line) {
    check_count++;
    if (!holds) {
        check_failures++;
        fprintf(stderr, "%s:%d: does not hold: %s (last error: \"%s\")\n", file, line, what, encast_last_error());
    }
}

/* A call that has to fail with a status, to blame a field ("" = none), and to say every one of the texts. */
static inline void check_error(int32_t got, int32_t due, const char *call, const char *file, int line,
                               const char *field, ...) {
    va_list texts;
    const char *text;
    char error[4096];
    check_count++;
    snprintf(error, sizeof error, "%s", encast_last_error());
    if (got != due || strcmp(encast_last_error_field(), field) != 0) {
        check_failures++;
        fprintf(stderr, "%s:%d: %s: status %d (%s), field \"%s\", must be %d (%s), \"%s\": \"%s\"\n", file, line, call,
                (int)got, encast_status_name(got), encast_last_error_field(), (int)due, encast_status_name(due), field,
                error);
    }
    va_start(texts, field);
    while ((text = va_arg(texts, const char *)) != NULL) {
        if (strstr(error, text) == NULL) {
            check_failures++;
            fprintf(stderr, "%s:%d: %s: \"%s\" does not say \"%s\"\n", file, line, call, error, text);
        }
    }
    va_end(texts);
}

#define CHECK(condition) check_true(!!(condition), #condition, __FILE__, __LINE__)
#define CHECK_OK(call) check_true((call) == ENCAST_STATUS_OK && encast_last_error()[0] == '\0', #call, __FILE__, __LINE__)
/* CHECK_ERROR(call, status, field, "text", ..., (char *)NULL) */
#define CHECK_ERROR(call, status, ...) check_error((call), (status), #call, __FILE__, __LINE__, __VA_ARGS__)
#define END ((const char *)NULL)

/* Whether a null pointer is refused, and the text names the argument. */
#define CHECK_NULL(call, name) CHECK_ERROR(call, ENCAST_STATUS_NULL_POINTER, "", name " is null", END)

/* The last act of every program: all handles were freed. */
static inline int check_end(int least) {
    CHECK(encast_live_handles() == 0);
    if (check_count < least) {
        fprintf(stderr, "only %d checks were made, %d are due\n", check_count, least);
        return 1;
    }
    printf("%d checks, %d failures\n", check_count, check_failures);
    return check_failures == 0 ? 0 : 1;
}

/* Whether all bytes of a memory have one value. */
static inline int check_all_bytes(const void *memory, size_t length, unsigned char value) {
    const unsigned char *bytes = memory;
    for (size_t i = 0; i < length; i++) {
        if (bytes[i] != value) {
            return 0;
        }
    }
    return 1;
}

static inline EncastModel *check_default_model(void) {
    EncastModel *model = NULL;
    if (encast_load_default_model(&model) != ENCAST_STATUS_OK || model == NULL) {
        fprintf(stderr, "no default model: %s\n", encast_last_error());
        exit(1);
    }
    return model;
}

/* A usual request of the six fields. */
static inline EncastFeatures check_request(void) {
    EncastFeatures features;
    encast_features_init(&features, sizeof features);
    features.bitrate_kbps = 4000;
    features.resolution_width = 1920;
    features.resolution_height = 1080;
    features.frame_rate = 30;
    features.frame_drop = 0.01;
    features.motion_intensity = 0.5;
    return features;
}

static inline EncastResult check_result(void) {
    EncastResult result;
    encast_result_init(&result, sizeof result);
    return result;
}

#endif
