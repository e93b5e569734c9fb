//go:build cgo

package encast

import (
	"iter"
	"math/bits"
	"strings"
)

// Field is an input of a request. The numbers are those of the bits in a [FieldSet]; they never change.
type Field uint8

// The inputs; codec, encoder, preset and machine are names and not numbers. Their String is the name that they have in Rust, C, CSV, JSON and YAML.
const (
	FieldBitrateKbps Field = iota
	FieldCRF
	FieldResolutionWidth
	FieldResolutionHeight
	FieldFrameRate
	FieldFrameDrop
	FieldMotionIntensity
	FieldThreads
	FieldSourceWidth
	FieldSourceHeight
	FieldSourceFrameRate
	FieldBitDepth
	FieldDurationS
	FieldSIMean
	FieldSIStd
	FieldTIMean
	FieldTIStd
	FieldSpatialEnergy
	FieldTemporalEnergy
	FieldLuminance
	FieldProbeBitrateKbps
	FieldProbePSNR
	FieldProbeVMAF
	FieldCodec
	FieldEncoder
	FieldPreset
	FieldStaticShare
	FieldPasses
	FieldMachine
)

// fields gives each input its name, and numeric ones their place in the struct, in the order of the numbers.
var fields = [...]struct {
	name string
	in   func(*Features) *float64
}{
	FieldBitrateKbps:      {"bitrate_kbps", func(f *Features) *float64 { return &f.BitrateKbps }},
	FieldCRF:              {"crf", func(f *Features) *float64 { return &f.CRF }},
	FieldResolutionWidth:  {"resolution_width", func(f *Features) *float64 { return &f.ResolutionWidth }},
	FieldResolutionHeight: {"resolution_height", func(f *Features) *float64 { return &f.ResolutionHeight }},
	FieldFrameRate:        {"frame_rate", func(f *Features) *float64 { return &f.FrameRate }},
	FieldFrameDrop:        {"frame_drop", func(f *Features) *float64 { return &f.FrameDrop }},
	FieldMotionIntensity:  {"motion_intensity", func(f *Features) *float64 { return &f.MotionIntensity }},
	FieldThreads:          {"threads", func(f *Features) *float64 { return &f.Threads }},
	FieldSourceWidth:      {"source_width", func(f *Features) *float64 { return &f.SourceWidth }},
	FieldSourceHeight:     {"source_height", func(f *Features) *float64 { return &f.SourceHeight }},
	FieldSourceFrameRate:  {"source_frame_rate", func(f *Features) *float64 { return &f.SourceFrameRate }},
	FieldBitDepth:         {"bit_depth", func(f *Features) *float64 { return &f.BitDepth }},
	FieldDurationS:        {"duration_s", func(f *Features) *float64 { return &f.DurationS }},
	FieldSIMean:           {"si_mean", func(f *Features) *float64 { return &f.SIMean }},
	FieldSIStd:            {"si_std", func(f *Features) *float64 { return &f.SIStd }},
	FieldTIMean:           {"ti_mean", func(f *Features) *float64 { return &f.TIMean }},
	FieldTIStd:            {"ti_std", func(f *Features) *float64 { return &f.TIStd }},
	FieldSpatialEnergy:    {"spatial_energy", func(f *Features) *float64 { return &f.SpatialEnergy }},
	FieldTemporalEnergy:   {"temporal_energy", func(f *Features) *float64 { return &f.TemporalEnergy }},
	FieldLuminance:        {"luminance", func(f *Features) *float64 { return &f.Luminance }},
	FieldProbeBitrateKbps: {"probe_bitrate_kbps", func(f *Features) *float64 { return &f.ProbeBitrateKbps }},
	FieldProbePSNR:        {"probe_psnr", func(f *Features) *float64 { return &f.ProbePSNR }},
	FieldProbeVMAF:        {"probe_vmaf", func(f *Features) *float64 { return &f.ProbeVMAF }},
	FieldCodec:            {"codec", nil},
	FieldEncoder:          {"encoder", nil},
	FieldPreset:           {"preset", nil},
	FieldStaticShare:      {"static_share", func(f *Features) *float64 { return &f.StaticShare }},
	FieldPasses:           {"passes", func(f *Features) *float64 { return &f.Passes }},
	FieldMachine:          {"machine", nil},
}

// NumericFields returns all numeric inputs, in the order of their numbers.
func NumericFields() []Field {
	var numeric []Field
	for i := range fields {
		if fields[i].in != nil {
			numeric = append(numeric, Field(i))
		}
	}
	return numeric
}

// ParseField returns the input of that name.
func ParseField(name string) (Field, bool) {
	for i := range fields {
		if fields[i].name == name {
			return Field(i), true
		}
	}
	return 0, false
}

// IsNumeric tells whether the input is a number: not a codec, an encoder, a preset or a machine.
func (f Field) IsNumeric() bool { return int(f) < len(fields) && fields[f].in != nil }

func (f Field) String() string {
	if int(f) < len(fields) {
		return fields[f].name
	}
	return "unknown"
}

// FieldSet is a set of inputs.
type FieldSet uint64

// Has tells whether the input is in the set.
func (s FieldSet) Has(field Field) bool { return s>>field&1 == 1 }

// Len returns how many inputs are in the set.
func (s FieldSet) Len() int { return bits.OnesCount64(uint64(s)) }

// All returns the inputs in the set, in the order of their numbers.
func (s FieldSet) All() iter.Seq[Field] {
	return func(yield func(Field) bool) {
		for rest := uint64(s); rest != 0; rest &= rest - 1 {
			if !yield(Field(bits.TrailingZeros64(rest))) {
				return
			}
		}
	}
}

func (s FieldSet) String() string {
	var names []string
	for field := range s.All() {
		names = append(names, field.String())
	}
	return strings.Join(names, ", ")
}
