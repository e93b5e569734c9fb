package config

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/encast/encast/go-exporter/encast"
)

const complete = `# every kind of field
target_vmaf: 90
min_bitrate_kbps: 200
max_bitrate_kbps: 20000
encodes:
  - name: trailer
    resolution: 1920x1080
    frame_rate: 23.976
    bitrate_kbps: 4_500
    codec: h264
    encoder: libx264
    preset: medium
    frame_drop: 0.01
    motion_intensity: .5
    duration_s: 90
    si_mean: 45.5
    probe_psnr: 38
  - {name: feature, width: 3840, height: 2160, fps: 50, crf: 28, encoder: libsvtav1, preset: 8}
`

func TestParse(t *testing.T) {
	cfg, err := Parse("encodes.yml", []byte(complete))
	if err != nil {
		t.Fatal(err)
	}
	if want := (encast.PredictOptions{TargetVMAF: 90, MinBitrateKbps: 200, MaxBitrateKbps: 20000}); cfg.Options != want {
		t.Errorf("options = %+v, want %+v", cfg.Options, want)
	}
	if len(cfg.Encodes) != 2 {
		t.Fatalf("%d encodes, want 2", len(cfg.Encodes))
	}
	want := encast.NewFeatures()
	want.ResolutionWidth, want.ResolutionHeight, want.FrameRate, want.BitrateKbps = 1920, 1080, 23.976, 4500
	want.Codec, want.Encoder, want.Preset = encast.CodecH264, encast.EncoderLibx264, "medium"
	want.FrameDrop, want.MotionIntensity, want.DurationS, want.SIMean, want.ProbePSNR = .01, .5, 90, 45.5, 38
	checkEncode(t, cfg.Encodes[0], "trailer", want)
	want = encast.NewFeatures()
	want.ResolutionWidth, want.ResolutionHeight, want.FrameRate, want.CRF = 3840, 2160, 50, 28
	want.Encoder, want.Preset = encast.EncoderLibsvtav1, "8"
	checkEncode(t, cfg.Encodes[1], "feature", want)
}

func checkEncode(t *testing.T, got Encode, name string, want encast.Features) {
	t.Helper()
	if got.Name != name {
		t.Errorf("name = %q, want %q", got.Name, name)
	}
	for _, field := range encast.NumericFields() {
		a, b := got.Features.Value(field), want.Value(field)
		if a != b && !(math.IsNaN(a) && math.IsNaN(b)) {
			t.Errorf("%s: %s = %v, want %v", name, field, a, b)
		}
	}
	if got.Features.Codec != want.Codec || got.Features.Encoder != want.Encoder || got.Features.Preset != want.Preset {
		t.Errorf("%s: %v %v %q, want %v %v %q", name, got.Features.Codec, got.Features.Encoder, got.Features.Preset,
			want.Codec, want.Encoder, want.Preset)
	}
}

func TestBuiltIn(t *testing.T) {
	cfg, err := Load("", Place{})
	if err != nil {
		t.Fatal(err)
	}
	want := []struct {
		name                                 string
		kbps, width, height, fps, drop, move float64
	}{
		{"720p30_2mbps", 2000, 1280, 720, 30, .01, .5},
		{"1080p30_4mbps", 4000, 1920, 1080, 30, .01, .5},
		{"1080p60_6mbps", 6000, 1920, 1080, 60, .01, .6},
		{"4k30_15mbps", 15000, 3840, 2160, 30, .005, .7},
	}
	if len(cfg.Encodes) != len(want) {
		t.Fatalf("%d encodes, want %d", len(cfg.Encodes), len(want))
	}
	for i, w := range want {
		features := encast.NewFeatures()
		features.BitrateKbps, features.ResolutionWidth, features.ResolutionHeight = w.kbps, w.width, w.height
		features.FrameRate, features.FrameDrop, features.MotionIntensity = w.fps, w.drop, w.move
		checkEncode(t, cfg.Encodes[i], w.name, features)
	}
}

// TestMistakes holds the whole text of each error: where, which field, why.
func TestMistakes(t *testing.T) {
	const good = "encodes:\n- name: a\n  resolution: 1280x720\n  bitrate_kbps: 2000\n"
	for name, test := range map[string]struct{ yaml, want string }{
		"empty":           {"", "f.yml: encodes: missing: the file is empty"},
		"only a comment":  {"# nothing\n", "f.yml: encodes: missing: the file is empty"},
		"only a marker":   {"---\n", "f.yml:2: must be a mapping with the key encodes"},
		"null":            {"null\n", "f.yml:1: must be a mapping with the key encodes"},
		"syntax":          {"encodes:\n- name: [a\n", "f.yml:2: did not find expected ',' or ']'"},
		"bad indentation": {good + " x: 1\n", "f.yml:5: did not find expected"},
		"binary":          {"\x00\x01", "f.yml: control characters are not allowed"},
		"two documents":   {good + "---\n" + good, "f.yml: more than one YAML document"},
		"a list":          {"- name: a\n", "f.yml:1: must be a mapping with the key encodes"},
		"no encodes":      {"target_vmaf: 90\n", "f.yml:1: encodes: missing"},
		"empty list":      {"encodes: []\n", "f.yml:1: encodes: must be a list of at least one encode"},
		"not a list":      {"encodes: {name: a}\n", "f.yml:1: encodes: must be a list of at least one encode"},
		"not a mapping":   {"encodes:\n- a\n", "f.yml:2: must be a mapping of fields"},
		"unknown key":     {good + "scrape: 1\n", "f.yml:5: scrape: unknown key: known are deliveries, encodes, machine, max_bitrate_kbps, min_bitrate_kbps, months_stored, profiles, region, target_vmaf, whole_machine"},
		"encodes twice":   {good + good, "f.yml:5: encodes: given twice, first on line 1"},
		"bad option":      {"target_vmaf: high\n" + good, `f.yml:1: target_vmaf: "high" is not a number`},
		"option 0":        {"target_vmaf: 0\n" + good, "f.yml:1: target_vmaf: 0 is not above 0"},
		"no name":         {strings.Replace(good, "name: a", "preset: fast", 1), "f.yml:2: name: missing"},
		"empty name":      {strings.Replace(good, "name: a", "name: ''", 1), "f.yml:2: name: must not be empty"},
		"long name":       {strings.Replace(good, "name: a", "name: "+strings.Repeat("a", 129), 1), `f.yml:2: encode "` + strings.Repeat("a", 129) + `": name: 129 bytes long, at most 128 are allowed`},
		"same name":       {good + "- name: a\n  resolution: 640x360\n  crf: 20\n", `f.yml:5: name: "a" is the name of the encode on line 2 as well`},
		"no size":         {"encodes:\n- name: a\n  width: 640\n  bitrate_kbps: 2000\n", `f.yml:2: encode "a": resolution: missing: give resolution: 1920x1080, or width and height`},
		"no rate":         {"encodes:\n- name: a\n  resolution: 640x360\n", `f.yml:2: encode "a": bitrate_kbps: missing: give bitrate_kbps or crf`},
		"field twice":     {good + "  bitrate_kbps: 1\n", `f.yml:5: encode "a": bitrate_kbps: given twice, first on line 4`},
		"two spellings":   {good + "  frame_rate: 30\n  fps: 30\n", `f.yml:6: encode "a": fps: given twice, first on line 5 under another spelling`},
		"size and width":  {good + "  width: 640\n", `f.yml:5: encode "a": width: given twice, first on line 3 under another spelling`},
		"width and size":  {"encodes:\n- name: a\n  width: 640\n  resolution: 640x360\n  crf: 3\n", `f.yml:4: encode "a": resolution: given twice, first on line 3 as resolution_width`},
		"no value":        {good + "  frame_rate:\n", `f.yml:5: encode "a": frame_rate: has no value: leave the field out when it is unknown`},
		"a list for one":  {good + "  frame_rate: [30]\n", `f.yml:5: encode "a": frame_rate: must be a single value`},
		"a word":          {good + "  frame_rate: fast\n", `f.yml:5: encode "a": frame_rate: "fast" is not a number`},
		"a quoted number": {good + "  frame_rate: '30'\n", `f.yml:5: encode "a": frame_rate: "30" is not a number`},
		"true":            {good + "  frame_rate: true\n", `f.yml:5: encode "a": frame_rate: "true" is not a number`},
		"not a number":    {good + "  frame_rate: .nan\n", `f.yml:5: encode "a": frame_rate: .nan is not a finite number`},
		"infinite":        {good + "  frame_rate: -.inf\n", `f.yml:5: encode "a": frame_rate: -.inf is not a finite number`},
		"overflow":        {good + "  frame_rate: 1e999\n", `f.yml:5: encode "a": frame_rate: "1e999" is not a number`},
		"bad size":        {strings.Replace(good, "1280x720", "720p", 1), `f.yml:3: encode "a": resolution: "720p" is not of the form 1920x1080`},
		"negative size":   {strings.Replace(good, "1280x720", "-1280x720", 1), `f.yml:3: encode "a": resolution: "-1280x720" is not of the form 1920x1080`},
		"codec":           {good + "  codec: mpeg2\n", `f.yml:5: encode "a": codec: unknown codec 'mpeg2': known are h264, hevc, vp9, av1, vvc`},
		"merge key":       {"x: &x {crf: 1}\nencodes:\n- name: a\n  <<: *x\n", `f.yml:1: x: unknown key`},
	} {
		t.Run(name, func(t *testing.T) {
			cfg, err := Parse("f.yml", []byte(test.yaml))
			if err == nil {
				t.Fatalf("accepted: %+v", cfg)
			}
			if first, _, _ := strings.Cut(err.Error(), "\n"); !strings.HasPrefix(first, test.want) {
				t.Errorf("got  %s\nwant %s", err, test.want)
			}
		})
	}
}

func TestUnknownFieldListsTheKnownOnes(t *testing.T) {
	_, err := Parse("f.yml", []byte("encodes:\n- name: a\n  bitrate: 2000\n"))
	if err == nil || !strings.HasPrefix(err.Error(), `f.yml:3: encode "a": bitrate: unknown field: known are bit_depth, bitrate_kbps, codec, crf,`) {
		t.Errorf("got %v", err)
	}
}

func TestAllMistakesAreReported(t *testing.T) {
	_, err := Parse("f.yml", []byte("encodes:\n- name: a\n  resolution: big\n  crf: low\n- nome: b\n"))
	if err == nil || strings.Count(err.Error(), "f.yml:") != 3 {
		t.Errorf("got %v, want three mistakes", err)
	}
	var first *Error
	if !errors.As(err, &first) || first.Line != 3 || first.Field != "resolution" || first.Encode != "a" {
		t.Errorf("first = %+v", first)
	}
}

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	good, large := filepath.Join(dir, "good.yml"), filepath.Join(dir, "large.yml")
	if err := errors.Join(
		os.WriteFile(good, []byte(complete), 0o600),
		os.WriteFile(large, []byte(strings.Repeat("# much\n", maxFileSize/7+1)), 0o600),
	); err != nil {
		t.Fatal(err)
	}
	if cfg, err := Load(good, Place{}); err != nil || len(cfg.Encodes) != 2 {
		t.Errorf("good file: %v, %v", cfg, err)
	}
	if _, err := Load(large, Place{}); err == nil || !strings.Contains(err.Error(), "larger than") {
		t.Errorf("large file: %v", err)
	}
	if _, err := Load(filepath.Join(dir, "none.yml"), Place{}); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "none.yml") {
		t.Errorf("missing file: %v", err)
	}
	if _, err := Load(dir, Place{}); err == nil {
		t.Error("a folder was accepted")
	}
}

func TestBlame(t *testing.T) {
	cfg, err := Parse("encodes.yml", []byte(complete))
	if err != nil {
		t.Fatal(err)
	}
	cause := errors.New("frame_rate = -5: must be a finite number")
	for _, test := range []struct {
		encode      int
		field, want string
	}{
		{0, "frame_rate", `encodes.yml:8: encode "trailer": frame_rate = -5: must`},
		{1, "frame_rate", `encodes.yml:18: encode "feature": frame_rate = -5: must`},
		{0, "target_vmaf", `encodes.yml:2: target_vmaf: frame_rate = -5`},
		{0, "luminance", `encodes.yml:6: encode "trailer": luminance: frame_rate = -5`},
	} {
		got := cfg.Blame(&cfg.Encodes[test.encode], cause, test.field)
		if !strings.HasPrefix(got.Error(), test.want) || !errors.Is(got, cause) {
			t.Errorf("got  %s\nwant %s", got, test.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(complete)
	f.Add("encodes: &a\n- *a\n")
	f.Add("? [a]\n: b\n")
	f.Fuzz(func(t *testing.T, yaml string) {
		cfg, err := Parse("f.yml", []byte(yaml))
		if (cfg == nil) == (err == nil) {
			t.Fatalf("config %v, error %v", cfg, err)
		}
	})
}
