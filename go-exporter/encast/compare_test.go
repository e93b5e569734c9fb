package encast_test

import (
	"errors"
	"math"
	"testing"

	"github.com/encast/encast/go-exporter/encast"
	"github.com/encast/encast/go-exporter/internal/fixture"
)

// differences are a comparison's changes by the names of their targets.
func differences(c *encast.Comparison) map[string]encast.Difference {
	return map[string]encast.Difference{
		"vmaf": c.VMAF, "psnr": c.PSNR, "ssim": c.SSIM, "bitrate_kbps": c.BitrateKbps,
		"encode_seconds": c.EncodeSeconds, "cpu_seconds": c.CPUSeconds, "cpu_percent": c.CPUPercent,
		"gpu_percent": c.GPUPercent, "peak_memory_mb": c.PeakMemoryMB, "energy_kwh": c.EnergyKWh,
		"cost_usd": c.CostUSD, "co2_kg": c.CO2Kg,
	}
}

var amounts = map[string]bool{
	"bitrate_kbps": true, "encode_seconds": true, "cpu_seconds": true, "peak_memory_mb": true, "energy_kwh": true,
	"cost_usd": true, "co2_kg": true,
}

// checkComparison holds the differences against the forecasts of both; it returns how many are known.
func checkComparison(t *testing.T, c *encast.Comparison) int {
	t.Helper()
	known, a, b := 0, estimates(&c.A), estimates(&c.B)
	for name, d := range differences(c) {
		if !a[name].Known() || !b[name].Known() {
			if name != "bitrate_kbps" && (d.Known() || d.Ratio.Known() || d.IsClear()) {
				t.Errorf("%s = %+v of %v and %v", name, d, a[name], b[name])
			}
			continue
		}
		known++
		if d.Difference.Value != b[name].Value-a[name].Value || d.Difference.Lower > d.Difference.Value || d.Difference.Upper < d.Difference.Value {
			t.Errorf("%s = %+v of %v and %v", name, d, a[name], b[name])
		}
		if !amounts[name] && d.Ratio.Known() || amounts[name] && (d.Ratio.Value != b[name].Value/a[name].Value || d.Ratio.Lower <= 0 || d.Ratio.Lower > d.Ratio.Value || d.Ratio.Upper < d.Ratio.Value) {
			t.Errorf("ratio of %s = %+v of %v and %v", name, d.Ratio, a[name], b[name])
		}
	}
	return known
}

func TestCompare(t *testing.T) {
	model := loadDefault(t)
	a, b := x264(), x264()
	a.BitrateKbps, a.CRF = math.NaN(), 23
	b.BitrateKbps, b.CRF, b.Preset = math.NaN(), 45, "ultrafast"
	compared, err := model.Compare(a, b, nil)
	if err != nil {
		t.Fatal(err)
	}
	if known := checkComparison(t, &compared); known < 4 {
		t.Errorf("only %d differences: %+v", known, compared)
	}
	for name, due := range map[string]struct {
		features encast.Features
		got      encast.Result
	}{"a": {a, compared.A}, "b": {b, compared.B}} {
		alone, err := model.Predict(due.features)
		if err != nil || alone.VMAF != due.got.VMAF || alone.Confidence != due.got.Confidence || alone.RecommendedBitrateKbps != due.got.RecommendedBitrateKbps {
			t.Errorf("%s: %+v, alone %+v (%v)", name, due.got, alone, err)
		}
	}
	// A far higher CRF and the fastest preset: surely worse, and surely smaller and faster.
	if v := compared.VMAF; !v.IsClear() || v.Difference.Upper >= 0 {
		t.Errorf("VMAF: %+v", v)
	}
	if r := compared.BitrateKbps; !r.IsClear() || r.Ratio.Upper >= 1 || !compared.CPUSeconds.IsClear() {
		t.Errorf("bitrate: %+v, CPU time: %+v", r, compared.CPUSeconds)
	}
	same, err := model.Compare(a, a, nil)
	if err != nil || same.VMAF.Difference.Value != 0 || same.BitrateKbps.Ratio.Value != 1 || same.VMAF.IsClear() {
		t.Errorf("with itself: %+v, %v", same.VMAF, err)
	}
	narrow, err := model.Compare(a, b, &encast.PredictOptions{Level: .5})
	if err != nil || narrow.VMAF.Difference.Value != compared.VMAF.Difference.Value || narrow.VMAF.Difference.Lower <= compared.VMAF.Difference.Lower {
		t.Errorf("at level 0.5 %+v (%v), at 0.9 %+v", narrow.VMAF, err, compared.VMAF)
	}
	// Bitrates that are given are compared.
	a, b = x264(), x264()
	b.BitrateKbps = 1000
	given, err := model.Compare(a, b, nil)
	if err != nil || given.BitrateKbps.Difference.Value != -3000 || given.BitrateKbps.Ratio.Value != .25 {
		t.Errorf("bitrates: %+v, %v", given.BitrateKbps, err)
	}
}

// TestCompareUnknown: what a model does not forecast has no difference.
func TestCompareUnknown(t *testing.T) {
	model := fixture.Train(t, "1", 0, encast.TargetVMAF)
	b := request()
	b.BitrateKbps = 8000
	compared, err := model.Compare(request(), b, nil)
	if err != nil {
		t.Fatal(err)
	}
	checkComparison(t, &compared)
	if !compared.VMAF.Known() || compared.CPUSeconds.Known() || compared.BitrateKbps.Ratio.Value != 2 {
		t.Errorf("%+v", compared)
	}
}

func TestBadComparisons(t *testing.T) {
	model := loadDefault(t)
	good, bad, preset := x264(), x264(), x264()
	bad.FrameRate = -1
	preset.Preset = "a preset of more than twenty-three bytes"
	for name, test := range map[string]struct {
		a, b    encast.Features
		options *encast.PredictOptions
		field   string
	}{
		"a":       {bad, good, nil, "frame_rate"},
		"b":       {good, bad, nil, "frame_rate"},
		"text a":  {preset, good, nil, "preset"},
		"text b":  {good, preset, nil, "preset"},
		"options": {good, good, &encast.PredictOptions{Level: 2}, "level"},
		"profile": {good, good, &encast.PredictOptions{Profile: &encast.Profile{Name: "\x00"}}, "profile.name"},
	} {
		compared, err := model.Compare(test.a, test.b, test.options)
		var failure *encast.Error
		if !errors.Is(err, encast.ErrInput) || !errors.As(err, &failure) || failure.Field != test.field || failure.Row != -1 {
			t.Errorf("%s: %v, want an error of %s", name, err, test.field)
		}
		if compared != (encast.Comparison{}) {
			t.Errorf("%s: a comparison beside the error: %+v", name, compared)
		}
	}
	closed := loadDefault(t)
	_ = closed.Close()
	if _, err := closed.Compare(good, good, nil); !errors.Is(err, encast.ErrClosed) {
		t.Errorf("closed: %v", err)
	}
}
