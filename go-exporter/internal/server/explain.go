package server

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/encast/encast/go-exporter/internal/answer"
	"github.com/encast/encast/go-exporter/internal/request"
)

// explained answers requests that no endpoint takes with JSON, as all errors are; it names the endpoints of these paths.
func explained(mux *http.ServeMux, paths []string) http.Handler {
	known := strings.Join(paths, ", ")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, pattern := mux.Handler(r); pattern != "" {
			mux.ServeHTTP(w, r)
			return
		}
		status, allow := refusal(mux, r)
		mistake := request.Mistake("", "nothing is at %.80q: endpoints are %s", r.URL.Path, known)
		if status == http.StatusMethodNotAllowed {
			w.Header().Set("Allow", allow)
			mistake.Reason = fmt.Sprintf("%.80s takes %s, not %s", r.URL.Path, allow, r.Method)
		}
		mistake.Status = status
		answer.Failure(w, mistake)
	})
}

// refusal returns the status that a mux has for a request that matches nothing, and the methods that it allows.
func refusal(mux *http.ServeMux, r *http.Request) (status int, allow string) {
	for range 2 {
		refuse, _ := mux.Handler(r)
		refused := &statusOnly{header: http.Header{}}
		refuse.ServeHTTP(refused, r)
		if refused.status == http.StatusMethodNotAllowed {
			return refused.status, refused.header.Get("Allow")
		}
		clean, err := url.Parse(refused.header.Get("Location"))
		if refused.status/100 != 3 || err != nil {
			break
		}
		// It would be sent to the clean form of its path, where nothing is, or not for this method.
		r = &http.Request{Method: r.Method, Host: r.Host, URL: clean, Header: http.Header{}}
	}
	return http.StatusNotFound, ""
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
