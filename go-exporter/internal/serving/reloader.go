package serving

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"sync"
	"time"

	"github.com/encast/encast/go-exporter/encast"
	"github.com/encast/encast/go-exporter/internal/config"
	"github.com/encast/encast/go-exporter/internal/tracing"
)

// Reloader loads the model and reads the configuration anew, both or none. A new model serves only after it has forecast
// every configured encode; until then, and when anything fails, the old ones go on.
type Reloader struct {
	holder    *Holder
	open      func() (Model, error)
	configure func() (*config.Config, error)
	logger    *slog.Logger
	tracing   *tracing.Tracing

	mu      sync.Mutex
	running *load // under way
	waiting *load // begins when running ends; whoever asks meanwhile shares it
	status  Status
	named   []string      // files that are watched whatever the configuration says
	watched []string      // these, and those that the configuration is made of
	seen    []fs.FileInfo // of the watched as the last load found them; nil where there was none
}

// load is one attempt that any number of callers wait for.
type load struct {
	done chan struct{}
	info encast.Info
	err  error
}

// Status tells how loading went so far.
type Status struct {
	Successes, Failures uint64    // of reloads; the load at start is none
	LastSuccess         time.Time // of the last load that succeeded, at start or later; zero when there was none
	LastFailed          bool      // whether the last load failed
}

// NewReloader returns a reloader that opens models with open and tests them on the configured encodes.
func NewReloader(holder *Holder, open func() (Model, error), cfg *config.Config, logger *slog.Logger) *Reloader {
	keep := func() (*config.Config, error) { return cfg, nil }
	return &Reloader{holder: holder, open: open, configure: keep, logger: logger}
}

// ReadConfig makes every reload read the configuration, too. It is called before the first one.
func (r *Reloader) ReadConfig(read func() (*config.Config, error)) { r.configure = read }

// Trace makes every reload a span. It is called before the first one.
func (r *Reloader) Trace(traces *tracing.Tracing) { r.tracing = traces }

// Status returns how loading went so far.
func (r *Reloader) Status() Status {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.status
}

// Start loads the first model. It is called once, before any reload.
func (r *Reloader) Start() (encast.Info, error) {
	info, err := r.replace()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.status.LastFailed = err != nil
	if err == nil {
		r.status.LastSuccess = time.Now()
	}
	return info, err
}

// Reload loads the model anew and returns what it says of itself. One load runs at a time. The answer never comes
// from a load that began before the call: a call during a load waits for the next one, together with all others.
func (r *Reloader) Reload() (encast.Info, error) {
	r.mu.Lock()
	if r.running == nil {
		attempt := &load{done: make(chan struct{})}
		r.running = attempt
		r.mu.Unlock()
		r.run(attempt)
		return attempt.info, attempt.err
	}
	if r.waiting == nil {
		r.waiting = &load{done: make(chan struct{})}
	}
	attempt := r.waiting
	r.mu.Unlock()
	<-attempt.done
	return attempt.info, attempt.err
}

// run makes an attempt, and then the one that callers asked for meanwhile.
func (r *Reloader) run(attempt *load) {
	span := r.tracing.Root("reload")
	attempt.info, attempt.err = r.replace()
	tracing.Fail(span, attempt.err)
	span.End()
	r.mu.Lock()
	r.status.LastFailed = attempt.err != nil
	if attempt.err != nil {
		r.status.Failures++
	} else {
		r.status.Successes++
		r.status.LastSuccess = time.Now()
	}
	next := r.waiting
	r.running, r.waiting = next, nil
	r.mu.Unlock()
	if attempt.err != nil {
		r.logger.Error("Reloading failed, the old model and configuration go on serving", "err", attempt.err)
	} else {
		r.logger.Info("Model reloaded", "version", attempt.info.Version, "trained_at", attempt.info.TrainedAt)
	}
	close(attempt.done)
	if next != nil {
		go r.run(next)
	}
}

func (r *Reloader) replace() (encast.Info, error) {
	r.look()
	cfg, err := r.configure()
	if err == nil && r.follow(cfg.Files()) {
		// What these files were has to be known before they are read.
		r.look()
		cfg, err = r.configure()
	}
	if err != nil {
		return encast.Info{}, err
	}
	model, err := r.open()
	if err != nil {
		return encast.Info{}, err
	}
	if err := Check(model, cfg); err != nil {
		_ = model.Close()
		return encast.Info{}, err
	}
	info := model.Info()
	r.holder.Replace(model, cfg)
	return info, nil
}

// Check makes a model forecast every configured encode; the error names all that it can't, each once.
func Check(model Model, cfg *config.Config) error {
	var errs []error
	told := map[string]bool{} // what is wrong with an option is so for every encode
	for i := range cfg.Encodes {
		encode := &cfg.Encodes[i]
		if _, err := model.PredictWith(encode.Features, cfg.OptionsOf(encode)); err != nil {
			var failure *encast.Error
			if errors.As(err, &failure) {
				err = cfg.Blame(encode, err, failure.Field)
			} else {
				err = fmt.Errorf("encode %q: %w", encode.Name, err)
			}
			if text := err.Error(); !told[text] {
				told[text] = true
				errs = append(errs, err)
			}
		}
	}
	return errors.Join(errs...)
}
