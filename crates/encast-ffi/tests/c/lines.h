/* Requests as lines of text, and answers as the bits of their numbers. Needs check.h before it. */
#ifndef LINES_H
#define LINES_H

#include <inttypes.h>

/* bitrate_kbps width height frame_rate frame_drop motion_intensity crf codec preset, "nan" and "-" being unknown. */
static inline EncastFeatures read_request(const char *line) {
    EncastFeatures f;
    char codec[32], preset[24];
    encast_features_init(&f, sizeof f);
    if (sscanf(line, "%lf %lf %lf %lf %lf %lf %lf %31s %23s", &f.bitrate_kbps, &f.resolution_width,
               &f.resolution_height, &f.frame_rate, &f.frame_drop, &f.motion_intensity, &f.crf, codec, preset) != 9) {
        fprintf(stderr, "bad line: %s", line);
        exit(1);
    }
    if (strcmp(codec, "-") != 0) {
        CHECK_OK(encast_codec_from_name(codec, &f.codec));
    }
    if (strcmp(preset, "-") != 0) {
        strcpy(f.preset, preset);
    }
    return f;
}

static inline void print_bits(double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    if (isnan(value)) {
        printf(" nan");
    } else {
        printf(" %016" PRIx64, bits);
    }
}

static inline void print_estimate(EncastEstimate estimate) {
    print_bits(estimate.value);
    print_bits(estimate.lower);
    print_bits(estimate.upper);
}

static inline void print_result(const EncastResult *r) {
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
}

#endif
