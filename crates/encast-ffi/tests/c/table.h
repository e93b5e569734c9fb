/* A made-up table to train on: closed formulas, no measurement. Needs check.h before it. */
#ifndef TABLE_H
#define TABLE_H

enum { TABLE_TITLES = 10, TABLE_ROWS_A_TITLE = 16, TABLE_ROWS = TABLE_TITLES * TABLE_ROWS_A_TITLE };

static inline void table_row(int row, EncastFeatures *features, EncastTargets *targets) {
    static const double sizes[4][2] = {{640, 360}, {1280, 720}, {1920, 1080}, {3840, 2160}};
    int title = row / TABLE_ROWS_A_TITLE, step = row % TABLE_ROWS_A_TITLE;
    double motion = 0.1 + 0.08 * title;
    double width = sizes[step % 4][0], height = sizes[step % 4][1];
    double bitrate = 400 * pow(2, step * 0.4);
    double bits_a_pixel = bitrate * 1000 / (width * height * 30);

    encast_features_init(features, sizeof *features);
    features->codec = ENCAST_CODEC_H264;
    features->bitrate_kbps = bitrate;
    features->resolution_width = width;
    features->resolution_height = height;
    features->frame_rate = 30;
    features->frame_drop = 0;
    features->motion_intensity = motion;
    features->duration_s = 60;

    encast_targets_init(targets, sizeof *targets);
    snprintf(targets->title, sizeof targets->title, "title-%d", title);
    targets->vmaf = 98 * (1 - exp(-pow(bits_a_pixel * 40 / (0.3 + motion), 0.6)));
    targets->psnr = 34 + 4 * log2(1 + bits_a_pixel * 40 / (0.3 + motion));
    targets->cpu_seconds = 60 * 30 * width * height * 4e-8 * (1 + motion);
}

static inline void table_fill(EncastFeatures *features, EncastTargets *targets) {
    for (int row = 0; row < TABLE_ROWS; row++) {
        table_row(row, &features[row], &targets[row]);
    }
}

#endif
