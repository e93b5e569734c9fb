// A program of someone else, in Go: one forecast, with the version of the library it holds.
package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"

	"github.com/encast/encast/go-exporter/encast"
)

func run() error {
	model, err := encast.LoadDefault()
	if err != nil {
		return err
	}
	defer model.Close()
	features := encast.NewFeatures()
	features.BitrateKbps = 4000
	features.ResolutionWidth, features.ResolutionHeight, features.FrameRate = 1920, 1080, 30
	features.FrameDrop, features.MotionIntensity = 0.01, 0.5
	result, err := model.Predict(features)
	if err != nil {
		return err
	}
	fmt.Printf("encast %s, VMAF %s\n", encast.Version(), strconv.FormatFloat(result.PredictedVMAF, 'g', 17, 64))
	if _, err := encast.Load("/nowhere.encast"); !errors.Is(err, encast.ErrModelMissing) {
		return fmt.Errorf("not the error that is due: %w", err)
	}
	return nil
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
