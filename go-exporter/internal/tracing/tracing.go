// Package tracing sends spans to where an operator says, and does nothing where nobody says so.
package tracing

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

// stopTime bounds how long the end of the program waits for the last spans to be sent.
const stopTime = 5 * time.Second

// Tracing makes spans. The zero value makes none.
type Tracing struct {
	provider *sdk.TracerProvider
	tracer   trace.Tracer
}

// New returns tracing to an endpoint, a URL such as http://localhost:4318; without one to where OpenTelemetry's variables say;
// and none where these say nothing either, that the SDK is disabled or that nothing exports. Variables that ask for what is not done here are
// errors. What goes wrong later is logged.
func New(ctx context.Context, endpoint, version string, logger *slog.Logger) (*Tracing, error) {
	where, err := target(endpoint)
	if err != nil {
		return nil, err
	}
	if where == nil || disabled() {
		return &Tracing{}, nil
	}
	if err := check(); err != nil {
		return nil, err
	}
	sender, err := newClient(where)
	if err != nil {
		return nil, err
	}
	exporter, err := otlptrace.New(ctx, sender)
	if err != nil {
		return nil, fmt.Errorf("traces: %w", err)
	}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { logger.Warn("Traces", "err", err) }))
	// OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES beat what is said here.
	about, err := resource.New(ctx, resource.WithAttributes(attributes(version)...), resource.WithFromEnv(), resource.WithTelemetrySDK())
	if err != nil {
		return nil, fmt.Errorf("traces: %w", err)
	}
	provider := sdk.NewTracerProvider(sdk.WithBatcher(exporter), sdk.WithResource(about))
	return &Tracing{provider: provider, tracer: provider.Tracer(scope)}, nil
}

// On tells whether spans are made.
func (t *Tracing) On() bool { return t != nil && t.provider != nil }

// Handler makes a span of each request, which continues the client's trace if it has one.
func (t *Tracing) Handler(next http.Handler, name func(*http.Request) string) http.Handler {
	if !t.On() {
		return next
	}
	return otelhttp.NewHandler(next, "request",
		otelhttp.WithTracerProvider(t.provider),
		otelhttp.WithPropagators(propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{})),
		otelhttp.WithMeterProvider(noMeters),
		otelhttp.WithSpanNameFormatter(func(_ string, r *http.Request) string { return name(r) }))
}

// Root begins a span that is nobody's part.
func (t *Tracing) Root(name string) trace.Span {
	if !t.On() {
		return noop.Span{}
	}
	_, span := t.tracer.Start(context.Background(), name)
	return span
}

// Start begins a span within that of the context, if it has one. Its End ends it.
func Start(ctx context.Context, name string) trace.Span {
	parent := trace.SpanFromContext(ctx)
	if !parent.SpanContext().IsValid() {
		return noop.Span{}
	}
	_, span := parent.TracerProvider().Tracer(scope).Start(ctx, name)
	return span
}

// Fail notes in a span what went wrong, if anything did.
func Fail(span trace.Span, err error) {
	if err != nil {
		span.SetStatus(codes.Error, err.Error())
	}
}

// Stop sends what is left, for a few seconds at most.
func (t *Tracing) Stop() error {
	if !t.On() {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), stopTime)
	defer cancel()
	return t.provider.Shutdown(ctx)
}
