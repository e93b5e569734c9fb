package request

import (
	"bytes"

	"github.com/encast/encast/go-exporter/encast"
)

// Predict is what a body of POST /predict asks: one request, an array of requests, or a table by columns.
type Predict struct {
	Requests []Request // one, or those of the array
	Array    bool      // answered by an array
	Table    *Table    // in place of Requests
}

// Bounds limit what one body may ask.
type Bounds struct {
	Requests int // in an array
	Rows     int // of a table
}

// ParsePredict reads a body of POST /predict. Options hold where a request has none of its own.
func ParsePredict(body []byte, options encast.PredictOptions, bounds Bounds) (*Predict, error) {
	r := NewReader(body)
	defer r.Close()
	asked := &Predict{}
	if r.next() == '[' {
		asked.Array = true
		// Spaces and separators aside no request is shorter; so an array of a single short request takes no large slice.
		asked.Requests = make([]Request, 0, min(bounds.Requests, 1+bytes.Count(body, []byte{'{'})))
		err := r.Array("", func(row int) error {
			if row == bounds.Requests {
				return tooMany("requests", bounds.Requests)
			}
			asked.Requests = append(asked.Requests, Over(options))
			err := r.Request(&asked.Requests[row])
			if err == nil {
				err = Complete(&asked.Requests[row].Features)
			}
			return InRow(err, row)
		})
		if err != nil {
			return nil, err
		}
		return asked, r.End()
	}
	if err := r.single(asked, options, bounds); err != nil {
		return nil, err
	}
	return asked, r.End()
}

// single reads the object of one request, or of a table, which has the name columns.
func (r *Reader) single(asked *Predict, options encast.PredictOptions, bounds Bounds) error {
	asked.Requests = []Request{Over(options)}
	request := &asked.Requests[0]
	table := func() *Table {
		if asked.Table == nil {
			asked.Table = &Table{}
		}
		return asked.Table
	}
	err := r.Object("", func(name []byte) error {
		switch string(name) {
		case "targets":
			return r.targets(table())
		case "intervals":
			value, err := r.Truth("intervals")
			table().Score.Intervals = value
			return err
		case "columns":
			return r.columns(table(), bounds.Rows)
		}
		return r.RequestField(request, name)
	})
	switch {
	case err != nil:
		return err
	case asked.Table == nil:
		return Complete(&request.Features)
	}
	asked.Requests = nil
	return asked.Table.complete(request)
}

func tooMany(what string, most int) error {
	mistake := Mistake("", "more than %d %s", most, what)
	mistake.Status = 413
	return mistake
}
