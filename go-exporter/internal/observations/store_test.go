package observations

import (
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/encast/encast/go-exporter/encast"
)

var start = time.Date(2026, 3, 4, 5, 6, 7, 891_000_000, time.UTC)

func open(t testing.TB, path string, options Options) *Store {
	t.Helper()
	if options.lockTime == 0 {
		options.lockTime = 50 * time.Millisecond
	}
	s, err := Open(path, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func newPath(t testing.TB) string { return filepath.Join(t.TempDir(), "observations.db") }

// forecastOf is a forecast with something in every field that is kept.
func forecastOf(id string) Forecast {
	f := Forecast{ID: id, Title: "a \"title\", ü", Config: "trailer", Model: "7", At: start, Level: .8, Features: encast.NewFeatures(), Told: encast.NewResult()}
	for i, field := range encast.NumericFields() {
		f.Features.Set(field, 1/float64(i+3))
	}
	f.Features.Codec, f.Features.Encoder, f.Features.Preset = encast.CodecHEVC, encast.EncoderLibx265, "slow"
	a := encast.NewAnchor()
	a.CRF, a.VMAF, a.Codec, a.Preset = 22, 91.5, encast.CodecAV1, "8"
	f.Features.Anchors = []encast.Anchor{a, encast.NewAnchor()}
	for i, target := range encast.AllTargets() {
		f.Told.SetEstimate(target, encast.Estimate{Value: 50.1 + float64(i), Lower: 1. / 3, Upper: 99})
	}
	f.Told.SetEstimate(encast.TargetSSIM, encast.Estimate{Value: .9, Lower: math.NaN(), Upper: math.NaN()})
	own := f.Told
	own.SetEstimate(encast.TargetVMAF, encast.Estimate{Value: 49, Lower: 48, Upper: 50})
	f.Own = &own
	return f
}

func vmaf(value float64) encast.Targets {
	measured := encast.NewTargets("")
	measured.VMAF = value
	return measured
}

func all(t testing.TB, s *Store) []*Observation {
	t.Helper()
	var found []*Observation
	if err := s.Scan(time.Time{}, 0, func(o *Observation) error {
		found = append(found, o)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return found
}

// text shows everything, NaN too, so that it can be compared.
func text(o *Observation) string {
	return fmt.Sprintf("%+v %+v %v %v", o.request(), o.Measured, estimatesOf(&o.Told), estimatesOf(o.Own)) +
		fmt.Sprint(o.ID, o.Level, o.Model, o.At.UnixMicro(), o.ObservedAt.UnixMicro())
}

func TestRoundTrip(t *testing.T) {
	path := newPath(t)
	s := open(t, path, Options{now: func() time.Time { return start.Add(time.Hour) }})
	want := forecastOf("1")
	if err := s.Record([]Forecast{want}); err != nil {
		t.Fatal(err)
	}
	measured := encast.NewTargets("")
	for i, target := range encast.AllTargets() {
		measured.Set(target, .9+float64(i)/100)
	}
	if stored, err := s.Observe([]Report{{ID: "1", Measured: measured, ObservedAt: start.Add(time.Minute)}}); stored != 1 || err != nil {
		t.Fatal(stored, err)
	}
	if forecasts, observations := s.Counts(); forecasts != 0 || observations != 1 {
		t.Errorf("%d forecasts, %d observations", forecasts, observations)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, path, Options{})
	found := all(t, s)
	if len(found) != 1 || found[0].Number != 1 {
		t.Fatal(found)
	}
	if got, want := text(found[0]), text(&Observation{Forecast: want, Measured: measured, ObservedAt: start.Add(time.Minute)}); got != want {
		t.Errorf("read back\n%s\nwant\n%s", got, want)
	}
	// At a site machine and region are the site's; without one the machine is an input of the model.
	for _, place := range []struct{ taught, machine, region string }{{"box", "", ""}, {"", "c5.2xlarge", "eu-central-1"}} {
		f := forecastOf("at " + place.region)
		f.Features.Machine, f.Machine, f.Region = place.taught, place.machine, place.region
		if _, err := s.Observe([]Report{{ID: f.ID, Forecast: &f, Measured: vmaf(1)}}); err != nil {
			t.Fatal(err)
		}
		found := all(t, s)
		if last := found[len(found)-1]; last.Features.Machine != place.taught || last.Machine != place.machine || last.Region != place.region {
			t.Errorf("%+v: %q, %q, %q", place, last.Features.Machine, last.Machine, last.Region)
		}
	}
}

func TestRefusals(t *testing.T) {
	now := start.Add(100 * 24 * time.Hour)
	s := open(t, newPath(t), Options{Retention: 90 * 24 * time.Hour, now: func() time.Time { return now }})
	waiting, other := forecastOf("waiting"), forecastOf("other")
	other.Features.BitrateKbps = 77
	known := func() *Forecast { f := forecastOf("known"); return &f }
	if err := s.Record([]Forecast{waiting}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Observe([]Report{{ID: "known", Forecast: known(), Measured: vmaf(80), ObservedAt: now}}); err != nil {
		t.Fatal(err)
	}
	huge := forecastOf("huge")
	huge.Features.Anchors = make([]encast.Anchor, 2000)
	good := Report{ID: "waiting", Measured: vmaf(70)}
	both := vmaf(80)
	both.PSNR = 40
	for name, test := range map[string]struct {
		report Report
		want   error
		field  string
		texts  []string
	}{
		"unknown id":        {Report{ID: "nobody's", Measured: vmaf(1)}, ErrUnknownID, "id", []string{"nobody's"}},
		"no id":             {Report{Measured: vmaf(1)}, ErrInvalid, "id", []string{"missing"}},
		"nothing measured":  {Report{ID: "waiting", Measured: encast.NewTargets("")}, ErrInvalid, "vmaf", []string{"nothing"}},
		"beyond its bound":  {Report{ID: "waiting", Measured: vmaf(100.5)}, ErrInvalid, "vmaf", []string{"100.5", "0 and 100"}},
		"infinite":          {Report{ID: "waiting", Measured: vmaf(math.Inf(1))}, ErrInvalid, "vmaf", []string{"Inf"}},
		"other values":      {Report{ID: "known", Measured: vmaf(81)}, ErrObserved, "id", []string{"vmaf = 80", "81"}},
		"more values":       {Report{ID: "known", Measured: both}, ErrObserved, "id", []string{"psnr"}},
		"other time":        {Report{ID: "known", Measured: vmaf(80), ObservedAt: now.Add(-time.Second)}, ErrObserved, "id", []string{"observed_at"}},
		"other request":     {Report{ID: "known", Forecast: &other, Measured: vmaf(80)}, ErrObserved, "id", []string{"request"}},
		"too early":         {Report{ID: "waiting", Measured: vmaf(1), ObservedAt: now.Add(-91 * 24 * time.Hour)}, ErrInvalid, "observed_at", nil},
		"before 1970":       {Report{ID: "waiting", Measured: vmaf(1), ObservedAt: time.Unix(-5, 0)}, ErrInvalid, "observed_at", nil},
		"too late":          {Report{ID: "waiting", Measured: vmaf(1), ObservedAt: now.Add(2 * time.Hour)}, ErrInvalid, "observed_at", nil},
		"long id":           {Report{ID: strings.Repeat("x", 129), Measured: vmaf(1)}, ErrInvalid, "id", []string{"129", "128"}},
		"control character": {Report{ID: "a\nb", Measured: vmaf(1)}, ErrInvalid, "id", []string{"U+000A"}},
		"no UTF-8":          {Report{ID: "a\xff", Measured: vmaf(1)}, ErrInvalid, "id", []string{"UTF-8"}},
		"too large":         {Report{ID: "huge", Forecast: &huge, Measured: vmaf(1)}, ErrInvalid, "request", []string{"65536"}},
	} {
		stored, err := s.Observe([]Report{good, test.report})
		var refusal *Refusal
		if !errors.Is(err, test.want) || !errors.As(err, &refusal) || refusal.Row != 1 || refusal.Field != test.field || stored != 0 {
			t.Errorf("%s: %d, %+v", name, stored, err)
			continue
		}
		for _, text := range test.texts {
			if !strings.Contains(err.Error(), text) {
				t.Errorf("%s: %q does not say %q", name, err, text)
			}
		}
	}
	if err := s.Record([]Forecast{forecastOf("new"), *known()}); !errors.Is(err, ErrObserved) {
		t.Error(err)
	}
	if forecasts, observations := s.Counts(); forecasts != 1 || observations != 1 || len(all(t, s)) != 1 {
		t.Errorf("refused, but %d forecasts and %d observations are there", forecasts, observations)
	}
}

// TestRepeats: what is told twice is stored once; in one call too.
func TestRepeats(t *testing.T) {
	var told []uint64
	s := open(t, newPath(t), Options{Stored: func(stored []*Observation) {
		for _, o := range stored {
			told = append(told, o.Number)
		}
	}})
	f := forecastOf("1")
	if err := errors.Join(s.Record([]Forecast{f}), s.Record([]Forecast{f, f})); err != nil {
		t.Fatal(err)
	}
	if forecasts, _ := s.Counts(); forecasts != 1 {
		t.Errorf("%d forecasts of one id", forecasts)
	}
	report := Report{ID: "1", Measured: vmaf(80)}
	for want := 1; want >= 0; want-- {
		if stored, err := s.Observe([]Report{report, report}); stored != want || err != nil {
			t.Errorf("%d, %v, want %d", stored, err, want)
		}
	}
	if stored, err := s.Observe([]Report{{ID: "1", Measured: vmaf(80), Forecast: &f}}); stored != 0 || err != nil {
		t.Error(stored, err)
	}
	if stored, err := s.Observe([]Report{{ID: "2", Measured: vmaf(80), Forecast: &f}, {ID: "2", Measured: vmaf(81), Forecast: &f}}); stored != 0 || !errors.Is(err, ErrObserved) {
		t.Error(stored, err)
	}
	// Without an id each is one of its own.
	for range 2 {
		f := f
		if stored, err := s.Observe([]Report{{Measured: vmaf(80), Forecast: &f}}); stored != 1 || err != nil {
			t.Error(stored, err)
		}
	}
	if len(all(t, s)) != 3 || fmt.Sprint(told) != "[1 2 3]" {
		t.Errorf("%d observations, told of %v", len(all(t, s)), told)
	}
}

// TestForecastIsReplaced: the newest forecast that waits is the one that counts, unless the report is of another request.
func TestForecastIsReplaced(t *testing.T) {
	s := open(t, newPath(t), Options{})
	old, next, other := forecastOf("1"), forecastOf("1"), forecastOf("1")
	next.Features.BitrateKbps, next.Model = 4444, "8"
	other.Features.BitrateKbps, other.Model = 5555, "9"
	if err := errors.Join(s.Record([]Forecast{old}), s.Record([]Forecast{next})); err != nil {
		t.Fatal(err)
	}
	again := next
	again.Model = "asked anew"
	for _, step := range []struct {
		id, want string
		forecast *Forecast
	}{{"1", "8", &again}, {"2", "9", &other}} {
		if step.id == "2" {
			waiting := next
			waiting.ID = "2"
			if err := s.Record([]Forecast{waiting}); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := s.Observe([]Report{{ID: step.id, Measured: vmaf(1), Forecast: step.forecast}}); err != nil {
			t.Fatal(err)
		}
		found := all(t, s)
		if got := found[len(found)-1].Model; got != step.want {
			t.Errorf("observed beside the forecast of model %s, want %s", got, step.want)
		}
	}
	if forecasts, _ := s.Counts(); forecasts != 0 {
		t.Errorf("%d forecasts wait", forecasts)
	}
}

// TestManyWriters: what was acknowledged is there after the file is opened again, once, and in the order that it was told in.
func TestManyWriters(t *testing.T) {
	const writers, each = 16, 20
	path := newPath(t)
	var told []uint64
	s := open(t, path, Options{Stored: func(stored []*Observation) {
		for _, o := range stored {
			told = append(told, o.Number)
		}
	}})
	var group sync.WaitGroup
	for writer := range writers {
		group.Go(func() {
			for i := range each {
				f := forecastOf(fmt.Sprintf("%d-%d", writer, i))
				if err := s.Record([]Forecast{f}); err != nil {
					t.Error(err)
				}
				if _, err := s.Observe([]Report{{ID: f.ID, Measured: vmaf(float64(writer))}}); err != nil {
					t.Error(err)
				}
				if _, err := s.Observe([]Report{{ID: "nobody's", Measured: vmaf(1)}}); !errors.Is(err, ErrUnknownID) {
					t.Error("a neighbour's refusal:", err)
				}
			}
		})
	}
	for range 4 {
		group.Go(func() {
			for range 5 {
				last := time.Time{}
				if err := s.Scan(time.Time{}, 0, func(o *Observation) error {
					if o.ObservedAt.Before(last) {
						t.Error("out of order")
					}
					last = o.ObservedAt
					return nil
				}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	stats := s.db.Stats()
	t.Logf("%d changes, %d pages written", 3*writers*each, stats.TxStats.GetWrite())
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for i, number := range told {
		if number != uint64(i)+1 {
			t.Fatalf("number %d was told as the %d.", number, i+1)
		}
	}
	s = open(t, path, Options{})
	seen := map[string]int{}
	for _, o := range all(t, s) {
		seen[o.ID]++
	}
	if len(seen) != writers*each || len(told) != writers*each {
		t.Errorf("%d ids, %d told, want %d", len(seen), len(told), writers*each)
	}
	if _, err := s.Observe([]Report{{ID: "x", Measured: vmaf(1), Forecast: &Forecast{Features: encast.NewFeatures(), Told: encast.NewResult()}}}); err != nil {
		t.Fatal(err)
	}
}

func BenchmarkObserve(b *testing.B) {
	for _, rows := range []int{1, 100, 1000} {
		b.Run(fmt.Sprint("rows=", rows), func(b *testing.B) {
			s := open(b, newPath(b), Options{})
			i := 0
			for b.Loop() {
				reports := make([]Report, rows)
				for row := range reports {
					f := forecastOf(fmt.Sprint(i))
					i++
					reports[row] = Report{ID: f.ID, Forecast: &f, Measured: vmaf(1)}
				}
				if _, err := s.Observe(reports); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(i)/b.Elapsed().Seconds(), "observations/s")
		})
	}
	b.Run("writers=100", func(b *testing.B) {
		s := open(b, newPath(b), Options{})
		var group sync.WaitGroup
		next := make(chan int)
		for range 100 {
			group.Go(func() {
				for i := range next {
					f := forecastOf(fmt.Sprint(i))
					if _, err := s.Observe([]Report{{ID: f.ID, Forecast: &f, Measured: vmaf(1)}}); err != nil {
						b.Error(err)
					}
				}
			})
		}
		i := 0
		for b.Loop() {
			next <- i
			i++
		}
		close(next)
		group.Wait()
		b.ReportMetric(float64(i)/b.Elapsed().Seconds(), "observations/s")
	})
	b.Run("open", func(b *testing.B) {
		path := newPath(b)
		s := open(b, path, Options{})
		reports := make([]Report, 10000)
		for row := range reports {
			f := forecastOf(fmt.Sprint(row))
			reports[row] = Report{ID: f.ID, Forecast: &f, Measured: vmaf(1)}
		}
		if _, err := s.Observe(reports); err != nil {
			b.Fatal(err)
		}
		_ = s.Close()
		for b.Loop() {
			s, err := Open(path, Options{})
			if err != nil {
				b.Fatal(err)
			}
			_ = s.Close()
		}
	})
}
