/*
 * encast in front of a real encoder, libx264 through its API: analyses the first frames of a clip, asks for the bitrate
 * that reaches a VMAF, encodes with it, and lays the forecast beside the outcome; beside the measured VMAF too, where
 * there is an FFmpeg with libvmaf.
 *
 *     cargo build --release -p encast-ffi
 *     cc -std=c11 -I include examples/c/x264_encode.c -L target/release -lencast -Wl,-rpath,$PWD/target/release \
 *        -lx264 -lm -o x264_encode
 *     ffmpeg -v error -i clip.mp4 -pix_fmt yuv420p -f yuv4mpegpipe - | ./x264_encode -o clip.264 -
 */
#define _POSIX_C_SOURCE 200809L

#include "try.h"
#include "y4m.h"

#include <spawn.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>
#include <x264.h>

extern char **environ;

static const char USAGE[] =
    "x264_encode [options] CLIP.y4m, or - for standard input; 8 bits, 4:2:0\n"
    "  -o FILE     the encode (default out.264)\n"
    "  -q VMAF     VMAF to reach (default 93)\n"
    "  -a SHARE    probability of reaching it, 0.5 to 0.99 (default: the forecast reaches it)\n"
    "  -p PRESET   preset of libx264 (default medium)\n"
    "  -n FRAMES   frames to analyse (default: those of the first 10 seconds)\n"
    "  -j THREADS  threads of the encoder (default 1, as the default model was taught)\n"
    "  -2          two passes\n"
    "  -m FFMPEG   an FFmpeg with libvmaf, to measure the encode with (default: $ENCAST_FFMPEG_VMAF; without: not)\n";

typedef struct {
    const char *input, *output, *preset, *ffmpeg;
    double vmaf, assurance;
    uint64_t frames;
    int threads, two_passes;
} Settings;

static Settings settings_of(int argument_count, char **arguments) {
    Settings s = {NULL, "out.264", "medium", getenv("ENCAST_FFMPEG_VMAF"), 93, (double)NAN, 0, 1, 0};
    int option;
    while ((option = getopt(argument_count, arguments, "o:q:a:p:n:j:m:2")) != -1) {
        switch (option) {
        case 'o':
            s.output = optarg;
            break;
        case 'q':
            s.vmaf = strtod(optarg, NULL);
            break;
        case 'a':
            s.assurance = strtod(optarg, NULL);
            break;
        case 'p':
            s.preset = optarg;
            break;
        case 'n':
            s.frames = strtoull(optarg, NULL, 10);
            break;
        case 'j':
            s.threads = (int)strtol(optarg, NULL, 10);
            break;
        case 'm':
            s.ffmpeg = optarg;
            break;
        case '2':
            s.two_passes = 1;
            break;
        default:
            give_up(USAGE);
        }
    }
    if (optind + 1 != argument_count || s.threads < 1) {
        give_up(USAGE);
    }
    s.input = arguments[optind];
    return s;
}

/* The clip as a file that can be read from its start again, as standard input cannot. */
static FILE *open_clip(const char *path) {
    char block[1 << 16];
    size_t length;
    FILE *file = strcmp(path, "-") == 0 ? tmpfile() : fopen(path, "rb");
    if (file == NULL) {
        give_up("the clip cannot be opened");
    }
    if (strcmp(path, "-") == 0) {
        while ((length = fread(block, 1, sizeof block, stdin)) > 0) {
            if (fwrite(block, 1, length, file) != length) {
                give_up("no room for the clip");
            }
        }
        rewind(file);
    }
    return file;
}

/* How hard the first frames are to encode. */
static EncastComplexity analyse(const Y4m *clip, uint64_t frames, unsigned char *luma) {
    EncastAnalyzerOptions options;
    EncastAnalyzer *analyzer = NULL;
    EncastComplexity complexity;
    TRY(encast_analyzer_options_init(&options, sizeof options));
    options.width = clip->width;
    options.height = clip->height;
    options.bit_depth = clip->bit_depth;
    options.frame_rate = y4m_frame_rate(clip);
    TRY(encast_analyzer_new(&options, &analyzer));
    for (uint64_t n = 0; n < frames && y4m_next(clip, luma, NULL); n++) {
        TRY(encast_analyzer_push_frame(analyzer, luma, clip->width, NULL));
    }
    TRY(encast_complexity_init(&complexity, sizeof complexity));
    TRY(encast_analyzer_finish(analyzer, &complexity));
    encast_analyzer_free(analyzer);
    return complexity;
}

/* The request: the encode just as it will be made. */
static EncastFeatures request_of(const EncastComplexity *complexity, const Settings *settings) {
    EncastFeatures features;
    TRY(encast_features_init(&features, sizeof features));
    TRY(encast_features_set_content(&features, complexity));
    features.encoder = ENCAST_ENCODER_LIBX264;
    if (strlen(settings->preset) >= sizeof features.preset) {
        give_up("no such preset");
    }
    strcpy(features.preset, settings->preset);
    features.resolution_width = complexity->width;
    features.resolution_height = complexity->height;
    features.frame_rate = complexity->frame_rate;
    features.threads = settings->threads;
    features.passes = settings->two_passes ? 2 : 1;
    return features;
}

static x264_t *open_encoder(const Y4m *clip, const Settings *settings, int bitrate, int pass, const char *statistics) {
    x264_param_t parameters;
    x264_t *encoder;
    if (x264_param_default_preset(&parameters, settings->preset, NULL) < 0) {
        give_up("libx264 has no such preset");
    }
    parameters.i_log_level = X264_LOG_WARNING;
    parameters.i_threads = settings->threads;
    parameters.i_csp = X264_CSP_I420;
    parameters.i_bitdepth = 8;
    parameters.i_width = (int)clip->width;
    parameters.i_height = (int)clip->height;
    parameters.i_fps_num = clip->rate_numerator;
    parameters.i_fps_den = clip->rate_denominator;
    parameters.b_vfr_input = 0;
    parameters.b_repeat_headers = 1;
    parameters.b_annexb = 1;
    parameters.i_keyint_max = (int)lround(2 * y4m_frame_rate(clip)); /* every 2 s, as the default model was taught */
    parameters.rc.i_rc_method = X264_RC_ABR;
    parameters.rc.i_bitrate = bitrate;
    parameters.rc.b_stat_write = pass == 1;
    parameters.rc.b_stat_read = pass == 2;
    parameters.rc.psz_stat_out = parameters.rc.psz_stat_in = (char *)(uintptr_t)statistics;
    if (pass == 1) {
        x264_param_apply_fastfirstpass(&parameters);
    }
    if (x264_param_apply_profile(&parameters, "high") < 0 || (encoder = x264_encoder_open(&parameters)) == NULL) {
        give_up("libx264 refuses the parameters");
    }
    return encoder;
}

/* One pass over the clip, written to a file unless that is null. Tells the bytes, and counts the frames. */
static uint64_t encode(x264_t *encoder, const Y4m *clip, unsigned char *planes, FILE *output, uint64_t *frames) {
    x264_picture_t picture, coded;
    x264_nal_t *units;
    int unit_count, bytes = 0, more = 1;
    uint64_t sum = 0;
    size_t half = ((size_t)clip->width + 1) / 2, quarter = clip->chroma_bytes / 2;
    *frames = 0;
    x264_picture_init(&picture);
    picture.img.i_csp = X264_CSP_I420;
    picture.img.i_plane = 3;
    picture.img.plane[0] = planes;
    picture.img.plane[1] = planes + clip->luma_bytes;
    picture.img.plane[2] = planes + clip->luma_bytes + quarter;
    picture.img.i_stride[0] = (int)clip->width;
    picture.img.i_stride[1] = picture.img.i_stride[2] = (int)half;
    if (fseek(clip->file, clip->first_frame, SEEK_SET) != 0) {
        give_up("the clip cannot be read again: give it as standard input");
    }
    while (more || x264_encoder_delayed_frames(encoder) > 0) {
        more = more && y4m_next(clip, planes, planes + clip->luma_bytes);
        picture.i_pts = (int64_t)*frames;
        *frames += (uint64_t)more;
        bytes = more || x264_encoder_delayed_frames(encoder) > 0
                    ? x264_encoder_encode(encoder, &units, &unit_count, more ? &picture : NULL, &coded)
                    : 0;
        /* The units of a frame stand one behind the other. */
        if (bytes < 0 || (bytes > 0 && output != NULL && fwrite(units[0].p_payload, (size_t)bytes, 1, output) != 1)) {
            give_up("encoding failed");
        }
        sum += (uint64_t)bytes;
    }
    x264_encoder_close(encoder);
    return sum;
}

/* Encodes the clip, in two passes if asked to, and tells the bitrate that came out, kbit/s. */
static double encode_clip(const Y4m *clip, const Settings *settings, int bitrate, unsigned char *planes) {
    char statistics[4096];
    uint64_t frames, bytes;
    FILE *output = fopen(settings->output, "wb");
    if (output == NULL ||
        snprintf(statistics, sizeof statistics, "%s.stats", settings->output) >= (int)sizeof statistics) {
        give_up("the encode cannot be written");
    }
    if (settings->two_passes) {
        encode(open_encoder(clip, settings, bitrate, 1, statistics), clip, planes, NULL, &frames);
    }
    bytes = encode(open_encoder(clip, settings, bitrate, settings->two_passes ? 2 : 0, statistics), clip, planes,
                   output, &frames);
    if (fclose(output) != 0 || frames == 0) {
        give_up("the encode cannot be written");
    }
    if (settings->two_passes) {
        char tree[4200];
        snprintf(tree, sizeof tree, "%s.mbtree", statistics);
        remove(statistics);
        remove(tree);
    }
    return (double)bytes * 8 * y4m_frame_rate(clip) / (double)frames / 1000;
}

/* The VMAF of the encode by FFmpeg, which reads the clip as its standard input; NaN when it tells none. No shell sees
 * any of the texts. */
static double measure(const Y4m *clip, const Settings *settings, const char *vmaf_model) {
    static const char SCORE[] = "VMAF score: ";
    char filters[256], line[4096], input[4200];
    char *const command[] = {(char *)(uintptr_t)settings->ffmpeg, "-hide_banner", "-nostats", "-i", input, "-f",
                             "yuv4mpegpipe", "-i", "pipe:0", "-lavfi", filters, "-f", "null", "-", NULL};
    posix_spawn_file_actions_t actions;
    double vmaf = (double)NAN;
    int ends[2], status = 0;
    pid_t child;
    FILE *log;
    if (strspn(vmaf_model, "abcdefghijklmnopqrstuvwxyz0123456789._") != strlen(vmaf_model)) {
        give_up("the model's VMAF model has an odd name");
    }
    snprintf(input, sizeof input, "file:%s", settings->output);
    /* Frame for frame: a raw stream has no time stamps of its own. */
    snprintf(filters, sizeof filters,
             "[0:v]settb=1/25,setpts=N[a];[1:v]settb=1/25,setpts=N[b];[a][b]libvmaf=model=version=%s", vmaf_model);
    rewind(clip->file); /* the child reads where the file stands */
    if (pipe(ends) != 0 || lseek(fileno(clip->file), 0, SEEK_SET) != 0 ||
        posix_spawn_file_actions_init(&actions) != 0) {
        give_up("no pipe");
    }
    posix_spawn_file_actions_adddup2(&actions, fileno(clip->file), 0);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 2);
    posix_spawn_file_actions_addclose(&actions, ends[0]);
    posix_spawn_file_actions_addclose(&actions, ends[1]);
    if (posix_spawnp(&child, settings->ffmpeg, &actions, NULL, command, environ) != 0) {
        give_up("FFmpeg cannot be started");
    }
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    log = fdopen(ends[0], "r");
    while (log != NULL && fgets(line, sizeof line, log) != NULL) {
        const char *found = strstr(line, SCORE);
        vmaf = found == NULL ? vmaf : strtod(found + strlen(SCORE), NULL);
    }
    if (log != NULL) {
        fclose(log);
    }
    if (waitpid(child, &status, 0) != child || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        give_up("FFmpeg failed: has it libvmaf?");
    }
    return vmaf;
}

int main(int argument_count, char **arguments) {
    Settings settings = settings_of(argument_count, arguments);
    Y4m clip = y4m_open(open_clip(settings.input));
    EncastModel *model = NULL;
    EncastModelInfo info;
    EncastPredictOptions options;
    EncastRecommendation advice;
    EncastResult result;
    EncastComplexity complexity;
    EncastFeatures features;
    double bitrate, measured;
    unsigned char *planes = malloc(clip.luma_bytes + clip.chroma_bytes);
    if (planes == NULL || clip.bit_depth != 8 || strncmp(clip.chroma, "420", 3) != 0 || clip.rate_numerator == 0) {
        give_up("8 bits, 4:2:0 and a frame rate are needed");
    }
    TRY(encast_load_default_model(&model));
    TRY(encast_model_info_init(&info, sizeof info));
    TRY(encast_model_info(model, &info));

    complexity = analyse(&clip, settings.frames > 0 ? settings.frames : (uint64_t)(10 * y4m_frame_rate(&clip)), planes);
    features = request_of(&complexity, &settings);
    TRY(encast_predict_options_init(&options, sizeof options));
    options.target_vmaf = settings.vmaf;
    options.assurance = settings.assurance;
    TRY(encast_recommendation_init(&advice, sizeof advice));
    TRY(encast_recommend_bitrate(model, &features, &options, &advice));
    bitrate = fmax(1, floor(advice.bitrate_kbps + 0.5)); /* x264 takes whole kbit/s */
    printf("%ux%u, %.3f frames/s, SI %.1f, TI %.1f of %" PRIu64 " frames; libx264 %s%s, VMAF %.4g%s\n", clip.width,
           clip.height, y4m_frame_rate(&clip), complexity.si.mean, complexity.ti.mean, complexity.frames,
           settings.preset, settings.two_passes ? ", two passes" : "", settings.vmaf,
           advice.unreachable ? " (not reached: the best that there is)" : "");
    printf("%-12s %10s  VMAF\n", "", "kbit/s");
    printf("%-12s %10.0f  %.2f [%.2f, %.2f]\n", "recommended", bitrate, advice.vmaf.value, advice.vmaf.lower,
           advice.vmaf.upper);
    fflush(stdout);

    /* The rate control comes out near its target, so the forecast is asked again of what came out. */
    features.bitrate_kbps = encode_clip(&clip, &settings, (int)bitrate, planes);
    TRY(encast_result_init(&result, sizeof result));
    TRY(encast_predict(model, &features, &options, &result));
    printf("%-12s %10.0f  %.2f [%.2f, %.2f]\n", "encoded", features.bitrate_kbps, result.vmaf.value, result.vmaf.lower,
           result.vmaf.upper);
    if (settings.ffmpeg != NULL && settings.ffmpeg[0] != '\0') {
        fflush(stdout);
        measured = measure(&clip, &settings, info.vmaf_model);
        printf("%-12s %10.0f  %.2f (%s)\n", "measured", features.bitrate_kbps, measured, info.vmaf_model);
    }
    for (uint32_t bit = 0; encast_field_name(bit) != NULL; bit++) {
        if (result.out_of_range >> bit & 1) {
            printf("beyond what the model saw: %s\n", encast_field_name(bit));
        }
    }
    free(planes);
    fclose(clip.file);
    encast_free_model(model);
    return EXIT_SUCCESS;
}
