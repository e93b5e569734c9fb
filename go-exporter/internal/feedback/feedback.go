// Package feedback holds what came of encodes against what was forecast of them: errors, drift and corrections of the model in
// use.
package feedback

import (
	"cmp"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/encast/encast/go-exporter/encast"
	"github.com/encast/encast/go-exporter/internal/observations"
	"github.com/encast/encast/go-exporter/internal/serving"
)

// Options tell what is kept, and what is made of it.
type Options struct {
	Path      string        // file of the observations
	Retention time.Duration // how long they are kept; 0 is for ever
	Exposed   int           // newest observations that are exposed one by one
	Correct   bool          // whether forecasts are corrected by what was observed
	Logger    *slog.Logger
}

// What a monitor is made of when a model comes into use.
const (
	replayMost = 5_000  // newest observations of its version
	lookMost   = 20_000 // observations that are looked at for them
)

// errorWindow is how many of the newest observations of a target and codec its errors are taken over.
const errorWindow = 1_000

var targets = encast.AllTargets()

// Feedback is fed with observations as they are stored. Any number of goroutines may use it at the same time.
type Feedback struct {
	store   *observations.Store
	options Options

	following sync.Mutex // one Follow at a time; taken before mu

	mu        sync.Mutex
	watch     *watch                      // of the model in use; nil when there is none
	replaying bool                        // until there is one, and then
	missed    []*observations.Observation // what was stored meanwhile
	newest    []*observations.Observation // exposed, oldest first
	told      []uint64                    // observations that measured a target, by its number, since start

	changes atomic.Uint64             // what was made of an earlier number is out of date
	applied atomic.Pointer[corrected] // what is added to forecasts
	state   atomic.Pointer[State]
}

// watch is what is known of one model.
type watch struct {
	model   encast.Info
	monitor *encast.Monitor
	fed     uint64   // number of the last observation that it was fed, or that was passed over
	times   []uint32 // when its observations were made, by their number in the monitor, from 1; Unix seconds
	taken   int
}

// corrected is a correction, and the model that it belongs to.
type corrected struct {
	version    string
	correction encast.Correction
}

// Open opens the file of observations. There is nothing to say of a model until Follow.
func Open(options Options) (*Feedback, error) {
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	f := &Feedback{options: options, told: make([]uint64, len(targets))}
	f.mu.Lock() // nothing is fed before the store is here
	defer f.mu.Unlock()
	store, err := observations.Open(options.Path, observations.Options{
		Retention: options.Retention, Logger: options.Logger, Stored: f.stored,
	})
	if err != nil {
		return nil, err
	}
	f.store = store
	if options.Exposed > 0 {
		err = store.ScanBack(func(o *observations.Observation) bool {
			f.newest = append(f.newest, o)
			return len(f.newest) < options.Exposed
		})
		slices.Reverse(f.newest)
	}
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	return f, nil
}

// Close ends the store, and the monitor.
func (f *Feedback) Close() error {
	err := f.store.Close()
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.watch != nil {
		_ = f.watch.monitor.Close()
		f.watch = nil
	}
	return err
}

// Store returns the store.
func (f *Feedback) Store() *observations.Store { return f.store }

// Changes returns a number that is another one as soon as [Feedback.State] is; 0 where nothing is kept.
func (f *Feedback) Changes() uint64 {
	if f == nil {
		return 0
	}
	return f.changes.Load()
}

// Corrects tells whether forecasts are corrected.
func (f *Feedback) Corrects() bool { return f.options.Correct }

// Correction returns what is added to forecasts of a model; nothing when it is not the one that was observed.
func (f *Feedback) Correction(model serving.Model) encast.Correction {
	if f == nil || !f.options.Correct {
		return encast.Correction{}
	}
	applied := f.applied.Load()
	if applied == nil || applied.version != model.Info().Version {
		return encast.Correction{}
	}
	return applied.correction
}

// Follow makes the monitor of the model that came into use from the newest observations that its version has. One that is watched
// already stays. Until it is made there is nothing to say of the model; reports and scrapes do not wait for it.
func (f *Feedback) Follow(model *encast.Model) error {
	f.following.Lock()
	defer f.following.Unlock()
	info := model.Info()
	if f.watches(info) {
		return nil
	}
	monitor, err := encast.NewMonitor(model, encast.MonitorOptions{Window: errorWindow})
	if err != nil {
		return err
	}
	begun := time.Now()
	next := &watch{model: info, monitor: monitor}
	count, err := f.replay(next)
	if err != nil {
		_ = monitor.Close()
		return err
	}
	if count > 0 {
		f.options.Logger.Info("Observations replayed", "model", info.Version, "count", count, "seconds", time.Since(begun).Seconds())
	}
	return nil
}

// watches tells whether a model is watched already. If not, none is any more, and what is stored from now on is noted.
func (f *Feedback) watches(model encast.Info) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.watch != nil {
		if f.watch.model.Version == model.Version && f.watch.model.TrainedAt.Equal(model.TrainedAt) {
			return true
		}
		_ = f.watch.monitor.Close()
		f.watch = nil
	}
	f.replaying, f.missed = true, nil
	f.changed()
	return false
}

// replay feeds what is stored, then what was stored meanwhile, and puts the monitor into use. It tells how many observations there were.
func (f *Feedback) replay(next *watch) (int, error) {
	past, last, err := f.past(next.model.Version)
	for _, o := range past {
		f.feed(next, o)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	missed := f.missed
	f.replaying, f.missed = false, nil
	if err != nil {
		return 0, err
	}
	next.fed = last
	for _, o := range missed {
		f.take(next, o)
	}
	f.watch = next
	f.changed()
	return len(past), nil
}

// past returns the observations to replay in the order that they were stored in, and the number of the last that was there.
func (f *Feedback) past(version string) (replayed []*observations.Observation, last uint64, err error) {
	// Read first: what is stored later is noted.
	if last, err = f.store.LastNumber(); err != nil {
		return nil, 0, err
	}
	looked := 0
	err = f.store.ScanBack(func(o *observations.Observation) bool {
		looked++
		if o.Model == version && o.Number <= last {
			replayed = append(replayed, o)
		}
		return looked < lookMost && len(replayed) < replayMost
	})
	slices.SortFunc(replayed, func(a, b *observations.Observation) int { return cmp.Compare(a.Number, b.Number) })
	return replayed, last, err
}

// take feeds an observation to a monitor, unless it met it in the store, or it is of another model.
func (f *Feedback) take(w *watch, o *observations.Observation) {
	if o.Number <= w.fed {
		return
	}
	if o.Model == w.model.Version {
		f.feed(w, o)
	}
	w.fed = o.Number
}

// stored takes what the store has just kept.
func (f *Feedback) stored(batch []*observations.Observation) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, o := range batch {
		for i, target := range targets {
			if value := o.Measured.Value(target); value == value {
				f.told[i]++
			}
		}
		f.expose(o)
		if f.watch != nil {
			f.take(f.watch, o)
		} else if f.replaying {
			f.missed = append(f.missed, o)
		}
	}
	f.changed()
}

// expose puts an observation where its time is among the newest.
func (f *Feedback) expose(o *observations.Observation) {
	if f.options.Exposed == 0 {
		return
	}
	at, _ := slices.BinarySearchFunc(f.newest, o, func(a, b *observations.Observation) int { return a.ObservedAt.Compare(b.ObservedAt) })
	for at < len(f.newest) && f.newest[at].ObservedAt.Equal(o.ObservedAt) {
		at++
	}
	f.newest = slices.Insert(f.newest, at, o)
	if len(f.newest) > f.options.Exposed {
		f.newest = slices.Delete(f.newest, 0, len(f.newest)-f.options.Exposed)
	}
}

// feed gives an observation to a monitor. One that it does not take stays stored, and out of errors and drift.
func (f *Feedback) feed(w *watch, o *observations.Observation) {
	measured := o.Measured
	measured.Title = o.Title
	_, err := w.monitor.Observe(encast.Observation{
		Features: o.Features, Measured: measured, Forecast: &o.Told, Level: o.Level, AtSite: o.Region != "",
	})
	if err != nil {
		f.options.Logger.Warn("An observation is left out of errors and drift", "id", o.ID, "err", err)
		return
	}
	w.remember(o.ObservedAt)
}

// rememberMost bounds the times that are kept of observations, of which drift tells since when it is.
const rememberMost = 1 << 16

func (w *watch) remember(at time.Time) {
	seconds := uint32(at.Unix())
	if len(w.times) < rememberMost {
		w.times = append(w.times, seconds)
	} else {
		w.times[w.taken%rememberMost] = seconds
	}
	w.taken++
}

// timeOf returns when an observation was made, by its number in the monitor; 0 when that is not known any more.
func (w *watch) timeOf(number uint64) int64 {
	if number == 0 || number > uint64(w.taken) || uint64(w.taken)-number >= rememberMost {
		return 0
	}
	return int64(w.times[(number-1)%rememberMost])
}

// changed makes what was made of an earlier state out of date, and corrects by the new one.
func (f *Feedback) changed() {
	switch {
	case f.watch == nil:
		f.applied.Store(nil)
	case f.options.Correct:
		correction, err := f.watch.monitor.Correction()
		if err != nil {
			f.options.Logger.Warn("Forecasts are not corrected", "err", err)
		}
		f.applied.Store(&corrected{version: f.watch.model.Version, correction: correction})
	}
	f.changes.Add(1)
}
