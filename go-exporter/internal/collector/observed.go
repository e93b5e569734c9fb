package collector

import (
	"log/slog"
	"math"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/encast/encast/go-exporter/encast"
	"github.com/encast/encast/go-exporter/internal/feedback"
	"github.com/encast/encast/go-exporter/internal/observations"
	"github.com/encast/encast/go-exporter/internal/retraining"
)

// Observed exposes what was measured of encodes, and what it says of the model in use.
type Observed struct {
	feedback *feedback.Feedback // nil: no observations are kept
	status   *retraining.File   // nil: there is none
	logger   *slog.Logger

	mu      sync.Mutex
	state   *feedback.State     // that samples are of
	sample  []prometheus.Metric // made once for all scrapes of a state
	ofModel []prometheus.Metric // of these what is said of the state's model
}

// NewObserved returns what a [Collector] tells of observations; either may be nil.
func NewObserved(f *feedback.Feedback, status *retraining.File, logger *slog.Logger) *Observed {
	return &Observed{feedback: f, status: status, logger: logger}
}

// collect tells what was observed, and what it says of a model, if it is of that one: between the moment that a model comes into use
// and the replay of its observations, it is not.
func (c *Observed) collect(metrics chan<- prometheus.Metric, loaded bool, model encast.Info) {
	send := senderTo(func(metric prometheus.Metric) { metrics <- metric })
	if c.status != nil {
		c.collectRetraining(send)
	}
	if c.feedback == nil {
		return
	}
	store := c.feedback.Store()
	waiting, stored := store.Counts()
	send(observationsStored, float64(stored))
	send(forecastsWaiting, float64(waiting))
	send(storeBytes, float64(store.Size()))
	send(storeFailures, float64(store.Failures()))
	send(correctionEnabled, boolean(c.feedback.Corrects()))
	state, err := c.feedback.State()
	if err != nil {
		c.logger.Error("What was observed can't be told", "err", err)
		return
	}
	samples, ofModel := c.samples(state)
	for _, sample := range samples {
		metrics <- sample
	}
	if loaded && state.IsOf(model) {
		for _, sample := range ofModel {
			metrics <- sample
		}
	}
}

// samples returns those that change with observations only, and of a model.
func (c *Observed) samples(state *feedback.State) (samples, ofModel []prometheus.Metric) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state == state {
		return c.sample, c.ofModel
	}
	send := senderTo(func(metric prometheus.Metric) { samples = append(samples, metric) })
	for i, count := range state.Told {
		send(observationsTotal, float64(count), encast.Target(i).String())
	}
	for _, o := range state.Newest {
		collectObservation(o, send)
	}
	if state.Model != "" {
		send := senderTo(func(metric prometheus.Metric) { ofModel = append(ofModel, metric) })
		collectErrors(state.Errors, send)
		ofModel = append(ofModel, errorQuantiles(state.Errors)...)
		collectDrift(state, send)
	}
	c.state, c.sample, c.ofModel = state, samples, ofModel
	return samples, ofModel
}

func collectObservation(o *observations.Observation, send sender) {
	labels := observedLabelsOf(o)
	for _, q := range quantities {
		value := o.Measured.Value(q.target)
		send(q.measured, q.scale*value, labels...)
		if q.forecast != nil && !math.IsNaN(value) {
			send(q.forecast, q.scale*o.Told.Estimate(q.target).Value, labels...)
		}
	}
	id := o.ID
	send(observationAt, float64(o.ObservedAt.UnixMicro())/1e6, id)
	for _, field := range inputFields {
		send(observationInput, o.Features.Value(field), id, field.String())
	}
}

// inputFields are the numeric inputs that no label has.
var inputFields = func() []encast.Field {
	var rest []encast.Field
	for _, field := range encast.NumericFields() {
		switch field {
		case encast.FieldBitrateKbps, encast.FieldResolutionWidth, encast.FieldResolutionHeight, encast.FieldFrameRate:
		default:
			rest = append(rest, field)
		}
	}
	return rest
}()

func observedLabelsOf(o *observations.Observation) []string {
	f := &o.Features
	return append(labelsOf(o.Config, f), f.CodecOrEncoders().String(), f.Encoder.String(), label(f.Preset), label(o.Title), o.ID)
}

// label makes a text fit to be a label's value; what was stored is so, but for presets, which only the model knows.
func label(text string) string {
	const most = 128
	if len(text) > most {
		text = text[:most]
	}
	if !utf8.ValidString(text) {
		text = strings.ToValidUTF8(text, "")
	}
	return text
}

func collectErrors(errors []encast.ForecastError, send sender) {
	nominal, count := map[encast.Target]float64{}, map[encast.Target]int{}
	for _, e := range errors {
		target, codec := e.Target.String(), e.Codec.String()
		send(observationWindow, float64(e.Count), target, codec)
		if e.Count == 0 {
			continue
		}
		send(observationBias, e.Bias, target, codec)
		if !math.IsNaN(e.Nominal) {
			send(intervalCoverage, float64(e.Covered)/float64(e.Count), target, codec)
			nominal[e.Target] += e.Nominal * float64(e.Count)
			count[e.Target] += e.Count
		}
	}
	for target, sum := range nominal {
		send(intervalNominal, sum/float64(count[target]), target.String())
	}
}

func errorQuantiles(errors []encast.ForecastError) []prometheus.Metric {
	var samples []prometheus.Metric
	for _, e := range errors {
		if e.Count == 0 {
			continue
		}
		quantiles := map[float64]float64{.5: e.P50, .9: e.P90, .99: e.P99}
		samples = append(samples, prometheus.MustNewConstSummary(observationError.desc, uint64(e.Count), e.MAE*float64(e.Count), quantiles,
			e.Target.String(), e.Codec.String()))
	}
	return samples
}

func collectDrift(state *feedback.State, send sender) {
	for _, input := range state.Inputs {
		send(driftPSI, input.PSI, input.Field.String())
	}
	for i := range state.Streams {
		stream := &state.Streams[i]
		send(driftScore, stream.Score, stream.Target.String(), stream.Codec.String(), stream.Encoder.String())
	}
	send(driftDetected, boolean(state.ResidualAlarm), "residual")
	send(driftDetected, boolean(state.InputAlarm), "input")
	for _, offset := range state.Offsets {
		send(correctionOffset, offset.Offset, offset.Target.String(), offset.Codec.String())
	}
}

func (c *Observed) collectRetraining(send sender) {
	status, success, err := c.status.Read()
	if err != nil {
		send(retrainReadable, 0)
		return
	}
	if status == nil {
		return
	}
	send(retrainReadable, 1)
	send(retrainOutcome, 1, status.Outcome, status.Reason)
	for _, outcome := range retraining.Outcomes {
		send(retrainRuns, status.Runs[outcome], outcome)
	}
	send(retrainLast, status.FinishedAt)
	if status.Every > 0 {
		send(retrainInterval, status.Every)
	}
	if success > 0 {
		send(retrainLastSuccess, success)
	}
}
