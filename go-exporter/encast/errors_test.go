package encast_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/encast/encast/go-exporter/encast"
	"github.com/encast/encast/go-exporter/internal/fixture"
)

// residentKB returns the resident memory of this process.
func residentKB(t *testing.T) int {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Skip("no /proc here:", err)
	}
	_, rest, _ := bytes.Cut(status, []byte("VmRSS:"))
	var kb int
	if _, err := fmt.Sscan(string(rest), &kb); err != nil {
		t.Fatal(err)
	}
	return kb
}

func TestBadInput(t *testing.T) {
	model := loadDefault(t)
	for name, test := range map[string]struct {
		change func(*encast.Features)
		status encast.Status
		field  string
		texts  []string
	}{
		"no size":           {func(f *encast.Features) { f.ResolutionWidth = math.NaN() }, encast.ErrInvalidField, "resolution_width", []string{"NaN"}},
		"no rate":           {func(f *encast.Features) { f.BitrateKbps = math.NaN() }, encast.ErrMissingField, "bitrate_kbps", []string{"crf"}},
		"zero":              {func(f *encast.Features) { f.BitrateKbps = 0 }, encast.ErrInvalidField, "bitrate_kbps", []string{"= 0:"}},
		"negative":          {func(f *encast.Features) { f.FrameRate = -30 }, encast.ErrInvalidField, "frame_rate", []string{"-30", "1000"}},
		"infinite":          {func(f *encast.Features) { f.SIMean = math.Inf(1) }, encast.ErrInvalidField, "si_mean", []string{"inf"}},
		"out of bounds":     {func(f *encast.Features) { f.FrameDrop = 1.5 }, encast.ErrInvalidField, "frame_drop", []string{"1.5", "to 1"}},
		"codec number":      {func(f *encast.Features) { f.Codec = 99 }, encast.ErrBadNumber, "codec", []string{"99", "h264"}},
		"encoder number":    {func(f *encast.Features) { f.Encoder = -1 }, encast.ErrBadNumber, "encoder", []string{"-1", "libx264"}},
		"preset":            {func(f *encast.Features) { f.Preset = "warp" }, encast.ErrUnknownName, "preset", []string{"warp", "medium"}},
		"preset of another": {func(f *encast.Features) { f.Encoder, f.Preset = encast.EncoderLibsvtav1, "medium" }, encast.ErrUnknownName, "preset", []string{"medium", "13"}},
		"long preset":       {func(f *encast.Features) { f.Preset = strings.Repeat("x", 5000) }, encast.ErrUnknownName, "preset", []string{"longer than 23"}},
		"preset with NUL":   {func(f *encast.Features) { f.Preset = "fast\x00er" }, encast.ErrUnknownName, "preset", []string{"NUL"}},
		"preset not UTF-8":  {func(f *encast.Features) { f.Preset = "\xff" }, encast.ErrBadText, "preset", []string{"UTF-8"}},
		"contradiction":     {func(f *encast.Features) { f.Codec, f.Encoder = encast.CodecAV1, encast.EncoderLibx264 }, encast.ErrContradiction, "encoder", []string{"libx264", "av1"}},
	} {
		t.Run(name, func(t *testing.T) {
			features := request()
			test.change(&features)
			result, err := model.Predict(features)
			var failure *encast.Error
			if !errors.As(err, &failure) {
				t.Fatalf("got %+v, %v", result, err)
			}
			if !errors.Is(err, test.status) || !errors.Is(err, encast.ErrInput) || errors.Is(err, encast.ErrModelFile) {
				t.Errorf("status %d (%s) of %v, want %s", failure.Status, failure.Status, err, test.status)
			}
			if failure.Field != test.field || failure.Row != -1 {
				t.Errorf("field %q, row %d of %v, want %q", failure.Field, failure.Row, err, test.field)
			}
			for _, text := range append(test.texts, test.field) {
				if !strings.Contains(err.Error(), text) {
					t.Errorf("%q does not name %q", err, text)
				}
			}
			if result != (encast.Result{}) {
				t.Errorf("a result beside the error: %+v", result)
			}
		})
	}
}

func TestBadOptions(t *testing.T) {
	model := loadDefault(t)
	for field, options := range map[string]encast.PredictOptions{
		"target_vmaf":   {TargetVMAF: 101},
		"pue":           {Profile: &encast.Profile{USDPerCPUHour: .04, WattsPerCPU: 10, PUE: .5, GridGPerKWh: 400}},
		"profile.name":  {Profile: &encast.Profile{USDPerCPUHour: .04, WattsPerCPU: 10, PUE: 1.2, GridGPerKWh: 400, Name: strings.Repeat("x", 64)}},
		"watts_per_cpu": {Profile: &encast.Profile{USDPerCPUHour: .04, WattsPerCPU: math.NaN(), PUE: 1.2, GridGPerKWh: 400}},
	} {
		if _, err := model.PredictWith(request(), options); !errors.Is(err, encast.ErrInput) || !strings.Contains(err.Error(), field) {
			t.Errorf("%s: %v", field, err)
		}
		if _, err := model.PredictBatch([]encast.Features{request()}, &options); !errors.Is(err, encast.ErrInput) {
			t.Errorf("%s in a batch: %v", field, err)
		}
	}
}

func TestBadModelFiles(t *testing.T) {
	good := fixture.File(t, "good.encast", "1", 0)
	bundle, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, test := range map[string]struct {
		bytes  []byte
		status encast.Status
	}{
		"empty":        {nil, encast.ErrTruncated},
		"truncated":    {bundle[:len(bundle)/2], encast.ErrTruncated},
		"damaged":      {append(append([]byte(nil), bundle[:len(bundle)-9]...), append([]byte{bundle[len(bundle)-9] ^ 1}, bundle[len(bundle)-8:]...)...), encast.ErrChecksum},
		"another file": {[]byte("GIF89a, and then some more bytes of a picture"), encast.ErrWrongMagic},
		"another JSON": {[]byte(`{"name":"value"}`), encast.ErrWrongMagic},
		"broken JSON":  {[]byte(`{"format_version":1,`), 0},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(dir, "model")
			if err := os.WriteFile(path, test.bytes, 0o600); err != nil {
				t.Fatal(err)
			}
			_, fromFile := encast.Load(path)
			_, fromBytes := encast.LoadBytes(test.bytes)
			for _, err := range []error{fromFile, fromBytes} {
				if !errors.Is(err, encast.ErrModelFile) || test.status != 0 && !errors.Is(err, test.status) {
					t.Errorf("got %v, want %s", err, test.status)
				}
			}
		})
	}
	if _, err := encast.LoadBytes(bundle); err != nil {
		t.Errorf("good bytes: %v", err)
	}
	if _, err := encast.Load(filepath.Join(dir, "none")); !errors.Is(err, encast.ErrModelMissing) || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing file: %v", err)
	}
	if _, err := encast.Load(dir); !errors.Is(err, encast.ErrModelFile) {
		t.Errorf("folder: %v", err)
	}
	if _, err := encast.Load(good + "\x00.json"); !errors.Is(err, encast.ErrModelFile) {
		t.Errorf("path with NUL: %v", err)
	}
	if err := loadDefault(t).Save(filepath.Join(dir, "no", "such", "folder.json")); !errors.Is(err, encast.ErrIO) {
		t.Errorf("saving into a missing folder: %v", err)
	}
}

func TestBadTraining(t *testing.T) {
	features, targets := fixture.Rows(0)
	change := func(change func(f []encast.Features, m []encast.Targets)) ([]encast.Features, []encast.Targets) {
		f, m := append([]encast.Features(nil), features...), append([]encast.Targets(nil), targets...)
		change(f, m)
		return f, m
	}
	for name, test := range map[string]struct {
		change func(f []encast.Features, m []encast.Targets)
		class  error
		texts  []string
	}{
		"bad feature": {func(f []encast.Features, _ []encast.Targets) { f[3].FrameRate = -1 }, encast.ErrInvalidField, []string{"row 3", "frame_rate"}},
		"bad target":  {func(_ []encast.Features, m []encast.Targets) { m[5].VMAF = 300 }, encast.ErrInput, []string{"row 5", "vmaf", "300"}},
		"long title":  {func(_ []encast.Features, m []encast.Targets) { m[9].Title = strings.Repeat("t", 128) }, encast.ErrBadText, []string{"row 9", "title"}},
		"one title":   {func(_ []encast.Features, m []encast.Targets) { setAll(m, func(m *encast.Targets) { m.Title = "one" }) }, encast.ErrTooFew, []string{"titles"}},
		"nothing new": {func(_ []encast.Features, m []encast.Targets) { setAll(m, func(m *encast.Targets) { m.VMAF = 80 }) }, encast.ErrConstantTarget, []string{"vmaf", "80"}},
		"not measured": {func(_ []encast.Features, m []encast.Targets) {
			setAll(m, func(m *encast.Targets) { m.VMAF = math.NaN() })
		}, encast.ErrTooFew, []string{"vmaf"}},
	} {
		t.Run(name, func(t *testing.T) {
			f, m := change(test.change)
			_, err := encast.Retrain(f, m, encast.RetrainOptions{Targets: []encast.Target{encast.TargetVMAF}})
			if !errors.Is(err, test.class) {
				t.Errorf("got %v, want %v", err, test.class)
			}
			for _, text := range test.texts {
				if err == nil || !strings.Contains(err.Error(), text) {
					t.Errorf("%v does not name %q", err, text)
				}
			}
		})
	}
	if _, err := encast.Retrain(features, targets[1:], encast.RetrainOptions{}); !errors.Is(err, encast.ErrLengthMismatch) {
		t.Errorf("lengths: %v", err)
	}
	if _, err := encast.Retrain(nil, nil, encast.RetrainOptions{}); !errors.Is(err, encast.ErrTooFew) {
		t.Errorf("no rows: %v", err)
	}
	if _, err := encast.Retrain(features, targets, encast.RetrainOptions{ModelKind: 9}); !errors.Is(err, encast.ErrBadNumber) {
		t.Errorf("model kind: %v", err)
	}
}

func setAll(targets []encast.Targets, set func(*encast.Targets)) {
	for row := range targets {
		set(&targets[row])
	}
}

func TestNames(t *testing.T) {
	for name, codec := range map[string]encast.Codec{"h264": encast.CodecH264, "hevc": encast.CodecHEVC, "vp9": encast.CodecVP9, "av1": encast.CodecAV1, "vvc": encast.CodecVVC} {
		if got, err := encast.ParseCodec(name); got != codec || err != nil || codec.String() != name {
			t.Errorf("%s: %d (%v), %q", name, got, err, codec)
		}
	}
	if got, err := encast.ParseEncoder("x264"); got != encast.EncoderLibx264 || err != nil || got.String() != "libx264" {
		t.Errorf("x264: %v, %v", got, err)
	}
	for _, name := range []string{"", "H264", "a\x00", "\xff", strings.Repeat("x", 1000)} {
		if _, err := encast.ParseCodec(name); !errors.Is(err, encast.ErrInput) {
			t.Errorf("codec %q: %v", name, err)
		}
		if _, err := encast.ParseEncoder(name); !errors.Is(err, encast.ErrInput) {
			t.Errorf("encoder %q: %v", name, err)
		}
	}
	if encast.Codec(0).String() != "" || encast.Encoder(77).String() != "" || encast.Target(200).String() != "" {
		t.Error("a number that is none has a name")
	}
	if encast.ErrCorrupt.Error() != "corrupt" || encast.Version() == "" {
		t.Errorf("%q, %q", encast.ErrCorrupt, encast.Version())
	}
}
