package serving

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/encast/encast/go-exporter/encast"
	"github.com/encast/encast/go-exporter/internal/config"
	"github.com/encast/encast/go-exporter/internal/fixture"
)

// put puts a file in the place of another, at once and whole.
func put(t *testing.T, from, to string) {
	t.Helper()
	data, err := os.ReadFile(from)
	if err == nil {
		err = errors.Join(os.WriteFile(to+".new", data, 0o600), os.Rename(to+".new", to))
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestWatch: a changed model is served soon; a bad one is tried once, and the old one serves on.
func TestWatch(t *testing.T) {
	first, second := fixture.File(t, "1.encast", "1", 0), fixture.File(t, "2.encast", "2", -20)
	corrupt := fixture.Corrupt(t, second)
	path := filepath.Join(t.TempDir(), "model")
	put(t, first, path)
	var holder Holder
	defer holder.Close()
	reloader := NewReloader(&holder, Opener(path, ""), config.BuiltIn(), quiet)
	reloader.Files(path, path+".minisig", "")
	if _, err := reloader.Start(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		reloader.Watch(ctx, 5*time.Millisecond)
		close(ended)
	}()
	serves := func() string {
		lease, _ := holder.Acquire()
		defer lease.Release()
		return lease.Model.Info().Version
	}
	tries := func() uint64 { status := reloader.Status(); return status.Successes + status.Failures }
	pause := func() { time.Sleep(60 * time.Millisecond) }
	pause()
	if tries() != 0 {
		t.Error("a file that did not change was loaded again")
	}
	put(t, second, path)
	fixture.WaitFor(t, func() bool { return serves() == "2" })
	put(t, corrupt, path)
	fixture.WaitFor(t, func() bool { return reloader.Status().LastFailed })
	pause()
	if serves() != "2" || tries() != 2 {
		t.Errorf("serves %s after %d loads: a bad file is tried once", serves(), tries())
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	fixture.WaitFor(t, func() bool { return tries() == 3 })
	put(t, first, path)
	fixture.WaitFor(t, func() bool { return serves() == "1" })
	// A signature that comes later is a change, too.
	if err := os.WriteFile(path+".minisig", []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	fixture.WaitFor(t, func() bool { return tries() == 5 })
	// Written where it is, not put in place.
	if err := os.WriteFile(path, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	fixture.WaitFor(t, func() bool { return reloader.Status().LastFailed })
	if serves() != "1" {
		t.Errorf("serves %s", serves())
	}
	// The same file, as long as before.
	before := tries()
	if err := os.WriteFile(path, []byte("flah"), 0o600); err != nil {
		t.Fatal(err)
	}
	fixture.WaitFor(t, func() bool { return tries() > before })
	cancel()
	<-ended
}

const profiles = `
[machines.box]
vcpus = 4
speed = %v
memory_gb = 8
cpu_model = "made up"
source = "made up"
[regions.here]
grid_g_per_kwh = 400
pue = 1.5
source = "made up"
`

// TestWatchFollowsTheConfiguration: profiles are watched that the file of encodes names, and others that it names later.
func TestWatchFollowsTheConfiguration(t *testing.T) {
	dir := t.TempDir()
	encodes := filepath.Join(dir, "encodes.yml")
	write := func(name, format string, args ...any) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), fmt.Appendf(nil, format, args...), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	name := func(file string) {
		write("encodes.yml", "machine: box\nregion: here\nprofiles: %s\nencodes:\n- {name: a, resolution: 640x360, bitrate_kbps: 500}\n", file)
	}
	write("mine.toml", profiles, 1)
	write("other.toml", profiles, 2)
	name("mine.toml")
	read := func() (*config.Config, error) { return config.Load(encodes, config.Place{}) }
	cfg, err := read()
	if err != nil {
		t.Fatal(err)
	}
	var holder Holder
	defer holder.Close()
	reloader := NewReloader(&holder, Opener(fixture.File(t, "1.encast", "1", 0, encast.TargetVMAF, encast.TargetCPUSeconds), ""), cfg, quiet)
	reloader.ReadConfig(read)
	reloader.Files(encodes)
	if _, err := reloader.Start(); err != nil {
		t.Fatal(err)
	}
	go reloader.Watch(t.Context(), 5*time.Millisecond)
	seconds := func() float64 {
		lease, _ := holder.Acquire()
		defer lease.Release()
		encode := &lease.Config.Encodes[0]
		result, err := lease.Model.PredictWith(encode.Features, lease.OptionsOf(encode))
		if err != nil {
			t.Fatal(err)
		}
		return result.CPUSeconds.Value
	}
	// at waits until the machine is so fast.
	whole := seconds()
	at := func(speed float64) {
		t.Helper()
		fixture.WaitFor(t, func() bool { return math.Abs(seconds()*speed/whole-1) < 1e-9 })
	}
	write("mine.toml", profiles, 0.5)
	at(0.5)
	name("other.toml")
	at(2)
	write("other.toml", profiles, 4)
	at(4)
	// What it names no more is not.
	fixture.WaitFor(t, func() bool {
		reloader.mu.Lock()
		defer reloader.mu.Unlock()
		return slices.Equal(reloader.watched, []string{encodes, filepath.Join(dir, "other.toml")})
	})
}

// TestOptionsAreBlamedOnce: a bad option is one mistake, however many encodes there are, and of the flag that says it.
func TestOptionsAreBlamedOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f.yml")
	text := "target_vmaf: 200\nmonths_stored: 1\nmachine: c5.2xlarge\nregion: eu-central-1\nencodes:\n" +
		"- {name: a, resolution: 640x360, bitrate_kbps: 500}\n- {name: b, resolution: 640x360, bitrate_kbps: 500}\n"
	months := -1.0
	for _, test := range []struct {
		text  string
		flags config.Place
		want  string
	}{
		{text, config.Place{}, path + ":1: target_vmaf = 200: "},
		{strings.Replace(text, "200", "90", 1), config.Place{MonthsStored: &months}, "--months-stored: months_stored = -1: "},
		{strings.Replace(text, "months_stored: 1", "months_stored: -2", 1)[len("target_vmaf: 200\n"):], config.Place{}, path + ":1: months_stored = -2: "},
	} {
		if err := os.WriteFile(path, []byte(test.text), 0o600); err != nil {
			t.Fatal(err)
		}
		cfg, err := config.Load(path, test.flags)
		if err != nil {
			t.Fatal(err)
		}
		model, err := Opener("", "")()
		if err != nil {
			t.Fatal(err)
		}
		err = Check(model, cfg)
		_ = model.Close()
		if err == nil || !strings.HasPrefix(err.Error(), test.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%v, want one that begins with %q", err, test.want)
		}
	}
}

// TestConfigIsReloadedWithTheModel: both or none.
func TestConfigIsReloadedWithTheModel(t *testing.T) {
	dir := t.TempDir()
	model, encodes := filepath.Join(dir, "model"), filepath.Join(dir, "encodes.yml")
	first, second := fixture.File(t, "1.encast", "1", 0), fixture.File(t, "2.encast", "2", -20)
	write := func(name string, bitrate any) {
		text := fmt.Sprintf("encodes:\n- {name: %s, resolution: 640x360, bitrate_kbps: %v}\n", name, bitrate)
		if err := os.WriteFile(encodes, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	read := func() (*config.Config, error) { return config.Load(encodes, config.Place{}) }
	put(t, first, model)
	write("a", 500)
	cfg, err := read()
	if err != nil {
		t.Fatal(err)
	}
	var holder Holder
	defer holder.Close()
	reloader := NewReloader(&holder, Opener(model, ""), cfg, quiet)
	reloader.ReadConfig(read)
	if _, err := reloader.Start(); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		name    string
		bitrate any
		model   string
		says    string // of the error
		serves  string
	}{
		{"b", 700, second, "", "2 b"},
		{"c", "fast", first, `"fast" is not a number`, "2 b"},
		{"c", -1, first, "bitrate_kbps = -1", "2 b"},
		{"c", 900, fixture.Corrupt(t, first), "damaged", "2 b"},
		{"c", 900, first, "", "1 c"},
	} {
		write(step.name, step.bitrate)
		put(t, step.model, model)
		_, err := reloader.Reload()
		if (err == nil) != (step.says == "") || err != nil && !strings.Contains(err.Error(), step.says) {
			t.Errorf("%v: %v", step, err)
		}
		lease, _ := holder.Acquire()
		if got := lease.Model.Info().Version + " " + lease.Config.Encodes[0].Name; got != step.serves {
			t.Errorf("%v: serves %s", step, got)
		}
		lease.Release()
	}
}
