package encast_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/encast/encast/go-exporter/encast"
)

const testdata = "../../testdata"

// corpus is the file of cases that Rust, C, C++ and Go share.
type corpus struct {
	Bundle     string  `json:"bundle"`
	TargetVMAF float64 `json:"target_vmaf"`
	Cases      []struct {
		expectedError
		Name     string         `json:"name"`
		Request  map[string]any `json:"request"`
		Expected *answer        `json:"expected"`
	} `json:"cases"`
}

// answer is a Result as the corpus writes it: null and absent mean not known.
type answer struct {
	Estimates         map[string]interval `json:"estimates"`
	Confidence        float64             `json:"confidence"`
	Recommended       *float64            `json:"recommended_bitrate_kbps"`
	TargetUnreachable bool                `json:"target_unreachable"`
	BestReachableVMAF *float64            `json:"best_reachable_vmaf"`
	SizeMB            *float64            `json:"size_mb"`
	BandwidthMbps     *float64            `json:"bandwidth_mbps"`
	OutOfRange        []string            `json:"out_of_range"`
	Ignored           []string            `json:"ignored"`
}

type interval struct {
	Value float64 `json:"value"`
	Lower float64 `json:"lower"`
	Upper float64 `json:"upper"`
}

func TestCorpus(t *testing.T) {
	for _, file := range []string{"cases.json", "cases-v2.json", "cases-v3.json"} {
		t.Run(file, func(t *testing.T) { runCorpus(t, file) })
	}
}

func runCorpus(t *testing.T, file string) {
	text, err := os.ReadFile(filepath.Join(testdata, file))
	if err != nil {
		t.Fatal(err)
	}
	var cases corpus
	if err := json.Unmarshal(text, &cases); err != nil || len(cases.Cases) == 0 {
		t.Fatal(len(cases.Cases), err)
	}
	binary, err := encast.Load(filepath.Join(testdata, cases.Bundle))
	if err != nil {
		t.Fatal(err)
	}
	defer binary.Close()
	readable, err := encast.Load(filepath.Join(testdata, strings.TrimSuffix(cases.Bundle, ".encast")+".json"))
	if err != nil {
		t.Fatal(err)
	}
	defer readable.Close()
	for _, test := range cases.Cases {
		t.Run(test.Name, func(t *testing.T) {
			features := featuresOf(t, test.Request)
			for encoding, model := range map[string]*encast.Model{"binary": binary, "JSON": readable} {
				result, err := model.PredictWith(features, encast.PredictOptions{TargetVMAF: cases.TargetVMAF})
				switch {
				case test.Expected == nil:
					test.check(t, encoding, err)
				case err != nil:
					t.Errorf("%s: %v", encoding, err)
				default:
					compare(t, encoding, result, test.Expected)
				}
			}
		})
	}
}

// featuresOf reads a request; what it does not know is an error, so that no case is tested without an input.
func featuresOf(t *testing.T, request map[string]any) encast.Features {
	t.Helper()
	features := encast.NewFeatures()
	for name, value := range request {
		var err error
		switch value := value.(type) {
		case nil:
		case float64:
			field, known := encast.ParseField(name)
			if !known || !field.IsNumeric() {
				t.Fatalf("%s is no numeric field", name)
			}
			features.Set(field, value)
		case string:
			switch name {
			case "codec":
				features.Codec, err = encast.ParseCodec(value)
			case "encoder":
				features.Encoder, err = encast.ParseEncoder(value)
			case "preset":
				features.Preset = value
			default:
				err = fmt.Errorf("%s is no name", name)
			}
		default:
			err = fmt.Errorf("%s has the value %v", name, value)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return features
}

// estimates are a result's forecasts by the names of their targets.
func estimates(r *encast.Result) map[string]encast.Estimate {
	return map[string]encast.Estimate{
		"vmaf": r.VMAF, "psnr": r.PSNR, "ssim": r.SSIM, "bitrate_kbps": r.BitrateKbps,
		"encode_seconds": r.EncodeSeconds, "cpu_seconds": r.CPUSeconds, "cpu_percent": r.CPUPercent,
		"gpu_percent": r.GPUPercent, "peak_memory_mb": r.PeakMemoryMB, "energy_kwh": r.EnergyKWh,
		"cost_usd": r.CostUSD, "co2_kg": r.CO2Kg,
	}
}

// same compares the bits, but any NaN with any.
func same(got, want float64) bool {
	return math.IsNaN(got) && math.IsNaN(want) || math.Float64bits(got) == math.Float64bits(want)
}

func compare(t *testing.T, encoding string, got encast.Result, want *answer) {
	t.Helper()
	for name, estimate := range estimates(&got) {
		expected, known := want.Estimates[name]
		if !known {
			expected = interval{math.NaN(), math.NaN(), math.NaN()}
		}
		if !same(estimate.Value, expected.Value) || !same(estimate.Lower, expected.Lower) || !same(estimate.Upper, expected.Upper) {
			t.Errorf("%s: %s = %v, want %v", encoding, name, estimate, expected)
		}
	}
	known := slices.Collect(maps.Keys(estimates(&got)))
	for name := range want.Estimates {
		if !slices.Contains(known, name) {
			t.Errorf("the corpus has a target %s, which Result has not", name)
		}
	}
	orNaN := func(value *float64) float64 {
		if value == nil {
			return math.NaN()
		}
		return *value
	}
	for name, pair := range map[string][2]float64{
		"confidence":               {got.Confidence, want.Confidence},
		"recommended_bitrate_kbps": {got.RecommendedBitrateKbps, orNaN(want.Recommended)},
		"best_reachable_vmaf":      {got.BestReachableVMAF, orNaN(want.BestReachableVMAF)},
		"size_mb":                  {got.SizeMB, orNaN(want.SizeMB)},
		"bandwidth_mbps":           {got.BandwidthMbps, orNaN(want.BandwidthMbps)},
		"predicted_vmaf":           {got.PredictedVMAF, got.VMAF.Value},
		"predicted_psnr":           {got.PredictedPSNR, got.PSNR.Value},
	} {
		if !same(pair[0], pair[1]) {
			t.Errorf("%s: %s = %v, want %v", encoding, name, pair[0], pair[1])
		}
	}
	if got.TargetUnreachable != want.TargetUnreachable {
		t.Errorf("%s: target_unreachable = %v", encoding, got.TargetUnreachable)
	}
	if a, b := got.OutOfRange.String(), strings.Join(want.OutOfRange, ", "); a != b {
		t.Errorf("%s: out_of_range = %s, want %s", encoding, a, b)
	}
	if a, b := got.Ignored.String(), strings.Join(want.Ignored, ", "); a != b {
		t.Errorf("%s: ignored = %s, want %s", encoding, a, b)
	}
}

// TestOldBundlesLoad: a bundle of every released format version loads, for ever.
func TestOldBundlesLoad(t *testing.T) {
	bundles, err := filepath.Glob(filepath.Join(testdata, "bundles", "v*.*"))
	if err != nil || len(bundles) < 2 {
		t.Fatal(bundles, err)
	}
	for _, path := range bundles {
		model, err := encast.Load(path)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		if model.Info().FormatVersion < 1 || model.Info().Version == "" {
			t.Errorf("%s: %+v", path, model.Info())
		}
		_ = model.Close()
	}
}
