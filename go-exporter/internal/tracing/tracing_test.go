package tracing_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/encast/encast/go-exporter/internal/api"
	"github.com/encast/encast/go-exporter/internal/config"
	"github.com/encast/encast/go-exporter/internal/limit"
	"github.com/encast/encast/go-exporter/internal/server"
	"github.com/encast/encast/go-exporter/internal/serving"
	"github.com/encast/encast/go-exporter/internal/tracing"
)

// receiver takes spans as an OpenTelemetry collector does, by OTLP over HTTP.
type receiver struct {
	*httptest.Server
	refuse int // so many batches at first, as a collector that is busy

	mu      sync.Mutex
	spans   map[string]*tracepb.Span
	service map[string]string
	header  http.Header
}

func newReceiver(t *testing.T, refuse int) *receiver {
	r := &receiver{refuse: refuse, spans: map[string]*tracepb.Span{}, service: map[string]string{}}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		body, err := io.ReadAll(request.Body)
		var data tracepb.TracesData
		if err = errors.Join(err, proto.Unmarshal(body, &data)); err != nil || request.URL.Path != "/v1/traces" || request.Header.Get("Content-Type") != "application/x-protobuf" {
			t.Errorf("%s %s: %v", request.URL.Path, request.Header.Get("Content-Type"), err)
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.refuse > 0 {
			r.refuse--
			http.Error(w, "busy", http.StatusServiceUnavailable)
			return
		}
		r.header = request.Header
		for _, resource := range data.GetResourceSpans() {
			for _, attribute := range resource.GetResource().GetAttributes() {
				r.service[attribute.GetKey()] = attribute.GetValue().GetStringValue()
			}
			for _, scope := range resource.GetScopeSpans() {
				for _, span := range scope.GetSpans() {
					r.spans[span.GetName()] = span
				}
			}
		}
	}))
	t.Cleanup(r.Close)
	return r
}

// clear takes what the machine's environment may say of traces out of a test.
func clear(t *testing.T) {
	for _, variable := range os.Environ() {
		if name, _, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "OTEL_") {
			t.Setenv(name, "")
		}
	}
}

// TestSpans: a request that continues a client's trace, the forecast within it, and a reload reach a receiver.
func TestSpans(t *testing.T) {
	clear(t)
	t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-key=a%20b, other=1")
	receiver := newReceiver(t, 1)
	quiet := slog.New(slog.DiscardHandler)
	traces, err := tracing.New(t.Context(), receiver.URL, "1.2.3", quiet)
	if err != nil || !traces.On() {
		t.Fatal(err)
	}
	holder := &serving.Holder{}
	defer holder.Close()
	reloader := serving.NewReloader(holder, serving.Opener("", ""), config.BuiltIn(), quiet)
	reloader.Trace(traces)
	if _, err := reloader.Start(); err != nil {
		t.Fatal(err)
	}
	handler, err := server.Handler(server.Backend{
		Holder: holder, Reloader: reloader, Registry: prometheus.NewRegistry(), Logger: quiet, Tracing: traces,
		API: api.New(holder, nil, api.Bounds{}, quiet), Limits: limit.New(0, 0),
	})
	if err != nil {
		t.Fatal(err)
	}
	ask := func(method, path, body string, status int) {
		request := httptest.NewRequest(method, path, strings.NewReader(body))
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
		recorder := httptest.NewRecorder()
		if handler.ServeHTTP(recorder, request); recorder.Code != status {
			t.Errorf("%s: %d %s", path, recorder.Code, recorder.Body)
		}
	}
	ask("POST", "/predict", `{"resolution":"640x360","bitrate_kbps":500}`, 200)
	ask("GET", "/probe?resolution=640x360&bitrate_kbps=-500", "", 400)
	ask("GET", "/some/path/of/a/client", "", 404)
	ask("POST", "/reload", "", 200)
	if err := traces.Stop(); err != nil {
		t.Fatal(err)
	}
	receiver.mu.Lock()
	defer receiver.mu.Unlock()
	for _, name := range []string{"POST /predict", "GET /probe", "POST /reload", "GET", "forecast", "reload"} {
		if receiver.spans[name] == nil {
			t.Fatalf("no span %q among %v", name, receiver.spans)
		}
	}
	request, forecast := receiver.spans["GET /probe"], receiver.spans["forecast"]
	if got := string(request.GetTraceId()); got != "\x0a\xf7\x65\x19\x16\xcd\x43\xdd\x84\x48\xeb\x21\x1c\x80\x31\x9c" {
		t.Errorf("the client's trace is not continued: %x", got)
	}
	if string(forecast.GetParentSpanId()) != string(request.GetSpanId()) || forecast.GetStatus().GetCode() != tracepb.Status_STATUS_CODE_ERROR ||
		!strings.Contains(forecast.GetStatus().GetMessage(), "-500") {
		t.Errorf("%v within %v", forecast, request)
	}
	if len(receiver.spans["reload"].GetParentSpanId()) != 0 {
		t.Error("a reload is part of a request")
	}
	if receiver.service["service.name"] != "encast-exporter" || receiver.service["service.version"] != "1.2.3" {
		t.Errorf("%v", receiver.service)
	}
	if receiver.header.Get("X-Key") != "a b" || receiver.header.Get("Other") != "1" {
		t.Errorf("%v", receiver.header)
	}
}

// TestNothingRunsWithoutAnEndpoint, nor where the SDK is disabled.
func TestNothingRunsWithoutAnEndpoint(t *testing.T) {
	clear(t)
	before := runtime.NumGoroutine()
	for _, variable := range []string{"", "OTEL_SDK_DISABLED=true", "OTEL_SDK_DISABLED=True", "OTEL_TRACES_EXPORTER=none"} {
		name, value, off := strings.Cut(variable, "=")
		endpoint := ""
		if off {
			endpoint = "http://localhost:4318"
			t.Setenv(name, value)
		}
		traces, err := tracing.New(t.Context(), endpoint, "1", slog.New(slog.DiscardHandler))
		if err != nil || traces.On() || runtime.NumGoroutine() != before {
			t.Errorf("%v, on %v, %d goroutines, %d before", err, traces.On(), runtime.NumGoroutine(), before)
		}
		next := http.NotFoundHandler()
		if span := tracing.Start(context.Background(), "x"); span.IsRecording() || traces.Root("x").IsRecording() || traces.Handler(next, nil) == nil || traces.Stop() != nil {
			t.Error("a span is made")
		}
		if off {
			t.Setenv(name, "")
		}
	}
}

func TestEndpoints(t *testing.T) {
	clear(t)
	receiver := newReceiver(t, 0)
	for name, test := range map[string]struct {
		environment map[string]string
		flag, says  string
	}{
		"base variable":   {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.URL + "/"}, "", ""},
		"whole variable":  {map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": receiver.URL + "/v1/traces"}, "", ""},
		"flag over both":  {map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "nonsense"}, receiver.URL, ""},
		"no URL":          {nil, "localhost:4318", "--otlp.endpoint"},
		"not HTTP":        {nil, "grpc://localhost:4317", "--otlp.endpoint"},
		"variable no URL": {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "collector"}, "", "OTEL_EXPORTER_OTLP_ENDPOINT"},
		"bad timeout":     {map[string]string{"OTEL_EXPORTER_OTLP_TIMEOUT": "soon"}, receiver.URL, "OTEL_EXPORTER_OTLP_TIMEOUT"},
		"no URL, secret":  {nil, "collector:secret@host", "--otlp.endpoint"},
		"bad URL, secret": {nil, "http://user:secret@host:port", "--otlp.endpoint"},
		"what is done": {map[string]string{"OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf", "OTEL_EXPORTER_OTLP_COMPRESSION": "none",
			"OTEL_PROPAGATORS": "baggage, tracecontext", "OTEL_TRACES_EXPORTER": "otlp"}, receiver.URL, ""},
		"protocol":     {map[string]string{"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "grpc"}, receiver.URL, "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"},
		"compression":  {map[string]string{"OTEL_EXPORTER_OTLP_COMPRESSION": "gzip"}, receiver.URL, "OTEL_EXPORTER_OTLP_COMPRESSION"},
		"certificate":  {map[string]string{"OTEL_EXPORTER_OTLP_CERTIFICATE": "ca.pem"}, receiver.URL, "OTEL_EXPORTER_OTLP_CERTIFICATE"},
		"client's key": {map[string]string{"OTEL_EXPORTER_OTLP_CLIENT_KEY": "key.pem"}, receiver.URL, "OTEL_EXPORTER_OTLP_CLIENT_KEY"},
		"propagators":  {map[string]string{"OTEL_PROPAGATORS": "b3"}, receiver.URL, "OTEL_PROPAGATORS"},
		"exporter":     {map[string]string{"OTEL_TRACES_EXPORTER": "console"}, receiver.URL, "OTEL_TRACES_EXPORTER"},
		"bad headers":  {map[string]string{"OTEL_EXPORTER_OTLP_HEADERS": "secret"}, receiver.URL, "OTEL_EXPORTER_OTLP_HEADERS"},
	} {
		t.Run(name, func(t *testing.T) {
			for variable, value := range test.environment {
				t.Setenv(variable, value)
			}
			traces, err := tracing.New(t.Context(), test.flag, "1", slog.New(slog.DiscardHandler))
			if test.says != "" {
				if err == nil || !strings.Contains(err.Error(), test.says) || strings.Contains(err.Error(), "secret") {
					t.Errorf("%v does not say %s", err, test.says)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			traces.Root("of " + name).End()
			if err := traces.Stop(); err != nil {
				t.Fatal(err)
			}
			receiver.mu.Lock()
			defer receiver.mu.Unlock()
			if receiver.spans["of "+name] == nil {
				t.Errorf("the span did not arrive")
			}
		})
	}
}

// TestPasswordsAreNotTold: a receiver may be named with a password, which is sent to it and to nobody else.
func TestPasswordsAreNotTold(t *testing.T) {
	clear(t)
	var asked atomic.Bool
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		asked.Store(user == "user" && password == "secret")
		http.Error(w, "no", http.StatusForbidden)
	}))
	defer receiver.Close()
	var log bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&log, nil))
	traces, err := tracing.New(t.Context(), strings.Replace(receiver.URL, "http://", "http://user:secret@", 1), "1", logger)
	if err != nil {
		t.Fatal(err)
	}
	traces.Root("x").End()
	err = traces.Stop()
	told := fmt.Sprint(err, log.String())
	if !asked.Load() || !strings.Contains(told, "403") || strings.Contains(told, "secret") {
		t.Errorf("asked %v, told: %s", asked.Load(), told)
	}
}
