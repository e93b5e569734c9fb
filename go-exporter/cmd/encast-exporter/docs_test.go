package main

import (
	"encoding/json"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

var shellBlock = regexp.MustCompile("(?s)```sh\n(curl .*?)```")

// TestDocumentedRequests runs every request of the user's page as it stands there, against the exporter.
func TestDocumentedRequests(t *testing.T) {
	p := startExporter(t, nil, anyPort)
	blocks := shellBlock.FindAllStringSubmatch(userPage(t), -1)
	if len(blocks) < 5 {
		t.Fatalf("%d requests on the page", len(blocks))
	}
	for _, block := range blocks {
		script := strings.ReplaceAll(block[1], "localhost:9505", p.address)
		output, err := exec.Command("sh", "-c", strings.ReplaceAll(script, "curl -s", "curl -sS --fail-with-body")).CombinedOutput()
		isJSON := json.Valid(output)
		if isProbe := strings.Contains(script, "/probe"); err != nil || isJSON == isProbe || isProbe && !strings.Contains(string(output), `config="trailer"`) {
			t.Errorf("%s: %v: %s", script, err, output)
		}
	}
}
