package encast_test

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/encast/encast/go-exporter/encast"
)

func TestAdvise(t *testing.T) {
	model, features := timed(t), encodeOf264()
	features.Encoder, features.Preset = 0, ""
	options := encast.AdviseOptions{TargetVMAF: 60, Predict: encast.PredictOptions{Site: boxSite(t)}}
	proposals, err := model.Advise(features, &options)
	if err != nil || len(proposals) < 3 || proposals[0].Outcome != encast.OutcomeReached || !proposals[0].OnFront {
		t.Fatalf("%+v, %v", proposals, err)
	}
	for i, p := range proposals {
		if p.Outcome != encast.OutcomeReached {
			if i == 0 || p.CostUSD.Known() {
				t.Errorf("rejected, and yet %+v", p)
			}
			continue
		}
		if i > 0 && (proposals[i-1].Outcome != encast.OutcomeReached || p.CostUSD.Value < proposals[i-1].CostUSD.Value) {
			t.Errorf("proposal %d stands behind %+v", i, proposals[i-1])
		}
		at := features
		at.Encoder, at.Codec, at.Preset = p.Encoder, p.Codec, p.Preset
		at.SourceWidth, at.SourceHeight = features.ResolutionWidth, features.ResolutionHeight
		at.ResolutionWidth, at.ResolutionHeight = float64(p.Size.Width), float64(p.Size.Height)
		at.BitrateKbps = p.BitrateKbps.Value
		r, err := model.PredictWith(at, options.Predict)
		if err != nil || r.VMAF != p.VMAF || r.CostUSD != p.CostUSD || r.CO2Kg != p.CO2Kg || r.EnergyKWh != p.EnergyKWh || r.Confidence != p.Confidence || r.OutOfRange != p.OutOfRange || r.EncodeSeconds != p.EncodeSeconds || r.CPUSeconds != p.CPUSeconds {
			t.Errorf("proposal %+v, forecast %+v (%v)", p, r, err)
		}
		if p.VMAF.Value < 60 || p.AssuredVMAF != p.VMAF.Value || !math.IsNaN(p.CRF) || p.Limit != 0 {
			t.Errorf("%+v", p)
		}
	}
	options.RankBy = encast.RankBySize
	bySize, err := model.Advise(features, &options)
	if err != nil || len(bySize) != len(proposals) || !slices.IsSortedFunc(bySize, func(a, b encast.Proposal) int {
		if a.SizeMB.Value > b.SizeMB.Value {
			return 1
		}
		return 0
	}) {
		t.Errorf("by size: %+v, %v", bySize, err)
	}
}

func TestAdviseAmongChoices(t *testing.T) {
	model, features := timed(t), encodeOf264()
	features.Encoder, features.Preset = 0, ""
	options := encast.AdviseOptions{
		TargetVMAF: 50,
		Encoders:   []encast.Encoder{encast.EncoderLibx264},
		Presets:    []string{"medium", "fast"},
		Sizes:      []encast.Size{{1280, 720}, {640, 360}},
	}
	proposals, err := model.Advise(features, &options)
	if err != nil || len(proposals) != 4 {
		t.Fatalf("%+v, %v", proposals, err)
	}
	for _, p := range proposals {
		if p.Encoder != encast.EncoderLibx264 || !slices.Contains(options.Presets, p.Preset) || !slices.Contains(options.Sizes, p.Size) {
			t.Errorf("%+v", p)
		}
		// The model was taught one preset.
		if want := p.Preset == "medium"; (p.Outcome == encast.OutcomeReached) != want || !want && p.Outcome != encast.OutcomeNotForecast {
			t.Errorf("%s of %s", p.Outcome, p.Preset)
		}
	}
	options.MaxSizeMB, options.Presets = 1e-3, nil
	proposals, err = model.Advise(features, &options)
	if err != nil || len(proposals) != 2 || proposals[0].Outcome != encast.OutcomeOverLimit || proposals[0].Limit != encast.LimitSizeMB || proposals[0].LimitAllowed != 1e-3 {
		t.Errorf("%+v, %v", proposals, err)
	}
	// More setups than there is room for at first.
	options = encast.AdviseOptions{TargetVMAF: 50, Presets: strings.Fields("ultrafast superfast veryfast faster fast medium slow slower veryslow")}
	for i := range 60 {
		options.Sizes = append(options.Sizes, encast.Size{Width: uint32(640 + 2*i), Height: 360})
	}
	if proposals, err = model.Advise(features, &options); err != nil || len(proposals) != 540 || proposals[539].Size.Width == 0 {
		t.Errorf("%d setups, %v", len(proposals), err)
	}
}

func TestBadAdvice(t *testing.T) {
	model, features := timed(t), encodeOf264()
	for field, test := range map[string]struct {
		options encast.AdviseOptions
		status  encast.Status
	}{
		"target_vmaf": {encast.AdviseOptions{TargetVMAF: math.NaN()}, encast.ErrMissingField},
		"rank_by":     {encast.AdviseOptions{RankBy: 9}, encast.ErrBadNumber},
		"encoders":    {encast.AdviseOptions{Encoders: []encast.Encoder{99}}, encast.ErrBadNumber},
		"preset":      {encast.AdviseOptions{Presets: []string{"warp\x00"}}, encast.ErrUnknownName},
		"sizes":       {encast.AdviseOptions{Sizes: make([]encast.Size, 65)}, encast.ErrInvalidField},
		"cost_usd":    {encast.AdviseOptions{TargetVMAF: 50, RankBy: encast.RankByCost}, encast.ErrNotPredicted},
	} {
		var failure *encast.Error
		_, err := model.Advise(features, &test.options)
		if !errors.Is(err, test.status) || !errors.Is(err, encast.ErrInput) || !errors.As(err, &failure) || failure.Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	_ = model.Close()
	if _, err := model.Advise(features, nil); !errors.Is(err, encast.ErrClosed) {
		t.Errorf("a closed model: %v", err)
	}
}
