package api_test

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/encast/encast/go-exporter/encast"
	"github.com/encast/encast/go-exporter/internal/api"
	"github.com/encast/encast/go-exporter/internal/collector"
	"github.com/encast/encast/go-exporter/internal/config"
	"github.com/encast/encast/go-exporter/internal/fixture"
	"github.com/encast/encast/go-exporter/internal/limit"
	"github.com/encast/encast/go-exporter/internal/server"
	"github.com/encast/encast/go-exporter/internal/serving"
)

// start serves the model of a path, or the embedded one.
func start(t testing.TB, modelPath string) string {
	t.Helper()
	url, _ := startWith(t, modelPath, api.Bounds{})
	return url
}

func startWith(t testing.TB, modelPath string, bounds api.Bounds) (string, *serving.Holder) {
	t.Helper()
	quiet := slog.New(slog.DiscardHandler)
	cfg, err := config.Load("", config.Place{})
	if err != nil {
		t.Fatal(err)
	}
	holder := &serving.Holder{}
	reloader := serving.NewReloader(holder, serving.Opener(modelPath, ""), cfg, quiet)
	if _, err := reloader.Start(); err != nil {
		t.Fatal(err)
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(collector.New(holder, reloader, nil, quiet))
	handler, err := server.Handler(server.Backend{
		Holder: holder, Reloader: reloader, Registry: registry, Logger: quiet, API: api.New(holder, nil, bounds, quiet),
		Limits: limit.New(0, 0),
	})
	if err != nil {
		t.Fatal(err)
	}
	listener := httptest.NewServer(handler)
	t.Cleanup(func() {
		listener.Close()
		holder.Close()
	})
	return listener.URL, holder
}

func post(t testing.TB, url, body string, status int) []byte {
	t.Helper()
	response, err := http.Post(url, "application/json", strings.NewReader(body))
	return read(t, response, err, status)
}

func get(t testing.TB, url string, status int) []byte {
	t.Helper()
	response, err := http.Get(url)
	return read(t, response, err, status)
}

func read(t testing.TB, response *http.Response, err error, status int) []byte {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if response.StatusCode != status {
		t.Fatalf("%s: %s, want %d", response.Status, text, status)
	}
	return text
}

// TestArray: each element is answered as it would be alone, with its id, and a mistake names its row.
func TestArray(t *testing.T) {
	url := start(t, "")
	requests := []string{
		`{"id":"a","bitrate_kbps":4000,"resolution":"1920x1080","fps":30,"codec":"h264","preset":"medium"}`,
		`{"id":"b","crf":28,"width":1280,"height":720,"encoder":"libx265","target_vmaf":80}`,
		`{"bitrate_kbps":700,"resolution":"640x360","machine":"m5.xlarge","region":"us-east-1","encoder":"libx264","frame_drop":null}`,
	}
	var together []json.RawMessage
	if err := json.Unmarshal(post(t, url+"/predict", "["+strings.Join(requests, ",")+"]", 200), &together); err != nil {
		t.Fatal(err)
	}
	for i, one := range requests {
		alone := object(t, post(t, url+"/predict", one, 200))
		if found := differences(object(t, together[i]), alone); found != nil {
			t.Errorf("row %d: %v", i, found)
		}
	}
	if alone := object(t, post(t, url+"/predict", requests[0], 200)); alone["id"] != "a" || alone["model"] != alone["model_version"] {
		t.Errorf("%v", alone)
	}
	if got := string(post(t, url+"/predict", "[]", 200)); got != "[]\n" {
		t.Errorf("no requests: %q", got)
	}
	bad := object(t, post(t, url+"/predict", "["+requests[0]+`,{"bitrate_kbps":-3,"resolution":"640x360"}]`, 400))
	if bad["row"] != 1.0 || bad["field"] != "bitrate_kbps" || bad["status"] != "error" || !strings.Contains(bad["message"].(string), "-3") {
		t.Errorf("%v", bad)
	}
}

// TestAnchors: they reach the model as they are given.
func TestAnchors(t *testing.T) {
	model, err := encast.LoadDefault()
	if err != nil {
		t.Fatal(err)
	}
	defer model.Close()
	features := encast.NewFeatures()
	features.BitrateKbps, features.ResolutionWidth, features.ResolutionHeight = 900, 1280, 720
	features.Codec = encast.CodecH264
	plain, err := model.Predict(features)
	if err != nil {
		t.Fatal(err)
	}
	one, two := encast.NewAnchor(), encast.NewAnchor()
	one.BitrateKbps, one.VMAF = 700, 81.5
	two.CRF, two.ResolutionWidth, two.ResolutionHeight, two.PSNR = 30, 640, 360, 38
	two.Encoder, two.Preset = encast.EncoderLibx264, "slow"
	features.Anchors = []encast.Anchor{one, two}
	want, err := model.Predict(features)
	if err != nil {
		t.Fatal(err)
	}
	got := object(t, post(t, start(t, "")+"/predict", `{"bitrate_kbps":900,"resolution":"1280x720","codec":"h264","anchors":[
		{"bitrate_kbps":700,"vmaf":81.5},{"crf":30,"resolution":"640x360","encoder":"libx264","preset":"slow","psnr":38}]}`, 200))
	if got["predicted_vmaf"] != want.PredictedVMAF || got["predicted_psnr"] != want.PredictedPSNR || want.PredictedVMAF == plain.PredictedVMAF {
		t.Errorf("%v, %v, want %v, %v", got["predicted_vmaf"], got["predicted_psnr"], want.PredictedVMAF, want.PredictedPSNR)
	}
}

// TestProbe: the samples are those that /metrics has for the same encode when it is configured.
func TestProbe(t *testing.T) {
	url := start(t, "")
	configured, err := fixture.Scrape(url + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	probed, err := fixture.Scrape(url + "/probe?config=1080p30_4mbps&bitrate_kbps=4000&resolution=1920x1080&fps=30&frame_drop=0.01&motion_intensity=.5")
	if err != nil {
		t.Fatal(err)
	}
	compared := 0
	for name, family := range configured {
		for _, metric := range family.GetMetric() {
			if fixture.Labels(metric)["config"] != "1080p30_4mbps" || name == "ml_prediction_errors_total" {
				continue
			}
			var labels []string
			for key, value := range fixture.Labels(metric) {
				labels = append(labels, key, value)
			}
			got, found := fixture.Value(probed, name, labels...)
			if want := metric.GetGauge().GetValue(); !found || got != want {
				t.Errorf("%s%v is %v, %t, want %v", name, labels, got, found, want)
			}
			compared++
		}
	}
	if compared < 20 {
		t.Errorf("%d samples compared", compared)
	}
	// What a client sends stays the value of one label.
	text := string(get(t, url+"/probe?bitrate_kbps=4000&resolution=1920x1080&config=a%22%7D+1%5Cn", 200))
	if !strings.Contains(text, `config="a\"} 1\\n"`) {
		t.Errorf("%s", text)
	}
}

// TestTable: each row of a table is what the same request gets alone, bit for bit.
func TestTable(t *testing.T) {
	url := start(t, "")
	const rows = 40
	var bitrates, presets []string
	for row := range rows {
		bitrates = append(bitrates, fmt.Sprint(300+77*row))
		presets = append(presets, []string{`"medium"`, `"veryfast"`, `null`}[row%3])
	}
	bitrates[7] = "null"
	table := `{"targets":["vmaf","encode_seconds"],"intervals":true,"level":0.8,"columns":{"bitrate_kbps":[` + strings.Join(bitrates, ", ") +
		`],"preset":[` + strings.Join(presets, ",") + `],"crf":30,"codec":"h264","resolution":"1280x720","machine":"c5.large","region":"us-east-1"}}`
	var got struct {
		Model   string
		Rows    int
		Columns map[string][]*float64
	}
	if err := json.Unmarshal(post(t, url+"/predict", table, 200), &got); err != nil {
		t.Fatal(err)
	}
	if got.Rows != rows || len(got.Columns) != 6 || got.Model == "" {
		t.Errorf("%d rows, %d columns of %q", got.Rows, len(got.Columns), got.Model)
	}
	for row := range rows {
		alone := object(t, post(t, url+"/predict", fmt.Sprintf(
			`{"bitrate_kbps":%s,"preset":%s,"level":0.8,"crf":30,"codec":"h264","resolution":"1280x720","machine":"c5.large","region":"us-east-1"}`,
			bitrates[row], presets[row]), 200))
		for _, target := range []string{"vmaf", "encode_seconds"} {
			bounds := alone["intervals"].(map[string]any)[target].(map[string]any)
			for name, want := range map[string]any{target: alone["estimates"].(map[string]any)[target], target + "_lower": bounds["lower"], target + "_upper": bounds["upper"]} {
				if value := got.Columns[name][row]; value == nil || *value != want {
					t.Errorf("row %d: %s = %v, alone %v", row, name, value, want)
				}
			}
		}
	}
	bad := object(t, post(t, url+"/predict", `{"targets":["vmaf"],"columns":{"resolution":"640x360","bitrate_kbps":[1000,-5]}}`, 400))
	if bad["row"] != 1.0 || bad["field"] != "bitrate_kbps" {
		t.Errorf("%v", bad)
	}
}

// BenchmarkTable is of 100,000 rows that differ in their bitrate.
func BenchmarkTable(b *testing.B) {
	url := start(b, "")
	body := []byte(`{"targets":["vmaf"],"columns":{"codec":"h264","preset":"medium","resolution":"1920x1080","fps":30,"bitrate_kbps":[`)
	const rows = 100_000
	for row := range rows {
		body = fmt.Appendf(body, "%g,", 500+.07*float64(row))
	}
	text := string(append(body[:len(body)-1], "]}}"...))
	for b.Loop() {
		post(b, url+"/predict", text, 200)
	}
	b.ReportMetric(float64(rows*b.N)/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkPredict is of one request at a time on a kept connection.
func BenchmarkPredict(b *testing.B) {
	url := start(b, "")
	for b.Loop() {
		post(b, url+"/predict", `{"bitrate_kbps":4000,"resolution":"1920x1080","fps":30,"codec":"h264","preset":"medium"}`, 200)
	}
}
