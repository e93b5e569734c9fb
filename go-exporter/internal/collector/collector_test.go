package collector

import (
	"bytes"
	"flag"
	"fmt"
	"log/slog"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"

	"github.com/encast/encast/go-exporter/encast"
	"github.com/encast/encast/go-exporter/internal/config"
	"github.com/encast/encast/go-exporter/internal/fixture"
	"github.com/encast/encast/go-exporter/internal/serving"
)

var update = flag.Bool("update", false, "write the golden files and the metrics reference anew")

// gather returns what a registry with the collector alone gathers, and the families by name.
func gather(t *testing.T, cfg *config.Config, modelPath string) ([]*dto.MetricFamily, map[string]*dto.MetricFamily) {
	t.Helper()
	quiet := slog.New(slog.DiscardHandler)
	holder := &serving.Holder{}
	t.Cleanup(holder.Close)
	reloader := serving.NewReloader(holder, serving.Opener(modelPath, ""), cfg, quiet)
	if _, err := reloader.Start(); err != nil {
		t.Fatal(err)
	}
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(New(holder, reloader, nil, quiet))
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	byName := map[string]*dto.MetricFamily{}
	for _, family := range families {
		byName[family.GetName()] = family
	}
	return families, byName
}

var allTargets = []encast.Target{
	encast.TargetVMAF, encast.TargetPSNR, encast.TargetSSIM, encast.TargetBitrateKbps, encast.TargetEncodeSeconds,
	encast.TargetCPUSeconds, encast.TargetCPUPercent, encast.TargetGPUPercent, encast.TargetPeakMemoryMB,
	encast.TargetEnergyKWh, encast.TargetCostUSD, encast.TargetCO2Kg,
}

// TestGoldenScrape holds names, labels, HELP and TYPE of all that a model may make the exporter say.
func TestGoldenScrape(t *testing.T) {
	cfg, err := config.Load("testdata/encodes.yml", config.Place{})
	if err != nil {
		t.Fatal(err)
	}
	families, byName := gather(t, cfg, fixture.File(t, "model.encast", "golden", 0, allTargets...))
	for _, family := range Families() {
		if byName[family.Name] == nil {
			t.Errorf("no sample of %s", family.Name)
		}
	}
	var page bytes.Buffer
	for _, family := range families {
		if _, err := expfmt.MetricFamilyToText(&page, family); err != nil {
			t.Fatal(err)
		}
	}
	compareGolden(t, "testdata/metrics.golden", withoutValues(page.String()))
	problems, err := promlint.NewWithMetricFamilies(families).Lint()
	if err != nil || len(problems) != 0 {
		t.Errorf("lint: %v, %v", problems, err)
	}
}

// withoutValues takes the values, and the exporter's own version, out of a page.
func withoutValues(page string) string {
	var kept strings.Builder
	for line := range strings.Lines(strings.ReplaceAll(page, `version="`+encast.Version()+`"`, `version="X"`)) {
		if !strings.HasPrefix(line, "#") {
			line = line[:strings.LastIndexByte(line, ' ')] + "\n"
		}
		kept.WriteString(line)
	}
	return kept.String()
}

func compareGolden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs from what is there now; go test ./internal/collector -update writes it anew. Now:\n%s", path, got)
	}
}

// TestFixedFamilies: the families that dashboards rely on, on the embedded model and the built-in encodes.
func TestFixedFamilies(t *testing.T) {
	_, families := gather(t, config.BuiltIn(), "")
	encodes := [][]string{
		{"720p30_2mbps", "2000kbps", "1280x720", "30"},
		{"1080p30_4mbps", "4000kbps", "1920x1080", "30"},
		{"1080p60_6mbps", "6000kbps", "1920x1080", "60"},
		{"4k30_15mbps", "15000kbps", "3840x2160", "30"},
	}
	for _, name := range []string{"qoe_predicted_vmaf", "qoe_predicted_psnr", "cost_predicted_usd", "cost_predicted_co2_kg", "prediction_confidence", "recommended_bitrate_kbps"} {
		if got := len(families[name].GetMetric()); got != len(encodes) {
			t.Errorf("%s: %d samples, want %d", name, got, len(encodes))
		}
		for _, encode := range encodes {
			value, ok := fixture.Value(families, name, "config", encode[0], "bitrate", encode[1], "resolution", encode[2], "fps", encode[3])
			if !ok || value <= 0 && name != "prediction_confidence" {
				t.Errorf("%s of %s = %v, %v", name, encode[0], value, ok)
			}
		}
	}
	for name, labels := range map[string][]string{
		"ml_exporter_up":   nil,
		"ml_exporter_info": {"version", encast.Version(), "language", "go", "ml_backend", "rust"},
		"ml_model_version": nil,
	} {
		if value, ok := fixture.Value(families, name, labels...); !ok || value != 1 {
			t.Errorf("%s = %v, %v, want 1", name, value, ok)
		}
	}
}

// TestSamplesAreTheForecasts: every sample is the library's value in the unit of its name.
func TestSamplesAreTheForecasts(t *testing.T) {
	path := fixture.File(t, "model.encast", "1", 0, allTargets...)
	cfg := config.BuiltIn()
	_, families := gather(t, cfg, path)
	model, err := encast.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	defer model.Close()
	for _, encode := range cfg.Encodes {
		r, err := model.Predict(encode.Features)
		if err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string]float64{
			"qoe_predicted_vmaf": r.VMAF.Value, "qoe_predicted_vmaf_lower": r.VMAF.Lower, "qoe_predicted_vmaf_upper": r.VMAF.Upper,
			"qoe_predicted_psnr": r.PSNR.Value, "qoe_predicted_ssim_lower": r.SSIM.Lower,
			"cost_predicted_usd": r.CostUSD.Value, "cost_predicted_co2_kg_upper": r.CO2Kg.Upper,
			"resource_predicted_encode_seconds": r.EncodeSeconds.Value, "resource_predicted_cpu_seconds": r.CPUSeconds.Value,
			"resource_predicted_cpu_ratio": r.CPUPercent.Value / 100, "resource_predicted_gpu_ratio_lower": r.GPUPercent.Lower / 100,
			"resource_predicted_peak_memory_bytes": r.PeakMemoryMB.Value * 1e6, "resource_predicted_energy_joules": r.EnergyKWh.Value * 3.6e6,
			"resource_predicted_size_bytes": r.SizeMB * 1e6, "resource_predicted_bandwidth_bytes_per_second": r.BandwidthMbps * 1e6 / 8,
			"prediction_confidence": r.Confidence, "recommended_bitrate_kbps": r.RecommendedBitrateKbps,
		} {
			got, ok := fixture.Value(families, name, "config", encode.Name)
			if ok == math.IsNaN(want) || ok && math.Abs(got-want) > 1e-12*math.Abs(want) {
				t.Errorf("%s of %s = %v, %v, want %v", name, encode.Name, got, ok, want)
			}
		}
	}
}

// TestSamplesAtASite: what a site's parts say, in the unit of the metric, and only of the encode that has a site.
func TestSamplesAtASite(t *testing.T) {
	path := fixture.File(t, "model.encast", "1", 0, allTargets...)
	cfg, err := config.Load("testdata/encodes.yml", config.Place{})
	if err != nil {
		t.Fatal(err)
	}
	_, families := gather(t, cfg, path)
	model, err := encast.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	defer model.Close()
	r, err := model.PredictWith(cfg.Encodes[0].Features, cfg.OptionsOf(&cfg.Encodes[0]))
	if err != nil {
		t.Fatal(err)
	}
	const intensity = "cost_predicted_carbon_intensity_grams_per_second"
	seconds := cfg.Encodes[0].Features.DurationS
	for _, sample := range []struct {
		name, part string
		want       float64
	}{
		{"cost_predicted_usd", "", r.CostUSD.Value}, {"cost_predicted_usd_upper", "", r.CostUSD.Upper},
		{"cost_predicted_parts_usd", "compute", r.Resources.CostComputeUSD},
		{"cost_predicted_parts_usd", "egress", r.Resources.CostEgressUSD},
		{"cost_predicted_parts_usd", "storage", r.Resources.CostStorageUSD},
		{"cost_predicted_co2_parts_kg", "operational", r.Resources.CO2OperationalKg},
		{"cost_predicted_co2_parts_kg", "embodied", r.Resources.CO2EmbodiedKg},
		{"resource_predicted_energy_parts_joules", "cpu", r.Resources.EnergyCPUKWh * 3.6e6},
		{"resource_predicted_energy_parts_joules", "idle", r.Resources.EnergyIdleKWh * 3.6e6},
		{"resource_predicted_energy_parts_joules", "memory", r.Resources.EnergyMemoryKWh * 3.6e6},
		{intensity, "", r.CO2Kg.Value * 1000 / seconds},
		{intensity + "_lower", "", r.CO2Kg.Lower * 1000 / seconds},
		{intensity + "_upper", "", r.CO2Kg.Upper * 1000 / seconds},
	} {
		labels := []string{"config", cfg.Encodes[0].Name}
		if sample.part != "" {
			labels = append(labels, "part", sample.part)
		}
		got, ok := fixture.Value(families, sample.name, labels...)
		if !ok || !(math.Abs(got-sample.want) <= 1e-12*sample.want) || sample.want <= 0 {
			t.Errorf("%s %v = %v, %v, want %v", sample.name, labels, got, ok, sample.want)
		}
		if _, ok := fixture.Value(families, sample.name, "config", cfg.Encodes[1].Name); ok && sample.part != "" {
			t.Errorf("%s of an encode without a site", sample.name)
		}
	}
	if _, ok := fixture.Value(families, intensity, "config", cfg.Encodes[1].Name); ok {
		t.Error("a carbon intensity without a site")
	}
}

// TestUnknownHasNoSample: what a model does not forecast is absent, never 0 or NaN.
func TestUnknownHasNoSample(t *testing.T) {
	_, families := gather(t, config.BuiltIn(), fixture.File(t, "model.json", "1", 0))
	for name, family := range families {
		if strings.HasPrefix(name, "cost_") || strings.Contains(name, "_seconds") && strings.HasPrefix(name, "resource_") || strings.HasPrefix(name, "qoe_predicted_ssim") {
			t.Errorf("%s has samples: %v", name, family)
		}
		for _, metric := range family.GetMetric() {
			if value := metric.GetGauge().GetValue(); math.IsNaN(value) {
				t.Errorf("%s is NaN", name)
			}
		}
	}
	if len(families["qoe_predicted_vmaf"].GetMetric()) != 4 {
		t.Error("VMAF is missing")
	}
}

// TestFailedForecast: one encode that fails costs its own samples only, and is counted.
func TestFailedForecast(t *testing.T) {
	cfg := config.BuiltIn()
	quiet := slog.New(slog.DiscardHandler)
	holder := &serving.Holder{}
	defer holder.Close()
	reloader := serving.NewReloader(holder, serving.Opener("", ""), cfg, quiet)
	if _, err := reloader.Start(); err != nil {
		t.Fatal(err)
	}
	cfg.Encodes[1].Features.Preset = "warp"
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(New(holder, reloader, nil, quiet))
	for scrape := 1; scrape <= 2; scrape++ {
		families, err := registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, family := range families {
			switch family.GetName() {
			case "qoe_predicted_vmaf":
				if len(family.GetMetric()) != 3 {
					t.Errorf("%d encodes forecast, want 3", len(family.GetMetric()))
				}
			case "ml_prediction_errors_total":
				for _, metric := range family.GetMetric() {
					want := 0.0
					if fixture.Labels(metric)["config"] == cfg.Encodes[1].Name {
						want = float64(scrape)
					}
					if got := metric.GetCounter().GetValue(); got != want {
						t.Errorf("errors of %v = %v, want %v", fixture.Labels(metric), got, want)
					}
				}
			}
		}
	}
}

// TestWithoutModel: the exporter says that it has none, and nothing about encodes.
func TestWithoutModel(t *testing.T) {
	cfg := config.BuiltIn()
	holder := &serving.Holder{}
	reloader := serving.NewReloader(holder, serving.Opener("", ""), cfg, slog.New(slog.DiscardHandler))
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(New(holder, reloader, nil, slog.New(slog.DiscardHandler)))
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	names := []string{}
	for _, family := range families {
		names = append(names, family.GetName())
		if family.GetName() == "ml_exporter_up" && family.GetMetric()[0].GetGauge().GetValue() != 0 {
			t.Error("up without a model")
		}
	}
	want := []string{"ml_exporter_info", "ml_exporter_up", "ml_model_last_reload_successful", "ml_model_reloads_total"}
	if !slices.Equal(names, want) {
		t.Errorf("families %v, want %v", names, want)
	}
}

const (
	referencePath  = "../../../docs/exporter.md"
	referenceStart = "<!-- metrics: go test ./internal/collector -update -->\n"
	referenceEnd   = "<!-- end of metrics -->\n"
)

// TestReference: the metrics reference of the user's page is what the families say of themselves.
func TestReference(t *testing.T) {
	page, err := os.ReadFile(referencePath)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, foundStart := strings.Cut(string(page), referenceStart)
	_, after, foundEnd := strings.Cut(rest, referenceEnd)
	if !foundStart || !foundEnd {
		t.Fatalf("%s has no place for the reference", referencePath)
	}
	compareGolden(t, referencePath, before+referenceStart+reference()+referenceEnd+after)
}

// reference is the table of all families; the ends of intervals stand with their forecasts.
func reference() string {
	var table strings.Builder
	table.WriteString("| metric | type | labels | meaning |\n|---|---|---|---|\n")
	intervals := map[*Family]bool{}
	for _, f := range forecasts {
		intervals[f.value] = true
	}
	for _, family := range append(Families(), ObservedFamilies()...) {
		if strings.HasSuffix(family.Name, "_lower") || strings.HasSuffix(family.Name, "_upper") {
			continue
		}
		name := "`" + family.Name + "`"
		if intervals[family] {
			name += ", `…_lower`, `…_upper`"
		}
		kind := "gauge"
		if family.Type == prometheus.CounterValue {
			kind = "counter"
		}
		if family.summary {
			kind = "summary"
		}
		labels := strings.Join(family.Labels, ", ")
		if labels == "" {
			labels = "–"
		}
		fmt.Fprintf(&table, "| %s | %s | %s | %s |\n", name, kind, labels, family.Help)
	}
	return table.String()
}
