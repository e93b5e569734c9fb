/* Models that have to be signed. Arguments: the folder testdata, an empty folder. */
#include "check.h"

static const char *testdata, *folder;

/* The content of a file, NUL-terminated; to be freed. */
static char *content(const char *parent, const char *name, size_t *length) {
    char path[4096];
    FILE *file;
    char *text = calloc(1, 1 << 20);
    snprintf(path, sizeof path, "%s/%s", parent, name);
    file = fopen(path, "rb");
    if (file == NULL || text == NULL) {
        fprintf(stderr, "%s cannot be read\n", path);
        exit(1);
    }
    *length = fread(text, 1, (1 << 20) - 1, file);
    fclose(file);
    return text;
}

static void copy(const char *from, const char *to) {
    char path[4096];
    size_t length;
    char *bytes = content(testdata, from, &length);
    FILE *file;
    snprintf(path, sizeof path, "%s/%s", folder, to);
    file = fopen(path, "wb");
    CHECK(file != NULL && fwrite(bytes, 1, length, file) == length && fclose(file) == 0);
    free(bytes);
}

static EncastLoadOptions options_of(const char *keys, const char *signature) {
    EncastLoadOptions options;
    CHECK_OK(encast_load_options_init(&options, sizeof options));
    CHECK(options.require_signature == 0 && options.public_keys == NULL && options.signature == NULL);
    options.require_signature = 1;
    options.public_keys = keys;
    options.signature = signature;
    return options;
}

static void loads(const char *path, const EncastLoadOptions *options) {
    EncastModel *model = NULL;
    EncastFeatures features = check_request();
    EncastResult result = check_result();
    CHECK_OK(encast_load_model_with(path, options, &model));
    CHECK_OK(encast_predict(model, &features, NULL, &result));
    CHECK(result.predicted_vmaf > 0);
    CHECK(encast_free_model(model) == ENCAST_STATUS_OK);
}

int main(int count, char **arguments) {
    size_t length, ignored;
    char path[4096], *one, *two, *signature, *bundle;
    EncastModel *out = NULL;
    EncastLoadOptions options;
    if (count != 3) {
        return 2;
    }
    testdata = arguments[1];
    folder = arguments[2];
    one = content(testdata, "signed/one.pub", &ignored);
    two = content(testdata, "signed/two.pub", &ignored);
    signature = content(testdata, "signed/v1.encast.minisig", &ignored);
    bundle = content(testdata, "bundles/v1.encast", &length);
    copy("bundles/v1.encast", "model.encast");
    snprintf(path, sizeof path, "%s/model.encast", folder);

    /* No signature beside it. */
    options = options_of(one, NULL);
    CHECK_ERROR(encast_load_model_with(path, &options, &out), ENCAST_STATUS_UNSIGNED, "", "not signed", END);
    CHECK_ERROR(encast_load_model_from_memory_with((unsigned char *)bundle, length, &options, &out),
                ENCAST_STATUS_UNSIGNED, "", "not signed", END);
    loads(path, NULL);
    options.require_signature = 0;
    loads(path, &options);

    /* With it, and with it in memory. */
    options = options_of(one, signature);
    loads(path, &options);
    CHECK_OK(encast_load_model_from_memory_with((unsigned char *)bundle, length, &options, &out));
    CHECK(encast_free_model(out) == ENCAST_STATUS_OK);
    out = NULL;
    copy("signed/v1.encast.minisig", "model.encast.minisig");
    options = options_of(one, NULL);
    loads(path, &options);

    /* Another key, other bytes, no signature. */
    options = options_of(two, NULL);
    CHECK_ERROR(encast_load_model_with(path, &options, &out), ENCAST_STATUS_BAD_SIGNATURE, "signature", "another key",
                END);
    options = options_of(one, signature);
    bundle[length / 2] ^= 1;
    CHECK_ERROR(encast_load_model_from_memory_with((unsigned char *)bundle, length, &options, &out),
                ENCAST_STATUS_BAD_SIGNATURE, "signature", "not what was signed", END);
    options.require_signature = 0;
    CHECK_ERROR(encast_load_model_from_memory_with((unsigned char *)bundle, length, &options, &out),
                ENCAST_STATUS_BAD_SIGNATURE, "signature", "not what was signed", END);
    options.signature = "hello";
    CHECK_ERROR(encast_load_model_with(path, &options, &out), ENCAST_STATUS_BAD_SIGNATURE, "signature",
                "no signature of minisign", END);

    /* Keys that are none, and options that are none. */
    options = options_of("hello", NULL);
    CHECK_ERROR(encast_load_model_with(path, &options, &out), ENCAST_STATUS_BAD_KEY, "public_keys", "line 1", "hello",
                END);
    options = options_of(NULL, NULL);
    CHECK_ERROR(encast_load_model_with(path, &options, &out), ENCAST_STATUS_BAD_KEY, "public_keys", "no public key", END);
    options = options_of("\xff", NULL);
    CHECK_ERROR(encast_load_model_with(path, &options, &out), ENCAST_STATUS_BAD_TEXT, "public_keys", "UTF-8", END);
    options = options_of(one, NULL);
    options.require_signature = 7;
    CHECK_ERROR(encast_load_model_with(path, &options, &out), ENCAST_STATUS_BAD_NUMBER, "require_signature", "= 7", END);
    options.struct_size = 7;
    CHECK_ERROR(encast_load_model_with(path, &options, &out), ENCAST_STATUS_BAD_STRUCT_SIZE, "struct_size", "= 7", END);
    CHECK_NULL(encast_load_model_with(NULL, NULL, &out), "path");
    CHECK_NULL(encast_load_model_with(path, NULL, NULL), "out_model");
    CHECK_NULL(encast_load_model_from_memory_with(NULL, 1, NULL, &out), "bytes");
    CHECK_NULL(encast_load_options_init(NULL, sizeof options), "options");
    CHECK_ERROR(encast_load_model_with("not there", NULL, &out), ENCAST_STATUS_MODEL_MISSING, "", "not there", END);
    CHECK(out == NULL);
    free(one);
    free(two);
    free(signature);
    free(bundle);
    return check_end(50);
}
