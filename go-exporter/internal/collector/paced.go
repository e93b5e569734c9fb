package collector

import (
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Paced returns a collector that asks another one at most once in an interval, and says the same again until then: for
// what costs much to find out, such as the dozen files that tell about a process. What it asks has to make samples that
// do not change afterwards.
func Paced(inner prometheus.Collector, interval time.Duration) prometheus.Collector {
	return &paced{Collector: inner, interval: interval}
}

type paced struct {
	prometheus.Collector
	interval time.Duration

	mu      sync.Mutex
	until   time.Time
	samples []prometheus.Metric
}

// Collect implements [prometheus.Collector].
func (p *paced) Collect(metrics chan<- prometheus.Metric) {
	for _, sample := range p.now() {
		metrics <- sample
	}
}

func (p *paced) now() []prometheus.Metric {
	p.mu.Lock()
	defer p.mu.Unlock()
	if time.Now().Before(p.until) {
		return p.samples
	}
	fresh := make(chan prometheus.Metric, 64)
	go func() {
		p.Collector.Collect(fresh)
		close(fresh)
	}()
	samples := make([]prometheus.Metric, 0, len(p.samples))
	for sample := range fresh {
		samples = append(samples, sample)
	}
	p.samples, p.until = samples, time.Now().Add(p.interval)
	return samples
}
