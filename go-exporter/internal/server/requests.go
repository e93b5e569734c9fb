package server

import (
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
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
			Help: "Requests answered, by endpoint and status code; 500 also for answers that were cut off.",
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

// observe counts and times what a handler answers. Everything that can be looked up is looked up before the first request.
func (m requestMetrics) observe(handler string, next http.Handler) http.Handler {
	inFlight, duration := m.inFlight.WithLabelValues(handler), m.duration.WithLabelValues(handler)
	var answered [600]atomic.Pointer[prometheus.Counter] // by status code
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begun := time.Now()
		inFlight.Inc()
		noted := notes.Get().(*noting)
		*noted = noting{ResponseWriter: w, status: http.StatusOK}
		complete := false
		defer func() {
			inFlight.Dec()
			duration.Observe(time.Since(begun).Seconds())
			code := min(max(noted.status, 0), len(answered)-1)
			if !complete { // a panic: whatever was begun has no end
				code = http.StatusInternalServerError
			}
			*noted = noting{}
			notes.Put(noted)
			counter := answered[code].Load()
			if counter == nil {
				count := m.total.WithLabelValues(handler, strconv.Itoa(code))
				counter = &count
				answered[code].Store(counter)
			}
			(*counter).Inc()
		}()
		next.ServeHTTP(noted, r)
		complete = true
	})
}

var notes = sync.Pool{New: func() any { return new(noting) }}
