package serving

import (
	"github.com/encast/encast/go-exporter/encast"
	"github.com/encast/encast/go-exporter/internal/config"
	"github.com/encast/encast/go-exporter/internal/request"
)

// Forecast forecasts a request where it runs.
func (l *Lease) Forecast(asked *request.Request) (encast.Result, error) {
	if err := l.Locate(asked); err != nil {
		return encast.Result{}, err
	}
	return l.Model.PredictWith(asked.Features, asked.Options)
}

// Locate puts a request where it says that it runs, or else where the configuration has all run: its features and options
// are complete then.
func (l *Lease) Locate(asked *request.Request) error {
	field, err := l.Config.Locate(asked.Machine, asked.Region, &asked.Features, &asked.Options)
	asked.Machine, asked.Region = l.Config.PlaceOf(asked.Machine, asked.Region)
	asked.Options.Correction = l.Correction
	if err != nil {
		return &request.Error{Field: field, Row: -1, Reason: err.Error(), Err: err}
	}
	return nil
}

// OptionsOf returns the options of a configured encode's forecasts.
func (l *Lease) OptionsOf(encode *config.Encode) encast.PredictOptions {
	options := l.Config.OptionsOf(encode)
	options.Correction = l.Correction
	return options
}
