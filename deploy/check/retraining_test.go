package check

import (
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	apps "k8s.io/api/apps/v1"
)

// A pair is an exporter and its retraining, as one way of deploying starts them.
type pair struct {
	model   string   // path of the model that the exporter serves
	retrain []string // arguments of `encast retrain`
	files   string   // what tells how the table gets to where --data looks
}

// pairs are all ways of deploying.
func pairs(t *testing.T) map[string]pair {
	t.Helper()
	loaded, err := project(t, withPassword, deploy+"/compose.yaml")
	if err != nil {
		t.Fatal(err)
	}
	all, _ := objects(t, "exporter")
	pod := all["Deployment encast-exporter"].(*apps.Deployment).Spec.Template.Spec
	model := ""
	for _, variable := range pod.Containers[0].Env {
		if variable.Name == "MODEL_PATH" {
			model = variable.Value
		}
	}
	settings, line := units(t)
	dockerfile := read(t, "Dockerfile")
	return map[string]pair{
		"compose":    {*loaded.Services["exporter"].Environment["MODEL_PATH"], loaded.Services["retrain"].Command, dockerfile},
		"kubernetes": {model, slices.Concat(pod.Containers[1].Command[1:], pod.Containers[1].Args), dockerfile},
		"systemd":    {settings["MODEL_PATH"], line, read(t, "../docs/operations.md")},
	}
}

// units returns the settings that both units read, and how retraining is started with them.
func units(t *testing.T) (settings map[string]string, retrain []string) {
	t.Helper()
	settings = map[string]string{}
	for line := range strings.Lines(read(t, "systemd/encast-exporter.default")) {
		if name, value, found := strings.Cut(strings.TrimSpace(line), "="); found && !strings.HasPrefix(line, "#") {
			settings[name] = value
		}
	}
	start := regexp.MustCompile(`(?m)^ExecStart=/usr/bin/encast (.+)$`).FindStringSubmatch(read(t, "systemd/encast-retrain.service"))
	if start == nil {
		t.Fatal("the unit of retraining does not start it")
	}
	// As systemd does it: ${NAME} within a word, $NAME as words of its own.
	for _, word := range strings.Fields(start[1]) {
		if name, found := strings.CutPrefix(word, "$"); found && !strings.HasPrefix(name, "{") {
			retrain = append(retrain, strings.Fields(settings[name])...)
			continue
		}
		retrain = append(retrain, os.Expand(word, func(name string) string { return settings[name] }))
	}
	return settings, retrain
}

func read(t *testing.T, file string) string {
	t.Helper()
	content, err := os.ReadFile(path.Join(deploy, file))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// value returns what the only flag of this name is set to.
func value(t *testing.T, args []string, flag string) string {
	t.Helper()
	var found []string
	for _, arg := range args {
		if value, is := strings.CutPrefix(arg, flag+"="); is {
			found = append(found, value)
		}
	}
	if len(found) != 1 {
		t.Errorf("%d times %s in %q", len(found), flag, args)
		return ""
	}
	return found[0]
}

// TestRetrainingServes: what is retrained is what is served, on the table that the default model learnt from.
func TestRetrainingServes(t *testing.T) {
	for name, of := range pairs(t) {
		t.Run(name, func(t *testing.T) {
			if out := value(t, of.retrain, "--out"); out != of.model || path.Dir(out) != "/var/lib/encast" {
				t.Errorf("the exporter serves %q, retraining writes %q", of.model, out)
			}
			if of.retrain[0] != "retrain" || !slices.Contains(of.retrain, "--watch") {
				t.Errorf("started with %q", of.retrain)
			}
			table := value(t, of.retrain, "--data")
			if !regexp.MustCompile(`(?m)scripts/training-table\.sh \S*` + regexp.QuoteMeta(table) + `\b`).MatchString(of.files) {
				t.Errorf("nothing puts the default model's rows at %q", table)
			}
			for _, flag := range []string{"--from", "--on-drift"} {
				if source := value(t, of.retrain, flag); !strings.Contains(source, ":9505/") {
					t.Errorf("%s=%s is not the exporter", flag, source)
				}
			}
		})
	}
}
