// Package server is the exporter's HTTP face.
package server

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/encast/encast/go-exporter/internal/answer"
	"github.com/encast/encast/go-exporter/internal/api"
	"github.com/encast/encast/go-exporter/internal/feedback"
	"github.com/encast/encast/go-exporter/internal/limit"
	whatif "github.com/encast/encast/go-exporter/internal/page"
	"github.com/encast/encast/go-exporter/internal/request"
	"github.com/encast/encast/go-exporter/internal/serving"
	"github.com/encast/encast/go-exporter/internal/tracing"
)

// Bounds of one exchange. A reload of the largest bundle fits into the time for writing.
const (
	headerTimeout  = 10 * time.Second
	readTimeout    = 30 * time.Second
	writeTimeout   = 2 * time.Minute
	idleTimeout    = 2 * time.Minute
	maxHeaderBytes = 64 << 10
)

// New returns a server with the bounds set, for a handler.
func New(handler http.Handler, logger *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(logger.Handler(), slog.LevelWarn),
	}
}

// Backend is what the endpoints answer from.
type Backend struct {
	Holder   *serving.Holder
	Reloader *serving.Reloader
	Registry *prometheus.Registry
	API      *api.API
	Feedback *feedback.Feedback // nil: nothing is observed
	Limits   *limit.Limits      // of requests for forecasts: reports of what was measured are never refused for their number
	Tracing  *tracing.Tracing
	Version  string
	Logger   *slog.Logger
}

// Handler returns the exporter's endpoints. A method that an endpoint does not have gets 405 with Allow.
func Handler(backend Backend) (http.Handler, error) {
	whatIf, err := whatif.New(backend.Version)
	if err != nil {
		return nil, err
	}
	requests := newRequestMetrics(backend.Registry)
	var metrics http.Handler = promhttp.HandlerFor(backend.Registry, promhttp.HandlerOpts{
		ErrorLog:          slog.NewLogLogger(backend.Logger.Handler(), slog.LevelError),
		Registry:          backend.Registry,
		EnableOpenMetrics: true,
	})
	metrics = newShared(metrics, pageLife, stateOf(backend.Holder, backend.Reloader, backend.Feedback), backend.Logger)
	guard := backend.Limits.Guard
	mux := http.NewServeMux()
	paths := []string{"/"}
	endpoint := func(method, path string, handler http.Handler) {
		if method == http.MethodPost {
			handler = ofThisSite(handler)
		}
		paths = append(paths, path)
		mux.Handle(method+" "+path, requests.observe(path[1:], handler))
	}
	whatIf.Register(mux)
	endpoint(http.MethodGet, "/metrics", metrics)
	endpoint(http.MethodGet, "/health", health(backend.Holder))
	endpoint(http.MethodPost, "/predict", guard(backend.API.Predict()))
	endpoint(http.MethodPost, "/ladder", guard(backend.API.Ladder()))
	endpoint(http.MethodGet, "/probe", guard(backend.API.Probe()))
	endpoint(http.MethodGet, "/model", backend.API.Model())
	endpoint(http.MethodPost, "/observe", backend.API.Observe())
	endpoint(http.MethodGet, "/observations", backend.API.Observations())
	endpoint(http.MethodGet, "/drift", backend.API.Drift())
	endpoint(http.MethodPost, "/reload", reload(backend.Reloader))
	named := func(r *http.Request) string {
		if _, pattern := mux.Handler(r); pattern != "" {
			return pattern
		}
		return r.Method // any path of a client would be a name of its own
	}
	return logged(backend.Tracing.Handler(explained(mux, paths), named), backend.Logger), nil
}

// ofThisSite refuses requests that a browser sends in the name of another site's page, as a form or a script may without being asked
// what they are. Programs that are no browsers send none of the headers that tell.
func ofThisSite(next http.Handler) http.Handler {
	protection := http.NewCrossOriginProtection()
	protection.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mistake := request.Mistake("", "%.80s takes no requests of another site's pages (Sec-Fetch-Site, Origin)", r.URL.Path)
		mistake.Status = http.StatusForbidden
		answer.Failure(w, mistake)
	}))
	return protection.Handler(next)
}

// reply writes a JSON object.
func reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	// An error here is a client that went away.
	_ = json.NewEncoder(w).Encode(body)
}

// healthAnswer is the body of GET /health.
type healthAnswer struct {
	Status      string `json:"status"`
	ModelLoaded bool   `json:"model_loaded"`
	Timestamp   int64  `json:"timestamp"`
}

func health(holder *serving.Holder) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		body := healthAnswer{Status: "ok", ModelLoaded: holder.Loaded(), Timestamp: time.Now().Unix()}
		status := http.StatusOK
		if !body.ModelLoaded {
			body.Status = "error"
			status = http.StatusServiceUnavailable
		}
		reply(w, status, body)
	})
}

// reloadAnswer is the body of POST /reload.
type reloadAnswer struct {
	Status  string `json:"status"`
	Message string `json:"message"`
}

func reload(reloader *serving.Reloader) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		info, err := reloader.Reload()
		if err != nil {
			reply(w, http.StatusInternalServerError, reloadAnswer{"error", err.Error()})
			return
		}
		reply(w, http.StatusOK, reloadAnswer{"ok", "model " + info.Version + " is in use"})
	})
}
