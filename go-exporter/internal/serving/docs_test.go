package serving

import (
	"bytes"
	"os"
	"strings"
	"testing"
)

// TestTroubleshooting makes each trouble with a model that docs/troubleshooting.md tells of, and holds the page's words against
// what is said.
func TestTroubleshooting(t *testing.T) {
	page, err := os.ReadFile("../../../docs/troubleshooting.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(page), "\n## Model not loading\n")
	section, _, ended := strings.Cut(section, "\n## ")
	if !found || !ended {
		t.Fatal("the page has no section on models that do not load")
	}
	bundle, err := os.ReadFile("../../../testdata/bundles/v3.encast")
	if err != nil {
		t.Fatal(err)
	}
	key, err := os.ReadFile("../../../testdata/signed/one.pub")
	if err != nil {
		t.Fatal(err)
	}
	damaged := bytes.Clone(bundle)
	damaged[500] = 0
	// Of what is opened the page shows the names.
	t.Chdir(t.TempDir())
	for name, content := range map[string][]byte{
		"t.encast": bundle, "cut.encast": bundle[:100_000], "model.encast": damaged, "good.encast": bundle, "encast.pub": key,
		"page.encast": []byte("<html><body>404</body></html>"),
	} {
		if err := os.WriteFile(name, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod("t.encast", 0); err != nil {
		t.Fatal(err)
	}
	rows := 0
	for _, trouble := range []struct{ path, keys string }{
		{"none.encast", ""}, {"t.encast", ""}, {"cut.encast", ""}, {"model.encast", ""}, {"page.encast", ""}, {"good.encast", "encast.pub"},
	} {
		rows++
		if trouble.path == "t.encast" && os.Geteuid() == 0 {
			continue // root may read it
		}
		_, err := Opener(trouble.path, trouble.keys)()
		if err == nil {
			t.Errorf("%s is no trouble", trouble.path)
			continue
		}
		if !strings.Contains(section, "| `"+err.Error()+"` |") {
			t.Errorf("the table does not have %q", err)
		}
		if trouble.path == "model.encast" && !strings.Contains(section, `{"status":"error","message":"`+err.Error()+`"}`) {
			t.Errorf("the reload that failed is not told as %q", err)
		}
	}
	if got := strings.Count(section, "\n| `"); got != rows {
		t.Errorf("the table has %d rows, of which %d were made", got, rows)
	}
	model, err := Opener("good.encast", "")()
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := model.Close(); err != nil {
			t.Error(err)
		}
	}()
	if version := model.Info().Version; !strings.Contains(section, `"message":"model `+version+` is in use"`) {
		t.Errorf("the reload that succeeded is not that of %s", version)
	}
}
