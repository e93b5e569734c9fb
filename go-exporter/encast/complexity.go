package encast

/*
#include <encast.h>
*/
import "C"

// FrameComplexity is the complexity of one frame, on the scale of 8-bit luma as coded.
type FrameComplexity struct {
	Frame          int64   // number of the frame, from 0
	SI             float64 // spatial information (ITU-T P.910)
	TI             float64 // temporal information (ITU-T P.910); NaN of the first frame
	SpatialEnergy  float64 // VCA's E
	TemporalEnergy float64 // VCA's h; NaN of the first frame
	Luminance      float64 // VCA's L
	StaticShare    float64 // share of 32x32 blocks that hardly changed from the frame before, 0-1; NaN of the first frame
}

// Statistics is one figure over the frames of a clip or a segment; NaN throughout when it is not known.
type Statistics struct {
	Mean   float64
	Std    float64 // standard deviation of the population
	Min    float64
	Max    float64
	Median float64 // within 0.5 %: what one black frame or one cut does not move
}

// Complexity is the complexity of a clip or of a segment, on the scale of 8-bit luma as coded. The figures of time (TI,
// TemporalEnergy, StaticShare, MotionIntensity) leave out the first frame, and are NaN when there is no other.
type Complexity struct {
	Width, Height int     // samples
	BitDepth      int     // bits per sample
	FrameRate     float64 // frames/s as given; NaN when unknown
	FirstFrame    int64   // number in the clip, from 0
	Frames        int64   // at least 1
	DurationS     float64 // seconds; NaN when the frame rate is unknown

	MotionIntensity float64 // 0-1: TI/(TI+10) of the mean temporal information
	SI              Statistics
	TI              Statistics
	SpatialEnergy   Statistics // VCA's E
	TemporalEnergy  Statistics // VCA's h
	Luminance       Statistics // VCA's L
	StaticShare     Statistics // share of 32x32 blocks that hardly changed from the frame before, 0-1
}

// ContentSummary is what an analyzer found.
type ContentSummary struct {
	Clip     Complexity
	Cuts     []int64      // frames that start a scene, from 0, never 0; at most 65536 are kept
	Segments []Complexity // in order; empty when none were asked for; at most 65536
}

// SetContent fills in what an analyzer measured: source size, rate, depth and duration, motion, SI, TI, energies,
// luminance and static share. All of these are replaced, and what the complexity does not know becomes unknown; the rest
// stays. Set what is to differ, such as the DurationS of the whole job, after this call.
func (f *Features) SetContent(complexity Complexity) {
	f.SourceWidth, f.SourceHeight = float64(complexity.Width), float64(complexity.Height)
	f.SourceFrameRate = complexity.FrameRate
	f.BitDepth = float64(complexity.BitDepth)
	f.DurationS = complexity.DurationS
	f.MotionIntensity = complexity.MotionIntensity
	f.SIMean, f.SIStd = complexity.SI.Mean, complexity.SI.Std
	f.TIMean, f.TIStd = complexity.TI.Mean, complexity.TI.Std
	f.SpatialEnergy = complexity.SpatialEnergy.Mean
	f.TemporalEnergy = complexity.TemporalEnergy.Mean
	f.Luminance = complexity.Luminance.Mean
	f.StaticShare = complexity.StaticShare.Mean
}

func statisticsOf(c *C.EncastStatistics) Statistics {
	return Statistics{
		Mean:   float64(c.mean),
		Std:    float64(c.std),
		Min:    float64(c.min),
		Max:    float64(c.max),
		Median: float64(c.median),
	}
}

func frameComplexityOf(c *C.EncastFrameComplexity) FrameComplexity {
	return FrameComplexity{
		Frame:          int64(c.frame),
		SI:             float64(c.si),
		TI:             float64(c.ti),
		SpatialEnergy:  float64(c.spatial_energy),
		TemporalEnergy: float64(c.temporal_energy),
		Luminance:      float64(c.luminance),
		StaticShare:    float64(c.static_share),
	}
}

func complexityOf(c *C.EncastComplexity) Complexity {
	return Complexity{
		Width:           int(c.width),
		Height:          int(c.height),
		BitDepth:        int(c.bit_depth),
		FrameRate:       float64(c.frame_rate),
		FirstFrame:      int64(c.first_frame),
		Frames:          int64(c.frames),
		DurationS:       float64(c.duration_s),
		MotionIntensity: float64(c.motion_intensity),
		SI:              statisticsOf(&c.si),
		TI:              statisticsOf(&c.ti),
		SpatialEnergy:   statisticsOf(&c.spatial_energy),
		TemporalEnergy:  statisticsOf(&c.temporal_energy),
		Luminance:       statisticsOf(&c.luminance),
		StaticShare:     statisticsOf(&c.static_share),
	}
}
