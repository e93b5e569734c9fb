// Package collector turns the forecasts of the configured encodes, and what is known of the model, into metrics.
package collector

import (
	"log/slog"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/encast/encast/go-exporter/encast"
	"github.com/encast/encast/go-exporter/internal/config"
	"github.com/encast/encast/go-exporter/internal/serving"
)

// Collector forecasts the configured encodes at each scrape. Everything that one scrape says comes from one model,
// even when it is replaced meanwhile.
type Collector struct {
	holder   *serving.Holder
	reloader *serving.Reloader
	encodes  []labelled
	logger   *slog.Logger
}

// labelled is an encode with the values of its labels, which never change.
type labelled struct {
	name     string
	features encast.Features
	options  encast.PredictOptions
	labels   []string
	failures atomic.Uint64
}

// New returns a collector of the encodes of a configuration.
func New(holder *serving.Holder, reloader *serving.Reloader, cfg *config.Config, logger *slog.Logger) *Collector {
	c := &Collector{holder: holder, reloader: reloader, logger: logger}
	c.encodes = make([]labelled, len(cfg.Encodes))
	for i := range cfg.Encodes {
		encode := &cfg.Encodes[i]
		c.encodes[i].name = encode.Name
		c.encodes[i].features = encode.Features
		c.encodes[i].options = cfg.OptionsOf(encode)
		c.encodes[i].labels = labelsOf(encode.Name, &encode.Features)
	}
	return c
}

// Describe implements [prometheus.Collector].
func (c *Collector) Describe(descs chan<- *prometheus.Desc) {
	for _, family := range Families() {
		descs <- family.desc
	}
}

// Collect implements [prometheus.Collector].
func (c *Collector) Collect(metrics chan<- prometheus.Metric) {
	send := senderTo(metrics)
	send(info, 1, encast.Version(), "go", "rust")
	c.collectReloads(send)
	lease, loaded := c.holder.Acquire()
	send(up, boolean(loaded))
	if loaded {
		defer lease.Release()
		collectModel(lease.Model.Info(), send)
		for i := range c.encodes {
			c.collectEncode(&c.encodes[i], lease.Model, send)
		}
	}
	for i := range c.encodes {
		send(failures, float64(c.encodes[i].failures.Load()), c.encodes[i].name)
	}
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

func (c *Collector) collectEncode(encode *labelled, model serving.Model, send sender) {
	result, err := model.PredictWith(encode.features, encode.options)
	if err != nil {
		encode.failures.Add(1)
		c.logger.Warn("Forecast failed", "config", encode.name, "err", err)
		return
	}
	sendResult(&result, encode.labels, send)
}
