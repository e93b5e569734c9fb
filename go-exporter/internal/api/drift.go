package api

import (
	"encoding/json"
	"math"
	"net/http"

	"github.com/encast/encast/go-exporter/internal/answer"
	"github.com/encast/encast/go-exporter/internal/feedback"
)

// number is null in JSON when it is not known.
type number float64

// MarshalJSON implements [json.Marshaler].
func (n number) MarshalJSON() ([]byte, error) { return answer.AppendNumber(nil, float64(n)), nil }

// driftAnswer is the body of GET /drift.
type driftAnswer struct {
	Alarm      bool             `json:"alarm"`
	Model      string           `json:"model"` // that all of this is of
	Residual   []driftResidual  `json:"residual"`
	Inputs     []driftInput     `json:"inputs"`
	Correction *driftCorrection `json:"correction"`
	Coverage   []driftCoverage  `json:"coverage"`
}

type driftResidual struct {
	Target    string `json:"target"`
	Codec     string `json:"codec"`
	Encoder   string `json:"encoder"`
	Count     int    `json:"count"`
	Bias      number `json:"bias"`
	Shift     number `json:"shift"`
	Score     number `json:"score"`
	Threshold number `json:"threshold"`
	Alarm     bool   `json:"alarm"`
	Since     *int64 `json:"since"` // of Shift, Unix seconds; null when it is not known
}

type driftInput struct {
	Field      string `json:"field"`
	PSI        number `json:"psi"`
	Count      int    `json:"count"`
	OutOfRange number `json:"out_of_range"`
	Alarm      bool   `json:"alarm"`
}

type driftCorrection struct {
	Enabled bool          `json:"enabled"`
	Offsets []driftOffset `json:"offsets"`
}

type driftOffset struct {
	Target string `json:"target"`
	Codec  string `json:"codec"`
	Offset number `json:"offset"`
	Count  int    `json:"count"`
}

type driftCoverage struct {
	Target  string `json:"target"`
	Codec   string `json:"codec"`
	Covered int    `json:"covered"`
	Count   int    `json:"count"`
	Nominal number `json:"nominal"`
	Bias    number `json:"bias"`
	MAE     number `json:"mae"`
}

// Drift answers GET /drift: whether the model still forecasts what comes out.
func (a *API) Drift() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if a.feedback == nil {
			answer.Failure(w, noStore())
			return
		}
		state, err := a.feedback.State()
		var body []byte
		if err == nil {
			body, err = json.Marshal(driftOf(state, a.feedback.Corrects()))
		}
		if err != nil {
			a.logger.Error("Drift can't be told", "err", err)
			answer.Failure(w, err)
			return
		}
		answer.JSON(w, http.StatusOK, append(body, '\n'))
	})
}

// correction tells, as JSON, what observations have taught of the model in use.
func (a *API) correction() ([]byte, error) {
	told := &driftCorrection{Offsets: []driftOffset{}}
	if a.feedback != nil {
		state, err := a.feedback.State()
		if err != nil {
			return nil, err
		}
		told = correctionOf(state, a.feedback.Corrects())
	}
	return json.Marshal(told)
}

func correctionOf(state *feedback.State, corrects bool) *driftCorrection {
	told := &driftCorrection{Enabled: corrects, Offsets: []driftOffset{}}
	for _, o := range state.Offsets {
		told.Offsets = append(told.Offsets, driftOffset{o.Target.String(), o.Codec.String(), number(o.Offset), o.Count})
	}
	return told
}

func driftOf(state *feedback.State, corrects bool) *driftAnswer {
	body := &driftAnswer{
		Alarm: state.ResidualAlarm || state.InputAlarm, Model: state.Model, Residual: []driftResidual{}, Inputs: []driftInput{},
		Correction: correctionOf(state, corrects), Coverage: []driftCoverage{},
	}
	for i := range state.Streams {
		s := &state.Streams[i]
		row := driftResidual{
			Target: s.Target.String(), Codec: s.Codec.String(), Encoder: s.Encoder.String(), Count: s.Count, Bias: number(s.Bias),
			Shift: number(s.Shift), Score: number(s.Score), Threshold: number(s.Threshold), Alarm: s.Alarm,
		}
		if s.SinceTime != 0 {
			row.Since = &s.SinceTime
		}
		body.Residual = append(body.Residual, row)
	}
	for _, in := range state.Inputs {
		if in.Count == 0 {
			continue
		}
		body.Inputs = append(body.Inputs, driftInput{in.Field.String(), number(in.PSI), in.Count, number(in.OutOfRange), in.Alarm})
	}
	for _, e := range state.Errors {
		nominal := e.Nominal
		if e.Count == 0 {
			nominal = math.NaN()
		}
		body.Coverage = append(body.Coverage, driftCoverage{
			e.Target.String(), e.Codec.String(), e.Covered, e.Count, number(nominal), number(e.Bias), number(e.MAE),
		})
	}
	return body
}
