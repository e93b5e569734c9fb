package main

import (
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
	"github.com/grafana/grafana-foundation-sdk/go/stat"
	"github.com/grafana/grafana-foundation-sdk/go/table"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"
)

// What the dashboard's variables select. An observation's config may be empty, which ".*" matches.
const (
	service  = `job=~"$job",instance=~"$instance"`
	encode   = `{` + service + `,config=~"$config"}`
	observed = `{` + service + `,config=~"$config",codec=~"$codec"}`
	byCodec  = `{` + service + `,codec=~"$codec"}`
	of       = `{` + service + `}`
)

// Colours by what they say.
const (
	good    = "green"
	doubt   = "yellow"
	bad     = "red"
	neutral = "blue"
)

func source() common.DataSourceRef {
	return common.DataSourceRef{Type: cog.ToPtr("prometheus"), Uid: cog.ToPtr("${DS_VICTORIAMETRICS}")}
}

// query is an expression and the name of its series.
type query struct{ expr, legend string }

// targets gives queries the letters that panels know them by.
func targets(queries []query, format prometheus.PromQueryFormat, instant bool) []cog.Builder[dashboardQuery] {
	built := make([]cog.Builder[dashboardQuery], len(queries))
	for i, q := range queries {
		target := prometheus.NewDataqueryBuilder().
			RefId(string(rune('A' + i))).Expr(q.expr).LegendFormat(q.legend).Format(format)
		if instant {
			target.Instant()
		} else {
			target.Range()
		}
		built[i] = target
	}
	return built
}

// graph draws queries over time: the first value of the legend is the last one measured.
func graph(width uint32, title, unit, description string, queries ...query) *timeseries.PanelBuilder {
	return timeseries.NewPanelBuilder().
		Title(title).Description(description).Unit(unit).Datasource(source()).
		Targets(targets(queries, prometheus.PromQueryFormatTimeSeries, false)).
		Span(width).Height(8).
		LineWidth(2).FillOpacity(5).
		ShowPoints(common.VisibilityModeAuto).
		Tooltip(common.NewVizTooltipOptionsBuilder().Mode(common.TooltipDisplayModeMulti).Sort(common.SortOrderDescending)).
		Legend(common.NewVizLegendOptionsBuilder().ShowLegend(true).DisplayMode(common.LegendDisplayModeTable).
			Placement(common.LegendPlacementBottom).Calcs([]string{"lastNotNull"}))
}

// figure shows the last value of queries in large.
func figure(width uint32, title, unit, description string, queries ...query) *stat.PanelBuilder {
	return stat.NewPanelBuilder().
		Title(title).Description(description).Unit(unit).Datasource(source()).
		Targets(targets(queries, prometheus.PromQueryFormatTimeSeries, true)).
		Span(width).Height(5).
		GraphMode(common.BigValueGraphModeNone).
		ColorMode(common.BigValueColorModeBackground).
		TextMode(common.BigValueTextModeAuto).
		ReduceOptions(common.NewReduceDataOptionsBuilder().Calcs([]string{"lastNotNull"}))
}

// listing shows queries as a table, now.
func listing(width uint32, title, unit, description string, queries ...query) *table.PanelBuilder {
	return table.NewPanelBuilder().
		Title(title).Description(description).Unit(unit).Datasource(source()).
		Targets(targets(queries, prometheus.PromQueryFormatTable, true)).
		Span(width).Height(9).
		Filterable(true).
		Footer(common.NewTableFooterOptionsBuilder().Show(false).Reducer([]string{}))
}

// step is where a colour begins.
type step struct {
	from  float64
	color string
}

// steps are thresholds: below the first one the colour is base.
func steps(base string, above ...step) *dashboard.ThresholdsConfigBuilder {
	all := []dashboard.Threshold{{Color: base}}
	for _, s := range above {
		all = append(all, dashboard.Threshold{Value: cog.ToPtr(s.from), Color: s.color})
	}
	return dashboard.NewThresholdsConfigBuilder().Mode(dashboard.ThresholdsModeAbsolute).Steps(all)
}

// limits draws the thresholds of a graph as dashed lines.
func limits() *common.GraphThresholdsStyleConfigBuilder {
	return common.NewGraphThresholdsStyleConfigBuilder().Mode(common.GraphThresholdsStyleModeDashed)
}

// state is the word and the colour that a value stands for.
type state struct{ value, text, color string }

func states(all ...state) []dashboard.ValueMapping {
	options := map[string]dashboard.ValueMappingResult{}
	for i, s := range all {
		options[s.value] = dashboard.ValueMappingResult{
			Text: cog.ToPtr(s.text), Color: cog.ToPtr(s.color), Index: cog.ToPtr(int32(i)),
		}
	}
	return []dashboard.ValueMapping{{ValueMap: &dashboard.ValueMap{Type: dashboard.MappingTypeValueToText, Options: options}}}
}

// property is one setting of a field that differs from the panel's.
func property(id string, value any) dashboard.DynamicConfigValue {
	return dashboard.DynamicConfigValue{Id: id, Value: value}
}

// fixed is a colour of its own.
func fixed(color string) dashboard.DynamicConfigValue {
	return property("color", map[string]any{"mode": "fixed", "fixedColor": color})
}

// transformation changes the tables of a panel before they are shown.
func transformation(id string, options map[string]any) dashboard.DataTransformerConfig {
	return dashboard.DataTransformerConfig{Id: id, Options: options}
}

// columns hides fields of a table and names the others.
func columns(hidden []string, names map[string]string) dashboard.DataTransformerConfig {
	excluded := map[string]any{}
	for _, name := range hidden {
		excluded[name] = true
	}
	return transformation("organize", map[string]any{"excludeByName": excluded, "renameByName": names})
}
