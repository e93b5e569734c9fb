package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/encast/encast/go-exporter/internal/fixture"
)

// startScraper starts a program that keeps metrics, and returns the address of its query API.
func startScraper(t *testing.T, program string, arguments func(address, data string) []string) string {
	t.Helper()
	address := "127.0.0.1:" + freePort(t)
	var log bytes.Buffer
	server := exec.Command(need(t, program), arguments(address, t.TempDir())...)
	server.Stdout, server.Stderr = &log, &log
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = server.Process.Signal(os.Interrupt)
		_ = server.Wait()
		if t.Failed() {
			t.Logf("%s: %s", program, &log)
		}
	})
	return "http://" + address
}

// TestObservedByServers: a real Prometheus and a real VictoriaMetrics scrape the real exporter, and hold what was measured beside what
// was forecast, with the same labels.
func TestObservedByServers(t *testing.T) {
	p := startExporter(t, nil, anyPort, "--observations.path="+filepath.Join(t.TempDir(), "observations.db"))
	url := "http://" + p.address
	status, text, err := tell(http.DefaultClient, url+"/predict", `{"id":"e1","title":"a title","config":"c",`+encodeFields+`}`)
	var forecast struct {
		PredictedVMAF float64 `json:"predicted_vmaf"`
	}
	if err != nil || status != 200 || json.Unmarshal([]byte(text), &forecast) != nil {
		t.Fatal(status, text, err)
	}
	if status, text, err := tell(http.DefaultClient, url+"/observe", `{"id":"e1","vmaf":90.5,"cost_usd":0.25}`); err != nil || status != 200 {
		t.Fatal(status, text, err)
	}
	config := filepath.Join(t.TempDir(), "scrape.yml")
	scrape := "scrape_configs:\n- job_name: encast\n  scrape_interval: 1s\n  scrape_timeout: 1s\n  static_configs: [{targets: [\"" + p.address + "\"]}]\n"
	if err := os.WriteFile(config, []byte(scrape), 0o600); err != nil {
		t.Fatal(err)
	}
	bases := map[string]string{
		"Prometheus": startScraper(t, "prometheus", func(address, data string) []string {
			return []string{"--config.file=" + config, "--storage.tsdb.path=" + data, "--web.listen-address=" + address}
		}),
		"VictoriaMetrics": startScraper(t, "victoria-metrics", func(address, data string) []string {
			return []string{"-promscrape.config=" + config, "-storageDataPath=" + data, "-httpListenAddr=" + address, "-search.latencyOffset=0s"}
		}),
	}
	for name, base := range bases {
		for deadline := time.Now().Add(time.Minute); len(query(t, base, "qoe_vmaf_score")) == 0; time.Sleep(200 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%s never saw what was measured", name)
			}
		}
		labels := `{config="c",bitrate="4000kbps",resolution="1920x1080",fps="30",codec="h264",encoder="libx264",preset="medium",title="a title",id="e1"}`
		for expression, want := range map[string]float64{
			"qoe_vmaf_score" + labels:                      90.5,
			"qoe_vmaf_forecast" + labels:                   forecast.PredictedVMAF,
			"qoe_vmaf_score - qoe_vmaf_forecast":           90.5 - forecast.PredictedVMAF,
			"cost_usd" + labels:                            .25,
			"count(cost_forecast_usd)":                     1,
			`ml_observations_total{target="vmaf"}`:         1,
			"count(observation_timestamp_seconds > 1.7e9)": 1,
		} {
			// VictoriaMetrics keeps some twelve digits.
			if got := query(t, base, expression); len(got) != 1 || math.Abs(got[0].number(t)-want) > 1e-9 {
				t.Errorf("%s: %s = %v, want %v", name, expression, got, want)
			}
		}
	}
}

// TestPromtoolObserved: Prometheus's own linter has nothing to say about what was observed either.
func TestPromtoolObserved(t *testing.T) {
	promtool := need(t, "promtool")
	model := fixture.File(t, "m.encast", "1", 0)
	if err := os.WriteFile(model+".retrain.json", []byte(`{"finished_at":1795227104,"outcome":"placed","reason":"better"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	p := startExporter(t, nil, anyPort, "--model-path="+model, "--observations.path="+filepath.Join(t.TempDir(), "observations.db"))
	var reports []string
	for i := range 60 {
		reports = append(reports, fmt.Sprintf(`{"title":"t%d","vmaf":70,"psnr":40,"ssim":0.9,"encode_seconds":9,"cpu_seconds":9,"peak_memory_mb":99,`+
			`"energy_kwh":0.1,"cost_usd":0.1,"co2_kg":0.1,"bitrate_kbps":3900,"request":{"codec":"h264",%s}}`, i, encodeFields))
	}
	if status, text, err := tell(http.DefaultClient, "http://"+p.address+"/observe", "["+strings.Join(reports, ",")+"]"); err != nil || status != 200 {
		t.Fatal(status, text, err)
	}
	page := get(t, "http://"+p.address+"/metrics")
	for _, family := range []string{"qoe_psnr_forecast{", "ml_observation_error{", "ml_drift_residual_score{", "ml_retrain_last_outcome{"} {
		if !bytes.Contains(page, []byte("\n"+family)) {
			t.Errorf("no sample of %s}", family)
		}
	}
	var stdout, stderr bytes.Buffer
	check := exec.Command(promtool, "check", "metrics")
	check.Stdin, check.Stdout, check.Stderr = bytes.NewReader(page), &stdout, &stderr
	if err := check.Run(); err != nil || stderr.Len() > 0 || stdout.Len() > 0 {
		t.Errorf("%v: %s%s", err, &stdout, &stderr)
	}
}
