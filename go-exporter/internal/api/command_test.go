package api_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const tree = "../../../"

// command runs the `encast` command, with a request on its standard input.
func command(t *testing.T, request string, args ...string) map[string]any {
	t.Helper()
	program := tree + "target/release/encast"
	if _, err := os.Stat(program); err != nil {
		t.Fatal("the tests compare with the command: build it with cargo build --release -p encast-cli")
	}
	run := exec.Command(program, append(args, "--json", "--request", "-")...)
	run.Stdin = strings.NewReader(request)
	var stderr bytes.Buffer
	run.Stderr = &stderr
	output, err := run.Output()
	if err != nil {
		t.Fatalf("%v: %v: %s", args, err, stderr.String())
	}
	return object(t, output)
}

func object(t *testing.T, text []byte) map[string]any {
	t.Helper()
	var parsed map[string]any
	if err := json.Unmarshal(text, &parsed); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return parsed
}

// differences lists where two answers differ, name by name.
func differences(got, want map[string]any, except ...string) []string {
	for _, name := range except {
		delete(got, name)
		delete(want, name)
	}
	var found []string
	var compare func(path string, a, b any)
	compare = func(path string, a, b any) {
		objectA, isA := a.(map[string]any)
		objectB, isB := b.(map[string]any)
		if !isA || !isB {
			if textA, textB := fmt.Sprint(a), fmt.Sprint(b); textA != textB {
				found = append(found, fmt.Sprintf("%s is %s, want %s", path, textA, textB))
			}
			return
		}
		for name := range objectA {
			if _, both := objectB[name]; !both {
				found = append(found, path+"."+name+" is not in the command's answer")
			}
		}
		for name := range objectB {
			compare(path+"."+name, objectA[name], objectB[name])
		}
	}
	compare("", got, want)
	return found
}

// TestPredictIsThatOfTheCommand: the cases that all faces share, and every kind of input, answered as the command does.
func TestPredictIsThatOfTheCommand(t *testing.T) {
	text, err := os.ReadFile(tree + "testdata/cases-v3.json")
	if err != nil {
		t.Fatal(err)
	}
	var shared struct {
		Cases []struct {
			Name     string
			Request  json.RawMessage
			Expected *json.RawMessage
		}
	}
	if err := json.Unmarshal(text, &shared); err != nil {
		t.Fatal(err)
	}
	v3 := tree + "testdata/bundles/v3.encast"
	url := start(t, v3)
	compared := 0
	for _, test := range shared.Cases {
		if test.Expected == nil || compared >= 12 {
			continue
		}
		compared++
		got := object(t, post(t, url+"/predict", string(test.Request), 200))
		want := command(t, string(test.Request), "predict", "--model", v3)
		if found := differences(got, want, "model"); found != nil {
			t.Errorf("%s: %s", test.Name, strings.Join(found, "; "))
		}
	}
	if compared < 6 {
		t.Errorf("only %d cases were compared", compared)
	}
	url = start(t, "")
	for _, test := range []struct {
		name, request string // the command's
		more          string // what is asked here instead of by flags
		args          []string
	}{
		{"plain", `{"bitrate_kbps":4000,"resolution_width":1920,"resolution_height":1080}`, ``, nil},
		{"crf", `{"crf":28,"resolution_width":1280,"resolution_height":720,"encoder":"libx265","si_mean":32,"ti_mean":10}`, ``, nil},
		{"options", `{"bitrate_kbps":900,"resolution_width":1280,"resolution_height":720,"codec":"h264"}`,
			`"target_vmaf":85,"min_bitrate_kbps":300,"max_bitrate_kbps":2500,"assurance":0.8,"level":0.5`,
			[]string{"--target-vmaf", "85", "--min-bitrate", "300", "--max-bitrate", "2500", "--assurance", "0.8", "--level", "0.5"}},
		{"unreachable", `{"bitrate_kbps":100,"resolution_width":1280,"resolution_height":720,"codec":"h264"}`, `"max_bitrate_kbps":120`, []string{"--max-bitrate", "120"}},
		{"site", `{"bitrate_kbps":4000,"resolution_width":1920,"resolution_height":1080,"encoder":"libx264","threads":4}`,
			`"machine":"c5.2xlarge","region":"eu-central-1","months_stored":12,"deliveries":1000,"whole_machine":true`,
			[]string{"--machine", "c5.2xlarge", "--region", "eu-central-1", "--months-stored", "12", "--deliveries", "1000", "--whole-machine"}},
	} {
		body := test.request
		if test.more != "" {
			body = strings.TrimSuffix(body, "}") + "," + test.more + "}"
		}
		got := object(t, post(t, url+"/predict", body, 200))
		if found := differences(got, command(t, test.request, append([]string{"predict"}, test.args...)...), "model"); found != nil {
			t.Errorf("%s: %s", test.name, strings.Join(found, "; "))
		}
	}
}

// TestLadderIsThatOfTheCommand, as far as the library tells.
func TestLadderIsThatOfTheCommand(t *testing.T) {
	url := start(t, "")
	const request = `{"source_width":1920,"source_height":1080,"frame_rate":30,"encoder":"libx265","si_mean":40}`
	for _, test := range []struct {
		options string
		args    []string
	}{
		{`{}`, nil},
		{`{"step_vmaf":10,"min_bitrate_ratio":1.5,"top_vmaf":90,"bottom_vmaf":50}`, []string{"--step", "10", "--min-ratio", "1.5", "--top-vmaf", "90", "--bottom-vmaf", "50"}},
		{`{"bitrates_kbps":[500,1500],"sizes":["1280x720","640x360"],"assurance":0.9,"min_bitrate_kbps":200,"max_encode_seconds":9e6}`,
			[]string{"--bitrates", "500,1500", "--sizes", "1280x720,640x360", "--assurance", "0.9", "--min-bitrate", "200", "--max-seconds", "9e6"}},
	} {
		body := strings.TrimSuffix(request, "}") + `,"options":` + test.options + "}"
		got := object(t, post(t, url+"/ladder", body, 200))
		want := command(t, request, append([]string{"ladder"}, test.args...)...)
		if found := differences(got, want, "model", "dropped", "sizes", "best_vmaf"); found != nil {
			t.Errorf("%s: %s", test.options, strings.Join(found, "; "))
		}
		if rungs, _ := got["rungs"].([]any); len(rungs) < 2 {
			t.Errorf("%s: %d rungs", test.options, len(rungs))
		}
	}
}

func TestModelIsThatOfTheBundle(t *testing.T) {
	v3 := filepath.Join(tree, "testdata/bundles/v3.encast")
	got := object(t, get(t, start(t, v3)+"/model", 200))
	for _, name := range []string{"version", "trained_at", "codecs", "encoders", "presets", "ranges", "correction"} {
		if _, has := got[name]; !has {
			t.Errorf("no %s", name)
		}
	}
	var bundle map[string]any
	text, err := os.ReadFile(tree + "testdata/bundles/v3.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &bundle); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"version", "trained_at", "rows", "titles"} {
		if fmt.Sprint(got[name]) != fmt.Sprint(bundle[name]) {
			t.Errorf("%s is %v, the bundle has %v", name, got[name], bundle[name])
		}
	}
}
