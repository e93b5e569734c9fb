package tracing

import (
	"fmt"
	"os"
	"slices"
	"strings"
)

// disabled tells whether OpenTelemetry's variables want no traces, whatever endpoint there is.
func disabled() bool {
	return strings.EqualFold(os.Getenv("OTEL_SDK_DISABLED"), "true") || os.Getenv("OTEL_TRACES_EXPORTER") == "none"
}

// check refuses what OpenTelemetry's variables ask for and the client of this package does not do: to send otherwise than it was told
// would go unnoticed.
func check() error {
	for _, variable := range []struct {
		what  string
		kept  []string
		bound string
	}{
		{"PROTOCOL", []string{"http/protobuf"}, "http/protobuf"},
		{"COMPRESSION", []string{"none"}, "none"},
		{"CERTIFICATE", nil, "empty: the system's certificates hold, or those of SSL_CERT_FILE"},
		{"CLIENT_CERTIFICATE", nil, "empty: the exporter shows no certificate of its own"},
		{"CLIENT_KEY", nil, "empty: the exporter shows no certificate of its own"},
	} {
		if name, text := setting(variable.what); text != "" && !slices.Contains(variable.kept, text) {
			return fmt.Errorf("%s: %.40q must be %s", name, text, variable.bound)
		}
	}
	if exporter := os.Getenv("OTEL_TRACES_EXPORTER"); exporter != "" && exporter != "otlp" {
		return fmt.Errorf("OTEL_TRACES_EXPORTER: %.40q must be otlp or none", exporter)
	}
	if text := os.Getenv("OTEL_PROPAGATORS"); text != "" {
		given := strings.Split(strings.ReplaceAll(text, " ", ""), ",")
		slices.Sort(given)
		if !slices.Equal(slices.Compact(given), []string{"baggage", "tracecontext"}) {
			return fmt.Errorf("OTEL_PROPAGATORS: %.40q must be tracecontext,baggage", text)
		}
	}
	return nil
}

// setting returns the variable of traces, or else that of all signals, and its name.
func setting(what string) (name, text string) {
	name = "OTEL_EXPORTER_OTLP_TRACES_" + what
	if text = os.Getenv(name); text != "" {
		return name, text
	}
	name = "OTEL_EXPORTER_OTLP_" + what
	return name, os.Getenv(name)
}
