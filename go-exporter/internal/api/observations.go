package api

import (
	"encoding/csv"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/encast/encast/go-exporter/internal/answer"
	"github.com/encast/encast/go-exporter/internal/observations"
	"github.com/encast/encast/go-exporter/internal/request"
)

// Observations answers GET /observations: an encode table of all that was observed, oldest first, as CSV or JSON.
func (a *API) Observations() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if a.feedback == nil {
			answer.Failure(w, noStore())
			return
		}
		asked, err := parseListing(r.URL.RawQuery)
		if err != nil {
			answer.Failure(w, err)
			return
		}
		w.Header().Set("Content-Type", asked.form.contentType)
		w.Header().Set("Cache-Control", "no-store")
		if r.Method == http.MethodHead {
			return
		}
		l := &listing{w: w, control: http.NewResponseController(w)}
		err = asked.form.write(l, func(visit func(*observations.Observation) error) error {
			return a.feedback.Store().Scan(asked.since, asked.limit, visit)
		})
		if err != nil {
			if r.Context().Err() == nil { // else the client went away
				a.logger.Error("A list of observations ended early", "err", err)
			}
			// The client must not take what it has for all: the connection ends without the last chunk.
			panic(http.ErrAbortHandler)
		}
	})
}

// form is how a list is written.
type form struct {
	contentType string
	write       func(*listing, func(visit func(*observations.Observation) error) error) error
}

var forms = map[string]form{
	"csv":  {"text/csv; charset=utf-8; header=present", writeCSV},
	"json": {"application/json", writeJSON},
}

// listed is what is asked of a list.
type listed struct {
	since time.Time
	limit int // 0: none
	form  form
}

func parseListing(query string) (*listed, error) {
	values, err := url.ParseQuery(query)
	if err != nil {
		return nil, request.Mistake("", "the parameters can't be read: %s", err)
	}
	asked := &listed{form: forms["csv"]}
	for name, given := range values {
		if len(given) > 1 {
			return nil, request.Mistake(name, "given twice")
		}
		switch name {
		case "since":
			seconds, err := strconv.ParseFloat(given[0], 64)
			if err != nil || !(seconds >= 0 && seconds <= 1e11) {
				return nil, request.Mistake(name, "%.40q is not within 0 and 1e11, Unix seconds", given[0])
			}
			asked.since = time.UnixMicro(int64(math.Round(seconds * 1e6)))
		case "limit":
			asked.limit, err = strconv.Atoi(given[0])
			if err != nil || asked.limit < 1 {
				return nil, request.Mistake(name, "%.40q is not a whole number above 0", given[0])
			}
		case "format":
			var known bool
			if asked.form, known = forms[given[0]]; !known {
				return nil, request.Mistake(name, "%.40q is neither csv nor json", given[0])
			}
		default:
			return nil, request.Mistake(fmt.Sprintf("%.40s", name), "unknown parameter: known are format, limit, since")
		}
	}
	return asked, nil
}

// listing is a list under way.
type listing struct {
	w       http.ResponseWriter
	control *http.ResponseController
	rows    int
}

// stallTime is how long a client may take for some rows.
const stallTime = time.Minute

// next gives the client time for more rows, however long the whole list is.
func (l *listing) next() {
	if l.rows%256 == 0 {
		// Where the connection has no deadline of its own, the server's holds.
		_ = l.control.SetWriteDeadline(time.Now().Add(stallTime))
	}
	l.rows++
}

func writeCSV(l *listing, scan func(func(*observations.Observation) error) error) error {
	table := csv.NewWriter(l.w)
	names := make([]string, len(columns))
	for i := range columns {
		names[i] = columns[i].name
	}
	if err := table.Write(names); err != nil {
		return err
	}
	cells := make([]string, len(columns))
	err := scan(func(o *observations.Observation) error {
		l.next()
		for i := range columns {
			cells[i] = columns[i].cell(o)
		}
		return table.Write(cells)
	})
	table.Flush()
	if err == nil {
		err = table.Error()
	}
	return err
}

func writeJSON(l *listing, scan func(func(*observations.Observation) error) error) error {
	var row []byte
	first := true
	err := scan(func(o *observations.Observation) error {
		l.next()
		row = append(row[:0], ",\n{"...)
		if first {
			row[0], first = '[', false
		}
		for i := range columns {
			row = columns[i].appendMember(row, o)
		}
		_, err := l.w.Write(append(row, '}'))
		return err
	})
	if err == nil {
		end := "]\n"
		if first {
			end = "[]\n"
		}
		_, err = l.w.Write([]byte(end))
	}
	return err
}
