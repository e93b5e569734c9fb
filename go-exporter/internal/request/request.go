// Package request reads what clients ask: the fields of a request as JSON or as parameters of a URL.
package request

import (
	"math"

	"github.com/encast/encast/go-exporter/encast"
)

// MaxAnchors bounds the anchors of one request.
const MaxAnchors = 256

// Request is an encode to forecast, with what is asked of the forecast.
type Request struct {
	Features encast.Features
	// Machine and Region are as given; empty means not given. They become a site where the request is answered.
	Machine, Region string
	Options         encast.PredictOptions

	ID     string // that the client will report measurements under
	Title  string // which source
	Config string // which configured encode, or any other name for this kind of encode

	seen keySet
}

// New returns a request of which nothing is known.
func New() Request { return Request{Features: encast.NewFeatures()} }

// Over returns a request of which nothing is known, with options that hold where it has none of its own.
func Over(options encast.PredictOptions) Request {
	return Request{Features: unknown, Options: options}
}

var unknown = encast.NewFeatures()

// Missing tells what has to be there and is not. The bounds of the values are the model's to know.
func Missing(f *encast.Features) []*Error {
	var missing []*Error
	if math.IsNaN(f.ResolutionWidth) || math.IsNaN(f.ResolutionHeight) {
		missing = append(missing, noSize())
	}
	if math.IsNaN(f.BitrateKbps) && math.IsNaN(f.CRF) {
		missing = append(missing, noRate())
	}
	return missing
}

func noSize() *Error {
	return Mistake("resolution", "missing: give resolution: 1920x1080, or width and height")
}

func noRate() *Error { return Mistake("bitrate_kbps", "missing: give bitrate_kbps or crf") }

// Complete returns the first of what is missing.
func Complete(f *encast.Features) error {
	if missing := Missing(f); missing != nil {
		return missing[0]
	}
	return nil
}
