package encast

/*
#include "wrappers.h"
*/
import "C"

import (
	"fmt"
	"math"
	"runtime"
	"sync"
	"unsafe"
)

// AnalyzerOptions tells what an analyzer has to know of a clip before its first frame.
type AnalyzerOptions struct {
	Width, Height int     // of the luma plane, samples, 3-16384; must be given
	BitDepth      int     // bits per luma sample, 8-12; must be given
	FrameRate     float64 // frames/s; 0 or NaN means unknown, and then durations are unknown too
	Threads       int     // that share the work on each frame, at most 64; 0 means 1. The figures do not depend on it

	// At most one of these cuts the clip into segments.
	SegmentSeconds float64 // segments of that length, which needs FrameRate; 0 means none
	Scenes         bool    // segments from scene cut to scene cut
}

// Analyzer measures the complexity of one clip, frame by frame; docs/content.md has the formulas. It holds one previous
// frame, however long the clip is. Calls of several goroutines wait for one another; different analyzers do not. Close
// it when it is not needed any more: the garbage collector does not see how large it is.
type Analyzer struct {
	mu            sync.Mutex
	handle        *C.EncastAnalyzer
	width, height int
	bitDepth      int
	cleanup       runtime.Cleanup
}

// NewAnalyzer makes an analyzer of one clip.
func NewAnalyzer(options AnalyzerOptions) (*Analyzer, error) {
	var cOptions C.EncastAnalyzerOptions
	if err := options.toC(&cOptions); err != nil {
		return nil, err
	}
	var handle *C.EncastAnalyzer
	failure := C.encast_go_failure{row: -1}
	if err := failed(C.encast_go_analyzer_new(&cOptions, &handle, &failure), &failure); err != nil {
		return nil, err
	}
	analyzer := &Analyzer{handle: handle, width: options.Width, height: options.Height, bitDepth: options.BitDepth}
	analyzer.cleanup = runtime.AddCleanup(analyzer, func(handle *C.EncastAnalyzer) { C.encast_analyzer_free(handle) }, handle)
	return analyzer, nil
}

func (o *AnalyzerOptions) toC(c *C.EncastAnalyzerOptions) error {
	*c = blankAnalyzerOptions
	threads := o.Threads
	if threads == 0 {
		threads = 1
	}
	for _, number := range []struct {
		field string
		value int
		place *C.uint32_t
	}{
		{"width", o.Width, &c.width},
		{"height", o.Height, &c.height},
		{"bit_depth", o.BitDepth, &c.bit_depth},
		{"threads", threads, &c.threads},
	} {
		if number.value < 0 || number.value > math.MaxUint32 {
			return invalid(number.field, fmt.Sprintf("%s = %d: must be a positive number of 32 bits", number.field, number.value))
		}
		*number.place = C.uint32_t(number.value)
	}
	if o.FrameRate != 0 {
		c.frame_rate = C.double(o.FrameRate)
	}
	if o.SegmentSeconds != 0 {
		c.segmentation = C.ENCAST_SEGMENTATION_SECONDS
		c.segment_seconds = C.double(o.SegmentSeconds)
	}
	if o.Scenes {
		c.segmentation = C.ENCAST_SEGMENTATION_SCENES
	}
	return nil
}

func invalid(field, text string) error {
	return &Error{Status: ErrInvalidField, Text: text, Field: field, Row: -1}
}

// Push takes the next frame of a clip of 8 bits, in the order of display, and returns its complexity. The stride counts
// samples from the start of a row to the start of the next; what stands between is not looked at, and the last row may
// end at the width. After an error the frame counts as not given, and the next may follow.
func (a *Analyzer) Push(luma []uint8, stride int) (FrameComplexity, error) {
	return push(a, luma, stride)
}

// Push16 is [Analyzer.Push] for clips of 9 to 12 bits, with the value in the low bits of each sample.
func (a *Analyzer) Push16(luma []uint16, stride int) (FrameComplexity, error) {
	return push(a, luma, stride)
}

func push[Sample uint8 | uint16](a *Analyzer, luma []Sample, stride int) (FrameComplexity, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.handle == nil {
		return FrameComplexity{}, ErrClosed
	}
	size := int(unsafe.Sizeof(Sample(0)))
	if wide := a.bitDepth > 8; wide != (size > 1) {
		text := fmt.Sprintf("luma: samples of %d bytes given to an analyzer of %d bits", size, a.bitDepth)
		return FrameComplexity{}, invalid("luma", text)
	}
	if stride < a.width {
		return FrameComplexity{}, invalid("stride", fmt.Sprintf("stride = %d: must be at least the width, %d", stride, a.width))
	}
	// The library can't know how long the slice is. Divided, so that nothing overflows.
	if len(luma) < a.width || (len(luma)-a.width)/stride < a.height-1 {
		text := fmt.Sprintf("luma: %d samples at a stride of %d do not hold %d x %d", len(luma), stride, a.width, a.height)
		return FrameComplexity{}, invalid("luma", text)
	}
	out := blankFrameComplexity
	failure := C.encast_go_failure{row: -1}
	status := C.encast_go_analyzer_push_frame(a.handle, unsafe.Pointer(unsafe.SliceData(luma)), C.size_t(stride*size), &out, &failure)
	if status != C.ENCAST_STATUS_OK {
		return FrameComplexity{}, failed(status, &failure)
	}
	return frameComplexityOf(&out), nil
}

// Finish ends the clip and tells its complexity. Called again, it tells the same again; a further frame is an error. The
// analyzer still has to be closed.
func (a *Analyzer) Finish() (ContentSummary, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.handle == nil {
		return ContentSummary{}, ErrClosed
	}
	out := blankComplexity
	failure := C.encast_go_failure{row: -1}
	if err := failed(C.encast_go_analyzer_finish(a.handle, &out, &failure), &failure); err != nil {
		return ContentSummary{}, err
	}
	summary := ContentSummary{Clip: complexityOf(&out)}
	for i := range out.segments {
		segment := blankComplexity
		if err := failed(C.encast_go_analyzer_segment(a.handle, C.size_t(i), &segment, &failure), &failure); err != nil {
			return ContentSummary{}, err
		}
		summary.Segments = append(summary.Segments, complexityOf(&segment))
	}
	for i := range out.cuts {
		var frame C.uint64_t
		if err := failed(C.encast_go_analyzer_cut(a.handle, C.size_t(i), &frame, &failure), &failure); err != nil {
			return ContentSummary{}, err
		}
		summary.Cuts = append(summary.Cuts, int64(frame))
	}
	return summary, nil
}

// Close frees the analyzer. More than one call does no harm. The error is always nil; it is there for io.Closer.
func (a *Analyzer) Close() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.handle != nil {
		a.cleanup.Stop()
		C.encast_analyzer_free(a.handle)
		a.handle = nil
	}
	return nil
}
