package observations

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

func TestScan(t *testing.T) {
	s := open(t, newPath(t), Options{now: func() time.Time { return start.Add(24 * time.Hour) }})
	const count = 2*chunk + 7
	reports := make([]Report, count)
	order := rand.New(rand.NewPCG(1, 2)).Perm(count)
	for i, place := range order {
		f := forecastOf(fmt.Sprint(place))
		reports[i] = Report{ID: f.ID, Forecast: &f, Measured: vmaf(1), ObservedAt: start.Add(time.Duration(place) * time.Second)}
	}
	if stored, err := s.Observe(reports); stored != count || err != nil {
		t.Fatal(stored, err)
	}
	for _, test := range []struct{ since, limit, first, want int }{
		{-1, 0, 0, count}, {0, 0, 0, count}, {10, 0, 10, count - 10}, {10, 3, 10, 3}, {0, chunk, 0, chunk},
		{0, chunk + 1, 0, chunk + 1}, {count - 1, 0, count - 1, 1}, {count, 0, 0, 0},
	} {
		next, from := test.first, start.Add(time.Duration(test.since)*time.Second)
		if test.since < 0 {
			from = time.Time{}
		}
		err := s.Scan(from, test.limit, func(o *Observation) error {
			if o.ID != fmt.Sprint(next) {
				t.Fatalf("%+v: %s, want %d", test, o.ID, next)
			}
			next++
			return nil
		})
		if err != nil || next-test.first != test.want {
			t.Errorf("%+v: %d, %v", test, next-test.first, err)
		}
	}
	stop := errors.New("enough")
	if err := s.Scan(time.Time{}, 0, func(*Observation) error { return stop }); !errors.Is(err, stop) {
		t.Error(err)
	}
	for _, most := range []int{1, chunk, chunk + 1, count, count + 1} {
		next, left := count-1, most
		if err := s.ScanBack(func(o *Observation) bool {
			if o.ID != fmt.Sprint(next) {
				t.Fatalf("%s, want %d", o.ID, next)
			}
			next--
			left--
			return left > 0
		}); err != nil || count-1-next != min(most, count) {
			t.Errorf("%d of %d, %v", count-1-next, most, err)
		}
	}
}
