package encast_test

import (
	"errors"
	"math"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/encast/encast/go-exporter/encast"
	"github.com/encast/encast/go-exporter/internal/fixture"
)

func anchor(kbps, vmaf float64) encast.Anchor {
	anchor := encast.NewAnchor()
	anchor.BitrateKbps, anchor.VMAF = kbps, vmaf
	return anchor
}

func x264() encast.Features {
	features := request()
	features.Encoder, features.Preset = encast.EncoderLibx264, "medium"
	return features
}

func TestNewAnchorIsUnknown(t *testing.T) {
	a := encast.NewAnchor()
	for name, value := range map[string]float64{
		"bitrate": a.BitrateKbps, "CRF": a.CRF, "width": a.ResolutionWidth, "height": a.ResolutionHeight,
		"VMAF": a.VMAF, "PSNR": a.PSNR, "SSIM": a.SSIM,
	} {
		if !math.IsNaN(value) {
			t.Errorf("%s = %v", name, value)
		}
	}
	if a.Codec != 0 || a.Encoder != 0 || a.Preset != "" {
		t.Errorf("%+v", a)
	}
}

// TestAnchorsCount: every call that takes features counts on their anchors.
func TestAnchorsCount(t *testing.T) {
	model := loadDefault(t)
	plain := x264()
	before, err := model.Predict(plain)
	if err != nil {
		t.Fatal(err)
	}
	measured := before.VMAF.Value - 8
	anchored := plain
	anchored.Anchors = []encast.Anchor{anchor(4000, measured), anchor(6000, measured+3)}
	anchored.Anchors[0].CRF = 26
	after, err := model.Predict(anchored)
	if err != nil || math.Abs(after.VMAF.Value-measured) > 2 {
		t.Fatalf("VMAF %v beside a measured %v, %v without (%v)", after.VMAF, measured, before.VMAF, err)
	}
	if after.VMAF.Upper-after.VMAF.Lower >= before.VMAF.Upper-before.VMAF.Lower {
		t.Errorf("no narrower: %v after %v", after.VMAF, before.VMAF)
	}
	batch, err := model.PredictBatch([]encast.Features{plain, anchored, plain, anchored}, nil)
	if err != nil || batch[0].VMAF != before.VMAF || batch[1].VMAF != after.VMAF || batch[2].VMAF != before.VMAF || batch[3].VMAF != after.VMAF {
		t.Errorf("in a batch %v (%v), alone %v and %v", batch, err, before.VMAF, after.VMAF)
	}
	target := &encast.PredictOptions{TargetVMAF: measured + 1}
	for name, search := range map[string]func(encast.Features, *encast.PredictOptions) (encast.Recommendation, error){
		"bitrate": model.RecommendBitrate, "CRF": model.RecommendCRF,
	} {
		without, err := search(plain, target)
		if err != nil {
			t.Fatal(err)
		}
		with, err := search(anchored, target)
		if err != nil || with.VMAF == without.VMAF || with.VMAF.Value < measured+1 {
			t.Errorf("%s: %+v, %v; without %+v", name, with, err, without)
		}
	}
	without, err := model.Ladder(plain, nil)
	if err != nil {
		t.Fatal(err)
	}
	with, err := model.Ladder(anchored, nil)
	if err != nil || len(with) == len(without) && with[0].VMAF == without[0].VMAF && with[len(with)-1].VMAF == without[len(without)-1].VMAF {
		t.Errorf("ladder: %+v, %v; without %+v", with, err, without)
	}
	compared, err := model.Compare(plain, anchored, nil)
	if err != nil || compared.VMAF.Difference.Value != after.VMAF.Value-before.VMAF.Value {
		t.Errorf("comparison: %+v, %v", compared.VMAF, err)
	}
}

// TestEveryAnchorFieldCounts gives each input alone another value: the answer has to be another.
func TestEveryAnchorFieldCounts(t *testing.T) {
	model := loadDefault(t)
	features := x264()
	with := func(change func(*encast.Anchor)) encast.Result {
		a := anchor(2000, 60)
		change(&a)
		features.Anchors = []encast.Anchor{a}
		result, err := model.Predict(features)
		if err != nil {
			t.Fatal(err)
		}
		return result
	}
	usual := with(func(*encast.Anchor) {})
	for name, change := range map[string]func(*encast.Anchor){
		"bitrate": func(a *encast.Anchor) { a.BitrateKbps = 2500 },
		"size":    func(a *encast.Anchor) { a.ResolutionWidth, a.ResolutionHeight = 640, 360 },
		"codec":   func(a *encast.Anchor) { a.Codec = encast.CodecHEVC },
		"encoder": func(a *encast.Anchor) { a.Encoder = encast.EncoderLibx265 },
		"preset":  func(a *encast.Anchor) { a.Preset = "veryfast" },
		"VMAF":    func(a *encast.Anchor) { a.VMAF = 70 },
		"PSNR":    func(a *encast.Anchor) { a.PSNR = 30 },
	} {
		if changed := with(change); changed.VMAF == usual.VMAF && changed.PSNR == usual.PSNR {
			t.Errorf("%s: the same answer %v", name, changed.VMAF)
		}
	}
	features.BitrateKbps, features.CRF = math.NaN(), 26
	usual = with(func(*encast.Anchor) {})
	if changed := with(func(a *encast.Anchor) { a.CRF = 26 }); changed.BitrateKbps == usual.BitrateKbps {
		t.Errorf("CRF: the same bitrate %v", changed.BitrateKbps)
	}
}

func TestBadAnchors(t *testing.T) {
	model := loadDefault(t)
	for name, test := range map[string]struct {
		change func(*encast.Anchor)
		status encast.Status
		field  string
		text   string
	}{
		"VMAF":          {func(a *encast.Anchor) { a.VMAF = 101 }, encast.ErrInvalidField, "vmaf", "vmaf = 101: must be"},
		"PSNR":          {func(a *encast.Anchor) { a.PSNR = -1 }, encast.ErrInvalidField, "psnr", "psnr = -1"},
		"SSIM":          {func(a *encast.Anchor) { a.SSIM = 2 }, encast.ErrInvalidField, "ssim", "ssim = 2"},
		"bitrate":       {func(a *encast.Anchor) { a.BitrateKbps = 0 }, encast.ErrInvalidField, "bitrate_kbps", "bitrate_kbps = 0"},
		"CRF":           {func(a *encast.Anchor) { a.CRF = 99 }, encast.ErrInvalidField, "crf", "crf = 99"},
		"half a size":   {func(a *encast.Anchor) { a.ResolutionWidth = 640 }, encast.ErrMissingField, "resolution_height", "size"},
		"size":          {func(a *encast.Anchor) { a.ResolutionWidth, a.ResolutionHeight = 640, 0 }, encast.ErrInvalidField, "resolution_height", "= 0"},
		"not measured":  {func(a *encast.Anchor) { a.VMAF = math.NaN() }, encast.ErrMissingField, "vmaf", "psnr"},
		"no rate":       {func(a *encast.Anchor) { a.BitrateKbps = math.NaN() }, encast.ErrMissingField, "bitrate_kbps", "crf"},
		"codec":         {func(a *encast.Anchor) { a.Codec = 99 }, encast.ErrBadNumber, "codec", "codec = 99: known are"},
		"encoder":       {func(a *encast.Anchor) { a.Encoder = -1 }, encast.ErrBadNumber, "encoder", "encoder = -1"},
		"preset":        {func(a *encast.Anchor) { a.Preset = "warp" }, encast.ErrUnknownName, "preset", "medium"},
		"long preset":   {func(a *encast.Anchor) { a.Preset = strings.Repeat("x", 24) }, encast.ErrUnknownName, "preset", "longer than 23"},
		"not UTF-8":     {func(a *encast.Anchor) { a.Preset = "\xff" }, encast.ErrBadText, "preset", "UTF-8"},
		"contradiction": {func(a *encast.Anchor) { a.Codec, a.Encoder = encast.CodecAV1, encast.EncoderLibx265 }, encast.ErrContradiction, "encoder", "av1"},
	} {
		t.Run(name, func(t *testing.T) {
			features := x264()
			features.Anchors = []encast.Anchor{anchor(1000, 60), anchor(2000, 70)}
			test.change(&features.Anchors[1])
			field := "anchors[1]." + test.field
			_, alone := model.Predict(features)
			_, compared := model.Compare(x264(), features, nil)
			_, batch := model.PredictBatch([]encast.Features{x264(), features}, nil)
			_, trained := encast.Retrain([]encast.Features{x264(), features}, []encast.Targets{encast.NewTargets("a"), encast.NewTargets("b")}, encast.RetrainOptions{})
			for name, err := range map[string]error{"alone": alone, "compared": compared, "batch": batch, "trained": trained} {
				var failure *encast.Error
				if !errors.Is(err, test.status) || !errors.Is(err, encast.ErrInput) || !errors.As(err, &failure) {
					t.Fatalf("%s: got %v, want %s", name, err, test.status)
				}
				row, prefix := -1, "anchors[1]" // then a dot and the field, or what is unknown
				switch name {
				case "batch":
					row, prefix = 1, "row 1: "+prefix
				case "trained": // the library tells the row in the text alone
					row, prefix = failure.Row, "row 1: "+prefix
				}
				if failure.Field != field || failure.Row != row || !strings.HasPrefix(failure.Text, prefix) || !strings.Contains(failure.Text, test.text) {
					t.Errorf("%s: field %q, row %d of %q", name, failure.Field, failure.Row, err)
				}
			}
		})
	}
}

// TestRetrainIgnoresAnchors: nothing is learnt from them.
func TestRetrainIgnoresAnchors(t *testing.T) {
	features, targets := fixture.Rows(0)
	var answers []encast.Result
	for range 2 {
		model, err := encast.Retrain(features, targets, encast.RetrainOptions{Targets: []encast.Target{encast.TargetVMAF}})
		if err != nil {
			t.Fatal(err)
		}
		defer model.Close()
		answer, err := model.Predict(request())
		if err != nil {
			t.Fatal(err)
		}
		answers = append(answers, answer)
		for row := range features {
			features[row].Anchors = []encast.Anchor{anchor(2000, 60)}
		}
	}
	if answers[0].VMAF != answers[1].VMAF || answers[0].Confidence != answers[1].Confidence {
		t.Errorf("with anchors %+v, without %+v", answers[1], answers[0])
	}
}

// TestAnchorsFromManyGoroutines: what is pinned for one call is not another's, and goes when the call is done.
func TestAnchorsFromManyGoroutines(t *testing.T) {
	model := loadDefault(t)
	features := x264()
	features.Anchors = []encast.Anchor{anchor(1000, 50), anchor(4000, 75)}
	due, err := model.Predict(features)
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for round := range 50 {
				batch := make([]encast.Features, 1+round%5)
				for row := range batch {
					batch[row] = features
				}
				results, err := model.PredictBatch(batch, nil)
				if err != nil || results[len(results)-1].VMAF != due.VMAF {
					t.Errorf("%+v, %v, want %v", results, err, due.VMAF)
					return
				}
				if round%10 == 0 {
					runtime.GC()
				}
			}
		})
	}
	group.Wait()
}

// TestAnchorsLeakNothing: a pinner that is not let go of ends the program when it is collected, and memory of C would
// show as resident.
func TestAnchorsLeakNothing(t *testing.T) {
	model := loadDefault(t)
	good, bad := x264(), x264()
	for range 500 {
		good.Anchors = append(good.Anchors, anchor(1000, 60))
	}
	bad.Anchors = append(bad.Anchors, good.Anchors...)
	bad.Anchors[499].VMAF = -1
	calls := func(count int) {
		for range count {
			if _, err := model.PredictBatch([]encast.Features{good, bad}, nil); err == nil {
				t.Fatal("accepted")
			}
		}
		runtime.GC()
	}
	calls(100)
	before := residentKB(t)
	calls(2000) // 2000 times 2 times 48 kB
	if grown := residentKB(t) - before; grown > 40_000 {
		t.Errorf("%d kB more after 2000 calls", grown)
	}
}

// TestAnchorAllocations: none without anchors, and no more with many than with one.
func TestAnchorAllocations(t *testing.T) {
	model := loadDefault(t)
	allocations := func(count int) float64 {
		features := x264()
		for i := range count {
			features.Anchors = append(features.Anchors, anchor(1000+float64(i), 60))
		}
		return testing.AllocsPerRun(20, func() {
			if _, err := model.Predict(features); err != nil {
				t.Fatal(err)
			}
		})
	}
	if none := allocations(0); none != 0 {
		t.Errorf("%v allocations without anchors", none)
	}
	if one, many := allocations(1), allocations(100); one > 3 || many > one {
		t.Errorf("%v allocations with one anchor, %v with 100", one, many)
	}
}
