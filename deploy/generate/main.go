// Command generate writes what is generated in deploy/ and docs/: the dashboard, the rules as a Kubernetes resource and
// the table of alerts. It is a module of its own, so that the exporter does not depend on Grafana's.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// uploadTime is how long Grafana may take to answer.
const uploadTime = 30 * time.Second

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintf(os.Stderr, "generate: %s\n", err)
		os.Exit(1)
	}
}

func run(args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("generate", flag.ContinueOnError)
	root := flags.String("root", "../..", "folder of the repository")
	check := flags.Bool("check", false, "write nothing; fail when a file is not what would be written")
	upload := flags.Bool("upload", false, "send the dashboard to GRAFANA_URL with the service account token GRAFANA_TOKEN")
	if err := flags.Parse(args); err != nil {
		return err
	}
	dashboard, err := predictionsJSON()
	if err != nil {
		return err
	}
	rules, err := os.ReadFile(filepath.Join(*root, rulesPath))
	if err != nil {
		return err
	}
	page, err := os.ReadFile(filepath.Join(*root, operationsPath))
	if err != nil {
		return err
	}
	resource := prometheusRule(rules)
	if page, err = withAlertTable(page, rules); err != nil {
		return err
	}
	files := []generated{
		{dashboardPath, dashboard},
		{rulePath, resource},
		{operationsPath, page},
	}
	for _, file := range files {
		if err := file.place(*root, *check, stdout); err != nil {
			return err
		}
	}
	if *upload {
		return uploadTo(&http.Client{Timeout: uploadTime}, os.Getenv("GRAFANA_URL"), os.Getenv("GRAFANA_TOKEN"), dashboard, stdout)
	}
	return nil
}

// Where the generated files are, and what they are made from.
const (
	dashboardPath  = "deploy/grafana/dashboards/ml-predictions.json"
	rulesPath      = "deploy/rules/encast.yml"
	rulePath       = "deploy/kubernetes/monitoring/prometheus-rule.yaml"
	operationsPath = "docs/operations.md"
)

// generated is a file of the repository and what has to stand in it.
type generated struct {
	path    string
	content []byte
}

// place writes the file when it differs, or only says that it does.
func (g generated) place(root string, check bool, stdout io.Writer) error {
	path := filepath.Join(root, g.path)
	there, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err == nil && bytes.Equal(there, g.content) {
		return nil
	}
	if check {
		return fmt.Errorf("%s is not what its sources give: make update-dashboards writes it anew", g.path)
	}
	fmt.Fprintf(stdout, "wrote %s\n", g.path)
	return os.WriteFile(path, g.content, 0o644)
}
