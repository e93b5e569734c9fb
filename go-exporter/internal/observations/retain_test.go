package observations

import (
	"fmt"
	"testing"
	"time"
)

func TestRetention(t *testing.T) {
	now := start
	path := newPath(t)
	s := open(t, path, Options{Retention: time.Hour, max: 800, now: func() time.Time { return now }})
	fill := func(prefix string, count int) {
		t.Helper()
		var reports []Report
		var forecasts []Forecast
		for i := range count {
			f := forecastOf(fmt.Sprintf("%s%d", prefix, i))
			f.At = now.Add(time.Duration(i) * time.Millisecond)
			reports = append(reports, Report{ID: f.ID, Forecast: &f, Measured: vmaf(1), ObservedAt: f.At})
			waiting := f
			waiting.ID = "waiting " + f.ID
			forecasts = append(forecasts, waiting)
		}
		if _, err := s.Observe(reports); err != nil {
			t.Fatal(err)
		}
		if err := s.Record(forecasts); err != nil {
			t.Fatal(err)
		}
	}
	left := func(forecasts, observations int64) {
		t.Helper()
		if err := s.pruneAll(); err != nil {
			t.Fatal(err)
		}
		if f, o := s.Counts(); f != forecasts || o != observations || int64(len(all(t, s))) != observations {
			t.Errorf("%d forecasts, %d (%d) observations are left, want %d, %d", f, o, len(all(t, s)), forecasts, observations)
		}
	}
	fill("a", 600)
	left(600, 600)
	now = now.Add(30 * time.Minute)
	fill("b", 700) // too many: the oldest go
	left(800, 800)
	if first := all(t, s)[0].ID; first != "a500" {
		t.Errorf("the oldest is %s, want a500", first)
	}
	size := s.Size()
	now = now.Add(31 * time.Minute) // those of the first time are too old
	left(700, 700)
	now = now.Add(time.Hour)
	left(0, 0)
	// The room is used again.
	for round := range 2 {
		fill(fmt.Sprint(round), 700)
		now = now.Add(2 * time.Hour)
		left(0, 0)
	}
	if s.Size() > size {
		t.Errorf("the file grew from %d to %d bytes though everything in it was forgotten", size, s.Size())
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, path, Options{})
}
