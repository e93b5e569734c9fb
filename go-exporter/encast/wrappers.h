/* Each wrapper makes one call and, when it fails, copies what the thread's last error says. */
#include <encast.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* No struct here that takes part in every forecast has a pointer: Go looks through what has one at each call. */
typedef struct {
	uintptr_t text;  /* char *, to be freed */
	uintptr_t field; /* char *, to be freed */
	int64_t row;     /* -1 when no row is to blame */
} encast_go_failure;

static char *encast_go_text(const encast_go_failure *failure) { return (char *)failure->text; }
static char *encast_go_field(const encast_go_failure *failure) { return (char *)failure->field; }

/* EncastFeatures without anchors, whose pointer is null. */
typedef struct {
	uint64_t words[sizeof(EncastFeatures) / sizeof(uint64_t)];
} encast_go_features;

static int32_t encast_go_done(int32_t status, encast_go_failure *failure)
{
	if (status != ENCAST_STATUS_OK) {
		failure->text = (uintptr_t)strdup(encast_last_error());
		failure->field = (uintptr_t)strdup(encast_last_error_field());
	}
	return status;
}

static int32_t encast_go_predict(const EncastModel *model, const EncastFeatures *features,
                                 const EncastPredictOptions *options, EncastResult *result,
                                 encast_go_failure *failure)
{
	return encast_go_done(encast_predict(model, features, options, result), failure);
}

static int32_t encast_go_predict_plain(const EncastModel *model, const encast_go_features *features,
                                       EncastResult *result, encast_go_failure *failure)
{
	return encast_go_done(encast_predict(model, (const EncastFeatures *)features, NULL, result), failure);
}

static int32_t encast_go_predict_batch(const EncastModel *model, const EncastFeatures *features, size_t count,
                                       const EncastPredictOptions *options, EncastResult *results,
                                       encast_go_failure *failure)
{
	size_t row = SIZE_MAX;
	int32_t status = encast_predict_batch(model, features, count, options, results, &row);
	if (row != SIZE_MAX)
		failure->row = (int64_t)row;
	return encast_go_done(status, failure);
}

static int32_t encast_go_score(const EncastModel *model, const EncastFeatures *features, const EncastColumn *columns,
                               size_t column_count, size_t rows, const EncastPredictOptions *options,
                               const EncastScores *scores, size_t score_count, encast_go_failure *failure)
{
	size_t row = SIZE_MAX;
	int32_t status =
		encast_score(model, features, columns, column_count, rows, options, scores, score_count, &row);
	if (row != SIZE_MAX)
		failure->row = (int64_t)row;
	return encast_go_done(status, failure);
}

static int32_t encast_go_compare(const EncastModel *model, const EncastFeatures *a, const EncastFeatures *b,
                                 const EncastPredictOptions *options, EncastResult *result_a, EncastResult *result_b,
                                 EncastComparison *comparison, encast_go_failure *failure)
{
	return encast_go_done(encast_compare(model, a, b, options, result_a, result_b, comparison), failure);
}

static int32_t encast_go_recommend(const EncastModel *model, const EncastFeatures *features,
                                   const EncastPredictOptions *options, int32_t crf,
                                   EncastRecommendation *recommendation, encast_go_failure *failure)
{
	int32_t status = crf ? encast_recommend_crf(model, features, options, recommendation)
	                     : encast_recommend_bitrate(model, features, options, recommendation);
	return encast_go_done(status, failure);
}

/* The arrays come apart from their struct: Go may not hand out memory that holds pointers to its memory. */
static int32_t encast_go_ladder(const EncastModel *model, const EncastFeatures *features,
                                const EncastLadderOptions *ladder, const EncastSize *sizes, size_t size_count,
                                const double *bitrates_kbps, size_t bitrate_count,
                                const EncastPredictOptions *options, EncastRung *rungs, size_t capacity,
                                size_t *count, encast_go_failure *failure)
{
	EncastLadderOptions whole = *ladder;
	whole.sizes = sizes;
	whole.size_count = size_count;
	whole.bitrates_kbps = bitrates_kbps;
	whole.bitrate_count = bitrate_count;
	return encast_go_done(encast_ladder(model, features, &whole, options, rungs, capacity, count), failure);
}

/* The arrays come apart from their struct, as for a ladder; presets is memory of C. */
static int32_t encast_go_advise(const EncastModel *model, const EncastFeatures *features,
                                const EncastAdviseOptions *advise, const int32_t *encoders, size_t encoder_count,
                                const char *const *presets, size_t preset_count, const EncastSize *sizes,
                                size_t size_count, const EncastPredictOptions *options, EncastProposal *proposals,
                                size_t capacity, size_t *count, encast_go_failure *failure)
{
	EncastAdviseOptions whole = *advise;
	whole.encoders = encoders;
	whole.encoder_count = encoder_count;
	whole.presets = presets;
	whole.preset_count = preset_count;
	whole.sizes = sizes;
	whole.size_count = size_count;
	return encast_go_done(encast_advise(model, features, &whole, options, proposals, capacity, count), failure);
}

static int32_t encast_go_load_profiles(const char *path, EncastProfiles **profiles, encast_go_failure *failure)
{
	return encast_go_done(encast_load_profiles(path, profiles), failure);
}

static int32_t encast_go_parse_profiles(const void *text, size_t length, EncastProfiles **profiles,
                                        encast_go_failure *failure)
{
	return encast_go_done(encast_parse_profiles(text, length, profiles), failure);
}

static int32_t encast_go_new_site(const EncastProfiles *profiles, const char *machine, const char *region,
                                  EncastSite **site, encast_go_failure *failure)
{
	return encast_go_done(encast_new_site(profiles, machine, region, site), failure);
}

static int32_t encast_go_retrain(const EncastFeatures *features, const EncastTargets *targets, size_t count,
                                 const EncastRetrainOptions *options, EncastModel **model, encast_go_failure *failure)
{
	return encast_go_done(encast_retrain(features, targets, count, options, model), failure);
}

static int32_t encast_go_load(const char *path, EncastModel **model, encast_go_failure *failure)
{
	return encast_go_done(encast_load_model(path, model), failure);
}

static int32_t encast_go_load_default(EncastModel **model, encast_go_failure *failure)
{
	return encast_go_done(encast_load_default_model(model), failure);
}

static int32_t encast_go_load_memory(const void *bytes, size_t length, EncastModel **model,
                                     encast_go_failure *failure)
{
	return encast_go_done(encast_load_model_from_memory(bytes, length, model), failure);
}

/* Texts come apart from their struct: Go may not hand out memory that holds pointers. */
static int32_t encast_go_load_with(const char *path, int32_t require_signature, const char *public_keys,
                                   const char *signature, EncastModel **model, encast_go_failure *failure)
{
	EncastLoadOptions options;
	int32_t status = encast_load_options_init(&options, sizeof options);
	options.require_signature = require_signature;
	options.public_keys = public_keys;
	options.signature = signature;
	if (status == ENCAST_STATUS_OK)
		status = encast_load_model_with(path, &options, model);
	return encast_go_done(status, failure);
}

static int32_t encast_go_load_memory_with(const void *bytes, size_t length, int32_t require_signature,
                                          const char *public_keys, const char *signature, EncastModel **model,
                                          encast_go_failure *failure)
{
	EncastLoadOptions options;
	int32_t status = encast_load_options_init(&options, sizeof options);
	options.require_signature = require_signature;
	options.public_keys = public_keys;
	options.signature = signature;
	if (status == ENCAST_STATUS_OK)
		status = encast_load_model_from_memory_with(bytes, length, &options, model);
	return encast_go_done(status, failure);
}

static int32_t encast_go_save(const EncastModel *model, const char *path, encast_go_failure *failure)
{
	return encast_go_done(encast_save_model(model, path), failure);
}

static int32_t encast_go_info(const EncastModel *model, EncastModelInfo *info, encast_go_failure *failure)
{
	return encast_go_done(encast_model_info(model, info), failure);
}

static int32_t encast_go_metadata(const EncastModel *model, char *buffer, size_t capacity, size_t *length,
                                  encast_go_failure *failure)
{
	return encast_go_done(encast_model_metadata_json(model, buffer, capacity, length), failure);
}

static int32_t encast_go_number_of(int32_t encoder, const char *name, int32_t *number, encast_go_failure *failure)
{
	int32_t status = encoder ? encast_encoder_from_name(name, number) : encast_codec_from_name(name, number);
	return encast_go_done(status, failure);
}

static int32_t encast_go_analyzer_new(const EncastAnalyzerOptions *options, EncastAnalyzer **analyzer,
                                      encast_go_failure *failure)
{
	return encast_go_done(encast_analyzer_new(options, analyzer), failure);
}

static int32_t encast_go_analyzer_push_frame(EncastAnalyzer *analyzer, const void *luma, size_t stride_bytes,
                                             EncastFrameComplexity *out, encast_go_failure *failure)
{
	return encast_go_done(encast_analyzer_push_frame(analyzer, luma, stride_bytes, out), failure);
}

static int32_t encast_go_analyzer_finish(EncastAnalyzer *analyzer, EncastComplexity *out, encast_go_failure *failure)
{
	return encast_go_done(encast_analyzer_finish(analyzer, out), failure);
}

static int32_t encast_go_analyzer_segment(const EncastAnalyzer *analyzer, size_t index, EncastComplexity *out,
                                          encast_go_failure *failure)
{
	return encast_go_done(encast_analyzer_segment(analyzer, index, out), failure);
}

static int32_t encast_go_analyzer_cut(const EncastAnalyzer *analyzer, size_t index, uint64_t *frame,
                                      encast_go_failure *failure)
{
	return encast_go_done(encast_analyzer_cut(analyzer, index, frame), failure);
}

static int32_t encast_go_monitor_new(const EncastModel *model, const EncastMonitorOptions *options,
                                     EncastMonitor **monitor, encast_go_failure *failure)
{
	return encast_go_done(encast_monitor_new(model, options, monitor), failure);
}

static int32_t encast_go_monitor_observe(const EncastMonitor *monitor, const encast_go_features *features,
                                         const EncastTargets *measured, const EncastResult *forecast, double level,
                                         EncastObserved *observed, encast_go_failure *failure)
{
	return encast_go_done(encast_monitor_observe(monitor, (const EncastFeatures *)features, measured, forecast,
	                                             level, observed),
	                      failure);
}

static int32_t encast_go_monitor_streams(const EncastMonitor *monitor, EncastDriftStream *rows, size_t capacity,
                                         size_t *count, encast_go_failure *failure)
{
	return encast_go_done(encast_monitor_streams(monitor, rows, capacity, count), failure);
}

static int32_t encast_go_monitor_errors(const EncastMonitor *monitor, EncastForecastErrors *rows, size_t capacity,
                                        size_t *count, encast_go_failure *failure)
{
	return encast_go_done(encast_monitor_errors(monitor, rows, capacity, count), failure);
}

static int32_t encast_go_monitor_inputs(const EncastMonitor *monitor, EncastInputDrift *rows, size_t capacity,
                                        size_t *count, encast_go_failure *failure)
{
	return encast_go_done(encast_monitor_inputs(monitor, rows, capacity, count), failure);
}

static int32_t encast_go_monitor_offsets(const EncastMonitor *monitor, EncastOffset *rows, size_t capacity,
                                         size_t *count, encast_go_failure *failure)
{
	return encast_go_done(encast_monitor_offsets(monitor, rows, capacity, count), failure);
}

static int32_t encast_go_monitor_correction(const EncastMonitor *monitor, EncastPredictOptions *options,
                                            encast_go_failure *failure)
{
	return encast_go_done(encast_monitor_correction(monitor, options), failure);
}
