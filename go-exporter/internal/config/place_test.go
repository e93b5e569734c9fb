package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/encast/encast/go-exporter/encast"
)

const sited = `machine: c5.2xlarge
region: eu-central-1
months_stored: 12
deliveries: 1000
whole_machine: true
encodes:
- {name: a, resolution: 1280x720, bitrate_kbps: 2000}
- {name: b, resolution: 1280x720, bitrate_kbps: 2000}
- name: c
  resolution: 1280x720
  bitrate_kbps: 2000
  machine: box
  region: here
`

const mine = `
[machines.box]
vcpus = 4
speed = 0.5
memory_gb = 8
cpu_model = "made up"
source = "made up"
[regions.here]
grid_g_per_kwh = 400
pue = 1.5
source = "made up"
`

// files writes a configuration and profiles beside it, and returns the paths.
func files(t *testing.T, yaml, toml string) (string, string) {
	t.Helper()
	dir := t.TempDir()
	config, profiles := filepath.Join(dir, "f.yml"), filepath.Join(dir, "mine.toml")
	if err := errors.Join(os.WriteFile(config, []byte(yaml), 0o600), os.WriteFile(profiles, []byte(toml), 0o600)); err != nil {
		t.Fatal(err)
	}
	return config, profiles
}

func TestSites(t *testing.T) {
	path, _ := files(t, "profiles: mine.toml\n"+sited, mine)
	cfg, err := Load(path, Place{})
	if err != nil {
		t.Fatal(err)
	}
	a, b, c := cfg.Encodes[0], cfg.Encodes[1], cfg.Encodes[2]
	if a.Site == nil || a.Site != b.Site || c.Site == nil || c.Site == a.Site || a.Features.Machine != "" {
		t.Errorf("%+v, %+v, %+v", a, b, c)
	}
	want := encast.PredictOptions{Site: a.Site, MonthsStored: 12, Deliveries: 1000, WholeMachine: true}
	if options := cfg.OptionsOf(&a); options != want {
		t.Errorf("%+v, want %+v", options, want)
	}
	if cfg.OptionsOf(&c).Site != c.Site {
		t.Error("an encode has the site of another")
	}
}

// TestFlagsOverFile: a flag beats the file's key, an encode's own beats both.
func TestFlagsOverFile(t *testing.T) {
	path, profiles := files(t, sited, mine)
	none, twice := 0.0, 2.0
	cfg, err := Load(path, Place{Machine: "box", Region: "here", Profiles: profiles, MonthsStored: &none, Deliveries: &twice})
	if err != nil {
		t.Fatal(err)
	}
	if cfg.Encodes[0].Site == nil || cfg.Encodes[0].Site != cfg.Encodes[2].Site || cfg.Options.MonthsStored != 0 || cfg.Options.Deliveries != 2 {
		t.Errorf("%+v", cfg)
	}
	if cfg, err = Load("", Place{Machine: "m5.xlarge", Region: "us-east-1"}); err != nil || cfg.Encodes[3].Site == nil {
		t.Errorf("the built-in encodes: %+v, %v", cfg, err)
	}
	// Without a region a machine is one that the model was taught.
	if cfg, err = Load("", Place{Machine: "rack"}); err != nil || cfg.Encodes[0].Site != nil || cfg.Encodes[0].Features.Machine != "rack" {
		t.Errorf("a machine alone: %+v, %v", cfg, err)
	}
}

// TestBadPlaces: each mistake names its place, once, and what is known.
func TestBadPlaces(t *testing.T) {
	const encodes = "encodes:\n- {name: a, resolution: 1280x720, bitrate_kbps: 2000}\n- {name: b, resolution: 1280x720, bitrate_kbps: 2000}\n"
	number := 1.0
	for name, test := range map[string]struct {
		yaml, toml string
		flags      Place
		says       []string
	}{
		"machine":          {"machine: c5.2xlarg\nregion: eu-central-1\n" + encodes, "", Place{}, []string{"f.yml:1: machine: unknown machine 'c5.2xlarg': known are ", "c5.2xlarge"}},
		"region":           {"machine: c5.2xlarge\nregion: nowhere\n" + encodes, "", Place{}, []string{"f.yml:2: region: unknown region 'nowhere': known are ", "eu-central-1"}},
		"of an encode":     {"machine: c5.2xlarge\n" + encodes + "- name: c\n  resolution: 1280x720\n  crf: 20\n  region: nowhere\n", "", Place{}, []string{`f.yml:8: encode "c": region: unknown region 'nowhere'`}},
		"machine missing":  {"region: eu-central-1\n" + encodes, "", Place{}, []string{"f.yml:1: region: eu-central-1 needs a machine"}},
		"region missing":   {"months_stored: 1\n" + encodes, "", Place{}, []string{"f.yml:1: months_stored: needs a region"}},
		"flag":             {encodes, "", Place{Machine: "box", Region: "eu-central-1"}, []string{"--machine: unknown machine 'box'"}},
		"flag over file":   {"machine: c5.2xlarge\nregion: eu-central-1\n" + encodes, "", Place{Machine: "box"}, []string{"--machine: unknown machine 'box'"}},
		"flag of amount":   {encodes, "", Place{Deliveries: &number}, []string{"--deliveries: needs a region"}},
		"no region needed": {encodes, "", Place{Machine: "rack", WholeMachine: true}, []string{"--whole-machine: needs a region"}},
		"truth over file":  {"whole_machine: true\n" + encodes, "", Place{WholeMachine: true}, []string{"--whole-machine: needs a region"}},
		"profiles":         {"machine: box\nregion: here\nprofiles: mine.toml\n" + encodes, strings.Replace(mine, "pue = 1.5", "pue = 0.5", 1), Place{}, []string{"f.yml:3: profiles: ", "mine.toml: line 10: regions.here.pue = 0.5"}},
		"no profiles":      {"machine: box\nregion: here\nprofiles: none.toml\n" + encodes, "", Place{}, []string{"f.yml:3: profiles: ", "none.toml"}},
		"not a text":       {"machine: [a]\nregion:\n" + encodes, "", Place{}, []string{"f.yml:1: machine: has no value", "f.yml:2: region: has no value"}},
		"not a number":     {"months_stored: many\n" + encodes, "", Place{}, []string{`f.yml:1: months_stored: "many" is not a number`}},
		"not a truth":      {"whole_machine: 1\n" + encodes, "", Place{}, []string{`f.yml:1: whole_machine: "1" is neither true nor false`}},
		"empty":            {encodes + "- {name: c, resolution: 1280x720, crf: 20, region: ''}\n", "", Place{}, []string{`f.yml:4: encode "c": region: must not be empty`}},
	} {
		t.Run(name, func(t *testing.T) {
			path, _ := files(t, test.yaml, test.toml)
			cfg, err := Load(path, test.flags)
			if err == nil {
				t.Fatalf("%+v", cfg)
			}
			for _, text := range test.says {
				if strings.Count(err.Error(), text) != 1 {
					t.Errorf("%q does not say %q once", err, text)
				}
			}
		})
	}
}
