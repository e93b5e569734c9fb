/*
 * encast from C: feeds the frames of a clip to an analyzer, as an encoder would feed its own, prints how complex they
 * are, and asks for the bitrate that reaches VMAF 93 and for a forecast at that bitrate.
 *
 *     cargo build --release -p encast-ffi
 *     cc -std=c11 -I include examples/c/analyze.c -L target/release -lencast -Wl,-rpath,$PWD/target/release -lm \
 *        -o analyze
 *     ./analyze [clip.y4m; default: frames that it makes up]
 */
#include "try.h"
#include "y4m.h"

/* Where frames come from: a Y4M stream, or a formula when there is no file. */
typedef struct {
    Y4m y4m;
    unsigned char *luma;
    uint64_t frame;
} Source;

static Source open_source(const char *path) {
    Source source = {{NULL, 0, 640, 360, 8, 25, 1, "mono", (size_t)640 * 360, 0}, NULL, 0};
    if (path != NULL) {
        FILE *file = fopen(path, "rb");
        if (file == NULL) {
            give_up("the clip cannot be opened");
        }
        source.y4m = y4m_open(file);
    }
    /* malloc's memory is aligned for uint16_t. */
    source.luma = malloc(source.y4m.luma_bytes);
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
    for (y = 0; y < source->y4m.height; y++) {
        for (x = 0; x < source->y4m.width; x++) {
            unsigned stripes = ((x + (n < 50 ? 2 * n : 0)) / 16 + y / 16) % 2, grain = (x * 31 + y * 17) % 7;
            unsigned sample = (n < 50 ? 50 : 140) + 60 * stripes + grain;
            source->luma[(size_t)y * source->y4m.width + x] = (unsigned char)sample;
        }
    }
    return 1;
}

/* The luma of the next frame; 0 behind the last. */
static int next_frame(Source *source) {
    size_t i;
    if (source->y4m.file == NULL) {
        return make_up(source);
    }
    if (!y4m_next(&source->y4m, source->luma, NULL)) {
        return 0;
    }
    if (source->y4m.bit_depth > 8) {
        /* Y4M has the low byte first; the analyzer takes the machine's order. */
        for (i = 0; i < source->y4m.luma_bytes; i += 2) {
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
    size_t stride = source->y4m.luma_bytes / source->y4m.height;
    TRY(encast_analyzer_options_init(&options, sizeof options));
    options.width = source->y4m.width;
    options.height = source->y4m.height;
    options.bit_depth = source->y4m.bit_depth;
    options.frame_rate = y4m_frame_rate(&source->y4m);
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
    if (source.y4m.file != NULL) {
        fclose(source.y4m.file);
    }
    return EXIT_SUCCESS;
}
