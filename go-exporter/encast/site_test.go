package encast_test

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/encast/encast/go-exporter/encast"
	"github.com/encast/encast/go-exporter/internal/fixture"
)

// box is a made-up machine of round numbers.
const box = `
[machines.box]
vcpus = 4
speed = 0.5
idle_watts_per_vcpu = 2
busy_watts_per_vcpu = 12
memory_gb = 8
watts_per_gb = 0.5
embodied_kg_per_vcpu = 40
lifetime_years = 4
cpu_model = "made up"
source = "made up"

[regions.here]
grid_g_per_kwh = 400
pue = 1.5
source = "made up"

[prices.here.box]
usd_per_hour = 0.36
source = "made up"

[data_prices.here]
usd_per_gb_egress = 0.1
usd_per_gb_month_storage = 0.02
source = "made up"

[encoders.libx264]
parallel_share = 0.9
source = "made up"
`

func boxSite(t *testing.T) *encast.Site {
	t.Helper()
	profiles, err := encast.ParseProfiles(box)
	if err != nil {
		t.Fatal(err)
	}
	site, err := profiles.Site("box", "here")
	if err != nil {
		t.Fatal(err)
	}
	// A site needs its profiles no more.
	if err := profiles.Close(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = site.Close() })
	return site
}

// timed forecasts VMAF and CPU time: everything else is the site's.
func timed(t *testing.T) *encast.Model {
	return fixture.Train(t, "1", 0, encast.TargetVMAF, encast.TargetCPUSeconds)
}

func encodeOf264() encast.Features {
	features := request()
	features.Encoder, features.Preset, features.DurationS = encast.EncoderLibx264, "medium", 60
	return features
}

// TestSite holds the answer against the formulas of docs/cost-and-carbon.md.
func TestSite(t *testing.T) {
	model, features := timed(t), encodeOf264()
	plain, err := model.Predict(features)
	if err != nil || math.IsNaN(plain.CPUSeconds.Value) || !math.IsNaN(plain.Resources.CostComputeUSD) || !math.IsNaN(plain.Resources.SCIGPerMinute) {
		t.Fatalf("%+v, %v", plain, err)
	}
	options := encast.PredictOptions{Site: boxSite(t), MonthsStored: 3, Deliveries: 20}
	r, err := model.PredictWith(features, options)
	if err != nil {
		t.Fatal(err)
	}
	cpu := plain.CPUSeconds.Value / .5
	seconds := cpu * (.1 + .9/4)
	for name, pair := range map[string][2]float64{
		"CPUSeconds":       {r.CPUSeconds.Value, cpu},
		"EncodeSeconds":    {r.EncodeSeconds.Value, seconds},
		"CPUPercent":       {r.CPUPercent.Value, 100 * cpu / seconds},
		"EnergyCPUKWh":     {r.Resources.EnergyCPUKWh, 10 * cpu * 1.5 / 3.6e6},
		"EnergyIdleKWh":    {r.Resources.EnergyIdleKWh, 8 * seconds * 1.5 / 3.6e6},
		"EnergyMemoryKWh":  {r.Resources.EnergyMemoryKWh, 4 * seconds * 1.5 / 3.6e6},
		"EnergyKWh":        {r.EnergyKWh.Value, (10*cpu + 12*seconds) * 1.5 / 3.6e6},
		"CostComputeUSD":   {r.Resources.CostComputeUSD, seconds / 3600 * .36},
		"CostEgressUSD":    {r.Resources.CostEgressUSD, .03 * 20 * .1},
		"CostStorageUSD":   {r.Resources.CostStorageUSD, .03 * 3 * .02},
		"CostUSD":          {r.PredictedCostUSD, seconds/3600*.36 + .06 + .0018},
		"CO2OperationalKg": {r.Resources.CO2OperationalKg, r.EnergyKWh.Value * .4},
		"CO2EmbodiedKg":    {r.Resources.CO2EmbodiedKg, 160 * seconds / (4 * 365.25 * 86400)},
		"CO2Kg":            {r.PredictedCO2Kg, r.Resources.CO2OperationalKg + r.Resources.CO2EmbodiedKg},
		"SCIGPerMinute":    {r.Resources.SCIGPerMinute, r.CO2Kg.Value * 1000},
	} {
		if found, due := pair[0], pair[1]; !(math.Abs(found/due-1) < 1e-12) {
			t.Errorf("%s = %v, want %v", name, found, due)
		}
	}
	features.Threads = 2
	half, err := model.PredictWith(features, options)
	if err != nil {
		t.Fatal(err)
	}
	options.WholeMachine = true
	rows, err := model.PredictBatch([]encast.Features{features, features}, &options)
	if err != nil || !(math.Abs(rows[1].Resources.CostComputeUSD/half.Resources.CostComputeUSD-2) < 1e-12) {
		t.Errorf("whole machine: %+v, half: %+v, %v", rows, half, err)
	}
	compared, err := model.Compare(features, features, &options)
	if err != nil || compared.A.Resources != rows[0].Resources {
		t.Errorf("compared: %+v, %v", compared.A.Resources, err)
	}
	rungs, err := model.Ladder(features, &encast.LadderOptions{Predict: options})
	if err != nil || len(rungs) == 0 || !rungs[0].CostUSD.Known() {
		t.Errorf("rungs at a site: %+v, %v", rungs, err)
	}
}

func TestLimitsAtASite(t *testing.T) {
	model, features := timed(t), encodeOf264()
	for limit, options := range map[encast.Limit]encast.PredictOptions{
		encast.LimitEnergyKWh: {MaxEnergyKWh: 1e-9},
		encast.LimitCO2Kg:     {MaxCO2Kg: 1e-9},
	} {
		options.TargetVMAF = 60
		if _, err := model.RecommendBitrate(features, &options); !errors.Is(err, encast.ErrNotPredicted) {
			t.Errorf("%s without a site: %v", limit, err)
		}
		options.Site = boxSite(t)
		answer, err := model.RecommendBitrate(features, &options)
		if err != nil || answer.Outcome != encast.OutcomeOverLimit || answer.Limit != limit || answer.LimitAllowed != 1e-9 {
			t.Errorf("%s: %+v, %v", limit, answer, err)
		}
	}
	for field, options := range map[string]encast.PredictOptions{
		"months_stored":  {MonthsStored: -1},
		"deliveries":     {Deliveries: math.NaN()},
		"max_energy_kwh": {MaxEnergyKWh: math.Inf(1)},
		"max_co2_kg":     {MaxCO2Kg: -1},
	} {
		options.Site = boxSite(t)
		var failure *encast.Error
		if _, err := model.PredictWith(features, options); !errors.Is(err, encast.ErrInvalidField) || !errors.As(err, &failure) || failure.Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
}

func TestBadProfiles(t *testing.T) {
	for name, test := range map[string]struct {
		text   string
		status encast.Status
		field  string
		says   []string
	}{
		"syntax":  {"[regions.here]\npue =\n", encast.ErrProfileSyntax, "", []string{"line 2"}},
		"unknown": {"[regions.here]\ncolour = 1\n", encast.ErrProfileSyntax, "", []string{"colour"}},
		"value":   {strings.Replace(box, "pue = 1.5", "pue = 0.5", 1), encast.ErrProfileValue, "regions.here.pue", []string{"line 16", "0.5"}},
		"text":    {"# \xff", encast.ErrBadText, "", []string{"UTF-8"}},
	} {
		path := filepath.Join(t.TempDir(), name+".toml")
		if err := os.WriteFile(path, []byte(test.text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, fromText := encast.ParseProfiles(test.text)
		_, fromFile := encast.LoadProfiles(path)
		if fromFile == nil || !strings.Contains(fromFile.Error(), path) {
			t.Errorf("%s: %v does not name the file", name, fromFile)
		}
		for _, err := range []error{fromText, fromFile} {
			var failure *encast.Error
			if !errors.Is(err, test.status) || !errors.Is(err, encast.ErrInput) || !errors.As(err, &failure) || failure.Field != test.field {
				t.Errorf("%s: %v", name, err)
				continue
			}
			for _, text := range test.says {
				if !strings.Contains(err.Error(), text) {
					t.Errorf("%s: %v does not say %q", name, err, text)
				}
			}
		}
	}
	for _, path := range []string{filepath.Join(t.TempDir(), "none.toml"), t.TempDir(), "nul\x00"} {
		if _, err := encast.LoadProfiles(path); !errors.Is(err, encast.ErrIO) {
			t.Errorf("%q: %v", path, err)
		}
	}
}

func TestUnknownSites(t *testing.T) {
	profiles, err := encast.LoadProfiles("")
	if err != nil {
		t.Fatal(err)
	}
	defer profiles.Close()
	for field, names := range map[string][3]string{
		"machine": {"c5.2xlarg", "eu-central-1", "c5.2xlarge"},
		"region":  {"c5.2xlarge", "", "eu-central-1"},
	} {
		var failure *encast.Error
		_, err := profiles.Site(names[0], names[1])
		if !errors.Is(err, encast.ErrUnknownName) || !errors.As(err, &failure) || failure.Field != field || !strings.Contains(err.Error(), names[2]) {
			t.Errorf("%s: %v", field, err)
		}
	}
	if _, err := profiles.Site("c5.2xlarge\x00", "eu-central-1"); !errors.Is(err, encast.ErrBadText) {
		t.Errorf("a NUL: %v", err)
	}
}

func TestClosedSites(t *testing.T) {
	model, features := timed(t), encodeOf264()
	site := boxSite(t)
	for range 2 {
		if err := site.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := model.PredictWith(features, encast.PredictOptions{Site: site}); !errors.Is(err, encast.ErrClosed) {
		t.Errorf("a closed site: %v", err)
	}
	profiles, err := encast.ParseProfiles(box)
	if err != nil || profiles.Close() != nil || profiles.Close() != nil {
		t.Fatal(err)
	}
	if _, err := profiles.Site("box", "here"); !errors.Is(err, encast.ErrClosed) {
		t.Errorf("closed profiles: %v", err)
	}
	// A failed conversion holds nothing: closing would wait for ever.
	site = boxSite(t)
	bad := encast.PredictOptions{Site: site, Profile: &encast.Profile{Name: strings.Repeat("x", 64)}}
	if _, err := model.PredictWith(features, bad); !errors.Is(err, encast.ErrBadText) {
		t.Errorf("a bad profile: %v", err)
	}
	features.Preset = "warp"
	if _, err := model.PredictWith(features, encast.PredictOptions{Site: site}); !errors.Is(err, encast.ErrUnknownName) {
		t.Errorf("a bad preset: %v", err)
	}
	if err := site.Close(); err != nil {
		t.Error(err)
	}
}

// TestSharedSite: goroutines share a site, which is closed while they work; what is not closed the collector frees.
func TestSharedSite(t *testing.T) {
	model, features, site := timed(t), encodeOf264(), boxSite(t)
	due, err := model.PredictWith(features, encast.PredictOptions{Site: site})
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for worker := range 8 {
		group.Go(func() {
			for range 200 {
				r, err := model.PredictWith(features, encast.PredictOptions{Site: site})
				if err != nil && !errors.Is(err, encast.ErrClosed) || err == nil && r.Resources.CostComputeUSD != due.Resources.CostComputeUSD {
					t.Errorf("%+v, %v", r, err)
					return
				}
				if worker == 0 && err == nil && r.CO2Kg != due.CO2Kg {
					t.Errorf("%+v", r.CO2Kg)
				}
			}
			_ = site.Close()
		})
	}
	group.Wait()
	for range 100 {
		profiles, err := encast.ParseProfiles(box)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := profiles.Site("box", "here"); err != nil {
			t.Fatal(err)
		}
	}
	runtime.GC()
}
