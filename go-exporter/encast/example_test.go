package encast_test

import (
	"errors"
	"fmt"
	"log"
	"math"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/encast/encast/go-exporter/encast"
)

func Example() {
	model, err := encast.LoadDefault()
	if err != nil {
		log.Fatal(err)
	}
	defer model.Close()

	features := encast.NewFeatures() // everything unknown
	features.BitrateKbps = 4000
	features.ResolutionWidth, features.ResolutionHeight = 1920, 1080
	features.FrameRate = 30
	result, err := model.Predict(features)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("VMAF is forecast:", result.VMAF.Known())
	fmt.Println("it lies in its interval:", result.VMAF.Lower <= result.VMAF.Value && result.VMAF.Value <= result.VMAF.Upper)
	fmt.Printf("the stream needs %.0f Mbit/s\n", result.BandwidthMbps)
	// Output:
	// VMAF is forecast: true
	// it lies in its interval: true
	// the stream needs 4 Mbit/s
}

func ExampleModel_RecommendBitrate() {
	model, err := encast.LoadDefault()
	if err != nil {
		log.Fatal(err)
	}
	defer model.Close()

	features := encast.NewFeatures()
	features.ResolutionWidth, features.ResolutionHeight = 1920, 1080
	features.FrameRate = 30
	answer, err := model.RecommendBitrate(features, &encast.PredictOptions{TargetVMAF: 80, MaxBitrateKbps: 20000})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(!answer.Unreachable, answer.BitrateKbps <= 20000, answer.VMAF.Value >= 80)
	// Output: true true true
}

func ExampleModel_RecommendCRF() {
	model, err := encast.LoadDefault()
	if err != nil {
		log.Fatal(err)
	}
	defer model.Close()

	features := encast.NewFeatures()
	features.ResolutionWidth, features.ResolutionHeight = 1920, 1080
	features.FrameRate = 30
	features.Encoder, features.Preset = encast.EncoderLibx264, "medium"
	// Whether the true VMAF is 60 or more with a probability of 0.8, at no more than a day's work.
	answer, err := model.RecommendCRF(features, &encast.PredictOptions{
		TargetVMAF: 60, Assurance: .8, MaxEncodeSeconds: 24 * 3600,
	})
	if err != nil {
		log.Fatal(err)
	}
	switch answer.Outcome {
	case encast.OutcomeReached:
		fmt.Println("a whole CRF:", answer.CRF == math.Trunc(answer.CRF), answer.AssuredVMAF >= 60)
	case encast.OutcomeUnreachable:
		fmt.Println("at best VMAF", answer.AssuredVMAF)
	case encast.OutcomeOverLimit:
		fmt.Println(answer.Limit, "would be", answer.LimitForecast, "at CRF", answer.Needed)
	}
	// Output: a whole CRF: true true
}

func ExampleModel_Ladder() {
	model, err := encast.LoadDefault()
	if err != nil {
		log.Fatal(err)
	}
	defer model.Close()

	source := encast.NewFeatures()
	source.SourceWidth, source.SourceHeight = 1920, 1080
	source.FrameRate = 30
	source.Encoder = encast.EncoderLibx264
	rungs, err := model.Ladder(source, &encast.LadderOptions{
		StepVMAF: 8,
		Predict:  encast.PredictOptions{MaxBitrateKbps: 10000},
	})
	if err != nil {
		log.Fatal(err)
	}
	fine := len(rungs) > 0
	for i, rung := range rungs {
		// rung.Size, rung.BitrateKbps and rung.CRF are what an encoder needs.
		fine = fine && rung.BitrateKbps <= 10000 && rung.Size.Height <= 1080
		fine = fine && (i == 0 || rung.VMAF.Value >= rungs[i-1].VMAF.Value+8)
	}
	fmt.Println("each rung is 8 VMAF above the one below:", fine)
	// Output: each rung is 8 VMAF above the one below: true
}

func ExampleProfiles_Site() {
	model, err := encast.LoadDefault()
	if err != nil {
		log.Fatal(err)
	}
	defer model.Close()
	profiles, err := encast.LoadProfiles("") // the built-in ones; a file's are laid over them
	if err != nil {
		log.Fatal(err)
	}
	defer profiles.Close()

	features := encast.NewFeatures()
	features.BitrateKbps = 4000
	features.ResolutionWidth, features.ResolutionHeight = 1920, 1080
	features.Encoder, features.Preset = encast.EncoderLibx264, "medium"
	features.DurationS = 600
	carbon := map[string]float64{}
	for _, region := range []string{"eu-central-1", "us-west-2"} {
		site, err := profiles.Site("c5.2xlarge", region)
		if err != nil {
			log.Fatal(err)
		}
		result, err := model.PredictWith(features, encast.PredictOptions{Site: site, Deliveries: 100})
		if err != nil {
			log.Fatal(err)
		}
		carbon[region] = result.Resources.CO2OperationalKg
		// 0.3 GB sent 100 times, at 0.09 USD a GB.
		fmt.Printf("%s: egress %.2f USD\n", region, result.Resources.CostEgressUSD)
		site.Close()
	}
	fmt.Println("less carbon in the west:", carbon["us-west-2"] < carbon["eu-central-1"])
	_, err = profiles.Site("c5.2xlarg", "eu-central-1")
	fmt.Println("a mistake:", errors.Is(err, encast.ErrUnknownName))
	// Output:
	// eu-central-1: egress 2.70 USD
	// us-west-2: egress 2.70 USD
	// less carbon in the west: true
	// a mistake: true
}

func ExampleModel_Advise() {
	model, err := encast.LoadDefault()
	if err != nil {
		log.Fatal(err)
	}
	defer model.Close()
	profiles, err := encast.LoadProfiles("")
	if err != nil {
		log.Fatal(err)
	}
	site, err := profiles.Site("c5.2xlarge", "eu-central-1")
	if err != nil {
		log.Fatal(err)
	}
	defer site.Close()

	source := encast.NewFeatures()
	source.SourceWidth, source.SourceHeight = 1920, 1080
	source.FrameRate, source.DurationS = 25, 600
	setups, err := model.Advise(source, &encast.AdviseOptions{
		TargetVMAF: 80,
		RankBy:     encast.RankByCost,
		Encoders:   []encast.Encoder{encast.EncoderLibx264},
		Presets:    []string{"veryfast", "medium"},
		Sizes:      []encast.Size{{1920, 1080}, {1280, 720}},
		Predict:    encast.PredictOptions{Site: site, MaxEncodeSeconds: 3600},
	})
	if err != nil {
		log.Fatal(err)
	}
	best := setups[0] // Encoder, Preset, Size and BitrateKbps are what an encoder needs
	fmt.Println(best.Outcome, best.VMAF.Value >= 80, best.EncodeSeconds.Value <= 3600, best.CostUSD.Known())
	// Output: reached true true true
}

func ExampleAnchor() {
	model, err := encast.LoadDefault()
	if err != nil {
		log.Fatal(err)
	}
	defer model.Close()

	features := encast.NewFeatures()
	features.CRF = 26
	features.ResolutionWidth, features.ResolutionHeight = 1280, 720
	features.Encoder, features.Preset = encast.EncoderLibx264, "medium"
	before, err := model.Predict(features)
	if err != nil {
		log.Fatal(err)
	}
	// The same title was encoded before, with CRF 23: what it came to.
	anchor := encast.NewAnchor() // everything unknown, and as in the request
	anchor.CRF, anchor.BitrateKbps, anchor.VMAF = 23, 2140, 95.1
	features.Anchors = []encast.Anchor{anchor}
	after, err := model.Predict(features)
	if err != nil {
		log.Fatal(err)
	}
	width := func(e encast.Estimate) float64 { return e.Upper - e.Lower }
	fmt.Println("VMAF is better known:", width(after.VMAF) < width(before.VMAF))
	fmt.Println("and so is the bitrate:", width(after.BitrateKbps) < width(before.BitrateKbps))
	// Output:
	// VMAF is better known: true
	// and so is the bitrate: true
}

func ExampleModel_Compare() {
	model, err := encast.LoadDefault()
	if err != nil {
		log.Fatal(err)
	}
	defer model.Close()

	a := encast.NewFeatures()
	a.BitrateKbps = 4000
	a.ResolutionWidth, a.ResolutionHeight = 1920, 1080
	a.Encoder, a.Preset = encast.EncoderLibx264, "medium"
	b := a
	b.BitrateKbps = 1000
	change, err := model.Compare(a, b, nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.2f of the bitrate\n", change.BitrateKbps.Ratio.Value)
	fmt.Println("VMAF falls:", change.VMAF.Difference.Value < 0)
	fmt.Println("the stream is surely smaller:", change.BitrateKbps.IsClear())
	// Output:
	// 0.25 of the bitrate
	// VMAF falls: true
	// the stream is surely smaller: true
}

func ExampleModel_PredictBatch() {
	model, err := encast.LoadDefault()
	if err != nil {
		log.Fatal(err)
	}
	defer model.Close()

	ladder := make([]encast.Features, 4)
	for i := range ladder {
		ladder[i] = encast.NewFeatures()
		ladder[i].BitrateKbps = 1000 * float64(i+1)
		ladder[i].ResolutionWidth, ladder[i].ResolutionHeight = 1280, 720
	}
	results, err := model.PredictBatch(ladder, nil)
	if err != nil {
		log.Fatal(err)
	}
	rising := true
	for i := 1; i < len(results); i++ {
		rising = rising && results[i].PredictedVMAF >= results[i-1].PredictedVMAF
	}
	fmt.Println("more bitrate never forecasts less quality:", rising)
	// Output: more bitrate never forecasts less quality: true
}

func ExampleError() {
	model, err := encast.LoadDefault()
	if err != nil {
		log.Fatal(err)
	}
	defer model.Close()

	features := encast.NewFeatures()
	features.BitrateKbps = 4000
	features.ResolutionWidth, features.ResolutionHeight = 1920, 1080
	features.FrameRate = -30
	_, err = model.Predict(features)
	var failure *encast.Error
	if errors.As(err, &failure) {
		fmt.Println(errors.Is(err, encast.ErrInvalidField), failure.Field)
		fmt.Println(err)
	}
	// Output:
	// true frame_rate
	// frame_rate = -30: must be a finite number from 0.1 to 1000
}

func ExampleRetrain() {
	// Measured encodes: several titles, several encodes of each. Here they are made up.
	var features []encast.Features
	var targets []encast.Targets
	for title := range 10 {
		for _, kbps := range []float64{500, 1000, 2000, 4000, 8000, 16000} {
			f := encast.NewFeatures()
			f.BitrateKbps = kbps
			f.ResolutionWidth, f.ResolutionHeight = 1920, 1080
			features = append(features, f)
			measured := encast.NewTargets(fmt.Sprint("title ", title)) // nothing measured
			measured.VMAF = 30 + 6*math.Log2(kbps/100) + float64(title)
			targets = append(targets, measured)
		}
	}
	model, err := encast.Retrain(features, targets, encast.RetrainOptions{Version: "mine"})
	if err != nil {
		log.Fatal(err)
	}
	defer model.Close()
	info := model.Info()
	fmt.Println(info.Version, info.Rows, info.Titles, info.Targets)
	// Output: mine 60 10 [vmaf]
}

// TestExampleProgram compiles and runs examples/go.
func TestExampleProgram(t *testing.T) {
	program := exec.Command("go", "run", ".")
	program.Dir = "../../examples/go"
	program.Env = append(os.Environ(), "GOWORK=off")
	output, err := program.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	lines := strings.Split(strings.TrimSpace(string(output)), "\n")
	if len(lines) != 5 {
		t.Fatalf("%s", output)
	}
	for i, name := range []string{"720p30_2mbps", "1080p30_4mbps", "1080p60_6mbps", "4k30_15mbps"} {
		cells := strings.Fields(lines[i+1])
		if len(cells) != 10 || cells[0] != name || strings.Contains(lines[i+1], "NaN") {
			t.Errorf("%q, want ten cells of %s", lines[i+1], name)
		}
	}
}
