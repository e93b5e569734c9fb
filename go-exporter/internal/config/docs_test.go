package config

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/alecthomas/kingpin/v2"
)

// page is the user's page of the exporter.
func page(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../../docs/exporter.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestEveryFlagIsDocumented(t *testing.T) {
	app := kingpin.New("test", "").Terminate(nil)
	if _, err := ParseFlags(app, nil); err != nil {
		t.Fatal(err)
	}
	for _, flag := range app.Model().Flags {
		if flag.Hidden {
			continue
		}
		row := regexp.MustCompile(`(?m)^\| .*--` + regexp.QuoteMeta(flag.Name) + "`.*$").FindString(page(t))
		if row == "" {
			t.Errorf("--%s is not documented", flag.Name)
		}
		if flag.Envar != "" && !strings.Contains(row, "`"+flag.Envar+"`") {
			t.Errorf("%s of --%s is not documented: %s", flag.Envar, flag.Name, row)
		}
	}
}

func TestEveryFieldIsDocumented(t *testing.T) {
	for _, field := range KnownFields() {
		if !strings.Contains(page(t), "`"+field+"`") {
			t.Errorf("%s is not documented", field)
		}
	}
}

// TestDocumentedFile: the file of encodes on the page can be used.
func TestDocumentedFile(t *testing.T) {
	_, rest, found := strings.Cut(page(t), "```yaml\n")
	yaml, _, ended := strings.Cut(rest, "```")
	if !found || !ended {
		t.Fatal("the page has no YAML")
	}
	cfg, err := Parse("docs/exporter.md", []byte(yaml))
	if err != nil || len(cfg.Encodes) != 2 || cfg.Options.TargetVMAF != 93 {
		t.Errorf("%+v, %v", cfg, err)
	}
}
