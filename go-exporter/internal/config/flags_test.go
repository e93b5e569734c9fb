package config

import (
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kingpin/v2"
)

func parse(t *testing.T, environment map[string]string, args ...string) (*Settings, error) {
	t.Helper()
	for _, name := range []string{"ML_EXPORTER_PORT", "MODEL_PATH", "ENCAST_REQUIRE_SIGNATURE"} {
		t.Setenv(name, environment[name])
	}
	return ParseFlags(kingpin.New("test", "").Terminate(nil), args)
}

// TestPrecedence: a flag beats the environment, which beats the default.
func TestPrecedence(t *testing.T) {
	type env = map[string]string
	for name, test := range map[string]struct {
		env       env
		args      []string
		addresses []string
		model     string
	}{
		"defaults":               {nil, nil, []string{":9505"}, ""},
		"environment":            {env{"ML_EXPORTER_PORT": "9600", "MODEL_PATH": "/e.json"}, nil, []string{":9600"}, "/e.json"},
		"flags":                  {nil, []string{"--port=9700", "--model-path=/f.json"}, []string{":9700"}, "/f.json"},
		"flags over environment": {env{"ML_EXPORTER_PORT": "9600", "MODEL_PATH": "/e.json"}, []string{"--port=9700", "--model-path=/f.json"}, []string{":9700"}, "/f.json"},
		"flag says the default":  {env{"ML_EXPORTER_PORT": "9600", "MODEL_PATH": "/e.json"}, []string{"--port=9505", "--model-path="}, []string{":9505"}, ""},
		"address":                {nil, []string{"--web.listen-address=127.0.0.1:1"}, []string{"127.0.0.1:1"}, ""},
		"address over env":       {env{"ML_EXPORTER_PORT": "9600"}, []string{"--web.listen-address=[::1]:1", "--web.listen-address=:2"}, []string{"[::1]:1", ":2"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			settings, err := parse(t, test.env, test.args...)
			if err != nil {
				t.Fatal(err)
			}
			if got := *settings.Web.WebListenAddresses; !slices.Equal(got, test.addresses) {
				t.Errorf("addresses = %q, want %q", got, test.addresses)
			}
			if settings.ModelPath != test.model {
				t.Errorf("model path = %q, want %q", settings.ModelPath, test.model)
			}
		})
	}
}

func TestBadFlags(t *testing.T) {
	for name, test := range map[string]struct {
		env  map[string]string
		args []string
		want string
	}{
		"port too large":   {nil, []string{"--port=70000"}, "70000"},
		"port a word":      {nil, []string{"--port=http"}, "http"},
		"port 0":           {nil, []string{"--port=0"}, "0 is no port"},
		"port in env":      {map[string]string{"ML_EXPORTER_PORT": "http"}, nil, "http"},
		"port and address": {nil, []string{"--port=9505", "--web.listen-address=:9505"}, "give one"},
		"unknown flag":     {nil, []string{"--modelpath=x"}, "modelpath"},
		"argument":         {nil, []string{"model.json"}, "model.json"},
		"log level":        {nil, []string{"--log.level=loud"}, "loud"},
	} {
		t.Run(name, func(t *testing.T) {
			settings, err := parse(t, test.env, test.args...)
			if err == nil {
				t.Fatalf("accepted: %+v", settings)
			}
			if !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %q does not name %q", err, test.want)
			}
		})
	}
}

// TestEmptyKeysAreNoKeys: whoever asks for a signature gets the check or an error.
func TestEmptyKeysAreNoKeys(t *testing.T) {
	for _, environment := range []map[string]string{nil, {"ENCAST_REQUIRE_SIGNATURE": "k.pub"}} {
		if _, err := parse(t, environment, "--require-signature="); err == nil || !strings.Contains(err.Error(), "--require-signature: is empty") {
			t.Errorf("%v: %v", environment, err)
		}
	}
	for key, args := range map[string][]string{"": nil, "k.pub": {"--require-signature=k.pub"}} {
		settings, err := parse(t, nil, args...)
		if err != nil || settings.RequireSignature != key {
			t.Errorf("%v: %+v, %v", args, settings, err)
		}
	}
	settings, err := parse(t, map[string]string{"ENCAST_REQUIRE_SIGNATURE": "e.pub"})
	if err != nil || settings.RequireSignature != "e.pub" {
		t.Errorf("%+v, %v", settings, err)
	}
}
