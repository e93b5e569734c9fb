package main

//lint:file-ignore SA1019 The form that is to follow it is read by Grafana 12 and later only.

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
	"github.com/grafana/grafana-foundation-sdk/go/stat"
	"github.com/grafana/grafana-foundation-sdk/go/table"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"
)

// read returns the dashboard as its file has it.
func read(t *testing.T) dashboard.Dashboard {
	t.Helper()
	file, err := predictionsJSON()
	if err != nil {
		t.Fatal(err)
	}
	read, err := strictly(file)
	if err != nil {
		t.Fatal(err)
	}
	return read
}

// strictly reads a dashboard by Grafana's schema: unknown, missing and mistyped fields are errors. Panels and queries are
// read one by one: within the whole, reading stops at the first.
func strictly(file []byte) (dashboard.Dashboard, error) {
	runtime := cog.NewRuntime()
	runtime.RegisterPanelcfgVariant(timeseries.VariantConfig())
	runtime.RegisterPanelcfgVariant(stat.VariantConfig())
	runtime.RegisterPanelcfgVariant(table.VariantConfig())
	runtime.RegisterDataqueryVariant(prometheus.VariantConfig())
	var read dashboard.Dashboard
	var parts struct {
		Panels []json.RawMessage `json:"panels"`
	}
	err := errors.Join(json.Unmarshal(file, &read), json.Unmarshal(file, &parts), actual(new(dashboard.Dashboard).UnmarshalJSONStrict(file)))
	for _, raw := range parts.Panels {
		var panel struct {
			Type    string            `json:"type"`
			Targets []json.RawMessage `json:"targets"`
		}
		err = errors.Join(err, json.Unmarshal(raw, &panel))
		if panel.Type == "row" {
			err = errors.Join(err, actual(new(dashboard.RowPanel).UnmarshalJSONStrict(raw)))
			continue
		}
		err = errors.Join(err, actual(new(dashboard.Panel).UnmarshalJSONStrict(raw)))
		for _, target := range panel.Targets {
			_, wrong := cog.StrictUnmarshalDataquery(target, "prometheus")
			err = errors.Join(err, actual(wrong))
		}
	}
	if err != nil {
		return read, err
	}
	return read, actual(read.Validate())
}

// actual is the error, if there is one: strict reading without any returns an empty list of them, which is not nil.
func actual(err error) error {
	if problems := (cog.BuildErrors)(nil); errors.As(err, &problems) && len(problems) == 0 {
		return nil
	}
	return err
}

func TestSchema(t *testing.T) {
	read := read(t)
	if *read.Uid != "ml-predictions" || *read.Refresh != "5s" {
		t.Errorf("uid %s, refresh %s", *read.Uid, *read.Refresh)
	}
	file, err := predictionsJSON()
	if err != nil {
		t.Fatal(err)
	}
	for name, replace := range map[string][2]string{
		"field of a panel":    {`"lineWidth"`, `"lineWith"`},
		"field of a query":    {`"legendFormat"`, `"legend"`},
		"type of a figure":    {`"decimals": 1`, `"decimals": "1"`},
		"field of a variable": {`"allValue"`, `"allValues"`},
	} {
		broken := strings.Replace(string(file), replace[0], replace[1], 1)
		if broken == string(file) {
			t.Fatalf("%s: there is no %s", name, replace[0])
		}
		if _, err := strictly([]byte(broken)); err == nil {
			t.Errorf("%s: %s instead of %s is taken", name, replace[1], replace[0])
		}
	}
}

// TestNamedPanels: what a viewer was promised is there.
func TestNamedPanels(t *testing.T) {
	var titles []string
	for _, panel := range panels(read(t)) {
		titles = append(titles, *panel.Title)
	}
	for _, title := range []string{
		"Predicted VMAF", "Predicted PSNR", "Predicted cost", "Predicted CO2", "Confidence", "Recommended bitrate",
		"Model version", "Last update", "Drift", "Exporter status", "Input features", "Historical against predicted: VMAF",
	} {
		if !slices.Contains(titles, title) {
			t.Errorf("no panel %q among %q", title, titles)
		}
	}
}

func panels(d dashboard.Dashboard) []dashboard.Panel {
	var all []dashboard.Panel
	for _, p := range d.Panels {
		if p.Panel != nil {
			all = append(all, *p.Panel)
		}
	}
	return all
}

// TestLayout: panels fill the 24 columns line by line and don't lie over each other; numbers are used once.
func TestLayout(t *testing.T) {
	covered := map[[2]uint32]string{}
	numbers := map[uint32]string{}
	lines := map[uint32]uint32{}
	for _, p := range read(t).Panels {
		title, position, number := "", dashboard.GridPos{}, uint32(0)
		if p.Panel != nil {
			title, position, number = *p.Panel.Title, *p.Panel.GridPos, *p.Panel.Id
		} else {
			title, position, number = *p.RowPanel.Title, *p.RowPanel.GridPos, p.RowPanel.Id
		}
		if other, taken := numbers[number]; taken || number == 0 {
			t.Errorf("%q has the number %d of %q", title, number, other)
		}
		numbers[number] = title
		if position.X+position.W > 24 {
			t.Errorf("%q ends at column %d", title, position.X+position.W)
		}
		lines[position.Y] += position.W
		for x := position.X; x < position.X+position.W; x++ {
			for y := position.Y; y < position.Y+position.H; y++ {
				if other, taken := covered[[2]uint32{x, y}]; taken {
					t.Fatalf("%q lies over %q", title, other)
				}
				covered[[2]uint32{x, y}] = title
			}
		}
	}
	for y, width := range lines {
		if width != 24 {
			t.Errorf("the line of panels at %d is %d columns wide", y, width)
		}
	}
}

// TestLint holds what Grafana's dashboard-linter checks of a dashboard with Prometheus queries, as far as it applies.
// The linter itself is in no package registry that a build can reach.
func TestLint(t *testing.T) {
	read := read(t)
	if *read.Editable {
		t.Error("the dashboard can be edited, and edits would be lost")
	}
	variables := map[string]dashboard.VariableModel{}
	for _, variable := range read.Templating.List {
		variables[variable.Name] = variable
	}
	if first := read.Templating.List[0]; first.Type != dashboard.VariableTypeDatasource || first.Name != "DS_VICTORIAMETRICS" {
		t.Errorf("the first variable is %q of type %s", first.Name, first.Type)
	}
	for _, name := range []string{"job", "instance", "config", "codec"} {
		variable := variables[name]
		if variable.Refresh == nil || *variable.Refresh != dashboard.VariableRefreshOnTimeRangeChanged || variable.AllValue == nil ||
			!*variable.Multi || *variable.Datasource.Uid != "${DS_VICTORIAMETRICS}" {
			t.Errorf("variable %q: %+v", name, variable)
		}
	}
	for _, panel := range panels(read) {
		title := *panel.Title
		if panel.Description == nil || len(*panel.Description) < 20 {
			t.Errorf("%q has no description", title)
		}
		if panel.FieldConfig == nil || panel.FieldConfig.Defaults.Unit == nil {
			t.Errorf("%q has no unit", title)
		}
		if panel.Datasource == nil || *panel.Datasource.Uid != "${DS_VICTORIAMETRICS}" {
			t.Errorf("%q reads %+v", title, panel.Datasource)
		}
		if len(panel.Targets) == 0 {
			t.Errorf("%q has no query", title)
		}
		for _, target := range panel.Targets {
			expr := expression(t, target)
			for _, complaint := range lint(expr) {
				t.Errorf("%q: %s: %s", title, complaint, expr)
			}
		}
	}
}

func TestLintCanFail(t *testing.T) {
	for expr, want := range map[string]string{
		`max(ml_model_trees)`: "selects no job and instance",
		`rate(ml_model_reloads_total{job=~"$job",instance=~"$instance"}[5m])`:                            "has a fixed range",
		`sum(ml_model_reloads_total{job=~"$job",instance=~"$instance"})`:                                 "shows a bare counter",
		`sum(rate(ml_model_trees{job=~"$job",instance=~"$instance"}[$__rate_interval]))`:                 "takes the rate of a gauge",
		`ml_model_trees{job=~"$job",instance=~"$instance"}`:                                              "is not aggregated",
		`max(ml_model_trees{job=~"$job",instance=~"$instance"})`:                                         "",
		`sum by (a) (rate(ml_model_reloads_total{job=~"$job",instance=~"$instance"}[$__rate_interval]))`: "",
	} {
		if got := strings.Join(lint(expr), "; "); got != want {
			t.Errorf("%s: %q, want %q", expr, got, want)
		}
	}
}

var (
	selector  = regexp.MustCompile(`\b([a-z_]+)\{([^}]*)\}`)
	bare      = regexp.MustCompile(`\b(ml|qoe|cost|resource|prediction|recommended|recommendation|observation|process|up|scrape)(_[a-z0-9_]+)?\b(\{)?`)
	rated     = regexp.MustCompile(`\b(?:rate|increase)\(([a-z_]+)\{[^}]*\}\[([^\]]+)\]`)
	aggregate = regexp.MustCompile(`^(?:histogram_quantile\([\d.]+, )?(?:sum|max|min|avg|count)\b`)
)

// lint returns what is wrong with an expression.
func lint(expr string) []string {
	var complaints []string
	complain := func(wrong bool, text string) {
		if wrong && !slices.Contains(complaints, text) {
			complaints = append(complaints, text)
		}
	}
	for _, match := range bare.FindAllStringSubmatch(selector.ReplaceAllString(expr, "$1{}"), -1) {
		name := match[1] + match[2]
		complain(match[3] == "" && (match[2] != "" || name == "up"), "selects no job and instance")
	}
	inRate := map[string]bool{}
	for _, match := range rated.FindAllStringSubmatch(expr, -1) {
		inRate[match[1]] = true
		complain(match[2] != "$__rate_interval", "has a fixed range")
		complain(!counts(match[1]), "takes the rate of a gauge")
	}
	for _, match := range selector.FindAllStringSubmatch(expr, -1) {
		complain(!strings.HasPrefix(match[2], service), "selects no job and instance")
		complain(counts(match[1]) && !inRate[match[1]], "shows a bare counter")
	}
	complain(len(complaints) == 0 && !aggregate.MatchString(expr), "is not aggregated")
	return complaints
}

func counts(metric string) bool {
	return strings.HasSuffix(metric, "_total") || strings.HasSuffix(metric, "_bucket")
}

// expression is the text of a query.
func expression(t *testing.T, target any) string {
	t.Helper()
	text, err := json.Marshal(target)
	if err != nil {
		t.Fatal(err)
	}
	var query struct {
		Expr  string `json:"expr"`
		RefID string `json:"refId"`
	}
	if err := json.Unmarshal(text, &query); err != nil || query.Expr == "" || query.RefID == "" {
		t.Fatal(fmt.Errorf("%s: %w", text, err))
	}
	return query.Expr
}
