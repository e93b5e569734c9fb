/* Handles that were freed, that are of another kind, or that never were: an error, and nothing is written. */
#include "check.h"
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHECK_DEAD(call, name) CHECK_ERROR(call, ENCAST_STATUS_BAD_HANDLE, name, name " is no live handle", END)

static EncastProfiles *shipped_profiles(void) {
    EncastProfiles *profiles = NULL;
    CHECK_OK(encast_load_profiles(NULL, &profiles));
    return profiles;
}

static EncastAnalyzer *small_analyzer(void) {
    EncastAnalyzerOptions options;
    EncastAnalyzer *analyzer = NULL;
    CHECK_OK(encast_analyzer_options_init(&options, sizeof options));
    options.width = 16;
    options.height = 8;
    options.bit_depth = 8;
    CHECK_OK(encast_analyzer_new(&options, &analyzer));
    return analyzer;
}

/* Every function that takes a model. */
static void dead_model(EncastModel *model) {
    EncastFeatures features = check_request();
    EncastResult result, before;
    EncastModelInfo info;
    EncastRecommendation recommendation;
    EncastComparison comparison;
    EncastRung rung;
    EncastProposal proposal;
    size_t count = 77, row = 77;
    char text[8] = "before";
    memset(&result, 0x5A, sizeof result);
    result.struct_size = sizeof result;
    before = result;
    CHECK_OK(encast_model_info_init(&info, sizeof info));
    CHECK_OK(encast_recommendation_init(&recommendation, sizeof recommendation));
    CHECK_OK(encast_comparison_init(&comparison, sizeof comparison));
    CHECK_OK(encast_rung_init(&rung, sizeof rung));
    CHECK_OK(encast_proposal_init(&proposal, sizeof proposal));
    CHECK_DEAD(encast_predict(model, &features, NULL, &result), "model");
    CHECK_DEAD(encast_predict_batch(model, &features, 1, NULL, &result, &row), "model");
    CHECK_DEAD(encast_compare(model, &features, &features, NULL, &result, NULL, &comparison), "model");
    CHECK_DEAD(encast_recommend_bitrate(model, &features, NULL, &recommendation), "model");
    CHECK_DEAD(encast_recommend_crf(model, &features, NULL, &recommendation), "model");
    CHECK_DEAD(encast_ladder(model, &features, NULL, NULL, &rung, 1, &count), "model");
    CHECK_DEAD(encast_advise(model, &features, NULL, NULL, &proposal, 1, &count), "model");
    CHECK_DEAD(encast_model_info(model, &info), "model");
    CHECK_DEAD(encast_model_metadata_json(model, text, sizeof text, &count), "model");
    CHECK_DEAD(encast_save_model(model, "not-written.encast"), "model");
    CHECK_DEAD(encast_free_model(model), "model");
    CHECK(memcmp(&result, &before, sizeof result) == 0 && count == 77 && row == 77 && strcmp(text, "before") == 0);
    CHECK(info.trees == 0 && isnan(recommendation.bitrate_kbps) && rung.width == 0 && proposal.width == 0);
}

static void dead_analyzer(EncastAnalyzer *analyzer) {
    static const unsigned char luma[16 * 8];
    EncastComplexity clip;
    uint64_t frame = 77;
    CHECK_OK(encast_complexity_init(&clip, sizeof clip));
    CHECK_DEAD(encast_analyzer_push_frame(analyzer, luma, 16, NULL), "analyzer");
    CHECK_DEAD(encast_analyzer_finish(analyzer, &clip), "analyzer");
    CHECK_DEAD(encast_analyzer_segment(analyzer, 0, &clip), "analyzer");
    CHECK_DEAD(encast_analyzer_cut(analyzer, 0, &frame), "analyzer");
    CHECK_DEAD(encast_analyzer_free(analyzer), "analyzer");
    CHECK(clip.frames == 0 && frame == 77);
}

static void dead_profiles(EncastProfiles *profiles) {
    EncastSite *site = NULL;
    CHECK_DEAD(encast_new_site(profiles, "c5.2xlarge", "eu-central-1", &site), "profiles");
    CHECK_DEAD(encast_free_profiles(profiles), "profiles");
    CHECK(site == NULL);
}

static void dead_site(EncastSite *site) {
    EncastModel *model = check_default_model();
    EncastFeatures features = check_request();
    EncastPredictOptions options;
    EncastResult result = check_result();
    CHECK_OK(encast_predict_options_init(&options, sizeof options));
    options.site = site;
    CHECK_DEAD(encast_predict(model, &features, &options, &result), "site");
    CHECK_DEAD(encast_free_site(site), "site");
    CHECK(isnan(result.predicted_vmaf));
    CHECK(encast_free_model(model) == ENCAST_STATUS_OK);
}

static void freed(void) {
    EncastModel *model = check_default_model(), *second;
    EncastAnalyzer *analyzer = small_analyzer();
    EncastProfiles *profiles = shipped_profiles();
    EncastSite *site = NULL;
    CHECK_OK(encast_new_site(profiles, "c5.2xlarge", "eu-central-1", &site));
    CHECK(encast_live_handles() == 4);
    CHECK(encast_free_profiles(profiles) == ENCAST_STATUS_OK);
    CHECK(encast_free_model(model) == ENCAST_STATUS_OK);
    CHECK(encast_analyzer_free(analyzer) == ENCAST_STATUS_OK);
    CHECK(encast_free_site(site) == ENCAST_STATUS_OK);
    CHECK(encast_live_handles() == 0);
    dead_model(model);
    dead_analyzer(analyzer);
    dead_profiles(profiles);
    dead_site(site);
    /* Another model takes the place of the first, whose handle stays dead. */
    second = check_default_model();
    CHECK(second != model);
    dead_model(model);
    CHECK(encast_free_model(second) == ENCAST_STATUS_OK);
    dead_model(second);
}

static void of_another_kind(void) {
    EncastModel *model = check_default_model();
    EncastAnalyzer *analyzer = small_analyzer();
    EncastProfiles *profiles = shipped_profiles();
    dead_model((EncastModel *)(void *)analyzer);
    dead_model((EncastModel *)(void *)profiles);
    dead_analyzer((EncastAnalyzer *)(void *)model);
    dead_profiles((EncastProfiles *)(void *)model);
    dead_site((EncastSite *)(void *)profiles);
    dead_model((EncastModel *)(void *)&model);
    dead_model((EncastModel *)(uintptr_t)1);
    CHECK(encast_live_handles() == 3);
    CHECK(encast_analyzer_free(analyzer) == ENCAST_STATUS_OK);
    CHECK(encast_free_profiles(profiles) == ENCAST_STATUS_OK);
    CHECK(encast_free_model(model) == ENCAST_STATUS_OK);
}

/* Freeing is no reason to lose the text of what failed before. */
static void free_keeps_the_error(void) {
    EncastModel *model = check_default_model();
    EncastFeatures features = check_request();
    EncastResult result = check_result();
    features.frame_rate = -77;
    CHECK(encast_predict(model, &features, NULL, &result) == ENCAST_STATUS_INVALID_FIELD);
    CHECK(encast_free_model(model) == ENCAST_STATUS_OK && encast_free_model(NULL) == ENCAST_STATUS_OK);
    CHECK(encast_free_site(NULL) == ENCAST_STATUS_OK && encast_free_profiles(NULL) == ENCAST_STATUS_OK);
    CHECK(encast_analyzer_free(NULL) == ENCAST_STATUS_OK);
    CHECK(strstr(encast_last_error(), "frame_rate = -77") != NULL);
}

typedef struct {
    EncastModel *model;
    int answers, refusals, others;
} Work;

static void *ask_until_refused(void *pointer) {
    Work *work = pointer;
    EncastFeatures features = check_request();
    while (work->refusals == 0 && work->others == 0) {
        EncastResult result = check_result();
        int32_t status = encast_predict(work->model, &features, NULL, &result);
        if (status == ENCAST_STATUS_OK && result.predicted_vmaf > 0) {
            work->answers++;
        } else if (status == ENCAST_STATUS_BAD_HANDLE) {
            work->refusals++;
        } else {
            work->others++;
        }
    }
    return NULL;
}

/* A model is freed while other threads ask it: each gets whole answers, then errors. */
static void freed_in_use(void) {
    for (int round = 0; round < 20; round++) {
        EncastModel *model = check_default_model();
        EncastFeatures features = check_request();
        EncastResult result = check_result();
        pthread_t threads[3];
        Work works[3];
        for (int i = 0; i < 3; i++) {
            works[i] = (Work){.model = model, .answers = 0, .refusals = 0, .others = 0};
            CHECK(pthread_create(&threads[i], NULL, ask_until_refused, &works[i]) == 0);
        }
        for (int i = 0; i < 10 * round; i++) {
            CHECK_OK(encast_predict(model, &features, NULL, &result));
        }
        CHECK(encast_free_model(model) == ENCAST_STATUS_OK);
        for (int i = 0; i < 3; i++) {
            CHECK(pthread_join(threads[i], NULL) == 0);
            CHECK(works[i].refusals == 1 && works[i].others == 0);
        }
        CHECK(encast_live_handles() == 0);
    }
}

/* A child uses, and frees for itself, what its parent loaded. */
static void in_a_child(void) {
    EncastModel *model = check_default_model();
    EncastFeatures features = check_request();
    EncastResult due = check_result(), result = check_result();
    int status = -1;
    pid_t child;
    CHECK_OK(encast_predict(model, &features, NULL, &due));
    child = fork();
    if (child == 0) {
        int same = encast_predict(model, &features, NULL, &result) == ENCAST_STATUS_OK &&
                   memcmp(&result, &due, sizeof result) == 0 && encast_free_model(model) == ENCAST_STATUS_OK &&
                   encast_predict(model, &features, NULL, &result) == ENCAST_STATUS_BAD_HANDLE;
        _exit(same ? 0 : 1);
    }
    CHECK(child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    CHECK_OK(encast_predict(model, &features, NULL, &result));
    CHECK(encast_free_model(model) == ENCAST_STATUS_OK);
}

int main(void) {
    freed();
    in_a_child();
    of_another_kind();
    free_keeps_the_error();
    freed_in_use();
    return check_end(200);
}
