/* Defects on purpose, one for each name: a program that goes wrong in the way that the sanitizers have to see. */
#include "check.h"
#include <limits.h>

/* The compiler must not see what is coming, hence volatile. */
static volatile size_t one = 1;

/* A request that is too short for what its struct_size says: the library reads behind it. */
static int library_reads_beyond(void) {
    EncastModel *model = check_default_model();
    EncastResult result = check_result();
    EncastFeatures whole = check_request();
    /* More than what one load of a vector takes in: Valgrind lets such a load go a little too far. */
    size_t room = sizeof whole - 64 * one;
    EncastFeatures *cut = malloc(room);
    memcpy(cut, &whole, room);
    int status = encast_predict(model, cut, NULL, &result);
    free(cut);
    encast_free_model(model);
    return status;
}

static int heap_overflow(void) {
    char *bytes = malloc(15 + one);
    bytes[15 + one] = 1;
    int read = bytes[15 + one];
    free(bytes);
    return read;
}

static int use_after_free(void) {
    char *volatile bytes = malloc(16);
    char *volatile same = bytes;
    bytes[0] = 1;
    free(bytes);
    return same[0];
}

static int stack_overflow(void) {
    char bytes[16] = {0};
    char *volatile end = bytes + 15;
    return end[one];
}

static int leak(void) {
    volatile char *bytes = malloc(77);
    bytes[0] = 1;
    bytes = NULL;
    return bytes != NULL;
}

static int signed_overflow(void) {
    volatile int largest = INT_MAX;
    largest += (int)one;
    return largest == INT_MIN;
}

static int bad_shift(void) {
    volatile int bits = 31 + (int)one;
    return 1 << bits;
}

int main(int argc, char **argv) {
    static const struct {
        const char *name;
        int (*run)(void);
    } DEFECTS[] = {
        {"none", NULL},
        {"library-reads-beyond", library_reads_beyond},
        {"heap-overflow", heap_overflow},
        {"use-after-free", use_after_free},
        {"stack-overflow", stack_overflow},
        {"leak", leak},
        {"signed-overflow", signed_overflow},
        {"bad-shift", bad_shift},
    };
    for (size_t i = 0; argc == 2 && i < sizeof DEFECTS / sizeof *DEFECTS; i++) {
        if (strcmp(argv[1], DEFECTS[i].name) == 0) {
            if (DEFECTS[i].run != NULL) {
                DEFECTS[i].run();
            }
            return 0;
        }
    }
    fprintf(stderr, "unknown defect\n");
    return 2;
}
