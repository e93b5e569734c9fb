package encast_test

import (
	"errors"
	"math"
	"runtime"
	"slices"
	"testing"

	"github.com/encast/encast/go-exporter/encast"
	"github.com/encast/encast/go-exporter/internal/fixture"
)

// checkRungs holds rungs against the forecasts of the same encodes.
func checkRungs(t *testing.T, model *encast.Model, source encast.Features, options encast.PredictOptions, rungs []encast.Rung) {
	t.Helper()
	if len(rungs) < 2 {
		t.Fatalf("%d rungs", len(rungs))
	}
	for i, rung := range rungs {
		features := source
		if math.IsNaN(features.SourceWidth) { // the encoded size stands for it
			features.SourceWidth, features.SourceHeight = source.ResolutionWidth, source.ResolutionHeight
		}
		features.BitrateKbps, features.CRF = rung.BitrateKbps, math.NaN()
		features.ResolutionWidth, features.ResolutionHeight = float64(rung.Size.Width), float64(rung.Size.Height)
		result, err := model.PredictWith(features, options)
		if err != nil || result.VMAF != rung.VMAF || result.SizeMB != rung.SizeMB || result.OutOfRange != rung.OutOfRange || result.Confidence != rung.Confidence {
			t.Errorf("rung %+v, forecast %+v (%v)", rung, result, err)
		}
		if result.PSNR.Known() != rung.PSNR.Known() || result.PSNR.Known() && result.PSNR != rung.PSNR {
			t.Errorf("PSNR of rung %d: %+v, forecast %+v", i, rung.PSNR, result.PSNR)
		}
		if i > 0 && (rung.BitrateKbps <= rungs[i-1].BitrateKbps || rung.AssuredVMAF <= rungs[i-1].AssuredVMAF) {
			t.Errorf("rung %d does not rise: %+v after %+v", i, rung, rungs[i-1])
		}
	}
}

func TestLadder(t *testing.T) {
	model := loadDefault(t)
	features := request()
	features.Encoder = encast.EncoderLibx264
	rungs, err := model.Ladder(features, nil)
	if err != nil {
		t.Fatal(err)
	}
	checkRungs(t, model, features, encast.PredictOptions{}, rungs)
	for i, rung := range rungs {
		if rung.Size.Height > 1080 || rung.VMAF.Value < 40 || rung.AssuredVMAF != rung.VMAF.Value {
			t.Errorf("rung %d: %+v", i, rung)
		}
		if i > 0 && rung.VMAF.Value-rungs[i-1].VMAF.Value < 6-1e-9 {
			t.Errorf("rung %d is %v above the one below", i, rung.VMAF.Value-rungs[i-1].VMAF.Value)
		}
	}
}

func TestLadderOfOwnSizesAndBitrates(t *testing.T) {
	model := loadDefault(t)
	features := request()
	options := encast.LadderOptions{
		Sizes:        []encast.Size{{1280, 720}, {640, 360}},
		BitratesKbps: []float64{8000, 500, 2000},
		Predict:      encast.PredictOptions{Level: .5, Assurance: .9},
	}
	rungs, err := model.Ladder(features, &options)
	if err != nil {
		t.Fatal(err)
	}
	checkRungs(t, model, features, encast.PredictOptions{Level: .5}, rungs)
	for _, rung := range rungs {
		if !slices.Contains(options.Sizes, rung.Size) || !slices.Contains(options.BitratesKbps, rung.BitrateKbps) || rung.AssuredVMAF >= rung.VMAF.Value {
			t.Errorf("%+v", rung)
		}
	}
	if options.BitratesKbps[0] != 8000 || options.Sizes[0].String() != "1280x720" {
		t.Errorf("the options were changed: %+v", options)
	}
}

// TestLongLadder: more rungs than there is room for at first.
func TestLongLadder(t *testing.T) {
	model := loadDefault(t)
	features := request()
	options := encast.LadderOptions{StepVMAF: .1, MinBitrateRatio: 1, TopVMAF: 100, BottomVMAF: 1e-3}
	rungs, err := model.Ladder(features, &options)
	if err != nil || len(rungs) <= 16 {
		t.Fatalf("%d rungs, %v", len(rungs), err)
	}
	checkRungs(t, model, features, encast.PredictOptions{}, rungs)
	options = encast.LadderOptions{TopVMAF: 100, BottomVMAF: 100, Predict: encast.PredictOptions{MaxBitrateKbps: 150}}
	if rungs, err := model.Ladder(features, &options); err != nil || len(rungs) != 0 {
		t.Errorf("a bottom out of reach: %+v, %v", rungs, err)
	}
}

func TestBadLadders(t *testing.T) {
	model := loadDefault(t)
	nan := math.NaN()
	for name, test := range map[string]struct {
		options encast.LadderOptions
		change  func(*encast.Features)
		status  encast.Status
		field   string
	}{
		"step":      {encast.LadderOptions{StepVMAF: -1}, nil, encast.ErrInvalidField, "step_vmaf"},
		"ratio":     {encast.LadderOptions{MinBitrateRatio: .5}, nil, encast.ErrInvalidField, "min_bitrate_ratio"},
		"top":       {encast.LadderOptions{TopVMAF: 101}, nil, encast.ErrInvalidField, "top_vmaf"},
		"bottom":    {encast.LadderOptions{BottomVMAF: 99}, nil, encast.ErrInvalidField, "bottom_vmaf"},
		"size":      {encast.LadderOptions{Sizes: []encast.Size{{640, 360}, {0, 0}}}, nil, encast.ErrInvalidField, "resolution_width"},
		"sizes":     {encast.LadderOptions{Sizes: make([]encast.Size, 65)}, nil, encast.ErrInvalidField, "sizes"},
		"bitrate":   {encast.LadderOptions{BitratesKbps: []float64{nan}}, nil, encast.ErrInvalidField, "bitrates_kbps"},
		"bitrates":  {encast.LadderOptions{BitratesKbps: make([]float64, 65)}, nil, encast.ErrInvalidField, "bitrates_kbps"},
		"level":     {encast.LadderOptions{Predict: encast.PredictOptions{Level: -1}}, nil, encast.ErrInvalidField, "level"},
		"no source": {encast.LadderOptions{}, func(f *encast.Features) { f.ResolutionWidth = nan }, encast.ErrMissingField, "source_width"},
		"tiny":      {encast.LadderOptions{}, func(f *encast.Features) { f.SourceWidth, f.SourceHeight = 8, 8 }, encast.ErrInvalidField, "source_width"},
		"preset":    {encast.LadderOptions{}, func(f *encast.Features) { f.Preset = "a\x00" }, encast.ErrUnknownName, "preset"},
	} {
		t.Run(name, func(t *testing.T) {
			features := request()
			if test.change != nil {
				test.change(&features)
			}
			rungs, err := model.Ladder(features, &test.options)
			var failure *encast.Error
			if rungs != nil || !errors.Is(err, test.status) || !errors.Is(err, encast.ErrInput) || !errors.As(err, &failure) || failure.Field != test.field {
				t.Errorf("got %d rungs, %v, want %s of %s", len(rungs), err, test.status, test.field)
			}
		})
	}
	noCost := encast.LadderOptions{Predict: encast.PredictOptions{MaxCostUSD: 1}}
	if _, err := fixture.Train(t, "1", 0).Ladder(request(), &noCost); !errors.Is(err, encast.ErrNotPredicted) {
		t.Errorf("a limit on what the model does not forecast: %v", err)
	}
}

// TestLadderAllocations: as many for a hundred rungs as for two.
func TestLadderAllocations(t *testing.T) {
	model := loadDefault(t)
	features := request()
	allocations := func(bitrates int) float64 {
		options := encast.LadderOptions{Sizes: []encast.Size{{640, 360}}}
		for i := range bitrates {
			options.BitratesKbps = append(options.BitratesKbps, 200*float64(i+1))
		}
		return testing.AllocsPerRun(2, func() {
			rungs, err := model.Ladder(features, &options)
			if err != nil || len(rungs) == 0 {
				t.Fatal(len(rungs), err)
			}
			runtime.KeepAlive(rungs)
		})
	}
	if few, many := allocations(2), allocations(60); many > few+2 {
		t.Errorf("%v allocations for 2 bitrates, %v for 60", few, many)
	}
}
