package collector

import (
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

type counting struct {
	prometheus.Collector
	asked int
}

func (c *counting) Collect(metrics chan<- prometheus.Metric) {
	c.asked++
	c.Collector.Collect(metrics)
}

// TestPaced: within the interval the same samples come again, all of them, and nobody is asked.
func TestPaced(t *testing.T) {
	inner := &counting{Collector: collectors.NewProcessCollector(collectors.ProcessCollectorOpts{})}
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(Paced(inner, 300*time.Millisecond))
	count := func() int {
		families, err := registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		return len(families)
	}
	first := count()
	for range 5 {
		if again := count(); again != first || first < 5 {
			t.Errorf("%d families, first %d", again, first)
		}
	}
	if inner.asked != 1 {
		t.Errorf("asked %d times", inner.asked)
	}
	time.Sleep(350 * time.Millisecond)
	if count(); inner.asked != 2 {
		t.Errorf("asked %d times after the interval", inner.asked)
	}
}
