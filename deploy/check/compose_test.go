// Package check holds what is deployed against the code that reads it: compose's, Kustomize's, Kubernetes' and the
// Prometheus operator's own types. It is a module of its own, as these take minutes to compile: make check-deploy.
package check

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
)

const deploy = ".."

// project loads compose files as `docker compose` does, with its schema and its checks of what refers to what.
func project(t *testing.T, environment []string, files ...string) (*types.Project, error) {
	t.Helper()
	options, err := cli.NewProjectOptions(files, cli.WithEnv(environment), cli.WithDefaultProfiles())
	if err != nil {
		t.Fatal(err)
	}
	return options.LoadProject(context.Background())
}

var withPassword = []string{"GRAFANA_PASSWORD=secret"}

func TestCompose(t *testing.T) {
	loaded, err := project(t, withPassword, deploy+"/compose.yaml")
	if err != nil {
		t.Fatal(err)
	}
	names := loaded.ServiceNames()
	slices.Sort(names)
	if want := []string{"alertmanager", "exporter", "grafana", "retrain", "victoriametrics", "vmalert"}; !slices.Equal(names, want) {
		t.Fatalf("services %v, want %v", names, want)
	}
	checkServices(t, loaded)
	exporter := loaded.Services["exporter"]
	if *exporter.Environment["ML_EXPORTER_PORT"] != "9505" || *exporter.Environment["MODEL_PATH"] != "/var/lib/encast/model.encast" {
		t.Errorf("environment %v", exporter.Environment)
	}
	if exporter.Ports[0].Target != 9505 || exporter.Ports[0].Published != "9505" {
		t.Errorf("ports %+v", exporter.Ports)
	}
	if _, err := os.Stat(filepath.Join(exporter.Build.Context, exporter.Build.Dockerfile)); err != nil {
		t.Error(err)
	}
}

func TestComposeWithPrometheus(t *testing.T) {
	loaded, err := project(t, withPassword, deploy+"/compose.yaml", deploy+"/compose.prometheus.yaml")
	if err != nil {
		t.Fatal(err)
	}
	names := loaded.ServiceNames()
	slices.Sort(names)
	if want := []string{"alertmanager", "exporter", "grafana", "prometheus", "retrain"}; !slices.Equal(names, want) {
		t.Fatalf("services %v, want %v", names, want)
	}
	checkServices(t, loaded)
	if source := *loaded.Services["grafana"].Environment["DATASOURCE_URL"]; source != "http://prometheus:9090" {
		t.Errorf("Grafana reads %s", source)
	}
}

// checkServices: images are pinned, mounted files are there, nothing is exposed beyond this machine or has rights that it
// does not need, and each service that serves is checked.
func checkServices(t *testing.T, loaded *types.Project) {
	t.Helper()
	for _, service := range loaded.Services {
		if _, tag, found := strings.Cut(service.Image, ":"); !found || tag == "latest" {
			t.Errorf("%s: the image %q is not pinned", service.Name, service.Image)
		}
		for _, port := range service.Ports {
			if port.HostIP != "127.0.0.1" {
				t.Errorf("%s: %s is open on %q", service.Name, port.Published, port.HostIP)
			}
		}
		for _, volume := range service.Volumes {
			if volume.Type == types.VolumeTypeBind {
				if _, err := os.Stat(volume.Source); err != nil || !volume.ReadOnly {
					t.Errorf("%s: %s, read-only %v: %v", service.Name, volume.Source, volume.ReadOnly, err)
				}
			}
		}
		if !service.ReadOnly || !slices.Equal(service.CapDrop, []string{"ALL"}) || len(service.SecurityOpt) == 0 {
			t.Errorf("%s has more rights than it needs", service.Name)
		}
		if service.Deploy == nil || service.Deploy.Resources.Limits == nil || service.Deploy.Resources.Limits.MemoryBytes == 0 {
			t.Errorf("%s may use all memory", service.Name)
		}
		if len(service.Ports) > 0 && service.Name != "exporter" && service.HealthCheck == nil {
			t.Errorf("%s is not checked", service.Name)
		}
	}
}

func TestComposeRefuses(t *testing.T) {
	if _, err := project(t, nil, deploy+"/compose.yaml"); err == nil || !strings.Contains(err.Error(), "GRAFANA_PASSWORD") {
		t.Errorf("without a password: %v", err)
	}
	content, err := os.ReadFile(deploy + "/compose.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for was, is := range map[string]string{
		"    image: victoriametrics/vmalert": "    immage: victoriametrics/vmalert",
		"{exporter: {condition":              "{exporters: {condition",
		"memory: 2G":                         "memory: much",
	} {
		broken := filepath.Join(t.TempDir(), "compose.yaml")
		changed := strings.Replace(string(content), was, is, 1)
		if changed == string(content) {
			t.Fatalf("no %q in compose.yaml", was)
		}
		if err := os.WriteFile(broken, []byte(changed), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := project(t, withPassword, broken); err == nil {
			t.Errorf("%q instead of %q is taken", is, was)
		}
	}
}
