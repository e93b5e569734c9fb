/* Prints the bits of the answers to requests with anchors, for comparison with the Rust API. Arguments: model file, file
   of requests. A line of the file is "r" and a request, or "a" and an anchor of the request above it: bitrate_kbps crf
   width height codec encoder preset vmaf psnr ssim. Printed are, for each request, its forecast, which single and batch
   calls have to agree on, the two searches, and what changes from the request before; for some, a ladder. */
#include "check.h"
#include "lines.h"

enum { MOST = 200, MOST_ANCHORS = 2000, MOST_RUNGS = 32 };

static EncastFeatures features[MOST];
static EncastAnchor anchors[MOST_ANCHORS];
static EncastResult results[MOST];
static size_t count = 0, anchor_count = 0;

static void read_anchor(const char *line) {
    EncastAnchor *a = &anchors[anchor_count];
    char codec[32], encoder[32], preset[24];
    CHECK_OK(encast_anchor_init(a, sizeof *a));
    if (count == 0 || sscanf(line, "%lf %lf %lf %lf %31s %31s %23s %lf %lf %lf", &a->bitrate_kbps, &a->crf,
                             &a->resolution_width, &a->resolution_height, codec, encoder, preset, &a->vmaf, &a->psnr,
                             &a->ssim) != 10) {
        fprintf(stderr, "bad line: %s", line);
        exit(1);
    }
    if (strcmp(codec, "-") != 0) {
        CHECK_OK(encast_codec_from_name(codec, &a->codec));
    }
    if (strcmp(encoder, "-") != 0) {
        CHECK_OK(encast_encoder_from_name(encoder, &a->encoder));
    }
    if (strcmp(preset, "-") != 0) {
        strcpy(a->preset, preset);
    }
    if (features[count - 1].anchor_count++ == 0) {
        features[count - 1].anchors = a;
    }
    anchor_count++;
}

static void print_search(const EncastModel *model, const EncastFeatures *f, const EncastPredictOptions *options, int crf) {
    EncastRecommendation r;
    int32_t status;
    encast_recommendation_init(&r, sizeof r);
    status = crf ? encast_recommend_crf(model, f, options, &r) : encast_recommend_bitrate(model, f, options, &r);
    if (status != ENCAST_STATUS_OK) {
        printf("error %s\n", encast_last_error());
        return;
    }
    printf("search %d", (int)r.outcome);
    print_bits(crf ? r.crf : r.bitrate_kbps);
    print_bits(r.assured_vmaf);
    print_estimate(r.vmaf);
    printf("\n");
}

static void print_ladder(const EncastModel *model, const EncastFeatures *f) {
    EncastRung rungs[MOST_RUNGS];
    size_t rung_count = 0;
    for (size_t i = 0; i < MOST_RUNGS; i++) {
        encast_rung_init(&rungs[i], sizeof rungs[i]);
    }
    CHECK_OK(encast_ladder(model, f, NULL, NULL, rungs, MOST_RUNGS, &rung_count));
    printf("ladder");
    for (size_t i = 0; i < rung_count; i++) {
        printf(" %ux%u", (unsigned)rungs[i].width, (unsigned)rungs[i].height);
        print_bits(rungs[i].bitrate_kbps);
        print_bits(rungs[i].crf);
        print_estimate(rungs[i].vmaf);
        print_estimate(rungs[i].psnr);
    }
    printf("\n");
}

static void print_difference(EncastDifference d) {
    print_estimate(d.difference);
    print_estimate(d.ratio);
}

static void print_comparison(const EncastModel *model, size_t i) {
    EncastResult a = check_result(), b = check_result();
    EncastComparison c;
    encast_comparison_init(&c, sizeof c);
    CHECK_OK(encast_compare(model, &features[i - 1], &features[i], NULL, &a, &b, &c));
    CHECK(memcmp(&a, &results[i - 1], sizeof a) == 0 && memcmp(&b, &results[i], sizeof b) == 0);
    printf("change");
    print_difference(c.vmaf);
    print_difference(c.psnr);
    print_difference(c.ssim);
    print_difference(c.bitrate_kbps);
    print_difference(c.encode_seconds);
    print_difference(c.cpu_seconds);
    print_difference(c.cpu_percent);
    print_difference(c.gpu_percent);
    print_difference(c.peak_memory_mb);
    print_difference(c.energy_kwh);
    print_difference(c.cost_usd);
    print_difference(c.co2_kg);
    printf("\n");
}

int main(int argument_count, char **arguments) {
    EncastModel *model = NULL;
    EncastPredictOptions options;
    FILE *file;
    char line[1024];
    if (argument_count != 3 || encast_load_model(arguments[1], &model) != ENCAST_STATUS_OK) {
        fprintf(stderr, "no model: %s\n", encast_last_error());
        return 1;
    }
    file = fopen(arguments[2], "r");
    while (file != NULL && count < MOST && anchor_count < MOST_ANCHORS && fgets(line, sizeof line, file) != NULL) {
        if (line[0] == 'a') {
            read_anchor(line + 1);
        } else {
            features[count] = read_request(line + 1);
            results[count] = check_result();
            count++;
        }
    }
    fclose(file);
    encast_predict_options_init(&options, sizeof options);
    options.target_vmaf = 80;
    CHECK_OK(encast_predict_batch(model, features, count, NULL, results, NULL));
    for (size_t i = 0; i < count; i++) {
        EncastResult single = check_result();
        CHECK_OK(encast_predict(model, &features[i], NULL, &single));
        CHECK(memcmp(&single, &results[i], sizeof single) == 0);
        printf("answer");
        print_result(&results[i]);
        printf("\n");
        print_search(model, &features[i], &options, 0);
        print_search(model, &features[i], &options, 1);
        if (i > 0) {
            print_comparison(model, i);
        }
        if (i % 12 == 2) {
            print_ladder(model, &features[i]);
        }
    }
    encast_free_model(model);
    return check_failures == 0 ? 0 : 1;
}
