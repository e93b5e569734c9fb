package encast_test

import (
	"errors"
	"fmt"
	"log"
	"math"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/encast/encast/go-exporter/encast"
)

const (
	clipWidth, clipHeight = 72, 50
	clipFrames, clipCut   = 24, 12
)

func clipOptions() encast.AnalyzerOptions {
	return encast.AnalyzerOptions{Width: clipWidth, Height: clipHeight, BitDepth: 8, FrameRate: 24}
}

// clipFrame is a frame of a texture that moves, and from clipCut on of another, brighter one; rubbish between the rows.
func clipFrame[Sample uint8 | uint16](n, stride int, scale Sample) []Sample {
	luma := make([]Sample, stride*clipHeight)
	for i := range luma {
		x, y := i%stride, i/stride
		switch {
		case x >= clipWidth:
			luma[i] = math.MaxUint8
		case n < clipCut:
			luma[i] = Sample((x*7+y*13+n*5)%20) * scale
		default:
			luma[i] = Sample(100+(x*3+y*5+n)%120) * scale
		}
	}
	return luma
}

func newAnalyzer(t testing.TB, options encast.AnalyzerOptions) *encast.Analyzer {
	t.Helper()
	analyzer, err := encast.NewAnalyzer(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = analyzer.Close() })
	return analyzer
}

// analyzeClip returns the figures of each frame, and of the clip.
func analyzeClip(t testing.TB, options encast.AnalyzerOptions, stride int) ([]encast.FrameComplexity, encast.ContentSummary) {
	t.Helper()
	analyzer := newAnalyzer(t, options)
	var frames []encast.FrameComplexity
	for n := range clipFrames {
		frame, err := analyzer.Push(clipFrame[uint8](n, stride, 1), stride)
		if err != nil {
			t.Fatal(err)
		}
		frames = append(frames, frame)
	}
	summary, err := analyzer.Finish()
	if err != nil {
		t.Fatal(err)
	}
	return frames, summary
}

func ExampleAnalyzer() {
	analyzer, err := encast.NewAnalyzer(encast.AnalyzerOptions{Width: 640, Height: 360, BitDepth: 8, FrameRate: 25})
	if err != nil {
		log.Fatal(err)
	}
	defer analyzer.Close()
	luma := make([]uint8, 640*360)
	for frame := range 50 { // stripes that move
		for i := range luma {
			luma[i] = uint8(70 + 80*((i%640+3*frame)/16%2))
		}
		if _, err := analyzer.Push(luma, 640); err != nil {
			log.Fatal(err)
		}
	}
	content, err := analyzer.Finish()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(content.Clip.Frames, "frames,", content.Clip.DurationS, "s, moves:", content.Clip.TI.Mean > 0)

	model, err := encast.LoadDefault()
	if err != nil {
		log.Fatal(err)
	}
	defer model.Close()
	features := encast.NewFeatures()
	features.SetContent(content.Clip)
	features.ResolutionWidth, features.ResolutionHeight = 640, 360
	features.Encoder, features.Preset = encast.EncoderLibx264, "medium"
	answer, err := model.RecommendBitrate(features, &encast.PredictOptions{TargetVMAF: 93})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("a bitrate for VMAF 93:", answer.BitrateKbps > 0)
	// Output:
	// 50 frames, 2 s, moves: true
	// a bitrate for VMAF 93: true
}

// TestAnalyzerFigures computes SI and TI by their definition.
func TestAnalyzerFigures(t *testing.T) {
	frames, summary := analyzeClip(t, clipOptions(), clipWidth)
	deviation := func(values []float64) float64 {
		mean, square := 0., 0.
		for _, v := range values {
			mean += v / float64(len(values))
		}
		for _, v := range values {
			square += (v - mean) * (v - mean) / float64(len(values))
		}
		return math.Sqrt(square)
	}
	var si, ti, spatial, temporal, luminance, still []float64
	for n, frame := range frames {
		luma := clipFrame[uint8](n, clipWidth, 1)
		at := func(x, y int) float64 { return float64(luma[y*clipWidth+x]) }
		var sobel, differences []float64
		for y := 1; y < clipHeight-1; y++ {
			for x := 1; x < clipWidth-1; x++ {
				gx := at(x+1, y-1) - at(x-1, y-1) + 2*(at(x+1, y)-at(x-1, y)) + at(x+1, y+1) - at(x-1, y+1)
				gy := at(x-1, y+1) - at(x-1, y-1) + 2*(at(x, y+1)-at(x, y-1)) + at(x+1, y+1) - at(x+1, y-1)
				sobel = append(sobel, math.Hypot(gx, gy))
			}
		}
		si = append(si, deviation(sobel))
		if frame.Frame != int64(n) || math.Abs(frame.SI/si[n]-1) > 1e-5 || frame.SpatialEnergy <= 0 || frame.Luminance <= 0 {
			t.Errorf("frame %d: %+v, SI must be %v", n, frame, si[n])
		}
		spatial, luminance = append(spatial, frame.SpatialEnergy), append(luminance, frame.Luminance)
		if n == 0 {
			if !math.IsNaN(frame.TI) || !math.IsNaN(frame.TemporalEnergy) || !math.IsNaN(frame.StaticShare) {
				t.Errorf("frame 0: %+v", frame)
			}
			continue
		}
		for i, before := range clipFrame[uint8](n-1, clipWidth, 1) {
			differences = append(differences, float64(luma[i])-float64(before))
		}
		ti = append(ti, deviation(differences))
		temporal, still = append(temporal, frame.TemporalEnergy), append(still, frame.StaticShare)
		if math.Abs(frame.TI/ti[n-1]-1) > 1e-5 || frame.TemporalEnergy < 0 || frame.StaticShare < 0 || frame.StaticShare > 1 {
			t.Errorf("frame %d: %+v, TI must be %v", n, frame, ti[n-1])
		}
	}
	clip := summary.Clip
	if clip.Width != clipWidth || clip.Height != clipHeight || clip.BitDepth != 8 || clip.FrameRate != 24 {
		t.Errorf("clip: %+v", clip)
	}
	if clip.Frames != clipFrames || clip.FirstFrame != 0 || clip.DurationS != 1 || clip.MotionIntensity != clip.TI.Mean/(clip.TI.Mean+10) {
		t.Errorf("clip: %+v", clip)
	}
	for name, test := range map[string]struct {
		got    encast.Statistics
		values []float64
	}{
		"SI": {clip.SI, si}, "TI": {clip.TI, ti}, "E": {clip.SpatialEnergy, spatial},
		"h": {clip.TemporalEnergy, temporal}, "L": {clip.Luminance, luminance},
	} {
		slices.Sort(test.values)
		middle := test.values[(len(test.values)-1)/2]
		if s := test.got; math.Abs(s.Std/deviation(test.values)-1) > 1e-4 || math.Abs(s.Median/middle-1) > .005 ||
			math.Abs(s.Min/test.values[0]-1) > 1e-5 || math.Abs(s.Max/test.values[len(test.values)-1]-1) > 1e-5 || s.Mean < s.Min || s.Mean > s.Max {
			t.Errorf("%s: %+v of %v", name, s, test.values)
		}
	}
	share, s := 0., clip.StaticShare
	for _, v := range still {
		share += v / float64(len(still))
	}
	if math.Abs(s.Mean-share) > 1e-12 || s.Min != slices.Min(still) || s.Max != slices.Max(still) || s.Median < s.Min || s.Median > s.Max {
		t.Errorf("static share: %+v of %v", s, still)
	}
	if len(summary.Segments) != 0 || !slices.Equal(summary.Cuts, []int64{clipCut}) {
		t.Errorf("%d segments, cuts %v", len(summary.Segments), summary.Cuts)
	}
}

// sameBits compares with NaN being equal to NaN.
func sameBits(a, b any) bool { return fmt.Sprintf("%#v", a) == fmt.Sprintf("%#v", b) }

func TestAnalyzerStridesAndThreads(t *testing.T) {
	frames, summary := analyzeClip(t, clipOptions(), clipWidth)
	options := clipOptions()
	options.Threads = 2
	padded, again := analyzeClip(t, options, clipWidth+17)
	if !sameBits(frames, padded) || !sameBits(summary, again) {
		t.Errorf("padded, two threads: %+v, want %+v", again, summary)
	}
}

func TestAnalyzerSegments(t *testing.T) {
	options := clipOptions()
	options.Scenes = true
	_, scenes := analyzeClip(t, options, clipWidth)
	if s := scenes.Segments; len(s) != 2 || s[0].Frames != clipCut || s[1].FirstFrame != clipCut || s[1].TI.Max >= scenes.Clip.TI.Max {
		t.Errorf("scenes: %+v", s)
	}
	options.Scenes, options.SegmentSeconds = false, .25
	_, seconds := analyzeClip(t, options, clipWidth)
	if s := seconds.Segments; len(s) != 4 || s[3].FirstFrame != 18 || s[3].Frames != 6 || s[3].DurationS != .25 {
		t.Errorf("seconds: %+v", s)
	}
}

// TestAnalyzerDepth: ten bits of four times the values are the same picture.
func TestAnalyzerDepth(t *testing.T) {
	_, narrow := analyzeClip(t, clipOptions(), clipWidth)
	options := clipOptions()
	options.BitDepth = 10
	analyzer := newAnalyzer(t, options)
	for n := range clipFrames {
		luma := clipFrame[uint16](n, clipWidth, 4)
		if _, err := analyzer.Push16(luma, clipWidth); err != nil {
			t.Fatal(err)
		}
		luma[len(luma)-1] = math.MaxUint16
		_, err := analyzer.Push16(luma, clipWidth)
		if !errors.Is(err, encast.ErrInvalidField) || !strings.Contains(err.Error(), "65535") {
			t.Errorf("a sample beyond ten bits: %v", err)
		}
	}
	wide, err := analyzer.Finish()
	if err != nil || wide.Clip.BitDepth != 10 || wide.Clip.Frames != clipFrames || !slices.Equal(wide.Cuts, narrow.Cuts) {
		t.Fatalf("%+v, %v", wide, err)
	}
	for name, ratio := range map[string]float64{
		"SI": wide.Clip.SI.Mean / narrow.Clip.SI.Mean, "TI": wide.Clip.TI.Mean / narrow.Clip.TI.Mean,
		"E": wide.Clip.SpatialEnergy.Mean / narrow.Clip.SpatialEnergy.Mean,
	} {
		if math.Abs(ratio-4*255./1023) > 1e-4 {
			t.Errorf("%s of ten bits is %v times that of eight", name, ratio)
		}
	}
}

func TestAnalyzerBadOptions(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*encast.AnalyzerOptions)
		status encast.Status
		field  string
	}{
		"nothing":         {func(o *encast.AnalyzerOptions) { *o = encast.AnalyzerOptions{} }, encast.ErrInvalidField, "bit_depth"},
		"narrow":          {func(o *encast.AnalyzerOptions) { o.Width = 2 }, encast.ErrInvalidField, "width"},
		"negative":        {func(o *encast.AnalyzerOptions) { o.Height = -50 }, encast.ErrInvalidField, "height"},
		"wraps":           {func(o *encast.AnalyzerOptions) { o.Width += 1 << 32 }, encast.ErrInvalidField, "width"},
		"depth 7":         {func(o *encast.AnalyzerOptions) { o.BitDepth = 7 }, encast.ErrInvalidField, "bit_depth"},
		"depth 13":        {func(o *encast.AnalyzerOptions) { o.BitDepth = 13 }, encast.ErrInvalidField, "bit_depth"},
		"threads":         {func(o *encast.AnalyzerOptions) { o.Threads = -1 }, encast.ErrInvalidField, "threads"},
		"many threads":    {func(o *encast.AnalyzerOptions) { o.Threads = 65 }, encast.ErrInvalidField, "threads"},
		"rate":            {func(o *encast.AnalyzerOptions) { o.FrameRate = -1 }, encast.ErrInvalidField, "frame_rate"},
		"seconds":         {func(o *encast.AnalyzerOptions) { o.SegmentSeconds = -1 }, encast.ErrInvalidField, "segment_seconds"},
		"no rate":         {func(o *encast.AnalyzerOptions) { o.SegmentSeconds, o.FrameRate = 1, 0 }, encast.ErrMissingField, "frame_rate"},
		"unknown seconds": {func(o *encast.AnalyzerOptions) { o.SegmentSeconds = math.NaN() }, encast.ErrMissingField, "segment_seconds"},
		"both":            {func(o *encast.AnalyzerOptions) { o.SegmentSeconds, o.Scenes = 1, true }, encast.ErrContradiction, "segment_seconds"},
	} {
		options := clipOptions()
		test.change(&options)
		analyzer, err := encast.NewAnalyzer(options)
		var failure *encast.Error
		if !errors.As(err, &failure) || analyzer != nil || failure.Status != test.status || failure.Field != test.field || !errors.Is(err, encast.ErrInput) {
			t.Errorf("%s: %+v, %+v", name, analyzer, err)
		}
	}
}

func TestAnalyzerBadFrames(t *testing.T) {
	analyzer := newAnalyzer(t, clipOptions())
	luma := clipFrame[uint8](0, clipWidth, 1)
	if _, err := analyzer.Finish(); !errors.Is(err, encast.ErrNoFrame) || !errors.Is(err, encast.ErrInput) {
		t.Errorf("no frame: %v", err)
	}
	for name, push := range map[string]func() (encast.FrameComplexity, error){
		"nil":          func() (encast.FrameComplexity, error) { return analyzer.Push(nil, clipWidth) },
		"short":        func() (encast.FrameComplexity, error) { return analyzer.Push(luma[1:], clipWidth) },
		"one row":      func() (encast.FrameComplexity, error) { return analyzer.Push(luma[:clipWidth], clipWidth) },
		"huge stride":  func() (encast.FrameComplexity, error) { return analyzer.Push(luma, math.MaxInt) },
		"stride":       func() (encast.FrameComplexity, error) { return analyzer.Push(luma, clipWidth-1) },
		"no stride":    func() (encast.FrameComplexity, error) { return analyzer.Push(luma, 0) },
		"minus stride": func() (encast.FrameComplexity, error) { return analyzer.Push(luma, -clipWidth) },
		"wide": func() (encast.FrameComplexity, error) {
			return analyzer.Push16(clipFrame[uint16](0, clipWidth, 1), clipWidth)
		},
	} {
		if frame, err := push(); !errors.Is(err, encast.ErrInvalidField) || frame != (encast.FrameComplexity{}) {
			t.Errorf("%s: %+v, %v", name, frame, err)
		}
	}
	// None of them was taken; the last row may end at the width.
	padded := clipFrame[uint8](0, clipWidth+5, 1)
	if frame, err := analyzer.Push(padded[:len(padded)-5], clipWidth+5); err != nil || frame.Frame != 0 || !math.IsNaN(frame.TI) {
		t.Errorf("%+v, %v", frame, err)
	}
	first, err := analyzer.Finish()
	if err != nil || first.Clip.Frames != 1 || !math.IsNaN(first.Clip.TI.Median) || !math.IsNaN(first.Clip.MotionIntensity) {
		t.Errorf("one frame: %+v, %v", first, err)
	}
	if again, err := analyzer.Finish(); err != nil || !sameBits(first, again) {
		t.Errorf("finished again: %+v, %v", again, err)
	}
	if _, err := analyzer.Push(luma, clipWidth); !errors.Is(err, encast.ErrBadState) || !strings.Contains(err.Error(), "finished") {
		t.Errorf("after the end: %v", err)
	}
	for range 2 {
		if err := analyzer.Close(); err != nil {
			t.Error(err)
		}
	}
	_, push := analyzer.Push(luma, clipWidth)
	_, finish := analyzer.Finish()
	_, zero := new(encast.Analyzer).Push(nil, 0)
	for name, err := range map[string]error{"push": push, "finish": finish, "zero value": zero} {
		if !errors.Is(err, encast.ErrClosed) {
			t.Errorf("%s after Close: %v", name, err)
		}
	}
}

// TestSetContent: the fourteen fields of content are set, nothing else is.
func TestSetContent(t *testing.T) {
	_, summary := analyzeClip(t, clipOptions(), clipWidth)
	features := encast.NewFeatures()
	features.SetContent(summary.Clip)
	c := summary.Clip
	want := map[encast.Field]float64{
		encast.FieldSourceWidth: clipWidth, encast.FieldSourceHeight: clipHeight, encast.FieldSourceFrameRate: 24,
		encast.FieldBitDepth: 8, encast.FieldDurationS: 1, encast.FieldMotionIntensity: c.MotionIntensity,
		encast.FieldSIMean: c.SI.Mean, encast.FieldSIStd: c.SI.Std, encast.FieldTIMean: c.TI.Mean, encast.FieldTIStd: c.TI.Std,
		encast.FieldSpatialEnergy: c.SpatialEnergy.Mean, encast.FieldTemporalEnergy: c.TemporalEnergy.Mean,
		encast.FieldLuminance: c.Luminance.Mean, encast.FieldStaticShare: c.StaticShare.Mean,
	}
	for _, field := range encast.NumericFields() {
		value, set := want[field]
		if got := features.Value(field); set && (got != value || math.IsNaN(got)) || !set && !math.IsNaN(got) {
			t.Errorf("%s = %v, want %v", field, got, value)
		}
	}
	if reflect.ValueOf(c).NumField() != 14 {
		t.Error("a figure was added to Complexity: does SetContent know it?")
	}
}

// TestAnalyzersAreIndependent: one in each goroutine, and one that many share.
func TestAnalyzersAreIndependent(t *testing.T) {
	_, want := analyzeClip(t, clipOptions(), clipWidth)
	shared := newAnalyzer(t, clipOptions())
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			if _, got := analyzeClip(t, clipOptions(), clipWidth); !sameBits(got, want) {
				t.Errorf("%+v, want %+v", got, want)
			}
			for range 10 {
				if _, err := shared.Push(clipFrame[uint8](0, clipWidth, 1), clipWidth); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	if summary, err := shared.Finish(); err != nil || summary.Clip.Frames != 40 || summary.Clip.TI.Max != 0 {
		t.Errorf("%+v, %v", summary, err)
	}
}

// TestForgottenAnalyzersAreFreed: analyzers that nobody closes are freed by the garbage collector.
func TestForgottenAnalyzersAreFreed(t *testing.T) {
	options := clipOptions()
	options.Width, options.Height = 1024, 1024
	luma := make([]uint8, 1<<20)
	before := residentKB(t)
	const forgotten = 300 // a previous frame of 1 MB each
	for i := range forgotten {
		analyzer, err := encast.NewAnalyzer(options)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := analyzer.Push(luma, 1024); err != nil {
			t.Fatal(err)
		}
		if i%10 == 0 {
			runtime.GC()
		}
	}
	if grown := residentKB(t) - before; grown > forgotten<<10/2 {
		t.Errorf("resident memory grew by %d KB over %d forgotten analyzers of more than 1 MB each", grown, forgotten)
	}
}
