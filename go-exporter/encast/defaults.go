package encast

/*
#include <encast.h>
*/
import "C"

// DefaultPredictOptions returns what a zero PredictOptions stands for, with the numbers in place of 0; where the default
// is no limit, or depends on the encoder, it stays 0.
func DefaultPredictOptions() PredictOptions {
	return PredictOptions{
		TargetVMAF:     float64(blankPredictOptions.target_vmaf),
		MinBitrateKbps: float64(blankPredictOptions.min_bitrate_kbps),
		MaxBitrateKbps: float64(blankPredictOptions.max_bitrate_kbps),
		Level:          float64(blankPredictOptions.level),
	}
}

// DefaultLadderOptions returns what a zero LadderOptions stands for, with the numbers in place of 0.
func DefaultLadderOptions() LadderOptions {
	return LadderOptions{
		StepVMAF:        float64(blankLadderOptions.step_vmaf),
		MinBitrateRatio: float64(blankLadderOptions.min_bitrate_ratio),
		TopVMAF:         float64(blankLadderOptions.top_vmaf),
		BottomVMAF:      float64(blankLadderOptions.bottom_vmaf),
		Predict:         DefaultPredictOptions(),
	}
}
