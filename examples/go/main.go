// Command forecast loads the default model and prints what it forecasts for four common encodes.
package main

import (
	"fmt"
	"io"
	"log"
	"os"
	"text/tabwriter"

	"github.com/encast/encast/go-exporter/encast"
)

func main() {
	if err := forecast(os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func forecast(out io.Writer) error {
	model, err := encast.LoadDefault()
	if err != nil {
		return err
	}
	defer model.Close()

	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "encode\tVMAF\tfrom\tto\tPSNR dB\tCPU hours\tUSD\tkg CO2e\tconfidence\tkbit/s for VMAF 93\t")
	for _, encode := range []struct {
		name                                   string
		kbps, width, height, fps, drop, motion float64
	}{
		{"720p30_2mbps", 2000, 1280, 720, 30, .01, .5},
		{"1080p30_4mbps", 4000, 1920, 1080, 30, .01, .5},
		{"1080p60_6mbps", 6000, 1920, 1080, 60, .01, .6},
		{"4k30_15mbps", 15000, 3840, 2160, 30, .005, .7},
	} {
		features := encast.NewFeatures() // everything unknown
		features.BitrateKbps = encode.kbps
		features.ResolutionWidth, features.ResolutionHeight = encode.width, encode.height
		features.FrameRate = encode.fps
		features.FrameDrop = encode.drop
		features.MotionIntensity = encode.motion
		result, err := model.Predict(features)
		if err != nil {
			return fmt.Errorf("%s: %w", encode.name, err)
		}
		fmt.Fprintf(table, "%s\t%.1f\t%.1f\t%.1f\t%.1f\t%.2f\t%.3f\t%.4f\t%.2f\t%.0f\t\n", encode.name,
			result.VMAF.Value, result.VMAF.Lower, result.VMAF.Upper, result.PredictedPSNR,
			result.CPUSeconds.Value/3600, result.PredictedCostUSD, result.PredictedCO2Kg,
			result.Confidence, result.RecommendedBitrateKbps)
	}
	return table.Flush()
}
