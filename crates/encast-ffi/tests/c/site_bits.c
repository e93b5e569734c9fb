/* The bits of answers at a site and of an advice: tests/sites.rs holds them against the Rust API. */
#include "check.h"
#include "lines.h"
#include "table.h"
#include "box.h"

int main(int count, char **arguments) {
    EncastModel *model = box_model();
    const char *regions[] = {"here", "there"};
    if (count != 2) {
        return 1;
    }
    CHECK_OK(encast_save_model(model, arguments[1]));
    for (int i = 0; i < 24; i++) {
        EncastSite *site = box_site(regions[i % 2]);
        EncastFeatures features = box_request();
        EncastPredictOptions options = box_options(site);
        EncastResult r = check_result();
        options.whole_machine = i % 3 == 0;
        options.months_stored = i % 4;
        features.threads = i % 5 == 0 ? NAN : i % 5;
        features.bitrate_kbps = 500 + 333.3 * i;
        CHECK_OK(encast_predict(model, &features, &options, &r));
        print_result(&r);
        print_bits(r.energy_cpu_kwh);
        print_bits(r.energy_idle_kwh);
        print_bits(r.energy_memory_kwh);
        print_bits(r.cost_compute_usd);
        print_bits(r.cost_egress_usd);
        print_bits(r.cost_storage_usd);
        print_bits(r.co2_operational_kg);
        print_bits(r.co2_embodied_kg);
        print_bits(r.sci_g_per_minute);
        printf("\n");
        encast_free_site(site);
    }
    static EncastProposal proposals[64];
    EncastSite *site = box_site("here");
    EncastFeatures features = box_request();
    EncastPredictOptions options = box_options(site);
    EncastAdviseOptions advise;
    size_t setups = 0;
    encast_advise_options_init(&advise, sizeof advise);
    advise.target_vmaf = 60;
    advise.rank_by = ENCAST_RANK_BY_CO2;
    features.encoder = 0;
    features.preset[0] = '\0';
    for (int i = 0; i < 64; i++) {
        encast_proposal_init(&proposals[i], sizeof proposals[i]);
    }
    CHECK_OK(encast_advise(model, &features, &advise, &options, proposals, 64, &setups));
    for (size_t i = 0; i < setups; i++) {
        const EncastProposal *p = &proposals[i];
        printf("%d %s %s %ux%u %d", (int)p->outcome, encast_encoder_name(p->encoder), p->preset, (unsigned)p->width,
               (unsigned)p->height, (int)p->on_front);
        print_estimate(p->bitrate_kbps);
        print_estimate(p->vmaf);
        print_estimate(p->size_mb);
        print_estimate(p->encode_seconds);
        print_estimate(p->co2_kg);
        printf("\n");
    }
    encast_free_site(site);
    encast_free_model(model);
    return check_failures;
}
