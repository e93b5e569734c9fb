/* Analyzers: null pointers, sizes of structs, order of calls, planes in odd places, samples, threads, and the way to a
   forecast. */
#define _DEFAULT_SOURCE
#include "check.h"
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

enum { WIDTH = 70, HEIGHT = 45, FRAMES = 24, CUT = 12 };

static EncastAnalyzerOptions options_of(uint32_t bit_depth) {
    EncastAnalyzerOptions options;
    CHECK_OK(encast_analyzer_options_init(&options, sizeof options));
    CHECK(options.threads == 1 && options.segmentation == 0 && options.bit_depth == 0 && isnan(options.frame_rate));
    options.width = WIDTH;
    options.height = HEIGHT;
    options.bit_depth = bit_depth;
    options.frame_rate = 24;
    return options;
}

static EncastAnalyzer *analyzer_of(const EncastAnalyzerOptions *options) {
    EncastAnalyzer *analyzer = NULL;
    if (encast_analyzer_new(options, &analyzer) != ENCAST_STATUS_OK || analyzer == NULL) {
        fprintf(stderr, "no analyzer: %s\n", encast_last_error());
        exit(1);
    }
    return analyzer;
}

static EncastComplexity complexity_blank(void) {
    EncastComplexity complexity;
    CHECK_OK(encast_complexity_init(&complexity, sizeof complexity));
    return complexity;
}

/* A texture that moves, and from frame CUT on another, brighter one. */
static unsigned sample_of(int frame, int x, int y) {
    return (unsigned)(frame < CUT ? (x * 7 + y * 13 + frame * 5) % 20 : 100 + (x * 3 + y * 5 + frame) % 120);
}

static void fill(unsigned char *luma, size_t stride, int frame) {
    for (int y = 0; y < HEIGHT; y++) {
        for (int x = 0; x < WIDTH; x++) {
            luma[(size_t)y * stride + (size_t)x] = (unsigned char)sample_of(frame, x, y);
        }
    }
}

/* Pushes the clip with rows a stride apart, and finishes it. */
static EncastComplexity run(EncastAnalyzer *analyzer, size_t stride) {
    unsigned char *luma = malloc(stride * HEIGHT);
    EncastComplexity clip = complexity_blank();
    memset(luma, 0xEE, stride * HEIGHT);
    for (int frame = 0; frame < FRAMES; frame++) {
        EncastFrameComplexity out;
        CHECK_OK(encast_frame_complexity_init(&out, sizeof out));
        fill(luma, stride, frame);
        CHECK_OK(encast_analyzer_push_frame(analyzer, luma, stride, &out));
        CHECK(out.frame == (uint64_t)frame && out.si > 0 && isnan(out.ti) == (frame == 0) && out.reserved == 0);
    }
    free(luma);
    CHECK_OK(encast_analyzer_finish(analyzer, &clip));
    return clip;
}

static void null_pointers(void) {
    EncastAnalyzerOptions options = options_of(8);
    EncastAnalyzer *analyzer = analyzer_of(&options), *none = NULL;
    EncastComplexity out = complexity_blank();
    EncastFeatures features = check_request();
    unsigned char luma[WIDTH * HEIGHT] = {0};
    uint64_t frame = 77;
    CHECK_NULL(encast_analyzer_options_init(NULL, sizeof options), "options");
    CHECK_NULL(encast_frame_complexity_init(NULL, sizeof(EncastFrameComplexity)), "complexity");
    CHECK_NULL(encast_complexity_init(NULL, sizeof out), "complexity");
    CHECK_NULL(encast_analyzer_new(NULL, &none), "options");
    CHECK_NULL(encast_analyzer_new(&options, NULL), "out_analyzer");
    CHECK_NULL(encast_analyzer_push_frame(NULL, luma, WIDTH, NULL), "analyzer");
    CHECK_NULL(encast_analyzer_push_frame(analyzer, NULL, WIDTH, NULL), "luma");
    CHECK_NULL(encast_analyzer_finish(NULL, &out), "analyzer");
    CHECK_NULL(encast_analyzer_finish(analyzer, NULL), "out");
    CHECK_NULL(encast_analyzer_segment(NULL, 0, &out), "analyzer");
    CHECK_NULL(encast_analyzer_segment(analyzer, 0, NULL), "out");
    CHECK_NULL(encast_analyzer_cut(NULL, 0, &frame), "analyzer");
    CHECK_NULL(encast_analyzer_cut(analyzer, 0, NULL), "out_frame");
    CHECK_NULL(encast_features_set_content(NULL, &out), "features");
    CHECK_NULL(encast_features_set_content(&features, NULL), "complexity");
    CHECK(none == NULL && frame == 77 && out.frames == 0 && features.bitrate_kbps == 4000);
    encast_analyzer_free(analyzer);
    encast_analyzer_free(NULL);
}

#define CHECK_SIZES(type, init)                                                                                        \
    do {                                                                                                               \
        size_t bad[] = {0, 4, sizeof(type) - 8, sizeof(type) + 4, 65544, (size_t)-8};                                  \
        type value, before;                                                                                            \
        memset(&value, 0xA5, sizeof value);                                                                            \
        memcpy(&before, &value, sizeof value);                                                                         \
        for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {                                                        \
            CHECK_ERROR(init(&value, bad[i]), ENCAST_STATUS_BAD_STRUCT_SIZE, "struct_size", #type, END);               \
        }                                                                                                              \
        CHECK(memcmp(&value, &before, sizeof value) == 0);                                                             \
        CHECK_OK(init(&value, sizeof value));                                                                          \
        CHECK(value.struct_size == sizeof value);                                                                      \
    } while (0)

/* A caller with a newer header. */
typedef struct {
    EncastComplexity known;
    double later[4];
} LaterComplexity;

static void sizes(void) {
    static const uint32_t bad[] = {0, 1, 4, 8, 65544, 0xFFFFFFF8u, 0xFFFFFFFFu};
    EncastAnalyzerOptions options = options_of(8);
    EncastAnalyzer *analyzer, *none = NULL;
    EncastFeatures features = check_request();
    EncastFrameComplexity frame;
    LaterComplexity later;
    EncastComplexity out = complexity_blank(), clip;
    unsigned char luma[WIDTH * HEIGHT];
    CHECK_SIZES(EncastAnalyzerOptions, encast_analyzer_options_init);
    CHECK_SIZES(EncastFrameComplexity, encast_frame_complexity_init);
    CHECK_SIZES(EncastComplexity, encast_complexity_init);
    options.segmentation = ENCAST_SEGMENTATION_SCENES;
    analyzer = analyzer_of(&options);
    fill(luma, WIDTH, 0);
    encast_frame_complexity_init(&frame, sizeof frame);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        options.struct_size = bad[i];
        CHECK_ERROR(encast_analyzer_new(&options, &none), ENCAST_STATUS_BAD_STRUCT_SIZE, "struct_size",
                    "EncastAnalyzerOptions.struct_size", END);
        frame.struct_size = bad[i];
        CHECK_ERROR(encast_analyzer_push_frame(analyzer, luma, WIDTH, &frame), ENCAST_STATUS_BAD_STRUCT_SIZE,
                    "struct_size", "EncastFrameComplexity.struct_size", END);
        out.struct_size = bad[i];
        CHECK_ERROR(encast_analyzer_finish(analyzer, &out), ENCAST_STATUS_BAD_STRUCT_SIZE, "struct_size",
                    "EncastComplexity.struct_size", END);
        CHECK_ERROR(encast_analyzer_segment(analyzer, 0, &out), ENCAST_STATUS_BAD_STRUCT_SIZE, "struct_size",
                    "EncastComplexity.struct_size", END);
        CHECK_ERROR(encast_features_set_content(&features, &out), ENCAST_STATUS_BAD_STRUCT_SIZE, "struct_size",
                    "EncastComplexity.struct_size", END);
        features.struct_size = bad[i];
        out.struct_size = sizeof out;
        CHECK_ERROR(encast_features_set_content(&features, &out), ENCAST_STATUS_BAD_STRUCT_SIZE, "struct_size",
                    "EncastFeatures.struct_size", END);
        features.struct_size = sizeof features;
    }
    CHECK(none == NULL && isnan(frame.si) && isnan(out.si.mean) && isnan(features.si_mean));
    /* None of the refused frames was taken. */
    clip = run(analyzer, WIDTH);
    CHECK(clip.frames == FRAMES && clip.struct_size == sizeof clip);

    CHECK_OK(encast_complexity_init(&later.known, sizeof later));
    memset(later.later, 0xC3, sizeof later.later);
    CHECK_OK(encast_analyzer_finish(analyzer, &later.known));
    CHECK(later.known.struct_size == sizeof later && check_all_bytes(later.later, sizeof later.later, 0xC3));
    later.known.struct_size = sizeof clip;
    CHECK(memcmp(&later.known, &clip, sizeof clip) == 0);
    encast_analyzer_free(analyzer);
}

static void order_of_calls(void) {
    EncastAnalyzerOptions options = options_of(8);
    EncastAnalyzer *analyzer;
    EncastComplexity clip = complexity_blank(), again = clip, segment = clip;
    unsigned char luma[WIDTH * HEIGHT];
    uint64_t cut = 77;
    options.segmentation = ENCAST_SEGMENTATION_SCENES;
    analyzer = analyzer_of(&options);
    CHECK_ERROR(encast_analyzer_finish(analyzer, &clip), ENCAST_STATUS_NO_FRAME, "", "no frame", END);
    CHECK_ERROR(encast_analyzer_segment(analyzer, 0, &segment), ENCAST_STATUS_BAD_STATE, "", "not finished", END);
    CHECK_ERROR(encast_analyzer_cut(analyzer, 0, &cut), ENCAST_STATUS_BAD_STATE, "", "not finished", END);
    CHECK(clip.frames == 0 && segment.frames == 0 && cut == 77);
    /* The early end was none. */
    clip = run(analyzer, WIDTH);
    CHECK(clip.frames == FRAMES && clip.cuts == 1 && clip.segments == 2 && clip.first_frame == 0);
    CHECK(clip.width == WIDTH && clip.height == HEIGHT && clip.bit_depth == 8);
    CHECK(clip.frame_rate == 24 && clip.duration_s == 1 && clip.motion_intensity == clip.ti.mean / (clip.ti.mean + 10));
    CHECK(clip.si.min <= clip.si.median && clip.si.median <= clip.si.max && clip.ti.max > 2 * clip.ti.median);

    fill(luma, WIDTH, 0);
    CHECK_ERROR(encast_analyzer_push_frame(analyzer, luma, WIDTH, NULL), ENCAST_STATUS_BAD_STATE, "", "finished",
                "no more frames", END);
    CHECK_OK(encast_analyzer_finish(analyzer, &again));
    CHECK(memcmp(&clip, &again, sizeof clip) == 0);
    CHECK_OK(encast_analyzer_cut(analyzer, 0, &cut));
    CHECK(cut == CUT);
    CHECK_OK(encast_analyzer_segment(analyzer, 0, &segment));
    CHECK(segment.first_frame == 0 && segment.frames == CUT && segment.cuts == 0 && segment.segments == 0);
    CHECK_OK(encast_analyzer_segment(analyzer, 1, &segment));
    CHECK(segment.first_frame == CUT && segment.frames == FRAMES - CUT && segment.cuts == 1);
    CHECK(segment.ti.max < clip.ti.max && segment.duration_s == 0.5 && segment.luminance.mean > clip.luminance.mean);
    again = segment;
    CHECK_ERROR(encast_analyzer_segment(analyzer, 2, &segment), ENCAST_STATUS_BAD_INDEX, "index", "index = 2",
                "below 2", "segments", END);
    CHECK_ERROR(encast_analyzer_cut(analyzer, 1, &cut), ENCAST_STATUS_BAD_INDEX, "index", "index = 1", "cuts", END);
    CHECK_ERROR(encast_analyzer_cut(analyzer, SIZE_MAX, &cut), ENCAST_STATUS_BAD_INDEX, "index", END);
    CHECK(cut == CUT && memcmp(&again, &segment, sizeof segment) == 0);
    encast_analyzer_free(analyzer);

    /* One frame says nothing of time, and without a rate the length is unknown. */
    options = options_of(8);
    options.frame_rate = NAN;
    analyzer = analyzer_of(&options);
    CHECK_OK(encast_analyzer_push_frame(analyzer, luma, WIDTH, NULL));
    CHECK_OK(encast_analyzer_finish(analyzer, &clip));
    CHECK(clip.frames == 1 && clip.segments == 0 && clip.cuts == 0 && isnan(clip.duration_s) && isnan(clip.frame_rate));
    CHECK(isnan(clip.ti.mean) && isnan(clip.ti.median) && isnan(clip.temporal_energy.max) && clip.si.std == 0);
    CHECK(isnan(clip.static_share.mean) && isnan(clip.static_share.median));
    CHECK(isnan(clip.motion_intensity));
    encast_analyzer_free(analyzer);
    encast_analyzer_free(analyzer_of(&options));
}

static void bad_options(void) {
    static const struct {
        uint32_t width, height, bit_depth, threads;
        double frame_rate;
        const char *field;
    } bad[] = {
        {2, 45, 8, 1, 24, "width"},          {16385, 45, 8, 1, 24, "width"},       {70, 2, 8, 1, 24, "height"},
        {70, 0, 8, 1, 24, "height"},         {16384, 16384, 8, 1, 24, "height"},   {70, 45, 7, 1, 24, "bit_depth"},
        {70, 45, 13, 1, 24, "bit_depth"},    {70, 45, 264, 1, 24, "bit_depth"},    {70, 45, 8, 0, 24, "threads"},
        {70, 45, 8, 65, 24, "threads"},      {70, 45, 8, 1, 0, "frame_rate"},      {70, 45, 8, 1, -25, "frame_rate"},
        {70, 45, 8, 1, HUGE_VAL, "frame_rate"},
    };
    EncastAnalyzer *none = NULL;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        EncastAnalyzerOptions options = options_of(bad[i].bit_depth);
        options.width = bad[i].width;
        options.height = bad[i].height;
        options.threads = bad[i].threads;
        options.frame_rate = bad[i].frame_rate;
        CHECK_ERROR(encast_analyzer_new(&options, &none), ENCAST_STATUS_INVALID_FIELD, bad[i].field, bad[i].field,
                    " = ", "must be", END);
    }
    CHECK(none == NULL);
}

/* Strides, odd addresses, and a plane that ends where the memory ends. */
static void planes(void) {
    EncastAnalyzerOptions options = options_of(8);
    EncastAnalyzer *analyzer = analyzer_of(&options), *wide;
    EncastComplexity tight = run(analyzer, WIDTH), padded, clip = complexity_blank();
    uint16_t samples[(WIDTH + 3) * HEIGHT];
    EncastFrameComplexity frame;
    size_t page = (size_t)sysconf(_SC_PAGESIZE), bytes = WIDTH * HEIGHT;
    unsigned char *memory = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *end;
    encast_analyzer_free(analyzer);
    analyzer = analyzer_of(&options);
    padded = run(analyzer, WIDTH + 26);
    CHECK(memcmp(&tight, &padded, sizeof tight) == 0);
    encast_analyzer_free(analyzer);

    analyzer = analyzer_of(&options);
    CHECK_ERROR(encast_analyzer_push_frame(analyzer, samples, WIDTH - 1, NULL), ENCAST_STATUS_INVALID_FIELD,
                "stride_bytes", "stride_bytes = 69", "must be 70", END);
    CHECK_ERROR(encast_analyzer_push_frame(analyzer, samples, 0, NULL), ENCAST_STATUS_INVALID_FIELD, "stride_bytes",
                END);
    CHECK_ERROR(encast_analyzer_push_frame(analyzer, samples, SIZE_MAX, NULL), ENCAST_STATUS_INVALID_FIELD,
                "stride_bytes", END);
    CHECK_ERROR(encast_analyzer_push_frame(analyzer, samples, SIZE_MAX / 64, NULL), ENCAST_STATUS_INVALID_FIELD,
                "stride_bytes", END);
    CHECK(memory != MAP_FAILED && bytes < page && mprotect(memory + page, page, PROT_NONE) == 0);
    end = memory + page;
    for (int i = 0; i < FRAMES; i++) {
        fill(end - bytes, WIDTH, i);
        CHECK_OK(encast_analyzer_push_frame(analyzer, end - bytes, WIDTH, NULL));
    }
    CHECK_OK(encast_analyzer_finish(analyzer, &clip));
    CHECK(memcmp(&tight, &clip, sizeof tight) == 0);
    munmap(memory, 2 * page);
    encast_analyzer_free(analyzer);

    options = options_of(10);
    wide = analyzer_of(&options);
    memset(samples, 0, sizeof samples);
    CHECK_OK(encast_frame_complexity_init(&frame, sizeof frame));
    CHECK_ERROR(encast_analyzer_push_frame(wide, samples, 2 * WIDTH - 2, NULL), ENCAST_STATUS_INVALID_FIELD,
                "stride_bytes", "must be 140", "10 bits", END);
    CHECK_ERROR(encast_analyzer_push_frame(wide, samples, 2 * WIDTH + 1, NULL), ENCAST_STATUS_INVALID_FIELD,
                "stride_bytes", "even", END);
    CHECK_ERROR(encast_analyzer_push_frame(wide, (const unsigned char *)samples + 1, 2 * WIDTH, NULL),
                ENCAST_STATUS_INVALID_FIELD, "luma", "odd address", END);
    samples[WIDTH * HEIGHT - 1] = 1024;
    CHECK_ERROR(encast_analyzer_push_frame(wide, samples, 2 * WIDTH, &frame), ENCAST_STATUS_INVALID_FIELD, "luma",
                "1024", "1023", "frame 0", END);
    CHECK(isnan(frame.si));
    CHECK_ERROR(encast_analyzer_finish(wide, &clip), ENCAST_STATUS_NO_FRAME, "", END);
    samples[WIDTH * HEIGHT - 1] = 1023;
    CHECK_OK(encast_analyzer_push_frame(wide, samples, 2 * WIDTH, &frame));
    CHECK(frame.frame == 0 && isnan(frame.ti));
    /* The bad frame between leaves no trace: the second good one is like the first. */
    samples[0] = 4095;
    CHECK_ERROR(encast_analyzer_push_frame(wide, samples, 2 * WIDTH, NULL), ENCAST_STATUS_INVALID_FIELD, "luma",
                "4095", "frame 1", END);
    samples[0] = 0;
    CHECK_OK(encast_analyzer_push_frame(wide, samples, 2 * WIDTH, &frame));
    CHECK(frame.frame == 1 && frame.ti == 0 && frame.temporal_energy == 0 && frame.static_share == 1);
    /* What stands between the rows is not looked at. */
    memset(samples, 0xFF, sizeof samples);
    for (int y = 0; y < HEIGHT; y++) {
        memset(&samples[y * (WIDTH + 3)], 0, 2 * WIDTH);
    }
    samples[(HEIGHT - 1) * (WIDTH + 3) + WIDTH - 1] = 1023;
    CHECK_OK(encast_analyzer_push_frame(wide, samples, 2 * (WIDTH + 3), &frame));
    CHECK(frame.ti == 0);
    encast_analyzer_free(wide);
}

/* What was measured gets into a request, and changes the answer. */
static void to_a_forecast(void) {
    EncastAnalyzerOptions options = options_of(8);
    EncastAnalyzer *analyzer = analyzer_of(&options);
    EncastComplexity clip = run(analyzer, WIDTH);
    EncastFeatures features, before;
    EncastResult plain = check_result(), informed = check_result();
    EncastModel *model = check_default_model();
    encast_features_init(&features, sizeof features);
    features.bitrate_kbps = 4000;
    features.resolution_width = 1280;
    features.resolution_height = 720;
    features.codec = ENCAST_CODEC_H264;
    strcpy(features.preset, "medium");
    CHECK_OK(encast_predict(model, &features, NULL, &plain));
    before = features;
    CHECK_OK(encast_features_set_content(&features, &clip));
    CHECK(features.source_width == WIDTH && features.source_height == HEIGHT && features.source_frame_rate == 24);
    CHECK(features.bit_depth == 8 && features.duration_s == 1);
    CHECK(features.motion_intensity == clip.motion_intensity && features.si_mean == clip.si.mean);
    CHECK(features.si_std == clip.si.std && features.ti_mean == clip.ti.mean && features.ti_std == clip.ti.std);
    CHECK(features.spatial_energy == clip.spatial_energy.mean && features.luminance == clip.luminance.mean);
    CHECK(features.temporal_energy == clip.temporal_energy.mean && features.static_share == clip.static_share.mean);
    CHECK(clip.static_share.min >= 0 && clip.static_share.max <= 1 && clip.static_share.mean < 1);
    /* The rest is as it was. */
    CHECK(features.struct_size == sizeof features && features.codec == before.codec && features.encoder == 0);
    CHECK(strcmp(features.preset, "medium") == 0 && features.bitrate_kbps == 4000 && isnan(features.frame_rate));
    CHECK(features.resolution_width == 1280 && features.resolution_height == 720 && isnan(features.crf));
    CHECK(isnan(features.threads) && isnan(features.frame_drop) && isnan(features.probe_vmaf));
    features.source_width = features.resolution_width;
    features.source_height = features.resolution_height;
    CHECK_OK(encast_predict(model, &features, NULL, &informed));
    CHECK(informed.predicted_vmaf != plain.predicted_vmaf && informed.predicted_vmaf > 0);
    /* What is not known becomes unknown. */
    CHECK_OK(encast_complexity_init(&clip, sizeof clip));
    CHECK_OK(encast_features_set_content(&features, &clip));
    CHECK(isnan(features.si_mean) && isnan(features.source_width) && isnan(features.bit_depth));
    CHECK(isnan(features.motion_intensity) && isnan(features.duration_s) && features.bitrate_kbps == 4000);
    CHECK(isnan(features.static_share));
    encast_free_model(model);
    encast_analyzer_free(analyzer);
}

typedef struct {
    EncastComplexity clip;
    int failures;
} Work;

/* An analyzer of its own in each thread; checks of check.h are for one thread only. */
static void *one_clip(void *pointer) {
    Work *work = pointer;
    EncastAnalyzerOptions options;
    EncastAnalyzer *analyzer = NULL;
    unsigned char luma[WIDTH * HEIGHT];
    encast_analyzer_options_init(&options, sizeof options);
    options.width = WIDTH;
    options.height = HEIGHT;
    options.bit_depth = 8;
    options.frame_rate = 24;
    options.threads = 2;
    work->failures += encast_analyzer_new(&options, &analyzer) != ENCAST_STATUS_OK;
    for (int frame = 0; frame < FRAMES; frame++) {
        fill(luma, WIDTH, frame);
        work->failures += encast_analyzer_push_frame(analyzer, luma, WIDTH, NULL) != ENCAST_STATUS_OK;
        work->failures += encast_analyzer_push_frame(analyzer, luma, 1, NULL) != ENCAST_STATUS_INVALID_FIELD;
    }
    encast_complexity_init(&work->clip, sizeof work->clip);
    work->failures += encast_analyzer_finish(analyzer, &work->clip) != ENCAST_STATUS_OK;
    encast_analyzer_free(analyzer);
    return NULL;
}

static void threads(void) {
    enum { THREADS = 4 };
    EncastAnalyzerOptions options = options_of(8);
    EncastAnalyzer *analyzer = analyzer_of(&options);
    EncastComplexity due = run(analyzer, WIDTH);
    pthread_t handles[THREADS];
    Work works[THREADS];
    memset(works, 0, sizeof works);
    for (int i = 0; i < THREADS; i++) {
        CHECK(pthread_create(&handles[i], NULL, one_clip, &works[i]) == 0);
    }
    for (int i = 0; i < THREADS; i++) {
        CHECK(pthread_join(handles[i], NULL) == 0);
        CHECK(works[i].failures == 0 && memcmp(&works[i].clip, &due, sizeof due) == 0);
    }
    encast_analyzer_free(analyzer);
}

int main(void) {
    null_pointers();
    sizes();
    order_of_calls();
    bad_options();
    planes();
    to_a_forecast();
    threads();
    return check_end(400);
}
