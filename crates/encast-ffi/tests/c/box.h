/* A made-up machine in two made-up regions, of round numbers, and a model of times to use it with. Needs check.h and
 * table.h before it. */
#ifndef BOX_H
#define BOX_H

static const char BOX[] = "[machines.box]\n"
                          "vcpus = 4\n"
                          "speed = 0.5\n"
                          "idle_watts_per_vcpu = 2\n"
                          "busy_watts_per_vcpu = 12\n"
                          "memory_gb = 8\n"
                          "watts_per_gb = 0.5\n"
                          "embodied_kg_per_vcpu = 40\n"
                          "lifetime_years = 4\n"
                          "cpu_model = \"made up\"\n"
                          "source = \"made up\"\n"
                          "[regions.here]\n"
                          "grid_g_per_kwh = 400\n"
                          "pue = 1.5\n"
                          "source = \"made up\"\n"
                          "[regions.there]\n"
                          "grid_g_per_kwh = 40\n"
                          "pue = 1.2\n"
                          "source = \"made up\"\n"
                          "[prices.here.box]\n"
                          "usd_per_hour = 0.36\n"
                          "source = \"made up\"\n"
                          "[data_prices.here]\n"
                          "usd_per_gb_egress = 0.1\n"
                          "usd_per_gb_month_storage = 0.02\n"
                          "source = \"made up\"\n"
                          "[encoders.libx264]\n"
                          "parallel_share = 0.9\n"
                          "source = \"made up\"\n";

static inline EncastProfiles *box_profiles(void) {
    EncastProfiles *profiles = NULL;
    if (encast_parse_profiles(BOX, sizeof BOX - 1, &profiles) != ENCAST_STATUS_OK || profiles == NULL) {
        fprintf(stderr, "no profiles: %s\n", encast_last_error());
        exit(1);
    }
    return profiles;
}

static inline EncastSite *box_site(const char *region) {
    EncastProfiles *profiles = box_profiles();
    EncastSite *site = NULL;
    if (encast_new_site(profiles, "box", region, &site) != ENCAST_STATUS_OK || site == NULL) {
        fprintf(stderr, "no site: %s\n", encast_last_error());
        exit(1);
    }
    encast_free_profiles(profiles); /* a site needs its profiles no more */
    return site;
}

static inline EncastPredictOptions box_options(const EncastSite *site) {
    EncastPredictOptions options;
    encast_predict_options_init(&options, sizeof options);
    options.site = site;
    options.months_stored = 3;
    options.deliveries = 20;
    return options;
}

/* A small model of quality and CPU time for two encoders with two presets, so that answers do not hang on the default
 * model. */
static inline EncastModel *box_model(void) {
    static EncastFeatures features[TABLE_ROWS];
    static EncastTargets targets[TABLE_ROWS];
    EncastRetrainOptions options;
    EncastModel *model = NULL;
    table_fill(features, targets);
    for (int row = 0; row < TABLE_ROWS; row++) {
        int title = row / TABLE_ROWS_A_TITLE;
        features[row].encoder = title % 2 ? ENCAST_ENCODER_LIBX265 : ENCAST_ENCODER_LIBX264;
        features[row].codec = title % 2 ? ENCAST_CODEC_HEVC : ENCAST_CODEC_H264;
        strcpy(features[row].preset, row % 2 ? "medium" : "fast");
        targets[row].cpu_seconds *= title % 2 ? 3 : 1;
        targets[row].cpu_seconds *= row % 2 ? 1.5 : 1;
    }
    encast_retrain_options_init(&options, sizeof options);
    options.model_kind = ENCAST_MODEL_KIND_BOOSTING;
    options.trained_at = 1;
    options.targets = (uint64_t)1 << ENCAST_TARGET_VMAF | (uint64_t)1 << ENCAST_TARGET_CPU_SECONDS;
    if (encast_retrain(features, targets, TABLE_ROWS, &options, &model) != ENCAST_STATUS_OK || model == NULL) {
        fprintf(stderr, "no model: %s\n", encast_last_error());
        exit(1);
    }
    return model;
}

/* One minute of 1080p. */
static inline EncastFeatures box_request(void) {
    EncastFeatures features = check_request();
    features.frame_drop = 0;
    features.duration_s = 60;
    features.encoder = ENCAST_ENCODER_LIBX264;
    strcpy(features.preset, "medium");
    return features;
}

#endif
