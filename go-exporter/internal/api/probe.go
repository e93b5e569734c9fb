package api

import (
	"log/slog"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/encast/encast/go-exporter/encast"
	"github.com/encast/encast/go-exporter/internal/answer"
	"github.com/encast/encast/go-exporter/internal/collector"
	"github.com/encast/encast/go-exporter/internal/request"
)

// Probe answers GET /probe: the metrics of the one encode that the parameters describe, in a registry of their own.
func (a *API) Probe() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		lease, loaded := a.holder.Acquire()
		if !loaded {
			answer.Failure(w, noModel())
			return
		}
		defer lease.Release()
		asked, err := request.ParseQuery(r.URL.RawQuery, lease.Config.Options)
		var result encast.Result
		if err == nil {
			result, err = forecast(r, lease, asked)
		}
		if err != nil {
			answer.Failure(w, err)
			return
		}
		registry := prometheus.NewRegistry()
		registry.MustRegister(collector.OfEncode(asked.Config, &asked.Features, &result, lease.Model.Info()))
		promhttp.HandlerFor(registry, promhttp.HandlerOpts{
			ErrorLog: slog.NewLogLogger(a.logger.Handler(), slog.LevelError), EnableOpenMetrics: true,
		}).ServeHTTP(w, r)
	})
}

func noModel() error {
	return &request.Error{Status: http.StatusServiceUnavailable, Row: -1, Reason: "no usable model is loaded"}
}
