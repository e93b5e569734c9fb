/* Loops around the C functions of the peers, so that no Python is in what is timed. Built with the C compiler that Treelite
   uses, loaded by engines.py. Each returns the nanoseconds of all calls, or -1 if one failed. */
#define _POSIX_C_SOURCE 199309L
#include <math.h>
#include <stdint.h>
#include <time.h>

/* Which rows, in what order. */
struct walk {
    const float *rows;
    const double *wide; /* the same in double precision */
    int64_t columns, count;
    int64_t at;   /* the row of the last call */
    int64_t step; /* rows from one call to the next */
    int64_t size; /* rows of a call */
    int64_t calls;
    double *out;  /* answers of the latest call */
    int64_t keep; /* whether answers that the peer holds itself are written there, too */
};

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static int64_t next(struct walk *walk) {
    walk->at += walk->step;
    if (walk->at + walk->size > walk->count) {
        walk->at = walk->size == 1 ? walk->at - walk->count : 0;
    }
    return walk->at;
}

#define TIMED(walk, body)                                                                                              \
    do {                                                                                                               \
        double start = now();                                                                                          \
        double *out = (walk)->out;                                                                                     \
        for (int64_t call = 0; call < (walk)->calls; call++) {                                                         \
            int64_t row = next(walk);                                                                                  \
            body                                                                                                       \
        }                                                                                                              \
        return now() - start;                                                                                          \
    } while (0)

typedef int lightgbm_fast(void *, const void *, int64_t *, double *);
double lightgbm_single(struct walk *walk, lightgbm_fast *predict, void *config) {
    int64_t length;
    TIMED(walk, {
        if (predict(config, walk->rows + row * walk->columns, &length, out) != 0) {
            return -1;
        }
    });
}

typedef int lightgbm_mat(void *, const void *, int, int32_t, int32_t, int, int, int, int, const char *, int64_t *, double *);
double lightgbm_batch(struct walk *walk, lightgbm_mat *predict, void *booster) {
    int64_t length;
    TIMED(walk, {
        if (predict(booster, walk->rows + row * walk->columns, 0, (int32_t)walk->size, (int32_t)walk->columns, 1, 0, 0, -1,
                    "num_threads=1", &length, out) != 0) {
            return -1;
        }
    });
}

/* `values` describe the batches: XGBoost takes the address of an array as JSON. */
typedef int xgboost_dense(void *, const char *, const char *, void *, const uint64_t **, uint64_t *, const float **);
double xgboost(struct walk *walk, xgboost_dense *predict, void *booster, void *proxy, const char **values,
               const char *config) {
    const uint64_t *shape;
    uint64_t dimensions;
    const float *result;
    TIMED(walk, {
        if (predict(booster, values[row / walk->size], config, proxy, &shape, &dimensions, &result) != 0) {
            return -1;
        }
        if (walk->keep) {
            for (int64_t i = 0; i < walk->size; i++) {
                out[i] = result[i];
            }
        }
    });
}

/* Treelite's interpreter takes rows of the precision that its model has, and answers in it. */
typedef int gtil_predict(void *, const void *, const char *, uint64_t, void *, void *);
double gtil(struct walk *walk, gtil_predict *predict, void *model, void *config, const char *type) {
    TIMED(walk, {
        if (predict(model, walk->rows + row * walk->columns, type, (uint64_t)walk->size, out, config) != 0) {
            return -1;
        }
    });
}
double gtil_wide(struct walk *walk, gtil_predict *predict, void *model, void *config, const char *type) {
    TIMED(walk, {
        if (predict(model, walk->wide + row * walk->columns, type, (uint64_t)walk->size, out, config) != 0) {
            return -1;
        }
    });
}

/* What tl2cgen compiles takes one row, in a form of its own. */
union entry64 {
    int missing;
    double value;
};
union entry32 {
    int missing;
    float value;
};
enum { MOST_COLUMNS = 256 };

typedef void tl2cgen64_predict(union entry64 *, int, double *);
double tl2cgen64(struct walk *walk, tl2cgen64_predict *predict) {
    union entry64 entries[MOST_COLUMNS];
    TIMED(walk, {
        for (int64_t i = 0; i < walk->size; i++) {
            const float *values = walk->rows + (row + i) * walk->columns;
            for (int64_t column = 0; column < walk->columns; column++) {
                if (isnan(values[column])) {
                    entries[column].missing = -1;
                } else {
                    entries[column].value = values[column];
                }
            }
            out[i] = 0;
            predict(entries, 0, &out[i]);
        }
    });
}

typedef void tl2cgen32_predict(union entry32 *, int, float *);
double tl2cgen32(struct walk *walk, tl2cgen32_predict *predict) {
    union entry32 entries[MOST_COLUMNS];
    TIMED(walk, {
        for (int64_t i = 0; i < walk->size; i++) {
            const float *values = walk->rows + (row + i) * walk->columns;
            for (int64_t column = 0; column < walk->columns; column++) {
                if (isnan(values[column])) {
                    entries[column].missing = -1;
                } else {
                    entries[column].value = values[column];
                }
            }
            float sum = 0;
            predict(entries, 0, &sum);
            out[i] = sum;
        }
    });
}

typedef void lleaves64_predict(const double *, double *, int32_t, int32_t);
double lleaves64(struct walk *walk, lleaves64_predict *predict) {
    TIMED(walk, { predict(walk->wide + row * walk->columns, out, 0, (int32_t)walk->size); });
}

/* Its answers are of single precision: they lie in the first half of `out`. */
typedef void lleaves32_predict(const float *, float *, int32_t, int32_t);
double lleaves32(struct walk *walk, lleaves32_predict *predict) {
    TIMED(walk, { predict(walk->rows + row * walk->columns, (float *)out, 0, (int32_t)walk->size); });
}
