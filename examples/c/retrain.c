/*
 * encast from C, trained in this process on what a program has measured of its own encodes: train, keep the model only
 * if it is good enough on titles that it has not seen, save it whole or not at all, load it again, and compare its
 * forecasts with those of the model before.
 *
 *     cargo build --release -p encast-ffi
 *     cc -std=c11 -I include examples/c/retrain.c -L target/release -lencast -Wl,-rpath,$PWD/target/release -lm \
 *        -o retrain
 *     ./retrain MODEL [least R2 of VMAF on unseen titles; default 0.85]
 *
 * MODEL is what it writes: JSON when the name ends in ".json", else compact binary.
 */
#include "try.h"

#include <math.h>
#include <string.h>

/*
 * MADE-UP rows, so that the example needs no file: closed formulas that look plausible, NOT measurements. A real
 * program fills in what it measured: one row an encode, the same title for all encodes of one source.
 */
enum { TITLES = 10, ROWS_A_TITLE = 16, ROWS = TITLES * ROWS_A_TITLE };

static void made_up_row(int row, EncastFeatures *features, EncastTargets *targets) {
    static const double heights[] = {360, 720, 1080, 2160};
    int title = row / ROWS_A_TITLE, step = row % ROWS_A_TITLE;
    double height = heights[step % 4], width = height / 9 * 16, pixels = width * height * 30, bits;
    TRY(encast_features_init(features, sizeof *features)); /* what is not set stays unknown */
    features->codec = ENCAST_CODEC_H264;
    features->bitrate_kbps = 500 * pow(2, 0.4 * step);
    features->resolution_width = width;
    features->resolution_height = height;
    features->frame_rate = 30;
    features->motion_intensity = 0.1 + 0.08 * title;
    features->duration_s = 60;

    bits = features->bitrate_kbps * 1000 / pixels * 40 / (0.3 + features->motion_intensity);
    TRY(encast_targets_init(targets, sizeof *targets));
    snprintf(targets->title, sizeof targets->title, "made-up-%d", title);
    targets->vmaf = 98 * (1 - exp(-pow(bits, 0.6)));
    targets->psnr = 34 + 4 * log2(1 + bits);
    targets->cpu_seconds = 60 * pixels * 4e-8 * (1 + features->motion_intensity);
}

static EncastModel *train(void) {
    static EncastFeatures features[ROWS];
    static EncastTargets targets[ROWS];
    EncastRetrainOptions options;
    EncastModel *model = NULL;
    for (int row = 0; row < ROWS; row++) {
        made_up_row(row, &features[row], &targets[row]);
    }
    TRY(encast_retrain_options_init(&options, sizeof options));
    strcpy(options.version, "made-up-1");
    options.trained_at = 1767225600; /* 2026-01-01: the library reads no clock */
    TRY(encast_retrain(features, targets, ROWS, &options, &model));
    return model;
}

/* Whether the model forecasts titles that it was not shown well enough. Every row was judged by a part of the model
 * that had not seen its title. */
static int good_enough(const EncastModel *model, double least) {
    EncastModelInfo info;
    TRY(encast_model_info_init(&info, sizeof info));
    TRY(encast_model_info(model, &info));
    printf("trained %s on %" PRIu64 " rows of %" PRIu64 " titles: %" PRIu64 " trees, forecasts", info.version,
           info.rows, info.titles, info.trees);
    for (uint32_t bit = 0; encast_target_name(bit) != NULL; bit++) {
        if (info.targets >> bit & 1) {
            printf(" %s", encast_target_name(bit));
        }
    }
    printf("\non unseen titles: R2 %.3f of VMAF, %.3f of PSNR\n", info.vmaf_r2, info.psnr_r2);
    return info.vmaf_r2 >= least; /* not when it is NaN */
}

/* Two encodes of which the models are asked. */
static void forecasts(const EncastModel *model, const char *name, EncastResult results[2]) {
    EncastFeatures features[2];
    EncastTargets not_used;
    for (int i = 0; i < 2; i++) {
        made_up_row(i == 0 ? 7 : 150, &features[i], &not_used);
        TRY(encast_result_init(&results[i], sizeof results[i]));
    }
    TRY(encast_predict_batch(model, features, 2, NULL, results, NULL));
    for (int i = 0; i < 2; i++) {
        printf("%-8s %4.0f lines, %6.0f kbit/s: VMAF %5.1f [%5.1f, %5.1f]\n", name, features[i].resolution_height,
               features[i].bitrate_kbps, results[i].vmaf.value, results[i].vmaf.lower, results[i].vmaf.upper);
    }
}

int main(int argument_count, char **arguments) {
    const char *path = argument_count > 1 ? arguments[1] : NULL;
    double least = argument_count > 2 ? strtod(arguments[2], NULL) : 0.85;
    EncastModel *before = NULL, *trained, *reloaded = NULL;
    EncastResult first[2], second[2];
    if (path == NULL) {
        give_up("usage: retrain MODEL [least R2]");
    }
    TRY(encast_load_default_model(&before)); /* a service would load what it serves now */
    forecasts(before, "before", first);
    trained = train();
    if (!good_enough(trained, least)) {
        printf("not good enough: R2 of VMAF must be %.3f or more; nothing was written\n", least);
        encast_free_model(trained);
        encast_free_model(before);
        return 2;
    }
    TRY(encast_save_model(trained, path)); /* a file of that name is replaced as a whole, or stays as it was */
    TRY(encast_load_model(path, &reloaded));
    forecasts(trained, "trained", first);
    forecasts(reloaded, "reloaded", second);
    printf("%s: %s\n", path, memcmp(first, second, sizeof first) == 0 ? "same bits" : "different answers");
    encast_free_model(reloaded);
    encast_free_model(trained);
    encast_free_model(before);
    return EXIT_SUCCESS;
}
