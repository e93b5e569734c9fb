package api

import (
	"math"
	"strconv"

	"github.com/encast/encast/go-exporter/encast"
	"github.com/encast/encast/go-exporter/internal/answer"
	"github.com/encast/encast/go-exporter/internal/observations"
)

// column is a column of the table of observations: a text or a number, of which one is not there.
type column struct {
	name   string
	text   func(*observations.Observation) string
	number func(*observations.Observation) float64
}

// cell returns what a CSV has; empty is unknown.
func (c *column) cell(o *observations.Observation) string {
	if c.text != nil {
		return c.text(o)
	}
	value := c.number(o)
	if math.IsNaN(value) {
		return ""
	}
	return string(answer.AppendNumber(nil, value))
}

// appendMember appends what JSON has; what is unknown is left out.
func (c *column) appendMember(dst []byte, o *observations.Observation) []byte {
	name := func() {
		if dst[len(dst)-1] != '{' {
			dst = append(dst, ',')
		}
		dst = append(strconv.AppendQuote(dst, c.name), ':')
	}
	if c.text != nil {
		if text := c.text(o); text != "" {
			name()
			dst = answer.AppendText(dst, text)
		}
		return dst
	}
	if value := c.number(o); !math.IsNaN(value) {
		name()
		dst = answer.AppendNumber(dst, value)
	}
	return dst
}

// columns are those of an encode table, and beside them what was forecast.
var columns = makeColumns()

func makeColumns() []column {
	var all []column
	text := func(name string, of func(*observations.Observation) string) {
		all = append(all, column{name: name, text: of})
	}
	number := func(name string, of func(*observations.Observation) float64) {
		all = append(all, column{name: name, number: of})
	}
	text("id", func(o *observations.Observation) string { return o.ID })
	number("observed_at", func(o *observations.Observation) float64 { return float64(o.ObservedAt.UnixMicro()) / 1e6 })
	text("title", func(o *observations.Observation) string { return o.Title })
	text("config", func(o *observations.Observation) string { return o.Config })
	for _, field := range encast.NumericFields() {
		number(field.String(), func(o *observations.Observation) float64 {
			// In a table it is the bitrate that came out; what was asked for has a column of its own.
			if field == encast.FieldBitrateKbps && !math.IsNaN(o.Measured.BitrateKbps) {
				return o.Measured.BitrateKbps
			}
			return o.Features.Value(field)
		})
	}
	text("codec", func(o *observations.Observation) string { return o.Features.CodecOrEncoders().String() })
	text("encoder", func(o *observations.Observation) string { return o.Features.Encoder.String() })
	text("preset", func(o *observations.Observation) string { return o.Features.Preset })
	text("machine", func(o *observations.Observation) string { return o.Features.Machine + o.Machine })
	text("region", func(o *observations.Observation) string { return o.Region })
	for _, target := range encast.AllTargets() {
		if target != encast.TargetBitrateKbps {
			number(target.String(), func(o *observations.Observation) float64 { return o.Measured.Value(target) })
		}
	}
	number("requested_bitrate_kbps", func(o *observations.Observation) float64 { return o.Features.BitrateKbps })
	text("model_version", func(o *observations.Observation) string { return o.Model })
	number("forecast_at", func(o *observations.Observation) float64 { return float64(o.At.UnixMicro()) / 1e6 })
	number("level", func(o *observations.Observation) float64 { return o.Level })
	for _, target := range encast.AllTargets() {
		name := "predicted_" + target.String()
		number(name, func(o *observations.Observation) float64 { return o.Told.Estimate(target).Value })
		number(name+"_lower", func(o *observations.Observation) float64 { return o.Told.Estimate(target).Lower })
		number(name+"_upper", func(o *observations.Observation) float64 { return o.Told.Estimate(target).Upper })
	}
	for _, target := range encast.CorrectedTargets() {
		number("uncorrected_"+target.String(), func(o *observations.Observation) float64 {
			if o.Own == nil {
				return math.NaN()
			}
			return o.Own.Estimate(target).Value
		})
	}
	return all
}
