package api_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/encast/encast/go-exporter/internal/feedback"
	"github.com/encast/encast/go-exporter/internal/fixture"
)

// TestTableIsAnEncodeTable: the command reads GET /observations as it is, and judges a model by what was measured.
func TestTableIsAnEncodeTable(t *testing.T) {
	e := startKeeping(t, "", feedback.Options{})
	features, targets := fixture.Rows(0)
	var reports []string
	for i := range features {
		f := &features[i]
		reports = append(reports, fmt.Sprintf(`{"title":%q,"vmaf":%v,"psnr":%v,"bitrate_kbps":%v,"request":{"crf":%v,"resolution":"%vx%v","fps":30,"encoder":"libx264","preset":"medium","duration_s":10}}`,
			targets[i].Title, targets[i].VMAF, targets[i].PSNR, f.BitrateKbps, f.CRF, f.ResolutionWidth, f.ResolutionHeight))
	}
	post(t, e.url+"/observe", "["+strings.Join(reports, ",")+"]", 200)
	path := filepath.Join(t.TempDir(), "observations.csv")
	if err := os.WriteFile(path, get(t, e.url+"/observations", 200), 0o600); err != nil {
		t.Fatal(err)
	}
	model := fixture.File(t, "m.encast", "1", 0)
	output, err := exec.Command(tree+"target/release/encast", "evaluate", "--data", path, "--model", model, "--json").Output()
	if err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	judged := object(t, output)
	vmaf, _ := judged["targets"].(map[string]any)["vmaf"].(map[string]any)
	if judged["rows"] != float64(len(features)) || judged["titles"] != float64(12) || vmaf["rows"] != float64(len(features)) {
		t.Errorf("%s", output)
	}
	// The model was trained on these very values.
	if r2, _ := vmaf["r2"].(float64); r2 < .8 {
		t.Errorf("R² of %v", r2)
	}
}

// TestObservationsPage: what the user's page sends is taken, and what it shows of /drift has the names of the answer.
func TestObservationsPage(t *testing.T) {
	text, err := os.ReadFile(tree + "docs/observations.md")
	if err != nil {
		t.Fatal(err)
	}
	e := startKeeping(t, "", feedback.Options{})
	sent := regexp.MustCompile(`localhost:9505(/\w+) -d '([^']*)'`).FindAllStringSubmatch(string(text), -1)
	if len(sent) < 2 {
		t.Fatal("the page sends nothing")
	}
	for _, body := range sent {
		post(t, e.url+body[1], body[2], 200)
	}
	_, shown, _ := strings.Cut(string(text), "```json\n")
	shown, _, _ = strings.Cut(shown, "```")
	var page any
	if err := json.Unmarshal([]byte(shown), &page); err != nil {
		t.Fatal(err)
	}
	if got, want := names(object(t, get(t, e.url+"/drift", 200))), names(page); !slices.Equal(got, want) {
		t.Errorf("/drift has %v, the page %v", got, want)
	}
}

// names returns all names of a JSON value with their paths, elements of arrays being alike.
func names(value any) []string {
	found := map[string]bool{}
	var walk func(path string, value any)
	walk = func(path string, value any) {
		switch value := value.(type) {
		case map[string]any:
			for name, member := range value {
				found[path+"."+name] = true
				walk(path+"."+name, member)
			}
		case []any:
			for _, element := range value {
				walk(path, element)
			}
		}
	}
	walk("", value)
	return slices.Sorted(maps.Keys(found))
}
