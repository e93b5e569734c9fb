package encast_test

import (
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/encast/encast/go-exporter/encast"
)

// BenchmarkOverC tells what a forecast takes from Go beyond the same call in a loop of C. Blocks of both take turns, and the
// medians of their times are compared.
func BenchmarkOverC(b *testing.B) {
	const block = 200
	model, err := encast.Load(filepath.Join("..", "..", "testdata", "bundles", "v1.encast"))
	if err != nil {
		b.Fatal(err)
	}
	defer model.Close()
	features := request()
	var ofC, ofGo []float64
	for b.Loop() {
		start := time.Now()
		sum, err := model.PredictInC(features.BitrateKbps, block)
		if err != nil {
			b.Fatal(err)
		}
		middle := time.Now()
		var goSum float64
		for range block {
			result, err := model.Predict(features)
			if err != nil {
				b.Fatal(err)
			}
			goSum += result.PredictedVMAF
		}
		end := time.Now()
		if sum != goSum {
			b.Fatalf("C sums up to %v, Go to %v", sum, goSum)
		}
		ofC = append(ofC, float64(middle.Sub(start))/block)
		ofGo = append(ofGo, float64(end.Sub(middle))/block)
	}
	median := func(times []float64) float64 {
		slices.Sort(times)
		return times[len(times)/2]
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(median(ofC), "ns/C")
	b.ReportMetric(median(ofGo), "ns/Go")
	b.ReportMetric(median(ofGo)-median(ofC), "ns-over-C")
	b.ReportMetric(ofGo[0]-ofC[0], "ns-over-C-fastest")
}
