package encast_test

import (
	"errors"
	"math"
	"testing"

	"github.com/encast/encast/go-exporter/encast"
)

// scored asks for every row on its own.
func scored(t *testing.T, model *encast.Model, request *encast.ScoreRequest, row int) encast.Result {
	t.Helper()
	features := request.Same
	for _, column := range request.Columns {
		if column.Field.IsNumeric() {
			features.Set(column.Field, column.Values[row])
			continue
		}
		name := ""
		if code := column.Codes[row]; code != encast.UnknownName {
			name = column.Names[code]
		}
		var err error
		switch column.Field {
		case encast.FieldEncoder:
			features.Encoder = 0
			if name != "" {
				features.Encoder, err = encast.ParseEncoder(name)
			}
		case encast.FieldPreset:
			features.Preset = name
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	result, err := model.PredictWith(features, request.Options)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func grid() *encast.ScoreRequest {
	request := &encast.ScoreRequest{
		Same: encast.NewFeatures(), Rows: 60, Targets: []encast.Target{encast.TargetVMAF, encast.TargetCostUSD}, Intervals: true,
	}
	request.Same.ResolutionWidth, request.Same.ResolutionHeight, request.Same.FrameRate = 1280, 720, 30
	request.Same.MotionIntensity, request.Same.Preset = .4, "slow" // a column of presets stands in its place
	bitrates, encoders, presets := make([]float64, 60), make([]uint32, 60), make([]uint32, 60)
	for row := range bitrates {
		bitrates[row] = 300 * math.Pow(1.2, float64(row%20))
		encoders[row] = []uint32{0, 1, encast.UnknownName}[row/20]
		presets[row] = []uint32{0, encast.UnknownName}[row%2]
	}
	request.Columns = []encast.Column{
		{Field: encast.FieldBitrateKbps, Values: bitrates},
		{Field: encast.FieldEncoder, Codes: encoders, Names: []string{"libx264", "libx265"}},
		{Field: encast.FieldPreset, Codes: presets, Names: []string{"medium"}},
	}
	return request
}

func TestScoreGivesTheBitsOfPredict(t *testing.T) {
	model := loadDefault(t)
	request := grid()
	scores, err := model.Score(request)
	if err != nil {
		t.Fatal(err)
	}
	same := func(row int, what string, got, want float64) {
		t.Helper()
		if math.Float64bits(got) != math.Float64bits(want) {
			t.Errorf("row %d: %s %v, Predict gives %v", row, what, got, want)
		}
	}
	distinct := map[float64]bool{}
	for row := range request.Rows {
		want := scored(t, model, request, row)
		same(row, "VMAF", scores[0].Values[row], want.VMAF.Value)
		same(row, "lower", scores[0].Lower[row], want.VMAF.Lower)
		same(row, "upper", scores[0].Upper[row], want.VMAF.Upper)
		same(row, "cost", scores[1].Values[row], want.CostUSD.Value)
		distinct[scores[0].Values[row]] = true
	}
	if len(distinct) < 50 {
		t.Errorf("only %d different forecasts", len(distinct))
	}
	request.Intervals = false
	plain, err := model.Score(request)
	if err != nil {
		t.Fatal(err)
	}
	if plain[0].Lower != nil || plain[1].Upper != nil {
		t.Error("intervals that nobody asked for")
	}
	for row, value := range plain[0].Values {
		same(row, "VMAF without interval", value, scores[0].Values[row])
	}
	if empty, err := model.Score(&encast.ScoreRequest{Same: encast.NewFeatures(), Targets: request.Targets}); err != nil || len(empty[0].Values) != 0 {
		t.Errorf("no rows: %v, %v", empty, err)
	}
}

func TestScoreSaysWhatIsWrong(t *testing.T) {
	model := loadDefault(t)
	for _, test := range []struct {
		name  string
		spoil func(*encast.ScoreRequest)
		is    error
		field string
		row   int
	}{
		{"a bad value", func(r *encast.ScoreRequest) { r.Columns[0].Values[7] = -1 }, encast.ErrInvalidField, "bitrate_kbps", 7},
		{"an unknown name", func(r *encast.ScoreRequest) { r.Columns[1].Names[1] = "x266" }, encast.ErrUnknownName, "encoder", 20},
		{"a code that is none", func(r *encast.ScoreRequest) { r.Columns[2].Codes[3] = 1 }, encast.ErrInvalidField, "preset", -1},
		{"too few values", func(r *encast.ScoreRequest) { r.Columns[0].Values = r.Columns[0].Values[1:] }, encast.ErrLengthMismatch, "bitrate_kbps", -1},
		{"a NUL", func(r *encast.ScoreRequest) { r.Columns[1].Names[0] = "a\x00b" }, encast.ErrBadText, "encoder", -1},
		{"a target that is none", func(r *encast.ScoreRequest) { r.Targets[0] = 99 }, encast.ErrInvalidField, "target", -1},
		{"a target not learnt", func(r *encast.ScoreRequest) { r.Targets[0] = encast.TargetSSIM }, encast.ErrNotPredicted, "ssim", -1},
		{"anchors", func(r *encast.ScoreRequest) { r.Same.Anchors = make([]encast.Anchor, 1) }, encast.ErrInvalidField, "anchor_count", -1},
		{"a field twice", func(r *encast.ScoreRequest) { r.Columns = append(r.Columns, r.Columns[0]) }, encast.ErrInvalidField, "field", -1},
		{"a negative number of rows", func(r *encast.ScoreRequest) { r.Rows = -1 }, encast.ErrInvalidField, "row_count", -1},
	} {
		request := grid()
		test.spoil(request)
		_, err := model.Score(request)
		var failure *encast.Error
		if !errors.As(err, &failure) || !errors.Is(err, test.is) || failure.Field != test.field || failure.Row != test.row {
			t.Errorf("%s: %v (%+v), want %v of %s, row %d", test.name, err, failure, test.is, test.field, test.row)
		}
	}
	closed, err := encast.LoadDefault()
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	if _, err := closed.Score(grid()); !errors.Is(err, encast.ErrClosed) {
		t.Errorf("closed: %v", err)
	}
}

func BenchmarkScore(b *testing.B) {
	model := loadDefault(b)
	request := grid()
	request.Rows, request.Intervals, request.Targets = 10000, false, request.Targets[:1]
	request.Columns = request.Columns[:1]
	request.Columns[0].Values = make([]float64, request.Rows)
	for row := range request.Rows {
		request.Columns[0].Values[row] = 100 + float64(row)
	}
	for b.Loop() {
		if _, err := model.Score(request); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(request.Rows), "ns/row")
}
