package observations

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"time"

	"github.com/encast/encast/go-exporter/encast"
)

// Forecast is what was forecast of an encode, and what of.
type Forecast struct {
	ID, Title, Config string
	// Features are those of the request. At a site their Machine is empty: Machine and Region say where.
	Features        encast.Features
	Machine, Region string
	Level           float64 // that the intervals promise; 0 means DefaultLevel
	Model           string  // version of the model
	At              time.Time
	Told            encast.Result  // what was answered; of it the estimates are kept
	Own             *encast.Result // the same without a correction; nil when none was applied
}

// DefaultLevel is what intervals promise unless a request says otherwise.
const DefaultLevel = 0.9

// Observation is what was measured of an encode, beside what was forecast of it.
type Observation struct {
	Forecast
	Number     uint64         // place in the order in which observations were stored
	Measured   encast.Targets // its Title is empty: Forecast has it
	ObservedAt time.Time
}

// A record on disk is one byte, the encoding's version, then the CRC-32C of its key and the rest, big-endian, then JSON.
const (
	recordVersion = 1
	headerSize    = 5
	maxRecord     = 64 << 10 // bytes; only very many anchors come near it
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// request is what a forecast was made of, as it is kept. Names are those of an encode table.
type request struct {
	Title   string             `json:"title,omitempty"`
	Config  string             `json:"config,omitempty"`
	Numbers map[string]float64 `json:"numbers"`
	Codec   string             `json:"codec,omitempty"`
	Encoder string             `json:"encoder,omitempty"`
	Preset  string             `json:"preset,omitempty"`
	Machine string             `json:"machine,omitempty"`
	Region  string             `json:"region,omitempty"`
	Anchors []anchor           `json:"anchors,omitempty"`
}

type anchor struct {
	Numbers map[string]float64 `json:"numbers"`
	Codec   string             `json:"codec,omitempty"`
	Encoder string             `json:"encoder,omitempty"`
	Preset  string             `json:"preset,omitempty"`
}

// record is a forecast, and when Measured is there, an observation. A field that a later version adds is passed over by
// this one; times are Unix microseconds.
type record struct {
	ID       string               `json:"id"`
	Request  request              `json:"request"`
	Level    float64              `json:"level"`
	Model    string               `json:"model"`
	At       int64                `json:"at"`
	Told     map[string][]float64 `json:"forecast"` // value, or value, lower and upper end
	Own      map[string][]float64 `json:"uncorrected,omitempty"`
	Number   uint64               `json:"number,omitempty"`
	Measured map[string]float64   `json:"measured,omitempty"`
	Observed int64                `json:"observed_at,omitempty"`
}

// anchorNumbers has the numeric fields of an anchor.
var anchorNumbers = []struct {
	name string
	of   func(*encast.Anchor) *float64
}{
	{"bitrate_kbps", func(a *encast.Anchor) *float64 { return &a.BitrateKbps }},
	{"crf", func(a *encast.Anchor) *float64 { return &a.CRF }},
	{"resolution_width", func(a *encast.Anchor) *float64 { return &a.ResolutionWidth }},
	{"resolution_height", func(a *encast.Anchor) *float64 { return &a.ResolutionHeight }},
	{"vmaf", func(a *encast.Anchor) *float64 { return &a.VMAF }},
	{"psnr", func(a *encast.Anchor) *float64 { return &a.PSNR }},
	{"ssim", func(a *encast.Anchor) *float64 { return &a.SSIM }},
}

func (f *Forecast) request() request {
	r := request{
		Title: f.Title, Config: f.Config, Numbers: map[string]float64{}, Codec: f.Features.Codec.String(),
		Encoder: f.Features.Encoder.String(), Preset: f.Features.Preset, Machine: f.Machine, Region: f.Region,
	}
	if f.Region == "" {
		r.Machine = f.Features.Machine
	}
	for _, field := range numericFields {
		if value := f.Features.Value(field); !math.IsNaN(value) {
			r.Numbers[field.String()] = value
		}
	}
	for i := range f.Features.Anchors {
		of := &f.Features.Anchors[i]
		a := anchor{Numbers: map[string]float64{}, Codec: of.Codec.String(), Encoder: of.Encoder.String(), Preset: of.Preset}
		for _, number := range anchorNumbers {
			if value := *number.of(of); !math.IsNaN(value) {
				a.Numbers[number.name] = value
			}
		}
		r.Anchors = append(r.Anchors, a)
	}
	return r
}

var numericFields, allTargets = encast.NumericFields(), encast.AllTargets()

// sameRequest tells whether two forecasts are of the same request.
func sameRequest(a, b *Forecast) bool {
	first, err := json.Marshal(a.request())
	if err != nil {
		return false
	}
	second, err := json.Marshal(b.request())
	return err == nil && bytes.Equal(first, second)
}

func (r *request) into(f *Forecast) {
	f.Title, f.Config, f.Machine, f.Region = r.Title, r.Config, r.Machine, r.Region
	f.Features = encast.NewFeatures()
	for name, value := range r.Numbers {
		if field, known := encast.ParseField(name); known && field.IsNumeric() {
			f.Features.Set(field, value)
		}
	}
	f.Features.Codec, f.Features.Encoder, f.Features.Preset = codecOf(r.Codec), encoderOf(r.Encoder), r.Preset
	if r.Region == "" {
		f.Features.Machine, f.Machine = r.Machine, ""
	}
	for i := range r.Anchors {
		from, a := &r.Anchors[i], encast.NewAnchor()
		a.Codec, a.Encoder, a.Preset = codecOf(from.Codec), encoderOf(from.Encoder), from.Preset
		for _, number := range anchorNumbers {
			if value, given := from.Numbers[number.name]; given {
				*number.of(&a) = value
			}
		}
		f.Features.Anchors = append(f.Features.Anchors, a)
	}
}

// codecOf returns the codec of a name; one that this version does not know is unknown.
func codecOf(name string) encast.Codec {
	if name == "" {
		return 0
	}
	codec, _ := encast.ParseCodec(name)
	return codec
}

func encoderOf(name string) encast.Encoder {
	if name == "" {
		return 0
	}
	encoder, _ := encast.ParseEncoder(name)
	return encoder
}

func estimatesOf(result *encast.Result) map[string][]float64 {
	kept := map[string][]float64{}
	for _, target := range allTargets {
		switch e := result.Estimate(target); {
		case !e.Known():
		case math.IsNaN(e.Lower) || math.IsNaN(e.Upper):
			kept[target.String()] = []float64{e.Value}
		default:
			kept[target.String()] = []float64{e.Value, e.Lower, e.Upper}
		}
	}
	return kept
}

func resultOf(kept map[string][]float64) (encast.Result, error) {
	result := encast.NewResult()
	for name, values := range kept {
		target, known := encast.ParseTarget(name)
		if !known {
			continue
		}
		nan := math.NaN()
		switch len(values) {
		case 1:
			result.SetEstimate(target, encast.Estimate{Value: values[0], Lower: nan, Upper: nan})
		case 3:
			result.SetEstimate(target, encast.Estimate{Value: values[0], Lower: values[1], Upper: values[2]})
		default:
			return result, fmt.Errorf("forecast of %s has %d numbers", name, len(values))
		}
	}
	return result, nil
}

func (f *Forecast) record() record {
	level := f.Level
	if level == 0 {
		level = DefaultLevel
	}
	r := record{
		ID: f.ID, Request: f.request(), Level: level, Model: f.Model, At: f.At.UnixMicro(), Told: estimatesOf(&f.Told),
	}
	if f.Own != nil {
		r.Own = estimatesOf(f.Own)
	}
	return r
}

// encode returns the bytes on disk of a forecast.
func (f *Forecast) encode() ([]byte, error) {
	r := f.record()
	return r.encode([]byte(f.ID))
}

// encode returns the bytes on disk of an observation.
func (o *Observation) encode() ([]byte, error) {
	r := o.record()
	r.Number, r.Observed, r.Measured = o.Number, o.ObservedAt.UnixMicro(), map[string]float64{}
	for _, target := range allTargets {
		if value := o.Measured.Value(target); !math.IsNaN(value) {
			r.Measured[target.String()] = value
		}
	}
	return r.encode(timeKey(o.ObservedAt, o.ID))
}

func (r *record) encode(key []byte) ([]byte, error) {
	text, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	if headerSize+len(text) > maxRecord {
		return nil, fmt.Errorf("%w: takes %d bytes, at most %d are kept", ErrInvalid, headerSize+len(text), maxRecord)
	}
	return seal(key, text), nil
}

// seal puts what a record begins with before its JSON.
func seal(key, text []byte) []byte {
	framed := make([]byte, headerSize, headerSize+len(text))
	framed[0] = recordVersion
	binary.BigEndian.PutUint32(framed[1:], checksum(key, text))
	return append(framed, text...)
}

func checksum(key, text []byte) uint32 {
	return crc32.Update(crc32.Checksum(key, castagnoli), castagnoli, text)
}

// unframe checks the bytes of a record and returns its JSON.
func unframe(key, framed []byte) ([]byte, error) {
	if len(framed) < headerSize {
		return nil, fmt.Errorf("%w: a record of %d bytes", ErrDamaged, len(framed))
	}
	if framed[0] != recordVersion {
		return nil, fmt.Errorf("%w: a record of version %d, this program knows %d", ErrDamaged, framed[0], recordVersion)
	}
	text := framed[headerSize:]
	if checksum(key, text) != binary.BigEndian.Uint32(framed[1:]) {
		return nil, fmt.Errorf("%w: the checksum of a record is wrong", ErrDamaged)
	}
	return text, nil
}

// decode reads a record. What it holds of a forecast alone has no measured value.
func decode(key, framed []byte) (*Observation, error) {
	text, err := unframe(key, framed)
	if err != nil {
		return nil, err
	}
	var r record
	if err := json.Unmarshal(text, &r); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	o := &Observation{Number: r.Number, ObservedAt: time.UnixMicro(r.Observed), Measured: encast.NewTargets("")}
	o.ID, o.Level, o.Model, o.At = r.ID, r.Level, r.Model, time.UnixMicro(r.At)
	r.Request.into(&o.Forecast)
	o.Told, err = resultOf(r.Told)
	if err == nil && r.Own != nil {
		var own encast.Result
		own, err = resultOf(r.Own)
		o.Own = &own
	}
	for name, value := range r.Measured {
		if target, known := encast.ParseTarget(name); known {
			o.Measured.Set(target, value)
		}
	}
	if err != nil {
		return nil, errors.Join(ErrDamaged, err)
	}
	return o, nil
}
