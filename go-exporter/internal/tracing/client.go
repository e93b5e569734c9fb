package tracing

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// Sending spans: the protobuf form of OTLP over HTTP. OpenTelemetry's own client is not used because it links all of gRPC, for
// the types of a service that is never called: 8 MB of program and 5 MB of memory.

// attempts to send a batch, as long as the receiver says that it may be tried again.
const attempts = 3

// client implements otlptrace.Client.
type client struct {
	endpoint string
	shown    string // endpoint without its password
	header   http.Header
	timeout  time.Duration
	http     *http.Client
}

// variables say where spans go when no flag does: a whole URL, or one below which traces have a path of their own.
const (
	tracesVariable = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
	baseVariable   = "OTEL_EXPORTER_OTLP_ENDPOINT"
)

// target returns where spans go; nil is nowhere. Errors do not repeat what may hold a password.
func target(flag string) (*url.URL, error) {
	given, name := flag, "--otlp.endpoint"
	if given == "" {
		if given, name = os.Getenv(tracesVariable), tracesVariable; given == "" {
			given, name = os.Getenv(baseVariable), baseVariable
		}
	}
	if given == "" {
		return nil, nil
	}
	parsed, err := url.Parse(given)
	if err != nil || parsed.Host == "" || parsed.Scheme != "http" && parsed.Scheme != "https" {
		return nil, fmt.Errorf("%s: must be a URL such as http://localhost:4318", name)
	}
	if name != tracesVariable {
		parsed = parsed.JoinPath("v1", "traces")
	}
	return parsed, nil
}

// newClient returns a client with the headers and the timeout of OpenTelemetry's variables.
func newClient(endpoint *url.URL) (*client, error) {
	c := &client{endpoint: endpoint.String(), shown: endpoint.Redacted(), header: http.Header{"Content-Type": {"application/x-protobuf"}}, timeout: 10 * time.Second, http: &http.Client{}}
	name, text := setting("TIMEOUT")
	if text != "" {
		milliseconds, err := strconv.ParseUint(text, 10, 31)
		if err != nil || milliseconds == 0 {
			return nil, fmt.Errorf("%s: %.40q must be milliseconds above 0", name, text)
		}
		c.timeout = time.Duration(milliseconds) * time.Millisecond
	}
	name, text = setting("HEADERS")
	for pair := range strings.SplitSeq(text, ",") {
		if strings.TrimSpace(pair) == "" {
			continue
		}
		key, value, found := strings.Cut(pair, "=")
		value, err := url.PathUnescape(strings.TrimSpace(value))
		if !found || err != nil {
			return nil, fmt.Errorf("%s: must be a list of name=value", name) // without the text, which may hold a secret
		}
		c.header.Set(strings.TrimSpace(key), value)
	}
	return c, nil
}

// Start implements otlptrace.Client: there is nothing to begin.
func (c *client) Start(context.Context) error { return nil }

// Stop implements otlptrace.Client.
func (c *client) Stop(context.Context) error {
	c.http.CloseIdleConnections()
	return nil
}

// UploadTraces implements otlptrace.Client.
func (c *client) UploadTraces(ctx context.Context, spans []*tracepb.ResourceSpans) error {
	// What a receiver takes is a message with these spans as its only field, as TracesData is.
	body, err := proto.Marshal(&tracepb.TracesData{ResourceSpans: spans})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	pause := time.Second
	for attempt := 1; ; attempt++ {
		again, err := c.send(ctx, body)
		if err == nil || !again || attempt == attempts {
			return err
		}
		select {
		case <-ctx.Done():
			return errors.Join(err, ctx.Err())
		case <-time.After(pause):
			pause *= 2
		}
	}
}

// send tells whether it is worth while to try again.
func (c *client) send(ctx context.Context, body []byte) (bool, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.endpoint, bytes.NewReader(body))
	if err != nil {
		return false, err
	}
	request.Header = c.header.Clone()
	response, err := c.http.Do(request)
	if err != nil {
		return ctx.Err() == nil, err
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 64<<10))
	if response.StatusCode/100 == 2 {
		return false, nil
	}
	again := response.StatusCode == http.StatusTooManyRequests || response.StatusCode >= 502 && response.StatusCode <= 504
	return again, fmt.Errorf("%s answered %s", c.shown, response.Status)
}
