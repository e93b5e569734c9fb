/* Model files: a distinct error for each way in which one can be bad, and nothing half-loaded.
   Argument: an empty folder. The caller (the Rust test) puts the bad files there whose making needs the format. */
#include "check.h"
#include <sys/stat.h>
#include <unistd.h>

static char path_text[4096];
static const char *folder;

static const char *path_of(const char *name) {
    snprintf(path_text, sizeof path_text, "%s/%s", folder, name);
    return path_text;
}

static unsigned char *read_file(const char *name, size_t *length) {
    FILE *file = fopen(path_of(name), "rb");
    unsigned char *bytes;
    struct stat status;
    if (file == NULL || stat(path_text, &status) != 0) {
        fprintf(stderr, "%s cannot be read\n", path_text);
        exit(1);
    }
    *length = (size_t)status.st_size;
    bytes = malloc(*length);
    CHECK(fread(bytes, 1, *length, file) == *length);
    fclose(file);
    return bytes;
}

static void write_file(const char *name, const unsigned char *bytes, size_t length) {
    FILE *file = fopen(path_of(name), "wb");
    if (file == NULL) {
        exit(1);
    }
    CHECK(fwrite(bytes, 1, length, file) == length);
    fclose(file);
}

/* Loading from the file and from memory fails alike, and leaves the handle alone. */
static void check_bad(const char *name, int32_t due) {
    EncastModel *out = (EncastModel *)&folder, *before = out;
    size_t length;
    unsigned char *bytes = read_file(name, &length);
    int32_t status = encast_load_model(path_of(name), &out);
    check_true(status == due && encast_last_error()[0] != '\0' && out == before, name, __FILE__, __LINE__);
    if (status != due) {
        fprintf(stderr, "  status %d (%s), due %d (%s)\n", (int)status, encast_status_name(status), (int)due,
                encast_status_name(due));
    }
    status = encast_load_model_from_memory(bytes, length, &out);
    check_true(status == due && out == before, name, __FILE__, __LINE__);
    free(bytes);
}

static void round_trip(EncastModel *model) {
    static const char *names[] = {"saved.json", "saved.encast"};
    EncastFeatures features = check_request();
    EncastResult due = check_result();
    CHECK_OK(encast_predict(model, &features, NULL, &due));
    for (int i = 0; i < 2; i++) {
        EncastModel *loaded = NULL, *from_memory = NULL;
        EncastResult result = check_result();
        size_t length;
        unsigned char *bytes;
        CHECK_OK(encast_save_model(model, path_of(names[i])));
        CHECK_OK(encast_load_model(path_of(names[i]), &loaded));
        CHECK_OK(encast_predict(loaded, &features, NULL, &result));
        CHECK(memcmp(&result, &due, sizeof due) == 0);
        bytes = read_file(names[i], &length);
        CHECK((bytes[0] == '{') == (i == 0));
        CHECK_OK(encast_load_model_from_memory(bytes, length, &from_memory));
        memset(bytes, 0, length); /* the model keeps no reference */
        free(bytes);
        result = check_result();
        CHECK_OK(encast_predict(from_memory, &features, NULL, &result));
        CHECK(memcmp(&result, &due, sizeof due) == 0);
        encast_free_model(loaded);
        encast_free_model(from_memory);
    }
}

static void bad_files(void) {
    EncastModel *out = NULL;
    size_t length;
    unsigned char *bytes = read_file("saved.encast", &length);
    size_t cuts[] = {9, 40, length / 2, length - 1};
    struct stat status;

    CHECK_ERROR(encast_load_model(path_of("not there.encast"), &out), ENCAST_STATUS_MODEL_MISSING, "", "not there",
                END);
    CHECK_ERROR(encast_load_model("", &out), ENCAST_STATUS_MODEL_MISSING, "", END);
    CHECK_ERROR(encast_load_model(folder, &out), ENCAST_STATUS_IO, "", END);
    CHECK_ERROR(encast_load_model_from_memory(NULL, 0, &out), ENCAST_STATUS_TRUNCATED, "", END);
    CHECK(out == NULL);

    for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++) {
        write_file("truncated.encast", bytes, cuts[i]);
        check_bad("truncated.encast", ENCAST_STATUS_TRUNCATED);
    }
    write_file("truncated.encast", bytes, 0);
    check_bad("truncated.encast", ENCAST_STATUS_TRUNCATED);
    for (int i = 1; i <= 8; i++) {
        size_t at = length * (size_t)i / 9;
        bytes[at] ^= 0x10;
        write_file("damaged.encast", bytes, length);
        check_bad("damaged.encast", ENCAST_STATUS_CHECKSUM);
        bytes[at] ^= 0x10;
    }
    write_file("wrong.encast", (const unsigned char *)"GIF89a, and no model at all: some other file", 44);
    check_bad("wrong.encast", ENCAST_STATUS_WRONG_MAGIC);
    free(bytes);

    check_bad("corrupt.json", ENCAST_STATUS_CORRUPT);
    check_bad("newer.json", ENCAST_STATUS_NEWER_FORMAT);
    check_bad("newer.encast", ENCAST_STATUS_NEWER_FORMAT);
    CHECK(stat(path_of("large.encast"), &status) == 0);
    CHECK_ERROR(encast_load_model(path_of("large.encast"), &out), ENCAST_STATUS_TOO_LARGE, "", END);
    CHECK(out == NULL);
}

static void bad_saves(const EncastModel *model) {
    struct stat before, after;
    CHECK_ERROR(encast_save_model(model, path_of("no such folder/model.json")), ENCAST_STATUS_IO, "", "no such folder",
                END);
    CHECK_ERROR(encast_save_model(model, folder), ENCAST_STATUS_IO, "", END);
    CHECK(stat(folder, &before) == 0 && S_ISDIR(before.st_mode));
    CHECK(stat(path_of("saved.json"), &before) == 0);
    CHECK_OK(encast_save_model(model, path_of("saved.json")));
    CHECK(stat(path_of("saved.json"), &after) == 0 && before.st_size == after.st_size);
}

int main(int count, char **arguments) {
    EncastModel *model;
    if (count != 2) {
        return 2;
    }
    folder = arguments[1];
    model = check_default_model();
    round_trip(model);
    bad_files();
    bad_saves(model);
    encast_free_model(model);
    return check_end(60);
}
