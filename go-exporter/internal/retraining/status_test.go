package retraining

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "model.retrain.json")
	var log bytes.Buffer
	file := NewFile(path, slog.New(slog.NewTextHandler(&log, nil)))
	if status, success, err := file.Read(); status != nil || success != 0 || err != nil {
		t.Fatal("a missing file:", status, success, err)
	}
	modified := time.Now()
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		modified = modified.Add(time.Second)
		if err := os.Chtimes(path, modified, modified); err != nil {
			t.Fatal(err)
		}
	}
	for _, step := range []struct {
		text, outcome, reason, fails string
		success                      float64
	}{
		{`{"finished_at":200.5,"outcome":"placed","reason":"better","runs":{"placed":1},"later":{"x":[1]}}`, "placed", "better", "", 200.5},
		{`{"finished_at":300,"outcome":"refused","reason":"Gate \"x\" missed\n"}`, "refused", "other", "", 200.5},
		{`{"finished_at":400,"outcome":"failed","reason":"export","last_success_at":350}`, "failed", "export", "", 350},
		{`{"finished_at":500,"outcome":"unchanged"}`, "unchanged", "", "", 500},
		{`{"outcome":"exploded"}`, "", "", "exploded", 500},
		{`{"outcome":`, "", "", "unexpected end", 500},
		{strings.Repeat(" ", maxFileSize+1), "", "", "larger", 500},
	} {
		write(step.text)
		for range 2 { // read, and from memory
			status, success, err := file.Read()
			switch {
			case step.fails != "":
				if err == nil || !strings.Contains(err.Error(), step.fails) || status != nil || success != step.success {
					t.Errorf("%.60s: %+v, %v, %v", step.text, status, success, err)
				}
			case err != nil || status.Outcome != step.outcome || status.Reason != step.reason || success != step.success:
				t.Errorf("%.60s: %+v, %v, %v", step.text, status, success, err)
			}
		}
	}
	if lines := strings.Count(log.String(), "\n"); lines != 3 {
		t.Errorf("%d lines were logged, want one for each mistake:\n%s", lines, &log)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if status, _, err := file.Read(); status != nil || err != nil {
		t.Error("a file that is gone:", status, err)
	}
}
