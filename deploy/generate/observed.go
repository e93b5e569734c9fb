package main

import (
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/units"
)

// versus draws the mean of what was measured beside the mean of what was forecast, by codec.
func versus(width uint32, title, unit, description, measured, forecast string) cog.Builder[dashboardPanel] {
	return graph(width, title, unit, description,
		query{"avg by (codec) (" + measured + observed + ")", "{{codec}} measured"},
		query{"avg by (codec) (" + forecast + observed + ")", "{{codec}} forecast"}).
		OverrideByRegexp(".* forecast", []dashboard.DynamicConfigValue{
			property("custom.lineStyle", map[string]any{"fill": "dash", "dash": []int{8, 6}}),
			property("custom.fillOpacity", 0),
		})
}

// outcomes sets what was forecast beside what came out.
func outcomes() []cog.Builder[dashboardPanel] {
	return []cog.Builder[dashboardPanel]{
		versus(8, "Historical against predicted: VMAF", units.NoUnit,
			"Mean VMAF of the newest observations, and of the forecasts of the same encodes.",
			"qoe_vmaf_score", "qoe_vmaf_forecast"),
		versus(8, "Historical against predicted: PSNR", units.Decibel,
			"Mean PSNR of the newest observations, and of the forecasts of the same encodes.",
			"qoe_psnr_score", "qoe_psnr_forecast"),
		versus(8, "Historical against predicted: time", units.Seconds,
			"Mean elapsed time of the newest observations, and of the forecasts of the same encodes.",
			"resource_encode_seconds", "resource_encode_forecast_seconds"),
		versus(8, "Historical against predicted: cost", units.Dollars,
			"Mean cost of the newest observations, and of the forecasts of the same encodes. Empty unless costs are observed.",
			"cost_usd", "cost_forecast_usd"),
		versus(8, "Historical against predicted: energy", units.Joule,
			"Mean energy of the newest observations, and of the forecasts of the same encodes. Empty unless energy is observed.",
			"resource_energy_joules", "resource_energy_forecast_joules"),
		graph(8, "Observations taken in", units.CountsPerSecond,
			"Measurements that arrive through POST /observe, by what was measured.",
			query{"sum by (target) (rate(ml_observations_total" + of + "[$__rate_interval]))", "{{target}}"}),
		listing(24, "Newest observations", units.NoUnit,
			"The encodes that were measured last: VMAF measured, forecast and their difference.",
			query{"max by (id, title, config, codec, encoder, preset, resolution, fps, bitrate) (qoe_vmaf_score" + observed + ")", ""},
			query{"max by (id) (qoe_vmaf_forecast" + observed + ")", ""},
			query{"max by (id) (qoe_vmaf_score" + observed + ") - max by (id) (qoe_vmaf_forecast" + observed + ")", ""},
			query{"max by (id) (observation_timestamp_seconds" + of + ") * 1000", ""}).
			Transformations([]dashboard.DataTransformerConfig{
				transformation("joinByField", map[string]any{"byField": "id", "mode": "outer"}),
				columns([]string{"Time", "Time 1", "Time 2", "Time 3", "Time 4"}, map[string]string{
					"fps": "frame rate", "Value #A": "VMAF measured", "Value #B": "VMAF forecast",
					"Value #C": "error", "Value #D": "observed at",
				}),
			}).
			OverrideByName("observed at", []dashboard.DynamicConfigValue{property("unit", units.DatetimeISO)}).
			OverrideByRegexp("VMAF .*|error", []dashboard.DynamicConfigValue{property("decimals", 1)}).
			SortBy([]cog.Builder[common.TableSortByFieldState]{
				common.NewTableSortByFieldStateBuilder().DisplayName("observed at").Desc(true),
			}),
	}
}

// accuracy is how far forecasts can be relied on, by what came out.
func accuracy() []cog.Builder[dashboardPanel] {
	return []cog.Builder[dashboardPanel]{
		graph(8, "Error quantiles", units.Short,
			"Absolute error of forecasts over the window, by target: half, nine of ten and 99 of 100 observations err less. In the units of the observations: VMAF points, dB, seconds, USD.",
			query{"max by (target, codec, quantile) (ml_observation_error" + byCodec + ")", "{{target}} {{codec}} p{{quantile}}"}).
			ScaleDistribution(common.NewScaleDistributionConfigBuilder().Type(common.ScaleDistributionSymlog).Log(10).LinearThreshold(.1)),
		graph(8, "Bias", units.Short,
			"Mean of measured minus forecast over the window, by target. Above 0: the model is too pessimistic. In the units of the observations.",
			query{"max by (target, codec) (ml_observation_bias" + byCodec + ")", "{{target}} {{codec}}"}).
			AxisCenteredZero(true).
			ScaleDistribution(common.NewScaleDistributionConfigBuilder().Type(common.ScaleDistributionSymlog).Log(10).LinearThreshold(.1)),
		graph(8, "Coverage against the promise", units.PercentUnit,
			"Share of observations inside of their intervals; the dashed line is what the intervals promise. Three standard errors below: alert EncastCoverageBelowPromise.",
			query{"min by (target, codec) (ml_interval_coverage_ratio" + byCodec + ")", "{{target}} {{codec}}"},
			query{"max(ml_interval_nominal_ratio" + of + ")", "promised"}).
			Min(0).Max(1).
			OverrideByName("promised", []dashboard.DynamicConfigValue{
				fixed("text"), property("custom.lineStyle", map[string]any{"fill": "dash", "dash": []int{8, 6}}),
				property("custom.fillOpacity", 0),
			}),
		graph(8, "Residual drift score", units.NoUnit,
			"How far the residuals moved, in units of the threshold: 1 is an alarm. Alert EncastResidualDrift.",
			query{"max by (target, codec, encoder) (ml_drift_residual_score" + byCodec + ")", "{{target}} {{codec}} {{encoder}}"}).
			Min(0).Thresholds(steps(good, step{1, bad})).ThresholdsStyle(limits()),
		graph(8, "Input drift (PSI)", units.NoUnit,
			"Population stability index of each input against the training data: below 0.1 alike, above 0.25 another mix. Alert EncastInputDrift.",
			query{"max by (field) (ml_drift_input_psi" + of + ")", "{{field}}"}).
			Min(0).Thresholds(steps(good, step{.1, doubt}, step{.25, bad})).ThresholdsStyle(limits()),
		graph(8, "Correction", units.Short,
			"What is added to forecasts until a retrained model is in place, by target: VMAF points and dB, for the other targets octaves. Only with --correction.",
			query{"max by (target, codec) (ml_correction_offset" + byCodec + ")", "{{target}} {{codec}}"},
			query{"max(ml_correction_enabled" + of + ")", "on"}).
			AxisCenteredZero(true).
			OverrideByName("on", []dashboard.DynamicConfigValue{
				property("custom.hideFrom", map[string]any{"viz": true, "legend": false, "tooltip": false}),
			}),
		graph(8, "Observations in the window", units.Short,
			"How many observations errors, bias and coverage are reckoned from, by target and codec.",
			query{"max by (target, codec) (ml_observation_window" + byCodec + ")", "{{target}} {{codec}}"}).
			Min(0).Decimals(0),
		graph(8, "Forecasts that wait for their measurement", units.Short,
			"Forecasts with an id whose result was not reported yet. Growing without end: results don't arrive at POST /observe.",
			query{"max(ml_forecasts_waiting" + of + ")", "waiting"}).
			Min(0).Decimals(0),
		graph(8, "Store", units.BytesIEC,
			"Size of the file of observations and forecasts, and reports that could not be stored. Any of these: alert EncastObservationsLost.",
			query{"max by (instance) (ml_observations_file_bytes" + of + ")", "{{instance}}"},
			query{"sum(increase(ml_observations_write_errors_total" + of + "[$__rate_interval]))", "not stored"}).
			Min(0).OverrideByName("not stored", []dashboard.DynamicConfigValue{
			fixed(bad), property("unit", units.Short), property("custom.axisPlacement", "right"),
		}),
	}
}
