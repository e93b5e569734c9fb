package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"math"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/encast/encast/go-exporter/internal/fixture"
)

// asExporter in the environment makes the test program be the exporter.
const asExporter = "ENCAST_TEST_AS_EXPORTER=1"

func TestMain(m *testing.M) {
	if os.Getenv("ENCAST_TEST_AS_EXPORTER") != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// exporter returns the command that runs the exporter, with nothing of the caller's environment that it reads.
func exporter(t testing.TB, environment []string, args ...string) *exec.Cmd {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	t.Cleanup(cancel)
	command := exec.CommandContext(ctx, os.Args[0], args...)
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "ML_EXPORTER_PORT=") && !strings.HasPrefix(variable, "MODEL_PATH=") &&
			!strings.HasPrefix(variable, "ENCAST_OBSERVATIONS=") && !strings.HasPrefix(variable, "ENCAST_CORRECTION=") {
			command.Env = append(command.Env, variable)
		}
	}
	command.Env = append(append(command.Env, asExporter), environment...)
	return command
}

// process is a running exporter.
type process struct {
	*exec.Cmd
	address string

	mu     sync.Mutex
	log    strings.Builder
	logEnd chan struct{}
}

func (p *process) logged() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.String()
}

var listening = regexp.MustCompile(`msg="Listening on" address=(\S+)`)

// startExporter starts the exporter and waits until it listens.
func startExporter(t testing.TB, environment []string, args ...string) *process {
	t.Helper()
	return startCommand(t, exporter(t, environment, args...))
}

// startCommand starts a command that becomes the exporter, and waits until it listens.
func startCommand(t testing.TB, command *exec.Cmd) *process {
	t.Helper()
	p := &process{Cmd: command, logEnd: make(chan struct{})}
	output, err := p.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = p.Process.Kill()
		_ = p.Wait()
	})
	found := make(chan string, 1)
	go func() {
		defer close(p.logEnd)
		for lines := bufio.NewScanner(output); lines.Scan(); {
			p.mu.Lock()
			p.log.WriteString(lines.Text() + "\n")
			p.mu.Unlock()
			if match := listening.FindStringSubmatch(lines.Text()); match != nil {
				found <- match[1]
			}
		}
	}()
	select {
	case p.address = <-found:
	case <-p.logEnd:
		t.Fatalf("the exporter ended: %s", p.logged())
	case <-time.After(time.Minute):
		t.Fatalf("the exporter does not listen: %s", p.logged())
	}
	return p
}

const anyPort = "--web.listen-address=127.0.0.1:0"

// TestPortFromEnvironment also shows that a flag beats the environment in the program as a whole.
func TestPortFromEnvironment(t *testing.T) {
	port := freePort(t)
	p := startExporter(t, []string{"ML_EXPORTER_PORT=" + port, "MODEL_PATH=/none/model.json"}, "--model-path="+fixture.File(t, "m.json", "from the flag", 0))
	families, err := fixture.Scrape("http://127.0.0.1:" + port + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := fixture.Value(families, "ml_model_version", "version", "from the flag"); !ok {
		t.Errorf("serves %v", families["ml_model_version"])
	}
	if !strings.HasSuffix(p.address, ":"+port) {
		t.Errorf("listens on %s, want port %s", p.address, port)
	}
}

func TestModelFromEnvironment(t *testing.T) {
	p := startExporter(t, []string{"MODEL_PATH=" + fixture.File(t, "m.json", "from the environment", 0)}, anyPort)
	families, err := fixture.Scrape("http://" + p.address + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := fixture.Value(families, "ml_model_version", "version", "from the environment"); !ok {
		t.Errorf("serves %v", families["ml_model_version"])
	}
}

// signedModel returns the path of a model with a signature of testdata/signed/one.pub.
func signedModel(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "signed.encast")
	for from, to := range map[string]string{"bundles/v1.encast": path, "signed/v1.encast.minisig": path + ".minisig"} {
		data, err := os.ReadFile(filepath.Join("..", "..", "..", "testdata", filepath.FromSlash(from)))
		if err == nil {
			err = os.WriteFile(to, data, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return path
}

// TestSignedModel: a signed model is served, and a reload without a good signature leaves it.
func TestSignedModel(t *testing.T) {
	path := signedModel(t)
	p := startExporter(t, nil, anyPort, "--model-path="+path, "--require-signature=../../../testdata/signed/one.pub")
	reload := func() int {
		t.Helper()
		answer, err := http.Post("http://"+p.address+"/reload", "", nil)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		return answer.StatusCode
	}
	if status := reload(); status != http.StatusOK {
		t.Errorf("a signed model: %d", status)
	}
	if err := os.Rename(path+".minisig", path+".away"); err != nil {
		t.Fatal(err)
	}
	if status := reload(); status != http.StatusInternalServerError {
		t.Errorf("a model that is not signed: %d", status)
	}
	if _, err := fixture.Scrape("http://" + p.address + "/metrics"); err != nil {
		t.Error(err)
	}
}

// TestRefusesToStart: what is named and can't be used ends the program; the embedded model never stands in.
func TestRefusesToStart(t *testing.T) {
	dir := t.TempDir()
	badConfig, badWeb := filepath.Join(dir, "encodes.yml"), filepath.Join(dir, "web.yml")
	if err := errors.Join(
		os.WriteFile(badConfig, []byte("encodes:\n- name: a\n  resolution: 640x360\n  bitrate_kbps: 500\n  frame_rate: -5\n"), 0o600),
		os.WriteFile(badWeb, []byte("tls: yes\n"), 0o600),
	); err != nil {
		t.Fatal(err)
	}
	good := fixture.File(t, "m.encast", "1", 0)
	signed := signedModel(t)
	for name, test := range map[string]struct {
		environment, args []string
		want              []string
	}{
		"missing model":         {nil, []string{"--model-path=/none/model.json"}, []string{"/none/model.json", "does not exist"}},
		"missing model in env":  {[]string{"MODEL_PATH=/none/model.json"}, nil, []string{"/none/model.json", "does not exist"}},
		"corrupt model":         {nil, []string{"--model-path=" + fixture.Corrupt(t, good)}, []string{"damaged"}},
		"flag over environment": {[]string{"MODEL_PATH=" + good}, []string{"--model-path=/none/model.json"}, []string{"/none/model.json"}},
		"missing config":        {nil, []string{"--config.file=/none/encodes.yml"}, []string{"/none/encodes.yml"}},
		"config out of bounds":  {nil, []string{"--config.file=" + badConfig}, []string{badConfig + `:5: encode "a": frame_rate = -5`, "1000"}},
		"bad web config":        {nil, []string{"--web.config.file=" + badWeb}, []string{"web.config.file"}},
		"bad port":              {[]string{"ML_EXPORTER_PORT=http"}, nil, []string{"http"}},
		"checked config":        {nil, []string{"--config.check", "--config.file=" + badConfig}, []string{badConfig + ":5"}},
		"checked machine":       {nil, []string{"--config.check", "--machine=c5.2xlarg", "--region=eu-central-1"}, []string{"--machine: unknown machine 'c5.2xlarg'", "c5.2xlarge"}},
		"checked taught":        {nil, []string{"--config.check", "--machine=nobodys"}, []string{"nobodys", "machine"}},
		"checked months":        {nil, []string{"--config.check", "--machine=c5.2xlarge", "--region=eu-central-1", "--months-stored=-1"}, []string{"months_stored = -1", "10000"}},
		"checked model":         {nil, []string{"--config.check", "--model-path=/none/model.json"}, []string{"/none/model.json"}},
		"not signed":            {nil, []string{"--model-path=" + good, "--require-signature=../../../testdata/signed/one.pub"}, []string{"not signed"}},
		"another's signature":   {[]string{"ENCAST_REQUIRE_SIGNATURE=RWQEbtHvmCt+D3QJ3bF6Qo3f+A3khgVEVVbF7sCRcUSkvpR31PDUJD5P"}, []string{"--model-path=" + signed}, []string{"another key"}},
		"empty key":             {nil, []string{"--model-path=" + good, "--require-signature="}, []string{"--require-signature: is empty"}},
		"endless key file":      {nil, []string{"--model-path=" + signed, "--require-signature=/dev/zero"}, []string{"--require-signature", "/dev/zero", "65536"}},
		"no key":                {nil, []string{"--model-path=" + signed, "--require-signature=none.pub"}, []string{"--require-signature", "none.pub"}},
	} {
		t.Run(name, func(t *testing.T) {
			output, err := exporter(t, test.environment, append(test.args, "--log.level=error")...).CombinedOutput()
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
}

func TestAddressInUse(t *testing.T) {
	p := startExporter(t, nil, anyPort)
	output, err := exporter(t, nil, "--web.listen-address="+p.address).CombinedOutput()
	if err == nil || !strings.Contains(string(output), "address already in use") {
		t.Errorf("%v: %s", err, output)
	}
}

func TestChecks(t *testing.T) {
	for _, args := range [][]string{{"--config.check"}, {"--version"}, {"--help"}} {
		output, err := exporter(t, nil, args...).CombinedOutput()
		if err != nil || len(output) == 0 {
			t.Errorf("%v: %v: %s", args, err, output)
		}
		if args[0] == "--config.check" && !strings.HasPrefix(string(output), "OK: 4 encodes, model ") {
			t.Errorf("%s", output)
		}
	}
}

// TestDocumentedFile: the embedded model forecasts the encodes of the user's page.
func TestDocumentedFile(t *testing.T) {
	_, rest, _ := strings.Cut(userPage(t), "```yaml\n")
	yaml, _, _ := strings.Cut(rest, "```")
	path := filepath.Join(t.TempDir(), "encodes.yml")
	if err := os.WriteFile(path, []byte(yaml), 0o600); err != nil {
		t.Fatal(err)
	}
	output, err := exporter(t, nil, "--config.check", "--config.file="+path).CombinedOutput()
	if err != nil || !strings.HasPrefix(string(output), "OK: 2 encodes") {
		t.Errorf("%v: %s", err, output)
	}
}

// TestDocumentedSites: so it does at the sites of the user's page, and scrapes tell the parts of their cost.
func TestDocumentedSites(t *testing.T) {
	_, rest, _ := strings.Cut(userPage(t), "### Sites")
	_, rest, _ = strings.Cut(rest, "```yaml\n")
	yaml, _, _ := strings.Cut(rest, "```")
	dir := t.TempDir()
	path := filepath.Join(dir, "encodes.yml")
	if err := errors.Join(os.WriteFile(path, []byte(yaml), 0o600), os.WriteFile(filepath.Join(dir, "mine.toml"), nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	p := startExporter(t, nil, anyPort, "--config.file="+path)
	families, err := fixture.Scrape("http://" + p.address + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	for _, encode := range []string{"trailer_1080p", "trailer_virginia"} {
		whole, ok := fixture.Value(families, "cost_predicted_usd", "config", encode)
		sum := 0.0
		for _, part := range []string{"compute", "egress", "storage"} {
			value, known := fixture.Value(families, "cost_predicted_parts_usd", "config", encode, "part", part)
			if !known || value <= 0 {
				t.Errorf("%s of %s: %v, %v", part, encode, value, known)
			}
			sum += value
		}
		if !ok || math.Abs(sum/whole-1) > 1e-9 {
			t.Errorf("%s costs %v, %v, its parts %v", encode, whole, ok, sum)
		}
	}
}

// userPage is the text of docs/exporter.md.
func userPage(t *testing.T) string {
	t.Helper()
	page, err := os.ReadFile("../../../docs/exporter.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}

// TestEveryFamilyIsDocumented looks for each family of a scrape on the user's page.
func TestEveryFamilyIsDocumented(t *testing.T) {
	p := startExporter(t, nil, anyPort)
	get(t, "http://"+p.address+"/health")
	families, err := fixture.Scrape("http://" + p.address + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	page := userPage(t)
	runtime := regexp.MustCompile("^(go|process|promhttp)_")
	for name := range families {
		base := strings.TrimSuffix(strings.TrimSuffix(name, "_lower"), "_upper")
		if !runtime.MatchString(name) && !strings.Contains(page, "`"+base+"`") {
			t.Errorf("%s is not documented", name)
		}
	}
}

// TestGracefulStop: a request under way when the signal comes is answered, and the program ends with 0. Whether one is
// under way is chance, so there are several rounds: a stop that cuts answers off passed two rounds one time in three.
func TestGracefulStop(t *testing.T) {
	for round := range 8 {
		signal := []os.Signal{syscall.SIGTERM, syscall.SIGINT}[round%2]
		p := startExporter(t, nil, anyPort)
		var group sync.WaitGroup
		stop := make(chan struct{})
		first := make(chan struct{})
		for range 4 {
			group.Go(func() {
				for i := 0; ; i++ {
					response, err := http.Get("http://" + p.address + "/metrics")
					if err != nil {
						// Not connected any more: fine once the signal was sent. A broken answer shows below.
						select {
						case <-stop:
						default:
							t.Error("before the signal:", err)
						}
						return
					}
					body, err := io.ReadAll(response.Body)
					_ = response.Body.Close()
					if err != nil || response.StatusCode != http.StatusOK || !strings.Contains(string(body), "qoe_predicted_vmaf{") {
						t.Errorf("a broken answer: %d, %v", response.StatusCode, err)
					}
					if i == 5 {
						first <- struct{}{}
					}
				}
			})
		}
		for range 4 {
			<-first
		}
		close(stop)
		if err := p.Process.Signal(signal); err != nil {
			t.Fatal(err)
		}
		<-p.logEnd
		if err := p.Wait(); err != nil {
			t.Errorf("%s: %v: %s", signal, err, p.logged())
		}
		group.Wait()
		if !strings.Contains(p.logged(), "msg=\"Stopping") {
			t.Errorf("%s: %s", signal, p.logged())
		}
	}
}

func TestReloadOnHangup(t *testing.T) {
	p := startExporter(t, nil, anyPort)
	if err := p.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(20 * time.Second); !strings.Contains(p.logged(), "Model reloaded"); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not reloaded: %s", p.logged())
		}
	}
}

// TestBasicAuth: the web configuration of exporter-toolkit is in force on every endpoint.
func TestBasicAuth(t *testing.T) {
	path := filepath.Join(t.TempDir(), "web.yml")
	// bcrypt of "secret", cost 4: fast, for a test.
	if err := os.WriteFile(path, []byte("basic_auth_users:\n  sre: "+hashOf(t, "secret")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := startExporter(t, nil, anyPort, "--web.config.file="+path)
	for _, endpoint := range []struct{ method, path string }{{"GET", "/metrics"}, {"GET", "/health"}, {"POST", "/reload"}, {"GET", "/"}} {
		for password, want := range map[string]int{"secret": 200, "wrong": 401, "": 401} {
			request, err := http.NewRequest(endpoint.method, "http://"+p.address+endpoint.path, nil)
			if err != nil {
				t.Fatal(err)
			}
			if password != "" {
				request.SetBasicAuth("sre", password)
			}
			response, err := http.DefaultClient.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			_ = response.Body.Close()
			if response.StatusCode != want {
				t.Errorf("%s %s with %q: %d, want %d", endpoint.method, endpoint.path, password, response.StatusCode, want)
			}
		}
	}
}
