// Package serving holds the model that answers, and replaces it while it answers.
package serving

import (
	"encoding/json"
	"sync/atomic"

	"github.com/encast/encast/go-exporter/encast"
	"github.com/encast/encast/go-exporter/internal/config"
)

// Model is what the exporter needs of a model; [encast.Model] is one.
type Model interface {
	PredictWith(encast.Features, encast.PredictOptions) (encast.Result, error)
	Ladder(encast.Features, *encast.LadderOptions) ([]encast.Rung, error)
	Score(*encast.ScoreRequest) ([]encast.Scores, error)
	Metadata() (json.RawMessage, error)
	Info() encast.Info
	Close() error
}

// Holder holds the model in use, and the configuration that it was checked on. Whoever acquires it keeps that one model
// and configuration until the lease is released, however often they are replaced meanwhile; a replaced model is closed
// when its last lease is released. The zero value holds none.
type Holder struct {
	// Correct returns what is added to forecasts of a model; nil, or the zero value, is nothing. It is set before the first use.
	Correct func(Model) encast.Correction
	// Replaced is called with a model that has come into use; nil does nothing. It is set before the first use.
	Replaced func(Model)

	current atomic.Pointer[shared]
	changes atomic.Uint64
}

// shared counts the users of a model: the holder is one while it holds it, each lease is one.
type shared struct {
	model  Model
	config *config.Config
	users  atomic.Int64
}

// retain adds a user, unless the model has none left and is closed.
func (s *shared) retain() bool {
	for {
		users := s.users.Load()
		if users == 0 {
			return false
		}
		if s.users.CompareAndSwap(users, users+1) {
			return true
		}
	}
}

func (s *shared) release() {
	if s.users.Add(-1) == 0 {
		// Closing frees memory; there is nothing to do about an error, and nobody to tell.
		_ = s.model.Close()
	}
}

// Lease is the use of one model and its configuration.
type Lease struct {
	Model  Model
	Config *config.Config
	// Correction is added to all forecasts of this use.
	Correction encast.Correction

	shared   *shared
	released atomic.Bool
}

// Release ends the use. More than one call does no harm.
func (l *Lease) Release() {
	if l.released.CompareAndSwap(false, true) {
		l.shared.release()
	}
}

// Acquire returns the model in use; false when there is none.
func (h *Holder) Acquire() (*Lease, bool) {
	for {
		current := h.current.Load()
		if current == nil {
			return nil, false
		}
		if current.retain() {
			lease := &Lease{Model: current.model, Config: current.config, shared: current}
			if h.Correct != nil {
				lease.Correction = h.Correct(current.model)
			}
			return lease, true
		}
		// It was replaced between the two steps: its successor is there already.
	}
}

// Loaded tells whether there is a model.
func (h *Holder) Loaded() bool { return h.current.Load() != nil }

// Changes returns how often the model or its configuration was replaced; it changes after them.
func (h *Holder) Changes() uint64 { return h.changes.Load() }

// Replace puts a model and a configuration in the place of those in use. The holder owns the model from now on.
func (h *Holder) Replace(model Model, cfg *config.Config) {
	next := &shared{model: model, config: cfg}
	next.users.Store(1)
	previous := h.current.Swap(next)
	h.changes.Add(1)
	if previous != nil {
		previous.release()
	}
	if h.Replaced != nil {
		h.Replaced(model)
	}
}

// Close gives the model up: nothing is served any more.
func (h *Holder) Close() {
	previous := h.current.Swap(nil)
	h.changes.Add(1)
	if previous != nil {
		previous.release()
	}
}
