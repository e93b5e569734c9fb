/* Random bytes: requests and bundles full of them get an error or an answer, never a crash, a panic or a half-loaded
   model. The numbers are those of a fixed generator: a failure comes back. Argument: an empty folder. */
#include "check.h"
#include "table.h"
#include <sys/stat.h>

static uint64_t state = 0x9E3779B97F4A7C15u;

static uint64_t next(void) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static size_t below(size_t bound) {
    return (size_t)(next() % bound);
}

static int is_status_of_input(int32_t status) {
    return status == ENCAST_STATUS_OK || (status >= ENCAST_STATUS_BAD_NUMBER && status <= ENCAST_STATUS_NOT_PREDICTED);
}

static void replace(unsigned char *bytes, size_t length, size_t count) {
    for (size_t i = 0; i < count; i++) {
        bytes[below(length)] = (unsigned char)next();
    }
}

/* Some or all bytes of a good request, or of one of its anchors, are replaced: all but the pointer to the anchors and
   the sizes, which a caller vouches for. */
static void requests(const EncastModel *model) {
    int answers = 0, errors = 0;
    for (int round = 0; round < 20000; round++) {
        EncastFeatures features = check_request();
        EncastResult result = check_result();
        EncastRecommendation recommendation;
        EncastAnchor anchors[2];
        unsigned char *bytes = (unsigned char *)&features;
        size_t size = sizeof features.struct_size, length = offsetof(EncastFeatures, anchors) - size;
        int32_t status;
        for (int i = 0; i < 2; i++) {
            encast_anchor_init(&anchors[i], sizeof anchors[i]);
            anchors[i].bitrate_kbps = 1000 * (i + 1);
            anchors[i].vmaf = 70 + 10 * i;
        }
        if (round % 3 == 0) {
            features.anchors = anchors;
            features.anchor_count = 2;
            bytes = (unsigned char *)&anchors[1];
            length = sizeof anchors[1] - size;
        }
        replace(bytes + size, length, round % 2 == 0 ? 1 + below(4) : length);
        status = encast_predict(model, &features, NULL, &result);
        if (!is_status_of_input(status) || (status == ENCAST_STATUS_OK && !(result.confidence >= 0))) {
            CHECK_ERROR(status, ENCAST_STATUS_OK, "round", END);
        }
        answers += status == ENCAST_STATUS_OK;
        errors += status != ENCAST_STATUS_OK;
        if (round % 50 == 0) {
            encast_recommendation_init(&recommendation, sizeof recommendation);
            CHECK(is_status_of_input(encast_recommend_bitrate(model, &features, NULL, &recommendation)));
        }
    }
    CHECK(answers > 100 && errors > 100);
}

static unsigned char *saved(const EncastModel *model, const char *folder, const char *name, size_t *length) {
    char path[4096];
    struct stat status;
    unsigned char *bytes;
    FILE *file;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    CHECK_OK(encast_save_model(model, path));
    file = fopen(path, "rb");
    if (file == NULL || stat(path, &status) != 0) {
        exit(1);
    }
    *length = (size_t)status.st_size;
    bytes = malloc(*length);
    CHECK(fread(bytes, 1, *length, file) == *length);
    fclose(file);
    return bytes;
}

/* A few bytes of a good bundle are replaced, removed or doubled. */
static void bundles(const EncastModel *model, const char *folder, const char *name, int rounds) {
    size_t length;
    unsigned char *good = saved(model, folder, name, &length), *bad = malloc(2 * length);
    int errors = 0;
    for (int round = 0; round < rounds; round++) {
        size_t now = length, at = below(length), count = 1 + below(16);
        EncastModel *out = NULL;
        int32_t status;
        if (round % 4 == 0) {
            at = below(length < 400 ? length : 400); /* the head and the metadata */
        }
        count = count < length - at ? count : length - at;
        memcpy(bad, good, length);
        switch (round % 3) {
        case 0:
            for (size_t i = 0; i < count; i++) {
                bad[at + i] = (unsigned char)next();
            }
            break;
        case 1:
            memmove(bad + at, bad + at + count, length - at - count);
            now = length - count;
            break;
        default:
            memmove(bad + at + count, bad + at, length - at);
            now = length + count;
        }
        status = encast_load_model_from_memory(bad, now, &out);
        if (status == ENCAST_STATUS_OK) {
            EncastFeatures features = check_request();
            EncastResult result = check_result();
            CHECK(out != NULL && is_status_of_input(encast_predict(out, &features, NULL, &result)));
            encast_free_model(out);
        } else {
            errors++;
            if (status < 200 || status > 299 || out != NULL) {
                CHECK_ERROR(status, ENCAST_STATUS_CORRUPT, "", END);
            }
        }
    }
    CHECK(errors > rounds / 2);
    free(good);
    free(bad);
}

int main(int argument_count, char **arguments) {
    EncastModel *model = check_default_model(), *small = NULL;
    static EncastFeatures features[TABLE_ROWS];
    static EncastTargets targets[TABLE_ROWS];
    EncastRetrainOptions options;
    if (argument_count != 2) {
        return 2;
    }
    requests(model);
    encast_free_model(model);
    table_fill(features, targets);
    encast_retrain_options_init(&options, sizeof options);
    options.targets = (uint64_t)1 << ENCAST_TARGET_VMAF;
    options.seed = 3;
    CHECK_OK(encast_retrain(features, targets, TABLE_ROWS, &options, &small));
    bundles(small, arguments[1], "model.json", 600);
    bundles(small, arguments[1], "model.encast", 600);
    encast_free_model(small);
    return check_end(400);
}
