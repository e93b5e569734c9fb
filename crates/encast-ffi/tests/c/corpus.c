/* The corpus that Rust, C, C++ and Go share, in C: the same bits, the same errors. Argument: the folder testdata. */
#include "check.h"

#include "answers.h"

enum { MOST = 64 };

static const char *folder;

static void give_up(const char *what, const char *why) {
    fprintf(stderr, "%s: %s\n", what, why);
    exit(1);
}

static char *path_of(const char *name) {
    static char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

/* A whole file, with a NUL behind it. */
static char *read_file(const char *name, size_t *length) {
    FILE *file = fopen(path_of(name), "rb");
    size_t capacity = 1 << 21;
    char *bytes = malloc(capacity);
    if (file == NULL || bytes == NULL) {
        give_up(name, "cannot be read");
    }
    *length = fread(bytes, 1, capacity - 1, file);
    bytes[*length] = '\0';
    fclose(file);
    return bytes;
}

static cJSON *read_json(const char *name) {
    size_t length;
    char *text = read_file(name, &length);
    cJSON *json = cJSON_Parse(text);
    if (json == NULL) {
        give_up(name, "is no JSON");
    }
    free(text);
    return json;
}

static const cJSON *get(const cJSON *object, const char *name) {
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

static const char *text_of(const cJSON *object, const char *name) {
    const char *text = cJSON_GetStringValue(get(object, name));
    if (text == NULL) {
        give_up(name, "is missing");
    }
    return text;
}

static void put_text(char *array, size_t capacity, const char *text) {
    CHECK(strlen(text) < capacity);
    snprintf(array, capacity, "%s", text);
}

/* The numeric input of a name; what has none is an error, so that no case is tested without an input. */
static double *number_field(EncastFeatures *f, const char *name) {
    const struct {
        const char *name;
        double *place;
    } fields[] = {
        {"bitrate_kbps", &f->bitrate_kbps}, {"resolution_width", &f->resolution_width},
        {"resolution_height", &f->resolution_height}, {"frame_rate", &f->frame_rate}, {"frame_drop", &f->frame_drop},
        {"motion_intensity", &f->motion_intensity}, {"crf", &f->crf}, {"threads", &f->threads},
        {"source_width", &f->source_width}, {"source_height", &f->source_height},
        {"source_frame_rate", &f->source_frame_rate}, {"bit_depth", &f->bit_depth}, {"duration_s", &f->duration_s},
        {"si_mean", &f->si_mean}, {"si_std", &f->si_std}, {"ti_mean", &f->ti_mean}, {"ti_std", &f->ti_std},
        {"spatial_energy", &f->spatial_energy}, {"temporal_energy", &f->temporal_energy}, {"luminance", &f->luminance},
        {"probe_bitrate_kbps", &f->probe_bitrate_kbps}, {"probe_psnr", &f->probe_psnr},
        {"probe_vmaf", &f->probe_vmaf}, {"static_share", &f->static_share}, {"passes", &f->passes},
    };
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        if (strcmp(fields[i].name, name) == 0) {
            return fields[i].place;
        }
    }
    give_up(name, "is no field");
    return NULL;
}

/* A request; its anchors, all of bitrate and VMAF, go into an array of the caller. */
static EncastFeatures request_of(const cJSON *request, EncastAnchor anchors[MOST]) {
    EncastFeatures features;
    const cJSON *item, *anchor;
    CHECK_OK(encast_features_init(&features, sizeof features));
    cJSON_ArrayForEach(item, request) {
        const char *name = item->string;
        if (cJSON_IsNull(item)) {
            continue;
        } else if (cJSON_IsNumber(item)) {
            *number_field(&features, name) = item->valuedouble;
        } else if (strcmp(name, "codec") == 0) {
            CHECK_OK(encast_codec_from_name(item->valuestring, &features.codec));
        } else if (strcmp(name, "encoder") == 0) {
            CHECK_OK(encast_encoder_from_name(item->valuestring, &features.encoder));
        } else if (strcmp(name, "preset") == 0) {
            put_text(features.preset, sizeof features.preset, item->valuestring);
        } else if (strcmp(name, "anchors") == 0) {
            features.anchors = anchors;
            cJSON_ArrayForEach(anchor, item) {
                EncastAnchor *next = &anchors[features.anchor_count++];
                CHECK_OK(encast_anchor_init(next, sizeof *next));
                CHECK(cJSON_GetArraySize(anchor) == 2);
                next->bitrate_kbps = get(anchor, "bitrate_kbps")->valuedouble;
                next->vmaf = get(anchor, "vmaf")->valuedouble;
            }
        } else {
            give_up(name, "is no field");
        }
    }
    return features;
}

static EncastPredictOptions options_of(const cJSON *given, const EncastSite *site) {
    EncastPredictOptions options;
    const cJSON *item;
    CHECK_OK(encast_predict_options_init(&options, sizeof options));
    cJSON_ArrayForEach(item, given) {
        const struct {
            const char *name;
            double *place;
        } names[] = {
            {"level", &options.level}, {"deliveries", &options.deliveries}, {"months_stored", &options.months_stored},
            {"target_vmaf", &options.target_vmaf}, {"min_bitrate_kbps", &options.min_bitrate_kbps},
            {"max_bitrate_kbps", &options.max_bitrate_kbps}, {"min_crf", &options.min_crf},
            {"max_crf", &options.max_crf}, {"assurance", &options.assurance}, {"max_cost_usd", &options.max_cost_usd},
            {"max_encode_seconds", &options.max_encode_seconds},
        };
        size_t i = 0, count = sizeof names / sizeof *names;
        while (i < count && strcmp(names[i].name, item->string) != 0) {
            i++;
        }
        if (i < count) {
            *names[i].place = item->valuedouble;
        } else if (strcmp(item->string, "site") == 0) {
            options.site = site;
        } else {
            give_up(item->string, "is no option");
        }
    }
    return options;
}

/* A ladder's options; lists go into arrays of the caller. */
static EncastLadderOptions ladder_of(const cJSON *given, EncastSize sizes[MOST], double bitrates[MOST]) {
    EncastLadderOptions options;
    const cJSON *item, *element;
    CHECK_OK(encast_ladder_options_init(&options, sizeof options));
    options.sizes = sizes;
    options.bitrates_kbps = bitrates;
    cJSON_ArrayForEach(item, given) {
        if (strcmp(item->string, "step_vmaf") == 0) {
            options.step_vmaf = item->valuedouble;
        } else if (strcmp(item->string, "top_vmaf") == 0) {
            options.top_vmaf = item->valuedouble;
        } else if (strcmp(item->string, "bottom_vmaf") == 0) {
            options.bottom_vmaf = item->valuedouble;
        } else if (strcmp(item->string, "bitrates_kbps") == 0) {
            cJSON_ArrayForEach(element, item) {
                bitrates[options.bitrate_count++] = element->valuedouble;
            }
        } else if (strcmp(item->string, "sizes") == 0) {
            cJSON_ArrayForEach(element, item) {
                EncastSize *size = &sizes[options.size_count++];
                size->width = (uint32_t)cJSON_GetArrayItem(element, 0)->valuedouble;
                size->height = (uint32_t)cJSON_GetArrayItem(element, 1)->valuedouble;
            }
        } else {
            give_up(item->string, "is no option of a ladder");
        }
    }
    return options;
}

/* An error with the corpus's status, text and field; row is SIZE_MAX when none was told. */
static void expect_error(const cJSON *test, int32_t status, size_t row) {
    const cJSON *due_row = get(test, "row");
    char status_name[64], text[4096], field[256];
    snprintf(text, sizeof text, "%s", encast_last_error());
    snprintf(field, sizeof field, "%s", encast_last_error_field());
    snprintf(status_name, sizeof status_name, "%s", encast_status_name(status));
    check_count++;
    if (strcmp(status_name, text_of(test, "status")) != 0 || strcmp(text, text_of(test, "error")) != 0 ||
        strcmp(field, text_of(test, "field")) != 0 || (due_row == NULL) != (row == SIZE_MAX) ||
        (due_row != NULL && (size_t)due_row->valuedouble != row)) {
        check_failures++;
        fprintf(stderr, "%s: %s, field \"%s\", row %zu: \"%s\"; must be %s, \"%s\": \"%s\"\n", answers_case,
                status_name, field, row, text, text_of(test, "status"), text_of(test, "field"), text_of(test, "error"));
    }
}

/* The nested answer of cases*.json as a flat one; predicted_... are other names of two estimates. */
static cJSON *flat(const cJSON *nested) {
    static const char *const ends[3][2] = {{"value", ""}, {"lower", "_lower"}, {"upper", "_upper"}};
    static const char *const again[4][2] = {{"predicted_vmaf", "vmaf"}, {"predicted_psnr", "psnr"},
                                            {"predicted_cost_usd", "cost_usd"}, {"predicted_co2_kg", "co2_kg"}};
    cJSON *all = cJSON_CreateObject();
    const cJSON *item, *element;
    char name[128];
    cJSON_ArrayForEach(item, get(nested, "estimates")) {
        for (int i = 0; i < 3; i++) {
            snprintf(name, sizeof name, "%s%s", item->string, ends[i][1]);
            cJSON_AddNumberToObject(all, name, get(item, ends[i][0])->valuedouble);
        }
    }
    for (int i = 0; i < 4; i++) {
        if (get(all, again[i][1]) != NULL) {
            cJSON_AddNumberToObject(all, again[i][0], get(all, again[i][1])->valuedouble);
        }
    }
    cJSON_ArrayForEach(item, nested) {
        if (cJSON_IsNumber(item)) {
            cJSON_AddNumberToObject(all, item->string, item->valuedouble);
        } else if (cJSON_IsBool(item)) {
            cJSON_AddNumberToObject(all, item->string, cJSON_IsTrue(item));
        } else if (cJSON_IsArray(item)) {
            uint64_t bits = 0;
            cJSON_ArrayForEach(element, item) {
                uint32_t bit = 0;
                while (strcmp(encast_field_name(bit), element->valuestring) != 0) {
                    bit++;
                }
                bits |= (uint64_t)1 << bit;
            }
            cJSON_AddNumberToObject(all, item->string, (double)bits);
        }
    }
    return all;
}

static EncastModel *load(const char *bundle, int as_json) {
    EncastModel *model = NULL;
    char name[256];
    snprintf(name, sizeof name, "%.*s%s", (int)(strrchr(bundle, '.') - bundle), bundle, as_json ? ".json" : ".encast");
    if (encast_load_model(path_of(name), &model) != ENCAST_STATUS_OK) {
        give_up(name, encast_last_error());
    }
    return model;
}

/* cases*.json: one bundle, single forecasts. */
static void forecasts(const char *file) {
    cJSON *corpus = read_json(file);
    const cJSON *test;
    for (int as_json = 0; as_json < 2; as_json++) {
        EncastModel *model = load(text_of(corpus, "bundle"), as_json);
        EncastPredictOptions options = options_of(NULL, NULL);
        options.target_vmaf = get(corpus, "target_vmaf")->valuedouble;
        CHECK(cJSON_GetArraySize(get(corpus, "cases")) >= 10);
        cJSON_ArrayForEach(test, get(corpus, "cases")) {
            EncastAnchor anchors[MOST];
            EncastFeatures features = request_of(get(test, "request"), anchors);
            EncastResult result = check_result();
            int32_t status = encast_predict(model, &features, &options, &result);
            answers_case = text_of(test, "name");
            if (get(test, "expected") == NULL || status != ENCAST_STATUS_OK) {
                expect_error(test, status, SIZE_MAX);
            } else {
                cJSON *due = flat(get(test, "expected"));
                answers_compare(due, &result, RESULT);
                cJSON_Delete(due);
            }
        }
        encast_free_model(model);
    }
    cJSON_Delete(corpus);
}

/* One case of operations.json. */
static void operation(const cJSON *test, const EncastModel *model, const EncastSite *site) {
    static EncastAnchor anchors[MOST][MOST];
    const char *kind = text_of(test, "operation");
    const cJSON *answers = get(test, "answers"), *item;
    EncastFeatures features[MOST];
    EncastResult results[MOST];
    EncastRecommendation recommendation;
    EncastComparison comparison;
    EncastRung rungs[MOST];
    EncastSize sizes[MOST];
    double bitrates[MOST];
    EncastPredictOptions options = options_of(get(test, "options"), site);
    EncastLadderOptions ladder = ladder_of(get(test, "ladder"), sizes, bitrates);
    size_t count = 0, row = SIZE_MAX, made = 1;
    const Part *parts = RESULT;
    const char *first = (const char *)results;
    size_t size = sizeof *results;
    int32_t status;
    answers_case = text_of(test, "name");
    cJSON_ArrayForEach(item, get(test, "requests")) {
        features[count] = request_of(item, anchors[count]);
        count++;
    }
    for (size_t i = 0; i < MOST; i++) {
        results[i] = check_result();
        CHECK_OK(encast_rung_init(&rungs[i], sizeof rungs[i]));
    }
    CHECK_OK(encast_recommendation_init(&recommendation, sizeof recommendation));
    CHECK_OK(encast_comparison_init(&comparison, sizeof comparison));
    if (strcmp(kind, "predict") == 0) {
        status = encast_predict(model, features, &options, results);
    } else if (strcmp(kind, "batch") == 0) {
        status = encast_predict_batch(model, features, count, &options, results, &row);
        made = count;
    } else if (strncmp(kind, "recommend_", 10) == 0) {
        status = strcmp(kind, "recommend_crf") == 0
                     ? encast_recommend_crf(model, features, &options, &recommendation)
                     : encast_recommend_bitrate(model, features, &options, &recommendation);
        parts = RECOMMENDATION;
        first = (const char *)&recommendation;
    } else if (strcmp(kind, "compare") == 0) {
        status = encast_compare(model, &features[0], &features[1], &options, NULL, NULL, &comparison);
        parts = COMPARISON;
        first = (const char *)&comparison;
    } else if (strcmp(kind, "ladder") == 0) {
        status = encast_ladder(model, features, &ladder, &options, rungs, MOST, &made);
        parts = RUNG;
        first = (const char *)rungs;
        size = sizeof *rungs;
    } else {
        give_up(kind, "is no operation");
        return;
    }
    if (answers == NULL || status != ENCAST_STATUS_OK) {
        expect_error(test, status, row);
        return;
    }
    CHECK((size_t)cJSON_GetArraySize(answers) == made);
    for (size_t i = 0; i < made; i++) {
        answers_compare(cJSON_GetArrayItem(answers, (int)i), first + i * size, parts);
    }
}

static void operations(void) {
    cJSON *corpus = read_json("operations.json");
    const char *toml = text_of(corpus, "profiles");
    EncastProfiles *profiles = NULL;
    EncastSite *site = NULL;
    const cJSON *test;
    CHECK_OK(encast_parse_profiles(toml, strlen(toml), &profiles));
    CHECK_OK(encast_new_site(profiles, text_of(corpus, "machine"), text_of(corpus, "region"), &site));
    CHECK(cJSON_GetArraySize(get(corpus, "cases")) >= 20);
    for (int as_json = 0; as_json < 2; as_json++) {
        EncastModel *v1 = load("bundles/v1.encast", as_json), *v3 = load("bundles/v3.encast", as_json);
        cJSON_ArrayForEach(test, get(corpus, "cases")) {
            operation(test, strcmp(text_of(test, "bundle"), "bundles/v1.encast") == 0 ? v1 : v3, site);
        }
        encast_free_model(v1);
        encast_free_model(v3);
    }
    encast_free_site(site);
    encast_free_profiles(profiles);
    cJSON_Delete(corpus);
}

/* Bundles that are none, from their file and from memory. */
static void bad_bundles(void) {
    cJSON *corpus = read_json("bad/cases.json");
    const cJSON *test;
    CHECK(cJSON_GetArraySize(get(corpus, "cases")) >= 15);
    cJSON_ArrayForEach(test, get(corpus, "cases")) {
        char name[256];
        size_t length;
        char *bytes;
        EncastModel *model = NULL;
        snprintf(name, sizeof name, "bad/%s", text_of(test, "file"));
        answers_case = name;
        expect_error(test, encast_load_model(path_of(name), &model), SIZE_MAX);
        bytes = read_file(name, &length);
        expect_error(test, encast_load_model_from_memory((const uint8_t *)bytes, length, &model), SIZE_MAX);
        CHECK(model == NULL);
        free(bytes);
    }
    cJSON_Delete(corpus);
}

int main(int argument_count, char **arguments) {
    if (argument_count != 2) {
        give_up("usage", "corpus testdata");
    }
    folder = arguments[1];
    forecasts("cases.json");
    forecasts("cases-v2.json");
    forecasts("cases-v3.json");
    operations();
    bad_bundles();
    printf("%zu numbers of the corpus compared\n", answers_same);
    CHECK(answers_same > 1500);
    CHECK(encast_live_handles() == 0);
    return check_end(2000);
}
