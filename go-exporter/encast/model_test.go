package encast_test

import (
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"github.com/encast/encast/go-exporter/encast"
	"github.com/encast/encast/go-exporter/internal/fixture"
)

func loadDefault(t testing.TB) *encast.Model {
	t.Helper()
	model, err := encast.LoadDefault()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = model.Close() })
	return model
}

// request is the shortest request: six fields.
func request() encast.Features {
	features := encast.NewFeatures()
	features.BitrateKbps = 4000
	features.ResolutionWidth, features.ResolutionHeight = 1920, 1080
	features.FrameRate = 30
	features.FrameDrop = .01
	features.MotionIntensity = .5
	return features
}

func TestPredict(t *testing.T) {
	model := loadDefault(t)
	result, err := model.Predict(request())
	if err != nil {
		t.Fatal(err)
	}
	if !result.VMAF.Known() || result.PredictedVMAF != result.VMAF.Value || result.PredictedPSNR != result.PSNR.Value {
		t.Errorf("quality: %v %v, %v %v", result.PredictedVMAF, result.VMAF, result.PredictedPSNR, result.PSNR)
	}
	if v := result.VMAF; v.Value < 50 || v.Value > 100 || v.Lower > v.Value || v.Upper < v.Value || v.Lower == v.Upper {
		t.Errorf("VMAF of 1080p at 4 Mbit/s = %+v", v)
	}
	if p := result.PSNR; p.Value < 25 || p.Value > 60 || p.Lower > p.Value || p.Upper < p.Value {
		t.Errorf("PSNR of 1080p at 4 Mbit/s = %+v", p)
	}
	if result.Confidence < 0 || result.Confidence > 1 {
		t.Errorf("confidence = %v", result.Confidence)
	}
	if want := 4.0; result.BandwidthMbps != want {
		t.Errorf("bandwidth = %v, want %v", result.BandwidthMbps, want)
	}
	if want := 1800.0; math.Abs(result.SizeMB-want) > 1e-9 {
		t.Errorf("size of one hour = %v, want %v", result.SizeMB, want)
	}
	more := request()
	more.BitrateKbps = 16000
	better, err := model.Predict(more)
	if err != nil || better.PredictedVMAF < result.PredictedVMAF {
		t.Errorf("VMAF at four times the bitrate = %v (%v), at once %v", better.PredictedVMAF, err, result.PredictedVMAF)
	}
}

// TestUnknownIsNaN: a model that learnt only quality says nothing about time, and never 0.
func TestUnknownIsNaN(t *testing.T) {
	result, err := fixture.Train(t, "1", 0).Predict(request())
	if err != nil {
		t.Fatal(err)
	}
	for name, estimate := range map[string]encast.Estimate{
		"ssim": result.SSIM, "encode_seconds": result.EncodeSeconds, "cpu_seconds": result.CPUSeconds,
		"cpu_percent": result.CPUPercent, "gpu_percent": result.GPUPercent, "peak_memory_mb": result.PeakMemoryMB,
		"energy_kwh": result.EnergyKWh, "cost_usd": result.CostUSD, "co2_kg": result.CO2Kg,
	} {
		if estimate.Known() || !math.IsNaN(estimate.Lower) || !math.IsNaN(estimate.Upper) {
			t.Errorf("%s = %+v, want NaN", name, estimate)
		}
	}
	if !math.IsNaN(result.PredictedCostUSD) || !math.IsNaN(result.PredictedCO2Kg) {
		t.Errorf("cost %v, carbon %v, want NaN", result.PredictedCostUSD, result.PredictedCO2Kg)
	}
}

func TestPredictBatchAgreesWithPredict(t *testing.T) {
	model := loadDefault(t)
	var features []encast.Features
	for kbps := 500.0; kbps <= 20000; kbps += 500 {
		f := request()
		f.BitrateKbps = kbps
		f.Encoder, f.Preset = encast.EncoderLibx265, "fast"
		features = append(features, f)
	}
	batch, err := model.PredictBatch(features, nil)
	if err != nil || len(batch) != len(features) {
		t.Fatal(len(batch), err)
	}
	for row := range features {
		one, err := model.Predict(features[row])
		if err != nil || one.VMAF != batch[row].VMAF || one.Confidence != batch[row].Confidence {
			t.Fatalf("row %d: %+v (%v), in the batch %+v", row, one, err, batch[row])
		}
	}
	if none, err := model.PredictBatch(nil, nil); err != nil || len(none) != 0 {
		t.Errorf("empty batch: %v, %v", none, err)
	}
	for _, bad := range []func(*encast.Features){
		func(f *encast.Features) { f.FrameRate = -1 },
		func(f *encast.Features) { f.Preset = "a preset of more than twenty-three bytes" },
	} {
		wrong := append([]encast.Features(nil), features...)
		bad(&wrong[7])
		var failure *encast.Error
		if _, err := model.PredictBatch(wrong, nil); !errors.As(err, &failure) || failure.Row != 7 || failure.Text[:6] != "row 7:" {
			t.Errorf("bad row: %+v", err)
		}
	}
}

func TestRecommendBitrate(t *testing.T) {
	model := loadDefault(t)
	features := request()
	features.BitrateKbps = math.NaN()
	low, err := model.RecommendBitrate(features, &encast.PredictOptions{TargetVMAF: 70})
	if err != nil || low.Unreachable || low.VMAF.Value < 70-1e-9 {
		t.Fatalf("VMAF 70: %+v, %v", low, err)
	}
	high, err := model.RecommendBitrate(features, &encast.PredictOptions{TargetVMAF: 85})
	if err != nil || high.Unreachable || high.BitrateKbps <= low.BitrateKbps {
		t.Errorf("VMAF 85: %+v, %v; VMAF 70 needs %v", high, err, low.BitrateKbps)
	}
	limited, err := model.RecommendBitrate(features, &encast.PredictOptions{TargetVMAF: 99.9, MaxBitrateKbps: 300})
	if err != nil || !limited.Unreachable || limited.VMAF.Value >= 99.9 {
		t.Errorf("out of reach: %+v, %v", limited, err)
	}
	features.BitrateKbps = 4000
	result, err := model.PredictWith(features, encast.PredictOptions{TargetVMAF: 85})
	if err != nil || result.RecommendedBitrateKbps != high.BitrateKbps {
		t.Errorf("Predict recommends %v (%v), RecommendBitrate %v", result.RecommendedBitrateKbps, err, high.BitrateKbps)
	}
	result, err = model.PredictWith(features, encast.PredictOptions{TargetVMAF: 99.9, MaxBitrateKbps: 300})
	if err != nil || !result.TargetUnreachable || !math.IsNaN(result.RecommendedBitrateKbps) || result.BestReachableVMAF != limited.VMAF.Value {
		t.Errorf("out of reach: %+v, %v", result, err)
	}
}

func TestFlags(t *testing.T) {
	features := request()
	features.BitrateKbps = 9e7
	features.ProbeVMAF = 50
	result, err := fixture.Train(t, "1", 0).Predict(features)
	if err != nil {
		t.Fatal(err)
	}
	if !result.OutOfRange.Has(encast.FieldBitrateKbps) || result.OutOfRange.Has(encast.FieldFrameRate) {
		t.Errorf("out of range: %s", result.OutOfRange)
	}
	if !result.Ignored.Has(encast.FieldProbeVMAF) || result.Ignored.Has(encast.FieldBitrateKbps) {
		t.Errorf("ignored: %s", result.Ignored)
	}
}

func TestSaveAndLoad(t *testing.T) {
	model := fixture.Train(t, "2026.11", 0)
	want, err := model.Predict(request())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"model.json", "model.encast"} {
		path := filepath.Join(t.TempDir(), name)
		if err := model.Save(path); err != nil {
			t.Fatal(err)
		}
		again, err := encast.Load(path)
		if err != nil {
			t.Fatal(err)
		}
		got, err := again.Predict(request())
		if err != nil || got.VMAF != want.VMAF || got.PSNR != want.PSNR {
			t.Errorf("%s: %+v (%v), want %+v", name, got, err, want)
		}
		info := again.Info()
		if info.Version != "2026.11" || !info.TrainedAt.Equal(fixture.TrainedAt) || info.Titles != 12 || info.Rows != 240 {
			t.Errorf("%s: %+v", name, info)
		}
		if len(info.Targets) == 0 || info.Targets[0].String() != "vmaf" || info.Trees == 0 {
			t.Errorf("%s: targets %v, %d trees", name, info.Targets, info.Trees)
		}
		if err := again.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestMetadata(t *testing.T) {
	text, err := loadDefault(t).Metadata()
	if err != nil {
		t.Fatal(err)
	}
	var metadata struct {
		Version   string `json:"version"`
		TrainedAt string `json:"trained_at"`
	}
	if err := json.Unmarshal(text, &metadata); err != nil || metadata.Version != loadDefault(t).Info().Version {
		t.Errorf("%+v, %v: %.200s", metadata, err, text)
	}
}

// TestConcurrentUse: many goroutines share a model, and it is closed under them.
func TestConcurrentUse(t *testing.T) {
	model, err := encast.LoadDefault()
	if err != nil {
		t.Fatal(err)
	}
	want, err := model.Predict(request())
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	started := make(chan struct{}, 8)
	for range 8 {
		group.Go(func() {
			for i := 0; ; i++ {
				if i == 50 {
					started <- struct{}{}
				}
				got, err := model.Predict(request())
				if errors.Is(err, encast.ErrClosed) {
					return
				}
				if err != nil || got.VMAF != want.VMAF {
					t.Errorf("%+v, %v", got, err)
					return
				}
				wrong := request()
				wrong.FrameRate = -float64(i) - 1
				var failure *encast.Error
				_, err = model.Predict(wrong)
				if errors.Is(err, encast.ErrClosed) {
					return
				}
				if !errors.As(err, &failure) || failure.Field != "frame_rate" {
					t.Errorf("error of another thread: %v", err)
					return
				}
			}
		})
	}
	for range 8 {
		<-started
	}
	for range 3 {
		group.Go(func() {
			if err := model.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
}

func TestClosed(t *testing.T) {
	model, err := encast.LoadDefault()
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := model.Close(); err != nil {
			t.Fatal(err)
		}
	}
	_, predict := model.Predict(request())
	_, batch := model.PredictBatch([]encast.Features{request()}, nil)
	_, recommend := model.RecommendBitrate(request(), nil)
	_, crf := model.RecommendCRF(request(), nil)
	_, ladder := model.Ladder(request(), nil)
	_, metadata := model.Metadata()
	save := model.Save(filepath.Join(t.TempDir(), "x.json"))
	for name, err := range map[string]error{"predict": predict, "batch": batch, "recommend": recommend, "crf": crf, "ladder": ladder, "metadata": metadata, "save": save} {
		if !errors.Is(err, encast.ErrClosed) {
			t.Errorf("%s after Close: %v", name, err)
		}
	}
	if model.Info().Version == "" {
		t.Error("Info after Close is empty")
	}
}

// TestForgottenModelsAreFreed: models that nobody closes are freed by the garbage collector. What they would take is
// measured on models that are kept; the allocator may hold on to some of what it got back, but not to half of it.
func TestForgottenModelsAreFreed(t *testing.T) {
	path := fixture.File(t, "m.encast", "1", 0)
	load := func() *encast.Model {
		model, err := encast.Load(path)
		if err != nil {
			t.Fatal(err)
		}
		return model
	}
	file, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	const kept, forgotten = 100, 400
	before := residentKB(t)
	var models []*encast.Model
	for range kept {
		models = append(models, load())
	}
	// Tests before this one may have left room, so that little is added: no model is smaller than its file.
	each := max((residentKB(t)-before)/kept, int(file.Size()>>10))
	for _, model := range models {
		if err := model.Close(); err != nil {
			t.Fatal(err)
		}
	}
	before = residentKB(t)
	for i := range forgotten {
		load()
		if i%20 == 0 {
			runtime.GC()
		}
	}
	if grown := residentKB(t) - before; grown > forgotten*each/2 {
		t.Errorf("resident memory grew by %d KB over %d forgotten models of %d KB each", grown, forgotten, each)
	}
}
