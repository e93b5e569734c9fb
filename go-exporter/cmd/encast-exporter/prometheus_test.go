package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"github.com/encast/encast/go-exporter/encast"
	"github.com/encast/encast/go-exporter/internal/config"
)

// need returns a program of Prometheus; without it the test fails, unless it is told to go on without.
func need(t *testing.T, program string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err == nil {
		return path
	}
	if os.Getenv("ENCAST_SKIP_PROMETHEUS") == "1" {
		t.Skipf("ENCAST_SKIP_PROMETHEUS=1 and no %s here", program)
	}
	t.Fatalf("no %s here: apt-get install prometheus, or set ENCAST_SKIP_PROMETHEUS=1", program)
	return ""
}

func hashOf(t *testing.T, password string) string {
	t.Helper()
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	return string(hash)
}

func freePort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
}

func get(t *testing.T, url string) []byte {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d, %v: %s", url, response.StatusCode, err, body)
	}
	return body
}

// TestPromtool: Prometheus's own linter has nothing to say.
func TestPromtool(t *testing.T) {
	promtool := need(t, "promtool")
	p := startExporter(t, nil, anyPort, "--machine=c5.2xlarge", "--region=eu-central-1") // so that parts have samples
	get(t, "http://"+p.address+"/health")                                                // so that the request metrics have samples
	page := get(t, "http://"+p.address+"/metrics")
	var stdout, stderr bytes.Buffer
	check := exec.Command(promtool, "check", "metrics")
	check.Stdin, check.Stdout, check.Stderr = bytes.NewReader(page), &stdout, &stderr
	if err := check.Run(); err != nil || stderr.Len() > 0 || stdout.Len() > 0 {
		t.Errorf("%v: %s%s", err, &stdout, &stderr)
	}
}

// sample is one answer of Prometheus's query API.
type sample struct {
	Metric map[string]string `json:"metric"`
	Value  [2]any            `json:"value"`
}

func (s sample) number(t *testing.T) float64 {
	t.Helper()
	text, _ := s.Value[1].(string)
	number, err := strconv.ParseFloat(text, 64)
	if err != nil {
		t.Fatal(err)
	}
	return number
}

// query asks Prometheus; nil means that it is not ready, or did not take the expression.
func query(t *testing.T, base, expression string) []sample {
	t.Helper()
	response, err := http.Get(base + "/api/v1/query?query=" + url.QueryEscape(expression))
	if err != nil {
		return nil
	}
	defer response.Body.Close()
	var answer struct {
		Status string `json:"status"`
		Data   struct {
			Result []sample `json:"result"`
		} `json:"data"`
	}
	if json.NewDecoder(response.Body).Decode(&answer) != nil || answer.Status != "success" {
		return nil
	}
	return answer.Data.Result
}

// TestPrometheus lets a real Prometheus scrape the exporter, with the configuration that is shipped but for target and
// interval, and reads the forecasts back.
func TestPrometheus(t *testing.T) {
	prometheus, promtool := need(t, "prometheus"), need(t, "promtool")
	p := startExporter(t, nil, anyPort)
	shipped, err := os.ReadFile("../../../deploy/prometheus/prometheus.yml")
	if err != nil {
		t.Fatal(err)
	}
	edited := strings.NewReplacer("localhost:9505", p.address, "scrape_interval: 15s", "scrape_interval: 1s", "scrape_timeout: 10s", "scrape_timeout: 1s", "../rules/", rulesFolder(t)).Replace(string(shipped))
	if !strings.Contains(edited, p.address) || !strings.Contains(edited, "scrape_interval: 1s") {
		t.Fatalf("the shipped configuration has another form:\n%s", shipped)
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "prometheus.yml")
	if err := os.WriteFile(path, []byte(edited), 0o600); err != nil {
		t.Fatal(err)
	}
	if output, err := exec.Command(promtool, "check", "config", path).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	address := "127.0.0.1:" + freePort(t)
	var log bytes.Buffer
	server := exec.Command(prometheus, "--config.file="+path, "--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address="+address)
	server.Stdout, server.Stderr = &log, &log
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	stop := func() {
		_ = server.Process.Signal(os.Interrupt)
		_ = server.Wait()
	}
	defer stop()
	base := "http://" + address
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(200 * time.Millisecond) {
		if up := query(t, base, `up{job="encast"}`); len(up) == 1 && up[0].number(t) == 1 {
			break
		}
		if time.Now().After(deadline) {
			stop()
			t.Fatalf("Prometheus never saw the exporter up: %s", &log)
		}
	}
	model, err := encast.LoadDefault()
	if err != nil {
		t.Fatal(err)
	}
	defer model.Close()
	forecasts := query(t, base, "qoe_predicted_vmaf")
	var names []string
	for _, forecast := range forecasts {
		names = append(names, forecast.Metric["config"])
	}
	slices.Sort(names)
	if want := []string{"1080p30_4mbps", "1080p60_6mbps", "4k30_15mbps", "720p30_2mbps"}; !slices.Equal(names, want) {
		t.Fatalf("Prometheus holds forecasts of %v, want %v", names, want)
	}
	for _, encode := range config.BuiltIn().Encodes {
		want, err := model.Predict(encode.Features)
		if err != nil {
			t.Fatal(err)
		}
		held := query(t, base, fmt.Sprintf(`qoe_predicted_vmaf{config=%q}`, encode.Name))
		if len(held) != 1 || held[0].number(t) != want.PredictedVMAF {
			t.Errorf("%s: Prometheus holds %v, want %v", encode.Name, held, want.PredictedVMAF)
		}
	}
	for expression, want := range map[string]float64{
		`ml_exporter_up`: 1,
		`ml_exporter_info{language="go",ml_backend="rust"}`:                                                    1,
		`count(qoe_predicted_vmaf_lower <= qoe_predicted_vmaf)`:                                                4,
		`ml_model_version * on() group_left() ml_model_last_reload_successful`:                                 1,
		`sum(ml_prediction_errors_total)`:                                                                      0,
		`qoe_predicted_vmaf{config="720p30_2mbps",bitrate="2000kbps",resolution="1280x720",fps="30"} > bool 0`: 1,
	} {
		if got := query(t, base, expression); len(got) != 1 || got[0].number(t) != want {
			t.Errorf("%s = %v, want %v", expression, got, want)
		}
	}
	_, questions, _ := strings.Cut(userPage(t), "| question | expression |\n|---|---|\n")
	rows := strings.Split(strings.TrimSpace(questions), "\n")
	if len(rows) < 5 {
		t.Fatalf("the user's page has no table of questions: %q", rows)
	}
	for _, row := range rows {
		_, expression, _ := strings.Cut(row, "`")
		expression, _, _ = strings.Cut(expression, "`")
		if query(t, base, expression) == nil {
			t.Errorf("Prometheus does not take the expression %q of the user's page", expression)
		}
	}
}
