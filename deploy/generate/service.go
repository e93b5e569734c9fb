package main

import (
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/units"
)

// resources is what the configured encodes will use.
func resources() []cog.Builder[dashboardPanel] {
	return []cog.Builder[dashboardPanel]{
		graph(8, "Encode time", units.Seconds,
			"Forecast elapsed time of the whole job of each configured encode.",
			perEncode("resource_predicted_encode_seconds")),
		graph(8, "CPU time", units.Seconds,
			"Forecast CPU time of the whole job over all cores.",
			perEncode("resource_predicted_cpu_seconds")),
		graph(8, "Peak memory", units.BytesSI,
			"Forecast peak resident memory.",
			perEncode("resource_predicted_peak_memory_bytes")),
		graph(8, "Energy", units.Joule,
			"Forecast energy of the whole job.",
			perEncode("resource_predicted_energy_joules")),
		graph(8, "Size", units.BytesSI,
			"Size of the encode: bitrate, given or forecast, times duration.",
			perEncode("resource_predicted_size_bytes")),
		graph(8, "Network rate", units.BytesPerSecondSI,
			"Network rate of the stream.",
			perEncode("resource_predicted_bandwidth_bytes_per_second")),
		graph(12, "Cost by part", units.Dollars,
			"Forecast cost by part. Only for encodes with a machine and a region.",
			query{"max by (config, part) (cost_predicted_parts_usd" + encode + ")", "{{config}} {{part}}"}).Decimals(3),
		graph(12, "Carbon by part", units.Kilogram,
			"Forecast carbon by part. Only for encodes with a machine and a region.",
			query{"max by (config, part) (cost_predicted_co2_parts_kg" + encode + ")", "{{config}} {{part}}"}).Decimals(4),
	}
}

// model is how the serving model came about and how it is replaced.
func model() []cog.Builder[dashboardPanel] {
	return []cog.Builder[dashboardPanel]{
		figure(4, "Last reload", units.NoUnit,
			"Whether the last reload succeeded. After a failed one the old model goes on serving: alert EncastModelReloadFailed.",
			query{"min by (instance) (ml_model_last_reload_successful" + of + ")", "{{instance}}"}).
			Mappings(states(state{"1", "succeeded", good}, state{"0", "failed", bad})),
		figure(4, "Last retraining", units.NoUnit,
			"How the last run of encast retrain --watch ended. refused: the candidate missed a gate. Alerts EncastRetrainRefused, EncastRetrainFailed.",
			query{"max by (outcome, reason) (ml_retrain_last_outcome" + of + " == 1)", "{{outcome}} {{reason}}"}).
			TextMode("name").Thresholds(steps(neutral)).NoValue("no retraining"),
		figure(4, "Retraining succeeded", units.DateTimeFromNow,
			"When retraining last placed a model or found nothing new to learn, and when it last ran. Too long ago: alert EncastRetrainTooOld.",
			query{"max(ml_retrain_last_success_timestamp_seconds" + of + ") * 1000", "last success"},
			query{"max(ml_retrain_last_run_timestamp_seconds" + of + ") * 1000", "last run"}).
			Thresholds(steps(neutral)).NoValue("no retraining"),
		graph(6, "Reloads", units.Short,
			"Reloads of the model, by result.",
			query{"sum by (result) (increase(ml_model_reloads_total" + of + "[$__rate_interval]))", "{{result}}"}),
		graph(6, "Retrainings", units.Short,
			"Runs of the retraining, by outcome.",
			query{"sum by (outcome) (increase(ml_retrain_runs_total" + of + "[$__rate_interval]))", "{{outcome}}"}),
		figure(12, "R² on unseen titles", units.NoUnit,
			"Coefficient of determination of the serving model on titles it did not see, measured when it was trained.",
			query{"max by (target) (ml_model_r2" + of + ")", "{{target}}"}).
			Decimals(3).Thresholds(steps(bad, step{.7, doubt}, step{.85, good})),
		figure(12, "Training data", units.Short,
			"What the serving model was trained on, and how large it is.",
			query{"max(ml_model_training_rows" + of + ")", "rows"},
			query{"max(ml_model_training_titles" + of + ")", "titles"},
			query{"max(ml_model_trees" + of + ")", "trees"}).
			Thresholds(steps(neutral)),
	}
}

// exporter is the program itself.
func exporter() []cog.Builder[dashboardPanel] {
	buckets := "ml_exporter_http_request_duration_seconds_bucket" + of
	quantile := func(share, legend string) query {
		return query{"histogram_quantile(" + share + ", sum by (le, handler) (rate(" + buckets + "[$__rate_interval])))", "{{handler}} " + legend}
	}
	return []cog.Builder[dashboardPanel]{
		graph(8, "HTTP requests", units.RequestsPerSecond,
			"Requests that were answered, by endpoint and status code.",
			query{"sum by (handler, code) (rate(ml_exporter_http_requests_total" + of + "[$__rate_interval]))", "{{handler}} {{code}}"}),
		graph(8, "HTTP latency", units.Seconds,
			"How long answers took: median and 99th percentile, by endpoint.",
			quantile("0.5", "p50"), quantile("0.99", "p99")),
		graph(8, "HTTP requests in flight", units.Short,
			"Requests that are being answered, by endpoint.",
			query{"sum by (handler) (ml_exporter_http_requests_in_flight" + of + ")", "{{handler}}"}),
		graph(8, "Failed forecasts", units.Short,
			"Forecasts of configured encodes that failed. Alert EncastForecastFailing.",
			query{"sum by (config) (increase(ml_prediction_errors_total" + encode + "[$__rate_interval]))", "{{config}}"}),
		graph(8, "Memory", units.BytesIEC,
			"Resident memory of the exporter.",
			query{"max by (instance) (process_resident_memory_bytes" + of + ")", "{{instance}}"}),
		graph(8, "Scrape time", units.Seconds,
			"How long a scrape took, as the scraping side measured it: all configured encodes are forecast in it.",
			query{"max by (instance) (scrape_duration_seconds" + of + ")", "{{instance}}"}),
	}
}
