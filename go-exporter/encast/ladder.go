package encast

/*
#include "wrappers.h"
*/
import "C"

import (
	"fmt"
	"runtime"
	"unsafe"
)

// Size is a size of pictures, pixels.
type Size struct {
	Width, Height uint32
}

// String returns the size as "1280x720".
func (s Size) String() string { return fmt.Sprintf("%dx%d", s.Width, s.Height) }

// LadderOptions tells what a ladder shall be. The zero value holds the defaults.
type LadderOptions struct {
	Sizes []Size // encoded sizes to choose from, at most 64; none means the usual ones up to the source's
	// BitratesKbps get a rung each, at most 64; none means rungs by steps of VMAF. One that gives no more VMAF than a
	// lower one, or that no size allows, gets no rung.
	BitratesKbps    []float64
	StepVMAF        float64 // least VMAF between two rungs, above 0 and at most 100; 0 means 6. Not looked at with BitratesKbps, like the next three
	MinBitrateRatio float64 // least ratio of the bitrates of two rungs, 1-16; 0 means 1.2
	TopVMAF         float64 // the highest rung is the cheapest that reaches this, or the best that there is, 0-100; 0 means 95
	BottomVMAF      float64 // no rung has less, 0 to TopVMAF; 0 means 40, and a number just above 0 any
	// Predict holds the bitrates to look at (MinBitrateKbps to MaxBitrateKbps), the range of CRFs, assurance, limits on
	// time and cost of each rung, level and profile. Its TargetVMAF is not used.
	Predict PredictOptions
}

// Rung is one rung of a ladder: an encode and what is forecast of it. What the model does not forecast is NaN.
type Rung struct {
	Size          Size     // encoded
	BitrateKbps   float64  // of the video
	CRF           float64  // the whole CRF whose forecast bitrate is nearest; NaN when there is none
	VMAF          Estimate // 0-100
	AssuredVMAF   float64  // the lower bound that holds with the assurance; without one, the forecast. Rungs are placed by it
	PSNR          Estimate // dB
	SizeMB        float64  // size of the encode, MB (10⁶ bytes)
	EncodeSeconds Estimate // of the whole job
	CostUSD       Estimate // of the whole job
	Confidence    float64  // 0-1, how far the forecast of quality can be trusted
	OutOfRange    FieldSet // inputs of this rung outside of what the model saw in training
}

func (r *Rung) fromC(c *C.EncastRung) {
	*r = Rung{
		Size:          Size{Width: uint32(c.width), Height: uint32(c.height)},
		BitrateKbps:   float64(c.bitrate_kbps),
		CRF:           float64(c.crf),
		VMAF:          estimateOf(&c.vmaf),
		AssuredVMAF:   float64(c.assured_vmaf),
		PSNR:          estimateOf(&c.psnr),
		SizeMB:        float64(c.size_mb),
		EncodeSeconds: estimateOf(&c.encode_seconds),
		CostUSD:       estimateOf(&c.cost_usd),
		Confidence:    float64(c.confidence),
		OutOfRange:    FieldSet(c.out_of_range),
	}
}

// toC leaves the slices out: the wrapper puts them in, so that no struct of Go's holds a pointer for C.
func (o *LadderOptions) toC(c *C.EncastLadderOptions) {
	*c = blankLadderOptions
	for _, given := range []struct {
		value float64
		field *C.double
	}{
		{o.StepVMAF, &c.step_vmaf},
		{o.MinBitrateRatio, &c.min_bitrate_ratio},
		{o.TopVMAF, &c.top_vmaf},
		{o.BottomVMAF, &c.bottom_vmaf},
	} {
		if given.value != 0 {
			*given.field = C.double(given.value)
		}
	}
}

func sizesToC(sizes []Size) []C.EncastSize {
	converted := make([]C.EncastSize, len(sizes))
	for i, size := range sizes {
		converted[i] = C.EncastSize{width: C.uint32_t(size.Width), height: C.uint32_t(size.Height)}
	}
	return converted
}

// rungsAtFirst has room for every ladder of the default options.
const rungsAtFirst = 16

// Ladder makes the bitrate ladder of a source: encodes, from the lowest, each of which has more bitrate and more VMAF
// than the one before, and the size that is forecast to look best at its bitrate. Nil options are the defaults.
// Bitrate, CRF and encoded size of the features are not looked at; the encoded size stands for the source's where that
// is not known. There are no rungs when no allowed encode reaches the bottom.
func (m *Model) Ladder(features Features, options *LadderOptions) ([]Rung, error) {
	if options == nil {
		options = &LadderOptions{}
	}
	var cOptions C.EncastPredictOptions
	if err := options.Predict.toC(&cOptions); err != nil {
		return nil, err
	}
	defer options.Predict.Site.release()
	var pinner runtime.Pinner
	defer pinner.Unpin()
	var cFeatures C.EncastFeatures
	if err := features.toC(&cFeatures, &pinner); err != nil {
		return nil, err
	}
	var cLadder C.EncastLadderOptions
	options.toC(&cLadder)
	sizes := sizesToC(options.Sizes)
	// A float64 is a C double.
	bitrates := (*C.double)(unsafe.Pointer(unsafe.SliceData(options.BitratesKbps)))
	handle, err := m.use()
	if err != nil {
		return nil, err
	}
	defer runtime.KeepAlive(m)
	count := C.size_t(max(rungsAtFirst, len(options.BitratesKbps)))
	for {
		cRungs := make([]C.EncastRung, count)
		for i := range cRungs {
			cRungs[i] = blankRung
		}
		failure := C.encast_go_failure{row: -1}
		status := C.encast_go_ladder(handle, &cFeatures, &cLadder, unsafe.SliceData(sizes), C.size_t(len(sizes)),
			bitrates, C.size_t(len(options.BitratesKbps)), &cOptions, unsafe.SliceData(cRungs), C.size_t(len(cRungs)),
			&count, &failure)
		if status != C.ENCAST_STATUS_OK {
			err := failed(status, &failure)
			if status == C.ENCAST_STATUS_BUFFER_TOO_SMALL {
				continue // with as many as are needed
			}
			return nil, err
		}
		rungs := make([]Rung, count)
		for i := range rungs {
			rungs[i].fromC(&cRungs[i])
		}
		return rungs, nil
	}
}
