/* Columns in, columns out: the bits of single forecasts, and what is refused. */
#include "check.h"

enum { ROWS = 300 };

static const double UNTOUCHED = -77;

/* What a caller of encast_score() has. */
typedef struct {
    EncastFeatures features;
    EncastColumn columns[3];
    EncastScores scores[2];
    double bitrates[ROWS];
    uint32_t encoders[ROWS];
    const char *names[2];
    double vmaf[ROWS], lower[ROWS], upper[ROWS], cost[ROWS];
} Table;

static void fill(Table *table) {
    table->features = check_request();
    for (int row = 0; row < ROWS; row++) {
        table->bitrates[row] = 200 + 37.5 * (row % 100);
        table->encoders[row] = row / 100 == 2 ? ENCAST_UNKNOWN_NAME : (uint32_t)(row / 100);
        table->vmaf[row] = table->lower[row] = table->upper[row] = table->cost[row] = UNTOUCHED;
    }
    table->names[0] = "libx264";
    table->names[1] = "x265";
    for (int i = 0; i < 3; i++) {
        CHECK_OK(encast_column_init(&table->columns[i], sizeof(EncastColumn)));
    }
    for (int i = 0; i < 2; i++) {
        CHECK_OK(encast_scores_init(&table->scores[i], sizeof(EncastScores)));
    }
    CHECK(strcmp(encast_field_name(ENCAST_FIELD_BITRATE_KBPS), "bitrate_kbps") == 0);
    table->columns[0].field = ENCAST_FIELD_BITRATE_KBPS;
    table->columns[0].values = table->bitrates;
    table->columns[1].field = ENCAST_FIELD_ENCODER;
    table->columns[1].codes = table->encoders;
    table->columns[1].names = table->names;
    table->columns[1].name_count = 2;
    table->scores[0].target = ENCAST_TARGET_VMAF;
    table->scores[0].values = table->vmaf;
    table->scores[0].lower = table->lower;
    table->scores[0].upper = table->upper;
    table->scores[1].target = ENCAST_TARGET_COST_USD;
    table->scores[1].values = table->cost;
}

static int32_t score(const EncastModel *model, const Table *table, size_t *bad_row) {
    return encast_score(model, &table->features, table->columns, 2, ROWS, NULL, table->scores, 2, bad_row);
}

static void same_bits(const EncastModel *model, Table *table) {
    static const int32_t encoders[] = {ENCAST_ENCODER_LIBX264, ENCAST_ENCODER_LIBX265, 0};
    int equal = 0;
    fill(table);
    CHECK_OK(score(model, table, NULL));
    for (int row = 0; row < ROWS; row++) {
        EncastFeatures one = table->features;
        EncastResult due = check_result();
        one.bitrate_kbps = table->bitrates[row];
        one.encoder = encoders[row / 100];
        CHECK_OK(encast_predict(model, &one, NULL, &due));
        equal += memcmp(&table->vmaf[row], &due.vmaf.value, sizeof(double)) == 0 &&
                 memcmp(&table->lower[row], &due.vmaf.lower, sizeof(double)) == 0 &&
                 memcmp(&table->upper[row], &due.vmaf.upper, sizeof(double)) == 0 &&
                 memcmp(&table->cost[row], &due.cost_usd.value, sizeof(double)) == 0;
    }
    CHECK(equal == ROWS);
    CHECK(table->vmaf[0] != table->vmaf[100] && table->vmaf[100] != table->vmaf[200]);
    /* No rows, no columns, no targets. */
    CHECK_OK(encast_score(model, &table->features, NULL, 0, 0, NULL, table->scores, 2, NULL));
    CHECK_OK(encast_score(model, &table->features, NULL, 0, ROWS, NULL, NULL, 0, NULL));
}

#define REFUSED(status, ...)                                   \
    do {                                                       \
        CHECK_ERROR(score(model, table, &row), status, __VA_ARGS__); \
        CHECK(untouched(table));                               \
        fill(table);                                           \
    } while (0)

static int untouched(const Table *table) {
    for (int row = 0; row < ROWS; row++) {
        if (table->vmaf[row] != UNTOUCHED || table->lower[row] != UNTOUCHED || table->upper[row] != UNTOUCHED ||
            table->cost[row] != UNTOUCHED) {
            return 0;
        }
    }
    return 1;
}

static void refused(const EncastModel *model, Table *table) {
    size_t row = 9999;
    fill(table);
    table->bitrates[299] = NAN;
    REFUSED(ENCAST_STATUS_MISSING_FIELD, "bitrate_kbps", "row 299", END);
    CHECK(row == 299);
    row = 9999;
    table->names[1] = "x266";
    REFUSED(ENCAST_STATUS_UNKNOWN_NAME, "encoder", "row 100", "libx265", END);
    CHECK(row == 100);
    row = 9999;
    table->encoders[5] = 2;
    REFUSED(ENCAST_STATUS_INVALID_FIELD, "encoder", "code 2", "below 2", END);
    table->columns[0].field = 4711;
    REFUSED(ENCAST_STATUS_INVALID_FIELD, "field", "4711", "encast_field_name", END);
    table->columns[1].name_count = ENCAST_COLUMN_NAMES_MOST + 1;
    REFUSED(ENCAST_STATUS_INVALID_FIELD, "name_count", "65537", "at most 65536", END);
    table->columns[1] = table->columns[0];
    REFUSED(ENCAST_STATUS_INVALID_FIELD, "field", "bitrate_kbps", "one column only", END);
    table->columns[0].values = NULL;
    REFUSED(ENCAST_STATUS_NULL_POINTER, "", "values is null", END);
    table->columns[1].codes = NULL;
    REFUSED(ENCAST_STATUS_NULL_POINTER, "", "codes is null", END);
    table->columns[1].names = NULL;
    REFUSED(ENCAST_STATUS_NULL_POINTER, "", "names is null", END);
    table->names[0] = NULL;
    REFUSED(ENCAST_STATUS_NULL_POINTER, "", "names is null", END);
    table->names[0] = "\xff";
    REFUSED(ENCAST_STATUS_BAD_TEXT, "names", "UTF-8", END);
    table->columns[1].struct_size = 8;
    REFUSED(ENCAST_STATUS_BAD_STRUCT_SIZE, "struct_size", "40", END);
    table->scores[0].target = 99;
    REFUSED(ENCAST_STATUS_INVALID_FIELD, "target", "99", "encast_target_name", END);
    table->scores[0].target = ENCAST_TARGET_SSIM;
    REFUSED(ENCAST_STATUS_NOT_PREDICTED, "ssim", "ssim", END);
    table->scores[0].values = NULL;
    REFUSED(ENCAST_STATUS_NULL_POINTER, "", "values is null", END);
    table->scores[0].lower = NULL;
    REFUSED(ENCAST_STATUS_NULL_POINTER, "", "lower is null", END);
    table->scores[0].upper = NULL;
    REFUSED(ENCAST_STATUS_NULL_POINTER, "", "upper is null", END);
    table->features.anchor_count = 1;
    CHECK(score(model, table, &row) == ENCAST_STATUS_INVALID_FIELD);
    CHECK(strcmp(encast_last_error_field(), "anchor_count") == 0);
    fill(table);
    CHECK(row == 9999);

    CHECK_NULL(encast_score(NULL, &table->features, NULL, 0, 0, NULL, NULL, 0, NULL), "model");
    CHECK_NULL(encast_score(model, NULL, NULL, 0, 0, NULL, NULL, 0, NULL), "features");
    CHECK_NULL(encast_score(model, &table->features, NULL, 1, 0, NULL, NULL, 0, NULL), "columns");
    CHECK_NULL(encast_score(model, &table->features, NULL, 0, 0, NULL, NULL, 1, NULL), "scores");
    CHECK_ERROR(encast_score(model, &table->features, table->columns, 30, ROWS, NULL, table->scores, 2, NULL),
                ENCAST_STATUS_INVALID_FIELD, "column_count", "30", END);
    CHECK_ERROR(encast_score(model, &table->features, table->columns, 2, ROWS, NULL, table->scores, 13, NULL),
                ENCAST_STATUS_INVALID_FIELD, "score_count", "13", END);
    CHECK_ERROR(encast_score(model, &table->features, NULL, 0, SIZE_MAX / 8, NULL, table->scores, 2, NULL),
                ENCAST_STATUS_BAD_COUNT, "row_count", "cannot be in memory", END);
#ifndef __SANITIZE_ADDRESS__ /* whose allocator ends the program instead */
    CHECK_ERROR(encast_score(model, &table->features, NULL, 0, (size_t)1 << 59, NULL, table->scores, 2, NULL),
                ENCAST_STATUS_OUT_OF_MEMORY, "", "rows", END);
#endif
    CHECK_NULL(encast_column_init(NULL, sizeof(EncastColumn)), "column");
    CHECK_NULL(encast_scores_init(NULL, sizeof(EncastScores)), "scores");
    CHECK(untouched(table));
}

int main(void) {
    static Table table;
    EncastModel *model = check_default_model();
    same_bits(model, &table);
    refused(model, &table);
    CHECK(encast_free_model(model) == ENCAST_STATUS_OK);
    CHECK_ERROR(score(model, &table, NULL), ENCAST_STATUS_BAD_HANDLE, "model", "no live handle", END);
    return check_end(400);
}
