//go:build cgo

package encast_test

import (
	"testing"

	"github.com/encast/encast/go-exporter/encast"
)

// TestCodecOfEncoder: the library takes each encoder with its codec, and with no other.
func TestCodecOfEncoder(t *testing.T) {
	model, err := encast.LoadDefault()
	if err != nil {
		t.Fatal(err)
	}
	defer model.Close()
	encoders := 0
	for encoder := encast.Encoder(1); encoder.String() != ""; encoder++ {
		encoders++
		for codec := encast.Codec(1); codec.String() != ""; codec++ {
			f := encast.NewFeatures()
			f.BitrateKbps, f.ResolutionWidth, f.ResolutionHeight, f.Encoder = 4000, 1920, 1080, encoder
			if f.CodecOrEncoders() != encoder.Codec() {
				t.Errorf("%s is of %s", encoder, f.CodecOrEncoders())
			}
			f.Codec = codec
			if _, err := model.Predict(f); (err == nil) != (codec == encoder.Codec()) || f.CodecOrEncoders() != codec {
				t.Errorf("%s with %s, which is of %s: %v", encoder, codec, encoder.Codec(), err)
			}
		}
	}
	if encoders < 6 {
		t.Errorf("%d encoders", encoders)
	}
}

func TestTargetValues(t *testing.T) {
	measured, result := encast.NewTargets("x"), encast.NewResult()
	for i, target := range encast.AllTargets() {
		if value := measured.Value(target); value == value || result.Estimate(target).Known() {
			t.Errorf("%s is known", target)
		}
		measured.Set(target, float64(i))
		result.SetEstimate(target, encast.Estimate{Value: float64(i), Lower: -1, Upper: 100})
		if parsed, known := encast.ParseTarget(target.String()); !known || parsed != target {
			t.Errorf("%s is parsed as %s, %v", target, parsed, known)
		}
	}
	for i, target := range encast.AllTargets() {
		if measured.Value(target) != float64(i) || result.Estimate(target).Value != float64(i) {
			t.Errorf("%s is %v and %v", target, measured.Value(target), result.Estimate(target))
		}
	}
	if measured.VMAF != 0 || measured.CO2Kg != 11 || result.PredictedVMAF != 0 || result.PredictedCO2Kg != 11 || result.PredictedPSNR != 1 || result.PredictedCostUSD != 10 {
		t.Errorf("%+v %+v", measured, result)
	}
	if _, known := encast.ParseTarget("bits"); known {
		t.Error("bits is a target")
	}
	correction := encast.Correction{}
	correction.VMAF[encast.CodecHEVC], correction.CPUOctaves[0] = 1.5, 2
	for target, want := range map[encast.Target]float64{encast.TargetVMAF: 1.5, encast.TargetPSNR: 0, encast.TargetSSIM: 0} {
		if got := correction.Offset(target, encast.CodecHEVC); got != want {
			t.Errorf("offset of %s is %v, want %v", target, got, want)
		}
	}
	if correction.Offset(encast.TargetCPUSeconds, 0) != 2 || correction.Offset(encast.TargetVMAF, 99) != 0 {
		t.Error("offsets by codec")
	}
}
