package api

import (
	"errors"
	"net/http"
	"time"

	"github.com/encast/encast/go-exporter/encast"
	"github.com/encast/encast/go-exporter/internal/observations"
	"github.com/encast/encast/go-exporter/internal/request"
	"github.com/encast/encast/go-exporter/internal/serving"
)

// toKeep returns what is kept of a forecast, with what the model itself says where the answer is corrected.
func toKeep(lease *serving.Lease, asked *request.Request, told *encast.Result, now time.Time) (observations.Forecast, error) {
	own, err := uncorrected(lease, asked)
	kept := observations.Forecast{
		ID: asked.ID, Title: asked.Title, Config: asked.Config, Features: asked.Features,
		Level: asked.Options.Level, Model: lease.Model.Info().Version, At: now, Told: *told, Own: own,
	}
	if asked.Options.Site != nil {
		kept.Machine, kept.Region = asked.Machine, asked.Region
	}
	return kept, err
}

// uncorrected returns what the model itself forecasts of a request; nil when that is what was answered.
func uncorrected(lease *serving.Lease, asked *request.Request) (*encast.Result, error) {
	if asked.Options.Correction.IsZero() {
		return nil, nil
	}
	options := asked.Options
	options.Correction = encast.Correction{}
	own, err := lease.Model.PredictWith(asked.Features, options)
	return &own, err
}

// stored says over HTTP what the store did not do.
func stored(err error) error {
	if err == nil {
		return nil
	}
	answered := &request.Error{Status: observations.StatusOf(err), Row: -1, Reason: err.Error(), Err: err}
	var refusal *observations.Refusal
	if errors.As(err, &refusal) {
		answered.Row, answered.Field, answered.Reason = refusal.Row, refusal.Field, refusal.Err.Error()
	}
	return answered
}

// noStore is the answer of what needs observations.
func noStore() error {
	return &request.Error{
		Status: http.StatusServiceUnavailable, Row: -1, Reason: "no observations are kept: start the exporter with --observations.path",
	}
}
