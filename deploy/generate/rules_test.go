package main

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

const root = "../.."

func text(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// need returns a program; without it the test fails, unless it is told to go on without.
func need(t *testing.T, program string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err == nil {
		return path
	}
	if os.Getenv("ENCAST_SKIP_PROMETHEUS") == "1" {
		t.Skipf("ENCAST_SKIP_PROMETHEUS=1 and no %s here", program)
	}
	t.Fatalf("no %s here: scripts/setup.sh --test, or set ENCAST_SKIP_PROMETHEUS=1", program)
	return ""
}

// TestCommitted: the generated files are what their sources give.
func TestCommitted(t *testing.T) {
	if err := run([]string{"-root", root, "-check"}, io.Discard); err != nil {
		t.Error(err)
	}
}

// TestStaleIsTold: a file that differs is told, and written anew without -check.
func TestStaleIsTold(t *testing.T) {
	dir := t.TempDir()
	for _, path := range []string{rulesPath, operationsPath, dashboardPath, rulePath} {
		target := filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			t.Fatal(err)
		}
		content := text(t, path)
		if path == operationsPath {
			content = strings.Replace(content, "| [EncastLowVMAF]", "| [EncastLow]", 1)
		}
		if err := os.WriteFile(target, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := run([]string{"-root", dir, "-check"}, io.Discard); err == nil || !strings.Contains(err.Error(), operationsPath) {
		t.Errorf("a page whose table differs: %v", err)
	}
	var said strings.Builder
	if err := run([]string{"-root", dir}, &said); err != nil || said.String() != "wrote "+operationsPath+"\n" {
		t.Errorf("%v: %q", err, said.String())
	}
	if err := run([]string{"-root", dir, "-check"}, io.Discard); err != nil {
		t.Error(err)
	}
}

// testFile is what is read of promtool's test file.
type testFile struct {
	Tests []struct {
		Alerts []struct {
			Name     string `yaml:"alertname"`
			Expected []any  `yaml:"exp_alerts"`
		} `yaml:"alert_rule_test"`
	} `yaml:"tests"`
}

// TestEachAlert has its two cases, its severity and a section of the user's page.
func TestEachAlert(t *testing.T) {
	all, err := alerts([]byte(text(t, rulesPath)))
	if err != nil {
		t.Fatal(err)
	}
	var cases testFile
	if err := yaml.Unmarshal([]byte(text(t, "deploy/rules/encast_test.yml")), &cases); err != nil {
		t.Fatal(err)
	}
	firing, silent := map[string]bool{}, map[string]bool{}
	for _, test := range cases.Tests {
		for _, alert := range test.Alerts {
			firing[alert.Name] = firing[alert.Name] || len(alert.Expected) > 0
			silent[alert.Name] = silent[alert.Name] || len(alert.Expected) == 0
		}
	}
	anchors := map[string]bool{}
	for _, heading := range regexp.MustCompile(`(?m)^#+ (.+)$`).FindAllStringSubmatch(text(t, "docs/troubleshooting.md"), -1) {
		anchors[anchor(heading[1])] = true
	}
	for _, alert := range all {
		if !firing[alert.Alert] || !silent[alert.Alert] {
			t.Errorf("%s is not tested both firing (%v) and silent (%v)", alert.Alert, firing[alert.Alert], silent[alert.Alert])
		}
		if severity := alert.Labels["severity"]; severity != "critical" && severity != "warning" && severity != "info" {
			t.Errorf("%s has the severity %q", alert.Alert, severity)
		}
		page, section, _ := strings.Cut(alert.Annotations["runbook_url"], "#")
		if page != documents+"troubleshooting.md" || !anchors[section] {
			t.Errorf("%s: %s is no section of docs/troubleshooting.md", alert.Alert, alert.Annotations["runbook_url"])
		}
		for _, annotation := range []string{"summary", "description"} {
			if alert.Annotations[annotation] == "" {
				t.Errorf("%s has no %s", alert.Alert, annotation)
			}
		}
		if strings.Contains(alert.Annotations["summary"], "{{") {
			t.Errorf("%s: the summary stands in a page and can't be a template", alert.Alert)
		}
		if alert.For == "" {
			t.Errorf("%s fires at once", alert.Alert)
		}
	}
}

// anchor is how a heading is linked to.
func anchor(heading string) string {
	kept := regexp.MustCompile(`[^a-z0-9 -]`).ReplaceAllString(strings.ToLower(heading), "")
	return strings.ReplaceAll(kept, " ", "-")
}

// TestAlertsLinkedInPanels: alerts that a panel's description names exist.
func TestAlertsLinkedInPanels(t *testing.T) {
	rules := text(t, rulesPath)
	for _, panel := range panels(read(t)) {
		for _, name := range regexp.MustCompile(`Encast[A-Z]\w+`).FindAllString(*panel.Description, -1) {
			if !strings.Contains(rules, "alert: "+name+"\n") {
				t.Errorf("%q names %s, which is no alert", *panel.Title, name)
			}
		}
	}
}

// TestRules lets Prometheus and vmalert read the rules, and promtool try each alert.
func TestRules(t *testing.T) {
	promtool, vmalert := need(t, "promtool"), need(t, "vmalert")
	folder := filepath.Join(root, "deploy/rules")
	for _, command := range [][]string{
		{promtool, "check", "rules", "--lint=all", "--lint-fatal", filepath.Join(folder, "encast.yml")},
		{promtool, "test", "rules", filepath.Join(folder, "encast_test.yml")},
		{vmalert, "-dryRun", "-rule=" + filepath.Join(folder, "encast.yml")},
	} {
		if output, err := exec.Command(command[0], command[1:]...).CombinedOutput(); err != nil {
			t.Errorf("%v: %v: %s", command, err, output)
		}
	}
}

// TestRulesCanFail: a limit that is another breaks the cases of its alert.
func TestRulesCanFail(t *testing.T) {
	promtool := need(t, "promtool")
	for was, is := range map[string]string{
		"qoe_predicted_vmaf < 80":                 "qoe_predicted_vmaf <= 80",
		"prediction_confidence < 0.7":             "prediction_confidence < 0.4",
		"ml_observation_window >= 50":             "ml_observation_window >= 49",
		"+ 3 * sqrt":                              "+ 1 * sqrt",
		`{outcome="refused"} == 1`:                `{outcome="refused"} >= 0`,
		"> on () group_left () encast:cost_limit": ">= on () group_left () encast:cost_limit",
		"clamp_min(2 * (":                         "clamp_min(0 * (",
		"last_run_timestamp_seconds < -300":       "last_run_timestamp_seconds < -90000",
		"success_timestamp_seconds < -300":        "success_timestamp_seconds < 300",
	} {
		dir := t.TempDir()
		rules := text(t, rulesPath)
		changed := strings.Replace(rules, was, is, 1)
		if changed == rules {
			t.Fatalf("no %q in the rules", was)
		}
		for name, content := range map[string]string{"encast.yml": changed, "encast_test.yml": text(t, "deploy/rules/encast_test.yml")} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if exec.Command(promtool, "test", "rules", filepath.Join(dir, "encast_test.yml")).Run() == nil {
			t.Errorf("%q instead of %q breaks no case", is, was)
		}
	}
}
