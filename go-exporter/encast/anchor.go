package encast

/*
#include <encast.h>
*/
import "C"

import (
	"fmt"
	"math"
	"runtime"
	"unsafe"
)

// Anchor is one earlier encode of the title that a request is about: its settings, and what was measured of it. NaN (and
// "", 0 for names) stands for unknown. Start from [NewAnchor], which makes everything unknown; a zero Anchor claims
// values of 0.
//
// Settings that are not given are those of the request. Needed are BitrateKbps or CRF, and one measured value: VMAF,
// PSNR, SSIM, or the bitrate beside a CRF. A forecast from a bitrate learns from anchors that have a bitrate, one from
// a CRF from those that have a CRF: an anchor with both serves both. Frame rate and dropped frames are taken to be the
// request's.
type Anchor struct {
	BitrateKbps      float64 // that the encode came to, kbit/s
	CRF              float64 // constant-quality setting (CRF or QP) that it was made with, on its encoder's scale
	ResolutionWidth  float64 // encoded width, pixels; given together with the height
	ResolutionHeight float64 // encoded height, pixels

	Codec   Codec   // another one than the request's leaves its encoder and preset unknown
	Encoder Encoder // another one than the request's leaves its preset unknown
	Preset  string  // the encoder's own preset name

	VMAF float64 // measured, 0-100
	PSNR float64 // measured, dB
	SSIM float64 // measured, 0-1
}

// NewAnchor returns an anchor of which nothing is known.
func NewAnchor() Anchor {
	nan := math.NaN()
	return Anchor{
		BitrateKbps: nan, CRF: nan, ResolutionWidth: nan, ResolutionHeight: nan, VMAF: nan, PSNR: nan, SSIM: nan,
	}
}

// toC writes an anchor into a struct that starts out blank.
func (a *Anchor) toC(c *C.EncastAnchor) error {
	*c = blankAnchor
	if err := putPreset(c.preset[:], a.Preset); err != nil {
		return err
	}
	c.codec, c.encoder = C.int32_t(a.Codec), C.int32_t(a.Encoder)
	c.bitrate_kbps = C.double(a.BitrateKbps)
	c.crf = C.double(a.CRF)
	c.resolution_width = C.double(a.ResolutionWidth)
	c.resolution_height = C.double(a.ResolutionHeight)
	c.vmaf, c.psnr, c.ssim = C.double(a.VMAF), C.double(a.PSNR), C.double(a.SSIM)
	return nil
}

// anchorsToC gives features their anchors, in memory that the pinner holds for C until it lets go of it.
func anchorsToC(anchors []Anchor, c *C.EncastFeatures, pinner *runtime.Pinner) error {
	if len(anchors) == 0 {
		return nil
	}
	converted := make([]C.EncastAnchor, len(anchors))
	for i := range anchors {
		if err := anchors[i].toC(&converted[i]); err != nil {
			if failure, ok := err.(*Error); ok {
				failure.Field = fmt.Sprintf("anchors[%d].%s", i, failure.Field)
				failure.Text = fmt.Sprintf("anchors[%d].%s", i, failure.Text)
			}
			return err
		}
	}
	first := unsafe.SliceData(converted)
	pinner.Pin(first)
	c.anchors, c.anchor_count = first, C.size_t(len(converted))
	return nil
}
