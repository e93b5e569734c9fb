/* Allocations that fail: this program's malloc, which libencast gets too, refuses the n-th. Each call then ends with a
   status, or the process with Rust's message and SIGABRT, as the header says; nothing else, and no half-written file.
   Arguments: an empty folder, a small model, and how many allocations of each call are tried. */
#define _GNU_SOURCE
#include "check.h"
#include <errno.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* glibc's own names of what is replaced below. */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *memory, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

/* The allocation that fails, from 1; 0 = none. How many were asked for since it was set. */
static long refused_at = 0, asked_for = 0;

static int refused(void) {
    if (refused_at == 0 || ++asked_for != refused_at) {
        return 0;
    }
    errno = ENOMEM;
    return 1;
}

void *malloc(size_t size) {
    return refused() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
    return refused() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size) {
    return refused() ? NULL : __libc_realloc(memory, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
    return refused() ? NULL : __libc_memalign(alignment, size);
}

int posix_memalign(void **out, size_t alignment, size_t size) {
    void *memory = refused() ? NULL : __libc_memalign(alignment, size);
    if (memory == NULL) {
        return ENOMEM;
    }
    *out = memory;
    return 0;
}

static const EncastModel *model;
static const char *small_model;
static char saved[4096];
static EncastFeatures requests[64];
static EncastResult results[64];

static int32_t load(void) {
    EncastModel *loaded = NULL;
    int32_t status = encast_load_model(small_model, &loaded);
    return status != ENCAST_STATUS_OK ? status : encast_free_model(loaded);
}

static int32_t load_default(void) {
    EncastModel *loaded = NULL;
    int32_t status = encast_load_default_model(&loaded);
    return status != ENCAST_STATUS_OK ? status : encast_free_model(loaded);
}

static int32_t save(void) {
    return encast_save_model(model, saved);
}

static int32_t predict(void) {
    return encast_predict(model, requests, NULL, results);
}

static int32_t bad_request(void) {
    EncastFeatures bad = check_request();
    bad.bitrate_kbps = -1;
    return encast_predict(model, &bad, NULL, results) == ENCAST_STATUS_INVALID_FIELD ? ENCAST_STATUS_OK
                                                                                    : ENCAST_STATUS_OTHER;
}

static int32_t batch(void) {
    return encast_predict_batch(model, requests, 64, NULL, results, NULL);
}

static int32_t recommend(void) {
    EncastRecommendation answer;
    encast_recommendation_init(&answer, sizeof answer);
    return encast_recommend_bitrate(model, requests, NULL, &answer);
}

static int32_t ladder(void) {
    EncastRung rungs[32];
    size_t count = 0;
    for (size_t i = 0; i < 32; i++) {
        encast_rung_init(&rungs[i], sizeof rungs[i]);
    }
    return encast_ladder(model, requests, NULL, NULL, rungs, 32, &count);
}

static int32_t advise(void) {
    EncastProposal best;
    size_t count = 0;
    encast_proposal_init(&best, sizeof best);
    return encast_advise(model, requests, NULL, NULL, &best, 1, &count);
}

static int32_t metadata(void) {
    char buffer[4];
    size_t length;
    int32_t status = encast_model_metadata_json(model, buffer, sizeof buffer, &length);
    return status == ENCAST_STATUS_BUFFER_TOO_SMALL ? ENCAST_STATUS_OK : ENCAST_STATUS_OTHER;
}

static int32_t site(void) {
    EncastProfiles *profiles = NULL;
    EncastSite *made = NULL;
    int32_t status = encast_load_profiles(NULL, &profiles);
    if (status == ENCAST_STATUS_OK) {
        status = encast_new_site(profiles, "c5.2xlarge", "eu-central-1", &made);
        encast_free_site(made);
        encast_free_profiles(profiles);
    }
    return status;
}

static int32_t analyze(void) {
    static unsigned char luma[64 * 64];
    EncastAnalyzer *analyzer = NULL;
    EncastAnalyzerOptions options;
    EncastComplexity complexity;
    encast_analyzer_options_init(&options, sizeof options);
    encast_complexity_init(&complexity, sizeof complexity);
    options.width = options.height = 64;
    options.bit_depth = 8;
    int32_t status = encast_analyzer_new(&options, &analyzer);
    if (status == ENCAST_STATUS_OK) {
        for (int frame = 0; frame < 3 && status == ENCAST_STATUS_OK; frame++) {
            status = encast_analyzer_push_frame(analyzer, luma, 64, NULL);
        }
        status = status == ENCAST_STATUS_OK ? encast_analyzer_finish(analyzer, &complexity) : status;
        encast_analyzer_free(analyzer);
    }
    return status;
}

/* How a child ended. */
typedef struct {
    int state;
    /* The call's status and the allocations that it asked for, when the child came that far. */
    int told;
    int32_t status;
    long allocations;
    char text[512];
} End;

/* The call in a process of its own, with the n-th allocation refused. */
static End with_refused(int32_t (*call)(void), long at) {
    int error[2], answer[2];
    long report[2];
    End end = {0};
    size_t length = 0;
    ssize_t more;
    fflush(NULL);
    if (pipe(error) != 0 || pipe(answer) != 0) {
        perror("pipe");
        exit(2);
    }
    pid_t child = fork();
    if (child == 0) {
        /* An abort is no crash to be looked into. */
        struct rlimit no_core = {0, 0};
        setrlimit(RLIMIT_CORE, &no_core);
        dup2(error[1], STDERR_FILENO);
        asked_for = 0;
        refused_at = at;
        report[0] = call();
        refused_at = 0;
        report[1] = asked_for;
        _exit(write(answer[1], report, sizeof report) == sizeof report ? 0 : 2);
    }
    close(error[1]);
    close(answer[1]);
    while (length < sizeof end.text - 1 &&
           (more = read(error[0], end.text + length, sizeof end.text - 1 - length)) > 0) {
        length += (size_t)more;
    }
    end.told = read(answer[0], report, sizeof report) == sizeof report;
    close(error[0]);
    close(answer[0]);
    waitpid(child, &end.state, 0);
    if (end.told) {
        end.status = (int32_t)report[0];
        end.allocations = report[1];
    }
    return end;
}

/* Whether the end is one of those that the header allows. */
static int allowed(const End *end) {
    if (WIFEXITED(end->state)) {
        return WEXITSTATUS(end->state) == 0 && end->told && end->status != ENCAST_STATUS_PANIC &&
               strcmp(encast_status_name(end->status), "unknown status") != 0;
    }
    /* glibc has a message of its own where it keeps what is done at the end of a thread. */
    return WIFSIGNALED(end->state) && WTERMSIG(end->state) == SIGABRT &&
           ((strstr(end->text, "memory allocation of ") != NULL && strstr(end->text, " bytes failed") != NULL) ||
            strstr(end->text, "failed to register TLS destructor: out of memory") != NULL);
}

static long sweep(const char *name, int32_t (*call)(void), long most) {
    End whole = with_refused(call, -1);
    long tried = 0, aborted = 0, statuses = 0;
    CHECK(allowed(&whole) && whole.status == ENCAST_STATUS_OK);
    /* All of the first, then ever fewer: what comes late comes again and again. */
    for (long at = 1; at <= whole.allocations; at += 1 + at / most) {
        End end = with_refused(call, at);
        tried++;
        aborted += WIFSIGNALED(end.state);
        statuses += end.told && end.status != ENCAST_STATUS_OK;
        CHECK(allowed(&end));
        if (!allowed(&end)) {
            fprintf(stderr, "%s, allocation %ld: state %d, status %d: %s\n", name, at, end.state, (int)end.status,
                    end.text);
        }
        if (call == save) {
            EncastModel *again = NULL;
            CHECK_OK(encast_load_model(saved, &again));
            CHECK_OK(encast_free_model(again));
        }
    }
    printf("%-12s %6ld allocations, %4ld refused: %4ld aborts, %4ld statuses, %4ld done without\n", name,
           whole.allocations, tried, aborted, statuses, tried - aborted - statuses);
    return tried;
}

int main(int argc, char **argv) {
    static const struct {
        const char *name;
        int32_t (*call)(void);
    } CALLS[] = {
        {"load", load},           {"load_default", load_default}, {"save", save},         {"predict", predict},
        {"bad_request", bad_request}, {"batch", batch},           {"recommend", recommend}, {"ladder", ladder},
        {"advise", advise},       {"metadata", metadata},         {"site", site},         {"analyze", analyze},
    };
    EncastModel *loaded = NULL;
    long tried = 0;
    if (argc != 4 || encast_load_model(argv[2], &loaded) != ENCAST_STATUS_OK) {
        fprintf(stderr, "usage: failing_memory FOLDER MODEL MOST\n");
        return 2;
    }
    model = loaded;
    small_model = argv[2];
    snprintf(saved, sizeof saved, "%s/model.encast", argv[1]);
    CHECK_OK(encast_save_model(model, saved));
    for (int i = 0; i < 64; i++) {
        requests[i] = check_request();
        requests[i].bitrate_kbps = 500 + 100 * i;
        results[i] = check_result();
    }
    for (size_t i = 0; i < sizeof CALLS / sizeof *CALLS; i++) {
        tried += sweep(CALLS[i].name, CALLS[i].call, strtol(argv[3], NULL, 10));
    }
    CHECK_OK(encast_free_model(loaded));
    printf("%ld allocations refused\n", tried);
    return check_end(60);
}
