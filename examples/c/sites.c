/*
 * encast from C, where a job runs: time, energy, cost and carbon of one encode on machines in regions, one of them the
 * program's own, and which encoder, preset and size reach a quality at the least cost there.
 *
 *     cargo build --release -p encast-ffi
 *     cc -std=c11 -I include examples/c/sites.c -L target/release -lencast -Wl,-rpath,$PWD/target/release -o sites
 *     ./sites
 */
#include "try.h"

#include <math.h>
#include <string.h>

/* Made-up numbers of a machine in a cellar; no price of it is known. */
static const char CELLAR[] = "[machines.workstation]\n"
                             "vcpus = 16\n"
                             "speed = 1.1\n"
                             "idle_watts_per_vcpu = 1.5\n"
                             "busy_watts_per_vcpu = 7\n"
                             "memory_gb = 64\n"
                             "cpu_model = \"an example\"\n"
                             "source = \"an example, not a measurement\"\n"
                             "[regions.cellar]\n"
                             "grid_g_per_kwh = 300\n"
                             "pue = 1.0\n"
                             "source = \"an example, not a measurement\"\n";

/* Ten minutes of 1080p. */
static EncastFeatures ten_minutes(void) {
    EncastFeatures features;
    TRY(encast_features_init(&features, sizeof features));
    features.bitrate_kbps = 4000;
    features.resolution_width = 1920;
    features.resolution_height = 1080;
    features.frame_rate = 25;
    features.duration_s = 600;
    features.encoder = ENCAST_ENCODER_LIBX264;
    strcpy(features.preset, "medium");
    return features;
}

static void print_known(const char *name, double value, const char *unit) {
    if (isnan(value)) {
        printf("  %-22s not known\n", name);
    } else {
        printf("  %-22s %12.6f %s\n", name, value, unit);
    }
}

static void forecast(const EncastModel *model, const EncastSite *site, const char *where) {
    EncastFeatures features = ten_minutes();
    EncastPredictOptions options;
    EncastResult result;
    TRY(encast_predict_options_init(&options, sizeof options));
    options.site = site;
    options.deliveries = 100;
    options.months_stored = 12;
    TRY(encast_result_init(&result, sizeof result));
    TRY(encast_predict(model, &features, &options, &result));
    printf("libx264 medium, ten minutes, on %s:\n", where);
    print_known("time", result.encode_seconds.value, "s");
    print_known("energy", result.energy_kwh.value, "kWh");
    print_known("  processors at work", result.energy_cpu_kwh, "kWh");
    print_known("cost", result.cost_usd.value, "USD");
    print_known("  machine", result.cost_compute_usd, "USD");
    print_known("  100 deliveries", result.cost_egress_usd, "USD");
    print_known("  12 months of storage", result.cost_storage_usd, "USD");
    print_known("carbon", result.co2_kg.value, "kg CO2e");
    print_known("carbon by minute", result.sci_g_per_minute, "g CO2e");
}

/* The three best of all encoders, presets and sizes that the model was taught. */
static void advise(const EncastModel *model, const EncastSite *site) {
    enum { BEST = 3 };
    EncastFeatures features = ten_minutes();
    EncastAdviseOptions goal;
    EncastPredictOptions options;
    EncastProposal best[BEST];
    size_t setups = 0;
    features.encoder = 0; /* it is asked for, as the preset */
    features.preset[0] = '\0';
    TRY(encast_advise_options_init(&goal, sizeof goal));
    goal.target_vmaf = 80;
    goal.rank_by = ENCAST_RANK_BY_CO2;
    TRY(encast_predict_options_init(&options, sizeof options));
    options.site = site;
    options.max_encode_seconds = 3600;
    for (size_t i = 0; i < BEST; i++) {
        TRY(encast_proposal_init(&best[i], sizeof best[i]));
    }
    TRY(encast_advise(model, &features, &goal, &options, best, BEST, &setups));
    printf("VMAF 80 within an hour, by carbon, of %lu setups:\n", (unsigned long)setups);
    for (size_t i = 0; i < BEST && i < setups && best[i].outcome == ENCAST_OUTCOME_REACHED; i++) {
        const char *encoder = encast_encoder_name(best[i].encoder);
        printf("  %s %s %" PRIu32 "x%" PRIu32 " at %.0f kbit/s: VMAF %.1f, %.1f s, %.4f USD, %.6f kg\n",
               encoder == NULL ? "any" : encoder, best[i].preset, best[i].width, best[i].height,
               best[i].bitrate_kbps.value, best[i].vmaf.value, best[i].encode_seconds.value, best[i].cost_usd.value,
               best[i].co2_kg.value);
    }
}

int main(void) {
    EncastModel *model;
    EncastProfiles *profiles;
    EncastSite *cloud, *cellar;
    TRY(encast_load_default_model(&model));
    TRY(encast_parse_profiles(CELLAR, sizeof CELLAR - 1, &profiles));
    TRY(encast_new_site(profiles, "c5.2xlarge", "eu-central-1", &cloud));
    TRY(encast_new_site(profiles, "workstation", "cellar", &cellar));
    encast_free_profiles(profiles); /* sites need them no more */
    forecast(model, cloud, "a c5.2xlarge in eu-central-1");
    forecast(model, cellar, "a workstation in the cellar");
    advise(model, cloud);
    encast_free_site(cellar);
    encast_free_site(cloud);
    encast_free_model(model);
    return EXIT_SUCCESS;
}
