package observations

import (
	"math"
	"testing"

	"github.com/encast/encast/go-exporter/encast"
	"github.com/encast/encast/go-exporter/internal/fixture"
)

// TestBounds: what is stored is what the library takes, up to the last bit.
func TestBounds(t *testing.T) {
	monitor, err := encast.NewMonitor(fixture.Train(t, "1", 0), encast.MonitorOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer monitor.Close()
	features, _ := fixture.Rows(0)
	for _, target := range allTargets {
		bound := bounds[target]
		for value, within := range map[float64]bool{
			bound[0]: true, math.Nextafter(bound[0], math.Inf(-1)): false,
			bound[1]: true, math.Nextafter(bound[1], math.Inf(1)): false,
		} {
			report := Report{ID: "a", Measured: encast.NewTargets(""), ObservedAt: start}
			report.Measured.Set(target, value)
			if err := report.check(start, 0); (err == nil) != within {
				t.Errorf("stored: %s = %g: %v", target, value, err)
			}
			if _, err := monitor.Observe(encast.Observation{Features: features[0], Measured: report.Measured}); (err == nil) != within {
				t.Errorf("library: %s = %g: %v", target, value, err)
			}
		}
	}
}
