package encast_test

import (
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/encast/encast/go-exporter/encast"
)

// expectedError is what the corpus says of a mistake.
type expectedError struct {
	Error  string `json:"error"`
	Status string `json:"status"`
	Field  string `json:"field"`
	Row    *int   `json:"row"`
}

func (want expectedError) check(t *testing.T, where string, err error) {
	t.Helper()
	var got *encast.Error
	row := -1
	if want.Row != nil {
		row = *want.Row
	}
	if !errors.As(err, &got) {
		t.Errorf("%s: error %v, want %s", where, err, want.Error)
	} else if got.Text != want.Error || got.Status.Error() != want.Status || got.Field != want.Field || got.Row != row {
		t.Errorf("%s: %s, %q, row %d: %s; want %s, %q, row %d: %s", where, got.Status, got.Field, got.Row, got.Text,
			want.Status, want.Field, row, want.Error)
	}
}

// numbers is an answer as a flat list, under the names of the C structs' fields; what is not known is absent.
type numbers map[string]float64

func (n numbers) add(name string, value float64) {
	if !math.IsNaN(value) {
		n[name] = value
	}
}

func (n numbers) estimate(name string, e encast.Estimate) {
	n.add(name, e.Value)
	n.add(name+"_lower", e.Lower)
	n.add(name+"_upper", e.Upper)
}

func whole(flag bool) float64 {
	if flag {
		return 1
	}
	return 0
}

func resultNumbers(r *encast.Result) numbers {
	all := numbers{
		"confidence": r.Confidence, "target_unreachable": whole(r.TargetUnreachable),
		"out_of_range": float64(r.OutOfRange), "ignored": float64(r.Ignored),
	}
	for name, e := range estimates(r) {
		all.estimate(name, e)
	}
	for name, value := range map[string]float64{
		"predicted_vmaf": r.PredictedVMAF, "predicted_psnr": r.PredictedPSNR,
		"predicted_cost_usd": r.PredictedCostUSD, "predicted_co2_kg": r.PredictedCO2Kg,
		"recommended_bitrate_kbps": r.RecommendedBitrateKbps, "best_reachable_vmaf": r.BestReachableVMAF,
		"size_mb": r.SizeMB, "bandwidth_mbps": r.BandwidthMbps,
		"energy_cpu_kwh": r.Resources.EnergyCPUKWh, "energy_idle_kwh": r.Resources.EnergyIdleKWh,
		"energy_memory_kwh": r.Resources.EnergyMemoryKWh, "cost_compute_usd": r.Resources.CostComputeUSD,
		"cost_egress_usd": r.Resources.CostEgressUSD, "cost_storage_usd": r.Resources.CostStorageUSD,
		"co2_operational_kg": r.Resources.CO2OperationalKg, "co2_embodied_kg": r.Resources.CO2EmbodiedKg,
		"sci_g_per_minute": r.Resources.SCIGPerMinute,
	} {
		all.add(name, value)
	}
	return all
}

func recommendationNumbers(r *encast.Recommendation) numbers {
	all := numbers{"unreachable": whole(r.Unreachable), "outcome": float64(r.Outcome), "limit": float64(r.Limit)}
	for name, value := range map[string]float64{
		"bitrate_kbps": r.BitrateKbps, "crf": r.CRF, "assured_vmaf": r.AssuredVMAF, "needed": r.Needed,
		"limit_allowed": r.LimitAllowed, "limit_forecast": r.LimitForecast,
	} {
		all.add(name, value)
	}
	all.estimate("vmaf", r.VMAF)
	all.estimate("needed_vmaf", r.NeededVMAF)
	return all
}

func comparisonNumbers(c *encast.Comparison) numbers {
	all := numbers{}
	for name, d := range map[string]encast.Difference{
		"vmaf": c.VMAF, "psnr": c.PSNR, "ssim": c.SSIM, "bitrate_kbps": c.BitrateKbps,
		"encode_seconds": c.EncodeSeconds, "cpu_seconds": c.CPUSeconds, "cpu_percent": c.CPUPercent,
		"gpu_percent": c.GPUPercent, "peak_memory_mb": c.PeakMemoryMB, "energy_kwh": c.EnergyKWh,
		"cost_usd": c.CostUSD, "co2_kg": c.CO2Kg,
	} {
		all.estimate(name+"_difference", d.Difference)
		all.estimate(name+"_ratio", d.Ratio)
	}
	return all
}

func rungNumbers(r *encast.Rung) numbers {
	all := numbers{
		"width": float64(r.Size.Width), "height": float64(r.Size.Height), "bitrate_kbps": r.BitrateKbps,
		"assured_vmaf": r.AssuredVMAF, "confidence": r.Confidence, "out_of_range": float64(r.OutOfRange),
	}
	all.add("crf", r.CRF)
	all.add("size_mb", r.SizeMB)
	all.estimate("vmaf", r.VMAF)
	all.estimate("psnr", r.PSNR)
	all.estimate("encode_seconds", r.EncodeSeconds)
	all.estimate("cost_usd", r.CostUSD)
	return all
}

// operationCase is one case of operations.json.
type operationCase struct {
	expectedError
	Name      string           `json:"name"`
	Bundle    string           `json:"bundle"`
	Operation string           `json:"operation"`
	Requests  []map[string]any `json:"requests"`
	Options   map[string]any   `json:"options"`
	Ladder    struct {
		StepVMAF     float64     `json:"step_vmaf"`
		TopVMAF      float64     `json:"top_vmaf"`
		BottomVMAF   float64     `json:"bottom_vmaf"`
		BitratesKbps []float64   `json:"bitrates_kbps"`
		Sizes        [][2]uint32 `json:"sizes"`
	} `json:"ladder"`
	Answers []numbers `json:"answers"`
}

// optionsOf reads options; what it does not know is an error.
func optionsOf(t *testing.T, given map[string]any, site *encast.Site) encast.PredictOptions {
	t.Helper()
	var options encast.PredictOptions
	places := map[string]*float64{
		"level": &options.Level, "deliveries": &options.Deliveries, "months_stored": &options.MonthsStored,
		"target_vmaf": &options.TargetVMAF, "min_bitrate_kbps": &options.MinBitrateKbps,
		"max_bitrate_kbps": &options.MaxBitrateKbps, "min_crf": &options.MinCRF, "max_crf": &options.MaxCRF,
		"assurance": &options.Assurance, "max_cost_usd": &options.MaxCostUSD,
		"max_encode_seconds": &options.MaxEncodeSeconds,
	}
	for name, value := range given {
		if place, known := places[name]; known {
			*place = value.(float64)
		} else if name == "site" {
			options.Site = site
		} else {
			t.Fatalf("%s is no option", name)
		}
	}
	return options
}

// anchored reads a request and its anchors, which are of bitrate and VMAF.
func anchored(t *testing.T, request map[string]any) encast.Features {
	t.Helper()
	plain := map[string]any{}
	var anchors []encast.Anchor
	for name, value := range request {
		if name != "anchors" {
			plain[name] = value
			continue
		}
		for _, one := range value.([]any) {
			fields, anchor := one.(map[string]any), encast.NewAnchor()
			if len(fields) != 2 {
				t.Fatal(fields)
			}
			anchor.BitrateKbps, anchor.VMAF = fields["bitrate_kbps"].(float64), fields["vmaf"].(float64)
			anchors = append(anchors, anchor)
		}
	}
	features := featuresOf(t, plain)
	features.Anchors = anchors
	return features
}

func (test *operationCase) run(t *testing.T, model *encast.Model, site *encast.Site) ([]numbers, error) {
	options := optionsOf(t, test.Options, site)
	var features []encast.Features
	for _, request := range test.Requests {
		features = append(features, anchored(t, request))
	}
	var answers []numbers
	switch test.Operation {
	case "predict":
		result, err := model.PredictWith(features[0], options)
		return []numbers{resultNumbers(&result)}, err
	case "batch":
		results, err := model.PredictBatch(features, &options)
		for i := range results {
			answers = append(answers, resultNumbers(&results[i]))
		}
		return answers, err
	case "recommend_bitrate":
		found, err := model.RecommendBitrate(features[0], &options)
		return []numbers{recommendationNumbers(&found)}, err
	case "recommend_crf":
		found, err := model.RecommendCRF(features[0], &options)
		return []numbers{recommendationNumbers(&found)}, err
	case "compare":
		comparison, err := model.Compare(features[0], features[1], &options)
		return []numbers{comparisonNumbers(&comparison)}, err
	case "ladder":
		ladder := encast.LadderOptions{
			StepVMAF: test.Ladder.StepVMAF, TopVMAF: test.Ladder.TopVMAF, BottomVMAF: test.Ladder.BottomVMAF,
			BitratesKbps: test.Ladder.BitratesKbps, Predict: options,
		}
		for _, size := range test.Ladder.Sizes {
			ladder.Sizes = append(ladder.Sizes, encast.Size{Width: size[0], Height: size[1]})
		}
		rungs, err := model.Ladder(features[0], &ladder)
		for i := range rungs {
			answers = append(answers, rungNumbers(&rungs[i]))
		}
		return answers, err
	}
	t.Fatalf("%s is no operation", test.Operation)
	return nil, nil
}

func readJSON(t *testing.T, name string, into any) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(testdata, name))
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestOperations: every operation answers as the corpus says, by the bits.
func TestOperations(t *testing.T) {
	var corpus struct {
		Profiles string          `json:"profiles"`
		Machine  string          `json:"machine"`
		Region   string          `json:"region"`
		Cases    []operationCase `json:"cases"`
	}
	readJSON(t, "operations.json", &corpus)
	if len(corpus.Cases) < 20 {
		t.Fatal(len(corpus.Cases))
	}
	profiles, err := encast.ParseProfiles(corpus.Profiles)
	if err != nil {
		t.Fatal(err)
	}
	defer profiles.Close()
	site, err := profiles.Site(corpus.Machine, corpus.Region)
	if err != nil {
		t.Fatal(err)
	}
	defer site.Close()
	for _, test := range corpus.Cases {
		for _, encoding := range []string{".encast", ".json"} {
			t.Run(test.Name+encoding, func(t *testing.T) {
				model, err := encast.Load(filepath.Join(testdata, strings.TrimSuffix(test.Bundle, ".encast")+encoding))
				if err != nil {
					t.Fatal(err)
				}
				defer model.Close()
				answers, err := test.run(t, model, site)
				if err != nil || test.Answers == nil {
					test.check(t, test.Operation, err)
					return
				}
				if len(answers) != len(test.Answers) {
					t.Fatalf("%d answers, want %d", len(answers), len(test.Answers))
				}
				for i, want := range test.Answers {
					for name, value := range want {
						if got, known := answers[i][name]; !known || !same(got, value) {
							t.Errorf("answer %d: %s = %v, want %v", i, name, got, value)
						}
					}
					if len(answers[i]) != len(want) {
						t.Errorf("answer %d: %d numbers, want %d", i, len(answers[i]), len(want))
					}
				}
			})
		}
	}
}

// TestBadBundles: each kind of bad bundle is refused with its own status, from its file and from memory.
func TestBadBundles(t *testing.T) {
	var corpus struct {
		Cases []struct {
			expectedError
			File string `json:"file"`
		} `json:"cases"`
	}
	readJSON(t, "bad/cases.json", &corpus)
	if len(corpus.Cases) < 15 {
		t.Fatal(len(corpus.Cases))
	}
	for _, test := range corpus.Cases {
		path := filepath.Join(testdata, "bad", test.File)
		_, err := encast.Load(path)
		test.check(t, test.File, err)
		bytes, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		_, err = encast.LoadBytes(bytes)
		test.check(t, test.File, err)
	}
}
