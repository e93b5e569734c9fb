package tracing

import (
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric/noop"
	semconv "go.opentelemetry.io/otel/semconv/v1.37.0"
)

// scope names what makes the spans.
const scope = "github.com/encast/encast/go-exporter"

// noMeters: requests are counted for Prometheus already.
var noMeters = noop.NewMeterProvider()

// attributes tell which service the spans are of.
func attributes(version string) []attribute.KeyValue {
	return []attribute.KeyValue{semconv.ServiceName("encast-exporter"), semconv.ServiceVersion(version)}
}
