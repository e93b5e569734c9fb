package serving

import (
	"errors"
	"io/fs"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/encast/encast/go-exporter/encast"
	"github.com/encast/encast/go-exporter/internal/config"
	"github.com/encast/encast/go-exporter/internal/fixture"
)

var quiet = slog.New(slog.DiscardHandler)

func isClosed(model Model) bool {
	_, err := model.PredictWith(config.BuiltIn().Encodes[0].Features, encast.PredictOptions{})
	return errors.Is(err, encast.ErrClosed)
}

func TestHolder(t *testing.T) {
	var holder Holder
	if _, ok := holder.Acquire(); ok || holder.Loaded() {
		t.Fatal("an empty holder has a model")
	}
	first, second := fixture.Train(t, "1", 0), fixture.Train(t, "2", 0)
	holder.Replace(first, config.BuiltIn())
	lease, ok := holder.Acquire()
	if !ok || lease.Model != Model(first) {
		t.Fatalf("%v, %v", lease, ok)
	}
	other, _ := holder.Acquire()
	holder.Replace(second, config.BuiltIn())
	if isClosed(first) {
		t.Error("the old model is closed while it is in use")
	}
	lease.Release()
	lease.Release()
	if isClosed(first) {
		t.Error("a second release of one lease ended the other")
	}
	other.Release()
	if !isClosed(first) {
		t.Error("the old model is open after its last use")
	}
	if lease, ok := holder.Acquire(); !ok || lease.Model.Info().Version != "2" {
		t.Error("the new model is not in use")
	} else {
		lease.Release()
	}
	holder.Close()
	holder.Close()
	if !isClosed(second) || holder.Loaded() {
		t.Error("the model is open after Close")
	}
}

func TestReload(t *testing.T) {
	good := fixture.File(t, "good.json", "2", 0)
	for name, test := range map[string]struct {
		path string
		want error
	}{
		"good":    {good, nil},
		"default": {"", nil},
		"missing": {filepath.Join(t.TempDir(), "none.json"), fs.ErrNotExist},
		"corrupt": {fixture.Corrupt(t, fixture.File(t, "bad.encast", "3", 0)), encast.ErrChecksum},
		"folder":  {t.TempDir(), encast.ErrModelFile},
	} {
		t.Run(name, func(t *testing.T) {
			var holder Holder
			defer holder.Close()
			holder.Replace(fixture.Train(t, "1", 0), config.BuiltIn())
			reloader := NewReloader(&holder, Opener(test.path, ""), config.BuiltIn(), quiet)
			info, err := reloader.Reload()
			lease, _ := holder.Acquire()
			defer lease.Release()
			serves, status := lease.Model.Info().Version, reloader.Status()
			if test.want == nil {
				if err != nil || serves != info.Version || serves == "1" || status.Successes != 1 || status.LastFailed || status.LastSuccess.IsZero() {
					t.Errorf("%v; serves %q, status %+v", err, serves, status)
				}
			} else if !errors.Is(err, test.want) || serves != "1" || status.Failures != 1 || !status.LastFailed || status.Successes != 0 {
				t.Errorf("%v, want %v; serves %q, status %+v", err, test.want, serves, status)
			}
			if isClosed(lease.Model) {
				t.Error("the model in use is closed")
			}
		})
	}
}

// TestReloadChecksEveryEncode: a model that can't forecast what is configured never serves.
func TestReloadChecksEveryEncode(t *testing.T) {
	cfg, err := config.Parse("f.yml", []byte("encodes:\n"+
		"- {name: good, resolution: 640x360, bitrate_kbps: 500}\n"+
		"- name: bad\n  resolution: 640x360\n  bitrate_kbps: 500\n  preset: warp\n"+
		"- name: worse\n  resolution: 640x360\n  bitrate_kbps: 500\n  frame_drop: 3\n"))
	if err != nil {
		t.Fatal(err)
	}
	var holder Holder
	_, err = NewReloader(&holder, Opener("", ""), cfg, quiet).Start()
	if holder.Loaded() || !errors.Is(err, encast.ErrUnknownName) || !errors.Is(err, encast.ErrInvalidField) {
		t.Fatal(err)
	}
	for _, text := range []string{`f.yml:6: encode "bad": preset`, "warp", `f.yml:10: encode "worse": frame_drop = 3`} {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("%v does not say %q", err, text)
		}
	}
	cfg, err = config.Parse("f.yml", []byte("encodes:\n- {name: a, resolution: 640x360, crf: 20}\ntarget_vmaf: 120\n"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = NewReloader(&holder, Opener("", ""), cfg, quiet).Start()
	if err == nil || !strings.HasPrefix(err.Error(), "f.yml:3: target_vmaf") {
		t.Errorf("target_vmaf: %v", err)
	}
}

// TestReloadsAreSingleFlight: one load at a time; calls during a load share the next one, which begins after them.
func TestReloadsAreSingleFlight(t *testing.T) {
	var holder Holder
	defer holder.Close()
	var open, loads atomic.Int32
	enter, leave := make(chan struct{}), make(chan struct{})
	reloader := NewReloader(&holder, func() (Model, error) {
		if open.Add(1) > 1 {
			t.Error("two loads at a time")
		}
		defer open.Add(-1)
		loads.Add(1)
		enter <- struct{}{}
		<-leave
		return encast.LoadDefault()
	}, config.BuiltIn(), quiet)
	var group sync.WaitGroup
	var calls atomic.Int32
	reload := func() {
		calls.Add(1)
		if _, err := reloader.Reload(); err != nil {
			t.Error(err)
		}
	}
	group.Go(reload)
	<-enter
	for range 20 {
		group.Go(reload)
	}
	fixture.WaitFor(t, func() bool { return calls.Load() == 21 })
	// From the counter to the queue it is a few instructions.
	time.Sleep(100 * time.Millisecond)
	leave <- struct{}{}
	<-enter
	leave <- struct{}{}
	group.Wait()
	if loads.Load() != 2 || reloader.Status().Successes != 2 {
		t.Errorf("%d loads for 21 calls, status %+v; want 2", loads.Load(), reloader.Status())
	}
}
