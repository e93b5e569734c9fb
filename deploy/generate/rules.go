package main

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// ruleFile is the part of a file of rules that is read here.
type ruleFile struct {
	Groups []struct {
		Name  string `yaml:"name"`
		Rules []rule `yaml:"rules"`
	} `yaml:"groups"`
}

// rule is an alert, or a recorded expression.
type rule struct {
	Alert       string            `yaml:"alert"`
	Record      string            `yaml:"record"`
	Expr        string            `yaml:"expr"`
	For         string            `yaml:"for"`
	Labels      map[string]string `yaml:"labels"`
	Annotations map[string]string `yaml:"annotations"`
}

// alerts returns the alerts of a file of rules, in its order.
func alerts(rules []byte) ([]rule, error) {
	var file ruleFile
	if err := yaml.Unmarshal(rules, &file); err != nil {
		return nil, fmt.Errorf("%s: %w", rulesPath, err)
	}
	var found []rule
	for _, group := range file.Groups {
		for _, r := range group.Rules {
			if r.Alert != "" {
				found = append(found, r)
			}
		}
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("%s: no alert in it", rulesPath)
	}
	return found, nil
}

// prometheusRule returns the rules as the resource that the Prometheus operator reads. The text is only moved to the
// right, so that comments and layout stay those of the file.
func prometheusRule(rules []byte) []byte {
	var out bytes.Buffer
	out.WriteString("# Generated from " + rulesPath + " by make update-dashboards.\n" +
		"apiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\nmetadata:\n  name: encast\nspec:\n")
	for line := range strings.Lines(string(rules)) {
		if strings.TrimSpace(line) != "" {
			out.WriteString("  ")
		}
		out.WriteString(line)
	}
	return out.Bytes()
}

// The table of alerts stands between these lines.
const (
	tableStart = "<!-- alerts: make update-dashboards -->\n"
	tableEnd   = "<!-- end of alerts -->"
)

// withAlertTable returns the page with the table of these rules' alerts.
func withAlertTable(page, rules []byte) ([]byte, error) {
	found, err := alerts(rules)
	if err != nil {
		return nil, err
	}
	before, rest, started := bytes.Cut(page, []byte(tableStart))
	_, after, ended := bytes.Cut(rest, []byte(tableEnd))
	if !started || !ended {
		return nil, errors.New(operationsPath + " has no place for the table of alerts")
	}
	var out bytes.Buffer
	out.Write(before)
	out.WriteString(tableStart + "| alert | severity | when | for |\n|---|---|---|---|\n")
	for _, alert := range found {
		_, anchor, _ := strings.Cut(alert.Annotations["runbook_url"], "#")
		fmt.Fprintf(&out, "| [%s](troubleshooting.md#%s) | %s | %s | %s |\n",
			alert.Alert, anchor, alert.Labels["severity"], alert.Annotations["summary"], alert.For)
	}
	out.WriteString(tableEnd)
	out.Write(after)
	return out.Bytes(), nil
}
