package server

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/encast/encast/go-exporter/internal/answer"
	"github.com/encast/encast/go-exporter/internal/request"
)

// explained answers requests that no endpoint takes with JSON, as all errors are.
func explained(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		refuse, pattern := mux.Handler(r)
		if pattern != "" {
			mux.ServeHTTP(w, r)
			return
		}
		answer404 := &statusOnly{header: http.Header{}}
		refuse.ServeHTTP(answer404, r)
		mistake := request.Mistake("", "nothing is at %.80q: GET / lists what there is", r.URL.Path)
		mistake.Status = answer404.status
		if allow := answer404.header.Get("Allow"); allow != "" {
			w.Header().Set("Allow", allow)
			mistake.Reason = r.URL.Path + " takes " + allow + ", not " + r.Method
		}
		answer.Failure(w, mistake)
	})
}

// statusOnly takes an answer's status and headers, and drops its body.
type statusOnly struct {
	header http.Header
	status int
}

func (s *statusOnly) Header() http.Header            { return s.header }
func (s *statusOnly) Write(body []byte) (int, error) { return len(body), nil }
func (s *statusOnly) WriteHeader(status int)         { s.status = status }

// logged writes a line about each request at the level debug.
func logged(next http.Handler, logger *slog.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !logger.Enabled(r.Context(), slog.LevelDebug) {
			next.ServeHTTP(w, r)
			return
		}
		begun := time.Now()
		noted := &noting{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(noted, r)
		logger.Debug("Request", "method", r.Method, "path", r.URL.Path, "status", noted.status, "bytes", noted.bytes,
			"duration", time.Since(begun), "remote", r.RemoteAddr)
	})
}

// noting passes an answer on and notes what it is.
type noting struct {
	http.ResponseWriter
	status, bytes int
}

func (n *noting) WriteHeader(status int) {
	n.status = status
	n.ResponseWriter.WriteHeader(status)
}

func (n *noting) Write(body []byte) (int, error) {
	written, err := n.ResponseWriter.Write(body)
	n.bytes += written
	return written, err
}

// Unwrap is for [http.ResponseController].
func (n *noting) Unwrap() http.ResponseWriter { return n.ResponseWriter }
