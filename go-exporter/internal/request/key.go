package request

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/encast/encast/go-exporter/encast"
	"github.com/encast/encast/go-exporter/internal/label"
)

// key is what stands for one thing that a request may say; each of its spellings leads to it.
type key struct {
	name  string
	bits  keySet // that it fills: resolution fills two
	kind  kind
	field encast.Field // of kind numeric
	set   func(*Request, string) error
	in    func(*encast.PredictOptions) *float64
	zero  bool // whether 0 is a value of the option, not only the library's word for the default
}

type kind uint8

const (
	numeric kind = iota // a number of the features
	text                // a text
	option              // a number of the options
	truth               // true or false, of the options: whole_machine
	anchors             // a list of anchors
)

// keySet has a bit for each key.
type keySet uint64

// shortNames are other spellings of fields.
var shortNames = map[string]string{"width": "resolution_width", "height": "resolution_height", "fps": "frame_rate"}

// LongName returns the name that a field has in the glossary.
func LongName(name string) string {
	if long, short := shortNames[name]; short {
		return long
	}
	return name
}

// texts are the fields of an encode that are no numbers, whatever form it is given in.
var texts = map[string]func(*Request, string) error{
	"resolution": setResolution,
	"codec":      func(r *Request, text string) (err error) { r.Features.Codec, err = codecOf(text); return },
	"encoder":    func(r *Request, text string) (err error) { r.Features.Encoder, err = encoderOf(text); return },
	"preset":     func(r *Request, text string) error { r.Features.Preset = text; return nil },
	"machine":    func(r *Request, text string) error { return setPlace(&r.Machine, text) },
	"region":     func(r *Request, text string) error { return setPlace(&r.Region, text) },
}

// TextField returns what sets a field of an encode that is no number.
func TextField(name string) (func(*Request, string) error, bool) {
	set, known := texts[name]
	return set, known
}

// EncodeFields returns the names of all that may be said of an encode, short ones too, sorted.
func EncodeFields() []string {
	var known []string
	for _, field := range encast.NumericFields() {
		known = append(known, field.String())
	}
	known = slices.AppendSeq(known, maps.Keys(texts))
	known = slices.AppendSeq(known, maps.Keys(shortNames))
	slices.Sort(known)
	return known
}

// labels are texts that say nothing of the encode itself.
var labels = map[string]func(*Request, string) error{
	"id":     func(r *Request, text string) error { return setLabel(&r.ID, text, label.MaxID) },
	"title":  func(r *Request, text string) error { return setLabel(&r.Title, text, label.MaxTitle) },
	"config": func(r *Request, text string) error { return setLabel(&r.Config, text, label.MaxConfig) },
}

// options are the numbers that say what is asked of the forecast.
var options = []key{
	{name: "target_vmaf", in: func(o *encast.PredictOptions) *float64 { return &o.TargetVMAF }},
	{name: "min_bitrate_kbps", in: func(o *encast.PredictOptions) *float64 { return &o.MinBitrateKbps }},
	{name: "max_bitrate_kbps", in: func(o *encast.PredictOptions) *float64 { return &o.MaxBitrateKbps }},
	{name: "level", in: func(o *encast.PredictOptions) *float64 { return &o.Level }},
	{name: "assurance", in: func(o *encast.PredictOptions) *float64 { return &o.Assurance }},
	{name: "min_crf", in: func(o *encast.PredictOptions) *float64 { return &o.MinCRF }, zero: true},
	{name: "max_crf", in: func(o *encast.PredictOptions) *float64 { return &o.MaxCRF }},
	{name: "max_encode_seconds", in: func(o *encast.PredictOptions) *float64 { return &o.MaxEncodeSeconds }},
	{name: "max_cost_usd", in: func(o *encast.PredictOptions) *float64 { return &o.MaxCostUSD }},
	{name: "max_energy_kwh", in: func(o *encast.PredictOptions) *float64 { return &o.MaxEnergyKWh }},
	{name: "max_co2_kg", in: func(o *encast.PredictOptions) *float64 { return &o.MaxCO2Kg }},
	{name: "months_stored", in: func(o *encast.PredictOptions) *float64 { return &o.MonthsStored }, zero: true},
	{name: "deliveries", in: func(o *encast.PredictOptions) *float64 { return &o.Deliveries }, zero: true},
}

// keys has every spelling of every key.
var keys = makeKeys()

func makeKeys() map[string]*key {
	all := map[string]*key{}
	next := 0
	add := func(k key) *key {
		k.bits, next = 1<<next, next+1
		all[k.name] = &k
		return &k
	}
	for _, field := range encast.NumericFields() {
		add(key{name: field.String(), kind: numeric, field: field})
	}
	for _, set := range []map[string]func(*Request, string) error{texts, labels} {
		for _, name := range slices.Sorted(maps.Keys(set)) {
			add(key{name: name, kind: text, set: set[name]})
		}
	}
	for _, k := range options {
		k.kind = option
		add(k)
	}
	add(key{name: "whole_machine", kind: truth})
	add(key{name: "anchors", kind: anchors})
	all["resolution"].bits |= all["resolution_width"].bits | all["resolution_height"].bits
	for short, long := range shortNames {
		all[short] = all[long]
	}
	return all
}

// KnownKeys returns every name that a request may have, sorted.
func KnownKeys() []string { return slices.Sorted(maps.Keys(keys)) }

// lookUp returns the key of a name, and notes that the request has it.
func (r *Request) lookUp(name []byte) (*key, error) {
	k := keys[string(name)]
	if k == nil {
		return nil, Mistake(shown(name), "unknown field: known are %s", strings.Join(KnownKeys(), ", "))
	}
	if r.seen&k.bits != 0 {
		return nil, Mistake(string(name), "given twice, once under another spelling")
	}
	r.seen |= k.bits
	return k, nil
}

// setNumber sets a number of a request. NaN, which stands for unknown, changes nothing.
func (k *key) setNumber(r *Request, value float64) error {
	switch {
	case value != value:
	case k.kind == numeric:
		r.Features.Set(k.field, value)
	case value < 0 || value == 0 && !k.zero:
		bound := map[bool]string{true: "at least 0", false: "above 0"}[k.zero]
		return Mistake(k.name, "%s = %v must be %s", k.name, value, bound)
	default:
		*k.in(&r.Options) = value
	}
	return nil
}

// Names of codecs and encoders, for which the library need not be asked.
var (
	codecs   = numbersOf[encast.Codec]()
	encoders = numbersOf[encast.Encoder]()
)

func numbersOf[T interface {
	~int32
	fmt.Stringer
}]() map[string]T {
	numbers := map[string]T{}
	for number := T(1); number.String() != ""; number++ {
		numbers[number.String()] = number
	}
	return numbers
}

func codecOf(name string) (encast.Codec, error) {
	if codec, known := codecs[name]; known {
		return codec, nil
	}
	return encast.ParseCodec(name)
}

func encoderOf(name string) (encast.Encoder, error) {
	if encoder, known := encoders[name]; known {
		return encoder, nil
	}
	return encast.ParseEncoder(name)
}
