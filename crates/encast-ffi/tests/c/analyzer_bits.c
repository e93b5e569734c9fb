/* Prints the bits of all figures of a file of frames, for comparison with the Rust API. Arguments: file of raw luma
   planes (rows stride bytes apart, all of them whole), width, height, bit depth, stride in bytes, frame rate,
   segmentation, segment seconds, threads; "nan" is unknown. */
#include "check.h"
#include <inttypes.h>

static void print_bits(double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    if (isnan(value)) {
        printf(" nan");
    } else {
        printf(" %016" PRIx64, bits);
    }
}

static void print_statistics(EncastStatistics s) {
    print_bits(s.mean);
    print_bits(s.std);
    print_bits(s.min);
    print_bits(s.max);
    print_bits(s.median);
}

static void print_complexity(const char *name, const EncastComplexity *c) {
    printf("%s %" PRIu32 " %" PRIu32 " %" PRIu32 " %" PRIu32 " %" PRIu32 " %" PRIu64 " %" PRIu64, name, c->bit_depth,
           c->width, c->height, c->cuts, c->segments, c->first_frame, c->frames);
    print_bits(c->frame_rate);
    print_bits(c->duration_s);
    print_bits(c->motion_intensity);
    print_statistics(c->si);
    print_statistics(c->ti);
    print_statistics(c->spatial_energy);
    print_statistics(c->temporal_energy);
    print_statistics(c->luminance);
    print_statistics(c->static_share);
    printf("\n");
}

int main(int argument_count, char **arguments) {
    EncastAnalyzerOptions options;
    EncastAnalyzer *analyzer = NULL;
    EncastComplexity out;
    EncastFrameComplexity frame;
    FILE *file;
    unsigned char *plane;
    size_t stride, bytes, segments, cuts;
    if (argument_count != 10) {
        return 2;
    }
    CHECK_OK(encast_analyzer_options_init(&options, sizeof options));
    options.width = (uint32_t)atoi(arguments[2]);
    options.height = (uint32_t)atoi(arguments[3]);
    options.bit_depth = (uint32_t)atoi(arguments[4]);
    stride = (size_t)atoi(arguments[5]);
    options.frame_rate = strtod(arguments[6], NULL);
    options.segmentation = atoi(arguments[7]);
    options.segment_seconds = strtod(arguments[8], NULL);
    options.threads = (uint32_t)atoi(arguments[9]);
    CHECK_OK(encast_analyzer_new(&options, &analyzer));
    CHECK_OK(encast_frame_complexity_init(&frame, sizeof frame));
    CHECK_OK(encast_complexity_init(&out, sizeof out));
    bytes = stride * options.height;
    plane = malloc(bytes);
    file = fopen(arguments[1], "rb");
    while (file != NULL && plane != NULL && fread(plane, 1, bytes, file) == bytes) {
        CHECK_OK(encast_analyzer_push_frame(analyzer, plane, stride, &frame));
        printf("frame %" PRIu64, frame.frame);
        print_bits(frame.si);
        print_bits(frame.ti);
        print_bits(frame.spatial_energy);
        print_bits(frame.temporal_energy);
        print_bits(frame.luminance);
        print_bits(frame.static_share);
        printf("\n");
    }
    free(plane);
    if (file != NULL) {
        fclose(file);
    }
    CHECK_OK(encast_analyzer_finish(analyzer, &out));
    print_complexity("clip", &out);
    segments = out.segments;
    cuts = out.cuts;
    for (size_t i = 0; i < segments; i++) {
        CHECK_OK(encast_analyzer_segment(analyzer, i, &out));
        print_complexity("segment", &out);
    }
    for (size_t i = 0; i < cuts; i++) {
        uint64_t cut = 0;
        CHECK_OK(encast_analyzer_cut(analyzer, i, &cut));
        printf("cut %" PRIu64 "\n", cut);
    }
    encast_analyzer_free(analyzer);
    return check_failures == 0 ? 0 : 1;
}
