package encast_test

import (
	"fmt"
	"testing"

	"github.com/encast/encast/go-exporter/encast"
)

func BenchmarkPredict(b *testing.B) {
	model := loadDefault(b)
	features := request()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := model.Predict(features); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPredictAnchored(b *testing.B) {
	model := loadDefault(b)
	features := x264()
	features.Anchors = []encast.Anchor{anchor(2000, 70), anchor(6000, 85)}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := model.Predict(features); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRejected is a call that ends at the first check: what crossing over to C and back costs, with the copies of
// the structs and the text of the error.
func BenchmarkRejected(b *testing.B) {
	model := loadDefault(b)
	features := encast.NewFeatures()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := model.Predict(features); err == nil {
			b.Fatal("accepted")
		}
	}
}

// BenchmarkCall is about the cheapest call there is.
func BenchmarkCall(b *testing.B) {
	for b.Loop() {
		_ = encast.CodecH264.String()
	}
}

func BenchmarkPredictParallel(b *testing.B) {
	model := loadDefault(b)
	features := request()
	b.RunParallel(func(loop *testing.PB) {
		for loop.Next() {
			if _, err := model.Predict(features); err != nil {
				b.Error(err)
				return
			}
		}
	})
}

func BenchmarkPredictBatch(b *testing.B) {
	model := loadDefault(b)
	for _, rows := range []int{1, 100, 10000} {
		features := make([]encast.Features, rows)
		for row := range features {
			features[row] = request()
			features[row].BitrateKbps = 500 + float64(row)
		}
		b.Run(fmt.Sprint(rows), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := model.PredictBatch(features, nil); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(rows), "ns/row")
		})
	}
}
