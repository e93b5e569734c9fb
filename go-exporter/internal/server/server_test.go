package server_test

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"

	"github.com/encast/encast/go-exporter/encast"
	"github.com/encast/encast/go-exporter/internal/api"
	"github.com/encast/encast/go-exporter/internal/collector"
	"github.com/encast/encast/go-exporter/internal/config"
	"github.com/encast/encast/go-exporter/internal/fixture"
	"github.com/encast/encast/go-exporter/internal/limit"
	"github.com/encast/encast/go-exporter/internal/server"
	"github.com/encast/encast/go-exporter/internal/serving"
)

// start serves the built-in encodes from the model of a path, or without a model.
func start(t testing.TB, modelPath string, load bool) (string, *serving.Holder) {
	t.Helper()
	quiet := slog.New(slog.DiscardHandler)
	cfg := config.BuiltIn()
	holder := &serving.Holder{}
	reloader := serving.NewReloader(holder, serving.Opener(modelPath, ""), cfg, quiet)
	if load {
		if _, err := reloader.Start(); err != nil {
			t.Fatal(err)
		}
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(collector.New(holder, reloader, nil, quiet))
	handler, err := server.Handler(server.Backend{
		Holder: holder, Reloader: reloader, Registry: registry, API: api.New(holder, nil, api.Bounds{}, quiet),
		Limits: limit.New(0, 0), Version: encast.Version(), Logger: quiet,
	})
	if err != nil {
		t.Fatal(err)
	}
	listener := httptest.NewUnstartedServer(nil)
	listener.Config = server.New(handler, quiet)
	listener.Start()
	t.Cleanup(func() {
		listener.Close()
		holder.Close()
	})
	return listener.URL, holder
}

// client shows answers as they are.
var client = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

// exchange sends one request; the body of the answer is read to its end.
func exchange(t testing.TB, method, url string) (*http.Response, string) {
	t.Helper()
	request, err := http.NewRequest(method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(body)
}

func TestHealth(t *testing.T) {
	url, holder := start(t, "", true)
	check := func(status int, want string, loaded bool) {
		t.Helper()
		response, body := exchange(t, http.MethodGet, url+"/health")
		var answer map[string]any
		if err := json.Unmarshal([]byte(body), &answer); err != nil {
			t.Fatal(err, body)
		}
		timestamp, _ := answer["timestamp"].(float64)
		if response.StatusCode != status || answer["status"] != want || answer["model_loaded"] != loaded || len(answer) != 3 {
			t.Errorf("%d %s, want %d", response.StatusCode, body, status)
		}
		if age := time.Now().Unix() - int64(timestamp); age < 0 || age > 60 {
			t.Errorf("timestamp %v", answer["timestamp"])
		}
		if response.Header.Get("Content-Type") != "application/json" {
			t.Errorf("content type %q", response.Header.Get("Content-Type"))
		}
	}
	check(http.StatusOK, "ok", true)
	holder.Close()
	check(http.StatusServiceUnavailable, "error", false)
}

func TestMethodsAndPaths(t *testing.T) {
	url, _ := start(t, "", true)
	for _, test := range []struct {
		method, path string
		status       int
		allow        string
	}{
		{http.MethodGet, "/", 200, ""},
		{http.MethodGet, "/metrics", 200, ""},
		{http.MethodHead, "/metrics", 200, ""},
		{http.MethodHead, "/health", 200, ""},
		{http.MethodPost, "/reload", 200, ""},
		{http.MethodGet, "/observe", 405, "POST"},
		{http.MethodPost, "/observations", 405, "GET, HEAD"},
		{http.MethodPost, "/drift", 405, "GET, HEAD"},
		{http.MethodGet, "/drift", 503, ""}, // without observations
		{http.MethodGet, "/reload", 405, "POST"},
		{http.MethodHead, "/reload", 405, "POST"},
		{http.MethodPut, "/reload", 405, "POST"},
		{http.MethodDelete, "/reload", 405, "POST"},
		{http.MethodPost, "/metrics", 405, "GET, HEAD"},
		{http.MethodPost, "/health", 405, "GET, HEAD"},
		{http.MethodPost, "/", 405, "GET, HEAD"},
		{http.MethodGet, "/model", 200, ""},
		{http.MethodHead, "/model", 200, ""},
		{http.MethodHead, "/probe?resolution=640x360&bitrate_kbps=500", 200, ""},
		{http.MethodGet, "/predict", 405, "POST"},
		{http.MethodPut, "/predict", 405, "POST"},
		{http.MethodGet, "/ladder", 405, "POST"},
		{http.MethodPost, "/probe", 405, "GET, HEAD"},
		{http.MethodPost, "/model", 405, "GET, HEAD"},
		{http.MethodGet, "/predict/", 404, ""},
		{http.MethodGet, "/predict/../metrics", 307, ""},
		{http.MethodGet, "/%2e%2e/%2e%2e/etc/passwd", 404, ""},
		{http.MethodGet, "/nothing", 404, ""},
		{http.MethodGet, "/page/", 404, ""},
		{http.MethodGet, "/page/nothing.js", 404, ""},
		{http.MethodPost, "/page/app.js", 405, "GET, HEAD"},
		{http.MethodGet, "/reload/", 404, ""},
		{http.MethodGet, "/debug/pprof/", 404, ""},
	} {
		response, body := exchange(t, test.method, url+test.path)
		if test.status >= 400 && test.method != http.MethodHead && !strings.HasPrefix(body, `{"status":"error","message":"`) {
			t.Errorf("%s %s: %s is no JSON of an error", test.method, test.path, body)
		}
		if response.StatusCode != test.status || response.Header.Get("Allow") != test.allow {
			t.Errorf("%s %s: %d, Allow %q, want %d, %q", test.method, test.path, response.StatusCode, response.Header.Get("Allow"), test.status, test.allow)
		}
	}
	if _, body := exchange(t, http.MethodGet, url+"/"); !strings.Contains(body, "metrics") || !strings.Contains(body, encast.Version()) {
		t.Errorf("landing page: %s", body)
	}
}

// place puts a bundle where the exporter reads it, at once and whole.
func place(t testing.TB, from, to string) {
	t.Helper()
	bundle, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to+".new", bundle, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(to+".new", to); err != nil {
		t.Fatal(err)
	}
}

func TestReload(t *testing.T) {
	first, second := fixture.File(t, "1.encast", "1", 0), fixture.File(t, "2.encast", "2", -20)
	corrupt := fixture.Corrupt(t, second)
	path := filepath.Join(t.TempDir(), "model")
	place(t, first, path)
	url, _ := start(t, path, true)
	reload := func(status int, want string, texts ...string) {
		t.Helper()
		response, body := exchange(t, http.MethodPost, url+"/reload")
		var answer struct{ Status, Message string }
		if err := json.Unmarshal([]byte(body), &answer); err != nil || response.StatusCode != status || answer.Status != want {
			t.Errorf("%d %s (%v), want %d", response.StatusCode, body, err, status)
		}
		for _, text := range texts {
			if !strings.Contains(answer.Message, text) {
				t.Errorf("message %q does not say %q", answer.Message, text)
			}
		}
	}
	serves := func(version string, successes, failures float64) {
		t.Helper()
		families, err := fixture.Scrape(url + "/metrics")
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := fixture.Value(families, "ml_model_version", "version", version); !ok {
			t.Errorf("serves %v, want %s", families["ml_model_version"], version)
		}
		ok, _ := fixture.Value(families, "ml_model_reloads_total", "result", "success")
		bad, _ := fixture.Value(families, "ml_model_reloads_total", "result", "failure")
		last, _ := fixture.Value(families, "ml_model_last_reload_successful")
		if ok != successes || bad != failures || (last == 1) != (failures == 0 || version == "1" && successes == 2) {
			t.Errorf("%v successes, %v failures, last %v", ok, bad, last)
		}
	}
	serves("1", 0, 0)
	place(t, second, path)
	serves("1", 0, 0)
	reload(http.StatusOK, "ok", "2")
	serves("2", 1, 0)
	place(t, corrupt, path)
	reload(http.StatusInternalServerError, "error", "damaged")
	serves("2", 1, 1)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	reload(http.StatusInternalServerError, "error", path, "does not exist")
	serves("2", 1, 2)
	place(t, first, path)
	reload(http.StatusOK, "ok", "1")
	serves("1", 2, 2)
}

// TestScrapesDuringReloads: 200 reloads of two models in turn with a corrupt one between; no scrape fails, and none
// shows the version of one model beside a forecast of the other.
func TestScrapesDuringReloads(t *testing.T) {
	files := []string{fixture.File(t, "1.encast", "1", 0), fixture.File(t, "2.encast", "2", -20)}
	files = append(files, fixture.Corrupt(t, files[0]))
	forecasts := map[string]map[string]float64{}
	for i, version := range []string{"1", "2"} {
		model, err := encast.Load(files[i])
		if err != nil {
			t.Fatal(err)
		}
		forecasts[version] = map[string]float64{}
		for _, encode := range config.BuiltIn().Encodes {
			result, err := model.Predict(encode.Features)
			if err != nil {
				t.Fatal(err)
			}
			forecasts[version][encode.Name] = result.PredictedVMAF
		}
		if err := model.Close(); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(t.TempDir(), "model")
	place(t, files[0], path)
	url, _ := start(t, path, true)
	done := make(chan struct{})
	var group sync.WaitGroup
	seen := make([]map[string]int, 4)
	for i := range seen {
		seen[i] = map[string]int{}
		group.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				families, err := fixture.Scrape(url + "/metrics")
				if err != nil {
					t.Error("a scrape failed:", err)
					return
				}
				versions := families["ml_model_version"].GetMetric()
				samples := families["qoe_predicted_vmaf"].GetMetric()
				if len(versions) != 1 || len(samples) != 4 {
					t.Errorf("%d versions, %d forecasts in one scrape", len(versions), len(samples))
					return
				}
				version := fixture.Labels(versions[0])["version"]
				seen[i][version]++
				for _, sample := range samples {
					encode := fixture.Labels(sample)["config"]
					if got, want := sample.GetGauge().GetValue(), forecasts[version][encode]; got != want {
						t.Errorf("version %s beside VMAF %v of %s, which it forecasts as %v", version, got, encode, want)
						return
					}
				}
			}
		})
	}
	for i := range 200 {
		file := files[i%3]
		place(t, file, path)
		response, body := exchange(t, http.MethodPost, url+"/reload")
		if want := map[bool]int{true: 500, false: 200}[file == files[2]]; response.StatusCode != want {
			t.Errorf("reload %d: %d %s, want %d", i, response.StatusCode, body, want)
		}
	}
	close(done)
	group.Wait()
	total := map[string]int{}
	for _, counts := range seen {
		for version, count := range counts {
			total[version] += count
		}
	}
	t.Logf("scrapes by version: %v", total)
	if total["1"] == 0 || total["2"] == 0 {
		t.Errorf("scrapes by version %v: both must have been seen", total)
	}
}

// TestSlowBody: a client that does not send what it announces is told so, and does not hold its connection.
func TestSlowBody(t *testing.T) {
	quiet := slog.New(slog.DiscardHandler)
	_, holder := start(t, "", true)
	handler, err := server.Handler(server.Backend{
		Holder: holder, Registry: prometheus.NewRegistry(), Logger: quiet,
		API: api.New(holder, nil, api.Bounds{}, quiet), Limits: limit.New(0, 0),
	})
	if err != nil {
		t.Fatal(err)
	}
	listener := httptest.NewUnstartedServer(nil)
	listener.Config = server.New(handler, quiet)
	listener.Config.ReadTimeout = 200 * time.Millisecond
	listener.Start()
	defer listener.Close()
	connection, err := net.Dial("tcp", listener.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	_ = connection.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.WriteString(connection, "POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{"); err != nil {
		t.Fatal(err)
	}
	all, err := io.ReadAll(connection)
	if err != nil || !strings.HasPrefix(string(all), "HTTP/1.1 408 ") || !strings.Contains(string(all), "the body did not arrive") {
		t.Errorf("%v: %s", err, all)
	}
}

// TestNothingThere: what no endpoint takes is answered with JSON, as all errors are.
func TestNothingThere(t *testing.T) {
	url, _ := start(t, "", true)
	for _, test := range []struct {
		method, path string
		status       int
		says         string
	}{
		{http.MethodGet, "/nothing", 404, "/nothing"},
		{http.MethodGet, "/predict", 405, "/predict takes POST, not GET"},
		{http.MethodDelete, "/probe", 405, "/probe takes GET, HEAD, not DELETE"},
		{http.MethodGet, "/nothing", 404, "/, /metrics, /health, /predict, /ladder, /probe, /model, /observe, /observations, /drift, /reload"},
		{http.MethodGet, "//nothing", 404, "//nothing"},
		{http.MethodPost, "/a/../b", 404, "endpoints are"},
		{http.MethodGet, "//predict", 405, "//predict takes POST, not GET"},
		{http.MethodPost, "/./metrics", 405, "takes GET, HEAD, not POST"},
	} {
		response, body := exchange(t, test.method, url+test.path)
		if allow := response.Header.Get("Allow"); (test.status == 405) != (allow != "") {
			t.Errorf("%s %s: Allow %q", test.method, test.path, allow)
		}
		var answer struct{ Status, Message string }
		if err := json.Unmarshal([]byte(body), &answer); err != nil || response.StatusCode != test.status || answer.Status != "error" || !strings.Contains(answer.Message, test.says) {
			t.Errorf("%s %s: %d %s (%v)", test.method, test.path, response.StatusCode, body, err)
		}
	}
}

// TestOtherSites: what a browser sends in the name of another site's page is refused, whatever it would change; all else is taken.
func TestOtherSites(t *testing.T) {
	url, _ := start(t, "", true)
	for _, path := range []string{"/predict", "/ladder", "/observe", "/reload"} {
		for _, test := range []struct {
			name, value string
			refused     bool
		}{
			{"Sec-Fetch-Site", "cross-site", true},
			{"Sec-Fetch-Site", "same-site", true},
			{"Origin", "https://elsewhere.example", true},
			{"Origin", "null", true},
			{"Sec-Fetch-Site", "same-origin", false},
			{"Sec-Fetch-Site", "none", false},
			{"Origin", url, false},
			{"User-Agent", "curl/8", false},
		} {
			request, err := http.NewRequest(http.MethodPost, url+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set(test.name, test.value)
			response, err := http.DefaultClient.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			var answer struct{ Status, Message string }
			err = json.NewDecoder(response.Body).Decode(&answer)
			_ = response.Body.Close()
			if err != nil || (response.StatusCode == 403) != test.refused || test.refused && (answer.Status != "error" || !strings.Contains(answer.Message, path)) {
				t.Errorf("%s with %s: %s: %d %v (%v)", path, test.name, test.value, response.StatusCode, answer, err)
			}
		}
	}
	request, err := http.NewRequest(http.MethodGet, url+"/health", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Sec-Fetch-Site", "cross-site")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	if _ = response.Body.Close(); response.StatusCode != 200 {
		t.Errorf("a link from elsewhere: %d", response.StatusCode)
	}
}

// TestLimitsAreOfForecasts: beyond the limit forecasts are refused, and nothing that is reported or looked up is.
func TestLimitsAreOfForecasts(t *testing.T) {
	quiet := slog.New(slog.DiscardHandler)
	_, holder := start(t, "", true)
	handler, err := server.Handler(server.Backend{
		Holder: holder, Registry: prometheus.NewRegistry(), Logger: quiet,
		API: api.New(holder, nil, api.Bounds{}, quiet), Limits: limit.New(1e-6, 0),
	})
	if err != nil {
		t.Fatal(err)
	}
	ask := func(method, path string) int {
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, httptest.NewRequest(method, path, nil))
		return recorder.Code
	}
	ask(http.MethodGet, "/probe") // takes the only one
	for _, limited := range []string{"POST /predict", "POST /ladder", "GET /probe"} {
		if method, path, _ := strings.Cut(limited, " "); ask(method, path) != 429 {
			t.Errorf("%s is not limited", limited)
		}
	}
	for _, free := range []string{"GET /model", "POST /observe", "GET /observations", "GET /drift"} {
		if method, path, _ := strings.Cut(free, " "); ask(method, path) == 429 {
			t.Errorf("%s is limited", free)
		}
	}
}

// TestNativeHistogram: who scrapes protobuf gets the times of requests as a native histogram, with the classic buckets.
func TestNativeHistogram(t *testing.T) {
	url, _ := start(t, "", true)
	exchange(t, http.MethodGet, url+"/health")
	request, err := http.NewRequest(http.MethodGet, url+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Accept", string(expfmt.NewFormat(expfmt.TypeProtoDelim)))
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	decoder := expfmt.NewDecoder(response.Body, expfmt.ResponseFormat(response.Header))
	for {
		var family dto.MetricFamily
		if err := decoder.Decode(&family); err != nil {
			t.Fatal("no histogram:", err)
		}
		if family.GetName() != "ml_exporter_http_request_duration_seconds" {
			continue
		}
		for _, metric := range family.GetMetric() {
			histogram := metric.GetHistogram()
			if fixture.Labels(metric)["handler"] == "health" && (histogram.GetSampleCount() != 1 || len(histogram.GetPositiveSpan()) == 0 || len(histogram.GetBucket()) < 10) {
				t.Errorf("%v", histogram)
			}
		}
		return
	}
}

// TestAccessLog: a line a request at debug, none above.
func TestAccessLog(t *testing.T) {
	for level, want := range map[slog.Level]int{slog.LevelDebug: 1, slog.LevelInfo: 0} {
		var log bytes.Buffer
		logger := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: level}))
		_, holder := start(t, "", true)
		handler, err := server.Handler(server.Backend{
			Holder: holder, Registry: prometheus.NewRegistry(), Logger: logger,
			API: api.New(holder, nil, api.Bounds{}, logger), Limits: limit.New(0, 0),
		})
		if err != nil {
			t.Fatal(err)
		}
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/health", nil))
		if got := strings.Count(log.String(), "msg=Request method=GET path=/health status=200 bytes="); got != want {
			t.Errorf("%s: %q", level, log.String())
		}
	}
}
