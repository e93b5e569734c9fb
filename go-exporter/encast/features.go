//go:build cgo

package encast

import "math"

// Features is what is known of an encode before it runs. NaN (and "", 0 for names) stands for unknown: never 0, never
// a guess. Start from [NewFeatures], which makes everything unknown; a zero Features claims values of 0.
//
// Needed are ResolutionWidth, ResolutionHeight, and BitrateKbps or CRF. When both are given, quality is forecast from
// the bitrate. Everything else sharpens the answer.
type Features struct {
	BitrateKbps      float64 // kbit/s; documented range 100-50000, wider is allowed and flagged
	CRF              float64 // constant-quality setting (CRF or QP) on the encoder's own scale
	ResolutionWidth  float64 // encoded width, pixels; documented range 640-7680
	ResolutionHeight float64 // encoded height, pixels; documented range 360-4320
	FrameRate        float64 // encoded frame rate, frames/s; documented range 15-120
	FrameDrop        float64 // share of source frames that never reach the viewer, 0-1
	MotionIntensity  float64 // motion, 0-1: TI/(TI+10) of the mean temporal information

	Codec   Codec   // follows from Encoder when only that is given
	Encoder Encoder // encoder implementation
	Preset  string  // the encoder's own preset name
	Threads float64 // encoder threads
	Passes  float64 // how often the encoder goes over the source: 1, or 2 for two-pass rate control

	// Machine is the machine that encodes, by the name that the model was taught it by: it scales times and what
	// follows from them. Empty is the model's reference machine.
	Machine string

	SourceWidth     float64 // pixels
	SourceHeight    float64 // pixels
	SourceFrameRate float64 // frames/s
	BitDepth        float64 // bits per sample of the source
	DurationS       float64 // length of the content, seconds; unknown means one hour

	SIMean         float64 // spatial information (ITU-T P.910), mean over frames
	SIStd          float64 // its standard deviation over frames
	TIMean         float64 // temporal information (ITU-T P.910), mean over frames
	TIStd          float64 // its standard deviation over frames
	SpatialEnergy  float64 // VCA's E
	TemporalEnergy float64 // VCA's h
	Luminance      float64 // VCA's L
	StaticShare    float64 // share of 32x32 blocks that hardly change from frame to frame, 0-1

	ProbeBitrateKbps float64 // bitrate of the trial encode that the model's probe recipe describes, kbit/s
	ProbePSNR        float64 // PSNR of the trial encode, dB
	ProbeVMAF        float64 // VMAF of the trial encode

	// Anchors are earlier encodes of the same title with what was measured of them: they sharpen every forecast near
	// them. Of more than 16 those nearest in encoder, preset and size are used. [Retrain] checks them, but learns
	// nothing from them.
	Anchors []Anchor
}

// NewFeatures returns features of which nothing is known.
func NewFeatures() Features {
	var features Features
	for _, field := range NumericFields() {
		features.Set(field, math.NaN())
	}
	return features
}

// Value returns a numeric input; NaN when it is unknown. It panics when the field is not numeric.
func (f *Features) Value(field Field) float64 { return *fields[field].in(f) }

// Set sets a numeric input; NaN makes it unknown. It is checked when it is used. It panics when the field is not
// numeric.
func (f *Features) Set(field Field, value float64) { *fields[field].in(f) = value }
