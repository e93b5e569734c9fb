// Package footprint keeps the memory of a program that imports it small. It is for programs: a package that others use has
// no say in it. The C file beside this one sets up the GNU C library, whose memory models take. What the environment says
// of that library's memory, or of Go's, holds instead.
package footprint

import "C"

import (
	"os"
	"runtime/debug"
)

// gcPercent is how far the heap of Go may grow before it is collected. It is a few MB beside a model of ten, so collecting
// it twice as often costs little.
const gcPercent = 50

func init() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
}
