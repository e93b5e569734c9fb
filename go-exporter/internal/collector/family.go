package collector

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/encast/encast/go-exporter/encast"
)

// Family is a metric family: what the metrics reference prints of it, and what a sample of it is made with.
type Family struct {
	Name, Help string
	Type       prometheus.ValueType
	Labels     []string

	summary bool // of quantiles, whatever Type says

	desc *prometheus.Desc
}

func family(name, help string, labels ...string) *Family {
	return &Family{
		Name: name, Help: help, Type: prometheus.GaugeValue, Labels: labels,
		desc: prometheus.NewDesc(name, help, labels, nil),
	}
}

func counter(name, help string, labels ...string) *Family {
	f := family(name, help, labels...)
	f.Type = prometheus.CounterValue
	return f
}

// summary returns a family of quantiles, which are a label that samples get by themselves.
func summary(name, help string, labels ...string) *Family {
	f := family(name, help, labels...)
	f.summary, f.Labels = true, append(labels[:len(labels):len(labels)], "quantile")
	return f
}

func (f *Family) sample(value float64, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(f.desc, f.Type, value, labels...)
}

// encodeLabels are the labels of everything that is said about a configured encode.
var encodeLabels = []string{"config", "bitrate", "resolution", "fps"}

// forecast is a quantity that a model may forecast of an encode, in the unit of its metric: scale is how many of them
// the library's unit has.
type forecast struct {
	value, lower, upper *Family

	of       func(*encast.Result) float64
	interval func(*encast.Result) encast.Estimate
	scale    float64
}

func newForecast(name, what string, scale float64, of func(*encast.Result) float64, interval func(*encast.Result) encast.Estimate) forecast {
	return forecast{
		value: family(name, "Forecast "+what+".", encodeLabels...),
		lower: family(name+"_lower", "Lower end of the interval of the forecast "+what+".", encodeLabels...),
		upper: family(name+"_upper", "Upper end of the interval of the forecast "+what+".", encodeLabels...),
		of:    of, interval: interval, scale: scale,
	}
}

// estimated is a forecast whose value comes with its interval.
func estimated(name, what string, scale float64, interval func(*encast.Result) encast.Estimate) forecast {
	return newForecast(name, what, scale, func(r *encast.Result) float64 { return interval(r).Value }, interval)
}

// The forecasts, in base units where the name is not fixed otherwise.
var forecasts = []forecast{
	newForecast("qoe_predicted_vmaf", "VMAF of the encode, 0-100", 1,
		func(r *encast.Result) float64 { return r.PredictedVMAF },
		func(r *encast.Result) encast.Estimate { return r.VMAF }),
	newForecast("qoe_predicted_psnr", "PSNR of the encode, dB", 1,
		func(r *encast.Result) float64 { return r.PredictedPSNR },
		func(r *encast.Result) encast.Estimate { return r.PSNR }),
	estimated("qoe_predicted_ssim", "SSIM of the encode, 0-1", 1,
		func(r *encast.Result) encast.Estimate { return r.SSIM }),
	newForecast("cost_predicted_usd", "cost of the whole job, USD", 1,
		func(r *encast.Result) float64 { return r.PredictedCostUSD },
		func(r *encast.Result) encast.Estimate { return r.CostUSD }),
	newForecast("cost_predicted_co2_kg", "carbon of the whole job, kg CO2e", 1,
		func(r *encast.Result) float64 { return r.PredictedCO2Kg },
		func(r *encast.Result) encast.Estimate { return r.CO2Kg }),
	newForecast("cost_predicted_carbon_intensity_grams_per_second", "carbon for each second of content (SCI of ISO/IEC 21031), g CO2e", 1./60,
		func(r *encast.Result) float64 { return r.Resources.SCIGPerMinute }, intensity),
	estimated("resource_predicted_encode_seconds", "elapsed time of the whole job, seconds", 1,
		func(r *encast.Result) encast.Estimate { return r.EncodeSeconds }),
	estimated("resource_predicted_cpu_seconds", "CPU time of the whole job over all cores, seconds", 1,
		func(r *encast.Result) encast.Estimate { return r.CPUSeconds }),
	estimated("resource_predicted_cpu_ratio", "mean CPU load, 1 is one busy core", .01,
		func(r *encast.Result) encast.Estimate { return r.CPUPercent }),
	estimated("resource_predicted_gpu_ratio", "mean GPU load, 0-1", .01,
		func(r *encast.Result) encast.Estimate { return r.GPUPercent }),
	estimated("resource_predicted_peak_memory_bytes", "peak resident memory, bytes", 1e6,
		func(r *encast.Result) encast.Estimate { return r.PeakMemoryMB }),
	estimated("resource_predicted_energy_joules", "energy of the whole job, joules", 3.6e6,
		func(r *encast.Result) encast.Estimate { return r.EnergyKWh }),
	estimated("resource_predicted_bitrate_bytes_per_second", "bitrate that an encode given by its CRF comes out with, bytes per second", 125,
		func(r *encast.Result) encast.Estimate { return r.BitrateKbps }),
}

// intensity has the interval of the carbon: both differ by the length of the content alone.
func intensity(r *encast.Result) encast.Estimate {
	perKg := r.Resources.SCIGPerMinute / r.CO2Kg.Value
	return encast.Estimate{Value: r.Resources.SCIGPerMinute, Lower: perKg * r.CO2Kg.Lower, Upper: perKg * r.CO2Kg.Upper}
}

// parted is a forecast by its parts, which are known at a site; scale as in forecast.
type parted struct {
	family *Family
	scale  float64
	parts  []part
}

type part struct {
	name string
	of   func(*encast.Resources) float64
}

func newParted(name, what string, scale float64, parts ...part) parted {
	help := "Forecast " + what + ", by part: known where the encode has a machine and a region."
	return parted{family: family(name, help, append(encodeLabels[:4:4], "part")...), scale: scale, parts: parts}
}

var parts = []parted{
	newParted("cost_predicted_parts_usd", "cost of the whole job, USD", 1,
		part{"compute", func(r *encast.Resources) float64 { return r.CostComputeUSD }},
		part{"egress", func(r *encast.Resources) float64 { return r.CostEgressUSD }},
		part{"storage", func(r *encast.Resources) float64 { return r.CostStorageUSD }}),
	newParted("cost_predicted_co2_parts_kg", "carbon of the whole job, kg CO2e", 1,
		part{"operational", func(r *encast.Resources) float64 { return r.CO2OperationalKg }},
		part{"embodied", func(r *encast.Resources) float64 { return r.CO2EmbodiedKg }}),
	newParted("resource_predicted_energy_parts_joules", "energy of the whole job, joules", 3.6e6,
		part{"cpu", func(r *encast.Resources) float64 { return r.EnergyCPUKWh }},
		part{"idle", func(r *encast.Resources) float64 { return r.EnergyIdleKWh }},
		part{"memory", func(r *encast.Resources) float64 { return r.EnergyMemoryKWh }}),
}

// What else is said about an encode.
var (
	sizeBytes    = family("resource_predicted_size_bytes", "Size of the encode, bytes: bitrate, given or forecast, times duration.", encodeLabels...)
	bandwidth    = family("resource_predicted_bandwidth_bytes_per_second", "Network rate of the stream, bytes per second: bitrate, given or forecast.", encodeLabels...)
	confidence   = family("prediction_confidence", "How far the forecast of quality can be trusted, 0-1.", encodeLabels...)
	recommended  = family("recommended_bitrate_kbps", "Smallest bitrate whose forecast VMAF reaches the target, kbit/s.", encodeLabels...)
	unreachable  = family("recommendation_target_unreachable", "1 when no allowed bitrate reaches the target VMAF, else 0.", encodeLabels...)
	bestVMAF     = family("qoe_best_reachable_vmaf", "Forecast VMAF at the highest allowed bitrate, when the target is unreachable.", encodeLabels...)
	outOfRange   = family("prediction_input_out_of_range", "1 for each input of the encode that lies outside of what the model saw in training.", append(encodeLabels[:4:4], "field")...)
	inputIgnored = family("prediction_input_ignored", "1 for each input of the encode that no forecast of this model used.", append(encodeLabels[:4:4], "field")...)
	failures     = counter("ml_prediction_errors_total", "Forecasts of the encode that failed.", "config")
)

// The model, and the exporter itself.
var (
	modelVersion   = family("ml_model_version", "Version of the model in use, as a label; the value is 1.", "version")
	modelTrainedAt = family("ml_model_last_update_timestamp", "When the model in use was trained, Unix seconds.")
	modelR2        = family("ml_model_r2", "Coefficient of determination of the model in use on titles it did not see, measured when it was trained.", "target")
	modelRows      = family("ml_model_training_rows", "Rows that the model in use was trained on.")
	modelTitles    = family("ml_model_training_titles", "Titles that the model in use was trained on.")
	modelTrees     = family("ml_model_trees", "Trees in the model in use.")
	reloads        = counter("ml_model_reloads_total", "Reloads of the model since start, by result.", "result")
	reloadOK       = family("ml_model_last_reload_successful", "1 when the last reload succeeded, or when there was none; 0 when it failed.")
	reloadAt       = family("ml_model_last_reload_success_timestamp_seconds", "When a model was last loaded, at start or by a reload, Unix seconds.")
	up             = family("ml_exporter_up", "1 when a usable model is loaded, else 0.")
	info           = family("ml_exporter_info", "Version, language and backend of the exporter, as labels; the value is 1.", "version", "language", "ml_backend")
)

// Families returns all families of the collector, in the order of the metrics reference.
func Families() []*Family {
	var all []*Family
	for _, f := range forecasts {
		all = append(all, f.value, f.lower, f.upper)
	}
	for _, p := range parts {
		all = append(all, p.family)
	}
	return append(all, confidence, recommended, unreachable, bestVMAF, sizeBytes, bandwidth, outOfRange, inputIgnored,
		failures, modelVersion, modelTrainedAt, modelR2, modelRows, modelTitles, modelTrees, reloads, reloadOK, reloadAt,
		up, info)
}
