package main

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/encast/encast/go-exporter/internal/fixture"
)

var kills = flag.Int("kills", 10, "how often TestKilled kills the exporter")

// tell posts a body; it returns the status and the answer, or an error when there was none.
func tell(client *http.Client, url, body string) (int, string, error) {
	response, err := client.Post(url, "application/json", strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return response.StatusCode, string(text), err
}

// observedIDs counts the rows of each id of GET /observations.
func observedIDs(t *testing.T, address string) map[string]int {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(string(get(t, "http://"+address+"/observations")))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for _, row := range rows[1:] {
		count[row[0]]++
	}
	return count
}

const encodeFields = `"bitrate_kbps":4000,"resolution":"1920x1080","fps":30,"encoder":"libx264","preset":"medium"`

// TestKilled kills the exporter again and again while clients forecast and report; after each start every report that was
// acknowledged is there, once. It also shows that what the store holds is fit to be gone on with.
func TestKilled(t *testing.T) {
	path := filepath.Join(t.TempDir(), "observations.db")
	random := rand.New(rand.NewPCG(1, uint64(time.Now().UnixNano())))
	var mu sync.Mutex
	acknowledged, forecast := map[string]bool{}, map[string]bool{}
	check := func(p *process, round int) {
		t.Helper()
		seen := observedIDs(t, p.address)
		for id, count := range seen {
			if count != 1 {
				t.Errorf("round %d: %s is there %d times", round, id, count)
			}
		}
		for id := range acknowledged {
			if seen[id] != 1 {
				t.Fatalf("round %d: %s was acknowledged and is gone", round, id)
			}
		}
	}
	for round := range *kills {
		p := startExporter(t, nil, anyPort, "--observations.path="+path, "--log.level=info")
		check(p, round)
		// A forecast that was acknowledged, and not reported yet, can be.
		for id := range forecast {
			if status, answer, err := tell(http.DefaultClient, "http://"+p.address+"/observe", `{"id":"`+id+`","vmaf":50}`); status != http.StatusOK {
				t.Fatalf("round %d: the forecast of %s: %d %s %v", round, id, status, answer, err)
			}
			delete(forecast, id)
			acknowledged[id] = true
		}
		var group sync.WaitGroup
		for client := range 8 {
			group.Go(func() {
				transport := &http.Transport{}
				defer transport.CloseIdleConnections()
				http := &http.Client{Transport: transport}
				for i := 0; ; i++ {
					id := fmt.Sprintf("%d-%d-%d", round, client, i)
					var ids []string
					var status int
					var err error
					switch i % 3 {
					case 0: // forecast, then report
						if status, _, err = tell(http, "http://"+p.address+"/predict", `{"id":"`+id+`",`+encodeFields+`}`); err == nil && status == 200 {
							mu.Lock()
							forecast[id] = true
							mu.Unlock()
							ids = []string{id}
							status, _, err = tell(http, "http://"+p.address+"/observe", `{"id":"`+id+`","vmaf":50}`)
						}
					case 1: // at once
						ids = []string{id}
						status, _, err = tell(http, "http://"+p.address+"/observe", `{"id":"`+id+`","vmaf":50,"request":{`+encodeFields+`}}`)
					case 2: // several
						var rows []string
						for row := range 20 {
							ids = append(ids, fmt.Sprint(id, "/", row))
							rows = append(rows, `{"id":"`+ids[row]+`","vmaf":50,"request":{`+encodeFields+`}}`)
						}
						status, _, err = tell(http, "http://"+p.address+"/observe", "["+strings.Join(rows, ",")+"]")
					}
					if err != nil {
						return // killed
					}
					if status != 200 {
						t.Errorf("%s: %d", id, status)
						return
					}
					mu.Lock()
					for _, id := range ids {
						acknowledged[id] = true
						delete(forecast, id)
					}
					mu.Unlock()
				}
			})
		}
		time.Sleep(time.Duration(20+random.IntN(150)) * time.Millisecond)
		if err := p.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		group.Wait()
		_ = p.Wait()
	}
	p := startExporter(t, nil, anyPort, "--observations.path="+path)
	check(p, *kills)
	t.Logf("%d kills, %d acknowledged observations, all there", *kills, len(acknowledged))
	if len(acknowledged) < 20**kills {
		t.Errorf("only %d observations were acknowledged in all", len(acknowledged))
	}
}

// TestDiskFull: when the file can't grow, reports get 507 with the reason, what was acknowledged stays, all else goes on, and after a
// restart with room reports are taken again.
func TestDiskFull(t *testing.T) {
	path := filepath.Join(t.TempDir(), "observations.db")
	script := filepath.Join(t.TempDir(), "limited.sh")
	// 1 MiB, in blocks of 512 bytes. As of a disk that is full, writes beyond fail.
	if err := os.WriteFile(script, []byte("#!/bin/sh\nulimit -f 2048\nexec \"$@\"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	limited := exporter(t, nil, anyPort, "--observations.path="+path)
	limited.Args = append([]string{script, limited.Path}, limited.Args[1:]...)
	limited.Path = script
	p := startCommand(t, limited)
	var acknowledged []string
	refused := 0
	for i := 0; i < 400 && refused < 5; i++ {
		var rows, ids []string
		for row := range 20 {
			ids = append(ids, fmt.Sprint(i, "/", row))
			rows = append(rows, `{"id":"`+ids[row]+`","vmaf":50,"request":{`+encodeFields+`}}`)
		}
		status, answer, err := tell(http.DefaultClient, "http://"+p.address+"/observe", "["+strings.Join(rows, ",")+"]")
		switch {
		case err != nil:
			t.Fatalf("%v: %s", err, p.logged())
		case status == http.StatusOK:
			acknowledged = append(acknowledged, ids...)
		case status == http.StatusInsufficientStorage && strings.Contains(answer, "file too large"):
			refused++
		default:
			t.Fatalf("%d %s", status, answer)
		}
	}
	if refused < 5 || len(acknowledged) == 0 {
		t.Fatalf("%d refusals after %d observations", refused, len(acknowledged))
	}
	complete := func(address string) {
		t.Helper()
		seen := observedIDs(t, address)
		if len(seen) != len(acknowledged) {
			t.Errorf("%d observations are there, %d were acknowledged", len(seen), len(acknowledged))
		}
		for _, id := range acknowledged {
			if seen[id] != 1 {
				t.Errorf("%s is there %d times", id, seen[id])
			}
		}
	}
	complete(p.address)
	families, err := fixture.Scrape("http://" + p.address + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	if failed, _ := fixture.Value(families, "ml_observations_write_errors_total"); failed != float64(refused) {
		t.Errorf("%v write errors, want %d", failed, refused)
	}
	if status, answer, err := tell(http.DefaultClient, "http://"+p.address+"/predict", "{"+encodeFields+"}"); status != 200 {
		t.Errorf("a forecast without an id: %d %s %v", status, answer, err)
	}
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	<-p.logEnd
	if err := p.Wait(); err != nil {
		t.Errorf("%v: %s", err, p.logged())
	}
	p = startExporter(t, nil, anyPort, "--observations.path="+path)
	complete(p.address)
	if status, answer, err := tell(http.DefaultClient, "http://"+p.address+"/observe", `{"id":"more","vmaf":50,"request":{`+encodeFields+`}}`); status != 200 {
		t.Errorf("with room again: %d %s %v", status, answer, err)
	}
}

// TestRefusesObservations: a file that can't be used ends the program, and stays as it is.
func TestRefusesObservations(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "text.db")
	if err := os.WriteFile(text, []byte(strings.Repeat("not observations\n", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	used := filepath.Join(dir, "used.db")
	startExporter(t, nil, anyPort, "--observations.path="+used)
	for name, test := range map[string]struct {
		args []string
		want []string
	}{
		"text":       {[]string{"--observations.path=" + text}, []string{text, "not a file of observations"}},
		"folder":     {[]string{"--observations.path=" + dir}, []string{dir, "regular"}},
		"no folder":  {[]string{"--observations.path=" + dir + "/none/x.db"}, []string{"none", "no such file"}},
		"in use":     {[]string{"--observations.path=" + used}, []string{used, "in use by another process"}},
		"retention":  {[]string{"--observations.path=" + used, "--observations.retention=soon"}, []string{"--observations.retention", "soon"}},
		"exposed":    {[]string{"--observations.path=" + used, "--observations.exposed=10001"}, []string{"--observations.exposed", "10000"}},
		"correction": {[]string{"--correction"}, []string{"--correction", "--observations.path"}},
	} {
		t.Run(name, func(t *testing.T) {
			output, err := exporter(t, nil, append(test.args, anyPort, "--log.level=error")...).CombinedOutput()
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.ExitCode() != 1 {
				t.Fatalf("%v: %s", err, output)
			}
			for _, text := range test.want {
				if !strings.Contains(string(output), text) {
					t.Errorf("%q does not say %q", output, text)
				}
			}
		})
	}
	if content, err := os.ReadFile(text); err != nil || !strings.HasPrefix(string(content), "not observations\n") {
		t.Error("the file was changed", err)
	}
	// Who may not write the file is told so. Root may write any.
	if os.Getuid() == 0 {
		readOnly := filepath.Join(dir, "read-only.db")
		startExporter(t, nil, anyPort, "--observations.path="+readOnly).stop(t)
		program := filepath.Join(dir, "exporter")
		binary, err := os.ReadFile(os.Args[0])
		if err := errors.Join(err, os.WriteFile(program, binary, 0o755), os.Chmod(readOnly, 0o444), os.Chmod(dir, 0o755), os.Chmod(filepath.Dir(dir), 0o755)); err != nil {
			t.Fatal(err)
		}
		command := exporter(t, nil, anyPort, "--observations.path="+readOnly)
		command.Path = program
		command.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		if output, err := command.CombinedOutput(); err == nil || !strings.Contains(string(output), "permission denied") {
			t.Errorf("%v: %s", err, output)
		}
	}
}

// stop ends the exporter as a service manager does.
func (p *process) stop(t *testing.T) {
	t.Helper()
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	<-p.logEnd
	if err := p.Wait(); err != nil {
		t.Errorf("%v: %s", err, p.logged())
	}
}

// pageLife is more than the age of a page of metrics, whatever happens meanwhile to what does not make a new one at once.
const pageLife = 150 * time.Millisecond

// TestObservedFromEnvironment: environment, status file of retraining, and what a scrape says of both.
func TestObservedFromEnvironment(t *testing.T) {
	dir := t.TempDir()
	model := fixture.File(t, "m.encast", "1", 0)
	status := model + ".retrain.json"
	p := startExporter(t, []string{"ENCAST_OBSERVATIONS=" + filepath.Join(dir, "o.db"), "ENCAST_CORRECTION=true", "MODEL_PATH=" + model}, anyPort)
	scrape := func(name string, labels ...string) (float64, bool) {
		t.Helper()
		families, err := fixture.Scrape("http://" + p.address + "/metrics")
		if err != nil {
			t.Fatal(err)
		}
		return fixture.Value(families, name, labels...)
	}
	if enabled, _ := scrape("ml_correction_enabled"); enabled != 1 {
		t.Errorf("ml_correction_enabled = %v", enabled)
	}
	if _, there := scrape("ml_retrain_status_readable"); there {
		t.Error("a status without a file")
	}
	said, err := json.Marshal(map[string]any{
		"finished_at": 1795227104.5, "outcome": "refused", "reason": "vmaf_r2", "runs": map[string]int{"placed": 2, "refused": 1},
	})
	if err := errors.Join(err, os.WriteFile(status, said, 0o600)); err != nil {
		t.Fatal(err)
	}
	time.Sleep(pageLife)
	for name, want := range map[string]float64{"ml_retrain_status_readable": 1, "ml_retrain_last_outcome": 1, "ml_retrain_last_run_timestamp_seconds": 1795227104.5} {
		if got, _ := scrape(name); got != want {
			t.Errorf("%s = %v, want %v", name, got, want)
		}
	}
	if _, there := scrape("ml_retrain_last_outcome", "outcome", "refused", "reason", "vmaf_r2"); !there {
		t.Error("the outcome is not told")
	}
	if runs, _ := scrape("ml_retrain_runs_total", "outcome", "placed"); runs != 2 {
		t.Errorf("placed: %v runs, want 2", runs)
	}
	if err := os.WriteFile(status, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	time.Sleep(pageLife)
	if readable, there := scrape("ml_retrain_status_readable"); !there || readable != 0 {
		t.Errorf("ml_retrain_status_readable = %v, %v", readable, there)
	}
	if !strings.Contains(p.logged(), "status of retraining") {
		t.Errorf("not logged: %s", p.logged())
	}
}
