package encast

import (
	"math"
	"slices"
	"testing"
)

// TestFieldsAreTheLibrarys: same numbers, same names, none missing.
func TestFieldsAreTheLibrarys(t *testing.T) {
	for number := range fields {
		field := Field(number)
		if got := libraryFieldName(number); got != field.String() {
			t.Errorf("field %d is %q here and %q in the library", number, field, got)
		}
		if parsed, ok := ParseField(field.String()); !ok || parsed != field {
			t.Errorf("%s is parsed as %d, %v", field, parsed, ok)
		}
	}
	if more := libraryFieldName(len(fields)); more != "" {
		t.Errorf("the library has a field %q more", more)
	}
	if _, ok := ParseField("bitrate"); ok {
		t.Error("an unknown name is a field")
	}
	if Field(200).String() != "unknown" || Field(200).IsNumeric() {
		t.Error("a number that is none is a field")
	}
}

func TestNewFeaturesAreUnknown(t *testing.T) {
	features := NewFeatures()
	for _, field := range NumericFields() {
		if !math.IsNaN(features.Value(field)) {
			t.Errorf("%s = %v", field, features.Value(field))
		}
	}
	if features.Codec != 0 || features.Encoder != 0 || features.Preset != "" {
		t.Errorf("%+v", features)
	}
	for number, field := range NumericFields() {
		features.Set(field, float64(number))
	}
	for number, field := range NumericFields() {
		if features.Value(field) != float64(number) {
			t.Errorf("%s shares its place with another", field)
		}
	}
}

// TestEveryFieldReachesTheLibrary gives each numeric input alone a value out of all bounds: the error has to name it.
func TestEveryFieldReachesTheLibrary(t *testing.T) {
	model, err := LoadDefault()
	if err != nil {
		t.Fatal(err)
	}
	defer model.Close()
	for _, field := range NumericFields() {
		features := NewFeatures()
		features.ResolutionWidth, features.ResolutionHeight, features.BitrateKbps = 1920, 1080, 4000
		features.Set(field, -1)
		_, err := model.Predict(features)
		failure, ok := err.(*Error)
		if !ok || failure.Field != field.String() {
			t.Errorf("%s = -1: %v", field, err)
		}
	}
}

func TestFieldSet(t *testing.T) {
	set := FieldSet(1<<FieldCRF | 1<<FieldProbeVMAF | 1<<FieldPreset)
	if got := slices.Collect(set.All()); !slices.Equal(got, []Field{FieldCRF, FieldProbeVMAF, FieldPreset}) {
		t.Errorf("%v", got)
	}
	if set.Len() != 3 || !set.Has(FieldCRF) || set.Has(FieldBitrateKbps) || set.String() != "crf, probe_vmaf, preset" {
		t.Errorf("%d %s", set.Len(), set)
	}
	for field := range set.All() {
		if field != FieldCRF {
			t.Errorf("%s after the loop ended", field)
		}
		break
	}
}
