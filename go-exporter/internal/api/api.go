// Package api answers requests for forecasts over HTTP.
package api

import (
	"bytes"
	"errors"
	"log/slog"
	"mime"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/encast/encast/go-exporter/internal/answer"
	"github.com/encast/encast/go-exporter/internal/feedback"
	"github.com/encast/encast/go-exporter/internal/request"
	"github.com/encast/encast/go-exporter/internal/serving"
)

// Bounds limit what one request may ask. The zero value holds the defaults.
type Bounds struct {
	BodyBytes int64         // of a body; 0 means 16 MiB
	Requests  int           // in an array; 0 means 10,000
	Rows      int           // of a table by columns; 0 means 100,000
	Time      time.Duration // for the forecasts of one array; 0 means 10 s
}

func (b Bounds) orDefaults() Bounds {
	if b.BodyBytes == 0 {
		b.BodyBytes = 16 << 20
	}
	if b.Requests == 0 {
		b.Requests = 10_000
	}
	if b.Rows == 0 {
		b.Rows = 100_000
	}
	if b.Time == 0 {
		b.Time = 10 * time.Second
	}
	return b
}

// API answers from the model in use. One request is answered by one model and one configuration, even when they are
// replaced meanwhile.
type API struct {
	holder   *serving.Holder
	feedback *feedback.Feedback // nil: neither forecasts nor observations are kept
	bounds   Bounds
	logger   *slog.Logger
}

// New returns the API. It keeps forecasts that have an id, and what is measured of encodes, in the feedback's store; nil keeps
// nothing.
func New(holder *serving.Holder, f *feedback.Feedback, bounds Bounds, logger *slog.Logger) *API {
	return &API{holder: holder, feedback: f, bounds: bounds.orDefaults(), logger: logger}
}

// handler answers with what a function appends to a buffer, or with its error. A buffer serves one request after another.
func (a *API) handler(status int, reply func(r *http.Request, lease *serving.Lease, body, dst []byte) ([]byte, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		buffers := pool.Get().(*buffers)
		defer buffers.release()
		if r.Method == http.MethodPost {
			if err := a.read(w, r, &buffers.in); err != nil {
				answer.Failure(w, err)
				return
			}
		}
		lease, loaded := a.holder.Acquire()
		if !loaded {
			answer.Failure(w, noModel())
			return
		}
		defer lease.Release()
		out, err := reply(r, lease, buffers.in.Bytes(), buffers.out[:0])
		if err != nil {
			if status, _, _ := answer.StatusOf(err); status >= 500 {
				a.logger.Error("Request failed", "path", r.URL.Path, "err", err)
			}
			answer.Failure(w, err)
			return
		}
		out = append(out, '\n')
		buffers.out = out
		answer.JSON(w, status, out)
	})
}

// buffers are what one request needs of memory.
type buffers struct {
	in  bytes.Buffer
	out []byte
}

var pool = sync.Pool{New: func() any { return &buffers{out: make([]byte, 0, 4<<10)} }}

// largestKept bounds the buffers that wait for the next request: a large one would stay for all time.
const largestKept = 64 << 10

func (b *buffers) release() {
	b.in.Reset()
	if b.in.Cap() <= largestKept && cap(b.out) <= largestKept {
		pool.Put(b)
	}
}

// read reads a body of JSON, as far as the bound allows.
func (a *API) read(w http.ResponseWriter, r *http.Request, into *bytes.Buffer) error {
	if err := checkContentType(r); err != nil {
		return err
	}
	if r.ContentLength > a.bounds.BodyBytes {
		return a.tooLarge(w)
	}
	if _, err := into.ReadFrom(http.MaxBytesReader(w, r.Body, a.bounds.BodyBytes)); err != nil {
		if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
			return a.tooLarge(w)
		}
		w.Header().Set("Connection", "close")
		return &request.Error{Status: statusOfRead(err), Row: -1, Reason: "the body did not arrive: " + err.Error(), Err: err}
	}
	return nil
}

func (a *API) tooLarge(w http.ResponseWriter) error {
	w.Header().Set("Connection", "close") // or the server would wait for the rest before it answers
	mistake := request.Mistake("", "the body is larger than %d bytes", a.bounds.BodyBytes)
	mistake.Status = http.StatusRequestEntityTooLarge
	return mistake
}

// checkContentType refuses bodies that do not say that they are JSON: pages of other sites can't send that in their readers' names.
func checkContentType(r *http.Request) error {
	given := r.Header.Get("Content-Type")
	if given == "application/json" {
		return nil
	}
	if kind, parameters, err := mime.ParseMediaType(given); err == nil && kind == "application/json" {
		if charset, said := parameters["charset"]; !said || strings.EqualFold(charset, "utf-8") {
			return nil
		}
	}
	mistake := request.Mistake("", "Content-Type must be application/json, not %.80q", given)
	mistake.Status = http.StatusUnsupportedMediaType
	return mistake
}

// statusOfRead tells a client that was too slow from one that went away.
func statusOfRead(err error) int {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return http.StatusRequestTimeout
	}
	return http.StatusBadRequest
}
