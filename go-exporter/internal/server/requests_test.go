package server

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// TestCutOffCounts: an answer that was begun and never ended is none with 200.
func TestCutOffCounts(t *testing.T) {
	metrics := newRequestMetrics(prometheus.NewRegistry())
	listener := httptest.NewServer(metrics.observe("list", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, "a row")
		if r.URL.RawQuery != "" {
			panic(http.ErrAbortHandler)
		}
	})))
	defer listener.Close()
	for _, query := range []string{"", "?cut", "?cut"} {
		response, err := http.Get(listener.URL + query)
		if err == nil {
			_ = response.Body.Close()
		}
	}
	listener.Close() // waits for the handlers
	for code, want := range map[string]float64{"200": 1, "500": 2} {
		if got := valueOf(t, metrics.total.WithLabelValues("list", code)).GetCounter().GetValue(); got != want {
			t.Errorf("%v answers with %s, want %v", got, code, want)
		}
	}
	if now := valueOf(t, metrics.inFlight.WithLabelValues("list")).GetGauge().GetValue(); now != 0 {
		t.Errorf("%v in flight", now)
	}
}

func valueOf(t *testing.T, metric prometheus.Metric) *dto.Metric {
	t.Helper()
	var value dto.Metric
	if err := metric.Write(&value); err != nil {
		t.Fatal(err)
	}
	return &value
}
