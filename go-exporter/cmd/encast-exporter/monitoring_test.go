package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/encast/encast/go-exporter/encast"
	"github.com/encast/encast/go-exporter/internal/fixture"
)

const deployFolder = "../../../deploy/"

// rulesFolder is where the shipped rules are, for configurations that were moved.
func rulesFolder(t *testing.T) string {
	t.Helper()
	path, err := filepath.Abs(deployFolder + "rules")
	if err != nil {
		t.Fatal(err)
	}
	return path + "/"
}

// shipped writes a file of deploy/ with parts replaced, each of which has to be there, and returns where.
func shipped(t *testing.T, path string, replace ...string) string {
	t.Helper()
	content, err := os.ReadFile(deployFolder + path)
	if err != nil {
		t.Fatal(err)
	}
	text := string(content)
	for i := 0; i < len(replace); i += 2 {
		if !strings.Contains(text, replace[i]) {
			t.Fatalf("%s has no %q", path, replace[i])
		}
		text = strings.ReplaceAll(text, replace[i], replace[i+1])
	}
	edited := filepath.Join(t.TempDir(), filepath.Base(path))
	if err := os.WriteFile(edited, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return edited
}

// background runs a program until the test ends, and waits until it answers at an address.
func background(t *testing.T, ready string, program string, args ...string) {
	t.Helper()
	var log bytes.Buffer
	command := exec.Command(program, args...)
	command.Stdout, command.Stderr = &log, &log
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	stop := func() string {
		_ = command.Process.Signal(syscall.SIGTERM)
		select {
		case <-ended:
		case <-time.After(10 * time.Second):
			_ = command.Process.Kill()
			<-ended
		}
		return log.String()
	}
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		response, err := http.Get(ready)
		if err == nil {
			_ = response.Body.Close()
			if response.StatusCode == http.StatusOK {
				break
			}
		}
		select {
		case err := <-ended:
			t.Fatalf("%s ended: %v: %s", program, err, &log)
		default:
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s does not answer: %s", program, stop())
		}
	}
	t.Cleanup(func() { stop() })
}

// within tries until there are no complaints left, for at most that long, and reports the last ones.
func within(t *testing.T, limit time.Duration, try func() []string) {
	t.Helper()
	var complaints []string
	for deadline := time.Now().Add(limit); time.Now().Before(deadline); time.Sleep(time.Second) {
		if complaints = try(); len(complaints) == 0 {
			return
		}
	}
	for _, complaint := range complaints {
		t.Error(complaint)
	}
}

// question is an expression that has to have an answer, and what asks it.
type question struct{ from, expr string }

// chosen puts in for the dashboard's variables what Grafana would, with everything chosen.
var chosen = strings.NewReplacer("$job", ".+", "$instance", ".*", "$config", ".*", "$codec", ".*",
	"$__rate_interval", "10s", "$__interval", "10s")

// panelQuestions returns the expressions of all panels, variables and annotations of the shipped dashboard.
func panelQuestions(t *testing.T) []question {
	t.Helper()
	content, err := os.ReadFile(deployFolder + "grafana/dashboards/ml-predictions.json")
	if err != nil {
		t.Fatal(err)
	}
	var dashboard struct {
		Panels []struct {
			Title   string `json:"title"`
			Targets []struct {
				Expr string `json:"expr"`
			} `json:"targets"`
		} `json:"panels"`
		Templating struct {
			List []struct {
				Name       string `json:"name"`
				Definition string `json:"definition"`
			} `json:"list"`
		} `json:"templating"`
		Annotations struct {
			List []struct {
				Name string `json:"name"`
				Expr string `json:"expr"`
			} `json:"list"`
		} `json:"annotations"`
	}
	if err := json.Unmarshal(content, &dashboard); err != nil {
		t.Fatal(err)
	}
	var all []question
	for _, panel := range dashboard.Panels {
		for _, target := range panel.Targets {
			all = append(all, question{"panel " + panel.Title, chosen.Replace(target.Expr)})
		}
	}
	values := regexp.MustCompile(`^label_values\((.*), (\w+)\)$`)
	for _, variable := range dashboard.Templating.List {
		if match := values.FindStringSubmatch(variable.Definition); match != nil {
			all = append(all, question{"variable " + variable.Name, chosen.Replace("count by (" + match[2] + ") (" + match[1] + ")")})
		}
	}
	if len(dashboard.Annotations.List) == 0 {
		t.Fatal("no annotations in the dashboard")
	}
	for _, annotation := range dashboard.Annotations.List {
		// It has an answer at the moment of a load only; what it compares has one always.
		expr, marks := strings.CutSuffix(annotation.Expr, " > 0")
		if !marks {
			t.Fatalf("annotation %s compares with nothing: %s", annotation.Name, annotation.Expr)
		}
		all = append(all, question{"annotation " + annotation.Name, chosen.Replace(expr)})
	}
	if len(all) < 60 {
		t.Fatalf("only %d expressions in the dashboard", len(all))
	}
	return all
}

// alertRules returns the expressions of the shipped alerts: one that asks as they do, and for each metric in it one that
// asks whether it is there at all, as most alerts have no answer while all is well.
func alertRules(t *testing.T) (asked, known []question) {
	t.Helper()
	content, err := os.ReadFile(deployFolder + "rules/encast.yml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Groups []struct {
			Rules []struct{ Alert, Record, Expr string } `yaml:"rules"`
		} `yaml:"groups"`
	}
	if err := yaml.Unmarshal(content, &file); err != nil {
		t.Fatal(err)
	}
	metric := regexp.MustCompile(`\b(?:(?:ml|qoe|cost|resource|prediction|recommendation)_[a-z0-9_]+|up|encast:\w+)\b`)
	var seen []string
	for _, group := range file.Groups {
		for _, rule := range group.Rules {
			from := "rule " + rule.Alert + rule.Record
			asked = append(asked, question{from, rule.Expr})
			names := metric.FindAllString(rule.Expr, -1)
			if rule.Record == "" && len(names) == 0 {
				t.Fatalf("%s asks for no metric: %s", from, rule.Expr)
			}
			for _, name := range names {
				if !slices.Contains(seen, name) {
					seen = append(seen, name)
					known = append(known, question{from, "count(" + name + ")"})
				}
			}
		}
	}
	return asked, known
}

// ask evaluates an expression now: how many series answer.
func ask(base, expr string) (int, error) {
	response, err := http.Get(base + "/api/v1/query?query=" + url.QueryEscape(expr))
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	var answer struct {
		Error string `json:"error"`
		Data  struct {
			Result []json.RawMessage `json:"result"`
		} `json:"data"`
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return 0, err
	}
	if answer.Error != "" || response.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("%s: %s", response.Status, answer.Error)
	}
	return len(answer.Data.Result), nil
}

// unanswered returns what a database does not answer, or answers with nothing.
func unanswered(name, base string, questions []question, mayBeEmpty bool) []string {
	var complaints []string
	for _, q := range questions {
		if series, err := ask(base, q.expr); err != nil {
			complaints = append(complaints, fmt.Sprintf("%s, %s: %v: %s", name, q.from, err, q.expr))
		} else if series == 0 && !mayBeEmpty {
			complaints = append(complaints, fmt.Sprintf("%s, %s: no data: %s", name, q.from, q.expr))
		}
	}
	return complaints
}

// TestMonitoring runs what is shipped to watch the exporter: Prometheus and VictoriaMetrics scrape it, every panel and every
// rule gets an answer from both, and Alertmanager hears of a bad encode from Prometheus and from vmalert.
func TestMonitoring(t *testing.T) {
	prometheus, victoria := need(t, "prometheus"), need(t, "victoria-metrics")
	vmalert, alertmanager := need(t, "vmalert"), need(t, "prometheus-alertmanager")
	dir := t.TempDir()
	encodes := filepath.Join(dir, "encodes.yml")
	if err := os.WriteFile(encodes, []byte(watchedEncodes), 0o600); err != nil {
		t.Fatal(err)
	}
	// One that knows the shares of its training data, which input drift is measured against.
	model := fixture.File(t, "model.encast", "1", 0, encast.TargetVMAF, encast.TargetPSNR, encast.TargetSSIM,
		encast.TargetEncodeSeconds, encast.TargetCPUSeconds, encast.TargetPeakMemoryMB)
	exporter := startExporter(t, nil, anyPort, "--config.file="+encodes, "--model-path="+model, "--machine=c5.2xlarge", "--region=eu-central-1",
		"--observations.path="+filepath.Join(dir, "observations.db"), "--correction")
	response, err := http.Post("http://"+exporter.address+"/observe", "application/json", bytes.NewReader(measured(t)))
	if err != nil {
		t.Fatal(err)
	}
	if said, err := io.ReadAll(response.Body); err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("/observe: %d, %v: %s", response.StatusCode, err, said)
	}
	_ = response.Body.Close()
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the exporter's log: %s", exporter.logged())
		}
	})
	background(t, "http://"+exporter.address+"/health", command(t), composed(t, exporter.address, model)...)
	for range 3 { // so that request metrics have samples
		get(t, "http://"+exporter.address+"/health")
	}

	address := func() string { return "127.0.0.1:" + freePort(t) }
	bell, scraper, store, watcher := address(), address(), address(), address()
	background(t, "http://"+bell+"/-/ready", alertmanager, "--config.file="+deployFolder+"alertmanager/alertmanager.yml",
		"--storage.path="+filepath.Join(dir, "alertmanager"), "--web.listen-address="+bell, "--cluster.listen-address=")
	// What has to last for minutes lasts for a second here.
	rules := shipped(t, "rules/encast.yml", "for: 5m", "for: 1s", "for: 1m", "for: 1s")
	background(t, "http://"+scraper+"/-/ready", prometheus,
		"--config.file="+shipped(t, "prometheus/prometheus.yml", "localhost:9505", exporter.address, "localhost:9093", bell,
			"../rules/encast.yml", rules, "scrape_interval: 15s", "scrape_interval: 1s", "scrape_timeout: 10s", "scrape_timeout: 1s",
			"evaluation_interval: 15s", "evaluation_interval: 1s\n  external_labels: {from: prometheus}"),
		"--storage.tsdb.path="+filepath.Join(dir, "prometheus"), "--web.listen-address="+scraper)
	background(t, "http://"+store+"/health", victoria,
		"-promscrape.config="+shipped(t, "victoriametrics/scrape.yml", "exporter:9505", exporter.address,
			"scrape_interval: 15s", "scrape_interval: 1s", "scrape_timeout: 10s", "scrape_timeout: 1s"),
		"-storageDataPath="+filepath.Join(dir, "victoria"), "-httpListenAddr="+store, "-search.latencyOffset=0s", "-memory.allowedBytes=256MB")
	background(t, "http://"+watcher+"/health", vmalert, "-rule="+rules, "-httpListenAddr="+watcher, "-evaluationInterval=1s",
		"-datasource.url=http://"+store, "-remoteWrite.url=http://"+store, "-remoteWrite.flushInterval=1s",
		"-notifier.url=http://"+bell, "-external.label=from=vmalert")

	panels := panelQuestions(t)
	asked, known := alertRules(t)
	within(t, time.Minute, func() []string {
		var complaints []string
		for name, base := range map[string]string{"Prometheus": "http://" + scraper, "VictoriaMetrics": "http://" + store} {
			complaints = append(complaints, unanswered(name, base, panels, false)...)
			complaints = append(complaints, unanswered(name, base, known, false)...)
			complaints = append(complaints, unanswered(name, base, asked, true)...)
		}
		return complaints
	})
	within(t, 30*time.Second, func() []string {
		return unheard(t, bell, "EncastLowVMAF", "hopeless", "prometheus", "vmalert")
	})
}

// watchedEncodes has one that no one would want to watch.
const watchedEncodes = `encodes:
  - {name: trailer, resolution: 1920x1080, frame_rate: 30, bitrate_kbps: 4000, codec: h264, encoder: libx264, preset: medium}
  - {name: hopeless, resolution: 3840x2160, frame_rate: 30, bitrate_kbps: 300, codec: h264, encoder: libx264, preset: medium}
`

// command is the built `encast`.
func command(t *testing.T) string {
	t.Helper()
	path, err := filepath.Abs("../../../target/release/encast")
	if err == nil {
		_, err = os.Stat(path)
	}
	if err != nil {
		t.Fatalf("%v: cargo build --release -p encast-cli builds it", err)
	}
	return path
}

// composed is how compose starts the retraining, for this exporter and model. It is to find too little that is new, and to say so.
func composed(t *testing.T, exporter, model string) []string {
	t.Helper()
	content, err := os.ReadFile(deployFolder + "compose.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var compose struct {
		Services map[string]struct{ Command []string } `yaml:"services"`
	}
	if err := yaml.Unmarshal(content, &compose); err != nil {
		t.Fatal(err)
	}
	here := strings.NewReplacer("exporter:9505", exporter, "/var/lib/encast/model.encast", model,
		"/usr/local/share/encast/measured.csv", deployFolder+"../data/measured.csv")
	args := []string{}
	for _, arg := range compose.Services["retrain"].Command {
		args = append(args, here.Replace(arg))
	}
	if len(args) < 5 {
		t.Fatalf("compose starts the retraining with %q", args)
	}
	return append(args, "--min-new=1000000")
}

// measured are observations of encodes, all targets measured.
func measured(t *testing.T) []byte {
	t.Helper()
	var all []map[string]any
	for i := range 120 {
		all = append(all, map[string]any{
			"id": fmt.Sprintf("job-%d", i), "title": fmt.Sprintf("title %d", i%10), "config": "trailer",
			"request": map[string]any{
				"resolution": "1920x1080", "frame_rate": 30, "bitrate_kbps": 1000 + 50*i, "codec": "h264", "encoder": "libx264",
				"preset": "medium", "duration_s": 10, "si_mean": 40 + i%7, "ti_mean": 8 + i%3,
				"machine": "c5.2xlarge", "region": "eu-central-1",
			},
			"vmaf": 88 + i%5, "psnr": 33 + .1*float64(i%9), "ssim": .9, "encode_seconds": 20 + i%4, "cpu_seconds": 60 + i%4,
			"peak_memory_mb": 500, "energy_kwh": .0005, "cost_usd": .002, "co2_kg": .0002, "bitrate_kbps": 1000 + 50*i,
		})
	}
	body, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// unheard returns from whom Alertmanager has not heard of an alert on an encode.
func unheard(t *testing.T, bell, alert, config string, from ...string) []string {
	var alerts []struct {
		Labels      map[string]string `json:"labels"`
		Annotations map[string]string `json:"annotations"`
	}
	if err := json.Unmarshal(get(t, "http://"+bell+"/api/v2/alerts"), &alerts); err != nil {
		t.Fatal(err)
	}
	var complaints []string
	for _, sender := range from {
		if !slices.ContainsFunc(alerts, func(a struct {
			Labels      map[string]string `json:"labels"`
			Annotations map[string]string `json:"annotations"`
		}) bool {
			return a.Labels["alertname"] == alert && a.Labels["config"] == config && a.Labels["from"] == sender &&
				strings.Contains(a.Annotations["description"], config)
		}) {
			complaints = append(complaints, fmt.Sprintf("Alertmanager has not heard %s on %s from %s: %v", alert, config, sender, alerts))
		}
	}
	return complaints
}
