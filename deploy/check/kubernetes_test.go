package check

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

// objects builds a folder as `kubectl apply -k` does, and reads each object strictly as the type that it says it is.
func objects(t *testing.T, folder string) (map[string]any, string) {
	t.Helper()
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), filepath.Join(deploy, "kubernetes", folder))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]any{}
	for _, resource := range built.Resources() {
		content, err := resource.AsYAML()
		if err != nil {
			t.Fatal(err)
		}
		object, err := strictly(resource.GetApiVersion()+" "+resource.GetKind(), content)
		if err != nil {
			t.Errorf("%s: %v", resource.CurId(), err)
		}
		all[resource.GetKind()+" "+resource.GetName()] = object
	}
	text, err := built.AsYaml()
	if err != nil {
		t.Fatal(err)
	}
	return all, string(text)
}

// strictly reads an object of a kind: fields that the kind does not have, or of another type, are errors.
func strictly(kind string, content []byte) (any, error) {
	kinds := map[string]any{
		"v1 Namespace":                            &core.Namespace{},
		"v1 ServiceAccount":                       &core.ServiceAccount{},
		"v1 ConfigMap":                            &core.ConfigMap{},
		"v1 Service":                              &core.Service{},
		"v1 PersistentVolumeClaim":                &core.PersistentVolumeClaim{},
		"apps/v1 Deployment":                      &apps.Deployment{},
		"networking.k8s.io/v1 NetworkPolicy":      &networking.NetworkPolicy{},
		"monitoring.coreos.com/v1 PrometheusRule": &monitoring.PrometheusRule{},
		"monitoring.coreos.com/v1 ServiceMonitor": &monitoring.ServiceMonitor{},
	}
	object, known := kinds[kind]
	if !known {
		return nil, os.ErrNotExist
	}
	return object, yaml.UnmarshalStrict(content, object)
}

func TestKubernetes(t *testing.T) {
	all, _ := objects(t, "monitoring")
	deployment, found := all["Deployment encast-exporter"].(*apps.Deployment)
	if !found {
		t.Fatalf("no deployment among %v", all)
	}
	pod := deployment.Spec.Template.Spec
	if pod.SecurityContext == nil || !*pod.SecurityContext.RunAsNonRoot || pod.SecurityContext.SeccompProfile == nil || *pod.AutomountServiceAccountToken {
		t.Error("the pod has more rights than it needs")
	}
	for _, container := range append(pod.InitContainers, pod.Containers...) {
		rights := container.SecurityContext
		if rights == nil || *rights.AllowPrivilegeEscalation || !*rights.ReadOnlyRootFilesystem || rights.Capabilities.Drop[0] != "ALL" {
			t.Errorf("container %s has more rights than it needs", container.Name)
		}
		if container.Resources.Limits.Memory().IsZero() || container.Resources.Requests.Cpu().IsZero() {
			t.Errorf("container %s: %+v", container.Name, container.Resources)
		}
		if !strings.HasSuffix(container.Image, ":0.1.0") {
			t.Errorf("container %s runs %q", container.Name, container.Image)
		}
		for _, mount := range container.VolumeMounts {
			if !hasVolume(pod.Volumes, mount.Name) {
				t.Errorf("container %s mounts %q, which is no volume", container.Name, mount.Name)
			}
		}
	}
	exporter := pod.Containers[0]
	if exporter.ReadinessProbe == nil || exporter.ReadinessProbe.HTTPGet.Path != "/health" || exporter.LivenessProbe == nil || exporter.StartupProbe == nil {
		t.Error("the exporter is not probed")
	}
	for _, volume := range pod.Volumes {
		switch {
		case volume.ConfigMap != nil && all["ConfigMap "+volume.ConfigMap.Name] == nil:
			t.Errorf("there is no ConfigMap %q", volume.ConfigMap.Name)
		case volume.PersistentVolumeClaim != nil && all["PersistentVolumeClaim "+volume.PersistentVolumeClaim.ClaimName] == nil:
			t.Errorf("there is no claim %q", volume.PersistentVolumeClaim.ClaimName)
		}
	}
	service, _ := all["Service encast-exporter"].(*core.Service)
	monitor, _ := all["ServiceMonitor encast"].(*monitoring.ServiceMonitor)
	for name, value := range service.Spec.Selector {
		if deployment.Spec.Template.Labels[name] != value {
			t.Errorf("the service selects %s=%s, which the pod is not", name, value)
		}
	}
	for name, value := range monitor.Spec.Selector.MatchLabels {
		if service.Labels[name] != value {
			t.Errorf("the ServiceMonitor selects %s=%s, which the service is not", name, value)
		}
	}
	if monitor.Spec.Endpoints[0].Port != service.Spec.Ports[0].Name || service.Labels[monitor.Spec.JobLabel] != "encast" {
		t.Errorf("port %s, job %s", monitor.Spec.Endpoints[0].Port, service.Labels[monitor.Spec.JobLabel])
	}
}

func hasVolume(volumes []core.Volume, name string) bool {
	for _, volume := range volumes {
		if volume.Name == name {
			return true
		}
	}
	return false
}

// TestDashboardInCluster: the sidecar gets the file as it is.
func TestDashboardInCluster(t *testing.T) {
	all, _ := objects(t, "monitoring")
	want, err := os.ReadFile(deploy + "/grafana/dashboards/ml-predictions.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, object := range all {
		if config, is := object.(*core.ConfigMap); is && config.Labels["grafana_dashboard"] == "1" {
			if config.Data["ml-predictions.json"] != string(want) || !json.Valid(want) {
				t.Error("the dashboard in the ConfigMap is another")
			}
			return
		}
	}
	t.Error("no ConfigMap with the dashboard")
}

func TestStrict(t *testing.T) {
	_, text := objects(t, "exporter")
	_, rest, _ := strings.Cut(text, "apiVersion: apps/v1\n")
	deployment, _, _ := strings.Cut(rest, "\n---")
	deployment = "apiVersion: apps/v1\n" + deployment
	if _, err := strictly("apps/v1 Deployment", []byte(deployment)); err != nil {
		t.Fatal(err)
	}
	for was, is := range map[string]string{"readinessProbe": "readynessProbe", "replicas: 1": "replicas: one", "fsGroup: 10001": "fsGroup: [10001]"} {
		broken := strings.Replace(deployment, was, is, 1)
		if broken == deployment {
			t.Fatalf("no %q in the deployment", was)
		}
		if _, err := strictly("apps/v1 Deployment", []byte(broken)); err == nil {
			t.Errorf("%q instead of %q is taken", is, was)
		}
	}
}

// TestWriteManifests writes what kubectl would send, but for the Prometheus operator's kinds, for checkers of schemas.
func TestWriteManifests(t *testing.T) {
	folder := os.Getenv("KUSTOMIZED")
	if folder == "" {
		t.Skip("KUSTOMIZED names no folder")
	}
	_, text := objects(t, "monitoring")
	for i, object := range strings.Split(text, "\n---\n") {
		if strings.Contains(object, "apiVersion: monitoring.coreos.com/") {
			continue
		}
		if err := os.WriteFile(filepath.Join(folder, fmt.Sprintf("%02d.yaml", i)), []byte(object), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
