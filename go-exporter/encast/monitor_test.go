package encast_test

import (
	"errors"
	"fmt"
	"math"
	"sync"
	"testing"

	"github.com/encast/encast/go-exporter/encast"
)

func shippedModel(t *testing.T) *encast.Model {
	t.Helper()
	model, err := encast.LoadDefault()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { model.Close() })
	return model
}

// observed is an encode of a title that came out so much better than its forecast.
func observed(t *testing.T, model *encast.Model, title int, bitrate, shift float64) encast.Observation {
	t.Helper()
	features := request()
	features.BitrateKbps = bitrate
	features.Codec, features.Encoder, features.Preset = encast.CodecH264, encast.EncoderLibx264, "medium"
	answer, err := model.Predict(features)
	if err != nil {
		t.Fatal(err)
	}
	measured := encast.NewTargets(fmt.Sprintf("title %d", title))
	measured.VMAF = math.Min(answer.PredictedVMAF+shift, 100)
	return encast.Observation{Features: features, Measured: measured, Forecast: &answer}
}

func TestMonitorFindsAShiftAndCorrectsIt(t *testing.T) {
	model := shippedModel(t)
	monitor, err := encast.NewMonitor(model, encast.MonitorOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer monitor.Close()
	const before, after, shift = 60, 100, -4
	for i := range before + after {
		by := []float64{0.3, -0.3}[i%2]
		if i >= before {
			by += shift
		}
		seen, err := monitor.Observe(observed(t, model, i%20, 800+100*float64(i%13), by))
		if err != nil {
			t.Fatal(err)
		}
		if seen.Number != uint64(i+1) || seen.Targets != 1 {
			t.Fatalf("observation %d came to %+v", i, seen)
		}
		if i < before && seen.Alarm {
			t.Fatalf("a false alarm at %d: %+v", i, seen)
		}
	}
	streams, err := monitor.Streams()
	if err != nil || len(streams) != 1 {
		t.Fatal(streams, err)
	}
	stream := streams[0]
	if !stream.Alarm || stream.Score < 1 || stream.Score != stream.Statistic/stream.Threshold {
		t.Errorf("no alarm: %+v", stream)
	}
	if stream.Target != encast.TargetVMAF || stream.Codec != encast.CodecH264 || stream.Encoder != encast.EncoderLibx264 {
		t.Errorf("another stream: %+v", stream)
	}
	if stream.Since < before-5 || stream.Since > before+5 || math.Abs(stream.Shift-shift) > 0.3 {
		t.Errorf("the shift was %d from %d on: %+v", shift, before+1, stream)
	}
	correction, err := monitor.Correction()
	if err != nil {
		t.Fatal(err)
	}
	offset := correction.VMAF[encast.CodecH264]
	if math.Abs(offset-shift) > 0.3 || correction.VMAF[encast.CodecAV1] != 0 || correction.PSNR != [8]float64{} {
		t.Errorf("correction %+v", correction)
	}
	offsets, err := monitor.Offsets()
	if err != nil || len(offsets) != 1 || offsets[0].Offset != offset || offsets[0].Count < after-5 {
		t.Error(offsets, err)
	}
	// The correction moves the forecast by itself.
	one := observed(t, model, 0, 1500, 0)
	corrected, err := model.PredictWith(one.Features, encast.PredictOptions{Correction: correction})
	if err != nil {
		t.Fatal(err)
	}
	if moved := corrected.PredictedVMAF - one.Forecast.PredictedVMAF; math.Abs(moved-offset) > 1e-9 {
		t.Errorf("moved by %v, offset %v", moved, offset)
	}
	if corrected.RecommendedBitrateKbps <= one.Forecast.RecommendedBitrateKbps || corrected.PSNR != one.Forecast.PSNR {
		t.Errorf("recommended %v, before %v", corrected.RecommendedBitrateKbps, one.Forecast.RecommendedBitrateKbps)
	}

	told, err := monitor.Errors()
	if err != nil || len(told) != 1 {
		t.Fatal(told, err)
	}
	if e := told[0]; e.Count != before+after || e.Total != uint64(before+after) || e.Nominal < 0.899 || e.Nominal > 0.901 ||
		math.Abs(e.Bias-shift*after/(before+after+0.0)) > 0.2 || e.P50 > e.P90 || e.P90 > e.P99 || e.Covered > e.Count {
		t.Errorf("errors %+v", e)
	}
}

func TestMonitorOfInputs(t *testing.T) {
	model := shippedModel(t)
	monitor, err := encast.NewMonitor(model, encast.MonitorOptions{Inputs: 100})
	if err != nil {
		t.Fatal(err)
	}
	defer monitor.Close()
	for i := range 120 {
		observation := observed(t, model, i, 4000, 0)
		observation.Forecast = nil
		if _, err := monitor.Observe(observation); err != nil {
			t.Fatal(err)
		}
	}
	inputs, err := monitor.Inputs()
	if err != nil {
		t.Fatal(err)
	}
	found := map[encast.Field]encast.InputDrift{}
	for _, input := range inputs {
		found[input.Field] = input
	}
	height := found[encast.FieldResolutionHeight]
	if height.Count != 100 || height.OutOfRange != 0 {
		t.Errorf("height %+v", height)
	}
	// All of one encoder, where the training had four.
	if encoder := found[encast.FieldEncoder]; encoder.Count != 100 || !math.IsNaN(encoder.PSI) && !encoder.Alarm {
		t.Errorf("encoder %+v", encoder)
	}
	if _, there := found[encast.FieldProbeVMAF]; there {
		t.Error("no request gave a probe")
	}
}

func TestMonitorErrors(t *testing.T) {
	model := shippedModel(t)
	for _, bad := range []struct {
		field   string
		options encast.MonitorOptions
	}{
		{"window", encast.MonitorOptions{Window: 10001}},
		{"window", encast.MonitorOptions{Window: -1}},
		{"inputs", encast.MonitorOptions{Inputs: 1 << 40}},
		{"threshold", encast.MonitorOptions{Threshold: math.NaN()}},
		{"psi_alarm", encast.MonitorOptions{PSIAlarm: -1}},
	} {
		_, err := encast.NewMonitor(model, bad.options)
		var failure *encast.Error
		if !errors.As(err, &failure) || failure.Field != bad.field || !errors.Is(err, encast.ErrInvalidField) {
			t.Errorf("%+v: %v", bad.options, err)
		}
	}
	monitor, err := encast.NewMonitor(model, encast.MonitorOptions{})
	if err != nil {
		t.Fatal(err)
	}
	good := observed(t, model, 0, 4000, 0)
	for name, bad := range map[string]struct {
		change func(*encast.Observation)
		status encast.Status
		field  string
	}{
		"nothing measured": {func(o *encast.Observation) { o.Measured = encast.NewTargets("") }, encast.ErrMissingField, "vmaf"},
		"beyond":           {func(o *encast.Observation) { o.Measured.VMAF = 101 }, encast.ErrInvalidField, "vmaf"},
		"request":          {func(o *encast.Observation) { o.Features.FrameDrop = 2 }, encast.ErrInvalidField, "frame_drop"},
		"level":            {func(o *encast.Observation) { o.Level = 1.5 }, encast.ErrInvalidField, "level"},
	} {
		observation := good
		bad.change(&observation)
		_, err := monitor.Observe(observation)
		var failure *encast.Error
		if !errors.As(err, &failure) || failure.Field != bad.field || !errors.Is(err, bad.status) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if streams, err := monitor.Streams(); err != nil || len(streams) != 0 {
		t.Error("refused observations left a trace:", streams, err)
	}
	monitor.Close()
	if _, err := monitor.Observe(good); !errors.Is(err, encast.ErrClosed) {
		t.Error(err)
	}
	if _, err := monitor.Streams(); !errors.Is(err, encast.ErrClosed) {
		t.Error(err)
	}
	if _, err := monitor.Correction(); !errors.Is(err, encast.ErrClosed) {
		t.Error(err)
	}
	_, err = model.PredictWith(good.Features, encast.PredictOptions{Correction: encast.Correction{PSNR: [8]float64{3: 61}}})
	var failure *encast.Error
	if !errors.As(err, &failure) || failure.Field != "psnr_offsets" {
		t.Error(err)
	}
}

// The model may go, and many goroutines may observe and ask at once.
func TestMonitorOfManyGoroutines(t *testing.T) {
	model, err := encast.LoadDefault()
	if err != nil {
		t.Fatal(err)
	}
	observation := observed(t, model, 0, 4000, 1)
	monitor, err := encast.NewMonitor(model, encast.MonitorOptions{})
	if err != nil {
		t.Fatal(err)
	}
	model.Close()
	var group sync.WaitGroup
	const routines, rounds = 4, 50
	for range routines {
		group.Go(func() {
			for range rounds {
				_, observing := monitor.Observe(observation)
				_, asking := monitor.Streams()
				if err := errors.Join(observing, asking); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	streams, err := monitor.Streams()
	if err != nil || len(streams) != 1 || streams[0].Count != routines*rounds {
		t.Error(streams, err)
	}
	monitor.Close()
}

func BenchmarkObserve(b *testing.B) {
	model, err := encast.LoadDefault()
	if err != nil {
		b.Fatal(err)
	}
	defer model.Close()
	monitor, err := encast.NewMonitor(model, encast.MonitorOptions{})
	if err != nil {
		b.Fatal(err)
	}
	defer monitor.Close()
	features := request()
	features.Codec, features.Encoder, features.Preset = encast.CodecH264, encast.EncoderLibx264, "medium"
	measured := encast.NewTargets("")
	measured.VMAF, measured.PSNR, measured.CPUSeconds = 80, 38, 100
	for i := 0; b.Loop(); i++ {
		features.BitrateKbps = 500 + float64(i%100)*40
		measured.Title = fmt.Sprintf("title %d", i%300)
		if _, err := monitor.Observe(encast.Observation{Features: features, Measured: measured}); err != nil {
			b.Fatal(err)
		}
	}
}
