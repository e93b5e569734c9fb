package page_test

import (
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/encast/encast/go-exporter/internal/page"
)

// mostBytes bounds the whole page: it is part of each exporter, and read over slow lines.
const mostBytes = 100_000

func get(t *testing.T, handler http.Handler, path string, header http.Header) *http.Response {
	t.Helper()
	request := httptest.NewRequest(http.MethodGet, path, nil)
	for name, values := range header {
		request.Header[name] = values
	}
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, request)
	return recorder.Result()
}

func body(t *testing.T, response *http.Response) string {
	t.Helper()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func handler(t *testing.T, version string) *http.ServeMux {
	t.Helper()
	made, err := page.New(version)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	made.Register(mux)
	return mux
}

func TestFiles(t *testing.T) {
	served := handler(t, "1.2.3")
	files, err := fs.ReadDir(os.DirFS("."), "assets")
	if err != nil {
		t.Fatal(err)
	}
	total := 0
	for _, entry := range files {
		path := "/page/" + entry.Name()
		if entry.Name() == "index.html" {
			path = "/"
		}
		response := get(t, served, path, nil)
		text := body(t, response)
		total += len(text)
		header := response.Header
		if response.StatusCode != http.StatusOK || header.Get("Content-Type") == "" || header.Get("Cache-Control") != "no-cache" ||
			header.Get("X-Content-Type-Options") != "nosniff" || !strings.HasPrefix(header.Get("Content-Security-Policy"), "default-src 'none';") {
			t.Errorf("%s: %d %v", path, response.StatusCode, header)
		}
		again := get(t, served, path, http.Header{"If-None-Match": {header.Get("ETag")}})
		if rest := body(t, again); again.StatusCode != http.StatusNotModified || rest != "" {
			t.Errorf("%s, with its ETag %s: %d and %d bytes, want 304", path, header.Get("ETag"), again.StatusCode, len(rest))
		}
	}
	if total > mostBytes {
		t.Errorf("the page has %d bytes, more than %d", total, mostBytes)
	}
	t.Logf("%d bytes", total)
}

// TestNothingFromElsewhere: what the page loads is relative, so that it also works behind a proxy's prefix.
func TestNothingFromElsewhere(t *testing.T) {
	text := body(t, get(t, handler(t, ""), "/", nil))
	loads := regexp.MustCompile(`<(?:script|link|img|source|iframe)[^>]*(?:src|href)="([^"]*)"`).FindAllStringSubmatch(text, -1)
	if len(loads) < 4 {
		t.Errorf("found only %v", loads)
	}
	for _, load := range loads {
		if !strings.HasPrefix(load[1], "page/") {
			t.Errorf("%s is not one of the page's own files", load[1])
		}
	}
	if inline := regexp.MustCompile(`<script>|<style|\son\w+=|\sstyle=`).FindString(text); inline != "" {
		t.Errorf("%q does not run under the page's own policy", inline)
	}
}

func TestVersionAndLinks(t *testing.T) {
	text := body(t, get(t, handler(t, "1.2.3 <b>"), "/", nil))
	for _, want := range []string{"encast exporter 1.2.3 &lt;b&gt;", `href="metrics"`, `href="health"`, `href="model"`} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
}

// TestNotFound: nothing but the page's own files has a pattern, so what is asked for beside them is answered as it is elsewhere.
func TestNotFound(t *testing.T) {
	served := handler(t, "")
	for _, path := range []string{"/page", "/page/", "/page/index.html", "/page/none.js", "/none"} {
		if _, pattern := served.Handler(httptest.NewRequest(http.MethodGet, path, nil)); pattern != "" {
			t.Errorf("%s is taken by %q", path, pattern)
		}
	}
}
