package collector

import (
	"math"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/encast/encast/go-exporter/encast"
)

// ofEncode is what is said about one encode that no configuration holds.
type ofEncode struct {
	labels []string
	result *encast.Result
	model  encast.Info
}

// OfEncode returns a collector of what is forecast of one encode, with the model that did it. The config is the value of
// that label; it may be empty.
func OfEncode(config string, features *encast.Features, result *encast.Result, model encast.Info) prometheus.Collector {
	return &ofEncode{labels: labelsOf(config, features), result: result, model: model}
}

// Describe implements [prometheus.Collector]: nothing said makes the registry check what is collected alone.
func (*ofEncode) Describe(chan<- *prometheus.Desc) {}

// Collect implements [prometheus.Collector].
func (c *ofEncode) Collect(metrics chan<- prometheus.Metric) {
	send := senderTo(func(metric prometheus.Metric) { metrics <- metric })
	send(modelVersion, 1, c.model.Version)
	sendResult(c.result, c.labels, send)
}

// labelsOf returns the values of encodeLabels. A label whose quantity is not known is empty, which to Prometheus is the
// same as not there.
func labelsOf(config string, f *encast.Features) []string {
	bitrate := number(f.BitrateKbps)
	if bitrate != "" {
		bitrate += "kbps"
	}
	return []string{config, bitrate, number(f.ResolutionWidth) + "x" + number(f.ResolutionHeight), number(f.FrameRate)}
}

func number(value float64) string {
	if math.IsNaN(value) {
		return ""
	}
	return strconv.FormatFloat(value, 'f', -1, 64)
}

// sender passes a sample on, unless it is NaN: what is not known has no sample.
type sender func(f *Family, value float64, labels ...string)

func senderTo(sink func(prometheus.Metric)) sender {
	return func(f *Family, value float64, labels ...string) {
		if !math.IsNaN(value) {
			sink(f.sample(value, labels...))
		}
	}
}

func boolean(value bool) float64 {
	if value {
		return 1
	}
	return 0
}

// sendResult says all that is forecast of an encode.
func sendResult(result *encast.Result, labels []string, send sender) {
	for i := range forecasts {
		f := &forecasts[i]
		interval := f.interval(result)
		send(f.value, f.scale*f.of(result), labels...)
		send(f.lower, f.scale*interval.Lower, labels...)
		send(f.upper, f.scale*interval.Upper, labels...)
	}
	send(confidence, result.Confidence, labels...)
	send(sizeBytes, 1e6*result.SizeMB, labels...)
	send(bandwidth, 125e3*result.BandwidthMbps, labels...)
	send(recommended, result.RecommendedBitrateKbps, labels...)
	send(bestVMAF, result.BestReachableVMAF, labels...)
	if result.TargetUnreachable || !math.IsNaN(result.RecommendedBitrateKbps) {
		send(unreachable, boolean(result.TargetUnreachable), labels...)
	}
	for i := range parts {
		for _, part := range parts[i].parts {
			send(parts[i].family, parts[i].scale*part.of(&result.Resources), append(labels[:4:4], part.name)...)
		}
	}
	sendFields(outOfRange, result.OutOfRange, labels, send)
	sendFields(inputIgnored, result.Ignored, labels, send)
}

func sendFields(f *Family, fields encast.FieldSet, labels []string, send sender) {
	for field := range fields.All() {
		send(f, 1, append(labels[:len(labels):len(labels)], field.String())...)
	}
}
