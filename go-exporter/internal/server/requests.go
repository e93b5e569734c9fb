package server

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// requestMetrics count and time the requests of each endpoint.
type requestMetrics struct {
	inFlight *prometheus.GaugeVec
	total    *prometheus.CounterVec
	duration *prometheus.HistogramVec
}

func newRequestMetrics(registry prometheus.Registerer) requestMetrics {
	factory := promauto.With(registry)
	return requestMetrics{
		inFlight: factory.NewGaugeVec(prometheus.GaugeOpts{
			Name: "ml_exporter_http_requests_in_flight",
			Help: "Requests that are being answered, by endpoint.",
		}, []string{"handler"}),
		total: factory.NewCounterVec(prometheus.CounterOpts{
			Name: "ml_exporter_http_requests_total",
			Help: "Requests answered, by endpoint and status code.",
		}, []string{"handler", "code"}),
		duration: factory.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "ml_exporter_http_request_duration_seconds",
			Help:    "Time to answer a request, by endpoint.",
			Buckets: []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, 1, 5},
			// For scrapers that take native histograms, beside the classic one.
			NativeHistogramBucketFactor:     1.1,
			NativeHistogramMaxBucketNumber:  100,
			NativeHistogramMinResetDuration: time.Hour,
		}, []string{"handler"}),
	}
}

func (m requestMetrics) observe(handler string, next http.Handler) http.Handler {
	label := prometheus.Labels{"handler": handler}
	return promhttp.InstrumentHandlerInFlight(m.inFlight.With(label),
		promhttp.InstrumentHandlerCounter(m.total.MustCurryWith(label),
			promhttp.InstrumentHandlerDuration(m.duration.MustCurryWith(label), next)))
}
