// Package collector turns the forecasts of the configured encodes, and what is known of the model, into metrics.
package collector

import (
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/encast/encast/go-exporter/encast"
	"github.com/encast/encast/go-exporter/internal/config"
	"github.com/encast/encast/go-exporter/internal/serving"
)

// Collector says what is forecast of the configured encodes, and what was observed. Everything that one scrape says of a model comes from
// one model and one configuration, even when they are replaced meanwhile. A forecast depends on nothing else, so it is made once for each
// of them, not at each scrape.
type Collector struct {
	holder   *serving.Holder
	reloader *serving.Reloader
	observed *Observed
	logger   *slog.Logger

	kept     atomic.Pointer[kept]
	failures sync.Map // of the forecasts of an encode, by its name: *atomic.Uint64
}

// kept are the samples of a model's forecasts of a configuration's encodes.
type kept struct {
	of      basis
	samples []prometheus.Metric
}

// basis is what forecasts depend on.
type basis struct {
	model  serving.Model
	config *config.Config
	// What was observed may change it at any time.
	correction encast.Correction
}

// New returns a collector of the encodes of the configuration that the holder holds, and of what was observed; nil is nothing.
func New(holder *serving.Holder, reloader *serving.Reloader, observed *Observed, logger *slog.Logger) *Collector {
	if observed == nil {
		observed = NewObserved(nil, nil, logger)
	}
	return &Collector{holder: holder, reloader: reloader, observed: observed, logger: logger}
}

// Describe implements [prometheus.Collector].
func (c *Collector) Describe(descs chan<- *prometheus.Desc) {
	for _, family := range append(Families(), ObservedFamilies()...) {
		descs <- family.desc
	}
}

// Collect implements [prometheus.Collector].
func (c *Collector) Collect(metrics chan<- prometheus.Metric) {
	send := senderTo(func(metric prometheus.Metric) { metrics <- metric })
	send(info, 1, encast.Version(), "go", "rust")
	c.collectReloads(send)
	lease, loaded := c.holder.Acquire()
	send(up, boolean(loaded))
	if !loaded {
		c.observed.collect(metrics, false, encast.Info{})
		return
	}
	defer lease.Release()
	model := lease.Model.Info()
	collectModel(model, send)
	c.observed.collect(metrics, true, model)
	for _, sample := range c.samples(lease) {
		metrics <- sample
	}
	for i := range lease.Config.Encodes {
		name := lease.Config.Encodes[i].Name
		send(failures, float64(c.failuresOf(name).Load()), name)
	}
}

// samples returns what is forecast of the configured encodes.
func (c *Collector) samples(lease *serving.Lease) []prometheus.Metric {
	of := basis{lease.Model, lease.Config, lease.Correction}
	if last := c.kept.Load(); last != nil && last.of == of {
		return last.samples
	}
	var samples []prometheus.Metric
	send := senderTo(func(metric prometheus.Metric) { samples = append(samples, metric) })
	complete := true
	for i := range lease.Config.Encodes {
		encode := &lease.Config.Encodes[i]
		result, err := lease.Model.PredictWith(encode.Features, lease.OptionsOf(encode))
		if err != nil {
			c.failuresOf(encode.Name).Add(1)
			c.logger.Warn("Forecast failed", "config", encode.Name, "err", err)
			complete = false
			continue
		}
		sendResult(&result, labelsOf(encode.Name, &encode.Features), send)
	}
	if complete { // what failed is tried, and counted, at each scrape
		c.kept.Store(&kept{of, samples})
	}
	return samples
}

func (c *Collector) failuresOf(name string) *atomic.Uint64 {
	if count, known := c.failures.Load(name); known {
		return count.(*atomic.Uint64)
	}
	count, _ := c.failures.LoadOrStore(name, new(atomic.Uint64))
	return count.(*atomic.Uint64)
}

func (c *Collector) collectReloads(send sender) {
	status := c.reloader.Status()
	send(reloads, float64(status.Successes), "success")
	send(reloads, float64(status.Failures), "failure")
	send(reloadOK, boolean(!status.LastFailed))
	if !status.LastSuccess.IsZero() {
		send(reloadAt, float64(status.LastSuccess.UnixMilli())/1e3)
	}
}

func collectModel(model encast.Info, send sender) {
	send(modelVersion, 1, model.Version)
	send(modelTrainedAt, float64(model.TrainedAt.Unix()))
	send(modelR2, model.VMAFR2, encast.TargetVMAF.String())
	send(modelR2, model.PSNRR2, encast.TargetPSNR.String())
	send(modelRows, float64(model.Rows))
	send(modelTitles, float64(model.Titles))
	send(modelTrees, float64(model.Trees))
}
