package observations

import (
	"testing"

	"github.com/encast/encast/go-exporter/encast"
)

// TestSize: docs/observations.md tells how large the record of a usual encode is.
func TestSize(t *testing.T) {
	model, err := encast.LoadDefault()
	if err != nil {
		t.Fatal(err)
	}
	defer model.Close()
	f := Forecast{ID: "job-1", Title: "trailer", Config: "web", Model: model.Info().Version, At: start, Features: encast.NewFeatures()}
	f.Features.BitrateKbps, f.Features.ResolutionWidth, f.Features.ResolutionHeight, f.Features.FrameRate = 4000, 1920, 1080, 30
	f.Features.Encoder, f.Features.Preset = encast.EncoderLibx264, "medium"
	if f.Told, err = model.Predict(f.Features); err != nil {
		t.Fatal(err)
	}
	o := Observation{Forecast: f, Measured: vmaf(90), ObservedAt: start, Number: 1000}
	framed, err := o.encode()
	if err != nil || len(framed) < 500 || len(framed) > 1200 {
		t.Errorf("%d bytes, %v: docs/observations.md says 1 KB", len(framed), err)
	}
	t.Logf("%d bytes", len(framed))
}
