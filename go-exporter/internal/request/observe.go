package request

import (
	"bytes"
	"math"
	"strings"
	"time"

	"github.com/encast/encast/go-exporter/encast"
)

// Report is what was measured of one encode.
type Report struct {
	ID         string
	Request    *Request // what was encoded; nil when the id says it
	Measured   encast.Targets
	ObservedAt time.Time // the zero time when it is not said
}

// latestTime bounds times, so that they fit a clock; what is likely is for the store to say.
const latestTime = 1e11

// ParseObserve reads a body of POST /observe: one report or an array of them. Options hold where a request has none of its own.
func ParseObserve(body []byte, options encast.PredictOptions, most int) (reports []Report, array bool, err error) {
	r := NewReader(body)
	defer r.Close()
	if r.next() != '[' {
		reports = make([]Report, 1)
		if err := r.report(&reports[0], options); err != nil {
			return nil, false, err
		}
		return reports, false, r.End()
	}
	reports = make([]Report, 0, min(most, 1+bytes.Count(body, []byte{'{'})))
	err = r.Array("", func(row int) error {
		if row == most {
			return tooMany("reports", most)
		}
		reports = append(reports, Report{})
		return InRow(r.report(&reports[row], options), row)
	})
	if err != nil {
		return nil, true, err
	}
	return reports, true, r.End()
}

func (r *Reader) report(into *Report, options encast.PredictOptions) error {
	into.Measured = encast.NewTargets("")
	beside := New() // title and config that stand beside the request
	err := r.Object("", func(name []byte) error {
		if target, measured := targets[string(name)]; measured {
			value, err := r.Number(string(name))
			into.Measured.Set(target, value)
			return err
		}
		switch string(name) {
		case "id", "title", "config":
			return r.RequestField(&beside, name)
		case "observed_at":
			return r.observedAt(&into.ObservedAt)
		case "request":
			asked := Over(options)
			into.Request = &asked
			if err := r.Request(into.Request); err != nil {
				return Within(err, "request")
			}
			return Within(Complete(&into.Request.Features), "request")
		}
		return Mistake(shown(name), "unknown field: known are config, id, observed_at, request, title, %s", strings.Join(targetNames(), ", "))
	})
	if err != nil {
		return err
	}
	return into.join(&beside)
}

// join puts what stands beside the request into it.
func (into *Report) join(beside *Request) error {
	into.ID = beside.ID
	if into.Request == nil {
		for field, text := range map[string]string{"title": beside.Title, "config": beside.Config} {
			if text != "" {
				return Mistake(field, "belongs to a request, and there is none: what was forecast under the id has its own")
			}
		}
		return nil
	}
	for _, both := range []struct {
		field  string
		inside *string
		beside string
	}{
		{"id", &into.Request.ID, beside.ID}, {"title", &into.Request.Title, beside.Title}, {"config", &into.Request.Config, beside.Config},
	} {
		if both.beside != "" && *both.inside != "" && both.beside != *both.inside {
			return Mistake(both.field, "%q here and %q in the request", shown(both.beside), shown(*both.inside))
		}
		if both.beside != "" {
			*both.inside = both.beside
		}
	}
	into.ID = into.Request.ID
	return nil
}

func (r *Reader) observedAt(at *time.Time) error {
	seconds, err := r.Number("observed_at")
	switch {
	case err != nil || math.IsNaN(seconds):
		return err
	case seconds < 0 || seconds > latestTime:
		return Mistake("observed_at", "%v is not within 0 and %v, Unix seconds", seconds, latestTime)
	}
	*at = time.UnixMicro(int64(math.Round(seconds * 1e6)))
	return nil
}
