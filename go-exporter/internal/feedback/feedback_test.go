package feedback

import (
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/encast/encast/go-exporter/encast"
	"github.com/encast/encast/go-exporter/internal/fixture"
	"github.com/encast/encast/go-exporter/internal/observations"
)

func reportOf(t testing.TB, model *encast.Model, id string, at time.Time) observations.Report {
	t.Helper()
	features, targets := fixture.Rows(0)
	told, err := model.Predict(features[0])
	if err != nil {
		t.Fatal(err)
	}
	measured := encast.NewTargets("")
	measured.VMAF = targets[0].VMAF
	return observations.Report{ID: id, Measured: measured, ObservedAt: at, Forecast: &observations.Forecast{
		Title: id, Features: features[0], Model: model.Info().Version, At: time.Now(), Told: told,
	}}
}

// counted returns how many observations errors of the VMAF are of.
func counted(t testing.TB, f *Feedback) uint64 {
	t.Helper()
	state, err := f.State()
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range state.Errors {
		if e.Target == encast.TargetVMAF {
			return e.Total
		}
	}
	return 0
}

// TestReplayWhileReporting: models come into use while observations are reported, some with times of long ago; in the end each
// observation of the model in use was taken once.
func TestReplayWhileReporting(t *testing.T) {
	const writers, each = 4, 30
	first, second := fixture.Train(t, "1", 0), fixture.Train(t, "2", 0)
	f, err := Open(Options{Path: filepath.Join(t.TempDir(), "observations.db"), Exposed: 50})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.Follow(first); err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	done := make(chan struct{})
	group.Go(func() {
		for i := 1; ; i++ {
			select {
			case <-done:
				return
			default:
			}
			if err := f.Follow([]*encast.Model{first, second}[i%2]); err != nil {
				t.Error(err)
			}
			_ = counted(t, f)
		}
	})
	var writing sync.WaitGroup
	for writer := range writers {
		writing.Go(func() {
			for i := range each {
				at := time.Now()
				if i%3 == 0 {
					at = at.Add(-time.Duration(i) * time.Hour)
				}
				if _, err := f.Store().Observe([]observations.Report{reportOf(t, first, fmt.Sprint(writer, "-", i), at)}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	writing.Wait()
	close(done)
	group.Wait()
	// Whatever is in use now was followed while observations came; without another replay all must have been counted.
	want := map[string]uint64{"1": writers * each, "2": 0}
	state, err := f.State()
	if err != nil {
		t.Fatal(err)
	}
	if got := counted(t, f); got != want[state.Model] {
		t.Errorf("%d observations of model %s are counted, want %d", got, state.Model, want[state.Model])
	}
	if state.Told[encast.TargetVMAF] != writers*each || len(state.Newest) != 50 {
		t.Errorf("%d told, %d exposed", state.Told[encast.TargetVMAF], len(state.Newest))
	}
	seen := map[string]bool{}
	for i, o := range state.Newest {
		if seen[o.ID] || i > 0 && o.ObservedAt.Before(state.Newest[i-1].ObservedAt) {
			t.Errorf("%s is exposed twice or out of order", o.ID)
		}
		seen[o.ID] = true
	}
	if state.Model == "2" {
		if err := f.Follow(first); err != nil {
			t.Fatal(err)
		}
		if got := counted(t, f); got != writers*each {
			t.Errorf("%d observations are counted after a replay, want %d", got, writers*each)
		}
	}
}

// TestLeftOut: an observation that the monitor does not take is stored, and no others suffer.
func TestLeftOut(t *testing.T) {
	model := fixture.Train(t, "1", 0)
	f, err := Open(Options{Path: filepath.Join(t.TempDir(), "observations.db"), Exposed: 50})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.Follow(model); err != nil {
		t.Fatal(err)
	}
	good, bad := reportOf(t, model, "good", time.Now()), reportOf(t, model, "bad", time.Now())
	bad.Forecast.Features.Preset = "warp"
	for _, reports := range [][]observations.Report{{bad}, {good}} {
		if _, err := f.Store().Observe(reports); err != nil {
			t.Fatal(err)
		}
	}
	if _, stored := f.Store().Counts(); stored != 2 || counted(t, f) != 1 {
		t.Errorf("%d are stored, %d counted", stored, counted(t, f))
	}
}

// TestAtSite: times of an encode at a site have errors, of what was told, and are no drift of the model.
func TestAtSite(t *testing.T) {
	model := fixture.Train(t, "1", 0, encast.TargetVMAF, encast.TargetEncodeSeconds)
	f, err := Open(Options{Path: filepath.Join(t.TempDir(), "observations.db"), Exposed: 50})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.Follow(model); err != nil {
		t.Fatal(err)
	}
	report := reportOf(t, model, "there", time.Now())
	report.Forecast.Machine, report.Forecast.Region = "c5.2xlarge", "eu-central-1"
	report.Forecast.Told.EncodeSeconds = encast.Estimate{Value: 600, Lower: 500, Upper: 700}
	report.Measured.EncodeSeconds = 610
	if _, err := f.Store().Observe([]observations.Report{report}); err != nil {
		t.Fatal(err)
	}
	state, err := f.State()
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for _, e := range state.Errors {
		if e.Target == encast.TargetEncodeSeconds {
			found = e.Count == 1 && e.Bias == 10 && e.Covered == 1
		}
	}
	if !found || counted(t, f) != 1 {
		t.Errorf("errors: %+v", state.Errors)
	}
	for _, stream := range state.Streams {
		if stream.Target != encast.TargetVMAF {
			t.Errorf("%s drifts at a site", stream.Target)
		}
	}
	if len(state.Streams) != 1 {
		t.Errorf("%d streams", len(state.Streams))
	}
}

// TestTimes: since when a residual drifts is known of the newest observations, however many there were.
func TestTimes(t *testing.T) {
	var w watch
	const count = rememberMost + 1000
	for i := range count {
		w.remember(time.Unix(int64(i), 0))
	}
	for number, want := range map[uint64]int64{0: 0, 1: 0, 1000: 0, 1001: 1000, rememberMost: rememberMost - 1, count: count - 1, count + 1: 0} {
		if got := w.timeOf(number); got != want {
			t.Errorf("observation %d was made at %d, want %d", number, got, want)
		}
	}
}

// BenchmarkFollow is the replay when a model comes into use.
func BenchmarkFollow(b *testing.B) {
	model := fixture.Train(b, "1", 0)
	f, err := Open(Options{Path: filepath.Join(b.TempDir(), "observations.db"), Exposed: 200})
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	reports := make([]observations.Report, replayMost)
	for i := range reports {
		reports[i] = reportOf(b, model, fmt.Sprint(i), time.Now())
	}
	if _, err := f.Store().Observe(reports); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := f.Follow(model); err != nil {
			b.Fatal(err)
		}
		f.watch.model.Version = "another"
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*replayMost), "µs/observation")
}

// BenchmarkState is what a scrape after an observation waits for, and what each commit does with a correction.
func BenchmarkState(b *testing.B) {
	model := fixture.Train(b, "1", 0)
	f, err := Open(Options{Path: filepath.Join(b.TempDir(), "observations.db"), Exposed: 200, Correct: true})
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	if err := f.Follow(model); err != nil {
		b.Fatal(err)
	}
	reports := make([]observations.Report, replayMost)
	for i := range reports {
		reports[i] = reportOf(b, model, fmt.Sprint(i), time.Now())
	}
	if _, err := f.Store().Observe(reports); err != nil {
		b.Fatal(err)
	}
	b.Run("state", func(b *testing.B) {
		for b.Loop() {
			f.changes.Add(1)
			if _, err := f.State(); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("correction", func(b *testing.B) {
		for b.Loop() {
			f.changed()
		}
	})
}
