package request

import (
	"math"

	"github.com/encast/encast/go-exporter/encast"
)

// ladderNumbers are the options that only a ladder has.
var ladderNumbers = map[string]func(*encast.LadderOptions) *float64{
	"step_vmaf":         func(o *encast.LadderOptions) *float64 { return &o.StepVMAF },
	"min_bitrate_ratio": func(o *encast.LadderOptions) *float64 { return &o.MinBitrateRatio },
	"top_vmaf":          func(o *encast.LadderOptions) *float64 { return &o.TopVMAF },
	"bottom_vmaf":       func(o *encast.LadderOptions) *float64 { return &o.BottomVMAF },
}

// MaxSizes bounds the sizes and the bitrates that a ladder is made of; the library takes no more.
const MaxSizes = 64

// ParseLadder reads a body of POST /ladder: the fields of a request, and options. Those that hold for forecasts, too, may
// stand in either place; they are in the request's options.
func ParseLadder(body []byte, defaults encast.PredictOptions) (*Request, *encast.LadderOptions, error) {
	r := NewReader(body)
	defer r.Close()
	request, ladder := Over(defaults), &encast.LadderOptions{}
	err := r.Object("", func(name []byte) error {
		if string(name) != "options" {
			return r.RequestField(&request, name)
		}
		return Within(r.Object("options", func(name []byte) error { return r.ladderOption(&request, ladder, name) }), "options")
	})
	if err != nil {
		return nil, nil, err
	}
	return &request, ladder, r.End()
}

func (r *Reader) ladderOption(request *Request, ladder *encast.LadderOptions, name []byte) error {
	key := string(name)
	if in, is := ladderNumbers[key]; is {
		value, err := r.Number(key)
		switch {
		case err != nil || math.IsNaN(value):
			return err
		case value == 0 && key == "bottom_vmaf":
			value = math.SmallestNonzeroFloat64 // 0 is the library's word for the default
		case value <= 0:
			return Mistake(key, "%s = %v must be above 0", key, value)
		}
		*in(ladder) = value
		return nil
	}
	switch key {
	case "sizes":
		return r.Array(key, func(row int) error {
			text, _, err := r.Text(key)
			if err != nil {
				return err
			}
			width, height, err := sizeOf(text)
			if err == nil && row == MaxSizes {
				err = Mistake(key, "more than %d", MaxSizes)
			}
			ladder.Sizes = append(ladder.Sizes, encast.Size{Width: uint32(width), Height: uint32(height)})
			return blame(err, key)
		})
	case "bitrates_kbps":
		return r.Array(key, func(row int) error {
			if row == MaxSizes {
				return Mistake(key, "more than %d", MaxSizes)
			}
			value, err := r.Number(key)
			if err == nil && math.IsNaN(value) {
				err = Mistake(key, "null is not a number")
			}
			ladder.BitratesKbps = append(ladder.BitratesKbps, value)
			return err
		})
	}
	if k := keys[key]; k != nil && k.kind == option {
		return r.RequestField(request, name)
	}
	return Mistake(shown(name), "unknown option of a ladder: known are bitrates_kbps, bottom_vmaf, min_bitrate_ratio, sizes, "+
		"step_vmaf, top_vmaf, and the options of a forecast")
}
