package feedback

import (
	"errors"
	"math"
	"slices"
	"time"

	"github.com/encast/encast/go-exporter/encast"
	"github.com/encast/encast/go-exporter/internal/observations"
)

// State is what is known at one moment. It never changes.
type State struct {
	Model   string // version that drift, errors, inputs and offsets are of; empty when none is in use
	Trained time.Time
	Streams []Stream
	Errors  []encast.ForecastError
	Inputs  []encast.InputDrift
	Offsets []encast.Offset

	ResidualAlarm, InputAlarm bool

	Newest []*observations.Observation // exposed, oldest first
	Told   []uint64                    // observations that measured a target, by its number, since start

	changes uint64
}

// IsOf tells whether the state is that of a model, and not of the one before, or the next.
func (s *State) IsOf(model encast.Info) bool {
	return s.Model == model.Version && s.Trained.Equal(model.TrainedAt)
}

// Stream is a stream of residuals, with the time since when its shift is estimated.
type Stream struct {
	encast.DriftStream
	SinceTime int64 // when the observation was made from which on it is, Unix seconds; 0 when that is not known
}

// State returns what is known now.
func (f *Feedback) State() (*State, error) {
	if state := f.state.Load(); state != nil && state.changes == f.changes.Load() {
		return state, nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	state := &State{changes: f.changes.Load(), Newest: slices.Clone(f.newest), Told: slices.Clone(f.told)}
	if f.watch != nil {
		if err := f.watch.describe(state); err != nil {
			return nil, err
		}
	}
	f.state.Store(state)
	return state, nil
}

func (w *watch) describe(state *State) error {
	state.Model, state.Trained = w.model.Version, w.model.TrainedAt
	streams, err := w.monitor.Streams()
	errs := []error{err}
	state.Errors, err = w.monitor.Errors()
	errs = append(errs, err)
	state.Inputs, err = w.monitor.Inputs()
	errs = append(errs, err)
	state.Offsets, err = w.monitor.Offsets()
	if err := errors.Join(append(errs, err)...); err != nil {
		return err
	}
	for _, stream := range streams {
		state.Streams = append(state.Streams, Stream{stream, w.timeOf(stream.Since)})
		state.ResidualAlarm = state.ResidualAlarm || stream.Alarm
	}
	for i := range state.Errors {
		// The monitor keeps it in single precision.
		state.Errors[i].Nominal = math.Round(1e6*state.Errors[i].Nominal) / 1e6
	}
	for _, input := range state.Inputs {
		state.InputAlarm = state.InputAlarm || input.Alarm
	}
	return nil
}
