package encast_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/encast/encast/go-exporter/encast"
	"github.com/encast/encast/go-exporter/internal/fixture"
)

func TestLevel(t *testing.T) {
	model := loadDefault(t)
	width := func(level float64) float64 {
		result, err := model.PredictWith(request(), encast.PredictOptions{Level: level})
		if err != nil {
			t.Fatal(err)
		}
		return result.VMAF.Upper - result.VMAF.Lower
	}
	if narrow, usual := width(.5), width(.9); narrow >= usual || usual != width(0) {
		t.Errorf("width at 0.5: %v, at 0.9: %v, by default: %v", narrow, usual, width(0))
	}
}

func TestRecommendWithin(t *testing.T) {
	model := fixture.Train(t, "1", 0, encast.TargetVMAF, encast.TargetEncodeSeconds, encast.TargetCostUSD)
	features := request()
	features.DurationS = 10
	plain, err := model.RecommendBitrate(features, &encast.PredictOptions{TargetVMAF: 80})
	if err != nil || plain.Outcome != encast.OutcomeReached || plain.Limit != 0 || !math.IsNaN(plain.CRF) {
		t.Fatalf("plain: %+v, %v", plain, err)
	}
	if plain.AssuredVMAF != plain.VMAF.Value || !math.IsNaN(plain.Needed) || plain.NeededVMAF.Known() {
		t.Errorf("plain: %+v", plain)
	}
	assured, err := model.RecommendBitrate(features, &encast.PredictOptions{TargetVMAF: 80, Assurance: .8})
	if err != nil || assured.Outcome != encast.OutcomeReached || assured.AssuredVMAF < 80 || assured.VMAF.Value <= assured.AssuredVMAF || assured.BitrateKbps < plain.BitrateKbps {
		t.Errorf("assured: %+v, %v; plain %v kbit/s", assured, err, plain.BitrateKbps)
	}
	for limit, options := range map[encast.Limit]encast.PredictOptions{
		encast.LimitEncodeSeconds: {TargetVMAF: 80, MaxEncodeSeconds: 1e-6},
		encast.LimitCostUSD:       {TargetVMAF: 80, MaxCostUSD: 1e-12},
	} {
		over, err := model.RecommendBitrate(features, &options)
		if err != nil || over.Outcome != encast.OutcomeOverLimit || over.Limit != limit || !over.Unreachable {
			t.Errorf("%s: %+v, %v", limit, over, err)
		}
		// Nothing keeps such a limit.
		if !math.IsNaN(over.BitrateKbps) || over.VMAF.Known() || over.LimitAllowed != options.MaxEncodeSeconds+options.MaxCostUSD || over.LimitForecast <= over.LimitAllowed {
			t.Errorf("%s: %+v", limit, over)
		}
		if over.Needed < 100 || over.NeededVMAF.Value < 80 {
			t.Errorf("%s: needs %v kbit/s for VMAF %v", limit, over.Needed, over.NeededVMAF)
		}
	}
	wide, err := model.RecommendBitrate(features, &encast.PredictOptions{TargetVMAF: 80, MaxEncodeSeconds: 1e6, MaxCostUSD: 1e6})
	if err != nil || wide.Outcome != encast.OutcomeReached || wide.VMAF.Value < 80 {
		t.Errorf("wide limits: %+v, %v", wide, err)
	}
}

func TestRecommendCRF(t *testing.T) {
	model := loadDefault(t)
	features := request()
	features.Encoder = encast.EncoderLibx264
	answer, err := model.RecommendCRF(features, &encast.PredictOptions{TargetVMAF: 80})
	if err != nil || answer.Outcome != encast.OutcomeReached || answer.CRF != math.Trunc(answer.CRF) || !math.IsNaN(answer.BitrateKbps) {
		t.Fatalf("VMAF 80: %+v, %v", answer, err)
	}
	features.BitrateKbps = math.NaN()
	for crf, reached := range map[float64]bool{answer.CRF: true, answer.CRF + 1: false} {
		features.CRF = crf
		result, err := model.Predict(features)
		if err != nil || (result.PredictedVMAF >= 80) != reached {
			t.Errorf("VMAF at CRF %v = %v (%v)", crf, result.PredictedVMAF, err)
		}
	}
	limited, err := model.RecommendCRF(features, &encast.PredictOptions{TargetVMAF: 99, MinCRF: 50, MaxCRF: 51})
	if err != nil || limited.Outcome != encast.OutcomeUnreachable || limited.CRF < 50 || limited.VMAF.Value >= 99 {
		t.Errorf("CRF 50 and 51: %+v, %v", limited, err)
	}
}

func TestBadSearches(t *testing.T) {
	model := loadDefault(t)
	features := request()
	features.Encoder = encast.EncoderLibx264
	for name, test := range map[string]struct {
		options encast.PredictOptions
		change  func(*encast.Features)
		status  encast.Status
		field   string
	}{
		"level":     {encast.PredictOptions{Level: 1.5}, nil, encast.ErrInvalidField, "level"},
		"assurance": {encast.PredictOptions{Assurance: .2}, nil, encast.ErrInvalidField, "assurance"},
		"seconds":   {encast.PredictOptions{MaxEncodeSeconds: -1}, nil, encast.ErrInvalidField, "max_encode_seconds"},
		"cost":      {encast.PredictOptions{MaxCostUSD: math.Inf(1)}, nil, encast.ErrInvalidField, "max_cost_usd"},
		"CRF":       {encast.PredictOptions{MaxCRF: 60}, nil, encast.ErrInvalidField, "max_crf"},
		"no CRF":    {encast.PredictOptions{MinCRF: 30, MaxCRF: 20}, nil, encast.ErrInvalidField, "max_crf"},
		"no codec":  {encast.PredictOptions{}, func(f *encast.Features) { f.Encoder = 0 }, encast.ErrMissingField, "codec"},
		"preset":    {encast.PredictOptions{}, func(f *encast.Features) { f.Preset = strings.Repeat("x", 30) }, encast.ErrUnknownName, "preset"},
	} {
		t.Run(name, func(t *testing.T) {
			features := features
			if test.change != nil {
				test.change(&features)
			}
			answer, err := model.RecommendCRF(features, &test.options)
			var failure *encast.Error
			if !errors.Is(err, test.status) || !errors.Is(err, encast.ErrInput) || !errors.As(err, &failure) || failure.Field != test.field {
				t.Errorf("got %v, want %s of %s", err, test.status, test.field)
			}
			if answer != (encast.Recommendation{}) {
				t.Errorf("an answer beside the error: %+v", answer)
			}
		})
	}
	noTime := fixture.Train(t, "1", 0)
	if _, err := noTime.RecommendBitrate(features, &encast.PredictOptions{MaxEncodeSeconds: 60}); !errors.Is(err, encast.ErrNotPredicted) {
		t.Errorf("a limit on what the model does not forecast: %v", err)
	}
	for outcome, name := range map[encast.Outcome]string{encast.OutcomeReached: "reached", encast.OutcomeUnreachable: "unreachable", encast.OutcomeOverLimit: "over limit", 9: "Outcome(9)"} {
		if outcome.String() != name {
			t.Errorf("%d: %q, want %q", outcome, outcome, name)
		}
	}
	for limit, name := range map[encast.Limit]string{0: "", encast.LimitEncodeSeconds: "encode_seconds", encast.LimitCostUSD: "cost_usd"} {
		if limit.String() != name {
			t.Errorf("%d: %q, want %q", limit, limit, name)
		}
	}
}
