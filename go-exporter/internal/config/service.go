package config

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/alecthomas/kingpin/v2"
	"github.com/alecthomas/units"
)

// Service is how the exporter serves, as flags and environment say.
type Service struct {
	ReloadWatch  time.Duration    // how often files are looked at; 0 is never
	BodyBytes    units.Base2Bytes // of a body
	Rate         float64          // requests for forecasts (/predict, /ladder, /probe) a second; 0 is any number
	Concurrent   int              // requests for forecasts at a time; 0 is any number
	OTLPEndpoint string           // where traces go; empty means what OpenTelemetry's own variables say, if anything
}

// addServiceFlags adds the flags; they are checked by check once they are parsed.
func addServiceFlags(app *kingpin.Application, service *Service) {
	app.Flag("reload.watch", "How often to look whether the model, its signature, the keys, the configuration file or the profiles have changed, and to reload if so; 0s is never.").
		Default("10s").DurationVar(&service.ReloadWatch)
	app.Flag("limit.body", "Largest body of a request.").
		Default("16MiB").BytesVar(&service.BodyBytes)
	app.Flag("limit.rate", "Requests for forecasts (/predict, /ladder, /probe) a second beyond which clients get 429; 0 is any number.").
		Default("0").Float64Var(&service.Rate)
	app.Flag("limit.concurrent", "Requests for forecasts (/predict, /ladder, /probe) at a time beyond which clients get 503; 0 is any number.").
		Default("1000").IntVar(&service.Concurrent)
	app.Flag("otlp.endpoint", "Send traces to this URL (OTLP over HTTP), such as http://localhost:4318; without it, where OpenTelemetry's variables say.").
		Default("").StringVar(&service.OTLPEndpoint)
}

func (s *Service) check() error {
	var errs []error
	refuse := func(flag string, value any, bound string) {
		errs = append(errs, fmt.Errorf("--%s: %v must be %s", flag, value, bound))
	}
	if s.ReloadWatch < 0 || s.ReloadWatch > 0 && s.ReloadWatch < 10*time.Millisecond {
		refuse("reload.watch", s.ReloadWatch, "0s or at least 10ms")
	}
	if s.BodyBytes < 1<<10 || s.BodyBytes > 1<<30 {
		refuse("limit.body", s.BodyBytes, "from 1KiB to 1GiB")
	}
	if !(s.Rate >= 0) || math.IsInf(s.Rate, 0) {
		refuse("limit.rate", s.Rate, "a finite number of at least 0")
	}
	if s.Concurrent < 0 {
		refuse("limit.concurrent", s.Concurrent, "at least 0")
	}
	return errors.Join(errs...)
}
