/* Answers as the corpus has them: flat lists of numbers under the names of their fields, of an estimate three (vmaf,
 * vmaf_lower, vmaf_upper), compared bit by bit. Needs check.h before it, and cJSON, whose numbers are strtod's. */
#ifndef ANSWERS_H
#define ANSWERS_H

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stddef.h>

typedef enum { NUMBER, WHOLE32, WHOLE64, ESTIMATE, DIFFERENCE } Kind;

typedef struct {
    const char *name;
    size_t offset;
    Kind kind;
} Part;

#define PART(type, name, kind) {#name, offsetof(type, name), kind}

static const Part RESULT[] = {
    PART(EncastResult, target_unreachable, WHOLE32), PART(EncastResult, predicted_vmaf, NUMBER),
    PART(EncastResult, predicted_psnr, NUMBER), PART(EncastResult, predicted_cost_usd, NUMBER),
    PART(EncastResult, predicted_co2_kg, NUMBER), PART(EncastResult, confidence, NUMBER),
    PART(EncastResult, recommended_bitrate_kbps, NUMBER), PART(EncastResult, best_reachable_vmaf, NUMBER),
    PART(EncastResult, size_mb, NUMBER), PART(EncastResult, bandwidth_mbps, NUMBER),
    PART(EncastResult, out_of_range, WHOLE64), PART(EncastResult, ignored, WHOLE64),
    PART(EncastResult, vmaf, ESTIMATE), PART(EncastResult, psnr, ESTIMATE), PART(EncastResult, ssim, ESTIMATE),
    PART(EncastResult, bitrate_kbps, ESTIMATE), PART(EncastResult, encode_seconds, ESTIMATE),
    PART(EncastResult, cpu_seconds, ESTIMATE), PART(EncastResult, cpu_percent, ESTIMATE),
    PART(EncastResult, gpu_percent, ESTIMATE), PART(EncastResult, peak_memory_mb, ESTIMATE),
    PART(EncastResult, energy_kwh, ESTIMATE), PART(EncastResult, cost_usd, ESTIMATE),
    PART(EncastResult, co2_kg, ESTIMATE), PART(EncastResult, energy_cpu_kwh, NUMBER),
    PART(EncastResult, energy_idle_kwh, NUMBER), PART(EncastResult, energy_memory_kwh, NUMBER),
    PART(EncastResult, cost_compute_usd, NUMBER), PART(EncastResult, cost_egress_usd, NUMBER),
    PART(EncastResult, cost_storage_usd, NUMBER), PART(EncastResult, co2_operational_kg, NUMBER),
    PART(EncastResult, co2_embodied_kg, NUMBER), PART(EncastResult, sci_g_per_minute, NUMBER),
    {NULL, 0, NUMBER},
};

static const Part RECOMMENDATION[] = {
    PART(EncastRecommendation, unreachable, WHOLE32), PART(EncastRecommendation, bitrate_kbps, NUMBER),
    PART(EncastRecommendation, vmaf, ESTIMATE), PART(EncastRecommendation, outcome, WHOLE32),
    PART(EncastRecommendation, limit, WHOLE32), PART(EncastRecommendation, crf, NUMBER),
    PART(EncastRecommendation, assured_vmaf, NUMBER), PART(EncastRecommendation, limit_allowed, NUMBER),
    PART(EncastRecommendation, limit_forecast, NUMBER), PART(EncastRecommendation, needed, NUMBER),
    PART(EncastRecommendation, needed_vmaf, ESTIMATE), {NULL, 0, NUMBER},
};

static const Part COMPARISON[] = {
    PART(EncastComparison, vmaf, DIFFERENCE), PART(EncastComparison, psnr, DIFFERENCE),
    PART(EncastComparison, ssim, DIFFERENCE), PART(EncastComparison, bitrate_kbps, DIFFERENCE),
    PART(EncastComparison, encode_seconds, DIFFERENCE), PART(EncastComparison, cpu_seconds, DIFFERENCE),
    PART(EncastComparison, cpu_percent, DIFFERENCE), PART(EncastComparison, gpu_percent, DIFFERENCE),
    PART(EncastComparison, peak_memory_mb, DIFFERENCE), PART(EncastComparison, energy_kwh, DIFFERENCE),
    PART(EncastComparison, cost_usd, DIFFERENCE), PART(EncastComparison, co2_kg, DIFFERENCE), {NULL, 0, NUMBER},
};

static const Part RUNG[] = {
    PART(EncastRung, width, WHOLE32), PART(EncastRung, height, WHOLE32), PART(EncastRung, bitrate_kbps, NUMBER),
    PART(EncastRung, crf, NUMBER), PART(EncastRung, vmaf, ESTIMATE), PART(EncastRung, assured_vmaf, NUMBER),
    PART(EncastRung, psnr, ESTIMATE), PART(EncastRung, size_mb, NUMBER), PART(EncastRung, encode_seconds, ESTIMATE),
    PART(EncastRung, cost_usd, ESTIMATE), PART(EncastRung, confidence, NUMBER), PART(EncastRung, out_of_range, WHOLE64),
    {NULL, 0, NUMBER},
};

/* What is being compared, for the messages, and how many numbers were the same. */
static const char *answers_case = "";
static size_t answers_same = 0;

static inline uint64_t answers_bits(double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* One number; absent in the corpus is NaN. Adds to the numbers that were found in it. */
static inline void answers_number(const cJSON *due, const char *name, const char *suffix, double got, int *found) {
    char full[128];
    const cJSON *item;
    snprintf(full, sizeof full, "%s%s", name, suffix);
    item = cJSON_GetObjectItemCaseSensitive(due, full);
    *found += item != NULL;
    check_count++;
    if (item == NULL ? !isnan(got) : !cJSON_IsNumber(item) || answers_bits(item->valuedouble) != answers_bits(got)) {
        check_failures++;
        fprintf(stderr, "%s: %s = %.17g, must be %.17g\n", answers_case, full, got, item ? item->valuedouble : NAN);
    }
    answers_same += item != NULL;
}

static inline void answers_estimate(const cJSON *due, const char *name, const char *middle, EncastEstimate got,
                                    int *found) {
    char full[64];
    snprintf(full, sizeof full, "%s%s", name, middle);
    answers_number(due, full, "", got.value, found);
    answers_number(due, full, "_lower", got.lower, found);
    answers_number(due, full, "_upper", got.upper, found);
}

/* A whole answer: every part is as the corpus says, and the corpus names no other. */
static inline void answers_compare(const cJSON *due, const void *answer, const Part *parts) {
    int found = 0;
    for (; parts->name != NULL; parts++) {
        const char *place = (const char *)answer + parts->offset;
        double number;
        uint32_t whole;
        uint64_t bits;
        EncastEstimate estimate;
        EncastDifference change;
        switch (parts->kind) {
        case NUMBER:
            memcpy(&number, place, sizeof number);
            answers_number(due, parts->name, "", number, &found);
            break;
        case WHOLE32:
            memcpy(&whole, place, sizeof whole);
            answers_number(due, parts->name, "", whole, &found);
            break;
        case WHOLE64:
            memcpy(&bits, place, sizeof bits);
            answers_number(due, parts->name, "", (double)bits, &found);
            break;
        case ESTIMATE:
            memcpy(&estimate, place, sizeof estimate);
            answers_estimate(due, parts->name, "", estimate, &found);
            break;
        case DIFFERENCE:
            memcpy(&change, place, sizeof change);
            answers_estimate(due, parts->name, "_difference", change.difference, &found);
            answers_estimate(due, parts->name, "_ratio", change.ratio, &found);
            break;
        }
    }
    check_count++;
    if (found != cJSON_GetArraySize(due)) {
        check_failures++;
        fprintf(stderr, "%s: the corpus has %d numbers, of which %d are fields\n", answers_case,
                cJSON_GetArraySize(due), found);
    }
}

#endif
