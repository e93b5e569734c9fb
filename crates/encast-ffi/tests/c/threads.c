/* One handle, many threads: the answers are those of one thread, and each thread has its own error. */
#include "check.h"
#include <pthread.h>

enum { THREADS = 4, ROUNDS = 3000 };

typedef struct {
    const EncastModel *model;
    int index;
    EncastResult due;
    int failures;
} Work;

static EncastFeatures request_of(int index) {
    EncastFeatures features = check_request();
    features.bitrate_kbps = 1000 * (index + 1);
    return features;
}

static void *hammer(void *pointer) {
    Work *work = pointer;
    char bad_value[32];
    snprintf(bad_value, sizeof bad_value, "-%d.5", work->index + 1);
    for (int round = 0; round < ROUNDS; round++) {
        EncastFeatures features = request_of(work->index);
        EncastResult result = check_result();
        if (encast_predict(work->model, &features, NULL, &result) != ENCAST_STATUS_OK ||
            memcmp(&result, &work->due, sizeof result) != 0 || encast_last_error()[0] != '\0') {
            work->failures++;
        }
        features.bitrate_kbps = -(work->index + 1.5);
        if (encast_predict(work->model, &features, NULL, &result) != ENCAST_STATUS_INVALID_FIELD ||
            strstr(encast_last_error(), bad_value) == NULL ||
            strcmp(encast_last_error_field(), "bitrate_kbps") != 0) {
            work->failures++;
        }
    }
    return NULL;
}

int main(void) {
    EncastModel *model = check_default_model();
    pthread_t threads[THREADS];
    Work works[THREADS];
    EncastFeatures bad = check_request();
    EncastResult result = check_result();
    for (int i = 0; i < THREADS; i++) {
        EncastFeatures features = request_of(i);
        works[i] = (Work){.model = model, .index = i, .due = check_result(), .failures = 0};
        CHECK_OK(encast_predict(model, &features, NULL, &works[i].due));
    }
    CHECK(memcmp(&works[0].due, &works[1].due, sizeof works[0].due) != 0);

    bad.frame_rate = -77;
    CHECK_ERROR(encast_predict(model, &bad, NULL, &result), ENCAST_STATUS_INVALID_FIELD, "frame_rate", "-77", END);
    for (int i = 0; i < THREADS; i++) {
        CHECK(pthread_create(&threads[i], NULL, hammer, &works[i]) == 0);
    }
    for (int i = 0; i < THREADS; i++) {
        CHECK(pthread_join(threads[i], NULL) == 0);
        CHECK(works[i].failures == 0);
    }
    /* What the others did has not reached the error of this thread. */
    CHECK(strstr(encast_last_error(), "frame_rate = -77") != NULL);
    encast_free_model(model);
    CHECK(strstr(encast_last_error(), "frame_rate = -77") != NULL);
    return check_end(15);
}
