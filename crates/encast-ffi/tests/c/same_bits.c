/* Prints the bits of every number of the answers to the requests of a file, for comparison with the Rust API.
   Arguments: model file, file of requests. A line of requests: bitrate_kbps width height frame_rate frame_drop
   motion_intensity crf codec preset, in which "nan" and "-" are unknown. One line an answer; single and batch calls
   have to agree before anything is printed. */
#include "check.h"
#include <inttypes.h>

enum { MOST = 1000 };

static EncastFeatures features[MOST];
static EncastResult results[MOST];

static void print_bits(double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    if (isnan(value)) {
        printf(" nan");
    } else {
        printf(" %016" PRIx64, bits);
    }
}

static void print_estimate(EncastEstimate estimate) {
    print_bits(estimate.value);
    print_bits(estimate.lower);
    print_bits(estimate.upper);
}

int main(int argument_count, char **arguments) {
    EncastModel *model = NULL;
    FILE *file;
    char line[1024], codec[32], preset[24];
    size_t count = 0;
    if (argument_count != 3 || encast_load_model(arguments[1], &model) != ENCAST_STATUS_OK) {
        fprintf(stderr, "no model: %s\n", encast_last_error());
        return 1;
    }
    file = fopen(arguments[2], "r");
    while (file != NULL && count < MOST && fgets(line, sizeof line, file) != NULL) {
        EncastFeatures *f = &features[count];
        encast_features_init(f, sizeof *f);
        encast_result_init(&results[count], sizeof results[count]);
        if (sscanf(line, "%lf %lf %lf %lf %lf %lf %lf %31s %23s", &f->bitrate_kbps, &f->resolution_width,
                   &f->resolution_height, &f->frame_rate, &f->frame_drop, &f->motion_intensity, &f->crf, codec,
                   preset) != 9) {
            fprintf(stderr, "bad line: %s", line);
            return 1;
        }
        if (strcmp(codec, "-") != 0) {
            CHECK_OK(encast_codec_from_name(codec, &f->codec));
        }
        if (strcmp(preset, "-") != 0) {
            strcpy(f->preset, preset);
        }
        count++;
    }
    fclose(file);
    CHECK_OK(encast_predict_batch(model, features, count, NULL, results, NULL));
    for (size_t i = 0; i < count; i++) {
        EncastResult single = check_result();
        const EncastResult *r = &results[i];
        CHECK_OK(encast_predict(model, &features[i], NULL, &single));
        CHECK(memcmp(&single, r, sizeof single) == 0);
        print_bits(r->predicted_vmaf);
        print_bits(r->predicted_psnr);
        print_bits(r->predicted_cost_usd);
        print_bits(r->predicted_co2_kg);
        print_bits(r->confidence);
        print_bits(r->recommended_bitrate_kbps);
        print_bits(r->best_reachable_vmaf);
        print_bits(r->size_mb);
        print_bits(r->bandwidth_mbps);
        printf(" %d %" PRIx64 " %" PRIx64, (int)r->target_unreachable, r->out_of_range, r->ignored);
        print_estimate(r->vmaf);
        print_estimate(r->psnr);
        print_estimate(r->ssim);
        print_estimate(r->bitrate_kbps);
        print_estimate(r->encode_seconds);
        print_estimate(r->cpu_seconds);
        print_estimate(r->cpu_percent);
        print_estimate(r->gpu_percent);
        print_estimate(r->peak_memory_mb);
        print_estimate(r->energy_kwh);
        print_estimate(r->cost_usd);
        print_estimate(r->co2_kg);
        printf("\n");
    }
    encast_free_model(model);
    return check_failures == 0 ? 0 : 1;
}
