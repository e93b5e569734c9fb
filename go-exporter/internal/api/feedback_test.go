package api_test

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/encast/encast/go-exporter/encast"
	"github.com/encast/encast/go-exporter/internal/api"
	"github.com/encast/encast/go-exporter/internal/collector"
	"github.com/encast/encast/go-exporter/internal/config"
	"github.com/encast/encast/go-exporter/internal/feedback"
	"github.com/encast/encast/go-exporter/internal/fixture"
	"github.com/encast/encast/go-exporter/internal/limit"
	"github.com/encast/encast/go-exporter/internal/server"
	"github.com/encast/encast/go-exporter/internal/serving"
)

// exporter is an exporter that keeps observations.
type exporter struct {
	url      string
	reloader *serving.Reloader
	feedback *feedback.Feedback
	stop     func()
}

func startKeeping(t testing.TB, modelPath string, options feedback.Options) *exporter {
	t.Helper()
	quiet := slog.New(slog.DiscardHandler)
	cfg, err := config.Load("", config.Place{})
	if err != nil {
		t.Fatal(err)
	}
	if options.Path == "" {
		options.Path = filepath.Join(t.TempDir(), "observations.db")
	}
	kept, err := feedback.Open(options)
	if err != nil {
		t.Fatal(err)
	}
	holder := &serving.Holder{Correct: kept.Correction, Replaced: func(model serving.Model) {
		if err := kept.Follow(model.(*encast.Model)); err != nil {
			t.Error(err)
		}
	}}
	reloader := serving.NewReloader(holder, serving.Opener(modelPath, ""), cfg, quiet)
	if _, err := reloader.Start(); err != nil {
		t.Fatal(err)
	}
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(collector.New(holder, reloader, collector.NewObserved(kept, nil, quiet), quiet))
	service := api.New(holder, kept, api.Bounds{}, quiet)
	handler, err := server.Handler(server.Backend{
		Holder: holder, Reloader: reloader, Registry: registry, Logger: quiet, API: service, Feedback: kept, Limits: limit.New(0, 0),
	})
	if err != nil {
		t.Fatal(err)
	}
	listener := httptest.NewServer(handler)
	stop := sync.OnceFunc(func() {
		listener.Close()
		holder.Close()
		if err := kept.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return &exporter{listener.URL, reloader, kept, stop}
}

// table reads GET /observations as CSV: a row is a map by the names of the columns.
func table(t testing.TB, url string) []map[string]string {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(string(get(t, url, 200)))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var all []map[string]string
	for _, row := range rows[1:] {
		named := map[string]string{}
		for i, cell := range row {
			named[rows[0][i]] = cell
		}
		all = append(all, named)
	}
	return all
}

const encodeFields = `"bitrate_kbps":4000,"resolution":"1920x1080","fps":30,"encoder":"libx264","preset":"medium","duration_s":60`

// TestObserve: a forecast and what was measured of it meet by their id, and come out as a table.
func TestObserve(t *testing.T) {
	e := startKeeping(t, "", feedback.Options{Exposed: 10})
	forecast := object(t, post(t, e.url+"/predict", `{"id":"a","title":"A \"title\", 1","config":"c",`+encodeFields+`}`, 200))
	for want, body := range []string{
		`{"id":"a","vmaf":91.25,"encode_seconds":30,"bitrate_kbps":4100,"peak_memory_mb":null,"observed_at":1700000000.5}`,
		`[{"vmaf":92,"title":"x","request":{"crf":23,"resolution":"1920x1080","encoder":"libx265","machine":"c5.2xlarge","region":"eu-central-1"},"observed_at":1700000001}]`,
	} {
		// The same once more is no mistake, and nothing new; without an id, it is another encode.
		if got := string(post(t, e.url+"/observe", body, 200)); got != `{"status":"ok","stored":1}`+"\n" {
			t.Errorf("%d: %s", want, got)
		}
		if got := string(post(t, e.url+"/observe", body, 200)); got != fmt.Sprintf(`{"status":"ok","stored":%d}`+"\n", want) {
			t.Errorf("%d again: %s", want, got)
		}
	}
	rows := table(t, e.url+"/observations")
	if len(rows) != 3 {
		t.Fatalf("%d rows: %v", len(rows), rows)
	}
	for name, want := range map[string]string{
		"id": "a", "title": `A "title", 1`, "config": "c", "observed_at": "1700000000.5", "codec": "h264", "encoder": "libx264", "preset": "medium",
		"bitrate_kbps": "4100", "requested_bitrate_kbps": "4000", "resolution_width": "1920", "vmaf": "91.25", "encode_seconds": "30",
		"peak_memory_mb": "", "psnr": "", "crf": "", "model_version": forecast["model"].(string), "level": "0.9",
		"predicted_vmaf": number(forecast["predicted_vmaf"]), "predicted_psnr": number(forecast["predicted_psnr"]),
	} {
		if got := rows[0][name]; got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
	if at := rows[1]; at["machine"] != "c5.2xlarge" || at["region"] != "eu-central-1" || at["codec"] != "hevc" || at["bitrate_kbps"] != "" || at["predicted_cost_usd"] == "" {
		t.Errorf("at a site: %v", at)
	}
	if rows := table(t, e.url+"/observations?since=1700000000.6&limit=1"); len(rows) != 1 || rows[0]["title"] != "x" {
		t.Errorf("since: %v", rows)
	}
	var objects []map[string]any
	if err := json.Unmarshal(get(t, e.url+"/observations?format=json", 200), &objects); err != nil || len(objects) != 3 {
		t.Fatal(err, objects)
	}
	for i, o := range objects {
		for name, cell := range rows[i] {
			if got, there := o[name]; there != (cell != "") || there && number(got) != cell {
				t.Errorf("row %d: %s is %v in JSON, %q in CSV", i, name, got, cell)
			}
		}
	}
	if got := string(get(t, e.url+"/observations?format=json&since=1e10", 200)); got != "[]\n" {
		t.Errorf("none: %q", got)
	}
	// What is exposed of it.
	families, err := fixture.Scrape(e.url + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	labels := []string{"config", "c", "bitrate", "4000kbps", "resolution", "1920x1080", "fps", "30", "codec", "h264", "encoder", "libx264", "preset", "medium", "title", `A "title", 1`, "id", "a"}
	for _, sample := range []struct {
		name   string
		labels []string
		want   float64
	}{
		{"qoe_vmaf_score", labels, 91.25}, {"qoe_vmaf_forecast", labels, forecast["predicted_vmaf"].(float64)},
		{"resource_encode_seconds", labels, 30}, {"resource_bitrate_bytes_per_second", labels, 4100 * 125},
		{"observation_input", []string{"id", "a", "field", "duration_s"}, 60}, {"observation_timestamp_seconds", []string{"id", "a"}, 1700000000.5},
		{"ml_observations_total", []string{"target", "vmaf"}, 3}, {"ml_observations_total", []string{"target", "encode_seconds"}, 1},
		{"ml_observations_stored", nil, 3}, {"ml_forecasts_waiting", nil, 0}, {"ml_correction_enabled", nil, 0},
	} {
		if got, ok := fixture.Value(families, sample.name, sample.labels...); !ok || got != sample.want {
			t.Errorf("%s %v = %v, %v, want %v", sample.name, sample.labels, got, ok, sample.want)
		}
	}
	if _, there := fixture.Value(families, "qoe_psnr_forecast"); there {
		t.Error("a forecast is shown of what was not measured")
	}
}

// number writes what JSON holds as a CSV does.
func number(value any) string {
	if text, is := value.(string); is {
		return text
	}
	written, _ := json.Marshal(value)
	return string(written)
}

// TestLongList: a list that the client takes its time for holds nobody up, and one that can't be read to its end does not look whole.
func TestLongList(t *testing.T) {
	path := filepath.Join(t.TempDir(), "observations.db")
	e := startKeeping(t, "", feedback.Options{Path: path})
	const rows = 3000
	var reports []string
	for i := range rows {
		reports = append(reports, fmt.Sprintf(`{"id":"%d","vmaf":90,"request":{%s}}`, i, encodeFields))
	}
	post(t, e.url+"/observe", "["+strings.Join(reports, ",")+"]", 200)
	response, err := http.Get(e.url + "/observations?format=json")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	first := make([]byte, 100)
	if _, err := io.ReadFull(response.Body, first); err != nil {
		t.Fatal(err)
	}
	post(t, e.url+"/observe", `{"id":"meanwhile","vmaf":90,"request":{`+encodeFields+`}}`, 200)
	rest, err := io.ReadAll(response.Body)
	var listed []struct{ ID string }
	if err := errors.Join(err, json.Unmarshal(append(first, rest...), &listed)); err != nil || len(listed) < rows {
		t.Fatalf("%d rows, %v", len(listed), err)
	}
	// The store ends under a list that has begun: what comes is cut off, and can be told from a whole list.
	response, err = http.Get(e.url + "/observations")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if _, err := io.ReadFull(response.Body, first); err != nil {
		t.Fatal(err)
	}
	if err := e.feedback.Store().Close(); err != nil {
		t.Fatal(err)
	}
	if rest, err := io.ReadAll(response.Body); err == nil {
		t.Errorf("a list that was cut off after %d bytes looks whole", len(rest))
	}
}

func TestObserveRefusals(t *testing.T) {
	e := startKeeping(t, "", feedback.Options{})
	post(t, e.url+"/predict", `{"id":"waits",`+encodeFields+`}`, 200)
	post(t, e.url+"/observe", `{"id":"known","vmaf":90,"request":{`+encodeFields+`}}`, 200)
	for _, test := range []struct {
		path, body string
		status     int
		field      string
		row        int // -1: none
		text       string
	}{
		{"/observe", `{"id":"nobody's","vmaf":1}`, 404, "id", -1, "nobody's"},
		{"/observe", `[{"id":"waits","vmaf":1},{"id":"nobody's","vmaf":1}]`, 404, "id", 1, "nobody's"},
		{"/observe", `{"id":"known","vmaf":91}`, 409, "id", -1, "vmaf = 90"},
		{"/predict", `{"id":"known",` + encodeFields + `}`, 409, "id", -1, "known"},
		{"/predict", `[{` + encodeFields + `},{"id":"new",` + encodeFields + `},{"id":"known",` + encodeFields + `}]`, 409, "id", 2, "known"},
		{"/observe", `{"vmaf":1}`, 400, "id", -1, "missing"},
		{"/observe", `{"id":"waits"}`, 400, "vmaf", -1, "nothing"},
		{"/observe", `{"id":"waits","vmaf":101}`, 400, "vmaf", -1, "100"},
		{"/observe", `{"id":"waits","vmaf":"90"}`, 400, "vmaf", -1, "number"},
		{"/observe", `{"id":"waits","vmaf":1,"vmaf":1}`, 400, "vmaf", -1, "twice"},
		{"/observe", `{"id":"waits","vmaf":1,"score":1}`, 400, "score", -1, "encode_seconds"},
		{"/observe", `{"id":"a\nb","vmaf":1}`, 400, "id", -1, "control"},
		{"/observe", `{"id":"` + strings.Repeat("x", 129) + `","vmaf":1}`, 400, "id", -1, "128"},
		{"/observe", `{"id":"waits","vmaf":1,"observed_at":-1}`, 400, "observed_at", -1, ""},
		{"/observe", `{"id":"waits","vmaf":1,"observed_at":1e10}`, 400, "observed_at", -1, "an hour"},
		{"/observe", `{"id":"waits","vmaf":1,"title":"x"}`, 400, "title", -1, "request"},
		{"/observe", `{"vmaf":1,"request":{"bitrate_kbps":1}}`, 400, "request.resolution", -1, "missing"},
		{"/observe", `{"vmaf":1,"request":{` + encodeFields + `,"bogus":1}}`, 400, "request.bogus", -1, ""},
		{"/observe", `[{"vmaf":1,"request":{"bitrate_kbps":-4,"resolution":"1920x1080"}}]`, 400, "bitrate_kbps", 0, "-4"},
		{"/observe", `{"id":"a","vmaf":1,"request":{"id":"b",` + encodeFields + `}}`, 400, "id", -1, "request"},
		{"/observe", `{"id":"waits","vmaf":1} x`, 400, "", -1, "JSON"},
		{"/observe", `[1]`, 400, "", 0, "object"},
	} {
		response, err := http.Post(e.url+test.path, "application/json", strings.NewReader(test.body))
		if err != nil {
			t.Fatal(err)
		}
		answer := object(t, read(t, response, nil, test.status))
		row, _ := answer["row"].(float64)
		field, _ := answer["field"].(string)
		_, hasRow := answer["row"]
		if answer["status"] != "error" || field != test.field || hasRow != (test.row >= 0) || hasRow && int(row) != test.row || !strings.Contains(answer["message"].(string), test.text) {
			t.Errorf("%.60s: %v", test.body, answer)
		}
	}
	for _, query := range []string{"since=x", "since=-1", "limit=0", "limit=1.5", "format=xml", "until=1", "since=1&since=2", "a=%zz"} {
		get(t, e.url+"/observations?"+query, 400)
	}
	if rows := table(t, e.url+"/observations"); len(rows) != 1 {
		t.Errorf("refused, but stored: %v", rows)
	}
	without := start(t, "")
	for _, path := range []string{"/observations", "/drift"} {
		get(t, without+path, 503)
	}
	if text := string(post(t, without+"/observe", `{"id":"x","vmaf":1}`, 503)); !strings.Contains(text, "--observations.path") {
		t.Error(text)
	}
	post(t, without+"/predict", `{"id":"x",`+encodeFields+`}`, 200)
}

// report observes encodes of as many titles, whose VMAF is off by a shift from what the model forecasts.
func report(t testing.TB, e *exporter, prefix string, count int, shift float64) {
	t.Helper()
	var requests, reports []string
	for i := range count {
		requests = append(requests, fmt.Sprintf(`{"id":"%s%d","title":"%s%d","bitrate_kbps":%d,"resolution":"1920x1080","fps":30,"codec":"h264","encoder":"libx264","preset":"medium"}`,
			prefix, i, prefix, i, 2000+10*i))
	}
	var forecasts []struct {
		PredictedVMAF float64 `json:"predicted_vmaf"`
		Corrected     map[string]float64
	}
	if err := json.Unmarshal(post(t, e.url+"/predict", "["+strings.Join(requests, ",")+"]", 200), &forecasts); err != nil {
		t.Fatal(err)
	}
	for i, f := range forecasts {
		noise := 0.2 * math.Sin(float64(7*i))
		measured := min(100, f.PredictedVMAF-f.Corrected["vmaf"]+shift+noise)
		reports = append(reports, fmt.Sprintf(`{"id":"%s%d","vmaf":%v}`, prefix, i, measured))
	}
	post(t, e.url+"/observe", "["+strings.Join(reports, ",")+"]", 200)
}

type drift struct {
	Alarm    bool
	Model    string
	Residual []struct {
		Target, Codec, Encoder string
		Count                  int
		Bias, Score            float64
		Alarm                  bool
		Since                  *int64
	}
	Correction struct {
		Enabled bool
		Offsets []struct {
			Target, Codec string
			Offset        float64
		}
	}
	Coverage []struct {
		Target, Codec  string
		Covered, Count int
		Nominal, Bias  float64
	}
}

func driftOf(t testing.TB, e *exporter) (d drift) {
	t.Helper()
	if err := json.Unmarshal(get(t, e.url+"/drift", 200), &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// bias returns the mean error of the VMAF of H.264, and of how many observations it is.
func (d *drift) bias() (float64, int) {
	for _, c := range d.Coverage {
		if c.Target == "vmaf" && c.Codec == "h264" {
			return c.Bias, c.Count
		}
	}
	return 0, 0
}

// TestDriftByModel: what is known is of the model in use, is the same after a restart, and starts anew with another model.
func TestDriftByModel(t *testing.T) {
	first, second := fixture.File(t, "1.encast", "1", 0), fixture.File(t, "2.encast", "2", -20)
	served := filepath.Join(t.TempDir(), "model.encast")
	use := func(path string) {
		t.Helper()
		bundle, err := os.ReadFile(path)
		if err == nil {
			err = os.WriteFile(served, bundle, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	use(first)
	options := feedback.Options{Path: filepath.Join(t.TempDir(), "observations.db"), Exposed: 20}
	e := startKeeping(t, served, options)
	report(t, e, "a", 40, -3)
	before := driftOf(t, e)
	if bias, count := before.bias(); before.Model != "1" || math.Abs(bias+3) > .3 || count != 40 {
		t.Errorf("bias %v of %d, model %s", bias, count, before.Model)
	}
	text := string(get(t, e.url+"/drift", 200))
	e.stop()
	e = startKeeping(t, served, options)
	if after := string(get(t, e.url+"/drift", 200)); after != text {
		t.Errorf("after a restart\n%s\nbefore\n%s", after, text)
	}
	post(t, e.url+"/predict", `{"id":"late","bitrate_kbps":4000,"resolution":"1920x1080","codec":"h264"}`, 200)
	use(second)
	if _, err := e.reloader.Reload(); err != nil {
		t.Fatal(err)
	}
	if d := driftOf(t, e); d.Model != "2" || len(d.Coverage) != 0 {
		t.Errorf("another model: %+v", d)
	}
	// A forecast of the model before is no error of this one.
	post(t, e.url+"/observe", `{"id":"late","vmaf":10}`, 200)
	if d := driftOf(t, e); len(d.Coverage) != 0 {
		t.Errorf("another's forecast: %+v", d)
	}
	report(t, e, "b", 10, 1)
	d := driftOf(t, e)
	if bias, count := d.bias(); math.Abs(bias-1) > .3 || count != 10 {
		t.Errorf("bias %v of %d", bias, count)
	}
	families, err := fixture.Scrape(e.url + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	if got := len(families["qoe_vmaf_score"].GetMetric()); got != 20 {
		t.Errorf("%d observations are exposed, want 20", got)
	}
	for name, want := range map[string]float64{"ml_observation_window": 10, "ml_interval_nominal_ratio": .9} {
		if got, ok := fixture.Value(families, name, "target", "vmaf"); !ok || math.Abs(got-want) > 1e-9 {
			t.Errorf("%s = %v, %v, want %v", name, got, ok, want)
		}
	}
	for _, name := range []string{"ml_observation_error", "ml_observation_bias", "ml_interval_coverage_ratio", "ml_drift_residual_score", "ml_correction_offset"} {
		if _, ok := fixture.Value(families, name, "target", "vmaf", "codec", "h264"); !ok {
			t.Errorf("no %s", name)
		}
	}
	// The model before comes back: what was known of it does, too.
	use(first)
	if _, err := e.reloader.Reload(); err != nil {
		t.Fatal(err)
	}
	d = driftOf(t, e)
	if bias, count := d.bias(); d.Model != "1" || count != 41 || bias > -2.5 {
		t.Errorf("bias %v of %d, model %s", bias, count, d.Model)
	}
}

// TestAlarm: an encoder that becomes worse from one day to the next is told of.
func TestAlarm(t *testing.T) {
	e := startKeeping(t, fixture.File(t, "1.encast", "1", 0), feedback.Options{})
	detected := func() float64 {
		t.Helper()
		families, err := fixture.Scrape(e.url + "/metrics")
		if err != nil {
			t.Fatal(err)
		}
		value, _ := fixture.Value(families, "ml_drift_detected", "kind", "residual")
		return value
	}
	report(t, e, "a", 200, 0)
	for _, r := range driftOf(t, e).Residual {
		if r.Alarm || detected() != 0 {
			t.Errorf("an alarm without a reason: %+v", r)
		}
	}
	report(t, e, "b", 80, -10)
	d := driftOf(t, e)
	alarms := 0
	for _, r := range d.Residual {
		if r.Alarm {
			alarms++
			if r.Target != "vmaf" || r.Encoder != "libx264" || r.Score < 1 || r.Since == nil {
				t.Errorf("%+v", r)
			}
		}
	}
	if !d.Alarm || alarms != 1 || detected() != 1 {
		t.Errorf("alarm %v, of %d residuals, metric %v: %+v", d.Alarm, alarms, detected(), d.Residual)
	}
}

// TestCorrection: what is off by a constant is corrected everywhere, and the correction does not take itself for the model.
func TestCorrection(t *testing.T) {
	path := fixture.File(t, "1.encast", "1", 0)
	e := startKeeping(t, path, feedback.Options{Exposed: 5, Correct: true})
	const asked = `"bitrate_kbps":4000,"resolution":"1920x1080","fps":30,"codec":"h264","encoder":"libx264","preset":"medium"`
	before := object(t, post(t, e.url+"/predict", "{"+asked+"}", 200))
	if _, there := before["corrected"]; there {
		t.Error("corrected before anything was observed")
	}
	for round := range 3 {
		report(t, e, fmt.Sprint("r", round, "-"), 40, -3)
	}
	after := object(t, post(t, e.url+"/predict", `{"id":"x",`+asked+`}`, 200))
	corrected, _ := after["corrected"].(map[string]any)
	offset, _ := corrected["vmaf"].(float64)
	was, is := before["predicted_vmaf"].(float64), after["predicted_vmaf"].(float64)
	if math.Abs(offset+3) > .7 || math.Abs(is-was-offset) > 1e-9 {
		t.Errorf("VMAF was %v, is %v, corrected by %v, want -3", was, is, corrected)
	}
	d := driftOf(t, e)
	if !d.Correction.Enabled || len(d.Correction.Offsets) == 0 {
		t.Errorf("%+v", d.Correction)
	}
	model := object(t, get(t, e.url+"/model", 200))
	if told, _ := model["correction"].(map[string]any); told["enabled"] != true {
		t.Errorf("/model: %v", told)
	}
	// The probe's forecast is corrected, too, and one of another codec is not.
	probe := string(get(t, e.url+"/probe?bitrate_kbps=4000&resolution=1920x1080&frame_rate=30&codec=h264&encoder=libx264&preset=medium", 200))
	if !strings.Contains(probe, fmt.Sprintf(`qoe_predicted_vmaf{bitrate="4000kbps",config="",fps="30",resolution="1920x1080"} %v`, is)) {
		t.Errorf("the probe does not say %v", is)
	}
	// So are tables and ladders.
	columns := object(t, post(t, e.url+"/predict", `{"targets":["vmaf"],"columns":{"bitrate_kbps":[4000],"resolution":"1920x1080","fps":30,"codec":"h264","encoder":"libx264","preset":"medium"}}`, 200))
	if scores, _ := columns["columns"].(map[string]any)["vmaf"].([]any); len(scores) != 1 || scores[0] != is || columns["corrected"] == nil {
		t.Errorf("a table: %v, want %v", columns, is)
	}
	if ladder := object(t, post(t, e.url+"/ladder", "{"+asked+"}", 200)); ladder["corrected"] == nil {
		t.Errorf("a ladder: %v", ladder)
	}
	other := object(t, post(t, e.url+"/predict", `{"bitrate_kbps":4000,"resolution":"1920x1080"}`, 200))
	if _, there := other["corrected"]; there {
		t.Errorf("a request without a codec: %v", other["corrected"])
	}
	// The store knows what the model itself forecasts.
	post(t, e.url+"/observe", fmt.Sprintf(`{"id":"x","vmaf":%v}`, was-3), 200)
	rows := table(t, e.url+"/observations")
	last := rows[len(rows)-1]
	if last["predicted_vmaf"] != number(is) || last["uncorrected_vmaf"] != number(was) {
		t.Errorf("told %s and uncorrected %s, want %v and %v", last["predicted_vmaf"], last["uncorrected_vmaf"], is, was)
	}
	// With the correction in force errors shrink, and the offset stays.
	for round := range 3 {
		report(t, e, fmt.Sprint("s", round, "-"), 40, -3)
	}
	again := object(t, post(t, e.url+"/predict", "{"+asked+"}", 200))
	corrected, _ = again["corrected"].(map[string]any)
	if offset, _ := corrected["vmaf"].(float64); math.Abs(offset+3) > .5 {
		t.Errorf("the offset became %v, want -3", offset)
	}
	families, err := fixture.Scrape(e.url + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	if enabled, _ := fixture.Value(families, "ml_correction_enabled"); enabled != 1 {
		t.Errorf("ml_correction_enabled = %v", enabled)
	}
	if told, ok := fixture.Value(families, "ml_correction_offset", "target", "vmaf", "codec", "h264"); !ok || math.Abs(told+3) > .5 {
		t.Errorf("ml_correction_offset = %v, %v", told, ok)
	}
}
