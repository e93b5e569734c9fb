package main

import (
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/units"
)

// perEncode is a family of the configured encodes, one series an encode: replicas say the same.
func perEncode(metric string) query {
	return query{"max by (config) (" + metric + encode + ")", "{{config}}"}
}

// now is what is looked at first.
func now() []cog.Builder[dashboardPanel] {
	return []cog.Builder[dashboardPanel]{
		figure(4, "Exporter status", units.NoUnit,
			"Whether each exporter answers scrapes and has a usable model. Down for a minute: alerts EncastExporterDown, EncastModelNotLoaded.",
			query{"min by (instance) (ml_exporter_up" + of + " or up" + of + " * 0)", "{{instance}}"}).
			Mappings(states(state{"1", "up", good}, state{"0", "down", bad})),
		figure(5, "Model version", units.NoUnit,
			"The model that is serving. Two versions at once: an exporter did not reload yet.",
			query{"count by (version) (ml_model_version" + of + ")", "{{version}}"}).
			TextMode(common.BigValueTextModeName).Thresholds(steps(neutral)),
		figure(5, "Last update", units.DateTimeFromNow,
			"When the serving model was trained. Retraining on what came out keeps it young: encast retrain --watch.",
			query{"max(ml_model_last_update_timestamp" + of + ") * 1000", "trained"}).
			Thresholds(steps(neutral)),
		figure(5, "Drift", units.NoUnit,
			"residual: forecasts and measurements part more than chance explains. input: encodes look other than those that the model saw.",
			query{"max by (kind) (ml_drift_detected" + of + ")", "{{kind}}"}).
			Mappings(states(state{"0", "none", good}, state{"1", "drift", bad})).NoValue("no observations"),
		figure(5, "Observations", units.Short,
			"Measured encodes that the exporter keeps: what errors, drift and retraining are reckoned from.",
			query{"max(ml_observations_stored" + of + ")", "stored"}).
			Thresholds(steps(doubt, step{1, neutral})).NoValue("no store"),
	}
}

// forecasts is the quality, cost and bitrate of the configured encodes.
func forecasts() []cog.Builder[dashboardPanel] {
	return []cog.Builder[dashboardPanel]{
		graph(8, "Predicted VMAF", units.NoUnit,
			"Forecast VMAF of each configured encode, 0-100. Below 80: alert EncastLowVMAF.",
			perEncode("qoe_predicted_vmaf")).
			Decimals(1).Max(100).Thresholds(steps(bad, step{80, doubt}, step{90, good})).ThresholdsStyle(limits()),
		graph(8, "Predicted PSNR", units.Decibel,
			"Forecast PSNR of each configured encode, luma, dB.",
			perEncode("qoe_predicted_psnr")).Decimals(1),
		graph(8, "Confidence", units.PercentUnit,
			"How far the forecast of quality can be trusted, 0-100 %. Below 70 %: alert EncastLowConfidence.",
			perEncode("prediction_confidence")).
			Min(0).Max(1).Decimals(0).Thresholds(steps(bad, step{.7, good})).ThresholdsStyle(limits()),
		graph(8, "Predicted cost", units.Dollars,
			"Forecast cost of the whole job of each configured encode, USD: one hour of content unless its duration is given. Above the recorded encast:cost_limit_usd: alert EncastHighCost.",
			perEncode("cost_predicted_usd")).Decimals(3),
		graph(8, "Predicted CO2", units.Kilogram,
			"Forecast carbon of the whole job of each configured encode, kg CO2e.",
			perEncode("cost_predicted_co2_kg")).Decimals(4),
		graph(8, "Recommended bitrate", units.KilobitsPerSecond,
			"Smallest bitrate whose forecast VMAF reaches the target. Without a series the target is out of reach, or no bitrate was asked for: alert EncastTargetUnreachable.",
			perEncode("recommended_bitrate_kbps")).Decimals(0),
		listing(12, "Input features", units.NoUnit,
			"What the forecasts of the configured encodes are made from, and how many inputs of each lie outside of what the model saw.",
			query{"max by (config, bitrate, resolution, fps) (qoe_predicted_vmaf" + encode + ")", ""},
			query{"sum by (config) (prediction_input_out_of_range" + encode + ") or max by (config) (qoe_predicted_vmaf" + encode + ") * 0", ""},
			query{"sum by (config) (prediction_input_ignored" + encode + ") or max by (config) (qoe_predicted_vmaf" + encode + ") * 0", ""}).
			Transformations([]dashboard.DataTransformerConfig{
				transformation("joinByField", map[string]any{"byField": "config", "mode": "outer"}),
				columns([]string{"Time", "Time 1", "Time 2", "Time 3"}, map[string]string{
					"config": "encode", "fps": "frame rate", "Value #A": "predicted VMAF",
					"Value #B": "inputs out of range", "Value #C": "inputs ignored",
				}),
			}).
			OverrideByName("predicted VMAF", []dashboard.DynamicConfigValue{property("decimals", 1)}),
		listing(12, "Input features of observed encodes", units.NoUnit,
			"Numeric inputs of the newest observations, by their field: duration_s in seconds, si_mean and ti_mean as in ITU-T P.910.",
			query{"max by (id, field) (observation_input" + of + ")", ""}).
			Transformations([]dashboard.DataTransformerConfig{
				transformation("groupingToMatrix", map[string]any{
					"columnField": "field", "rowField": "id", "valueField": "Value", "emptyValue": "null",
				}),
			}).
			NoValue(""),
	}
}

// intervals is the band that holds the true value in nine cases of ten, encode by encode.
func intervals() []cog.Builder[dashboardPanel] {
	return []cog.Builder[dashboardPanel]{
		band("VMAF of $config", units.NoUnit, "qoe_predicted_vmaf",
			"Forecast VMAF with the interval that holds the true value in nine cases of ten."),
		band("PSNR of $config", units.Decibel, "qoe_predicted_psnr",
			"Forecast PSNR with the interval that holds the true value in nine cases of ten."),
		band("Time of $config", units.Seconds, "resource_predicted_encode_seconds",
			"Forecast elapsed time of the whole job with its interval. A cost computed from a price profile has none."),
	}
}

func band(title, unit, metric, description string) cog.Builder[dashboardPanel] {
	series := func(ending, legend string) query {
		return query{"max by (config) (" + metric + ending + encode + ")", legend}
	}
	edge := []dashboard.DynamicConfigValue{fixed(neutral), property("custom.lineWidth", 0)}
	return graph(24, title, unit, description, series("", "forecast"), series("_lower", "lower"), series("_upper", "upper")).
		Repeat("config").RepeatDirection(dashboard.PanelRepeatDirectionH).MaxPerRow(4).Height(7).Decimals(1).
		OverrideByName("forecast", []dashboard.DynamicConfigValue{fixed(neutral), property("custom.fillOpacity", 0)}).
		OverrideByName("lower", append(edge, property("custom.fillOpacity", 0))).
		OverrideByName("upper", append(edge, property("custom.fillOpacity", 20), property("custom.fillBelowTo", "lower")))
}
