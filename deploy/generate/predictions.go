package main

//lint:file-ignore SA1019 The form that is to follow it is read by Grafana 12 and later only.

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/cog/variants"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

type (
	dashboardPanel = dashboard.Panel
	dashboardQuery = variants.Dataquery
)

// section is a row of the dashboard and its panels.
type section struct {
	title  string
	panels []cog.Builder[dashboardPanel]
}

// documents is where the project's pages are read.
const documents = "https://github.com/encast/encast/blob/main/docs/"

// predictions builds the dashboard.
func predictions() (dashboard.Dashboard, error) {
	builder := dashboard.NewDashboardBuilder("ML predictions of video encodes").
		Uid("ml-predictions").
		Description("Forecasts of encast, what came out, and how far both agree.").
		Tags([]string{"encast", "video", "ml"}).
		Timezone("browser").
		Refresh("5s").
		Time("now-1h", "now").
		Readonly().
		Tooltip(dashboard.DashboardCursorSyncCrosshair).
		Timepicker(dashboard.NewTimePickerBuilder().RefreshIntervals([]string{"5s", "10s", "30s", "1m", "5m", "15m", "1h"})).
		Link(link("How to run it", "operations.md")).
		Link(link("When something is wrong", "troubleshooting.md")).
		Link(link("Metrics", "exporter.md#metrics")).
		WithVariable(dashboard.NewDatasourceVariableBuilder("DS_VICTORIAMETRICS").
			Label("Data source").Description("A Prometheus or VictoriaMetrics that scrapes the exporter.").Type("prometheus")).
		WithVariable(choice("job", "Job", `label_values(ml_exporter_info, job)`, ".+")).
		WithVariable(choice("instance", "Instance", `label_values(ml_exporter_info{job=~"$job"}, instance)`, ".*")).
		WithVariable(choice("config", "Encode", `label_values(qoe_predicted_vmaf{`+service+`}, config)`, ".*")).
		WithVariable(choice("codec", "Codec", `label_values(ml_observation_window{`+service+`}, codec)`, ".*")).
		Annotation(dashboard.NewAnnotationQueryBuilder().
			Name("Models").Datasource(source()).Enable(true).IconColor(neutral).
			Expr(`changes(ml_model_last_reload_success_timestamp_seconds` + of + `[$__interval]) > 0`).
			TitleFormat("Model loaded").TextFormat("{{instance}}"))
	id := uint32(0)
	for _, section := range sections() {
		id++
		builder.WithRow(dashboard.NewRowBuilder(section.title).Id(id))
		for _, panel := range section.panels {
			id++
			builder.WithPanel(numbered{panel, id})
		}
	}
	return builder.Build()
}

func sections() []section {
	return []section{
		{"Now", now()},
		{"Forecasts of the configured encodes", forecasts()},
		{"Intervals", intervals()},
		{"What came out", outcomes()},
		{"Accuracy and drift", accuracy()},
		{"Resources", resources()},
		{"Model", model()},
		{"Exporter", exporter()},
	}
}

// numbered is a panel with its number.
type numbered struct {
	cog.Builder[dashboardPanel]
	id uint32
}

func (n numbered) Build() (dashboardPanel, error) {
	panel, err := n.Builder.Build()
	panel.Id = &n.id
	return panel, err
}

func link(title, page string) *dashboard.DashboardLinkBuilder {
	return dashboard.NewDashboardLinkBuilder(title).Type(dashboard.DashboardLinkTypeLink).
		Url(documents + page).Icon("doc").TargetBlank(true)
}

// choice is a variable whose values a query finds; all of them are chosen at first.
func choice(name, label, values, all string) *dashboard.QueryVariableBuilder {
	return dashboard.NewQueryVariableBuilder(name).Label(label).Datasource(source()).
		Query(dashboard.StringOrMap{Map: map[string]any{"query": values, "refId": "StandardVariableQuery"}}).
		Definition(values).
		Refresh(dashboard.VariableRefreshOnTimeRangeChanged).
		Sort(dashboard.VariableSortAlphabeticalAsc).
		Multi(true).IncludeAll(true).AllValue(all).
		Current(dashboard.VariableOption{
			Selected: cog.ToPtr(true),
			Text:     dashboard.StringOrArrayOfString{ArrayOfString: []string{"All"}},
			Value:    dashboard.StringOrArrayOfString{ArrayOfString: []string{"$__all"}},
		})
}

// predictionsJSON is the file of the dashboard.
func predictionsJSON() ([]byte, error) {
	built, err := predictions()
	if err != nil {
		return nil, fmt.Errorf("building the dashboard: %w", err)
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	err = encoder.Encode(built)
	return out.Bytes(), err
}
