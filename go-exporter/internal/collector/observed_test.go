package collector

import (
	"bytes"
	"fmt"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"

	"github.com/encast/encast/go-exporter/encast"
	"github.com/encast/encast/go-exporter/internal/config"
	"github.com/encast/encast/go-exporter/internal/feedback"
	"github.com/encast/encast/go-exporter/internal/fixture"
	"github.com/encast/encast/go-exporter/internal/observations"
	"github.com/encast/encast/go-exporter/internal/retraining"
	"github.com/encast/encast/go-exporter/internal/serving"
)

// keep opens a store whose observations are held against a model.
func keep(t testing.TB, model *encast.Model, exposed int) *feedback.Feedback {
	t.Helper()
	kept, err := feedback.Open(feedback.Options{Path: filepath.Join(t.TempDir(), "observations.db"), Exposed: exposed})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = kept.Close() })
	if err := kept.Follow(model); err != nil {
		t.Fatal(err)
	}
	return kept
}

// observe stores what the fixture's rows measured, as many as asked for, each as an encode of a title of its own.
func observe(t testing.TB, kept *feedback.Feedback, model *encast.Model, count int) []observations.Report {
	t.Helper()
	features, targets := fixture.Rows(0)
	var reports []observations.Report
	for i := range count {
		row := i % len(features)
		told, err := model.Predict(features[row])
		if err != nil {
			t.Fatal(err)
		}
		measured := targets[row]
		measured.Title = ""
		reports = append(reports, observations.Report{
			ID: fmt.Sprint("e", i), Measured: measured, ObservedAt: time.Unix(1_700_000_000+int64(i), 0),
			Forecast: &observations.Forecast{
				Title: fmt.Sprint("title ", i), Config: "c", Features: features[row], Model: model.Info().Version, At: time.Unix(1_600_000_000, 0), Told: told,
			},
		})
	}
	if stored, err := kept.Store().Observe(reports); stored != count || err != nil {
		t.Fatal(stored, err)
	}
	return reports
}

// alone tells what was observed of the model that is followed, and nothing else.
type alone struct{ *Observed }

func (a alone) Describe(descs chan<- *prometheus.Desc) {
	for _, family := range ObservedFamilies() {
		descs <- family.desc
	}
}

func (a alone) Collect(metrics chan<- prometheus.Metric) {
	var model encast.Info
	if a.feedback != nil {
		if state, err := a.feedback.State(); err == nil {
			model.Version, model.TrainedAt = state.Model, state.Trained
		}
	}
	a.collect(metrics, true, model)
}

func gatherObserved(t testing.TB, kept *feedback.Feedback, status *retraining.File) ([]*dto.MetricFamily, map[string]*dto.MetricFamily) {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(alone{NewObserved(kept, status, slog.New(slog.DiscardHandler))})
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

// TestGoldenObserved holds names, labels, HELP and TYPE of all that observations may make the exporter say.
func TestGoldenObserved(t *testing.T) {
	path := filepath.Join(t.TempDir(), "retrain.json")
	if err := os.WriteFile(path, []byte(`{"finished_at":1795227104,"outcome":"placed","reason":"better","runs":{"placed":1},"every":86400}`), 0o600); err != nil {
		t.Fatal(err)
	}
	model := fixture.Train(t, "golden", 0, allTargets...)
	kept := keep(t, model, 1)
	observe(t, kept, model, 240)
	families, byName := gatherObserved(t, kept, retraining.NewFile(path, slog.New(slog.DiscardHandler)))
	for _, family := range ObservedFamilies() {
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
	compareGolden(t, "testdata/observed.golden", withoutValues(page.String()))
	problems, err := promlint.NewWithMetricFamilies(families).Lint()
	if err != nil || len(problems) != 0 {
		t.Errorf("lint: %v, %v", problems, err)
	}
}

// TestObservedSamples: each is the stored value in the unit of its name, of the newest observations and no others.
func TestObservedSamples(t *testing.T) {
	const exposed = 7
	model := fixture.Train(t, "1", 0, allTargets...)
	kept := keep(t, model, exposed)
	reports := observe(t, kept, model, 30)
	_, families := gatherObserved(t, kept, nil)
	for i, report := range reports {
		m, told := &report.Measured, &report.Forecast.Told
		for name, want := range map[string]float64{
			"qoe_vmaf_score": m.VMAF, "qoe_psnr_score": m.PSNR, "qoe_ssim_score": m.SSIM, "resource_encode_seconds": m.EncodeSeconds,
			"resource_cpu_seconds": m.CPUSeconds, "resource_peak_memory_bytes": 1e6 * m.PeakMemoryMB,
			"resource_energy_joules": 3.6e6 * m.EnergyKWh, "cost_usd": m.CostUSD, "cost_co2_kg": m.CO2Kg,
			"resource_bitrate_bytes_per_second": 125 * m.BitrateKbps,
			"qoe_vmaf_forecast":                 told.VMAF.Value, "qoe_psnr_forecast": told.PSNR.Value, "cost_forecast_usd": told.CostUSD.Value,
			"resource_energy_forecast_joules":  3.6e6 * told.EnergyKWh.Value,
			"resource_encode_forecast_seconds": told.EncodeSeconds.Value,
			"observation_timestamp_seconds":    float64(report.ObservedAt.Unix()),
		} {
			got, ok := fixture.Value(families, name, "id", report.ID)
			if ok != (i >= len(reports)-exposed) || ok && math.Abs(got-want) > 1e-9*math.Abs(want) {
				t.Errorf("%s of %s = %v, %v, want %v", name, report.ID, got, ok, want)
			}
		}
	}
	// An observation that comes late takes its place by its time, and pushes the oldest out.
	late := reports[29]
	late.ID, late.ObservedAt = "late", reports[25].ObservedAt.Add(time.Millisecond)
	forecast := *late.Forecast
	late.Forecast = &forecast
	if _, err := kept.Store().Observe([]observations.Report{late}); err != nil {
		t.Fatal(err)
	}
	_, families = gatherObserved(t, kept, nil)
	_, has23 := fixture.Value(families, "qoe_vmaf_score", "id", "e23")
	_, has24 := fixture.Value(families, "qoe_vmaf_score", "id", "e24")
	_, hasLate := fixture.Value(families, "qoe_vmaf_score", "id", "late")
	if has23 || !has24 || !hasLate || len(families["qoe_vmaf_score"].GetMetric()) != exposed {
		t.Errorf("e23 %v, e24 %v, late %v, %d in all", has23, has24, hasLate, len(families["qoe_vmaf_score"].GetMetric()))
	}
}

// TestObservedWithout: without observations and status there is nothing to say, and with an old-fashioned preset all is UTF-8.
func TestObservedWithout(t *testing.T) {
	if families, _ := gatherObserved(t, nil, nil); len(families) != 0 {
		t.Errorf("%v", families)
	}
	for given, want := range map[string]string{"a": "a", "a\xff": "a", strings.Repeat("ü", 100): strings.Repeat("ü", 64)} {
		if got := label(given); got != want {
			t.Errorf("label(%q) = %q", given, got)
		}
	}
}

// TestOneModelInAScrape: what was observed of a model stands beside no other one, whichever of both comes into use first.
func TestOneModelInAScrape(t *testing.T) {
	quiet := slog.New(slog.DiscardHandler)
	cfg := config.BuiltIn()
	models := map[string]*encast.Model{"1": fixture.Train(t, "1", 0), "2": fixture.Train(t, "2", -20)}
	kept := keep(t, models["1"], 10)
	observe(t, kept, models["1"], 20)
	observe := func(served, followed string, want bool) {
		t.Helper()
		holder := &serving.Holder{}
		t.Cleanup(holder.Close)
		holder.Replace(lent{models[served]}, cfg)
		if err := kept.Follow(models[followed]); err != nil {
			t.Fatal(err)
		}
		registry := prometheus.NewPedanticRegistry()
		reloader := serving.NewReloader(holder, nil, cfg, quiet)
		registry.MustRegister(New(holder, reloader, NewObserved(kept, nil, quiet), quiet))
		families, err := registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		for _, family := range families {
			seen[family.GetName()] = true
		}
		if seen["ml_observation_error"] != want || seen["ml_drift_residual_score"] != want || !seen["qoe_vmaf_score"] || !seen["ml_model_version"] {
			t.Errorf("model %s serves, model %s is followed: %v", served, followed, seen)
		}
	}
	observe("1", "1", true)
	observe("2", "1", false)
	observe("1", "2", false)
	observe("1", "1", true)
}

// lent is a model that its user does not close.
type lent struct{ *encast.Model }

func (lent) Close() error { return nil }

// BenchmarkScrapeObserved is a scrape of as many observations as are exposed by default.
func BenchmarkScrapeObserved(b *testing.B) {
	model := fixture.Train(b, "1", 0, allTargets...)
	kept := keep(b, model, 200)
	observe(b, kept, model, 240)
	registry := prometheus.NewRegistry()
	registry.MustRegister(alone{NewObserved(kept, nil, slog.New(slog.DiscardHandler))})
	series := 0
	for b.Loop() {
		families, err := registry.Gather()
		if err != nil {
			b.Fatal(err)
		}
		series = 0
		for _, family := range families {
			series += len(family.GetMetric())
		}
	}
	b.ReportMetric(float64(series), "series")
}
