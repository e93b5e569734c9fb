package encast_test

import (
	"errors"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/encast/encast/go-exporter/encast"
)

// residentMB is the memory of the process, of Go and of C.
func residentMB(t *testing.T) float64 {
	t.Helper()
	runtime.GC()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Skip("no /proc:", err)
	}
	for line := range strings.Lines(string(status)) {
		if fields := strings.Fields(line); fields[0] == "VmRSS:" {
			kb, err := strconv.Atoi(fields[1])
			if err != nil {
				t.Fatal(err)
			}
			return float64(kb) / 1024
		}
	}
	t.Fatal("no VmRSS")
	return 0
}

// calls is how many calls the test for leaks makes: ENCAST_LEAK_CALLS, such as 1e7, or fewer.
func calls(t *testing.T) int {
	t.Helper()
	text := os.Getenv("ENCAST_LEAK_CALLS")
	if text == "" {
		text = "5e4"
	}
	number, err := strconv.ParseFloat(text, 64)
	if err != nil {
		t.Fatal(err)
	}
	return int(number)
}

// TestNoLeak makes many calls of each kind, good ones and failing ones, and loads and closes models; the memory of the process
// and the number of handles have to stay.
func TestNoLeak(t *testing.T) {
	path := shared("bundles/v1.encast")
	model, err := encast.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	defer model.Close()
	good, anchored, bad := request(), request(), request()
	anchored.Anchors = []encast.Anchor{anchor(2000, 70), anchor(6000, 85)}
	bad.BitrateKbps = -1
	round := func(i int) {
		if _, err := model.Predict(good); err != nil {
			t.Fatal(err)
		}
		if _, err := model.Predict(bad); !errors.Is(err, encast.ErrInvalidField) {
			t.Fatal(err)
		}
		if i%10 == 0 {
			if _, err := model.Predict(anchored); err != nil {
				t.Fatal(err)
			}
			if _, err := model.PredictBatch([]encast.Features{good, anchored, good}, nil); err != nil {
				t.Fatal(err)
			}
		}
		if i%1000 == 0 {
			loaded, err := encast.Load(path)
			if err != nil {
				t.Fatal(err)
			}
			_ = loaded.Close()
			if _, err := encast.Load("/none"); !errors.Is(err, encast.ErrModelMissing) {
				t.Fatal(err)
			}
		}
	}
	total := calls(t)
	for i := range total / 10 {
		round(i)
	}
	handles, before := encast.LiveHandles(), residentMB(t)
	for i := range total {
		round(i)
	}
	after := residentMB(t)
	t.Logf("%d rounds: %.1f MB before, %.1f MB after", total, before, after)
	if after > before+8 {
		t.Errorf("%.1f MB before, %.1f MB after", before, after)
	}
	if now := encast.LiveHandles(); now != handles {
		t.Errorf("%d handles before, %d after", handles, now)
	}
}

// TestCloseWhileInUse: calls that meet a Close answer, or say that the model is closed.
func TestCloseWhileInUse(t *testing.T) {
	for range 20 {
		model, err := encast.Load(shared("bundles/v1.encast"))
		if err != nil {
			t.Fatal(err)
		}
		var users sync.WaitGroup
		started := make(chan struct{}, 4)
		for range 4 {
			users.Go(func() {
				for i := 0; ; i++ {
					result, err := model.Predict(request())
					if i == 0 {
						started <- struct{}{}
					}
					if errors.Is(err, encast.ErrClosed) {
						return
					}
					if err != nil || !(result.PredictedVMAF > 0) {
						t.Error(result, err)
						return
					}
				}
			})
		}
		for range 4 {
			<-started
		}
		if err := errors.Join(model.Close(), model.Close()); err != nil {
			t.Error(err)
		}
		users.Wait()
	}
}
