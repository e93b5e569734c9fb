/*
 * encast from C: feeds the frames of a clip to an analyzer, as an encoder would feed its own, prints how complex they
 * are, and asks for the bitrate that reaches VMAF 93 and for a forecast at that bitrate.
 *
 *     cargo build --release -p encast-ffi
 *     cc -std=c11 -I include examples/c/analyze.c -L target/release -lencast -Wl,-rpath,$PWD/target/release -lm \
 *        -o analyze
 *     ./analyze [clip.y4m; default: frames that it makes up]
 */
#include <encast.h>

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Ends the program with the library's text when a call fails. */
#define TRY(call)                                                                                                      \
    do {                                                                                                               \
        int32_t status = (call);                                                                                       \
        if (status != ENCAST_STATUS_OK) {                                                                              \
            fprintf(stderr, "%s: status %" PRId32 " (%s): %s\n", #call, status, encast_status_name(status),            \
                    encast_last_error());                                                                              \
            exit(EXIT_FAILURE);                                                                                        \
        }                                                                                                              \
    } while (0)

static void give_up(const char *why) {
    fprintf(stderr, "%s\n", why);
    exit(EXIT_FAILURE);
}

/* Where frames come from: a Y4M stream, or a formula when there is no file. */
typedef struct {
    FILE *file;
    unsigned width, height, bit_depth;
    double frame_rate; /* NaN = unknown */
    size_t luma_bytes, other_bytes;
    unsigned char *luma;
    uint64_t frame;
} Source;

/* The first line of a Y4M stream; progressive 4:2:0, 4:2:2, 4:4:4 and mono are enough here. */
static void read_header(Source *source) {
    char line[1024], *word;
    unsigned numerator, denominator;
    size_t chroma_width, chroma_height, sample, planes = 2;
    const char *colour = "420", *depth;
    if (fgets(line, sizeof line, source->file) == NULL || strncmp(line, "YUV4MPEG2 ", 10) != 0) {
        give_up("not a Y4M stream");
    }
    for (word = strtok(line, " \n"); word != NULL; word = strtok(NULL, " \n")) {
        switch (word[0]) {
        case 'W':
            source->width = (unsigned)strtoul(word + 1, NULL, 10);
            break;
        case 'H':
            source->height = (unsigned)strtoul(word + 1, NULL, 10);
            break;
        case 'F':
            if (sscanf(word, "F%u:%u", &numerator, &denominator) == 2 && numerator > 0 && denominator > 0) {
                source->frame_rate = (double)numerator / denominator;
            }
            break;
        case 'I':
            if (word[1] != 'p' && word[1] != '?') {
                give_up("interlaced: deinterlace it first");
            }
            break;
        case 'C':
            colour = word + 1;
            break;
        default:
            break;
        }
    }
    if (source->width == 0 || source->height == 0 || source->width > 16384 || source->height > 16384) {
        give_up("no usable size");
    }
    chroma_width = (source->width + 1) / 2;
    chroma_height = (source->height + 1) / 2;
    if (strncmp(colour, "422", 3) == 0) {
        chroma_height = source->height;
    } else if (strncmp(colour, "444", 3) == 0 && strcmp(colour, "444alpha") != 0) {
        chroma_width = source->width;
        chroma_height = source->height;
    } else if (strncmp(colour, "mono", 4) == 0) {
        planes = 0;
    } else if (strncmp(colour, "420", 3) != 0) {
        give_up("colour is none of 420, 422, 444 and mono");
    }
    /* "420p10", "mono10": the depth; "420jpeg", "420paldv", "420mpeg2": where chroma sits. */
    depth = planes == 0 ? colour + 4 : colour + 3 + (colour[3] == 'p');
    source->bit_depth = depth[0] >= '1' && depth[0] <= '9' ? (unsigned)strtoul(depth, NULL, 10) : 8;
    sample = source->bit_depth > 8 ? 2 : 1;
    source->luma_bytes = sample * source->width * source->height;
    source->other_bytes = sample * planes * chroma_width * chroma_height;
}

static Source open_source(const char *path) {
    Source source = {NULL, 640, 360, 8, 25, (size_t)640 * 360, 0, NULL, 0};
    if (path != NULL) {
        source.frame_rate = NAN;
        source.file = fopen(path, "rb");
        if (source.file == NULL) {
            give_up("the clip cannot be opened");
        }
        read_header(&source);
    }
    /* malloc's memory is aligned for uint16_t. */
    source.luma = malloc(source.luma_bytes);
    if (source.luma == NULL) {
        give_up("out of memory");
    }
    return source;
}

/* MADE-UP frames: stripes that move, a grain that does not, and another picture after two seconds of four. */
static int make_up(Source *source) {
    unsigned x, y, n = (unsigned)source->frame;
    if (n == 100) {
        return 0;
    }
    for (y = 0; y < source->height; y++) {
        for (x = 0; x < source->width; x++) {
            unsigned stripes = ((x + (n < 50 ? 2 * n : 0)) / 16 + y / 16) % 2, grain = (x * 31 + y * 17) % 7;
            source->luma[(size_t)y * source->width + x] = (unsigned char)((n < 50 ? 50 : 140) + 60 * stripes + grain);
        }
    }
    return 1;
}

/* Reads the luma of the next frame and skips the rest of it; 0 behind the last. */
static int next_frame(Source *source) {
    char line[1024];
    size_t i;
    if (source->file == NULL) {
        return make_up(source);
    }
    if (fgets(line, sizeof line, source->file) == NULL) {
        return 0;
    }
    if (strncmp(line, "FRAME", 5) != 0 || fread(source->luma, 1, source->luma_bytes, source->file) != source->luma_bytes) {
        give_up("the clip is damaged");
    }
    for (i = 0; i < source->other_bytes; i++) {
        if (getc(source->file) == EOF) {
            give_up("the clip is truncated");
        }
    }
    if (source->bit_depth > 8) {
        /* Y4M has the low byte first; the analyzer takes the machine's order. */
        for (i = 0; i < source->luma_bytes; i += 2) {
            uint16_t sample = (uint16_t)(source->luma[i] | source->luma[i + 1] << 8);
            memcpy(source->luma + i, &sample, sizeof sample);
        }
    }
    return 1;
}

static void print_statistics(const char *name, EncastStatistics s) {
    printf("  %-16s mean %8.3f  std %8.3f  max %8.3f  median %8.3f\n", name, s.mean, s.std, s.max, s.median);
}

static void print_complexity(const EncastAnalyzer *analyzer, const EncastComplexity *clip) {
    size_t i;
    printf("%" PRIu32 "x%" PRIu32 ", %" PRIu32 " bits: %" PRIu64 " frames, %.3f s, motion %.3f\n", clip->width,
           clip->height, clip->bit_depth, clip->frames, clip->duration_s, clip->motion_intensity);
    print_statistics("SI", clip->si);
    print_statistics("TI", clip->ti);
    print_statistics("spatial energy", clip->spatial_energy);
    print_statistics("temporal energy", clip->temporal_energy);
    print_statistics("luminance", clip->luminance);
    for (i = 0; i < clip->segments; i++) {
        EncastComplexity scene;
        TRY(encast_complexity_init(&scene, sizeof scene));
        TRY(encast_analyzer_segment(analyzer, i, &scene));
        printf("  scene %zu: frames %" PRIu64 " to %" PRIu64 ", SI %.3f, TI %.3f\n", i + 1, scene.first_frame,
               scene.first_frame + scene.frames - 1, scene.si.mean, scene.ti.mean);
    }
}

/* Pushes all frames, as an encoder's loop would, and ends the clip. */
static void analyze(Source *source, EncastComplexity *clip) {
    EncastAnalyzerOptions options;
    EncastAnalyzer *analyzer = NULL;
    size_t stride = source->luma_bytes / source->height;
    TRY(encast_analyzer_options_init(&options, sizeof options));
    options.width = source->width;
    options.height = source->height;
    options.bit_depth = source->bit_depth;
    options.frame_rate = source->frame_rate;
    options.segmentation = ENCAST_SEGMENTATION_SCENES;
    TRY(encast_analyzer_new(&options, &analyzer));
    for (; next_frame(source); source->frame++) {
        TRY(encast_analyzer_push_frame(analyzer, source->luma, stride, NULL));
    }
    TRY(encast_complexity_init(clip, sizeof *clip));
    TRY(encast_analyzer_finish(analyzer, clip));
    print_complexity(analyzer, clip);
    encast_analyzer_free(analyzer);
}

/* An encode at the source's size: the bitrate for VMAF 93, and what is forecast of it. */
static void forecast(const EncastComplexity *clip) {
    EncastModel *model = NULL;
    EncastFeatures features;
    EncastPredictOptions options;
    EncastRecommendation answer;
    EncastResult result;
    uint32_t bit;
    TRY(encast_load_default_model(&model));
    TRY(encast_features_init(&features, sizeof features));
    TRY(encast_features_set_content(&features, clip));
    features.resolution_width = clip->width;
    features.resolution_height = clip->height;
    features.frame_rate = clip->frame_rate;
    TRY(encast_encoder_from_name("libx264", &features.encoder));
    strcpy(features.preset, "medium");

    TRY(encast_predict_options_init(&options, sizeof options));
    TRY(encast_recommendation_init(&answer, sizeof answer));
    options.target_vmaf = 93;
    TRY(encast_recommend_bitrate(model, &features, &options, &answer));
    printf("libx264 medium for VMAF 93: %s%.0f kbit/s\n", answer.unreachable ? "not reached, even at " : "",
           answer.bitrate_kbps);

    features.bitrate_kbps = answer.bitrate_kbps;
    TRY(encast_result_init(&result, sizeof result));
    TRY(encast_predict(model, &features, &options, &result));
    printf("at that bitrate: VMAF %.2f [%.2f, %.2f], %.3f MB, confidence %.2f\n", result.vmaf.value, result.vmaf.lower,
           result.vmaf.upper, result.size_mb, result.confidence);
    for (bit = 0; encast_field_name(bit) != NULL; bit++) {
        if (result.out_of_range >> bit & 1) {
            printf("  beyond what the model saw: %s\n", encast_field_name(bit));
        }
    }
    encast_free_model(model);
}

int main(int argument_count, char **arguments) {
    Source source = open_source(argument_count > 1 ? arguments[1] : NULL);
    EncastComplexity clip;
    analyze(&source, &clip);
    forecast(&clip);
    free(source.luma);
    if (source.file != NULL) {
        fclose(source.file);
    }
    return EXIT_SUCCESS;
}
