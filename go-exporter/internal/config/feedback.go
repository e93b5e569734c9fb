package config

import (
	"errors"
	"fmt"
	"time"

	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/common/model"
)

// MaxExposed bounds the observations that are exposed one by one: each is some ten to forty series.
const MaxExposed = 10_000

// Feedback is what the flags say of observations, and of what is made of them.
type Feedback struct {
	Path      string        // file of the observations; empty means that none are kept
	Retention time.Duration // how long they are kept; 0 is for ever
	Exposed   int           // newest observations that are exposed one by one
	Correct   bool          // whether forecasts are corrected by what was observed
	Status    string        // file that retraining writes; empty means none
}

// addFlags adds the flags; what it returns checks them after they are read.
func (f *Feedback) addFlags(app *kingpin.Application) (check func(modelPath string) error) {
	app.Flag("observations.path", "File that keeps forecasts and what was measured of them; without it, /observe answers 503.").
		Envar("ENCAST_OBSERVATIONS").Default("").StringVar(&f.Path)
	retention := app.Flag("observations.retention", "How long observations are kept, such as 90d; 0 is for ever.").
		Default("90d").String()
	app.Flag("observations.exposed", "How many of the newest observations are exposed one by one.").Default("200").IntVar(&f.Exposed)
	app.Flag("correction", "Correct forecasts by what was observed of the model in use.").
		Envar("ENCAST_CORRECTION").BoolVar(&f.Correct)
	app.Flag("retrain.status", "Status file of `encast retrain --watch`; MODEL_PATH.retrain.json when there is a model path.").
		Default("").StringVar(&f.Status)
	return func(modelPath string) error {
		kept, err := model.ParseDuration(*retention)
		if err != nil {
			return fmt.Errorf("--observations.retention: %w", err)
		}
		f.Retention = time.Duration(kept)
		if f.Exposed < 0 || f.Exposed > MaxExposed {
			return fmt.Errorf("--observations.exposed: %d is not within 0 and %d", f.Exposed, MaxExposed)
		}
		if f.Correct && f.Path == "" {
			return errors.New("--correction: needs --observations.path")
		}
		if f.Status == "" && modelPath != "" {
			f.Status = modelPath + ".retrain.json"
		}
		return nil
	}
}
